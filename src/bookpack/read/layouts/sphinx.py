"""Sphinx with chapters in Markdown: `conf.py`, and toctrees as the order.

https://www.sphinx-doc.org/en/master/usage/restructuredtext/directives.html#directive-toctree.
`conf.py` is a program and is never run: values written as literals are read, others are not
known. Toctrees are followed depth first from the root document; captions are parts. `a/b.md`
is published as `a/b.html`, as the HTML builder does it.
"""

import ast
import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from bookpack.config import Settings
from bookpack.errors import SettingsError
from bookpack.model import AddressLine, BookMeta
from bookpack.read.files import BookFiles
from bookpack.read.layouts.base import Page, Plan, quote_path
from bookpack.read.layouts.jupyterbook import plain_words, strings
from bookpack.read.layouts.listing import Listing, find_folder
from bookpack.read.markdown import parse_markdown
from bookpack.read.settings_files import folder_of
from bookpack.source import Source

if TYPE_CHECKING:
    from bookpack.read.dialects.myst.fences import Passage

NAME = "sphinx"
CONF = "conf.py"
_NESTED_FOLDERS = ("docs/source", "doc/source", "docs/src")
_MARKDOWN_EXTENSIONS = ("myst_parser", "myst_nb", "recommonmark", "m2r", "markdown_it")
_RST_TOCTREE = re.compile(r"^(?P<indent>[ \t]*)\.\. toctree::[ \t]*$", re.M)
_TITLED = re.compile(r"(?P<title>.+?)\s*(?<!\\)<(?P<target>[^<>]*)>\Z", re.S)
_MOST_LEVELS = 100


class Toctree(NamedTuple):
    """A toctree: what it lists, each with the title it gives, and its caption."""

    entries: tuple[tuple[str, str], ...]
    caption: str
    is_glob: bool
    is_reversed: bool


def recognise(files: BookFiles, settings: Settings) -> str | None:
    """A `conf.py` that names an extension for Markdown."""
    root = _find(files, "")
    if root is None:
        return None
    text = files.read_text(_join(root, CONF)) or ""
    if "external_toc_path" in text:
        return None  # Jupyter Book wrote it, and its own files say more
    if any(name in text for name in _MARKDOWN_EXTENSIONS):
        return f"{_join(root, CONF)} with an extension for Markdown"
    return None


def meta(files: BookFiles, settings: Settings) -> BookMeta:
    """Return `project`, `author`, `language` and `html_baseurl` where they are literals."""
    conf = read_conf(files.read_text(_join(_root(files, settings), CONF)) or "")
    author = plain_words(_text(conf, "author"))
    return BookMeta(
        title=plain_words(_text(conf, "html_title") or _text(conf, "project")),
        url=_text(conf, "html_baseurl"),
        authors=(author,) if author else (),
        language=_text(conf, "language"),
        edition=_text(conf, "release") or _text(conf, "version"),
    )


def plan(files: BookFiles, settings: Settings) -> Plan:
    """Put the pages into the order of the toctrees. Raises `SettingsError` without `conf.py`."""
    # A dialect is imported when a book needs it: most books need none.
    from bookpack.read.dialects.myst import DOCUTILS, MystDialect, MystOptions

    root = _root(files, settings)
    path = _join(root, CONF)
    text = files.read_text(path)
    if text is None:
        raise SettingsError(f"There is no {CONF}. Name its folder as source in [layout].")
    conf = read_conf(text)
    base = settings.base_url

    def url(page: str) -> str:
        return f"{base}/{quote_path(page.rpartition('.')[0])}.html"

    exclude = (*settings.layout.exclude, *strings(conf.get("exclude_patterns")))
    listing = Listing(files, root, Source(path, text), url, exclude)
    name = _text(conf, "root_doc") or _text(conf, "master_doc") or "index"
    _Walk(listing).document(name, "", "", None, 0)
    listing.source = Source(f"a toctree of {_join(root, name)}", "")
    left_out = listing.unlisted(published=True)
    extensions = strings(conf.get("extensions"))
    substitutions = conf.get("myst_substitutions")
    anchors = conf.get("myst_heading_anchors")
    options = MystOptions(
        extensions=frozenset(strings(conf.get("myst_enable_extensions"))),
        substitutions=substitutions if isinstance(substitutions, dict) else {},
        heading_anchors=isinstance(anchors, int) and anchors > 0,
        sections="sphinx.ext.autosectionlabel" in extensions,
        other_pages=listing.other_pages,
    )
    dialect = MystDialect(listing.pages.values(), files, root, options)

    def address(page: Page, line: AddressLine | None) -> tuple[str, bool]:
        return url(page.path), True

    return Plan(
        root=root,
        entries=listing.titled(dialect),
        reason=path,
        left_out=tuple(left_out),
        site_pages=tuple(listing.site_pages),
        asset_folders=(root,) if root else (),
        anchors=DOCUTILS,
        dialect=dialect,
        address=address,
        diagnostics=tuple(listing.diagnostics),
    )


def read_conf(text: str) -> dict[str, Any]:
    """Return the values that `conf.py` assigns as literals, without running it."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    values: dict[str, Any] = {}
    for statement in module.body:
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], statement.value
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name):
                try:
                    values[target.id] = ast.literal_eval(value)
                except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                    values.pop(target.id, None)
    return values


def find_toctrees(text: str, start: int, *, is_rst: bool) -> Iterator[Toctree]:
    """Yield the toctrees of a document in order, those inside other directives too."""
    if "toctree" not in text:
        return
    if is_rst:
        yield from _rst_toctrees(text)
        return
    from bookpack.read.dialects.myst.fences import Passage

    yield from _markdown_toctrees(Passage(text), start, 0)


def _markdown_toctrees(passage: "Passage", start: int, level: int) -> Iterator[Toctree]:
    from bookpack.read.dialects.myst.fences import read_passage

    structure = parse_markdown(passage.text, start=start)
    for directive in read_passage(passage, structure, start).directives:
        body = directive.body.text
        if directive.name == "toctree":
            yield _toctree(directive.options, body.splitlines())
        elif directive.name == "eval-rst":
            yield from _rst_toctrees(body)
        elif "toctree" in body and level < _MOST_LEVELS:
            yield from _markdown_toctrees(directive.body, 0, level + 1)


def _rst_toctrees(text: str) -> Iterator[Toctree]:
    from bookpack.read.dialects.myst.fences import read_options

    for match in _RST_TOCTREE.finditer(text):
        depth = len(match["indent"])
        lines = []
        for line in text[match.end() :].splitlines()[1:]:
            if line.strip() and len(line) - len(line.lstrip()) <= depth:
                break
            lines.append(line.strip())
        options, used, _ = read_options(lines)
        yield _toctree(options, lines[used:])


def _toctree(options: Any, lines: list[str]) -> Toctree:
    entries = []
    for line in lines:
        entry = line.strip()
        if not entry or entry.startswith((".. ", "% ")):
            continue
        titled = _TITLED.match(entry)
        if titled:
            entries.append((titled["target"].strip(), titled["title"]))
        else:
            entries.append((entry, ""))
    return Toctree(
        tuple(entries), options.get("caption", ""), "glob" in options, "reversed" in options
    )


class _Walk:
    """Follows toctrees depth first."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.followed: set[str] = set()

    def document(self, name: str, part: str, title: str, lister: Source | None, level: int) -> None:
        """Add a document, then what its toctrees list."""
        name = posixpath.normpath(name.lstrip("/"))
        listing = self.listing
        path = listing.add(name, part, title, lister)
        source: Source
        if path:
            page = listing.pages[path]
            source, start, is_rst = page.source, page.front.end, False
        else:
            path = listing.other_pages.get(name.removesuffix(".rst"), "")
            text = listing.files.read_text(listing.full(path)) if path.endswith(".rst") else None
            if text is None:
                return
            source, start, is_rst = Source(listing.full(path), text), 0, True
        if path in self.followed or level > _MOST_LEVELS:
            return
        self.followed.add(path)
        for toctree in find_toctrees(source.text, start, is_rst=is_rst):
            caption = part or plain_words(toctree.caption)
            for target, given in self._targets(toctree, path):
                self.document(target, caption, given, source, level + 1)

    def _targets(self, toctree: Toctree, path: str) -> list[tuple[str, str]]:
        folder = posixpath.dirname(path)
        found: list[tuple[str, str]] = []
        for target, title in toctree.entries:
            if target == "self" or re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", target):
                continue
            joined = target if target.startswith("/") else posixpath.join(folder, target)
            joined = posixpath.normpath(joined.lstrip("/"))
            if toctree.is_glob and re.search(r"[*?\[]", target):
                listed = {name for name, _ in found}
                matched = [m for m in self.listing.match(joined) if m != path]
                found += ((m, "") for m in sorted(matched) if m not in listed)
            else:
                found.append((joined, title))
        return found[::-1] if toctree.is_reversed else found


def _text(conf: dict[str, Any], key: str) -> str:
    value = conf.get(key)
    return " ".join(value.split()) if isinstance(value, str) else ""


def _find(files: BookFiles, wanted: str) -> str | None:
    root = find_folder(files, CONF, wanted)
    if root is not None or wanted:
        return root
    return next((f for f in _NESTED_FOLDERS if files.exists(f"{f}/{CONF}")), None)


def _root(files: BookFiles, settings: Settings) -> str:
    wanted = folder_of(settings.layout.source)
    return _find(files, wanted) or wanted


def _join(root: str, name: str) -> str:
    return f"{root}/{name}" if root else name
