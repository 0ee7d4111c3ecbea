"""Search: what it finds, what it costs a reader, and when its index is made anew."""

import gzip
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bookpack.editions.web.indexer import Indexer, find_indexer, has_indexer
from bookpack.editions.web.search import PAGES_OF_A_PART, SEARCH_FOLDER, index_pages
from bookpack.errors import WorldError
from browser import in_browser, published
from conftest import SETTINGS

MakeBook = Callable[..., Path]
Run = Callable[..., Any]

needs_indexer = pytest.mark.skipif(
    find_indexer() is None, reason="the program that makes the index is not installed"
)
BOOK = {
    "1-dough.md": "# Dough\n\nFlour and water.\n\n## Kneading\n\nKnead until it is elastic[^1].\n\n"
    "[^1]: Ten minutes.\n",
    "2-oven.md": "# Oven\n\nHot.\n\n```python\nbake(dough)\n```\n",
}


def site_of(book: Path) -> Path:
    return book / "build" / "site"


def index_of(book: Path) -> dict[str, bytes]:
    folder = site_of(book) / SEARCH_FOLDER
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fragments(book: Path) -> Iterator[dict[str, Any]]:
    """Yield what the index holds of each page, as the program that makes it writes it."""
    for name, data in index_of(book).items():
        if name.endswith(".pf_fragment"):
            yield json.loads(gzip.decompress(data).removeprefix(b"pagefind_dcd"))


@needs_indexer
class TestTheIndex:
    def test_it_holds_the_text_of_chapters_and_nothing_around_it(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book(BOOK)
        assert bookpack("build", book).returncode == 0
        found = {page["url"]: page for page in fragments(book)}
        assert set(found) == {"/1-dough/", "/2-oven/"}
        dough = found["/1-dough/"]
        assert dough["meta"]["title"] == "Dough"
        assert " ".join(dough["content"].split()) == (
            "Dough. Flour and water. Kneading. Knead until it is elastic. Ten minutes."
        )
        assert [a["id"] for a in dough["anchors"] if a["element"] == "h2"] == ["kneading"]
        assert "bake(dough)" in found["/2-oven/"]["content"]

    def test_chapters_in_another_language_are_in_it_too(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        german = "---\nlang: de\n---\n# Brot\n\nMehl und Wasser.\n"
        book = make_book({**BOOK, "3-brot.md": german})
        assert bookpack("build", book).returncode == 0
        entry = json.loads(index_of(book)["pagefind-entry.json"])
        counts = {name: one["page_count"] for name, one in entry["languages"].items()}
        assert counts == {"en": 3}

    @pytest.mark.parametrize(
        ("language", "said"), [("ja", True), ("zh-Hans", True), ("th", True), ("fa", False)]
    )
    def test_a_program_that_cannot_tell_words_apart_is_named(
        self, language: str, said: bool, make_book: MakeBook, bookpack: Run
    ) -> None:
        if has_indexer() == "pagefind_bin_extended":
            pytest.skip("the program that is installed can")
        book = make_book(BOOK, SETTINGS + f'language = "{language}"\n')
        result = bookpack("build", book)
        line = "search     of first words alone: pip install pagefind-bin-extended\n"
        assert (line in result.stdout) is said

    def test_the_same_book_gives_the_same_index(self, make_book: MakeBook, bookpack: Run) -> None:
        one, other = make_book(BOOK, name="one"), make_book(BOOK, name="other")
        bookpack("build", one)
        bookpack("build", other)
        assert index_of(one) == index_of(other)

    def test_an_unchanged_book_keeps_it(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book(BOOK)
        bookpack("build", book)
        before = {path: path.stat().st_mtime_ns for path in site_of(book).rglob("*")}
        (book / "build" / "manifest.json").unlink()
        assert bookpack("build", book).returncode == 0
        assert {path: path.stat().st_mtime_ns for path in site_of(book).rglob("*")} == before

    def test_a_changed_chapter_is_found_by_its_new_words(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book(BOOK)
        bookpack("build", book)
        (book / "chapters" / "2-oven.md").write_text("# Oven\n\nScorching.\n", "utf-8")
        bookpack("build", book)
        texts = [page["content"] for page in fragments(book)]
        assert len(texts) == 2
        assert any("Scorching" in text for text in texts)
        assert any("elastic" in text for text in texts)

    def test_what_is_missing_of_it_is_made_again(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book(BOOK)
        bookpack("build", book)
        before = index_of(book)
        next((site_of(book) / SEARCH_FOLDER).rglob("*.pf_fragment")).unlink()
        bookpack("build", book)
        assert index_of(book) == before

    def test_a_long_book_has_parts_and_a_change_costs_one_of_them(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        chapters = {f"{n:03}.md": f"# {n}\n\nText {n}.\n" for n in range(PAGES_OF_A_PART + 2)}
        book = make_book(chapters)
        bookpack("build", book)
        folder = site_of(book) / SEARCH_FOLDER
        assert (folder / "parts.json").read_text() == "2"
        counts = [
            json.loads((place / "pagefind-entry.json").read_text())["languages"]["en"]["page_count"]
            for place in (folder, folder / "2")
        ]
        assert counts == [PAGES_OF_A_PART, 2]
        assert not list((folder / "2").glob("*.js"))
        last = book / "chapters" / f"{PAGES_OF_A_PART + 1:03}.md"
        last.write_text(f"# {PAGES_OF_A_PART + 1}\n\nChanged.\n", "utf-8")
        result = bookpack("build", book)
        written = [line for line in result.stdout.splitlines() if line.startswith("written")][-1]
        assert int(re.findall(r"\((\d+) files", written)[0]) < 20
        assert any("Changed" in page["content"] for page in fragments(book))
        assert len(list(fragments(book))) == len(chapters)

    def test_a_reader_finds_what_stands_in_several_parts(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        chapters = {f"{n:03}.md": f"# {n}\n\nText.\n" for n in range(2 * PAGES_OF_A_PART + 1)}
        one_of_each = [f"{part * PAGES_OF_A_PART:03}" for part in range(3)]
        for name in one_of_each:
            chapters[f"{name}.md"] = f"# In {name}\n\nSourdough.\n"
        book = make_book(chapters)
        assert bookpack("build", book, "--only", "site").returncode == 0
        with published(site_of(book)) as host:
            found = in_browser(
                """
                const page = await browser.newPage();
                await page.goto(`${args[0]}/000/`, { waitUntil: "networkidle" });
                await page.keyboard.press("/");
                await page.waitForSelector("dialog[open] input:focus");
                await page.keyboard.type("sourdough");
                await page.waitForSelector(".search-results a");
                return page.$$eval(".search-chapter", (all) => all.map((one) => one.textContent));
                """,
                host,
            )
        assert sorted(found) == [f"In {name}" for name in one_of_each]

    def test_the_number_of_sections_is_that_of_all_once_all_are_shown(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book({f"{n:02}.md": f"# {n}\n\nSourdough.\n" for n in range(10)})
        assert bookpack("build", book, "--only", "site").returncode == 0
        with published(site_of(book)) as host:
            seen = in_browser(
                """
                const page = await browser.newPage();
                const state = () => page.textContent(".search-state");
                await page.goto(`${args[0]}/00/`, { waitUntil: "networkidle" });
                await page.keyboard.press("/");
                await page.waitForSelector("dialog[open] input:focus");
                await page.keyboard.type("sourdough");
                await page.waitForSelector(".search-more");
                const first = await state();
                await page.click(".search-more button");
                await page.waitForFunction(() => !document.querySelector(".search-more"));
                return [first, await state()];
                """,
                host,
            )
        assert seen == ["The first 8 sections", "Sections found: 10"]

    def test_a_book_without_chapters_has_none(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book({})
        bookpack("build", book)
        assert index_of(book) == {}


@needs_indexer
class TestPages:
    def test_a_page_loads_nothing_of_it(self, make_book: MakeBook, bookpack: Run) -> None:
        book = make_book(BOOK)
        bookpack("build", book)
        page = (site_of(book) / "1-dough" / "index.html").read_text("utf-8")
        loaded = re.findall(r'<(?:script|link|img)[^>]* (?:src|href)="([^"]+)"', page)
        assert not [reference for reference in loaded if "search" in reference]
        assert "pagefind/" not in page

    def test_its_policy_lets_the_index_be_looked_into_and_no_more(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book(BOOK)
        bookpack("build", book)
        page = (site_of(book) / "1-dough" / "index.html").read_text("utf-8")
        policy = page.partition('Content-Security-Policy" content="')[2].partition('"')[0]
        assert "&#39;wasm-unsafe-eval&#39;" in policy
        assert "unsafe-inline" not in policy
        assert "&#39;unsafe-eval&#39;" not in policy

    def test_words_of_the_search_can_be_replaced(self, make_book: MakeBook, bookpack: Run) -> None:
        settings = (
            '[book]\ntitle = "Brot"\nurl = "https://example.com"\nlanguage = "de"\n'
            '[site.words]\nsearch = "Suchen"\nsearch-none = "Nichts gefunden"\n'
        )
        book = make_book(BOOK, settings)
        bookpack("build", book)
        page = (site_of(book) / "1-dough" / "index.html").read_text("utf-8")
        assert 'aria-label="Suchen"' in page
        assert 'data-search-none="Nichts gefunden"' in page
        assert (site_of(book) / SEARCH_FOLDER / "pagefind-entry.json").read_text("utf-8").count(
            '"de"'
        ) == 2


class TestWithoutTheProgram:
    @pytest.fixture
    def without(self, tmp_path: Path) -> dict[str, str]:
        """An environment in which Python finds packages by these names that hold no program."""
        for name in ("pagefind_bin", "pagefind_bin_extended"):
            folder = tmp_path / "hidden" / name
            folder.mkdir(parents=True)
            (folder / "__init__.py").write_text("raise ImportError('not for this machine')\n")
        return {"PYTHONPATH": str(tmp_path / "hidden")}

    def test_the_site_has_no_search(
        self, make_book: MakeBook, bookpack: Run, without: dict[str, str]
    ) -> None:
        book = make_book(BOOK)
        result = bookpack("build", book, env=without)
        assert (result.returncode, result.stderr) == (0, "")
        assert "search     none, for want of a program: pip install pagefind-bin" in result.stdout
        page = (site_of(book) / "1-dough" / "index.html").read_text("utf-8")
        assert "data-search" not in page
        assert "wasm" not in page
        assert index_of(book) == {}

    def test_a_program_that_fails_is_a_clear_sentence(self) -> None:
        with pytest.raises(WorldError, match="The index for search cannot be made"):
            index_pages(
                Indexer(Path(sys.executable), "pip"), "en", ["index.html"], lambda path: b"<p>"
            )

    @pytest.mark.parametrize(
        ("script", "said"),
        [
            (
                "echo \"thread 'main' panicked at src/a.rs:1:2:\" >&2\n"
                "echo 'no such page' >&2\necho 'note: run with RUST_BACKTRACE=1' >&2\nexit 101",
                "Pagefind: no such page.",
            ),
            ("echo 'bad option.' >&2\nexit 2", "Pagefind: bad option."),
            ("exit 3", "Pagefind: it ended with status 3."),
        ],
    )
    def test_what_it_says_of_its_failure_is_told(
        self, script: str, said: str, tmp_path: Path
    ) -> None:
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        with pytest.raises(WorldError) as caught:
            index_pages(Indexer(program, "pip"), "en", ["index.html"], lambda path: b"<p>")
        assert str(caught.value).endswith(said)

    @needs_indexer
    def test_one_that_fails_once_is_asked_again(self, tmp_path: Path) -> None:
        real = find_indexer()
        assert real is not None
        program, mark = tmp_path / "program", tmp_path / "failed"
        program.write_text(
            f'#!/bin/sh\n[ -e {mark} ] && exec {real.program} "$@"\ntouch {mark}\nexit 101\n'
        )
        program.chmod(0o755)
        page = b"<html lang=en><body data-pagefind-body><h1>Bread</h1><p>Dough rises.</p></body>"
        index = index_pages(Indexer(program, "pip"), "en", ["index.html"], lambda path: page)
        assert any(path.endswith("pagefind-entry.json") for path in index)
