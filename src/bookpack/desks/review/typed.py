"""What a person has typed, as it may stand in a chapter."""

import re
import unicodedata

# What arrow and function keys send where no program edits the line (ECMA-48, 5.4).
_KEY = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)?")


def as_typed(text: str) -> str:
    """Return `text` without the signs that are no text: half characters and control characters.

    Line ends become "\\n"; tabs stay.
    """
    text = _KEY.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
