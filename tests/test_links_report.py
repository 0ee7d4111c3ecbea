"""The report on links: who refers to whom, groups, mentions without a link, and old pages."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bookpack.config import load_settings
from bookpack.errors import SettingsError
from conftest import SETTINGS, needs_shared

MakeBook = Callable[..., Path]
Run = Callable[..., Any]

SMALL = {
    "1-start.md": "# Start\n\nRead [Diagnosis](2-diagnosis.md), [here](2-diagnosis.md#why), "
    "[up](#start).\n",
    "2-diagnosis.md": "# Diagnosis\n\n## Why\n\nGo on with [the next step](3-policy.md).\n",
    "3-policy.md": "# Policy\n\nBack to [Diagnosis](2-diagnosis.md) and "
    "<https://example.com/2-diagnosis/>.\n",
    "4-lonely.md": "# Lonely\n\nNo links at all.\n",
}


def report(book: Path, bookpack: Run, *options: str) -> Any:
    """Return the report on `book` as data."""
    result = bookpack("links", book, "--format", "json", *options)
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout)


def chapter(found: Any, path: str) -> Any:
    return next(one for one in found["chapters"] if one["path"] == path)


def names(chapters: int, links: str = "") -> dict[str, str]:
    """Return `chapters` chapters called c1.md, c2.md, … that all say `links`."""
    return {f"c{n}.md": f"# Chapter {n}\n\n{links}\n" for n in range(1, chapters + 1)}


class TestTheGraph:
    def test_references_are_counted_in_and_out_between_chapters(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        found = report(make_book(SMALL), bookpack)
        counts = {
            one["path"]: (
                one["references_in"],
                one["chapters_in"],
                one["references_out"],
                one["chapters_out"],
            )
            for one in found["chapters"]
        }
        assert counts == {
            "1-start.md": (0, 0, 2, 1),
            "2-diagnosis.md": (4, 2, 1, 1),
            "3-policy.md": (1, 1, 2, 1),
            "4-lonely.md": (0, 0, 0, 0),
        }
        assert found["references"] == [
            {"source": "1-start.md", "target": "2-diagnosis.md", "count": 2},
            {"source": "2-diagnosis.md", "target": "3-policy.md", "count": 1},
            {"source": "3-policy.md", "target": "2-diagnosis.md", "count": 2},
        ]

    def test_links_within_a_chapter_are_counted_apart(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        found = report(make_book(SMALL), bookpack)
        assert [one["self_links"] for one in found["chapters"]] == [1, 0, 0, 0]

    def test_orphans_and_dead_ends(self, make_book: MakeBook, bookpack: Run) -> None:
        found = report(make_book(SMALL), bookpack)
        assert found["orphans"] == ["1-start.md", "4-lonely.md"]
        assert found["dead_ends"] == ["4-lonely.md"]

    def test_links_by_label_and_in_html_count_and_those_in_code_do_not(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        text = '# A\n\n[b], [c][b], <a href="b.md">d</a>, `[e](b.md)`.\n\n[b]: b.md\n'
        found = report(make_book({"a.md": text, "b.md": "# B\n"}), bookpack)
        assert chapter(found, "b.md")["references_in"] == 3

    def test_a_broken_link_is_counted_and_is_no_reference(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        found = report(make_book({"a.md": "# A\n\n[x](gone.md)\n"}), bookpack)
        assert (found["chapters"][0]["broken_links"], found["references"]) == (1, [])

    def test_wordings_with_counts_and_those_that_say_nothing(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        found = report(make_book(SMALL), bookpack)
        assert chapter(found, "2-diagnosis.md")["wordings"] == [
            {"wording": "Diagnosis", "count": 2, "says_nothing": False},
            {"wording": "(its bare address)", "count": 1, "says_nothing": True},
            {"wording": "here", "count": 1, "says_nothing": True},
        ]

    def test_too_often_is_three_times_the_median_and_at_least_ten(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        nine = report(make_book({**names(9, "[x](x.md)"), "x.md": "# X\n"}), bookpack)
        ten = report(make_book({**names(10, "[x](x.md)"), "x.md": "# X\n"}), bookpack)
        assert (nine["too_often"], ten["too_often"]) == ([], ["x.md"])
        everywhere = "[x](x.md)" + "".join(f" [c](c{n}.md)" for n in range(1, 11))
        even = report(make_book({**names(10, everywhere), "x.md": "# X\n"}), bookpack)
        assert (even["median_references"], even["too_often"]) == (9, [])

    def test_the_most_referenced_come_first_and_equals_in_reading_order(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        found = report(make_book(SMALL), bookpack)
        assert found["by_references"] == [
            "2-diagnosis.md",
            "3-policy.md",
            "1-start.md",
            "4-lonely.md",
        ]

    def test_a_book_without_links_has_a_report_too(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book({"a.md": "# A\n"})
        for form in ("text", "json", "html"):
            assert bookpack("links", book, "--format", form).returncode == 0


GROUPED = {
    "steps/1-explore.md": "# Explore\n\n[p](2-policy.md) [c](../cases/calm.md)\n",
    "steps/2-policy.md": "# Policy\n\n[c](../cases/calm.md) [c](../cases/calm.md)\n",
    "cases/calm.md": "# Calm\n\n[e](../steps/1-explore.md)\n",
    "cases/uber.md": "# Uber\n",
}
LIMITS = (
    SETTINGS
    + """
[[links.group]]
name = "Steps"
chapters = ["steps/*"]
at-least = 1

[[links.group]]
name = "Cases"
chapters = ["Cases"]
at-least = 1
at-most = 2
"""
)


class TestGroups:
    def test_references_to_and_from_each_group(self, make_book: MakeBook, bookpack: Run) -> None:
        found = report(make_book(GROUPED, LIMITS), bookpack)
        assert [group["chapters"] for group in found["groups"]] == [
            ["steps/1-explore.md", "steps/2-policy.md"],
            ["cases/calm.md", "cases/uber.md"],
        ]
        explore = chapter(found, "steps/1-explore.md")
        assert explore["made_to_groups"] == {"Steps": 1, "Cases": 1}
        assert explore["received_from_groups"] == {"Steps": 0, "Cases": 1}
        assert [group["references_to_groups"] for group in found["groups"]] == [
            {"Steps": 1, "Cases": 3},
            {"Steps": 1, "Cases": 0},
        ]

    def test_what_is_under_and_over_the_limits(self, make_book: MakeBook, bookpack: Run) -> None:
        found = report(make_book(GROUPED, LIMITS), bookpack)
        assert [
            (one["chapter"], one["references"], one["limit"], one["is_under"])
            for one in found["imbalances"]
        ] == [("cases/calm.md", 3, 2, False), ("cases/uber.md", 0, 1, True)]

    def test_without_settings_the_parts_are_the_groups(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        found = report(make_book(GROUPED), bookpack)
        assert [group["name"] for group in found["groups"]] == ["Cases", "Steps"]
        assert found["imbalances"] == []

    def test_a_group_without_a_chapter_is_said(self, make_book: MakeBook, bookpack: Run) -> None:
        settings = SETTINGS + '[[links.group]]\nname = "None"\nchapters = ["nowhere/*"]\n'
        found = report(make_book(SMALL, settings), bookpack)
        assert found["complaints"] == ["[[links.group]] None has no chapter."]


class TestMentionsWithoutALink:
    def passages(self, make_book: MakeBook, bookpack: Run, text: str, **more: str) -> list[str]:
        """Return how the chapter a.md, which says `text`, names the chapter Systems modeling."""
        book = make_book({"a.md": f"# A\n\n{text}\n", "b.md": "# Systems Modeling\n", **more})
        return [
            f"{one['line']}: {one['before']}[{one['words']}]{one['after']}"
            for one in report(book, bookpack)["mentions"]
        ]

    def test_a_title_in_running_text_with_its_sentence_and_place(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        text = "First this. We use systems modeling\nfor most of it. Then that."
        assert self.passages(make_book, bookpack, text) == [
            "3: We use [systems modeling] for most of it."
        ]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("All SYSTEMS MODELING here.", "SYSTEMS MODELING"),
            ("Over the line: systems\nmodeling.", "systems modeling"),
            ("> Over the quoted line: systems\n> modeling.", "systems modeling"),
            ("With *systems* modeling.", "systems* modeling"),
            ("- In an item: systems modeling.", "systems modeling"),
            ("| a |\n| - |\n| systems modeling |", "systems modeling"),
        ],
    )
    def test_capitals_lines_and_emphasis_do_not_matter(
        self, make_book: MakeBook, bookpack: Run, text: str, words: str
    ) -> None:
        found = self.passages(make_book, bookpack, text)
        assert len(found) == 1
        assert f"[{words}]" in found[0]

    @pytest.mark.parametrize(
        "text",
        [
            "`systems modeling`",
            "```\nsystems modeling\n```",
            "## Systems modeling",
            "[systems modeling](https://elsewhere.example/)",
            "![systems modeling](https://elsewhere.example/a.png)",
            "<!-- systems modeling -->",
            "subsystems modeling and systems modelings",
            "It is about systems. Modeling is another thing.",
            "systems\n\nmodeling",
        ],
    )
    def test_what_is_no_mention(self, make_book: MakeBook, bookpack: Run, text: str) -> None:
        assert self.passages(make_book, bookpack, text) == []

    def test_headings_short_titles_and_aliases_are_names_too(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book(
            {
                "a.md": "# A\n\nOn driver onboarding models. See private equity. "
                "Read how calm decides slowly.\n",
                "b.md": "---\naliases: [/how-calm-decides-slowly/]\n---\n"
                "# Private equity: what to do\n\n## Driver onboarding models\n",
            }
        )
        origins = [(one["words"], one["origin"]) for one in report(book, bookpack)["mentions"]]
        assert origins == [
            ("driver onboarding models", "heading"),
            ("private equity", "short title"),
            ("how calm decides slowly", "alias"),
        ]

    def test_a_heading_that_two_chapters_have_names_neither(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        heading = "## Three useful words\n"
        book = make_book(
            {
                "a.md": "# A\n\nThree useful words.\n",
                "b.md": f"# B\n\n{heading}",
                "c.md": f"# C\n\n{heading}",
            }
        )
        assert report(book, bookpack)["mentions"] == []

    def test_the_longest_name_is_meant(self, make_book: MakeBook, bookpack: Run) -> None:
        more = {"c.md": "# Systems Modeling in Practice\n"}
        book = make_book(
            {"a.md": "# A\n\nSystems modeling in practice.\n", "b.md": "# Systems Modeling\n"}
            | more
        )
        assert [one["target"] for one in report(book, bookpack)["mentions"]] == ["c.md"]

    def test_short_common_and_repeated_titles_are_skipped_and_that_is_said(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book(
            {
                "a.md": "# Testing\n\nGetting started with testing and good plans.\n",
                "b.md": "# Getting Started\n",
                "c.md": "# Good Plans\n",
                "d.md": "# Good plans\n",
            }
        )
        found = report(book, bookpack)
        assert found["not_searched"] == [
            {"chapter": "a.md", "reason": "its title has fewer than two words"},
            {"chapter": "b.md", "reason": "its title is made of very common words"},
            {"chapter": "d.md", "reason": "its title is also that of c.md"},
        ]
        assert [one["target"] for one in found["mentions"]] == ["c.md"]

    def test_words_that_half_of_the_book_uses_are_no_name(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book({**names(12, "Our good plans."), "x.md": "# Good plans\n"})
        found = report(book, bookpack)
        assert found["mentions"] == []
        assert {
            "chapter": "x.md",
            "reason": "“good plans” stands in 12 chapters: a common expression",
        } in found["not_searched"]

    def test_a_chapter_with_enough_references_is_not_searched(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        two = {"c.md": "# C\n\n[b](b.md)\n", "d.md": "# D\n\n[b](b.md)\n"}
        assert self.passages(make_book, bookpack, "Systems modeling.", **two) == []

    def test_a_chapter_under_its_group_is_searched_however_many_references_it_has(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        settings = SETTINGS + '[[links.group]]\nname = "G"\nchapters = "b.md"\nat-least = 3\n'
        text = "[b](b.md) [b](b.md) and systems modeling."
        book = make_book({"a.md": f"# A\n\n{text}\n", "b.md": "# Systems Modeling\n"}, settings)
        (mention,) = report(book, bookpack)["mentions"]
        assert (mention["target"], mention["is_linked_elsewhere"]) == ("b.md", True)

    def test_a_script_without_spaces(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book(
            {"a.md": "# A\n\n我们谈软件架构设计的问题。\n", "b.md": "# 软件架构设计\n"}
        )
        assert [one["words"] for one in report(book, bookpack)["mentions"]] == ["软件架构设计"]


OLDER = {
    "01-start.md": "# Start\n\n"
    "[slug](https://old.example/2020/how-to-explore/) "
    "[file](https://www.old.example/good-diagnosis.html#why) "
    "[alias](http://old.example/first-name) "
    "[none](https://old.example/about/) "
    "[other](https://other.example/good-diagnosis/)\n",
    "02-explore.md": "---\nslug: how-to-explore\n---\n# Explore\n",
    "03-good-diagnosis.md": "---\nurl: /d/\n---\n# Diagnosis\n",
    "04-named.md": "---\naliases: [/first-name/]\n---\n# Named\n",
}


class TestLinksToAnOldSite:
    def old(self, found: Any) -> list[tuple[str, list[str], str]]:
        return [(one["wording"], one["chapters"], one["by"]) for one in found["old_links"]]

    def test_slugs_file_names_and_aliases(self, make_book: MakeBook, bookpack: Run) -> None:
        settings = SETTINGS + '[links]\nmirrors = {"https://old.example" = "*"}\n'
        found = report(make_book(OLDER, settings), bookpack)
        assert self.old(found) == [
            ("slug", ["02-explore.md"], "slug"),
            ("file", ["03-good-diagnosis.md"], "file name"),
            ("alias", ["04-named.md"], "alias"),
        ]
        assert found["old_links_unanswered"] == [
            {"address": "https://old.example/about/", "count": 1}
        ]

    def test_a_table_of_slugs_comes_before_names(self, make_book: MakeBook, bookpack: Run) -> None:
        settings = (
            SETTINGS
            + '[links.mirrors."https://old.example"]\n'
            + 'about = "04-named.md"\nhow-to-explore = "chapters/01-start.md"\ngone = "x.md"\n'
        )
        found = report(make_book(OLDER, settings), bookpack)
        assert self.old(found)[0] == ("slug", ["01-start.md"], "table")
        assert ("none", ["04-named.md"], "table") in self.old(found)
        assert found["old_links"][0]["is_own_page"]
        assert found["complaints"] == ["[links] mirrors: gone names x.md, which is no chapter."]

    def test_a_mirror_may_be_a_folder_of_a_site(self, make_book: MakeBook, bookpack: Run) -> None:
        settings = SETTINGS + '[links]\nmirrors = {"https://old.example/2020/" = "*"}\n'
        found = report(make_book(OLDER, settings), bookpack)
        assert self.old(found) == [("slug", ["02-explore.md"], "slug")]

    def test_words_that_are_a_whole_title(self, make_book: MakeBook, bookpack: Run) -> None:
        settings = SETTINGS + '[links]\nmirrors = {"https://old.example" = "*"}\n'
        text = "# A\n\n[readable strategies](https://old.example/documents/)\n"
        book = make_book({"a.md": text, "b.md": "# Readable Strategies\n"}, settings)
        assert self.old(report(book, bookpack)) == [("readable strategies", ["b.md"], "wording")]

    def test_two_chapters_of_one_name_are_both_named(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        settings = SETTINGS + '[links]\nmirrors = {"https://old.example" = "*"}\n'
        text = "# A\n\n[x](https://old.example/topic/)\n"
        book = make_book({"a.md": text, "1-topic.md": "# T\n", "2-topic.md": "# U\n"}, settings)
        assert self.old(report(book, bookpack)) == [
            ("x", ["1-topic.md", "2-topic.md"], "file name")
        ]

    def test_a_host_that_looks_like_one_is_a_hint(self, make_book: MakeBook, bookpack: Run) -> None:
        links = (
            "[a](https://blog.example/good-diagnosis/) [b](https://blog.example/how-to-explore) "
            "[c](https://blog.example/about/) [d](https://rare.example/good-diagnosis/)"
        )
        book = make_book({**OLDER, "05-more.md": f"# More\n\n{links}\n"})
        found = report(book, bookpack)
        assert found["old_links"] == []
        hints = {hint["host"]: (hint["links"], len(hint["found"])) for hint in found["hints"]}
        assert hints["blog.example"] == (3, 2)
        assert "rare.example" not in hints

    def test_one_slug_of_three_words_is_a_hint_by_itself(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        rest = "[x](https://blog.example/a/) [x](https://blog.example/b/)"
        for slug, hosts in (("how-to-explore", ["blog.example"]), ("good-diagnosis", [])):
            text = f"# More\n\n[x](https://blog.example/{slug}/) {rest}\n"
            found = report(make_book({**OLDER, "01-start.md": text}), bookpack)
            assert [hint["host"] for hint in found["hints"]] == hosts

    def test_a_slug_of_one_word_is_no_hint(self, make_book: MakeBook, bookpack: Run) -> None:
        text = "# A\n\n" + "[x](https://blog.example/testing/)\n\n" * 4
        book = make_book({"a.md": text, "testing.md": "# T\n"})
        assert report(book, bookpack)["hints"] == []


class TestTheCommand:
    def test_text_names_places(self, make_book: MakeBook, bookpack: Run) -> None:
        result = bookpack("links", make_book(SMALL))
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout.startswith(
            "Links of A Book: 4 chapters, 5 references between them (0.5 to a chapter in the "
            "median), 1 link within a chapter, 0 broken links.\n"
        )
        assert "  2-diagnosis.md  4 in from 2 chapters  1 out to 1 chapter\n" in result.stdout
        assert "[here] 1 (says nothing)" in result.stdout

    def test_a_long_list_says_how_much_it_leaves_out(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        assert "… and 3 more\n" in bookpack("links", make_book(names(13))).stdout

    def test_out_writes_a_file_and_says_so(
        self, make_book: MakeBook, bookpack: Run, tmp_path: Path
    ) -> None:
        book, file = make_book(SMALL), tmp_path / "links.html"
        result = bookpack("links", book, "--format", "html", "--out", file)
        assert result.stdout == f"Written: {file}\n"
        assert file.read_text("utf-8").startswith("<!doctype html>")
        assert bookpack("links", book, "--out", file, "--quiet").stdout == ""

    def test_out_never_writes_over_the_book(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book(SMALL)
        for file in (book / "chapters" / "1-start.md", book / "bookpack.toml"):
            before = file.read_bytes()
            result = bookpack("links", book, "--out", file)
            assert (result.returncode, file.read_bytes()) == (2, before)
            assert "belongs to the book" in result.stderr

    def test_it_writes_nothing_else(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book(SMALL)
        before = sorted(book.rglob("*"))
        bookpack("links", book)
        assert sorted(book.rglob("*")) == before

    def test_the_same_book_gives_the_same_report(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book(SMALL)
        for form in ("text", "json", "html"):
            first, second = (
                bookpack("links", book, "--format", form, env={"PYTHONHASHSEED": seed}).stdout
                for seed in ("1", "2")
            )
            assert first == second

    def test_control_characters_do_not_reach_a_terminal(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book({"a.md": "# A\n\n[x\x1b[31m](b.md)\n", "b.md": "# B\n"})
        assert "\x1b" not in bookpack("links", book).stdout


class TestTheSettings:
    @pytest.mark.parametrize(
        ("lines", "complaint"),
        [
            (
                "[links]\nmirors = {}",
                "[links] mirors is not a known setting. Did you mean mirrors?",
            ),
            ("[links]\nmirrors = 'x'", "[links] mirrors must be a table."),
            ("[links]\nmirrors = {x = '*'}", "names 'x', which is no http or https address"),
            (
                "[links]\nmirrors = {'https://a.example' = 'all'}",
                'must give "*" or a table of slugs and chapters for https://a.example',
            ),
            (
                "[links]\nmirrors = {'https://a.example' = {x = ['y']}}",
                "mirrors must be a string",
            ),
            ("[links.group]\nname = 'x'", "group must be written as [[links.group]] tables"),
            ("[[links.group]]\nchapters = ['*']", "group must have a name"),
            ("[[links.group]]\nname = 'x'", "group 'x' must list its chapters"),
            (
                "[[links.group]]\nname = 'x'\nchapters = '*'\nat-lest = 1",
                "[links.group] at-lest is not a known setting. Did you mean at-least?",
            ),
            (
                "[[links.group]]\nname = 'x'\nchapters = '*'\nat-least = -1",
                "at-least must be a whole number, 0 or more",
            ),
            (
                "[[links.group]]\nname = 'x'\nchapters = '*'\nat-most = true",
                "at-most must be a whole number, 0 or more",
            ),
            (
                "[[links.group]]\nname = 'x'\nchapters = '*'\nat-least = 3\nat-most = 2",
                "at-least of 'x' is greater than its at-most",
            ),
            (
                "[[links.group]]\nname = 'x'\nchapters = '*'\n" * 2,
                "group 'x' is there twice",
            ),
        ],
    )
    def test_what_is_refused(self, make_book: MakeBook, lines: str, complaint: str) -> None:
        book = make_book(SMALL, SETTINGS + lines + "\n")
        with pytest.raises(SettingsError) as caught:
            load_settings(book)
        assert complaint in str(caught.value)
        assert str(caught.value).startswith("bookpack.toml:")


@needs_shared
def test_real_books_have_reports(bookpack: Run, tmp_path: Path) -> None:
    """The real edition: its hubs, its orphans and its links to the author's blog."""
    from conftest import SHARED

    packed = SHARED / "reference" / "edition-packed.md"
    assert bookpack("unpack", packed, "--out", tmp_path / "edition").returncode == 0
    found = report(
        tmp_path / "edition", bookpack, "--set", 'links.mirrors={"https://lethain.com" = "*"}'
    )
    assert found["by_references"][0] == "llm/15000_testing-strategy.md"
    assert len(found["orphans"]) == 10
    assert [(one["address"], one["chapters"]) for one in found["old_links"]] == [
        ("https://lethain.com/diagnosis-for-strategy", ["llm/08000_diagnosis-for-strategy.md"])
    ]
