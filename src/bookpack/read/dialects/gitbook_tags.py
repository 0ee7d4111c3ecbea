"""GitBook's tags in a text: blocks, the quote marks of hints, and lines that hold tags alone."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from sys import maxsize

from bookpack.model import SpanList
from bookpack.read.dialects.places import block_indent, line_end, line_start, next_line
from bookpack.source import Edit, Span

TAG = re.compile(r"\{%-?[ \t]*(@?[A-Za-z][\w@/.-]*)((?:[^%{]|%(?!\})|\{(?!%))*?)-?%\}")
_ARGUMENT = re.compile(
    r"([\w-]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|([^\s,\"']+))"
)
_LINE_START = re.compile(r"^", re.M)


@dataclass(slots=True)
class Block:
    """A tag, and the one that closes it where there is one."""

    name: str
    arguments: str
    span: Span
    closing: Span | None = None

    def value(self, name: str) -> str:
        """Return the argument `name="…"`, empty where there is none."""
        for key, double, single, bare in _ARGUMENT.findall(self.arguments):
            if key == name:
                return re.sub(r"\\(.)", r"\1", double or single or bare)
        return ""

    @property
    def inside(self) -> Span | None:
        """What stands between the tags."""
        return Span(self.span.end, self.closing.start) if self.closing else None


def pair_tags(text: str, code: SpanList, start: int) -> tuple[list[Block], list[tuple[str, Span]]]:
    """Return the tags outside of code with what closes them, and closing tags without a partner."""
    blocks: list[Block] = []
    opened: list[Block] = []
    names: Counter[str] = Counter()
    lonely: list[tuple[str, Span]] = []
    for match in TAG.finditer(text, start):
        if code.holding(match.start()):
            continue
        name, span = match[1], Span(*match.span())
        if not name.startswith("end"):
            blocks.append(Block(name, match[2], span))
            opened.append(blocks[-1])
            names[name] += 1
            continue
        partner = name.removeprefix("end")
        if not names[partner]:
            lonely.append((partner, span))
            continue
        while (block := opened.pop()).name != partner:
            names[block.name] -= 1
        names[partner] -= 1
        block.closing = span
    return blocks, lonely


def outermost(spans: Iterable[Span]) -> list[Span]:
    """Return those of `spans`, given in order, that lie in no other."""
    found: list[Span] = []
    for span in spans:
        if not found or span.start >= found[-1].end:
            found.append(span)
    return found


def lies_in(inner: Span, outers: Sequence[Span]) -> bool:
    """Tell whether one of `outers`, which are in order and apart, holds `inner`."""
    index = bisect_right(outers, (inner.start, maxsize)) - 1
    return index >= 0 and inner.end <= outers[index].end


class Quotes:
    """Which lines stand in how many hints, and the quote marks that say so."""

    def __init__(self, text: str, hints: Iterable[Block]) -> None:
        self.text = text
        self._depths: dict[int, int] = {}
        self._indents: dict[int, str] = {}
        for hint in hints:
            assert hint.closing is not None
            indent = block_indent(text, hint.span.start) or ""
            last = hint.closing.start
            if not text[line_start(text, last) : last].strip(" \t>"):
                last = line_start(text, last)
            line = next_line(text, hint.span.end)
            while line < last:
                self._depths[line] = self._depths.get(line, 0) + 1
                self._indents.setdefault(line, indent)
                line = next_line(text, line)

    def marks(self, offset: int) -> str:
        """Return the quote marks that the line of `offset` gets."""
        return "> " * self._depths.get(line_start(self.text, offset), 0)

    def blank(self, line: int) -> str:
        """Return what a blank line that begins at `line` looks like in its hints."""
        return f"{self._indents.get(line, '')}{self.marks(line)}".rstrip()

    def edits(self, done: "list[Span]", lines: "TagLines") -> Iterator[Edit]:
        """Yield the marks, but not for lines that begin inside the edits `done` or are gone."""
        position = 0
        for line in sorted(self._depths):
            while position < len(done) and done[position].end <= line:
                position += 1
            if (position < len(done) and done[position].start < line) or lines.is_gone(line):
                continue
            end = line_end(self.text, line)
            if not self.text[line:end].strip():
                yield Edit(Span(line, end), self.blank(line))
                continue
            indent, place = self._indents[line], line
            while place - line < len(indent) and self.text[place] in " \t>":
                place += 1
            yield Edit(Span(place, place), self.marks(line))


class TagLines:
    """Lines that hold nothing but tags which leave no trace.

    A run of them, and of the blank lines around, becomes one blank line.
    """

    def __init__(self, text: str, start: int, vanishing: Iterable[Span], quotes: Quotes) -> None:
        self.text = text
        rests: dict[int, str] = {}
        for span in sorted(vanishing):
            line = line_start(text, span.start)
            if line_start(text, span.end) != line:
                continue
            rest = rests.get(line, text[line : line_end(text, line)])
            rests[line] = rest.replace(span.slice(text), "", 1)
        self._lines = {line for line, rest in rests.items() if not rest.strip()}
        self._covered: set[int] = set()
        self.edits = list(self._runs(start, quotes)) if self._lines else []

    def is_gone(self, line: int) -> bool:
        """Tell whether the line that begins at `line` is part of such a run."""
        return line in self._covered

    def _runs(self, start: int, quotes: Quotes) -> Iterator[Edit]:
        text = self.text
        run: list[int] = []
        begins = [match.start() for match in _LINE_START.finditer(text, start)]
        for line in [*begins, len(text)]:
            end = line_end(text, line)
            if line < len(text) and (line in self._lines or not text[line:end].strip()):
                run.append(line)
                continue
            if self._lines.intersection(run):
                self._covered.update(run)
                lowest = min(run, key=lambda at: len(quotes.marks(at)))
                at_edge = line == len(text) or not text[start : run[0]].strip()
                newline = "\r\n" if text.endswith("\r\n", 0, line) else "\n"
                blank = "" if at_edge else f"{quotes.blank(lowest)}{newline}"
                yield Edit(Span(run[0], line), blank)
            run = []
