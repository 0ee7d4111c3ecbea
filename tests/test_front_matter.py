"""The block of metadata at the start of a chapter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookpack.config import load_settings
from bookpack.pipeline import check
from bookpack.read.front_matter import FrontMatter, read_front_matter
from strategies import modest, nasty_text


def rules(front: FrontMatter) -> list[str]:
    return [problem.rule for problem in front.problems]


# What is front matter, and where the text begins


def test_a_text_without_front_matter() -> None:
    assert read_front_matter("# Title\n") == FrontMatter()
    assert read_front_matter("") == FrontMatter()


def test_yaml_between_two_lines_of_three_hyphens() -> None:
    text = "---\ntitle: A Title\nslug: a-title\n---\n# Heading\n"
    front = read_front_matter(text)
    assert (front.title, front.slug, front.problems) == ("A Title", "a-title", ())
    assert text[front.end :] == "# Heading\n"


def test_yaml_may_end_in_three_dots() -> None:
    text = "---\ntitle: A\n...\nText\n"
    assert text[read_front_matter(text).end :] == "Text\n"


def test_toml_between_two_lines_of_three_plus_signs() -> None:
    text = '+++\ntitle = "A Title"\nweight = 3\ndraft = true\n+++\nText\n'
    front = read_front_matter(text)
    assert (front.title, front.weight, front.draft) == ("A Title", 3.0, True)
    assert text[front.end :] == "Text\n"


def test_all_the_known_fields() -> None:
    front = read_front_matter(
        "---\n"
        "title: The Title\n"
        "url: /the/address/\n"
        "slug: the-slug\n"
        "aliases: [/old/, /older/]\n"
        "draft: false\n"
        "summary: In short.\n"
        "weight: -2.5\n"
        "---\n"
    )
    assert front.title == "The Title"
    assert front.url == "/the/address/"
    assert front.slug == "the-slug"
    assert front.aliases == ("/old/", "/older/")
    assert front.draft is False
    assert front.summary == "In short."
    assert front.weight == -2.5
    assert front.problems == ()


def test_a_description_serves_as_summary_where_there_is_none() -> None:
    assert read_front_matter("---\ndescription: D\n---\n").summary == "D"
    assert read_front_matter("---\ndescription: D\nsummary: S\n---\n").summary == "S"


def test_unknown_fields_are_kept_as_values() -> None:
    front = read_front_matter("---\norder: 3\ntags: [a, b]\n---\n")
    assert front.values == {"order": "3", "tags": ["a", "b"]}
    assert front.problems == ()


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize(
    "lines",
    [
        ["---", "title: A é 世", "weight: 2", "---"],
        ["+++", 'title = "A é 世"', "weight = 2", "+++"],
    ],
)
def test_every_kind_of_line_ending(newline: str, lines: list[str]) -> None:
    text = newline.join([*lines, "# Text", ""])
    front = read_front_matter(text)
    assert (front.title, front.weight, front.problems) == ("A é 世", 2.0, ())
    assert text[front.end :] == f"# Text{newline}"


def test_the_file_may_end_with_the_front_matter() -> None:
    text = "---\ntitle: A\n---"
    front = read_front_matter(text)
    assert (front.title, front.end) == ("A", len(text))


def test_blanks_behind_the_marks_are_allowed() -> None:
    text = "--- \ntitle: A\n---\t\nText"
    front = read_front_matter(text)
    assert front.title == "A"
    assert text[front.end :] == "Text"


def test_an_empty_block_is_front_matter_without_values() -> None:
    text = "---\n---\nText"
    front = read_front_matter(text)
    assert text[front.end :] == "Text"
    assert front.problems == ()


def test_a_block_of_comments_is_front_matter_without_values() -> None:
    text = "---\n# nothing yet\n---\nText"
    assert text[read_front_matter(text).end :] == "Text"


def test_front_matter_begins_on_the_first_line_or_not_at_all() -> None:
    assert read_front_matter("\n---\ntitle: A\n---\n") == FrontMatter()
    assert read_front_matter(" ---\ntitle: A\n---\n") == FrontMatter()
    assert read_front_matter("----\ntitle: A\n----\n") == FrontMatter()


def test_text_between_two_rules_is_text() -> None:
    text = "---\n\nA paragraph between two rules.\n\n---\n"
    assert read_front_matter(text).end == 0


def test_a_rule_at_the_start_of_a_text_opens_nothing() -> None:
    assert read_front_matter("---\n\nText after a rule.\n") == FrontMatter()


def test_three_hyphens_inside_a_value_do_not_end_the_block() -> None:
    text = "---\ntitle: a --- b\nsummary: |\n  one\n  --- two\n---\nText"
    front = read_front_matter(text)
    assert front.title == "a --- b"
    assert text[front.end :] == "Text"


# Values stay what the author wrote


@pytest.mark.parametrize(
    "word", ["no", "1.10", "2024-01-02", "0x1F", "1_000", "null", "~", "12:30"]
)
def test_a_yaml_title_is_never_turned_into_something_else(word: str) -> None:
    assert read_front_matter(f"---\ntitle: {word}\n---\n").title == word


def test_a_toml_date_as_title_is_its_text() -> None:
    assert read_front_matter("+++\ntitle = 2024-01-02\n+++\n").title == "2024-01-02"


def test_a_title_over_several_lines_is_one_line() -> None:
    assert read_front_matter("---\ntitle: >\n  Two\n  lines\n---\n").title == "Two lines"


def test_an_empty_title_is_no_title() -> None:
    front = read_front_matter('---\ntitle: ""\n---\n')
    assert (front.title, front.problems) == (None, ())


@pytest.mark.parametrize(
    ("word", "draft"),
    [
        ("true", True),
        ("True", True),
        ("yes", True),
        ("on", True),
        ("false", False),
        ("No", False),
        ("off", False),
    ],
)
def test_what_marks_a_draft(word: str, draft: bool) -> None:
    front = read_front_matter(f"---\ndraft: {word}\n---\n")
    assert (front.draft, front.problems) == (draft, ())


def test_one_alias_needs_no_list() -> None:
    assert read_front_matter("---\naliases: /old/\n---\n").aliases == ("/old/",)


# What is wrong is a problem with a place, never a crash


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("title: [a, b]", "title must be text, not ['a', 'b']."),
        ("title: {a: b}", "title must be text, not {'a': 'b'}."),
        ("url: [x]", "url must be text, not ['x']."),
        ("slug: {a: b}", "slug must be text, not {'a': 'b'}."),
        ("aliases: {a: b}", "aliases must be an address or a list of addresses, not {'a': 'b'}."),
        ("aliases: [[a]]", "aliases must be an address or a list of addresses, not [['a']]."),
        ("draft: maybe", "draft must be true or false, not 'maybe'."),
        ("weight: heavy", "weight must be a number, not 'heavy'."),
        ("weight: nan", "weight must be a number, not 'nan'."),
        ("weight: [1]", "weight must be a number, not ['1']."),
    ],
)
def test_a_value_of_the_wrong_type_is_reported_where_it_stands(line: str, message: str) -> None:
    text = f"---\nlayout: page\n{line}\nother: x\n---\nText"
    front = read_front_matter(text)
    (problem,) = front.problems
    assert (problem.rule, problem.message) == ("wrong-front-matter-type", message)
    assert problem.span.slice(text) == line
    assert text[front.end :] == "Text"


def test_a_value_of_the_wrong_type_leaves_the_field_as_if_absent() -> None:
    front = read_front_matter("---\ntitle: [a]\nweight: x\naliases: {}\ndraft: x\n---\n")
    assert (front.title, front.weight, front.aliases, front.draft) == (None, None, (), False)
    assert rules(front) == ["wrong-front-matter-type"] * 4


@pytest.mark.parametrize(
    ("line", "shown"),
    [("title = true", "True"), ("weight = true", "True"), ("aliases = [1]", "[1]")],
)
def test_toml_values_of_the_wrong_type(line: str, shown: str) -> None:
    text = f"+++\n{line}\n+++\n"
    (problem,) = read_front_matter(text).problems
    assert problem.rule == "wrong-front-matter-type"
    assert problem.message.endswith(f"not {shown}.")
    assert problem.span.slice(text) == line


@pytest.mark.parametrize("text", ["---\ntitle: A\n\n# Text\n", "+++\ntitle = 'A'\n\n# Text\n"])
def test_front_matter_without_an_end_is_reported_and_stays_text(text: str) -> None:
    front = read_front_matter(text)
    (problem,) = front.problems
    assert problem.rule == "unclosed-front-matter"
    assert problem.span.slice(text) == text[:3]
    assert front.end == 0


def test_invalid_yaml_is_reported_with_its_line() -> None:
    text = "---\ntitle: A\nsummary: a: b\n---\nText"
    front = read_front_matter(text)
    (problem,) = front.problems
    assert problem.rule == "invalid-front-matter"
    assert problem.message.startswith("The front matter is not valid YAML: ")
    assert problem.message.endswith("(line 3).")
    assert text[front.end :] == "Text"


def test_invalid_toml_is_reported() -> None:
    text = "+++\ntitle = \n+++\nText"
    front = read_front_matter(text)
    (problem,) = front.problems
    assert problem.rule == "invalid-front-matter"
    assert problem.message.startswith("The front matter is not valid TOML: ")
    assert text[front.end :] == "Text"


def test_a_list_is_no_mapping_of_keys_to_values() -> None:
    text = "---\n- one\n- two\n---\nText"
    front = read_front_matter(text)
    (problem,) = front.problems
    assert problem.rule == "invalid-front-matter"
    assert problem.message == "The front matter is not a mapping of keys to values."
    assert front.end == 0, "what cannot be metadata stays in the text"


def test_yaml_that_would_grow_into_a_billion_values_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 12):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]")
    text = "---\n" + "\n".join(lines) + "\n---\nText"
    front = read_front_matter(text)
    (problem,) = front.problems
    assert problem.message == "The front matter expands to more than 10,000 values."
    assert text[front.end :] == "Text"


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")])
def test_yaml_nested_absurdly_deep_is_refused(opening: str, closing: str) -> None:
    text = f"---\na: {opening * 10_000}1{closing * 10_000}\n---\nText"
    (problem,) = read_front_matter(text).problems
    assert problem.message == "The front matter is nested more than 50 deep."


def test_yaml_nested_absurdly_deep_by_indentation_is_refused() -> None:
    text = "---\n" + "".join(f"{' ' * depth}a:\n" for depth in range(500)) + "---\nText"
    (problem,) = read_front_matter(text).problems
    assert problem.message == "The front matter is nested more than 50 deep."


def test_toml_nested_absurdly_deep_is_refused() -> None:
    text = f"+++\na = {'[' * 100_000}\n+++\nText"
    assert rules(read_front_matter(text)) == ["invalid-front-matter"]


def test_an_alias_that_holds_itself_is_refused() -> None:
    front = read_front_matter("---\na: &a [*a]\ntitle: T\n---\n")
    assert (front.title, rules(front)) == (None, ["invalid-front-matter"])


def test_an_undefined_alias_is_invalid() -> None:
    assert rules(read_front_matter("---\ntitle: *nobody\n---\n")) == ["invalid-front-matter"]


def test_a_tag_builds_no_object() -> None:
    front = read_front_matter("---\ntitle: !!python/name:os.system x\n---\n")
    assert (front.title, front.problems) == ("x", ())


def test_control_characters_are_invalid() -> None:
    front = read_front_matter("---\ntitle: a\0b\n---\nText")
    assert rules(front) == ["invalid-front-matter"]


@given(st.sampled_from(["---\n", "+++\n", "---\r\n", "+++\r", "--- \n"]), nasty_text)
@modest
def test_any_block_is_read_without_raising(opening: str, inner: str) -> None:
    text = f"{opening}{inner}\n{opening}Text"
    front = read_front_matter(text)
    assert 0 <= front.end <= len(text)
    assert front.end == 0 or text[front.end :] == "Text" or text[front.end - 1] in "\r\n"
    for problem in front.problems:
        assert 0 <= problem.span.start <= problem.span.end <= len(text)


@given(
    st.dictionaries(
        st.sampled_from(["title", "url", "slug", "aliases", "draft", "summary", "weight"]),
        st.recursive(
            st.sampled_from(["a", "1", "true", "''", "null", "é", "nan", "inf"]),
            lambda values: st.lists(values, max_size=3).map(lambda v: f"[{', '.join(v)}]"),
            max_leaves=4,
        ),
        max_size=5,
    )
)
@modest
def test_any_values_of_the_known_fields_leave_the_text_alone(fields: dict[str, str]) -> None:
    block = "".join(f"{key}: {value}\n" for key, value in fields.items())
    text = f"---\n{block}---\nText"
    front = read_front_matter(text)
    assert text[front.end :] == "Text"
    for problem in front.problems:
        assert problem.rule == "wrong-front-matter-type"
        assert problem.span.slice(text) in block.splitlines()


# What bookpack's own convention can do nothing with


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("date: soon", "date must be a date such as 2026-01-31, or a moment such as "),
        ("date: 2026-13-40", "date must be a date"),
        ("updated: 2026", "updated must be a date"),
        ("lang: klingonese", "lang must be a language tag such as en or pt-BR, not 'klingonese'."),
        ("lang: 5", "lang must be a language tag"),
        ("slug: ../../etc", "slug must be a name that stays below the book's address"),
        (
            "url: /../../etc",
            "url must be an address, or a path that stays below the book's address",
        ),
        ("slug: a/%2e%2E/b", "slug must be a name that stays"),
        ("slug: 'a\\..\\b'", "slug must be a name that stays"),
    ],
)
def test_values_that_mean_nothing_are_reported_with_the_wanted_form(make_book, line, message):
    book = make_book({"a.md": f"---\ntitle: A\n{line}\n---\n# A\n\nText.\n"})
    checked = check(load_settings(book), book / "build")
    (found,) = checked.diagnostics
    assert (found.code, found.position.line) == ("BP105", 3)
    assert found.message.startswith(message)
    assert checked.book.chapters[0].url == "https://example.com/a/"


@pytest.mark.parametrize(
    "line",
    [
        "date: 2026-01-31",
        "date: 2026-01-31 08:00:00 +0100",
        "date:",
        "lang: pt_BR",
        "lang: zh-Hant-TW",
        "slug: a/b",
        "slug: a..b",
        "url: /a.b/..c/",
        "slug: /",
    ],
)
def test_values_of_a_right_form_are_not(make_book, line):
    book = make_book({"a.md": f"---\ntitle: A\n{line}\n---\n# A\n\nText.\n"})
    assert check(load_settings(book), book / "build").diagnostics == []


def test_other_tools_may_mean_something_by_a_date_in_words(make_book):
    book = make_book(
        {"a.qmd": "---\ndate: today\n---\n# A\n\nText.\n"}, '[book]\nurl = "https://example.com"\n'
    )
    (book / "_quarto.yml").write_text(
        "project:\n  type: book\nbook:\n  title: T\n  chapters: [chapters/a.qmd]\n", "utf-8"
    )
    assert check(load_settings(book), book / "build").diagnostics == []
