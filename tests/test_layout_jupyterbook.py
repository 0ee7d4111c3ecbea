"""Jupyter Book 1 (`_toc.yml`) and mystmd, which is Jupyter Book 2 (`myst.yml`)."""

import json
import os

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from bookpack.read.layouts.mystmd import mystmd_slug
from conftest import PICTURE, write_files

CONFIG = "title: A Book\nauthor: <b>Grower</b> L.\nhtml:\n  baseurl: https://example.com/b/\n"


def run(book, *arguments):
    result = CliRunner().invoke(cli, [arguments[0], str(book), *arguments[1:]])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def manifest(book):
    result = run(book, "build", "--only", "pack", "--quiet")
    assert result.exit_code in (0, 1), result.output
    return json.loads((book / "build/manifest.json").read_text("utf-8"))


def chapters(book):
    """Return part, path and address (below the base) of every chapter, in order."""
    found = manifest(book)
    return [(c["part"], c["path"], c["url"].removeprefix(found["url"])) for c in found["chapters"]]


def findings(book):
    """Return rule, file (relative to the book), line and message of what `check` finds."""
    found = json.loads(run(book, "check", "--format", "json").stdout)
    return [
        (f["name"], os.path.relpath(f["path"], os.path.relpath(book)), f["line"], f["message"])
        for f in found
    ]


def pages(*paths):
    return {path: f"# Title of {path}\n\nText.\n" for path in paths}


def book(folder, toc, *paths, config=CONFIG, name="_toc.yml", **more):
    files = {name: toc, **pages(*paths), **more}
    if config:
        files["_config.yml"] = config
    return write_files(folder, files)


PARTS = """\
format: jb-book
root: index
parts:
  - caption: "Part One"
    chapters:
      - file: b.md   # with its suffix
        sections:
          - file: sub/c
            title: Another title
          - url: https://example.org
            title: Elsewhere
  - caption: Part Two
    chapters:
      - glob: more/*
"""


def test_parts_chapters_and_sections(tmp_path):
    folder = book(tmp_path, PARTS, "index.md", "b.md", "sub/c.md", "more/10.md", "more/9.md")
    assert chapters(folder) == [
        ("", "index.md", "/index.html"),
        ("Part One", "b.md", "/b.html"),
        ("Part One", "sub/c.md", "/sub/c.html"),
        ("Part Two", "more/9.md", "/more/9.html"),
        ("Part Two", "more/10.md", "/more/10.html"),
    ]
    assert findings(folder) == []


@pytest.mark.parametrize(
    ("toc", "expected"),
    [
        ("format: jb-article\nroot: a\nsections:\n- file: b\n", [("", "a"), ("", "b")]),
        ("root: a\nsubtrees:\n- caption: P\n  entries:\n  - file: b\n", [("", "a"), ("P", "b")]),
        ("- file: a\n- part: P\n  chapters:\n  - file: b\n", [("", "a"), ("P", "b")]),
        ("# old\n- file: a\n- header: P\n- file: b\n", [("", "a"), ("P", "b")]),
        ("---\n- file: a\n  sections:\n  - file: b\n", [("", "a"), ("", "b")]),
    ],
)
def test_other_forms_of_the_table_of_contents(tmp_path, toc, expected):
    folder = book(tmp_path, toc, "a.md", "b.md")
    assert [(part, path) for part, path, _ in chapters(folder)] == [
        (part, f"{path}.md") for part, path in expected
    ]


def test_the_settings_of_the_book(tmp_path):
    folder = book(tmp_path, "root: a\n", "a.md")
    found = manifest(folder)
    assert (found["title"], found["authors"], found["url"]) == (
        "A Book",
        ["Grower L."],
        "https://example.com/b",
    )


def test_the_chapter_folder_is_where_the_contents_lie(tmp_path):
    write_files(tmp_path, {"README.md": "# Not a chapter\n"})
    book(tmp_path / "docs", "root: a\n", "a.md")
    assert chapters(tmp_path) == [("", "a.md", "/a.html")]
    assert findings(tmp_path) == []


def test_what_is_listed_and_cannot_be_read(tmp_path):
    toc = "root: a\nchapters:\n- file: nb\n- file: gone\n- file: a\n- file: old\n"
    page = "# A\n\n[n](nb.ipynb) {doc}`old` [u](un.md)\n"
    folder = book(
        tmp_path, toc, "un.md", "drafts/x.md", config=CONFIG + "exclude_patterns: [drafts]\n",
        **{"a.md": page, "nb.ipynb": "{}", "old.rst": ""},
    )  # fmt: skip
    assert findings(folder) == [
        ("missing-chapter", "_toc.yml", 3,
         "nb.ipynb is a notebook, which is not read yet: its text is not packed."),
        ("missing-chapter", "_toc.yml", 4, "gone is listed as a chapter and does not exist."),
        ("repeated-chapter", "_toc.yml", 5, "a.md is listed more than once."),
        ("missing-chapter", "_toc.yml", 6,
         "old.rst is reStructuredText, which is not read yet: its text is not packed."),
        ("unlisted-chapter", "un.md", 1, "un.md is not in _toc.yml, so it is left out."),
    ]  # fmt: skip
    text = (run(folder, "build"), (folder / "build/book-packed.md").read_text())[1]
    for address in ("nb.html", "old.html", "un.html"):
        assert f"(https://example.com/b/{address})" in text


@pytest.mark.parametrize("toc", ["root: [", "a: &a [x]\nb: *c\n", "just words", "chapters: 3\n"])
def test_contents_that_cannot_be_understood_are_a_finding(tmp_path, toc):
    folder = book(tmp_path, toc, "a.md")
    assert "invalid-convention-settings" in [name for name, *_ in findings(folder)]


def test_the_first_heading_is_the_title_and_front_matter_is_not(tmp_path):
    page = "---\ntitle: For the table of contents\n---\n\n(lab)=\n\n# A heading\n\nText.\n"
    folder = book(tmp_path, "root: a\n", **{"a.md": page})
    assert manifest(folder)["chapters"][0]["title"] == "A heading"
    text = (folder / "build/book-packed.md").read_text()
    assert '# A heading\nurl: https://example.com/b/a.html\n\n<a id="lab"></a>\n\nText.\n' in text


def test_anchors_are_those_of_docutils(tmp_path):
    page = (
        "# A\n\n## It's *done*: 100 %\n\n## 5-minute test\n\n## Größe\n\n## Same\n\n## Same\n\n"
        "[](#it-s-done-100) [](#größe)\n"
    )
    config = CONFIG + "sphinx:\n  config:\n    myst_heading_anchors: 3\n"
    folder = book(tmp_path, "root: a\n", config=config, **{"a.md": page})
    manifest(folder)
    text = (folder / "build/book-packed.md").read_text()
    for anchor in ("it-s-done-100", "minute-test", "grosze", "same", "id1"):
        assert f"url: https://example.com/b/a.html#{anchor}\n" in text
    assert "[It's done: 100 %](https://example.com/b/a.html#it-s-done-100)" in text
    assert "[Größe](https://example.com/b/a.html#grosze)" in text


MYST = """\
version: 1
project:
  title: A Book
  authors:
    - name: Grower
    - Miller
  toc:
    - file: start.md
    - title: Part One
      children:
        - file: 01_Basic-Things.md
        - file: sub/02 Basic things.md
          children:
            - pattern: deep/*.md
    - url: https://example.org
site:
  domains: [book.example.com]
"""


def test_a_myst_project(tmp_path):
    paths = ("start.md", "01_Basic-Things.md", "sub/02 Basic things.md", "deep/2.md", "deep/10.md")
    folder = book(tmp_path, MYST, *paths, "unlisted.md", config="", name="myst.yml")
    found = manifest(folder)
    assert (found["authors"], found["url"]) == (["Grower", "Miller"], "https://book.example.com")
    assert chapters(folder) == [
        ("", "start.md", "/"),
        ("Part One", "01_Basic-Things.md", "/basic-things"),
        ("Part One", "sub/02 Basic things.md", "/basic-things-1"),
        ("Part One", "deep/2.md", "/2"),
        ("Part One", "deep/10.md", "/10"),
    ]
    assert [f[:2] for f in findings(folder)] == [("unlisted-chapter", "unlisted.md")]


def test_folders_of_a_myst_project_go_into_addresses_when_asked_for(tmp_path):
    settings = MYST + "  options:\n    folders: true\n"
    paths = ("start.md", "01_Basic-Things.md", "sub/02 Basic things.md", "deep/2.md")
    folder = book(tmp_path, settings, *paths, config="", name="myst.yml")
    assert [url for _, _, url in chapters(folder)] == [
        "/", "/basic-things", "/sub/basic-things", "/deep/2",
    ]  # fmt: skip


def test_a_myst_project_without_contents_is_read_in_natural_order(tmp_path):
    settings = "project:\n  title: A\nsite:\n  domains: [b.example.com]\n"
    paths = ("b-10.md", "b-9.md", "README.md", "sub/x.md", "sub/index.md")
    folder = book(tmp_path, settings, *paths, config="", name="myst.yml")
    assert chapters(folder) == [
        ("", "README.md", "/"),
        ("", "b-9.md", "/b-9"),
        ("", "b-10.md", "/b-10"),
        ("Sub", "sub/index.md", "/index-1"),
        ("Sub", "sub/x.md", "/x"),
    ]


def test_a_label_is_the_anchor_of_its_heading_in_a_myst_project(tmp_path):
    settings = "project:\n  title: A\nsite:\n  domains: [b.example.com]\n"
    page = "# A\n\n(My_Sec)=\n## Section\n\n[](#my_sec), [Fig. %s](#fig) and [](b.md)\n\n"
    page += ":::{figure} x.png\n:label: fig\nA figure.\n:::\n"
    files = {"a.md": page, "b.md": "# Page B\n", "x.png": PICTURE}
    folder = book(tmp_path, settings, config="", name="myst.yml", **files)
    manifest(folder)
    text = (folder / "build/book-packed.md").read_text()
    assert "## Section {#my-sec}\nurl: https://b.example.com/#my-sec\n" in text
    assert (
        "[Section](https://b.example.com/#my-sec), [A figure.](https://b.example.com/#fig) "
        "and [Page B](https://b.example.com/b)" in text
    )
    assert findings(folder) == []


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("01-notebook", "notebook"),
        ("2021_02_presentation", "2021-02-presentation"),
        ("12345-x", "12345-x"),
        ("My File & more", "my-file-and-more"),
        ("007", "007"),
        ("Größe", "gr-e"),
        ("x" * 60, "x" * 50),
    ],
)
def test_slugs_are_those_of_mystmd(name, slug):
    assert mystmd_slug(name) == slug
