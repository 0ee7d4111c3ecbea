"""Carries decisions out: into the store first, then into the author's text, and back again.

A decision is on the disk before the chapter is touched. A process that dies in between leaves
the chapter as it was: the suggestion is then made again by the next run, and is open. Every
write happens while the store is locked and after reading the chapter anew, so that two
reviewers and an editor that saves meanwhile cannot overwrite each other.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bookpack.desks.review.decisions import FILE, Decision, DecisionStore, Log, OpenStore
from bookpack.desks.review.files import ChangedMeanwhileError, write_source
from bookpack.desks.review.history import History, moves
from bookpack.desks.review.placing import Placing
from bookpack.desks.review.remembering import Item as Item
from bookpack.desks.review.remembering import hear, remember
from bookpack.desks.review.suggestion import (
    Suggestion,
    digest,
    telling_context,
)
from bookpack.desks.review.undoing import Refusal, undo_changes
from bookpack.errors import WorldError
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
        remember(self.items, log, lambda path: os.path.lexists(folder / path))
        # What stands in the store as accepted and is suggested all the same is not in the text.
        self._not_in_text = frozenset(log.applied)
        self._placing = Placing(folder, self.items, texts)

    @property
    def open_items(self) -> list[Item]:
        """What is still to be decided, in order."""
        return [item for item in self.items if item.is_open]

    def source(self, item: Item) -> Source:
        """Return the text in which the item stands."""
        return self._placing.sources[item.suggestion.path]

    def has_chapter(self, item: Item) -> bool:
        """Tell whether the chapter of an item is there."""
        return item.suggestion.path in self._placing.sources

    def place(self, item: Item) -> str:
        """Return path, line and column of an item."""
        if item.span is None or not self.has_chapter(item):
            return item.suggestion.path
        line, column = self.source(item).position(item.span.start)
        return f"{item.suggestion.path}:{line}:{column}"

    def refresh(self, item: Item) -> None:
        """Look at the chapter of `item` again: somebody may have written it meanwhile."""
        self._placing.read_again(item.suggestion.path)

    def why_not(self, item: Item) -> str:
        """Return why an open item cannot be accepted any more; nothing when it can."""
        trouble = self._placing.trouble(item.suggestion.path)
        if trouble:
            return trouble
        if item.span is None:
            return "its text has changed, or another change was made there"
        return self.proof(self.source(item), [(item.suggestion, item.span)]).get(
            item.suggestion.id, ""
        )

    def accept(
        self, items: Sequence[Item], text: str | None = None, why: str = ""
    ) -> list[Refusal]:
        """Write the changes of `items` (or `text` in place of the only one) into the chapters."""
        wanted = [item for item in items if not item.is_applied]
        if not wanted:
            return []
        if text is not None:
            text = _with_blanks(wanted[0].suggestion.before, text)
        with self.store.locked() as store:
            mine, refused = self._undecided(wanted, "accepted" if text is None else "")
            for path, group in _by_path(mine).items():
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
                closed, others = self._undecided(closed, "")
                refused += others
                latest = store.log.latest
                lines = [self._decision("undone", item, "") for item in closed]
                known = [latest[one.id].key if one.id in latest else "" for one in lines]
                store.append(
                    [replace(one, undoes=key) for one, key in zip(lines, known, strict=True)]
                )
            for item in closed:
                item.state = ""
        return refused

    def who_decided(self, item: Item) -> str:
        """Return who decided on an item last, as far as the store tells. Raises `WorldError`."""
        latest = self.store.read().latest.get(item.suggestion.id)
        return latest.by if latest is not None else ""

    def look(self) -> set[str]:
        """Notice what others have done: their decisions, and chapters that they wrote.

        Returns the paths of the chapters in which something may have changed. Cheap where nothing
        has. Raises `WorldError`.
        """
        changed = self._placing.changed()
        if not self._placing.is_new(FILE) and not changed:
            return changed
        # A decision is there before its chapter is written: each of the two makes us read both.
        try:
            log = self.store.read()
        except WorldError:
            self._placing.forget_files()
            raise
        for path in changed:
            self._placing.read_again(path, log)
        return changed | hear(self.items, log, self._placing.sources, self._not_in_text)

    def _undecided(self, items: Sequence[Item], verdict: str) -> tuple[list[Item], list[Refusal]]:
        """Return the items on which nobody else has decided since anybody looked.

        The store is locked. Where somebody has, and not on `verdict`, that is refused.
        """
        known = {id(item): (item.state, item.key) for item in items}
        self.look()
        mine = [item for item in items if known[id(item)] == (item.state, item.key)]
        same = {id(item) for item in mine}
        reason = "somebody else has decided on it meanwhile"
        return mine, [
            Refusal(self.place(item), reason)
            for item in items
            if id(item) not in same and item.state != verdict
        ]

    def _take_back(self, items: Sequence[Item]) -> list[Refusal]:
        refused: list[Refusal] = []
        if not items:
            return refused
        with self.store.locked() as store:
            for path, group in _by_path(items).items():
                self._placing.read_again(path, store.log)
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
                    self._placing.put_back(path, done)
                    changes = list(undone.left)
                hear(group, store.log, self._placing.sources, self._not_in_text)
        return refused

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
                wanted, others = self._undecided(wanted, verdict)
                store.append([self._decision(verdict, item, why) for item in wanted])
            refused += others
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
        self._placing.read_again(path, store.log)
        trouble = self._placing.trouble(path)
        if trouble:
            return [Refusal(path, trouble) for _ in group]
        source = self._placing.sources[path]
        refused: list[Refusal] = []
        chosen: list[tuple[Item, Edit]] = []
        placed = [
            (one if text is None else replace(one, after=text), item.span)
            for item in group
            if (one := item.suggestion) and item.span is not None
        ]
        reasons = self.proof(source, placed)
        taken = Span(-1, -1)
        for item in sorted((i for i in group if i.span is not None), key=lambda i: i.span or ()):
            assert item.span is not None
            if item.suggestion.id in reasons:
                refused.append(Refusal(self.place(item), reasons[item.suggestion.id]))
                continue
            if item.span.start < taken.end or item.span == taken:
                refused.append(Refusal(self.place(item), "another change covers the same place"))
                continue
            chosen.append((item, Edit(item.span, item.suggestion.after if text is None else text)))
            taken = item.span
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
        self._placing.wrote(path, new_text, edits, {id(item) for item, _ in chosen})
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


def _by_path(items: Iterable[Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(item.suggestion.path, []).append(item)
    return found


def _with_blanks(before: str, text: str) -> str:
    """Return `text` with the blanks at the edges of `before`, which nobody sees while typing."""
    words = before.strip()
    if not words or not text.strip():
        return text
    head, _, tail = before.partition(words)
    return f"{'' if text[0].isspace() else head}{text}{'' if text[-1].isspace() else tail}"
