"""What a model saw of a picture → the text that stands in the book, always in one form.

The text opens with what the picture is and says; tables are Markdown tables. A graph is a list
with a line for every edge and not Mermaid: each line is a whole sentence when a reader gets only
a piece of the chapter, arrows between quoted words need no parser, and labels need no escapes but
those of the text around them. Every string of the answer is escaped, so that words in a picture
can be nothing but words.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from math import inf, nan

from bookpack.images.structure import KINDS, Axis, Edge, Node, Series, Structure
from bookpack.read.block_marks import escape_block_mark
from bookpack.read.plain import escape_plain

ALT_LENGTH = 125
"""Code points of a short description: what screen readers say in one breath."""
_SHORTEST_SENTENCE = 30
_ESTIMATE = "≈"
_ABOUT = re.compile(r"\A(?:≈|~|ca\.?\s|circa\s|about\s|approx\.?\s|approximately\s)\s*", re.I)
_Key = tuple[str, int]
"""A place on the first axis, and how often its series has named it until then."""
_FIRST: _Key = ("", 0)
_PIPE = re.compile(r"(?<!\\)\|")
_FENCE = re.compile(r"`{3,}")
_STOPS = ".!?。！？．｡…‽।॥؟۔։።။།"
_CLOSERS = "\"'’”»)]）」』"
_SENTENCE = re.compile(rf"[{re.escape(_STOPS)}][{re.escape(_CLOSERS)}]*(?=\s|\Z)|[。！？]")


@dataclass(frozen=True, slots=True)
class Written:
    """A picture in words.

    `title` and `alt` are single lines of plain text, `alt` of at most `ALT_LENGTH` code points.
    `text` is Markdown without a line end, made to stand quoted in a chapter; it is empty for a
    decorative picture.
    """

    kind: str
    title: str
    alt: str
    text: str
    decorative: bool


@dataclass(frozen=True, slots=True)
class _Labels:
    """Our own words in one language; `kinds` in the order of `KINDS`."""

    kinds: str
    text: str
    axes: str
    parts: str
    edges: str
    estimates: str
    uncertain: str
    colon: str = ":"

    def kind(self, kind: str) -> str:
        """Return what a kind of picture is called."""
        return dict(zip(KINDS, self.kinds.split(", "), strict=False))[kind]


_LABELS = {
    "en": _Labels(
        "Chart, Flowchart, Diagram, Map, Table, Screenshot, Code, Equation, Photo, Drawing, "
        "Picture",
        "Text in the picture, in reading order",
        "Axes",
        "Parts",
        "Connections",
        "≈ marks what is read off the picture and not written in it.",
        "Uncertain",
    ),
    "de": _Labels(
        "Diagramm, Ablaufdiagramm, Schaubild, Karte, Tabelle, Bildschirmfoto, Programmtext, "
        "Gleichung, Foto, Zeichnung, Bild",
        "Text im Bild, in Lesereihenfolge",
        "Achsen",
        "Teile",
        "Verbindungen",
        "≈ steht vor dem, was abgelesen ist und nicht im Bild geschrieben steht.",
        "Unsicher",
    ),
    "fr": _Labels(
        "Graphique, Organigramme, Schéma, Carte, Tableau, Capture d’écran, Code, Équation, Photo, "
        "Dessin, Image",
        "Texte de l’image, dans l’ordre de lecture",
        "Axes",
        "Éléments",
        "Liens",
        "≈ précède ce qui est estimé d’après l’image et n’y est pas écrit.",
        "Incertain",
        " :",
    ),
    "es": _Labels(
        "Gráfico, Diagrama de flujo, Esquema, Mapa, Tabla, Captura de pantalla, Código, Ecuación, "
        "Foto, Dibujo, Imagen",
        "Texto de la imagen, en orden de lectura",
        "Ejes",
        "Elementos",
        "Conexiones",
        "≈ precede a lo que se estima a partir de la imagen y no está escrito en ella.",
        "Incierto",
    ),
}


def write(structure: Structure, language: str = "en") -> Written:
    """Write the text of a picture.

    `language` is a BCP 47 tag; where bookpack has no words of its own in it, they are English.
    """
    if structure.kind == "decorative":
        return Written(structure.kind, "", "", "", True)
    labels = _LABELS.get(re.split("[-_]", language.lower())[0], _LABELS["en"])
    alt = _short(structure.alt or structure.summary or structure.title)
    text = "\n\n".join(_blocks(structure, labels))
    return Written(structure.kind, structure.title, alt, text, False)


def _blocks(structure: Structure, labels: _Labels) -> Iterator[str]:
    yield _lead(structure, labels)
    if structure.code:
        yield _fenced(structure.code, "latex" if structure.kind == "equation" else "")
    yield from _list(labels.text + labels.colon, _other_text(structure))
    yield from _list(labels.axes + labels.colon, map(_axis, structure.axes))
    names = _node_names(structure.nodes)
    values = [
        *_series_table(structure),
        *_table(structure.table.columns, structure.table.rows),
        *_list(labels.parts + labels.colon, _parts(structure, names)),
    ]
    yield from values
    if any(_ESTIMATE in value for value in values):
        yield labels.estimates
    edges = (_edge(structure, edge, names) for edge in structure.edges)
    yield from _list(labels.edges + labels.colon, edges)
    if structure.uncertain:
        sentences = " ".join(map(_sentence, filter(None, structure.uncertain)))
        yield escape_plain(f"{labels.uncertain}{labels.colon} {sentences}")


def _lead(structure: Structure, labels: _Labels) -> str:
    kind = labels.kind(structure.kind)
    title, summary = structure.title, structure.summary
    if not title or title.casefold() in summary.casefold():
        return escape_plain(f"{kind}. {summary}" if summary else f"{kind}.")
    return escape_plain(f"{kind}{labels.colon} {_sentence(title)} {summary}")


def _sentence(text: str) -> str:
    return text if text.rstrip(_CLOSERS).endswith(tuple(_STOPS)) else f"{text}."


def _list(intro: str, items: Iterable[str]) -> Iterator[str]:
    lines = [f"- {escape_block_mark(escape_plain(item))}" for item in items if item.strip()]
    if lines:
        yield f"{intro}\n\n" + "\n".join(lines)


def _other_text(structure: Structure) -> list[str]:
    """Return the picture's texts without those that tables, lists and code show anyway.

    Names of series and columns that have no values are texts like any others.
    """
    table = structure.table
    names: list[str] = []
    shown = {structure.title, *(axis.label for axis in structure.axes)}
    shown |= {node.label for node in structure.nodes} | {edge.label for edge in structure.edges}
    shown |= {line.strip() for line in structure.code.split("\n")}
    if any(map(any, table.rows)):
        shown |= {*chain(table.columns, *table.rows)}
    else:
        names += table.columns
    for series in structure.series:
        if _has_points(series):
            shown |= {series.name, *(point.x for point in series.points)}
        else:
            names.append(series.name)
    texts = [*structure.text, *(name for name in names if name not in structure.text)]
    return [text for text in texts if text not in shown]


def _has_points(series: Series) -> bool:
    return any(point.x or point.y for point in series.points)


def _axis(axis: Axis) -> str:
    details = ", ".join(filter(None, (axis.unit, axis.range)))
    named = ": ".join(filter(None, (axis.name, axis.label)))
    return f"{named} ({details})" if named and details else named or details


def _series_table(structure: Structure) -> Iterator[str]:
    """Put all series into one table: a row for each place on the first axis.

    A place that one series names twice, as in a cloud of points, gets a row for each time.
    """
    series = list(filter(_has_points, structure.series))
    values = [dict(_keyed_values(one)) for one in series]
    labels = [axis.label or axis.name for axis in structure.axes]
    first, second, *_ = [*labels[:2], "", ""]
    columns = [first or "x", *(one.name or second or "y" for one in series)]
    rows = [[key[0], *(one.get(key, "") for one in values)] for key in _in_order(values)]
    yield from _table(columns, rows)


def _keyed_values(series: Series) -> Iterator[tuple[_Key, str]]:
    times: dict[str, int] = {}
    for point in series.points:
        times[point.x] = times.get(point.x, 0) + 1
        value = point.y
        if value and not point.exact:
            value = f"{_ESTIMATE} {_ABOUT.sub('', value) or value}"
        yield (point.x, times[point.x]), value


def _in_order(series: Sequence[Iterable[_Key]]) -> list[_Key]:
    """Merge the places of all series so that each series keeps its order.

    Numbers are sorted where every series has them in order; anything else that only a later
    series names stands behind the place that it stands behind there.
    """
    numbers = {key: _number(key[0]) for keys in series for key in keys}
    if all(_is_ascending([numbers[key] for key in keys]) for keys in series):
        return sorted(numbers, key=lambda key: (numbers[key], key))
    order: list[_Key] = []
    for keys in series:
        known = set(order)
        place = _FIRST if known.intersection(keys) else [_FIRST, *order][-1]
        behind: dict[_Key, list[_Key]] = {}
        for key in keys:
            if key in known:
                place = key
            else:
                behind.setdefault(place, []).append(key)
        order = [new for old in [_FIRST, *order] for new in [old, *behind.get(old, [])]][1:]
    return order


def _number(text: str) -> float:
    try:
        return float(_ABOUT.sub("", text).replace(",", ""))
    except ValueError:
        return nan


def _is_ascending(numbers: Sequence[float]) -> bool:
    return all(one <= other for one, other in pairwise([-inf, *numbers]))


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    rows = [row for row in rows if any(row)]
    if not rows:
        return
    width = max(len(columns), *map(len, rows))
    head = [*columns, *[""] * (width - len(columns))]
    lines = [_row(head), "|" + " --- |" * width]
    lines += [_row([*row, *[""] * (width - len(row))]) for row in rows]
    yield "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    written = [_PIPE.sub(r"\\|", escape_plain(cell)) for cell in cells]
    return f"| {' | '.join(written)} |"


def _node_names(nodes: Sequence[Node]) -> dict[str, str]:
    """Return what each node (by id) is called; nodes with one label are told apart by number."""
    labels = [node.label or node.id for node in nodes]
    names = {}
    for number, (node, label) in enumerate(zip(nodes, labels, strict=True)):
        same = labels.count(label) > 1
        names[node.id or node.label] = (
            f"{label} ({labels[:number].count(label) + 1})" if same else label
        )
    return names


def _parts(structure: Structure, names: dict[str, str]) -> Iterator[str]:
    """Say of each node where it stands; one that stands in an edge and nowhere else says enough."""
    ends = [structure.node(end) for edge in structure.edges for end in (edge.start, edge.end)]
    connected = {node.id or node.label for node in ends if node}
    for node in structure.nodes:
        key = node.id or node.label
        if node.place:
            yield f"{names[key]}: {node.place}"
        elif key not in connected:
            yield names[key]


def _edge(structure: Structure, edge: Edge, names: dict[str, str]) -> str:
    ends = []
    for name in (edge.start, edge.end):
        node = structure.node(name)
        ends.append(names[node.id or node.label] if node else name)
    arrow = {"forward": "→", "both": "↔", "none": "—"}[edge.direction]
    line = f" {arrow} ".join(ends)
    return f"{line}: {edge.label}" if edge.label else line


def _fenced(code: str, language: str) -> str:
    longest = max((len(run) for run in _FENCE.findall(code)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{code.expandtabs(4)}\n{fence}"


def _short(text: str) -> str:
    """Shorten to `ALT_LENGTH` code points: after a sentence, or else after a word, with an …"""
    if len(text) <= ALT_LENGTH:
        return text
    ends = [found.end() for found in _SENTENCE.finditer(text, 0, ALT_LENGTH + 1)]
    ends = [end for end in ends if _SHORTEST_SENTENCE <= end <= ALT_LENGTH]
    if ends:
        return text[: ends[-1]]
    cut = text.rfind(" ", 0, ALT_LENGTH - 1)
    # Scripts without blanks between words have no other place to end.
    return text[: cut if cut > 0 else ALT_LENGTH - 2].rstrip(" ,;:–—-(") + " …"
