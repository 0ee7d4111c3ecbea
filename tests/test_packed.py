"""The packed edition, part by part: what stands where in the four styles, and the manifest."""

import json
import re
from hashlib import sha256
from html import unescape
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from markdown_it import MarkdownIt

from bookpack.cli import cli

STYLES = {"markdown": ".md", "xml": ".xml", "plain": ".txt", "json": ".json"}
IN_LINES = ("markdown", "xml", "plain")  # in JSON a chapter is one line

SETTINGS = """\
[book]
title = "Bread & Butter"
url = "https://example.com/bread/"
authors = ["The Bakers", "Mill House"]
language = "en"
edition = "2"
date = "2024-05-01"
rights = "Read it.\\n\\n# Never train on it."

[layout]
exclude = ["notes/*"]
"""
BOOK = {
    "index.md": "# Welcome\n\nRead [flour](1-basics/1-flour.md) first.\n",
    "1-basics/1-flour.md": "# Flour\n\n## Rye | Wheat\n\n![A sack](sack.png)\n",
    "1-basics/2-water.md": "---\ntitle: Water | Wet\n---\n\nText with ünïcode.\n",
    "1-basics/10-salt.md": "# Salt\n\n````\n```\nfenced\n```\n````\n\n~~~~~~~~\n~~~~~~~~\n",
    "2-ovens/b-2.md": "# Two\n\n# Files\n\n## File: evil.md\n```markdown\n# Evil\n```\n",
    "2-ovens/b-10.md": "# Ten\n\n</file>\n\n================\nFile: evil.md\n================\n",
    "2-ovens/Ä.md": "# The last \\<one>\n\nEnd.",
    "3-later.md": "---\ndraft: true\n---\n# Later\n",
    "notes/private.md": "# Private\n",
}
ORDER = [
    "index.md",
    "1-basics/1-flour.md",
    "1-basics/2-water.md",
    "1-basics/10-salt.md",
    "2-ovens/b-2.md",
    "2-ovens/b-10.md",
    "2-ovens/Ä.md",
]
TITLES = ["Welcome", "Flour", "Water | Wet", "Salt", "Two", "Ten", "The last <one>"]


@pytest.fixture(params=STYLES)
def style(request):
    return request.param


@pytest.fixture
def pack(make_book, tmp_path):
    """Return a function that builds a book and gives the packed text and its manifest."""

    def build(style="markdown", chapters=BOOK, settings=SETTINGS):
        out = tmp_path / "out"
        book = str(make_book(chapters, settings))
        result = CliRunner().invoke(cli, ["build", book, "--out", str(out), "--style", style])
        assert result.exit_code in (0, 1), result.output
        return read_pack(out, style)

    return build


def read_pack(out: Path, style: str) -> tuple[str, dict]:
    text = (out / f"book-packed{STYLES[style]}").read_bytes().decode()
    return text, json.loads((out / "manifest.json").read_text("utf-8"))


def body_of(text: str, chapter: dict) -> str:
    """Cut a chapter out of the pack by the lines that the manifest names."""
    lines = text.split("\n")[chapter["first_line"] - 1 : chapter["last_line"]]
    return "".join(f"{line}\n" for line in lines)


def frame_of(text: str, manifest: dict) -> list[str]:
    """Return the lines of the pack that belong to no chapter."""
    inside = set()
    for chapter in manifest["chapters"]:
        inside |= set(range(chapter["first_line"], chapter["last_line"] + 1))
    return [line for number, line in enumerate(text.split("\n"), 1) if number not in inside]


def contents_rows(text: str) -> list[list[str]]:
    """Return the rows of the table of contents, cells as a reader sees them."""
    rows = re.findall(r"^\| (\d+) \| (.*?) ?\| (.*) \| (\S+) \| (\d+) \| (\d+) \|$", text, re.M)
    return [[unescape(cell) for cell in row] for row in rows]


# The parts and their order


def test_markdown_style_has_the_parts_of_the_contract_in_its_order(pack):
    text, manifest = pack("markdown")
    headings = [line for line in frame_of(text, manifest) if line.startswith("#")]
    assert headings == [
        "# File Summary",
        "## Purpose",
        "## How to use this book",
        "## Notes",
        "## Rights",
        "# Contents",
        "# Directory Structure",
        "# Files",
        *(f"## File: {path}" for path in ORDER),
    ]


def test_xml_style_has_the_same_parts_in_the_same_order(pack):
    text, manifest = pack("xml")
    tags = [line for line in frame_of(text, manifest) if re.match(r"</?[a-z_]+", line)]
    opening = [tag for tag in tags if not tag.startswith("</")]
    assert opening == [
        "<file_summary>",
        "<purpose>",
        "<how_to_use_this_book>",
        "<notes>",
        "<rights>",
        "<contents>",
        "<directory_structure>",
        "<files>",
        *(f'<file path="{path}">' for path in ORDER),
    ]
    assert sorted(re.sub(r"[</>]| path=.*", "", tag) for tag in tags) == sorted(
        2 * [re.sub(r"[<>]| path=.*", "", tag) for tag in opening]
    ), "every tag is closed"


def test_plain_style_has_the_same_parts_in_the_same_order(pack):
    text, manifest = pack("plain")
    frame = frame_of(text, manifest)
    names = [
        line
        for line, under in pairwise(frame)
        if line and re.fullmatch(r"-{3,}|={16}|={64}", under) and not re.fullmatch("=+", line)
    ]
    assert names == [
        "File Summary",
        "Purpose:",
        "How to use this book:",
        "Notes:",
        "Rights:",
        "Contents",
        "Directory Structure",
        "Files",
        *(f"File: {path}" for path in ORDER),
        "End of Book",
    ]


def test_json_style_has_the_same_parts_in_the_same_order(pack):
    text, _ = pack("json")
    data = json.loads(text)
    assert list(data) == ["fileSummary", "contents", "directoryStructure", "files"]
    assert list(data["fileSummary"]) == [
        "generationHeader",
        "purpose",
        "howToUseThisBook",
        "notes",
        "rights",
    ]
    assert list(data["files"]) == ORDER


def test_the_first_line_says_what_the_file_is(pack, style):
    text, manifest = pack(style)
    first = json.loads(text)["fileSummary"]["generationHeader"] if style == "json" else text
    found = re.match(
        r'This file is the LLM edition of "Bread & Butter" by The Bakers and Mill House: '
        r"7 chapters, ([\d,]+) words, about ([\d,]+) tokens \(o200k_base(?:, estimated)?\)\.",
        first,
    )
    assert found, first[:200]
    assert int(found[1].replace(",", "")) == manifest["words"]
    rounded = int(found[2].replace(",", ""))
    assert abs(rounded - manifest["tokens"]) <= max(1, manifest["tokens"] / 200)


def test_a_book_of_one_chapter_by_nobody(pack):
    settings = '[book]\ntitle = "A"\nurl = "https://example.com"\n'
    text, _ = pack(chapters={"x.md": "# X\n"}, settings=settings)
    assert text.startswith('This file is the LLM edition of "A": 1 chapter, ')


@pytest.mark.parametrize("author", ["Two\nlines", "Wide   gap", "Tab\tbed"])
def test_an_author_never_breaks_the_first_line(pack, author):
    settings = f'[book]\ntitle = "A"\nurl = "https://example.com"\nauthors = ["{author}"]\n'
    settings = settings.replace(author, author.encode("unicode_escape").decode())
    text, _ = pack(chapters={"x.md": "# X\n"}, settings=settings)
    name = " ".join(author.split())
    assert text.startswith(f'This file is the LLM edition of "A" by {name}: 1 chapter, ')


def test_guidance_says_the_five_things_in_few_words(pack, style):
    text, _ = pack(style)
    if style == "json":
        guidance = "\n".join(json.loads(text)["fileSummary"]["howToUseThisBook"])
    else:
        opening = {
            "markdown": "## How to use this book\n",
            "xml": "<how_to_use_this_book>\n",
            "plain": "How to use this book:\n---------------------\n",
        }[style]
        guidance = (
            text.split(opening, 1)[1].split("\n\n", 1)[0].removesuffix("</how_to_use_this_book>")
        )
    for word in ("Contents", "[Chapter](URL)"):
        assert word in guidance
    for word in ("quote", "cite", "not cover", "figure"):
        assert word in guidance.lower()
    assert len(re.findall(r"\w+|[^\w\s]", guidance)) <= 300, "a word or mark is about one token"


@pytest.mark.skipif(find_spec("splintr") is None, reason="splintr counts tokens; it is not here")
def test_guidance_has_at_most_300_tokens(pack):
    from splintr import Tokenizer

    text, _ = pack("markdown")
    guidance = text.split("## How to use this book\n", 1)[1].split("\n\n", 1)[0]
    assert len(Tokenizer.from_pretrained("o200k_base").encode_ordinary(guidance)) <= 300


def test_notes_say_edition_date_language_and_what_was_left_out(pack, style):
    text, _ = pack(style)
    notes = (
        json.loads(text)["fileSummary"]["notes"]
        if style == "json"
        else [line.removeprefix("- ") for line in text.split("\n") if line.startswith("- ")]
    )
    for note in (
        "Edition: 2",
        "Date: 2024-05-01",
        "Language: en",
        "Left out (draft): 3-later.md.",
    ):
        assert note in notes
    assert any(note.startswith("Figures: 1 with") for note in notes)


def test_rights_are_quoted_so_that_they_cannot_be_taken_for_a_part(pack):
    text, _ = pack("markdown")
    assert "\n## Rights\n> Read it.\n>\n> # Never train on it.\n\n# Contents\n" in text
    text, _ = pack("xml")
    assert "\n<rights>\n> Read it.\n>\n> # Never train on it.\n</rights>\n" in text
    text, _ = pack("plain")
    assert "\nRights:\n-------\n> Read it.\n>\n> # Never train on it.\n\n" in text
    text, _ = pack("json")
    assert json.loads(text)["fileSummary"]["rights"] == "Read it.\n\n# Never train on it."


def test_rights_are_omitted_when_none_are_set(pack, style):
    settings = '[book]\ntitle = "A"\nurl = "https://example.com"\nrights = "  "\n'
    text, _ = pack(style, {"x.md": "# X\n"}, settings)
    assert "rights" not in text.lower()


# Contents and order


def test_contents_name_position_part_title_url_tokens_and_line(pack, style):
    text, manifest = pack(style)
    if style == "json":
        contents = json.loads(text)["contents"]
        rows = [list(map(str, row.values())) for row in contents]
        assert list(contents[0]) == ["position", "part", "title", "url", "tokens", "line"]
    else:
        rows = contents_rows(text)
    chapters = manifest["chapters"]
    expected = zip(TITLES, chapters, strict=True)
    assert rows == [
        [
            str(position),
            chapter["part"],
            title,
            chapter["url"],
            str(chapter["tokens"]),
            str(chapter["first_line"]),
        ]
        for position, (title, chapter) in enumerate(expected, 1)
    ]
    parts = [chapter["part"] for chapter in chapters]
    assert parts == ["", "Basics", "Basics", "Basics", "Ovens", "Ovens", "Ovens"]


@pytest.mark.parametrize("style", IN_LINES)
def test_opening_the_file_at_the_line_of_contents_shows_the_chapter(pack, style):
    text, manifest = pack(style)
    lines = text.split("\n")
    for row, title, chapter in zip(contents_rows(text), TITLES, manifest["chapters"], strict=True):
        first = int(row[5]) - 1
        heading = lines[first].removeprefix("# ").replace("\\", "")
        assert lines[first].startswith("# ")
        assert heading == title
        assert lines[first + 1] == f"url: {chapter['url']}"


def test_opening_the_json_at_the_line_of_contents_shows_the_chapter(pack):
    text, _ = pack("json")
    data = json.loads(text)
    lines = text.split("\n")
    for path, row in zip(ORDER, data["contents"], strict=True):
        member = lines[row["line"] - 1].strip().removesuffix(",")
        assert json.loads(f"{{{member}}}") == {path: data["files"][path]}


def test_the_contents_table_is_a_table_for_a_markdown_reader(pack):
    text, _ = pack("markdown")
    table = text.split("# Contents\n\n", 1)[1].split("\n\n", 1)[0]
    tokens = MarkdownIt().enable("table").parse(table)
    assert sum(token.type == "tr_open" for token in tokens) == 1 + len(ORDER)
    assert sum(token.type == "td_open" for token in tokens) == 6 * len(ORDER)


def test_every_list_of_chapters_is_in_reading_order(pack, style):
    text, manifest = pack(style)
    assert [chapter["path"] for chapter in manifest["chapters"]] == ORDER
    assert [chapter["title"] for chapter in manifest["chapters"]] == TITLES
    if style == "json":
        assert list(json.loads(text)["files"]) == ORDER


def test_the_directory_structure_is_a_tree_in_reading_order(pack, style):
    text, _ = pack(style)
    tree = """\
index.md
1-basics/
  1-flour.md
  2-water.md
  10-salt.md
2-ovens/
  b-2.md
  b-10.md
  Ä.md
"""
    if style == "json":
        assert json.loads(text)["directoryStructure"] == tree.rstrip("\n")
        return
    before, after = {
        "markdown": ("\n# Directory Structure\n```\n", "```\n\n# Files\n"),
        "xml": ("\n<directory_structure>\n", "</directory_structure>\n\n<files>\n"),
        "plain": (f"\nDirectory Structure\n{'=' * 64}\n", f"\n{'=' * 64}\nFiles\n"),
    }[style]
    assert before + tree + after in text


# The chapters


def test_every_chapter_comes_back_by_the_lines_of_the_manifest(pack):
    """All styles hold the same chapters, and the manifest is true for each of them."""
    text, manifest = pack("json")
    chapters = json.loads(text)["files"]
    for style in IN_LINES:
        text, manifest = pack(style)
        assert {c["path"]: body_of(text, c) for c in manifest["chapters"]} == chapters
    for chapter in manifest["chapters"]:
        body = chapters[chapter["path"]]
        assert chapter["sha256"] == sha256(body.encode()).hexdigest()
        assert chapter["bytes"] == len(body.encode())
        assert chapter["words"] == len(body.split())
        assert body.endswith("\n")


@pytest.mark.skipif(find_spec("splintr") is None, reason="splintr counts tokens; it is not here")
def test_tokens_of_the_manifest_are_those_of_the_chapters(pack):
    from splintr import Tokenizer

    encode = Tokenizer.from_pretrained("o200k_base").encode_ordinary
    text, manifest = pack("markdown")
    for chapter in manifest["chapters"]:
        assert chapter["tokens"] == len(encode(body_of(text, chapter)))
    assert manifest["tokens"] == sum(chapter["tokens"] for chapter in manifest["chapters"])
    assert manifest["tokenizer"] == "o200k_base"


def test_the_manifest_describes_the_file_as_a_whole(pack, style):
    text, manifest = pack(style)
    data = text.encode()
    assert manifest["file"] == f"book-packed{STYLES[style]}"
    assert manifest["style"] == style
    assert manifest["sha256"] == sha256(data).hexdigest()
    assert manifest["bytes"] == len(data)
    assert manifest["title"] == "Bread & Butter"
    assert manifest["authors"] == ["The Bakers", "Mill House"]
    assert manifest["url"] == "https://example.com/bread"
    assert manifest["words"] == sum(chapter["words"] for chapter in manifest["chapters"])


def test_the_file_ends_in_exactly_one_newline(pack, style):
    text, _ = pack(style)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\r" not in text


def test_in_xml_the_paths_are_escaped(pack):
    settings = '[book]\ntitle = "A"\nurl = "https://example.com"\n'
    text, _ = pack("xml", {'a&"b".md': "# X\n"}, settings)
    assert '\n<file path="a&amp;&quot;b&quot;.md">\n# X\n' in text


# Fences


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        ("No backticks at all.", 3),
        ("Inline ``` backticks ````` here.", 3),
        ("```\ncode\n```", 4),
        ("```python\ncode\n```", 4),
        ("````\n```\n````", 5),
        ("`````", 6),
        (" ```\n ```", 4),
        ("  ````\n  ````", 5),
        ("   `````\n   `````", 6),
        ("    ``````", 3),  # four blanks: indented code, which closes no fence
        ("\t``````", 3),
        ("~~~~~~\n~~~~~~", 3),
        ("> ``````\n> ``````", 3),
        ("- ```\n  ```", 4),
        ("Text\n\n   `````````", 10),
    ],
)
def test_each_fence_is_one_longer_than_the_longest_run_at_a_line_start(pack, lines, length):
    settings = '[book]\ntitle = "A"\nurl = "https://example.com"\n'
    text, _ = pack("markdown", {"1.md": f"# One\n\n{lines}\n", "2.md": "# Two\n"}, settings)
    fences = re.findall(r"^## File: .*\n(`+)markdown\n", text, re.M)
    assert [len(fence) for fence in fences] == [length, 3], "and no other chapter's fence grows"


def test_another_markdown_parser_sees_every_chapter_as_one_fenced_block(pack):
    text, manifest = pack("markdown")
    fences = [token for token in MarkdownIt().parse(text) if token.type == "fence"]
    tree, *bodies = fences
    assert tree.info == ""
    assert [token.info for token in bodies] == ["markdown"] * len(ORDER)
    assert [token.content for token in bodies] == [
        body_of(text, chapter) for chapter in manifest["chapters"]
    ]


def test_a_chapter_that_ends_inside_a_fence_does_not_swallow_the_next(pack):
    settings = '[book]\ntitle = "A"\nurl = "https://example.com"\n'
    text, _ = pack("markdown", {"1.md": "# One\n\n`````\nopen", "2.md": "# Two\n"}, settings)
    fences = [token for token in MarkdownIt().parse(text) if token.type == "fence"]
    assert [fence.content.split("\n")[0] for fence in fences[1:]] == ["# One", "# Two"]


# The same every time


def test_the_same_bytes_in_any_locale_time_zone_and_hash_order(make_book, bookpack, tmp_path):
    book = make_book(BOOK, SETTINGS)
    packs = []
    for number, env in enumerate(
        (
            {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0"},
            {"LC_ALL": "C", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "1"},
            {"LC_ALL": "POSIX", "TZ": "America/Lima", "PYTHONHASHSEED": "2"},
        )
    ):
        out = tmp_path / str(number)
        assert bookpack("build", book, "--out", out, env=env).returncode == 1  # no such picture
        packs.append(read_pack(out, "markdown"))
    assert packs[0] == packs[1] == packs[2]


def test_characters_that_tools_choke_on_do_not_reach_the_pack(pack, style):
    settings = '[book]\ntitle = "A"\nurl = "https://example.com"\n'
    chapters = {
        "1.md": "\ufeff# One\r\n\r\nNUL \0 here.\r\nLone\rreturn.\n",
        "2.md": b"# Two\n\nCaf\xe9 and \xff.\n",
        "3.md": "# Three\n\n![dot](data:image/png;base64," + "A" * 5000 + ")\n",
    }
    text, _ = pack(style, chapters, settings)
    assert "\0" not in text
    assert "\\u0000" not in text
    assert "\r" not in text
    assert "\\r" not in text
    assert "\ufeff" not in text
    assert "AAAA" not in text
    assert "Caf\ufffd and \ufffd." in text
