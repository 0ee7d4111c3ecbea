"""Jekyll: `_config.yml`, collections, pages and posts (https://jekyllrb.com/docs/).

The book is the published collection with the most chapters; without one it is the pages, then
the posts as they were dated. Collections that Just the Docs is told to show are parts in its
order. Translations lie in folders named like languages, and each is a book of its own: the
one in the book's language is built, and pages of the others are pages of the site.
"""

import dataclasses
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from html import unescape
from urllib.parse import urlsplit

from bookpack.config import Settings
from bookpack.diagnostics import Diagnostic, report
from bookpack.errors import SettingsError
from bookpack.model import AddressLine, BookMeta
from bookpack.read.dialects.jekyll import JekyllDialect
from bookpack.read.files import MARKDOWN_SUFFIXES, BookFiles
from bookpack.read.front_matter import FrontMatter
from bookpack.read.layouts.base import Entry, Page, Plan, SitePage, quote_path, read_page
from bookpack.read.layouts.jekyll_anchors import anchor_rule
from bookpack.read.layouts.jekyll_order import (
    Order,
    Placed,
    by_date,
    by_list,
    by_number,
    by_parents,
    number_field,
)
from bookpack.read.layouts.jekyll_site import (
    DRAFTS,
    PAGES,
    POSTS,
    Document,
    JekyllSite,
    find_config,
)
from bookpack.read.layouts.languages import find_language, translations
from bookpack.read.order import stem_of
from bookpack.read.settings_files import folder_of, read_settings, table_of, text_of
from bookpack.source import Source

NAME = "jekyll"
# Keys of other tools whose settings have the same name: Jupyter Book and Hexo.
_OTHER_TOOLS = frozenset({"execute", "parse", "only_build_toc_files", "source_dir", "public_dir"})
_KEYS = frozenset(
    {"baseurl", "collections", "collections_dir", "defaults", "exclude", "gems", "kramdown"}
    | {"markdown", "permalink", "plugins", "remote_theme", "theme"}
)
_FOLDERS = ("_posts", "_articles", "_layouts", "_includes", "_drafts")
_LANGUAGE_FIELDS = ("lang", "language", "locale")
_LOCAL = ("localhost", "127.0.0.1", "0.0.0.0")


def recognise(files: BookFiles, settings: Settings) -> str | None:
    """A `_config.yml` with anything of Jekyll's in it or beside it."""
    config = find_config(files)
    if not config:
        return None
    folder = config.rpartition("/")[0]
    beside = [folder_of(f"{folder}/{name}") for name in ("_toc.yml", "_toc.yaml")]
    values, _ = read_settings(files, config)
    if any(files.exists(path) for path in beside) or _OTHER_TOOLS & values.keys():
        return None
    known = sorted(_KEYS & values.keys())
    if known:
        return f"{config} with {known[0]}"
    for name in _FOLDERS:
        if files.exists(folder_of(f"{folder}/{name}")):
            return f"{config} and {name}"
    gems = files.read_text("Gemfile") or files.read_text(folder_of(f"{folder}/Gemfile")) or ""
    if "jekyll" in gems or "github-pages" in gems:
        return f"{config} and a Gemfile with Jekyll"
    for name in ("index.md", "index.markdown", "index.html"):
        text = files.read_text(folder_of(f"{folder}/{name}")) or ""
        if re.match(r"---[ \t]*\r?\n", text):
            return f"{config} and {name} with front matter"
    return None


def meta(files: BookFiles, settings: Settings) -> BookMeta:
    """Return what `_config.yml` says, with the address of a file `CNAME` where it says none."""
    site = JekyllSite(files, find_config(files) or "_config.yml")
    values = site.values
    host = text_of(values, "url")
    if not _is_public(host):
        lines = (files.read_text(folder_of(f"{site.folder}/CNAME")) or "").split()
        host = f"https://{lines[0]}" if lines else ""
    baseurl = text_of(values, "baseurl").strip("/")
    language = next((t for f in _LANGUAGE_FIELDS if (t := text_of(values, f))), "")
    if not language and not settings.book.language:
        language = _commonest_language(site)
    return BookMeta(
        title=text_of(values, "title") or text_of(values, "name"),
        url="/".join(part for part in (host.rstrip("/"), baseurl) if part) if host else "",
        authors=_authors(values.get("author")),
        language=language.replace("_", "-"),
        summary=text_of(values, "description"),
    )


def plan(files: BookFiles, settings: Settings) -> Plan:
    """Put the site's chapters into order. Raises `SettingsError` where there is no site."""
    config = find_config(files)
    if not config:
        raise SettingsError(
            f"There is no _config.yml in {files.folder}, so this is no Jekyll site."
        )
    site = JekyllSite(files, config)
    documents = site.documents()
    choice = _choose(site, documents, settings)
    order = _arrange(site, choice, settings)
    base = settings.base_url
    urls = {document.path: base + quote_path(document.address) for document in documents}
    prefix = f"{choice.root}/" if choice.root else ""
    entries, left_out = [], []
    diagnostics: list[Diagnostic] = [*site.diagnostics, *order.diagnostics]
    for placed in order.placed:
        document = placed.document
        page = read_page(files, choice.root, document.path.removeprefix(prefix))
        if page is None:
            continue
        page = dataclasses.replace(page, front=_front_of(page, document))
        if not document.has_front_matter and document.kind not in (PAGES, DRAFTS):
            message = f"{document.path} has no front matter, so Jekyll makes no page of it."
            diagnostics.append(report("unlisted-chapter", page.source, message))
            left_out.append((page, "not listed"))
        elif not document.is_published and not settings.layout.drafts:
            message = f"{page.path} is a draft and is left out."
            diagnostics.append(report("draft-chapter", page.source, message))
            left_out.append((page, "draft"))
        else:
            title = document.text("title")
            entries.append(Entry(page, placed.part, urls[document.path], title, placed.number))
    inside = {placed.document.path for placed in order.placed}
    by_page = {path.removeprefix(prefix): url for path, url in urls.items()}

    def address(page: Page, line: AddressLine | None) -> tuple[str, bool]:
        return by_page[page.path], True

    others = [document for document in documents if document.path not in inside]
    dialect = JekyllDialect(
        files,
        folder=site.folder,
        config=site.values,
        base=base,
        urls=urls,
        data={document.path: document.data for document in documents},
    )
    return Plan(
        choice.root,
        tuple(entries),
        left_out=tuple(left_out),
        site_pages=tuple(_site_pages(site, others, urls, base, choice)),
        asset_folders=(site.folder,) if site.folder else (),
        asset_addresses={
            site.collection_folder(label): f"{base}/{label}"
            for label, options in site.collections.items()
            if not text_of(options, "permalink") and text_of(options, "output").lower() == "true"
        },
        anchors=anchor_rule(site.values),
        dialect=dialect,
        address=address,
        diagnostics=tuple(diagnostics),
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Choice:
    """Which documents are the book. `kinds` are kinds with the titles of their parts."""

    root: str
    kinds: tuple[tuple[str, str], ...]
    documents: tuple[Document, ...]
    translated: dict[str, str]
    """Documents of the other languages → the language."""


def _choose(site: JekyllSite, documents: Sequence[Document], settings: Settings) -> _Choice:
    markdown = [d for d in documents if d.path.lower().endswith(MARKDOWN_SUFFIXES)]
    kinds = _choose_kinds(site, markdown)
    alone = kinds[0][0] if len(kinds) == 1 and kinds[0][0] not in (PAGES, POSTS) else ""
    root = site.collection_folder(alone) if alone else site.folder
    wanted = {kind for kind, _ in kinds}
    if POSTS in wanted:
        wanted.add(DRAFTS)
    chosen = [d for d in markdown if d.kind in wanted and _is_chapter(d)]
    by_language = _translations(chosen, root)
    language = find_language(settings.book.language, by_language)
    outside = {d.path for d in chosen} - {p for paths in by_language.values() for p in paths}
    if language is None and not outside and by_language:
        language = max(by_language, key=lambda tag: len(by_language[tag]))
    kept = set(by_language[language]) if language is not None else outside
    if language is not None:
        root = f"{root}/{language}" if root else language
    prefix = f"{root}/" if root else ""
    excluded = settings.layout.exclude
    book = tuple(
        d
        for d in chosen
        if d.path in kept and not _is_excluded(d.path.removeprefix(prefix), excluded)
    )
    others = {p: tag for tag, paths in by_language.items() if tag != language for p in paths}
    return _Choice(root, kinds, book, others)


def _choose_kinds(site: JekyllSite, markdown: Sequence[Document]) -> tuple[tuple[str, str], ...]:
    shown = table_of(site.values, "just_the_docs", "collections")
    if shown:
        labels = [label for label in shown if text_of(shown, label, "nav_exclude") != "true"]
        kinds = [(label, text_of(shown, label, "name") or label.capitalize()) for label in labels]
        pages = [d for d in markdown if d.kind == PAGES and number_field([d])]
        return ((PAGES, ""), *kinds) if pages else tuple(kinds)
    sizes = {
        label: sum(d.kind == label for d in markdown)
        for label, options in site.collections.items()
        if label != POSTS and text_of(options, "output").lower() == "true"
    }
    largest = max(sizes, key=lambda label: sizes[label], default="")
    numbered = sum(d.kind == PAGES and bool(number_field([d])) for d in markdown)
    if largest and sizes[largest] and sizes[largest] >= numbered:
        return ((largest, ""),)
    has_pages = any(d.kind == PAGES and _is_chapter(d) for d in markdown)
    return ((PAGES, ""), (POSTS, "Posts" if has_pages else ""))


def _is_chapter(document: Document) -> bool:
    """Tell whether a page is more than a layout, a redirection or an error message."""
    if document.data.get("redirect_to"):
        return False
    if document.kind != PAGES:
        return True
    if document.text("nav_exclude").lower() == "true" or stem_of(document.path) in ("404", "50x"):
        return False
    return document.has_text or not document.text("layout")


def _arrange(site: JekyllSite, choice: _Choice, settings: Settings) -> Order:
    placed: list[Placed] = []
    diagnostics: list[Diagnostic] = []
    for kind, part in choice.kinds:
        documents = [d for d in choice.documents if d.kind == kind]
        if kind == POSTS:
            drafts = [d for d in choice.documents if d.kind == DRAFTS]
            order = by_date([*documents, *drafts], part)
        else:
            order = _arrange_kind(site, kind, documents, choice.root)
        placed += (
            dataclasses.replace(one, part=part or one.part) if part else one for one in order.placed
        )
        diagnostics += order.diagnostics
    return Order(tuple(placed), tuple(diagnostics))


def _arrange_kind(site: JekyllSite, kind: str, documents: Sequence[Document], root: str) -> Order:
    options = site.collections.get(kind, {})
    listed = options.get("order")
    if isinstance(listed, list):
        source = Source.from_bytes(site.config, site.files.read(site.config) or b"")
        names = [name for name in listed if isinstance(name, str)]
        return by_list(documents, names, site.collection_folder(kind), source)
    sort_by = text_of(options, "sort_by")
    field = number_field(documents, sort_by)
    if any(document.text("parent") for document in documents):
        return by_parents(documents, root, field, site.files)
    return by_number(documents, root, field, site.files)


def _translations(documents: Iterable[Document], root: str) -> dict[str, list[str]]:
    prefix = f"{root}/" if root else ""
    stated = {
        d.path.removeprefix(prefix): next((t for f in _LANGUAGE_FIELDS if (t := d.text(f))), "")
        for d in documents
    }
    found = translations(stated)
    return {tag: [prefix + path for path in paths] for tag, paths in found.items()}


def _commonest_language(site: JekyllSite) -> str:
    markdown = [d for d in site.documents() if d.path.lower().endswith(MARKDOWN_SUFFIXES)]
    kinds = dict(_choose_kinds(site, markdown))
    counts: dict[str, int] = {}
    for document in markdown:
        names = document.path.split("/")
        if document.kind in kinds and document.text("lang") and document.text("lang") not in names:
            counts[document.text("lang")] = counts.get(document.text("lang"), 0) + 1
    return max(sorted(counts), key=lambda tag: counts[tag], default="")


def _site_pages(
    site: JekyllSite,
    others: Iterable[Document],
    urls: dict[str, str],
    base: str,
    choice: _Choice,
) -> Iterable[SitePage]:
    for document in others:
        if not document.is_published or (not document.has_front_matter and document.kind != PAGES):
            continue
        options = site.collections.get(document.kind, {"output": "true"})
        if text_of(options, "output").lower() != "true":
            continue
        language = choice.translated.get(document.path)
        reason = f"in another language ({language})" if language else ""
        yield SitePage(document.path, urls[document.path], reason)
        for alias in document.redirects:
            yield SitePage(f"{document.path}?{alias}", base + quote_path(f"/{alias.lstrip('/')}"))
    for path in site.static:
        inside = path.removeprefix(f"{site.folder}/") if site.folder else path
        yield SitePage(path, f"{base}/{quote_path(inside.removesuffix('index.html'))}")
    for plugin, name in (("jekyll-feed", "feed.xml"), ("jekyll-sitemap", "sitemap.xml")):
        if plugin in site.plugins:
            yield SitePage(folder_of(f"{site.folder}/{name}"), f"{base}/{name}")


def _front_of(page: Page, document: Document) -> FrontMatter:
    front = page.front
    # Layouts write the title into HTML as it is, so `&oacute;` is a letter there.
    title = unescape(front.title or document.text("title"))
    return dataclasses.replace(
        front,
        title=title or None,
        aliases=(*front.aliases, *document.redirects),
    )


def _is_excluded(path: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(path, glob) for glob in globs)


def _is_public(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and (parts.hostname or "") not in ("", *_LOCAL)


def _authors(value: object) -> tuple[str, ...]:
    people = value if isinstance(value, list) else [value]
    names = (text_of({"it": one}, "it") or text_of(one, "name") for one in people)
    return tuple(name for name in names if name)
