"""MyST in the chapters of a book: what is written, and what the packed edition holds of it."""

import pytest

from bookpack.config import load_settings
from bookpack.pipeline import check, make_pack
from conftest import PICTURE, PICTURE_WORDS, write_files

CONFIG = "title: A Book\nhtml:\n  baseurl: https://example.com\nparse:\n  myst_enable_extensions:\n"
EXTENSIONS = ["colon_fence", "dollarmath", "substitution", "attrs_inline", "attrs_block", "amsmath"]
OTHER = "(other)=\n# Another *page*\n\n(deep-label)=\n## A deep section\n\nText.\n"


def build(folder, files):
    """Build the book in `folder`; return its chapters' text by path, and its findings."""
    write_files(folder, files)
    settings = load_settings(folder)
    checked = check(settings, folder / "build")
    pack = make_pack(checked, settings)
    texts = {chapter.path: chapter.body.decode() for chapter in pack.chapters}
    found = [(d.rule.name, d.position.line, d.message) for d in checked.diagnostics]
    return texts, found


def jupyter_book(folder, page, more=None, config=""):
    """Build a Jupyter Book with the page `page.md` among others."""
    pages = {"page.md": page, "other.md": OTHER, **(more or {})}
    names = [name.rpartition(".")[0] for name in pages if name.endswith(".md")]
    toc = "format: jb-book\nroot: page\nchapters:\n" + "".join(
        f"- file: {name}\n" for name in names if name != "page" and not name.startswith("_")
    )
    extensions = "".join(f"  - {name}\n" for name in EXTENSIONS)
    files = {"_toc.yml": toc, "_config.yml": CONFIG + extensions + config, **pages}
    return build(folder, files)


def body(texts, path="page.md"):
    """Return a chapter's text below its title and address."""
    return texts[path].partition("\n\n")[2]


TRANSLATED = {
    "an admonition is a callout": (
        "```{note}\nMind the *gap*.\n```\n",
        "> [!NOTE]\n> Mind the *gap*.\n",
    ),
    "an admonition's first words are its text": (
        "```{tip} Do it\nnow.\n```\n",
        "> [!TIP]\n> Do it\n> now.\n",
    ),
    "an admonition has a title": (
        "```{admonition} A title\n:class: warning\nText.\n```\n",
        "> [!WARNING]\n> **A title**\n>\n> Text.\n",
    ),
    "a fence of colons does the same": (
        ":::{warning}\nText.\n:::\n",
        "> [!WARNING]\n> Text.\n",
    ),
    "a fence of tildes does the same": (
        "~~~{hint}\nText.\n~~~\n",
        "> [!TIP]\n> Text.\n",
    ),
    "directives stand in one another": (
        "::::{note}\nOuter.\n\n:::{tip}\nInner.\n:::\n::::\n",
        "> [!NOTE]\n> Outer.\n>\n> > [!TIP]\n> > Inner.\n",
    ),
    "code in a directive is code": (
        "````{dropdown} Look\n```python\n# {note} is no `{ref}`\n```\n````\n",
        "**Look**\n\n```python\n# {note} is no `{ref}`\n```\n",
    ),
    "an odd fence inside of colons ends with them": (
        ":::{code-block} text\n```\n:::\n\n```{note}\nAfter.\n```\n",
        "````text\n```\n````\n\n> [!NOTE]\n> After.\n",
    ),
    "a directive in a list stays in it": (
        "- item\n\n  ```{note}\n  Text.\n  ```\n\n- next\n",
        "- item\n\n  > [!NOTE]\n  > Text.\n\n- next\n",
    ),
    "a directive in a quote stays in it": (
        "> said\n>\n> ```{note}\n> Text.\n> ```\n",
        "> said\n>\n> > [!NOTE]\n> > Text.\n",
    ),
    "a directive touches no paragraph": (
        "Before\n```{note}\nText.\n```\nAfter\n",
        "Before\n\n> [!NOTE]\n> Text.\n\nAfter\n",
    ),
    "a directive touches no paragraph of a list either": (
        "- item\n  ```{note}\n  Text.\n  ```\n  more\n",
        "- item\n\n  > [!NOTE]\n  > Text.\n\n  more\n",
    ),
    "a label stands in a quote or a list": (
        "> (in-quote)=\n> Words {ref}`x <in-list>`.\n\n- (in-list)=\n  More [y](in-quote).\n",
        '> <a id="in-quote"></a>\n>\n> Words [x](https://example.com/page.html#in-list).\n\n'
        '- <a id="in-list"></a>\n\n  More [y](https://example.com/page.html#in-quote).\n',
    ),
    "a figure has its caption": (
        "```{figure} a.png\n---\nwidth: 90%\nalt: A picture\n---\nWhat it shows.\n```\n",
        "> **Figure: What it shows.** (https://example.com/a.png)\n"
        f"> **Image description:** A picture\n>\n> {PICTURE_WORDS}\n",
    ),
    "a caption with markup is said in full": (
        "```{figure} a.png\nSee [this](other.md).\n\nA legend.\n```\n",
        "> **Figure: See this.** (https://example.com/a.png)\n"
        f"> **Image description:** {PICTURE_WORDS}\n\n"
        "See [this](https://example.com/other.html).\n\nA legend.\n",
    ),
    "an image has no caption": (
        "```{image} a.png\n:alt: A picture\n:width: 20px\n```\n",
        "> **Figure** (https://example.com/a.png)\n"
        f"> **Image description:** A picture\n>\n> {PICTURE_WORDS}\n",
    ),
    "figure-md holds an image": (
        "```{figure-md} lab\n![A picture](a.png)\n\nWhat it *shows*.\n```\n",
        '<a id="lab"></a>\n\n> **Figure: What it shows.** (https://example.com/a.png)\n'
        f"> **Image description:** A picture\n>\n> {PICTURE_WORDS}\n\nWhat it *shows*.\n",
    ),
    "a margin note is a quote": (
        "```{margin} Aside\nText.\n\n`code`\n```\n",
        "> **Aside**\n>\n> Text.\n>\n> `code`\n",
    ),
    "an epigraph keeps who said it": (
        "```{epigraph}\nWords.\n\n---Somebody [^who]\n```\n\n[^who]: A person.\n",
        "> Words.\n>\n> ---Somebody [^who]\n\n[^who]: A person.\n",
    ),
    "tabs are titled": (
        "````{tab-set}\n```{tab-item} One\n:sync: a\nText.\n```\n"
        "```{tab-item} Two\nMore.\n```\n````\n",
        "**One**\n\nText.\n\n**Two**\n\nMore.\n",
    ),
    "old tabs too": (
        "````{tabbed} Good code\n```\ndef f(): ...\n```\n````\n",
        "**Good code**\n\n```\ndef f(): ...\n```\n",
    ),
    "code has a language and a caption": (
        "```{code-block} python\n:caption: f.py\n:linenos:\nx = 1\n```\n",
        "**f.py**\n\n```python\nx = 1\n```\n",
    ),
    "a cell's tags go": (
        "```{code-cell} ipython3\n:tags: [hide-input]\n\nx = 1\n```\n",
        "```python\nx = 1\n```\n",
    ),
    "math is math": (
        "```{math}\n:label: sum\na + b \\\\\n% no comment\n```\n",
        '<a id="equation-sum"></a>\n\n$$\na + b \\\\\n% no comment\n$$\n',
    ),
    "labelled dollars": (
        "$$\nx = y\n$$ (xy)\n",
        '<a id="equation-xy"></a>\n\n$$\nx = y\n$$\n',
    ),
    "an environment gets its dollars": (
        "\\begin{align}\na &= b\n\\end{align}\n",
        "$$\n\\begin{align}\na &= b\n\\end{align}\n$$\n",
    ),
    "a table of lists": (
        "```{list-table} Title\n:header-rows: 1\n* - A\n  - B\n* - a|b\n  - *c*\n    d\n```\n",
        "**Title**\n\n| A | B |\n| --- | --- |\n| a\\|b | *c* d |\n",
    ),
    "a table of values": (
        '```{csv-table}\n:header: A, B\n"1, 2", {math}`x`\n```\n',
        "| A | B |\n| --- | --- |\n| 1, 2 | $x$ |\n",
    ),
    "navigation goes": (
        "Before.\n\n```{toctree}\n:hidden:\nother\n```\n\n```{tableofcontents}\n```\n\nAfter.\n",
        "Before.\n\nAfter.\n",
    ),
    "comments and breaks go": (
        'One\n% a comment\ntwo.\n\n+++ {"part": "x"}\n\nThree % four.\n',
        "One\n\ntwo.\n\n\n\nThree % four.\n",
    ),
    "raw HTML is HTML": (
        "```{raw} html\n<p>Words.</p>\n```\n",
        "Words.\n",
    ),
    "a card": (
        ":::{card} Title\n:link: other\n:link-type: doc\nHead\n^^^\nBody\n+++\nFoot\n:::\n",
        "Head\n\n**[Title](https://example.com/other.html)**\n\nBody\n\nFoot\n",
    ),
    "a theorem": (
        "```{prf:theorem} Fermat\n:label: fermat\nNo.\n```\n\n{prf:ref}`fermat`\n",
        '<a id="fermat"></a>\n\n**Theorem: Fermat**\n\nNo.\n\n'
        "[Fermat](https://example.com/page.html#fermat)\n",
    ),
    "a glossary": (
        "```{glossary}\nMyST\n  A *markup*.\n```\n\n{term}`MyST`\n",
        '- <a id="term-MyST"></a>**MyST**: A *markup*.\n\n'
        "[MyST](https://example.com/page.html#term-MyST)\n",
    ),
}
ROLES = {
    "{ref}`other`": "[Another page](https://example.com/other.html#other)",
    "{ref}`Deep-Label`": "[A deep section](https://example.com/other.html#deep-label)",
    "{ref}`some words <deep-label>`": "[some words](https://example.com/other.html#deep-label)",
    "{numref}`Section %s <deep-label>`": (
        "[A deep section](https://example.com/other.html#deep-label)"
    ),
    "{doc}`other`": "[Another page](https://example.com/other.html)",
    "{doc}`there </other>`": "[there](https://example.com/other.html)",
    "[](other)": "[Another page](https://example.com/other.html)",
    "[](other.md)": "[Another page](https://example.com/other.html)",
    "[](#deep-label)": "[A deep section](https://example.com/other.html#deep-label)",
    "[words](deep-label)": "[words](https://example.com/other.html#deep-label)",
    "[words](Deep-Label)": "[words](https://example.com/other.html#deep-label)",
    "[](other.md#deep-label)": "[A deep section](https://example.com/other.html#deep-label)",
    "<project:#deep-label>": "[A deep section](https://example.com/other.html#deep-label)",
    "[](https://example.org/x)": "[example.org/x](https://example.org/x)",
    "{cite:p}`a2020,b`": "[a2020, b]",
    "{cite}`a2020`.": "[a2020].",
    "{math}`a_1`": "$a_1$",
    "{kbd}`Ctrl-C`": "<kbd>Ctrl-C</kbd>",
    "H{sub}`2`O": "H<sub>2</sub>O",
    "{abbr}`CSS (Cascading Style Sheets)`": "CSS (Cascading Style Sheets)",
    "{py:func}`~a.b.f`": "`f`",
    "{code}`x`{ref}`other`": "`x`[Another page](https://example.com/other.html#other)",
    "{download}`the data <data.csv>`": "[the data](https://example.com/data.csv)",
    "`` {ref}`other` ``": "`` {ref}`other` ``",
    "\\{ref}`other`": "\\{ref}`other`",
    "![x](a.png){width=50%}": "[Image: x]",
    "{{ name }} {{name}}": "a *value* a *value*",
}


@pytest.mark.parametrize("name", TRANSLATED)
def test_directives(tmp_path, name):
    given, expected = TRANSLATED[name]
    texts, found = jupyter_book(tmp_path, f"# Page\n\n{given}", {"a.png": PICTURE, "data.csv": b""})
    assert body(texts) == expected
    assert [f for f in found if f[0] != "image-without-words"] == []


@pytest.mark.parametrize("given", ROLES)
def test_roles_and_links(tmp_path, given):
    more = {"a.png": PICTURE, "data.csv": b""}
    config = "  myst_substitutions:\n    name: a *value*\n"
    texts, found = jupyter_book(tmp_path, f"# Page\n\nWords {given} end.\n", more, config)
    assert body(texts).split("\n")[0] == f"Words {ROLES[given]} end."
    assert found == []


STAYS = {
    "```{bibliography}\n:style: unsrt\n```\n": "bibliography",
    "```{eval-rst}\n.. note:: x\n```\n": "eval-rst",
    "```{raw} latex\n\\newpage\n```\n": "raw",
    "```{only} latex\nText.\n```\n": "only",
    "```{list-table}\n* - A\n\n    - nested\n  - B\n```\n": "list-table",
    ":::{unheard-of} x\n{also}`y`\n:::\n": "unheard-of",
    ":::{note}\nNever closed.\n": "note",
    "{octicon}`report`\n": "octicon",
    "{{ unknown }}\n": "unknown",
}


@pytest.mark.parametrize("given", STAYS)
def test_what_has_no_plain_form_stays_and_is_reported(tmp_path, given):
    texts, found = jupyter_book(tmp_path, f"# Page\n\n{given}")
    assert body(texts) == given
    rules = {(rule, line) for rule, line, _ in found}
    assert rules <= {("untranslated-markup", 3), ("untranslated-markup", 4)}
    assert any(STAYS[given] in message for _, _, message in found)


def test_labels_become_anchors_that_break_no_block(tmp_path):
    texts, found = jupyter_book(
        tmp_path,
        "(first)=\n(My_Label)=\n\n# Page\n\n(sec)=\n## Section\n\nText\n(para)=\nA paragraph.\n\n"
        "[a](first) [b](my_label) [c](#sec) [d](page.md#para) [e](page.md#My_Label)\n",
    )
    page = "https://example.com/page.html"
    assert texts["page.md"] == (
        f'# Page\nurl: {page}\n\n<a id="first"></a><a id="my-label"></a>\n\n'.replace(
            "</a><a", "</a>\n\n<a"
        )
        + f'<a id="sec"></a>\n\n## Section\nurl: {page}#section\n\n'
        'Text\n\n<a id="para"></a>\n\nA paragraph.\n\n'
        f"[a]({page}#first) [b]({page}#my-label) [c]({page}#sec) [d]({page}#para) "
        f"[e]({page}#my-label)\n"
    )
    assert found == []


def test_an_unknown_label_names_the_nearest(tmp_path):
    _, found = jupyter_book(tmp_path, "# Page\n\nSee {ref}`deep-labl` and {doc}`nowhere`.\n")
    assert found == [
        ("undefined-label", 3, "The book has no label deep-labl. Nearest: deep-label."),
        ("undefined-label", 3, "The book has no page nowhere."),
    ]


def test_the_first_of_two_equal_labels_counts(tmp_path):
    texts, found = jupyter_book(tmp_path, "# Page\n\n{ref}`x`\n\n(x)=\nOne\n\n(X)=\nTwo\n")
    assert "[x](https://example.com/page.html#x)" in texts["page.md"]
    assert found == [("duplicate-label", 8, "The label X is defined in page.md already.")]


def test_findings_inside_directives_point_at_the_author_s_line(tmp_path):
    _, found = jupyter_book(
        tmp_path,
        "# Page\n\n````{note}\nText.\n\n```{margin}\nA [link](gone.md).\n{ref}`gone`\n```\n````\n",
    )
    assert [(rule, line) for rule, line, _ in found] == [
        ("broken-link", 7),
        ("undefined-label", 8),
    ]


def test_files_are_included(tmp_path):
    page = (
        "# Page\n\n```{include} _part.md\n:start-after: BEGIN\n```\n\n"
        "```{literalinclude} code/f.py\n:lines: 2-\n:caption:\n```\n\n"
        "```{include} gone.md\n```\n\n```{include} page.md\n```\n"
    )
    more = {"_part.md": "No.\nBEGIN\nSee {ref}`other`.\n", "code/f.py": "one = 1\ntwo = 2\n"}
    texts, found = jupyter_book(tmp_path, page, more)
    assert body(texts) == (
        "See [Another page](https://example.com/other.html#other).\n\n"
        "**`f.py`**\n\n```python\ntwo = 2\n```\n\n"
        "```{include} gone.md\n```\n\n```{include} page.md\n```\n"
    )
    assert [(rule, line) for rule, line, _ in found] == [
        ("missing-include", 12),
        ("include-cycle", 15),
    ]


def test_windows_line_ends_change_nothing(tmp_path):
    page = "# Page\r\n\r\n```{note}\r\nText.\r\n```\r\n\r\n(lab)=\r\n## Section\r\n\r\nEnd.\r\n"
    texts, found = jupyter_book(tmp_path, page)
    assert body(texts) == (
        '> [!NOTE]\n> Text.\n\n<a id="lab"></a>\n\n## Section\n'
        "url: https://example.com/page.html#section\n\nEnd.\n"
    )
    assert found == []


def test_a_page_without_myst_is_left_alone(tmp_path):
    page = (
        "# Page\n\nPlain 5 % text (a)= b, {braces}, `{ref}` and\n\n    ```{note}\n    x\n    ```\n"
    )
    texts, found = jupyter_book(tmp_path, page)
    assert body(texts) == page.partition("\n\n")[2]
    assert found == []


@pytest.mark.parametrize(
    "hostile",
    [
        "`" * 3000 + "{note}\n" * 50,
        ":::{note}\n" * 300,
        "```{note}\n" * 300,
        "".join(":" * (400 - n) + "{note}\n" for n in range(300)),
        "{{ a }}" * 2000,
        "(a)=\n" * 2000,
        "```{note}\n---\na: &a [1]\nb: [*a, *a]\n---\n```\n",
        ":::{code-block}\n```\n:::\n" * 200,
        "{ref}`" * 2000,
    ],
    ids=range(9),
)
def test_hostile_input_ends(tmp_path, hostile):
    texts, _ = jupyter_book(tmp_path, f"# Page\n\n{hostile}\n")
    assert texts["page.md"].startswith("# Page\n")
