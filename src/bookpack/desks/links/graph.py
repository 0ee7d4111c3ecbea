"""The references of a book as a graph: chapters, and links from one chapter to another.

Nodes are numbered in reading order, and everything else speaks of them by number. Links of a
chapter to itself are counted apart: they say nothing about how chapters hang together.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import NamedTuple

from bookpack.links.book import ResolvedChapter
from bookpack.links.resolution import Kind
from bookpack.model import Link, LinkKind

OFTEN_FACTOR = 3
"""A chapter with this many times the median of references is referenced too often …"""
OFTEN_LEAST = 10
"""… if it has at least this many."""
PICTURE = "(a picture)"
ADDRESS = "(its bare address)"
_BARE = (LinkKind.AUTOLINK, LinkKind.BARE)


class Node(NamedTuple):
    """A chapter. `path` is relative to the chapter folder, `file` to the book's."""

    path: str
    file: str
    title: str
    part: str
    url: str


class Reference(NamedTuple):
    """A link from the chapter `source` to the chapter `target`, as it is worded there."""

    source: int
    target: int
    wording: str
    line: int
    anchor: str


@dataclass(frozen=True)
class ReferenceGraph:
    """The chapters of a book and the references between them, in reading order.

    `self_links` and `broken` are counts for each chapter.
    """

    nodes: tuple[Node, ...]
    references: tuple[Reference, ...]
    self_links: tuple[int, ...]
    broken: tuple[int, ...]

    @cached_property
    def weights(self) -> Mapping[tuple[int, int], int]:
        """How many references lead from one chapter to another, for every pair that has any."""
        return Counter((one.source, one.target) for one in self.references)

    @cached_property
    def references_in(self) -> tuple[int, ...]:
        """References to each chapter."""
        return self._count([one.target for one in self.references])

    @cached_property
    def references_out(self) -> tuple[int, ...]:
        """References from each chapter."""
        return self._count([one.source for one in self.references])

    @cached_property
    def chapters_in(self) -> tuple[int, ...]:
        """How many chapters refer to each chapter."""
        return self._count([target for _, target in self.weights])

    @cached_property
    def chapters_out(self) -> tuple[int, ...]:
        """To how many chapters each chapter refers."""
        return self._count([source for source, _ in self.weights])

    @cached_property
    def orphans(self) -> tuple[int, ...]:
        """Chapters that no other chapter refers to."""
        return tuple(i for i, count in enumerate(self.references_in) if not count)

    @cached_property
    def dead_ends(self) -> tuple[int, ...]:
        """Chapters that refer to no other chapter."""
        return tuple(i for i, count in enumerate(self.references_out) if not count)

    @cached_property
    def median_in(self) -> float:
        """The median of references to a chapter."""
        return float(median(self.references_in)) if self.nodes else 0.0

    @cached_property
    def too_often(self) -> tuple[int, ...]:
        """Chapters with three times the median of references to them, and at least ten."""
        limit = max(OFTEN_LEAST, OFTEN_FACTOR * self.median_in)
        return tuple(i for i in self.by_references if self.references_in[i] >= limit)

    @cached_property
    def by_references(self) -> tuple[int, ...]:
        """All chapters, the most referenced first; equals stand in reading order."""
        return tuple(sorted(range(len(self.nodes)), key=lambda i: (-self.references_in[i], i)))

    @cached_property
    def by_fewest(self) -> tuple[int, ...]:
        """All chapters, the least referenced first; equals stand in reading order."""
        return tuple(sorted(range(len(self.nodes)), key=lambda i: (self.references_in[i], i)))

    @cached_property
    def wordings(self) -> Sequence[tuple[tuple[str, int], ...]]:
        """For each chapter the wordings of the references to it, the most frequent first."""
        counts: list[Counter[str]] = [Counter() for _ in self.nodes]
        for one in self.references:
            counts[one.target][one.wording] += 1
        return tuple(
            tuple(sorted(count.items(), key=lambda item: (-item[1], item[0]))) for count in counts
        )

    def _count(self, numbers: list[int]) -> tuple[int, ...]:
        counts = Counter(numbers)
        return tuple(counts[number] for number in range(len(self.nodes)))


def build_graph(resolved: Sequence[ResolvedChapter]) -> ReferenceGraph:
    """Collect the references of a resolved book, which is in reading order."""
    numbers = {one.chapter.path: number for number, one in enumerate(resolved)}
    references: list[Reference] = []
    self_links, broken = [0] * len(resolved), [0] * len(resolved)
    for source, one in enumerate(resolved):
        for link, resolution in one.links:
            if link.in_image:
                continue  # stands in a picture's alternative text, and nobody can follow it
            if resolution.kind is Kind.BROKEN:
                broken[source] += 1
            target = numbers.get(resolution.path) if resolution.kind is Kind.CHAPTER else None
            if target is None:
                continue
            if target == source:
                self_links[source] += 1
                continue
            line = one.chapter.source.position(link.span.start).line
            references.append(Reference(source, target, wording_of(link), line, resolution.anchor))
    nodes = tuple(
        Node(c.path, c.source.path, c.title or c.path, c.part, c.url)
        for c in (one.chapter for one in resolved)
    )
    return ReferenceGraph(nodes, tuple(references), tuple(self_links), tuple(broken))


def wording_of(link: Link) -> str:
    """Return the words of a link on one line, or what stands there instead of words."""
    if link.kind in _BARE:
        return ADDRESS
    return " ".join(link.text.split()) or PICTURE
