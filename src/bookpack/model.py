"""The book as frozen data: what reading finds and everything later looks at.

All spans are code points of the chapter's own source text. There is no behaviour here to
speak of; many small values (links, headings, images) are named tuples because a large book
has hundreds of thousands of them.
"""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, overload

from bookpack.source import Source, Span


class SpanList(Sequence[Span]):
    """An immutable sequence of spans, kept as one flat array of offsets (8 bytes a span).

    The offsets may be given as a function that is called when they are first looked at: most
    builds never ask where prose stands, and a large book has half a million stretches of it.
    """

    __slots__ = ("_flat", "_make")

    def __init__(self, flat: Iterable[int] | Callable[[], Iterable[int]] = ()) -> None:
        """Take starts and ends in turn, `start, end, start, end, …`, or a function giving them."""
        self._flat: array[int] | None = None
        self._make = flat

    def offsets(self) -> "array[int]":
        """Return starts and ends in turn."""
        if self._flat is None:
            made = self._make() if callable(self._make) else self._make
            self._flat = made if isinstance(made, array) else array("I", made)
            self._make = ()
        return self._flat

    def __len__(self) -> int:
        return len(self.offsets()) // 2

    @overload
    def __getitem__(self, index: int) -> Span: ...
    @overload
    def __getitem__(self, index: slice) -> "SpanList": ...
    def __getitem__(self, index: int | slice) -> "Span | SpanList":
        if isinstance(index, slice):
            return SpanList([offset for span in list(self)[index] for offset in span])
        index = range(len(self))[index]
        flat = self.offsets()
        return Span(flat[2 * index], flat[2 * index + 1])

    def __iter__(self) -> Iterator[Span]:
        flat = iter(self.offsets())
        return map(Span, flat, flat)

    def holding(self, offset: int) -> Span | None:
        """Return the span that holds the code point at `offset`; the spans must be in order."""
        flat = self.offsets()
        index = bisect_right(flat, offset)
        if index % 2 == 0:
            return None
        return Span(flat[index - 1], flat[index])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SpanList) and self.offsets() == other.offsets()

    def __hash__(self) -> int:
        return hash(self.offsets().tobytes())

    def __repr__(self) -> str:
        return f"SpanList({list(self.offsets())!r})"


class LinkKind(StrEnum):
    """How the author wrote a link or image."""

    INLINE = "inline"
    REFERENCE = "reference"
    COLLAPSED = "collapsed"
    SHORTCUT = "shortcut"
    AUTOLINK = "autolink"
    HTML = "html"
    BARE = "bare"
    """An address of the book itself in running text, without any markup."""


class Link(NamedTuple):
    """A link. `target` is decoded (escapes and entities resolved), `raw_target` is not.

    `target_span` is where the target stands, None where the place could not be proven. For a
    reference the target stands in the definition called `label`, and `target_span` is where
    the label stands: in the second brackets, empty for `[text][]`, None for `[text]`.
    """

    span: Span
    target_span: Span | None
    text: str
    target: str
    raw_target: str
    kind: LinkKind
    label: str = ""
    in_image: bool = False


class Definition(NamedTuple):
    """A reference definition `[label]: target "title"`."""

    span: Span
    label_span: Span
    target_span: Span | None
    label: str
    target: str
    raw_target: str
    repeated: bool = False


class Image(NamedTuple):
    """An image as it stands in the text.

    `block` is the outermost block that holds it. `alone` tells that this block is a paragraph
    of nothing but images. `decorative` means that the author said so (empty `alt` in HTML,
    hidden, one pixel).
    """

    span: Span
    target_span: Span | None
    block: Span
    alt: str
    title: str
    target: str
    raw_target: str
    kind: LinkKind
    label: str = ""
    alone: bool = False
    in_link: bool = False
    in_table: bool = False
    decorative: bool = False


class AddressLine(NamedTuple):
    """A `url: …` line under a heading. `span` covers the line and its line ending."""

    span: Span
    address: str


class Heading(NamedTuple):
    """A heading. `span` is the whole block with its line ending; `text` is plain.

    `outermost` is False inside quotes and list items.
    """

    level: int
    text: str
    anchor: str
    span: Span
    outermost: bool = True
    address: AddressLine | None = None


class FootnoteMark(NamedTuple):
    """A footnote reference, or the label that opens a footnote; `span` is the label alone."""

    label: str
    span: Span
    is_definition: bool


class Attribute(NamedTuple):
    """An HTML attribute: value with entities resolved; `span` is the value without quotes."""

    value: str
    span: Span | None
    quoted: bool


class Tag(NamedTuple):
    """An HTML tag in the text, `name` in lower case."""

    span: Span
    name: str
    closing: bool
    attributes: Mapping[str, Attribute]


class HtmlBlock(NamedTuple):
    """A block of raw HTML. `outermost` is False inside quotes and list items."""

    span: Span
    tags: tuple[Tag, ...]
    outermost: bool


class Problem(NamedTuple):
    """Something wrong seen while parsing: rule name, place, message."""

    rule: str
    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Structure:
    """What a parser found in one text, in order of appearance.

    `prose` are the stretches of running text, `protected` those that no link, grammar or
    wording edit may touch: code, math, raw HTML, front matter, address lines.
    `literals` are emphasis marks, brackets and backticks that the parser left as text.
    """

    headings: tuple[Heading, ...] = ()
    links: tuple[Link, ...] = ()
    images: tuple[Image, ...] = ()
    definitions: tuple[Definition, ...] = ()
    footnotes: tuple[FootnoteMark, ...] = ()
    html_blocks: tuple[HtmlBlock, ...] = ()
    inline_tags: tuple[Tag, ...] = ()
    comments: tuple[Span, ...] = ()
    element_ids: tuple[str, ...] = ()
    code: SpanList = field(default_factory=SpanList)
    math: SpanList = field(default_factory=SpanList)
    tables: SpanList = field(default_factory=SpanList)
    prose: SpanList = field(default_factory=SpanList)
    protected: SpanList = field(default_factory=SpanList)
    literals: SpanList = field(default_factory=SpanList)
    problems: tuple[Problem, ...] = ()
    body_start: int = 0


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter. `path` is relative to the chapter folder and names the file in editions.

    `url` is absolute. `states_url` tells that the author wrote the address or slug down;
    `order_number` is the number that placed it (weight or number in the file's name). `date` is
    when it last changed, as far as its front matter says: an RFC 3339 date or moment, or empty.
    `language` is a BCP 47 tag where the chapter's is not the book's.
    """

    path: str
    title: str
    url: str
    source: Source
    structure: Structure
    part: str = ""
    aliases: tuple[str, ...] = ()
    summary: str = ""
    states_url: bool = False
    address_line: AddressLine | None = None
    title_heading: Heading | None = None
    order_number: float | None = None
    date: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class BookMeta:
    """What an author says of the book as a whole: the table `[book]` of its settings."""

    title: str = ""
    url: str = ""
    authors: tuple[str, ...] = ()
    language: str = ""
    edition: str = ""
    date: str = ""
    summary: str = ""
    rights: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is no part of the editions, and why."""

    path: str
    url: str
    reason: str


@dataclass(frozen=True, slots=True)
class Book:
    """A book in reading order.

    `root` is the chapter folder, relative to the book's. `site_pages` are path and URL of the
    pages of its site that are no chapters; the content of `asset_folders` is published at the
    root of its address; `labels` are names that links may use → path, or path#anchor.
    `asset_addresses` are folders whose content is published at another address than their path.
    """

    meta: BookMeta
    chapters: tuple[Chapter, ...]
    left_out: tuple[LeftOut, ...] = ()
    root: str = ""
    site_pages: tuple[tuple[str, str], ...] = ()
    asset_folders: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    asset_addresses: Mapping[str, str] = field(default_factory=dict)
