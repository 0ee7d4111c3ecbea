"""mdBook's own markup, made plain (https://rust-lang.github.io/mdBook/format/mdbook.html).

mdBook replaces `{{#include …}}` and its kin in the text before any Markdown is read, in code
blocks as well; so this is the one dialect that edits code. What a directive cannot find stays
as it is and is reported.

What a reader of the page does not see is not packed: of `{{#rustdoc_include}}` only the part
that is asked for. Lines of Rust that begin with `# ` are hidden on the page too, but a button
away; they stay, for they are the author's text and make the example compile.

Beside mdBook's own: `<Listing>` of the Rust Book's preprocessor, the boxes of the preprocessor
mdbook-admonish where `book.toml` names it, and `<div class="warning">`.
"""

import dataclasses
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from bookpack.model import Problem, Structure, Tag
from bookpack.read.dialects.callouts import callout
from bookpack.read.dialects.mdbook_includes import (
    Directives,
    included_files,
    markdown_below,
    stated_title,
)
from bookpack.read.dialects.places import as_block, block_indent, is_alone, removal
from bookpack.read.files import BookFiles
from bookpack.read.layouts.base import Page, Translation
from bookpack.source import Edit, Span, apply_edits

_ADMONISH = re.compile(r"(`{3,}|~{3,})[ \t]*admonish\b[ \t]*([^\n\r]*)(?:\r\n|\n|\r|\Z)")
_ADMONISH_OPTION = re.compile(r'([\w.-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+)|("[^"]*")|([\w-]+)')
_LINE_START = re.compile(r"^", re.M)


class MdBookDialect:
    """The dialect of one book, whose chapters lie in the folder `root`.

    `admonish` tells that mdbook-admonish is one of its preprocessors.
    """

    def __init__(self, files: BookFiles, root: str, admonish: bool = False) -> None:
        self.files = files
        self.root = root
        self.admonish = admonish

    def labels(self) -> Mapping[str, str]:
        """mdBook has no labels."""
        return {}

    def translate(self, page: Page, structure: Structure) -> Translation:
        """Return the edits that put in what is included and make boxes and listings plain."""
        text = page.source.text
        problems: list[Problem] = []
        edits = [*_listing_edits(text, structure, problems), *_warning_edits(text, structure)]
        directives = Directives(self.files, posixpath.join(self.root, page.path))
        if "{{" in text:
            edits += directives.edits(text, page.front.end)
        if self.admonish and "admonish" in text:
            edits = _with_admonitions(text, structure, edits)
        problems += directives.problems
        problems += (
            Problem("untranslated-markup", span, f"{span.slice(text)} is not mdBook's own.")
            for span in directives.unknown
            if structure.code.holding(span.start) is None
        )
        return Translation(tuple(edits), tuple(problems))

    def with_title(self, page: Page) -> Page:
        """Return `page` with the title that `{{#title …}}` gives it."""
        title = stated_title(page.source.text) if "#title" in page.source.text else None
        if title is None:
            return page
        return dataclasses.replace(page, front=dataclasses.replace(page.front, title=title))

    def included_pages(self, pages: Iterable[Page]) -> list[str]:
        """Return the files below the chapter folder that `pages` include."""
        found: set[str] = set()
        for page in pages:
            if "{{" in page.source.text:
                path = posixpath.join(self.root, page.path)
                found |= included_files(self.files, path, page.source.text)
        return markdown_below(self.root, found)


def _tags(structure: Structure, name: str) -> list[Tag]:
    blocks = (tag for block in structure.html_blocks for tag in block.tags)
    return sorted(tag for tag in (*blocks, *structure.inline_tags) if tag.name == name)


def _listing_edits(text: str, structure: Structure, problems: list[Problem]) -> Iterator[Edit]:
    """Make `<Listing number file-name caption>` lines of text around what it holds."""
    opened: list[Tag] = []
    for tag in _tags(structure, "listing"):
        if not tag.closing:
            opened.append(tag)
            continue
        if not opened:
            message = "This </Listing> closes nothing."
            problems.append(Problem("untranslated-markup", tag.span, message))
            continue
        opening = opened.pop()
        # Captions are Markdown, so they are taken as written, entities and all.
        values = {
            name: " ".join(attribute.span.slice(text).split()) if attribute.span else ""
            for name, attribute in opening.attributes.items()
        }
        number, caption = values.get("number", ""), values.get("caption", "")
        name = values.get("file-name", "")
        yield _line_edit(text, opening.span, f"Filename: {name}" if name else "")
        label = f'<span id="listing-{number}"></span>Listing {number}' if number else ""
        line = ": ".join(filter(None, (label, caption)))
        yield _line_edit(text, tag.span, line)
    for tag in opened:
        message = "This <Listing> is never closed."
        problems.append(Problem("untranslated-markup", tag.span, message))


def _line_edit(text: str, span: Span, line: str) -> Edit:
    return Edit(span, as_block(text, span, line)) if line else removal(text, span)


def _warning_edits(text: str, structure: Structure) -> Iterator[Edit]:
    """Make `<div class="warning">` with lines of its own a callout, line by line."""
    opened: list[Tag] = []
    for tag in _tags(structure, "div"):
        if not tag.closing:
            opened.append(tag)
            continue
        if not opened:
            continue
        opening = opened.pop()
        name = opening.attributes.get("class")
        inside = text[opening.span.end : tag.span.start]
        if name is None or "warning" not in name.value.split() or opened:
            continue
        own_lines = is_alone(text, opening.span) and is_alone(text, tag.span)
        if not own_lines or any(mark in inside for mark in ("{{#", "<Listing", "<div")):
            continue  # edits of other markup would meet those of the lines
        head = callout("warning", "", "")
        yield Edit(opening.span, as_block(text, opening.span, head, opens=True))
        for line in _LINE_START.finditer(text, opening.span.end + 1, tag.span.start):
            if line.start() < tag.span.start:
                blank = text[line.start() : line.start() + 1] in "\r\n"
                yield Edit(Span(line.start(), line.start()), ">" if blank else "> ")
        yield removal(text, tag.span, ends_quote=True)


def _with_admonitions(text: str, structure: Structure, edits: list[Edit]) -> list[Edit]:
    """Make code blocks called `admonish` callouts; edits inside them go into their text."""
    for span in structure.code:
        opening = _ADMONISH.match(text, span.start, span.end)
        if opening is None:
            continue
        block = Span(span.start, span.start + len(span.slice(text).rstrip()))
        inner = [edit for edit in edits if _lies_in(edit.span, block)]
        moved = [Edit(edit.span.shifted(-block.start), edit.text) for edit in inner]
        indent = block_indent(text, block.start) or ""
        lines = apply_edits(block.slice(text), moved).splitlines()
        if len(lines) > 1 and lines[-1].strip(" \t>").startswith(opening[1]):
            del lines[-1]
        body = "\n".join(_without(line, indent) for line in lines[1:])
        kind, title = _admonish_head(opening[2])
        box = callout(kind, title, body, indent)
        edits = [edit for edit in edits if edit not in inner]
        edits.append(Edit(block, box[len(indent) :]))
    return edits


def _admonish_head(options: str) -> tuple[str, str]:
    """Return kind and title of `admonish warning title="Careful"` and its older forms."""
    kind, title = "note", ""
    for index, option in enumerate(_ADMONISH_OPTION.finditer(options)):
        name, value, quoted, word = option.groups()
        if name in ("type", "title"):
            value = value[1:-1].replace('\\"', '"') if value[0] == '"' else value
            kind, title = (value, title) if name == "type" else (kind, value)
        elif quoted:
            title = quoted.strip('"')
        elif word and index == 0:
            kind = word
    return kind, title


def _without(line: str, indent: str) -> str:
    if line.startswith(indent):
        return line[len(indent) :]
    return line.lstrip(" \t") if not indent.strip() else line.lstrip(" \t>")


def _lies_in(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end
