"""The report on links as a page: whole, offline, safe, and drawn the same way every time."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from bookpack.desks.links.picture import MOST_NODES, ROW
from browser import in_browser
from conftest import SETTINGS

MakeBook = Callable[..., Path]
Run = Callable[..., Any]

BOOK = {
    "steps/1-explore.md": "# Explore\n\n[p](2-policy.md) [c](../cases/calm.md)\n",
    "steps/2-policy.md": "# Set Policy\n\n[c](../cases/calm.md) [again](../cases/calm.md)\n",
    "cases/calm.md": "# Calm\n\n[here](../steps/1-explore.md) and some Uber things.\n"
    "[a](https://old.example/uber-things/)\n",
    "cases/uber-things.md": "# Uber Things\n",
}
EVERYTHING = (
    SETTINGS
    + '[links]\nmirrors = {"https://old.example" = "*"}\n'
    + '[[links.group]]\nname = "Cases"\nchapters = "cases/*"\nat-least = 1\n'
)
HOSTILE = "<script>alert(1)</script>\"'&"
LOOK = """
const found = [];
for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 1200]) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
    const page = await context.newPage();
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(`file://${args[0]}`);
    await page.evaluate(() => {
      for (const details of document.querySelectorAll("details")) details.open = true;
    });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    await page.evaluate(axe);
    const result = await page.evaluate(() => axe.run());
    found.push({
      colorScheme,
      width,
      wide,
      asked: asked.filter((url) => !url.startsWith("file:")),
      violations: result.violations.map((one) => `${one.id}: ${one.nodes[0].html}`),
    });
  }
}
return found;
"""


class Page(HTMLParser):
    """Collects the tags, ids, links and text of a page, and checks that tags are balanced."""

    EMPTY = frozenset({"meta", "br", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source = text
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def values(self, attribute: str) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get(attribute))]


def page_of(book: Path, bookpack: Run) -> Page:
    result = bookpack("links", book, "--format", "html")
    assert (result.returncode, result.stderr) == (0, "")
    return Page(result.stdout)


class TestThePage:
    def test_every_section_is_there_and_reachable(self, make_book: MakeBook, bookpack: Run) -> None:
        page = page_of(make_book(BOOK, EVERYTHING), bookpack)
        ids = page.values("id")
        assert len(ids) == len(set(ids))
        inside = {link[1:] for link in page.values("href") if link.startswith("#")}
        assert inside <= set(ids)
        for words in (
            "4 chapters, 5 references between them",
            "Orphans: no chapter links to them (1) Uber Things",
            "Out of balance (1) Uber Things : 0 references, Cases wants at least 1",
            "some Uber things . chapters/cases/calm.md:3:40",
            "https://old.example/uber-things/ → Uber Things same slug",
            "“here” 1 says nothing",
        ):
            assert words in page.text

    def test_nothing_is_loaded_from_anywhere(self, make_book: MakeBook, bookpack: Run) -> None:
        page = page_of(make_book(BOOK, EVERYTHING), bookpack)
        assert not {"link", "img", "iframe", "object", "embed"} & {tag for tag, _ in page.tags}
        assert page.values("src") == []
        assert "url(" not in page.source
        assert "@import" not in page.source

    def test_text_of_the_book_stays_text(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book(
            {
                "a.md": f"---\ntitle: |\n  {HOSTILE} one two\nurl: 'javascript:alert(2)'\n---\n"
                f"[`{HOSTILE}`](b.md)\n",
                "b.md": f"# B\n\nOn alert 1 script one two. `{HOSTILE}`\n",
            },
            "[book]\ntitle = '<script>alert(3)</script>'\nurl = \"https://example.com\"\n",
        )
        page = page_of(book, bookpack)
        assert [tag for tag, _ in page.tags].count("script") == 1
        assert "<script>alert" not in page.source
        assert "<script>alert(1)</script>\"'& one two" in page.text
        assert not any(link.lower().startswith("javascript:") for link in page.values("href"))

    def test_control_characters_are_shown_as_such(self, make_book: MakeBook, bookpack: Run) -> None:
        page = page_of(make_book({"a.md": "# A\n\n[x\x08y](b.md)\n", "b.md": "# B\n"}), bookpack)
        assert "“x\ufffdy”" in page.text
        assert "\x08" not in page.source


class TestThePicture:
    def test_a_row_for_each_chapter_and_an_arc_for_each_pair(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        page = page_of(make_book(BOOK), bookpack)
        circles = [attrs for tag, attrs in page.tags if tag == "circle"]
        assert [one["cy"] for one in circles] == [str(ROW // 2 + ROW * n) for n in range(4)]
        arcs = [
            (attrs["data-s"], attrs["data-t"])
            for tag, attrs in page.tags
            if tag == "path" and "data-s" in attrs
        ]
        # Reading order: calm, uber-things, explore, policy.
        assert sorted(arcs) == [("0", "2"), ("2", "0"), ("2", "3"), ("3", "0")]
        assert "Set Policy → Calm: 2" in page.text

    def test_more_references_make_larger_dots_and_none_a_ring(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        page = page_of(make_book(BOOK), bookpack)
        circles = [attrs for tag, attrs in page.tags if tag == "circle"]
        sizes = [float(one["r"] or 0) for one in circles]
        assert sizes[0] == max(sizes)
        assert sizes[1] == min(sizes)
        assert ["none" in (one["class"] or "") for one in circles] == [False, True, False, False]

    def test_a_large_book_is_drawn_by_its_groups(self, make_book: MakeBook, bookpack: Run) -> None:
        chapters = {
            f"{part}/c{n:03}.md": f"# {part} {n}\n\n[x](../two/c000.md)\n"
            for part in ("one", "two")
            for n in range(MOST_NODES // 2 + 1)
        }
        page = page_of(make_book(chapters), bookpack)
        assert [tag for tag, _ in page.tags].count("circle") == 2
        half = MOST_NODES // 2
        assert f"One → Two: {half + 1}" in page.text
        assert f"Two {half} within it" in page.text

    def test_a_large_book_without_groups_is_drawn_by_runs_of_chapters(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        chapters = {f"c{n:03}.md": f"# C {n}\n\n[x](c000.md)\n" for n in range(MOST_NODES + 10)}
        page = page_of(make_book(chapters), bookpack)
        assert [tag for tag, _ in page.tags].count("circle") == 40
        assert "Chapters 1 to 4 3 within it" in page.text

    def test_a_book_without_references_has_no_picture(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        page = page_of(make_book({"a.md": "# A\n"}), bookpack)
        assert "svg" not in {tag for tag, _ in page.tags}


def test_the_page_passes_axe_and_fits_a_phone(
    make_book: MakeBook, bookpack: Run, tmp_path: Path
) -> None:
    file = tmp_path / "links.html"
    book = make_book(BOOK, EVERYTHING)
    assert bookpack("links", book, "--format", "html", "--out", file).returncode == 0
    looks = in_browser(LOOK, str(file))
    assert len(looks) == 4
    for seen in looks:
        assert seen["violations"] == []
        assert seen["asked"] == []
        assert seen["wide"] <= seen["width"]


def test_the_style_has_no_word_of_the_template_left(make_book: MakeBook, bookpack: Run) -> None:
    page = page_of(make_book(BOOK), bookpack)
    assert not re.search(r"\$\w", page.source)
