"""A picture as text: the block, or the bracket inside a sentence, that takes its place.

The wording is what every edition shares. Captions and alternative texts are always plain, so
that nothing in them can become markup, end their block or open a link; a description is Markdown
that `as_quotable` has made fit to be quoted.
"""

import re

from bookpack.images.words import Origin, PictureWords
from bookpack.model import Image
from bookpack.read.plain import escape_plain
from bookpack.source import normalise_newlines

DESCRIBED_ABOVE = "Described above in this chapter."
_SHORT_WORDS = 12
_LONG = 300
"""Code points of a description that is worth saying only once in a chapter."""
_NO_WORDS = PictureWords()
_LABEL = "**Image description:**"
# Words may stand behind the label; a list, a table, code and the like need lines of their own.
_TEXT = re.compile(r"(?![-+*_>#|=~`:]|[ \t]|\d+[.)]|.*\n[ \t]*[|:-]+[-|: \t]*(?:\n|\Z))")
_NOT_WORDS = re.compile(r"[\W_]+")


def figure_block(
    image: Image,
    url: str,
    words: PictureWords | None = None,
    caption: str = "",
    *,
    seen_before: bool = False,
) -> str:
    """Return the quoted block with caption, address and description, without a line end.

    `url` is absolute, or empty for a picture that has no address (data in the text itself).
    Without a `caption` the picture's title from `words` stands there. The author's alternative
    text comes before the description, unless the caption or a description by a model or a
    person says the same. With `seen_before` a long description is not repeated.
    """
    words = words or _NO_WORDS
    name = caption or words.title
    title = f": {escape_plain(name)}" if name else ""
    blocks = []
    description = normalise_newlines(words.description).strip("\n")
    alt = image.alt or ("" if description else words.alt)
    described = words.origin in (Origin.MODEL, Origin.PERSON)
    if alt and alt != name and not (described and _says(description, alt)):
        blocks.append(escape_plain(alt))
    if description:
        again = seen_before and len(description) > _LONG
        blocks.append(DESCRIBED_ABOVE if again else description)
    lines = [f"**Figure{title}** " + (f"({url})" if url else "(embedded in the text)")]
    if blocks and (len(blocks) > 1 or _TEXT.match(blocks[0]) or not description):
        blocks[0] = f"{_LABEL} {blocks[0]}"
    elif blocks:
        blocks.insert(0, _LABEL)
    if blocks:
        lines += "\n\n".join(blocks).split("\n")
    return "\n".join(f"> {line}" if line else ">" for line in lines)


def figure_bracket(
    image: Image, following: str, words: PictureWords | None = None, caption: str = ""
) -> str:
    """Return the short mark that stands in the sentence, list item or table cell.

    It holds the first twelve words of the picture's text, title or caption. Inside a link it is
    the link's text, so it brings no brackets of its own. `following` is the character behind it,
    which must not turn the brackets into a link.
    """
    words = words or _NO_WORDS
    said = (image.alt or image.title or caption or words.alt or words.title).split()
    short = " ".join(said[:_SHORT_WORDS]) + (" …" if len(said) > _SHORT_WORDS else "")
    text = f"Image: {escape_plain(short)}" if short else "Image"
    if image.in_table:
        text = re.sub(r"(?<!\\)\|", r"\\|", text)
    if image.in_link:
        return text
    return f"\\[{text}\\]" if following and following in "([:" else f"[{text}]"


def _says(description: str, alt: str) -> bool:
    """Tell whether a description holds the words of an alternative text, one after the other."""
    said, wanted = (_NOT_WORDS.sub(" ", text).strip().casefold() for text in (description, alt))
    return f" {wanted} " in f" {said} "
