"""Putting a block of Markdown where a tag stood: shortcodes of Hugo, components of MDX."""

import re
from dataclasses import dataclass

from bookpack.source import Span

_BEFORE = re.compile(r"([ \t>]*)((?:[-*+]|\d{1,9}[.)])[ \t]+)?\Z")
_UNSEEN = " \t>"


@dataclass(frozen=True)
class Whole:
    """A text that stands for a tag and all that is in it; a `block` stands alone."""

    text: str
    block: bool = False


@dataclass(frozen=True)
class Around:
    """Texts that stand for the two tags; what is between them stays, and is translated."""

    before: str = ""
    after: str = ""


Becomes = Whole | Around | None
"""None leaves the tag as it is, to be reported."""


def _line_of(text: str, offset: int) -> Span:
    """Return the line that holds `offset`, without its end."""
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    ends = [place for mark in "\r\n" if (place := text.find(mark, offset)) >= 0]
    return Span(start, min(ends, default=len(text)))


def continuation(text: str, offset: int) -> str | None:
    """Return what every further line of a block that begins at `offset` must begin with.

    Indentation and quote marks are repeated, a list marker counts as blanks. None where other
    text stands before the block on its line.
    """
    before = _BEFORE.match(text[_line_of(text, offset).start : offset])
    return before[1] + " " * len(before[2] or "") if before else None


def is_alone(text: str, span: Span) -> bool:
    """Tell whether nothing but blanks shares the first and the last line of `span`."""
    before = text[_line_of(text, span.start).start : span.start]
    return not before.strip() and not text[span.end : _line_of(text, span.end).end].strip()


def whole_line(text: str, span: Span) -> Span:
    """Return the whole line of a tag that stands alone beside a blank line, else `span`.

    Taking that line away leaves the one blank line that keeps its neighbours apart.
    """
    line = _line_of(text, span.start)
    if not is_alone(text, span) or span.end > line.end:
        return span
    above = _line_of(text, line.start - 1).slice(text) if line.start else ""
    under = line.end + (2 if text.startswith("\r\n", line.end) else 1)
    below = _line_of(text, under).slice(text) if under < len(text) else ""
    if above.strip() and below.strip():
        return span
    return Span(line.start, min(under, len(text)))


def as_block(text: str, span: Span, block: str) -> str:
    """Return `block` as it must be written for `span` to stand between blank lines."""
    further = continuation(text, span.start)
    prefix = further or ""
    blank = prefix.rstrip()
    first, last = _line_of(text, span.start), _line_of(text, span.end)
    written = f"\n{prefix}".join(block.split("\n"))
    written = re.sub(r"\n[ \t]+(?=\n)", "\n", written)
    above = _line_of(text, first.start - 1).slice(text) if first.start else ""
    begins_item = bool(text[first.start : span.start].strip(_UNSEEN))
    if further is None:
        written = f"\n{blank}\n{written}"
    elif above.strip(_UNSEEN) and not begins_item:
        written = f"{blank[len(prefix) :]}\n{prefix}{written}"
    under = last.end + (2 if text.startswith("\r\n", last.end) else 1)
    below = _line_of(text, under).slice(text) if under < len(text) else ""
    if text[span.end : last.end].strip():
        return f"{written}\n{blank}\n{prefix}"
    return f"{written}\n{blank}" if below.strip(_UNSEEN) else written
