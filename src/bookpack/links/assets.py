"""A target that means no chapter: an asset, a page of the site, a draft, or nothing at all."""

import posixpath
import re
from urllib.parse import quote, unquote, urljoin, urlsplit

from bookpack.links.own_site import WEB, OwnSite, with_tail
from bookpack.links.resolution import Kind, Resolution
from bookpack.links.suggest import Suggestions
from bookpack.model import Book, Chapter
from bookpack.read.files import MARKDOWN_SUFFIXES, BookFiles
from bookpack.read.layouts.base import quote_path

PAGE_SUFFIX = re.compile(r"\.(?:html?|md|markdown)$", re.I)


class AssetResolver:
    """Resolves what means no chapter of `book`."""

    def __init__(
        self, book: Book, files: BookFiles, site: OwnSite, suggestions: Suggestions
    ) -> None:
        self.book = book
        self.files = files
        self.site = site
        self.suggestions = suggestions
        self._files = dict(book.site_pages)
        self._addresses = {site.key(url): url for _, url in book.site_pages}
        self.drafts = {left.path: left.reason for left in book.left_out}
        self.draft_addresses = {site.key(left.url): left for left in book.left_out}

    def is_site_page(self, address: str) -> bool:
        """Tell whether a page of the site that is no chapter has this address."""
        return self.site.key(address) in self._addresses

    def resolve(
        self, target: str, path: str, chapter: Chapter, absolute: bool, is_image: bool
    ) -> Resolution:
        """Return what `target` means, whose `path` is no chapter's, where it stands in `chapter`.

        `absolute` tells that it is a full address of the book.
        """
        relative = not absolute
        url = browser_url(target, chapter)
        named = unquote(path)
        if absolute:
            named = unquote(urlsplit(target).path.removeprefix(self.site.base_path))
        rooted = absolute or path.startswith("/")
        places = self._at_root(named) if rooted else self._beside(named, chapter, url)
        candidates = list(dict.fromkeys(map(posixpath.normpath, places)))
        if any(c == ".." or c.startswith("../") for c in candidates):
            if self._is_sibling(url, candidates):
                return Resolution(Kind.ASSET, url, relative=relative)
            message = f"{target} leads out of the book's folder."
            return _broken(url, "link-out-of-book", message, relative)
        if rooted and not named.strip("/"):
            return Resolution(Kind.ASSET, with_tail(f"{self.book.meta.url}/", target))
        site_page = self._site_page(candidates, url)
        if site_page:
            return Resolution(Kind.ASSET, with_tail(site_page, target), relative=relative)
        draft = self._draft_of(candidates, url)
        if draft:
            message = f"{target} leads to {draft}."
            at = self._url_of_left_out(candidates) or url
            return _broken(at, "link-to-draft", message, relative)
        for candidate in candidates:
            # A chapter would have been found; a Markdown file that is left is not published.
            is_page = candidate.lower().endswith(MARKDOWN_SUFFIXES)
            if not is_page and self.files.is_file(candidate):
                at = url if absolute else self._asset_url(candidate, target)
                return Resolution(Kind.ASSET, at, candidate, relative=relative)
        if relative and not is_image and self._is_sibling(url, candidates):
            return Resolution(Kind.ASSET, url, relative=relative)
        suffix = posixpath.splitext(named)[1].lower()
        is_page = not suffix or PAGE_SUFFIX.match(suffix) is not None or not suffix[1:].isalnum()
        if is_image or not is_page:
            # An address of the book with a file name: nothing here can tell that it is wrong.
            return (
                Resolution(Kind.ASSET, url, candidates[0])
                if absolute
                else self._missing_file(target, candidates, chapter)
            )
        if path.lower().endswith(MARKDOWN_SUFFIXES) and not rooted:
            url = self._url_of_missing(candidates[0])
        outside = next((c for c in candidates if self.files.is_file(c)), "")
        message = f"{target} leads to no chapter of the book."
        if outside:
            message = f"{target} leads to {outside}, which is no chapter of the book."
        help = self.suggestions.chapters(target, named, chapter)
        return _broken(url, "broken-link", message, relative, help)

    def _at_root(self, named: str) -> list[str]:
        """Return the files that a path from the root of the site can mean."""
        inside = named.lstrip("/")
        folders = [f"{folder}/" if folder else "" for folder in self.book.asset_folders]
        places = [*(folder + inside for folder in folders), inside]
        if self.site.base_path and f"/{inside}".startswith(f"{self.site.base_path}/"):
            below = f"/{inside}".removeprefix(f"{self.site.base_path}/")
            places += (folder + below for folder in [*folders, ""])
        return places

    def _beside(self, named: str, chapter: Chapter, url: str) -> list[str]:
        """Return the files that a path from the chapter's folder or its page can mean."""
        folder = posixpath.dirname(self.site.prefix + chapter.path)
        return [posixpath.join(folder, named), *self._published_at(url)]

    def _missing_file(self, target: str, candidates: list[str], chapter: Chapter) -> Resolution:
        """Return what a relative target means whose file is not there as it is spelled."""
        for candidate in candidates:
            similar = self.files.similar(candidate)
            if similar == candidate:
                at, message = self._asset_url(candidate, target), "is a link out of the book."
                return _broken(at, "link-out-of-book", f"{candidate} {message}", True)
            if similar is not None:
                return Resolution(
                    Kind.ASSET,
                    self._asset_url(similar, target),
                    similar,
                    rule="wrong-case-in-link",
                    message=f"The file is spelled {similar}.",
                    relative=True,
                )
        message = f"There is no file {candidates[0]}."
        help = self.suggestions.form(target, chapter)
        return _broken(self._asset_url(candidates[0], target), "missing-asset", message, True, help)

    def _site_page(self, candidates: list[str], url: str) -> str:
        for candidate in candidates:
            for suffix in ("", *MARKDOWN_SUFFIXES):
                if candidate + suffix in self._files:
                    return self._files[candidate + suffix]
        return self._addresses.get(self.site.key(url), "")

    def _url_of_left_out(self, candidates: list[str]) -> str:
        for candidate in candidates:
            name = candidate.removeprefix(self.site.prefix)
            for left in self.book.left_out:
                if left.path == name and left.url:
                    return left.url
        return ""

    def _draft_of(self, candidates: list[str], url: str) -> str:
        for candidate in candidates:
            for suffix in ("", *MARKDOWN_SUFFIXES):
                name = candidate.removeprefix(self.site.prefix) + suffix
                if name in self.drafts:
                    return f"{name}, which is left out ({self.drafts[name]})"
        left = self.draft_addresses.get(self.site.key(url))
        return f"{left.path}, which is left out ({left.reason})" if left else ""

    def _published_at(self, url: str) -> list[str]:
        """Return the files that can be published at an address of the book, if it is one."""
        if not self.site.is_own(url):
            return []
        inside = unquote(urlsplit(url).path).removeprefix(self.site.base_path).lstrip("/")
        return [f"{folder}/{inside}" for folder in self.book.asset_folders if folder]

    def _asset_url(self, path: str, target: str) -> str:
        folder = posixpath.dirname(path)
        while folder and self.book.asset_addresses:
            if folder in self.book.asset_addresses:
                address = self.book.asset_addresses[folder].rstrip("/")
                rest = path.removeprefix(f"{folder}/")
                return with_tail(f"{address}/{quote_path(rest)}", target)
            folder = posixpath.dirname(folder)
        for folder in (*self.book.asset_folders, self.book.root):
            if folder and path.startswith(f"{folder}/"):
                path = path.removeprefix(f"{folder}/")
                break
        return with_tail(f"{self.book.meta.url}/{quote_path(path)}", target)

    def _is_sibling(self, url: str, candidates: list[str]) -> bool:
        """Tell whether a link leaves the book for another one published beside it.

        `../std/vec.html` in a book at `https://example.org/book/` is meant as an address; a
        Markdown file out there is not, nor is any path where the book owns its whole host.
        """
        outside = self.site.base_path and WEB.match(url) and not self.site.is_own(url)
        return bool(outside) and not any(c.lower().endswith(MARKDOWN_SUFFIXES) for c in candidates)

    def _url_of_missing(self, path: str) -> str:
        stem = PAGE_SUFFIX.sub("", path.removeprefix(self.site.prefix))
        # Named as the book names its pages, so that it is right once the chapter is there.
        first = self.book.chapters[0].url if self.book.chapters else ""
        ending = ".html" if first.endswith(".html") else "/"
        return f"{self.book.meta.url}/{quote_path(stem)}{ending}"


def _broken(url: str, rule: str, message: str, relative: bool, help: str = "") -> Resolution:
    return Resolution(Kind.BROKEN, url, rule=rule, message=message, help=help, relative=relative)


def browser_url(target: str, chapter: Chapter) -> str:
    """Return where a browser would go that follows `target` on the page of `chapter` (RFC 3986)."""
    try:
        return urljoin(chapter.url, target)
    except ValueError:
        return quote(target)
