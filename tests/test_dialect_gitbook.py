"""GitBook's blocks in pages: what an author wrote, and what stands in the pack.

The examples are documents: a name, the page, `=>`, what stands in the pack below its header.
"""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from conftest import write_files

URL = "https://example.com/docs"
FILES = {
    "README.md": "# Welcome\n",
    "SUMMARY.md": (
        "# Table of contents\n\n* [Welcome](README.md)\n* [A](a.md)\n* [The B](sub/b.md)\n"
    ),
    "sub/b.md": "# B\n",
    ".gitbook/includes/note.md": (
        '---\ntitle: note\n---\n\n{% hint style="info" %}\nShared.\n{% endhint %}\n'
    ),
    ".gitbook/assets/plan (1).pdf": "pdf",
    "plain.txt": "plain\ntext\n",
}
HONKIT = {"book.json": '{"gitbook": "3.x", "variables": {"who": "Baker", "deep": {"n": 3}}}'}


def run(book: Path, *arguments: str) -> str:
    command = [arguments[0], str(book), "--url", URL, *arguments[1:]]
    result = CliRunner().invoke(cli, command)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 1), result.output
    return result.stdout


def packed(book: Path) -> dict[str, str]:
    run(book, "build", "--only", "pack", "--quiet", "--style", "json")
    return json.loads((book / "build/book-packed.json").read_text("utf-8"))["files"]


def findings(book: Path) -> list[tuple[str, str, str]]:
    """Return place, name and message of what `check` says; titles are no matter here."""
    found = json.loads(run(book, "check", "--format", "json"))
    return [
        (
            f"{f['path'].rpartition(f'{book.name}/')[2]}:{f['line']}:{f['column']}",
            f["name"],
            f["message"],
        )
        for f in found
        if f["name"] != "book-without-title"
    ]


def in_the_pack(folder: Path, page: str, files: dict | None = None) -> str:
    write_files(folder, {**FILES, **(files or {}), "a.md": f"# A\n\n{page}"})
    text = packed(folder)["a.md"]
    address = f"{URL}/a.html" if files and "book.json" in files else f"{URL}/a"
    head = f"# A\nurl: {address}\n\n"
    assert text.startswith(head)
    return re.sub(r"[ \t]+$", "", text.removeprefix(head), flags=re.M)


def examples(document: str) -> list:
    cases = []
    for example in document.strip("\n").removeprefix("== ").split("\n\n== "):
        name, _, rest = example.partition("\n")
        source, _, expected = rest.partition("\n=>\n")
        cases.append(pytest.param(f"{source}\n", f"{expected}\n", id=name))
    return cases


BLOCKS = """
== a hint
Text.

{% hint style="warning" %}
Mind [the gap](sub/b.md).
{% endhint %}

Text.
=>
Text.

> [!WARNING]
> Mind [the gap](https://example.com/docs/sub/b).

Text.

== hints of every style
{% hint style="info" %}
1
{% endhint %}

{% hint style="success" %}
2
{% endhint %}

{% hint style="danger" %}
3
{% endhint %}

{% hint %}
4
{% endhint %}
=>
> [!NOTE]
> 1

> [!TIP]
> 2

> [!CAUTION]
> 3

> [!NOTE]
> 4

== a hint of many blocks
{% hint style="info" %}
First.

* Item

  Second.

```text
code

  {% hint %}
```
{% endhint %}
=>
> [!NOTE]
> First.
>
> * Item
>
>   Second.
>
> ```text
> code
>
>   {% hint %}
> ```

== a hint without blank lines around
Text.
{% hint style="info" %}
Hint.
{% endhint %}
Text.
=>
Text.

> [!NOTE]
> Hint.

Text.

== a hint on one line
{% hint style="info" %} Hint. {% endhint %}

Text.
=>
> [!NOTE]
> Hint.

Text.

== text beside the tags
{% hint style="info" %} First,
second. {% endhint %}
Text.
=>
> [!NOTE]
> First,
> second.

Text.

== a hint in a list
1. Item
   {% hint style="info" %}
   Hint.

   More.
   {% endhint %}
2. Next
=>
1. Item

   > [!NOTE]
   > Hint.
   >
   > More.

2. Next

== a hint in a hint
{% hint style="info" %}
Outer.

{% hint style="danger" %}
Inner.
{% endhint %}

Outer.
{% endhint %}
=>
> [!NOTE]
> Outer.
>
> > [!CAUTION]
> > Inner.
>
> Outer.

== tabs
{% tabs %}
{% tab title="Linux *x*" %}
Type `a`.
{% endtab %}

{% tab title="macOS" %}
Type `b`.
{% endtab %}
{% endtabs %}

Text.
=>
**Linux \\*x\\***

Type `a`.

**macOS**

Type `b`.

Text.

== tabs in a hint
{% hint style="info" %}
{% tabs %}
{% tab title="One" %}
Text.
{% endtab %}
{% endtabs %}
{% endhint %}
=>
> [!NOTE]
>
> **One**
>
> Text.

== titled code
{% code title="index.js" overflow="wrap" lineNumbers="true" %}
```js
run();
```
{% endcode %}
=>
**index.js**

```js
run();
```

== code without a title
Text.

{% code overflow="wrap" %}
```js
run();
```
{% endcode %}

Text.
=>
Text.

```js
run();
```

Text.

== something from elsewhere
{% embed url="https://example.org/watch?v=1" %}

Text.
=>
[https://example.org/watch?v=1](https://example.org/watch?v=1)

Text.

== with a caption
{% embed url="https://example.org/" %}
A caption
{% endembed %}

Text.
=>
[https://example.org/](https://example.org/)

A caption

Text.

== a page
{% content-ref url="sub/b.md" %}
[b.md](sub/b.md)
{% endcontent-ref %}

{% content-ref url="sub/" %}
[sub](sub/b.md)
{% endcontent-ref %}
=>
[The B](https://example.com/docs/sub/b)

[sub](https://example.com/docs/sub/b)

== a file
{% file src=".gitbook/assets/plan (1).pdf" %}
The plan
{% endfile %}

Text.
=>
[plan (1).pdf](<https://example.com/docs/.gitbook/assets/plan%20%281%29.pdf>)

The plan

Text.

== shared content
Text.

{% include ".gitbook/includes/note.md" %}

Text.
=>
Text.

> [!NOTE]
> Shared.

Text.

== shared content in a hint
{% hint style="danger" %}
{% include "plain.txt" %}
{% endhint %}
=>
> [!CAUTION]
>
> plain
> text

== steps and columns
{% stepper %}
{% step %}
### First

Do it.
{% endstep %}
{% endstepper %}

{% columns %}
{% column width="50%" %}
Left.
{% endcolumn %}
{% endcolumns %}

Text.
=>
### First
url: https://example.com/docs/a#first

Do it.

Left.

Text.

== in code nothing is touched
`{% hint %}` and

```
{% hint style="info" %}
x
{% endhint %}
```

    {% tabs %}
=>
`{% hint %}` and

```
{% hint style="info" %}
x
{% endhint %}
```

    {% tabs %}

== other percent signs
100 %, {%, %} and {{ x }}.
=>
100 %, {%, %} and {{ x }}.
"""


@pytest.mark.parametrize(("page", "expected"), examples(BLOCKS))
def test_blocks(tmp_path, page, expected):
    assert in_the_pack(tmp_path, page) == expected
    assert findings(tmp_path) == []


@pytest.mark.parametrize(
    ("page", "name", "message"),
    [
        ("{% swagger src='x' %}", "untranslated-markup", "has no form in Markdown."),
        ("{% @mermaid/diagram content='x' %}", "untranslated-markup", "has no form in Markdown."),
        ("{% hint style='info' %}", "untranslated-markup", "is never closed."),
        ("{% endtabs %}", "untranslated-markup", "closes nothing."),
        ("{% include 'gone.md' %}", "missing-include", "There is no file gone.md."),
        ("{% include '../x.md' %}", "file-outside-book", "../x.md lies outside the book's folder."),
        ("{% include 'a.md' %}", "include-cycle", "a.md includes itself."),
        ("{% include 'git+https://x.org/a.git/b.md' %}", "untranslated-markup", "of this book."),
    ],
)
def test_what_means_nothing_stays_and_is_said_at_its_place(tmp_path, page, name, message):
    assert in_the_pack(tmp_path, f"x {page} y\n") == f"x {page} y\n"
    assert [(place, rule) for place, rule, _ in findings(tmp_path)] == [("a.md:3:3", name)]
    assert findings(tmp_path)[0][2].endswith(message)


def test_findings_in_a_block_keep_their_place(tmp_path):
    in_the_pack(tmp_path, '{% hint style="info" %}\nText with [x](gone.md).\n{% endhint %}\n')
    assert [(place, name) for place, name, _ in findings(tmp_path)] == [
        ("a.md:4:15", "broken-link")
    ]


def test_an_unclosed_block_in_a_file_that_is_included_names_it(tmp_path):
    in_the_pack(tmp_path, "{% include 'plain.txt' %}\n", {"plain.txt": "{% hint %}\n"})
    assert findings(tmp_path) == [
        ("a.md:3:1", "untranslated-markup", "{% hint %} is never closed (in plain.txt).")
    ]


def test_many_unclosed_blocks_take_no_time(tmp_path):
    text = in_the_pack(tmp_path, "{% hint " * 20_000 + "\n")
    assert text.startswith("{% hint {% hint")


# HonKit's templates


def test_variables_of_book_json(tmp_path):
    page = "For {{ book.who }}, {{book.deep.n}} times, `{{ book.who }}`, {{ book.gone }}.\n"
    expected = "For Baker, 3 times, `{{ book.who }}`, {{ book.gone }}.\n"
    assert in_the_pack(tmp_path, page, HONKIT) == expected
    assert [name for _, name, _ in findings(tmp_path)] == ["untranslated-markup"]


def test_raw_text_is_no_template(tmp_path):
    page = "{% raw %}\n{{ book.who }} {% include 'x.md' %}\n{% endraw %}\n\nText.\n"
    expected = "{{ book.who }} {% include 'x.md' %}\n\nText.\n"
    assert in_the_pack(tmp_path, page, HONKIT) == expected
    assert findings(tmp_path) == []
