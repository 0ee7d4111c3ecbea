"""Text that was inside of HTML, where Markdown's marks of blocks are only characters.

Without its tags it stands where Markdown would read `# 1` as a heading and `- 1` as a list. A
backslash before such a mark keeps it what its author's readers see.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from bookpack.model import SpanList
from bookpack.read.block_marks import escape_block_mark
from bookpack.read.markdown import parse_markdown
from bookpack.read.spans import merged, without
from bookpack.source import Edit, Span, apply_edits

_LINE = re.compile(r"[^\n\r]+")
_BLANKS = re.compile(r"[ \t]*")
_LINE_END = re.compile(r"[\n\r]|\Z")
_LONGEST_MARK = 200  # code points: a rule of that many hyphens is a rule
_BEGINS_LINE = re.compile(r"[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*")


def marks_in_text(
    markup: str, offset: int, place: Span, removed: Sequence[Span], kept: SpanList
) -> Iterator[Edit]:
    """Escape the marks of blocks in `place`, a stretch of an HTML block without layout around it.

    `markup` is the text of the block, which begins at `offset`; all other positions are the
    chapter's. `removed` are tags that go from the stretch without leaving a trace. What remains
    HTML, and what is in `kept`, stays as it is.
    """
    shown = without(SpanList(place), removed)
    text = "".join(span.shifted(-offset).slice(markup) for span in shown)
    escapes = []
    for line in _LINE.finditer(text):
        mark = _mark(line[0])
        if mark is not None:
            escapes.append(Edit(Span(line.start() + mark, line.start() + mark), "\\"))
    if not escapes:
        return
    html = merged(block.span for block in parse_markdown(apply_edits(text, escapes)).html_blocks)
    lengths = [0]
    for span in shown:
        lengths.append(lengths[-1] + span.end - span.start)
    for number, escape in enumerate(escapes):
        at = escape.span.start
        piece = bisect_right(lengths, at) - 1
        origin = shown[piece].start + at - lengths[piece]
        if html.holding(at + number) is None and kept.holding(origin) is None:
            yield Edit(Span(origin, origin), "\\")


def marks_behind_tags(text: str, removed: Sequence[Span]) -> Iterator[Edit]:
    """Escape the marks of blocks, and drop the blanks, that come to the beginning of a line.

    `removed` are the tags and comments, in order, that go from a chapter's running text.
    """
    position = 0
    begins = True  # nothing but marks of quotes and lists stands before in the line
    for number, tag in enumerate(removed):
        line = max(text.rfind("\n", position, tag.start), text.rfind("\r", position, tag.start)) + 1
        before = text[max(line, position) : tag.start]
        begins = (begins or line > position) and _BEGINS_LINE.fullmatch(before) is not None
        position = tag.end
        if not begins:
            continue
        blanks = _BLANKS.match(text, tag.end)
        start = blanks.end() if blanks else tag.end
        if start > tag.end:
            yield Edit(Span(tag.end, start), "")
        if text[start : start + 1] == "<":
            continue
        end = _LINE_END.search(text, start, start + _LONGEST_MARK)
        rest = SpanList((start, end.start() if end else len(text)))
        shown = without(rest, removed[number + 1 : number + _LONGEST_MARK])
        mark = _mark("".join(span.slice(text) for span in shown))
        if mark is not None:
            yield Edit(Span(start + mark, start + mark), "\\")


def _mark(line: str) -> int | None:
    """Return where in a line a backslash is needed, None if it opens no block."""
    escaped = escape_block_mark(line)
    if escaped == line:
        return None
    return next(at for at, character in enumerate(escaped) if line[at : at + 1] != character)
