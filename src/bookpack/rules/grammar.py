"""Rules about the language of the text (BP8), which the grammar desk's suggestions are found by."""

from bookpack.rules.rule import INFO, WARNING, Rule

_HELP = "Decide on it with bookpack review."

RULES = (
    Rule("BP801", "spelling-suggestion", WARNING, "A word may be misspelt.", _HELP),
    Rule("BP802", "grammar-suggestion", WARNING, "A sentence may be ungrammatical.", _HELP),
    Rule("BP803", "punctuation-suggestion", WARNING, "A sign may be wrong or missing.", _HELP),
    Rule("BP804", "word-choice-suggestion", WARNING, "Another word may be meant.", _HELP),
    Rule("BP805", "clarity-suggestion", INFO, "A sentence may be hard to understand.", _HELP),
    Rule(
        "BP806",
        "rewrite-suggestion",
        INFO,
        "A passage may be better in other words.",
        "Decide on it by itself with bookpack review; no bulk action reaches it.",
    ),
)
