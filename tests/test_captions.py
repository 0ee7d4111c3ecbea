"""Captions are found where authors put them, and no word is lost on the way into a figure."""

import re
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookpack.images.captions import find_captions
from bookpack.read.markdown import parse_markdown
from packing import pack_texts
from strategies import modest, nasty_text
from test_chapter_text import examples
from test_layout_html import packed_body, tidy

MARKDOWN = """
== a line in italics right under the picture
![A loaf](https://p.example.org/loaf.png)
*The first loaf*

After.
=>
> **Figure: The first loaf** (https://p.example.org/loaf.png)
> **Image description:** A loaf

After.

== with underscores, behind hard breaks, in the next paragraph
![A](https://p.example.org/a.png)\\
_One_

![B](https://p.example.org/b.png)<br>
_Two_

![C](https://p.example.org/c.png)

_Three_

After.
=>
> **Figure: One** (https://p.example.org/a.png)
> **Image description:** A

> **Figure: Two** (https://p.example.org/b.png)
> **Image description:** B

> **Figure: Three** (https://p.example.org/c.png)
> **Image description:** C

After.

== above the picture
Before.

*The first loaf*

![A loaf](https://p.example.org/loaf.png)

After.
=>
Before.

> **Figure: The first loaf** (https://p.example.org/loaf.png)
> **Image description:** A loaf

After.

== strong words, entities and escapes are still only words
![A loaf](https://p.example.org/loaf.png)

*Figure 3: the **first** loaf of R&amp;D \\*new\\**
=>
> **Figure: Figure 3: the first loaf of R\\&D \\*new\\*** (https://p.example.org/loaf.png)
> **Image description:** A loaf

== over two lines
![A loaf](https://p.example.org/loaf.png)
*The first loaf
of the year*
=>
> **Figure: The first loaf of the year** (https://p.example.org/loaf.png)
> **Image description:** A loaf

== with a link it stays, and says its words in the figure too
![A loaf](https://p.example.org/loaf.png)
*A loaf by [the mill](https://mill.example.org), see `rye` and [wheat][]*

After.

[wheat]: https://wheat.example.org
=>
> **Figure: A loaf by the mill, see rye and wheat** (https://p.example.org/loaf.png)
> **Image description:** A loaf

*A loaf by [the mill](https://mill.example.org), see `rye` and [wheat][]*

After.

[wheat]: https://wheat.example.org

== with a note it stays
![A loaf](https://p.example.org/loaf.png)

*The first loaf[^1]*

[^1]: Of rye.
=>
> **Figure: The first loaf** (https://p.example.org/loaf.png)
> **Image description:** A loaf

*The first loaf[^1]*

[^1]: Of rye.

== the title comes first, and then the line is text
![A loaf](https://p.example.org/loaf.png "The title")
*The line*
=>
> **Figure: The title** (https://p.example.org/loaf.png)
> **Image description:** A loaf

*The line*

== a line that says the title again
![A loaf](https://p.example.org/loaf.png "The first loaf")

*The first loaf*
=>
> **Figure: The first loaf** (https://p.example.org/loaf.png)
> **Image description:** A loaf

== a row of pictures shares the line below it
![A](https://p.example.org/a.png) ![B](https://p.example.org/b.png)
*Rye and wheat*
=>
> **Figure: Rye and wheat** (https://p.example.org/a.png)
> **Image description:** A

> **Figure: Rye and wheat** (https://p.example.org/b.png)
> **Image description:** B

== of pictures in paragraphs of their own, the last one has it
![A](https://p.example.org/a.png)

![B](https://p.example.org/b.png)

*Wheat*
=>
> **Figure** (https://p.example.org/a.png)
> **Image description:** A

> **Figure: Wheat** (https://p.example.org/b.png)
> **Image description:** B

== in turns, each line belongs to the picture above it
![A](https://p.example.org/a.png)
*Rye*
![B](https://p.example.org/b.png)
*Wheat*
=>
> **Figure: Rye** (https://p.example.org/a.png)
> **Image description:** A

> **Figure: Wheat** (https://p.example.org/b.png)
> **Image description:** B

== in turns that begin with a line and end with a picture, to the picture below
*Rye*

![A](https://p.example.org/a.png)

*Wheat*

![B](https://p.example.org/b.png)
=>
> **Figure: Rye** (https://p.example.org/a.png)
> **Image description:** A

> **Figure: Wheat** (https://p.example.org/b.png)
> **Image description:** B

== a line between two pictures is the upper one's
![A](https://p.example.org/a.png)

*Rye*

![B](https://p.example.org/b.png)
=>
> **Figure: Rye** (https://p.example.org/a.png)
> **Image description:** A

> **Figure** (https://p.example.org/b.png)
> **Image description:** B

== lines of one paragraph that authors set apart by their breaks alone
Bake it.
![](https://p.example.org/a.png)
*Figure 9. The oven*
Cool it.
![](https://p.example.org/b.png)
*Figure 10. The shelf*
Eat it.
=>
Bake it.
[Image: Figure 9. The oven]
Cool it.
[Image: Figure 10. The shelf]
Eat it.

> **Figure: Figure 9. The oven** (https://p.example.org/a.png)

> **Figure: Figure 10. The shelf** (https://p.example.org/b.png)

== under a picture that is a link
[![A loaf](https://p.example.org/loaf.png)](https://bakery.example.org)
*The first loaf*

After.
=>
[Image: A loaf](https://bakery.example.org)

> **Figure: The first loaf** (https://p.example.org/loaf.png)
> **Image description:** A loaf

After.

== in a list item
1. Bake.

   ![A loaf](https://p.example.org/loaf.png)
   *The first loaf*

2. Cool.

   ![B](https://p.example.org/b.png)

   *The second*

After.
=>
1. Bake.

   [Image: A loaf]

2. Cool.

   [Image: B]

> **Figure: The first loaf** (https://p.example.org/loaf.png)
> **Image description:** A loaf

> **Figure: The second** (https://p.example.org/b.png)
> **Image description:** B

After.

== glued to a heading
![A loaf](https://p.example.org/loaf.png)
*The first loaf*
## Rye

Text.
=>
> **Figure: The first loaf** (https://p.example.org/loaf.png)
> **Image description:** A loaf

## Rye
url: https://example.com/x/#rye

Text.

== a line that names the source is no caption
![A](https://p.example.org/a.png)

_[Source: the mill](https://mill.example.org)_

![B](https://p.example.org/b.png)
*出典: the mill*
=>
> **Figure** (https://p.example.org/a.png)
> **Image description:** A

_[Source: the mill](https://mill.example.org)_

[Image: B]
*出典: the mill*

> **Figure** (https://p.example.org/b.png)
> **Image description:** B

== what is no caption: part of a sentence, bold, a heading, a quote, too far, not alone
Text ![A](https://p.example.org/a.png)
*so*

![B](https://p.example.org/b.png)

**bold**

![C](https://p.example.org/c.png) *so*

![D](https://p.example.org/d.png)

*one* and *two*

> ![E](https://p.example.org/e.png)

*so*

Text.

![F](https://p.example.org/f.png)

Text.

*so*
=>
Text [Image: A]
*so*

> **Figure** (https://p.example.org/a.png)
> **Image description:** A

> **Figure** (https://p.example.org/b.png)
> **Image description:** B

**bold**

[Image: C] *so*

> **Figure** (https://p.example.org/c.png)
> **Image description:** C

> **Figure** (https://p.example.org/d.png)
> **Image description:** D

*one* and *two*

> [Image: E]

> **Figure** (https://p.example.org/e.png)
> **Image description:** E

*so*

Text.

> **Figure** (https://p.example.org/f.png)
> **Image description:** F

Text.

*so*
"""


@pytest.mark.parametrize(("source", "expected"), examples(MARKDOWN))
def test_captions_in_markdown(make_book, source, expected):
    assert tidy(packed_body(make_book, source)) == expected


HTML = """
== figcaption
<figure>
  <img src="https://p.example.org/a.png" alt="A loaf">
  <figcaption>The <em>first</em> loaf &amp; more</figcaption>
</figure>
=>
> **Figure: The first loaf & more** (https://p.example.org/a.png)
> **Image description:** A loaf

== figcaption above, two figures on one line
<figure><figcaption>One</figcaption><img src="https://p.example.org/a.png"></figure>\
<figure><img src="https://p.example.org/b.png"><figcaption>Two</figcaption></figure>
=>
> **Figure: One** (https://p.example.org/a.png)

> **Figure: Two** (https://p.example.org/b.png)

== figcaption around Markdown
<figure>

![A loaf](https://p.example.org/a.png)

<figcaption>

The *first* loaf

</figcaption>
</figure>

After.
=>
> **Figure: The first loaf** (https://p.example.org/a.png)
> **Image description:** A loaf

After.

== figcaption with a link
<figure><img src="https://p.example.org/a.png">\
<figcaption>By <a href="x.md">us</a></figcaption></figure>
=>
> **Figure: By us** (https://p.example.org/a.png)

By <a href="https://example.com/x/">us</a>

== one figcaption for two pictures, and a figure inside of a figure
<figure>
<figure><img src="https://p.example.org/a.png"><figcaption>Rye</figcaption></figure>
<img src="https://p.example.org/b.png">
<img src="https://p.example.org/c.png">
<figcaption>All loaves</figcaption>
</figure>
=>
> **Figure: Rye** (https://p.example.org/a.png)

> **Figure: All loaves** (https://p.example.org/b.png)

> **Figure: All loaves** (https://p.example.org/c.png)

== a figcaption makes a picture of what else is decoration
<figure><img src="https://p.example.org/a.png" alt="">\
<figcaption>The first loaf</figcaption></figure>
=>
> **Figure: The first loaf** (https://p.example.org/a.png)

== a title that is but the name of the file
<figure><img title="loaf" src="https://p.example.org/loaf.png">\
<figcaption>The first</figcaption></figure>
=>
> **Figure: The first** (https://p.example.org/loaf.png)

== a class that says so, in the next block
![A loaf](https://p.example.org/a.png)

<p class="img-desc i tc f6">The first loaf</p>

After.
=>
> **Figure: The first loaf** (https://p.example.org/a.png)
> **Image description:** A loaf

After.

== glued to the picture, or in the same block
![A](https://p.example.org/a.png)
<p class="img-desc">Rye</p>

<p><img src="https://p.example.org/b.png"></p>
<p class="img-desc">Wheat</p>
<p>Text.</p>
=>
> **Figure: Rye** (https://p.example.org/a.png)
> **Image description:** A

> **Figure: Wheat** (https://p.example.org/b.png)

Text.

== before the picture
<p class="caption">Rye</p>

![A](https://p.example.org/a.png)

After.
=>
> **Figure: Rye** (https://p.example.org/a.png)
> **Image description:** A

After.

== in a wrapper of a blog
<div class="wp-caption"><a href="x.md"><img src="https://p.example.org/a.png" alt="A"></a>
<p class="wp-caption-text">Rye</p></div>
=>
<a href="https://example.com/x/">Image: A</a>

> **Figure: Rye** (https://p.example.org/a.png)
> **Image description:** A

== italics of HTML, behind a break
<p align="center">
  <img src="https://p.example.org/a.png">
  <br><em>Figure 1: <b>Rye</b></em>
</p>

<p align="center"><img src="https://p.example.org/b.png"><br/><i>Wheat</i></p>

After.
=>
> **Figure: Figure 1: Rye** (https://p.example.org/a.png)

> **Figure: Wheat** (https://p.example.org/b.png)

After.

== italics of HTML in a block of their own
<center><img src="https://p.example.org/a.png"></center>

<center><i>Rye</i></center>
=>
> **Figure: Rye** (https://p.example.org/a.png)

== a line of Markdown's italics inside and behind HTML
<img src="https://p.example.org/a.png">
*Rye*

<img src="https://p.example.org/b.png">

*Wheat*

After.
=>
> **Figure: Rye** (https://p.example.org/a.png)

> **Figure: Wheat** (https://p.example.org/b.png)

After.

== italics that open a sentence are none
<p><img src="https://p.example.org/a.png"></p>
<p><em>Rye</em> is a grain.</p>
=>
> **Figure** (https://p.example.org/a.png)

<em>Rye</em> is a grain.

== what decorates takes no caption
<img src="https://p.example.org/line.png" alt="">

*Rye*
=>
*Rye*
"""


@pytest.mark.parametrize(("source", "expected"), examples(HTML))
def test_captions_in_html(make_book, source, expected):
    assert tidy(packed_body(make_book, source)) == expected


def test_line_ends_do_not_matter(make_book):
    source = (
        "![A](https://p.example.org/a.png)\n*Rye*\n\n![B](https://p.example.org/b.png)\n\n*Oats*\n"
    )
    expected = packed_body(make_book, source)
    assert expected.count("**Figure: ") == 2
    for end in ("\r\n", "\r"):
        assert packed_body(make_book, source.replace("\n", end)) == expected


def test_a_caption_knows_where_it_stands():
    text = "![A](a.png)\n\n*Rye*\n\n![B](b.png)\n*By [us](x.md)*\n\n![C](c.png 'Title')\n"
    found = find_captions(text, parse_markdown(text)).values()
    assert [
        (one.text, one.place and one.place.slice(text), one.moves, one.span is None, one.beside)
        for one in found
    ] == [
        ("Rye", "*Rye*", True, False, True),
        ("By us", "*By [us](x.md)*", False, True, True),
        ("Title", None, False, True, False),
    ]


_WORDS = st.text("abcdefghijklmnop", min_size=3, max_size=6)
_PIECES = st.one_of(
    _WORDS,
    st.builds("*{} {}*".format, _WORDS, _WORDS),
    st.builds("_{}_".format, _WORDS),
    st.builds("*{} [{}](x.md)*".format, _WORDS, _WORDS),
    st.builds("**{}**".format, _WORDS),
    st.builds("- {}".format, _WORDS),
    st.builds("> {}".format, _WORDS),
    st.builds("## {}".format, _WORDS),
    st.just("![](i.png)"),
    st.just("![](i.png) ![](j.png)"),
    st.just("[![](i.png)](x.md)"),
    st.just("- ![](i.png)"),
    st.just("<img src='i.png'>"),
    st.just("<img src='i.png' alt=''>"),
    st.builds("<p><img src='i.png'><br><em>{}</em></p>".format, _WORDS),
    st.builds("<p class='img-desc'>{} <b>{}</b></p>".format, _WORDS, _WORDS),
    st.builds("<figure><img src='i.png'><figcaption>{}</figcaption></figure>".format, _WORDS),
    st.builds("<figure>\n\n![](i.png)\n\n<figcaption>{}</figcaption></figure>".format, _WORDS),
    st.builds("<div><i>{}</i></div>".format, _WORDS),
)
_DOCUMENTS = st.lists(
    st.tuples(_PIECES, st.sampled_from(["\n", "\n\n", "  \n", "<br>\n", "\n\n  "])), max_size=9
).map(lambda pieces: "".join(piece + end for piece, end in pieces))


@modest
@given(document=_DOCUMENTS)
def test_no_word_and_no_picture_is_lost(document):
    def words(text: str) -> set[str]:
        plain = re.sub(r"<[^<>]*>|\]\([^)]*\)|https?://\S+", " ", text)
        return set(re.findall(r"[a-p]{3,}", plain))

    with tempfile.TemporaryDirectory() as folder:
        body = pack_texts(Path(folder), {"x.md": f"# X\n\n{document}"})["x.md"]
    assert words(document) <= words(body)
    pictures = [image for image in parse_markdown(document).images if not image.decorative]
    assert len(re.findall(r"^ {0,3}> \*\*Figure", body, re.M)) == len(pictures)


@modest
@given(text=nasty_text)
def test_a_place_is_one_of_the_text_and_belongs_to_one_row(text):
    structure = parse_markdown(text)
    places = [c.place for c in find_captions(text, structure).values() if c.place]
    for place in places:
        assert 0 <= place.start < place.end <= len(text)
        assert not any(place.start <= image.span.start < place.end for image in structure.images)
    for one in set(places):
        assert all(
            one == other or one.end <= other.start or other.end <= one.start
            for other in set(places)
        )


LARGE = {
    "pictures with lines": "![a](b.png)\n*caption of it*\n\n" * 10_000,
    "lines in turns": "*caption*\n\n![a](b.png)\n\n" * 10_000,
    "a row": "![a](b.png) " * 10_000 + "\n*caption*\n",
    "figures": "<figure><img src=a><figcaption>b</figcaption></figure>\n" * 10_000,
    "figures inside of figures": "<figure>" * 5_000 + "<img src=a>" * 5_000 + "</figure>" * 5_000,
    "tags between": ("<img src=a>" + "<p>" * 10 + "<br>" * 10) * 1_000,
    "italics that never end": "![a](b.png)\n*caption " + "word " * 100 + "\n\n" + "\n\n*x" * 9_000,
    "one long line": "![a](b.png)\n*" + "word " * 100_000 + "*\n",
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_the_time_is_linear(text):
    """Ten times as much text may take ten times as long and then some, not a hundred times."""
    structures = [parse_markdown(part) for part in (text[: len(text) // 10], text)]
    times = []
    for structure, part in zip(structures, (text[: len(text) // 10], text), strict=True):
        start = time.process_time()
        find_captions(part, structure)
        times.append(time.process_time() - start)
    assert times[1] < 40 * times[0] + 0.5
