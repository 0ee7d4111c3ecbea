"""`SUMMARY.md`: the table of contents that mdBook, HonKit and GitBook read.

It is a list of links, with headings as parts. What the tools make of it differs a little and
is told by arguments: see
https://rust-lang.github.io/mdBook/format/summary.html and https://honkit.netlify.app/pages.
"""

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple
from urllib.parse import unquote

import pyromark

from bookpack.config import Settings
from bookpack.diagnostics import Diagnostic, report
from bookpack.model import LinkKind
from bookpack.read.byte_offsets import ByteOffsets
from bookpack.read.files import BookFiles
from bookpack.read.layouts.base import Page, read_page
from bookpack.read.markdown import MARKDOWN_OPTIONS, parse_markdown
from bookpack.source import Source, Span

SUMMARY = "SUMMARY.md"
_SCHEME = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:|//)")
_MARKER = re.compile(r"(?:[-*+]|\d+[.)])[ \t]*")
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_LISTING_KINDS = (LinkKind.INLINE, LinkKind.REFERENCE, LinkKind.COLLAPSED, LinkKind.SHORTCUT)


class SummaryLink(NamedTuple):
    """A link of the table of contents. `place` is where its target stands."""

    title: str
    target: str
    place: Span
    part: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A table of contents in its order. `loose` are list items that name no page."""

    source: Source
    links: tuple[SummaryLink, ...]
    loose: tuple[tuple[str, Span], ...]


class ListedPage(NamedTuple):
    """A page that the table of contents names."""

    page: Page
    title: str
    part: str


def read_summary(
    source: Source, part_levels: Iterable[int], *, rules_end_parts: bool = False
) -> Summary:
    """Read a table of contents.

    A heading of one of `part_levels` opens a part; the first heading of the file is its title
    when it stands before every link. Only list items belong to parts. With `rules_end_parts` a
    horizontal rule ends a part.
    """
    text = source.text
    structure = parse_markdown(text, math=False)
    items, rules = _items_and_rules(text)
    links = [
        link
        for link in structure.links
        if link.kind in _LISTING_KINDS
        and not link.in_image
        and not any(h.span.start <= link.span.start < h.span.end for h in structure.headings)
    ]
    first = min([link.span.start for link in links], default=len(text))
    headings = list(structure.headings)
    if headings and headings[0].level == 1 and headings[0].span.start < first:
        del headings[0]
    marks: list[tuple[int, str]] = [
        (h.span.start, h.text) for h in headings if h.outermost and h.level in set(part_levels)
    ]
    if rules_end_parts:
        marks += ((start, "") for start in rules)
    marks.sort(reverse=True)
    linked: set[Span] = set()
    waiting, opened, part = items[::-1], list[Span](), ""
    found = []
    for link in links:
        while marks and marks[-1][0] < link.span.start:
            part = marks.pop()[1]
        while waiting and waiting[-1].start <= link.span.start:
            opened.append(waiting.pop())
        opened = [item for item in opened if item.end > link.span.start]
        if opened:
            if opened[-1] in linked:
                continue  # one page for an item: what else it says is no part of the contents
            linked.add(opened[-1])
        place = link.target_span if link.kind is LinkKind.INLINE else None
        shown = " ".join(link.text.split())
        inside = part if opened else ""
        found.append(SummaryLink(shown, link.target.strip(), place or link.span, inside))
    return Summary(source, tuple(found), tuple(_loose_items(text, items, linked)))


def list_pages(
    summary: Summary,
    files: BookFiles,
    root: str,
    settings: Settings,
    candidates: Callable[[str], Iterable[str]],
    *,
    may_be_foreign: bool = False,
) -> tuple[list[ListedPage], list[tuple[Page, str]], list[Diagnostic]]:
    """Read the pages that `summary` lists; return them, the drafts, and what is wrong.

    `candidates` gives the paths below the folder `root` that a target can mean.
    `may_be_foreign` allows links to other sites and to sections, which are no pages.
    """
    listed: list[ListedPage] = []
    drafts: list[tuple[Page, str]] = []
    found: list[Diagnostic] = []
    used: set[str] = set()
    name = summary.source.path

    def say(rule: str, message: str, link: SummaryLink, help: str = "") -> None:
        found.append(report(rule, summary.source, message, link.place, help=help))

    for link in summary.links:
        path, _, section = link.target.partition("#")
        if not link.target:
            message = f"{link.title} is a draft: {name} names no file for it."
            say("draft-chapter", message, link, "Write the file, and put its path into ( ).")
            continue
        if may_be_foreign and (_SCHEME.match(path) or not path):
            continue
        paths = [posixpath.normpath(candidate) for candidate in candidates(path)]
        if all(path == ".." or path.startswith(("../", "/")) for path in paths):
            where = f"the folder {root}" if root else "the book's folder"
            say("missing-chapter", f"{link.target} lies outside {where}.", link)
            continue
        if any(posixpath.join(root, path) == name for path in paths):
            say("repeated-chapter", f"{name} lists itself, and is no chapter.", link)
            continue
        if any(path in used for path in paths):
            if not (section and may_be_foreign):
                say("repeated-chapter", f"{link.target} is listed more than once.", link)
            continue
        page = next(filter(None, (_read(files, root, path) for path in paths)), None)
        if page is None:
            similar = files.similar(f"{root}/{paths[0]}" if root else paths[0])
            help = f"The file is spelled {similar}." if similar else ""
            message = f"{link.target} is listed as a chapter and does not exist."
            say("missing-chapter", message, link, help)
            continue
        used.add(page.path)
        if any(fnmatchcase(page.path, glob) for glob in settings.layout.exclude):
            continue
        if page.front.draft and not settings.layout.drafts:
            drafts.append((page, "draft"))
            message = f"{page.path} is a draft and is left out."
            found.append(report("draft-chapter", page.source, message))
            continue
        listed.append(ListedPage(page, link.title, link.part))
    return listed, drafts, found


def unlisted_pages(
    files: BookFiles, root: str, settings: Settings, known: Iterable[str]
) -> tuple[list[Page], list[Diagnostic]]:
    """Return the Markdown files below `root` that are not `known`, and report each."""
    found = files.find_markdown(root, settings.layout.exclude)
    known = {SUMMARY, *known}
    pages = [_read(files, root, path) for path in found if path not in known]
    unlisted = [page for page in pages if page is not None]
    return unlisted, [
        report(
            "unlisted-chapter",
            page.source,
            f"{page.path} is not in {SUMMARY}, so it is left out.",
            help=f"Add it to {SUMMARY}, or name it in [layout] exclude.",
        )
        for page in unlisted
    ]


def plain_candidates(folder: str = "") -> Callable[[str], list[str]]:
    """Return a function that gives the path of a target, as written and with its %20 decoded."""

    def candidates(target: str) -> list[str]:
        joined = posixpath.join(folder, target)
        return list(dict.fromkeys((joined, unquote(joined))))

    return candidates


def _read(files: BookFiles, root: str, path: str) -> Page | None:
    if path.startswith("..") or not files.exists(f"{root}/{path}" if root else path):
        return None
    if (files.folder / root / path).is_dir():
        return None
    return read_page(files, root, path)


def _items_and_rules(text: str) -> tuple[list[Span], list[int]]:
    """Return the list items in order, outer ones first, and where horizontal rules begin."""
    body = text.replace("\0", "\ufffd")
    offsets = ByteOffsets(body, 0)
    items, rules = [], []
    for event, place in pyromark.events_with_range(body, options=MARKDOWN_OPTIONS):
        if event == "Rule":
            rules.append(offsets.code_point(place["start"]))
        elif event == {"Start": "Item"}:
            items.append(offsets.span(place["start"], place["end"]))
    return items, rules


def _loose_items(text: str, items: list[Span], linked: set[Span]) -> Iterable[tuple[str, Span]]:
    for index, item in enumerate(items):
        if item in linked:
            continue
        inner = items[index + 1].start if index + 1 < len(items) else item.end
        own = _COMMENT.sub("", text[item.start : min(inner, item.end)]).strip()
        shown = _MARKER.sub("", own, count=1).strip()
        if shown and not shown.startswith("<!--"):
            first = shown.splitlines()[0]
            yield first, Span(item.start, item.start + len(own.splitlines()[0]))
