"""What somebody else does between a look at the desk and a decision at it."""

import os
from pathlib import Path

import pytest

from bookpack.desks.review.apply import Desk
from bookpack.desks.review.decisions import Decision, DecisionStore
from bookpack.desks.review.undoing import undo
from test_review_apply import PATH, chapter, open_desk, suggest, write_chapter

TEXT = b"One teh line.\n\nTwo adn lines, which stand far enough from the first one.\n"
CHANGES = (("teh", "the"), ("adn", "and"))
MEANWHILE = "somebody else has decided on it meanwhile"


@pytest.mark.parametrize("mine", ["accept", "reject", "skip"])
@pytest.mark.parametrize("theirs", ["accept", "reject"])
def test_who_does_not_know_of_a_decision_does_not_take_another(
    mine: str, theirs: str, tmp_path: Path
) -> None:
    write_chapter(tmp_path, TEXT)
    one, other = open_desk(tmp_path, *CHANGES), open_desk(tmp_path, *CHANGES)
    getattr(one, theirs)(one.items[:1])
    now = chapter(tmp_path)
    refused = getattr(other, mine)(other.items[:1])
    if mine == theirs:
        assert refused == []
    else:
        assert [refusal.reason for refusal in refused] == [MEANWHILE]
    state = other.items[0].state
    assert state == DecisionStore(tmp_path).read().latest[other.items[0].suggestion.id].decision
    assert state == one.items[0].state
    assert chapter(tmp_path) == now
    # Who has seen it may decide anew.
    assert getattr(other, mine)(other.items[:1]) == []
    verdict = {"accept": "accepted", "reject": "rejected", "skip": "skipped"}[mine]
    assert other.items[0].state == verdict


def test_a_chapter_that_cannot_be_read_any_more_stops_no_other(tmp_path: Path) -> None:
    write_chapter(tmp_path, TEXT)
    write_chapter(tmp_path, b"A teh.\n", "chapters/two.md")
    write_chapter(tmp_path, b"Secret teh.\n", "../outside.md")
    texts = {PATH: TEXT.decode(), "chapters/two.md": "A teh.\n"}
    suggestions = [one for path in texts for one in suggest(texts[path], *CHANGES, path=path)]
    desk = Desk(tmp_path, suggestions, texts)
    first, _, last = desk.items
    (tmp_path / PATH).unlink()
    (tmp_path / PATH).symlink_to(tmp_path.parent / "outside.md")
    write_chapter(tmp_path, b"Above.\n\nA teh.\n", "chapters/two.md")
    assert desk.look() == {PATH, "chapters/two.md"}
    assert "outside of the book's folder" in desk.why_not(first)
    assert "outside of the book's folder" in desk.accept([first])[0].reason
    assert desk.accept([last]) == []
    assert chapter_two(tmp_path) == b"Above.\n\nA the.\n"
    assert (tmp_path.parent / "outside.md").read_bytes() == b"Secret teh.\n"
    # It comes back, and so do its suggestions.
    (tmp_path / PATH).unlink()
    write_chapter(tmp_path, TEXT)
    assert desk.accept([first]) == []
    assert chapter(tmp_path) == TEXT.replace(b"teh", b"the")


@pytest.mark.parametrize("path", ["a\0b", "\ud800", "x" * 5000, "/etc/hostname", "chapters", ""])
def test_a_line_about_what_is_no_chapter_keeps_no_other_from_being_undone(
    path: str, tmp_path: Path
) -> None:
    write_chapter(tmp_path, TEXT)
    desk = open_desk(tmp_path, *CHANGES)
    desk.accept(desk.items)
    with DecisionStore(tmp_path).locked() as store:
        store.append([Decision("accepted", "f" * 12, "T1", path, "a", "b", engine="test", to="x")])
    done, refused = undo(tmp_path, "")
    assert (len(done), len(refused)) == (2, 1)
    assert chapter(tmp_path) == TEXT
    open_desk(tmp_path, *CHANGES)


def chapter_two(folder: Path) -> bytes:
    return (folder / "chapters/two.md").read_bytes()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_chapter_that_may_not_be_written_is_not(tmp_path: Path) -> None:
    write_chapter(tmp_path, TEXT)
    (tmp_path / PATH).chmod(0o444)
    desk = open_desk(tmp_path, *CHANGES)
    assert "may not be written" in desk.accept(desk.items)[0].reason
    assert chapter(tmp_path) == TEXT
