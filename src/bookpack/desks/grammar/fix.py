"""A correction as an engine proposes it, before anybody has looked whether it is one."""

from dataclasses import dataclass
from enum import StrEnum

from bookpack.source import Span


class Category(StrEnum):
    """What a correction is about."""

    SPELLING = "spelling"
    GRAMMAR = "grammar"
    PUNCTUATION = "punctuation"
    WORD_CHOICE = "word choice"
    CLARITY = "clarity"


@dataclass(frozen=True, slots=True)
class Fix:
    """A proposed correction of one block, or of every place in a piece that `pattern` matches.

    `quote` is what the engine means, `left` and `right` are the words around it. `pattern` is a
    regular expression in RE2's syntax, `replacement` may name its groups (`\\\\1`), `expected` says
    how many matches there are. An engine that knows the place gives `span` (code points of the
    block's text) in its stead; `replacement` is then taken literally. `confidence` is 0 to 1.
    `rule` is the engine's own name for what it found.
    """

    engine: str
    quote: str
    replacement: str
    pattern: str = ""
    left: str = ""
    right: str = ""
    expected: int = 1
    category: Category = Category.GRAMMAR
    confidence: float = 0.5
    why: str = ""
    rule: str = ""
    span: Span | None = None
