"""Comments in the text that take findings back.

`<!-- bookpack-ignore BP401 -->` speaks for its own line and the block that follows it,
`<!-- bookpack-ignore-file BP4 -->` for the whole chapter. Codes, code prefixes and rule names
may be listed with commas or blanks between them.
"""

import re
from collections.abc import Sequence

from bookpack.diagnostics import Diagnostic, is_known_selector, matches_rule, report
from bookpack.model import Book, Chapter
from bookpack.source import Span

_DIRECTIVE = re.compile(r"<!--\s*bookpack-ignore(?P<file>-file)?[\s:]+(?P<rules>[\w ,\-]+?)\s*-->")
_BLOCK_AFTER = re.compile(
    r"[^\n\r]*(?:\r\n|\n|\r)?(?:[ \t]*(?:\r\n|\n|\r))*(?:[^\n\r]*\S[^\n\r]*(?:\r\n|\n|\r|\Z))*"
)


def without_suppressed(diagnostics: Sequence[Diagnostic], book: Book) -> list[Diagnostic]:
    """Return the findings that no comment takes back, and those about such comments."""
    scopes = {
        chapter.source.path: found for chapter in book.chapters if (found := _scopes(chapter))
    }
    if not scopes:
        return list(diagnostics)
    unknown = [
        report("unknown-rule-in-comment", chapter.source, f"There is no rule {rule}.", scope)
        for chapter in book.chapters
        for rules, scope in scopes.get(chapter.source.path, ())
        for rule in rules
        if not is_known_selector(rule)
    ]
    return unknown + [
        finding
        for finding in diagnostics
        if not any(
            any(matches_rule(finding.code, rule) for rule in rules) and _within(finding, scope)
            for rules, scope in scopes.get(finding.path, ())
        )
    ]


def _scopes(chapter: Chapter) -> list[tuple[list[str], Span | None]]:
    text = chapter.source.text
    if "bookpack-ignore" not in text:
        return []
    found: list[tuple[list[str], Span | None]] = []
    for comment in chapter.structure.comments:
        directive = _DIRECTIVE.fullmatch(comment.slice(text))
        if directive is None:
            continue
        rules = re.split(r"[\s,]+", directive["rules"].strip())
        if directive["file"]:
            found.append((rules, None))
            continue
        line_start = max(text.rfind("\n", 0, comment.start), text.rfind("\r", 0, comment.start)) + 1
        block = _BLOCK_AFTER.match(text, comment.end)
        end = block.end() if block else len(text)
        found.append((rules, Span(line_start, end)))
    return found


def _within(finding: Diagnostic, scope: Span | None) -> bool:
    if scope is None:
        return True
    return finding.span is not None and scope.start <= finding.span.start < scope.end
