"""Immutable text, places in it, and the one function that changes text.

Everything that happens to a book is an `Edit` on a `Source`. Offsets are code points
(indices into a Python string), never bytes; spans are half open, `[start, end)`.
This module must not know Markdown.
"""

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_LINE_END = re.compile(r"\r\n|\n|\r")
_HANDLER = "bookpack-undecodable"
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")


class Span(NamedTuple):
    """A place in a text: code points `start` up to and without `end`."""

    start: int
    end: int

    def slice(self, text: str) -> str:
        """Return the part of `text` that this span covers."""
        return text[self.start : self.end]

    def shifted(self, by: int) -> "Span":
        """Return the same span `by` code points further on."""
        return Span(self.start + by, self.end + by)


class Edit(NamedTuple):
    """Replace what stands at `span` by `text`. An empty span inserts, an empty text deletes."""

    span: Span
    text: str


class Position(NamedTuple):
    """Line and column as editors count them: both from 1, columns in code points."""

    line: int
    column: int


class OverlappingEditsError(ValueError):
    """Two edits claim the same code points, or insert at the same place."""


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Apply `edits` to `text`; the order in which they are given does not matter.

    Raises `OverlappingEditsError` when two edits share a code point or insert at one offset
    (their order would then decide the result), and `ValueError` for a span outside the text.
    An insertion at the edge of a replacement is no overlap.
    """
    ordered = sorted(edits)
    pieces: list[str] = []
    position = 0
    previous: Edit | None = None
    for edit in ordered:
        (start, end), replacement = edit
        if not 0 <= start <= end <= len(text):
            raise ValueError(f"span {start}..{end} lies outside a text of {len(text)} code points")
        if previous is not None and (start < position or edit.span == previous.span):
            raise OverlappingEditsError(f"{previous} and {edit} claim the same place")
        pieces.append(text[position:start])
        pieces.append(replacement)
        position = end
        previous = edit
    pieces.append(text[position:])
    return "".join(pieces)


@dataclass(frozen=True)
class Source:
    """The text of one file, exactly as its author wrote it.

    `text` keeps every line ending; `newline` is the style that most lines have and that
    inserted lines should use. `bom` tells whether a byte order mark stood before the text.
    `encoding` is `utf-8` or one of the UTF-16 forms. `undecodable` lists the code points (all
    U+FFFD) that stand for bytes which are not text in that encoding; such a source cannot be
    written back.
    """

    path: str
    text: str
    newline: str = "\n"
    bom: bool = False
    encoding: str = "utf-8"
    undecodable: tuple[int, ...] = ()

    @classmethod
    def from_bytes(cls, path: str, data: bytes) -> "Source":
        """Decode `data`; never raises, see `undecodable`."""
        encoding, bom = "utf-8", False
        for mark, marked_encoding in _BYTE_ORDER_MARKS:
            if data.startswith(mark):
                encoding, bom, data = marked_encoding, True, data[len(mark) :]
                break
        undecodable: tuple[int, ...] = ()
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            text, undecodable = _decode_with_replacements(data, encoding)
        return cls(path, text, _dominant_newline(text), bom, encoding, undecodable)

    def to_bytes(self, text: str | None = None) -> bytes:
        """Encode `text` (by default this source's own) the way the file was encoded.

        Raises `ValueError` when the file held undecodable bytes: they could not be restored.
        """
        if self.undecodable:
            raise ValueError(f"{self.path} holds bytes that are not {self.encoding}")
        body = (self.text if text is None else text).encode(self.encoding)
        if not self.bom:
            return body
        return next(mark for mark, name in _BYTE_ORDER_MARKS if name == self.encoding) + body

    def position(self, offset: int) -> Position:
        """Return the line and column of the code point at `offset`."""
        line = bisect_right(self.line_starts, offset)
        return Position(line, offset - self.line_starts[line - 1] + 1)

    def offset(self, line: int, column: int) -> int:
        """Return the offset of `line` and `column`, both from 1.

        Raises `ValueError` when the text has no such place.
        """
        starts = self.line_starts
        if 1 <= line <= len(starts) and column >= 1:
            offset = starts[line - 1] + column - 1
            end = starts[line] if line < len(starts) else len(self.text) + 1
            if offset < end:
                return offset
        raise ValueError(f"{self.path} has no line {line}, column {column}")

    def in_author_text(self, span: Span) -> Span | None:
        """Return where `span` stands in the author's file: here, the same place."""
        return span

    @cached_property
    def line_starts(self) -> Sequence[int]:
        """Offsets at which lines begin; `\\n`, `\\r\\n` and a lone `\\r` end a line."""
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]


class Run(NamedTuple):
    """A stretch of a translated text that was copied: `length` code points from `origin`."""

    start: int
    origin: int
    length: int


@dataclass(frozen=True)
class TranslatedSource(Source):
    """A source after edits that live in memory alone; places are told in the author's text.

    `runs` are the copied stretches in order; what lies between them was written by an edit.
    """

    author: Source | None = None
    runs: tuple[Run, ...] = ()

    @classmethod
    def of(cls, source: Source, edits: Iterable[Edit]) -> "TranslatedSource":
        """Apply `edits` to `source` and remember what came from where."""
        runs: list[Run] = []
        ordered = sorted(edits)
        text = apply_edits(source.text, ordered)
        here = position = 0
        for (start, end), replacement in [
            *ordered,
            Edit(Span(len(source.text), len(source.text)), ""),
        ]:
            if start > position:
                runs.append(Run(here, position, start - position))
                here += start - position
            here += len(replacement)
            position = end
        return cls(
            source.path,
            text,
            source.newline,
            source.bom,
            source.encoding,
            source.undecodable,
            source,
            tuple(runs),
        )

    def position(self, offset: int) -> Position:
        """Return where the author finds what stands at `offset`."""
        assert self.author is not None
        return self.author.position(self.origin(offset))

    def origin(self, offset: int) -> int:
        """Return the author's offset for `offset`; for written text, that of what it replaced."""
        index = bisect_right(self._run_starts, offset) - 1
        if index < 0:
            return 0
        run = self.runs[index]
        return run.origin + min(offset - run.start, run.length)

    def in_author_text(self, span: Span) -> Span | None:
        """Return the same stretch in the author's text, None where an edit wrote part of it."""
        index = bisect_right(self._run_starts, span.start) - 1
        if index < 0:
            return None
        run = self.runs[index]
        if span.end > run.start + run.length:
            return None
        return span.shifted(run.origin - run.start)

    @cached_property
    def _run_starts(self) -> Sequence[int]:
        return [run.start for run in self.runs]


def normalise_newlines(text: str) -> str:
    """Return `text` with every line ending as a single line feed."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _dominant_newline(text: str) -> str:
    if "\r" not in text:
        return "\n"
    windows = text.count("\r\n")
    counts = {"\n": text.count("\n") - windows, "\r\n": windows, "\r": text.count("\r") - windows}
    return max(counts, key=lambda style: counts[style])


def _decode_with_replacements(data: bytes, encoding: str) -> tuple[str, tuple[int, ...]]:
    # Linear even for a file of nothing but noise, which a loop over UnicodeDecodeError is not.
    # A lone surrogate can come from nowhere else, unlike the replacement character itself.
    text = data.decode(encoding, errors="surrogateescape" if encoding == "utf-8" else _HANDLER)
    places = tuple(match.start() for match in _ESCAPED_BYTE.finditer(text))
    return _ESCAPED_BYTE.sub("\ufffd", text), places


def _mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end


codecs.register_error(_HANDLER, _mark_undecodable)
