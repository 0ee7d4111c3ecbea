"""Captions, found where authors put them: in the text around a picture.

A picture's caption is the first of these that there is:

1. its title, which is also where dialects write the captions of their directives, unless it
   is but the name of the file;
2. the `<figcaption>` of the `<figure>` that holds it;
3. right behind it, with nothing but blanks and tags between: an element whose class says that it
   is a caption (`caption_places.CAPTION_CLASSES`), or a line of nothing but one emphasis that
   does not only name a source;
4. the same right before it.

The pictures of one row, and those of one `<figure>`, share a caption: each stands by itself in
an edition. Apart from that a caption belongs to one picture. Where pictures and captions take
turns, a caption belongs to the picture above it, unless the turns begin with a caption and end
with a picture.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bookpack.images.caption_places import CaptionPlaces, Neighbour, Place
from bookpack.model import Image, LinkKind, SpanList, Structure
from bookpack.read.spans import without
from bookpack.source import Span

_IN_CONTAINER = re.compile(r"[ \t]*(?:>|[-+*](?=[ \t\r\n])|\d{1,9}[.)](?=[ \t\r\n])|\[\^)")
_LIST_MARKS = re.compile(r"[ \t]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*(?:\[[ xX]\][ \t]+)?")
_LINE_END = re.compile(r"\r\n|\n|\r")
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_TAG = re.compile(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")


class Caption(NamedTuple):
    """The words under a picture: `text` is plain, in one line, and never empty.

    `place` is where a caption stands in the text, None if the picture has nothing but a title.
    A figure takes over what is there if it `moves`; else it says more than `text` (it holds links,
    code, notes, or the picture has a title of its own) and stays as text besides.
    `beside` tells that the picture's line or paragraph holds nothing but pictures and captions.
    """

    text: str
    place: Span | None = None
    moves: bool = False
    beside: bool = False

    @property
    def span(self) -> Span | None:
        """What the figure takes over, None where nothing has to go."""
        return self.place if self.moves else None


@dataclass(slots=True)
class _Row:
    """Pictures next to each other, and the captions around them."""

    images: list[Image]
    before: Place | None
    after: Place | None = None


def find_captions(text: str, structure: Structure) -> Mapping[Span, Caption]:
    """Return the captions of the pictures in `text`, by the span of the picture.

    All spans are code points of `text`, which is what `structure` was read from. The time is
    linear in the text.
    """
    if not structure.images:
        return {}
    return _Finder(text, structure).run()


class _Finder:
    """One look through one text."""

    def __init__(self, text: str, structure: Structure) -> None:
        self.text = text
        self.structure = structure
        self.units = _units(text, structure)
        # What decorates is passed like a blank; the caption of a figure can make it a picture.
        self.shown = [image for image in structure.images if not image.decorative]
        pictures = [self.units[image.span] for image in self.shown]
        self.places = CaptionPlaces(text, structure, [unit.start for unit in pictures])
        self.lines = [0, *(match.end() for match in _LINE_END.finditer(text))]
        self.found: dict[Span, Place] = {}

    def run(self) -> Mapping[Span, Caption]:
        """Return what was found."""
        self._look_into_figures()
        self._share(self._rows())
        holes = [place.span for place in self.found.values()]
        holes += [image.span for image in self.structure.images if not image.in_link]
        self.holes = sorted(set(holes))
        self.starts = [span.start for span in self.holes]
        self.bare: dict[Span, bool] = {}
        captions = {}
        for image in self.structure.images:
            place = self.found.get(image.span)
            title = "" if place and _is_file_name(image) else image.title
            if place is not None:
                same = not title or title == place.text
                caption = Caption(title or place.text, place.span, same and place.moves)
                captions[image.span] = caption._replace(beside=self._is_beside(image))
            elif image.title:
                captions[image.span] = Caption(image.title)
        return captions

    def _look_into_figures(self) -> None:
        """Give every picture the caption of the innermost figure around it that has one."""
        images = iter(self.structure.images)
        image = next(images, None)
        waiting: list[Image] = []
        figures: list[tuple[int, Place | None]] = []
        for tag in self.places.tags:
            while image is not None and image.span.start < tag.span.start:
                waiting += [image] if figures else []
                image = next(images, None)
            if tag.name == "figcaption" and not tag.closing and figures:
                caption = self.places.element(tag, len(self.text))
                figures[-1] = (figures[-1][0], figures[-1][1] or caption)
            elif tag.name == "figure" and not tag.closing:
                figures.append((len(waiting), None))
            elif tag.name == "figure" and figures:
                first, place = figures.pop()
                if place is not None:
                    self.found.update((held.span, place) for held in waiting[first:])
                    del waiting[first:]

    def _rows(self) -> list[_Row]:
        """Put pictures that stand next to each other together, and look around them."""
        headings = {heading.span for heading in self.structure.headings}
        rows: list[_Row] = []
        limit, neighbour, begins = self.structure.body_start, -1, True
        for image in self.shown:
            unit = self.units[image.span]
            above, limit = limit, max(limit, unit.end)
            begun, begins = begins, self._begins_line(unit.start, above, begun=begins)
            if image.span in self.found or image.in_table or image.block in headings:
                continue
            contained = _IN_CONTAINER.match(self.text, image.block.start) is not None
            column = self._column(unit.start) if contained else None
            end = image.block.end if contained else len(self.text)
            if neighbour == unit.start:
                rows[-1].images.append(image)
            elif not begins:
                continue
            else:
                before = None
                if not contained:
                    before = self.places.before(unit.start, above, in_line=not begun)
                rows.append(_Row([image], before))
            after = self.places.after(unit.end, column, end)
            neighbour = after.start if isinstance(after, Neighbour) else -1
            if isinstance(after, Place):
                rows[-1].after = after
        return rows

    def _begins_line(self, offset: int, above: int, *, begun: bool) -> bool:
        """Tell whether nothing but tags and the marks of lists stand before in the line.

        `begun` tells the same of the picture that ends at `above`.
        """
        line = offset - self._column(offset)
        before = _TAG.sub("", self.text[max(line, above) : offset])
        if line >= above:
            return _LIST_MARKS.fullmatch(before) is not None
        return begun and not before.strip()

    def _column(self, offset: int) -> int:
        return offset - self.lines[bisect_right(self.lines, offset) - 1]

    def _share(self, rows: list[_Row]) -> None:
        """Give every caption to one row; see the module for how turns are read."""
        first = 0
        while first < len(rows):
            last = first
            while last + 1 < len(rows) and _same(rows[last].after, rows[last + 1].before):
                last += 1
            above = rows[first].before is not None and rows[last].after is None
            for row in rows[first : last + 1]:
                place = row.before if above else row.after
                if place is not None:
                    self.found.update((image.span, place) for image in row.images)
            first = last + 1

    def _is_beside(self, image: Image) -> bool:
        """Tell whether nothing else is in the line (in HTML) or paragraph of `image`."""
        if image.in_link or image.in_table:
            return False
        region = image.block
        block = self.places.html.holding(image.span.start)
        if block is not None:
            line = image.span.start - self._column(image.span.start)
            below = bisect_right(self.lines, image.span.end)
            end = self.lines[below] if below < len(self.lines) else len(self.text)
            region = Span(max(line, block.start), min(end, block.end))
        elif _IN_CONTAINER.match(self.text, region.start):
            return False
        if region not in self.bare:
            first = max(0, bisect_right(self.starts, region.start) - 1)
            holes = self.holes[first : bisect_left(self.starts, region.end)]
            rest = without(SpanList(region), (hole for hole in holes if hole.end > region.start))
            words = "".join(span.slice(self.text) for span in rest)
            self.bare[region] = not _TAG.sub("", _COMMENT.sub("", words)).strip(" \t\r\n\\")
        return self.bare[region]


def _same(one: Place | None, other: Place | None) -> bool:
    return one is not None and other is not None and one.span == other.span


def _is_file_name(image: Image) -> bool:
    """Tell whether an image's title is what a program made of the file's name."""
    name = image.target.rpartition("/")[2].casefold()
    return image.title.casefold() in (name, name.rpartition(".")[0])


def _units(text: str, structure: Structure) -> dict[Span, Span]:
    """Return for each picture its place, together with a Markdown link of nothing but it."""
    links = [one.span for one in structure.links if not one.in_image]
    links = [span for span in links if text[span.start] == "["]
    starts = [span.start for span in links]
    units = {}
    for image in structure.images:
        units[image.span] = image.span
        index = bisect_right(starts, image.span.start) - 1
        if image.kind is not LinkKind.HTML and image.in_link and index >= 0:
            link = links[index]
            alone = not text[link.start + 1 : image.span.start].strip()
            if alone and re.match(r"\s*\]", text[image.span.end : link.end]):
                units[image.span] = link
    return units
