"""Has anything in the book's folder changed? Asked by looking: no service has to be there for it.

Looking at a thousand files takes some milliseconds, and works on every file system.
"""

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from bookpack.output import STAMP_NAME

_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__"})
_INTERVAL = 0.05
"""Seconds between two looks, at least."""
_REST = 0.02
"""Seconds without a change after which a change is over."""
_SHARE = 0.05
"""The share of the time that may be spent on looking."""

Look = dict[str, tuple[int, int]]
"""Files → the time of their last change in nanoseconds, and their size in bytes."""


def look_at(folder: Path, others: Iterable[Path] = ()) -> Look:
    """Return what the files below `folder`, and `others`, look like now.

    Hidden files and folders, `node_modules` and output folders are left alone.
    """
    seen: Look = {}
    for entry in _files(os.fspath(folder)):
        try:
            found = entry.stat()
        except OSError:
            continue  # it went while we looked
        seen[entry.path] = found.st_mtime_ns, found.st_size
    for path in others:
        try:
            found = path.stat()
        except OSError:
            continue
        seen[os.fspath(path)] = found.st_mtime_ns, found.st_size
    return seen


def wait_for_change(folder: Path, others: Iterable[Path], last: Look) -> Look:
    """Wait until something differs from `last` and has come to rest, and return how it looks."""
    others = list(others)
    while True:
        started = time.perf_counter()
        now = look_at(folder, others)
        if now == last:
            took = time.perf_counter() - started
            time.sleep(max(_INTERVAL, took / _SHARE))
            continue
        # Editors write a file in several steps: half of them is no state of the book.
        while True:
            time.sleep(_REST)
            later = look_at(folder, others)
            if later == now:
                return now
            now = later


def _files(folder: str) -> Iterator["os.DirEntry[str]"]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    if any(entry.name == STAMP_NAME for entry in entries):
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name in _SKIPPED_FOLDERS:
            continue
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
        except OSError:
            continue
        if is_folder:
            yield from _files(entry.path)
        else:
            yield entry
