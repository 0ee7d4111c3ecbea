"""Text diagrams, drawn in a browser by a library that the author brought."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bookpack import pipeline
from bookpack.config import load_settings
from browser import in_browser, published
from conftest import SETTINGS

LIBRARY = """
let theme;
globalThis.mermaid = {
  initialize: (options) => { theme = options.theme; },
  render: async (name, text) => {
    if (text.includes("nonsense")) throw new Error("nonsense");
    return { svg: `<svg id="${name}"><text>${theme} ${text.length}</text></svg>` };
  },
};
"""
"""Draws what a diagram is to be drawn with, as mermaid's own `initialize` and `render` would."""
CHAPTERS = {
    "1.md": "# One\n\n```mermaid\na --> b\n```\n\n```mermaid\nnonsense\n```\n",
    "2.md": "# Two\n\nNo diagram.\n",
    "mermaid.min.js": LIBRARY,
}
DRAW = """
const [base] = args;
const seen = {};
const context = await browser.newContext({ colorScheme: "dark" });
const page = await context.newPage();
const look = async (name) => {
  seen[name] = await page.evaluate(() => [...document.querySelectorAll(".diagram")].map((figure) =>
    [...figure.querySelectorAll("svg, pre, figcaption")]
      .filter((one) => one.checkVisibility()).map((one) => one.textContent.trim())));
};
const drawn = () => page.waitForFunction(() => document.querySelectorAll(".drawing").length === 2);
await page.goto(`${base}/1/`);
await drawn();
await look("dark system");
await page.emulateMedia({ media: "print" });
await look("printed");
await page.emulateMedia({ media: "screen", colorScheme: "light" });
await page.waitForFunction(() => document.querySelector(".drawing.light").checkVisibility());
await look("light system");
await page.click("button.theme");
await page.click("button.theme");
await look("dark by button");
await page.goto(`${base}/print.html`);
await drawn();
await look("whole book");
return seen;
"""


@pytest.fixture
def site(make_book: Callable[..., Path]) -> Path:
    book = make_book(CHAPTERS, SETTINGS + '[site]\nmermaid = "chapters/mermaid.min.js"\n')
    pipeline.build(load_settings(book), book / "build", only="site")
    return book / "build" / "site"


def test_only_pages_with_a_diagram_load_what_draws_it(site: Path) -> None:
    loading = {
        path.relative_to(site).as_posix()
        for path in site.rglob("*.html")
        if "mermaid.min.js" in path.read_text("utf-8")
    }
    assert loading == {"1/index.html", "print.html"}


def test_diagrams_have_the_colours_of_the_page_and_print_is_light(site: Path) -> None:
    with published(site) as host:
        seen: dict[str, Any] = in_browser(DRAW, host)
    source = ["nonsense", "Diagram, as its author wrote it"]
    assert seen == {
        "dark system": [["dark 8"], source],
        "printed": [["default 8"], source],
        "light system": [["default 8"], source],
        "dark by button": [["dark 8"], source],
        "whole book": [["dark 8"], source],
    }
