"""Files of the book's folder: which there are, their bytes, and whether an asset exists.

Nothing outside the book's folder is ever read: a symbolic link or a path that leaves it is
reported and not followed.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from bookpack.diagnostics import Diagnostic, report
from bookpack.errors import SettingsError
from bookpack.output import STAMP_NAME
from bookpack.read.order import natural_key

MARKDOWN_SUFFIXES = (".md", ".markdown")
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__"})


@dataclass
class BookFiles:
    """The files of one book. `contents` maps paths below the chapter folder to bytes.

    `probes` remembers every question about an asset with its answer: a build is up to date
    only while these answers stay the same.
    """

    folder: Path
    source_folder: Path
    contents: dict[str, bytes] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    probes: dict[str, bool] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """The chapter folder as seen from the book's folder: `chapters/` or nothing."""
        relative = self.source_folder.relative_to(self.folder).as_posix()
        return "" if relative == "." else f"{relative}/"

    def has_asset(self, path: str) -> bool:
        """Tell whether `path` (relative to the book's folder, normalised) is a file of the book."""
        known = self.probes.get(path)
        if known is None:
            known = self.probes[path] = probe(self.folder, path)
        return known

    def similar_asset(self, path: str) -> str | None:
        """Return the existing path that differs from `path` in capitals only."""
        found = PurePosixPath()
        for name in PurePosixPath(path).parts:
            try:
                names = [entry.name for entry in (self.folder / found).iterdir()]
            except OSError:
                return None
            same = [n for n in names if n.casefold() == name.casefold()]
            if len(same) != 1:
                return None
            found /= same[0]
        return found.as_posix()


def probe(folder: Path, path: str) -> bool:
    """Tell whether `path` is a file or folder inside `folder`, symbolic links resolved."""
    try:
        full = (folder / path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return False
    return full.is_relative_to(folder.resolve())


def find_chapter_files(files: BookFiles, exclude: tuple[str, ...], skip: Path | None) -> list[str]:
    """List the Markdown files below `source_folder` in natural order of their paths.

    Hidden folders, `node_modules`, output folders (`skip`, or one with a stamp) and paths
    that match a glob of `exclude` are left alone. Raises `SettingsError` when the folder does not exist.
    """
    source_folder = files.source_folder
    if not source_folder.is_dir():
        raise SettingsError(
            f"There is no folder {source_folder}. Name the book's folder, "
            "or set source in [layout] of bookpack.toml."
        )
    walk = _Walk(files, skip)
    paths = [
        path
        for path in walk.below("")
        if not any(fnmatchcase(path, pattern) for pattern in exclude)
    ]
    return sorted(paths, key=natural_key)


def read_contents(files: BookFiles, paths: list[str]) -> None:
    """Read the bytes of `paths`; what cannot be read becomes a diagnostic."""
    for path in paths:
        try:
            files.contents[path] = (files.source_folder / path).read_bytes()
        except OSError as error:
            reason = error.strerror or str(error)
            place = files.prefix + path
            files.diagnostics.append(report("unreadable-file", place, f"{place}: {reason}."))


class _Walk:
    """One walk over the chapter folder that never leaves the book and never runs in a circle."""

    def __init__(self, files: BookFiles, skip: Path | None) -> None:
        self.files = files
        self.root = files.folder.resolve()
        self.skip = skip
        self.seen: set[Path] = set()

    def below(self, inner: str) -> Iterator[str]:
        """Yield the Markdown files below the folder `inner` of the chapter folder."""
        here = self.files.source_folder / inner
        self.seen.add(here.resolve())
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            place = self.files.prefix + inner
            message = f"{place or here}: {error.strerror or error}."
            self.files.diagnostics.append(report("unreadable-file", place, message))
            return
        for entry in entries:
            path = f"{inner}/{entry.name}" if inner else entry.name
            if entry.name.startswith(".") or entry.name in _SKIPPED_FOLDERS:
                continue
            is_markdown = entry.name.lower().endswith(MARKDOWN_SUFFIXES)
            if entry.is_symlink() and not self._may_follow(entry, path, is_markdown):
                continue
            if entry.is_dir():
                if not self._is_output(Path(entry.path)):
                    yield from self.below(path)
            elif is_markdown:
                yield path

    def _is_output(self, folder: Path) -> bool:
        """Tell whether a build writes, or once wrote, into `folder`."""
        return folder.resolve() == self.skip or (folder / STAMP_NAME).is_file()

    def _may_follow(self, entry: "os.DirEntry[str]", path: str, is_markdown: bool) -> bool:
        try:
            target = Path(entry.path).resolve()
        except (OSError, RuntimeError):
            return is_markdown  # a link to itself: reading it will say so
        if target.is_relative_to(self.root):
            return target not in self.seen
        if is_markdown or target.is_dir():
            place = self.files.prefix + path
            message = f"{place} is a symbolic link out of the book."
            self.files.diagnostics.append(report("file-outside-book", place, message))
        return False
