"""Contents files that name pages without their suffix: what Sphinx and MyST have in common.

A page is listed as `guide/start`; it may turn out to be Markdown, which becomes a chapter, or
a notebook or reStructuredText, which is a page of the site that we cannot read, and is said.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from bookpack.diagnostics import Diagnostic, report
from bookpack.read.files import MARKDOWN_SUFFIXES, BookFiles
from bookpack.read.layouts.base import Entry, Page, SitePage, read_page, read_pages
from bookpack.source import Source, Span

if TYPE_CHECKING:
    from bookpack.read.dialects.myst import MystDialect

FOLDERS = ("", "docs", "book", "content", "doc", "source", "src", "site", "lectures", "notebooks")
"""Where the contents file of a book may lie, beside the book's own folder."""
_BUILD_FOLDERS = ("_build", "**.ipynb_checkpoints", ".venv", "venv")
_OTHER_FORMS = {
    ".ipynb": "a notebook",
    ".md.ipynb": "a notebook",
    ".rst": "reStructuredText",
    ".txt": "no Markdown",
    ".tex": "TeX",
    ".myst.json": "no Markdown",
}
_VALUE = re.compile(
    r"^[ \t]*(?:-[ \t]+)*(?:[\w-]+[ \t]*:[ \t]*)?(?P<value>[^#\r\n]+?)[ \t]*(?:#.*)?\r?$", re.M
)
_INCLUDED = re.compile(r"^[ \t]*(?:`{3,}|~{3,}|:{3,})[ \t]*\{include\}[ \t]*(\S+)", re.M)


def find_folder(files: BookFiles, name: str, wanted: str = "") -> str | None:
    """Return the folder in which the file `name` lies; `wanted` alone if it is not empty."""
    for folder in (wanted,) if wanted else FOLDERS:
        if files.exists(f"{folder}/{name}" if folder else name):
            return folder
    return None


@dataclass(slots=True)
class Listing:
    """Collects the pages of a contents file in order; `url` gives the address of a path.

    `source` is the contents file, for findings. Paths are relative to the folder `root`.
    """

    files: BookFiles
    root: str
    source: Source
    url: Callable[[str], str]
    exclude: tuple[str, ...] = ()
    pages: dict[str, Page] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    other_pages: dict[str, str] = field(default_factory=dict)
    site_pages: list[SitePage] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    _used: set[str] = field(default_factory=set)
    _places: dict[str, list[Span]] | None = None

    def __post_init__(self) -> None:
        """Read every page below the folder."""
        globs = [glob for name in (*_BUILD_FOLDERS, *self.exclude) for glob in _globs(name)]
        self.pages = {page.path: page for page in read_pages(self.files, self.root, tuple(globs))}

    def add(self, name: str, part: str, title: str = "", source: Source | None = None) -> str:
        """Add the page called `name`; return its path, empty where there is none to read.

        `source` is the file that names it, where that is another one.
        """
        name = posixpath.normpath(name.strip().replace("\\", "/").lstrip("/"))
        path = self.find(name)
        where = source or self.source
        if not path:
            self._report_missing(name, where)
            return ""
        if path in self._used:
            message = f"{path} is listed more than once."
            self.diagnostics.append(
                report("repeated-chapter", where, message, self._place(name, where))
            )
            return ""
        self._used.add(path)
        self._place(name, where)
        self.entries.append(Entry(self.pages[path], part, self.url(path), title))
        return path

    def find(self, name: str) -> str:
        """Return the path of the Markdown page called `name`, empty where there is none."""
        for path in (name, *(name + suffix for suffix in MARKDOWN_SUFFIXES)):
            if path in self.pages:
                return path
        # A page that is excluded may still be listed by name.
        for path in (name, *(name + suffix for suffix in MARKDOWN_SUFFIXES)):
            if path.lower().endswith(MARKDOWN_SUFFIXES) and self.files.is_file(self.full(path)):
                page = read_page(self.files, self.root, path)
                if page is not None:
                    self.pages[path] = page
                    return path
        return ""

    def match(self, pattern: str) -> list[str]:
        """Return the pages that a glob finds and that are not listed yet, in natural order."""
        pattern = pattern.strip().lstrip("/").removeprefix("./")
        found = []
        for path in self.pages:
            stem = path.rpartition(".")[0]
            if path not in self._used and (_matches(path, pattern) or _matches(stem, pattern)):
                found.append(path)
        return found

    def full(self, path: str) -> str:
        """Return `path` relative to the book's folder."""
        return f"{self.root}/{path}" if self.root else path

    def unlisted(self, *, published: bool) -> list[tuple[Page, str]]:
        """Report the pages that nobody lists; where they are `published`, links to them work."""
        left_out = []
        included = self._included()
        for path, page in self.pages.items():
            if path in self._used or path in included:
                continue
            left_out.append((page, "not listed"))
            if published:
                self.site_pages.append(SitePage(self.full(path), self.url(path)))
            if str((page.front.values or {}).get("orphan", "")).lower() == "true":
                continue
            message = f"{path} is not in {self.source.path}, so it is left out."
            help = f"Add it to {self.source.path}, or name it in [layout] exclude."
            self.diagnostics.append(report("unlisted-chapter", page.source, message, help=help))
        return left_out

    def titled(self, dialect: "MystDialect") -> tuple[Entry, ...]:
        """Return the entries; a page's first heading is its title, and front matter is not."""
        return tuple(
            replace(entry, page=replace(entry.page, front=replace(entry.page.front, title=None)))
            if any(h.level == 1 for h in dialect.book.headings.get(entry.page.path, ()))
            else entry
            for entry in self.entries
        )

    def _included(self) -> set[str]:
        return {
            posixpath.normpath(posixpath.join(posixpath.dirname(path), match[1].lstrip("/")))
            for path, page in self.pages.items()
            if "{include}" in page.source.text
            for match in _INCLUDED.finditer(page.source.text)
        }

    def _report_missing(self, name: str, where: Source) -> None:
        place = self._place(name, where)
        stem, _, suffix = name.rpartition(".")
        tries = [(name + other, name, words) for other, words in _OTHER_FORMS.items()]
        if f".{suffix}" in _OTHER_FORMS:
            tries.insert(0, (name, stem, _OTHER_FORMS[f".{suffix}"]))
        for path, bare, words in tries:
            if self.files.is_file(self.full(path)):
                self.other_pages[bare] = path
                self.site_pages.append(SitePage(self.full(path), self.url(path)))
                message = f"{path} is {words}, which is not read yet: its text is not packed."
                help = "Convert it to Markdown, or read it on the book's site."
                self.diagnostics.append(report("missing-chapter", where, message, place, help=help))
                return
        message = f"{name} is listed as a chapter and does not exist."
        self.diagnostics.append(report("missing-chapter", where, message, place))

    def _place(self, name: str, where: Source) -> Span | None:
        """Return where the contents file names `name`: the next place at each call."""
        if where is not self.source:
            start = where.text.find(name)
            return Span(start, start + len(name)) if start >= 0 else None
        if self._places is None:
            self._places = {}
            for match in _VALUE.finditer(where.text):
                value = match["value"].strip("\"' ")
                start = match.start("value") + match["value"].index(value)
                key = posixpath.normpath(value.lstrip("/"))
                self._places.setdefault(key, []).append(Span(start, start + len(value)))
        places = self._places.get(name, [])
        return places.pop(0) if len(places) > 1 else (places[0] if places else None)


def _globs(pattern: str) -> Iterable[str]:
    """Return the globs over paths that an entry of `exclude_patterns` stands for."""
    pattern = pattern.strip().removeprefix("./").rstrip("/")
    for glob in (pattern, pattern.removeprefix("**/")):
        yield glob
        yield f"{glob}/*"


def _matches(path: str, pattern: str) -> bool:
    """Match a glob whose `*` stays in one folder and whose `**` does not."""
    return _match_names(path.split("/"), pattern.split("/"))


def _match_names(names: Sequence[str], patterns: Sequence[str]) -> bool:
    if not patterns:
        return not names
    if patterns[0] == "**":
        return any(_match_names(names[n:], patterns[1:]) for n in range(len(names) + 1))
    if not names or not fnmatchcase(names[0], patterns[0]):
        return False
    return _match_names(names[1:], patterns[1:])
