"""Jekyll's chapters: Liquid with a certain value, kramdown's attributes, Markdown in HTML.

Jekyll runs Liquid over a whole file before it reads Markdown, so `{% raw %}` counts in code
too; everything else in code is left alone, because there it is an example.
"""

import posixpath
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bookpack.model import Problem, Structure, Tag
from bookpack.read.dialects.edit_list import EditList, with_plain_lines
from bookpack.read.dialects.kramdown import KramdownReader
from bookpack.read.dialects.liquid import Mark, evaluate, find_blocks, find_marks
from bookpack.read.files import MARKDOWN_SUFFIXES, BookFiles
from bookpack.read.layouts.base import Page, Translation, quote_path
from bookpack.read.markdown import parse_markdown
from bookpack.read.settings_files import folder_of, text_of
from bookpack.source import Span

_RAW_TAG = re.compile(r"\{%-?\s*(?:end)?raw\s*-?%\}")
_NO_MARK = ("else", "elsif", "when", "break", "continue")
_STATIC = (*MARKDOWN_SUFFIXES, ".txt")
_ATTRIBUTE = re.compile(r"\s+markdown(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?(?=[\s/>])", re.I)
_BLOCK_TAGS = frozenset(
    {"article", "aside", "blockquote", "center", "details", "div", "figure", "footer", "header"}
    | {"main", "nav", "section"}
)
_VOID_TAGS = frozenset({"base", "col", "embed", "hr", "link", "meta", "source", "track", "wbr"})
_SPAN_TAGS = frozenset(
    {"a", "abbr", "b", "bdo", "big", "cite", "code", "del", "dfn", "em", "i", "img", "ins"}
    | {"kbd", "label", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup"}
    | {"tt", "u", "var"}
)
_TEXT_FOLLOWS = re.compile(r"(?P<end>[ \t]*\n[ \t]*)(?:<[^<>\n]*>[ \t]*\n[ \t]*)*[^\s<]")


class JekyllDialect:
    """Makes the chapters of one site plain.

    `urls` and `data` are those of every document, by path relative to the book's folder.
    """

    def __init__(
        self,
        files: BookFiles,
        *,
        folder: str,
        config: Mapping[str, Any],
        base: str,
        urls: Mapping[str, str],
        data: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.files = files
        self.folder = folder
        self.config = config
        self.base = base
        self.urls = urls
        self.data = data
        parts = urlsplit(base)
        baseurl = text_of(config, "baseurl").strip("/")
        ends = bool(baseurl) and parts.path.strip("/").endswith(baseurl)
        self.origin = base[: -len(baseurl) - 1] if ends else base
        self.uses_kramdown = (text_of(config, "markdown") or "kramdown").lower() == "kramdown"

    def translate(self, page: Page, structure: Structure) -> Translation:
        """Return the edits that make `page` plain, and the Liquid that nobody can run."""
        reader = _PageReader(self, page, structure)
        reader.read()
        return Translation(reader.edits.edits(), tuple(reader.problems))

    def labels(self) -> Mapping[str, str]:
        """Jekyll has no labels."""
        return {}


class _PageReader:
    def __init__(self, dialect: JekyllDialect, page: Page, structure: Structure) -> None:
        self.dialect = dialect
        self.path = page.source.path
        self.text = self.masked = with_plain_lines(page.source.text)
        self.newline = page.source.newline
        self.structure = structure
        self.edits = EditList()
        self.problems: list[Problem] = []
        self.ends: dict[int, Span] = {}
        data = dict(dialect.data.get(self.path, {}))
        data["url"] = dialect.urls.get(self.path, "")
        self.names = {"site": dialect.config, "page": data}

    def read(self) -> None:
        self._read_liquid()
        for tag in self._markdown_tags():
            self._remove_markdown_attribute(tag)
        if self.dialect.uses_kramdown:
            self._open_paragraphs()
            KramdownReader(self.text, self.structure, self.edits, self.dialect.config).translate()

    def _read_liquid(self) -> None:
        done = self.structure.body_start
        marks = list(find_marks(self.text, done))
        # A listing may hold what looks like a code fence, and all behind it like an example.
        always = ("raw", "highlight")
        active = (m for m in marks if m.name in always or not self._is_example(m.span.start))
        self.ends = find_blocks(self.text, active)
        for mark in marks:
            if mark.span.start < done:
                continue
            if mark.name == "raw":
                done = self._raw(mark)
            elif self._is_example(mark.span.start):
                continue
            elif mark.name == "comment":
                done = self._comment(mark)
            elif mark.name == "highlight":
                done = self._highlight(mark)
            elif not mark.name:
                self._output(mark)
            else:
                done = self._tag(mark)

    def _mask(self, region: Span) -> None:
        """Read the rest again where a code fence in `region` swallowed it.

        What a comment or a listing holds is no Markdown, which the first reading cannot know.
        """
        swallowed = self.structure.code.holding(region.end)
        if swallowed is None or not region.start <= swallowed.start < region.end:
            return
        masked = re.sub(r"[^\n\r]", "x", region.slice(self.text))
        text = self.masked[: region.start] + masked + self.masked[region.end :]
        self.masked = text
        self.structure = parse_markdown(text, start=self.structure.body_start)

    def _is_example(self, place: int) -> bool:
        structure = self.structure
        if structure.code.holding(place) or structure.math.holding(place):
            return True
        return any(comment.start <= place < comment.end for comment in structure.comments)

    def _raw(self, mark: Mark) -> int:
        end = self.ends.get(mark.span.start)
        if end is None:
            self._report(mark)
            return mark.span.end
        self.edits.replace(self._line_in_code(mark.span), "")
        self.edits.block(Span(mark.span.end, end.start))
        self.edits.replace(self._line_in_code(end), "")
        return end.end

    def _line_in_code(self, span: Span) -> Span:
        """Return the whole line of a tag that has a line of a code block to itself."""
        start = self.text.rfind("\n", 0, span.start) + 1
        end = self.text.find("\n", span.end)
        alone = end >= 0 and self.text[start:end].strip() == span.slice(self.text)
        return Span(start, end + 1) if alone and self.structure.code.holding(start) else span

    def _comment(self, mark: Mark) -> int:
        end = self.ends.get(mark.span.start)
        if end is None:
            self._report(mark)
            return mark.span.end
        self.edits.replace(Span(mark.span.start, end.end), "")
        self._mask(Span(mark.span.start, end.end))
        return end.end

    def _highlight(self, mark: Mark) -> int:
        end = self.ends.get(mark.span.start)
        if end is None:
            self._report(mark)
            return mark.span.end
        code = _RAW_TAG.sub("", self.text[mark.span.end : end.start])
        code = code if self.newline == "\n" else re.sub(r"[ ]+\n", "\n", code)
        code = re.sub(r"\A[ \t]*\r?\n|\s+\Z", "", code)
        line_start = self.text.rfind("\n", 0, mark.span.start) + 1
        before = self.text[line_start : mark.span.start]
        indent = before if not before.strip(" \t>") else ""
        runs = [len(run) for run in re.findall(r"`{3,}", code)]
        fence = "`" * (max(runs, default=2) + 1)
        language = mark.arguments.split()[0] if mark.arguments else ""
        opening = fence if indent or not before else f"\n\n{fence}"
        after = "\n" if self.text[end.end : end.end + 1] not in ("", "\n", "\r") else ""
        block = f"{opening}{language}\n{code}\n{indent}{fence}{after}"
        self.edits.replace(Span(mark.span.start, end.end), block)
        self._mask(Span(mark.span.start, end.end))
        return end.end

    def _output(self, mark: Mark) -> None:
        names = {"site.url": self.dialect.origin, "site.baseurl": ""}
        expression = mark.arguments
        if expression in names:
            value: str | None = self._base(mark, expression)
        else:
            value = evaluate(expression, self.names, self.dialect.base)
        if value is None:
            self._report(mark)
        else:
            self.edits.replace(mark.span, value)

    def _base(self, mark: Mark, name: str) -> str:
        """Return what `{{ site.url }}` or `{{ site.baseurl }}` stands for where it stands.

        A root-relative address is one from the base, so `baseurl` adds nothing to one; and
        what stands for a whole address needs nothing before it.
        """
        rest = self.text[mark.span.end :]
        after = rest.lstrip(" ") if rest[:1] == " " else rest
        if re.match(r"\{%-?\s*(?:link|post_url)\b|\{\{-?\s*page\.url\s*-?\}\}", after):
            return ""
        both = re.match(r"\{\{-?\s*site\.baseurl\s*-?\}\}", rest)
        if name == "site.url":
            if both and re.match(
                r"\{%-?\s*(?:link|post_url)\b|\{\{-?\s*page\.url\b", rest[both.end() :]
            ):
                return ""
            return self.dialect.base if both else self.dialect.origin
        written = self.text[: mark.span.start]
        if rest.startswith("/") or re.search(r"\{\{-?\s*site\.url\s*-?\}\}$", written):
            return ""
        return f"{self.dialect.base}/"

    def _tag(self, mark: Mark) -> int:
        if mark.name == "link":
            self._put(mark, self._url_of(mark.arguments))
        elif mark.name == "post_url":
            self._put(mark, self._post(mark.arguments))
        elif mark.name in ("include", "include_relative"):
            self._include(mark)
        elif not mark.name.startswith("end") and mark.name not in _NO_MARK:
            self._report(mark)
            end = self.ends.get(mark.span.start)
            if end is not None:
                # What a loop or a condition holds is nothing without it.
                self.edits.block(Span(mark.span.start, end.end))
                return end.end
        return mark.span.end

    def _put(self, mark: Mark, url: str | None) -> None:
        if url is not None:
            self.edits.replace(mark.span, url)
            return
        if "{{" in mark.arguments:
            self._report(mark)
            return
        message = f"{mark.arguments} is no page or file of the site."
        self.problems.append(Problem("undefined-label", mark.span, message))

    def _url_of(self, name: str) -> str | None:
        path = folder_of(f"{self.dialect.folder}/{name.strip(chr(34) + chr(39))}")
        if path in self.dialect.urls:
            return self.dialect.urls[path]
        if path and self.dialect.files.exists(path):
            inside = path.removeprefix(f"{self.dialect.folder}/") if self.dialect.folder else path
            return f"{self.dialect.base}/{quote_path(inside)}"
        return None

    def _post(self, name: str) -> str | None:
        wanted = name.strip().strip("/")
        for path, url in self.dialect.urls.items():
            if "_posts/" not in path:
                continue
            stem = path.rpartition(".")[0]
            inside = stem.replace("_posts/", "", 1)
            if wanted in (stem.rpartition("/")[2], inside, stem.partition("_posts/")[2]):
                return url
        return None

    def _include(self, mark: Mark) -> None:
        name, _, parameters = mark.arguments.partition(" ")
        folder = text_of(self.dialect.config, "includes_dir") or "_includes"
        folder = f"{self.dialect.folder}/{folder}"
        if mark.name == "include_relative":
            folder = posixpath.dirname(self.path)
        path = posixpath.normpath(folder_of(f"{folder}/{name}") or ".")
        if "{" in name or not name:
            self._report(mark)
            return
        text = self.dialect.files.read_text(path)
        if text is None:
            # A theme, which is no part of the book, may bring the file.
            themes = ("theme", "remote_theme")
            if mark.name == "include" and any(text_of(self.dialect.config, t) for t in themes):
                self._report(mark)
                return
            message = f"There is no file {path} to include."
            self.problems.append(Problem("missing-include", mark.span, message))
            return
        static = path.lower().endswith(_STATIC) and not parameters.strip()
        if not static or "{{" in text or "{%" in text:
            self._report(mark)
            return
        self.edits.replace(mark.span, text.replace("\r\n", "\n").strip("\n"))

    def _report(self, mark: Mark) -> None:
        shown = " ".join(mark.span.slice(self.text).split())
        shown = shown if len(shown) <= 60 else f"{shown[:59]}…"
        message = f"{shown} has a value that only Jekyll knows."
        self.problems.append(Problem("untranslated-markup", mark.span, message))

    def _markdown_tags(self) -> list[tuple[Tag, bool]]:
        found = [(tag, True) for block in self.structure.html_blocks for tag in block.tags]
        found += [(tag, False) for tag in self.structure.inline_tags]
        return [(tag, in_block) for tag, in_block in found if "markdown" in tag.attributes]

    def _remove_markdown_attribute(self, found: tuple[Tag, bool]) -> None:
        tag, in_block = found
        value = tag.attributes["markdown"].value.lower()
        written = tag.span.slice(self.text)
        attribute = _ATTRIBUTE.search(written)
        if attribute is None or value == "0":
            return
        place = Span(tag.span.start + attribute.start(), tag.span.start + attribute.end())
        self.edits.replace(place, "")
        if not in_block or value == "span" or tag.name not in _BLOCK_TAGS:
            return
        # Markdown begins behind a blank line, for which kramdown does not ask.
        rest = self.text[tag.span.end :]
        line, _, following = rest.partition("\n")
        if line.strip():
            self.edits.replace(Span(tag.span.end, tag.span.end), "\n\n")
        elif following.partition("\n")[0].strip():
            self.edits.replace(Span(tag.span.end, tag.span.end), "\n")

    def _open_paragraphs(self) -> None:
        """Put text behind the tag that has the line before it to itself.

        Where Markdown is read and the tag is one of sentences, kramdown begins a paragraph with
        it. CommonMark would begin raw HTML (the seventh kind, section 4.6), and no Markdown.
        """
        inside: list[tuple[str, bool]] = []  # what is open, and whether Markdown is read in it
        for tag in (tag for block in self.structure.html_blocks for tag in block.tags):
            if tag.name in _SPAN_TAGS:
                line = self.text.rfind("\n", 0, tag.span.start) + 1
                alone = not self.text[line : tag.span.start].strip(" \t")
                follows = _TEXT_FOLLOWS.match(self.text, tag.span.end)
                if alone and follows and not tag.closing and (not inside or inside[-1][1]):
                    self.edits.replace(Span(*follows.span("end")), " ")
            elif tag.closing:
                names = [name for name, _ in inside]
                if tag.name in names:
                    del inside[len(names) - 1 - names[::-1].index(tag.name) :]
            elif tag.name not in _VOID_TAGS:
                wish = tag.attributes.get("markdown")
                inside.append((tag.name, wish is not None and wish.value.lower() != "0"))
