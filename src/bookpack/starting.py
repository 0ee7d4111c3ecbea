"""`bookpack init`: the few settings a book cannot do without, with comments."""

import os
import re
import tomllib
from pathlib import Path
from string import Template

from bookpack.config import SETTINGS_FILE, Settings, load_settings
from bookpack.editions.unpack import toml_string
from bookpack.errors import SettingsError, WorldError
from bookpack.read.book import PlannedBook, plan_book, read_book
from bookpack.read.files import BookFiles
from bookpack.read.layouts.registry import choose_layout

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
# Which address a chapter gets that states none.
# url-style = "{base}/{slug}/"
# Reading order; without it: front matter weight, then natural order of names.
# chapters = ["1-introduction.md", "2-first-steps.md"]"""
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
        planned = plan_book(settings, files)
        text = _SETTINGS.substitute(_known_and_unknown(planned, files, settings, url))
        file.write_text(_with_overrides(text, overrides), "utf-8")
        written.append(file)
    except OSError as error:
        raise WorldError(f"Cannot write to {folder}: {error.strerror or error}.") from None
    book, _ = read_book(planned, files)
    return written, [(chapter.path, chapter.url) for chapter in book.chapters]


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
    where = f"# The book is read as {layout.NAME}: {reason}.\n"
    if layout.NAME == "native":
        where += f"source = {toml_string(planned.plan.root or '.')}\n{_NATIVE_CHOICES}"
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
