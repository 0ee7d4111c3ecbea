"""Pictures as words: the block, the bracket inside a sentence, and what leaves no trace."""

import re

import pytest
from markdown_it import MarkdownIt

from test_chapter_text import examples, packed
from test_layout_html import packed_body, tidy

FIGURES = """
== a picture alone is a block
![A loaf](https://p.example.org/loaf.png)
=>
> **Figure** (https://p.example.org/loaf.png)
> **Image description:** A loaf

== its title is the caption
![A loaf](https://p.example.org/loaf.png "The first loaf")
=>
> **Figure: The first loaf** (https://p.example.org/loaf.png)
> **Image description:** A loaf

== caption and description are not said twice
![A loaf](https://p.example.org/loaf.png "A loaf")
=>
> **Figure: A loaf** (https://p.example.org/loaf.png)

== no words at all
![](https://p.example.org/loaf.png)
=>
> **Figure** (https://p.example.org/loaf.png)

== several in one paragraph
![A](https://p.example.org/a.png) ![B](https://p.example.org/b.png)
![C](https://p.example.org/c.png)

After.
=>
> **Figure** (https://p.example.org/a.png)
> **Image description:** A

> **Figure** (https://p.example.org/b.png)
> **Image description:** B

> **Figure** (https://p.example.org/c.png)
> **Image description:** C

After.

== by reference
![A loaf][loaf]

[loaf]: https://p.example.org/loaf.png "The first loaf"
=>
> **Figure: The first loaf** (https://p.example.org/loaf.png)
> **Image description:** A loaf

[loaf]: https://p.example.org/loaf.png "The first loaf"

== code in the alternative text
![The `loaf` command](https://p.example.org/loaf.png)
=>
> **Figure** (https://p.example.org/loaf.png)
> **Image description:** The loaf command

== an alternative text over two lines
![A loaf
of bread](https://p.example.org/loaf.png)
=>
> **Figure** (https://p.example.org/loaf.png)
> **Image description:** A loaf of bread

== in HTML
<img src="https://p.example.org/loaf.png" alt="Rye &amp; wheat" title="Loaves" width="600">
=>
> **Figure: Loaves** (https://p.example.org/loaf.png)
> **Image description:** Rye & wheat

== in HTML with single quotes and none
<img src='https://p.example.org/a.png' alt='A loaf'>

<img src=https://p.example.org/b.png alt=B />
=>
> **Figure** (https://p.example.org/a.png)
> **Image description:** A loaf

> **Figure** (https://p.example.org/b.png)
> **Image description:** B

== the picture itself in the text
![A dot](data:image/png;base64,iVBORw0KGgo=)
=>
> **Figure** (embedded in the text)
> **Image description:** A dot

== in a sentence
Here is ![a loaf](https://p.example.org/loaf.png) of bread.

After.
=>
Here is [Image: a loaf] of bread.

> **Figure** (https://p.example.org/loaf.png)
> **Image description:** a loaf

After.

== the bracket is short, the block says everything
See ![one two three four five six seven eight nine ten eleven twelve thirteen](https://p.example.org/a.png).
=>
See [Image: one two three four five six seven eight nine ten eleven twelve …].

> **Figure** (https://p.example.org/a.png)
> **Image description:** one two three four five six seven eight nine ten eleven twelve thirteen

== in a sentence, with a title
Here is ![a loaf](https://p.example.org/loaf.png "The first loaf") of bread.
=>
Here is [Image: a loaf] of bread.

> **Figure: The first loaf** (https://p.example.org/loaf.png)
> **Image description:** a loaf

== in a list item
- one ![A loaf](https://p.example.org/loaf.png)
- two

After.
=>
- one [Image: A loaf]
- two

> **Figure** (https://p.example.org/loaf.png)
> **Image description:** A loaf

After.

== alone in a list item
1. one

   ![A loaf](https://p.example.org/loaf.png)

2. two
=>
1. one

   [Image: A loaf]

2. two

> **Figure** (https://p.example.org/loaf.png)
> **Image description:** A loaf

== in a table cell
| a | b |
| --- | --- |
| ![A \\| B](https://p.example.org/a.png) | c |

After.
=>
| a | b |
| --- | --- |
| [Image: A \\| B] | c |

> **Figure** (https://p.example.org/a.png)
> **Image description:** A | B

After.

== in a heading
## Rye ![A loaf](https://p.example.org/loaf.png)

Text.
=>
## Rye [Image: A loaf]
url: https://example.com/x/#rye

> **Figure** (https://p.example.org/loaf.png)
> **Image description:** A loaf

Text.

== in a quote
> See ![A loaf](https://p.example.org/loaf.png)
> here.

After.
=>
> See [Image: A loaf]
> here.

> **Figure** (https://p.example.org/loaf.png)
> **Image description:** A loaf

After.

== in a footnote
Text[^1].

[^1]: See ![A loaf](https://p.example.org/loaf.png).
=>
Text[^1].

[^1]: See [Image: A loaf].

> **Figure** (https://p.example.org/loaf.png)
> **Image description:** A loaf

== a picture that is a link keeps the link
[![A loaf](https://p.example.org/loaf.png)](https://bakery.example.org/)
=>
[Image: A loaf](https://bakery.example.org/)

> **Figure** (https://p.example.org/loaf.png)
> **Image description:** A loaf

== a picture in an HTML link
<a href="x.md"><img src="https://p.example.org/loaf.png" alt="A loaf"></a>
=>
<a href="https://example.com/x/">Image: A loaf</a>

> **Figure** (https://p.example.org/loaf.png)
> **Image description:** A loaf

== in emphasis with its caption
*![A loaf](https://p.example.org/loaf.png) The first loaf*
=>
*[Image: A loaf] The first loaf*

> **Figure** (https://p.example.org/loaf.png)
> **Image description:** A loaf

== what follows a bracket does not make it a link
One ![A](https://p.example.org/a.png)(b), two ![C](https://p.example.org/c.png)[d].
=>
One \\[Image: A\\](b), two \\[Image: C\\][d].

> **Figure** (https://p.example.org/a.png)
> **Image description:** A

> **Figure** (https://p.example.org/c.png)
> **Image description:** C

== the blocks of a paragraph come in order, right behind it
One ![A](https://p.example.org/a.png) two ![B](https://p.example.org/b.png).
# Glued heading
=>
One [Image: A] two [Image: B].

> **Figure** (https://p.example.org/a.png)
> **Image description:** A

> **Figure** (https://p.example.org/b.png)
> **Image description:** B

# Glued heading
"""


@pytest.mark.parametrize(("source", "expected"), examples(FIGURES))
def test_a_picture_becomes_words(make_book, source, expected):
    assert tidy(packed_body(make_book, source)) == expected


DECORATIVE = """
== empty alternative text
One.

<img src="line.png" alt="">

Two <img src="dot.png" alt=""> three.
=>
One.

Two three.

== said to be decoration
One <img src="line.png" alt="line" role="presentation"> two.

<img src="line.png" alt="line" aria-hidden="true">
=>
One two.

== hidden, or one pixel small
One <img src="count.gif" width="1" height="1"> two
<img src="count.gif" style="display: none">.
=>
One two
.
"""


@pytest.mark.parametrize(("source", "expected"), examples(DECORATIVE))
def test_decoration_leaves_no_trace(make_book, source, expected):
    assert tidy(packed_body(make_book, source)) == expected


@pytest.mark.parametrize("mark", ["*", "**", "***", "_", "~~"])
def test_emphasis_around_a_picture_does_not_break_its_block(make_book, mark):
    body = packed_body(make_book, f"{mark}![A loaf](https://p.example.org/loaf.png){mark}\n")
    html = MarkdownIt("commonmark").enable("strikethrough").render(body)
    assert html.endswith(
        "<blockquote>\n<p><strong>Figure</strong> (https://p.example.org/loaf.png)\n"
        "<strong>Image description:</strong> A loaf</p>\n</blockquote>\n"
    )


PLAIN = [
    (r"\*not emphasis\* and \_this\_", "*not emphasis* and _this_"),
    (r"a \<b\> tag &lt;script&gt;", "a &lt;b&gt; tag &lt;script&gt;"),
    (r"\`code\` and \[brackets\]", "`code` and [brackets]"),
    (r"the \[defined\] word", "the [defined] word"),
    (r"note\[^1\]", "note[^1]"),
    ("a | b", "a | b"),
    ("cost $5 and $6", "cost $5 and $6"),
    (r"\!\[x\](y)", "![x](y)"),
    (r"\~\~gone\~\~", "~~gone~~"),
    ("# 1. - > ```", "# 1. - &gt; ```"),
    (r"ends in \\", "ends in \\"),
    ("R&D &amp;amp; more", "R&amp;D &amp;amp; more"),
]


@pytest.mark.parametrize("place", ["alone", "sentence", "table", "title"])
@pytest.mark.parametrize(("alt", "shown"), PLAIN)
def test_an_alternative_text_stays_plain_text(make_book, alt, shown, place):
    """Whatever it holds, a reader of the pack sees its words, and nothing of it is markup."""
    picture = f"![{alt}](https://p.example.org/a.png)"
    if place == "title":
        picture = f"![A](https://p.example.org/a.png '{alt}')"
    elif place == "sentence":
        picture = f"See {picture} here."
    elif place == "table":
        picture = picture.replace("|", "&#124;")
        picture = f"| a |\n| --- |\n| {picture} |"
    more = "\n\n[defined]: https://d.example.org/\n\nNote[^1].\n\n[^1]: <https://n.example.org>\n"
    body = packed_body(make_book, picture + more)
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(body)
    caption = f"Figure: {shown}" if place == "title" else "Figure"
    description = "A" if place == "title" else shown
    assert (
        f"<blockquote>\n<p><strong>{caption}</strong> (https://p.example.org/a.png)\n"
        f"<strong>Image description:</strong> {description}</p>\n</blockquote>"
    ) in html
    if place in ("sentence", "table"):
        assert f"[Image: {shown}]" in html


def test_pictures_of_the_book_get_the_address_of_the_book(make_book):
    sources = {
        "loaf.png": "https://example.com/part/loaf.png",
        "../top.png": "https://example.com/top.png",
        "/top.png": "https://example.com/top.png",
        "sub/a%20b.png": "https://example.com/part/sub/a%20b.png",
        "<sub/a b.png>": "https://example.com/part/sub/a%20b.png",
        "top.png?v=2": "https://example.com/part/top.png?v=2",
        "https://example.com/top.png": "https://example.com/top.png",
        "https://p.example.org/x.png": "https://p.example.org/x.png",
        "//p.example.org/x.png": "//p.example.org/x.png",
    }
    text = "\n\n".join(f"![{number}]({source})" for number, source in enumerate(sources))
    book = make_book({"part/x.md": f"# X\n\n{text}\n"})
    for path in ("part/loaf.png", "top.png", "part/sub/a b.png", "part/top.png"):
        (book / "chapters" / path).parent.mkdir(exist_ok=True)
        (book / "chapters" / path).write_bytes(b"picture")
    pack = packed(book)["part/x.md"]
    assert re.findall(r"^> \*\*Figure\*\* \((.*)\)$", pack, re.M) == list(sources.values())


def test_the_notes_count_the_pictures(make_book, bookpack, tmp_path):
    text = "# X\n\n![A](a.png)\n\n![](b.png)\n\n<img src='c.png' alt=''>\n"
    bookpack("build", make_book({"x.md": text}), "--out", tmp_path / "out")
    pack = (tmp_path / "out/book-packed.md").read_text("utf-8")
    counted = "1 with the words of the author and 1 without any words; no model described any."
    assert f"\n- Figures: {counted}\n" in pack


def test_a_picture_without_words_is_reported_and_locked_makes_it_an_error(make_book, bookpack):
    book = make_book({"x.md": "# X\n\n![](https://p.example.org/a.png)\n"})
    result = bookpack("build", book)
    assert result.returncode == 0
    assert "x.md:3:1: warning BP409 image-without-words" in result.stderr
    result = bookpack("build", book, "--locked")
    assert result.returncode == 1
    assert "x.md:3:1: error BP409 image-without-words" in result.stderr


def test_decoration_is_not_asked_for_words(make_book, bookpack):
    book = make_book({"x.md": '# X\n\n<img src="https://p.example.org/a.png" alt="">\n'})
    assert bookpack("build", book, "--locked").stderr == ""


def test_a_figure_of_indented_html_is_one_block(make_book, bookpack):
    text = "# X\n\n- item\n\n<aside>\n\n  <img src='https://p.example.org/a.png' alt='A'>\n  B\n"
    book = make_book({"x.md": text})
    assert bookpack("build", book, "--only", "pack").returncode == 0
    pack = (book / "build/book-packed.md").read_text("utf-8")
    figure = "\n\n> **Figure** (https://p.example.org/a.png)\n> **Image description:** A\n\nB\n"
    assert figure in pack


def test_a_quote_below_a_picture_stays_the_authors(make_book, bookpack):
    text = "# X\n\n![A](https://p.example.org/a.png)\n> Said by the miller.\n"
    book = make_book({"x.md": text})
    assert bookpack("build", book, "--only", "pack").returncode == 0
    pack = (book / "build/book-packed.md").read_text("utf-8")
    assert "> **Image description:** A\n\n> Said by the miller.\n" in pack
