"""Takes accepted changes back: what stood there before, in any order, or a reason why not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from bookpack.desks.review.decisions import Decision, DecisionStore, OpenStore
from bookpack.desks.review.files import (
    ChangedMeanwhileError,
    read_source,
    why_not_writable,
    write_source,
)
from bookpack.desks.review.history import History, moves
from bookpack.desks.review.suggestion import SHORTEST_ID, digest
from bookpack.errors import WorldError
from bookpack.source import Edit, apply_edits
from bookpack.system import uninterrupted


class Refusal(NamedTuple):
    """Something that was not done, and why. `place` is a path with its line, or an id."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Undone:
    """What came of undoing changes in one chapter: the edits that did it, and what is left."""

    edits: tuple[tuple[Decision, Edit], ...] = ()
    left: tuple[Decision, ...] = ()
    reason: str = ""


def undo(
    folder: Path, engine: str, name: str = "", by: str = ""
) -> tuple[list[Decision], list[Refusal]]:
    """Undo the decision whose id begins with `name`, or every accepted change of `engine`.

    Without an engine, whoever proposed it counts.
    Returns the lines that no longer hold, and what was refused. A rejection is taken back, too,
    when it is named.
    """
    done: list[Decision] = []
    refused: list[Refusal] = []
    with DecisionStore(folder).locked() as store:
        log = store.log
        known = {one.id for one in log.decisions if engine in ("", one.engine)}
        ids = {one for one in known if one.startswith(name)} if name else set()
        if name and len(name) < SHORTEST_ID:
            return [], [Refusal(name, f"an id has at least {SHORTEST_ID} signs")]
        if len(ids) > 1:
            return [], [Refusal(name, f"several decisions begin so: {', '.join(sorted(ids))}")]
        by_path: dict[str, list[Decision]] = {}
        for one in log.applied.values():
            if engine in ("", one.engine) and one.id.startswith(name):
                by_path.setdefault(one.path, []).append(one)
        for changes in by_path.values():
            undone = undo_changes(folder, store, changes, by)
            # What stood inside of another change gives that one its text back.
            while undone.edits:
                done += (change for change, _ in undone.edits)
                if not undone.left:
                    break
                undone = undo_changes(folder, store, undone.left, by)
            refused += (Refusal(f"{one.path} ({one.id})", undone.reason) for one in undone.left)
        if name and not by_path:
            latest = log.latest.get(next(iter(ids), ""))
            if latest is None:
                refused.append(Refusal(name, "no decision has this id"))
            elif latest.decision in ("rejected", "skipped"):
                store.append([_undone(latest, latest.before, latest.after, by)])
                done.append(latest)
            else:
                refused.append(Refusal(name, "it has been undone already"))
    return done, refused


def undo_changes(
    folder: Path, store: OpenStore, changes: Sequence[Decision], by: str = ""
) -> Undone:
    """Put back what `changes`, all of one chapter, replaced; those whose place is certain.

    What was recorded and never came into the text is closed in the store, and nothing else.
    """
    everything, path = tuple(changes), changes[0].path
    try:
        source = read_source(folder, path)
    except WorldError as error:  # which is no reason to leave other chapters as they are
        return Undone(left=everything, reason=str(error).rstrip("."))
    if source is None:
        return Undone(left=everything, reason="the chapter is gone")
    trouble = why_not_writable(folder, source)
    if trouble:
        return Undone(left=everything, reason=trouble)
    history = History(store.log, path, source.text)
    never = [change for change in changes if history.never_came(change)]
    store.append([_undone(change, change.after, change.before, by) for change in never])
    changes = [change for change in changes if change not in never]
    if not changes:
        return Undone()
    places = [(span, change) for change in changes if (span := history.find(change)) is not None]
    chosen: list[tuple[Decision, Edit]] = []
    for span, change in sorted(places, key=lambda place: place[0]):
        # Two that touch are undone one after the other: that keeps their order.
        if not chosen or chosen[-1][1].span.end < span.start:
            chosen.append((change, Edit(span, change.before)))
    others = [one for one in store.log.applied.values() if one.path == path]
    twins = {change.key: _twins(history, change, others) for change, _ in chosen}
    keys = {one.key for change, _ in chosen for one in (change, *twins[change.key])}
    left = tuple(change for change in changes if change.key not in keys)
    reason = "what was written there has changed since, so it is left alone"
    if not chosen:
        return Undone(left=left, reason=reason)
    edits = [edit for _, edit in chosen]
    text = apply_edits(source.text, edits)
    lines = moves(history, [one for one in others if one.key not in keys], edits, text)
    for change, edit in chosen:
        # The line as it is read: over what was accepted stands what was there before.
        line = _undone(change, change.after, change.before, by)
        origin, to = digest(source.text), digest(text)
        lines.append(replace(line, start=edit.span.start, origin=origin, to=to))
        lines += (_undone(twin, twin.after, twin.before, by) for twin in twins[change.key])
    try:
        # The text first: an undo that was recorded and not made could never be made again.
        with uninterrupted():
            write_source(folder, source, text)
            store.append(lines)
    except ChangedMeanwhileError:
        return Undone(left=everything, reason="somebody else wrote the chapter meanwhile")
    return Undone(tuple(chosen), left, reason)


def _twins(history: History, change: Decision, others: Sequence[Decision]) -> list[Decision]:
    """Return the lines that say the same as `change`: two branches accepted it, git merged both."""
    return [
        one
        for one in others
        if (one.id, one.before, one.after) == (change.id, change.before, change.after)
        and one.key != change.key
        and history.find(one) == history.find(change)
    ]


def _undone(decision: Decision, before: str, after: str, by: str) -> Decision:
    return Decision(
        "undone",
        decision.id,
        decision.rule,
        decision.path,
        before,
        after,
        by=by,
        engine=decision.engine,
        undoes=decision.key,
    )
