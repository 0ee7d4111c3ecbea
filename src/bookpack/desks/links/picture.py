"""The reference graph as an arc diagram: chapters down a line in reading order, arcs beside it.

Every coordinate follows from the book alone, so the same book gives the same picture. The
drawing is two layers in one SVG: arcs stretch with the page's width, nodes keep their shape.
A book of very many chapters is drawn by its groups, or by runs of chapters.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import sqrt
from typing import NamedTuple

from bookpack.desks.links.report import LinkReport

ROW = 24
"""Height of a row in CSS pixels; the list of labels beside the drawing has the same."""
MOST_NODES = 150
"""A book with more chapters is drawn by groups."""
MOST_ARCS = 3000
RUNS = 40
"""Into how many runs of chapters a large book without groups is cut."""
COLOURS = 7
"""Categories with a colour of their own; all others share the last one."""
_WIDEST = 86.0
_BULGE = 0.7
"""Below 1, so that arcs between neighbours stand out from the line."""
_THINNEST, _THICKEST = 0.6, 5.0
_CROWDED = 400
_LARGEST, _SMALLEST = 9.0, 3.0


class PictureNode(NamedTuple):
    """A row: a chapter, or a group of them. `chapter` is the chapter's number, or None."""

    label: str
    colour: int
    references_in: int
    references_out: int
    within: int
    chapter: int | None


class Arc(NamedTuple):
    """References from one row to another."""

    source: int
    target: int
    references: int
    colour: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing and what is needed to explain it.

    `legend` pairs colours with what they stand for; `unit` is what a row is.
    """

    nodes: tuple[PictureNode, ...]
    arcs: tuple[Arc, ...]
    arcs_left_out: int
    legend: tuple[tuple[int, str], ...]
    unit: str

    def svg(self) -> str:
        """Return the drawing; the labels of its rows are the page's own list."""
        height = ROW * len(self.nodes)
        is_crowded = len(self.arcs) > _CROWDED
        crowded = " crowded" if is_crowded else ""
        thickest = _THICKEST / 2 if is_crowded else _THICKEST
        heaviest = max((arc.references for arc in self.arcs), default=1)
        growth = min(0.7, (thickest - _THINNEST) / sqrt(heaviest))
        # The most frequent stand on top.
        farthest = max((abs(arc.target - arc.source) for arc in self.arcs), default=1)
        arcs = "".join(
            self._arc(arc, farthest, growth)
            for arc in sorted(self.arcs, key=lambda a: (a.references, a))
        )
        most = max((node.references_in for node in self.nodes), default=0)
        circles = "".join(self._circle(row, node, most) for row, node in enumerate(self.nodes))
        return (
            f'<svg class="arcs{crowded}" width="100%" height="{height}" role="img" '
            'aria-label="Arc diagram of the references; the tables below hold the same figures">'
            f'<g transform="translate(-14 0)">'
            f'<svg width="100%" height="{height}" viewBox="0 0 100 {height}" '
            f'preserveAspectRatio="none" overflow="visible">'
            f"{arcs}</svg>{circles}</g></svg>"
        )

    def _arc(self, arc: Arc, farthest: int, growth: float) -> str:
        # References leave below the middle of a row and arrive above it, so that the two
        # directions between two chapters do not hide each other.
        begin = ROW * arc.source + ROW / 2 + 2
        end = ROW * arc.target + ROW / 2 - 2
        reach = _WIDEST * (abs(arc.target - arc.source) / farthest) ** _BULGE
        x = 100 - reach / 0.75
        width = _THINNEST + growth * sqrt(arc.references)
        said = (
            f"{self.nodes[arc.source].label} → {self.nodes[arc.target].label}: {arc.references:,}"
        )
        return (
            f'<path class="c{arc.colour}" data-s="{arc.source}" data-t="{arc.target}" '
            f'stroke-width="{width:.1f}" '
            f'd="M100 {begin:g}C{x:.1f} {begin:g} {x:.1f} {end:g} 100 {end:g}">'
            f"<title>{_safe(said)}</title></path>"
        )

    def _circle(self, row: int, node: PictureNode, most: int) -> str:
        share = sqrt(node.references_in / most) if most else 0.0
        radius = _SMALLEST + (_LARGEST - _SMALLEST) * share
        said = f"{node.label}: {node.references_in:,} in, {node.references_out:,} out"
        empty = "" if node.references_in else " none"
        return (
            f'<circle class="c{node.colour}{empty}" data-n="{row}" cx="100%" '
            f'cy="{ROW * row + ROW / 2:g}" r="{radius:.1f}"><title>{_safe(said)}</title></circle>'
        )


def draw(report: LinkReport) -> Picture:
    """Lay the graph out by chapters, or by groups where there are too many chapters."""
    nodes = report.graph.nodes
    names, category = _categories(report)
    if len(nodes) <= MOST_NODES:
        labels = [node.title for node in nodes]
        chapters: list[int | None] = list(range(len(nodes)))
        return _lay_out(
            report, labels, list(range(len(nodes))), category, chapters, names, "chapter"
        )
    if 2 <= len(names) <= MOST_NODES:
        rows = list(range(len(names)))
        return _lay_out(report, names, category, rows, [None] * len(names), [], "group")
    length = -(-len(nodes) // RUNS)
    labels = [
        f"Chapters {start + 1:,} to {min(start + length, len(nodes)):,}"
        for start in range(0, len(nodes), length)
    ]
    row_of = [number // length for number in range(len(nodes))]
    none: list[int | None] = [None] * len(labels)
    return _lay_out(report, labels, row_of, [0] * len(labels), none, [], "run of chapters")


def _categories(report: LinkReport) -> tuple[list[str], list[int]]:
    """Return the names of the groups and each chapter's group: the first that holds it."""
    groups = report.balance.groups
    category = [len(groups)] * len(report.graph.nodes)
    for number in reversed(range(len(groups))):
        for member in groups[number].members:
            category[member] = number
    names = [group.name for group in groups]
    if groups and len(groups) in category:
        names.append("In no group")
    return names, category


def _lay_out(
    report: LinkReport,
    labels: Sequence[str],
    row_of: Sequence[int],
    colours: Sequence[int],
    chapters: Sequence[int | None],
    categories: Sequence[str],
    unit: str,
) -> Picture:
    weights: Counter[tuple[int, int]] = Counter()
    for (source, target), count in report.graph.weights.items():
        weights[row_of[source], row_of[target]] += count
    within = [weights.pop((row, row), 0) for row in range(len(labels))]
    into, out = [0] * len(labels), [0] * len(labels)
    for (source, target), count in weights.items():
        out[source] += count
        into[target] += count
    by_direction = len(categories) < 2
    legend: list[tuple[int, str]]
    if by_direction:
        legend = [(0, "to a later one"), (1, "to an earlier one")]
    else:
        legend = [(number, name) for number, name in enumerate(categories[:COLOURS])]
        if len(categories) > COLOURS:
            legend.append((COLOURS, "all others"))
    shades = [2 if by_direction else min(colour, COLOURS) for colour in colours]
    heaviest = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
    arcs = tuple(
        Arc(source, target, count, int(target < source) if by_direction else shades[source])
        for (source, target), count in heaviest[:MOST_ARCS]
    )
    rows = tuple(
        PictureNode(label, shades[row], into[row], out[row], within[row], chapters[row])
        for row, label in enumerate(labels)
    )
    return Picture(rows, arcs, len(weights) - len(arcs), tuple(legend), unit)


def _safe(text: str) -> str:
    return escape("".join(c if c.isprintable() else " " for c in text))
