"""Search over the site: an index that Pagefind makes of the pages, and that browsers look into.

Pagefind (https://pagefind.app) comes as a program of its own. It knows how words of many languages
are stemmed, and cuts the index into small files, so that a reader who searches loads some
hundred kilobytes of a book of any size, and who does not search loads nothing. The same pages
give the same files.
"""

import subprocess
from collections.abc import Callable, Collection, Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from bookpack.editions.web.addresses import OWN_FOLDER
from bookpack.editions.web.indexer import Indexer
from bookpack.editions.web.site import Site
from bookpack.editions.web.write import SiteFiles
from bookpack.errors import WorldError

SEARCH_FOLDER = f"{OWN_FOLDER}/pagefind"
"""Where the index lies in the site."""
INDEX_PATH = f"{SEARCH_FOLDER}/pagefind-entry.json"
"""The file by which browsers enter the index."""
_WANTED = ("pagefind.js", "pagefind-worker.js", "pagefind-entry.json")
_WANTED_SUFFIXES = (".pagefind", ".pf_meta", ".pf_index", ".pf_fragment", ".pf_filter")
_PATIENCE = 1800.0
"""Seconds; far more than the largest book takes."""


def index_pages(indexer: Indexer, pages: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """Return the files of the index of `pages`, given as path in the site and HTML.

    What of a page is searched, its element with `data-pagefind-body` says. Raises `WorldError`.
    """
    with TemporaryDirectory(prefix="bookpack-") as folder:
        site, index = Path(folder, "site"), Path(folder, "index")
        for path, data in pages:
            place = site / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        if not site.exists():
            return {}
        command = [str(indexer.program), "--silent", "--site", str(site)]
        command += ["--output-path", str(index), "--glob", "**/*.{html,htm}"]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, timeout=_PATIENCE, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise WorldError(f"The index for search cannot be made: {error}.") from None
        if done.returncode or not (index / "pagefind-entry.json").is_file():
            said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
            reason = said.splitlines()[-1] if said else f"it ended with status {done.returncode}"
            raise WorldError(f"The index for search cannot be made by Pagefind: {reason}.")
        return {
            f"{SEARCH_FOLDER}/{path.relative_to(index).as_posix()}": path.read_bytes()
            for path in sorted(index.rglob("*"))
            if path.name in _WANTED or path.name.endswith(_WANTED_SUFFIXES)
        }


def with_index(
    made: SiteFiles,
    site: Site,
    indexer: Indexer,
    lying: Collection[str],
    known: Mapping[str, str],
    read: Callable[[str], bytes | None],
) -> SiteFiles:
    """Return the files of the site with the index of its pages.

    The index stays if no page changed since it was made: `lying` are the files of the site that
    lie there as the last build wrote them, and `known` their keys. `read` gives pages that stay.
    """
    pages = [page.path for page in site.pages]
    material = indexer.version, [(path, made.keys[path]) for path in pages]
    digest = sha256(repr(material).encode("utf-8", "surrogatepass")).hexdigest()
    there = frozenset(path for path in lying if path.startswith(f"{SEARCH_FOLDER}/"))
    if known.get(INDEX_PATH) == f"{digest} {len(there)}":
        keys = {**made.keys, INDEX_PATH: known[INDEX_PATH]}
        return SiteFiles(made.files, made.kept | there, keys)
    index = index_pages(
        indexer, ((path, made.files.get(path) or read(path) or b"") for path in pages)
    )
    keys = {**made.keys, INDEX_PATH: f"{digest} {len(index)}"}
    return SiteFiles({**made.files, **index}, made.kept, keys)
