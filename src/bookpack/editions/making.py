"""Which editions a build makes, and which files of the last build stay as they are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bookpack import output
from bookpack.config import Settings
from bookpack.editions.packed import Pack, write_pack
from bookpack.links.book import ResolvedChapter
from bookpack.read.files import BookFiles

if TYPE_CHECKING:
    from bookpack.editions.web.write import SiteFiles

SITE_FOLDER = "site"
"""Where the web edition lies in the output folder; the packed edition lies beside it."""


@dataclass(frozen=True, slots=True)
class LastBuild:
    """What the last build left behind: files that lie there as it wrote them → SHA-256, and the
    keys of its pages (see `web.write`) by path in the site's folder.
    """

    intact: Mapping[str, str]
    page_keys: Mapping[str, str]

    @classmethod
    def of(cls, out: Path) -> "LastBuild":
        """Look into the output folder `out`, which may be missing."""
        stamp = output.read_stamp(out)
        keys = stamp.get("pages") if stamp else None
        return cls(output.intact_outputs(out, stamp), keys if isinstance(keys, dict) else {})


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
    last: LastBuild,
    only: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Editions:
    """Make the editions; `only` is `pack` or `site` where the other one stays as it lies there.

    Pages of the site that lie there and would come out the same are not made again.
    """
    made: dict[str, bytes] = {}
    if only != "site":
        made.update(write_pack(pack, settings.pack.style, settings.pack.file))
    site = None
    if only != "pack":
        site = _make_site(settings, resolved, pack, files, last, progress)
        made.update({f"{SITE_FOLDER}/{path}": data for path, data in site.files.items()})
    kept = {path: last.intact[path] for path in _kept(last.intact, site, only)}
    return Editions(made, kept, site.keys if site is not None else last.page_keys)


def _make_site(
    settings: Settings,
    resolved: Sequence[ResolvedChapter],
    pack: Pack,
    files: BookFiles,
    last: LastBuild,
    progress: Callable[[str, int, int], None] | None,
) -> "SiteFiles":
    from bookpack.editions.web.site import make_site
    from bookpack.editions.web.write import write_site

    step = progress or (lambda name, done, total: None)
    site = make_site(settings.book, settings.site, resolved, pack.chapters, pack.token_label)
    keys = last.page_keys
    return write_site(
        site,
        files,
        math=settings.layout.math,
        known={path: key for path, key in keys.items() if f"{SITE_FOLDER}/{path}" in last.intact},
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
