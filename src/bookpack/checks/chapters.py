"""What is wrong between chapters: titles and addresses twice, stale second copies."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

from bookpack.diagnostics import Diagnostic, report
from bookpack.model import Book, Chapter
from bookpack.read.order import without_order_number

# A Chinese or Japanese sentence says as much in a third of the characters.
_SENTENCE = re.compile(
    r"[^.!?。！？\r\n]{24,}|[^.!?。！？\r\n]*[\u3040-\u9fff\uac00-\ud7af][^.!?。！？\r\n]{7,}"
)
_MOST_SHARERS = 8
"""A sentence in more chapters than this is boilerplate, and says nothing about copies."""
_COPY_SHARE = 0.5
_SMALLEST_SHARE = 200
"""Code points that two chapters must have in common before they can be copies."""


def check_chapters(book: Book, is_draft: Callable[[Chapter], bool]) -> Iterator[Diagnostic]:
    """Yield what is wrong with titles, addresses and copies of chapters."""
    yield from _same_titles(book.chapters)
    yield from _same_addresses(book.chapters)
    yield from _copies(book.chapters, is_draft)


def _same_titles(chapters: Sequence[Chapter]) -> Iterator[Diagnostic]:
    first: dict[str, Chapter] = {}
    for chapter in chapters:
        key = " ".join(chapter.title.casefold().split()).rstrip(".")
        other = first.setdefault(key, chapter)
        if other is not chapter:
            message = f"“{chapter.title}” is also the title of {other.path}."
            place = chapter.title_heading.span if chapter.title_heading else None
            yield report("duplicate-title", chapter.source, message, place)


def _same_addresses(chapters: Sequence[Chapter]) -> Iterator[Diagnostic]:
    owners: dict[str, Chapter] = {}
    for chapter in chapters:
        key = chapter.url.rstrip("/")
        other = owners.setdefault(key, chapter)
        if other is not chapter:
            message = f"{chapter.url} is also the address of {other.path}."
            yield report("duplicate-url", chapter.source, message)
    for chapter in chapters:
        for alias in chapter.aliases:
            other = owners.setdefault(alias.rstrip("/"), chapter)
            if other is not chapter:
                message = f"The alias {alias} belongs to {other.path} already."
                yield report("duplicate-url", chapter.source, message)


def _copies(
    chapters: Sequence[Chapter], is_draft: Callable[[Chapter], bool]
) -> Iterator[Diagnostic]:
    """Find pairs that share most of the shorter one's text, or that look like two versions.

    The measure is containment (A. Broder, On the resemblance and containment of documents,
    1997) over whole sentences, weighed by their length. Sentences are compared through an
    index, so the cost is linear in the text.
    """
    lengths: list[int] = []
    holders: dict[int, int] = {}  # sentence → the first chapter that holds it
    shared: dict[int, tuple[int, list[int]]] = {}  # sentence → its length, all its chapters
    texts: dict[int, list[int]] = defaultdict(list)
    for number, chapter in enumerate(chapters):
        own = _sentences(chapter)
        lengths.append(sum(own.values()))
        texts[hash(chapter.source.text[chapter.structure.body_start :].strip())].append(number)
        for sentence, length in own.items():
            first = holders.setdefault(sentence, number)
            if first != number:
                shared.setdefault(sentence, (length, [first]))[1].append(number)
    common: dict[tuple[int, int], int] = defaultdict(int)
    for length, numbers in shared.values():
        if len(numbers) <= _MOST_SHARERS:
            for pair in combinations(numbers, 2):
                common[pair] += length
    for same in texts.values():
        if len(same) > 1 and lengths[same[0]] >= _SMALLEST_SHARE:
            for number in same[1:]:
                common[same[0], number] = lengths[number]
    pairs = {pair for pair, length in common.items() if _is_copy(pair, length, lengths)}
    pairs |= set(_versions(chapters, common, is_draft))
    for earlier, later in sorted(pairs):
        share = _share((earlier, later), common.get((earlier, later), 0), lengths)
        chapter, other = chapters[later], chapters[earlier]
        measure = f"{share:.0%} of the shorter one's text stands in both"
        if share >= _COPY_SHARE:
            message = f"This looks like a copy of {other.path}: {measure}."
        else:
            message = (
                f"This looks like another version of {other.path}: "
                f"their names differ in the number alone; {measure}."
            )
        place = chapter.title_heading.span if chapter.title_heading else None
        yield report("near-duplicate-chapter", chapter.source, message, place)


def _sentences(chapter: Chapter) -> dict[int, int]:
    """Return the chapter's sentences as hash → length; texts themselves would fill memory."""
    text = chapter.source.text[chapter.structure.body_start :]
    return {hash(sentence): len(sentence) for sentence in _SENTENCE.findall(text)}


def _is_copy(pair: tuple[int, int], shared: int, lengths: list[int]) -> bool:
    return shared >= _SMALLEST_SHARE and _share(pair, shared, lengths) >= _COPY_SHARE


def _share(pair: tuple[int, int], shared: int, lengths: list[int]) -> float:
    shorter = min(lengths[pair[0]], lengths[pair[1]])
    return min(1.0, shared / shorter) if shorter else 0.0


def _versions(
    chapters: Sequence[Chapter],
    common: dict[tuple[int, int], int],
    is_draft: Callable[[Chapter], bool],
) -> Iterator[tuple[int, int]]:
    """Find two files whose names differ in their number only and that show a further sign.

    The further sign: one title, common sentences, or one of the two being a draft or stating
    no address while the other does.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for number, chapter in enumerate(chapters):
        folder, _, name = chapter.path.rpartition("/")
        stem = without_order_number(name)
        if stem != name.rpartition(".")[0]:
            groups[f"{folder}/{stem.casefold()}"].append(number)
    for numbers in groups.values():
        if len(numbers) != 2:
            continue
        one, two = (chapters[number] for number in numbers)
        pair = (numbers[0], numbers[1])
        if (
            one.title.casefold() == two.title.casefold()
            or common.get(pair, 0) >= _SMALLEST_SHARE
            or (one.address_line is None) != (two.address_line is None)
            or is_draft(one) != is_draft(two)
        ):
            yield pair
