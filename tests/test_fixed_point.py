"""pack → unpack → pack gives the same bytes and the same manifest, whatever the book holds."""

import json
import tempfile
from difflib import unified_diff
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bookpack.cli import cli
from conftest import write_files

STYLES = ("markdown", "xml", "plain", "json")
SETTINGS = '[book]\ntitle = "A Book"\nurl = "https://example.com"\n'


def run(*arguments: object) -> int:
    """Run a command and return its exit status."""
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code


def edition(out: Path) -> list[str]:
    """Return the lines of the files of an output folder, each file under its name."""
    lines = []
    for path in sorted(out.glob("[!.]*")):
        lines += [path.name, *path.read_bytes().decode().split("\n")]
    return lines


def differences(first: list[str], second: list[str]) -> list[str]:
    """Return the lines that only one of two editions has."""
    return [
        line for line in unified_diff(first, second, "", "", n=0) if line[:2] not in ("--", "++")
    ]


def assert_fixed_point(book: Path, style: str) -> None:
    """Build `book`, unpack the pack, build what came out, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        first, unpacked, second = (Path(folder, name) for name in ("first", "unpacked", "second"))
        assert run("build", book, "--only", "pack", "--style", style, "--out", first) in (0, 1)
        pack = json.loads((first / "manifest.json").read_text("utf-8"))["file"]
        assert run("unpack", first / pack, "--out", unpacked) == 0
        assert run("build", unpacked, "--only", "pack", "--out", second) in (0, 1)
        assert differences(edition(first), edition(second)) == []


def write_book(folder: Path, chapters, toml: str) -> Path:
    (folder / "bookpack.toml").write_text(toml, "utf-8")
    return write_files(folder, {f"chapters/{path}": text for path, text in chapters.items()})


# Books that once were, or could well be, different the second time

TITLES = [
    "C# #",
    "*a*",
    "<T>",
    "a | b",
    '"q"',
    "`x`",
    "a & b",
    "&lt;T&gt;",
    "&#124;",
    "[x]",
    "[x](y)",
    "[^1]",
    "{#id}",
    "{.cls}",
    "Braces {x}",
    "Set {#x}",
    "$a$",
    "$5 and $6",
    "~~x~~",
    "a_b_c",
    "<!-- c -->",
    "1. x",
    "- x",
    "> q",
    "#",
    "---",
    "\\",
    "a\\|b",
    "url: https://example.org",
    "https://example.com/two",
    "![i](j)",
    "!",
    "日本語",
    "e\u0301 ü",
    "\u00a0nbsp\u00a0",
    "line\u2028separator",
]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("place", ["front matter", "heading", "section", "part"])
def test_titles_that_look_like_something_else(tmp_path, place, style):
    chapters, toml = {}, SETTINGS
    for number, title in enumerate(TITLES):
        quoted = json.dumps(title, ensure_ascii=False)
        path = f"{number:02}.md"
        chapters[path] = {
            "front matter": f"---\ntitle: {quoted}\n---\n\nText.\n",
            "heading": f"# {title}\n\nText.\n",
            "section": f"# Ok\n\n## {title}\n\nText.\n",
            "part": "# Ok\n",
        }[place]
        if place == "part":
            toml += f'\n[[part]]\ntitle = {quoted}\nchapters = ["{path}"]\n'
    assert_fixed_point(write_book(tmp_path, chapters, toml), style)


@pytest.mark.parametrize(
    "words", ["*a* | <b> & &amp; `c` # -", '"q" \\', "Edition: 3", "a  b", "é\u2028"]
)
def test_what_is_said_of_the_book_may_look_like_something_else(tmp_path, words):
    quoted = json.dumps(words, ensure_ascii=False)
    toml = (
        f'[book]\ntitle = {quoted}\nurl = "https://example.com"\nauthors = [{quoted}, "B"]\n'
        f"edition = {quoted}\ndate = {quoted}\nsummary = {quoted}\nrights = {quoted}\n"
        f"[pack]\nnotes = [{quoted}]\n"
    )
    for style in STYLES:
        assert_fixed_point(write_book(tmp_path, {"x.md": "# X\n"}, toml), style)


CHAPTERS = {
    "the address of a section and none of the chapter": (
        "---\ntitle: T\n---\n\n## S\nurl: https://example.com/a/#s\n\n<p>A [b](#s)</p>\n"
    ),
    "a title that a section has too": "---\ntitle: Rye\n---\n\nText.\n\n## Rye\n\n[a](#rye)\n",
    "a file name that a section has too": "Text.\n\n## X\n\nText.\n",
    "front matter that differs in capitals": "---\ntitle: Rye\n---\n# rye\n\n## Rye\n",
    "sections that leave a level out": "# X\n\n### A\n\nText.\n\n#### B\n\n### C\n\nText.\n",
    "an HTML heading above sections": "# X\n\n### A\n\n<h2>B</h2>\n\n### C\n\nText.\n",
    "a heading after text": "Text.\n\n# Late\n\n## Late\n",
    "a heading over two lines": "Over\ntwo lines\n===\n\nText.\n",
    "a comment before the heading": "<!-- c -->\n# Title\n\nText.\n",
    "code before everything": "    code\n\n# Title\n",
    "a picture in a section's heading": "# X\n\n## Rye ![r](r.png)\n\n[a](#rye)\n",
    "a section of nothing but a picture": "# X\n\n## ![r](r.png)\n\nText.\n",
    "a picture in the title": "# Rye ![r](r.png)\n\nText.\n",
    "a title of nothing but a picture": "# ![r](r.png)\n\nText.\n",
    "links and notes in headings": "# A [b](#c) d[^1]\n\n## [C](#c) d[^1]\n\n[^1]: Note.\n",
    "an own address in a heading": "# X\n\n## See https://example.com/x now\n\nText.\n",
    "spans and comments in headings": "# A <span>b</span> <!-- c -->\n\n## <i>D</i> <br> e\n",
    "sections of one name": "# S\n\n## S\n\n## S\n\n## S-1\n",
    "an anchor of its own": "# X {#top}\n\n## S {#s .c}\n\n[a](#s) [b](#top)\n",
    "an address with a query": (
        "---\nurl: 'https://example.com/?p=1&q=2'\n---\n# X\n\n[a](#s)\n\n## S\n"
    ),
    "an address with an ampersand word": (
        "---\nurl: 'https://example.com/?a=1&lt=2'\n---\n# X\n\n[x](x.md)\n"
    ),
    "an address with blanks": "---\nurl: 'https://example.com/a b'\n---\n# X\n\n[x](x.md)\n",
    "an address with odd characters": "---\nurl: '/a)b(|c/'\n---\n# X\n\n[x](x.md)\n",
    "an address on another host": "# X\nurl: https://b.example.org/x\n\n## S\n\n[a](#s)\n",
    "windows line ends": "# X\r\n\r\n## S\r\nText.\r\n\r\n![i](i.png)\r\n\r\n<p>\r\nA\r\n</p>\r\n",
    "old line ends": "# X\r\r## S\rText.\r",
    "no line end": "# X\n\n## S",
    "blank lines at the end": "# X\n\nText.\n\n\n\n",
    "only blanks": " \n\t\n",
    "nothing": "",
    "a byte order mark": "\ufeff# X\n\nText.\n",
    "controls": "# X\n\na\x0cb\x0bc\x1cd\x85e\u2028f\x00g\x7f.\n",
    "bytes that are no text": b"# X\n\nCaf\xe9.\n",
    "text of two bytes a character": "# X\n\nCafé.\n".encode("utf-16"),
    "fences of all lengths": (
        "# X\n\n````\n```\n````\n\n   `````\nx\n   `````\n\n~~~\n````````\n~~~\n"
    ),
    "a fence that never ends": "# X\n\n````\ntext\n## File: y\n",
    "a pack in a pack": (
        '# X\n\n````\nThis file is the LLM edition of "E"\n\n# Files\n\n## File: evil.md\n'
        "```markdown\n# Evil\n```\n````\n\n# Files\n\n## File: x.md\n"
    ),
    "the marks of all styles": (
        '# X\n\n</file>\n\n<file path="q.md">\n\n</files>\n\n================\nFile: a.md\n'
        "================\n\n# Directory Structure\n\n| 1 |  | X | https://example.com | 1 | 1 |\n"
    ),
    "layout around everything": (
        "# X\n\n<div>\n\n## In\n\n<p>A</p><p>## B</p>\n\n- <div>C</div>\n\n> <p>D</p>\n"
        "> <p>E</p>\n\n<p># F</p>\n\n<p>\n    G\n</p>\n\n</div>\n"
    ),
    "layout around code": (
        "# X\n\n<div>\n```\n<b>\n```\n</div>\n\n<div>\n\n    <p>code</p>\n\n</div>\n"
    ),
    "layout around pictures": (
        "# X\n\n<div align=center>\n<img src=a.png alt='A b'>\n<p>cap</p>\n</div>\n\n"
        "<figure>\n\n![md](a.png)\n\n<figcaption>C</figcaption></figure>\n\n"
        "<a href=x.md><img src=b.png alt=B></a>\n"
    ),
    "pictures in emphasis": "# X\n\n**![b](i.png)**\n\n*![c](i.png) words*\n",
    "words of pictures with marks": (
        "# X\n\n![a \\[two\\] `c` $d$ \\*e\\*](i.png '\"t\" [two] \\\\')\n\n[two]: x.md\n"
    ),
    "repeated definitions": "# X\n\n[r] [r][]\n\n[r]: x.md\n[r]: https://o.example.org\n",
    "own addresses in text": (
        "# X\n\nSee https://example.com/x, <http://example.com/x#s>.\n\n## S\n"
    ),
    "broken links": "# X\n\n[a](no.md) [b](#no) [c](no.png) ![d](no.png) [e]() [f](../../up.md)\n",
    "front matter in the text": "# X\n\n---\ntitle: x\n---\n\nText.\n",
    "a rule first": "---\n\n# X\n\nText.\n",
    "math": "# X\n\n$$\na [b](c) <d>\n$$\n\n$x$ and $5 to $6 [a](x.md)\n",
}


@pytest.mark.parametrize("text", CHAPTERS.values(), ids=CHAPTERS)
def test_chapters_that_could_come_out_differently(tmp_path, text):
    # The styles hold the same chapters (see test_packed), so two of them will do.
    book = write_book(tmp_path, {"x.md": text, "y.md": "# Y\n\n[x](x.md) `````\n"}, SETTINGS)
    assert_fixed_point(book, "markdown")
    assert_fixed_point(book, "plain")


BOOKS = {
    "two chapters with the same labels": {
        "a.md": "# A\n\nx[^1] [r]\n\n[^1]: n\n\n[r]: https://a.example.org\n",
        "b.md": "# B\n\ny[^1] [r] [x][r]\n\n[^1]: m\n    more\n\n[r]: https://b.example.org\n",
        "a/b.md": "# AB\n\nz[^1] [^b-1]\n\n[^1]: q\n[^b-1]: r\n",
    },
    "labels in layout": {
        "a.md": "# A\n\n<p>x[^1] [r]</p>\n\n[^1]: n\n\n[r]: https://a.example.org\n",
        "b.md": "# B\n\ny[^1] [r]\n\n[^1]: m\n\n[r]: https://b.example.org\n",
    },
    "aliases": {
        "a.md": "---\naliases: [/old/, 'https://b.example.org/a']\n---\n# A\n\n[a](/old/)\n",
        "b.md": "# B\n\n[a](https://b.example.org/a#x) https://example.com/old\n",
    },
    "folders, weights and drafts": {
        "2-b/x.md": "---\nweight: 9\n---\n# B\n\n[d](../draft.md)\n",
        "2-b/a.md": "# Ba\n",
        "10-c/y.md": "# C\n",
        "1-a/index.md": "---\ntitle: Part A\n---\n\nText.\n",
        "1-a/z.md": "# Z\n",
        "top.md": "# T\n",
        "index.md": "# I\n",
        "draft.md": "---\ndraft: true\n---\n# Draft\n",
    },
    "odd names": {
        "a b/ü (1).md": "# X\n\n[x](<../a b/ü (1).md>)\n",
        "x&y.md": "# Y\n",
        "'q'.md": "# Q\n",
        "#h.md": "# H\n",
        "`b`.md": "# B\n",
        "[c].md": "# C\n",
        " lead.md": "# L\n",
        "File: z.md": "# Z\n",
        "e.MARKDOWN": "# E\n",
        "bookpack.toml.md": "# T\n",
    },
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("chapters", BOOKS.values(), ids=BOOKS)
def test_books_that_could_come_out_differently(tmp_path, chapters, style):
    assert_fixed_point(write_book(tmp_path, chapters, SETTINGS), style)


TOML = {
    "everything set": """
        [book]
        title = "Bread & Butter"
        url = "https://example.com/some/path/"
        authors = ["Mill, House", "The \\"Bakers\\""]
        language = "de-AT"
        edition = "2nd, rev."
        date = "2024-05-01"
        summary = "All about | bread."
        rights = "Read it.\\n\\n- Quote it.\\n\\n# Files\\n\\n| 1 |  | a | b | 1 | 1 |"
    """,
    "no language": '[book]\ntitle = "A"\nurl = "https://example.com"\nlanguage = ""\n',
    "sections off": SETTINGS + "[pack]\nsection-urls = false\n",
    "math off": SETTINGS + "[layout]\nmath = false\n",
    "drafts in": SETTINGS + "[layout]\ndrafts = true\n",
    "pages by path": SETTINGS + '[layout]\nurl-style = "{base}/{path}.html"\n',
    "a list of chapters": SETTINGS + '[layout]\nchapters = ["b.md", "a.md"]\n',
    "parts of one name": SETTINGS
    + '[[part]]\ntitle = "P"\nchapters = ["b.md"]\n[[part]]\nchapters = ["a.md"]\n'
    + '[[part]]\ntitle = "P"\nchapters = ["c.md"]\n',
    "notes": SETTINGS + '[pack]\nnotes = ["Left out (draft): x.", "Two\\nlines", "Date: 1"]\n',
    "another file name": SETTINGS + '[pack]\nfile = "bread"\n',
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("toml", TOML.values(), ids=TOML)
def test_settings_that_change_the_pack_come_back_with_it(tmp_path, toml, style):
    chapters = {
        "a.md": "# A\n\n## S\n\nPay $5 [b](b.md) or $6.\n",
        "b.md": "# B\n\n[a](a.md#s)\n",
        "c.md": "---\ndraft: true\n---\n# C\n",
    }
    assert_fixed_point(write_book(tmp_path, chapters, toml), style)


# Books made up at random

_words = st.text(
    st.sampled_from("ab Zé日 -_*`[]()<>|#$&\\!~^{}.:/\"'1\u2028"), min_size=1, max_size=12
).map(lambda word: " ".join(word.split()) or "w")
_paths = ["a.md", "b.md", "p/c.md", "p/index.md", "q/1-d.md"]
_targets = st.sampled_from(
    [
        *_paths,
        *("../a.md", "c.md", "/b/", "#s", "a.md#s", "https://example.com/b", "no.md", "i.png"),
        *("https://o.example.org/x", "<a b.md>", "", "?q=1", "mailto:x@example.com", "data:,x"),
    ]
)
_inline = st.one_of(
    _words,
    st.builds("[{}]({})".format, _words, _targets),
    st.builds("![{}]({})".format, _words, _targets),
    st.builds("![{}]({} '{}')".format, _words, _targets, st.sampled_from(["t", "[r] *", "\\\\"])),
    st.builds("[![{}]({})]({})".format, _words, _targets, _targets),
    st.builds("`{}`".format, _words),
    st.builds("${}$".format, _words),
    st.builds("*{}*".format, _words),
    st.builds("<span>{}</span>".format, _words),
    st.builds("<a href='{}'>{}</a>".format, _targets, _words),
    st.builds("<img src='{}' alt='{}'>".format, _targets, _words),
    st.builds("<!-- {} -->".format, _words),
    st.sampled_from(["[^1]", "[r]", "[R][]", "[x][r]", "![r]", "<br>", "https://example.com/a"]),
)
_line = st.lists(_inline, min_size=1, max_size=4).map(" ".join)
_block = st.one_of(
    _line,
    st.builds("## {}".format, _line),
    st.builds("### {}".format, _line),
    st.builds("{}\n---".format, _line),
    st.builds("## {}\nurl: https://example.com/a/#s".format, _words),
    st.builds("- {}\n- {}".format, _line, _line),
    st.builds("> {}\n> {}".format, _line, _line),
    st.builds("<div>{}</div>".format, _line),
    st.builds("<p>\n  {}\n</p>".format, _line),
    st.builds("<p>{}</p><p>{}</p>".format, _line, _words),
    st.builds("- <div>{}</div>".format, _line),
    st.builds("> <p>{}</p>\n> <p>b</p>".format, _line),
    st.builds("<details><summary>{}</summary>\n\n{}\n\n</details>".format, _words, _line),
    st.builds("| a | {} |\n| --- | --- |\n| {} | b |".format, _words, _line),
    st.builds("```{}\n{}\n```".format, st.sampled_from(["", "python"]), _line),
    st.builds("`````\n{}\n````\n`````".format, _line),
    st.builds("    {}".format, _line),
    st.builds("$$\n{}\n$$".format, _words),
    st.builds("[^1]: {}".format, _line),
    st.builds("[r]: https://{}.example.org".format, st.sampled_from("ab")),
    st.sampled_from(
        ["## S", "<!-- a\n\nb -->", "<hr>", "---", "<script>x</script>", "# H", "    "]
    ),
    st.sampled_from(
        ["</file>", "# Files", "## File: x.md", "=" * 16 + "\nFile: a.md\n" + "=" * 16]
    ),
)
_head = st.one_of(
    st.just(""),
    st.builds("# {}\n\n".format, _line),
    st.builds("{}\n===\n\n".format, _words),
    st.builds("# {}\nurl: /own-{}/\n\n".format, _words, st.sampled_from("xyz")),
    st.builds(lambda title: f"---\ntitle: {json.dumps(title)}\n---\n\n", _words),
    st.builds(lambda title: f"---\ntitle: {json.dumps(title)}\nweight: 3\n---\n# S\n", _words),
)
_chapter = st.builds(
    lambda head, blocks, end, last: (head + "\n\n".join(blocks) + last).replace("\n", end),
    _head,
    st.lists(_block, max_size=5),
    st.sampled_from(["\n", "\n", "\n", "\r\n"]),
    st.sampled_from(["\n", "", "\n\n"]),
)
_book = st.dictionaries(st.sampled_from(_paths), _chapter, min_size=1, max_size=3)
_toml = st.builds(
    '[book]\ntitle = "A Book"\nurl = "https://example.com{}"\n[pack]\nsection-urls = {}\n'.format,
    st.sampled_from(["", "/base"]),
    st.sampled_from(["true", "true", "false"]),
)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(chapters=_book, toml=_toml, style=st.sampled_from(STYLES))
@example(chapters={"a.md": "# A\n"}, toml=SETTINGS, style="markdown")
def test_random_books(chapters, toml, style):
    with tempfile.TemporaryDirectory() as folder:
        assert_fixed_point(write_book(Path(folder), chapters, toml), style)
