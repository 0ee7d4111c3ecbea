"""What a model is asked to say of a picture, field by field, and what no answer may be.

What is seen stands before what is said of it: a model writes the fields in this order, and a
summary that follows a transcription holds to it. This module imports pydantic, so only what
asks a model imports it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from bookpack.ask.question import InvalidAnswerError, Shape

Kind = Literal[
    "chart",
    "flowchart",
    "diagram",
    "map",
    "table",
    "screenshot",
    "code",
    "equation",
    "photo",
    "drawing",
    "other",
    "decorative",
]
KINDS: tuple[str, ...] = get_args(Kind)

_MOST_COMPLAINTS = 6
_MOST_REPEATS = 12
"""Equal lines one after another that a picture may hold; a model that loops writes more."""
_REFUSED = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
    r"\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff"
    r"\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control characters, lone surrogates, and what turns or hides text (Unicode TR 36, 3.6)."""
_LINE_END = re.compile("\r\n|[\r\u2028\u2029]")
_CLOSERS = "\"'’”»›)]）」』】〉》*_`"
_SENTENCE_ENDS = ".!?。！？．｡…‽।॥؟۔։።။។།"
_UNSTOPPED = re.compile(r"[\u0e00-\u0eff]")
"""Thai and Lao, which end a sentence with nothing."""
_DANGLING = re.compile(r"(?:[,;:(\[{–—、，；：…-]|\.\.\.|\b(?:an|the|and|or|und|oder|et|ou))$")


def _line(value: object) -> object:
    """Take text as one line without blanks around it; numbers are what they look like."""
    text = _text(value)
    return " ".join(text.split()) if isinstance(text, str) else text


def _text(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return value
    refused = _REFUSED.search(value)
    if refused:
        raise ValueError(
            f"the character U+{ord(refused[0]):04X} is not allowed: leave it out, "
            "and write every backslash twice, as JSON asks"
        )
    return _LINE_END.sub("\n", value).strip("\n").rstrip()


_Name = Annotated[str, Field(max_length=300), BeforeValidator(_line)]
_Words = Annotated[str, Field(max_length=3000), BeforeValidator(_line)]
_Code = Annotated[str, Field(max_length=20_000), BeforeValidator(_text)]


class _Part(BaseModel):
    """Anything an answer holds: what is missing or null is empty, what nobody asked for goes."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            return {key: value for key, value in data.items() if value is not None}
        return data


class Axis(_Part):
    """One axis of a chart or map."""

    name: _Name = Field("", description='"x", "y", "left y" …')
    label: _Name = Field("", description="what is written at the axis")
    unit: _Name = Field("", description="its unit, empty if none is written")
    range: _Name = Field(
        "", description='first and last mark as written, such as "2010–2020"; say if logarithmic'
    )


class Point(_Part):
    """One point of a series."""

    x: _Name = Field("", description="category or position on the first axis, as written")
    y: _Name = Field("", description="value, without its unit; empty where there is none")
    exact: bool = Field(
        False, description="true only where this number itself is written in the picture"
    )


class Series(_Part):
    """One line, one colour of bars, one cloud of points."""

    name: _Name = Field("", description="as the legend says it")
    points: tuple[Point, ...] = Field((), max_length=1000)


class Table(_Part):
    """A table; one without a heading row has no columns' names."""

    columns: tuple[_Words, ...] = Field((), max_length=60, description="the heading row")
    rows: tuple[tuple[_Words, ...], ...] = Field(
        default=(),
        max_length=1000,
        description="each with a cell for every column; an empty cell is an empty string; "
        "≈ before a value that is read off",
    )


class Node(_Part):
    """One box, point or component."""

    id: _Name = Field("", description='a short name of your own, such as "A"')
    label: _Words = Field("", description="what is written in or at it")
    place: _Words = Field(
        "", description="where it stands, only if places mean something, as on a map or axis"
    )


class Edge(_Part):
    """One line or arrow between two nodes."""

    start: _Name = Field("", alias="from", description="the id of a node")
    end: _Name = Field("", alias="to", description="the id of a node")
    label: _Words = Field("", description="what is written at it")
    direction: Literal["forward", "both", "none"] = Field(
        "forward", description='"forward" for an arrow from the first to the second'
    )


class Structure(_Part):
    """A picture, taken apart. All texts but `code` are single lines of plain text."""

    kind: Kind = Field(
        description="decorative: only an ornament, which says nothing; "
        "map: places mean something; diagram: connected parts that are no flow of steps"
    )
    text: tuple[_Words, ...] = Field(
        (),
        max_length=1000,
        description="every legible text in reading order, letter by letter, without what series, "
        "table, nodes, edges or code say already",
    )
    axes: tuple[Axis, ...] = Field((), max_length=20)
    series: tuple[Series, ...] = Field((), max_length=60)
    table: Table = Table(columns=(), rows=())
    nodes: tuple[Node, ...] = Field((), max_length=500)
    edges: tuple[Edge, ...] = Field((), max_length=1000)
    code: _Code = Field("", description="code with its line breaks, or an equation as LaTeX")
    uncertain: tuple[_Words, ...] = Field(
        (), max_length=60, description="what cannot be read or told for sure, each a sentence"
    )
    title: _Name = Field("", description="the picture's own title, else a short name for it")
    summary: _Words = Field(
        "",
        description="one to five whole sentences: what it shows and what a reader learns from it",
    )
    alt: _Name = Field("", description="one phrase of at most 120 characters in place of it")

    def node(self, name: str) -> Node | None:
        """Return the node with this id, or else the only one with this label."""
        for node in self.nodes:
            if name and node.id == name:
                return node
        labelled = [node for node in self.nodes if name and node.label == name]
        return labelled[0] if len(labelled) == 1 else None


def parse_structure(data: Any) -> Structure:
    """Turn decoded JSON into a `Structure`.

    Raises `InvalidAnswerError`, whose text tells a model place by place what to mend.
    """
    try:
        structure = Structure.model_validate(data)
    except ValidationError as error:
        complaints = [f"{_place(one['loc'])}: {_message(one)}" for one in error.errors()]
    else:
        complaints = list(_complaints(structure))
    if complaints:
        more = len(complaints) - _MOST_COMPLAINTS
        shown = complaints[:_MOST_COMPLAINTS] + ([f"and {more} more."] if more > 0 else [])
        raise InvalidAnswerError(" ".join(shown))
    return structure


def _complaints(structure: Structure) -> Iterator[str]:
    if structure.kind == "decorative":
        return
    if not structure.summary:
        yield "summary is empty: say in whole sentences what the picture shows."
    elif _DANGLING.search(structure.summary) or not _has_end(structure.summary):
        yield f"summary ends in the middle of a sentence ({_tail(structure.summary)}): finish it."
    others = [("alt", structure.alt)]
    others += [(f"uncertain[{index}]", text) for index, text in enumerate(structure.uncertain)]
    for name, text in others:
        if _DANGLING.search(text):
            yield f"{name} is not finished ({_tail(text)}): write it to its end."
    if structure.kind == "equation" and "\t" in structure.code:
        yield "code holds a tab: write every backslash twice, as JSON asks."
    for line, run in groupby(structure.text):
        if sum(1 for _ in run) > _MOST_REPEATS:
            yield f"text repeats {_tail(line)} again and again: give each text once."
    yield from _table_complaints(structure)
    yield from _graph_complaints(structure)


def _table_complaints(structure: Structure) -> Iterator[str]:
    columns, rows = structure.table.columns, structure.table.rows
    width = len(columns) or (len(rows[0]) if rows else 0)
    for index, row in enumerate(rows):
        if len(row) != width:
            yield (
                f"table.rows[{index}] has {len(row)} cells, and there are {width} columns: "
                "give every row a cell for every column, an empty string where it is empty."
            )
    if structure.kind == "table" and not any(rows) and not structure.uncertain:
        yield "kind is table, and table.rows is empty: give its rows, or say what is uncertain."


def _graph_complaints(structure: Structure) -> Iterator[str]:
    ids = [node.id or node.label for node in structure.nodes]
    for index, name in enumerate(ids):
        if not name:
            yield f"nodes[{index}] has neither id nor label: name it or leave it out."
    for name, count in Counter(filter(None, ids)).items():
        if count > 1:
            yield f"{count} nodes have the id {_tail(name)}: give each an id of its own."
    known = ", ".join(ids[:30]) or "none"
    for index, edge in enumerate(structure.edges):
        for end, name in (("from", edge.start), ("to", edge.end)):
            if structure.node(name) is None:
                yield f"edges[{index}].{end} names no node: {_tail(name)}; the ids are {known}."
    if structure.kind == "flowchart" and not structure.nodes and not structure.uncertain:
        yield "kind is flowchart, and nodes is empty: give nodes and edges."


def _has_end(text: str) -> bool:
    last = text.rstrip(_CLOSERS)[-1:]
    return last in _SENTENCE_ENDS or _UNSTOPPED.match(last) is not None


def _tail(text: str) -> str:
    return f"“…{text[-40:]}”" if len(text) > 40 else f"“{text}”"


def _place(steps: tuple[int | str, ...]) -> str:
    written = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return written.lstrip(".") or "the answer"


def _message(error: Any) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    return message if message.endswith(".") else f"{message}."


def _strict(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Reduce pydantic's JSON Schema to what every strict endpoint takes.

    No references, no limits, no defaults: types, descriptions and enumerations, with all
    properties required and no others.
    """
    if "$ref" in schema:
        schema = {**definitions[schema["$ref"].rpartition("/")[2]], **schema}
    kept = {key: schema[key] for key in ("type", "enum") if key in schema}
    if schema.get("type") == "object":
        inner = {name: _strict(one, definitions) for name, one in schema["properties"].items()}
        kept |= {"properties": inner, "required": list(inner), "additionalProperties": False}
        return kept
    if "items" in schema:
        kept["items"] = _strict(schema["items"], definitions)
    if "description" in schema:
        kept["description"] = schema["description"]
    return kept


_SCHEMA = Structure.model_json_schema()
SHAPE: Shape[Structure] = Shape(
    "picture_description", _strict(_SCHEMA, _SCHEMA["$defs"]), parse_structure
)
