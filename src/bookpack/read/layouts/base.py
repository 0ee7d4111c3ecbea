"""What every convention has in common: what it is asked, and what it answers.

A convention is a module with `NAME`, `recognise(files, settings)` (the reason why this book
follows it, or None), `meta(files, settings)` and `plan(files, settings)`. It decides the
reading order, the parts, the addresses, the rule for anchors, where root-relative assets lie,
and what is a page of the site without being a chapter. It does not parse chapters.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

from bookpack.config import Settings
from bookpack.diagnostics import Diagnostic, report
from bookpack.model import AddressLine, BookMeta, Problem, Structure
from bookpack.read.anchors import GITHUB, AnchorRule
from bookpack.read.files import BookFiles
from bookpack.read.front_matter import FrontMatter, read_front_matter
from bookpack.source import Edit, Source, Span

MAX_LINE = 50_000
_LINE = re.compile(r"[^\n\r]+")
# What an address may hold unescaped: the path characters of RFC 3986 without brackets, which
# Markdown would stumble over, and every letter of every language (an IRI, RFC 3987).
_SAFE_IN_PATH = "/-._~!$&'*+,;=:@%"
_BLANKS = re.compile(r"[\s<>]")
_SAFE_PATH = re.compile(r"[\w/.~-]*")


@dataclass(frozen=True, slots=True)
class Page:
    """A Markdown file below the chapter folder. `path` is relative to that folder."""

    path: str
    source: Source
    front: FrontMatter


@dataclass(frozen=True, slots=True)
class Entry:
    """A page with its place in the reading order.

    `url` is absolute, or None where only the chapter's text can tell (see `Plan.address`).
    `title` is what the table of contents calls it; the chapter's own title comes first.
    `order_number` is the number that placed it, if one did.
    """

    page: Page
    part: str = ""
    url: str | None = None
    title: str = ""
    order_number: float | None = None


@dataclass(frozen=True, slots=True)
class SitePage:
    """A page of the published site that is no chapter; links to it are right."""

    path: str
    url: str
    reason: str = ""
    """Why it is no chapter, in the words of the pack's Notes; empty where nobody would ask."""


@dataclass(frozen=True, slots=True)
class Translation:
    """What a dialect makes of a page: edits on its text, and what it could not translate."""

    edits: tuple[Edit, ...] = ()
    problems: tuple[Problem, ...] = ()


class Dialect(Protocol):
    """What is not plain Markdown in the chapters of a book, made plain."""

    def translate(self, page: Page, structure: Structure) -> Translation:
        """Return the edits that make `page` plain Markdown; `structure` is its first reading."""
        ...

    def labels(self) -> Mapping[str, str]:
        """Return the book's labels → `path` or `path#anchor` of what they name."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What a convention makes of a book.

    `root` is the chapter folder, relative to the book's, without a slash; `asset_folders` are
    the folders (likewise) whose content is published at the root of the book's address;
    `asset_addresses` are folders → URL where their content is published somewhere else.
    `address` gives URL and whether the author stated it, for entries without one.
    """

    root: str
    entries: tuple[Entry, ...]
    reason: str = ""
    left_out: tuple[tuple[Page, str], ...] = ()
    site_pages: tuple[SitePage, ...] = ()
    asset_folders: tuple[str, ...] = ()
    asset_addresses: Mapping[str, str] = field(default_factory=dict)
    anchors: AnchorRule = GITHUB
    dialect: Dialect | None = None
    address: Callable[[Page, AddressLine | None], tuple[str, bool]] | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


class Layout(Protocol):
    """A module of this folder."""

    NAME: str

    def recognise(self, files: BookFiles, settings: Settings) -> str | None:
        """Return why this book follows the convention, or None."""
        ...

    def meta(self, files: BookFiles, settings: Settings) -> BookMeta:
        """Return what the convention's own settings say of the book; bookpack's win."""
        ...

    def plan(self, files: BookFiles, settings: Settings) -> Plan:
        """Return the book's order and addresses; `settings` have the base URL by now."""
        ...


def read_page(files: BookFiles, root: str, path: str) -> Page | None:
    """Read one page below the folder `root`, its findings included; None where there is none."""
    full = f"{root}/{path}" if root else path
    data = files.read(full)
    if data is None:
        return None
    source = Source.from_bytes(full, data)
    files.diagnostics += check_source(source)
    front = read_front_matter(source.text)
    files.diagnostics += (report(p.rule, source, p.message, p.span) for p in front.problems)
    return Page(path, source, front)


def read_pages(files: BookFiles, root: str, exclude: tuple[str, ...] = ()) -> list[Page]:
    """Read every Markdown file below the folder `root`, in natural order."""
    pages = (read_page(files, root, path) for path in files.find_markdown(root, exclude))
    return [page for page in pages if page is not None]


def quote_path(path: str) -> str:
    """Percent-encode what cannot stand in an address; letters of any script stay readable."""
    if _SAFE_PATH.fullmatch(path):
        return path
    path = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", path)
    return "".join(
        c if c.isalnum() or (not c.isascii() and c.isprintable()) else quote(c, safe=_SAFE_IN_PATH)
        for c in path
    )


def absolute_address(base: str, address: str) -> str:
    """Join an address that an author wrote to the base; a full URL stays what it is."""
    if re.match(r"https?://", address, re.I):
        return _BLANKS.sub(lambda match: quote(match[0]), address)
    return f"{base}/{quote_path(address.lstrip('/'))}"


def check_source(source: Source) -> list[Diagnostic]:
    """Report what is wrong with a file before anything is read in it."""
    found = []
    text = source.text
    if source.undecodable:
        place = source.undecodable[0]
        number = len(source.undecodable)
        count = "a byte that is" if number == 1 else f"{number:,} bytes that are"
        message = f"{source.path} holds {count} not {source.encoding.upper()}."
        found.append(report("undecodable-bytes", source, message, Span(place, place + 1)))
    nul = text.find("\0")
    if nul >= 0:
        message = f"{source.path} holds {text.count(chr(0)):,} NUL character(s)."
        found.append(report("nul-character", source, message, Span(nul, nul + 1)))
    if source.newline == "\r":
        message = f"{source.path} ends its lines with carriage returns alone."
        found.append(report("carriage-return-lines", source, message))
    if len(text) > MAX_LINE:
        long = next((line for line in _LINE.finditer(text) if len(line[0]) > MAX_LINE), None)
        if long is not None:
            message = f"This line has {len(long[0]):,} characters."
            start = Span(long.start(), long.start() + 1)
            found.append(report("overlong-line", source, message, start))
    return found
