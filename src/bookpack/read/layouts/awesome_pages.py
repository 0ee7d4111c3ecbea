"""`.pages`: order and titles folder by folder, as MkDocs' plugin awesome-pages reads them.

https://github.com/lukasgeiter/mkdocs-awesome-pages-plugin#readme. `collapse` changes how a
menu looks and not what is read when, so it is not looked at.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from bookpack.diagnostics import Diagnostic, report
from bookpack.read.files import BookFiles
from bookpack.read.layouts.mkdocs_nav import (
    MAX_DEPTH,
    Node,
    Rest,
    filled,
    is_foreign,
    rests_of,
)
from bookpack.read.layouts.mkdocs_settings import Scalar, as_flag, read_yaml
from bookpack.read.order import natural_key
from bookpack.source import Source

_REST = re.compile(r"\.\.\.\s*(?:\|\s*(flat)\s*(?=\||$))?(?:\|\s*(?:(regex|glob)=)?(.+?))?\s*$")


def rest_entry(entry: Any) -> Rest | None:
    """Return what an entry such as `... | flat | intro-*.md` lets in; None for any other."""
    match = _REST.match(entry) if isinstance(entry, str) else None
    if match is None:
        return None
    flat, pattern = match[1] is not None, match[3]
    if pattern is None:
        return Rest(lambda path: True, last=True, flat=flat)
    try:
        compiled = re.compile(pattern if match[2] == "regex" else _glob(pattern))
    except re.error:
        return Rest(lambda path: False, flat=flat)
    return Rest(lambda path: compiled.search(path) is not None, flat=flat)


class AwesomePages:
    """Arranges a tree of files by the `.pages` in their folders.

    `titles` tells what pages are called, for folders that are sorted by title. After
    `arrange`, `hidden` are the pages of folders that do not want to be in the navigation.
    """

    def __init__(
        self,
        files: BookFiles,
        root: str,
        options: Mapping[str, Any],
        titles: Callable[[str], str],
    ) -> None:
        self.files = files
        self.root = root
        self.options = options
        self.titles = titles
        self.name = str(options.get("filename") or ".pages")
        self.hidden: set[str] = set()
        self.diagnostics: list[Diagnostic] = []

    def arrange(self, nodes: list[Node], folder: str) -> list[Node]:
        """Return the nodes of `folder` in the order that its `.pages` asks for."""
        return self._arrange(nodes, folder, self._read(folder), 0)

    def _arrange(
        self, nodes: list[Node], folder: str, meta: Mapping[str, Any], depth: int
    ) -> list[Node]:
        return self._inside(self._listed(self._sorted(nodes, meta), folder, meta), depth)

    def _inside(self, nodes: list[Node], depth: int) -> list[Node]:
        kept = []
        for node in nodes:
            if node.folder and node.children is not None and depth < MAX_DEPTH:
                meta = self._read(node.folder)
                if as_flag(meta.get("hide"), False):
                    self.hidden |= {page.path for page in node.pages()}
                    continue
                node.children = self._arrange(node.children, node.folder, meta, depth + 1)
                if isinstance(meta.get("title"), str):
                    node.title = str(meta["title"]).strip()
            elif node.children is not None:
                node.children = self._inside(node.children, depth + 1)
            kept.append(node)
        return kept

    def _read(self, folder: str) -> Mapping[str, Any]:
        path = "/".join(filter(None, (self.root, folder, self.name)))
        data = self.files.read(path) if self.files.is_file(path) else None
        values = read_yaml(Source.from_bytes(path, data), self.diagnostics) if data else None
        return values if isinstance(values, dict) else {}

    def _sorted(self, nodes: list[Node], meta: Mapping[str, Any]) -> list[Node]:
        def wanted(key: str) -> str:
            return str(meta.get(key) or self.options.get(key) or "")

        order, kind, by = wanted("order"), wanted("sort_type"), wanted("order_by")
        if not (order or kind or by):
            return nodes

        def key(node: Node) -> tuple[object, ...]:
            name = _name_of(node)
            if by == "title":
                name = node.title or (self.titles(node.path) if node.path else "") or name
            return natural_key(name) if kind == "natural" else (name,)

        return sorted(nodes, key=key, reverse=order == "desc")

    def _listed(self, nodes: list[Node], folder: str, meta: Mapping[str, Any]) -> list[Node]:
        nav = meta.get("nav")
        if nav is None and isinstance(meta.get("arrange"), list):
            nav = list(meta["arrange"])
            if not any(rest_entry(entry) for entry in nav):
                nav.append(Scalar("..."))
        if not isinstance(nav, list):
            return nodes
        left = {_name_of(node): node for node in nodes}
        result = self._entries(nav, left, folder, 0)
        places = list(rests_of(result))
        chosen: dict[int, list[Node]] = {}
        for rest in [p for p in places if not p.last] + [p for p in places if p.last]:
            names = [name for name in left if rest.matches(name)]
            taken = [left.pop(name) for name in names]
            chosen[id(rest)] = [p for n in taken for p in n.pages()] if rest.flat else taken
        return filled(result, chosen)

    def _entries(
        self, nav: list[Any], left: dict[str, Node], folder: str, depth: int
    ) -> list[Node]:
        result: list[Node] = []
        for entry in nav:
            rest = rest_entry(entry)
            if rest is not None:
                result.append(Node(rest=rest))
                continue
            pairs = entry.items() if isinstance(entry, dict) else [("", entry)]
            for title, value in pairs:
                if isinstance(value, list) and title and depth < MAX_DEPTH:
                    children = self._entries(value, left, folder, depth + 1)
                    result.append(Node(str(title), children=children))
                    continue
                if not isinstance(value, str) or not value:
                    continue
                node = left.pop(value.strip("/"), None)
                if node is None:
                    self._missing(value, str(title), folder)
                    continue
                node.title = str(title) or node.title
                node.value = value
                result.append(node)
        return result

    def _missing(self, value: str, title: str, folder: str) -> None:
        # With a title it may be a link to anywhere; a Markdown file it names should exist.
        if is_foreign(value) or (title and not value.endswith(".md")):
            return
        message = f"{value} is listed as a chapter and does not exist in {folder or self.root}."
        source = value.source if isinstance(value, Scalar) and value.source else folder
        span = value.span if isinstance(value, Scalar) else None
        self.diagnostics.append(report("missing-chapter", source, message, span))


def _name_of(node: Node) -> str:
    return (node.path or node.folder).rpartition("/")[2]


def _glob(pattern: str) -> str:
    pieces = []
    for piece in re.findall(r"\*\*/|\*+|\?|\[[^\]]+\]|.", pattern):
        if piece == "**/":
            pieces.append("(?:.*/)?")
        elif piece.startswith("*"):
            pieces.append("[^/]*")
        elif piece == "?":
            pieces.append("[^/]")
        elif len(piece) > 1:
            pieces.append(piece.replace("[!", "[^"))
        else:
            pieces.append(re.escape(piece))
    return r"\A" + "".join(pieces) + r"\Z"
