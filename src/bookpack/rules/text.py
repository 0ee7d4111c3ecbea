"""Rules about the text itself (BP4)."""

from bookpack.rules.rule import ERROR, WARNING, Rule

RULES = (
    # BP4: what a reader would see
    Rule(
        "BP401",
        "draft-notice",
        WARNING,
        "A notice to the author would be published.",
        "Remove it, or mark the chapter with draft: true.",
    ),
    Rule(
        "BP402",
        "unclosed-emphasis",
        WARNING,
        "An emphasis mark has no partner, so readers see the mark.",
        "Add the partner without a blank inside, or write the mark with a backslash.",
    ),
    Rule(
        "BP403",
        "unclosed-link",
        WARNING,
        "A link is not closed, or its target holds a blank, so readers see its brackets.",
        "Write [text](target); put a target with blanks into <…>.",
    ),
    Rule(
        "BP404",
        "unclosed-code-span",
        WARNING,
        "A backtick has no partner, so readers see it.",
        "Add the missing backtick, or write it with a backslash.",
    ),
    Rule(
        "BP405",
        "heading-without-blank",
        WARNING,
        "A line starts with number signs and no blank, so it is no heading.",
        "Put a blank after the number signs.",
    ),
    Rule(
        "BP406",
        "broken-table",
        WARNING,
        "Lines look like a table and lack its second line of dashes.",
        "Put a line such as | --- | --- | under the first row.",
    ),
    Rule(
        "BP407",
        "invisible-character",
        WARNING,
        "An invisible or control character stands in the text.",
        "Delete it.",
    ),
    Rule(
        "BP408",
        "bidirectional-control",
        ERROR,
        "A control character changes the direction of the text that follows it.",
        "Delete it, or close it in the same line.",
    ),
    Rule(
        "BP409",
        "image-without-words",
        WARNING,
        "The image has no alternative text, so a model learns nothing of it.",
        'Write one: ![what it shows](…), or mark decoration with alt="" in HTML.',
    ),
    Rule(
        "BP410",
        "unknown-rule-in-comment",
        WARNING,
        "A comment takes back a rule that does not exist.",
        "Correct the code or name of the rule.",
    ),
)
