"""`bookpack grammar` as a person and a script use it, and the review of what it finds."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import SETTINGS
from test_review_terminal import MENU, Terminal

Run = subprocess.CompletedProcess[str]
Bookpack = Callable[..., Run]
MakeBook = Callable[..., Path]

OVEN = "# The oven\n\nSee the the dial of it. It wont heat up teh oven.\n\nPut `teh the the` in.\n"
LOAF = "# The loaf\n\nIt wont rise. See [two](http://example.com/1-oven/).\n"
MENDED = "# The oven\n\nSee the dial of it. It won't heat up the oven.\n\nPut `teh the the` in.\n"


@pytest.fixture
def book(make_book: MakeBook) -> Path:
    return make_book({"1-oven.md": OVEN, "2-loaf.md": LOAF})


def oven(book: Path) -> str:
    return (book / "chapters/1-oven.md").read_text("utf-8")


def suggestions(result: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


class TestFindings:
    def test_as_text_with_a_summary_and_the_next_step(self, book: Path, bookpack: Bookpack) -> None:
        result = bookpack("grammar", "book")
        assert (result.returncode, result.stderr) == (0, "")
        assert (
            "book/chapters/1-oven.md:3:28: warning BP903 punctuation-suggestion: "
            "“wont” → “won't”: " in result.stdout
        )
        assert result.stdout.endswith(
            """\
category     open  harper  rules
punctuation     2              2
grammar         1              1
spelling        1       1
4 suggestions open in 24 words of prose.
Next: bookpack review book
"""
        )
        assert oven(book) == OVEN

    def test_in_the_forms_that_other_programs_read(self, book: Path, bookpack: Bookpack) -> None:
        found = json.loads(bookpack("grammar", book, "--format", "json").stdout)
        first = found[0]
        assert (first["code"], first["fix"]["text"]) == ("BP902", "")
        assert OVEN[slice(*first["fix"]["span"])] == " the"
        log = json.loads(bookpack("grammar", book, "--format", "sarif").stdout)
        assert len(log["runs"][0]["results"]) == 4
        commands = bookpack("grammar", book, "--format", "github").stdout
        assert commands.count("::warning file=") == 4
        lines = suggestions(bookpack("grammar", book, "--format", "jsonl"))
        assert [one["before"] for one in lines] == [" the", "wont", "teh", "wont"]
        assert all(one["prefix"] + one["before"] + one["suffix"] in OVEN + LOAF for one in lines)
        assert lines[2]["engines"] == ["harper"]

    def test_only_in_the_chapters_that_are_named(self, book: Path, bookpack: Bookpack) -> None:
        for name in ("2-loaf.md", "2-*", "chapters/2-loaf.md"):
            result = bookpack("grammar", book, "--chapter", name, "--format", "jsonl")
            assert [one["path"] for one in suggestions(result)] == ["chapters/2-loaf.md"]
        result = bookpack("grammar", book, "--chapter", "3-*")
        assert (result.returncode, "No chapter of the book is called 3-*" in result.stderr) == (
            2,
            True,
        )

    def test_check_fails_while_anything_is_open(self, book: Path, bookpack: Bookpack) -> None:
        assert bookpack("grammar", book, "--check").returncode == 1
        assert bookpack("grammar", book, "--check", "--set", "lint.ignore=['BP9']").returncode == 0

    def test_a_comment_takes_a_suggestion_back(
        self, make_book: MakeBook, bookpack: Bookpack
    ) -> None:
        comment = "<!-- bookpack-ignore grammar-suggestion -->\n"
        book = make_book({"a.md": f"# A\n\n{comment}See the the end.\n\nSee it it.\n"})
        (found,) = suggestions(bookpack("grammar", book, "--format", "jsonl"))
        assert found["line"] == 6

    def test_quiet_says_less_than_careful(self, make_book: MakeBook, bookpack: Bookpack) -> None:
        book = make_book({"a.md": "# A\n\nSeperate them at once.\n"})
        careful, quiet = (
            len(suggestions(bookpack("grammar", book, "--format", "jsonl", "--profile", profile)))
            for profile in ("careful", "quiet")
        )
        assert (careful, quiet) == (1, 0)


class TestExports:
    def test_a_patch_that_git_applies(self, book: Path, bookpack: Bookpack) -> None:
        patch = book / "all.patch"
        bookpack("grammar", book, "--format", "patch", "--out", patch)
        subprocess.run(["git", "apply", patch], cwd=book, check=True)
        assert oven(book) == MENDED

    def test_a_patch_keeps_the_bytes_that_it_does_not_change(
        self, make_book: MakeBook, bookpack: Bookpack
    ) -> None:
        before = "\ufeff# One\r\n\r\nIt wont do.  \r\n\tA \x00 nul.\r\rHe recieved it e\u0301"
        other = "\ufeff# Two\n\nIt wont do.\n".encode("utf-16-le")
        book = make_book({"my one.md": before, "two.md": other})
        patch = book / "all.patch"
        bookpack("grammar", book, "--format", "patch", "--out", patch)
        assert patch.read_text().endswith("Left out, because it is not UTF-8: chapters/two.md\n")
        subprocess.run(["git", "apply", patch], cwd=book, check=True, capture_output=True)
        after = before.replace("wont", "won't").replace("recieved", "received")
        assert (book / "chapters/my one.md").read_bytes() == after.encode()
        assert (book / "chapters/two.md").read_bytes() == other

    def test_critic_markup_of_one_chapter(self, book: Path, bookpack: Bookpack) -> None:
        result = bookpack("grammar", book, "--format", "criticmarkup", "--chapter", "1-oven.md")
        assert "See the{-- the--}{>>“the” stands here twice. (rules)<<} dial" in result.stdout
        without_notes = re.sub(r"\{>>.*?<<\}", "", result.stdout)
        rejected = re.sub(r"\{~~(.*?)~>.*?~~\}|\{--(.*?)--\}", r"\1\2", without_notes)
        accepted = re.sub(r"\{~~.*?~>(.*?)~~\}|\{--.*?--\}", r"\1", without_notes)
        assert (rejected, accepted) == (OVEN, MENDED)

    def test_critic_markup_of_a_book_needs_a_folder(
        self, book: Path, bookpack: Bookpack, tmp_path: Path
    ) -> None:
        assert bookpack("grammar", book, "--format", "criticmarkup").returncode == 2
        assert bookpack("grammar", book, "--format", "criticmarkup", "--out", book).returncode == 2
        out = tmp_path / "marked"
        bookpack("grammar", book, "--format", "criticmarkup", "--out", out)
        assert "{~~wont~>won't~~}" in (out / "chapters/2-loaf.md").read_text("utf-8")
        assert oven(book) == OVEN

    def test_nothing_is_written_over_a_chapter(self, book: Path, bookpack: Bookpack) -> None:
        result = bookpack("grammar", book, "--out", book / "chapters/1-oven.md")
        assert (result.returncode, oven(book)) == (2, OVEN)


class TestDecisions:
    def test_by_id_and_by_category(self, book: Path, bookpack: Bookpack) -> None:
        first, second, *_ = suggestions(bookpack("grammar", book, "--format", "jsonl"))
        done = bookpack(
            "grammar", book, "--accept", first["id"][:6], "--reject", second["id"], "--by", "Baker"
        )
        assert done.stdout == "1 accepted now, 1 rejected, 2 open.\n"
        done = bookpack("grammar", book, "--accept-category", "spelling")
        assert done.stdout == "1 accepted now, 1 rejected, 1 open.\n"
        assert oven(book) == MENDED.replace("won't", "wont")
        # Nobody is asked the same again.
        left = suggestions(bookpack("grammar", book, "--format", "jsonl"))
        assert [(one["path"], one["before"]) for one in left] == [("chapters/2-loaf.md", "wont")]
        undone = bookpack("review", book, "--undo")
        assert undone.stdout.endswith("2 undone.\n")
        assert oven(book) == OVEN

    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (["--accept", "000000"], "No suggestion has an id that begins with 000000."),
            (["--accept-category", "rewrite"], "rewrite is no category that can be accepted"),
            (["--accept", "GF1"], "GF1 is too short for an id; give its first four signs or more."),
        ],
    )
    def test_names_that_mean_nothing(
        self, book: Path, bookpack: Bookpack, arguments: list[str], complaint: str
    ) -> None:
        result = bookpack("grammar", book, *arguments)
        assert result.returncode == 2
        assert complaint in result.stderr
        assert oven(book) == OVEN

    def test_a_dry_run_without_a_model_asks_nobody(self, book: Path, bookpack: Bookpack) -> None:
        result = bookpack("grammar", book, "--dry-run")
        assert result.stdout == "No model would be asked anything.\n"


class TestMeasuring:
    def test_on_a_file_and_on_git(self, book: Path, bookpack: Bookpack, tmp_path: Path) -> None:
        file = tmp_path / "fixes.jsonl"
        record = {"before": "It wont go.", "after": "It won't go.", "start": 3, "end": 7}
        file.write_text(json.dumps(record), "utf-8")
        result = bookpack("grammar", book, "--evaluate", file)
        assert "harper and rules, careful: found 1.00 of 1" in result.stdout
        assert "rules alone, quiet: found 1.00 of 1" in result.stdout
        result = bookpack("grammar", book, "--from-git")
        assert (result.returncode, "no git history" in result.stderr) == (2, True)


class TestReview:
    def test_corrections_and_links_are_one_queue(self, book: Path) -> None:
        terminal = Terminal("review", book, NO_COLOR="1")
        seen = terminal.wait_for(MENU)
        assert "[1/5] " in seen
        assert "\ngrammar (rules)" in seen.replace("\r", "")
        assert "See the[- the-] dial of it." in seen
        assert "Why: “the” stands here twice." in seen
        terminal.press("a")
        terminal.wait_for(MENU, 2)
        terminal.press("A")
        assert "or [w] all of wont → won't in" in terminal.wait_for("Any other key goes back.")
        terminal.press("w")
        terminal.wait_for("2 will be accepted. y yes")
        terminal.press("y")
        terminal.wait_for(MENU, 3)
        terminal.press("r")
        terminal.wait_for(MENU, 4)
        assert "[5/5]" in terminal.seen
        assert "LF2 canonical-address (links)" in terminal.seen
        terminal.press("a")
        terminal.wait_for("4 accepted now, 1 rejected, 0 open.")
        assert terminal.end() == 0
        assert all(len(line) <= 80 for line in terminal.seen.splitlines())
        assert oven(book) == MENDED.replace("the oven.", "teh oven.")
        loaf = (book / "chapters/2-loaf.md").read_text("utf-8")
        assert loaf == LOAF.replace("wont", "won't").replace("http:", "https:")

    def test_of_one_desk_alone(self, book: Path, bookpack: Bookpack) -> None:
        grammar = bookpack("review", book, "--only", "grammar")
        assert "[1/4]" in grammar.stdout
        assert "0 accepted now, 0 rejected, 4 open." in grammar.stdout
        assert "[1/1]" in bookpack("review", book, "--only", "links").stdout
        loaf = bookpack("review", book, "--chapter", "2-*")
        assert "[1/2] chapters/2-loaf.md:3:4" in loaf.stdout

    def test_a_book_in_another_language_has_links_to_review(
        self, make_book: MakeBook, bookpack: Bookpack
    ) -> None:
        book = make_book({"1-oven.md": OVEN, "2-loaf.md": LOAF}, SETTINGS + 'language = "de"\n')
        result = bookpack("review", book)
        assert "[1/1]" in result.stdout
        assert "knows English alone" in result.stderr
        assert bookpack("grammar", book).returncode == 2

    def test_a_rewrite_is_decided_by_itself(self, make_book: MakeBook) -> None:
        # Mending this heading would change its address, and links to it would break.
        book = make_book({"a.md": "# A\n\nText.\n\n## The the oven\n\nSee the the end.\n"})
        terminal = Terminal("review", book, NO_COLOR="1")
        assert "rewrite (rules)" in terminal.wait_for(MENU)
        assert "A/R" not in terminal.seen
        terminal.press("A")
        terminal.wait_for("This one must be decided by itself.")
        terminal.press("s")
        assert "A/R all like this" in terminal.wait_for(MENU, 3)
        terminal.press("Aby")
        terminal.wait_for("1 accepted now, 0 rejected, 1 open.")
        assert terminal.end() == 0
        assert "## The the oven\n\nSee the end.\n" in (book / "chapters/a.md").read_text("utf-8")

    def test_what_an_accepted_change_makes_wrong_is_left_out(self, book: Path) -> None:
        terminal = Terminal("review", book, "--only", "grammar", NO_COLOR="1")
        terminal.wait_for(MENU)
        chapter = book / "chapters/1-oven.md"
        # An editor makes code of what the next suggestions are about.
        chapter.write_text(OVEN.replace("It wont heat up teh oven.", "`It wont heat up teh oven.`"))
        terminal.press("a")
        terminal.wait_for(MENU, 2)
        seen = " ".join(terminal.seen.split())
        for change in ("“wont” → “won't”", "“teh” → “the”"):
            assert f"{change}: what stands around it has changed since it was found." in seen
        assert "Left out: chapters/1-oven.md:" in seen
        terminal.press("q")
        assert terminal.end() == 0
        assert "`It wont heat up teh oven.`" in oven(book)


class TestOptions:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["grammar", "--check", "--dry-run"], "--check and --dry-run cannot be used together"),
            (["grammar", "--accept", "1234", "--check"], "--check cannot be used together"),
            (["grammar", "--accept", "1234", "--dry-run"], "--dry-run cannot be used together"),
            (["grammar", "--reject", "1234", "--from-git"], "--from-git cannot be used together"),
            (["grammar", "--evaluate", "x", "--from-git"], "--evaluate and --from-git cannot"),
            (["grammar", "--accept-category", "all"], "all is no category"),
            (["review", "--undo", "--web"], "--undo and --web cannot be used together"),
            (["review", "--undo", "--only", "descriptions"], "--undo and --only descriptions"),
            (["review", "--undo", "--chapter", "1*"], "--undo and --chapter cannot"),
            (["review", "--port", "8000"], "add --web"),
            (["review", "--open"], "add --web"),
        ],
    )
    def test_what_contradicts_itself_is_refused(
        self, book: Path, bookpack: Bookpack, arguments: list[str], said: str
    ) -> None:
        result = bookpack(arguments[0], book, *arguments[1:])
        assert (result.returncode, result.stdout) == (2, "")
        assert said in result.stderr
        assert result.stderr.count("\n") == 1
        assert oven(book) == OVEN

    def test_undoing_everything_is_asked_at_a_terminal(
        self, book: Path, bookpack: Bookpack
    ) -> None:
        for name in ("Miller", "Baker"):
            (one, *_) = suggestions(bookpack("grammar", book, "--format", "jsonl"))
            bookpack("grammar", book, "--accept", one["id"], "--by", name)
        now = oven(book)
        terminal = Terminal("review", book, "--undo")
        terminal.wait_for("Undo 2 accepted changes of Baker and Miller? [y/N]")
        terminal.press("\n")
        terminal.wait_for("Nothing was undone.")
        assert terminal.end() == 0
        assert oven(book) == now
        assert bookpack("review", book, "--undo").stdout.endswith("2 undone.\n")
        assert oven(book) == OVEN

    def test_a_book_without_an_address_can_be_corrected(
        self, make_book: MakeBook, bookpack: Bookpack
    ) -> None:
        book = make_book({"1-oven.md": OVEN}, "")
        found = suggestions(bookpack("grammar", book, "--format", "jsonl"))
        terminal = Terminal("review", book)
        terminal.wait_for(MENU)
        terminal.press("aq")
        terminal.wait_for(f"1 accepted now, 0 rejected, {len(found) - 1} open.")
        assert terminal.end() == 0
        assert "book.invalid" not in oven(book) + terminal.seen

    def test_a_key_that_means_nothing_says_so(self, book: Path) -> None:
        terminal = Terminal("review", book)
        terminal.wait_for(MENU)
        terminal.press("x")
        terminal.wait_for("“x” does nothing here; ? lists the keys.")
        terminal.press("e")
        terminal.wait_for("Text to write instead of “the”; an empty line goes back:")
        # What goes begins with a blank, which the reviewer does not see and need not type.
        terminal.press("big\n")
        terminal.wait_for(MENU, 3)
        terminal.press("q")
        assert terminal.end() == 0
        assert "See the big dial of it." in oven(book)

    def test_a_patch_names_the_files_as_they_lie_in_the_book(
        self, make_book: MakeBook, bookpack: Bookpack, tmp_path: Path
    ) -> None:
        book = make_book({"1-oven.md": OVEN})
        patch = bookpack("grammar", book, "--format", "patch").stdout
        assert patch.startswith("--- a/chapters/1-oven.md\n")
        subprocess.run(["git", "init", "-q", tmp_path], check=True)
        command = ["git", "apply", f"--directory={book.name}", "-"]
        subprocess.run(command, input=patch, cwd=tmp_path, check=True, text=True)
        assert oven(book) == MENDED

    def test_a_book_without_chapters_says_so(self, make_book: MakeBook, bookpack: Bookpack) -> None:
        book = make_book({})
        for command in ("grammar", "review"):
            result = bookpack(command, book)
            assert (result.returncode, result.stdout) == (2, "")
            assert "No chapters were found in " in result.stderr

    def test_a_review_without_the_engine_says_that_the_text_is_not_looked_at(
        self, book: Path, python: Bookpack
    ) -> None:
        program = (
            "import sys; sys.modules['harper'] = None; sys.argv[0] = 'bookpack'; "
            "from bookpack.cli import main; main()"
        )
        # There is a link, so that the review goes on without the text.
        result = python("-c", program, "review", book)
        assert result.returncode == 0
        assert result.stdout.endswith("0 accepted now, 0 rejected, 1 open.\n")
        assert "The text is not looked at" in result.stderr
        (book / "chapters/2-loaf.md").write_text("# The loaf\n\nIt wont rise.\n")
        result = python("-c", program, "review", book)
        assert (result.returncode, result.stdout) == (2, "")
        assert 'extra "grammar"' in result.stderr
