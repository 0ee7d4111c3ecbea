"""Anchors of headings, by the rule of the tool that publishes the book.

Each rule turns a heading's plain text into an anchor and says how a repeated one is numbered.
Sources are named at each rule.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

_ASCII_DROPPED = re.compile(r"[^a-z0-9_\- ]")


@dataclass(frozen=True, slots=True)
class AnchorRule:
    """A rule for anchors: `slug` makes one of a text, `separator` stands before its number.

    The first repetition gets `first_number`. `empty` serves for a text that leaves nothing.
    With `automatic`, both get that word and one running number for all of them instead.
    `renumber`, where it is given, makes the next anchor of one that is empty or taken.
    `from_source` makes the anchor of the heading's line as written, markup included.
    """

    name: str
    slug: Callable[[str], str]
    separator: str = "-"
    first_number: int = 1
    empty: str = ""
    automatic: str = ""
    renumber: Callable[[str], str] | None = None
    from_source: bool = False


class AnchorNumbers:
    """Gives each heading of one chapter its own anchor."""

    def __init__(self, rule: AnchorRule) -> None:
        self.rule = rule
        self._uses: dict[str, int] = {}
        self._automatic = 0

    def claim(self, anchor: str) -> str:
        """Return `anchor`, numbered when it is taken; remember it as taken."""
        uses = self._uses
        if self.rule.renumber is not None:
            while not anchor or anchor in uses:
                anchor = self.rule.renumber(anchor)
            uses[anchor] = 0
            return anchor
        anchor = anchor or self.rule.empty
        numbered = anchor
        while self.rule.automatic and (not numbered or numbered in uses):
            self._automatic += 1
            numbered = f"{self.rule.automatic}{self._automatic}"
        while numbered in uses:
            number = uses[anchor] + self.rule.first_number
            uses[anchor] += 1
            numbered = f"{anchor}{self.rule.separator}{number}"
        uses[numbered] = 0
        return numbered


def github_anchor(text: str) -> str:
    """Return the anchor by GitHub's rule, as github-slugger reproduces it.

    Lower case; what is no letter, mark, decimal digit, connector punctuation, hyphen or blank
    is dropped; blanks become hyphens.
    """
    lowered = text.strip().lower()
    if lowered.isascii():
        kept = _ASCII_DROPPED.sub("", lowered)
    else:
        kept = "".join(c for c in lowered if c in "- " or _is_word_character(c))
    return kept.replace(" ", "-")


def _is_word_character(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LM" or category in ("Nd", "Nl", "Pc")


GITHUB = AnchorRule("github", github_anchor)
