"""Texts, places in them, and edits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookpack.source import (
    Edit,
    OverlappingEditsError,
    Position,
    Source,
    Span,
    apply_edits,
    normalise_newlines,
)
from strategies import characters, modest, nasty_text, text_with_edits


def read(data: bytes) -> Source:
    return Source.from_bytes("chapter.md", data)


# Spans


def test_a_span_is_half_open_and_counts_code_points() -> None:
    assert Span(1, 3).slice("a😀é世b") == "😀é"
    assert Span(2, 2).slice("abc") == ""


def test_a_shifted_span_keeps_its_length() -> None:
    assert Span(3, 7).shifted(10) == Span(13, 17)
    assert Span(3, 7).shifted(-3) == Span(0, 4)


# Bytes in, bytes out


def test_plain_utf8_is_read_and_written_unchanged() -> None:
    data = "# Überschrift\n\nText 世界 😀\n".encode()
    source = read(data)
    assert source.text == "# Überschrift\n\nText 世界 😀\n"
    assert (source.encoding, source.bom, source.undecodable) == ("utf-8", False, ())
    assert source.to_bytes() == data


def test_an_empty_file_is_an_empty_text() -> None:
    source = read(b"")
    assert (source.text, source.newline, source.bom) == ("", "\n", False)
    assert source.to_bytes() == b""
    assert source.position(0) == Position(1, 1)
    assert source.offset(1, 1) == 0


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")],
)
def test_a_byte_order_mark_names_the_encoding_and_is_no_part_of_the_text(
    mark: bytes, encoding: str
) -> None:
    data = mark + "# Hé 😀\r\n".encode(encoding)
    source = read(data)
    assert source.text == "# Hé 😀\r\n"
    assert (source.encoding, source.bom, source.newline) == (encoding, True, "\r\n")
    assert source.to_bytes() == data
    assert source.to_bytes("new") == mark + "new".encode(encoding)


def test_only_the_first_byte_order_mark_is_one() -> None:
    data = b"\xef\xbb\xbf\xef\xbb\xbfx"
    source = read(data)
    assert source.text == "\ufeffx"
    assert source.to_bytes() == data


def test_undecodable_bytes_become_replacement_characters_whose_places_are_known() -> None:
    source = read(b"ab\xffc\xc3\n\xe4\xb8")
    assert source.text == "ab\ufffdc\ufffd\n\ufffd\ufffd"
    assert source.undecodable == (2, 4, 6, 7)


def test_a_replacement_character_that_the_author_wrote_is_not_undecodable() -> None:
    source = read("a\ufffdb".encode() + b"\x80")
    assert source.text == "a\ufffdb\ufffd"
    assert source.undecodable == (3,)
    assert read("a\ufffdb".encode()).undecodable == ()


def test_utf16_with_half_a_character_is_undecodable() -> None:
    source = read(b"\xff\xfea\x00b\x00\x00")
    assert source.text == "ab\ufffd"
    assert source.undecodable == (2,)


def test_a_replacement_character_written_in_utf16_is_not_undecodable() -> None:
    source = read(b"\xff\xfe" + "a\ufffdb".encode("utf-16-le") + b"\x00")
    assert source.text == "a\ufffdb\ufffd"
    assert source.undecodable == (3,)


def test_a_source_with_undecodable_bytes_refuses_to_be_written() -> None:
    with pytest.raises(ValueError, match=r"chapter\.md holds bytes that are not utf-8"):
        read(b"caf\xe9").to_bytes()


@given(st.binary(max_size=60))
@modest
def test_reading_bytes_never_raises_and_what_can_be_written_comes_back(data: bytes) -> None:
    source = read(data)
    assert all(source.text[place] == "\ufffd" for place in source.undecodable)
    if not source.undecodable:
        assert source.to_bytes() == data


@given(st.text(characters), st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]))
@modest
def test_any_text_survives_the_round_trip_in_any_encoding(text: str, encoding: str) -> None:
    data = ("\ufeff" + text).encode(encoding)
    source = read(data)
    assert (source.text, source.encoding) == (text, encoding)
    assert source.to_bytes() == data


# Line endings, lines and columns


@pytest.mark.parametrize(
    ("text", "newline"),
    [
        ("", "\n"),
        ("no line ending", "\n"),
        ("a\nb\n", "\n"),
        ("a\r\nb\r\n", "\r\n"),
        ("a\rb\r", "\r"),
        ("a\r\nb\r\nc\n", "\r\n"),
        ("a\nb\nc\r\n", "\n"),
        ("a\rb\rc\r\n", "\r"),
        ("a\r\r\n\r\n", "\r\n"),
    ],
)
def test_the_newline_style_is_that_of_most_lines(text: str, newline: str) -> None:
    assert read(text.encode()).newline == newline


def test_line_feed_carriage_return_and_both_end_a_line() -> None:
    source = read(b"a\nbc\r\nd\re")
    assert list(source.line_starts) == [0, 2, 6, 8]
    assert [source.position(offset) for offset in range(10)] == [
        Position(1, 1),  # a
        Position(1, 2),  # \n
        Position(2, 1),  # b
        Position(2, 2),  # c
        Position(2, 3),  # \r
        Position(2, 4),  # \n
        Position(3, 1),  # d
        Position(3, 2),  # \r
        Position(4, 1),  # e
        Position(4, 2),  # end of the text
    ]


def test_nothing_else_ends_a_line() -> None:
    source = read("a\u2028b\u2029c\x85d\x0be\x0cf".encode())
    assert list(source.line_starts) == [0]


def test_columns_count_code_points() -> None:
    source = read("äß\n世😀x".encode())
    assert source.position(source.text.index("x")) == Position(2, 3)
    assert source.offset(2, 3) == 5


@pytest.mark.parametrize(
    ("line", "column"), [(0, 1), (1, 0), (1, -1), (-1, 1), (1, 4), (2, 3), (3, 1)]
)
def test_a_place_that_the_text_does_not_have_raises(line: int, column: int) -> None:
    source = read(b"ab\nc")
    with pytest.raises(ValueError, match=f"no line {line}, column {column}"):
        source.offset(line, column)


def test_the_end_of_the_text_is_a_place() -> None:
    assert read(b"ab\nc").offset(2, 2) == 4
    assert read(b"ab\n").offset(2, 1) == 3


@given(st.text(alphabet="ab\n\r世😀\u2028", max_size=30), st.data())
@modest
def test_the_offset_of_an_offsets_position_is_that_offset(text: str, data: st.DataObject) -> None:
    source = Source("chapter.md", text)
    offset = data.draw(st.integers(0, len(text)))
    assert source.offset(*source.position(offset)) == offset


@given(st.text(alphabet="ab\n\r世", max_size=30))
@modest
def test_lines_are_those_of_normalised_text(text: str) -> None:
    assert len(Source("chapter.md", text).line_starts) == len(normalise_newlines(text).split("\n"))


def test_normalised_newlines_are_line_feeds() -> None:
    assert normalise_newlines("a\r\nb\rc\n\r\r\n\nd") == "a\nb\nc\n\n\n\nd"


# Edits


def test_edits_replace_insert_and_delete() -> None:
    edits = [Edit(Span(0, 3), "one"), Edit(Span(4, 4), "new "), Edit(Span(7, 8), "")]
    assert apply_edits("ein zwei", edits) == "one new zwe"


def test_no_edits_give_the_same_text() -> None:
    assert apply_edits("a\r\nb\0", []) == "a\r\nb\0"


def test_an_insertion_may_touch_a_replacement_on_either_side() -> None:
    edits = [Edit(Span(1, 2), "X"), Edit(Span(1, 1), "<"), Edit(Span(2, 2), ">")]
    assert apply_edits("abc", edits) == "a<X>c"


def test_replacements_may_touch_one_another() -> None:
    assert apply_edits("abcd", [Edit(Span(2, 4), "Y"), Edit(Span(0, 2), "X")]) == "XY"


def test_insertions_at_both_ends() -> None:
    assert apply_edits("b", [Edit(Span(1, 1), "c"), Edit(Span(0, 0), "a")]) == "abc"
    assert apply_edits("", [Edit(Span(0, 0), "a")]) == "a"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(Span(0, 2), Span(1, 3), id="sharing a character"),
        pytest.param(Span(0, 4), Span(1, 2), id="one inside the other"),
        pytest.param(Span(1, 3), Span(1, 3), id="the same place"),
        pytest.param(Span(1, 2), Span(1, 3), id="the same start"),
        pytest.param(Span(0, 3), Span(2, 2), id="an insertion inside a replacement"),
        pytest.param(Span(2, 2), Span(2, 2), id="two insertions at one place"),
    ],
)
def test_edits_that_claim_the_same_place_raise(first: Span, second: Span) -> None:
    for edits in ([Edit(first, "x"), Edit(second, "y")], [Edit(second, "y"), Edit(first, "x")]):
        with pytest.raises(OverlappingEditsError, match="claim the same place"):
            apply_edits("abcdef", edits)


def test_the_same_edit_given_twice_raises() -> None:
    with pytest.raises(OverlappingEditsError):
        apply_edits("abc", [Edit(Span(0, 1), "x"), Edit(Span(0, 1), "x")])


@pytest.mark.parametrize("span", [Span(-1, 1), Span(0, 4), Span(2, 1), Span(4, 4)])
def test_a_span_outside_the_text_raises(span: Span) -> None:
    with pytest.raises(ValueError, match="lies outside a text of 3 code points"):
        apply_edits("abc", [Edit(span, "x")])


@given(text_with_edits(), st.randoms(use_true_random=False))
@modest
def test_edits_give_the_same_text_in_any_order(given_text: tuple[str, list[Edit]], dice) -> None:
    text, edits = given_text
    shuffled = list(edits)
    dice.shuffle(shuffled)
    assert apply_edits(text, shuffled) == apply_edits(text, edits)


@given(text_with_edits())
@modest
def test_edits_do_what_replacing_from_right_to_left_does(
    given_text: tuple[str, list[Edit]],
) -> None:
    text, edits = given_text
    expected = text
    for (start, end), replacement in reversed(edits):
        expected = expected[:start] + replacement + expected[end:]
    assert apply_edits(text, edits) == expected


@given(text_with_edits())
@modest
def test_text_outside_edits_does_not_change(given_text: tuple[str, list[Edit]]) -> None:
    text, edits = given_text
    changed = apply_edits(text, edits)
    by = position = 0
    for (start, end), replacement in edits:
        assert changed[position + by : start + by] == text[position:start]
        by += len(replacement) - (end - start)
        position = end
    assert changed[position + by :] == text[position:]


@given(text_with_edits(), st.data())
@modest
def test_an_edit_across_another_one_always_raises(
    given_text: tuple[str, list[Edit]], data: st.DataObject
) -> None:
    text, edits = given_text
    wide = [edit for edit in edits if edit.span.end > edit.span.start]
    if not wide:
        return
    span = data.draw(st.sampled_from(wide)).span
    inside = data.draw(st.integers(span.start, span.end - 1))
    across = Edit(Span(inside, inside + 1), "!")
    with pytest.raises(OverlappingEditsError):
        apply_edits(text, [*edits, across])


@given(nasty_text)
@modest
def test_no_edits_give_the_same_bytes(text: str) -> None:
    data = text.encode()
    source = read(data)
    assert source.to_bytes(apply_edits(source.text, [])) == data
