"""Places in a text where tags stand, and what a block must look like that takes their place."""

import re
from collections.abc import Callable

from bookpack.source import Edit, Span

_LINE_END = re.compile(r"[\n\r]|\Z")
_PREFIX = re.compile(r"[ \t>]*\Z")
_ITEM_PREFIX = re.compile(r"([ \t>]*)((?:[-*+]|\d{1,9}[.)])[ \t]+)\Z")


def line_start(text: str, offset: int) -> int:
    """Return where the line that holds `offset` begins."""
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def line_end(text: str, offset: int) -> int:
    """Return where the line that holds `offset` ends, before its line ending."""
    found = _LINE_END.search(text, offset)
    return found.start() if found else len(text)


def next_line(text: str, offset: int) -> int:
    """Return where the line behind the one that holds `offset` begins, or the text ends."""
    end = line_end(text, offset)
    return min(end + (2 if text.startswith("\r\n", end) else 1), len(text))


def block_indent(text: str, offset: int) -> str | None:
    """Return what a further line of a block that begins at `offset` must begin with.

    That is the indentation and the quote marks before it; a list marker counts as blanks. None
    where other text stands before it on its line.
    """
    before = text[line_start(text, offset) : offset]
    item = _ITEM_PREFIX.match(before)
    if item:
        return item[1] + " " * len(item[2])
    return before if _PREFIX.match(before) else None


def is_alone(text: str, span: Span) -> bool:
    """Tell whether nothing but blanks shares the lines of `span`."""
    around = text[line_start(text, span.start) : span.start]
    return not around.strip() and not text[span.end : line_end(text, span.end)].strip()


def as_block(
    text: str,
    span: Span,
    block: str,
    quotes: str = "",
    *,
    opens: bool = False,
    is_blank: Callable[[int], bool] = lambda line: False,
) -> str:
    """Return `block` so that it can stand for `span` with a blank line on either side.

    `quotes` are quote marks that other edits put behind the indentation of these lines. With
    `opens`, what follows belongs to the block, and no blank line is put between. `is_blank`
    tells of the beginning of a line whether other edits make it a blank one.
    """
    indent = block_indent(text, span.start)
    begin = line_start(text, span.start)
    previous, following = line_start(text, max(begin - 1, 0)), next_line(text, span.end)
    before = "" if is_blank(previous) else text[previous:begin]
    after = text[span.end : line_end(text, span.end)]
    behind = "" if is_blank(following) else text[following : line_end(text, following)]
    inner = (indent or "") + quotes
    blank = inner.rstrip()
    lines = block.replace("\n", f"\n{inner}")
    if indent is None:
        lines = f"\n{blank}\n{inner}{lines}"
    elif before.strip(" \t\r\n>") and not text[begin : span.start].strip(" \t>"):
        lines = f"\n{inner}{lines}"
    if opens:
        return lines
    if after.strip():
        return f"{lines}\n{blank}\n{inner}"
    return f"{lines}\n{blank}" if behind.strip(" \t>") else lines


def removal(text: str, span: Span, *, ends_quote: bool = False) -> Edit:
    """Return the edit that takes a tag away, and its line where it is alone on it.

    One blank line stays between what stands around. With `ends_quote` the line before will be
    a quoted one, whatever it is now.
    """
    if not is_alone(text, span):
        return Edit(span, "")
    start, end = line_start(text, span.start), next_line(text, span.end)
    before = text[line_start(text, start - 1) : start] if start else ""
    follows_blank = not before.strip() and not ends_quote
    after = text[end : line_end(text, end)]
    if not after.strip():
        if follows_blank and end < len(text):
            end = next_line(text, end)
        return Edit(Span(start, end), "")
    return Edit(Span(start, end if follows_blank else line_end(text, span.end)), "")
