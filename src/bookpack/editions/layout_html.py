"""Layout HTML out of a chapter's text: wrappers go, their text stays.

Tags that carry meaning (links, emphasis, tables, lists, code, line breaks, media) stay as
they are; `div`, `p`, `span` and the like say how a page looks and go. So do comments,
scripts and style sheets, which no reader of the book ever sees.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from bookpack.editions.freed_text import marks_behind_tags, marks_in_text
from bookpack.model import HtmlBlock, SpanList, Structure, Tag
from bookpack.read.html import RAW_TEXT_ELEMENTS, is_decorative
from bookpack.read.spans import merged
from bookpack.source import Edit, Span

BLOCK_LAYOUT = frozenset(
    {"address", "article", "aside", "body", "center", "details", "div", "fieldset"}
    | {"figcaption", "figure", "footer", "form", "header", "hgroup", "html", "legend"}
    | {"main", "nav", "noscript", "p", "picture", "section", "summary"}
)
INLINE_LAYOUT = frozenset(["big", "font", "small", "span"])
_HIDDEN = frozenset({"script", "style"})
_WHITESPACE = re.compile(r"\s*")
_EMPTY_LINE = re.compile(r"(?:\r\n|\n|\r)[ \t>]*[\n\r]")
_QUOTE_MARKS = re.compile(r"(?<=[\n\r])[ \t]*(?:>[ ]?)+")
_FOOTNOTE_MARK = re.compile(r"\[\^[^\]]*\]:[ \t]*")


def layout_edits(
    text: str, structure: Structure, figures: Mapping[Span, str], gone: Iterable[Span] = ()
) -> Iterator[Edit]:
    """Yield the edits that take layout out of `text`.

    `figures` maps the places of images that stand alone inside HTML blocks to the blocks of
    text that replace them, which may be empty. `gone` are stretches inside HTML blocks, no two
    of them overlapping, that go together with what they hold.
    """
    taken = sorted(gone)
    blocks = structure.html_blocks
    html = merged(block.span for block in blocks)
    ends: dict[str, int] = {}
    inline = [one for one in structure.comments if html.holding(one.start) is None]
    yield from (Edit(_with_one_blank(text, comment), "") for comment in inline)
    for tag in reversed(structure.inline_tags):
        if tag.name in _HIDDEN and tag.closing:
            ends[tag.name] = tag.span.end
        elif tag.name in ends:
            hidden = Span(tag.span.start, ends.pop(tag.name))
            if not _EMPTY_LINE.search(hidden.slice(text)):
                inline.append(hidden)
                yield Edit(_with_one_blank(text, hidden), "")
        elif _is_layout(tag):
            inline.append(tag.span)
            yield Edit(tag.span, "")
    yield from marks_behind_tags(text, sorted(inline))
    # Behind these nothing has to be kept apart: a heading ends by itself, HTML goes.
    closed = {structure.body_start, *(h.span.end for h in structure.headings)}
    closed.update(block.span.end for block in blocks)
    for block in blocks:
        place = _Place.of(text, block, closed)
        yield from _block_edits(text, block, place, structure.comments, figures, taken)


def _is_layout(tag: Tag) -> bool:
    if tag.name == "source":
        return "srcset" in tag.attributes
    return tag.name in BLOCK_LAYOUT or tag.name in INLINE_LAYOUT


class _Place(NamedTuple):
    """Where an HTML block stands.

    `prefix` opens a further line in the same quote or list item. `glued` tells that text stands
    right above: the block ended that paragraph, and what remains of the block must do so too.
    """

    prefix: str
    glued: bool

    @classmethod
    def of(cls, text: str, block: HtmlBlock, closed: set[int]) -> "_Place":
        line = _line_start(text, block.span.start)
        marks = text[line : block.span.start]
        glued = line not in closed and not marks.strip(" \t>")
        if glued:
            above = text[_line_start(text, line - 1) : line] if line else ""
            glued = bool(above.strip(" \t\r\n>"))
        if block.outermost:
            return cls("", glued)
        return cls(re.sub(r"[^>\s]", " ", _FOOTNOTE_MARK.sub("    ", marks)), glued)

    @property
    def break_line(self) -> str:
        """An empty line, the line before it being begun and the line behind it beginning."""
        return f"\n{self.prefix.rstrip()}\n{self.prefix}"


def _line_start(text: str, offset: int) -> int:
    """Return where the line begins that holds `offset`, or ends with the line end there."""
    before = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset))
    return before + 1


def _block_edits(
    text: str,
    block: HtmlBlock,
    place: _Place,
    comments: tuple[Span, ...],
    figures: Mapping[Span, str],
    gone: Sequence[Span],
) -> Iterator[Edit]:
    removable = _removable(text, block, comments, figures, gone)
    if not removable:
        return
    start, markup = block.span.start, block.span.slice(text)
    if ">" in place.prefix:
        markup = _QUOTE_MARKS.sub(lambda match: " " * len(match[0]), markup)
    content = Span(start, start + len(markup.rstrip()))
    runs = _runs(markup, removable, content)
    if len(runs) == 1 and runs[0][0] == content and not runs[0][2]:
        yield _without_block(text, block, place) if block.outermost else Edit(content, "")
        return
    here = content.start
    inline: list[Span] = []
    kept = _preformatted(block)
    for span, breaks, blocks in runs:
        at_start, at_end = span.start == content.start, span.end == content.end
        if not breaks and not blocks:
            # Inline wrappers alone: the blanks around them are the author's.
            first, last = (bisect_left(removable, ((offset,),)) for offset in span)
            inner = [one for one, _, _ in removable[first:last]]
            yield from (Edit(one, "") for one in inner)
            inline += inner
            continue
        yield from marks_in_text(markup, start, Span(here, span.start), inline, kept)
        here, inline = span.end, []
        # Text on both sides is kept apart; where the block begins or ends, nothing is needed.
        neighbours = [*([""] if not at_start else []), *blocks, *([""] if not at_end else [])]
        lead = f"\n{place.prefix}" if at_start and place.glued else ""
        yield Edit(span, lead + place.break_line.join(neighbours))
    yield from marks_in_text(markup, start, Span(here, content.end), inline, kept)


def _preformatted(block: HtmlBlock) -> SpanList:
    """Return what lies in `<pre>`: there the blanks are the author's, and tags the example's."""
    places: list[int] = []
    opened = 0
    for tag in block.tags:
        if tag.name != "pre":
            continue
        if not tag.closing and opened == 0:
            places.append(tag.span.start)
        opened = max(0, opened + (-1 if tag.closing else 1))
        if tag.closing and opened == 0 and len(places) % 2:
            places.append(tag.span.end)
    return SpanList(places if len(places) % 2 == 0 else [*places, block.span.end])


def _removable(
    text: str,
    block: HtmlBlock,
    comments: tuple[Span, ...],
    figures: Mapping[Span, str],
    gone: Sequence[Span],
) -> list[tuple[Span, bool, str]]:
    """List what goes, in order: its place, whether it breaks the line, what replaces it."""
    first, last = (bisect_left(gone, (offset,)) for offset in block.span)
    found = [(span, True, "") for span in gone[first:last]]
    inside = SpanList([offset for span in gone[first:last] for offset in span])
    skip_until = -1
    kept = _preformatted(block)
    for index, tag in enumerate(block.tags):
        if tag.span.start < skip_until or kept.holding(tag.span.start) is not None:
            continue
        if inside.holding(tag.span.start) is not None:
            continue
        if tag.name in RAW_TEXT_ELEMENTS and not tag.closing:
            end = next((t.span.end for t in block.tags[index + 1 :] if t.name == tag.name), None)
            if end is not None and tag.name in _HIDDEN:
                found.append((Span(tag.span.start, end), True, ""))
                skip_until = end
        elif tag.name == "img":
            if tag.span in figures:
                found.append((tag.span, bool(figures[tag.span]), figures[tag.span]))
            elif not tag.closing and is_decorative(tag):
                found.append((tag.span, False, ""))
        elif _is_layout(tag):
            found.append((tag.span, tag.name in BLOCK_LAYOUT, ""))
    for comment in comments:
        within = block.span.start <= comment.start < block.span.end
        if within and all(held.holding(comment.start) is None for held in (kept, inside)):
            found.append((comment, False, ""))
    return sorted(found)


def _runs(
    markup: str, removable: list[tuple[Span, bool, str]], content: Span
) -> list[tuple[Span, bool, list[str]]]:
    """Join neighbours with nothing but blanks between them, blanks around included.

    `markup` is the block's text, `content` the part of it that is not blank at the end.
    """
    by = content.start
    runs: list[tuple[Span, bool, list[str]]] = []
    for place, breaks, replacement in removable:
        start = place.start
        while start > by and markup[start - by - 1].isspace():
            start -= 1
        blanks = _WHITESPACE.match(markup, place.end - by, content.end - by)
        end = by + blanks.end() if blanks else place.end
        blocks = [replacement] if replacement else []
        if runs and start <= runs[-1][0].end:
            span, had_breaks, had = runs[-1]
            runs[-1] = (Span(span.start, max(end, span.end)), had_breaks or breaks, had + blocks)
        else:
            runs.append((Span(start, end), breaks, blocks))
    return runs


def _without_block(text: str, block: HtmlBlock, place: _Place) -> Edit:
    """Take the block away with the blank line behind it, where one stands before it as well."""
    start, end = block.span
    if place.glued:
        return Edit(block.span, "\n" if text[end : end + 1].strip() else "")
    window = text[max(0, start - 200) : start]
    before = window.rstrip(" \t")
    if not before or before.endswith(("\n\n", "\r\n\r\n", "\r\r")):
        following = re.compile(r"[ \t]*(?:\r\n|\n|\r)").match(text, end)
        if following:
            # With its indentation, which would become that of the next line.
            start, end = start - len(window) + len(before), following.end()
    return Edit(Span(start, end), "")


def _with_one_blank(text: str, comment: Span) -> Span:
    before, after = text[comment.start - 1 : comment.start], text[comment.end : comment.end + 1]
    if before == " " and (not after or after.isspace()):
        return Span(comment.start - 1, comment.end)
    return comment
