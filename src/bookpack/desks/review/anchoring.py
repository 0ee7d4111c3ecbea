"""Finds a quoted piece of text again after the text has changed, or says that it is gone.

From the surest to the least sure: the same place; the only place with the same words around
it; the only paragraph that is the same; the line that a comparison of the two texts pairs it
with; the only place within a rewritten stretch. What none of them finds is orphaned. Nothing
here ever chooses between two candidates.
"""

import difflib
import re
from bisect import bisect_right
from functools import cached_property

from bookpack.desks.review.suggestion import Paragraphs, Quote, digest
from bookpack.source import Span

_NEAR = 16
"""Code points beside a quote that must be unchanged where its line is not."""
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_TOUCHING = 2
"""Code points on the other side of a quote that are unchanged."""
_BLANKS = re.compile(r"\s+")
_BLANKS_OR_WORD = re.compile(r"\s+|\S+")
_NEXT_WORDS = re.compile(r"(\s*)(\S*)\s*(\S*)")
_FAR = 96
"""Code points beside a place in which two words lie."""
_PARAGRAPHS = re.compile(r"\r?\n[ \t>]*\r?\n")
_COMPARISON_LIMIT = 4_000_000
"""Pairs of lines beyond which comparing costs more than asking a person again."""


class _Stretch:
    """Lines of the old text and what they are in the new one, both as offsets."""

    __slots__ = ("equal", "new", "old")

    def __init__(self, old: Span, new: Span, equal: bool) -> None:
        self.old = old
        self.new = new
        self.equal = equal


class Anchoring:
    """Places of one text, looked up in a newer one. Without `old`, only words can tell."""

    def __init__(self, old: str | None, new: str) -> None:
        self.old = old
        self.new = new

    def find(self, quote: Quote) -> Span | None:
        """Return where `quote` stands in the new text, None when that is not certain.

        Where what shall be written stands in its place already, it does not stand there any more,
        though the same words may go on beside it (“the the” that has become “the”).
        """
        if self._is_made(quote):
            return None
        for look in (
            self._in_place,
            self._by_context,
            self._by_wrapped_context,
            self._by_paragraph,
            self._by_one_side,
            self._by_lines,
            self._in_rewritten_lines,
        ):
            span = look(quote)
            if span is None or span.slice(self.new) != quote.exact:
                continue
            if not self._stood_elsewhere(span, quote):
                return span
        return None

    def _is_made(self, quote: Quote) -> bool:
        if quote.instead is None:
            return False
        before, after = quote.prefix[-_NEAR:], quote.suffix[:_NEAR]
        made = before + quote.instead + after
        if made not in self.new or (self.old is not None and made in self.old):
            return False
        return before + quote.exact + after not in self.new

    def _stood_elsewhere(self, span: Span, quote: Quote) -> bool:
        """Tell whether the line of `span` is another one of the old text than the quote's."""
        if self.old is None:
            return False
        line = _line_at(self.new, span.start)
        return line in self._old_lines and line != _line_at(self.old, quote.start)

    def _in_place(self, quote: Quote) -> Span | None:
        whole = quote.prefix + quote.exact + quote.suffix
        start = quote.start - len(quote.prefix)
        if start < 0 or not self.new.startswith(whole, start):
            return None
        return Span(quote.start, quote.start + len(quote.exact))

    def _by_context(self, quote: Quote) -> Span | None:
        return self._only(quote.prefix, quote.exact, quote.suffix)

    def _by_wrapped_context(self, quote: Quote) -> Span | None:
        """Find it by both sides, whatever blanks and line breaks have become of one another."""
        before, exact, after = (_BLANKS.sub(" ", part) for part in quote[:3])
        if not quote.exact or quote.exact != quote.exact.strip():
            return None
        flat, places = self._flat
        place = flat.find(before + exact + after)
        if place < 0 or flat.find(before + exact + after, place + 1) >= 0:
            return None
        if self.old is not None and self._old_flat.count(before + exact + after) > 1:
            return None
        start = places[place + len(before)]
        return Span(start, start + len(quote.exact))

    def _by_one_side(self, quote: Quote) -> Span | None:
        """Find it by one whole side, where the other has changed but not right beside it.

        The side must say something of the quote's own paragraph: what stands above or below that
        may have come to stand beside another one.
        """
        if not quote.exact:
            return None
        found: set[Span] = set()
        for prefix, suffix in (
            (quote.prefix, quote.suffix[:_TOUCHING]),
            (quote.prefix[-_TOUCHING:], quote.suffix),
        ):
            own = max(len(_PARAGRAPHS.split(prefix)[-1]), len(_PARAGRAPHS.split(suffix)[0]))
            if own >= _NEAR:
                span = self._only(prefix, quote.exact, suffix)
                if span is not None:
                    found.add(span)
        return found.pop() if len(found) == 1 else None

    def _only(self, prefix: str, exact: str, suffix: str) -> Span | None:
        whole = prefix + exact + suffix
        if not whole or (not exact and not (prefix and suffix)):
            return None
        place = self.new.find(whole)
        if place < 0 or self.new.find(whole, place + 1) >= 0:
            return None
        # One of several that was left alone by deleting the others proves nothing.
        if self.old is not None and self.old.count(whole) > 1:
            return None
        return Span(place + len(prefix), place + len(prefix) + len(exact))

    def _by_paragraph(self, quote: Quote) -> Span | None:
        if self.old is None or not quote.paragraph:
            return None
        places = self._paragraphs.get(quote.paragraph, ())
        # Where the same words stand in another paragraph as well, that may be the one.
        if len(places) != 1 or quote.prefix + quote.exact + quote.suffix in self.new:
            return None
        if len(self._old_paragraphs.get(quote.paragraph, ())) > 1:
            return None
        start = places[0] + quote.inside
        return Span(start, start + len(quote.exact))

    def _by_lines(self, quote: Quote) -> Span | None:
        stretch = self._stretch(quote)
        if stretch is None or not stretch.equal:
            return None
        start = quote.start + stretch.new.start - stretch.old.start
        return Span(start, start + len(quote.exact))

    def _in_rewritten_lines(self, quote: Quote) -> Span | None:
        """Find it in lines that changed: once before, once now, one neighbour as it was."""
        stretch = self._stretch(quote)
        if stretch is None or stretch.equal or self.old is None or not quote.exact.strip():
            return None
        was, now = stretch.old.slice(self.old), stretch.new.slice(self.new)
        if was.count(quote.exact) != 1 or now.count(quote.exact) != 1:
            return None
        start = stretch.new.start + now.index(quote.exact)
        end = start + len(quote.exact)
        near_before, near_after = quote.prefix[-_NEAR:], quote.suffix[:_NEAR]
        before = bool(near_before) and self.new.endswith(near_before, 0, start)
        after = bool(near_after) and self.new.startswith(near_after, end)
        beside = _goes_on(quote.suffix, self.new[end : end + _FAR]) and _goes_on(
            quote.prefix[::-1], self.new[max(0, start - _FAR) : start][::-1]
        )
        is_it = (before or after) and beside and self._is_likest(start, quote)
        return Span(start, end) if is_it else None

    def _is_likest(self, start: int, quote: Quote) -> bool:
        """Tell whether no other old line with these words is as like the line at `start`."""
        assert self.old is not None
        now, own = _line_at(self.new, start), _line_at(self.old, quote.start)
        likeness = _likeness(own, now)
        rivals = (line for line in self._old_lines if quote.exact in line and line != own)
        return all(_likeness(line, now) < likeness for line in rivals)

    def _stretch(self, quote: Quote) -> _Stretch | None:
        if self.old is None:
            return None
        index = bisect_right(self._stretch_starts, quote.start) - 1
        if index < 0:
            return None
        stretch = self._stretches[index]
        return stretch if quote.start + len(quote.exact) <= stretch.old.end else None

    @cached_property
    def _flat(self) -> tuple[str, list[int]]:
        """The new text with one space for every run of blanks, and where its signs stand."""
        places: list[int] = []
        for match in _BLANKS_OR_WORD.finditer(self.new):
            places += range(*match.span()) if match[0].strip() else [match.start()]
        return _BLANKS.sub(" ", self.new), places

    @cached_property
    def _old_flat(self) -> str:
        return _BLANKS.sub(" ", self.old or "")

    @cached_property
    def _old_lines(self) -> frozenset[str]:
        assert self.old is not None
        return frozenset(self.old.split("\n"))

    @cached_property
    def _paragraphs(self) -> dict[str, list[int]]:
        return _paragraph_places(self.new)

    @cached_property
    def _old_paragraphs(self) -> dict[str, list[int]]:
        assert self.old is not None
        return _paragraph_places(self.old)

    @cached_property
    def _stretch_starts(self) -> list[int]:
        return [stretch.old.start for stretch in self._stretches]

    @cached_property
    def _stretches(self) -> list[_Stretch]:
        assert self.old is not None
        old, new = _LINE.findall(self.old), _LINE.findall(self.new)
        old_at, new_at = _offsets(old), _offsets(new)
        head = 0
        while head < min(len(old), len(new)) and old[head] == new[head]:
            head += 1
        tail = 0
        while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
            tail += 1
        blocks = [(0, head, 0, head, True)]
        middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
        if len(middle_old) * len(middle_new) <= _COMPARISON_LIMIT:
            matcher = difflib.SequenceMatcher(None, middle_old, middle_new, autojunk=False)
            for kind, a, b, c, d in matcher.get_opcodes():
                blocks.append((head + a, head + b, head + c, head + d, kind == "equal"))
        blocks.append((len(old) - tail, len(old), len(new) - tail, len(new), True))
        return [
            _Stretch(Span(old_at[a], old_at[b]), Span(new_at[c], new_at[d]), equal)
            for a, b, c, d, equal in blocks
            if b > a
        ]


def _goes_on(was: str, now: str) -> bool:
    """Tell whether two texts go on alike: their first words are the same, or just the second ones.

    A sentence that somebody puts in may begin with the very word that is looked for.
    """
    old, new = _NEXT_WORDS.match(was), _NEXT_WORDS.match(now)
    if old is None or new is None or bool(old[1]) != bool(new[1]):
        return False
    return old[2] == new[2] or (bool(old[3]) and old[3] == new[3])


def _likeness(one: str, other: str) -> float:
    """Return the part of the words of both that both have (Jaccard's index)."""
    words, others = set(one.split()), set(other.split())
    return len(words & others) / max(1, len(words | others))


def _line_at(text: str, place: int) -> str:
    end = text.find("\n", place)
    return text[text.rfind("\n", 0, place) + 1 : end if end >= 0 else len(text)]


def _paragraph_places(text: str) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for span in Paragraphs(text).all():
        places.setdefault(digest(span.slice(text)), []).append(span.start)
    return places


def _offsets(lines: list[str]) -> list[int]:
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    return offsets
