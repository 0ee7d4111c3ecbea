"""Layout HTML out of a chapter's text: wrappers go, their text stays.

Tags that carry meaning (links, emphasis, tables, lists, code, line breaks, media) stay as
they are; `div`, `p`, `span` and the like say how a page looks and go. So do comments,
scripts and style sheets, which no reader of the book ever sees.
"""

import re
from collections.abc import Iterator, Mapping

from bookpack.model import HtmlBlock, Structure, Tag
from bookpack.read.html import RAW_TEXT_ELEMENTS, is_decorative
from bookpack.source import Edit, Span

BLOCK_LAYOUT = frozenset(
    {"address", "article", "aside", "body", "center", "details", "div", "fieldset"}
    | {"figcaption", "figure", "footer", "form", "header", "hgroup", "html", "legend"}
    | {"main", "nav", "noscript", "p", "picture", "section", "summary"}
)
INLINE_LAYOUT = frozenset(["big", "font", "small", "span"])
_WHITESPACE = re.compile(r"\s*")


def layout_edits(text: str, structure: Structure, figures: Mapping[Span, str]) -> Iterator[Edit]:
    """Yield the edits that take layout out of `text`.

    `figures` maps the places of images that stand alone inside HTML blocks to the blocks of
    text that replace them.
    """
    for tag in structure.inline_tags:
        if _is_layout(tag):
            yield Edit(tag.span, "")
    blocks = structure.html_blocks
    for block in blocks:
        yield from _block_edits(text, block, structure.comments, figures)
    for comment in structure.comments:
        if not any(b.span.start <= comment.start < b.span.end for b in blocks):
            yield Edit(_with_one_blank(text, comment), "")


def _is_layout(tag: Tag) -> bool:
    if tag.name == "source":
        return "srcset" in tag.attributes
    return tag.name in BLOCK_LAYOUT or tag.name in INLINE_LAYOUT


def _block_edits(
    text: str, block: HtmlBlock, comments: tuple[Span, ...], figures: Mapping[Span, str]
) -> Iterator[Edit]:
    removable = _removable(text, block, comments, figures)
    if not removable:
        return
    content = Span(block.span.start, block.span.start + len(block.span.slice(text).rstrip()))
    runs = _runs(text, removable, content)
    if len(runs) == 1 and runs[0][0] == content and not runs[0][2]:
        yield Edit(_whole_block(text, block) if block.outermost else content, "")
        return
    for span, breaks, blocks in runs:
        at_start, at_end = span.start == content.start, span.end == content.end
        separator = ("\n\n" if block.outermost else " ") if breaks or blocks else ""
        if not separator:
            # Inline wrappers alone: the blanks around them are the author's.
            for place, _, _ in removable:
                if span.start <= place.start and place.end <= span.end:
                    yield Edit(place, "")
            continue
        # Text on both sides is kept apart; where the block begins or ends, nothing is needed.
        neighbours = [*([""] if not at_start else []), *blocks, *([""] if not at_end else [])]
        yield Edit(span, separator.join(neighbours))


def _removable(
    text: str, block: HtmlBlock, comments: tuple[Span, ...], figures: Mapping[Span, str]
) -> list[tuple[Span, bool, str]]:
    """List what goes, in order: its place, whether it breaks the line, what replaces it."""
    found: list[tuple[Span, bool, str]] = []
    skip_until = -1
    for index, tag in enumerate(block.tags):
        if tag.span.start < skip_until:
            continue
        if tag.name in RAW_TEXT_ELEMENTS and not tag.closing:
            end = next((t.span.end for t in block.tags[index + 1 :] if t.name == tag.name), None)
            if end is not None and tag.name in ("script", "style"):
                found.append((Span(tag.span.start, end), True, ""))
                skip_until = end
        elif tag.name == "img":
            if tag.span in figures:
                found.append((tag.span, True, figures[tag.span]))
            elif not tag.closing and is_decorative(tag):
                found.append((tag.span, False, ""))
        elif _is_layout(tag):
            found.append((tag.span, tag.name in BLOCK_LAYOUT, ""))
    for comment in comments:
        if block.span.start <= comment.start < block.span.end:
            found.append((comment, False, ""))
    return sorted(found)


def _runs(
    text: str, removable: list[tuple[Span, bool, str]], content: Span
) -> list[tuple[Span, bool, list[str]]]:
    """Join neighbours with nothing but blanks between them, blanks around included."""
    runs: list[tuple[Span, bool, list[str]]] = []
    for place, breaks, replacement in removable:
        start = place.start
        while start > content.start and text[start - 1].isspace():
            start -= 1
        blanks = _WHITESPACE.match(text, place.end, content.end)
        end = blanks.end() if blanks else place.end
        blocks = [replacement] if replacement else []
        if runs and start <= runs[-1][0].end:
            span, had_breaks, had = runs[-1]
            runs[-1] = (Span(span.start, max(end, span.end)), had_breaks or breaks, had + blocks)
        else:
            runs.append((Span(start, end), breaks, blocks))
    return runs


def _whole_block(text: str, block: HtmlBlock) -> Span:
    """Return the block with the blank line behind it, where one stands before it as well."""
    start, end = block.span
    before = text[max(0, start - 200) : start].rstrip(" \t")
    if not before or before.endswith(("\n\n", "\r\n\r\n", "\r\r")):
        following = re.compile(r"[ \t]*(?:\r\n|\n|\r)").match(text, end)
        if following:
            end = following.end()
    return Span(start, end)


def _with_one_blank(text: str, comment: Span) -> Span:
    before, after = text[comment.start - 1 : comment.start], text[comment.end : comment.end + 1]
    if before == " " and (not after or after.isspace()):
        return Span(comment.start - 1, comment.end)
    return comment
