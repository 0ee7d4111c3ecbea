"""mdBook's directives in double braces: which there are in a text, and what takes their place.

https://rust-lang.github.io/mdBook/format/mdbook.html#including-files. Paths are relative to
the file that holds the directive; a part is a line, a range of lines or a named region.
"""

import posixpath
import re
from collections.abc import Iterable

from bookpack.model import Problem
from bookpack.read.dialects.places import block_indent
from bookpack.read.files import BookFiles
from bookpack.source import Edit, Span, apply_edits, normalise_newlines

MAX_DEPTH = 10
"""How deep mdBook follows includes in included files."""
MAX_INCLUDED = 20_000_000
"""Characters that may come into one page: files that include each other grow without measure."""
_DIRECTIVE = re.compile(r"\\\{\{#.*\}\}|\{\{[ \t]*#([A-Za-z0-9_]+)\s+([^}]+)\}\}")
_QUOTED_PATH = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(.*)', re.S)
_ANCHOR = re.compile(r"ANCHOR:\s*([\w-]+)")
_ANCHOR_END = re.compile(r"ANCHOR_END:\s*([\w-]+)")
_FENCE = re.compile(r"^[ \t]*(`{3,})", re.M)
_INCLUDING = frozenset({"include", "rustdoc_include", "playground", "playpen"})


class MissingPartError(ValueError):
    """A file has not the lines or the region that are asked for; the text says which."""


class _FailedError(Exception):
    """A directive cannot be replaced."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message


class Directives:
    """The directives of one page, `path`; both it and all paths are relative to the book.

    `problems` are told at the place of the directive on the page, whatever included file holds
    the one that failed; `unknown` are the places of directives that mdBook itself has not.
    """

    def __init__(self, files: BookFiles, path: str) -> None:
        self.files = files
        self.path = path
        self.problems: list[Problem] = []
        self.unknown: list[Span] = []
        self._included = 0

    def edits(self, text: str, start: int = 0) -> list[Edit]:
        """Return the edits that replace the directives of `text` from offset `start` on."""
        return self._edits(text, posixpath.dirname(self.path), ((self.path, ""),), start, None)

    def _edits(
        self,
        text: str,
        folder: str,
        trail: tuple[tuple[str, str], ...],
        start: int,
        place: Span | None,
    ) -> list[Edit]:
        edits = []
        for match in _DIRECTIVE.finditer(text, start):
            span = Span(*match.span())
            kind = match[1]
            if kind is None:
                edits.append(Edit(Span(span.start, span.start + 1), ""))  # the escaping backslash
            elif kind == "title":
                edits.append(Edit(span, ""))
            elif kind in _INCLUDING:
                try:
                    content = self._content(kind, match[2], folder, trail, place or span)
                except _FailedError as error:
                    by_way_of = f" (by way of {trail[-1][0]})" if len(trail) > 1 else ""
                    message = f"{match[0]}: {error.message}{by_way_of}."
                    self.problems.append(Problem(error.rule, place or span, message))
                else:
                    edits.append(Edit(span, _in_line(text, span.start, content)))
            elif place is None:
                self.unknown.append(span)
        return edits

    def _content(
        self,
        kind: str,
        argument: str,
        folder: str,
        trail: tuple[tuple[str, str], ...],
        place: Span,
    ) -> str:
        """Return what a directive stands for. Raises `_FailedError`."""
        path, part, properties = _read_argument(kind, argument)
        target = posixpath.normpath(posixpath.join(folder, path))
        if target.startswith(("../", "/")) or target == "..":
            raise _FailedError("file-outside-book", f"{target} lies outside the book's folder")
        if (target, part) in trail or len(trail) > MAX_DEPTH:
            raise _FailedError("include-cycle", f"{target} includes itself")
        data = self.files.read(target)
        if data is None:
            raise _FailedError("missing-include", f"there is no file {target}")
        try:
            content = normalise_newlines(data.decode("utf-8-sig"))
            content = take_part(content, part, every_region=kind == "rustdoc_include")
        except UnicodeDecodeError:
            raise _FailedError("missing-include", f"{target} is not UTF-8 text") from None
        except MissingPartError as missing:
            raise _FailedError("missing-include", f"{target} {missing}") from None
        self._included += len(content)
        if self._included > MAX_INCLUDED:
            message = f"this page includes more than {MAX_INCLUDED:,} characters"
            raise _FailedError("include-cycle", message)
        inner = self._edits(content, posixpath.dirname(target), (*trail, (target, part)), 0, place)
        content = apply_edits(content, inner)
        if kind in ("playground", "playpen"):
            fence = "`" * max([3, *(len(found) + 1 for found in _FENCE.findall(content))])
            return f"{fence}{','.join(['rust', *properties])}\n{content.rstrip()}\n{fence}"
        return content


def included_files(files: BookFiles, path: str, text: str) -> set[str]:
    """Return the files that the page `path` includes, directly and by way of others."""
    found: set[str] = set()
    waiting = [(path, text)]
    while waiting:
        path, text = waiting.pop()
        for match in _DIRECTIVE.finditer(text):
            if match[1] not in _INCLUDING:
                continue
            name = _read_argument(match[1], match[2])[0]
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            if target in found or target.startswith(("..", "/")):
                continue
            found.add(target)
            inner = files.read_text(target) if files.exists(target) else None
            if inner is not None and "{{" in inner:
                waiting.append((target, inner))
    return found


def stated_title(text: str) -> str | None:
    """Return what `{{#title …}}` says; the last one counts."""
    titles = [match[2] for match in _DIRECTIVE.finditer(text) if match[1] == "title"]
    return " ".join(titles[-1].split()) if titles else None


def take_part(text: str, part: str, *, every_region: bool = False) -> str:
    """Return the lines of `text` that `part` asks for, without a line end behind the last.

    `part` is empty, `3`, `2:10`, `2:`, `:10` or a region's name. `every_region` takes all
    regions of that name instead of the first. Raises `MissingPartError`.
    """
    lines = text.removesuffix("\n").split("\n")
    first, *rest = part.split(":")
    if not part:
        return "\n".join(lines)
    if first and not first.isdecimal():
        return "\n".join(_take_region(lines, first, every_region))
    start = max(int(first) - 1, 0) if first else 0
    end = start + 1 if not rest else int(rest[0]) if rest[0].isdecimal() else len(lines)
    taken = lines[start:end]
    if not taken:
        raise MissingPartError(f"has {len(lines)} lines, and {part} is asked for")
    return "\n".join(taken)


def _take_region(lines: list[str], name: str, every_region: bool) -> list[str]:
    taken: list[str] = []
    inside = seen = False
    for line in lines:
        opening, closing = _ANCHOR.search(line), _ANCHOR_END.search(line)
        if not inside:
            if opening and opening[1] == name and (every_region or not seen):
                inside = seen = True
        elif closing:
            inside = closing[1] != name
        elif not opening:
            taken.append(line)
    if not seen:
        raise MissingPartError(f"has no line with ANCHOR: {name}")
    return taken


def _read_argument(kind: str, argument: str) -> tuple[str, str, list[str]]:
    """Return path, part and properties of what stands behind the name of a directive."""
    argument = argument.strip()
    quoted = _QUOTED_PATH.match(argument)
    if quoted:
        path, rest = re.sub(r"\\(.)", r"\1", quoted[1]), quoted[2]
    else:
        path, _, rest = argument.partition(" ")
    if kind in ("playground", "playpen"):
        return path, "", rest.split()
    if quoted:
        return path, rest.removeprefix(":").strip() if rest.startswith(":") else "", []
    path, _, part = path.partition(":")
    return path, part, []


def _in_line(text: str, start: int, content: str) -> str:
    """Give the lines of `content` the indentation and quote marks of the line at `start`."""
    return content.replace("\n", f"\n{block_indent(text, start) or ''}")


def markdown_below(root: str, paths: Iterable[str]) -> list[str]:
    """Return `paths` relative to the folder `root`, those outside it left out."""
    prefix = f"{root}/" if root else ""
    return sorted(path.removeprefix(prefix) for path in paths if path.startswith(prefix))
