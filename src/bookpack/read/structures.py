"""What a parser found in the chapters of a long book, kept from build to build.

To read it back takes a quarter of the time in which a text is parsed. Structures lie in the user's
cache, in a file for each output folder, as plain tuples behind a hash of them (`marshal`, which
runs nothing). A file that is missing, torn or of another parser is as good as none. Texts with HTML
and texts with problems are parsed each time: they are few, and their structures have many forms.
"""

import marshal
import os
import sys
from array import array
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyromark

from bookpack.model import (
    AddressLine,
    Definition,
    FootnoteMark,
    Heading,
    Image,
    Link,
    LinkKind,
    SpanList,
    Structure,
)
from bookpack.read.anchors import GITHUB, AnchorRule
from bookpack.read.markdown import parse_markdown
from bookpack.source import Span
from bookpack.system import replace_file

_WORTH_KEEPING = 2_000_000
"""Code points of a book that is parsed in a twentieth of a second."""
_MOST_BOOKS = 8
_KINDS = {kind.value: kind for kind in LinkKind}
_SPAN_LISTS = ("code", "math", "tables", "prose", "protected", "literals")


class StructureMemory:
    """Parses texts, each once for as long as it stays. `parse` serves as `parse_markdown`."""

    def __init__(self, cache: Path, out: Path) -> None:
        """Take what the folder `cache` holds for builds into `out`; both may be missing."""
        name = sha256(os.fsencode(out.absolute())).hexdigest()[:16]
        self._place = cache / "structures" / name
        self._last = _load(self._place)
        self._kept: dict[bytes, bytes] = {}
        self._new: dict[bytes, Structure] = {}
        self._size = 0

    def parse(
        self,
        text: str,
        *,
        start: int = 0,
        math: bool = True,
        anchors: AnchorRule = GITHUB,
        owns: Callable[[str], bool] | None = None,
    ) -> Structure:
        """Return what `parse_markdown` would."""
        if owns is not None:
            return parse_markdown(text, start=start, math=math, anchors=anchors, owns=owns)
        self._size += len(text)
        how = f"{start} {math} {anchors.name}\n"
        key = sha256((how + text).encode("utf-8", "surrogatepass")).digest()
        plain = self._last.get(key)
        if plain is not None:
            self._kept[key] = plain
            return _structure(marshal.loads(plain))
        structure = parse_markdown(text, start=start, math=math, anchors=anchors)
        if _is_simple(structure):
            self._new[key] = structure
        return structure

    def save(self) -> None:
        """Keep what was parsed for the next build, if the book is long and something is new."""
        if self._size < _WORTH_KEEPING or not self._new:
            return
        new = {key: marshal.dumps(_plain(structure)) for key, structure in self._new.items()}
        data = marshal.dumps({**self._kept, **new})
        try:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._place, _seal(data) + data)
            for old in sorted(self._place.parent.iterdir(), key=_changed)[:-_MOST_BOOKS]:
                old.unlink()
        except OSError:
            return  # a cache that cannot be written costs time alone


def _changed(place: Path) -> float:
    return place.stat().st_mtime


def _load(place: Path) -> dict[bytes, bytes]:
    try:
        data = place.read_bytes()
    except OSError:
        return {}
    seal, body = data[:32], data[32:]
    found: dict[bytes, bytes] = marshal.loads(body) if seal == _seal(body) else {}
    return found


def _seal(data: bytes) -> bytes:
    """Return a hash of the data and of the programs that parsed it, by their sizes and times."""
    own = Path(__file__).parent
    programs = [
        *own.glob("*.py"),
        own.parent / "model.py",
        *Path(pyromark.__file__).parent.glob("*"),
    ]
    found = [(one.name, one.stat().st_size, one.stat().st_mtime_ns) for one in sorted(programs)]
    seal = sha256(f"{sys.version} {found}".encode())
    seal.update(data)
    return seal.digest()


def _is_simple(structure: Structure) -> bool:
    html = structure.html_blocks or structure.inline_tags or structure.comments
    return not (html or structure.element_ids or structure.problems)


def _plain(structure: Structure) -> tuple[Any, ...]:
    found = (structure.headings, structure.links, structure.images, structure.definitions)
    spans = [getattr(structure, name).offsets().tobytes() for name in _SPAN_LISTS]
    return (*map(_bare, found), _bare(structure.footnotes), tuple(spans), structure.body_start)


def _bare(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_bare, value))
    return value.value if isinstance(value, LinkKind) else value


def _structure(plain: tuple[Any, ...]) -> Structure:
    headings, links, images, definitions, footnotes, spans, body_start = plain
    code, math, tables, prose, protected, literals = (SpanList(array("I", one)) for one in spans)
    return Structure(
        headings=tuple(
            Heading(level, text, anchor, Span(*span), outermost, address and _address(*address))
            for level, text, anchor, span, outermost, address in headings
        ),
        links=tuple(
            Link(Span(*span), target and Span(*target), text, to, raw, _KINDS[kind], *rest)
            for span, target, text, to, raw, kind, *rest in links
        ),
        images=tuple(
            Image(
                Span(*span),
                at and Span(*at),
                Span(*block),
                alt,
                title,
                to,
                raw,
                _KINDS[kind],
                *rest,
            )
            for span, at, block, alt, title, to, raw, kind, *rest in images
        ),
        definitions=tuple(
            Definition(Span(*span), Span(*label), target and Span(*target), *rest)
            for span, label, target, *rest in definitions
        ),
        footnotes=tuple(FootnoteMark(label, Span(*span), own) for label, span, own in footnotes),
        code=code,
        math=math,
        tables=tables,
        prose=prose,
        protected=protected,
        literals=literals,
        body_start=body_start,
    )


def _address(span: tuple[int, int], address: str) -> AddressLine:
    return AddressLine(Span(*span), address)
