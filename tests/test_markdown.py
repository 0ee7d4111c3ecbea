"""What `parse_markdown` finds, one construct at a time: small texts and what stands where."""

from html import unescape

import pytest
from hypothesis import given

from bookpack.model import Definition, Heading, Image, Link, LinkKind, SpanList, Structure
from bookpack.read.destinations import unescape_markdown
from bookpack.read.front_matter import read_front_matter
from bookpack.read.markdown import parse_markdown
from bookpack.source import Span
from strategies import Written, few, modest, nasty_text, written_documents


def headings(text: str) -> tuple[Heading, ...]:
    return parse_markdown(text).headings


def links(text: str) -> tuple[Link, ...]:
    return parse_markdown(text).links


def only_link(text: str) -> Link:
    (link,) = links(text)
    return link


def images(text: str) -> tuple[Image, ...]:
    return parse_markdown(text).images


def only_image(text: str) -> Image:
    (image,) = images(text)
    return image


def only_definition(text: str) -> Definition:
    (definition,) = parse_markdown(text).definitions
    return definition


def slices(spans: SpanList | tuple[Span, ...], text: str) -> list[str]:
    return [span.slice(text) for span in spans]


def target_of(link: Link | Image | Definition, text: str) -> str:
    assert link.target_span is not None
    return link.target_span.slice(text)


def problems(text: str) -> list[tuple[str, str]]:
    """Return rule and place (as text) of every problem."""
    return [(found.rule, found.span.slice(text)) for found in parse_markdown(text).problems]


# Nothing


@pytest.mark.parametrize("text", ["", "\n", "\r\n\r\n", " \t ", "\0", "\ufeff"])
def test_a_text_of_nothing(text: str) -> None:
    found = parse_markdown(text)
    assert (found.headings, found.links, found.images, found.problems) == ((), (), (), ())


def test_an_empty_text_gives_an_empty_structure() -> None:
    found = parse_markdown("")
    assert found == Structure(body_start=0)


# Headings


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5, 6])
def test_a_heading_of_number_signs(level: int) -> None:
    text = f"{'#' * level} Title\n\nText\n"
    assert headings(text) == (Heading(level, "Title", "title", Span(0, level + 7)),)


def test_seven_number_signs_make_no_heading() -> None:
    assert headings("####### Title\n#Title\n") == ()


def test_closing_number_signs_are_no_part_of_the_title() -> None:
    assert [h.text for h in headings("# One #\n\n## Two ####\n\n# C#\n")] == ["One", "Two", "C#"]


@pytest.mark.parametrize(("line", "level"), [("=====", 1), ("-----", 2), ("=", 1), ("-  ", 2)])
def test_an_underlined_heading(line: str, level: int) -> None:
    text = f"Before\n\nThe Title\n{line}\nText\n"
    (heading,) = headings(text)
    assert (heading.level, heading.text, heading.anchor) == (level, "The Title", "the-title")
    assert heading.span.slice(text) == f"The Title\n{line}\n"


def test_an_underlined_heading_may_have_several_lines() -> None:
    text = "The\n*long*\ntitle\n===\n"
    (heading,) = headings(text)
    assert (heading.text, heading.span) == ("The long title", Span(0, len(text)))


def test_a_heading_on_the_last_line_needs_no_line_ending() -> None:
    assert headings("Text\n\n## End") == (Heading(2, "End", "end", Span(6, 12)),)


def test_the_text_of_a_heading_is_plain() -> None:
    text = "# *Em* **strong** `code` [link](x) ~~gone~~ \\* &amp; <b>bold</b> $x$\n"
    (heading,) = headings(text)
    assert heading.text == "Em strong code link gone * & bold x"


def test_an_image_is_no_part_of_a_headings_text() -> None:
    assert [h.text for h in headings("# ![logo](l.png) Title\n")] == ["Title"]


def test_an_empty_heading_has_no_text() -> None:
    assert [(h.level, h.text, h.anchor) for h in headings("#\n\n##\n")] == [
        (1, "", ""),
        (2, "", "-1"),
    ]


def test_a_heading_with_an_anchor_of_its_own() -> None:
    text = "## The Title {#own-anchor}\n"
    assert headings(text) == (Heading(2, "The Title", "own-anchor", Span(0, len(text))),)


@pytest.mark.parametrize(
    "attributes", ["{#own .class}", "{.class #own}", '{ #own key="value" }', "{#own}   "]
)
def test_an_anchor_among_other_attributes(attributes: str) -> None:
    (heading,) = headings(f"# Title {attributes}\n")
    assert (heading.text, heading.anchor) == ("Title", "own")


def test_a_class_is_no_anchor_and_no_text() -> None:
    (heading,) = headings("# Title {.unnumbered}\n")
    assert (heading.text, heading.anchor) == ("Title", "title")


@pytest.mark.parametrize("title", ["Sets {a, b}", "{#id} first", "Empty {}"])
def test_other_braces_are_text(title: str) -> None:
    assert [h.text for h in headings(f"# {title}\n")] == [title]


@pytest.mark.parametrize(
    "text", ["> # Quoted\n", "- # Listed\n", "1. # Numbered\n", "> - ## Both\n", "[^1]: # Note\n"]
)
def test_a_heading_inside_another_block_is_not_outermost(text: str) -> None:
    (heading,) = headings(f"{text}\n# Outside\n")[:-1]
    assert not heading.outermost
    assert headings(f"{text}\n# Outside\n")[-1].outermost


def test_the_span_of_a_heading_in_a_quote_starts_at_its_mark() -> None:
    text = "> Text\n>\n> ## Quoted\n> more\n"
    (heading,) = headings(text)
    assert heading.span.slice(text).rstrip() == "## Quoted"


@pytest.mark.parametrize(
    "text",
    ["```\n# no\n```\n", "    # no\n", "<div>\n# no\n</div>\n", "<!--\n# no\n-->\n", "\\# no\n"],
)
def test_what_looks_like_a_heading_and_is_none(text: str) -> None:
    assert headings(text) == ()


def test_an_indented_heading_is_one() -> None:
    text = "   # Title\n"
    (heading,) = headings(text)
    assert heading.span.slice(text) == "# Title\n"


# Lines that state an address


def test_an_address_line_belongs_to_the_heading_above() -> None:
    text = "# Title\nurl: https://example.com/title/\n\nText\n"
    (heading,) = headings(text)
    assert heading.address is not None
    assert heading.address.address == "https://example.com/title/"
    assert heading.address.span.slice(text) == "url: https://example.com/title/\n"


@pytest.mark.parametrize(
    "text", ["# Title\n\nurl: /a/b\n", "Title\n===\nurl: /a/b\nText\n", "# Title\r\nurl: /a/b\r\n"]
)
def test_an_address_line_may_follow_an_empty_line_and_name_a_path(text: str) -> None:
    (heading,) = headings(text)
    assert heading.address is not None
    assert heading.address.address == "/a/b"
    assert heading.address.span.slice(text).strip() == "url: /a/b"


@pytest.mark.parametrize(
    "text",
    [
        "# Title\n\n\nurl: /a\n",
        "# Title\nText\nurl: /a\n",
        "# Title\nurl: somewhere else\n",
        "# Title\nurl: /a and more\n",
        "# Title\nURL: /a\n",
        "url: /a\n",
        "> # Title\n> url: /a\n",
    ],
)
def test_what_is_no_address_line(text: str) -> None:
    assert all(heading.address is None for heading in headings(text))


def test_an_address_line_is_protected_and_no_prose() -> None:
    text = "# Title\nurl: /a/b\nText\n"
    found = parse_markdown(text)
    assert slices(found.protected, text) == ["url: /a/b\n"]
    assert slices(found.prose, text) == ["Title", "Text"]


# Inline links


def test_an_inline_link() -> None:
    text = "See [the *text*](target.md)."
    link = only_link(text)
    assert link == Link(
        span=Span(4, 27),
        target_span=Span(17, 26),
        text="the text",
        target="target.md",
        raw_target="target.md",
        kind=LinkKind.INLINE,
    )


@pytest.mark.parametrize(
    ("written", "raw", "target"),
    [
        ("[a](b)", "b", "b"),
        ("[a](<b c>)", "b c", "b c"),
        ("[a](<b)c>)", "b)c", "b)c"),
        ("[a](b(c)d)", "b(c)d", "b(c)d"),
        ("[a](b((c))d)", "b((c))d", "b((c))d"),
        (r"[a](b\)c)", r"b\)c", "b)c"),
        (r"[a](b\(c)", r"b\(c", "b(c"),
        (r"[a](<b\>c>)", r"b\>c", "b>c"),
        (r"[a](b\_c\d)", r"b\_c\d", r"b_c\d"),
        ("[a](b&amp;c)", "b&amp;c", "b&c"),
        ("[a](b&#38;c&#x41;)", "b&#38;c&#x41;", "b&cA"),
        ("[a](b&nosuch;c)", "b&nosuch;c", "b&nosuch;c"),
        ("[a](b&copy=1)", "b&copy=1", "b&copy=1"),
        ('[a](b "title")', "b", "b"),
        ("[a](b 'title')", "b", "b"),
        ("[a](b (title))", "b", "b"),
        ('[a](b "a \\" (b) ) c")', "b", "b"),
        ("[a](  b  )", "b", "b"),
        ("[a](\n  b\n  'c'\n)", "b", "b"),
        ("[a]()", "", ""),
        ("[a](<>)", "", ""),
        ('[a](<> "title")', "", ""),
        ("[](b)", "b", "b"),
        ("[a](#b)", "#b", "#b"),
        ("[a](?b=c)", "?b=c", "?b=c"),
        ("[a](世/é😀.md)", "世/é😀.md", "世/é😀.md"),
        ("[a](b%20c)", "b%20c", "b%20c"),
        ("[a](b\u00a0c)", "b\u00a0c", "b\u00a0c"),
        ("[a](\u3000b)", "\u3000b", "\u3000b"),
        ("[a](b*c*d_e_)", "b*c*d_e_", "b*c*d_e_"),
        ("[[a]](b)", "b", "b"),
        ("[a [b] c](d)", "d", "d"),
        (r"[a \] b](c)", "c", "c"),
        ("[`](x)`](b)", "b", "b"),
        ("[a](b)(c)", "b", "b"),
        ("[a]( b\t)", "b", "b"),
    ],
)
def test_the_target_of_an_inline_link(written: str, raw: str, target: str) -> None:
    text = f"Text {written} text"
    link = only_link(text)
    assert (link.kind, link.target, link.raw_target) == (LinkKind.INLINE, target, raw)
    assert target_of(link, text) == raw
    assert written.startswith(link.span.slice(text))


@pytest.mark.parametrize(
    "text",
    [
        "[a] (b)",
        "[a](b c)",
        "[a](<b\nc>)",
        "[a](b",
        r"\[a](b)",
        r"[a\](b)",
        "`[a](b)`",
        "    [a](b)",
        "```\n[a](b)\n```",
        "<!-- [a](b) -->",
        '<b title="[a](b)">',
        "$[a](b)$",
        "[a]\n\n(b)",
    ],
)
def test_what_looks_like_an_inline_link_and_is_none(text: str) -> None:
    assert links(text) == ()


def test_a_link_has_no_link_inside() -> None:
    text = "[a [b](c) d](e)"
    assert only_link(text).span.slice(text) == "[b](c)"


def test_links_stand_in_order() -> None:
    text = "[a](1) <https://e.com> <a href='2'>b</a> [c][d]\n\n[d]: 3\n"
    assert [link.target for link in links(text)] == ["1", "https://e.com", "2", "3"]


def test_the_text_of_a_link_is_plain_and_on_one_line() -> None:
    assert only_link("[*a*  `b`\n&lt;c&gt; ![d](e)](f)").text.split() == ["a", "b", "<c>", "d"]


def test_a_link_over_several_lines() -> None:
    text = "Text [two\nlines](a.md\n'title') text"
    link = only_link(text)
    assert link.text == "two lines"
    assert link.span.slice(text) == "[two\nlines](a.md\n'title')"
    assert target_of(link, text) == "a.md"


@pytest.mark.parametrize(
    "text",
    [
        "> [two\n> lines](a.md)\n",
        "> [two lines](\n> a.md)\n",
        "> [two lines](a.md\n> 'title')\n",
        ">> [two\n>> lines](\n>> a.md\n>> )\n",
        "> - [two\n>   lines](\n>   a.md)\n",
        "> [two\nlines](\na.md)\n",
        "- [two\n  lines](\n  a.md)\n",
        "1. > [two\n   > lines](\n   > a.md)\n",
        "> [two\r\n> lines](\r\n> a.md)\r\n",
        "> [two\r> lines](\r> a.md)\r",
    ],
)
def test_a_link_over_several_lines_of_a_quote_or_list(text: str) -> None:
    link = only_link(text)
    assert (link.text, link.target) == ("two lines", "a.md")
    assert target_of(link, text) == "a.md"
    assert link.span.start == text.index("[")
    assert link.span.end == text.index(")") + 1


@pytest.mark.parametrize(
    "text",
    [
        "# [a](b)\n",
        "[a](b)\n===\n",
        "- [a](b)\n",
        "- [ ] [a](b)\n",
        "**[a](b)**",
        "*x [a](b)*",
        "| h |\n| - |\n| [a](b) |\n",
        "x[^1]\n\n[^1]: [a](b)\n",
        "<span>[a](b)</span>",
        "~~[a](b)~~",
    ],
)
def test_a_link_inside_another_construct(text: str) -> None:
    link = only_link(text)
    assert link.span.slice(text) == "[a](b)"
    assert target_of(link, text) == "b"


def test_a_target_that_equals_the_links_text_is_found_behind_it() -> None:
    text = "[a.md](a.md) and [](a) and [a](a 'a')"
    assert [link.target_span for link in links(text)] == [Span(7, 11), Span(20, 21), Span(31, 32)]


# Reference links and definitions


def test_a_full_reference() -> None:
    text = "[the text][the label]\n\n[the label]: target.md\n"
    link = only_link(text)
    assert (link.kind, link.text, link.target) == (LinkKind.REFERENCE, "the text", "target.md")
    assert link.label == "the label"
    assert link.span.slice(text) == "[the text][the label]"
    assert target_of(link, text) == "the label"


def test_a_collapsed_reference_has_an_empty_place_for_its_label() -> None:
    text = "[label][] text\n\n[label]: a\n"
    link = only_link(text)
    assert (link.kind, link.target) == (LinkKind.COLLAPSED, "a")
    assert link.span.slice(text) == "[label][]"
    assert link.target_span == Span(8, 8)


def test_a_shortcut_reference_has_no_place_for_its_label() -> None:
    text = "[label] text\n\n[label]: a\n"
    link = only_link(text)
    assert (link.kind, link.target, link.target_span) == (LinkKind.SHORTCUT, "a", None)
    assert link.span.slice(text) == "[label]"


def test_labels_are_compared_without_case_and_blanks() -> None:
    text = "[x][The  Label]\n[x][ the\nlabel ]\n[ẞ]\n\n[the label]: a\n[SS]: b\n"
    assert [link.target for link in links(text)] == ["a", "a", "b"]


def test_a_label_over_two_lines_of_a_quote() -> None:
    text = "> [x][the\n> label]\n>\n> [the label]: a\n"
    link = only_link(text)
    assert link.span.slice(text) == "[x][the\n> label]"
    assert target_of(link, text) == "the\n> label"


def test_an_undefined_reference_is_text_and_a_problem() -> None:
    text = "See [the text][nowhere].\n"
    assert links(text) == ()
    assert problems(text) == [("undefined-reference", "[the text][nowhere]")]


def test_an_undefined_collapsed_reference_is_a_problem_too() -> None:
    ((rule, place),) = problems("See [gone][].\n")
    assert rule == "undefined-reference"
    assert place.startswith("[gone]")


def test_a_word_in_brackets_is_no_undefined_reference() -> None:
    assert problems("A [word], a task [ ] and a matrix m[row][column].\n") == []


@pytest.mark.parametrize(
    ("written", "raw", "target"),
    [
        ("[label]: a.md", "a.md", "a.md"),
        ("[label]: <a b>", "a b", "a b"),
        ("[label]: <>", "", ""),
        ('[label]: a "title"', "a", "a"),
        ("[label]: a 'title'", "a", "a"),
        ("[label]: a (title)", "a", "a"),
        ("[label]: a\n  'title\n  over lines'", "a", "a"),
        ("[label]:\n  a.md", "a.md", "a.md"),
        ("[label]:a", "a", "a"),
        ("   [label]:   a   ", "a", "a"),
        (r"[label]: a\*b&amp;c", r"a\*b&amp;c", "a*b&c"),
        ("[label]: 世.md", "世.md", "世.md"),
        ("[label]: b\u00a0c", "b\u00a0c", "b\u00a0c"),
        ("[label]: \u3000b", "\u3000b", "\u3000b"),
    ],
)
def test_a_definition(written: str, raw: str, target: str) -> None:
    text = f"Text\n\n{written}\n\nText\n"
    definition = only_definition(text)
    assert (definition.label, definition.target, definition.raw_target) == ("label", target, raw)
    assert definition.label_span.slice(text) == "label"
    assert target_of(definition, text) == raw
    assert definition.span.slice(text).strip() == written.strip()
    assert not definition.repeated


@pytest.mark.parametrize(
    "text",
    [
        "> [label]: a.md\n",
        "- [label]: a.md\n",
        "1. x\n\n   [label]: a.md\n",
        "> - [label]: a.md\n",
        "> [label]:\n> a.md\n",
        ">> [label]:\n>> a.md\n>> 'title'\n",
        "[^1]: [label]: a.md\n",
        "> [label]: a.md\r\n",
    ],
)
def test_a_definition_inside_another_block(text: str) -> None:
    definition = only_definition(f"{text}\n[label]\n")
    assert (definition.label, definition.target) == ("label", "a.md")
    assert definition.label_span.slice(text) == "label"
    assert target_of(definition, text) == "a.md"
    assert definition.span.start == text.index("[label")


def test_the_first_of_several_definitions_counts_and_the_others_are_known() -> None:
    text = "[a]\n\n[a]: one\n[A]: two\n\n> [a]: <three>\n"
    found = parse_markdown(text)
    assert [link.target for link in found.links] == ["one"]
    assert [(d.label, d.target, d.repeated) for d in found.definitions] == [
        ("a", "one", False),
        ("A", "two", True),
        ("a", "three", True),
    ]
    assert [target_of(d, text) for d in found.definitions] == ["one", "two", "three"]
    assert [d.label_span.slice(text) for d in found.definitions] == ["a", "A", "a"]


@pytest.mark.parametrize(
    ("repeated", "raw"),
    [
        ("[a]: <two words>", "two words"),
        ("[A]:\n  two", "two"),
        ("[a]: two 'title'", "two"),
        ("- [a]: two", "two"),
        ("> - [a]: two", "two"),
        ("[^1]: [a]: two", "two"),
    ],
)
def test_a_repeated_definition_in_any_notation(repeated: str, raw: str) -> None:
    text = f"[a]: one\n\n{repeated}\n\nText\n"
    first, second = parse_markdown(text).definitions
    assert (first.target, second.target) == ("one", raw)
    assert (first.repeated, second.repeated) == (False, True)
    assert target_of(second, text) == raw


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_a_repeated_definition_ends_where_its_line_does(newline: str) -> None:
    text = newline.join(["[a]: one", "", "[a]: two", "", "Text"])
    first, second = parse_markdown(text).definitions
    assert first.span.slice(text).strip() == "[a]: one"
    assert second.span.slice(text) == "[a]: two"


@pytest.mark.parametrize("target", ["a(b", "<a", "<a\nb>", ""])
def test_a_definition_needs_a_whole_target(target: str) -> None:
    assert parse_markdown(f"[label]: {target}\n").definitions == ()


@pytest.mark.parametrize(
    "repeated",
    [
        "```\n[a]: two\n```",
        "    [a]: two",
        "text\n[a]: two",
        "<!--\n[a]: two\n-->",
        "[a]: two words",
        "[a]: <two",
        "[a]:\n- two",
    ],
)
def test_what_looks_like_a_repeated_definition_and_is_none(repeated: str) -> None:
    assert only_definition(f"[a]: one\n\n{repeated}\n").target == "one"


def test_definitions_that_nobody_uses_are_found() -> None:
    assert only_definition("[unused]: a.md\n").target == "a.md"


def test_definitions_are_protected() -> None:
    text = "A\n\n[a]: b 'c'\n\nD\n"
    found = parse_markdown(text)
    assert [part.strip() for part in slices(found.protected, text)] == ["[a]: b 'c'"]
    assert slices(found.prose, text) == ["A", "D"]


# Autolinks


def test_an_autolink() -> None:
    text = "See <https://example.com/a?b=c&d>."
    link = only_link(text)
    assert (link.kind, link.text) == (LinkKind.AUTOLINK, "https://example.com/a?b=c&d")
    assert link.target == "https://example.com/a?b=c&d"
    assert link.span.slice(text) == "<https://example.com/a?b=c&d>"
    assert target_of(link, text) == "https://example.com/a?b=c&d"


def test_escapes_and_entities_are_plain_characters_in_an_autolink() -> None:
    text = r"<https://e.com/a\_b&amp;c>"
    assert only_link(text).target == r"https://e.com/a\_b&amp;c"


def test_addresses_of_people_are_no_links_of_a_book() -> None:
    assert links("<someone@example.com>") == ()


def test_a_bare_address_is_text() -> None:
    assert links("https://example.com and www.example.com\n") == ()


@pytest.mark.parametrize("text", ["<not a link>", "<a:b c>", "<https://e.com", "< https://e.com>"])
def test_what_is_no_autolink(text: str) -> None:
    assert links(text) == ()


# Images


def test_an_image_alone_in_a_paragraph() -> None:
    text = 'Text\n\n![the *alt*](a.png "The title")\n\nText\n'
    image = only_image(text)
    assert (image.alt, image.title, image.target) == ("the alt", "The title", "a.png")
    assert image.kind is LinkKind.INLINE
    assert image.alone
    assert image.span.slice(text) == '![the *alt*](a.png "The title")'
    assert image.block.slice(text).strip() == image.span.slice(text)
    assert target_of(image, text) == "a.png"


@pytest.mark.parametrize("alt", ["*alt*", "**a** b", "`code`", "[a](b)", "$x$", "a ![b](c) d"])
def test_an_image_alone_may_have_marked_up_words(alt: str) -> None:
    assert only_image(f"![{alt}](a.png)\n").alone


@pytest.mark.parametrize(
    "text", ["x ![a](b)\n", "![a](b) `x`\n", "![a](b) [c](d)\n", "![a](b)**x**\n"]
)
def test_an_image_beside_anything_else_is_not_alone(text: str) -> None:
    assert not only_image(text).alone


def test_an_image_inside_a_sentence() -> None:
    text = "Before ![alt](a.png) after.\n"
    image = only_image(text)
    assert not image.alone
    assert image.block.slice(text) == text


def test_several_images_in_one_paragraph_are_alone_together() -> None:
    text = "![a](1)\n![b](2) ![c](3)\n"
    assert [(image.target, image.alone) for image in images(text)] == [
        ("1", True),
        ("2", True),
        ("3", True),
    ]


def test_an_image_in_a_list_item_is_not_alone_and_its_block_is_the_list() -> None:
    text = "- one\n- ![alt](a.png)\n- three\n\nText\n"
    image = only_image(text)
    assert not image.alone
    assert image.block.slice(text).strip() == "- one\n- ![alt](a.png)\n- three"


def test_an_image_in_a_quote_has_the_quote_as_its_block() -> None:
    text = "> ![alt](a.png)\n> text\n\nText\n"
    assert only_image(text).block.slice(text).strip() == "> ![alt](a.png)\n> text"


def test_an_image_in_a_table() -> None:
    text = "| a | b |\n| --- | --- |\n| ![alt](a.png) | x |\n"
    image = only_image(text)
    assert (image.in_table, image.alone) == (True, False)
    assert image.span.slice(text) == "![alt](a.png)"
    assert image.block.slice(text) == text


def test_a_linked_image() -> None:
    text = "[![alt](a.png)](b.md)\n"
    found = parse_markdown(text)
    (image,) = found.images
    (link,) = found.links
    assert image.in_link
    assert image.span.slice(text) == "![alt](a.png)"
    assert target_of(image, text) == "a.png"
    assert link.span.slice(text) == "[![alt](a.png)](b.md)"
    assert target_of(link, text) == "b.md"
    assert not link.in_image


def test_a_link_in_the_words_of_an_image() -> None:
    text = "![see [here](a.md)](b.png)"
    found = parse_markdown(text)
    (image,) = found.images
    (link,) = found.links
    assert (image.alt, target_of(image, text)) == ("see here", "b.png")
    assert link.in_image
    assert (link.text, target_of(link, text)) == ("here", "a.md")


def test_an_image_in_the_words_of_an_image_is_part_of_these() -> None:
    text = "![a ![b](c) d](e)"
    image = only_image(text)
    assert (image.alt, target_of(image, text)) == ("a b d", "e")


@pytest.mark.parametrize(
    ("written", "kind", "place"),
    [
        ("![alt][label]", LinkKind.REFERENCE, "label"),
        ("![label][]", LinkKind.COLLAPSED, ""),
        ("![label]", LinkKind.SHORTCUT, None),
    ],
)
def test_an_image_by_reference(written: str, kind: LinkKind, place: str | None) -> None:
    text = f"Text {written} text\n\n[label]: a.png 'Title'\n"
    image = only_image(text)
    assert (image.kind, image.target, image.title) == (kind, "a.png", "Title")
    assert image.span.slice(text) == written
    assert (image.target_span and image.target_span.slice(text)) == place


def test_an_image_without_words_in_markdown_is_not_called_decorative() -> None:
    image = only_image("![](a.png)\n")
    assert (image.alt, image.decorative) == ("", False)


def test_words_of_an_image_over_several_lines() -> None:
    text = "> ![two\n> lines](a.png\n> 'and a\n> title')\n"
    image = only_image(text)
    assert (image.alt, image.title) == ("two lines", "and a title")
    assert target_of(image, text) == "a.png"


# HTML: links, images, ids, comments


@pytest.mark.parametrize(
    "tag",
    [
        '<a href="x.md">',
        "<a href='x.md'>",
        "<a href=x.md>",
        '<A HREF="x.md">',
        '<a\n  class="c"\n  href="x.md"\n    >',
        '<a title="a > b" href="x.md">',
    ],
)
@pytest.mark.parametrize("before", ["", "Text ", "<div>\n", "é 世 😀 "])
def test_a_link_in_html(tag: str, before: str) -> None:
    text = f"{before}{tag}the <b>text</b></a> more\n"
    link = only_link(text)
    assert (link.kind, link.text, link.target) == (LinkKind.HTML, "the text", "x.md")
    assert link.span.slice(text) == f"{tag}the <b>text</b></a>"
    assert target_of(link, text) == "x.md"


@pytest.mark.parametrize(
    "text",
    [
        '> Text <a\n> class="c"\n>   href="x.md">text</a>\n',
        '> <div>\n> <a\n>   href="x.md">text</a>\n> </div>\n',
        '- <a\n  href="x.md">text</a>\n',
        '> - <p>\n>   <a href="x.md">text</a></p>\n',
    ],
)
def test_a_link_in_html_inside_a_quote_or_list(text: str) -> None:
    link = only_link(text)
    assert (link.text, link.target) == ("text", "x.md")
    assert target_of(link, text) == "x.md"
    assert link.span.slice(text).startswith("<a")
    assert link.span.slice(text).endswith("</a>")


def test_entities_in_an_html_target_are_resolved_and_escapes_are_not() -> None:
    text = r'<a href="?a=1&amp;b=\_">x</a>'
    link = only_link(text)
    assert (link.target, link.raw_target) == (r"?a=1&b=\_", r"?a=1&amp;b=\_")
    assert target_of(link, text) == link.raw_target


def test_an_anchor_without_href_is_no_link_but_an_id() -> None:
    found = parse_markdown('<a name="old"></a><a id="new">x</a>\n\n<div id="box">y</div>\n')
    assert found.links == ()
    assert found.element_ids == ("old", "new", "box")


def test_a_link_that_is_never_closed_is_its_tag() -> None:
    text = 'Text <a href="x.md">and more\n'
    link = only_link(text)
    assert link.span.slice(text) == '<a href="x.md">'
    assert link.text == ""


def test_an_image_map_has_links() -> None:
    assert only_link('<map><area href="x.md" alt="X"></map>\n').target == "x.md"


@pytest.mark.parametrize(
    "tag",
    [
        '<img src="a.png" alt="the alt" title="t">',
        "<img src='a.png' alt='the alt' title='t'/>",
        "<img alt='the\n  alt'\n  src=a.png\n  title=t>",
    ],
)
def test_an_image_in_html(tag: str) -> None:
    text = f"Text\n\n{tag}\n\nText\n"
    image = only_image(text)
    assert (image.kind, image.alt, image.title) == (LinkKind.HTML, "the alt", "t")
    assert (image.target, image.alone) == ("a.png", True)
    assert image.span.slice(text) == tag
    assert target_of(image, text) == "a.png"


def test_an_html_image_inside_a_sentence_is_not_alone() -> None:
    assert not only_image('Text <img src="a.png" alt="a"> text\n').alone


def test_an_html_image_alone_in_layout() -> None:
    text = '<p title="a > b"><img src="a.png" alt="c > d"></p>\n'
    image = only_image(text)
    assert (image.alone, image.alt) == (True, "c > d")


def test_an_html_image_in_a_quote() -> None:
    text = '> <img\n>   src="a.png"\n>   alt="two\n>   words">\n'
    image = only_image(text)
    assert (image.target, image.alt) == ("a.png", "two words")
    assert target_of(image, text) == "a.png"


def test_an_html_image_inside_a_link() -> None:
    found = parse_markdown('<a href="b.md"><img src="a.png" alt="a"></a>\n')
    assert [image.in_link for image in found.images] == [True]
    assert [link.target for link in found.links] == ["b.md"]


def test_an_html_image_inside_a_markdown_link() -> None:
    assert only_image('[<img src="a.png" alt="a">](b.md)\n').in_link


def test_an_html_image_inside_an_html_table() -> None:
    image = only_image('<table><tr><td><img src="a.png" alt="a"></td></tr></table>\n')
    assert (image.in_table, image.alone) == (True, False)


@pytest.mark.parametrize(
    "attributes", ['alt=""', 'role="presentation"', 'aria-hidden="true"', 'width="1" height="1"']
)
def test_a_decorative_image(attributes: str) -> None:
    assert only_image(f'<img src="a.png" {attributes}>\n').decorative


def test_an_image_without_source_is_none() -> None:
    assert images('<img alt="x">\n') == ()


def test_markdown_links_between_tags_are_found_where_layout_html_will_go_away() -> None:
    text = "<div>\n  See [a](b.md) and ![c](d.png).\n</div>\n"
    found = parse_markdown(text)
    assert [(link.span.slice(text), target_of(link, text)) for link in found.links] == [
        ("[a](b.md)", "b.md")
    ]
    assert [target_of(image, text) for image in found.images] == ["d.png"]


@pytest.mark.parametrize(
    "text",
    ["<!-- [a](b)\n", "<div>\n<!-- [a](b)\n", "- <!-- ![a](b)\n", "<?php [a](b)\n", "<!X [a](b)\n"],
)
def test_what_looks_like_a_link_in_markup_that_is_never_closed(text: str) -> None:
    found = parse_markdown(text)
    assert (found.links, found.images) == ((), ())
    (block,) = found.html_blocks
    assert block.span.end == len(text)


@pytest.mark.parametrize("text", ["<div [a](b)\n", "<div\n[a](b)\n", "> <p ![a](b)\n"])
def test_a_tag_that_is_never_closed_is_a_block_of_html_without_tags(text: str) -> None:
    (block,) = parse_markdown(text).html_blocks
    assert block.tags == ()


def test_html_in_code_is_code() -> None:
    text = '`<a href="x">` and\n\n```\n<img src="y">\n```\n\n    <a href="z">\n'
    found = parse_markdown(text)
    assert (found.links, found.images, found.inline_tags) == ((), (), ())


def test_a_block_of_html() -> None:
    text = 'Text\n\n<div class="x">\n<p>y</p>\n</div>\n\nText\n'
    (block,) = parse_markdown(text).html_blocks
    assert block.span.slice(text) == '<div class="x">\n<p>y</p>\n</div>\n'
    assert [("/" if tag.closing else "") + tag.name for tag in block.tags] == [
        "div",
        "p",
        "/p",
        "/div",
    ]
    assert block.outermost


def test_a_block_of_html_in_a_quote_is_not_outermost() -> None:
    (block,) = parse_markdown("> <div>\n> x\n> </div>\n").html_blocks
    assert not block.outermost


def test_inline_tags() -> None:
    text = "Text <b>bold</b> <br/> text\n"
    tags = parse_markdown(text).inline_tags
    assert [tag.span.slice(text) for tag in tags] == ["<b>", "</b>", "<br/>"]


@pytest.mark.parametrize(
    ("text", "comment"),
    [
        ("<!-- a block -->\n", "<!-- a block -->"),
        ("Text <!-- inline --> text\n", "<!-- inline -->"),
        ("<!--\nseveral\n\nlines\n-->\n", "<!--\nseveral\n\nlines\n-->"),
        ("<div>\n<!-- [a](b) <img src='c'> -->\n</div>\n", "<!-- [a](b) <img src='c'> -->"),
        ("<div>\n<!-- a -> b [a](b) -->\n</div>\n", "<!-- a -> b [a](b) -->"),
        ("Text <!--> text\n", "<!-->"),
    ],
)
def test_a_comment(text: str, comment: str) -> None:
    found = parse_markdown(text)
    assert slices(found.comments, text) == [comment]
    assert (found.links, found.images, found.problems) == ((), (), ())


def test_a_comment_that_is_never_closed_is_a_problem() -> None:
    text = "Text\n\n<!-- never\n\nclosed\n"
    assert problems(text) == [("unclosed-comment", "<!--")]


# Footnotes


def test_footnotes() -> None:
    text = "One[^1] two[^note].\n\n[^1]: First.\n\n[^note]: Second [^1].\n"
    marks = parse_markdown(text).footnotes
    assert [(mark.label, mark.is_definition) for mark in marks] == [
        ("1", False),
        ("note", False),
        ("1", True),
        ("note", True),
        ("1", False),
    ]
    for mark in marks:
        assert mark.span.slice(text) == mark.label
        assert text[mark.span.start - 2 : mark.span.start] == "[^"
        assert text[mark.span.end] == "]"


@pytest.mark.parametrize("text", ["> a[^ä世]\n>\n> [^ä世]: b\n", "- a[^ä世]\n\n  [^ä世]: b\n"])
def test_footnotes_inside_other_blocks(text: str) -> None:
    marks = parse_markdown(text).footnotes
    assert [(mark.span.slice(text), mark.is_definition) for mark in marks] == [
        ("ä世", False),
        ("ä世", True),
    ]


def test_a_footnote_that_does_not_exist_is_text_and_a_problem() -> None:
    text = "One[^1] and two[^2].\n\n[^1]: Here.\n"
    assert problems(text) == [("undefined-footnote", "[^2]")]
    assert [mark.label for mark in parse_markdown(text).footnotes] == ["1", "1"]


def test_a_footnote_in_code_is_code() -> None:
    text = "`[^1]` and $[^2]$\n"
    found = parse_markdown(text)
    assert (found.footnotes, found.problems) == ((), ())


# Code


def test_inline_code() -> None:
    text = "Text `code` and ``a ` b`` text\n"
    found = parse_markdown(text)
    assert slices(found.code, text) == ["`code`", "``a ` b``"]
    assert slices(found.prose, text) == ["Text ", " and ", " text"]


@pytest.mark.parametrize(
    "code",
    [
        "```\ncode\n```",
        "~~~\ncode\n~~~",
        "````md\n```\ncode\n```\n````",
        "```python title='x'\na\n```",
        "    code\n    more",
        "```\n```",
    ],
)
def test_a_block_of_code(code: str) -> None:
    text = f"Text\n\n{code}\n\nText\n"
    found = parse_markdown(text)
    assert [part.strip() for part in slices(found.code, text)] == [code.strip()]
    assert slices(found.prose, text) == ["Text", "Text"]
    assert found.problems == ()


def test_blocks_of_code_in_quotes_and_lists() -> None:
    text = "> ```\n> a\n> ```\n\n- ```\n  b\n  ```\n"
    found = parse_markdown(text)
    assert [part.strip() for part in slices(found.code, text)] == [
        "```\n> a\n> ```",
        "```\n  b\n  ```",
    ]
    assert found.problems == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("```python\ncode\n\nmore\n", "```python"),
        ("~~~~\ncode\n~~~\n", "~~~~"),
        ("> ```\n> code\n\nText\n", "```"),
        ("```", "```"),
        ("- ```\n  code\n\nText\n", "```"),
    ],
)
def test_a_block_of_code_that_is_never_closed_is_a_problem(text: str, line: str) -> None:
    assert problems(text) == [("unclosed-code-fence", line)]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_a_closed_block_of_code_is_no_problem_in_any_line_ending(newline: str) -> None:
    text = newline.join(["```", "code", "```", "", "Text", ""])
    assert problems(text) == []


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize(
    "lines",
    [
        ["```", "[no](x)", "", "# no", "```"],
        ["~~~~ python", "[no](x)", "~~~", "~~~~"],
        ["    [no](x)", "", "    # no"],
        ["<!--", "[no](x)", "", "# no", "-->"],
        ["> ```", "> [no](x)", "> ```"],
    ],
)
def test_where_code_and_comments_end_in_any_line_ending(lines: list[str], newline: str) -> None:
    text = newline.join([*lines, "", "[yes](y) text", ""])
    found = parse_markdown(text)
    assert [link.text for link in found.links] == ["yes"]
    assert found.headings == ()
    assert slices(found.prose, text) == ["yes", " text"]


def test_a_closing_fence_may_be_longer_and_followed_by_blanks() -> None:
    assert problems("```\ncode\n`````  \n") == []


# Math


def test_math() -> None:
    text = "So $a_1 * b$ and $$\nx\n$$ end\n"
    found = parse_markdown(text)
    assert slices(found.math, text) == ["$a_1 * b$", "$$\nx\n$$"]
    assert slices(found.prose, text) == ["So ", " and ", " end"]
    assert slices(found.protected, text) == ["$a_1 * b$", "$$\nx\n$$"]


def test_prices_are_no_math() -> None:
    text = "It costs $5 or $ 6 or 7$.\n"
    assert slices(parse_markdown(text).math, text) == []


def test_without_math_dollars_are_dollars() -> None:
    text = "So $a *b* c$\n"
    found = parse_markdown(text, math=False)
    assert slices(found.math, text) == []
    assert "".join(slices(found.prose, text)) == "So $a b c$"


def test_a_link_that_math_swallows_is_a_problem() -> None:
    text = "From $5 [here](a.md) to 6$ more\n"
    assert problems(text) == [("link-in-math", "$5 [here](a.md) to 6$")]


# Tables


def test_a_table() -> None:
    text = "Text\n\n| a | b |\n| --- | :-: |\n| c | d |\n\nText\n"
    found = parse_markdown(text)
    assert slices(found.tables, text) == ["| a | b |\n| --- | :-: |\n| c | d |\n"]
    assert slices(found.prose, text) == ["Text", "a", "b", "c", "d", "Text"]


@pytest.mark.parametrize(
    ("cell", "spans", "texts"),
    [
        (r"[a \| b](c) | [d](e)", [r"[a \| b](c)", "[d](e)"], ["a | b", "d"]),
        (r"`x \| y` [a](c) | [d](e)", ["[a](c)", "[d](e)"], ["a", "d"]),
        (r"\| [a](c) | \| [d](e)", ["[a](c)", "[d](e)"], ["a", "d"]),
    ],
)
def test_links_behind_escaped_pipes(cell: str, spans: list[str], texts: list[str]) -> None:
    text = f"| h | i |\n| - | - |\n| {cell} |\n"
    found = links(text)
    assert [link.span.slice(text) for link in found] == spans
    assert [link.text for link in found] == texts
    assert [target_of(link, text) for link in found] == ["c", "e"]


def test_a_pipe_in_the_target_of_a_link_in_a_table() -> None:
    text = "| h |\n| - |\n| [a](b\\|c) |\n"
    link = only_link(text)
    assert link.target == "b|c"
    assert link.span.slice(text) == "[a](b\\|c)"
    assert target_of(link, text) == "b\\|c"


def test_a_table_in_a_quote() -> None:
    text = "> | a | b |\n> | - | - |\n> | [c](d) | é |\n"
    found = parse_markdown(text)
    assert len(found.tables) == 1
    assert target_of(only_link(text), text) == "d"
    assert slices(found.prose, text) == ["a", "b", "c", "é"]


# Marks that stayed text


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("a * b\n", []),
        ("**open\n", ["*", "*"]),
        ("a _open\n", ["_"]),
        ("a [open\n", ["["]),
        ("a `open\n", ["`"]),
        ("[a][nowhere]\n", ["[", "]", "[", "]"]),
        ("*closed* **closed** [a](b) `c`\n", []),
        ("\\* \\[ `*` $*$\n", []),
    ],
)
def test_marks_that_the_parser_left_as_text(text: str, marks: list[str]) -> None:
    assert slices(parse_markdown(text).literals, text) == marks


# Positions behind characters of any length


PREFIXES = ["", "a", "é", "世", "😀", "e\u0301", "aé世😀" * 5, "\0", "\u2028", "\ufeffx", "a\tb"]


@pytest.mark.parametrize("before", PREFIXES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_places_count_code_points_whatever_stands_before(before: str, newline: str) -> None:
    text = newline.join(
        [
            f"{before} text [a {before}](b.md '{before}') ![c](d.png) <https://e.com/{'x'}>",
            "",
            f"# {before} [f][g] `h` $i$",
            "",
            f"> {before} <a href='j.md'>k</a>[^l]",
            "",
            f"| {before} |",
            "| --- |",
            "| [m](n.md) |",
            "",
            f"[g]: o.md '{before}'",
            "[^l]: p",
            "",
        ]
    )
    found = parse_markdown(text)
    assert [target_of(link, text) for link in found.links] == [
        "b.md",
        "https://e.com/x",
        "g",
        "j.md",
        "n.md",
    ]
    assert [target_of(image, text) for image in found.images] == ["d.png"]
    assert [target_of(definition, text) for definition in found.definitions] == ["o.md"]
    assert [mark.span.slice(text) for mark in found.footnotes] == ["l", "l"]
    assert slices(found.code, text) == ["`h`"]
    assert slices(found.math, text) == ["$i$"]
    assert [heading.span.slice(text)[:2] for heading in found.headings] == ["# "]
    assert all(target.slice(text)[0] == "|" for target in found.tables)


# Front matter is no part of the body


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_places_behind_front_matter_count_from_the_start_of_the_file(newline: str) -> None:
    text = newline.join(["---", "title: é [x](y)", "---", "# Ä", "", "[a](b)", ""])
    front = read_front_matter(text)
    found = parse_markdown(text, start=front.end)
    assert front.title == "é [x](y)"
    assert found.body_start == front.end
    (heading,) = found.headings
    assert heading.span.slice(text).rstrip() == "# Ä"
    (link,) = found.links
    assert (link.span.slice(text), target_of(link, text)) == ("[a](b)", "b")
    assert found.protected[0] == Span(0, front.end)


def test_a_file_with_carriage_returns_alone() -> None:
    text = "# A\r\rText [b](c)\rmore\r\r- d\r- e\r"
    found = parse_markdown(text)
    assert [(heading.text, heading.span.slice(text)) for heading in found.headings] == [
        ("A", "# A\r")
    ]
    assert [target_of(link, text) for link in found.links] == ["c"]


# Anything at all


def every_span(found: Structure) -> list[Span]:
    spans: list[Span | None] = [heading.span for heading in found.headings]
    spans += [heading.address.span for heading in found.headings if heading.address]
    for link in found.links:
        spans += [link.span, link.target_span]
    for image in found.images:
        spans += [image.span, image.target_span, image.block]
    for definition in found.definitions:
        spans += [definition.span, definition.label_span, definition.target_span]
    for block in found.html_blocks:
        spans += [block.span, *(tag.span for tag in block.tags)]
    for tag in (*found.inline_tags, *(tag for block in found.html_blocks for tag in block.tags)):
        spans += [attribute.span for attribute in tag.attributes.values()]
    spans += [mark.span for mark in found.footnotes]
    spans += [problem.span for problem in found.problems]
    spans += [tag.span for tag in found.inline_tags]
    spans += found.comments
    for several in (found.code, found.math, found.tables, found.prose, found.literals):
        spans += several
    spans += found.protected
    return [span for span in spans if span is not None]


@given(nasty_text)
@modest
def test_any_text_is_parsed_and_every_span_lies_inside_it(text: str) -> None:
    found = parse_markdown(text)
    for span in every_span(found):
        assert 0 <= span.start <= span.end <= len(text)


@given(nasty_text)
@modest
def test_in_any_text_a_targets_place_holds_the_target(text: str) -> None:
    assert_targets_decode(parse_markdown(text), text)


@given(nasty_text, nasty_text)
@modest
def test_what_stands_before_the_start_moves_everything_and_changes_nothing(
    before: str, text: str
) -> None:
    moved = parse_markdown(before + text, start=len(before))
    alone = parse_markdown(text)
    by = len(before)
    assert [(link.span.shifted(by), link.target) for link in alone.links] == [
        (link.span, link.target) for link in moved.links
    ]
    assert [h.span.shifted(by) for h in alone.headings] == [h.span for h in moved.headings]
    assert [span.shifted(by) for span in alone.prose] == list(moved.prose)


@given(written_documents())
@modest
def test_links_and_images_are_found_exactly_where_they_were_written(document: Written) -> None:
    found = parse_markdown(document.text)
    assert [(*link.span, link.target, link.text) for link in found.links] == document.links
    assert [(*image.span, image.target, image.alt) for image in found.images] == document.images
    assert_targets_decode(found, document.text)


@given(nasty_text)
@few
def test_parsing_twice_gives_the_same(text: str) -> None:
    assert parse_markdown(text) == parse_markdown(text)


# Hostile input: what counts is that an answer comes, and which


def test_ten_thousand_nested_quotes() -> None:
    text = ">" * 10_000 + " [a](b)\n"
    link = only_link(text)
    assert (link.span, target_of(link, text)) == (Span(10_001, 10_007), "b")


def test_fifty_thousand_open_brackets() -> None:
    text = "[" * 50_000
    found = parse_markdown(text)
    assert found.links == ()
    assert len(found.literals) == 50_000


def test_fifty_thousand_open_brackets_and_a_link() -> None:
    text = "[" * 50_000 + "a](b)"
    assert only_link(text).span == Span(49_999, 50_005)


def test_twenty_thousand_open_images() -> None:
    assert images("![" * 20_000) == ()


def test_a_hundred_thousand_backticks_open_a_block_of_code() -> None:
    text = "`" * 100_000 + "\n\n[a](b)\n"
    found = parse_markdown(text)
    assert (found.links, len(found.code)) == ((), 1)
    assert [problem.rule for problem in found.problems] == ["unclosed-code-fence"]


def test_a_hundred_thousand_backticks_in_a_line_are_text() -> None:
    text = "x" + "`" * 100_000 + " [a](b)"
    found = parse_markdown(text)
    assert (len(found.links), len(found.code)) == (1, 0)


def test_runs_of_backticks_of_every_length() -> None:
    text = "x" + " ".join("`" * length for length in range(1, 400))
    assert len(parse_markdown(text).code) == 0


def test_a_line_of_ten_megabytes() -> None:
    text = "word " * 2_000_000 + "[a](b)"
    link = only_link(text)
    assert (link.span.start, target_of(link, text)) == (10_000_000, "b")


def test_a_line_of_ten_megabytes_that_is_not_ascii() -> None:
    text = "wörd " * 2_000_000 + "[a](b)"
    assert only_link(text).span.start == 10_000_000


def test_five_thousand_unclosed_tags() -> None:
    text = "<a " * 5_000
    found = parse_markdown(text)
    assert (found.links, found.inline_tags) == ((), ())


def test_five_thousand_unclosed_tags_inside_a_block_of_html() -> None:
    assert links("<div>\n" + "<a href='x" * 5_000 + "\n</div>\n") == ()


def test_fifty_thousand_angle_brackets_beside_a_link_in_a_block_of_html() -> None:
    text = "<div>\n[a](b) " + "<" * 50_000 + "\n</div>\n"
    assert [target_of(link, text) for link in links(text)] == ["b"]


def test_five_thousand_links_that_are_never_closed() -> None:
    text = '<a href="x">' * 5_000
    assert [link.target for link in links(text)] == ["x"] * 5_000


def test_lists_nested_two_thousand_deep() -> None:
    text = "".join(f"{'  ' * depth}- [a](b)\n" for depth in range(2_000))
    assert [link.span.slice(text) for link in links(text)] == ["[a](b)"] * 2_000


def test_list_marks_nested_two_thousand_deep_on_one_line() -> None:
    assert len(links("- " * 2_000 + "[a](b)\n")) == 1


def test_a_hundred_thousand_emphasis_marks() -> None:
    (heading,) = headings("# " + "*a **b " * 20_000 + "\n")
    assert heading.text.count("a") == 20_000


def test_ten_thousand_images_in_one_paragraph() -> None:
    text = "![a](b)\n" * 10_000
    found = images(text)
    assert len(found) == 10_000
    assert all(image.alone for image in found)


def test_ten_thousand_html_images_in_one_block() -> None:
    text = "<div>\n" + '<img src="a" alt="b">\n' * 10_000 + "</div>\n"
    assert len(images(text)) == 10_000


def test_ten_thousand_html_images_on_one_line() -> None:
    text = "x " + '<img src="a" alt="b">' * 10_000 + "\n"
    assert len(images(text)) == 10_000


def test_five_thousand_html_images_among_five_thousand_links() -> None:
    text = '[a](b) <img src="c" alt="d">\n' * 5_000
    found = parse_markdown(text)
    assert (len(found.links), len(found.images)) == (5_000, 5_000)


def test_ten_thousand_definitions() -> None:
    text = "".join(f"[label{number}]: /{number}\n" for number in range(10_000))
    assert len(parse_markdown(text).definitions) == 10_000


def test_five_thousand_repetitions_of_a_definition() -> None:
    found = parse_markdown("[a]: /b\n" * 5_000).definitions
    assert len(found) == 5_000
    assert sum(definition.repeated for definition in found) == 4_999


def test_five_thousand_headings_with_address_lines() -> None:
    text = "# Title\nurl: /a\nText\n\n" * 5_000
    found = parse_markdown(text)
    assert sum(heading.address is not None for heading in found.headings) == 5_000
    assert found.headings[-1].anchor == "title-4999"
    assert len(found.prose) == 10_000


def test_twenty_thousand_blanks_between_a_link_and_its_target() -> None:
    text = "> [a](" + " " * 10_000 + "\n>" + " " * 10_000 + "b)\n"
    assert target_of(only_link(text), text) == "b"


def test_five_thousand_links_in_blocks_of_html() -> None:
    text = "<p>[a](b)</p>\n\n" * 5_000
    assert [link.target for link in links(text)] == ["b"] * 5_000


def test_nul_characters_are_replaced_and_move_nothing() -> None:
    text = "\0[a\0](b\0c)\0"
    link = only_link(text)
    assert (link.span, link.text, link.target) == (Span(1, 10), "a\ufffd", "b\ufffdc")


def assert_targets_decode(found: Structure, text: str) -> None:
    """Assert that what stands at every target's place is that target."""
    for reference in (*found.links, *found.images):
        if reference.target_span is None:
            continue
        written = reference.target_span.slice(text)
        assert reference.span.start < reference.target_span.start
        assert reference.target_span.end <= reference.span.end
        # NUL is read as U+FFFD.
        read = written.replace("\0", "\ufffd")
        if reference.kind is LinkKind.INLINE:
            assert reference.raw_target == written
            assert unescape_markdown(read) == reference.target
        elif reference.kind is LinkKind.AUTOLINK:
            assert read == reference.target
        elif reference.kind is LinkKind.HTML:
            assert reference.raw_target == written
            assert " ".join(unescape(written).split()) == reference.target
    for definition in found.definitions:
        assert definition.span.start < definition.label_span.start
        if definition.target_span is not None:
            written = definition.target_span.slice(text).replace("\0", "\ufffd")
            assert unescape_markdown(written) == definition.target
