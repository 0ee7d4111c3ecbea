"""The review as a person sees it: in a real terminal, through a pipe, at 80 columns."""

import io
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from fcntl import ioctl
from pathlib import Path

import pytest

from bookpack.desks.review.display import (
    Piece,
    columns,
    sentence_around,
    show_pieces,
    visible,
    word_diff,
)
from bookpack.desks.review.keys import LineKeys
from bookpack.desks.review.terminal import Screen, review
from bookpack.source import Span
from test_review_apply import chapter, open_desk, write_chapter

ONE = (
    "# First Steps\n\nSee [two](http://example.com/two/). Then [two](https://example.com/two).\n\n"
    "And [three](http://example.com/three/index.html) ends it.\n"
)
BOOK = {"one.md": ONE, "two.md": "# Two\n\nText.\n", "three.md": "# Three\n\nText.\n"}
MENU = "? help"


class Terminal:
    """bookpack in a pseudo-terminal of its own, 80 columns wide."""

    def __init__(self, *arguments: str | Path, **environment: str) -> None:
        self.ours, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        kept = {n: v for n, v in os.environ.items() if n not in ("NO_COLOR", "COLUMNS")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bookpack", *map(str, arguments)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**kept, "TERM": "xterm", **environment},
            start_new_session=True,
            preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0),
        )
        self.seen = ""

    def wait_for(self, text: str, count: int = 1) -> str:
        """Read until `text` was seen `count` times; return everything seen so far."""
        deadline = time.monotonic() + 60
        while self.seen.count(text) < count:
            if time.monotonic() > deadline:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"{text!r} was not seen {count} times in:\n{self.seen}")
            if not self._read():
                break
        assert self.seen.count(text) >= count, self.seen
        return self.seen

    def wait_for_any(self, counts: dict[str, int]) -> None:
        """Read until one of the texts was seen as often as it says."""
        deadline = time.monotonic() + 60
        while all(self.seen.count(text) < count for text, count in counts.items()):
            assert time.monotonic() < deadline, self.seen
            if not self._read():
                break

    def press(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    def end(self) -> int:
        """Wait for the process; return its status. The terminal must be as it was."""
        status = self.process.wait(60)
        while self._read(0.05):
            pass
        after = termios.tcgetattr(self.theirs)
        os.close(self.theirs)
        os.close(self.ours)
        assert after[3] == self.before[3]
        return status

    def _read(self, patience: float = 1.0) -> bool:
        if select.select([self.ours], [], [], patience)[0]:
            try:
                self.seen += os.read(self.ours, 65_536).decode().replace("\r\n", "\n")
            except OSError:
                return False
            return True
        return self.process.poll() is None and patience >= 1.0


@pytest.fixture
def book(make_book: Callable[..., Path]) -> Path:
    return make_book(BOOK)


def read_one(book: Path) -> str:
    return (book / "chapters/one.md").read_text("utf-8")


def without_colour(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]+m", "", text)


def test_single_keys_accept_reject_and_skip(book: Path) -> None:
    terminal = Terminal("links", book, "--fix")
    seen = terminal.wait_for(MENU)
    assert "[1/3] chapters/one.md:3:11" in seen
    assert "LF2 canonical-address (links)" in seen
    assert "\x1b[9;31mhttp\x1b[0m\x1b[4;32mhttps\x1b[0m" in seen
    terminal.press("a")
    terminal.wait_for(MENU, 2)
    assert read_one(book) == ONE.replace("http://example.com/two/", "https://example.com/two/")
    terminal.press("r")
    assert "[3/3]" in terminal.wait_for(MENU, 3)
    terminal.press("s")
    terminal.wait_for("1 accepted now, 1 rejected, 1 open.")
    assert terminal.end() == 0
    assert "index.html" in read_one(book)


def test_back_edit_help_all_with_preview_and_quit(book: Path) -> None:
    terminal = Terminal("links", book, "--fix", NO_COLOR="1")
    terminal.wait_for(MENU)
    terminal.press("?")
    terminal.wait_for("q  quit; everything decided so far stays decided")
    terminal.wait_for(MENU, 2)
    terminal.press("a")
    terminal.wait_for(MENU, 3)
    terminal.press("b")
    assert ", accepted" in terminal.wait_for(MENU, 4)
    terminal.press("e")
    terminal.wait_for("Text to write instead")
    terminal.press("https://example.com/other/\n")
    terminal.wait_for("Written.")
    terminal.wait_for(MENU, 5)
    assert "[two](https://example.com/other/)" in read_one(book)
    terminal.press("b")
    terminal.wait_for(MENU, 6)
    terminal.press("r")
    terminal.wait_for("Rejected.")
    terminal.wait_for(MENU, 7)
    assert read_one(book) == ONE
    terminal.press("A")
    terminal.wait_for("in this [c]hapter, the [b]ook, or [w] all of")
    terminal.press("c")
    seen = terminal.wait_for("2 will be accepted. y yes")
    assert "[three]([-http-]{+https+}://example.com/three/[-index.html-])" in seen
    terminal.press("y")
    terminal.wait_for("2 accepted now, 1 rejected, 0 open.")
    assert terminal.end() == 0
    assert "\x1b[" not in terminal.seen
    assert all(columns(line) <= 80 for line in terminal.seen.splitlines())
    assert read_one(book) == ONE.replace("com/two)", "com/two/)").replace(
        "http://example.com/three/index.html", "https://example.com/three/"
    )


def test_ctrl_c_keeps_what_was_decided_and_gives_the_terminal_back(book: Path) -> None:
    terminal = Terminal("links", book, "--fix")
    terminal.wait_for(MENU)
    terminal.press("a")
    terminal.wait_for(MENU, 2)
    terminal.press("\x03")
    terminal.wait_for("Interrupted.")
    assert "1 accepted now, 0 rejected, 2 open." in terminal.seen
    assert terminal.end() == 130
    assert "[two](https://example.com/two/). Then" in read_one(book)
    again = Terminal("links", book, "--fix")
    assert "[1/2]" in again.wait_for(MENU)
    again.press("\x1b[Aq")  # an arrow means nothing
    again.wait_for("2 open.")
    assert again.end() == 0


def test_a_chapter_that_is_written_during_the_review(book: Path) -> None:
    terminal = Terminal("links", book, "--fix")
    terminal.wait_for(MENU)
    (book / "chapters/one.md").write_text(f"Added above.\n\n{ONE}", "utf-8")
    terminal.press("a")
    terminal.wait_for(MENU, 2)
    assert read_one(book).startswith("Added above.\n\n# First Steps\n\nSee [two](https://")
    rewritten = read_one(book).replace("Then [two](https://example.com/two).", "No more.")
    (book / "chapters/one.md").write_text(rewritten, "utf-8")
    terminal.press("a")
    terminal.wait_for("Not done")
    terminal.press("q")
    assert terminal.end() == 0
    assert read_one(book) == rewritten


def test_keys_typed_ahead_are_not_lost(book: Path) -> None:
    terminal = Terminal("links", book, "--fix")
    terminal.wait_for("[1/3]")
    terminal.press("sss")
    terminal.wait_for("3 open.")
    assert terminal.end() == 0


def run_review(folder: Path, answers: str, width: int = 80) -> list[str]:
    lines: list[str] = []
    desk = open_desk(folder, ("teh", "the"), ("adn", "and"))
    review(desk, LineKeys(io.StringIO(answers)), Screen(lines.append, width=width))
    return lines


def test_lines_of_a_pipe_serve_as_keys(tmp_path: Path) -> None:
    write_chapter(tmp_path, b"One teh two. Three adn four. Five teh six.\n")
    lines = run_review(tmp_path, "accept\n\nz\nr\n")
    assert "  One [-teh-]{+the+} two." in lines
    assert chapter(tmp_path) == b"One the two. Three adn four. Five teh six.\n"
    lines = run_review(tmp_path, "b\ne\n\ne\nteh\ne\nTHE\n")
    assert "This is the first one." in lines
    assert "That is what stands there; nothing is written." in lines
    assert chapter(tmp_path) == b"One the two. Three adn four. Five THE six.\n"


def test_keys_that_no_line_knows_do_not_come_into_the_chapter(tmp_path: Path) -> None:
    write_chapter(tmp_path, b"One teh two.\n")
    run_review(tmp_path, "e\nta\x1b[D\x1b[1;5Che\x1bOA\x00\x07\n")
    assert chapter(tmp_path) == b"One tahe two.\n"


def test_all_of_a_rule_is_decided_only_after_yes(tmp_path: Path) -> None:
    data = b"One teh two. Three adn four.\n"
    write_chapter(tmp_path, data)
    run_review(tmp_path, "A\nc\nn\nA\nx\nq\n")
    assert chapter(tmp_path) == data
    lines = run_review(tmp_path, "R\nb\ny\n")
    assert "2 rejected." in lines
    assert run_review(tmp_path, "a\n") == []
    assert chapter(tmp_path) == data


@pytest.mark.parametrize("width", [20, 40, 80])
def test_lines_keep_to_the_width_and_control_characters_to_themselves(
    tmp_path: Path, width: int
) -> None:
    text = "漢字" * 40 + " \x1b[31m " + "x" * 200 + " teh " + "word " * 60 + "\u202e end."
    write_chapter(tmp_path, text.encode())
    lines = run_review(tmp_path, "s\n", width)
    diff = [line for line in lines if line.startswith("  ")]
    assert all(columns(line) <= width for line in diff)
    assert not any("\x1b" in line or "\u202e" in line for line in lines)
    assert visible("a\tb\x07") == "a\tb\ufffd"


def test_a_word_diff_shows_words() -> None:
    assert word_diff("one two three", "one 2 three") == [
        Piece("=", "one "),
        Piece("-", "two"),
        Piece("+", "2"),
        Piece("=", " three"),
    ]
    assert word_diff("", "new") == [Piece("+", "new")]
    assert word_diff("old", "") == [Piece("-", "old")]
    assert word_diff("all of this", "quite another") == [
        Piece("-", "all of this"),
        Piece("+", "quite another"),
    ]
    assert word_diff("x" * 3000, "y")[0].sign == "-"
    shown = show_pieces(word_diff("Big Words", "[Big Words](a.md)"), colour=False, width=80)
    assert shown == ["  {+[+}Big Words{+](a.md)+}"]


def test_a_sentence_ends_where_it_ends() -> None:
    text = "First one. Second teh here! Third.\n\nOther paragraph."
    place = text.index("teh")
    sentence = sentence_around(text, Span(place, place + 3))
    assert sentence.slice(text) == "Second teh here!"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- One item\n- Second teh item\n- third", "- Second teh item"),
        ("| one | two |\n| teh | four |\n| five |", "| teh | four |"),
        ("```{note}\nIt is teh end\n```", "It is teh end"),
        ("# Head\nIt is teh end\n# Other", "It is teh end"),
        ("Some (e.g. teh one) of them. Other", "Some (e.g. teh one) of them."),
        ("One. A way (i.e. HTTP or teh `x`). Other", "A way (i.e. HTTP or teh `x`)."),
        ("One. See teh way, e.g. `that`, end. Other", "See teh way, e.g. `that`, end."),
    ],
)
def test_a_sentence_stays_in_its_block(text: str, sentence: str) -> None:
    place = text.index("teh")
    assert sentence_around(text, Span(place, place + 3)).slice(text).strip() == sentence


def test_a_signal_during_a_write_waits_for_its_end() -> None:
    from bookpack.system import uninterrupted

    done = []

    def interrupted() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append("written")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == ["written"]
