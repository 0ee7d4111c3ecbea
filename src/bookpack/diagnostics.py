"""A finding as a value: which rule is broken, where, and what to do about it.

The rules themselves stand in `rules`, the output forms in `reports`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from bookpack.rules import RULES, RULES_BY_NAME, Rule, Severity
from bookpack.source import Edit, Position, Source, Span

FILE_START = Position(1, 1)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: a rule broken at a place.

    `path` is relative to the book folder, with forward slashes. `span` is in code points of
    that file and may be None where a file as a whole is meant; `position` and `end` are its
    ends as line and column, both from 1. `fix` is an edit that mends it with certainty.
    """

    code: str
    severity: Severity
    message: str
    path: str
    span: Span | None = None
    position: Position = FILE_START
    end: Position = FILE_START
    help: str = ""
    fix: Edit | None = None

    @property
    def rule(self) -> Rule:
        """The row of the rule table that this finding belongs to."""
        return RULES[self.code]


def report(
    name: str,
    source: Source | str,
    message: str,
    span: Span | None = None,
    *,
    help: str = "",
    fix: Edit | None = None,
    severity: Severity | None = None,
) -> Diagnostic:
    """Make the diagnostic of the rule called `name` at `span` of `source`.

    `source` may be a path alone when the finding is about a file that has no text.
    `help` and `severity` default to the rule's own. Raises `KeyError` for an unknown name.
    """
    rule = RULES_BY_NAME[name]
    path, position, end = "", FILE_START, FILE_START
    if isinstance(source, str):
        path = source
    else:
        path = source.path
        if span is not None:
            position, end = source.position(span.start), source.position(span.end)
            if fix is not None:
                place = source.in_author_text(fix.span)
                fix = Edit(place, fix.text) if place is not None else None
            span = source.in_author_text(span)
    return Diagnostic(
        rule.code,
        severity or rule.severity,
        message,
        path,
        span,
        position,
        end,
        help or rule.help,
        fix,
    )


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rules count: code prefixes (or rule names) selected, ignored, and ignored per file.

    The longest prefix that matches a code wins; between equals, ignoring wins.
    """

    select: tuple[str, ...] = ("BP",)
    ignore: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def wants(self, code: str) -> bool:
        """Tell whether findings of the rule with this code are wanted in files in general."""
        selected = _longest_match(code, self.select)
        return selected >= 0 and _longest_match(code, self.ignore) < selected

    def keeps(self, diagnostic: Diagnostic) -> bool:
        """Tell whether `diagnostic` is wanted."""
        if not self.wants(diagnostic.code):
            return False
        return not any(
            _longest_match(diagnostic.code, prefixes) >= 0
            for pattern, prefixes in self.per_file_ignores
            if fnmatchcase(diagnostic.path, pattern)
        )


def matches_rule(code: str, selector: str) -> bool:
    """Tell whether `selector` (a code prefix such as `BP3`, or a rule's name) covers `code`."""
    return code.startswith(selector) or RULES[code].name == selector


def is_known_selector(selector: str) -> bool:
    """Tell whether any rule has this code prefix or name."""
    return any(matches_rule(code, selector) for code in RULES)


def sort_diagnostics(
    diagnostics: Iterable[Diagnostic], path_order: Mapping[str, int]
) -> list[Diagnostic]:
    """Sort by the chapters' reading order, then by place, then by code; drop exact repeats."""
    last = len(path_order)
    unique = dict.fromkeys(diagnostics)
    return sorted(
        unique,
        key=lambda d: (path_order.get(d.path, last), d.path, d.position, d.code, d.message),
    )


def fails(diagnostics: Sequence[Diagnostic], fail_on: str) -> bool:
    """Tell whether a finding is at or above `fail-on`."""
    if fail_on == "never":
        return False
    limit = Severity(fail_on).rank
    return any(finding.severity.rank >= limit for finding in diagnostics)


def escalate(diagnostic: Diagnostic, severity: Severity) -> Diagnostic:
    """Return `diagnostic` with another severity."""
    return replace(diagnostic, severity=severity)


def _longest_match(code: str, selectors: Iterable[str]) -> int:
    lengths = [
        len(code) if RULES[code].name == selector else len(selector)
        for selector in selectors
        if matches_rule(code, selector)
    ]
    return max(lengths, default=-1)
