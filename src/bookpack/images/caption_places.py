"""What a caption looks like, and whether one stands right behind or before a place in a text."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from heapq import merge
from html import unescape
from typing import NamedTuple

from bookpack.model import Structure, Tag
from bookpack.read.destinations import normalise_label
from bookpack.read.markdown import parse_markdown
from bookpack.read.spans import merged
from bookpack.source import Span

CAPTION_CLASSES = frozenset(
    {"img-desc", "img-caption", "image-caption", "caption", "figcaption", "figure-caption"}
    | {"photo-caption", "wp-caption-text"}
)
"""Classes by which authors and their tools mark a caption; WordPress wrote the last one."""

_LONGEST = 2000  # code points: an italic text beyond that is no caption
_CREDIT = re.compile(
    r"\W*(?:(?:image|photo|picture|figure)\s+)?(?:sources?|credits?|courtesy of|quellen?|bildquelle"
    r"|fuentes?|fontes?|fonti|出典|来源|來源|출처)\s*[:：]",
    re.I,
)
"""What says whom a picture comes from says nothing of what it shows."""
_EMPHASIS = frozenset({"em", "i"})
_BLOCK = frozenset(
    {"br", "center", "dd", "div", "dt", "figcaption", "figure", "header", "main", "p"}
    | {"picture", "article", "aside", "section", "blockquote"}
)
_INLINE = frozenset(
    {"a", "b", "big", "em", "font", "i", "mark", "small", "source", "span", "strong", "u"}
)
_BREAK = r"(?:\r\n|\n|\r)"
_BLANKS = re.compile(r"\s+")
_EMPTY_LINE = re.compile(rf"{_BREAK}[ \t]*{_BREAK}")
_LINE_END = re.compile(_BREAK)
# A run of text ends with its paragraph, or where the next line must be something else.
_NEXT_BLOCK = r"(?:!?\[!\[|!\[|<|#{1,6}[ \t]|>|[-+*][ \t]|```|~~~)"
_RUN_END = re.compile(
    rf"{_BREAK}[ \t]*(?={_BREAK}|\Z|{_NEXT_BLOCK})|<(?:br|/?(?:{'|'.join(sorted(_BLOCK))}))\b"
)
_LINE_ABOVE = r"[ \t]*(?:(?:!?\[!\[|!\[|<|#{1,6}[ \t])[^\r\n]*)?"
_RUN_START = re.compile(rf"(?:\A|(?<=[\n\r])){_LINE_ABOVE}{_BREAK}")
_REST_OF_LINE = re.compile(rf"[ \t]*\\?{_BREAK}")
_HARD_BREAK = re.compile(rf"\\(?={_BREAK})")
_PLAIN = re.compile(r"[^\\`*_\[\]<>&#|~$!\s](?:[^\\`*_\[\]<>&#|~$!\n\r]*[^\\`*_\[\]<>&#|~$!\s])?")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]")
_IN_BRACKETS = re.compile(r"\[([^\[\]]+)\]")
_ANY_TAG = re.compile(
    r"<!--.*?-->|</?([A-Za-z][A-Za-z0-9-]*)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>", re.S
)


class Place(NamedTuple):
    """A caption where it stands; `text` is plain, in one line.

    `moves` is False where it holds more than words (links, code, notes), which a figure's line
    cannot take over.
    """

    span: Span
    text: str
    moves: bool


class Neighbour(NamedTuple):
    """The next picture behind a place, `beside` it on the same line or in the same paragraph."""

    start: int


class CaptionPlaces:
    """Looks for captions around places in one text.

    `pictures` are the offsets at which pictures (or the links that hold them) begin, in order.
    A look goes as far as there is nothing but blanks and tags, so all looks together are linear.
    """

    def __init__(self, text: str, structure: Structure, pictures: Sequence[int]) -> None:
        self.text = text
        self.structure = structure
        self.starts = pictures
        self.pictures = frozenset(pictures)
        blocks = (tag for block in structure.html_blocks for tag in block.tags)
        self.tags = list(merge(blocks, structure.inline_tags, key=lambda tag: tag.span.start))
        self.index = {tag.span.start: number for number, tag in enumerate(self.tags)}
        self.index_by_end = {tag.span.end: number for number, tag in enumerate(self.tags)}
        self.comments = dict(structure.comments)
        self.comments_by_end = {end: start for start, end in structure.comments}
        self.html = merged(block.span for block in structure.html_blocks)
        self.labels = {normalise_label(one.label) for one in structure.definitions}

    def after(self, position: int, column: int | None, limit: int) -> Place | Neighbour | None:
        """Return the caption that begins behind `position`, or the picture in the same row.

        `column` is where Markdown has to begin, None for the first three columns; nothing
        reaches over `limit`.
        """
        crossed = apart = False
        while position < limit:
            tag = self._tag_at(position)
            if blanks := _BLANKS.match(self.text, position):
                crossed |= bool(_LINE_END.search(blanks[0]))
                apart |= bool(_EMPTY_LINE.search(blanks[0]))
                position = blanks.end()
            elif position in self.pictures:
                return None if apart else Neighbour(position)
            elif position in self.comments:
                position = self.comments[position]
            elif tag is not None:
                if is_caption(tag):
                    return self.element(tag, limit)
                if tag.name in _EMPHASIS and not tag.closing:
                    found = self.element(tag, limit) if crossed else None
                    alone = found and self._line_ends(found.span.end)
                    return found if found and alone and not _CREDIT.match(found.text) else None
                if not _is_passed(tag):
                    return None
                crossed |= tag.name in _BLOCK
                apart |= tag.name in _BLOCK and tag.name != "br"
                position = tag.span.end
            elif self.text[position] == "\\" and _LINE_END.match(self.text, position + 1):
                position += 1
            else:
                return self._run_at(position, column, limit) if crossed else None
        return None

    def before(self, position: int, limit: int, *, in_line: bool) -> Place | None:
        """Return the caption that ends before `position` and begins at `limit` or later.

        With `in_line` the line that holds `limit` can hold more than pictures.
        """
        crossed = False
        while position > limit:
            tag = self._tag_before(position)
            if self.text[position - 1].isspace():
                crossed |= self.text[position - 1] in "\n\r"
                position -= 1
            elif position in self.comments_by_end:
                position = self.comments_by_end[position]
            elif tag is not None:
                if tag.closing and (opening := self._partner_of(tag)) is not None:
                    if is_caption(opening):
                        return self.element(opening, position)
                    if tag.name in _EMPHASIS:
                        alone = crossed and self._line_begins(opening.span.start)
                        return self.element(opening, position) if alone else None
                if not _is_passed(tag):
                    return None
                crossed |= tag.name in _BLOCK
                position = tag.span.start
            else:
                return self._run_before(position, limit, in_line) if crossed else None
        return None

    def element(self, tag: Tag, limit: int) -> Place | None:
        """Return the element that `tag` opens as a caption, None if it is none or holds a picture.

        An element whose text Markdown reads (there are empty lines in it) is a caption where
        that text is; its tags are then layout like any other.
        """
        close = self._partner_of(tag)
        if close is None or close.span.end > limit:
            return None
        inner = Span(tag.span.end, close.span.start)
        first = bisect_left(self.starts, inner.start)
        if first < bisect_left(self.starts, inner.end):
            return None
        block = self.html.holding(tag.span.start)
        if block is None or close.span.start < block.end:
            whole = Span(tag.span.start, close.span.end)
            return self._place(whole, inner.slice(self.text), raw=block is not None)
        inner = self._trimmed(inner)
        if any(self.html.holding(end) for end in (inner.start, inner.end - 1)):
            return None
        words = inner.slice(self.text)
        if _EMPTY_LINE.search(words):
            return None
        return self._place(inner, _inside_emphasis(words) or words, raw=False)

    def _trimmed(self, span: Span) -> Span:
        words = span.slice(self.text)
        start = span.start + len(words) - len(words.lstrip())
        return Span(start, max(start, span.start + len(words.rstrip())))

    def _run_at(self, start: int, column: int | None, limit: int) -> Place | None:
        if self.text[start] not in "*_":
            return None
        raw = self.html.holding(start) is not None
        if not raw:
            line = max(self.text.rfind("\n", 0, start), self.text.rfind("\r", 0, start)) + 1
            if start - line != column if column is not None else start - line > 3:
                return None
        latest = min(limit, start + _LONGEST)
        end = _RUN_END.search(self.text, start, latest)
        line = _LINE_END.search(self.text, start, latest)
        ends = [match.start() if match else latest for match in (end, line)]
        if latest < limit:
            ends = [match.start() for match in (end, line) if match]
        # A whole paragraph, or else the one line that authors set apart by its break alone.
        places = (self._run(Span(start, end), raw=raw) for end in dict.fromkeys(ends))
        return next(filter(None, places), None)

    def _run_before(self, end: int, limit: int, in_line: bool) -> Place | None:
        if self.text[end - 1] not in "*_":
            return None
        earliest = max(limit, end - _LONGEST)
        below = None if in_line else _REST_OF_LINE.match(self.text, earliest)
        starts = [match.end() for match in _RUN_START.finditer(self.text, earliest, end)]
        start = starts[-1] if starts else below.end() if below else earliest
        raw = self.html.holding(start) is not None
        if raw != (self.html.holding(end - 1) is not None):
            return None
        if start == earliest and start > 0 and self.text[start - 1] not in "\n\r":
            return None
        return self._run(Span(start, end), raw=raw)

    def _run(self, span: Span, *, raw: bool) -> Place | None:
        words = span.slice(self.text).rstrip().removesuffix("\\").rstrip()
        inner = _inside_emphasis(words)
        if inner is None or _CREDIT.match(inner):
            return None
        if self.structure.code.holding(span.start) is not None:
            return None
        return self._place(Span(span.start, span.start + len(words)), inner, raw=raw)

    def _place(self, span: Span, inner: str, *, raw: bool) -> Place | None:
        text, moves = self._raw_words(inner) if raw else self._words(inner)
        return Place(span, text, moves) if text else None

    def _words(self, markdown: str) -> tuple[str, bool]:
        """Return what a reader sees of a line of Markdown, and whether that is all of it."""
        line = " ".join(_HARD_BREAK.sub("", markdown).split())
        if _PLAIN.fullmatch(line):
            return line, True
        bare = _FOOTNOTE.sub("", line)
        labels = sorted(set(_IN_BRACKETS.findall(bare)))
        known = [label for label in labels if normalise_label(label) in self.labels]
        definitions = "".join(f"\n[{label}]: x" for label in known)
        seen = parse_markdown(f"# {bare}\n{definitions}")
        if not seen.headings:
            return "", False
        more = seen.links or seen.images or len(seen.code) or len(seen.math) or seen.comments
        tags = all(tag.name in _INLINE - {"a"} for tag in seen.inline_tags)
        text = " ".join(seen.headings[0].text.split())
        return text, not more and tags and bare == line

    def _raw_words(self, html: str) -> tuple[str, bool]:
        names = {match[1].lower() for match in _ANY_TAG.finditer(html) if match[1]}
        moves = names <= (_INLINE - {"a"}) | _BLOCK
        moves = moves and not ("](" in html or "`" in html or "[^" in html or "<!--" in html)
        shown = _ANY_TAG.sub(lambda tag: " " if (tag[1] or "").lower() in _BLOCK else "", html)
        shown = unescape(shown).strip()
        return " ".join((_inside_emphasis(shown) or shown).split()), moves

    def _tag_at(self, position: int) -> Tag | None:
        number = self.index.get(position)
        return None if number is None else self.tags[number]

    def _tag_before(self, position: int) -> Tag | None:
        number = self.index_by_end.get(position)
        return None if number is None else self.tags[number]

    def _partner_of(self, tag: Tag) -> Tag | None:
        """Return the tag that closes the element that `tag` opens, or opens what it closes."""
        number = self.index[tag.span.start]
        depth = 0
        ahead = range(number, -1, -1) if tag.closing else range(number, len(self.tags))
        for other in map(self.tags.__getitem__, ahead):
            if abs(other.span.start - tag.span.start) > _LONGEST:
                return None
            if other.name == tag.name:
                depth += 1 if other.closing == tag.closing else -1
                if depth == 0:
                    return other
        return None

    def _line_ends(self, position: int) -> bool:
        """Tell whether the line or paragraph is over, but for tags inside of it."""
        while position < len(self.text):
            tag = self._tag_at(position)
            if self.text[position] in "\n\r":
                run = _RUN_END.match(self.text, position)
                return run is not None or position + 1 >= len(self.text)
            if self.text[position] in " \t":
                position += 1
            elif tag is None or not _is_passed(tag):
                return False
            elif tag.name in _BLOCK:
                return True
            else:
                position = tag.span.end
        return True

    def _line_begins(self, position: int) -> bool:
        while position > 0 and self.text[position - 1] not in "\n\r":
            tag = self._tag_before(position)
            if self.text[position - 1] in " \t":
                position -= 1
            elif tag is None or not _is_passed(tag):
                return False
            elif tag.name in _BLOCK:
                return True
            else:
                position = tag.span.start
        return True


def is_caption(tag: Tag) -> bool:
    """Tell whether `tag` opens an element that its class calls a caption."""
    if tag.closing or "class" not in tag.attributes:
        return False
    return not CAPTION_CLASSES.isdisjoint(tag.attributes["class"].value.lower().split())


def _is_passed(tag: Tag) -> bool:
    if tag.name == "img":
        return True  # those that are pictures are met as pictures; this one is decoration
    return tag.name in _BLOCK or tag.name in _INLINE


def _inside_emphasis(words: str) -> str | None:
    """Return what stands inside the one emphasis that `words` are, None if they are more.

    Marks pair as CommonMark says (https://spec.commonmark.org/0.31.2/#emphasis-and-strong-emphasis);
    the outer ones belong together if taking them away leaves no other mark without its partner.
    """
    if len(words) < 3 or words[0] not in "*_" or words[-1] != words[0]:
        return None
    inner = words[1:-1]
    if inner[0] == words[0] or (inner[-1] == words[0] and inner[-2:-1] != "\\"):
        return None
    if _PLAIN.fullmatch(inner):
        return inner
    whole, within = parse_markdown(words), parse_markdown(inner)
    if whole.headings or whole.html_blocks or len(whole.tables):
        return None
    loose = [span.start for span in whole.literals if span.slice(words) == words[0]]
    loose_within = [span.start + 1 for span in within.literals if span.slice(inner) == words[0]]
    return inner if loose == loose_within and len(whole.prose) else None
