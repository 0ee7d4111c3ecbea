"""What counts as an answer about a picture, and what a model is told to mend."""

from typing import Any

import jsonschema
import pytest

from bookpack.ask.question import InvalidAnswerError
from bookpack.images.structure import KINDS, SHAPE, Structure, parse_structure

Answer = dict[str, Any]

CHART: Answer = {
    "kind": "chart",
    "text": ["Source: Office of Statistics"],
    "axes": [
        {"name": "x", "label": "Year", "unit": "", "range": "2010–2012"},
        {"name": "y", "label": "Revenue", "unit": "million euros", "range": "0–50"},
    ],
    "series": [
        {
            "name": "North",
            "points": [
                {"x": "2010", "y": "12", "exact": True},
                {"x": "2011", "y": "20", "exact": False},
            ],
        }
    ],
    "table": {"columns": [], "rows": []},
    "nodes": [],
    "edges": [],
    "code": "",
    "uncertain": [],
    "title": "Revenue by year",
    "summary": "Revenue grows from 12 to about 20 million euros.",
    "alt": "Revenue grows from 2010 to 2011",
}


def complaint(**changes: Any) -> str:
    """Return what is said about the chart with these changes."""
    with pytest.raises(InvalidAnswerError) as caught:
        parse_structure({**CHART, **changes})
    return str(caught.value)


def accepted(**changes: Any) -> Structure:
    return parse_structure({**CHART, **changes})


class TestSchema:
    def test_a_whole_answer_fits(self) -> None:
        jsonschema.validate(CHART, SHAPE.schema)
        assert SHAPE.parse(CHART).series[0].points[1].y == "20"

    def test_holds_only_what_strict_endpoints_take(self) -> None:
        def walk(schema: Answer) -> None:
            assert set(schema) <= {
                "type", "enum", "description", "properties", "required", "additionalProperties",
                "items",
            }  # fmt: skip
            assert isinstance(schema["type"], str)
            if schema["type"] == "object":
                assert schema["additionalProperties"] is False
                assert schema["required"] == list(schema["properties"])
                for inner in schema["properties"].values():
                    walk(inner)
            if schema["type"] == "array":
                walk(schema["items"])

        jsonschema.Draft202012Validator.check_schema(SHAPE.schema)
        walk(dict(SHAPE.schema))

    def test_what_is_seen_comes_before_what_is_said_of_it(self) -> None:
        names = list(SHAPE.schema["properties"])
        assert names[0] == "kind"
        assert names.index("text") < names.index("series") < names.index("summary")


class TestLeniency:
    """What a weak model does and nobody has to ask it about again."""

    def test_missing_null_and_foreign_fields(self) -> None:
        found = parse_structure(
            {"kind": "photo", "summary": "A cat.", "edges": None, "title": None, "mood": "calm"}
        )
        assert found == parse_structure({"kind": "photo", "summary": "A cat."})
        assert (found.title, found.edges) == ("", ())

    def test_numbers_are_what_they_look_like(self) -> None:
        table = {"columns": ["Year", "Share"], "rows": [[2010, 12.5], [2011, None]]}
        assert accepted(table=table).table.rows == (("2010", "12.5"), ("2011", ""))

    def test_lines_are_single_lines(self) -> None:
        assert accepted(title=" Revenue\n  by year ").title == "Revenue by year"

    def test_code_keeps_its_lines_and_indents(self) -> None:
        found = parse_structure(
            {"kind": "code", "summary": "A loop.", "code": "\n  for x:\r\n\ty()\r  z\n\n"}
        )
        assert found.code == "  for x:\n\ty()\n  z"

    def test_an_edge_may_name_a_label_that_only_one_node_has(self) -> None:
        found = accepted(
            nodes=[{"id": "A", "label": "Start"}, {"label": "End"}],
            edges=[{"from": "Start", "to": "End"}],
        )
        assert found.node("Start") == found.nodes[0]
        assert found.edges[0].direction == "forward"

    def test_an_ornament_needs_no_words(self) -> None:
        assert parse_structure({"kind": "decorative"}).summary == ""

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind_can_be_told(self, kind: str) -> None:
        told = {"kind": kind, "summary": "It says something.", "uncertain": ["All is blurred."]}
        assert parse_structure(told).kind == kind

    def test_a_picture_may_repeat_itself_a_little(self) -> None:
        assert len(accepted(text=["0"] * 10).text) == 10


class TestComplaints:
    def test_kind(self) -> None:
        assert complaint(kind="graph").startswith("kind: Input should be 'chart', 'flowchart'")

    @pytest.mark.parametrize("answer", [None, [], "text", 3, {}, {"summary": "A cat."}])
    def test_something_else(self, answer: Any) -> None:
        with pytest.raises(InvalidAnswerError, match=r"^(kind|the answer): "):
            parse_structure(answer)

    def test_the_place_is_named(self) -> None:
        series = [{"name": "North", "points": [{"x": "1", "y": ["2"], "exact": True}]}]
        message = complaint(series=series)
        assert message == "series[0].points[0].y: Input should be a valid string."

    def test_only_the_first_are_listed(self) -> None:
        message = complaint(text=[True] * 20)
        assert "text[5]" in message
        assert "text[6]" not in message
        assert message.endswith("and 14 more.")

    @pytest.mark.parametrize(
        "summary",
        [
            "Revenue grows from 12 to about 20 million",
            "Revenue grows, and",
            "Revenue grows (from 12",
            "Revenue grows:",
            "Revenue grows …",
            "Revenue grows...",
            "Der Umsatz wächst von 12 auf",
        ],
    )
    def test_a_summary_that_breaks_off(self, summary: str) -> None:
        assert complaint(summary=summary).startswith("summary ends in the middle of a sentence (“")

    @pytest.mark.parametrize(
        "summary",
        [
            "It grows!",
            "Wächst er? (Ja.)",
            "It says “Stop.”",
            "売上が伸びている。",
            "राजस्व बढ़ता है।",
            "الإيرادات تنمو؟",
            "รายได้เพิ่มขึ้น",
            "It ends with *emphasis.*",
        ],
    )
    def test_a_sentence_ends_as_its_script_does(self, summary: str) -> None:
        assert accepted(summary=summary).summary == summary

    def test_nothing_said(self) -> None:
        assert complaint(summary=" \n ") == (
            "summary is empty: say in whole sentences what the picture shows."
        )

    def test_other_texts_that_break_off(self) -> None:
        assert complaint(alt="Revenue, costs and") == (
            "alt is not finished (“Revenue, costs and”): write it to its end."
        )
        assert complaint(uncertain=["Fine.", "The value,"]).startswith("uncertain[1] is not")

    def test_titles_are_the_pictures_own(self) -> None:
        assert accepted(title="Loading…").title == "Loading…"

    def test_a_model_that_loops(self) -> None:
        assert complaint(text=["0"] * 50).startswith("text repeats “0” again and again")
        assert "at most 1000 items" in complaint(text=[str(n) for n in range(2000)])
        assert "at most 3000 characters" in complaint(summary="So it goes. " * 1000)

    def test_rows_have_a_cell_for_every_column(self) -> None:
        message = complaint(table={"columns": ["a", "b"], "rows": [["1", "2"], ["3"]]})
        assert message.startswith("table.rows[1] has 1 cells, and there are 2 columns: ")
        without_head = {"columns": [], "rows": [["1", "2"], ["3", "4"]]}
        assert len(accepted(table=without_head).table.rows) == 2

    def test_a_table_has_rows(self) -> None:
        assert complaint(kind="table").startswith("kind is table, and table.rows is empty")

    def test_a_flowchart_has_nodes(self) -> None:
        assert complaint(kind="flowchart").startswith("kind is flowchart, and nodes is empty")

    def test_edges_lead_from_node_to_node(self) -> None:
        nodes = [{"id": "A", "label": "Same"}, {"id": "B", "label": "Same"}]
        message = complaint(nodes=nodes, edges=[{"from": "A", "to": "Z"}])
        assert message == "edges[0].to names no node: “Z”; the ids are A, B."
        assert "“Same”" in complaint(nodes=nodes, edges=[{"from": "Same", "to": "A"}])

    def test_nodes_can_be_told_apart(self) -> None:
        assert "2 nodes have the id “A”" in complaint(nodes=[{"id": "A"}, {"id": "A"}])
        assert complaint(nodes=[{}]).startswith("nodes[0] has neither id nor label")

    @pytest.mark.parametrize(
        "character",
        [
            "\0",
            "\x07",
            "\x0c",
            "\x1b",
            "\x85",
            "\u202e",
            "\u2066",
            "\ud800",
            "\U000e0041",
            "\uffff",
        ],
    )
    def test_characters_that_hide_or_control(self, character: str) -> None:
        message = complaint(title=f"Re{character}venue")
        assert message.startswith(f"title: the character U+{ord(character):04X} is not allowed")
        assert message.isprintable()

    def test_a_backslash_that_json_took_for_a_tab(self) -> None:
        message = complaint(kind="equation", code="\theta = 1")
        assert message.startswith("code holds a tab: write every backslash twice")
