"""bookpack's own convention: a folder of chapters.

Order: the list `chapters` or the `[[part]]` tables of `bookpack.toml` where there are any;
else front matter `weight`, then natural order of names, folder by folder. Folders are parts.
Addresses: front matter `url` or `slug`, else a `url: …` line under the first heading, else
`url-style` with the file's name as slug.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from bookpack.config import SETTINGS_FILE, Settings
from bookpack.diagnostics import Diagnostic, report
from bookpack.model import AddressLine
from bookpack.read.front_matter import FrontMatter
from bookpack.read.order import is_index, natural_key, order_number, readable_name, stem_of
from bookpack.source import Source, Span

# What an address may hold unescaped: the path characters of RFC 3986 without brackets, which
# Markdown would stumble over, and every letter of every language (an IRI, RFC 3987).
_SAFE_IN_PATH = "/-._~!$&'*+,;=:@%"
_LAST = float("inf")
_SAFE_PATH = re.compile(r"[\w/.~-]*")


@dataclass(frozen=True, slots=True)
class Page:
    """A Markdown file of the chapter folder, before it has a place in the book."""

    path: str
    source: Source
    front: FrontMatter


@dataclass(frozen=True, slots=True)
class Entry:
    """A page with its place in the reading order."""

    page: Page
    part: str = ""
    order_number: float | None = None


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The reading order, and the pages that are no chapters with the reason why."""

    entries: tuple[Entry, ...]
    left_out: tuple[tuple[Page, str], ...]
    diagnostics: tuple[Diagnostic, ...]


def arrange(pages: Sequence[Page], settings: Settings) -> Arrangement:
    """Put `pages` into reading order."""
    if settings.layout.chapters or settings.part:
        return _arrange_listed(pages, settings)
    titles = {
        page.path.rpartition("/")[0]: page.front.title
        for page in pages
        if is_index(page.path) and page.front.title
    }
    folder_weights = {
        page.path.rpartition("/")[0]: page.front.weight
        for page in pages
        if is_index(page.path) and page.front.weight is not None
    }

    def key(page: Page) -> tuple[object, ...]:
        names = page.path.split("/")
        levels: list[tuple[object, ...]] = []
        for depth, name in enumerate(names, 1):
            path = "/".join(names[:depth])
            weight = page.front.weight if depth == len(names) else folder_weights.get(path)
            if depth == len(names) and depth > 1 and is_index(name):
                weight = -_LAST
            levels.append((_LAST if weight is None else weight, natural_key(name)))
        return tuple(levels)

    entries, left_out, diagnostics = [], [], []
    for page in sorted(pages, key=key):
        if page.front.draft and not settings.layout.drafts:
            left_out.append((page, "draft"))
            diagnostics.append(_draft(page))
            continue
        folder = page.path.partition("/")[0] if "/" in page.path else ""
        part = titles.get(folder) or (readable_name(folder) if folder else "")
        number = page.front.weight
        if number is None:
            number = order_number(page.path.rpartition("/")[2])
        entries.append(Entry(page, part, number))
    diagnostics += _repeated_numbers(entries)
    return Arrangement(tuple(entries), tuple(left_out), tuple(diagnostics))


def _arrange_listed(pages: Sequence[Page], settings: Settings) -> Arrangement:
    toml = _settings_source(settings)
    by_path = {page.path: page for page in pages}
    prefix = settings.source_folder.relative_to(settings.folder).as_posix() + "/"
    entries: list[Entry] = []
    left_out: list[tuple[Page, str]] = []
    diagnostics: list[Diagnostic] = []
    used: set[str] = set()
    for title, listed in [("", settings.layout.chapters)] + [
        (part.title, part.chapters) for part in settings.part
    ]:
        for name in listed:
            found = _find_listed(name, by_path, prefix)
            if not found:
                message = f"{name} is listed as a chapter and does not exist."
                diagnostics.append(report("missing-chapter", toml, message, _place(toml, name)))
            for path in found:
                page = by_path[path]
                if path in used:
                    message = f"{path} is listed more than once."
                    place = _place(toml, name, last=True)
                    diagnostics.append(report("repeated-chapter", toml, message, place))
                    continue
                used.add(path)
                if page.front.draft and not settings.layout.drafts:
                    left_out.append((page, "draft"))
                    diagnostics.append(_draft(page))
                else:
                    entries.append(Entry(page, title))
    for page in pages:
        if page.path not in used:
            left_out.append((page, "not listed"))
            message = f"{page.path} is not in the list of chapters, so it is left out."
            diagnostics.append(report("unlisted-chapter", page.source, message))
    return Arrangement(tuple(entries), tuple(left_out), tuple(diagnostics))


def _find_listed(name: str, by_path: dict[str, Page], prefix: str) -> list[str]:
    name = name.replace("\\", "/").removeprefix("./")
    for candidate in (name, name.removeprefix(prefix)):
        for path in (candidate, f"{candidate}.md", f"{candidate}.markdown"):
            if path in by_path:
                return [path]
        inside = [path for path in by_path if path.startswith(candidate.rstrip("/") + "/")]
        if inside:
            return sorted(inside, key=natural_key)
    return []


def _draft(page: Page) -> Diagnostic:
    return report("draft-chapter", page.source, f"{page.path} is a draft and is left out.")


def _repeated_numbers(entries: Iterable[Entry]) -> list[Diagnostic]:
    first: dict[tuple[str, float], Page] = {}
    diagnostics = []
    for entry in entries:
        if entry.order_number is None:
            continue
        folder = entry.page.path.rpartition("/")[0]
        key = (folder, entry.order_number)
        if key in first:
            message = (
                f"{entry.page.path} has the order number {entry.order_number:g}, "
                f"and so has {first[key].path}."
            )
            diagnostics.append(report("duplicate-order-number", entry.page.source, message))
        else:
            first[key] = entry.page
    return diagnostics


def _settings_source(settings: Settings) -> Source:
    if settings.file is None:
        return Source(SETTINGS_FILE, "")
    return Source.from_bytes(settings.file.name, settings.file.read_bytes())


def _place(toml: Source, name: str, *, last: bool = False) -> Span | None:
    quoted = f'"{name}"'
    start = toml.text.rfind(quoted) if last else toml.text.find(quoted)
    return Span(start, start + len(quoted)) if start >= 0 else None


class Addresses:
    """Gives each chapter its URL, by `url-style` where the author states none."""

    def __init__(self, settings: Settings, paths: Iterable[str]) -> None:
        self.base = settings.base_url
        self.style = settings.layout.url_style
        self._slug_uses = Counter(self._short_slug(path) for path in paths)

    def is_ambiguous(self, path: str) -> bool:
        """Tell whether another file has the same name, so that the slug needs its folder."""
        return self._slug_uses[self._short_slug(path)] > 1

    def stated(self, front: FrontMatter, line: AddressLine | None, path: str) -> str | None:
        """Return the URL that the author wrote down, absolute, or None."""
        if front.url is not None:
            return self.absolute(front.url)
        if front.slug is not None:
            return self._fill(front.slug.strip("/"), path)
        return self.absolute(line.address) if line is not None else None

    def derived(self, path: str) -> str:
        """Return the URL that `url-style` gives to a file."""
        slug = self._path_slug(path) if self.is_ambiguous(path) else self._short_slug(path)
        return self._fill(slug, path)

    def absolute(self, address: str) -> str:
        """Join an address that an author wrote to the base; a full URL stays what it is."""
        if urlsplit(address).scheme in ("http", "https"):
            return address
        return f"{self.base}/{quote_path(address.lstrip('/'))}"

    def _fill(self, slug: str, path: str) -> str:
        filled = (
            self.style.replace("{slug}", quote_path(slug))
            .replace("{path}", quote_path(path.rpartition(".")[0]))
            .replace("{base}", "")
        )
        if "{base}" not in self.style:
            return filled if urlsplit(filled).scheme else f"{self.base}/{filled.lstrip('/')}"
        # The slug of the first page is empty: one slash at the end, never two.
        return self.base + "/" + _squeeze(filled).lstrip("/")

    @staticmethod
    def _short_slug(path: str) -> str:
        if not is_index(path):
            return stem_of(path)
        return path.rpartition("/")[0].rpartition("/")[2]

    @staticmethod
    def _path_slug(path: str) -> str:
        return path.rpartition("/")[0] if is_index(path) else path.rpartition(".")[0]


def quote_path(path: str) -> str:
    """Percent-encode what cannot stand in an address; letters of any script stay readable."""
    if _SAFE_PATH.fullmatch(path):
        return path
    return "".join(
        c if c.isalnum() or (not c.isascii() and c.isprintable()) else quote(c, safe=_SAFE_IN_PATH)
        for c in path
    )


def _squeeze(path: str) -> str:
    while "//" in path:
        path = path.replace("//", "/")
    return path
