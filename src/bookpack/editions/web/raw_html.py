"""The author's own HTML in a chapter: kept, with its references made those of the site.

What changes is written into the tags as edits, at the places that reading them gave. Comments
are notes to authors and go.
"""

import re
from bisect import bisect_left
from html import escape
from itertools import pairwise

from bookpack.editions.web.addresses import is_dangerous
from bookpack.editions.web.figures import PictureWriter
from bookpack.editions.web.markup import ID, References
from bookpack.links.book import ResolvedChapter
from bookpack.links.resolve import Resolution
from bookpack.model import Image, LinkKind, Tag
from bookpack.read.spans import merged
from bookpack.source import Edit, Span, apply_edits

_MARKDOWN_INSIDE = re.compile(r"\s+markdown\s*=\s*(\"[^\"]*\"|'[^']*'|[\w-]+)(?=[\s>])")
Piece = tuple[int, int, str]
"""A stretch of raw HTML: code points where it starts and ends, and its text."""


class RawHtml:
    """The raw HTML of one chapter. What its tags need of the page is noted in `features`."""

    def __init__(
        self,
        resolved: ResolvedChapter,
        references: References,
        pictures: PictureWriter,
        features: set[str],
    ) -> None:
        structure = resolved.chapter.structure
        self.pictures = pictures
        self.text = ""
        self.edits: list[Edit] = []
        self.described: list[tuple[int, Image, Resolution]] = []
        tags = [*structure.inline_tags, *(t for block in structure.html_blocks for t in block.tags)]
        if not tags and not structure.comments:
            return
        self.text = resolved.chapter.source.text.replace("\0", "\ufffd")
        edits = {Edit(span, "") for span in structure.comments}
        for link, resolution in resolved.links:
            if link.kind is LinkKind.HTML and link.target_span is not None:
                reference = "#" if is_dangerous(link.target) else references.reference(resolution)
                edits.add(self._value(link.target_span, reference))
        blocks = merged(block.span for block in structure.html_blocks)
        # What the packed edition shows as a picture or link between tags is one here, too.
        shown: dict[Span, str] = {}
        for image, resolution in resolved.images:
            if image.kind is not LinkKind.HTML and blocks.holding(image.span.start) is not None:
                shown[image.span] = pictures.inline(image, resolution)
                self.described.append((image.span.start, image, resolution))
        for link, resolution in resolved.links:
            if link.kind is LinkKind.INLINE and blocks.holding(link.span.start) is not None:
                inside = [span for span in shown if link.span.start < span.start < link.span.end]
                text = "".join(shown.pop(span) for span in inside)
                text = text or escape(link.text, quote=False)
                reference = references.reference(resolution)
                edits.add(
                    Edit(link.span, f'<a href="{reference}">{text}</a>' if reference else text)
                )
        edits.update(Edit(span, text) for span, text in shown.items())
        images = {}
        for image, resolution in resolved.images:
            if image.kind is LinkKind.HTML:
                images[image.span.start] = image, resolution
                self.described.append((image.span.start, image, resolution))
        for tag in tags:
            if not tag.closing:
                edits.update(self._in_tag(tag, features))
                if tag.name == "img" and tag.span.start in images:
                    edits.update(self._in_image(tag, *images[tag.span.start]))
        self.edits = sorted(edits)
        self.starts = [edit.span.start for edit in self.edits]

    def block(self, pieces: list[Piece], later: list[str]) -> str:
        """Return a block of raw HTML; into `later` goes what has to follow the block around it."""
        if not pieces:
            return ""
        start, end = pieces[0][0], pieces[-1][1]
        if all(left[1] == right[0] for left, right in pairwise(pieces)):
            return self.inline((start, end), "".join(piece[2] for piece in pieces), later)
        return "".join(self.inline(piece[:2], piece[2], later) for piece in pieces)

    def inline(self, place: tuple[int, int], value: str, later: list[str]) -> str:
        """Return a stretch of raw HTML that stands at `place` of the chapter."""
        start, end = place
        for where, image, resolution in self.described:
            if start <= where < end:
                later.append(self.pictures.description(image, resolution))
        if not self.edits:
            return value
        first = bisect_left(self.starts, start)
        # A comment may have begun on a line before, where marks of a quote stand between.
        while first and self.edits[first - 1].span.end > start:
            first -= 1
        inside = []
        for edit in self.edits[first:]:
            if edit.span.start >= end:
                break
            if start <= edit.span.start and edit.span.end <= end:
                inside.append(Edit(edit.span.shifted(-start), edit.text))
            elif not edit.text:
                cut = Span(max(edit.span.start, start), min(edit.span.end, end))
                inside.append(Edit(cut.shifted(-start), ""))
        return apply_edits(self.text[start:end], inside) if inside else value

    def _value(self, span: Span, value: str) -> Edit:
        quoted = self.text[span.start - 1 : span.start] in ("'", '"')
        return Edit(span, value if quoted else f'"{value}"')

    def _in_tag(self, tag: Tag, features: set[str]) -> list[Edit]:
        if tag.name in ("script", "style", "iframe"):
            features.add(tag.name)
        if "style" in tag.attributes:
            features.add("style")
        # What told the author's tool to read Markdown inside means nothing to a browser.
        wish = _MARKDOWN_INSIDE.search(tag.span.slice(self.text))
        edits = [Edit(Span(*wish.span()).shifted(tag.span.start), "")] if wish else []
        names = ["id"]
        names += ["name"] if tag.name == "a" else ["for"] if tag.name == "label" else []
        for name in names:
            attribute = tag.attributes.get(name)
            if attribute is not None and attribute.span is not None and attribute.value:
                edits.append(Edit(Span(attribute.span.start, attribute.span.start), ID))
        return edits

    def _in_image(self, tag: Tag, image: Image, resolution: Resolution) -> list[Edit]:
        edits = []
        if image.target_span is not None:
            edits.append(self._value(image.target_span, self.pictures.source(image, resolution)))
        added = ""
        alt = self.pictures.alt(image, resolution)
        written = tag.attributes.get("alt")
        if written is None:
            added += f' alt="{escape(alt)}"'
        if not {"width", "height", "style"} & set(tag.attributes):
            added += self.pictures.size(resolution)
        if "loading" not in tag.attributes:
            added += ' loading="lazy"'
        place = tag.span.start + len("<img")
        edits.append(Edit(Span(place, place), added))
        return edits
