"""Anchors of headings, as GitHub gives them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookpack.read.anchors import GITHUB, AnchorNumbers, AnchorRule, github_anchor
from bookpack.read.markdown import parse_markdown
from strategies import characters, modest


@pytest.mark.parametrize(
    ("text", "anchor"),
    [
        ("Introduction", "introduction"),
        ("Getting Started", "getting-started"),
        ("What's new?", "whats-new"),
        ("C++ & Rust", "c--rust"),
        ("a - b", "a---b"),
        ("two  blanks", "two--blanks"),
        ("snake_case and kebab-case", "snake_case-and-kebab-case"),
        ("1.2.3 Release", "123-release"),
        ("(Parentheses) [brackets] {braces}", "parentheses-brackets-braces"),
        ("Ampersand & entity;", "ampersand--entity"),
        ("$x^2$", "x2"),
        ("...", ""),
        ("", ""),
    ],
)
def test_ascii_keeps_letters_digits_hyphens_and_underscores(text: str, anchor: str) -> None:
    assert github_anchor(text) == anchor


@pytest.mark.parametrize(
    ("text", "anchor"),
    [
        ("Über uns", "über-uns"),
        ("ΑΒΓ", "αβγ"),
        ("README を書く", "readme-を書く"),
        ("日本語、見出し。", "日本語見出し"),
        ("हिन्दी", "हिन्दी"),
        ("سلام دنیا", "سلام-دنیا"),
        ("cafe\u0301", "cafe\u0301"),
        ("😀 Smile", "-smile"),
        ("a — b", "a--b"),
        ("“Quoted”", "quoted"),
        ("undertie‿joins", "undertie‿joins"),
        ("x² and ½", "x-and-"),
        ("٣ أرقام", "٣-أرقام"),
        ("no\u00a0break", "nobreak"),
    ],
)
def test_other_scripts_keep_letters_marks_and_digits_and_lose_punctuation(
    text: str, anchor: str
) -> None:
    assert github_anchor(text) == anchor


@given(st.text(characters, max_size=20))
@modest
def test_an_anchor_has_no_blanks_and_is_its_own_anchor(text: str) -> None:
    anchor = github_anchor(text)
    assert not any(character.isspace() for character in anchor)
    assert github_anchor(anchor) == anchor


def numbered(*anchors: str, rule: AnchorRule = GITHUB) -> list[str]:
    numbers = AnchorNumbers(rule)
    return [numbers.claim(anchor) for anchor in anchors]


def test_repeated_anchors_are_numbered() -> None:
    assert numbered("foo", "foo", "bar", "foo") == ["foo", "foo-1", "bar", "foo-2"]


def test_a_number_never_takes_the_anchor_of_an_earlier_heading() -> None:
    assert numbered("foo-1", "foo", "foo") == ["foo-1", "foo", "foo-2"]


def test_a_heading_whose_own_anchor_was_given_away_as_a_number_gets_one_itself() -> None:
    assert numbered("foo", "foo", "foo-1") == ["foo", "foo-1", "foo-1-1"]


def test_headings_without_letters_are_numbered_too() -> None:
    assert numbered("", "", "") == ["", "-1", "-2"]


def test_a_rule_says_how_repeated_and_empty_anchors_are_numbered() -> None:
    rule = AnchorRule("other", github_anchor, separator="_", first_number=2, empty="section")
    assert numbered("a", "a", "", "a", "", rule=rule) == [
        "a",
        "a_2",
        "section",
        "a_3",
        "section_2",
    ]


@given(st.lists(st.sampled_from(["a", "a-1", "a-2", "a-1-1", "b", ""]), max_size=20))
@modest
def test_no_two_headings_share_an_anchor(anchors: list[str]) -> None:
    given_out = numbered(*anchors)
    assert len(set(given_out)) == len(anchors)
    assert all(out.startswith(anchor) for out, anchor in zip(given_out, anchors, strict=True))


def anchors_of(text: str) -> list[str]:
    return [heading.anchor for heading in parse_markdown(text).headings]


def test_the_anchor_of_a_heading_is_made_of_its_plain_text() -> None:
    assert anchors_of("# *The* `code()` and [a link](x.md)\n") == ["the-code-and-a-link"]


def test_headings_of_one_text_are_numbered_in_order() -> None:
    text = "# Same\n\n## Same\n\nSame\n====\n\n### Same-1\n"
    assert anchors_of(text) == ["same", "same-1", "same-2", "same-1-1"]


def test_an_anchor_that_the_author_wrote_down_stays_as_written() -> None:
    assert anchors_of("# Title {#My.Own_Id}\n") == ["My.Own_Id"]


def test_an_anchor_that_the_author_wrote_down_is_taken_for_later_headings() -> None:
    assert anchors_of("# One {#two}\n\n# Two\n") == ["two", "two-1"]
