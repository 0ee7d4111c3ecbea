"""Which fixes reach a person, and why the others do not."""

import time
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookpack.desks.grammar.edits import Shape, shape_of, smallest, word_distance
from bookpack.desks.grammar.evaluate import as_chapter
from bookpack.desks.grammar.fix import Fix
from bookpack.desks.grammar.prose import blocks_of
from bookpack.desks.grammar.validate import Reason, Refused, Resolved, Validator
from bookpack.read.leaf_blocks import skeleton
from bookpack.source import Edit, Span, apply_edits

TEXT = """# The title

Some teh words stand *here and* `teh` there, and teh end.

A second paragraph of teh chapter.

- [a label] in a list

[a label]: one.md
"""


def resolve(fix: Fix, text: str = TEXT) -> list[Resolved] | Refused:
    chapter = as_chapter(text)
    return Validator(chapter).resolve(fix, blocks_of(chapter))


def model(pattern: str, replacement: str, expected: int = 1, quote: str = "") -> Fix:
    return Fix("model", quote, replacement, pattern, expected=expected)


def test_a_fix_is_resolved_to_the_words_that_change() -> None:
    found = resolve(model(r"Some teh (words)", r"Some the \1", quote="Some teh words"))
    assert isinstance(found, list)
    ((span, after),) = [(one.span, one.after) for one in found]
    assert (span.slice(TEXT), after) == ("teh", "the")
    assert apply_edits(TEXT, [Edit(span, after)]) == TEXT.replace("Some teh", "Some the")


def test_a_pattern_may_mean_several_places_if_it_says_so() -> None:
    found = resolve(model(r"\bteh\b", "the", 3))
    assert isinstance(found, list)
    assert [one.block.text[:4] for one in found] == ["Some", "Some", "A se"]


@pytest.mark.parametrize(
    ("fix", "reason"),
    [
        (model("", "x"), Reason.NO_PATTERN),
        (model("a" * 301, "x"), Reason.TOO_LONG),
        (model(r"(?<=Some )teh", "the"), Reason.NOT_RE2),
        (model(r"teh(?= words)", "the"), Reason.NOT_RE2),
        (model(r"(t)\1", "the"), Reason.NOT_RE2),
        (model("(", "x"), Reason.NOT_RE2),
        (model("((a{100}){100}){100}", "x"), Reason.TOO_COSTLY),
        (model("()" * 10, "x"), Reason.TOO_COSTLY),
        (model(r"(\w*\s*){40}Z", "x"), Reason.TOO_COSTLY),
        (model(r"(?:\pL?){40}" * 2, "x"), Reason.TOO_COSTLY),
        (model(r"\pL?" * 70, "x"), Reason.NOT_RE2),
        (model("\ud800", "x"), Reason.NOT_RE2),
        (model("Some", r"\2"), Reason.BAD_REPLACEMENT),
        (model("x*", "y"), Reason.EMPTY_MATCH),
        (model("(A second.*)", "One."), Reason.WHOLE_BLOCK),
        (model("nowhere", "x"), Reason.NO_MATCH),
        (model("(a+)+$", "x"), Reason.NO_MATCH),
        (model(r"end\.\n\nA", "end. A"), Reason.ACROSS_BLOCKS),
        (model("one.md", "two.md"), Reason.ONLY_CUT_OUT),
        (model("teh", "the"), Reason.WRONG_COUNT),
        (model(".", "x"), Reason.WRONG_COUNT),
        (model("teh", "the", 2), Reason.WRONG_COUNT),
        (model("Some teh", "Some the", quote="teh end"), Reason.ELSEWHERE),
        (model("and ⟦code⟧ there", "and that"), Reason.PROTECTED),
        (model("and ⟦code⟧ there", "and ⟦code⟧ ⟦code⟧ there"), Reason.PLACEHOLDER),
        (model("here and ⟦code⟧", "here also ⟦code⟧ x"), Reason.PLACEHOLDER),
        (model("Some", "Some"), Reason.NO_CHANGE),
        (model("Some teh", "Some\n\nthe"), Reason.CONTROL),
        (model("Some teh", "Some\u0000the"), Reason.CONTROL),
        (model("Some teh", "Some \u202ethe"), Reason.CONTROL),
        (model("Some teh", "Some\u200b the"), Reason.CONTROL),
        (model("Some teh", "# The"), Reason.STRUCTURE),
        (model("teh words", "`the` words"), Reason.STRUCTURE),
        (model("here and", "he*re and"), Reason.STRUCTURE),
        (model("a label", "the label"), Reason.STRUCTURE),
        (model("Some teh", "<b>the"), Reason.STRUCTURE),
    ],
)
def test_what_is_refused_and_why(fix: Fix, reason: Reason) -> None:
    found = resolve(fix)
    assert isinstance(found, Refused)
    assert (found.reason, found.fix, found.path) == (reason, fix, "line.md")


def test_a_placeholder_that_stays_where_it_is_does_no_harm() -> None:
    found = resolve(model("⟦code⟧ there, and teh", "⟦code⟧ there, and the"))
    assert isinstance(found, list)
    assert [(one.before, one.after) for one in found] == [("teh", "the")]


def test_a_large_change_is_a_rewrite_and_a_heading_tells_when_its_address_changes() -> None:
    (large,) = resolve(model("second paragraph of teh", "wholly other set of many new words"))
    (heading,) = resolve(model("title", "name"))
    (marks,) = resolve(model("title", "Title"))
    assert isinstance(large, Resolved)
    assert isinstance(heading, Resolved)
    assert isinstance(marks, Resolved)
    assert (large.shape, heading.renames, marks.renames) == (Shape.REWRITE, True, False)


def test_a_known_place_is_taken_literally() -> None:
    chapter = as_chapter("It cost a b.")
    fix = Fix("rules", "a", r"\1", span=Span(8, 9))
    (found,) = Validator(chapter).resolve(fix, blocks_of(chapter))
    assert isinstance(found, Resolved)
    assert found.after == r"\1"
    wrong = Fix("rules", "x", "y", span=Span(8, 9))
    assert Validator(chapter).resolve(wrong, blocks_of(chapter)) == Refused(
        wrong, "line.md", Reason.ELSEWHERE
    )


HOSTILE = (
    "(a+)+$",
    "(a|a)*b",
    "(.*)*x",
    "(?:a?){40}x",
    ".?" * 149 + "x",
    "(.*)" * 9 + "z",
    "[^x]*" * 50,
    r"(\w+\s?)*$",
)


def test_no_pattern_takes_long_on_a_long_chapter() -> None:
    chapter = as_chapter("\n\n".join("a" * 900 + " words and more of them" for _ in range(40)))
    blocks = blocks_of(chapter)
    validator = Validator(chapter)
    for pattern in HOSTILE:
        started = time.process_time()
        validator.resolve(model(pattern, "x"), blocks)
        # Some 0.03 s each; a pattern that backtracks would take years.
        assert time.process_time() - started < 1, pattern


def test_ten_thousand_hostile_patterns_come_to_an_end() -> None:
    chapter = as_chapter("a" * 400 + " some words")
    blocks = blocks_of(chapter)
    validator = Validator(chapter)
    patterns = (f"{pattern}{number}" for number in range(10_000) for pattern in HOSTILE[:3])
    for pattern in islice(patterns, 10_000):
        assert isinstance(validator.resolve(model(pattern, "x"), blocks), Refused)


@pytest.mark.parametrize(
    ("text", "before", "after", "change"),
    [
        ("see the the end", "the the", "the", (" the", "")),
        ("an test is", "an test", "a test", ("an", "a")),
        ("However we go", "However", "However,", ("However", "However,")),
        ("in to it", "in to", "into", ("in to", "into")),
        ("it dont go", "it dont go", "it don't go", ("dont", "don't")),
        ("so ⟦code⟧ ends", "", ".", (" ", ". ")),
    ],
)
def test_a_change_is_made_as_small_as_words_are(
    text: str, before: str, after: str, change: tuple[str, str]
) -> None:
    at = text.index(before) if before else 9
    span, kept = smallest(text, Span(at, at + len(before)), after)
    assert (span.slice(text), kept) == change


@given(st.text("ab ,.'⟦", max_size=20), st.text("ab ,.'", max_size=20), st.data())
def test_the_smallest_change_changes_the_same(text: str, after: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    span, kept = smallest(text, Span(start, end), after)
    whole = apply_edits(text, [Edit(Span(start, end), after)])
    assert apply_edits(text, [Edit(span, kept)]) == whole


def test_distance_and_shape_are_counted_in_words() -> None:
    assert word_distance("could of gone", "could have gone") == 1
    assert shape_of("teh", "the") is Shape.WORD
    assert shape_of("github", "GitHub") is Shape.MARKS
    assert shape_of("alot", "a lot") is Shape.MARKS
    assert shape_of("of", "of the") is Shape.WORDS
    assert shape_of("one", "a b c d e f") is Shape.REWRITE


@given(st.text("ab *_`[]<>!#-1.\n|", max_size=60), st.text("ab *_`,.", min_size=1, max_size=6))
def test_whatever_is_let_through_leaves_the_chapter_built_as_it_was(text: str, new: str) -> None:
    chapter = as_chapter(text)
    validator = Validator(chapter)
    for block in blocks_of(chapter):
        for match_at in range(len(block.text)):
            span = Span(match_at, match_at + 1)
            fix = Fix("rules", span.slice(block.text), new, span=span)
            found = validator.resolve(fix, [block])
            if isinstance(found, list):
                changed = apply_edits(text, [Edit(found[0].span, found[0].after)])
                names = [event[0] for event in skeleton(text)]
                assert [event[0] for event in skeleton(changed)] == names
