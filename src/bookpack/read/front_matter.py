"""Front matter: the YAML (`---`) or TOML (`+++`) block at the start of a chapter.

YAML scalars stay the strings that the author wrote (no surprise dates, and a country code
`no` is not false); typed fields are converted here, and a value of the wrong type is a
problem, never a crash. Aliases that would expand to a bomb and absurd nesting are refused
before anything is built from them.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote

import yaml

from bookpack.config.values import is_language_tag
from bookpack.model import Problem
from bookpack.source import Span

MAX_NODES = 10_000
MAX_DEPTH = 50
_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_FIRST_LINE = re.compile(r"(---|\+\+\+)[ \t]*(?:\r\n|\n|\r)")
_CLOSING = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\r\n|\n|\r|\Z)", re.M),
    "+++": re.compile(r"^\+\+\+[ \t]*(?:\r\n|\n|\r|\Z)", re.M),
}
_KEY_LINE = re.compile(r"[\w\"'-]+[ \t]*[:=]")
_DATE_KEYS = ("lastmod", "updated", "date")
"""What Hugo, Zola and Jekyll call the day of the last change, and that of the first."""
_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The fields bookpack knows, plus everything as `values`; `end` is where the text begins.

    A field is None (or empty) when it is absent or has the wrong type. `date` is the last one
    that the author states, by RFC 3339: `2024-03-01` or `2024-03-01T08:00:00+01:00`. `lang` is
    a BCP 47 tag.
    """

    end: int = 0
    title: str | None = None
    url: str | None = None
    slug: str | None = None
    aliases: tuple[str, ...] = ()
    draft: bool = False
    summary: str = ""
    weight: float | None = None
    date: str = ""
    lang: str = ""
    values: Mapping[str, Any] | None = None
    problems: tuple[Problem, ...] = ()


def read_front_matter(text: str) -> FrontMatter:
    """Read the front matter of `text`; text without any gives an empty `FrontMatter`."""
    opening = _FIRST_LINE.match(text)
    if not opening:
        return FrontMatter()
    fence = opening[1]
    whole = Span(0, len(opening[0].rstrip("\r\n")))
    # A lone carriage return is no line start for `re.M`, so such files get line feeds first
    # (same length, same offsets).
    lines = text if "\r" not in text else text.replace("\r\n", " \n").replace("\r", "\n")
    closing = _CLOSING[fence].search(lines, opening.end())
    if not closing:
        if fence == "+++" or _KEY_LINE.match(text, opening.end()):
            problem = Problem(
                "unclosed-front-matter", whole, f"The front matter opened by {fence} has no end."
            )
            return FrontMatter(problems=(problem,))
        return FrontMatter()
    block = text[opening.end() : closing.start()]
    values, complaint = (read_yaml if fence == "---" else _read_toml)(block)
    if complaint:
        problem = Problem("invalid-front-matter", whole, f"The front matter {complaint}.")
        # What cannot be metadata stays in the text: nothing that an author wrote gets lost.
        looks_like_metadata = _KEY_LINE.match(block.lstrip()) is not None
        return FrontMatter(end=closing.end() if looks_like_metadata else 0, problems=(problem,))
    if values is None and block.strip() and not block.strip().startswith("#"):
        return FrontMatter()
    return _fields(values or {}, text, opening.end(), closing)


def _fields(
    values: Mapping[str, Any], text: str, start: int, closing: re.Match[str]
) -> FrontMatter:
    problems: list[Problem] = []

    def wrong(key: str, wanted: str) -> None:
        problems.append(_wrong(key, wanted, values, text, Span(start, closing.start())))

    def text_of(key: str) -> str | None:
        value = values.get(key)
        if value is None:
            return None
        if isinstance(value, (dict, list, bool)):
            wrong(key, "text")
            return None
        return " ".join(str(value).split()) or None

    aliases: tuple[str, ...] = ()
    listed = values.get("aliases")
    if isinstance(listed, str):
        aliases = (listed,) if listed else ()
    elif isinstance(listed, list) and all(isinstance(alias, str) for alias in listed):
        aliases = tuple(listed)
    elif listed is not None:
        wrong("aliases", "an address or a list of addresses")
    draft = False
    marked = values.get("draft")
    if marked is not None:
        word = str(marked).lower()
        draft = word in _TRUE
        if word not in (*_TRUE, *_FALSE):
            wrong("draft", "true or false")
    weight: float | None = None
    weighed = values.get("weight")
    if weighed is not None and weighed != "":
        try:
            weight = float(weighed)
            if weight != weight or isinstance(weighed, bool):
                raise ValueError
        except (TypeError, ValueError):
            weight = None
            wrong("weight", "a number")
    return FrontMatter(
        end=closing.end(),
        title=text_of("title"),
        url=text_of("url"),
        slug=text_of("slug"),
        aliases=aliases,
        draft=draft,
        summary=text_of("summary") or text_of("description") or "",
        weight=weight,
        date=next(filter(None, (_as_date(values.get(key)) for key in _DATE_KEYS)), ""),
        lang=_as_language(values.get("lang")),
        values=values,
        problems=tuple(problems),
    )


def values_without_meaning(front: FrontMatter, text: str) -> list[Problem]:
    """Return what the front matter of `text` says and bookpack's own convention cannot use.

    Other tools have words for a date (`today`) and slugs that lead up; `front` keeps those.
    """
    values, block = front.values or {}, Span(0, front.end)
    found = [
        (key, "a date such as 2026-01-31, or a moment such as 2026-01-31T08:00:00+01:00")
        for key in _DATE_KEYS
        if values.get(key) not in (None, "") and not _as_date(values[key])
    ]
    if values.get("lang") not in (None, "") and not front.lang:
        found.append(("lang", "a language tag such as en or pt-BR"))
    if front.url is not None and not stays_below(front.url):
        found.append(("url", "an address, or a path that stays below the book's address"))
    if front.slug is not None and not stays_below(front.slug):
        found.append(("slug", "a name that stays below the book's address"))
    return [_wrong(key, wanted, values, text, block) for key, wanted in found]


def stays_below(path: str) -> bool:
    """Tell whether the path that an author gave a page has no step up (RFC 3986, 5.2.4).

    A backslash counts as the slash that browsers take it for. A full address goes where it goes.
    """
    if re.match(r"https?://", path, re.I):
        return True
    names = unquote(path).replace("\\", "/").strip("/").split("/")
    return ".." not in names and "." not in names


def _wrong(key: str, wanted: str, values: Mapping[str, Any], text: str, block: Span) -> Problem:
    line = re.compile(rf"^[\"']?{re.escape(key)}[\"']?[ \t]*[:=].*", re.M)
    found = line.search(text, block.start, block.end)
    span = Span(found.start(), found.end()) if found else Span(0, 3)
    message = f"{key} must be {wanted}, not {_shorten(values[key])}."
    return Problem("wrong-front-matter-type", span, message)


def _as_language(value: Any) -> str:
    tag = value.strip().replace("_", "-") if isinstance(value, str) else ""
    return tag if is_language_tag(tag) else ""


def _as_date(value: Any) -> str:
    """Return a date or moment by RFC 3339; empty for one that only people can read.

    A moment without a zone is one in UTC, as YAML has it (https://yaml.org/type/timestamp.html).
    """
    # Jekyll and YAML write a blank before the zone, which ISO 8601 does not know.
    written = re.sub(r"\s+(?=(?:[+-]\d{2}:?\d{2}|Z)$)", "", str(value).strip())
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", written):
            return date.fromisoformat(written).isoformat()
        if not re.match(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}", written):
            return ""
        moment = datetime.fromisoformat(written.upper())
    except ValueError:
        return ""
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return zoned.isoformat(timespec="seconds")


def read_yaml(block: str) -> tuple[dict[str, Any] | None, str]:
    """Return the mapping that a YAML text is, its scalars as strings, and a complaint.

    None with an empty complaint means that there is nothing in it.
    """
    try:
        complaint = _weigh(block)
        if complaint:
            return None, complaint
        values = yaml.load(block, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" (line {mark.line + 2})" if mark else ""
        return None, f"is not valid YAML: {error.problem}{place}"
    except (yaml.YAMLError, ValueError, TypeError) as error:
        return None, f"is not valid YAML: {error}".splitlines()[0].rstrip(".")
    if values is None or values == "":
        return None, ""
    if not isinstance(values, dict):
        return None, "is not a mapping of keys to values"
    return values, ""


def _weigh(block: str) -> str:
    """Complain about YAML that is larger or deeper than any front matter, in linear time."""
    shallow = block.count("[") + block.count("{") < MAX_DEPTH and len(block) < 4 * MAX_NODES
    if shallow and "*" not in block and "&" not in block:
        return ""
    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = [(None, 0)]
    for event in yaml.parse(block, Loader=_Loader):
        size = 0
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            size = sizes.get(anchor or "", 1)
        elif isinstance(event, yaml.ScalarEvent):
            size = 1
            if anchor:
                sizes[anchor] = size
        elif isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((anchor, 1))
            if len(open_nodes) > MAX_DEPTH:
                return f"is nested more than {MAX_DEPTH} deep"
        elif isinstance(event, yaml.CollectionEndEvent):
            name, size = open_nodes.pop()
            if name:
                sizes[name] = size
        parent, total = open_nodes[-1]
        open_nodes[-1] = (parent, total + size)
        if total + size > MAX_NODES:
            return f"expands to more than {MAX_NODES:,} values"
    return ""


def _read_toml(block: str) -> tuple[dict[str, Any] | None, str]:
    try:
        return tomllib.loads(block.replace("\r\n", "\n").replace("\r", "\n")), ""
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return None, f"is not valid TOML: {error}".rstrip(".")


def _shorten(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else shown[:39] + "…"
