"""Callouts: the boxes that every tool writes in its own way, in the one form that GitHub reads.

https://docs.github.com/get-started/writing-on-github names five kinds of alerts: NOTE, TIP,
IMPORTANT, WARNING and CAUTION. Every other kind becomes the nearest of them.
"""

import re

_ALERTS: dict[str, tuple[str, ...]] = {
    "NOTE": ("note", "info", "information", "notice", "abstract", "summary", "tldr", "example",
             "question", "help", "faq", "quote", "cite", "seealso", "todo", "topic", "admonition",
             "details", "versionadded", "versionchanged", "deprecated", "secondary", "default"),
    "TIP": ("tip", "hint", "success", "check", "done"),
    "IMPORTANT": ("important", "primary", "key"),
    "WARNING": ("warning", "warn", "attention"),
    "CAUTION": ("caution", "danger", "error", "failure", "fail", "missing", "bug", "critical"),
}  # fmt: skip
_ALERT_OF = {kind: alert for alert, kinds in _ALERTS.items() for kind in kinds}
# Kinds whose name the alert already says; of any other kind the name becomes the title.
_SAID = frozenset(
    [
        "note",
        "info",
        "information",
        "notice",
        "tip",
        "hint",
        "success",
        "check",
        "done",
        "important",
        "warning",
        "warn",
        "attention",
        "caution",
        "danger",
        "error",
        "critical",
        "admonition",
        "details",
        "primary",
        "secondary",
        "default",
    ]
)
_NAMES = {"seealso": "See also", "tldr": "TL;DR", "faq": "FAQ", "todo": "To do"}
_LINE_END = re.compile(r"\r\n|\n|\r")


def callout(kind: str, title: str, body: str, indent: str = "") -> str:
    """Return a callout as a quoted block whose first line is a GitHub alert.

    `kind` is the tool's own name for it, in any spelling (`seealso`, `see-also`, `Note`); a
    kind that nobody knows is a NOTE. `title` and `body` are Markdown. The title stands in bold
    when it says more than the kind; a kind that no alert says (`example`, `bug`) is the title
    where there is none. `indent` goes before every line, so that a callout in a list stays in
    it. Lines end in `\\n`, the last one in nothing. The caller sees to the blank lines around
    the block, without which the next paragraph would become a part of it.
    """
    name = re.sub(r"[\s_-]+", "", kind).casefold()
    heading = " ".join(title.split())
    if re.sub(r"[\s_-]+", "", heading).rstrip(":!.").casefold() == name and name in _SAID:
        heading = ""
    elif not heading and name and name not in _SAID:
        words = re.sub(r"[\s_-]+", " ", kind).strip()
        heading = _NAMES.get(name) or words[:1].upper() + words[1:]
    lines = [f"[!{_ALERT_OF.get(name, 'NOTE')}]"]
    text = body.rstrip()
    while (blank := re.match(r"[ \t]*(?:\r\n|\n|\r)", text)) is not None:
        text = text[blank.end() :]
    if heading:
        bold = heading.startswith("**") and heading.endswith("**")
        lines.append(heading if bold else f"**{heading}**")
        lines += [""] if text else []
    lines += _LINE_END.split(text) if text else []
    return "\n".join(f"{indent}> {line}".rstrip() for line in lines)
