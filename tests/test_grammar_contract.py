"""What a model does to the grammar desk, whichever it is: nothing that was not proven.

Runs against the test server, and against a real endpoint where one is named:

    BOOKPACK_TEST_BASE_URL=http://127.0.0.1:8080/v1 BOOKPACK_TEST_MODEL=some-model \\
        pytest tests/test_grammar_contract.py

Nobody asks whether what the model says is any good: a tiny one will do.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bookpack.desks.grammar.kept import FILE
from conftest import SETTINGS
from model_server import ModelServer, says

Run = subprocess.CompletedProcess[str]
MakeBook = Callable[..., Path]
Bookpack = Callable[..., Run]

REAL = os.environ.get("BOOKPACK_TEST_BASE_URL", "")
MODEL = os.environ.get("BOOKPACK_TEST_MODEL", "")
TEXT = "# The oven\n\nIt heats *slowly* and than it is hot.\n\nHe go to `teh` market.\n"
FIX = {"quote": "than", "pattern": r"\bthan\b", "replacement": "then", "expected": 1}
PASS = '\n[[grammar.pass]]\nengine = "model"\n'


@pytest.fixture(params=["test server", "real endpoint"])
def options(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    limits = ["model.max-output-tokens=400", "model.timeout=300", "model.attempts=1"]
    if request.param == "test server":
        with ModelServer([says({"fixes": [FIX]})]) as server:
            named = [f"model.base-url={server.base_url}", "model.name=reading-1"]
            yield [part for one in [*limits, *named] for part in ("--set", one)]
    elif not (REAL and MODEL):
        pytest.skip("BOOKPACK_TEST_BASE_URL and BOOKPACK_TEST_MODEL name no endpoint")
    else:
        named = [f"model.base-url={REAL}", f"model.name={MODEL}"]
        yield [part for one in [*limits, *named] for part in ("--set", one)]


def test_a_model_proposes_and_what_is_proven_is_applied_and_undone(
    make_book: MakeBook, bookpack: Bookpack, options: list[str], tmp_path: Path
) -> None:
    book = make_book({"1-oven.md": TEXT}, SETTINGS + PASS)
    environment = {"BOOKPACK_CACHE": str(tmp_path / "cache")}
    first = bookpack("grammar", book, *options, "--format", "jsonl", env=environment)
    assert first.returncode in (0, 1), first.stderr
    assert "Traceback" not in first.stderr
    if first.returncode:  # no answer: said so, and asked again by the next run
        assert "no answer" in first.stderr
        assert not (book / FILE).exists()
        return
    (answer,) = map(json.loads, (book / FILE).read_text("utf-8").splitlines())
    assert answer["path"] == "chapters/1-oven.md"
    assert all(("places" in one) != ("refused" in one) for one in answer["fixes"])
    # A second run knows the answer, and says the same of it.
    again = bookpack("grammar", book, *options, "--format", "jsonl", "--offline", env=environment)
    assert again.stdout == first.stdout
    found = [json.loads(line) for line in first.stdout.splitlines()]
    for one in found:
        assert TEXT[slice(*one["span"])] == one["before"]
    names = [part for one in found for part in ("--accept", one["id"])]
    if names:
        bookpack("grammar", book, *options, *names, env=environment)
        assert "`teh`" in (book / "chapters/1-oven.md").read_text("utf-8")
        bookpack("review", book, "--undo")
    assert (book / "chapters/1-oven.md").read_text("utf-8") == TEXT


def test_a_budget_stops_before_the_call_that_would_break_it(
    make_book: MakeBook, bookpack: Bookpack, options: list[str], tmp_path: Path
) -> None:
    book = make_book({"1-oven.md": TEXT}, SETTINGS + PASS)
    environment = {"BOOKPACK_CACHE": str(tmp_path / "cache")}
    budget = ["--set", "model.budget-tokens=50"]
    result = bookpack("grammar", book, *options, *budget, env=environment)
    assert (result.returncode, "The budget is used up" in result.stderr) == (1, True)
    assert not (book / FILE).exists() or not (book / FILE).read_bytes()
