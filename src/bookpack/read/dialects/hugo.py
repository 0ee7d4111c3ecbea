"""The dialect of Hugo's chapters: shortcodes, and references to pages by path.

Shortcodes whose meaning is certain become Markdown (see `hugo_shortcodes`); those of the
book's own theme stay byte for byte and are reported. Code is never touched, although Hugo
would run a shortcode in it: what stands in a block of code is an example to its readers.
"""

import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from bookpack.model import Problem, Structure
from bookpack.read.dialects.hugo_shortcodes import translate_shortcode
from bookpack.read.dialects.hugo_tags import Shortcode, find_shortcodes
from bookpack.read.dialects.tag_blocks import (
    Around,
    Whole,
    as_block,
    continuation,
    is_alone,
    whole_line,
)
from bookpack.read.layouts.base import Page, Translation
from bookpack.read.plain import escape_plain
from bookpack.source import Edit, Span, apply_edits

_PAGE_SUFFIX = re.compile(r"\.(?:md|markdown|html)$", re.I)
_INDEX = re.compile(r"(?:^|/)_?index$")
_AS_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_IN_TARGET = re.compile(r"(?:[(<\"'=]|\]:[ \t]*)\Z")


class HugoDialect:
    """Translates the pages of one site.

    `targets` are logical path → URL of every page, `chapters` the logical paths that are
    chapters, `files` file path → logical path, `parameters` the site's own.
    """

    def __init__(
        self,
        base: str,
        targets: Mapping[str, str],
        chapters: frozenset[str],
        files: Mapping[str, str],
        parameters: Mapping[str, Any],
    ) -> None:
        self.base = base
        self.chapters = chapters
        self.files = files
        self.parameters = parameters
        self.urls = targets
        self.logical: dict[str, str] = {}
        self.by_name: dict[str, list[str]] = {}
        for path in targets:
            self.logical.setdefault(_plain(path), path)
            self.by_name.setdefault(_plain(path).rpartition("/")[2], []).append(path)

    def labels(self) -> Mapping[str, str]:
        """Hugo names pages by path alone."""
        return {}

    def translate(self, page: Page, structure: Structure) -> Translation:
        """Return the edits that turn shortcodes into Markdown, and what could not be turned."""
        if "{{" not in page.source.text:
            return Translation()
        return _PageTranslator(self, page, structure).translate()

    def find(self, path: str, folders: Iterable[str]) -> list[str]:
        """Return the logical paths that `path` can mean in a page whose folders are given.

        As `ref` does: from the root with a slash before it, else relative to the page, else
        by its name anywhere (gohugo.io/methods/shortcode/ref).
        """
        name = _plain(path)
        if path.startswith("/"):
            return [self.logical[name]] if name in self.logical else []
        for folder in folders:
            joined = posixpath.normpath(posixpath.join(_plain(folder) or ".", name))
            joined = "" if joined == "." else joined
            if joined in self.logical:
                return [self.logical[joined]]
        if path.startswith("."):
            return []
        if name in self.logical:
            return [self.logical[name]]
        return self.by_name.get(name, []) if "/" not in name else []


def _plain(path: str) -> str:
    """Return a page's path as Hugo compares it: no suffix, no index, hyphens, lower case."""
    clean = _INDEX.sub("", _PAGE_SUFFIX.sub("", path.strip().strip("/")))
    return clean.strip("/").lower().replace(" ", "-")


class _PageTranslator:
    """Translates one page. It is the `Surroundings` of its shortcodes."""

    def __init__(self, dialect: HugoDialect, page: Page, structure: Structure) -> None:
        self.dialect = dialect
        self.page = page
        self.text = page.source.text
        self.structure = structure
        self.problems: list[Problem] = []
        self.named: set[Span] = set()  # shortcodes that have a finding of their own

    def translate(self) -> Translation:
        """Return the edits on the author's text, and the problems."""
        hidden = (self.structure.code, self.structure.comments)

        def is_hidden(offset: int) -> bool:
            return hidden[0].holding(offset) is not None or any(
                comment.start <= offset < comment.end for comment in hidden[1]
            )

        found = find_shortcodes(self.text, self.structure.body_start, is_hidden)
        self.shown = [Edit(span, _AS_TAG.sub(r"\\<", text)) for span, text in found.shown]
        edits = self._edits(found.outermost)
        covered = [code.span for code in found.outermost if self._is_whole(code, edits)]
        edits += [
            edit
            for edit in self.shown
            if not any(s.start <= edit.span.start < s.end for s in covered)
        ]
        for span in found.strays:
            message = f"{span.slice(self.text)} closes nothing that is open."
            self.problems.append(Problem("untranslated-markup", span, message))
        return Translation(tuple(sorted(edits)), tuple(sorted(self.problems, key=_place)))

    def _is_whole(self, code: Shortcode, edits: list[Edit]) -> bool:
        return any(edit.span == code.span for edit in edits)

    def _edits(self, codes: Iterable[Shortcode]) -> list[Edit]:
        edits: list[Edit] = []
        for code in codes:
            became = translate_shortcode(code, self)
            if became is None:
                self._report(code)
                edits += self._edits(code.children)
            elif isinstance(became, Whole):
                text = as_block(self.text, code.span, became.text) if became.block else became.text
                edits.append(Edit(code.span, text))
            else:
                edits += self._tags(code, became)
                edits += self._edits(code.children)
        return edits

    def _tags(self, code: Shortcode, around: Around) -> list[Edit]:
        assert code.closing is not None
        edits = []
        for span, text in ((code.opening, around.before), (code.closing, around.after)):
            if text:
                edits.append(Edit(span, as_block(self.text, span, text)))
            elif is_alone(self.text, span):
                edits.append(Edit(whole_line(self.text, span), ""))
            else:
                edits.append(Edit(span, " "))  # texts on both its sides stay apart
        return edits

    def _report(self, code: Shortcode) -> None:
        if code.opening in self.named:
            return
        message = f"The shortcode {code.name} stays as it is: what it shows is not known."
        if code.name in ("ref", "relref"):
            message = f"{code.opening.slice(self.text)} names a page of another language."
        self.problems.append(Problem("untranslated-markup", code.opening, message))

    def inner(self, code: Shortcode) -> str:
        """Return what is between the tags, translated, without the block's indentation."""
        start, end = code.inner
        edits = self._edits(code.children)
        taken = [edit.span for edit in edits]
        edits += [
            edit
            for edit in self.shown
            if start <= edit.span.start < end
            and not any(span.start <= edit.span.start < span.end for span in taken)
        ]
        moved = [Edit(edit.span.shifted(-start), edit.text) for edit in edits]
        return self._dedented(code, apply_edits(self.text[start:end], moved))

    def raw(self, code: Shortcode) -> str:
        """Return what is between the tags as written, without the block's indentation."""
        return self._dedented(code, code.inner.slice(self.text))

    def _dedented(self, code: Shortcode, text: str) -> str:
        indent = continuation(self.text, code.span.start) or ""
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        lines = [line.removeprefix(indent) if indent else line for line in lines]
        while lines and not lines[0].strip():
            del lines[0]
        while lines and not lines[-1].strip():
            del lines[-1]
        return "\n".join(lines)

    def target(self, code: Shortcode, path: str) -> str | None:
        """Return the address of the page that `path` names; None, with a finding, for none."""
        name, mark, anchor = path.partition("#")
        logical = self.dialect.files.get(self.page.path, "")
        if name:
            folders = dict.fromkeys([posixpath.dirname(self.page.path), posixpath.dirname(logical)])
            found = self.dialect.find(name, folders)
        else:
            found = [logical]
        if len(found) != 1:
            message = f"There is no page {path}."
            if found:
                message = f"{path} can mean {' and '.join(sorted(found))}."
            self.problems.append(Problem("undefined-label", code.opening, message))
            self.named.add(code.opening)
            return None
        if not name:
            return f"#{anchor}"
        url = self.dialect.urls[found[0]]
        # A link to a chapter is written relative to the base, as its author would have.
        before = self.text[max(0, code.opening.start - 8) : code.opening.start]
        stands_in_target = _IN_TARGET.search(before) is not None
        if found[0] in self.dialect.chapters and stands_in_target:
            parts = urlsplit(url)
            if url.startswith(f"{self.dialect.base}/"):
                url = parts.path
        return url + mark + anchor

    def parameter(self, name: str) -> str | None:
        """Return a parameter of the page or the site, where it is a plain value."""
        own = {str(key).lower(): value for key, value in (self.page.front.values or {}).items()}
        for value in (own, own.get("params"), self.dialect.parameters):
            for part in name.lower().split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
            if isinstance(value, (str, int, float)) and not isinstance(value, bool):
                return escape_plain(str(value))
        return None


def _place(problem: Problem) -> tuple[int, int]:
    return problem.span
