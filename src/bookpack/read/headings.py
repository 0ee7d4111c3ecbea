"""Headings as the parser saw them → headings with anchors and addresses."""

import re
from collections.abc import Callable
from typing import NamedTuple

from bookpack.model import AddressLine, Heading
from bookpack.read.anchors import AnchorNumbers, AnchorRule
from bookpack.read.byte_offsets import ByteOffsets
from bookpack.source import Span

EXPLICIT_ANCHOR = re.compile(
    r"[ \t]*(?<!\\)\{(?:(?:[^{}]*[ \t])?#([^\s{}]+)[^{}]*|\.[^{}]*)\}[ \t]*$"
)
"""Braces behind a heading that name its anchor or classes: no part of its text."""
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
    text: str,
    raw: list[RawHeading],
    offsets: ByteOffsets,
    rule: AnchorRule,
    owns: Callable[[str], bool] | None = None,
) -> tuple[Heading, ...]:
    """Give each heading its anchor: stated in `{#…}` or a `url:` line, else by `rule`.

    `owns` tells whether an address without its fragment is the chapter's own; a `url:` line
    that names another place is the author's text. Without it, every line is believed.
    """
    finished = []
    stated = set()
    for index, heading in enumerate(raw):
        span = offsets.span(heading.start, heading.end)
        title, anchor = _title_and_anchor(heading.text, span.slice(text))
        if anchor:
            stated.add(index)
        elif rule.from_source:
            anchor = rule.slug(EXPLICIT_ANCHOR.sub("", _source_line(span.slice(text))).strip())
        else:
            anchor = rule.slug(title)
        address = None
        line = _ADDRESS_LINE.match(text, span.end) if heading.outermost else None
        if line and _is_metadata(line[2], is_first=index == 0, owns=owns):
            address = AddressLine(Span(line.start(1), line.end()), line[2])
            # An address with a fragment names the anchor, whatever rule once made it.
            fragment = address.address.partition("#")[2]
            if fragment:
                anchor = fragment
                stated.add(index)
        finished.append(Heading(heading.level, title, anchor, span, heading.outermost, address))
    # What an author states is an address that others know: the rule numbers around it.
    numbers = AnchorNumbers(rule)
    for index in sorted(range(len(finished)), key=lambda index: index not in stated):
        anchor = numbers.claim(finished[index].anchor)
        finished[index] = finished[index]._replace(anchor=anchor)
    return tuple(finished)


def _title_and_anchor(plain: str, block: str) -> tuple[str, str]:
    """Return a heading's text, and the anchor that braces behind it name, if any.

    The braces must stand in the source as well: escaped ones are text.
    """
    explicit = EXPLICIT_ANCHOR.search(plain)
    if explicit is None or not EXPLICIT_ANCHOR.search(_source_line(block)):
        return " ".join(plain.split()), ""
    return " ".join(plain[: explicit.start()].split()), explicit[1] or ""


def _is_metadata(address: str, *, is_first: bool, owns: Callable[[str], bool] | None) -> bool:
    page, mark, _ = address.partition("#")
    return owns is None or (is_first and not mark) or owns(page)


def _source_line(block: str) -> str:
    """Return the last line of a heading as written, without its marks."""
    lines = block.strip().splitlines() or [""]
    line = lines[-2] if len(lines) > 1 else _CLOSING_MARKS.sub("", lines[0].lstrip("#"))
    return line.strip()
