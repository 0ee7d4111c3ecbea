"""mystmd, which is Jupyter Book 2 too: `myst.yml` (https://mystmd.org/guide/table-of-contents).

The order is `project.toc`, else that of names, the index page first. Addresses are slugs of
file names: numbers before them go, what is no letter, digit or hyphen becomes a hyphen, at most
50 characters, repeated ones numbered; folders count with `site.options.folders` alone. The
first page is the site's front page. Only pages of the order are published.
"""

import re
from collections.abc import Iterable
from typing import Any

from bookpack.config import Settings
from bookpack.diagnostics import Diagnostic, report
from bookpack.errors import SettingsError
from bookpack.model import AddressLine, BookMeta
from bookpack.read.files import BookFiles
from bookpack.read.layouts.base import Page, Plan, quote_path
from bookpack.read.layouts.jupyterbook import plain_words, read_toc, strings, walk_toc
from bookpack.read.layouts.listing import Listing, find_folder
from bookpack.read.order import natural_key, readable_name
from bookpack.read.settings_files import folder_of, read_settings, table_of, text_of
from bookpack.source import Source

NAME = "mystmd"
SETTINGS = "myst.yml"
_INDEX_NAMES = ("index", "readme", "main")
_LONGEST_SLUG = 50
_MOST_LEVELS = 30


def recognise(files: BookFiles, settings: Settings) -> str | None:
    """A `myst.yml` with a project or a site."""
    root = find_folder(files, SETTINGS)
    if root is None:
        return None
    values, _ = read_settings(files, _join(root, SETTINGS))
    return _join(root, SETTINGS) if "project" in values or "site" in values else None


def meta(files: BookFiles, settings: Settings) -> BookMeta:
    """Return what `project` says; the address is the first of `site.domains`."""
    values, _ = read_settings(files, _join(_root(files, settings), SETTINGS))
    project, site = table_of(values, "project"), table_of(values, "site")
    domains = strings(site.get("domains"))
    url = domains[0] if domains else ""
    return BookMeta(
        title=plain_words(text_of(project, "title") or text_of(site, "title")),
        url=url if "://" in url or not url else f"https://{url}",
        authors=tuple(_names(project.get("authors") or project.get("author"))),
        language=text_of(project, "language"),
        date=text_of(project, "date"),
        summary=text_of(project, "description"),
    )


def plan(files: BookFiles, settings: Settings) -> Plan:
    """Put the project's pages into order. Raises `SettingsError` where there is no project."""
    # A dialect is imported when a book needs it: most books need none.
    from bookpack.read.dialects.myst import MYSTMD, MystDialect, MystOptions

    root = _root(files, settings)
    path = _join(root, SETTINGS)
    data = files.read(path)
    if data is None:
        raise SettingsError(f"There is no {SETTINGS}. Name its folder as source in [layout].")
    values, diagnostics = read_settings(files, path)
    project = table_of(values, "project")
    folders = text_of(values, "site", "options", "folders").lower() == "true"
    addresses = _Addresses(settings.base_url, folders=folders)
    exclude = (*settings.layout.exclude, *strings(project.get("exclude")))
    source = Source.from_bytes(path, data)
    listing = Listing(files, root, source, addresses.of, exclude)
    toc = project.get("toc")
    left_out: list[tuple[Page, str]] = []
    if isinstance(toc, list) and toc:
        diagnostics += _walk(toc, listing, "", 0)
        left_out = listing.unlisted(published=False)
    elif files.exists(_join(root, "_toc.yml")):
        old, contents, found = read_toc(files, _join(root, "_toc.yml"))
        listing.source = old or source
        diagnostics += [*found, *walk_toc(contents, listing)]
        left_out = listing.unlisted(published=False)
    else:
        if toc not in (None, "", []):
            message = f"{path}: toc must be a list of pages."
            diagnostics.append(report("invalid-convention-settings", source, message))
        for page_path, part in _natural_order(listing.pages):
            listing.add(page_path, part)
    options = MystOptions(
        mystmd=True,
        substitutions=table_of(project, "substitutions"),
        other_pages=listing.other_pages,
    )
    dialect = MystDialect(listing.pages.values(), files, root, options)

    def address(page: Page, line: AddressLine | None) -> tuple[str, bool]:
        return addresses.of(page.path), True

    return Plan(
        root=root,
        entries=tuple(listing.entries),
        reason=path,
        left_out=tuple(left_out),
        site_pages=tuple(listing.site_pages),
        asset_folders=(root,) if root else (),
        anchors=MYSTMD,
        dialect=dialect,
        address=address,
        diagnostics=(*diagnostics, *listing.diagnostics),
    )


def _walk(nodes: list[Any], listing: Listing, part: str, level: int) -> list[Diagnostic]:
    """Add the pages of `toc`, or of `children`; a title without a file opens a part."""
    diagnostics = []
    for node in nodes:
        if not isinstance(node, dict) or level > _MOST_LEVELS:
            source = listing.source
            message = f"{source.path} holds {repr(node)[:60]} where a page is expected."
            diagnostics.append(report("invalid-convention-settings", source, message))
            continue
        title = text_of(node, "title")
        inner = part
        if file := text_of(node, "file"):
            listing.add(file, part, title)
        elif pattern := text_of(node, "pattern"):
            for path in sorted(listing.match(pattern), key=_order):
                listing.add(path, part)
        elif not text_of(node, "url"):
            inner = part or plain_words(title)
        children = node.get("children")
        if isinstance(children, list):
            diagnostics += _walk(children, listing, inner, level + 1)
    return diagnostics


def _natural_order(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Return paths and parts without a `toc`: the index page, the files of a folder, then folders.

    Without an index page in the first folder, its first file is the front page.
    """
    ordered = sorted(paths, key=_order)
    return [
        (path, readable_name(path.partition("/")[0]) if "/" in path else "") for path in ordered
    ]


def _order(path: str) -> tuple[object, ...]:
    names = path.split("/")
    stem = names[-1].rpartition(".")[0].lower()
    index = _INDEX_NAMES.index(stem) if stem in _INDEX_NAMES else len(_INDEX_NAMES)
    folders = tuple((1, natural_key(name)) for name in names[:-1])
    return (*folders, (0, index, natural_key(names[-1])))


def mystmd_slug(name: str) -> str:
    """Return the slug of a file's or folder's name, as mystmd's `createSlug` makes it."""
    if not re.match(r"[12]\d{3}(?:\D|\Z)|\d{5}", name):
        name = re.sub(r"^[0-9_.-]+", "", name) or name
    lowered = name.lower().replace("&", " and ")
    return re.sub(r"[^a-z0-9-]+|-{2,}", "-", lowered).strip("-").replace("--", "-")[:_LONGEST_SLUG]


class _Addresses:
    """Gives each page its address, in the order in which pages are asked for."""

    def __init__(self, base: str, *, folders: bool) -> None:
        self.base = base
        self.folders = folders
        self._known: dict[str, str] = {}
        self._uses: dict[str, int] = {"index": 1}

    def of(self, path: str) -> str:
        """Return the address of the page at `path`."""
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = self._make(path)
        return known

    def _make(self, path: str) -> str:
        if not self._known:
            return f"{self.base}/"
        stem = path.rpartition(".")[0]
        folder, _, name = stem.rpartition("/")
        slug = mystmd_slug(name)
        if self.folders and folder:
            slugs = [mystmd_slug(part) for part in folder.split("/")]
            slug = "/".join([*slugs, *([] if slug == "index" else [slug])])
        uses = self._uses.get(slug, 0)
        self._uses[slug] = uses + 1
        numbered = f"{slug}-{uses}" if uses else slug
        return f"{self.base}/{quote_path(numbered)}"


def _names(authors: Any) -> list[str]:
    listed = authors if isinstance(authors, list) else [authors]
    names = [text_of(a, "name") if isinstance(a, dict) else a for a in listed]
    return [" ".join(name.split()) for name in names if isinstance(name, str) and name.strip()]


def _root(files: BookFiles, settings: Settings) -> str:
    wanted = folder_of(settings.layout.source)
    return find_folder(files, SETTINGS, wanted) or wanted


def _join(root: str, name: str) -> str:
    return f"{root}/{name}" if root else name
