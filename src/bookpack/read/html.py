"""Tags, attributes and comments inside the ranges that the Markdown parser calls HTML.

The grammar of a tag is that of the HTML standard's tokenizer, reduced to what a tag in a
Markdown text can be (https://html.spec.whatwg.org/multipage/parsing.html#tokenization).
"""

import re
from collections.abc import Iterator
from html import unescape

from bookpack.model import Attribute, Tag
from bookpack.source import Span

_MARKUP = re.compile(
    r"<!--(?:-?>|.*?(?:-->|(?P<unclosed>\Z)))"
    r"|<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9-]*)"
    r"(?P<attributes>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>",
    re.S,
)
_ATTRIBUTE = re.compile(
    r"(?P<name>[^\s\"'<>/=]+)"
    r"(?:\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s\"'<>]+)))?",
    re.S,
)
RAW_TEXT_ELEMENTS = frozenset({"script", "style", "textarea", "xmp"})


def scan_html(markup: str, offset: int) -> Iterator[Tag | Span]:
    """Yield the tags of `markup` and the spans of its comments, in order.

    `offset` is added to every position. What stands inside `<script>`, `<style>` and other
    raw text elements is skipped. An unclosed comment is yielded as a span of no length.
    """
    position = 0
    skip_to: str | None = None
    while match := _MARKUP.search(markup, position):
        position = match.end()
        start = offset + match.start()
        if match["name"] is None:
            if skip_to is None:
                yield Span(start, start if match["unclosed"] is not None else offset + match.end())
            continue
        name = match["name"].lower()
        closing = bool(match["close"])
        if skip_to is not None:
            if not (closing and name == skip_to):
                position = match.start() + 1
                continue
            skip_to = None
        elif not closing and name in RAW_TEXT_ELEMENTS:
            skip_to = name
        attributes = {} if closing else _attributes(markup, match, offset)
        yield Tag(Span(start, offset + match.end()), name, closing, attributes)


def _attributes(markup: str, tag: re.Match[str], offset: int) -> dict[str, Attribute]:
    start, end = tag.span("attributes")
    attributes: dict[str, Attribute] = {}
    for match in _ATTRIBUTE.finditer(markup, start, end):
        name = match["name"].lower()
        if name in attributes:
            continue
        group = next((g for g in ("double", "single", "bare") if match[g] is not None), None)
        if group is None:
            attributes[name] = Attribute("", None, False)
            continue
        value_start, value_end = match.span(group)
        span = Span(offset + value_start, offset + value_end)
        attributes[name] = Attribute(unescape(match[group]), span, group != "bare")
    return attributes


def is_decorative(tag: Tag) -> bool:
    """Tell whether the author marked this `<img>` as decoration."""
    attributes = tag.attributes
    alt = attributes.get("alt")
    if alt is not None and alt.value == "":
        return True
    role = attributes.get("role")
    if role is not None and role.value.lower() in ("presentation", "none"):
        return True
    hidden = attributes.get("aria-hidden")
    if "hidden" in attributes or (hidden is not None and hidden.value.lower() == "true"):
        return True
    style = attributes.get("style")
    if style is not None and re.search(r"display\s*:\s*none", style.value, re.I):
        return True
    sizes = [attributes[side].value for side in ("width", "height") if side in attributes]
    return bool(sizes) and all(re.fullmatch(r"[01](?:px)?", size.strip()) for size in sizes)
