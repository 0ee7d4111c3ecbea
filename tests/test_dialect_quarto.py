"""Quarto's and bookdown's chapters made plain: divs, chunks, references, shortcodes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from bookpack.read.dialects.pandoc_attributes import read_attributes
from conftest import PICTURE, PICTURE_WORDS, write_files

URL = "https://example.com"
CONFIG = f"""project: {{type: book}}
book:
  title: A Book
  site-url: {URL}
  chapters: [index.qmd, b.qmd]
"""
SECOND = """---
title: Second
---

## Set-up {#sec-setup}

![A plot](plot.png){#fig-plot}

| a |
| - |
| 1 |

: Numbers {#tbl-numbers}
"""


def a_book(folder: Path, text: str, config: str = CONFIG, **files: str) -> Path:
    made = {"_quarto.yml": config, "index.qmd": "# First\n\n" + text, "b.qmd": SECOND}
    return write_files(folder, {**made, "plot.png": PICTURE, **files})


def a_bookdown(folder: Path, text: str, **files: str) -> Path:
    index = f"---\ntitle: A Book\nurl: {URL}\n---\n\n# First\n\n" + text
    second = "# Second {#two}\n\n## Set-up\n\nText.\n"
    return write_files(folder, {"_bookdown.yml": "", "index.Rmd": index, "b.Rmd": second, **files})


def run(book: Path, *arguments: str) -> str:
    result = CliRunner().invoke(cli, [arguments[0], str(book), *arguments[1:]])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def packed(book: Path, path: str = "") -> str:
    """Return a chapter, the first by default, without its title and address."""
    run(book, "build", "--only", "pack", "--quiet", "--style", "json")
    files = json.loads((book / "build/book-packed.json").read_text("utf-8"))["files"]
    text = files[path or next(iter(files))].split("\n", 2)[2].strip("\n")
    return "\n".join(line.rstrip() for line in text.split("\n"))


def findings(book: Path) -> list[tuple[str, int, int]]:
    found = json.loads(run(book, "check", "--format", "json"))
    return [(f["name"], f["line"], f["column"]) for f in found]


# Divs


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("::: {.callout-note}\nText.\n:::", "> [!NOTE]\n> Text."),
        (
            '::: {.callout-tip title="Own *title*" collapse="true"}\nText.\n:::',
            "> [!TIP]\n> **Own *title***\n>\n> Text.",
        ),
        (
            ":::{.callout-caution}\n## A heading\n\nText.\n\n- a\n- b\n:::",
            "> [!CAUTION]\n> **A heading**\n>\n>\n> Text.\n>\n> - a\n> - b",
        ),
        (
            ":::: {.callout-important}\nOne.\n\n::: {.callout-warning}\nTwo.\n:::\n\nThree.\n::::",
            "> [!IMPORTANT]\n> One.\n>\n> > [!WARNING]\n> > Two.\n>\n>\n> Three.",
        ),
        (
            "::: {.callout-note}\n```r\nx\n\n::: {.callout-tip}\n```\n:::",
            "> [!NOTE]\n> ```r\n> x\n>\n> ::: {.callout-tip}\n> ```",
        ),
        (
            "1. One\n\n   ::: {.callout-note}\n   Text.\n   :::\n\n2. Two",
            "1. One\n\n   > [!NOTE]\n   > Text.\n\n\n2. Two",
        ),
        ("::: {.column-margin}\nText.\n:::", "Text."),
        ("::::: columns\n::: {.column width=50%}\nA\n:::\n:::::", "A"),
        ("::: {#thm-x}\n## Line\nText.\n:::", "**Theorem (Line).**\nText."),
        ("::: {.proof}\nText.\n:::", "**Proof.**\nText."),
        ('::: {.content-visible when-format="html"}\nText.\n:::', "Text."),
        ("```\n::: {.callout-note}\n:::\n```", "```\n::: {.callout-note}\n:::\n```"),
    ],
)
def test_divs(tmp_path, written, plain):
    book = a_book(tmp_path / "book", written + "\n")
    assert packed(book) == plain
    assert findings(book) == []


def test_links_in_callouts_are_found_at_their_place(tmp_path):
    text = "::: {.callout-note}\n[b](b.qmd#sec-setup)\n[no](no.qmd)\n:::\n"
    book = a_book(tmp_path / "book", text)
    assert packed(book).startswith(f"> [!NOTE]\n> [b]({URL}/b.html#sec-setup)\n> [no](")
    assert [(line, column) for _, line, column in findings(book)] == [(5, 6)]


@pytest.mark.parametrize(
    "written",
    [
        '::: {.content-visible when-format="pdf"}\nText.\n:::',
        '::: {.content-hidden when-format="html"}\nText.\n:::',
        "::: {.callout-note}\nNever closed.",
        "{{< fa star >}}",
        "{{< var unknown >}}",
    ],
)
def test_what_cannot_be_made_plain_stays_and_is_reported(tmp_path, written):
    book = a_book(tmp_path / "book", written + "\n")
    assert packed(book) == written
    assert findings(book) == [("untranslated-markup", 3, 1)]


# References


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("See @sec-setup.", f"See [Set-up]({URL}/b.html#sec-setup)."),
        ("[@sec-setup]", f"[Set-up]({URL}/b.html#sec-setup)"),
        ("[Chapter @sec-setup]", f"Chapter [Set-up]({URL}/b.html#sec-setup)"),
        (
            "[@fig-plot; @tbl-numbers]",
            f"[Figure plot]({URL}/b.html#fig-plot); [Table numbers]({URL}/b.html#tbl-numbers)",
        ),
        ("[-@fig-plot]", f"[plot]({URL}/b.html#fig-plot)"),
        ("`@sec-setup` and a@sec-setup.org", "`@sec-setup` and a@sec-setup.org"),
        ("[x](b.qmd#sec-setup){.btn}", f"[x]({URL}/b.html#sec-setup)"),
        ("[text]{.mark #here} [up](#here)", f"text [up]({URL}/#here)"),
        ("$$ a $$ {#eq-a}\n\nSee @eq-a.", f"$$ a $$\n\nSee [Equation a]({URL}/#eq-a)."),
        ("`x`{.r}", "`x`"),
    ],
)
def test_references(tmp_path, written, plain):
    book = a_book(tmp_path / "book", written + "\n")
    assert packed(book) == plain
    assert findings(book) == []


def test_references_to_nothing_are_reported_and_stay(tmp_path):
    book = a_book(tmp_path / "book", "See @sec-none\nand [@fig-none].\n")
    assert packed(book) == "See @sec-none\nand [@fig-none]."
    assert findings(book) == [("undefined-label", 3, 5), ("undefined-label", 4, 5)]


def test_labels_that_two_chapters_have_are_reported(tmp_path):
    book = a_book(tmp_path / "book", "## Mine {#sec-setup}\n\nText.\n")
    assert findings(book) == [("duplicate-label", 5, 1)]


def test_citations_stay_and_are_reported_once_a_chapter(tmp_path):
    text = "As [@knuth84, p. 3; @b] and @c say.\n"
    book = a_book(tmp_path / "book", text, CONFIG + "bibliography: x.bib\n")
    assert packed(book) == text.strip()
    assert findings(book) == [("untranslated-markup", 3, 5)]


# Headings, figures


def test_headings_lose_what_only_pandoc_reads(tmp_path):
    text = "## One {-}\n\n## Two {.unnumbered .x}\n\n## Three {#own .x key=1}\n\n[t](#own)\n"
    assert packed(a_book(tmp_path / "book", text)) == (
        f"## One\nurl: {URL}/#one\n\n## Two\nurl: {URL}/#two\n\n"
        f"## Three {{#own}}\nurl: {URL}/#own\n\n[t]({URL}/#own)"
    )


def test_figures_keep_caption_description_and_anchor(tmp_path):
    text = '![The caption](plot.png){#fig-x fig-alt="What it shows" width=50%}\n\nSee @fig-x.\n'
    book = a_book(tmp_path / "book", text)
    assert findings(book) == []
    assert packed(book) == (
        f"> **Figure: The caption** ({URL}/plot.png)\n> **Image description:** What it shows\n"
        f">\n> {PICTURE_WORDS}\n\n"
        f"See [Figure x]({URL}/#fig-x)."
    )


# Chunks


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("```{r}\nx\n```", "```r\nx\n```"),
        ("```{python}\n#| echo: false\n#| warning: false\nx\n```", "```python\nx\n```"),
        ("```{r setup, include=FALSE}\nx\n```\n\nText.", "Text."),
        ("```{r}\n#| include: false\nx\n```\n\nText.", "Text."),
        (
            '```{r fig-a, echo=FALSE, fig.cap="A, \\"b\\""}\nplot()\n```',
            '```r\nplot()\n```\n\nFigure: A, "b"',
        ),
        (
            "```{r}\n#| label: tbl-a\n#| tbl-cap: A\nx\n```\n\n@tbl-a",
            f"```r\nx\n```\n\nTable: A\n\n[Table a]({URL}/#tbl-a)",
        ),
        (
            '```{r}\n#| fig-cap: A\nknitr::include_graphics("plot.png")\n```',
            f"> **Figure** ({URL}/plot.png)\n> **Image description:** A\n>\n> {PICTURE_WORDS}",
        ),
        ("```{mermaid}\ngraph\n```", "```mermaid\ngraph\n```"),
        ("``` {.yaml filename='_x.yml'}\na: 1\n```", "**`_x.yml`**\n\n``` yaml\na: 1\n```"),
        ("```{=html}\n<b>x</b>\n```", "<b>x</b>"),
        ("```{{python}}\nx\n```", "```{{python}}\nx\n```"),
        ("- Item\n\n  ```{r}\n  #| eval: false\n  x\n  ```", "- Item\n\n  ```r\n  x\n  ```"),
        ("> ```{r}\n> x\n> ```", "> ```r\n> x\n> ```"),
    ],
)
def test_chunks(tmp_path, written, plain):
    book = a_book(tmp_path / "book", written + "\n")
    assert packed(book) == plain
    assert findings(book) == []


def test_expressions_in_a_sentence_are_reported_once(tmp_path):
    text = "It is `{r} 1 + 1` or `r 2`.\n"
    book = a_book(tmp_path / "book", text)
    assert packed(book) == text.strip()
    assert findings(book) == [("untranslated-markup", 3, 7)]


# Shortcodes


def test_files_are_included_with_their_own_markup(tmp_path):
    text = "Before.\n\n{{< include parts/_x.qmd >}}\n\n{{< video https://v.example/1 >}}\n"
    files = {
        "parts/_x.qmd": "---\ntitle: x\n---\nSee @sec-setup.\n\n{{< include _y.qmd >}}\n",
        "parts/_y.qmd": "::: {.callout-note}\nInner. [no](no.qmd)\n:::\n",
    }
    book = a_book(tmp_path / "book", text, **files)
    assert packed(book).startswith(
        f"Before.\n\nSee [Set-up]({URL}/b.html#sec-setup).\n\n> [!NOTE]\n> Inner. [no]("
    )
    assert packed(book).endswith("[Video](https://v.example/1)")
    assert [line for _, line, _ in findings(book)] == [5]


def test_includes_that_fail_are_reported(tmp_path):
    text = "{{< include no.qmd >}}\n\n{{< include _x.qmd >}}\n"
    book = a_book(tmp_path / "book", text, **{"_x.qmd": "{{< include _x.qmd >}}\n"})
    found = [finding for finding in findings(book) if finding[0] != "unclosed-emphasis"]
    assert found == [("missing-include", 3, 1), ("include-cycle", 5, 1)]


def test_variables_and_front_matter(tmp_path):
    files = {"_variables.yml": "version: 1.10\nname: {first: Baker}\n"}
    text = "{{< var version >}} {{< var name.first >}} {{< pagebreak >}} `{{< var x >}}`\n"
    assert packed(a_book(tmp_path / "book", text, **files)) == "1.10 Baker  `{{< var x >}}`"


# bookdown


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Chapter \\@ref(two).", f"Chapter [Second]({URL}/two.html#two)."),
        ("Section \\@ref(set-up)", f"Section [Set-up]({URL}/two.html#set-up)"),
        (
            "[here](#set-up) [there](\\@ref(two))",
            f"[here]({URL}/two.html#set-up) [there]({URL}/two.html#two)",
        ),
        ("`\\@ref(two)`", "`\\@ref(two)`"),
        (
            "```{r p, fig.cap='(ref:c)'}\nplot()\n```\n\n(ref:c) A *caption*\n\n\\@ref(fig:p)",
            f"```r\nplot()\n```\n\nFigure: A *caption*\n\n\n\n[p]({URL}/#fig:p)",
        ),
        (
            '```{r t}\nknitr::kable(x, caption = "Numbers")\n```\n\n\\@ref(tab:t)',
            '```r\nknitr::kable(x, caption = "Numbers")\n```\n\n'
            f"Table: Numbers\n\n[t]({URL}/#tab:t)",
        ),
        ("```{block, type='rmdtip'}\nText.\n```", "> [!TIP]\n> Text."),
        ("::: {.rmdwarning}\nText.\n:::", "> [!WARNING]\n> Text."),
        (
            '::: {.theorem #p name="P"}\nText.\n:::\n\n\\@ref(thm:p)',
            f"**Theorem (P).**\nText.\n\n\n[p]({URL}/#thm:p)",
        ),
        ("$$x (\\#eq:e)$$\n\n\\@ref(eq:e)", "$$x (\\#eq:e)$$\n\n(e)"),
    ],
)
def test_bookdown(tmp_path, written, plain):
    book = a_bookdown(tmp_path / "book", written + "\n")
    assert packed(book) == plain
    assert [f for f in findings(book) if f[0] != "near-duplicate-chapter"] == []


def test_bookdown_references_to_nothing(tmp_path):
    book = a_bookdown(tmp_path / "book", "See \\@ref(none).\n")
    assert packed(book) == "See \\@ref(none)."
    assert [name for name, _, _ in findings(book)] == ["undefined-label"]


def test_children_of_chunks_are_included(tmp_path):
    files = {"_child.Rmd": "Of the child \\@ref(two).\n"}
    book = a_bookdown(tmp_path / "book", "```{r child='_child.Rmd'}\n```\n", **files)
    assert packed(book) == f"Of the child [Second]({URL}/two.html#two)."


# Attributes


@pytest.mark.parametrize(
    ("written", "id", "classes", "values"),
    [
        ("#a .b .c", "a", ["b", "c"], {}),
        ("-", "", ["unnumbered"], {}),
        ('.x key="a b" other=c', "", ["x"], {"key": "a b", "other": "c"}),
        ("#fig-a fig-alt='x'", "fig-a", [], {"fig-alt": "x"}),
    ],
)
def test_attributes(written, id, classes, values):
    found = read_attributes(written)
    assert found is not None
    assert (found.id, found.classes, found.values) == (id, classes, values)


@pytest.mark.parametrize("written", ["a, 'b'!", "<x>", "\\frac", "$"])
def test_what_is_no_attribute(written):
    assert read_attributes(written) is None


def test_windows_line_ends(tmp_path):
    text = "::: {.callout-note}\nText @sec-setup.\n:::\n\n```{r}\n#| echo: false\nx\n```\n"
    assert packed(a_book(tmp_path / "book", text.replace("\n", "\r\n"))) == (
        f"> [!NOTE]\n> Text [Set-up]({URL}/b.html#sec-setup).\n\n\n```r\nx\n```"
    )
