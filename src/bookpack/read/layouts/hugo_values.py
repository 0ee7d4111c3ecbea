"""Values of Hugo's settings and front matter: TOML's typed ones and YAML's strings alike."""

from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 50


def with_lower_keys(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return mappings with keys in lower case, as deep as settings are ever nested."""
    if isinstance(value, Mapping) and depth:
        return {str(key).lower(): with_lower_keys(inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list) and depth:
        return [with_lower_keys(inner, depth - 1) for inner in value]
    return value


def merged_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return both mappings as one; `above` wins, mappings inside are merged likewise."""
    both = dict(below)
    for key, value in above.items():
        known = both.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            value = merged_over(known, value)
        both[key] = value
    return both


def as_text(value: Any) -> str:
    """Return a scalar as one line of text; anything else is empty."""
    if value is None or isinstance(value, (bool, dict, list)):
        return ""
    return " ".join(str(value).split())


def as_mapping(value: Any) -> Mapping[str, Any]:
    """Return `value` where it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def is_true(value: Any) -> bool:
    """Tell whether a TOML, YAML or JSON value says yes."""
    return value is True or (isinstance(value, str) and value.lower() in ("true", "yes", "on"))


def is_false(value: Any) -> bool:
    """Tell whether a TOML, YAML or JSON value says no; a value that is absent does not."""
    return value is False or (isinstance(value, str) and value.lower() in ("false", "no", "off"))
