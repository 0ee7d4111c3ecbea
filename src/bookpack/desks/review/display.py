"""A suggestion as lines of text: its sentence with a word diff, in colour or without."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from bookpack.desks.review.suggestion import Paragraphs
from bookpack.source import Span

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]*_]*\s+|(?<=[。！？])")
_ABBREVIATION = re.compile(r"\b(?:i\.\s?e|e\.\s?g|cf|vs|viz|approx|resp)\.\Z", re.I)
_BLOCK = re.compile(
    r"^[ \t>]*(?:(?P<over>(?:`{3,}|~{3,}|:{3,})[^\n]*(?:\n|\Z)|#{1,6}[ \t][^\n]*\n)"
    r"|(?:[-*+]|\d{1,9}[.)]|#{1,6})[ \t]|\|)",
    re.M,
)
"""What begins another block without a blank line: a fence or heading, an item, a row."""
_SIDE = 240
"""Code points of a sentence shown on either side of a change."""
_NARROWEST = 10
_LONGEST_DIFF = 2_000
_LEAST_ALIKE = 0.4
# Struck out and underlined as well: not everybody can tell the two colours apart.
_RED, _GREEN, _RESET = "\x1b[9;31m", "\x1b[4;32m", "\x1b[0m"


class Piece(NamedTuple):
    """A run of text that is kept (`=`), taken out (`-`) or put in (`+`)."""

    sign: str
    text: str


def word_diff(before: str, after: str) -> list[Piece]:
    """Return how `before` becomes `after`, word by word."""
    if max(len(before), len(after)) > _LONGEST_DIFF:
        return [Piece(sign, text) for sign, text in (("-", before), ("+", after)) if text]
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    # Two texts with little in common are read more easily one after the other.
    contained = before in after or after in before
    if old and new and not contained and matcher.ratio() < _LEAST_ALIKE:
        return [Piece("-", before), Piece("+", after)]
    pieces = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            pieces.append(Piece("=", "".join(old[a:b])))
            continue
        if b > a:
            pieces.append(Piece("-", "".join(old[a:b])))
        if d > c:
            pieces.append(Piece("+", "".join(new[c:d])))
    return pieces


def sentence_around(text: str, span: Span) -> Span:
    """Return the sentence that holds `span`, in its list item or row; cut if it is very long."""
    paragraph = Paragraphs(text).around(span)
    start = max(paragraph.start, span.start - _SIDE)
    for match in _BLOCK.finditer(text, start, span.start):
        start = match.end() if match["over"] else match.start()
    for end in _sentence_ends(text, Span(start, span.start)):
        start = end.end
    last = min(max(paragraph.end, span.end), span.end + _SIDE)
    block = _BLOCK.search(text, span.end, last)
    ends = [end.start for end in _sentence_ends(text, Span(span.end, last))]
    return Span(start, min([*ends[:1], block.start() if block else last]))


def _sentence_ends(text: str, span: Span) -> Iterator[Span]:
    """Yield what stands between sentences; behind “e.g.” the sentence goes on."""
    for match in _SENTENCE_END.finditer(text, *span):
        goes_on = text[match.end() : match.end() + 1].islower()
        if not goes_on and not _ABBREVIATION.search(text, span.start, match.start()):
            yield Span(*match.span())


def sentence_diff(text: str, span: Span, after: str) -> list[Piece]:
    """Return the sentence around `span` with the change in it."""
    sentence = sentence_around(text, span)
    return [
        Piece("=", text[sentence.start : span.start].lstrip()),
        *word_diff(span.slice(text), after),
        Piece("=", text[span.end : sentence.end].rstrip()),
    ]


def show_pieces(
    pieces: Iterable[Piece], *, colour: bool, width: int, indent: str = "  "
) -> list[str]:
    """Return `pieces` as lines of at most `width` columns.

    Without colour they are marked as `[-old-]{+new+}`. A word wider than a line is cut.
    """
    words: list[list[Piece]] = [[]]
    for sign, text in pieces:
        marks = ("", "") if colour else _MARKS[sign]
        shown = marks[0] + visible(text) + marks[1] if text else ""
        for part in re.split(r"( )", " ".join(re.split(r"\s", shown))):
            if part == " ":
                words.append([])
            elif part:
                words[-1].append(Piece(sign, part))
    lines: list[list[Piece]] = [[]]
    room = max(_NARROWEST, width - len(indent))
    used = 0
    for word in _cut(words, room):
        size = sum(columns(piece.text) for piece in word)
        if used and used + 1 + size > room:
            lines.append([])
            used = 0
        elif used and word:
            _join(lines[-1], word[0].sign)
            used += 1
        lines[-1] += word
        used += size
    return [(indent + _paint(line, colour)).rstrip() for line in lines]


def wrap(text: str, width: int, indent: str = "  ") -> list[str]:
    """Return plain `text` as lines of at most `width` columns."""
    return show_pieces([Piece("=", text)], colour=True, width=width, indent=indent)


def visible(text: str) -> str:
    """Replace what would steer a terminal; line ends and tabs stay."""
    return "".join(
        "\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\n\r\t\u200d" else c
        for c in text
    )


def brief(text: str, longest: int = 50) -> str:
    """Return the beginning of `text` on one line of at most `longest` code points.

    What is blank throughout stays: it may be just what a change is about.
    """
    shown = visible(text[: 4 * longest])
    shown = " ".join(shown.split()) if shown.strip() else shown.replace("\n", " ")
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def columns(text: str) -> int:
    """Return how many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


_MARKS = {"=": ("", ""), "-": ("[-", "-]"), "+": ("{+", "+}")}


def _cut(words: Sequence[list[Piece]], room: int) -> Iterator[list[Piece]]:
    """Yield words, those wider than `room` in parts."""
    for word in words:
        part: list[Piece] = []
        used = 0
        for sign, text in word:
            while used + columns(text) > room:
                fits = _fitting(text, room - used)
                if fits:
                    part.append(Piece(sign, text[:fits]))
                    text = text[fits:]
                yield part
                part, used = [], 0
            part.append(Piece(sign, text))
            used += columns(text)
        if part:
            yield part


def _fitting(text: str, room: int) -> int:
    used = 0
    for place, letter in enumerate(text):
        used += columns(letter)
        if used > room:
            return place
    return len(text)


def _join(line: list[Piece], sign: str) -> None:
    """Add the space between two words; it is painted only inside of one change."""
    inside = line and line[-1].sign == sign
    line.append(Piece(sign if inside else "=", " "))


def _paint(line: Sequence[Piece], colour: bool) -> str:
    if not colour:
        return "".join(piece.text for piece in line)
    codes = {"-": _RED, "+": _GREEN}
    return "".join(f"{codes[sign]}{text}{_RESET}" if sign in codes else text for sign, text in line)
