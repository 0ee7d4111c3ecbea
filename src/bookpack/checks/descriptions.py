"""What is wrong with the descriptions of a book's pictures, seen without looking at a picture.

Every check is a comparison of words: with the end that a text should have, with what a picture of
its kind needs, with the author's own words, with what OCR read, and with the titles of the other
pictures. Whatever cannot be decided so is left to a person: an approval silences all checks that
only suspect something.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from bookpack.checks.unfinished import count_words, find_cut
from bookpack.checks.unproven import find_unproven
from bookpack.diagnostics import Diagnostic, report
from bookpack.model import Structure
from bookpack.read.markdown import parse_markdown
from bookpack.source import Source, Span

LEAST_WORDS = {
    "chart": 20,
    "flowchart": 15,
    "diagram": 15,
    "map": 15,
    "table": 12,
    "screenshot": 12,
    "code": 5,
    "equation": 4,
    "decorative": 0,
}
"""Kind of picture → the fewest words with which one can be described, cells of tables included."""
LEAST_WORDS_OTHERWISE = 8

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+")
_LIST_ITEM = re.compile(r"(?m)^[ \t>]*(?:[-*+•]|\d{1,9}[.)])[ \t]+\S")
_SAYS_NOTHING = frozenset(
    re.findall(
        r"\w+",
        "a an the of on in at by to for from with and or is are it its this that these there as be "
        "has have which image picture figure photo photograph screenshot graphic illustration "
        "description depicts depicting displays displaying illustrates illustrating shows "
        "showing shown see seen titled entitled labeled labelled",
    )
)
"""What a sentence about a picture may add to its alternative text without telling more."""
_IN_ANY_TITLE = _SAYS_NOTHING | frozenset(
    re.findall(r"\w+", "chart diagram flowchart graph line bar map table plot time over vs between")
)
"""What may stand in the title of any picture, so that a title of such words names none."""
_LEAST_NAME = 3
_SHOWN_NUMBERS = 5


@dataclass(frozen=True, slots=True)
class Subject:
    """One description, and what it is compared with.

    `path` is the description's file in the book and `source` its whole text, in which `text` begins
    at the code point `body_start`. `engine` is `model`, `offline` or `person`, the last also for
    what a person has edited; `reviewed` tells that a person approved it. `words` were read in the
    picture, None where nobody read it. `author_alts` and `captions` are the author's at all places
    where the picture stands, `context` is the text of the chapters there.
    """

    path: str
    source: Source
    body_start: int
    kind: str
    title: str
    alt: str
    text: str
    engine: str
    words: tuple[str, ...] | None = None
    author_alts: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    context: str = ""
    reviewed: bool = False


def check_descriptions(subjects: Sequence[Subject]) -> list[Diagnostic]:
    """Return what is wrong with each of `subjects`, which are all described pictures of a book.

    What the offline describer wrote is not checked: it states what it found and claims no more.
    """
    names = _Names(subjects)
    found: list[Diagnostic] = []
    for subject in subjects:
        if subject.engine != "offline" and subject.kind != "decorative":
            structure = parse_markdown(subject.source.text, start=subject.body_start, math=False)
            found += _check(subject, structure, names)
    return found


def _check(subject: Subject, structure: Structure, names: "_Names") -> Iterator[Diagnostic]:
    source = subject.source
    cut = find_cut(source.text, structure, by_hand=subject.engine == "person")
    if cut is not None:
        yield report("unfinished-description", source, cut.message, cut.span)
    if subject.reviewed:
        return
    whole = _trimmed(source.text, subject.body_start)
    if repeated := _repeated(subject):
        yield report("description-repeats-alt", source, repeated, whole)
    elif missing := _missing(subject, structure):
        yield report("short-description", source, missing, whole)
    if subject.words is not None:
        said = (*subject.author_alts, *subject.captions, subject.context)
        unproven = find_unproven(source.text, structure, subject.words, said)
        if unproven:
            numbers = list(dict.fromkeys(span.slice(source.text) for span in unproven))
            message = f"{_listed(numbers)} not found in the picture."
            yield report("number-not-in-picture", source, message, unproven[0])
    for other, place in names.found_in(subject):
        message = f"“{place.slice(source.text)}” is what {other.path} describes."
        yield report("description-of-another-picture", source, message, place)


def _trimmed(text: str, start: int) -> Span:
    body = text[start:]
    first = start + len(body) - len(body.lstrip())
    return Span(first, max(first, len(text.rstrip())))


def _listed(numbers: Sequence[str]) -> str:
    shown = list(numbers[:_SHOWN_NUMBERS])
    if len(numbers) > len(shown):
        shown.append(f"{len(numbers) - len(shown):,} more")
    if len(shown) == 1:
        return f"{shown[0]} was"
    return f"{', '.join(shown[:-1])} and {shown[-1]} were"


def _repeated(subject: Subject) -> str:
    """Say so if every word of the description that says anything stands in one alternative."""
    told = set(_words(subject.text)) - _SAYS_NOTHING
    if not told:
        return ""
    for alt in (subject.alt, *subject.author_alts):
        known = [alt, subject.title, *subject.captions]
        if told <= set(_words(" ".join(known))):
            shown = " ".join(next(filter(None, known)).split())
            return f"The description says nothing but “{shown}”."
    return ""


def _missing(subject: Subject, structure: Structure) -> str:
    text, kind = subject.text, subject.kind
    least = LEAST_WORDS.get(kind, LEAST_WORDS_OTHERWISE)
    words = count_words(text)
    if words == 0 and least:
        return "The description is empty."
    if words < least:
        return f"It has {words} words, and a {kind or 'picture'} needs at least {least}."
    has_rows = bool(structure.tables) or _LIST_ITEM.search(text) is not None
    if kind == "table" and not has_rows:
        return "It describes a table and has no table or list."
    if kind == "chart" and not has_rows and not re.search(r"\d", text):
        return "It describes a chart and names no number and no series."
    return ""


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


class _Name(NamedTuple):
    """What a picture is called, by its description or by its author; None if several are."""

    subject: Subject | None
    is_caption: bool


_NOBODY = _Name(None, False)


class _Names:
    """The names of all pictures, found in a text in one pass over its words.

    A name counts if it has three different words that not any picture could be called by. Where
    the first two words of a name stand, those of the lengths that such names have are looked up, so
    that the time does not depend on how many names there are.
    """

    def __init__(self, subjects: Iterable[Subject]) -> None:
        self._lengths: dict[tuple[str, str], set[int]] = {}
        self._names: dict[tuple[str, ...], _Name] = {}
        for subject in subjects:
            captions = {tuple(_words(caption)) for caption in subject.captions}
            for name in captions | {tuple(_words(subject.title))}:
                if len(set(name) - _IN_ANY_TITLE) >= _LEAST_NAME:
                    self._lengths.setdefault((name[0], name[1]), set()).add(len(name))
                    # What two pictures are called tells neither of them.
                    owner = None if name in self._names else subject
                    self._names[name] = _Name(owner, name in captions)

    def found_in(self, subject: Subject) -> Iterator[tuple[Subject, Span]]:
        """Yield the other pictures whose names the description uses, each name once."""
        places = list(_WORD.finditer(subject.source.text, subject.body_start))
        words = [place[0].casefold() for place in places]
        named: set[tuple[str, ...]] = set()
        for index, start in enumerate(pairwise(words)):
            for length in sorted(self._lengths.get(start, ()), reverse=True):
                name = tuple(words[index : index + length])
                other, is_caption = self._names.get(name, _NOBODY)
                if other is None or other is subject or name in named:
                    continue
                named.add(name)
                if not _is_own(name, subject, is_caption=is_caption):
                    end = places[index + length - 1].end()
                    yield other, Span(places[index].start(), end)


def _is_own(name: Sequence[str], subject: Subject, *, is_caption: bool) -> bool:
    """Tell whether `subject` may be called `name`, or its author speaks of it at its place.

    The caption of a neighbour stands in the text around by itself, so that it proves nothing.
    """
    spoken = _spoken([" ".join(name)])
    own = [subject.title, subject.alt, *subject.author_alts, *subject.captions]
    own += subject.words or ()
    if spoken in _spoken(own) or (not is_caption and spoken in _spoken([subject.context])):
        return True
    return any(
        _spoken([called]) in spoken for called in (subject.title, *subject.captions) if called
    )


def _spoken(texts: Iterable[str]) -> str:
    return f" {' '.join(word for text in texts for word in _words(text))} "
