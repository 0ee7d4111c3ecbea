"""Where exactly a link's destination stands.

The parser gives the range of a whole link or definition and its decoded destination. The
place of the destination inside that range is found by CommonMark's grammar of link
destinations (spec 0.31, section 6.3) and then proven: what stands there must decode to what
the parser said. What cannot be proven is None, never a guess.
"""

import re
from html import unescape

from bookpack.source import Span

_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])|&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z0-9]+);")
# Blanks, and after a line end the marks of the quotes and lists around.
_GAP = r"[ \t]*(?:(?:\r\n|\n|\r)[ \t>]*)*"
_OPENING = re.compile(rf"{_GAP}\]\({_GAP}")
_LABEL = re.compile(rf"{_GAP}\]\[((?:[^\[\]\\]|\\.)*)\]", re.S)
_DEFINITION = re.compile(rf"\[((?:[^\[\]\\]|\\.)+)\]:{_GAP}", re.S)
_ANGLE = re.compile(r"<((?:[^<>\n\r\\]|\\.)*)>")
_BARE_STOP = re.compile(r"[\x00-\x20\x7f]|\\.|[()]", re.S)


def unescape_markdown(raw: str) -> str:
    """Resolve backslash escapes and entities the way CommonMark does in destinations."""
    if "\\" not in raw and "&" not in raw:
        return raw
    return _ESCAPE.sub(lambda match: match[1] or unescape(match[0]), raw)


def find_inline_destination(text: str, after: int, end: int, target: str) -> Span | None:
    """Find the destination of an inline link or image.

    `after` is where the last event of its text ends, `end` where the link ends, `target` the
    decoded destination. Angle brackets are no part of the span.
    """
    start, stop = after + 2, end - 1
    if text[start:stop] == target and target and text[after:start] == "](" and text[stop] == ")":
        return Span(start, stop)  # nearly every link there is
    opening = _OPENING.match(text, after, end)
    return _proven(text, opening.end(), end, target) if opening else None


def find_definition_parts(text: str, span: Span, target: str) -> tuple[Span, Span | None] | None:
    """Find label and destination of the reference definition at `span`."""
    head = _DEFINITION.match(text, span.start, span.end)
    if not head:
        return None
    return Span(*head.span(1)), _proven(text, head.end(), span.end, target)


def read_definition(text: str, start: int, end: int) -> tuple[Span, Span] | None:
    """Read the definition that begins at `start`; return the spans of label and target."""
    head = _DEFINITION.match(text, start, end)
    if not head:
        return None
    angle = _ANGLE.match(text, head.end(), end)
    place = head.end()
    target = Span(*angle.span(1)) if angle else Span(place, _end_of_bare(text, place, end))
    return Span(*head.span(1)), target


def find_label(text: str, after: int, end: int) -> Span | None:
    """Find the second brackets' content of `[text][label]`."""
    match = _LABEL.match(text, after, end)
    return Span(*match.span(1)) if match else None


def normalise_label(label: str) -> str:
    """Return the form in which CommonMark compares labels."""
    return " ".join(label.split()).casefold()


def _proven(text: str, start: int, end: int, target: str) -> Span | None:
    angle = _ANGLE.match(text, start, end)
    span = Span(*angle.span(1)) if angle else Span(start, _end_of_bare(text, start, end))
    return span if unescape_markdown(span.slice(text)) == target else None


def _end_of_bare(text: str, start: int, end: int) -> int:
    depth = 0
    for stop in _BARE_STOP.finditer(text, start, end):
        character = stop[0]
        if character == "(":
            depth += 1
        elif character == ")":
            if depth == 0:
                return stop.start()
            depth -= 1
        elif character[0] != "\\":
            return stop.start()
    return end
