"""The nearest candidates for a target that leads nowhere."""

import difflib
import re
from collections.abc import Iterable

from bookpack.model import Book, Chapter
from bookpack.read.order import without_order_number

_PAGE_SUFFIX = re.compile(r"\.(?:html?|md|markdown)$", re.I)
_LIMIT = 200
"""Looking for near names is quadratic; a book with more broken targets than this needs no hints."""


class Suggestions:
    """Names the chapters and anchors of one book that come nearest to a wrong name."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._asked = 0
        self._names: dict[str, Chapter] = {}

    def chapters(self, name: str) -> str:
        """Return a sentence with the chapters whose file or address is nearest, or nothing."""
        if not self._names:
            for chapter in self._book.chapters:
                for known in (
                    without_order_number(chapter.path.rpartition("/")[2]),
                    chapter.url.removeprefix(self._book.meta.url),
                ):
                    self._names.setdefault(_last_name(known), chapter)
        near = self._nearest(_last_name(name), list(self._names))
        chapters = {self._names[found].path: self._names[found].url for found in near}
        listed = " or ".join(f"{path} ({url})" for path, url in chapters.items())
        return f"Nearest: {listed}." if listed else ""

    def anchors(self, name: str, known: Iterable[str]) -> str:
        """Return a sentence with the nearest of the `known` anchors, or nothing."""
        near = self._nearest(name.casefold(), sorted(known)) if self._asked < _LIMIT else []
        return f"Nearest: {' or '.join(f'#{found}' for found in near)}." if near else ""

    def _nearest(self, name: str, known: list[str]) -> list[str]:
        self._asked += 1
        if self._asked > _LIMIT:
            return []
        return difflib.get_close_matches(name, known, n=3, cutoff=0.6)


def _last_name(path: str) -> str:
    """Return the last name of a path or address in lower case, without suffix."""
    return _PAGE_SUFFIX.sub("", path.strip("/").rpartition("/")[2]).casefold()
