"""One page of MyST → edits that make it plain Markdown, level by level.

A directive is replaced as a whole; its body is a text of its own and is translated first. What
has no certain plain form stays byte for byte and is reported.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bookpack.model import Heading, Problem, Structure
from bookpack.read.dialects.myst.aligned import aligned_edits
from bookpack.read.dialects.myst.fences import Directive, Passage, Reading, read_passage
from bookpack.read.dialects.myst.labels import LabelledBook, Target, plain_text
from bookpack.read.dialects.myst.roles import inline_edits
from bookpack.read.files import BookFiles
from bookpack.read.layouts.base import Page, quote_path
from bookpack.read.markdown import parse_markdown
from bookpack.read.plain import escape_plain
from bookpack.read.spans import merged
from bookpack.source import Edit, Span, apply_edits

MOST_LEVELS = 30
_LABEL_LINE = re.compile(
    r"^(?P<prefix>(?:[ \t]|>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]))*)"
    r"\((?P<label>[^()\n]+)\)=[ \t]*(?=\r|\n|\Z)",
    re.M,
)
_ATTRIBUTE_LINE = re.compile(r"^[ \t]{0,3}\{([^{}\n]*[#.][^{}\n]*)\}[ \t]*(?=\r|\n|\Z)", re.M)
_COMMENT_LINE = re.compile(r"^[ \t]{0,3}%.*?(?=\r|\n|\Z)", re.M)
_BREAK_LINE = re.compile(r"^[ \t]{0,3}\+\+\+(?:[ \t].*?)?(?=\r|\n|\Z)", re.M)
_EQUATION_LABEL = re.compile(r"[ \t]*\(([\w:.-]+)\)[ \t]*(?=\r|\n|\Z)")
_ENVIRONMENT = re.compile(
    r"^[ \t]{0,3}\\begin\{(equation|multline|gather|align|alignat|flalign|eqnarray)(\*?)\}"
    r".*?\\end\{\1\2\}[ \t]*(?=\r|\n|\Z)",
    re.M | re.S,
)
# A blank line follows, or something that brings its own.
_BLANK_AFTER = re.compile(
    r"[ \t]*(?:\r\n|\n|\r(?!\n)|\Z)(?:[ \t>]*(?:\r|\n|\Z)|[ \t>]*(?:"
    r"(?:`{3,}|~{3,}|:{3,})[ \t]*\{[A-Za-z]|\([^()\n]+\)=[ \t]*(?:\r|\n)|%))"
)
_LINE_END = re.compile(r"[ \t]*(?:\r\n|\n|\r|\Z)")

Handler = Callable[["Translator", Directive], str | None]


@dataclass(frozen=True, slots=True)
class MystOptions:
    """How a book's tool reads MyST.

    `extensions` are those of myst-parser; `substitutions` are name → Markdown;
    `heading_anchors` tells that GitHub's anchors are targets (`myst_heading_anchors`);
    `sections` that headings are labels (`sphinx.ext.autosectionlabel`). `other_pages` are pages
    of the site that are no Markdown (notebooks, reStructuredText): name without suffix → path.
    """

    mystmd: bool = False
    extensions: frozenset[str] = frozenset()
    substitutions: Mapping[str, str] = field(default_factory=dict)
    heading_anchors: bool = False
    sections: bool = False
    other_pages: Mapping[str, str] = field(default_factory=dict)


class Translator:
    """Translates one page; `problems` collects what it could not do."""

    def __init__(
        self,
        page: Page,
        book: LabelledBook,
        files: BookFiles,
        root: str,
        options: MystOptions,
        handlers: Mapping[str, Handler],
    ) -> None:
        self.page = page
        self.book = book
        self.files = files
        self.root = root
        self.options = options
        self.handlers = handlers
        self.problems: list[Problem] = []
        self.including: list[str] = []
        self.depth = 0
        stated = (page.front.values or {}).get("myst")
        own = stated.get("substitutions") if isinstance(stated, dict) else None
        own = own if own is not None else (page.front.values or {}).get("substitutions")
        self.substitutions = {**options.substitutions, **(own if isinstance(own, dict) else {})}

    def translate(self, structure: Structure) -> list[Edit]:
        """Return the edits on the page's text."""
        return self._edits(Passage(self.page.source.text), structure, self.page.front.end)

    def render(self, passage: Passage) -> str:
        """Return a directive's body, or another text of its own, as plain Markdown."""
        if self.depth >= MOST_LEVELS or not passage.text:
            return passage.text
        self.depth += 1
        edits = self._edits(passage, parse_markdown(passage.text), 0)
        self.depth -= 1
        return apply_edits(passage.text, edits)

    def render_line(self, text: str, place: int) -> str:
        """Return a line of Markdown (a title) as plain Markdown; `place` is the author's offset."""
        return self.render(Passage(text, [place])).strip()

    def report(self, rule: str, span: Span, message: str) -> None:
        """Note a problem at `span` of the author's text, once."""
        problem = Problem(rule, span, message)
        if problem not in self.problems:
            self.problems.append(problem)

    def link(self, text: str, target: Target) -> str:
        """Return a link to `target`; `text` is Markdown."""
        return f"[{text}]({self.address(target)})"

    def address(self, target: Target) -> str:
        """Return where `target` stands, relative to this page."""
        anchor = f"#{quote_path(target.anchor)}" if target.anchor else ""
        if target.path == self.page.path:
            return anchor or quote_path(posixpath.basename(target.path))
        folder = posixpath.dirname(self.page.path)
        return quote_path(posixpath.relpath(target.path, folder or ".")) + anchor

    def text_of(self, target: Target, label: str) -> str:
        """Return the words for a reference that brings none: a title, a caption or the label."""
        if target.kind == "equation":
            return f"({escape_plain(label)})"
        return escape_plain(plain_text(target.title)) or escape_plain(label)

    def anchor(self, label: str) -> str:
        """Return the element that carries the anchor of `label`, as a block with a blank line."""
        if not label:
            return ""
        target = self.book.find(label)
        here = target is not None and target.path == self.page.path
        name = target.anchor if target is not None and here else self.book.make_id(label)
        return f'<a id="{name}"></a>\n\n'

    def _edits(self, passage: Passage, structure: Structure, start: int) -> list[Edit]:
        reading = read_passage(passage, structure, start)
        edits: list[Edit] = []
        for directive in reading.directives:
            edits += self._directive_edits(passage, directive)
        taken = [directive.span for directive in reading.directives]
        lines, claimed = self._line_edits(passage, reading, start, taken)
        edits += lines
        holes = merged([*taken, *claimed])
        for first, last, part in reading.stretches:
            edits += inline_edits(self, passage, part, Span(first, last), holes)
        return edits

    def _directive_edits(self, passage: Passage, directive: Directive) -> Iterable[Edit]:
        handler = self.handlers.get(directive.name)
        before = len(self.problems)
        rendered = None
        why = directive.problem
        if not why and handler is not None:
            rendered = handler(self, directive)
        if rendered is None:
            # What stays as it is says nothing about its inside.
            if why or not any(p.rule != "untranslated-markup" for p in self.problems[before:]):
                del self.problems[before:]
                why = why or "it has no certain form in plain Markdown"
                place = passage.place(directive.span)
                message = f"The directive {{{directive.name}}} stays as it is: {why}."
                self.report("untranslated-markup", place, message)
            return []
        if not rendered.strip():
            return [_without_line(passage.text, directive.span)]
        return _replacement(passage.text, directive, rendered)

    def _line_edits(
        self, passage: Passage, reading: Reading, start: int, taken: list[Span]
    ) -> tuple[list[Edit], list[Span]]:
        """Translate what takes lines of its own: labels, comments, breaks, attributes, math.

        Return the edits, and the places that they claim.
        """
        text = passage.text
        closed = [*taken]
        for first, last, part in reading.stretches:
            closed += (span for span in (*part.code, *part.math) if first <= span.start < last)
            closed += (block.span for block in part.html_blocks if first <= block.span.start < last)
        edits: list[Edit] = []
        claimed: list[Span] = []
        environments = []
        if "\\begin{" in text:
            inside = merged(closed)
            for match in _ENVIRONMENT.finditer(text, start):
                if inside.holding(match.start()) is None:
                    environments.append(Span(*match.span()))
            if self.options.mystmd or "amsmath" in self.options.extensions:
                for span in environments:
                    new = _apart(text, span, f"$$\n{span.slice(text).strip()}\n$$")
                    edits.append(Edit(span, new))
            claimed += environments
        barred = merged([*closed, *environments])
        for pattern in (_COMMENT_LINE, _BREAK_LINE):
            for match in pattern.finditer(text, start):
                if barred.holding(match.start()) is None:
                    edits.append(Edit(Span(*match.span()), ""))
                    claimed.append(Span(*match.span()))
        labels = _LABEL_LINE.finditer(text, start) if ")=" in text else iter(())
        found = [(Span(m.end("prefix"), m.end()), m["label"]) for m in labels]
        if self.options.mystmd or "attrs_block" in self.options.extensions:
            for match in _ATTRIBUTE_LINE.finditer(text, start):
                stated = re.search(r"#([^\s{}]+)", match[1])
                found.append((Span(*match.span()), stated[1] if stated else ""))
        for span, label in found:
            if barred.holding(span.start) is None and barred.holding(span.end - 1) is None:
                edits += self._label_edits(passage, reading, span, label, start)
                claimed.append(span)
        edits += self._equation_edits(text, reading, claimed)
        return _joined(edits), claimed

    def _label_edits(
        self, passage: Passage, reading: Reading, span: Span, label: str, start: int
    ) -> list[Edit]:
        text = passage.text
        if not label:
            return [Edit(span, "")]
        element = self.anchor(label).rstrip()
        heading = _heading_behind(text, span.end, reading)
        if heading is not None and self.options.mystmd and heading.anchor:
            # mystmd gives the heading the label's id and no other.
            line = heading.span.slice(text).splitlines()[0]
            place = heading.span.start + len(line.rstrip())
            name = self.anchor(label).split('"')[1]
            stated = re.search(r"\{[^{}]*#[^{}]*\}[ \t]*$", line)
            return (
                [Edit(span, "")]
                if stated
                else [Edit(span, ""), Edit(Span(place, place), f" {{#{name}}}")]
            )
        head = _LABEL_LINE.sub("", text[start : span.start])
        if heading is not None and heading.level == 1 and not head.strip():
            # Nothing may stand before a chapter's title.
            end = heading.span.end
            lead = "\n" if text[end - 1 : end] in ("\n", "\r") else "\n\n"
            return [_without_line(text, span), Edit(Span(end, end), f"{lead}{element}\n")]
        return [Edit(span, _apart(text, span, element))]

    def _equation_edits(self, text: str, reading: Reading, claimed: list[Span]) -> list[Edit]:
        edits = []
        for first, last, part in reading.stretches:
            for span in part.math:
                match = (
                    _EQUATION_LABEL.match(text, span.end) if first <= span.start < last else None
                )
                line = text[max(text.rfind("\n", 0, span.start) + 1, 0) : span.start]
                if match is None or not text.startswith("$$", span.start) or line.strip():
                    continue
                edits.append(Edit(Span(*match.span()), ""))
                place = Span(span.start, span.start)
                blank = _is_blank_before(text, span.start)
                lead = self.anchor(match[1])
                edits.append(Edit(place, lead if blank else f"\n{lead}"))
                claimed.append(Span(*match.span()))
        return edits


def _heading_behind(text: str, place: int, reading: Reading) -> Heading | None:
    """Return the heading that follows `place`, with nothing but labels and comments between."""
    for first, last, part in reading.stretches:
        if not first <= place < last:
            continue
        for heading in part.headings:
            if heading.span.start >= place:
                between = _LABEL_LINE.sub("", text[place : heading.span.start])
                return None if _COMMENT_LINE.sub("", between).strip() else heading
    return None


def _joined(edits: list[Edit]) -> list[Edit]:
    """Join insertions at one place, in the order in which they were found."""
    joined: dict[Span, str] = {}
    for span, text in edits:
        joined[span] = joined.get(span, "") + text
    return [Edit(span, text) for span, text in joined.items()]


def _line_start(text: str, place: int) -> int:
    return max(text.rfind("\n", 0, place), text.rfind("\r", 0, place)) + 1


def _is_blank_before(text: str, place: int) -> bool:
    """Tell whether the line before the one at `place` holds nothing but blanks and `>`."""
    start = _line_start(text, place)
    end = start - (2 if text.startswith("\r\n", start - 2) and start > 1 else 1)
    return start == 0 or not text[_line_start(text, end) : end].strip(" \t>")


def _apart(text: str, span: Span, block: str) -> str:
    """Return `block` with the blank lines that it needs in the place of `span`."""
    first = text[_line_start(text, span.start) : span.start]
    prefix = re.sub(r"[^\s>]", " ", first)
    before = "" if first != prefix or _is_blank_before(text, span.start) else f"\n{prefix}"
    after = "" if _BLANK_AFTER.match(text, span.end) else f"\n{prefix.rstrip()}"
    return f"{before}{block}{after}"


def _without_line(text: str, span: Span) -> Edit:
    """Return the edit that removes a block with its line, and one of two blank lines around."""
    start = _line_start(text, span.start)
    ending = _LINE_END.match(text, span.end)
    if text[start : span.start].strip(" \t") or ending is None:
        return Edit(span, "")
    end = ending.end()
    blank = _LINE_END.match(text, end)
    if blank and _is_blank_before(text, start):
        end = blank.end()
    return Edit(Span(start, end), "")


def _replacement(text: str, directive: Directive, rendered: str) -> list[Edit]:
    """Return the edits that put `rendered` in the place of a directive, blank lines around."""
    span, prefix = directive.span, directive.prefix
    start = span.start
    first = text[_line_start(text, start) : start]
    new = "\n".join(
        f"{prefix}{line}".rstrip() if number else line
        for number, line in enumerate(rendered.strip("\n").split("\n"))
    )
    if not first.strip(" \t>") and not _is_blank_before(text, span.start):
        start -= len(first)
        new = f"{prefix.rstrip()}\n{prefix}{new}"
    if not _BLANK_AFTER.match(text, span.end):
        new = f"{new}\n{prefix.rstrip()}"
    return aligned_edits(start, text[start : span.end], new)
