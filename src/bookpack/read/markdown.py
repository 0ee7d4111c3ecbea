"""Markdown → `Structure`: what stands where, by pyromark's events and their exact ranges.

CommonMark with tables, footnotes, strikethrough, task lists and dollar math. pyromark counts
bytes; everything that leaves this module counts code points. The event loop runs once over
every chapter of every build, which is why it is one flat loop.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

import pyromark
from pyromark import Options

from bookpack.model import (
    Definition,
    FootnoteMark,
    Image,
    Link,
    LinkKind,
    Problem,
    SpanList,
    Structure,
)
from bookpack.read.anchors import GITHUB, AnchorRule
from bookpack.read.byte_offsets import ByteOffsets
from bookpack.read.definitions import find_repeated_definitions, place_definitions
from bookpack.read.destinations import find_inline_destination, find_label
from bookpack.read.fences import unclosed_fence
from bookpack.read.headings import RawHeading, finish_headings
from bookpack.read.markup import MarkupReader, as_running_text
from bookpack.read.spans import merged, without
from bookpack.source import Span

MARKDOWN_OPTIONS = (
    Options.ENABLE_TABLES
    | Options.ENABLE_FOOTNOTES
    | Options.ENABLE_STRIKETHROUGH
    | Options.ENABLE_TASKLISTS
)
_KINDS = {
    "Inline": LinkKind.INLINE,
    "Reference": LinkKind.REFERENCE,
    "Collapsed": LinkKind.COLLAPSED,
    "Shortcut": LinkKind.SHORTCUT,
    "Autolink": LinkKind.AUTOLINK,
    "Email": LinkKind.AUTOLINK,
}
_LONE_RETURN = re.compile(r"\r(?!\n)")
_LITERALS = frozenset("*_`[]")
_AUTOLINKS = ("Autolink", "Email")
_LINK_IN_MATH = re.compile(r"\]\([^()\s]*[./#][^()\s]*\)")
_UNDEFINED_FOOTNOTE = re.compile(r"\[\^[^\[\]\s]+\]")


def parse_markdown(
    text: str,
    *,
    start: int = 0,
    math: bool = True,
    anchors: AnchorRule = GITHUB,
    owns: Callable[[str], bool] | None = None,
) -> Structure:
    """Find headings, links, images and everything else in `text` from offset `start` on.

    Never raises: what is wrong with the text becomes an entry of `problems`. Without `math`,
    dollar signs are only dollar signs. `owns` is explained at `finish_headings`.
    """
    return _Parser(text, start, math, anchors, owns).run()


def parser_text(text: str, start: int) -> str:
    """Return what the parser reads of `text` from offset `start` on: one code point for each."""
    # CommonMark reads NUL as U+FFFD; doing it here keeps every offset. The text is copied
    # because a string that has been parsed keeps its UTF-8 form for as long as it lives,
    # and a source lives as long as the book.
    body = "".join((text[start : start + 1], text[start + 1 :])).replace("\0", "\ufffd")
    if "\r" in body:
        # A lone carriage return ends a line in CommonMark, and not everywhere in the parser.
        body = _LONE_RETURN.sub("\n", body)
    return body


class _Open:
    """A heading, link or image whose end has not come yet."""

    __slots__ = ("data", "first_piece", "start", "text_start")

    def __init__(self, data: Any, start: int, text_start: int, first_piece: int) -> None:
        self.data = data
        self.start = start
        self.text_start = text_start
        self.first_piece = first_piece


class _Parser:
    """One run over one text; collects by kind, in bytes, and converts at the end."""

    def __init__(
        self,
        text: str,
        start: int,
        math: bool,
        anchors: AnchorRule,
        owns: Callable[[str], bool] | None = None,
        *,
        nested: bool = False,
    ) -> None:
        self.text = text
        self.anchors = anchors
        self.owns = owns
        self.nested = nested
        self.start = start
        self.body = parser_text(text, start)
        self.offsets = ByteOffsets(self.body, start)
        self.options = MARKDOWN_OPTIONS | Options.ENABLE_MATH if math else MARKDOWN_OPTIONS
        self.headings: list[RawHeading] = []
        self.links: list[Link] = []
        self.images: list[Image] = []
        self.footnotes: list[FootnoteMark] = []
        self.problems: list[Problem] = []
        self.markup = MarkupReader(text)
        self.prose: list[int] = []
        self.code: list[int] = []
        self.math: list[int] = []
        self.tables: list[int] = []
        self.html: list[int] = []
        self.literals: list[int] = []

    def run(self) -> Structure:
        """Parse and return what was found."""
        self._read_events()
        markup = self.markup
        markup.finish(self.links)
        headings = finish_headings(self.text, self.headings, self.offsets, self.anchors, self.owns)
        spans = self.offsets.spans
        prose = spans(self.prose)
        code = spans(self.code)
        math = spans(self.math)
        html = spans(self.html)
        definitions = self._read_definitions(prose)
        literals = spans(self.literals)
        addresses = [h.address.span for h in headings if h.address is not None]
        if addresses:
            prose = without(prose, addresses)
        self._find_undefined_footnotes(literals)
        links = tuple(sorted([*self.links, *markup.links]))
        images = tuple(sorted([*self.images, *markup.images], key=lambda image: image.span))
        footnotes = tuple(self.footnotes)
        front_matter = Span(0, self.start)

        def protected() -> Iterable[int]:
            places = [front_matter, *code, *math, *html, *addresses]
            places += [d.span for d in definitions]
            places += [mark.span for mark in footnotes]
            places += [link.target_span for link in links if link.target_span]
            places += [image.target_span for image in images if image.target_span]
            return merged(places).offsets()

        return Structure(
            headings=headings,
            links=links,
            images=images,
            definitions=tuple(definitions),
            footnotes=footnotes,
            html_blocks=tuple(markup.html_blocks),
            inline_tags=tuple(markup.inline_tags),
            comments=tuple(sorted(markup.comments)),
            element_ids=tuple(markup.element_ids),
            code=code,
            math=math,
            tables=spans(self.tables),
            prose=prose,
            protected=SpanList(protected),
            literals=literals,
            problems=(*self.problems, *markup.problems),
            body_start=self.start,
        )

    def _read_events(self) -> None:
        prose, literals, code = self.prose, self.literals, self.code
        pieces: list[str] = []
        opened: list[_Open] = []
        html_pieces: list[tuple[int, int]] = []
        name: str
        data: Any
        block = (0, 0)
        level = 0
        in_code = in_html = in_table = links_open = images_open = quotes_open = 0
        in_autolink = False
        previous_end = 0
        paragraph_images = -1  # index of the paragraph's first image, -1 outside paragraphs
        paragraph_is_images = False
        events = pyromark.events_with_range(
            self.body,
            options=self.options,
            broken_link_callback=self._note_undefined,
        )
        for event, place in events:
            start = place["start"]
            end = place["end"]
            if type(event) is str:
                if opened:
                    pieces.append(" ")
                previous_end = end
                continue
            kind, value = event.popitem()  # type: ignore[union-attr]
            if kind == "Text":
                if not in_code:
                    if opened:
                        pieces.append(value)
                    if not start < end or in_autolink:
                        pass
                    elif prose and prose[-1] == start:
                        prose[-1] = end
                    else:
                        prose += (start, end)
                    if end - start == 1 and value in _LITERALS:
                        literals += (start, end)
                    if paragraph_is_images and not images_open and not value.isspace():
                        paragraph_is_images = False
                previous_end = end
                continue
            if kind == "Start":
                if level == 0:
                    block = (start, end)
                level += 1
                if type(value) is str:
                    name, data = value, ""
                else:
                    name, data = value.popitem()
                if name != "Image" and not images_open:
                    paragraph_is_images = False
                if name == "Paragraph":
                    if level == 1:
                        paragraph_images, paragraph_is_images = len(self.images), True
                elif name == "BlockQuote":
                    quotes_open += 1
                elif name == "Link":
                    links_open += 1
                    in_autolink = data["link_type"] in _AUTOLINKS
                    opened.append(_Open(data, start, start + 1, len(pieces)))
                    previous_end = start + 1
                elif name == "Image":
                    images_open += 1
                    opened.append(_Open(data, start, start + 2, len(pieces)))
                    previous_end = start + 2
                elif name == "Heading":
                    opened.append(_Open(data["level"], start, start, len(pieces)))
                elif name == "CodeBlock":
                    in_code += 1
                    code += (start, end)
                    if type(data) is dict:
                        problem = unclosed_fence(self.text, self.offsets.span(start, end))
                        self.problems += [problem] if problem else []
                elif name == "HtmlBlock":
                    in_html = 1
                    html_pieces = []
                elif name == "Table":
                    in_table += 1
                    self.tables += (start, end)
                elif name == "FootnoteDefinition":
                    self._add_footnote(data, start, is_definition=True)
                continue
            if kind == "End":
                level -= 1
                name = value if type(value) is str else next(iter(value))
                if name == "Paragraph":
                    if paragraph_images >= 0 and level == 0:
                        if paragraph_is_images:
                            for index in range(paragraph_images, len(self.images)):
                                self.images[index] = self.images[index]._replace(alone=True)
                        paragraph_images, paragraph_is_images = -1, False
                elif name == "BlockQuote":
                    quotes_open -= 1
                elif name == "Link":
                    links_open -= 1
                    in_autolink = False
                    link = opened.pop()
                    text = "".join(pieces[link.first_piece :])
                    self._add_link(link, previous_end, end, text, bool(images_open))
                    if not opened:
                        pieces.clear()
                elif name == "Image":
                    images_open -= 1
                    image = opened.pop()
                    alt = "".join(pieces[image.first_piece :])
                    if not images_open:
                        flags = (bool(links_open), bool(in_table))
                        self._add_image(image, previous_end, end, alt, block, flags)
                    if not opened or type(opened[0].data) is str:
                        del pieces[image.first_piece :]  # an image is no part of a heading's text
                elif name == "Heading":
                    heading = opened.pop()
                    plain = "".join(pieces[heading.first_piece :])
                    raw = RawHeading(int(heading.data[1]), plain, start, end, level == 0)
                    self.headings.append(raw)
                    pieces.clear()
                elif name == "CodeBlock":
                    in_code -= 1
                elif name == "HtmlBlock":
                    in_html = 0
                    flags = (level == 0, bool(in_table))
                    self._add_html_block(html_pieces, start, end, block, flags)
                elif name == "Table":
                    in_table -= 1
                previous_end = end
                continue
            if kind == "Html":
                if in_html:
                    html_pieces.append((start, end))
            elif kind == "InlineHtml":
                flags = (bool(in_table), bool(quotes_open))
                is_image = self._add_inline_html(start, end, block, flags)
                if not images_open:
                    paragraph_is_images = paragraph_is_images and is_image
            elif kind == "FootnoteReference":
                self._add_footnote(value, start, is_definition=False)
                paragraph_is_images = False
            elif kind != "TaskListMarker":
                paragraph_is_images = paragraph_is_images and bool(images_open)
                if opened:
                    pieces.append(value)
                if kind == "Code":
                    code += (start, end)
                else:
                    self.math += (start, end)
                    if _LINK_IN_MATH.search(value):
                        span = self.offsets.span(start, end)
                        message = f"{span.slice(self.text)} is read as math, and its link is lost."
                        self.problems.append(Problem("link-in-math", span, message))
            previous_end = end

    def _note_undefined(self, broken: Any) -> None:
        kind = broken["link_type"]
        if kind not in ("Reference", "Collapsed"):
            return
        span = self.offsets.span(broken["span"]["start"], broken["span"]["end"])
        before = self.text[span.start - 1 : span.start]
        if before.isalnum() or before in ("_", ")", "]"):
            return  # an index such as table[row][column]
        label = broken["reference"]
        message = f"The reference [{label}] is not defined."
        self.problems.append(Problem("undefined-reference", span, message))

    def _add_link(self, link: _Open, text_end: int, end: int, text: str, in_image: bool) -> None:
        data = link.data
        kind = _KINDS[data["link_type"]]
        span, target_span, raw = self._place(link, kind, text_end, end)
        if data["link_type"] == "Email":
            return
        self.links.append(
            Link(span, target_span, text, data["dest_url"], raw, kind, data["id"], in_image)
        )

    def _add_image(
        self,
        image: _Open,
        text_end: int,
        end: int,
        alt: str,
        block: tuple[int, int],
        flags: tuple[bool, bool],
    ) -> None:
        data = image.data
        kind = _KINDS[data["link_type"]]
        span, target_span, raw = self._place(image, kind, text_end, end)
        self.images.append(
            Image(
                span=span,
                target_span=target_span,
                block=self.offsets.span(*block),
                alt=" ".join(alt.split()),
                title=" ".join(data["title"].split()),
                target=data["dest_url"],
                raw_target=raw,
                kind=kind,
                label=data["id"],
                in_link=flags[0],
                in_table=flags[1],
            )
        )

    def _place(
        self, opened: _Open, kind: LinkKind, text_end: int, end: int
    ) -> tuple[Span, Span | None, str]:
        """Return the span of a link, the span of its target (or label) and the raw target."""
        span = self.offsets.span(opened.start, end)
        after = self.offsets.code_point(text_end)
        target = opened.data["dest_url"]
        found: Span | None = None
        if kind is LinkKind.INLINE:
            found = find_inline_destination(self.text, after, span.end, target)
        elif kind is LinkKind.AUTOLINK:
            found = Span(span.start + 1, span.end - 1)
        elif kind is LinkKind.REFERENCE:
            found = find_label(self.text, after, span.end)
        elif kind is LinkKind.COLLAPSED:
            # pyromark's range of a collapsed reference ends before its empty brackets.
            if self.text.startswith("[]", span.end):
                span = Span(span.start, span.end + 2)
            found = Span(span.end - 1, span.end - 1)
        raw = found.slice(self.text) if found and kind is not LinkKind.REFERENCE else target
        return span, found, raw

    def _add_footnote(self, label: str, start: int, *, is_definition: bool) -> None:
        place = self.offsets.code_point(start) + 2
        self.footnotes.append(FootnoteMark(label, Span(place, place + len(label)), is_definition))

    def _add_html_block(
        self,
        pieces: list[tuple[int, int]],
        start: int,
        end: int,
        block: tuple[int, int],
        flags: tuple[bool, bool],
    ) -> None:
        self.html += (start, end)
        span, where = self.offsets.span(start, end), self.offsets.span(*block)
        lines = [self.offsets.span(*piece) for piece in pieces]
        outermost, in_table = flags
        markup = self.markup.add_block(span, lines, where, outermost=outermost, in_table=in_table)
        text = as_running_text(markup) if "](" in markup and not self.nested else None
        if text is not None:
            self._add_links_between_tags(text, span.start, where)

    def _add_inline_html(
        self, start: int, end: int, block: tuple[int, int], flags: tuple[bool, bool]
    ) -> bool:
        """Note a tag or comment; return whether it leaves a paragraph of images one."""
        self.html += (start, end)
        span, where = self.offsets.span(start, end), self.offsets.span(*block)
        in_table, in_quote = flags
        return self.markup.add_inline(span, where, in_table=in_table, in_quote=in_quote)

    def _add_links_between_tags(self, text: str, by: int, block: Span) -> None:
        def moved(place: Span | None) -> Span | None:
            return place.shifted(by) if place else None

        inner = _Parser(text, 0, False, self.anchors, nested=True).run()
        for link in inner.links:
            if link.kind is LinkKind.INLINE:
                place = link.span.shifted(by)
                self.links.append(link._replace(span=place, target_span=moved(link.target_span)))
        for image in inner.images:
            if image.kind is LinkKind.INLINE:
                place = image.span.shifted(by)
                target = moved(image.target_span)
                self.images.append(
                    image._replace(span=place, target_span=target, block=block, alone=False)
                )

    def _read_definitions(self, prose: SpanList) -> list[Definition]:
        if "]:" not in self.body:
            return []
        known = pyromark.reference_definitions(self.body, options=self.options)
        found, problems = place_definitions(
            self.text,
            [
                (label, self.offsets.span(data["span"]["start"], data["span"]["end"]), data["dest"])
                for label, data in known.items()
            ],
        )
        self.problems += problems
        spans = self.offsets.spans
        other = merged([*spans(self.code), *spans(self.html), *(k.span for k in self.links)])
        found += find_repeated_definitions(self.text, self.start, found, [prose, other])
        return sorted(found)

    def _find_undefined_footnotes(self, literals: SpanList) -> None:
        if "[^" not in self.body:
            return
        for span in literals:
            mark = _UNDEFINED_FOOTNOTE.match(self.text, span.start)
            if mark:
                message = f"The footnote {mark[0]} does not exist."
                self.problems.append(Problem("undefined-footnote", Span(*mark.span()), message))
