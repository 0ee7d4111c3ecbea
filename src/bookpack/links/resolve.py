"""Targets as authors write them → the absolute address of what they mean.

A target is looked up as a file of the book, as an address of the book (root-relative, own
absolute, alias, relative to the chapter's own address) and as an asset. What means nothing is
reported with the nearest candidates and still made absolute, as a browser would (RFC 3986),
so that no relative target leaves the house.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from bookpack.links.suggest import Suggestions
from bookpack.model import Book, Chapter
from bookpack.read.files import MARKDOWN_SUFFIXES, BookFiles
from bookpack.read.layouts.base import quote_path

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_WEB = re.compile(r"(?:https?:)?//", re.I)
_INDEX = re.compile(r"(?:^|/)(?:index|README)(?:\.html?|\.md)?$", re.I)
_PAGE_SUFFIX = re.compile(r"\.(?:html?|md|markdown)$", re.I)
_INDEX_NAMES = ("index", "README", "_index")


class Kind(StrEnum):
    """What a target turned out to be."""

    CHAPTER = "chapter"
    ASSET = "asset"
    EXTERNAL = "external"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a target means. `url` is what editions write; external targets keep theirs.

    `rule` and `message` say what is wrong, when something is. `path` is the chapter or asset.
    """

    kind: Kind
    url: str
    path: str = ""
    anchor: str = ""
    rule: str = ""
    message: str = ""
    help: str = ""
    relative: bool = False


def asset_path(resolution: Resolution) -> str:
    """Return the path in the book of the asset that a target means, empty where it means none."""
    return resolution.path if resolution.kind is Kind.ASSET else ""


class LinkResolver:
    """Resolves the targets of one book; every answer is remembered."""

    def __init__(self, book: Book, files: BookFiles) -> None:
        self.book = book
        self.files = files
        base = urlsplit(book.meta.url)
        self.prefix = f"{book.root}/" if book.root else ""
        self.host = _host(base)
        self.base_path = base.path.rstrip("/")
        self.chapters = {chapter.path: chapter for chapter in book.chapters}
        self.folded: dict[str, list[Chapter]] = {}
        self.addresses: dict[str, list[Chapter]] = {}
        self.site_files = dict(book.site_pages)
        self.site_addresses = {self._address_key(url): url for _, url in book.site_pages}
        self.drafts = {left.path: left.reason for left in book.left_out}
        self.draft_addresses = {self._address_key(left.url): left for left in book.left_out}
        for chapter in book.chapters:
            self.folded.setdefault(chapter.path.casefold(), []).append(chapter)
            for address in (chapter.url, *chapter.aliases):
                known = self.addresses.setdefault(self._address_key(address), [])
                if chapter not in known:
                    known.append(chapter)
        self._anchors: dict[str, frozenset[str]] = {}
        self._folded: dict[str, dict[str, list[str]]] = {}
        self._answers: dict[tuple[str, str, bool], Resolution] = {}
        self.suggestions = Suggestions(book)

    def resolve(self, target: str, chapter: Chapter, *, is_image: bool = False) -> Resolution:
        """Return what the decoded `target` means when it stands in `chapter`."""
        if _SCHEME.match(target) and not _WEB.match(target):
            return Resolution(Kind.EXTERNAL, target)
        key = (target, chapter.path, is_image)
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = self._resolve(target, chapter, is_image)
        return answer

    def is_own(self, url: str) -> bool:
        """Tell whether an absolute address lies under the book's base URL."""
        if not _WEB.match(url):
            return False
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        if _host(parts) != self.host:
            return False
        return not self.base_path or (parts.path + "/").startswith(self.base_path + "/")

    def _resolve(self, target: str, chapter: Chapter, is_image: bool) -> Resolution:
        if not target.strip():
            if is_image:
                return Resolution(
                    Kind.BROKEN, "", rule="empty-link", message="The image has no source."
                )
            return Resolution(Kind.BROKEN, "", rule="empty-link", message="The link has no target.")
        target = target.strip()
        absolute = bool(_WEB.match(target))
        # Aliases may lie on another host: the book's own old addresses.
        foreign = absolute and not self.is_own(target)
        whole = target.partition("#")[0]
        if foreign and not self._at(whole) and not self._at(whole.partition("?")[0]):
            return Resolution(Kind.EXTERNAL, target)
        path, query, anchor = _split(target)
        if not path and not query:
            if anchor in self.book.labels and anchor not in self.anchors(chapter):
                labelled = self._labelled(anchor)
                if labelled is not None:
                    return labelled
            return self._with_anchor(chapter, chapter.url, query, anchor, relative=True)
        lookup = self._lookup_address if absolute or path.startswith("/") else self._lookup_relative
        # Some sites tell their pages apart by the query alone: `/?p=12`.
        found, near = self._at(urljoin(chapter.url, f"{path}?{query}")) if query else [], False
        if found:
            query = ""
        else:
            found, near = lookup(unquote(path), path, chapter)
        if len(found) > 1:
            names = " and ".join(c.path for c in found)
            return Resolution(
                Kind.BROKEN,
                self._browser_url(target, chapter),
                rule="ambiguous-link",
                message=f"{target} can mean {names}.",
                relative=not absolute,
            )
        if found:
            return self._with_anchor(
                found[0], found[0].url, query, anchor, relative=not absolute, wrong_case=near
            )
        labelled = self._labelled(unquote(target))
        if labelled is not None:
            return labelled
        return self._as_asset_or_broken(target, path, chapter, absolute, is_image)

    def _labelled(self, name: str) -> Resolution | None:
        place, _, anchor = self.book.labels.get(name, "").partition("#")
        owner = self.chapters.get(place)
        if owner is None:
            return None
        return self._with_anchor(owner, owner.url, "", anchor, relative=True)

    def _lookup_relative(self, path: str, raw: str, chapter: Chapter) -> tuple[list[Chapter], bool]:
        """Look a relative path up as a file and as an address relative to the page's own.

        A target with a file's suffix means the file first; one without means what it means on
        the published site first, which is the only place where it works by itself.
        """
        folder = posixpath.dirname(chapter.path)
        joined = posixpath.normpath(posixpath.join(folder, path)) if path else chapter.path
        names = [joined]
        is_file = joined.lower().endswith(MARKDOWN_SUFFIXES)
        if not is_file:
            names += (joined + suffix for suffix in MARKDOWN_SUFFIXES)
            if joined.lower().endswith((".html", ".htm")):
                names += (_PAGE_SUFFIX.sub(suffix, joined) for suffix in MARKDOWN_SUFFIXES)
            names += (posixpath.normpath(f"{joined}/{name}.md") for name in _INDEX_NAMES)
            # Dots alone name a folder, and the reader who wrote them thinks of its first page.
            found = [] if set(path) <= set("./") else self._at(urljoin(chapter.url, raw))
            if found:
                return found, False
        for name in names:
            if name in self.chapters:
                return [self.chapters[name]], False
        for page in (chapter.url, chapter.url.rstrip("/") + "/"):
            found = self._at(urljoin(page, raw))
            if found:
                return found, False
        for name in names:
            folded = self.folded.get(name.casefold())
            if folded:
                return folded, True
        return [], False

    def _at(self, address: str) -> list[Chapter]:
        return self.addresses.get(self._address_key(address), [])

    def _lookup_address(self, path: str, raw: str, chapter: Chapter) -> tuple[list[Chapter], bool]:
        """Look a root-relative path or an own absolute address up."""
        if _WEB.match(raw):
            return self._at(raw), False
        origin = f"https://{self.host}"
        for address in (f"{origin}{self.base_path}{raw}", f"{origin}{raw}"):
            found = self._at(address)
            if found:
                return found, False
            if self._address_key(address) in self.site_addresses:
                return [], False  # a page of the site, even if a chapter's file is called so
        inside = path.lstrip("/").removeprefix(self.prefix)
        for name in (inside, *(inside.rstrip("/") + s for s in MARKDOWN_SUFFIXES)):
            if name in self.chapters:
                return [self.chapters[name]], False
        folded = self.folded.get(inside.casefold()) or self.folded.get(
            inside.rstrip("/").casefold() + ".md"
        )
        return (folded, True) if folded else ([], False)

    def _with_anchor(
        self,
        chapter: Chapter,
        url: str,
        query: str,
        anchor: str,
        *,
        relative: bool,
        wrong_case: bool = False,
    ) -> Resolution:
        rule = message = help = ""
        if wrong_case:
            rule, message = "wrong-case-in-link", f"The file is spelled {chapter.path}."
        name = unquote(anchor)
        if name and not name.startswith(":~:") and name != "top":
            known = self.anchors(chapter)
            if name not in known:
                same = self._folded_anchors(chapter).get(name.casefold(), [])
                if len(same) == 1:
                    anchor = same[0]
                    rule, message = "wrong-case-in-link", f"The anchor is spelled #{anchor}."
                else:
                    rule = "broken-anchor"
                    message = f"{chapter.path} has no anchor #{name}."
                    help = self.suggestions.anchors(name, known)
        whole = url + (f"?{query}" if query else "") + (f"#{anchor}" if anchor else "")
        return Resolution(Kind.CHAPTER, whole, chapter.path, name, rule, message, help, relative)

    def _folded_anchors(self, chapter: Chapter) -> dict[str, list[str]]:
        folded = self._folded.get(chapter.path)
        if folded is None:
            folded = self._folded[chapter.path] = {}
            for anchor in sorted(self.anchors(chapter)):
                folded.setdefault(anchor.casefold(), []).append(anchor)
        return folded

    def anchors(self, chapter: Chapter) -> frozenset[str]:
        """Return every anchor that `chapter` has: headings and ids of HTML elements."""
        known = self._anchors.get(chapter.path)
        if known is None:
            structure = chapter.structure
            known = frozenset(h.anchor for h in structure.headings) | frozenset(
                structure.element_ids
            )
            self._anchors[chapter.path] = known
        return known

    def _as_asset_or_broken(
        self, target: str, path: str, chapter: Chapter, absolute: bool, is_image: bool
    ) -> Resolution:
        relative = not absolute
        url = self._browser_url(target, chapter)
        named = unquote(path)
        if absolute:
            named = urlsplit(target).path.removeprefix(self.base_path)
            named = unquote(named)
        if absolute or path.startswith("/"):
            inside = named.lstrip("/")
            folders = [f"{folder}/" if folder else "" for folder in self.book.asset_folders]
            candidates = [*(folder + inside for folder in folders), inside]
            if self.base_path and f"/{inside}".startswith(f"{self.base_path}/"):
                below = f"/{inside}".removeprefix(f"{self.base_path}/")
                candidates += (folder + below for folder in [*folders, ""])
        else:
            folder = posixpath.dirname(self.prefix + chapter.path)
            candidates = [posixpath.join(folder, named), *self._published_at(url)]
        candidates = list(dict.fromkeys(posixpath.normpath(c) for c in candidates))
        if any(c == ".." or c.startswith("../") for c in candidates):
            if self._is_sibling(url, candidates):
                return Resolution(Kind.ASSET, url, relative=relative)
            return Resolution(
                Kind.BROKEN,
                url,
                rule="link-out-of-book",
                message=f"{target} leads out of the book's folder.",
                relative=relative,
            )
        if (absolute or path.startswith("/")) and not named.strip("/"):
            return Resolution(Kind.ASSET, _with_tail(f"{self.book.meta.url}/", target))
        site_page = self._site_page(candidates, url)
        if site_page:
            return Resolution(Kind.ASSET, _with_tail(site_page, target), relative=relative)
        draft = self._draft_of(candidates, url)
        if draft:
            return Resolution(
                Kind.BROKEN,
                self._url_of_left_out(candidates) or url,
                rule="link-to-draft",
                message=f"{target} leads to {draft}.",
                relative=relative,
            )
        for candidate in candidates:
            if candidate.lower().endswith(MARKDOWN_SUFFIXES):
                continue  # a chapter would have been found; what is left is not published
            if self.files.is_file(candidate):
                if absolute:
                    return Resolution(Kind.ASSET, url, candidate)
                return Resolution(
                    Kind.ASSET, self._asset_url(candidate, target), candidate, relative=relative
                )
        if relative and not is_image and self._is_sibling(url, candidates):
            return Resolution(Kind.ASSET, url, relative=relative)
        suffix = posixpath.splitext(named)[1].lower()
        is_page = not suffix or _PAGE_SUFFIX.match(suffix) is not None or not suffix[1:].isalnum()
        if is_image or not is_page:
            if absolute:
                # An address of the book with a file name: nothing here can tell that it is wrong.
                return Resolution(Kind.ASSET, url, candidates[0])
            for candidate in candidates:
                similar = self.files.similar(candidate)
                if similar == candidate:
                    return Resolution(
                        Kind.BROKEN,
                        self._asset_url(candidate, target),
                        rule="link-out-of-book",
                        message=f"{candidate} is a link out of the book.",
                        relative=relative,
                    )
                if similar is not None:
                    return Resolution(
                        Kind.ASSET,
                        self._asset_url(similar, target),
                        similar,
                        rule="wrong-case-in-link",
                        message=f"The file is spelled {similar}.",
                        relative=relative,
                    )
            return Resolution(
                Kind.BROKEN,
                self._asset_url(candidates[0], target),
                rule="missing-asset",
                message=f"There is no file {candidates[0]}.",
                relative=relative,
            )
        if path.lower().endswith(MARKDOWN_SUFFIXES) and relative and not path.startswith("/"):
            url = self._url_of_missing(candidates[0])
        outside = next((c for c in candidates if self.files.is_file(c)), "")
        message = f"{target} leads to no chapter of the book."
        if outside:
            message = f"{target} leads to {outside}, which is no chapter of the book."
        return Resolution(
            Kind.BROKEN,
            url,
            rule="broken-link",
            message=message,
            help=self.suggestions.chapters(named),
            relative=relative,
        )

    def _site_page(self, candidates: list[str], url: str) -> str:
        for candidate in candidates:
            for suffix in ("", *MARKDOWN_SUFFIXES):
                if candidate + suffix in self.site_files:
                    return self.site_files[candidate + suffix]
        return self.site_addresses.get(self._address_key(url), "")

    def _url_of_left_out(self, candidates: list[str]) -> str:
        for candidate in candidates:
            name = candidate.removeprefix(self.prefix)
            for left in self.book.left_out:
                if left.path == name and left.url:
                    return left.url
        return ""

    def _draft_of(self, candidates: list[str], url: str) -> str:
        for candidate in candidates:
            for suffix in ("", *MARKDOWN_SUFFIXES):
                name = candidate.removeprefix(self.prefix) + suffix
                if name in self.drafts:
                    return f"{name}, which is left out ({self.drafts[name]})"
        left = self.draft_addresses.get(self._address_key(url))
        return f"{left.path}, which is left out ({left.reason})" if left else ""

    def _published_at(self, url: str) -> list[str]:
        """Return the files that can be published at an address of the book, if it is one."""
        if not self.is_own(url):
            return []
        inside = unquote(urlsplit(url).path).removeprefix(self.base_path).lstrip("/")
        return [f"{folder}/{inside}" for folder in self.book.asset_folders if folder]

    def _asset_url(self, path: str, target: str) -> str:
        folder = posixpath.dirname(path)
        while folder and self.book.asset_addresses:
            if folder in self.book.asset_addresses:
                address = self.book.asset_addresses[folder].rstrip("/")
                rest = path.removeprefix(f"{folder}/")
                return _with_tail(f"{address}/{quote_path(rest)}", target)
            folder = posixpath.dirname(folder)
        for folder in (*self.book.asset_folders, self.book.root):
            if folder and path.startswith(f"{folder}/"):
                path = path.removeprefix(f"{folder}/")
                break
        return _with_tail(f"{self.book.meta.url}/{quote_path(path)}", target)

    def _is_sibling(self, url: str, candidates: list[str]) -> bool:
        """Tell whether a link leaves the book for another one published beside it.

        `../std/vec.html` in a book at `https://example.org/book/` is meant as an address; a
        Markdown file out there is not, nor is any path where the book owns its whole host.
        """
        outside = self.base_path and _WEB.match(url) and not self.is_own(url)
        return bool(outside) and not any(c.lower().endswith(MARKDOWN_SUFFIXES) for c in candidates)

    def _url_of_missing(self, path: str) -> str:
        stem = _PAGE_SUFFIX.sub("", path.removeprefix(self.prefix))
        # Named as the book names its pages, so that it is right once the chapter is there.
        first = self.book.chapters[0].url if self.book.chapters else ""
        ending = ".html" if first.endswith(".html") else "/"
        return f"{self.book.meta.url}/{quote_path(stem)}{ending}"

    def _browser_url(self, target: str, chapter: Chapter) -> str:
        try:
            joined = urljoin(chapter.url, target)
        except ValueError:
            return quote(target)
        return joined

    def _address_key(self, address: str) -> str:
        """Return the form in which addresses are compared.

        Without scheme, capitals of the host, `index.html`, `.html` and slash at the end.
        """
        try:
            parts = urlsplit(address)
        except ValueError:
            return address
        path = _INDEX.sub("", unquote(parts.path).rstrip("/"))
        path = re.sub(r"\.html?$", "", path, flags=re.I)
        query = f"?{parts.query}" if parts.query else ""
        return f"{_host(parts)}{path.rstrip('/')}{query}"


def _host(parts: SplitResult) -> str:
    """Return the host of an address as it is compared: no user, no capitals, no usual port."""
    host = parts.netloc.rpartition("@")[2].lower()
    return host.removesuffix({"https": ":443", "http": ":80"}.get(parts.scheme, ":"))


def _with_tail(url: str, target: str) -> str:
    """Return `url` with the query and fragment of `target`."""
    _, query, anchor = _split(target)
    return url + (f"?{query}" if query else "") + (f"#{anchor}" if anchor else "")


def _split(target: str) -> tuple[str, str, str]:
    """Split a target into path, query and fragment, all as written."""
    rest, _, anchor = target.partition("#")
    path, _, query = rest.partition("?")
    return path, query, anchor


def bare_addresses(text: str, host: str) -> Iterator[re.Match[str]]:
    """Find addresses on `host` in running text, without the punctuation that follows them."""
    pattern = re.compile(
        rf"https?://{re.escape(host)}(?::\d+)?(?:/[^\s<>\"'`\])}}|]*)?(?<![.,;:!?*_~])", re.I
    )
    return pattern.finditer(text)
