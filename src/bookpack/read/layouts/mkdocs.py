"""MkDocs, Material for MkDocs and Zensical: `mkdocs.yml` or `zensical.toml`.

https://www.mkdocs.org/user-guide/configuration/ and
https://www.mkdocs.org/user-guide/writing-your-docs/. Order and parts are those of the
navigation; the section at the top is the part, sections inside keep it. Pages that the
navigation does not name are published all the same: links to them are right, and they are
reported. A page of `exclude_docs` or `draft_docs` is not published.
"""

import posixpath
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from bookpack.config import Settings
from bookpack.diagnostics import Diagnostic, report
from bookpack.errors import SettingsError
from bookpack.model import AddressLine, BookMeta
from bookpack.read.anchors import AnchorRule
from bookpack.read.files import MARKDOWN_SUFFIXES, BookFiles
from bookpack.read.layouts.awesome_pages import AwesomePages, rest_entry
from bookpack.read.layouts.base import Entry, Page, Plan, SitePage, quote_path, read_pages
from bookpack.read.layouts.mkdocs_nav import (
    Node,
    Rest,
    fill_rests,
    is_foreign,
    read_literate_nav,
    read_nav,
    whole_folder,
    wildcard,
)
from bookpack.read.layouts.mkdocs_settings import (
    MkDocsSettings,
    PathPatterns,
    Scalar,
    find_settings,
    read_settings,
)
from bookpack.source import Source

NAME = "mkdocs"
_NORMAL_FORMS: tuple[Literal["NFC", "NFD", "NFKC", "NFKD"], ...] = ("NFC", "NFD", "NFKC", "NFKD")
_INDEX_STEMS = ("index", "README")
_NUMBERED = re.compile(r"(.*)_([0-9]{1,9})\Z", re.S)
_SHORTCODE = re.compile(r":[a-z0-9_+-]+:")


def recognise(files: BookFiles, settings: Settings) -> str | None:
    """A settings file of MkDocs or Zensical lies in the book's folder."""
    return find_settings(files)


def meta(files: BookFiles, settings: Settings) -> BookMeta:
    """Return what the site's settings say: name, address, author, language, description."""
    site = read_settings(files)
    if site is None:
        return BookMeta()
    theme = site.values.get("theme")
    language = ""
    if isinstance(theme, Mapping):
        spoken = theme.get("language") or theme.get("locale")
        language = spoken.replace("_", "-") if isinstance(spoken, str) else ""
    author, address = site.text("site_author"), site.text("site_url")
    return BookMeta(
        title=site.text("site_name"),
        url=address if address.startswith(("http://", "https://")) else "",
        authors=(author,) if author else (),
        language=str(language),
        summary=site.text("site_description"),
    )


def plan(files: BookFiles, settings: Settings) -> Plan:
    """Put the pages of the documentation into the order of its navigation.

    Raises `SettingsError` when there is no settings file or no folder of documentation.
    """
    # A dialect is imported when a book needs it: most books need none.
    from bookpack.read.dialects.mkdocs import MkDocsDialect

    site = read_settings(files)
    if site is None:
        raise SettingsError(f"There is no mkdocs.yml in {files.folder}.")
    root = _docs_folder(site, settings)
    if not (files.folder / root).is_dir():
        raise SettingsError(
            f"There is no folder {files.folder / root}. Set docs_dir in {site.source.path}."
        )
    addresses = Addresses(settings.base_url, site.flag("use_directory_urls", True))
    docs = _Docs(files, root, site, settings, addresses)
    entries = docs.arrange()
    return Plan(
        root,
        tuple(entries),
        left_out=tuple(docs.left_out),
        site_pages=(*docs.site_pages, *docs.redirects()),
        asset_folders=(root,) if root else (),
        anchors=anchor_rule(site.extensions),
        dialect=MkDocsDialect(files, site, root, math=settings.layout.math),
        address=addresses.of,
        diagnostics=(*site.diagnostics, *docs.diagnostics),
    )


@dataclass(frozen=True)
class Addresses:
    """The addresses of pages: https://www.mkdocs.org/user-guide/configuration/."""

    base: str
    directory_urls: bool

    def of(self, page: Page, line: AddressLine | None = None) -> tuple[str, bool]:
        """Return the URL of `page`; nobody states one."""
        return self.of_path(page.path), True

    def of_path(self, path: str) -> str:
        """Return the URL of the page that is made of the file `path`."""
        folder, _, name = path.rpartition("/")
        stem = name.rpartition(".")[0]
        if not self.directory_urls:
            page = "index" if stem in _INDEX_STEMS else stem
            return f"{self.base}/{quote_path(posixpath.join(folder, page))}.html"
        place = folder if stem in _INDEX_STEMS else posixpath.join(folder, stem)
        return f"{self.base}/{quote_path(place)}/" if place else f"{self.base}/"


class _Docs:
    """The pages of one site, sorted into chapters, other pages and what is not published."""

    def __init__(
        self,
        files: BookFiles,
        root: str,
        site: MkDocsSettings,
        settings: Settings,
        addresses: Addresses,
    ) -> None:
        self.files = files
        self.root = root
        self.site = site
        self.settings = settings
        self.addresses = addresses
        self.left_out: list[tuple[Page, str]] = []
        self.site_pages: list[SitePage] = []
        self.diagnostics: list[Diagnostic] = []
        self.hidden: set[str] = set()
        plugins = site.plugins
        self.awesome = plugins.get("awesome-pages")
        literate = plugins.get("literate-nav")
        self.nav_file = str((literate or {}).get("nav_file") or "SUMMARY.md")
        self.literate = literate is not None
        self.pages = {page.path: page for page in self._published()}

    def arrange(self) -> list[Entry]:
        """Return the chapters in order; find out what the other pages are."""
        nodes = self._navigation()
        entries: list[Entry] = []
        used: set[str] = set()
        for node in nodes:
            part = node.title if node.children is not None else ""
            for item in node.pages():
                page = self._page_of(item)
                if page is None:
                    continue
                if page.path in used:
                    message = f"{page.path} is listed more than once."
                    self._say("repeated-chapter", message, item.value)
                    continue
                used.add(page.path)
                url = self.addresses.of_path(page.path)
                entries.append(Entry(page, part, url, item.title))
        self._note_others(used)
        return entries

    def redirects(self) -> list[SitePage]:
        """Return the old pages that the plugin `redirects` leads elsewhere."""
        maps = self.site.plugins.get("redirects", {}).get("redirect_maps")
        found = []
        for old, new in maps.items() if isinstance(maps, Mapping) else ():
            page, _, anchor = str(new).partition("#")
            if page in self.pages and str(old) not in self.pages:
                url = self.addresses.of_path(page) + (f"#{anchor}" if anchor else "")
                found.append(SitePage(posixpath.join(self.root, str(old)), url))
        return found

    def _published(self) -> list[Page]:
        settings, values = self.settings, self.site.values
        excluded = PathPatterns(["/templates/", *_lines(values.get("exclude_docs"))])
        drafts = PathPatterns(_lines(values.get("draft_docs")))
        pages = read_pages(self.files, self.root, settings.layout.exclude)
        paths = {page.path for page in pages}
        published = []
        for page in pages:
            folder, _, name = page.path.rpartition("/")
            if excluded.matches(page.path):
                self.left_out.append((page, "exclude_docs"))
            elif (page.front.draft or drafts.matches(page.path)) and not settings.layout.drafts:
                self.left_out.append((page, "draft"))
                message = f"{page.path} is a draft and is left out."
                self.diagnostics.append(report("draft-chapter", page.source, message))
            elif name == "README.md" and posixpath.join(folder, "index.md") in paths:
                self.left_out.append((page, "index.md stands for its folder"))
                message = f"{page.path} is not published: index.md stands beside it."
                help = "Delete one of the two files."
                found = report("unlisted-chapter", page.source, message, help=help)
                self.diagnostics.append(found)
            else:
                published.append(page)
        return published

    def _navigation(self) -> list[Node]:
        nav = self.site.values.get("nav")
        if nav is None or nav == "":
            nav = self.site.values.get("pages")  # as it was called before MkDocs 1.0
        listed = None
        if self.literate:
            listed = read_literate_nav(self.files, self.root, "", self.nav_file)
        if listed is not None:
            nodes = listed
        elif nav is None or nav == "":
            nodes = [Node(rest=Rest(lambda path: True, last=True))]
        else:
            nodes = self._with_places(read_nav(nav, self._misplaced))
        awesome = AwesomePages(self.files, self.root, self.awesome or {}, self._title_of)
        paths = [path for path in self.pages if not self._is_nav_file(path)]
        if self.awesome is None:
            return fill_rests(nodes, paths)
        nodes = fill_rests(nodes, paths, awesome.arrange)
        self.hidden = awesome.hidden
        self.diagnostics += awesome.diagnostics
        return nodes

    def _with_places(self, nodes: list[Node]) -> list[Node]:
        """Understand what plugins add to `nav`: `...`, wildcards and folders."""
        result = []
        for node in nodes:
            if node.children is not None:
                node.children = self._with_places(node.children)
            elif self.awesome is not None and (rest := rest_entry(node.path)) is not None:
                node = Node(rest=rest)
            elif self.literate and not is_foreign(node.path):
                if "*" in node.path:
                    node = Node(rest=wildcard(node.path, ""))
                elif node.path.endswith("/"):
                    folder = node.path.strip("/")
                    listed = read_literate_nav(self.files, self.root, folder, self.nav_file)
                    whole = [Node(rest=whole_folder(folder))]
                    children = whole if listed is None else listed
                    node = Node(node.title, children=children, folder=folder)
            result.append(node)
        return result

    def _page_of(self, node: Node) -> Page | None:
        """Return the page that an entry names; report one that does not exist."""
        target = node.path
        if not target or is_foreign(target):
            return None
        path = posixpath.normpath(target.partition("#")[0])
        page = self.pages.get(path)
        if page is not None:
            # With a fragment it is a link to a section, and the page has a place of its own.
            return page if path == posixpath.normpath(target) else None
        full = posixpath.join(self.root, path)
        if any(path == left.path for left, _ in self.left_out):
            return None
        if self.files.is_file(full):
            if not path.lower().endswith((".ipynb", *MARKDOWN_SUFFIXES)):
                return None  # a file that is offered as it is
            if not path.lower().endswith(".ipynb"):
                return None  # [layout] exclude
            message = f"{path} is a notebook and no Markdown file, so it cannot be read."
            self._say("missing-chapter", message, node.value)
            return None
        similar = self.files.similar(full)
        help = f"The file is spelled {similar}." if similar else ""
        message = f"{path} is listed as a chapter and does not exist."
        self._say("missing-chapter", message, node.value, help)
        return None

    def _note_others(self, used: Iterable[str]) -> None:
        wanted = PathPatterns(_lines(self.site.values.get("not_in_nav")))
        for path in sorted(set(self.pages) - set(used)):
            url = self.addresses.of_path(path)
            quiet = wanted.matches(path) or path in self.hidden or self._is_nav_file(path)
            place = posixpath.join(self.root, path)
            self.site_pages.append(SitePage(place, url, "" if quiet else "not listed"))
            if not quiet:
                message = f"{path} is not in the navigation, so it is no chapter."
                help = f"Add it to nav in {self.site.source.path}, or name it under not_in_nav."
                source = self.pages[path].source
                found = report("unlisted-chapter", source, message, help=help)
                self.diagnostics.append(found)

    def _is_nav_file(self, path: str) -> bool:
        return self.literate and path.rpartition("/")[2] == self.nav_file

    def _title_of(self, path: str) -> str:
        page = self.pages.get(path)
        if page is None:
            return ""
        heading = re.search(r"^#[ \t]+(.+?)[ \t#]*$", page.source.text, re.M)
        return page.front.title or (heading[1] if heading else "")

    def _misplaced(self, value: Any) -> None:
        message = f"nav holds {str(value)[:40]!r}, which is neither page nor section."
        while isinstance(value, list) and value:
            value = value[0]
        self._say("invalid-convention-settings", message, value)

    def _say(self, rule: str, message: str, value: Any, help: str = "") -> None:
        source: Source | str = self.site.source
        span = None
        if isinstance(value, str):
            source, span = self.site.place(value)
        self.diagnostics.append(report(rule, source, message, span, help=help))


def anchor_rule(extensions: Mapping[str, Mapping[str, Any]]) -> AnchorRule:
    """Return the rule for anchors of Python-Markdown's extension `toc`.

    https://python-markdown.github.io/extensions/toc/: `slugify` and `separator` may be set; a
    taken or empty anchor gets `_1`, and one that ends in a number the next number.
    """
    options = extensions.get("toc", {})
    separator = str(options.get("separator") or "-")
    slug = _slug_function(options.get("slugify"), separator)
    if any(name in extensions for name in ("pymdownx.emoji", "zensical.extensions.emoji")):
        plain = slug

        def slug(text: str) -> str:
            # Emoji and icons become pictures, which are no part of an anchor.
            return plain(_SHORTCODE.sub("", text))

    return AnchorRule("mkdocs", slug, renumber=_next_number)


def _next_number(anchor: str) -> str:
    numbered = _NUMBERED.match(anchor)
    return f"{numbered[1]}_{int(numbered[2]) + 1}" if numbered else f"{anchor}_1"


def _slug_function(setting: Any, separator: str) -> Callable[[str], str]:
    name = str(setting.get("object", "")) if isinstance(setting, Mapping) else ""
    keywords = setting.get("kwds") if isinstance(setting, Mapping) else None
    options = keywords if isinstance(keywords, Mapping) else {}
    last = name.rpartition(".")[2]
    if name.startswith("pymdownx.slugs"):
        # https://facelessuser.github.io/pymdown-extensions/extras/slugs/, older names included
        case = str(options.get("case") or "none")
        if last.startswith("uslugify") and "cased" not in last:
            case = "lower"
        elif last.startswith("gfm"):
            case = "lower-ascii"
        encode = "encoded" in last or str(options.get("percent_encode")).lower() == "true"
        form = str(options.get("normalize") or "NFC")
        return lambda text: _unicode_slug(text, separator, case, form, encode=encode)
    return lambda text: _default_slug(text, separator, ascii_only=last != "slugify_unicode")


def _default_slug(text: str, separator: str, *, ascii_only: bool) -> str:
    if ascii_only and not text.isascii():
        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    text = re.sub(r"[^\w\s-]", "", text).strip().lower()
    return re.sub(rf"(?:{re.escape(separator)}|\s)+", lambda match: separator, text)


def _unicode_slug(text: str, separator: str, case: str, form: str, *, encode: bool) -> str:
    for known in _NORMAL_FORMS:
        if known == form:
            text = unicodedata.normalize(known, text)
    text = re.sub(r"</?[^>]*>", "", text).strip()
    if case == "lower":
        text = text.lower()
    elif case == "lower-ascii":
        text = re.sub("[A-Z]", lambda match: match[0].lower(), text)
    elif case == "fold":
        text = text.casefold()
    text = re.sub(r"[^\w\- ]", "", text).replace(" ", separator)
    return quote(text) if encode else text


def _docs_folder(site: MkDocsSettings, settings: Settings) -> str:
    """Return the folder of documentation, by bookpack's own setting first."""
    named = settings.layout.source or site.text("docs_dir", "docs")
    folder = posixpath.normpath(named.replace("\\", "/"))
    if folder.startswith(("/", "..")) or ":" in folder[:2]:
        source, span = site.place(site.values.get("docs_dir", Scalar("")))
        message = f"docs_dir is {named}, which lies outside the book's folder."
        site.diagnostics.append(report("invalid-convention-settings", source, message, span))
        return "docs"
    return "" if folder == "." else folder


def _lines(value: Any) -> list[str]:
    """Return the patterns of a setting that is text of several lines, or a list of them."""
    if isinstance(value, list):
        return [str(line) for line in value]
    return value.splitlines() if isinstance(value, str) else []
