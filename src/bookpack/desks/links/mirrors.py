"""Links that leave the book for a page which the book itself has by now.

Many books grew out of a blog, and still send their readers there. `[links] mirrors` names the
author's other sites; where a link to one of them ends in a slug that is a chapter's, the
chapter is named. Other hosts that are linked often and whose slugs are chapters' too make a
hint: nobody said that they are the author's.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from bookpack.desks.links.graph import wording_of
from bookpack.desks.links.mentions import words_of
from bookpack.links.book import ResolvedChapter
from bookpack.links.resolution import Kind
from bookpack.model import Chapter
from bookpack.read.order import is_index, stem_of, without_order_number

OFTEN_LINKED = 3
"""A host that is linked at least this often may be the author's own."""
_LEAST_HINTS = 2
_SUFFIX = re.compile(r"\.(?:html?|md|markdown|php|aspx?)$", re.I)
_INDEX = re.compile(r"/(?:index|readme|default)$", re.I)


class OldLink(NamedTuple):
    """A link to a page outside that chapters of the book answer.

    `by` tells what they have in common: `slug`, `file name`, `alias`, `table` or `wording`.
    Several chapters answer where two share a name. `is_own_page` tells that the link stands
    in the very chapter that it should name.
    """

    source: int
    line: int
    wording: str
    address: str
    mirror: str
    chapters: tuple[int, ...]
    by: str
    is_own_page: bool

    @property
    def reason(self) -> str:
        """Why these chapters answer the address, in words."""
        return {"table": "by the settings", "wording": "same words as its title"}.get(
            self.by, f"same {self.by}"
        )


class Answer(NamedTuple):
    """An address outside, and every link to it that the same chapters answer."""

    address: str
    chapters: tuple[int, ...]
    reason: str
    links: tuple[OldLink, ...]


class Hint(NamedTuple):
    """A host that is no mirror, how often it is linked, and the links that look like it."""

    host: str
    links: int
    found: tuple[OldLink, ...]


@dataclass(frozen=True, slots=True)
class OldLinks:
    """Links to the author's other sites.

    `unanswered` are addresses on a mirror that no chapter answers, with their counts;
    `complaints` say which settings fit nothing.
    """

    found: tuple[OldLink, ...]
    unanswered: tuple[tuple[str, int], ...]
    hints: tuple[Hint, ...]
    complaints: tuple[str, ...]


class _Outside(NamedTuple):
    """A link that leaves the book."""

    source: int
    line: int
    wording: str
    address: str
    parts: SplitResult
    is_broken: bool


def find_old_links(
    resolved: Sequence[ResolvedChapter], mirrors: Mapping[str, str | Mapping[str, str]]
) -> OldLinks:
    """Find the links to `mirrors` and to hosts that look like one."""
    chapters = [one.chapter for one in resolved]
    names = ChapterNames(chapters)
    bases = [(base, _key(urlsplit(base)), table) for base, table in mirrors.items()]
    # The longest base that fits is the one that is meant.
    bases.sort(key=lambda entry: (-len(entry[1]), entry[0]))
    tables, complaints = _read_tables(mirrors, chapters)
    found: list[OldLink] = []
    unanswered: Counter[str] = Counter()
    by_host: dict[str, list[_Outside]] = {}
    for link in _links_outside(resolved):
        key = _key(link.parts)
        mirror = next((base for base, start, _ in bases if f"{key}/".startswith(f"{start}/")), None)
        if mirror is None:
            if link.is_broken:
                continue  # an address of the book itself, and a finding of `bookpack check`
            by_host.setdefault(link.parts.netloc.lower(), []).append(link)
            continue
        numbers, by = tables[mirror].get(slug_of(link.address), ()), "table"
        if not numbers:
            numbers, by = names.of(link.address, link.wording)
        if numbers:
            found.append(_old_link(link, mirror, numbers, by))
        else:
            unanswered[link.address] += 1
    return OldLinks(
        tuple(found),
        tuple(sorted(unanswered.items(), key=lambda item: (-item[1], item[0]))),
        tuple(_hints(by_host, names)),
        tuple(complaints),
    )


def by_address(links: Sequence[OldLink]) -> list[Answer]:
    """Put links to one address together; the address with most links comes first."""
    together: dict[tuple[str, tuple[int, ...], str], list[OldLink]] = {}
    for link in links:
        together.setdefault((link.address, link.chapters, link.reason), []).append(link)
    answers = [Answer(*key, tuple(found)) for key, found in together.items()]
    return sorted(answers, key=lambda answer: -len(answer.links))


class ChapterNames:
    """What the last part of an address may be to mean a chapter."""

    def __init__(self, chapters: Sequence[Chapter]) -> None:
        self._kinds: dict[str, dict[str, list[int]]] = {"slug": {}, "file name": {}, "alias": {}}
        self._titles: dict[tuple[str, ...], list[int]] = {}
        for number, chapter in enumerate(chapters):
            self._add("slug", slug_of(chapter.url), number)
            path = chapter.path
            if is_index(path):
                path = path.rpartition("/")[0]
            for name in (stem_of(path) if path else "", without_order_number(path)):
                self._add("file name", name.casefold(), number)
            for alias in chapter.aliases:
                self._add("alias", slug_of(alias), number)
            self._titles.setdefault(words_of(chapter.title), []).append(number)

    def of(self, address: str, wording: str = "") -> tuple[tuple[int, ...], str]:
        """Return the chapters that answer `address`, and why.

        A link whose words are a chapter's whole title means that chapter, too, if the title
        has two words or more.
        """
        slug = slug_of(address)
        for kind, names in self._kinds.items():
            if slug in names:
                return tuple(names[slug]), kind
        words = words_of(wording)
        if slug and len(words) > 1 and words in self._titles:
            return tuple(self._titles[words]), "wording"
        return (), ""

    def _add(self, kind: str, name: str, number: int) -> None:
        numbers = self._kinds[kind].setdefault(name, []) if name else [number]
        if number not in numbers:
            numbers.append(number)


def slug_of(address: str) -> str:
    """Return the last part of an address's path in lower case, without suffix."""
    try:
        path = unquote(urlsplit(address).path)
    except ValueError:
        return ""
    path = _INDEX.sub("", _SUFFIX.sub("", path.rstrip("/")))
    return path.rpartition("/")[2].casefold()


def _hints(by_host: Mapping[str, list[_Outside]], names: ChapterNames) -> Iterator[Hint]:
    """Name hosts that are linked often and share distinct slugs with chapters."""
    hints = []
    for host, links in by_host.items():
        if len(links) < OFTEN_LINKED:
            continue
        found = []
        for link in links:
            numbers, by = names.of(link.address)
            # One word, such as /testing/, is a slug on half of all sites.
            if numbers and len(words_of(slug_of(link.address))) > 1:
                found.append(_old_link(link, f"{link.parts.scheme}://{host}", numbers, by))
        # Three words in the same order are no accident, even once.
        longest = max((len(words_of(slug_of(link.address))) for link in found), default=0)
        if len(found) >= _LEAST_HINTS or longest > _LEAST_HINTS:
            hints.append(Hint(host, len(links), tuple(found)))
    yield from sorted(hints, key=lambda hint: (-len(hint.found), hint.host))


def _links_outside(resolved: Sequence[ResolvedChapter]) -> Iterator[_Outside]:
    for source, one in enumerate(resolved):
        for link, resolution in one.links:
            # A mirror may lie below the book's own address, where nothing but it is broken.
            if link.in_image or resolution.kind not in (Kind.EXTERNAL, Kind.BROKEN):
                continue
            address = resolution.url
            if address[:1] not in "hH/":
                continue
            try:
                parts = urlsplit(f"https:{address}" if address.startswith("//") else address)
            except ValueError:
                continue
            if parts.scheme in ("http", "https") and parts.netloc:
                line = one.chapter.source.position(link.span.start).line
                is_broken = resolution.kind is Kind.BROKEN
                yield _Outside(source, line, wording_of(link), address, parts, is_broken)


def _read_tables(
    mirrors: Mapping[str, str | Mapping[str, str]], chapters: Sequence[Chapter]
) -> tuple[dict[str, dict[str, tuple[int, ...]]], list[str]]:
    paths = {}
    for number, chapter in enumerate(chapters):
        paths[chapter.path] = paths[chapter.source.path] = number
    tables: dict[str, dict[str, tuple[int, ...]]] = {}
    complaints = []
    for base, slugs in mirrors.items():
        tables[base] = {}
        for slug, path in ({} if isinstance(slugs, str) else slugs).items():
            if path in paths:
                tables[base][slug_of(slug)] = (paths[path],)
            else:
                complaints.append(f"[links] mirrors: {slug} names {path}, which is no chapter.")
    return tables, complaints


def _old_link(link: _Outside, mirror: str, numbers: tuple[int, ...], by: str) -> OldLink:
    is_own_page = link.source in numbers
    return OldLink(
        link.source, link.line, link.wording, link.address, mirror, numbers, by, is_own_page
    )


def _key(parts: SplitResult) -> str:
    """Return the form in which addresses and bases are compared: no scheme, no `www.`."""
    host = parts.netloc.lower().removeprefix("www.")
    return f"{host}{unquote(parts.path).rstrip('/')}"
