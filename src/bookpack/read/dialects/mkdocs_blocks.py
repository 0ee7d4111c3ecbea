"""Blocks that Python-Markdown and its extensions know and CommonMark does not, made plain.

Admonitions (https://python-markdown.github.io/extensions/admonition/), details, content tabs
and generic blocks (https://facelessuser.github.io/pymdown-extensions/). They hold other blocks
by four columns of indent, which CommonMark would read as code, so this works on lines: what
comes out has no such indent any more.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from bookpack.model import Problem
from bookpack.read.dialects.callouts import callout
from bookpack.read.dialects.lines import Line
from bookpack.source import Span

MAX_DEPTH = 40
_ADMONITION = re.compile(r'!!! ?([\w\-]+(?: +[\w\-]+)*)(?: +"(.*)")? *\Z')
_DETAILS = re.compile(
    r'\?\?\?\+? ?(?:([\w\-]+(?: +[\w\-]+)*))?(?:(?: +|(?<=\+)|(?<=\?))"(.*)")? *\Z'
)
_TAB = re.compile(r'===(?:\+!?|!\+?)? +"(.*)" *\Z')
_BLOCK = re.compile(r"(/{3,}) *([\w-]+) *(?:\| *(.*?))? *\Z")
_OPTION = re.compile(r"([\w-]+): *(.*?) *\Z")
_FENCE = re.compile(r"(`{3,}(?=[^`]*\Z)|~{3,})(.*)\Z", re.S)
_BRACED_INFO = re.compile(r"( *)\{ *\.([\w+#.-]+)([^{}]*)\} *\Z")
_ITEM = re.compile(r"(?:[-*+]|\d+[.)])(?:[ \t]|\Z)|\[\^[^\]]+\]:|:[ \t]{1,3}\S")
_DEFINITION = re.compile(r":([ \t]{1,3})(?=\S)")
_RAW = re.compile(r"<(pre|script|style|textarea)\b", re.I)
_MARKDOWN_TAG = re.compile(
    r"<([a-z][\w-]*)\b[^<>]*?(\s+markdown(?:=(?:\"(?:1|block)?\"|'(?:1|block)?'|1|block))?)(?=[\s>])[^<>]*>\s*\Z",
    re.I,
)
_LAYOUT = ("inline", "end")
_PLAIN_BLOCKS = frozenset(
    ["html", "caption", "figure-caption", "table-caption", "define", "definition"]
)
_GENERIC_BLOCKS = frozenset(["admonition", "details", "tab"])
_ADMONITION_BLOCKS = frozenset(
    ["note", "attention", "caution", "danger", "error", "tip", "hint", "warning", "important"]
)
TRIGGERS = re.compile(
    r"!!!|\?\?\?|===|///|```[ \t]*\{|~~~[ \t]*\{|\bmarkdown\b|^[ \t]{0,3}:[ \t]{1,3}\S", re.M
)
"""A text without any of these has nothing to translate here."""


class Blocks:
    """Translates the lines of one page; `kinds` are further names of admonition blocks.

    `generic` tells that the site knows blocks fenced by `///` and `definitions` that it knows
    definition lists.
    """

    def __init__(
        self, kinds: Sequence[str] = (), *, generic: bool = True, definitions: bool = True
    ) -> None:
        self.kinds = frozenset(kinds)
        self.generic = generic
        self.definitions = definitions
        self.problems: list[Problem] = []

    def translate(self, lines: Sequence[Line], depth: int = 0) -> list[Line]:
        """Return the lines of a container (its own indent is gone) with plain blocks."""
        if depth > MAX_DEPTH:
            return list(lines)
        return _Container(self, lines, depth).run()


class _Container:
    """One run over the lines of a page, or of the inside of a block."""

    def __init__(self, blocks: Blocks, lines: Sequence[Line], depth: int) -> None:
        self.blocks = blocks
        self.lines = lines
        self.depth = depth
        self.out: list[Line] = []
        self.items: list[int] = []
        self.markdown_tags: list[str] = []
        self.at = 0
        # A block ends with its last line; what follows must not become a part of it.
        self.apart = False
        # What has no end is looked for once: the lines that follow have none either.
        self.endless: set[str] = set()

    def run(self) -> list[Line]:
        readers: tuple[Callable[[Line, int, str], bool], ...] = (
            self._fence,
            self._raw,
            self._admonition,
            self._tab,
            self._generic,
            self._definition,
            self._tag,
        )
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.blank:
                self.apart = False
                self._keep(line)
                continue
            indent, text = line.indent, line.text.strip()
            self._enter_list(line, indent, text)
            if self.apart:
                self._add_blank(line)
            self.apart = False
            if indent > 3 and not (self.items and indent - self.items[-1] < 8):
                self._keep(line)  # an indented code block
            elif not any(reader(line, indent, text) for reader in readers):
                self._keep(line)
        return self.out

    def _keep(self, line: Line) -> None:
        self.out.append(line)
        self.at += 1

    def _add_blank(self, line: Line) -> None:
        if self.out and not self.out[-1].blank:
            self.out.append(Line("", line.place))

    def _enter_list(self, line: Line, indent: int, text: str) -> None:
        """Keep track of the list items whose inside a line of this indent can be."""
        after_blank = self.at == 0 or self.lines[self.at - 1].blank
        is_item = _ITEM.match(text) is not None
        while self.items and self.items[-1] >= indent and (after_blank or is_item):
            self.items.pop()
        if is_item and (indent <= 3 or (self.items and indent - self.items[-1] < 8)):
            self.items.append(indent)

    def _take_body(self, indent: int) -> list[Line]:
        """Take the lines indented by four columns more, without that and blank lines around."""
        end = start = self.at + 1
        for index in range(start, len(self.lines)):
            line = self.lines[index]
            if not line.blank and line.indent < indent + 4:
                break
            if not line.blank:
                end = index + 1
        self.at = end
        while start < end and self.lines[start].blank:
            start += 1
        return [line.without_indent(indent + 4) for line in self.lines[start:end]]

    def _fence(self, line: Line, indent: int, text: str) -> bool:
        fence = _FENCE.match(text)
        if fence is None:
            return False
        end = self._closing_fence(self.at, fence[1])
        if end is None:
            return False
        braced = _BRACED_INFO.match(fence[2])
        if braced:
            # In Markdown the first word is the language; classes say only how it looks.
            words = (w for w in braced[3].split(" ") if not w.startswith((".", "#")))
            info = " ".join([braced[2], *filter(None, words)])
            self.out.append(Line(f"{' ' * indent}{fence[1]}{info}", line.place))
        else:
            self.out.append(line)
        self.out += self.lines[self.at + 1 : end + 1]
        self.at = end + 1
        return True

    def _closing_fence(self, start: int, mark: str) -> int | None:
        if mark in self.endless:
            return None
        for index in range(start + 1, len(self.lines)):
            text = self.lines[index].text.strip()
            if text.startswith(mark) and not text.strip(mark[0]):
                return index
        self.endless.add(mark)
        return None

    def _raw(self, line: Line, indent: int, text: str) -> bool:
        raw = _RAW.match(text)
        end = "-->" if text.startswith("<!--") else f"</{raw[1].lower()}" if raw else ""
        if not end or end in self.endless:
            return False
        for index in range(self.at, len(self.lines)):
            if end in self.lines[index].text.lower():
                self.out += self.lines[self.at : index + 1]
                self.at = index + 1
                return True
        self.endless.add(end)
        return False

    def _admonition(self, line: Line, indent: int, text: str) -> bool:
        match = _ADMONITION.match(text) or _DETAILS.match(text)
        if match is None or not (match[1] or match[2] is not None):
            return False
        words = [word for word in (match[1] or "").split() if word not in _LAYOUT]
        at, body = self.at, self._take_body(indent)
        if not body and match[2] is None:
            self.at = at  # with neither title nor text it may as well be exclamation
            return False
        self._write_callout(line, indent, words[0] if words else "note", match[2], body)
        return True

    def _write_callout(
        self, line: Line, indent: int, kind: str, title: str | None, body: list[Line]
    ) -> None:
        inner = _trimmed(self.blocks.translate(body, self.depth + 1))
        # An empty title is the author's wish to see none; a mere note says nothing of its own.
        kind = "note" if title == "" and not _is_alert(kind) else kind
        shown = [line.written + line.text for line in inner]
        written = callout(kind, title or "", "\n".join(shown), " " * indent).split("\n")
        self._add_blank(line)
        head = len(written) - len(inner)
        self.out += (Line(one, line.place) for one in written[:head])
        self.out += (one.behind(f"{' ' * indent}> ") for one in inner)
        self.apart = True

    def _tab(self, line: Line, indent: int, text: str) -> bool:
        match = _TAB.match(text)
        if match is None:
            return False
        self._write_tab(line, indent, match[1], self._take_body(indent))
        return True

    def _write_tab(self, line: Line, indent: int, title: str, body: list[Line]) -> None:
        self._add_blank(line)
        self.out.append(Line(f"{' ' * indent}**{title.strip() or 'Tab'}**", line.place))
        inner = _trimmed(self.blocks.translate(body, self.depth + 1))
        if inner:
            self.out.append(Line("", line.place))
            self.out += (one.behind(" " * indent) for one in inner)
        self.apart = True

    def _generic(self, line: Line, indent: int, text: str) -> bool:
        match = _BLOCK.match(text)
        if match is None:
            return False
        mark, name, title = match[1], match[2].lower(), match[3]
        end = self._closing_block(mark, indent)
        known = name in _PLAIN_BLOCKS | _ADMONITION_BLOCKS | self.blocks.kinds | _GENERIC_BLOCKS
        if end is None or not known:
            if not (known or self.blocks.generic):
                return False
            wrong = "is never closed" if end is None else "is of a kind that nobody knows"
            span = Span(line.place, line.place + (len(line.text) if line.copied else 0))
            message = f"The block {name} {wrong}, so it stays as it is."
            self.blocks.problems.append(Problem("untranslated-markup", span, message))
            return False
        inside = list(self.lines[self.at + 1 : end])
        options: dict[str, str] = {}
        while inside and inside[0].indent >= indent + 4 and not inside[0].blank:
            option = _OPTION.match(inside.pop(0).text.strip())
            if option:
                options[option[1]] = option[2].strip("'\"")
        body = _trimmed([one.without_indent(indent) for one in inside])
        self.at = end + 1
        if name == "tab":
            self._write_tab(line, indent, title or "", body)
        elif name in _PLAIN_BLOCKS:
            self._add_blank(line)
            inner = self.blocks.translate(body, self.depth + 1)
            self.out += (one.behind(" " * indent) for one in inner)
            self.apart = True
        else:
            kind = options.get("type", "note") if name in _GENERIC_BLOCKS else name
            self._write_callout(line, indent, kind or "note", title, body)
        return True

    def _closing_block(self, mark: str, indent: int) -> int | None:
        if f"{mark}{indent}" in self.endless:
            return None
        index = self.at + 1
        while index < len(self.lines):
            text = self.lines[index].text.strip()
            fence = _FENCE.match(text)
            closing = self._closing_fence(index, fence[1]) if fence else None
            if closing is not None:
                index = closing
            elif text == mark and abs(self.lines[index].indent - indent) <= 3:
                return index
            index += 1
        self.endless.add(f"{mark}{indent}")
        return None

    def _definition(self, line: Line, indent: int, text: str) -> bool:
        """A definition of several blocks becomes a list item: its inside would be code else."""
        match = _DEFINITION.match(text)
        if match is None or not self.blocks.definitions or indent > 3 or not self.out:
            return False
        following = self.lines[self.at + 1 : self.at + 60]
        blank = next((i for i, one in enumerate(following) if one.blank), len(following))
        after = next((one for one in following[blank:] if not one.blank), None)
        if after is None or after.indent < indent + 4:
            return False
        rest = line.without_indent(indent)
        self.out.append(
            rest._replace(
                text=rest.text[1:],
                place=rest.place + (1 if rest.copied else 0),
                written=f"{' ' * indent}-",
            )
        )
        self.at += 1
        return True

    def _tag(self, line: Line, indent: int, text: str) -> bool:
        """Markdown inside of HTML begins behind a blank line in CommonMark, and not before."""
        opening = _MARKDOWN_TAG.match(text)
        if opening:
            self.markdown_tags.append(opening[1].lower())
            start, end = opening.span(2)
            at = len(line.text) - len(line.text.lstrip())
            cut = line.text[: at + start] + line.text[at + end :]
            self.out.append(Line(cut, line.place))
            self.at += 1
            self.apart = True
            return True
        if self.markdown_tags and text.lower().startswith(f"</{self.markdown_tags[-1]}"):
            self.markdown_tags.pop()
            self._keep(line)
            self.apart = True
            return True
        if self.markdown_tags and text.startswith("<") and text.endswith(">"):
            self._keep(line)
            following = self.lines[self.at].text.strip() if self.at < len(self.lines) else ""
            self.apart = not following.startswith("<")
            return True
        return False


def _trimmed(lines: list[Line]) -> list[Line]:
    """Return the lines without blank ones at both ends."""
    start, end = 0, len(lines)
    while start < end and lines[start].blank:
        start += 1
    while end > start and lines[end - 1].blank:
        end -= 1
    return lines[start:end]


def _is_alert(kind: str) -> bool:
    return len(callout(kind, "", "x").split("\n")) == 2


def titles_of(options: Mapping[str, object]) -> list[str]:
    """Return the further kinds of admonition blocks that a setting names."""
    kinds = options.get("types")
    return [str(kind) for kind in kinds if isinstance(kind, str)] if isinstance(kinds, list) else []
