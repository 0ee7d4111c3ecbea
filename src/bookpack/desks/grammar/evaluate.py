"""How much engines find of real mistakes that people have corrected, and what they cry wolf at.

A record is one line before and after a correction. A mistake counts as found when some
suggestion touches its place, and as fixed when one writes just what the person wrote. Whatever
is suggested on the corrected line is an alarm; it is no false one where the same records
correct the same words in the same way elsewhere, because nobody has corrected all of a file.
"""

import difflib
import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bookpack.desks.grammar.edits import Shape, shape_of, smallest
from bookpack.desks.grammar.passes import Engine, prove
from bookpack.desks.grammar.prose import blocks_of
from bookpack.desks.grammar.queue import Entry, make_entries
from bookpack.desks.grammar.vocabulary import Vocabulary
from bookpack.errors import SettingsError
from bookpack.model import Chapter
from bookpack.read.markdown import parse_markdown
from bookpack.source import Edit, Source, Span, apply_edits

_NEAR = 12
"""Code points on either side that make two corrections of a sign the same."""
_LONGEST_LINE = 4000
_TYPES = {Shape.WORD: "word", Shape.MARKS: "marks", Shape.WORDS: "words"}


@dataclass(frozen=True, slots=True)
class Record:
    """One real correction: `after` is `before` with `span` replaced. Code points of `before`."""

    before: str
    after: str
    span: Span
    type: str

    @property
    def replacement(self) -> str:
        """What was written in place of `span`."""
        return self.after[self.span.start : len(self.after) - len(self.before) + self.span.end]


@dataclass(slots=True)
class Score:
    """What one engine came to: by type of mistake, and alarms on corrected lines."""

    engine: str
    total: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    fixed: Counter[str] = field(default_factory=Counter)
    words: int = 0
    alarms: Counter[str] = field(default_factory=Counter)
    """Suggestions on corrected lines by the rule that made them, without the following."""
    confirmed: int = 0
    """Alarms that the records themselves prove right."""

    @property
    def recall(self) -> float:
        """Part of the mistakes that was found."""
        return self.found.total() / max(1, self.total.total())

    @property
    def false_alarms(self) -> float:
        """False alarms per 1,000 words."""
        return 1000 * self.alarms.total() / max(1, self.words)

    @property
    def all_alarms(self) -> float:
        """Alarms per 1,000 words, with those that the records prove right."""
        return 1000 * (self.alarms.total() + self.confirmed) / max(1, self.words)


def read_records(path: Path) -> list[Record]:
    """Read a file of records, one JSON object a line. Raises `SettingsError`."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"Cannot read {path}: {error}.") from None
    records = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            before, after = str(value["before"]), str(value["after"])
            start, end = int(value["start"]), int(value["end"])
        except (ValueError, KeyError, TypeError):
            raise SettingsError(
                f"{path}:{number}: a record needs before, after, start and end."
            ) from None
        records.append(Record(before, after, Span(start, end), str(value.get("type", "any"))))
    return records


def mine_records(folder: Path, suffixes: Sequence[str] = (".md",)) -> list[Record]:
    """Return the small corrections of single lines in the git history of `folder`.

    A correction is a commit's change of one line that leaves all but a few words as they were
    and touches letters or punctuation. Raises `SettingsError` where there is no history.
    """
    patterns = [f"*{suffix}" for suffix in suffixes]
    command = ["git", "-C", str(folder), "log", "-p", "-U0", "--no-color", "--no-ext-diff",
               "--no-merges", "--format=", "--", *patterns]  # fmt: skip
    try:
        run = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise SettingsError(f"git cannot be run: {error}.") from None
    if run.returncode:
        raise SettingsError(f"{folder} has no git history to learn corrections from.")
    found: dict[tuple[str, str], Record] = {}
    for before, after in _single_lines(run.stdout.decode("utf-8", "replace")):
        record = _record(before, after)
        if record is not None:
            found.setdefault((before, after), record)
    return list(found.values())


def _single_lines(log: str) -> Iterator[tuple[str, str]]:
    """Yield the lines of every hunk that replaces one line by one."""
    for hunk in re.split(r"^@@[^\n]*@@[^\n]*\n", log, flags=re.M)[1:]:
        lines = hunk.partition("\ndiff --git")[0].splitlines()
        if len(lines) == 2 and lines[0][:1] == "-" and lines[1][:1] == "+":
            yield lines[0][1:], lines[1][1:]


def _record(before: str, after: str) -> Record | None:
    if max(len(before), len(after)) > _LONGEST_LINE or len(before.split()) < 4:
        return None
    change = smallest(before, Span(0, len(before)), after)
    words = change.span.slice(before)
    shape = shape_of(words, change.after)
    alike = difflib.SequenceMatcher(None, words, change.after, autojunk=False).ratio()
    if shape is Shape.REWRITE or not words.strip() or words.split() == change.after.split():
        return None
    if not _is_prose(before, change.span) or (shape is Shape.WORD and alike < 0.5):
        return None
    return Record(before, after, change.span, _TYPES[shape])


def _is_prose(line: str, span: Span) -> bool:
    return any(block.in_chapter(Span(at, at + 1)) == Span(span.start, span.start + 1)
               for block in blocks_of(as_chapter(line))
               for at in range(len(block.text)))  # fmt: skip


def lines_of(records: Iterable[Record]) -> list[Chapter]:
    """Return every line of the records, wrong and corrected, once, each as a chapter of its own."""
    lines = dict.fromkeys(line for one in records for line in (one.before, one.after))
    return [as_chapter(line, f"line-{number}.md") for number, line in enumerate(lines, 1)]


def as_chapter(text: str, path: str = "line.md") -> Chapter:
    """Return a chapter that is nothing but `text`."""
    return Chapter(path, "", "", Source(path, text), parse_markdown(text))


def book_words(records: Iterable[Record]) -> Vocabulary:
    """Return the words that the lines before their correction know, as if they were one book."""
    vocabulary = Vocabulary()
    for record in records:
        chapter = as_chapter(record.before)
        vocabulary.learn(chapter, blocks_of(chapter))
    return vocabulary


def evaluate(
    records: Sequence[Record],
    engines: Mapping[str, Sequence[Engine]],
    skip: Callable[[Record], bool] = lambda record: False,
) -> list[Score]:
    """Return a score for each name in `engines`; several engines under one name go together.

    `skip` tells which records do not count as mistakes, such as pairs of dialects.
    """
    corrected = [_place(r.before, r.span, r.replacement) for r in records]
    return [_score(name, group, records, corrected, skip) for name, group in engines.items()]


def false_alarms(
    chapters: Iterable[Chapter], engines: Sequence[Engine]
) -> tuple[int, Counter[str]]:
    """Return the words of clean `chapters`, and suggestions on them by rule."""
    words, alarms = 0, Counter[str]()
    for chapter in chapters:
        words += sum(len(block.text.split()) for block in blocks_of(chapter))
        alarms.update(entry.resolved.fix.rule for entry in _suggest(chapter, engines))
    return words, alarms


def as_table(scores: Sequence[Score]) -> str:
    """Return scores as text: a line for each engine and type."""
    lines = []
    for score in scores:
        lines.append(
            f"{score.engine}: found {score.recall:.2f} of {score.total.total():,}, "
            f"{score.false_alarms:.2f} false alarms per 1,000 words "
            f"({score.all_alarms:.2f} with those that the records prove right)"
        )
        for kind, total in score.total.most_common():
            found, fixed = score.found[kind], score.fixed[kind]
            lines.append(
                f"  {kind:<18} {total:>4}  found {found:>4} ({found / total:.2f})  fixed {fixed:>4}"
            )
    return "\n".join(lines)


class _Place(NamedTuple):
    """A correction with what stands around it."""

    before: str
    after: str
    left: str
    right: str


def _place(text: str, span: Span, after: str) -> _Place:
    span, after = smallest(text, span, after)
    left, right = text[max(0, span.start - _NEAR) : span.start], text[span.end :][:_NEAR]
    return _Place(span.slice(text), after, left, right)


def _score(
    name: str,
    engines: Sequence[Engine],
    records: Sequence[Record],
    corrected: Sequence[_Place],
    skip: Callable[[Record], bool],
) -> Score:
    score = Score(name)
    counted: set[str] = set()
    for record in records:
        if skip(record):
            continue
        score.total[record.type] += 1
        entries = _suggest(as_chapter(record.before), engines)
        near = [e for e in entries if _touch(e.suggestion.span, record.span)]
        score.found[record.type] += bool(near)
        score.fixed[record.type] += any(_apply(record.before, e) == record.after for e in near)
        if record.after in counted:
            continue
        counted.add(record.after)
        chapter = as_chapter(record.after)
        score.words += sum(len(block.text.split()) for block in blocks_of(chapter))
        for entry in _suggest(chapter, engines):
            one = entry.suggestion
            if _is_confirmed(_place(record.after, one.span, one.after), corrected):
                score.confirmed += 1
            else:
                score.alarms[entry.resolved.fix.rule] += 1
    return score


def _suggest(chapter: Chapter, engines: Sequence[Engine]) -> list[Entry]:
    blocks = blocks_of(chapter)
    proposals = (proposal for engine in engines for proposal in engine.propose(blocks))
    return make_entries(chapter, prove(chapter, proposals)[0])


def _touch(one: Span, other: Span) -> bool:
    return one.start <= other.end and other.start <= one.end


def _apply(text: str, entry: Entry) -> str:
    return apply_edits(text, [Edit(entry.suggestion.span, entry.suggestion.after)])


def _is_confirmed(alarm: _Place, corrected: Iterable[_Place]) -> bool:
    """Tell whether somebody corrected the same words in the same way.

    What only adds or takes away a sign, or changes a very short word, must stand beside the same
    words as well.
    """
    says_itself = len(alarm.before) > 3 and not alarm.after.startswith(alarm.before)
    for one in corrected:
        if (one.before, one.after) == (alarm.before, alarm.after):
            beside = one.left == alarm.left or one.right == alarm.right
            if says_itself or (beside and len(alarm.left + alarm.right) >= _NEAR):
                return True
    return False
