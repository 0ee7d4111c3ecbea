"""Two people, or two machines, at one book at once: nothing is done twice and nothing is lost."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bookpack.desks.grammar.kept import FILE
from conftest import SETTINGS
from model_server import ModelServer, after, says
from test_review_terminal import MENU, Terminal

Run = subprocess.CompletedProcess[str]
MakeBook = Callable[..., Path]
Bookpack = Callable[..., Run]

TEXT = "# The oven\n\nSee the the dial. It wont heat.\n\nThey dont know it.\n"


@pytest.fixture
def book(make_book: MakeBook) -> Path:
    return make_book({"1-oven.md": TEXT})


def chapter(book: Path) -> str:
    return (book / "chapters/1-oven.md").read_text("utf-8")


def ids(book: Path, bookpack: Bookpack) -> dict[str, str]:
    lines = bookpack("grammar", book, "--format", "jsonl").stdout.splitlines()
    return {one["before"]: one["id"] for one in map(json.loads, lines)}


@pytest.mark.parametrize("key", ["a", "r", "s"])
def test_what_another_has_accepted_meanwhile_is_not_done_again(
    key: str, book: Path, bookpack: Bookpack
) -> None:
    names = ids(book, bookpack)
    terminal = Terminal("review", book, "--only", "grammar", "--by", "Baker", NO_COLOR="1")
    terminal.wait_for(MENU)
    bookpack("grammar", book, "--accept", names[" the"], "--by", "Miller")
    now = chapter(book)
    assert now == TEXT.replace("the the", "the")
    terminal.press(key)
    terminal.wait_for("Miller has decided on this one meanwhile: accepted.")
    terminal.wait_for(MENU, 2)
    terminal.press("q")
    assert terminal.end() == 0
    assert chapter(book) == now
    # What the other one did can still be taken back.
    assert bookpack("review", book, "--undo", names[" the"]).returncode == 0
    assert chapter(book) == TEXT


def test_what_another_has_rejected_meanwhile_stays_what_the_last_one_says(
    book: Path, bookpack: Bookpack
) -> None:
    names = ids(book, bookpack)
    terminal = Terminal("review", book, "--only", "grammar", "--by", "Baker", NO_COLOR="1")
    terminal.wait_for(MENU)
    bookpack("grammar", book, "--reject", names["dont"], "--by", "Miller")
    terminal.press("aaq")
    terminal.wait_for("2 accepted now, 1 rejected, 0 open.")
    assert terminal.end() == 0
    assert chapter(book) == TEXT.replace("the the", "the").replace("wont", "won't")
    assert ids(book, bookpack) == {}


def test_two_runs_that_ask_a_model_at_once_keep_whole_answers(
    make_book: MakeBook, tmp_path: Path, bookpack: Bookpack
) -> None:
    settings = SETTINGS + '\n[[grammar.pass]]\nengine = "model"\n'
    texts = {f"{n}.md": f"# N{n}\n\nSee teh end of {n}.\n" for n in range(8)}
    book = make_book(texts, settings)
    fix = {"quote": "teh", "pattern": r"\bteh\b", "replacement": "the", "expected": 1}
    with ModelServer([after(0.02, says({"fixes": [fix]}))]) as server:
        options = ["--set", f"model.base-url={server.base_url}", "--set", "model.name=one"]
        environment = {**os.environ, "BOOKPACK_CACHE": str(tmp_path / "cache")}
        command = [sys.executable, "-m", "bookpack", "grammar", str(book), *options, "--quiet"]
        started = [
            subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment) for _ in range(2)
        ]
        assert [process.wait(60) for process in started] == [0, 0]
        lines = (book / FILE).read_text("utf-8").splitlines()
        assert 8 <= len(lines) <= 16
        assert len({json.loads(line)["path"] for line in lines}) == 8
        result = bookpack("grammar", book, *options, "--format", "jsonl", "--offline")
    assert (result.stdout.count("\n"), result.stderr) == (8, "")
