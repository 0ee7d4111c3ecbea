"""`bookpack init`: the few settings a book cannot do without, with comments."""

import os
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from string import Template

from bookpack.config import SETTINGS_FILE, Settings, load_settings
from bookpack.config.tables import LayoutTable
from bookpack.editions.unpack import toml_string
from bookpack.errors import SettingsError, WorldError
from bookpack.read.book import PlannedBook, plan_book, read_book
from bookpack.read.files import BookFiles
from bookpack.read.layouts import native
from bookpack.read.layouts.base import read_page
from bookpack.read.layouts.registry import choose_layout
from bookpack.read.order import is_index

_SETTINGS = Template("""\
# Settings of this book. Everything but title and url may be left out.

[book]
$title
$url
# authors = ["…"]
# language = "en"
# edition = "1"
# date = "2026-01-31"
# rights = "What a reader and a model may do with the text."

[layout]
$layout

[lint]
# fail-on = "error"   # or "warning", "info", "never"
# ignore = ["BP401"]

[pack]
# style = "markdown"  # or "xml", "plain", "json"

[site]
# color = "#0b5cad"   # of icon and cards; all other looks: the folder theme
# print = true        # a page of the whole book
# A button on the cover; there may be several.
# [[site.action]]
# label = "Buy the printed book"
# url = "https://example.com/shop"
""")
_NATIVE_CHOICES = """\
# Reading order; without it: front matter weight, then natural order of names.
# chapters = ["1-introduction.md", "2-first-steps.md"]"""
_USUAL_STYLE = """\
# Which address a chapter gets that states none.
# url-style = "{base}/{slug}/\""""
_BY_PATH = "{base}/{path}/"
_STYLE_BY_PATH = f"""\
# Which address a chapter gets that states none: several files share a name.
url-style = "{_BY_PATH}\""""
_AMBIGUOUS_SLUG = "BP211"
_FIRST_CHAPTER = "# Introduction\n\nThe first chapter of a new book.\n"
_PLACEHOLDER_URL = "https://example.com"


def start_book(
    folder: Path, url: str | None, overrides: tuple[str, ...]
) -> tuple[list[Path], list[tuple[str, str]]]:
    """Write `bookpack.toml`, and a first chapter where there is no Markdown at all.

    Returns the files written, and path and address of each chapter in reading order. Never
    overwrites: raises `SettingsError` when the book has settings already.
    """
    file = folder / SETTINGS_FILE
    if os.path.lexists(file):
        raise SettingsError(f"{file} exists already; edit it, or remove it first.")
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"The book's folder {folder} is a file, not a folder.")
    settings = load_settings(folder, url=url, overrides=overrides)
    written: list[Path] = []
    try:
        files = BookFiles(folder, folder / "build", settings.images.descriptions)
        if not folder.exists() or not files.find_markdown():
            first = folder / "chapters" / "1-introduction.md"
            first.parent.mkdir(parents=True, exist_ok=True)
            first.write_text(_FIRST_CHAPTER, "utf-8")
            written.append(first)
        files = BookFiles(folder, folder / "build", settings.images.descriptions)
        known = choose_layout(files, settings)[0].meta(files, settings).url or settings.book.url
        if not known:
            settings = load_settings(folder, url=_PLACEHOLDER_URL, overrides=overrides)
        settings = _settled(settings, files)
        planned = plan_book(settings, files)
        text = _SETTINGS.substitute(_known_and_unknown(planned, files, settings, url))
        file.write_text(_with_overrides(text, overrides), "utf-8")
        written.append(file)
    except OSError as error:
        raise WorldError(f"Cannot write to {folder}: {error.strerror or error}.") from None
    book, _ = read_book(planned, files)
    return written, [(chapter.path, chapter.url) for chapter in book.chapters]


def _settled(settings: Settings, files: BookFiles) -> Settings:
    """Settle what a plain folder of chapters shows and its author has not said.

    The chapter folder, where everything lies below one; addresses by path, where names would
    collide; the title, as the first page says it.
    """
    if choose_layout(files, settings)[0].NAME != native.NAME:
        return settings
    layout = settings.layout
    root = native.chapter_folder(files, settings)
    if not root:
        folders = {path.partition("/")[0] if "/" in path else "" for path in files.find_markdown()}
        root = folders.pop() if len(folders) == 1 else ""
        settings = replace(settings, layout=replace(layout, source=root))
    plan = plan_book(settings, files).plan
    collide = any(found.code == _AMBIGUOUS_SLUG for found in plan.diagnostics)
    if collide and layout.url_style == LayoutTable().url_style:
        styled = replace(settings.layout, url_style=_BY_PATH)
        settings = replace(settings, layout=styled)
    if not settings.book.title:
        pages = [entry.page for entry in plan.entries if "/" not in entry.page.path]
        if root and files.is_file("README.md"):
            readme = read_page(files, "", "README.md")
            pages += [readme] if readme is not None else []
        titles = (native.index_title(page) for page in pages if is_index(page.path))
        title = " ".join(next(filter(None, titles), "").split())
        settings = replace(settings, book=replace(settings.book, title=title))
    return settings


def _known_and_unknown(
    planned: PlannedBook, files: BookFiles, settings: Settings, url: str | None
) -> dict[str, str]:
    """Write what nobody but the author can say, and what was found out as a comment."""
    layout, reason = choose_layout(files, settings)
    found = layout.meta(files, settings)
    title = f"title = {toml_string(planned.settings.book.title)}"
    if found.title:
        title = f"# {title}  # as {layout.NAME} has it"
    if url is None and found.url:
        address = f"# url = {toml_string(found.url)}  # as {layout.NAME} has it"
    else:
        address = f"url = {toml_string(url or _PLACEHOLDER_URL)}"
        if url is None:
            address += "  # the address where the book is, or will be, published"
    if layout.NAME == native.NAME:
        reason = native.recognise(files, settings) or reason
    where = f"# The book is read as {layout.NAME}: {reason}.\n"
    if layout.NAME == native.NAME:
        where += f"source = {toml_string(planned.plan.root or '.')}\n"
        where += _STYLE_BY_PATH if settings.layout.url_style == _BY_PATH else _USUAL_STYLE
        where += f"\n{_NATIVE_CHOICES}"
    else:
        where += f"convention = {toml_string(layout.NAME)}"
    return {"title": title, "url": address, "layout": where}


def _with_overrides(text: str, overrides: tuple[str, ...]) -> str:
    """Write what `--set` says into the settings, in place of the line that says otherwise."""
    for override in overrides:
        name, _, value = override.partition("=")
        table, _, key = name.strip().partition(".")
        try:
            tomllib.loads(f"value = {value}")
        except tomllib.TOMLDecodeError:
            value = toml_string(value)
        header = f"[{table}]\n"
        if header not in text:
            text += f"\n{header}"
        before, _, rest = text.partition(header)
        inside, bracket, after = rest.partition("\n[")
        inside = re.sub(rf"(?m)^(?:# )?{re.escape(key)} = .*\n?", "", inside)
        text = f"{before}{header}{key} = {value.strip()}\n{inside}{bracket}{after}"
    return text
