"""Texts that readers see and that stand inside of markup: alternative texts, titles, captions.

Markdown does not call them text, so no parser gives their places. Each is looked up in the markup
that holds it and counts only where it stands there letter for letter; one with a character
reference or an escape in it is left alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from bookpack.answers import Description
from bookpack.model import Chapter, Image, Structure
from bookpack.source import Span

_ATTRIBUTE = re.compile(r"\s(alt|title)\s*=\s*(?:\"([^\"&<>]*)\"|'([^'&<>]*)')", re.I)
_TITLE = re.compile(r"\s(?:\"([^\"\\&]*)\"|'([^'\\&]*)'|\(([^()\\&]*)\))\s*\)\Z")
_CAPTION = re.compile(r"<figcaption\b[^<>]*>\s*([^<>&]*?)\s*</figcaption\s*>", re.I)
_HEAD_LINE = re.compile(
    r"(title|alt)[ \t]*=[ \t]*(?:\"([^\"\\\r\n]*)\"|'([^'\r\n]*)')[ \t]*(?:#|\r|$)"
)
_IN_HTML = "<>&"
_IN_MARKDOWN = "\\&<>`$|[]"
_FENCES = {'"': '"', "'": "'", "(": "()"}


class InMarkup(NamedTuple):
    """A text of a `kind` (alt, title, caption) at `span`, in code points of the chapter's text.

    `ends` are the signs that would end it, or come to mean something, if they stood there.
    """

    kind: str
    span: Span
    ends: str


@dataclass(frozen=True, slots=True)
class DescriptionChapter(Chapter):
    """The file of a picture's description, which the desk reads as if it were a chapter."""

    description: Description = field(default_factory=lambda: Description("", {}))


def texts_in_markup(chapter: Chapter) -> list[InMarkup]:
    """Return the texts in the markup of `chapter`, each once, in order of place."""
    text, structure = chapter.source.text, chapter.structure
    found = {*_of_images(text, structure), *_captions(text, structure)}
    if isinstance(chapter, DescriptionChapter):
        found.update(_in_head(text[: structure.body_start], chapter.description))
    return sorted((one for one in found if one.span.slice(text).strip()), key=lambda one: one.span)


def _of_images(text: str, structure: Structure) -> Iterator[InMarkup]:
    for image in structure.images:
        markup = image.span.slice(text)
        yield from _attributes(markup, image) if markup[:1] == "<" else _title(markup, image)


def _attributes(tag: str, image: Image) -> Iterator[InMarkup]:
    shown = {"alt": image.alt, "title": image.title}
    for match in _ATTRIBUTE.finditer(tag):
        kind, group = match[1].lower(), 2 if match[2] is not None else 3
        if match[group] == shown[kind]:
            quote = tag[match.start(group) - 1]
            yield InMarkup(kind, _span(match, group, image.span.start), f"{quote}{_IN_HTML}")


def _title(markup: str, image: Image) -> Iterator[InMarkup]:
    match = _TITLE.search(markup)
    if match is not None and match.lastindex and match[match.lastindex] == image.title:
        ends = f"{_FENCES[markup[match.start(match.lastindex) - 1]]}{_IN_MARKDOWN}"
        yield InMarkup("title", _span(match, match.lastindex, image.span.start), ends)


def _captions(text: str, structure: Structure) -> Iterator[InMarkup]:
    for block in structure.html_blocks:
        for match in _CAPTION.finditer(block.span.slice(text)):
            if "\n" not in match[1]:
                yield InMarkup("caption", _span(match, 1, block.span.start), _IN_HTML)


def _in_head(head: str, description: Description) -> Iterator[InMarkup]:
    """Find title and alternative text in a TOML head, above its tables."""
    at = 0
    for line in head.splitlines(keepends=True):
        if line.startswith("["):
            return
        match = _HEAD_LINE.match(line)
        if match is not None:
            group = 2 if match[2] is not None else 3
            if match[group] == getattr(description, match[1]):
                ends = '"\\' if group == 2 else "'"
                yield InMarkup(match[1], _span(match, group, at), ends)
        at += len(line)


def _span(match: re.Match[str], group: int, start: int) -> Span:
    return Span(*match.span(group)).shifted(start)
