"""The Markdown of MkDocs and its extensions, and what becomes of it in the pack."""

import json
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bookpack.cli import cli
from bookpack.read.dialects.lines import (
    Line,
    Origins,
    cut,
    edits_of,
    pieces_of,
    split_lines,
)
from bookpack.read.dialects.mkdocs import MkDocsDialect
from bookpack.read.files import BookFiles
from bookpack.read.front_matter import FrontMatter
from bookpack.read.layouts.base import Page
from bookpack.read.layouts.mkdocs_settings import read_settings
from bookpack.read.markdown import parse_markdown
from bookpack.source import Edit, Source, Span, TranslatedSource, apply_edits
from conftest import write_files

URL = "https://example.com/docs"
SITE = f"""\
site_name: My Site
site_url: {URL}
markdown_extensions:
  - admonition
  - attr_list
  - def_list
  - pymdownx.caret
  - pymdownx.keys
  - pymdownx.mark
  - pymdownx.snippets
  - pymdownx.tilde
"""


def run(book: Path, *arguments: str) -> str:
    """Run the command line on `book` and return what it printed."""
    result = CliRunner().invoke(cli, [arguments[0], str(book), *arguments[1:]])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 1), result.output
    return result.stdout


def a_site(folder: Path, text: str, site: str = SITE, **more: str) -> Path:
    """Write a site with the page `page.md` and another one; `more` are files by path."""
    files = {"mkdocs.yml": site, "docs/other.md": "# Other\n\n## Part\n"}
    return write_files(folder, {**files, "docs/page.md": f"# Page\n\n{text}", **more})


def packed(book: Path) -> str:
    """Return what stands under title and address of the page."""
    run(book, "build", "--only", "pack", "--quiet", "--style", "json")
    text = json.loads((book / "build/book-packed.json").read_text("utf-8"))["files"]["page.md"]
    return text.partition(f"url: {URL}/page/\n")[2].lstrip("\n")


def findings(book: Path) -> list[tuple[str, str]]:
    """Return place and name of what `check` says."""
    found = json.loads(run(book, "check", "--format", "json"))
    return [
        (f"{f['path'].rpartition(f'{book.name}/')[2]}:{f['line']}:{f['column']}", f["name"])
        for f in found
    ]


def cases(*pairs: tuple[str, str]) -> pytest.MarkDecorator:
    """Return test cases of what the author writes and what the pack holds."""
    return pytest.mark.parametrize(
        ("written", "expected"),
        [(dedent(a).lstrip("\n"), dedent(b).lstrip("\n")) for a, b in pairs],
    )


# Blocks


@cases(
    (
        """
        !!! note
            Text [link](other.md).
        After.
        """,
        f"""
        > [!NOTE]
        > Text [link]({URL}/other/).

        After.
        """,
    ),
    (
        """
        Before.
        !!! danger "Do *not*"

            One.

                code

            Two.

        After.
        """,
        """
        Before.

        > [!CAUTION]
        > **Do *not***
        >
        > One.
        >
        >     code
        >
        > Two.

        After.
        """,
    ),
    ('!!! warning ""\n    Text.\n', "> [!WARNING]\n> Text.\n"),
    ('!!! example ""\n    Text.\n', "> [!NOTE]\n> Text.\n"),
    ('!!! info inline end "Side"\n\tWith a tab.\n', "> [!NOTE]\n> **Side**\n>\n> With a tab.\n"),
    ("!!! bug\n    Text.\n", "> [!CAUTION]\n> **Bug**\n>\n> Text.\n"),
    ('??? question "Why?"\n    So.\n', "> [!NOTE]\n> **Why?**\n>\n> So.\n"),
    ("???+ tip\n    So.\n", "> [!TIP]\n> So.\n"),
    ('???+ "Title"\n    So.\n', "> [!NOTE]\n> **Title**\n>\n> So.\n"),
    (
        """
        !!! note
            Outer.

            !!! tip
                Inner.

                ```
                !!! note
                    Code.
                ```
        """,
        """
        > [!NOTE]
        > Outer.
        >
        > > [!TIP]
        > > Inner.
        > >
        > > ```
        > > !!! note
        > >     Code.
        > > ```
        """,
    ),
    (
        """
        1.  Item

            !!! note
                In the item.

            More.
        2.  Next
        """,
        """
        1.  Item

            > [!NOTE]
            > In the item.

            More.
        2.  Next
        """,
    ),
)
def test_admonitions_and_details_become_alerts(tmp_path, written, expected):
    book = a_site(tmp_path, written)
    assert packed(book) == expected
    assert findings(book) == []


@cases(
    (
        """
        === "C"

            ```c
            int x;
            ```

        === "Rust"

            Text [link](other.md#part).

            === "Inner"

                Deep.

        After.
        """,
        f"""
        **C**

        ```c
        int x;
        ```

        **Rust**

        Text [link]({URL}/other/#part).

        **Inner**

        Deep.

        After.
        """,
    ),
    (
        """
        !!! note
            === "One"
                A
            === "Two"
                B
        """,
        """
        > [!NOTE]
        > **One**
        >
        > A
        >
        > **Two**
        >
        > B
        """,
    ),
    (
        """
        - item

            ===+ "Tab"

                Text.
        """,
        """
        - item

            **Tab**

            Text.
        """,
    ),
)
def test_content_tabs_become_titles_with_their_text(tmp_path, written, expected):
    book = a_site(tmp_path, written)
    assert packed(book) == expected
    assert findings(book) == []


@cases(
    ("/// tip | Hint\nText.\n///\n", "> [!TIP]\n> **Hint**\n>\n> Text.\n"),
    (
        """
        /// admonition | Title
            type: warning

        Text.

        //// note
        Inner.
        ////
        ///
        """,
        """
        > [!WARNING]
        > **Title**
        >
        > Text.
        >
        > > [!NOTE]
        > > Inner.
        """,
    ),
    ("/// details | More\n    open: True\n\nText.\n///\n", "> [!NOTE]\n> **More**\n>\n> Text.\n"),
    ("/// tab | One\nA\n///\n\n/// tab | Two\nB\n///\n", "**One**\n\nA\n\n**Two**\n\nB\n"),
    ("/// html | div.card\nText.\n///\n", "Text.\n"),
    ("Text.\n/// caption\nA caption.\n///\n", "Text.\n\nA caption.\n"),
    ("/// note\n```\n///\n```\n///\n", "> [!NOTE]\n> ```\n> ///\n> ```\n"),
)
def test_generic_blocks(tmp_path, written, expected):
    site = SITE + "  - pymdownx.blocks.admonition\n"
    book = a_site(tmp_path, written, site)
    assert packed(book) == expected
    assert findings(book) == []


@pytest.mark.parametrize("text", ["/// strange\nText.\n///\n", "/// note\nText.\n"])
def test_generic_blocks_that_nobody_understands_stay_and_are_reported(tmp_path, text):
    book = a_site(tmp_path, text, SITE + "  - pymdownx.blocks.admonition\n")
    assert packed(book) == text
    assert findings(book) == [("docs/page.md:3:1", "untranslated-markup")]


UNTOUCHED = [
    '```\n!!! note "Title"\n    Text.\n\n=== "Tab"\n\n    Text.\n```\n',
    "Text:\n\n    !!! note\n        Text.\n\nText.\n",
    "`!!! note`, `++ctrl+c++`, `==x==`, `[a](b){ .c }` and `{: #id }`.\n",
    "~~~\n/// note\nText.\n///\n[TOC]\n#no\n~~~\n",
    "> [!NOTE]\n> Text of an alert.\n",
    "Text with !!! marks, === and ??? in it.\n\nA heading\n===\n",
    ":smile: and :material-check: stay.\n",
    "```mermaid\ngraph TD\n```\n",
    '```py title="x.py" hl_lines="2"\nx = 1  # (1)!\n```\n\n1. note\n',
    "Text[^1].\n\n[^1]: A footnote.\n\n    Its second paragraph.\n",
    "Term\n:   Definition.\n",
    "~~gone~~ and a++ and ++b and 1 == 1 and x^2.\n",
    "<!--\n!!! note\n    Hidden.\n-->\n\nText.\n",
    "A set {a, b} and { x } and C# {0}.\n",
    "--8<-- in a sentence.\n",
]


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_is_plain_or_code_is_not_touched(tmp_path, text):
    book = a_site(tmp_path, text)
    expected = text.partition("-->\n\n")[2] if text.startswith("<!--") else text
    assert packed(book) == expected
    assert findings(book) == []


def test_abbreviations_are_kept(tmp_path):
    book = a_site(tmp_path, "HTML is old.\n\n*[HTML]: Hyper Text Markup Language\n")
    assert packed(book) == "HTML is old.\n\n*[HTML]: Hyper Text Markup Language\n"


def test_a_definition_of_several_blocks_becomes_a_list_item(tmp_path):
    text = "Term\n\n:   First.\n\n    Second [link](other.md).\n"
    book = a_site(tmp_path, text)
    assert packed(book) == f"Term\n\n-   First.\n\n    Second [link]({URL}/other/).\n"


def test_grids_and_other_html_with_markdown_in_it(tmp_path):
    text = (
        '<div class="grid cards" markdown>\n\n-   :material-clock: __Fast__\n\n    [Link](other.md)'
        '{ .md-button }\n\n</div>\n\n<div markdown="1">\n**Bold** and [ref][r].\n</div>\n\n'
        "[r]: other.md\n"
    )
    book = a_site(tmp_path, text)
    assert packed(book) == (
        f"-   :material-clock: __Fast__\n\n    [Link]({URL}/other/)\n\n"
        f"**Bold** and [ref][r].\n\n[r]: {URL}/other/\n"
    )
    assert findings(book) == []


# Inside of lines


@cases(
    ("[TOC]\n\nText.\n", "Text.\n"),
    ("Press ++ctrl+alt+delete++ or ++f5++.\n", "Press Ctrl+Alt+Del or F5.\n"),
    ('++"My Key"+arrow-up++\n', "My Key+Up\n"),
    ("A ==marked word== here.\n", "A **marked word** here.\n"),
    ("A ==*marked*== word.\n", "A *marked* word.\n"),
    ("H~2~O, x^2^, ^^new^^ and ~~old~~.\n", "H<sub>2</sub>O, x<sup>2</sup>, new and ~~old~~.\n"),
    ("[Button](other.md){ .md-button target=_blank }\n", f"[Button]({URL}/other/)\n"),
    ("*Word*{: .c }, `code`{.py} and :icon:{ .lg }.\n", "*Word*, `code` and :icon:.\n"),
    ("Paragraph.\n{: .class }\n\nNext.\n", "Paragraph.\n\nNext.\n"),
    ("| a | b |\n| - | - |\n| c { .x } | d |\n", "| a | b |\n| - | - |\n| c | d |\n"),
    ('``` { .py .annotate title="x" }\nx\n```\n', '```py title="x"\nx\n```\n'),
)
def test_markup_inside_of_lines(tmp_path, written, expected):
    book = a_site(tmp_path, written)
    assert packed(book) == expected
    assert findings(book) == []


def test_extensions_that_the_site_does_not_have_change_nothing(tmp_path):
    site = f"site_name: S\nsite_url: {URL}\n"
    text = "==marked== ^^new^^ x^2^ ++strange++ but ++ctrl+c++\n"
    assert packed(a_site(tmp_path, text, site)) == (
        "==marked== ^^new^^ x^2^ ++strange++ but Ctrl+C\n"
    )


def test_ids_of_attribute_lists_are_anchors(tmp_path):
    text = (
        "## One {: #first .c }\n\n## Two {.c}\n\n## Three {#third}\n\nParagraph.\n{: #para }\n\n"
        "[word](other.md){ #word }\n\n[a](#first) [b](#two) [c](#third) [d](#para) [e](#word)"
        " [f](#gone)\n"
    )
    book = a_site(tmp_path, text)
    assert findings(book) == [("docs/page.md:14:61", "broken-anchor")]
    body = packed(book)
    assert "## One {#first}\n" in body
    assert "## Two\n" in body
    assert 'Paragraph.\n<a id="para"></a>\n' in body


def test_a_heading_needs_no_blank(tmp_path):
    book = a_site(tmp_path, "##Head\n\n[a](#head)\n")
    assert packed(book) == f"## Head\nurl: {URL}/page/#head\n\n[a]({URL}/page/#head)\n"
    assert findings(book) == []


def test_macros_and_generated_pages_are_reported_where_the_site_has_them(tmp_path):
    text = "{{ version }} and `{{ code }}`\n\n::: package.module\n"
    book = a_site(tmp_path, text, SITE + "plugins: [macros, mkdocstrings]\n")
    assert findings(book) == [
        ("docs/page.md:3:1", "untranslated-markup"),
        ("docs/page.md:5:1", "untranslated-markup"),
    ]
    assert packed(book) == text
    (book / "mkdocs.yml").write_text(SITE, "utf-8")
    assert findings(book) == []


# Snippets


def test_snippets_are_put_in_by_file_lines_and_section(tmp_path):
    text = (
        '--8<-- "includes/text.md"\n\n```py\n--8<-- "code.py:2:3"\n```\n\n'
        '    --8<-- "code.py:part"\n\n'
        "--8<--\nincludes/text.md::1\n; skipped.md\n\ncode.py:4\n--8<--\n"
    )
    files = {
        "includes/text.md": "Included [link](other.md).\n\n--8<-- 'includes/inner.md'\n",
        "includes/inner.md": "!!! tip\n    Inner.\n",
        "code.py": "one\ntwo\n# --8<-- [start:part]\nfour\n# --8<-- [end:part]\n",
    }
    book = a_site(tmp_path, text, **files)
    assert packed(book) == (
        f"Included [link]({URL}/other/).\n\n> [!TIP]\n> Inner.\n\n"
        "```py\ntwo\n# --8<-- [start:part]\n```\n\n    four\n\n"
        f"Included [link]({URL}/other/).\n\nfour\n# --8<-- [end:part]\n"
    )
    assert findings(book) == []


def test_snippets_that_cannot_be_put_in_stay_and_are_reported(tmp_path):
    text = (
        '--8<-- "gone.md"\n--8<-- "other.md:nowhere"\n--8<-- "https://example.org/x.md"\n'
        '--8<-- "../outside.md"\n'
    )
    (tmp_path / "outside.md").write_text("Secret.", "utf-8")
    book = a_site(tmp_path / "book", text)
    assert findings(book) == [
        ("docs/page.md:3:1", "missing-include"),
        ("docs/page.md:4:1", "missing-include"),
        ("docs/page.md:5:1", "untranslated-markup"),
        ("docs/page.md:6:1", "missing-include"),
    ]
    assert packed(book) == text


def test_snippets_that_include_each_other_are_a_circle(tmp_path):
    files = {"a.md": 'A\n\n--8<-- "b.md"\n', "b.md": 'B\n\n--8<-- "a.md"\n'}
    book = a_site(tmp_path, '--8<-- "a.md"\n', **files)
    assert findings(book) == [("docs/page.md:3:1", "include-cycle")]
    assert packed(book) == 'A\n\nB\n\n--8<-- "a.md"\n'


def test_escaped_snippets_lose_one_semicolon(tmp_path):
    book = a_site(tmp_path, '```\n;--8<-- "x.md"\n```\n\n;;--8<--\n')
    assert packed(book) == '```\n--8<-- "x.md"\n```\n\n;--8<--\n'
    assert findings(book) == []


@pytest.mark.parametrize("base", ["[snips]", "snips", "[nothing, !relative $config_dir/snips]"])
def test_the_site_may_say_where_snippets_lie(tmp_path, base):
    site = SITE.replace("pymdownx.snippets\n", f"pymdownx.snippets:\n      base_path: {base}\n")
    book = a_site(tmp_path, '--8<-- "x.md"\n', site, **{"snips/x.md": "Found.\n"})
    assert packed(book) == "Found.\n"


def test_what_goes_to_the_end_of_every_page_is_put_in_where_it_is_used(tmp_path):
    site = SITE.replace(
        "pymdownx.snippets\n", "pymdownx.snippets:\n      auto_append: [includes/terms.md]\n"
    )
    terms = "*[HTML]: Hyper Text\n*[CSS]: Style Sheets\n\n[o]: other.md\n[p]: other.md#part\n"
    book = a_site(tmp_path, "HTML and [that][o].\n", site, **{"includes/terms.md": terms})
    assert packed(book) == f"HTML and [that][o].\n\n*[HTML]: Hyper Text\n\n[o]: {URL}/other/\n"


def test_snippets_that_grow_without_measure_are_cut_short(tmp_path):
    files = {f"s{i}.md": f'--8<-- "s{i + 1}.md"\n' * 10 for i in range(9)}
    files["s9.md"] = "Text.\n"
    book = a_site(tmp_path, '--8<-- "s0.md"\n', **files)
    assert ("docs/page.md:3:1", "untranslated-markup") in findings(book)


def test_a_changed_snippet_is_noticed(tmp_path):
    book = a_site(tmp_path, '--8<-- "x.md"\n', **{"x.md": "Old.\n"})
    assert packed(book) == "Old.\n"
    (book / "x.md").write_text("New.\n", "utf-8")
    assert packed(book) == "New.\n"


# Places


def test_findings_in_translated_blocks_point_to_the_authors_lines(tmp_path):
    text = '!!! note\n    One.\n\n    [gone](gone.md)\n\n=== "Tab"\n\n    - [x](#nowhere)\n'
    assert findings(a_site(tmp_path, text)) == [
        ("docs/page.md:6:12", "broken-link"),
        ("docs/page.md:10:11", "broken-anchor"),
    ]


def test_windows_line_ends_are_understood(tmp_path):
    text = "!!! note\r\n    One.\r\n\r\n    [gone](gone.md)\r\n\r\nText.\r\n"
    book = a_site(tmp_path, text)
    assert findings(book) == [("docs/page.md:6:12", "broken-link")]
    assert packed(book).startswith("> [!NOTE]\n> One.\n>\n> [gone]")


@pytest.mark.parametrize(
    "text",
    [
        "!!! note\n" * 3000,
        "~~~x\n" * 20_000,
        "/// note\n" * 5000,
        "<pre\n" * 20_000,
        "".join("    " * i + "!!! note\n" for i in range(200)),
        '=== "x"\n' * 5000,
    ],
)
def test_absurd_pages_are_read_all_the_same(tmp_path, text):
    assert isinstance(packed(a_site(tmp_path, text)), str)


TOKENS = """\
!!! note| "T"|/// tip|///|=== "T"|```|{ .c }|{: #i }|[a](b.md)|==m==|++ctrl+c++|^x^|~y~|[TOC]|\
<div markdown>|</div>|- |# |#x|`|:   d|--8<-- "s.md"|--8<--|{{ x }}|> |<!--|-->|ä|**"""
BREAKS = ["\n", "\n\n", "\n    ", "\r\n", "\t", "| "]
MARKUP = st.lists(st.sampled_from([*TOKENS.split("|"), *BREAKS]), max_size=25)


@pytest.fixture(scope="module")
def dialect(tmp_path_factory) -> MkDocsDialect:
    site = SITE + "  - pymdownx.blocks.tab\nplugins: [macros]\n"
    files = {"mkdocs.yml": site, "s.md": "!!! tip\n    Inner.\n", "docs/a.md": "A"}
    book = BookFiles(write_files(tmp_path_factory.mktemp("site"), files))
    settings = read_settings(book)
    assert settings is not None
    return MkDocsDialect(book, settings, "docs")


@given(MARKUP)
def test_no_markup_breaks_the_translation(dialect, drawn):
    text = "".join(drawn)
    source = Source("docs/page.md", text)
    page = Page("page.md", source, FrontMatter())
    translation = dialect.translate(page, parse_markdown(text))
    translated = TranslatedSource.of(source, translation.edits)
    parse_markdown(translated.text)
    assert all(0 <= p.span.start <= p.span.end <= len(text) for p in translation.problems)


LINES = st.lists(st.sampled_from(["", "a", "    b", "!!! note", "é\t", "```"]), max_size=12)


@given(st.tuples(LINES, st.sampled_from(["\n", "\r\n", "\r"])))
def test_lines_that_nobody_changes_make_no_edits(drawn):
    lines, newline = drawn
    text = newline.join(lines)
    pieces = pieces_of(text, 0, split_lines(text))
    assert "".join(piece.text for piece in pieces) == text
    assert edits_of(text, pieces) == ()


@given(
    LINES, st.integers(0, 5), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5)), max_size=4)
)
def test_edits_give_the_text_that_the_pieces_make(lines, columns, places):
    text = "\n".join(lines)
    changed = [
        line.without_indent(columns).behind("> ") if number % 2 else line
        for number, line in enumerate(split_lines(text))
    ]
    changed.insert(len(changed) // 2, Line("written", 0))
    pieces = pieces_of(text, 0, changed)
    new = "".join(piece.text for piece in pieces)
    assert apply_edits(text, edits_of(text, pieces)) == new
    edits, end = [], 0
    for start, length in sorted(places):
        if start >= end and start + length <= len(new) and (length or start > end):
            edits.append(Edit(Span(start, start + length), "X"))
            end = start + length
    twice = cut(pieces, edits)
    assert "".join(piece.text for piece in twice) == apply_edits(new, edits)
    assert apply_edits(text, edits_of(text, twice)) == apply_edits(new, edits)
    origins = Origins(pieces)
    assert all(0 <= origins.span(edit.span).start <= len(text) for edit in edits)
