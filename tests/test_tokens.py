"""Token counts: exact where splintr is installed, else an estimate that says so and is near."""

import json
import re
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from bookpack.tokens import estimate_tokens, token_counter
from conftest import SHARED, needs_shared

needs_splintr = pytest.mark.skipif(
    find_spec("splintr") is None, reason="splintr counts tokens; it is not here"
)
REFERENCE = SHARED / "reference" / "edition-packed.md"
WITHOUT_SPLINTR = """
import sys
from importlib.machinery import PathFinder

class Hiding:
    @staticmethod
    def find_spec(name, path=None, target=None):
        hidden = name.partition(".")[0] == "splintr"
        return None if hidden else PathFinder.find_spec(name, path, target)

sys.meta_path[:] = [Hiding if finder is PathFinder else finder for finder in sys.meta_path]
from bookpack.cli import main
main(sys.argv[1:])
"""


def run_without_splintr(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process in which splintr cannot be imported."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_SPLINTR, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@cache
def encoder():
    from splintr import Tokenizer

    return Tokenizer.from_pretrained("o200k_base").encode_ordinary


def exact(text: str) -> int:
    return len(encoder()(text))


@needs_splintr
@needs_shared
def test_the_counts_of_a_real_edition_are_exact(bookpack, tmp_path):
    bookpack("unpack", REFERENCE, "--out", tmp_path / "book")
    bookpack("build", tmp_path / "book", "--out", tmp_path / "out")
    manifest = json.loads((tmp_path / "out/manifest.json").read_text("utf-8"))
    lines = (tmp_path / "out/book-packed.md").read_text("utf-8").split("\n")
    for chapter in manifest["chapters"]:
        text = "\n".join(lines[chapter["first_line"] - 1 : chapter["last_line"]]) + "\n"
        assert chapter["tokens"] == exact(text), chapter["path"]
    assert manifest["tokens"] == sum(chapter["tokens"] for chapter in manifest["chapters"])
    assert manifest["tokenizer"] == "o200k_base"


@needs_splintr
@pytest.mark.parametrize(
    "text", ["", "a", "Hello, world!", "<|endoftext|>", "日本語 – naïve 🍞", " \n\n\t", "x" * 1000]
)
def test_an_exact_counter_counts_what_the_text_says(text):
    counter = token_counter()
    assert counter.exact
    assert counter.label == "o200k_base"
    assert counter.count_all([text, text + text]) == [exact(text), exact(text + text)]


@pytest.mark.parametrize("style", ["markdown", "plain", "xml", "json"])
def test_without_splintr_every_count_is_labelled_as_an_estimate(make_book, tmp_path, style):
    book = make_book({"x.md": "# X\n\nSome words of text.\n"})
    result = run_without_splintr("build", book, "--style", style, "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert re.search(r"^tokens +\d+ \(o200k_base, estimated\)$", result.stdout, re.M)
    (pack,) = (tmp_path / "out").glob("book-packed.*")
    assert re.search(r"about \d+ tokens \(o200k_base, estimated\)", pack.read_text("utf-8"))
    manifest = json.loads((tmp_path / "out/manifest.json").read_text("utf-8"))
    assert manifest["tokenizer"] == "o200k_base, estimated"
    if style != "json":
        assert "| Tokens (estimated) |" in pack.read_text("utf-8")


@needs_splintr
def test_a_pack_is_built_anew_when_exact_counts_become_possible(make_book, bookpack, tmp_path):
    book = make_book({"x.md": "# X\n\nSome words of text.\n"})
    run_without_splintr("build", book, "--out", tmp_path / "out")
    bookpack("build", book, "--out", tmp_path / "out")
    manifest = json.loads((tmp_path / "out/manifest.json").read_text("utf-8"))
    assert manifest["tokenizer"] == "o200k_base"


@needs_splintr
@needs_shared
def test_the_estimate_is_within_15_percent_on_a_real_edition():
    text = REFERENCE.read_text("utf-8")
    assert estimate_tokens(text) == pytest.approx(exact(text), rel=0.15)


@needs_splintr
@needs_shared
@pytest.mark.parametrize(
    "folder",
    ["embedded-rust/src", "opensource-guide/_articles", "ospo-book/content/en", "codebook/docs"],
)
def test_the_estimate_is_within_25_percent_on_other_books(folder):
    files = sorted(Path(SHARED / "books" / folder).rglob("*.md"))
    files = [file for file in files if not {"es", "fa", "ja"} & set(file.parts)]
    text = "\n".join(file.read_text("utf-8") for file in files)
    assert estimate_tokens(text) == pytest.approx(exact(text), rel=0.25)


def test_the_estimate_grows_with_the_text_and_is_nothing_for_nothing():
    assert estimate_tokens("") == 0
    assert estimate_tokens(" \n\t") == 0
    one = estimate_tokens("A sentence of seven words, and marks! ")
    assert one > 7
    assert estimate_tokens("A sentence of seven words, and marks! " * 100) == 100 * one
