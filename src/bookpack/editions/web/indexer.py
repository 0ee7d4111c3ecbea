"""The program that makes the index for search. A build without it makes a site without search."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

_PACKAGES = ("pagefind_bin_extended", "pagefind_bin")
"""Python packages that hold the program; the first one knows words in Chinese and Japanese."""


class Indexer(NamedTuple):
    """The program, and the Python package that it comes from."""

    program: Path
    package: str

    @property
    def version(self) -> str:
        """Package and version: another one may index otherwise."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            return f"{self.package} {version(self.package)}"
        except PackageNotFoundError:  # installed by other means than a package manager's
            return self.package


def has_indexer() -> str:
    """Return the name of the package that holds the program; empty where none is installed."""
    return next((name for name in _PACKAGES if find_spec(name) is not None), "")


@cache
def find_indexer() -> Indexer | None:
    """Return the program if it is installed, and for this machine."""
    name = has_indexer()
    try:
        return Indexer(Path(import_module(name).get_executable()), name)
    except (ImportError, ValueError, FileNotFoundError):
        return None
