"""Proves suggestions once more on the text that is about to be changed.

What was proven when the queue was made was proven alone, on a text in which nothing had been
accepted. This looks at the chapter as it is now, and at everything that is to be written at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bookpack.desks.grammar.prose import Block, blocks_of
from bookpack.desks.grammar.queue import Entry, Queue, locate, prove_again
from bookpack.desks.grammar.validate import Reason, Refused, Validator, is_harmless
from bookpack.desks.review.suggestion import Suggestion
from bookpack.model import Chapter
from bookpack.read.leaf_blocks import skeleton
from bookpack.source import Edit, OverlappingEditsError, Source, Span, apply_edits

Wanted = Sequence[tuple[Suggestion, Span]]
_GONE = "the book has no chapter there any more"
_TOGETHER = "together with the others it would change how the chapter is built; decide it alone"


@dataclass(frozen=True)
class _Now:
    """A chapter as it is now, with what proving needs of it."""

    text: str
    chapter: Chapter
    blocks: list[Block]
    validator: Validator


class Proof:
    """What `review.apply.Desk` asks before it writes; other desks' suggestions are not its own.

    `read_again` gives a chapter with another text, None where the book has none there.
    """

    def __init__(
        self,
        queue: Queue,
        read_again: Callable[[Source], Chapter | None],
        *,
        math: bool = True,
    ) -> None:
        self._entries: Mapping[str, Entry] = {one.suggestion.id: one for one in queue.entries}
        self._texts = queue.texts
        self._read_again = read_again
        self._math = math
        self._last: dict[str, _Now] = {}

    def __call__(self, source: Source, wanted: Wanted) -> dict[str, str]:
        """Return why suggestions must not be written into `source`, by their ids."""
        known = [(one, span) for one, span in wanted if one.id in self._entries]
        mine = [(self._entries[one.id], span) for one, span in known]
        if not mine:
            return {}
        (first, place), *others = known
        if not others and first.after != mine[0][0].suggestion.after:
            return self._edited(source, first, place)
        reasons: dict[str, str] = {}
        if source.text != self._texts.get(source.path):
            now = self._now(source)
            if now is None:
                return {entry.suggestion.id: _GONE for entry, _ in mine}
            for entry, span in mine:
                proven = prove_again(entry, span, now.chapter, now.blocks, now.validator)
                if isinstance(proven, Refused):
                    reasons[entry.suggestion.id] = str(proven.reason)
                elif not any((one.span, one.after) == (span, entry.suggestion.after)
                             for one in proven):  # fmt: skip
                    reasons[entry.suggestion.id] = str(Reason.CHANGED)
        left = [(entry, span) for entry, span in mine if entry.suggestion.id not in reasons]
        return reasons | self._together(source, left)

    def _edited(self, source: Source, one: Suggestion, span: Span) -> dict[str, str]:
        """Tell whether what a person wants to write in place of `span` may stand there."""
        now = self._now(source)
        if now is None:
            return {one.id: _GONE}
        place = locate(now.chapter, now.blocks, span)
        if place is None:
            return {one.id: str(Reason.CHANGED)}
        is_kept = now.validator.keeps_structure(*place, one.after)
        return {} if is_kept else {one.id: str(Reason.STRUCTURE)}

    def _now(self, source: Source) -> _Now | None:
        known = self._last.get(source.path)
        if known is None or known.text != source.text:
            chapter = self._read_again(source)
            if chapter is None:
                return None
            blocks = blocks_of(chapter, math=self._math)
            known = _Now(source.text, chapter, blocks, Validator(chapter, self._math))
            self._last = {source.path: known}
        return known

    def _together(self, source: Source, wanted: Sequence[tuple[Entry, Span]]) -> dict[str, str]:
        """Tell whether several changes, each of which is right alone, are so at once.

        Those that put a mark in are looked at; words for words cannot come to mean anything else.
        """
        text = source.text
        edits = {
            entry.suggestion.id: Edit(span, entry.suggestion.after)
            for entry, span in wanted
            if not is_harmless(text, span, entry.suggestion.after)
        }
        if len(edits) < 2:
            return {}
        now = self._now(source)
        start = now.chapter.structure.body_start if now is not None else 0
        try:
            changed = apply_edits(text, edits.values())
        except OverlappingEditsError:
            return {}  # which the desk itself refuses
        if self._shape(text, start) == self._shape(changed, start):
            return {}
        return dict.fromkeys(edits, _TOGETHER)

    def _shape(self, text: str, start: int) -> list[str]:
        return [name for name, _, _ in skeleton(text, start=start, math=self._math)]
