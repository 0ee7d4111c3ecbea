"""What can be wrong with a book: the one table of rules.

A rule's code is stable for ever; its name reads as what it forbids. Adding a rule means
adding a row to its group: selection, documentation and every output form follow from it.
"""

from itertools import chain

from bookpack.rules import conventions, files, grammar, links, pictures, site, text
from bookpack.rules.rule import Rule, Severity

__all__ = ["RULES", "RULES_BY_NAME", "Rule", "Severity"]

RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in sorted(
        chain.from_iterable(
            group.RULES for group in (files, links, text, conventions, pictures, site, grammar)
        ),
        key=lambda rule: rule.code,
    )
}
RULES_BY_NAME: dict[str, Rule] = {rule.name: rule for rule in RULES.values()}
