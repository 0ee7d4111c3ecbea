"""Where accepted changes stand in a chapter now.

Every change records the hash of the text that it was made in and of the text that it gave.
As long as those hashes lead without a gap to the text of today, places are counted, not
looked for; otherwise the words around a change, as they were after the last fix beside it,
must find it again.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import groupby

from bookpack.desks.review.anchoring import Anchoring
from bookpack.desks.review.decisions import Decision, Log
from bookpack.desks.review.suggestion import CONTEXT, Quote, digest, telling_context
from bookpack.source import Edit, Span


class History:
    """The changes recorded for one chapter, seen from its present `text`.

    A write is a true statement about two texts, whenever it was made: this one with these
    changes is that one. So any way of writes from the text in which a change was made to the
    text of today counts its place rightly, in whatever order git has put the lines.
    """

    def __init__(self, log: Log, path: str, text: str) -> None:
        self.text = text
        self._moved = log.moved
        self._anchoring = Anchoring(None, text)
        self._writes = _writes(log, path)
        self._ways = _ways_to(digest(text), self._writes)

    def find(self, change: Decision) -> Span | None:
        """Return where the text that `change` wrote stands, None when that is not certain."""
        counted = self._count(change)
        # Several, because a killed process may have recorded what it did not write any more.
        for around in (*self._moved.get(change.key, ()), change):
            start = around.start if counted is None else counted
            span = self._anchoring.find(Quote(around.prefix, change.after, around.suffix, start))
            if span is not None:
                return span
        return None

    def reach(self, change: Decision) -> int:
        """Return how many code points beside a change tell where it stands."""
        lines = (change, *self._moved.get(change.key, ()))
        return max(CONTEXT, *(len(side) for one in lines for side in (one.prefix, one.suffix)))

    def counted(self, change: Decision) -> Span | None:
        """Return where the text that `change` wrote stands by counting alone, else None."""
        start = self._count(change)
        if start is None or not self.text.startswith(change.after, start):
            return None
        return Span(start, start + len(change.after))

    def never_came(self, change: Decision) -> bool:
        """Tell whether the text is known to have become what it is without `change`.

        So it is where a process died after it had recorded the change, or git took it back.
        """
        return change.to not in self._ways and change.origin in self._ways

    def carry(self, old: str, spans: Iterable[Span]) -> list[Span | None] | None:
        """Return where `spans` of the text `old` stand now, None for those that were written in.

        None for all of them where the recorded writes do not lead from that text to this one.
        """
        way = self._ways.get(digest(old))
        if way is None:
            return None
        carried: list[Span | None] = list(spans)
        for write in way:
            edits = [Edit(Span(one.start, one.start + len(one.before)), one.after) for one in write]
            carried = [span and shifted(span, edits) for span in carried]
        return carried

    def _count(self, change: Decision) -> int | None:
        way, shift = self._ways.get(change.to), self._shifts.get(change.key)
        if way is None or shift is None:
            return None
        span: Span | None = Span(change.start, change.start + len(change.after)).shifted(shift)
        for later in way:
            edits = [Edit(Span(o.start, o.start + len(o.before)), o.after) for o in later]
            span = shifted(span, edits) if span is not None else None
        return span.start if span is not None else None

    @cached_property
    def _shifts(self) -> dict[str, int]:
        """Key of a change → by how much those that were written with it before it moved it."""
        shifts: dict[str, int] = {}
        for run in (run for runs in self._writes.values() for run in runs):
            by = 0
            for _, same in groupby(sorted(run, key=lambda one: one.start), lambda one: one.start):
                group = list(same)
                shifts.update((one.key, by) for one in group)
                by += sum(len(one.after) - len(one.before) for one in group)
        return shifts


def shifted(span: Span, edits: Iterable[Edit]) -> Span | None:
    """Return where `span` stands after `edits`, None when one of them touched it inside."""
    by = 0
    for (start, end), text in edits:
        if end <= span.start and (start, end) != span:
            by += len(text) - (end - start)
        elif start < span.end or (start, end) == span:
            return None
    return span.shifted(by)


def moves(
    history: History, standing: Sequence[Decision], edits: Sequence[Edit], text: str
) -> list[Decision]:
    """Return lines for the changes beside which `edits` are made, which give `text`.

    Their neighbourhood is no longer what they recorded, and nobody else would know why.
    """
    lines = []
    for change in standing:
        span, reach = history.find(change), history.reach(change)
        if span is None or not any(
            start <= span.end + reach and end >= span.start - reach for (start, end), _ in edits
        ):
            continue
        now = shifted(span, edits)
        if now is None:
            continue
        prefix, suffix = telling_context(text, now)
        lines.append(
            Decision(
                "moved",
                change.id,
                change.rule,
                change.path,
                change.before,
                change.after,
                engine=change.engine,
                prefix=prefix,
                suffix=suffix,
                start=now.start,
                moves=change.key,
            )
        )
    return lines


def _writes(log: Log, path: str) -> dict[tuple[str, str], list[list[Decision]]]:
    """Return the changes that were written together, by the texts they lead from and to."""
    found: dict[tuple[str, str], list[list[Decision]]] = {}
    changes = [one for one in log.decisions if one.to and one.path == path]
    for one in sorted(changes, key=lambda one: (one.n, one.key)):
        runs = found.setdefault((one.origin, one.to), [])
        if not runs or runs[-1][-1].n != one.n - 1:
            runs.append([])
        runs[-1].append(one)
    return found


def _ways_to(
    text: str, writes: dict[tuple[str, str], list[list[Decision]]]
) -> dict[str, list[list[Decision]]]:
    """Return the shortest way of writes from every text that leads to `text`."""
    into: dict[str, list[tuple[str, list[Decision]]]] = {}
    for (origin, to), runs in writes.items():
        into.setdefault(to, []).append((origin, runs[-1]))
    ways: dict[str, list[list[Decision]]] = {text: []}
    waiting = deque([text])
    while waiting:
        to = waiting.popleft()
        for origin, run in into.get(to, ()):
            if origin not in ways:
                ways[origin] = [run, *ways[to]]
                waiting.append(origin)
    return ways
