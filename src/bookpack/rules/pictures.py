"""Rules about pictures and their descriptions (BP7)."""

from bookpack.rules.rule import ERROR, INFO, WARNING, Rule

RULES = (
    Rule(
        "BP701",
        "unreadable-image",
        ERROR,
        "The file is there and is no picture that can be shown.",
        "Export the picture again.",
    ),
    Rule(
        "BP702",
        "unfinished-description",
        ERROR,
        "The description of a picture ends in the middle of a sentence or table.",
        "Finish it in its file, or delete the file and run bookpack describe.",
    ),
    Rule(
        "BP703",
        "short-description",
        WARNING,
        "The description says less than a picture of its kind holds.",
        "Say more in its file, or delete the file and run bookpack describe.",
    ),
    Rule(
        "BP704",
        "description-repeats-alt",
        WARNING,
        "The description says nothing but what the alternative text says.",
        "Say in its file what the picture shows beyond that.",
    ),
    Rule(
        "BP705",
        "number-not-in-picture",
        WARNING,
        "The description states a number that was not found in the picture.",
        "Compare with the picture; write ≈ or “about” before a number that is an estimate.",
    ),
    Rule(
        "BP706",
        "description-of-another-picture",
        WARNING,
        "The description speaks of what is the title of another picture.",
        "Compare with the picture, and give each its own description.",
    ),
    Rule(
        "BP707",
        "markup-in-description",
        WARNING,
        "The description holds markup that would break out of its block; it is shown as text.",
        "Use paragraphs, lists, tables, emphasis and code alone.",
    ),
    Rule(
        "BP708",
        "description-of-another-version",
        WARNING,
        "The picture has changed since it was described.",
        "Correct the text and approve it with bookpack describe --approve; where nobody has edited "
        "it, bookpack describe --refresh asks again.",
    ),
    Rule(
        "BP709",
        "unused-description",
        INFO,
        "No picture of the book has this description.",
        "Remove it with bookpack describe --prune.",
    ),
    Rule(
        "BP710",
        "unreadable-description",
        ERROR,
        "The file of a description cannot be understood, so it is not used.",
        "Mend what the message names, or delete the file and run bookpack describe.",
    ),
    Rule(
        "BP711",
        "unreviewed-description",
        INFO,
        "Nobody has approved the description of this picture.",
        "Read it beside the picture, then run bookpack describe --approve with its file; "
        "where it says nothing, write something first or mark it as decoration.",
    ),
    Rule(
        "BP712",
        "rival-descriptions",
        WARNING,
        "Two files describe the same picture; only one of them is used.",
        "Take what you want into the one that is used and delete the other.",
    ),
)
