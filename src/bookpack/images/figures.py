"""A picture as text: the block, or the bracket inside a sentence, that takes its place.

The wording is what every edition shares; the text is always plain, so that nothing in an
alternative text can become markup, end its block or open a link.
"""

import re

from bookpack.model import Image
from bookpack.read.plain import escape_plain

_SHORT_WORDS = 12


def figure_block(image: Image, url: str) -> str:
    """Return the quoted block with caption, address and alternative text, without a line end.

    `url` is absolute, or empty for a picture that has no address (data in the text itself).
    """
    where = f"({url})" if url else "(embedded in the text)"
    caption = f": {escape_plain(image.title)}" if image.title else ""
    lines = [f"> **Figure{caption}** {where}"]
    if image.alt and image.alt != image.title:
        lines.append(f"> **Image description:** {escape_plain(image.alt)}")
    return "\n".join(lines)


def figure_bracket(image: Image, following: str) -> str:
    """Return the short mark that stands in the sentence, list item or table cell.

    Inside a link it is the link's text, so it brings no brackets of its own. `following` is
    the character behind it, which must not turn the brackets into a link.
    """
    words = (image.title or image.alt).split()
    short = " ".join(words[:_SHORT_WORDS]) + (" …" if len(words) > _SHORT_WORDS else "")
    text = f"Image: {escape_plain(short)}" if short else "Image"
    if image.in_table:
        text = re.sub(r"(?<!\\)\|", r"\\|", text)
    if image.in_link:
        return text
    return f"\\[{text}\\]" if following and following in "([:" else f"[{text}]"
