"""What the chapters of a MyST book can be referred to by: labels, headings, terms, pages.

Every page is looked through once, line by line, before the first one is translated: a reference
may lead forward. Labels do not know capitals, and the first of two equal ones counts.
"""

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple

from bookpack.model import Problem
from bookpack.read.anchors import AnchorNumbers, AnchorRule, github_anchor
from bookpack.read.dialects.myst.fences import NAME, read_options
from bookpack.read.dialects.myst.ids import (
    DOCUTILS,
    MYSTMD,
    docutils_id,
    label_key,
    mystmd_id,
    term_id,
)
from bookpack.read.layouts.base import Page
from bookpack.read.markdown import parse_markdown
from bookpack.source import Span

_VERBATIM = """
    code code-block code-cell sourcecode literalinclude math raw mermaid eval-rst csv-table
    parsed-literal graphviz toctree include doctest prompt highlight jupyter-execute testcode
    program-output bibliography
"""
VERBATIM = frozenset(_VERBATIM.split())
"""Directives whose body is not Markdown."""
_PROOFS = r"(?:prf|proof):[\w-]+|exercise|solution"
_INTERESTING = re.compile(
    r"^(?P<prefix>[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?)"
    r"(?:(?P<marks>`{3,}|~{3,}|:{3,})(?P<info>.*)"
    r"|\((?P<label>[^()\n]+)\)=[ \t]*\r?$"
    r"|\{#(?P<id>[^\s{}]+)[^{}\n]*\}[ \t]*\r?$"
    r"|(?P<level>\#{1,6})(?:[ \t]+(?P<heading>.*?))?(?:[ \t]+\#+)?[ \t]*\r?$"
    r"|(?P<under>=+|-+)[ \t]*\r?$"
    r"|(?=.*\$\$)(?P<math>.*?)\$\$[ \t]*\((?P<equation>[\w:.-]+)\)[ \t]*\r?$)",
    re.M,
)
_DIRECTIVE = re.compile(rf"[ \t]*{NAME}[ \t]*(?P<argument>.*)")
_ROLE = re.compile(r"\{[\w:.+-]+\}(?=`)")
_HEADING_ID = re.compile(r"[ \t]*\{(?:[^{}]*[ \t])?#([^\s{}]+)[^{}]*\}$")
_NEAR = 500


class Target(NamedTuple):
    """Something that a label names. `title` is Markdown: a heading, a caption, or nothing."""

    path: str
    anchor: str
    title: str = ""
    kind: str = ""


class PageHeading(NamedTuple):
    """A heading as its author wrote it, with a stated anchor if there is one."""

    level: int
    text: str
    anchor: str = ""


@dataclass(slots=True)
class LabelledBook:
    """Everything that references of one book can mean. `files` are the names of its pages."""

    mystmd: bool
    targets: dict[str, Target] = field(default_factory=dict)
    terms: dict[str, Target] = field(default_factory=dict)
    headings: dict[str, list[PageHeading]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    problems: dict[str, list[Problem]] = field(default_factory=dict)
    _anchors: dict[str, list[tuple[str, str, PageHeading]]] = field(default_factory=dict)
    _near: int = 0

    @property
    def rule(self) -> AnchorRule:
        """The rule by which headings get their anchors."""
        return MYSTMD if self.mystmd else DOCUTILS

    def make_id(self, label: str) -> str:
        """Return the anchor of a label."""
        return mystmd_id(label) if self.mystmd else docutils_id(label) or label

    def find(self, label: str) -> Target | None:
        """Return what `label` names."""
        return self.targets.get(label_key(label))

    def find_heading(self, path: str, anchor: str) -> tuple[str, str] | None:
        """Return anchor and title of the heading of `path` that `anchor` means.

        It may be the heading's own, or GitHub's for it (`myst_heading_anchors`).
        """
        known = self._anchors.get(path)
        if known is None:
            known = self._anchors[path] = self._number(path)
        for own, _, heading in known:
            if own == anchor:
                return own, heading.text
        for own, github, heading in known:
            if github == anchor:
                return own, heading.text
        return None

    def find_section(self, title: str) -> Target | None:
        """Return the heading called `title`, `page:title` for one of a page (autosectionlabel)."""
        page, _, inner = title.partition(":")
        for path, headings in self.headings.items():
            here = path.rpartition(".")[0] == page
            for heading in headings:
                if label_key(heading.text) == label_key(inner if here else title):
                    anchor = heading.anchor or self.rule.slug(plain_text(heading.text))
                    return Target(path, anchor, heading.text, "heading")
        return None

    def find_page(self, name: str, chapter: str) -> str | None:
        """Return the path of the page that `name` means in `chapter`; `/` begins at the root."""
        folder = "" if name.startswith("/") else posixpath.dirname(chapter)
        joined = posixpath.normpath(posixpath.join(folder, name.lstrip("/")))
        for path in (joined, f"{joined}.md", f"{joined}.markdown"):
            if path in self.titles:
                return path
        return None

    def nearest(self, label: str, known: Iterable[str] | None = None) -> str:
        """Return words that name the labels nearest to `label`; looking is limited."""
        self._near += 1
        if self._near > _NEAR:
            return ""
        keys = list(known if known is not None else self.targets)
        near = get_close_matches(label_key(label), keys, n=3, cutoff=0.6)
        return f" Nearest: {' or '.join(near)}." if near else ""

    def as_links(self) -> Mapping[str, str]:
        """Return every label → `path#anchor`."""
        return {
            label: f"{target.path}#{target.anchor}" if target.anchor else target.path
            for label, target in self.targets.items()
        }

    def _number(self, path: str) -> list[tuple[str, str, PageHeading]]:
        own = AnchorNumbers(self.rule)
        uses: dict[str, int] = {}
        found = []
        for heading in self.headings.get(path, []):
            text = plain_text(heading.text)
            slug = github_anchor(text)
            uses[slug] = uses.get(slug, -1) + 1
            numbered = f"{slug}-{uses[slug]}" if uses[slug] else slug
            found.append((own.claim(heading.anchor or self.rule.slug(text)), numbered, heading))
        return found


def plain_text(markdown: str) -> str:
    """Return what a reader sees of a line of Markdown, roles shown by their text."""
    line = " ".join(_ROLE.sub("", markdown).split())
    if not re.search(r"[\\`*_\[\]<>&$!~{]", line):
        return line
    headings = parse_markdown(f"# {line}").headings
    return headings[0].text if headings else line


def label_book(pages: Iterable[Page], *, mystmd: bool) -> LabelledBook:
    """Look through every page for what it can be referred to by."""
    book = LabelledBook(mystmd)
    for page in pages:
        _Scan(page, book).run()
    return book


class _Scan:
    """One look through one page."""

    def __init__(self, page: Page, book: LabelledBook) -> None:
        self.page = page
        self.path = page.path
        self.text = page.source.text
        self.book = book
        self.headings: list[PageHeading] = []
        # Open fences, outermost first: mark, how many, and whether Markdown stands inside.
        self.fences: list[tuple[str, int, bool]] = []
        self.pending: list[tuple[str, Span]] = []
        self.pending_end = -1

    def run(self) -> None:
        """Add what the page defines to the book."""
        start = self.page.front.end
        for match in _INTERESTING.finditer(self.text, start):
            if match["marks"] is not None:
                self._fence(match)
            elif self.fences and not self.fences[-1][2]:
                continue
            elif match["label"] is not None or match["id"] is not None:
                self._label(match)
            elif match["equation"] is not None:
                self._settle(match.start(), "", "equation")
                self._define(match["equation"], Span(*match.span("equation")), "", "equation")
            elif len(match["prefix"].strip()) == 0 and len(match["prefix"]) < 4:
                self._heading(match)
        self._settle(len(self.text), "", "")
        first = next((h for h in self.headings if h.level == 1), None)
        first = first or next(iter(self.headings), None)
        self.book.headings[self.path] = self.headings
        title = first.text if first else ""
        self.book.titles[self.path] = title or self.page.front.title or ""

    def _heading(self, match: re.Match[str]) -> None:
        start = match.start()
        if match["level"] is not None:
            level, text = len(match["level"]), match["heading"] or ""
        else:
            start = self.text.rfind("\n", 0, max(match.start() - 1, 0)) + 1
            text = self.text[start : max(match.start() - 1, 0)].strip()
            if not text or start < self.page.front.end or re.match(r"[-=>#|+*]", text):
                return
            level = 1 if match["under"][0] == "=" else 2
        stated = _HEADING_ID.search(text)
        anchor = stated[1] if stated else ""
        text = text[: stated.start()] if stated else text
        labels = self._settle(start, text, "heading")
        if labels and self.book.mystmd:
            anchor = self.book.make_id(labels[-1])
        self.headings.append(PageHeading(level, text, anchor))

    def _label(self, match: re.Match[str]) -> None:
        if self.pending and self.text[self.pending_end : match.start()].strip():
            self._settle(match.start(), "", "")
        group = "label" if match["label"] is not None else "id"
        self.pending.append((match[group], Span(*match.span(group))))
        self.pending_end = match.end()

    def _fence(self, match: re.Match[str]) -> None:
        mark, count = match["marks"][0], len(match["marks"])
        if not match["info"].strip():
            for index, (open_mark, open_count, _) in enumerate(self.fences):
                if open_mark == mark and count >= open_count:
                    del self.fences[index:]
                    return
        if self.fences and not self.fences[-1][2]:
            return
        if mark == "`" and "`" in match["info"]:
            return
        directive = _DIRECTIVE.match(match["info"])
        if directive is None:
            if mark != ":":
                self.fences.append((mark, count, False))
            return
        name = directive["name"].casefold()
        self.fences.append((mark, count, name not in VERBATIM and name != "glossary"))
        self._directive(name, directive["argument"].strip(), match)

    def _directive(self, name: str, argument: str, match: re.Match[str]) -> None:
        lines: list[str] = []
        position = match.end()
        closing = re.compile(
            rf"[ \t>]*{re.escape(match['marks'][0])}{{{len(match['marks'])},}}\s*$"
        )
        for line in self.text[position + 1 : position + 20_000].splitlines():
            if closing.match(line) or len(lines) > 200:
                break
            lines.append(line[len(match["prefix"]) :] if not match["prefix"].strip() else line)
        options, used, _ = read_options(lines)
        body = lines[used:]
        title = argument
        kind = name
        if name in ("figure", "image", "figure-md"):
            caption = "\n".join(body).strip()
            title = re.split(r"\n[ \t]*\n", caption)[0 if name != "figure-md" else -1]
            title, kind = " ".join(title.split()), "figure"
        elif name in VERBATIM:
            title = options.get("caption", "")
        elif name == "glossary":
            self._terms(body)
        label = options.get("name") or options.get("label") or ""
        if name in ("figure-md", "math") or re.fullmatch(_PROOFS, name):
            label = label or (argument if name == "figure-md" else "")
            kind = "equation" if name == "math" else kind
            title = "" if name == "math" else title
        self._settle(match.start(), title, kind)
        if label:
            self._define(label, Span(match.start("marks"), match.end()), title, kind)

    def _terms(self, body: list[str]) -> None:
        for line in body:
            if line[:1].strip() and not line.startswith(":"):
                term = line.strip()
                place = Target(self.path, term_id(term, mystmd=self.book.mystmd), term, "term")
                self.book.terms.setdefault(label_key(term), place)

    def _settle(self, here: int, title: str, kind: str) -> list[str]:
        """Give the labels that wait the title of what stands at `here`, right behind them."""
        labels = [label for label, _ in self.pending]
        follows = bool(labels) and not _without_comments(self.text[self.pending_end : here]).strip()
        for label, span in self.pending:
            self._define(label, span, title if follows else "", kind if follows else "")
        self.pending.clear()
        return labels if follows else []

    def _define(self, label: str, span: Span, title: str, kind: str) -> None:
        key = label_key(label)
        anchor = self.book.make_id(label)
        if kind == "equation" and not self.book.mystmd:
            anchor = docutils_id(f"equation-{label}")
        known = self.book.targets.get(key)
        if known is not None:
            message = f"The label {label} is defined in {known.path} already."
            problem = Problem("duplicate-label", span, message)
            self.book.problems.setdefault(self.path, []).append(problem)
            return
        self.book.targets[key] = Target(self.path, anchor, title, kind)


def _without_comments(text: str) -> str:
    return re.sub(r"^%.*$", "", text, flags=re.M) if "%" in text else text


__all__ = ["LabelledBook", "Target", "label_book", "plain_text"]
