"""Search over the site: an index that Pagefind makes of the pages, and that browsers look into.

Pagefind (https://pagefind.app) comes as a program of its own. It knows how words of many languages
are stemmed, and cuts the index into small files, so that a reader who searches loads some
hundred kilobytes of a book of any size, and who does not search loads nothing. The same pages
give the same files.

It reads all pages each time and needs much memory for them. A long book is therefore indexed in
parts of so many pages, which browsers search as one: a changed page costs one part.
"""

import json
import os
import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from bookpack.editions.web.addresses import OWN_FOLDER
from bookpack.editions.web.indexer import Indexer
from bookpack.editions.web.site import Site
from bookpack.editions.web.write import SiteFiles
from bookpack.errors import WorldError

SEARCH_FOLDER = f"{OWN_FOLDER}/pagefind"
"""Where the index lies in the site: its first part here, further ones in folders `2`, `3` …"""
PARTS_PATH = f"{SEARCH_FOLDER}/parts.json"
"""The file that says how many parts there are: a number."""
PAGES_OF_A_PART = 28
"""Fewer make a change cheaper, and a search dearer: of each part it loads two files at first, and
one or two for each word. A hundred pages of 10 KB take half a second to index.
"""
_LONG_BOOK, _PAGES_OF_A_LONG_PART = 700, 80
"""Pages from which on parts are larger, because there would be too many of them."""
_ENTRY = "pagefind-entry.json"
_PROGRAM_FILES = ("pagefind.js", "pagefind-worker.js")
_DATA_SUFFIXES = (".pf_meta", ".pf_index", ".pf_fragment", ".pf_filter")
_MOST_AT_ONCE = 2
_PATIENCE = 1800.0
"""Seconds; far more than a part takes on any machine."""
_Read = Callable[[str], bytes | None]


def with_index(
    made: SiteFiles,
    site: Site,
    indexer: Indexer,
    lying: Collection[str],
    known: Mapping[str, str],
    read: _Read,
) -> SiteFiles:
    """Return the files of the site with the index of its pages.

    A part stays if none of its pages changed since it was made: `lying` are the files of the site
    that lie there as the last build wrote them, and `known` their keys. `read` gives pages that
    stay. Raises `WorldError`.
    """
    keys, kept = dict(made.keys), set(made.kept)
    changed: list[tuple[str, Sequence[str]]] = []
    pages = [page.path for page in site.pages]
    for folder, paths in _parts(pages):
        material = indexer.version, [(path, made.keys[path]) for path in paths]
        digest = sha256(repr(material).encode("utf-8", "surrogatepass")).hexdigest()
        there = [path for path in lying if _is_in_part(path, folder)]
        entry = f"{folder}/{_ENTRY}"
        keys[entry] = f"{digest} {len(there)}"
        if known.get(entry) == keys[entry]:
            kept.update(there)
        else:
            changed.append((folder, paths))
            keys[entry] = digest
    page_of: _Read = lambda path: made.files.get(path) or read(path)  # noqa: E731
    index = _index(indexer, site.language, changed, page_of)
    for folder, _ in changed:
        keys[f"{folder}/{_ENTRY}"] += f" {sum(_is_in_part(path, folder) for path in index)}"
    index.update(_parts_file(pages))
    return SiteFiles({**made.files, **index}, frozenset(kept), keys)


def index_pages(
    indexer: Indexer, language: str, paths: Sequence[str], read: _Read
) -> dict[str, bytes]:
    """Return the files of the index of the pages at `paths`, whose HTML `read` gives.

    What of a page is searched, its element with `data-pagefind-body` says. Chapters in another
    language than `language`, the book's, are found as well. Raises `WorldError`.
    """
    index = _index(indexer, language, _parts(paths), read)
    index.update(_parts_file(paths))
    return index


def _parts(paths: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the folder of each part and the pages that are in it."""
    size = PAGES_OF_A_PART if len(paths) <= _LONG_BOOK else _PAGES_OF_A_LONG_PART
    for number, first in enumerate(range(0, len(paths), size), 1):
        folder = SEARCH_FOLDER if number == 1 else f"{SEARCH_FOLDER}/{number}"
        yield folder, paths[first : first + size]


def _is_in_part(path: str, folder: str) -> bool:
    if not path.startswith(f"{folder}/") or path == PARTS_PATH:
        return False
    return not path[len(folder) + 1 :].partition("/")[0].isdigit()


def _parts_file(paths: Sequence[str]) -> dict[str, bytes]:
    return {PARTS_PATH: json.dumps(sum(1 for _ in _parts(paths))).encode()} if paths else {}


def _index(
    indexer: Indexer, language: str, parts: Iterable[tuple[str, Sequence[str]]], read: _Read
) -> dict[str, bytes]:
    # Left to itself, the program makes an index of each language, and browsers look into one.
    command = [str(indexer.program), "--silent", "--force-language", language.lower()]
    index: dict[str, bytes] = {}
    try:
        with ThreadPoolExecutor(min(_MOST_AT_ONCE, os.cpu_count() or 1)) as pool:
            for files in pool.map(lambda part: _index_part(command, part[0], part[1], read), parts):
                index.update(files)
    except OSError as error:
        reason = error.strerror or error
        where = error.filename or gettempdir()
        raise WorldError(
            f"Cannot make the index for search, which is built in {where}: {reason}. "
            "The folder is as it was; mend this and run again, or build with --only pack."
        ) from error
    return index


def _index_part(
    program: Sequence[str], folder: str, paths: Sequence[str], read: _Read
) -> dict[str, bytes]:
    with TemporaryDirectory(prefix="bookpack-") as temporary:
        site, index = Path(temporary, "site"), Path(temporary, "index")
        for path in paths:
            place = site / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(read(path) or b"")
        command = [*program, "--site", str(site), "--output-path", str(index)]
        command += ["--glob", "**/*.{html,htm}"]
        for tries_left in (1, 0):
            try:
                done = subprocess.run(
                    command, cwd=temporary, capture_output=True, timeout=_PATIENCE, check=False
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise WorldError(f"The index for search cannot be made: {error}.") from None
            if not done.returncode and (index / _ENTRY).is_file():
                break
            # Of thousands of runs one was seen to panic, over pages that it took the next time.
            if not tries_left:
                reason = _complaint(done.stderr or done.stdout, done.returncode)
                raise WorldError(f"The index for search cannot be made by Pagefind: {reason}.")
        return {
            f"{folder}/{path.relative_to(index).as_posix()}": path.read_bytes()
            for path in sorted(index.rglob("*"))
            if _is_wanted(path.name, first=folder == SEARCH_FOLDER)
        }


def _complaint(output: bytes, status: int) -> str:
    """Return the line of what a program said that tells what was wrong."""
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines()]
    for before, line in zip(["", *lines], lines, strict=False):
        if " panicked at " in before and line:
            return line.rstrip(".")
    said = [line for line in lines if line and not line.startswith("note:")]
    return said[-1].rstrip(".") if said else f"it ended with status {status}"


def _is_wanted(name: str, *, first: bool) -> bool:
    """Tell whether browsers need the file; the program that searches all parts is in the first."""
    if name == _ENTRY or name.endswith(_DATA_SUFFIXES):
        return True
    return first and (name in _PROGRAM_FILES or name.endswith(".pagefind"))
