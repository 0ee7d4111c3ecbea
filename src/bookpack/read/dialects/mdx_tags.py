"""Components, admonitions and modules in the text of an MDX page: where they stand.

Sources: mdxjs.com/docs/what-is-mdx for components, comments and modules, and
docusaurus.io/docs/markdown-features/admonitions for the fences of three or more colons.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bookpack.model import SpanList
from bookpack.read.spans import merged
from bookpack.source import Span

_FENCE = re.compile(r"^([ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)?)(`{3,}|~{3,})([^\n\r]*)", re.M)
_ADMONITION = re.compile(
    r"^(?P<space>[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)?)(?P<colons>:{3,})[ \t]*"
    r"(?:(?P<kind>[A-Za-z][\w-]*)(?P<rest>[^\n\r]*))?[ \t]*$",
    re.M,
)
_TAG_START = re.compile(r"<(/?)([A-Z][\w.]*)(?=[\s/>])")
_TAG_NAME = re.compile(r"\s*([\w:-]+)")
_TAG_END = re.compile(r"\s*(/?)>")
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_MODULE = re.compile(r"^(?:import|export)\b[^\n\r]*", re.M)
_IMPORT_LINE = re.compile(
    r"""import\s+(?:[\w$*{}\s,]+?\s+from\s+)?(?:'[^'\n]+'|"[^"\n]+")\s*;?[ \t]*(?=[\r\n]|\Z)"""
)
_BLANK_LINE_BEFORE = re.compile(r"(?:\r\n|\n|\r)[ \t]*(?:\r\n|\n|\r)\Z")
MAX_NESTING = 40
_MOST_UNREADABLE = 200  # looking for the end of a brace that has none takes its time
_LONGEST_MODULE = 20_000
_STRING = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`", re.S)


@dataclass
class Element:
    """A component or an admonition. `closing` is None where it stands alone or is not closed.

    `attributes` are strings as they are, and source in braces as `{…}`. An admonition's name
    is `:::` and its kind; its title is the attribute `title`.
    """

    name: str
    opening: Span
    attributes: Mapping[str, str] = field(default_factory=dict)
    closing: Span | None = None
    alone: bool = False
    colons: int = 0
    children: list["Element"] = field(default_factory=list)

    @property
    def span(self) -> Span:
        """Everything, from its opening to its closing tag."""
        return Span(self.opening.start, (self.closing or self.opening).end)

    @property
    def inner(self) -> Span:
        """What stands between its tags."""
        end = self.closing.start if self.closing else self.opening.end
        return Span(self.opening.end, end)


@dataclass(frozen=True)
class MdxMarkup:
    """What is no Markdown in a page. `gone` are comments and modules, which nobody sees."""

    outermost: tuple[Element, ...]
    gone: tuple[Span, ...]
    strays: tuple[Span, ...]


def find_mdx(
    text: str, start: int, is_hidden: Callable[[int], bool], *, modules: bool, imports: bool
) -> MdxMarkup:
    """Find the markup of `text` from `start` on; `is_hidden` tells offsets in code.

    `modules` are looked for where the whole page is MDX, whole lines of `imports` alone where
    it is Markdown that Docusaurus reads as MDX.
    """
    fences = _fences(text, start)

    def hidden(offset: int) -> bool:
        return is_hidden(offset) or fences.holding(offset) is not None

    gone = [span for span in _comments(text, start) if not hidden(span.start)]
    if modules or imports:
        gone += _modules(text, start, hidden, whole=modules)
    found: list[Element] = []
    strays: list[Span] = []
    taken = merged(gone)
    marks = [
        *((m.start(), m) for m in _ADMONITION.finditer(text, start)),
        *((m.start(), m) for m in _TAG_START.finditer(text, start)),
    ]
    reader = _Reader(text)
    for offset, match in sorted(marks, key=lambda mark: mark[0]):
        place = match.start("colons") if match.re is _ADMONITION else offset
        if place < reader.position or hidden(place) or taken.holding(place) is not None:
            continue
        if match.re is _ADMONITION:
            reader.admonition(match, found, strays)
        else:
            reader.component(match, found, strays)
    return MdxMarkup(_as_tree(found), tuple(gone), tuple(strays))


class _Reader:
    """Reads marks in order and pairs what opens with what closes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.opened: list[Element] = []
        self.names: Counter[str] = Counter()
        self.fences: list[Element] = []
        self.unreadable = 0

    def admonition(self, match: re.Match[str], found: list[Element], strays: list[Span]) -> None:
        """Open or close an admonition; a fence of as many colons, or more, closes it."""
        colons = len(match["colons"])
        if match["kind"]:
            rest = match["rest"].strip()
            title = rest
            bracket = re.match(r"\[((?:[^\[\]]|\[[^\[\]]*\](?:\([^()]*\))?)*)\]", rest)
            if bracket:
                title = bracket[1]
            elif rest.startswith("{"):
                title = ""
            opening = Span(match.start("colons"), match.end())
            element = Element(f":::{match['kind']}", opening, {"title": title}, colons=colons)
            found.append(element)
            self.fences.append(element)
            return
        closing = Span(match.start("colons"), match.end())
        while self.fences:
            element = self.fences.pop()
            if element.colons <= colons:
                element.closing = closing
                return
        strays.append(closing)

    def component(self, match: re.Match[str], found: list[Element], strays: list[Span]) -> None:
        """Open or close a component; a tag that cannot be read is left alone."""
        name = match[2]
        if match[1]:
            end = _TAG_END.match(self.text, match.end())
            if end is None:
                return
            self.position = end.end()
            if not self.names[name]:
                strays.append(Span(match.start(), end.end()))
                return
            while (last := self.opened.pop()).name != name:
                self.names[last.name] -= 1
            self.names[name] -= 1
            last.closing = Span(match.start(), end.end())
            return
        read = None
        if self.unreadable < _MOST_UNREADABLE:
            read = _read_attributes(self.text, match.end())
        if read is None:
            self.unreadable += 1
            return
        attributes, alone, self.position = read
        element = Element(name, Span(match.start(), self.position), attributes, alone=alone)
        found.append(element)
        if not alone:
            self.opened.append(element)
            self.names[name] += 1


def _read_attributes(text: str, position: int) -> tuple[dict[str, str], bool, int] | None:
    """Return the attributes of a tag, whether it closes itself, and where it ends."""
    attributes: dict[str, str] = {}
    while True:
        end = _TAG_END.match(text, position)
        if end:
            return attributes, bool(end[1]), end.end()
        blank = re.compile(r"\s*").match(text, position)
        position = blank.end() if blank else position
        if text.startswith("{", position):  # spread
            closing = _closing_brace(text, position)
            if closing is None:
                return None
            position = closing
            continue
        name = _TAG_NAME.match(text, position)
        if name is None:
            return None
        position = name.end()
        if not text.startswith("=", position):
            attributes[name[1]] = "{true}"
            continue
        position += 1
        quoted = _QUOTED.match(text, position)
        if quoted:
            attributes[name[1]] = quoted[1] if quoted[1] is not None else quoted[2]
            position = quoted.end()
            continue
        closing = _closing_brace(text, position) if text.startswith("{", position) else None
        if closing is None:
            return None
        attributes[name[1]] = text[position:closing]
        position = closing


def _closing_brace(text: str, position: int) -> int | None:
    """Return the offset behind the brace that closes the one at `position`."""
    depth = 0
    limit = min(len(text), position + _LONGEST_MODULE)
    while position < limit:
        character = text[position]
        if character in "\"'`":
            string = _STRING.match(text, position)
            position = string.end() if string else position + 1
            continue
        depth += (character == "{") - (character == "}")
        position += 1
        if depth == 0:
            return position
    return None


def _comments(text: str, start: int) -> list[Span]:
    """Return the comments `{/* … */}`; one that is never closed is none."""
    found: list[Span] = []
    while (opening := text.find("{/*", start)) >= 0:
        closing = text.find("*/}", opening + 3)
        if closing < 0:
            break
        start = closing + 3
        found.append(Span(opening, start))
    return found


def _modules(text: str, start: int, hidden: Callable[[int], bool], *, whole: bool) -> list[Span]:
    """Return the lines that import and export, with their ends."""
    found: list[Span] = []
    for match in _MODULE.finditer(text, start):
        if hidden(match.start()) or (found and match.start() < found[-1].end):
            continue
        line = _IMPORT_LINE.match(text, match.start())
        if line:
            end = line.end()
        elif whole and _begins_block(text, match.start(), start, found):
            end = _module_end(text, match.start())
        else:
            continue
        ending = re.compile(r"\r\n|\n|\r").match(text, end)
        found.append(Span(match.start(), ending.end() if ending else end))
    return found


def _begins_block(text: str, place: int, start: int, found: list[Span]) -> bool:
    """Tell whether a blank line, the beginning, or another module stands before `place`."""
    if found and not text[found[-1].end : place].strip():
        return True
    before = text[max(start, place - 200) : place]
    return not before.strip() or _BLANK_LINE_BEFORE.search(before) is not None


def _module_end(text: str, start: int) -> int:
    """Return where a module's code ends: at a blank line outside of its brackets."""
    depth, position = 0, start
    limit = min(len(text), start + _LONGEST_MODULE)
    while position < limit:
        character = text[position]
        if character in "\"'`":
            string = _STRING.match(text, position)
            position = string.end() if string else position + 1
            continue
        depth += (character in "([{") - (character in ")]}")
        if character in "\n\r" and depth <= 0:
            blank = re.compile(r"(?:\r\n|\n|\r)[ \t]*(?=[\r\n]|\Z)").match(text, position)
            if blank:
                return position
        position += 1
    return position


def _fences(text: str, start: int) -> SpanList:
    """Return the fenced code of a text, also of that which stands between tags."""
    found: list[Span] = []
    opened: re.Match[str] | None = None
    for match in _FENCE.finditer(text, start):
        if opened is None:
            if match[2][0] == "~" or "`" not in match[3]:
                opened = match
        elif match[2].startswith(opened[2]) and not match[3].strip():
            found.append(Span(opened.start(2), match.end()))
            opened = None
    if opened is not None:
        found.append(Span(opened.start(2), len(text)))
    return merged(found)


def _as_tree(found: list[Element]) -> tuple[Element, ...]:
    """Put elements into those around them; what crosses another's end counts as not closed."""
    outermost: list[Element] = []
    around: list[Element] = []
    for element in sorted(found, key=lambda element: element.opening.start):
        while around and around[-1].span.end <= element.opening.start:
            around.pop()
        crosses = around and element.span.end > around[-1].inner.end
        if crosses or len(around) >= MAX_NESTING:
            element.closing = None
        (around[-1].children if around else outermost).append(element)
        if element.closing:
            around.append(element)
    return tuple(outermost)
