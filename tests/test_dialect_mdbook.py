"""mdBook's own markup in chapters: what an author wrote, and what stands in the pack.

The examples are documents: a name, files that the chapter can include, the chapter, `=>`, what
stands in the pack below its header.
"""

import pytest

from bookpack.read.dialects.callouts import callout
from bookpack.read.dialects.mdbook_includes import MissingPartError, take_part
from conftest import write_files
from test_layout_mdbook import BOOK, URL, findings, packed, run

FILES = {
    "src/lines.txt": "one\ntwo\nthree\nfour\n",
    "src/code/main.rs": (
        "// ANCHOR: all\nuse std::io;\n\n// ANCHOR: main\nfn main() {\n"
        "    // ANCHOR: inner\n    run();\n    // ANCHOR_END: inner\n}\n// ANCHOR_END: main\n"
        "// ANCHOR_END: all\nfn run() {}\n// ANCHOR: main\n// the rest\n// ANCHOR_END: main\n"
    ),
    "src/parts/note.inc": "A note with [a link](other.md).\n\n{{#include deep/more.inc}}\n",
    "src/parts/deep/more.inc": "More, from {{#include ../../lines.txt:2}} files.\n",
    "src/other.md": "# Other\n",
    "listings/hello.rs": 'fn main() {\n    println!("Hello");\n}\n',
    "src/with blank.txt": "blank\n",
    "src/crlf.txt": b"first\r\nsecond\r\n",
}


def in_the_pack(folder, chapter: str, files=None, book: str = BOOK) -> str:
    """Return what becomes of a chapter, without its title and address."""
    summary = "- [A](a.md)\n- [Other](other.md)\n"
    base = {"book.toml": book, "src/SUMMARY.md": summary, "src/a.md": f"# A\n\n{chapter}"}
    write_files(folder, {**FILES, **(files or {}), **base})
    text = packed(folder)["a.md"]
    head = f"# A\nurl: {URL}/a.html\n\n"
    assert text.startswith(head)
    return text.removeprefix(head)


def examples(document: str) -> list:
    cases = []
    for example in document.strip("\n").removeprefix("== ").split("\n\n== "):
        name, _, rest = example.partition("\n")
        source, _, expected = rest.partition("\n=>\n")
        cases.append(pytest.param(f"{source}\n", f"{expected}\n", id=name))
    return cases


INCLUDES = """
== a whole file
{{#include lines.txt}}
=>
one
two
three
four

== one line
x {{#include lines.txt:3}} y
=>
x three y

== a range of lines
{{#include lines.txt:2:3}}
=>
two
three

== from a line on
{{#include lines.txt:3:}}
=>
three
four

== up to a line
{{#include lines.txt::2}}
=>
one
two

== a whole file, said with colons
{{#include lines.txt::}}
=>
one
two
three
four

== in a code block
```text
{{#include lines.txt:1}}
```
=>
```text
one
```

== a region, without the lines of other regions
```rust
{{#include code/main.rs:main}}
```
=>
```rust
fn main() {
    run();
}
```

== only what is asked for of an example that rustdoc tests
```rust,ignore
{{#rustdoc_include code/main.rs:main}}
```
=>
```rust,ignore
fn main() {
    run();
}
// the rest
```

== a line of such an example
```rust
{{#rustdoc_include ../listings/hello.rs:2}}
```
=>
```rust
    println!("Hello");
```

== a program to play with
{{#playground ../listings/hello.rs editable}}
=>
```rust,editable
fn main() {
    println!("Hello");
}
```

== an older name of it
{{#playpen ../listings/hello.rs}}
=>
```rust
fn main() {
    println!("Hello");
}
```

== a path with a blank
{{#include "with blank.txt"}} {{ #include "with blank.txt":1 }}
=>
blank blank

== files of other systems
{{#include crlf.txt}}
=>
first
second

== includes in an included file, each from its own folder
{{#include parts/note.inc}}
=>
A note with [a link](https://example.com/book/other.html).

More, from two files.

== in a list
- An item:

  ```text
  {{#include lines.txt:1:2}}
  ```
=>
- An item:

  ```text
  one
  two
  ```

== in a quote
> {{#include lines.txt:1:2}}
=>
> one
> two

== escaped, in text and in code
\\{{#include lines.txt}} and:

```hbs
\\{{#include lines.txt}}
```
=>
{{#include lines.txt}} and:

```hbs
{{#include lines.txt}}
```

== hidden lines of Rust stay
```rust
# use std::io;
fn main() {}
```
=>
```rust
# use std::io;
fn main() {}
```

== other braces
`{{ x }}`, {{ y }}, {{#}} and {{#include}}.
=>
`{{ x }}`, {{ y }}, {{#}} and {{#include}}.
"""


@pytest.mark.parametrize(("chapter", "expected"), examples(INCLUDES.replace("\\\\", "\\")))
def test_includes(tmp_path, chapter, expected):
    assert in_the_pack(tmp_path, chapter) == expected
    assert findings(tmp_path) == []


def test_a_title_is_the_page_s(tmp_path):
    write_files(
        tmp_path,
        {
            "book.toml": BOOK,
            "src/SUMMARY.md": "- [Short](a.md)\n",
            "src/a.md": "{{#title A longer title}}\n\n# Heading\n\nText.\n",
        },
    )
    text = packed(tmp_path)["a.md"]
    assert text.startswith(f"# A longer title\nurl: {URL}/a.html\n")
    assert "{{#title" not in text


# What cannot be included


@pytest.mark.parametrize(
    ("directive", "name", "message"),
    [
        ("{{#include gone.txt}}", "missing-include", "there is no file src/gone.txt."),
        ("{{#include ../gone/x.rs:3}}", "missing-include", "there is no file gone/x.rs."),
        (
            "{{#include code/main.rs:nowhere}}",
            "missing-include",
            "src/code/main.rs has no line with ANCHOR: nowhere.",
        ),
        (
            "{{#include lines.txt:7:9}}",
            "missing-include",
            "src/lines.txt has 4 lines, and 7:9 is asked for.",
        ),
        (
            "{{#include ../../x.txt}}",
            "file-outside-book",
            "../x.txt lies outside the book's folder.",
        ),
        (
            "{{#include /etc/passwd}}",
            "file-outside-book",
            "/etc/passwd lies outside the book's folder.",
        ),
        ("{{#include a.md}}", "include-cycle", "src/a.md includes itself."),
        (
            "{{#include circle.md}}",
            "include-cycle",
            "src/a.md includes itself (by way of src/circle.md).",
        ),
        ("{{#include latin.txt}}", "missing-include", "src/latin.txt is not UTF-8 text."),
        ("{{#quiz a.toml}}", "untranslated-markup", "is not mdBook's own."),
    ],
)
def test_what_cannot_be_included_stays_and_is_said_at_its_place(tmp_path, directive, name, message):
    files = {"src/circle.md": "{{#include a.md}}\n", "src/latin.txt": b"caf\xe9\n"}
    text = in_the_pack(tmp_path, f"Text {directive} goes on.\n", files)
    if "circle" not in directive:
        assert text == f"Text {directive} goes on.\n"
    found = [finding for finding in findings(tmp_path) if finding[1] != "unlisted-chapter"]
    assert [(place, rule) for place, rule, _ in found] == [("src/a.md:3:6", name)]
    assert found[0][2].endswith(message)


def test_a_directive_of_another_tool_in_code_is_an_example(tmp_path):
    assert in_the_pack(tmp_path, "`{{#quiz a}}`\n") == "`{{#quiz a}}`\n"
    assert findings(tmp_path) == []


def test_files_that_multiply_each_other_are_stopped(tmp_path):
    line = "{{#include %s.md}}\n"
    files = {f"src/b{i}.md": line % f"b{i + 1}" * 20 for i in range(9)}
    files["src/b9.md"] = "x" * 10_000
    text = in_the_pack(tmp_path, line % "b0", files)
    assert len(text) < 25_000_000
    names = {name for _, name, _ in findings(tmp_path)}
    assert "include-cycle" in names


def test_findings_behind_an_include_keep_their_line(tmp_path):
    in_the_pack(tmp_path, "{{#include lines.txt}}\n\nText with [x](gone.md).\n")
    assert [place for place, name, _ in findings(tmp_path) if name == "broken-link"] == [
        "src/a.md:5:15"
    ]


def test_an_included_file_is_looked_at_again_when_it_changes(tmp_path):
    in_the_pack(tmp_path, "{{#include lines.txt:1}}\n")
    run(tmp_path, "build")
    (tmp_path / "src/lines.txt").write_text("changed\n", "utf-8")
    assert packed(tmp_path)["a.md"].endswith("\nchanged\n")


@pytest.mark.parametrize(
    ("part", "taken"),
    [("", "a\nb\nc"), ("1", "a"), ("0", "a"), ("2:", "b\nc"), (":2", "a\nb"), (":", "a\nb\nc"),
     ("2:2", "b"), ("1:99", "a\nb\nc"), ("3", "c")],
)  # fmt: skip
def test_parts(part, taken):
    assert take_part("a\nb\nc\n", part) == taken


@pytest.mark.parametrize("part", ["4", "3:2", "name"])
def test_parts_that_are_not_there(part):
    with pytest.raises(MissingPartError):
        take_part("a\nb\nc\n", part)


# Listings, boxes

BLOCKS = """
== a listing of the Rust Book
<Listing number="1-2" file-name="src/main.rs" caption="Some *text* with `Vec<T>`">

```rust
{{#rustdoc_include ../listings/hello.rs:2}}
```

</Listing>

As [Listing 1-2](#listing-1-2) shows.
=>
Filename: src/main.rs

```rust
    println!("Hello");
```

Listing 1-2: Some *text* with `Vec<T>`

As [Listing 1-2](https://example.com/book/a.html#listing-1-2) shows.

== a listing with a file name alone
Text:

<Listing file-name="a.rs">

```rust
fn a() {}
```

</Listing>

Text.
=>
Text:

Filename: a.rs

```rust
fn a() {}
```

Text.

== a listing as an example
```html
<Listing number="1">
</Listing>
```
=>
```html
<Listing number="1">
</Listing>
```

== a warning
Text.
<div class="warning">

Mind [the gap](other.md).

```text
x
```

</div>

Text.
=>
Text.

> [!WARNING]
>
> Mind [the gap](https://example.com/book/other.html).
>
> ```text
> x
> ```
>

Text.

== another box
<div class="other">

Text.

</div>

More.
=>
Text.

More.
"""


@pytest.mark.parametrize(("chapter", "expected"), examples(BLOCKS))
def test_blocks(tmp_path, chapter, expected):
    assert in_the_pack(tmp_path, chapter) == expected
    assert findings(tmp_path) == []


@pytest.mark.parametrize("chapter", ['<Listing number="1">\n\nText.\n', "Text.\n\n</Listing>\n"])
def test_a_listing_without_its_partner_is_said(tmp_path, chapter):
    in_the_pack(tmp_path, chapter)
    assert [name for _, name, _ in findings(tmp_path)] == ["untranslated-markup"]


ADMONISH = """
== a kind
```admonish warning
Mind [the gap](other.md).
```
=>
> [!WARNING]
> Mind [the gap](https://example.com/book/other.html).

== nothing but the name
```admonish
Text.
```
=>
> [!NOTE]
> Text.

== a title
```admonish example title="Of \\"this\\""
Text.
```
=>
> [!NOTE]
> **Of "this"**
>
> Text.

== an older form of a title
~~~admonish tip "Do this"
```rust
{{#include lines.txt:1:2}}
```
~~~
=>
> [!TIP]
> **Do this**
>
> ```rust
> one
> two
> ```

== in a list
- Item

  ```admonish type="bug"
  First.

  Second.
  ```
=>
- Item

  > [!CAUTION]
  > **Bug**
  >
  > First.
  >
  > Second.
"""


@pytest.mark.parametrize(("chapter", "expected"), examples(ADMONISH))
def test_boxes_of_mdbook_admonish(tmp_path, chapter, expected):
    book = f"{BOOK}\n[preprocessor.admonish]\n"
    assert in_the_pack(tmp_path, chapter, book=book) == expected
    assert findings(tmp_path) == []


def test_without_that_preprocessor_such_a_box_is_code(tmp_path):
    chapter = "```admonish note\nText.\n```\n"
    assert in_the_pack(tmp_path, chapter) == chapter


# Callouts, which all dialects share


@pytest.mark.parametrize(
    ("kind", "title", "body", "expected"),
    [
        ("note", "", "Text.", "> [!NOTE]\n> Text."),
        ("Note", "Note", "Text.", "> [!NOTE]\n> Text."),
        ("info", "Info:", "a\n\nb\n", "> [!NOTE]\n> a\n>\n> b"),
        ("hint", "Try *this*", "a", "> [!TIP]\n> **Try *this***\n>\n> a"),
        ("danger", "**Stop!**", "a", "> [!CAUTION]\n> **Stop!**\n>\n> a"),
        ("see-also", "", "a", "> [!NOTE]\n> **See also**\n>\n> a"),
        ("my-own", "", "a", "> [!NOTE]\n> **My own**\n>\n> a"),
        ("important", "", "", "> [!IMPORTANT]"),
        ("attention", "", "\n\n    code\n", "> [!WARNING]\n>     code"),
        ("note", "", "> quoted\r\n> again", "> [!NOTE]\n> > quoted\n> > again"),
    ],
)
def test_callouts(kind, title, body, expected):
    assert callout(kind, title, body) == expected
    indented = callout(kind, title, body, "  ")
    assert indented == "\n".join(f"  {line}" for line in expected.split("\n"))
