"""Pictures on a page: the element, its caption, and its description for who cannot see it."""

from collections.abc import Callable, Mapping
from html import escape

from bookpack.editions.web.markup import References
from bookpack.editions.web.site import Words
from bookpack.images.words import Origin, PictureWords
from bookpack.links.resolve import Resolution
from bookpack.model import Image

Sizes = Callable[[str], tuple[int, int] | None]
"""Gives width and height of a picture in CSS pixels, by the path of its file in the book."""


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

    def source(self, image: Image, resolution: Resolution) -> str:
        """Return the address of the picture as it stands between quotes."""
        if image.target.lower().startswith("data:image/"):
            return escape(image.target)  # shown as a picture, it can do no harm
        return self.references.reference(resolution)

    def alt(self, image: Image, resolution: Resolution) -> str:
        """Return the alternative text, plain; empty for decoration."""
        words = self.words(image, resolution.path)
        return "" if image.decorative or words.decorative else words.alt or words.title

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

    def figure(self, image: Image, resolution: Resolution) -> str:
        """Return the picture as a block with its caption and description."""
        words = self.words(image, resolution.path)
        alt = escape(self.alt(image, resolution))
        source = self.source(image, resolution)
        picture = f'<img src="{source}" alt="{alt}"{self.size(resolution)} loading="lazy">'
        caption = image.title or words.title
        shown = f"<figcaption>{escape(caption, quote=False)}</figcaption>\n" if caption else ""
        return f"<figure>{picture}\n{self.description(image, resolution)}{shown}</figure>\n"

    def description(self, image: Image, resolution: Resolution) -> str:
        """Return what unfolds into the description; empty where there is none."""
        words = self.words(image, resolution.path)
        if not words.description or image.decorative or words.decorative:
            return ""
        if words.origin is Origin.OFFLINE and "\n" not in words.description:
            return ""  # kind and size of a picture tell nothing to who can have it read out
        key = "described-by-model" if words.origin is Origin.MODEL else "description"
        summary = escape(self.labels[key], quote=False)
        text = self.describe(words.description)
        return f'<details class="description"><summary>{summary}</summary>\n{text}</details>\n'
