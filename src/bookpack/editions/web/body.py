"""A chapter's events → the HTML of its text.

Rendered from the events that reading the chapter gave, so that headings, links and images are
the very ones that everything else speaks of; nothing is searched for a second time. The loop
runs over every chapter of a cold build, which is why it is flat.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from bookpack.editions.web.bare_links import link_addresses, may_hold_addresses
from bookpack.editions.web.code import highlight, language_of
from bookpack.editions.web.figures import NO_FIGURES, PictureWriter, plan_figures
from bookpack.editions.web.footnotes import Footnotes
from bookpack.editions.web.headings import Headings, Section
from bookpack.editions.web.markup import References, ids_of
from bookpack.editions.web.math import mathml, tex_as_text
from bookpack.editions.web.raw_html import Piece, RawHtml
from bookpack.editions.web.table_cells import close_cell, open_cell
from bookpack.links.book import ResolvedChapter
from bookpack.model import Chapter, LinkKind
from bookpack.read.byte_offsets import ByteOffsets
from bookpack.read.events import markdown_events
from bookpack.read.markdown import parse_markdown
from bookpack.source import Source

_SIMPLE = {
    "Emphasis": "em",
    "Strong": "strong",
    "Strikethrough": "del",
    "Superscript": "sup",
    "Subscript": "sub",
}

_BREAKS = " \t\n\\"  # what stands between pictures, at their paragraph's end even a backslash


@dataclass(frozen=True, slots=True)
class Body:
    """The text of one chapter as HTML with marks (see `markup`), without its title.

    `title` is the title's own markup and `anchor` its anchor, empty where the text does not
    open with it. `sections` are the headings for the contents of the page. `features` name
    what the page needs besides: `code`, `math`, `diagram`, `style`.
    """

    title: str
    anchor: str
    markup: str
    sections: tuple[Section, ...]
    features: frozenset[str]


def render_body(
    resolved: ResolvedChapter,
    references: References,
    pictures: PictureWriter,
    words: Mapping[str, str],
    *,
    math: bool,
) -> Body:
    """Render one chapter. `words` are what the pages call things, by name."""
    return _BodyWriter(resolved, words, references, pictures, math=math).run()


def render_untrusted(text: str, words: Mapping[str, str]) -> str:
    """Render Markdown that no author wrote, such as a description by a model.

    HTML in it is shown as text, links lose their targets, and nothing in it gets an id.
    """
    chapter = Chapter("", "", "", Source("", text), parse_markdown(text, math=False))
    return _BodyWriter(ResolvedChapter(chapter, (), (), ()), words, math=False).run().markup


class _BodyWriter:
    def __init__(
        self,
        resolved: ResolvedChapter,
        words: Mapping[str, str],
        references: References | None = None,
        pictures: PictureWriter | None = None,
        *,
        math: bool,
    ) -> None:
        chapter = resolved.chapter
        self.words = words
        self.features: set[str] = set()
        events, self.offsets = markdown_events(chapter.source.text, chapter.structure, math=math)
        self.events = events
        self.headings = Headings(chapter, words, trusted=references is not None)
        self.notes = Footnotes(words, list(ids_of(chapter)), trusted=references is not None)
        self.pictures = pictures = pictures.of_chapter(resolved) if pictures else None
        self.raw = (
            RawHtml(resolved, references, pictures, self.features)
            if references is not None and pictures is not None
            else None
        )
        self.text, self.trusted = chapter.source.text, references is not None
        self.chapter_title = chapter.title
        self.bare = {
            link.target: references.reference(resolution)
            for link, resolution in resolved.links
            if references and link.kind is LinkKind.BARE
        }
        self.links = {
            link.span.start: references.reference(resolution)
            for link, resolution in resolved.links
            if references and link.kind not in (LinkKind.HTML, LinkKind.BARE)
        }
        self.images = {
            image.span.start: (image, resolution)
            for image, resolution in resolved.images
            if image.kind is not LinkKind.HTML
        }
        self.figures = plan_figures(chapter) if pictures is not None else NO_FIGURES
        if self.figures.taken:
            text = chapter.source.text
            self.events = self.figures.without_taken(events, self.offsets, text)

    def run(self) -> Body:
        """Render the chapter."""
        markup = self._read_events() + self.notes.section(self.chapter_title)
        if self.trusted and may_hold_addresses(self.text):
            markup = link_addresses(markup, self.bare)
        headings = self.headings
        return Body(
            headings.title,
            headings.anchor,
            markup,
            tuple(headings.sections),
            frozenset(self.features),
        )

    def _read_events(self) -> str:
        offsets: ByteOffsets = self.offsets
        code_point = offsets.code_point
        out: list[str] = []
        outer: list[tuple[list[str], Any]] = []
        later: list[str] = []  # what belongs to pictures inside of the block that is open
        level = images_open = 0
        in_figures = False
        code: list[str] | None = None
        html: list[tuple[int, int, str]] | None = None
        alignments: list[str] = []
        column = cell = 0
        in_head = False
        closers: list[str] = []
        name: str
        data: Any
        for event, place in self.events:
            if type(event) is str:
                if images_open:
                    continue
                if in_figures and level == 1:
                    continue
                if event == "SoftBreak":
                    out.append("\n")
                elif event == "HardBreak":
                    out.append("<br>\n")
                else:
                    out.append("<hr>\n")
                continue
            kind, value = event.popitem()
            if kind == "Text":
                if code is not None:
                    code.append(value)
                elif not images_open and not (in_figures and not value.strip(_BREAKS)):
                    if "&" in value or "<" in value or ">" in value:
                        value = escape(value, quote=False)
                    out.append(value)
            elif kind == "Start":
                level += 1
                if type(value) is str:
                    name, data = value, None
                else:
                    name, data = value.popitem()
                if name == "Paragraph":
                    if level == 1 and code_point(place["start"]) in self.figures.paragraphs:
                        in_figures = True
                    else:
                        out.append("<p>")
                elif name == "Link":
                    target = self.links.get(code_point(place["start"]), "")
                    if data["link_type"] == "Email":
                        target = escape(f"mailto:{data['dest_url']}")
                    if not target or images_open:
                        closers.append("")
                        continue
                    title = f' title="{escape(data["title"])}"' if data["title"] else ""
                    shape = ' class="url"' if data["link_type"] == "Autolink" else ""
                    out.append(f'<a{shape} href="{target}"{title}>')
                    closers.append("</a>")
                elif name == "Image":
                    images_open += 1
                    found = self.images.get(code_point(place["start"]))
                    if images_open == 1 and found is not None and self.pictures is not None:
                        image, resolution = found
                        if in_figures:
                            out.append(self.pictures.figure(image, resolution, self.figures))
                        else:
                            out.append(self.pictures.inline(image, resolution))
                            later.append(self.pictures.description(image, resolution))
                elif name in _SIMPLE:
                    if not images_open:
                        out.append(f"<{_SIMPLE[name]}>")
                elif name == "Item":
                    out.append("<li>")
                elif name == "List":
                    start = "" if data in (None, 1) else f' start="{data}"'
                    out.append("<ul>\n" if data is None else f"<ol{start}>\n")
                elif name == "TableCell":
                    alignment = alignments[column] if column < len(alignments) else ""
                    cell, column = len(out), column + 1
                    out.append(open_cell(alignment, head=in_head))
                elif name == "Heading":
                    outer.append((out, (code_point(place["start"]), int(data["level"][1]))))
                    out = []
                elif name == "CodeBlock":
                    code = []
                    data = data["Fenced"] if type(data) is dict else ""
                    outer.append(([], data))
                elif name == "HtmlBlock":
                    html = []
                elif name == "BlockQuote":
                    out.append(self._open_quote(data))
                elif name == "Table":
                    alignments = list(data)
                    label = escape(self.words["table"])
                    out.append(f'<div class="table" role="group" aria-label="{label}"')
                    out.append(' tabindex="0"><table>\n')
                elif name == "TableHead":
                    in_head, column = True, 0
                    out.append("<thead><tr>")
                elif name == "TableRow":
                    column = 0
                    out.append("<tr>")
                elif name == "FootnoteDefinition":
                    outer.append((out, data))
                    out = []
            elif kind == "End":
                level -= 1
                name = value if type(value) is str else next(iter(value))
                if name == "Paragraph":
                    if in_figures and level == 0:
                        in_figures = False
                    else:
                        out.append("</p>\n")
                elif name == "Link":
                    out.append(closers.pop())
                elif name == "Image":
                    images_open -= 1
                elif name in _SIMPLE:
                    if not images_open:
                        out.append(f"</{_SIMPLE[name]}>")
                elif name == "Item":
                    out.append("</li>\n")
                elif name == "List":
                    out.append("</ol>\n" if value["List"] else "</ul>\n")
                elif name == "TableCell":
                    close_cell(out, cell)
                elif name == "Heading":
                    inner = "".join(out)
                    out, (start, size) = outer.pop()
                    out.append(self.headings.heading(inner, start, size))
                elif name == "CodeBlock":
                    _, info = outer.pop()
                    out.append(self._code_block("".join(code or ()), info))
                    code = None
                elif name == "HtmlBlock":
                    out.append(self._html_block(html or [], later))
                    html = None
                elif name == "BlockQuote":
                    out.append("</div>\n" if value["BlockQuote"] else "</blockquote>\n")
                elif name == "Table":
                    out.append("</tbody></table></div>\n")
                elif name == "TableHead":
                    in_head = False
                    out.append("</tr></thead><tbody>\n")
                elif name == "TableRow":
                    out.append("</tr>\n")
                elif name == "FootnoteDefinition":
                    inner = "".join(out + later)
                    later.clear()
                    out, label = outer.pop()
                    self.notes.define(label, inner)
                if level == 0 and later:
                    out += later
                    later.clear()
            elif images_open:
                pass
            elif kind == "Code":
                out.append(f"<code>{escape(value, quote=False)}</code>")
            elif kind == "InlineHtml":
                if self.raw is None:
                    out.append(escape(value, quote=False))
                else:
                    out.append(self.raw.inline(self._span_of(place), value, later))
            elif kind == "Html":
                if html is not None:
                    html.append((*self._span_of(place), value))
            elif kind == "FootnoteReference":
                out.append(self.notes.mark(value))
            elif kind == "TaskListMarker":
                label = escape(self.words["done" if value else "to-do"])
                checked = " checked" if value else ""
                out.append(f'<input type="checkbox" disabled{checked} aria-label="{label}"> ')
            else:
                out.append(self._math(value, display=kind == "DisplayMath"))
        return "".join(out)

    def _span_of(self, place: Any) -> tuple[int, int]:
        return self.offsets.code_point(place["start"]), self.offsets.code_point(place["end"])

    def _html_block(self, pieces: list[Piece], later: list[str]) -> str:
        if self.raw is not None:
            return self.raw.block(pieces, later)
        text = "".join(piece[2] for piece in pieces)
        return f"<p>{escape(text, quote=False)}</p>\n"

    def _open_quote(self, kind: str | None) -> str:
        if kind is None:
            return "<blockquote>\n"
        name = kind.lower()
        title = escape(self.words[name])
        return f'<div class="callout {name}" role="note">\n<p class="callout-title">{title}</p>\n'

    def _code_block(self, code: str, info: str) -> str:
        language = language_of(info)
        if language == "mermaid":
            self.features.add("diagram")
            label = escape(self.words["diagram"])
            body = escape(code, quote=False)
            return (
                f'<figure class="diagram"><pre class="mermaid" tabindex="0">{body}</pre>'
                f"<figcaption>{label}</figcaption></figure>\n"
            )
        self.features.add("code")
        named = f' class="language-{escape(language)}"' if language else ""
        shown = highlight(code, language)
        return f'<pre tabindex="0"><code{named}>{shown}</code></pre>\n'

    def _math(self, tex: str, *, display: bool) -> str:
        drawn = mathml(tex, display=display)
        shown = drawn if drawn is not None else tex_as_text(tex, display=display)
        self.features.add("math")
        return f'<span class="display">{shown}</span>' if display else shown
