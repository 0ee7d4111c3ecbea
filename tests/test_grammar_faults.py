"""Whatever happens between a decision and its chapter: no wrong byte, and nothing is lost."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookpack.config import load_settings
from bookpack.desks.grammar.desk import GrammarDesk
from bookpack.desks.grammar.evaluate import as_chapter
from bookpack.desks.grammar.fix import Fix
from bookpack.desks.grammar.passes import prove
from bookpack.desks.grammar.proof import Proof
from bookpack.desks.grammar.prose import Proposal, blocks_of
from bookpack.desks.grammar.queue import Queue, make_entries
from bookpack.desks.review.decisions import FILE
from bookpack.desks.review.undoing import undo
from bookpack.source import Edit, Source, Span, apply_edits

Run = subprocess.CompletedProcess[str]
MakeBook = Callable[..., Path]
Bookpack = Callable[..., Run]

FAR = "These are words enough to stand between two mistakes, so that each has its own."
TEXT = f"# A\n\nSee the the end. {FAR} It wont do.\r\n\r\n{FAR}\n\nHe recieved it, `the the` too.\n"
MENDED = TEXT.replace("See the the", "See the").replace("wont", "won't").replace("recie", "recei")


@pytest.fixture
def book(make_book: MakeBook) -> Path:
    return make_book({"a.md": TEXT})


def chapter(book: Path) -> str:
    return (book / "chapters/a.md").read_bytes().decode()


def ids(book: Path) -> dict[str, str]:
    """Return the ids of what is open, by what stands there."""
    desk = GrammarDesk.open(load_settings(book), book / "build")
    desk.run()
    return {item.suggestion.before: item.suggestion.id for item in desk.decide().open_items}


def run_patched(patch: str, *arguments: str | Path) -> Run:
    """Run the command in a process in which `patch` has been done."""
    code = f"import os, signal, sys; {patch}; from bookpack.cli import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_process_that_dies_between_decision_and_chapter(book: Path, bookpack: Bookpack) -> None:
    before = ids(book)
    patch = "import bookpack.desks.review.apply as apply; "
    patch += "apply.write_source = lambda *all: os.kill(os.getpid(), signal.SIGKILL)"
    died = run_patched(patch, "grammar", book, "--accept", before["wont"])
    assert died.returncode == -9
    assert chapter(book) == TEXT
    assert ids(book) == before
    assert bookpack("grammar", book, "--accept", before["wont"]).returncode == 0
    assert chapter(book) == TEXT.replace("wont", "won't")
    assert bookpack("review", book, "--undo").returncode == 0
    assert chapter(book) == TEXT


def test_a_full_disk_while_a_chapter_is_written(book: Path, bookpack: Bookpack) -> None:
    before = ids(book)
    patch = "import pathlib, errno; fail = OSError(errno.ENOSPC, 'No space left on device'); "
    patch += "pathlib.Path.replace = lambda *all: (_ for _ in ()).throw(fail)"
    failed = run_patched(patch, "grammar", book, "--accept", before["wont"])
    assert failed.returncode == 3
    assert "Cannot write chapters/a.md: No space left on device." in failed.stderr
    assert chapter(book) == TEXT
    assert ids(book) == before


def test_a_decision_file_with_a_conflict_and_a_torn_line(book: Path, bookpack: Bookpack) -> None:
    before = ids(book)
    bookpack("grammar", book, "--reject", before["wont"], "--reject", before[" the"])
    first, second = (book / FILE).read_text("utf-8").splitlines()
    conflict = f"<<<<<<< HEAD\n{first}\n=======\n{second}\n>>>>>>> other\n{first[:30]}"
    (book / FILE).write_text(conflict, "utf-8")
    result = bookpack("grammar", book, "--format", "jsonl")
    assert [json.loads(line)["before"] for line in result.stdout.splitlines()] == ["recieved"]
    assert result.stderr.count("a marker of a merge conflict") == 3
    assert "not written to its end" in result.stderr
    assert bookpack("grammar", book, "--accept", before["recieved"]).returncode == 0
    assert (book / FILE).read_text("utf-8").startswith(conflict + "\n")


def test_two_reviewers_at_once(book: Path) -> None:
    commands = [
        [sys.executable, "-m", "bookpack", "grammar", str(book), "--accept", name, "--by", by]
        for name, by in zip(ids(book).values(), ("Baker", "Miller", "Cook"), strict=True)
    ]
    started = [subprocess.Popen(one, stdout=subprocess.DEVNULL) for one in commands]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    assert chapter(book) == MENDED
    assert len(undo(book, "grammar")[0]) == 3
    assert chapter(book) == TEXT


def test_a_chapter_that_has_moved_on_between_two_commands(book: Path, bookpack: Bookpack) -> None:
    before = ids(book)
    moved = f"New above.\n\n{TEXT}".replace("do.", "do any more.")
    (book / "chapters/a.md").write_bytes(moved.encode())
    # The words around it are others by now, and so is its id: nobody guesses.
    result = bookpack("grammar", book, "--accept", before["wont"])
    assert (result.returncode, chapter(book)) == (2, moved)
    now = ids(book)
    assert now["recieved"] == before["recieved"]
    assert bookpack("grammar", book, "--accept", now["recieved"]).returncode == 0
    assert chapter(book) == moved.replace("recieved", "received")


WORDS = st.sampled_from(["a", "*", "_", "b c", "`", "[", "](x)", "d,", "**", "é", "\n\n", ". "])


@given(st.lists(WORDS, min_size=3, max_size=14), st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_the_proof_lets_through_together_keeps_the_chapter_as_it_was(
    words: list[str], data: st.DataObject
) -> None:
    from bookpack.read.leaf_blocks import skeleton

    text = " ".join(words)
    page = as_chapter(text)
    fixes = []
    for block in blocks_of(page):
        for _ in range(3):
            start = data.draw(st.integers(0, len(block.text) - 1))
            end = data.draw(st.integers(start, min(len(block.text), start + 4)))
            after = data.draw(st.sampled_from(["x", "*y", "z*", "`", "_w_", ", v", "[u", "]", ""]))
            span = Span(start, end)
            fix = Fix("one", span.slice(block.text), after, span=span)
            fixes.append(Proposal(fix, (block,)))
    resolved, _ = prove(page, fixes)
    queue = Queue(tuple(make_entries(page, resolved)), (), {page.source.path: text})
    chosen: list[tuple[int, int]] = []
    wanted = []
    for entry in queue.entries:
        span = entry.suggestion.span
        if not chosen or (span.start > chosen[-1][1]):
            chosen.append(span)
            wanted.append((entry.suggestion, span))
    proof = Proof(queue, lambda source: as_chapter(source.text, source.path))
    reasons = proof(Source(page.source.path, text), wanted)
    edits = [Edit(span, one.after) for one, span in wanted if one.id not in reasons]
    now = apply_edits(text, edits)
    assert [name for name, _, _ in skeleton(now)] == [name for name, _, _ in skeleton(text)]
