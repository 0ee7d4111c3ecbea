"""Raw HTML in a chapter → its tags, links, images and element ids."""

import re
from dataclasses import dataclass, field

from bookpack.model import HtmlBlock, Image, Link, LinkKind, Problem, SpanList, Tag
from bookpack.read.html import RAW_TEXT_ELEMENTS, is_decorative, scan_html
from bookpack.source import Span

_TAG = re.compile(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")
_TAG_BUT_ANCHOR = re.compile(rf"(?!</?[aA][\s>]){_TAG.pattern}")
_COMMENT = re.compile(r"<!--(?:-?>|.*?(?:-->|\Z))", re.S)
_QUOTE_MARKS = re.compile(r"(?<=[\n\r])[ \t]*(?:>[ ]?)+")
_MOST_TAGS_IN_A_LINK = 50
_MEDIA = frozenset({"audio", "embed", "iframe", "input", "object", "source", "track", "video"})


@dataclass(slots=True)
class _Seen:
    """A tag with its surroundings: the outermost block, the HTML block if it is in one."""

    tag: Tag
    block: Span
    html_block: Span | None
    in_table: bool


@dataclass(slots=True)
class MarkupReader:
    """Collects what raw HTML says while the events of one text go by, then `finish`es.

    All spans are code points of `text`.
    """

    text: str
    html_blocks: list[HtmlBlock] = field(default_factory=list)
    inline_tags: list[Tag] = field(default_factory=list)
    comments: list[Span] = field(default_factory=list)
    element_ids: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _seen: list[_Seen] = field(default_factory=list)
    _bare: dict[Span, bool] = field(default_factory=dict)

    def add_block(
        self, span: Span, pieces: list[Span], block: Span, *, outermost: bool, in_table: bool
    ) -> str:
        """Take an HTML block and return its markup, as long as `span`.

        `pieces` are its lines without the marks of enclosing quotes and lists; those marks
        become blanks, so that they are no part of any tag.
        """
        markup = span.slice(self.text) if outermost else self._blank_outside(span, pieces)
        tags = self._take(markup, span.start, block, span, in_table)
        self.html_blocks.append(HtmlBlock(span, tuple(tags), outermost))
        return markup

    def add_inline(self, span: Span, block: Span, *, in_table: bool, in_quote: bool) -> bool:
        """Take a tag or comment in a paragraph; tell whether it is an image or no tag at all."""
        markup = span.slice(self.text)
        if in_quote:
            blanked = _QUOTE_MARKS.sub(lambda match: " " * len(match[0]), markup[:-1])
            markup = blanked + markup[-1]
        tags = self._take(markup, span.start, block, None, in_table)
        self.inline_tags += tags
        return all(tag.name == "img" for tag in tags)

    def finish(self, links: list[Link]) -> None:
        """Turn the tags seen into links, images and ids; `links` are the Markdown links."""
        around = SpanList(
            [offset for span in sorted(link.span for link in links) for offset in span]
        )
        anchors: list[bool] = []  # those that are open, and whether each is a link
        tables_open = 0
        here = Span(0, 0)
        for index, seen in enumerate(self._seen):
            tag = seen.tag
            if tag.span.start >= here.end:
                here = seen.html_block or seen.block
                anchors, tables_open = [], 0
            if tag.name == "a" and not tag.closing:
                anchors.append("href" in tag.attributes)
            elif tag.name == "a":
                del anchors[-1:]
            elif tag.name == "table":
                tables_open = max(0, tables_open + (-1 if tag.closing else 1))
            if tag.closing:
                continue
            for name in ("id", "name") if tag.name == "a" else ("id",):
                if name in tag.attributes and tag.attributes[name].value:
                    self.element_ids.append(tag.attributes[name].value)
            if tag.name == "img" and "src" in tag.attributes:
                in_link = any(anchors) or around.holding(tag.span.start) is not None
                in_table = seen.in_table or tables_open > 0
                self._add_image(seen, in_link=in_link, in_table=in_table)
            elif tag.name in ("a", "area") and "href" in tag.attributes:
                self._add_link(index, tag)
            elif tag.name in _MEDIA:
                self._add_media(tag)

    def _blank_outside(self, span: Span, pieces: list[Span]) -> str:
        characters = []
        position = span.start
        for piece in pieces:
            characters.append(" " * (piece.start - position))
            characters.append(piece.slice(self.text))
            position = piece.end
        characters.append(" " * (span.end - position))
        return "".join(characters)

    def _take(
        self, markup: str, offset: int, block: Span, html_block: Span | None, in_table: bool
    ) -> list[Tag]:
        tags = []
        for item in scan_html(markup, offset):
            if isinstance(item, Tag):
                tags.append(item)
                self._seen.append(_Seen(item, block, html_block, in_table))
            elif item.end > item.start:
                self.comments.append(item)
            else:
                opening = Span(item.start, item.start + 4)
                message = "This comment is never closed."
                self.problems.append(Problem("unclosed-comment", opening, message))
        return tags

    def _add_link(self, index: int, tag: Tag) -> None:
        href = tag.attributes["href"]
        end, text = tag.span.end, ""
        for seen in self._seen[index + 1 : index + _MOST_TAGS_IN_A_LINK]:
            if seen.tag.name == "a":
                if seen.tag.closing:
                    inner = self.text[tag.span.end : seen.tag.span.start]
                    end, text = seen.tag.span.end, " ".join(_TAG.sub("", inner).split())
                break
        raw = href.span.slice(self.text) if href.span else ""
        target = " ".join(href.value.split())
        place = Span(tag.span.start, end)
        self.links.append(Link(place, href.span, text, target, raw, LinkKind.HTML))

    def _add_media(self, tag: Tag) -> None:
        for name in ("src", "poster", "data"):
            source = tag.attributes.get(name)
            if source is not None and source.span is not None and source.value.strip():
                raw = source.span.slice(self.text)
                target = " ".join(source.value.split())
                link = Link(tag.span, source.span, "", target, raw, LinkKind.HTML)
                self.links.append(link)

    def _add_image(self, seen: _Seen, *, in_link: bool, in_table: bool) -> None:
        attributes = seen.tag.attributes
        source = attributes["src"]
        alt, title = attributes.get("alt"), attributes.get("title")
        self.images.append(
            Image(
                span=seen.tag.span,
                target_span=source.span,
                block=seen.block,
                alt=" ".join(alt.value.split()) if alt else "",
                title=" ".join(title.value.split()) if title else "",
                target=" ".join(source.value.split()),
                raw_target=source.span.slice(self.text) if source.span else "",
                kind=LinkKind.HTML,
                alone=not in_link and not in_table and self._stands_alone(seen),
                in_link=in_link,
                in_table=in_table,
                decorative=is_decorative(seen.tag),
            )
        )

    def _stands_alone(self, seen: _Seen) -> bool:
        """Tell whether nothing but tags shares the image's line (its paragraph, outside HTML)."""
        span, text = seen.tag.span, self.text
        if seen.html_block is None:
            inside = seen.block
        else:
            start = max(text.rfind("\n", 0, span.start) + 1, seen.html_block.start)
            end = text.find("\n", span.end)
            inside = Span(start, seen.html_block.end if end < 0 else min(end, seen.html_block.end))
        if inside not in self._bare:
            # Of all the images on one line or in one paragraph, each stands alone or none. An
            # anchor that is no link stays around its picture, which then belongs to a sentence.
            tags = _TAG if seen.html_block is not None else _TAG_BUT_ANCHOR
            self._bare[inside] = not tags.sub("", inside.slice(text)).strip()
        return self._bare[inside]


def as_running_text(markup: str) -> str | None:
    """Return an HTML block as text of the same length in which Markdown links can be found.

    Markdown does not look for links there, but the packed edition takes layout tags away and
    leaves the text, in which they come alive. Tags and indentation become letters. None where
    the text is not prose.
    """
    lowered = markup.lower()
    if any(f"<{name}" in lowered for name in (*RAW_TEXT_ELEMENTS, "pre")):
        return None
    text = _COMMENT.sub(_as_letters, markup)
    text = _TAG.sub(_as_letters, text)
    return re.sub(r"^[ \t]+", lambda match: "x" * len(match[0]), text, flags=re.M)


def _as_letters(match: re.Match[str]) -> str:
    return re.sub(r"[^\n\r]", "x", match[0])
