"""Two people decide on two branches, and git brings both together: nothing of it is hidden."""

import shutil
from pathlib import Path

from bookpack.desks.review.decisions import FILE, DecisionStore
from bookpack.desks.review.undoing import undo
from test_review_apply import chapter, open_desk, write_chapter

TEXT = b"One teh line.\n\nTwo adn lines, which stand far enough from the first one.\n"
CHANGES = (("teh", "the"), ("adn", "and"))


def branch(base: Path, name: str) -> Path:
    """Return a copy of the book in which somebody else goes on."""
    return Path(shutil.copytree(base, base.with_name(name)))


def merge(book: Path, other: Path) -> None:
    """Put the lines of both into the store of `book`, as git's union driver does."""
    lines = dict.fromkeys(
        line for one in (book, other) for line in (one / FILE).read_bytes().splitlines(True)
    )
    (book / FILE).write_bytes(b"".join(lines))


def disputes(book: Path) -> list[str]:
    return DecisionStore(book).read().disputes()


def test_different_verdicts_are_told_with_their_names_however_much_else_was_decided(
    tmp_path: Path,
) -> None:
    book = tmp_path / "book"
    write_chapter(book, TEXT)
    other = branch(book, "other")
    baker, miller = open_desk(book, *CHANGES), open_desk(other, *CHANGES)
    baker.by, miller.by = "Baker", "Miller"
    baker.reject(baker.items[:1])
    miller.reject(miller.items[1:])
    miller.accept(miller.items[:1])
    merge(book, other)
    (book / "chapters/one.md").write_bytes(chapter(other))
    name = baker.items[0].suggestion.id
    assert disputes(book) == [
        "chapters/one.md: “teh” → “the”: 2 decisions that did not know of each other: "
        "accepted by Miller, rejected by Baker. What holds is: accepted by Miller. "
        f"bookpack review --undo {name} opens it again."
    ]
    done, refused = undo(book, "", name)
    assert (len(done), refused, chapter(book)) == (1, [], TEXT)
    assert disputes(book) == []


def test_who_knew_of_a_decision_and_took_another_has_no_dispute(tmp_path: Path) -> None:
    write_chapter(tmp_path, TEXT)
    for verdict in ("accept", "reject", "skip", "accept"):
        desk = open_desk(tmp_path, *CHANGES)
        getattr(desk, verdict)(desk.items[:1])
        undo(tmp_path, "", desk.items[0].suggestion.id)
        desk.reject(desk.items[1:])
    assert disputes(tmp_path) == []


def test_a_dispute_ends_when_somebody_who_knows_both_decides(tmp_path: Path) -> None:
    book = tmp_path / "book"
    write_chapter(book, TEXT)
    other = branch(book, "other")
    for place, verdict in ((book, "reject"), (other, "skip")):
        desk = open_desk(place, *CHANGES)
        getattr(desk, verdict)(desk.items[:1])
    merge(book, other)
    assert len(disputes(book)) == 1
    desk = open_desk(book, *CHANGES)
    desk.accept(desk.items[:1])
    assert disputes(book) == []


def test_what_both_have_accepted_is_undone_at_once(tmp_path: Path) -> None:
    book = tmp_path / "book"
    write_chapter(book, TEXT)
    other = branch(book, "other")
    for place, by in ((book, "Baker"), (other, "Miller")):
        desk = open_desk(place, *CHANGES)
        desk.by = by
        desk.accept(desk.items)
    merge(book, other)
    assert disputes(book) == []
    done, refused = undo(book, "", desk.items[0].suggestion.id)
    assert (len(done), refused) == (1, [])
    assert undo(book, "")[1] == []
    assert chapter(book) == TEXT
    assert DecisionStore(book).read().applied == {}
