"""The edits that put figures in the place of pictures, captions included."""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import NamedTuple

from bookpack.images.captions import Caption, find_captions
from bookpack.images.figures import figure_block, figure_bracket
from bookpack.images.words import PictureWords
from bookpack.links.book import ResolvedChapter
from bookpack.links.resolution import Resolution
from bookpack.model import Chapter, Image, LinkKind, SpanList, Structure
from bookpack.read.spans import merged
from bookpack.source import Edit, Span

WordsOf = Callable[[Chapter, Image, Resolution], PictureWords | None]
"""Says what is known of a picture, None if nothing is."""

_EMPTY_LINE = re.compile(r"(?:\r\n|\n|\r)[ \t]*(?:\r\n|\n|\r)")
_NEXT_LINE = re.compile(r"[ \t]*(?:\r\n|\n|\r)[ \t]*([^\s]?)")
_LINES = re.compile(r"(?:[ \t]*(?:\r\n|\n|\r))*")
_BREAKS_ABOVE = re.compile(r"(?:\s|<br\b[^<>]*>)*(?:\\\s+)?\Z", re.I)
_BREAKS_BEFORE = re.compile(r"(?:<br\b[^<>]*>\s*)+\Z", re.I)
_BREAKS_BEHIND = re.compile(r"(?:\s*<br\b[^<>]*>)+", re.I)
_BREAK_LENGTH = 200  # code points: enough for line breaks in a row


class Described:
    """What the figures of a chapter have said so far, over all its readings.

    A chapter with layout is read several times; a picture is in one of these readings.
    `with_addresses` tells that some words hold an address, which may be one of the book.
    """

    def __init__(self) -> None:
        self.with_addresses = False
        self._places: dict[str, tuple[int, Span]] = {}

    def is_new(self, words: PictureWords | None, reading: int, image: Image) -> bool:
        """Tell whether a picture is described here, and not above."""
        if words is None or not words.identity or not words.description:
            return True
        here = (reading, image.span)
        return self._places.setdefault(words.identity, here) == here


class FigureEdits(NamedTuple):
    """What has to be done with the pictures of a chapter.

    `taken` replaces stretches of Markdown with all that is in them. `after` are blocks that
    follow the block of text ending at an offset. `in_headings` are pictures in headings with
    their blocks. `in_layout` tells what stands in the place of tags in HTML blocks, and
    `gone` which stretches there a figure has taken over.
    """

    taken: list[Edit]
    after: dict[int, list[str]]
    in_headings: list[tuple[Image, str]]
    in_layout: dict[Span, str]
    gone: list[Span]


def figure_edits(
    resolved: ResolvedChapter, words_of: WordsOf, described: Described, reading: int
) -> FigureEdits:
    """Return the edits for all pictures of a chapter.

    `reading` numbers the times that the same chapter has been read, see `Described`.
    """
    return _Figures(resolved, words_of, described, reading).collect()


class _Figures:
    def __init__(
        self, resolved: ResolvedChapter, words_of: WordsOf, described: Described, reading: int
    ) -> None:
        self.resolved = resolved
        self.text = resolved.chapter.source.text
        structure: Structure = resolved.chapter.structure
        self.words_of = words_of
        self.described = described
        self.reading = reading
        self.captions: Mapping[Span, Caption] = find_captions(self.text, structure)
        self.headings = {heading.span for heading in structure.headings}
        self.heading_ends = [heading.span.end for heading in structure.headings]
        self.html = merged(block.span for block in structure.html_blocks)
        self.outermost = merged(block.span for block in structure.html_blocks if block.outermost)
        self.paragraphs: dict[Span, list[tuple[Span, str | None]]] = {}
        self.ends: dict[Span, int] = {}
        self.paragraphs_at = SpanList()
        self.edits = FigureEdits([], {}, [], {}, [])

    def collect(self) -> FigureEdits:
        for image, resolution in self.resolved.images:
            caption = self.captions.get(image.span)
            if image.decorative and (caption is None or caption.place is None):
                if self.html.holding(image.span.start) is None:
                    self._drop(image)
                continue
            words = self.words_of(self.resolved.chapter, image, resolution)
            if words is not None and words.decorative and not image.alt and caption is None:
                self._drop(image)
                continue
            url = "" if image.target[:5].lower() == "data:" else resolution.url
            seen_before = not self.described.is_new(words, self.reading, image)
            said = caption.text if caption else ""
            block = figure_block(image, url, words, said, seen_before=seen_before)
            self.described.with_addresses |= block.count("://") > url.count("://")
            following = self.text[image.span.end : image.span.end + 1]
            self._place(image, block, figure_bracket(image, following, words, said))
        self.paragraphs_at = SpanList([offset for block in self.paragraphs for offset in block])
        self._take_over_captions()
        for items in self.paragraphs.values():
            self._replace_paragraph(sorted(items, key=lambda item: item[0]))
        return self.edits

    def _place(self, image: Image, block: str, bracket: str) -> None:
        in_html = self.html.holding(image.span.start) is not None
        if self._stands_alone(image):
            if not in_html:
                self.paragraphs.setdefault(image.block, []).append((image.span, block))
                return
            if image.kind is LinkKind.HTML and self.outermost.holding(image.span.start) is not None:
                self.edits.in_layout[image.span] = block
                return
        if image.block in self.headings:
            self.edits.in_headings.append((image, block))
        else:
            end = self._end_of_text(image.block)
            self.edits.after.setdefault(end, []).append(block)
        if image.block != self._title:
            self.edits.taken.append(Edit(image.span, bracket))

    @property
    def _title(self) -> Span | None:
        heading = self.resolved.chapter.title_heading
        return heading.span if heading is not None else None

    def _stands_alone(self, image: Image) -> bool:
        caption = self.captions.get(image.span)
        return image.alone or (caption is not None and caption.beside)

    def _end_of_text(self, block: Span) -> int:
        end = self.ends.get(block)
        if end is None:
            end = self.ends[block] = block.start + len(block.slice(self.text).rstrip())
        return end

    def _drop(self, image: Image) -> None:
        """Leave no trace of a picture."""
        in_html = self.html.holding(image.span.start) is not None
        if in_html and image.kind is LinkKind.HTML:
            self.edits.in_layout[image.span] = ""
        elif image.alone and not in_html:
            self.paragraphs.setdefault(image.block, []).append((image.span, ""))
        else:
            self.edits.taken.append(Edit(without_blank(self.text, image.span), ""))

    def _take_over_captions(self) -> None:
        """Take captions away that now stand in figures, and line breaks around them."""
        places = {one.place: one.moves for one in self.captions.values() if one.place}
        for place, moves in places.items():
            block = self.html.holding(place.start)
            if block is not None:
                before, behind = self._breaks_around(place, block)
                breaks = (Span(before, place.start), Span(place.end, behind))
                gone = (Span(before, behind),) if moves else breaks
                self.edits.gone.extend(span for span in gone if span.end > span.start)
                continue
            paragraph = self.paragraphs_at.holding(place.start)
            if paragraph is not None:
                self.paragraphs[paragraph].append((place, "" if moves else None))
            elif moves:
                self.edits.taken.append(Edit(self._lines_of(place), ""))

    def _breaks_around(self, place: Span, block: Span) -> tuple[int, int]:
        window = self.text[max(block.start, place.start - _BREAK_LENGTH) : place.start]
        before = _BREAKS_BEFORE.search(window)
        behind = _BREAKS_BEHIND.match(self.text, place.end, block.end)
        start = place.start - len(before[0]) if before else place.start
        return start, behind.end() if behind else place.end

    def _lines_of(self, place: Span) -> Span:
        """Return what goes with a caption in Markdown: its lines, and one gap around them.

        That is the gap above, as long as what stands there does not need it: behind headings
        and HTML other edits begin.
        """
        text = self.text
        window = text[max(0, place.start - _BREAK_LENGTH) : place.start]
        rest = _BREAKS_ABOVE.sub("", window)
        above = place.start - len(window) + len(rest)
        heading = bisect_right(self.heading_ends, place.start) - 1
        needed = heading >= 0 and self.heading_ends[heading] > above
        needed |= above == 0 or self.html.holding(above - 1) is not None
        lines = _LINES.match(text, place.end)
        end = max(place.end, lines.end() if lines else 0)
        glued_above = _EMPTY_LINE.search(text, above, place.start) is None
        glued_below = end < len(text) and _EMPTY_LINE.search(text, place.end, end) is None
        if not needed and (glued_above or not glued_below):
            return Span(above, place.end)
        start = place.start - len(window) + len(window.rstrip(" \t"))
        return Span(start, place.end if place.end in self.edits.after else end)

    def _replace_paragraph(self, items: list[tuple[Span, str | None]]) -> None:
        """Put blocks in the place of a paragraph of pictures and captions (None stays)."""
        if not any(text != "" for _, text in items):
            lines = _LINES.match(self.text, items[-1][0].end)
            end = lines.end() if lines else items[-1][0].end
            self.edits.taken.append(Edit(Span(items[0][0].start, end), ""))
            return
        start, gap = items[0][0].start, ""
        while self.text[start - 1 : start] in (" ", "\t"):
            start -= 1
        blocks: list[str] = []
        for span, text in items:
            if text is None:
                if blocks:
                    self.edits.taken.append(
                        Edit(Span(start, span.start), gap + "\n\n".join(blocks) + "\n\n")
                    )
                start, gap, blocks = span.end, "\n\n", []
            elif text:
                blocks.append(text)
        if blocks:
            end = items[-1][0].end
            following = _NEXT_LINE.match(self.text, end)
            # A quote right below would become a part of the figure.
            apart = "\n" if following and following[1] else ""
            self.edits.taken.append(Edit(Span(start, end), gap + "\n\n".join(blocks) + apart))


def without_blank(text: str, span: Span) -> Span:
    """Return `span` with the blank before it, if nothing would need that blank any more."""
    before, after = text[span.start - 1 : span.start], text[span.end : span.end + 1]
    return Span(span.start - 1, span.end) if before == " " and not after.isalnum() else span
