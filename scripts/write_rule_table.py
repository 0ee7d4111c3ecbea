"""Write the rule table of the handbook's chapter on diagnostics from the rules themselves.

    python scripts/write_rule_table.py           rewrite the table in place
    python scripts/write_rule_table.py --check   exit 1 if the table is out of date

The table stands between two comments in the chapter. Comments do not reach the pack.
"""

import re
import sys
from pathlib import Path

from bookpack.rules import RULES

CHAPTER = Path(__file__).resolve().parent.parent / "chapters" / "6-diagnostics.md"
BEGIN = "<!-- rules: begin (written by scripts/write_rule_table.py) -->"
END = "<!-- rules: end -->"
_ACTIVE = re.compile(r"[\\`*_\[\]<>|$]")


def rule_table() -> str:
    """Return the table of all rules as Markdown, without a line feed at the end."""
    rows = ["| code | name | severity | forbids | help |", "| --- | --- | --- | --- | --- |"]
    for rule in RULES.values():
        forbids, help = _as_plain_text(rule.summary), _as_plain_text(rule.help)
        rows.append(f"| {rule.code} | `{rule.name}` | {rule.severity} | {forbids} | {help} |")
    return "\n".join(rows)


def with_table(text: str) -> str:
    """Return the chapter's `text` with the table brought up to date.

    Raises `ValueError` where the comments around the table are missing.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{CHAPTER.name} lacks one of the comments {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{rule_table()}\n\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Rewrite or check the chapter and return the exit status."""
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    text = CHAPTER.read_text("utf-8")
    wanted = with_table(text)
    if text == wanted:
        return 0
    if arguments:
        print(
            f"The rule table in {CHAPTER.name} is out of date: "
            "run python scripts/write_rule_table.py",
            file=sys.stderr,
        )
        return 1
    CHAPTER.write_text(wanted, "utf-8")
    return 0


def _as_plain_text(text: str) -> str:
    """Escape every sign that Markdown could take for markup; rules speak about such signs."""
    return _ACTIVE.sub(lambda match: f"\\{match[0]}", text)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
