"""What a target means: a value, which every edition and desk reads."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a target turned out to be."""

    CHAPTER = "chapter"
    ASSET = "asset"
    EXTERNAL = "external"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a target means. `url` is what editions write; external targets keep theirs.

    `rule` and `message` say what is wrong, when something is. `path` is the chapter or asset.
    """

    kind: Kind
    url: str
    path: str = ""
    anchor: str = ""
    rule: str = ""
    message: str = ""
    help: str = ""
    relative: bool = False


def asset_path(resolution: Resolution) -> str:
    """Return the path in the book of the asset that a target means, empty where it means none."""
    return resolution.path if resolution.kind is Kind.ASSET else ""
