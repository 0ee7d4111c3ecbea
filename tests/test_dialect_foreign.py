"""Markup of other tools in a plain folder of chapters: reported once for each kind, left alone."""

import pytest

from bookpack.config import load_settings
from bookpack.pipeline import check

FOREIGN = {
    "Docusaurus": (
        ":::note\n\nStir.\n\n:::",
        ':::note looks like Docusaurus\'s: in such a book, set convention = "docusaurus" in '
        "[layout].",
    ),
    "Docusaurus, with a title": (
        "::: tip Rest\n\nStir.\n\n:::",
        '::: tip Rest looks like Docusaurus\'s: in such a book, set convention = "docusaurus" in '
        "[layout].",
    ),
    "Quarto": (
        "::: {.callout-note}\nStir.\n:::",
        '::: {.callout-note} looks like Quarto\'s: in such a book, set convention = "quarto" in '
        "[layout].",
    ),
    "MyST": (
        ":::{note}\nStir.\n:::",
        ":::{note} looks like Jupyter Book's or Sphinx's: in such a book, set "
        'convention = "jupyterbook", "mystmd" or "sphinx" in [layout].',
    ),
    "MkDocs": (
        '!!! tip "Rest"\n\n    Stir.',
        '!!! tip "Rest" looks like MkDocs\'s: in such a book, set convention = "mkdocs" in '
        "[layout].",
    ),
    "MkDocs, folded": (
        "??? note\n    Stir.",
        '??? note looks like MkDocs\'s: in such a book, set convention = "mkdocs" in [layout].',
    ),
    "Hugo": (
        'Stir. {{< ref "oven.md" >}}',
        '{{< ref "oven.md" >}} looks like Hugo\'s: in such a book, set convention = "hugo" in '
        "[layout].",
    ),
    "Hugo, twice": (
        "{{% notice %}}\n\nStir.\n\n{{% /notice %}}",
        '{{% notice %}} looks like Hugo\'s: in such a book, set convention = "hugo" in [layout]. '
        "This chapter has 2 of this kind.",
    ),
    "Liquid": (
        "{% include oven.html %}",
        "{% include oven.html %} looks like Jekyll's or GitBook's: in such a book, set "
        'convention = "jekyll" or "gitbook" in [layout].',
    ),
    "contents": (
        "[TOC]",
        "[TOC] stands for a table of contents in other tools; the editions have their own.",
    ),
    "an alert that is none": (
        "> [!BUG]\n> Stir.",
        "[!BUG] is none of the alerts, which are NOTE, TIP, IMPORTANT, WARNING, CAUTION: readers "
        "see a quote that begins so.",
    ),
    "an alert with a title": (
        "> [!TIP] Rest\n> Stir.",
        "Words behind [!TIP] make it no alert: readers see a quote that begins so. Put them into "
        "the next line.",
    ),
}
PLAIN = [
    "> [!TIP]\n> Stir.",
    "> [!note]\n> Stir.",
    "Stir!!! Really???",
    "!!! tip of the day, without more.",
    "??? Who knows.",
    "`{{< ref >}}` and `{% if %}`",
    "```\n{{< ref >}}\n:::note\n[TOC]\n> [!BUG]\n!!! tip\n    Stir.\n```",
    "    {% if %}",
    "<!-- {{< ref >}} -->",
    "Braces {{ name }} and 100 {%.",
    "[TOC]\n\n[toc]: https://example.org/",
    "A table of contents, [TOC], in a sentence.",
    "[!Sign](https://example.org/)",
]


def findings(book) -> list[tuple[str, int, str]]:
    checked = check(load_settings(book), book / "build")
    return [(found.code, found.position.line, found.message) for found in checked.diagnostics]


@pytest.mark.parametrize(("text", "message"), FOREIGN.values(), ids=FOREIGN)
def test_what_looks_like_another_tool_s_is_reported(make_book, text, message):
    assert findings(make_book({"a.md": f"# A\n\n{text}\n"})) == [("BP503", 3, message)]


@pytest.mark.parametrize("text", PLAIN)
def test_what_may_be_meant_so_is_not(make_book, text):
    assert findings(make_book({"a.md": f"# A\n\n{text}\n"})) == []


def test_each_kind_is_reported_once_in_a_chapter(make_book):
    text = "# {}\n\n{{{{< a >}}}}\n\n{{{{< b >}}}} {{% c %}}\n"
    found = findings(make_book({f"{name}.md": text.format(name) for name in "ab"}))
    assert [(code, line) for code, line, _ in found] == 2 * [("BP503", 3), ("BP503", 5)]


def test_nothing_of_it_is_changed(make_book, bookpack):
    text = "# A\n\n{{< a >}}\n\n[TOC]\n"
    book = make_book({"a.md": text})
    bookpack("build", book)
    assert "\n{{< a >}}\n\n[TOC]\n" in (book / "build" / "book-packed.md").read_text("utf-8")
