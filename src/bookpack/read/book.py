"""A folder of files → a `Book` with the findings made on the way."""

import re
from collections.abc import Callable

from bookpack.config import Settings
from bookpack.diagnostics import Diagnostic, report
from bookpack.model import Book, Chapter, Heading, LeftOut
from bookpack.read.files import BookFiles
from bookpack.read.front_matter import FrontMatter, read_front_matter
from bookpack.read.layouts.native import Addresses, Entry, Page, arrange
from bookpack.read.markdown import parse_markdown
from bookpack.read.order import readable_name
from bookpack.source import Source, Span

MAX_LINE = 50_000
_LONG_LINE = re.compile(rf"[^\n\r]{{{MAX_LINE + 1},}}")


def read_book(
    settings: Settings, files: BookFiles, progress: Callable[[int, int], None] | None = None
) -> tuple[Book, list[Diagnostic]]:
    """Read every chapter of `files`; never raises for what stands in them.

    `progress` is told how many chapters of how many have been read.
    """
    diagnostics = list(files.diagnostics)
    if not settings.book.title:
        message = f"The book has no title; its folder's name, {settings.meta().title!r}, serves."
        diagnostics.append(report("book-without-title", "bookpack.toml", message))
    pages = []
    for path in list(files.contents):
        # The bytes are let go as soon as they are text: a large book fits in memory once.
        source = Source.from_bytes(files.prefix + path, files.contents.pop(path))
        diagnostics += _check_source(source)
        front = read_front_matter(source.text)
        diagnostics += (report(p.rule, source, p.message, p.span) for p in front.problems)
        pages.append(Page(path, source, front))
    arrangement = arrange(pages, settings)
    diagnostics += arrangement.diagnostics
    addresses = Addresses(settings, [entry.page.path for entry in arrangement.entries])
    chapters = []
    for number, entry in enumerate(arrangement.entries, 1):
        chapters.append(_read_chapter(entry, addresses, settings, diagnostics))
        if progress is not None:
            progress(number, len(arrangement.entries))
    left_out = tuple(
        LeftOut(
            page.path,
            addresses.stated(page.front, None, page.path) or addresses.derived(page.path),
            reason,
        )
        for page, reason in arrangement.left_out
    )
    diagnostics += _check_addresses(chapters, addresses)
    return Book(settings.meta(), tuple(chapters), left_out), diagnostics


def _read_chapter(
    entry: Entry, addresses: Addresses, settings: Settings, diagnostics: list[Diagnostic]
) -> Chapter:
    page = entry.page
    source, front = page.source, page.front
    structure = parse_markdown(source.text, start=front.end, math=settings.layout.math)
    diagnostics += (report(p.rule, source, p.message, p.span) for p in structure.problems)
    first = structure.headings[0] if structure.headings else None
    line = first.address if first is not None else None
    if line is not None and "#" in line.address:
        line = None  # the address of a section
    stated = addresses.stated(front, line, page.path)
    title, title_heading = _find_title(front, structure.headings, source, structure.body_start)
    if title is None:
        title = readable_name(page.path.rpartition("/")[2])
        message = f"The chapter has no title; {title!r} is made of its file name."
        diagnostics.append(report("chapter-without-title", source, message))
    if not source.text[front.end :].strip():
        diagnostics.append(report("empty-chapter", source, f"{page.path} has no text."))
    return Chapter(
        path=page.path,
        title=title,
        url=stated or addresses.derived(page.path),
        source=source,
        structure=structure,
        part=entry.part,
        aliases=tuple(addresses.absolute(alias) for alias in front.aliases),
        summary=front.summary,
        states_url=stated is not None,
        address_line=line,
        title_heading=title_heading,
        order_number=entry.order_number,
    )


def _find_title(
    front: FrontMatter, headings: tuple[Heading, ...], source: Source, body_start: int
) -> tuple[str | None, Heading | None]:
    """Return the chapter's title, and the heading that says it where the chapter opens with it."""
    first = next((h for h in headings if h.level == 1 and h.outermost and h.text), None)
    opens = first is not None and not source.text[body_start : first.span.start].strip()
    if front.title is not None:
        same = first is not None and opens and first.text == front.title
        return front.title, first if same else None
    if first is not None:
        return first.text, first if opens else None
    any_heading = next((h for h in headings if h.outermost and h.text), None)
    return (any_heading.text if any_heading else None), None


def _check_source(source: Source) -> list[Diagnostic]:
    found = []
    text = source.text
    if source.undecodable:
        place = source.undecodable[0]
        number = len(source.undecodable)
        count = "a byte that is" if number == 1 else f"{number:,} bytes that are"
        message = f"{source.path} holds {count} not {source.encoding.upper()}."
        found.append(report("undecodable-bytes", source, message, Span(place, place + 1)))
    nul = text.find("\0")
    if nul >= 0:
        message = f"{source.path} holds {text.count(chr(0)):,} NUL character(s)."
        found.append(report("nul-character", source, message, Span(nul, nul + 1)))
    if source.newline == "\r":
        message = f"{source.path} ends its lines with carriage returns alone."
        found.append(report("carriage-return-lines", source, message))
    if len(text) > MAX_LINE:
        long = _LONG_LINE.search(text)
        if long:
            message = f"This line has {len(long[0]):,} characters."
            found.append(
                report("overlong-line", source, message, Span(long.start(), long.start() + 1))
            )
    return found


def _check_addresses(chapters: list[Chapter], addresses: Addresses) -> list[Diagnostic]:
    found = []
    for chapter in chapters:
        if (
            not chapter.states_url
            and addresses.is_ambiguous(chapter.path)
            and "{slug}" in addresses.style
        ):
            message = f"Another file is called like {chapter.path}; its address is {chapter.url}."
            found.append(report("ambiguous-slug", chapter.source, message))
    stating = [chapter for chapter in chapters if chapter.states_url]
    by_line = any(chapter.address_line is not None for chapter in stating)
    if stating and (by_line or 2 * len(stating) >= len(chapters)):
        for chapter in chapters:
            if not chapter.states_url:
                message = (
                    f"{chapter.path} does not state its address; {chapter.url} is made of its name."
                )
                place = chapter.title_heading.span if chapter.title_heading else None
                found.append(report("chapter-without-url", chapter.source, message, place))
    return found
