"""Suggestions without a conversation: those that a person names, and all of them as a diff."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence

from bookpack.desks.review.apply import Desk, Item
from bookpack.desks.review.suggestion import SHORTEST_ID
from bookpack.source import Edit, Span, apply_edits

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def named(items: Sequence[Item], names: Sequence[str]) -> tuple[list[Item], list[str]]:
    """Return the items that `names` mean, and the names that mean none.

    A name is a rule's code, the word for it, or an id or its beginning. What must be decided
    alone is meant by its id only.
    """
    chosen: dict[str, Item] = {}
    unknown = []
    for name in names:
        found = [item for item in items if _means(name, item)]
        chosen.update((item.suggestion.id, item) for item in found)
        if not found:
            unknown.append(name)
    return [item for item in items if item.suggestion.id in chosen], unknown


def with_ids(items: Sequence[Item], names: Sequence[str]) -> tuple[list[Item], str]:
    """Return the items whose ids begin with `names`, and what is wrong with one of these."""
    chosen: list[Item] = []
    for name in names:
        found = [item for item in items if item.suggestion.id.startswith(name)]
        if len(name) < SHORTEST_ID:
            return [], f"{name} is too short for an id; give its first four signs or more."
        if not found:
            return [], (
                f"No suggestion has an id that begins with {name}. A suggestion gets another id "
                "when the words beside it change: run bookpack grammar and take the id from there."
            )
        if len(found) > 1:
            return [], f"Several ids begin with {name}; give more of it."
        chosen += found
    return chosen, ""


def unified_diff(desk: Desk) -> Iterator[str]:
    """Yield the lines of a diff that `git apply` takes: every open change of the book.

    Of changes that exclude each other the first counts; those to be decided alone do not. A file
    that git holds for no text is named in a line that `git apply` passes over.
    """
    by_path: dict[str, list[Item]] = {}
    for item in apart(item for item in desk.open_items if not item.suggestion.alone):
        by_path.setdefault(item.suggestion.path, []).append(item)
    for path, items in by_path.items():
        source = desk.source(items[0])
        if source.encoding != "utf-8" or source.undecodable:
            yield f"Left out, because it is not UTF-8: {path}\n"
            continue
        edits = [Edit(i.span, i.suggestion.after) for i in items if i.span is not None]
        mark = "\ufeff" if source.bom else ""
        old, new = (
            _LINE.findall(mark + text) for text in (source.text, apply_edits(source.text, edits))
        )
        for line in difflib.unified_diff(old, new, f"a/{path}", f"b/{path}"):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def apart(items: Iterable[Item]) -> list[Item]:
    """Return `items` without those that claim a place which one before them has."""
    chosen: list[Item] = []
    taken: dict[str, list[Span]] = {}
    for item in items:
        span = item.span
        if span is None:
            continue
        spans = taken.setdefault(item.suggestion.path, [])
        if not any(span == one or (span.start < one.end and one.start < span.end) for one in spans):
            spans.append(span)
            chosen.append(item)
    return chosen


def _means(name: str, item: Item) -> bool:
    one = item.suggestion
    is_id = len(name) >= SHORTEST_ID and one.id.startswith(name)
    return is_id or (not one.alone and (name.upper() == one.rule or name == one.category))
