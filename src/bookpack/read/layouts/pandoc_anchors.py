"""Anchors of headings by pandoc, which renders Quarto's and bookdown's books."""

import unicodedata

from bookpack.read.anchors import AnchorRule


def pandoc_anchor(text: str) -> str:
    """Return the anchor by pandoc's extension `auto_identifiers`.

    https://pandoc.org/MANUAL.html#extension-auto_identifiers: lower case; letters, digits, `_`,
    `-` and `.` stay; runs of blanks become one hyphen; what stands before the first letter
    goes. A text that leaves nothing is `section`.
    """
    kept = "".join(c for c in text.lower() if c.isspace() or c in "_-." or _is_alphanumeric(c))
    joined = "-".join(kept.split())
    start = next((i for i, c in enumerate(joined) if c.isalpha()), len(joined))
    return joined[start:] or "section"


def _is_alphanumeric(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"


PANDOC = AnchorRule("pandoc", pandoc_anchor, empty="section")
