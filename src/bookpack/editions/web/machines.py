"""Files that other programs look for: `sitemap.xml`, `robots.txt`, an Atom feed, `.nojekyll`.

A date in them is one that the book states, never the time of the build: the same book gives the
same files, and a reader of the feed learns of a chapter when its author says that it changed.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from html import escape
from urllib.parse import quote

from bookpack.editions.web.addresses import COVER_PATH, relative
from bookpack.editions.web.site import CONTENTS_PATH, Page, Site

FEED_PATH = "feed.xml"
ROBOTS_PATH = "robots.txt"
SITEMAP_PATH = "sitemap.xml"
NO_JEKYLL_PATH = ".nojekyll"
"""GitHub Pages publish a branch without the folders whose names begin with `_`, unless it is there
(https://docs.github.com/en/pages/getting-started-with-github-pages/creating-a-github-pages-site).
"""
FEED_ENTRIES = 100
"""Entries of the feed: the chapters that changed last."""
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ADDRESS_MARKS = "%/:=&?~#+!$,;'@()*[]"


class Machines:
    """Gives the site its map, its word to robots and its feed."""

    def __init__(self) -> None:
        self._last: tuple[Site, str] | None = None

    def files(self, site: Site) -> Iterable[tuple[str, bytes]]:
        """Yield the files; a feed only where chapters state dates."""
        yield SITEMAP_PATH, sitemap(site).encode()
        yield ROBOTS_PATH, robots_txt(site).encode()
        yield NO_JEKYLL_PATH, b""
        if _dated(site):
            yield FEED_PATH, feed(site).encode()

    def head(self, site: Site, page: Page | None) -> str:
        """Return the link to the feed; None stands for the cover."""
        if not self.head_key(site):
            return ""
        address = escape(relative(page.path if page else COVER_PATH, FEED_PATH))
        title = escape(site.meta.title)
        return (
            f'<link rel="alternate" type="application/atom+xml" href="{address}" title="{title}">\n'
        )

    def head_key(self, site: Site) -> str:
        """Return whether there is a feed."""
        if self._last is None or self._last[0] is not site:
            self._last = site, "feed" if _dated(site) else ""
        return self._last[1]


def sitemap(site: Site) -> str:
    """Return the addresses of all pages (https://www.sitemaps.org/protocol.html)."""
    places = [(page.url, page.chapter.date) for page in site.pages]
    if site.home is None:
        places.insert(0, (site.address_of(COVER_PATH), ""))
    places.append((site.address_of(CONTENTS_PATH), ""))
    rows = []
    for url, date in places:
        changed = f"<lastmod>{date}</lastmod>" if date else ""
        rows.append(f"<url><loc>{_xml(_as_uri(url))}</loc>{changed}</url>\n")
    opening = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return f"{_DECLARATION}{opening}{''.join(rows)}</urlset>\n"


def robots_txt(site: Site) -> str:
    """Return a welcome to every robot (RFC 9309), with the licence for machines if there is one.

    Robots look for this file at the root of a host alone. A book that is published below it
    hands it to who keeps the root.
    """
    groups = [
        f"User-agent: *\nAllow: {_as_uri(site.base_path)}\n",
        f"Sitemap: {_as_uri(site.address_of(SITEMAP_PATH))}\n",
    ]
    if site.settings.rsl:
        # It counts for every robot, so it stands outside of their groups.
        groups.insert(0, f"License: {_as_uri(site.settings.rsl)}\n")
    return "\n".join(groups)


def feed(site: Site) -> str:
    """Return the chapters that state a date, newest first, as Atom (RFC 4287).

    An entry's id is the chapter's address. Raises `ValueError` if no chapter states a date.
    """
    pages = _dated(site)
    if not pages:
        raise ValueError("no chapter states a date")
    meta, own = site.meta, site.address_of(FEED_PATH)
    authors = meta.authors or (meta.title,)  # the format demands one
    lines = [
        f'{_DECLARATION}<feed xmlns="http://www.w3.org/2005/Atom" '
        f'xml:lang="{_xml(site.language)}">',
        f"<id>{_xml(_as_uri(own))}</id>",
        f"<title>{_xml(meta.title)}</title>",
    ]
    if meta.summary:
        lines.append(f"<subtitle>{_xml(meta.summary)}</subtitle>")
    lines.append(f"<updated>{_moment(pages[0])}</updated>")
    lines += (f"<author><name>{_xml(name)}</name></author>" for name in authors)
    lines.append(f'<link rel="self" href="{_xml(_as_uri(own))}"/>')
    lines.append(f'<link href="{_xml(_as_uri(site.address_of(COVER_PATH)))}"/>')
    if site.settings.license:
        lines.append(f'<link rel="license" href="{_xml(_as_uri(site.settings.license))}"/>')
    if meta.rights:
        lines.append(f"<rights>{_xml(meta.rights)}</rights>")
    for page in pages[:FEED_ENTRIES]:
        address = _xml(_as_uri(page.url))
        summary = page.chapter.summary
        lines += [
            "<entry>",
            f"<id>{address}</id>",
            f"<title>{_xml(page.title)}</title>",
            f"<updated>{_moment(page)}</updated>",
            f'<link href="{address}"/>',
            *([f"<summary>{_xml(summary)}</summary>"] if summary else []),
            "</entry>",
        ]
    return "\n".join([*lines, "</feed>", ""])


def _dated(site: Site) -> list[Page]:
    return sorted((page for page in site.pages if page.chapter.date), key=_instant, reverse=True)


def _instant(page: Page) -> tuple[float, int]:
    return datetime.fromisoformat(_moment(page)).timestamp(), -page.number


def _moment(page: Page) -> str:
    """Return the chapter's date as a moment: a day begins in UTC."""
    date = page.chapter.date
    return date if "T" in date else f"{date}T00:00:00Z"


def _as_uri(address: str) -> str:
    """Return an address without letters beyond ASCII in its path (RFC 3987, section 3.1)."""
    return quote(address, safe=_ADDRESS_MARKS)


def _xml(text: str) -> str:
    """Return `text` for an element or an attribute, without what XML 1.0 cannot hold."""
    return escape(_NO_XML.sub("\ufffd", text))
