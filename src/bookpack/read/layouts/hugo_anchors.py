"""Anchors of headings as Hugo makes them (gohugo.io/configuration/markup#autoidtype)."""

import unicodedata

from bookpack.read.anchors import AnchorRule
from bookpack.read.layouts.hugo_addresses import without_accents


def anchor_rule(name: str) -> AnchorRule:
    """Return Hugo's rule for anchors (gohugo.io/configuration/markup#autoidtype).

    Goldmark makes the anchor of the heading's source line, markup included; what leaves
    nothing is called `heading`.
    """
    make = {"github-ascii": _ascii_anchor, "blackfriday": _blackfriday_anchor}.get(name, _anchor)
    return AnchorRule(f"hugo-{name}", make, empty="heading", from_source=True)


def _anchor(text: str) -> str:
    """Letters, digits and `_` in lower case, blanks as hyphens; marks and all else dropped."""
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if character in "- \t":
            kept.append("-")
        elif character == "_" or category[0] == "L" or category == "Nd":
            kept.append(character.lower()[:1])
    return "".join(kept)


def _ascii_anchor(text: str) -> str:
    return _anchor("".join(c for c in without_accents(text) if c.isascii()))


def _blackfriday_anchor(text: str) -> str:
    """Words of letters and numbers in lower case with one hyphen between them."""
    words = "".join(c.lower()[:1] if unicodedata.category(c)[0] in "LN" else " " for c in text)
    return "-".join(words.split())
