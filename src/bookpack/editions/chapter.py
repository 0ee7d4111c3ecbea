"""A chapter as text that stands by itself: what the packed edition holds of it.

Every change is an `Edit` on the author's text; what nobody edits stays as it is. The result
opens with title and `url:`, links by absolute addresses only, has figures in the place of
images, no layout HTML and no comments, and reading it again changes nothing.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import replace
from html import escape

from bookpack.editions.figure_edits import Described, WordsOf, figure_edits, without_blank
from bookpack.editions.layout_html import layout_edits
from bookpack.editions.web.addresses import is_dangerous
from bookpack.images.figures import figure_bracket
from bookpack.links.book import ResolvedChapter, resolve_chapter
from bookpack.links.resolution import Kind, Resolution
from bookpack.links.resolve import LinkResolver
from bookpack.model import Chapter, Heading, Image, Link, LinkKind
from bookpack.read.destinations import normalise_label
from bookpack.read.markdown import parse_markdown
from bookpack.read.plain import escape_title
from bookpack.source import Edit, Source, Span, apply_edits, normalise_newlines

_SETTLE_ROUNDS = 4
_BLANK_LINES = re.compile(r"(?:[ \t]*(?:\r\n|\n|\r))*(?:[ \t]*\Z)?")
_PLAIN_ADDRESS = re.compile(r"[\w:/.?=#%,;~+@!$'-]*", re.A)
_NOWHERE = "about:blank"
"""Where a link leads whose target would run a script: to an empty page (RFC 6694)."""
_NOT_IN_LABELS = re.compile(r"[^\w.-]+")

Labels = Mapping[tuple[str, str], str]
"""New labels by chapter path and normalised label; footnotes have `^` before theirs."""


def plan_labels(resolved: Iterable[ResolvedChapter]) -> Labels:
    """Rename the footnotes and reference labels that two chapters share.

    Definitions that say the same in every chapter may stay: they cannot collide.
    """
    meanings: dict[str, set[object]] = {}
    owners: dict[str, set[str]] = {}
    for one in resolved:
        path = one.chapter.path
        for mark in one.chapter.structure.footnotes:
            label = "^" + normalise_label(mark.label)
            owners.setdefault(label, set()).add(path)
            meanings.setdefault(label, set()).add(path)
        for definition, resolution in one.definitions:
            label = normalise_label(definition.label)
            title = definition.span.slice(one.chapter.source.text)[
                (definition.target_span or definition.span).end - definition.span.start :
            ]
            owners.setdefault(label, set()).add(path)
            meanings.setdefault(label, set()).add((resolution.url, title.strip(" \t\r\n>")))
    taken = set(owners)
    renamed: dict[tuple[str, str], str] = {}
    for label, paths in owners.items():
        if len(paths) < 2 or len(meanings[label]) < 2:
            continue
        sign = "^" if label.startswith("^") else ""
        for path in sorted(paths):
            prefix = _NOT_IN_LABELS.sub("-", path.rpartition(".")[0])
            new = f"{prefix}-{label[len(sign) :]}"
            while normalise_label(sign + new) in taken:
                new += "-x"
            taken.add(normalise_label(sign + new))
            renamed[path, label] = new
    return renamed


def no_words(chapter: Chapter, image: Image, resolution: Resolution) -> None:
    """Know nothing of any picture beyond what its author says."""


def packed_text(
    resolved: ResolvedChapter,
    labels: Labels,
    resolver: LinkResolver,
    *,
    section_urls: bool,
    words: WordsOf = no_words,
) -> str:
    """Return the chapter as it stands in the packed edition: LF line ends, one at the end.

    `words` says what is known of its pictures.
    """
    described = Described()

    def edited(one: ResolvedChapter, labels: Labels, reading: int) -> str:
        return _edited(one, labels, section_urls, words, described, reading)

    # Where layout HTML went away, its text has become Markdown, and words of figures can hold
    # addresses of the book: read it until nothing moves.
    # Labels wait for that: a mark that is renamed before all marks are seen loses its namesakes.
    html = bool(resolved.chapter.structure.html_blocks)
    text = edited(resolved, {} if html else labels, 0)
    if not html and not described.with_addresses:
        return text
    text = text if html or not labels else edited(resolved, {}, 0)
    reading = 0
    for reading in range(1, _SETTLE_ROUNDS + 1):
        resolved = resolve_chapter(_read_again(resolved.chapter, text), resolver)
        settled = edited(resolved, {}, reading)
        if settled == text:
            break
        text = settled
    return edited(resolved, labels, reading) if labels else text


def _read_again(chapter: Chapter, text: str) -> Chapter:
    structure = parse_markdown(text, owns=lambda address: address == chapter.url)
    first = structure.headings[0] if structure.headings else None
    return replace(
        chapter,
        source=Source(chapter.source.path, text),
        structure=structure,
        address_line=first.address if first else None,
        title_heading=first,
    )


def _edited(
    resolved: ResolvedChapter,
    labels: Labels,
    section_urls: bool,
    words: WordsOf,
    described: Described,
    reading: int,
) -> str:
    chapter = resolved.chapter
    changes = _Changes(resolved, labels)
    changes.open_with_title()
    changes.name_sections(section_urls)
    changes.replace_images(words, described, reading)
    changes.make_links_absolute()
    changes.rename_labels()
    changes.remove_layout()
    text = normalise_newlines(apply_edits(chapter.source.text, changes.finish()))
    text = text.replace("\0", "\ufffd")
    return text if text.endswith("\n") else text + "\n"


class _Changes:
    """Collects the edits of one chapter, kind by kind."""

    def __init__(self, resolved: ResolvedChapter, labels: Labels) -> None:
        self.resolved = resolved
        self.chapter = resolved.chapter
        self.structure = resolved.chapter.structure
        self.text = resolved.chapter.source.text
        self.labels = labels
        self.edits: list[Edit] = []
        self.taken: list[Edit] = []
        self.after_headings: dict[int, list[str]] = {}
        self.after_blocks: dict[int, list[str]] = {}
        self.in_layout: dict[Span, str] = {}
        self.gone: list[Span] = []

    def replace(self, span: Span, text: str) -> None:
        """Replace `span`, unless it says that already."""
        if span.slice(self.text) != text:
            self.edits.append(Edit(span, text))

    def take_out(self, span: Span, text: str = "") -> None:
        """Put `text` in the place of `span` and of every other edit that falls into it."""
        if span.slice(self.text) != text:
            self.taken.append(Edit(span, text))

    def open_with_title(self) -> None:
        """Begin with `# Title` and `url: address`, whatever the author began with."""
        chapter, text = self.chapter, self.text
        heading = chapter.title_heading
        if heading is None:
            blanks = _BLANK_LINES.match(text, self.structure.body_start)
            start = blanks.end() if blanks else 0
            head = f"# {escape_title(chapter.title)}\nurl: {chapter.url}\n"
            self.replace(Span(0, start), head + ("\n" if start < len(text) else ""))
            if chapter.address_line is not None:
                self.edits.append(Edit(chapter.address_line.span, ""))
            return
        self.take_out(Span(0, heading.span.start))
        line = heading.span.slice(text)
        if not line.startswith("#"):
            words = line.rstrip().rpartition("\n" if "\n" in line.rstrip() else "\r")[0]
            if "\n" not in words.strip() and "\r" not in words.strip():
                self.replace(heading.span, f"# {words.strip()}\n")
        if heading.address is None:
            self._add_address(heading, chapter.url)
        elif heading.address.address != chapter.url:
            self.replace(heading.address.span, f"url: {chapter.url}\n")

    def name_sections(self, wanted: bool) -> None:
        """Put each section's address under its heading, or take it away.

        Sections are those of the topmost level below the title: two in most chapters. A section
        whose heading leaves no anchor is published at the chapter's own address.
        """
        below = [h for h in self.structure.headings if h.outermost and h.level > 1]
        topmost = min((heading.level for heading in below), default=0)
        for heading in below:
            if heading.level != topmost or heading is self.chapter.title_heading:
                continue
            address = self.chapter.url + (f"#{heading.anchor}" if heading.anchor else "")
            line = heading.address
            if line is None or line == self.chapter.address_line:
                if wanted:
                    self._add_address(heading, address)
            elif not wanted:
                self.edits.append(Edit(line.span, ""))
            elif "#" in line.address:
                self.replace(line.span, f"url: {address}\n")

    def _add_address(self, heading: Heading, address: str) -> None:
        self.after_headings.setdefault(heading.span.end, []).append(f"url: {address}")

    def replace_images(self, words: WordsOf, described: Described, reading: int) -> None:
        """Put figures in the place of images."""
        figures = figure_edits(self.resolved, words, described, reading)
        self.taken += figures.taken
        self.after_blocks = figures.after
        self.in_layout, self.gone = figures.in_layout, figures.gone
        title = self.chapter.title_heading
        for image, figure in figures.in_headings:
            in_title = title is not None and image.block == title.span
            block = self._out_of_title(image) + figure if in_title else figure
            self.after_headings.setdefault(image.block.end, []).append(f"\n{block}")

    def _out_of_title(self, image: Image) -> str:
        """Take a picture out of the title, which is words; return the link that only it held."""
        for link, resolution in self.resolved.links:
            if link.span.start <= image.span.start and image.span.end <= link.span.end:
                if link.text.strip() or not resolution.url:
                    break
                self.take_out(without_blank(self.text, link.span))
                target = _as_destination(resolution.url, in_table=False)
                return f"[{figure_bracket(image, '')}]({target})\n\n"
        self.take_out(without_blank(self.text, image.span))
        return ""

    def make_links_absolute(self) -> None:
        """Write the resolved address of every link and definition where it differs."""
        for link, resolution in self.resolved.links:
            if link.kind in (LinkKind.REFERENCE, LinkKind.COLLAPSED, LinkKind.SHORTCUT):
                continue
            if link.kind in (LinkKind.BARE, LinkKind.AUTOLINK) and self._in_title(link.span):
                continue  # the address is the title's words
            if link.kind is LinkKind.AUTOLINK and is_dangerous(link.target):
                self.replace(link.span, _as_code(link.span.slice(self.text)[1:-1]))
            elif link.target_span is not None:
                self._write_target(link.target_span, link.target, link.kind, resolution)
        for definition, resolution in self.resolved.definitions:
            if definition.target_span is not None:
                kind = LinkKind.INLINE
                self._write_target(definition.target_span, definition.target, kind, resolution)

    def _write_target(
        self, span: Span, target: str, kind: LinkKind, resolution: Resolution
    ) -> None:
        url = resolution.url
        if is_dangerous(target):
            url = _NOWHERE
        elif resolution.kind is Kind.EXTERNAL or not url or url == target:
            return
        if kind is LinkKind.HTML:
            before = self.text[span.start - 1]
            written = escape(url) if before in "\"'" else f'"{escape(url)}"'
        elif kind in (LinkKind.AUTOLINK, LinkKind.BARE):
            written = url.replace(" ", "%20")
        else:
            written = _as_destination(url, in_table=self._in_table(span))
        self.replace(span, written)

    def _in_title(self, span: Span) -> bool:
        heading = self.chapter.title_heading
        return heading is not None and heading.span.start <= span.start < heading.span.end

    def _in_table(self, span: Span) -> bool:
        return self.structure.tables.holding(span.start) is not None

    def rename_labels(self) -> None:
        """Write the new labels of footnotes and references that would collide."""
        if not self.labels:
            return
        path = self.chapter.path
        for mark in self.structure.footnotes:
            new = self.labels.get((path, "^" + normalise_label(mark.label)))
            if new is not None:
                self.replace(mark.span, new)
        for definition, _ in self.resolved.definitions:
            new = self.labels.get((path, normalise_label(definition.label)))
            if new is not None:
                self.replace(definition.label_span, new)
        for link, _ in self.resolved.links:
            new = self.labels.get((path, normalise_label(link.label))) if link.label else None
            if new is not None:
                self._relabel(link, new)

    def _relabel(self, link: Link, new: str) -> None:
        if link.kind is LinkKind.SHORTCUT:
            self.edits.append(Edit(Span(link.span.end, link.span.end), f"[{new}]"))
        elif link.target_span is not None:
            self.edits.append(Edit(link.target_span, new))

    def remove_layout(self) -> None:
        """Take layout tags and comments away and keep their text."""
        self.taken += layout_edits(self.text, self.structure, self.in_layout, self.gone)

    def finish(self) -> list[Edit]:
        """Return all edits, insertions at one place merged into one."""
        for end, pieces in self.after_headings.items():
            before = "" if self.text[end - 1 : end] in ("\n", "\r") else "\n"
            addition = before + "".join(f"{piece}\n" for piece in pieces)
            if self._line_at(end).strip():
                addition += "\n"
            self.edits.append(Edit(Span(end, end), addition))
        for end, blocks in self.after_blocks.items():
            addition = "".join(f"\n\n{block}" for block in blocks)
            next_line = self.text.find("\n", end) + 1
            if next_line and self._line_at(next_line).strip():
                addition += "\n"
            self.edits.append(Edit(Span(end, end), addition))
        return _without_inner(self.edits, self.taken)

    def _line_at(self, start: int) -> str:
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)]


def _without_inner(edits: list[Edit], taken: list[Edit]) -> list[Edit]:
    """Return both, but for what lies inside a span that is taken out; its edges are outside."""
    kept: list[Edit] = []
    for edit in sorted(taken, key=lambda edit: (edit.span.start, -edit.span.end)):
        if not kept or edit.span.start >= kept[-1].span.end:
            kept.append(edit)
    starts = [edit.span.start for edit in kept]

    def is_inner(span: Span) -> bool:
        index = bisect_right(starts, span.start if span.end > span.start else span.start - 1) - 1
        return index >= 0 and span.start < kept[index].span.end

    return kept + [edit for edit in edits if not is_inner(edit.span)]


def _as_destination(url: str, *, in_table: bool) -> str:
    if _PLAIN_ADDRESS.fullmatch(url):
        return url
    written = url.replace("\\", "%5C").replace("<", "%3C").replace(">", "%3E")
    written = re.sub(r"\s", lambda match: f"%{ord(match[0]):02X}", written)
    written = re.sub(r"&(?=#?\w+;)", "&amp;", written)
    if not _balanced(written):
        written = written.replace("(", "%28").replace(")", "%29")
    return written.replace("|", "%7C") if in_table else written


def _as_code(text: str) -> str:
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    blank = " " if "`" in text else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def _balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0
