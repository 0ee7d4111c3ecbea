"""What the grammar desk found, in words: findings, tables, and forms for other programs.

CriticMarkup: https://github.com/CriticMarkup/CriticMarkup-toolkit.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bookpack.desks.grammar.prose import author_source
from bookpack.desks.grammar.queue import Entry
from bookpack.desks.grammar.validate import Refused
from bookpack.desks.review.apply import Desk, Item
from bookpack.desks.review.batch import apart
from bookpack.diagnostics import Diagnostic, report
from bookpack.model import Chapter
from bookpack.rules import RULES_BY_NAME
from bookpack.source import Edit, apply_edits

_LONGEST = 80
_SHOWN_ID = 8
"""Code points of an id that are shown; it may be given by its beginning."""


def finding_of(entry: Entry, chapter: Chapter) -> Diagnostic:
    """Return a suggestion as a finding, with the change as its fix."""
    one = entry.suggestion
    rule = RULES_BY_NAME[f"{one.category.replace(' ', '-')}-suggestion"]
    return report(
        rule.name,
        author_source(chapter),
        f"{_brief(one.before)} → {_brief(one.after)}: {one.why} ({', '.join(entry.engines)})",
        one.span,
        help=f"bookpack grammar --accept {one.id[:_SHOWN_ID]} (or --reject).",
        fix=Edit(one.span, one.after),
    )


def record_of(entry: Entry, item: Item, desk: Desk) -> dict[str, Any]:
    """Return everything that is known of a suggestion as plain data.

    `span` is in code points of the file; `line` and `column` count from 1. `pattern` is what the
    engine proposed, where it proposed one.
    """
    one = asdict(entry.suggestion)
    line, column = desk.source(item).position(entry.suggestion.span.start)
    return {
        "id": one["id"],
        "path": one["path"],
        "span": list(entry.suggestion.span),
        "line": line,
        "column": column,
        "state": item.state or "open",
        "rule": one["rule"],
        "category": one["category"],
        "engines": list(entry.engines),
        "confidence": entry.confidence,
        "group": entry.group,
        **{name: one[name] for name in ("before", "after", "prefix", "suffix", "paragraph", "why")},
        "pattern": entry.resolved.fix.pattern,
    }


def as_jsonl(entries: Mapping[str, Entry], desk: Desk) -> str:
    """Return the open suggestions, one JSON object a line."""
    return "".join(
        f"{json.dumps(record_of(entries[item.suggestion.id], item, desk), ensure_ascii=False)}\n"
        for item in desk.open_items
    )


def as_critic_markup(items: Sequence[Item], text: str) -> tuple[str, list[Item]]:
    """Return a chapter's text with its changes marked, and the items that cannot be marked so.

    Left out is what excludes a change before it, what an author's own marks would be confused
    with, and what goes over a paragraph's end.
    """
    edits, left = [], []
    chosen = {id(item) for item in apart(items)}
    for item in items:
        one, span = item.suggestion, item.span
        marks = any(mark in one.before + one.after for mark in _MARKS)
        if span is None or id(item) not in chosen or marks or "\n\n" in one.before:
            left.append(item)
            continue
        why = f"{one.why} ({', '.join(one.found_by)})".replace("<<", "").replace("}", ")")
        edits.append(Edit(span, f"{_marked(one.before, one.after)}{{>>{why}<<}}"))
    return apply_edits(text, edits), left


def _marked(before: str, after: str) -> str:
    if before and after:
        return f"{{~~{before}~>{after}~~}}"
    return f"{{--{before}--}}" if before else f"{{++{after}++}}"


_MARKS = ("~~", "~>", "{++", "++}", "{--", "--}", "{==", "==}", "{>>", "<<}", "{~", "~}")


def summary(entries: Iterable[Entry]) -> list[str]:
    """Return how many suggestions there are, by category and by engine, as lines of a table."""
    counts: Counter[tuple[str, str]] = Counter()
    totals: Counter[str] = Counter()
    for entry in entries:
        category = entry.suggestion.category
        totals[category] += 1
        counts.update((category, engine) for engine in entry.engines)
    if not totals:
        return []
    engines = sorted({engine for _, engine in counts})
    rows = [["category", "open", *engines]]
    for category, total in totals.most_common():
        made = (counts[category, engine] for engine in engines)
        rows.append([category, f"{total:,}", *(f"{one:,}" if one else "" for one in made)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in rows
    ]


def refused_lines(refused: Iterable[Refused]) -> list[str]:
    """Return a line for every fix that nobody will be asked about, with the reason."""
    lines = []
    for fix, path, reason, detail in refused:
        change = f"{_brief(fix.quote or fix.pattern)} → {_brief(fix.replacement)}"
        more = f" ({_brief(detail)[1:-1]})" if detail else ""
        lines.append(f"{path}: {change}: {reason}{more}. ({fix.engine})")
    return lines


def _brief(text: str) -> str:
    """Return `text` on one line, in quotes, without what would steer a terminal."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return f"“{shown if len(shown) <= _LONGEST else f'{shown[: _LONGEST - 1]}…'}”"
