"""Settings files of other tools: TOML, YAML and JSON → plain mappings, never an exception.

YAML scalars stay strings, as in front matter, and a file that expands to a bomb is refused.
"""

import json
import re
import tomllib
from typing import Any

from bookpack.diagnostics import Diagnostic, report
from bookpack.read.files import BookFiles
from bookpack.read.front_matter import read_yaml
from bookpack.source import Source, Span, normalise_newlines

_PLACE = re.compile(r"\(?(?:at )?line (\d+)(?:,? column (\d+))?\)?")


def read_settings(files: BookFiles, path: str) -> tuple[dict[str, Any], list[Diagnostic]]:
    """Read the file `path` by its suffix; return its values and what is wrong with it.

    A file that is not there is an empty mapping and no finding; one that cannot be understood
    is an empty mapping and an `invalid-convention-settings`.
    """
    data = files.read(path)
    if data is None:
        return {}, []
    source = Source.from_bytes(path, data)
    text = normalise_newlines(source.text)
    suffix = path.rpartition(".")[2].lower()
    values: Any = None
    complaint, line = "", 0
    try:
        if suffix == "toml":
            values = tomllib.loads(text)
        elif suffix == "json":
            values = json.loads(text) if text.strip() else {}
        else:
            values, complaint = read_yaml(text)
            line = -1  # the complaint counts the opening line of front matter
            values = {} if values is None and not complaint else values
    except (ValueError, RecursionError) as error:
        complaint = f"is not valid {suffix.upper()}: {error}".rstrip(".")
    if not complaint and not isinstance(values, dict):
        complaint = "is not a mapping of keys to values"
    if not complaint:
        return values, []
    span = None
    if place := _PLACE.search(complaint):
        line = min(max(int(place[1]) + line, 1), len(source.line_starts))
        start = source.line_starts[line - 1]
        span = Span(start, start)
        complaint = complaint[: place.start()].rstrip(" (") + complaint[place.end() :]
    message = f"{path} {complaint}."
    return {}, [report("invalid-convention-settings", source, message, span)]


def text_of(values: Any, *keys: str) -> str:
    """Return the string at `keys`, one inside the other; empty where there is none."""
    for key in keys:
        values = values.get(key) if isinstance(values, dict) else None
    return " ".join(values.split()) if isinstance(values, str) else ""


def table_of(values: Any, *keys: str) -> dict[str, Any]:
    """Return the mapping at `keys`, one inside the other; empty where there is none."""
    for key in keys:
        values = values.get(key) if isinstance(values, dict) else None
    return values if isinstance(values, dict) else {}


def folder_of(path: str) -> str:
    """Return a folder as an author wrote it, without `./` and slashes at its ends."""
    names = [name for name in path.replace("\\", "/").split("/") if name not in ("", ".")]
    return "/".join(names)
