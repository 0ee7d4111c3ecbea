"""What the page is shown of an entry: a short form for the list, and its paragraph with the change.

Everything is plain text in JSON values. Characters that steer a terminal or turn the direction
of writing are replaced, as in the terminal.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from bookpack.desks.review.display import Piece, brief, visible, word_diff
from bookpack.desks.review.remembering import Item
from bookpack.desks.review.suggestion import Paragraphs, digest
from bookpack.source import Source, Span, normalise_newlines

OPEN, LOST = "open", "lost"
STATES = (OPEN, "skipped", "accepted", "edited", "rejected", LOST)
_MARGIN = 1_500
"""Code points of a paragraph that are shown on either side of a change."""
_BESIDE = 400
"""The same of the paragraph before and of the one after."""
_LINE_MARGIN = 120
"""The same where many changes are listed."""
_GAP = re.compile(r"(?>\r\n|\n|\r)[ \t>]*(?>\r\n|\n|\r)")


class About(NamedTuple):
    """What an engine said of a suggestion besides the change.

    `engines` that make it, the surest first; `confidence` from 0 to 1, negative where there is
    none. Suggestions with the same `group`, where it is not empty, exclude each other.
    """

    engines: tuple[str, ...]
    confidence: float = -1.0
    group: str = ""


def face_of(item: Item, source: Source | None, about: About, *, is_new: bool) -> dict[str, Any]:
    """Return an item as a line of the list.

    `is_new` tells that nobody has looked at it in this sitting: what was skipped before is open.
    """
    one = item.suggestion
    line = column = 0
    if item.span is not None and source is not None:
        line, column = source.position(item.span.start)
    return {
        "id": one.id,
        "kind": "link" if one.engine == "links" else "grammar",
        "path": one.path,
        "line": line,
        "column": column,
        "rule": one.rule,
        "sort": one.kind,
        "category": one.category,
        "engines": list(about.engines),
        "state": _state(item, is_new),
        "before": brief(one.before),
        "after": brief(item.text if item.is_applied else one.after),
        "pattern": digest(one.pattern),
        "group": about.group,
        "alone": one.alone,
    }


def _state(item: Item, is_new: bool) -> str:
    if item.is_applied or item.state == "rejected":
        return item.state
    if item.span is None:
        return LOST
    return item.state if item.state and not is_new else OPEN


def matches(face: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    """Tell whether a line of the list passes the filter; the page's `matches` says the same."""
    words = wanted.get("words", "").casefold()
    return (
        wanted.get("chapter", "") in ("", face["path"])
        and wanted.get("category", "") in ("", face["category"])
        and (not wanted.get("engine") or wanted["engine"] in face["engines"])
        and wanted.get("state", "") in ("", face["state"])
        and any(words in str(face[name]).casefold() for name in ("before", "after", "path"))
    )


class Shower:
    """Shows changes in their paragraphs; remembers the paragraphs of the last chapter."""

    def __init__(self) -> None:
        self._text = ""
        self._paragraphs = Paragraphs("")

    def beside(self, item: Item, source: Source) -> tuple[str, str]:
        """Return the ends of the paragraphs before and after that of an item that look at it."""
        if item.span is None:
            return "", ""
        self._read(source)
        text, around = source.text, self._paragraphs.around(item.span)
        above = text[max(0, around.start - _BESIDE) : around.start].strip()
        below = text[around.end : around.end + _BESIDE].strip()
        above, below = _GAP.split(above)[-1], _GAP.split(below)[0]
        return _clean(above), _clean(below)

    def _read(self, source: Source) -> None:
        if source.text != self._text:
            self._text, self._paragraphs = source.text, Paragraphs(source.text)

    def pieces(self, item: Item, source: Source, *, whole: bool) -> list[Piece]:
        """Return the paragraph around an item, or (not `whole`) its line, with the change in it."""
        if item.span is None:
            shown = word_diff(item.suggestion.before, item.text)
            return [Piece(sign, _clean(text)) for sign, text in shown]
        self._read(source)
        text, (start, end) = source.text, item.span
        margin = _MARGIN if whole else _LINE_MARGIN
        around = self._paragraphs.around(item.span)
        first, last = max(around.start, start - margin), min(around.end, end + margin)
        before = item.suggestion.before
        # What was accepted is shown as the change that it was.
        diff = word_diff(before if item.is_applied else Span(start, end).slice(text), item.text)
        shown = [
            Piece("=", ("…" if first > around.start else "") + text[first:start].lstrip("\r\n")),
            *diff,
            Piece("=", text[end:last].rstrip() + ("…" if last < around.end else "")),
        ]
        return [Piece(sign, _clean(words)) for sign, words in shown if words]


def _clean(text: str) -> str:
    return visible(normalise_newlines(text))
