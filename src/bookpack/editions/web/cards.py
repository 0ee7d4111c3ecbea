"""Cards: the picture that stands for a page where somebody links to it (https://ogp.me).

A card shows the chapter's title, the book's, and its authors, in the colour of the settings.
Its name is a hash of everything that decides how it looks; so chapters whose title cannot be
written share the book's card, and a card of an earlier build is taken as it is. Drawing one takes
about 1 ms and gives some 10 KB, little enough to give every chapter its own.
"""

from collections.abc import Container, Iterable
from functools import cached_property
from hashlib import sha256
from html import escape

from bookpack.config.tables import SiteTable
from bookpack.editions.web.addresses import OWN_FOLDER
from bookpack.editions.web.site import Page, Site
from bookpack.errors import SettingsError
from bookpack.images.lettering import Backdrop, Canvas, Typeface, ink_on
from bookpack.read.files import BookFiles

WIDTH, HEIGHT = 1200, 630
"""Pixels: what Open Graph's readers ask for (1.91 to 1)."""
_DRAWING = "2"
"""Changes whenever cards come out differently."""
_MARGIN = 90
_ROOM = WIDTH - 2 * _MARGIN
_BAND = 24
_TITLE_SIZES = (84, 72, 60, 52)
_TITLE_LINES = 4
_SMALL = 34
_FAINT = 0.85


def typeface_of(settings: SiteTable, files: BookFiles) -> Typeface:
    """Return the font of cards and icons: the author's, if the settings name one.

    Raises `SettingsError` where there is none, or none that can be read.
    """
    path = settings.card_font
    if not path:
        return Typeface()
    data = files.read(path) if files.is_file(path) else None
    if data is None:
        raise SettingsError(f"There is no file {path}, which [site] card-font names.")
    try:
        return Typeface(data)
    except ValueError:
        advice = "Give a TrueType or OpenType file."
        raise SettingsError(f"{path}, which [site] card-font names, is no font. {advice}") from None


class Cards:
    """Gives every page its card. `lying` are files that lie there as the last build wrote them."""

    def __init__(self, typeface: Typeface, lying: Container[str] = ()) -> None:
        self._typeface = typeface
        self._lying = lying
        self._last: _CardWriter | None = None

    def files(self, site: Site) -> Iterable[tuple[str, bytes | None]]:
        """Yield the book's card and those of its chapters, each once; None for what stays."""
        writer = self._writer(site)
        seen = set()
        for title in ("", *(page.title for page in site.pages)):
            path = writer.path(title)
            if path not in seen:
                seen.add(path)
                yield path, None if path in self._lying else writer.draw(title)

    def head(self, site: Site, page: Page | None) -> str:
        """Return the tags that name the card of `page`; None stands for the cover."""
        title = page.title if page else ""
        shown = f"{title} · {site.meta.title}" if title else site.meta.title
        address = site.address_of(self._writer(site).path(title))
        return (
            f'<meta property="og:image" content="{escape(address)}">\n'
            f'<meta property="og:image:width" content="{WIDTH}">\n'
            f'<meta property="og:image:height" content="{HEIGHT}">\n'
            f'<meta property="og:image:alt" content="{escape(shown)}">\n'
            '<meta name="twitter:card" content="summary_large_image">\n'
        )

    def head_key(self, site: Site) -> str:
        """Return how cards look, which is in their names."""
        return self._writer(site).looks

    def _writer(self, site: Site) -> "_CardWriter":
        if self._last is None or self._last.site is not site:
            self._last = _CardWriter(site, self._typeface)
        return self._last


class _CardWriter:
    """Draws the cards of one site on copies of a base that all of them share."""

    def __init__(self, site: Site, typeface: Typeface) -> None:
        self.site = site
        self.typeface = typeface
        self.color = site.settings.color
        self.rtl = site.direction == "rtl"
        self.book = typeface.writable(site.meta.title)
        self.authors = typeface.writable(", ".join(site.meta.authors))
        looks = (_DRAWING, typeface.digest, self.color, self.rtl, self.book, self.authors)
        self.looks = repr(looks)

    def path(self, title: str) -> str:
        """Return the path of the card for a chapter called `title`, empty for the book's own."""
        text = self.typeface.writable(title)
        return f"{OWN_FOLDER}/cards/{sha256((self.looks + text).encode()).hexdigest()[:20]}.png"

    def draw(self, title: str) -> bytes:
        """Return the card as PNG."""
        text = self.typeface.writable(title)
        backdrop = self.behind_chapters if text else self.behind_book
        large = text or self.book
        size, lines = self.typeface.fit(large, _ROOM, _TITLE_LINES, _TITLE_SIZES)
        step = size * 5 // 4
        # The first line stands with its letters, not with its foot, at the block's top.
        foot = (HEIGHT - step * len(lines)) // 2 + size
        above, below = self.typeface.reach(size)
        top, last = max(0, foot - above), foot + step * (len(lines) - 1)
        strip = backdrop.strip(top, min(HEIGHT, last + below))
        for number, line in enumerate(lines if large else ()):
            self._line(strip, line, foot + number * step - top, size, strength=1.0)
        return backdrop.png(strip, top)

    @cached_property
    def behind_book(self) -> Backdrop:
        """What all cards have in common: the colour, a band at the edge, the authors."""
        return Backdrop(self._base())

    @cached_property
    def behind_chapters(self) -> Backdrop:
        """What all cards of chapters have in common: the book's title besides."""
        canvas = self._base()
        self._write(canvas, self.book, _MARGIN + _SMALL)
        return Backdrop(canvas)

    def _base(self) -> Canvas:
        canvas = Canvas(WIDTH, HEIGHT, self.color, ink_on(self.color))
        edge = WIDTH - _BAND if self.rtl else 0
        canvas.fill((edge, 0, edge + _BAND, HEIGHT), 0.3)
        self._write(canvas, self.authors, HEIGHT - _MARGIN)
        return canvas

    def _write(self, canvas: Canvas, text: str, foot: int) -> None:
        if text:
            _, lines = self.typeface.fit(text, _ROOM, 1, (_SMALL,))
            self._line(canvas, lines[0], foot, _SMALL, _FAINT)

    def _line(self, canvas: Canvas, text: str, foot: int, size: int, strength: float) -> None:
        place = (WIDTH - _MARGIN if self.rtl else _MARGIN, foot)
        canvas.write(self.typeface, size, text, place, "rs" if self.rtl else "ls", strength)
