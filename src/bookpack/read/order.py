"""Natural order of names: `2-basics` before `10-end`, whatever the locale or file system."""

import re

_NUMBERS = re.compile(r"(\d+)")
_DATE = re.compile(r"^\d{4}-\d\d-\d\d[-_. ]+(?=\S)")
# A dot before a digit or an x is one of a version: `0.8.x`, `1.0.2`.
_ORDER_NUMBER = re.compile(
    r"(?!\d{4}-\d\d-\d\d)(\d{1,6}(?:\.\d{1,3})?)"
    r"(?:[-_ ]|\.(?!\d|x(?:[-_. ]|$))|$)",
    re.I,
)
_VERSION = re.compile(r"v?\d+(?:\.\d+)*\.(?:\d+|x)", re.I)
_INDEX_NAMES = ("index", "_index", "readme")


def natural_key(path: str) -> tuple[object, ...]:
    """Return a sort key for a path: numbers by value, names without case.

    A file that speaks for its folder comes first: an index, then one of the folder's own name.
    """
    *folders, name = path.split("/")
    rank, key = _name_key(name)
    if folders and rank and stem_of(name).casefold() == folders[-1].casefold():
        rank = 1
    return ((*map(_name_key, folders), (rank, key)), path)


def order_number(name: str) -> float | None:
    """Return the number that a file's name begins with, `7` for `07-end.md`.

    A date or a version such as `0.8.x` is none.
    """
    match = _ORDER_NUMBER.match(stem_of(name))
    return float(match[1]) if match else None


def without_order_number(name: str) -> str:
    """Return a file's stem without the number that orders it."""
    stem = stem_of(name)
    match = _ORDER_NUMBER.match(stem)
    return stem[match.end() :] if match and match.end() < len(stem) else stem


def is_index(path: str) -> bool:
    """Tell whether a file speaks for its folder: `index.md`, `README.md`."""
    return stem_of(path).lower() in _INDEX_NAMES


def stem_of(path: str) -> str:
    """Return the file name at the end of `path` without its suffix."""
    name = path.rpartition("/")[2]
    if _VERSION.fullmatch(name):
        return name  # a folder's: what stands behind the last dot is no suffix
    return name.rpartition(".")[0] or name


def readable_name(name: str) -> str:
    """Return a file or folder name as words: `02-getting_started` → `Getting started`.

    A date in front goes as an order number does; a version such as `0.8.x` stays as it is.
    """
    stem = _DATE.sub("", without_order_number(name), count=1)
    if _VERSION.fullmatch(stem):
        return stem
    words = " ".join(re.split(r"[-_\s]+", stem)).strip() or name
    return words[:1].upper() + words[1:]


def _name_key(name: str) -> tuple[int, tuple[object, ...]]:
    pieces = _NUMBERS.split(stem_of(name).casefold())
    # Odd pieces are digits; the leading 0 or 1 keeps text and numbers comparable.
    key = tuple(
        (1, piece) if index % 2 == 0 else (0, int(piece))
        for index, piece in enumerate(pieces)
        if piece
    )
    return (0 if is_index(name) else 2, key)
