"""Descriptions as files: readable, edited by people, whole or not at all."""

import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookpack.answers import (
    FILE_NAME,
    Description,
    DescriptionFolder,
    State,
    UnreadableDescriptionError,
    body_start,
    file_name,
    format_description,
    parse_description,
)
from bookpack.errors import WorldError

OVEN = Description(
    identity="0123456789ab" + "c" * 52,
    files={"images/oven.png": "d" * 64},
    kind="chart",
    title="Heat of the oven",
    alt="A rising line",
    text="A line chart.\n\n| minute | °C |\n| --- | --- |\n| 1 | 180 |",
    engine="model",
    model="seeing-1",
    prompt="p1",
    words=("minute", "°C", "180"),
    usage={"tokens-in": 900, "tokens-out": 80, "cost": 0.0012, "currency": "USD"},
).as_written()


def test_a_file_reads_like_a_document() -> None:
    assert format_description(OVEN).decode() == textwrap.dedent('''\
        +++
        kind = "chart"
        title = "Heat of the oven"
        alt = "A rising line"
        state = "open"
        engine = "model"
        model = "seeing-1"
        prompt = "p1"
        written = "%s"
        identity = "%s"
        words = """
        minute
        °C
        180"""

        [files]
        "images/oven.png" = "%s"

        [usage]
        tokens-in = 900
        tokens-out = 80
        cost = 0.0012
        currency = "USD"
        +++

        A line chart.

        | minute | °C |
        | --- | --- |
        | 1 | 180 |
        ''') % (OVEN.written, OVEN.identity, "d" * 64)


def test_what_is_read_is_what_was_written() -> None:
    assert parse_description(format_description(OVEN)) == OVEN


lines = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]))


@given(
    title=lines.map(lambda text: " ".join(text.split())),
    text=st.text(st.characters(exclude_categories=["Cs"])),
    words=st.none() | st.lists(lines.filter(bool)).map(tuple),
    path=lines,
)
def test_anything_comes_back(
    title: str, text: str, words: tuple[str, ...] | None, path: str
) -> None:
    whole = replace(OVEN, title=title, text=text, words=words, files={path: "e"}).as_written()
    again = parse_description(format_description(whole))
    assert (again.title, again.words, again.files) == (title, words, {path: "e"})
    assert not again.touched


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("A line chart.", "A line chart of one morning."),
        ('title = "Heat of the oven"', 'title = "The oven"'),
        ('alt = "A rising line"', 'alt = ""'),
        ('kind = "chart"', 'kind = "decorative"'),
        ('state = "open"', 'state = "reviewed"'),
    ],
)
def test_what_a_person_changes_is_the_persons(old: str, new: str) -> None:
    assert parse_description(format_description(OVEN)).touched is False
    changed = format_description(OVEN).decode().replace(old, new)
    assert parse_description(changed.encode()).touched is True


def test_line_ends_and_blank_lines_at_the_end_are_no_edit() -> None:
    windows = format_description(OVEN).decode().replace("\n", "\r\n") + "\r\n\r\n"
    assert not parse_description(windows.encode("utf-8-sig")).touched


def test_a_person_may_write_a_whole_description() -> None:
    said = parse_description(b'+++\n[files]\n"a.png" = ""\n+++\nBread.\n')
    assert (said.engine, said.touched, said.text) == ("person", True, "Bread.")


@pytest.mark.parametrize(
    ("data", "complaint", "line"),
    [
        (b"", "does not begin with a line +++", 1),
        (b"Just text\n", "does not begin with a line +++", 1),
        (b"+++\nkind = 'chart'\n", "has no second line +++", 1),
        (b"+++\nkind = \n+++\n", "is not TOML", 2),
        (b"+++\nidentity='a'\nkind = 3\n+++\n", "must give kind as a string", 2),
        (b"+++\nkind = 'chart'\n+++\n", "names neither [files] nor the identity", 2),
        (b"+++\nidentity='a'\nfiles = 3\n+++\n", "must give [files] as a table", 2),
        (b"+++\nidentity='a'\nusage = 3\n+++\n", "must give [usage] as a table", 2),
        (b"+++\nidentity='a'\nstate = 'done'\n+++\n", "has the state 'done'", 2),
        (b"+++\nidentity='a'\nengine = 'oracle'\n+++\n", "has the engine 'oracle'", 2),
        (b"+++\nidentity='a'\n+++\nfine\n\xff\n", "is not UTF-8", 5),
        (
            b"+++\nidentity='a'\n+++\n<<<<<<< ours\nA\n=======\nB\n>>>>>>> theirs\n",
            "holds the marks of a merge conflict",
            4,
        ),
    ],
)
def test_what_cannot_be_understood_says_where(data: bytes, complaint: str, line: int) -> None:
    with pytest.raises(UnreadableDescriptionError) as caught:
        parse_description(data)
    assert complaint in str(caught.value)
    assert caught.value.line == line


def test_the_text_begins_behind_the_head() -> None:
    text = format_description(OVEN).decode()
    assert text[body_start(text) :].startswith("A line chart.")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("images/oven.png", "oven-0123456789ab.md"),
        ("Der Ofen (2).PNG", "Der-Ofen-2-0123456789ab.md"),
        ("https://example.com/a/oven.svg?v=2", "oven-0123456789ab.md"),
        ("https://example.com/", "example-0123456789ab.md"),
        ("data:7f", "embedded-0123456789ab.md"),
        ("パン/窯.webp", "窯-0123456789ab.md"),
        ("../../etc/passwd", "picture-0123456789ab.md"),
        ("x" * 300 + ".png", "x" * 60 + "-0123456789ab.md"),
    ],
)
def test_names_of_files(path: str, name: str) -> None:
    assert file_name(path, OVEN.identity) == name
    assert FILE_NAME.fullmatch(name)


class TestFolder:
    def test_a_new_file_and_the_same_again(self, tmp_path: Path) -> None:
        folder = DescriptionFolder(tmp_path / "descriptions")
        name = file_name("images/oven.png", OVEN.identity)
        assert folder.put(name, lambda now: OVEN if now is None else None) == OVEN
        assert folder.read(name) == OVEN
        assert folder.put(name, lambda now: None) == OVEN
        assert [place.name for place in (tmp_path / "descriptions").iterdir()] == [name]

    def test_files_are_as_open_to_others_as_any(self, tmp_path: Path) -> None:
        folder = DescriptionFolder(tmp_path)
        folder.put("oven-0123456789ab.md", lambda now: OVEN)
        (tmp_path / "plain").write_text("")
        modes = {place.stat().st_mode for place in tmp_path.iterdir()}
        assert len(modes) == 1

    def test_a_file_that_cannot_be_understood_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "oven-0123456789ab.md").write_text("<<<<<<< ours\n")
        folder = DescriptionFolder(tmp_path)
        assert folder.put("oven-0123456789ab.md", lambda now: OVEN) is None
        assert (tmp_path / "oven-0123456789ab.md").read_text() == "<<<<<<< ours\n"

    def test_what_a_dead_writer_left_is_cleared_away(self, tmp_path: Path) -> None:
        program = textwrap.dedent(f"""
            import os
            from pathlib import Path
            from bookpack import system
            Path.replace = lambda place, target: os.kill(os.getpid(), {int(signal.SIGKILL)})
            system.replace_file(Path("oven-0123456789ab.md"), b"half")
        """)
        died = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False)
        assert died.returncode == -signal.SIGKILL
        assert len(list(tmp_path.iterdir())) == 1
        DescriptionFolder(tmp_path).put("oven-0123456789ab.md", lambda now: OVEN)
        assert [place.name for place in tmp_path.iterdir()] == ["oven-0123456789ab.md"]

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(WorldError, match="Cannot write"):
            DescriptionFolder(tmp_path / "file" / "in").put("a", lambda now: OVEN)

    def test_many_writers_at_once_lose_nothing(self, tmp_path: Path) -> None:
        program = textwrap.dedent("""
            import sys
            from dataclasses import replace
            from pathlib import Path
            from bookpack.answers import Description, DescriptionFolder
            folder = DescriptionFolder(Path())
            def count(now):
                number = now.usage["calls"] if now else 0
                return Description("a" * 64, {"a.png": ""}, usage={"calls": number + 1})
            for _ in range(50):
                folder.put("a-aaaaaaaaaaaa.md", count)
        """)
        run = [sys.executable, "-c", program]
        writers = [subprocess.Popen(run, cwd=tmp_path) for _ in range(4)]
        assert [writer.wait() for writer in writers] == [0] * 4
        said = DescriptionFolder(tmp_path).read("a-aaaaaaaaaaaa.md")
        assert said is not None
        assert said.usage["calls"] == 200


def test_a_reviewed_description_is_touched() -> None:
    assert replace(OVEN, state=State.REVIEWED).touched
