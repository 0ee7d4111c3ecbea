"""Small JSON records in the user's cache, each written whole or not at all.

A record that is missing, damaged or cannot be written only costs time.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def read_record(cache: Path | None, room: str, key: str) -> Mapping[str, Any]:
    """Return the record of `key` (a hash in hex) in a room of the cache, empty if there is none."""
    if cache is None:
        return {}
    try:
        record = json.loads(_place(cache, room, key).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def write_record(cache: Path | None, room: str, key: str, record: Mapping[str, Any]) -> None:
    """Keep a record, if that is possible."""
    if cache is None:
        return
    place = _place(cache, room, key)
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=".")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump(record, stream, ensure_ascii=False)
            Path(name).replace(place)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise


def _place(cache: Path, room: str, key: str) -> Path:
    return cache / room / key[:2] / f"{key[2:]}.json"
