"""Markdown → HTML, where a person looks at a text and no edition is made of it."""

import pyromark

from bookpack.read.markdown import MARKDOWN_OPTIONS


def render_html(markdown: str) -> str:
    """Return `markdown` as HTML, as pulldown-cmark renders it.

    Raw HTML and the targets of links pass through as they are: a page that shows what is not
    its own has to clean the result.
    """
    return pyromark.html(markdown, options=MARKDOWN_OPTIONS)
