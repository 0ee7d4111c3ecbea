"""What an edition says in the place of a picture."""

from dataclasses import dataclass
from enum import StrEnum


class Origin(StrEnum):
    """Who described a picture."""

    MODEL = "model"
    PERSON = "person"
    """A person wrote the description, or edited what was there."""
    OFFLINE = "offline"
    """Nobody: it is what the file itself tells, and words found in it."""
    NONE = "none"
    """There is no description beyond the author's alternative text."""


@dataclass(frozen=True, slots=True)
class PictureWords:
    """The words for one picture, the same in every edition.

    `alt` is one line of plain text: the author's alternative text, or else the short one of the
    description. `description` is Markdown that can be quoted as a block and is empty when there
    is none; it never repeats `alt`. `title` names the picture where the author gave no caption.
    `identity` is the hash of the picture's pixels, or empty where nobody looked at them.
    """

    alt: str = ""
    title: str = ""
    description: str = ""
    origin: Origin = Origin.NONE
    reviewed: bool = False
    decorative: bool = False
    identity: str = ""
