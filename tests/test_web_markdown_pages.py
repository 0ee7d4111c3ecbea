"""The book as text beside its pages: Markdown at the same address, llms.txt, assistants."""

import re

import pytest
from markdown_it import MarkdownIt

from bookpack.config import load_settings
from bookpack.editions.web.markdown_pages import assistant_links, markdown_path
from bookpack.errors import SettingsError
from web_sites import BuiltSite

BOOK = """[book]
title = "Bread"
url = "https://example.com"
authors = ["A Baker"]
summary = "How bread is made."
"""
SOLD = BOOK + '[pack]\npublish = false\n\n[site]\nsold-at = "https://example.org/shop"\n'
CHAPTERS = {
    "rye.md": "---\nsummary: A dark one.\n---\n# Rye\n\n"
    "Rye rises slowly, as [wheat](wheat.md) never does.\n",
    "wheat.md": "# Wheat\n\nWheat rises quickly.\n",
}


def simple_entries(text: str) -> list[tuple[str, str, str]]:
    """Read the entries of an llms.txt as the plainest of its readers do: up to the next bracket."""
    entry = re.compile(r"^-\s*\[([^\]]+)\]\(([^)]+)\)(?::\s*(.*))?$", re.M)
    return entry.findall(text)


def test_every_page_has_its_markdown_at_the_same_address(make_book):
    built = BuiltSite(make_book(CHAPTERS, BOOK))
    assert built.text("rye/index.md") == (
        "# Rye\nurl: https://example.com/rye/\n\n"
        "Rye rises slowly, as [wheat](https://example.com/wheat/) never does.\n"
    )
    page = built.files["rye/index.html"].decode()
    assert '<link rel="alternate" type="text/markdown" href="index.md">' in page


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("https://example.com/a/", "a/index.md"),
        ("https://example.com/a", "a/index.md"),
        ("https://example.com/a.html", "a.md"),
        ("https://example.com/a.htm", "a.htm.md"),
        ("https://example.com/", "index.md"),
    ],
)
def test_the_markdown_lies_where_the_page_lies(make_book, address, path):
    built = BuiltSite(make_book({"a.md": f"# A\nurl: {address}\n\nText.\n"}, BOOK))
    (page,) = built.site.pages
    assert markdown_path(page) == path
    assert built.text(path) == f"# A\nurl: {address}\n\nText.\n"


def test_llms_txt_lists_the_chapters_with_their_tokens(make_book):
    built = BuiltSite(make_book(CHAPTERS, BOOK))
    rye, wheat = (page.packed.tokens for page in built.site.pages)
    assert built.text("llms.txt") == (
        "# Bread\n"
        "\n"
        "> How bread is made.\n"
        "\n"
        "- Authors: A Baker\n"
        "- Language: en\n"
        f"- Tokens are counted for {built.site.token_label}\n"
        "\n"
        "## Chapters\n"
        "\n"
        f"- [Rye](https://example.com/rye/index.md): {rye} tokens. A dark one.\n"
        f"- [Wheat](https://example.com/wheat/index.md): {wheat} tokens\n"
        "\n"
        "## Optional\n"
        "\n"
        "- [The whole book in one file](https://example.com/llms-full.txt): "
        f"about {rye + wheat} tokens\n"
    )


def test_llms_full_txt_is_the_packed_edition(make_book):
    built = BuiltSite(make_book(CHAPTERS, BOOK))
    assert built.text("llms-full.txt").encode() == built.packed


def test_every_part_of_the_book_is_a_section(make_book):
    settings = BOOK + (
        '[[part]]\ntitle = "Dark"\nchapters = ["rye.md"]\n'
        '[[part]]\ntitle = "Optional"\nchapters = ["wheat.md"]\n'
    )
    text = BuiltSite(make_book(CHAPTERS, settings)).text("llms.txt")
    # Optional has a meaning of its own there, which a part must not take.
    assert re.findall(r"^## (.*)$", text, re.M) == ["Dark", "Part: Optional", "Optional"]


@pytest.mark.parametrize(
    "title",
    [
        "a [b] c",
        "[x](y)",
        "*a* _b_ `c`",
        "<b>",
        "a\\[b",
        "&amp; & <",
        "~~no~~",
        "snake_case",
        "] [",
    ],
)
def test_titles_stand_in_llms_txt_as_they_are(make_book, title):
    escaped = title.replace("\\", "\\\\").replace('"', '\\"')
    settings = f'[book]\ntitle = "{escaped}"\nurl = "https://example.com"\n'
    written = f'---\ntitle: "{escaped}"\nsummary: "{escaped}"\n---\n\nText.\n'
    text = BuiltSite(make_book({"a.md": written}, settings)).text("llms.txt")
    (entry, *_) = simple_entries(text)
    assert entry[1] == "https://example.com/a/index.md"
    tokens = MarkdownIt("commonmark").enable("strikethrough").parse(text)
    inline = [token for token in tokens if token.type == "inline"]
    assert [child.content for child in inline[0].children or [] if child.type == "text"] == [title]
    chapter = next(token for token in inline if "index.md" in token.content)
    shown = "".join(child.content for child in chapter.children or [])
    assert shown.startswith(f"{title}: ")
    assert shown.endswith(title)


@pytest.mark.parametrize("summary", ["1. Bake", "- Bake", "# Bake", "> Bake", "+ Bake", "=== Bake"])
def test_a_summary_stays_a_sentence(make_book, summary):
    settings = f'[book]\ntitle = "B"\nurl = "https://example.com"\nsummary = "{summary}"\n'
    text = BuiltSite(make_book({"a.md": "# A\n"}, settings)).text("llms.txt")
    tokens = MarkdownIt("commonmark").parse(text)
    kinds = [token.type for token in tokens[3:8]]
    assert kinds == [
        "blockquote_open",
        "paragraph_open",
        "inline",
        "paragraph_close",
        "blockquote_close",
    ]
    assert "".join(child.content for child in tokens[5].children or []) == summary


def test_brackets_in_an_address_do_not_end_it(make_book):
    text = BuiltSite(
        make_book({"a.md": "# A\nurl: https://example.com/a_(b)/\n\nText.\n"}, BOOK)
    ).text("llms.txt")
    assert simple_entries(text)[0][:2] == ("A", "https://example.com/a_%28b%29/index.md")


# A pack that is sold


def test_a_book_whose_pack_is_sold_publishes_its_text_in_pages_alone(make_book):
    built = BuiltSite(make_book(CHAPTERS, SOLD))
    sentences = (b"rises slowly", b"rises quickly", b"never does")
    holding = {path for path, data in built.files.items() if any(s in data for s in sentences)}
    assert holding == {"rye/index.html", "wheat/index.html", "print.html"}
    assert not any(path.endswith(".md") for path in built.files)
    assert "llms-full.txt" not in built.files
    assert b"text/markdown" not in built.files["rye/index.html"]


def test_its_llms_txt_says_where_the_pack_is(make_book):
    text = BuiltSite(make_book(CHAPTERS, SOLD)).text("llms.txt")
    assert simple_entries(text) == [
        ("Rye", "https://example.com/rye/", "A dark one."),
        ("Wheat", "https://example.com/wheat/", ""),
        (
            "The packed edition of this book",
            "https://example.org/shop",
            "all chapters as text for language models",
        ),
    ]
    assert ".md" not in text


def test_a_pack_that_is_neither_published_nor_sold_is_not_mentioned(make_book):
    text = BuiltSite(make_book(CHAPTERS, BOOK + "[pack]\npublish = false\n")).text("llms.txt")
    assert "packed edition" not in text
    assert "llms-full" not in text


# Assistants

ASSISTANTS = (
    BOOK
    + """[site.assistants]
Oracle = "https://oracle.example/new?q={prompt}"
Reader = "https://reader.example/open?page={url}&ask={prompt}"
"""
)


def test_assistants_are_given_the_address_of_the_markdown(make_book):
    built = BuiltSite(make_book(CHAPTERS, ASSISTANTS))
    prompt = (
        "Read%20https%3A%2F%2Fexample.com%2Frye%2Findex.md"
        "%20and%20answer%20my%20questions%20about%20it."
    )
    assert assistant_links(built.site, built.site.pages[0], published=True) == (
        ("Oracle", f"https://oracle.example/new?q={prompt}"),
        (
            "Reader",
            "https://reader.example/open?page=https%3A%2F%2Fexample.com%2Frye%2Findex.md"
            f"&ask={prompt}",
        ),
    )


def test_without_markdown_they_are_given_the_page(make_book):
    built = BuiltSite(make_book(CHAPTERS, ASSISTANTS))
    _, reader = assistant_links(built.site, built.site.pages[0], published=False)
    assert reader.url.startswith(
        "https://reader.example/open?page=https%3A%2F%2Fexample.com%2Frye%2F&"
    )


def test_an_author_words_the_question(make_book):
    settings = ASSISTANTS + '[site.words]\nassistant-prompt = "Lies {url} und {prompt}"\n'
    built = BuiltSite(make_book(CHAPTERS, settings))
    oracle, _ = assistant_links(built.site, built.site.pages[0], published=True)
    assert oracle.url.endswith(
        "?q=Lies%20https%3A%2F%2Fexample.com%2Frye%2Findex.md%20und%20%7Bprompt%7D"
    )


def test_no_assistant_is_linked_unless_the_author_names_one(make_book):
    built = BuiltSite(make_book(CHAPTERS, BOOK))
    assert assistant_links(built.site, built.site.pages[0], published=True) == ()


# Settings


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        (
            'assistants = { A = "javascript:{url}" }',
            "assistants must give 'A' an http or https address",
        ),
        ('assistants = { A = "https://a.example/" }', "with {url} or {prompt}"),
        ('assistants = { A = "https://a.example/{link}" }', "with {url} or {prompt}"),
        ('assistants = "https://a.example/{url}"', "assistants must be a table of strings"),
        ('sold-at = "shop"', "sold-at must be an http or https address, not 'shop'"),
        (
            'edit = "https://example.org/edit"',
            "edit must be an http or https address with {path}, not 'https://example.org/edit'",
        ),
        ('license = "CC BY 4.0"', "license must be an http or https address"),
        ('rsl = "/license.xml"', "rsl must be an http or https address"),
        ('color = "blue"', "color must be written as #rrggbb, not 'blue'"),
        ('card-font = "../font.ttf"', "card-font must stay inside the book's folder"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make_book, table, complaint):
    with pytest.raises(SettingsError, match=re.escape(complaint)):
        load_settings(make_book({"a.md": "# A\n"}, f"{BOOK}[site]\n{table}\n"))
