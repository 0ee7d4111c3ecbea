"""Everything that the link desk has to say about a book, as one value.

`make_report` is the whole desk on one page: graph → groups → mentions → links to old pages.
The forms of the report (`report_text`, `page`) add words, never figures.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bookpack.config.tables import LinksTable
from bookpack.desks.links.graph import ADDRESS, ReferenceGraph, build_graph
from bookpack.desks.links.groups import Balance, find_groups, weigh
from bookpack.desks.links.mentions import Mention, Skipped, find_mentions, index_names
from bookpack.desks.links.mirrors import OldLinks, find_old_links
from bookpack.links.book import ResolvedChapter

_COMMON_SHARE = 0.5
_COMMON_LEAST = 10
_SELDOM_SHARE = 0.5
_VAGUE = (
    "here|click here|see here|this|this one|this chapter|this page|this post|this section|link|"
    "this link|more|read more|learn more|chapter|page"
)
VAGUE = frozenset(_VAGUE.split("|"))
"""English wordings that tell a reader nothing about where a link leads."""


@dataclass(frozen=True)
class LinkReport:
    """The report on the links of a book.

    `seldom` are the under-referenced chapters: those with at most one reference, or fewer
    than half the median, or fewer than a group asks for. `mentions` are the passages that name
    one of them without a link.
    """

    title: str
    graph: ReferenceGraph
    balance: Balance
    seldom: tuple[int, ...]
    mentions: tuple[Mention, ...]
    skipped: tuple[Skipped, ...]
    old_links: OldLinks
    complaints: tuple[str, ...]

    @cached_property
    def mentions_by_target(self) -> Mapping[int, Sequence[Mention]]:
        """The passages that name each chapter; first those in chapters that link it nowhere."""
        found: dict[int, list[Mention]] = {}
        for one in sorted(self.mentions, key=lambda one: (one.target, one.is_linked_elsewhere)):
            found.setdefault(one.target, []).append(one)
        return found


def make_report(
    title: str, resolved: Sequence[ResolvedChapter], settings: LinksTable
) -> LinkReport:
    """Report on the links of a resolved book, whose chapters are in reading order."""
    graph = build_graph(resolved)
    groups = find_groups(graph.nodes, settings.group)
    balance = weigh(graph, groups)
    seldom = _seldom(graph, balance)
    wanted = frozenset(seldom)
    index = index_names([one.chapter for one in resolved])
    mentions = find_mentions(resolved, index, wanted)
    mentions, common = _without_common(mentions, len(resolved))
    old_links = find_old_links(resolved, settings.mirrors)
    empty = [
        f"[[links.group]] {group.name} has no chapter." for group in groups if not group.members
    ]
    skipped = [one for one in (*index.skipped, *common) if one.chapter in wanted]
    return LinkReport(
        title,
        graph,
        balance,
        seldom,
        tuple(mentions),
        tuple(skipped),
        old_links,
        (*empty, *old_links.complaints),
    )


def is_vague(wording: str) -> bool:
    """Tell whether a link's words say nothing about where it leads."""
    return wording == ADDRESS or wording.casefold().strip(" .…:»›>→") in VAGUE


def _seldom(graph: ReferenceGraph, balance: Balance) -> tuple[int, ...]:
    limit = _SELDOM_SHARE * graph.median_in
    seldom = {i for i, count in enumerate(graph.references_in) if count <= 1 or count < limit}
    seldom.update(one.chapter for one in balance.imbalances if one.is_under)
    return tuple(sorted(seldom))


def _without_common(mentions: list[Mention], chapters: int) -> tuple[list[Mention], list[Skipped]]:
    """Leave out words that so many chapters use that they cannot be meant as a name."""
    users: Counter[tuple[int, str]] = Counter()
    for target, words, _ in {(one.target, one.words.casefold(), one.source) for one in mentions}:
        users[target, words] += 1
    limit = max(_COMMON_LEAST, _COMMON_SHARE * chapters)
    common = {key: count for key, count in users.items() if count >= limit}
    kept = [one for one in mentions if (one.target, one.words.casefold()) not in common]
    reasons = [
        Skipped(target, f"“{words}” stands in {count:,} chapters: a common expression")
        for (target, words), count in sorted(common.items())
    ]
    return kept, reasons
