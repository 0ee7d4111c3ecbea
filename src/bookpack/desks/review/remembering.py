"""What others did to the suggestions on a desk: decided in the store, or wrote in a chapter."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bookpack.desks.review.anchoring import Anchoring
from bookpack.desks.review.decisions import Decision, Log
from bookpack.desks.review.history import History
from bookpack.desks.review.suggestion import Quote, Suggestion, context_of
from bookpack.source import Source, Span

_NEAR = 16
"""Code points beside a rejected change that must be as they were for the rejection to hold."""
_CLOSED = ("rejected", "skipped")


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


def remember(items: Sequence[Item], log: Log, is_there: Callable[[str], bool]) -> None:
    """Give every item the state that the store has for it.

    `is_there` tells of a chapter's path whether it still has a file: a rejection in one that has
    none, because it was renamed, holds where the same words stand now.
    """
    ids = {item.suggestion.id for item in items}
    rejected: dict[tuple[str, ...], list[Decision]] = {}
    for one in log.latest.values():
        if one.decision == "rejected" and one.id not in ids:
            rejected.setdefault(_sort(one), []).append(one)
    gone = {one.path for lines in rejected.values() for one in lines if not is_there(one.path)}

    def is_about(line: Decision, one: Suggestion) -> bool:
        return (line.path == one.path or line.path in gone) and _is_near(line, one)

    for item in items:
        latest = log.latest.get(item.suggestion.id)
        if latest is not None:
            # What was accepted and is suggested again does not stand in the text: open.
            item.state = latest.decision if latest.decision in _CLOSED else ""
    for sort, lines in rejected.items():
        same = [
            item
            for item in items
            if item.suggestion.id not in log.latest and _sort(item.suggestion) == sort
        ]
        for item in same:
            near = [line for line in lines if is_about(line, item.suggestion)]
            rivals = [i for i in same if any(is_about(line, i.suggestion) for line in near)]
            if len(near) == 1 and len(rivals) == 1:
                item.state = "rejected"


def hear(
    items: Iterable[Item], log: Log, sources: Mapping[str, Source], known: Collection[str]
) -> set[str]:
    """Give items the state that others have decided on since; return the paths of their chapters.

    `sources` are the chapters as they are now. `known` are keys of changes that did not stand in
    the text when the desk was opened. What somebody else has accepted is found where it stands;
    a line whose change is not in the text (its writer died in between) decides nothing.
    """
    applied = {one.id: one for key, one in log.applied.items() if key not in known}
    undoing = {one.undoes: one for one in log.decisions if one.undoes}
    histories: dict[str, History] = {}
    heard: set[str] = set()
    for item in items:
        path, latest = item.suggestion.path, log.latest.get(item.suggestion.id)
        line, source = applied.get(item.suggestion.id), sources.get(path)
        if (item.is_applied and item.key in log.applied) or (latest is None and not item.key):
            continue
        if source is not None and path not in histories and (line is not None or item.is_applied):
            histories[path] = History(log, path, source.text)
        span = histories[path].find(line) if line is not None and path in histories else None
        if line is not None and span is not None:
            item.span, item.state, item.key, item.text = span, line.decision, line.key, line.after
            heard.add(path)
            continue
        verdict = latest.decision if latest is not None else "undone"
        state = verdict if verdict in _CLOSED else ""
        if item.is_applied:
            undone = undoing.get(item.key)
            item.state, item.key, item.text = state, "", item.suggestion.after
            item.span = None
            if source is not None:
                by_count = histories[path].counted(undone) if undone is not None else None
                by_words = Anchoring(None, source.text)
                item.span = by_count or by_words.find(item.suggestion.quote)
            heard.add(path)
        elif verdict in (*_CLOSED, "undone") and item.state != state:
            item.state = state
            heard.add(path)
    return heard


def place_again(items: Sequence[Item], known: str | None, source: Source, log: Log | None) -> None:
    """Find the items of one chapter in `source`, given the text in which they had their places.

    Where `log` tells how the one text became the other, places are counted and not looked for.
    """
    placed = [(item, item.span) for item in items if item.span is not None]
    counted: dict[int, Span | None] = {}
    if log is not None and known is not None:
        spans = [span for _, span in placed]
        carried = History(log, source.path, source.text).carry(known, spans) or ()
        counted = {id(item): now for (item, _), now in zip(placed, carried, strict=False)}
    anchoring, by_words = Anchoring(known, source.text), Anchoring(None, source.text)
    taken: dict[Span, Span] = {}
    for item in items:
        was = item.span or item.suggestion.span
        # Where an orphan stood is not known any more; only its words can bring it back.
        look = by_words if item.span is None else anchoring
        item.span = counted.get(id(item)) or look.find(_quote(item, known))
        # Two that were apart cannot have become one: neither place is certain then.
        if item.span is not None and taken.setdefault(item.span, was) != was:
            item.span = None


def _quote(item: Item, known: str | None) -> Quote:
    quote = item.suggestion.quote
    if known is None or item.span is None:
        return quote
    prefix, suffix = context_of(known, item.span)
    if item.is_applied:
        return Quote(prefix, item.text, suffix, item.span.start)
    return quote._replace(
        prefix=prefix, exact=item.suggestion.before, suffix=suffix, start=item.span.start
    )


def _sort(one: Decision | Suggestion) -> tuple[str, ...]:
    return one.engine, one.rule, one.before, one.after


def _is_near(decision: Decision, suggestion: Suggestion) -> bool:
    """Tell whether the words right before or right after are the same, to an end of the text."""
    before = decision.prefix[-_NEAR:], suggestion.prefix[-_NEAR:]
    after = decision.suffix[:_NEAR], suggestion.suffix[:_NEAR]
    return any(was == now and was.strip() for was, now in (before, after))
