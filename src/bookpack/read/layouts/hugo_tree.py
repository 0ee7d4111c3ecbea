"""Hugo's tree of sections and the order of what is in it.

Source: gohugo.io/quick-reference/page-collections#sort for the default order, and
gohugo.io/content-management/sections for what is a section.
"""

import unicodedata
from collections.abc import Iterable, Iterator

from bookpack.read.layouts.hugo_addresses import HugoPage, seconds, without_accents
from bookpack.read.layouts.hugo_values import as_text
from bookpack.read.order import readable_name


class HugoTree:
    """The pages of one language in their sections.

    `indexes` are section → its own page, `sections` all sections but the root.
    """

    def __init__(self, pages: Iterable[HugoPage]) -> None:
        self.pages = list(pages)
        self.indexes = {page.folder: page for page in self.pages if page.is_section}
        self.sections = self._find()

    def title_of(self, section: str) -> str:
        """Return a section's title: its page's, else its folder's name."""
        index = self.indexes.get(section)
        title = index.page.front.title if index is not None else None
        return title or readable_name(section.rpartition("/")[2])

    def _find(self) -> set[str]:
        """Every folder at the top is a section, and every one with an `_index.md`."""
        tops = {page.folder.partition("/")[0] for page in self.pages if page.folder}
        return {*self.indexes, *tops} - {""}

    def section_of(self, folder: str) -> str:
        """Return the section that a folder belongs to; empty for the root."""
        while folder and folder not in self.sections:
            folder = folder.rpartition("/")[0]
        return folder

    def in_order(self) -> Iterator[HugoPage]:
        """Yield all pages in reading order, a section's own page before what is in it."""
        inside: dict[str, list[HugoPage]] = {}
        below: dict[str, list[str]] = {}
        newest: dict[str, float] = {}
        for page in self.pages:
            section = self.section_of(page.folder)
            if not page.is_section:
                inside.setdefault(section, []).append(page)
            # A section without a date has that of its newest page.
            when = seconds(page.date)
            while True:
                newest[section] = max(newest.get(section, when), when)
                if not section:
                    break
                section = self.section_of(section.rpartition("/")[0])
        for section in sorted(self.sections):
            parent = self.section_of(section.rpartition("/")[0])
            below.setdefault(parent, []).append(section)

        def section_key(section: str) -> tuple[object, ...]:
            page = self.indexes.get(section)
            if page is None:
                title = readable_name(section.rpartition("/")[2])
                return _sort_key(0, newest.get(section, 0.0), title, section)
            own = seconds(page.date) if page.date.year > 1 else newest.get(section, 0.0)
            title = _menu_title(page) or readable_name(section.rpartition("/")[2])
            return _sort_key(page.page.front.weight or 0, own, title, section)

        def walk(section: str) -> Iterator[HugoPage]:
            if section in self.indexes:
                yield self.indexes[section]
            children: list[tuple[tuple[object, ...], HugoPage | str]] = [
                (section_key(child), child) for child in below.get(section, [])
            ]
            for page in inside.get(section, []):
                weight = page.page.front.weight or 0
                key = _sort_key(weight, seconds(page.date), _menu_title(page), page.path)
                children.append((key, page))
            for _, child in sorted(children, key=lambda pair: pair[0]):
                if isinstance(child, str):
                    yield from walk(child)
                else:
                    yield child

        return walk("")


def common_folder(folders: list[str]) -> str:
    """Return the folder that all of `folders` share."""
    if not folders:
        return ""
    names = [folder.split("/") if folder else [] for folder in folders]
    shared = []
    for level in zip(*names, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return "/".join(shared)


def _menu_title(page: HugoPage) -> str:
    return as_text(page.value("linktitle")) or page.page.front.title or ""


def _sort_key(weight: float, when: float, title: str, path: str) -> tuple[object, ...]:
    return (weight == 0, weight, -when, _collated(title), path)


def _collated(title: str) -> tuple[object, ...]:
    """Return a key that sorts titles as a dictionary does: marks, digits, letters; no case."""
    plain = without_accents(title).casefold()

    def rank(character: str) -> int:
        return 2 if character.isalpha() else int(unicodedata.category(character) == "Nd")

    return (tuple((rank(c), c) for c in plain), title)
