"""All engines' fixes as one queue of suggestions.

The same change at the same place is one suggestion with all their names, whatever each calls it.
Changes that claim the same words form a group of which one can win.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bookpack.desks.grammar.edits import Shape
from bookpack.desks.grammar.prose import Block, Run, author_source, blocks_of, in_author_text
from bookpack.desks.grammar.validate import Reason, Refused, Resolved, Validator
from bookpack.desks.review.history import shifted
from bookpack.desks.review.suggestion import Draft, Suggestion, make_suggestions
from bookpack.model import Chapter
from bookpack.source import Edit, Span

ENGINE = "grammar"
"""The name under which decisions are kept: whoever proposed a change, it is the same change."""
REWRITE = "rewrite"
"""The category of what no bulk action reaches."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A suggestion, the engines that make it (the surest first), and how sure they are.

    Entries of one chapter with the same `group`, where it is not 0, exclude each other.
    """

    suggestion: Suggestion
    engines: tuple[str, ...]
    confidence: float
    resolved: Resolved
    group: int = 0

    @property
    def is_rewrite(self) -> bool:
        """Tell whether it must be decided by itself."""
        return self.suggestion.category == REWRITE


@dataclass(frozen=True, slots=True)
class Queue:
    """What somebody should decide on, in reading order, and what nobody will be asked about.

    `texts` are the authors' texts (path → text) in which the suggestions have their places.
    """

    entries: tuple[Entry, ...] = ()
    refused: tuple[Refused, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def suggestions(self) -> list[Suggestion]:
        """The suggestions for `review.apply.Desk`."""
        return [entry.suggestion for entry in self.entries]

    def rivals(self, entry: Entry) -> list[Entry]:
        """Return the entries that cannot be accepted any more when `entry` is."""
        return [
            other
            for other in self.entries
            if other is not entry
            and entry.group
            and (other.suggestion.path, other.group) == (entry.suggestion.path, entry.group)
        ]


def make_entries(chapter: Chapter, resolved: Iterable[Resolved]) -> list[Entry]:
    """Return the resolved fixes of one chapter as entries, in order of place."""
    same: dict[tuple[Span, str], list[Resolved]] = {}
    for one in resolved:
        same.setdefault((one.span, one.after), []).append(one)
    for found in same.values():
        found.sort(key=lambda one: (-one.fix.confidence, one.fix.engine))
    groups = _groups(sorted(span for span, _ in same))
    source = author_source(chapter)
    entries: dict[str, Entry] = {}
    for layer in _layers(sorted(same)):
        drafts = [_draft(same[key][0]) for key in layer]
        for made in make_suggestions(ENGINE, source.path, source.text, drafts):
            found = same[made.span, made.after]
            names = tuple(dict.fromkeys(one.fix.engine for one in found))
            made = replace(made, found_by=names)
            confidence = max(one.fix.confidence for one in found)
            # Equal words around two places in one group: the second is asked for another time.
            entry = Entry(made, names, confidence, found[0], groups.get(made.span, 0))
            entries.setdefault(made.id, entry)
    return sorted(
        entries.values(), key=lambda e: (e.suggestion.span, -e.confidence, e.suggestion.id)
    )


def check_again(
    queue: Queue, accepted: Sequence[Entry], chapter: Chapter, *, math: bool = True
) -> Queue:
    """Return the queue after `accepted` entries were written into `chapter`, given as it is now.

    Every other suggestion on the chapter is proven anew at its new place; what lost its words to
    an accepted one, or would change how the chapter is built by now, is refused.
    """
    path = author_source(chapter).path
    done = {entry.suggestion.id for entry in accepted}
    edits = [Edit(one.suggestion.span, one.suggestion.after) for one in accepted]
    mine = [e for e in queue.entries if e.suggestion.path == path and e.suggestion.id not in done]
    blocks = blocks_of(chapter, math=math)
    validator = Validator(chapter, math)
    refused = list(queue.refused)
    again: list[Resolved] = []
    for entry in mine:
        span = shifted(entry.suggestion.span, edits)
        proven = prove_again(entry, span, chapter, blocks, validator)
        if isinstance(proven, Refused):
            refused.append(proven)
        else:
            # Every engine that made it still does.
            again += (
                replace(one, fix=replace(one.fix, engine=engine))
                for one in proven
                for engine in entry.engines
            )
    kept = [entry for entry in queue.entries if entry.suggestion.path != path]
    texts = {**queue.texts, path: author_source(chapter).text}
    entries = [*kept, *make_entries(chapter, again)]
    order = {name: place for place, name in enumerate(texts)}
    entries.sort(key=lambda entry: (order[entry.suggestion.path], entry.suggestion.span))
    return Queue(tuple(entries), tuple(refused), texts)


def prove_again(
    entry: Entry, span: Span | None, chapter: Chapter, blocks: Sequence[Block], validator: Validator
) -> list[Resolved] | Refused:
    """Return what `entry` comes to at `span` of the author's text as it is now, or why not."""
    fix = entry.resolved.fix
    place = locate(chapter, blocks, span) if span is not None else None
    if place is None:
        reason = Reason.TAKEN if span is None else Reason.CHANGED
        return Refused(fix, author_source(chapter).path, reason)
    block, inside = place
    located = replace(
        fix, quote=inside.slice(block.text), replacement=entry.suggestion.after, span=inside
    )
    return validator.resolve(located, [block])


def locate(chapter: Chapter, blocks: Sequence[Block], span: Span) -> tuple[Block, Span] | None:
    """Return the block, and the place in it, that stands at `span` of the author's text."""
    for block in blocks:
        runs = [(run, in_author_text(chapter, run.origin)) for run in block.runs]
        known = [(run, origin) for run, origin in runs if origin is not None]
        start = _first(_inside(run, at, span.start, is_end=False) for run, at in known)
        # An insertion goes behind what stands before it, which may have been cut out.
        end = _first(_inside(run, at, span.end, is_end=True) for run, at in known)
        if span.start == span.end:
            start = end = start if end is None else end
        if start is not None and end is not None and start <= end:
            return block, Span(start, end)
    return None


def _inside(run: Run, origin: Span, offset: int, *, is_end: bool) -> int | None:
    """Return what `offset` of the author's text is in the block, where `run` stands at `origin`.

    Where two runs touch, an end belongs to the first of them and a start to the second.
    """
    if offset == (origin.end if is_end else origin.start):
        return run.start + (run.length if is_end else 0)
    if run.copied and origin.start < offset < origin.end:
        return run.start + offset - origin.start
    return None


def _first(places: Iterable[int | None]) -> int | None:
    return next((place for place in places if place is not None), None)


def _draft(one: Resolved) -> Draft:
    is_rewrite = one.shape is Shape.REWRITE or one.renames
    shape = Shape.REWRITE if is_rewrite else one.shape
    category = REWRITE if is_rewrite else one.fix.category.value
    why = f"{one.fix.why} It changes the heading's address." if one.renames else one.fix.why
    pattern = f"{one.before} → {one.after}"
    return Draft(shape.value, category, one.span, one.after, pattern, why, alone=is_rewrite)


def _groups(spans: Sequence[Span]) -> dict[Span, int]:
    """Return a number for every span that shares code points with another, or its very place."""
    groups: dict[Span, int] = {}
    run: list[Span] = []
    end = number = 0
    for span in [*spans, Span(1 << 62, 1 << 62)]:
        if run and span.start >= end and span != run[-1]:
            if len(run) > 1:
                number += 1
                groups.update((one, number) for one in run)
            run = []
        run.append(span)
        end = max(end, span.end) if len(run) > 1 else span.end
    return groups


def _layers(keys: Iterable[tuple[Span, str]]) -> list[list[tuple[Span, str]]]:
    """Return `keys`, which are in order, in lists of which none claims a place twice."""
    layers: list[list[tuple[Span, str]]] = []
    for key in keys:
        span = key[0]
        for layer in layers:
            last = layer[-1][0]
            if span.start >= last.end and span != last:
                layer.append(key)
                break
        else:
            layers.append([key])
    return layers
