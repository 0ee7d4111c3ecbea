"""Reference definitions `[label]: target "title"`, those that the parser skips included."""

import re

from bookpack.model import Definition, Problem, SpanList
from bookpack.read.destinations import find_definition_parts, normalise_label, unescape_markdown
from bookpack.source import Span

_ANY_DEFINITION = re.compile(
    r"^(?:[ ]{0,3}>[ ]?)*[ ]{0,3}"
    r"(\[((?:[^\[\]\\^]|\\.)(?:[^\[\]\\]|\\.)*)\]:[ \t]*(?:\r\n|\n|\r)?[ \t]*(\S+).*)$",
    re.M,
)


def place_definitions(
    text: str, known: list[tuple[str, Span, str]]
) -> tuple[list[Definition], list[Problem]]:
    """Find label and target inside the definitions that the parser reports.

    `known` are label, span and decoded target of each.
    """
    found: list[Definition] = []
    problems: list[Problem] = []
    for label, span, target in known:
        parts = find_definition_parts(text, span, target)
        if parts is None:
            message = f"The place of the definition [{label}] could not be found."
            problems.append(Problem("unplaceable-link", span, message))
            continue
        label_span, target_span = parts
        raw = target_span.slice(text) if target_span else target
        found.append(Definition(span, label_span, target_span, label, target, raw))
    return found, problems


def find_repeated_definitions(
    text: str, start: int, found: list[Definition], prose: SpanList, other: SpanList
) -> list[Definition]:
    """Find the definitions that the parser skipped because their label is taken.

    They leave no event at all; a line of their form that lies neither in `prose` nor in
    `other` (code and HTML) is one.
    """
    labels = {normalise_label(definition.label) for definition in found}
    spans = SpanList([offset for d in sorted(found) for offset in d.span])
    repeated = []
    for match in _ANY_DEFINITION.finditer(text, start):
        place = match.start(1)
        if normalise_label(match[2]) not in labels:
            continue
        if any(places.holding(place) for places in (spans, prose, other)):
            continue
        raw = match[3].strip("<>")
        target = text.find(raw, match.start(3))
        repeated.append(
            Definition(
                Span(*match.span(1)),
                Span(*match.span(2)),
                Span(target, target + len(raw)),
                match[2],
                unescape_markdown(raw),
                raw,
                repeated=True,
            )
        )
    return repeated
