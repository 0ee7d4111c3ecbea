"""Quarto's and bookdown's chapters: pandoc's Markdown with chunks, references and shortcodes.

https://quarto.org/docs/authoring/ and https://bookdown.org/yihui/bookdown/components.html.
Divs are read by `pandoc_divs`, chunks by `chunks`. A reference becomes a link whose text is
the section's title, or the kind and label of anything else: numbers exist only in the
rendered book. What needs a run of code or a bibliography stays and is reported once a chapter.
"""

import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bookpack.model import Image, LinkKind, Problem, Structure
from bookpack.read.anchors import AnchorRule
from bookpack.read.dialects.chunks import Chunk, chunk_edits, find_chunks
from bookpack.read.dialects.edit_list import EditList, with_plain_lines
from bookpack.read.dialects.pandoc_attributes import read_attributes
from bookpack.read.dialects.pandoc_divs import DivReader
from bookpack.read.dialects.quarto_labels import (
    BOOKDOWN_LABEL,
    KEY,
    KINDS,
    LABELLED,
    TEXT_REFERENCE,
    LabelReader,
    Target,
    labels_of,
)
from bookpack.read.files import BookFiles
from bookpack.read.front_matter import read_front_matter
from bookpack.read.layouts.base import Page, Translation, quote_path
from bookpack.read.markdown import parse_markdown
from bookpack.read.plain import escape_plain
from bookpack.read.settings_files import text_of
from bookpack.source import Edit, Source, Span, apply_edits

_REFERENCE = re.compile(rf"(?<![\w\\@./-])-?@(?P<key>{KEY})")
_GROUP = re.compile(rf"(?<!\\)\[(?P<inside>[^\[\]\n]*@{KEY}[^\[\]\n]*)\](?![(\[{{])")
_CITATION = re.compile(r"(?<![\w\\@./:-])-?@(?P<key>[A-Za-z_][\w:.#$%&+?<>~/-]*)")
_BOOKDOWN_REFERENCE = re.compile(r"\\@ref\((?P<key>[^()\s]+)\)")
_TEXT_USE = re.compile(r"\(ref:(?P<key>[\w-]+)\)")
_PART = re.compile(r"^\#[ \t]+\((?:PART|APPENDIX)(?:\\?\*)?\)[^\n]*$", re.M)
_SHORTCODE = re.compile(
    r"(?<!\{)\{\{<[ \t]*(?P<name>[\w-]+)[ \t]*(?P<arguments>[^\n{}]*?)[ \t]*>\}\}(?!\})"
)
_SPAN = re.compile(r"(?<![!\\])\[(?P<text>[^\[\]\n]+)\]\{(?P<attributes>[^{}\n]*)\}")
_ATTRIBUTES = re.compile(r"\{(?P<inside>[^{}\n]*)\}")
_HEADING_END = re.compile(r"[ \t]*\{(?P<inside>[^{}\n]*)\}[ \t]*#*[ \t]*$")
_EQUATION_LABEL = re.compile(r"(?<=\$\$)[ \t]*\{#(?P<key>eq-[\w:.-]+)[^{}\n]*\}")
_INLINE_CODE = re.compile(r"`{1,2}(?!`)(?:r |\{(?:r|python|julia|ojs)\} )")


class QuartoDialect:
    """Makes the chapters `pages` plain. `variables` are those of the shortcode `var`."""

    def __init__(
        self,
        files: BookFiles,
        pages: Sequence[Page],
        anchors: AnchorRule,
        *,
        is_bookdown: bool = False,
        variables: Mapping[str, Any] | None = None,
        has_bibliography: bool = False,
    ) -> None:
        self.files = files
        self.pages = pages
        self.anchors = anchors
        self.is_bookdown = is_bookdown
        self.variables = variables or {}
        self.has_bibliography = has_bibliography
        self._found: LabelReader | None = None

    def translate(self, page: Page, structure: Structure) -> Translation:
        """Return the edits that make `page` plain, and what stays as it is."""
        repeated = self.found().repeated.get(page.path, [])
        reader = _TextReader(self, page, page.source.path, structure, ())
        edits = reader.read()
        problems = [*reader.problems, *repeated]
        return Translation(edits, tuple(problems))

    def labels(self) -> Mapping[str, str]:
        """Return every label of the book."""
        found = self.targets().items()
        return {key: f"{t.path}#{t.anchor}" if t.anchor else t.path for key, t in found}

    def targets(self) -> Mapping[str, Target]:
        """Return what the labels of the book name, read once from all chapters."""
        return self.found().targets

    def found(self) -> LabelReader:
        """Return all labels, with the texts and problems found beside them."""
        if self._found is None:
            self._found = LabelReader(self.pages, self.anchors, is_bookdown=self.is_bookdown)
        return self._found


class _TextReader:
    """Translates one text: a chapter, or a file that `page` includes."""

    def __init__(
        self,
        dialect: QuartoDialect,
        page: Page,
        path: str,
        structure: Structure,
        including: tuple[str, ...],
    ) -> None:
        self.dialect = dialect
        self.page = page
        self.path = path
        self.text = with_plain_lines(page.source.text)
        self.start = structure.body_start
        self.structure = structure
        self.including = (*including, path)
        self.edits = EditList()
        self.problems: list[Problem] = []

    def read(self) -> tuple[Edit, ...]:
        """Return all edits; `problems` then holds what stays as it is."""
        divs = DivReader(self.text, self.structure, self.edits)
        divs.translate()
        self.problems += divs.problems
        for chunk in find_chunks(self.text, self.structure):
            self._chunk(chunk)
        for match in self._outside_code(_SHORTCODE):
            self._shortcode(match)
        if self.dialect.is_bookdown:
            self._bookdown()
        else:
            for match in self._outside_code(_GROUP):
                self._group(match)
            for match in self._outside_code(_REFERENCE):
                self._reference(Span(*match.span()), match["key"], brief=match[0].startswith("-"))
        self._headings()
        self._attributes()
        self._left_over()
        return divs.finished()

    def _outside_code(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        structure = self.structure
        comments = structure.comments
        return [
            match
            for match in pattern.finditer(self.text, self.start)
            if not structure.code.holding(match.start())
            and not any(c.start <= match.start() < c.end for c in comments)
        ]

    def _chunk(self, chunk: Chunk) -> None:
        child = chunk.options.get("child")
        if child:
            self._include(chunk.span, child)
            return
        labels = labels_of(chunk, is_bookdown=self.dialect.is_bookdown)
        anchor = labels[0] if labels else "" if chunk.is_executed else chunk.label
        caption = _TEXT_USE.sub(
            lambda use: self.dialect.found().texts.get(use["key"], use[0]), chunk.caption
        )
        for edit in chunk_edits(chunk, caption, anchor):
            self.edits.replace(edit.span, edit.text)

    def _shortcode(self, match: re.Match[str]) -> None:
        name, arguments = match["name"], match["arguments"].strip()
        span = Span(*match.span())
        value: str | None = None
        if name == "include":
            self._include(span, arguments.strip("\"'"))
            return
        if name == "pagebreak":
            value = ""
        elif name == "meta":
            value = text_of(self.page.front.values or {}, *arguments.split(".")) or None
        elif name == "var":
            value = text_of(self.dialect.variables, *arguments.split(".")) or None
        elif name == "video":
            address = arguments.split()[0].strip("\"'") if arguments else ""
            value = f"[Video]({address})" if address else None
        if value is None:
            self._untranslated(span, f"{match[0]} has a value that only Quarto knows.")
        else:
            self.edits.replace(span, value)

    def _include(self, span: Span, name: str) -> None:
        folder = "" if name.startswith("/") else posixpath.dirname(self.path)
        path = posixpath.normpath(f"{folder}/{name.lstrip('/')}" if folder else name.lstrip("/"))
        if path in self.including:
            message = f"{path} includes itself."
            self.problems.append(Problem("include-cycle", span, message))
            return
        data = self.dialect.files.read(path)
        if data is None:
            message = f"There is no file {path} to include."
            self.problems.append(Problem("missing-include", span, message))
            return
        source = Source.from_bytes(path, data)
        front = read_front_matter(source.text)
        structure = parse_markdown(source.text, start=front.end, anchors=self.dialect.anchors)
        inner = Page(self.page.path, source, front)
        reader = _TextReader(self.dialect, inner, path, structure, self.including)
        text = apply_edits(source.text, reader.read())[front.end :]
        self.problems += (Problem(p.rule, span, f"In {path}: {p.message}") for p in reader.problems)
        self.edits.replace(span, text.replace("\r\n", "\n").strip("\n"))

    def _group(self, match: re.Match[str]) -> None:
        inside = match["inside"]
        keys = _CITATION.findall(inside)
        targets = self.dialect.targets()
        if any(key not in targets for key in keys):
            for one in _REFERENCE.finditer(inside):
                if one["key"] not in targets:
                    self._undefined(Span(*match.span()), one["key"])
            self.edits.block(Span(*match.span()))
            return
        has_prefix = bool(_REFERENCE.split(inside)[0].strip())

        def link(one: re.Match[str]) -> str:
            return self._link(one["key"], brief=has_prefix or one[0].startswith("-"))

        self.edits.replace(Span(*match.span()), _REFERENCE.sub(link, inside))

    def _reference(self, span: Span, key: str, *, brief: bool = False) -> None:
        if not self.edits.is_free(span):
            return
        if key in self.dialect.targets():
            self.edits.replace(span, self._link(key, brief=brief))
        else:
            self._undefined(span, key)

    def _undefined(self, span: Span, key: str) -> None:
        self.problems.append(Problem("undefined-label", span, f"There is no label {key}."))

    def _link(self, key: str, *, brief: bool = False) -> str:
        target = self.dialect.targets()[key]
        kind, _, name = key.partition(":" if self.dialect.is_bookdown else "-")
        if target.title:
            text = escape_plain(target.title)
        elif not name:
            text = key
        else:
            text = name if brief or self.dialect.is_bookdown else f"{KINDS.get(kind, '')} {name}"
        address = self._address(target)
        return f"[{text.strip()}]({address})" if address else f"({text.strip()})"

    def _address(self, target: Target) -> str:
        path = ""
        if target.path != self.page.path:
            path = posixpath.relpath(target.path, posixpath.dirname(self.page.path) or ".")
        return quote_path(path) + (f"#{target.anchor}" if target.anchor else "")

    def _bookdown(self) -> None:
        for match in self._outside_code(_PART):
            self.edits.replace(Span(*match.span()), "")
        for match in self._outside_code(TEXT_REFERENCE):
            self.edits.replace(Span(*match.span()), "")
        for match in self._outside_code(_TEXT_USE):
            if match["key"] in self.dialect.found().texts:
                self.edits.replace(Span(*match.span()), self.dialect.found().texts[match["key"]])
        for match in self._outside_code(_BOOKDOWN_REFERENCE):
            span = Span(*match.span())
            # Somebody may have made the reference the target of a link: [text](\@ref(x)).
            if self.text[: span.start].endswith("](") and match["key"] in self.dialect.targets():
                target = self.dialect.targets()[match["key"]]
                self.edits.replace(span, self._address(target) or "#")
            else:
                self._reference(span, match["key"])
        for match in self._outside_code(BOOKDOWN_LABEL):
            if not self.structure.math.holding(match.start()) and not match["key"].startswith(
                "eq:"
            ):
                span = Span(*match.span())
                self.edits.replace(span, f'<span id="{match["key"]}"></span>')
        own = {heading.anchor for heading in self.structure.headings}
        own |= set(self.structure.element_ids)
        for link in self.structure.links:
            # Anchors are the whole book's: bookdown finds the page of each.
            key = link.target.removeprefix("#")
            known = self.dialect.targets().get(key)
            inline = link.kind in (LinkKind.INLINE, LinkKind.HTML) and link.target_span
            elsewhere = known is not None and known.path != self.page.path and key not in own
            if link.target.startswith("#") and inline and known and elsewhere:
                self.edits.replace(inline, self._address(known))

    def _headings(self) -> None:
        for heading in self.structure.headings:
            line = heading.span.slice(self.text).split("\n")[0].rstrip("\r")
            match = _HEADING_END.search(line)
            attributes = read_attributes(match["inside"]) if match else None
            if match is None or attributes is None:
                continue
            place = Span(heading.span.start + match.start(), heading.span.start + match.end())
            wanted = f" {{#{attributes.id}}}" if attributes.id else ""
            if place.slice(self.text) == wanted:
                self.edits.block(place)
            else:
                self.edits.replace(place, wanted)

    def _attributes(self) -> None:
        for match in self._outside_code(_EQUATION_LABEL):
            self.edits.replace(Span(*match.span()), f' <span id="{match["key"]}"></span>')
        for image in self.structure.images:
            self._image(image)
        ends = {link.span.end for link in self.structure.links}
        ends |= {span.end for span in self.structure.code}
        for place in sorted(ends):
            behind = _ATTRIBUTES.match(self.text, place)
            attributes = read_attributes(behind["inside"]) if behind else None
            if behind is not None and attributes is not None and self.text[place - 1] != "\n":
                anchor = f'<span id="{attributes.id}"></span>' if attributes.id else ""
                self.edits.replace(Span(*behind.span()), anchor)
        for match in self._outside_code(_SPAN):
            attributes = read_attributes(match["attributes"])
            if attributes is None or not self.edits.is_free(Span(*match.span())):
                continue
            anchor = f'<span id="{attributes.id}"></span>' if attributes.id else ""
            self.edits.replace(Span(match.start(), match.start() + 1), anchor)
            self.edits.replace(Span(match.end("text"), match.end()), "")
        for match in self._outside_code(LABELLED):
            # Behind a table's caption, for example.
            attributes = read_attributes(match[0][1:-1])
            if attributes is not None and attributes.id:
                written = f'<span id="{attributes.id}"></span>'
                self.edits.replace(Span(*match.span()), written)

    def _image(self, image: Image) -> None:
        match = _ATTRIBUTES.match(self.text, image.span.end)
        attributes = read_attributes(match["inside"]) if match else None
        if match is None or attributes is None:
            return
        before = self.text[self.text.rfind("\n", 0, image.span.start) + 1 : image.span.start]
        if attributes.id and not before.strip(" \t>"):
            mark = f'<div id="{attributes.id}"></div>\n\n'
            self.edits.replace(Span(image.span.start, image.span.start), mark)
            self.edits.replace(Span(*match.span()), "")
        else:
            anchor = f'<span id="{attributes.id}"></span>' if attributes.id else ""
            self.edits.replace(Span(*match.span()), anchor)
        words = attributes.values.get("fig-alt") or attributes.values.get("alt") or ""
        place = image.target_span
        caption = self.text[image.span.start + 2 : self.text.find("](", image.span.start)]
        if not words or place is None or image.kind is not LinkKind.INLINE:
            return
        plain = caption == image.alt and not re.search(r"[\[\]\"\\]", caption + words)
        if plain and not image.title and self.text[place.end : place.end + 1] == ")":
            start = image.span.start + 2
            self.edits.replace(Span(start, start + len(caption)), escape_plain(words))
            if caption:
                self.edits.replace(Span(place.end, place.end), f' "{caption}"')

    def _left_over(self) -> None:
        inline = [s for s in self.structure.code if _INLINE_CODE.match(self.text, s.start)]
        if inline:
            count = len(inline)
            message = f"{count} inline expression{'s' if count > 1 else ''} would have to be run."
            self._untranslated(inline[0], message)
        if not (self.dialect.has_bibliography or "bibliography" in (self.page.front.values or {})):
            return
        cited = [
            match
            for match in self._outside_code(_CITATION)
            if match["key"].partition("-")[0] not in KINDS
            and self.structure.protected.holding(match.start()) is None
        ]
        if cited:
            count = len(cited)
            message = f"{count} citation{'s' if count > 1 else ''} stay{'' if count > 1 else 's'} "
            self._untranslated(Span(*cited[0].span()), f"{message}as keys of the bibliography.")

    def _untranslated(self, span: Span, message: str) -> None:
        self.problems.append(Problem("untranslated-markup", span, message))
