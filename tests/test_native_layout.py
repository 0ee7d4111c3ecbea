"""The convention of bookpack itself: which files are chapters, their order, parts and addresses."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from bookpack.read.order import readable_name


def settings(layout: str = "", more: str = "", url: str = "https://example.com") -> str:
    return f'[book]\ntitle = "A Book"\nurl = "{url}"\n\n[layout]\n{layout}\n\n{more}\n'


def run(book, *arguments):
    result = CliRunner().invoke(cli, [arguments[0], str(book), *arguments[1:]])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def manifest(book) -> list[dict]:
    """Build `book` and return the chapters of its manifest."""
    result = run(book, "build", "--only", "pack", "--quiet")
    assert result.exit_code in (0, 1), result.output
    return json.loads((book / "build/manifest.json").read_text("utf-8"))["chapters"]


def order(book) -> list[str]:
    return [chapter["path"] for chapter in manifest(book)]


def addresses(book) -> dict[str, str]:
    return {chapter["path"]: chapter["url"] for chapter in manifest(book)}


def parts(book) -> list[tuple[str, str]]:
    return [(chapter["part"], chapter["path"]) for chapter in manifest(book)]


def findings(book) -> list[tuple[str, str]]:
    """Return what `check` says, as name and message, by name."""
    found = json.loads(run(book, "check", "--format", "json").stdout)
    return sorted((finding["name"], finding["message"]) for finding in found)


def titled(*paths: str) -> dict[str, str]:
    """Return chapters of nothing but a title of their own."""
    return {path: f"# Title of {path}\n\nText.\n" for path in paths}


# Order


@pytest.mark.parametrize(
    "expected",
    [
        ["2-b.md", "10-a.md"],
        ["a-2.md", "a-10.md", "b-1.md"],
        ["01-z.md", "2-y.md", "003-x.md"],
        ["1.md", "1a.md", "2.md"],
        ["a.md", "B.md", "c.md"],
        ["e.md", "f.md", "é.md"],
        ["v1.9.md", "v1.10.md"],
        ["index.md", "1-a.md"],
        ["README.md", "a.md"],
        ["1-a/9.md", "2-b/1.md", "3.md"],
        ["2-b/index.md", "2-b/1.md", "10-a/1.md"],
        ["a/b/1.md", "a/b/2.md", "a/c.md"],
    ],
    ids=", ".join,
)
def test_names_are_read_in_natural_order(make_book, expected):
    assert order(make_book(titled(*reversed(expected)), settings())) == expected


def test_weights_come_before_names(make_book):
    chapters = titled("a.md", "b.md", "c.md", "d.md")
    chapters["d.md"] = "---\nweight: 1\n---\n# D\n"
    chapters["c.md"] = "---\nweight: 2.5\n---\n# C\n"
    chapters["b.md"] = "---\nweight: -1\n---\n# B\n"
    assert order(make_book(chapters, settings())) == ["b.md", "d.md", "c.md", "a.md"]


def test_the_weight_of_an_index_moves_its_folder(make_book):
    chapters = titled("a/1.md", "b/1.md", "c.md")
    chapters["b/index.md"] = "---\nweight: 1\ntitle: First\n---\n\nText.\n"
    chapters["c.md"] = "---\nweight: 2\n---\n# C\n"
    assert order(make_book(chapters, settings())) == ["b/index.md", "b/1.md", "c.md", "a/1.md"]


def test_the_list_of_chapters_is_the_order(make_book):
    book = make_book(
        titled("a.md", "b.md", "c/d.md", "c/e.md", "f.md"),
        settings('chapters = ["f.md", "chapters/b.md", "./a", "c/"]'),
    )
    assert order(book) == ["f.md", "b.md", "a.md", "c/d.md", "c/e.md"]
    assert findings(book) == []


def test_what_is_listed_wrong_is_said_with_its_place(make_book, bookpack):
    book = make_book(
        titled("a.md", "b.md", "c.md"), settings('chapters = ["a.md", "gone.md", "b.md", "a.md"]')
    )
    assert order(book) == ["a.md", "b.md"]
    assert findings(book) == [
        ("missing-chapter", "gone.md is listed as a chapter and does not exist."),
        ("repeated-chapter", "a.md is listed more than once."),
        ("unlisted-chapter", "c.md is not in the list of chapters, so it is left out."),
    ]
    result = bookpack("check", book)
    assert "book/bookpack.toml:6:21: error BP202 missing-chapter" in result.stdout
    assert "book/bookpack.toml:6:40: error BP210 repeated-chapter" in result.stdout
    assert "book/chapters/c.md:1:1: warning BP201 unlisted-chapter" in result.stdout
    assert result.returncode == 1


def test_two_chapters_with_one_number_are_reported(make_book):
    book = make_book(titled("1-a.md", "1-b.md", "2-c.md", "x/1-d.md", "2024-01-02-e.md"))
    assert findings(book) == [
        ("duplicate-order-number", "1-b.md has the order number 1, and so has 1-a.md.")
    ]


# Parts


def test_folders_are_parts(make_book):
    chapters = titled("top.md", "1-first_steps/a.md", "1-first_steps/deep/b.md", "2-more/c.md")
    chapters["2-more/index.md"] = "---\ntitle: The rest\n---\n\nText.\n"
    assert parts(make_book(chapters, settings())) == [
        ("First steps", "1-first_steps/a.md"),
        ("First steps", "1-first_steps/deep/b.md"),
        ("The rest", "2-more/index.md"),
        ("The rest", "2-more/c.md"),
        ("", "top.md"),
    ]


def test_part_tables_are_parts_in_their_order(make_book):
    book = make_book(
        titled("a.md", "b.md", "c.md", "d.md"),
        settings(
            more='[[part]]\nchapters = ["d.md"]\n\n'
            '[[part]]\ntitle = "Two"\nchapters = ["c.md", "a.md"]\n\n'
            '[[part]]\ntitle = "One"\nchapters = ["b.md"]\n'
        ),
    )
    assert parts(book) == [("", "d.md"), ("Two", "c.md"), ("Two", "a.md"), ("One", "b.md")]


# Which files are chapters


def test_only_markdown_outside_hidden_folders_is_a_chapter(make_book):
    book = make_book(
        titled(
            "a.md", "b.markdown", "C.MD", "d.txt", ".hidden.md", ".git/e.md", "node_modules/f.md"
        ),
        settings(),
    )
    assert order(book) == ["a.md", "b.markdown", "C.MD"]


def test_a_folder_called_target_or_build_is_like_any_other(make_book):
    assert order(make_book(titled("target/a.md", "build/b.md", "dist/c.md"), settings())) == [
        "build/b.md",
        "dist/c.md",
        "target/a.md",
    ]


def test_the_output_folder_inside_the_book_is_no_part_of_it(make_book):
    book = make_book(titled("a.md"), settings('source = "."'))
    assert order(book) == ["chapters/a.md"]
    assert order(book) == ["chapters/a.md"]


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        ('["b.md"]', ["a.md", "x/b.md", "x/y/c.md"]),
        ('["x/*"]', ["a.md", "b.md"]),
        ('["*/b.md"]', ["a.md", "b.md", "x/y/c.md"]),
        ('["*.md"]', []),
        ('"b.md"', ["a.md", "x/b.md", "x/y/c.md"]),
    ],
)
def test_exclude_takes_files_out(make_book, patterns, left):
    book = make_book(
        titled("a.md", "b.md", "x/b.md", "x/y/c.md"), settings(f"exclude = {patterns}")
    )
    assert order(book) == left


def test_drafts_are_left_out_and_said_so(make_book):
    chapters = {**titled("a.md"), "b.md": "---\ndraft: true\n---\n# B\n\nText.\n"}
    book = make_book(chapters, settings())
    assert order(book) == ["a.md"]
    assert findings(book) == [("draft-chapter", "b.md is a draft and is left out.")]
    assert "\n- Left out (draft): b.md.\n" in (book / "build/book-packed.md").read_text("utf-8")


def test_drafts_can_be_let_in(make_book):
    chapters = {**titled("a.md"), "b.md": "---\ndraft: yes\n---\n# B\n\nText.\n"}
    book = make_book(chapters, settings("drafts = true"))
    assert order(book) == ["a.md", "b.md"]
    assert findings(book) == []


def test_a_listed_draft_is_left_out_too(make_book):
    chapters = {**titled("a.md"), "b.md": "---\ndraft: true\n---\n# B\n"}
    book = make_book(chapters, settings('chapters = ["b.md", "a.md"]'))
    assert order(book) == ["a.md"]


def test_without_a_chapter_folder_the_book_is_the_folder(tmp_path):
    (tmp_path / "a.md").write_text("# A\n", "utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/b.md").write_text("# B\n", "utf-8")
    (tmp_path / "bookpack.toml").write_text(settings(), "utf-8")
    assert sorted(order(tmp_path)) == ["a.md", "sub/b.md"]


def test_a_name_that_is_no_text_is_a_finding_and_no_crash(make_book, bookpack):
    book = make_book(titled("a.md"), settings())
    try:
        Path(os.fsdecode(os.fsencode(book) + b"/chapters/caf\xe9.md")).write_text("# Cafe\n")
    except OSError:
        pytest.skip("this file system takes no such name")
    for command in ("check", "build"):
        result = bookpack(command, book)
        assert "Traceback" not in result.stderr
        assert result.returncode in (0, 1)
    assert "caf" in bookpack("check", book).stdout


# Addresses


def test_the_slug_is_the_file_s_name(make_book):
    book = make_book(
        titled("bread.md", "1-Rye & wheat.md", "ünï.md", "index.md", "p/q.md"), settings()
    )
    assert addresses(book) == {
        "index.md": "https://example.com/",
        "1-Rye & wheat.md": "https://example.com/1-Rye%20&%20wheat/",
        "bread.md": "https://example.com/bread/",
        "p/q.md": "https://example.com/q/",
        "ünï.md": "https://example.com/ünï/",
    }


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("{base}/{slug}/", ["/", "/bread/", "/part/", "/rye/"]),
        ("{base}/{slug}", ["/", "/bread", "/part", "/rye"]),
        ("{base}/{slug}.html", ["/index.html", "/bread.html", "/part.html", "/rye.html"]),
        ("{base}/{path}/", ["/", "/bread/", "/part/", "/part/rye/"]),
        (
            "{base}/{path}.html",
            ["/index.html", "/bread.html", "/part/index.html", "/part/rye.html"],
        ),
        ("{base}/read/{slug}/", ["/read/", "/read/bread/", "/read/part/", "/read/rye/"]),
        ("/{slug}/", ["/", "/bread/", "/part/", "/rye/"]),
    ],
)
@pytest.mark.parametrize("base", ["https://example.com", "https://example.com/some/path/"])
def test_url_style_makes_the_addresses(make_book, style, expected, base):
    chapters = titled("index.md", "bread.md", "part/index.md", "part/rye.md")
    book = make_book(chapters, settings(f'url-style = "{style}"', url=base))
    assert list(addresses(book).values()) == [base.rstrip("/") + url for url in expected]


def test_front_matter_states_address_or_slug(make_book):
    chapters = {
        "a.md": "---\nurl: https://other.example.org/a\n---\n# A\n",
        "b.md": "---\nurl: /deep/b.html\n---\n# B\n",
        "c.md": "---\nslug: see\n---\n# C\n",
        "p/d.md": "---\nslug: /dee/\n---\n# D\n",
        "e.md": "# E\nurl: https://example.com/line/\n",
    }
    book = make_book(chapters, settings('url-style = "{base}/x/{slug}.html"'))
    assert addresses(book) == {
        "a.md": "https://other.example.org/a",
        "b.md": "https://example.com/deep/b.html",
        "c.md": "https://example.com/x/see.html",
        "p/d.md": "https://example.com/x/dee.html",
        "e.md": "https://example.com/line/",
    }


def test_one_name_in_two_folders_brings_the_folders_into_the_addresses(make_book):
    book = make_book(titled("a/intro.md", "b/intro.md", "b/other.md"), settings())
    assert addresses(book) == {
        "a/intro.md": "https://example.com/a/intro/",
        "b/intro.md": "https://example.com/b/intro/",
        "b/other.md": "https://example.com/other/",
    }
    assert [name for name, _ in findings(book)] == ["ambiguous-slug", "ambiguous-slug"]


@pytest.mark.parametrize(
    "layout", ['url-style = "{base}/{path}/"', 'exclude = ["b/intro.md"]'], ids=["path", "exclude"]
)
def test_there_is_nothing_ambiguous_when_addresses_cannot_meet(make_book, layout):
    book = make_book(titled("a/intro.md", "b/intro.md"), settings(layout))
    assert findings(book) == []


def test_two_chapters_of_one_address_are_reported(make_book):
    chapters = {
        "a.md": "---\nurl: /same/\naliases: /other/\n---\n# A\n",
        "b.md": "---\nurl: https://example.com/same\naliases: [/other/]\n---\n# B\n",
    }
    assert [
        finding for finding in findings(make_book(chapters, settings())) if "url" in finding[0]
    ] == [
        ("duplicate-url", "The alias https://example.com/other/ belongs to a.md already."),
        ("duplicate-url", "https://example.com/same is also the address of a.md."),
    ]


def test_a_chapter_without_address_among_others_with_one_is_reported(make_book):
    chapters = titled("c.md")
    chapters["a.md"] = "# A\nurl: https://example.com/a/\n\nText.\n"
    chapters["b.md"] = "# B\nurl: https://example.com/b/\n\nText.\n"
    assert findings(make_book(chapters, settings())) == [
        (
            "chapter-without-url",
            "c.md does not state its address; https://example.com/c/ is made of its name.",
        )
    ]


def test_a_book_that_states_no_address_is_not_asked_for_one(make_book):
    assert findings(make_book(titled("a.md", "b.md"), settings())) == []


# Titles made of names


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("0.8.x.md", "0.8.x"),
        ("1.0.X.md", "1.0.X"),
        ("1.x.md", "1.x"),
        ("1.0.2.md", "1.0.2"),
        ("v0.12.md", "v0.12"),
        ("0.9.x-changes.md", "0.9.x changes"),
        ("7.1-oven.md", "Oven"),
        ("1. start.md", "Start"),
        ("3.md", "3"),
        ("2024-01-02-post.md", "Post"),
        ("2024-01-02.md", "2024 01 02"),
        ("02-getting_started.md", "Getting started"),
    ],
)
def test_a_number_that_orders_goes_and_a_version_stays(name, title):
    assert readable_name(name) == title


def test_versions_are_no_numbers_that_could_be_there_twice(make_book):
    book = make_book(titled("0.8.1.md", "0.8.2.md", "0.9.x.md", "10.0.x.md"))
    assert order(book) == ["0.8.1.md", "0.8.2.md", "0.9.x.md", "10.0.x.md"]
    assert "BP204" not in run(book, "check").output


def test_a_folder_named_like_a_version_keeps_its_name(make_book):
    assert parts(make_book(titled("v0.12/a.md", "0.8.x/a.md"))) == [
        ("0.8.x", "0.8.x/a.md"),
        ("v0.12", "v0.12/a.md"),
    ]
