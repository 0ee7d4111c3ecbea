"""`bookpack unpack`: what comes out, what it is compared with, and what it refuses.

The small packs below are written by hand, in the four layouts of repomix 1.x.
"""

import json
import re
from pathlib import Path

import pytest

from bookpack.config import load_settings

RULE = "=" * 16
LONG_RULE = "=" * 64
EXPECTED = {
    "1-flour.md": "# Flour\nurl: https://example.com/flour/\n\nA & <b>B</b>.\n",
    "more/ä b.md": (
        "# Ä\n\n````\n# Files\n\n## File: evil.md\n```markdown\n# Evil\n```\n````\n\n</file>\n\n"
        f"{RULE}\nFile: evil.md\n{RULE}\nEvil\n"
    ),
}
FLOUR, MORE = (text.rstrip("\n") for text in EXPECTED.values())
TREE = "more/\n  ä b.md\n1-flour.md"
SUMMARY = "This file is a merged representation of the entire codebase, combined by Repomix."

REPOMIX = {
    "markdown": f"""{SUMMARY}

# File Summary

## Purpose
All of it.

# Directory Structure
```
{TREE}
```

# Files

## File: 1-flour.md
`````markdown
{FLOUR}
`````

## File: more/ä b.md
`````markdown
{MORE}
`````
""",
    "xml": f"""{SUMMARY}

<file_summary>
All of it.
</file_summary>

<directory_structure>
{TREE}
</directory_structure>

<files>
This section contains the contents of the repository's files.

<file path="1-flour.md">
{FLOUR}
</file>

<file path="more/ä b.md">
{MORE}
</file>

</files>
""",
    "plain": f"""{SUMMARY}

{LONG_RULE}
File Summary
{LONG_RULE}
All of it.

{LONG_RULE}
Directory Structure
{LONG_RULE}
{TREE}

{LONG_RULE}
Files
{LONG_RULE}

{RULE}
File: 1-flour.md
{RULE}
{FLOUR}

{RULE}
File: more/ä b.md
{RULE}
{MORE}



{LONG_RULE}
End of Codebase
{LONG_RULE}
""",
    "json": json.dumps(
        {
            "fileSummary": {"generationHeader": SUMMARY},
            "directoryStructure": TREE,
            "files": {"1-flour.md": FLOUR, "more/ä b.md": MORE},
        }
    ),
}


def contents(folder: Path) -> dict[str, str]:
    """Return every file below `folder` but the settings."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "bookpack.toml"
    }


@pytest.mark.parametrize("style", REPOMIX)
def test_packs_in_the_layouts_of_repomix(tmp_path, bookpack, style):
    (tmp_path / "pack").write_text(REPOMIX[style], "utf-8")
    result = bookpack("unpack", "pack", "--out", "book")
    assert result.returncode == 0, result.stderr
    assert contents(tmp_path / "book") == EXPECTED
    assert "2 files unpacked" in result.stdout


def test_a_byte_order_mark_does_no_harm(tmp_path, bookpack):
    (tmp_path / "pack").write_text("\ufeff" + REPOMIX["xml"], "utf-8")
    assert bookpack("unpack", "pack", "--out", "book").returncode == 0
    assert contents(tmp_path / "book") == EXPECTED


@pytest.mark.parametrize("name", ["Instruction", "Git Diffs", "Git Logs"])
def test_what_repomix_adds_behind_the_files_is_no_chapter(tmp_path, bookpack, name):
    end = f"{LONG_RULE}\nEnd of Codebase\n"
    added = f"{LONG_RULE}\n{name}\n{LONG_RULE}\nSome more text.\n\n\n"
    pack = REPOMIX["plain"].replace("# Files\n", "# Other\n").replace(end, added + end)
    (tmp_path / "pack").write_text(pack, "utf-8")
    bookpack("unpack", "pack", "--out", "book")
    assert contents(tmp_path / "book") == {
        path: text.replace("# Files\n", "# Other\n") for path, text in EXPECTED.items()
    }


def test_the_settings_say_what_can_be_known(tmp_path, bookpack):
    (tmp_path / "bread.md").write_text(REPOMIX["markdown"], "utf-8")
    bookpack("unpack", "bread.md", "--out", "book")
    settings = load_settings(tmp_path / "book")
    assert settings.book.title == "bread"
    assert settings.book.url == "https://example.com"
    assert settings.layout.chapters == ("1-flour.md", "more/ä b.md")
    assert bookpack("check", "book").returncode == 0


def test_without_any_address_the_settings_ask_for_one(tmp_path, bookpack):
    text = REPOMIX["markdown"].replace("url: https://example.com/flour/\n", "")
    (tmp_path / "bread.md").write_text(text, "utf-8")
    bookpack("unpack", "bread.md", "--out", "book")
    result = bookpack("build", "book")
    assert result.returncode == 2
    assert "no base URL" in result.stderr
    assert bookpack("build", "book", "--url", "https://example.com").returncode == 0


# Verifying


@pytest.fixture
def packed(make_book, bookpack, tmp_path):
    """Return a packed edition beside its manifest."""
    chapters = {"a.md": "# A\n\nText of A.\n", "b.md": "# B\n\nText of B.\n", "c.md": "# C\n"}
    bookpack("build", make_book(chapters), "--out", tmp_path / "out")
    return tmp_path / "out/book-packed.md"


def test_a_pack_is_checked_against_the_manifest_beside_it(packed, bookpack):
    result = bookpack("unpack", packed, "--out", "new")
    assert result.returncode == 0
    assert f"Every chapter is as {packed.parent / 'manifest.json'} says." in result.stdout


def test_a_pack_is_checked_against_a_manifest_anywhere(packed, bookpack, tmp_path):
    manifest = packed.parent / "manifest.json"
    manifest = manifest.rename(tmp_path / "elsewhere.json")
    assert "Every chapter" not in bookpack("unpack", packed, "--out", "new").stdout
    result = bookpack("unpack", packed, "--out", "again", "--verify", manifest)
    assert result.returncode == 0
    assert f"Every chapter is as {manifest} says." in result.stdout


CHANGES = {
    "a changed chapter": (
        lambda text: text.replace("Text of B.", "Text of Bee."),
        r"^b\.md: its text is not the one that the manifest describes\.$",
    ),
    "a missing chapter": (
        lambda text: text.replace(
            text[text.index("\n## File: b") : text.index("\n## File: c")], ""
        ),
        r"b\.md: in the manifest and not in the pack|fewer chapters than Contents",
    ),
    "another chapter": (
        lambda text: text + "\n## File: d.md\n```markdown\n# D\n```\n",
        r"d\.md: in the pack and not in the manifest|more chapters than Contents",
    ),
    "chapters in another order": (
        lambda text: (
            text[: text.index("\n## File: b")]
            + text[text.index("\n## File: c") :]
            + text[text.index("\n## File: b") : text.index("\n## File: c")]
        ),
        r"^The chapters stand in another order than the manifest says\.$",
    ),
    "something around the chapters": (
        lambda text: text.replace("- Quote the book", "- Ignore the book"),
        r"^The chapters are right, but the pack around them was changed\.$",
    ),
}


@pytest.mark.parametrize(("change", "complaint"), CHANGES.values(), ids=CHANGES)
def test_verifying_finds(packed, bookpack, change, complaint):
    text = packed.read_text("utf-8")
    assert change(text) != text
    packed.write_text(change(text), "utf-8")
    result = bookpack("unpack", packed, "--out", "new")
    assert re.search(complaint, result.stderr), result.stderr
    assert result.returncode in (1, 3)


@pytest.mark.parametrize("text", ["", "{}", "[]", "[[", '{"chapters": [1]}', '{"chapters": [{}]}'])
def test_what_is_no_manifest_is_refused(packed, bookpack, tmp_path, text):
    (tmp_path / "other.json").write_text(text, "utf-8")
    result = bookpack("unpack", packed, "--out", "new", "--verify", tmp_path / "other.json")
    assert result.returncode == 3
    assert "is not a manifest" in result.stderr
    assert not (tmp_path / "new").exists()


# Refusing


@pytest.mark.parametrize(
    "path",
    [
        "../evil.md",
        "a/../../evil.md",
        "/etc/evil.md",
        "a//b.md",
        "./a.md",
        "a/..",
        "..",
        r"..\evil.md",
        r"a\..\..\evil.md",
        "C:/evil.md",
        "c:evil.md",
        r"\\server\evil.md",
        "a\tb.md",
    ],
)
@pytest.mark.parametrize("style", ["markdown", "json"])
def test_paths_out_of_the_folder_are_refused_and_nothing_is_written(
    tmp_path, bookpack, path, style
):
    text = (
        json.dumps({"files": {"good.md": "# Good", path: "# Evil"}})
        if style == "json"
        else f"# Files\n\n## File: good.md\n```\n# Good\n```\n\n## File: {path}\n```\n# Evil\n```\n"
    )
    (tmp_path / "in").mkdir()
    (tmp_path / "in/pack").write_text(f"\n{text}", "utf-8")
    result = bookpack("unpack", tmp_path / "in/pack", "--out", tmp_path / "in/out")
    assert result.returncode == 3
    assert "would leave the output folder" in result.stderr
    assert [found.name for found in tmp_path.rglob("*")] == ["in", "pack"]


def test_a_path_that_is_a_file_and_a_folder_is_refused(tmp_path, bookpack):
    text = json.dumps({"files": {"a.md": "# A", "a.md/b.md": "# B"}})
    (tmp_path / "pack.json").write_text(text, "utf-8")
    result = bookpack("unpack", "pack.json", "--out", "out")
    assert result.returncode in (2, 3)
    assert "Traceback" not in result.stderr


def test_settings_in_a_pack_do_not_take_the_place_of_ours_in_silence(tmp_path, bookpack):
    """A pack may hold a bookpack.toml: its text comes out as it is, like any file's."""
    text = json.dumps({"files": {"a.md": "# A", "bookpack.toml": '[book]\ntitle = "T"\n'}})
    (tmp_path / "pack.json").write_text(text, "utf-8")
    assert bookpack("unpack", "pack.json", "--out", "out").returncode == 0
    assert (tmp_path / "out/bookpack.toml").read_text("utf-8") == '[book]\ntitle = "T"\n'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Just a text.\n",
        b"# Files\n\nNothing else.\n",
        b"{}",
        b"{",
        b'{"files": []}',
        b'{"files": {"a.md": 1}}',
        b"[" * 100_000,
        b"\xff\xfe\x00",
        b"<repomix></repomix>",
    ],
)
def test_what_is_no_pack_is_refused(tmp_path, bookpack, data):
    (tmp_path / "pack").write_bytes(data)
    result = bookpack("unpack", "pack", "--out", "out")
    assert result.returncode == 3
    assert "pack is not a packed file" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_pack_that_was_cut_short_is_refused(packed, bookpack, tmp_path):
    text = packed.read_text("utf-8")
    packed.write_text(text[: text.index("Text of B") + 4], "utf-8")
    result = bookpack("unpack", packed, "--out", "new")
    assert result.returncode == 3
    assert "it was cut short" in result.stderr
    assert not (tmp_path / "new").exists()


def test_a_folder_that_holds_something_is_never_written_into(packed, bookpack, tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new/mine.md").write_text("mine", "utf-8")
    result = bookpack("unpack", packed, "--out", "new")
    assert result.returncode == 2
    assert "is not empty" in result.stderr
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["mine.md"]


def test_a_file_that_is_not_there(bookpack):
    result = bookpack("unpack", "no-such-file.md", "--out", "new")
    assert result.returncode == 3
    assert "Cannot read no-such-file.md" in result.stderr
