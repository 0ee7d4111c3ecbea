"""Tables that MyST writes as lists or as comma-separated values → Markdown tables.

Only what fits into cells of one line is translated; a table with lists or code in its cells is
left as it is, and its author hears of it.
"""

import csv
import re

from bookpack.read.dialects.myst.code import read_named_file
from bookpack.read.dialects.myst.fences import Directive, Passage
from bookpack.read.dialects.myst.translate import Translator

_ROW = re.compile(r"([*+-])([ \t]+)(?=[*+-](?:[ \t]|$))")
_BLOCK = re.compile(r"(?:[*+-]|\d+[.)])[ \t]|`{3,}|~{3,}|:{3,}|>|#{1,6}[ \t]")
_MOST_CELLS = 100_000

Line = tuple[str, int]


def translate_list_table(translator: Translator, directive: Directive) -> str | None:
    """Translate `list-table`: a list of rows, each a list of cells."""
    rows = _read_rows(directive.body.lines())
    if rows is None:
        return None
    table = [[translator.render(Passage.of_lines(cell)) for cell in row] for row in rows]
    return _finished(translator, directive, table)


def translate_csv_table(translator: Translator, directive: Directive) -> str | None:
    """Translate `csv-table`, its values in the body or in a file."""
    options = directive.options
    text = directive.body.text
    if "file" in options:
        named = Directive(directive.span, directive.name, options["file"],
                          directive.argument_place, {}, directive.body, "", True)  # fmt: skip
        read = read_named_file(translator, named)
        if read is None:
            return None
        text = read
    if "url" in options:
        return None
    delimiter = {"tab": "\t", "space": " "}.get(
        options.get("delim", ","), options.get("delim", ",")
    )
    quote = options.get("quote", '"')
    if len(delimiter) != 1 or len(quote) != 1:
        return None
    try:
        rows = [
            row
            for row in csv.reader(
                text.split("\n"), delimiter=delimiter, quotechar=quote, skipinitialspace=True
            )
            if row
        ]
        if "header" in options:
            rows[:0] = list(csv.reader([options["header"]], skipinitialspace=True))
            options = {**options, "header-rows": "1"}
    except csv.Error:
        return None
    place = directive.argument_place
    table = [[translator.render_line(cell.strip(), place) for cell in row] for row in rows]
    return _finished(translator, directive, table, options.get("header-rows", ""))


def translate_table(translator: Translator, directive: Directive) -> str | None:
    """Translate `table`: a caption and a Markdown table."""
    return _caption(translator, directive) + translator.render(directive.body)


def _caption(translator: Translator, directive: Directive) -> str:
    label = directive.options.get("name") or directive.options.get("label") or ""
    words = translator.render_line(directive.argument, directive.argument_place)
    bold = words if words.startswith("**") else f"**{words}**"
    return translator.anchor(label) + (f"{bold}\n\n" if words else "")


def _finished(
    translator: Translator, directive: Directive, table: list[list[str]], headers: str | None = None
) -> str | None:
    wanted = headers if headers is not None else directive.options.get("header-rows", "")
    if not table or (wanted and not wanted.isdigit()):
        return None
    count = int(wanted or 0)
    width = max(len(row) for row in table)
    if count > 1 or width * len(table) > _MOST_CELLS or any("\n" in c for r in table for c in r):
        return None
    rows = [row + [""] * (width - len(row)) for row in table]
    head = rows[:1] if count else [[""] * width]
    lines = [*head, ["---"] * width, *rows[count:]]
    body = "\n".join("| " + " | ".join(map(_cell, row)) + " |" for row in lines)
    return _caption(translator, directive) + re.sub(r" {2,}\|", " |", body)


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text.strip())


def _read_rows(lines: list[Line]) -> list[list[list[Line]]] | None:
    """Read a list of lists, the lines of each cell joined; None for anything else."""
    rows: list[list[list[Line]]] = []
    inner = -1
    cell_mark = ""
    for line, place in lines:
        if not line.strip():
            continue
        if line.startswith("\t") or "\t" in line[: len(line) - len(line.lstrip())]:
            return None
        row = _ROW.match(line)
        if row:
            inner, cell_mark = row.end(), line[row.end()]
            rows.append([])
        indent = len(line) - len(line.lstrip())
        text = line[inner:] if row else line.lstrip()
        at = inner if row else indent
        if inner < 0:
            return None
        if at == inner and re.match(rf"{re.escape(cell_mark)}(?:[ \t]|$)", text):
            content = text[1:].lstrip()
            rows[-1].append([])
        elif at > inner and rows[-1]:
            content = text
        else:
            return None
        if _BLOCK.match(content):
            return None
        cell = rows[-1][-1]
        if cell and content:
            cell[0] = (f"{cell[0][0]} {content}".strip(), cell[0][1])
        else:
            cell.append((content, place + len(line) - len(content)))
    return rows
