"""The site in a real browser, and before the judges of HTML, links and speed."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bookpack.editions.web.indexer import find_indexer
from browser import LIGHTHOUSE, LYCHEE, VALIDATOR, chromium, in_browser, program, published, tool
from conftest import write_files

SETTINGS = """[book]
title = "Bread"
url = "https://example.com/bread"
authors = ["A Baker", "A Miller"]
summary = "How bread is made."
language = "en"
rights = "Copy it."
[[site.action]]
label = "Buy it"
url = "https://example.com/shop"
[site.assistants]
Oven = "https://example.com/ask?q={prompt}"
"""
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="200" viewBox="0 0 400 200">'
    '<rect width="400" height="200" fill="#c90"/></svg>'
)
RICH = """# Everything

Text with a footnote[^1], `code`, [a link](2-long.md#part-3), ~~gone~~ and $a^2$.

![A loaf](loaf.svg "The loaf")

| Flour | Water | A long heading of a column that does not fit on a phone | Another one |
| :---- | ----: | :-----: | --- |
| 500 | 350 | unbreakable_word_unbreakable_word_unbreakable_word | x |

```python
# A comment.
def bake(dough: str, *, minutes: int = 50) -> "Bread":
    return Bread(dough, 230, f"{minutes} min", a_very_long_argument="that is wider than a phone is")
```

> [!WARNING]
> The oven is hot.

- [x] done
- [ ] to do

<details><summary>More</summary>

Inside.

</details>

$$
\\sum_{i=1}^{n} i = \\frac{n(n+1)}{2}
$$

```mermaid
graph LR; a --> b
```

## Section

### Subsection

Last words about fermentation.

[^1]: The footnote, with a [link](https://example.org).
"""
PARAGRAPH = "The dough rests until it has doubled; then it is folded, shaped and left alone. " * 6
LONG = "# Long\n\n" + "\n".join(
    f"## Part {n}\n\n{PARAGRAPH}\n\n{PARAGRAPH}\n" for n in range(1, 41)
)
PAGES = {
    "cover": "",
    "long": "2-long/",
    "rich": "1-everything/",
    "contents": "contents.html",
    "print": "print.html",
    "nothing": "404.html",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host's folder with the site in the folder `bread`."""
    folder = tmp_path_factory.mktemp("host")
    book = write_files(
        folder / "book",
        {
            "bookpack.toml": SETTINGS,
            "chapters/1-everything.md": RICH,
            "chapters/2-long.md": LONG,
            "chapters/3-short.md": "# Short\n\nA short one about crust[^1].\n\n[^1]: Hard.\n",
            "chapters/loaf.svg": PICTURE,
        },
    )
    command = [sys.executable, "-m", "bookpack", "build", str(book), "--only", "site"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    (folder / "host").mkdir()
    shutil.move(book / "build" / "site", folder / "host" / "bread")
    return folder / "host"


LOOK = """
const [base, pages] = [args[0], JSON.parse(args[1])];
const found = {};
for (const [name, path] of Object.entries(pages)) {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [360, 1440]) {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
      const page = await context.newPage();
      const said = [], asked = [];
      let bytes = 0;
      page.on("console", (message) => said.push(message.text()));
      page.on("pageerror", (error) => said.push(String(error)));
      page.on("requestfinished", async (request) => {
        const { responseBodySize, responseHeadersSize } = await request.sizes();
        bytes += responseBodySize + responseHeadersSize;
      });
      page.on("request", (request) => asked.push(request.url()));
      await page.goto(`${base}/${path}`, { waitUntil: "networkidle" });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      await page.evaluate(() => {
        for (const details of document.querySelectorAll("details")) details.open = true;
      });
      await page.evaluate(axe);
      const result = await page.evaluate(() => axe.run());
      found[`${name} ${colorScheme} ${width}`] = {
        said, asked, bytes, wide, width,
        violations: result.violations.map((one) => `${one.id}: ${one.nodes[0].html}`),
      };
      await context.close();
    }
  }
}
return found;
"""


@pytest.fixture(scope="module")
def seen(root: Path) -> dict[str, Any]:
    """What a browser saw of each page, by page, colours and width."""
    with published(root) as host:
        pages: dict[str, Any] = in_browser(LOOK, f"{host}/bread", json.dumps(PAGES))
    return pages


class TestPages:
    def test_axe_finds_nothing_in_light_and_dark(self, seen: dict[str, Any]) -> None:
        assert len(seen) == 24
        assert {name: page["violations"] for name, page in seen.items() if page["violations"]} == {}

    def test_nothing_scrolls_sideways(self, seen: dict[str, Any]) -> None:
        assert {n: page["wide"] for n, page in seen.items() if page["wide"] > page["width"]} == {}

    def test_the_console_stays_empty(self, seen: dict[str, Any]) -> None:
        said = {name: page["said"] for name, page in seen.items() if page["said"]}
        # A page without a link to an icon makes the browser look for one.
        assert {name: words for name, words in said.items() if "contents" not in name} == {}

    def test_a_page_is_small_and_asks_this_host_alone(self, seen: dict[str, Any]) -> None:
        for page in seen.values():
            assert len(page["asked"]) <= 10
            assert 0 < page["bytes"] <= 120_000
            hosts = {re.match(r"https?://[^/]+", url)[0] for url in page["asked"]}  # type: ignore[index]
            assert len(hosts) == 1
            assert not [url for url in page["asked"] if "pagefind" in url or "search" in url]


def test_keys_turn_pages_and_show_help(root: Path) -> None:
    script = """
    const page = await browser.newPage();
    await page.goto(`${args[0]}/1-everything/`);
    const seen = [];
    const press = async (key) => {
      await page.keyboard.press(key);
      await page.waitForTimeout(150);
      seen.push(new URL(page.url()).pathname);
    };
    await press("ArrowRight");
    await press("ArrowRight");
    await press("ArrowLeft");
    await page.keyboard.press("?");
    seen.push(await page.evaluate(() => document.querySelectorAll("dialog[open] kbd").length));
    await page.keyboard.press("Escape");
    seen.push(await page.evaluate(() => document.querySelectorAll("dialog[open]").length));
    await page.keyboard.press("Tab");
    seen.push(await page.evaluate(() => document.activeElement.className));
    return seen;
    """
    with published(root) as host:
        seen = in_browser(script, f"{host}/bread")
    keys = 4 if find_indexer() else 3
    assert seen == ["/bread/2-long/", "/bread/3-short/", "/bread/2-long/", keys, 0, "skip"]


def test_a_page_opens_at_its_top_and_lists_show_where_it_is(root: Path) -> None:
    # In a low window the page's own entry has to be scrolled to; the page itself must stay.
    script = """
    const seen = [];
    for (const width of [360, 1440]) {
      const page = await browser.newPage({ viewport: { width, height: 200 } });
      await page.goto(`${args[0]}/3-short/`);
      if (width === 360) await page.click("header .menu");
      const entry = page.locator(".book [aria-current]");
      await page.waitForFunction((one) => {
        const [inner, outer] = [one, one.closest("nav")].map((it) => it.getBoundingClientRect());
        return inner.top >= outer.top && inner.bottom <= outer.bottom + 1;
      }, await entry.elementHandle());
      seen.push(await page.evaluate(() => scrollY));
      await page.close();
    }
    return seen;
    """
    with published(root) as host:
        assert in_browser(script, f"{host}/bread") == [0, 0]


@pytest.mark.skipif(find_indexer() is None, reason="there is no program for the index")
class TestSearch:
    SEARCH = """
    const found = {};
    const viewport = { width: 360, height: 740 };
    for (const colorScheme of ["light", "dark"]) {
      const context = await browser.newContext({ colorScheme, viewport });
      const page = await context.newPage();
      const seen = found[colorScheme] = { said: [] };
      const asked = [];
      page.on("console", (message) => seen.said.push(message.text()));
      page.on("pageerror", (error) => seen.said.push(String(error)));
      page.on("request", (request) => asked.push(new URL(request.url()).pathname));
      await page.goto(`${args[0]}/2-long/`, { waitUntil: "networkidle" });
      const before = asked.length;
      await page.keyboard.press("/");
      await page.waitForSelector("dialog[open] input:focus");
      seen.opened = asked.slice(before);
      await page.keyboard.type("fermenting");
      await page.waitForSelector(".search-results a");
      seen.results = await page.$$eval(".search-results a", (links) => links.map((link) =>
        [".search-title", "mark"].map((part) => link.querySelector(part).textContent)));
      seen.status = await page.textContent("[role=status]");
      seen.wide = await page.evaluate(() => document.documentElement.scrollWidth);
      await page.evaluate(axe);
      seen.violations = (await page.evaluate(() => axe.run())).violations.map((one) => one.id);
      await page.fill("input[type=search]", "qqqq");
      await page.waitForSelector(".search-results:empty", { state: "attached" });
      seen.nothing = await page.textContent("[role=status]");
      await page.keyboard.press("Escape");
      seen.open = await page.locator("dialog[open]").count();
      await page.keyboard.press("s");
      await page.waitForSelector("dialog[open] input:focus");
      await page.keyboard.type("fermenting");
      await page.waitForSelector(".search-results a");
      await page.keyboard.press("ArrowDown");
      seen.focused = await page.evaluate(() => document.activeElement.tagName);
      await page.keyboard.press("Enter");
      await page.waitForURL("**/1-everything/**");
      seen.at = new URL(page.url()).pathname + new URL(page.url()).hash;
      await context.close();
    }
    return found;
    """

    def test_a_reader_finds_sections_by_keyboard_on_a_phone(self, root: Path) -> None:
        with published(root) as host:
            found = in_browser(self.SEARCH, f"{host}/bread")
        for seen in found.values():
            assert [re.sub(r"-\w{10}\.", ".", path) for path in sorted(seen["opened"])] == [
                "/bread/_bookpack/search.css",
                "/bread/_bookpack/search.js",
            ]
            assert seen["results"] == [["Subsection", "fermentation."]]
            assert seen["status"] == "Sections found: 1"
            assert seen["nothing"] == "Nothing found"
            assert seen["open"] == 0
            assert seen["focused"] == "A"
            assert seen["at"] == "/bread/1-everything/#subsection"
            assert seen["violations"] == []
            assert seen["said"] == []
            assert seen["wide"] == 360

    def test_what_is_typed_before_search_is_there_is_not_lost(self, root: Path) -> None:
        script = """
        const page = await browser.newPage({ viewport: { width: 900, height: 300 } });
        let arrive;
        const late = new Promise((resolve) => { arrive = resolve; });
        await page.route("**/search-*.js", (route) => late.then(() => route.continue()));
        await page.goto(`${args[0]}/2-long/`);
        await page.keyboard.press("/");
        await page.keyboard.type("is fermentxing?");
        for (let count = 0; count < 5; count++) await page.keyboard.press("Backspace");
        await page.keyboard.type("ing");
        arrive();
        const typed = page.locator("dialog[open] input");
        await typed.waitFor();
        await page.waitForSelector(".search-results a");
        return [await typed.inputValue(), await page.evaluate(() => scrollY)];
        """
        with published(root) as host:
            assert in_browser(script, f"{host}/bread") == ["is fermenting", 0]

    def test_a_search_that_does_not_come_says_so(self, root: Path) -> None:
        script = """
        const page = await browser.newPage();
        await page.route("**/search-*.js", (route) => route.abort());
        await page.goto(`${args[0]}/2-long/`);
        await page.keyboard.press("/");
        return await page.locator("dialog[open] p").textContent();
        """
        with published(root) as host:
            assert in_browser(script, f"{host}/bread") == "Search cannot be loaded here."


@pytest.mark.skipif(find_indexer() is None, reason="there is no program for the index")
def test_words_are_found_in_any_language_from_any_page(tmp_path: Path) -> None:
    chapters = {
        "chapters/1-en.md": "# Bread\n\nKneading makes it elastic[^1].\n\n[^1]: Ten minutes.\n",
        "chapters/2-de.md": "---\nlang: de\n---\n# Brot\n\nDas Brötchen wird geknetet.\n",
        "chapters/3-fa.md": "---\nlang: fa\n---\n# نان\n\nبرای نان به آرد نیاز داریم.\n",
        "chapters/4-ar.md": "---\nlang: ar\n---\n# الخبز\n\nيحتاج الخبز إلى الدقيق.\n",
    }
    settings = '[book]\ntitle = "Bread"\nurl = "https://example.com/"\n'
    book = write_files(tmp_path / "book", {"bookpack.toml": settings, **chapters})
    command = [sys.executable, "-m", "bookpack", "build", str(book), "--only", "site"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    script = """
    const seen = [];
    for (const path of ["1-en", "3-fa"]) {
      const page = await browser.newPage();
      await page.goto(`${args[0]}/${path}/`);
      for (const word of ["elastic", "Brötchen", "آرد", "الدقيق"]) {
        await page.keyboard.press("Control+k");
        await page.fill("dialog[open] input", word);
        const mark = page.locator(".search-results mark", { hasText: word });
        await mark.first().waitFor();
        seen.push(await page.locator(".search-results a").count());
        await page.keyboard.press("Escape");
      }
      await page.close();
    }
    return seen;
    """
    with published(book / "build" / "site") as host:
        assert in_browser(script, host) == [1] * 8


def test_everything_but_search_works_without_a_script(root: Path) -> None:
    script = """
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${args[0]}/1-everything/`);
    const shown = (selector) => page.locator(selector).first().isVisible();
    const seen = [await shown("article h1"), await shown("nav.book a"), await shown(".footnotes"),
      await shown("button.search"), await shown("button.theme")];
    await page.locator("a[rel=next]").click();
    seen.push(new URL(page.url()).pathname);
    return seen;
    """
    with published(root) as host:
        seen = in_browser(script, f"{host}/bread")
    assert seen == [True, True, True, False, False, "/bread/2-long/"]


def test_the_validator_finds_no_error(root: Path) -> None:
    # The validator ends before Java could win back what better machine code costs.
    java = [program("java"), "-Xss4m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar"]
    command = [*java, tool(VALIDATOR), "--format", "json", "--also-check-css"]
    command += ["--skip-non-html", "--errors-only", str(root)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert [one["message"] for one in json.loads(result.stderr)["messages"]] == []


def test_every_link_and_fragment_leads_somewhere(root: Path) -> None:
    pages = [str(page) for page in sorted(root.rglob("*.html"))]
    command = [tool(LYCHEE), "--offline", "--include-fragments", "--format", "json"]
    command += ["--index-files", "index.html"]
    command += ["--no-progress", "--root-dir", str(root), *pages]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    found = json.loads(result.stdout)
    assert found["error_map"] == {}
    assert found["successful"] > 100
    assert result.returncode == 0


@pytest.mark.parametrize("preset", ["perf", "desktop"])
def test_lighthouse_gives_full_marks(root: Path, preset: str, tmp_path: Path) -> None:
    """Marks for speed depend on how busy the machine is, so they have some room here."""
    node, place, judge = program("node"), chromium(), tool(LIGHTHOUSE)
    report = tmp_path / "report.json"
    command = [node, judge, "--quiet", "--output=json", f"--output-path={report}"]
    command += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
    command += [f"--preset={preset}"] if preset == "desktop" else []
    with published(root) as host:
        result = subprocess.run(
            [*command, f"{host}/bread/2-long/"],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
            env={"CHROME_PATH": place, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        )
    assert result.returncode == 0, result.stderr
    marks = json.loads(report.read_text("utf-8"))["categories"]
    scores = {name: mark["score"] for name, mark in marks.items()}
    assert scores.pop("performance") >= 0.9
    assert scores == {"accessibility": 1, "best-practices": 1, "seo": 1}
