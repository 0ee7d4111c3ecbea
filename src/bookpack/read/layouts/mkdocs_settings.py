"""`mkdocs.yml` and `zensical.toml` as plain data that remembers where each value stands.

https://www.mkdocs.org/user-guide/configuration/ names the settings, and Zensical's
documentation says that its `[project]` table holds the same ones. Nothing in such a file is
ever executed: `!!python/name:` and its like become the name that they say, `!ENV` its default,
and any other tag is not looked at. What cannot be read is `invalid-convention-settings`.
"""

import posixpath
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from bookpack.diagnostics import Diagnostic, report
from bookpack.read.files import BookFiles
from bookpack.source import Source, Span

SETTINGS_FILES = ("mkdocs.yml", "mkdocs.yaml", "zensical.toml")
MAX_VALUES = 200_000
MAX_DEPTH = 40
MAX_INHERITED = 10
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_PYTHON_TAG = "tag:yaml.org,2002:python/"
_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")


class Scalar(str):
    """A value as its author wrote it, with the file and the place where it stands."""

    source: Source | None = None
    span: Span | None = None


@dataclass(frozen=True)
class MkDocsSettings:
    """The settings of one site. `values` hold them all; `is_zensical` tells the tool."""

    source: Source
    values: Mapping[str, Any]
    is_zensical: bool = False
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def text(self, key: str, default: str = "") -> str:
        """Return a setting that is text, on one line."""
        value = self.values.get(key)
        return " ".join(value.split()) if isinstance(value, str) and value.strip() else default

    def flag(self, key: str, default: bool) -> bool:
        """Return a setting that is true or false."""
        return as_flag(self.values.get(key), default)

    @property
    def plugins(self) -> dict[str, Mapping[str, Any]]:
        """The plugins by name, each with its options; `material/` before a name is left out."""
        named = _named_options(self.values.get("plugins"))
        return {name.rpartition("/")[2]: options for name, options in named.items()}

    @property
    def extensions(self) -> dict[str, Mapping[str, Any]]:
        """The Markdown extensions by name, each with its options."""
        found = _named_options(self.values.get("markdown_extensions"))
        if self.is_zensical:
            # A table [project.markdown_extensions.pymdownx.keys] nests what YAML writes flat.
            for name in [n for n in found if n in ("pymdownx", "markdown", "zensical")]:
                for inner, options in found.pop(name).items():
                    found[f"{name}.{inner}"] = options if isinstance(options, Mapping) else {}
        return {name.removeprefix("markdown.extensions."): o for name, o in found.items()}

    def place(self, value: str) -> tuple[Source, Span | None]:
        """Return the file and the place where `value` stands."""
        if isinstance(value, Scalar) and value.source is not None:
            return value.source, value.span
        for quote in ('"', "'"):
            start = self.source.text.find(f"{quote}{value}{quote}")
            if start >= 0:
                return self.source, Span(start, start + len(value) + 2)
        return self.source, None


def find_settings(files: BookFiles) -> str | None:
    """Return the name of the settings file in the book's folder, None where there is none."""
    return next((name for name in SETTINGS_FILES if files.is_file(name)), None)


def read_settings(files: BookFiles) -> MkDocsSettings | None:
    """Read the settings, those included that they `INHERIT`; None where there is no file."""
    name = find_settings(files)
    if name is None:
        return None
    found: list[Diagnostic] = []
    source, values = _read_file(files, name, found)
    if source is None:
        return None
    if name.endswith(".toml"):
        project = values.get("project")
        return MkDocsSettings(source, project if isinstance(project, dict) else {}, True, found)
    seen = [name]
    inherit = values.pop("INHERIT", None)
    while isinstance(inherit, str) and inherit:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(seen[-1]), inherit))
        parent, inherited = _read_file(files, path, found)
        if parent is None or path in seen or len(seen) >= MAX_INHERITED:
            place = inherit.source if isinstance(inherit, Scalar) else None
            span = inherit.span if isinstance(inherit, Scalar) else None
            message = f"INHERIT names {inherit}, which cannot be inherited from."
            found.append(report("invalid-convention-settings", place or source, message, span))
            break
        seen.append(path)
        inherit = inherited.pop("INHERIT", None)
        values = _merged(inherited, values)
    return MkDocsSettings(source, values, False, found)


def read_yaml(source: Source, found: list[Diagnostic]) -> Any:
    """Return what a YAML file holds, strings as `Scalar`; None and a finding for nonsense."""
    try:
        complaint = _weigh(source.text)
        if not complaint:
            node = yaml.compose(source.text, Loader=_Loader)
            return None if node is None else _value(node, source, {})
        span = None
    except yaml.MarkedYAMLError as error:
        complaint = f"is not valid YAML: {error.problem}"
        mark = error.problem_mark
        span = _span(source, mark.line, mark.column, mark.line, mark.column) if mark else None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        complaint, span = f"is not valid YAML: {error}".splitlines()[0].rstrip("."), None
    message = f"{source.path} {complaint}."
    found.append(report("invalid-convention-settings", source, message, span))
    return None


def as_flag(value: Any, default: bool) -> bool:
    """Return what YAML or TOML mean by `value`; `default` for what means neither."""
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    return True if word in _TRUE else False if word in _FALSE else default


def as_list(value: Any) -> list[Any]:
    """Return a list for what may be written as one value or as several."""
    if isinstance(value, list):
        return value
    return [] if value is None or value == "" else [value]


class PathPatterns:
    """Paths by patterns as in `.gitignore`: the last pattern that matches a path decides.

    https://git-scm.com/docs/gitignore; MkDocs uses this form for `exclude_docs`, `draft_docs`
    and `not_in_nav`.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.patterns = [
            (not line.startswith("!"), _gitignore_pattern(line.removeprefix("!")))
            for raw in lines
            if (line := raw.strip()) and not line.startswith("#")
        ]

    def matches(self, path: str) -> bool:
        """Tell whether `path`, with forward slashes, is meant."""
        meant = False
        for positive, pattern in self.patterns:
            if meant != positive and pattern.match(path):
                meant = positive
        return meant


def _gitignore_pattern(line: str) -> re.Pattern[str]:
    folders_only = line.endswith("/")
    anchored = "/" in line.rstrip("/")
    pieces = []
    for piece in re.findall(r"\*\*/|/\*\*$|\*+|\?|\[[^\]]+\]|.", line.strip("/")):
        if piece == "**/":
            pieces.append("(?:[^/]+/)*")
        elif piece == "/**":
            pieces.append("/.+")
        elif piece.startswith("*"):
            pieces.append("[^/]*")
        elif piece == "?":
            pieces.append("[^/]")
        elif len(piece) > 1:
            pieces.append("[" + piece[1:-1].replace("\\", "").replace("!", "^", 1) + "]")
        else:
            pieces.append(re.escape(piece))
    start = "" if anchored else "(?:.*/)?"
    end = "/.*" if folders_only else "(?:/.*)?"
    try:
        return re.compile(start + "".join(pieces) + end + r"\Z", re.S)
    except re.error:
        return re.compile(re.escape(line) + r"\Z")


def _read_file(
    files: BookFiles, path: str, found: list[Diagnostic]
) -> tuple[Source | None, dict[str, Any]]:
    data = files.read(path)
    if data is None:
        return None, {}
    source = Source.from_bytes(path, data)
    if not path.endswith(".toml"):
        values = read_yaml(source, found)
    else:
        try:
            values = tomllib.loads(source.text.replace("\r\n", "\n"))
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            message = f"{path} is not valid TOML: {error}".rstrip(".") + "."
            found.append(report("invalid-convention-settings", source, message))
            return source, {}
    if values is not None and not isinstance(values, dict):
        message = f"{path} is not a mapping of settings."
        found.append(report("invalid-convention-settings", source, message))
    return source, values if isinstance(values, dict) else {}


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merge as MkDocs does for INHERIT: tables key by key, everything else as a whole."""
    merged = dict(base)
    for key, value in over.items():
        known = merged.get(key)
        if isinstance(value, dict) and isinstance(known, dict):
            value = _merged(known, value)
        merged[key] = value
    return merged


def _named_options(listed: Any) -> dict[str, Mapping[str, Any]]:
    """Read what may be a list of names and of one-key tables, or one table."""
    entries: list[Any] = list(listed.items()) if isinstance(listed, dict) else []
    for entry in as_list(listed) if not isinstance(listed, dict) else []:
        entries += entry.items() if isinstance(entry, dict) else [(entry, {})]
    return {
        str(name): options if isinstance(options, dict) else {}
        for name, options in entries
        if isinstance(name, str)
    }


def _weigh(text: str) -> str:
    """Complain about YAML too large or too deep to be settings, before anything is built."""
    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = [(None, 0)]
    for event in yaml.parse(text, Loader=_Loader):
        size = 0
        if isinstance(event, yaml.AliasEvent):
            size = sizes.get(event.anchor or "", 1)
        elif isinstance(event, yaml.ScalarEvent):
            size = 1
            if event.anchor:
                sizes[event.anchor] = size
        elif isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, 1))
            if len(open_nodes) > MAX_DEPTH:
                return f"is nested more than {MAX_DEPTH} deep"
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size = open_nodes.pop()
            if anchor:
                sizes[anchor] = size
        parent, total = open_nodes[-1]
        open_nodes[-1] = (parent, total + size)
        if total + size > MAX_VALUES:
            return f"expands to more than {MAX_VALUES:,} values"
    return ""


def _value(node: Any, source: Source, known: dict[int, Any]) -> Any:
    if id(node) in known:
        return known[id(node)]
    made: Any
    if isinstance(node, yaml.ScalarNode):
        text = node.value
        if node.tag == "!ENV":
            text = ""  # a build must not depend on the environment
        elif node.tag == "!relative" and not text:
            text = "$page_dir"
        made = Scalar(text)
        start, end = node.start_mark, node.end_mark
        made.source = source
        made.span = _span(source, start.line, start.column, end.line, end.column)
    elif isinstance(node, yaml.SequenceNode):
        made = [_value(item, source, known) for item in node.value]
        if node.tag == "!ENV":
            made = made[-1] if len(made) > 1 else Scalar("")
    else:
        made = dict(_pairs(node, source, known))
    if node.tag.startswith(_PYTHON_TAG):
        # What Zensical writes as a table of object and arguments.
        made = {
            "object": node.tag.removeprefix(_PYTHON_TAG).partition(":")[2],
            **(made if isinstance(made, dict) else {}),
        }
    known[id(node)] = made
    return made


def _pairs(node: Any, source: Source, known: dict[int, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in node.value:
        made = _value(value, source, known)
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        if name == "<<":
            for inherited in as_list(made):
                yield from inherited.items() if isinstance(inherited, dict) else ()
        elif isinstance(key, yaml.ScalarNode):
            yield _value(key, source, known), made


def _span(source: Source, line: int, column: int, end_line: int, end_column: int) -> Span | None:
    try:
        start = source.offset(line + 1, column + 1)
        end = source.offset(end_line + 1, end_column + 1)
    except ValueError:
        return None
    return Span(start, end) if end >= start else None
