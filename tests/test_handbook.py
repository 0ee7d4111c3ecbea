"""The handbook tells the truth: its sessions are run, its tables are compared with the code.

A `console` block is a session: its commands are run, and their output must be what the block
shows (a line `…` stands for any lines). A line such as "`bread/bookpack.toml`:" names the file
that the next block holds. All blocks of one chapter share a folder, which is empty at first.

    python tests/test_handbook.py

writes the real output into every session that is out of date; read the diff before you keep it.
"""

import dataclasses
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints
from xml.etree import ElementTree

import click
import pytest

from bookpack import config
from bookpack.cli import cli
from bookpack.config import tables
from bookpack.read.anchors import GITHUB, AnchorNumbers, AnchorRule
from bookpack.read.dialects.myst import DOCUTILS, MYSTMD
from bookpack.read.front_matter import FrontMatter
from bookpack.read.layouts import hugo_anchors, jekyll_anchors, mkdocs
from bookpack.read.layouts.mdbook import MDBOOK
from bookpack.read.layouts.pandoc_anchors import PANDOC
from bookpack.read.layouts.registry import layouts
from bookpack.read.order import natural_key
from command_server import CommandServer

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted((ROOT / "chapters").glob("*.md"), key=lambda path: natural_key(path.name))
TEXTS = [*CHAPTERS, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
# The tables of bookpack.toml; [[part]] is a tuple of tables.
TABLES: dict[str, Any] = {
    name: (get_args(kind) or (kind,))[0]
    for name, kind in get_type_hints(config.Settings).items()
    if name not in ("folder", "file")
}
_FENCE = re.compile(r"(`{3,})(\w*)")
_FILE_NAME = re.compile(r"`([\w./-]+)`:")
_SITE_SIZE = re.compile(r"\(\d+ files, [\d,.]+ [KM]?B(?:ytes)?\)")
BOOKPACK = (sys.executable, "-m", "bookpack")
_SHELL_MARKS = {"&&", "||", "|", ">", ";"}

Runner = Callable[..., subprocess.CompletedProcess[str]]


class Block(NamedTuple):
    """A fenced block: its language, the file it stands for, the lines between its fences.

    `start` and `end` are those lines' numbers in the chapter, counted from 0.
    """

    language: str
    file: str
    lines: list[str]
    start: int
    end: int


def blocks_of(path: Path) -> Iterator[Block]:
    lines = path.read_text("utf-8").split("\n")
    number, above = 0, ""
    while number < len(lines):
        fence = _FENCE.fullmatch(lines[number])
        if fence is None:
            above = lines[number] or above
            number += 1
            continue
        start, end = number + 1, lines.index(fence[1], number + 1)
        named = _FILE_NAME.fullmatch(above)
        yield Block(fence[2], named[1] if named else "", lines[start:end], start, end)
        number, above = end + 1, ""


def run_line(command: str, folder: Path, program: Sequence[str | Path]) -> list[str]:
    """Run one command of a session in `folder` and return the lines that it prints."""
    bookpack = shlex.join(map(str, program))
    functions = f'bookpack() {{ {bookpack} "$@"; }}; python3() {{ "$PYTHON" "$@"; }}; '
    done = subprocess.run(
        ["bash", "-c", functions + command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={
            **os.environ,
            "NO_COLOR": "1",
            "BOOKPACK_PROGRESS_AFTER": "3600",
            "PYTHON": sys.executable,
        },
        timeout=60,
        check=False,
    )
    return done.stdout.decode().split("\n")[:-1]


def run_sessions(
    path: Path, folder: Path, program: Sequence[str | Path] = BOOKPACK
) -> Iterator[tuple[Block, list[str], list[str]]]:
    """Write the files of a chapter and run its sessions; yield each as written and as it is.

    `program` is what the sessions call `bookpack`.
    """
    for block in blocks_of(path):
        if block.file:
            place = folder / block.file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text("\n".join([*block.lines, ""]), "utf-8")
        elif block.language == "console":
            for written, command in _commands(block):
                yield block, written, [f"$ {command}", *run_line(command, folder, program)]


def _commands(block: Block) -> Iterator[tuple[list[str], str]]:
    starts = [n for n, line in enumerate(block.lines) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(block.lines)], strict=True):
        yield block.lines[start:end], block.lines[start].removeprefix("$ ")


def agrees(written: list[str], real: list[str]) -> bool:
    """Tell whether `written` is `real`, where a line `…` stands for any lines.

    How large a site is depends on its style sheet, and no text says anything about that.
    """
    written, real = (
        _SITE_SIZE.sub("(…)", "\n".join(lines)).split("\n") for lines in (written, real)
    )
    pattern = "".join(r"(?:.*\n)*?" if w == "…" else re.escape(w) + r"\n" for w in written)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in real)) is not None


def section(path: str, heading: str) -> str:
    """Return the text below `heading` of a chapter, up to the next heading of its level."""
    text = (ROOT / "chapters" / path).read_text("utf-8")
    level = heading.split(" ")[0]
    found = re.search(
        rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", text, re.M | re.S
    )
    assert found, f"{path} has no {heading}"
    return found[1]


def rows_of(text: str) -> list[list[str]]:
    """Return the cells of all table rows in `text`, without heads."""
    lines = [line for line in text.split("\n") if line.startswith("|")]
    heads = {n for n, line in enumerate(lines[1:]) if set(line) <= set("|- ")}
    kept = (line for n, line in enumerate(lines) if n not in heads and n - 1 not in heads)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in kept]


def code(cell: str) -> str:
    return cell.strip("`")


class TestTheHandbookIsABook:
    def test_it_has_no_findings_at_all(self, bookpack: Runner) -> None:
        done = bookpack("check", ROOT)
        assert (done.stdout, done.stderr, done.returncode) == ("Findings: none.\n", "", 0)

    def test_it_builds_with_words_for_every_picture(self, bookpack: Runner, tmp_path: Path) -> None:
        done = bookpack("build", ROOT, "--out", tmp_path / "out", "--locked")
        assert (done.stderr, done.returncode) == ("", 0)
        manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
        assert [c["path"] for c in manifest["chapters"]] == [path.name for path in CHAPTERS]

    def test_its_pack_builds_to_the_same_pack(self, bookpack: Runner, tmp_path: Path) -> None:
        bookpack("build", ROOT, "--out", tmp_path / "out")
        bookpack("unpack", tmp_path / "out" / "book-packed.md", "--out", tmp_path / "again")
        bookpack("build", tmp_path / "again")
        first = tmp_path / "out" / "book-packed.md"
        second = tmp_path / "again" / "build" / "book-packed.md"
        assert second.read_bytes() == first.read_bytes()

    @pytest.mark.parametrize(
        "path", sorted((ROOT / "chapters" / "images").glob("*.svg")), ids=lambda path: path.name
    )
    def test_each_drawing_has_a_title_and_a_description(self, path: Path) -> None:
        names = {element.tag.rpartition("}")[2] for element in ElementTree.parse(path).getroot()}
        assert {"title", "desc"} <= names

    def test_the_picture_of_the_terminal_shows_what_is_printed_there(self, tmp_path: Path) -> None:
        chapter = next(path for path in CHAPTERS if path.name.endswith("editing.md"))
        for block in blocks_of(chapter):
            if block.file.startswith("bread/"):
                place = tmp_path / block.file
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text("\n".join([*block.lines, ""]), "utf-8")
        command = "printf 'a\\nq\\n' | bookpack review bread --by Baker"
        lines = run_line(command, tmp_path, BOOKPACK)
        said = [re.sub(r"\[-|-\]|\{\+|\+\}", "", line) for line in lines]
        drawing = ElementTree.parse(ROOT / "chapters" / "images" / "review-terminal.svg")
        drawn = ["".join(text.itertext()) for text in drawing.iter() if text.tag.endswith("}text")]
        assert drawn[0] == "$ bookpack review bread --by Baker"
        assert drawn[1:] == [line for line in said[:-1] if line]


class TestTheRuleTable:
    def test_it_is_up_to_date(self) -> None:
        script = ROOT / "scripts" / "write_rule_table.py"
        done = subprocess.run(
            [sys.executable, script, "--check"], capture_output=True, text=True, check=False
        )
        assert (done.stderr, done.returncode) == ("", 0)


class TestTheSettingsChapter:
    def test_it_has_every_table(self) -> None:
        text = section("3-chapters-and-settings.md", "## bookpack.toml")
        assert re.findall(r"^### (.*)$", text, re.M) == list(TABLES)

    @pytest.mark.parametrize("table", TABLES)
    def test_it_has_every_key_with_its_default(self, table: str) -> None:
        written = {
            code(key): default
            for key, default, _ in rows_of(section("3-chapters-and-settings.md", f"### {table}"))
        }
        assert written == {
            field.name.rstrip("_").replace("_", "-"): _default(field)
            for field in dataclasses.fields(TABLES[table])
        }

    def test_it_has_the_default_draft_phrases(self) -> None:
        text = section("3-chapters-and-settings.md", "### lint")
        listed = re.search(r"draft-phrases = \[\n(.*?)\n\]", text, re.S)
        assert listed
        assert json.loads(f"[{listed[1].rstrip(',')}]") == list(tables.DRAFT_PHRASES)

    def test_it_has_every_field_of_front_matter(self) -> None:
        rows = rows_of(section("3-chapters-and-settings.md", "## Front matter"))
        known = {f.name for f in dataclasses.fields(FrontMatter)} - {"end", "values", "problems"}
        assert {code(row[0]) for row in rows} == known

    def test_its_addresses_are_those_that_a_build_gives(
        self, make_book: Callable[..., Path], bookpack: Runner
    ) -> None:
        text = section("3-chapters-and-settings.md", "## Addresses")
        styles = [code(s.removesuffix(" (default)")) for s in _head_of(text, "| file |")[1:]]
        rows = [row for row in rows_of(text) if code(row[0]).endswith(".md")]
        files = {code(row[0]): f"# Chapter {n}\n" for n, row in enumerate(rows)}
        for number, style in enumerate(styles, 1):
            book = make_book(files, name=f"book{number}")
            bookpack("build", book, "--set", f"layout.url-style={style}")
            manifest = json.loads((book / "build" / "manifest.json").read_text("utf-8"))
            addresses = {chapter["path"]: chapter["url"] for chapter in manifest["chapters"]}
            assert addresses == {code(row[0]): code(row[number]) for row in rows}


class TestTheLinksChapter:
    def test_every_target_becomes_what_the_table_says(
        self, bookpack: Runner, tmp_path: Path
    ) -> None:
        _write_files("4-links.md", tmp_path)
        chapter = tmp_path / "links" / "chapters" / "2-dough.md"
        rows = rows_of(section("4-links.md", "## An example"))
        links = "".join(f"- [x]({code(target)})\n" for target, _, _ in rows)
        opening = chapter.read_text("utf-8") + "\n"
        chapter.write_text(opening + links, "utf-8")
        assert _packed_links(bookpack, tmp_path / "links") == [code(row[1]) for row in rows]
        findings = json.loads(bookpack("check", "links", "--format", "json").stdout)
        first = opening.count("\n") + 1
        found = {finding["line"] - first: finding["code"] for finding in findings}
        assert [found.get(n, "") for n in range(len(rows))] == [row[2] for row in rows]

    def test_every_heading_has_the_anchor_that_the_table_says(
        self, make_book: Callable[..., Path], bookpack: Runner
    ) -> None:
        rows = rows_of(section("4-links.md", "## Anchors"))
        headings = "".join(f"{code(heading)}\n\n" for heading, _ in rows)
        links = "".join(f"- [x]({code(anchor)})\n" for _, anchor in rows)
        book = make_book({"a.md": f"# A\n\n{headings}{links}"})
        assert bookpack("check", book).stdout == "Findings: none.\n"


class TestTheConventionsChapter:
    def test_it_has_every_convention_in_the_order_in_which_they_are_tried(self) -> None:
        rows = rows_of(section("9-conventions.md", "## How a convention is recognised"))
        names = [code(row[0]) for row in rows]
        assert names[: len(layouts())] == list(layouts())

    def test_every_rule_gives_the_anchors_that_the_table_says(self) -> None:
        rules: list[AnchorRule] = [
            GITHUB,
            MDBOOK,
            *(hugo_anchors.anchor_rule(n) for n in ("github", "github-ascii", "blackfriday")),
            mkdocs.anchor_rule({}),
            DOCUTILS,
            MYSTMD,
            PANDOC,
            jekyll_anchors.anchor_rule({}),
            jekyll_anchors.anchor_rule({"kramdown": {"input": "Kramdown"}}),
        ]
        text = section("9-conventions.md", "## Anchors")
        headings = [code(cell) for cell in _head_of(text, "| rule |")[1:3]]
        written = [[code(cell) for cell in row[:4]] for row in rows_of(text)]
        assert written == [[rule.name, *_anchors_of(rule, headings)] for rule in rules]


class TestWhatIsTyped:
    @pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
    def test_every_session_shows_what_really_happens(
        self, path: Path, tmp_path: Path, command_server: CommandServer | None
    ) -> None:
        pytest.importorskip("splintr", reason="sessions show exact token counts")
        program = command_server.program if command_server else BOOKPACK
        for _, written, real in run_sessions(path, tmp_path, program):
            if not agrees(written, real):
                assert "\n".join(written) == "\n".join(real)

    @pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
    def test_every_command_and_option_exists(self, path: Path) -> None:
        for words in _calls(path):
            if words[0].startswith("-"):
                assert words[0] in _options(cli)
                continue
            command = cli.commands.get(words[0])
            assert command, f"{path.name} calls bookpack {words[0]}"
            for place, word in enumerate(words):
                if word.startswith("-"):
                    assert word in _options(command), f"{path.name}: bookpack {' '.join(words)}"
                if word == "--set":
                    table, key = words[place + 1].partition("=")[0].split(".")
                    keys = {f.name.replace("_", "-") for f in dataclasses.fields(TABLES[table])}
                    assert key in keys, f"{path.name}: {words[place + 1]}"

    @pytest.mark.parametrize("name", sorted(cli.commands))
    def test_the_chapter_on_commands_has_every_option(self, name: str) -> None:
        chapter = (ROOT / "chapters" / "7-commands.md").read_text("utf-8")
        shared, own = chapter.split("\n## ")[0], section("7-commands.md", f"## {name}")
        for option in _options(cli.commands[name]) - {"-h", "--help"}:
            assert re.search(rf"`{option}\b", shared + own), f"{option} of {name}"

    @pytest.mark.parametrize(
        "path", [*TEXTS[len(CHAPTERS) :], ROOT / "CHANGELOG.md"], ids=lambda path: path.name
    )
    def test_links_outside_the_book_lead_to_files(self, path: Path) -> None:
        prose = re.sub(r"^(```+)\w*\n.*?^\1$", "", path.read_text("utf-8"), flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)#:]+)[)#]", prose):
            assert (ROOT / target).exists(), f"{path.name} links to {target}"


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.name == "draft_phrases":
        return "see below"
    made = field.default_factory() if callable(field.default_factory) else field.default
    value = list(made) if isinstance(made, tuple) else made
    return f"`{json.dumps(value) if not isinstance(value, Mapping) else '{}'}`"


def _head_of(text: str, start: str) -> list[str]:
    line = next(line for line in text.split("\n") if line.startswith(start))
    return [cell.strip() for cell in line.strip("|").split("|")]


def _anchors_of(rule: AnchorRule, headings: list[str]) -> list[str]:
    """Return the anchors of `headings`, and that of the second of two headings `Same`."""
    numbers = AnchorNumbers(rule)
    *anchors, _, repeated = [numbers.claim(rule.slug(text)) for text in (*headings, "Same", "Same")]
    return [*anchors, repeated]


def _write_files(chapter: str, folder: Path) -> None:
    for block in blocks_of(ROOT / "chapters" / chapter):
        if block.file:
            place = folder / block.file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text("\n".join([*block.lines, ""]), "utf-8")


def _packed_links(bookpack: Runner, book: Path) -> list[str]:
    bookpack("build", book)
    pack = (book / "build" / "book-packed.md").read_text("utf-8")
    return re.findall(r"^- \[x\]\((.*)\)$", pack, re.M)


def _calls(path: Path) -> Iterator[list[str]]:
    """Yield the words behind `bookpack` of every call in the commands that `path` shows."""
    for block in blocks_of(path):
        if block.language not in ("console", "sh"):
            continue
        for line in block.lines:
            if block.language == "console" and not line.startswith("$ "):
                continue
            words = shlex.split(line.removeprefix("$ "), comments=True)
            starts = [n for n, word in enumerate(words) if word == "bookpack"]
            for start in starts:
                behind = words[start + 1 :]
                end = next((n for n, w in enumerate(behind) if w in _SHELL_MARKS), len(behind))
                if behind[:end]:
                    yield behind[:end]


def _options(command: click.Command) -> set[str]:
    context = click.Context(command, help_option_names=["-h", "--help"])
    options = [p for p in command.get_params(context) if isinstance(p, click.Option)]
    return {name for option in options for name in option.opts}


def rewrite_sessions(path: Path) -> None:
    """Write the real output into the sessions of `path` that are out of date."""
    lines = path.read_text("utf-8").split("\n")
    fresh: dict[tuple[int, int], list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for block, written, real in run_sessions(path, Path(folder)):
            shown = written if agrees(written, real) else real
            fresh.setdefault((block.start, block.end), []).extend(shown)
    for (start, end), output in sorted(fresh.items(), reverse=True):
        # The fence must be longer than any that stands in the output.
        inner = max(len(line) - len(line.lstrip("`")) for line in output)
        fence = "`" * max(3, inner + 1)
        lines[start - 1 : end + 1] = [f"{fence}console", *output, fence]
    path.write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    for text in TEXTS:
        rewrite_sessions(text)
