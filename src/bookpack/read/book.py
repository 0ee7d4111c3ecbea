"""A folder of files → a `Book` with the findings made on the way."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bookpack.config import Settings
from bookpack.diagnostics import Diagnostic, report
from bookpack.model import Book, Chapter, Heading, LeftOut, SpanList, Structure
from bookpack.read.files import BookFiles
from bookpack.read.front_matter import FrontMatter, read_front_matter
from bookpack.read.layouts.base import Entry, Page, Plan, absolute_address
from bookpack.read.layouts.registry import choose_layout
from bookpack.read.markdown import parse_markdown
from bookpack.read.order import readable_name
from bookpack.read.spans import merged, without
from bookpack.source import Source, Span, TranslatedSource

NO_ADDRESS = "https://book.invalid"
"""What stands in for an address that nobody knows; no site can have it (RFC 2606)."""


@dataclass(frozen=True, slots=True)
class PlannedBook:
    """A book whose order and addresses are known and whose chapters are not parsed yet.

    `settings` hold what the convention's own settings say where the author's say nothing.
    """

    settings: Settings
    layout: str
    reason: str
    has_title: bool
    plan: Plan


def plan_book(settings: Settings, files: BookFiles, *, needs_address: bool = True) -> PlannedBook:
    """Find out which convention the book follows, and its order and addresses.

    Raises `SettingsError` when there is no chapter folder, or nobody knows the address and it
    `needs_address`; else `NO_ADDRESS` stands in for it.
    """
    layout, reason = choose_layout(files, settings)
    # Addresses need the base, which the convention's own settings may be the ones to know.
    meta = layout.meta(files, settings)
    if not needs_address and not (settings.book.url or meta.url):
        meta = replace(meta, url=NO_ADDRESS)
    complete = settings.with_convention(meta)
    plan = layout.plan(files, complete)
    has_title = bool(settings.book.title or meta.title)
    return PlannedBook(complete, layout.NAME, reason, has_title, plan)


def read_book(
    planned: PlannedBook,
    files: BookFiles,
    progress: Callable[[int, int], None] | None = None,
    parse: Callable[..., Structure] = parse_markdown,
) -> tuple[Book, list[Diagnostic]]:
    """Parse every chapter of a planned book; never raises for what stands in them.

    `progress` is told how many chapters of how many have been read. `parse` is `parse_markdown`,
    or what remembers its answers for a process that reads a book again and again.
    """
    settings, plan = planned.settings, planned.plan
    diagnostics = [*files.diagnostics, *plan.diagnostics]
    if not planned.has_title:
        message = f"The book has no title; its folder's name, {settings.book.title!r}, serves."
        place = settings.file.name if settings.file is not None else "."
        diagnostics.append(report("book-without-title", place, message))
    if not plan.entries:
        message = f"There is no chapter in {plan.root or 'the book'}."
        diagnostics.append(report("book-without-chapters", plan.root or ".", message))
    chapters = []
    for number, entry in enumerate(plan.entries, 1):
        chapters.append(_read_chapter(entry, planned, diagnostics, parse))
        if progress is not None:
            progress(number, len(plan.entries))
    left_out = tuple(
        LeftOut(page.path, plan.address(page, None)[0] if plan.address else "", reason)
        for page, reason in plan.left_out
    )
    diagnostics += _chapters_without_address(chapters)
    labels = plan.dialect.labels() if plan.dialect else {}
    book = Book(
        settings.book,
        tuple(chapters),
        left_out,
        root=plan.root,
        site_pages=tuple((page.path, page.url) for page in plan.site_pages),
        asset_folders=plan.asset_folders,
        asset_addresses=plan.asset_addresses,
        labels=labels,
    )
    return book, diagnostics


def read_again(planned: PlannedBook, source: Source) -> Chapter | None:
    """Return the chapter of `source.path` with that text; None where the book has none there.

    Everything but the chapter itself is as it was when the book was planned.
    """
    for entry in planned.plan.entries:
        if entry.page.source.path == source.path:
            page = replace(entry.page, source=source, front=read_front_matter(source.text))
            return _read_chapter(replace(entry, page=page), planned, [], parse_markdown)
    return None


def _read_chapter(
    entry: Entry,
    planned: PlannedBook,
    diagnostics: list[Diagnostic],
    parse: Callable[..., Structure],
) -> Chapter:
    page, plan, settings = entry.page, planned.plan, planned.settings
    front = page.front
    source, structure = _translated(page, plan, settings, diagnostics, parse)
    diagnostics += (report(p.rule, source, p.message, p.span) for p in structure.problems)
    first = structure.headings[0] if structure.headings else None
    line = first.address if first is not None else None
    if line is not None and "#" in line.address:
        line = None  # the address of a section
    url, stated = entry.url, True
    if url is None:
        assert plan.address is not None
        url, stated = plan.address(page, line)
    structure = _with_own_addresses(structure, source, url, planned)
    title, title_heading = _find_title(front, structure, source)
    if title is None:
        headings = (h.text for h in structure.headings if h.outermost and h.text)
        name = readable_name(page.path.rpartition("/")[2])
        title = " ".join(entry.title.split()) or next(headings, name)
        if not entry.title:
            origin = "its file name" if title == name else "its first heading"
            message = f"The chapter has no title; {title!r} is made of {origin}."
            diagnostics.append(report("chapter-without-title", source, message))
    if not source.text[structure.body_start :].strip():
        diagnostics.append(report("empty-chapter", source, f"{page.path} has no text."))
    base = settings.book.url
    return Chapter(
        path=page.path,
        title=title,
        url=url,
        source=source,
        structure=structure,
        part=entry.part,
        aliases=tuple(absolute_address(base, alias) for alias in front.aliases),
        summary=front.summary,
        states_url=stated,
        address_line=line,
        title_heading=title_heading,
        order_number=entry.order_number,
        date=front.date,
        language=front.lang,
    )


def _translated(
    page: Page,
    plan: Plan,
    settings: Settings,
    diagnostics: list[Diagnostic],
    parse: Callable[..., Structure],
) -> tuple[Source, Structure]:
    """Read the chapter, and read it again where its dialect had to be made plain."""
    source, start, math = page.source, page.front.end, settings.layout.math
    structure = parse(source.text, start=start, math=math, anchors=plan.anchors)
    if plan.dialect is None:
        return source, structure
    translation = plan.dialect.translate(page, structure)
    diagnostics += (report(p.rule, source, p.message, p.span) for p in translation.problems)
    if not translation.edits:
        return source, structure
    translated = TranslatedSource.of(source, translation.edits)
    again = parse(translated.text, start=start, math=math, anchors=plan.anchors)
    return translated, again


def _with_own_addresses(
    structure: Structure, source: Source, url: str, planned: PlannedBook
) -> Structure:
    """Read once more where a `url:` line names another place than this chapter.

    Only now it is known what the chapter's address is; such a line is the author's text.
    """
    base = planned.settings.book.url

    def owns(address: str) -> bool:
        return absolute_address(base, address) == url

    for index, heading in enumerate(structure.headings):
        page, mark, _ = heading.address.address.partition("#") if heading.address else ("", "", "")
        if page and (mark or index > 0) and not owns(page):
            break
    else:
        return structure
    math, anchors = planned.settings.layout.math, planned.plan.anchors
    start = structure.body_start
    return parse_markdown(source.text, start=start, math=math, anchors=anchors, owns=owns)


def _find_title(
    front: FrontMatter, structure: Structure, source: Source
) -> tuple[str | None, Heading | None]:
    """Return the chapter's title, and the heading that says it where the chapter opens with it."""
    first = next((h for h in structure.headings if h.level == 1 and h.outermost and h.text), None)
    opens = first is not None and _is_nothing(
        Span(structure.body_start, first.span.start), structure, source
    )
    if front.title is not None:
        title = " ".join(front.title.split())
        same = first is not None and opens and first.text == title
        return title, first if same else None
    if first is not None:
        return first.text, first if opens else None
    return None, None


def _is_nothing(span: Span, structure: Structure, source: Source) -> bool:
    """Tell whether nobody who reads the book sees anything of `span`: blanks and comments."""
    comments = merged(c for c in structure.comments if c.start < span.end)
    return not any(rest.slice(source.text).strip() for rest in without(SpanList(span), comments))


def _chapters_without_address(chapters: list[Chapter]) -> list[Diagnostic]:
    stating = [chapter for chapter in chapters if chapter.states_url]
    by_line = any(chapter.address_line is not None for chapter in stating)
    if not stating or not (by_line or 2 * len(stating) >= len(chapters)):
        return []
    return [
        report(
            "chapter-without-url",
            chapter.source,
            f"{chapter.path} does not state its address; {chapter.url} is made of its name.",
            chapter.title_heading.span if chapter.title_heading else None,
        )
        for chapter in chapters
        if not chapter.states_url
    ]
