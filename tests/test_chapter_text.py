"""What a chapter looks like in the pack: header, section addresses, labels, code and comments.

The examples are documents: a name, what the author wrote, `=>`, what stands in the pack.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from bookpack.cli import cli


def examples(document: str) -> list:
    """Read `== name`, source, `=>`, expected text, again and again."""
    cases = []
    for example in document.strip("\n").removeprefix("== ").split("\n\n== "):
        name, _, rest = example.partition("\n")
        source, _, expected = rest.partition("\n=>\n")
        cases.append(pytest.param(f"{source}\n", f"{expected}\n", id=name))
    return cases


def packed(book: Path) -> dict[str, str]:
    """Build `book` and return the text of each chapter as the pack holds it."""
    out = book.parent / "out"
    command = ["build", str(book), "--out", str(out), "--style", "json", "--quiet"]
    result = CliRunner().invoke(cli, command)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 1), result.output
    return json.loads((out / "book-packed.json").read_text("utf-8"))["files"]


def with_pack_settings(settings: str) -> str:
    return f'[book]\ntitle = "A Book"\nurl = "https://example.com"\n\n[pack]\n{settings}\n'


# Title and address

HEADERS = """
== a heading
# Bread

Text.
=>
# Bread
url: https://example.com/x/

Text.

== a title in the front matter
---
title: Bread
---

Text.
=>
# Bread
url: https://example.com/x/

Text.

== a title in TOML front matter
+++
title = "Bread"
+++

Text.
=>
# Bread
url: https://example.com/x/

Text.

== front matter and heading say the same
---
title: Bread
---
# Bread

Text.
=>
# Bread
url: https://example.com/x/

Text.

== front matter and heading differ: the heading is text
---
title: Bread
---
# How to bake

Text.
=>
# Bread
url: https://example.com/x/

# How to bake

Text.

== a heading underlined
Bread
=====

Text.
=>
# Bread
url: https://example.com/x/

Text.

== text glued to the heading
# Bread
Text.
=>
# Bread
url: https://example.com/x/

Text.

== a heading with closing signs, code and emphasis
# The `bread` *knife* ##

Text.
=>
# The `bread` *knife* ##
url: https://example.com/x/

Text.

== no title at all
Text.
=>
# X
url: https://example.com/x/

Text.

== an empty heading is no title
#

Text.
=>
# X
url: https://example.com/x/

#

Text.

== no heading of level one
## First

Text.
=>
# First
url: https://example.com/x/

## First
url: https://example.com/x/#first

Text.

== text before the heading stays before it
A motto.

# Bread

Text.
=>
# Bread
url: https://example.com/x/

A motto.

# Bread

Text.

== a comment before the heading is nothing
<!-- Licence: see the end. -->
# Bread

Text.
=>
# Bread
url: https://example.com/x/

Text.

== a comment and a blank line before the heading
<!-- lint off -->

# Bread

Text.
=>
# Bread
url: https://example.com/x/

Text.

== code before the heading stays code
    bake --now

# Bread
=>
# Bread
url: https://example.com/x/

    bake --now

# Bread

== code right behind the front matter stays code
---
title: Bread
---

    bake --now

Text.
=>
# Bread
url: https://example.com/x/

    bake --now

Text.

== two headings of level one
# Bread

# Butter
=>
# Bread
url: https://example.com/x/

# Butter

== a title that looks like markup
---
title: 'C# # *a* <T> [x] `y` | "q"'
---

Text.
=>
# C# # \\*a\\* \\<T\\> \\[x\\] \\`y\\` \\| "q"
url: https://example.com/x/

Text.
"""


@pytest.mark.parametrize(("source", "expected"), examples(HEADERS))
def test_every_chapter_opens_with_title_and_address(make_book, source, expected):
    assert packed(make_book({"x.md": source}))["x.md"] == expected


@pytest.mark.parametrize("text", ["", "\n", "  \n\n", "---\ntitle: X\n---\n", "# X", "\ufeff# X\n"])
def test_a_chapter_of_nothing_but_a_title(make_book, text):
    assert packed(make_book({"x.md": text})) == {"x.md": "# X\nurl: https://example.com/x/\n"}


ADDRESSES = """
== a url line with the address of the book
# Bread
url: https://example.com/bread-book/

Text.
=>
# Bread
url: https://example.com/bread-book/

Text.

== a url line behind a blank line
# Bread

url: https://example.com/bread-book/

Text.
=>
# Bread

url: https://example.com/bread-book/

Text.

== a url line without scheme and host becomes absolute
# Bread
url: /bread-book/

Text.
=>
# Bread
url: https://example.com/bread-book/

Text.

== a url line on another host is where the chapter is published
# Bread
url: https://blog.example.org/bread

Text.
=>
# Bread
url: https://blog.example.org/bread

Text.

== front matter wins over the line
---
url: /front/
---
# Bread
url: https://example.com/line/

Text.
=>
# Bread
url: https://example.com/front/

Text.

== a slug
---
slug: loaf
---
# Bread

Text.
=>
# Bread
url: https://example.com/loaf/

Text.

== blanks in an address of the front matter are encoded
---
url: https://example.com/my bread/
---
# Bread
=>
# Bread
url: https://example.com/my%20bread/

== a relative word behind url is only text
# Bread
url: see below

Text.
=>
# Bread
url: https://example.com/x/

url: see below

Text.

== a url line under an underlined heading
Bread
=====
url: https://example.com/loaf/

Text.
=>
# Bread
url: https://example.com/loaf/

Text.
"""


@pytest.mark.parametrize(("source", "expected"), examples(ADDRESSES))
def test_the_address_is_the_one_that_the_author_states(make_book, source, expected):
    assert packed(make_book({"x.md": source}))["x.md"] == expected


# Sections

SECTIONS = """
== each heading of level two gets its address
# X

## Rye

Text.

### Deeper

## Wheat & Salt

Text.
=>
# X
url: https://example.com/x/

## Rye
url: https://example.com/x/#rye

Text.

### Deeper

## Wheat & Salt
url: https://example.com/x/#wheat--salt

Text.

== underlined
# X

Rye
---

Text.
=>
# X
url: https://example.com/x/

Rye
---
url: https://example.com/x/#rye

Text.

== text glued to the heading stays a paragraph of its own
# X

## Rye
Text.
=>
# X
url: https://example.com/x/

## Rye
url: https://example.com/x/#rye

Text.

== headings in quotes and lists get none
# X

> ## Quoted

- ## Listed
=>
# X
url: https://example.com/x/

> ## Quoted

- ## Listed

== the same heading twice
# X

## Rye

## Rye

## Rye-1
=>
# X
url: https://example.com/x/

## Rye
url: https://example.com/x/#rye

## Rye
url: https://example.com/x/#rye-1

## Rye-1
url: https://example.com/x/#rye-1-1

== an anchor of its own
# X

## Rye {#dark-bread}

[up](#dark-bread)
=>
# X
url: https://example.com/x/

## Rye {#dark-bread}
url: https://example.com/x/#dark-bread

[up](https://example.com/x/#dark-bread)

== other scripts keep their letters
# X

## Über uns: 日本語!
=>
# X
url: https://example.com/x/

## Über uns: 日本語!
url: https://example.com/x/#über-uns-日本語

== an address that stands there already is not doubled
# X

## Rye
url: https://example.com/x/#rye

Text.
=>
# X
url: https://example.com/x/

## Rye
url: https://example.com/x/#rye

Text.

== an anchor that its address states is the heading's
# X

## Rye
url: https://example.com/x/#dark-bread

[up](#dark-bread)
=>
# X
url: https://example.com/x/

## Rye
url: https://example.com/x/#dark-bread

[up](https://example.com/x/#dark-bread)

== an address of something else is the author's text
# X

## Rye
url: https://flour.example.org/rye#flour

Text.
=>
# X
url: https://example.com/x/

## Rye
url: https://example.com/x/#rye

url: https://flour.example.org/rye#flour

Text.

== the title is no section, and takes no anchor from one
---
title: Rye
---

Text.

## Rye

[down](#rye)
=>
# Rye
url: https://example.com/x/

Text.

## Rye
url: https://example.com/x/#rye

[down](https://example.com/x/#rye)

== headings in code and comments are none
# X

```
## No
```

    ## No

<!--
## No
-->

Text.
=>
# X
url: https://example.com/x/

```
## No
```

    ## No

Text.
"""


@pytest.mark.parametrize(("source", "expected"), examples(SECTIONS))
def test_each_section_says_where_it_is_published(make_book, source, expected):
    assert packed(make_book({"x.md": source}))["x.md"] == expected


def test_a_section_at_the_end_of_a_file_without_a_last_line_end(make_book):
    assert packed(make_book({"x.md": "# X\n\n## End"})) == {
        "x.md": "# X\nurl: https://example.com/x/\n\n## End\nurl: https://example.com/x/#end\n"
    }


def test_sections_begin_at_the_topmost_level_below_the_title(make_book):
    chapters = {
        "three.md": "# X\n\n### Rye\n\nText.\n\n#### Old\n\nText.\n\n> ## Quoted\n",
        "two.md": "# X\n\n### Rye\n\nText.\n\n## Old\n\nText.\n",
    }
    packs = packed(make_book(chapters))
    assert re.findall("(?m)^url: .*#.*$", packs["three.md"]) == [
        "url: https://example.com/three/#rye"
    ]
    assert re.findall("(?m)^url: .*#.*$", packs["two.md"]) == ["url: https://example.com/two/#old"]


WITHOUT_SECTION_ADDRESSES = """
== none is added
# X

## Rye

Text.
=>
# X
url: https://example.com/x/

## Rye

Text.

== those of the chapter itself are taken away
# X

## Rye
url: https://example.com/x/#rye

Text.
=>
# X
url: https://example.com/x/

## Rye

Text.

== those of other places are the author's text
# X

## Rye
url: https://flour.example.org/rye#flour

Text.
=>
# X
url: https://example.com/x/

## Rye
url: https://flour.example.org/rye#flour

Text.
"""


@pytest.mark.parametrize(("source", "expected"), examples(WITHOUT_SECTION_ADDRESSES))
def test_section_addresses_can_be_turned_off(make_book, source, expected):
    book = make_book({"x.md": source}, with_pack_settings("section-urls = false"))
    assert packed(book)["x.md"] == expected


# Line ends


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_line_ends_become_line_feeds_and_change_nothing_else(make_book, end):
    source = """\
---
title: X
---

## Rye
Text with a [link](#rye)
over two lines.

![A loaf](loaf.png)

<div>
Inner
</div>

```
code
```

| a |
|---|
| ![b](loaf.png) |

Last."""
    book = make_book({"x.md": source.replace("\n", end).encode()})
    assert packed(book)["x.md"] == packed(make_book({"x.md": source.encode()}))["x.md"]


# Comments

COMMENTS = """
== in a line
# X

Text <!-- a note --> goes on.
=>
# X
url: https://example.com/x/

Text goes on.

== a block
# X

One.

<!-- a note
over lines

and paragraphs -->

Two.
=>
# X
url: https://example.com/x/

One.

Two.

== in a heading and a table
# X

## Rye <!-- bread -->

| a <!-- first --> | b |
| --- | --- |
| c | d <!-- last --> |
=>
# X
url: https://example.com/x/

## Rye
url: https://example.com/x/#rye

| a | b |
| --- | --- |
| c | d |

== never from code
# X

Write `<!-- like this -->`.

```html
<!-- like this -->
```

    <!-- or this -->
=>
# X
url: https://example.com/x/

Write `<!-- like this -->`.

```html
<!-- like this -->
```

    <!-- or this -->
"""


@pytest.mark.parametrize(("source", "expected"), examples(COMMENTS))
def test_comments_leave_no_trace(make_book, source, expected):
    assert packed(make_book({"x.md": source}))["x.md"] == expected


def test_a_comment_that_never_ends_takes_no_text_with_it(make_book):
    text = packed(make_book({"x.md": "# X\n\n<!-- oops\n\nText.\n"}))["x.md"]
    assert "Text." in text


# Code and math


def test_code_and_math_stay_byte_for_byte(make_book):
    body = r"""# X

Inline `[a](y.md) <div> ![i](i.png)` and ``a ` b`` and $a_{<b} [c](y.md)$.

```markdown
[a](y.md) ![i](i.png) <div>text</div>
url: /relative/

## Not a section
```

~~~
   [^1] and [ref]
~~~

    [a](y.md)	tab
    <p>kept</p>

$$
\sum [i](y.md) < \langle x \rangle
$$

- a list

  ```
  <!-- kept -->
  ```

> ```
> <div>[a](y.md)</div>
> ```
"""
    text = packed(make_book({"x.md": body, "y.md": "# Y\n"}))["x.md"]
    assert text == body.replace("# X\n", "# X\nurl: https://example.com/x/\n", 1)


# Footnotes and references


def labels(make_book, chapters: Mapping[str, str]) -> dict[str, str]:
    """Return the chapters of a pack without their headers."""
    texts = packed(make_book({path: f"# {path}\n\n{text}" for path, text in chapters.items()}))
    return {path: text.split("\n\n", 1)[1] for path, text in texts.items()}


def test_footnotes_that_restart_in_every_chapter_are_told_apart(make_book):
    chapters = {
        "a.md": "One[^1].\n\n> Two[^1].\n\n| t[^1] |\n| --- |\n\n[^1]: Note,\n    more.\n",
        "b.md": "**Three[^1]**, four[^own].\n\n[^own]: Own.\n[^1]: Other note.\n",
    }
    assert labels(make_book, chapters) == {
        "a.md": "One[^a-1].\n\n> Two[^a-1].\n\n| t[^a-1] |\n| --- |\n\n[^a-1]: Note,\n    more.\n",
        "b.md": "**Three[^b-1]**, four[^own].\n\n[^own]: Own.\n[^b-1]: Other note.\n",
    }


def test_references_that_mean_different_things_are_told_apart_in_every_form(make_book):
    chapters = {
        "a.md": "[r] [r][] [text][r] [R] [text][ R ] ![r]\n\n[r]: https://one.example.org/ 'One'\n",
        "b.md": "See [r].\n\n[r]: https://two.example.org/\n",
    }
    assert labels(make_book, chapters) == {
        "a.md": (
            "[r][a-r] [r][a-r] [text][a-r] [R][a-r] [text][a-r] [Image: r]\n\n"
            "> **Figure: One** (https://one.example.org/)\n"
            "> **Image description:** r\n\n"
            "[a-r]: https://one.example.org/ 'One'\n"
        ),
        "b.md": "See [r][b-r].\n\n[b-r]: https://two.example.org/\n",
    }


def test_references_that_say_the_same_everywhere_stay(make_book):
    chapters = {
        "a.md": "[r]\n\n[r]: c.md\n",
        "b/b.md": "[r]\n\n[r]: ../c.md\n",
        "c.md": "[r]\n\n[r]: <#>\n",
    }
    texts = labels(make_book, {**chapters, "c.md": "Nothing.\n"})
    assert texts["a.md"] == texts["b/b.md"] == "[r]\n\n[r]: https://example.com/c/\n"


def test_labels_without_a_namesake_stay(make_book):
    chapters = {
        "a.md": "One[^a]. [x]\n\n[^a]: Note.\n\n[x]: https://one.example.org/\n",
        "b.md": "Two[^b]. [y]\n\n[^b]: Note.\n\n[y]: https://two.example.org/\n",
    }
    assert labels(make_book, chapters) == chapters


def test_a_new_label_is_never_one_that_is_taken(make_book):
    texts = labels(
        make_book,
        {
            "a.md": "One[^1].\n\n[^1]: Note.\n",
            "b.md": "Two[^1], three[^a-1].\n\n[^1]: Note.\n[^a-1]: The author's own.\n",
        },
    )
    definitions = [line for text in texts.values() for line in text.split("\n") if "]: " in line]
    names = [line.partition("]: ")[0] for line in definitions]
    assert len(set(names)) == len(names) == 3
    assert "[^a-1]: The author's own." in definitions


def test_files_with_one_name_in_two_folders_get_different_labels(make_book):
    note = "One[^1].\n\n[^1]: Note.\n"
    texts = labels(make_book, {"a/x y.md": note, "b/x y.md": note, "ü.md": note})
    assert texts["a/x y.md"] == "One[^a-x-y-1].\n\n[^a-x-y-1]: Note.\n"
    assert texts["b/x y.md"] == "One[^b-x-y-1].\n\n[^b-x-y-1]: Note.\n"
    assert texts["ü.md"] == "One[^ü-1].\n\n[^ü-1]: Note.\n"


def test_a_footnote_in_layout_html_keeps_its_note(make_book):
    texts = labels(
        make_book,
        {
            "a.md": "<p>One[^1].</p>\n\n[^1]: Note.\n",
            "b.md": "Two[^1].\n\n[^1]: Note.\n",
        },
    )
    assert "One[^a-1]." in texts["a.md"]
    assert "[^a-1]: Note." in texts["a.md"]


def test_code_and_math_keep_what_looks_like_a_label(make_book):
    text = "One[^1] `[^1]` `[r]` $[r]$ [r].\n\n```\n[^1]: code\n[r]\n```\n\n[^1]: Note.\n\n[r]: https://{}.example.org/\n"
    texts = labels(make_book, {"a.md": text.format("one"), "b.md": text.format("two")})
    assert texts["a.md"] == (
        "One[^a-1] `[^1]` `[r]` $[r]$ [r][a-r].\n\n```\n[^1]: code\n[r]\n```\n\n[^a-1]: Note.\n\n"
        "[a-r]: https://one.example.org/\n"
    )


def test_the_address_of_a_section_is_not_that_of_the_chapter(make_book):
    source = "---\ntitle: X\n---\n\nText.\n\n## S\nurl: https://example.com/x/#s\n\n<p>A</p>\n"
    text = packed(make_book({"x.md": source}))["x.md"]
    assert text.startswith("# X\nurl: https://example.com/x/\n\nText.\n")
    assert "## S\nurl: https://example.com/x/#s\n" in text


# Targets that would run a script


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("[*x*](javascript:alert(1) 'y')", "[*x*](about:blank 'y')"),
        ("[x](<java&#x73;cript:alert(1)>)", "[x](<about:blank>)"),
        ("[x](data:text/html;base64,PHNjcmlwdD4=)", "[x](about:blank)"),
        ("[x][r]\n\n[r]: vbscript:alert(1)", "[x][r]\n\n[r]: about:blank"),
        ('Text <a href="javascript:alert(1)">x</a>', 'Text <a href="about:blank">x</a>'),
        ("<javascript:alert(1)>", "`javascript:alert(1)`"),
        ("<javascript:`1`>", "`` javascript:`1` ``"),
        ("`[x](javascript:x)`", "`[x](javascript:x)`"),
    ],
)
def test_no_link_of_the_pack_runs_a_script(make_book, written, plain):
    book = make_book({"x.md": f"# A\n\n{written}\n"})
    text = packed(book)["x.md"]
    assert text == f"# A\nurl: https://example.com/x/\n\n{plain}\n"
    again = make_book({"x.md": text}, name="again")
    assert packed(again)["x.md"] == text
    found = json.loads(CliRunner().invoke(cli, ["check", str(book), "--format", "json"]).stdout)
    assert {finding["name"] for finding in found} <= {"unsafe-link"}
