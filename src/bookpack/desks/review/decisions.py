"""The decision store: `review/decisions.jsonl` in the book's folder.

One line a decision, readable, only ever appended to, and meaningful in any order of lines, so
that git merges it with its union driver (`review/.gitattributes` asks for that). No clock is
involved: a line's number `n` is one more than the highest that its writer knew. The higher number
holds, and between equal numbers the greater key, which is the same on every machine. A line also
names those lines on the same change that held for its writer (`over`), as Git's commits name their
parents: where several are named by no other, people decided without knowing of each other.

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

from bookpack.desks.review.display import brief
from bookpack.desks.review.line_file import FOLDER, LineFile, OpenLines, as_line
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
    back, the other records that its neighbourhood was changed by another fix. `over` holds the
    keys, with blanks between them, of the other lines on the same `id` that this one replaces.
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
    over: str = ""

    def line(self) -> str:
        """Return the decision as one line of JSON, without what is empty."""
        record = {
            name: value for name, _, default in _FIELDS if (value := getattr(self, name)) != default
        }
        return as_line(record)

    @cached_property
    def key(self) -> str:
        """The name by which another line refers to this one: a hash of what it says."""
        return digest(self.line())


_FIELDS = tuple((field.name, field.type, field.default) for field in fields(Decision))


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
        return {
            name: lines[0] if len(lines) == 1 else max(lines, key=lambda one: (one.n, one.key))
            for name, lines in self._by_id.items()
        }

    @cached_property
    def _by_id(self) -> dict[str, list[Decision]]:
        found: dict[str, list[Decision]] = {}
        for decision in self.decisions:
            if decision.decision != "moved":
                found.setdefault(decision.id, []).append(decision)
        return found

    def unreplaced(self, name: str) -> list[Decision]:
        """Return the lines on the change `name` that no other line on it replaces."""
        lines = self._by_id.get(name, [])
        replaced = {key for one in lines for key in (one.undoes, *one.over.split())}
        return [one for one in lines if len(lines) == 1 or one.key not in replaced]

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
        """Say on which changes people decided differently without knowing of each other."""
        said = []
        for name, lines in self._by_id.items():
            ends = self.unreplaced(name) if len(lines) > 1 else lines
            if len({(one.decision, one.after) for one in ends}) > 1:
                latest = self.latest[name]
                verdicts = ", ".join(sorted(_verdict(one) for one in ends))
                change = f"“{brief(latest.before)}” → “{brief(latest.after)}”"
                said.append(
                    f"{brief(latest.path)}: {change}: {len(ends)} decisions that did not know of "
                    f"each other: {verdicts}. What holds is: {_verdict(latest)}. "
                    f"bookpack review --undo {brief(name)} opens it again."
                )
        return sorted(said)


def _verdict(decision: Decision) -> str:
    return f"{decision.decision} by {brief(decision.by)}" if decision.by else decision.decision


def parse_log(data: bytes) -> Log:
    """Read the store's lines; never raises, see `Log.complaints`."""
    return _Reader().read(data)


class _Reader:
    """Reads a store again and again. It is only ever added to, so no line is read twice."""

    _whole: bytes
    _count: int
    _decisions: dict[bytes, Decision]
    _log: Log

    def __init__(self) -> None:
        self._begin()

    def read(self, data: bytes) -> Log:
        if not data.startswith(self._whole):  # somebody has put another file there
            self._begin()
        end = data.rfind(b"\n") + 1
        if end > len(self._whole):
            self._take(data[len(self._whole) : end])
            self._whole = data[:end]
        torn = data[end:]
        if not torn.strip():
            return self._log
        decision, complaint = _parse_line(torn)
        if decision is not None:
            return Log((*self._log.decisions, decision), self._log.complaints)
        if not complaint.startswith("a marker"):
            complaint += "; it was not written to its end"
        said = _complaint(self._count + 1, complaint)
        return Log(self._log.decisions, (*self._log.complaints, said))

    def _begin(self) -> None:
        self._whole, self._count = b"", 0
        self._decisions = {}
        self._log = Log()

    def _take(self, data: bytes) -> None:
        complaints = list(self._log.complaints)
        for raw in data.split(b"\n")[:-1]:
            self._count += 1
            line = raw.strip()
            if not line or line in self._decisions:
                continue
            decision, complaint = _parse_line(line)
            if decision is not None:
                self._decisions[line] = decision
            else:
                complaints.append(_complaint(self._count, complaint))
        self._log = Log(tuple(self._decisions.values()), tuple(complaints))


def _complaint(number: int, what: str) -> str:
    return f"{FILE}:{number}: {what}. The line is skipped and kept."


def _parse_line(raw: bytes) -> tuple[Decision | None, str]:
    try:
        text = raw.decode("utf-8-sig").strip()
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
    for name, kind, _ in _FIELDS:
        if name in record:
            known[name] = record[name]
            if type(known[name]) is not kind:
                return None, f"{name} is not what it should be"
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
        self._reader = _Reader()

    def read(self) -> Log:
        """Return what has been decided. Raises `WorldError`."""
        return self._reader.read(self._lines.read())

    @contextlib.contextmanager
    def locked(self) -> Iterator["OpenStore"]:
        """Keep other reviewers out until the block ends. Raises `WorldError`."""
        with self._lines.locked() as lines:
            yield OpenStore(lines, self._reader.read(lines.data))


class OpenStore:
    """The store while it is locked: `log` is what stands in it."""

    def __init__(self, lines: OpenLines, log: Log) -> None:
        self._lines = lines
        self.log = log

    def append(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Number `decisions`, write them to the disk, and return them. Raises `WorldError`."""
        if not decisions:
            return []
        numbered: list[Decision] = []
        ends: dict[str, list[Decision]] = {}
        for number, one in enumerate(decisions, self.log.highest + 1):
            over = ""
            if one.decision != "moved":
                known = ends.get(one.id) or self.log.unreplaced(one.id)
                over = " ".join(sorted(end.key for end in known if end.key != one.undoes))
            numbered.append(replace(one, n=number, over=over))
            if one.decision != "moved":
                ends[one.id] = numbered[-1:]
        self._lines.append([decision.line() for decision in numbered])
        self.log = Log((*self.log.decisions, *numbered), self.log.complaints)
        return numbered
