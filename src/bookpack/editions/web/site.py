"""The web edition as data: which pages there are, where they lie, and what stands beside them.

Everything that goes into the site's folder is made from one `Site`. Paths are those of files in
that folder, whose root is published at the book's own address; nothing here renders.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote, urlsplit

from bookpack.config.tables import SiteTable
from bookpack.editions.packed import PackedChapter
from bookpack.editions.web.addresses import (
    COVER_PATH,
    OWN_FOLDER,
    SAFE_IN_PATH,
    inside_base,
    path_of,
    relative,
    spoken,
)
from bookpack.images.words import PictureWords
from bookpack.links.book import ResolvedChapter
from bookpack.model import BookMeta, Chapter, Image

__all__ = [
    "CONTENTS_PATH",
    "COVER_PATH",
    "NOT_FOUND_PATH",
    "OWN_FOLDER",
    "PRINT_PATH",
    "Contribution",
    "Page",
    "Part",
    "Site",
    "Words",
    "make_site",
    "path_of",
    "relative",
]
CONTENTS_PATH = "contents.html"
PRINT_PATH = "print.html"
NOT_FOUND_PATH = "404.html"
_RIGHT_TO_LEFT = frozenset(
    ("ar", "arc", "ckb", "dv", "fa", "he", "khw", "ks", "ps", "sd", "syr", "ug", "ur", "yi")
)

Words = Callable[[Image, str], PictureWords]
"""Gives the words for an image, by the image and the path of its file (empty where unknown)."""


@dataclass(frozen=True, slots=True)
class Page:
    """A chapter as a page of the site.

    `path` is the page's file, such as `explore/index.html`; `number` counts from 0 in reading
    order. `packed` is the same chapter as Markdown that stands by itself, with its tokens.
    """

    number: int
    path: str
    resolved: ResolvedChapter
    packed: PackedChapter

    @property
    def chapter(self) -> Chapter:
        """The chapter that this page shows."""
        return self.resolved.chapter

    @property
    def title(self) -> str:
        """The chapter's title as plain text."""
        return self.resolved.chapter.title

    @property
    def url(self) -> str:
        """The absolute address, exactly as the pack cites it."""
        return self.resolved.chapter.url


@dataclass(frozen=True, slots=True)
class Part:
    """A titled run of pages; the title is empty where the book has no parts."""

    title: str
    pages: tuple[Page, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """The whole web edition. `redirects` are paths of old pages → the page that took over.

    `token_label` says how the tokens of `Page.packed` were counted; `homeless` are chapters
    whose stated address lies outside the book's, so that no page of this site can be there.
    """

    meta: BookMeta
    settings: SiteTable
    pages: tuple[Page, ...]
    parts: tuple[Part, ...]
    redirects: Mapping[str, Page] = field(default_factory=dict)
    token_label: str = ""
    homeless: tuple[Chapter, ...] = ()
    by_chapter: Mapping[str, Page] = field(default_factory=dict)
    """Pages by the path of their chapter."""

    @property
    def language(self) -> str:
        """The book's language as a BCP 47 tag."""
        return self.meta.language or "en"

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`, by the language unless the settings say it."""
        return self.settings.direction or direction_of(self.language)

    @property
    def home(self) -> Page | None:
        """The chapter that is published at the book's own address, if one is."""
        return next((page for page in self.pages if page.path == COVER_PATH), None)

    @property
    def base_path(self) -> str:
        """The path at which the site's root is published, with a slash at both ends."""
        return urlsplit(self.meta.url).path.rstrip("/") + "/"

    def address_of(self, path: str) -> str:
        """Return the absolute address of a file of the site; `index.html` stays unspoken."""
        return f"{self.meta.url.rstrip('/')}/{quote(spoken(path), safe=SAFE_IN_PATH)}"

    def asset_path(self, url: str) -> str | None:
        """Return the file of the site that is published at `url`; empty for the site's root."""
        return inside_base(url, self.meta.url)

    def previous(self, page: Page) -> Page | None:
        """Return the page before `page` in reading order."""
        return self.pages[page.number - 1] if page.number else None

    def next(self, page: Page) -> Page | None:
        """Return the page after `page` in reading order."""
        following = page.number + 1
        return self.pages[following] if following < len(self.pages) else None


class Contribution(Protocol):
    """A module that adds to the site: files of its own, and markup in the head of pages.

    Search, feeds, cards and files for machines are such modules; each stands by itself.
    """

    def files(self, site: Site) -> Iterable[tuple[str, bytes]]:
        """Yield further files of the site: path and content."""
        ...

    def head(self, site: Site, page: Page | None) -> str:
        """Return markup for the head of `page`, or of the cover, with everything escaped."""
        ...


def make_site(
    meta: BookMeta,
    settings: SiteTable,
    resolved: Iterable[ResolvedChapter],
    packed: Iterable[PackedChapter],
    token_label: str = "",
) -> Site:
    """Give every chapter its page, gather pages into parts, and find a place for old addresses."""
    pages: list[Page] = []
    homeless: list[Chapter] = []
    taken: set[str] = {CONTENTS_PATH, PRINT_PATH, NOT_FOUND_PATH}
    for one, body in zip(resolved, packed, strict=True):
        path = path_of(one.chapter.url, meta.url)
        if path is None or path in taken:
            homeless.append(one.chapter)
            continue
        taken.add(path)
        pages.append(Page(len(pages), path, one, body))
    redirects: dict[str, Page] = {}
    for page in pages:
        for alias in page.chapter.aliases:
            old = path_of(alias, meta.url)
            if old is not None and old not in taken and old not in redirects:
                redirects[old] = page
    return Site(
        meta=meta,
        settings=settings,
        pages=tuple(pages),
        parts=tuple(_parts(pages)),
        redirects=redirects,
        token_label=token_label,
        homeless=tuple(homeless),
        by_chapter={page.chapter.path: page for page in pages},
    )


def direction_of(language: str) -> str:
    """Return `rtl` for languages that are written from right to left, else `ltr`."""
    tag = language.lower().replace("_", "-")
    if "-arab" in tag or "-hebr" in tag:
        return "rtl"
    if "-latn" in tag or "-cyrl" in tag:
        return "ltr"
    return "rtl" if tag.split("-")[0] in _RIGHT_TO_LEFT else "ltr"


def _parts(pages: list[Page]) -> Iterable[Part]:
    run: list[Page] = []
    for page in pages:
        if run and run[-1].chapter.part != page.chapter.part:
            yield Part(run[0].chapter.part, tuple(run))
            run = []
        run.append(page)
    if run:
        yield Part(run[0].chapter.part, tuple(run))
