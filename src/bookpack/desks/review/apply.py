"""Carries decisions out: into the store first, then into the author's text, and back again.

A decision is on the disk before the chapter is touched. A process that dies in between leaves
the chapter as it was: the suggestion is then made again by the next run, and is open. Every
write happens while the store is locked and after reading the chapter anew, so that two
reviewers and an editor that saves meanwhile cannot overwrite each other.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bookpack.desks.review.anchoring import Anchoring
from bookpack.desks.review.decisions import Decision, DecisionStore, Log, OpenStore
from bookpack.desks.review.files import (
    ChangedMeanwhileError,
    read_source,
    write_source,
)
from bookpack.desks.review.history import History, moves, shifted
from bookpack.desks.review.suggestion import Quote, Suggestion, context_of, digest
from bookpack.desks.review.undoing import Refusal, undo_changes
from bookpack.source import Edit, Source, Span, apply_edits
from bookpack.system import uninterrupted

Proof = Callable[[Source, Sequence[tuple[Suggestion, Span]]], Mapping[str, str]]
"""Tells for a chapter as it is now which suggestions (by id) must not be written, and why."""
_NEAR = 16
"""Code points beside a rejected change that must be as they were for the rejection to hold."""


@dataclass(slots=True)
class Item:
    """A suggestion on the desk: where it stands now (None: orphaned), and what was decided.

    `state` is empty while it is open. `key` names the line of the store that applied it.
    `text` is what was written, which an editing reviewer may have changed.
    """

    suggestion: Suggestion
    span: Span | None
    state: str = ""
    key: str = ""
    text: str = ""

    @property
    def is_open(self) -> bool:
        """Tell whether somebody still has to decide."""
        return self.state in ("", "skipped") and self.span is not None

    @property
    def is_applied(self) -> bool:
        """Tell whether the change stands in the text."""
        return self.state in ("accepted", "edited")


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
        self._remember(log)
        for path in self._by_path:
            self._refresh(path, texts.get(path))

    @property
    def open_items(self) -> list[Item]:
        """What is still to be decided, in order."""
        return [item for item in self.items if item.is_open]

    def source(self, item: Item) -> Source:
        """Return the text in which the item stands."""
        return self._sources[item.suggestion.path]

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

    def _reread(self, path: str) -> None:
        self._refresh(path, self._sources[path].text if path in self._sources else None)

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
        with self.store.locked() as store:
            change = store.log.applied.get(item.key)
            if change is None:
                return [Refusal(self.place(item), "somebody else has undone it already")]
            path = item.suggestion.path
            self._reread(path)
            undone = undo_changes(self.folder, store, [change], self.by)
        if not undone.edits:
            return [Refusal(self.place(item), undone.reason)]
        ((_, edit),) = undone.edits
        for other in self._by_path[path]:
            if other is not item and other.span is not None:
                other.span = shifted(other.span, [edit])
        item.span = Span(edit.span.start, edit.span.start + len(edit.text))
        item.state, item.key, item.text = "", "", item.suggestion.after
        self._sources[path] = self._written(path, apply_edits(self._sources[path].text, [edit]))
        return []

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
        self._reread(path)
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
            prefix, suffix = context_of(new, now)
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

    def _refresh(self, path: str, known: str | None) -> None:
        """Read a chapter, and find its items again if it is not the text that was `known`."""
        source = read_source(self.folder, path)
        if source is None:
            self._sources.pop(path, None)
            for item in self._by_path[path]:
                item.span = None
            return
        self._sources[path] = source
        if source.text == known:
            return
        anchoring, by_words = Anchoring(known, source.text), Anchoring(None, source.text)
        taken: set[Span] = set()
        for item in self._by_path[path]:
            # Where an orphan stood is not known any more; only its words can bring it back.
            look = by_words if item.span is None else anchoring
            item.span = look.find(self._quote(item, known))
            # Two that were apart cannot have become one: neither place is certain then.
            if item.span in taken:
                item.span = None
            elif item.span is not None:
                taken.add(item.span)

    def _quote(self, item: Item, known: str | None) -> Quote:
        quote = item.suggestion.quote
        if known is None or item.span is None:
            return quote
        prefix, suffix = context_of(known, item.span)
        exact = item.text if item.is_applied else item.suggestion.before
        paragraph = "" if item.is_applied else quote.paragraph
        return Quote(prefix, exact, suffix, item.span.start, paragraph, quote.inside)

    def _remember(self, log: Log) -> None:
        """Give every item the state that the store has for it."""
        ids = {item.suggestion.id for item in self.items}
        rejected: dict[tuple[str, ...], list[Decision]] = {}
        for one in log.latest.values():
            if one.decision == "rejected" and one.id not in ids:
                rejected.setdefault(_sort(one), []).append(one)
        for item in self.items:
            latest = log.latest.get(item.suggestion.id)
            if latest is not None:
                # What was accepted and is suggested again does not stand in the text: open.
                item.state = latest.decision if latest.decision in ("rejected", "skipped") else ""
        for sort, lines in rejected.items():
            same = [
                item for item in self.items if not item.state and _sort(item.suggestion) == sort
            ]
            for item in same:
                near = [line for line in lines if _is_near(line, item.suggestion)]
                rivals = [i for i in same if any(_is_near(line, i.suggestion) for line in near)]
                if len(near) == 1 and len(rivals) == 1:
                    item.state = "rejected"


def _sort(one: Decision | Suggestion) -> tuple[str, ...]:
    return one.engine, one.path, one.rule, one.before, one.after


def _is_near(decision: Decision, suggestion: Suggestion) -> bool:
    """Tell whether the words right before or right after are still the same."""
    before = decision.prefix[-_NEAR:], suggestion.prefix[-_NEAR:]
    after = decision.suffix[:_NEAR], suggestion.suffix[:_NEAR]
    return any(len(was) == _NEAR and was == now for was, now in (before, after))
