"""The author's own HTML in a chapter: kept, with its references made those of the site.

What changes is written into the tags as edits, at the places that reading them gave. Comments
are notes to authors and go.
"""

import posixpath
import re
from bisect import bisect_left
from collections.abc import Iterator
from html import escape, unescape
from itertools import pairwise
from urllib.parse import quote, unquote, urljoin

from bookpack.editions.web.addresses import is_dangerous
from bookpack.editions.web.figures import PictureWriter
from bookpack.editions.web.markup import ID, References, ids_of
from bookpack.links.book import ResolvedChapter
from bookpack.links.resolution import Kind, Resolution
from bookpack.model import Attribute, Image, LinkKind, Tag
from bookpack.read.spans import merged
from bookpack.source import Edit, Span, apply_edits

_MARKDOWN_INSIDE = re.compile(r"\s+markdown\s*=\s*(\"[^\"]*\"|'[^']*'|[\w-]+)(?=[\s>])")
_LEADING = frozenset(("action", "formaction", "href", "xlink:href"))
_LISTS_OF_IDS = frozenset(
    ("aria-controls", "aria-describedby", "aria-labelledby", "form", "headers", "list")
)
_TO_ID = re.compile(r"\s*#(?P<id>[^\s\"'()&]+)")
_TO_ID_IN_STYLE = re.compile(r"\burl\(\s*(?:[\"']|&quot;|&#39;|&apos;)?#(?P<id>[^\s\"'()&]+)", re.I)
# https://html.spec.whatwg.org/multipage/images.html#srcset-attributes
_CANDIDATE = re.compile(r"(?:\A|,)\s*(?P<url>[^\s,]\S*?)(?=,*(?:\s|\Z))")
_WITH_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
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
        self.ids = set(ids_of(resolved.chapter))
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
        for span, resolution in pictures_of_sets(resolved):
            reference = references.reference(resolution)
            if reference:
                edits.add(Edit(span, reference))
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
        for name, attribute in tag.attributes.items():
            if attribute.span is not None and attribute.value:
                edits += self._in_attribute(tag, name, attribute, attribute.span)
        return edits

    def _in_attribute(self, tag: Tag, name: str, attribute: Attribute, span: Span) -> list[Edit]:
        written = span.slice(self.text)
        if name.startswith("on"):  # no policy could let it run, so it would only be complained of
            return [Edit(self._whole(tag, span, attribute), "")]
        if name in _LEADING and is_dangerous(attribute.value):
            is_picture = attribute.value.strip().lower().startswith("data:image/")
            return [] if is_picture and tag.name != "a" else [self._value(span, "#")]
        if name == "id" or (tag.name, name) in (("a", "name"), ("label", "for"), ("output", "for")):
            places = [0] if name != "for" else [m.start() for m in re.finditer(r"\S+", written)]
        elif name in _LISTS_OF_IDS:
            words = re.finditer(r"\S+", written)
            places = [match.start() for match in words if unescape(match[0]) in self.ids]
        elif "#" in written and not (name == "href" and tag.name in ("a", "area")):
            leads = name in ("href", "xlink:href") and _TO_ID.match(written)
            led_to = [leads] if leads else _TO_ID_IN_STYLE.finditer(written)
            places = [m.start("id") for m in led_to if unescape(unquote(m["id"])) in self.ids]
        else:
            return []
        return [Edit(Span(span.start + place, span.start + place), ID) for place in places]

    def _whole(self, tag: Tag, value: Span, attribute: Attribute) -> Span:
        """Return the place of an attribute with its name, of which the `value` is known."""
        before = self.text[tag.span.start : value.start]
        name = re.search(r"\s*[^\s\"'<>/=]+\s*=\s*[\"']?\Z", before)
        start = tag.span.start + name.start() if name else value.start
        return Span(start, value.end + attribute.quoted)

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


def pictures_of_sets(resolved: ResolvedChapter) -> Iterator[tuple[Span, Resolution]]:
    """Yield the pictures that `srcset` offers in the place of another one, with their places.

    They are looked for where they lie as seen from the picture that `src` names: of an `<img>`,
    or of the one that ends its `<picture>`.
    """
    structure = resolved.chapter.structure
    images = {
        image.span.start: (image, resolution)
        for image, resolution in resolved.images
        if image.kind is LinkKind.HTML and resolution.kind is Kind.ASSET and resolution.path
    }
    text = resolved.chapter.source.text
    for tags in (structure.inline_tags, *(block.tags for block in structure.html_blocks)):
        waiting: list[Span] = []
        for tag in tags:
            offered = tag.attributes.get("srcset")
            if tag.name == "picture":
                waiting.clear()
            elif offered is not None and offered.span is not None:
                waiting.append(offered.span)
            if tag.name == "img":
                for span in waiting if tag.span.start in images else ():
                    yield from _candidates(span, text, *images[tag.span.start])
                waiting.clear()


def _candidates(
    span: Span, text: str, image: Image, resolution: Resolution
) -> Iterator[tuple[Span, Resolution]]:
    shown = unquote(re.split("[?#]", image.target)[0])
    for match in _CANDIDATE.finditer(span.slice(text)):
        path = unquote(re.split("[?#]", unescape(match["url"]))[0])
        if _WITH_HOST.match(path) or path.startswith("/") != shown.startswith("/"):
            continue
        step = posixpath.relpath(path, posixpath.dirname(shown) or ".")
        file = posixpath.normpath(posixpath.join(posixpath.dirname(resolution.path), step))
        url = urljoin(resolution.url, quote(step))
        yield Span(*match.span("url")).shifted(span.start), Resolution(Kind.ASSET, url, file)
