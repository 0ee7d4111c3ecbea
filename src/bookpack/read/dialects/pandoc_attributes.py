"""pandoc's attributes `{#id .class key="value"}` (https://pandoc.org/MANUAL.html#divs-and-spans)."""

import re
from dataclasses import dataclass, field

_PIECE = re.compile(
    r"#(?P<id>[^\s{}\"'#=]+)|\.(?P<class>[^\s{}\"'.=]+)"
    r"|(?P<key>[\w:-]+)\s*=\s*(?:\"(?P<double>(?:\\.|[^\"\\])*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s\"'}]+))"
    r"|(?P<unnumbered>-)(?=\s|$)|(?P<word>=?[\w-]+)"
)


@dataclass(slots=True)
class Attributes:
    """What stands in the braces; `words` are pieces that are neither id, class nor key."""

    id: str = ""
    classes: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)


def read_attributes(text: str) -> Attributes | None:
    """Read what stands between braces; None where it is nothing of pandoc's."""
    found = Attributes()
    position = 0
    for match in _PIECE.finditer(text):
        if text[position : match.start()].strip(" \t\r\n,"):
            return None
        position = match.end()
        if match["id"]:
            found.id = match["id"]
        elif match["class"]:
            found.classes.append(match["class"])
        elif match["key"]:
            value = match["double"] if match["double"] is not None else match["single"]
            value = value if value is not None else match["bare"]
            found.values[match["key"]] = re.sub(r"\\(.)", r"\1", value)
        elif match["unnumbered"]:
            found.classes.append("unnumbered")
        else:
            found.words.append(match["word"])
    return None if text[position:].strip(" \t\r\n,") else found
