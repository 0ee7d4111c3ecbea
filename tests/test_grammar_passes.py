"""Passes over a book, the queue they make, and how engines are measured."""

import json
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from bookpack.config import load_settings
from bookpack.config.tables import PassTable
from bookpack.desks.grammar.evaluate import (
    Record,
    as_chapter,
    as_table,
    book_words,
    evaluate,
    mine_records,
    read_records,
)
from bookpack.desks.grammar.fix import Category, Fix
from bookpack.desks.grammar.harper import HarperEngine
from bookpack.desks.grammar.own_rules import RulesEngine
from bookpack.desks.grammar.passes import Prose, prove, run_passes
from bookpack.desks.grammar.prose import Block, Proposal, blocks_of
from bookpack.desks.grammar.queue import Queue, check_again, make_entries
from bookpack.desks.grammar.validate import Reason
from bookpack.desks.review.apply import Desk
from bookpack.errors import SettingsError
from bookpack.model import Chapter
from bookpack.pipeline import check
from bookpack.source import Edit, Span, apply_edits
from conftest import SETTINGS, SHARED, needs_shared

MakeBook = Callable[..., Path]


def prose_of(folder: Path) -> Prose:
    checked = check(load_settings(folder), folder / "build")
    return Prose.of(checked.book.chapters, checked.planned.settings)


def fix(engine: str, text: str, quote: str, after: str, confidence: float = 0.5) -> Fix:
    at = text.index(quote)
    span = Span(at, at + len(quote))
    return Fix(engine, quote, after, confidence=confidence, why="So it is.", span=span)


def queue_of(chapter: Chapter, fixes: Iterable[Fix]) -> Queue:
    (block,) = blocks_of(chapter)
    resolved, refused = prove(chapter, (Proposal(one, (block,)) for one in fixes))
    texts = {chapter.source.path: chapter.source.text}
    return Queue(tuple(make_entries(chapter, resolved)), tuple(refused), texts)


def changes(queue: Queue) -> list[tuple[str, str, tuple[str, ...], int]]:
    return [(e.suggestion.before, e.suggestion.after, e.engines, e.group) for e in queue.entries]


def test_without_settings_harper_and_the_rules_go_through_the_whole_book(
    make_book: MakeBook,
) -> None:
    folder = make_book({"a.md": "# One\n\nSee the the paramter.\n", "b.md": "# Two\n\nIt wont.\n"})
    queue = run_passes(prose_of(folder))
    found = [(e.suggestion.path, e.suggestion.before, e.suggestion.after) for e in queue.entries]
    assert found == [
        ("chapters/a.md", " the", ""),
        ("chapters/a.md", "paramter", "parameter"),
        ("chapters/b.md", "wont", "won't"),
    ]
    assert {e.suggestion.engine for e in queue.entries} == {"grammar"}
    assert queue.entries[1].suggestion.category == "spelling"
    assert queue.entries[1].suggestion.found_by == ("harper",)
    only = run_passes(prose_of(folder), ["b.md"])
    assert [e.suggestion.path for e in only.entries] == ["chapters/b.md"]


def test_passes_are_settings(make_book: MakeBook) -> None:
    settings = (
        SETTINGS
        + """
[grammar]
ignore = ["article"]
[[grammar.pass]]
name = "own"
engine = "rules"
chapters = ["a*"]
profile = "quiet"
"""
    )
    text = "# One\n\nSee the the paramter of a hour (so.\n"
    queue = run_passes(prose_of(make_book({"a.md": text, "b.md": text}, settings)))
    assert changes(queue) == [(" the", "", ("rules",), 0)]


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ('[grammar]\nprofile = "loud"', "profile"),
        ('[grammar]\ndialect = "scottish"', "dialect"),
        ('[[grammar.pass]]\nengine = "oracle"', "engine"),
        ('[[grammar.pass]]\nprofile = "loud"', "profile"),
        ('[[grammar.pass]]\nprompts = "x"', "Did you mean prompt"),
    ],
)
def test_settings_that_make_no_sense(make_book: MakeBook, table: str, complaint: str) -> None:
    folder = make_book({"a.md": "# One\n"}, SETTINGS + table + "\n")
    with pytest.raises(SettingsError, match=complaint):
        load_settings(folder)


def test_an_engine_that_is_not_there_or_knows_another_language(make_book: MakeBook) -> None:
    model = SETTINGS + '[[grammar.pass]]\nengine = "model"\n'
    with pytest.raises(SettingsError, match="base-url"):
        run_passes(prose_of(make_book({"a.md": "# One\n"}, model)))
    german = SETTINGS + 'language = "de"\n'
    with pytest.raises(SettingsError, match="English"):
        run_passes(prose_of(make_book({"a.md": "# Eins\n"}, german, name="other")))


class _Oracle:
    """An engine that knows one pattern."""

    name = "oracle"

    def __init__(self, table: PassTable, prose: Prose) -> None:
        self.table = table

    def propose(self, blocks: Sequence[Block]) -> Iterable[Proposal]:
        yield Proposal(Fix(self.table.model, "teh", "the", r"\bteh\b"), tuple(blocks))
        yield Proposal(Fix(self.table.model, "teh", "the", r"(?<=x)teh"), tuple(blocks))


def test_engines_can_be_given_and_what_they_propose_is_proven(make_book: MakeBook) -> None:
    settings = SETTINGS + '[[grammar.pass]]\nengine = "model"\nmodel = "seer"\n'
    folder = make_book({"a.md": "# One\n\nSee teh end.\n"}, settings)
    queue = run_passes(prose_of(folder), engines={"model": _Oracle})
    assert changes(queue) == [("teh", "the", ("seer",), 0)]
    assert [(one.path, one.reason) for one in queue.refused] == [("chapters/a.md", Reason.NOT_RE2)]


def test_the_same_change_from_two_engines_is_one_suggestion() -> None:
    text = "See teh end."
    fixes = [fix("one", text, "teh", "the", 0.4), fix("two", text, "See teh", "See the", 0.9)]
    queue = queue_of(as_chapter(text), fixes)
    assert changes(queue) == [("teh", "the", ("two", "one"), 0)]
    assert queue.entries[0].confidence == 0.9
    alone = queue_of(as_chapter(text), fixes[:1])
    assert alone.entries[0].suggestion.id == queue.entries[0].suggestion.id


def test_conflicting_changes_form_a_group_of_which_one_can_win() -> None:
    text = "See teh old end of it."
    chapter = as_chapter(text)
    fixes = [
        fix("one", text, "teh", "the", 0.9),
        fix("two", text, "teh", "ten", 0.3),
        fix("three", text, "teh old", "an", 0.3),
        fix("one", text, "of it", "of them"),
    ]
    queue = queue_of(chapter, fixes)
    assert [change[3] for change in changes(queue)] == [1, 1, 1, 0]
    first = queue.entries[0]
    assert {one.suggestion.after for one in queue.rivals(first)} == {"ten", "an"}
    now = as_chapter(apply_edits(text, [Edit(first.suggestion.span, first.suggestion.after)]))
    left = check_again(queue, [first], now)
    assert changes(left) == [("it", "them", ("one",), 0)]
    assert [one.reason for one in left.refused] == [Reason.TAKEN, Reason.TAKEN]


def test_after_one_is_accepted_the_rest_is_proven_anew_at_its_new_place() -> None:
    text = "A word* there, and a name_ end."
    chapter = as_chapter(text)
    fixes = [
        fix("one", text, "A", "This"),
        fix("one", text, "word", "*word"),
        fix("one", text, "end", "ends"),
    ]
    queue = queue_of(chapter, fixes)
    # Alone, a mark in front of the word would make emphasis.
    assert [one.reason for one in queue.refused] == [Reason.STRUCTURE]
    first, last = queue.entries
    now = as_chapter(text.replace("A", "This", 1))
    left = check_again(queue, [first], now)
    (moved,) = left.entries
    assert moved.suggestion.span == last.suggestion.span.shifted(3)
    assert moved.engines == ("one",)
    # By now somebody has opened a code span that the change would be in.
    coded = as_chapter(text.replace("A", "This", 1).replace("end", "`end`"))
    assert check_again(queue, [first], coded).entries == ()


def test_a_rewrite_is_no_part_of_any_category() -> None:
    text = "See how one two three four five six seven goes."
    queue = queue_of(
        as_chapter(text), [fix("one", text, "one two three four five six seven", "all of it")]
    )
    (entry,) = queue.entries
    assert entry.is_rewrite
    assert (entry.suggestion.rule, entry.suggestion.category) == ("GF9", "rewrite")


def test_the_queue_is_decided_at_the_desk(make_book: MakeBook) -> None:
    text = "# One\r\n\r\nSee the the paramter\r\nof *it*.\r\n"
    folder = make_book({"a.md": text})
    queue = run_passes(prose_of(folder))
    desk = Desk(folder, queue.suggestions, queue.texts)
    desk.reject(desk.open_items[:1])
    assert desk.accept(desk.open_items) == []
    now = (folder / "chapters/a.md").read_bytes().decode()
    assert now == text.replace("paramter", "parameter")
    again = run_passes(prose_of(folder))
    assert Desk(folder, again.suggestions, again.texts).open_items == []


def test_records_are_read_and_scored(tmp_path: Path) -> None:
    file = tmp_path / "fixes.jsonl"
    records = [
        {"before": "See teh end.", "after": "See the end.", "start": 4, "end": 7, "type": "word"},
        {"before": "It wont go.", "after": "It won't go.", "start": 3, "end": 7, "type": "sign"},
        {"before": "He goes to.", "after": "He goes, and it wont.", "start": 7, "end": 10},
    ]
    file.write_text("".join(f"{json.dumps(record)}\n" for record in records), "utf-8")
    read = read_records(file)
    assert [record.replacement for record in read] == ["the", "won't", ", and it wont"]
    (score,) = evaluate(read, {"rules": [RulesEngine()]})
    assert dict(score.total) == {"word": 1, "sign": 1, "any": 1}
    assert (score.found["sign"], score.fixed["sign"], score.found["word"]) == (1, 1, 0)
    # What stands in the third line was corrected in the second: no false alarm.
    assert (score.alarms.total(), score.confirmed) == (0, 1)
    assert "found 0.33 of 3, 0.00 false alarms per 1,000 words" in as_table([score])
    file.write_text("{}\n", "utf-8")
    with pytest.raises(SettingsError, match=r"fixes\.jsonl:1"):
        read_records(file)


def test_corrections_are_mined_from_the_books_own_history(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        names = ["-c", "user.name=Baker", "-c", "user.email=baker@example.org"]
        subprocess.run(["git", "-C", tmp_path, *names, *arguments], check=True, capture_output=True)

    with pytest.raises(SettingsError, match="history"):
        mine_records(tmp_path / "nowhere")
    git("init", "-q")
    file = tmp_path / "one.md"
    for text in (
        "Some teh words stand here.\n\nAnother line is here.\n\nRun `cat x` on it now.\n",
        "Some the words stand here.\n\nAnother line is here.\n\nRun `cat y` on it now.\n",
        "Some the words stand here.\n\nAll of this is wholly new text by now.\n",
    ):
        file.write_text(text, "utf-8")
        git("add", "-A")
        git("commit", "-qm", "x")
    assert mine_records(tmp_path) == [
        Record("Some teh words stand here.", "Some the words stand here.", Span(5, 8), "word")
    ]


@needs_shared
def test_the_aims_are_met_on_real_corrections() -> None:
    records = read_records(SHARED / "grammar" / "typo_fixes.jsonl")
    words = book_words(records)
    scores = evaluate(
        records,
        {
            profile: [HarperEngine(words, profile=profile), RulesEngine(profile=profile)]
            for profile in ("careful", "quiet")
        },
    )
    careful, quiet = scores
    assert careful.recall >= 0.45
    assert careful.all_alarms <= 4
    assert quiet.recall >= 0.40
    assert quiet.false_alarms <= 1
    assert careful.found["repeated-word"] == quiet.found["repeated-word"] == 1


@needs_shared
@pytest.mark.parametrize("name", ["embedded-rust", "ospo-book", "codebook", "opensource-guide"])
def test_published_books_are_left_in_peace(name: str, tmp_path: Path) -> None:
    folder = SHARED / "books" / name
    checked = check(load_settings(folder, url="https://example.org"), tmp_path)
    prose = Prose.of(checked.book.chapters, checked.planned.settings)
    queue = run_passes(prose)
    words = sum(len(block.text.split()) for blocks in prose.blocks.values() for block in blocks)
    assert 1000 * len(queue.entries) / words <= 4
    for entry in queue.entries:
        one = entry.suggestion
        assert one.span.slice(queue.texts[one.path]) == one.before
        assert one.category in [*Category, "rewrite"]
