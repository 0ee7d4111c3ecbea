"""Models are measured on the same corrections as the engines that are built in."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model_server import ModelServer, says, status

Run = subprocess.CompletedProcess[str]
MakeBook = Callable[..., Path]
Bookpack = Callable[..., Run]

RECORDS = [
    {
        "before": "He see the end.",
        "after": "He sees the end.",
        "start": 3,
        "end": 6,
        "type": "form",
    },
    {"before": "# It wont go", "after": "# It won't go", "start": 5, "end": 9, "type": "sign"},
]
FIXES = {
    "He see the end.": ("see", "sees"),
    "It wont go": ("go", "went"),
    "It won't go": ("go", "went"),
}
"""What the model wants: it finds the one and not the other, and cries wolf once."""


@pytest.fixture
def book(make_book: MakeBook) -> Path:
    book = make_book({"1.md": "# One\n\nText.\n"})
    lines = (f"{json.dumps(one)}\n" for one in RECORDS)
    (book / "fixes.jsonl").write_text("".join(lines), "utf-8")
    return book


def answer(request: Any) -> Any:
    told = json.loads(request.messages[1]["content"])
    wanted = FIXES.get(told["blocks"][0]["text"])
    fixes = []
    if wanted:
        pattern = rf"\b{wanted[0]}\b"
        fixes = [{"quote": wanted[0], "pattern": pattern, "replacement": wanted[1], "expected": 1}]
    return says({"fixes": fixes})


def table(result: Run) -> str:
    """Return the part of the table that is about the model."""
    return result.stdout.partition("reading-1: ")[2]


def test_a_model_is_asked_about_every_line_once(book: Path, bookpack: Bookpack) -> None:
    with ModelServer(answer) as server:
        address = ["--set", f"model.base-url={server.base_url}", "--set", "model.name=reading-1"]
        command = ["grammar", book, "--evaluate", book / "fixes.jsonl", *address]
        dry = bookpack(*command, "--dry-run")
        assert "reading-1 would be asked about 4 pieces" in dry.stdout
        assert not server.requests
        result = bookpack(*command)
        assert len(server.requests) == 4
        again = bookpack(*command, "--offline")
        assert len(server.requests) == 4
    assert result.stdout == again.stdout
    assert "harper and rules, careful: found 0.50 of 2" in result.stdout
    assert table(result).startswith("found 0.50 of 2, 142.86 false alarms per 1,000 words")
    assert "form                  1  found    1 (1.00)  fixed    1" in table(result)
    assert "sign                  1  found    0 (0.00)  fixed    0" in table(result)
    # What was asked to measure is nothing that anybody would be asked to decide.
    assert sorted(path.name for path in (book / "review").iterdir()) == [
        ".gitattributes",
        "measured.jsonl",
    ]


def test_lines_without_an_answer_do_not_count(book: Path, bookpack: Bookpack) -> None:
    def tired(request: Any) -> Any:
        return answer(request) if request.number <= 2 else status(400, "This model is tired")

    with ModelServer(tired) as server:
        address = ["--set", f"model.base-url={server.base_url}", "--set", "model.name=reading-1"]
        options = [*address, "--set", "model.concurrency=1"]
        result = bookpack("grammar", book, "--evaluate", book / "fixes.jsonl", *options)
    assert result.stderr.count("no answer") == 2
    assert table(result).startswith("found 1.00 of 1, ")


def test_corrections_are_mined_and_asked_about(book: Path, bookpack: Bookpack) -> None:
    def git(*arguments: str) -> None:
        names = ["-c", "user.name=Baker", "-c", "user.email=baker@example.org"]
        subprocess.run(["git", "-C", book, *names, *arguments], check=True, capture_output=True)

    git("init", "-q")
    for name in ("before", "after"):
        (book / "chapters/1.md").write_text(f"# One\n\n{RECORDS[0][name]}\n", "utf-8")
        git("add", "-A")
        git("commit", "-qm", name)
    with ModelServer(answer) as server:
        address = ["--set", f"model.base-url={server.base_url}", "--set", "model.name=reading-1"]
        result = bookpack("grammar", book, "--from-git", *address)
        assert len(server.requests) == 2
    assert table(result).startswith("found 1.00 of 1, 0.00 false alarms")
