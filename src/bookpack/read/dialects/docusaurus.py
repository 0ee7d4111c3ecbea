"""The dialect of Docusaurus's documents: admonitions, tabs, and the traces of MDX.

Components that are certain become Markdown (docusaurus.io/docs/markdown-features); any other
stays byte for byte and is reported. Comments and modules are code that no reader sees, and go.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from bookpack.model import Problem, Structure
from bookpack.read.dialects.callouts import callout
from bookpack.read.dialects.mdx_tags import Element, find_mdx
from bookpack.read.dialects.tag_blocks import (
    Around,
    Becomes,
    Whole,
    as_block,
    continuation,
    is_alone,
    whole_line,
)
from bookpack.read.layouts.base import Page, Translation
from bookpack.read.spans import merged
from bookpack.source import Edit, Span, apply_edits

_KINDS = frozenset(
    ["note", "tip", "info", "warning", "danger", "caution", "important", "secondary", "success"]
)
_LOOKS_FOR = re.compile(r"</?[A-Z]|:::|\{/\*|^(?:import|export)\b|@site/|pathname:|\{", re.M)
_ASSET_CODE = re.compile(
    r"""(?<=[\s"'])(src|href|srcSet)=\{\s*(?:useBaseUrl\(\s*|require\(\s*)(['"])([^'"{}]+)\2\s*\)"""
    r"(?:\.default)?\s*\}"
)
_EXPRESSION = re.compile(r"(?<![\\$\w])\{(?![#.%/])[^{}\n]+\}")


class DocusaurusDialect:
    """Translates documents. `root` is their folder, `static` what is published at the root.

    `mdx_everywhere` tells that Markdown is read as MDX too, which is the default.
    """

    def __init__(self, root: str, static: tuple[str, ...], *, mdx_everywhere: bool = True) -> None:
        self.root = root
        self.static = static
        self.mdx_everywhere = mdx_everywhere

    def labels(self) -> Mapping[str, str]:
        """Docusaurus has no labels."""
        return {}

    def translate(self, page: Page, structure: Structure) -> Translation:
        """Return the edits that make the document plain Markdown, and what stays as it is."""
        if not _LOOKS_FOR.search(page.source.text, structure.body_start):
            return Translation()
        return _PageTranslator(self, page, structure).translate()

    def destination(self, target: str) -> str | None:
        """Return how a target with Docusaurus's own notation is written in Markdown."""
        if target.startswith("pathname://"):
            return target.removeprefix("pathname://")
        if not target.startswith("@site/"):
            return None
        path = target.removeprefix("@site/")
        for folder in (*self.static, self.root):
            if path.startswith(f"{folder}/"):
                return "/" + path.removeprefix(f"{folder}/")
        return "/" + path


class _PageTranslator:
    """Translates one document."""

    def __init__(self, dialect: DocusaurusDialect, page: Page, structure: Structure) -> None:
        self.dialect = dialect
        self.text = page.source.text
        self.structure = structure
        self.is_mdx = page.path.lower().endswith(".mdx")
        self.problems: list[Problem] = []
        self.left: list[Span] = []  # tags that stay as they are

    def translate(self) -> Translation:
        """Return the edits on the author's text, and the problems."""
        code, math = self.structure.code, self.structure.math
        comments = self.structure.comments

        def is_hidden(offset: int) -> bool:
            return (
                code.holding(offset) is not None
                or math.holding(offset) is not None
                or any(span.start <= offset < span.end for span in comments)
            )

        found = find_mdx(
            self.text,
            self.structure.body_start,
            is_hidden,
            modules=self.is_mdx,
            imports=self.is_mdx or self.dialect.mdx_everywhere,
        )
        self.small = [
            *(Edit(whole_line(self.text, span), "") for span in found.gone),
            *self._destinations(),
            *self._asset_attributes(is_hidden),
        ]
        edits = self._edits(found.outermost)
        edits += self._outside(self.small, edits)
        for span in found.strays:
            message = f"{span.slice(self.text)} closes nothing that is open."
            self.problems.append(Problem("untranslated-markup", span, message))
        if self.is_mdx:
            self._report_expressions(edits)
        return Translation(
            tuple(sorted(edits)), tuple(sorted(self.problems, key=lambda problem: problem.span))
        )

    @staticmethod
    def _outside(small: Iterable[Edit], edits: list[Edit]) -> list[Edit]:
        """Return the small edits that no other edit covers, nor one another."""
        kept: list[Edit] = []
        taken = merged(edit.span for edit in edits)
        for edit in sorted(small):
            start, end = edit.span
            covered = taken.holding(start) is not None or taken.holding(end - 1) is not None
            if not covered and not (kept and start < kept[-1].span.end):
                kept.append(edit)
        return kept

    def _edits(self, elements: Iterable[Element]) -> list[Edit]:
        edits: list[Edit] = []
        for element in elements:
            became = self._become(element)
            if became is None:
                self._report(element)
                edits += self._edits(element.children)
            elif isinstance(became, Whole):
                text = became.text
                text = as_block(self.text, element.span, text) if became.block else text
                edits.append(Edit(element.span, text))
            else:
                edits += self._tags(element, became)
                edits += self._edits(element.children)
        return edits

    def _become(self, element: Element) -> Becomes:
        if element.closing is None:
            return None
        if element.name.startswith(":::"):
            kind = element.name.removeprefix(":::").lower()
            if kind not in _KINDS:
                return None
            title = element.attributes["title"]
            return Whole(callout(kind, title, self._inner(element)), block=True)
        if element.name == "Tabs":
            return self._unwrapped(element, "")
        if element.name == "TabItem":
            label = element.attributes.get("label") or element.attributes.get("value") or ""
            if label.startswith("{"):
                return None
            return self._unwrapped(element, f"**{' '.join(label.split())}**" if label else "")
        if element.name == "Link":
            target = element.attributes.get("to") or element.attributes.get("href") or ""
            target = _asset_of(target) if target.startswith("{") else target
            if not target or '"' in target:
                return None
            return Around(f'<a href="{self.dialect.destination(target) or target}">', "</a>")
        return None

    def _unwrapped(self, element: Element, head: str) -> Becomes:
        """Take the tags away; what stands indented between them is moved to the left.

        Left where it is, it would be code to a reader of Markdown, which in MDX it is not.
        """
        lines = element.inner.slice(self.text).splitlines()
        filled = [line for line in lines if line.strip()]
        around = continuation(self.text, element.opening.start)
        if around is None or all(line.startswith(around) and not
                                 line.removeprefix(around).startswith((" ", "\t"))
                                 for line in filled):  # fmt: skip
            return Around(head)
        text = self._inner(element)
        return Whole("\n\n".join(part for part in (head, text) if part), block=True)

    def _tags(self, element: Element, around: Around) -> list[Edit]:
        assert element.closing is not None
        edits = []
        for span, text in ((element.opening, around.before), (element.closing, around.after)):
            if text.startswith("<"):
                edits.append(Edit(span, text))
            elif text:
                edits.append(Edit(span, as_block(self.text, span, text)))
            elif is_alone(self.text, span):
                edits.append(Edit(whole_line(self.text, span), ""))
            else:
                edits.append(Edit(span, ""))
        return edits

    def _inner(self, element: Element) -> str:
        """Return what is between the tags, translated, without its indentation."""
        start, end = element.inner
        edits = self._edits(element.children)
        edits += self._outside(
            (e for e in self.small if start <= e.span.start and e.span.end <= end), edits
        )
        moved = [Edit(edit.span.shifted(-start), edit.text) for edit in edits]
        text = apply_edits(self.text[start:end], moved)
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        around = continuation(self.text, element.opening.start) or ""
        if ">" in around:
            lines = [line.removeprefix(around).removeprefix(around.rstrip()) for line in lines]
        while lines and not lines[0].strip():
            del lines[0]
        while lines and not lines[-1].strip():
            del lines[-1]
        widths = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip()]
        width = min(widths, default=0)
        return "\n".join(line[width:] if line.strip() else "" for line in lines)

    def _report(self, element: Element) -> None:
        if element.name.startswith(":::"):
            kind = element.name.removeprefix(":::")
            message = f"The admonition {kind} is never closed."
            if kind.lower() not in _KINDS:
                message = f"The admonition {kind} stays as it is: Docusaurus has none of that name."
        elif element.closing is None and not element.alone:
            message = f"The component {element.name} is never closed."
        else:
            message = f"The component {element.name} stays as it is: what it shows is not known."
        self.problems.append(Problem("untranslated-markup", element.opening, message))
        self.left.append(element.opening)

    def _destinations(self) -> list[Edit]:
        """Return the edits that write `@site/…` and `pathname:///…` as addresses."""
        structure = self.structure
        places = [
            *((link.target_span, link.raw_target) for link in structure.links),
            *((image.target_span, image.raw_target) for image in structure.images),
            *((each.target_span, each.raw_target) for each in structure.definitions),
        ]
        edits: dict[Span, Edit] = {}
        for span, target in places:
            written = self.dialect.destination(target)
            if written is not None and span is not None and span.slice(self.text) == target:
                edits[span] = Edit(span, written)
        return list(edits.values())

    def _asset_attributes(self, is_hidden: Callable[[int], bool]) -> list[Edit]:
        """Return the edits that write `src={useBaseUrl('…')}` and the like as plain attributes."""
        edits = []
        for match in _ASSET_CODE.finditer(self.text, self.structure.body_start):
            if is_hidden(match.start()):
                continue
            target = match[3]
            if "useBaseUrl" in match[0] and not re.match(r"[\w+.-]+:|/", target):
                target = f"/{target}"
            target = self.dialect.destination(target) or target
            edits.append(Edit(Span(*match.span()), f'{match[1]}="{target}"'))
        return edits

    def _report_expressions(self, edits: list[Edit]) -> None:
        """Report what would be computed where it stands in running text."""
        taken = merged([*(edit.span for edit in edits), *self.left])
        for match in _EXPRESSION.finditer(self.text, self.structure.body_start):
            place = match.start()
            if self.structure.prose.holding(place) is None or taken.holding(place) is not None:
                continue
            message = f"{match[0]} is computed by the site and stays as it is."
            self.problems.append(Problem("untranslated-markup", Span(*match.span()), message))


def _asset_of(source: str) -> str:
    """Return the address in `{useBaseUrl('…')}` or `{'…'}`; empty where it is computed."""
    match = re.fullmatch(r"""\{\s*(?:useBaseUrl\(\s*)?(['"])([^'"{}]+)\1\s*\)?\s*\}""", source)
    return match[2] if match else ""
