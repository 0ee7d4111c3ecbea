"""Lines read in a picture, and the order in which a person reads them."""

import itertools
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle in pixels of the picture."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def size(self) -> float:
        """The height of its letters: the shorter side, for lines are longer than high."""
        return min(self.right - self.left, self.bottom - self.top)

    @property
    def middle(self) -> float:
        """How far down its middle is."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text. `confidence` is the engine's own, from 0 to 1.

    `doubtful` are numbers in `text`, as they stand there, that a second reading did not confirm.
    """

    text: str
    confidence: float
    box: Box
    doubtful: tuple[str, ...] = ()


NUMBER = re.compile(r"\d+(?:[.,:/\u2009\u00a0' ]\d+)*")
"""What counts as a number when two readings are compared."""
_HEAD, _FOOT = 3, 2
_COLUMN_LINES = 3
_COLUMN_SHAPE = 8.0


def in_reading_order(boxes: Sequence[Box]) -> list[int]:
    """Return the numbers of `boxes` in reading order: row by row, each from left to right.

    Clear columns of running text are read one after the other; up to three rows above them and
    two below may go across. A column is clear that has three lines at least, on average eight
    times as wide as high, and a gap from top to bottom on both sides; columns of shorter
    pieces are a table or labels.
    """
    rows = _rows(boxes, range(len(boxes)))
    for head in range(min(_HEAD, len(rows)) + 1):
        for foot in range(_FOOT + 1):
            body = [number for row in rows[head : len(rows) - foot] for number in row]
            columns = _columns(boxes, body)
            if columns:
                inner = [row for column in columns for row in _rows(boxes, column)]
                rows[head : len(rows) - foot] = inner
                return list(itertools.chain(*rows))
    return list(itertools.chain(*rows))


def _rows(boxes: Sequence[Box], numbers: Sequence[int]) -> list[list[int]]:
    rows: list[list[int]] = []
    for number in sorted(numbers, key=lambda number: boxes[number].middle):
        box = boxes[number]
        first = boxes[rows[-1][0]] if rows else box
        if rows and box.middle - first.middle < 0.5 * max(box.size, first.size):
            rows[-1].append(number)
        else:
            rows.append([number])
    return [sorted(row, key=lambda number: boxes[number].left) for row in rows]


def _columns(boxes: Sequence[Box], numbers: Sequence[int]) -> list[list[int]]:
    """Return the columns from left to right, none where there are not two clear ones."""
    if len(numbers) < 2 * _COLUMN_LINES:
        return []
    gap = statistics.median(boxes[number].size for number in numbers)
    columns: list[list[int]] = []
    end = 0.0
    for number in sorted(numbers, key=lambda number: boxes[number].left):
        box = boxes[number]
        if columns and box.left < end + gap:
            columns[-1].append(number)
        else:
            columns.append([number])
        end = max(end, box.right)
    clear = len(columns) > 1 and all(_is_clear(boxes, column) for column in columns)
    return columns if clear else []


def _is_clear(boxes: Sequence[Box], column: Sequence[int]) -> bool:
    shapes = [(boxes[n].right - boxes[n].left) / max(boxes[n].size, 1.0) for n in column]
    return len(column) >= _COLUMN_LINES and statistics.fmean(shapes) >= _COLUMN_SHAPE
