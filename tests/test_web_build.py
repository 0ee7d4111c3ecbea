"""The site as a whole: which files there are, and what a second build writes."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bookpack import pipeline
from bookpack.config import load_settings
from bookpack.editions.making import LastBuild
from bookpack.editions.web.body import Body, render_body
from bookpack.errors import SettingsError
from bookpack.links.book import ResolvedChapter
from conftest import BASE, PICTURE, SETTINGS, write_files

MakeBook = Callable[..., Path]
THREE = {f"{n}.md": f"# Chapter {n}\n\nText [on]({n % 3 + 1}.md).\n" for n in (1, 2, 3)}

PRINTED = {
    "1.md": "# One\n\n## Same\n\nÄ note[^1].\n\n[^1]: On [two](2.md).\n",
    "2.md": "# Two\n\n## Same\n\n[One](1.md#same).\n",
    "3.md": "# Three\n\n<script>one()</script>\n",
}
"""A book whose chapters share anchors, lead to each other, and bring a script along."""


def build(book: Path, only: str | None = None) -> pipeline.BuildReport:
    return pipeline.build(load_settings(book), book / "build", only=only)


def pages(folder: Path) -> dict[str, bytes]:
    """Return every HTML file of a site by its path."""
    found = sorted(folder.rglob("*.html"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.fixture
def book(make_book: MakeBook) -> Path:
    return make_book(THREE)


class TestTheFolder:
    def test_has_a_page_at_every_address(self, make_book: MakeBook) -> None:
        chapters = {
            "a.md": "---\nurl: /flour/\naliases: [/old/flour.html]\n---\n# A\n",
            "b.md": "---\nurl: /part/dough.html\n---\n# B\n",
            "c.md": "# C\n",
        }
        book = make_book(chapters)
        build(book, "site")
        found = set(pages(book / "build" / "site"))
        assert found == {
            "404.html",
            "c/index.html",
            "contents.html",
            "flour/index.html",
            "index.html",
            "old/flour.html",
            "part/dough.html",
            "print.html",
        }

    def test_leads_from_an_old_address_to_the_new_one(self, make_book: MakeBook) -> None:
        book = make_book({"a.md": "---\naliases: /old/flour.html\n---\n# A\n"})
        build(book, "site")
        page = (book / "build" / "site" / "old" / "flour.html").read_text("utf-8")
        assert '<meta http-equiv="refresh" content="0; url=../a/">' in page
        assert f'<link rel="canonical" href="{BASE}/a/">' in page

    def test_has_no_cover_where_a_chapter_is_at_the_books_address(
        self, make_book: MakeBook
    ) -> None:
        settings = SETTINGS + "authors = ['A. Baker']\n"
        book = make_book({"a.md": "---\nurl: /\n---\n# Welcome\n", "b.md": "# B\n"}, settings)
        build(book, "site")
        page = (book / "build" / "site" / "index.html").read_text("utf-8")
        assert '<h1 id="welcome">Welcome</h1>' in page
        assert "by A. Baker" in page

    def test_has_no_page_for_an_address_outside_and_says_so(self, make_book: MakeBook) -> None:
        book = make_book(
            {"a.md": "---\nurl: https://elsewhere.org/a/\n---\n# A\n", "b.md": "# B\n"}
        )
        report = build(book, "site")
        assert "page-outside-site" in [finding.rule.name for finding in report.diagnostics]
        assert "a/index.html" not in pages(book / "build" / "site")

    def test_below_a_path_has_the_same_relative_links(self, make_book: MakeBook) -> None:
        at_root, below = (
            make_book(THREE, SETTINGS.replace(BASE, base), name)
            for base, name in ((BASE, "root"), (f"{BASE}/deep/down", "below"))
        )
        for book in (at_root, below):
            build(book, "site")
        there = pages(at_root / "build" / "site")
        for path, page in pages(below / "build" / "site").items():
            links = [
                re.findall(rb'(?:href|src)="(?!http)(.*?)"', one) for one in (page, there[path])
            ]
            assert links[0]
            assert path == "404.html" or links[0] == links[1]

    def test_shows_the_page_of_a_wrong_address_from_anywhere(self, make_book: MakeBook) -> None:
        book = make_book(THREE, SETTINGS.replace(BASE, f"{BASE}/deep"))
        build(book, "site")
        page = (book / "build" / "site" / "404.html").read_text("utf-8")
        assert 'href="/deep/contents.html"' in page
        assert 'href="/deep/_bookpack/site-' in page

    def test_is_written_from_right_to_left(self, make_book: MakeBook) -> None:
        book = make_book(THREE, SETTINGS + 'language = "fa"\n')
        build(book, "site")
        for page in pages(book / "build" / "site").values():
            assert b'<html lang="fa" dir="rtl">' in page

    def test_says_the_language_of_a_chapter(self, make_book: MakeBook) -> None:
        chapters = {
            "a.md": "---\nlang: fa_IR\n---\n# نان\n",
            "b.md": "---\nlang: 'no tag'\n---\n# B\n",
        }
        book = make_book(chapters)
        build(book, "site")
        site = pages(book / "build" / "site")
        assert b'<html lang="fa-IR" dir="rtl">' in site["a/index.html"]
        assert b'<html lang="en" dir="ltr">' in site["b/index.html"]
        write_files(book, {"chapters/a.md": "---\nlang: de\n---\n# نان\n"})
        build(book, "site")
        assert b'<html lang="de" dir="ltr">' in pages(book / "build" / "site")["a/index.html"]

    def test_gives_the_whole_book_on_one_page(self, make_book: MakeBook) -> None:
        chapters = {
            "a.md": "# A\n\n## Same\n\nNote[^1] and [b](b.md#same), [b](b.md).\n\n[^1]: One.\n",
            "b.md": "# B\n\n## Same\n\nNote[^1].\n\n[^1]: Two.\n",
        }
        book = make_book(chapters)
        build(book, "site")
        page = (book / "build" / "site" / "print.html").read_text("utf-8")
        for name in ("chapter-1", "chapter-1-same", "chapter-2-same", "chapter-2-fn:1"):
            assert page.count(f'id="{name}"') == 1
        assert '<a href="#chapter-2-same">b</a>, <a href="#chapter-2">b</a>' in page
        build(make_book(chapters, SETTINGS + "[site]\nprint = false\n"), "site")
        assert not (book / "build" / "site" / "print.html").exists()

    def test_lists_a_long_book_beside_no_page_as_a_whole(self, make_book: MakeBook) -> None:
        book = make_book({f"{n}.md": f"# Chapter {n}\n" for n in range(1, 121)})
        build(book, "site")
        site = pages(book / "build" / "site")
        assert site["contents.html"].count(b"<li>") == 120
        assert max(page.count(b"<li>") for path, page in site.items() if path[0].isdigit()) <= 27
        assert b"Chapter 59</bdi></a>" in site["60/index.html"]

    def test_leads_from_a_long_book_s_cover_and_pages_to_its_parts(
        self, make_book: MakeBook
    ) -> None:
        def part(name: str) -> str:
            return (
                f'[[part]]\ntitle = "{name}"\nchapters = {[f"{name}/{n}.md" for n in range(70)]}\n'
            )

        chapters = {f"{p}/{n}.md": f"# {p}{n}\n" for p in ("a", "b", "c") for n in range(70)}
        book = make_book(chapters, SETTINGS + "".join(map(part, "abc")))
        build(book, "site")
        site = {path: text.decode() for path, text in pages(book / "build" / "site").items()}
        cover = site["index.html"]
        assert cover.count("<li>") == 3
        assert '<li><a href="contents.html#part-3">c</a></li>' in cover
        assert '<a class="action" href="contents.html">Contents</a>' in cover
        assert 'id="part-3"' in site["contents.html"]
        menu = site["b/30/index.html"].partition("<nav")[2].partition("</nav>")[0]
        assert menu.count("<li>") == 25
        assert re.findall('<p class="part">(.*?)</p>', menu) == [
            '<a href="../../contents.html#part-1">a</a>',
            "b",
            '<a href="../../contents.html#part-3">c</a>',
        ]


class TestTheNextBuild:
    def test_of_an_unchanged_book_writes_nothing(self, book: Path) -> None:
        assert len(build(book).changed) > 5
        assert build(book).changed == ()

    def test_writes_the_changed_chapter_and_what_lists_it(self, book: Path) -> None:
        build(book)
        write_files(book, {"chapters/2.md": THREE["2.md"] + "\nMore text.\n"})
        changed = {path for path in build(book).changed if path.endswith(".html")}
        lists = {"site/contents.html", "site/index.html", "site/print.html"}
        assert changed == {"site/2/index.html", *lists}

    def test_gives_what_a_first_build_gives(self, book: Path, make_book: MakeBook) -> None:
        build(book)
        changed = {**THREE, "2.md": "# Another title\n\n## New\n", "4.md": "# Four\n"}
        del changed["1.md"]
        for path in (book / "chapters").iterdir():
            path.unlink()
        write_files(book, {f"chapters/{path}": text for path, text in changed.items()})
        build(book)
        other = make_book(changed, name="other")
        build(other)
        assert pages(book / "build") == pages(other / "build")

    @pytest.mark.parametrize(
        ("path", "old", "new"),
        [
            (
                "chapters/1-a.md",
                "# One",
                "---\ndate: 2026-01-02\n---\n# One",
            ),  # now there is a feed
            ("bookpack.toml", "[book]", "[pack]\npublish = false\n[book]"),
            ("bookpack.toml", "[book]", '[site]\ncolor = "#112233"\n[book]'),
        ],
    )
    def test_writes_pages_again_whose_heads_say_something_else(
        self, path: str, old: str, new: str, make_book: MakeBook
    ) -> None:
        book = make_book({"1-a.md": "# One\n\nText.\n", "2-b.md": "# Two\n\nText.\n"})
        build(book)
        text = (book / path).read_text("utf-8")
        assert old in text
        (book / path).write_text(text.replace(old, new, 1), "utf-8")
        build(book)
        left = pages(book / "build")
        shutil.rmtree(book / "build")
        build(book)
        assert pages(book / "build") == left

    def test_writes_a_page_again_whose_neighbour_is_called_otherwise(self, book: Path) -> None:
        build(book)
        write_files(book, {"chapters/3.md": "# The end\n\nText.\n"})
        build(book)
        assert b"The end" in (book / "build" / "site" / "2" / "index.html").read_bytes()

    def test_notices_a_picture_a_template_and_a_colour(self, make_book: MakeBook) -> None:
        book = make_book({"a.md": "# A\n\n![x](x.svg)\n", "x.svg": '<svg width="4" height="2"/>'})
        build(book)
        page = book / "build" / "site" / "a" / "index.html"
        assert b'width="4" height="2"' in page.read_bytes()
        write_files(book, {"chapters/x.svg": '<svg width="6" height="2"/>'})
        build(book)
        assert b'width="6" height="2"' in page.read_bytes()
        footer = '{% extends "bookpack/base.html" %}{% block footer %}Baked.{% endblock %}'
        write_files(book, {"theme/base.html": footer, "theme/variables.css": ":root{--ink:#123}"})
        build(book)
        assert b"Baked." in page.read_bytes()
        styles = [*(book / "build" / "site" / "_bookpack").glob("site-*.css")]
        assert len(styles) == 1
        assert styles[0].read_text("utf-8").endswith("\n:root{--ink:#123}")
        assert build(book).changed == ()

    def test_renders_no_chapter_again_for_the_page_of_the_whole_book(
        self, make_book: MakeBook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        book = make_book(PRINTED)
        build(book)
        rendered: list[str] = []

        def render(resolved: ResolvedChapter, *rest: Any, **options: Any) -> Body:
            rendered.append(resolved.chapter.path)
            return render_body(resolved, *rest, **options)

        monkeypatch.setattr("bookpack.editions.web.write.render_body", render)
        write_files(book, {"chapters/2.md": "# Two\n\nWords.\n\n## Same\n\n“Ü”.\n"})
        build(book)
        assert rendered == ["2.md"]

    @pytest.mark.parametrize(
        "template",
        [
            "",
            "{% extends 'bookpack/print.html' %}{% block footer %}{{ chapters }}{% endblock %}",
            "{% extends 'bookpack/print.html' %}{% block main %}No text.{% endblock %}",
        ],
    )
    def test_gives_the_same_page_of_the_whole_book(
        self, template: str, make_book: MakeBook
    ) -> None:
        book = make_book(PRINTED)
        after = {**PRINTED, "2.md": "# Other\n\n<script>two()</script>\n", "4.md": "# New\n"}
        if template:
            write_files(book, {"theme/print.html": template})
        build(book)
        write_files(book, {f"chapters/{path}": text for path, text in after.items()})
        build(book)
        other = make_book(after, name="other")
        if template:
            write_files(other, {"theme/print.html": template})
        build(other)
        pages_of = [(one / "build" / "site" / "print.html").read_bytes() for one in (book, other)]
        assert pages_of[0] == pages_of[1]
        assert (b"No text." in pages_of[0]) != (b"<script>one()</script>" in pages_of[0])

    def test_takes_nothing_from_a_file_that_has_changed_since(self, book: Path) -> None:
        build(book)
        last = LastBuild.of(book / "build")
        page = book / "build" / "site" / "print.html"
        assert last.read("site/print.html") == page.read_bytes()
        page.write_bytes(b"Another build was here.")
        assert last.read("site/print.html") is None
        page.unlink()
        assert last.read("site/print.html") is None

    def test_notices_that_a_part_far_away_was_split(self, make_book: MakeBook) -> None:
        def settings(*parts: range) -> str:
            return SETTINGS + "".join(
                f'[[part]]\ntitle = "From {part[0]}"\nchapters = {[f"{n}.md" for n in part]}\n'
                for part in parts
            )

        book = make_book(
            {f"{n}.md": f"# Chapter {n}\n" for n in range(1, 43)},
            settings(range(1, 11), range(11, 43)),
        )
        build(book, "site")
        page = book / "build" / "site" / "42" / "index.html"
        assert b'contents.html#part-2"' in page.read_bytes()
        split = settings(range(1, 6), range(6, 11), range(11, 43))
        (book / "bookpack.toml").write_text(split, "utf-8")
        build(book, "site")
        assert b'contents.html#part-3"' in page.read_bytes()

    def test_wants_the_file_that_draws_diagrams(self, make_book: MakeBook) -> None:
        settings = SETTINGS + '[site]\nmermaid = "mermaid.min.js"\n'
        book = make_book({"a.md": "# A\n\n```mermaid\na --> b\n```\n"}, settings)
        with pytest.raises(SettingsError) as failure:
            build(book)
        assert str(failure.value) == (
            "There is no file mermaid.min.js, which [site] mermaid names."
        )
        write_files(book, {"mermaid.min.js": "// draws"})
        build(book)
        assert b"mermaid.min.js" in (book / "build" / "site" / "a" / "index.html").read_bytes()

    def test_repairs_a_page(self, book: Path) -> None:
        build(book)
        page = book / "build" / "site" / "1" / "index.html"
        before = page.read_bytes()
        page.write_bytes(before[:100])
        assert build(book).changed == ("site/1/index.html",)
        assert page.read_bytes() == before

    @pytest.mark.parametrize(("first", "second"), [("pack", "site"), ("site", "pack")])
    def test_of_one_edition_leaves_the_other_one(self, first: str, second: str, book: Path) -> None:
        build(book, first)
        there = set(build(book, first).outputs)
        both = set(build(book, second).outputs)
        assert there < both
        assert both == set(build(book).outputs)
        assert (book / "build" / "book-packed.md").is_file()
        assert (book / "build" / "site" / "1" / "index.html").is_file()


class TestThemes:
    def test_replace_a_block_of_a_template(self, book: Path) -> None:
        text = '{% extends "bookpack/chapter.html" %}{% block after_text %}Buy it.{% endblock %}'
        write_files(book, {"theme/chapter.html": text})
        build(book, "site")
        site = pages(book / "build" / "site")
        assert b"Buy it." in site["1/index.html"]
        assert b"Buy it." not in site["contents.html"]

    def test_bring_files_along(self, book: Path) -> None:
        write_files(book, {"theme/logo.svg": "<svg/>"})
        build(book, "site")
        assert (book / "build" / "site" / "_bookpack" / "logo.svg").read_bytes() == b"<svg/>"

    @pytest.mark.parametrize(
        "template", ["{% block x %}", "{{ nobody }}", "{{ ''.__class__.__mro__ }}"]
    )
    def test_that_fail_are_named(self, template: str, book: Path) -> None:
        write_files(book, {"theme/contents.html": template})
        with pytest.raises(SettingsError, match=r"theme/contents\.html"):
            build(book, "site")

    def test_bring_folders_along(self, book: Path) -> None:
        write_files(book, {"theme/fonts/serif/x.woff2": b"wOF2", "theme/fonts/.hidden": "no"})
        build(book, "site")
        fonts = book / "build" / "site" / "_bookpack" / "fonts"
        assert [path.name for path in fonts.rglob("*") if path.is_file()] == ["x.woff2"]
        write_files(book, {"theme/fonts/serif/x.woff2": b"other"})
        build(book, "site")
        assert (fonts / "serif" / "x.woff2").read_bytes() == b"other"

    def test_may_not_fill_folders_of_the_site(self, book: Path) -> None:
        write_files(book, {"theme/pagefind": "x"})
        with pytest.raises(SettingsError, match=r"^theme/pagefind has the name of a folder"):
            build(book, "site")

    @pytest.mark.parametrize("folder", [".", "./"])
    def test_are_not_the_book(self, folder: str, make_book: MakeBook) -> None:
        book = make_book(THREE, SETTINGS + f'[site]\ntheme = "{folder}"\n')
        with pytest.raises(SettingsError, match="theme must be a folder of its own"):
            build(book)

    @pytest.mark.parametrize(
        ("template", "why"),
        [
            ("\n\n{{ 1/0 }}", "404.html, line 3: division by zero"),
            ("\n{{ site.title + 1 }}", '404.html, line 2: can only concatenate str (not "int") to'),
            ("{{ '%d'|format('x') }}", "404.html, line 1: %d format: a real number is required"),
            (
                "{% for n in range(10**8) %}{% endfor %}",
                "404.html, line 1: it makes something that is too",
            ),
            ("\n{% include '404.html' %}", "404.html, line 2: it includes itself"),
            ("\n{% extends 'nix.html' %}", "404.html, line 2: there is no template nix.html."),
            ("\n{% include 'part.html' %}", "part.html, line 2: division by zero."),
            ("\n{% block x %}", "404.html, line 2: Unexpected end of template"),
            (
                "{{ '{:{}}'.format(1, 9) }}",
                "404.html, line 1: a format's width must be written out.",
            ),
            ("\n{% macro x() %}{{ x() }}{% endmacro %}{{ x() }}", "404.html, line 2: it includes"),
        ],
    )
    def test_that_fail_are_named_with_line_and_reason(
        self, template: str, why: str, book: Path
    ) -> None:
        write_files(book, {"theme/404.html": template})
        if "part.html" in template:
            write_files(book, {"theme/part.html": "\n{{ 1/0 }}"})
        with pytest.raises(SettingsError) as failure:
            build(book, "site")
        assert f"A template of the theme fails: theme/{why}" in str(failure.value)

    @pytest.mark.parametrize(
        "template",
        [
            "{{ 9 ** (9**9) }}",
            "{{ 'x' * 10**14 }}",
            "{{ 10**14 * [site] }}",
            "{{ '%99999999999d' % 1 }}",
            "{{ '%.99999999999f' % 1 }}",
            "{{ '%*d' % (10**9, 1) }}",
            "{{ '%99999999999d'|format(1) }}",
            "{{ '%*d'|format(10**9, 1) }}",
            "{{ '{:>9999999999}'.format(1) }}",
            "{{ 'x'.center(10**10) }}",
            "{{ 'x'|center(10**10) }}",
            "{{ 'x'|indent(width=10**10) }}",
            "{{ 2|round(10**10, 'ceil') }}",
            "{{ lipsum(n=10**9) }}",
            "{% set n = namespace(x='abc') %}"
            "{% for _ in range(40) %}{% set n.x = n.x + n.x %}{% endfor %}",
            "{% set n = namespace(x='abc') %}"
            "{% for _ in range(40) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
            "{% set n = namespace(x=3) %}"
            "{% for _ in range(99) %}{% set n.x = n.x * n.x %}{% endfor %}",
        ],
    )
    def test_make_nothing_that_fills_the_machine(self, template: str, book: Path) -> None:
        write_files(book, {"theme/404.html": template})
        with pytest.raises(SettingsError) as failure:
            build(book, "site")
        assert str(failure.value) == (
            "A template of the theme fails: theme/404.html, line 1: "
            "it makes something that is too large."
        )

    @pytest.mark.parametrize(
        "template",
        [
            "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
            "{% macro m(n) %}{{ m(n - 1) ~ m(n - 1) if n }}{% endmacro %}{{ m(60) }}",
            "{% for a in [[1]*9]*9 recursive %}{{ loop([a]*9) if loop.depth0 < 20 }}{% endfor %}",
        ],
    )
    def test_come_to_an_end(
        self, template: str, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bookpack.editions.web.bounds.MOST_STEPS", 20_000)
        write_files(book, {"theme/404.html": template})
        with pytest.raises(SettingsError, match="line 1: it takes more than 20,000 steps"):
            build(book, "site")

    def test_may_compute_what_pages_need(self, book: Path) -> None:
        template = (
            "{{ '%05.1f|%-4s|%s' % (2.5, 'a', 'b') }} {{ '{:>6}|{}'.format('a', 123456) }} "
            "{{ 2**10 * 3 }} {{ '-' * 20 }} {{ [1] * 2 + [3] }} {{ 'a' ~ 1 ~ '<' }} "
            "{% for a in 'xy' %}{{ loop.index }}/{{ loop.length }}{{ a }}{% else %}none{% endfor %}"
            "{% for a in [1, 2, 3] | select('odd') if a > 1 %}{{ a }}{{ loop.last }}{% endfor %}"
        )
        write_files(book, {"theme/404.html": template})
        build(book, "site")
        assert (book / "build/site/404.html").read_text("utf-8") == (
            "002.5|a   |b      a|123456 3072 -------------------- [1, 1, 3] a1&lt; 1/2x2/2y3True"
        )

    @pytest.mark.parametrize(
        ("word", "hint"), [("nxt", "Did you mean next?"), ("zzzz", "Known are: all-contents, ")]
    )
    def test_know_their_words(self, word: str, hint: str, make_book: MakeBook) -> None:
        book = make_book(THREE, SETTINGS + f'[site.words]\n{word} = "Weiter"\n')
        with pytest.raises(SettingsError) as failure:
            build(book)
        assert str(failure.value).startswith(
            f"bookpack.toml:5: [site.words] {word} is not a known setting. {hint}"
        )

    def test_call_things_as_settings_say(self, make_book: MakeBook) -> None:
        book = make_book(THREE, SETTINGS + '[site.words]\nnext = "Weiter"\n')
        build(book, "site")
        assert b"Weiter" in (book / "build" / "site" / "1" / "index.html").read_bytes()


def taken(report: pipeline.BuildReport) -> list[str]:
    """Return what is said of addresses that somebody else has."""
    return [f"{one.path}: {one.message}" for one in report.diagnostics if one.code == "BP806"]


class TestAnAddressThatIsTaken:
    @pytest.mark.parametrize(
        ("url", "file"),
        [
            ("/robots.txt", "robots.txt"),
            ("/LLMS.txt/", "llms.txt"),
            ("/contents.html", "contents.html"),
            ("/print.html", "print.html"),
            ("/404.html", "404.html"),
            ("/sitemap.xml/part/", "sitemap.xml"),
            ("/_bookpack/cards/", "_bookpack"),
            ("/b.html/deeper/", "b.html"),
            ("/b.md", "b.md"),
            ("/index.html/deeper/", "index.html"),
        ],
    )
    def test_leaves_a_chapter_without_a_page(
        self, url: str, file: str, make_book: MakeBook
    ) -> None:
        other = "---\nurl: /b.html\n---\n# B\n"
        book = make_book({"1.md": other, "2.md": f"---\nurl: {url}\n---\n# A\n"})
        report = build(book, "site")
        owner = "chapters/1.md" if file.startswith("b.") else "the site itself"
        assert taken(report) == [
            f"chapters/2.md: {BASE}{url} cannot have a page: {file} belongs to {owner}."
        ]
        assert set(pages(book / "build" / "site")) == {
            "404.html",
            "b.html",
            "contents.html",
            "index.html",
            "print.html",
        }

    @pytest.mark.parametrize(
        ("alias", "file"),
        [("/", "index.html"), ("/llms.txt", "llms.txt"), ("/A/", "a/index.html")],
    )
    def test_is_no_old_address(self, alias: str, file: str, make_book: MakeBook) -> None:
        chapters = {"a.md": "# A\n", "b.md": f"---\naliases: [{alias}, /b/, /old/]\n---\n# B\n"}
        book = make_book(chapters)
        report = build(book, "site")
        (found,) = taken(report)
        assert f"{BASE}{alias} cannot have a page: {file} belongs to " in found
        assert "Start reading" in (book / "build" / "site" / "index.html").read_text("utf-8")
        assert (book / "build" / "site" / "old" / "index.html").is_file()

    def test_on_some_systems_alone_is_reported(self, make_book: MakeBook) -> None:
        chapters = {
            "a.md": "---\nurl: /Flour/\n---\n# A\n",
            "b.md": "---\nurl: /flour/\n---\n# B\n",
        }
        report = build(make_book(chapters), "site")
        assert taken(report) == [
            f"chapters/b.md: {BASE}/flour/ differs from Flour/index.html, which belongs to "
            "chapters/a.md, in capitals only: on macOS and Windows both are one file."
        ]

    def test_is_not_said_twice(self, make_book: MakeBook) -> None:
        chapters = {"a.md": "---\nurl: /x/\n---\n# A\n", "b.md": "---\nurl: /x\n---\n# B\n"}
        report = build(make_book(chapters), "site")
        assert taken(report) == []
        assert "duplicate-url" in [one.rule.name for one in report.diagnostics]

    def test_is_not_given_to_a_picture(self, make_book: MakeBook) -> None:
        chapters = {
            "a.md": "# A\n\n![A mill](x.svg)\n",
            "b.md": "---\nurl: /x.svg/\n---\n# B\n",
            "x.svg": "<svg/>",
        }
        book = make_book(chapters)
        assert taken(build(book, "site")) == [
            "chapters/a.md: chapters/x.svg cannot lie at x.svg: a page is there."
        ]
        assert (book / "build" / "site" / "x.svg" / "index.html").is_file()


def test_files_of_a_srcset_stay_with_a_page_that_stays(make_book, bookpack):
    picture = '<img src="a.png" srcset="b.png 2x" alt="A">'
    book = make_book(
        {"a.md": f"# A\n\n{picture}\n", "b.md": "# B\n", "a.png": PICTURE, "b.png": PICTURE}
    )
    for text in ("# B\n", "# B\n\nMore.\n"):
        (book / "chapters/b.md").write_text(text)
        assert bookpack("build", book).returncode == 0
        assert (book / "build/site/b.png").is_file()
