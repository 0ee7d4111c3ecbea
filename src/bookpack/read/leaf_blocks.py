"""The blocks that hold running text, each as the inline pieces it is made of.

A leaf block is a paragraph, a heading, a table cell, the text of a tight list item, or the
alternative text of an image. CommonMark calls blocks without blocks in them leaf blocks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import pyromark
from pyromark import Options

from bookpack.read.byte_offsets import ByteOffsets
from bookpack.read.markdown import MARKDOWN_OPTIONS, as_the_parser_reads
from bookpack.source import Span

_INLINE = frozenset({"Emphasis", "Strong", "Strikethrough", "Superscript", "Subscript"})
_AUTOLINKS = ("Autolink", "Email")


class PieceKind(StrEnum):
    """What a piece of a leaf block is; values are what a reader is told in its place."""

    TEXT = "text"
    """Text that stands in the source as it is shown."""
    SHOWN = "shown"
    """Text that is written otherwise: a character reference."""
    BREAK = "break"
    """A line break, with the marks of quotes and lists that begin the next line."""
    CODE = "code"
    MATH = "math"
    HTML = "html"
    IMAGE = "image"
    LINK = "link"
    """An address between angle brackets, which is its own text."""
    NOTE = "note"
    """The mark of a footnote."""


class Piece(NamedTuple):
    """A piece of a leaf block; `text` is what it shows (text, character reference) or says."""

    kind: PieceKind
    span: Span
    text: str


@dataclass(slots=True)
class LeafBlock:
    """A leaf block: `kind` is paragraph, heading, cell, item or alt; pieces are in order."""

    kind: str
    pieces: list[Piece] = field(default_factory=list)


def leaf_blocks(text: str, *, start: int = 0, math: bool = True) -> list[LeafBlock]:
    """Return every leaf block of `text` from offset `start` on; spans are its code points."""
    return _Reader(text, start, math).run()


def skeleton(text: str, *, start: int = 0, math: bool = True) -> list[tuple[str, int, int]]:
    """Return everything but running text: what it is and from where to where, in code points.

    Two texts with the same skeleton are built alike. A link's or heading's data is part of
    what it is, so that a changed target is a changed skeleton.
    """
    body = as_the_parser_reads(text, start)
    offsets = ByteOffsets(body, start)
    return [
        (name, offsets.code_point(first), offsets.code_point(last))
        for name, first, last in _named_events(body, math)
    ]


def _named_events(body: str, math: bool) -> Iterator[tuple[str, int, int]]:
    event: Any
    for event, place in _events(body, math):
        if type(event) is str:
            if event == "SoftBreak":
                continue
            name = event
        else:
            kind, value = next(iter(event.items()))
            if kind == "Text":
                continue
            name = f"{kind} {value}"
        yield name, place["start"], place["end"]


def _events(body: str, math: bool) -> Any:
    options = MARKDOWN_OPTIONS | Options.ENABLE_MATH if math else MARKDOWN_OPTIONS
    return pyromark.events_with_range(body, options=options)


class _Reader:
    """One run over the events of one text."""

    def __init__(self, text: str, start: int, math: bool) -> None:
        self.body = as_the_parser_reads(text, start)
        self.data = self.body.encode()
        self.math = math
        self.offsets = ByteOffsets(self.body, start)
        self.blocks: list[LeafBlock] = []
        self.block: LeafBlock | None = None
        self.alts: list[LeafBlock] = []
        self.kinds: list[str] = []
        self.in_code = self.in_html = False
        self.in_autolink = False
        self.images = 0

    def run(self) -> list[LeafBlock]:
        event: Any
        for event, place in _events(self.body, self.math):
            start, end = place["start"], place["end"]
            if type(event) is str:
                if event == "SoftBreak" or event == "HardBreak":
                    self._add(PieceKind.BREAK, start, end, "\n")
                continue
            kind, value = event.popitem()
            if kind == "Start":
                self._start(value, start, end)
            elif kind == "End":
                self._end(value if type(value) is str else next(iter(value)))
            elif kind == "Text":
                self._text(value, start, end)
            elif kind == "Code":
                self._add(PieceKind.CODE, start, end, value)
            elif kind in ("InlineMath", "DisplayMath"):
                self._add(PieceKind.MATH, start, end, value)
            elif kind == "InlineHtml":
                self._add(PieceKind.HTML, start, end, value)
            elif kind == "FootnoteReference":
                self._add(PieceKind.NOTE, start, end, value)
        self._close()
        return [block for block in self.blocks if block.pieces]

    def _start(self, value: Any, start: int, end: int) -> None:
        name: str
        data: Any
        name, data = (value, {}) if type(value) is str else next(iter(value.items()))
        if name in _INLINE:
            return
        if name == "Link":
            self.in_autolink = data["link_type"] in _AUTOLINKS
            if self.in_autolink:
                self._add(PieceKind.LINK, start, end, data["dest_url"])
            return
        if name == "Image":
            if not self.images:
                self._add(PieceKind.IMAGE, start, end, "")
                self.alts.append(LeafBlock("alt"))
            self.images += 1
            return
        self._close()
        self.kinds.append(name)
        self.in_code = self.in_code or name == "CodeBlock"
        self.in_html = self.in_html or name == "HtmlBlock"

    def _end(self, name: str) -> None:
        if name in _INLINE:
            return
        if name == "Link":
            self.in_autolink = False
        elif name == "Image":
            self.images -= 1
        else:
            self._close()
            self.kinds.pop()
            self.in_code = "CodeBlock" in self.kinds
            self.in_html = "HtmlBlock" in self.kinds

    def _text(self, value: str, start: int, end: int) -> None:
        if self.in_code or self.in_html or self.in_autolink or start >= end:
            return
        written = self.data[start:end].decode()
        self._add(PieceKind.TEXT if written == value else PieceKind.SHOWN, start, end, value)

    def _add(self, kind: PieceKind, start: int, end: int, text: str) -> None:
        piece = Piece(kind, self.offsets.span(start, end), text)
        if self.images:
            self.alts[-1].pieces.append(piece)
            return
        if self.block is None:
            self.block = LeafBlock(_KIND_OF.get(self.kinds[-1] if self.kinds else "", "item"))
        self.block.pieces.append(piece)

    def _close(self) -> None:
        if self.block is not None:
            self.blocks.append(self.block)
            self.block = None
        self.blocks += self.alts
        self.alts = []


_KIND_OF = {"Paragraph": "paragraph", "Heading": "heading", "TableCell": "cell"}
