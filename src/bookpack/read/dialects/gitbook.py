"""GitBook's blocks, made plain: `{% hint %}`, `{% tabs %}`, `{% code %}` and their kin.

https://gitbook.com/docs/create-content/blocks; HonKit's templates
(https://honkit.netlify.app/templating) share `{% include %}`. Hints become callouts, tabs and
titled code a line in bold before their content, embeds and page links plain links. Lines stay
lines: what stands inside a block keeps its place in the author's file. A block that means
nothing here stays as it is and is reported. Nothing inside code is touched.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bookpack.model import Problem, Structure
from bookpack.read.dialects.callouts import callout
from bookpack.read.dialects.gitbook_tags import (
    TAG,
    Block,
    Quotes,
    TagLines,
    lies_in,
    outermost,
    pair_tags,
)
from bookpack.read.dialects.places import (
    as_block,
    block_indent,
    is_alone,
    line_end,
    line_start,
    next_line,
)
from bookpack.read.files import BookFiles
from bookpack.read.front_matter import read_front_matter
from bookpack.read.layouts.base import Page, Translation
from bookpack.read.markdown import parse_markdown
from bookpack.read.plain import escape_plain
from bookpack.source import Edit, Span, apply_edits, normalise_newlines

MAX_DEPTH = 10
"""How deep includes in included files are followed."""
MAX_INCLUDED = 20_000_000
"""Characters that may come into one page: files that include each other grow without measure."""
_PATH = re.compile(r"\s*(?:\"([^\"]*)\"|'([^']*)')")
_ELSEWHERE = re.compile(r"[a-z+]+:|git\+")
_VARIABLE = re.compile(r"\{\{[ \t]*book\.([\w.]+)[ \t]*\}\}")
_SAFE_TARGET = re.compile(r"[^\s<>()\\]+")
_TITLED = frozenset({"tab", "code", "update"})
_WRAPPERS = frozenset({"stepper", "step", "columns", "column", "updates", "tabs", "raw"})
_PAIRED = frozenset({"hint", "tabs", "tab", "code", "content-ref", "raw"})
_KNOWN = _TITLED | _WRAPPERS | _PAIRED | {"embed", "file"}
_OPAQUE = frozenset({"content-ref", "raw"})
_HINTS = {"working": "warning"}


@dataclass(slots=True)
class _Text:
    """A text whose blocks are being replaced, and where problems in it are told."""

    text: str
    folder: str
    trail: tuple[str, ...]
    place: Span | None
    problems: list[Problem] = field(default_factory=list)
    budget: list[int] = field(default_factory=lambda: [MAX_INCLUDED])

    def say(self, rule: str, span: Span, message: str) -> None:
        by_way_of = f" (in {self.trail[-1]})" if self.place is not None else ""
        self.problems.append(Problem(rule, self.place or span, f"{message}{by_way_of}."))


class GitBookDialect:
    """The dialect of one book, whose pages lie in the folder `root`.

    `titles` are path (below that folder) → title of its pages; `variables` what `{{ book.… }}`
    means. `sync` tells that the book is GitBook's own and not HonKit's.
    """

    def __init__(
        self,
        files: BookFiles,
        root: str,
        titles: Mapping[str, str],
        variables: Mapping[str, Any],
        *,
        sync: bool = True,
    ) -> None:
        self.files = files
        self.root = root
        self.titles = titles
        self.variables = variables
        self.sync = sync

    def labels(self) -> Mapping[str, str]:
        """GitBook has no labels."""
        return {}

    def translate(self, page: Page, structure: Structure) -> Translation:
        """Return the edits that make the page's blocks plain."""
        if "{%" not in page.source.text and "{{" not in page.source.text:
            return Translation()
        path = posixpath.join(self.root, page.path)
        here = _Text(page.source.text, posixpath.dirname(path), (path,), None)
        edits = self._edits(here, structure, page.front.end)
        return Translation(tuple(edits), tuple(here.problems))

    def included_pages(self, pages: Iterable[Page]) -> list[str]:
        """Return the paths below `root` of the files that `pages` include."""
        prefix = f"{self.root}/" if self.root else ""
        found: set[str] = set()
        for page in pages:
            folder = posixpath.dirname(posixpath.join(self.root, page.path))
            waiting = [page.source.text]
            while waiting:
                for tag in TAG.finditer(waiting.pop()):
                    target = self._target(folder, tag[2]) if tag[1] == "include" else None
                    if target is not None and target not in found and self.files.exists(target):
                        found.add(target)
                        waiting.append(self.files.read_text(target) or "")
        return sorted(path.removeprefix(prefix) for path in found if path.startswith(prefix))

    def _target(self, folder: str, arguments: str) -> str | None:
        """Return the file that an include names, relative to the book; None where it names none."""
        found = _PATH.match(arguments)
        path = (found[1] or found[2] or "") if found else ""
        if not path or _ELSEWHERE.match(path):
            return None
        folder = self.root if path.startswith("/") else folder
        return posixpath.normpath(posixpath.join(folder, path.lstrip("/")))

    def _edits(self, here: _Text, structure: Structure, start: int) -> list[Edit]:
        text = here.text
        blocks, lonely = pair_tags(text, structure.code, start)
        opaque = (block.inside for block in blocks if block.name in _OPAQUE)
        kept = outermost(inside for inside in opaque if inside is not None)
        blocks = [block for block in blocks if not lies_in(block.span, kept)]
        for partner, span in lonely:
            if partner in _KNOWN and not lies_in(span, kept):
                here.say("untranslated-markup", span, f"{span.slice(text)} closes nothing")
        for block in blocks:
            if block.name in _PAIRED and block.closing is None:
                tag = block.span.slice(text)
                here.say("untranslated-markup", block.span, f"{tag} is never closed")
        blocks = [b for b in blocks if b.closing is not None or b.name not in _PAIRED]
        quotes = Quotes(text, [block for block in blocks if block.name == "hint"])
        vanishing = list(_vanishing(blocks))
        lines = TagLines(text, start, vanishing, quotes)
        edits = list(lines.edits)
        for span in vanishing:
            if not lines.is_gone(line_start(text, span.start)):
                edits.append(Edit(span, _after_text(text, span)))
        for block in blocks:
            edits += self._replace(here, block, quotes, lines)
        done = sorted(edit.span for edit in edits)
        if not self.sync:
            edits += self._variables(here, structure, start, done, kept)
        return [*edits, *quotes.edits(done, lines)]

    def _replace(
        self, here: _Text, block: Block, quotes: Quotes, lines: TagLines
    ) -> Iterator[Edit]:
        text, span, name = here.text, block.span, block.name
        marks = quotes.marks(span.start)

        def as_lines(content: str, place: Span = span) -> Edit:
            return Edit(place, as_block(text, place, content, marks, is_blank=lines.is_gone))

        if name == "hint":
            yield _hint_edit(text, block, marks, lines)
        elif name in _TITLED:
            if title := _title_of(block):
                yield as_lines(f"**{escape_plain(title)}**")
        elif name == "content-ref" and block.closing is not None:
            yield as_lines(self._page_link(here, block), Span(span.start, block.closing.end))
        elif name == "embed":
            yield as_lines(_link(block.value("url"), block.value("url")))
        elif name == "file":
            source = block.value("src")
            yield as_lines(_link(source.rpartition("/")[2], source))
        elif name == "include":
            content = self._included(here, block)
            if content is not None:
                yield as_lines(content) if is_alone(text, span) else Edit(span, content)
        elif name not in _WRAPPERS:
            here.say("untranslated-markup", span, f"{span.slice(text)} has no form in Markdown")

    def _page_link(self, here: _Text, block: Block) -> str:
        """Return a link with the page's title, as GitBook shows it, else what the author wrote."""
        address = block.value("url")
        path, _, section = address.partition("#")
        target = posixpath.normpath(posixpath.join(here.folder, path))
        prefix = f"{self.root}/" if self.root else ""
        for known in (target, f"{target}/README.md", f"{target}.md"):
            title = self.titles.get(known.removeprefix(prefix))
            if title and path and not section:
                return _link(title, address)
        inside = block.inside.slice(here.text).strip() if block.inside else ""
        return inside or _link(address, address)

    def _included(self, here: _Text, block: Block) -> str | None:
        target = self._target(here.folder, block.arguments)
        if target is None:
            message = f"{block.span.slice(here.text)} names no file of this book"
            here.say("untranslated-markup", block.span, message)
            return None
        if target.startswith(".."):
            here.say("file-outside-book", block.span, f"{target} lies outside the book's folder")
            return None
        if target in here.trail or len(here.trail) > MAX_DEPTH:
            here.say("include-cycle", block.span, f"{target} includes itself")
            return None
        content = self.files.read_text(target)
        if content is None:
            here.say("missing-include", block.span, f"There is no file {target}")
            return None
        content = normalise_newlines(content)
        content = content[read_front_matter(content).end :].strip("\n")
        place = here.place or block.span
        here.budget[0] -= len(content)
        if here.budget[0] < 0:
            message = f"This page includes more than {MAX_INCLUDED:,} characters"
            here.say("include-cycle", block.span, message)
            return None
        trail = (*here.trail, target)
        # Paths in an included file are read from the page that includes it.
        inner = _Text(content, here.folder, trail, place, here.problems, here.budget)
        edits = self._edits(inner, parse_markdown(content), 0)
        return apply_edits(content, edits).strip("\n")

    def _variables(
        self, here: _Text, structure: Structure, start: int, *taken: list[Span]
    ) -> Iterator[Edit]:
        for match in _VARIABLE.finditer(here.text, start):
            span = Span(*match.span())
            if structure.code.holding(span.start) or any(lies_in(span, spans) for spans in taken):
                continue
            value: Any = self.variables
            for key in match[1].split("."):
                value = value.get(key) if isinstance(value, dict) else None
            if isinstance(value, (str, int, float)) and not isinstance(value, bool):
                yield Edit(span, str(value))
            else:
                here.say("untranslated-markup", span, f"{match[0]} is no variable of book.json")


def _vanishing(blocks: Iterable[Block]) -> Iterator[Span]:
    """Yield the tags that only say where something begins or ends."""
    for block in blocks:
        if block.name in _WRAPPERS or (block.name in _TITLED and not _title_of(block)):
            yield block.span
        if block.closing is not None and block.name in _KNOWN and block.name != "content-ref":
            yield block.closing


def _title_of(block: Block) -> str:
    return block.value("title") or block.value("date")


def _hint_edit(text: str, block: Block, marks: str, lines: TagLines) -> Edit:
    style = block.value("style").lower() or "info"
    head = callout(_HINTS.get(style, style), block.value("title"), "")
    head = as_block(text, block.span, head, marks, opens=True, is_blank=lines.is_gone)
    rest = text[block.span.end : line_end(text, block.span.end)]
    if not rest.strip():
        return Edit(block.span, head)
    # The text goes on behind the tag: it is the first line in the box.
    indent = block_indent(text, block.span.start) or ""
    end = block.span.end + len(rest) - len(rest.lstrip(" \t"))
    return Edit(Span(block.span.start, end), f"{head}\n{indent}{marks}> ")


def _after_text(text: str, span: Span) -> str:
    """Return what to put for a tag that goes: a line end where it closes a hint behind text."""
    if not span.slice(text).lstrip("{%- \t").startswith("endhint"):
        return ""
    behind = next_line(text, span.end)
    return "\n" if text[behind : line_end(text, behind)].strip() else ""


def _link(title: str, address: str) -> str:
    target = address if _SAFE_TARGET.fullmatch(address) else f"<{address}>"
    return f"[{escape_plain(title)}]({target})"
