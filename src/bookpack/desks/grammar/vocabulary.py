"""Words that are right in this book although no dictionary has them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bookpack.desks.grammar.in_markup import DescriptionChapter
from bookpack.desks.grammar.prose import PLACEHOLDER, Block
from bookpack.errors import SettingsError
from bookpack.model import Chapter

FILE = "words.txt"
"""In the book's folder: one word a line, `#` begins a comment."""
OFTEN = 3
"""Times that a word must be used to be one of the book's own."""
_SURE = 4
"""Times as often as the word that is proposed in its stead."""
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_IN_CODE = re.compile(r"[^\W_]*[^\W\d_]{2,}[^\W_]*")
_IN_ADDRESS = re.compile(r"[^\W\d_]{4,}")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_INSIDE = re.compile(r"(?<=[^.!?:]\s)[\"“‘'(]*([A-Z][^\W_]*(?:['’-][^\W\d_]+)*)")


@dataclass
class Vocabulary:
    """The book's own words. `counts` are uses in prose (lower case), over all chapters.

    A word is known when it stands in `words.txt`, in code, in a link's address, or with a capital
    inside of a sentence; in a heading and elsewhere; or when prose uses it three times or more.
    """

    known: set[str] = field(default_factory=set)
    code: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    headings: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)

    def learn(self, chapter: Chapter, blocks: Iterable[Block]) -> None:
        """Take the words of a chapter and of its `blocks` in."""
        text = chapter.source.text
        for span in chapter.structure.code:
            self.code |= _code_words(span.slice(text))
        for link in chapter.structure.links:
            self.addresses.update(word.lower() for word in _IN_ADDRESS.findall(link.target))
        if isinstance(chapter, DescriptionChapter):
            # What a description says of a picture's lettering is as right as the picture.
            self.code |= _code_words(" ".join(chapter.description.words or ()))
        self.learn_prose(blocks)

    def learn_prose(self, blocks: Iterable[Block]) -> None:
        """Take the words of `blocks` in."""
        for block in blocks:
            prose = PLACEHOLDER.sub("⟧", block.text)
            words = [word.lower() for word in _WORD.findall(prose)]
            self.counts.update(words)
            if block.kind == "heading":
                self.headings.update(words)
            else:
                self.known.update(match[1].lower() for match in _INSIDE.finditer(prose))

    def read(self, folder: Path) -> None:
        """Take the words of `words.txt` in, where there is one. Raises `SettingsError`."""
        path = folder / FILE
        try:
            lines = path.read_text("utf-8-sig").splitlines()
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"Cannot read {path}: {error}.") from None
        self.known.update(
            word.lower() for line in lines if (word := line.partition("#")[0].strip())
        )

    def has(self, word: str, instead: Iterable[str] = ()) -> bool:
        """Tell whether `word` is one of the book's own.

        Being used often is no proof where the book uses one that is proposed `instead` about as
        often: then it is a mistake that its author makes now and then.
        """
        lower = word.lower()
        for form in _forms(lower):
            if form in self.known or form in self.code or form in self.addresses:
                return True
            rival = max((self.counts[other.lower()] for other in instead), default=0)
            often = self.counts[form] >= OFTEN
            in_heading = form in self.headings and self.counts[form] > 1
            if (often or in_heading) and self.counts[form] > _SURE * rival:
                return True
        return False


def _forms(word: str) -> Iterator[str]:
    """Yield a word, and what it is a plural or possessive of."""
    yield word
    for ending in ("'s", "’s", "es", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            yield word[: -len(ending)]


def _code_words(code: str) -> set[str]:
    words: set[str] = set()
    for match in _IN_CODE.finditer(code):
        words.add(match[0].lower())
        words.update(part.lower() for part in _CAMEL.findall(match[0]) if len(part) > 2)
    return words
