"""Pictures on a page: captions from the text around them, and descriptions that unfold."""

import re
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given

from bookpack import pipeline
from bookpack.answers import Description, file_name, format_description
from bookpack.config import load_settings
from bookpack.editions.web.body import render_untrusted
from bookpack.editions.web.words import ENGLISH
from bookpack.images.quotable import as_quotable
from browser import in_browser
from conftest import ROOT, write_files
from strategies import few, nasty_text

MakeBook = Callable[..., Path]
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
VOID = frozenset(("br", "hr", "img", "input"))


class Reader(HTMLParser):
    """Markup as a browser meets it: elements that are left `open`, names, attributes."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


SHOWN = '<img src="../{}.png" alt="{}" width="1" height="1" loading="lazy">\n'


def shown(name: str, alt: str = "") -> str:
    return SHOWN.format(name, alt or name)


@pytest.fixture
def article(make_book: MakeBook) -> Callable[..., str]:
    """Return a function that gives the article of a chapter with pictures a.png and b.png.

    `description` is kept for both. Whatever is written, page and pack say the same.
    """

    def render(text: str, description: Description | None = None) -> str:
        book = make_book({"one.md": f"# One\n\n{text}", "a.png": PNG, "b.png": PNG})
        if description is not None:
            name = file_name("a.png", description.identity)
            write_files(book, {f"descriptions/{name}": format_description(description)})
        settings = load_settings(book)
        checked = pipeline.check(settings, book / "build")
        found = [one for one in pipeline.check_editions(checked) if one.code.startswith("BP80")]
        assert [one.message for one in found] == []
        pipeline.build(settings, book / "build", only="site")
        page = (book / "build" / "site" / "one" / "index.html").read_text("utf-8")
        inside = re.search(r"<article[^>]*>\n<h1.*?</h1>\n(.*?)\n*</article>", page, re.S)
        assert inside is not None
        return inside[1]

    return render


Article = Callable[..., str]


class TestCaptions:
    @pytest.mark.parametrize(
        "text",
        [
            '![a](a.png "The *mill*")\n',
            "![a](a.png)\n*The \\*mill\\**\n",
            "![a](a.png)\\\n*The \\*mill\\**\n",
            "![a](a.png)\n\n*The \\*mill\\**\n",
            "![a](a.png)\\\n\n*The \\*mill\\**\n",
            '![a](a.png)\n\n<p class="caption">The *mill*</p>\n',
            '![a](a.png)\n<p class="caption">The\n*mill*</p>\n',
        ],
    )
    def test_stand_under_the_picture_and_nowhere_else(self, text: str, article: Article) -> None:
        figure = f"{shown('a')}<figcaption>The *mill*</figcaption>\n"
        assert article(f"{text}\nText.\n") == (
            f'<figure class="picture">{figure}</figure>\n<p>Text.</p>'
        )

    def test_are_shared_by_the_pictures_of_a_row(self, article: Article) -> None:
        assert article("![a](a.png) ![b](b.png)\n*Two mills*\n\nText.\n") == (
            f'<figure class="picture">{shown("a")}{shown("b")}'
            "<figcaption>Two mills</figcaption>\n</figure>\n<p>Text.</p>"
        )

    def test_shared_with_a_picture_of_another_title_stay(self, article: Article) -> None:
        assert article('![a](a.png) ![b](b.png "Another")\n\n*Two mills*\n') == (
            f'<figure class="picture">{shown("a")}</figure>\n'
            f'<figure class="picture">{shown("b")}<figcaption>Another</figcaption>\n</figure>\n'
            "<p><em>Two mills</em></p>"
        )

    def test_take_turns_with_pictures(self, article: Article) -> None:
        assert article("![a](a.png)\n*One*\n![b](b.png)\n*Two*\n") == (
            f'<figure class="picture">{shown("a")}<figcaption>One</figcaption>\n</figure>\n'
            f'<figure class="picture">{shown("b")}<figcaption>Two</figcaption>\n</figure>'
        )

    def test_with_a_link_stay_text_that_can_be_followed(self, article: Article) -> None:
        assert article("![a](a.png)\n\n*The [mill](#one)*\n") == (
            f'<figure class="picture">{shown("a")}</figure>\n'
            '<p><em>The <a href="#one">mill</a></em></p>'
        )
        assert article("![a](a.png)\n*The [mill](#one)*\n") == (
            f'<p>{shown("a")}<em>The <a href="#one">mill</a></em></p>'
        )

    def test_that_say_more_than_the_title_stay_beside_it(self, article: Article) -> None:
        assert article('![a](a.png "A mill")\n\n*In 1900*\n') == (
            f'<figure class="picture">{shown("a")}<figcaption>A mill</figcaption>\n</figure>\n'
            "<p><em>In 1900</em></p>"
        )

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            (
                '<figure>\n<img src="a.png">\n<figcaption>A mill</figcaption>\n</figure>\n',
                "<figcaption>A mill</figcaption>\n</figure>",
            ),
            (
                "<figure>\n\n![a](a.png)\n\n<figcaption>A mill</figcaption>\n</figure>\n",
                "<figcaption>A mill</figcaption>\n</figure>",
            ),
            ('<img src="a.png">\n\n*A mill*\n', "<p><em>A mill</em></p>"),
            (
                '<div>\n<img src="a.png" alt="a">\n<p class="caption">A mill</p>\n</div>\n',
                '<p class="caption">A mill</p>\n</div>',
            ),
        ],
    )
    def test_of_raw_html_stay_where_they_are(self, text: str, kept: str, article: Article) -> None:
        page = article(f"{text}\nA mill.\n")
        assert page.endswith(f"{kept}\n<p>A mill.</p>")
        assert page.count("A mill") == 2

    def test_in_a_list_stay_in_the_item(self, article: Article) -> None:
        page = article("- Look:\n\n  ![a](a.png)\n  *A mill*\n- A mill\n")
        assert f"<p>{shown('a')}<em>A mill</em></p>\n</li>" in page


def kept(text: str, **head: str) -> Description:
    """Return a description of the pictures a.png and b.png, which are the same."""
    settled = {"engine": "model", "alt": "A mill at a river.", **head}
    files = dict.fromkeys(("chapters/a.png", "chapters/b.png"), sha256(PNG).hexdigest())
    return Description("0" * 64, files, text=text, **settled).as_written()


def details(inside: str, summary: str = "Description of the picture, written by a model") -> str:
    start = f'<details class="description"><summary>{summary}</summary>\n'
    return f"{start}{inside}\n</details>\n"


RICH = """\
A river *drives* three mills & a `saw`.

| mill | loaves |
| :--- | ---: |
| upper | 12 |

- Mill → Baker: flour
- Baker → Miller: a < b"""
RICH_MARKUP = """\
<p>A river <em>drives</em> three mills &amp; a <code>saw</code>.</p>
<div class="table" role="group" aria-label="Table" tabindex="0"><table>
<thead><tr><th class="left">mill</th><th class="right">loaves</th></tr></thead><tbody>
<tr><td class="left">upper</td><td class="right">12</td></tr>
</tbody></table></div>
<ul>
<li>Mill → Baker: flour</li>
<li>Baker → Miller: a &lt; b</li>
</ul>"""


TABLE = frozenset(("table", "thead", "tbody", "tr", "th", "td"))


class TestDescriptions:
    def test_unfold_under_the_picture(self, article: Article) -> None:
        assert article("![](a.png)\n*Mills*\n", kept(RICH)) == (
            f'<figure class="picture">{shown("a", "A mill at a river.")}{details(RICH_MARKUP)}'
            "<figcaption>Mills</figcaption>\n</figure>"
        )

    def test_leave_the_first_word_to_the_author(self, article: Article) -> None:
        page = article("![My mill](a.png)\n", kept("Three mills."))
        assert page == (
            f'<figure class="picture">{shown("a", "My mill")}'
            f"{details('<p>Three mills.</p>')}</figure>"
        )

    def test_have_a_title_where_there_is_no_caption(self, article: Article) -> None:
        page = article("![](a.png)\n", kept("Three mills.", title="A <mill>"))
        assert "<figcaption>A &lt;mill&gt;</figcaption>" in page
        assert "<mill>" not in article("![](a.png)\n*My own*\n", kept("x", title="A <mill>"))

    def test_by_a_person_are_called_so(self, article: Article) -> None:
        page = article("![](a.png)\n", kept("Three mills.", engine="person"))
        assert "<summary>Description of the picture</summary>" in page

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", ""),
            ("\n\nNo words were found in it by OCR.", ""),
            ("\n\nWords found in it by OCR: Flour", "<p>Words found in it by OCR: Flour</p>"),
            ("\n\nIts own title: A mill", "<p>Its own title: A mill</p>"),
        ],
    )
    def test_by_the_file_alone_tell_readers_nothing_but_its_words(
        self, text: str, told: str, article: Article
    ) -> None:
        said = f"Not described by a model. A PNG picture of 1 × 1 pixels.{text}"
        page = article("See ![a](a.png)\n", kept(said, engine="offline", alt=""))
        found = re.search(r'<details class="description offline">.*?</summary>\n(.*?)\n</det', page)
        assert (found[1] if found else "") == told
        assert "pixels" not in page

    def test_of_what_decorates_say_nothing(self, article: Article) -> None:
        page = article("![](a.png)\n", kept("A line.", kind="decorative", alt=""))
        assert '<img src="../a.png" alt=""' in page
        assert "details" not in page
        # An author who has words for it knows better.
        assert 'alt="A line"' in article("![A line](a.png)\n", kept("", kind="decorative"))

    @pytest.mark.parametrize(
        ("text", "block"),
        [
            ("See ![](a.png) here.\n", "</p>"),
            ("- a\n  - ![](a.png)\n- b\n", "</ul>"),
            ("| a |\n| --- |\n| ![](a.png) |\n", "</table></div>"),
            ("> See ![](a.png).\n", "</blockquote>"),
            ("[![](a.png)](#one)\n", "</p>"),
            ('<p align="center">\n<img src="a.png">\n</p>\n', "</p>"),
            ("## A ![](a.png)\n", "</h2>"),
        ],
    )
    def test_stand_behind_the_block_and_name_their_picture(
        self, text: str, block: str, article: Article
    ) -> None:
        summary = "Description of the picture, written by a model: A mill at a river."
        assert article(f"{text}\nText.\n", kept("Three mills.")).endswith(
            f"{block}\n{details('<p>Three mills.</p>', summary)}<p>Text.</p>"
        )

    def test_stay_in_their_footnote(self, article: Article) -> None:
        page = article("Text[^a].\n\n[^a]: See ![](a.png).\n", kept("Three mills."))
        assert "<details" not in page.partition('<section class="footnotes"')[0]
        assert page.count("<p>Three mills.</p>") == 1

    @pytest.mark.parametrize(
        "text",
        [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "</details></figure><b>",
            "[x](javascript:alert(1))",
            "![x](https://example.org/x.png)",
            "[a]: https://example.org",
            "# A heading",
            "| a |\n| --- |\n| <b>x</b> |",
            "```html\n</code><script>alert(1)</script>",
            "$\\text{<script>alert(1)</script>}$",
            "x[^1]\n\n[^1]: note",
        ],
    )
    def test_can_do_nothing_to_the_page(self, text: str, article: Article) -> None:
        page = article("![](a.png)\n\nText.\n", kept(f"{text}\n\nEnd."))
        inside = page.partition("</summary>")[2].partition("</details>")[0]
        read = Reader(inside)
        assert read.names <= {*TABLE, "p", "div", "pre", "code", "span", "math", "mtext", "mrow"}
        assert read.attributes <= {"class", "role", "aria-label", "tabindex", "display"}
        assert page.endswith("</details>\n</figure>\n<p>Text.</p>")


def test_a_long_description_stands_on_a_page_once(article: Article) -> None:
    long = "A river drives three mills. " * 12
    page = article("![a](a.png)\n\nOnce ![b](b.png) more.\n", kept(long.strip()))
    said = f'<div id="bp-described-1">\n<p>{long.strip()}</p>\n</div>'
    again = '<p><a href="#bp-described-1">Described above in this chapter.</a></p>'
    summary = "Description of the picture, written by a model"
    assert page == (
        f'<figure class="picture">{shown("a")}{details(said)}</figure>\n'
        f"<p>Once {shown('b').strip()} more.</p>\n{details(again, f'{summary}: b').strip()}"
    )


PRINT = """
const page = await browser.newPage();
await page.setContent(args[0]);
const shown = () => page.$eval(".description p", (text) => text.checkVisibility());
const before = await shown();
await page.emulateMedia({ media: "print" });
const printed = await shown();
await page.emulateMedia({ media: "screen" });
return [before, printed, await shown()];
"""


def test_a_description_is_printed_though_it_is_folded(article: Article) -> None:
    style = (ROOT / "src/bookpack/editions/web/static/site.css").read_text("utf-8")
    page = article("![](a.png)\n", kept("A river drives three mills."))
    shown = in_browser(PRINT, f"<!doctype html><style>{style}</style><article>{page}</article>")
    assert shown == [False, True, False]
    page = page.replace('class="description"', 'class="description offline"')
    shown = in_browser(PRINT, f"<!doctype html><style>{style}</style><article>{page}</article>")
    assert shown == [False, False, False]


@few
@given(nasty_text)
def test_a_description_never_becomes_more_than_text(text: str) -> None:
    page = Reader(render_untrusted(as_quotable(text)[0], ENGLISH))
    assert not page.open
    assert not page.names & {"script", "img", "a", "iframe", "style", "details", "h1", "h2"}
    assert not page.attributes & {"id", "href", "src", "onclick", "style"}
