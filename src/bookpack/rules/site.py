"""Rules about the web edition (BP8)."""

from bookpack.rules.rule import WARNING, Rule

RULES = (
    Rule(
        "BP801",
        "page-outside-site",
        WARNING,
        "The chapter's address is not below the book's, so the web edition has no page for it.",
        "Give the chapter an address below the base URL, or correct [book] url.",
    ),
    Rule(
        "BP802",
        "unknown-tex",
        WARNING,
        "The formula cannot be drawn, so readers of the web edition see its TeX.",
        "Use a command that MathML has a form for, or check the braces.",
    ),
    Rule(
        "BP803",
        "unsafe-link",
        WARNING,
        "The link would run a script or open a page that it carries; no edition leads there.",
        "Link to an address, or remove the link.",
    ),
    Rule(
        "BP804",
        "page-differs-from-pack",
        WARNING,
        "The chapter's page says something else than the packed chapter.",
        "Write the place as plain Markdown; raw HTML around it is the usual reason.",
    ),
    Rule(
        "BP805",
        "pack-link-without-page",
        WARNING,
        "An address in the packed chapter leads to no page or no place of the site.",
        "Correct the address, or give the chapter that it means that address as an alias.",
    ),
    Rule(
        "BP806",
        "address-taken",
        WARNING,
        "The web edition has another file at the chapter's address or alias, or at a file's that "
        "the chapter shows.",
        "Give it another address; what the page would take the place of is named.",
    ),
)
