"""What a pass sees of a chapter, and the way back to the author's text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookpack.desks.grammar.evaluate import as_chapter
from bookpack.desks.grammar.prose import Block, blocks_of, in_author_text, pieces_of
from bookpack.model import Chapter
from bookpack.read.markdown import parse_markdown
from bookpack.source import Edit, Source, Span, TranslatedSource


def seen(text: str) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in blocks_of(as_chapter(text))]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Call `f(x)` now.", "Call ⟦code⟧ now."),
        ("It is $a+b$ long.", "It is ⟦math⟧ long."),
        ("See [the *first* part](one.md 'x').", "See the first part."),
        ("See [the part][r].\n\n[r]: one.md", "See the part."),
        ("See <https://a.org> and https://b.org/x_y.", "See ⟦link⟧ and ⟦link⟧."),
        ("Write to baker@example.org or @baker.", "Write to ⟦link⟧ or ⟦link⟧."),
        ("A <b>bold</b> word<!-- no -->.", "A bold word."),
        ("Press <kbd>a *b*</kbd> now.", "Press ⟦code⟧ now."),
        ("An <custom-tag/> here.", "An ⟦html⟧ here."),
        ("One<br>two.", "One two."),
        ("A word[^1].\n\n[^1]: `x`", "A word."),
        ("R&amp;D and \\*this\\*.", "R&D and *this*."),
        ("One\ntwo  \nthree.", "One two three."),
        ("Open main.py, a_b and x::y().", "Open ⟦code⟧, ⟦code⟧ and ⟦code⟧()."),
        ("The sign ⟦ is rare.", "The sign ⟦sign⟧ is rare."),
        ("> Quoted *text*\n> goes on.", "Quoted text goes on."),
    ],
)
def test_what_is_no_prose_is_a_placeholder_and_markup_leaves_no_trace(
    text: str, shown: str
) -> None:
    assert seen(text)[0][1] == shown


def test_blocks_are_paragraphs_headings_cells_items_and_alternative_texts() -> None:
    text = """---
title: A title
---

# Head

One ![a picture](x.png) here.

- item one
  - inner

| a | b |
|---|---|
| c | d |

<p>Raw</p>

```
code
```

<img src="y.png" alt="Another picture">
"""
    chapter = as_chapter(text)
    start = text.index("# Head")
    chapter = Chapter("c.md", "", "", chapter.source, parse_markdown(text, start=start))
    assert [(block.kind, block.text) for block in blocks_of(chapter)] == [
        ("heading", "Head"),
        ("paragraph", "One ⟦image⟧ here."),
        ("alt", "a picture"),
        ("item", "item one"),
        ("item", "inner"),
        ("cell", "a"),
        ("cell", "b"),
        ("cell", "c"),
        ("cell", "d"),
        ("alt", "Another picture"),
    ]


def test_a_place_in_prose_is_the_same_place_in_the_chapter() -> None:
    text = "Ä *first* [link](t.md) &amp; `x` and\nmore"
    (block,) = blocks_of(as_chapter(text))
    for word in ("Ä", "first", "link", "and"):
        at = block.text.index(word)
        place = block.in_chapter(Span(at, at + len(word)))
        assert place is not None
        assert place.slice(text) == word


@pytest.mark.parametrize("quote", ["⟦code⟧", "a ⟦code⟧", "first link", "R&D", "d l"])
def test_a_place_that_holds_more_than_prose_has_none_in_the_chapter(quote: str) -> None:
    (block,) = blocks_of(as_chapter("A `x` *first* [link](t.md) R&amp;D and `y`."))
    at = block.text.find(quote)
    if at >= 0:
        assert block.in_chapter(Span(at, at + len(quote))) is None


def test_a_place_over_a_line_break_takes_the_marks_of_the_quote_with_it() -> None:
    text = "> the\n> the end"
    (block,) = blocks_of(as_chapter(text))
    place = block.in_chapter(Span(3, 7))
    assert place is not None
    assert place.slice(text) == "\n> the"


def test_a_place_in_a_translated_chapter_is_told_in_the_authors_text() -> None:
    author = Source("c.md", "{{note}} Some teh words.")
    source = TranslatedSource.of(author, [Edit(Span(0, 8), "**Note**")])
    chapter = Chapter("c.md", "", "", source, parse_markdown(source.text))
    (block,) = blocks_of(chapter)
    assert block.text == "Note Some teh words."
    place = block.in_chapter(Span(10, 13))
    assert place is not None
    assert in_author_text(chapter, place) == Span(14, 17)
    written = block.in_chapter(Span(0, 4))
    assert written is not None
    assert in_author_text(chapter, written) is None


def test_the_hash_of_a_block_is_that_of_what_a_pass_sees() -> None:
    one, other, third = (
        blocks_of(as_chapter(text))[0].hash
        for text in ("Say *it* to `a`.", "Say it to `b`.", "Say it to you.")
    )
    assert one == other != third


def blocks(*texts: str) -> list[Block]:
    return blocks_of(as_chapter("\n\n".join(texts)))


def test_long_chapters_go_in_overlapping_pieces() -> None:
    pieces = pieces_of(blocks(*(f"Word {n} {'x' * 40}" for n in range(6))), characters=120)
    numbers = [[block.text.split()[1] for block in piece] for piece in pieces]
    assert numbers == [["0", "1"], ["1", "2"], ["2", "3"], ["3", "4"], ["4", "5"]]


def test_unchanged_paragraphs_go_only_as_neighbours_of_a_changed_one() -> None:
    found = blocks("One a.", "Two b.", "Three c.", "Four d.", "Five e.")
    known = {block.hash for block in found if block.text != "Three c."}
    (piece,) = pieces_of(found, unchanged=known)
    assert [block.text for block in piece] == ["Two b.", "Three c.", "Four d."]
    assert pieces_of(found, unchanged={block.hash for block in found}) == []


@given(st.text("ab *_`[]()<>&;!#-+1.\n|$\\\"'⟦é😀", max_size=120))
def test_whatever_is_called_prose_stands_there_in_the_chapter(text: str) -> None:
    for block in blocks_of(as_chapter(text)):
        assert "".join(block.text[r.start : r.start + r.length] for r in block.runs) == block.text
        for run in block.runs:
            if run.copied:
                span = Span(run.start, run.start + run.length)
                place = block.in_chapter(span)
                assert place is not None
                assert place.slice(text) == span.slice(block.text)
