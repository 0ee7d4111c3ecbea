"""TOML tables → the dataclasses of `tables`, with words for what is wrong with them."""

import dataclasses
import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from bookpack.errors import SettingsError

_Table = TypeVar("_Table")


class Reader:
    """Turns TOML tables into the dataclasses above and words what is wrong with them."""

    def __init__(self, where: str, text: str, overridden: Mapping[str, str]) -> None:
        self.where = where
        self.text = text
        self.overridden = overridden

    def table(self, schema: type[_Table], values: Any, name: str) -> _Table:
        """Return `schema` filled from `values`. Raises `SettingsError`."""
        if not isinstance(values, dict):
            raise self.error(name, "must be a table", "")
        # A name that Python keeps for itself has an underscore behind it.
        names = [field.name for field in dataclasses.fields(schema)]  # type: ignore[arg-type]
        fields = {name.rstrip("_").replace("_", "-"): name for name in names}
        self.check_keys(values, tuple(fields), name)
        hints = get_type_hints(schema)
        return schema(
            **{
                fields[key]: self._convert(value, hints[fields[key]], key, name)
                for key, value in values.items()
            }
        )

    def check_keys(self, values: Mapping[str, Any], known: Sequence[str], table: str) -> None:
        """Raise `SettingsError` for the first key that is not `known`."""
        for key in values:
            if key in known:
                continue
            nearest = difflib.get_close_matches(key.replace("_", "-"), known, n=1, cutoff=0.5)
            hint = f"Did you mean {nearest[0]}?" if nearest else f"Known are: {', '.join(known)}."
            raise self.error(
                key, f"is not a known {'setting' if table else 'table'}. {hint}", table
            )

    def error(self, key: str, complaint: str, table: str) -> SettingsError:
        """Return an error that says where `key` stands."""
        place = self._place_of(key, table)
        return SettingsError(
            f"{place}: {f'[{table}] ' if table else ''}{key} {_sentence(complaint)}"
        )

    def _place_of(self, key: str, table: str) -> str:
        for name, place in self.overridden.items():
            if name == f"{table}.{key}" or (not table and name.startswith(f"{key}.")):
                return place
        line = self._line_of(key, table)
        return f"{self.where}:{line}" if line else self.where

    def _line_of(self, key: str, table: str) -> int:
        inside = not table
        for number, line in enumerate(self.text.splitlines(), 1):
            header = re.match(r"\s*\[\[?\s*([\w.-]+)", line)
            if header:
                if header[1] == (f"{table}.{key}" if table else key):
                    return number
                inside = header[1] == table
            elif inside and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
                return number
        return 0

    def _convert(self, value: Any, kind: Any, key: str, table: str) -> Any:
        if kind is str:
            if isinstance(value, str):
                return value
            # An edition written as 2, or a date written without quotes, is as good as text.
            if not isinstance(value, (bool, list, dict)):
                return str(value)
            raise self.error(key, "must be a string", table)
        if kind is bool:
            if isinstance(value, bool):
                return value
            raise self.error(key, "must be true or false", table)
        if kind is float:
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return float(value)
            raise self.error(key, "must be a number", table)
        if kind is int:
            if isinstance(value, int) and not isinstance(value, bool):
                return value
            raise self.error(key, "must be a whole number", table)
        if kind == float | None:
            return self._convert(value, float, key, table)
        if kind == int | None:
            if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                return value
            raise self.error(key, "must be a whole number, 0 or more", table)
        if get_origin(kind) is tuple and dataclasses.is_dataclass(get_args(kind)[0]):
            name = f"{table}.{key}"
            if not isinstance(value, list):
                raise self.error(key, f"must be written as [[{name}]] tables", table)
            return tuple(self.table(get_args(kind)[0], entry, name) for entry in value)
        if kind == str | Mapping[str, str]:
            if isinstance(value, dict):
                return self._convert(value, Mapping[str, str], key, table)
            return self._convert(value, str, key, table)
        if get_origin(kind) is tuple:
            if isinstance(value, str):
                return (value,)
            if isinstance(value, list) and all(isinstance(item, str) for item in value):
                return tuple(value)
            raise self.error(key, "must be a list of strings", table)
        if not isinstance(value, dict):
            inner = get_args(kind)[1]
            what = {str: " of strings", tuple: " of lists"}.get(get_origin(inner) or inner, "")
            raise self.error(key, f"must be a table{what}", table)
        inner = get_args(kind)[1]
        return {name: self._convert(item, inner, key, table) for name, item in value.items()}


def _sentence(complaint: str) -> str:
    return complaint if complaint.endswith((".", "?")) else f"{complaint}."
