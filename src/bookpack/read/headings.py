"""Headings as the parser saw them → headings with anchors and addresses."""

import re
from typing import NamedTuple

from bookpack.model import AddressLine, Heading
from bookpack.read.anchors import AnchorNumbers, AnchorRule
from bookpack.read.byte_offsets import ByteOffsets
from bookpack.source import Span

_EXPLICIT_ANCHOR = re.compile(
    r"[ \t]*\{(?:[^{}]*[ \t])?#([^\s{}]+)[^{}]*\}[ \t]*$|[ \t]*\{\.[^{}]*\}[ \t]*$"
)
_CLOSING_MARKS = re.compile(r"(?:^|[ \t])#+[ \t]*$")
_ADDRESS_LINE = re.compile(
    r"(?:[ \t]*(?:\r\n|\n|\r))?(url:[ \t]*(https?://\S+|/\S*)[ \t]*)(?:\r\n|\n|\r|\Z)"
)


class RawHeading(NamedTuple):
    """A heading with the parser's byte range; `text` may end in `{#anchor}`."""

    level: int
    text: str
    start: int
    end: int
    outermost: bool


def finish_headings(
    text: str, raw: list[RawHeading], offsets: ByteOffsets, rule: AnchorRule
) -> tuple[Heading, ...]:
    """Give each heading its anchor: stated in `{#…}` or a `url:` line, else by `rule`."""
    numbers = AnchorNumbers(rule)
    finished = []
    for heading in raw:
        span = offsets.span(heading.start, heading.end)
        explicit = _EXPLICIT_ANCHOR.search(heading.text)
        title = heading.text[: explicit.start()] if explicit else heading.text
        title = " ".join(title.split())
        plain = _source_line(span.slice(text)) if rule.from_source else title
        anchor = explicit[1] if explicit and explicit[1] else rule.slug(plain)
        address = None
        line = _ADDRESS_LINE.match(text, span.end) if heading.outermost else None
        if line:
            address = AddressLine(Span(line.start(1), line.end()), line[2])
            # An address with a fragment names the anchor, whatever rule once made it.
            anchor = address.address.partition("#")[2] or anchor
        anchor = numbers.claim(anchor)
        finished.append(Heading(heading.level, title, anchor, span, heading.outermost, address))
    return tuple(finished)


def _source_line(block: str) -> str:
    """Return the last line of a heading as written, without its marks and attributes."""
    lines = block.strip().splitlines() or [""]
    line = lines[-2] if len(lines) > 1 else _CLOSING_MARKS.sub("", lines[0].lstrip("#"))
    return _EXPLICIT_ANCHOR.sub("", line).strip()
