"""Which numbers of a description stand neither in the picture nor in what its author says?

A number may be written in several ways (`1,234.5`, `1.234,5`, `1 234`, `1.2k`), and some can be
read in two (`1.234`): it is found if any of its readings is a reading of a number that was read in
the picture or that the author wrote. Signs are ignored. OCR takes digits for letters, so `1O` in
the picture is also read as 10.

Not looked at is what no picture shows as a number: whole numbers below ten without a unit, numbers
that count things seen or name their position (“12 columns”, “rows 2 to 20”, “the 12th bar”), digits
inside a word such as `Q3`, and marks of list items. Nor are estimates:

- a number next to ≈, “about” and the like, with those of the same range or enumeration;
- every number of a sentence that says “estimated” or “read off”;
- a column whose heading says so, and a table of which the paragraph before or behind it says so
  (only the columns that it names, if it names any). A paragraph that explains ≈ marks no table.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from bookpack.checks.unfinished import cells
from bookpack.model import SpanList, Structure
from bookpack.read.spans import merged
from bookpack.source import Span

_BLANK = "[ \u00a0\u2009\u202f]"
_DIGITS = rf"\d+(?:[.,'’]\d+|{_BLANK}\d{{3}}(?!\d))*"
_NUMBER = re.compile(rf"(?<![\w#.,]){_DIGITS}")
_NUMBER_READ = re.compile(_DIGITS)
_SEPARATOR = re.compile(r"[^\d]")
_SCALES = {"k": 3, "m": 6, "b": 9, "t": 3, "thousand": 3, "tausend": 3, "mille": 3, "mil": 3}
_SCALES |= dict.fromkeys(("mn", "mio", "million", "millions", "millionen", "millones"), 6)
_SCALES |= dict.fromkeys(("bn", "mrd", "billion", "billions", "milliarden", "milliards"), 9)
_SCALE = re.compile(rf"{_BLANK}?([A-Za-z]+)")
_MONEY_BEFORE = re.compile(rf"[$€£¥]{_BLANK}?$")
_UNIT_AFTER = re.compile(rf"{_BLANK}?[%‰$€£¥]")
_LIST_MARK = re.compile(r"(?m)^[ \t>]*\d{1,9}[.)](?=\s)")
_LOOKALIKES = str.maketrans("OoQDlI|!SsBZz", "0000111155822")
_LOOKALIKE = re.compile(
    r"(?<!\w)(?:(?=[OoQDlI|!SsBZz.,]*\d)|(?=[OoIl|]{2}))[\dOoQDlI|!SsBZz.,]+(?!\w)"
)

_THINGS = (
    r"(?:rows?|columns?|lines?|series|bars?|boxe?s?|nodes?|arrows?|points?|dots?|circles?|cells?|"
    r"items?|entries|elements?|components?|labels?|colou?rs?|steps?|stages?|icons?|shapes?|"
    r"sections?|panels?|people|persons?|words?|pixels?|px|figures?|fig\.|pages?|chapters?|"
    r"Zeilen?|Spalten?|Linien?|Balken|Kästen|Knoten|Pfeilen?|Punkten?|Reihen?|Personen|Schritten?|"
    r"lignes?|colonnes?|barres?|cases?|nœuds?|flèches?|personnes|étapes?|"
    r"filas?|columnas?|líneas?|barras?|cajas?|nodos?|flechas?|puntos?|personas|pasos?)"
)
_COUNTED = re.compile(
    rf"(?:st|nd|rd|th|er|e|º|ª)\b|[ \u00a0-](?:[^\W\d]+[ -]){{0,2}}{_THINGS}\b", re.I
)
_POSITION = re.compile(rf"\b{_THINGS}{_BLANK}(?:numbers?{_BLANK})?$", re.I)
_ABOUT = re.compile(
    r"(?:[≈~∼≃≅≲≳±約约]|大约|大約|およそ|약|\b(?:about|around|roughly|approximately|approx\.?|circa|"
    r"ca?\.|nearly|almost|close to|near|some|(?:just|slightly) (?:over|under|above|below)|"
    r"slightly (?:more|less) than|etwa|ungefähr|rund|zirka|knapp|environ|près de|à peu près|"
    r"aproximadamente|alrededor de|cerca de|unos|unas|casi|quasi|ongeveer|ungefär|około|"
    rf"přibližně|около|примерно)){_BLANK}?(?:(?:the|an?|der|die|das|den|les?|las?|el|los) )?"
    rf"(?:[$€£¥−–+-]{_BLANK}?)?$",
    re.I,
)
_ABOUT_AFTER = re.compile(
    rf"{_BLANK}?[%‰$€£¥]?{_BLANK}?(?:[^\W\d]+ )?(?:or so\b|左右|前后|前後|ほど|程度|くらい)"
)
_ESTIMATED = re.compile(
    r"\b(?:estimat\w*|read[ -]off|approximat(?:e|ions?)|by eye|geschätzt\w*|schätzungsweise|"
    r"abgelesen\w*|estim[ée]\w*|estimad\w*|stimat[oaie]\b|geschat\w*)\b|\((?:approx|est|ca)\.|"
    r"推定|估计|估計",
    re.I,
)
_MARKED = re.compile(rf"≈|{_ESTIMATED.pattern}", re.I)
_JOINT = re.compile(
    r"[^\w\n.!?|;]*(?:[^\W\d_]{1,3}\b[^\w\n.!?|;]*)?"
    r"(?:(?:and|or|to|through|until|und|oder|bis|et|ou|à|y|o|a|e)\b[^\w\n.!?|;]*)?"
)
_SENTENCE_END = re.compile(
    r"[.!?][\"'”’)*_]*\s|[。！？]|\n[ \t>]*(?:\n|(?=\||[-*+][ \t]|\d+[.)][ \t]))"
)
_LINE = re.compile(r"[^\r\n]+")
_CELL = re.compile(r"(?:\\.|[^|\\])*\|?")
_SMALL = 10
_LONGEST_MARK = 40


class _Number(NamedTuple):
    """A number in a description; `parts` are those that it would be if its marks divide it."""

    span: Span
    readings: frozenset[Decimal]
    parts: tuple[Decimal, ...]


def find_unproven(
    text: str, structure: Structure, words: Iterable[str], said: Iterable[str]
) -> list[Span]:
    """Return where in `text` numbers stand that nobody else names, in order of appearance.

    `structure` is that of `text`; what stands before its `body_start` is not looked at. `words`
    were read in the picture, `said` is what the author says of it or near it.
    """
    numbers = _statements(text, structure)
    if not numbers:
        return []
    read = " ".join(words)
    looking_like = (match[0].translate(_LOOKALIKES) for match in _LOOKALIKE.finditer(read))
    known: set[Decimal] = set()
    for source in (read, " ; ".join(looking_like), *said):
        for number in _numbers(source, _NUMBER_READ, 0):
            known |= number.readings
            known.update(number.parts)
    return [
        number.span
        for number in numbers
        if not number.readings & known and not (number.parts and known.issuperset(number.parts))
    ]


def _numbers(text: str, pattern: re.Pattern[str], start: int) -> Iterator[_Number]:
    for match in pattern.finditer(text, start):
        parts = _SEPARATOR.split(match[0])
        readings = set(_readings(match[0], parts))
        scale = _SCALE.match(text, match.end())
        if scale and scale[1].lower() in _SCALES:
            readings |= {one.scaleb(_SCALES[scale[1].lower()]) for one in readings}
        # Blanks and commas may stand between two numbers, a stop only in dates and the like.
        divides = len(parts) > 1 and ("." not in match[0] or not readings)
        divided = tuple(map(Decimal, parts)) if divides else ()
        yield _Number(Span(*match.span()), frozenset(readings), divided)


def _readings(number: str, parts: Sequence[str]) -> Iterator[Decimal]:
    marks = _SEPARATOR.findall(number)
    if not marks:
        yield Decimal(number)
        return
    *middle, last = parts[1:]
    # Groups of two are the Indian way to write large numbers.
    groups = len(parts[0]) <= 3 and all(len(group) in (2, 3) for group in middle)
    if groups and len(last) == 3 and len(set(marks)) == 1:
        yield Decimal("".join(parts))
    if marks[-1] in ".," and marks[-1] not in marks[:-1] and (groups or not middle):
        yield Decimal(f"{''.join(parts[:-1])}.{last}")


def _statements(text: str, structure: Structure) -> list[_Number]:
    """Return the numbers that claim to stand in the picture, exactly as they are written."""
    start = structure.body_start
    list_marks = {match.end() - 1 for match in _LIST_MARK.finditer(text, start)}
    numbers = [
        number for number in _numbers(text, _NUMBER, start) if number.span.end not in list_marks
    ]
    if not numbers:
        return []
    estimated = _estimated(text, structure)
    excused = [False] * len(numbers)
    for index, (span, *_) in enumerate(numbers):
        before = text[max(start, span.start - _LONGEST_MARK) : span.start]
        is_joined = index > 0 and _JOINT.fullmatch(text, numbers[index - 1].span.end, span.start)
        if _is_marked(before) or (is_joined and excused[index - 1]):
            excused[index] = True
        elif _COUNTED.match(text, span.end) or _ABOUT_AFTER.match(text, span.end):
            excused[index] = True
            if is_joined:
                excused[index - 1] = True
    return [
        number
        for number, is_excused in zip(numbers, excused, strict=True)
        if not is_excused
        and not _is_small(text, number)
        and estimated.holding(number.span.start) is None
    ]


def _is_marked(before: str) -> bool:
    # Most numbers are the first thing in a cell, and most of the time would go into the patterns.
    if before.rstrip().endswith("|"):
        return False
    return bool(_ABOUT.search(before) or _POSITION.search(before))


def _is_small(text: str, number: _Number) -> bool:
    digits = number.span.slice(text)
    if not digits.isdecimal() or Decimal(digits) >= _SMALL:
        return False
    before = text[max(0, number.span.start - 2) : number.span.start]
    return not _MONEY_BEFORE.search(before) and not _UNIT_AFTER.match(text, number.span.end)


def _estimated(text: str, structure: Structure) -> SpanList:
    """Return the sentences, cells and tables that are marked as estimates."""
    if not _MARKED.search(text, structure.body_start):
        return SpanList()
    found: list[Span] = []
    sentence = structure.body_start
    for end in (*(match.end() for match in _SENTENCE_END.finditer(text, sentence)), len(text)):
        if _ESTIMATED.search(text, sentence, end):
            found.append(Span(sentence, end))
        sentence = end
    for table in structure.tables:
        found += _estimated_cells(text, structure, table)
    return merged(found)


def _estimated_cells(text: str, structure: Structure, table: Span) -> Iterator[Span]:
    before = text[structure.body_start : table.start].rstrip().rpartition("\n\n")[2]
    behind = text[table.end :].lstrip().partition("\n\n")[0]
    legend = " ".join(p for p in (before, behind) if "≈" not in p and _ESTIMATED.search(p))
    lines = list(_LINE.finditer(text, *table))
    heads = cells(lines[0][0])
    named = {
        number
        for number, head in enumerate(heads)
        if head and re.search(rf"(?<!\w){re.escape(head)}(?!\w)", legend)
    }
    if legend and not named:
        yield table
        return
    named |= {number for number, head in enumerate(heads) if _MARKED.search(head)}
    for line in lines[1:] if named else ():
        place = line.end() - len(line[0].lstrip(" \t>|"))
        for number, cell in enumerate(_CELL.finditer(text, place, line.end())):
            if number in named:
                yield Span(*cell.span())
