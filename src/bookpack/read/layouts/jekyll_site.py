"""A Jekyll site as data: its settings, its documents with their defaults, their addresses.

Which files become documents, and of what kind, is told by https://jekyllrb.com/docs/structure/,
/docs/collections/ and /docs/configuration/front-matter-defaults/. This module puts nothing
into an order.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from bookpack.diagnostics import Diagnostic
from bookpack.read.files import BookFiles
from bookpack.read.front_matter import FrontMatter, read_front_matter
from bookpack.read.layouts.jekyll_permalinks import Permalinks
from bookpack.read.order import stem_of
from bookpack.read.settings_files import folder_of, read_settings, table_of, text_of

CONFIG_NAMES = ("_config.yml", "_config.yaml", "_config.toml")
PAGES, POSTS, DRAFTS = "pages", "posts", "drafts"
# What the plugin jekyll-optional-front-matter, which GitHub Pages always loads, passes over.
_NO_PAGES = frozenset(
    {"readme", "license", "licence", "copying", "code_of_conduct", "contributing"}
    | {"issue_template", "pull_request_template"}
)
_MOST_FOLDERS = 2_000


@dataclass(frozen=True, slots=True)
class Document:
    """A file that Jekyll makes a page of.

    `path` is relative to the book's folder, `address` begins with a slash. `kind` is `pages`,
    `posts`, `drafts` or the label of a collection; `data` is the front matter upon its defaults.
    """

    path: str
    kind: str
    data: Mapping[str, Any]
    front: FrontMatter
    address: str
    has_front_matter: bool = True
    has_text: bool = True

    def text(self, key: str) -> str:
        """Return the text of a field of its data; empty where there is none."""
        return text_of(self.data, key)

    @property
    def is_published(self) -> bool:
        """Tell whether its author withholds it neither with `published` nor as a draft."""
        return (
            self.text("published").lower() != "false"
            and self.kind != DRAFTS
            and not self.front.draft
        )

    @property
    def redirects(self) -> tuple[str, ...]:
        """Addresses that lead here by the plugin jekyll-redirect-from."""
        listed = self.data.get("redirect_from")
        return tuple(a for a in _strings(listed) if a)


def find_config(files: BookFiles) -> str:
    """Return the path of the site's settings; GitHub Pages also publishes the folder `docs`."""
    for folder in ("", "docs/"):
        for name in CONFIG_NAMES:
            if files.exists(folder + name):
                return folder + name
    return ""


class JekyllSite:
    """The site whose settings are the file `config`. Never raises: see `diagnostics`."""

    def __init__(self, files: BookFiles, config: str) -> None:
        self.files = files
        self.config = config
        self.values, found = read_settings(files, config)
        self.diagnostics: list[Diagnostic] = found
        source = text_of(self.values, "source")
        inside = source if not source.startswith(("/", "~")) and ".." not in source else ""
        self.folder = folder_of(f"{config.rpartition('/')[0]}/{inside}")
        self.collections = _collections(self.values)
        self.collections_folder = self._join(text_of(self.values, "collections_dir"))
        self.permalinks = Permalinks(text_of(self.values, "permalink"), self.collections)
        self.plugins = (
            *_strings(self.values.get("plugins")),
            *_strings(self.values.get("gems")),
        )
        self._exclude = _strings(self.values.get("exclude"))
        self._include = _strings(self.values.get("include"))
        self.static: list[str] = []
        """Markdown and HTML that Jekyll publishes unchanged, known after `documents`."""

    def collection_folder(self, label: str) -> str:
        """Return where the documents of a collection lie, relative to the book's folder."""
        return "/".join(part for part in (self.collections_folder, f"_{label}") if part)

    def documents(self) -> list[Document]:
        """Read the front matter of every document, Markdown and HTML, in no order that matters."""
        markdown = [self._join(path) for path in self.files.find_markdown(self.folder)]
        indexes = {path.rpartition("/")[0] for path in markdown if stem_of(path) == "index"}
        optional = self._front_matter_is_optional()
        found = []
        for path in markdown:
            kind = self._kind_of(path)
            if not kind:
                continue
            text = self.files.read_text(path) or ""
            front = read_front_matter(text)
            has_front_matter = front.end > 0
            folder, _, name = path.rpartition("/")
            is_readme = stem_of(name).lower() == "readme" and folder not in indexes
            is_readme = is_readme and not self.files.exists(f"{folder}/index.html".lstrip("/"))
            passed_over = stem_of(name).lower() in _NO_PAGES and not is_readme
            if kind == PAGES and not has_front_matter and (not optional or passed_over):
                self.static.append(path)
                continue
            found.append(self._document(path, kind, front, text, is_index=optional and is_readme))
        for path in self._html_files():
            text = self.files.read_text(path) or ""
            front = read_front_matter(text)
            kind = self._kind_of(path)
            if front.end and kind:
                found.append(self._document(path, kind, front, text))
            elif kind == PAGES:
                self.static.append(path)
        return found

    def _document(
        self, path: str, kind: str, front: FrontMatter, text: str, *, is_index: bool = False
    ) -> Document:
        inside = path.removeprefix(f"{self.folder}/") if self.folder else path
        data = {**self._defaults(inside, kind), **(front.values or {})}
        if kind == PAGES:
            address = self.permalinks.of_page(inside, data, is_index=is_index)
        else:
            label = POSTS if kind == DRAFTS else kind
            start = self.collection_folder(kind) + "/"
            if path.startswith(start):
                inside = path.removeprefix(start)
            address = self.permalinks.of_document(inside, label, data)
        has_text = bool(text[front.end :].strip())
        return Document(path, kind, data, front, address, front.end > 0, has_text)

    def _kind_of(self, path: str) -> str:
        """Return what Jekyll takes the file for, or nothing where it takes no notice of it."""
        inside = path.removeprefix(f"{self.folder}/") if self.folder else path
        if self._is_excluded(inside):
            return ""
        for label in self.collections:
            folder = self.collection_folder(label) + "/"
            if path.startswith(folder):
                rest = path.removeprefix(folder)
                return (
                    ""
                    if any(name.startswith(("_", "#", "~")) for name in rest.split("/"))
                    else label
                )
        names = inside.split("/")
        for kind in (POSTS, DRAFTS):
            if f"_{kind}" in names[:-1]:
                return kind
        special = any(name.startswith(("_", "#", "~")) for name in names)
        return PAGES if not special or self._matches(inside, self._include) else ""

    def _is_excluded(self, inside: str) -> bool:
        return self._matches(inside, self._exclude) and not self._matches(inside, self._include)

    @staticmethod
    def _matches(inside: str, patterns: tuple[str, ...]) -> bool:
        """Tell whether the path, or a folder above it, is named; a bare beginning is enough."""
        names = inside.split("/")
        above = ["/".join(names[: depth + 1]) for depth in range(len(names))]
        for pattern in (p.lstrip("/") for p in patterns):
            if pattern and inside.startswith(pattern):
                return True
            if any(fnmatchcase(path, pattern) for path in above):
                return True
        return False

    def _defaults(self, inside: str, kind: str) -> dict[str, Any]:
        """Return the front matter that `defaults` give; the longer path wins, then the type."""
        sets = self.values.get("defaults")
        prefix = text_of(self.values, "collections_dir").strip("/")
        shorter = inside.removeprefix(f"{prefix}/") if prefix else inside
        matching = []
        for one in sets if isinstance(sets, list) else []:
            scope, values = table_of(one, "scope"), table_of(one, "values")
            path, wanted = text_of(scope, "path").strip("/"), text_of(scope, "type")
            if wanted and wanted not in (kind, kind.removesuffix("s")):
                continue
            if not path or any(_lies_in(place, path) for place in (inside, shorter)):
                matching.append((len(path), bool(wanted), values))
        merged: dict[str, Any] = {}
        for _, _, values in sorted(matching, key=lambda one: one[:2]):
            merged.update(values)
        return merged

    def _front_matter_is_optional(self) -> bool:
        if "jekyll-optional-front-matter" in self.plugins:
            return True
        gems = (self.files.read_text("Gemfile"), self.files.read_text(self._join("Gemfile")))
        known = [gem for gem in gems if gem is not None]
        # Without a Gemfile, GitHub Pages builds the site with its own plugins.
        return not known or any("github-pages" in gem for gem in known)

    def _html_files(self) -> Iterator[str]:
        waiting = [self.folder, *(self.collection_folder(label) for label in self.collections)]
        seen: set[str] = set()
        while waiting and len(seen) < _MOST_FOLDERS:
            folder = waiting.pop(0)
            if folder in seen:
                continue
            seen.add(folder)
            for name in self.files.list_folder(folder):
                path = f"{folder}/{name}" if folder else name
                if name.endswith((".html", ".htm")):
                    yield path
                elif "." in name or name.startswith("_") or name == "node_modules":
                    continue
                elif not self._is_excluded(path) and not self.files.is_file(path):
                    waiting.append(path)

    def _join(self, path: str) -> str:
        return folder_of(f"{self.folder}/{path}")


def _collections(values: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the collections that are published; the posts are one in every site."""
    listed = values.get("collections")
    found: dict[str, Mapping[str, Any]] = {}
    if isinstance(listed, dict):
        found = {label: table_of(listed, label) for label in listed}
    elif isinstance(listed, list):
        found = {label: {} for label in listed if isinstance(label, str)}
    found = {re.sub(r"[^A-Za-z0-9_.-]", "", label): value for label, value in found.items()}
    found[POSTS] = {**found.get(POSTS, {}), "output": "true"}
    return found


def _lies_in(place: str, scope: str) -> bool:
    if "*" in scope:
        return fnmatchcase(place, scope) or fnmatchcase(place, f"{scope}/*")
    return place == scope or place.startswith(f"{scope}/")


def _strings(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
