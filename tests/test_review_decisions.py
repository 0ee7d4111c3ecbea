"""The decision store: torn lines, merges, two reviewers, and processes that are killed."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bookpack.desks.review import decisions
from bookpack.desks.review.decisions import FILE, Decision, DecisionStore, parse_log
from bookpack.desks.review.undoing import undo
from bookpack.errors import WorldError
from test_review_apply import chapter, open_desk, write_chapter

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def decision(name: str, verdict: str = "rejected", n: int = 1) -> Decision:
    return Decision(verdict, name, "T1", "one.md", "teh", "the", n=n, engine="test")


def run_python(script: str, *arguments: str | Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=ENVIRONMENT,
        cwd=Path(__file__).parent,
    )


def test_a_line_is_readable_and_reads_back() -> None:
    one = Decision("edited", "abc", "T1", "one.md", "Ä\u2028b", "c\n", why="so", n=3, start=0)
    assert "Ä" in one.line()
    assert "\n" not in one.line()
    assert parse_log(f"{one.line()}\n".encode()).decisions == (one,)


def test_half_a_character_costs_no_decision() -> None:
    # So arrives `--by Müller` from a terminal that does not write UTF-8.
    one = Decision("rejected", "abc", "T1", "one.md", "teh", "the", by="M\udcfcller", n=1)
    assert parse_log(f"{one.line()}\n".encode()).decisions == (one,)


def test_a_torn_last_line_is_reported_kept_and_does_not_swallow_the_next(tmp_path: Path) -> None:
    store = DecisionStore(tmp_path)
    with store.locked() as opened:
        opened.append([decision("a")])
    torn = decision("b").line().encode()[:40]
    with store.file.open("ab") as file:
        file.write(torn)
    log = store.read()
    assert [one.id for one in log.decisions] == ["a"]
    assert log.complaints == (
        f"{FILE}:2: not a decision; it was not written to its end. The line is skipped and kept.",
    )
    with store.locked() as opened:
        opened.append([decision("c")])
    assert [one.id for one in store.read().decisions] == ["a", "c"]
    assert torn in store.file.read_bytes().split(b"\n")


@pytest.mark.parametrize(
    "line",
    [
        "[1]",
        "{}",
        '{"decision": "rejected", "id": 5, "rule": "", "path": "", "before": "", "after": ""}',
        '{"decision": "sung", "id": "", "rule": "", "path": "", "before": "", "after": ""}',
        "\udcff",
        "[" * 100_000,
    ],
)
def test_what_is_no_decision_is_reported_with_its_place(line: str) -> None:
    data = f"{decision('a').line()}\n{line}\n".encode("utf-8", "surrogateescape")
    log = parse_log(data)
    assert [one.id for one in log.decisions] == ["a"]
    assert log.complaints[0].startswith(f"{FILE}:2: ")


def test_conflict_markers_are_reported_and_both_sides_count() -> None:
    lines = [
        "<<<<<<< HEAD",
        decision("a").line(),
        "=======",
        decision("b").line(),
        ">>>>>>> other",
    ]
    log = parse_log("\r\n".join(lines).encode())
    assert [one.id for one in log.decisions] == ["a", "b"]
    assert [text.split(":")[1] for text in log.complaints] == ["1", "3", "5"]
    assert "merge conflict" in log.complaints[2]


def test_a_mark_of_byte_order_costs_no_decision() -> None:
    data = f"\ufeff{decision('a').line()}\r\n{decision('b').line()}\r\n".encode()
    log = parse_log(data)
    assert ([one.id for one in log.decisions], log.complaints) == (["a", "b"], ())


def test_what_was_read_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = DecisionStore(tmp_path)
    with store.locked() as opened:
        opened.append([decision(f"{n:04}") for n in range(500)])
    assert len(store.read().decisions) == 500
    parsed: list[bytes] = []
    parse = decisions._parse_line

    def count(raw: bytes) -> tuple[Decision | None, str]:
        parsed.append(raw)
        return parse(raw)

    monkeypatch.setattr(decisions, "_parse_line", count)
    with store.locked() as opened:
        opened.append([decision("more")])
    assert len(store.read().decisions) == 501
    assert len(parsed) == 1
    # Another file is read anew, though it begins with some of the same lines.
    lines = store.file.read_bytes().splitlines(keepends=True)
    store.file.write_bytes(b"".join([*lines[:3], *lines[4:]]))
    assert len(store.read().decisions) == 500


def test_the_order_of_lines_means_nothing(tmp_path: Path) -> None:
    write_chapter(tmp_path, b"teh one. teh two. teh three. adn four.\n")
    desk = open_desk(tmp_path, ("teh", "the"), ("adn", "and"))
    desk.accept([desk.items[1]])
    desk.accept([desk.items[0]])
    desk.take_back(desk.items[1])
    desk.reject([desk.items[3]])
    desk.accept([desk.items[1]])
    data = DecisionStore(tmp_path).file.read_bytes()
    lines = data.splitlines(keepends=True)
    log = parse_log(data)
    for seed in range(20):
        mixed = random.Random(seed).sample(lines, len(lines)) + lines[:2]
        other = parse_log(b"".join(mixed))
        assert other.latest == log.latest
        assert other.applied == log.applied
        assert list(other.applied) == list(log.applied)
        assert other.moved == log.moved


def test_git_merges_two_branches_by_its_union_driver(tmp_path: Path) -> None:
    base, ours, theirs = (tmp_path / name for name in ("base", "ours", "theirs"))
    common = decision("a").line() + "\n"
    base.write_text(common, "utf-8")
    ours.write_text(common + decision("b", n=2).line() + "\n", "utf-8")
    theirs.write_text(
        common + decision("c", n=2).line() + "\n" + decision("b", "skipped", n=2).line() + "\n",
        "utf-8",
    )
    merged = subprocess.run(
        ["git", "merge-file", "--union", "-p", ours, base, theirs],
        capture_output=True,
        check=True,
    ).stdout
    log = parse_log(merged)
    assert (log.complaints, {one.id for one in log.decisions}) == ((), {"a", "b", "c"})
    assert log.disputes() == [
        "one.md: “teh” → “the”: 2 decisions that did not know of each other: rejected, skipped. "
        f"What holds is: {log.latest['b'].decision}. bookpack review --undo b opens it again."
    ]


KILLED = """
import os, sys
from pathlib import Path
from bookpack.desks.review import apply, files
from test_review_apply import open_desk
folder, where = Path(sys.argv[1]), sys.argv[2]
def die(*arguments):
    os.kill(os.getpid(), 9)
if where == "before":
    apply.write_source = die
else:
    Path.replace = die
desk = open_desk(folder, ("teh", "the"))
desk.accept(desk.items)
"""


@pytest.mark.parametrize("where", ["before", "during"])
def test_a_process_killed_between_decision_and_write(tmp_path: Path, where: str) -> None:
    data = b"One teh line.\nTwo teh lines.\n"
    write_chapter(tmp_path, data)
    assert run_python(KILLED, tmp_path, where).wait(60) == -signal.SIGKILL
    assert chapter(tmp_path) == data
    assert len(DecisionStore(tmp_path).read().applied) == 2
    done, refused = undo(tmp_path, "test")
    assert (done, refused) == ([], [])  # there is nothing to undo in the text
    assert not DecisionStore(tmp_path).read().applied
    desk = open_desk(tmp_path, ("teh", "the"))
    assert len(desk.open_items) == 2
    assert desk.accept(desk.items) == []
    assert chapter(tmp_path) == data.replace(b"teh", b"the")
    done, refused = undo(tmp_path, "test")
    assert (len(done), refused) == (2, [])
    assert chapter(tmp_path) == data
    assert [place.name for place in (tmp_path / "chapters").iterdir()] == ["one.md"]


REVIEWER = """
import sys
from pathlib import Path
from test_review_apply import open_desk
folder, first = Path(sys.argv[1]), int(sys.argv[2])
desk = open_desk(folder, *[(f"teh{n:02}.", f"the{n:02}!!") for n in range(40)])
sys.stdout.flush()
for item in desk.items:
    if int(item.suggestion.before[3:5]) % 2 == first:
        assert desk.accept([item]) == []
"""


def test_two_reviewers_at_once_lose_nothing(tmp_path: Path) -> None:
    data = "".join(f"Line with teh{n:02}. in it\n" for n in range(40)).encode()
    write_chapter(tmp_path, data)
    both = [run_python(REVIEWER, tmp_path, first) for first in ("0", "1")]
    # The second opens its desk while the first writes: it may find its places by words alone,
    # and what it finds decided already is no suggestion any more.
    assert [process.wait(120) for process in both] == [0, 0]
    text = chapter(tmp_path).decode()
    log = DecisionStore(tmp_path).read()
    assert log.complaints == ()
    numbers = [one.n for one in log.decisions]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert text.count("!!") == len(log.applied)
    done, refused = undo(tmp_path, "test")
    assert refused == []
    assert len(done) == len(log.applied)
    assert chapter(tmp_path) == data


def test_a_store_that_cannot_be_written_leaves_the_chapter(tmp_path: Path) -> None:
    write_chapter(tmp_path, b"teh\n")
    (tmp_path / "review").write_text("a file", "utf-8")
    with pytest.raises(WorldError):
        open_desk(tmp_path, ("teh", "the"))
    assert chapter(tmp_path) == b"teh\n"


def test_git_is_told_how_to_merge_also_after_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "review").mkdir()
    attributes = tmp_path / "review/.gitattributes"
    for before in (None, ""):
        if before is not None:
            attributes.write_text(before)
        with DecisionStore(tmp_path).locked():
            assert attributes.read_text() == "*.jsonl merge=union\n"
    attributes.write_text("*.jsonl merge=ours\n")
    with DecisionStore(tmp_path).locked():
        assert attributes.read_text() == "*.jsonl merge=ours\n"


def test_a_store_that_is_a_link_out_of_the_book_is_refused(tmp_path: Path) -> None:
    book = tmp_path / "book"
    write_chapter(book, b"teh\n")
    (tmp_path / "elsewhere").mkdir()
    (book / "review").symlink_to(tmp_path / "elsewhere")
    desk = open_desk(book, ("teh", "the"))
    with pytest.raises(WorldError, match="link out of the book"):
        desk.accept(desk.items)
    assert chapter(book) == b"teh\n"


def test_unknown_keys_of_a_later_version_are_passed_over() -> None:
    record = json.loads(decision("a").line()) | {"mood": "good"}
    assert parse_log(json.dumps(record).encode()).decisions == (decision("a"),)
