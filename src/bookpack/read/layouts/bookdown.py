"""bookdown: `_bookdown.yml` and R Markdown chapters (https://bookdown.org/yihui/bookdown/).

Order: `rmd_files`, else `index.Rmd` and then every other `.Rmd` whose name begins with no
underscore, by name. Parts are the headings `# (PART) Title`, appendices `# (APPENDIX)`.
Addresses: bookdown splits its pages at the headings of level one and calls them by their
anchor (`split_by: chapter`); `split_by: rmd` in `_output.yml` calls them by their file. A file
with several such headings is one chapter here, at the address of its first.
"""

import dataclasses
import re
from typing import Any

from bookpack.config import Settings
from bookpack.diagnostics import Diagnostic, report
from bookpack.model import BookMeta
from bookpack.read.dialects.quarto import QuartoDialect
from bookpack.read.files import BookFiles
from bookpack.read.layouts.base import Entry, Plan, quote_path, read_page
from bookpack.read.layouts.pandoc_anchors import PANDOC
from bookpack.read.layouts.quarto import authors_of
from bookpack.read.markdown import parse_markdown
from bookpack.read.order import natural_key, stem_of
from bookpack.read.settings_files import folder_of, read_settings, text_of
from bookpack.source import Source, Span

NAME = "bookdown"
_SETTINGS = ("_bookdown.yml", "_bookdown.yaml")
_PART = re.compile(
    r"^\#[ \t]+\((?:PART|APPENDIX)(?:\\?\*)?\)"
    r"[ \t]*(?P<title>[^\n{]*?)[ \t]*(?:\{[^}\n]*\})?[ \t]*$",
    re.M,
)
_FORMATS = ("bookdown::gitbook", "bookdown::bs4_book", "bookdown::html_book")


def recognise(files: BookFiles, settings: Settings) -> str | None:
    """A `_bookdown.yml`, or an `index.Rmd` that says its site is one of bookdown's."""
    for name in _SETTINGS:
        if files.exists(name):
            return name
    index = read_page(files, "", "index.Rmd")
    values = index.front.values if index else None
    if "bookdown" in text_of(values or {}, "site"):
        return "index.Rmd with a site of bookdown"
    return None


def meta(files: BookFiles, settings: Settings) -> BookMeta:
    """Return what the front matter of the first chapter says; it is the book's."""
    values = _index_values(files)
    date = text_of(values, "date")
    return BookMeta(
        title=text_of(values, "title"),
        url=text_of(values, "url"),
        authors=authors_of(values.get("author")),
        language=text_of(values, "lang"),
        date="" if "`" in date else date,
        summary=text_of(values, "description"),
    )


def plan(files: BookFiles, settings: Settings) -> Plan:
    """Put the chapters into order and give them the addresses of their first headings."""
    config = next((name for name in _SETTINGS if files.exists(name)), _SETTINGS[0])
    values, diagnostics = read_settings(files, config)
    source = Source.from_bytes(config, files.read(config) or b"")
    split_by = _split_by(files, diagnostics)
    title = settings.book.title
    entries: list[Entry] = []
    part = ""
    used: set[str] = set()
    for name in _chapter_files(files, values):
        page = read_page(files, "", name)
        if page is None:
            message = f"{name} is listed as a chapter and does not exist."
            place = source.text.find(name)
            span = Span(place, place + len(name)) if place >= 0 else None
            diagnostics.append(report("missing-chapter", source, message, span))
            continue
        if name in used:
            message = f"{name} is listed more than once."
            diagnostics.append(report("repeated-chapter", source, message))
            continue
        used.add(name)
        structure = parse_markdown(page.source.text, start=page.front.end, anchors=PANDOC)
        first = next((h for h in structure.headings if h.level == 1 and not _is_part(h.text)), None)
        marks = list(_PART.finditer(page.source.text, page.front.end))
        before = [m for m in marks if first is None or m.start() <= first.span.start]
        if before:
            part = before[-1]["title"] or "Appendix"
        if entries:
            named = first.anchor if first is not None and split_by.startswith("chapter") else ""
            if split_by.startswith("section") and first is not None:
                named = first.anchor
            url = f"{settings.base_url}/{quote_path(named or stem_of(page.path))}.html"
        else:
            url = f"{settings.base_url}/"
        if not entries and first is not None:
            # The title in the front matter of the first file is the book's.
            page = dataclasses.replace(page, front=dataclasses.replace(page.front, title=None))
        entries.append(Entry(page, part, url, title if not entries else ""))
        later = [m for m in marks if m not in before]
        if later:
            part = later[-1]["title"] or "Appendix"
    dialect = QuartoDialect(
        files,
        [entry.page for entry in entries],
        PANDOC,
        is_bookdown=True,
        has_bibliography="bibliography" in _index_values(files),
    )
    return Plan(
        "",
        tuple(entries),
        anchors=PANDOC,
        dialect=dialect,
        diagnostics=tuple(diagnostics),
    )


def _index_values(files: BookFiles) -> dict[str, Any]:
    for name in ("index.Rmd", "index.rmd", "index.md"):
        page = read_page(files, "", name) if files.exists(name) else None
        if page is not None:
            return dict(page.front.values or {})
    return {}


def _chapter_files(files: BookFiles, values: dict[str, Any]) -> list[str]:
    listed = values.get("rmd_files")
    if isinstance(listed, dict):
        listed = listed.get("html") or next(iter(listed.values()), None)
    if isinstance(listed, str):
        listed = [listed]
    if isinstance(listed, list):
        return [folder_of(name) for name in listed if isinstance(name, str)]
    suffixes = (".rmd", ".md") if text_of(values, "include_md") == "true" else (".rmd",)
    names = _rmd_names(files, "", suffixes)
    below = values.get("rmd_subdir")
    if below == "true":
        folders = [name for name in files.list_folder("") if "." not in name]
    else:
        folders = (
            [name for name in below if isinstance(name, str)] if isinstance(below, list) else []
        )
    for folder in folders:
        names += [f"{folder}/{name}" for name in _rmd_names(files, folder, suffixes)]
    names.sort(key=natural_key)
    indexes = [name for name in names if stem_of(name) == "index" and "/" not in name]
    return [*indexes, *(name for name in names if name not in indexes)]


def _rmd_names(files: BookFiles, folder: str, suffixes: tuple[str, ...]) -> list[str]:
    names = files.list_folder(folder)
    return [n for n in names if n.lower().endswith(suffixes) and not n.startswith("_")]


def _split_by(files: BookFiles, diagnostics: list[Diagnostic]) -> str:
    values, found = read_settings(files, "_output.yml")
    diagnostics += found
    stated = (text_of(values, name, "split_by") for name in _FORMATS)
    return next((value for value in stated if value), "chapter")


def _is_part(title: str) -> bool:
    return title.startswith(("(PART", "(APPENDIX"))
