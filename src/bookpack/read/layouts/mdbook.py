"""mdBook: `book.toml`, and `src/SUMMARY.md` as the order (https://rust-lang.github.io/mdBook/).

Addresses: `a/b.md` is published as `a/b.html`, and `README.md`, in any capitals, as
`index.html` of its folder (mdBook's preprocessor `index`). Anchors: see `mdbook_anchor`.
Part titles are headings of level one in `SUMMARY.md`; nested chapters belong to the part
above them, prefix and suffix chapters to none.
"""

import dataclasses
import posixpath
import re
import unicodedata
from typing import Any
from urllib.parse import urljoin

from bookpack.config import Settings
from bookpack.diagnostics import Diagnostic, report
from bookpack.errors import SettingsError
from bookpack.model import AddressLine, BookMeta
from bookpack.read.anchors import AnchorRule
from bookpack.read.files import BookFiles
from bookpack.read.layouts.base import Entry, Page, Plan, SitePage, quote_path
from bookpack.read.layouts.summary import (
    SUMMARY,
    ListedPage,
    list_pages,
    plain_candidates,
    read_summary,
    unlisted_pages,
)
from bookpack.read.order import readable_name
from bookpack.read.settings_files import folder_of, read_settings, table_of, text_of
from bookpack.source import Source

NAME = "mdbook"
SETTINGS = "book.toml"
_OTHER_SETTINGS = (
    *("mkdocs.yml", "mkdocs.yaml", "_config.yml", "_toc.yml", "myst.yml", "conf.py", "hugo.toml"),
    *("hugo.yaml", "config.toml", "docusaurus.config.js", "docusaurus.config.ts", "_quarto.yml"),
)


def mdbook_anchor(text: str) -> str:
    """Return the anchor of a heading as mdBook makes it (`id_from_content`, since 0.5).

    Lower case in every script; letters, numbers, `_` and `-` stay, each blank becomes a hyphen,
    all else goes. Rust calls a character alphabetic that Unicode does, which holds vowel signs.
    """
    kept = []
    for character in text.strip().lower():
        if character.isspace():
            kept.append("-")
        elif character.isalnum() or character in "_-" or _is_vowel_sign(character):
            kept.append(character)
    return "".join(kept)


def _is_vowel_sign(character: str) -> bool:
    # Unicode's Other_Alphabetic, which Python does not know, as nearly as categories and
    # combining classes tell: spacing marks, and marks that are no accents, viramas or selectors.
    category = unicodedata.category(character)
    if category == "Mc":
        return True
    if category != "Mn" or "\ufe00" <= character <= "\ufe0f" or character >= "\U000e0100":
        return False
    return unicodedata.combining(character) in (0, *range(10, 36), 84, 91, 103, 118, 129, 130, 132)


MDBOOK = AnchorRule("mdbook", mdbook_anchor)


def recognise(files: BookFiles, settings: Settings) -> str | None:
    """A `book.toml` with a table `[book]`, or a `SUMMARY.md` where mdBook has it."""
    values, _ = read_settings(files, SETTINGS)
    root = _chapter_folder(values)
    summary = f"{root}/{SUMMARY}" if root else SUMMARY
    if "book" in values:
        return f"{SETTINGS} with a table [book]"
    if files.exists(SETTINGS) and files.exists(summary):
        return f"{SETTINGS} and {summary}"
    if any(files.exists(name) for name in _OTHER_SETTINGS):
        return None  # a contents file alone says less than another tool's settings
    if files.exists(f"src/{SUMMARY}"):
        return f"src/{SUMMARY}"
    return SUMMARY if files.exists(SUMMARY) else None


def meta(files: BookFiles, settings: Settings) -> BookMeta:
    """Return title, authors, language and description of `book.toml`, and its address if told.

    `site-url` is a path on most sites; with `cname` it becomes an address.
    """
    values, _ = read_settings(files, _settings_path(settings))
    book, html = table_of(values, "book"), table_of(values, "output", "html")
    authors = book.get("authors")
    listed = authors if isinstance(authors, list) else [authors]
    address, host = text_of(html, "site-url"), text_of(html, "cname")
    if not re.match(r"https?://[^/\s\[\]]+", address):
        address = f"https://{host}/{address.strip('/')}".rstrip("/") if host else ""
    return BookMeta(
        title=text_of(book, "title"),
        url=address,
        authors=tuple(author for author in listed if isinstance(author, str) and author),
        language=text_of(book, "language"),
        summary=text_of(book, "description"),
    )


def plan(files: BookFiles, settings: Settings) -> Plan:
    """Put the chapters of `SUMMARY.md` into its order. Raises `SettingsError`."""
    # A dialect is imported when a book needs it: most books need none.
    from bookpack.read.dialects.mdbook import MdBookDialect

    values, diagnostics = read_settings(files, _settings_path(settings))
    root = _find_root(files, settings, values)
    dialect = MdBookDialect(files, root, _has_admonish(values))
    listed, left_out, found = _list(files, settings, root)
    diagnostics += found
    paths = [entry.page.path for entry in listed]
    included = dialect.included_pages(entry.page for entry in listed)
    unlisted, found = unlisted_pages(files, root, settings, (*paths, *included, *_names(left_out)))
    diagnostics += found
    left_out += ((page, "not listed") for page in unlisted)
    base = settings.base_url
    pages = [dialect.with_title(entry.page) for entry in listed]
    urls = [page_url(base, path) for path in paths]
    aliases, site_pages = _redirects(values, base, root, urls)
    entries = [
        Entry(_with_aliases(page, aliases.get(url, [])), entry.part, url, entry.title)
        for page, url, entry in zip(pages, urls, listed, strict=True)
    ]
    # mdBook also writes the first chapter as the front page, and all of them for printing.
    site_pages += (
        SitePage(posixpath.join(root, name), f"{base}/{name}")
        for name in ("index.html", "print.html", "toc.html")
    )

    def address(page: Page, line: AddressLine | None) -> tuple[str, bool]:
        return page_url(base, page.path), True

    return Plan(
        root,
        tuple(entries),
        left_out=tuple(left_out),
        site_pages=tuple(site_pages),
        asset_folders=(root,) if root else (),
        anchors=MDBOOK,
        dialect=dialect,
        address=address,
        diagnostics=tuple(diagnostics),
    )


def page_url(base: str, path: str) -> str:
    """Return where mdBook publishes the page `path`, which is relative to `src`."""
    folder, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    if stem.lower() == "readme":
        stem = "index"
    return f"{base}/{quote_path(posixpath.join(folder, stem))}.html"


def _settings_path(settings: Settings) -> str:
    return posixpath.join(folder_of(settings.layout.source), SETTINGS)


def _chapter_folder(values: dict[str, Any]) -> str:
    return folder_of(text_of(values, "book", "src") or "src")


def _find_root(files: BookFiles, settings: Settings, values: dict[str, Any]) -> str:
    folder = folder_of(settings.layout.source)
    root = folder_of(posixpath.normpath(posixpath.join(folder, _chapter_folder(values))))
    if not values and not files.exists(posixpath.join(root, SUMMARY)):
        root = folder  # the folder is what mdBook calls src
    if root.startswith("..") or not (files.folder / root).is_dir():
        raise SettingsError(f"There is no folder {files.folder / root}, where mdBook has chapters.")
    return root


def _list(
    files: BookFiles, settings: Settings, root: str
) -> tuple[list[ListedPage], list[tuple[Page, str]], list[Diagnostic]]:
    path = posixpath.join(root, SUMMARY)
    data = files.read(path)
    if data is None:
        pages, _ = unlisted_pages(files, root, settings, ())
        message = f"There is no {path}, so every Markdown file is a chapter."
        found = [report("invalid-convention-settings", path, message)]
        return [ListedPage(page, readable_name(page.path), "") for page in pages], [], found
    summary = read_summary(Source.from_bytes(path, data), part_levels=(1,))
    listed, drafts, found = list_pages(summary, files, root, settings, plain_candidates())
    for shown, place in summary.loose:
        message = f"{shown!r} is an item without a link; mdBook reads no such list."
        found.append(report("invalid-convention-settings", summary.source, message, place))
    return listed, drafts, found


def _names(pages: list[tuple[Page, str]]) -> list[str]:
    return [page.path for page, _ in pages]


def _has_admonish(values: dict[str, Any]) -> bool:
    tables = values.get("preprocessor")
    return isinstance(tables, dict) and "admonish" in tables


def _redirects(
    values: dict[str, Any], base: str, root: str, urls: list[str]
) -> tuple[dict[str, list[str]], list[SitePage]]:
    """Read `[output.html.redirect]`: old addresses of chapters, and pages that lead elsewhere."""
    aliases: dict[str, list[str]] = {}
    pages: list[SitePage] = []
    known = set(urls)
    for old, new in table_of(values, "output", "html", "redirect").items():
        if not isinstance(new, str) or "#" in old:
            continue
        old = old.strip("/")
        try:
            target = urljoin(f"{base}/{quote_path(old)}", new)
        except ValueError:
            continue
        if target.partition("#")[0] in known:
            aliases.setdefault(target.partition("#")[0], []).append(f"{base}/{quote_path(old)}")
        else:
            pages.append(SitePage(posixpath.join(root, old), target))
    return aliases, pages


def _with_aliases(page: Page, aliases: list[str]) -> Page:
    if not aliases:
        return page
    front = dataclasses.replace(page.front, aliases=(*page.front.aliases, *aliases))
    return dataclasses.replace(page, front=front)
