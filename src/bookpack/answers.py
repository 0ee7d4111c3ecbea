"""What models wrote, kept as readable files in the book's own folder: one file a picture.

A file is a TOML head between `+++` lines and the text in Markdown, so that a person can read,
edit and commit it. What a person has touched is never overwritten: the head holds a hash of
what the engine wrote, and any other text is a person's. Files are written whole or not at
all, and two runs at once do not hurt each other.
"""

import difflib
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from bookpack.errors import WorldError
from bookpack.source import normalise_newlines
from bookpack.system import folder_lock, replace_file, unfinished_files

FILE_NAME = re.compile(r"[^/]*-[0-9a-f]{12}\.md")
"""What the name of a description looks like; no other file in its folder is touched or read."""
ENGINES = ("model", "offline", "person")
_MARK = "+++"
_CONFLICT = re.compile(r"(?:<{7}|>{7}|\|{7}) ")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_KEYS = (
    *("kind", "title", "alt", "state", "engine", "model", "prompt", "written", "identity"),
    *("words", "files", "usage"),
)
_NAME_LENGTH = 60
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


class State(StrEnum):
    """How far a description is."""

    OPEN = "open"
    """Written by a machine; nobody has looked at it yet."""
    REVIEWED = "reviewed"
    """A person approved it for this version of the picture."""


class UnreadableDescriptionError(ValueError):
    """A file that cannot be understood. Its text completes "the description …"; `line` from 1."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Description:
    """One description.

    `identity` is the SHA-256 (hex) of the picture's pixels; `files` are paths in the book → SHA-256
    (hex) of the bytes that had these pixels, with the address in place of the path for a picture
    from elsewhere. `engine` is `model`, `offline` or `person`. `written` is the hash of what
    the engine wrote. `words` are the lines read in the picture (its own text, or OCR), None
    where nobody read it. `usage` is what it cost: tokens and money.
    """

    identity: str
    files: Mapping[str, str]
    kind: str = ""
    title: str = ""
    alt: str = ""
    text: str = ""
    engine: str = "person"
    written: str = ""
    state: State = State.OPEN
    model: str = ""
    prompt: str = ""
    words: tuple[str, ...] | None = None
    usage: Mapping[str, int | float | str] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What a person has added to the head."""

    @property
    def content_hash(self) -> str:
        """The hash of everything that a reader of the book sees of it."""
        parts = (self.kind, self.title, self.alt, _as_kept(self.text))
        return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def edited(self) -> bool:
        """Tell whether a person has changed what the engine wrote."""
        return self.content_hash != self.written

    @property
    def touched(self) -> bool:
        """Tell whether a person edited or approved it: then no engine replaces it."""
        return self.edited or self.state is State.REVIEWED

    @property
    def decorative(self) -> bool:
        """Tell whether the picture says nothing that a reader would miss."""
        return self.kind.casefold() == "decorative"

    def as_written(self) -> "Description":
        """Return it as its engine leaves it: with the hash of what it says."""
        return replace(self, written=self.content_hash)


def file_name(path: str, identity: str) -> str:
    """Return the name of the file for the picture at `path`, a path or address."""
    stem = path.partition("?")[0].rstrip("/").rpartition("/")[2].rpartition(".")[0] or "picture"
    if path.startswith("data:"):
        stem = "embedded"
    name = _NOT_IN_NAMES.sub("-", stem).strip("-.")[:_NAME_LENGTH] or "picture"
    return f"{name}-{identity[:12]}.md"


def parse_description(data: bytes) -> Description:
    """Read a file. Raises `UnreadableDescriptionError`."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableDescriptionError("is not UTF-8", line) from None
    text = normalise_newlines(text)
    lines = text.split("\n")
    conflict = _conflict_in(lines)
    if conflict:
        raise UnreadableDescriptionError("holds the marks of a merge conflict", conflict)
    if lines[0].rstrip() != _MARK:
        raise UnreadableDescriptionError(f"does not begin with a line {_MARK}")
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == _MARK), 0)
    if not end:
        raise UnreadableDescriptionError(f"has no second line {_MARK} behind its head")
    try:
        head = tomllib.loads("\n".join(lines[1:end]))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UnreadableDescriptionError(f"has a head that is not TOML: {error}", 2) from None
    return _from_head(head, _as_kept("\n".join(lines[end + 1 :])))


def _conflict_in(lines: list[str]) -> int:
    """Return the line (from 1) of a merge conflict's mark, 0 where there is none.

    A picture may show such marks; then they stand in a code block.
    """
    fence = ""
    for number, line in enumerate(lines, 1):
        opened = _FENCE.match(line)
        if opened and not fence:
            fence = opened[1]
        elif fence and line.strip() and not line.strip().strip(fence[0]):
            if len(line.strip()) >= len(fence):
                fence = ""
        elif not fence and _CONFLICT.match(line):
            return number
    return 0


def body_start(text: str) -> int:
    """Return the offset (code points) at which the description's own text begins in its file."""
    match = re.match(r"\ufeff?\+\+\+[ \t]*\r?\n.*?^\+\+\+[ \t]*(?:\r?\n|\Z)\s*", text, re.M | re.S)
    return match.end() if match else 0


def format_description(description: Description) -> bytes:
    """Return the file's content."""
    import tomli_w

    head: dict[str, Any] = {
        "kind": description.kind,
        "title": description.title,
        "alt": description.alt,
        "state": description.state.value,
        "engine": description.engine,
    }
    for name in ("model", "prompt"):
        if getattr(description, name):
            head[name] = getattr(description, name)
    head["written"] = description.written
    head["identity"] = description.identity
    if description.words is not None:
        head["words"] = list(description.words)
    head.update(description.notes)
    head["files"] = dict(sorted(description.files.items()))
    if description.usage:
        head["usage"] = dict(description.usage)
    text = _as_kept(description.text)
    written = tomli_w.dumps(head)
    body = f"\n{text}\n" if text else ""
    # A lone surrogate is no text, and no reason to lose an answer.
    return f"{_MARK}\n{written}{_MARK}\n{body}".encode("utf-8", "replace")


class DescriptionFolder:
    """The folder that holds a book's descriptions, for those who write into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._is_clean = False

    def read(self, name: str) -> Description | None:
        """Return what the file holds, or None where there is none or it cannot be understood."""
        try:
            return parse_description((self.folder / name).read_bytes())
        except (OSError, UnreadableDescriptionError):
            return None

    def is_damaged(self, name: str) -> bool:
        """Tell whether the file is there and cannot be understood."""
        return (self.folder / name).exists() and self.read(name) is None

    def put(
        self, name: str, make: Callable[[Description | None], Description | None]
    ) -> Description | None:
        """Write the file that `make` returns, given what is there at that moment.

        `make` gets None where there is no readable file, and returns None to leave it as it is.
        Nobody else writes in between. A file that is there and cannot be understood is left alone,
        since a person may be mending it. Raises `WorldError`.
        """
        place = self.folder / name
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with folder_lock(self.folder):
                self._clean()
                now = self.read(name)
                if now is None and place.exists():
                    return None
                wanted = make(now)
                if wanted is None:
                    return now
                data = format_description(wanted)
                if parse_description(data).content_hash != wanted.content_hash:
                    raise UnreadableDescriptionError("would not come back as it is")
                if now is None or place.read_bytes() != data:
                    replace_file(place, data)
                return wanted
        except OSError as error:
            raise WorldError(f"Cannot write {place}: {error.strerror or error}.") from error
        except UnreadableDescriptionError as error:
            raise WorldError(f"Cannot write {place}: the text {error}.") from error

    def prepare(self) -> None:
        """Make sure that files can be written, before anything is paid for. Raises `WorldError`."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with folder_lock(self.folder):
                probe = self.folder / ".probe"
                replace_file(probe, b"")
                probe.unlink()
        except OSError as error:
            reason = error.strerror or error
            raise WorldError(f"Cannot write to {self.folder}: {reason}.") from error

    def _clean(self) -> None:
        if not self._is_clean:
            for left in unfinished_files(self.folder):
                left.unlink(missing_ok=True)
            self._is_clean = True

    def remove(self, name: str, known: Description) -> bool:
        """Remove a file unless it has changed since it was read as `known`; tell whether it went.

        Raises `WorldError`.
        """
        try:
            with folder_lock(self.folder):
                if self.read(name) != known:
                    return False
                (self.folder / name).unlink(missing_ok=True)
                return True
        except OSError as error:
            place = self.folder / name
            raise WorldError(f"Cannot remove {place}: {error.strerror or error}.") from error


def _as_kept(text: str) -> str:
    return normalise_newlines(text).strip("\n").rstrip()


def _words(head: Mapping[str, Any]) -> tuple[str, ...] | None:
    words = head.get("words")
    if words is None:
        return None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise UnreadableDescriptionError("must give words as a list of strings", 2)
    return tuple(words)


def _from_head(head: Mapping[str, Any], text: str) -> Description:
    def string(name: str, default: str = "") -> str:
        value = head.get(name, default)
        if not isinstance(value, str):
            raise UnreadableDescriptionError(f"must give {name} as a string", 2)
        return value

    for key in sorted(head.keys() - set(_KEYS)):
        near = difflib.get_close_matches(key, _KEYS, n=1, cutoff=0.75)
        if near:
            message = f"has {key} in its head, which is unknown; did you mean {near[0]}?"
            raise UnreadableDescriptionError(message, 2)
    files = head.get("files", {})
    if not isinstance(files, dict) or not all(isinstance(v, str) for v in files.values()):
        raise UnreadableDescriptionError("must give [files] as a table of paths and hashes", 2)
    usage = head.get("usage", {})
    if not isinstance(usage, dict) or any(
        isinstance(value, float) and not math.isfinite(value) for value in usage.values()
    ):
        raise UnreadableDescriptionError("must give [usage] as a table of plain numbers", 2)
    state = string("state", State.OPEN.value)
    if state not in tuple(State):
        known = " or ".join(f'"{one}"' for one in State)
        raise UnreadableDescriptionError(f"has the state {state!r}; it must be {known}", 2)
    engine = string("engine", "person")
    if engine not in ENGINES:
        known = ", ".join(f'"{one}"' for one in ENGINES)
        raise UnreadableDescriptionError(f"has the engine {engine!r}; known are {known}", 2)
    identity = string("identity")
    if not files and not identity:
        raise UnreadableDescriptionError("names neither [files] nor the identity of a picture", 2)
    return Description(
        identity=identity,
        files=files,
        kind=string("kind"),
        title=" ".join(string("title").split()),
        alt=" ".join(string("alt").split()),
        text=text,
        engine=engine,
        written=string("written"),
        state=State(state),
        model=string("model"),
        prompt=string("prompt"),
        words=_words(head),
        notes={key: value for key, value in head.items() if key not in _KEYS},
        usage=usage,
    )
