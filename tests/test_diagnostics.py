"""The table of rules, which findings count, and the four forms in which they leave the house."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bookpack import pipeline
from bookpack.config import load_settings
from bookpack.diagnostics import Diagnostic, Selection, fails, report
from bookpack.reports import (
    as_github,
    as_json,
    as_sarif,
    as_text,
    count_by_severity,
    from_record,
    to_record,
)
from bookpack.rules import (
    RULES,
    RULES_BY_NAME,
    Severity,
    conventions,
    files,
    grammar,
    links,
    pictures,
    site,
    text,
)
from bookpack.source import Edit, Source, Span
from conftest import SETTINGS

MakeBook = Callable[..., Path]

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
NASTY = "\x1b[31mred\x1b[0m \x07 \x9b31m \u202ereversed \u2028line, 100%: :: a,b\r\nnext\x00"
SEVERAL = {
    "a.md": "# A\n\nTODO: [broken](nowhere.md)\n\n![](p.png)\n",
    "draft.md": "---\ndraft: true\n---\n# D\n\nText.\n",
}

TEXT = {
    "type": "object",
    "required": ["text"],
    "additionalProperties": False,
    "properties": {"text": {"type": "string", "minLength": 1}},
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
POSITIVE = {"type": "integer", "minimum": 1}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "maxItems": 1, "items": {"$ref": "#/$defs/run"}},
    },
    "additionalProperties": False,
    "$defs": {
        "run": {
            "type": "object",
            "required": ["tool", "results"],
            "additionalProperties": False,
            "properties": {
                "tool": {
                    "type": "object",
                    "required": ["driver"],
                    "properties": {"driver": {"$ref": "#/$defs/driver"}},
                    "additionalProperties": False,
                },
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
            },
        },
        "driver": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string"},
                "version": {"type": "string"},
                "informationUri": {"type": "string", "format": "uri"},
                "rules": {
                    "type": "array",
                    "uniqueItems": True,
                    "items": {
                        "type": "object",
                        "required": ["id"],
                        "additionalProperties": False,
                        "properties": {
                            "id": {"type": "string"},
                            "name": {"type": "string"},
                            "shortDescription": TEXT,
                            "fullDescription": TEXT,
                            "help": TEXT,
                            "helpUri": {"type": "string", "format": "uri"},
                            "defaultConfiguration": {
                                "type": "object",
                                "additionalProperties": False,
                                "properties": {"level": LEVEL},
                            },
                        },
                    },
                },
            },
        },
        "result": {
            "type": "object",
            "required": ["message"],
            "additionalProperties": False,
            "properties": {
                "ruleId": {"type": "string"},
                "ruleIndex": {"type": "integer", "minimum": -1},
                "level": LEVEL,
                "message": TEXT,
                "locations": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "physicalLocation": {
                                "type": "object",
                                "required": ["artifactLocation"],
                                "additionalProperties": False,
                                "properties": {
                                    "artifactLocation": {
                                        "type": "object",
                                        "additionalProperties": False,
                                        "properties": {
                                            "uri": {
                                                "type": "string",
                                                "pattern": r"^[A-Za-z0-9\-._~%!$&'()*+,;=:@/]+$",
                                            },
                                            "uriBaseId": {"type": "string"},
                                        },
                                    },
                                    "region": {
                                        "type": "object",
                                        "additionalProperties": False,
                                        "properties": {
                                            "startLine": POSITIVE,
                                            "startColumn": POSITIVE,
                                            "endLine": POSITIVE,
                                            "endColumn": POSITIVE,
                                        },
                                    },
                                },
                            }
                        },
                    },
                },
                "fixes": {"type": "array"},
            },
        },
    },
}
"""The parts of SARIF 2.1.0 that the output uses, after the OASIS specification's schema."""


def findings(book: Path) -> list[Diagnostic]:
    return pipeline.check(load_settings(book), book / "build").diagnostics


def codes(book: Path) -> list[str]:
    return sorted({finding.code for finding in findings(book)})


def one_of_each() -> list[Diagnostic]:
    """Return a finding of every rule, at many places and with texts that need care."""
    found = []
    for number, rule in enumerate(RULES.values()):
        source = Source(f"chapters/ä {number}%, b:c.md", "Line one\r\nzwei Zeilen\rdrei\n" * 3)
        span = None if number % 5 == 0 else Span(number % 7, number % 7 + number % 3)
        fix = Edit(Span(1, 2), "\n“x”") if number % 4 == 0 else None
        found.append(report(rule.name, source, f"Message {number}: “{NASTY}”", span, fix=fix))
    return found


class TestTheTable:
    def test_codes_are_unique_and_sorted(self) -> None:
        assert [rule.code for rule in RULES.values()] == list(RULES)
        assert list(RULES) == sorted(RULES)
        groups = (files, links, text, conventions, pictures, site, grammar)
        assert sum(len(group.RULES) for group in groups) == len(RULES) == len(RULES_BY_NAME)

    @pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
    def test_a_row_is_complete(self, rule: Any) -> None:
        assert re.fullmatch(r"BP[1-9]\d\d", rule.code)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)
        assert isinstance(rule.severity, Severity)
        assert re.fullmatch(r"[A-Z].*\.", rule.summary, re.S)
        assert re.match(r"[A-Z]", rule.help)
        assert rule.help.endswith((".", "…"))
        assert not CONTROL.search(rule.summary + rule.help)

    def test_severities_have_an_order(self) -> None:
        assert Severity.INFO.rank < Severity.WARNING.rank < Severity.ERROR.rank


class TestSelection:
    @pytest.mark.parametrize(
        ("lint", "kept"),
        [
            ("", ["BP203", "BP301", "BP304", "BP401", "BP409"]),
            ('select = ["BP3"]', ["BP301", "BP304"]),
            ('select = ["BP301"]', ["BP301"]),
            ('select = ["broken-link", "BP4"]', ["BP301", "BP401", "BP409"]),
            ("select = []", []),
            ('ignore = ["BP"]', []),
            ('ignore = ["BP3", "draft-notice"]', ["BP203", "BP409"]),
            ('select = ["BP301"]\nignore = ["BP3"]', ["BP301"]),
            ('select = ["BP301"]\nignore = ["BP301"]', []),
            ('select = ["BP3"]\nignore = ["broken-link"]', ["BP304"]),
            ('per-file-ignores = {"chapters/a.md" = ["BP3"]}', ["BP203", "BP401", "BP409"]),
            ('per-file-ignores = {"chapters/*.md" = ["BP"]}', []),
            ('per-file-ignores = {"*" = ["draft-notice"]}', ["BP203", "BP301", "BP304", "BP409"]),
            (
                'per-file-ignores = {"chapters/b.md" = ["BP"]}',
                ["BP203", "BP301", "BP304", "BP401", "BP409"],
            ),
        ],
    )
    def test_by_settings(self, lint: str, kept: list[str], make_book: MakeBook) -> None:
        assert codes(make_book(SEVERAL, settings=f"{SETTINGS}[lint]\n{lint}\n")) == kept

    def test_the_longest_prefix_wins_and_ignoring_between_equals(self) -> None:
        finding = report("broken-link", "a.md", "x")
        assert Selection(("BP30",), ("BP3",)).keeps(finding)
        assert not Selection(("BP3",), ("BP30",)).keeps(finding)
        assert not Selection(("BP3",), ("BP3",)).keeps(finding)
        assert Selection(("broken-link",), ("BP30",)).keeps(finding)
        assert not Selection(("BP4",)).keeps(finding)


class TestFailOn:
    BOOKS = {  # noqa: RUF012 - a table of cases
        "error": {"a.md": "# A\n\n[broken](nowhere.md)\n"},
        "warning": {"a.md": "# A\n\nTODO\n"},
        "info": {"a.md": "# A\n\nText.\n", "b.md": "---\ndraft: true\n---\n# B\n\nText.\n"},
        "nothing": {"a.md": "# A\n\nText.\n"},
    }

    @pytest.mark.parametrize("worst", BOOKS)
    @pytest.mark.parametrize("fail_on", ["error", "warning", "info", "never"])
    def test_decides(self, worst: str, fail_on: str, make_book: MakeBook) -> None:
        ranks = ["nothing", "info", "warning", "error", "never"]
        expected = worst != "nothing" and ranks.index(worst) >= ranks.index(fail_on)
        assert fails(findings(make_book(self.BOOKS[worst])), fail_on) is expected


class TestText:
    def test_one_line_and_its_help(self, make_book: MakeBook) -> None:
        book = make_book({"a.md": "# A\n\nGo [there](nowhere.md).\n", "no.md": "# No\n\nText.\n"})
        assert as_text(findings(book)) == (
            "chapters/a.md:3:12: error BP301 broken-link: "
            "nowhere.md leads to no chapter of the book.\n"
            "    help: Correct the target."
        )

    def test_columns_count_characters(self, make_book: MakeBook) -> None:
        book = make_book({"a.md": "# A\n\n👩\u200d💻 ä [there](nowhere.md)\n"})
        (finding,) = findings(book)
        assert finding.position == (3, 15)

    def test_passes_no_control_characters_to_the_terminal(self) -> None:
        for line in as_text(one_of_each()).split("\n"):
            assert not CONTROL.search(line)

    def test_passes_none_of_a_file_name_either(self, make_book: MakeBook) -> None:
        book = make_book({"a\x1b[31m\n\u202eb.md": "# A\n", "\u202eb.md": "# B\n\n[x](no.md)\n"})
        text = as_text(findings(book))
        assert "unreadable-file" in text
        assert "broken-link" in text
        assert len(text.split("\n")) == 4
        assert not CONTROL.search(text.replace("\n", ""))

    def test_passes_none_of_a_real_book(self, make_book: MakeBook) -> None:
        book = make_book(
            {
                "a.md": "# A\x1b[31m\n\n[x](no\x1b[31mw.md) \x07TODO [^\x9b1]\n\n[b][\u202ec]\n",
                "b.md": "---\ntitle: [\x1b\n---\n# A\x1b[31m\n",
            }
        )
        text = as_text(findings(book))
        assert text
        assert not CONTROL.search(text.replace("\n", ""))

    def test_colour_is_only_added(self) -> None:
        found = one_of_each()
        plain, coloured = as_text(found), as_text(found, colour=True)
        assert "\x1b[" not in plain
        assert "\x1b[31m" in coloured
        assert re.sub(r"\x1b\[\d+m", "", coloured) == plain

    @pytest.mark.parametrize(
        ("names", "phrase"),
        [
            ([], "none"),
            (["broken-link"], "1 error"),
            (["broken-link"] * 1234, "1,234 errors"),
            (["draft-notice", "draft-notice"], "2 warnings"),
            (["draft-chapter"], "1 note"),
            (["draft-chapter", "draft-notice", "broken-link"], "1 error, 1 warning, 1 note"),
        ],
    )
    def test_counts(self, names: list[str], phrase: str) -> None:
        assert count_by_severity([report(name, "a.md", "x") for name in names]) == phrase


class TestJson:
    def test_is_read_back_as_it_was(self) -> None:
        found = one_of_each()
        assert [from_record(record) for record in json.loads(as_json(found))] == found
        assert [to_record(from_record(to_record(finding))) for finding in found] == [
            to_record(finding) for finding in found
        ]

    def test_of_nothing_is_an_empty_list(self) -> None:
        assert json.loads(as_json([])) == []

    def test_has_these_fields(self, make_book: MakeBook) -> None:
        (record,) = json.loads(as_json(findings(make_book({"a.md": "# A\n\n##B\n"}))))
        assert record == {
            "code": "BP405",
            "name": "heading-without-blank",
            "severity": "warning",
            "message": "No blank follows the number signs, so this is no heading.",
            "path": "chapters/a.md",
            "span": [5, 7],
            "line": 3,
            "column": 1,
            "end_line": 3,
            "end_column": 3,
            "help": RULES["BP405"].help,
            "fix": {"span": [7, 7], "text": " "},
        }


class TestSarif:
    def test_has_the_structure_of_2_1_0(self) -> None:
        log = json.loads(as_sarif(one_of_each(), "1.2.3"))
        jsonschema.validate(log, SARIF)
        driver = log["runs"][0]["tool"]["driver"]
        assert (driver["name"], driver["version"]) == ("bookpack", "1.2.3")
        assert [rule["id"] for rule in driver["rules"]] == list(RULES)
        for result in log["runs"][0]["results"]:
            assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]

    def test_of_nothing_has_no_results(self) -> None:
        log = json.loads(as_sarif([], "1"))
        jsonschema.validate(log, SARIF)
        assert log["runs"][0]["results"] == []

    def test_regions_and_levels_are_those_of_the_findings(self, make_book: MakeBook) -> None:
        found = findings(make_book(SEVERAL))
        results = json.loads(as_sarif(found, "1"))["runs"][0]["results"]
        assert {result["level"] for result in results} == {"error", "warning", "note"}
        for finding, result in zip(found, results, strict=True):
            place = result["locations"][0]["physicalLocation"]
            assert place["artifactLocation"]["uri"] == finding.path
            if finding.span is not None:
                region = place["region"]
                assert (region["startLine"], region["startColumn"]) == finding.position
                assert (region["endLine"], region["endColumn"]) == finding.end


class TestGithub:
    def test_one_command_a_line(self, make_book: MakeBook) -> None:
        lines = as_github(findings(make_book(SEVERAL))).split("\n")
        assert lines[0].startswith(
            "::warning file=chapters/a.md,line=3,col=1,endLine=3,title=BP401 draft-notice::"
        )
        assert {line.split(" ")[0] for line in lines} == {"::error", "::warning", "::notice"}

    def test_nothing_in_a_book_can_begin_another_command(self) -> None:
        found = one_of_each()
        lines = as_github(found).split("\n")
        for line, finding in zip(lines, found, strict=True):
            command = re.fullmatch(r"::(error|warning|notice) ([^:]*)::([^\r]*)", line)
            assert command is not None
            properties = dict(part.split("=", 1) for part in command[2].split(","))
            assert set(properties) == {"file", "line", "col", "endLine", "title"}
            assert unescape(properties["file"]) == finding.path

    def test_escapes_as_github_asks(self) -> None:
        found = report("broken-link", "a,b:c%.md", "100%\r\nof: it, all")
        line = as_github([found])
        assert "file=a%2Cb%3Ac%25.md," in line
        assert line.endswith("::100%25%0D%0Aof: it, all")


def unescape(value: str) -> str:
    for code, character in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        value = value.replace(code, character)
    return value


def test_no_code_and_no_name_is_given_twice() -> None:
    groups = (conventions, files, grammar, links, pictures, site, text)
    rows = [rule for group in groups for rule in group.RULES]
    assert len({rule.code for rule in rows}) == len({rule.name for rule in rows}) == len(rows)
    assert len(RULES) == len(rows)
