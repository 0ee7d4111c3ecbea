"""Rules about the language of the text (BP9), which the grammar desk's suggestions are found by."""

from bookpack.rules.rule import INFO, WARNING, Rule

_HELP = "Decide on it with bookpack review."

RULES = (
    Rule("BP901", "spelling-suggestion", WARNING, "A word may be misspelt.", _HELP),
    Rule("BP902", "grammar-suggestion", WARNING, "A sentence may be ungrammatical.", _HELP),
    Rule("BP903", "punctuation-suggestion", WARNING, "A sign may be wrong or missing.", _HELP),
    Rule("BP904", "word-choice-suggestion", WARNING, "Another word may be meant.", _HELP),
    Rule("BP905", "clarity-suggestion", INFO, "A sentence may be hard to understand.", _HELP),
    Rule(
        "BP906",
        "rewrite-suggestion",
        INFO,
        "A passage may be better in other words.",
        "Decide on it by itself with bookpack review; no bulk action reaches it.",
    ),
)
