"""The Markdown of MkDocs, Material for MkDocs and Zensical, made plain.

What these tools write is Python-Markdown with extensions. Snippets are put in first, then
blocks lose their indents (both on lines, for CommonMark would misread them), and what comes out
is parsed and freed of markup inside of lines. Whatever the author wrote and nobody had to
change stays his own, with its place.
"""

import posixpath
from collections.abc import Mapping

from bookpack.model import Problem, Structure
from bookpack.read.dialects.lines import Origins, Piece, cut, edits_of, pieces_of, split_lines
from bookpack.read.dialects.mkdocs_blocks import TRIGGERS, Blocks, titles_of
from bookpack.read.dialects.mkdocs_inline import InlineMarkup
from bookpack.read.dialects.snippets import MARK, Snippets
from bookpack.read.files import BookFiles
from bookpack.read.layouts.base import Page, Translation
from bookpack.read.layouts.mkdocs_settings import MkDocsSettings, as_flag, as_list
from bookpack.read.markdown import parse_markdown

_DEFAULTS_OF_ZENSICAL = (
    "def_list",
    "pymdownx.caret",
    "pymdownx.keys",
    "pymdownx.mark",
    "pymdownx.tilde",
)


class MkDocsDialect:
    """Translates the pages of one site; `root` is its folder of documentation."""

    def __init__(
        self, files: BookFiles, site: MkDocsSettings, root: str, *, math: bool = True
    ) -> None:
        extensions = dict(site.extensions)
        if site.is_zensical and "markdown_extensions" not in site.values:
            extensions |= {name: {} for name in _DEFAULTS_OF_ZENSICAL}
        self.math = math
        self.root = root
        options = extensions.get("pymdownx.snippets", {})
        self.snippets = Snippets(
            files,
            [str(base) for base in as_list(options.get("base_path"))],
            root,
            dedent=as_flag(options.get("dedent_subsections"), False),
            appended=[str(path) for path in as_list(options.get("auto_append"))],
        )
        self.kinds = titles_of(extensions.get("pymdownx.blocks.admonition", {}))
        self.generic = any(name.startswith("pymdownx.blocks") for name in extensions)
        self.definitions = "def_list" in extensions
        toc = str(extensions.get("toc", {}).get("marker") or "[TOC]")
        self.inline = InlineMarkup(extensions.keys(), site.plugins.keys(), toc)

    def labels(self) -> Mapping[str, str]:
        """MkDocs has no labels: links name files."""
        return {}

    def translate(self, page: Page, structure: Structure) -> Translation:
        """Return the edits that make `page` plain Markdown."""
        text, start = page.source.text, page.front.end
        problems: list[Problem] = []
        pieces = [Piece(text, 0)]
        if MARK in text or self.snippets.appended or TRIGGERS.search(text, start):
            lines = split_lines(text, start)
            folder = posixpath.dirname(posixpath.join(self.root, page.path))
            lines, problems = self.snippets.expand(lines, folder)
            problems += self.snippets.append_to(lines)
            blocks = Blocks(self.kinds, generic=self.generic, definitions=self.definitions)
            pieces = pieces_of(text, start, blocks.translate(lines))
            problems += blocks.problems
            changed = "".join(piece.text for piece in pieces)
            if changed != text:
                structure = parse_markdown(changed, start=start, math=self.math)
                text = changed
        edits, unclear = self.inline.find(text, structure)
        if unclear:
            origins = Origins(pieces)
            problems += (p._replace(span=origins.span(p.span)) for p in unclear)
        if edits:
            pieces = cut(pieces, edits)
        return Translation(edits_of(page.source.text, pieces), tuple(problems))
