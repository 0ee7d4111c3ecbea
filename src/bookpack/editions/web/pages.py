"""A `Site` → the values that its templates are filled with. No markup is written here."""

from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from bookpack.editions.web.addresses import COVER_PATH, OWN_FOLDER, relative
from bookpack.editions.web.body import Body
from bookpack.editions.web.markdown_pages import alternate_link, assistant_links, markdown_path
from bookpack.editions.web.markup import (
    OWN_ID,
    fragment_of,
    in_language,
    on_page,
    own_id,
    whole_book_id,
)
from bookpack.editions.web.metadata import description_of
from bookpack.editions.web.policy import policy
from bookpack.editions.web.site import (
    CONTENTS_PATH,
    NOT_FOUND_PATH,
    PRINT_PATH,
    Page,
    Site,
    direction_of,
)
from bookpack.editions.web.theme import EARLY_SCRIPT, Theme

Values = dict[str, Any]
REDIRECT_SCRIPT = "location.replace(document.querySelector('a').href+location.hash)"
_ALL_CHAPTERS = 40
"""A book of no more chapters than this is listed whole beside each of its pages."""
_DEEPEST = 3
"""Levels by which a chapter is set in where it is listed."""
_NEIGHBOURS = 12
"""Of a longer book, so many chapters before and behind a page's own are listed."""
_LONGEST_COVER = 200
"""Chapters that the cover still lists; the contents of a longer book have a page of their own."""


class PageValues:
    """Makes the values of each kind of page of one site."""

    def __init__(
        self,
        site: Site,
        theme: Theme,
        words: Mapping[str, str],
        diagram_script: str = "",
        *,
        search: bool = False,
    ) -> None:
        self.site = site
        self.theme = theme
        self.words = words
        self.diagram_script = diagram_script
        self.search = search
        self.features = frozenset({"search"} if search else ())
        meta = site.meta
        self.about = {
            "title": meta.title,
            "authors": list(meta.authors),
            "language": site.language,
            "direction": site.direction,
            "summary": meta.summary,
            "rights": meta.rights,
            "edition": meta.edition,
            "edition_in_words": _edition_in_words(meta.edition, words["edition"]),
            "date": meta.date,
        }
        self._listed = [
            repr((page.title, page.path, page.chapter.part, page.chapter.language))
            for page in site.pages
        ]
        self._titles = repr([part.title for part in site.parts])
        self.part_ids = {
            id(page): f"part-{number}"
            for number, part in enumerate(site.parts, 1)
            for page in part.pages
        }

    def chapter(self, page: Page, body: Body, extra_head: str = "") -> Values:
        """Return the values of a chapter's page.

        The page offers its Markdown where `extra_head`, what contributions say of it, links there.
        """
        site, path = self.site, page.path
        previous, following = site.previous(page), site.next(page)
        language = page.chapter.language
        own = in_language(language)
        markup = on_page(body.markup, path, site)
        heading = on_page(body.title, path, site) if body.title else ""
        published = alternate_link(page) in extra_head
        return {
            **self._common(path, page.title, description_of(page.chapter)),
            "site": self._about_book_of(page),
            "own_id": own_id(page.chapter),
            "canonical": page.url,
            "policy": policy(markup, body.features | self.features),
            "extra_head": Markup(extra_head),
            "is_home": path == COVER_PATH,
            "actions": self._actions() if path == COVER_PATH else [],
            "sold_at": "" if published else site.settings.sold_at,
            "start": "",
            "part": self.part(page),
            "heading": Markup(heading) if heading else page.title,
            "anchor": body.anchor,
            "body": Markup(markup),
            "article_attributes": Markup((" data-pagefind-body" if self.search else "") + own),
            "text_attributes": Markup(own),
            "body_attributes": Markup(
                in_language(site.language, site.direction) if language else ""
            ),
            "sections": [
                {"level": s.level, "title": s.title, "href": f"#{fragment_of(s.anchor)}"}
                for s in body.sections
                if s.level <= 3
            ],
            "markdown": relative(path, markdown_path(page)) if published else "",
            "assistants": [
                {"label": self.words["open-in"].replace("{name}", name), "url": url}
                for name, url in assistant_links(site, page, published=published)
            ],
            "edit": self.edit_address(page),
            "navigation": self.navigation(page),
            "previous": self._entry(path, previous) if previous else None,
            "next": self._entry(path, following) if following else None,
            "diagram_script": self._diagram_script(body.features),
        }

    def _about_book_of(self, page: Page) -> Values:
        """Return what is said of the book, in the language of a chapter that has its own."""
        language = page.chapter.language
        if not language:
            return self.about
        return {**self.about, "language": language, "direction": direction_of(language)}

    def edit_address(self, page: Page) -> str:
        """Return where the chapter's file is edited; empty where the settings do not say."""
        return self.site.settings.edit.replace("{path}", quote(page.chapter.source.path))

    def part(self, page: Page) -> Values | None:
        """Return what is said of the part that `page` is in; None where the book has no parts."""
        part = page.chapter.part
        return {"title": part, "id": self.part_ids[id(page)]} if part else None

    def navigation(self, page: Page) -> list[Values]:
        """Return the chapters around `page`, never more than a fixed number of them, by part.

        Of other parts there is the title, with a link to where their chapters are listed.
        """
        entries: dict[str, list[Values]] = {}
        for near in self.site.pages[self._around(page)]:
            entry = {**self._entry(page.path, near), "current": near is page}
            entries.setdefault(self.part_ids[id(near)], []).append(entry)
        parts = [
            {"title": part.title, "href": "", "entries": entries[name]}
            if name in entries
            else {"title": part.title, "href": self._part_href(page.path, name), "entries": []}
            for part in self.site.parts
            if (name := self.part_ids[id(part.pages[0])]) in entries or part.title
        ]
        middle = next(i for i, part in enumerate(parts) if part["entries"])
        return parts[max(0, middle - _NEIGHBOURS) : middle + 2 * _NEIGHBOURS + 1]

    def _part_href(self, path: str, name: str) -> str:
        return f"{relative(path, CONTENTS_PATH)}#{name}"

    def _part_links(self, path: str) -> list[Values]:
        names = [(part.title, self.part_ids[id(part.pages[0])]) for part in self.site.parts]
        return [
            {"title": title, "href": self._part_href(path, name)} for title, name in names if title
        ]

    def navigation_key(self, page: Page) -> str:
        """Return what decides the `navigation` beside `page`, which lies at a known path."""
        return "".join([self._titles, *self._listed[self._around(page)]])

    def _around(self, page: Page) -> slice:
        if len(self.site.pages) <= _ALL_CHAPTERS:
            return slice(None)
        return slice(max(0, page.number - _NEIGHBOURS), page.number + _NEIGHBOURS + 1)

    def cover(self, extra_head: str = "") -> Values:
        """Return the values of the page at the book's own address."""
        site = self.site
        start = relative(COVER_PATH, site.pages[0].path) if site.pages else ""
        is_long = len(site.pages) > _LONGEST_COVER
        contents = {"label": self.words["contents"], "url": CONTENTS_PATH}
        return {
            **self._common(COVER_PATH, site.meta.title, site.meta.summary),
            "extra_head": Markup(extra_head),
            "is_home": False,
            "actions": [*([contents] if is_long else ()), *self._actions()],
            "start": start,
            "parts": [] if is_long else self._contents(COVER_PATH),
            "part_links": self._part_links(COVER_PATH) if is_long else [],
            "part_level": 3,
        }

    def contents(self) -> Values:
        """Return the values of the page that lists all chapters."""
        return {
            **self._common(CONTENTS_PATH, self.words["contents"], self.site.meta.summary),
            "parts": self._contents(CONTENTS_PATH),
            "part_level": 2,
            "token_label": self.site.token_label,
            "print_path": PRINT_PATH if self.site.settings.print else "",
        }

    def whole_book(self, markup: str, features: set[str]) -> Values:
        """Return the values of the page that holds every chapter, `markup`."""
        return {
            **self._common(PRINT_PATH, self.words["print"], self.site.meta.summary),
            "canonical": self.site.address_of(COVER_PATH),
            "policy": policy(markup, features | self.features),
            "diagram_script": self._diagram_script(features),
            "is_home": False,
            "actions": [],
            "start": "",
            "parts": self._contents(PRINT_PATH),
            "chapters": Markup(markup),
        }

    def not_found(self) -> Values:
        """Return the values of the page that a server shows at any address that has none."""
        base = self.site.base_path
        values = self._common(NOT_FOUND_PATH, self.words["not-found"], "")
        return {**values, "canonical": "", "href": lambda path: base + quote(path)}

    def redirect(self, path: str, target: Page) -> Values:
        """Return the values of the page at an old address."""
        return {
            "site": self.about,
            "words": self.words,
            "title": target.title,
            "policy": policy(extra_scripts=[REDIRECT_SCRIPT]),
            "canonical": target.url,
            "target": relative(path, target.path),
            "redirect_script": Markup(REDIRECT_SCRIPT),
        }

    def _common(self, path: str, title: str, description: str) -> Values:
        theme, name = self.theme, self.site.meta.title
        href: Callable[[str], str] = lambda target: relative(path, target)  # noqa: E731
        return {
            "site": self.about,
            "words": self.words,
            "href": href,
            "title": title if title == name else f"{title} · {name}",
            "description": description,
            "canonical": self.site.address_of(path),
            "policy": policy(features=self.features),
            "early_script": Markup(EARLY_SCRIPT),
            "style_path": theme.style_path,
            "script_path": theme.script_path,
            "search_script": theme.search_script_path if self.search else "",
            "search_style": theme.search_style_path,
            "diagram_script": "",
            "body_attributes": "",
            "extra_head": "",
            "own_folder": OWN_FOLDER,
            "own_id": OWN_ID,
        }

    def _diagram_script(self, features: Collection[str]) -> str:
        return self.diagram_script if "diagram" in features else ""

    def _actions(self) -> list[Values]:
        """Return the buttons of the cover: the author's, and where the packed edition is sold."""
        settings = self.site.settings
        actions = [{"label": a.label, "url": a.url} for a in settings.action]
        if settings.sold_at and all(one["url"] != settings.sold_at for one in actions):
            actions.append({"label": self.words["packed-edition"], "url": settings.sold_at})
        return actions

    def _contents(self, path: str) -> list[Values]:
        words = self.words["tokens"]
        return [
            {
                "title": part.title,
                "id": self.part_ids[id(part.pages[0])],
                "entries": [
                    {
                        **self._entry(path, page),
                        "id": whole_book_id(page.number),
                        "tokens": f"{page.packed.tokens:,} {words}" if page.packed.tokens else "",
                        "summary": page.chapter.summary,
                    }
                    for page in part.pages
                ],
            }
            for part in self.site.parts
        ]

    def _entry(self, path: str, page: Page) -> Values:
        """Return a link to `page`, for one at `path`."""
        own = page.chapter.language
        other = own if own != self.site.language else ""
        return {
            "title": page.title,
            "href": relative(path, page.path),
            "language": other,
            "depth": min(page.depth, _DEEPEST),
        }


def _edition_in_words(edition: str, words: str) -> str:
    """Return what a reader is told of the edition: a mere number needs a word with it."""
    is_told = not edition or any(character.isalpha() for character in edition)
    return edition if is_told else words.replace("{edition}", edition)
