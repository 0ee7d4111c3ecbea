"""The web edition as data: which pages there are, where they lie, and what stands beside them.

Everything that goes into the site's folder is made from one `Site`. Paths are those of files in
that folder, whose root is published at the book's own address; nothing here renders.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit

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
from bookpack.editions.web.places import CONTENTS_PATH, NOT_FOUND_PATH, PRINT_PATH, Places
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
    `depth` tells how many chapters it lies below: `tools/mill.html` lies below `tools/index.html`
    and below `tools.html`, if that stands before it with nothing else but what lies there, too.
    """

    number: int
    path: str
    resolved: ResolvedChapter
    packed: PackedChapter
    depth: int = 0

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

    `token_label` says how the tokens of `Page.packed` were counted. A chapter whose address lies
    outside the book's, or is taken, has no page; findings say so.
    """

    meta: BookMeta
    settings: SiteTable
    pages: tuple[Page, ...]
    parts: tuple[Part, ...]
    redirects: Mapping[str, Page] = field(default_factory=dict)
    token_label: str = ""
    by_chapter: Mapping[str, Page] = field(default_factory=dict)
    """Pages by the path of their chapter."""
    has_room_for_asset: Callable[[str], bool] = lambda path: True
    """Tells whether a file of the book can lie at a path of the site."""

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
        """The path at which the site's root is published, with a slash at both ends.

        It is written as in an address (RFC 3986), whichever way its author wrote it.
        """
        path = unquote(urlsplit(self.meta.url).path)
        return quote(path, safe=SAFE_IN_PATH).rstrip("/") + "/"

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

    def files(self, site: Site) -> Iterable[tuple[str, bytes | None]]:
        """Yield further files of the site: path and content, None where the last one stays."""
        ...

    def head(self, site: Site, page: Page | None) -> str:
        """Return markup for the head of `page`, or of the cover, with everything escaped."""
        ...

    def head_key(self, site: Site) -> str:
        """Return what heads depend on besides the site's settings and the chapter of the page.

        A head is made for pages alone that are rendered; whether one has to be, keys decide.
        """
        ...


def make_site(
    meta: BookMeta,
    settings: SiteTable,
    resolved: Iterable[ResolvedChapter],
    packed: Iterable[PackedChapter],
    token_label: str = "",
) -> Site:
    """Give every chapter its page, gather pages into parts, and find a place for old addresses."""
    bodies = list(zip(resolved, packed, strict=True))
    places = Places((one.chapter for one, _ in bodies), meta.url)
    path_of_chapter = {chapter.path: path for path, chapter in places.pages.items()}
    pages: list[Page] = []
    above: list[str] = []  # folders of the chapters that the next one may lie below
    for one, body in bodies:
        path = path_of_chapter.get(one.chapter.path)
        if path is None:
            continue
        if pages and pages[-1].chapter.part != one.chapter.part:
            above.clear()
        while above and not path.startswith(above[-1]):
            above.pop()
        pages.append(Page(len(pages), path, one, body, len(above)))
        if path != COVER_PATH:
            above.append(_folder_below(path))
    by_chapter = {page.chapter.path: page for page in pages}
    return Site(
        meta=meta,
        settings=settings,
        pages=tuple(pages),
        parts=tuple(_parts(pages)),
        redirects={old: by_chapter[to.path] for old, to in places.redirects.items()},
        token_label=token_label,
        by_chapter=by_chapter,
        has_room_for_asset=places.has_room_for_asset,
    )


def direction_of(language: str) -> str:
    """Return `rtl` for languages that are written from right to left, else `ltr`."""
    tag = language.lower().replace("_", "-")
    if "-arab" in tag or "-hebr" in tag:
        return "rtl"
    if "-latn" in tag or "-cyrl" in tag:
        return "ltr"
    return "rtl" if tag.split("-")[0] in _RIGHT_TO_LEFT else "ltr"


def _folder_below(path: str) -> str:
    """Return the folder of the chapters that lie below the one whose page is at `path`."""
    folder = path.removesuffix("/index.html")
    folder = folder if folder != path else path.rpartition(".")[0]
    outer, _, name = folder.rpartition("/")
    # Where a folder has no index, a chapter of its own name often speaks for it.
    return f"{outer if name == outer.rpartition('/')[2] else folder}/"


def _parts(pages: list[Page]) -> Iterable[Part]:
    run: list[Page] = []
    for page in pages:
        if run and run[-1].chapter.part != page.chapter.part:
            yield Part(run[0].chapter.part, tuple(run))
            run = []
        run.append(page)
    if run:
        yield Part(run[0].chapter.part, tuple(run))
