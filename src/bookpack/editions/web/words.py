"""What the pages call things. `[site] words` replaces any of it."""

from collections.abc import Mapping

from bookpack.config.words import ENGLISH

__all__ = ["ENGLISH", "words_of"]


def words_of(replaced: Mapping[str, str]) -> dict[str, str]:
    """Return all words, some of them replaced."""
    return {**ENGLISH, **replaced}
