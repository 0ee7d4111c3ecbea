"""Whatever is wrong with a book, a pack or the machine, bookpack says what to do about it.

No traceback, the right exit status (0 clean, 1 findings, 2 usage or settings, 3 a problem of the
world), and an output folder that is either the old one or the new one. Real files, real
processes, real full disks.
"""

import contextlib
import errno
import json
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from bookpack.editions.unpack import read_pack
from bookpack.errors import BookpackError, WorldError
from bookpack.unpacking import unpack
from conftest import BASE, SETTINGS, write_files

Run = Callable[..., "subprocess.CompletedProcess[str]"]
MakeBook = Callable[..., Path]

STYLES = ("markdown", "xml", "plain", "json")
ONE = "# One\n\nThe first chapter.\n"
TWO = "# Two\n\nThe second one, with a [link](one.md).\n\n## A section\n\nMore.\n"
NOBODY = 65534
# Processes that run with fewer rights or no disk must not be asked to write coverage data.
PLAIN_ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("COV")},
    "NO_COLOR": "1",
}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "bookpack", *map(str, arguments)]


def run_plain(
    *arguments: str | Path, privileged: bool = True, **options: Any
) -> "subprocess.CompletedProcess[str]":
    """Run the command line without coverage, with any option of `subprocess.run`."""
    return subprocess.run(
        (command if privileged else command_without_privileges)(*arguments),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=PLAIN_ENVIRONMENT,
        check=False,
        **{"timeout": 60, **options},
    )


def assert_explained(result: "subprocess.CompletedProcess[str]", status: int, *words: str) -> None:
    """The exit status is right, and stderr says these words and holds no traceback."""
    assert "Traceback" not in result.stderr
    assert "fault of bookpack" not in result.stderr, result.stderr
    assert result.returncode == status, result.stderr
    for word in words:
        assert word in result.stderr


def visible_files(folder: Path) -> dict[str, bytes]:
    """Return everything in `folder` but bookpack's own hidden files."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".bookpack")
    }


def assert_whole(out: Path) -> dict[str, Any]:
    """The pack and the manifest in `out` belong together, and nothing else lies about."""
    manifest: dict[str, Any] = json.loads((out / "manifest.json").read_text("utf-8"))
    assert sha256((out / manifest["file"]).read_bytes()).hexdigest() == manifest["sha256"]
    assert not list(out.glob(".bookpack-staging-*"))
    return manifest


def bomb() -> str:
    """Return YAML of a few lines that stands for a billion values."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += (
        f"{this}: &{this} [{', '.join([f'*{before}'] * 9)}]"
        for before, this in zip("abcdefgh", "bcdefghi", strict=True)
    )
    return "\n".join(lines)


class TestTextThatIsWrong:
    """A bad chapter is a finding with its place; the rest of the book is built."""

    CASES: Mapping[str, tuple[bytes, int, str]] = {
        "bytes that are not UTF-8": (b"# Bad\n\nCaf\xe9.\n", 1, "undecodable-bytes"),
        "a UTF-16 file cut in the middle of a character": (
            b"\xff\xfe" + "# Bad\n".encode("utf-16-le") + b"\x41",
            1,
            "undecodable-bytes",
        ),
        "a NUL character": (b"# Bad\n\nA\0B\n", 1, "nul-character"),
        "a line of ten million characters": (
            b"# Bad\n\n" + b"word " * 2_000_000 + b"\n",
            0,
            "overlong-line",
        ),
        "front matter that is never closed": (
            b"---\ntitle: Bad\n\nText.\n",
            1,
            "unclosed-front-matter",
        ),
        "a code fence that is never closed": (
            b"# Bad\n\n```\n[x](nope.md)\n",
            0,
            "unclosed-code-fence",
        ),
        "a comment that is never closed": (b"# Bad\n\n<!-- oh\n\nText.\n", 1, "unclosed-comment"),
        "front matter that is a list": (b"---\n- a\n- b\n---\n# Bad\n", 1, "invalid-front-matter"),
        "front matter that is no YAML": (b"---\na: [b\n---\n# Bad\n", 1, "invalid-front-matter"),
        "front matter that is no TOML": (b"+++\na = \n+++\n# Bad\n", 1, "invalid-front-matter"),
        "a YAML bomb": (f"---\n{bomb()}\n---\n# Bad\n".encode(), 1, "invalid-front-matter"),
        "YAML nested without end": (
            b"---\na: " + b"[" * 5000 + b"]" * 5000 + b"\n---\n# Bad\n",
            1,
            "invalid-front-matter",
        ),
        "TOML nested without end": (
            b"+++\na = " + b"[" * 5000 + b"]" * 5000 + b"\n+++\n# Bad\n",
            1,
            "invalid-front-matter",
        ),
        "YAML that names a Python object": (
            b'---\ntitle: !!python/object/apply:os.system ["exit 7"]\n---\n# Bad\n',
            1,
            "wrong-front-matter-type",
        ),
    }

    @pytest.mark.parametrize("case", CASES)
    def test_is_a_finding_with_its_place(
        self, case: str, make_book: MakeBook, bookpack: Run
    ) -> None:
        data, status, rule = self.CASES[case]
        book = make_book({"bad.md": data, "one.md": ONE})
        result = bookpack("build", book, "--set", 'lint.select=["BP1"]')
        assert_explained(result, status, f"{rule}: ", "book/chapters/bad.md:", "    help: ")
        assert [c["path"] for c in assert_whole(book / "build")["chapters"]] == ["bad.md", "one.md"]
        assert "The first chapter." in (book / "build" / "book-packed.md").read_text("utf-8")

    def test_lines_that_end_in_carriage_returns_alone_are_lines(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book(
            {"old.md": b"# Old\r\rSee [two](two.md).\r\r## Part\r\rMore.\r"}
            | {"two.md": TWO, "one.md": ONE}
        )
        result = bookpack("check", book)
        assert result.returncode == 0
        assert "old.md:1:1: info BP112 carriage-return-lines" in result.stdout
        assert bookpack("build", book).returncode == 0
        pack = (book / "build" / "book-packed.md").read_bytes()
        assert b"\r" not in pack
        assert f"See [two]({BASE}/two/).\n\n## Part\nurl: {BASE}/old/#part\n".encode() in pack

    def test_absurd_text_is_read_to_its_end(self, make_book: MakeBook, bookpack: Run) -> None:
        texts = (
            ">" * 10_000 + " deep",
            "[" * 50_000,
            "`" * 100_000,
            " ".join("`" * length for length in range(1, 1_000)),
            "*a _b " * 30_000,
            "![" * 50_000,
            "<a b='" * 30_000,
            "<!--" * 30_000,
            "[a](" * 30_000,
            "[a](" + "(" * 50_000,
            "| a " * 5_000 + "\n" + "|--" * 5_000,
            "$" * 100_000,
            "&amp;" * 50_000,
            "[a]: b\n" * 5_000,
            "".join(f"[^{number}]: note\n\n" for number in range(2_000)),
            '<img src="a.png" alt="words"> ' * 3_000,
            "\n".join("  " * depth + "- a" for depth in range(500)),
        )
        chapters = {f"{n}.md": f"# Absurd {n}\n\n{text}\n" for n, text in enumerate(texts)}
        book = make_book({**chapters, "last.md": ONE})
        result = bookpack("build", book, "--set", "lint.fail-on=never")
        assert_explained(result, 0)
        manifest = assert_whole(book / "build")
        assert [chapter["path"] for chapter in manifest["chapters"]] == [*chapters, "last.md"]
        for chapter, text in zip(manifest["chapters"], texts, strict=False):
            assert chapter["title"].startswith("Absurd ")
            assert chapter["bytes"] > len(text) / 2

    def test_many_long_lines_take_no_longer_than_many_short_ones(self, make_book: MakeBook) -> None:
        # Paragraphs written as one line are common. A search that tries every place of each
        # line would need minutes for these.
        book = make_book({"long.md": "# Long\n\n" + ("word " * 9_999 + "\n\n") * 30})
        try:
            result = run_plain("check", book, timeout=20)
        except subprocess.TimeoutExpired:
            pytest.fail("30 lines of 50,000 characters take more than 20 seconds")
        assert_explained(result, 0)

    def test_draft_and_empty_files_do_not_stop_a_build(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book({"a.md": "", "b.md": "---\n---\n", "c.md": "\ufeff", "one.md": ONE})
        result = bookpack("build", book)
        assert_explained(result, 0, "empty-chapter")
        assert result.stderr.count("empty-chapter") == 3


class TestFilesThatCannotBeRead:
    """A file that cannot be read is a finding; the build neither hangs nor dies of it."""

    def unreadable(self, book: Path, result: "subprocess.CompletedProcess[str]", name: str) -> None:
        assert_explained(result, 1, f"chapters/{name}:1:1: error BP109 unreadable-file", "help:")
        manifest = assert_whole(book / "build")
        assert [chapter["path"] for chapter in manifest["chapters"]] == ["one.md"]

    def test_a_link_to_itself(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book({"one.md": ONE})
        (book / "chapters" / "loop.md").symlink_to("loop.md")
        self.unreadable(book, bookpack("build", book), "loop.md")

    def test_a_link_to_nothing(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book({"one.md": ONE})
        (book / "chapters" / "gone.md").symlink_to("nowhere.md")
        self.unreadable(book, bookpack("build", book), "gone.md")

    def test_a_named_pipe(self, make_book: MakeBook) -> None:
        book = make_book({"one.md": ONE})
        os.mkfifo(book / "chapters" / "pipe.md")
        # Opened as a file, a pipe without a writer would keep the build waiting for ever.
        try:
            result = run_plain("build", book, timeout=15)
        except subprocess.TimeoutExpired:
            pytest.fail("the build waits for somebody to write into the pipe")
        self.unreadable(book, result, "pipe.md")

    def test_a_socket(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book({"one.md": ONE})
        with socket.socket(socket.AF_UNIX) as server, contextlib.chdir(book / "chapters"):
            server.bind("socket.md")
        self.unreadable(book, bookpack("build", book), "socket.md")

    def test_a_folder_called_like_a_chapter_is_a_folder(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book({"one.md": ONE, "part.md/two.md": "# Two\n\nText.\n"})
        assert_explained(bookpack("build", book), 0)
        assert [c["path"] for c in assert_whole(book / "build")["chapters"]] == [
            "one.md",
            "part.md/two.md",
        ]

    def test_a_file_without_the_right_to_read_it(self, make_book: MakeBook) -> None:
        book = make_book({"one.md": ONE, "secret.md": TWO})
        (book / "chapters" / "secret.md").chmod(0)
        result = run_plain("build", book, privileged=False)
        self.unreadable(book, result, "secret.md")
        assert os.strerror(errno.EACCES) in result.stderr

    def test_a_folder_without_the_right_to_read_it(self, make_book: MakeBook) -> None:
        book = make_book({"one.md": ONE, "secret/two.md": TWO})
        (book / "chapters" / "secret").chmod(0)
        result = run_plain("build", book, privileged=False)
        (book / "chapters" / "secret").chmod(0o755)
        self.unreadable(book, result, "secret")

    def test_a_file_name_that_is_no_text(self, make_book: MakeBook) -> None:
        book = make_book({"one.md": ONE})
        try:
            Path(os.fsdecode(os.fsencode(book / "chapters") + b"/caf\xe9.md")).write_text(TWO)
        except OSError:
            pytest.skip("this file system takes UTF-8 names alone")
        result = subprocess.run(
            command("build", book), capture_output=True, env=PLAIN_ENVIRONMENT, timeout=60
        )
        errors = result.stderr.decode("utf-8", "replace")
        assert "Traceback" not in errors
        assert "fault of bookpack" not in errors, errors
        assert result.returncode in (0, 1)
        assert "caf" in errors
        assert_whole(book / "build")


class TestWhatLeavesTheBook:
    """Nothing outside the book's folder is read, whoever points there."""

    @pytest.fixture
    def book(self, make_book: MakeBook, tmp_path: Path) -> Path:
        write_files(tmp_path, {"outside/secret.md": "# Secret\n\nSECRET WORDS\n"})
        return make_book({"one.md": ONE})

    def outside_stays_outside(self, book: Path, tmp_path: Path) -> None:
        for data in visible_files(book / "build").values():
            assert b"SECRET" not in data

    @pytest.mark.parametrize(
        ("name", "target"),
        [
            ("stolen.md", "../../outside/secret.md"),
            ("stolen", "../../outside"),
            ("up.md", "../../outside/../outside/secret.md"),
            ("everything", "/"),
        ],
    )
    def test_a_symbolic_link_among_the_chapters(
        self, name: str, target: str, book: Path, tmp_path: Path, bookpack: Run
    ) -> None:
        (book / "chapters" / name).symlink_to(target)
        result = bookpack("build", book)
        assert_explained(result, 1, f"chapters/{name}:1:1: error BP110 file-outside-book")
        self.outside_stays_outside(book, tmp_path)

    def test_a_symbolic_link_inside_the_book_is_followed(self, book: Path, bookpack: Run) -> None:
        write_files(book, {"shared/two.md": "# Two\n\nShared words.\n"})
        (book / "chapters" / "two.md").symlink_to("../shared/two.md")
        assert_explained(bookpack("build", book), 0)
        assert "Shared words." in (book / "build" / "book-packed.md").read_text("utf-8")

    def test_symbolic_links_in_a_circle_end(self, book: Path, bookpack: Run) -> None:
        (book / "chapters" / "again").symlink_to(".")
        (book / "chapters" / "deep").mkdir()
        (book / "chapters" / "deep" / "up").symlink_to("..")
        assert_explained(bookpack("build", book), 0)
        assert len(assert_whole(book / "build")["chapters"]) == 1

    def test_the_chapter_folder_itself(self, book: Path, tmp_path: Path, bookpack: Run) -> None:
        shutil.rmtree(book / "chapters")
        (book / "chapters").symlink_to("../outside")
        result = bookpack("build", book)
        assert_explained(result, result.returncode, "chapters")
        assert result.returncode in (1, 2)
        self.outside_stays_outside(book, tmp_path)

    def test_a_source_that_is_a_link(self, book: Path, tmp_path: Path, bookpack: Run) -> None:
        (book / "text").symlink_to("../outside")
        result = bookpack("build", book, "--set", "layout.source=text")
        assert_explained(result, result.returncode, "text")
        assert result.returncode in (1, 2)
        self.outside_stays_outside(book, tmp_path)

    @pytest.mark.parametrize(
        ("setting", "key"),
        [
            ('layout.source="../outside"', "source"),
            ('layout.source="chapters/../../outside"', "source"),
            (r'layout.source="C:\\Windows"', "source"),
            ('layout.chapters=["../outside/secret.md"]', "chapters"),
            ('pack.file="../stolen"', "file"),
            (r'pack.file="..\\stolen"', "file"),
        ],
    )
    def test_a_path_in_the_settings(
        self, setting: str, key: str, book: Path, bookpack: Run
    ) -> None:
        result = bookpack("build", book, "--set", setting)
        assert_explained(result, 2, f" {key} must ")
        assert not (book / "build").exists()

    def test_a_link_and_a_picture(self, book: Path, tmp_path: Path, bookpack: Run) -> None:
        write_files(
            book,
            {
                "chapters/links.md": "# Links\n\n[a](../../outside/secret.md)\n\n"
                "![b](../../outside/b.png)\n\n[c](/../../outside/secret.md)\n"
            },
        )
        result = bookpack("build", book)
        assert_explained(result, 1)
        assert result.stderr.count("link-out-of-book") == 3
        assert "Link to the published address instead." in result.stderr
        self.outside_stays_outside(book, tmp_path)

    def test_a_picture_that_is_a_link_to_outside(
        self, book: Path, tmp_path: Path, bookpack: Run
    ) -> None:
        write_files(tmp_path, {"outside/p.png": b"\x89PNG"})
        (book / "chapters" / "p.png").symlink_to("../../outside/p.png")
        write_files(book, {"chapters/two.md": "# Two\n\n![A picture](p.png)\n"})
        result = bookpack("build", book)
        assert "wrong-case" not in result.stderr
        assert_explained(result, 1, "chapters/two.md:3:14: error", "chapters/p.png")


class TestTheBookItself:
    """BOOK and its settings: what is missing is named."""

    def test_that_does_not_exist(self, bookpack: Run, tmp_path: Path) -> None:
        for name in ("build", "check"):
            assert_explained(bookpack(name, "nowhere"), 2, "nowhere does not exist")
        assert not (tmp_path / "nowhere").exists()

    def test_that_is_a_file(self, bookpack: Run, tmp_path: Path) -> None:
        write_files(tmp_path, {"book.md": ONE})
        for name in ("build", "check", "init"):
            assert_explained(bookpack(name, "book.md"), 2, "book.md is a file")
        assert (tmp_path / "book.md").read_text("utf-8") == ONE

    def test_without_an_address(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book({"one.md": ONE}, settings='[book]\ntitle = "A Book"\n')
        assert_explained(bookpack("build", book), 2, "base URL", "--url", "bookpack.toml")
        assert not (book / "build").exists()
        assert_explained(bookpack("build", book, "--url", BASE), 0)

    def test_without_any_chapter_folder(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book({"one.md": ONE}, settings=SETTINGS + '[layout]\nsource = "text"\n')
        assert_explained(bookpack("build", book), 2, "no folder", "text", "source")

    @pytest.mark.parametrize("kind", ["link to itself", "link to nothing", "folder"])
    def test_with_settings_that_cannot_be_read(
        self, kind: str, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book({"one.md": ONE})
        file = book / "bookpack.toml"
        file.unlink()
        if kind == "folder":
            file.mkdir()
        else:
            file.symlink_to("bookpack.toml" if kind == "link to itself" else "nowhere.toml")
        result = bookpack("build", book, "--url", BASE)
        assert_explained(result, 2, "bookpack.toml")
        assert not (book / "build").exists()


class TestTheOutputFolder:
    """Output never mixes with the book's own text."""

    def test_inside_the_chapters(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book({"one.md": ONE})
        result = bookpack("build", book, "--out", book / "chapters" / "build")
        assert_explained(result, 2, "inside the chapters", "--out")
        assert not (book / "chapters" / "build").exists()

    @pytest.mark.parametrize("out", [".", "..", "chapters", "chapters/.."])
    def test_that_holds_the_book(self, out: str, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book({"one.md": ONE})
        before = visible_files(book.parent)
        assert_explained(bookpack("build", book, "--out", book / out), 2, "--out")
        assert visible_files(book.parent) == before

    def test_that_is_a_file(self, make_book: MakeBook, bookpack: Run, tmp_path: Path) -> None:
        book = make_book({"one.md": ONE})
        write_files(tmp_path, {"out": "precious"})
        assert_explained(bookpack("build", book, "--out", "out"), 2, "out is a file", "--out")
        assert (tmp_path / "out").read_text("utf-8") == "precious"

    def test_below_a_file(self, make_book: MakeBook, bookpack: Run, tmp_path: Path) -> None:
        book = make_book({"one.md": ONE})
        write_files(tmp_path, {"file": "precious"})
        result = bookpack("build", book, "--out", "file/out")
        assert_explained(result, 3, "file/out", os.strerror(errno.ENOTDIR))
        assert (tmp_path / "file").read_text("utf-8") == "precious"

    def test_that_holds_foreign_markdown_beside_the_chapters(
        self, tmp_path: Path, bookpack: Run
    ) -> None:
        book = write_files(
            tmp_path / "book",
            {"bookpack.toml": SETTINGS, "one.md": ONE, "notes/two.md": TWO},
        )
        before = visible_files(book)
        result = bookpack("build", book, "--out", book / "notes")
        assert_explained(result, 2, "notes", "Markdown", "--out")
        assert visible_files(book) == before

    def test_of_an_earlier_build_is_never_read_as_chapters(
        self, tmp_path: Path, bookpack: Run
    ) -> None:
        book = write_files(tmp_path / "book", {"bookpack.toml": SETTINGS, "one.md": ONE})
        assert bookpack("build", book, "--out", book / "dist").returncode == 0
        assert bookpack("build", book).returncode == 0
        manifest = assert_whole(book / "build")
        assert [chapter["path"] for chapter in manifest["chapters"]] == ["one.md"]

    def test_without_the_right_to_make_it(self, make_book: MakeBook, tmp_path: Path) -> None:
        book = make_book({"one.md": ONE})
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o555)
        result = run_plain("build", book, "--out", closed / "out", privileged=False)
        assert_explained(result, 3, "closed/out", os.strerror(errno.EACCES), "run again")
        assert not any(closed.iterdir())

    def test_without_the_right_to_change_it(self, make_book: MakeBook) -> None:
        book = make_book({"one.md": ONE})
        assert run_plain("build", book).returncode == 0
        before = visible_files(book / "build")
        write_files(book, {"chapters/two.md": "# Two\n\nText.\n"})
        (book / "build").chmod(0o555)
        result = run_plain("build", book, privileged=False)
        (book / "build").chmod(0o755)
        assert_explained(result, 3, "build", os.strerror(errno.EACCES))
        assert visible_files(book / "build") == before


class TestAFullDisk:
    """Nothing is half written, and the next build on a mended disk is whole."""

    def test_of_64_kilobytes(self, make_book: MakeBook, small_disk: Path) -> None:
        book = make_book({"one.md": ONE})
        out = small_disk / "out"
        pack = ("build", "--only", "pack")
        assert_explained(run_plain(*pack, book, "--out", out), 0)
        before = visible_files(out)
        # Noise, so that no disk can pack it smaller.
        noise = random.Random(1).randbytes(100_000).hex()
        write_files(book, {"chapters/two.md": f"# Two\n\n{noise}\n"})
        # With and without the pages of the site, which do not fit either.
        for command in (pack, ("build",)):
            result = run_plain(*command, book, "--out", out)
            assert_explained(result, 3, str(out), os.strerror(errno.ENOSPC), "run again")
            assert visible_files(out) == before
            assert_whole(out)
        write_files(book, {"chapters/two.md": "# Two\n\nShort.\n"})
        assert_explained(run_plain(*pack, book, "--out", out), 0)
        assert len(assert_whole(out)["chapters"]) == 2

    def test_that_is_full_before_the_first_build(
        self, make_book: MakeBook, small_disk: Path
    ) -> None:
        book = make_book({"one.md": f"# One\n\n{random.Random(1).randbytes(100_000).hex()}\n"})
        out = small_disk / "out"
        assert_explained(run_plain("build", book, "--out", out), 3, os.strerror(errno.ENOSPC))
        assert not visible_files(small_disk)
        assert not out.exists()

    def test_in_the_middle_of_unpacking(self, make_book: MakeBook, small_disk: Path) -> None:
        noise = random.Random(1).randbytes(30_000).hex()
        book = make_book({f"{n}.md": f"# Chapter {n}\n\n{noise}\n" for n in range(4)})
        assert run_plain("build", book, "-q").returncode == 0
        result = run_plain("unpack", book / "build" / "book-packed.md", "--out", small_disk / "out")
        assert_explained(result, 3, os.strerror(errno.ENOSPC))
        assert not list(small_disk.iterdir())

    def test_that_limits_the_size_of_a_file(self, make_book: MakeBook) -> None:
        book = make_book({"one.md": ONE})
        assert run_plain("build", book).returncode == 0
        before = visible_files(book / "build")
        write_files(book, {"chapters/two.md": "# Two\n\n" + "word " * 20_000})

        def limit() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

        for only in ("pack", "site"):
            result = run_plain("build", "--only", only, book, preexec_fn=limit)
            assert_explained(result, 3, os.strerror(errno.EFBIG), "run again")
            assert visible_files(book / "build") == before
            assert_whole(book / "build")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
    def test_behind_standard_output(self, make_book: MakeBook) -> None:
        book = make_book({"one.md": ONE})
        with Path("/dev/full").open("w") as full:
            result = subprocess.run(
                command("build", book),
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                env=PLAIN_ENVIRONMENT,
                timeout=60,
            )
        assert_explained(result, 3, os.strerror(errno.ENOSPC))
        assert "::" not in result.stderr
        assert_whole(book / "build")


class TestAReaderThatGoesAway:
    """`bookpack check | head -1` is no accident."""

    @pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
    def test_closed_standard_output(self, form: str, make_book: MakeBook) -> None:
        links = "".join(f"[x](nowhere-{number}.md)\n\n" for number in range(2_000))
        book = make_book({"one.md": f"# One\n\n{links}"})
        process = subprocess.Popen(
            command("check", "-q", book, "--format", form),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=PLAIN_ENVIRONMENT,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read().decode()
        process.stderr.close()
        process.wait(60)
        assert errors == ""
        assert process.returncode in (0, 1)

    def test_no_standard_output_at_all(self, make_book: MakeBook) -> None:
        book = make_book({"one.md": ONE})
        shell = ["sh", "-c", 'exec "$@" >&-', "sh", *command("build", book)]
        result = subprocess.run(
            shell, stderr=subprocess.PIPE, text=True, env=PLAIN_ENVIRONMENT, timeout=60
        )
        assert "Traceback" not in result.stderr
        assert_whole(book / "build")


class TestAPackThatIsNone:
    """`unpack` refuses what it cannot read back to the last byte, and writes nothing then."""

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "not a packed file"),
            (b"Hello.\n", "not a packed file"),
            (b"# A chapter\n\n## File: a.md\n\nText.\n", "not a packed file"),
            (b"{}", "not a packed file"),
            (b'{"files": []}', "not a packed file"),
            (b'{"files": {"a.md": 7}}', "not a packed file"),
            (b'{"files": {"a.md": "cut', "not a packed file"),
            (b"{" * 100_000, "not a packed file"),
            (b'{"files": {"a.md": "\\ud800"}}', ""),
            (bytes(range(256)) * 20, "UTF-8"),
            (b"\x89PNG\r\n\x1a\n" + b"\0" * 500, "UTF-8"),
        ],
    )
    def test_is_refused(self, content: bytes, words: str, tmp_path: Path, bookpack: Run) -> None:
        write_files(tmp_path, {"pack": content})
        assert_explained(bookpack("unpack", "pack", "--out", "out"), 3, "pack", words)
        assert not (tmp_path / "out").exists()

    def test_that_is_a_folder_or_nothing(self, tmp_path: Path, bookpack: Run) -> None:
        (tmp_path / "folder").mkdir()
        assert_explained(bookpack("unpack", "folder", "--out", "out"), 2, "folder")
        assert_explained(bookpack("unpack", "nothing", "--out", "out"), 3, "nothing")
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize("style", STYLES)
    def test_that_was_cut_anywhere(self, style: str, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book({"one.md": ONE, "two.md": TWO, "three.md": "# Three\n\nThe end.\n"})
        assert bookpack("build", book, "--style", style).returncode == 0
        manifest = assert_whole(book / "build")
        data = (book / "build" / manifest["file"]).read_bytes()
        whole = read_pack(data, "pack").files
        accepted = []
        for length in range(len(data)):
            try:
                files = read_pack(data[:length], "pack").files
            except BookpackError:
                continue
            if files != whole:
                accepted.append(length)
        assert accepted == [], f"{len(accepted)} cuts lost text in silence"

    @pytest.mark.parametrize("style", STYLES)
    def test_that_was_cut_in_the_middle_says_so(
        self, style: str, make_book: MakeBook, bookpack: Run, tmp_path: Path
    ) -> None:
        book = make_book({"one.md": ONE, "two.md": TWO, "three.md": "# Three\n\nThe end.\n"})
        assert bookpack("build", book, "--style", style).returncode == 0
        manifest = assert_whole(book / "build")
        data = (book / "build" / manifest["file"]).read_bytes()
        write_files(tmp_path, {manifest["file"]: data[: data.index(b"More.")]})
        result = bookpack("unpack", manifest["file"], "--out", "out")
        assert_explained(result, 3, manifest["file"] if style == "json" else "packed file")
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize(
        "path",
        [
            "../evil.md",
            "/evil.md",
            "a/../../evil.md",
            "..",
            "./evil.md",
            "a//evil.md",
            "C:/evil.md",
            "C:\\evil.md",
            "c:evil.md",
            "..\\evil.md",
            "\\\\host\\share\\evil.md",
        ],
    )
    @pytest.mark.parametrize("style", STYLES)
    def test_whose_files_would_leave_the_folder(
        self, style: str, path: str, tmp_path: Path
    ) -> None:
        pack = foreign_pack(style, {"good.md": "Good\n", path: "Evil\n"})
        write_files(tmp_path, {"work/pack": pack})
        with pytest.raises(WorldError, match="Nothing was written"):
            unpack(tmp_path / "work" / "pack", tmp_path / "work" / "out")
        assert visible_files(tmp_path) == {"work/pack": pack.encode()}

    def test_whose_files_would_leave_the_folder_is_status_3(
        self, tmp_path: Path, bookpack: Run
    ) -> None:
        write_files(tmp_path, {"work/pack": foreign_pack("markdown", {"../evil.md": "Evil\n"})})
        result = bookpack("unpack", "work/pack", "--out", "work/out")
        assert_explained(result, 3, "../evil.md", "leave the output folder", "Nothing was written")
        assert [file.name for file in (tmp_path / "work").iterdir()] == ["pack"]

    def test_foreign_packs_of_this_form_are_read_when_they_are_safe(
        self, tmp_path: Path, bookpack: Run
    ) -> None:
        # The test above would prove nothing if these packs were refused for another reason.
        for style in STYLES:
            write_files(tmp_path, {"pack": foreign_pack(style, {"good.md": "Good\n"})})
            assert bookpack("unpack", "pack", "--out", style).returncode == 0
            assert (tmp_path / style / "good.md").read_text("utf-8") == "Good\n"

    def test_into_a_folder_that_is_not_empty(
        self, make_book: MakeBook, bookpack: Run, tmp_path: Path
    ) -> None:
        book = make_book({"one.md": ONE})
        assert bookpack("build", book).returncode == 0
        pack = book / "build" / "book-packed.md"
        write_files(tmp_path, {"full/file": "precious", "file": "precious"})
        assert_explained(bookpack("unpack", pack, "--out", "full"), 2, "full is not empty", "--out")
        assert_explained(bookpack("unpack", pack, "--out", "file"), 2, "file", "--out")
        assert visible_files(tmp_path / "full") == {"file": b"precious"}
        assert (tmp_path / "file").read_text("utf-8") == "precious"

    def test_with_a_manifest_that_is_none(
        self, make_book: MakeBook, bookpack: Run, tmp_path: Path
    ) -> None:
        book = make_book({"one.md": ONE})
        assert bookpack("build", book).returncode == 0
        pack = book / "build" / "book-packed.md"
        for content in (b"", b"[]", b"7", b"\xff", b'{"chapters": 7}', b'{"chapters": [{}]}'):
            write_files(tmp_path, {"manifest": content})
            result = bookpack("unpack", pack, "--out", "out", "--verify", "manifest")
            assert_explained(result, 3, "manifest")
            assert not (tmp_path / "out").exists()
        result = bookpack("unpack", pack, "--out", "out", "--verify", "nowhere")
        assert_explained(result, 3, "nowhere")

    @pytest.mark.parametrize("style", STYLES)
    def test_that_somebody_damaged(self, style: str, make_book: MakeBook, bookpack: Run) -> None:
        """Any damage is refused or read; it is never a crash."""
        book = make_book({"one.md": ONE, "two.md": TWO})
        assert bookpack("build", book, "--style", style).returncode == 0
        data = (book / "build" / assert_whole(book / "build")["file"]).read_bytes()
        lines = data.splitlines(keepends=True)
        chance = random.Random(7)
        odd = (b"| 9 | a | b | c | 1 | 99 |\n", b"## File: \n", b'<file path="">\n', b"\xff", b"{}")
        for _ in range(300):
            damaged = lines.copy()
            for _ in range(chance.randint(1, 3)):
                place = chance.randrange(len(damaged))
                what = chance.randrange(4)
                if what == 0:
                    del damaged[place]
                elif what == 1:
                    damaged[place] = damaged[chance.randrange(len(damaged))]
                elif what == 2:
                    damaged[place] = damaged[place].replace(b"1", b"9" * 5000)
                else:
                    damaged.insert(place, chance.choice(odd))
            with contextlib.suppress(BookpackError):
                assert read_pack(b"".join(damaged), "pack").files


def foreign_pack(style: str, files: Mapping[str, str]) -> str:
    """Return a packed file as repomix lays it out, in `style`."""
    if style == "json":
        return json.dumps({"files": dict(files)})
    if style == "xml":
        body = "".join(f'<file path="{path}">\n{text}</file>\n\n' for path, text in files.items())
        return f"A codebase.\n\n<files>\n{body}</files>\n"
    if style == "plain":
        line = "=" * 16
        body = "".join(f"{line}\nFile: {path}\n{line}\n{text}\n" for path, text in files.items())
        return f"A codebase.\n\n{body}\n{'=' * 64}\nEnd of Codebase\n{'=' * 64}\n"
    body = "".join(f"## File: {path}\n````\n{text}````\n\n" for path, text in files.items())
    return f"A codebase.\n\n# Files\n\n{body}"


def command_without_privileges(*arguments: str | Path) -> list[str]:
    """Return a command that file permissions hold back, even where the superuser runs it.

    Skips where the superuser cannot give that privilege away.
    """
    if os.geteuid() != 0:
        return command(*arguments)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("the superuser passes every file permission, and there is no setpriv here")
    return [setpriv, "--bounding-set=-dac_override,-dac_read_search", *command(*arguments)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 64 KB; skips where this user may not mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    mounted = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=64k", "bookpack-test", place], capture_output=True
    )
    if not mounted or mounted.returncode != 0:
        pytest.skip("mounting a small disk takes rights that this user has not")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
