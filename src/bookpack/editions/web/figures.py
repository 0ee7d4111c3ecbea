"""Pictures on a page: the element, its caption, and its description for who cannot see it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from html import escape
from typing import Any, NamedTuple

from bookpack.editions.web.markup import ID, References, own_id
from bookpack.editions.web.site import Words
from bookpack.images.captions import find_captions
from bookpack.images.offline import for_readers
from bookpack.images.words import Origin, PictureWords
from bookpack.links.book import ResolvedChapter
from bookpack.links.resolution import Resolution
from bookpack.model import Chapter, Image, LinkKind, SpanList
from bookpack.read.byte_offsets import ByteOffsets
from bookpack.read.spans import merged
from bookpack.source import Span

_SHORT_WORDS = 12
_LONG = 300
"""Code points of a description that is worth saying only once in a chapter, as in the pack."""
Sizes = Callable[[str], tuple[int, int] | None]
"""Gives width and height of a picture in CSS pixels, by the path of its file in the book."""


class FigurePlan(NamedTuple):
    """Which pictures of a chapter's Markdown become figures, and which captions these take over.

    `paragraphs` are the places where paragraphs begin that hold nothing but figures. `captions`
    are the captions of pictures in them, by span. Pictures that share one share a figure, which
    goes on behind those that are `unended` with those that are `unbegun`. `taken` is what stands
    in figures now. `left` are captions that the pack takes over and that stay where they are on
    the page, in order: those of raw HTML, which is its author's, and those inside of lists.
    """

    paragraphs: frozenset[int]
    captions: Mapping[Span, str]
    unended: frozenset[Span]
    unbegun: frozenset[Span]
    taken: SpanList
    left: tuple[str, ...]

    def without_taken(
        self, events: Iterable[tuple[Any, Any]], offsets: ByteOffsets, text: str
    ) -> Iterator[tuple[Any, Any]]:
        """Yield the parser's events of `text`, but for those of captions that were taken over."""
        for event, place in events:
            start, end = offsets.code_point(place["start"]), offsets.code_point(place["end"])
            caption = self.taken.holding(start)
            if caption is None or start + len(text[start:end].rstrip()) > caption.end:
                yield event, place


NO_FIGURES = FigurePlan(frozenset(), {}, frozenset(), frozenset(), SpanList(), ())


def plan_figures(chapter: Chapter) -> FigurePlan:
    """Find the figures of a chapter; their captions are those that the pack has, too."""
    text, structure = chapter.source.text, chapter.structure
    if not structure.images:
        return NO_FIGURES
    captions = find_captions(text, structure)
    html = merged(block.span for block in structure.html_blocks)
    # Of pictures that share a caption, the last one tells whether the pack takes it over.
    moves = {one.place: one.moves for one in captions.values() if one.place is not None}
    images = [one for one in structure.images if html.holding(one.span.start) is None]
    mixed = {
        image.block
        for image in images
        if (caption := captions.get(image.span)) is not None
        and caption.place is not None
        and not moves[caption.place]
        and image.block.start <= caption.place.start < image.block.end
    }
    paragraphs = set()
    shown: dict[Span, str] = {}
    taken: set[Span] = set()
    unended, unbegun = set(), set()
    before: tuple[Span, Span | None] | None = None
    for image in images:
        caption = captions.get(image.span)
        alone = caption is not None and caption.beside and image.block not in mixed
        if not image.alone and not alone:
            continue
        paragraphs.add(image.block.start)
        if caption is None or image.kind is LinkKind.HTML:
            continue
        place = caption.place if caption.place is not None and moves[caption.place] else None
        if caption.place is None or (place is None and caption.text == image.title):
            shown[image.span] = caption.text
        elif place is not None and caption.beside and _is_whole(place, text, html):
            shown[image.span] = caption.text
            taken.add(place)
            if before is not None and before[1] == place:
                unended.add(before[0])
                unbegun.add(image.span)
        before = image.span, place
    texts = {one.place: one.text for one in captions.values() if one.place and moves[one.place]}
    left = tuple(texts[place] for place in sorted(texts) if place not in taken)
    return FigurePlan(
        frozenset(paragraphs),
        shown,
        frozenset(unended),
        frozenset(unbegun),
        merged(taken),
        left,
    )


def _is_whole(place: Span, text: str, html: SpanList) -> bool:
    """Tell whether a caption is Markdown, or else a block of HTML by itself.

    The `<figcaption>` of an author's own figure is neither: it is where it belongs.
    """
    block = html.holding(place.start)
    if block is None:
        return True
    words = place.slice(text)
    return block.slice(text).strip() == words and not words.lower().startswith("<figcaption")


def author_words(image: Image, path: str) -> PictureWords:
    """Return the author's own words for a picture, for a book without any descriptions."""
    return PictureWords(alt=image.alt, title=image.title, decorative=image.decorative)


class PictureWriter:
    """Writes pictures. `describe` turns a description, which is Markdown, into safe HTML."""

    def __init__(
        self,
        references: References,
        words: Words,
        sizes: Sizes,
        describe: Callable[[str], str],
        labels: Mapping[str, str],
    ) -> None:
        self.references = references
        self.words = words
        self.sizes = sizes
        self.describe = describe
        self.labels = labels
        self._repeated: frozenset[str] = frozenset()
        self._places: dict[str, str] = {}
        self._own_id = ""

    def of_chapter(self, resolved: ResolvedChapter) -> "PictureWriter":
        """Return a writer for one chapter, which says a long description only once."""
        writer = copy(self)
        used = Counter(
            words.identity
            for image, resolution in resolved.images
            if len((words := self.words(image, resolution.path)).description) > _LONG
        )
        writer._repeated = frozenset(name for name, uses in used.items() if name and uses > 1)
        writer._places = {}
        writer._own_id = own_id(resolved.chapter)
        return writer

    def source(self, image: Image, resolution: Resolution) -> str:
        """Return the address of the picture as it stands between quotes."""
        if image.target.lower().startswith("data:image/"):
            return escape(image.target)  # shown as a picture, it can do no harm
        return self.references.reference(resolution)

    def alt(self, image: Image, resolution: Resolution) -> str:
        """Return the alternative text, plain; empty for decoration.

        What its author has words for decorates nothing, whatever a description says.
        """
        words = self.words(image, resolution.path)
        if image.decorative or (words.decorative and not image.alt):
            return ""
        return words.alt or words.title

    def size(self, resolution: Resolution) -> str:
        """Return the attributes that keep the picture's place free until it is there."""
        found = self.sizes(resolution.path) if resolution.path else None
        return f' width="{found[0]}" height="{found[1]}"' if found else ""

    def inline(self, image: Image, resolution: Resolution) -> str:
        """Return the picture as a part of a sentence."""
        alt = escape(self.alt(image, resolution))
        title = f' title="{escape(image.title)}"' if image.title else ""
        source = self.source(image, resolution)
        return f'<img src="{source}" alt="{alt}"{title}{self.size(resolution)} loading="lazy">'

    def figure(self, image: Image, resolution: Resolution, plan: FigurePlan) -> str:
        """Return the picture as a block with its caption and description."""
        words = self.words(image, resolution.path)
        alt = escape(self.alt(image, resolution))
        source = self.source(image, resolution)
        shown = f'<img src="{source}" alt="{alt}"{self.size(resolution)} loading="lazy">\n'
        shown += self._description(words, image, "")
        if image.span not in plan.unbegun:
            shown = f'<figure class="picture">{shown}'
        if image.span in plan.unended:
            return shown
        caption = plan.captions.get(image.span) or words.title
        shown += f"<figcaption>{escape(caption, quote=False)}</figcaption>\n" if caption else ""
        return f"{shown}</figure>\n"

    def description(self, image: Image, resolution: Resolution) -> str:
        """Return what unfolds into the description; empty where there is none.

        It stands behind the block that the picture is in, so it says which picture it means.
        """
        words = self.words(image, resolution.path)
        name = self.alt(image, resolution).split()
        short = " ".join(name[:_SHORT_WORDS]) + (" …" if len(name) > _SHORT_WORDS else "")
        return self._description(words, image, short)

    def _description(self, words: PictureWords, image: Image, name: str) -> str:
        if image.decorative or (words.decorative and not image.alt):
            return ""
        look = "description"
        if words.origin is Origin.OFFLINE:
            words, look = (
                replace(words, description=for_readers(words.description)),
                f"{look} offline",
            )
        if not words.description:
            return ""
        label = self.labels["described-by-model" if words.origin is Origin.MODEL else "description"]
        summary = escape(f"{label}: {name}" if name else label, quote=False)
        text = self._text(words)
        return f'<details class="{look}"><summary>{summary}</summary>\n{text}</details>\n'

    def _text(self, words: PictureWords) -> str:
        """Return the description as HTML, or a link to where the same picture has been described.

        What is led to lies inside of what unfolds, because that makes a browser unfold it.
        """
        if words.identity not in self._repeated:
            return self.describe(words.description)
        place = self._places.get(words.identity)
        if place is not None:
            above = escape(self.labels["described-above"], quote=False)
            return f'<p><a href="#{ID}{place}">{above}</a></p>\n'
        place = self._places[words.identity] = f"{self._own_id}described-{len(self._places) + 1}"
        return f'<div id="{ID}{place}">\n{self.describe(words.description)}</div>\n'
