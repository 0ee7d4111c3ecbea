"""What every form of a link becomes in the pack, and what is said about those that lead nowhere."""

import json
import re

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from test_chapter_text import packed

SETTINGS = '[book]\ntitle = "A Book"\nurl = "https://example.com"\n'
BOOK = {
    "index.md": "# Start\n",
    "two.md": (
        "---\naliases: [/old-two/, older, 'https://blog.example.org/post-two/']\n---\n"
        "# Two\n\n## Part a\n\n## Part a\n\n## Über uns\n\n"
        "<a id='raw'></a> <span id='Span-1'>x</span>\n\n## Own {#mine}\n"
    ),
    "part/three.md": "# Three\n\n## Deep\n",
    "part/index.md": "# Part\n",
    "guide/README.md": "# Guide\n",
    "My File (1).md": "# My File\n",
    "ünï.md": "# Ünï\n",
    "draft.md": "---\ndraft: true\n---\n# Draft\n",
    "data/table.csv": "a,b\n",
    "static/a.png": "picture",
}


def findings(book) -> list[tuple[str, str, str]]:
    """Return what `check` says about the links of `book`: name, message and help."""
    result = CliRunner().invoke(cli, ["check", str(book), "--format", "json"])
    found = json.loads(result.stdout)
    return [(f["name"], f["message"], f["help"]) for f in found if f["code"].startswith("BP3")]


def write(make_book, text: str, path: str = "x.md", settings: str = SETTINGS, **more: str):
    """Write the book above with one more chapter that says `text`."""
    return make_book({**BOOK, **more, path: f"# X\n\n## Here\n\n{text}\n"}, settings)


def body(book, path: str = "x.md") -> str:
    """Return what stands behind the address of the section `Here`."""
    return packed(book)[path].split("#here\n\n", 1)[1].removesuffix("\n")


def links(book, path: str = "x.md") -> list[str]:
    """Return the targets of the links `[a](target)`, in order."""
    return re.findall(r"^\[a\]\((.*)\)$", body(book, path), re.M)


def one_a_line(targets) -> str:
    return "\n\n".join(f"[a]({target})" for target in targets)


# Links that lead somewhere: what the author wrote → what the pack says

CHAPTER = {
    # files, relative to the chapter
    "two.md": "/two/",
    "./two.md": "/two/",
    "part/three.md": "/three/",
    "part/../two.md": "/two/",
    "<two.md>": "</two/>",
    "  two.md  ": "  /two/  ",
    'two.md "Title (x)"': '/two/ "Title (x)"',
    # without extension, and as a page of a site
    "two": "/two/",
    "two/": "/two/",
    "two.html": "/two/",
    "two.html#part-a": "/two/#part-a",
    # from the root
    "/two": "/two/",
    "/two/": "/two/",
    "/two/#part-a": "/two/#part-a",
    "/two.md": "/two/",
    # own absolute addresses
    "https://example.com/two": "/two/",
    "https://example.com/two/": "/two/",
    "https://example.com/two/#part-a": "/two/#part-a",
    "http://example.com/two/": "/two/",
    "HTTPS://EXAMPLE.COM/two/": "/two/",
    "//example.com/two/": "/two/",
    # aliases
    "/old-two/": "/two/",
    "/old-two": "/two/",
    "/older": "/two/",
    "https://example.com/old-two/": "/two/",
    "https://blog.example.org/post-two/": "/two/",
    "http://blog.example.org/post-two": "/two/",
    "https://blog.example.org/post-two/#part-a": "/two/#part-a",
    # anchors
    "#here": "/x/#here",
    "two.md#part-a": "/two/#part-a",
    "two.md#part-a-1": "/two/#part-a-1",
    "two.md#mine": "/two/#mine",
    "two.md#raw": "/two/#raw",
    "two.md#Span-1": "/two/#Span-1",
    "two.md#über-uns": "/two/#über-uns",
    "two.md#%C3%BCber-uns": "/two/#%C3%BCber-uns",
    # percent-encoding, blanks, parentheses
    "%74wo.md": "/two/",
    "ünï.md": "/ünï/",
    "%C3%BCn%C3%AF.md": "/ünï/",
    "My%20File%20(1).md": "/My%20File%20%281%29/",
    "<My File (1).md>": "</My%20File%20%281%29/>",
    r"My%20File%20\(1\).md": "/My%20File%20%281%29/",
    # queries
    "two.md?raw=true": "/two/?raw=true",
    "two.md?raw=true#part-a": "/two/?raw=true#part-a",
    # folders, index and README
    "part/": "/part/",
    "part": "/part/",
    "part/index.md": "/part/",
    "guide": "/guide/",
    "guide/": "/guide/",
    "guide/README.md": "/guide/",
    "/guide/": "/guide/",
    # the book's front page
    "index.md": "/",
    "/": "/",
    "https://example.com/": "/",
    # assets
    "data/table.csv": "/data/table.csv",
    "/data/table.csv": "/data/table.csv",
    "data/table.csv?v=1#row-2": "/data/table.csv?v=1#row-2",
}


def test_links_to_chapters_become_their_addresses(make_book):
    book = write(make_book, one_a_line(CHAPTER))
    expected = [re.sub("/", "https://example.com/", url, count=1) for url in CHAPTER.values()]
    assert dict(zip(CHAPTER, links(book), strict=True)) == dict(zip(CHAPTER, expected, strict=True))
    assert findings(book) == []


def test_the_root_of_a_book_without_a_front_page_is_its_base_url(make_book):
    book = make_book({"x.md": "# X\n\n## Here\n\n[a](/)\n\n[a](https://example.com/)\n"})
    assert links(book) == ["https://example.com/", "https://example.com/"]


FROM_A_FOLDER = {
    "../two.md": "/two/",
    "three.md#deep": "/three/#deep",
    "index.md": "/part/",
    "..": "/",
    "/two/": "/two/",
    "../data/table.csv": "/data/table.csv",
    "#here": "/x/#here",
}


def test_relative_links_start_at_the_chapter_s_own_folder(make_book):
    book = write(make_book, one_a_line(FROM_A_FOLDER), "part/x.md")
    expected = [f"https://example.com{url}" for url in FROM_A_FOLDER.values()]
    assert links(book, "part/x.md") == expected
    assert findings(book) == []


def test_links_may_be_relative_to_the_published_address(make_book):
    """Authors of sites write `../other/` on a page that is published as `/x/`."""
    book = write(make_book, "[a](../two/)\n\n[a](../two/#part-a)\n\n[a](../three)")
    assert links(book) == [
        "https://example.com/two/",
        "https://example.com/two/#part-a",
        "https://example.com/three/",
    ]
    assert findings(book) == []


def test_a_base_url_with_a_path(make_book):
    targets = {
        "two.md": "/docs/two.html",
        "/two.html": "/docs/two.html",
        "/docs/two.html#part-a": "/docs/two.html#part-a",
        "https://example.com/docs/two.html": "/docs/two.html",
        "https://example.com/docs/two": "/docs/two.html",
        "part/three.md": "/docs/part/three.html",
        "/docs/data/table.csv": "/docs/data/table.csv",
        "/data/table.csv": "/docs/data/table.csv",
        "https://example.com/shop/": "/shop/",
        "https://example.com/": "/",
    }
    settings = (
        '[book]\ntitle = "A"\nurl = "https://example.com/docs/"\n'
        '[layout]\nurl-style = "{base}/{path}.html"\n'
    )
    book = write(make_book, one_a_line(targets), settings=settings)
    assert links(book) == [f"https://example.com{url}" for url in targets.values()]
    assert findings(book) == []


# Every place in which a link can stand

PLACES = {
    "table": (
        "| a | b |\n| --- | --- |\n| [x](two.md) | [y](two.md#part-a 't \\| u') |",
        "| a | b |\n| --- | --- |\n"
        "| [x](https://example.com/two/) | [y](https://example.com/two/#part-a 't \\| u') |",
    ),
    "heading": ("### See [x](two.md)", "### See [x](https://example.com/two/)"),
    "quote": ("> See\n> [x](two.md)", "> See\n> [x](https://example.com/two/)"),
    "list": ("- See [x](two.md)\n  - and", "- See [x](https://example.com/two/)\n  - and"),
    "strong": ("**[*x*](two.md)**", "**[*x*](https://example.com/two/)**"),
    "over two lines": ("[x\ny](\ntwo.md\n'T')", "[x\ny](\nhttps://example.com/two/\n'T')"),
    "HTML": (
        "A <a href=\"two.md\" class='c'>x</a> b <a class=c href='/two/#part-a'>y</a>.",
        "A <a href=\"https://example.com/two/\" class='c'>x</a> "
        "b <a class=c href='https://example.com/two/#part-a'>y</a>.",
    ),
    "HTML without quotes": ("<a href=two.md>x</a>.", '<a href="https://example.com/two/">x</a>.'),
    "an HTML table": (
        '<table><tr><td><a href="two.md">x</a></td></tr></table>',
        '<table><tr><td><a href="https://example.com/two/">x</a></td></tr></table>',
    ),
    "definition": (
        "[x][t] [t] [T][]\n\n[t]: two.md#part-a\n  'Title'\n[u]: <My File (1).md>",
        "[x][t] [t] [T][]\n\n[t]: https://example.com/two/#part-a\n  'Title'\n"
        "[u]: <https://example.com/My%20File%20%281%29/>",
    ),
    "definition in a quote": (
        "> [x]\n>\n> [x]: two.md",
        "> [x]\n>\n> [x]: https://example.com/two/",
    ),
    "footnote": ("A[^1].\n\n[^1]: [x](two.md)", "A[^1].\n\n[^1]: [x](https://example.com/two/)"),
    "angle brackets": ("<https://example.com/two>", "<https://example.com/two/>"),
    "running text": (
        "See https://example.com/two, or (https://example.com/two#part-a).",
        "See https://example.com/two/, or (https://example.com/two/#part-a).",
    ),
    "around a picture": (
        "[![A](https://p.example.org/a.png)](two.md)",
        "[Image: A](https://example.com/two/)\n\n"
        "> **Figure** (https://p.example.org/a.png)\n> **Image description:** A",
    ),
    "nested brackets": ("[x [y] z](two.md)", "[x [y] z](https://example.com/two/)"),
    "code as text": ("[`](`](two.md)", "[`](`](https://example.com/two/)"),
    "two links glued": (
        "[x](two.md)[y](two.md)",
        "[x](https://example.com/two/)[y](https://example.com/two/)",
    ),
    "behind wide characters": ("日本 𝒳 [x](two.md) é", "日本 𝒳 [x](https://example.com/two/) é"),
}


@pytest.mark.parametrize(("source", "expected"), PLACES.values(), ids=PLACES)
def test_links_become_absolute_wherever_they_stand(make_book, source, expected):
    book = write(make_book, source)
    assert body(book) == expected
    assert findings(book) == []


# What is not ours is not touched

UNTOUCHED = [
    "[a](https://other.example.org/two.md)",
    "[a](https://example.com.evil.example.org/two)",
    "[a](https://example.com:8080/two)",
    "[a](https://blog.example.org/post-three/)",
    "[a](HTTPS://Other.Example.org/%7euser/?q=a|b&c=d#x)",
    "[a](//other.example.org/x)",
    "[a](mailto:baker@example.com)",
    "<baker@example.com>",
    "<mailto:baker@example.com?subject=two.md>",
    "[a](tel:+1-555-0100) [a](ftp://example.com/two.md) [a](news:two.md)",
    '`[a](two.md)` and `` <a href="two.md"> ``',
    "```\n[a](two.md)\n[t]: two.md\n```",
    "    [a](two.md)",
    "$[a](two.md)$",
    "$$\n[a](two.md)\n$$",
    r"\[a](two.md) and [a\](two.md)",
    "See other.example.org/two.md and two.md.",
    "[x]: this is no definition (two.md)",
    "<pre>\nhttps://example.com/nowhere\n</pre>",
]


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_is_not_the_book_s_own_stays_byte_for_byte(make_book, text):
    assert body(write(make_book, text)) == text


# Links that lead nowhere are made absolute and reported

BROKEN = {
    "missing chapter": (
        "twoo.md",
        "https://example.com/twoo/",
        (
            "broken-link",
            "twoo.md leads to no chapter of the book.",
            "Nearest: two.md.",
        ),
    ),
    "nothing near": (
        "zzzzzz.md",
        "https://example.com/zzzzzz/",
        ("broken-link", "zzzzzz.md leads to no chapter of the book.", "Correct the target."),
    ),
    "missing address": (
        "/tow/",
        "https://example.com/tow/",
        ("broken-link", "/tow/ leads to no chapter of the book.", "Nearest: two.md."),
    ),
    "missing own address": (
        "https://example.com/tow/",
        "https://example.com/tow/",
        (
            "broken-link",
            "https://example.com/tow/ leads to no chapter of the book.",
            "Nearest: https://example.com/two/.",
        ),
    ),
    "missing anchor": (
        "two.md#part-b",
        "https://example.com/two/#part-b",
        ("broken-anchor", "two.md has no anchor #part-b.", "Nearest: #part-a"),
    ),
    "missing anchor here": (
        "#hear",
        "https://example.com/x/#hear",
        ("broken-anchor", "x.md has no anchor #hear.", "Nearest: #here."),
    ),
    "missing file": (
        "data/tables.csv",
        "https://example.com/data/tables.csv",
        ("missing-asset", "There is no file chapters/data/tables.csv.", ""),
    ),
    "other capitals": (
        "Two.md",
        "https://example.com/two/",
        ("wrong-case-in-link", "The file is spelled two.md.", ""),
    ),
    "other capitals in an anchor": (
        "two.md#Part-A",
        "https://example.com/two/#part-a",
        ("wrong-case-in-link", "The anchor is spelled #part-a.", ""),
    ),
    "other capitals in a file": (
        "data/Table.CSV",
        "https://example.com/data/table.csv",
        ("wrong-case-in-link", "The file is spelled chapters/data/table.csv.", ""),
    ),
    "a draft": (
        "draft.md",
        "https://example.com/draft/",
        ("link-to-draft", "draft.md leads to draft.md, which is left out (draft).", ""),
    ),
    "the address of a draft": (
        "/draft/",
        "https://example.com/draft/",
        ("link-to-draft", "/draft/ leads to draft.md, which is left out (draft).", ""),
    ),
    "out of the book": (
        "../../etc/passwd.md",
        "https://example.com/etc/passwd.md",
        ("link-out-of-book", "../../etc/passwd.md leads out of the book's folder.", ""),
    ),
    "no target": ("", "", ("empty-link", "The link has no target.", "")),
}


@pytest.mark.parametrize(("target", "url", "finding"), BROKEN.values(), ids=BROKEN)
def test_what_leads_nowhere_is_reported_and_absolute(make_book, target, url, finding):
    book = write(make_book, f"[a]({target})")
    assert links(book) == [url]
    (found,) = findings(book)
    assert found[:2] == finding[:2]
    assert finding[2] in found[2]


HELP = {
    "www.example.org/contributing": "Write https:// in front.",
    "bit.ly/x": "Write https:// in front.",
    "www.example.museum": "Write https:// in front.",
    "example.com": "Write https:// in front.",
    "baker@example.com": "Write mailto: in front.",
    "(https://example.org/)": "Remove the brackets around the target.",
    "[two.md]": "Remove the brackets around the target.",
    "C#/syntax.md": "The file's path holds #: write # as %23.",
    "../C#/syntax.md": "The file's path holds #: write # as %23.",
    "two#1.md": "The file's path holds #: write # as %23.",
    "why?.md": "The file's path holds ?: write ? as %3F.",
    "C#/why?.png": "The file's path holds # and ?: write # as %23 and ? as %3F.",
    "TODO": "Correct the target.",
    "node.js/none.md": "Correct the target.",
    "three.md": "Nearest: part/three.md.",
    "partt/": "Nearest: part/index.md.",
    "My%20Fil%20(1).md": "Nearest: My%20File%20%281%29.md.",
}


@pytest.mark.parametrize(("target", "help"), HELP.items(), ids=HELP)
def test_the_help_says_what_an_author_may_have_meant(make_book, target, help):
    more = {"C#/syntax.md": "# C\n", "C#/why?.png": "", "why?.md": "# Why\n", "two#1.md": "# 1\n"}
    written = target.removeprefix("../")
    book = write(make_book, f"[a]({written})", **more)
    if written != target:
        book = write(make_book, f"[a]({target})", path="part/x.md", **more)
        (book / "chapters" / "x.md").unlink()
    assert [found[2] for found in findings(book)] == [help]


def test_at_most_two_names_are_suggested_as_paths_from_the_chapter(make_book):
    more = {f"part/{name}/flour.md": f"# {name}\n" for name in ("a", "b", "c")}
    book = write(make_book, "[a](../part/c/flower.md)\n\n[a](../c/flour.md)", "guide/x.md", **more)
    assert [found[2] for found in findings(book)] == [
        "Nearest: ../part/c/flour.md or ../part/a/flour.md.",
        "Nearest: ../part/c/flour.md or ../part/a/flour.md.",
    ]


def test_a_broken_picture_is_reported_and_absolute(make_book):
    book = write(make_book, "![A](static/b.png)")
    assert "(https://example.com/static/b.png)" in body(book)
    assert findings(book)[0][:2] == (
        "missing-asset",
        "There is no file chapters/static/b.png.",
    )


def test_a_finding_says_the_exact_place_of_the_target(make_book, bookpack):
    book = make_book({"x.md": "# X\n\n日本 [a](two.md) and [b](#nope)\n"})
    result = bookpack("check", book)
    assert "book/chapters/x.md:3:8: error BP301 broken-link" in result.stdout
    assert "book/chapters/x.md:3:24: error BP302 broken-anchor" in result.stdout
    assert result.returncode == 1


def test_a_reference_is_reported_once_where_it_is_defined(make_book):
    book = write(make_book, "[a][t] [b][t] [t]\n\n[t]: missing.md")
    assert [name for name, _, _ in findings(book)] == ["broken-link"]


def test_an_undefined_reference_and_an_undefined_footnote(make_book):
    book = write(make_book, "[a][nowhere] and note[^no].")
    assert sorted(name for name, _, _ in findings(book)) == [
        "undefined-footnote",
        "undefined-reference",
    ]


def test_a_target_that_means_two_chapters_names_both(make_book):
    chapters = {
        "a.md": "---\nurl: /same/\n---\n# A\n",
        "b.md": "---\nurl: /same/\n---\n# B\n",
        "x.md": "# X\n\n## Here\n\n[a](/same/)\n",
    }
    book = make_book(chapters)
    assert ("ambiguous-link", "/same/ can mean a.md and b.md.") in [
        finding[:2] for finding in findings(book)
    ]
    assert links(book) == ["https://example.com/same/"]


def test_addresses_that_differ_in_their_query_are_different_pages(make_book):
    chapters = {
        "a.md": "---\nurl: https://example.com/?p=1\n---\n# A\n",
        "b.md": "---\nurl: https://example.com/?p=2\n---\n# B\n\n## In b\n\n[up](#in-b)\n",
        "x.md": "# X\n\n## Here\n\n[a](https://example.com/?p=2)\n\n[a](b.md#in-b)\n",
    }
    book = make_book(chapters)
    assert links(book) == ["https://example.com/?p=2", "https://example.com/?p=2#in-b"]
    assert findings(book) == []


def test_a_file_of_the_same_name_in_another_folder_is_not_meant(make_book):
    chapters = {
        "a/same.md": "# A\n",
        "b/same.md": "# B\n",
        "b/x.md": "# X\n\n## Here\n\n[a](same.md)\n\n[a](../a/same.md)\n",
    }
    book = make_book(chapters)
    assert links(book, "b/x.md") == ["https://example.com/b/same/", "https://example.com/a/same/"]
    assert findings(book) == []


def test_no_relative_target_of_any_kind_is_left(make_book):
    """Every broken form, in every syntax, comes out absolute."""
    targets = ["nope.md", "nope", "./nope/", "/nope", "#nope", "nope.md#x", "?q=1", "nope.png"]
    text = "\n\n".join(
        f"[a]({t}) <a href='{t}'>b</a> ![c]({t}) [d][{i}]\n\n[{i}]: {t}"
        for i, t in enumerate(targets)
    )
    found = re.findall(r"\]\(([^)]*)\)|href='([^']*)'|\]: (\S+)", body(write(make_book, text)))
    written = ["".join(groups) for groups in found]
    assert len(written) == 3 * len(targets)
    assert [target for target in written if not target.startswith("https://example.com/")] == []


def test_links_for_a_book_published_beside_this_one_are_full_addresses(make_book, bookpack):
    book = make_book(
        {"a.md": "# A\n\n[vectors](../std/vec.html#new) and [no](../../other.md)\n"},
        settings='[book]\ntitle = "T"\nurl = "https://doc.example.org/book"\n'
        '[layout]\nurl-style = "{base}/{path}.html"\n',
    )
    result = bookpack("build", book)
    pack = (book / "build" / "book-packed.md").read_text("utf-8")
    assert "[vectors](https://doc.example.org/std/vec.html#new)" in pack
    assert "std" not in result.stderr
    assert "link-out-of-book" in result.stderr
