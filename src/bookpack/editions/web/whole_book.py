"""The page of the whole book: every chapter once more, in a section that outlives its build.

The page changes whenever a letter of the book does. So its key says where each section ends and
what went into it, and the next build cuts out of the last page whatever is still the same.
"""

import json
from collections.abc import Callable, Iterable
from html import escape
from typing import Any, NamedTuple

from markupsafe import Markup

from bookpack.editions.web.body import Body
from bookpack.editions.web.markup import ID, in_language, in_whole_book, whole_book_id
from bookpack.editions.web.pages import PageValues
from bookpack.editions.web.site import PRINT_PATH, Page
from bookpack.editions.web.theme import Theme


class Section(NamedTuple):
    """A chapter on the page of the whole book: its HTML, and what the page needs to show it."""

    key: str
    html: bytes
    features: tuple[str, ...]


class WholeBook:
    """Gathers the sections of the page. `known` is the key of the last page, and `old` reads it.

    A section's own key is the hash of everything that it shows.
    """

    def __init__(self, known: str | None, old: Callable[[], bytes | None]) -> None:
        self._sections: dict[int, Section] = {}
        self._known = _read_key(known)
        self._old = old

    def add(self, page: Page, key: str, body: Body) -> None:
        """Take over a chapter that has been rendered."""
        number = page.number
        anchor = f' id="{ID}{body.anchor}"' if body.anchor else ""
        title = body.title or escape(page.title, quote=False)
        language = in_language(page.chapter.language)
        markup = (
            f'<section id="{whole_book_id(number)}"><article{language}>\n'
            f"<h1{anchor}>{title}</h1>\n{body.markup}</article></section>\n"
        )
        html = in_whole_book(markup, number, PRINT_PATH).replace("\0", "\ufffd")
        features = tuple(sorted(body.features))
        self._sections[number] = Section(key, html.encode("utf-8", "replace"), features)

    def is_page(self, digest: str) -> bool:
        """Tell whether the last page shows what a page with this `digest` would."""
        return self._known is not None and self._known["digest"] == digest

    def write(
        self,
        chapters: Iterable[tuple[Page, str]],
        digest: str,
        render: Callable[[Page], Body],
        theme: Theme,
        values: PageValues,
    ) -> tuple[bytes, str]:
        """Return the page and its key. `chapters` are all pages with the keys of their sections.

        What was neither added nor lies in the last page is rendered. Raises `SettingsError` for a
        template that fails.
        """
        there = self._cut()
        sections: list[Section] = []
        for page, key in chapters:
            section = self._sections.pop(page.number, None) or there.get(key)
            if section is None:
                self.add(page, key, render(page))
                section = self._sections.pop(page.number)
            sections.append(section)
        features = {name for section in sections for name in section.features}
        scripts = (one.html.decode() for one in sections if "script" in one.features)
        # A page of megabytes is not led through the templates, but put into their place for it.
        place = f"[{digest}]"
        filled = {**values.whole_book("".join(scripts), features), "chapters": Markup(place)}
        frame = theme.render("print.html", filled)
        record = {
            "digest": digest,
            "start": frame.find(place.encode()),
            "sections": [(one.key, len(one.html), one.features) for one in sections],
        }
        page_html = frame.replace(place.encode(), b"".join(one.html for one in sections))
        return page_html, json.dumps(record, separators=(",", ":"))

    def _cut(self) -> dict[str, Section]:
        """Return the sections of the last page by their keys."""
        known = self._known
        html = self._old() if known and known["start"] >= 0 else None
        if known is None or html is None:
            return {}
        found, start = {}, known["start"]
        for key, size, features in known["sections"]:
            found[key] = Section(key, html[start : start + size], tuple(features))
            start += size
        return found


def _read_key(key: str | None) -> dict[str, Any] | None:
    try:
        record = json.loads(key or "")
    except ValueError:
        return None
    known = isinstance(record, dict) and record.keys() == {"digest", "start", "sections"}
    return record if known else None
