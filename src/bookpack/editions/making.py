"""Which editions a build makes, and which files of the last build stay as they are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from bookpack import output
from bookpack.config import Settings
from bookpack.editions.packed import SUFFIXES, Pack, write_pack
from bookpack.links.book import ResolvedChapter
from bookpack.read.files import BookFiles

if TYPE_CHECKING:
    from bookpack.editions.web.site import Words
    from bookpack.editions.web.write import SiteFiles

SITE_FOLDER = "site"
"""Where the web edition lies in the output folder; the packed edition lies beside it."""


@dataclass(frozen=True, slots=True)
class LastBuild:
    """What the last build left behind: files that lie there as it wrote them → SHA-256, and the
    keys of its pages (see `web.write`) by path in the site's folder. `read` gives what one of
    those files holds, None if it has changed since.
    """

    intact: Mapping[str, str]
    page_keys: Mapping[str, str]
    read: Callable[[str], bytes | None] = lambda path: None

    def pack(self, settings: Settings) -> tuple[bytes | None, bytes | None]:
        """Return the packed file and its manifest, None for what is not there."""
        names = settings.pack.file + SUFFIXES[settings.pack.style], "manifest.json"
        packed, manifest = (self.read(name) if name in self.intact else None for name in names)
        return packed, manifest

    @classmethod
    def of(cls, out: Path) -> "LastBuild":
        """Look into the output folder `out`, which may be missing."""
        stamp = output.read_stamp(out)
        keys = stamp.get("pages") if stamp else None
        intact = output.intact_outputs(out, stamp)

        def read(path: str) -> bytes | None:
            try:
                data = (out / path).read_bytes()
            except OSError:
                return None
            # Another build may have written in the meantime.
            return data if sha256(data).hexdigest() == intact[path] else None

        return cls(intact, keys if isinstance(keys, dict) else {}, read)


@dataclass(frozen=True, slots=True)
class Editions:
    """Files to write by path, files that stay → SHA-256, and the keys of the site's pages."""

    files: Mapping[str, bytes]
    kept: Mapping[str, str]
    page_keys: Mapping[str, str]


def make_editions(
    settings: Settings,
    resolved: Sequence[ResolvedChapter],
    pack: Pack,
    files: BookFiles,
    words: "Words",
    last: LastBuild,
    only: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    *,
    index: bool = True,
) -> Editions:
    """Make the editions; `only` is `pack` or `site` where the other one stays as it lies there.

    `words` gives the words for pictures on the site; the pack has them already.

    Pages of the site that lie there and would come out the same are not made again. Without
    `index`, they can be searched as soon as somebody else makes the index. Raises `WorldError`
    where it cannot be made, and `SettingsError` for a theme that does not work.
    """
    made: dict[str, bytes] = {}
    if only != "site":
        made.update(write_pack(pack, settings.pack.style, settings.pack.file))
    site = None
    if only != "pack":
        published = _published(settings, pack, made)
        site = _make_site(
            settings, resolved, pack, published, files, words, last, progress, index=index
        )
        made.update({f"{SITE_FOLDER}/{path}": data for path, data in site.files.items()})
    kept = {path: last.intact[path] for path in _kept(last.intact, site, only)}
    return Editions(made, kept, site.keys if site is not None else last.page_keys)


def _published(settings: Settings, pack: Pack, made: Mapping[str, bytes]) -> bytes | None:
    """Return the packed edition as the site publishes it; None where it is sold.

    It may be there already: it is the largest file of all, and need not be there twice.
    """
    if not settings.pack.publish:
        return None
    if settings.pack.style == "markdown" and made:
        return next(iter(made.values()))
    return write_pack(pack, "markdown", "book")["book.md"]


def _make_site(
    settings: Settings,
    resolved: Sequence[ResolvedChapter],
    pack: Pack,
    published: bytes | None,
    files: BookFiles,
    words: "Words",
    last: LastBuild,
    progress: Callable[[str, int, int], None] | None,
    *,
    index: bool,
) -> "SiteFiles":
    from bookpack.editions.web.cards import Cards, typeface_of
    from bookpack.editions.web.icons import Icons
    from bookpack.editions.web.indexer import find_indexer
    from bookpack.editions.web.machines import Machines
    from bookpack.editions.web.markdown_pages import MarkdownPages
    from bookpack.editions.web.metadata import Metadata
    from bookpack.editions.web.search import with_index
    from bookpack.editions.web.site import make_site
    from bookpack.editions.web.write import write_site

    step = progress or (lambda name, done, total: None)
    typeface = typeface_of(settings.site, files)

    def previous(path: str) -> bytes | None:
        place = f"{SITE_FOLDER}/{path}"
        return last.read(place) if place in last.intact else None

    site = make_site(settings.book, settings.site, resolved, pack.chapters, pack.token_label)
    prefix = f"{SITE_FOLDER}/"
    lying = {path.removeprefix(prefix) for path in last.intact if path.startswith(prefix)}
    known = {path: key for path, key in last.page_keys.items() if path in lying}
    indexer = find_indexer()
    indexing = None
    if indexer is not None and index:
        indexing = partial(
            with_index, site=site, indexer=indexer, lying=lying, known=known, read=previous
        )
    return write_site(
        site,
        files,
        math=settings.layout.math,
        words=words,
        contributions=(
            MarkdownPages(published),
            Metadata(),
            Machines(),
            Icons(typeface),
            Cards(typeface, lying),
        ),
        search=indexer is not None,
        known=known,
        last=previous,
        index=indexing,
        progress=lambda done, total: step("rendering", done, total),
    )


def _kept(intact: Mapping[str, str], site: "SiteFiles | None", only: str | None) -> Iterator[str]:
    for path in intact:
        inside = path.removeprefix(f"{SITE_FOLDER}/")
        if inside == path:
            if only == "site":
                yield path
        elif site is None or inside in site.kept:
            yield path
