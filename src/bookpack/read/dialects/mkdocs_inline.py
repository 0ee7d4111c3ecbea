"""Markup inside of lines that Python-Markdown's extensions know and CommonMark does not.

Attribute lists (https://python-markdown.github.io/extensions/attr_list/), keys, marked and
inserted text, sub- and superscript (https://facelessuser.github.io/pymdown-extensions/), and
what only the plugins of a site can tell: macros and generated documentation.
"""

import re
from collections.abc import Collection, Iterator
from html import escape

from bookpack.model import Problem, Structure
from bookpack.read.spans import merged
from bookpack.source import Edit, Span

_TOKEN = r"""(?:[.#][\w:./-]+|[\w:.-]+=(?:"[^"\n]*"|'[^'\n]*'|[^\s"'{}]+)|data-[\w-]+)"""
_ATTRIBUTES = re.compile(rf"\{{:?[ \t]*({_TOKEN}(?:[ \t]+{_TOKEN})*)[ \t]*\}}")
_COLON_ONLY = re.compile(r"\{:[ \t]*([\w-]+(?:[ \t]+[\w-]+)*)[ \t]*\}")
_ID = re.compile(r"(?:^|[ \t])(?:#([^\s\"']+)|id=[\"']?([^\s\"']+)[\"']?)")
_BEFORE_ATTRIBUTES = frozenset(")]`*_>:^~=+")
_KEYS = re.compile(
    r"(?<![+\\\w{])\+\+((?:[a-z0-9][\w-]*|\"[^\"\n]+\")(?:\+(?:[a-z0-9][\w-]*|\"[^\"\n]+\"))*)\+\+(?![+\w])",
    re.I,
)
_MARK = re.compile(r"(?<![=\\])==(?=[^\s=])([^\n]*?[^\s=])==(?!=)")
_INSERTED = re.compile(r"(?<![\^\\])\^\^(?=[^\s^])([^\n]*?[^\s^])\^\^(?!\^)")
_SUPERSCRIPT = re.compile(r"(?<![\^\\\[])\^(?=[^\s^])([^\s^\[\]]+)\^(?!\^)")
_SUBSCRIPT = re.compile(r"(?<![~\\])~(?=[^\s~])([^\s~]+)~(?!~)")
_MACRO = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.S)
_GENERATED = re.compile(r"^:::[ \t]+[\w.]+[ \t]*$", re.M)
_HEADING_WITHOUT_BLANK = re.compile(r"^#{1,6}(?=[^\s#!{])", re.M)
_MARKDOWN_ATTRIBUTE = re.compile(r"\s+markdown(?:=(?:\"[^\"]*\"|'[^']*'|[^\s>\"']+))?(?=[\s/>])")
_KEY_NAMES = {
    "ctrl": "Ctrl", "control": "Ctrl", "cmd": "Cmd", "command": "Cmd", "alt": "Alt",
    "option": "Option", "opt": "Option", "shift": "Shift", "meta": "Meta", "win": "Win",
    "windows": "Win", "super": "Super", "fn": "Fn", "altgr": "AltGr", "enter": "Enter",
    "return": "Return", "esc": "Esc", "escape": "Esc", "tab": "Tab", "space": "Space",
    "spacebar": "Space", "backspace": "Backspace", "delete": "Del", "del": "Del",
    "insert": "Ins", "ins": "Ins", "home": "Home", "end": "End", "up": "Up", "down": "Down",
    "left": "Left", "right": "Right", "arrow-up": "Up", "arrow-down": "Down",
    "arrow-left": "Left", "arrow-right": "Right", "page-up": "Page Up", "pageup": "Page Up",
    "pgup": "Page Up", "page-down": "Page Down", "pagedown": "Page Down", "pgdn": "Page Down",
    "caps-lock": "Caps Lock", "num-lock": "Num Lock", "scroll-lock": "Scroll Lock",
    "print-screen": "Print Screen", "break": "Break", "pause": "Pause", "menu": "Menu",
    "plus": "+", "minus": "-", "equal": "=", "comma": ",", "period": ".", "slash": "/",
    "backslash": "\\\\", "semicolon": ";", "colon": ":", "quote": "'", "single-quote": "'",
    "double-quote": '"', "grave": "\\`", "tilde": "\\~", "hash": "#", "star": "\\*",
    "asterisk": "\\*", "underscore": "\\_", "bracket-left": "\\[", "bracket-right": "\\]",
}  # fmt: skip


class InlineMarkup:
    """Finds the edits on one text. `extensions` and `plugins` are what the site has."""

    def __init__(self, extensions: Collection[str], plugins: Collection[str], toc: str) -> None:
        self.extensions = extensions
        self.has_macros = any(
            name in plugins for name in ("macros", "include-markdown", "jinja", "markdownextradata")
        )
        self.has_generated = "mkdocstrings" in plugins
        self.toc = re.compile(rf"^ {{0,3}}{re.escape(toc)}[ \t]*(?:(?:\r\n|\n|\r){{1,2}}|\Z)", re.M)

    def find(self, text: str, structure: Structure) -> tuple[list[Edit], list[Problem]]:
        """Return the edits that make `text` plain, and what cannot be made so."""
        run = _Run(self, text, structure)
        return run.edits(), list(run.problems())


class _Run:
    def __init__(self, markup: InlineMarkup, text: str, structure: Structure) -> None:
        self.markup = markup
        self.text = text
        self.structure = structure
        self.start = structure.body_start

    def edits(self) -> list[Edit]:
        text = self.text
        found: list[Edit] = []
        if "{" in text:
            found += self._attribute_lists()
        if "markdown" in text:
            found += self._markdown_attributes()
        found += (Edit(span, "") for span in self._places(self.markup.toc))
        if "++" in text:
            found += self._keys()
        found += self._marks()
        if "#" in text:
            for span in self._places(_HEADING_WITHOUT_BLANK):
                if self.structure.prose.holding(span.start) is not None:
                    found.append(Edit(Span(span.end, span.end), " "))
        return _apart(found)

    def problems(self) -> Iterator[Problem]:
        """Yield what a plugin puts there when the site is built."""
        if self.markup.has_macros and ("{{" in self.text or "{%" in self.text):
            for span in self._places(_MACRO):
                shown = " ".join(span.slice(self.text).split())[:60]
                message = f"The macro {shown} is not run."
                yield Problem("untranslated-markup", span, message)
        if self.markup.has_generated and ":::" in self.text:
            for span in self._places(_GENERATED):
                message = "The documentation that stands here is made when the site is built."
                yield Problem("untranslated-markup", span, message)

    def _places(self, pattern: re.Pattern[str]) -> Iterator[Span]:
        """Yield the matches that are neither in code nor in math."""
        code, math = self.structure.code, self.structure.math
        for match in pattern.finditer(self.text, self.start):
            if code.holding(match.start()) is None and math.holding(match.start()) is None:
                yield Span(*match.span())

    def _attribute_lists(self) -> Iterator[Edit]:
        text = self.text
        spans = [*self._places(_ATTRIBUTES), *self._places(_COLON_ONLY)]
        headings = merged(heading.span for heading in self.structure.headings)
        for span in sorted(set(spans)):
            match = _ATTRIBUTES.fullmatch(text, *span)
            found = _ID.search(match[1]) if match else None
            name = (found[1] or found[2]) if found else ""
            line_start = max(text.rfind("\n", 0, span.start), text.rfind("\r", 0, span.start)) + 1
            before = text[line_start : span.start]
            after = re.match(r"[^\r\n]*", text[span.end :])
            rest = after[0] if after else ""
            in_heading = headings.holding(span.start) is not None
            if in_heading and before.strip() and not rest.strip(" \t#"):
                start = span.start - (len(before) - len(before.rstrip()))
                wanted = f" {{#{name}}}" if name else ""
                yield Edit(Span(start, span.end), wanted)
            elif not before.strip("> \t") and not rest.strip():
                # On a line of its own it belongs to the block above.
                if name:
                    yield Edit(span, _anchor(name))
                elif before.strip():
                    yield Edit(span, "")
                else:
                    end = span.end + len(rest)
                    breaks = re.match(r"\r\n|\n|\r", text[end : end + 2])
                    yield Edit(Span(line_start, end + (len(breaks[0]) if breaks else 0)), "")
            elif text[span.start - 1] in _BEFORE_ATTRIBUTES or (
                rest.lstrip().startswith("|") and self.structure.tables.holding(span.start)
            ):
                start = span.start
                while text[start - 1] in " \t":
                    start -= 1
                yield Edit(Span(start, span.end), _anchor(name) if name else "")

    def _markdown_attributes(self) -> Iterator[Edit]:
        tags = [*self.structure.inline_tags]
        tags += (tag for block in self.structure.html_blocks for tag in block.tags)
        for tag in tags:
            if "markdown" in tag.attributes:
                match = _MARKDOWN_ATTRIBUTE.search(self.text, *tag.span)
                if match:
                    yield Edit(Span(*match.span()), "")

    def _keys(self) -> Iterator[Edit]:
        configured = "pymdownx.keys" in self.markup.extensions
        protected = self.structure.protected
        for match in _KEYS.finditer(self.text, self.start):
            names = re.findall(r"\"[^\"]+\"|[^+\"]+", match[1])
            known = any(name.lower() in _KEY_NAMES for name in names)
            if (configured or known) and protected.holding(match.start()) is None:
                yield Edit(Span(*match.span()), "+".join(map(_key_name, names)))

    def _marks(self) -> Iterator[Edit]:
        extensions, text = self.markup.extensions, self.text
        if "pymdownx.mark" in extensions and "==" in text:
            for match in self._unprotected(_MARK):
                simple = re.fullmatch(r"\w[^*_]*\w|\w", match[1]) is not None
                yield from _around(match, "**" if simple else "", "**" if simple else "")
        if "pymdownx.caret" in extensions and "^" in text:
            for match in self._unprotected(_INSERTED):
                yield from _around(match, "", "")
            for match in self._unprotected(_SUPERSCRIPT):
                yield from _around(match, "<sup>", "</sup>")
        if "pymdownx.tilde" in extensions and "~" in text:
            for match in self._unprotected(_SUBSCRIPT):
                yield from _around(match, "<sub>", "</sub>")

    def _unprotected(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        protected = self.structure.protected
        for match in pattern.finditer(self.text, self.start):
            if (
                protected.holding(match.start()) is None
                and protected.holding(match.end() - 1) is None
            ):
                yield match


def _around(match: re.Match[str], opening: str, closing: str) -> Iterator[Edit]:
    yield Edit(Span(match.start(), match.start(1)), opening)
    yield Edit(Span(match.end(1), match.end()), closing)


def _apart(edits: list[Edit]) -> list[Edit]:
    """Return the edits in order, without those that would touch what another one changes."""
    kept: list[Edit] = []
    for edit in sorted(edits):
        if not kept or (edit.span.start >= kept[-1].span.end and edit.span != kept[-1].span):
            kept.append(edit)
    return kept


def _anchor(name: str) -> str:
    return f'<a id="{escape(name)}"></a>'


def _key_name(name: str) -> str:
    if name.startswith('"'):
        return name.strip('"')
    known = _KEY_NAMES.get(name.lower())
    if known:
        return known
    if len(name) == 1 or re.fullmatch(r"f\d{1,2}", name, re.I):
        return name.upper()
    return " ".join(word.capitalize() for word in name.split("-"))
