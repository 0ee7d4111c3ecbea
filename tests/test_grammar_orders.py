"""Whatever is accepted first, the rest can still be accepted, and every order gives one text."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookpack.config import load_settings
from bookpack.desks.grammar.desk import GrammarDesk
from bookpack.desks.grammar.prose import blocks_of
from bookpack.desks.grammar.queue import locate
from bookpack.desks.grammar.validate import Reason
from bookpack.desks.review.apply import Desk
from bookpack.desks.review.batch import apart
from bookpack.source import Edit, apply_edits
from conftest import SETTINGS, write_files

RULES = SETTINGS + '[[grammar.pass]]\nengine = "rules"\n'
PARAGRAPHS = [
    "This is a old door. You can go on when you call `open()`, `enter()` or `leave()`",
    "The the door (see `the the key` is\nis open. Otherwise we wait.",
    "1. We dont know. In addition, it holds the *whole* of `the state`\n2. Here is a end.\n",
    "| one | two |\n|---|---|\n| a apple | the the end |\n",
    "> Say “it is the the end of `all`. However we go on and nobody has seen `this`",
    "![a old loaf of the the bread](loaf.svg) stands here (and has a end.",
    "A [link to a end](https://example.com/x) `code` the the\n`more` of it. It ends with `this`",
    "Here are some \\* signs &amp; a end; we cant see `them` (nor `these`",
]


def desk_of(folder: Path) -> tuple[GrammarDesk, Desk]:
    found = GrammarDesk.open(load_settings(folder), folder / "build")
    found.run()
    return found, found.decide()


def book_of(folder: Path, text: str) -> Path:
    return write_files(folder, {"bookpack.toml": RULES, "chapters/1.md": text})


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return book_of(
        tmp_path / "book", "# One\n\n" + "\n\n".join([*PARAGRAPHS, PARAGRAPHS[0]]) + "\n"
    )


def test_every_place_that_was_proven_is_found_again(book: Path) -> None:
    found, _ = desk_of(book)
    (chapter,) = found.chapters
    blocks = blocks_of(chapter)
    assert {entry.suggestion.before for entry in found.queue.entries} >= {"", " the", "a", "dont"}
    for entry in found.queue.entries:
        one = entry.resolved
        assert locate(chapter, blocks, one.span) == (one.block, one.inside)


def test_an_insertion_behind_code_outlives_a_change_far_above(tmp_path: Path) -> None:
    book = book_of(tmp_path, f"# One\n\n{PARAGRAPHS[0]}\n\n{PARAGRAPHS[0]}\n")
    _, desk = desk_of(book)
    changes = [(item.suggestion.before, item.suggestion.after) for item in desk.items]
    assert changes == [("a", "an"), ("", "."), ("a", "an"), ("", ".")]
    for item in desk.items:
        assert desk.why_not(item) == ""
        assert desk.accept([item]) == []
    right = PARAGRAPHS[0].replace("a old", "an old") + "."
    assert (book / "chapters/1.md").read_text("utf-8") == f"# One\n\n{right}\n\n{right}\n"


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_every_order_gives_the_same_text(data: st.DataObject, book: Path) -> None:
    here = book.parent / "copy"
    shutil.rmtree(here, ignore_errors=True)
    shutil.copytree(book, here)
    _, desk = desk_of(here)
    # Of those that claim one place the first may win; no other excludes any.
    items = apart(desk.items)
    assert len(items) > 15
    edits = [Edit(item.suggestion.span, item.suggestion.after) for item in items]
    text = apply_edits((book / "chapters/1.md").read_text("utf-8"), edits)
    for item in data.draw(st.permutations(items)):
        assert desk.accept([item]) == []
    assert (here / "chapters/1.md").read_text("utf-8") == text


@pytest.mark.parametrize("words", ["\n\n", "`an", "<b>", "\n# end"])
def test_an_edited_text_must_keep_what_is_around_it(tmp_path: Path, words: str) -> None:
    book = book_of(tmp_path, "# One\n\nHere is a end of `all`.\n")
    _, desk = desk_of(book)
    (item,) = desk.items
    ((place, reason),) = desk.accept([item], words)
    assert (place, reason) == ("chapters/1.md:3:9", str(Reason.STRUCTURE))
    assert desk.accept([item], "some other") == []
    assert "Here is some other end of `all`.\n" in (book / "chapters/1.md").read_text("utf-8")
