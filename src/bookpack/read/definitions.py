"""Reference definitions `[label]: target "title"`, those that the parser skips included."""

import re

from bookpack.model import Definition, Problem, SpanList
from bookpack.read.destinations import (
    find_definition_parts,
    normalise_label,
    read_definition,
    unescape_markdown,
)
from bookpack.source import Span

# Behind nothing but the marks of quotes, lists and footnotes that it may stand in.
_ANY_DEFINITION = re.compile(
    r"^(?:[ \t>]|[-+*][ \t]|\d{1,9}[.)][ \t]|\[\^[^\]\s]+\]:)*"
    r"(\[((?:[^\[\]\\^]|\\.)(?:[^\[\]\\]|\\.)*)\]:)",
    re.M,
)
_LINE_END = re.compile(r"[\r\n]|\Z")


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
    text: str, start: int, found: list[Definition], events: list[SpanList]
) -> list[Definition]:
    """Find the definitions that the parser skipped because their label is taken.

    They leave no event at all; a line of their form that lies in none of `events` (prose,
    links, code, HTML) is one.
    """
    labels = {normalise_label(definition.label) for definition in found}
    known = SpanList([offset for d in sorted(found) for offset in d.span])
    lines = text if "\r" not in text else text.replace("\r\n", " \n").replace("\r", "\n")
    repeated = []
    for match in _ANY_DEFINITION.finditer(lines, start):
        place = match.start(1)
        if normalise_label(match[2]) not in labels:
            continue
        if any(places.holding(place) or places.holding(place + 1) for places in (known, *events)):
            continue
        parts = read_definition(text, place, len(text))
        if parts is None:
            continue
        label_span, target_span = parts
        line_end = _LINE_END.search(text, target_span.end)
        raw = target_span.slice(text)
        repeated.append(
            Definition(
                Span(place, line_end.start() if line_end else len(text)),
                label_span,
                target_span,
                match[2],
                unescape_markdown(raw),
                raw,
                repeated=True,
            )
        )
    return repeated
