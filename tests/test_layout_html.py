"""Layout HTML does not reach the pack; its text does.

In the examples, runs of blank lines count as one: what matters is what a reader would see.
"""

import re

import pytest
from markdown_it import MarkdownIt

from test_chapter_text import examples, packed

HEAD = "# X\nurl: https://example.com/x/\n\n"


def packed_body(make_book, source: str, **more: str) -> str:
    """Return the chapter `# X` with the body `source` as packed, without its header."""
    text = packed(make_book({"x.md": f"# X\n\n{source}", **more}))["x.md"]
    assert text.startswith(HEAD)
    return text.removeprefix(HEAD)


def tidy(text: str) -> str:
    """Join runs of blank lines and drop blanks at line ends."""
    text = re.sub(r"[ \t]+$", "", text, flags=re.M)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def rendered(text: str) -> str:
    """Return what a Markdown reader makes of `text`, without blanks between blocks."""
    html = MarkdownIt("commonmark").enable("table").render(text)
    return re.sub(r"\s+(?=<)|(?<=>)\s+", "", html)


WRAPPERS = """
== div
<div class="note">
Text.
</div>
=>
Text.

== div on one line
<div>Text.</div>
=>
Text.

== paragraph with alignment
<p align="center">Text.</p>
=>
Text.

== center, section, article, aside and friends
<center>One.</center>

<section><article><header>Two.</header></article></section>

<aside>Three.</aside>
=>
One.

Two.

Three.

== span, small and font inside a sentence
One <span class="a">two</span> <small>three</small> <font color="red">four</font>.
=>
One two three four.

== tag over several lines
<div
  class="note"
  id="n">
Text.
</div>
=>
Text.

== capitals
<DIV ALIGN=center>Text.</DIV>
=>
Text.

== details with Markdown inside
<details>
<summary>More</summary>

Hidden *text*.

- one
- two

</details>
=>
More

Hidden *text*.

- one
- two

== nested wrappers
<div>
  <div>
    <p>Text.</p>
  </div>
</div>
=>
Text.

== text on all levels
<div>A<div>B</div>C</div>
=>
A

B

C

== adjacent paragraphs stay two
<p>A</p><p>B</p>
=>
A

B

== paragraphs on lines of their own
<p>A</p>
<p>B</p>
=>
A

B

== a paragraph over two lines
<p>One
two</p>
=>
One
two

== between paragraphs of Markdown
One.

<div>Two.</div>

Three.
=>
One.

Two.

Three.

== glued to paragraphs of Markdown
One
<div>Two</div>
Three
=>
One

Two

Three

== indentation does not become code
<div>
    <p>
        Deep text.
    </p>
        More text.
</div>
=>
Deep text.

More text.

== indented code between wrappers stays code
<div>

    bake --now

</div>
=>
    bake --now

== a figure with a caption
<figure>
  <img src="https://pictures.example.org/loaf.png" alt="A loaf">
  <figcaption>The first loaf</figcaption>
</figure>
=>
> **Figure: The first loaf** (https://pictures.example.org/loaf.png)
> **Image description:** A loaf

== a picture with sources
<picture>
  <source media="(min-width: 600px)" srcset="wide.webp">
  <img src="https://pictures.example.org/loaf.png" alt="A loaf">
</picture>
=>
> **Figure** (https://pictures.example.org/loaf.png)
> **Image description:** A loaf

== links in HTML paragraphs become absolute
<p>See [the start](x.md#top-one) and <a href="x.md">this</a>.</p>

## Top one
=>
See [the start](https://example.com/x/#top-one) and <a href="https://example.com/x/">this</a>.

## Top one
url: https://example.com/x/#top-one

== entities stay
<div>a &lt; b &amp; c</div>
=>
a &lt; b &amp; c

== a wrapper of nothing
One.

<div class="spacer"></div>

Two.
=>
One.

Two.

== a wrapper of nothing takes its indentation along
One.

  <div></div>

  <p>Two.</p>
=>
One.

  Two.

== a comment inside a wrapper
<div><!-- note -->
Text.
</div>
=>
Text.

== a heading in a wrapper is a section
<div>

## Rye

Text.

</div>
=>
## Rye
url: https://example.com/x/#rye

Text.
"""


@pytest.mark.parametrize(("source", "expected"), examples(WRAPPERS))
def test_wrappers_go_and_their_text_stays(make_book, source, expected):
    assert tidy(packed_body(make_book, source)) == expected


MEANING = """
== superscript, subscript, break, link, keys
H<sub>2</sub>O, x<sup>2</sup>, <kbd>Ctrl</kbd>, <em>so</em><br>
and <abbr title="in other words">i.o.w.</abbr>
=>
H<sub>2</sub>O, x<sup>2</sup>, <kbd>Ctrl</kbd>, <em>so</em><br>
and <abbr title="in other words">i.o.w.</abbr>

== a table
<table>
<tr><th>A</th><td>B</td></tr>
</table>
=>
<table>
<tr><th>A</th><td>B</td></tr>
</table>

== lists
<ul><li>One</li></ul>

<ol><li>Two</li></ol>

<dl><dt>Three</dt><dd>four</dd></dl>
=>
<ul><li>One</li></ul>

<ol><li>Two</li></ol>

<dl><dt>Three</dt><dd>four</dd></dl>

== preformatted text
<pre>
  a   b
    c
</pre>
=>
<pre>
  a   b
    c
</pre>

== a heading in HTML
<h2>Rye</h2>
=>
<h2>Rye</h2>

== an anchor
<a name="here"></a>

Text.
=>
<a name="here"></a>

Text.
"""


@pytest.mark.parametrize(("source", "expected"), examples(MEANING))
def test_tags_that_mean_something_stay(make_book, source, expected):
    assert packed_body(make_book, source) == expected


INVISIBLE = """
== a script block
One.

<script>
const tag = "<div>";

alert(tag);
</script>

Two.
=>
One.

Two.

== a style block
<style>
p { color: red }

div { color: blue }
</style>

Two.
=>
Two.

== a script on one line with text behind it
<script>alert("<div>")</script>

Two.
=>
Two.

== a script in a sentence
One <script>alert(1)</script> two.
=>
One two.

== a style in a sentence
One <style>p { color: red }</style>two.
=>
One two.

== a script in a wrapper
<div>
<script>alert(1)</script>
Two.
</div>
=>
Two.
"""


@pytest.mark.parametrize(("source", "expected"), examples(INVISIBLE))
def test_scripts_and_style_sheets_go_with_what_they_hold(make_book, source, expected):
    assert tidy(packed_body(make_book, source)) == expected


CONTAINERS = """
== a wrapper in a list item
- One

  <div>
  Inner
  </div>

- Two
=>
- One

  Inner

- Two

== wrappers as list items
- <p>A</p>
- <div>B</div>
=>
- A
- B

== two paragraphs in one list item
1. <p>A</p><p>B</p>
2. C
=>
1. A

   B
2. C

== a wrapper in a quote
> <div>
> Inner
> </div>
>
> After
=>
> Inner
>
> After

== paragraphs in a quote
> <p>A</p>
> <p>B</p>
=>
> A
>
> B

== a wrapper over several lines in a quote
> <p
>   class="q">One
> two</p>
=>
> One
> two

== a comment in a quote
> One <!-- note
> over lines --> two
=>
> One two

== spans in a table
| a | b |
| --- | --- |
| <span>c</span> | <div>d</div> |
=>
| a | b |
| --- | --- |
| c | d |
"""


@pytest.mark.parametrize(("source", "expected"), examples(CONTAINERS))
def test_lists_quotes_and_tables_stay_what_they_are(make_book, source, expected):
    """Tight or loose is the same to a reader of text; what is compared is structure and words."""
    found = rendered(packed_body(make_book, source))
    loose = re.compile(r"(?<=<li>)<p>|</p>(?=</li>)|</p>(?=<[uo]l>)")
    assert loose.sub("", found) == loose.sub("", rendered(expected))


FREED = """
== a number sign is no heading
<p># 1 bread of the year</p>
=>
\\# 1 bread of the year

== a year is no list
<p>1986. A good year</p>
=>
1986\\. A good year

== a dash, a plus and a star
<div>- dash</div>

<div>+ plus</div>

<div>* star</div>
=>
\\- dash

\\+ plus

\\* star

== an angle bracket is no quote
<p>> rye</p>
=>
\\> rye

== blanks are no code
<p>    Rye
        and wheat</p>
=>
Rye
        and wheat

== every line of a wrapper
<div>
Rye
===
# wheat
- oats
2) barley
```
~~~
| spelt |
|---|
[rye]: wheat
</div>
=>
Rye
\\===
\\# wheat
\\- oats
2\\) barley
\\```
\\~~~
\\| spelt |
\\|---|
\\[rye]: wheat

== behind a comment
<!-- note --># 1 bread
=>
\\# 1 bread

== behind tags inside of a line
<span># 1</span> bread

<small>- rye</small>

- <small>- wheat</small>

> <span># oats</span>
=>
\\# 1 bread

\\- rye

- \\- wheat

> \\# oats

== in quotes and list items
> <div>
> # rye
> - wheat
> </div>

- <p>- oats</p>
=>
> \\# rye
> \\- wheat

- \\- oats

== what no block begins with stays
<p>#rye -wheat 3.5 *oats* **barley**</p>
=>
#rye -wheat 3.5 *oats* **barley**

== Markdown between wrappers is Markdown
<div>

## Rye

- wheat

</div>
=>
## Rye
url: https://example.com/x/#rye

- wheat

== what remains HTML stays
<div>
<ul>
<li>rye
- wheat
</ul>
</div>

<div>
<pre>
# rye
</pre>
</div>
=>
<ul>
<li>rye
- wheat
</ul>

<pre>
# rye
</pre>
"""


@pytest.mark.parametrize(("source", "expected"), examples(FREED))
def test_text_of_html_opens_no_block_of_markdown(make_book, source, expected):
    assert tidy(packed_body(make_book, source)) == expected


def test_layout_tags_in_code_stay(make_book):
    source = """\
Write `<div>` or `<span>x</span>`.

```html
<div><p>A</p><!-- b --></div>
```

    <div>indented</div>

<pre><code>&lt;div&gt; stays
</code></pre>
"""
    assert packed_body(make_book, source) == source


def test_no_heap_of_blank_lines_is_left_where_layout_was(make_book):
    source = "One.\n\n<p>A</p>\n\n<div>\n\n<p>B</p>\n\n</div>\n\nTwo.\n\n<p>C</p>\n"
    assert packed_body(make_book, source) == "One.\n\nA\n\nB\n\nTwo.\n\nC\n"


def test_no_layout_tag_of_any_kind_reaches_the_pack(make_book):
    names = re.findall(
        r"\w+",
        "address article aside body center details div fieldset figcaption figure footer form "
        "header main nav noscript p picture section summary big font small span",
    )
    blocks = "\n\n".join(f"<{name}>word {name}</{name}>" for name in names)
    lines = "\n\n".join(f"In <{name} class='a'>line {name}</{name}>." for name in names)
    text = packed_body(make_book, f"{blocks}\n\n{lines}\n")
    assert re.findall(r"</?\w+[^>]*>", text) == []
    assert re.findall(r"^word (\w+)$", text, re.M) == names
    assert re.findall(r"^In line (\w+)\.$", text, re.M) == names
