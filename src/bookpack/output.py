"""Writing into a folder so that it is either the old one or the new one.

All files are written next to their places first, inside the folder, and flushed to disk; then
they are moved into place one after another, which needs no space and takes no time. What goes
wrong before the first move (a full disk, a missing right, Ctrl-C) leaves the folder as it was;
what goes wrong between moves puts the old files back. The stamp, moved last, records what
belongs together: after a killed process the next build sees that it does not match and writes
everything again.
"""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from bookpack.errors import SettingsError, WorldError
from bookpack.system import try_lock, uninterrupted

STAMP_NAME = ".bookpack.json"
_LOCK_NAME = ".bookpack.lock"
_STAGING_PREFIX = ".bookpack-staging-"
_FILES_AT_ONCE = 8
_LOCK_PATIENCE = 30.0
"""Seconds to wait for another build to finish moving its files."""
_UNSURE = 3.0
"""Seconds for which a file's times say little: clocks of some file systems tick every 2."""
_digests: dict[str, tuple[tuple[int, ...], str]] = {}
"""What files of output folders held when this process read them, by path, with their marks then."""


class FolderChangedError(Exception):
    """Another process changed what was to be kept; whoever keeps it has to look again."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: paths that changed, and paths that were there already."""

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]


def read_stamp(folder: Path) -> dict[str, Any] | None:
    """Return the stamp of the last build into `folder`, or None when there is none to trust."""
    try:
        stamp = json.loads((folder / STAMP_NAME).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    outputs = stamp.get("outputs") if isinstance(stamp, dict) else None
    return stamp if isinstance(outputs, dict) and all(map(_is_inside, outputs)) else None


def outputs_match(folder: Path, outputs: Mapping[str, str]) -> bool:
    """Tell whether every file of `outputs` (path → SHA-256) is in `folder` as recorded."""
    if any(folder.glob(_STAGING_PREFIX + "*")):
        return False  # a process died here; the next write clears its rubbish away
    return all(_digest(folder, path) == digest for path, digest in outputs.items())


def intact_outputs(folder: Path, stamp: Mapping[str, Any] | None) -> dict[str, str]:
    """Return path → SHA-256 of what lies in `folder` just as its last build wrote it."""
    outputs = stamp["outputs"] if stamp else {}
    return {path: known for path, known in outputs.items() if _digest(folder, path) == known}


def sizes_of(folder: Path, paths: Iterable[str]) -> dict[str, int]:
    """Return path → bytes of files in `folder`. Raises `OSError`."""
    return {path: os.stat(f"{folder}/{path}").st_size for path in paths}  # noqa: PTH116


def write_folder(
    folder: Path,
    files: Mapping[str, bytes],
    stamp: Mapping[str, Any],
    kept: Mapping[str, str] | None = None,
) -> Written:
    """Bring `files` (paths relative to `folder` → content) and the stamp into `folder`.

    Files that an earlier build wrote and that are not in `files` are removed, but for those in
    `kept` (path → SHA-256), which stay as they are; so are folders that this leaves empty. Foreign
    files are left alone. Raises `WorldError`, or `FolderChangedError` where `kept` is no longer
    true, with `folder` as it was.
    """
    created = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _lock(folder):
            return _write_locked(folder, files, stamp, read_stamp(folder), kept or {})
    except OSError as error:
        if created:
            with contextlib.suppress(OSError):
                (folder / _LOCK_NAME).unlink(missing_ok=True)
                folder.rmdir()
        raise WorldError(_explain(error, folder)) from error


def write_new_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Create `folder` (which is missing or empty) with `files`, whole or not at all.

    Raises `WorldError`.
    """
    staging: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging = folder.parent / f"{_STAGING_PREFIX}{os.getpid()}"
        staging.mkdir()
        for path, data in files.items():
            _write_file(staging / path, data)
        # Renaming replaces an empty folder in one step and refuses one that has been filled.
        staging.rename(folder)
    except OSError as error:
        raise WorldError(_explain(error, folder)) from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)


def check_output_folder(folder: Path, book_folder: Path, source_folder: Path) -> None:
    """Raise `SettingsError` where output would mix with the book's own text."""
    out, book, source = folder.resolve(), book_folder.resolve(), source_folder.resolve()
    advice = "Choose another folder with --out."
    if out == book or source.is_relative_to(out):
        raise SettingsError(f"The output folder {folder} holds the book itself. {advice}")
    if source != book and out.is_relative_to(source):
        raise SettingsError(f"The output folder {folder} lies inside the chapters. {advice}")
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"The output folder {folder} is a file. {advice}")
    # Where the book's folder is its chapter folder, no folder of chapters may become output.
    inside = source == book and out.is_relative_to(source) and folder.exists()
    if inside and read_stamp(folder) is None and any(folder.glob("**/*.md")):
        raise SettingsError(
            f"The output folder {folder} holds Markdown that no build wrote. {advice}"
        )


def _write_locked(
    folder: Path,
    files: Mapping[str, bytes],
    stamp: Mapping[str, Any],
    old: dict[str, Any] | None,
    kept: Mapping[str, str],
) -> Written:
    for leftover in folder.glob(_STAGING_PREFIX + "*"):
        shutil.rmtree(leftover, ignore_errors=True)
    known = old["outputs"] if old else {}
    if any(known.get(path) != sha or _digest(folder, path) != sha for path, sha in kept.items()):
        raise FolderChangedError
    digests = {path: sha256(data).hexdigest() for path, data in files.items()}
    recorded = dict(sorted({**kept, **digests}.items()))
    changed = [path for path in files if _digest(folder, path) != digests[path]]
    stale = [path for path in known if path not in recorded and (folder / path).is_file()]
    # Without indentation, which would take ten times as long.
    content = json.dumps({**stamp, "outputs": recorded}, ensure_ascii=False) + "\n"
    staging = folder / f"{_STAGING_PREFIX}{os.getpid()}"
    try:
        staging.mkdir()
        moves = [*changed, STAMP_NAME]
        contents = [*(files[path] for path in changed), content.encode()]
        _write_files([staging / f"new-{number}" for number in range(len(moves))], contents)
        with uninterrupted():
            _move_into_place(folder, staging, moves, stale)
            _remove_empty_folders(folder, stale)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    written = set(changed)
    unchanged = tuple(path for path in recorded if path not in written)
    return Written(tuple(changed), unchanged)


def _move_into_place(folder: Path, staging: Path, paths: list[str], stale: list[str]) -> None:
    undo: list[tuple[Path | None, Path]] = []  # the old file if any, and its place
    root, parents = folder.resolve(), set[Path]()
    steps: list[tuple[str, Path | None]] = [(path, None) for path in stale]
    steps += ((path, staging / f"new-{number}") for number, path in enumerate(paths))
    try:
        for number, (path, new) in enumerate(steps):
            place, kept = folder / path, staging / f"old-{number}"
            if place.exists():
                # A second name for the old file, so that its place is never empty.
                _keep(place, kept)
                undo.append((kept, place))
            else:
                undo.append((None, place))
            if new is None:
                place.unlink()
            else:
                parent = place.parent
                if parent not in parents:
                    parent.mkdir(parents=True, exist_ok=True)
                    if not parent.resolve().is_relative_to(root):
                        raise OSError(f"{parent} is a link out of the folder")
                    parents.add(parent)
                new.replace(place)
    except OSError:
        for old, place in reversed(undo):
            with contextlib.suppress(OSError):
                if old is None:
                    place.unlink(missing_ok=True)
                else:
                    old.replace(place)
        raise


def _remove_empty_folders(folder: Path, stale: list[str]) -> None:
    """Remove the folders in which nothing is left but what builds wrote and took away again."""
    root = folder.resolve()
    for path in stale:
        place = (folder / path).parent
        with contextlib.suppress(OSError):  # something is in it
            while place != folder and place.resolve().is_relative_to(root):
                place.rmdir()
                place = place.parent


def _keep(place: Path, kept: Path) -> None:
    try:
        os.link(place, kept)
    except OSError:
        shutil.copy2(place, kept)


def _write_files(paths: list[Path], contents: list[bytes]) -> None:
    """Write many files at once: flushed one after another, each would wait for the disk alone."""
    if len(paths) < _FILES_AT_ONCE:
        for path, data in zip(paths, contents, strict=True):
            _write_file(path, data)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_FILES_AT_ONCE) as pool:
        for _ in pool.map(_write_file, paths, contents):
            pass


def _write_file(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _is_inside(path: object) -> bool:
    """Tell whether a path that a stamp names can only lie in the stamp's own folder."""
    if not isinstance(path, str) or not path or "\0" in path or "\\" in path:
        return False
    parts = path.split("/")
    return not any(part in ("", ".", "..") or part.endswith(":") for part in parts)


def _digest(folder: Path, path: str) -> str:
    """Return the SHA-256 of a file, empty if it cannot be read; each file is read once.

    A build asks three times: is everything there, what may stay, and, with the lock, is that still
    so. A file whose place, size and times are the same holds what it held, unless it changed so
    lately that a second change would not move its times.
    """
    name = f"{folder}/{path}"  # thousands of files, several times each: too many for `Path`
    try:
        found = os.stat(name)  # noqa: PTH116
        marks = found.st_ino, found.st_dev, found.st_size, found.st_mtime_ns, found.st_ctime_ns
        known = _digests.get(name)
        if known is not None and known[0] == marks:
            return known[1]
        with open(name, "rb") as file:  # noqa: PTH123
            digest = sha256(file.read()).hexdigest()
    except OSError:
        return ""
    if time.time() - max(found.st_mtime, found.st_ctime) > _UNSURE:
        _digests[name] = marks, digest
    return digest


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the operating system releases it when the process dies."""
    place = folder / _LOCK_NAME
    if place.is_symlink():
        place.unlink()
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(place, flags, 0o644), "r+b") as file:
        deadline = time.monotonic() + _LOCK_PATIENCE
        while not try_lock(file.fileno()):
            if time.monotonic() > deadline:
                raise WorldError(
                    f"Another build is writing to {folder}. Wait for it to end, or give --out."
                )
            time.sleep(0.02)
        yield


def _explain(error: OSError, folder: Path) -> str:
    reason = error.strerror or str(error)
    return f"Cannot write to {folder}: {reason}. The folder is as it was; mend this and run again."
