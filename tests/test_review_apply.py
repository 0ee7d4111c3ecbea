"""Accepting and undoing: the author's bytes outside of a change never move, and all come back."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookpack.desks.review.apply import Desk
from bookpack.desks.review.decisions import FILE, DecisionStore
from bookpack.desks.review.suggestion import Draft, Suggestion, make_suggestions
from bookpack.desks.review.undoing import undo
from bookpack.errors import WorldError
from bookpack.source import Source, Span

PATH = "chapters/one.md"


def suggest(text: str, *changes: tuple[str, str], path: str = PATH) -> list[Suggestion]:
    """Suggest `changes` (before, after) wherever `before` stands."""
    drafts = []
    for before, after in changes:
        start = text.find(before)
        while start >= 0:
            span = Span(start, start + len(before))
            drafts.append(Draft("T1", "test", span, after, f"{before} → {after}", "because"))
            start = text.find(before, start + len(before))
    return make_suggestions("test", path, text, drafts)


def write_chapter(folder: Path, data: bytes, path: str = PATH) -> Source:
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return Source.from_bytes(path, data)


def open_desk(folder: Path, *changes: tuple[str, str]) -> Desk:
    source = Source.from_bytes(PATH, (folder / PATH).read_bytes())
    return Desk(folder, suggest(source.text, *changes), {PATH: source.text})


def chapter(folder: Path) -> bytes:
    return (folder / PATH).read_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"one teh two\n",
        b"one teh two\r\nthree teh four\r\n",
        b"\xef\xbb\xbfone teh two\r\nmixed\nteh\rend",
        "\ufeffone teh zwei \U0001f600\n".encode("utf-16-le"),
        b"teh",
    ],
)
def test_only_the_change_itself_changes_and_undo_gives_the_bytes_back(
    tmp_path: Path, data: bytes
) -> None:
    source = write_chapter(tmp_path, data)
    desk = open_desk(tmp_path, ("teh", "the"))
    assert desk.accept(desk.open_items) == []
    old, new = "teh".encode(source.encoding), "the".encode(source.encoding)
    assert chapter(tmp_path) == data.replace(old, new)
    done, refused = undo(tmp_path, "test")
    assert refused == []
    assert len(done) == source.text.count("teh")
    assert chapter(tmp_path) == data


WORDS = st.sampled_from(["teh", "adn", "x", "teh teh", "  ", "\r\n", "\n", "\n\n", "word ", "ü"])
AFTER = st.sampled_from(["the", "", "a longer replacement text", "x", "teh!", "\n"])


@settings(max_examples=50, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=40), st.data())
def test_any_subset_accepted_in_any_batches_and_undone_in_any_order(
    words: list[str], data: st.DataObject
) -> None:
    folder = Path(tempfile.mkdtemp())
    with patch("os.fsync"), contextlib.ExitStack() as cleaning:
        cleaning.callback(shutil.rmtree, folder)
        # Deletions that touch are one place afterwards; no engine suggests such neighbours.
        original = ".".join(words).encode()
        write_chapter(folder, original)
        desk = open_desk(folder, ("teh", data.draw(AFTER)), ("adn", data.draw(AFTER)))
        items = data.draw(st.permutations(desk.items))
        while items:
            size = data.draw(st.integers(1, 4))
            batch, items = items[:size], items[size:]
            if data.draw(st.booleans()):
                assert desk.accept(batch) == []
        applied = [item for item in desk.items if item.is_applied]
        for item in data.draw(st.permutations(applied)):
            if data.draw(st.booleans()):
                assert desk.take_back(item) == []
            else:
                done, refused = undo(folder, "test", item.suggestion.id)
                assert (len(done), refused) == (1, [])
                item.state = "skipped"
        assert chapter(folder) == original
        assert not DecisionStore(folder).read().applied


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_undo_works_in_any_order_after_the_author_wrote_elsewhere(data: st.DataObject) -> None:
    folder = Path(tempfile.mkdtemp())
    with patch("os.fsync"), contextlib.ExitStack() as cleaning:
        cleaning.callback(shutil.rmtree, folder)
        names = [f"Word{number} teh tail{number}. " for number in range(12)]
        middle = data.draw(st.integers(0, 12))
        write_chapter(folder, "".join(names).encode())
        desk = open_desk(folder, ("teh", "the"))
        items = data.draw(st.permutations(desk.items))
        for item in items[:6]:
            assert desk.accept([item]) == []
        text = chapter(folder).decode()
        start = text.index(names[middle][:7]) if middle < 12 else len(text)
        added = (
            "A new paragraph that is longer than what is remembered around a change, so far.\n\n"
        )
        write_chapter(folder, ("\n" + added + text[:start] + text[start:] + added).encode())
        for item in items[6:]:
            assert desk.accept([item]) == []
        for item in data.draw(st.permutations(items)):
            _, refused = undo(folder, "test", item.suggestion.id)
            assert refused == []
        assert chapter(folder).decode() == "\n" + added + "".join(names) + added


def test_a_chapter_changed_on_disk_is_found_again_or_left_alone(tmp_path: Path) -> None:
    write_chapter(tmp_path, b"First teh line.\n\nSecond teh line.\n\nThird adn line.\n")
    desk = open_desk(tmp_path, ("teh", "the"), ("adn", "and"))
    write_chapter(
        tmp_path, b"New.\n\nFirst teh line.\n\nSecond line was rewritten.\n\nThird adn line.\n"
    )
    refused = desk.accept(desk.items)
    assert [refusal.reason for refusal in refused] == [
        "the text there has changed, and its place is no longer certain"
    ]
    assert chapter(tmp_path) == (
        b"New.\n\nFirst the line.\n\nSecond line was rewritten.\n\nThird and line.\n"
    )


def test_undo_of_something_rewritten_is_refused(tmp_path: Path) -> None:
    write_chapter(tmp_path, b"One teh line.\n")
    desk = open_desk(tmp_path, ("teh", "the"))
    desk.accept(desk.items)
    write_chapter(tmp_path, b"One and only line.\n")
    done, refused = undo(tmp_path, "test")
    assert done == []
    assert "has changed since" in refused[0].reason
    assert chapter(tmp_path) == b"One and only line.\n"


def test_a_fix_inside_of_a_fix_is_undone_first(tmp_path: Path) -> None:
    write_chapter(tmp_path, b"One teh cat two.\n")
    outer = open_desk(tmp_path, ("teh cat", "[the cat](adn.md)"))
    outer.accept(outer.items)
    inner = open_desk(tmp_path, ("adn", "and"))
    inner.accept(inner.items)
    assert chapter(tmp_path) == b"One [the cat](and.md) two.\n"
    done, refused = undo(tmp_path, "test", outer.items[0].suggestion.id)
    assert (done, len(refused)) == ([], 1)
    done, refused = undo(tmp_path, "test")
    assert (len(done), refused) == (2, [])
    assert chapter(tmp_path) == b"One teh cat two.\n"


def test_an_editor_that_saves_during_a_write_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_chapter(tmp_path, b"teh\n")
    desk = open_desk(tmp_path, ("teh", "the"))
    flush = os.fsync

    def save_meanwhile(descriptor: int) -> None:
        write_chapter(tmp_path, b"More.\n\nteh\n")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", save_meanwhile)
    assert "somebody else" in desk.accept(desk.items)[0].reason
    assert chapter(tmp_path) == b"More.\n\nteh\n"
    monkeypatch.undo()
    assert desk.accept(desk.items) == []
    assert chapter(tmp_path) == b"More.\n\nthe\n"
    done, refused = undo(tmp_path, "test")
    assert (len(done), refused) == (1, [])
    assert chapter(tmp_path) == b"More.\n\nteh\n"


def test_a_full_disk_leaves_the_chapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"teh\n"
    write_chapter(tmp_path, data)
    desk = open_desk(tmp_path, ("teh", "the"))

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(WorldError, match="No space left on device"):
        desk.accept(desk.items)
    assert chapter(tmp_path) == data
    assert [place.name for place in (tmp_path / "chapters").iterdir()] == ["one.md"]


def test_a_chapter_that_is_gone_or_no_text_is_refused(tmp_path: Path) -> None:
    write_chapter(tmp_path, b"teh\n")
    desk = open_desk(tmp_path, ("teh", "the"))
    (tmp_path / PATH).unlink()
    assert [refusal.reason for refusal in desk.accept(desk.items)] == ["the chapter is gone"]
    write_chapter(tmp_path, b"teh \xff\n")
    desk = open_desk(tmp_path, ("teh", "the"))
    assert "not utf-8" in desk.accept(desk.items)[0].reason
    assert chapter(tmp_path) == b"teh \xff\n"


def test_a_rejection_holds_after_a_rerun_and_edits_elsewhere(tmp_path: Path) -> None:
    write_chapter(tmp_path, b"Alpha adn beta gamma delta teh epsilon zeta adn eta.\n")
    desk = open_desk(tmp_path, ("teh", "the"), ("adn", "and"))
    desk.reject([desk.items[1]], why="a name")
    desk.accept([desk.items[0]])  # right beside it: the words around it are others now
    write_chapter(tmp_path, b"Intro.\n\n" + chapter(tmp_path))
    again = open_desk(tmp_path, ("teh", "the"), ("adn", "and"))
    assert [(i.suggestion.before, i.state) for i in again.items] == [
        ("teh", "rejected"),
        ("adn", ""),
    ]
    done, refused = undo(tmp_path, "test", desk.items[1].suggestion.id)
    assert (len(done), refused) == (1, [])
    again = open_desk(tmp_path, ("teh", "the"))
    assert [item.state for item in again.items] == [""]


def test_a_rejection_holds_in_a_chapter_that_was_renamed(tmp_path: Path) -> None:
    write_chapter(tmp_path, b"Alpha beta teh gamma. Some teh other.\n")
    desk = open_desk(tmp_path, ("teh", "the"))
    desk.reject(desk.items[:1])
    text, other = chapter(tmp_path).decode(), "chapters/other.md"

    def states() -> list[str]:
        again = Desk(tmp_path, suggest(text, ("teh", "the"), path=other), {other: text})
        return [item.state for item in again.items]

    write_chapter(tmp_path, text.encode(), other)
    assert states() == ["", ""]  # the same words in another chapter are another matter
    (tmp_path / PATH).unlink()
    assert states() == ["rejected", ""]


def test_an_id_that_could_be_a_number_of_steps_undoes_nothing(tmp_path: Path) -> None:
    write_chapter(tmp_path, b"One teh line.\n")
    desk = open_desk(tmp_path, ("teh", "the"))
    desk.accept(desk.items)
    done, refused = undo(tmp_path, "test", desk.items[0].suggestion.id[:1])
    assert (done, refused[0].reason) == ([], "an id has at least 4 signs")
    assert chapter(tmp_path) == b"One the line.\n"


def test_rejecting_what_was_accepted_undoes_it(tmp_path: Path) -> None:
    write_chapter(tmp_path, b"One teh line.\n")
    desk = open_desk(tmp_path, ("teh", "the"))
    desk.accept(desk.items, text="THE")
    assert desk.items[0].state == "edited"
    assert chapter(tmp_path) == b"One THE line.\n"
    assert desk.reject(desk.items) == []
    assert desk.items[0].state == "rejected"
    assert chapter(tmp_path) == b"One teh line.\n"


def test_what_was_accepted_and_came_back_is_open_again(tmp_path: Path) -> None:
    write_chapter(tmp_path, b"One teh line.\n")
    desk = open_desk(tmp_path, ("teh", "the"))
    desk.accept(desk.items)
    write_chapter(tmp_path, b"One teh line.\n")  # as `git checkout` does
    desk = open_desk(tmp_path, ("teh", "the"))
    assert len(desk.open_items) == 1
    desk.accept(desk.items)
    assert chapter(tmp_path) == b"One the line.\n"
    done, refused = undo(tmp_path, "test")
    assert (len(done), refused) == (1, [])
    assert chapter(tmp_path) == b"One teh line.\n"


def test_a_link_out_of_the_book_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_bytes(b"teh\n")
    book = tmp_path / "book"
    (book / "chapters").mkdir(parents=True)
    (book / PATH).symlink_to(outside)
    with pytest.raises(WorldError):
        Desk(book, suggest("teh\n", ("teh", "the")), {PATH: "teh\n"})
    assert outside.read_bytes() == b"teh\n"


def test_the_mode_of_a_chapter_stays_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write_chapter(tmp_path, b"teh\n")
    (tmp_path / PATH).chmod(0o640)
    (tmp_path / "chapters" / ".one.md.bookpack-999999").write_bytes(b"a killed process")
    desk = open_desk(tmp_path, ("teh", "the"))
    desk.accept(desk.items)
    assert (tmp_path / PATH).stat().st_mode & 0o777 == 0o640
    assert [place.name for place in (tmp_path / "chapters").iterdir()] == ["one.md"]
    assert (tmp_path / FILE).is_file()
    assert (tmp_path / "review/.gitattributes").read_text() == "*.jsonl merge=union\n"
