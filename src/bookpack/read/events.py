"""The parser's events of a chapter that has been read, for editions that are not Markdown.

An edition that renders from the events that gave the `Structure` shows the same headings, links
and images, at the same places, as everything else that was said about the chapter.
"""

from collections.abc import Iterator
from typing import Any

import pyromark
from pyromark import Options

from bookpack.model import Structure
from bookpack.read.byte_offsets import ByteOffsets
from bookpack.read.markdown import as_the_parser_reads, markdown_options


def markdown_events(
    text: str, structure: Structure, *, math: bool = True
) -> tuple[Iterator[Any], ByteOffsets]:
    """Return pyromark's events with their byte ranges, and what turns those into code points.

    `structure` is what reading `text` gave, with the same `math`. Quotes that open with a mark
    such as `[!NOTE]` are told by kind. Address lines are metadata and give no event.
    """
    body = as_the_parser_reads(text, structure.body_start)
    offsets = ByteOffsets(body, structure.body_start)
    for heading in reversed(structure.headings):
        if heading.address is not None:
            start, end = heading.address.span.shifted(-structure.body_start)
            line = body[start:end].rstrip("\r\n")
            # As many blanks as bytes, so that what follows stays where it is.
            body = body[:start] + " " * len(line.encode()) + body[start + len(line) :]
    options = markdown_options(math=math) | Options.ENABLE_GFM
    return pyromark.events_with_range(body, options=options, merge_text=True), offsets
