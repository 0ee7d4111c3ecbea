"""Lines that remember where their author wrote them, for dialects that rearrange lines.

A dialect that takes indents away, puts `> ` before lines or includes files works on lines.
What it leaves alone of a line still stands in the author's file: `edits_of` finds the smallest
edits that make one text of the other, so that findings point to the author's own lines.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from bookpack.source import Edit, Span

_LINE = re.compile(r"([^\r\n]*)(\r\n|\n|\r|\Z)")
_TAB = 4


class Line(NamedTuple):
    """A line without its end: `written` before `text`, which stands at `place`.

    `copied` tells that `text` is the author's at that very place. Of any other line `place`
    is where the author caused it, and `text` is written like the rest.
    """

    text: str
    place: int
    copied: bool = False
    written: str = ""

    @property
    def blank(self) -> bool:
        """Whether nothing can be seen of the line."""
        return not self.text.strip() and not self.written.strip()

    @property
    def indent(self) -> int:
        """The columns before the first letter of `text`."""
        text = self.text
        stripped = text.lstrip(" \t")
        return len(text[: len(text) - len(stripped)].expandtabs(_TAB))

    def without_indent(self, columns: int) -> "Line":
        """Return the line with so many columns of its indent taken away."""
        at, column = 0, 0
        while at < len(self.text) and column < columns and self.text[at] in " \t":
            column += 1 if self.text[at] == " " else _TAB - column % _TAB
            at += 1
        rest = " " * max(0, column - columns)
        return Line(self.text[at:], self.place + (at if self.copied else 0), self.copied, rest)

    def behind(self, written: str) -> "Line":
        """Return the line with `written` before it; a blank line keeps no blanks."""
        before = written + self.written
        return self._replace(written=before if self.text else before.rstrip())


class Piece(NamedTuple):
    """A stretch of a new text; `origin` is where it stands in the old one, if it does."""

    text: str
    origin: int | None


def split_lines(text: str, start: int = 0) -> list[Line]:
    """Return the lines of `text` from `start` on, the last one without a line end."""
    lines = []
    position = start
    while True:
        match = _LINE.match(text, position)
        assert match is not None
        lines.append(Line(match[1], position, copied=True))
        if not match[2]:
            return lines
        position = match.end()


def pieces_of(text: str, start: int, lines: Sequence[Line]) -> list[Piece]:
    """Return the new text that `lines` make, after what stands before `start`."""
    pieces = [Piece(text[:start], 0)] if start else []
    reached = start
    for number, line in enumerate(lines):
        if number:
            end = _LINE.match(text, reached)
            copied = bool(end and not end[1] and end[2])
            pieces.append(Piece(end[2] if end and copied else "\n", reached if copied else None))
            reached += len(pieces[-1].text) if copied else 0
        if line.written:
            pieces.append(Piece(line.written, None))
        if line.text:
            moves_on = line.copied and line.place >= reached
            pieces.append(Piece(line.text, line.place if moves_on else None))
        if line.copied and line.place + len(line.text) >= reached:
            reached = line.place + len(line.text)
    return pieces


def cut(pieces: Iterable[Piece], edits: Iterable[Edit]) -> list[Piece]:
    """Apply `edits`, whose places are those of the new text, to its pieces."""
    result: list[Piece] = []
    waiting = sorted(edits, reverse=True)
    here = 0
    for text, origin in pieces:
        end, used = here + len(text), 0
        while waiting and waiting[-1].span.start < end:
            (start, stop), replacement = waiting[-1]
            if start > here + used:
                result.append(_part(text, origin, used, start - here))
            if start >= here and replacement:
                result.append(Piece(replacement, None))
            used = max(used, min(stop, end) - here)
            if stop > end:
                waiting[-1] = Edit(Span(end, stop), "")
                break
            waiting.pop()
        if used < len(text):
            result.append(_part(text, origin, used, len(text)))
        here = end
    result += (Piece(edit.text, None) for edit in reversed(waiting) if edit.text)
    return result


def edits_of(text: str, pieces: Iterable[Piece]) -> tuple[Edit, ...]:
    """Return the edits that make the new text of the old one."""

    def gaps() -> Iterator[Edit]:
        position, written = 0, ""
        for piece in pieces:
            if piece.origin is None or piece.origin < position:
                written += piece.text
                continue
            if written or piece.origin > position:
                yield Edit(Span(position, piece.origin), written)
            position, written = piece.origin + len(piece.text), ""
        if written or position < len(text):
            yield Edit(Span(position, len(text)), written)

    return tuple(edit for edit in gaps() if edit.span.slice(text) != edit.text)


class Origins:
    """Where the stretches of a new text come from."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self.starts: list[int] = []
        self.origins: list[tuple[int, int]] = []
        here = last = 0
        for text, origin in pieces:
            self.starts.append(here)
            self.origins.append((last, 0) if origin is None else (origin, len(text)))
            last = last if origin is None else origin + len(text)
            here += len(text)

    def span(self, span: Span) -> Span:
        """Return the place in the old text for `span`; for written text, where it was caused."""
        start = self._of(span.start)
        return Span(
            start, max(start, self._of(span.end - 1) + 1) if span.end > span.start else start
        )

    def _of(self, offset: int) -> int:
        index = bisect_right(self.starts, offset) - 1
        if index < 0:
            return 0
        origin, length = self.origins[index]
        return origin + min(offset - self.starts[index], length)


def _part(text: str, origin: int | None, start: int, end: int) -> Piece:
    return Piece(text[start:end], None if origin is None else origin + start)
