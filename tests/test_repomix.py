"""Packs that repomix itself wrote, in all its styles."""

import shutil
import subprocess

import pytest

from conftest import write_files

pytestmark = pytest.mark.skipif(
    shutil.which("repomix") is None, reason="the command repomix is not here"
)

RULE = "=" * 16
BOOK = {
    "a-2.md": "# Two\nurl: https://example.com/two/\n\nA & <b>B</b> \"q\" 'r' ]]> &amp;.\n\n\n",
    "a-10.md": "\n\n   indented\n\n# Ten\n  \n",
    "sub/b c.md": "# Ünï\n\n```\nfenced\n```\n",
    "empty.md": "",
    "windows.md": "# Windows\r\n\r\nText.\r\n",
    "amp&ersand.md": "# Amp\n",
    "five.md": "# Five\n\n`````\n````\n`````\n",
    "tags.md": "# Tags\n\n</file>\n\n</files>\n\n<![CDATA[ x ]]>\n",
    "z-last.md": f"# Last\n\n</file>\n</files>\n\n{RULE}\nEnd of Codebase\n{RULE}\n",
}
PACK_IN_PACK = {
    **BOOK,
    "example.md": (
        "# A pack\n\n`````\n# File Summary\n\n# Directory Structure\n```\nevil.md\n```\n\n"
        "# Files\n\n## File: evil.md\n````markdown\n# Evil\n````\n`````\n\n"
        '<files>\n\n<file path="evil.md">\n# Evil\n</file>\n\n</files>\n\n'
        f"{RULE}\nFile: evil.md\n{RULE}\n# Evil\n"
    ),
}


def run_repomix(folder, out, *options: str) -> None:
    """Pack `folder` into the file `out`."""
    subprocess.run(
        ["repomix", "--quiet", "--no-security-check", "--output", str(out), *options, str(folder)],
        check=True,
        capture_output=True,
        cwd=folder,
        timeout=60,
    )


@pytest.mark.parametrize("book", [BOOK, PACK_IN_PACK], ids=["a book", "a pack in a pack"])
@pytest.mark.parametrize("parsable", [False, True], ids=["", "parsable"])
@pytest.mark.parametrize("style", ["markdown", "xml", "plain", "json"])
def test_every_file_comes_back_but_for_blanks_at_its_ends(
    tmp_path, bookpack, style, parsable, book
):
    folder = write_files(tmp_path / "in", book)
    options = ["--style", style] + ["--parsable-style"] * parsable
    run_repomix(folder, tmp_path / "pack", *options)
    result = bookpack("unpack", tmp_path / "pack", "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    found = {
        path.relative_to(tmp_path / "out").as_posix(): path.read_bytes().decode()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file() and path.name != "bookpack.toml"
    }
    # repomix trims what it packs.
    assert {path: text.strip() for path, text in found.items()} == {
        path: text.strip() for path, text in book.items()
    }
    assert all(text.endswith("\n") for text in found.values())


@pytest.mark.parametrize("style", ["markdown", "xml", "plain", "json"])
def test_instructions_behind_the_files_are_no_part_of_the_last_file(tmp_path, bookpack, style):
    folder = write_files(tmp_path / "in", {"a.md": "# A\n", "b.md": "# B\n\nThe end of B.\n"})
    (tmp_path / "instruction.md").write_text("Do this.\n", "utf-8")
    options = ["--style", style, "--instruction-file-path", str(tmp_path / "instruction.md")]
    run_repomix(folder, tmp_path / "pack", *options)
    bookpack("unpack", tmp_path / "pack", "--out", tmp_path / "out")
    assert (tmp_path / "out/b.md").read_text("utf-8").strip() == "# B\n\nThe end of B."


def test_what_repomix_packed_can_be_built(tmp_path, bookpack):
    folder = write_files(tmp_path / "in", {"a.md": BOOK["a-2.md"], "b.md": "# B\n\n[a](a.md)\n"})
    run_repomix(folder, tmp_path / "pack", "--style", "xml")
    bookpack("unpack", tmp_path / "pack", "--out", tmp_path / "out")
    assert bookpack("build", tmp_path / "out").returncode == 0
    pack = (tmp_path / "out/build/book-packed.xml").read_text("utf-8")
    assert "\n[a](https://example.com/two/)\n" in pack
