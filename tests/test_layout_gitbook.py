"""GitBook and HonKit: `SUMMARY.md` as order and parts, in two flavours of addresses."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from bookpack.read.layouts.gitbook import honkit_url, sync_url
from conftest import PICTURE, write_files
from test_dialect_gitbook import URL, findings, packed, run

SYNC = {".gitbook.yaml": "root: ./\n"}
HONKIT = {"book.json": '{"title": "A Book", "plugins": []}'}


def a_book(folder: Path, summary: str, *paths: str, **more: str) -> Path:
    pages = {path: f"# Title of {path}\n\nText of {path}.\n" for path in paths}
    return write_files(folder, {"SUMMARY.md": summary, **pages, **more})


def chapters(book: Path) -> list[dict]:
    run(book, "build", "--only", "pack", "--quiet")
    return json.loads((book / "build/manifest.json").read_text("utf-8"))["chapters"]


def order(book: Path) -> list[tuple[str, str]]:
    return [(chapter["part"], chapter["path"]) for chapter in chapters(book)]


def addresses(book: Path) -> dict[str, str]:
    return {chapter["path"]: chapter["url"].removeprefix(URL) for chapter in chapters(book)}


# What is recognised


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (SYNC, ".gitbook.yaml"),
        (HONKIT, "book.json"),
        ({"book.json": '{"root": "./"}'}, "book.json"),
        ({"book.json": '{"author": "Baker"}'}, "book.json"),
        ({"package.json": '{"devDependencies": {"honkit": "^5"}}'}, "package.json asks for honkit"),
        (
            {"package.json": '{"dependencies": {"gitbook-cli": "2"}}'},
            "package.json asks for gitbook-cli",
        ),
        ({"book.js": "module.exports = {};"}, "book.js"),
        ({".gitbook/assets/x.png": "x"}, "the folder .gitbook"),
        (
            {"SUMMARY.md": "# Table of contents\n\n* [A](a.md)\n"},
            "SUMMARY.md as GitBook writes it",
        ),
    ],
)
def test_a_book_is_recognised_by_its_files(tmp_path, files, reason):
    a_book(tmp_path, "* [A](a.md)\n", "a.md", **files)
    assert f"gitbook ({reason})" in run(tmp_path, "build")


@pytest.mark.parametrize(
    "files",
    [
        {"book.toml": "[book]\n", "src/SUMMARY.md": "- [A](a.md)\n", "src/a.md": "# A\n", **SYNC},
        {"package.json": '{"dependencies": {"express": "4"}}'},
        {"book.json": "[]"},
    ],
)
def test_other_books_are_not(tmp_path, files):
    a_book(tmp_path, "* [A](a.md)\n", "a.md", **files)
    assert "gitbook" not in run(tmp_path, "build").partition("\n")[0]


# The book itself


def test_book_json_says_what_the_book_is(tmp_path):
    settings = '{"title": "Bread", "author": "Baker", "language": "de", "plugins": []}'
    a_book(tmp_path, "* [A](a.md)\n", "a.md", **{"book.json": settings})
    run(tmp_path, "build")
    made = json.loads((tmp_path / "build/manifest.json").read_text("utf-8"))
    assert (made["title"], made["authors"], made["language"]) == ("Bread", ["Baker"], "de")


def test_honkit_takes_the_title_of_the_readme(tmp_path):
    a_book(tmp_path, "", **{"README.md": "# Bread #\n\nText.\n", "book.json": '{"plugins": []}'})
    run(tmp_path, "build")
    assert json.loads((tmp_path / "build/manifest.json").read_text("utf-8"))["title"] == "Bread"


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        (".gitbook.yaml", "root: ./\nredirects:\n\ta: b.md\n", 3),
        (".gitbook.yaml", "- a list\n", 1),
        ("book.json", '{\n "title": "A",\n}', 3),
    ],
)
def test_settings_that_nobody_can_read_are_said_with_their_line(tmp_path, path, text, line):
    a_book(tmp_path, "# Table of contents\n* [A](a.md)\n", "a.md", **{path: text})
    assert order(tmp_path) == [("", "a.md")]
    assert [finding[:2] for finding in findings(tmp_path)] == [
        (f"{path}:{line}:1", "invalid-convention-settings")
    ]


def test_yaml_that_grows_without_measure_is_refused(tmp_path):
    lines = [f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n" for a, b in pairwise("abcdefgh")]
    bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(lines)
    a_book(tmp_path, "* [A](a.md)\n", "a.md", **{".gitbook.yaml": bomb})
    assert [name for _, name, _ in findings(tmp_path)] == ["invalid-convention-settings"]


# Order and parts

SUMMARY = """\
# Table of contents

* [Welcome](README.md)
* [Start](start.md "In short")

## Using it <a href="#using-it" id="using-it"></a>

* [Guides](guides/README.md)
  * [Install](guides/install.md)
    * [On Linux](guides/install/linux.md)
  * [The same page](guides/install.md#linux)
* [GitHub](https://github.com/)
* Only words
  * [More](more.md)

***

* [Last](last.md)
"""
LISTED = [
    ("", "README.md"),
    ("", "start.md"),
    ("Using it", "guides/README.md"),
    ("Using it", "guides/install.md"),
    ("Using it", "guides/install/linux.md"),
    ("Using it", "more.md"),
    ("", "last.md"),
]


@pytest.mark.parametrize("settings", [SYNC, HONKIT], ids=["sync", "honkit"])
def test_summary_is_the_order_and_its_headings_are_the_parts(tmp_path, settings):
    a_book(tmp_path, SUMMARY, *(path for _, path in LISTED), **settings)
    assert order(tmp_path) == LISTED
    assert findings(tmp_path) == []


def test_the_readme_comes_first_where_nobody_lists_it(tmp_path):
    a_book(tmp_path, "* [B](b.md)\n* [A](a.md)\n", "README.md", "a.md", "b.md", **SYNC)
    assert order(tmp_path) == [("", "README.md"), ("", "b.md"), ("", "a.md")]


def test_settings_say_where_things_lie(tmp_path):
    settings = "root: ./docs/\nstructure:\n  readme: start.md\n  summary: toc/contents.md\n"
    write_files(
        tmp_path,
        {
            ".gitbook.yaml": settings,
            "README.md": "# Not this one\n",
            "docs/start.md": "# Start\n\n![i](/img/i.png) [p](product/p.md) [s](/start.md)\n",
            "docs/toc/contents.md": "* [P](../product/p.md)\n* [Q](product/q.md)\n",
            "docs/product/p.md": "# P\n\n[back](../start.md), [q](q.md)\n",
            "docs/product/q.md": "# Q\n",
            "docs/img/i.png": PICTURE,
        },
    )
    assert addresses(tmp_path) == {
        "start.md": "/",
        "product/p.md": "/product/p",
        "product/q.md": "/product/q",
    }
    text = packed(tmp_path)
    assert f"[p]({URL}/product/p) [s]({URL}/)" in text["start.md"]
    assert f"{URL}/img/i.png" in text["start.md"]
    assert f"[back]({URL}/), [q]({URL}/product/q)" in text["product/p.md"]
    assert findings(tmp_path) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"book.json": '{"root": "./docs", "title": "A"}'},
        {"book.js": "module.exports = {\n  root: './docs',\n};\n"},
    ],
)
def test_honkit_s_root(tmp_path, settings):
    pages = {"docs/SUMMARY.md": "* [A](a.md)\n", "docs/a.md": "# A\n", "README.md": "# No\n"}
    write_files(tmp_path, {**pages, **settings, "SUMMARY.md": ""})
    assert addresses(tmp_path) == {"a.md": "/a.html"}


def test_a_root_outside_of_the_book_is_not_followed(tmp_path):
    a_book(tmp_path, "* [A](a.md)\n", "a.md", **{".gitbook.yaml": "root: ../other\n"})
    assert order(tmp_path) == [("", "a.md")]
    assert [name for _, name, _ in findings(tmp_path)] == ["file-outside-book"]


def test_without_a_summary_folders_and_names_are_the_order(tmp_path):
    pages = {path: f"# {path}\n" for path in ("README.md", "b.md", "guide/2.md", "guide/10.md")}
    write_files(tmp_path, {**pages, **SYNC})
    assert order(tmp_path) == [
        ("", "README.md"),
        ("", "b.md"),
        ("Guide", "guide/2.md"),
        ("Guide", "guide/10.md"),
    ]


def test_what_is_listed_wrong_is_said_with_its_place(tmp_path):
    summary = "# S\n\n* [A](a.md)\n* [Gone](gone.md)\n* [A](a.md)\n* [Draft]()\n* [D](x.adoc)\n"
    a_book(tmp_path, summary, "a.md", "b.md", "inc.md", **SYNC, **{"x.adoc": "= X\n"})
    (tmp_path / "a.md").write_text('# A\n\n{% include "inc.md" %}\n', "utf-8")
    assert [finding[:2] for finding in findings(tmp_path)] == [
        ("SUMMARY.md:4:10", "missing-chapter"),
        ("SUMMARY.md:5:7", "repeated-chapter"),
        ("SUMMARY.md:6:11", "draft-chapter"),
        ("SUMMARY.md:7:7", "missing-chapter"),
        ("b.md:1:1", "unlisted-chapter"),
    ]


def test_a_hidden_page_is_on_the_site_and_no_chapter(tmp_path):
    hidden = "---\nhidden: true\n---\n\n# Hidden\n"
    more = {"b.md": hidden, "c.md": hidden, "a.md": "# A\n\n[b](b.md), [c](c.md#x)\n"}
    a_book(tmp_path, "* [A](a.md)\n* [B](b.md)\n", **more, **SYNC)
    assert order(tmp_path) == [("", "a.md")]
    assert f"[b]({URL}/b), [c]({URL}/c#x)" in packed(tmp_path)["a.md"]
    assert findings(tmp_path) == []


def test_the_description_is_the_chapter_s_summary(tmp_path):
    page = "---\ndescription: >-\n  How to\n  begin.\n---\n\n# A\n\nText.\n"
    a_book(tmp_path, "* [A](a.md)\n", **{"a.md": page}, **SYNC)
    assert "# A\n" in packed(tmp_path)["a.md"]


# Addresses


@pytest.mark.parametrize(
    ("path", "sync", "honkit"),
    [
        ("README.md", "/", "/index.html"),
        ("a.md", "/a", "/a.html"),
        ("a/b.md", "/a/b", "/a/b.html"),
        ("a/README.md", "/a", "/a/index.html"),
        ("a/index.md", "/a/index", "/a/index.html"),
        ("a b.md", "/a%20b", "/a%20b.html"),
    ],
)
def test_a_page_lies_where_its_file_lies(path, sync, honkit):
    assert sync_url(URL, path) == f"{URL}{sync}"
    assert honkit_url(URL, path) == f"{URL}{honkit}"


def test_an_address_may_be_stated(tmp_path):
    a_book(tmp_path, "* [A](a.md)\n", **{"a.md": "---\nurl: /other\n---\n# A\n"}, **SYNC)
    assert addresses(tmp_path) == {"a.md": "/other"}


def test_links_of_every_form(tmp_path):
    links = {
        "[b](b.md)": f"{URL}/sub/b",
        "[b](b.md#a-heading)": f"{URL}/sub/b#a-heading",
        "[own](b.md#own)": f"{URL}/sub/b#own",
        "[folder](../sub/)": f"{URL}/sub",
        "[mention](../a.md 'mention')": f"{URL}/a",
        "[home](../)": f"{URL}/",
        "[old](/old/place)": f"{URL}/a",
        "![](<../.gitbook/assets/i (1).png>)": f"{URL}/.gitbook/assets/i%20%281%29.png",
    }
    text = "# C\n\n" + "\n\n".join(f"x {link}" for link in links) + "\n"
    more = {
        "sub/c.md": text,
        "sub/b.md": '# B\n\n## A heading\n\n## Named <a href="#own" id="own"></a>\n',
        ".gitbook/assets/i (1).png": PICTURE,
        ".gitbook.yaml": "redirects:\n  old/place: a.md\n  x: gone.md\n",
    }
    paths = ("README.md", "a.md", "sub/README.md", "sub/b.md", "sub/c.md")
    a_book(tmp_path, "".join(f"* [x]({path})\n" for path in paths), *paths, **more)
    made = packed(tmp_path)["sub/c.md"]
    for link, url in links.items():
        assert url in made, link
    assert [name for _, name, _ in findings(tmp_path)] in ([], ["image-without-words"])


def test_the_glossary_of_honkit_is_a_page(tmp_path):
    more = {"GLOSSARY.md": "## Rye\n\nA grain.\n", "a.md": "# A\n\n[g](GLOSSARY.md#rye)\n"}
    a_book(tmp_path, "* [A](a.md)\n", **more, **HONKIT)
    assert f"{URL}/GLOSSARY.html#rye" in packed(tmp_path)["a.md"]
    assert findings(tmp_path) == []
