"""A person may have edited a description: whatever it holds, in a chapter it stays in its quote."""

import pytest
from hypothesis import given

from bookpack.images.quotable import as_quotable
from bookpack.model import Span
from bookpack.read.markdown import parse_markdown
from strategies import modest, nasty_text

STAYS = [
    "A map of the valley.\n\nIt shows **three** mills and `one` bakery.",
    "| mill | loaves |\n| --- | ---: |\n| upper | 12 |",
    "- one\n- two\n  1. three\n\n> quoted",
    "```python\n<b>[x](y)\n# no heading\n```",
    "    <code>\n    [x]: y",
    "See [the map](https://maps.example.org/a_(b) 'Map') and <https://maps.example.org>.",
    "a < b, 3 > 2, 5 & 6, $x < y$ and R&amp;D",
    r"\[x\], \# no heading, \<b>",
    "",
]


@pytest.mark.parametrize("markdown", STAYS)
def test_what_means_the_same_everywhere_stays(markdown):
    assert as_quotable(markdown) == (markdown, False)


ESCAPED = [
    ("a <b>bold</b> word", r"a \<b>bold\</b> word"),
    ("<div>\n# x\n</div>", "\\<div>\n\\# x\n\\</div>"),
    ("a <!-- note --> b", r"a \<!-- note --> b"),
    ("a <?php 1 ?> b", r"a \<?php 1 ?> b"),
    ("![a](b.png)", r"!\[a\](b.png)"),
    ("# One\n\nTwo\n===\n\nThree\n---", "\\# One\n\nTwo\n\\===\n\nThree\n\\---"),
    ("- # One\n\n> Two\n> ---", "- \\# One\n\n> Two\n> \\---"),
    ("[x]: https://a.example.org\n\n[x]", "\\[x\\]: https://a.example.org\n\n\\[x\\]"),
    ("One[^1]\n\n[^1]: Note.", "One\\[^1\\]\n\n\\[^1\\]: Note."),
    ("[a](b.md) [c](#d) [e](//f.example.org)", r"\[a\](b.md) \[c\](#d) \[e\](//f.example.org)"),
    ("<mailto:a@example.org> <b@example.org>", r"\<mailto:a@example.org> \<b@example.org>"),
    ("loaves[0] and [word]", r"loaves\[0\] and \[word\]"),
    ("One.\n\n```\ncode", "One.\n\n\\```\ncode"),
    ("$$\n[x]: y\n$$", "$$\n\\[x]: y\n$$"),
]


@pytest.mark.parametrize(("markdown", "quotable"), ESCAPED)
def test_what_does_not_becomes_text(markdown, quotable):
    assert as_quotable(markdown) == (quotable, True)
    assert as_quotable(quotable) == (quotable, False)


def test_line_ends_and_tabs_are_made_even_without_a_word_about_it():
    assert as_quotable("\n- a\r\n\tb\r- c\n\n") == ("- a\n    b\n- c", False)


@modest
@given(markdown=nasty_text)
def test_nothing_reaches_out_of_the_quote_and_nothing_reaches_in(markdown):
    text, _ = as_quotable(markdown)
    assert as_quotable(text) == (text, False)
    quote = "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))
    chapter = f"# T\n\nBefore.\n\n{quote}\n\nAfter [a][] `x` [^1].\n\n[a]: /b\n[b]: /c\n\n[^1]: n\n"
    place = Span(chapter.index(quote), chapter.index(quote) + len(quote))
    seen = parse_markdown(chapter)
    assert [heading.text for heading in seen.headings] == ["T"]
    assert [definition.label for definition in seen.definitions] == ["a", "b"]
    assert len(seen.footnotes) == 2
    assert (seen.images, seen.html_blocks, seen.inline_tags, seen.comments) == ((), (), (), ())
    inside = [link for link in seen.links if place.start <= link.span.start < place.end]
    assert len(seen.links) - len(inside) == 1
    assert all(link.target.lower().startswith(("http://", "https://")) for link in inside)
