"""The decision store: `review/decisions.jsonl` in the book's folder.

One line a decision, readable, only ever appended to, and meaningful in any order of lines, so
that git merges it with its union driver (`review/.gitattributes` asks for that). No clock is
involved: a line's number `n` is one more than the highest that its writer knew. Where two
people decided differently without knowing of each other, the higher number holds, and between
equal numbers the greater key, which is the same on every machine.

Which fixes stand in the text does not depend on numbers at all: a line that changed a chapter
stands until another line names its key in `undoes`.

A line that cannot be read (torn, or a marker of a merge conflict) is reported with its place,
skipped, and left where it is.
"""

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from bookpack.desks.review.line_file import FOLDER, LineFile, OpenLines
from bookpack.desks.review.suggestion import digest

FILE = f"{FOLDER}/decisions.jsonl"
VERDICTS = ("accepted", "edited", "rejected", "skipped", "undone", "moved")
_CONFLICT_MARKERS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


@dataclass(frozen=True)
class Decision:
    """One line of the store.

    A line with `to` changed a chapter: at `start` (code points of the text with hash `origin`)
    it wrote `after` over `before`, which gave the text with hash `to`; `prefix` and `suffix`
    stood around it then. `undoes` and `moves` are keys of such lines: one takes the change
    back, the other records that its neighbourhood was changed by another fix.
    """

    decision: str
    id: str
    rule: str
    path: str
    before: str
    after: str
    why: str = ""
    by: str = ""
    n: int = 0
    engine: str = ""
    prefix: str = ""
    suffix: str = ""
    start: int = -1
    origin: str = ""
    to: str = ""
    undoes: str = ""
    moves: str = ""

    def line(self) -> str:
        """Return the decision as one line of JSON, without what is empty."""
        record = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != field.default
        }
        return json.dumps(record, ensure_ascii=False)

    @cached_property
    def key(self) -> str:
        """The name by which another line refers to this one: a hash of what it says."""
        return digest(self.line())


@dataclass(frozen=True)
class Log:
    """Everything that was decided, and what could not be read of it."""

    decisions: tuple[Decision, ...] = ()
    complaints: tuple[str, ...] = ()

    @property
    def highest(self) -> int:
        """The highest number in use."""
        return max((decision.n for decision in self.decisions), default=0)

    @cached_property
    def latest(self) -> dict[str, Decision]:
        """The decision that holds for each id."""
        holding: dict[str, tuple[int, str, Decision]] = {}
        for decision in self.decisions:
            if decision.decision == "moved":
                continue
            rank = (decision.n, decision.key, decision)
            if decision.id not in holding or holding[decision.id][:2] < rank[:2]:
                holding[decision.id] = rank
        return {name: rank[2] for name, rank in holding.items()}

    @cached_property
    def applied(self) -> dict[str, Decision]:
        """Key → line of every change that nothing has undone, in the order of their numbers."""
        undone = {decision.undoes for decision in self.decisions}
        standing = {
            decision.key: decision
            for decision in self.decisions
            if decision.to and not decision.undoes and decision.key not in undone
        }
        return dict(sorted(standing.items(), key=lambda item: (item[1].n, item[0])))

    @cached_property
    def moved(self) -> dict[str, list[Decision]]:
        """Key of a change → the lines that say what came to stand around it, the last first."""
        found: dict[str, list[Decision]] = {}
        for decision in self.decisions:
            if decision.moves:
                found.setdefault(decision.moves, []).append(decision)
        for lines in found.values():
            lines.sort(key=lambda line: (-line.n, line.key))
        return found

    def disputes(self) -> list[str]:
        """Name the changes on which two people decided differently at the same time."""
        same: dict[tuple[str, int], set[str]] = {}
        for decision in self.decisions:
            if decision.decision != "moved":
                same.setdefault((decision.id, decision.n), set()).add(decision.decision)
        return [
            f"{name}: decided as {' and as '.join(sorted(verdicts))} at the same time; "
            f"{self.latest[name].decision} holds."
            for (name, number), verdicts in sorted(same.items())
            if len(verdicts) > 1 and self.latest[name].n == number
        ]


def parse_log(data: bytes) -> Log:
    """Read the store's lines; never raises, see `Log.complaints`."""
    decisions: dict[Decision, None] = {}
    complaints = []
    lines = data.split(b"\n")
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        decision, complaint = _parse_line(raw)
        if decision is not None:
            decisions[decision] = None
        else:
            torn = number == len(lines) and not complaint.startswith("a marker")
            what = f"{complaint}; it was not written to its end" if torn else complaint
            complaints.append(f"{FILE}:{number}: {what}. The line is skipped and kept.")
    return Log(tuple(decisions), tuple(complaints))


def _parse_line(raw: bytes) -> tuple[Decision | None, str]:
    try:
        text = raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return None, "not UTF-8"
    if text.startswith(_CONFLICT_MARKERS):
        return None, "a marker of a merge conflict; the decisions around it count"
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None, "not a decision"
    if not isinstance(record, dict):
        return None, "not a decision"
    known: dict[str, Any] = {}
    for field in fields(Decision):
        if field.name in record:
            known[field.name] = record[field.name]
            if type(known[field.name]) is not field.type:
                return None, f"{field.name} is not what it should be"
    try:
        decision = Decision(**known)
    except TypeError:
        return None, "a decision without all of its parts"
    if decision.decision not in VERDICTS:
        return None, f"{decision.decision!r} is no decision that this version knows"
    return decision, ""


class DecisionStore:
    """The store of one book."""

    def __init__(self, folder: Path) -> None:
        self._lines = LineFile(folder, FILE)
        self.file = self._lines.place

    def read(self) -> Log:
        """Return what has been decided. Raises `WorldError`."""
        return parse_log(self._lines.read())

    @contextlib.contextmanager
    def locked(self) -> Iterator["OpenStore"]:
        """Keep other reviewers out until the block ends. Raises `WorldError`."""
        with self._lines.locked() as lines:
            yield OpenStore(lines)


class OpenStore:
    """The store while it is locked: `log` is what stands in it."""

    def __init__(self, lines: OpenLines) -> None:
        self._lines = lines
        self.log = parse_log(lines.data)

    def append(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Number `decisions`, write them to the disk, and return them. Raises `WorldError`."""
        if not decisions:
            return []
        first = self.log.highest + 1
        numbered = [replace(one, n=first + place) for place, one in enumerate(decisions)]
        self._lines.append([decision.line() for decision in numbered])
        self.log = Log((*self.log.decisions, *numbered), self.log.complaints)
        return numbered
