"""Whole sites for tests: a book's folder → its `Site`, and every file that would be published."""

from dataclasses import replace
from pathlib import Path

from bookpack.config import Settings, load_settings
from bookpack.editions.packed import write_pack
from bookpack.editions.web.cards import Cards, typeface_of
from bookpack.editions.web.icons import Icons
from bookpack.editions.web.machines import Machines
from bookpack.editions.web.markdown_pages import MarkdownPages
from bookpack.editions.web.metadata import Metadata
from bookpack.editions.web.site import Contribution, Site, make_site
from bookpack.editions.web.write import write_site
from bookpack.pipeline import CheckedBook, check, make_pack


class BuiltSite:
    """A book as a site: `site`, its `packed` edition, and all of its `files`."""

    def __init__(self, folder: Path) -> None:
        self.checked: CheckedBook = check(load_settings(folder), folder / "out")
        self.settings: Settings = self.checked.planned.settings
        pack = make_pack(self.checked, self.settings)
        self.packed = write_pack(pack, "markdown", "book")["book.md"]
        self.site: Site = make_site(
            self.checked.book.meta,
            self.settings.site,
            self.checked.resolved,
            pack.chapters,
            pack.token_label,
        )
        typeface = typeface_of(self.settings.site, self.checked.files)
        self.contributions: tuple[Contribution, ...] = (
            MarkdownPages(self.packed if self.settings.pack.publish else None),
            Metadata(),
            Machines(),
            Icons(typeface),
            Cards(typeface),
        )

    @property
    def files(self) -> dict[str, bytes]:
        """All files of the site, pages included."""
        written = write_site(self.site, self.checked.files, contributions=self.contributions)
        return dict(written.files)

    def text(self, path: str) -> str:
        """Return one of the files that are no pages."""
        for contribution in self.contributions:
            for name, data in contribution.files(self.site):
                if name == path:
                    return data.decode()
        raise KeyError(path)

    def paths(self) -> set[str]:
        """Return the paths of all files that are no pages."""
        return {path for one in self.contributions for path, _ in one.files(self.site)}


def retitled(site: Site, title: str) -> Site:
    """Return `site` as a book of another title."""
    return replace(site, meta=replace(site.meta, title=title))
