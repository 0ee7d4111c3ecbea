"""Every proposed fix is proven or refused with its reason before a person sees it.

What is proven: the pattern is RE2's, short, and matches as often as the engine said, each match
in one block and in prose alone; the change is one, is small, and leaves everything that is built
around the text as it was. The resolved span is what gets applied; the pattern is only kept.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from bookpack.desks.grammar.edits import Shape, shape_of, smallest
from bookpack.desks.grammar.fix import Fix
from bookpack.desks.grammar.prose import CLOSING, OPENING, Block, author_source, in_author_text
from bookpack.errors import missing_extra
from bookpack.model import Chapter, SpanList
from bookpack.read.leaf_blocks import skeleton
from bookpack.read.spans import merged
from bookpack.source import Edit, Span, apply_edits

LONGEST_PATTERN = 300
"""Characters."""
_MEMORY = 1 << 16
"""Bytes that RE2 may take for one pattern. Its time grows with the text and with this."""
_MOST_REPEATS = 40
_MOST_GROUPS = 9
_MOST_BRANCHES = 6_000
"""Ways on from all states of a pattern's automaton, as RE2 counts them; time grows with it."""
_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_REFERENCE = re.compile(r"\\(.?)", re.S)
_MOST_MATCHES = 50
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""What nobody sees in a correction, or what makes it look like another one: marks that turn
the direction of writing (Unicode Technical Report 36)."""
_JOINERS = "\u00ad\u200c\u200d"
"""Of these, what words of many languages, and emoji, are written with."""
_SAFE = re.compile(r"[^\W_](?:[^\W_]|[ ,;.?’'])*\Z")
_CALM = (" ", ",", ".", ";", "\n", "\r", "")
_LINE_MARKS = " \t>*+-#|0123456789.)"


class Reason(StrEnum):
    """Why a fix was refused; values are said to a person."""

    NO_PATTERN = "it has no pattern"
    TOO_LONG = f"its pattern is longer than {LONGEST_PATTERN} characters"
    NOT_RE2 = "its pattern is not one that RE2 takes"
    TOO_COSTLY = "its pattern has too many groups, repetitions or alternatives"
    BAD_REPLACEMENT = "its replacement names a group that the pattern does not have"
    EMPTY_MATCH = "its pattern matches nothing at all"
    WHOLE_BLOCK = "it would replace a whole paragraph"
    NO_MATCH = "its pattern matches nowhere in the text"
    ACROSS_BLOCKS = "its pattern matches only across paragraphs"
    ONLY_CUT_OUT = "its pattern matches only in what is no prose"
    WRONG_COUNT = "its pattern does not match as often as it says"
    ELSEWHERE = "its pattern does not match where its quote stands"
    PROTECTED = "it would change what is no prose, or markup"
    NOT_AUTHORS = "the place reads otherwise in the author's file"
    NO_CHANGE = "it changes nothing"
    PLACEHOLDER = "it writes a placeholder into the text"
    CONTROL = "it writes a line break or a character that nobody sees"
    MALFORMED = "it is not written as a fix must be"
    TOO_MANY = "one answer had more fixes than anybody could want"
    TAKEN = "another change that was accepted covers its place"
    CHANGED = "what stands around it has changed since it was found"
    STRUCTURE = "it would change how the chapter is built around it"


class Refused(NamedTuple):
    """A fix that nobody will be asked about, and why. `detail` is what a library said."""

    fix: Fix
    path: str
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A fix at its proven place: `after` in place of `span` of the author's text.

    `block` and `inside` are where it stands in what the pass saw. `shape` REWRITE is the lane
    that no bulk action reaches; so is a heading whose address would change (`renames`).
    """

    fix: Fix
    block: Block
    inside: Span
    span: Span
    before: str
    after: str
    shape: Shape
    renames: bool = False


@dataclass
class Validator:
    """Proves fixes against one chapter. `math` says whether dollar signs mean math there."""

    chapter: Chapter
    math: bool = True
    _known: dict[tuple[Span, str], bool] = field(default_factory=dict)

    def resolve(self, fix: Fix, blocks: Sequence[Block]) -> list[Resolved] | Refused:
        """Return where `fix` applies in `blocks`, which are what its engine saw, or why not.

        A fix that knows its place belongs to the first of the blocks.
        """
        path = self.chapter.source.path
        try:
            places = (
                self._located(fix, blocks) if fix.span is not None else self._matched(fix, blocks)
            )
            return [self._proven(fix, block, span, after) for block, span, after in places]
        except _RefusalError as refusal:
            return Refused(fix, path, refusal.reason, refusal.detail)

    def _located(self, fix: Fix, blocks: Sequence[Block]) -> list[tuple[Block, Span, str]]:
        assert fix.span is not None
        if fix.span.slice(blocks[0].text) != fix.quote:
            raise _RefusalError(Reason.ELSEWHERE)
        return [(blocks[0], fix.span, fix.replacement)]

    def _matched(self, fix: Fix, blocks: Sequence[Block]) -> list[tuple[Block, Span, str]]:
        pattern = _compiled(fix.pattern)
        found: list[tuple[Block, Span, str]] = []
        for block in blocks:
            for match in pattern.finditer(block.text):
                span = Span(*match.span())
                if span.start == span.end:
                    raise _RefusalError(Reason.EMPTY_MATCH)
                found.append((block, span, _expanded(fix.replacement, match)))
                if len(found) > max(fix.expected, _MOST_MATCHES):
                    raise _RefusalError(Reason.WRONG_COUNT, f"more than {len(found) - 1}")
        if not found:
            across = pattern.search("\n\n".join(block.text for block in blocks))
            if across:
                raise _RefusalError(Reason.ACROSS_BLOCKS)
            hidden = pattern.search(self.chapter.source.text)
            raise _RefusalError(Reason.ONLY_CUT_OUT if hidden else Reason.NO_MATCH)
        if len(found) != fix.expected:
            raise _RefusalError(Reason.WRONG_COUNT, f"{len(found)}, not {fix.expected}")
        if not any(_is_quoted(fix, block.text, span) for block, span, _ in found):
            raise _RefusalError(Reason.ELSEWHERE)
        return found

    def _proven(self, fix: Fix, block: Block, span: Span, after: str) -> Resolved:
        if OPENING in after or CLOSING in after:
            # A placeholder that stays where it is belongs to the edges, which are cut off.
            kept = smallest(block.text, span, after)
            if OPENING in kept.after or CLOSING in kept.after:
                raise _RefusalError(Reason.PLACEHOLDER)
        covered = span.slice(block.text).strip()
        if fix.span is None and " " in covered and covered == block.text.strip():
            raise _RefusalError(Reason.WHOLE_BLOCK)
        new = set(after).difference(span.slice(block.text), _JOINERS)
        if any(unicodedata.category(c) in _UNSEEN for c in new):
            raise _RefusalError(Reason.CONTROL)
        change = smallest(block.text, span, after)
        inside, after = change
        if inside.slice(block.text) == after:
            raise _RefusalError(Reason.NO_CHANGE)
        place = block.in_chapter(inside)
        if place is None:
            raise _RefusalError(Reason.PROTECTED)
        authors = in_author_text(self.chapter, place)
        if authors is None:
            raise _RefusalError(Reason.NOT_AUTHORS)
        if not self._keeps_structure(place, after, block):
            raise _RefusalError(Reason.STRUCTURE)
        before = authors.slice(author_source(self.chapter).text)
        shape, renames = shape_of(before, after), False
        if block.kind == "heading" and shape is not Shape.REWRITE:
            renames = self._renames(place, after)
        return Resolved(fix, block, inside, authors, before, after, shape, renames)

    def keeps_structure(self, block: Block, inside: Span, after: str) -> bool:
        """Tell whether `after` in place of `inside` leaves all that is around it as it was."""
        place = block.in_chapter(inside)
        return place is not None and self._keeps_structure(place, after, block)

    def _renames(self, place: Span, after: str) -> bool:
        """Tell whether a heading's address would be another: links to it would break."""
        letters = "".join(filter(str.isalnum, after)).casefold()
        was = place.slice(self.chapter.source.text)
        return letters != "".join(filter(str.isalnum, was)).casefold() or (
            len(was.split()) != len(after.split()) or "-" in was + after
        )

    def _keeps_structure(self, place: Span, after: str, block: Block) -> bool:
        """Tell whether everything but running text stands where it stood."""
        if block.ends:
            return not any(sign in block.ends for sign in after)
        text = self.chapter.source.text
        if is_harmless(text, place, after) and not self._in_brackets(place, block):
            return True
        key = (place, after)
        if key not in self._known:
            changed = apply_edits(text, [Edit(place, after)])
            start = self.chapter.structure.body_start
            now = skeleton(changed, start=start, math=self.math)
            self._known[key] = _is_same(self._skeleton, now, place, len(after))
        return self._known[key]

    def _in_brackets(self, place: Span, block: Block) -> bool:
        """Tell whether the words of `place` may be the label of a reference."""
        if self._labelled.holding(place.start) is not None:
            return True
        return bool(self.chapter.structure.definitions) and "[" in block.text

    @cached_property
    def _labelled(self) -> SpanList:
        structure = self.chapter.structure
        return merged([*(o.span for o in structure.links), *(o.span for o in structure.images)])

    @cached_property
    def _skeleton(self) -> list[tuple[str, int, int]]:
        start = self.chapter.structure.body_start
        return skeleton(self.chapter.source.text, start=start, math=self.math)


class _RefusalError(Exception):
    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def _compiled(pattern: str) -> Any:
    try:
        import re2
    except ImportError:
        raise missing_extra("Trying a pattern", "grammar") from None
    if not pattern:
        raise _RefusalError(Reason.NO_PATTERN)
    if len(pattern) > LONGEST_PATTERN:
        raise _RefusalError(Reason.TOO_LONG)
    repeats = 1
    for least, most in _REPEAT.findall(pattern):
        repeats *= max(1, int((most or least)[:4]))
    if repeats > _MOST_REPEATS:
        raise _RefusalError(Reason.TOO_COSTLY)
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        detail = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise _RefusalError(Reason.NOT_RE2, detail) from None
    except UnicodeError as error:
        raise _RefusalError(Reason.NOT_RE2, str(error)) from None
    # The fan-out's n-th number tells how many states have about 2ⁿ ways on.
    branches = sum(number << power for power, number in enumerate(compiled.programfanout))
    if compiled.groups > _MOST_GROUPS or branches > _MOST_BRANCHES:
        raise _RefusalError(Reason.TOO_COSTLY)
    return compiled


def _expanded(replacement: str, match: Any) -> str:
    """Return `replacement` with what its `\\0` to `\\9` stand for: RE2's rewrite syntax."""

    def one(reference: re.Match[str]) -> str:
        if reference[1] == "\\":
            return "\\"
        if not reference[1].isdecimal() or int(reference[1]) > match.re.groups:
            raise _RefusalError(Reason.BAD_REPLACEMENT, reference[0])
        return match[int(reference[1])] or ""

    return _REFERENCE.sub(one, replacement)


def _is_quoted(fix: Fix, text: str, span: Span) -> bool:
    """Tell whether a match and the quote, where its context stands, share a place."""
    if not fix.quote:
        return True
    whole = fix.left + fix.quote + fix.right
    at = text.find(whole)
    while at >= 0:
        start = at + len(fix.left)
        if start < span.end and span.start < start + len(fix.quote):
            return True
        at = text.find(whole, at + 1)
    return False


def is_harmless(text: str, place: Span, after: str) -> bool:
    """Tell at a glance that Markdown cannot read words, blanks and commas as anything else.

    The signs next to the place stay what they are to CommonMark's rules of flanking, and nothing
    but a letter comes to the beginning of a line.
    """
    before = place.slice(text)
    if not (_SAFE.match(before) and _SAFE.match(after)):
        return False
    left, right = text[place.start - 1 : place.start], text[place.end : place.end + 1]
    if not (left == " " or left.isalnum()) or not (right in _CALM or right.isalnum()):
        return False
    line_start = max(text.rfind("\n", 0, place.start), text.rfind("\r", 0, place.start)) + 1
    begins_line = not text[line_start : place.start].strip(_LINE_MARKS)
    return not begins_line or (before[0].isalpha() and after[0].isalpha())


def _is_same(
    was: Sequence[tuple[str, int, int]],
    now: Sequence[tuple[str, int, int]],
    place: Span,
    length: int,
) -> bool:
    """Tell whether everything is as it was when `place` holds `length` code points.

    What ends (or begins) right where something is inserted may have it inside or outside.
    """
    by = length - (place.end - place.start)
    is_point = place.start == place.end

    def moved(offset: int, new: int, is_end: bool) -> bool:
        if is_point and offset == place.start:
            return new in (offset, offset + by)
        stays = offset < place.end if is_end else offset <= place.start
        return new == (offset if stays else offset + by)

    return len(was) == len(now) and all(
        old[0] == new[0] and moved(old[1], new[1], False) and moved(old[2], new[2], True)
        for old, new in zip(was, now, strict=True)
    )
