"""The navigation of an MkDocs site: sections and pages as a tree, from whatever says them.

https://www.mkdocs.org/user-guide/writing-your-docs/#configure-pages-and-navigation: the setting
`nav`, or else every file: in each folder its index first, then files by name, then folders.
The plugins awesome-pages and literate-nav put further pages where `nav` has a `...` or a
wildcard; https://oprypin.github.io/mkdocs-literate-nav/reference.html describes the lists.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from bookpack.read.files import BookFiles
from bookpack.read.layouts.mkdocs_settings import Scalar
from bookpack.source import Source, Span

MAX_DEPTH = 50
_SCHEME = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:|//)")
_LIST_ITEM = re.compile(r"([ \t]*)(?:[-*+]|\d+[.)])[ \t]+(.*?)[ \t]*$")
_LINK = re.compile(r"\[((?:[^\[\]\\]|\\.)*)\]\(\s*<?([^()\s<>]*)>?(?:\s+[\"'][^\"']*[\"'])?\s*\)")
_NAV_MARK = re.compile(r"<!--\s*nav\s*-->")


@dataclass(frozen=True)
class Rest:
    """The place of pages that nothing else names: those below `base` that `matches` takes.

    `last` lets the other places choose first. `flat` forgets their folders.
    """

    matches: Callable[[str], bool]
    base: str = ""
    last: bool = False
    flat: bool = False


@dataclass
class Node:
    """A page, a section (`children`) or a place for the rest. `value` is what the author wrote.

    `folder` tells which folder a section is made of, if it is made of one.
    """

    title: str = ""
    path: str = ""
    value: str = ""
    children: "list[Node] | None" = None
    rest: Rest | None = None
    folder: str = ""

    def pages(self, depth: int = 0) -> "Iterator[Node]":
        """Yield the pages of this node in order."""
        if self.children is None:
            if self.rest is None:
                yield self
        elif depth < MAX_DEPTH:
            for child in self.children:
                yield from child.pages(depth + 1)


def is_foreign(target: str) -> bool:
    """Tell whether an entry leads out of the documentation and is no page of it."""
    return bool(_SCHEME.match(target)) or target.startswith(("/", "#"))


def folder_title(name: str) -> str:
    """Return the title that MkDocs makes of a folder's name."""
    title = name.replace("-", " ").replace("_", " ")
    return title.capitalize() if title == title.lower() else title


def file_order(path: str) -> tuple[object, ...]:
    """Return the key of MkDocs' order: index first, then files by name, then folders by name."""
    folder, _, name = path.rpartition("/")
    folders = tuple(part for inner in folder.split("/") if inner for part in (True, inner))
    stem = name.rpartition(".")[0]
    return (*folders, False, stem not in ("index", "README"), name)


def tree_of(paths: Iterable[str], base: str = "") -> list[Node]:
    """Return the sections and pages that MkDocs makes of the files below the folder `base`."""
    top: list[Node] = []
    sections: dict[str, list[Node]] = {"": top}
    prefix = f"{base}/" if base else ""
    for path in sorted(paths, key=file_order):
        folder = path.removeprefix(prefix).rpartition("/")[0]
        missing = [folder]
        while missing[-1] not in sections:
            missing.append(missing[-1].rpartition("/")[0])
        for inner in reversed(missing[:-1]):
            parent, _, name = inner.rpartition("/")
            node = Node(folder_title(name), children=[], folder=prefix + inner)
            sections[parent].append(node)
            assert node.children is not None
            sections[inner] = node.children
        sections[folder].append(Node(path=path))
    return top


def read_nav(value: Any, wrong: Callable[[Any], None], depth: int = 0) -> list[Node]:
    """Read the setting `nav`; `wrong` is told of what is neither page, link nor section."""
    if depth > MAX_DEPTH:
        return []
    nodes = []
    listed = [{k: v} for k, v in value.items()] if isinstance(value, dict) else value
    for entry in listed if isinstance(listed, list) else [listed]:
        pairs = entry.items() if isinstance(entry, dict) else [("", entry)]
        for title, target in pairs:
            if isinstance(target, (list, dict)) and title:
                children = read_nav(target, wrong, depth + 1)
                nodes.append(Node(str(title).strip(), children=children, value=title))
            elif isinstance(target, str) and target.strip():
                path = target.strip().replace("\\", "/").removeprefix("./")
                nodes.append(Node(str(title).strip(), path, target))
            else:
                wrong(title or target)
    return nodes


def fill_rests(
    nodes: list[Node],
    paths: Iterable[str],
    arrange: Callable[[list[Node], str], list[Node]] = lambda nodes, base: nodes,
) -> list[Node]:
    """Put the pages that nothing names into the places for the rest; return the whole."""
    named = {page.path for node in nodes for page in node.pages()}
    left = dict.fromkeys(path for path in paths if path not in named)
    places = list(rests_of(nodes))
    chosen: dict[int, list[Node]] = {}
    for place in [p for p in places if not p.last] + [p for p in places if p.last]:
        prefix = f"{place.base}/" if place.base else ""
        taken = [path for path in left if path.startswith(prefix) and place.matches(path)]
        for path in taken:
            del left[path]
        tree = arrange(tree_of(taken, place.base), place.base)
        if place.flat:
            tree = [page for node in tree for page in node.pages()]
        chosen[id(place)] = tree
    return filled(nodes, chosen)


def wildcard(pattern: str, folder: str) -> Rest:
    """Return the place for what a wildcard of literate-nav means in `folder`."""
    pattern = posixpath.join(folder, pattern.removeprefix("./")) if folder else pattern
    inside = pattern.endswith("/")
    names = pattern.rstrip("/").split("/")
    fixed = next((i for i, name in enumerate(names) if "*" in name), len(names))
    expression = "/".join(re.escape(name).replace(r"\*", "[^/]*") for name in names)
    # A pattern may mean a folder, and then everything in it.
    end = "/.+" if inside else "(?:/.+)?"
    return Rest(lambda path: bool(re.fullmatch(expression + end, path)), "/".join(names[:fixed]))


def whole_folder(folder: str) -> Rest:
    """Return the place for everything in `folder`."""
    folder = folder.strip("/")
    return Rest(lambda path: True, folder)


def read_literate_nav(
    files: BookFiles, root: str, folder: str, nav_file: str, seen: tuple[str, ...] = ()
) -> list[Node] | None:
    """Read the list of links in the navigation file of `folder`; None where there is none."""
    path = posixpath.join(root, folder, nav_file)
    data = files.read(path) if files.is_file(path) and path not in seen else None
    if data is None or len(seen) > MAX_DEPTH:
        return None
    source = Source.from_bytes(path, data)
    mark = _NAV_MARK.search(source.text)
    start = mark.end() if mark else 0
    top = Node(children=[])
    levels: list[tuple[int, Node]] = [(-1, top)]
    for match in re.finditer(r"^.*$", source.text[start:], re.M):
        item = _LIST_ITEM.match(match[0])
        if item is None:
            continue
        indent = len(item[1].expandtabs(4))
        while levels[-1][0] >= indent:
            levels.pop()
        at = start + match.start() + item.start(2)
        node = _literate_item(item[2], folder, source, at)
        if node.path.endswith("/") and not is_foreign(node.path):
            inner = posixpath.normpath(node.path)
            listed = read_literate_nav(files, root, inner, nav_file, (*seen, path))
            whole = [Node(rest=whole_folder(inner))]
            node = Node(node.title, children=whole if listed is None else listed, folder=inner)
        _adopt(levels[-1][1], node)
        levels.append((indent, node))
    return top.children


def _adopt(parent: Node, child: Node) -> None:
    """Make `child` the last of a list item, which becomes a section with its own page first."""
    if parent.children is None:
        page = Node(path=parent.path, value=parent.value)
        parent.children = [page] if parent.path else []
        parent.path = ""
    parent.children.append(child)


def _literate_item(text: str, folder: str, source: Source, at: int) -> Node:
    link = _LINK.search(text)
    if link is None:
        if "*" in text and re.fullmatch(r"[^\s\[\]`<>]+", text):
            return Node(rest=wildcard(text, folder))
        return Node(text.strip("*_ "), children=[])
    target = Scalar(link[2])
    target.source, target.span = source, Span(at + link.start(2), at + link.end(2))
    path = str(target)
    if not is_foreign(path):
        slash = "/" if path.endswith("/") else ""
        path = posixpath.normpath(posixpath.join(folder, unquote(path))) + slash
    return Node(re.sub(r"[*_`\\]", "", link[1]).strip(), path, target)


def rests_of(nodes: Iterable[Node]) -> Iterator[Rest]:
    """Yield the places for the rest in order."""
    for node in nodes:
        if node.rest is not None:
            yield node.rest
        yield from rests_of(node.children or ())


def filled(nodes: list[Node], chosen: Mapping[int, list[Node]]) -> list[Node]:
    """Put what was chosen for each place (by its `id`) where the place is."""
    result = []
    for node in nodes:
        if node.rest is not None:
            result += chosen.get(id(node.rest), [])
        else:
            if node.children is not None:
                node.children = filled(node.children, chosen)
            result.append(node)
    return result
