"""Tables: columns of sentences have room, and wide ones use what is free beside the text."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bookpack import pipeline
from bookpack.config import load_settings
from browser import in_browser, published

MakeBook = Callable[..., Path]
SENTENCES = "Ten minutes by hand, or less with a machine. " * 4
TABLE = f"""# One

| Setting | Kind | Default | Means |
| --- | --- | ---: | ---: |
| `a_setting_with_a_long_name` | `string` | `'a long default'` | {SENTENCES} |
| `b` | | <b title="{"x" * 60}">b</b> | Short. |
"""


@pytest.fixture
def site(make_book: MakeBook) -> Path:
    book = make_book({"one.md": TABLE})
    pipeline.build(load_settings(book), book / "build", only="site")
    return book / "build" / "site"


def test_cells_of_sentences_are_told_from_short_ones(site: Path) -> None:
    page = (site / "one" / "index.html").read_text("utf-8")
    assert page.count("prose") == 1
    assert f'<td class="right prose">{SENTENCES.strip()}</td>' in page
    assert (
        f'<td class="right"><b title="{"x" * 60}">b</b></td><td class="right">Short.</td>' in page
    )


MEASURE = """
const [base] = args;
const found = {};
for (const width of [360, 1280, 1600]) {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  await page.goto(`${base}/one/`);
  found[width] = await page.evaluate(() => {
    const wide = (one) => one.getBoundingClientRect().width;
    const box = document.querySelector(".table");
    return {
      page: document.documentElement.scrollWidth, text: wide(document.querySelector("h1")),
      box: wide(box), hidden: box.scrollWidth - box.clientWidth,
      table: wide(box.firstElementChild), prose: wide(document.querySelector("td.prose")),
    };
  });
  await page.close();
}
return found;
"""


def test_a_wide_table_uses_the_margin_and_scrolls_where_there_is_none(site: Path) -> None:
    with published(site) as host:
        found: dict[str, Any] = in_browser(MEASURE, host)
    phone, laptop, desk = (found[width] for width in ("360", "1280", "1600"))
    assert phone["page"] == 360
    assert phone["hidden"] > 0
    assert phone["prose"] >= 192
    assert laptop["hidden"] == desk["hidden"] == 0
    assert laptop["text"] < laptop["table"] < desk["table"] <= desk["box"]
