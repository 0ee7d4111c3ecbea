"""The site in memory: made of the whole book each time, but for the pages that stay the same."""

import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

from bookpack.config import Settings
from bookpack.diagnostics import Diagnostic
from bookpack.editions.making import SITE_FOLDER, LastBuild, make_editions
from bookpack.editions.web import parity
from bookpack.editions.web.indexer import find_indexer
from bookpack.editions.web.search import SEARCH_FOLDER, index_pages
from bookpack.editions.web.site import Page, make_site
from bookpack.errors import BookpackError
from bookpack.model import Structure
from bookpack.pipeline import check_book, make_pack, with_findings
from bookpack.read.book import plan_book
from bookpack.read.files import BookFiles
from bookpack.read.layouts.registry import choose_layout
from bookpack.read.markdown import parse_markdown
from bookpack.tokens import TokenCounter, token_counter


@dataclass(frozen=True, slots=True)
class Shown:
    """One state of the book as browsers are shown it.

        `files` are those of the site, by path; `keys` are the keys of its pages, and `titles` the
    titles of chapters, by path as well. `findings` belong to the page with that path, or to no
    page (an empty path). `base_path` is where the site's root is published, `language` is the
    book's. `problem` says why the book as it is now cannot be shown; then everything else is as
    it last could be. `seconds` is how long it took to make. `number` counts the states; before
    the first, nothing has been made.
    """

    number: int = 0
    files: Mapping[str, bytes] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    findings: Mapping[str, tuple[Diagnostic, ...]] = field(default_factory=dict)
    base_path: str = "/"
    language: str = "en"
    problem: str = ""
    seconds: float = 0.0


class Preview:
    """Makes what is `shown`. `load` reads the settings; `skip` is the output folder of builds."""

    def __init__(self, load: Callable[[], Settings], skip: Path) -> None:
        self.load = load
        self.skip = skip
        self.shown = Shown()
        self._counter: TokenCounter | None = None
        self._counts: dict[bytes, int] = {}
        self._parsed: dict[Hashable, Structure] = {}
        self._compared: dict[Hashable, parity.Compared] = {}
        self._index: tuple[int, Mapping[str, bytes]] = 0, {}
        self._lock = Lock()

    def find_address(self) -> None:
        """Learn where the book is published, before anything of it is read.

        What is wrong with the settings is for `refresh` to say.
        """
        try:
            settings = self.load()
            files = BookFiles(settings.folder, self.skip, settings.images.descriptions)
            layout, _ = choose_layout(files, settings)
            settings = settings.with_convention(layout.meta(files, settings))
        except (BookpackError, OSError, RecursionError):
            return
        base_path = make_site(settings.book, settings.site, [], []).base_path
        self.shown = replace(self.shown, base_path=base_path)

    def refresh(self) -> Shown:
        """Make the site of the book as it is now; problems of the world are shown, not raised."""
        started = time.perf_counter()
        last = self.shown
        try:
            shown = self._make(last)
        except BookpackError as error:
            shown = replace(last, problem=str(error))
        except OSError as error:
            what = error.filename or "the book"
            shown = replace(last, problem=f"Cannot read {what}: {error.strerror or error}.")
        except RecursionError:
            problem = "Something in the book is nested too deeply to be read."
            shown = replace(last, problem=problem)
        seconds = time.perf_counter() - started
        self.shown = replace(shown, number=last.number + 1, seconds=seconds)
        return self.shown

    def file(self, shown: Shown, path: str) -> bytes | None:
        """Return a file of the site. The index for search is made when it is asked for."""
        if not path.startswith(f"{SEARCH_FOLDER}/"):
            return shown.files.get(path)
        with self._lock:
            number, files = self._index
            if number != shown.number:
                indexer = find_indexer()
                paths = list(shown.titles)
                read = shown.files.get
                files = index_pages(indexer, shown.language, paths, read) if indexer else {}
                self._index = shown.number, files
        return files.get(path)

    def _make(self, last: Shown) -> Shown:
        settings = self.load()
        files = BookFiles(settings.folder, self.skip, settings.images.descriptions)
        checked = check_book(plan_book(settings, files), files, parse=self._parser())
        settings = checked.planned.settings
        # The page of the whole book changes with every letter; it is not made in a preview.
        settings = replace(settings, site=replace(settings.site, print=False))
        pack = make_pack(checked, settings, load_counter=self._load_counter)
        site = make_site(settings.book, settings.site, checked.resolved, pack.chapters)
        prefix = f"{SITE_FOLDER}/"
        lying = LastBuild(
            {prefix + path: "" for path in last.files},
            last.keys,
            lambda path: last.files.get(path.removeprefix(prefix)),
        )
        made = make_editions(
            settings,
            checked.resolved,
            pack,
            files,
            checked.gallery.words,
            lying,
            "site",
            index=False,
        )
        kept = (path.removeprefix(prefix) for path in made.kept)
        new = {path.removeprefix(prefix): data for path, data in made.files.items()}
        shown = {**{path: last.files[path] for path in kept}, **new}
        differences: Iterable[Diagnostic] = ()
        if any(settings.selection.wants(code) for code in parity.CODES):
            math, comparer = settings.layout.math, self._comparer()
            differences = parity.check_parity(site, shown.get, math=math, compare=comparer)
        return Shown(
            files=shown,
            keys=made.page_keys,
            titles={page.path: page.title for page in site.pages},
            findings=_by_page(with_findings(checked, differences), site.pages),
            base_path=site.base_path,
            language=site.language,
        )

    def _parser(self) -> Callable[..., Structure]:
        """Return a parser that parses a chapter once for as long as it stays."""
        last, self._parsed = self._parsed, {}

        def parse(text: str, **how: Any) -> Structure:
            key = text, *how.values()
            structure = self._parsed[key] = last.get(key) or parse_markdown(text, **how)
            return structure

        return parse

    def _comparer(self) -> Callable[..., parity.Compared]:
        """Return what compares a page with its pack once for as long as both stay."""
        last, self._compared = self._compared, {}

        def compare_once(page: Page, markup: bytes, *, math: bool) -> parity.Compared:
            key = markup, page.packed.body, math
            found = self._compared[key] = last.get(key) or parity.compare(page, markup, math=math)
            return found

        return compare_once

    def _load_counter(self) -> TokenCounter:
        """Return a counter of tokens that counts a chapter once for as long as it stays."""
        counter = self._counter = self._counter or token_counter()
        last, self._counts = self._counts, {}

        def count_all(texts: Sequence[str]) -> list[int]:
            keys = [sha256(text.encode()).digest() for text in texts]
            new = [text for text, key in zip(texts, keys, strict=True) if key not in last]
            counted = iter(counter.count_all(new) if new else ())
            counts = [last[key] if key in last else next(counted) for key in keys]
            self._counts.update(zip(keys, counts, strict=True))
            return counts

        return replace(counter, count_all=count_all)


def _by_page(
    diagnostics: Iterable[Diagnostic], pages: Iterable[Page]
) -> dict[str, tuple[Diagnostic, ...]]:
    """Return the findings by the page that shows the file they are about, the gravest first."""
    page_of = {page.chapter.source.path: page.path for page in pages}
    found: dict[str, list[Diagnostic]] = {}
    for diagnostic in diagnostics:
        found.setdefault(page_of.get(diagnostic.path, ""), []).append(diagnostic)
    return {
        page: tuple(sorted(group, key=lambda one: -one.severity.rank))
        for page, group in found.items()
    }
