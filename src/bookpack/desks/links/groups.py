"""Groups of chapters, and whether references are spread over them as the author wants.

`[[links.group]]` in the settings names groups, which may overlap and may leave chapters out.
Without any, the book's parts are the groups, and without parts its folders: these have no
limits. A limit counts the references that each chapter of the group receives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

from bookpack.config.tables import GroupTable
from bookpack.desks.links.graph import Node, ReferenceGraph


@dataclass(frozen=True, slots=True)
class Group:
    """Chapters that belong together; each should have references within the limits."""

    name: str
    members: tuple[int, ...]
    at_least: int | None = None
    at_most: int | None = None


class Imbalance(NamedTuple):
    """A chapter of a group with fewer or more references to it than the group's limits allow."""

    group: str
    chapter: int
    references: int
    limit: int
    is_under: bool


@dataclass(frozen=True, slots=True)
class Balance:
    """How references are spread over groups.

    `made[chapter][group]` is how many references the chapter makes to chapters of the group,
    `received[chapter][group]` how many it receives from them. `between[a][b]` are references
    from the group `a` to the group `b`. A chapter in two groups counts in both.
    """

    groups: tuple[Group, ...]
    made: tuple[tuple[int, ...], ...]
    received: tuple[tuple[int, ...], ...]
    between: tuple[tuple[int, ...], ...]
    imbalances: tuple[Imbalance, ...]


def find_groups(nodes: Sequence[Node], tables: Sequence[GroupTable]) -> tuple[Group, ...]:
    """Return the groups of the settings, else the parts of the book, else its folders."""
    if tables:
        return tuple(
            Group(
                table.name,
                tuple(i for i, node in enumerate(nodes) if _is_member(node, table.chapters)),
                table.at_least,
                table.at_most,
            )
            for table in tables
        )
    for name_of in (lambda node: node.part, _folder):
        members: dict[str, list[int]] = {}
        for number, node in enumerate(nodes):
            members.setdefault(name_of(node), []).append(number)
        members.pop("", None)
        if len(members) > 1:
            return tuple(Group(name, tuple(numbers)) for name, numbers in members.items())
    return ()


def weigh(graph: ReferenceGraph, groups: tuple[Group, ...]) -> Balance:
    """Count the references between chapters and groups, and compare with the limits."""
    memberships: list[list[int]] = [[] for _ in graph.nodes]
    for number, group in enumerate(groups):
        for member in group.members:
            memberships[member].append(number)
    made = [[0] * len(groups) for _ in graph.nodes]
    received = [[0] * len(groups) for _ in graph.nodes]
    between = [[0] * len(groups) for _ in groups]
    for (source, target), weight in graph.weights.items():
        for group_of_target in memberships[target]:
            made[source][group_of_target] += weight
            for group_of_source in memberships[source]:
                between[group_of_source][group_of_target] += weight
        for group_of_source in memberships[source]:
            received[target][group_of_source] += weight
    imbalances = []
    for group in groups:
        for member in group.members:
            count = graph.references_in[member]
            if group.at_least is not None and count < group.at_least:
                imbalances.append(Imbalance(group.name, member, count, group.at_least, True))
            if group.at_most is not None and count > group.at_most:
                imbalances.append(Imbalance(group.name, member, count, group.at_most, False))
    return Balance(groups, _frozen(made), _frozen(received), _frozen(between), tuple(imbalances))


def _is_member(node: Node, patterns: Sequence[str]) -> bool:
    for pattern in patterns:
        pattern = pattern.removeprefix("./")
        if any(fnmatchcase(name, pattern) for name in (node.path, node.file, node.part)):
            return True
        if node.path.startswith(f"{pattern.rstrip('/')}/"):
            return True
    return False


def _folder(node: Node) -> str:
    return node.path.partition("/")[0] if "/" in node.path else ""


def _frozen(table: list[list[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(map(tuple, table))
