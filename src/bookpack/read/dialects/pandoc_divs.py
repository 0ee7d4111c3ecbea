"""Fenced divs `::: {.class}` … `:::` (https://pandoc.org/MANUAL.html#extension-fenced_divs).

A callout becomes a quoted block, a theorem gets its name, every other div loses its fences; an
id stays as an anchor. Lines inside a callout keep their places: each gets its quote mark.
"""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from bookpack.model import Problem, Structure
from bookpack.read.dialects.callouts import callout
from bookpack.read.dialects.edit_list import EditList
from bookpack.read.dialects.pandoc_attributes import Attributes, read_attributes
from bookpack.source import Edit, Span

_FENCE = re.compile(
    r"^(?P<indent>[ \t>]*)(?P<fence>:{3,})[ \t]*"
    r"(?P<rest>(?:[\w.-]+[ \t]*)?(?:\{(?P<attributes>[^}\n]*)\})?)[ \t]*:*[ \t]*$",
    re.M,
)
_HEADING = re.compile(r"[ \t>]*(#{1,6})[ \t]+(?P<text>.*?)[ \t]*(?:\{[^}\n]*\})?[ \t]*#*[ \t]*$")
_DEEPEST = 20
"""How deep callouts may lie in each other; a div that lies deeper only loses its fences."""
_THEOREMS = {
    "thm": "Theorem", "lem": "Lemma", "cor": "Corollary", "prp": "Proposition",
    "cnj": "Conjecture", "def": "Definition", "exm": "Example", "exr": "Exercise",
    "hyp": "Hypothesis", "sol": "Solution", "rem": "Remark", "alg": "Algorithm",
}  # fmt: skip
_THEOREM_OF = {name.lower(): name for name in (*_THEOREMS.values(), "Proof")}
_SHORT_OF = {name.lower(): short for short, name in _THEOREMS.items()}


@dataclass(slots=True)
class _Div:
    opening: Span
    indent: str
    attributes: Attributes
    closing: Span | None = None


def theorem_label(attributes: Attributes) -> str:
    """Return the label `thm:id` that bookdown gives a theorem, empty for any other div."""
    for name in attributes.classes:
        if name in _SHORT_OF and attributes.id:
            return f"{_SHORT_OF[name]}:{attributes.id}"
    return ""


class DivReader:
    """Finds the divs of one text and replaces them in `edits`."""

    def __init__(self, text: str, structure: Structure, edits: EditList) -> None:
        self.text = text
        self.structure = structure
        self.edits = edits
        self.problems: list[Problem] = []
        self.quotes: dict[int, str] = {}
        self.places: list[int] = []

    def translate(self) -> None:
        """Collect the edits; the quote marks of callouts are added by `finished`."""
        for div in self._divs():
            assert div.closing is not None
            attributes = div.attributes
            kind = _callout_kind(attributes)
            if kind:
                self._callout(div, kind)
                continue
            if _is_hidden(attributes):
                message = "This part is hidden in the book on the web."
                self.problems.append(Problem("untranslated-markup", div.opening, message))
                continue
            name = _theorem(attributes)
            anchor = theorem_label(attributes) or attributes.id
            written = f'<div id="{anchor}"></div>\n' if anchor else ""
            if name:
                title = attributes.values.get("name") or self._take_title(div)
                written += (
                    "\n" if written else ""
                ) + f"**{name}{f' ({title})' if title else ''}.**"
            self.edits.replace(div.opening, written)
            self.edits.replace(div.closing, "")

    def finished(self) -> tuple[Edit, ...]:
        """Return all edits, with the quote marks of the callouts before their lines."""
        edits = list(self.edits.edits())
        if not self.quotes:
            return tuple(edits)
        quotes = dict(self.quotes)
        self.places = sorted(quotes)
        done = []
        for span, text in edits:
            start = self.text.rfind("\n", 0, span.start) + 1
            end = self.text.find("\n", start)
            mark = self._mark(start, len(self.text) if end < 0 else end) if "\n" in text else ""
            if mark:
                text = text.replace("\n", f"\n{mark}")
            for place in self._places(span.start + 1, span.end - 1):
                quotes.pop(place, None)
            whole = not text and span.end > span.start and self.text[span.end - 1] == "\n"
            if span.start in quotes and whole:
                del quotes[span.start]
            elif span.start == span.end and span.start in quotes:
                text = quotes.pop(span.start) + text
            done.append(Edit(span, text))
        done += [Edit(Span(place, place), mark) for place, mark in quotes.items()]
        return tuple(sorted(done))

    def _places(self, first: int, last: int) -> list[int]:
        """Return where quote marks stand, from `first` to `last`."""
        return self.places[bisect_left(self.places, first) : bisect_right(self.places, last)]

    def _mark(self, start: int, end: int) -> str:
        """Return what further lines must begin with that take the place of this one."""
        pieces, position = [], start
        for place in self._places(start, end):
            quote = self.quotes[place]
            pieces += [self.text[position:place], quote if quote.endswith(" ") else f"{quote} "]
            position = place
        return "".join(pieces)

    def _divs(self) -> list[_Div]:
        opened: list[_Div] = []
        closed: list[_Div] = []
        for match in _FENCE.finditer(self.text, self.structure.body_start):
            place = match.start("fence")
            if self.structure.code.holding(place):
                continue
            span = Span(place, match.end())
            if not match["rest"].strip():
                if opened:
                    opened[-1].closing = span
                    closed.append(opened.pop())
                continue
            inside = match["attributes"]
            bare = match["rest"].partition("{")[0].strip()
            attributes = read_attributes(inside or "")
            if attributes is None:
                attributes = Attributes()
            if bare:
                attributes.classes.insert(0, bare.lstrip("."))
            if len(opened) >= _DEEPEST:
                attributes = Attributes()
            opened.append(_Div(span, match["indent"], attributes))
        for div in opened:
            message = "This div is never closed."
            self.problems.append(Problem("untranslated-markup", div.opening, message))
        return sorted(closed, key=lambda div: div.opening)

    def _callout(self, div: _Div, kind: str) -> None:
        assert div.closing is not None
        title = div.attributes.values.get("title") or self._take_title(div)
        head = callout(kind, title, "")
        start = self._next_line(div.opening.end)
        body = self.text[start : div.closing.start - len(div.indent)]
        if "\n" in head and body.strip():
            head += "\n>"
        if div.attributes.id:
            head = f'<div id="{div.attributes.id}"></div>\n\n{head}'
        # The line above gets no say: a quoted block begins wherever its mark stands.
        self.edits.replace(div.opening, head)
        self.edits.replace(div.closing, "")
        place = start
        for line in body.splitlines(keepends=True):
            indent = min(len(div.indent), len(line) - len(line.lstrip(" \t>")))
            text = line.strip()
            mark = "> " if text else ">"
            at = place + (indent if text else 0)
            self.quotes[at] = self.quotes.get(at, "") + mark
            place += len(line)

    def _take_title(self, div: _Div) -> str:
        """Return the heading that a div begins with, and take it away."""
        assert div.closing is not None
        place = self._next_line(div.opening.end)
        while place < div.closing.start:
            after = self._next_line(place)
            line = self.text[place:after]
            if line.strip():
                heading = _HEADING.match(line.rstrip("\r\n"))
                if heading is None:
                    return ""
                self.edits.replace(Span(place, after), "")
                return heading["text"]
            place = after
        return ""

    def _next_line(self, place: int) -> int:
        found = self.text.find("\n", place)
        return len(self.text) if found < 0 else found + 1


def _callout_kind(attributes: Attributes) -> str:
    for name in attributes.classes:
        if name.startswith("callout-"):
            return name.removeprefix("callout-")
        if name in ("rmdnote", "rmdtip", "rmdwarning", "rmdcaution", "rmdimportant"):
            return name.removeprefix("rmd")
    return ""


def _theorem(attributes: Attributes) -> str:
    short = attributes.id.partition("-")[0]
    if "-" in attributes.id and short in _THEOREMS:
        return _THEOREMS[short]
    return next((_THEOREM_OF[name] for name in attributes.classes if name in _THEOREM_OF), "")


def _is_hidden(attributes: Attributes) -> bool:
    values, classes = attributes.values, attributes.classes
    when, unless = values.get("when-format"), values.get("unless-format")
    holds = (when is None or when.startswith("html")) and not (unless or "").startswith("html")
    if "content-visible" in classes:
        return not holds and (when is not None or unless is not None)
    return "content-hidden" in classes and holds
