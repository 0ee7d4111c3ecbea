"""Hugo's shortcodes in a text: where they stand, what they are called, what they hold.

`{{< name a key="b" >}}`, with `%` for `<` and `>` alike, closed by `{{< /name >}}`, or by a
slash of its own. `{{</* name */>}}` is text that shows a shortcode (gohugo.io/shortcodes).
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bookpack.source import Span

# Whose content is no Markdown, so that nothing in it but their own end is a shortcode.
RAW = frozenset(["highlight", "mermaid", "katex", "math", "comment"])
MAX_NESTING = 40
_OPENING = re.compile(r"\{\{[<%]")
_TAG = re.compile(
    r'\{\{([<%])((?:"(?:\\.|[^"\\\n])*"|`[^`]*`|[^"`{}])*?)([>%])\}\}',
)
_SHOWN = re.compile(r"\{\{([<%])/\*((?:(?!\{\{).){0,2000}?)\*/([>%])\}\}", re.S)
_NAME = re.compile(r"\s*(/?)\s*([\w./-]+)")
_ARGUMENT = re.compile(r'(?:([\w-]+)\s*=\s*)?(?:"((?:\\.|[^"\\])*)"|`([^`]*)`|([^\s"`=]+))')
_COLUMN_BREAK = re.compile(r"^[ \t]*<--->[ \t]*$", re.M)


@dataclass
class Shortcode:
    """A shortcode. `closing` is None where it stands alone; `children` are those inside it."""

    name: str
    opening: Span
    positional: tuple[str, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    closing: Span | None = None
    children: list["Shortcode"] = field(default_factory=list)
    parent: "Shortcode | None" = None

    @property
    def span(self) -> Span:
        """Everything, from its opening to its closing tag."""
        return Span(self.opening.start, (self.closing or self.opening).end)

    @property
    def inner(self) -> Span:
        """What stands between its tags; empty where it stands alone."""
        if self.closing is None:
            return Span(self.opening.end, self.opening.end)
        return Span(self.opening.end, self.closing.start)

    def argument(self, *names: str, place: int | None = None) -> str:
        """Return the first of these named arguments that is set, else the one at `place`."""
        for name in names:
            if self.named.get(name):
                return self.named[name]
        if place is not None and place < len(self.positional):
            return self.positional[place]
        return ""


@dataclass(frozen=True)
class Shortcodes:
    """The shortcodes of a text, outermost ones in order, with those that only show one.

    `strays` are closing tags of what is not open.
    """

    outermost: tuple[Shortcode, ...]
    shown: tuple[tuple[Span, str], ...]
    strays: tuple[Span, ...]


def find_shortcodes(text: str, start: int, is_hidden: Callable[[int], bool]) -> Shortcodes:
    """Find the shortcodes of `text` from `start` on; `is_hidden` tells offsets in code."""
    found: list[Shortcode] = []
    shown: list[tuple[Span, str]] = []
    strays: list[Span] = []
    opened: list[Shortcode] = []
    names: Counter[str] = Counter()  # of those in `opened`
    position = start
    while (opening := _OPENING.search(text, position)) is not None:
        position = opening.end()
        if is_hidden(opening.start()):
            continue
        comment = _SHOWN.match(text, opening.start())
        if comment:
            example = f"{{{{{comment[1]}{comment[2]}{comment[3]}}}}}"
            shown.append((Span(*comment.span()), example))
            position = comment.end()
            continue
        tag = _TAG.match(text, opening.start())
        name = _NAME.match(tag[2]) if tag else None
        if tag is None or name is None:
            continue
        position = tag.end()
        span = Span(*tag.span())
        if name[1]:
            if not names[name[2]]:
                strays.append(span)
                continue
            # What was opened since stands alone.
            while (last := opened.pop()).name != name[2]:
                names[last.name] -= 1
            names[last.name] -= 1
            last.closing = span
            continue
        code = _read(name[2], span, tag[2][name.end() :])
        found.append(code)
        if tag[2].endswith("/"):
            continue
        if code.name in RAW:
            end = re.compile(rf"\{{\{{[<%]\s*/\s*{re.escape(code.name)}\s*[>%]\}}\}}").search(
                text, position
            )
            if end:
                code.closing = Span(*end.span())
                position = end.end()
            continue
        opened.append(code)
        names[code.name] += 1
    found += _column_breaks(text, found)
    return Shortcodes(_as_tree(found), tuple(shown), tuple(strays))


def without_tags(text: str) -> str:
    """Return `text` without shortcodes; what stands between two tags stays."""
    return _TAG.sub("", _SHOWN.sub("", text)) if "{{" in text else text


def _read(name: str, span: Span, arguments: str) -> Shortcode:
    positional: list[str] = []
    named: dict[str, str] = {}
    for match in _ARGUMENT.finditer(arguments.removesuffix("/")):
        quoted = match[2]
        if quoted is not None:
            value = re.sub(r"\\(.)", r"\1", quoted)
        else:
            value = match[3] if match[3] is not None else match[4]
        if match[1]:
            named.setdefault(match[1].lower(), value)
        else:
            positional.append(value)
    return Shortcode(name, span, tuple(positional), named)


def _column_breaks(text: str, found: list[Shortcode]) -> list[Shortcode]:
    """Return the lines `<--->` that stand between the columns of the theme Book."""
    return [
        Shortcode("<--->", Span(*match.span()))
        for code in found
        if code.name == "columns" and code.closing
        for match in _COLUMN_BREAK.finditer(text, code.inner.start, code.inner.end)
    ]


def _as_tree(found: list[Shortcode]) -> tuple[Shortcode, ...]:
    outermost: list[Shortcode] = []
    around: list[Shortcode] = []
    for code in sorted(found, key=lambda code: code.opening.start):
        while around and around[-1].span.end <= code.opening.start:
            around.pop()
        if len(around) >= MAX_NESTING:
            code.closing = None
        code.parent = around[-1] if around else None
        (code.parent.children if code.parent else outermost).append(code)
        if code.closing:
            around.append(code)
    return tuple(outermost)
