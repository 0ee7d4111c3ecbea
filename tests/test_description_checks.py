"""What is wrong with descriptions: cut texts, short ones, invented numbers, mixed-up pictures."""

import re
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookpack.checks.descriptions import LEAST_WORDS, Subject, check_descriptions
from bookpack.checks.unfinished import find_cut
from bookpack.diagnostics import Diagnostic
from bookpack.read.markdown import parse_markdown
from bookpack.source import Source
from conftest import SHARED, needs_shared

HEAD = '+++\nkind = "chart"\n+++\n'
LONG = (
    "Requests pass from the clients on the left through a load balancer in the middle to one of "
    "the servers on the right, and failed requests go back to the clients."
)


def describe(text: str, **more: object) -> Subject:
    """Return a description written by hand, of a picture that nobody read."""
    path = str(more.pop("path", "images/one.md"))
    subject = Subject(
        path=path,
        source=Source(path, HEAD + text),
        body_start=len(HEAD),
        kind="diagram",
        title="",
        alt="",
        text=text,
        engine="person",
        words=None,
        author_alts=(),
        captions=(),
    )
    return replace(subject, **more)


def found(rule: str, *subjects: Subject) -> list[Diagnostic]:
    return [one for one in check_descriptions(subjects) if one.rule.name == rule]


def said(rule: str, *subjects: Subject) -> list[str]:
    return [one.message for one in found(rule, *subjects)]


class TestUnfinished:
    @pytest.mark.parametrize(
        "text",
        [
            "A chart. It rises steeply from the left to the",
            "A chart. The blue line rises steeply until it reaches",
            "A chart. The nodes are connected to the “",
            'A chart. It is connected to the "',
            "A chart. It is connected to the '",
            'A chart. There is a pathway for when "DNS',
            "A chart. The lines are: red, green,",
            "A chart with the following parts:",
            "A chart. It rises for all of the people (as far as",
            "Ein Diagramm. Ein Kasten heißt „Anfang",
            "A map of two roads. They meet at the bridge.\n\nThe bridge lies",
            "It shows four lines that rise one behind the other and fall together later on",
            "A map of parts.\n\n- **Visible**: it has a name.\n- **Invisible",
            "A map.\n\n- Rises in the year.\n- Falls in the year.\n- Then it rises once more until",
            "A map.\n\n1. **One**:\n   - It is big.\n   - It is red.\n   - It is old.\n   - It is",
            "A map.\n\n- **Sales**\n  - 2022: 12\n\n- **Costs**",
            "A map.\n\n- **Sales**\n  - 2022: 12\n\n### Half a year\n\n- **Costs**",
            "A map.\n\n- One.\n-",
            "A table.\n\n| a | b |\n| --- | --- |",
            "A table.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3",
            "A table.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 |",
            "A table.\n\n| a | b |\n| --- | -",
            "Code.\n\n```\nx = 1",
            "A chart.\n\n## Colours",
            "Ein Diagramm. Die Linie steigt von links und",
            "图表。线条从左边上升，然后在中间的位置下降到",
            "A chart.\r\n\r\nThe blue line rises until it\r\nreaches the",
        ],
    )
    def test_a_text_that_was_cut_off(self, text: str) -> None:
        (finding,) = found("unfinished-description", describe(text))
        assert finding.severity == "error"
        place = finding.span
        assert place is not None
        assert text.rstrip().endswith(place.slice(HEAD + text))

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "A chart.",
            "A chart of requests over time",
            "Requests pass the “load balancer”.",
            "A chart. (It rises.)",
            'It is marked "OK."',
            "It is marked **“OK.”**",
            "« Un graphique. »",
            "Ein Kasten heißt „Anfang.“",
            "图表。线条从左边上升。",
            "ग्राफ़ बाईं ओर से ऊपर उठता है।",
            "يرتفع الخط من اليسار إلى اليمين ثم ينخفض؟",
            "Τι δείχνει αυτό το γράφημα σε εμάς;",
            "กราฟ แสดง จำนวน คำขอ ตาม เวลา ใน แต่ละ เดือน ของ ปี",
            "A chart.\n\nSource: the yearly report of the bakery in town",
            "A chart. See https://example.com/the/chart",
            "Four lines.\n\n- red\n- green\n- blue and yellow\n- a very long violet one",
            "Labels.\n\n- First name:\n- Last name:",
            "A form with one label:\n\n- First name:",
            "A map.\n\n- **Visible**\n- **Invisible**",
            "A table.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |",
            "A table.\n\n a | b\n --- | ---\n 1 | 2",
            "Code.\n\n```\nx = (\n```",
            "Code.\n\n    x = (",
            "A pipe of 5 * 3 inches.",
        ],
    )
    def test_a_text_that_is_whole(self, text: str) -> None:
        assert said("unfinished-description", describe(text)) == []

    def test_it_says_where(self) -> None:
        subject = describe("A chart.\n\nThe blue line rises until it reaches the")
        (finding,) = found("unfinished-description", subject)
        assert (finding.path, finding.position) == ("images/one.md", (6, 1))
        assert finding.message == (
            "It ends in “The blue line rises until it reaches the”, and that goes on."
        )

    def test_words_that_bookpack_lists_from_a_picture_may_end_in_anything(self) -> None:
        text = "A screen.\n\nText:\n\n- Welcome back.\n- Sign in.\n- Go on to the page behind and"
        assert said("unfinished-description", describe(text, engine="model")) == []
        assert said("unfinished-description", describe(text)) != []

    def test_an_answer_of_a_model_is_sentences(self) -> None:
        text = "A line that rises over time"
        assert said("unfinished-description", describe(text, engine="model")) != []
        assert said("unfinished-description", describe(text)) == []

    def test_an_approval_does_not_finish_a_text(self) -> None:
        subject = describe("A chart. It rises to the", reviewed=True)
        assert said("unfinished-description", subject) != []

    @needs_shared
    def test_one_in_five_descriptions_of_a_real_edition(self) -> None:
        edition = (SHARED / "reference" / "edition-packed.md").read_text("utf-8")
        texts = re.findall(r'\*\*Image Description:\*\* (.*?)\n<p class="img-desc', edition, re.S)
        ends = [
            text.split()[-1]
            for text in texts
            if find_cut(text, parse_markdown(text, math=False)) is not None
        ]
        assert len(texts) == 77
        assert ends == [
            *('"', "purple", '"DNS', "context", '"', "are", "on-prem", "function", "utility", "a"),
            *("Components", "in", "of", "**Revenue**", "the", "an", "and"),
        ]

    @given(st.text(alphabet='ab .:*_`[]()|-#>"“\n1\\', max_size=60))
    def test_any_text_is_read_without_harm(self, text: str) -> None:
        for finding in check_descriptions([describe(text, words=(), title="a b 1")]):
            assert finding.span is not None
            assert len(HEAD) <= finding.span.start <= finding.span.end <= len(HEAD + text)


class TestShort:
    def test_each_kind_has_its_least(self) -> None:
        assert said("short-description", describe("A red barn.", kind="photo")) == [
            "It has 3 words, and a photo needs at least 8."
        ]
        assert said("short-description", describe("A barn.", kind="")) == [
            "It has 2 words, and a picture needs at least 8."
        ]
        assert said("short-description", describe(LONG)) == []

    @pytest.mark.parametrize("kind", [kind for kind, least in LEAST_WORDS.items() if least])
    def test_nothing_is_too_short_for_all(self, kind: str) -> None:
        assert said("short-description", describe(" \n", kind=kind)) == [
            "The description is empty."
        ]

    def test_an_ornament_needs_no_words(self) -> None:
        assert check_descriptions([describe("", kind="decorative")]) == []

    def test_cells_are_words(self) -> None:
        rows = "| month | bread | rolls |\n| --- | --- | --- |\n| May | 12 | 40 |\n"
        text = f"What was baked.\n\n{rows}| June | 13 | 41 |"
        assert said("short-description", describe(text, kind="table")) == []

    def test_a_table_needs_rows(self) -> None:
        assert said("short-description", describe(LONG, kind="table")) == [
            "It describes a table and has no table or list."
        ]
        listed = f"{LONG}\n\n- May: 12 loaves\n- June: 13 loaves"
        assert said("short-description", describe(listed, kind="table")) == []

    def test_a_chart_needs_numbers_or_series(self) -> None:
        assert said("short-description", describe(LONG, kind="chart")) == [
            "It describes a chart and names no number and no series."
        ]
        for more in (" It begins in 2014.", "\n\n- blue: rises\n- red: falls"):
            assert said("short-description", describe(LONG + more, kind="chart")) == []

    def test_two_signs_of_a_script_without_blanks_are_a_word(self) -> None:
        assert said("short-description", describe("一张红色谷仓的照片。", kind="photo")) != []
        text = "一张红色谷仓的照片，谷仓前面有两匹马。"
        assert said("short-description", describe(text, kind="photo")) == []


class TestRepeated:
    def test_the_alternative_text_again(self) -> None:
        subject = describe("The image shows a red barn.", author_alts=("A red barn",), kind="photo")
        assert said("description-repeats-alt", subject) == [
            "The description says nothing but “A red barn”."
        ]
        assert said("short-description", subject) == []

    def test_in_other_letters_and_order(self) -> None:
        subject = describe("**Barn**, red; with _two_ horses!", alt="two horses with a RED barn")
        assert said("description-repeats-alt", subject) != []

    def test_a_title_or_caption_counts_as_well(self) -> None:
        subject = describe("A red barn.", captions=("The red barn in May",))
        assert said("description-repeats-alt", subject) == [
            "The description says nothing but “The red barn in May”."
        ]

    def test_one_word_more_is_more(self) -> None:
        subject = describe("A red barn in winter.", author_alts=("A red barn",), kind="photo")
        assert said("description-repeats-alt", subject) == []

    def test_an_approved_one_is_left_alone(self) -> None:
        subject = describe("A red barn.", author_alts=("A red barn",), reviewed=True)
        assert check_descriptions([subject]) == []


def invented(text: str, words: tuple[str, ...] = (), **more: object) -> str:
    """Return what the check says of the numbers of `text`, without “not found …”."""
    messages = said("number-not-in-picture", describe(text, words=words, **more))
    return " ".join(messages).removesuffix(" not found in the picture.")


class TestNumbers:
    def test_it_says_which_and_where_the_first_one_is(self) -> None:
        subject = describe("From 10 to 60 in\n2014, and 80.", words=("10", "2014"))
        (finding,) = found("number-not-in-picture", subject)
        assert finding.message == "60 and 80 were not found in the picture."
        assert finding.position == (4, 12)

    def test_many_are_counted(self) -> None:
        assert invented("11, 12, 13, 14, 15, 16 and 17.") == "11, 12, 13, 14, 15 and 2 more were"

    def test_nobody_read_the_picture(self) -> None:
        assert said("number-not-in-picture", describe("It rises to 1,234.")) == []

    @pytest.mark.parametrize(
        ("text", "read"),
        [
            ("1,234.5", "1.234,5"),
            ("1,234.5", "1 234.50"),
            ("14,000", "14 000"),
            ("14,000", "14’000"),
            ("12.5", "12,5"),
            ("12,34,567", "1234567"),
            ("10,000", "10k"),
            ("$5 million", "5,000,000"),
            ("5 000 000", "$5M"),
            ("50 %", "50%"),
            ("−20", "-20"),
            ("2014–2015", "2014/15 2015"),
            ("10", "1O"),
            ("51", "5l"),
            ("100", "lOO"),
            ("2014-05-16", "16.05.2014"),
            ("1.12.3", "v 1.12.3"),
            ("20,30,40", "20 30 40"),
            ("١٢٣", "123"),
            ("12 ms", "12ms"),
        ],
    )
    def test_the_same_number_in_other_forms(self, text: str, read: str) -> None:
        assert invented(f"A chart with {text} in it.", ("before", read, "behind")) == ""

    @pytest.mark.parametrize(
        ("text", "read", "missing"),
        [
            ("1.5", "15", "1.5 was"),
            ("12.5", "12 5", "12.5 was"),
            ("1,234", "234", "1,234 was"),
            ("60", "so", "60 was"),
            ("20 %", "10 %", "20 was"),
            ("5 %", "10 %", "5 was"),
            ("$7", "", "7 was"),
        ],
    )
    def test_another_number(self, text: str, read: str, missing: str) -> None:
        assert invented(f"A chart with {text} in it.", (read,)) == missing

    def test_what_the_author_says_is_known(self) -> None:
        text = "It rises from 10 in 2014 to 60."
        known = {"author_alts": ("Sales in 2014",), "captions": ("60",), "context": "… ten (10) …"}
        assert invented(text, **known) == ""

    @pytest.mark.parametrize(
        "text",
        [
            "3 lines and 5 boxes.",
            "A sheet of 6 columns and 21 rows.",
            "12 large red boxes.",
            "Rows 2 to 20 are grey, as in Figure 14.",
            "10 to 20 points.",
            "The 12th bar is grey.",
            "11. The first.\n12. The second.",
            "Q31 and SWE12 and #1f77b4.",
        ],
    )
    def test_counts_positions_and_names_are_no_numbers(self, text: str) -> None:
        assert invented(text) == ""

    @pytest.mark.parametrize(
        "text",
        [
            "It is ≈ 12 and ~13.",
            "It rises to about 1,000.",
            "It lies between roughly 10 and 20.",
            "Approximately $10, $20 and $30.",
            "It reaches just over the 50 % mark.",
            "Etwa 12, environ 13, cerca de 14, около 15.",
            "大约 12，15左右。",
            "15 or so.",
            "The estimated values are 10, 20 and 30.",
            "Values (read off): 10, 20.",
            "| x | y (≈) |\n| --- | --- |\n| a | 10 |\n| b | 20 |",
            "Estimated values.\n\n| x | y |\n| --- | --- |\n| a | 10 |",
            "| x | y |\n| --- | --- |\n| a | 10 |\n\nAll values are read off.",
        ],
    )
    def test_estimates_are_marked(self, text: str) -> None:
        assert invented(text) == ""

    @pytest.mark.parametrize(
        ("text", "missing"),
        [
            ("About 10. It ends at 20.", "20 was"),
            ("About 10 in the year 2014.", "2014 was"),
            ("The estimated value is 10. The real one is 20.", "20 was"),
            ("| x | y (≈) |\n| --- | --- |\n| 10 | 20 |", "10 was"),
            ("| x | y |\n| --- | --- |\n| ≈ 10 | 20 |", "20 was"),
            ("The y is read off.\n\n| x | y |\n| --- | --- |\n| 10 | 20 |", "10 was"),
            ("| x | y |\n| --- | --- |\n| a | 10 |\n\n≈ marks what is read off.", "10 was"),
        ],
    )
    def test_a_mark_marks_no_more_than_it_says(self, text: str, missing: str) -> None:
        assert invented(text) == missing

    def test_a_person_compared_it(self) -> None:
        assert invented("It rises to 60.", reviewed=True) == ""

    @given(st.decimals(10, 10**9, places=2), st.sampled_from([",.", ".,", " ,", "’.", "\u202f,"]))
    def test_any_number_is_found_in_any_form(self, number: object, marks: str) -> None:
        plain = f"{number:,}"
        written = plain.translate(str.maketrans(",.", marks))
        assert invented(f"It reaches {written} at last.", (str(number),)) == ""


class TestAnotherPicture:
    OVEN = describe(LONG, path="images/oven.md", title="How a bread oven is heated")
    TEXT = f"It shows how a bread oven is heated. {LONG}"

    def test_its_title(self) -> None:
        (finding,) = found("description-of-another-picture", describe(self.TEXT), self.OVEN)
        assert finding.path == "images/one.md"
        assert finding.message == ("“how a bread oven is heated” is what images/oven.md describes.")
        assert finding.position == (4, 10)

    def test_its_caption_also_where_that_stands_near(self) -> None:
        oven = replace(self.OVEN, title="", captions=("How a bread oven is heated",))
        subject = describe(self.TEXT, context="![oven](o.png)\nHow a bread oven is heated")
        assert len(found("description-of-another-picture", subject, oven)) == 1

    @pytest.mark.parametrize(
        "own",
        [
            {"title": "How a bread oven is heated"},
            {"title": "Bread oven"},
            {"title": "Today: how a bread oven is heated with wood"},
            {"alt": "how a bread oven is heated"},
            {"author_alts": ("How a bread oven is heated.",)},
            {"captions": ("How a bread oven is heated!",)},
            {"words": ("How a bread", "oven is heated")},
            {"context": "Here we see how a bread oven is heated."},
        ],
    )
    def test_it_is_its_own_too(self, own: dict[str, object]) -> None:
        subject = describe(self.TEXT, **own)
        assert said("description-of-another-picture", subject, self.OVEN) == []

    def test_a_title_that_two_pictures_have_names_neither(self) -> None:
        others = [self.OVEN, replace(self.OVEN, path="images/oven-2.md")]
        assert said("description-of-another-picture", describe(self.TEXT), *others) == []

    @pytest.mark.parametrize(
        "title", ["Bread oven", "Line chart over time", "The picture of a map"]
    )
    def test_a_title_of_few_words_names_nothing(self, title: str) -> None:
        other = replace(self.OVEN, title=title)
        text = f"{title}. {LONG}"
        assert said("description-of-another-picture", describe(text), other) == []


def test_what_the_offline_describer_wrote_is_not_checked() -> None:
    assert check_descriptions([describe("PNG, 40 × 30 and", engine="offline", words=())]) == []


def test_two_thousand_descriptions_take_seconds_at_most() -> None:
    rows = "| year | sales |\n| --- | --- |\n"
    rows += "\n".join(f"| {year} | {year * 7 % 1000} |" for year in range(1990, 2020))
    subjects = [
        describe(
            f"Chart: The sales of bakery {number}. {LONG}\n\n{rows}",
            path=f"images/{number}.md",
            title=f"The sales of bakery {number}",
            words=("1990", "2019"),
            context=f"{LONG} " * 20,
        )
        for number in range(2000)
    ]
    start = time.perf_counter()
    assert len(check_descriptions(subjects)) == 2000
    # Ten times what it takes, for machines that do other things at the same time.
    assert time.perf_counter() - start < 20
