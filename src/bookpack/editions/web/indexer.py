"""The program that makes the index for search. A build without it makes a site without search."""

import re
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

_PACKAGES = ("pagefind_bin_extended", "pagefind_bin")
"""Python packages that hold the program; the first one knows words in scripts without blanks."""
_WITHOUT_BLANKS = re.compile(r"/pagefind\.(?:ja|th|zh)[_-][^/]*$")
"""Files of an index in a language whose words no blanks separate."""


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


def lacks_words(paths: Iterable[str]) -> bool:
    """Tell whether `paths` are of a site whose words the installed program cannot tell apart."""
    return has_indexer() != _PACKAGES[0] and any(map(_WITHOUT_BLANKS.search, paths))


@cache
def find_indexer() -> Indexer | None:
    """Return the program if it is installed, and for this machine."""
    name = has_indexer()
    try:
        return Indexer(Path(import_module(name).get_executable()), name)
    except (ImportError, ValueError, FileNotFoundError):
        return None
