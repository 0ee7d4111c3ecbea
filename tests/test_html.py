"""Tags, attributes and comments in HTML that stands in Markdown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookpack.model import Attribute, Tag
from bookpack.read.html import is_decorative, scan_html
from bookpack.source import Span
from strategies import modest, nasty_text


def scan(markup: str, offset: int = 0) -> list[Tag | Span]:
    return list(scan_html(markup, offset))


def only_tag(markup: str) -> Tag:
    (tag,) = scan(markup)
    assert isinstance(tag, Tag)
    return tag


def values(markup: str) -> dict[str, str]:
    return {name: attribute.value for name, attribute in only_tag(markup).attributes.items()}


def names(markup: str) -> list[str]:
    return [("/" if t.closing else "") + t.name for t in scan(markup) if isinstance(t, Tag)]


# Tags


def test_an_opening_and_a_closing_tag() -> None:
    assert scan("<b>x</b>") == [
        Tag(Span(0, 3), "b", False, {}),
        Tag(Span(4, 8), "b", True, {}),
    ]


def test_the_offset_moves_every_position() -> None:
    (tag,) = scan('<a href="x">', 100)
    assert tag == Tag(
        Span(100, 112), "a", False, {"href": Attribute("x", Span(109, 110), quoted=True)}
    )


def test_names_are_in_lower_case() -> None:
    tag = only_tag("<IMG SRC=x>")
    assert (tag.name, list(tag.attributes)) == ("img", ["src"])


@pytest.mark.parametrize("markup", ["<br/>", "<br />", "<br\n/>", "<br>"])
def test_a_tag_may_close_itself(markup: str) -> None:
    tag = only_tag(markup)
    assert (tag.name, tag.closing, tag.attributes) == ("br", False, {})
    assert tag.span == Span(0, len(markup))


def test_custom_elements() -> None:
    assert names("<my-element></my-element>") == ["my-element", "/my-element"]


@pytest.mark.parametrize(
    "text",
    ["a < b > c", "<3 >", "< b>", "<>", "</>", "</ b>", "1<2", "<a href='x'", "<b", "&lt;b>"],
)
def test_what_is_no_tag(text: str) -> None:
    assert scan(text) == []


def test_declarations_and_instructions_are_no_tags() -> None:
    assert scan("<!DOCTYPE html><?php x ?>") == []


# Attributes


@pytest.mark.parametrize(
    ("markup", "quoted"),
    [
        ('<a href="/x?y=1">', True),
        ("<a href='/x?y=1'>", True),
        ("<a href=/x?y=1>", False),
        ('<a href = "/x?y=1" >', True),
        ('<a\n  class="c"\n  href="/x?y=1"\n>', True),
        ('<a class=c href="/x?y=1"id=i>', True),
    ],
)
def test_an_attribute_in_any_notation(markup: str, quoted: bool) -> None:
    href = only_tag(markup).attributes["href"]
    assert (href.value, href.quoted) == ("/x?y=1", quoted)
    assert href.span is not None
    assert href.span.slice(markup) == "/x?y=1"


def test_entities_in_values_are_resolved_and_the_span_keeps_them() -> None:
    markup = '<a href="?a=1&amp;b=2&#x27;&eacute;">'
    href = only_tag(markup).attributes["href"]
    assert href.value == "?a=1&b=2'é"
    assert href.span is not None
    assert href.span.slice(markup) == "?a=1&amp;b=2&#x27;&eacute;"


def test_a_value_may_hold_brackets_quotes_of_the_other_kind_and_line_breaks() -> None:
    markup = """<img alt="a > b, it's <b>\nnew" src='say "x"'>"""
    assert values(markup) == {"alt": "a > b, it's <b>\nnew", "src": 'say "x"'}


def test_an_empty_value_has_a_place_and_a_missing_value_has_none() -> None:
    attributes = only_tag('<img alt="" hidden>').attributes
    assert attributes == {
        "alt": Attribute("", Span(10, 10), quoted=True),
        "hidden": Attribute("", None, quoted=False),
    }


def test_the_first_of_two_attributes_of_one_name_counts() -> None:
    assert values('<a href="first" HREF="second">') == {"href": "first"}


def test_attributes_of_closing_tags_do_not_count() -> None:
    assert only_tag('</a href="x">').attributes == {}


def test_an_unquoted_value_that_ends_in_a_slash() -> None:
    assert values("<a href=/docs/>") == {"href": "/docs/"}


def test_names_that_contain_one_another_are_not_mixed_up() -> None:
    markup = '<img data-src="lazy.png" src="real.png" srcset="big.png 2x">'
    assert values(markup) == {
        "data-src": "lazy.png",
        "src": "real.png",
        "srcset": "big.png 2x",
    }


def test_text_before_a_tag_may_be_of_any_length_in_bytes() -> None:
    markup = '世😀é <a href="世.html">'
    tag = only_tag(markup)
    assert tag.span.slice(markup) == '<a href="世.html">'
    assert tag.attributes["href"] == Attribute("世.html", Span(13, 19), quoted=True)


# Comments and raw text


def test_a_comment_is_a_span_and_hides_its_tags() -> None:
    markup = "a <!-- <b> --> <i>"
    comment, tag = scan(markup)
    assert isinstance(comment, Span)
    assert comment.slice(markup) == "<!-- <b> -->"
    assert isinstance(tag, Tag)
    assert tag.name == "i"


def test_a_comment_over_several_lines() -> None:
    markup = "<!--\none\n\ntwo\n-->"
    assert scan(markup) == [Span(0, len(markup))]


@pytest.mark.parametrize("comment", ["<!-->", "<!--->", "<!---->"])
def test_the_shortest_comments(comment: str) -> None:
    after = Span(len(comment) + 1, len(comment) + 4)
    assert scan(f"{comment} <b>") == [Span(0, len(comment)), Tag(after, "b", False, {})]


def test_an_unclosed_comment_is_a_span_of_no_length() -> None:
    assert scan("a <!-- b <i> c") == [Span(2, 2)]


def test_what_stands_in_scripts_and_styles_is_skipped() -> None:
    markup = "<script>if (a<b) '<i>'</script><STYLE>x{}<b></style><em>"
    assert names(markup) == ["script", "/script", "style", "/style", "em"]


def test_a_script_that_is_never_closed_hides_the_rest() -> None:
    assert names("<script><b><i></style>") == ["script"]


# Decoration


@pytest.mark.parametrize(
    "attributes",
    [
        'alt=""',
        "alt=''",
        "alt",
        'role="presentation"',
        "role=none",
        'role="Presentation" alt="x"',
        'aria-hidden="true"',
        "hidden",
        'style="display: none"',
        'style="color:red;DISPLAY:NONE"',
        'width="1" height="1"',
        "width=1px height=0",
        "height=1",
    ],
)
def test_images_that_the_author_called_decoration(attributes: str) -> None:
    assert is_decorative(only_tag(f'<img src="x.png" {attributes}>'))


@pytest.mark.parametrize(
    "attributes",
    [
        "",
        'alt="A map"',
        'role="img"',
        'aria-hidden="false"',
        'style="display: block"',
        'width="100"',
        'width="1" height="100"',
        "width=100% height=1",
        'data-hidden="x"',
    ],
)
def test_images_that_are_no_decoration(attributes: str) -> None:
    assert not is_decorative(only_tag(f'<img src="x.png" {attributes}>'))


# Properties


@given(nasty_text, st.integers(0, 1000))
@modest
def test_every_span_lies_where_it_says(markup: str, offset: int) -> None:
    end = 0
    for item in scan(markup, offset):
        span = item.span if isinstance(item, Tag) else item
        assert offset + end <= span.start <= span.end <= offset + len(markup)
        end = span.end - offset
        if isinstance(item, Tag):
            whole = span.shifted(-offset).slice(markup)
            assert whole[0] == "<"
            assert whole[-1] == ">"
            assert whole.lower().startswith(f"<{'/' if item.closing else ''}{item.name}")
            for attribute in item.attributes.values():
                if attribute.span is not None:
                    assert span.start < attribute.span.start <= attribute.span.end < span.end


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["href", "src", "alt", "title", "data-x", "aria-label"]),
            st.text(alphabet="ab >=/<é世\n", max_size=6),
            st.sampled_from(['"', "'"]),
        ),
        unique_by=lambda attribute: attribute[0],
        max_size=5,
    ),
    st.sampled_from([" ", "\n", "\t ", "  "]),
)
@modest
def test_a_tag_written_from_attributes_gives_these_attributes(
    attributes: list[tuple[str, str, str]], blank: str
) -> None:
    inner = "".join(f"{blank}{name}={mark}{value}{mark}" for name, value, mark in attributes)
    markup = f"<img{inner}>"
    assert values(markup) == {name: value for name, value, _ in attributes}


# Hostile input


@pytest.mark.parametrize(
    ("markup", "tags"),
    [
        pytest.param("<a " * 5_000, 0, id="unclosed tags"),
        pytest.param("<" * 50_000, 0, id="opening brackets"),
        pytest.param('<a href="' * 5_000, 0, id="unclosed quotes"),
        pytest.param("<!--" * 20_000, 1, id="comments that never end"),
        pytest.param("<a b" + " c" * 50_000 + ">", 1, id="fifty thousand attributes"),
        pytest.param("<script>" * 5_000, 1, id="scripts that never end"),
        pytest.param("<b>" * 50_000, 50_000, id="fifty thousand open elements"),
    ],
)
def test_hostile_markup_is_scanned(markup: str, tags: int) -> None:
    assert len(scan(markup)) == tags
