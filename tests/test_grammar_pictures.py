"""The grammar desk reads what is said of pictures: alternative texts, titles, captions, files."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bookpack.answers import Description, State, format_description, parse_description
from bookpack.config import load_settings
from bookpack.desks.grammar.desk import GrammarDesk
from bookpack.desks.grammar.evaluate import as_chapter
from bookpack.desks.grammar.fix import Fix
from bookpack.desks.grammar.prose import Block, blocks_of
from bookpack.desks.grammar.validate import Reason, Refused, Validator
from bookpack.source import Edit, Span, apply_edits
from conftest import SETTINGS
from model_server import ModelServer, says

Run = subprocess.CompletedProcess[str]
MakeBook = Callable[..., Path]
Bookpack = Callable[..., Run]

IDENTITY = "0123456789ab" * 5 + "0123"
NAME = "oven-0123456789ab.md"
DESCRIPTION = Description(
    identity=IDENTITY,
    files={"chapters/oven.png": "00"},
    kind="photo",
    title="The the oven",
    alt="An oven that wont close.",
    text="The oven stands in teh corner, and its doors hang\nby a hinge. `teh` is written on it.",
    engine="model",
    words=("Ofenwerk Schnuppe",),
).as_written()


def see(text: str) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in blocks_of(as_chapter(text))]


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ('![An oven](a.png "The oven")', ("title", "The oven")),
        ("![An oven](a.png 'The oven')", ("title", "The oven")),
        ("![An oven](a.png (The oven))", ("title", "The oven")),
        ('<img src="a.png" alt="An oven" title="The oven">', ("title", "The oven")),
        ("<img src='a.png' alt='See https://x.org'>", ("alt", "See ⟦link⟧")),
        (
            '<figure>\n<img src="a.png" alt="">\n<figcaption>The oven</figcaption>\n</figure>',
            ("caption", "The oven"),
        ),
    ],
)
def test_what_stands_in_markup_is_read(text: str, block: tuple[str, str]) -> None:
    assert block in see(text)


@pytest.mark.parametrize(
    "text",
    [
        r'![](a.png "An \"oven\"")',
        '![](a.png "Bread &amp; butter")',
        '![](a.png "a/b/oven.png")',
        "<figure>\n<figcaption>The <b>oven</b></figcaption>\n</figure>",
        "<figure>\n<figcaption>Bread &amp; butter</figcaption>\n</figure>",
        '[a link](b.html "its title")',
    ],
)
def test_what_does_not_stand_there_letter_for_letter_is_left_alone(text: str) -> None:
    assert not {kind for kind, _ in see(text)} & {"title", "alt", "caption"}


@pytest.mark.parametrize(
    ("text", "after", "is_refused"),
    [
        ('![](a.png "It wont go")', "won't", False),
        ("![](a.png 'It wont go')", "won't", True),
        ('![](a.png "It wont go")', 'wo"nt', True),
        ('![](a.png "It wont go")', "`wont", True),
        ('<img src="a" alt="It wont go">', "won't", False),
        ("<img src='a' alt='It wont go'>", "won't", True),
        ("<figure>\n<figcaption>It wont go</figcaption>\n</figure>", "won't", False),
        ("<figure>\n<figcaption>It wont go</figcaption>\n</figure>", "<b", True),
    ],
)
def test_nothing_is_written_there_that_would_end_it(
    text: str, after: str, is_refused: bool
) -> None:
    chapter = as_chapter(text)
    (block,) = (one for one in blocks_of(chapter) if "wont" in one.text)
    at = block.text.index("wont")
    fix = Fix("one", "wont", after, span=Span(at, at + 4))
    found = Validator(chapter).resolve(fix, [block])
    if isinstance(found, Refused):
        assert (is_refused, found.reason) == (True, Reason.STRUCTURE)
        return
    assert not is_refused
    changed = apply_edits(text, [Edit(found[0].span, found[0].after)])
    assert changed == text.replace("wont", after)
    assert (block.kind, "It won't go") in see(changed)


@pytest.fixture
def book(make_book: MakeBook) -> Path:
    return describe(make_book({"1-oven.md": "# The oven\n\n![](oven.png)\n"}), DESCRIPTION)


def describe(book: Path, description: Description) -> Path:
    (book / "descriptions").mkdir(exist_ok=True)
    (book / "descriptions" / NAME).write_bytes(format_description(description))
    return book


def read(book: Path) -> Description:
    return parse_description((book / "descriptions" / NAME).read_bytes())


def found(result: Run) -> list[tuple[str, str]]:
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return [(one["before"], one["after"]) for one in lines]


def prose(book: Path) -> list[Block]:
    blocks = GrammarDesk.open(load_settings(book), book / "build").prose.blocks
    return blocks.get(f"descriptions/{NAME}", [])


class TestDescriptions:
    def test_head_and_text_are_checked_and_mended(self, book: Path, bookpack: Bookpack) -> None:
        before = (book / "descriptions" / NAME).read_bytes()
        result = bookpack("grammar", book, "--format", "jsonl")
        assert found(result) == [(" the", ""), ("wont", "won't"), ("teh", "the")]
        names = [json.loads(line)["id"] for line in result.stdout.splitlines()]
        options = [part for name in names for part in ("--accept", name)]
        done = bookpack("grammar", book, *options)
        assert done.stdout == "3 accepted now, 0 rejected, 0 open.\n"
        now = read(book)
        assert (now.title, now.alt) == ("The oven", "An oven that won't close.")
        assert now.text == DESCRIPTION.text.replace("in teh", "in the")
        # By now it is a person's, and no engine replaces it.
        assert (now.written, now.touched) == (DESCRIPTION.written, True)
        assert bookpack("review", book, "--undo").stdout.endswith("3 undone.\n")
        assert (book / "descriptions" / NAME).read_bytes() == before
        assert not read(book).touched

    def test_what_the_offline_describer_read_in_a_picture_is_no_prose(self, book: Path) -> None:
        offline = replace(DESCRIPTION, engine="offline").as_written()
        assert prose(describe(book, offline)) == []
        assert prose(describe(book, replace(offline, state=State.REVIEWED)))
        assert prose(describe(book, replace(offline, alt="Another.")))

    def test_words_of_the_picture_are_right(self, book: Path, bookpack: Bookpack) -> None:
        written = replace(DESCRIPTION, title="", alt="", text="A sign says schnuppe on top of it.")
        assert found(bookpack("grammar", describe(book, written), "--format", "jsonl")) == []
        nowhere = replace(written, words=())
        result = bookpack("grammar", describe(book, nowhere), "--format", "jsonl")
        assert [before for before, _ in found(result)] == ["schnuppe"]

    def test_one_that_cannot_be_read_is_left_alone(self, book: Path, bookpack: Bookpack) -> None:
        file = book / "descriptions" / NAME
        file.write_text(f"<<<<<<< HEAD\n{file.read_text('utf-8')}", "utf-8")
        assert found(bookpack("grammar", book, "--format", "jsonl")) == []

    def test_a_sign_that_would_end_a_line_of_the_head_is_refused(self, book: Path) -> None:
        desk = GrammarDesk.open(load_settings(book), book / "build")
        chapter = desk.chapters[-1]
        (block,) = (one for one in desk.prose.blocks[chapter.path] if one.kind == "title")
        for after in ('The "oven', "The \\oven"):
            refused = Validator(chapter).resolve(Fix("one", "", after, "The the oven"), [block])
            assert isinstance(refused, Refused)

    def test_a_model_is_asked_about_them(self, make_book: MakeBook, bookpack: Bookpack) -> None:
        settings = SETTINGS + '\n[[grammar.pass]]\nengine = "model"\n'
        book = make_book({"1.md": "# The oven\n\nIt is hot.\n"}, settings)
        describe(book, DESCRIPTION)
        fix = {"quote": "hang", "pattern": r"\bhang\b", "replacement": "hung", "expected": 1}

        def answer(request: Any) -> Any:
            told = json.loads(request.messages[1]["content"])
            return says({"fixes": [fix] if told["chapter"] == DESCRIPTION.title else []})

        with ModelServer(answer) as server:
            address = ["--set", f"model.base-url={server.base_url}", "--set", "model.name=one"]
            result = bookpack("grammar", book, *address, "--format", "jsonl")
            told = [json.loads(one.messages[1]["content"]) for one in server.requests]
        assert found(result) == [("hang", "hung")]
        blocks = next(one["blocks"] for one in told if one["chapter"] == DESCRIPTION.title)
        assert [block["kind"] for block in blocks] == ["title", "alt", "paragraph"]
        accepted = bookpack("grammar", book, *address, "--accept-category", "grammar")
        assert accepted.stdout == "1 accepted now, 0 rejected, 0 open.\n"
        assert read(book).text == DESCRIPTION.text.replace("hang", "hung")
