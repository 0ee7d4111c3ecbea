"""What a pass sees of a chapter: prose alone, block by block, with an exact way back.

Everything that is no prose (code, math, HTML, images, addresses, what looks like code) is a
placeholder such as `⟦code⟧`, because a sentence from which something was cut out looks wrong and
is not. Marks of emphasis, footnotes and the targets of links leave no trace: the words around
them belong together. A block never reaches beyond one paragraph, heading, table cell, list
item, or alternative text, title or caption of a picture.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from bookpack.desks.grammar.edits import word_set
from bookpack.desks.grammar.fix import Fix
from bookpack.desks.grammar.in_markup import texts_in_markup
from bookpack.desks.review.suggestion import digest
from bookpack.model import Chapter, SpanList
from bookpack.read.leaf_blocks import LeafBlock, Piece, PieceKind, leaf_blocks
from bookpack.source import Source, Span, TranslatedSource

OPENING, CLOSING = "⟦", "⟧"
"""What stands around the name of a placeholder; in prose they are placeholders themselves."""
PLACEHOLDER = re.compile(f"{OPENING}\\w+{CLOSING}")
_NOT_PROSE = re.compile(
    r"""(?P<link>\b(?:https?|ftp)://[^\s<>]*[^\s<>.,;:!?)\]'"*_]|\bwww\.[^\s<>]+\w
        |\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![\w@])@\w[\w-]*)
      |(?P<code>\{\{.*?\}\}|\{%.*?%\}|\{[#.:][^{}\n]*\}|<[/!]?\w[^<>\n]*>
        |(?<!\w)--?[A-Za-z][\w-]+(?:=\S+)?
        |(?<![\w/])(?:\.{0,2}/)?(?:[\w.-]+/){2,}[\w.-]*\w
        |\b\w+(?:::\w+)+|\b[\w.]*\w\(\)
        |\b[\w-]+\.(?:py|js|ts|go|rs|md|toml|ya?ml|json|html?|css|txt|sh|c|h|cpp|java|rb|xml
          |csv|png|jpe?g|svg|pdf|zip|tar|gz|exe|lock|cfg|ini|ipynb|Rmd|qmd)\b
        |\b[A-Za-z]\w*_\w+|(?<!\w)_+[a-z]\w*_+(?!\w))
      |(?P<sign>[⟦⟧])""",
    re.X,
)
_CODE_ELEMENTS = frozenset({"code", "kbd", "samp", "var", "pre", "script", "style", "tt", "svg"})
_SILENT_ELEMENTS = word_set(
    "a abbr b bdi bdo big cite del dfn em font i ins label mark q s small span strike strong sub "
    "sup time u wbr"
)
_WHAT_FOLLOWS = re.compile(
    r"[^\r\n]*(?:\r\n?|\n)(?:[ \t>]*(?:\r\n?|\n))*"
    r"(?: {4}|\t|[ \t>]*(?:```|~~~|[-*+|>!<$:]|\d+[.)]|\{%|\{\{))"
)
_TAG = re.compile(r"<(/?)([A-Za-z][\w-]*)")


class Run(NamedTuple):
    """A stretch of a block's text: `length` code points from `start`, which are `origin`.

    `origin` is a span of the chapter's text. Only what is `copied` says the same there.
    """

    start: int
    length: int
    origin: Span
    copied: bool


@dataclass(frozen=True)
class Block:
    """A block of prose: `text` as a pass sees it, and where it comes from.

    `kind` is paragraph, heading, cell, item, alt, title or caption; `path` is that of the chapter's
    file. `introduces` tells that code, a list, a table, a quote or a picture comes right behind it.
    `ends` are signs that must not be written into it, since it stands inside of markup.
    `in_link` tells that its last words are those of a link, so that what is added joins them.
    """

    path: str
    kind: str
    text: str
    runs: tuple[Run, ...]
    introduces: bool = False
    ends: str = ""
    in_link: bool = False

    @cached_property
    def hash(self) -> str:
        """Equal for blocks in which a pass sees the same."""
        return digest(f"{self.kind}\n{self.text}")

    @cached_property
    def _starts(self) -> list[int]:
        return [run.start for run in self.runs]

    def in_chapter(self, span: Span) -> Span | None:
        """Return where `span` of this block's text stands in the chapter's text.

        None where it covers something that is no prose, or marks that leave no trace in a block
        (emphasis, the end of a link): replacing it would take them away.
        """
        if span.start == span.end:
            return self._point(span.start)
        at = None
        runs = list(self._under(span))
        for run in runs:
            if not run.copied and not self.text[run.start].isspace():
                return None
            if at is not None and run.origin.start != at:
                return None
            at = run.origin.end
        first, last = runs[0], runs[-1]
        start = first.origin.start + (span.start - first.start if first.copied else 0)
        if not last.copied:
            return Span(start, last.origin.end)
        return Span(start, last.origin.start + span.end - last.start)

    def _point(self, place: int) -> Span:
        """Return where an insertion goes: behind what stands before it, be it cut out."""
        index = max(0, bisect_left(self._starts, place) - 1)
        run = self.runs[index]
        if place == run.start:
            return Span(run.origin.start, run.origin.start)
        inside = run.origin.start + place - run.start
        at = inside if run.copied else run.origin.end
        return Span(at, at)

    def _under(self, span: Span) -> Iterator[Run]:
        """Yield the runs that `span`, which is not empty, covers."""
        for run in self.runs[max(0, bisect_right(self._starts, span.start) - 1) :]:
            if run.start >= span.end:
                return
            yield run


def author_source(chapter: Chapter) -> Source:
    """Return the text as its author wrote it."""
    source = chapter.source
    if isinstance(source, TranslatedSource) and source.author is not None:
        return source.author
    return source


def in_author_text(chapter: Chapter, span: Span) -> Span | None:
    """Return `span` of the chapter's text in its author's, None where that says something else."""
    place = chapter.source.in_author_text(span)
    if place is None:
        return None
    same = place.slice(author_source(chapter).text) == span.slice(chapter.source.text)
    return place if same else None


def blocks_of(chapter: Chapter, *, math: bool = True) -> list[Block]:
    """Return the blocks of prose in `chapter`, in order; those without a letter are left out."""
    structure = chapter.structure
    text = chapter.source.text
    found = [
        _masked(leaf, chapter.source.path, structure.protected)
        for leaf in leaf_blocks(text, start=structure.body_start, math=math)
    ]
    found += _in_markup(chapter)
    kept = [b for b in found if any(c.isalpha() for c in PLACEHOLDER.sub("", b.text))]
    kept.sort(key=lambda block: block.runs[0].origin)
    return [block if block.ends else _with_what_follows(block, text) for block in kept]


def _with_what_follows(block: Block, text: str) -> Block:
    end = block.runs[-1].origin.end
    introduces = _WHAT_FOLLOWS.match(text, end) is not None
    in_link = text.startswith(("](", "]["), end)
    return replace(block, introduces=introduces, in_link=in_link)


def _in_markup(chapter: Chapter) -> Iterator[Block]:
    for kind, span, ends in texts_in_markup(chapter):
        writer = _Writer()
        text = span.slice(chapter.source.text)
        _add_text(writer, Piece(PieceKind.TEXT, span, text), SpanList())
        path = chapter.source.path
        yield Block(path, kind, "".join(writer.parts), tuple(writer.runs), ends=ends)


class _Writer:
    """Collects the text of one block and where every stretch of it comes from."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.runs: list[Run] = []
        self.length = 0

    def add(self, text: str, origin: Span, copied: bool) -> None:
        if not text:
            return
        last = self.runs[-1] if self.runs else None
        if last and copied and last.copied and last.origin.end == origin.start:
            origin = Span(last.origin.start, origin.end)
            self.runs[-1] = Run(last.start, last.length + len(text), origin, True)
        else:
            self.runs.append(Run(self.length, len(text), origin, copied))
        self.parts.append(text)
        self.length += len(text)

    def put(self, name: str, origin: Span) -> None:
        self.add(f"{OPENING}{name}{CLOSING}", origin, False)


def _masked(leaf: LeafBlock, path: str, protected: SpanList) -> Block:
    writer = _Writer()
    closing = ""
    pieces = _joined(leaf.pieces)
    for index, piece in enumerate(pieces):
        if closing:
            # Everything up to the end tag is code, whatever Markdown makes of it.
            if piece.kind is PieceKind.HTML and piece.text.lower().startswith(f"</{closing}"):
                closing = ""
            continue
        if piece.kind is PieceKind.HTML:
            closing = _add_tag(writer, piece)
        elif piece.kind is PieceKind.TEXT:
            _add_text(writer, piece, protected)
        elif piece.kind is PieceKind.SHOWN:
            writer.add(piece.text, piece.span, False)
        elif piece.kind is PieceKind.BREAK:
            # With it go the marks of quotes and lists that begin the next line.
            end = pieces[index + 1].span.start if index + 1 < len(pieces) else piece.span.end
            writer.add(" ", Span(piece.span.start, max(end, piece.span.end)), False)
        elif piece.kind is not PieceKind.NOTE:
            writer.put(piece.kind.value, piece.span)
    return Block(path, leaf.kind, "".join(writer.parts), tuple(writer.runs))


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Join texts that touch: the parser ends one at every sign that might have been a mark."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last and last.kind is piece.kind is PieceKind.TEXT and last.span.end == piece.span.start:
            span = Span(last.span.start, piece.span.end)
            joined[-1] = Piece(PieceKind.TEXT, span, last.text + piece.text)
        else:
            joined.append(piece)
    return joined


def _add_tag(writer: _Writer, piece: Piece) -> str:
    """Add a tag or comment; return the element whose content is to be left out, or ''."""
    tag = _TAG.match(piece.text)
    if tag is None:
        return ""  # a comment or an instruction
    name = tag[2].lower()
    if name == "br":
        writer.add(" ", piece.span, False)
    elif name == "img":
        writer.put("image", piece.span)
    elif name in _CODE_ELEMENTS:
        writer.put("code", piece.span)
        return "" if tag[1] or piece.text.endswith("/>") else name
    elif name not in _SILENT_ELEMENTS:
        writer.put("html", piece.span)
    return ""


def _add_text(writer: _Writer, piece: Piece, protected: SpanList) -> None:
    start = piece.span.start
    at = 0
    for match in _NOT_PROSE.finditer(piece.text):
        _add_unprotected(writer, piece.text[at : match.start()], start + at, protected)
        origin = Span(start + match.start(), start + match.end())
        writer.put(match.lastgroup or "code", origin)
        at = match.end()
    _add_unprotected(writer, piece.text[at:], start + at, protected)


def _add_unprotected(writer: _Writer, text: str, start: int, protected: SpanList) -> None:
    bounds = protected.offsets()
    at, end = start, start + len(text)
    while at < end:
        index = bisect_right(bounds, at)
        stop = min(end, bounds[index]) if index < len(bounds) else end
        if index % 2:
            writer.put("code", Span(at, stop))
        else:
            writer.add(text[at - start : stop - start], Span(at, stop), True)
        at = stop


class Proposal(NamedTuple):
    """What an engine proposes, and the blocks it saw when it did: its pattern counts in them."""

    fix: Fix
    blocks: tuple[Block, ...]


def pieces_of(
    blocks: Sequence[Block],
    *,
    unchanged: Collection[str] = (),
    characters: int = 6000,
    overlap: int = 1,
) -> list[tuple[Block, ...]]:
    """Return `blocks` in runs of at most `characters`, cut between paragraphs.

    Each run begins with the last `overlap` blocks of the one before it, so that nobody judges a
    sentence without what it refers to. Runs of blocks whose hash is in `unchanged` are left out,
    but for those beside a changed one.
    """
    changed = [block.hash not in unchanged for block in blocks]
    wanted = [
        any(changed[max(0, index - overlap) : index + overlap + 1]) for index in range(len(blocks))
    ]
    pieces: list[tuple[Block, ...]] = []
    run: list[Block] = []
    fresh = size = 0
    for block, is_wanted in zip(blocks, wanted, strict=True):
        if fresh and (not is_wanted or size + len(block.text) > characters):
            pieces.append(tuple(run))
            run = run[len(run) - overlap :] if is_wanted and overlap else []
            fresh, size = 0, sum(len(one.text) for one in run)
        if is_wanted:
            run.append(block)
            fresh += 1
            size += len(block.text)
    if fresh:
        pieces.append(tuple(run))
    return pieces
