"""The book's icon, the first letter of its title on its colour, and `manifest.webmanifest`.

Files of the same name in the theme's folder take the place of the icons.
"""

import json
import unicodedata
from collections.abc import Iterable
from html import escape

from bookpack.editions.web.addresses import COVER_PATH, OWN_FOLDER, relative
from bookpack.editions.web.site import Page, Site
from bookpack.images.lettering import Canvas, Typeface, ink_on

MANIFEST_PATH = "manifest.webmanifest"
SVG_PATH = f"{OWN_FOLDER}/favicon.svg"
ICO_PATH = f"{OWN_FOLDER}/favicon.ico"
TOUCH_PATH = f"{OWN_FOLDER}/apple-touch-icon.png"
_SMALL, _LARGE = 32, 180
"""Pixels: the sizes that browsers ask for in tabs, and telephones on their first page."""


class Icons:
    """Gives the site its icons and its manifest."""

    def __init__(self, typeface: Typeface) -> None:
        self._typeface = typeface

    def files(self, site: Site) -> Iterable[tuple[str, bytes]]:
        """Yield the icon in three forms, and the manifest."""
        letter, color = initial(site.meta.title), site.settings.color
        yield SVG_PATH, svg_icon(letter, color).encode()
        yield ICO_PATH, self._drawn(letter, color, _SMALL).ico()
        yield TOUCH_PATH, self._drawn(letter, color, _LARGE).png()
        yield MANIFEST_PATH, manifest(site).encode()

    def head(self, site: Site, page: Page | None) -> str:
        """Return the links to icons and manifest; None stands for the cover."""
        path = page.path if page else COVER_PATH
        ico, svg, touch, names = (
            escape(relative(path, target))
            for target in (ICO_PATH, SVG_PATH, TOUCH_PATH, MANIFEST_PATH)
        )
        return (
            f'<link rel="icon" href="{ico}" sizes="{_SMALL}x{_SMALL}">\n'
            f'<link rel="icon" href="{svg}" type="image/svg+xml">\n'
            f'<link rel="apple-touch-icon" href="{touch}">\n'
            f'<link rel="manifest" href="{names}">\n'
        )

    def head_key(self, site: Site) -> str:
        """Return nothing: where the icons lie is fixed."""
        return ""

    def _drawn(self, letter: str, color: str, size: int) -> Canvas:
        canvas = Canvas(size, size, color, ink_on(color))
        written = self._typeface.writable(letter)
        if written:
            place = (size // 2, round(size * 0.74))
            canvas.write(self._typeface, round(size * 0.68), written, place, "ms")
        else:  # an open book
            left, middle, right = round(size * 0.16), size // 2, size - round(size * 0.16)
            top, foot, gap = round(size * 0.26), round(size * 0.74), max(1, size // 40)
            canvas.fill((left, top, middle - gap, foot))
            canvas.fill((middle + gap, top, right, foot))
        return canvas


def initial(title: str) -> str:
    """Return the first letter or digit of `title` with its marks; empty if there is none."""
    text = unicodedata.normalize("NFC", title)
    start = next((at for at, character in enumerate(text) if character.isalnum()), None)
    if start is None:
        return ""
    end = start + 1
    while end < len(text) and unicodedata.category(text[end])[0] == "M":
        end += 1
    letter = text[start:end]
    upper = letter.upper()
    return upper if len(upper) == len(letter) else letter


def svg_icon(letter: str, color: str) -> str:
    """Return the icon as SVG, written in whatever font the reader's system has."""
    ink = ink_on(color)
    if letter:
        shape = (
            f'<text x="32" y="47" fill="{ink}" text-anchor="middle" font-size="42" '
            f'font-weight="600" font-family="system-ui, sans-serif">{escape(letter)}</text>'
        )
    else:
        shape = f'<path fill="{ink}" d="M10 17h20v30H10zM34 17h20v30H34z"/>'
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
        f'<rect width="64" height="64" rx="12" fill="{color}"/>{shape}</svg>\n'
    )


def manifest(site: Site) -> str:
    """Return the web application manifest (https://www.w3.org/TR/appmanifest/)."""
    meta, color = site.meta, site.settings.color
    about = {
        "name": meta.title,
        "description": meta.summary,
        "lang": site.language,
        "dir": site.direction,
        "start_url": "./",
        "display": "minimal-ui",
        "theme_color": color,
        "background_color": "#ffffff",
        "icons": [
            {"src": SVG_PATH, "type": "image/svg+xml", "sizes": "any"},
            {"src": TOUCH_PATH, "type": "image/png", "sizes": f"{_LARGE}x{_LARGE}"},
        ],
    }
    known = {name: value for name, value in about.items() if value}
    return json.dumps(known, ensure_ascii=False, indent=2) + "\n"
