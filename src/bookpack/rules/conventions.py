"""Rules about conventions and dialects (BP5)."""

from bookpack.rules.rule import ERROR, WARNING, Rule

RULES = (
    # BP5: conventions and dialects
    Rule(
        "BP501",
        "missing-include",
        ERROR,
        "A file that the text includes does not exist, or has not the part that is asked for.",
        "Correct the path; it is meant relative as the tool of this convention means it.",
    ),
    Rule(
        "BP502",
        "include-cycle",
        ERROR,
        "A file includes itself, directly or by way of others.",
        "Break the circle.",
    ),
    Rule(
        "BP503",
        "untranslated-markup",
        WARNING,
        "Markup of a tool that is not plain Markdown stands in the pack as it is.",
        "Write it in Markdown, or ignore this where a reader understands it.",
    ),
    Rule(
        "BP504",
        "undefined-label",
        ERROR,
        "A reference names a label or page that the book does not have.",
        "Define the label or correct its name.",
    ),
    Rule(
        "BP505",
        "duplicate-label",
        WARNING,
        "A label is defined twice; the first one counts.",
        "Rename one of them.",
    ),
    Rule(
        "BP506",
        "invalid-convention-settings",
        ERROR,
        "A settings or contents file of the book's own tool cannot be understood.",
        "Mend it so that the tool itself can read it.",
    ),
    Rule(
        "BP507",
        "conflicting-conventions",
        WARNING,
        "The folder follows two conventions at once; one of them was chosen.",
        "Name the right one as convention in [layout].",
    ),
)
