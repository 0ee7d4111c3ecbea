"""A description as HTML in which nothing but text, lists, tables and links to the web can stand."""

from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser
from re import compile as pattern

from bookpack.images.quotable import as_quotable
from bookpack.read.rendering import render_html

_BLOCKS = ("p", "ul", "ol", "li", "blockquote", "pre", "hr")
_TABLES = ("table", "thead", "tbody", "tr", "th", "td")
_KEPT = frozenset((*_BLOCKS, *_TABLES, "code", "em", "strong", "del", "br", "a"))
_EMPTY = frozenset(("hr", "br"))
_WIDE = {"table": "Table", "pre": "Code"}
"""What may be wider than its place; it gets a box that scrolls, also by keys."""
_WEB = pattern(r"https?://")


def plain_text(text: str) -> str:
    """Return text from a book or a model as HTML that shows it and does nothing else."""
    return escape("".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text))


def safe_html(markdown: str, name: str) -> str:
    """Return `markdown` as HTML; `name` says in whose tables a reader is.

    What may not stand in a description is shown as text.
    """
    return clean_html(render_html(as_quotable(markdown)[0]), name)


def clean_html(html: str, name: str) -> str:
    """Put `html` together anew from a list of tags without attributes, every one closed.

    So it is safe whatever a renderer let through. Other tags go, and the text in them stays.
    """
    cleaner = _Cleaner(name)
    cleaner.feed(html)
    cleaner.close()
    return cleaner.finished()


class _Cleaner(HTMLParser):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = plain_text(name)
        self.pieces: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: Sequence[tuple[str, str | None]]) -> None:
        if tag not in _KEPT:
            return
        values = dict(attributes)
        extra = ""
        if tag == "a":
            target = values.get("href") or ""
            if not _WEB.match(target):
                return
            extra = f' href="{plain_text(target)}" rel="noreferrer"'
        elif tag == "ol" and (values.get("start") or "").isdecimal():
            extra = f' start="{values["start"]}"'
        if tag in _WIDE:
            label = f"{_WIDE[tag]} of picture {self.name}"
            self.pieces.append(
                f'<div class="scroll" role="group" tabindex="0" aria-label="{label}">'
            )
        self.pieces.append(f"<{tag}{extra}>")
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: Sequence[tuple[str, str | None]]) -> None:
        if tag in _EMPTY:
            self.pieces.append(f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self._close()

    def handle_data(self, data: str) -> None:
        self.pieces.append(plain_text(data))

    def finished(self) -> str:
        """Return the HTML with every tag closed."""
        while self.open:
            self._close()
        return "".join(self.pieces)

    def _close(self) -> None:
        tag = self.open.pop()
        self.pieces.append(f"</{tag}>" + ("</div>" if tag in _WIDE else ""))
