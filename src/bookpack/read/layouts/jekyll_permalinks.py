"""Addresses of a Jekyll site (https://jekyllrb.com/docs/permalinks/).

A template holds placeholders such as `:path` or `:year`. Names of months and days are English
whatever the locale, as Ruby writes them.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any

from bookpack.read.order import stem_of
from bookpack.read.settings_files import text_of

_STYLES = {
    "pretty": "/:categories/:year/:month/:day/:title/",
    "date": "/:categories/:year/:month/:day/:title:output_ext",
    "ordinal": "/:categories/:year/:y_day/:title:output_ext",
    "weekdate": "/:categories/:year/W:week/:short_day/:title:output_ext",
    "none": "/:categories/:title:output_ext",
}
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_POST_NAME = re.compile(r"(?:.+/)?(\d{2,4})-(\d{1,2})-(\d{1,2})-([^/]+)$")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d\d)(?::(\d\d))?)?")
_PLACEHOLDER = re.compile(r":([a-z_]+)")
_KEPT_IN_PRETTY = frozenset("._~!$&'()+,;=@")


def split_post_name(path: str) -> tuple[date, str] | None:
    """Return date and slug of a file called `2024-05-01-a-title.md`; None for another name."""
    match = _POST_NAME.match(path.rpartition(".")[0])
    if not match:
        return None
    year = int(match[1]) + (2000 if len(match[1]) == 2 else 0)
    try:
        return date(year, int(match[2]), int(match[3])), match[4]
    except ValueError:
        return None


def date_of(path: str, data: Mapping[str, Any]) -> tuple[date, tuple[str, str, str]] | None:
    """Return the date of a document, stated in its data or its name, and its time of day."""
    stated = _DATE.match(text_of(data, "date"))
    if stated:
        try:
            day = date(int(stated[1]), int(stated[2]), int(stated[3]))
        except ValueError:
            day = None
        if day is not None:
            hour, minute, second = ((stated[n] or "00").zfill(2) for n in (4, 5, 6))
            return day, (hour, minute, second)
    named = split_post_name(path)
    return (named[0], ("00", "00", "00")) if named else None


class Permalinks:
    """Makes addresses by the setting `permalink` and those of the collections."""

    def __init__(self, style: str, collections: Mapping[str, Mapping[str, Any]]) -> None:
        self.style = style or "date"
        self.collections = collections

    def of_page(self, path: str, data: Mapping[str, Any], *, is_index: bool = False) -> str:
        """Return the address of a page; `path` is relative to the site's folder."""
        folder, _, name = path.rpartition("/")
        template = text_of(data, "permalink")
        if not template:
            index = is_index or stem_of(name) == "index"
            template = "/:path/" if index else self._with_suffix("/:path/:basename")
        values = {"path": folder, "basename": stem_of(name), "output_ext": ".html"}
        return _fill(template, values)

    def of_document(self, path: str, label: str, data: Mapping[str, Any]) -> str:
        """Return the address of a document; `path` is relative to its collection's folder."""
        template = text_of(data, "permalink") or self._template(label)
        stem = path.rpartition(".")[0] or path
        named = split_post_name(path)
        name = named[1] if named else stem_of(path)
        slug = text_of(data, "slug") or name
        values = {
            "collection": label,
            "path": stem,
            "name": slugify(stem_of(path)),
            "title": slugify(slug, pretty=True),
            "slug": slugify(slug),
            "categories": "/".join(_categories(path, data) if label == "posts" else []),
            "output_ext": ".html",
        }
        values["slugified_categories"] = "/".join(
            slugify(category) for category in values["categories"].split("/")
        )
        moment = date_of(path, data)
        if moment is not None:
            values.update(_date_values(*moment))
        return _fill(template, values)

    def _template(self, label: str) -> str:
        stated = text_of(self.collections.get(label, {}), "permalink")
        if label == "posts":
            return stated or _STYLES.get(self.style, self.style)
        if stated in _STYLES:
            return "/:collection/:path" + ("/" if stated == "pretty" else ":output_ext")
        return stated or self._with_suffix("/:collection/:path")

    def _with_suffix(self, template: str) -> str:
        """End a template as the site's own setting ends."""
        if self.style in _STYLES:
            return template + ("/" if self.style == "pretty" else ":output_ext")
        if self.style.endswith("/"):
            return template + "/"
        return template + (":output_ext" if self.style.endswith(":output_ext") else "")


def slugify(text: str, *, pretty: bool = False) -> str:
    """Return `text` with runs of all but letters, marks and digits as hyphens.

    The mode `pretty` keeps a few signs more, and capitals (Jekyll's filter `slugify`).
    """
    kept = "".join(
        c
        if unicodedata.category(c)[0] in "LM"
        or unicodedata.category(c) == "Nd"
        or (pretty and c in _KEPT_IN_PRETTY)
        else "\0"
        for c in text
    )
    slug = re.sub("\0+", "-", kept)
    slug = slug.removeprefix("-").removesuffix("-")
    return slug if pretty else slug.lower()


def _fill(template: str, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        for key in (name, name.removesuffix("_")):
            if key in values:
                return values[key] + name[len(key) :]
        return match[0]

    filled = "/" + _PLACEHOLDER.sub(value, template)
    return re.sub("/{2,}", "/", filled.replace("..", "/").replace("./", ""))


def _categories(path: str, data: Mapping[str, Any]) -> list[str]:
    names = path.split("/")
    above = names[: names.index("_posts")] if "_posts" in names else []
    listed = data.get("categories", data.get("category"))
    if isinstance(listed, str):
        listed = [listed] if "category" in data and "categories" not in data else listed.split()
    stated = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    return list(dict.fromkeys(category.lower() for category in (*above, *stated)))


def _date_values(day: date, time: tuple[str, str, str]) -> dict[str, str]:
    iso = day.isocalendar()
    return {
        "year": f"{day.year:04}",
        "short_year": f"{day.year % 100:02}",
        "month": f"{day.month:02}",
        "i_month": str(day.month),
        "short_month": _MONTHS[day.month - 1][:3],
        "long_month": _MONTHS[day.month - 1],
        "day": f"{day.day:02}",
        "i_day": str(day.day),
        "y_day": f"{day.timetuple().tm_yday:03}",
        "week": f"{iso.week:02}",
        "w_year": str(iso.year),
        "w_day": str(iso.weekday),
        "short_day": _DAYS[day.weekday()][:3],
        "long_day": _DAYS[day.weekday()],
        "hour": time[0],
        "minute": time[1],
        "second": time[2],
    }
