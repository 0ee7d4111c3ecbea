"""Files of lines in the book's folder `review/`: only ever appended to, by one writer at a time.

git merges them with its union driver (`review/.gitattributes` asks for that). What a process
that died has left of a line stays where it is and swallows nothing that is written later.
"""

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from bookpack.errors import WorldError
from bookpack.system import try_lock, unlock

FOLDER = "review"
_PATIENCE = 30.0
"""Seconds to wait for another reviewer to finish writing."""


def as_line(record: Mapping[str, Any]) -> str:
    """Return `record` as one line of JSON that is UTF-8, and readable where it can be.

    Half a character, as a command's arguments may hold on a machine of other habits, is escaped.
    """
    line = json.dumps(record, ensure_ascii=False)
    return line if line.encode("utf-8", "replace").decode() == line else json.dumps(record)


class LineFile:
    """One file below `review/` of the book in `folder`; `name` is its path from that folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.place = folder / name

    def read(self) -> bytes:
        """Return everything in the file, nothing where there is none. Raises `WorldError`."""
        try:
            return self.place.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise _cannot("read", self.name, error) from error

    @contextlib.contextmanager
    def locked(self) -> Iterator["OpenLines"]:
        """Keep other writers out until the block ends. Raises `WorldError`.

        The operating system gives the lock back when the process dies.
        """
        with self._open() as file:
            deadline = time.monotonic() + _PATIENCE
            while not try_lock(file.fileno()):
                if time.monotonic() > deadline:
                    raise WorldError(
                        f"Somebody else is writing {self.name}. Wait for it to end and run again."
                    )
                time.sleep(0.02)
            try:
                yield OpenLines(self.name, file)
            finally:
                unlock(file.fileno())

    def _open(self) -> BinaryIO:
        place = self.place.parent
        try:
            place.mkdir(parents=True, exist_ok=True)
            if not place.resolve().is_relative_to(self.folder.resolve()):
                raise WorldError(f"{FOLDER} is a link out of the book's folder.")
            attributes = place / ".gitattributes"
            # An empty one was left by a disk that was full.
            if not attributes.is_symlink() and not (
                attributes.exists() and attributes.stat().st_size
            ):
                attributes.write_text("*.jsonl merge=union\n", "utf-8")
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
            flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
            return os.fdopen(os.open(self.place, flags, 0o644), "r+b", buffering=0)
        except OSError as error:
            raise _cannot("write", self.name, error) from error


class OpenLines:
    """The file while it is locked: `data` is what stood in it."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self._name = name
        self._file = file
        try:
            file.seek(0)
            self.data = file.read()
        except OSError as error:
            raise _cannot("read", name, error) from error
        # A torn last line must not swallow the first line that is appended now.
        self._torn = bool(self.data) and not self.data.endswith(b"\n")

    def append(self, lines: Sequence[str]) -> None:
        """Write `lines` to the disk. Raises `WorldError`."""
        text = "".join(f"{line}\n" for line in lines)
        data = (b"\n" if self._torn else b"") + text.encode()
        # Until it is all there, what is there may be a torn line.
        self._torn = True
        try:
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _cannot("write", self._name, error) from error
        self._torn = False


def _cannot(what: str, name: str, error: OSError) -> WorldError:
    return WorldError(f"Cannot {what} {name}: {error.strerror or error}.")
