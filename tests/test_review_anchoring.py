"""Finding a suggestion's place again: certain, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookpack.desks.review.anchoring import Anchoring
from bookpack.desks.review.suggestion import (
    Draft,
    Quote,
    Suggestion,
    context_of,
    make_suggestions,
    telling_context,
)
from bookpack.source import Span

LONG = "Fifty code points of quiet text stand between them. "


def suggest(text: str, *words: str) -> list[Suggestion]:
    drafts = []
    for word in words:
        start = text.find(word)
        while start >= 0:
            span = Span(start, start + len(word))
            drafts.append(Draft("T1", "test", span, "!", "", ""))
            start = text.find(word, start + 1)
    return make_suggestions("test", "one.md", text, drafts)


def find(old: str, new: str, word: str, *, known: bool = True) -> int | None:
    span = Anchoring(old if known else None, new).find(suggest(old, word)[0].quote)
    return None if span is None else span.start


@pytest.mark.parametrize("known", [True, False])
def test_an_unchanged_text_and_one_with_lines_before(known: bool) -> None:
    text = f"{LONG}One teh two. {LONG}\n"
    assert find(text, text, "teh", known=known) == text.index("teh")
    assert find(text, f"New.\n{text}", "teh", known=known) == text.index("teh") + 5


def test_the_words_on_one_side_are_enough_when_they_stand_alone() -> None:
    old = f"{LONG}One teh two. {LONG}"
    new = f"{LONG}One teh twofold change, all of it. And more."
    assert find(old, new, "teh", known=False) == new.index("teh")
    assert find(old, f"Other words: One tehran two. {LONG}", "teh", known=False) is None


def test_of_two_equal_places_none_is_chosen() -> None:
    line = f"{LONG}One teh two. {LONG}\n\n"
    assert find(line, f"X{line}{line}", "teh", known=False) is None
    # The one that is left may be the other one.
    twice = f"A.\n\n{line}{line}{line}"
    survivor = f"B. Much longer.\n\n{line}C.\n"
    assert find(twice, survivor, "teh") in (None, survivor.index("teh"))


def test_a_rewritten_line_keeps_a_word_that_stands_in_it_once() -> None:
    old = "First.\nThe quick brown fox then saw teh dog run.\nLast.\n"
    new = "First!\nThe brown fox then saw teh dog run away quickly.\nLast.\n"
    assert find(old, new, "teh") == new.index("teh")
    assert find(old, "First!\nteh fox and teh dog.\nLast.\n", "teh") is None
    assert find(old, "First!\nNothing is left.\nLast.\n", "teh") is None


def test_windows_line_endings_make_no_blank_line() -> None:
    (one,) = suggest("a\r\nteh\r\n\r\nb", "teh")
    (other,) = suggest("x\r\n\r\na\r\nteh\r\n\r\nb", "teh")
    assert one.paragraph == other.paragraph
    assert (one.inside, other.inside) == (3, 3)


def test_an_insertion_needs_both_sides() -> None:
    old = f"{LONG}{LONG}"
    (quote,) = (
        s.quote
        for s in make_suggestions(
            "test", "one.md", old, [Draft("T1", "t", Span(52, 52), "x", "", "")]
        )
    )
    assert Anchoring(None, f"Y{old}").find(quote) == Span(53, 53)
    assert Anchoring(None, f"Y{LONG}Z{LONG}").find(quote) is None


def test_ids_hold_when_lines_are_added_and_tell_equal_places_apart() -> None:
    text = f"{LONG}teh {LONG}"
    before = [s.id for s in suggest(text, "teh")]
    assert [s.id for s in suggest(f"Another line.\n\n{LONG}{text}", "teh")] == before
    assert [s.id for s in suggest(text.replace(" ", " "), "teh")] == before
    same = "teh " * 60
    ids = [s.id for s in suggest(same, "teh")]
    assert len(set(ids)) == len(ids) == 60


def test_ids_do_not_depend_on_line_endings() -> None:
    unix, windows = "A\nteh\nB", "A\r\nteh\r\nB"
    assert suggest(unix, "teh")[0].id == suggest(windows, "teh")[0].id


@given(
    st.lists(st.sampled_from(["teh", " ", "\n", "a", "word", "\n\n", "ü"]), max_size=60),
    st.integers(0, 60),
    st.text("ab \n", max_size=30),
)
def test_what_is_found_always_says_the_same(words: list[str], place: int, added: str) -> None:
    old = "".join(words)
    new = old[:place] + added + old[place + 2 :]
    anchoring = Anchoring(old, new)
    for one in suggest(old, "teh"):
        span = anchoring.find(one.quote)
        assert span is None or span.slice(new) == "teh"
        assert context_of(old, one.span) == (one.prefix, one.suffix)


@given(st.integers(0, 11), st.text("ab\n", min_size=1, max_size=20))
def test_insertions_never_lead_to_another_place(line: int, added: str) -> None:
    lines = [f"Line {number} says teh word {number}.\n" for number in range(12)]
    old = "".join(lines)
    new = "".join([*lines[:line], added + "\n", *lines[line:]])
    anchoring = Anchoring(old, new)
    for number, one in enumerate(suggest(old, "teh")):
        span = anchoring.find(one.quote)
        assert span is not None
        assert new[span.start :].startswith(f"teh word {number}.")


def test_the_words_of_other_paragraphs_prove_nothing() -> None:
    head = "## A heading that is longer than sixteen code points"
    old = f"{head}\n\nThis teh goes.\n\n## Another heading of some length\n\nThis is it."
    new = f"{head}\n\nThis is it.\n\n## A third one"
    assert find(old, new, "This") is None
    assert find(old, new, "This", known=False) is None


def test_a_line_that_stood_elsewhere_is_no_line_of_the_quotes() -> None:
    old = f"Some words here use teh oven, {LONG}\n\nOther words here use teh oven, not it."
    new = "Other words here use teh oven, not it."
    suggestion = suggest(old, "teh")[0]
    assert suggestion.span.start == old.index("teh")
    assert Anchoring(old, new).find(suggestion.quote) is None


def test_as_much_is_recorded_as_tells_a_place_from_its_twin() -> None:
    twin = f"{LONG}{LONG}We know teh words of it, and of them all, in the old issue"
    one, other = f"{twin} 61.", f"{twin} 62."
    old = f"# Head\n\n{one}\n\n{other}"
    start = old.index("teh")
    prefix, suffix = telling_context(old, Span(start, start + 3))
    assert (len(prefix), len(suffix)) == (start, 96)
    quote = Quote(prefix, "teh", suffix, start)
    assert Anchoring(None, f"New.\n\n{old}").find(quote) == Span(start + 6, start + 9)
    # The one is gone; what is left looks the same up to the number.
    assert Anchoring(None, f"Some words.\n\n{other}").find(quote) is None
    assert len(telling_context(LONG * 99, Span(2600, 2604))[0]) == 384


@pytest.mark.parametrize("known", [True, False])
def test_a_change_that_stands_there_already_is_not_made_in_the_next_word(known: bool) -> None:
    old = f"{LONG}See the the dial, {LONG}"
    new = old.replace("the the", "the")
    start = old.index(" the dial")
    (suggestion,) = make_suggestions(
        "test", "one.md", old, [Draft("T1", "test", Span(start, start + 4), "", "", "")]
    )
    assert Anchoring(old if known else None, new).find(suggestion.quote) is None
    moved = f"New. {old}"
    assert Anchoring(old if known else None, moved).find(suggestion.quote) == Span(
        start + 5, start + 9
    )


@pytest.mark.parametrize("known", [True, False])
def test_lines_that_are_wrapped_anew_change_no_place(known: bool) -> None:
    old = f"{LONG}One teh two. {LONG}"
    new = (
        old.replace(" ", "\n", 4).replace(". One teh", ".\r\n  One teh").replace("text ", "text\n")
    )
    assert find(old, new, "teh", known=known) == new.index("teh")
    assert find(old, f"{new}\n\n{new}", "teh", known=known) is None


def test_a_sentence_put_in_before_another_does_not_lend_it_its_word() -> None:
    old = "# Ovens\n\nStone keeps the heat. This chapter shows how long, and when.\n"
    new = (
        "# Ovens\n\nStone keeps the heat. This is new. Another chapter shows how long, and when.\n"
    )
    assert find(old, new, "This") is None
    # One word beside it may be another, as long as the text goes on as it did.
    new = "# Ovens\n\nStone keeps the heat. This page shows how much, and where.\n"
    assert find(old, new, "This") == new.index("This")


def test_a_line_that_is_more_like_another_old_one_is_not_the_quotes() -> None:
    loaf = "- A loaf as part of the [bread](https://example.com/bread-and-rolls.html) shelf.\n"
    roll = "- A roll as part of the [bread](https://example.com/bread-and-rolls.html) shelf.\n"
    old, moved = f"{loaf}\n{roll}", loaf.replace("https:", "http:")
    of_the_roll = suggest(old, "part")[1].quote
    # The roll has gone, and the loaf's line has come to its place.
    assert Anchoring(old, f"\n{moved}").find(of_the_roll) is None
    assert Anchoring(old, f"\n{roll.replace('https:', 'http:')}").find(of_the_roll) == Span(13, 17)
