"""What a page shows as text is what the pack says, and what the pack links to is on the site."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from bookpack.answers import Description, file_name, format_description
from bookpack.config import load_settings
from bookpack.editions.web.parity import check_parity
from bookpack.pipeline import build, check, check_editions
from conftest import PICTURE, SHARED, needs_shared, write_files
from web_sites import BuiltSite

MakeBook = Callable[..., Path]
Run = Callable[..., Any]
EVERYTHING = """\
# Bread & *Butter*

Plain, *soft*, **hard**, ~~gone~~, `a < b`, [a link](two.md), <https://example.com/two/>, &copy;.

![A loaf](loaf.png "The loaf") inside of a sentence, and [![A loaf](loaf.png)](two.md) as a link.

![A loaf](loaf.png "The loaf")

> A quote.
>
> > In a quote.

> [!NOTE]
> A note with a footnote[^b].

- [x] done
- [ ] to do

1. one
   1. inner

| Flour | Water |
| :---- | ----: |
| `a|b` | $x^2$ |

```python
def bake(dough: str) -> None: ...  # [Image: none]
```

Formulas $a_1$ and $\\nonsense{x}$, and

$$
\\frac{1}{2}
$$

<details><summary>More</summary>

*Inside* of <kbd>HTML</kbd><!-- nobody sees this -->.

</details>

Again[^b] and first[^a].

## A section {#its-own}

Last.

[^a]: The first is defined first.
[^b]: The second

    in two paragraphs.
[^c]: Nobody refers to it.
"""
TWO = "# Two\n\nBack to [the section](one.md#its-own).\n"


def found(site: BuiltSite, files: dict[str, bytes] | None = None) -> list[str]:
    diagnostics = check_parity(site.site, (files or site.files).get)
    return [f"{one.code} {one.path}: {one.message}" for one in diagnostics]


class TestText:
    def test_all_that_markdown_can_say_is_the_same(self, make_book: MakeBook) -> None:
        site = BuiltSite(make_book({"one.md": EVERYTHING, "two.md": TWO}))
        assert found(site) == []

    def test_footnotes_that_two_chapters_share_are_the_same(self, make_book: MakeBook) -> None:
        chapters = {f"{n}.md": f"# {n}\n\nText[^1].\n\n[^1]: Note {n}.\n" for n in "ab"}
        assert found(BuiltSite(make_book(chapters))) == []

    @pytest.mark.parametrize(
        "change", [(b"Last.", b"Lost."), (b"Last.", b""), (b"Last.", b"Last!")]
    )
    def test_a_page_that_says_something_else_is_reported(
        self, make_book: MakeBook, change: tuple[bytes, bytes]
    ) -> None:
        site = BuiltSite(make_book({"one.md": EVERYTHING, "two.md": TWO}))
        files = dict(site.files)
        files["one/index.html"] = files["one/index.html"].replace(*change)
        (finding,) = found(site, files)
        assert finding.startswith("BP804 chapters/one.md: Behind “")

    def test_the_finding_shows_where_they_part(self, make_book: MakeBook) -> None:
        site = BuiltSite(make_book({"one.md": "# One\n\nFlour and water.\n"}))
        page = site.files["one/index.html"].replace(b"and water", b"or salt")
        assert found(site, {"one/index.html": page}) == [
            "BP804 chapters/one.md: Behind “One Flour” the page says “or salt.” and the pack says "
            "“and water.”."
        ]

    def test_raw_html_that_the_pack_reads_as_markdown_is_reported(
        self, make_book: MakeBook, bookpack: Run
    ) -> None:
        book = make_book({"one.md": "# One\n\n<div>\nA \\[bracket\\].\n</div>\n"})
        result = bookpack("check", book)
        assert "BP804" in result.stdout
        ignoring = bookpack("check", book, "--set", 'lint.ignore=["BP804"]')
        assert "BP804" not in ignoring.stdout


CAPTIONED = """\
# One

<figure>
<img src="a.png">
<figcaption>The mill</figcaption>
</figure>

The miller.

![A loaf](a.png)
*The mill*

- ![A loaf](a.png)
  *The mill*
- The mill
"""


@pytest.mark.parametrize(
    "text",
    [
        '<a><img style="width:285px" src="a.png" alt="A mill"/></a>',
        'A <a><img src="a.png" alt="A mill"></a> mill.',
        '<a name="mill"><img src="a.png" alt="A mill"></a>',
        '<a href="https://example.org"><img src="a.png" alt="A mill"></a>',
        '<a name="mill"></a> A [![mill](a.png)](https://example.org) and ![mill](a.png).',
    ],
)
def test_pictures_in_anchors_are_not_compared(text: str, make_book: MakeBook) -> None:
    assert found(BuiltSite(make_book({"one.md": f"# One\n\n{text}\n\nText.\n"}))) == []


class TestCaptions:
    """Where the page leaves a caption to the author's HTML or list, only the pack takes it over."""

    def test_say_the_same_wherever_they_stand(self, make_book: MakeBook) -> None:
        assert found(BuiltSite(make_book({"one.md": CAPTIONED}))) == []

    @pytest.mark.parametrize(
        ("before", "after", "message"),
        [
            (
                "<p>The miller.</p>",
                "",
                "Behind “One The mill The mill The mill” the page says “” and the pack says “er."
                "The mill”.",
            ),
            ("<li>The mill</li>", "", "The page lacks “The mill”, a caption in the pack."),
            (
                "<figcaption>The mill</f",
                "<figcaption>A mill</f",
                "Behind “One” the page says “A mill The miller. The mill The mill” and the pack "
                "says “The miller.The mill”.",
            ),
        ],
    )
    def test_hide_no_other_difference(
        self, before: str, after: str, message: str, make_book: MakeBook
    ) -> None:
        site = BuiltSite(make_book({"one.md": CAPTIONED}))
        page = site.files["one/index.html"].decode()
        assert before in page
        changed = {"one/index.html": page.replace(before, after).encode()}
        assert found(site, changed) == [f"BP804 chapters/one.md: {message}"]


def test_a_drawing_in_a_description_is_part_of_it(make_book: MakeBook) -> None:
    drawing = "A mill.\n\n```mermaid\nwheat --> flour\n```\n\nMore of `</figure>` than shown.\n"
    description = Description(
        sha256(PICTURE).hexdigest(), {"chapters/a.png": ""}, kind="diagram", text=drawing
    )
    name = file_name("a.png", description.identity)
    book = make_book({"one.md": "# One\n\n![A mill](a.png)\n\nText.\n", "a.png": PICTURE})
    write_files(book, {f"descriptions/{name}": format_description(description)})
    checked = check(load_settings(book), book / "build")
    assert [one.message for one in check_editions(checked) if one.code == "BP804"] == []
    build(load_settings(book), book / "build", only="site")
    page = (book / "build" / "site" / "one" / "index.html").read_text("utf-8")
    assert page.index("wheat") < page.index("</figure>") < page.index("More of")


class TestLinks:
    def test_every_address_of_the_pack_has_its_place(self, make_book: MakeBook) -> None:
        site = BuiltSite(make_book({"one.md": EVERYTHING, "two.md": TWO}))
        files = dict(site.files)
        page = files["one/index.html"]
        files["one/index.html"] = page.replace(b'id="its-own"', b'id="another"')
        address = "https://example.com/one/#its-own names no place of the page one/index.html."
        assert found(site, files) == [
            f"BP805 chapters/one.md: {address}",
            f"BP805 chapters/two.md: {address}",
        ]

    def test_a_page_of_the_book_that_the_site_has_not_is_reported(
        self, make_book: MakeBook
    ) -> None:
        site = BuiltSite(make_book({"one.md": EVERYTHING, "two.md": TWO}))
        smaller = replace(site.site, pages=site.site.pages[1:])
        diagnostics = list(
            check_parity(smaller, lambda path: None if "one" in path else site.files.get(path))
        )
        assert [one.message for one in diagnostics] == [
            "https://example.com/one/#its-own leads to no page of the site."
        ]

    def test_old_addresses_lead_on(self, make_book: MakeBook) -> None:
        site = BuiltSite(
            make_book(
                {
                    "one.md": "---\naliases: [/old/]\n---\n# One\n\n## Here\n",
                    "two.md": "# Two\n\n[old](https://example.com/old/#here)\n",
                }
            )
        )
        assert found(site) == []

    def test_what_a_check_of_links_reports_is_not_reported_twice(self, make_book: MakeBook) -> None:
        assert found(BuiltSite(make_book({"a.md": "# A\n\n[x](gone.md) [y](#gone)\n"}))) == []


@needs_shared
@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("embedded-rust", "https://docs.rust-embedded.org/book"),
        ("codebook", "https://goodresearch.dev"),
        ("ospo-book", "https://ospobook.todogroup.org"),
    ],
)
def test_real_books_say_the_same_in_both_editions(name: str, url: str, tmp_path: Path) -> None:
    checked = check(load_settings(SHARED / "books" / name, url=url), tmp_path)
    assert [one for one in check_editions(checked) if one.code in ("BP804", "BP805")] == []
