"""Liquid in a text: its tags and outputs, and the few of them whose value is certain.

The language is described at https://shopify.github.io/liquid/, what Jekyll adds at
https://jekyllrb.com/docs/liquid/. Nothing is run: an expression has a value here only when it
is a literal, a scalar of the site's settings or of the page's front matter, through filters
that depend on nothing else.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from bookpack.source import Span

_MARK = re.compile(
    r"\{%-?\s*(?P<tag>\w+)"
    r"(?P<arguments>(?:\"[^\"]*\"|'[^']*'|[^\"'%{]|%(?!\})|\{(?!%)){0,2000}?)-?%\}"
    r"|\{\{-?(?P<output>(?:\"[^\"]*\"|'[^']*'|[^\"'}{]|\}(?!\})){0,2000}?)-?\}\}",
    re.S,
)
_OPAQUE = ("raw", "comment", "highlight")
_CLOSING = {name: re.compile(rf"\{{%-?\s*end{name}\s*-?%\}}") for name in _OPAQUE}
_PIPES = re.compile(r"((?:\"[^\"]*\"|'[^']*'|[^|\"'])+)")
_LITERAL = re.compile(r"\s*(?:\"([^\"]*)\"|'([^']*)')\s*")
_NAME = re.compile(r"\s*([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+)\s*")
_FILTER = re.compile(r"\s*(\w+)\s*(?::\s*(.*?))?\s*", re.S)


@dataclass(frozen=True, slots=True)
class Mark:
    """A tag `{% name arguments %}`, or an output `{{ … }}` with an empty `name`."""

    span: Span
    name: str
    arguments: str


def find_marks(text: str, start: int = 0, end: int | None = None) -> Iterator[Mark]:
    """Yield the tags and outputs of `text` in order."""
    for match in _MARK.finditer(text, start, len(text) if end is None else end):
        if match["tag"]:
            yield Mark(Span(*match.span()), match["tag"], match["arguments"].strip())
        else:
            yield Mark(Span(*match.span()), "", match["output"].strip())


def find_blocks(text: str, marks: Iterable[Mark]) -> dict[int, Span]:
    """Pair the tags that open a block with those that close it: start of the one → other.

    What holds no Liquid (`raw`, `comment`) or no other of its kind (`highlight`) ends at the
    first closing tag, whatever stands between; of the others the innermost is closed first.
    """
    ends: dict[int, Span] = {}
    opened: dict[str, list[Mark]] = {}
    never_closed: set[str] = set()
    done = 0
    for mark in marks:
        if mark.span.start < done:
            continue
        if mark.name in _CLOSING:
            closing = None
            if mark.name not in never_closed:
                closing = _CLOSING[mark.name].search(text, mark.span.end)
            if closing is None:
                never_closed.add(mark.name)
            else:
                ends[mark.span.start] = Span(*closing.span())
                done = done if mark.name == "highlight" else closing.end()
        elif mark.name.startswith("end"):
            waiting = opened.get(mark.name.removeprefix("end"))
            if waiting:
                ends[waiting.pop().span.start] = mark.span
        else:
            opened.setdefault(mark.name, []).append(mark)
    return ends


def evaluate(
    expression: str, names: Mapping[str, str | Mapping[str, Any]], base: str
) -> str | None:
    """Return the value of an output as text, None where it is not certain.

    `names` holds `site` and `page`. `relative_url` gives an address from the root of the book.
    """
    first, *filters = _PIPES.findall(expression) or [""]
    value = _operand(first, names)
    for written in filters:
        match = _FILTER.fullmatch(written)
        if value is None or match is None:
            return None
        value = _filtered(value, match[1], match[2] or "", names, base)
    return value


def _operand(written: str, names: Mapping[str, Any]) -> str | None:
    literal = _LITERAL.fullmatch(written)
    if literal:
        return literal[1] if literal[1] is not None else literal[2]
    name = _NAME.fullmatch(written)
    if not name:
        return None
    value: Any = names
    for key in name[1].split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else None


def _filtered(
    value: str, name: str, argument: str, names: Mapping[str, Any], base: str
) -> str | None:
    plain = _PLAIN_FILTERS.get(name)
    if plain is not None and not argument:
        return plain(value)
    if name in ("relative_url", "absolute_url") and not argument:
        if re.match(r"[a-z][a-z0-9+.-]*:", value, re.I):
            return value
        return ("" if name == "relative_url" else base) + "/" + value.lstrip("/")
    if name in ("append", "prepend"):
        if name == "prepend" and argument in ("site.baseurl", "site.url"):
            # The base stands for both; a root-relative address is one from the base.
            is_rooted = value.startswith("/")
            return (base + value if argument == "site.url" else value) if is_rooted else None
        other = _operand(argument, names)
        return None if other is None else value + other if name == "append" else other + value
    return None


_PLAIN_FILTERS: dict[str, Callable[[str], str]] = {
    "escape": lambda value: escape(value),
    "xml_escape": lambda value: escape(value),
    "strip": str.strip,
    "downcase": str.lower,
    "upcase": str.upper,
}
