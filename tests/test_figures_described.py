"""Figures with what is known of their pictures: described by a model, a person or nobody."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookpack.images.figures import figure_block
from bookpack.images.quotable import as_quotable
from bookpack.images.words import Origin, PictureWords
from bookpack.model import Image, LinkKind, Span
from packing import pack_folder, pack_texts
from strategies import few, nasty_text

URL = "https://p.example.org/a.png"


def image(alt: str = "", title: str = "") -> Image:
    nowhere = Span(0, 0)
    return Image(nowhere, None, nowhere, alt, title, URL, URL, LinkKind.INLINE)


def described(text: str, **more: object) -> PictureWords:
    return PictureWords(description=text, origin=Origin.MODEL, **more)  # type: ignore[arg-type]


def test_a_description_stands_behind_the_label():
    words = described("A map of *three* mills.\n\n| mill | loaves |\n| --- | --- |\n| upper | 12 |")
    assert figure_block(image(), URL, words, "Mills in 2014") == (
        f"> **Figure: Mills in 2014** ({URL})\n"
        "> **Image description:** A map of *three* mills.\n"
        ">\n"
        "> | mill | loaves |\n"
        "> | --- | --- |\n"
        "> | upper | 12 |"
    )


def test_the_author_speaks_first():
    assert figure_block(image("Where they mill"), URL, described("A map of three mills.")) == (
        f"> **Figure** ({URL})\n"
        "> **Image description:** Where they mill\n"
        ">\n"
        "> A map of three mills."
    )


@pytest.mark.parametrize("alt", ["A map", "a map of three mills", "A map, of three mills!"])
def test_what_the_description_repeats_is_said_once(alt):
    assert figure_block(image(alt), URL, described("A map of three mills.")) == (
        f"> **Figure** ({URL})\n> **Image description:** A map of three mills."
    )


def test_the_title_of_a_description_is_used_where_the_author_gave_no_caption():
    words = described("A map.", title="Three mills")
    assert figure_block(image(), URL, words).startswith(f"> **Figure: Three mills** ({URL})\n")
    assert figure_block(image(), URL, words, "Mills").startswith(f"> **Figure: Mills** ({URL})\n")


def test_a_short_description_serves_where_there_is_no_other():
    assert figure_block(image(), URL, PictureWords(alt="A [map]", origin=Origin.MODEL)) == (
        f"> **Figure** ({URL})\n> **Image description:** A \\[map\\]"
    )


OFFLINE = PictureWords(
    description="Not described by a model. A PNG picture of 20 × 30 pixels.\n\nWords in it: A map.",
    origin=Origin.OFFLINE,
)


def test_what_the_file_tells_stands_by_itself():
    assert figure_block(image("A map"), URL, OFFLINE) == (
        f"> **Figure** ({URL})\n"
        "> **Image description:** A map\n"
        ">\n"
        "> Not described by a model. A PNG picture of 20 × 30 pixels.\n"
        ">\n"
        "> Words in it: A map."
    )
    assert figure_block(image(), URL, OFFLINE) == (
        f"> **Figure** ({URL})\n"
        "> **Image description:** Not described by a model. A PNG picture of 20 × 30 pixels.\n"
        ">\n"
        "> Words in it: A map."
    )


@pytest.mark.parametrize(
    "text",
    ["- one\n- two", "1. one", "| a |\n| --- |", "a | b\n--- | ---", "```\nx\n```", "    x", "> x"],
)
def test_what_is_no_paragraph_begins_on_a_line_of_its_own(text):
    quoted = "\n".join(f"> {line}" for line in text.split("\n"))
    assert figure_block(image(), URL, described(text)) == (
        f"> **Figure** ({URL})\n> **Image description:**\n>\n{quoted}"
    )


# In chapters

LONG = "A map of three mills. " * 20


def test_a_picture_is_described_once_in_a_chapter(tmp_path):
    words = {
        "a.png": described(LONG, identity="1"),
        "b.png": described("Short.", identity="2"),
        "c.png": described(LONG, identity=""),
    }
    text = "".join(f"![{n} {name}]({name})\n\n" for n, name in enumerate([*words, *words]))
    chapters = {
        "x.md": f"# X\n\n{text}<p>HTML, which is read twice.</p>\n",
        "y.md": "# Y\n\n![](a.png)\n",
    }
    texts = pack_texts(tmp_path, chapters, lambda image: words[image.target])
    assert texts["x.md"].count(LONG.strip()) == 3
    assert texts["x.md"].count("Short.") == 2
    assert (
        "> **Figure** (https://example.com/a.png)\n> **Image description:** 3 a.png\n>\n"
        "> Described above in this chapter.\n"
    ) in texts["x.md"]
    assert texts["x.md"].index(LONG.strip()) < texts["x.md"].index("Described above")
    assert LONG.strip() in texts["y.md"]


DECORATION = PictureWords(decorative=True, origin=Origin.MODEL)


def test_decoration_goes_unless_the_author_says_something(tmp_path):
    text = """# X

One.

![](a.png)

Two ![](b.png) three.

<p><img src="c.png"></p>

- four <img src="d.png">

![Words](e.png)

![](f.png)
*Caption*

End.
"""
    assert (
        pack_texts(tmp_path, {"x.md": text}, lambda _: DECORATION)["x.md"]
        == """# X
url: https://example.com/x/

One.

Two three.

- four

> **Figure** (https://example.com/e.png)
> **Image description:** Words

> **Figure: Caption** (https://example.com/f.png)

End.
"""
    )


def test_the_bracket_says_what_is_known(tmp_path):
    words = described("A map of three mills.", alt="Three mills", title="Mills")
    text = "# X\n\nSee ![](a.png) and ![My map](b.png).\n"
    packed = pack_texts(tmp_path, {"x.md": text}, lambda _: words)["x.md"]
    assert "See [Image: Three mills] and [Image: My map].\n" in packed


NASTY = [
    "# Heading\nurl: https://example.com/other/\n\nText",
    "[x] and [y](z.md) and ![p](q.png)\n\n[x]: https://d.example.org\n\n[^1]: note",
    "<div>\n\n- <p>a</p>\n\n</div>\n<!-- c",
    "```\nnever closed",
    "See https://example.com/y and <http://example.com/old#a>, [z](https://example.com/y).",
    "- a\n\tb\n\n\tc\n1986. d",
    "Setext\n===\n\n| a |\n|---|\n| [x] |",
    "---\ntitle: no\n---",
    "a\r\nb\rc\0d\u2028e",
    "$[x](y.md)$ and $$\n[^1]\n$$",
    "</file>\n\n## File: x.md\n````\n",
]


@pytest.mark.parametrize("text", NASTY)
def test_any_description_comes_back_as_it_was(tmp_path, text):
    assert_comes_back(tmp_path, text)


@few
@given(text=nasty_text)
def test_random_descriptions_come_back_as_they_were(text):
    with tempfile.TemporaryDirectory() as folder:
        assert_comes_back(Path(folder), text)


def assert_comes_back(folder: Path, text: str) -> None:
    """Pack a book with this description, and the pack's chapters once more."""
    chapter = (
        "# X\n\n## S\n\n![A](a.png)\n\nSee [x], [^1] and ![](b.png)\n\n<p><img src=c.png></p>\n\n"
        "- ![D](d.png)\n\n[x]: y.md\n\n[^1]: Note `x`.\n"
    )
    other = (
        "---\naliases: [/old/]\n---\n# Y\n\n[x] [^1]\n\n[x]: https://o.example.org\n\n[^1]: N.\n"
    )
    words = described(as_quotable(text)[0], alt=text, title=text)
    first = pack_texts(folder / "first", {"x.md": chapter, "y.md": other}, lambda _: words)
    (folder / "second").mkdir()
    assert pack_texts(folder / "second", first) == first
    assert pack_folder(folder / "second") == first


_alternatives = st.text(st.sampled_from("ab https://example.com/y [x]*_`<>#"), max_size=60)


@few
@given(alt=_alternatives)
def test_addresses_in_alternative_texts_come_back_as_they_were(alt):
    escaped = "".join(f"\\{c}" if c in "[]*_`<>#" else c for c in alt)
    with tempfile.TemporaryDirectory() as folder:
        book = {"x.md": f"# X\n\n![{escaped}](a.png)\n", "y.md": "# Y\n"}
        first = pack_texts(Path(folder, "first"), book)
        assert pack_texts(Path(folder, "second"), first) == first
