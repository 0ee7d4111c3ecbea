"""RapidOCR, asked in small steps.

A picture is looked at as a whole, and a large one once more in parts at a finer scale. Boxes that
lie on one line and meet at the border of two parts become one; each is then cut out of the picture
itself and recognised. A line with digits is recognised a second time from a slightly blurred
cut: numbers on which the two readings disagree, or of which the engine itself is not quite
sure, are doubtful. On numbers 7 to 14 pixels high of which 15 in 384 were misread, that marked 11
of the 15 and 18 of the others.
"""

import math
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy
from PIL import Image, ImageFilter

from bookpack.images.reading_order import NUMBER, Box, Line, in_reading_order

_WHOLE = 4_000_000
_FINE = 9_000_000
_ENLARGED_TO = 1_000_000
_MOST_ENLARGED = 2.0
_PART = 2000
_OVERLAP = 120
_SMALL_LINE = 14
_SURE = 0.5
_SURE_OF_NUMBERS = 0.95
# A dot or a corner of a box is easily taken for a letter; it is then small, or unsure.
_SURE_OF_A_LETTER = 0.9
_BLUR = 0.6
_DIGIT = re.compile(r"\d")


class Engine:
    """Both halves of RapidOCR. Not for several threads at once."""

    def __init__(self, models: Mapping[str, Path]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from rapidocr import RapidOCR

            settings = {
                "Global.log_level": "critical",
                "Global.text_score": 0.0,
                # Sizes are chosen here.
                "Global.min_side_len": 1,
                "Global.max_side_len": 1_000_000,
                "Global.use_vertical_padding": False,
                "Det.limit_type": "max",
                "Det.limit_side_len": 1_000_000,
                "EngineConfig.onnxruntime.intra_op_num_threads": min(4, os.cpu_count() or 1),
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Det.model_path": str(models["det"]),
                "Cls.model_path": str(models["cls"]),
                "Rec.model_path": str(models["rec"]),
            }
            # What is asked of one is kept in it, so each is always asked the same.
            self._detector: Any = RapidOCR(params=settings)
            self._recogniser: Any = RapidOCR(params=settings)

    def lines(self, image: Image.Image) -> list[Line]:
        """Return the lines of text in an RGB picture, in reading order."""
        read = [(quad, self._recognised(image, quad)) for quad in self._quads(image)]
        lines = [line for _, line in read if line is not None]
        order = in_reading_order([line.box for line in lines])
        return [lines[number] for number in order]

    def _quads(self, image: Image.Image) -> list["Quad"]:
        """Return where lines of text are, in pixels of `image`."""
        area = image.width * image.height
        scale = min(_MOST_ENLARGED, math.sqrt(_ENLARGED_TO / area))
        scale = max(scale, min(1.0, math.sqrt(_WHOLE / area)))
        whole = self._detected(image, scale)
        finer = min(1.0, math.sqrt(_FINE / area))
        if finer < scale * 1.3:
            return whole
        # Large letters are seen better from afar, small ones from near.
        large = [quad for quad in whole if quad.height * scale >= _SMALL_LINE]
        near = self._detected(image, finer)
        return large + [quad for quad in near if not any(quad.lies_in(other) for other in large)]

    def _detected(self, image: Image.Image, scale: float) -> list["Quad"]:
        found: list[Quad] = []
        for left, top, part in _parts(image, scale):
            answer = self._detector(_pixels(part), use_det=True, use_cls=False, use_rec=False)
            for corners in () if answer.boxes is None else answer.boxes.tolist():
                found.append(Quad(tuple((x / scale + left, y / scale + top) for x, y in corners)))
        return _joined(found)

    def _recognised(self, image: Image.Image, quad: "Quad") -> Line | None:
        cut = _cut(image, quad)
        text, sure = self._text(cut)
        if not text or sure < (_SURE if len(text) > 1 else _SURE_OF_A_LETTER):
            return None
        doubtful: tuple[str, ...] = ()
        if _DIGIT.search(text):
            again, _ = self._text(cut.filter(ImageFilter.GaussianBlur(_BLUR)))
            confirmed = NUMBER.findall(again) if sure >= _SURE_OF_NUMBERS else []
            doubtful = tuple(n for n in NUMBER.findall(text) if n not in confirmed)
        return Line(text, round(sure, 3), quad.box, doubtful)

    def _text(self, cut: Image.Image) -> tuple[str, float]:
        turned = cut.height >= 1.5 * cut.width
        if turned:  # as labels of axes are
            cut = cut.transpose(Image.Transpose.ROTATE_90)
        # Which way up is asked only for a line that was turned.
        answer = self._recogniser(_pixels(cut), use_det=False, use_cls=turned, use_rec=True)
        if not answer.txts:
            return "", 0.0
        return " ".join(answer.txts[0].split()), float(answer.scores[0])


class Quad(NamedTuple):
    """The four corners of a line: upper left, upper right, lower right, lower left."""

    corners: tuple[tuple[float, float], ...]

    @property
    def box(self) -> Box:
        """The rectangle around it."""
        across, down = zip(*self.corners, strict=True)
        return Box(*(round(v, 1) for v in (min(across), min(down), max(across), max(down))))

    @property
    def height(self) -> float:
        """The shorter side."""
        a, b, _, d = self.corners
        return min(math.dist(a, b), math.dist(a, d))

    def lies_in(self, other: "Quad") -> bool:
        """Tell whether most of it lies in the other's box."""
        one, two = self.box, other.box
        across = min(one.right, two.right) - max(one.left, two.left)
        down = min(one.bottom, two.bottom) - max(one.top, two.top)
        area = (one.right - one.left) * (one.bottom - one.top)
        return across > 0 and down > 0 and across * down > 0.5 * area


def _joined(quads: list[Quad]) -> list[Quad]:
    """Return the lines with those made one that overlap on the same height: cut at a border."""
    joined: list[Quad] = []
    for quad in sorted(quads, key=lambda quad: quad.box.left):
        for at, other in enumerate(joined):
            if _same_line(other.box, quad.box):
                one, two = other.box, quad.box
                left, right = min(one.left, two.left), max(one.right, two.right)
                top, bottom = min(one.top, two.top), max(one.bottom, two.bottom)
                joined[at] = Quad(((left, top), (right, top), (right, bottom), (left, bottom)))
                break
        else:
            joined.append(quad)
    return joined


def _same_line(one: Box, two: Box) -> bool:
    across = min(one.right, two.right) - max(one.left, two.left)
    down = min(one.bottom, two.bottom) - max(one.top, two.top)
    taller = max(one.bottom - one.top, two.bottom - two.top)
    shortest = min(taller, one.right - one.left, two.right - two.left)
    return across > 0.5 * shortest and down > 0.6 * taller


def _parts(image: Image.Image, scale: float) -> Iterator[tuple[int, int, Image.Image]]:
    """Yield overlapping parts of the picture at a scale, each with its place in the picture.

    A part of one colour is left out.
    """
    length, overlap = round(_PART / scale), round(_OVERLAP / scale)
    for top in range(0, max(1, image.height - overlap), length - overlap):
        for left in range(0, max(1, image.width - overlap), length - overlap):
            right, bottom = min(image.width, left + length), min(image.height, top + length)
            size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
            part = image.crop((left, top, right, bottom))
            if len(part.getcolors(2) or "too many") > 1:
                yield left, top, part.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _cut(image: Image.Image, quad: Quad) -> Image.Image:
    """Return the line cut out of the picture and straightened, large letters made smaller."""
    box = quad.box
    left, top = max(0, math.floor(box.left) - 2), max(0, math.floor(box.top) - 2)
    right = min(image.width, math.ceil(box.right) + 2)
    bottom = min(image.height, math.ceil(box.bottom) + 2)
    around = image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
    reduced = max(1, int(quad.height // 96))
    if reduced > 1:
        around = around.reduce(reduced)
    a, b, c, d = (((x - left) / reduced, (y - top) / reduced) for x, y in quad.corners)
    width = max(math.dist(a, b), math.dist(d, c), 1.0)
    height = max(math.dist(a, d), math.dist(b, c), 1.0)
    return around.transform(
        (round(width), round(height)),
        Image.Transform.QUAD,
        (*a, *d, *c, *b),
        Image.Resampling.BICUBIC,
        fillcolor="white",
    )


def _pixels(image: Image.Image) -> Any:
    """Return what RapidOCR takes: rows of blue, green and red."""
    return numpy.ascontiguousarray(numpy.asarray(image)[:, :, ::-1])
