"""Pieces of HTML that do not know their page yet: references and ids that are filled in later.

A chapter is rendered once and shown twice: on its own page, and on the page of the whole book,
where ids of different chapters must not collide and links between chapters stay on the page.
What differs is written as a mark between NUL characters, which no text of a book can hold.
"""

import re
from collections.abc import Callable, Iterator
from html import escape
from urllib.parse import quote

from bookpack.editions.web.addresses import COVER_PATH, is_dangerous, relative
from bookpack.editions.web.site import Site, direction_of
from bookpack.links.resolution import Kind, Resolution
from bookpack.model import Chapter

ID = "\0i"
"""Stands before an id that belongs to a chapter."""
OWN_ID = "bp-"
"""How ids of the templates begin, where a page's own ids leave that free."""
_NOT_IN_FRAGMENT = re.compile(r"[%\s\"<>`]")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_MARK = re.compile(r"\0(?:p(\d+)(#[^\0]*)?\0|f([^\0]*)\0|i)")


def page_mark(number: int, fragment: str = "") -> str:
    """Return the mark of a reference to a page; `fragment` has its number sign."""
    return f"\0p{number}{escape(fragment)}\0"


def file_mark(path: str) -> str:
    """Return the mark of a reference to another file of the site."""
    return f"\0f{escape(path)}\0"


def fragment_of(anchor: str) -> str:
    """Return what a reference has behind its number sign to lead to the id `anchor`.

    https://url.spec.whatwg.org/#fragment-percent-encode-set, and the percent sign itself; other
    letters stay readable.
    """
    return _NOT_IN_FRAGMENT.sub(lambda match: quote(match[0]), anchor)


def on_page(markup: str, path: str, site: Site) -> str:
    """Fill the marks in for the page of a chapter that lies at `path`."""
    return _MARK.sub(_filler(path, site), markup)


def in_whole_book(markup: str, number: int, path: str) -> str:
    """Fill the marks in for chapter `number` on the page of the whole book at `path`."""
    own = whole_book_id(number)

    def fill(match: re.Match[str]) -> str:
        page, fragment, file = match.groups()
        if page is not None:
            target = whole_book_id(int(page))
            return f"#{target}-{fragment[1:]}" if fragment else f"#{target}"
        return f"{own}-" if file is None else escape(relative(path, file))

    return _MARK.sub(fill, markup)


def in_language(language: str, direction: str = "") -> str:
    """Return the attributes of an element whose text is in this language; empty if it is none."""
    way = direction or direction_of(language)
    return f' lang="{escape(language)}" dir="{way}"' if language else ""


def own_id(chapter: Chapter) -> str:
    """Return how ids begin that bookpack itself gives on the chapter's page: none of its own does.

    Headings and the author's HTML may have any id, also `bp-main`.
    """
    prefix, taken = OWN_ID, [name for name in ids_of(chapter) if name.startswith(OWN_ID)]
    while any(name.startswith(prefix) for name in taken):
        prefix += "-"
    return prefix


def ids_of(chapter: Chapter) -> Iterator[str]:
    """Yield the ids that the chapter has by its author: of raw HTML, and of headings."""
    yield from chapter.structure.element_ids
    yield from (heading.anchor for heading in chapter.structure.headings)


def whole_book_id(number: int) -> str:
    """Return the id of a chapter on the page of the whole book."""
    return f"chapter-{number + 1}"


def _filler(path: str, site: Site) -> Callable[[re.Match[str]], str]:
    known: dict[str, str] = {}

    def fill(match: re.Match[str]) -> str:
        mark = match[0]
        if mark == ID:
            return ""
        filled = known.get(mark)
        if filled is None:
            page, fragment, file = match.groups()
            target = site.pages[int(page)].path if page is not None else file
            same = target == path and fragment
            filled = known[mark] = ("" if same else escape(relative(path, target))) + (
                fragment or ""
            )
        return filled

    return fill


class References:
    """Turns what links mean into references of the site, and remembers which files they need."""

    def __init__(self, site: Site, is_file: Callable[[str], bool]) -> None:
        self.site = site
        self.is_file = is_file
        self.assets: dict[str, str] = {}
        """Files of the site → files of the book that are copied there."""

    def reference(self, resolution: Resolution) -> str:
        """Return the reference as it stands between quotes; empty for a target that is none."""
        url = resolution.url.replace("\0", "\ufffd")
        fragment = _LONE_PERCENT.sub("%25", url[url.find("#") :]) if "#" in url else ""
        if resolution.kind is Kind.CHAPTER:
            page = self.site.by_chapter.get(resolution.path)
            if page is not None and "?" not in url:
                return page_mark(page.number, fragment)
        elif resolution.kind is Kind.ASSET:
            path = self._asset(resolution)
            if path:
                return file_mark(path) + escape(fragment)
        return "" if is_dangerous(url) else escape(url)

    def _asset(self, resolution: Resolution) -> str:
        path = self.site.asset_path(resolution.url)
        if not resolution.path:
            return COVER_PATH if path == "" else ""
        if not path or not self.is_file(resolution.path):
            return ""
        self.assets[path] = resolution.path
        return path
