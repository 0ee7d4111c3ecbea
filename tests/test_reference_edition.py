"""A real edition of a real book: unpacked, its known defects found, and built anew.

What must be found is worked out here a second time, with plain regular expressions.
"""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from conftest import SHARED, needs_shared

pytestmark = needs_shared

PACK = SHARED / "reference" / "edition-packed.md"
URL = "https://draftingstrategy.com"
FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1[`~]*\s*$", re.M | re.S)


def run(*arguments: object, status: tuple[int, ...] = (0,)) -> str:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exit_code in status, result.output
    return result.stdout


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("reference") / "book"
    run("unpack", PACK, "--out", folder)
    return folder


@pytest.fixture(scope="module")
def chapters(book) -> dict[str, str]:
    """The unpacked chapters in the order of the pack."""
    names = re.findall(r"^## File: (.+)$", PACK.read_text("utf-8"), re.M)
    return {name: (book / name).read_text("utf-8") for name in names}


@pytest.fixture(scope="module")
def findings(book) -> list[dict]:
    output = run("check", book, "--url", URL, "--format", "json", status=(0, 1))
    prefix = re.compile(r"^.*(?=llm/)")
    return [{**one, "path": prefix.sub("", one["path"])} for one in json.loads(output)]


def places(findings: list[dict], *names: str) -> set[tuple[str, int]]:
    """Return path and line of the findings called so."""
    return {(one["path"], one["line"]) for one in findings if one["name"] in names}


def prose_lines(text: str):
    """Yield number and text of every line outside fenced code, code spans blanked."""
    text = FENCED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    for number, line in enumerate(text.split("\n"), 1):
        yield number, re.sub(r"`[^`]*`", lambda match: " " * len(match[0]), line)


def test_every_chapter_comes_out_as_it_stands_in_the_pack(chapters):
    pack = PACK.read_text("utf-8")
    assert len(chapters) == 44
    for name, text in chapters.items():
        assert text.endswith("\n")
        assert f"\n## File: {name}\n````markdown\n{text}````\n" in pack


def test_the_order_of_the_pack_is_the_order_of_the_book(book, chapters, tmp_path):
    run("build", book, "--url", URL, "--out", tmp_path, status=(0, 1))
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert [chapter["path"] for chapter in manifest["chapters"]] == list(chapters)


def test_every_relative_link_left_in_is_found(chapters, findings):
    expected = {
        (path, number)
        for path, text in chapters.items()
        for number, line in prose_lines(text)
        if re.search(r"\]\((?!https?://|mailto:|#)[^)]+\)", line)
    }
    assert len(expected) >= 15
    assert places(findings, "relative-link-left-in", "unclosed-link") >= expected
    assert places(findings, "relative-link-left-in") <= expected


def test_every_relative_link_that_leads_nowhere_is_found(chapters, findings):
    known = set()
    for text in chapters.values():
        known |= {url.rstrip("/") for url in re.findall(r"^url: (https?://\S+)$", text, re.M)}
    expected = {
        (path, number)
        for path, text in chapters.items()
        for number, line in prose_lines(text)
        for target in re.findall(r"\]\((/[^)#]*)[^)]*\)", line)
        if URL + target.rstrip("/") not in known
    }
    assert expected <= places(findings, "broken-link")


def test_every_stale_second_copy_is_found(chapters, findings):
    """Two files whose names differ only in their number are two versions of one chapter."""
    groups = defaultdict(list)
    for path in chapters:
        groups[re.sub(r"^llm/\d+_", "", path)].append(path)
    expected = {tuple(paths) for paths in groups.values() if len(paths) == 2}
    assert len(expected) == 5
    found = {
        (re.search(r"llm/\S+?\.md", one["message"])[0], one["path"])
        for one in findings
        if one["name"] == "near-duplicate-chapter"
    }
    assert found == expected


def test_every_chapter_without_its_address_is_found(chapters, findings):
    expected = {
        path for path, text in chapters.items() if not re.match(r"#[^\n]*\n+url: https?://", text)
    }
    assert expected
    assert {path for path, _ in places(findings, "chapter-without-url")} == expected


def test_every_draft_notice_is_found(chapters, findings):
    notice = re.compile(
        r"this is a work[- ]in[- ]progress|draft chapters?\b|\bTODO\b|\btodo\b\**:", re.I
    )
    expected = {
        (path, number)
        for path, text in chapters.items()
        for number, line in prose_lines(text)
        if notice.search(line)
    }
    assert len(expected) > 20
    assert places(findings, "draft-notice") == expected


def test_the_unclosed_emphasis_is_found(chapters, findings):
    """A line of one paragraph with an odd number of double asterisks."""
    expected = {
        (path, number)
        for path, text in chapters.items()
        for number, line in prose_lines(text)
        if line.count("**") % 2 and "***" not in line and r"\*" not in line
    }
    assert len(expected) == 1
    assert expected <= places(findings, "unclosed-emphasis")


def test_every_finding_says_where_it_is(chapters, findings):
    for one in findings:
        lines = chapters[one["path"]].split("\n")
        assert 1 <= one["line"] <= len(lines)
        assert 1 <= one["column"] <= len(lines[one["line"] - 1]) + 1


@pytest.fixture(scope="module")
def pack(book, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("built")
    run("build", book, "--url", URL, "--out", out, status=(0, 1))
    return out / "book-packed.md"


def test_the_edition_is_a_fixed_point(pack, tmp_path):
    run("unpack", pack, "--out", tmp_path / "again")
    run("build", tmp_path / "again", "--out", tmp_path / "out", status=(0, 1))
    for name in ("book-packed.md", "manifest.json"):
        assert (tmp_path / "out" / name).read_bytes() == (pack.parent / name).read_bytes()


def test_no_relative_link_is_left_in(pack):
    left = [
        line
        for _, line in prose_lines(pack.read_text("utf-8").split("# Files\n", 1)[1])
        if re.search(r"\]\((?!https?://|mailto:)[^)]*\)", line)
    ]
    assert left == []


def test_text_outside_of_edits_is_unchanged(chapters, pack):
    """Every line that holds no link, no HTML and no address stands in the chapter, in order."""
    manifest = json.loads((pack.parent / "manifest.json").read_text("utf-8"))
    packed = pack.read_text("utf-8").split("\n")
    edited = re.compile(r"\]\(|\]:|<|https?://|^url: ")
    for chapter in manifest["chapters"]:
        lines = iter(packed[chapter["first_line"] - 1 : chapter["last_line"]])
        kept = [line for line in chapters[chapter["path"]].split("\n") if not edited.search(line)]
        missing = [line for line in kept if line.strip() and line not in lines]
        assert missing == [], chapter["path"]


def test_each_section_of_the_edition_says_where_it_is(pack):
    manifest = json.loads((pack.parent / "manifest.json").read_text("utf-8"))
    packed = pack.read_text("utf-8").split("\n")
    sections = 0
    for chapter in manifest["chapters"]:
        text = "\n".join(packed[chapter["first_line"] - 1 : chapter["last_line"]])
        for name, line in re.findall(r"^## (.+)\n(.*)$", FENCED.sub("", text), re.M):
            sections += 1
            assert line.startswith(f"url: {chapter['url']}#"), name
    assert sections > 200
