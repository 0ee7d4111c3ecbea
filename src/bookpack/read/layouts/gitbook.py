"""GitBook and its open tools (HonKit, the old `gitbook` command): `SUMMARY.md` as the order.

Two flavours with addresses of their own:

- *Git Sync* (`.gitbook.yaml`, https://gitbook.com/docs/getting-started/git-sync): `a/b.md` is
  published as `a/b`, and `README.md` as its folder. GitBook's documentation says that a page's
  slug can be set by hand and does not say how Git Sync makes one; in GitBook's own repositories
  groups and nesting lie in folders of the same names, so the path of the file is the path of
  the page, and that is what is taken here. A page whose slug was changed by hand can say so
  with `url` in its front matter.
- *HonKit* (`book.json`, https://honkit.netlify.app/config): `a/b.md` is published as
  `a/b.html`, and `README.md` as `index.html` of its folder.

Headings of `SUMMARY.md` are groups or parts; a horizontal rule ends one. The readme is the
first page even where it is not listed. Anchors are GitHub's.
"""

import dataclasses
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bookpack.config import Settings
from bookpack.diagnostics import Diagnostic, report
from bookpack.errors import SettingsError
from bookpack.model import AddressLine, BookMeta
from bookpack.read.files import BookFiles
from bookpack.read.layouts.base import (
    Entry,
    Page,
    Plan,
    SitePage,
    absolute_address,
    quote_path,
    read_page,
    read_pages,
)
from bookpack.read.layouts.summary import (
    SUMMARY,
    ListedPage,
    list_pages,
    plain_candidates,
    read_summary,
    unlisted_pages,
)
from bookpack.read.order import is_index, readable_name
from bookpack.read.settings_files import folder_of, read_settings, table_of, text_of
from bookpack.source import Source

NAME = "gitbook"
_SYNC = ".gitbook.yaml"
_BOOK = "book.json"
_SCRIPT = "book.js"
_PACKAGE = "package.json"
_HINTS = frozenset(
    {"gitbook", "honkit", "plugins", "pluginsConfig", "structure", "root", "variables", "styles"}
)
_TOOLS = frozenset({"honkit", "gitbook-cli", "gitbook"})
_SCRIPT_ROOT = re.compile(r"[\"']?\broot[\"']?\s*:\s*[\"']([^\"']+)[\"']")
_TITLE = re.compile(r"^#[ \t]+(\S.*)$", re.M)
_PART_LEVELS = (1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class _Tool:
    """What the settings of either flavour say, in one form. Paths are relative to the book."""

    root: str = ""
    readme: str = "README.md"
    summary: str = SUMMARY
    glossary: str = "GLOSSARY.md"
    sync: bool = True
    redirects: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()


def recognise(files: BookFiles, settings: Settings) -> str | None:
    """A settings file of one of the tools, or what GitBook leaves in a folder it writes."""
    if files.exists("book.toml"):
        return None  # mdBook's
    if files.exists(_SYNC):
        return _SYNC
    book, _ = read_settings(files, _BOOK)
    if _HINTS.intersection(book) or (book and files.exists(SUMMARY)):
        return _BOOK
    package, _ = read_settings(files, _PACKAGE)
    for table in ("dependencies", "devDependencies"):
        for tool in _TOOLS.intersection(table_of(package, table)):
            return f"{_PACKAGE} asks for {tool}"
    if files.exists(SUMMARY):
        if files.exists(_SCRIPT):
            return _SCRIPT
        if files.exists(".gitbook"):
            return "the folder .gitbook"
        text = files.read_text(SUMMARY) or ""
        if re.match(r"\s*# Table of contents\s*$", text, re.M):
            return f"{SUMMARY} as GitBook writes it"
    return None


def meta(files: BookFiles, settings: Settings) -> BookMeta:
    """Return title, author, language and description of `book.json`; Git Sync has none.

    HonKit takes the first heading of the readme for the title where none is set.
    """
    book, _ = read_settings(files, posixpath.join(folder_of(settings.layout.source), _BOOK))
    authors = book.get("author", book.get("authors"))
    listed = authors if isinstance(authors, list) else [authors]
    title = text_of(book, "title")
    if not title:
        tool = _read_tool(files, settings)
        found = None if tool.sync else _TITLE.search(files.read_text(tool.readme) or "")
        title = found[1].strip(" #\t") if found else ""
    return BookMeta(
        title=title,
        authors=tuple(author for author in listed if isinstance(author, str) and author),
        language=text_of(book, "language"),
        summary=text_of(book, "description"),
    )


def plan(files: BookFiles, settings: Settings) -> Plan:
    """Put the pages of `SUMMARY.md` into its order. Raises `SettingsError`."""
    # A dialect is imported when a book needs it: most books need none.
    from bookpack.read.dialects.gitbook import GitBookDialect

    tool = _read_tool(files, settings)
    if not (files.folder / tool.root).is_dir():
        raise SettingsError(f"There is no folder {files.folder / tool.root}, which root names.")
    diagnostics = list(tool.diagnostics)
    listed, left_out, found = _list(files, settings, tool)
    diagnostics += found
    base = settings.base_url
    hidden = [listed_page.page for listed_page in listed if _is_hidden(listed_page.page)]
    pages = [_with_redirects(entry, tool) for entry in listed if entry.page not in hidden]
    entries = [
        Entry(entry.page, entry.part, _address(base, entry.page, tool), entry.title)
        for entry in pages
    ]
    titles = {entry.page.path: entry.page.front.title or entry.title for entry in pages}
    dialect = GitBookDialect(files, tool.root, titles, tool.variables, sync=tool.sync)
    own = [posixpath.relpath(tool.summary, tool.root or ".")]
    own += (name for name in (tool.glossary, "LANGS.md") if name)
    own += dialect.included_pages(entry.page for entry in listed)
    known = [*own, *(entry.page.path for entry in listed), *(page.path for page, _ in left_out)]
    unlisted, found = unlisted_pages(files, tool.root, settings, known)
    if files.exists(tool.summary):
        visible = [page for page in unlisted if not _is_hidden(page)]
        reported = {page.source.path for page in visible}
        diagnostics += (finding for finding in found if finding.path in reported)
        left_out += ((page, "not listed") for page in visible)
        hidden += (page for page in unlisted if _is_hidden(page))

    def address(page: Page, line: AddressLine | None) -> tuple[str, bool]:
        return _address(base, page, tool), True

    return Plan(
        tool.root,
        tuple(entries),
        left_out=tuple(left_out),
        site_pages=tuple(_site_pages(files, base, hidden, tool)),
        asset_folders=(tool.root,) if tool.root else (),
        dialect=dialect,
        address=address,
        diagnostics=tuple(diagnostics),
    )


def sync_url(base: str, path: str) -> str:
    """Return where GitBook publishes the page `path`, which is relative to the root."""
    folder, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    inside = folder if stem.lower() == "readme" else posixpath.join(folder, stem)
    return f"{base}/{quote_path(inside)}"


def honkit_url(base: str, path: str, readme: str = "README.md") -> str:
    """Return where HonKit publishes the page `path`; `readme` is what the settings call it."""
    folder, _, name = path.rpartition("/")
    if name.rpartition(".")[0].lower() == "readme" or path == readme:
        return f"{base}/{quote_path(posixpath.join(folder, 'index.html'))}"
    return f"{base}/{quote_path(path.rpartition('.')[0])}.html"


def _address(base: str, page: Page, tool: _Tool) -> str:
    if page.front.url is not None:
        return absolute_address(base, page.front.url)
    if tool.sync and page.path == _below(tool.root, tool.readme):
        return f"{base}/"
    if tool.sync:
        return sync_url(base, page.path)
    return honkit_url(base, page.path, _below(tool.root, tool.readme))


def _read_tool(files: BookFiles, settings: Settings) -> _Tool:
    folder = folder_of(settings.layout.source)
    sync = posixpath.join(folder, _SYNC)
    book_path = posixpath.join(folder, _BOOK)
    values, found = read_settings(files, sync)
    is_sync = files.exists(sync)
    if not is_sync:
        values, found = read_settings(files, book_path)
        package, _ = read_settings(files, posixpath.join(folder, _PACKAGE))
        asked = {**table_of(package, "dependencies"), **table_of(package, "devDependencies")}
        script = files.read_text(posixpath.join(folder, _SCRIPT))
        stated = _SCRIPT_ROOT.search(script) if script and not values else None
        values = {"root": stated[1]} if stated else values
        # A folder without any settings file is one that GitBook itself syncs.
        is_sync = not (values or found or script is not None or _TOOLS.intersection(asked))
    root = folder_of(posixpath.normpath(posixpath.join(folder, folder_of(text_of(values, "root")))))
    if root.startswith(".."):
        message = f"The root {text_of(values, 'root')} lies outside the book's folder."
        found = [*found, report("file-outside-book", sync if is_sync else book_path, message)]
        root = folder

    def inside(key: str, usual: str) -> str:
        name = folder_of(text_of(values, "structure", key)) or usual
        return posixpath.normpath(posixpath.join(root, name))

    return _Tool(
        root,
        inside("readme", "README.md"),
        inside("summary", SUMMARY),
        "" if is_sync else folder_of(text_of(values, "structure", "glossary")) or "GLOSSARY.md",
        is_sync,
        table_of(values, "redirects") if is_sync else {},
        table_of(values, "variables") if not is_sync else {},
        tuple(found),
    )


def _list(
    files: BookFiles, settings: Settings, tool: _Tool
) -> tuple[list[ListedPage], list[tuple[Page, str]], list[Diagnostic]]:
    data = files.read(tool.summary)
    readme = _below(tool.root, tool.readme)
    if data is None:
        # GitBook then infers the order from folders and names.
        pages = read_pages(files, tool.root, settings.layout.exclude)
        pages.sort(key=lambda page: page.path != readme)
        return [ListedPage(page, "", _folder_part(page.path)) for page in pages], [], []
    source = Source.from_bytes(tool.summary, data)
    summary = read_summary(source, _PART_LEVELS, rules_end_parts=True)
    beside = plain_candidates(
        posixpath.relpath(posixpath.dirname(tool.summary) or ".", tool.root or ".")
    )
    below = plain_candidates()

    def candidates(target: str) -> Iterable[str]:
        for path in (*beside(target), *below(target.lstrip("/"))):
            if path.lower().endswith((".md", ".markdown")):
                yield path
            else:
                yield from (f"{path.rstrip('/')}/README.md", f"{path.rstrip('/')}.md")

    listed, drafts, found = list_pages(
        summary, files, tool.root, settings, candidates, may_be_foreign=True
    )
    named = {entry.page.path for entry in listed} | {page.path for page, _ in drafts}
    if readme not in named and files.exists(tool.readme):
        page = read_page(files, tool.root, readme)
        if page is not None:
            listed.insert(0, ListedPage(page, "", ""))
    return listed, drafts, found


def _folder_part(path: str) -> str:
    folder = path.partition("/")[0] if "/" in path else ""
    return readable_name(folder) if folder and not is_index(folder) else ""


def _below(root: str, path: str) -> str:
    return path.removeprefix(f"{root}/") if root else path


def _is_hidden(page: Page) -> bool:
    return str((page.front.values or {}).get("hidden", "")).lower() == "true"


def _with_redirects(entry: ListedPage, tool: _Tool) -> ListedPage:
    """Give a page the old addresses that `redirects` lead to it as aliases."""
    page = entry.page
    stem = page.path.rpartition(".")[0]
    names = {page.path, stem, posixpath.dirname(page.path) if is_index(page.path) else stem}
    old = [
        address
        for address, target in tool.redirects.items()
        if isinstance(target, str) and folder_of(target.partition("#")[0]) in names
    ]
    if not old:
        return entry
    front = dataclasses.replace(page.front, aliases=(*page.front.aliases, *old))
    return entry._replace(page=dataclasses.replace(page, front=front))


def _site_pages(
    files: BookFiles, base: str, hidden: Iterable[Page], tool: _Tool
) -> Iterable[SitePage]:
    for page in hidden:
        yield SitePage(page.source.path, _address(base, page, tool), "hidden")
    glossary = posixpath.join(tool.root, tool.glossary)
    if tool.glossary and files.exists(glossary):
        yield SitePage(glossary, honkit_url(base, tool.glossary))
