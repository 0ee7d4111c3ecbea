"""mdBook books: `book.toml`, and `SUMMARY.md` as order, parts and list of chapters."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from bookpack.read.anchors import AnchorNumbers
from bookpack.read.layouts.mdbook import MDBOOK, mdbook_anchor, page_url
from conftest import PICTURE, write_files

URL = "https://example.com/book"
BOOK = '[book]\ntitle = "A Book"\n'


def run(book: Path, *arguments: str) -> str:
    """Run the command line on `book` and return what it printed."""
    command = [arguments[0], str(book), "--url", URL, *arguments[1:]]
    result = CliRunner().invoke(cli, command)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 1), result.output
    return result.stdout


def manifest(book: Path) -> dict:
    run(book, "build", "--only", "pack", "--quiet")
    return json.loads((book / "build/manifest.json").read_text("utf-8"))


def chapters(book: Path) -> list[dict]:
    return manifest(book)["chapters"]


def order(book: Path) -> list[tuple[str, str]]:
    """Return part and path of the chapters in their order."""
    return [(chapter["part"], chapter["path"]) for chapter in chapters(book)]


def packed(book: Path) -> dict[str, str]:
    run(book, "build", "--only", "pack", "--quiet", "--style", "json")
    return json.loads((book / "build/book-packed.json").read_text("utf-8"))["files"]


def findings(book: Path) -> list[tuple[str, str, str]]:
    """Return place, name and message of what `check` says."""
    found = json.loads(run(book, "check", "--format", "json"))
    return [
        (
            f"{f['path'].rpartition(f'{book.name}/')[2]}:{f['line']}:{f['column']}",
            f["name"],
            f["message"],
        )
        for f in found
    ]


def titled(*paths: str) -> dict[str, str]:
    return {f"src/{path}": f"# Title of {path}\n\nText of {path}.\n" for path in paths}


def a_book(folder: Path, summary: str, *paths: str, **more: str) -> Path:
    files = {"book.toml": BOOK, "src/SUMMARY.md": summary, **titled(*paths)}
    return write_files(folder, {**files, **more})


# What is recognised


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"book.toml": BOOK, "src/SUMMARY.md": ""}, "book.toml with a table [book]"),
        ({"book.toml": "", "src/SUMMARY.md": ""}, "book.toml and src/SUMMARY.md"),
        ({"src/SUMMARY.md": "- [A](a.md)"}, "src/SUMMARY.md"),
        ({"SUMMARY.md": "- [A](src/a.md)"}, "SUMMARY.md"),
        (
            {"book.toml": '[book]\nsrc = "text"', "text/SUMMARY.md": ""},
            "book.toml with a table [book]",
        ),
    ],
)
def test_a_book_is_recognised_by_its_files(tmp_path, files, reason):
    write_files(tmp_path, {**titled("a.md"), "text/a.md": "# A\n", **files})
    assert f"mdbook ({reason})" in run(tmp_path, "build")


def test_another_tool_s_settings_say_more_than_a_list_of_contents(tmp_path):
    write_files(
        tmp_path, {"mkdocs.yml": "site_name: A\n", "src/SUMMARY.md": "", "docs/a.md": "# A\n"}
    )
    assert "mdbook" not in run(tmp_path, "build")


# The book itself


def test_book_toml_says_what_the_book_is(tmp_path):
    settings = (
        '[book]\ntitle = "Bread"\nauthors = ["Baker", "Miller"]\nlanguage = "de"\n'
        'description = "How to bake."\n'
    )
    a_book(tmp_path, "- [A](a.md)\n", "a.md", **{"book.toml": settings})
    book = manifest(tmp_path)
    assert (book["title"], book["authors"], book["language"]) == (
        "Bread",
        ["Baker", "Miller"],
        "de",
    )


@pytest.mark.parametrize(
    ("html", "url"),
    [
        ('site-url = "https://bread.example/book/"', "https://bread.example/book/a.html"),
        ('cname = "bread.example"', "https://bread.example/a.html"),
        ('cname = "bread.example"\nsite-url = "/en/"', "https://bread.example/en/a.html"),
    ],
)
def test_the_address_may_stand_in_book_toml(tmp_path, html, url):
    a_book(tmp_path, "- [A](a.md)\n", "a.md", **{"book.toml": f"{BOOK}[output.html]\n{html}\n"})
    result = CliRunner().invoke(cli, ["build", str(tmp_path), "--quiet"])
    assert result.exit_code == 0, result.output
    made = json.loads((tmp_path / "build/manifest.json").read_text("utf-8"))
    assert [chapter["url"] for chapter in made["chapters"]] == [url]


def test_a_path_as_site_url_is_no_address(tmp_path, bookpack):
    settings = f'{BOOK}[output.html]\nsite-url = "/book/"\n'
    a_book(tmp_path, "- [A](a.md)\n", "a.md", **{"book.toml": settings})
    result = bookpack("build", tmp_path)
    assert result.returncode == 2
    assert "no base URL" in result.stderr


def test_settings_that_nobody_can_read_are_said_with_their_line(tmp_path):
    a_book(tmp_path, "- [A](a.md)\n", "a.md", **{"book.toml": '[book]\ntitle = "A\n'})
    assert order(tmp_path) == [("", "a.md")]
    untitled, (place, name, message) = findings(tmp_path)
    assert untitled[1] == "book-without-title"
    assert (place.rpartition(":")[0], name) == ("book.toml:2", "invalid-convention-settings")
    assert message.startswith("book.toml is not valid TOML")


# Order and parts

SUMMARY = """\
# Summary

[Foreword](foreword.md)
[Thanks](thanks.md)

---

# First *part*

- [One](one.md)
    - [Deeper](one/deeper.md)
        - [Deepest](one/deeper/deepest.md)
- [Two](./two.md) <!-- a note -->

---

## No part, for mdBook

* [Three](three.md)

# Second part

1. [Four](four.md)

[Afterword](after%20word.md)
"""


def test_summary_is_the_order_and_its_headings_are_the_parts(tmp_path):
    listed = [
        ("", "foreword.md"),
        ("", "thanks.md"),
        ("First part", "one.md"),
        ("First part", "one/deeper.md"),
        ("First part", "one/deeper/deepest.md"),
        ("First part", "two.md"),
        ("First part", "three.md"),
        ("Second part", "four.md"),
        ("", "after word.md"),
    ]
    a_book(tmp_path, SUMMARY, *(path for _, path in listed))
    assert order(tmp_path) == listed
    assert findings(tmp_path) == []


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        ("- [A](a.md)\n- [B](b.md)\n", [("", "a.md"), ("", "b.md")]),
        ("# Contents\n- [B](b.md)\n- [A](a.md)\n", [("", "b.md"), ("", "a.md")]),
        ("[A](a.md)\n\n# Part\n\n- [B](b.md)\n", [("", "a.md"), ("Part", "b.md")]),
        ("<!-- x -->\n# T\n\n- [A](a.md)\n\n# P\n- [B](b.md)", [("", "a.md"), ("P", "b.md")]),
        ("- [A][a]\n- [B]\n\n[a]: a.md\n[B]: b.md\n", [("", "a.md"), ("", "b.md")]),
        ("- [A](a.md)\r\n  - [B](b.md)\r\n", [("", "a.md"), ("", "b.md")]),
        ("- [A](a.md) and [B](b.md)\n- [B](b.md)\n", [("", "a.md"), ("", "b.md")]),
        ("- [A](<a.md>)\n- [B](b.md 'title')\n", [("", "a.md"), ("", "b.md")]),
        ("```\n[B](x.md)\n```\n- [A](a.md)\n<!-- [X](x.md) -->\n- [B](b.md)\n", None),
    ],
)
def test_forms_of_a_summary(tmp_path, summary, expected):
    a_book(tmp_path, summary, "a.md", "b.md")
    assert order(tmp_path) == (expected or [("", "a.md"), ("", "b.md")])
    assert findings(tmp_path) == []


def test_a_chapter_s_own_heading_is_its_title(tmp_path):
    a_book(tmp_path, "- [Short](a.md)\n- [`B` *b*](b.md)\n", "a.md", **{"src/b.md": "Text.\n"})
    assert [chapter["title"] for chapter in chapters(tmp_path)] == ["Title of a.md", "B b"]


# What is listed wrong


def test_what_is_listed_wrong_is_said_with_its_place(tmp_path):
    summary = (
        "# Summary\n\n"
        "- [A](a.md)\n"
        "- [Gone](gone.md)\n"
        "  - [Later]()\n"
        "- [A again](./a.md)\n"
        "- [Case](B.md)\n"
        "- [Out](../out.md)\n"
        "- Just words\n"
        "  - [C](c.md)\n"
    )
    a_book(tmp_path, summary, "a.md", "b.md", "c.md", "in/d.md", **{"out.md": "# Out\n"})
    assert order(tmp_path) == [("", "a.md"), ("", "c.md")]
    missing = "is listed as a chapter and does not exist."
    assert findings(tmp_path) == [
        ("src/SUMMARY.md:4:10", "missing-chapter", f"gone.md {missing}"),
        (
            "src/SUMMARY.md:5:13",
            "draft-chapter",
            "Later is a draft: src/SUMMARY.md names no file for it.",
        ),
        ("src/SUMMARY.md:6:13", "repeated-chapter", "./a.md is listed more than once."),
        ("src/SUMMARY.md:7:10", "missing-chapter", f"B.md {missing}"),
        ("src/SUMMARY.md:8:9", "missing-chapter", "../out.md lies outside the folder src."),
        (
            "src/SUMMARY.md:9:1",
            "invalid-convention-settings",
            "'Just words' is an item without a link; mdBook reads no such list.",
        ),
        (
            "src/b.md:1:1",
            "unlisted-chapter",
            "b.md is not in SUMMARY.md, so it is left out.",
        ),
        (
            "src/in/d.md:1:1",
            "unlisted-chapter",
            "in/d.md is not in SUMMARY.md, so it is left out.",
        ),
    ]
    assert "The file is spelled src/b.md." in run(tmp_path, "check")


def test_an_excluded_file_is_neither_a_chapter_nor_a_finding(tmp_path):
    a_book(tmp_path, "- [A](a.md)\n- [B](b.md)\n", "a.md", "b.md", "c.md")
    (tmp_path / "bookpack.toml").write_text('[layout]\nexclude = ["b.md", "c.md"]\n', "utf-8")
    assert order(tmp_path) == [("", "a.md")]
    assert findings(tmp_path) == []


def test_an_included_file_is_part_of_the_book_without_being_listed(tmp_path):
    more = {"src/a.md": "# A\n\n{{#include inc/b.md}}\n", "src/inc/b.md": "{{#include c.md}}\n"}
    a_book(tmp_path, "- [A](a.md)\n", "inc/d.md", **more, **{"src/inc/c.md": "Words.\n"})
    assert [finding[0] for finding in findings(tmp_path)] == ["src/inc/d.md:1:1"]


def test_a_book_without_a_summary_says_so(tmp_path):
    write_files(tmp_path, {"book.toml": BOOK, **titled("b.md", "a.md")})
    assert order(tmp_path) == [("", "a.md"), ("", "b.md")]
    assert findings(tmp_path) == [
        (
            "src/SUMMARY.md:1:1",
            "invalid-convention-settings",
            "There is no src/SUMMARY.md, so every Markdown file is a chapter.",
        )
    ]


def test_a_book_without_its_folder_is_no_book(tmp_path, bookpack):
    write_files(tmp_path, {"book.toml": '[book]\nsrc = "gone"\n'})
    result = bookpack("build", tmp_path, "--url", URL)
    assert result.returncode == 2
    assert "There is no folder" in result.stderr
    assert "gone" in result.stderr


# Addresses


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("a.md", "/a.html"),
        ("a/b-c_d.md", "/a/b-c_d.html"),
        ("index.md", "/index.html"),
        ("README.md", "/index.html"),
        ("a/ReadMe.md", "/a/index.html"),
        ("a/index.md", "/a/index.html"),
        ("readme-first.md", "/readme-first.html"),
        ("v1.2.md", "/v1.2.html"),
        ("after word.md", "/after%20word.html"),
        ("Brötchen.md", "/Brötchen.html"),
    ],
)
def test_a_page_lies_where_its_file_lies(path, url):
    assert page_url(URL, path) == f"{URL}{url}"


def test_links_become_the_addresses_of_the_site(tmp_path):
    links = {
        "[b](b.md)": f"{URL}/sub/b.html",
        "[b](./b.md#part-one)": f"{URL}/sub/b.html#part-one",
        "[b](b.html)": f"{URL}/sub/b.html",
        "[a](../a.md)": f"{URL}/a.html",
        "[a](/a.md)": f"{URL}/a.html",
        "[index](index.md)": f"{URL}/sub/index.html",
        "[readme](../README.md)": f"{URL}/index.html",
        "[print](../print.html)": f"{URL}/print.html",
        "[old](../old.html)": f"{URL}/a.html",
        "![i](../img/i.png)": f"{URL}/img/i.png",
        "![i](/img/i.png)": f"{URL}/img/i.png",
        '<a href="b.html">b</a>': f"{URL}/sub/b.html",
    }
    text = "# C\n\n" + "\n\n".join(f"x {link}" for link in links) + "\n"
    settings = f'{BOOK}[output.html.redirect]\n"/old.html" = "a.html"\n"/x.html" = "y.html"\n'
    summary = "[R](README.md)\n\n" + "".join(
        f"- [x]({path})\n" for path in ("a.md", "sub/README.md", "sub/b.md", "sub/c.md")
    )
    more = {"src/img/i.png": PICTURE, "src/sub/c.md": text, "book.toml": settings}
    more["src/sub/b.md"] = "# B\n\n## Part one\n"
    a_book(tmp_path, summary, "README.md", "a.md", "sub/README.md", **more)
    packed_text = packed(tmp_path)["sub/c.md"]
    for link, url in links.items():
        assert url in packed_text, link
    assert findings(tmp_path) == []


def test_broken_links_are_found(tmp_path):
    text = "# A\n\n[x](gone.md), [y](b.md#gone), [z](unlisted.md), ![i](gone.png)\n"
    a_book(tmp_path, "- [A](a.md)\n- [B](b.md)\n", "b.md", "unlisted.md", **{"src/a.md": text})
    names = [name for place, name, _ in findings(tmp_path) if place.startswith("src/a.md:3")]
    assert names == ["broken-link", "broken-anchor", "link-to-draft", "missing-asset"]


# Anchors


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Hello, World!", "hello-world"),
        ("--passes: add more rustdoc passes", "--passes-add-more-rustdoc-passes"),
        ("Method-call 🐙 expressions \U0001f47c", "method-call--expressions-"),
        ("_-_12345", "_-_12345"),
        ("a & b  c", "a--b--c"),
        ("C++ / C#", "c--c"),
        ("中文標題 CJK title", "中文標題-cjk-title"),
        ("Über", "über"),
        ("हिन्दी", "हिनदी"),
        ("  x\u00a0y ", "x-y"),
        ("½ x²", "½-x²"),
        ("", ""),
    ],
)
def test_anchors_are_mdbook_s(heading, anchor):
    assert mdbook_anchor(heading) == anchor


def test_repeated_anchors_are_numbered():
    numbers = AnchorNumbers(MDBOOK)
    assert [numbers.claim(name) for name in ("a", "a", "a-1", "a", "", "")] == [
        "a",
        "a-1",
        "a-1-1",
        "a-2",
        "",
        "-1",
    ]


def test_a_stated_anchor_is_taken(tmp_path):
    text = "# A\n\n## `b` & c\n\n## `b` & c\n\n## D {#own}\n\n[x](#b--c) [y](#b--c-1) [z](#own)\n"
    a_book(tmp_path, "- [A](a.md)\n", **{"src/a.md": text})
    assert findings(tmp_path) == []
    for anchor in ("#b--c)", "#b--c-1)", "#own)"):
        assert f"{URL}/a.html{anchor}" in packed(tmp_path)["a.md"]


def test_building_again_writes_nothing(tmp_path):
    a_book(tmp_path, SUMMARY, "one.md", "two.md")
    run(tmp_path, "build")
    assert "unchanged" in run(tmp_path, "build").lower() or "up to date" in run(tmp_path, "build")
    (tmp_path / "src/SUMMARY.md").write_text("- [Two](two.md)\n- [One](one.md)\n", "utf-8")
    assert order(tmp_path) == [("", "two.md"), ("", "one.md")]


def test_a_summary_that_lists_itself_is_no_chapter(tmp_path, bookpack):
    a_book(tmp_path, "- [A](a.md)\n- [Contents](SUMMARY.md)\n", "a.md")
    result = bookpack("build", tmp_path, "--url", "https://bread.example")
    assert "SUMMARY.md:2:" in result.stderr
    assert "lists itself" in result.stderr
    assert [c["path"] for c in manifest(tmp_path)["chapters"]] == ["a.md"]
