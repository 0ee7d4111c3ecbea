"""Quarto books: the chapters of `_quarto.yml` (https://quarto.org/docs/books/).

Order and parts are those of `book.chapters` and `book.appendices`; `a/b.qmd` is published as
`a/b.html`, the first `index` as the address itself. Notebooks are no Markdown: they are left
out and reported. Files that the list does not name are no pages of the book.
"""

from typing import Any

from bookpack.config import Settings
from bookpack.diagnostics import Diagnostic, report
from bookpack.errors import SettingsError
from bookpack.model import BookMeta
from bookpack.read.dialects.quarto import QuartoDialect
from bookpack.read.files import BookFiles
from bookpack.read.layouts.base import Entry, Page, Plan, quote_path, read_page
from bookpack.read.layouts.pandoc_anchors import PANDOC
from bookpack.read.settings_files import folder_of, read_settings, table_of, text_of
from bookpack.source import Source, Span

NAME = "quarto"
_SETTINGS = ("_quarto.yml", "_quarto.yaml")
_APPENDICES = "Appendices"
_MARKDOWN = (".qmd", ".md", ".rmd", ".markdown", ".rmarkdown")


def recognise(files: BookFiles, settings: Settings) -> str | None:
    """A `_quarto.yml` whose project is a book."""
    path = _settings_path(files)
    if not path:
        return None
    values, _ = read_settings(files, path)
    is_book = text_of(values, "project", "type") == "book"
    return f"{path} with a book" if is_book or table_of(values, "book") else None


def meta(files: BookFiles, settings: Settings) -> BookMeta:
    """Return what the table `book` says, or the site's own `title` and `author`."""
    values, _ = read_settings(files, _settings_path(files) or _SETTINGS[0])
    book = table_of(values, "book")
    return BookMeta(
        title=text_of(book, "title") or text_of(values, "title"),
        url=text_of(book, "site-url") or text_of(values, "website", "site-url"),
        authors=authors_of(book.get("author", values.get("author"))),
        language=text_of(values, "lang") or text_of(book, "lang"),
        date=_stated_date(text_of(book, "date") or text_of(values, "date")),
        summary=text_of(book, "description") or text_of(book, "abstract"),
        rights=text_of(book, "license") or text_of(values, "license"),
    )


def plan(files: BookFiles, settings: Settings) -> Plan:
    """Put the listed chapters into order. Raises `SettingsError` without a `_quarto.yml`."""
    path = _settings_path(files)
    if not path:
        raise SettingsError(f"There is no {_SETTINGS[0]} in {files.folder}.")
    values, diagnostics = read_settings(files, path)
    source = Source.from_bytes(path, files.read(path) or b"")
    book = table_of(values, "book")
    listed = [*_listed(book.get("chapters"), ""), *_listed(book.get("appendices"), _APPENDICES)]
    titles = _part_titles(files, listed)
    entries: list[Entry] = []
    left_out: list[tuple[Page, str]] = []
    seen: set[str] = set()
    for name, part in listed:
        part = titles.get(part, part)
        place = _place(source, name)
        name = folder_of(name)
        if name in seen:
            message = f"{name} is listed more than once."
            diagnostics.append(report("repeated-chapter", source, message, place))
            continue
        seen.add(name)
        if not name.lower().endswith(_MARKDOWN) and files.exists(name):
            message = f"{name} is no Markdown file, so it is left out."
            diagnostics.append(report("untranslated-markup", source, message, place))
            continue
        page = read_page(files, "", name)
        if page is None:
            message = f"{name} is listed as a chapter and does not exist."
            diagnostics.append(report("missing-chapter", source, message, place))
        elif page.front.draft and not settings.layout.drafts:
            left_out.append((page, "draft"))
            message = f"{name} is a draft and is left out."
            diagnostics.append(report("draft-chapter", page.source, message))
        else:
            entries.append(Entry(page, part, _url(settings.base_url, page)))
    dialect = QuartoDialect(
        files,
        [entry.page for entry in entries],
        PANDOC,
        variables=_variables(files, diagnostics),
        has_bibliography="bibliography" in values,
    )
    urls = {page.path: _url(settings.base_url, page) for page, _ in left_out}
    return Plan(
        "",
        tuple(entries),
        left_out=tuple(left_out),
        anchors=PANDOC,
        dialect=dialect,
        address=lambda page, line: (urls[page.path], True),
        diagnostics=tuple(diagnostics),
    )


def authors_of(value: Any) -> tuple[str, ...]:
    """Return the names in an `author` as pandoc takes it: text, a mapping, or a list of them."""
    people = value if isinstance(value, list) else [value]
    names = []
    for person in people:
        name = person if isinstance(person, str) else text_of(person, "name")
        given, family = text_of(person, "name", "given"), text_of(person, "name", "family")
        names.append(" ".join((name or f"{given} {family}").split()))
    return tuple(name for name in names if name)


def _settings_path(files: BookFiles) -> str:
    return next((name for name in _SETTINGS if files.exists(name)), "")


def _listed(chapters: Any, part: str) -> list[tuple[str, str]]:
    """Flatten a list of chapters into file and part; a part may be a file itself."""
    found: list[tuple[str, str]] = []
    for one in chapters if isinstance(chapters, list) else []:
        if isinstance(one, str):
            found.append((one, part))
            continue
        name = text_of(one, "file") or text_of(one, "href")
        if name and "://" not in name:
            found.append((name, part))
        inner = text_of(one, "part")
        if inner.lower().endswith(_MARKDOWN):
            found.append((inner, inner))
        if isinstance(one, dict):
            found += _listed(one.get("chapters"), inner or part)
    return found


def _part_titles(files: BookFiles, listed: list[tuple[str, str]]) -> dict[str, str]:
    """Return the titles of the parts that are named by a file."""
    titles = {}
    for part in {part for _, part in listed if part.lower().endswith(_MARKDOWN)}:
        page = read_page(files, "", folder_of(part))
        if page is None:
            continue
        lines = page.source.text[page.front.end :].splitlines()
        heading = next((line for line in lines if line.startswith("# ")), "")
        titles[part] = page.front.title or heading[2:].partition(" {")[0].strip() or part
    return titles


def _url(base: str, page: Page) -> str:
    values = page.front.values or {}
    stem = page.path.rpartition(".")[0]
    name = text_of(values, "output-file")
    if name:
        folder = stem.rpartition("/")[0]
        stem = folder_of(f"{folder}/{name.removesuffix('.html')}")
    if stem == "index":
        return f"{base}/"
    return f"{base}/{quote_path(stem)}.html"


def _stated_date(date: str) -> str:
    # A build must not depend on the day it runs.
    return "" if date in ("today", "now", "last-modified") else date


def _variables(files: BookFiles, diagnostics: list[Diagnostic]) -> dict[str, Any]:
    values, found = read_settings(files, "_variables.yml")
    diagnostics += found
    return values


def _place(source: Source, name: str) -> Span | None:
    start = source.text.find(name)
    return Span(start, start + len(name)) if start >= 0 else None
