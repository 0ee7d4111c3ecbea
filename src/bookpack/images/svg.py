"""SVG: its own words, its identity, and a copy of it that can be drawn safely.

One pass of expat reads the file. Entity declarations are refused, so nothing ever expands;
references to other files and sites are left out of the copy, because resvg would open files.
The copy also lacks comments, processing instructions, scripts and metadata, has its attributes
in order, and so is the same for two files that draw the same things in the same way.

Drawing happens in a process of its own (`rasterise`) with a limit of time and memory: a filter
of few bytes can keep resvg busy for hours.
"""

import hashlib
import math
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from bookpack.images.limits import UnreadablePictureError

MAX_DEPTH = 256
"""Elements inside each other; resvg ends the whole process at a few thousand."""
DRAWN_PIXELS = 2_500_000
DRAWN_SIDE = 20_000
SECONDS = 60

_PATIENCE = 5
_HEAD = 65_536
_NAMESPACE = "http://www.w3.org/2000/svg"
_PER_UNIT = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54,
             "in": 96.0, "em": 16.0, "ex": 8.0, "rem": 16.0}  # fmt: skip
_LENGTH = re.compile(r"\s*([+]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([a-z]*)\s*")
_EMBEDDED = re.compile(r"data:[^,]*,", re.IGNORECASE)
_LEFT_OUT = frozenset({"script", "metadata"})
_NOT_DRAWN = frozenset({"defs", "symbol", "clipPath", "mask", "pattern", "marker"})
_WORDS = frozenset({"text", "foreignObject"})
_HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))")
_BREAKS = frozenset({"br", "div", "p", "li", "td", "th", "tr", "h1", "h2", "h3", "h4"})
_TOOL = re.compile(r"(?:created|generated|made|produced|exported)\s+(?:with|by|using|in)\b", re.I)
_AXIS = re.compile(r"(?:^|[\s_.-])(?:[xyz]?-?ax[ei]s|ticks?|gridlines?)(?:$|[\s_.-])", re.I)


@dataclass(frozen=True, slots=True)
class Drawing:
    """What an SVG says of itself.

    `width` and `height` are CSS pixels. `words` are its texts in document order, one string for
    each text element. `identity` is the SHA-256 (hex) of `copy`, the text that is drawn: pixels
    would depend on the fonts of the machine. `looks` is as `looks.looks_like` says it.
    """

    width: int
    height: int
    identity: str
    looks: str
    words: tuple[str, ...]
    title: str
    description: str
    copy: str


def may_be_svg(data: bytes) -> bool:
    """Tell whether `data` begins as an SVG does; `read_svg` has the last word."""
    head = data[:_HEAD]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.replace(b"\0", b"")[2:]
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" and b"svg" in head


def read_svg(data: bytes) -> Drawing:
    """Read an SVG without drawing it. Raises `UnreadablePictureError`."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = _refuse_entities
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        if str(error).startswith(("no element found", "unclosed token", "unclosed CDATA")):
            raise UnreadablePictureError(f"is cut off after {len(data):,} bytes") from error
        raise UnreadablePictureError(f"is not well-formed SVG: {error}") from error
    except (LookupError, ValueError) as error:
        if isinstance(error, UnreadablePictureError):
            raise
        raise UnreadablePictureError("is SVG in an unknown encoding") from error
    return reader.drawing()


def draw(drawing: Drawing, seconds: int = SECONDS) -> bytes:
    """Return the drawing as PNG bytes, at a size at which its text can be read.

    It is made larger, four times at most, or smaller to about `DRAWN_PIXELS`. Fonts are those of
    the machine. Raises `UnreadablePictureError`, also where it takes more than `seconds` of a
    processor.
    """
    width, height = drawing.width, drawing.height
    scale = min(4.0, math.sqrt(DRAWN_PIXELS / (width * height)))
    scale = min(scale, DRAWN_SIDE / max(width, height))
    side, length = ("width", width) if width >= height else ("height", height)
    command = [sys.executable, "-P", "-m", "bookpack.images.rasterise", side]
    command += [str(max(1, int(length * scale))), str(seconds)]
    try:
        # A busy machine makes the clock run ahead of the work, so that it has more patience.
        done = subprocess.run(command, input=drawing.copy.encode(), capture_output=True,
                              timeout=seconds * _PATIENCE, check=False)  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise UnreadablePictureError(_too_long(seconds)) from error
    if done.returncode == -getattr(signal, "SIGXCPU", 0):
        raise UnreadablePictureError(_too_long(seconds))
    if done.returncode or not done.stdout:
        told = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = f": {told[-1]}" if done.returncode == 1 and told else ""
        raise UnreadablePictureError(f"is SVG that cannot be drawn{why}")
    return done.stdout


def _too_long(seconds: int) -> str:
    return f"takes more than {seconds} seconds to draw"


def _refuse_entities(*_: object) -> NoReturn:
    raise UnreadablePictureError("declares XML entities, which are never expanded")


@dataclass
class _Element:
    """An open element: what it means for the text inside it."""

    name: str
    ids: frozenset[str] | None
    """None where it is drawn; else the names under which something may draw it."""
    hidden: bool
    pieces: list[str] | None = None
    answered: bool = False
    """Of a `switch`: its HTML was read, so that what follows is only a substitute."""


@dataclass
class _Reader:
    """Handlers for expat that write the copy and collect the words."""

    copy: list[str] = field(default_factory=list)
    found: list[tuple[str, frozenset[str] | None]] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    root: dict[str, str] = field(default_factory=dict)
    size: tuple[int, int] = (0, 0)
    told: dict[str, str] = field(default_factory=dict)
    open: list[_Element] = field(default_factory=list)
    left_out: int = 0
    shapes: int = 0
    axes: bool = False
    line: str = ""
    """The vertical place of the last piece of text."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if not self.open:
            if local != "svg":
                raise UnreadablePictureError("is no picture that can be read")
            if _NAMESPACE not in attributes.values():
                raise UnreadablePictureError("lacks SVG's namespace, so that browsers show nothing")
            self.root = attributes
        if self.left_out or local in _LEFT_OUT:
            self.left_out += 1
            return
        if len(self.open) >= MAX_DEPTH:
            raise UnreadablePictureError(f"nests its elements deeper than {MAX_DEPTH} levels")
        kept = {
            key: value for key, value in attributes.items() if self._may_stay(local, key, value)
        }
        if not self.open:
            self.size = _size(attributes)
            # In pixels, because resvg knows neither the page nor the screen.
            kept["width"], kept["height"] = map(str, self.size)
        kept = dict(sorted(kept.items()))
        written = "".join(f" {key}={quoteattr(value)}" for key, value in kept.items())
        self.copy.append(f"<{name}{written}>")
        self.open.append(self._element(local, attributes))

    def end(self, name: str) -> None:
        if self.left_out:
            self.left_out -= 1
            return
        self.copy.append(f"</{name}>")
        element = self.open.pop()
        if element.name in _WORDS and element.pieces is not None and not element.hidden:
            if words := " ".join("".join(element.pieces).split()):
                self.found.append((words, element.ids))
                if element.name == "foreignObject" and self.open and self.open[-1].name == "switch":
                    self.open[-1].answered = True
        elif element.name in ("title", "desc") and element.pieces and len(self.open) == 1:
            self.told.setdefault(element.name, " ".join("".join(element.pieces).split()))
        elif element.name in _BREAKS and element.pieces is not None:
            element.pieces.append(" ")

    def text(self, data: str) -> None:
        if self.left_out:
            return
        self.copy.append(escape(data))
        pieces = self.open[-1].pieces
        if pieces is not None and self.open[-1].name != "style":
            pieces.append(data)

    def drawing(self) -> Drawing:
        copy = "".join(self.copy)
        words = tuple(text for text, ids in self.found if ids is None or ids & self.used)
        looks = ""
        if words and self.axes:
            looks = "chart"
        elif len(words) > 2 and self.shapes > len(words) // 2:
            looks = "diagram"
        elif not words and self.shapes:
            looks = "drawing"
        return Drawing(
            width=self.size[0],
            height=self.size[1],
            identity=hashlib.sha256(b"SVG\n" + copy.encode("utf-8", "surrogatepass")).hexdigest(),
            looks=looks,
            words=words,
            title=self._said("title") or " ".join(self.root.get("aria-label", "").split()),
            description=self._said("desc"),
            copy=copy,
        )

    def _said(self, name: str) -> str:
        """Return the picture's own title or description, unless a tool speaks of itself."""
        text = self.told.get(name, "")
        return "" if _TOOL.match(text) else text

    def _may_stay(self, local: str, key: str, value: str) -> bool:
        """Tell whether an attribute goes into the copy: nothing that points out of the file."""
        if key.rpartition(":")[2] != "href" or local == "a":
            return True
        value = value.strip()
        if value.startswith("#"):
            self.used.add(value[1:])
            return True
        return _EMBEDDED.match(value) is not None

    def _element(self, local: str, attributes: Mapping[str, str]) -> _Element:
        above = self.open[-1] if self.open else _Element("", None, hidden=False)
        style = f"display:{attributes.get('display', '')};" + (
            f"visibility:{attributes.get('visibility', '')};{attributes.get('style', '')}"
        )
        element = _Element(local, above.ids, above.hidden or bool(_HIDDEN.search(style)))
        element.hidden |= above.name == "switch" and above.answered
        if local in _NOT_DRAWN or above.ids is not None:
            element.ids = (above.ids or frozenset()) | {attributes.get("id", "")} - {""}
        if local in _WORDS or (local in ("title", "desc") and len(self.open) == 1):
            element.pieces = []
            self.line = ""
        elif local not in ("title", "desc"):
            element.pieces = above.pieces
            if local == "tspan":
                self._new_piece(above.pieces, attributes)
            elif local in _BREAKS and above.pieces is not None:
                above.pieces.append(" ")
        if local in ("path", "rect", "line", "polyline", "polygon", "circle", "ellipse", "image"):
            self.shapes += 1
        if not self.axes and _AXIS.search(
            f"{attributes.get('class', '')} {attributes.get('id', '')}"
        ):
            self.axes = True
        return element

    def _new_piece(self, pieces: list[str] | None, attributes: Mapping[str, str]) -> None:
        """Part two pieces of text that stand on different lines, or are placed as words.

        Single letters that are placed one by one are a word.
        """
        if not pieces:
            return
        line = attributes.get("y", "") or attributes.get("dy", "")
        placed = "x" in attributes and len(pieces[-1].strip()) > 1
        if (line and line not in (self.line, "0")) or placed:
            pieces.append(" ")
        self.line = line or self.line


def _size(root: Mapping[str, str]) -> tuple[int, int]:
    """Return width and height in CSS pixels, as SVG 2 (8.2) and CSS sizing of images say."""
    width, height = _length(root.get("width", "")), _length(root.get("height", ""))
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    try:
        _, _, box_width, box_height = map(float, box)
        ratio = box_width / box_height
    except (ValueError, ZeroDivisionError):
        box_width, box_height, ratio = 300.0, 150.0, 0.0
    if not (0 < ratio < math.inf):
        box_width, box_height, ratio = 300.0, 150.0, 2.0
    if width is None:
        width = box_width if height is None else height * ratio
    if height is None:
        height = width / ratio
    if not (0 < width < 1e9 and 0 < height < 1e9):
        raise UnreadablePictureError("has no size")
    return max(1, round(width)), max(1, round(height))


def _length(text: str) -> float | None:
    """Return a length in CSS pixels, None for one that depends on the page."""
    match = _LENGTH.fullmatch(text)
    if match is None or match[2] not in _PER_UNIT:
        return None
    return float(match[1]) * _PER_UNIT[match[2]]
