"""What models have answered: `review/suggestions.jsonl` in the book's folder.

One line an answer, readable, only ever appended to. An answer is kept by the hashes of the
blocks that it was about, so that a paragraph that has not changed is not sent again, wherever it
stands by now. A fix is kept as it was proposed, with the places it came to when it was proven, or
the reason why it was refused. A line that cannot be read is reported and left where it is; its
paragraphs are asked about again.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from bookpack.desks.grammar.fix import Category, Fix
from bookpack.desks.grammar.prose import Block, Proposal
from bookpack.desks.grammar.validate import Reason, Refused
from bookpack.desks.review.line_file import FOLDER, LineFile, as_line
from bookpack.source import Span

FILE = f"{FOLDER}/suggestions.jsonl"
_WORDS = ("quote", "left", "right", "pattern", "replacement", "why")


class Place(NamedTuple):
    """Where a proven fix applies: `after` in place of `span` of every block with this hash."""

    block: str
    span: Span
    after: str


@dataclass(frozen=True, slots=True)
class KeptFix:
    """A fix as a model proposed it, and what it came to: places, or why it was refused."""

    fix: Fix
    places: tuple[Place, ...] = ()
    refused: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """One answer. `asked` says in a hash what was asked of whom, `blocks` about what."""

    asked: str
    path: str
    blocks: tuple[str, ...]
    fixes: tuple[KeptFix, ...] = ()

    def line(self) -> str:
        """Return the answer as one line of JSON."""
        record = {
            "asked": self.asked,
            "path": self.path,
            "blocks": list(self.blocks),
            "fixes": [_record(one) for one in self.fixes],
        }
        return as_line(record)


@dataclass
class KeptAnswers:
    """All answers in one file of a book. Raises `WorldError` when it cannot be read or written."""

    folder: Path
    file: str = FILE
    complaints: list[str] = field(default_factory=list)
    _answers: dict[str, dict[str, list[tuple[int, KeptAnswer]]]] = field(default_factory=dict)
    _count: int = 0

    def __post_init__(self) -> None:
        self._file = LineFile(self.folder, self.file)
        for number, raw in enumerate(self._file.read().split(b"\n"), 1):
            if raw.strip():
                answer = _parse(raw)
                if answer is None:
                    self.complaints.append(
                        f"{self.file}:{number}: no answer that can be read. The line is skipped "
                        "and kept; its paragraphs are asked about again."
                    )
                else:
                    self._take(answer)

    def known(self, asked: str) -> set[str]:
        """Return the hashes of all blocks about which this has been asked."""
        return set(self._answers.get(asked, ()))

    def make_room(self) -> None:
        """Make sure that answers can be kept, before anybody pays for one."""
        with self._file.locked():
            pass

    def keep(self, answer: KeptAnswer) -> None:
        """Bring an answer to the disk."""
        with self._file.locked() as lines:
            lines.append([answer.line()])
        self._take(answer)

    def _take(self, answer: KeptAnswer) -> None:
        """Remember an answer under what was asked and each of its blocks, in order."""
        by_block = self._answers.setdefault(answer.asked, {})
        self._count += 1
        for block in dict.fromkeys(answer.blocks):
            by_block.setdefault(block, []).append((self._count, answer))

    def proposals(
        self, asked: str, engine: str, blocks: Iterable[Block]
    ) -> Iterator[Proposal | Refused]:
        """Yield what was answered about `blocks`, the blocks of one chapter as they are now.

        A fix stands with its paragraph, whatever became of those around it. A refused one is
        told as long as everything that its answer was about is still there.
        """
        here: dict[str, list[Block]] = {}
        for block in blocks:
            here.setdefault(block.hash, []).append(block)
        seen: set[tuple[str, Span, str]] = set()
        by_block = self._answers.get(asked, {})
        about = {number: answer for block in here for number, answer in by_block.get(block, ())}
        for _, answer in sorted(about.items(), key=lambda item: item[0]):
            complete = all(block in here for block in answer.blocks)
            for kept in answer.fixes:
                if kept.refused is not None and complete:
                    fix = replace(kept.fix, engine=engine)
                    path = here[answer.blocks[0]][0].path
                    yield Refused(fix, path, kept.refused, kept.detail)
                for place in kept.places:
                    if place in seen:
                        continue
                    seen.add(place)
                    for block in here.get(place.block, ()):
                        yield Proposal(_located(kept.fix, engine, block, place), (block,))


def _located(fix: Fix, engine: str, block: Block, place: Place) -> Fix:
    quote = place.span.slice(block.text)
    return replace(
        fix, engine=engine, quote=quote, replacement=place.after, span=place.span, expected=1
    )


def _record(kept: KeptFix) -> dict[str, Any]:
    fix = kept.fix
    record: dict[str, Any] = {name: getattr(fix, name) for name in _WORDS if getattr(fix, name)}
    record |= {
        "expected": fix.expected,
        "category": fix.category.value,
        "confidence": fix.confidence,
    }
    if kept.places:
        record["places"] = [[one.block, *one.span, one.after] for one in kept.places]
    if kept.refused is not None:
        record["refused"] = kept.refused.name
    if kept.detail:
        record["detail"] = kept.detail
    return record


def _parse(raw: bytes) -> KeptAnswer | None:
    try:
        record = json.loads(raw.decode("utf-8"))
        fixes = tuple(_parse_fix(one) for one in record["fixes"])
        blocks = tuple(_text(one) for one in record["blocks"])
        if not blocks:
            return None
        return KeptAnswer(_text(record["asked"]), _text(record["path"]), blocks, fixes)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _parse_fix(record: Any) -> KeptFix:
    words: dict[str, Any] = {name: _text(record.get(name, "")) for name in _WORDS}
    fix = Fix(
        engine="",
        expected=int(record["expected"]),
        category=Category(record["category"]),
        confidence=float(record["confidence"]),
        **words,
    )
    places = tuple(
        Place(_text(block), Span(int(start), int(end)), _text(after))
        for block, start, end, after in record.get("places", ())
    )
    refused = Reason[record["refused"]] if "refused" in record else None
    return KeptFix(fix, places, refused, _text(record.get("detail", "")))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
