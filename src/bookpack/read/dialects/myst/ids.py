"""Ids of headings and labels as the two families of MyST tools make them.

docutils, and so Sphinx and Jupyter Book 1: `docutils.nodes.make_id`, described in the docutils
documentation under "Identifier Keys". mystmd: `createHtmlId` of its package myst-common.
"""

import re
import unicodedata

from bookpack.read.anchors import AnchorRule

# Letters that NFKD does not take apart and docutils spells out.
_LETTERS = str.maketrans(
    {
        "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "ł": "l", "ŧ": "t", "ƀ": "b", "ƈ": "c", "ƒ": "f",
        "ƙ": "k", "ƚ": "l", "ƞ": "n", "ƥ": "p", "ƭ": "t", "ƴ": "y", "ƶ": "z", "ȷ": "j",
        "ß": "sz", "æ": "ae", "œ": "oe",
    }
)  # fmt: skip
_NOT_IN_DOCUTILS = re.compile(r"[^a-z0-9]+")
_NOT_IN_MYSTMD = re.compile(r"[^a-z0-9-]")
_QUOTES = re.compile("['‘’\"“”]+")


def docutils_id(text: str) -> str:
    """Return the id that docutils makes of `text`; empty where nothing of it is left."""
    spelled = text.lower().translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    joined = _NOT_IN_DOCUTILS.sub("-", " ".join(plain.split()))
    return re.sub(r"^[-0-9]+|-+$", "", joined)


def mystmd_id(text: str) -> str:
    """Return the id that mystmd makes of a heading or label."""
    name = _QUOTES.sub("", " ".join(text.split())).lower()
    plain = _NOT_IN_MYSTMD.sub("-", name)
    plain = re.sub(r"^([0-9-])", r"id-\1", plain)
    return re.sub(r"-{2,}", "-", plain).strip("-")


def term_id(text: str, *, mystmd: bool) -> str:
    """Return the id of a term of a glossary (Sphinx: `sphinx.util.nodes.make_id`)."""
    if mystmd:
        return mystmd_id(f"term-{text}")
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS)).encode("ascii", "ignore")
    joined = re.sub(r"[^a-zA-Z0-9._]+", "-", " ".join(plain.decode().split()))
    return f"term-{joined}".rstrip("-")


def label_key(label: str) -> str:
    """Return the form in which labels are compared: no capitals, single blanks."""
    return " ".join(label.split()).casefold()


DOCUTILS = AnchorRule("docutils", docutils_id, automatic="id")
MYSTMD = AnchorRule("mystmd", mystmd_id)
