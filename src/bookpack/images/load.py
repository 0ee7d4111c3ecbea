"""Pictures as they come, made equal: upright, first frame, RGB with 8 bits on white.

Everything that is not SVG is decoded by Pillow. Colours are converted by its simple formulas,
without ICC profiles: words and shapes stay what they are. Limits are checked on the size that
the file's head states, before anything is decoded.
"""

import contextlib
import hashlib
import io
import math
import re
import struct
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

from PIL import Image, ImageOps

from bookpack.ask.question import Attachment
from bookpack.images import svg
from bookpack.images.data_uri import data_uri
from bookpack.images.limits import Limits, UnreadablePictureError

__all__ = [
    "Limits",
    "Picture",
    "UnreadablePictureError",
    "data_uri",
    "for_model",
    "load_picture",
    "rows_for_model",
]

# Formats that browsers show, and TIFF. Pillow knows many more; some start other programs.
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "AVIF")
_SIGNS = {
    b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"RIFF": "WebP", b"II*\0": "TIFF",
    b"MM\0*": "TIFF", b"BM": "BMP", b"\0\0\0": "AVIF",
}  # fmt: skip
_NAMES = {"WEBP": "WebP", "MPO": "JPEG"}
# What broken files make Pillow's decoders raise.
_BROKEN = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError,
           EOFError, OverflowError, struct.error, Image.DecompressionBombError)  # fmt: skip
_ROWS = 256
_LARGE = 16_000_000
# One large picture at a time: each takes up to nine bytes a pixel while it is made equal.
_one_large = threading.Lock()
_opening = threading.Lock()

_SMALL_SIDE: Final = 32
_ENLARGED_TO: Final = 256
_MOST_ENLARGED: Final = 4
_FOLDED_BELOW = 0.6
_STRIP = 4
_OVERLAP = 0.04
_GAP = 12
_JPEG_QUALITY = 92


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that can be shown.

    `format` is `PNG`, `JPEG`, `GIF`, `WebP`, `TIFF`, `BMP`, `AVIF` or `SVG`. `width` and `height`
    are pixels as shown: upright, CSS pixels for SVG. `frames` counts those of an animation, or
    the pages of a TIFF. `identity` is the SHA-256 (hex) of size and RGB pixels, so one picture in
    two formats without loss has one identity; for SVG see `svg.Drawing`. `own_words`, `own_title`
    and `own_description` are what an SVG says in text. `pixels` are RGB; those of an SVG are drawn
    at another size than `width` and `height`.
    """

    format: str
    width: int
    height: int
    frames: int
    identity: str
    own_words: tuple[str, ...]
    own_title: str
    own_description: str
    pixels: Image.Image


def load_picture(data: bytes, limits: Limits) -> Picture:
    """Decode a picture, whatever its file is called. Raises `UnreadablePictureError`.

    It may be called from several threads.
    """
    limits.check_bytes(len(data))
    if svg.may_be_svg(data):
        drawing = svg.read_svg(data)
        drawn = load_picture(svg.draw(drawing), Limits(svg.DRAWN_PIXELS, svg.DRAWN_PIXELS * 8))
        return Picture(
            format="SVG",
            width=drawing.width,
            height=drawing.height,
            frames=1,
            identity=drawing.identity,
            own_words=drawing.words,
            own_title=drawing.title,
            own_description=drawing.description,
            pixels=drawn.pixels,
        )
    with _opened(data) as image:
        limits.check_pixels(*image.size)
        alone = image.width * image.height > _LARGE
        try:
            with _one_large if alone else contextlib.nullcontext():
                return _made_equal(image, len(data))
        except MemoryError as error:
            raise UnreadablePictureError("needs more memory than there is") from error


def for_model(picture: Picture, longest_side: int) -> Attachment:
    """Return the picture as a model is sent it, at most `longest_side` pixels wide and high.

    A strip whose text would become unreadable (20,000 × 300) is folded: cut into rows that stand
    below each other, see `rows_for_model`; neighbouring rows overlap a little, so that no word is
    lost at a cut. A small picture is enlarged up to four times, and what is smaller still stands
    on a white sheet of 32 × 32: some endpoints refuse less. The bytes are PNG, or JPEG where that
    is much smaller, as it is with photographs alone.
    """
    image = _folded(picture.pixels, rows_for_model(picture, longest_side))
    longest = max(image.size)
    scale = min(1.0, longest_side / longest)
    if longest < _ENLARGED_TO:
        scale = min(_MOST_ENLARGED, _ENLARGED_TO / longest, longest_side / longest)
    if scale != 1:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    if min(image.size) < _SMALL_SIDE:
        sheet = Image.new("RGB", tuple(max(_SMALL_SIDE, side) for side in image.size), "white")  # type: ignore[arg-type]
        sheet.paste(image)
        image = sheet
    as_png, as_jpeg = io.BytesIO(), io.BytesIO()
    image.save(as_png, "PNG")
    image.save(as_jpeg, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    if as_jpeg.tell() * 2 < as_png.tell():
        return Attachment(as_jpeg.getvalue(), "image/jpeg", *image.size)
    return Attachment(as_png.getvalue(), "image/png", *image.size)


def rows_for_model(picture: Picture, longest_side: int) -> int:
    """Return into how many rows `for_model` folds the picture: 1 where it does not.

    Rows follow the reading direction: of a wide strip from left to right, of a tall one from top
    to bottom, where they stand beside each other.
    """
    short, long = sorted((picture.width, picture.height))
    if longest_side / long > _FOLDED_BELOW or long < _STRIP * short:
        return 1
    # As many as make the sheet about square; no more than bring the strip to its own size.
    square = round(math.sqrt(long / short))
    enough = -(-long // longest_side)
    return max(1, min(square, enough))


def _opened(data: bytes) -> Image.Image:
    """Return a picture of which only the head has been read."""
    _silence()
    Image.init()
    formats = [name for name in _FORMATS if name in Image.OPEN]
    # Pillow's own limit is a global, lower than ours, and looked at while a file is opened.
    with _opening:
        usual, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(io.BytesIO(data), formats=formats)
        except _BROKEN as error:
            known = next((name for sign, name in _SIGNS.items() if data.startswith(sign)), "")
            if known and (known != "AVIF" or b"ftypavi" in data[:32]):
                raise UnreadablePictureError(f"is a damaged {known} file") from error
            raise UnreadablePictureError("is no picture that can be read") from error
        finally:
            Image.MAX_IMAGE_PIXELS = usual


def _made_equal(image: Image.Image, size: int) -> Picture:
    frames = _frames(image)
    try:
        image.load()
    except _BROKEN as error:
        if "truncated" in str(error).lower() or isinstance(error, EOFError):
            raise UnreadablePictureError(f"is cut off after {size:,} bytes") from error
        name = _NAMES.get(image.format or "", image.format)
        raise UnreadablePictureError(f"is a damaged {name} file") from error
    try:
        _turn_upright(image)
        pixels = _on_white(image)
    except _BROKEN as error:
        raise UnreadablePictureError(f"has colours that cannot be shown ({image.mode})") from error
    name = image.format or ""
    return Picture(
        format=_NAMES.get(name, name),
        width=pixels.width,
        height=pixels.height,
        frames=frames,
        identity=_identity(pixels),
        own_words=(),
        own_title="",
        own_description="",
        pixels=pixels,
    )


def _silence() -> None:
    """Let Pillow's warnings about odd files reach nobody: what matters raises."""
    module = re.compile(r"PIL\.")
    if not any(entry[3] == module for entry in warnings.filters):
        warnings.filterwarnings("ignore", module=module.pattern)


def _turn_upright(image: Image.Image) -> None:
    # Browsers ignore a damaged EXIF block too.
    with contextlib.suppress(*_BROKEN):
        ImageOps.exif_transpose(image, in_place=True)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bits(image)
    if image.mode in ("La", "RGBa"):
        image = image.convert(image.mode[:-1] + "A")
    if image.has_transparency_data:
        if image.mode != "RGBA":
            image = image.convert("RGBA")
        sheet = Image.new("RGB", image.size, "white")
        sheet.paste(image, mask=image.getchannel("A"))
        return sheet
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return grey of 8 bits: of 16 bits the upper half, of anything else its range."""
    whole = image.convert("F")
    low, high = cast(tuple[float, float], whole.getextrema())
    if image.mode.startswith("I;16") or (image.mode == "I" and low >= 0 and high < 65_536):
        low, high = 0.0, 65_280.0
    # Convert rounds down, so the tiny sum keeps 257 × k at k.
    scale = 255.0 / (high - low) if high > low else 0.0
    grey = whole.point(lambda value: value * scale - low * scale).convert("L")
    grey.info.pop("transparency", None)
    return grey


def _frames(image: Image.Image) -> int:
    try:
        return max(1, int(getattr(image, "n_frames", 1)))
    except _BROKEN:
        return 1


def _identity(pixels: Image.Image) -> str:
    digest = hashlib.sha256(b"%d %d\n" % pixels.size)
    for strip in _strips(pixels):
        digest.update(strip.tobytes())
    return digest.hexdigest()


def _strips(image: Image.Image) -> Iterator[Image.Image]:
    """Yield the picture in parts of so many rows: a copy of all of it would be too much."""
    for top in range(0, image.height, _ROWS):
        yield image.crop((0, top, image.width, min(image.height, top + _ROWS)))


def _folded(image: Image.Image, rows: int) -> Image.Image:
    """Return the rows of a strip below each other (or beside each other) with grey between."""
    if rows == 1:
        return image
    wide = image.width > image.height
    long, short = max(image.size), min(image.size)
    length = -(-long // rows)
    overlap = int(length * _OVERLAP)
    across = length + overlap
    down = rows * short + (rows - 1) * _GAP
    sheet = Image.new("RGB", (across, down) if wide else (down, across), "#808080")
    for row in range(rows):
        start = max(0, min(row * length, long - across))
        box = (start, 0, start + across, short) if wide else (0, start, short, start + across)
        at = row * (short + _GAP)
        sheet.paste(image.crop(box), (0, at) if wide else (at, 0))
    return sheet
