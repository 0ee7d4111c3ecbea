"""A whole review of a published book at a real terminal: every byte is accounted for.

What must stand in the chapters is computed from their first bytes, the places that suggestions had
before anybody decided, and the lines of the store, without asking the code that wrote them.
"""

import json
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bookpack.desks.review.decisions import FILE
from bookpack.desks.review.display import columns
from bookpack.desks.review.undoing import undo
from conftest import SHARED, needs_shared
from test_review_terminal import MENU, Terminal, without_colour

Bookpack = Callable[..., subprocess.CompletedProcess[str]]

OPTIONS = ["--url", "https://example.org", "--set", 'grammar.pass=[{engine="rules"}]']
"""The desk's own rules alone, which need no time to load."""
KEYS = {"a": 8, "r": 4, "e": 4, "s": 3, "b": 3, "A": 1, "R": 1}
"""How often each key is pressed, so that a review has some of everything."""

TYPED = ["Otherwise\n", "two wörds\n", "✓\n"]
"""What an editing reviewer writes."""


def files(book: Path) -> dict[str, bytes]:
    found = (path for path in book.rglob("*") if path.is_file() and "review" not in path.parts)
    return {path.relative_to(book).as_posix(): path.read_bytes() for path in found}


def suggestions(book: Path, bookpack: Bookpack) -> dict[str, dict[str, Any]]:
    result = bookpack("grammar", book, *OPTIONS, "--format", "jsonl")
    return {one["id"]: one for one in map(json.loads, result.stdout.splitlines())}


def standing(book: Path) -> dict[str, dict[str, Any]]:
    """Return the last line of each change that was made and not taken back, by its id."""
    found: dict[str, dict[str, Any]] = {}
    for line in map(json.loads, (book / FILE).read_text("utf-8").splitlines()):
        if line["decision"] in ("accepted", "edited"):
            found[line["id"]] = line
        elif line["decision"] == "undone":
            found.pop(line["id"], None)
    return found


def rebuilt(
    before: dict[str, bytes], places: dict[str, dict[str, Any]], book: Path
) -> dict[str, bytes]:
    """Return the files with the changes that stand, each at the place that it was shown at."""
    texts = dict(before)
    changes = [(*places[name]["span"], line) for name, line in standing(book).items()]
    for start, end, line in sorted(changes, key=lambda change: -change[0]):
        text = texts[line["path"]].decode()
        assert text[start:end] == line.get("before", "")
        typed = [name.strip() for name in TYPED]
        wanted = typed if line["decision"] == "edited" else [places[line["id"]]["after"]]
        assert line.get("after", "") in wanted
        texts[line["path"]] = (text[:start] + line.get("after", "") + text[end:]).encode()
    return texts


def decide(book: Path, choose: random.Random, wanted: int, **environment: str) -> Terminal:
    """Take `wanted` decisions by single keys; return the terminal when the review has ended."""
    terminal = Terminal(
        "review", book, *OPTIONS, "--only", "grammar", "--by", "Baker", **environment
    )
    menus, decided = 1, 0
    while menus <= terminal.wait_for(MENU, menus).count(MENU) and decided < wanted:
        (key,) = choose.choices(list(KEYS), list(KEYS.values()))
        if key in "AR" and "A/R" not in terminal.seen.rpartition("a accept")[2]:
            key = "s"
        answers = {"e": choose.choice(TYPED), "A": "wy", "R": "wy"}
        menus = terminal.seen.count(MENU) + 1
        ends = terminal.seen.count(" open.") + 1
        terminal.press(key + answers.get(key, ""))
        decided += key != "b"
        terminal.wait_for_any({MENU: menus, " open.": ends})
        if terminal.seen.count(" open.") == ends:
            break
    else:
        terminal.press("q")
    assert terminal.end() == 0
    return terminal


@needs_shared
@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("embedded-rust", {"TERM": "dumb"}),
        ("opensource-guide", {}),
    ],
)
def test_a_review_changes_what_was_accepted_and_nothing_else(
    name: str, environment: dict[str, str], tmp_path: Path, bookpack: Bookpack
) -> None:
    book = tmp_path / name
    shutil.copytree(SHARED / "books" / name, book, copy_function=shutil.copyfile)
    choose = random.Random(name)
    before, places = files(book), suggestions(book, bookpack)
    terminal = decide(book, choose, 40, **environment)
    screens = terminal.seen.rpartition("\r")[2]
    assert ("\x1b[" in screens) == ("TERM" not in environment)
    assert all(columns(line) <= 80 for line in without_colour(screens).splitlines())
    assert standing(book)
    assert files(book) == rebuilt(before, places, book)
    # Whoever looks again is asked what was skipped and nothing that was decided.
    lines = [json.loads(line) for line in (book / FILE).read_text("utf-8").splitlines()]
    last = {line["id"]: line["decision"] for line in lines if line["decision"] != "moved"}
    decided = {one for one, decision in last.items() if decision not in ("skipped", "undone")}
    assert not decided & suggestions(book, bookpack).keys()
    # Any of them can be taken back, in any order, and at last all of them.
    for one in choose.sample(sorted(standing(book)), min(10, len(standing(book)))):
        assert len(undo(book, "grammar", one)[0]) == 1
        assert files(book) == rebuilt(before, places, book)
    assert undo(book, "grammar")[1] == []
    assert files(book) == before
