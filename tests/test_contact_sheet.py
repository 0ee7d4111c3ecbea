"""The contact sheet: every picture beside its words, offline, safe, filterable, for everybody."""

import json
import re
import subprocess
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import browser
from bookpack.desks.pictures.safe_html import clean_html, safe_html
from bookpack.desks.pictures.sheet import SheetEntry, SheetFinding, SheetPlace, as_sheet
from bookpack.images.words import Origin

DOT = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
"""A PNG of one pixel."""
HOSTILE = "</script><script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"

OVEN = SheetEntry(
    number=1,
    name="images/oven.png",
    places=(SheetPlace("Baking", "chapters/baking.md", 12, "The oven"),),
    thumbnail=DOT,
    width=1200,
    height=800,
    format="PNG",
    kind="diagram",
    title="The oven",
    alt="A bread oven with two doors.",
    author_alts=("oven",),
    captions=("How it is heated",),
    text="Diagram: The oven. Heat rises.\n\n| part | °C |\n| --- | --- |\n| floor | ≈ 220 |",
    file="descriptions/oven-0123456789ab.md",
    identity="01" * 32,
    state="open",
    origin=Origin.MODEL,
    model="some-model",
    cost=0.0125,
    currency="EUR",
    tokens=1234,
    findings=(SheetFinding("warning", "BP705", "220 was not found in the picture."),),
)
SALES = SheetEntry(
    number=2,
    name="images/sales.png",
    places=(
        SheetPlace("Selling", "chapters/selling.md", 3),
        SheetPlace("Baking", "chapters/baking.md", 40),
    ),
    thumbnail=DOT,
    kind="chart",
    title="Sales",
    text="Sales of bread rise.",
    file="descriptions/sales-0123456789ab.md",
    state="reviewed",
    origin=Origin.PERSON,
)
LOST = SheetEntry(
    number=3,
    name="images/lost.png",
    places=(SheetPlace("Selling", "chapters/selling.md", 9),),
    findings=(SheetFinding("error", "BP701", "The picture is no picture."),),
)
TAGS_OF_TEXT = frozenset(
    re.findall(
        r"\w+",
        "p ul ol li blockquote pre code em strong del hr br a div table thead tbody tr th td",
    )
)
ALL = (OVEN, SALES, LOST)


class Page(HTMLParser):
    """Collects tags and text of a page, and checks that tags are balanced."""

    EMPTY = frozenset({"meta", "br", "hr", "img", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source = text
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.code: dict[str, list[str]] = {"style": [], "script": []}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        inside = self.open[-1] if self.open else ""
        self.code.get(inside, self.words).append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def policy(self) -> str:
        (found,) = (
            attrs["content"]
            for tag, attrs in self.tags
            if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
        )
        assert found is not None
        return found

    @property
    def entries(self) -> list[dict[str, object]]:
        return list(json.loads(self.code["script"][0])["entries"])

    def values(self, attribute: str) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get(attribute))]


class TestWhatItSays:
    def test_everything_about_a_picture_stands_together(self) -> None:
        page = Page(as_sheet("Bread", [OVEN]))
        assert (
            "1 The oven diagram · PNG · 1,200 × 800 images/oven.png "
            "warning BP705 220 was not found in the picture. "
            "not reviewed by some-model 0.0125 EUR 1,234 tokens descriptions/oven-0123456789ab.md "
            "The author’s words oven Caption How it is heated "
            "Alternative text A bread oven with two doors. "
            "Diagram: The oven. Heat rises. part °C floor ≈ 220 "
            "Baking › The oven chapters/baking.md:12"
        ) in page.text

    def test_the_totals_stand_first(self) -> None:
        page = Page(as_sheet("Bread", ALL))
        assert (
            "Pictures of Bread Pictures 3 By a model 1 By a person 1 By nobody 1 Reviewed 1 of 2 "
            "Errors 1 Warnings 1 Cost 0.0125 EUR Tokens 1,234"
        ) in page.text

    def test_every_filter_says_how_much_it_leaves(self) -> None:
        page = Page(as_sheet("Bread", ALL))
        for words in (
            "Findings all with findings (2) without findings (1) "
            "BP701 unreadable-image (1) BP705 number-not-in-picture (1)",
            "State all no description (1) not reviewed (1) reviewed (1)",
            "Described by all a model (1) a person (1) nobody (1)",
            "Kind all chart (1) diagram (1)",
            "Chapter all Baking (2) Selling (2)",
        ):
            assert words in page.text

    def test_several_places_are_folded(self) -> None:
        page = Page(as_sheet("Bread", [SALES]))
        assert "In 2 places Selling chapters/selling.md:3 Baking chapters/baking.md:40" in page.text

    def test_a_picture_without_words_is_called_by_its_path(self) -> None:
        page = Page(as_sheet("Bread", [LOST]))
        assert "3 images/lost.png This picture cannot be shown." in page.text
        assert "error BP701 The picture is no picture. not described No text." in page.text

    def test_a_book_without_pictures(self) -> None:
        assert "This book has no pictures." in Page(as_sheet("Bread", [])).text

    def test_the_books_language_is_marked(self) -> None:
        page = Page(as_sheet("Brot", [OVEN], "de"))
        assert page.values("lang").count("de") >= 4
        assert page.tags[0] == ("html", {"lang": "en"})

    def test_programs_read_the_same(self) -> None:
        oven, sales, lost = Page(as_sheet("Bread", ALL, "en")).entries
        assert "thumbnail" not in oven
        assert (oven["number"], oven["origin"], oven["state"]) == (1, "model", "open")
        assert oven["places"] == [
            {
                "chapter": "Baking",
                "path": "chapters/baking.md",
                "line": 12,
                "heading": "The oven",
            }
        ]
        assert lost["findings"] == [
            {"severity": "error", "code": "BP701", "message": "The picture is no picture."}
        ]
        assert sales["cost"] is None


class TestSafety:
    def test_nothing_is_loaded_from_anywhere(self) -> None:
        page = Page(as_sheet("Bread", ALL))
        assert all(source.startswith("data:image/png;base64,") for source in page.values("src"))
        assert not {"link", "iframe", "object", "embed", "base"} & {tag for tag, _ in page.tags}
        assert "url(" not in page.source
        assert "@import" not in page.source

    def test_the_policy_allows_this_style_and_this_script_alone(self) -> None:
        page = Page(as_sheet("Bread", ALL))
        allowed = dict(part.strip().split(" ", 1) for part in page.policy.split(";"))
        assert allowed["default-src"] == "'none'"
        assert allowed["img-src"] == "data:"
        for name, (code,) in (
            ("style-src", page.code["style"]),
            ("script-src", page.code["script"][1:]),
        ):
            digest = b64encode(sha256(code.encode()).digest()).decode()
            assert allowed[name] == f"'sha256-{digest}'"
        assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
        assert page.values("style") == []

    def test_text_of_book_and_model_stays_text(self) -> None:
        entry = SheetEntry(
            number=1,
            name=HOSTILE,
            places=(SheetPlace(HOSTILE, HOSTILE, 1, HOSTILE),),
            thumbnail=DOT,
            format=HOSTILE,
            kind=HOSTILE,
            title=HOSTILE,
            alt=HOSTILE,
            author_alts=(HOSTILE,),
            captions=(HOSTILE,),
            text=HOSTILE,
            file=HOSTILE,
            state=HOSTILE,
            origin=Origin.MODEL,
            model=HOSTILE,
            cost=1,
            currency=HOSTILE,
            findings=(SheetFinding(HOSTILE, HOSTILE, HOSTILE),),
        )
        page = Page(as_sheet(HOSTILE, [entry], HOSTILE))
        tags = [tag for tag, _ in page.tags]
        assert (tags.count("script"), tags.count("img")) == (2, 1)
        assert "<script>alert" not in page.source
        assert page.entries[0]["text"] == HOSTILE
        assert page.text.count("alert(1)") >= 15

    def test_a_thumbnail_of_another_type_is_not_shown(self) -> None:
        page = Page(as_sheet("Bread", [SheetEntry(1, "x.svg", thumbnail=b"<svg onload=x>")]))
        assert "img" not in {tag for tag, _ in page.tags}

    @pytest.mark.parametrize(
        ("markdown", "html"),
        [
            ("a **b** `c`", "<p>a <strong>b</strong> <code>c</code></p>"),
            ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
            ("[a](https://example.com/?b&c)", '<p><a href="https://example.com/?b&amp;c" '),
            ("a <b>c</b>", "<p>a &lt;b&gt;c&lt;/b&gt;</p>"),
            ("[a](javascript:x)", "<p>[a](javascript:x)</p>"),
            ("![a](https://example.com/a.png)", "<p>![a](https://example.com/a.png)</p>"),
            ("# a", "<p># a</p>"),
            ("a\\\nb\n\n***", "<p>a<br>b</p><hr>"),
            ("```js\nx < 1\n```", "<pre><code>x &lt; 1</code></pre>"),
            (
                "| a |\n| - |\n| b |",
                "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody>"
                "</table>",
            ),
        ],
    )
    def test_a_description_is_shown_as_what_it_is(self, markdown: str, html: str) -> None:
        assert html in safe_html(markdown, "1").replace("\n", "")

    @pytest.mark.parametrize(
        ("html", "cleaned"),
        [
            ("<p onclick=x>a</p>", "<p>a</p>"),
            ("<script>a</script><svg/onload=x>b", "ab"),
            ('<a href="javascript:x">a</a>', "a"),
            ("<a href>a</a>", "a"),
            ("<ol start=x><li>a", "<ol><li>a</li></ol>"),
            ("<em><strong>a</em>b", "<em><strong>ab</strong></em>"),
            ("</p></div><p>a<img src=x/>", "<p>a</p>"),
        ],
    )
    def test_whatever_a_renderer_lets_through(self, html: str, cleaned: str) -> None:
        assert clean_html(html, "1") == cleaned

    @given(st.text(alphabet="ab <>/=\"'&;![]()*_`|-#\n:1.javscriptonh", max_size=80))
    def test_no_description_leaves_its_place(self, markdown: str) -> None:
        page = Page(safe_html(markdown, "1"))
        for tag, attributes in page.tags:
            assert tag in TAGS_OF_TEXT
            assert set(attributes) <= {
                *({"href", "rel"} if tag == "a" else ()),
                *({"start"} if tag == "ol" else ()),
                *({"class", "role", "tabindex", "aria-label"} if tag == "div" else ()),
            }
        assert all(re.match("https?://", target) for target in page.values("href"))


LOOK = """
const [tools, chromium, page] = process.argv.slice(1);
const playwright = require(`${tools}/node_modules/playwright-core`);
const axe = require("fs").readFileSync(`${tools}/node_modules/axe-core/axe.min.js`, "utf8");
(async () => {
  const browser = await playwright.chromium.launch({
    executablePath: chromium,
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
  const open = async (options) => {
    const context = await browser.newContext(options);
    const tab = await context.newPage();
    const noticed = [];
    tab.on("request", (one) => /^(file|data):/.test(one.url()) || noticed.push(one.url()));
    tab.on("console", (one) => noticed.push(one.text()));
    tab.on("pageerror", (one) => noticed.push(String(one)));
    await tab.goto(`file://${page}`);
    return [tab, noticed];
  };
  const found = { views: [], filters: {} };
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [360, 1600]) {
      const [tab, noticed] = await open({ colorScheme, viewport: { width, height: 900 } });
      await tab.evaluate(() => {
        for (const details of document.querySelectorAll("details")) details.open = true;
      });
      const wide = await tab.evaluate(() => document.documentElement.scrollWidth);
      await tab.evaluate(axe);
      const { violations } = await tab.evaluate(() => axe.run());
      const said = violations.map((one) => `${one.id}: ${one.nodes[0].html}`);
      found.views.push({ width, wide, noticed, violations: said });
    }
  }
  const [tab] = await open({});
  const shown = () => tab.evaluate(() => [
    [...document.querySelectorAll("article:not([hidden])")].map((one) => one.id).join(" "),
    document.querySelector("output").textContent,
  ]);
  for (const [name, value] of [
    ["findings", "any"], ["findings", "none"], ["findings", "BP705"], ["state", "reviewed"],
    ["origin", "none"], ["kind", "chart"], ["chapter", "0"],
  ]) {
    await tab.selectOption(`[data-filter=${name}]`, value);
    found.filters[`${name} ${value}`] = await shown();
    await tab.click("button");
  }
  await tab.focus("[data-filter=words]");
  await tab.keyboard.type("BREAD sales");
  found.filters.words = await shown();
  await tab.evaluate(() => { location.hash = "#p1"; });
  await tab.waitForFunction(() => !document.getElementById("p1").hidden);
  found.filters.link = await shown();
  const [plain] = await open({ javaScriptEnabled: false });
  found.plain = [
    await plain.locator("article:visible").count(),
    await plain.locator(".filter:visible").count(),
  ];
  await browser.close();
  console.log(JSON.stringify(found));
})();
"""


def test_a_browser_shows_it_to_everybody(tmp_path: Path) -> None:
    node, chromium = browser.program("node"), browser.chromium()
    for module in ("playwright-core", "axe-core"):
        browser.tool(browser.TOOLS / "node_modules" / module)
    file = tmp_path / "sheet.html"
    file.write_text(as_sheet("Bread", ALL, "en"), "utf-8")
    result = subprocess.run(
        [node, "-e", LOOK, str(browser.TOOLS), chromium, str(file)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    for view in found["views"]:
        assert view["violations"] == []
        assert view["noticed"] == []
        assert view["wide"] <= view["width"]
    assert found["filters"] == {
        "findings any": ["p1 p3", "2 of 3 pictures"],
        "findings none": ["p2", "1 of 3 pictures"],
        "findings BP705": ["p1", "1 of 3 pictures"],
        "state reviewed": ["p2", "1 of 3 pictures"],
        "origin none": ["p3", "1 of 3 pictures"],
        "kind chart": ["p2", "1 of 3 pictures"],
        "chapter 0": ["p1 p2", "2 of 3 pictures"],
        "words": ["p2", "1 of 3 pictures"],
        "link": ["p1 p2 p3", "3 pictures"],
    }
    assert found["plain"] == [3, 0]
