"""Who gets which file of the site: pages first, then old addresses, each only where there is room.

A file and a folder cannot share a name. Two names that differ in capitals only, or in how a letter
with its marks is written, are one file on macOS and Windows; they are compared as such systems do.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bookpack.editions.web.addresses import COVER_PATH, OWN_FOLDER, is_own, path_of
from bookpack.model import Chapter

CONTENTS_PATH = "contents.html"
PRINT_PATH = "print.html"
NOT_FOUND_PATH = "404.html"
_PAGES = (CONTENTS_PATH, PRINT_PATH, NOT_FOUND_PATH)
_FILES = (
    OWN_FOLDER,
    ".nojekyll",
    "favicon.ico",
    "feed.xml",
    "llms-full.txt",
    "llms.txt",
    "manifest.webmanifest",
    "robots.txt",
    "sitemap.xml",
)
"""What the site writes itself, or browsers and robots look for, beside pages."""


class Claim(NamedTuple):
    """A file of the site, and whose it is: None for the site itself. `address` leads to it."""

    path: str
    address: str = ""
    chapter: Chapter | None = None


class Clash(NamedTuple):
    """A chapter's address (or alias) that leads to a file which somebody else has.

    `lost` tells that there is no page at the address; otherwise it is lost on some systems.
    """

    chapter: Chapter
    address: str
    holder: Claim
    lost: bool

    def __str__(self) -> str:
        """Return what is wrong as a sentence."""
        other = self.holder
        owner = other.chapter.source.path if other.chapter else "the site itself"
        if self.lost:
            return f"{self.address} cannot have a page: {other.path} belongs to {owner}."
        return (
            f"{self.address} differs from {other.path}, which belongs to {owner}, in capitals "
            "only: on macOS and Windows both are one file."
        )


class Places:
    """Places for `chapters` of the book at `base`: `pages` and `redirects`, files of the site →
    their chapter, and the `clashes` where there was no room.
    """

    def __init__(self, chapters: Iterable[Chapter], base: str) -> None:
        self.pages: dict[str, Chapter] = {}
        self.redirects: dict[str, Chapter] = {}
        self.clashes: list[Clash] = []
        self._files: dict[str, Claim] = {}
        self._folders: dict[str, Claim] = {}
        for path in (COVER_PATH, *_PAGES, *_FILES):
            self._claim(Claim(path))
        for chapter in chapters:
            self._place(chapter, base)
        for chapter in list(self.pages.values()):
            for alias in chapter.aliases:
                self._redirect(chapter, alias, base)

    def has_room_for_asset(self, path: str) -> bool:
        """Tell whether a file of the book can lie at `path`, in the place of one beside pages."""
        holder = self._holder(path)
        return holder is None or (holder.path == path and path in _FILES)

    def _place(self, chapter: Chapter, base: str) -> None:
        path = path_of(chapter.url, base)
        if path is None:
            if is_own(chapter.url, base):
                self.clashes.append(Clash(chapter, chapter.url, Claim(OWN_FOLDER), True))
            return
        for file in (path, twin_of(path)):
            holder = self._holder(file)
            if file == COVER_PATH and holder == Claim(COVER_PATH):
                continue  # the one file of the site itself that a chapter may take over
            if holder is not None:
                lost = not _differ_in_capitals_only(file, holder.path)
                self.clashes.append(Clash(chapter, chapter.url, holder, lost))
                if lost:
                    return
                break
        self.pages[path] = chapter
        for file in (path, twin_of(path)):
            self._claim(Claim(file, chapter.url, chapter))

    def _redirect(self, chapter: Chapter, alias: str, base: str) -> None:
        path = path_of(alias, base)
        if path is None:
            if is_own(alias, base):
                self.clashes.append(Clash(chapter, alias, Claim(OWN_FOLDER), True))
            return
        holder = self._holder(path)
        if holder is None:
            self.redirects[path] = chapter
            self._claim(Claim(path, alias, chapter))
        elif holder.chapter is not chapter or holder.path != path:
            self.clashes.append(Clash(chapter, alias, holder, True))

    def _claim(self, claim: Claim) -> None:
        self._files[_folded(claim.path)] = claim
        for folder in _folders(_folded(claim.path)):
            self._folders.setdefault(folder, claim)

    def _holder(self, path: str) -> Claim | None:
        """Return what stands in the way of a file at `path`."""
        folded = _folded(path)
        for file in (folded, *_folders(folded)):
            if file in self._files:
                return self._files[file]
        return self._folders.get(folded)


def twin_of(path: str) -> str:
    """Return the file that holds the page at `path` as Markdown."""
    stem, dot, suffix = path.rpartition(".")
    # The other suffix that pages may have keeps its own, so that two pages never share a file.
    return f"{stem}.md" if suffix == "html" else f"{stem}{dot}{suffix}.md"


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _folders(path: str) -> Iterator[str]:
    """Yield the folders that the file `path` lies in."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _differ_in_capitals_only(path: str, other: str) -> bool:
    return path != other and _folded(path) == _folded(other)
