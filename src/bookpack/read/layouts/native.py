"""bookpack's own convention: a folder of chapters.

Order: the list `chapters` or the `[[part]]` tables of `bookpack.toml` where there are any;
else front matter `weight`, then natural order of names, folder by folder. Folders are parts.
Addresses: front matter `url` or `slug`, else a `url: …` line under the first heading, else
`url-style` with the file's name as slug.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from bookpack.config import SETTINGS_FILE, Settings
from bookpack.diagnostics import Diagnostic, report
from bookpack.errors import SettingsError
from bookpack.model import AddressLine, BookMeta
from bookpack.read.dialects.foreign import ForeignMarkup
from bookpack.read.files import BookFiles
from bookpack.read.front_matter import FrontMatter, stays_below, values_without_meaning
from bookpack.read.layouts.base import (
    Entry,
    Page,
    Plan,
    absolute_address,
    quote_path,
    read_page,
    read_pages,
)
from bookpack.read.markdown import parse_markdown
from bookpack.read.order import is_index, natural_key, order_number, readable_name, stem_of
from bookpack.source import Source, Span

NAME = "native"
_LAST = float("inf")


def recognise(files: BookFiles, settings: Settings) -> str | None:
    """Any folder can be read so."""
    return f"Markdown files in {chapter_folder(files, settings) or 'this folder'}"


def meta(files: BookFiles, settings: Settings) -> BookMeta:
    """Nothing is known beside bookpack's own settings."""
    return BookMeta()


def chapter_folder(files: BookFiles, settings: Settings) -> str:
    """Return `[layout] source`, else `chapters` where there is such a folder, else the book's."""
    if settings.layout.source:
        return settings.layout.source.strip("/").removeprefix("./").removesuffix("/.").strip(".")
    return "chapters" if (files.folder / "chapters").is_dir() else ""


def plan(files: BookFiles, settings: Settings) -> Plan:
    """Put the chapter folder's pages into reading order. Raises `SettingsError`."""
    root = chapter_folder(files, settings)
    if not files.exists(root or ".") and (files.folder / root).is_dir():
        raise SettingsError(
            f"The chapter folder {root} is a link out of the book; nothing out there is read."
        )
    if not (files.folder / root).is_dir():
        raise SettingsError(
            f"There is no folder {files.folder / root}. "
            "Name the folder of chapters as source in [layout]."
        )
    pages = read_pages(files, root, settings.layout.exclude)
    if settings.layout.chapters or settings.part:
        pages += _listed_besides(pages, files, root, settings)
        entries, left_out, diagnostics = _arrange_listed(pages, root, settings)
    else:
        entries, left_out, diagnostics = _arrange_by_name(pages, settings)
    diagnostics += [
        report(problem.rule, page.source, problem.message, problem.span)
        for page in pages
        for problem in values_without_meaning(page.front, page.source.text)
    ]
    addresses = Addresses(settings, [entry.page.path for entry in entries])
    return Plan(
        root,
        tuple(entries),
        left_out=tuple(left_out),
        asset_folders=(root,) if root else (),
        dialect=ForeignMarkup(),
        address=addresses.of,
        diagnostics=(*diagnostics, *addresses.diagnostics(entries)),
    )


_Arrangement = tuple[list[Entry], list[tuple[Page, str]], list[Diagnostic]]


def _arrange_by_name(pages: Sequence[Page], settings: Settings) -> _Arrangement:
    titles = {
        page.path.rpartition("/")[0]: title
        for page in pages
        if "/" in page.path and is_index(page.path) and (title := index_title(page))
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
            if depth == len(names) and is_index(name):
                weight = -_LAST
            levels.append((_LAST if weight is None else weight, natural_key(path)))
        return tuple(levels)

    entries: list[Entry] = []
    left_out: list[tuple[Page, str]] = []
    diagnostics: list[Diagnostic] = []
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
        entries.append(Entry(page, part, order_number=number))
    diagnostics += _repeated_numbers(entries)
    return entries, left_out, diagnostics


def _listed_besides(
    pages: Sequence[Page], files: BookFiles, root: str, settings: Settings
) -> list[Page]:
    """Read the listed chapters that have another suffix than Markdown's own."""
    known = {page.path for page in pages}
    listed = [
        *settings.layout.chapters,
        *(name for part in settings.part for name in part.chapters),
    ]
    found = []
    for name in listed:
        path = name.replace("\\", "/").removeprefix("./")
        inside = f"{root}/{path}" if root else path
        if path not in known and files.is_file(inside):
            known.add(path)
            page = read_page(files, root, path)
            found += [page] if page is not None else []
    return found


def index_title(page: Page) -> str:
    """Return the title of a folder's first page: front matter's, else its first heading."""
    if page.front.title:
        return page.front.title
    structure = parse_markdown(page.source.text, start=page.front.end)
    first = next((h for h in structure.headings if h.level == 1 and h.outermost), None)
    return first.text if first else ""


def _arrange_listed(pages: Sequence[Page], root: str, settings: Settings) -> _Arrangement:
    toml = _settings_source(settings)
    by_path = {page.path: page for page in pages}
    prefix = f"{root}/"
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
    return entries, left_out, diagnostics


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
        if entry.order_number is None or is_index(entry.page.path):
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


def _stated(front: FrontMatter) -> list[str]:
    return [address for address in (front.url, front.slug) if address is not None]


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

    def of(self, page: Page, line: AddressLine | None) -> tuple[str, bool]:
        """Return the URL of `page`, and whether its author stated it.

        `line` is the `url: …` line under its first heading.
        """
        front = page.front
        if front.url is not None and stays_below(front.url):
            return self.absolute(front.url), True
        if front.slug is not None and stays_below(front.slug):
            slug = front.slug.strip("/")
            folder = page.path.rpartition("/")[0]
            return self._fill(slug, f"{folder}/{slug}" if folder else slug), True
        if line is not None:
            return self.absolute(line.address), True
        shared = self._is_shared(page.path)
        slug = self._path_slug(page.path) if shared else self._short_slug(page.path)
        # Where a page is a folder of its own, an index page is the folder that it speaks for.
        in_folder = "{path}/" in self.style
        path = self._path_slug(page.path) if in_folder else page.path.rpartition(".")[0]
        return self._fill(slug, path), False

    def absolute(self, address: str) -> str:
        """Join an address that an author wrote to the base; a full URL stays what it is."""
        return absolute_address(self.base, address)

    def diagnostics(self, entries: Iterable[Entry]) -> list[Diagnostic]:
        """Report the files whose name another file has, where the name is the slug."""
        if "{slug}" not in self.style:
            return []
        return [
            report(
                "ambiguous-slug",
                entry.page.source,
                f"{entry.page.path} shares its name with another file, so its folder went into "
                f"its address: {self.of(entry.page, None)[0]}.",
            )
            for entry in entries
            if self._is_shared(entry.page.path)
            and "/" in entry.page.path
            and not any(map(stays_below, _stated(entry.page.front)))
        ]

    def _is_shared(self, path: str) -> bool:
        return self._slug_uses[self._short_slug(path)] > 1

    def _fill(self, slug: str, path: str) -> str:
        filled = (
            self.style.replace("{slug}", quote_path(slug))
            .replace("{path}", quote_path(path))
            .replace("{base}", "")
        )
        if "{base}" not in self.style:
            return filled if urlsplit(filled).scheme else f"{self.base}/{filled.lstrip('/')}"
        # The slug of the first page is empty: a file needs a name all the same, and a folder
        # one slash at the end, never two.
        filled = re.sub(r"/(?=\.\w+$)", "/index", filled)
        while "//" in filled:
            filled = filled.replace("//", "/")
        return f"{self.base}/{filled.lstrip('/')}"

    @staticmethod
    def _short_slug(path: str) -> str:
        if not is_index(path):
            return stem_of(path)
        return path.rpartition("/")[0].rpartition("/")[2]

    @staticmethod
    def _path_slug(path: str) -> str:
        return path.rpartition("/")[0] if is_index(path) else path.rpartition(".")[0]
