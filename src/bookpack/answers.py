"""What models wrote, kept as readable files in the book's own folder: one file a picture.

A file is a TOML head between `+++` lines and the text in Markdown, so that a person can read,
edit and commit it. What a person has touched is never overwritten.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """How far a description is."""

    OPEN = "open"
    """Written by a machine; nobody has looked at it yet."""
    REVIEWED = "reviewed"
    """A person approved it for this version of the picture."""


@dataclass(frozen=True, slots=True)
class Description:
    """One description.

    `file` is its name in the folder of descriptions. `identity` is the SHA-256 (hex) of the
    picture's normalised pixels, `files` are paths in the book → SHA-256 (hex) of the bytes that had
    these pixels; a picture from elsewhere has its address there. `engine` is `model`,
    `offline` or `person`. `text_hash` is the hash of the text as the engine wrote it: another
    text means that a person has edited it. `words` are those found in the picture by reading it
    (its own text, or OCR), None where nobody read it.
    """

    file: str
    identity: str
    files: Mapping[str, str]
    kind: str
    title: str
    alt: str
    text: str
    engine: str
    text_hash: str
    state: State = State.OPEN
    decorative: bool = False
    model: str = ""
    prompt: str = ""
    words: tuple[str, ...] | None = None
    usage: Mapping[str, int | float | str] = field(default_factory=dict)

    @property
    def touched(self) -> bool:
        """Tell whether a person edited or approved it: then no engine replaces it."""
        raise NotImplementedError
