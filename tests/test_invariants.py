"""What must hold for every build, whatever the book and the machine.

No network; the same bytes whatever locale, time zone, hash seed and order of files; no write
outside the output folder, no read outside the book, but for the user's cache and a temporary
folder that is gone at the end; every file whole. Python's own audit events are the witness: they
tell of every file, socket and process before it is opened.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from gzip import decompress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from bookpack.editions.web.indexer import find_indexer
from conftest import BASE, PICTURE, SETTINGS, SHARED, needs_shared, write_files

MakeBook = Callable[..., Path]

CHAPTERS = {
    "README.md": "---\ntitle: Welcome\n---\nSee [ten](10-ten.md#café) and ![a map](img/map.png).\n",
    "2-two.md": "# Two\nurl: /zwei/\n\nText.[^1]\n\n[^1]: A note with [ten].\n\n[ten]: 10-ten.md\n",
    "10-ten.md": "# Zehn “x”\n\n## Café\n\nTODO: $5 and `code` — 漢字, İ, ß.\n\n[x](nowhere.md)\n",
    "part/a.md": "# A\n\n[two](../2-two.md) <div>[up](/README.md)</div>\n",
    "part/B.md": "# B\n\n| a | b |\n| --- | --- |\n| ![](../img/map.png) | [a](a.md) |\n",
    "Ärger/ö.md": "# Ö\n\nText.\n",
    "draft.md": "---\ndraft: true\n---\n# Draft\n\nText.\n",
    "img/map.png": PICTURE,
}
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("COV")},
    "NO_COLOR": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}

WITNESS = """
import json, os, sys

log = open(os.dup(2), "w", buffering=1)
OF_INTEREST = ("open", "os.", "socket.", "subprocess.", "shutil.", "urllib.", "ssl.", "tempfile.")


def tell(event, arguments):
    if not event.startswith(OF_INTEREST) or event in ("os.putenv", "os.fork"):
        return
    flags = arguments[2] if event == "open" else 0
    paths = [os.fsdecode(a) for a in arguments if isinstance(a, (str, bytes, os.PathLike))]
    print("EVENT", json.dumps([event, paths, flags or 0]), file=log)


import bookpack.cli
sys.addaudithook(tell)
bookpack.cli.main(sys.argv[1:])
"""
"""Runs the command line and tells on stderr of every file, socket and process it touches."""


@pytest.fixture
def book(make_book: MakeBook) -> Path:
    return make_book(CHAPTERS)


def run(*command: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**ENVIRONMENT, **environment},
        timeout=120,
    )


def bookpack(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return run(sys.executable, "-m", "bookpack", *arguments, **environment)


def events(*arguments: str | Path, **environment: str) -> Iterator[tuple[str, list[str], int]]:
    """Run the command line under the witness and yield event, paths and flags of opening."""
    result = run(sys.executable, "-c", WITNESS, *arguments, **environment)
    assert result.returncode in (0, 1), result.stderr[-2000:]
    told = [line for line in result.stderr.splitlines() if line.startswith("EVENT ")]
    assert len(told) > 10
    for line in told:
        name, paths, flags = json.loads(line.removeprefix("EVENT "))
        yield name, paths, flags


def outputs(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".bookpack.lock"
    }


class TestNoNetwork:
    STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn")

    @pytest.mark.parametrize("arguments", ["build", "build --only pack", "check"])
    def test_opens_no_socket_and_starts_no_process_but_the_indexer(
        self, arguments: str, book: Path
    ) -> None:
        told = list(events(*arguments.split(), book))
        names = [name for name, _, _ in told]
        assert "open" in names
        assert not [n for n in names if n.startswith(("socket.", "urllib.", "ssl."))]
        started = [(name, paths[0]) for name, paths, _ in told if name in self.STARTS]
        indexer = find_indexer() if arguments == "build" else None
        assert started == ([("subprocess.Popen", str(indexer.program))] if indexer else [])

    def test_the_witness_sees_sockets(self) -> None:
        # Without this, silence above would prove nothing.
        code = WITNESS.replace(
            "bookpack.cli.main(sys.argv[1:])", "import socket; socket.socket().close()"
        )
        assert '"socket.__new__"' in run(sys.executable, "-c", code).stderr

    def test_works_where_there_is_no_network(self, book: Path) -> None:
        unshare = shutil.which("unshare")
        if not unshare or run(unshare, "-n", "true").returncode != 0:
            pytest.skip("taking the network away from a process takes rights that this user lacks")
        alone = run(
            unshare, "-n", sys.executable, "-m", "bookpack", "build", book, "--out", "/dev/null/x"
        )
        assert alone.returncode == 3
        assert run(unshare, "-n", sys.executable, "-m", "bookpack", "build", book).returncode == 1
        assert bookpack("build", book, "--out", book / "online").returncode == 1
        assert pack_of(book / "build") == pack_of(book / "online")


def pack_of(out: Path) -> bytes:
    return (out / "book-packed.md").read_bytes()


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A book that was built once, and what came out."""
    book = tmp_path_factory.mktemp("reference") / "book"
    chapters = {f"chapters/{path}": text for path, text in CHAPTERS.items()}
    write_files(book, {"bookpack.toml": SETTINGS, **chapters})
    result = bookpack("build", book)
    assert result.returncode == 1, result.stderr
    return book, outputs(book / "build")


class TestTheSameBytes:
    @pytest.mark.parametrize(
        "environment",
        [
            {"LC_ALL": "C"},
            {"LC_ALL": "C.UTF-8"},
            {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
            {"LC_ALL": "de_DE.ISO-8859-1"},
            {"TZ": "Pacific/Kiritimati"},
            {"TZ": "America/St_Johns"},
            {"PYTHONHASHSEED": "1"},
            {"PYTHONHASHSEED": "2"},
            {"COLUMNS": "20", "LINES": "5"},
            {"PYTHONOPTIMIZE": "2"},
            {"SOURCE_DATE_EPOCH": "1"},
            {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null", "BOOKPACK_CACHE": ""},
        ],
        ids=lambda environment: " ".join("=".join(item) for item in environment.items()),
    )
    def test_in_any_environment(
        self,
        environment: dict[str, str],
        reference: tuple[Path, dict[str, bytes]],
        tmp_path: Path,
    ) -> None:
        book, expected = reference
        result = bookpack("build", book, "--out", tmp_path / "out", **environment)
        assert result.returncode == 1
        assert outputs(tmp_path / "out") == expected

    @pytest.mark.parametrize("seed", range(3))
    def test_in_any_order_of_files_at_any_time(
        self, seed: int, reference: tuple[Path, dict[str, bytes]], tmp_path: Path
    ) -> None:
        _, expected = reference
        paths = list(CHAPTERS)
        chance = random.Random(seed)
        chance.shuffle(paths)
        book = write_files(tmp_path / "book", {"bookpack.toml": SETTINGS})
        for number, path in enumerate(paths):
            write_files(book, {f"chapters/{path}.new": CHAPTERS[path]})
            (book / "chapters" / f"{path}.new").rename(book / "chapters" / path)
            then = chance.randrange(2_000_000_000)
            os.utime(book / "chapters" / path, (then, then + number))
        assert bookpack("build", book).returncode == 1
        assert outputs(book / "build") == expected

    def test_wherever_the_book_lies(
        self, reference: tuple[Path, dict[str, bytes]], tmp_path: Path
    ) -> None:
        book, expected = reference
        place = tmp_path / "a folder with blanks & ümläuts" / "book"
        shutil.copytree(book, place, ignore=shutil.ignore_patterns("build"))
        assert bookpack("build", place).returncode == 1
        assert outputs(place / "build") == expected

    @pytest.mark.parametrize("style", ["markdown", "xml", "plain", "json"])
    def test_say_nothing_of_this_machine(self, style: str, book: Path) -> None:
        assert bookpack("build", book, "--style", style).returncode == 1
        traces = [path.encode() for path in (str(book), str(Path.home()), sys.prefix)]
        # A short name may stand in a picture by chance.
        name = re.compile(rf"\b{re.escape(os.uname().nodename)}\b")
        for path, data in outputs(book / "build").items():
            told = decompress(data) if data.startswith(b"\x1f\x8b") else data
            assert not [trace for trace in traces if trace in told], path
            with suppress(UnicodeDecodeError):
                assert not name.search(told.decode()), path


class TestItsOwnPlace:
    """Reads stay in the book (and in Python); writes stay in the output folder.

    What is known of pictures is kept in the user's cache, and the index of the site's pages is
    made in a temporary folder that is removed again.
    """

    @pytest.fixture
    def besides(self, tmp_path: Path) -> Iterator[dict[str, str]]:
        """Where the user's cache and temporary files shall be."""
        cache, temporary = tmp_path / "cache", tmp_path / "temporary"
        temporary.mkdir()
        yield {"BOOKPACK_CACHE": str(cache), "TMPDIR": str(temporary)}
        assert list(temporary.iterdir()) == []

    @staticmethod
    def is_in(path: str, *folders: Path | str) -> bool:
        return any(Path(path).resolve().is_relative_to(Path(f).resolve()) for f in folders)

    def changes(self, *arguments: str | Path, **besides: str) -> Iterator[str]:
        """Yield every path that a command changes, or opens to write, `besides` left aside."""
        for name, paths, flags in events(*arguments, **besides):
            opened_to_write = name == "open" and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if opened_to_write or name in (
                "os.rename",
                "os.link",
                "os.symlink",
                "os.remove",
                "os.mkdir",
                "os.rmdir",
                "os.truncate",
                "os.chmod",
                "os.chown",
                "os.utime",
            ):
                # Names below an open folder, as `shutil.rmtree` uses them, are not absolute.
                for path in paths:
                    if Path(path).is_absolute() and not self.is_in(path, *besides.values()):
                        yield path

    def test_build_writes_into_its_output_folder_alone(
        self, book: Path, besides: dict[str, str], tmp_path: Path
    ) -> None:
        out = tmp_path / "somewhere" / "out"
        changed = list(self.changes("build", book.resolve(), "--out", out.resolve(), **besides))
        assert changed
        assert [path for path in changed if not self.is_in(path, out.parent)] == []
        assert {path.name for path in out.parent.iterdir()} == {"out"}

    def test_check_writes_nothing(self, book: Path, besides: dict[str, str]) -> None:
        assert list(self.changes("check", book.resolve(), **besides)) == []

    def test_an_unchanged_build_writes_nothing(self, book: Path) -> None:
        assert list(self.changes("build", book.resolve()))
        assert list(self.changes("build", book.resolve())) == []

    @pytest.mark.parametrize("command", ["build", "check"])
    def test_reads_stay_in_the_book(
        self, command: str, book: Path, besides: dict[str, str], tmp_path: Path
    ) -> None:
        write_files(tmp_path, {"outside.md": "# Outside\n\nText.\n", "outside/more.md": "# More\n"})
        links = "# L\n\n[a](../../outside.md) ![b](/etc/passwd) [c](//etc/hosts)\n"
        write_files(book, {"chapters/links.md": links})
        (book / "chapters" / "stolen.md").symlink_to("../../outside.md")
        (book / "chapters" / "stolen").symlink_to("../../outside")
        python = [sys.prefix, sys.base_prefix, *(path for path in sys.path if path)]
        read = [
            path
            for name, paths, _ in events(command, book.resolve(), **besides)
            for path in paths
            if name in ("open", "os.listdir", "os.scandir")
        ]
        assert any(path.endswith("2-two.md") for path in read)
        elsewhere = [
            path
            for path in read
            if not self.is_in(path, book, *python, *besides.values())
            and not path.startswith("/dev/")
        ]
        assert elsewhere == []

    def test_unpacking_writes_into_its_folder_alone(self, book: Path, tmp_path: Path) -> None:
        assert bookpack("build", book).returncode == 1
        place = tmp_path / "place"
        place.mkdir()
        pack = book.resolve() / "build" / "book-packed.md"
        changed = list(self.changes("unpack", pack, "--out", place.resolve() / "out"))
        assert changed
        assert [path for path in changed if not self.is_in(path, place)] == []
        assert [path.name for path in place.iterdir()] == ["out"]


class TestWholeFiles:
    @pytest.mark.parametrize("style", ["markdown", "xml", "plain", "json"])
    def test_the_manifest_describes_every_byte(self, style: str, book: Path) -> None:
        assert bookpack("build", book, "--style", style).returncode == 1
        manifest: dict[str, Any] = json.loads((book / "build" / "manifest.json").read_text("utf-8"))
        data = (book / "build" / manifest["file"]).read_bytes()
        assert sha256(data).hexdigest() == manifest["sha256"]
        assert len(data) == manifest["bytes"]
        assert manifest["url"] == BASE
        lines = data.split(b"\n")
        for chapter in manifest["chapters"]:
            place = lines[chapter["first_line"] - 1 : chapter["last_line"]]
            text = b"".join(line + b"\n" for line in place)
            if style == "json":
                text = json.loads(data)["files"][chapter["path"]].encode()
            assert sha256(text).hexdigest() == chapter["sha256"]
            assert len(text) == chapter["bytes"]

    def test_files_have_the_rights_that_other_files_get(self, book: Path) -> None:
        previous = os.umask(0o027)
        try:
            assert bookpack("build", book).returncode == 1
            assert (
                bookpack(
                    "unpack", book / "build" / "book-packed.md", "--out", book.parent / "again"
                ).returncode
                == 0
            )
        finally:
            os.umask(previous)
        for folder in (book / "build", book.parent / "again"):
            assert folder.stat().st_mode & 0o777 == 0o750
            for file in folder.rglob("*.*"):
                if file.is_file():
                    assert file.stat().st_mode & 0o777 == 0o640

    def test_outputs_are_no_links_to_anything(self, book: Path) -> None:
        for _ in range(2):
            assert bookpack("build", book).returncode == 1
            for file in (book / "build").rglob("*"):
                assert not file.is_symlink()
                assert file.is_dir() or file.stat().st_nlink == 1
            write_files(book, {"chapters/more.md": "# More\n\nText.\n"})


@needs_shared
@pytest.mark.parametrize(
    "name", [path.name for path in sorted((SHARED / "books").glob("*/"))] or ["none"]
)
def test_a_real_book_gives_the_same_bytes_twice(name: str, tmp_path: Path) -> None:
    book = SHARED / "books" / name
    options = ("--url", BASE, "--set", "lint.fail-on=never", "-q")
    seen = []
    for number, environment in enumerate(
        ({"LC_ALL": "C"}, {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"})
    ):
        out = tmp_path / str(number)
        result = bookpack("build", book, "--out", out, *options, **environment)
        assert result.returncode == 0, result.stderr[-2000:]
        assert "Traceback" not in result.stderr
        seen.append(outputs(out))
    assert seen[0] == seen[1]
    manifest = json.loads(seen[0]["manifest.json"])
    assert sha256(seen[0][manifest["file"]]).hexdigest() == manifest["sha256"]
