"""Directives: where they stand in a text, and what they say.

MyST writes them as fences, of backticks, tildes or colons, whose info string opens with a name
in braces (https://mystmd.org/guide/syntax-overview,
https://myst-parser.readthedocs.io/en/latest/syntax/roles-and-directives.html).
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bookpack.model import Structure
from bookpack.read.front_matter import read_yaml
from bookpack.read.markdown import parse_markdown
from bookpack.source import Span

NAME = r"\{(?P<name>[A-Za-z][\w:.+-]*)\}"
_OPENING = re.compile(rf"(?P<marks>`{{3,}}|~{{3,}}|:{{3,}})[ \t]*{NAME}[ \t]*(?P<argument>.*)")
_COLON_OPENING = re.compile(
    rf"^(?P<prefix>[ \t>]*(?:(?:[-*+]|\d{{1,9}}[.)])[ \t]+)?)(?P<marks>:{{3,}})[ \t]*{NAME}", re.M
)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_OPTION = re.compile(r":([\w.-]+):(?:[ \t]+(.*?))?[ \t]*\Z")
_MOST_READINGS = 20


class Passage:
    """A stretch of text with the author's offset of each of its lines.

    The body of a directive loses the marks of what it stands in (blanks, `>`), and its lines
    still know where they come from.
    """

    def __init__(self, text: str, origins: Sequence[int] | None = None) -> None:
        """Take `origins`, one for each line, or None for the author's own text."""
        self.text = text
        self._origins = origins
        self._starts: list[int] | None = None

    @classmethod
    def of_lines(cls, lines: Sequence[tuple[str, int]]) -> "Passage":
        """Join lines, each without its line end and with its author's offset."""
        return cls("\n".join(line for line, _ in lines), [origin for _, origin in lines])

    def place(self, span: Span) -> Span:
        """Return where `span` stands in the author's text."""
        if self._origins is None:
            return span
        start = self._origin(span.start)
        return Span(start, start + len(span.slice(self.text).split("\n", 1)[0]))

    def lines(self) -> list[tuple[str, int]]:
        """Return the lines without their ends, each with the author's offset."""
        return [
            (match[0].rstrip("\r\n"), self._origin(match.start()))
            for match in each_line(self.text, Span(0, len(self.text)))
        ]

    def _origin(self, offset: int) -> int:
        if self._origins is None:
            return offset
        if not self._origins:
            return 0
        if self._starts is None:
            lines = each_line(self.text, Span(0, len(self.text)))
            self._starts = [match.start() for match in lines] or [0]
        index = min(bisect_right(self._starts, offset), len(self._origins)) - 1
        return self._origins[index] + offset - self._starts[index]


@dataclass(frozen=True, slots=True)
class Directive:
    """A directive. `span` is its place in the passage, from the first mark to the last one.

    `prefix` is what stands before its further lines (blanks and `>` of what it stands in).
    `tight` tells that the body follows without a blank line.
    """

    span: Span
    name: str
    argument: str
    argument_place: int
    options: Mapping[str, str]
    body: Passage
    prefix: str
    tight: bool
    problem: str = ""


@dataclass(slots=True)
class Reading:
    """A passage as it was read: directives, and a structure for each stretch between some.

    Inside a directive of colons anything may stand, an odd number of code fences too; then
    what follows has to be read anew, and `stretches` has more than one entry.
    """

    directives: list[Directive] = field(default_factory=list)
    stretches: list[tuple[int, int, Structure]] = field(default_factory=list)


def each_line(text: str, span: Span) -> Iterator[re.Match[str]]:
    """Yield the lines of `span`; the last one may lack its end."""
    position = span.start
    while position < span.end and (match := _LINE.match(text, position, span.end)):
        yield match
        position = match.end()


def read_passage(passage: Passage, structure: Structure, start: int = 0) -> Reading:
    """Find the outermost directives of `passage`, in order, code left alone."""
    text = passage.text
    reading = Reading()
    position = start
    for _ in range(_MOST_READINGS):
        again = _read_stretch(passage, structure, position, reading)
        if again is None:
            break
        position, before = again, position
        reading.stretches.append((before, position, structure))
        structure = parse_markdown(text, start=position)
    reading.stretches.append((position, len(text) + 1, structure))
    return reading


def _read_stretch(
    passage: Passage, structure: Structure, start: int, reading: Reading
) -> int | None:
    """Add the directives from `start` on; return where reading must begin anew, if it must."""
    text = passage.text
    code = structure.code
    colons = list(_COLON_OPENING.finditer(text, start)) if ":::" in text else []
    candidates: list[tuple[int, int, re.Match[str] | None]] = [
        (span.start, span.end, None) for span in code if text[span.start] in "`~"
    ]
    candidates += [(match.start("marks"), 0, match) for match in colons]
    end_of_last = start
    for opening, end, colon in sorted(candidates, key=lambda candidate: candidate[0]):
        if opening < end_of_last:
            continue
        if colon is not None:
            if code.holding(opening) is not None:
                continue
            end = _end_of_colons(text, opening, len(colon["marks"]))
        elif not text.startswith(text[opening] * 3, opening) or not _is_closed(text, opening, end):
            continue
        directive = _parse(passage, opening, end)
        if directive is None:
            continue
        reading.directives.append(directive)
        end_of_last = end
        if colon is not None and any(span.start < end < span.end for span in code):
            return end
    return None


def _is_closed(text: str, start: int, end: int) -> bool:
    """Tell a closed fence from an indented block or one that nobody closed.

    The parser's range of those includes the line end.
    """
    last = text[max(text.rfind("\n", start, end), text.rfind("\r", start, end)) + 1 : end]
    marks = last.lstrip(" \t>")
    opened = len(text[start:end]) - len(text[start:end].lstrip(text[start]))
    return set(marks) == {text[start]} and len(marks) >= opened


def _end_of_colons(text: str, start: int, count: int) -> int:
    """Return where the closing line of colons ends; the end of the text where there is none."""
    closing = re.compile(rf"^[ \t>]*:{{{count},}}(?=[ \t]*(?:\r|\n|\Z))", re.M).search(text, start)
    return closing.end() if closing else len(text)


def _parse(passage: Passage, start: int, end: int) -> Directive | None:
    text = passage.text
    opening = _OPENING.match(text, start, end)
    if opening is None:
        return None
    line_start = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    prefix = re.sub(r"[^\s>]", " ", text[line_start:start])
    lines = list(each_line(text, Span(start, end)))
    closed = len(lines) > 1 and set(lines[-1][0].strip(" \t>")) == {opening["marks"][0]}
    body: list[tuple[str, int]] = []
    for match in lines[1 : -1 if closed else None]:
        cut = _prefix_length(match[0], prefix)
        origin = passage.place(Span(match.start() + cut, match.start() + cut)).start
        body.append((match[0][cut:].rstrip("\r\n"), origin))
    options, used, problem = read_options([line for line, _ in body])
    rest = body[used:]
    blank = 0
    while blank < len(rest) and not rest[blank][0].strip():
        blank += 1
    while rest and not rest[-1][0].strip():
        rest.pop()
    place = passage.place(Span(*opening.span("argument"))).start
    return Directive(
        Span(start, end),
        opening["name"].casefold(),
        opening["argument"].strip(),
        place,
        options,
        Passage.of_lines(rest[blank:]),
        prefix,
        tight=not blank,
        problem=problem if closed else "it is never closed",
    )


def _prefix_length(line: str, prefix: str) -> int:
    if line.startswith(prefix):
        return len(prefix)
    length = 0
    while length < min(len(prefix), len(line)) and line[length] in " \t>":
        length += 1
    return length


def read_options(lines: Sequence[str]) -> tuple[dict[str, str], int, str]:
    """Read the options at the head of a directive's body: `:key: value` lines, or YAML.

    Return them, how many lines they take, and what is wrong with them.
    """
    if lines and lines[0].rstrip() == "---":
        end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), 0)
        if end:
            values, complaint = read_yaml("\n".join(lines[1:end]))
            problem = "its options are no valid YAML" if complaint else ""
            named = {str(key): _as_text(value) for key, value in (values or {}).items()}
            return named, end + 1, problem
    options: dict[str, str] = {}
    used = 0
    for line in lines:
        match = _OPTION.match(line)
        if match:
            options[match[1]] = match[2] or ""
        elif options and line[:1] in " \t" and line.strip():
            last = next(reversed(options))
            options[last] = f"{options[last]} {line.strip()}".strip()
        else:
            break
        used += 1
    return options, used, ""


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None or isinstance(value, dict) else str(value)
