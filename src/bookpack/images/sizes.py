"""How large a picture is shown, from the head of its file alone."""

import re
from io import BytesIO

_SVG = re.compile(rb"<svg\b[^>]*>", re.S | re.I)
_SVG_LENGTH = re.compile(rb"\s(width|height)\s*=\s*[\"']\s*([0-9.]+)(?:px)?\s*[\"']")
_VIEW_BOX = re.compile(
    rb"\sviewBox\s*=\s*[\"']\s*[-0-9.e]+[\s,]+[-0-9.e]+[\s,]+([0-9.]+)[\s,]+([0-9.]+)"
)
_HEAD_OF_SVG = 8192


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return width and height in CSS pixels of the picture in `data`, None where nobody can tell.

    No pixel is decoded.
    """
    head = data[:_HEAD_OF_SVG]
    svg = _SVG.search(head)
    if svg is not None:
        return _size_of_svg(svg[0])
    from PIL import Image

    try:
        with Image.open(BytesIO(data)) as picture:
            return picture.size
    except Exception:
        return None  # what no decoder knows has no size; the page shows it as the browser does


def _size_of_svg(tag: bytes) -> tuple[int, int] | None:
    lengths = {name: float(value) for name, value in _SVG_LENGTH.findall(tag)}
    if len(lengths) < 2:
        box = _VIEW_BOX.search(tag)
        if box is None:
            return None
        lengths = {b"width": float(box[1]), b"height": float(box[2])}
    width, height = round(lengths[b"width"]), round(lengths[b"height"])
    return (width, height) if width > 0 and height > 0 else None
