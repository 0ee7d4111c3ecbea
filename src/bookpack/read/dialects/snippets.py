"""Snippets: files that `--8<--` puts into a page, in code blocks as well.

https://facelessuser.github.io/pymdown-extensions/extensions/snippets/. The extension works on
lines before any Markdown is read. What cannot be put in stays as it is and is reported; an
address is never fetched.
"""

import posixpath
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from bookpack.model import Problem
from bookpack.read.dialects.lines import Line
from bookpack.read.files import BookFiles
from bookpack.source import Span

MAX_DEPTH = 30
MAX_LINES = 100_000
"""Lines that the snippets of one page may add: files that include each other grow fast."""
MARK = "8<-"
_SNIPPET = re.compile(
    r"(?P<space>[ \t]*)(?P<escape>;*)-+8<-+"
    r"""(?:[ \t]+(?P<quoted>"[^"\n]+"|'[^'\n]+'))?[ \t]*\Z"""
)
_SECTION = re.compile(
    r"(?P<before>.*?)(?P<escape>;*)-+8<-+[ \t]+"
    r"\[[ \t]*(?P<kind>start|end)[ \t]*:[ \t]*(?P<name>[a-z][-\w]*)[ \t]*\]",
    re.I,
)
_LINES = re.compile(r"(.*?)((?::-?\d*){1,2}(?:,-?\d*(?::-?\d*)?)*)\Z")
_NAMED = re.compile(r"(.*?):([A-Za-z][-\w]*)\Z")
_ABBREVIATION = re.compile(r"\*\[([^\]]+)\]:")
_DEFINITION = re.compile(r" {0,3}\[([^\]^][^\]]*)\]:")


class Snippets:
    """Puts snippets into the lines of pages.

    `bases`, `dedent` and `appended` are the settings `base_path`, `dedent_subsections` and
    `auto_append`; `root` is the folder of documentation.
    """

    def __init__(
        self,
        files: BookFiles,
        bases: Sequence[str] = (),
        root: str = "",
        *,
        dedent: bool = False,
        appended: Sequence[str] = (),
    ) -> None:
        self.files = files
        self.bases = _bases(bases, root)
        self.dedent = dedent
        self.appended = [path for path in appended if path]
        self._known: dict[str, list[str] | None] = {}

    def expand(self, lines: Sequence[Line], folder: str) -> tuple[list[Line], list[Problem]]:
        """Return the lines with every snippet put in; `folder` is that of the page."""
        run = _Run(self, folder)
        return list(run.expand(lines, ())), run.problems

    def append_to(self, lines: list[Line]) -> list[Problem]:
        """Put in what goes to the end of every page, as far as the page makes use of it."""
        run = _Run(self, "")
        place = lines[-1].place + len(lines[-1].text) if lines else 0
        text = "\n".join(line.text for line in lines)
        for path in self.appended:
            added = [
                line
                for line in run.put_in(str(path), "", Line("", place), ())
                if _is_used(line.text, text)
            ]
            if any(not line.blank for line in added):
                lines += [*([] if lines and lines[-1].blank else [Line("", place)]), *added]
        return run.problems

    def find(self, path: str, folder: str) -> str | None:
        """Return the file that `path` names, None where there is none."""
        for base in self.bases:
            inside = folder if base == "$page_dir" else base
            if inside and self.files.is_file(inside):
                if posixpath.basename(inside) == path:
                    return inside
                continue
            full = posixpath.normpath(posixpath.join(inside, path))
            within = full.startswith(f"{inside}/") if inside else not full.startswith("..")
            if within and self.files.is_file(full):
                return full
        return None

    def lines_of(self, path: str) -> list[str] | None:
        """Return the lines of a file, None where it cannot be read."""
        if path not in self._known:
            text = self.files.read_text(path)
            self._known[path] = None if text is None else text.splitlines()
        return self._known[path]


class _Run:
    """One page: how much has been put in, and what is wrong."""

    def __init__(self, snippets: Snippets, folder: str) -> None:
        self.snippets = snippets
        self.folder = folder
        self.problems: list[Problem] = []
        self.added = 0

    def expand(self, lines: Iterable[Line], stack: tuple[str, ...]) -> Iterator[Line]:
        waiting: list[Line] = []
        opened: Line | None = None
        for line in lines:
            match = _SNIPPET.match(line.text) if MARK in line.text else None
            if match and match["escape"]:
                at = line.text.index(";")
                text = line.text[:at] + line.text[at + 1 :]
                yield Line(text, line.place)
            elif opened is not None:
                if match is None:
                    waiting.append(line)
                elif not match["quoted"]:
                    for inner in waiting:
                        yield from self._block_line(inner, opened, stack)
                    opened, waiting = None, []
            elif match is None:
                yield line
            elif match["quoted"]:
                path = match["quoted"][1:-1].strip()
                if not path.startswith(";"):
                    yield from self.put_in(path, match["space"], line, stack)
            else:
                opened = line
        if opened is not None:
            self._problem("untranslated-markup", opened, "This block of snippets is never closed.")
            yield opened
            yield from waiting

    def _block_line(self, line: Line, opened: Line, stack: tuple[str, ...]) -> Iterator[Line]:
        path = line.text.strip()
        if not path:
            yield Line("", line.place)
        elif not path.startswith(";"):
            space = line.text[: len(line.text) - len(line.text.lstrip())]
            yield from self.put_in(path, space, line, stack)

    def put_in(self, target: str, space: str, line: Line, stack: tuple[str, ...]) -> Iterator[Line]:
        """Yield the lines that `target` names, or `line` itself where that is impossible."""
        path, cuts, section = _parse_target(target)
        if path.lower().startswith(("https://", "http://")):
            self._problem("untranslated-markup", line, f"{path} is not fetched.")
            yield line
            return
        found = self.snippets.find(path, self.folder)
        lines = self.snippets.lines_of(found) if found else None
        if found is None or lines is None:
            self._problem("missing-include", line, f"There is no snippet {path}.")
            yield line
            return
        if found in stack or len(stack) >= MAX_DEPTH:
            self._problem("include-cycle", line, f"{path} includes itself.")
            yield line
            return
        if cuts:
            lines = [one for start, end in cuts for one in lines[start:end]]
        elif section:
            chosen = _section(lines, section)
            if chosen is None:
                message = f"{path} has no section {section}."
                self._problem("missing-include", line, message)
                yield line
                return
            lines = chosen
        if (cuts or section) and self.snippets.dedent:
            lines = textwrap.dedent("\n".join(lines)).split("\n")
        self.added += len(lines)
        if self.added > MAX_LINES:
            if self.added - len(lines) <= MAX_LINES:
                message = f"The snippets of this page add more than {MAX_LINES:,} lines."
                self._problem("untranslated-markup", line, message)
            return
        own = (Line(text, line.place) for text in lines)
        for inner in self.expand(own, (*stack, found)):
            yield inner._replace(text=space + inner.text) if inner.text else inner

    def _problem(self, rule: str, line: Line, message: str) -> None:
        end = line.place + (len(line.text) if line.copied else 0)
        self.problems.append(Problem(rule, Span(line.place, end), message))


def _bases(named: Sequence[str], root: str) -> list[str]:
    """Return the folders in which snippets are looked for.

    Without a setting that is the folder in which the tool is started, which is where its
    settings lie; pages are looked up in the folder of documentation after that.
    """
    places = {"$docs_dir": root, "$config_dir": "", "$page_dir": "$page_dir"}
    found = []
    for base in named or (".", "$docs_dir"):
        head, slash, rest = base.strip().partition("/")
        if head in places:
            found.append(posixpath.join(places[head], rest) if slash and rest else places[head])
        else:
            path = posixpath.normpath(base.strip())
            found.append("" if path == "." else path)
    return list(dict.fromkeys(found))


def _parse_target(target: str) -> tuple[str, list[tuple[int | None, int | None]], str]:
    """Split `file:2:5,9`, `file:section` and `file`."""
    numbered = _LINES.match(target)
    if numbered and numbered[1]:
        return numbered[1].strip(), [_cut(part) for part in numbered[2][1:].split(",")], ""
    named = _NAMED.match(target)
    if named and named[1] and not named[2].startswith("//"):
        return named[1].strip(), [], named[2]
    return target, [], ""


def _cut(part: str) -> tuple[int | None, int | None]:
    """Return where to cut for `4:6` (lines 4 to 6), `4`, `:6`, and from the end for `-2`."""
    first, _, last = part.partition(":")
    start, end = _number(first), _number(last)
    if start is not None and start > 0:
        start -= 1
    if end is not None and end < 0:
        end = end + 1 or None
    return start, end


def _number(text: str) -> int | None:
    return int(text[:9]) if text.lstrip("-")[:9].isdigit() else None


def _section(lines: Iterable[str], name: str) -> list[str] | None:
    """Return the lines between the marks of a section; None where there is no such section."""
    chosen: list[str] | None = None
    for line in lines:
        mark = _SECTION.match(line) if MARK in line else None
        if mark is None:
            if chosen is not None:
                chosen.append(line)
        elif mark["escape"]:
            if chosen is not None:
                at = mark.start("escape")
                chosen.append(line[:at] + line[at + 1 :])
        elif mark["name"] == name:
            if mark["kind"].lower() == "end":
                break
            chosen = chosen if chosen is not None else []
    return chosen


def _is_used(line: str, text: str) -> bool:
    """Tell whether a line of what every page gets has a meaning for the page of `text`."""
    abbreviation = _ABBREVIATION.match(line)
    if abbreviation:
        return re.search(rf"(?<!\w){re.escape(abbreviation[1])}(?!\w)", text) is not None
    definition = _DEFINITION.match(line)
    return not definition or f"[{definition[1].casefold()}]" in text.casefold()
