"""`bookpack.toml` and the command line's overrides → typed, frozen settings.

The dataclasses are the schema: a field is a key in kebab-case, its type is checked, and an
unknown key is a `SettingsError` that names the nearest known one. Paths are relative to the
settings file.
"""

import dataclasses
import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bookpack.config.reader import Reader
from bookpack.config.tables import (
    GrammarTable,
    ImagesTable,
    LayoutTable,
    LinksTable,
    LintTable,
    ModelTable,
    PackTable,
    PartTable,
    SiteTable,
)
from bookpack.config.values import check_values, is_language_tag
from bookpack.diagnostics import Selection
from bookpack.errors import SettingsError
from bookpack.model import BookMeta

SETTINGS_FILE = "bookpack.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one run. `folder` is the book's folder, `file` the settings file or None."""

    folder: Path
    file: Path | None
    book: BookMeta = field(default_factory=BookMeta)
    layout: LayoutTable = field(default_factory=LayoutTable)
    part: tuple[PartTable, ...] = ()
    lint: LintTable = field(default_factory=LintTable)
    pack: PackTable = field(default_factory=PackTable)
    links: LinksTable = field(default_factory=LinksTable)
    images: ImagesTable = field(default_factory=ImagesTable)
    model: ModelTable = field(default_factory=ModelTable)
    site: SiteTable = field(default_factory=SiteTable)
    grammar: GrammarTable = field(default_factory=GrammarTable)

    @property
    def base_url(self) -> str:
        """The book's address without a slash at the end."""
        return self.book.url.rstrip("/")

    @property
    def selection(self) -> Selection:
        """Which rules count."""
        return Selection(
            self.lint.select, self.lint.ignore, tuple(self.lint.per_file_ignores.items())
        )

    def with_convention(self, meta: BookMeta) -> "Settings":
        """Fill what the author did not set with what the convention's own settings say.

        A missing title falls back to the folder's name. Raises `SettingsError` when nobody
        knows the book's address.
        """
        book = {
            entry.name: getattr(self.book, entry.name) or getattr(meta, entry.name)
            for entry in dataclasses.fields(BookMeta)
        }
        name = " ".join(self.folder.resolve().name.split())
        book["title"] = " ".join(book["title"].split()) or name
        # A convention's own settings may call a language what they like.
        known = is_language_tag(book["language"].replace("_", "-"))
        book["language"] = book["language"] if known else "en"
        if not book["url"]:
            raise SettingsError(
                "The book has no base URL, so its links cannot become absolute. "
                'Set it in bookpack.toml ([book] url = "https://…") or give --url https://….'
            )
        book["url"] = book["url"].rstrip("/")
        return dataclasses.replace(self, book=BookMeta(**book))

    def digest_material(self) -> str:
        """Every setting that can change an output, as stable text."""
        tables = (self.book, self.layout, self.part, self.lint, self.pack, self.images, self.site)
        return repr((self.folder.resolve().name, tables))


def load_settings(
    folder: Path,
    file: Path | None = None,
    *,
    url: str | None = None,
    overrides: Sequence[str] = (),
) -> Settings:
    """Read the settings of the book in `folder`.

    `file` names another settings file than the folder's own `bookpack.toml` (its values then
    still speak about `folder`). `overrides` are `TABLE.KEY=VALUE` with TOML values; a value
    that is not TOML is taken as a string. Raises `SettingsError`.
    """
    own = folder / SETTINGS_FILE
    # A settings file that is there and cannot be read is worse than none.
    chosen = file if file is not None else (own if os.path.lexists(own) else None)
    text, tables = _read_toml(chosen) if chosen is not None else ("", {})
    where = chosen.name if chosen is not None else "the command line"
    for override in overrides:
        _apply_override(tables, override)
    overridden = {
        name: f"--set {name}" for name in (o.partition("=")[0].strip() for o in overrides)
    }
    if url is not None:
        tables.setdefault("book", {})["url"] = url
        overridden["book.url"] = "--url"
    reader = Reader(where, text, overridden)
    schemas = {
        "book": BookMeta,
        "layout": LayoutTable,
        "lint": LintTable,
        "pack": PackTable,
        "links": LinksTable,
        "images": ImagesTable,
        "model": ModelTable,
        "site": SiteTable,
        "grammar": GrammarTable,
    }
    reader.check_keys(tables, (*schemas, "part"), "")
    part = tables.get("part", [])
    if not isinstance(part, list):
        raise reader.error("part", "must be written as [[part]] tables", "")
    read: dict[str, Any] = {
        name: reader.table(schema, tables.get(name, {}), name) for name, schema in schemas.items()
    }
    parts = tuple(reader.table(PartTable, entry, "part") for entry in part)
    settings = Settings(folder=folder, file=chosen, part=parts, **read)
    check_values(settings, reader)
    return settings


def _read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(f"There is no settings file {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"Cannot read the settings file {path}: {error}.") from None
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path.name} is not valid TOML: {error}.") from None
    except RecursionError:
        raise SettingsError(f"{path.name} is nested too deeply.") from None


def _apply_override(tables: dict[str, Any], override: str) -> None:
    name, equals, value = override.partition("=")
    table, dot, key = name.strip().partition(".")
    if not (equals and dot and table and key):
        raise SettingsError(
            f"--set {override}: write TABLE.KEY=VALUE, for example --set pack.style=xml."
        )
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value
    entry = tables.setdefault(table, {})
    if not isinstance(entry, dict):
        raise SettingsError(f"--set {override}: [[{table}]] tables can only be set in a file.")
    inner, dot, name = key.partition(".")
    if dot:
        # A table in a table, such as `site.words.search`.
        key, entry = name, entry.setdefault(inner, {})
        if not isinstance(entry, dict):
            raise SettingsError(f"--set {override}: {inner} is set as a whole in the file.")
    entry[key] = parsed
