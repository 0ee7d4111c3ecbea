"""A `Site` → the files of the web edition.

A page is rendered only if something that it shows has changed: each has a key, the hash of all
that goes into it, and a page whose key is that of the last build stays as it lies there.
"""

import posixpath
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from bookpack import __version__
from bookpack.editions.web.addresses import COVER_PATH, OWN_FOLDER
from bookpack.editions.web.body import Body, render_body, render_untrusted
from bookpack.editions.web.figures import PictureWriter, author_words
from bookpack.editions.web.markup import References
from bookpack.editions.web.pages import PageValues
from bookpack.editions.web.raw_html import pictures_of_sets
from bookpack.editions.web.site import (
    CONTENTS_PATH,
    NOT_FOUND_PATH,
    PRINT_PATH,
    Contribution,
    Page,
    Site,
    Words,
)
from bookpack.editions.web.theme import Theme, load_theme
from bookpack.editions.web.whole_book import WholeBook
from bookpack.editions.web.words import words_of
from bookpack.errors import SettingsError
from bookpack.images.sizes import size_of
from bookpack.read.files import BookFiles


@dataclass(frozen=True, slots=True)
class SiteFiles:
    """What a build of the site gives: files by path, paths that stay as they are, and keys."""

    files: Mapping[str, bytes]
    kept: frozenset[str]
    keys: Mapping[str, str]


def write_site(
    site: Site,
    files: BookFiles,
    *,
    math: bool = True,
    words: Words = author_words,
    contributions: Iterable[Contribution] = (),
    search: bool = False,
    known: Mapping[str, str] | None = None,
    last: Callable[[str], bytes | None] = lambda path: None,
    index: Callable[[SiteFiles], SiteFiles] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> SiteFiles:
    """Return the files of the site, by paths relative to its folder.

    `words` gives the words for pictures. `known` are paths of pages that lie there as the last
    build wrote them → their keys, and `last` reads one of them. `search` lets pages search an
    index at `search.SEARCH_FOLDER`. `index` adds it to the pages of chapters, in a thread of its
    own while all else is made; without it, somebody else puts it there. Raises `SettingsError`
    for a theme that does not work.
    """
    theme = load_theme(site.settings.theme, files)
    return _Writer(site, files, theme, words, tuple(contributions), math=math, search=search).run(
        known or {}, last, index, progress or (lambda done, total: None)
    )


class _Writer:
    def __init__(
        self,
        site: Site,
        files: BookFiles,
        theme: Theme,
        words: Words,
        contributions: tuple[Contribution, ...],
        *,
        math: bool,
        search: bool,
    ) -> None:
        self.site = site
        self.files = files
        self.theme = theme
        self.math = math
        self.contributions = contributions
        self.labels = words_of(site.settings.words)
        self.references = References(site, files.is_file)
        self.data: dict[str, bytes | None] = {}
        self.sizes: dict[str, tuple[int, int] | None] = {}
        self.pictures = PictureWriter(
            self.references,
            words,
            self._size,
            lambda text: render_untrusted(text, self.labels),
            self.labels,
        )
        self.values = PageValues(site, theme, self.labels, self._diagram_script(), search=search)
        self.written: dict[str, bytes] = dict(theme.files)
        if self.values.diagram_script:
            self.written[self.values.diagram_script] = self._read(site.settings.mermaid) or b""
        self.common = sha256(
            repr(
                (__version__, theme.digest, site.meta, site.settings, self.labels, math, search)
            ).encode("utf-8", "surrogatepass")
        ).digest()

    def run(
        self,
        known: Mapping[str, str],
        last: Callable[[str], bytes | None],
        index: Callable[[SiteFiles], SiteFiles] | None,
        progress: Callable[[int, int], None],
    ) -> SiteFiles:
        """Render what has to be rendered."""
        site = self.site
        keys: dict[str, str] = {}
        kept: set[str] = set()
        texts: list[str] = []
        heads = repr([one.head_key(site) for one in self.contributions])
        book = WholeBook(known.get(PRINT_PATH), lambda: last(PRINT_PATH))
        for page in site.pages:
            texts.append(self._text_key(page))
            key = keys[page.path] = self._key(page, texts[-1], heads)
            if known.get(page.path) == key:
                kept.add(page.path)
                continue
            body = self._body(page)
            head = "".join(one.head(site, page) for one in self.contributions)
            values = self.values.chapter(page, body, head)
            self.written[page.path] = self.theme.render("chapter.html", values)
            if site.settings.print:
                book.add(page, texts[-1], body)
            progress(page.number + 1, len(site.pages))
        pages = SiteFiles(dict(self.written), frozenset(kept), dict(keys))
        if index is None:
            self._write_whole_book(book, texts, keys, kept, known)
            self._write_others(kept)
            return SiteFiles(self.written, frozenset(kept), keys)
        with ThreadPoolExecutor(max_workers=1) as pool:
            indexing = pool.submit(index, pages)
            self._write_whole_book(book, texts, keys, kept, known)
            self._write_others(kept)
            indexed = indexing.result()
        files = {**self.written, **indexed.files}
        return SiteFiles(files, indexed.kept | kept, {**indexed.keys, **keys})

    def _write_whole_book(
        self,
        book: WholeBook,
        texts: list[str],
        keys: dict[str, str],
        kept: set[str],
        known: Mapping[str, str],
    ) -> None:
        """Write the page of the whole book, or note in `kept` that it stays, and its key."""
        if not self.site.settings.print:
            return
        digest = _hash([self.common, *keys.values()])
        if book.is_page(digest):
            kept.add(PRINT_PATH)
            keys[PRINT_PATH] = known[PRINT_PATH]
            return
        chapters = zip(self.site.pages, texts, strict=True)
        self.written[PRINT_PATH], keys[PRINT_PATH] = book.write(
            chapters, digest, self._body, self.theme, self.values
        )

    def _body(self, page: Page) -> Body:
        return render_body(
            page.resolved, self.references, self.pictures, self.labels, math=self.math
        )

    def _write_others(self, kept: set[str]) -> None:
        """Write everything but pages of chapters; note in `kept` what stays."""
        self._write_other_pages()
        self._copy_assets()
        for one in self.contributions:
            for path, data in one.files(self.site):
                if path in self.written:
                    continue  # an author's own file counts
                if data is None:
                    kept.add(path)
                else:
                    self.written[path] = data

    def _write_other_pages(self) -> None:
        site, values, render = self.site, self.values, self.theme.render
        if site.home is None:
            head = "".join(one.head(site, None) for one in self.contributions)
            self.written[COVER_PATH] = render("cover.html", values.cover(head))
        self.written[CONTENTS_PATH] = render("contents.html", values.contents())
        self.written[NOT_FOUND_PATH] = render("404.html", values.not_found())
        for path, target in site.redirects.items():
            self.written[path] = render("redirect.html", values.redirect(path, target))

    def _copy_assets(self) -> None:
        for path, source in sorted(self.references.assets.items()):
            data = self._read(source)
            if data is not None and self.site.has_room_for_asset(path):
                self.written[path] = data

    def _text_key(self, page: Page) -> str:
        """Return the hash of everything that the text of the page shows.

        Links are resolved here, for pages that stay as well, because the files that they lead
        to are copied in any case.
        """
        resolved = page.resolved
        reference, words = self.references.reference, self.pictures.words
        seen: list[Any] = [
            (resolution.url, reference(resolution)) for _, resolution in resolved.links
        ]
        seen += [
            (resolution.url, reference(resolution)) for _, resolution in pictures_of_sets(resolved)
        ]
        for image, resolution in resolved.images:
            shown = words(image, resolution.path), self.pictures.size(resolution)
            seen.append((resolution.url, reference(resolution), shown))
        seen.append([heading.anchor for heading in page.chapter.structure.headings])
        seen.append([page.number, page.title, page.chapter.language])
        return _hash([self.common, page.chapter.source.text, repr(seen)])

    def _key(self, page: Page, text_key: str, heads: str) -> str:
        """Return the hash of everything that the page shows: its text, and what stands around."""
        site = self.site
        seen = [
            [page.path, page.url, page.chapter.summary, self.values.part(page)],
            page.chapter.language,
            page.chapter.date,
            self.values.edit_address(page),
            self.values.navigation_key(page),
            [
                near and (near.title, near.path, near.chapter.language)
                for near in (site.previous(page), site.next(page))
            ],
        ]
        return _hash([text_key, repr(seen), heads])

    def _read(self, path: str) -> bytes | None:
        if path not in self.data:
            self.data[path] = self.files.read(path)
        return self.data[path]

    def _size(self, path: str) -> tuple[int, int] | None:
        if path not in self.sizes:
            data = self._read(path) if self.files.is_file(path) else None
            self.sizes[path] = size_of(data) if data else None
        return self.sizes[path]

    def _diagram_script(self) -> str:
        path = self.site.settings.mermaid
        if path and not self.files.is_file(path):
            raise SettingsError(f"There is no file {path}, which [site] mermaid names.")
        return f"{OWN_FOLDER}/{posixpath.basename(path)}" if path else ""


def _hash(parts: Iterable[str | bytes]) -> str:
    digest = sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
