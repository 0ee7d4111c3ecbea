"""Cells of tables: which side their text stands at, and which of them hold prose."""

import re

_SIDES = {"Left": "left", "Center": "center", "Right": "right"}
_TAG = re.compile(r"<[^>]*>")
_PROSE = 60
"""Characters of a cell that is to be read as sentences, so its column must not become narrow."""


def open_cell(alignment: str, *, head: bool) -> str:
    """Return the tag of a cell whose column has pulldown-cmark's `alignment`."""
    side = f' class="{_SIDES[alignment]}"' if alignment in _SIDES else ""
    return f"<{'th' if head else 'td'}{side}>"


def close_cell(out: list[str], place: int) -> None:
    """End the cell whose tag is `out[place]`; an empty one of a head is no heading of anything."""
    tag, inner = out[place], "".join(out[place + 1 :])
    if tag.startswith("<th") and not inner:
        out[place] = f"<td{tag[3:]}"
    elif tag.startswith("<td") and len(inner) > _PROSE and len(_TAG.sub("", inner)) > _PROSE:
        classes = [*re.findall(r'class="(\w+)"', tag), "prose"]
        out[place] = f'<td class="{" ".join(classes)}">'
    out.append(f"</{out[place][1:3]}>")
