"""The reading order of Jekyll's documents: numbers in front matter, navigation trees, dates.

Jekyll itself sorts a collection by path, by `sort_by` or by the list `order` of its settings
(https://jekyllrb.com/docs/collections/#sort-by-front-matter-key); everything else is done by
themes, of which the fields `order`, `nav_order` and `weight` are the common ones. A tree by
`parent` is that of Just the Docs (https://just-the-docs.com/docs/navigation/main/).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bookpack.diagnostics import Diagnostic, report
from bookpack.read.files import BookFiles
from bookpack.read.layouts.jekyll_permalinks import date_of
from bookpack.read.layouts.jekyll_site import Document
from bookpack.read.order import is_index, natural_key, readable_name
from bookpack.source import Source, Span

NUMBER_FIELDS = ("order", "nav_order", "weight")
_LAST = float("inf")


@dataclass(frozen=True, slots=True)
class Placed:
    """A document in its place. `number` is the one that placed it, if one did."""

    document: Document
    part: str = ""
    number: float | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """Documents in reading order, and what was wrong with what says so."""

    placed: tuple[Placed, ...]
    diagnostics: tuple[Diagnostic, ...] = ()


def number_of(document: Document, field: str) -> float | None:
    """Return the number in a field; None where there is none or it is no number."""
    try:
        number = float(document.text(field))
    except ValueError:
        return None
    return number if number == number else None


def number_field(documents: Sequence[Document], sort_by: str = "") -> str:
    """Return the field that orders most of the documents; empty where none does."""
    if sort_by and any(document.text(sort_by) for document in documents):
        return sort_by
    uses = {
        field: sum(number_of(document, field) is not None for document in documents)
        for field in NUMBER_FIELDS
    }
    best = max(NUMBER_FIELDS, key=lambda field: uses[field])
    return best if uses[best] else ""


def by_number(documents: Sequence[Document], root: str, field: str, files: BookFiles) -> Order:
    """Order by the numbers in `field`, ties by path, what has none at the end by path.

    Where folders restart the numbers, they are parts with an order of their own; so are they
    where nothing has a number.
    """
    if not field or _restarts(documents, field):
        placed = _by_folder(documents, root, field)
    else:
        ranked = sorted(documents, key=lambda d: (_rank(d, field, root), natural_key(d.path)))
        placed = [Placed(document, "", number_of(document, field)) for document in ranked]
    groups: Callable[[Document], str] = (
        (lambda document: document.path.rpartition("/")[0])
        if _restarts(documents, field)
        else (lambda document: "")
    )
    return Order(tuple(placed), tuple(_repeated(placed, field, groups, files)))


def by_list(
    documents: Sequence[Document], listed: Iterable[str], folder: str, source: Source
) -> Order:
    """Order by the list `order` of a collection; what it does not name follows by path."""
    by_path = {document.path: document for document in documents}
    placed, diagnostics = [], []
    for name in listed:
        document = by_path.pop(f"{folder}/{name}", None)
        if document is not None:
            placed.append(Placed(document))
        elif name.endswith((".md", ".markdown")):
            place = source.text.find(name)
            span = Span(place, place + len(name)) if place >= 0 else None
            message = f"{name} is listed as a chapter and does not exist."
            diagnostics.append(report("missing-chapter", source, message, span))
    rest = sorted(by_path.values(), key=lambda document: natural_key(document.path))
    return Order((*placed, *map(Placed, rest)), tuple(diagnostics))


def by_date(documents: Sequence[Document], part: str) -> Order:
    """Order posts as they were written."""

    def key(document: Document) -> tuple[Any, ...]:
        moment = date_of(document.path, document.data)
        known = (0, moment[0].isoformat(), moment[1]) if moment else (1, "", ())
        return (*known, natural_key(document.path))

    return Order(tuple(Placed(document, part) for document in sorted(documents, key=key)))


def by_parents(documents: Sequence[Document], root: str, field: str, files: BookFiles) -> Order:
    """Order as a tree of `parent` (and `grand_parent`) titles; a page with children is a part."""
    titles: dict[str, list[Document]] = {}
    for document in documents:
        titles.setdefault(document.text("title"), []).append(document)
    diagnostics: list[Diagnostic] = []
    children: dict[str, list[Document]] = {}
    roots = []
    for document in documents:
        parent = document.text("parent")
        found = [d for d in titles.get(parent, ()) if d.path != document.path] if parent else []
        above = document.text("grand_parent") or document.text("ancestor")
        if above and len(found) > 1:
            found = [d for d in found if d.text("parent") == above] or found
        if found:
            children.setdefault(found[0].path, []).append(document)
            continue
        if parent:
            message = f"{document.path} names the parent {parent!r}, and no page has that title."
            diagnostics.append(_at_field("undefined-label", document, "parent", message, files))
        roots.append(document)
    placed: list[Placed] = []
    seen: set[str] = set()

    def walk(level: Sequence[Document], part: str, backwards: bool) -> None:
        ranked = sorted(level, key=lambda d: (_rank(d, field, root), natural_key(d.path)))
        placed_here = [Placed(document, part, number_of(document, field)) for document in ranked]
        diagnostics.extend(_repeated(placed_here, field, lambda document: "", files))
        for document in reversed(ranked) if backwards else ranked:
            if document.path in seen:
                continue
            seen.add(document.path)
            below = children.get(document.path, [])
            own = part or (document.text("title") if below else "")
            placed.append(Placed(document, own, number_of(document, field)))
            walk(below, own, document.text("child_nav_order") in ("desc", "reversed"))

    walk(roots, "", False)
    # Pages that are each other's parents stand at the end instead of nowhere.
    walk([document for document in documents if document.path not in seen], "", False)
    return Order(tuple(placed), tuple(diagnostics))


def _rank(document: Document, field: str, root: str) -> tuple[object, ...]:
    number = number_of(document, field) if field else None
    if number is not None:
        return (1, number, ())
    inside = document.path.removeprefix(f"{root}/")
    if "/" not in inside and is_index(inside):
        return (0, 0.0, ())
    text = document.text(field) if field else ""
    return (2, 0.0, natural_key(text)) if text else (3, 0.0, ())


def _restarts(documents: Iterable[Document], field: str) -> bool:
    """Tell whether numbers repeat across folders and never within one."""
    if not field:
        return False
    numbers = Counter(n for d in documents if (n := number_of(d, field)) is not None)
    inside = Counter(
        (d.path.rpartition("/")[0], n) for d in documents if (n := number_of(d, field)) is not None
    )
    return max(numbers.values(), default=0) > 1 and max(inside.values(), default=0) == 1


def _by_folder(documents: Sequence[Document], root: str, field: str) -> list[Placed]:
    prefix = f"{root}/" if root else ""
    indexes = {
        d.path.removeprefix(prefix).rpartition("/")[0]: d for d in documents if is_index(d.path)
    }

    def number(document: Document | None) -> float:
        found = number_of(document, field) if document is not None and field else None
        return _LAST if found is None else found

    def key(document: Document) -> tuple[object, ...]:
        names = document.path.removeprefix(prefix).split("/")
        levels: list[tuple[object, ...]] = []
        for depth, name in enumerate(names, 1):
            if depth < len(names):
                above = "/".join(names[:depth])
                levels.append((number(indexes.get(above)), natural_key(name)))
            else:
                levels.append((-_LAST if is_index(name) else number(document), natural_key(name)))
        return tuple(levels)

    placed = []
    for document in sorted(documents, key=key):
        inside = document.path.removeprefix(prefix)
        folder = inside.partition("/")[0] if "/" in inside else ""
        title = indexes[folder].text("title") if folder in indexes and folder else ""
        part = title or (readable_name(folder) if folder else "")
        placed.append(Placed(document, part, number_of(document, field) if field else None))
    return placed


def _repeated(
    placed: Iterable[Placed], field: str, group: Callable[[Document], str], files: BookFiles
) -> list[Diagnostic]:
    first: dict[tuple[str, float], Document] = {}
    found = []
    for one in placed:
        if one.number is None:
            continue
        document = one.document
        before = first.setdefault((group(document), one.number), document)
        if before is not document:
            message = (
                f"{document.path} has the order number {one.number:g}, and so has {before.path}."
            )
            found.append(_at_field("duplicate-order-number", document, field, message, files))
    return found


def _at_field(
    rule: str, document: Document, field: str, message: str, files: BookFiles
) -> Diagnostic:
    source = Source.from_bytes(document.path, files.read(document.path) or b"")
    line = re.compile(rf"^[\"']?{re.escape(field)}[\"']?[ \t]*:.*", re.M)
    match = line.search(source.text, 0, document.front.end)
    return report(rule, source, message, Span(*match.span()) if match else None)
