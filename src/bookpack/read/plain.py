"""Plain text into Markdown: escaped only where Markdown would read it as something else."""

import re

import pyromark
from pyromark import Options

from bookpack.read.markdown import MARKDOWN_OPTIONS

_OPTIONS = MARKDOWN_OPTIONS | Options.ENABLE_MATH
_ACTIVE = re.compile(r"[\\`*_\[\]<>&#|~$!]")
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~$])|&(?=[#\w])")
# What could pair with marks that stand somewhere else in the paragraph.
_UNPAIRED = re.compile(r"[`*<~$\[\]]|\b_|_\b|\\$")


def escape_plain(text: str) -> str:
    """Return Markdown that shows `text` and nothing else, whatever stands around it."""
    line = " ".join(text.split())
    if not _ACTIVE.search(line) or (not _UNPAIRED.search(line) and _shows(line) == line):
        return line
    return _escaped(line)


def escape_title(text: str) -> str:
    """Return what to write behind `# ` so that the heading's text is `text`.

    Brackets are always escaped: what they mean depends on definitions elsewhere in the text.
    """
    line = " ".join(text.split())
    if "[" in line or (_ACTIVE.search(line) and _shows(line) != line):
        line = _escaped(line)
    # Number signs at the end would close the heading; braces would name an anchor.
    line = re.sub(r"(#+)$", lambda match: "\\#" * len(match[1]), line)
    return re.sub(r"\{(?=[^{}]*\}$)", r"\\{", line)


def _escaped(line: str) -> str:
    return _SPECIAL.sub(lambda match: f"\\{match[0]}", line)


def _shows(line: str) -> str:
    """Return the text that a paragraph `x line` shows, or '' when it shows more than text."""
    shown = []
    for event in pyromark.events(f"x {line}", options=_OPTIONS):
        if isinstance(event, str):
            return ""
        kind, value = next(iter(event.items()))
        if kind == "Text":
            shown.append(str(value))
        elif value != "Paragraph":
            return ""
    return "".join(shown)[2:]
