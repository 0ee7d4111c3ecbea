"""Chapters on the disk: read exactly, written whole or not at all.

A chapter is only written by somebody who has read it: what was read must still stand there.
"""

import contextlib
import os
import stat
from pathlib import Path

from bookpack.errors import WorldError
from bookpack.source import Source
from bookpack.system import uninterrupted


class ChangedMeanwhileError(Exception):
    """Somebody wrote the file between our reading and our writing; nothing was changed."""


def read_source(folder: Path, path: str) -> Source | None:
    """Return the file `path` of the book in `folder`, None when it is gone.

    Raises `WorldError` when it cannot be read or lies outside of the book.
    """
    try:
        return Source.from_bytes(path, _place(folder, path).read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WorldError(f"Cannot read {path}: {error.strerror or error}.") from error


def why_not_writable(folder: Path, source: Source) -> str:
    """Return why nothing may be written into the file of `source`, nothing where it may be."""
    if source.undecodable:
        return f"it holds bytes that are not {source.encoding}"
    # It is replaced and not opened, so that the system itself would not object.
    return "" if os.access(folder / source.path, os.W_OK) else "its file may not be written"


def write_source(folder: Path, source: Source, text: str) -> None:
    """Replace what `source` was read from by `text`, in the encoding that the file has.

    The new file is written beside the old one, brought to the disk, and moved over it, so that
    a reader sees the one or the other. Raises `ChangedMeanwhileError` and `WorldError`.
    """
    place = _place(folder, source.path)
    data = source.to_bytes(text)
    # No Markdown suffix: what a killed process leaves behind must not become a chapter.
    beside = place.with_name(f".{place.name}.bookpack-{os.getpid()}")
    try:
        for leftover in place.parent.glob(f".{_escape_glob(place.name)}.bookpack-*"):
            leftover.unlink(missing_ok=True)
        try:
            with beside.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.chmod(stat.S_IMODE(place.stat().st_mode))
            with uninterrupted():
                if place.read_bytes() != source.to_bytes():
                    raise ChangedMeanwhileError(source.path)
                beside.replace(place)
                _flush_folder(place.parent)
        finally:
            beside.unlink(missing_ok=True)
    except FileNotFoundError as error:
        raise ChangedMeanwhileError(source.path) from error
    except OSError as error:
        raise WorldError(
            f"Cannot write {source.path}: {error.strerror or error}. The chapter is as it was."
        ) from error


def _place(folder: Path, path: str) -> Path:
    """Return where `path` really lies. A link is followed, but never out of the book."""
    try:
        place = (folder / path).resolve()
    except ValueError:  # a NUL, or half a character
        raise WorldError(f"{path} is no name of a file.") from None
    if not place.is_relative_to(folder.resolve()):
        raise WorldError(f"{path} lies outside of the book's folder and is left alone.")
    return place


def _flush_folder(folder: Path) -> None:
    # Not every system lets a folder be opened; the file itself is on the disk in any case.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _escape_glob(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
