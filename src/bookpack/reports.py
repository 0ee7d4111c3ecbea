"""Findings as text, JSON, SARIF 2.1.0 and GitHub workflow commands.

SARIF: https://docs.oasis-open.org/sarif/sarif/v2.1.0/. GitHub:
https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
Pure functions from diagnostics to text; nothing is printed here.
"""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from bookpack.diagnostics import Diagnostic
from bookpack.rules import RULES, Severity
from bookpack.source import Edit, Position, Span

_SARIF_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_GITHUB_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_COLOUR = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}


def as_text(diagnostics: Sequence[Diagnostic], *, colour: bool = False) -> str:
    """One finding a line, `path:line:column: severity CODE name: message`, then its help."""
    lines = []
    for finding in diagnostics:
        place = f"{_visible(finding.path)}:{finding.position.line}:{finding.position.column}"
        label = f"{finding.severity} {finding.code} {finding.rule.name}"
        if colour:
            place, label = f"\x1b[1m{place}\x1b[0m", _paint(label, _COLOUR[finding.severity])
        lines.append(f"{place}: {label}: {_visible(finding.message)}")
        if finding.help:
            lines.append(f"    help: {_visible(finding.help)}")
    return "\n".join(lines)


def count_by_severity(diagnostics: Sequence[Diagnostic]) -> str:
    """Return a phrase such as `2 errors, 1 warning` or `none`."""
    parts = []
    for severity, noun in (
        (Severity.ERROR, "error"),
        (Severity.WARNING, "warning"),
        (Severity.INFO, "note"),
    ):
        number = sum(finding.severity is severity for finding in diagnostics)
        if number:
            parts.append(f"{number:,} {noun}{'' if number == 1 else 's'}")
    return ", ".join(parts) or "none"


def as_json(diagnostics: Sequence[Diagnostic]) -> str:
    """A JSON array of objects; offsets are code points from 0, lines and columns from 1."""
    return json.dumps([to_record(finding) for finding in diagnostics], indent=2, ensure_ascii=False)


def as_github(diagnostics: Sequence[Diagnostic]) -> str:
    """One workflow command a finding."""
    return "\n".join(
        f"::{_GITHUB_LEVEL[finding.severity]} file={_visible(_github_property(finding.path))},"
        f"line={finding.position.line},col={finding.position.column},"
        f"endLine={finding.end.line},"
        f"title={_github_property(f'{finding.code} {finding.rule.name}')}"
        f"::{_visible(_github_data(finding.message))}"
        for finding in diagnostics
    )


def as_sarif(diagnostics: Sequence[Diagnostic], version: str) -> str:
    """A SARIF 2.1.0 log with one run; regions count columns in code points."""
    codes = list(RULES)
    log: dict[str, Any] = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "bookpack",
                        "version": version,
                        "rules": [
                            {
                                "id": rule.code,
                                "name": rule.name,
                                "shortDescription": {"text": rule.summary},
                                "help": {"text": rule.help},
                                "defaultConfiguration": {"level": _SARIF_LEVEL[rule.severity]},
                            }
                            for rule in RULES.values()
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(finding, codes) for finding in diagnostics],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False)


def to_record(finding: Diagnostic) -> dict[str, Any]:
    """Return `finding` as plain data; `from_record` reads it back."""
    return {
        "code": finding.code,
        "name": finding.rule.name,
        "severity": finding.severity.value,
        "message": finding.message,
        "path": finding.path,
        "span": None if finding.span is None else list(finding.span),
        "line": finding.position.line,
        "column": finding.position.column,
        "end_line": finding.end.line,
        "end_column": finding.end.column,
        "help": finding.help,
        "fix": None
        if finding.fix is None
        else {"span": list(finding.fix.span), "text": finding.fix.text},
    }


def from_record(record: dict[str, Any]) -> Diagnostic:
    """Read back what `to_record` wrote."""
    fix = record["fix"]
    return Diagnostic(
        record["code"],
        Severity(record["severity"]),
        record["message"],
        record["path"],
        None if record["span"] is None else Span(*record["span"]),
        Position(record["line"], record["column"]),
        Position(record["end_line"], record["end_column"]),
        record["help"],
        None if fix is None else Edit(Span(*fix["span"]), fix["text"]),
    )


def _sarif_result(finding: Diagnostic, codes: list[str]) -> dict[str, Any]:
    location: dict[str, Any] = {
        "artifactLocation": {"uri": quote(finding.path)},
    }
    if finding.span is not None:
        location["region"] = {
            "startLine": finding.position.line,
            "startColumn": finding.position.column,
            "endLine": finding.end.line,
            "endColumn": finding.end.column,
        }
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _SARIF_LEVEL[finding.severity],
        "message": {"text": f"{finding.message} {finding.help}".strip()},
        "locations": [{"physicalLocation": location}],
    }


def _paint(text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m"


def _visible(text: str) -> str:
    # A terminal must not obey what stands in a book: control characters become visible.
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _github_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _github_property(text: str) -> str:
    return _github_data(text).replace(":", "%3A").replace(",", "%2C")
