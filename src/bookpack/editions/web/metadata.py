"""What the head of a page says about it: Open Graph, JSON-LD and the licence.

https://ogp.me and https://schema.org/Book, https://schema.org/Chapter. JSON-LD is a data block:
browsers do not run it, so the content security policy needs no hash for it
(https://html.spec.whatwg.org/multipage/scripting.html#data-block).
"""

import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from itertools import islice
from typing import Any

from bookpack.editions.web.addresses import COVER_PATH
from bookpack.editions.web.site import Page, Site
from bookpack.model import Chapter

DESCRIPTION_LENGTH = 200
"""Code points: more is cut off wherever a description is shown."""
_IN_SCRIPT = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")
_BLANK_LINE = re.compile(r"\n[ \t>]*\n")
_BLOCK = re.compile(r"[ \t]*(?:[-+*>|#](?:\s|$)|[>|<#]|\d{1,9}[.)]\s|\[\^|\t| {4})")
"""How a line begins that belongs to a list, quote, table, heading, footnote or raw HTML."""
_TELLING = 40
"""Code points from which on a paragraph is taken to say what a chapter is about."""
_SEARCHED = 12
"""Paragraphs in which such a one is looked for."""
_CODE = re.compile(r"(`+)(.+?)\1")


class Metadata:
    """Says in the head of each page what it is."""

    def files(self, site: Site) -> Iterable[tuple[str, bytes]]:
        """Yield nothing: all is said in the pages."""
        return ()

    def head(self, site: Site, page: Page | None) -> str:
        """Return Open Graph, JSON-LD and licence of `page`; None stands for the cover."""
        things = [_book(site)] if page is None or page is site.home else []
        about = description_of(page.chapter) if page else _cut(site.meta.summary)
        if page is not None:
            things.append(_chapter(site, page, about))
        tags = [*_open_graph(site, page, about), *_licences(site)]
        return "".join([*tags, *map(_data_block, things)])

    def head_key(self, site: Site) -> str:
        """Return nothing: all is said by settings and chapters."""
        return ""


def description_of(chapter: Chapter) -> str:
    """Return the chapter's summary, else the first sentences of its text; plain, on one line."""
    return _cut(chapter.summary or _opening(chapter))


def _opening(chapter: Chapter) -> str:
    """Return the chapter's first paragraph that says something, without markup."""
    first = ""
    for paragraph in islice(_paragraphs(chapter), _SEARCHED):
        if len(paragraph) >= _TELLING:
            return paragraph
        first = first or paragraph
    return first


def _paragraphs(chapter: Chapter) -> Iterator[str]:
    """Yield the plain text of paragraphs that stand in no list, quote, table or heading."""
    text = chapter.source.text
    headings = {heading.span.start for heading in chapter.structure.headings}
    pieces: list[str] = []
    end = 0
    for span in chapter.structure.prose:
        between = text[end : span.start]
        line = text.rfind("\n", 0, span.start) + 1
        if not pieces or _BLANK_LINE.search(between) or _BLOCK.match(text, line):
            if pieces:
                yield "".join(pieces)
                pieces = []
            if _BLOCK.match(text, line) or line in headings:
                end = span.end
                continue
        else:
            pieces += (match[2] for match in _CODE.finditer(between))
            if "\n" in between:
                pieces.append(" ")
        pieces.append(span.slice(text))
        end = span.end
    if pieces:
        yield "".join(pieces)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    if len(line) <= DESCRIPTION_LENGTH:
        return line
    words = line[:DESCRIPTION_LENGTH].rpartition(" ")
    return f"{(words[0] or words[2]).rstrip(' ,;:–—')}…"


def _open_graph(site: Site, page: Page | None, about: str) -> Iterable[str]:
    meta = site.meta
    values = [
        ("og:type", "article" if page else "book"),
        ("og:title", page.title if page else meta.title),
        ("og:url", page.url if page else site.address_of(COVER_PATH)),
        ("og:site_name", meta.title),
        ("og:description", about),
        ("og:locale", _locale(site.language)),
    ]
    if page is not None:
        values += [
            ("article:section", page.chapter.part),
            ("article:modified_time", page.chapter.date),
        ]
    for name, value in values:
        if value:
            yield f'<meta property="{name}" content="{escape(value)}">\n'


def _locale(language: str) -> str:
    """Return language and territory as Open Graph writes them; empty without a territory."""
    found = re.match(r"([A-Za-z]{2,3})(?:[-_][A-Za-z]{4})?[-_]([A-Za-z]{2})(?![A-Za-z])", language)
    return f"{found[1].lower()}_{found[2].upper()}" if found else ""


def _licences(site: Site) -> Iterable[str]:
    settings = site.settings
    if settings.license:
        yield f'<link rel="license" href="{escape(settings.license)}">\n'
    if settings.rsl:
        # https://rslstandard.org/rsl: the same link, told apart by its type.
        address = escape(settings.rsl)
        yield f'<link rel="license" type="application/rsl+xml" href="{address}">\n'


def _book(site: Site) -> dict[str, Any]:
    meta = site.meta
    about = {
        "@type": "Book",
        **_book_reference(site),
        "inLanguage": site.language,
        "description": _cut(meta.summary),
        "bookEdition": meta.edition,
        "datePublished": meta.date if _DATE.fullmatch(meta.date) else "",
        "license": site.settings.license,
    }
    return {name: value for name, value in about.items() if value}


def _chapter(site: Site, page: Page, description: str) -> dict[str, Any]:
    chapter = page.chapter
    about = {
        "@type": "Chapter",
        "@id": page.url,
        "url": page.url,
        "name": page.title,
        "position": page.number + 1,
        "inLanguage": site.language,
        "description": description,
        "dateModified": chapter.date,
        "license": site.settings.license,
        "isPartOf": {"@type": "Book", **_book_reference(site)},
    }
    return {name: value for name, value in about.items() if value}


def _book_reference(site: Site) -> dict[str, Any]:
    address = site.address_of(COVER_PATH)
    authors = [{"@type": "Person", "name": name} for name in site.meta.authors]
    about = {"@id": f"{address}#book", "url": address, "name": site.meta.title, "author": authors}
    return {name: value for name, value in about.items() if value}


def _data_block(about: dict[str, Any]) -> str:
    text = json.dumps({"@context": "https://schema.org", **about}, ensure_ascii=False)
    return f'<script type="application/ld+json">{text.translate(_IN_SCRIPT)}</script>\n'
