"""The text that bookpack writes from what a model saw; no word of it can become markup."""

import re
from typing import Any

import pyromark
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bookpack.images.structure import KINDS, Structure, parse_structure
from bookpack.images.wording import ALT_LENGTH, Written, write
from bookpack.read.markdown import MARKDOWN_OPTIONS, parse_markdown
from strategies import modest, nasty_text

OPTIONS = MARKDOWN_OPTIONS | pyromark.Options.ENABLE_MATH


def written(language: str = "en", **fields: Any) -> Written:
    """Return what is written of a picture with these fields."""
    summary = fields.pop("summary", "It says something.")
    return write(parse_structure({"kind": "other", "summary": summary, **fields}), language)


def body(**fields: Any) -> str:
    """Return the text behind the lead."""
    return written(**fields).text.partition("\n\n")[2]


class TestTheLead:
    def test_says_kind_title_and_summary(self) -> None:
        found = written(kind="chart", title="Revenue by year", summary="Revenue grows.")
        assert found.text == "Chart: Revenue by year. Revenue grows."

    def test_says_the_title_once(self) -> None:
        found = written(kind="map", title="The coast", summary="A plan of the coast in 1986.")
        assert found.text == "Map. A plan of the coast in 1986."

    def test_a_title_that_is_a_sentence_of_its_own(self) -> None:
        assert written(title="Ready?", summary="Go.").text == "Picture: Ready? Go."

    def test_an_ornament_is_not_spoken_of(self) -> None:
        ornament = {"kind": "decorative", "title": "Rule", "summary": "A rule.", "alt": "Rule"}
        assert written(**ornament) == Written("decorative", "", "", "", True)


class TestData:
    def test_series_share_one_table_and_estimates_are_marked(self) -> None:
        north = [{"x": 2010, "y": 12, "exact": True}, {"x": 2011, "y": "~14", "exact": False}]
        south = [{"x": 2011, "y": 3.5, "exact": True}, {"x": 2012, "y": "10", "exact": False}]
        assert body(
            kind="chart",
            axes=[
                {"name": "x", "label": "Year"},
                {"name": "y", "label": "Revenue", "unit": "million euros", "range": "0–50"},
            ],
            series=[{"name": "North", "points": north}, {"name": "So|uth", "points": south}],
        ) == (
            "Axes:\n"
            "\n"
            "- x: Year\n"
            "- y: Revenue (million euros, 0–50)\n"
            "\n"
            "| Year | North | So\\|uth |\n"
            "| --- | --- | --- |\n"
            "| 2010 | 12 |  |\n"
            "| 2011 | ≈ 14 | 3.5 |\n"
            "| 2012 |  | ≈ 10 |\n"
            "\n"
            "≈ marks what is read off the picture and not written in it."
        )

    def test_nothing_is_said_of_estimates_where_there_are_none(self) -> None:
        points = [{"x": "1", "y": "2", "exact": True}]
        assert body(series=[{"points": points}]) == "| x | y |\n| --- | --- |\n| 1 | 2 |"

    @pytest.mark.parametrize(
        ("series", "places"),
        [
            (["2 10 30", "1 20"], "1 2 10 20 30"),
            (["Jan Mar", "Jan Feb Mar"], "Jan Feb Mar"),
            (["Q2 Q3", "Q1 Q2"], "Q1 Q2 Q3"),
            (["A B", "C D"], "A B C D"),
            (["3 2 1", "3 0"], "3 0 2 1"),
            (["1 1 1", "1 2"], "1 1 1 2"),
            (["0 -1"], "0 -1"),
        ],
    )
    def test_places_come_in_the_order_of_every_series(self, series: list[str], places: str) -> None:
        told = [
            {"name": name, "points": [{"x": x, "y": "5", "exact": True} for x in one.split()]}
            for name, one in zip("ab", series, strict=False)
        ]
        rows = body(series=told).splitlines()[2:]
        assert " ".join(row.split("|")[1].strip() for row in rows) == places

    def test_a_table_without_a_heading_row(self) -> None:
        assert body(kind="table", table={"rows": [["1", "≈ 2"], ["", "a | b"]]}) == (
            "|  |  |\n"
            "| --- | --- |\n"
            "| 1 | ≈ 2 |\n"
            "|  | a \\| b |\n"
            "\n"
            "≈ marks what is read off the picture and not written in it."
        )

    def test_a_graph_is_a_line_for_every_edge(self) -> None:
        assert body(
            kind="flowchart",
            nodes=[
                {"id": "A", "label": "Start"},
                {"id": "B", "label": "Check"},
                {"id": "C", "label": "Check"},
                {"id": "D", "label": "Legend"},
            ],
            edges=[
                {"from": "A", "to": "B"},
                {"from": "B", "to": "C", "label": "yes"},
                {"from": "C", "to": "A", "direction": "both"},
                {"from": "A", "to": "C", "direction": "none"},
            ],
        ) == (
            "Parts:\n"
            "\n"
            "- Legend\n"
            "\n"
            "Connections:\n"
            "\n"
            "- Start → Check (1)\n"
            "- Check (1) → Check (2): yes\n"
            "- Check (2) ↔ Start\n"
            "- Start — Check (2)"
        )

    def test_a_map_says_where_its_parts_stand(self) -> None:
        nodes = [{"id": "A", "label": "Power", "place": "low, ≈ 0.9 to the right"}]
        assert body(kind="map", nodes=nodes) == (
            "Parts:\n"
            "\n"
            "- Power: low, ≈ 0.9 to the right\n"
            "\n"
            "≈ marks what is read off the picture and not written in it."
        )

    def test_text_stands_once(self) -> None:
        text = ["Sales", "Jan", "1", "Source: Office"]
        points = [{"x": "Jan", "y": "1", "exact": True}]
        assert body(title="Sales", text=text, series=[{"points": points}]).startswith(
            "Text in the picture, in reading order:\n\n- 1\n- Source: Office\n\n| x | y |"
        )

    def test_names_without_values_are_text(self) -> None:
        series = [{"name": "North", "points": []}]
        found = body(kind="chart", series=series, table={"columns": ["Sum"]}, text=["North"])
        assert found == "Text in the picture, in reading order:\n\n- North\n- Sum"

    def test_code_is_code(self) -> None:
        code = "for x:\n\tf(`x`)\n```\n"
        assert body(kind="code", code=code) == "````\nfor x:\n    f(`x`)\n```\n````"
        assert body(kind="equation", code="\\frac{1}{2}") == "```latex\n\\frac{1}{2}\n```"

    def test_what_is_uncertain_comes_last(self) -> None:
        found = body(text=["A"], uncertain=["The year is cut off", "Is B a node?"])
        assert found.endswith("- A\n\nUncertain: The year is cut off. Is B a node?")


class TestLanguages:
    def test_our_words_are_in_the_books_language(self) -> None:
        structure = parse_structure(
            {
                "kind": "chart",
                "title": "Umsatz",
                "summary": "Er wächst.",
                "text": ["Quelle: Amt"],
                "series": [{"name": "Nord", "points": [{"x": "1", "y": "2"}]}],
                "uncertain": ["Das Jahr."],
            }
        )
        assert write(structure, "de-AT").text == (
            "Diagramm: Umsatz. Er wächst.\n"
            "\n"
            "Text im Bild, in Lesereihenfolge:\n"
            "\n"
            "- Quelle: Amt\n"
            "\n"
            "| x | Nord |\n"
            "| --- | --- |\n"
            "| 1 | ≈ 2 |\n"
            "\n"
            "≈ steht vor dem, was abgelesen ist und nicht im Bild geschrieben steht.\n"
            "\n"
            "Unsicher: Das Jahr."
        )
        assert write(structure, "fr").text.startswith("Graphique : Umsatz. ")
        assert write(structure, "es_MX").text.startswith("Gráfico: Umsatz. ")

    @pytest.mark.parametrize("language", ["", "x", "ja", "english"])
    def test_english_where_there_are_none(self, language: str) -> None:
        assert written(language).text == "Picture. It says something."

    @pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
    def test_every_kind_has_a_name(self, language: str) -> None:
        others = [kind for kind in KINDS if kind != "decorative"]
        uncertain = ["All is blurred."]
        leads = [written(language, kind=kind, uncertain=uncertain).text for kind in others]
        names = [lead.partition(".")[0] for lead in leads]
        assert all(names)
        assert len(set(names)) == len(others)


class TestTheShortDescription:
    def test_is_the_models_own(self) -> None:
        assert written(alt="A cat").alt == "A cat"

    def test_or_else_the_summary(self) -> None:
        assert written(summary="A cat sits there.").alt == "A cat sits there."

    def test_ends_after_a_sentence(self) -> None:
        first = "Revenue grows in all of the regions (e.g. in the North)."
        assert written(summary=f"{first} It falls {'very ' * 30}fast.").alt == first

    def test_or_after_a_word(self) -> None:
        found = written(alt=f"Revenue, {'costs, ' * 30}profit").alt
        assert found == f"Revenue, {'costs, ' * 15}costs …"
        assert len(found) <= ALT_LENGTH

    def test_or_anywhere_in_a_script_without_blanks(self) -> None:
        assert written(alt="売上" * 100).alt == f"{'売上' * 61}売 …"

    @given(st.text(alphabet="ab ,.。", max_size=300).map(str.strip).filter(bool))
    @modest
    def test_is_never_too_long_and_cuts_no_word(self, text: str) -> None:
        text = " ".join(text.split())
        structure = Structure.model_validate({"kind": "other", "alt": text})
        alt = write(structure).alt
        assert 0 < len(alt) <= ALT_LENGTH
        start = alt.removesuffix(" …")
        assert text.startswith(start)
        if alt != text and " " in text[:ALT_LENGTH]:
            following = text[len(start) : len(start) + 1]
            assert following in " ,." or start.endswith((".", "。"))


REFUSED = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\uffff"
    r"\U000e0000-\U000e007f]"
)
"""Characters that no answer may hold, and some more."""
NASTY = nasty_text.map(lambda text: " ".join(REFUSED.sub("", text)[:200].split()))


@st.composite
def structures(draw: st.DrawFn) -> Structure:
    """Anything that a model could say, in a few of the nastiest words."""
    some = draw(st.lists(NASTY.filter(bool), min_size=4, max_size=4))
    names = st.sampled_from(["", *some])
    width = draw(st.integers(1, 3))
    cells = st.lists(names, min_size=width, max_size=width)
    point = st.fixed_dictionaries({"x": names, "y": names, "exact": st.booleans()})
    ids = [str(number) for number in range(draw(st.integers(0, 3)))]
    nodes = [{"id": one, "label": draw(names), "place": draw(names)} for one in ids]
    edge = st.fixed_dictionaries(
        {
            "from": st.sampled_from(ids or [""]),
            "to": st.sampled_from(ids or [""]),
            "label": names,
            "direction": st.sampled_from(["forward", "both", "none"]),
        }
    )
    data = {
        "kind": draw(st.sampled_from([kind for kind in KINDS if kind != "decorative"])),
        "title": draw(names),
        "summary": draw(names),
        "text": draw(st.lists(names, max_size=3)),
        "axes": draw(st.lists(st.fixed_dictionaries({"name": names, "label": names}), max_size=2)),
        "series": draw(
            st.lists(
                st.fixed_dictionaries({"name": names, "points": st.lists(point, max_size=3)}),
                max_size=2,
            )
        ),
        "table": {"columns": draw(cells), "rows": draw(st.lists(cells, max_size=3))},
        "nodes": nodes,
        "edges": draw(st.lists(edge, max_size=2)) if ids else [],
        "code": REFUSED.sub("", draw(nasty_text)),
        "uncertain": draw(st.lists(names, max_size=2)),
    }
    return Structure.model_validate(data)


def quoted_in_chapter(text: str) -> str:
    quote = "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))
    return (
        "# Chapter\n\nBefore *it [a] `stands\n\n"
        f"{quote}\n\n"
        "Behind [b]* and `this\n\n[a]: /a\n[b]: /b\n[^1]: A note\n"
    )


def events(text: str) -> list[Any]:
    return list(pyromark.events(text, options=OPTIONS))


def outermost(text: str) -> list[str]:
    """Return the kinds of the blocks of a chapter that stand in no other."""
    found, depth = [], 0
    for event in events(text):
        if isinstance(event, dict) and "Start" in event:
            if depth == 0:
                tag = event["Start"]
                found.append(tag if isinstance(tag, str) else next(iter(tag)))
            depth += 1
        elif isinstance(event, dict) and "End" in event:
            depth -= 1
    return found


def shown(text: str) -> str:
    """Return the words that a Markdown text shows, a line for each block or cell."""
    pieces = []
    for event in events(text):
        if isinstance(event, str):
            pieces.append(" ")
        elif "Text" in event:
            pieces.append(event["Text"])
        elif "Start" in event or "End" in event:
            pieces.append("\n")
    return "".join(pieces)


def tables(text: str) -> list[list[list[str]]]:
    """Return the rows of cells of all tables, as a second parser reads them."""
    found: list[list[list[str]]] = []
    in_cell = False
    for token in MarkdownIt().enable("table").parse(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in ("th_open", "td_open"):
            in_cell = True
        elif token.type == "inline" and in_cell:
            in_cell = False
            children = token.children or []
            assert {child.type for child in children} <= {"text", "text_special"}
            found[-1][-1].append("".join(child.content for child in children))
    return found


class TestWhateverAModelSays:
    @given(structures())
    @modest
    def test_it_is_one_quote_of_plain_words(self, structure: Structure) -> None:
        chapter = quoted_in_chapter(write(structure).text)
        parsed = parse_markdown(chapter)
        plain = parse_markdown(quoted_in_chapter("Nothing."))
        assert outermost(chapter) == outermost(quoted_in_chapter("Nothing."))
        assert [link.target for link in parsed.links] == [link.target for link in plain.links]
        assert parsed.images == ()
        assert len(parsed.definitions) == len(plain.definitions)
        assert len(parsed.footnotes) == len(plain.footnotes)
        assert [heading.text for heading in parsed.headings] == ["Chapter"]
        assert (parsed.html_blocks, parsed.inline_tags, parsed.comments) == ((), (), ())
        assert list(parsed.math) == []
        assert len(parsed.code) == (1 if structure.code else 0)

    @given(structures())
    @modest
    def test_no_word_is_lost(self, structure: Structure) -> None:
        words = shown(write(structure).text)
        lines = [" ".join(line.split()) for line in words.split("\n")]
        whole = "\n".join(lines)
        assert structure.title.casefold() in whole.casefold()
        told = [structure.summary, *structure.text, *structure.uncertain]
        told += [text for axis in structure.axes for text in (axis.name, axis.label)]
        told += [edge.label for edge in structure.edges]
        told += [text for node in structure.nodes for text in (node.label, node.place)]
        for series in structure.series:
            told += [series.name, *(point.x for point in series.points)]
            for point in series.points:
                assert set(re.findall(r"\w+", point.y)) <= set(re.findall(r"\w+", whole))
        told += structure.table.columns
        told += [cell for row in structure.table.rows for cell in row]
        for text in told:
            assert text in whole
        assert all(line in words for line in structure.code.expandtabs(4).split("\n"))

    @given(structures())
    @modest
    def test_a_table_has_the_cells_it_was_given(self, structure: Structure) -> None:
        rows = [row for row in structure.table.rows if any(row)]
        if rows:
            found = tables(write(structure).text)[-1]
            assert found == [list(structure.table.columns), *map(list, rows)]

    def test_words_in_a_picture_are_only_words(self) -> None:
        text = ["# Title", "1986. A year", "- - -", "> [x](http://e.com)", "<b>", "[a]: /b", "+ 1"]
        assert body(text=text) == (
            "Text in the picture, in reading order:\n"
            "\n"
            "- \\# Title\n"
            "- 1986\\. A year\n"
            "- \\- - -\n"
            "- \\> \\[x\\](http://e.com)\n"
            "- \\<b\\>\n"
            "- \\[a\\]: /b\n"
            "- \\+ 1"
        )
