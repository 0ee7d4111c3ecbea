"""Footnotes of a chapter: numbered as they are referred to, gathered at its end."""

from collections.abc import Iterable, Mapping
from html import escape

from bookpack.editions.web.markup import ID

_NOT_SEARCHED = " data-pagefind-ignore"
"""Keeps numbers and arrows out of what a search finds (https://pagefind.app/docs/indexing)."""


class _Note:
    """A footnote: its number, its text once that was seen, and how often it was referred to."""

    __slots__ = ("markup", "number", "uses")

    def __init__(self) -> None:
        self.number = 0
        self.uses = 0
        self.markup: str | None = None


class Footnotes:
    """Collects the footnotes of one chapter. Marks of a text that is not `trusted` lead nowhere.

    `taken` are the ids that the chapter has anyway; those of footnotes begin like none of them.
    """

    def __init__(
        self, words: Mapping[str, str], taken: Iterable[str] = (), *, trusted: bool
    ) -> None:
        self._prefix = "fn"
        while any(name.startswith((f"{self._prefix}:", f"{self._prefix}ref:")) for name in taken):
            self._prefix += "-"
        self._words = words
        self._trusted = trusted
        self._notes: dict[str, _Note] = {}
        self._used: list[_Note] = []

    def define(self, label: str, markup: str) -> None:
        """Take the text of a footnote; the first one of a label counts."""
        note = self._notes.setdefault(label, _Note())
        if note.markup is None:
            note.markup = markup

    def mark(self, label: str) -> str:
        """Return the mark in the text that refers to the footnote called `label`."""
        if not self._trusted:
            return escape(f"[{label}]", quote=False)
        note = self._notes.setdefault(label, _Note())
        if not note.number:
            self._used.append(note)
            note.number = len(self._used)
        note.uses += 1
        return (
            f'<sup{_NOT_SEARCHED}><a href="#{ID}{self._prefix}:{note.number}"'
            f' id="{ID}{self._place(note, note.uses)}"'
            f' class="noteref" role="doc-noteref">{note.number}</a></sup>'
        )

    def section(self, title: str) -> str:
        """Return the footnotes of the chapter called `title`, as they are first referred to.

        Those that nothing refers to come last: nothing of a text is lost. The title tells them
        from those of other chapters on the page of the whole book.
        """
        unused = [note for note in self._notes.values() if not note.number]
        if not self._used and not unused:
            return ""
        items = []
        for note in [*self._used, *unused]:
            markup = (note.markup or "").rstrip()
            back = self._back_links(note)
            if markup.endswith("</p>"):
                markup = f"{markup[:-4]}{back}</p>"
            else:
                markup += back
            name = f' id="{ID}{self._prefix}:{note.number}"' if note.number else ""
            items.append(f"<li{name}>\n{markup}\n</li>\n")
        label = escape(" · ".join(filter(None, (self._words["footnotes"], title))))
        return (
            f'<section class="footnotes" role="doc-endnotes" aria-label="{label}">\n<ol>\n'
            f"{''.join(items)}</ol>\n</section>\n"
        )

    def _back_links(self, note: _Note) -> str:
        label = escape(self._words["back-to-text"])
        return "".join(
            f' <a href="#{ID}{self._place(note, use)}"'
            f' class="backref"{_NOT_SEARCHED} role="doc-backlink" aria-label="{label}">↩︎</a>'
            for use in range(1, note.uses + 1)
        )

    def _place(self, note: _Note, use: int) -> str:
        """Return the id of the mark that refers to `note` for the `use`th time."""
        return f"{self._prefix}ref:{note.number}" + (f":{use}" if use > 1 else "")
