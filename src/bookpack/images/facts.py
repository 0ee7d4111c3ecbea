"""What a build says of a picture: cheap, and remembered by the hash of the file's bytes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bookpack.images.cache import read_record, write_record
from bookpack.images.limits import Limits, UnreadablePictureError

METHOD = 2
"""Part of a record: facts found by another method are found again."""

_ROOM = "pictures"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is certain of a picture, or why it cannot be read.

    Fields are those of `load.Picture`; `looks` is from `looks.looks_like`. `problem` is empty, or
    the text of an `UnreadablePictureError`; then everything else is empty.
    """

    format: str = ""
    width: int = 0
    height: int = 0
    frames: int = 0
    identity: str = ""
    looks: str = ""
    own_words: tuple[str, ...] = ()
    own_title: str = ""
    own_description: str = ""
    problem: str = ""


def facts_of(data: bytes, digest: str, limits: Limits, cache: Path | None) -> Facts:
    """Return the facts of a picture; `digest` is the SHA-256 (hex) of `data`.

    They are the same with and without a cache, and on every machine: an SVG is read and not
    drawn, since drawing depends on the fonts. Only readable pictures are kept in the cache;
    limits are checked each time.
    """
    try:
        limits.check_bytes(len(data))
        facts = _from_record(read_record(cache, _ROOM, digest))
        if facts is None:
            facts = _found(data, limits)
            write_record(cache, _ROOM, digest, {"method": METHOD, **asdict(facts)})
        if facts.format != "SVG":
            limits.check_pixels(facts.width, facts.height)
    except UnreadablePictureError as error:
        return Facts(problem=str(error))
    return facts


def _found(data: bytes, limits: Limits) -> Facts:
    # Pillow takes a twentieth of a second to import: not for a picture that is remembered.
    from bookpack.images.svg import may_be_svg, read_svg

    if may_be_svg(data):
        drawing = read_svg(data)
        return Facts(
            format="SVG",
            width=drawing.width,
            height=drawing.height,
            frames=1,
            identity=drawing.identity,
            looks=drawing.looks,
            own_words=drawing.words,
            own_title=drawing.title,
            own_description=drawing.description,
        )
    from bookpack.images.load import load_picture
    from bookpack.images.looks import looks_like

    picture = load_picture(data, limits)
    return Facts(
        format=picture.format,
        width=picture.width,
        height=picture.height,
        frames=picture.frames,
        identity=picture.identity,
        looks=looks_like(picture),
    )


def _from_record(record: Mapping[str, Any]) -> Facts | None:
    """Return the facts in a record, None where it is not what `facts_of` wrote."""
    fields = {key: value for key, value in record.items() if key != "method"}
    blank = asdict(Facts())
    if record.get("method") != METHOD or fields.keys() != blank.keys():
        return None
    words = fields["own_words"]
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return None
    fields["own_words"] = tuple(words)
    right = all(type(fields[key]) is type(blank[key]) for key in blank)
    return Facts(**fields) if right and fields["identity"] and not fields["problem"] else None
