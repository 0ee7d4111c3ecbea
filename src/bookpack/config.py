"""`bookpack.toml` and the command line's overrides → typed, frozen settings.

The dataclasses are the schema: a field is a key in kebab-case, its type is checked, and an
unknown key is a `SettingsError` that names the nearest known one. Paths are relative to the
settings file.
"""

import dataclasses
import difflib
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from bookpack.diagnostics import Selection, is_known_selector
from bookpack.errors import SettingsError
from bookpack.model import BookMeta

SETTINGS_FILE = "bookpack.toml"
STYLES = ("markdown", "xml", "plain", "json")
FAIL_ON = ("error", "warning", "info", "never")
DRAFT_PHRASES = (
    "this is a work in progress",
    "this chapter is a work in progress",
    "this section is a work in progress",
    "this page is a work in progress",
    "work in progress draft",
    "draft chapter",
    "this is a draft",
    "this chapter is a draft",
    "this section is a draft",
    "rough draft of this",
    "lorem ipsum",
    "TODO",
    "FIXME",
    "TBD",
)
_PLACEHOLDERS = ("base", "slug", "path")
_Table = TypeVar("_Table")


@dataclass(frozen=True, slots=True)
class LayoutTable:
    """`[layout]`: where chapters lie, in which order, and what addresses they get."""

    convention: str = "auto"
    source: str = ""
    chapters: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    url_style: str = "{base}/{slug}/"
    drafts: bool = False
    math: bool = True


@dataclass(frozen=True, slots=True)
class PartTable:
    """`[[part]]`: a titled run of chapters; the order of the tables is the reading order."""

    title: str = ""
    chapters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LintTable:
    """`[lint]`: which findings count and which make a command fail."""

    select: tuple[str, ...] = ("BP",)
    ignore: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fail_on: str = "error"
    draft_phrases: tuple[str, ...] = DRAFT_PHRASES


@dataclass(frozen=True, slots=True)
class PackTable:
    """`[pack]`: the packed edition."""

    style: str = "markdown"
    file: str = "book-packed"
    section_urls: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupTable:
    """`[[links.group]]`: chapters that belong together, and how often each may be referenced.

    `chapters` are patterns over chapter paths or part titles.
    """

    name: str = ""
    chapters: tuple[str, ...] = ()
    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class LinksTable:
    """`[links]`: what the report on links compares with; no edition depends on it.

    `wording` is what links to chapters should read, such as `{title}`. `mirrors` are base
    addresses of the author's other sites → `"*"`, or old slug → chapter.
    The `external` keys rule how `check --external` asks other sites: seconds for one answer,
    requests at once in total and to one host, days that an answer counts, patterns of
    addresses never asked, and whether addresses of this machine and its network may be asked.
    """

    wording: str = ""
    mirrors: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)
    group: tuple[GroupTable, ...] = ()
    external_timeout: float = 20.0
    external_concurrency: int = 16
    external_per_host: int = 2
    external_cache_days: float = 7.0
    external_ignore: tuple[str, ...] = ()
    external_allow_private: bool = False


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
        book["language"] = book["language"] or "en"
        if not book["url"]:
            raise SettingsError(
                "The book has no base URL, so its links cannot become absolute. "
                'Set it in bookpack.toml ([book] url = "https://…") or give --url https://….'
            )
        book["url"] = book["url"].rstrip("/")
        return dataclasses.replace(self, book=BookMeta(**book))

    def digest_material(self) -> str:
        """Every setting that can change an output, as stable text."""
        tables = (self.book, self.layout, self.part, self.lint, self.pack)
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
    reader = _Reader(where, text, overridden)
    reader.check_keys(tables, ("book", "layout", "part", "lint", "pack", "links"), "")
    part = tables.get("part", [])
    if not isinstance(part, list):
        raise reader.error("part", "must be written as [[part]] tables", "")
    settings = Settings(
        folder=folder,
        file=chosen,
        book=reader.table(BookMeta, tables.get("book", {}), "book"),
        layout=reader.table(LayoutTable, tables.get("layout", {}), "layout"),
        part=tuple(reader.table(PartTable, entry, "part") for entry in part),
        lint=reader.table(LintTable, tables.get("lint", {}), "lint"),
        pack=reader.table(PackTable, tables.get("pack", {}), "pack"),
        links=reader.table(LinksTable, tables.get("links", {}), "links"),
    )
    _check_values(settings, reader)
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
    entry[key] = parsed


class _Reader:
    """Turns TOML tables into the dataclasses above and words what is wrong with them."""

    def __init__(self, where: str, text: str, overridden: Mapping[str, str]) -> None:
        self.where = where
        self.text = text
        self.overridden = overridden

    def table(self, schema: type[_Table], values: Any, name: str) -> _Table:
        """Return `schema` filled from `values`. Raises `SettingsError`."""
        if not isinstance(values, dict):
            raise self.error(name, "must be a table", "")
        fields = {f.name.replace("_", "-"): f.name for f in dataclasses.fields(schema)}  # type: ignore[arg-type]
        self.check_keys(values, tuple(fields), name)
        hints = get_type_hints(schema)
        return schema(
            **{
                fields[key]: self._convert(value, hints[fields[key]], key, name)
                for key, value in values.items()
            }
        )

    def check_keys(self, values: Mapping[str, Any], known: Sequence[str], table: str) -> None:
        """Raise `SettingsError` for the first key that is not `known`."""
        for key in values:
            if key in known:
                continue
            nearest = difflib.get_close_matches(key.replace("_", "-"), known, n=1, cutoff=0.5)
            hint = f"Did you mean {nearest[0]}?" if nearest else f"Known are: {', '.join(known)}."
            raise self.error(
                key, f"is not a known {'setting' if table else 'table'}. {hint}", table
            )

    def error(self, key: str, complaint: str, table: str) -> SettingsError:
        """Return an error that says where `key` stands."""
        place = self._place_of(key, table)
        return SettingsError(
            f"{place}: {f'[{table}] ' if table else ''}{key} {_sentence(complaint)}"
        )

    def _place_of(self, key: str, table: str) -> str:
        for name, place in self.overridden.items():
            if name == f"{table}.{key}" or (not table and name.startswith(f"{key}.")):
                return place
        line = self._line_of(key, table)
        return f"{self.where}:{line}" if line else self.where

    def _line_of(self, key: str, table: str) -> int:
        inside = not table
        for number, line in enumerate(self.text.splitlines(), 1):
            header = re.match(r"\s*\[\[?\s*([\w.-]+)", line)
            if header:
                if header[1] == (f"{table}.{key}" if table else key):
                    return number
                inside = header[1] == table
            elif inside and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
                return number
        return 0

    def _convert(self, value: Any, kind: Any, key: str, table: str) -> Any:
        if kind is str:
            if isinstance(value, str):
                return value
            # An edition written as 2, or a date written without quotes, is as good as text.
            if not isinstance(value, (bool, list, dict)):
                return str(value)
            raise self.error(key, "must be a string", table)
        if kind is bool:
            if isinstance(value, bool):
                return value
            raise self.error(key, "must be true or false", table)
        if kind is float:
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return float(value)
            raise self.error(key, "must be a number", table)
        if kind is int:
            if isinstance(value, int) and not isinstance(value, bool):
                return value
            raise self.error(key, "must be a whole number", table)
        if kind == int | None:
            if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                return value
            raise self.error(key, "must be a whole number, 0 or more", table)
        if get_origin(kind) is tuple and dataclasses.is_dataclass(get_args(kind)[0]):
            name = f"{table}.{key}"
            if not isinstance(value, list):
                raise self.error(key, f"must be written as [[{name}]] tables", table)
            return tuple(self.table(get_args(kind)[0], entry, name) for entry in value)
        if kind == str | Mapping[str, str]:
            if isinstance(value, dict):
                return self._convert(value, Mapping[str, str], key, table)
            return self._convert(value, str, key, table)
        if get_origin(kind) is tuple:
            if isinstance(value, str):
                return (value,)
            if isinstance(value, list) and all(isinstance(item, str) for item in value):
                return tuple(value)
            raise self.error(key, "must be a list of strings", table)
        if not isinstance(value, dict):
            inner = get_args(kind)[1]
            what = {str: " of strings", tuple: " of lists"}.get(get_origin(inner) or inner, "")
            raise self.error(key, f"must be a table{what}", table)
        inner = get_args(kind)[1]
        return {name: self._convert(item, inner, key, table) for name, item in value.items()}


def _sentence(complaint: str) -> str:
    return complaint if complaint.endswith((".", "?")) else f"{complaint}."


def _check_values(settings: Settings, reader: _Reader) -> None:
    address = settings.book.url
    if address and ("?" in address or "#" in address):
        raise reader.error("url", f"must have no query and no fragment, not {address!r}", "book")
    if address and not _is_web_address(address):
        raise reader.error("url", f"must be an http or https address, not {address!r}", "book")
    if settings.pack.style not in STYLES:
        raise reader.error("style", f"must be one of {', '.join(STYLES)}", "pack")
    if settings.lint.fail_on not in FAIL_ON:
        raise reader.error("fail-on", f"must be one of {', '.join(FAIL_ON)}", "lint")
    name = settings.pack.file
    if not name or Path(name).name != name or name.startswith(".") or "\\" in name:
        raise reader.error("file", f"must be a plain file name, not {name!r}", "pack")
    if name == "manifest" and settings.pack.style == "json":
        raise reader.error("file", "is the manifest's own name; choose another", "pack")
    for placeholder in re.findall(r"\{(.*?)\}", settings.layout.url_style):
        if placeholder not in _PLACEHOLDERS:
            raise reader.error(
                "url-style",
                f"knows {{base}}, {{slug}} and {{path}}, not {{{placeholder}}}",
                "layout",
            )
    if not re.search(r"\{(slug|path)\}", settings.layout.url_style):
        raise reader.error("url-style", "must hold {slug} or {path}", "layout")
    ignored = [
        prefix for prefixes in settings.lint.per_file_ignores.values() for prefix in prefixes
    ]
    for key, selectors in (
        ("select", settings.lint.select),
        ("ignore", settings.lint.ignore),
        ("per-file-ignores", ignored),
    ):
        for selector in selectors:
            if not selector or not is_known_selector(selector):
                raise reader.error(key, f"names {selector!r}, and no rule begins so", "lint")
    listed: list[tuple[str, str, tuple[str, ...]]] = []
    listed.append(("source", "layout", (settings.layout.source,)))
    listed.append(("chapters", "layout", settings.layout.chapters))
    listed += (("chapters", "part", part.chapters) for part in settings.part)
    for key, table, paths in listed:
        for path in paths:
            parts = path.replace("\\", "/").split("/")
            if ".." in parts or path.startswith("/") or re.match(r"[A-Za-z]:", path):
                raise reader.error(key, f"must stay inside the book's folder, not {path!r}", table)
    _check_links(settings.links, reader)
    if any(control in settings.book.title for control in "\n\r"):
        raise reader.error("title", "must be one line", "book")


def _check_links(links: LinksTable, reader: _Reader) -> None:
    for address, slugs in links.mirrors.items():
        if not _is_web_address(address):
            complaint = f"names {address!r}, which is no http or https address"
            raise reader.error("mirrors", complaint, "links")
        if isinstance(slugs, str) and slugs != "*":
            complaint = f'must give "*" or a table of slugs and chapters for {address}'
            raise reader.error("mirrors", complaint, "links")
    for key, number, lowest, highest in (
        ("external-timeout", links.external_timeout, 0.01, 600),
        ("external-concurrency", links.external_concurrency, 1, 64),
        ("external-per-host", links.external_per_host, 1, 64),
        ("external-cache-days", links.external_cache_days, 0, 3650),
    ):
        if not lowest <= number <= highest:
            raise reader.error(key, f"must lie between {lowest} and {highest}", "links")
    names: set[str] = set()
    for group in links.group:
        if not group.name:
            raise reader.error("group", "must have a name", "links")
        if group.name in names:
            raise reader.error("group", f"{group.name!r} is there twice", "links")
        names.add(group.name)
        if not group.chapters:
            raise reader.error("group", f"{group.name!r} must list its chapters", "links")
        least, most = group.at_least, group.at_most
        if least is not None and most is not None and least > most:
            complaint = f"of {group.name!r} is greater than its at-most"
            raise reader.error("at-least", complaint, "links.group")


def _is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https") and bool(parts.netloc) and not re.search(r"\s", address)
    )
