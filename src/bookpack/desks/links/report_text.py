"""The report on links as plain text for a terminal, and as JSON for programs.

JSON holds everything; text shows the ends of long lists and says how much it leaves out.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bookpack.counting import counted
from bookpack.desks.links.graph import OFTEN_FACTOR, OFTEN_LEAST
from bookpack.desks.links.mirrors import OldLink, by_address
from bookpack.desks.links.report import LinkReport, is_vague

_SHOWN = 10
_SHOWN_PASSAGES = 3
_SHOWN_WORDINGS = 6


def as_text(report: LinkReport) -> str:
    """Return the report as lines of text."""
    return _visible("\n".join(_lines(report)))


def as_json(report: LinkReport) -> str:
    """Return the whole report as one JSON object; chapters are named by their paths."""
    return json.dumps(_record(report), indent=2, ensure_ascii=False)


def headline(report: LinkReport) -> str:
    """Return the report's figures in one sentence."""
    graph = report.graph
    return (
        f"{counted(len(graph.nodes), 'chapter')}, "
        f"{counted(len(graph.references), 'reference')} between them "
        f"({graph.median_in:g} to a chapter in the median), "
        f"{counted(sum(graph.self_links), 'link')} within a chapter, "
        f"{counted(sum(graph.broken), 'broken link')}."
    )


def balance_sentence(report: LinkReport, number: int) -> str:
    """Say what is wrong with the references to a chapter of a group."""
    one = report.balance.imbalances[number]
    wanted = "at least" if one.is_under else "at most"
    return f"{counted(one.references, 'reference')}, {one.group} wants {wanted} {one.limit:,}"


def _lines(report: LinkReport) -> Iterator[str]:
    graph, nodes = report.graph, report.graph.nodes
    yield f"Links of {report.title}: {headline(report)}"
    for complaint in report.complaints:
        yield f"Settings: {complaint}"
    if not nodes:
        return

    yield from _section("Most referenced")
    ranked = [i for i in graph.by_references if graph.references_in[i]]
    yield from _table([_counts_row(report, i) for i in ranked[:_SHOWN]], len(ranked))
    yield from _section("Least referenced")
    least = graph.by_fewest
    yield from _table([_counts_row(report, i) for i in least[:_SHOWN]], len(least))
    rule = f"{OFTEN_FACTOR} × the median and at least {OFTEN_LEAST}"
    for title, numbers in (
        ("Orphans: no chapter links to them", graph.orphans),
        ("Dead ends: they link to no chapter", graph.dead_ends),
        (f"Referenced very often: {rule}", graph.too_often),
    ):
        yield from _section(f"{title} ({len(numbers):,})")
        yield from _listed([nodes[i].path for i in numbers])

    if report.balance.groups:
        yield from _section("Groups: references from (row) to (column)")
        names = [group.name for group in report.balance.groups]
        rows = [
            [name, *(f"{count:,}" for count in row)]
            for name, row in zip(names, report.balance.between, strict=True)
        ]
        yield from _table([["", *names], *rows], len(rows) + 1)
        if report.balance.imbalances:
            yield from _section("Out of balance")
            yield from _listed(
                [
                    f"{nodes[one.chapter].path}: {balance_sentence(report, number)}"
                    for number, one in enumerate(report.balance.imbalances)
                ]
            )
    yield from _mention_lines(report)
    yield from _section("Wordings of the references to a chapter")
    for i in ranked[:_SHOWN]:
        shown = [
            f"[{wording}] {count:,}{' (says nothing)' if is_vague(wording) else ''}"
            for wording, count in graph.wordings[i][:_SHOWN_WORDINGS]
        ]
        more = len(graph.wordings[i]) - len(shown)
        yield f"  {nodes[i].path}: {', '.join(shown)}{f' … and {more:,} more' if more else ''}"
    yield from _old_link_lines(report)


def _mention_lines(report: LinkReport) -> Iterator[str]:
    nodes = report.graph.nodes
    yield from _section("Seldom referenced chapters that are named without a link")
    if not report.mentions:
        yield "  none"
    for target, passages in report.mentions_by_target.items():
        yield f"  {nodes[target].path} ({nodes[target].title})"
        for one in passages[:_SHOWN_PASSAGES]:
            place = f"{nodes[one.source].file}:{one.line}:{one.column}"
            linked = " (linked elsewhere there)" if one.is_linked_elsewhere else ""
            yield f"    {place}: {one.before}[{one.words}]{one.after}{linked}"
        if len(passages) > _SHOWN_PASSAGES:
            yield f"    … and {len(passages) - _SHOWN_PASSAGES:,} more"
    if report.skipped:
        yield "  Not searched:"
        yield from _listed([f"{nodes[one.chapter].path}: {one.reason}" for one in report.skipped])


def _old_link_lines(report: LinkReport) -> Iterator[str]:
    old = report.old_links
    if old.found or old.unanswered:
        yield from _section(f"Links to an old site that the book answers ({len(old.found):,})")
        yield from _answers(report, old.found)
        total = sum(count for _, count in old.unanswered)
        yield from _section(f"Links to an old site that no chapter answers ({total:,})")
        yield from _listed([f"{address}  {count:,} ×" for address, count in old.unanswered])
    for hint in old.hints:
        yield from _section(
            f"Looks as if the book has it: {hint.host}, {counted(hint.links, 'link')}, "
            f"{len(hint.found):,} with the slug of a chapter"
        )
        yield from _answers(report, hint.found)


def _answers(report: LinkReport, links: Sequence[OldLink]) -> Iterator[str]:
    nodes = report.graph.nodes
    answers = by_address(links)
    if not answers:
        yield "  none"
    for answer in answers[:_SHOWN]:
        named = " or ".join(nodes[i].path for i in answer.chapters)
        yield f"  {answer.address} → {named} ({answer.reason})"
        for one in answer.links[:_SHOWN_PASSAGES]:
            own = " (the chapter itself)" if one.is_own_page else ""
            yield f"    {nodes[one.source].file}:{one.line}: [{one.wording}]{own}"
        if len(answer.links) > _SHOWN_PASSAGES:
            yield f"    … and {len(answer.links) - _SHOWN_PASSAGES:,} more"
    if len(answers) > _SHOWN:
        yield f"  … and {len(answers) - _SHOWN:,} more addresses"


def _counts_row(report: LinkReport, i: int) -> list[str]:
    graph = report.graph
    return [
        graph.nodes[i].path,
        f"{graph.references_in[i]:,} in from {counted(graph.chapters_in[i], 'chapter')}",
        f"{graph.references_out[i]:,} out to {counted(graph.chapters_out[i], 'chapter')}",
    ]


def _section(title: str) -> Iterator[str]:
    yield ""
    yield title


def _listed(items: Sequence[str]) -> Iterator[str]:
    for item in items[:_SHOWN]:
        yield f"  {item}"
    if len(items) > _SHOWN:
        yield f"  … and {len(items) - _SHOWN:,} more"
    if not items:
        yield "  none"


def _table(rows: Sequence[Sequence[str]], total: int) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()
    if total > len(rows):
        yield f"  … and {total - len(rows):,} more"
    if not rows:
        yield "  none"


def _visible(text: str) -> str:
    # A terminal must not obey what stands in a book: control characters become visible.
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in text)


def _record(report: LinkReport) -> dict[str, Any]:
    graph, balance = report.graph, report.balance
    paths = [node.path for node in graph.nodes]

    def named(numbers: Iterable[int]) -> list[str]:
        return [paths[i] for i in numbers]

    def old(one: OldLink) -> dict[str, Any]:
        return {
            **one._asdict(),
            "source": paths[one.source],
            "file": graph.nodes[one.source].file,
            "chapters": named(one.chapters),
        }

    names = [group.name for group in balance.groups]
    return {
        "title": report.title,
        "complaints": list(report.complaints),
        "chapters": [
            {
                **node._asdict(),
                "references_in": graph.references_in[i],
                "references_out": graph.references_out[i],
                "chapters_in": graph.chapters_in[i],
                "chapters_out": graph.chapters_out[i],
                "self_links": graph.self_links[i],
                "broken_links": graph.broken[i],
                "wordings": [
                    {"wording": wording, "count": count, "says_nothing": is_vague(wording)}
                    for wording, count in graph.wordings[i]
                ],
                "made_to_groups": dict(zip(names, balance.made[i], strict=True)),
                "received_from_groups": dict(zip(names, balance.received[i], strict=True)),
            }
            for i, node in enumerate(graph.nodes)
        ],
        "references": [
            {"source": paths[source], "target": paths[target], "count": count}
            for (source, target), count in sorted(graph.weights.items())
        ],
        "median_references": graph.median_in,
        "by_references": named(graph.by_references),
        "orphans": named(graph.orphans),
        "dead_ends": named(graph.dead_ends),
        "too_often": named(graph.too_often),
        "seldom": named(report.seldom),
        "groups": [
            {
                "name": group.name,
                "chapters": named(group.members),
                "at_least": group.at_least,
                "at_most": group.at_most,
                "references_to_groups": dict(zip(names, row, strict=True)),
            }
            for group, row in zip(balance.groups, balance.between, strict=True)
        ],
        "imbalances": [
            {**one._asdict(), "chapter": paths[one.chapter]} for one in balance.imbalances
        ],
        "mentions": [
            {
                **one._asdict(),
                "source": paths[one.source],
                "file": graph.nodes[one.source].file,
                "target": paths[one.target],
            }
            for one in report.mentions
        ],
        "not_searched": [
            {"chapter": paths[one.chapter], "reason": one.reason} for one in report.skipped
        ],
        "old_links": [old(one) for one in report.old_links.found],
        "old_links_unanswered": [
            {"address": address, "count": count} for address, count in report.old_links.unanswered
        ],
        "hints": [
            {"host": hint.host, "links": hint.links, "found": [old(one) for one in hint.found]}
            for hint in report.old_links.hints
        ],
    }
