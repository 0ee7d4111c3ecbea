"""The Good Research Code Handbook, a Jupyter Book, built from its root without any settings."""

import re
import shutil

import pytest

from bookpack.config import load_settings
from bookpack.pipeline import check, make_pack
from bookpack.read.markdown import parse_markdown
from conftest import SHARED, needs_shared

pytestmark = needs_shared
SITE = "https://goodresearch.dev"
ORDER = [
    *["index", "roadmap", "brains", "setup", "tidy", "decoupled", "testing", "docs"],
    *["pipelines", "social", "zipf", "cka", "tools", "acknowledgements"],
]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the texts of the chapters by name, the chapters, and the findings."""
    folder = tmp_path_factory.mktemp("books") / "codebook"
    shutil.copytree(SHARED / "books/codebook", folder)
    settings = load_settings(folder)
    checked = check(settings, folder / "build")
    pack = make_pack(checked, settings)
    texts = {c.path.removesuffix(".md"): c.body.decode() for c in pack.chapters}
    return texts, pack, checked


def test_the_order_parts_and_addresses_are_those_of_the_site(built):
    _, pack, checked = built
    assert [c.path for c in pack.chapters] == [f"{name}.md" for name in ORDER]
    assert [c.url for c in pack.chapters] == [f"{SITE}/{name}.html" for name in ORDER]
    assert [c.part for c in pack.chapters] == [""] + ["Intro"] * 2 + ["Lessons"] * 8 + [
        "Extras"
    ] * 3
    assert (pack.meta.title, pack.meta.authors) == ("Good research code", ("Patrick Mineault",))
    assert checked.planned.layout == "jupyterbook"


def test_these_are_all_the_findings(built):
    _, _, checked = built
    assert [(d.rule.name, d.path, d.position.line) for d in checked.diagnostics] == [
        ("missing-asset", "docs/index.md", 52),
        ("unlisted-chapter", "docs/front-print.md", 1),
    ]


@pytest.mark.parametrize(
    ("chapter", "expected"),
    [
        ("index", f"(WSL)]({SITE}/tools.html#wsl)"),
        ("setup", f"({SITE}/tools.html#vscode)"),
        ("tidy", f"[testing]({SITE}/testing.html)"),
        ("index", f'<a href="{SITE}/_static/book.pdf">'),
        ("index", "> **Figure** (https://zenodo.org/badge/398390273.svg)"),
        ("brains", f"used under a CC-BY 4.0 license.** ({SITE}/figures/wm-federenko.png)"),
        ("brains", "> **Figure: Code problems (CP; purple bars) created activations"),
        ("decoupled", "**Good code**\n\n```\ndef reversi(arr):\n"),
        ("decoupled", "> ---Kernighan's law [^kernighan]\n\n[^kernighan]: Brian Kernighan"),
        ("cka", "\n$$CKA(\\mathbf X, \\mathbf Y) = \\frac{||\\mathbf X^T \\mathbf Y||_2^2}"),
        ("tools", '<a id="wsl"></a>\n\n## Use WSL on Windows\n'),
        ("tools", '<a id="vscode"></a>\n\n## '),
        ("testing", f'# Test your code\nurl: {SITE}/testing.html\n\n<a id="test"></a>\n'),
        ("docs", "**Google-style**\n\n```"),
    ],
)
def test_facts_checked_by_hand(built, chapter, expected):
    assert expected in built[0][chapter]


def test_a_decorative_image_leaves_no_trace(built):
    assert "twitter.svg" not in built[0]["index"]


def test_code_and_math_are_the_author_s(built):
    texts, _, _ = built
    for name in ORDER:
        source = (SHARED / f"books/codebook/docs/{name}.md").read_text("utf-8")
        packed = parse_markdown(texts[name])
        structure = parse_markdown(source)
        kept = [span.slice(texts[name]) for span in packed.math]
        assert [span.slice(source) for span in structure.math] == kept
        ours = {span.slice(texts[name]).strip() for span in packed.code}
        for span in structure.code:
            code = span.slice(source)
            if not re.match(r"(`{3,})\{", code):
                assert code.strip() in ours


def test_no_directive_or_role_is_left(built):
    for text in built[0].values():
        structure = parse_markdown(text)
        for match in re.finditer(r"\{[a-z:-]+\}[`\s]|^:{3,}|\)=$|^% ", text, re.M):
            inside = (structure.code, structure.math)
            assert any(spans.holding(match.start()) for spans in inside), match
