"""A model as an engine of the grammar desk: asked once, kept by paragraph, believed in nothing.

The command runs in a process of its own against a real server on loopback.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bookpack.ask.question import InvalidAnswerError
from bookpack.desks.grammar.kept import FILE
from bookpack.desks.grammar.model import INSTRUCTIONS, parse_fixes
from conftest import SETTINGS
from model_server import (
    Behaviour,
    ModelServer,
    Request,
    after,
    cut_below,
    raw,
    says,
    status,
)

Run = subprocess.CompletedProcess[str]
MakeBook = Callable[..., Path]
Bookpack = Callable[..., Run]

PASS = SETTINGS + '\n[[grammar.pass]]\nengine = "model"\n'
TEXT = """# The oven

It heats *slowly* and than it is hot. Set `than` with [the dial](https://example.com/than).

Bread rise in it. A hot oven is a hot oven.

Take it out.
"""
FIX = {
    "quote": "than it is hot",
    "left": "and ",
    "right": ". Set",
    "pattern": r"and than (it)",
    "replacement": r"and then \1",
    "expected": 1,
    "category": "word choice",
    "confidence": 0.9,
    "why": "Then is about time.",
}


def fix(quote: str, replacement: str, pattern: str = "", **more: Any) -> dict[str, Any]:
    return {
        **FIX,
        "quote": quote,
        "left": "",
        "right": "",
        "pattern": pattern or quote,
        "replacement": replacement,
        **more,
    }


def fixes(*found: dict[str, Any]) -> Behaviour:
    return says({"fixes": list(found)})


def material(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(request.messages[1]["content"])
    return found


def texts(request: Request) -> list[str]:
    return [block["text"] for block in material(request)["blocks"]]


@pytest.fixture
def book(make_book: MakeBook) -> Path:
    return make_book({"1-oven.md": TEXT}, PASS)


@pytest.fixture
def grammar(bookpack: Bookpack, tmp_path: Path) -> Bookpack:
    """Return a function that runs the command with a server's address."""

    def run(book: Path, *arguments: str, server: ModelServer | None = None, **env: str) -> Run:
        return bookpack("grammar", book, *address(server), *arguments, env=environment(tmp_path))

    return run


def address(server: ModelServer | None) -> list[str]:
    named = ["model.name=reading-1"]
    named += [f"model.base-url={server.base_url}"] if server else []
    return [part for setting in named for part in ("--set", setting)]


def environment(tmp_path: Path) -> dict[str, str]:
    return {"BOOKPACK_CACHE": str(tmp_path / "cache")}


def found(result: Run) -> list[tuple[str, str]]:
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return [(one["before"], one["after"]) for one in lines]


def kept(book: Path) -> int:
    """Return how many answers are on the disk."""
    return (book / FILE).read_bytes().count(b"\n") if (book / FILE).exists() else 0


class TestAsking:
    def test_what_a_model_is_told(self, book: Path, grammar: Bookpack) -> None:
        with ModelServer([fixes(FIX)]) as server:
            result = grammar(book, "--format", "jsonl", server=server)
            (request,) = server.requests
        assert found(result) == [("than", "then")]
        assert "1 piece answered, 100 tokens in, 20 out." in result.stderr
        assert request.messages[0] == {"role": "system", "content": INSTRUCTIONS}
        told = material(request)
        assert (told["book"], told["language"], told["chapter"]) == ("A Book", "en", "The oven")
        assert told["blocks"][:2] == [
            {"kind": "heading", "text": "The oven"},
            {
                "kind": "paragraph",
                "text": "It heats slowly and than it is hot. Set ⟦code⟧ with the dial.",
            },
        ]

    def test_an_answer_is_kept_and_read_again(self, book: Path, grammar: Bookpack) -> None:
        with ModelServer([fixes(FIX)]) as server:
            first = grammar(book, "--format", "jsonl", server=server)
            second = grammar(book, "--format", "jsonl", server=server)
            assert len(server.requests) == 1
        offline = grammar(book, "--format", "jsonl", "--offline")
        assert first.stdout == second.stdout == offline.stdout != ""
        (line,) = (book / FILE).read_text("utf-8").splitlines()
        kept = json.loads(line)
        assert kept["fixes"][0]["pattern"] == FIX["pattern"]
        assert len(kept["blocks"]) == 4

    def test_only_changed_paragraphs_and_their_neighbours_are_sent_again(
        self, book: Path, grammar: Bookpack
    ) -> None:
        with ModelServer([fixes(FIX), fixes()]) as server:
            grammar(book, server=server)
            chapter = book / "chapters/1-oven.md"
            chapter.write_text(TEXT.replace("Take it out.", "Take the bread out."))
            result = grammar(book, "--format", "jsonl", server=server)
            assert texts(server.requests[1]) == [
                "Bread rise in it. A hot oven is a hot oven.",
                "Take the bread out.",
            ]
        assert found(result) == [("than", "then")]

    def test_a_paragraph_keeps_its_fix_in_another_chapter(
        self, book: Path, grammar: Bookpack
    ) -> None:
        with ModelServer([fixes(FIX)]) as server:
            grammar(book, server=server)
            (book / "chapters/1-oven.md").rename(book / "chapters/2-kiln.md")
            result = grammar(book, "--format", "jsonl", server=server)
            assert len(server.requests) == 1
        assert found(result) == [("than", "then")]

    def test_a_prompt_is_the_editors_and_a_new_one_is_a_new_question(
        self, make_book: MakeBook, grammar: Bookpack
    ) -> None:
        book = make_book({"1.md": TEXT}, PASS + 'prompt = "style.md"\nname = "style"\n')
        assert "Cannot read the prompt style.md" in grammar(book, "--offline").stderr
        prompt = book / "style.md"
        prompt.write_text("We write “oven”, never “kiln”.\n", "utf-8")
        with ModelServer([fixes(FIX)]) as server:
            result = grammar(book, server=server)
            assert "Then is about time. (style)" in result.stdout
            said = server.requests[0].messages[0]["content"]
            assert said.endswith("The book's editor adds:\nWe write “oven”, never “kiln”.\n")
            grammar(book, server=server)
            prompt.write_text("Be brief.\n", "utf-8")
            grammar(book, server=server)
            assert len(server.requests) == 2

    def test_a_dry_run_sends_nothing_and_says_what_it_would_cost(
        self, book: Path, grammar: Bookpack
    ) -> None:
        with ModelServer([fixes(FIX)]) as server:
            prices = ["--set", "model.price-in=1.0", "--set", "model.price-out=2.0"]
            result = grammar(book, "--dry-run", *prices, server=server)
            assert not server.requests
        assert result.stdout.startswith("reading-1 would be asked about 1 piece: about ")
        assert "at most 4,000 out; at most 0.0" in result.stdout
        assert not (book / "review").exists()

    def test_a_budget_holds(self, make_book: MakeBook, grammar: Bookpack) -> None:
        book = make_book({f"{n}.md": f"# N{n}\n\n{'Some words. ' * 50}\n" for n in range(9)}, PASS)
        with ModelServer([fixes()]) as server:
            budget = "model.budget-tokens=6000"
            result = grammar(book, "--set", budget, "--set", "model.concurrency=1", server=server)
            assert 0 < len(server.requests) < 9
            assert (result.returncode, "The budget is used up" in result.stderr) == (1, True)
            assert grammar(book, server=server).returncode == 0
            assert len(server.requests) == 9
            assert kept(book) == 9

    def test_without_an_endpoint_nothing_can_be_asked(self, book: Path, grammar: Bookpack) -> None:
        result = grammar(book)
        assert (result.returncode, "[model] base-url and name" in result.stderr) == (2, True)
        assert grammar(book, "--offline").returncode == 0

    def test_with_an_endpoint_and_no_passes_harper_and_the_model_work_together(
        self, make_book: MakeBook, grammar: Bookpack
    ) -> None:
        book = make_book({"1.md": "# A\n\nSee teh end.\n"})
        with ModelServer([fixes(fix("teh", "the", r"\bteh\b"))]) as server:
            result = grammar(book, "--format", "jsonl", server=server)
        (one,) = (json.loads(line) for line in result.stdout.splitlines())
        assert one["engines"] == ["reading-1", "harper"]


REFUSED: list[tuple[Any, str]] = [
    (fix("hot oven", "warm oven"), "does not match as often as it says (2, not 1)"),
    (fix("cold oven", "warm oven"), "its pattern matches nowhere in the text"),
    (fix("", "then", "Set `than`"), "matches only in what is no prose"),
    (fix("", "x", "(?s)hot.*Butter"), "its pattern matches nowhere"),
    (fix("", "x", r"(?s)dial\..*Bread"), "its pattern matches only across paragraphs"),
    (fix("Bread rise", "Bread rises", "Bread rise(?= in)"), "not one that RE2 takes"),
    (fix("Bread rise", "Bread rises", "(?<=A )hot"), "not one that RE2 takes"),
    (fix("", "x", r"(a)\1"), "not one that RE2 takes"),
    (fix("", "x", "x{1000}{1000}"), "has too many groups, repetitions"),
    (fix("", "x", "(a+)+$"), "its pattern matches nowhere in the text"),
    (fix("", "x", "y*"), "its pattern matches nothing at all"),
    (fix("", "x", "x" * 301), "its pattern is longer than 300 characters"),
    (fix("Bread rise", "Bread rise"), "it changes nothing"),
    (fix("heats slowly", "heat slow", "heats slowly"), "no prose, or markup"),
    (fix("out", "⟦code⟧", r"\bout\b"), "it writes a placeholder"),
    (fix("Take it out.", "Pull it."), "it would replace a whole paragraph"),
    (fix("out", "out\n\n# B", r"\bout\b"), "it writes a line break"),
    (fix("out", "in", r"\bout\b", expected="one"), "expected is no number of matches"),
    (fix("out", 7, r"\bout\b"), "replacement is no text"),
    ("Take it in.", "it is no object"),
    (fix("out", "x" * 3000, r"\bout\b"), "replacement is too long"),
]
"""What a model proposes, and why nobody is asked about it."""


class TestWhatModelsGetWrong:
    """Nothing of it is applied in a wrong place, and nothing of it is silently lost."""

    def test_every_fix_is_refused_with_its_reason_and_the_right_one_stands(
        self, book: Path, grammar: Bookpack
    ) -> None:
        wrong = [one for one, _ in REFUSED]
        with ModelServer([says({"fixes": [*wrong, FIX]})]) as server:
            result = grammar(book, "--refused", "--format", "jsonl", server=server)
        assert found(result) == [("than", "then")]
        _, *lines = result.stderr.splitlines()
        for line, (one, reason) in zip(lines, REFUSED, strict=True):
            assert reason in line, one
        # The same is said without asking again.
        again = grammar(book, "--refused", "--offline", "--format", "jsonl")
        assert (again.stdout, again.stderr.splitlines()) == (result.stdout, lines)
        assert (book / "chapters/1-oven.md").read_text("utf-8") == TEXT

    def test_a_rewritten_paragraph_is_no_correction(self, book: Path, grammar: Bookpack) -> None:
        new = "Loaves of every sort grow tall there. A hot oven is"
        rewrite = fix("Bread rise in it", new, r"Bread rise in it\. A hot oven is")
        with ModelServer([fixes(rewrite)]) as server:
            result = grammar(book, server=server)
        assert "BP906 rewrite-suggestion" in result.stdout
        done = grammar(book, "--accept-category", "word choice", "--accept-category", "clarity")
        assert done.stdout == "0 accepted now, 0 rejected, 1 open.\n"
        assert (book / "chapters/1-oven.md").read_text("utf-8") == TEXT

    @pytest.mark.parametrize(
        "behaviour",
        [
            says(f"Sure! Here they are:\n```json\n{json.dumps({'fixes': [FIX]})}\n```\nOk?"),
            says(f"<think>Is {{it}} so?</think>{json.dumps({'fixes': [FIX]})}"),
        ],
    )
    def test_words_around_the_answer_do_not_matter(
        self, behaviour: Behaviour, book: Path, grammar: Bookpack
    ) -> None:
        with ModelServer([behaviour]) as server:
            assert found(grammar(book, "--format", "jsonl", server=server)) == [("than", "then")]
            assert len(server.requests) == 1

    @pytest.mark.parametrize(
        "behaviour",
        [
            says(json.dumps({"fixes": [FIX]})[:60]),
            says("It heats slowly and then it is hot."),
            says({"corrections": []}),
            cut_below(1_000_000),
            status(400, "This model is tired"),
            raw(b"<html>"),
        ],
    )
    def test_what_is_no_answer_is_said_and_asked_again_by_the_next_run(
        self, behaviour: Behaviour, book: Path, grammar: Bookpack
    ) -> None:
        with ModelServer([behaviour]) as server:
            result = grammar(book, "--set", "model.attempts=1", server=server)
            assert result.returncode == 1
            assert "chapters/1-oven.md (from “The oven…”): no answer." in result.stderr
            assert "Traceback" not in result.stderr
            server.script = [fixes(FIX)]
            assert found(grammar(book, "--format", "jsonl", server=server)) == [("than", "then")]

    def test_a_backslash_that_was_not_doubled(self, book: Path, grammar: Bookpack) -> None:
        answer = json.dumps({"fixes": [fix("rise", "rises", r"\brise\b")]}).replace(r"\\b", r"\b")
        with ModelServer([says(answer)]) as server:
            assert found(grammar(book, "--format", "jsonl", server=server)) == [("rise", "rises")]

    def test_ten_thousand_hostile_suggestions(self, book: Path, grammar: Bookpack) -> None:
        hostile = [fix("", "x", f"(a+)+{number}$") for number in range(9_999)]
        with ModelServer([fixes(FIX, *hostile)]) as server:
            began = time.monotonic()
            result = grammar(book, "--format", "jsonl", "--refused", server=server)
            took = time.monotonic() - began
        assert found(result) == [("than", "then")]
        assert "9,700 more after the first 300" in result.stderr
        assert result.stderr.count("matches nowhere in the text") == 299
        assert took < 20

    def test_an_answer_without_a_list_is_none(self) -> None:
        for value in ([], {}, {"fixes": {}}, "fixes"):
            with pytest.raises(InvalidAnswerError, match="fixes"):
                parse_fixes(value)


class TestKeeping:
    def test_ctrl_c_keeps_what_was_answered(
        self, make_book: MakeBook, grammar: Bookpack, tmp_path: Path
    ) -> None:
        book = make_book({f"{n}.md": f"# N{n}\n\nSee teh end of {n}.\n" for n in range(6)}, PASS)
        answer = fixes(fix("teh", "the", r"\bteh\b"))

        def script(request: Request) -> Behaviour:
            return answer if request.number <= 2 else after(30, answer)

        with ModelServer(script) as server:
            process = subprocess.Popen(
                [sys.executable, "-m", "bookpack", "grammar", book, *address(server)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, **environment(tmp_path)},
            )
            deadline = time.monotonic() + 30
            while kept(book) < 2 and time.monotonic() < deadline:
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)
            assert process.returncode == 130
            assert "Interrupted." in said
            server.script = [answer]
            grammar(book, server=server)
        assert kept(book) == 6
        assert len(found(grammar(book, "--offline", "--format", "jsonl"))) == 6

    def test_a_torn_line_costs_its_answer_and_no_other(self, book: Path, grammar: Bookpack) -> None:
        with ModelServer([fixes(FIX)]) as server:
            grammar(book, server=server)
            whole = (book / FILE).read_bytes()
            (book / FILE).write_bytes(whole[:90])
            result = grammar(book, "--format", "jsonl", server=server)
            assert len(server.requests) == 2
        assert found(result) == [("than", "then")]
        assert f"{FILE}:1: no answer that can be read." in result.stderr
        assert (book / FILE).read_bytes() == whole[:90] + b"\n" + whole

    def test_a_conflict_that_git_left_is_read_around(self, book: Path, grammar: Bookpack) -> None:
        with ModelServer([fixes(FIX)]) as server:
            grammar(book, server=server)
        line = (book / FILE).read_text("utf-8")
        (book / FILE).write_text(f"<<<<<<< HEAD\n{line}=======\n{line}>>>>>>> other\n", "utf-8")
        result = grammar(book, "--offline", "--format", "jsonl")
        assert found(result) == [("than", "then")]
        assert result.stderr.count("no answer that can be read") == 3

    def test_nothing_is_asked_whose_answer_could_not_be_kept(
        self, book: Path, grammar: Bookpack
    ) -> None:
        (book / FILE).mkdir(parents=True)
        with ModelServer([fixes(FIX)]) as server:
            result = grammar(book, server=server)
            assert not server.requests
        assert (result.returncode, f"Cannot read {FILE}" in result.stderr) == (3, True)

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
    def test_a_full_disk(self, book: Path, grammar: Bookpack, tmp_path: Path) -> None:
        limit = "import resource,signal,sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); "
        limit += "from bookpack.cli import main; main(sys.argv[1:])"
        with ModelServer([fixes(FIX)]) as server:
            process = subprocess.run(
                [sys.executable, "-c", limit, "grammar", book, *address(server)],
                capture_output=True,
                text=True,
                env={**os.environ, **environment(tmp_path), "PYTHONUTF8": "1"},
                check=False,
            )
            assert process.returncode == 3
            assert f"Cannot write {FILE}" in process.stderr
            assert found(grammar(book, "--format", "jsonl", server=server)) == [("than", "then")]


def test_a_refusal_is_forgotten_when_its_text_changes(book: Path, grammar: Bookpack) -> None:
    twice = fix("hot oven", "warm oven")
    with ModelServer([fixes(twice), fixes()]) as server:
        assert "(2, not 1)" in grammar(book, "--refused", server=server).stdout
        chapter = book / "chapters/1-oven.md"
        chapter.write_text(TEXT.replace(" A hot oven is a hot oven.", " A hot oven is best."))
        result = grammar(book, "--refused", server=server)
    assert "hot oven" not in result.stdout.replace("chapters", "")


def test_every_span_that_is_accepted_is_the_one_that_was_shown(
    book: Path, grammar: Bookpack
) -> None:
    with ModelServer([fixes(FIX, fix("rise", "Bread rises", r"Bread (rise)"))]) as server:
        grammar(book, server=server)
    done = grammar(book, "--accept-category", "word choice")
    assert done.stdout == "2 accepted now, 0 rejected, 0 open.\n"
    expected = TEXT.replace("and than it", "and then it").replace("Bread rise ", "Bread rises ")
    assert (book / "chapters/1-oven.md").read_text("utf-8") == expected
    # The changed paragraphs are new to the model; nothing is suggested of what was decided.
    assert grammar(book, "--offline", "--format", "jsonl").stdout == ""
