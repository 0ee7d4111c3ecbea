"""Markdown → `Structure`: what stands where, by pyromark's events and their exact ranges.

CommonMark with tables, footnotes, strikethrough, task lists and dollar math. pyromark counts
bytes; everything that leaves this module counts code points. The event loop runs once over
every chapter of every build, which is why it is one flat loop.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from typing import Any

import pyromark
from pyromark import Options

from bookpack.model import (
    AddressLine,
    Definition,
    FootnoteMark,
    Heading,
    HtmlBlock,
    Image,
    Link,
    LinkKind,
    Problem,
    SpanList,
    Structure,
    Tag,
)
from bookpack.read.anchors import AnchorNumbers, github_anchor
from bookpack.read.destinations import (
    find_definition_parts,
    find_inline_destination,
    find_label,
    normalise_label,
    unescape_markdown,
)
from bookpack.read.html import is_decorative, scan_html
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
_LITERALS = frozenset("*_`[]")
_CONTINUATION = bytes(ord("c") if 0x80 <= byte < 0xC0 else ord(".") for byte in range(256))
_HEADING_ID = re.compile(
    r"[ \t]*\{(?:[^{}]*[ \t])?#([^\s{}]+)[^{}]*\}[ \t]*$|[ \t]*\{\.[^{}]*\}[ \t]*$"
)
_ADDRESS_LINE = re.compile(
    r"(?:[ \t]*(?:\r\n|\n|\r))?(url:[ \t]*(https?://\S+|/\S*)[ \t]*)(?:\r\n|\n|\r|\Z)"
)
_LINK_IN_MATH = re.compile(r"\]\([^()\s]*[./#][^()\s]*\)")
_REPEATED_DEFINITION = re.compile(
    r"^(?:[ ]{0,3}>[ ]?)*[ ]{0,3}(\[((?:[^\[\]\\^]|\\.)(?:[^\[\]\\]|\\.)*)\]:[ \t]*(?:\r\n|\n|\r)?[ \t]*(\S+).*)$",
    re.M,
)
_UNDEFINED_FOOTNOTE = re.compile(r"\[\^[^\[\]\s]+\]")
_TAG = re.compile(r"<[^>]*>")


def parse_markdown(text: str, *, start: int = 0, math: bool = True) -> Structure:
    """Find headings, links, images and everything else in `text` from offset `start` on.

    Never raises: what is wrong with the text becomes an entry of `problems`. Without `math`,
    dollar signs are only dollar signs.
    """
    return _Parser(text, start, math).run()


class _ByteOffsets:
    """Maps the parser's UTF-8 byte offsets to code points of the whole text."""

    def __init__(self, body: str, shift: int) -> None:
        self.shift = shift
        self.ascii = body.isascii()
        if self.ascii:
            return
        # Continuation bytes lie in runs, one behind each character that is not ASCII. Looking
        # for one byte value is much faster than matching a class of them.
        marked = body.encode().translate(_CONTINUATION)
        self.starts = array("I")
        self.before = array("I", [0])
        seen = 0
        start = marked.find(b"c")
        while start >= 0:
            end = marked.find(b".", start)
            end = len(marked) if end < 0 else end
            seen += end - start
            self.starts.append(start)
            self.before.append(seen)
            start = marked.find(b"c", end)

    def code_point(self, offset: int) -> int:
        """Return the code point at byte `offset`, which must begin a character."""
        if self.ascii:
            return offset + self.shift
        return offset - self.before[bisect_left(self.starts, offset)] + self.shift

    def span(self, start: int, end: int) -> Span:
        """Return the code points from byte `start` to byte `end`."""
        return Span(self.code_point(start), self.code_point(end))

    def spans(self, flat: list[int]) -> SpanList:
        """Return a list of spans that is converted when somebody looks at it."""
        packed = array("I", flat)
        if self.ascii and not self.shift:
            return SpanList(packed)
        return SpanList(lambda: map(self.code_point, packed))


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

    def __init__(self, text: str, start: int, math: bool) -> None:
        self.text = text
        self.start = start
        # CommonMark reads NUL as U+FFFD; doing it here keeps every offset.
        self.body = text[start:].replace("\0", "\ufffd")
        self.offsets = _ByteOffsets(self.body, start)
        self.options = MARKDOWN_OPTIONS | Options.ENABLE_MATH if math else MARKDOWN_OPTIONS
        self.headings: list[tuple[int, str, int, int, bool]] = []
        self.links: list[Link] = []
        self.images: list[Image] = []
        self.footnotes: list[FootnoteMark] = []
        self.html_blocks: list[HtmlBlock] = []
        self.inline_tags: list[Tag] = []
        self.comments: list[Span] = []
        self.problems: list[Problem] = []
        self.tags: list[tuple[Tag, Span, bool]] = []
        self.prose: list[int] = []
        self.code: list[int] = []
        self.math: list[int] = []
        self.tables: list[int] = []
        self.html: list[int] = []
        self.literals: list[int] = []

    def run(self) -> Structure:
        """Parse and return what was found."""
        self._read_events()
        self._read_tags()
        definitions = self._read_definitions()
        headings = self._finish_headings()
        spans = self.offsets.spans
        prose = spans(self.prose)
        code = spans(self.code)
        math = spans(self.math)
        html = spans(self.html)
        literals = spans(self.literals)
        addresses = [h.address.span for h in headings if h.address is not None]
        if addresses:
            prose = _without(prose, addresses)
        self._find_undefined_footnotes(literals)
        self.links.sort(key=lambda link: link.span)
        self.images.sort(key=lambda image: image.span)
        self.comments.sort()
        links, images = tuple(self.links), tuple(self.images)
        front_matter = Span(0, self.start)

        def protected() -> Iterable[int]:
            places = [front_matter, *code, *math, *html, *addresses]
            places += [d.span for d in definitions]
            places += [mark.span for mark in self.footnotes]
            places += [link.target_span for link in links if link.target_span]
            places += [image.target_span for image in images if image.target_span]
            return _merged(places)

        return Structure(
            headings=headings,
            links=links,
            images=images,
            definitions=definitions,
            footnotes=tuple(self.footnotes),
            html_blocks=tuple(self.html_blocks),
            inline_tags=tuple(self.inline_tags),
            comments=tuple(self.comments),
            element_ids=tuple(self.element_ids),
            code=code,
            math=math,
            tables=spans(self.tables),
            prose=prose,
            protected=SpanList(protected),
            literals=literals,
            problems=tuple(self.problems),
            body_start=self.start,
        )

    def _read_events(self) -> None:
        prose, literals, code = self.prose, self.literals, self.code
        pieces: list[str] = []
        opened: list[_Open] = []
        html_pieces: list[tuple[int, int]] = []
        block = (0, 0)
        level = 0
        in_code = in_html = in_table = links_open = images_open = 0
        previous_end = 0
        paragraph_images = -1  # index of the paragraph's first image, -1 outside paragraphs
        paragraph_is_images = False
        events = pyromark.events_with_range(
            self.body,
            options=self.options,
            broken_link_callback=self._note_undefined,  # type: ignore[arg-type]
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
                    if prose and prose[-1] == start:
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
                    name, data = value, None
                else:
                    name, data = value.popitem()
                if name == "Paragraph":
                    if level == 1:
                        paragraph_images, paragraph_is_images = len(self.images), True
                elif name == "Link":
                    links_open += 1
                    paragraph_is_images = False
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
                        self._check_fence(start, end)
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
                elif name == "Link":
                    links_open -= 1
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
                    self.headings.append((int(heading.data[1]), plain, start, end, level == 0))
                    pieces.clear()
                elif name == "CodeBlock":
                    in_code -= 1
                elif name == "HtmlBlock":
                    in_html = 0
                    self._add_html_block(html_pieces, start, end, block, level == 0, bool(in_table))
                elif name == "Table":
                    in_table -= 1
                previous_end = end
                continue
            if kind == "Html":
                if in_html:
                    html_pieces.append((start, end))
            elif kind == "InlineHtml":
                is_image = self._add_inline_html(start, end, block, bool(in_table))
                paragraph_is_images = paragraph_is_images and is_image
            elif kind == "FootnoteReference":
                self._add_footnote(value, start, is_definition=False)
                paragraph_is_images = False
            elif kind != "TaskListMarker":
                paragraph_is_images = False
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

    def _check_fence(self, start: int, end: int) -> None:
        span = self.offsets.span(start, end)
        lines = span.slice(self.text).rstrip().splitlines()
        fence = lines[0].strip()[:1] if lines else ""
        length = len(lines[0].strip()) - len(lines[0].strip().lstrip(fence)) if fence else 0
        last = lines[-1].strip().lstrip("> \t") if len(lines) > 1 else ""
        if not fence or set(last) != {fence} or len(last) < length:
            self.problems.append(
                Problem(
                    "unclosed-code-fence",
                    Span(span.start, span.start + len(lines[0]) if lines else span.end),
                    "This code fence is never closed.",
                )
            )

    def _add_html_block(
        self,
        pieces: list[tuple[int, int]],
        start: int,
        end: int,
        block: tuple[int, int],
        outermost: bool,
        in_table: bool,
    ) -> None:
        self.html += (start, end)
        span = self.offsets.span(start, end)
        markup = self.text[span.start : span.end]
        if not outermost:
            markup = self._blank_outside(span, pieces)
        where = self.offsets.span(*block)
        tags = self._take_markup(markup, span.start, where, in_table)
        self.html_blocks.append(HtmlBlock(span, tuple(tags), outermost))
        if "](" in markup:
            self._read_links_between_tags(span, markup, where)

    def _blank_outside(self, span: Span, pieces: list[tuple[int, int]]) -> str:
        """Return the block's text with the marks of enclosing quotes and lists as blanks."""
        characters = []
        position = span.start
        for piece in pieces:
            inner = self.offsets.span(*piece)
            characters.append(" " * (inner.start - position))
            characters.append(inner.slice(self.text))
            position = inner.end
        characters.append(" " * (span.end - position))
        return "".join(characters)

    def _add_inline_html(
        self, start: int, end: int, block: tuple[int, int], in_table: bool
    ) -> bool:
        """Note the tag or comment; return whether it leaves a paragraph of images one."""
        self.html += (start, end)
        span = self.offsets.span(start, end)
        # In a quote, a tag over several lines has the quote's marks inside it.
        markup = re.sub(
            r"(?<=\n)[ \t]*(?:>[ ]?)+", lambda m: " " * len(m[0]), span.slice(self.text)
        )
        tags = self._take_markup(markup, span.start, self.offsets.span(*block), in_table)
        self.inline_tags += tags
        return all(tag.name == "img" for tag in tags)

    def _take_markup(self, markup: str, offset: int, block: Span, in_table: bool) -> list[Tag]:
        tags = []
        for item in scan_html(markup, offset):
            if isinstance(item, Tag):
                tags.append(item)
                self.tags.append((item, block, in_table))
            elif item.end > item.start:
                self.comments.append(item)
            else:
                opening = Span(item.start, item.start + 4)
                message = "This comment is never closed."
                self.problems.append(Problem("unclosed-comment", opening, message))
        return tags

    def _read_links_between_tags(self, span: Span, markup: str, block: Span) -> None:
        """Find Markdown links in the text of an HTML block.

        Markdown does not look there, but the pack takes layout tags away and leaves the text,
        in which these links come alive.
        """
        for tag_name in ("script", "style", "pre", "textarea"):
            if f"<{tag_name}" in markup.lower():
                return
        # Tags and indentation become letters, so that the parser sees running text.
        text = _TAG.sub(lambda match: re.sub(r"[^\n\r]", "x", match[0]), markup)
        text = re.sub(r"^[ \t]+", lambda match: "x" * len(match[0]), text, flags=re.M)
        inner = parse_markdown(text, math=False)
        by = span.start

        def moved(place: Span | None) -> Span | None:
            return place.shifted(by) if place else None

        self.links += (
            link._replace(span=link.span.shifted(by), target_span=moved(link.target_span))
            for link in inner.links
            if link.kind is LinkKind.INLINE
        )
        self.images += (
            image._replace(
                span=image.span.shifted(by),
                target_span=moved(image.target_span),
                block=block,
                alone=False,
            )
            for image in inner.images
            if image.kind is LinkKind.INLINE
        )

    def _read_tags(self) -> None:
        """Turn the HTML tags seen into links, images and element ids."""
        self.element_ids: list[str] = []
        depth_of_links = depth_of_tables = 0
        block_ends = {block.span.start: block.span for block in self.html_blocks}
        open_block = Span(0, 0)
        for index, (tag, block, in_table) in enumerate(self.tags):
            if tag.span.start >= open_block.end:
                depth_of_tables = 0
                open_block = block_ends.get(block.start, block)
            if tag.name in ("a", "table"):
                by = -1 if tag.closing else 1
                if tag.name == "a":
                    depth_of_links = max(0, depth_of_links + by)
                else:
                    depth_of_tables = max(0, depth_of_tables + by)
            attributes = tag.attributes
            for name in ("id", "name") if tag.name == "a" else ("id",):
                if name in attributes and attributes[name].value:
                    self.element_ids.append(attributes[name].value)
            if tag.closing:
                continue
            if tag.name == "img":
                in_link = depth_of_links > 0 or self._inside_link(tag.span)
                self._add_html_image(tag, block, in_link, in_table or depth_of_tables > 0)
            elif "href" in attributes and tag.name in ("a", "area"):
                self._add_html_link(index, tag)

    def _inside_link(self, span: Span) -> bool:
        return any(link.span.start < span.start < link.span.end for link in self.links)

    def _add_html_link(self, index: int, tag: Tag) -> None:
        href = tag.attributes["href"]
        end, text = tag.span.end, ""
        for later, _, _ in self.tags[index + 1 : index + 50]:
            if later.name == "a":
                if later.closing:
                    inner = self.text[tag.span.end : later.span.start]
                    end, text = later.span.end, " ".join(_TAG.sub("", inner).split())
                break
        raw = href.span.slice(self.text) if href.span else ""
        target = " ".join(href.value.split())
        self.links.append(
            Link(Span(tag.span.start, end), href.span, text, target, raw, LinkKind.HTML)
        )

    def _add_html_image(self, tag: Tag, block: Span, in_link: bool, in_table: bool) -> None:
        attributes = tag.attributes
        source = attributes.get("src")
        if source is None:
            return
        line_start = max(self.text.rfind("\n", 0, tag.span.start) + 1, block.start)
        line_end = self.text.find("\n", tag.span.end)
        line_end = block.end if line_end < 0 else min(line_end, block.end)
        around = self.text[line_start : tag.span.start] + self.text[tag.span.end : line_end]
        alone = not _TAG.sub("", around).strip() and not in_link and not in_table
        in_paragraph = not any(
            b.span.start <= tag.span.start < b.span.end for b in self.html_blocks
        )
        if in_paragraph:
            whole = block.slice(self.text)
            alone = alone and not _TAG.sub("", whole).strip()
        alt, title = attributes.get("alt"), attributes.get("title")
        self.images.append(
            Image(
                span=tag.span,
                target_span=source.span,
                block=block,
                alt=" ".join(alt.value.split()) if alt else "",
                title=" ".join(title.value.split()) if title else "",
                target=" ".join(source.value.split()),
                raw_target=source.span.slice(self.text) if source.span else "",
                kind=LinkKind.HTML,
                alone=alone,
                in_link=in_link,
                in_table=in_table,
                decorative=is_decorative(tag),
            )
        )

    def _read_definitions(self) -> tuple[Definition, ...]:
        if "]:" not in self.body:
            return ()
        found: list[Definition] = []
        known = pyromark.reference_definitions(self.body, options=self.options)
        for label, data in known.items():
            span = self.offsets.span(data["span"]["start"], data["span"]["end"])
            parts = find_definition_parts(self.text, span, data["dest"])
            if parts is None:
                message = f"The place of the definition [{label}] could not be found."
                self.problems.append(Problem("unplaceable-link", span, message))
                continue
            label_span, target_span = parts
            raw = target_span.slice(self.text) if target_span else data["dest"]
            found.append(Definition(span, label_span, target_span, label, data["dest"], raw))
        self._find_repeated_definitions(found)
        return tuple(sorted(found))

    def _find_repeated_definitions(self, found: list[Definition]) -> None:
        """Add the definitions that the parser skipped because their label is taken.

        They leave no event at all; a line of their form that no event covers is one.
        """
        labels = {normalise_label(definition.label) for definition in found}
        starts = {definition.span.start for definition in found}
        text_places = self.offsets.spans(self.prose)
        other_places = SpanList(
            _merged([*self.offsets.spans(self.code), *self.offsets.spans(self.html)])
        )
        for match in _REPEATED_DEFINITION.finditer(self.text, self.start):
            start = match.start(1)
            if start in starts or normalise_label(match[2]) not in labels:
                continue
            if text_places.holding(start) or other_places.holding(start):
                continue
            if any(d.span.start <= start < d.span.end for d in found):
                continue
            span = Span(*match.span(1))
            raw = match[3].strip("<>")
            place = self.text.find(raw, match.start(3))
            found.append(
                Definition(
                    span,
                    Span(*match.span(2)),
                    Span(place, place + len(raw)),
                    match[2],
                    unescape_markdown(raw),
                    raw,
                    repeated=True,
                )
            )

    def _finish_headings(self) -> tuple[Heading, ...]:
        numbers = AnchorNumbers()
        finished = []
        for level, plain, start, end, outermost in self.headings:
            span = self.offsets.span(start, end)
            explicit = _HEADING_ID.search(plain)
            title = " ".join((plain[: explicit.start()] if explicit else plain).split())
            anchor = explicit[1] if explicit and explicit[1] else github_anchor(title)
            address = None
            line = _ADDRESS_LINE.match(self.text, span.end) if outermost else None
            if line:
                address = AddressLine(Span(line.start(1), line.end()), line[2])
            finished.append(Heading(level, title, numbers.claim(anchor), span, outermost, address))
        return tuple(finished)

    def _find_undefined_footnotes(self, literals: SpanList) -> None:
        if "[^" not in self.body:
            return
        for span in literals:
            mark = _UNDEFINED_FOOTNOTE.match(self.text, span.start)
            if mark:
                message = f"The footnote {mark[0]} does not exist."
                self.problems.append(Problem("undefined-footnote", Span(*mark.span()), message))


def _without(spans: SpanList, holes: list[Span]) -> SpanList:
    kept: list[int] = []
    for span in spans:
        start = span.start
        for hole in holes:
            if hole.start < span.end and start < hole.end:
                if start < hole.start:
                    kept += (start, hole.start)
                start = hole.end
        if start < span.end:
            kept += (start, span.end)
    return SpanList(kept)


def _merged(spans: Iterable[Span]) -> list[int]:
    """Return the union of `spans` as sorted starts and ends in turn."""
    merged: list[int] = []
    for start, end in sorted(spans):
        if start == end:
            continue
        if merged and start <= merged[-1]:
            merged[-1] = max(merged[-1], end)
        else:
            merged += (start, end)
    return merged
