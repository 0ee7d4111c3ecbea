"""A proposed change to an author's text, and the name by which decisions remember it.

A suggestion carries its quote: what it would replace, what stands around it, and its
paragraph's hash. Its id is made of that and never of a line number, so that a decision
holds when the text changes elsewhere. This module must not know who makes suggestions.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from bookpack.source import Span, normalise_newlines

CONTEXT = 48
"""Code points on either side of a change that say which of several equal texts is meant."""
LONGEST_CONTEXT = 384
# Atomic, so that a Windows line ending is never read as two.
_BLANK_LINE = re.compile(r"(?>\r\n|\n|\r)[ \t>]*(?>\r\n|\n|\r)")
_ID_LENGTH = 12
SHORTEST_ID = 4
"""Signs of an id's beginning that name it."""


class Quote(NamedTuple):
    """A piece of text with what stands around it and where it stood when it was quoted.

    `paragraph` is the hash of its whole paragraph, or empty when nobody took it; `inside` is
    the offset of the piece in that paragraph. `instead` is what shall be written in its place.
    """

    prefix: str
    exact: str
    suffix: str
    start: int
    paragraph: str = ""
    inside: int = 0
    instead: str | None = None


class Draft(NamedTuple):
    """What an engine says of one change, before the room gives it an identity.

    `pattern` is equal for changes of one sort (`http → https`); `span` is in the author's text.
    `alone` says that somebody must decide on it by itself: no bulk action reaches it.
    """

    rule: str
    category: str
    span: Span
    after: str
    pattern: str
    why: str
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A change that somebody should decide on. `path` is relative to the book's folder.

    `span` is where `before` stood in the author's text when the suggestion was made; `prefix`
    and `suffix` are the code points around it. `occurrence` counts suggestions that are equal
    in everything else. No bulk action reaches what is to be decided `alone`. `found_by` names
    who makes it, where the desk `engine` has several engines.
    """

    id: str
    engine: str
    rule: str
    category: str
    path: str
    span: Span
    before: str
    after: str
    pattern: str
    why: str
    prefix: str
    suffix: str
    paragraph: str
    inside: int
    occurrence: int = 0
    alone: bool = False
    found_by: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What a person calls changes of this sort; bulk actions go by it."""
        return self.category if self.found_by else f"{self.rule} {self.category}"

    @property
    def quote(self) -> Quote:
        """What to look for when the text has changed."""
        return Quote(
            self.prefix,
            self.before,
            self.suffix,
            self.span.start,
            self.paragraph,
            self.inside,
            self.after,
        )


def make_suggestions(
    engine: str, path: str, text: str, drafts: Iterable[Draft]
) -> list[Suggestion]:
    """Give the drafts on one text their quotes and ids, in order of place.

    Of drafts that claim the same code points the first in the text is kept: the other is made
    again by the next run if it still applies. A draft that changes nothing is dropped.
    """
    paragraphs = Paragraphs(text)
    seen: dict[str, int] = {}
    made: list[Suggestion] = []
    for draft in sorted(drafts, key=lambda d: (d.span, d.rule, d.after)):
        span, before = draft.span, draft.span.slice(text)
        overlaps = made and (span.start < made[-1].span.end or span == made[-1].span)
        if before == draft.after or overlaps:
            continue
        prefix, suffix = context_of(text, span)
        name = identity(path, draft.rule, before, draft.after, prefix, suffix)
        occurrence = seen.get(name, 0)
        seen[name] = occurrence + 1
        if occurrence:
            name = identity(path, draft.rule, before, draft.after, prefix, suffix, occurrence)
        paragraph = paragraphs.around(span)
        made.append(
            Suggestion(
                id=name,
                engine=engine,
                rule=draft.rule,
                category=draft.category,
                path=path,
                span=span,
                before=before,
                after=draft.after,
                pattern=draft.pattern,
                why=draft.why,
                prefix=prefix,
                suffix=suffix,
                paragraph=digest(paragraph.slice(text)),
                inside=span.start - paragraph.start,
                occurrence=occurrence,
                alone=draft.alone,
            )
        )
    return made


def identity(
    path: str, rule: str, before: str, after: str, prefix: str, suffix: str, occurrence: int = 0
) -> str:
    """Return the stable name of a change: the same for the same change in the same words."""
    parts: list[str | int] = [
        path,
        rule,
        *(normalise_newlines(part) for part in (before, after, prefix, suffix)),
    ]
    if occurrence:
        parts.append(occurrence)
    return digest(json.dumps(parts))


def context_of(text: str, span: Span) -> tuple[str, str]:
    """Return what stands before and after `span`, at most `CONTEXT` code points each."""
    return text[max(0, span.start - CONTEXT) : span.start], text[span.end : span.end + CONTEXT]


def telling_context(text: str, span: Span) -> tuple[str, str]:
    """Return what stands before and after `span`: on each side as much as tells it from others.

    That is `CONTEXT` code points, and more where another place of `text` looks the same on that
    side, but never more than `LONGEST_CONTEXT`. Whoever looks without this text will need it.
    """
    exact = span.slice(text)
    before = after = CONTEXT
    while before < LONGEST_CONTEXT and _repeats(text, text[max(0, span.start - before) : span.end]):
        before *= 2
    while after < LONGEST_CONTEXT and _repeats(text, exact + text[span.end : span.end + after]):
        after *= 2
    return text[max(0, span.start - before) : span.start], text[span.end : span.end + after]


def _repeats(text: str, part: str) -> bool:
    place = text.find(part)
    return bool(part) and text.find(part, place + 1) >= 0


def digest(text: str) -> str:
    """Return a short hash of `text`."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_ID_LENGTH]


class Paragraphs:
    """The stretches between blank lines of one text."""

    def __init__(self, text: str) -> None:
        gaps = [match.span() for match in _BLANK_LINE.finditer(text)]
        self.starts = [0, *(end for _, end in gaps)]
        self.ends = [*(start for start, _ in gaps), len(text)]

    def around(self, span: Span) -> Span:
        """Return the stretch from the paragraph in which `span` begins to the one it ends in."""
        first = max(0, bisect_right(self.starts, span.start) - 1)
        last = max(first, bisect_right(self.starts, max(span.start, span.end - 1)) - 1)
        return Span(self.starts[first], max(self.ends[last], self.starts[first], span.end))

    def all(self) -> list[Span]:
        """Return every paragraph in order."""
        return [
            Span(start, max(start, end)) for start, end in zip(self.starts, self.ends, strict=True)
        ]
