"""Headings of a chapter: their anchors are those that the chapter's reading gave them."""

from collections.abc import Mapping
from html import escape
from typing import NamedTuple

from bookpack.editions.web.markup import ID, fragment_of
from bookpack.model import Chapter
from bookpack.read.headings import EXPLICIT_ANCHOR


class Section(NamedTuple):
    """A heading in the contents of its page; `title` is plain text."""

    level: int
    title: str
    anchor: str


class Headings:
    """Writes the headings of one chapter, and takes its title out of them.

    `title` is the title's own markup and `anchor` its anchor, empty where the text does not open
    with it. Headings of a text that is not `trusted` are no headings of the page.
    """

    def __init__(self, chapter: Chapter, words: Mapping[str, str], *, trusted: bool) -> None:
        self.title = ""
        self.anchor = ""
        self.sections: list[Section] = []
        self._title_heading = chapter.title_heading
        self._known = {heading.span.start: heading for heading in chapter.structure.headings}
        self._label = words["link-to-section"]
        self._trusted = trusted
        self._open_levels = [(1, 1)]

    def heading(self, inner: str, start: int, level: int) -> str:
        """Return the heading that starts at code point `start`; the title is kept and gives none.

        `inner` is its markup with the braces, if any, that name its anchor.
        """
        if not self._trusted:
            return f"<p><strong>{inner}</strong></p>\n"
        heading = self._known.get(start)
        braces = EXPLICIT_ANCHOR.search(inner) if inner.endswith(("}", " ")) else None
        if braces is not None and heading is not None and not heading.text.endswith("}"):
            inner = inner[: braces.start()]
        if heading is not None and heading is self._title_heading:
            self.title, self.anchor = inner, heading.anchor
            return ""
        tag, look = self._level(level)
        if heading is None or not heading.anchor:
            return f"<{tag}{look}>{inner}</{tag}>\n"
        if heading.outermost and level > 1:
            self.sections.append(Section(level, heading.text, heading.anchor))
        name = ID + escape(heading.anchor)
        target = ID + escape(fragment_of(heading.anchor))
        label = escape(self._label.replace("{title}", heading.text))
        return (
            f'<{tag} id="{name}"{look}>{inner}'
            f'<a class="anchor" href="#{target}" aria-label="{label}"></a></{tag}>\n'
        )

    def _level(self, level: int) -> tuple[str, str]:
        """Return the tag of a heading, and the class that makes it look as its author meant it.

        Where an author leaves a level out, readers who go from heading to heading miss one; so
        a heading is one level below the one that it stands under, and looks as it did.
        """
        while self._open_levels and self._open_levels[-1][0] >= level:
            self._open_levels.pop()
        shown = self._open_levels[-1][1] + 1 if self._open_levels else 1
        self._open_levels.append((level, shown))
        return f"h{shown}", "" if shown == level else f' class="h{level}"'
