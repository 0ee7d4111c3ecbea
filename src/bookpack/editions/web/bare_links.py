"""Web addresses that stand in a text as they are, made links, as on GitHub and in most tools.

https://github.github.com/gfm/#autolinks-extension-, for `http` and `https`.
"""

import re
from collections.abc import Mapping

_ADDRESS = re.compile(r"https?://")
_BEFORE = frozenset(" \t\n\r*_~(|>")
"""What an address may stand behind, besides the beginning of a text."""
_PIECE = re.compile(
    r"<(?P<closing>/?)(?P<name>[a-zA-Z][\w-]*)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*+>"
    r"|(?<![^\s*_~(>])https?://(?:[\w-]+\.)+[\w-]+[^\s<\0]*",
    re.S,
)
_LEFT_ALONE = frozenset(
    ("a", "button", "code", "details", "math", "pre", "script", "style", "svg", "textarea", "title")
)
_NO_PART = re.compile(r"(?:[?!.,:*_~'\"]|&[a-z]+;)\Z")
_LONGEST_MARK = len("&quot;")
_ESCAPED_BRACKET = re.compile(r"&[lg]t;")


def may_hold_addresses(text: str) -> bool:
    """Tell whether Markdown may hold an address that is no link yet."""
    return any(
        not match.start() or text[match.start() - 1] in _BEFORE for match in _ADDRESS.finditer(text)
    )


def link_addresses(markup: str, references: Mapping[str, str]) -> str:
    """Return `markup`, HTML, with its addresses as links.

    `references` are what leads to some of them, as it stands between quotes. Links, code and
    descriptions of pictures stay as they are.
    """

    inside, depth = "", 0

    def link(match: re.Match[str]) -> str:
        nonlocal inside, depth
        found, name = match[0], (match["name"] or "").lower()
        if name and name == (inside or name) and name in _LEFT_ALONE:
            depth = max(0, depth - 1) if match["closing"] else depth + 1
            inside = name if depth else ""
        if inside or found.startswith("<"):
            return found
        address = _trimmed(_ESCAPED_BRACKET.split(found, maxsplit=1)[0])
        reference = references.get(address, address).replace('"', "&quot;")
        return f'<a class="url" href="{reference}">{address}</a>{found[len(address) :]}'

    return _PIECE.sub(link, markup)


def _trimmed(address: str) -> str:
    """Return the address without marks of the sentence that it stands in."""
    unopened = address.count(")") - address.count("(")
    end = len(address)
    while True:
        mark = _NO_PART.search(address, max(0, end - _LONGEST_MARK), end)
        if mark is not None:
            end = mark.start()
        elif unopened > 0 and address[end - 1] == ")":
            end, unopened = end - 1, unopened - 1
        else:
            return address[:end]
