"""Quarto's and bookdown's lists of chapters: order, parts, addresses, anchors."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from bookpack.read.anchors import AnchorNumbers
from bookpack.read.layouts.pandoc_anchors import PANDOC, pandoc_anchor
from conftest import write_files

URL = "https://example.com/book"


def run(book: Path, *arguments: str) -> str:
    result = CliRunner().invoke(cli, [arguments[0], str(book), *arguments[1:]])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 1), result.output
    return result.stdout


def chapters(book: Path) -> list[tuple[str, str, str, str]]:
    """Return part, path, address and title of the chapters in their order."""
    run(book, "build", "--only", "pack", "--quiet")
    found = json.loads((book / "build/manifest.json").read_text("utf-8"))["chapters"]
    return [(c["part"], c["path"], c["url"].removeprefix(URL), c["title"]) for c in found]


def findings(book: Path) -> list[tuple[str, str]]:
    found = json.loads(run(book, "check", "--format", "json"))
    return [(f["name"], f"{f['path'].rpartition(book.name + '/')[2]}:{f['line']}") for f in found]


def packed(book: Path) -> dict[str, str]:
    run(book, "build", "--only", "pack", "--quiet", "--style", "json")
    return json.loads((book / "build/book-packed.json").read_text("utf-8"))["files"]


def head(book: Path) -> str:
    run(book, "build", "--only", "pack", "--quiet")
    return (book / "build/book-packed.md").read_text("utf-8").partition("# Contents")[0]


# Quarto

QUARTO = f"""project:
  type: book
book:
  title: A Quarto Book
  author:
    - Baker
    - name: {{given: Miller, family: Other}}
  date: today
  site-url: {URL}/
  chapters:
"""


def test_the_chapters_of_a_quarto_book(tmp_path):
    listed = """    - index.qmd
    - part: First things
      chapters:
        - a/b.qmd
        - file: c.md
          text: See
    - part: two.qmd
      chapters: [d.qmd]
  appendices:
    - x.qmd
"""
    book = write_files(
        tmp_path / "book",
        {
            "_quarto.yml": QUARTO + listed,
            "index.qmd": "# Welcome {.unnumbered}\n\nText.\n",
            "a/b.qmd": "---\ntitle: Of b\n---\n\nText. [c](../c.md) [x](../x.html#one)\n",
            "c.md": "# C\n\n[b](a/b.qmd) [home](index.qmd) [two](/two.qmd)\n",
            "two.qmd": "# The second {#sec-two}\n\nText.\n",
            "d.qmd": "---\ntitle: D\noutput-file: dee.html\naliases: [/old.html]\n---\nText.\n",
            "x.qmd": "# X\n\n## One\n\n[old](old.html)\n",
            "other.qmd": "# Not listed\n",
        },
    )
    assert chapters(book) == [
        ("", "index.qmd", "/", "Welcome"),
        ("First things", "a/b.qmd", "/a/b.html", "Of b"),
        ("First things", "c.md", "/c.html", "C"),
        ("The second", "two.qmd", "/two.html", "The second"),
        ("The second", "d.qmd", "/dee.html", "D"),
        ("Appendices", "x.qmd", "/x.html", "X"),
    ]
    assert findings(book) == []
    texts = packed(book)
    assert f"[c]({URL}/c.html) [x]({URL}/x.html#one)" in texts["a/b.qmd"]
    assert f"[b]({URL}/a/b.html) [home]({URL}/) [two]({URL}/two.html)" in texts["c.md"]
    assert f"[old]({URL}/dee.html)" in texts["x.qmd"]


def test_what_a_quarto_book_says_of_itself(tmp_path):
    files = {"_quarto.yml": QUARTO + "    - index.qmd\nlang: de\n", "index.qmd": "# A\n\nText.\n"}
    text = head(write_files(tmp_path / "book", files))
    assert text.startswith(
        'This file is the LLM edition of "A Quarto Book" by Baker and Miller Other: '
    )
    assert f"- Address: {URL}\n- Language: de\n" in text
    assert "today" not in text


def test_what_is_wrong_with_the_list_is_reported_at_its_line(tmp_path):
    listed = "    - index.qmd\n    - gone.qmd\n    - data.ipynb\n    - index.qmd\n    - d.qmd\n"
    files = {
        "_quarto.yml": QUARTO + listed,
        "index.qmd": "# A\n\nText.\n",
        "data.ipynb": "{}",
        "d.qmd": "---\ntitle: D\ndraft: true\n---\nText.\n",
    }
    book = write_files(tmp_path / "book", files)
    assert [path for _, path, _, _ in chapters(book)] == ["index.qmd"]
    assert sorted(findings(book)) == [
        ("draft-chapter", "d.qmd:1"),
        ("missing-chapter", "_quarto.yml:12"),
        ("repeated-chapter", "_quarto.yml:11"),
        ("untranslated-markup", "_quarto.yml:13"),
    ]


@pytest.mark.parametrize("settings", ["project: {type: website}\n", "format: html\n"])
def test_other_projects_of_quarto_are_no_books(tmp_path, settings):
    book = write_files(tmp_path / "book", {"_quarto.yml": settings, "a.md": "# A\n\nText.\n"})
    result = CliRunner().invoke(cli, ["build", str(book), "--url", URL])
    assert "quarto" not in result.output.partition("layout")[2].split("\n")[0]


def test_settings_that_are_no_yaml(tmp_path):
    book = write_files(tmp_path / "book", {"_quarto.yml": "book: [\n", "a.md": "# A\n\nText.\n"})
    result = CliRunner().invoke(
        cli, ["check", str(book), "--url", URL, "--set", "layout.convention=quarto"]
    )
    assert "invalid-convention-settings" in result.output


# bookdown

INDEX = f"""---
title: "A bookdown Book"
author: "Yi"
date: "`r Sys.Date()`"
url: {URL}/
description: "All of it."
site: bookdown::bookdown_site
---

# Preface {{-}}

Text.
"""


def test_the_files_of_a_bookdown_book_in_the_order_of_their_names(tmp_path):
    book = write_files(
        tmp_path / "book",
        {
            "_bookdown.yml": 'book_filename: "book"\n',
            "index.Rmd": INDEX,
            "01-start.Rmd": "# (PART) To begin {-}\n\n# Getting started\n\n[e](#the-end)\n",
            "02-go.Rmd": "# Going on {#going}\n\n[s](#getting-started) [n](nine.html)\n",
            "09-nine.Rmd": "# (PART\\*) More {-}\n\n# Nine\n\nText.\n",
            "10-end.Rmd": "# (APPENDIX) More yet {-}\n\n# The end\n\n"
            "[g](going.html) [h](10-end.Rmd)\n",
            "_draft.Rmd": "# Not yet\n",
            "README.md": "# Of the repository\n",
        },
    )
    assert chapters(book) == [
        ("", "index.Rmd", "/", "Preface"),
        ("To begin", "01-start.Rmd", "/getting-started.html", "Getting started"),
        ("To begin", "02-go.Rmd", "/going.html", "Going on"),
        ("More", "09-nine.Rmd", "/nine.html", "Nine"),
        ("More yet", "10-end.Rmd", "/the-end.html", "The end"),
    ]
    assert findings(book) == []
    texts = packed(book)
    assert texts["01-start.Rmd"].startswith(f"# Getting started\nurl: {URL}/getting-started.html\n")
    assert f"[e]({URL}/the-end.html#the-end)" in texts["01-start.Rmd"]
    assert f"[s]({URL}/getting-started.html#getting-started)" in texts["02-go.Rmd"]
    assert f"[g]({URL}/going.html) [h]({URL}/the-end.html)" in texts["10-end.Rmd"]
    assert "(PART" not in "".join(texts.values())


def test_what_a_bookdown_book_says_of_itself(tmp_path):
    text = head(write_files(tmp_path / "book", {"_bookdown.yml": "", "index.Rmd": INDEX}))
    assert text.startswith('This file is the LLM edition of "A bookdown Book" by Yi: 1 chapter')
    assert f"- Address: {URL}\n" in text
    assert "- Summary: All of it.\n" in text
    assert "Sys.Date" not in text


def test_the_list_of_files_decides_where_there_is_one(tmp_path):
    config = (
        'rmd_files:\n  html: ["index.Rmd", "z.Rmd", "gone.Rmd", "a.Rmd", "z.Rmd"]\n  latex: []\n'
    )
    files = {name: f"# Title {name[0]}\n\nText.\n" for name in ("a.Rmd", "b.Rmd", "z.Rmd")}
    book = write_files(tmp_path / "book", {"_bookdown.yml": config, "index.Rmd": INDEX, **files})
    assert [path for _, path, _, _ in chapters(book)] == ["index.Rmd", "z.Rmd", "a.Rmd"]
    assert sorted(findings(book)) == [
        ("missing-chapter", "_bookdown.yml:2"),
        ("repeated-chapter", "_bookdown.yml:1"),
    ]


def test_pages_may_be_called_by_their_files(tmp_path):
    output = "bookdown::gitbook:\n  split_by: rmd\n"
    files = {
        "_bookdown.yml": "",
        "_output.yml": output,
        "index.Rmd": INDEX,
        "a-b.Rmd": "# C\n\nD.\n",
    }
    assert chapters(write_files(tmp_path / "book", files))[1][2] == "/a-b.html"


def test_folders_of_chapters_where_the_settings_ask_for_them(tmp_path):
    files = {"_bookdown.yml": "rmd_subdir: [more]\n", "index.Rmd": INDEX}
    files |= {"b.Rmd": "# B\n\nB.\n", "more/a.Rmd": "# A\n\nA.\n", "other/c.Rmd": "# C\n\nC.\n"}
    found = chapters(write_files(tmp_path / "book", files))
    assert [path for _, path, _, _ in found] == ["index.Rmd", "b.Rmd", "more/a.Rmd"]


def test_a_new_file_is_noticed(tmp_path):
    book = write_files(tmp_path / "book", {"_bookdown.yml": "", "index.Rmd": INDEX})
    assert len(chapters(book)) == 1
    write_files(book, {"a.Rmd": "# A\n\nText.\n"})
    assert len(chapters(book)) == 2


# Anchors


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Heading identifiers in HTML", "heading-identifiers-in-html"),
        ("Maître d'hôtel", "maître-dhôtel"),
        ("Dogs?--in my house?", "dogs--in-my-house"),
        ("[HTML], [S5], or [RTF]?", "html-s5-or-rtf"),
        ("3. Applications", "applications"),
        ("33", "section"),
        ("a  b_c.d", "a-b_c.d"),
        ("“日本” 語", "日本-語"),
    ],
)
def test_anchors_follow_pandocs_manual(heading, anchor):
    assert pandoc_anchor(heading) == anchor


def test_repeated_anchors_are_numbered_from_one():
    numbers = AnchorNumbers(PANDOC)
    claimed = [numbers.claim(PANDOC.slug(title)) for title in ("A", "A", "1", "2")]
    assert claimed == ["a", "a-1", "section", "section-1"]
