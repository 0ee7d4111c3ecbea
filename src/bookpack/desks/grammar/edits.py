"""A change of words in its smallest form, so that two engines that mean the same say the same."""

import difflib
import re
from enum import StrEnum
from typing import NamedTuple

from bookpack.source import Span

MOST_WORDS = 4
"""Words that a small change takes out or puts in at most; more is a rewrite."""
_TOKEN = re.compile(r"\w+(?:['’]\w+)*|\s+|[^\w\s]")
_WORD = re.compile(r"\w+(?:['’]\w+)*")


class Shape(StrEnum):
    """What a change does to the text, whoever proposes it; values are the codes of its rule.

    Decisions are remembered by it, so it must follow from the change alone.
    """

    WORD = "GF1"
    """One word becomes another."""
    MARKS = "GF2"
    """The letters stay: punctuation, capitals, blanks."""
    WORDS = "GF3"
    """Words are put in, taken out, or change their number."""
    REWRITE = "GF9"
    """More than a correction: no bulk action reaches it."""


class Change(NamedTuple):
    """`after` in place of `span` of a text."""

    span: Span
    after: str


def smallest(text: str, span: Span, after: str) -> Change:
    """Return the same change without the words at its edges that stay.

    A change is never an insertion into nothing: the word before the place belongs to it (or the
    one behind it, at the beginning), so that what is replaced can be found and read.
    """
    old, new = _TOKEN.findall(span.slice(text)), _TOKEN.findall(after)
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    start = span.start + sum(map(len, old[:head]))
    end = span.end - sum(map(len, old[len(old) - tail :]))
    kept = "".join(new[head : len(new) - tail])
    if start < end:
        return Change(Span(start, end), kept)
    before = re.compile(r"(?:\w+(?:['’]\w+)*|[^\w\s⟦⟧])\Z").search(text[:start][-80:])
    if before:
        return Change(Span(start - len(before[0]), start), before[0] + kept)
    behind = _TOKEN.match(text, start)
    if behind:
        return Change(Span(start, behind.end()), kept + behind[0])
    return Change(Span(start, end), kept)


def word_distance(before: str, after: str) -> int:
    """Return how many words a change takes out or puts in, whichever is more."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return sum(max(b - a, d - c) for kind, a, b, c, d in matcher.get_opcodes() if kind != "equal")


def shape_of(before: str, after: str) -> Shape:
    """Return what a change does to the text."""
    if word_distance(before, after) > MOST_WORDS:
        return Shape.REWRITE
    if _letters(before) == _letters(after):
        return Shape.MARKS
    return (
        Shape.WORD
        if len(_WORD.findall(before)) == len(_WORD.findall(after)) == 1
        else (Shape.WORDS)
    )


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def word_set(words: str) -> frozenset[str]:
    """Return the words that stand in `words` with blanks between them."""
    return frozenset(words.split())
