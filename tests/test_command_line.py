"""The command line as a person meets it: help, every option, what is printed and where."""

import json
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from bookpack import __version__
from bookpack.answers import Description, State, format_description
from bookpack.config import load_settings
from bookpack.editions.unpack import read_pack
from conftest import BASE, PICTURE, write_files

Run = Callable[..., "subprocess.CompletedProcess[str]"]
MakeBook = Callable[..., Path]

COMMANDS = ("build", "check", "serve", "describe", "links", "grammar", "review", "unpack", "init")
SUFFIXES = {"markdown": ".md", "xml": ".xml", "plain": ".txt", "json": ".json"}
ONE, TWO = "# One\n\nThe first [chapter](two.md).\n", "# Two\n\nThe second.\n"
WARNING = "# One\n\nTODO: write.\n"
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith("COV") and name != "NO_COLOR"
}

SLOW_DISK = """
import sys, time

waits = float(sys.argv[1])


def wait(event, arguments):
    global waits
    if event == "open" and str(arguments[0]).endswith(".md") and waits:
        waits, seconds = 0, waits
        time.sleep(seconds)


sys.addaudithook(wait)
from bookpack.cli import main
main(sys.argv[2:])
"""
"""Runs the command line where the first chapter takes that many seconds to be read."""


def run_on_a_terminal(*command: str | Path, **environment: str) -> tuple[int, str]:
    """Run a command whose three streams are a terminal; return its status and what is seen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(part) for part in command],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**ENVIRONMENT, "TERM": "xterm-256color", **environment},
    )
    os.close(theirs)
    seen = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            piece = os.read(ours, 65_536)
        except OSError:  # on Linux the end of a terminal's last process is an error
            break
        if not piece:
            break
        seen += piece
    os.close(ours)
    return process.wait(60), seen.decode()


def bookpack_command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "bookpack", *map(str, arguments)]


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
def book(make_book: MakeBook) -> Path:
    return make_book({"one.md": ONE, "two.md": TWO})


class TestHelp:
    @pytest.mark.parametrize("flag", ["--help", "-h"])
    @pytest.mark.parametrize("command", ["", *COMMANDS])
    def test_shows_an_example(self, command: str, flag: str, bookpack: Run) -> None:
        result = bookpack(*filter(None, (command, flag)))
        assert (result.returncode, result.stderr) == (0, "")
        assert re.search(rf"Example: bookpack {command or 'init'} \S+", result.stdout)
        assert f"Usage: bookpack {command}".rstrip() in result.stdout
        assert max(len(line) for line in result.stdout.splitlines()) <= 80

    def test_names_every_command(self, bookpack: Run) -> None:
        printed = bookpack("--help").stdout
        assert re.findall(r"^  ([a-z]+)  ", printed, re.M) == list(COMMANDS)
        assert "Exit status: 0 clean, 1 findings" in printed

    @pytest.mark.parametrize(
        ("command", "options"),
        [
            ("build", "--config --url --set --quiet --out --only --style --locked"),
            ("check", "--config --url --set --quiet --format --external"),
            ("serve", "--config --url --set --quiet --port --open"),
            ("describe", "--config --url --set --quiet --offline --refresh --only --dry-run"),
            ("describe", "--batch --approve --prune --sheet"),
            ("links", "--config --url --set --quiet --format --out --fix --undo"),
            ("grammar", "--config --url --set --quiet --chapter --profile --offline --dry-run"),
            ("grammar", "--refused --check --format --out --accept --reject --evaluate --from-git"),
            ("review", "--config --url --set --quiet --chapter --only --undo --by"),
            ("unpack", "--out --verify --quiet"),
            ("init", "--url --set --quiet"),
        ],
    )
    def test_names_every_option(self, command: str, options: str, bookpack: Run) -> None:
        printed = bookpack(command, "--help").stdout
        for option in options.split():
            assert re.search(rf"{option}\b", printed)

    def test_offers_no_option_that_is_refused(self, bookpack: Run) -> None:
        assert "--config" not in bookpack("init", "--help").stdout

    def test_version(self, bookpack: Run) -> None:
        result = bookpack("--version")
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout.strip().endswith(__version__)

    def test_the_module_and_the_script_are_one(self, bookpack: Run) -> None:
        script = Path(sys.executable).with_name("bookpack")
        if not script.exists():
            pytest.skip("bookpack is not installed beside this Python")
        result = subprocess.run([script, "--help"], capture_output=True, text=True, timeout=60)
        assert (result.returncode, result.stdout) == (0, bookpack("--help").stdout)

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_shell_completion_prints_a_script(self, shell: str, bookpack: Run) -> None:
        result = bookpack(env={"_BOOKPACK_COMPLETE": f"{shell}_source"})
        assert result.returncode == 0
        assert "_bookpack_completion" in result.stdout
        assert "_BOOKPACK_COMPLETE" in result.stdout

    def test_shell_completion_knows_commands_and_options(self, bookpack: Run) -> None:
        def complete(line: str) -> set[str]:
            words = line.split(" ")
            result = bookpack(
                env={
                    "_BOOKPACK_COMPLETE": "bash_complete",
                    "COMP_WORDS": line,
                    "COMP_CWORD": str(len(words) - 1),
                }
            )
            return {answer.partition(",")[2] for answer in result.stdout.split()}

        assert complete("bookpack ") == set(COMMANDS)
        assert {"--out", "--only"} <= complete("bookpack build --o")
        assert complete("bookpack build --style ") == set(SUFFIXES)


class TestUsage:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("frobnicate",), "frobnicate"),
            (("build", "--nonsense"), "--nonsense"),
            (("build", "a", "b"), "b"),
            (("build", "--style", "html"), "html"),
            (("build", "--only", "film"), "film"),
            (("check", "--format", "yaml"), "yaml"),
            (("check", "--out", "x"), "--out"),
            (("unpack",), "FILE"),
            (("unpack", "x"), "--out"),
            (("build", "--set"), "--set"),
            (("init", "x", "--config", "y"), "--config"),
        ],
    )
    def test_that_is_wrong_is_status_2(
        self, arguments: tuple[str, ...], words: str, bookpack: Run
    ) -> None:
        result = bookpack(*arguments)
        assert (result.returncode, result.stdout) == (2, "")
        assert words in result.stderr
        assert "Traceback" not in result.stderr

    def test_without_a_command_shows_help(self, bookpack: Run) -> None:
        result = bookpack()
        assert result.returncode in (0, 2)
        assert "Usage: bookpack" in result.stdout + result.stderr


class TestBuild:
    def test_prints_a_table(self, book: Path, bookpack: Run) -> None:
        result = bookpack("build", book)
        assert (result.returncode, result.stderr) == (0, "")
        manifest = json.loads((book / "build" / "manifest.json").read_text("utf-8"))
        rows = [tuple(line.split(None, 1)) for line in result.stdout.splitlines()]
        for row in (
            ("chapters", "2"),
            ("words", f"{manifest['words']:,}"),
            ("tokens", f"{manifest['tokens']:,} ({manifest['tokenizer']})"),
            ("findings", "none"),
        ):
            assert rows.count(row) == 1
        files = [book / "build" / name for name in ("book-packed.md", "manifest.json")]
        written = [value for name, value in rows if name == "written"]
        assert written[:2] == [f"{file} ({file.stat().st_size:,} bytes)" for file in files]
        pages = [path for path in (book / "build" / "site").rglob("*") if path.is_file()]
        assert written[2].startswith(f"{book / 'build' / 'site'} ({len(pages)} files, ")

    def test_without_arguments_builds_the_book_that_is_here(
        self, book: Path, bookpack: Run
    ) -> None:
        result = bookpack("build", cwd=book)
        assert result.returncode == 0
        assert "build/book-packed.md" in result.stdout
        assert (book / "build" / "book-packed.md").is_file()

    def test_out_names_a_folder_below_others(self, book: Path, bookpack: Run) -> None:
        assert bookpack("build", book, "--out", "a/b/c").returncode == 0
        assert (book.parent / "a" / "b" / "c" / "book-packed.md").is_file()
        assert not (book / "build").exists()

    def test_only_the_pack(self, book: Path, bookpack: Run) -> None:
        assert bookpack("build", book, "--only", "pack").returncode == 0
        names = {file.name for file in (book / "build").iterdir() if file.name[0] != "."}
        assert names == {"book-packed.md", "manifest.json"}

    @pytest.mark.parametrize("style", SUFFIXES)
    def test_style(self, style: str, book: Path, bookpack: Run) -> None:
        assert bookpack("build", book, "--style", style).returncode == 0
        pack = (book / "build" / f"book-packed{SUFFIXES[style]}").read_bytes()
        assert set(read_pack(pack, "pack").files) == {"one.md", "two.md"}
        assert pack.endswith(b"\n")
        assert not pack.endswith(b"\n\n")

    def test_locked_fails_on_a_picture_without_an_approved_description(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book({"one.md": "# One\n\n![](p.png)\n", "p.png": PICTURE})
        for _ in range(2):  # and not because of what a build before it remembers
            result = bookpack("build", book)
            assert result.returncode == 0
            assert "warning BP409" in result.stderr
            result = bookpack("build", book, "--locked")
            assert result.returncode == 1
            assert "error BP409 image-without-words" in result.stderr
            assert "error BP711 unreviewed-description" in result.stderr
        write_files(book, {"chapters/one.md": "# One\n\n![A map](p.png)\n"})
        result = bookpack("build", book, "--locked")
        assert result.returncode == 1
        assert "error BP711 unreviewed-description" in result.stderr
        digest = sha256(PICTURE).hexdigest()
        text = "A map of the village, with the mill north of the river and the bakery south of it."
        for state, status in ((State.OPEN, 1), (State.REVIEWED, 0)):
            said = Description(digest, {"chapters/p.png": digest}, text=text, state=state)
            write_files(book, {"descriptions/p-000000000000.md": format_description(said)})
            result = bookpack("build", book, "--locked")
            assert result.returncode == status, result.stderr

    def test_findings_go_to_stderr_with_paths_that_open_from_here(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book({"one.md": WARNING})
        place = "chapters/one.md:3:1: warning BP401"
        assert bookpack("build", book).stderr.startswith(f"book/{place}")
        assert bookpack("build", cwd=book).stderr.startswith(place)
        elsewhere = bookpack("build", "../../book", cwd=book / "chapters")
        assert elsewhere.stderr.startswith(f"../{place}")

    def test_shows_the_gravest_findings_and_counts_the_rest(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        todo = "TODO\n\n" * 30
        book = make_book({"one.md": f"# One\n\n{todo}\n[x](nowhere.md)\n"})
        result = bookpack("build", book)
        assert result.returncode == 1
        assert "error BP301" in result.stderr.splitlines()[0]
        assert "… and 11 more: bookpack check" in result.stderr
        assert "findings   1 error, 30 warnings" in result.stdout

    def test_a_failing_book_is_built_all_the_same(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book({"one.md": "# One\n\n[x](nowhere.md)\n"})
        assert bookpack("build", book).returncode == 1
        assert (book / "build" / "book-packed.md").is_file()

    @pytest.mark.parametrize(
        ("fail_on", "status"), [("error", 0), ("warning", 1), ("info", 1), ("never", 0)]
    )
    def test_fail_on(self, fail_on: str, status: int, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book({"one.md": WARNING})
        for command in ("build", "check"):
            result = bookpack(command, book, "--set", f"lint.fail-on={fail_on}")
            assert result.returncode == status

    def test_quiet_prints_nothing_but_problems(self, make_book: MakeBook, bookpack: Run) -> None:
        clean = make_book({"one.md": ONE, "two.md": TWO}, name="clean")
        warned = make_book({"one.md": WARNING}, name="warned")
        for command in ("build", "check"):
            result = bookpack(command, clean, "--quiet")
            assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
            result = bookpack(command, warned, "-q")
            assert "BP401" in result.stdout + result.stderr
            assert "findings " not in result.stdout.lower()

    def test_a_book_without_any_chapter_is_pointed_out(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book({"picture.png": PICTURE})
        result = bookpack("build", book)
        assert result.stderr != "", "an empty pack was written without a word"


class TestCheck:
    def test_writes_nothing(self, book: Path, bookpack: Run) -> None:
        before = sorted(book.rglob("*"))
        result = bookpack("check", book)
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout == "Findings: none.\n"
        assert sorted(book.rglob("*")) == before

    @pytest.mark.parametrize("form", ["json", "sarif", "github"])
    def test_forms_for_machines_are_nothing_else(
        self, form: str, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book({"one.md": "# One\n\nTODO [x](nowhere.md)\n"})
        result = bookpack("check", book, "--format", form)
        assert (result.returncode, result.stderr) == (1, "")
        if form == "json":
            assert [record["code"] for record in json.loads(result.stdout)] == ["BP401", "BP301"]
            assert json.loads(result.stdout)[0]["path"] == "book/chapters/one.md"
        elif form == "sarif":
            assert len(json.loads(result.stdout)["runs"][0]["results"]) == 2
        else:
            assert [line.split(" ")[0] for line in result.stdout.splitlines()] == [
                "::warning",
                "::error",
            ]

    @pytest.mark.parametrize(("form", "nothing"), [("json", "[]\n"), ("github", "")])
    def test_forms_for_machines_of_a_clean_book(
        self, form: str, nothing: str, book: Path, bookpack: Run
    ) -> None:
        result = bookpack("check", book, "--format", form)
        assert (result.returncode, result.stdout, result.stderr) == (0, nothing, "")

    def test_shows_every_finding(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book({"one.md": "# One\n\n" + "TODO\n\n" * 50})
        result = bookpack("check", book)
        assert result.stdout.count("BP401") == 50
        assert result.stdout.endswith("Findings: 50 warnings.\n")


class TestUnpack:
    def test_gives_a_book_that_builds_to_the_same_pack(self, book: Path, bookpack: Run) -> None:
        assert bookpack("build", book).returncode == 0
        result = bookpack("unpack", book / "build" / "book-packed.md", "--out", "again")
        assert (result.returncode, result.stderr) == (0, "")
        assert "2 files" in result.stdout
        assert "manifest.json says" in result.stdout
        again = book.parent / "again"
        assert bookpack("build", again).returncode == 0
        for name in ("book-packed.md", "manifest.json"):
            assert (again / "build" / name).read_bytes() == (book / "build" / name).read_bytes()

    def test_says_where_pack_and_manifest_differ(self, book: Path, bookpack: Run) -> None:
        assert bookpack("build", book).returncode == 0
        pack = book / "build" / "book-packed.md"
        pack.write_text(pack.read_text("utf-8").replace("The second.", "The last."), "utf-8")
        result = bookpack("unpack", pack, "--out", "again")
        assert result.returncode == 1
        assert "two.md: its text is not the one that the manifest describes" in result.stderr
        assert "one.md" not in result.stderr

    def test_verify_names_another_manifest(self, book: Path, bookpack: Run) -> None:
        assert bookpack("build", book).returncode == 0
        write_files(book, {"chapters/three.md": "# Three\n\nText.\n"})
        assert bookpack("build", book, "--out", "newer").returncode == 0
        result = bookpack(
            "unpack",
            book / "build" / "book-packed.md",
            "--out",
            "again",
            "--verify",
            "newer/manifest.json",
        )
        assert result.returncode == 1
        assert "three.md: in the manifest and not in the pack." in result.stderr

    def test_quiet(self, book: Path, bookpack: Run) -> None:
        assert bookpack("build", book).returncode == 0
        result = bookpack("unpack", book / "build" / "book-packed.md", "--out", "again", "-q")
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")

    def test_counts_one_file_as_one(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book({"one.md": TWO})
        assert bookpack("build", book).returncode == 0
        result = bookpack("unpack", book / "build" / "book-packed.md", "--out", "again")
        assert result.stdout.startswith("1 file unpacked")


class TestInit:
    def test_of_nothing_gives_a_book_that_builds(self, tmp_path: Path, bookpack: Run) -> None:
        result = bookpack("init", "new")
        assert (result.returncode, result.stderr) == (0, "")
        assert (tmp_path / "new" / "bookpack.toml").is_file()
        assert "1-introduction.md" in result.stdout
        built = bookpack("build", "new")
        assert (built.returncode, built.stderr) == (0, "")

    def test_writes_settings_with_comments_that_load(self, tmp_path: Path, bookpack: Run) -> None:
        assert bookpack("init", "new", "--url", "https://book.example/x/").returncode == 0
        text = (tmp_path / "new" / "bookpack.toml").read_text("utf-8")
        settings = load_settings(tmp_path / "new")
        assert settings.base_url == "https://book.example/x"
        assert settings.book.title == "new"
        # What stands behind the comment marks is as good: it loads when they are taken away.
        uncommented = re.sub(r"^# (?=[a-z-]+ = |\[)", "", text, flags=re.M)
        assert uncommented != text
        write_files(tmp_path, {"new/bookpack.toml": uncommented})
        settings = load_settings(tmp_path / "new")
        assert settings.lint.ignore
        assert settings.site.action

    def test_of_an_existing_folder_shows_what_was_understood(
        self, tmp_path: Path, bookpack: Run
    ) -> None:
        write_files(tmp_path / "old", {"text/10-end.md": TWO, "text/2-start.md": ONE, "a.txt": "x"})
        before = {path: path.read_bytes() for path in (tmp_path / "old").rglob("*.*")}
        result = bookpack("init", "old", "--url", BASE)
        assert result.returncode == 0
        assert re.search(rf"2-start\.md +{BASE}/2-start/\n.*10-end\.md +{BASE}", result.stdout)
        for path, data in before.items():
            assert path.read_bytes() == data
        assert {p.name for p in (tmp_path / "old").iterdir()} == {"text", "a.txt", "bookpack.toml"}

    def test_of_a_deep_tree_proposes_folder_addresses_and_title(
        self, tmp_path: Path, bookpack: Run
    ) -> None:
        texts = {f"docs/{part}/intro.md": ONE for part in ("flour", "oven")}
        texts |= {f"docs/oven/{number}.md": TWO for number in range(20)}
        write_files(tmp_path / "deep", {**texts, "docs/README.md": "# All about   *bread*\n"})
        result = bookpack("init", "deep", "--url", BASE)
        assert result.returncode == 0
        lines = result.stdout.splitlines()
        assert lines[1:4] == [
            "23 chapters, in reading order:",
            f"  README.md       {BASE}/",
            f"  flour/intro.md  {BASE}/flour/intro/",
        ]
        assert lines[12:] == ["  … and 13 more", "Next: bookpack build deep"]
        settings = load_settings(tmp_path / "deep")
        assert settings.layout.source == "docs"
        assert settings.layout.url_style == "{base}/{path}/"
        assert settings.book.title == "All about bread"
        text = (tmp_path / "deep" / "bookpack.toml").read_text("utf-8")
        assert "# The book is read as native: Markdown files in docs." in text
        assert "BP211" not in bookpack("check", "deep").stdout

    def test_what_lies_beside_the_folder_is_not_left_out(
        self, tmp_path: Path, bookpack: Run
    ) -> None:
        write_files(tmp_path / "old", {"docs/a.md": ONE, "README.md": "# Bread\n\nText.\n"})
        assert "2 chapters" in bookpack("init", "old").stdout
        settings = load_settings(tmp_path / "old")
        assert (settings.layout.source, settings.book.title) == (".", "Bread")
        assert settings.layout.url_style == "{base}/{slug}/"

    def test_a_readme_beside_the_folder_chapters_gives_the_title(
        self, tmp_path: Path, bookpack: Run
    ) -> None:
        write_files(tmp_path / "old", {"chapters/a.md": ONE, "README.md": "# Bread\n"})
        assert bookpack("init", "old").returncode == 0
        assert load_settings(tmp_path / "old").book.title == "Bread"

    def test_never_overwrites(self, book: Path, bookpack: Run) -> None:
        (book / "bookpack.toml").write_text("# mine\n")
        result = bookpack("init", book, "--url", BASE)
        assert result.returncode == 2
        assert "exists already" in result.stderr
        assert (book / "bookpack.toml").read_text() == "# mine\n"

    @pytest.mark.parametrize("target", ["bookpack.toml", "../elsewhere.toml"])
    def test_never_writes_through_a_link(self, target: str, tmp_path: Path, bookpack: Run) -> None:
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "bookpack.toml").symlink_to(target)
        result = bookpack("init", "new")
        assert result.returncode in (2, 3)
        assert "Traceback" not in result.stderr
        assert not (tmp_path / "elsewhere.toml").exists()

    @pytest.mark.parametrize(
        "wrong", [("--url", "ftp://x"), ("--set", "nonsense"), ("--set", "pack.style=film")]
    )
    def test_writes_nothing_when_it_refuses(
        self, wrong: tuple[str, str], tmp_path: Path, bookpack: Run
    ) -> None:
        result = bookpack("init", "new", *wrong)
        assert result.returncode == 2
        assert not list(tmp_path.rglob("*.md"))
        assert not list(tmp_path.rglob("*.toml"))

    @pytest.mark.parametrize(
        ("setting", "key"),
        [
            ("book.title=My Book", "title"),
            ("pack.style=xml", "style"),
            ("site.color=#123456", "color"),
        ],
    )
    def test_keeps_what_set_says(
        self, setting: str, key: str, tmp_path: Path, bookpack: Run
    ) -> None:
        assert bookpack("init", "new", "--set", setting).returncode == 0
        settings = load_settings(tmp_path / "new")
        found = {
            "title": settings.book.title,
            "style": settings.pack.style,
            "color": settings.site.color,
        }
        assert found[key] == setting.partition("=")[2]

    @pytest.mark.parametrize("name", ['quo"te', "back\\slash", "ünïcödé", "new\nline", "a'b # c"])
    def test_of_a_folder_with_an_odd_name(self, name: str, tmp_path: Path, bookpack: Run) -> None:
        result = bookpack("init", name)
        assert (result.returncode, result.stderr) == (0, "")
        assert load_settings(tmp_path / name).book.title == " ".join(name.split())
        assert bookpack("build", name, "-q").returncode == 0

    def test_quiet(self, bookpack: Run) -> None:
        result = bookpack("init", "new", "-q")
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


class TestOnATerminal:
    @pytest.fixture
    def warned(self, make_book: MakeBook) -> Path:
        return make_book({"one.md": WARNING})

    def test_findings_have_colour(self, warned: Path) -> None:
        for command in ("build", "check"):
            status, seen = run_on_a_terminal(*bookpack_command(command, warned))
            assert status == 0
            assert "\x1b[33mwarning BP401 draft-notice\x1b[0m" in seen

    @pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
    def test_findings_have_no_colour_where_nobody_wants_it(
        self, environment: dict[str, str], warned: Path
    ) -> None:
        status, seen = run_on_a_terminal(*bookpack_command("check", "-q", warned), **environment)
        assert status == 0
        assert "warning BP401" in seen
        assert "\x1b" not in seen

    def test_elsewhere_nothing_has_colour(self, warned: Path) -> None:
        for command in ("build", "check"):
            result = subprocess.run(
                bookpack_command(command, warned), capture_output=True, env=ENVIRONMENT, timeout=60
            )
            assert b"BP401" in result.stdout + result.stderr
            assert b"\x1b" not in result.stdout + result.stderr

    def test_what_takes_over_a_second_shows_progress_in_one_line(self, book: Path) -> None:
        command = [sys.executable, "-c", SLOW_DISK, "1.1", "build", book]
        status, seen = run_on_a_terminal(*command, BOOKPACK_PROGRESS_AFTER="1")
        assert status == 0
        progress, _, table = seen.rpartition("\r\x1b[K")
        assert re.search(r"\r\x1b\[K\w+ 2 of 2 chapters", progress)
        assert "\n" not in progress
        assert "chapters   2\r\n" in table

    def test_elsewhere_progress_is_plain_lines(self, book: Path) -> None:
        result = subprocess.run(
            [sys.executable, "-c", SLOW_DISK, "1.1", "build", book],
            capture_output=True,
            text=True,
            env={**ENVIRONMENT, "BOOKPACK_PROGRESS_AFTER": "1"},
            timeout=60,
        )
        assert result.returncode == 0
        assert "chapters   2\n" in result.stdout
        lines = result.stderr.splitlines()
        assert lines
        assert len(lines) == len(set(lines)) <= 5
        for line in lines:
            assert re.fullmatch(r"\w+ 2 chapters …", line)

    @pytest.mark.parametrize("quiet", ["-q", "--quiet"])
    def test_quiet_shows_no_progress(self, quiet: str, book: Path) -> None:
        status, seen = run_on_a_terminal(
            sys.executable, "-c", SLOW_DISK, "1.1", "build", book, quiet
        )
        assert (status, seen) == (0, "")

    def test_no_progress_mixes_with_what_machines_read(self, book: Path) -> None:
        result = subprocess.run(
            [sys.executable, "-c", SLOW_DISK, "1.1", "check", book, "--format", "json"],
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
            timeout=60,
        )
        assert json.loads(result.stdout) == []


class TestLocales:
    @pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
    def test_no_locale_breaks_the_words(self, locale: str, make_book: MakeBook) -> None:
        book = make_book({"a.md": "# Ä\n\nTODO [x](nö.md)\n"})
        result = subprocess.run(
            bookpack_command("check", book),
            capture_output=True,
            env={**ENVIRONMENT, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
            timeout=60,
        )
        assert b"Traceback" not in result.stderr
        assert b"fault of bookpack" not in result.stderr
        assert result.returncode == 1
        assert b"broken-link" in result.stdout

    def test_an_ascii_terminal_gets_words_all_the_same(self, make_book: MakeBook) -> None:
        book = make_book({"ä.md": "# Ä\n\nTODO [x](nö.md)\n"})
        for arguments in (("check",), ("build",), ("check", "--format", "json")):
            result = subprocess.run(
                bookpack_command(*arguments, book),
                capture_output=True,
                env={**ENVIRONMENT, "PYTHONIOENCODING": "ascii"},
                timeout=60,
            )
            assert b"Traceback" not in result.stderr
            assert b"fault of bookpack" not in result.stderr
            assert result.returncode == 1


IMPORTED = """
import sys
from bookpack.cli import main
try:
    main(sys.argv[1:])
finally:
    print(*sys.modules, file=sys.stderr)
"""


def imported_by(*arguments: str | Path) -> set[str]:
    """Return the packages that a command imports."""
    result = subprocess.run(
        [sys.executable, "-c", IMPORTED, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=60,
    )
    assert result.returncode == 0
    return {name.partition(".")[0] for name in result.stderr.split()}


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    loaded = imported_by("build", "--help")
    assert "click" in loaded
    assert not loaded & {"yaml", "pyromark", "splintr", "PIL", "openai", "asyncio", "tomllib"}


def test_an_unchanged_build_is_quick_because_it_counts_nothing(book: Path) -> None:
    assert "splintr" in imported_by("build", book, "-q") or not find_spec("splintr")
    assert not imported_by("build", book, "-q") & {"splintr"}

    def test_a_book_without_settings_has_its_title_wanted_in_its_folder(
        self, tmp_path: Path, bookpack: Run
    ) -> None:
        write_files(tmp_path / "plain", {"a.md": ONE})
        result = bookpack("check", "plain", "--url", BASE)
        assert result.stdout.startswith("plain:1:1: warning BP212 book-without-title")


@pytest.mark.parametrize(("option", "suggested"), [("--bogus", ""), ("--onyl", "--only")])
def test_an_option_is_suggested_only_where_one_is_alike(
    option: str, suggested: str, bookpack: Run
) -> None:
    result = bookpack("build", option)
    assert result.returncode == 2
    assert ("Did you mean" in result.stderr) == bool(suggested)
    assert suggested in result.stderr
