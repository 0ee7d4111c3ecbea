"""Any Markdown made fit to stand quoted in a chapter, whatever the chapter holds."""

import re

from bookpack.model import Heading, LinkKind, SpanList, Structure
from bookpack.read.block_marks import escape_block_mark
from bookpack.read.markdown import parse_markdown
from bookpack.read.plain import escape_plain
from bookpack.source import Edit, Span, apply_edits, normalise_newlines

_ROUNDS = 8
_CONTROLS = re.compile("[\x01-\x08\x0b-\x1f\x7f]")
_MARKS = re.compile(r"[<\[\]]")
_DEFINITION = re.compile(r"^[ \t>]*(\[)[^\[\]]*\]:", re.M)
_UNDERLINE = re.compile(r"\n[ \t>]*([=-])[=-]*[ \t]*\n?\Z")
_WEB = re.compile(r"https?://[^\s/?#]", re.I)


def as_quotable(markdown: str) -> tuple[str, bool]:
    """Return Markdown that can be quoted, and whether something in it had to become text.

    What could reach beyond the quote or means something only where it was written is escaped:
    HTML, pictures, headings, reference definitions, footnotes, brackets that a definition of the
    chapter could turn into a link, every link but those to absolute addresses on the web, and a
    fence that is never closed. Lines end in LF, none does at the end; tabs become blanks, because
    a quote moves tab stops. What was returned once comes back unchanged.
    """
    text = normalise_newlines(markdown).replace("\0", "\ufffd")
    text = _CONTROLS.sub(" ", "\n".join(line.expandtabs(4) for line in text.split("\n")))
    before = text = text.strip("\n").rstrip()
    for _ in range(_ROUNDS):
        edits = _escapes(text)
        if not edits:
            return text, text != before
        # What was HTML is Markdown now, and what was a definition is a pair of brackets.
        text = apply_edits(text, edits)
    return _as_plain(before), True


def _escapes(text: str) -> list[Edit]:
    seen = parse_markdown(text)
    places = {_heading_mark(text, heading) for heading in seen.headings}
    places |= {one.span.start for one in seen.problems if one.rule == "unclosed-code-fence"}
    kept = _kept_links(text, seen)
    # Formulas may hold brackets; but where the same label is defined, this would be a definition.
    places |= {
        mark.start(1)
        for mark in _DEFINITION.finditer(text)
        if seen.math.holding(mark.start(1)) is not None
    }
    for mark in _MARKS.finditer(text):
        place = mark.start()
        if any(spans.holding(place) is not None for spans in (seen.code, seen.math, kept)):
            continue
        literal = seen.prose.holding(place) is not None
        escaped = text[place - 1 : place] == "\\" and seen.prose.holding(place - 1) is None
        if not literal or (mark[0] != "<" and not escaped):
            places.add(place)
    return [Edit(Span(place, place), "\\") for place in sorted(places)]


def _kept_links(text: str, seen: Structure) -> SpanList:
    """Return where links to the web stand, without the text between their brackets."""
    flat: list[int] = []
    for link in seen.links:
        if link.target_span is None or not _WEB.match(link.target):
            continue
        if link.kind is LinkKind.AUTOLINK:
            flat += link.span
        elif link.kind is LinkKind.INLINE:
            end = text.rfind("](", link.span.start, link.target_span.start)
            flat += (link.span.start, link.span.start + 1, end, link.span.end)
    return SpanList(flat)


def _heading_mark(text: str, heading: Heading) -> int:
    """Return the place of what makes a heading one: its first `#`, or its underline."""
    line = heading.span.slice(text)
    underline = _UNDERLINE.search(line)
    if underline is not None and not line.startswith("#"):
        return heading.span.start + underline.start(1)
    return heading.span.start + line.index("#")


def _as_plain(markdown: str) -> str:
    lines = [escape_block_mark(escape_plain(line)) for line in markdown.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
