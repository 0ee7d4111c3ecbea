"""A block and what became of it → edits that leave alone what stayed the same.

A directive's body mostly keeps its lines and only gets another prefix. Where lines are kept as
the author's own, findings in them still point at his line and column.
"""

import re

from bookpack.source import Edit, Span

_LINE = re.compile(r"[^\r\n]+")
_MARKS = " \t>"


def aligned_edits(offset: int, old: str, new: str) -> list[Edit]:
    """Return edits that turn `old`, which begins at `offset`, into exactly `new`.

    Lines are paired in order by what they hold without blanks and quote marks before it.
    """
    places: dict[str, list[tuple[int, int]]] = {}
    for match in _LINE.finditer(old):
        held = _held(match[0])
        if held:
            start = match.start() + match[0].index(held)
            places.setdefault(held, []).append((start, start + len(held)))
    for known in places.values():
        known.reverse()
    edits: list[Edit] = []
    old_end = new_end = 0
    for match in _LINE.finditer(new):
        held = _held(match[0])
        known = places.get(held, [])
        while known and known[-1][0] < old_end:
            known.pop()
        if not known:
            continue
        start, end = known.pop()
        new_start = match.start() + match[0].index(held)
        _add(edits, offset, old, Span(old_end, start), new[new_end:new_start])
        old_end, new_end = end, new_start + len(held)
    _add(edits, offset, old, Span(old_end, len(old)), new[new_end:])
    return edits


def _held(line: str) -> str:
    return line.lstrip(_MARKS).rstrip()


def _add(edits: list[Edit], offset: int, old: str, span: Span, text: str) -> None:
    if span.slice(old) != text:
        edits.append(Edit(span.shifted(offset), text))
