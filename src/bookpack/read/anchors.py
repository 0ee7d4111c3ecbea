"""Anchors of headings by GitHub's rule.

Source: github-slugger, which reproduces GitHub: lower case; what is no letter, mark, decimal
digit, connector punctuation, hyphen or blank is dropped; blanks become hyphens; a repeated
anchor gets `-1`, `-2`, … and never collides with one that a heading has by itself.
"""

import re
import unicodedata

_ASCII_DROPPED = re.compile(r"[^a-z0-9_\- ]")


def github_anchor(text: str) -> str:
    """Return the anchor of a heading with this plain text, without numbering."""
    lowered = text.strip().lower()
    if lowered.isascii():
        kept = _ASCII_DROPPED.sub("", lowered)
    else:
        kept = "".join(c for c in lowered if c in "- " or _is_word_character(c))
    return kept.replace(" ", "-")


class AnchorNumbers:
    """Gives each heading of one chapter its own anchor."""

    def __init__(self) -> None:
        self._uses: dict[str, int] = {}

    def claim(self, anchor: str) -> str:
        """Return `anchor`, numbered when it is taken; remember it as taken."""
        uses = self._uses
        numbered = anchor
        while numbered in uses:
            uses[anchor] += 1
            numbered = f"{anchor}-{uses[anchor]}"
        uses[numbered] = 0
        return numbered


def _is_word_character(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LM" or category in ("Nd", "Nl", "Pc")
