"""Targets as authors write them → the absolute address of what they mean.

A target is looked up as a file of the book, as an address of the book (root-relative, own
absolute, alias, relative to the chapter's own address) and as an asset. What means nothing is
reported with the nearest candidates and still made absolute, as a browser would (RFC 3986),
so that no relative target leaves the house.
"""

import posixpath
import re
from dataclasses import replace
from urllib.parse import unquote, urljoin

from bookpack.links.assets import PAGE_SUFFIX, AssetResolver, browser_url
from bookpack.links.own_site import WEB, OwnSite, split_target
from bookpack.links.resolution import Kind, Resolution
from bookpack.links.suggest import Suggestions
from bookpack.model import Book, Chapter
from bookpack.read.files import MARKDOWN_SUFFIXES, BookFiles

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_INDEX_NAMES = ("index", "README", "_index")


class LinkResolver:
    """Resolves the targets of one book; every answer is remembered."""

    def __init__(self, book: Book, files: BookFiles) -> None:
        self.book = book
        self.files = files
        self.site = OwnSite(book)
        self.chapters = {chapter.path: chapter for chapter in book.chapters}
        self.folded: dict[str, list[Chapter]] = {}
        self.addresses: dict[str, list[Chapter]] = {}
        for chapter in book.chapters:
            self.folded.setdefault(chapter.path.casefold(), []).append(chapter)
            for address in (chapter.url, *chapter.aliases):
                known = self.addresses.setdefault(self.site.key(address), [])
                if chapter not in known:
                    known.append(chapter)
        self._anchors: dict[str, frozenset[str]] = {}
        self._folded: dict[str, dict[str, list[str]]] = {}
        self._answers: dict[tuple[str, str, bool], Resolution] = {}
        self.suggestions = Suggestions(book, files)
        self.assets = AssetResolver(book, files, self.site, self.suggestions)

    def resolve(self, target: str, chapter: Chapter, *, is_image: bool = False) -> Resolution:
        """Return what the decoded `target` means when it stands in `chapter`."""
        if _SCHEME.match(target) and not WEB.match(target):
            return Resolution(Kind.EXTERNAL, target)
        key = (target, chapter.path, is_image)
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = self._resolve(target, chapter, is_image)
        return answer

    def _resolve(self, target: str, chapter: Chapter, is_image: bool) -> Resolution:
        if not target.strip():
            if is_image:
                return Resolution(
                    Kind.BROKEN, "", rule="empty-link", message="The image has no source."
                )
            return Resolution(Kind.BROKEN, "", rule="empty-link", message="The link has no target.")
        target = target.strip()
        absolute = bool(WEB.match(target))
        # Aliases may lie on another host: the book's own old addresses.
        foreign = absolute and not self.site.is_own(target)
        whole = target.partition("#")[0]
        if foreign and not self._at(whole) and not self._at(whole.partition("?")[0]):
            return Resolution(Kind.EXTERNAL, target)
        path, query, anchor = split_target(target)
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
                browser_url(target, chapter),
                rule="ambiguous-link",
                message=f"{target} can mean {names}.",
                relative=not absolute,
            )
        if found:
            resolution = self._with_anchor(
                found[0], found[0].url, query, anchor, relative=not absolute, wrong_case=near
            )
            slip = self.suggestions.form(target, chapter) if resolution.rule else ""
            return replace(resolution, help=slip) if slip else resolution
        labelled = self._labelled(unquote(target))
        if labelled is not None:
            return labelled
        return self.assets.resolve(target, path, chapter, absolute, is_image)

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
                names += (PAGE_SUFFIX.sub(suffix, joined) for suffix in MARKDOWN_SUFFIXES)
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
        return self.addresses.get(self.site.key(address), [])

    def _lookup_address(self, path: str, raw: str, chapter: Chapter) -> tuple[list[Chapter], bool]:
        """Look a root-relative path or an own absolute address up."""
        if WEB.match(raw):
            return self._at(raw), False
        origin = f"https://{self.site.host}"
        for address in (f"{origin}{self.site.base_path}{raw}", f"{origin}{raw}"):
            found = self._at(address)
            if found:
                return found, False
            if self.assets.is_site_page(address):
                return [], False  # a page of the site, even if a chapter's file is called so
        inside = path.lstrip("/").removeprefix(self.site.prefix)
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
