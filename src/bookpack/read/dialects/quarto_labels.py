"""Labels of a book for Quarto and bookdown: what each names, in which chapter."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bookpack.model import Problem
from bookpack.read.anchors import AnchorRule
from bookpack.read.dialects.chunks import Chunk, find_chunks
from bookpack.read.dialects.edit_list import with_plain_lines
from bookpack.read.dialects.pandoc_attributes import read_attributes
from bookpack.read.dialects.pandoc_divs import theorem_label
from bookpack.read.layouts.base import Page
from bookpack.read.markdown import parse_markdown
from bookpack.source import Span

KINDS = {
    "sec": "Section", "fig": "Figure", "tbl": "Table", "tab": "Table", "eq": "Equation",
    "lst": "Listing", "thm": "Theorem", "lem": "Lemma", "cor": "Corollary",
    "prp": "Proposition", "cnj": "Conjecture", "def": "Definition", "exm": "Example",
    "exr": "Exercise", "hyp": "Hypothesis", "sol": "Solution", "rem": "Remark",
    "alg": "Algorithm", "nte": "Note", "tip": "Tip", "wrn": "Warning", "imp": "Important",
    "cau": "Caution",
}  # fmt: skip
KEY = rf"(?:{'|'.join(KINDS)})-[\w:.-]*\w"
BOOKDOWN_LABEL = re.compile(r"\(\\#(?P<key>[\w:.-]+)\)")
TEXT_REFERENCE = re.compile(r"^\(ref:(?P<key>[\w-]+)\)[ \t]+(?P<text>\S.*)$", re.M)
LABELLED = re.compile(rf"\{{[^{{}}\n]*#(?P<key>{KEY}|[\w-]+)[^{{}}\n]*\}}")
_CODE_CHUNK_PREFIXES = ("fig-", "tbl-", "lst-")


@dataclass(frozen=True, slots=True)
class Target:
    """What a label names: a place in the chapter `path`; `title` is that of a section."""

    path: str
    anchor: str
    title: str = ""


class LabelReader:
    """Reads the labels of all chapters.

    `targets` are by label, `texts` are bookdown's text references by name, and `repeated` are
    the labels of a chapter that another one has too.
    """

    def __init__(self, pages: Iterable[Page], anchors: AnchorRule, *, is_bookdown: bool) -> None:
        self.anchors = anchors
        self.is_bookdown = is_bookdown
        self.targets: dict[str, Target] = {}
        self.texts: dict[str, str] = {}
        self.repeated: dict[str, list[Problem]] = {}
        for page in pages:
            self._collect(page)

    def _collect(self, page: Page) -> None:
        text, start = with_plain_lines(page.source.text), page.front.end
        structure = parse_markdown(text, start=start, anchors=self.anchors)

        own: set[str] = set()
        headings = {heading.span.start for heading in structure.headings}

        def add(key: str, anchor: str, span: Span, title: str = "") -> None:
            known = self.targets.setdefault(key, Target(page.path, anchor, title))
            twice = key in own or known.path != page.path
            own.add(key)
            if twice and "-" in key and key.partition("-")[0] in KINDS:
                message = f"The label {key} is defined in {known.path} as well."
                self.repeated.setdefault(page.path, []).append(
                    Problem("duplicate-label", span, message)
                )

        for match in TEXT_REFERENCE.finditer(text, start):
            if self.is_bookdown and not structure.code.holding(match.start()):
                self.texts.setdefault(match["key"], match["text"])
        for heading in structure.headings:
            title = re.sub(r"[ \t]*\{[^{}]*\}$", "", heading.text)
            explicit = heading.span.slice(text).rstrip().endswith("}")
            if self.is_bookdown or explicit:
                add(heading.anchor, heading.anchor, heading.span, title)
        for match in LABELLED.finditer(text, start):
            key = match["key"]
            line = text.rfind("\n", 0, match.start()) + 1
            if structure.code.holding(match.start()) or line in headings:
                continue
            attributes = read_attributes(match[0][1:-1])
            if attributes is not None and theorem_label(attributes):
                key = theorem_label(attributes)
            add(key, key, Span(*match.span()))
        for chunk in find_chunks(text, structure):
            for key in labels_of(chunk, is_bookdown=self.is_bookdown):
                if not chunk.is_hidden:
                    add(key, key, chunk.info)
        for match in BOOKDOWN_LABEL.finditer(text, start):
            if self.is_bookdown:
                # Labels of equations stand in math, where no anchor can be put.
                anchor = "" if match["key"].startswith("eq:") else match["key"]
                add(match["key"], anchor, Span(*match.span()))


def labels_of(chunk: Chunk, *, is_bookdown: bool) -> list[str]:
    """Return the labels that references use for what a chunk gives."""
    if not chunk.label:
        return []
    if not is_bookdown:
        return [chunk.label] if chunk.label.startswith(_CODE_CHUNK_PREFIXES) else []
    if any(key in chunk.options for key in ("tab.cap", "tbl-cap")) or "kable" in chunk.code:
        return [f"tab:{chunk.label}"]
    return [f"fig:{chunk.label}"]
