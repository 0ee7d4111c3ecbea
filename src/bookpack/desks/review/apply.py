"""Carries decisions out: into the store first, then into the author's text, and back again.

A decision is on the disk before the chapter is touched. A process that dies in between leaves
the chapter as it was: the suggestion is then made again by the next run, and is open. Every
write happens while the store is locked and after reading the chapter anew, so that two
reviewers and an editor that saves meanwhile cannot overwrite each other.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bookpack.desks.review.anchoring import Anchoring
from bookpack.desks.review.decisions import FILE, Decision, DecisionStore, Log, OpenStore
from bookpack.desks.review.files import (
    ChangedMeanwhileError,
    read_source,
    write_source,
)
from bookpack.desks.review.history import History, moves, shifted
from bookpack.desks.review.remembering import Item as Item
from bookpack.desks.review.remembering import hear, place_again, remember
from bookpack.desks.review.suggestion import (
    Suggestion,
    digest,
    telling_context,
)
from bookpack.desks.review.undoing import Refusal, undo_changes
from bookpack.source import Edit, Source, Span, apply_edits
from bookpack.system import uninterrupted

Proof = Callable[[Source, Sequence[tuple[Suggestion, Span]]], Mapping[str, str]]
"""Tells for a chapter as it is now which suggestions (by id) must not be written, and why."""


class Desk:
    """Suggestions on one book, with what has been decided on them.

    `texts` are the texts (path → text) in which the suggestions have their places. `proof` is
    asked before anything is written, with the very text that is about to be changed.
    """

    def __init__(
        self,
        folder: Path,
        suggestions: Iterable[Suggestion],
        texts: Mapping[str, str],
        *,
        by: str = "",
        proof: Proof | None = None,
    ) -> None:
        self.folder = folder
        self.by = by
        self.proof = proof or (lambda source, wanted: {})
        self.store = DecisionStore(folder)
        log = self.store.read()
        self.complaints = (*log.complaints, *log.disputes())
        self.items = [Item(one, one.span, text=one.after) for one in suggestions]
        self._sources: dict[str, Source] = {}
        self._by_path: dict[str, list[Item]] = {}
        for item in self.items:
            self._by_path.setdefault(item.suggestion.path, []).append(item)
        remember(self.items, log)
        # What stands in the store as accepted and is suggested all the same is not in the text.
        self._not_in_text = frozenset(log.applied)
        self._stamps: dict[str, object] = {}
        for path in self._by_path:
            self._refresh(path, texts.get(path))

    @property
    def open_items(self) -> list[Item]:
        """What is still to be decided, in order."""
        return [item for item in self.items if item.is_open]

    def source(self, item: Item) -> Source:
        """Return the text in which the item stands."""
        return self._sources[item.suggestion.path]

    def has_chapter(self, item: Item) -> bool:
        """Tell whether the chapter of an item is there."""
        return item.suggestion.path in self._sources

    def place(self, item: Item) -> str:
        """Return path, line and column of an item."""
        path = item.suggestion.path
        if item.span is None or path not in self._sources:
            return path
        line, column = self._sources[path].position(item.span.start)
        return f"{path}:{line}:{column}"

    def refresh(self, item: Item) -> None:
        """Look at the chapter of `item` again: somebody may have written it meanwhile."""
        self._reread(item.suggestion.path)

    def why_not(self, item: Item) -> str:
        """Return why an open item cannot be accepted any more; nothing when it can."""
        path = item.suggestion.path
        if item.span is None or path not in self._sources:
            return "its text has changed, or another change was made there"
        return self.proof(self._sources[path], [(item.suggestion, item.span)]).get(
            item.suggestion.id, ""
        )

    def _reread(self, path: str, log: Log | None = None) -> None:
        self._refresh(path, self._sources[path].text if path in self._sources else None, log)

    def accept(
        self, items: Sequence[Item], text: str | None = None, why: str = ""
    ) -> list[Refusal]:
        """Write the changes of `items` (or `text` in place of the only one) into the chapters."""
        refused: list[Refusal] = []
        by_path: dict[str, list[Item]] = {}
        for item in items:
            if not item.is_applied:
                by_path.setdefault(item.suggestion.path, []).append(item)
        if not by_path:
            return refused
        with self.store.locked() as store:
            for path, group in by_path.items():
                try:
                    refused += self._accept_in(store, path, group, text, why)
                except ChangedMeanwhileError:
                    reason = "the chapter was written by somebody else meanwhile"
                    refused += (Refusal(self.place(item), reason) for item in group)
        return refused

    def reject(self, items: Sequence[Item], why: str = "") -> list[Refusal]:
        """Remember that nobody wants these changes; those that were applied are undone."""
        return self._close(items, "rejected", why)

    def skip(self, items: Sequence[Item], why: str = "") -> list[Refusal]:
        """Remember that these were looked at and left for later."""
        return self._close(items, "skipped", why)

    def take_back(self, item: Item) -> list[Refusal]:
        """Undo what was accepted here, so that the item is open again."""
        return self._take_back([item])

    def reopen(self, items: Sequence[Item]) -> list[Refusal]:
        """Take back what was decided on these items, whatever it was: they are open again."""
        closed = [item for item in items if item.state in ("rejected", "skipped")]
        refused = self._take_back([item for item in items if item.is_applied])
        if closed:
            with self.store.locked() as store:
                latest = store.log.latest
                lines = [self._decision("undone", item, "") for item in closed]
                known = [latest[one.id].key if one.id in latest else "" for one in lines]
                store.append(
                    [replace(one, undoes=key) for one, key in zip(lines, known, strict=True)]
                )
            for item in closed:
                item.state = ""
        return refused

    def look(self) -> set[str]:
        """Notice what others have done: their decisions, and chapters that they wrote.

        Returns the paths of the chapters in which something may have changed. Cheap where nothing
        has. Raises `WorldError`.
        """
        changed = {path for path in self._by_path if self._is_new(path)}
        if not self._is_new(FILE) and not changed:
            return changed
        # A decision is there before its chapter is written: each of the two makes us read both.
        log = self.store.read()
        for path in changed:
            self._reread(path, log)
        return changed | hear(self.items, log, self._sources, self._not_in_text)

    def _is_new(self, path: str) -> bool:
        try:
            found = (self.folder / path).stat()
            stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
        except OSError:
            stamp = None
        if path in self._stamps and self._stamps[path] == stamp:
            return False
        self._stamps[path] = stamp
        return True

    def _take_back(self, items: Sequence[Item]) -> list[Refusal]:
        refused: list[Refusal] = []
        by_path: dict[str, list[Item]] = {}
        for item in items:
            by_path.setdefault(item.suggestion.path, []).append(item)
        if not by_path:
            return refused
        with self.store.locked() as store:
            for path, group in by_path.items():
                self._reread(path, store.log)
                standing = {i.key: i for i in group if i.key in store.log.applied}
                reason = "somebody else has undone it already"
                gone = [item for item in group if item.key not in standing]
                refused += (Refusal(self.place(item), reason) for item in gone)
                changes = [store.log.applied[key] for key in standing]
                while changes:
                    undone = undo_changes(self.folder, store, changes, self.by)
                    left = [standing[change.key] for change in undone.left]
                    if not undone.edits:
                        refused += (Refusal(self.place(item), undone.reason) for item in left)
                        break
                    done = [(standing[change.key], edit) for change, edit in undone.edits]
                    self._put_back(path, done)
                    changes = list(undone.left)
        return refused

    def _put_back(self, path: str, done: Sequence[tuple[Item, Edit]]) -> None:
        for item, edit in done:
            item.span, item.state, item.key = edit.span, "", ""
            item.text = item.suggestion.after
        edits = [edit for _, edit in done]
        new_text = apply_edits(self._sources[path].text, edits)
        self._settle(path, new_text, edits, {id(item) for item, _ in done})
        by_words = Anchoring(None, new_text)
        for item in self._by_path[path]:
            # What had lost its words to the change may have them back.
            if item.span is None and not item.is_applied:
                item.span = by_words.find(item.suggestion.quote)

    def _close(self, items: Sequence[Item], verdict: str, why: str) -> list[Refusal]:
        refused: list[Refusal] = []
        wanted: list[Item] = []
        for item in items:
            troubles = self.take_back(item) if item.is_applied else []
            refused += troubles
            if not troubles and item.state != verdict:
                wanted.append(item)
        if wanted:
            with self.store.locked() as store:
                store.append([self._decision(verdict, item, why) for item in wanted])
            for item in wanted:
                item.state = verdict
        return refused

    def _decision(self, verdict: str, item: Item, why: str) -> Decision:
        one = item.suggestion
        return Decision(
            verdict,
            one.id,
            one.rule,
            one.path,
            one.before,
            one.after,
            why,
            self.by,
            engine=one.engine,
            prefix=one.prefix,
            suffix=one.suffix,
        )

    def _accept_in(
        self, store: OpenStore, path: str, group: list[Item], text: str | None, why: str
    ) -> list[Refusal]:
        self._reread(path, store.log)
        source = self._sources.get(path)
        refused: list[Refusal] = []
        if source is None:
            return [Refusal(path, "the chapter is gone") for _ in group]
        if source.undecodable:
            return [Refusal(path, f"it holds bytes that are not {source.encoding}") for _ in group]
        chosen: list[tuple[Item, Edit]] = []
        placed = [(item.suggestion, item.span) for item in group if item.span is not None]
        reasons = self.proof(source, placed) if text is None else {}
        taken = -1
        for item in sorted((i for i in group if i.span is not None), key=lambda i: i.span or ()):
            assert item.span is not None
            if item.suggestion.id in reasons:
                refused.append(Refusal(self.place(item), reasons[item.suggestion.id]))
                continue
            if item.span.start < taken:
                refused.append(Refusal(self.place(item), "another change covers the same place"))
                continue
            chosen.append((item, Edit(item.span, item.suggestion.after if text is None else text)))
            taken = max(item.span.end, item.span.start + 1)
        reason = "the text there has changed, and its place is no longer certain"
        refused += (Refusal(path, reason) for item in group if item.span is None)
        if not chosen:
            return refused
        edits = [edit for _, edit in chosen]
        new_text = apply_edits(source.text, edits)
        history = History(store.log, path, source.text)
        lines = self._stale(store.log, history, {item.suggestion.id for item, _ in chosen})
        standing = [one for one in store.log.applied.values() if one.path == path]
        lines += moves(history, standing, edits, new_text)
        lines += self._applied_lines(chosen, source.text, new_text, why)
        with uninterrupted():
            written = store.append(lines)[-len(chosen) :]
            write_source(self.folder, source, new_text)
        self._settle(path, new_text, edits, {id(item) for item, _ in chosen})
        for (item, edit), line in zip(chosen, written, strict=True):
            item.state, item.key, item.text = line.decision, line.key, edit.text
        return refused

    def _applied_lines(
        self, chosen: list[tuple[Item, Edit]], old: str, new: str, why: str
    ) -> list[Decision]:
        lines, shift = [], 0
        for item, ((start, end), text) in chosen:
            one = item.suggestion
            now = Span(start + shift, start + shift + len(text))
            shift += len(text) - (end - start)
            prefix, suffix = telling_context(new, now)
            lines.append(
                Decision(
                    "accepted" if text == one.after else "edited",
                    one.id,
                    one.rule,
                    one.path,
                    one.before,
                    text,
                    why,
                    self.by,
                    engine=one.engine,
                    prefix=prefix,
                    suffix=suffix,
                    start=start,
                    origin=digest(old),
                    to=digest(new),
                )
            )
        return lines

    def _stale(self, log: Log, history: History, wanted: set[str]) -> list[Decision]:
        """Close earlier acceptances of what is accepted now: the text did not keep them."""
        return [
            Decision(
                "undone",
                one.id,
                one.rule,
                one.path,
                one.after,
                one.before,
                "not in the text when it was accepted again",
                engine=one.engine,
                undoes=one.key,
            )
            for one in log.applied.values()
            if one.id in wanted and history.find(one) is None
        ]

    def _settle(self, path: str, new_text: str, edits: list[Edit], done: set[int]) -> None:
        """Move the other items of a chapter to where they stand after `edits`."""
        for item in self._by_path[path]:
            if item.span is None:
                continue
            if id(item) in done:
                edit = next(e for e in edits if e.span == item.span)
                before = (e for e in edits if e.span < edit.span)
                start = edit.span.start + sum(len(t) - (s.end - s.start) for s, t in before)
                item.span = Span(start, start + len(edit.text))
            else:
                item.span = shifted(item.span, edits)
        self._sources[path] = self._written(path, new_text)

    def _written(self, path: str, text: str) -> Source:
        return Source.from_bytes(path, self._sources[path].to_bytes(text))

    def _refresh(self, path: str, known: str | None, log: Log | None = None) -> None:
        """Read a chapter, and find its items again if it is not the text that was `known`.

        Where `log` tells how the one became the other, their places are counted.
        """
        source = read_source(self.folder, path)
        if source is None:
            self._sources.pop(path, None)
            for item in self._by_path[path]:
                item.span = None
            return
        self._sources[path] = source
        if source.text == known:
            return
        place_again(self._by_path[path], known, source, log)
