"""Docusaurus: a folder of documents with ids, slugs and sidebars.

Its settings and sidebars are programs; they are not run. What they write as literals is read,
a sidebar that is computed falls back to the order that Docusaurus itself makes of folders: by
position, then by name. Sources: docusaurus.io/docs/create-doc, docusaurus.io/docs/sidebar and
docusaurus.io/docs/api/plugins/@docusaurus/plugin-content-docs for ids, slugs and front matter.

No chapters are partials (files and folders whose name begins with `_`), documents marked
`unlisted`, and those in no sidebar: the last two are pages of the site.
"""

import posixpath
from collections.abc import Iterator
from fnmatch import fnmatchcase

from bookpack.config import Settings
from bookpack.diagnostics import Diagnostic, report
from bookpack.errors import SettingsError
from bookpack.model import AddressLine, BookMeta
from bookpack.read.anchors import github_anchor
from bookpack.read.files import MARKDOWN_SUFFIXES, BookFiles
from bookpack.read.layouts.base import Entry, Page, Plan, SitePage, quote_path, read_page
from bookpack.read.layouts.docusaurus_settings import (
    DocusaurusSettings,
    find_config,
    read_docusaurus_settings,
)
from bookpack.read.layouts.docusaurus_sidebar import Document, Sidebars, number_of, split_number
from bookpack.read.order import natural_key

NAME = "docusaurus"
_SUFFIXES = (*MARKDOWN_SUFFIXES, ".mdx")
_INDEX_NAMES = ("index", "readme")
_TRUE = ("true", "yes", "on")
_MOST_LEVELS = 30


def recognise(files: BookFiles, settings: Settings) -> str | None:
    """The settings file has a name of its own."""
    return find_config(files) or None


def meta(files: BookFiles, settings: Settings) -> BookMeta:
    """Title, address, language and tagline, where they are written as literals.

    Raises `SettingsError` where nobody can tell the address.
    """
    found = read_docusaurus_settings(files).meta
    if not (found.url or settings.book.url):
        raise SettingsError(
            f"{find_config(files) or 'docusaurus.config.js'} does not write url and baseUrl as "
            "plain strings, and it is not run. Give the address of the site with --url https://…, "
            "or as url in [book] of bookpack.toml."
        )
    return found


def plan(files: BookFiles, settings: Settings) -> Plan:
    """Read the documents and their sidebars. Raises `SettingsError` where there are none."""
    # A dialect is imported when a book needs it: most books need none.

    found = read_docusaurus_settings(files)
    root = settings.layout.source.strip("/").removeprefix("./") or found.docs
    if not files.exists(root):
        raise SettingsError(
            f"There is no folder {files.folder / root}, in which the documents should lie."
        )
    return _Arranger(files, settings, found, root).plan()


class _Arranger:
    """Sorts the documents of one folder into chapters and what is none."""

    def __init__(
        self, files: BookFiles, settings: Settings, found: DocusaurusSettings, root: str
    ) -> None:
        self.files = files
        self.settings = settings
        self.found = found
        self.root = root
        self.diagnostics: list[Diagnostic] = []
        self.left_out: list[tuple[Page, str]] = []
        self.site_pages: list[SitePage] = []

    def plan(self) -> Plan:
        """Return the whole plan."""
        # A dialect is imported when a book needs it: most books need none.
        from bookpack.read.dialects.docusaurus import DocusaurusDialect

        documents, urls = [], {}
        for path in sorted(self._paths(), key=natural_key):
            page = read_page(self.files, self.root, path)
            if page is None:
                continue
            document = self._document(page)
            urls[page.path] = document.url
            if self._is_listed(document):
                documents.append(document)
        numbers = self.found.number_prefixes
        sidebars = Sidebars(self.files, self.root, documents, numbers=numbers)
        placed = sidebars.in_order(self.found.sidebar)
        entries = tuple(Entry(d.page, part, d.url, title=d.label) for d, part in placed)
        listed = {document.id for document, _ in placed}
        for document in documents:
            if document.id not in listed:
                message = f"{document.page.path} is in no sidebar, so it is left out."
                source = document.page.source
                self.diagnostics.append(report("unlisted-chapter", source, message))
                self._add_page(document, "in no sidebar")
        for slug, label in sidebars.generated:
            route = slug.strip("/") or f"category/{github_anchor(label)}"
            self.site_pages.append(SitePage("", self._url(f"/{route}")))
        base = self.settings.base_url
        self.site_pages.append(SitePage("", self._finished(f"{base}/search")))

        def address(page: Page, line: AddressLine | None) -> tuple[str, bool]:
            return urls.get(page.path, base), True

        return Plan(
            self.root,
            entries,
            left_out=tuple(self.left_out),
            site_pages=tuple(self.site_pages),
            asset_folders=self.found.static,
            dialect=DocusaurusDialect(
                self.root, self.found.static, mdx_everywhere=self.found.mdx_everywhere
            ),
            address=address,
            diagnostics=(*self.diagnostics, *sidebars.diagnostics),
        )

    def _paths(self) -> Iterator[str]:
        """List the documents, `.mdx` included; partials and what is excluded are not listed."""
        seen = set()

        def walk(inner: str, level: int) -> Iterator[str]:
            here = f"{self.root}/{inner}" if inner else self.root
            real = (self.files.folder / here).resolve()
            if real in seen or level > _MOST_LEVELS:
                return
            seen.add(real)
            for name in self.files.list_folder(here):
                if name.startswith("_") or name in ("node_modules", "__tests__"):
                    continue
                path = f"{inner}/{name}" if inner else name
                if self.files.is_file(f"{self.root}/{path}"):
                    if name.lower().endswith(_SUFFIXES) and not any(
                        fnmatchcase(path, glob) for glob in self.settings.layout.exclude
                    ):
                        yield path
                elif self.files.exists(f"{self.root}/{path}"):
                    yield from walk(path, level + 1)

        return walk("", 0)

    def _document(self, page: Page) -> Document:
        """Return id, address and place of a document, as its path and front matter say."""
        values = page.front.values or {}
        folder, _, name = page.path.rpartition("/")
        stem = name.rpartition(".")[0]
        parses = (
            self.found.number_prefixes
            and str(values.get("parse_number_prefixes", "true")).lower() in _TRUE
        )
        plain, number = split_number(stem) if parses else (stem, None)
        names = folder.split("/") if folder else []
        if parses:
            names = [split_number(each)[0] for each in names]
        base_id = str(values.get("id") or plain)
        position = number_of(values.get("sidebar_position"))
        # A file that is called like its folder speaks for it, as an index does.
        last = folder.rpartition("/")[2].lower()
        is_index = stem.lower() in (*_INDEX_NAMES, *([last] if last else []))
        return Document(
            page,
            "/".join([*names, base_id]),
            folder,
            self._url(self._slug(page, names, base_id, is_index=is_index)),
            str(values.get("sidebar_label") or ""),
            number if position is None else position,
            is_index,
        )

    def _slug(self, page: Page, names: list[str], base_id: str, *, is_index: bool) -> str:
        slug = page.front.slug
        if slug and slug.startswith("/"):
            return slug
        within = "/" + "".join(f"{name}/" for name in names)
        if slug is None and is_index:
            return within
        joined = posixpath.normpath(posixpath.join(within, slug or base_id))
        return joined + "/" if (slug or "").endswith("/") and joined != "/" else joined

    def _url(self, slug: str) -> str:
        route = f"/{self.found.route}" if self.found.route else ""
        return self._finished(f"{self.settings.base_url}{quote_path(route + slug)}")

    def _finished(self, url: str) -> str:
        """Return the address with or without a slash at its end, as the site wants it."""
        base = self.settings.base_url
        if url.rstrip("/") == base:
            return f"{base}/"
        if self.found.trailing_slash is None:
            return url
        return url.rstrip("/") + ("/" if self.found.trailing_slash else "")

    def _is_listed(self, document: Document) -> bool:
        """Note a draft or unlisted document under what it is."""
        page = document.page
        if page.front.draft and not self.settings.layout.drafts:
            self.left_out.append((page, "draft"))
            message = f"{page.path} is a draft and is left out."
            self.diagnostics.append(report("draft-chapter", page.source, message))
            return False
        if str((page.front.values or {}).get("unlisted", "")).lower() in _TRUE:
            self._add_page(document, "unlisted")
            return False
        return True

    def _add_page(self, document: Document, reason: str) -> None:
        path = f"{self.root}/{document.page.path}"
        self.site_pages.append(SitePage(path, document.url, reason))
