"""The program that makes the index for search. A build without it makes a site without search."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

_PACKAGES = ("pagefind_bin_extended", "pagefind_bin")
"""Python packages that hold the program; the first one knows words in Chinese and Japanese."""


class Indexer(NamedTuple):
    """The program, and the package and version that it comes from: another may index otherwise."""

    program: Path
    version: str


def has_indexer() -> str:
    """Return the name of the package that holds the program; empty where none is installed."""
    return next((name for name in _PACKAGES if find_spec(name) is not None), "")


@cache
def find_indexer() -> Indexer | None:
    """Return the program if it is installed, and for this machine."""
    from importlib.metadata import version

    name = has_indexer()
    try:
        return Indexer(Path(import_module(name).get_executable()), f"{name} {version(name)}")
    except (ImportError, ValueError, FileNotFoundError):
        return None
