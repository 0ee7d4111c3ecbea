"""The chapters on a desk as they were last read, and where the suggestions stand in them."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bookpack.desks.review.anchoring import Anchoring
from bookpack.desks.review.decisions import Log
from bookpack.desks.review.files import read_source, why_not_writable
from bookpack.desks.review.history import shifted
from bookpack.desks.review.remembering import Item, place_again
from bookpack.errors import WorldError
from bookpack.source import Edit, Source, Span, apply_edits

_GONE = "the chapter is gone"


class Placing:
    """Reads the chapters of `items` and keeps the items' places in them up to date.

    `texts` are the texts (path → text) in which the items have their places. Raises `WorldError`
    for a chapter that cannot be read; one that cannot be read later on has no places.
    """

    def __init__(self, folder: Path, items: Iterable[Item], texts: Mapping[str, str]) -> None:
        self.folder = folder
        self.by_path: dict[str, list[Item]] = {}
        self.sources: dict[str, Source] = {}
        self._troubles: dict[str, str] = {}
        self._stamps: dict[str, object] = {}
        for item in items:
            self.by_path.setdefault(item.suggestion.path, []).append(item)
        for path in self.by_path:
            self._place(path, read_source(folder, path), texts.get(path), None)

    def changed(self) -> set[str]:
        """Return the paths of the chapters whose files are others than when this was asked last."""
        return {path for path in self.by_path if self.is_new(path)}

    def is_new(self, path: str) -> bool:
        """Tell whether a file of the book is another one than when this was asked last."""
        try:
            found = (self.folder / path).stat()
            stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
        except OSError:
            stamp = None
        if path in self._stamps and self._stamps[path] == stamp:
            return False
        self._stamps[path] = stamp
        return True

    def forget_files(self) -> None:
        """Take every file for a new one when it is asked about next."""
        self._stamps.clear()

    def read_again(self, path: str, log: Log | None = None) -> None:
        """Read a chapter, and find its items again if its text is another one by now.

        Where `log` tells how the one became the other, their places are counted.
        """
        known = self.sources[path].text if path in self.sources else None
        self._troubles.pop(path, None)
        source = None
        try:
            source = read_source(self.folder, path)
        except WorldError as error:
            self._troubles[path] = str(error).rstrip(".")
        self._place(path, source, known, log)

    def trouble(self, path: str) -> str:
        """Return why nothing can be written into a chapter, nothing where it can."""
        source = self.sources.get(path)
        if source is None:
            return self._troubles.get(path, _GONE)
        return why_not_writable(self.folder, source)

    def wrote(self, path: str, new_text: str, edits: Sequence[Edit], done: set[int]) -> None:
        """Take note of `edits`, which gave `new_text`; `done` are the items (by `id`) they are."""
        for item in self.by_path[path]:
            if item.span is None:
                continue
            if id(item) in done:
                edit = next(e for e in edits if e.span == item.span)
                before = (e for e in edits if e.span < edit.span)
                start = edit.span.start + sum(len(t) - (s.end - s.start) for s, t in before)
                item.span = Span(start, start + len(edit.text))
            else:
                item.span = shifted(item.span, edits)
        self.sources[path] = Source.from_bytes(path, self.sources[path].to_bytes(new_text))

    def put_back(self, path: str, done: Sequence[tuple[Item, Edit]]) -> None:
        """Take note of items that were undone; what had lost its words may have them back."""
        for item, edit in done:
            item.span, item.state, item.key = edit.span, "", ""
            item.text = item.suggestion.after
        edits = [edit for _, edit in done]
        new_text = apply_edits(self.sources[path].text, edits)
        self.wrote(path, new_text, edits, {id(item) for item, _ in done})
        by_words = Anchoring(None, new_text)
        for item in self.by_path[path]:
            if item.span is None and not item.is_applied:
                item.span = by_words.find(item.suggestion.quote)

    def _place(self, path: str, source: Source | None, known: str | None, log: Log | None) -> None:
        if source is None:
            self.sources.pop(path, None)
            for item in self.by_path[path]:
                item.span = None
            return
        self.sources[path] = source
        if source.text != known:
            place_again(self.by_path[path], known, source, log)
