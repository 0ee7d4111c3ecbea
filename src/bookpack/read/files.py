"""Files of the book's folder: which there are, what they hold, and whether an asset exists.

Nothing outside the book's folder is ever read: a symbolic link or a path that leaves it is
reported and not followed. All paths are relative to the book's folder, with forward slashes.
Every question is remembered with its answer: a build is up to date only while all answers
stay the same (see `same_answers`).
"""

import os
import unicodedata
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from bookpack.answers import FILE_NAME
from bookpack.diagnostics import Diagnostic, report
from bookpack.output import STAMP_NAME
from bookpack.read.order import natural_key

MARKDOWN_SUFFIXES = (".md", ".markdown")
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__"})


class BookFiles:
    """The files of one book in `folder`; `skip` is the output folder, never looked into.

    `descriptions` is the folder of pictures' descriptions: these are Markdown and no chapters.
    """

    def __init__(self, folder: Path, skip: Path | None = None, descriptions: str = "") -> None:
        self.folder = folder
        self.descriptions = descriptions.strip("/")
        self.skip = skip.resolve() if skip is not None else None
        self.root = folder.resolve()
        self.diagnostics: list[Diagnostic] = []
        self._resolved: dict[str, Path] = {}
        self._read: dict[str, str] = {}
        self._probed: dict[str, bool] = {}
        self._files: dict[str, bool] = {}
        self._listed: dict[str, str] = {}
        self._sizes: dict[str, int] = {}

    def size(self, path: str) -> int | None:
        """Return the file's size in bytes, or None where there is no file."""
        full = self._inside(path)
        try:
            size = full.stat().st_size if full is not None and full.is_file() else -1
        except OSError:
            size = -1
        self._sizes[path] = size
        return size if size >= 0 else None

    def read(self, path: str) -> bytes | None:
        """Return what the file holds. What cannot be read is None and a diagnostic; a file
        that is not there is None alone.
        """
        full = self._inside(path)
        try:
            data = full.read_bytes() if full is not None else None
        except (FileNotFoundError, NotADirectoryError):
            data = None
        except OSError as error:
            data = None
            message = f"{path}: {error.strerror or error}."
            self.diagnostics.append(report("unreadable-file", path, message))
        self._read[path] = sha256(data).hexdigest() if data is not None else ""
        return data

    def read_text(self, path: str) -> str | None:
        """Return the file's text, bytes that are no UTF-8 replaced; None as for `read`."""
        data = self.read(path)
        return None if data is None else data.decode("utf-8-sig", errors="replace")

    def exists(self, path: str) -> bool:
        """Tell whether `path` (normalised) is a file or folder of the book."""
        known = self._probed.get(path)
        if known is None:
            full = self._inside(path)
            known = self._probed[path] = full is not None and full.exists()
        return known

    def is_file(self, path: str) -> bool:
        """Tell whether `path` (normalised) is a file of the book."""
        known = self._files.get(path)
        if known is None:
            full = self._inside(path)
            known = self._files[path] = full is not None and full.is_file()
        return known

    def similar(self, path: str) -> str | None:
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

    def find_markdown(self, folder: str = "", exclude: tuple[str, ...] = ()) -> list[str]:
        """List the Markdown files below `folder` in natural order, relative to it.

        Hidden folders, `node_modules`, output folders and paths that match a glob of
        `exclude` are left alone.
        """
        prefix = f"{folder}/" if folder else ""
        found = [path.removeprefix(prefix) for path in self._walk(folder, set())]
        listing = "\n".join(sorted(found))
        self._listed[folder] = sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()
        kept = [path for path in found if not any(fnmatchcase(path, glob) for glob in exclude)]
        return sorted(kept, key=natural_key)

    def list_folder(self, folder: str) -> list[str]:
        """List the names in one folder, hidden ones left out; nothing where there is none."""
        full = self._inside(folder)
        try:
            names = os.listdir(full) if full is not None else []  # noqa: PTH208 - names alone
        except OSError:
            names = []
        if full is not None and self.skip is not None and full == self.skip.parent:
            names = [name for name in names if name != self.skip.name]
        names = sorted(name for name in names if not name.startswith("."))
        listing = "\n".join(names).encode("utf-8", "surrogateescape")
        self._listed[f"{folder}/"] = sha256(listing).hexdigest()
        return names

    def answers(self) -> dict[str, Any]:
        """Return everything that was asked with what was answered, as plain data."""
        asked: dict[str, dict[str, Any]] = {
            "read": self._read,
            "probed": self._probed,
            "files": self._files,
            "listed": self._listed,
            "sizes": self._sizes,
        }
        return {kind: dict(sorted(answers.items())) for kind, answers in asked.items()}

    def _inside(self, path: str) -> Path | None:
        folder, _, name = path.rpartition("/")
        try:
            if folder not in self._resolved:
                self._resolved[folder] = (self.folder / folder).resolve()
            full = self._resolved[folder] / name
            # The folder's own links are followed once; what lies in it may be one more.
            if name in ("", ".", "..") or full.is_symlink():
                full = full.resolve()
        except (OSError, ValueError, RuntimeError):
            return self.folder / path if "\0" not in path else None
        return full if full.is_relative_to(self.root) else None

    def _walk(self, inner: str, seen: set[Path]) -> Iterator[str]:
        here = self.folder / inner
        seen.add(here.resolve())
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
            is_output = (here / STAMP_NAME).is_file()
        except OSError as error:
            message = f"{inner or here}: {error.strerror or error}."
            self.diagnostics.append(report("unreadable-file", inner, message))
            return
        for entry in entries:
            path = f"{inner}/{entry.name}" if inner else entry.name
            if is_output:
                return
            if entry.name.startswith(".") or entry.name in _SKIPPED_FOLDERS:
                continue
            is_markdown = entry.name.lower().endswith(MARKDOWN_SUFFIXES)
            if inner and inner == self.descriptions and FILE_NAME.fullmatch(entry.name):
                continue
            if entry.is_symlink() and not self._may_follow(entry, path, is_markdown, seen):
                continue
            if self._is_folder(entry):
                if Path(entry.path).resolve() != self.skip:
                    yield from self._walk(path, seen)
            elif is_markdown and self._is_readable(entry, path):
                yield path

    @staticmethod
    def _is_folder(entry: "os.DirEntry[str]") -> bool:
        try:
            return entry.is_dir()
        except OSError:
            return False

    def _is_readable(self, entry: "os.DirEntry[str]", path: str) -> bool:
        """Tell whether a file can be a chapter; report one that cannot."""
        reason = ""
        try:
            if any(unicodedata.category(character) in ("Cc", "Cs") for character in path):
                reason = "its name holds what is no text; rename it"
            elif not entry.is_file():
                kind = "a link to nothing" if entry.is_symlink() else "no regular file"
                reason = f"it is {kind}"
        except OSError as error:
            reason = error.strerror or str(error)
        if reason:
            shown = path.encode("ascii", "backslashreplace").decode()
            self.diagnostics.append(report("unreadable-file", shown, f"{shown}: {reason}."))
        return not reason

    def _may_follow(
        self, entry: "os.DirEntry[str]", path: str, is_markdown: bool, seen: set[Path]
    ) -> bool:
        try:
            target = Path(entry.path).resolve()
        except (OSError, RuntimeError):
            return is_markdown  # a link to itself: reading it will say so
        if target.is_relative_to(self.root):
            return target not in seen
        if is_markdown or target.is_dir():
            message = f"{path} is a symbolic link out of the book."
            self.diagnostics.append(report("file-outside-book", path, message))
        return False


def same_answers(folder: Path, skip: Path, descriptions: str, answers: Mapping[str, Any]) -> bool:
    """Tell whether all that a former build asked would be answered the same today."""
    files = BookFiles(folder, skip, descriptions)
    for inner in answers["listed"]:
        if inner.endswith("/"):
            files.list_folder(inner[:-1])
        else:
            files.find_markdown(inner)
    if files.answers()["listed"] != answers["listed"]:
        return False  # before every file is read
    for ask, asked, answered in (
        (files.size, answers["sizes"], files._sizes),
        (files.read, answers["read"], files._read),
        (files.exists, answers["probed"], files._probed),
        (files.is_file, answers["files"], files._files),
    ):
        for path, answer in asked.items():
            ask(path)
            if answered[path] != answer:
                return False  # one is enough, and a long book has thousands
    return files.answers() == answers
