"""Text drawn as a picture: which of it a font can write, how it breaks into lines, and the PNG.

A font that lacks a letter draws a box instead. So it is asked beforehand, and text that it cannot
write is not drawn at all. Pictures have two colours and what lies between them: sixteen shades,
which is what makes them small and quick.
"""

import struct
import unicodedata
import zlib
from collections.abc import Sequence
from copy import copy
from functools import cached_property
from hashlib import sha256
from importlib import resources
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image as Images
    from PIL.ImageFont import FreeTypeFont

_SHADES = 16
_PROBE = 40
"""Pixels: the size at which a font is asked whether it has a letter."""
_SHADE_OF = [value * _SHADES // 256 for value in range(256)]
_LEVEL, _MEMORY = 1, 9
"""For zlib, whose strategy Z_RLE is the quickest for even areas."""
_ZLIB_HEAD = b"\x78\x01"
"""What stands before data compressed like that (RFC 1950); their checksum stands behind."""
_NO_LETTER = "\U0010ffff"
_JOINERS = "\u200c\u200d"
"""Seen by their neighbours alone, whose shapes they decide."""
_LONGEST = 1000
"""Code points of a text that are looked at; no picture has room for more."""
_UNSEEN = ("Cc", "Cf")
_AS_EMOJI = "\ufe0f"
_SAME_LOOK = str.maketrans({"\u00a0": " ", "\u2010": "-", "\u2011": "-", "\u202f": " "})


class Typeface:
    """A font for pictures: the author's own, or one with Latin, Greek and Cyrillic letters."""

    def __init__(self, data: bytes | None = None) -> None:
        """Take the content of a TrueType or OpenType file. Raises `ValueError` if it is none."""
        # The own font holds no letters that join, and is written in the same way everywhere.
        self._arranges = data is not None and can_arrange()
        if data is None:
            folder = resources.files("ttf_opensans")
            data = folder.joinpath("ttf", "OpenSans-SemiBold.ttf").read_bytes()
        self._data = data
        self._sizes: dict[int, FreeTypeFont] = {}
        self._known: dict[str, bool] = {}
        self._plain: set[str] = set()
        self.sized(_PROBE)

    @cached_property
    def digest(self) -> str:
        """A hash of everything that decides how this font's text looks."""
        import PIL

        return sha256(self._data + PIL.__version__.encode()).hexdigest()

    def writable(self, text: str) -> str:
        """Return what of `text` this font can write: all but symbols, or nothing if letters lack.

        Emoji and arrows may go, because a title without them is still the title.
        """
        line = unicodedata.normalize("NFC", " ".join(text.translate(_SAME_LOOK).split()))
        if self._plain.issuperset(line):
            return line
        kept = []
        for character in line:
            kind = unicodedata.category(character)
            joins = character in _JOINERS and self._arranges
            if joins or (kind not in _UNSEEN and self._has(character)):
                kept.append(character)
            elif kind[0] != "S" and kind not in _UNSEEN and character != _AS_EMOJI:
                return ""
        written = " ".join("".join(kept).split())
        if any(map(_is_arranged, written)):
            return written if self._arranges else ""
        self._plain.update(kept)
        return written

    def fit(
        self, text: str, width: int, most_lines: int, sizes: Sequence[int]
    ) -> tuple[int, list[str]]:
        """Return the first of `sizes` (pixels) at which `text` fits into lines, and the lines.

        Where none is small enough, the text is cut at the last size, and ends in an ellipsis.
        """
        lines: list[str] = []
        for size in sizes:
            lines = self._broken(text[:_LONGEST], width, size)
            if len(lines) <= most_lines:
                return size, lines
        last = lines[most_lines - 1]
        while last and self._width(f"{last}…", sizes[-1]) > width:
            last = last[:-1].rstrip()
        return sizes[-1], [*lines[: most_lines - 1], f"{last}…"]

    def _broken(self, text: str, width: int, size: int) -> list[str]:
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if self._width(longer, size) <= width:
                lines[-1] = longer
                continue
            if lines[-1]:
                lines.append("")
            for character in word:  # a word on a line of its own, or on several
                if lines[-1] and self._width(lines[-1] + character, size) > width:
                    lines.append("")
                lines[-1] += character
        return lines

    def _width(self, text: str, size: int) -> float:
        return float(self.sized(size).getlength(text))

    def _has(self, character: str) -> bool:
        if character == " ":
            return True
        known = self._known.get(character)
        if known is None:
            shape = self._shape(character)
            known = shape != self._shape(_NO_LETTER) and any(shape)
            self._known[character] = known
        return known

    def _shape(self, character: str) -> bytes:
        return bytes(self.sized(_PROBE).getmask(character))

    def sized(self, size: int) -> "FreeTypeFont":
        """Return the font with letters of `size` pixels. Raises `ValueError` if it is none."""
        font = self._sizes.get(size)
        if font is None:
            from PIL import ImageFont

            engine = ImageFont.Layout.RAQM if self._arranges else ImageFont.Layout.BASIC
            try:
                font = ImageFont.truetype(BytesIO(self._data), size, layout_engine=engine)
            except OSError:
                raise ValueError("no font that can be read") from None
            self._sizes[size] = font
        return font

    def reach(self, size: int) -> tuple[int, int]:
        """Return how far letters of `size` reach above and below their foot, in pixels.

        That is what the font says of itself, and a little more for marks above capitals.
        """
        above, below = self.sized(size).getmetrics()
        return above + size // 8, below + size // 8


class Canvas:
    """A picture of `width` × `height` pixels in `paper`, on which is written in `ink`."""

    def __init__(self, width: int, height: int, paper: str, ink: str) -> None:
        """Take colours as `#rrggbb`."""
        from PIL import Image

        self._image = Image.new("L", (width, height), 0)
        self._paper, self._ink = _channels(paper), _channels(ink)

    @property
    def height(self) -> int:
        """How many lines the picture has."""
        return self._image.height

    def strip(self, top: int, bottom: int) -> "Canvas":
        """Return the lines of the picture from `top` up to and without `bottom`."""
        strip = copy(self)
        strip._image = self._image.crop((0, top, self._image.width, bottom))
        return strip

    def fill(self, box: tuple[int, int, int, int], strength: float = 1.0) -> None:
        """Fill `box` (left, top, right, bottom) with ink; weaker ink lets paper through."""
        left, top, right, bottom = box
        self._image.paste(round(255 * strength), (left, top, right, bottom))

    def write(
        self,
        typeface: Typeface,
        size: int,
        text: str,
        place: tuple[int, int],
        anchor: str = "ls",
        strength: float = 1.0,
    ) -> None:
        """Write one line at `place`, the point of it that Pillow calls `anchor`.

        https://pillow.readthedocs.io/en/stable/handbook/text-anchors.html
        """
        from PIL import ImageDraw

        draw = ImageDraw.Draw(self._image)
        font = typeface.sized(size)
        draw.text(place, text, round(255 * strength), font=font, anchor=anchor)

    def png(self) -> bytes:
        """Return the picture as PNG, four bits a pixel (https://www.w3.org/TR/png-3/).

        Written here, because Pillow takes twice as long for it, and a book has a card a chapter.
        """
        lines = self.lines()
        return self.png_of(_deflated(lines, last=True), zlib.adler32(lines))

    def lines(self) -> bytes:
        """Return the lines of the picture as PNG has them before they are compressed."""
        bits = self._shades().tobytes("raw", "P;4")
        length = -(-self._image.width // 2)
        # Every line begins with the number of its filter, and none is the best for even areas.
        return b"".join(
            b"\0" + bits[start : start + length] for start in range(0, len(bits), length)
        )

    def png_of(self, deflated: bytes, checksum: int) -> bytes:
        """Return a PNG of this size and these colours, whose lines are `deflated`."""
        width, height = self._image.size
        data = _ZLIB_HEAD + deflated + checksum.to_bytes(4, "big")
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            (
                _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)),
                _chunk(b"PLTE", bytes(self._palette())),
                _chunk(b"IDAT", data),
                _chunk(b"IEND", b""),
            )
        )

    def ico(self) -> bytes:
        """Return the picture, a small square, as an icon file of Windows."""
        data = BytesIO()
        self._shades().convert("RGBA").save(data, "ICO", sizes=[self._image.size])
        return data.getvalue()

    def _shades(self) -> "Images.Image":
        shades = self._image.point(_SHADE_OF)
        shades.putpalette(self._palette())
        return shades

    def _palette(self) -> list[int]:
        """Return red, green and blue of each shade, from paper to ink."""
        last = _SHADES - 1
        return [
            round(paper + (ink - paper) * shade / last)
            for shade in range(_SHADES)
            for paper, ink in zip(self._paper, self._ink, strict=True)
        ]


class Backdrop:
    """A picture that many others repeat but for some lines: what they share is compressed once."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._lines = memoryview(canvas.lines())
        self._around: dict[tuple[int, int], tuple[bytes, bytes]] = {}

    def strip(self, top: int, bottom: int) -> Canvas:
        """Return the lines from `top` up to and without `bottom`, to be drawn on."""
        return self._canvas.strip(top, bottom)

    def png(self, strip: Canvas, top: int) -> bytes:
        """Return the picture with `strip` in the place of its lines from `top` on."""
        lines = strip.lines()
        start = top * (len(self._lines) // self._canvas.height)
        end = start + len(lines)
        if (start, end) not in self._around:
            above = _deflated(self._lines[:start], last=False)
            self._around[start, end] = above, _deflated(self._lines[end:], last=True)
        above, below = self._around[start, end]
        checksum = zlib.adler32(lines, zlib.adler32(self._lines[:start]))
        checksum = zlib.adler32(self._lines[end:], checksum)
        return self._canvas.png_of(above + _deflated(lines, last=False) + below, checksum)


def _deflated(lines: "bytes | memoryview", *, last: bool) -> bytes:
    """Return `lines` compressed (RFC 1951); such pieces may follow each other up to the last."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, _MEMORY, zlib.Z_RLE)
    return packer.compress(lines) + packer.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def ink_on(paper: str) -> str:
    """Return white or near black, whichever is easier to read on `paper` (`#rrggbb`).

    By the contrast ratio of WCAG 2.2 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio).
    """
    light = _luminance(paper)
    white, black = "#ffffff", "#111111"
    on_white = 1.05 / (light + 0.05)
    on_black = (light + 0.05) / (_luminance(black) + 0.05)
    return white if on_white >= on_black else black


def _luminance(color: str) -> float:
    def linear(channel: int) -> float:
        share = channel / 255
        return float(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = map(linear, _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def can_arrange() -> bool:
    """Tell whether Pillow can write scripts whose letters join, or run from right to left."""
    from PIL import features

    return bool(features.check("raqm"))


def _is_arranged(character: str) -> bool:
    """Tell whether a letter stands otherwise than simply to the right of the one before."""
    right_to_left = unicodedata.bidirectional(character) in ("R", "AL")
    return right_to_left or unicodedata.category(character)[0] == "M"
