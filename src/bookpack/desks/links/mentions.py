"""Passages that name a chapter in running text and do not link to it.

All names of all chapters are searched together, in one pass over the words of the book: the
first two words of a name are looked up in a dictionary, and only where they stand next to
each other is the rest compared. The time is linear in the text, however many names there are.

A name is the chapter's title, its title up to a colon or dash, a heading that no other chapter
has, or the words of an alias; the last two need three words that are not very common ones.
Names of a single word and names made of nothing but very common English words are not
searched: they would be found everywhere.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from bookpack.links.book import ResolvedChapter
from bookpack.model import Chapter
from bookpack.read.order import without_order_number
from bookpack.read.spans import merged

# Scripts written without spaces count by the sign: a title of four signs is four words.
_SIGN = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_SIGN}]|[^\W_{_SIGN}]+(?:['’][^\W_{_SIGN}]+)*")
_BETWEEN = re.compile(r"(?![^\n]*\n[ \t>]*\n)[\s>*_'\"“”‘’«»,:;&/()–—-]{0,12}")
_SENTENCE_END = re.compile(
    r"(?<=[.!?…])[\"'”’)\]*_]*\s+(?=\S)|(?<=[。！？])|\n[ \t>]*(?:\n|(?=[-*+]\s|\d{1,4}[.)]\s))"
)
_LINE_MARKS = re.compile(r"\n[ \t]*(?:>[ \t]?)+")
_BLOCK_MARK = re.compile(r"\s*(?:>\s*)*(?:[-*+]\s+|\d{1,4}[.)]\s+)?")
_LEAST_SIGNS = 4
_LEAST_WORDS = 2
_LEAST_TELLING_WORDS = 3
_LONGEST_SIDE = 160
_COMMON_WORDS = (
    "a about all an and appendix are as at be by can chapter conclusion contents do does for "
    "foreword from further get getting glossary go guide has have here how i if in index into "
    "introduction is it its more my next not notes of on or other our overview part preface "
    "reading references resources section see so start started summary that the their them "
    "then there these they this to up use using was we welcome what when where which who why "
    "will with you your"
)
_COMMON = frozenset(re.findall(r"\w+", _COMMON_WORDS))


class Name(NamedTuple):
    """Words by which a chapter may be mentioned, and where they come from."""

    chapter: int
    words: tuple[str, ...]
    origin: str


class Skipped(NamedTuple):
    """A chapter one of whose names is not searched, and why."""

    chapter: int
    reason: str


class Mention(NamedTuple):
    """A passage of `source` that names `target` without a link.

    `before`, `words` and `after` make up the sentence. `is_linked_elsewhere` tells that the
    same chapter links to the target in another place.
    """

    source: int
    target: int
    line: int
    column: int
    before: str
    words: str
    after: str
    origin: str
    is_linked_elsewhere: bool


@dataclass(frozen=True, slots=True)
class NameIndex:
    """The names of all chapters: first two words → lengths; whole name → chapter."""

    names: Mapping[tuple[str, ...], Name]
    lengths: Mapping[tuple[str, ...], tuple[int, ...]]
    skipped: tuple[Skipped, ...]


def index_names(chapters: Sequence[Chapter]) -> NameIndex:
    """Collect the names of all chapters; the first chapter that has a name keeps it."""
    names: dict[tuple[str, ...], Name] = {}
    skipped: list[Skipped] = []
    for number, chapter in enumerate(chapters):
        reason = _unfit(words_of(chapter.title))
        same = names.get(words_of(chapter.title))
        if not reason and same is not None:
            reason = f"is also that of {chapters[same.chapter].path}"
        if reason:
            skipped.append(Skipped(number, f"its title {reason}"))
        else:
            words = words_of(chapter.title)
            names[words] = Name(number, words, "title")
    headings = Counter(
        words
        for chapter in chapters
        for words in {words_of(heading.text) for heading in chapter.structure.headings}
    )
    for number, chapter in enumerate(chapters):
        for words, origin in _other_names(chapter):
            # What stands as a heading in two chapters names neither of them.
            if origin == "heading" and headings[words] > 1:
                continue
            if origin != "short title" and len(_telling(words)) < _LEAST_TELLING_WORDS:
                continue
            if not _unfit(words):
                names.setdefault(words, Name(number, words, origin))
    lengths: dict[tuple[str, ...], set[int]] = {}
    for words in names:
        lengths.setdefault(words[:2], set()).add(len(words))
    ordered = {pair: tuple(sorted(found, reverse=True)) for pair, found in lengths.items()}
    return NameIndex(names, ordered, tuple(skipped))


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of `text` in the form in which names are compared."""
    return tuple(_WORD.findall(text.lower().replace("’", "'")))


def find_mentions(
    resolved: Sequence[ResolvedChapter], index: NameIndex, wanted: Collection[int]
) -> list[Mention]:
    """Return every passage that names another chapter of the `wanted` without a link.

    They come in reading order.
    """
    numbers = {one.chapter.path: number for number, one in enumerate(resolved)}
    found: list[Mention] = []
    for source, one in enumerate(resolved):
        linked = {numbers.get(resolution.path) for _, resolution in one.links}
        free: _FreeText | None = None
        text = one.chapter.source.text
        for start, end, name in _named(text, index):
            if name.chapter == source or name.chapter not in wanted:
                continue
            free = free or _FreeText(one.chapter)
            if not free.holds(start, end):
                continue
            place = one.chapter.source.position(start)
            sentence = _sentence(text, start, end)
            is_linked = name.chapter in linked
            found.append(Mention(source, name.chapter, *place, *sentence, name.origin, is_linked))
    return found


def _named(text: str, index: NameIndex) -> Iterator[tuple[int, int, Name]]:
    """Yield where names stand in `text`; of names that overlap, the first and longest."""
    words = _WORD.findall(text.lower().replace("’", "'"))
    # In most chapters nobody is named, and sets know that faster than a loop does.
    if index.lengths.keys().isdisjoint(pairwise(words)):
        return
    places = [match.span() for match in _WORD.finditer(text)]
    if len(places) != len(words):  # a few letters fall apart in lower case
        words = [text[start:end].lower().replace("’", "'") for start, end in places]
    taken = 0
    for number, pair in enumerate(pairwise(words)):
        if number < taken or pair not in index.lengths:
            continue
        for length in index.lengths[pair]:
            last = number + length
            name = index.names.get(tuple(words[number:last]))
            if last > len(words) or name is None or not _is_one_run(text, places[number:last]):
                continue
            yield places[number][0], places[last - 1][1], name
            taken = last
            break


def _is_one_run(text: str, places: Sequence[tuple[int, int]]) -> bool:
    return all(_BETWEEN.fullmatch(text, left[1], right[0]) for left, right in pairwise(places))


class _FreeText:
    """The running text of a chapter in which a link could stand and none does."""

    def __init__(self, chapter: Chapter) -> None:
        structure = chapter.structure
        self.structure = structure
        self.taken = merged(
            [
                *(link.span for link in structure.links),
                *(image.span for image in structure.images),
                *(heading.span for heading in structure.headings),
                *(definition.span for definition in structure.definitions),
            ]
        )

    def holds(self, start: int, end: int) -> bool:
        """Tell whether all of `start` … `end` is free."""
        structure = self.structure
        return all(
            structure.prose.holding(offset) is not None
            and structure.protected.holding(offset) is None
            and structure.code.holding(offset) is None
            and self.taken.holding(offset) is None
            for offset in (start, end - 1)
        )


def _sentence(text: str, start: int, end: int) -> tuple[str, str, str]:
    """Return the sentence around `start` … `end`: what stands before, there, and after."""
    before = text[max(0, start - _LONGEST_SIDE) : start]
    begins = [match.end() for match in _SENTENCE_END.finditer(before)]
    is_cut = not begins and start > _LONGEST_SIDE
    before = _BLOCK_MARK.sub("", before[begins[-1] if begins else 0 :], count=1)
    after = text[end : end + _LONGEST_SIDE]
    ends = _SENTENCE_END.search(after)
    goes_on = ends is None and end + _LONGEST_SIDE < len(text)
    after = after[: ends.start()] if ends else after
    return (
        ("… " if is_cut else "") + _one_line(before).lstrip(),
        _one_line(text[start:end]),
        _one_line(after).rstrip() + (" …" if goes_on else ""),
    )


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", _LINE_MARKS.sub("\n", text))


def _unfit(words: tuple[str, ...]) -> str:
    if len(words) < _LEAST_WORDS:
        return "has fewer than two words"
    if all(re.fullmatch(f"[{_SIGN}]", word) for word in words) and len(words) < _LEAST_SIGNS:
        return "has fewer than four signs"
    if not _telling(words):
        return "is made of very common words"
    return ""


def _telling(words: tuple[str, ...]) -> list[str]:
    return [word for word in words if word not in _COMMON and not word.isdigit()]


def _other_names(chapter: Chapter) -> Iterator[tuple[tuple[str, ...], str]]:
    title = words_of(chapter.title)
    short = re.split(r":\s|\s[–—-]\s", chapter.title, maxsplit=1)[0]
    if short != chapter.title:
        yield words_of(short), "short title"
    for heading in chapter.structure.headings:
        words = words_of(heading.text)
        if heading.outermost and words != title:
            yield words, "heading"
    for alias in chapter.aliases:
        yield words_of(without_order_number(alias.rstrip("/"))), "alias"
