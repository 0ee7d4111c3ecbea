"""What stands on the pages of a site: small whole books in, HTML out."""

import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bookpack import pipeline
from bookpack.config import load_settings
from browser import in_browser, published
from conftest import ROOT, SETTINGS, write_files

MakeBook = Callable[..., Path]
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000030000000208060000009d74661a0000000049454e44ae426082"
)
"""The head of a picture that is 3 pixels wide and 2 high."""

STYLE = (ROOT / "src/bookpack/editions/web/static/site.css").read_text("utf-8")


class Page(HTMLParser):
    """A page as it was written: its ids, links, and the text between two elements."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.markup = markup
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append((tag, values))
        if values.get("id"):
            self.ids.append(values["id"] or "")
        if tag == "a" and values.get("href"):
            self.links.append(values["href"] or "")

    @property
    def article(self) -> str:
        """The chapter's own markup, its title included."""
        found = re.search(r"<article[^>]*>\n(.*?)\n*</article>", self.markup, re.S)
        assert found is not None
        return found[1]


@pytest.fixture
def build(make_book: MakeBook) -> Callable[..., Path]:
    """Return a function that makes a book of chapters and settings and gives its site's folder."""

    def build(chapters: dict[str, str | bytes], settings: str = SETTINGS) -> Path:
        book = make_book(chapters, settings)
        pipeline.build(load_settings(book), book / "build", only="site")
        return book / "build" / "site"

    return build


@pytest.fixture
def chapter(build: Callable[..., Path]) -> Callable[..., Page]:
    """Return a function that gives the page of one chapter, `one.md`, and of others beside it."""

    def render(text: str, settings: str = SETTINGS, **others: str | bytes) -> Page:
        files = {name.replace("_", "."): content for name, content in others.items()}
        site = build({"one.md": text, **files}, settings)
        return Page((site / "one" / "index.html").read_text("utf-8"))

    return render


Render = Callable[..., Page]


class TestText:
    @pytest.mark.parametrize(
        ("markdown", "markup"),
        [
            (
                "Plain & *simple* `<b>`.",
                "<p>Plain &amp; <em>simple</em> <code>&lt;b&gt;</code>.</p>",
            ),
            ("**Bold** and ~~gone~~.", "<p><strong>Bold</strong> and <del>gone</del>.</p>"),
            ("One\ntwo\\\nthree", "<p>One\ntwo<br>\nthree</p>"),
            ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
            ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
            ("> Said.", "<blockquote>\n<p>Said.</p>\n</blockquote>"),
            ("---", "<hr>"),
            ("a <kbd>x</kbd>", "<p>a <kbd>x</kbd></p>"),
            ("<miller@example.com>", '<a href="mailto:miller@example.com">'),
            (
                "[x](https://example.org/?a=1&b=2)",
                '<a href="https://example.org/?a=1&amp;b=2">x</a>',
            ),
            ('[x](https://example.org "A \\"title\\"")', 'title="A &quot;title&quot;">x</a>'),
        ],
    )
    def test_is_what_markdown_means(self, markdown: str, markup: str, chapter: Render) -> None:
        assert markup in chapter(f"# One\n\n{markdown}\n").article

    def test_of_a_box_looks_like_nothing_else(self, chapter: Render) -> None:
        page = chapter("# One\n\n> [!NOTE]\n> Cold.\n")
        assert '<div class="callout note" role="note">' in page.article
        assert not re.search(r"(?m)^\.(note|tip|important|warning|caution)\b", STYLE)

    def test_of_a_box_has_a_name(self, chapter: Render) -> None:
        article = chapter("# One\n\n> [!WARNING]\n> Hot.\n").article
        assert '<div class="callout warning" role="note">' in article
        assert '<p class="callout-title">Warning</p>\n<p>Hot.</p>\n</div>' in article

    def test_of_a_list_of_tasks_says_what_is_done(self, chapter: Render) -> None:
        article = chapter("# One\n\n- [x] mill\n- [ ] bake\n").article
        assert '<input type="checkbox" disabled checked aria-label="Done"> mill' in article
        assert '<input type="checkbox" disabled aria-label="To do"> bake' in article

    def test_of_tables_scrolls_and_is_aligned(self, chapter: Render) -> None:
        article = chapter("# One\n\n|  | a |\n| --- | ---: |\n| `x\\|y` | 1 |\n").article
        assert '<div class="table" role="group" aria-label="Table" tabindex="0">' in article
        assert '<tr><td></td><th class="right">a</th></tr>' in article
        assert '<tr><td><code>x|y</code></td><td class="right">1</td></tr>' in article

    def test_leaves_lines_of_metadata_out(self, chapter: Render) -> None:
        text = "# One\nurl: /one/\n\n## Ä\nurl: https://example.com/one/#part\nMore.\n"
        article = chapter(text).article
        assert "url:" not in article
        assert '<h2 id="part">' in article
        assert "<p>More.</p>" in article

    def test_leaves_comments_out(self, chapter: Render) -> None:
        article = chapter("# One\n\n<!-- ask\n\nthe miller -->\n\nText <!-- x -->here.\n").article
        assert "miller" not in article
        assert "<p>Text here.</p>" in article


class TestHeadings:
    def test_have_the_anchors_of_the_pack(self, chapter: Render) -> None:
        page = chapter("# One\n\n## A `b` & c\n\n### Twice\n\n### Twice\n\n## Own {#mine}\n")
        anchors = ["one", "a-b--c", "twice", "twice-1", "mine"]
        assert [name for name in page.ids if not name.startswith("bp-")] == anchors
        assert "{#mine}" not in page.markup
        for anchor in anchors[1:]:
            assert f"#{anchor}" in page.links

    @pytest.mark.parametrize(
        "text",
        [
            "## bp-toc\n\n## bp-nav\n\n## bp main\n",
            "## A {#bp-page}\n\n## B {#bp--toc}\n\n## C {#bp---}\n",
            '## A\n\n<p id="bp-words">x</p> <a name="bp-main"></a>\n',
            "## fn:1\n\n## Fn {#fn:1}\n\nText.[^1]\n\n[^1]: Note.\n",
        ],
    )
    def test_share_no_id_with_what_stands_around(self, text: str, chapter: Render) -> None:
        page = chapter(f"# One\n\n{text}")
        assert len(page.ids) == len(set(page.ids)) > 4
        places = [values["popovertarget"] for _, values in page.tags if "popovertarget" in values]
        assert len(places) == 3
        assert {f"#{place}" for place in places} <= {f"#{name}" for name in page.ids}
        assert page.links[0].removeprefix("#") in page.ids

    def test_leave_no_level_out_and_look_as_written(self, chapter: Render) -> None:
        article = chapter("# One\n\n### A\n\n### B\n\n##### C\n\n## D\n").article
        levels = re.findall(r'<(h\d) id="(\w+)"(?: class="(h\d)")?', article)
        assert levels == [
            ("h1", "one", ""),
            ("h2", "a", "h3"),
            ("h2", "b", "h3"),
            ("h3", "c", "h5"),
            ("h2", "d", ""),
        ]

    def test_of_the_page_are_its_contents(self, chapter: Render) -> None:
        page = chapter("# One\n\n## A *b*\n\n> ## Quoted\n\n### C\n\n#### Deep\n")
        contents = page.markup.partition('id="bp-toc"')[2]
        entries = re.findall(r'<a href="#(.+?)"><bdi>(.+?)</bdi></a>', contents)
        assert entries == [("a-b", "A b"), ("c", "C")]

    def test_with_a_percent_sign_can_be_led_to(self, chapter: Render) -> None:
        page = chapter("# One\n\n## Half off {#50%}\n\n[here](#50%) [there](#50%25)\n")
        assert "50%" in page.ids
        assert [link for link in page.links if "50" in link] == ["#50%25"] * 4

    def test_title_keeps_its_markup(self, chapter: Render) -> None:
        page = chapter("# The `one` *true*\n\nText.\n")
        assert '<h1 id="the-one-true">The <code>one</code> <em>true</em></h1>' in page.markup
        assert "<title>The one true · A Book</title>" in page.markup

    def test_title_of_the_front_matter_is_plain(self, chapter: Render) -> None:
        page = chapter("---\ntitle: A <b> & *c*\n---\n\nText.\n")
        assert "<h1>A &lt;b&gt; &amp; *c*</h1>" in page.markup


class TestLinks:
    def test_between_chapters_are_relative(self, chapter: Render) -> None:
        page = chapter(
            "# One\n\n[a](two.md) [b](two.md#c) [d](#one) [e]\n\n[e]: two.md\n",
            two_md="# Two\n\n## C\n",
        )
        for link in ("../two/", "../two/#c", "#one"):
            assert link in page.links

    def test_to_files_bring_the_files_along(self, build: Callable[..., Path]) -> None:
        text = "# One\n\n[a](notes/a.pdf#page=2) <a href='notes/b.pdf'>b</a>\n"
        site = build({"one.md": text, "notes/a.pdf": b"A", "notes/b.pdf": b"B", "c.pdf": b"C"})
        page = Page((site / "one" / "index.html").read_text("utf-8"))
        assert {"../notes/a.pdf#page=2", "../notes/b.pdf"} <= set(page.links)
        assert (site / "notes" / "a.pdf").read_bytes() == b"A"
        assert (site / "notes" / "b.pdf").read_bytes() == b"B"
        assert not (site / "c.pdf").exists()

    @pytest.mark.parametrize(
        "link",
        [
            "[x](javascript:alert(1))",
            "[x](<java&#x73;cript:alert(1)>)",
            "<javascript:alert(1)>",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "[x]\n\n[x]: vbscript:alert(1)",
            '<a href="javascript:alert(1)">x</a>',
            "<a href=javascript:alert(1)>x</a>",
            '<div>\n<a href="java&#10;script:alert(1)">x</a>\n</div>',
        ],
    )
    def test_that_run_scripts_lose_their_targets(self, link: str, chapter: Render) -> None:
        page = chapter(f"# One\n\n{link}\n")
        assert not [target for target in page.links if "script:" in target or "data:" in target]
        assert all("alert" not in (value or "") for _, tag in page.tags for value in tag.values())

    def test_that_run_scripts_are_reported(self, make_book: MakeBook) -> None:
        book = make_book({"one.md": "# One\n\n[x](javascript:alert(1))\n"})
        checked = pipeline.check(load_settings(book), book / "build")
        assert [finding.rule.name for finding in checked.diagnostics] == ["unsafe-link"]

    @pytest.mark.parametrize(
        ("written", "shown"),
        [
            ("See https://a.example/b_c_d?e=1&f=2.", "See [https://a.example/b_c_d?e=1&amp;f=2]."),
            ("(https://a.example/x_(y)), *https://b.example*!", None),
            ("https://a.example:80/ü#f", "[https://a.example:80/ü#f]"),
            ("<https://a.example/>", "[https://a.example/]"),
            ("`https://a.example` [https://a.example](https://a.example)", ""),
            ("xhttps://a.example ftp://a.example https://localhost", ""),
            ('<b title="https://a.example">x</b>', ""),
            ("<b>https://a.example</b>", "[https://a.example]"),
            ("https://a.example\\<b>", "[https://a.example]&lt;b&gt;"),
        ],
    )
    def test_are_made_of_addresses_too(
        self, written: str, shown: str | None, chapter: Render
    ) -> None:
        article = chapter(f"# One\n\n{written}\n").article.partition("<p>")[2]
        links = re.findall(r'<a class="url" href="(.+?)">(.+?)</a>', article)
        assert all(href == text for href, text in links)
        if shown is None:
            assert [text for _, text in links] == ["https://a.example/x_(y)", "https://b.example"]
        elif shown:
            assert shown in re.sub(r'<a class="url" href=".+?">(.+?)</a>', r"[\1]", article)
        else:
            assert not links

    def test_of_addresses_of_the_book_stay_on_the_site(self, build: Callable[..., Path]) -> None:
        text = "# One\n\nSee https://example.com/two/#part and <https://example.com/two/>.\n"
        site = build({"one.md": text, "two.md": "# Two\n\n## Part\n"})
        page = (site / "one" / "index.html").read_text("utf-8")
        assert '<a class="url" href="../two/#part">https://example.com/two/#part</a>' in page

    def test_from_page_to_page_follow_the_reading_order(self, build: Callable[..., Path]) -> None:
        site = build({f"{n}.md": f"# Chapter {n}\n" for n in (1, 2, 3)})
        page = Page((site / "2" / "index.html").read_text("utf-8"))
        turns = {tag["rel"]: tag["href"] for name, tag in page.tags if name == "a" and "rel" in tag}
        assert turns == {"prev": "../1/", "next": "../3/"}


class TestPictures:
    def test_alone_are_figures(self, chapter: Render) -> None:
        page = chapter('# One\n\n![A "map"](map.png "The mill")\n', map_png=PNG)
        figure = (
            '<figure class="picture"><img src="../map.png" alt="A &quot;map&quot;"'
            ' width="3" height="2" loading="lazy">\n<figcaption>The mill</figcaption>\n</figure>'
        )
        assert figure in page.article
        assert "<p><figure" not in page.article

    def test_in_a_sentence_stay_there(self, chapter: Render) -> None:
        article = chapter("# One\n\nSee ![a map](map.png) here.\n", map_png=PNG).article
        assert '<p>See <img src="../map.png" alt="a map"' in article

    def test_that_decorate_say_nothing(self, chapter: Render) -> None:
        page = chapter('# One\n\nText <img src="map.png" alt=""> here.\n', map_png=PNG)
        pictures = [tag for name, tag in page.tags if name == "img"]
        assert [tag["alt"] for tag in pictures] == [""]
        assert pictures[0]["src"] == "../map.png"

    def test_without_an_alternative_text_get_the_attribute(self, chapter: Render) -> None:
        page = chapter('# One\n\n<div>\n<img src="map.png">\n</div>\n', map_png=PNG)
        assert [tag["alt"] for name, tag in page.tags if name == "img"] == [""]

    def test_in_the_text_itself_are_shown(self, chapter: Render) -> None:
        page = chapter("# One\n\n![dot](data:image/gif;base64,R0lGODlhAQABAAAAACw=)\n")
        sources = [tag["src"] for name, tag in page.tags if name == "img"]
        assert sources == ["data:image/gif;base64,R0lGODlhAQABAAAAACw="]


class TestRawHtml:
    def test_is_kept_with_its_references_mended(self, chapter: Render) -> None:
        text = '# One\n\n<section class="x">\n<a href="two.md#b">b</a>\n</section>\n'
        article = chapter(text, two_md="# Two\n\n## B\n").article
        assert '<section class="x">\n<a href="../two/#b">b</a>\n</section>' in article

    def test_in_a_quote_is_kept(self, chapter: Render) -> None:
        text = '# One\n\n> <div>\n> <!-- a\n> b --><a id="here" href="#here">x</a>\n> </div>\n'
        page = chapter(text)
        assert "here" in page.ids
        assert "#here" in page.links
        assert "<!--" not in page.article

    def test_links_between_tags_are_links(self, chapter: Render) -> None:
        article = chapter('# One\n\n<aside markdown="1">\nSee [a *b*](#one).\n</aside>\n').article
        assert '<aside>\nSee <a href="#one">a b</a>.\n</aside>' in article

    def test_scripts_of_the_author_may_run_and_no_others(self, chapter: Render) -> None:
        page = chapter("# One\n\n<script>\nlet mill = 1;\n</script>\n")
        policy = next(tag["content"] for name, tag in page.tags if "http-equiv" in tag) or ""
        assert len(re.findall(r"'sha256-[\w+/=]{44}'", policy)) == 2
        assert "unsafe-inline" not in policy
        assert "let mill = 1;" in page.markup

    def test_handlers_and_targets_that_run_scripts_go(self, chapter: Render) -> None:
        page = chapter(
            '# One\n\n<form action="javascript:alert(1)" onsubmit = \'alert(2)\' class="x">\n'
            '<button formaction="java&#10;script:alert(3)" onclick=alert(4)>Go</button>\n</form>\n'
            '\n<svg><a xlink:href="javascript:alert(5)" href="javascript:alert(6)">x</a></svg>\n'
        )
        assert "alert" not in page.markup
        assert '<form action="#" class="x">\n<button formaction="#">Go</button>' in page.article
        assert '<a xlink:href="#" href="#">x</a>' in page.article

    def test_pictures_of_a_set_lie_beside_the_one_that_is_named(
        self, build: Callable[..., Path]
    ) -> None:
        text = (
            "# One\n\n<picture>\n"
            '<source srcset="img/b%20c.webp 1x, img/d.webp 2x, https://example.org/e.webp 3x">\n'
            "<img src='img/a.png' srcset='img/a.png, ./gone.png 2x,img/d.webp 3x' alt='A'>\n"
            '</picture>\n\nBeside <img src="img/a.png" srcset="img/only.webp 2x" alt="A"> it.\n'
        )
        pictures = {f"img/{name}": PNG for name in ("a.png", "b c.webp", "d.webp", "only.webp")}
        site = build({"one.md": text, **pictures})
        page = Page((site / "one" / "index.html").read_text("utf-8"))
        sets = [tag["srcset"] for _, tag in page.tags if "srcset" in tag]
        assert sets == [
            "../img/b%20c.webp 1x, ../img/d.webp 2x, https://example.org/e.webp 3x",
            "../img/a.png, https://example.com/gone.png 2x,../img/d.webp 3x",
            "../img/only.webp 2x",
        ]
        for path in pictures:
            assert (site / path).read_bytes() == PNG

    def test_keeps_its_references_to_ids_in_the_whole_book(
        self, build: Callable[..., Path]
    ) -> None:
        drawing = (
            '<svg aria-labelledby="name other"><title id="name">Mill</title>\n'
            '<defs><linearGradient id="g1"/><path id="p"/><path id="abc"/></defs>\n'
            '<rect fill="url(#g1)" style="clip-path:url(\'#p\')"/>'
            '<use href="#p" xlink:href="#p"/>'
            '<rect fill="#abc" stroke="url(#gone)"/></svg>\n'
        )
        site = build({f"{name}.md": f"# {name}\n\n{drawing}" for name in ("one", "two")})
        whole = (site / "print.html").read_text("utf-8")
        for chapter in ("chapter-1-", "chapter-2-"):
            drawn = drawing.replace("(#g1)", f"(#{chapter}g1)").replace("#p", f"#{chapter}p")
            drawn = drawn.replace('y="name', f'y="{chapter}name')
            for name in ("name", "g1", "p", "abc"):
                drawn = drawn.replace(f'id="{name}"', f'id="{chapter}{name}"')
            assert drawn.strip() in whole
        assert drawing.strip() in (site / "one" / "index.html").read_text("utf-8")

    def test_styles_of_the_author_count(self, chapter: Render) -> None:
        page = chapter('# One\n\n<p style="color: teal">x</p>\n')
        policy = next(tag["content"] for name, tag in page.tags if "http-equiv" in tag) or ""
        assert "style-src 'self' 'unsafe-inline'" in policy


class TestCode:
    def test_is_coloured_by_its_language(self, chapter: Render) -> None:
        article = chapter("# One\n\n```python,ignore\nif x: # <y>\n```\n").article
        assert (
            '<pre tabindex="0"><code class="language-python"><span class="k">if </span>' in article
        )
        assert '<span class="c1"># &lt;y&gt;\n</span>' in article

    @pytest.mark.parametrize("fence", ["```", "```nobody-knows", "```text", "~~~"])
    def test_in_no_known_language_stays_plain(self, fence: str, chapter: Render) -> None:
        article = chapter(f"# One\n\n{fence}\na < b\n\n  c\n{fence[:3]}\n").article
        assert re.search(r"<code[^>]*>a &lt; b\n\n  c\n</code></pre>", article)

    def test_of_diagrams_is_drawn_with_what_the_author_brought(
        self, build: Callable[..., Path], make_book: MakeBook
    ) -> None:
        text = "# One\n\n```mermaid\nA --> B\n```\n"
        site = build({"one.md": text, "two.md": "# Two\n"})
        page = (site / "one" / "index.html").read_text("utf-8")
        assert '<pre class="mermaid" tabindex="0">A --&gt; B\n</pre>' in page
        assert "mermaid.min.js" not in page
        settings = SETTINGS + '[site]\nmermaid = "lib/mermaid.min.js"\n'
        book = make_book({"one.md": text, "two.md": "# Two\n"}, settings)
        write_files(book, {"lib/mermaid.min.js": "// draws"})
        pipeline.build(load_settings(book), book / "build", only="site")
        assert "mermaid.min.js" in (site / "one" / "index.html").read_text("utf-8")
        assert "mermaid.min.js" not in (site / "two" / "index.html").read_text("utf-8")
        assert (site / "_bookpack" / "mermaid.min.js").read_text("utf-8") == "// draws"


class TestMath:
    def test_is_drawn_without_a_script(self, chapter: Render) -> None:
        article = chapter("# One\n\nSo $x^2$:\n\n$$\\frac{a}{b}$$\n").article
        assert '<math display="inline"><mrow><msup>' in article
        assert '<span class="display"><math display="block"><mrow><mfrac>' in article

    @pytest.mark.parametrize(
        "tex", ["\\nobodyknows{x}", "\\left( a", "\\text{<script>alert(1)</script>}"]
    )
    def test_that_nobody_understands_is_shown_and_reported(
        self, tex: str, make_book: MakeBook
    ) -> None:
        book = make_book({"one.md": f"# One\n\n$${tex}$$\n"})
        report = pipeline.build(load_settings(book), book / "build", only="site")
        page = (book / "build" / "site" / "one" / "index.html").read_text("utf-8")
        shown = re.search(r'<code class="tex">(.*?)</code>', page)
        assert shown is not None
        assert unescape(shown[1]) == f"$${tex}$$"
        assert [finding.rule.name for finding in report.diagnostics] == ["unknown-tex"]

    def test_is_no_math_where_settings_say_so(self, chapter: Render) -> None:
        article = chapter("# One\n\nIt costs $1 or $2.\n", SETTINGS + "[layout]\nmath = false\n")
        assert "It costs $1 or $2." in article.article


class TestFootnotes:
    def test_stand_at_the_end_in_the_order_of_their_marks(self, chapter: Render) -> None:
        page = chapter("# One\n\nA[^b] and[^a], again[^b].\n\n[^a]: First *a*.\n[^b]: Then b.\n")
        notes = page.article.partition('<section class="footnotes"')[2]
        assert re.findall(r'<li id="(.+?)">\s*<p>(.+?) <a', notes) == [
            ("fn:1", "Then b."),
            ("fn:2", "First <em>a</em>."),
        ]
        assert page.article.count('class="backref"') == 3
        for link in page.links:
            if link.startswith("#fn"):
                assert link[1:] in page.ids

    def test_have_ids_that_the_author_has_not_taken(self, chapter: Render) -> None:
        text = '# One\n\nText[^a].\n\n## Own {#fn:1}\n\n<b id="fn-ref:1">x</b>\n\n[^a]: Note.\n'
        page = chapter(text)
        assert len(page.ids) == len(set(page.ids))
        assert "#fn--:1" in page.links
        assert "fn--:1" in page.ids

    def test_that_nobody_refers_to_are_not_lost(self, chapter: Render) -> None:
        page = chapter("# One\n\nText.\n\n[^a]: Alone.\n")
        assert "Alone." in page.article


class TestHostileBooks:
    def test_titles_are_text_everywhere(self, build: Callable[..., Path]) -> None:
        title = '</title><script>alert("1")</script>'
        settings = f"[book]\ntitle = '{title}'\nurl = 'https://example.com'\nsummary = '{title}'\n"
        site = build({"one.md": f"---\ntitle: '{title}'\n---\n\nText.\n"}, settings)
        for path in site.rglob("*.html"):
            assert "<script>alert" not in path.read_text("utf-8"), path
            assert path.read_text("utf-8").count("</title>") == 1, path

    def test_nothing_of_a_text_is_taken_for_a_mark(self, chapter: Render) -> None:
        page = chapter("# One\n\n\0i \0p1\0 `\0f../x\0` <b title='\0'>\n")
        assert "\0" not in page.markup
        assert "\ufffdi \ufffdp1\ufffd" in page.markup

    def test_tags_that_close_too_much_leave_the_page_whole(self, chapter: Render) -> None:
        page = chapter("# One\n\n</div></div>\n\nText.\n")
        assert page.markup.rstrip().endswith("</html>")


ASSISTANTS = '[site.assistants]\nHelper = "https://example.org/?q={prompt}"\n'


class TestPageMenu:
    """What a reader may take along of a page."""

    def test_leads_to_the_markdown_and_to_assistants(self, chapter: Render) -> None:
        page = chapter("# One\n\nText.\n", SETTINGS + ASSISTANTS)
        menu = page.markup.partition('<ul id="bp-page"')[2].partition("</ul>")[0]
        assert '<a href="index.md" type="text/markdown">This page as Markdown</a>' in menu
        assert '<button type="button" class="copy-page" data-markdown="index.md"' in menu
        address = "https%3A%2F%2Fexample.com%2Fone%2Findex.md"
        question = f"Read%20{address}%20and%20answer%20my%20questions%20about%20it."
        assert (
            f'<a href="https://example.org/?q={question}" target="_blank" rel="noopener">'
            "Open in Helper</a>"
        ) in menu

    def test_leads_to_sections_with_odd_names(self, chapter: Render) -> None:
        page = chapter('# One\n\n## Two {#50%"}\n\n[x](#50%25%22)\n')
        assert [link for link in page.links if link.startswith("#")].count("#50%25%22") == 3

    def test_of_a_book_that_is_sold_has_no_markdown(self, chapter: Render) -> None:
        sold = SETTINGS + "[pack]\npublish = false\n"
        assert "bp-page" not in chapter("# One\n\nText.\n", sold).markup
        page = chapter("# One\n\nText.\n", sold + ASSISTANTS)
        assert "index.md" not in page.markup
        assert "?q=Read%20https%3A%2F%2Fexample.com%2Fone%2F%20and" in page.markup

    def test_of_a_book_that_is_sold_says_where(self, build: Callable[..., Path]) -> None:
        sold = SETTINGS + '[pack]\npublish = false\n[site]\nsold-at = "https://example.org/shop"\n'
        site = build({"one.md": "# One\n\nText.\n"}, sold)
        offer = '<a{} href="https://example.org/shop">Get this book for language models</a>'
        page = (site / "one" / "index.html").read_text("utf-8")
        # A menu of one entry would be a button that leads to a button.
        assert offer.format("") in page
        assert "bp-page" not in page
        assert offer.format(' class="action"') in (site / "index.html").read_text("utf-8")

    def test_of_a_book_that_is_published_does_not_send_readers_away(
        self, build: Callable[..., Path]
    ) -> None:
        shop = '[site]\nsold-at = "https://example.org/shop"\n'
        button = '[[site.action]]\nlabel = "Buy"\nurl = "https://example.org/shop"\n'
        site = build({"one.md": "# One\n\nText.\n"}, SETTINGS + shop + button)
        assert "shop" not in (site / "one" / "index.html").read_text("utf-8")
        cover = (site / "index.html").read_text("utf-8")
        assert re.findall(r'href="https://example.org/shop">(.+?)<', cover) == ["Buy"]

    def test_leads_to_where_the_chapter_is_edited(self, build: Callable[..., Path]) -> None:
        edit = '[site]\nedit = "https://example.org/edit/main/{path}?quick=1&plain=1"\n'
        file = "chapters/kitchen/50%25%20rye.md"
        link = f'<a href="https://example.org/edit/main/{file}?quick=1&amp;plain=1">Edit'
        text = "---\nslug: rye\n---\n# Rye\n\nText.\n"
        site = build({"kitchen/50% rye.md": text}, SETTINGS + "[pack]\npublish = false\n" + edit)
        page = (site / "rye" / "index.html").read_text("utf-8")
        assert link in page.partition('<div class="page-tools">')[2].partition("</div>")[0]
        # The file has moved, and nothing else that the page shows has changed.
        file = "chapters/grain/50%25%20rye.md"
        site = build(
            {"grain/50% rye.md": text, "kitchen/50% rye.md": "---\ndraft: true\n---\n"},
            SETTINGS + "[pack]\npublish = false\n" + edit,
        )
        assert file in (site / "rye" / "index.html").read_text("utf-8")

    def test_has_the_words_of_the_settings(self, chapter: Render) -> None:
        words = '[site.words]\ncopy-page = "<b>Kopieren</b>"\nopen-in = "Mit {name}"\n'
        page = chapter("# One\n\nText.\n", SETTINGS + words + ASSISTANTS)
        assert ">&lt;b&gt;Kopieren&lt;/b&gt;</button>" in page.markup
        assert ">Mit Helper</a>" in page.markup


class TestTheCover:
    @pytest.mark.parametrize(
        ("edition", "words", "shown"),
        [
            ("2", "", "Edition 2"),
            ("1.1", "", "Edition 1.1"),
            ("2nd edition", "", "2nd edition"),
            ("第2版", "", "第2版"),
            ("2", '[site.words]\nedition = "{edition}. Auflage"\n', "2. Auflage"),
        ],
    )
    def test_tells_the_edition(
        self, edition: str, words: str, shown: str, build: Callable[..., Path]
    ) -> None:
        settings = f'{SETTINGS}edition = "{edition}"\n{words}'
        cover = (build({"one.md": "# One\n"}, settings) / "index.html").read_text("utf-8")
        assert f'<p class="edition">{shown}</p>' in cover


class TestTheContents:
    def test_set_chapters_in_below_the_one_whose_folder_they_are_in(
        self, build: Callable[..., Path]
    ) -> None:
        names = {"tools": "/tools/", "mill": "/tools/mill.html", "stone": "/tools/mill/stone/"}
        names |= {"dough": "/dough.html", "rye": "/dough/rye/", "late": "/tools/late/"}
        texts = {f"{name}.md": f"# {name}\nurl: {url}\n\nText.\n" for name, url in names.items()}
        order = ", ".join(f'"{name}.md"' for name in names)
        site = build(texts, f"{SETTINGS}[layout]\nchapters = [{order}]\n")
        for path in ("index.html", "contents.html", "print.html", "dough.html"):
            page = (site / path).read_text("utf-8")
            listed = re.findall(r'<li(?: class="below-(\d)")?><a [^>]*><bdi>(\w+)</bdi>', page)
            assert listed == [
                ("", "tools"),
                ("1", "mill"),
                ("2", "stone"),
                ("", "dough"),
                ("1", "rye"),
                ("", "late"),
            ]

    def test_set_chapters_in_below_the_one_that_is_called_as_their_folder(
        self, build: Callable[..., Path]
    ) -> None:
        chapters = {f"{path}.md": f"# {path[-3:]}\n" for path in ("api/add", "api/api", "rye")}
        site = build(chapters, SETTINGS + '[layout]\nurl-style = "{base}/{path}/"\n')
        page = (site / "contents.html").read_text("utf-8")
        listed = re.findall(r'<li(?: class="below-(\d)")?><a [^>]*><bdi>(\w+)</bdi>', page)
        assert listed == [("", "api"), ("1", "add"), ("", "rye")]


class TestLanguages:
    def test_of_titles_are_named_where_they_differ(self, build: Callable[..., Path]) -> None:
        chapters = {
            "1.md": "---\ntitle: One\n---\n\nA.\n",
            "2.md": "---\ntitle: Zwei\nlang: de\n---\n\nB.\n",
        }
        site = build(chapters)
        german = ' lang="de" hreflang="de"><bdi>Zwei</bdi>'
        for path in ("index.html", "contents.html", "1/index.html"):
            page = (site / path).read_text("utf-8")
            assert german in page
            assert "><bdi>One</bdi>" in page.replace(' aria-current="page"', "")
            assert 'lang="en" hreflang' not in page
        page = (site / "2" / "index.html").read_text("utf-8")
        assert '<html lang="de"' in page
        # What stands around the text is in the language of the book.
        assert '<body class="chapter" lang="en" dir="ltr">' in page
        assert re.search('<article[^>]* lang="de" dir="ltr">', page)
        assert german in page.replace(' aria-current="page"', "")
        assert "<bdi>One</bdi>" in page
        assert 'lang="en" hreflang' not in page
        assert '<bdi lang="de">Zwei</bdi>' in (site / "1/index.html").read_text("utf-8")
        whole = (site / "print.html").read_text("utf-8")
        assert ' lang="de"><bdi>Zwei</bdi>' in whole
        assert re.findall("<article(.*?)>", whole) == ["", ' lang="de" dir="ltr"']

    def test_that_run_the_other_way_turn_nothing_but_the_text(
        self, build: Callable[..., Path]
    ) -> None:
        text = "---\nlang: fa\n---\n# نان\n\n## آرد\n\nآرد و آب.\n"
        page = (build({"1.md": text}) / "1" / "index.html").read_text("utf-8")
        assert '<html lang="fa" dir="rtl">' in page
        assert '<body class="chapter" lang="en" dir="ltr">' in page
        assert re.search('<article[^>]* lang="fa" dir="rtl">', page)
        assert '<ul lang="fa" dir="rtl">' in page


TAKEN = """\
# One

Text with a note[^1] and [a link][two].

## First *one*

### Deep

```md
# No heading
```

Second
------

> ## Quoted

A [link][Two].

### Deep

Last.

# Another

[^1]: The note,

    in two paragraphs.

[two]: two.md
"""
TAKE = """
const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
const page = await context.newPage();
await page.goto(args[0]);
const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
const pressed = async () => {
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.classList.contains("done"));
  return [await page.textContent(".status"), await clipboard()];
};
await page.focus('[popovertarget="bp-page"]');
await page.keyboard.press("Enter");
await page.keyboard.press("Tab");
const taken = { page: await pressed() };
await page.keyboard.press("Escape");
taken.closed = await page.isHidden("#bp-page");
for (const button of await page.$$(".copy-section")) {
  await button.focus();
  taken[await button.getAttribute("aria-label")] ??= await pressed();
}
await page.route("**/index.md", (route) => route.abort());
await page.reload();
await page.focus(".copy-section");
taken.failed = await pressed();
return taken;
"""


def test_a_reader_takes_a_page_or_section_along_by_keyboard(build: Callable[..., Path]) -> None:
    site = build({"one.md": TAKEN, "two.md": "# Two\n"})
    with published(site) as address:
        taken = in_browser(TAKE, f"{address}/one/")
    at, two = "url: https://example.com/one/", "[two]: https://example.com/two/\n"
    deep = "```md\n# No heading\n```\n"
    assert taken == {
        "page": ["Copied", (site / "one" / "index.md").read_text("utf-8")],
        "closed": True,
        "Copy “First one” as Markdown": [
            "Copied",
            f"## First *one*\n{at}#first-one\n\n### Deep\n\n{deep}",
        ],
        "Copy “Deep” as Markdown": ["Copied", f"### Deep\n{at}#deep\n\n{deep}"],
        "Copy “Second” as Markdown": [
            "Copied",
            f"Second\n------\n{at}#second\n\n> ## Quoted\n\nA [link][Two].\n\n"
            f"### Deep\n\nLast.\n\n{two}",
        ],
        "Copy “Another” as Markdown": [
            "Copied",
            f"# Another\n{at}#another\n\n[^1]: The note,\n\n    in two paragraphs.\n\n{two}",
        ],
        "failed": ["Copying failed", taken["Copy “Another” as Markdown"][1]],
    }


READ = """
const context = await browser.newContext({ viewport: { width: 1400, height: 600 } });
const page = await context.newPage();
const errors = [];
page.on("pageerror", (error) => errors.push(String(error)));
await page.goto(args[0]);
const read = { section: await page.getAttribute(".toc [aria-current]", "href") };
await page.click(".toc a");
read.place = await page.$eval(":target", (heading) => heading.id);
await page.click("a.noteref");
read.note = await page.textContent(".footnote:popover-open p");
await page.keyboard.press("Escape");
await page.click("h1");
await page.keyboard.press("ArrowRight");
await page.waitForURL("**/2-two/");
return { ...read, errors };
"""


def test_nothing_that_an_author_writes_stops_the_page(build: Callable[..., Path]) -> None:
    text = (
        "# One\n\n<a rel='next' href='3-three.md'>Not next</a>[^50%]\n\n"
        "## Half off {#50%}\n\n## All {#%zz}\n\n[^50%]: Note.\n"
    )
    site = build({"1-one.md": text, "2-two.md": "# Two\n", "3-three.md": "# Three\n"})
    with published(site) as address:
        read = in_browser(READ, f"{address}/1-one/")
    assert read == {"section": "#50%25", "place": "50%", "note": "Note. ", "errors": []}


def test_the_head_says_what_the_page_is_about(chapter: Render) -> None:
    page = chapter("# One\n\nBread *rises* slowly in a cold and dark room, as everybody knows.\n")
    said = next(tag["content"] for _, tag in page.tags if tag.get("name") == "description")
    assert said == "Bread rises slowly in a cold and dark room, as everybody knows."


@pytest.mark.parametrize("path", ["contents.html", "print.html", "404.html", "index.html"])
def test_every_page_has_the_icon_of_the_book(path: str, build: Callable[..., Path]) -> None:
    settings = SETTINGS.replace("https://example.com", "https://example.com/deep")
    page = Page((build({"one.md": "# One\n"}, settings) / path).read_text("utf-8"))
    links = [(tag["rel"], tag["href"]) for name, tag in page.tags if name == "link"]
    base = "/deep/" if path == "404.html" else ""
    for link in (
        ("icon", f"{base}_bookpack/favicon.ico"),
        ("icon", f"{base}_bookpack/favicon.svg"),
        ("apple-touch-icon", f"{base}_bookpack/apple-touch-icon.png"),
        ("manifest", f"{base}manifest.webmanifest"),
    ):
        assert links.count(link) == 1
