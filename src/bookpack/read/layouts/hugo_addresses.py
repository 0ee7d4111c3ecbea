"""Addresses and dates of Hugo's pages.

Sources: gohugo.io/content-management/urls and gohugo.io/configuration/permalinks for the
patterns; gohugo.io/configuration/all (`disablePathToLower`, `removePathAccents`, `uglyURLs`)
for what becomes of a path.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import urlsplit

from bookpack.read.layouts.base import Page, quote_path
from bookpack.read.layouts.hugo_settings import HugoSettings
from bookpack.read.layouts.hugo_values import as_text

_TOKEN = re.compile(r":([a-z]+)(?:\[([^\]]*)\])?")
_HEX = re.compile(r"%[0-9A-Fa-f]{2}")
_DATE_IN_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})[-_ ]*(.*)")
_SPACED_ZONE = re.compile(r"\s+([+-]\d\d:?\d\d)$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO = datetime(1, 1, 1, tzinfo=UTC)
_MONTHS = "January February March April May June July August September October November December"
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"


@dataclass(frozen=True, slots=True)
class HugoPage:
    """A page with its place in the content tree.

    `folder` is where it stands: for a section its own folder, for a bundle's `index.md` the
    folder around the bundle's. `name` is the file's, or the bundle's folder's, without suffix
    and language; a section's is empty.
    """

    page: Page
    folder: str
    name: str
    is_section: bool = False
    is_bundle: bool = False
    date: datetime = _ZERO

    @property
    def path(self) -> str:
        """The page's logical path: what `ref` and `relref` call it."""
        return "/".join(part for part in (self.folder, self.name) if part)

    def value(self, *names: str) -> Any:
        """Return the first of these front matter fields that is set; names have no case."""
        values = {str(key).lower(): value for key, value in (self.page.front.values or {}).items()}
        return next((values[name] for name in names if values.get(name) not in (None, "")), None)


class HugoAddresses:
    """Gives each page its URL. `unknown` collects permalink patterns nobody can fill."""

    def __init__(self, settings: HugoSettings, base: str) -> None:
        self.settings = settings
        self.base = base
        self.unknown: dict[str, str] = {}

    def of(self, page: HugoPage) -> str:
        """Return the absolute URL of a page or section."""
        front = page.page.front
        prefixed = True
        if front.url is not None:
            if urlsplit(front.url).scheme in ("http", "https"):
                return front.url
            path = self._fill(front.url, page) if ":" in front.url else front.url
            prefixed = not front.url.startswith("/")
        else:
            path = self._by_pattern(page)
        ends_in_file = "." in path.rpartition("/")[2] and front.url is not None
        return self.at(path, ends_in_file=ends_in_file, prefixed=prefixed)

    def at(self, path: str, *, ends_in_file: bool = False, prefixed: bool = True) -> str:
        """Return the URL of a path of the site, written as Hugo writes it."""
        prefix = self.settings.prefix if prefixed else ""
        parts = [prefix, *(self.sanitised(part) for part in path.split("/"))]
        clean = "/".join(part for part in parts if part)
        if not clean:
            return f"{self.base}/"
        if ends_in_file:
            return f"{self.base}/{quote_path(clean)}"
        if self.settings.ugly and clean != prefix:
            return f"{self.base}/{quote_path(clean)}.html"
        return f"{self.base}/{quote_path(clean)}/"

    def sanitised(self, name: str) -> str:
        """Return a path's element as Hugo publishes it: blanks as hyphens, lower case.

        Letters, marks and digits of any script stay, of punctuation only `._#+~-@`.
        """
        if self.settings.remove_accents:
            name = without_accents(name)
        kept: list[str] = []
        gap = False
        for index, character in enumerate(name):
            if character.isspace():
                gap = bool(kept) and kept[-1] != "-"
                continue
            if not (
                character in "._#+~-@"
                or unicodedata.category(character)[0] in "LM"
                or unicodedata.category(character) == "Nd"
                or (character == "%" and _HEX.match(name, index))
            ):
                continue
            if gap and character != "-":
                kept.append("-")
            gap = False
            kept.append(character)
        clean = "".join(kept)
        return clean if self.settings.keep_case else clean.lower()

    def _by_pattern(self, page: HugoPage) -> str:
        slug = page.page.front.slug
        section = page.folder.partition("/")[0]
        table: Mapping[str, str] = self.settings.permalinks
        if page.is_section:
            table = self.settings.section_permalinks
        pattern = table.get(section.lower() or "/", "")
        if pattern:
            filled = self._fill(pattern, page)
            if filled:
                return filled
        if page.is_section:
            return page.folder
        return "/".join(part for part in (page.folder, slug or page.name) if part)

    def _fill(self, pattern: str, page: HugoPage) -> str:
        front = page.page.front
        when = page.date
        sections = page.folder.split("/") if page.folder else []
        title = front.title or page.name
        name = page.name or (sections[-1] if sections else "")
        plain_name = _DATE_IN_NAME.fullmatch(name)
        if plain_name and plain_name[2] and ":filename" in self.settings.dates:
            name = plain_name[2]
        values = {
            "year": f"{when.year:04}",
            "month": f"{when.month:02}",
            "monthname": _MONTHS.split()[when.month - 1],
            "day": f"{when.day:02}",
            "weekday": str(when.isoweekday() % 7),
            "weekdayname": _DAYS.split()[when.weekday()],
            "yearday": str(when.timetuple().tm_yday),
            "section": sections[0] if sections else "",
            "title": title,
            "slug": front.slug or title,
            "slugorfilename": front.slug or name,
            "slugorcontentbasename": front.slug or name,
            "filename": name,
            "contentbasename": name,
        }

        def fill(match: re.Match[str]) -> str:
            token, cut = match[1], match[2]
            if token == "sections":
                return "/".join(sections if cut is None else _cut(sections, cut))
            if token not in values:
                self.unknown.setdefault(pattern, match[0])
                return ""
            # A slash in a title is no folder.
            return values[token].replace("/", "-") if token != "slug" else values[token]

        filled = _TOKEN.sub(fill, pattern)
        return "" if pattern in self.unknown else filled


def _cut(names: list[str], cut: str) -> list[str]:
    """Return what `:sections[1:]`, `[:last]` or `[0]` name of the sections."""

    def number(text: str, default: int) -> int:
        if text == "last":
            return len(names) - 1
        return int(text) if text.lstrip("-").isdigit() else default

    first, colon, last = cut.partition(":")
    if not colon:
        place = number(first, 0)
        return names[place : place + 1]
    return names[number(first, 0) : number(last, len(names))]


def without_accents(text: str) -> str:
    """Return `text` with accents taken off its letters."""
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize(
        "NFC", "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
    )


def read_date(page: HugoPage, fields: tuple[str, ...]) -> datetime:
    """Return the page's date by the first of `fields` that holds one; the year 1 where none does.

    `:filename` stands for a date that the file's name begins with.
    """
    for name in fields:
        value = page.value(name)
        if name == ":filename":
            match = _DATE_IN_NAME.match(page.name)
            value = match[1] if match else None
        found = _as_date(value)
        if found is not None:
            return found
    return _ZERO


def _as_date(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        when = value
    elif isinstance(value, date):
        when = datetime.combine(value, time())
    else:
        try:
            when = datetime.fromisoformat(_SPACED_ZONE.sub(r"\1", as_text(value)))
        except ValueError:
            return None
    return when if when.tzinfo is not None else when.replace(tzinfo=UTC)


def seconds(when: datetime) -> float:
    """Return a date as a number that grows with time."""
    return (when - _EPOCH).total_seconds()
