"""A `Site` → the files of the web edition.

A page is rendered only if something that it shows has changed: each has a key, the hash of all
that goes into it, and a page whose key is that of the last build stays as it lies there.
"""

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import Any

from bookpack import __version__
from bookpack.editions.web.addresses import COVER_PATH, OWN_FOLDER
from bookpack.editions.web.body import Body, render_body, render_untrusted
from bookpack.editions.web.figures import PictureWriter, author_words
from bookpack.editions.web.markup import ID, References, in_whole_book, whole_book_id
from bookpack.editions.web.pages import PageValues
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
from bookpack.editions.web.words import words_of
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
    progress: Callable[[int, int], None] | None = None,
) -> SiteFiles:
    """Return the files of the site, by paths relative to its folder.

    `words` gives the words for pictures. `search` lets pages search an index that somebody else
    puts at `search.SEARCH_FOLDER`. `known` are paths of pages that lie there as the last
    build wrote them → their keys. Raises `SettingsError` for a theme that does not work.
    """
    theme = load_theme(site.settings.theme, files)
    return _Writer(site, files, theme, words, tuple(contributions), math=math, search=search).run(
        known or {}, progress or (lambda done, total: None)
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

    def run(self, known: Mapping[str, str], progress: Callable[[int, int], None]) -> SiteFiles:
        """Render what has to be rendered."""
        site = self.site
        keys: dict[str, str] = {}
        kept: set[str] = set()
        bodies: dict[int, Body] = {}
        for page in site.pages:
            head = "".join(one.head(site, page) for one in self.contributions)
            key = keys[page.path] = self._key(page, head)
            if known.get(page.path) == key:
                kept.add(page.path)
                continue
            bodies[page.number] = body = self._body(page)
            values = self.values.chapter(page, body, head)
            self.written[page.path] = self.theme.render("chapter.html", values)
            progress(page.number + 1, len(site.pages))
        if site.settings.print:
            key = keys[PRINT_PATH] = _hash([self.common, *keys.values()])
            if known.get(PRINT_PATH) == key:
                kept.add(PRINT_PATH)
            else:
                self.written[PRINT_PATH] = self._whole_book(bodies)
        self._write_other_pages()
        self._copy_assets()
        for one in self.contributions:
            self.written.update(one.files(site))
        return SiteFiles(self.written, frozenset(kept), keys)

    def _body(self, page: Page) -> Body:
        return render_body(
            page.resolved, self.references, self.pictures, self.labels, math=self.math
        )

    def _whole_book(self, bodies: Mapping[int, Body]) -> bytes:
        pieces: list[str] = []
        features: set[str] = set()
        for page in self.site.pages:
            body = bodies.get(page.number) or self._body(page)
            features |= body.features
            anchor = f' id="{ID}{body.anchor}"' if body.anchor else ""
            title = body.title or escape(page.title, quote=False)
            markup = (
                f'<section id="{whole_book_id(page.number)}"><article>\n'
                f"<h1{anchor}>{title}</h1>\n{body.markup}</article></section>\n"
            )
            pieces.append(in_whole_book(markup, page.number, PRINT_PATH))
        return self.theme.render("print.html", self.values.whole_book("".join(pieces), features))

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
            if data is not None and path not in self.written:
                self.written[path] = data

    def _key(self, page: Page, head: str) -> str:
        """Return the hash of everything that the page shows.

        Links are resolved here, for pages that stay as well, because the files that they lead
        to are copied in any case.
        """
        site, resolved = self.site, page.resolved
        reference, words = self.references.reference, self.pictures.words
        seen: list[Any] = [
            (resolution.url, reference(resolution)) for _, resolution in resolved.links
        ]
        for image, resolution in resolved.images:
            shown = words(image, resolution.path), self.pictures.size(resolution)
            seen.append((resolution.url, reference(resolution), shown))
        seen.append([heading.anchor for heading in page.chapter.structure.headings])
        seen.append([page.path, page.title, page.url, page.chapter.summary, page.chapter.part])
        seen.append(self.values.navigation(page))
        seen.append([p and (p.title, p.path) for p in (site.previous(page), site.next(page))])
        return _hash([self.common, page.chapter.source.text, repr(seen), head])

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
        return f"{OWN_FOLDER}/{posixpath.basename(path)}" if self.files.is_file(path) else ""


def _hash(parts: Iterable[str | bytes]) -> str:
    digest = sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
