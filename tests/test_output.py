"""The output folder is either the old one or the new one, and an unchanged book writes nothing.

Builds are interrupted by real signals at every single step that changes the folder, several
builds run at once, and files are changed, lost and damaged between builds.
"""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from bookpack import pipeline
from bookpack.config import load_settings
from bookpack.output import read_stamp, write_folder, write_new_folder
from conftest import BASE, PICTURE, SETTINGS, write_files

Run = Callable[..., "subprocess.CompletedProcess[str]"]
MakeBook = Callable[..., Path]
State = dict[str, tuple[int, int, bytes]]

ONE = "# One\n\nThe first chapter, with a [link](two.md).\n"
TWO = "# Two\n\nThe second chapter.\n"
PACK = "book-packed.md"
PACK_ALONE = ("build", "--only", "pack")
SIGINT = str(int(signal.SIGINT))
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("COV")},
    "NO_COLOR": "1",
}

WATCH = """
import os, signal, sys

folder, step, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
steps = 0


def watch(event, arguments):
    global steps
    if event not in ("open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir",
                     "fcntl.flock", "tempfile.mkdtemp"):
        return
    if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        return
    named = any(str(argument).startswith(folder) for argument in arguments)
    if named or event in ("os.remove", "os.rmdir", "fcntl.flock"):
        steps += 1
        if steps == step:
            os.kill(os.getpid(), number)


sys.addaudithook(watch)
"""
SIGNAL_AT_A_STEP = f"{WATCH}\nfrom bookpack.cli import main\nmain(sys.argv[4:])\n"
"""Builds, and sends itself a signal at one of the steps that change the output folder."""
WRITE_WITH_A_SIGNAL = f"""{WATCH}
from pathlib import Path
from bookpack.output import read_stamp, write_folder

signal.signal(signal.SIGTERM, signal.default_int_handler)
new = Path(sys.argv[4])
stamp = read_stamp(new)
write_folder(Path(folder), {{name: (new / name).read_bytes() for name in stamp["outputs"]}}, stamp)
"""
"""Writes what a build has written elsewhere, which is all of a build that changes the folder."""


@pytest.fixture
def bookpack(bookpack: Run) -> Run:
    """The command line, without the progress that it tells of where the machine is busy."""

    def run(*arguments: Any, **options: Any) -> "subprocess.CompletedProcess[str]":
        result = bookpack(*arguments, **options)
        result.stderr = without_progress(result.stderr)
        return result

    return run


def without_progress(text: str) -> str:
    return re.sub(r"^\w+ [\d,]+ chapters …\n", "", text, flags=re.M)


@pytest.fixture
def run_plain(python: Run) -> Run:
    """The command line, with nothing taken away from what it prints."""
    return partial(python, "-m", "bookpack")


def build(book: Path, out: Path | None = None) -> pipeline.BuildReport:
    """Build in this process, which is quicker where the command line is not the question."""
    return pipeline.build(load_settings(book), out or book / "build")


def build_pack(book: Path, out: Path | None = None) -> pipeline.BuildReport:
    """Build the packed edition, whose two files always change together."""
    return pipeline.build(load_settings(book), out or book / "build", only="pack")


@pytest.fixture
def build_with_signal(python: Run) -> Run:
    """Build the pack, with a signal at a step: `(book, step, signal)`."""

    def run(book: Path, step: int, number: int) -> "subprocess.CompletedProcess[str]":
        folder = str(book.resolve())
        step_and_signal = (f"{folder}/build", str(step), str(int(number)))
        return python("-c", SIGNAL_AT_A_STEP, *step_and_signal, *PACK_ALONE, folder)

    return run


@pytest.fixture
def write_with_signal(python: Run) -> Run:
    """Write what was built elsewhere, with a signal at a step: `(folder, step, signal, new)`."""

    def run(folder: Path, step: int, number: int, new: Path) -> "subprocess.CompletedProcess[str]":
        arguments = (str(folder.resolve()), str(step), str(int(number)), str(new))
        return python("-c", WRITE_WITH_A_SIGNAL, *arguments)

    return run


def state(folder: Path) -> State:
    """Return inode, time of change and content of everything in `folder`."""
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_ino,
            path.stat().st_mtime_ns,
            path.read_bytes(),
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def outputs(folder: Path) -> dict[str, bytes]:
    """Return the content of everything in `folder` but bookpack's own hidden files."""
    return {name: kept[2] for name, kept in state(folder).items() if not name.startswith(".")}


def assert_whole(out: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((out / "manifest.json").read_text("utf-8"))
    assert sha256((out / manifest["file"]).read_bytes()).hexdigest() == manifest["sha256"]
    assert not list(out.glob(".bookpack-staging-*"))
    return manifest


@pytest.fixture
def book(make_book: MakeBook) -> Path:
    return make_book({"one.md": ONE, "two.md": TWO})


class TestWriteFolder:
    def test_makes_the_folder_and_everything_in_it(self, tmp_path: Path) -> None:
        out = tmp_path / "a" / "b"
        written = write_folder(out, {"x.md": b"x", "deep/y.md": b"y"}, {"k": 1})
        assert set(written.changed) == {"x.md", "deep/y.md"}
        assert outputs(out) == {"x.md": b"x", "deep/y.md": b"y"}
        stamp = read_stamp(out)
        assert stamp is not None
        assert stamp["k"] == 1
        assert set(stamp["outputs"]) == {"x.md", "deep/y.md"}

    def test_removes_folders_that_it_leaves_empty_and_no_others(self, tmp_path: Path) -> None:
        out = tmp_path / "out"
        files = {"a/b/c.txt": b"c", "a/d.txt": b"d", "e/f.txt": b"f", "g/h/i.txt": b"i"}
        write_folder(out, files, {})
        (out / "e" / "mine").mkdir()
        (out / "nobody").mkdir()
        write_folder(out, {"a/d.txt": b"d"}, {})
        folders = [str(path.relative_to(out)) for path in sorted(out.rglob("*")) if path.is_dir()]
        assert folders == ["a", "e", "e/mine", "nobody"]
        write_folder(out, {}, {})
        assert out.is_dir()
        assert not (out / "a").exists()

    def test_keeps_foreign_files_and_removes_its_own_old_ones(self, tmp_path: Path) -> None:
        out = write_files(tmp_path / "out", {"foreign.txt": "mine", "deep/foreign.txt": "mine"})
        write_folder(out, {"old.md": b"1", "deep/old.md": b"1", "kept.md": b"1"}, {})
        write_folder(out, {"kept.md": b"2", "new.md": b"2"}, {})
        assert outputs(out) == {
            "foreign.txt": b"mine",
            "deep/foreign.txt": b"mine",
            "kept.md": b"2",
            "new.md": b"2",
        }

    def test_leaves_alone_what_is_the_same(self, tmp_path: Path) -> None:
        write_folder(tmp_path, {"same.md": b"1", "other.md": b"1"}, {})
        before = state(tmp_path)
        written = write_folder(tmp_path, {"same.md": b"1", "other.md": b"2"}, {})
        assert (written.changed, written.unchanged) == (("other.md",), ("same.md",))
        assert state(tmp_path)["same.md"] == before["same.md"]
        assert state(tmp_path)["other.md"][2] == b"2"

    def test_puts_everything_back_when_a_move_fails(self, tmp_path: Path) -> None:
        write_folder(tmp_path, {"a.md": b"old", "gone.md": b"old"}, {"build": 1})
        before = outputs(tmp_path)
        # A folder with something in it cannot be replaced by a file.
        write_files(tmp_path, {"b.md/inside": "foreign"})
        with pytest.raises(Exception, match="b") as caught:
            write_folder(tmp_path, {"a.md": b"new", "b.md": b"new", "c.md": b"new"}, {"build": 2})
        assert caught.type.__name__ == "WorldError"
        assert outputs(tmp_path) == {**before, "b.md/inside": b"foreign"}
        stamp = read_stamp(tmp_path)
        assert stamp is not None
        assert stamp["build"] == 1
        assert not list(tmp_path.glob(".bookpack-staging-*"))

    def test_replaces_a_link_and_not_what_it_leads_to(self, tmp_path: Path) -> None:
        write_files(tmp_path, {"precious.md": "precious", "out/keep": ""})
        (tmp_path / "out" / "a.md").symlink_to("../precious.md")
        write_folder(tmp_path / "out", {"a.md": b"new"}, {})
        assert (tmp_path / "precious.md").read_text() == "precious"
        assert (tmp_path / "out" / "a.md").read_bytes() == b"new"

    @pytest.mark.parametrize("victim", ["../precious.md", "deep/../../precious.md", "{absolute}"])
    def test_never_removes_what_a_forged_stamp_names_outside(
        self, victim: str, tmp_path: Path
    ) -> None:
        write_files(tmp_path, {"precious.md": "precious", "out/deep/keep": ""})
        named = victim.format(absolute=tmp_path / "precious.md")
        write_files(tmp_path / "out", {".bookpack.json": json.dumps({"outputs": {named: "0"}})})
        write_folder(tmp_path / "out", {"a.md": b"new"}, {})
        assert (tmp_path / "precious.md").read_text() == "precious"

    @pytest.mark.parametrize("hidden", [".bookpack.json", ".bookpack.lock"])
    def test_writes_through_no_link_of_its_own_hidden_files(
        self, hidden: str, tmp_path: Path
    ) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / hidden).symlink_to("../outside")
        write_folder(tmp_path / "out", {"a.md": b"new"}, {})
        assert not (tmp_path / "outside").exists()


class TestWriteNewFolder:
    def test_fills_a_missing_or_an_empty_folder(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        for name in ("missing", "empty"):
            write_new_folder(tmp_path / name, {"a/b.md": b"x"})
            assert outputs(tmp_path / name) == {"a/b.md": b"x"}
        assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "missing"]

    def test_writes_nothing_when_something_fails(self, tmp_path: Path) -> None:
        with pytest.raises(Exception, match="a") as caught:
            write_new_folder(tmp_path / "out", {"a": b"file", "a/b": b"below a file"})
        assert caught.type.__name__ == "WorldError"
        assert not list(tmp_path.iterdir())


class TestTheNextBuild:
    """What a second build does depends on what changed since the first."""

    def test_of_an_unchanged_book_writes_nothing(self, book: Path, bookpack: Run) -> None:
        first = bookpack("build", book)
        assert first.stdout.count("\nwritten ") == 3
        before = state(book / "build")
        second = bookpack("build", book)
        assert state(book / "build") == before
        assert second.stdout == first.stdout.replace("written  ", "unchanged")

    def test_of_an_unchanged_book_finds_the_same_again(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book({"one.md": "# One\n\n[x](nowhere.md) and TODO: this.\n"})
        first = bookpack("build", book)
        second = bookpack("build", book)
        assert (first.returncode, second.returncode) == (1, 1)
        assert first.stderr == second.stderr
        assert "broken-link" in second.stderr
        assert "unchanged" in second.stdout

    @pytest.mark.parametrize("name", [PACK, "manifest.json", ".bookpack.json"])
    @pytest.mark.parametrize("how", ["deleted", "edited", "cut", "emptied"])
    def test_repairs_an_output(self, name: str, how: str, book: Path) -> None:
        build(book)
        before = outputs(book / "build")
        stamp = (book / "build" / ".bookpack.json").read_bytes()
        place = book / "build" / name
        data = place.read_bytes()
        damaged = {"edited": data + b" ", "cut": data[: len(data) // 2], "emptied": b""}
        place.unlink() if how == "deleted" else place.write_bytes(damaged[how])
        report = build(book)
        assert outputs(book / "build") == before
        if name in before:
            assert report.changed == (name,)
            assert (book / "build" / ".bookpack.json").read_bytes() == stamp
        assert build(book).changed == ()

    def test_says_what_it_repaired(self, book: Path, bookpack: Run) -> None:
        assert bookpack("build", book).returncode == 0
        (book / "build" / PACK).unlink()
        result = bookpack("build", book)
        assert (result.returncode, result.stderr) == (0, "")
        assert f"written    {book / 'build' / PACK}" in result.stdout
        assert f"unchanged  {book / 'build' / 'manifest.json'}" in result.stdout

    @pytest.mark.parametrize(
        "stamp",
        [
            b"[]",
            b"null",
            b"\xff\xfe",
            b"{" * 100_000,
            b'{"outputs": 7}',
            b'{"outputs": {"book-packed.md": 7}}',
            b'{"outputs": {}}',
        ],
    )
    def test_trusts_no_stamp_that_is_none(self, stamp: bytes, book: Path) -> None:
        build(book)
        before = outputs(book / "build")
        (book / "build" / ".bookpack.json").write_bytes(stamp)
        build(book)
        assert outputs(book / "build") == before
        assert read_stamp(book / "build") is not None

    def test_trusts_no_stamp_with_a_part_missing_or_wrong(self, book: Path) -> None:
        build(book)
        before = outputs(book / "build")
        place = book / "build" / ".bookpack.json"
        stamp = json.loads(place.read_text("utf-8"))
        assert len(stamp) >= 4
        for key in stamp:
            for wrong in (None, [7]):
                changed = {name: value for name, value in stamp.items() if name != key}
                if wrong is not None:
                    changed[key] = wrong
                place.write_text(json.dumps(changed), "utf-8")
                report = build(book)
                assert (report.chapters, report.diagnostics) == (2, []), f"{key} is {wrong}"
                assert outputs(book / "build") == before

    def test_notices_that_a_picture_came_or_went(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book({"one.md": "# One\n\n![A map](pictures/map.png)\n"})
        missing = bookpack("build", book)
        assert missing.returncode == 1
        assert "missing-asset" in missing.stderr
        write_files(book, {"chapters/pictures/map.png": PICTURE})
        found = bookpack("build", book)
        assert (found.returncode, found.stderr) == (0, "")
        (book / "chapters" / "pictures" / "map.png").unlink()
        again = bookpack("build", book)
        assert again.returncode == 1
        assert "missing-asset" in again.stderr

    @pytest.mark.parametrize(
        "change",
        [
            {"chapters/one.md": ONE + "\nMore.\n"},
            {"chapters/three.md": "# Three\n\nText.\n"},
            {"bookpack.toml": SETTINGS + 'edition = "2"\n'},
            {"bookpack.toml": SETTINGS + "[layout]\nurl-style = '{base}/book/{slug}.html'\n"},
            {"bookpack.toml": SETTINGS + "[pack]\nsection-urls = false\n"},
            {"bookpack.toml": SETTINGS + "[pack]\nnotes = ['A note.']\n"},
            {"bookpack.toml": SETTINGS + "[layout]\nchapters = ['two.md', 'one.md']\n"},
        ],
        ids=lambda change: repr(next(iter(change.values()))[-28:]),
    )
    def test_notices_a_change(self, change: dict[str, str], book: Path) -> None:
        build(book)
        before = outputs(book / "build")
        write_files(book, change)
        assert build(book).changed
        assert outputs(book / "build") != before
        # What a build over an old folder gives is what a build into a new one gives.
        build(book, book / "fresh")
        assert outputs(book / "fresh") == outputs(book / "build")

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--url", "https://other.example"),
            ("--set", "book.edition=3"),
            ("--style", "xml"),
        ],
    )
    def test_notices_another_command_line(
        self, arguments: tuple[str, str], book: Path, bookpack: Run
    ) -> None:
        assert bookpack("build", book).returncode == 0
        before = outputs(book / "build")
        assert "\nwritten " in bookpack("build", book, *arguments).stdout
        assert outputs(book / "build") != before
        assert bookpack("build", book).returncode == 0
        assert outputs(book / "build") == before

    def test_notices_that_a_chapter_was_removed_or_renamed(self, book: Path, bookpack: Run) -> None:
        assert bookpack("build", book).returncode == 0
        (book / "chapters" / "two.md").rename(book / "chapters" / "zwei.md")
        result = bookpack("build", book)
        assert result.returncode == 1
        assert "broken-link" in result.stderr
        assert "zwei.md" in (book / "build" / PACK).read_text("utf-8")

    def test_removes_the_pack_of_another_style_and_nothing_else(
        self, book: Path, bookpack: Run
    ) -> None:
        assert bookpack(*PACK_ALONE, book).returncode == 0
        write_files(book / "build", {"notes.txt": "mine", "book-packed.txt": "mine, too"})
        assert bookpack(*PACK_ALONE, book, "--style", "json").returncode == 0
        assert set(outputs(book / "build")) == {
            "book-packed.json",
            "book-packed.txt",
            "manifest.json",
            "notes.txt",
        }
        assert (book / "build" / "book-packed.txt").read_text() == "mine, too"

    def test_never_writes_the_pack_over_its_manifest(self, book: Path, bookpack: Run) -> None:
        result = bookpack(*PACK_ALONE, book, "--style", "json", "--set", "pack.file=manifest")
        if result.returncode == 0:
            assert len(outputs(book / "build")) == 2
            assert_whole(book / "build")
        else:
            assert result.returncode == 2
            assert "file" in result.stderr

    def test_says_what_cannot_be_written_and_keeps_the_old_folder(
        self, book: Path, bookpack: Run
    ) -> None:
        assert bookpack(*PACK_ALONE, book).returncode == 0
        before = outputs(book / "build")
        (book / "build" / "manifest.json").unlink()
        write_files(book / "build", {"manifest.json/inside": "foreign"})
        write_files(book, {"chapters/three.md": "# Three\n\nText.\n"})
        result = bookpack(*PACK_ALONE, book)
        assert result.returncode == 3
        assert "Traceback" not in result.stderr
        assert str(book / "build") in result.stderr
        assert outputs(book / "build") == {
            PACK: before[PACK],
            "manifest.json/inside": b"foreign",
        }

    def test_clears_away_what_a_killed_build_left(self, book: Path, bookpack: Run) -> None:
        assert bookpack("build", book).returncode == 0
        write_files(book / "build", {".bookpack-staging-dead/new/book-packed.md": "half"})
        write_files(book, {"chapters/three.md": "# Three\n\nText.\n"})
        assert bookpack("build", book).returncode == 0
        assert_whole(book / "build")


class TestSeveralBuildsAtOnce:
    def test_into_one_folder_all_succeed(self, make_book: MakeBook, run_plain: Run) -> None:
        chapters = {f"{n}.md": f"# Chapter {n}\n\n" + "Words. " * 2_000 for n in range(20)}
        book = make_book(chapters)
        assert run_plain("build", book, "--out", book / "alone").returncode == 0
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "bookpack", "build", str(book)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=ENVIRONMENT,
            )
            for _ in range(6)
        ]
        for process in processes:
            printed, errors = process.communicate(timeout=60)
            assert (process.returncode, without_progress(errors)) == (0, "")
            assert "chapters   20" in printed
        assert outputs(book / "build") == outputs(book / "alone")
        assert_whole(book / "build")
        assert "\nwritten " not in run_plain("build", book).stdout

    def test_of_different_styles_end_as_one_of_them(self, book: Path, run_plain: Run) -> None:
        alone = {}
        for style in ("markdown", "xml", "plain", "json"):
            run_plain(*PACK_ALONE, book, "--style", style, "--out", book / style)
            alone[style] = outputs(book / style)
        (book / "build").mkdir()
        with (book / "build" / ".bookpack.lock").open("a+b") as lock:
            # While the folder is taken, all of them get as far as they can.
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX)
            processes = [
                subprocess.Popen(
                    [
                        sys.executable,
                        "-m",
                        "bookpack",
                        *PACK_ALONE,
                        str(book),
                        "-q",
                        "--style",
                        style,
                    ],
                    stderr=subprocess.PIPE,
                    text=True,
                    env=ENVIRONMENT,
                )
                for style in alone
            ]
            with pytest.raises(subprocess.TimeoutExpired):
                processes[-1].wait(1.5)
        for process in processes:
            _, errors = process.communicate(timeout=60)
            assert (process.returncode, without_progress(errors)) == (0, "")
        found = outputs(book / "build")
        assert len(found) == 2, f"two packs, one of them without a manifest: {sorted(found)}"
        assert found in alone.values()

    def test_wait_for_one_another(self, book: Path, run_plain: Run) -> None:
        assert run_plain("build", book).returncode == 0
        write_files(book, {"chapters/three.md": "# Three\n\nText.\n"})
        before = outputs(book / "build")
        with (book / "build" / ".bookpack.lock").open("a+b") as lock:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX)
            process = subprocess.Popen(
                [sys.executable, "-m", "bookpack", "build", str(book), "-q"],
                stderr=subprocess.PIPE,
                text=True,
                env=ENVIRONMENT,
            )
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.8)
            assert outputs(book / "build") == before
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")
        assert len(assert_whole(book / "build")["chapters"]) == 3


class TestInterruption:
    """A signal at every step that changes the folder: it is the old one or the new one."""

    @pytest.fixture
    def changed_book(self, book: Path) -> tuple[Path, dict[str, bytes], dict[str, bytes]]:
        """A book that was built and then changed, its old outputs and what the new ones will be."""
        build_pack(book)
        write_files(book, {"chapters/three.md": "# Three\n\nText.\n"})
        build_pack(book, book.parent / "new")
        shutil.copytree(book / "build", book.parent / "old")
        old, new = outputs(book.parent / "old"), outputs(book.parent / "new")
        assert old.keys() == new.keys()
        assert all(old[name] != new[name] for name in old)
        return book, old, new

    def reset(self, book: Path) -> None:
        shutil.rmtree(book / "build", ignore_errors=True)
        shutil.copytree(book.parent / "old", book / "build")

    def test_by_ctrl_c(
        self, changed_book: tuple[Path, dict[str, bytes], dict[str, bytes]], build_with_signal: Run
    ) -> None:
        book, old, new = changed_book
        seen = []
        for step in range(1, 200, 2):
            self.reset(book)
            result = build_with_signal(book, step, signal.SIGINT)
            if result.returncode == 0:
                break
            assert result.returncode == 130, f"step {step}: {result.stderr}"
            assert "Traceback" not in result.stderr
            assert "Interrupted" in result.stderr
            found = outputs(book / "build")
            assert found in (old, new), f"step {step} mixes the old folder with the new one"
            seen.append(found == new)
            if list((book / "build").glob(".bookpack-staging-*")):
                build_pack(book)
                assert_whole(book / "build")
        assert outputs(book / "build") == new
        assert len(seen) > 5
        assert False in seen

    def test_by_ctrl_c_of_the_first_build(self, book: Path, build_with_signal: Run) -> None:
        for step in range(1, 200, 2):
            shutil.rmtree(book / "build", ignore_errors=True)
            result = build_with_signal(book, step, signal.SIGINT)
            if result.returncode == 0:
                break
            assert result.returncode == 130, f"step {step}: {result.stderr}"
            found = outputs(book / "build") if (book / "build").exists() else {}
            assert len(found) in (0, 2), f"step {step} left {sorted(found)}"
        assert step > 5
        assert_whole(book / "build")

    def test_by_kill(
        self, changed_book: tuple[Path, dict[str, bytes], dict[str, bytes]], write_with_signal: Run
    ) -> None:
        book, old, new = changed_book
        states = set()
        for step in range(1, 200):
            self.reset(book)
            result = write_with_signal(book / "build", step, signal.SIGKILL, book.parent / "new")
            if result.returncode == 0:
                break
            assert result.returncode == -signal.SIGKILL
            for name in old:
                data = (book / "build" / name).read_bytes()
                assert data in (old[name], new[name]), f"step {step}: {name} is not whole"
                states.add((name, data == new[name]))
            build_pack(book)
            assert outputs(book / "build") == new, f"step {step}"
            assert not list((book / "build").glob(".bookpack-staging-*")), f"step {step}"
        assert len(states) == 4, "no kill came before and after each move"

    def test_by_a_request_to_end(
        self,
        changed_book: tuple[Path, dict[str, bytes], dict[str, bytes]],
        run_plain: Run,
        build_with_signal: Run,
    ) -> None:
        book, old, new = changed_book
        for step in range(1, 200, 3):
            self.reset(book)
            result = build_with_signal(book, step, signal.SIGTERM)
            if result.returncode == 0:
                break
            for name in old:
                assert (book / "build" / name).read_bytes() in (old[name], new[name])
        assert step > 5
        repair = run_plain(*PACK_ALONE, book, "-q")
        assert (repair.returncode, repair.stderr) == (0, "")
        assert outputs(book / "build") == new

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
    def test_where_many_files_are_written_at_once(
        self, number: signal.Signals, tmp_path: Path, write_with_signal: Run
    ) -> None:
        old = {f"{n}.md": b"old" for n in range(12)}
        new = dict.fromkeys(old, b"new")
        write_folder(tmp_path / "old", old, {"build": 1})
        write_folder(tmp_path / "new", new, {"build": 2})
        out = tmp_path / "out"
        seen = []
        for step in range(1, 400, 5):
            shutil.rmtree(out, ignore_errors=True)
            shutil.copytree(tmp_path / "old", out)
            result = write_with_signal(out, step, number, tmp_path / "new")
            if result.returncode == 0:
                break
            found = outputs(out)
            assert found.keys() == old.keys(), f"step {step}"
            if number is signal.SIGKILL:
                assert set(found.values()) <= {b"old", b"new"}, f"step {step}"
            else:
                assert found in (old, new), f"step {step} mixes the old folder with the new one"
            seen.append(found)
            write_folder(out, new, {"build": 2})
            assert outputs(out) == new, f"step {step}"
            assert not list(out.glob(".bookpack-staging-*")), f"step {step}"
        assert len(seen) > 5
        assert old in seen
        assert outputs(out) == new

    def test_of_unpacking_leaves_nothing(
        self, book: Path, tmp_path: Path, run_plain: Run, python: Run
    ) -> None:
        assert run_plain("build", book, "-q").returncode == 0
        place = tmp_path.resolve() / "place"
        for step in range(1, 200):
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            arguments = ("unpack", book / "build" / PACK, "--out", place / "out")
            result = python("-c", SIGNAL_AT_A_STEP, place, step, SIGINT, *arguments)
            if result.returncode == 0:
                break
            assert result.returncode == 130, f"step {step}: {result.stderr}"
            left = [path.name for path in place.iterdir()]
            assert left in ([], ["out"]), f"step {step}"
            if left:
                assert len(outputs(place / "out")) == 3
        assert step > 3
        assert (place / "out" / "one.md").read_text("utf-8").startswith(f"# One\nurl: {BASE}/one/")
