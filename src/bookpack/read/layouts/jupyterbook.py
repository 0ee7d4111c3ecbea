"""Jupyter Book 1: `_toc.yml` as the order, `_config.yml` as the settings.

https://jupyterbook.org/v1/structure/toc.html. The chapter folder is where `_toc.yml` lies. It
is built by Sphinx: `a/b.md` is published as `a/b.html`, anchors are docutils'. Every page below
the folder is published unless `only_build_toc_files` is set, but the order names the chapters.
"""

import re
from html import unescape
from typing import Any

from bookpack.config import Settings
from bookpack.diagnostics import Diagnostic, report
from bookpack.errors import SettingsError
from bookpack.model import AddressLine, BookMeta
from bookpack.read.files import BookFiles
from bookpack.read.front_matter import read_yaml
from bookpack.read.layouts.base import Page, Plan, quote_path
from bookpack.read.layouts.listing import Listing, find_folder
from bookpack.read.settings_files import folder_of, read_settings, table_of, text_of
from bookpack.source import Source, normalise_newlines

NAME = "jupyterbook"
TOC, CONFIG = "_toc.yml", "_config.yml"
_DEFAULT_EXTENSIONS = ("colon_fence", "dollarmath", "linkify", "substitution", "tasklist")
_PART_LISTS = ("parts", "subtrees")
_PAGE_LISTS = ("chapters", "sections", "entries", "items")
_MOST_LEVELS = 30
_TAG = re.compile(r"<[^>]*>")


def recognise(files: BookFiles, settings: Settings) -> str | None:
    """A `_toc.yml`, in the book's folder or in one such as `docs`."""
    root = find_folder(files, TOC)
    if root is None or _is_mystmd(files, root):
        return None
    return _join(root, TOC)


def meta(files: BookFiles, settings: Settings) -> BookMeta:
    """Return title, author, language and address of `_config.yml`."""
    values, _ = read_settings(files, _join(_root(files, settings), CONFIG))
    author = plain_words(text_of(values, "author"))
    return BookMeta(
        title=plain_words(text_of(values, "title")),
        url=text_of(values, "html", "baseurl"),
        authors=(author,) if author else (),
        language=text_of(values, "sphinx", "config", "language"),
        summary=text_of(values, "description"),
    )


def plan(files: BookFiles, settings: Settings) -> Plan:
    """Put the pages of `_toc.yml` into its order. Raises `SettingsError` where there is none."""
    # A dialect is imported when a book needs it: most books need none.
    from bookpack.read.dialects.myst import DOCUTILS, MystDialect, MystOptions

    root = _root(files, settings)
    config, diagnostics = read_settings(files, _join(root, CONFIG))
    source, toc, found = read_toc(files, _join(root, TOC))
    if source is None:
        raise SettingsError(f"There is no {TOC}. Name its folder as source in [layout].")
    diagnostics += found
    sphinx = table_of(config, "sphinx", "config")
    excluded = [*strings(config.get("exclude_patterns")), *strings(sphinx.get("exclude_patterns"))]
    base = settings.base_url

    def url(path: str) -> str:
        return f"{base}/{quote_path(path.rpartition('.')[0])}.html"

    exclude = (*settings.layout.exclude, *excluded)
    listing = Listing(files, root, source, url, exclude)
    diagnostics += walk_toc(toc, listing)
    published = text_of(config, "only_build_toc_files").lower() != "true"
    left_out = listing.unlisted(published=published)
    extensions = strings(table_of(config, "parse").get("myst_enable_extensions"))
    substitutions = table_of(config, "parse", "myst_substitutions")
    options = MystOptions(
        extensions=frozenset(extensions or _DEFAULT_EXTENSIONS),
        substitutions={**substitutions, **table_of(sphinx, "myst_substitutions")},
        heading_anchors=_is_number(sphinx.get("myst_heading_anchors")),
        sections="sphinx.ext.autosectionlabel"
        in strings(table_of(config, "sphinx").get("extra_extensions")),
        other_pages=listing.other_pages,
    )
    dialect = MystDialect(listing.pages.values(), files, root, options)

    def address(page: Page, line: AddressLine | None) -> tuple[str, bool]:
        return url(page.path), True

    return Plan(
        root=root,
        entries=listing.titled(dialect),
        reason=_join(root, TOC),
        left_out=tuple(left_out),
        site_pages=tuple(listing.site_pages),
        asset_folders=(root,) if root else (),
        anchors=DOCUTILS,
        dialect=dialect,
        address=address,
        diagnostics=(*diagnostics, *listing.diagnostics),
    )


def read_toc(files: BookFiles, path: str) -> tuple[Source | None, Any, list[Diagnostic]]:
    """Read a `_toc.yml`: a mapping, or the list that it was before Jupyter Book 0.11."""
    data = files.read(path)
    if data is None:
        return None, {}, []
    source = Source.from_bytes(path, data)
    text = normalise_newlines(source.text)
    if re.match(r"(?:[ \t]*(?:#.*)?\n|---[ \t]*\n)*-[ \t]", text):
        listed, complaint = read_yaml("chapters:\n" + re.sub(r"\A---[ \t]*\n", "", text))
        if not complaint:
            return source, listed, []
        message = f"{path} {complaint}."
        return source, {}, [report("invalid-convention-settings", source, message)]
    values, diagnostics = read_settings(files, path)
    return source, values, diagnostics


def walk_toc(toc: Any, listing: Listing) -> list[Diagnostic]:
    """Add what a `_toc.yml` lists, in order; chapters below a chapter stay in its part."""
    walk = _Walk(listing)
    walk.go(toc, "", 0)
    return walk.diagnostics


class _Walk:
    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.diagnostics: list[Diagnostic] = []

    def go(self, node: Any, part: str, level: int) -> None:
        if level > _MOST_LEVELS or not isinstance(node, dict):
            self._complain(node)
            return
        file = node.get("file") or (node.get("root") if not level else None)
        if isinstance(file, str) and file:
            title = node.get("title")
            self.listing.add(file, part, title if isinstance(title, str) else "")
        elif isinstance(glob := node.get("glob"), str):
            for path in self.listing.match(glob):
                self.listing.add(path, part)
        for key in _PART_LISTS:
            for inner in self._list(node, key):
                caption = inner.get("caption") if isinstance(inner, dict) else None
                name = plain_words(caption) if isinstance(caption, str) else ""
                self.go(inner, part or name, level + 1)
        for key in _PAGE_LISTS:
            self._pages(self._list(node, key), part, level)

    def _pages(self, nodes: list[Any], part: str, level: int) -> None:
        outer = part
        for node in nodes:
            heading = node.get("part") or node.get("header") if isinstance(node, dict) else None
            if isinstance(heading, str):
                # Before 0.11: a part holds its chapters, a header stands before them.
                part = outer or plain_words(heading)
            self.go(node, part, level + 1)

    def _list(self, node: dict[str, Any], key: str) -> list[Any]:
        found = node.get(key)
        if found in (None, ""):
            return []
        if isinstance(found, list):
            return found
        self._complain(found)
        return []

    def _complain(self, node: Any) -> None:
        shown = repr(node)[:60]
        source = self.listing.source
        message = f"{source.path} holds {shown} where a list of pages is expected."
        self.diagnostics.append(report("invalid-convention-settings", source, message))


def plain_words(markup: str) -> str:
    """Return the words of a title or name in which authors write HTML."""
    return " ".join(unescape(_TAG.sub("", markup)).split())


def strings(values: Any) -> list[str]:
    """Return the strings of a list, or the one string, that settings hold."""
    if isinstance(values, str):
        return [values] if values else []
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _is_number(value: Any) -> bool:
    return str(value or "").isdigit() and int(value) > 0


def _is_mystmd(files: BookFiles, root: str) -> bool:
    """Tell whether Jupyter Book 2 builds the folder: a `myst.yml`, and no `_config.yml`."""
    return files.exists(_join(root, "myst.yml")) and not files.exists(_join(root, CONFIG))


def _root(files: BookFiles, settings: Settings) -> str:
    wanted = folder_of(settings.layout.source)
    return find_folder(files, TOC, wanted) or wanted


def _join(root: str, name: str) -> str:
    return f"{root}/{name}" if root else name
