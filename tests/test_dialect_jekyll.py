"""Jekyll's chapters made plain: Liquid, kramdown's attribute lists, Markdown in HTML."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from bookpack.read.dialects.liquid import evaluate
from conftest import write_files

BASE = "https://example.com/base"
CONFIG = (
    "title: The Book\nurl: https://example.com\nbaseurl: /base\npermalink: pretty\n"
    "collections:\n  docs:\n    output: true\n"
)
OTHERS = {
    "_docs/b.md": "---\ntitle: Second\n---\n\n## Part two\n",
    "_posts/2020-01-02-hello.md": "---\ntitle: Hello\n---\nHi.\n",
    "about.md": "---\ntitle: About\n---\nUs.\n",
    "assets/x.pdf": "",
    "logo.png": "",
}


def a_book(folder: Path, text: str, config: str = CONFIG, **files: str) -> Path:
    front = "---\ntitle: First\nversion: 1.10\n---\n\n"
    return write_files(
        folder, {"_config.yml": config, "_docs/a.md": front + text, **OTHERS, **files}
    )


def run(book: Path, *arguments: str) -> str:
    result = CliRunner().invoke(cli, [arguments[0], str(book), *arguments[1:]])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def packed(book: Path) -> str:
    """Return the first chapter as its readers get it, without title and address."""
    run(book, "build", "--only", "pack", "--quiet", "--style", "json")
    text = json.loads((book / "build/book-packed.json").read_text("utf-8"))["files"]["a.md"]
    return text.split("\n", 3)[3]


def findings(book: Path) -> list[tuple[str, int, int]]:
    found = json.loads(run(book, "check", "--format", "json"))
    return [(f["name"], f["line"], f["column"]) for f in found]


# Liquid


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("[x]({% link _docs/b.md %})", f"[x]({BASE}/docs/b/)"),
        ("[x]({%- link about.md -%}#us)", f"[x]({BASE}/about/#us)"),
        ("[x]({% link assets/x.pdf %})", f"[x]({BASE}/assets/x.pdf)"),
        ("[x]({{ site.baseurl }}{% link _docs/b.md %}#part-two)", f"[x]({BASE}/docs/b/#part-two)"),
        ("[x]({{site.url}}{{site.baseurl}}{% link _docs/b.md %})", f"[x]({BASE}/docs/b/)"),
        ("[x]({% post_url 2020-01-02-hello %})", f"[x]({BASE}/2020/01/02/hello/)"),
        ("[x]({{ site.baseurl }}/docs/b/)", f"[x]({BASE}/docs/b/)"),
        ("[x]({{ site.baseurl }})", f"[x]({BASE}/)"),
        ("[x]({{ site.url }}{{ site.baseurl }}/docs/b/)", f"[x]({BASE}/docs/b/)"),
        ("[x]({{ site.url }}/else)", "[x](https://example.com/else)"),
        ('[x]({{ "/docs/b/" | relative_url }})', f"[x]({BASE}/docs/b/)"),
        ("[x]({{ 'docs/b/' | absolute_url }})", f"[x]({BASE}/docs/b/)"),
        ('[x]({{ "/docs/b/" | prepend: site.baseurl }})', f"[x]({BASE}/docs/b/)"),
        ("[x]({{ '/docs' | append: '/b/' | relative_url }})", f"[x]({BASE}/docs/b/)"),
        ("[x]({{ page.url }})", f"[x]({BASE}/docs/a/)"),
        (
            "{{ page.title }} of {{ site.title | upcase }} {{page.version}}",
            "First of THE BOOK 1.10",
        ),
        ('Write {{ "{{ x }}" }}.', "Write {{ x }}."),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("a {% comment %} {{ x }} [y](z) {% endcomment %}b", "a b"),
        ("`{% raw %}{{ x }}{% endraw %}`", "`{{ x }}`"),
        ("`{% link x %} {{ page.title }} {: .x}`", "`{% link x %} {{ page.title }} {: .x}`"),
    ],
)
def test_liquid_of_certain_value(tmp_path, written, plain):
    book = a_book(tmp_path / "book", written + "\n")
    assert packed(book) == plain + "\n"
    assert findings(book) == []


@pytest.mark.parametrize(
    "written",
    [
        "{% youtube abc %}",
        "{{ site.data.x.y }}",
        "{{ page.title | truncate: 3 }}",
        "{{ unknown }}",
        "{% include box.html text='x' %}",
        "{% include static.html %}",
        "{% include liquid.md %}",
        "{% include {{ page.part }} %}",
        "{% for p in site.docs %}{{ p.title }} {{ page.title }}{% endfor %}",
        "{% if x %}a{% if y %}b{% endif %}{% else %}c{% endif %}",
        "{% raw %}never closed",
        "{% assign a = 1 %}",
    ],
)
def test_other_liquid_stays_whole_and_is_reported_once(tmp_path, written):
    files = {
        "_includes/box.html": "<p>{{ include.text }}</p>",
        "_includes/static.html": "<p>x</p>",
        "_includes/liquid.md": "{{ page.title }}",
    }
    book = a_book(tmp_path / "book", f"Text {written}\n", **files)
    assert packed(book) == f"Text {written}\n"
    assert findings(book) == [("untranslated-markup", 6, 6)]


def test_what_liquid_names_and_is_not_there_is_reported(tmp_path):
    text = (
        "[x]({% link _docs/none.md %})\n[y]({% post_url 2020-01-03-none %})\n{% include no.md %}\n"
    )
    found = findings(a_book(tmp_path / "book", text))
    assert ("undefined-label", 6, 5) in found
    assert ("undefined-label", 7, 5) in found
    assert ("missing-include", 8, 1) in found


def test_what_a_theme_may_bring_is_not_called_missing(tmp_path):
    book = a_book(tmp_path / "book", "{% include toc.html %}\n", CONFIG + "theme: minima\n")
    assert findings(book) == [("untranslated-markup", 6, 1)]


def test_static_files_are_included_and_their_links_found(tmp_path):
    text = "Before.\n\n{% include note.md %}\n\n{% include_relative more.txt %}\n"
    files = {"_includes/note.md": "See [b](b.md) *now*.\n", "_docs/more.txt": "[c](nothing/)"}
    book = a_book(tmp_path / "book", text, **files)
    assert packed(book).startswith(f"Before.\n\nSee [b]({BASE}/docs/b/) *now*.\n\n[c](")
    assert findings(book) == [("broken-link", 10, 1)]


def test_highlighted_code_is_a_code_block(tmp_path):
    text = (
        "{% highlight ruby linenos %}\n{% raw %}\ndef a\n  ```\n  {{ b }}\n{% endraw %}\n"
        "{% endhighlight %}\n\n"
        "* Item:\n\n  {% highlight c %}\n  int a;\n  {% endhighlight %}\n\n[b](b.md){: .button}\n"
    )
    book = a_book(tmp_path / "book", text)
    assert packed(book) == (
        "````ruby\n\ndef a\n  ```\n  {{ b }}\n````\n\n"
        f"* Item:\n\n  ```c\n  int a;\n  ```\n\n[b]({BASE}/docs/b/)\n"
    )
    assert findings(book) == []


def test_raw_around_and_inside_code_goes_and_the_code_stays(tmp_path):
    text = (
        "{% raw %}\n```liquid\n{{ page.title }}\n```\n{% endraw %}\n\n"
        "```liquid\n{% raw %}\n{% include x %}\n{% endraw %}\n```\n\n"
        "```liquid\n{% include x %}\n{% comment %}c{% endcomment %}\n```\n"
    )
    book = a_book(tmp_path / "book", text)
    assert packed(book).strip() == (
        "```liquid\n{{ page.title }}\n```\n\n\n"
        "```liquid\n{% include x %}\n```\n\n"
        "```liquid\n{% include x %}\n{% comment %}c{% endcomment %}\n```"
    )
    assert findings(book) == []


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'a|b' | append: \"c\"", "a|bc"),
        ("'x' | prepend: site.baseurl", None),
        ("'/x' | prepend: site.url", f"{BASE}/x"),
        ("'http://a.b/' | relative_url", "http://a.b/"),
        ("site.nested", None),
        ("site.nested.key | escape", "a &amp; b"),
        ("'a' | date: '%Y'", None),
        ("", None),
    ],
)
def test_expressions(expression, value):
    names = {"site": {"nested": {"key": "a & b"}}, "page": {}}
    assert evaluate(expression, names, BASE) == value


# kramdown


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Text.\n{: .lead}\n", "Text.\n"),
        ("{: .lead }\nText.\n", "Text.\n"),
        ("One.\n{: .a}\nTwo.\n", "One.\n\nTwo.\n"),
        ("> Quote.\n{: .a .b}\n", "> Quote.\n"),
        ("> Quote.\n> {: .a}\n", "> Quote.\n> \n"),
        ("| a |\n| - |\n| b |\n{: .table }\n", "| a |\n| - |\n| b |\n"),
        ("{:name: .a .b}\nText *x*{: name}\n", "Text *x*\n"),
        ('[x](http://a.b){:target="_blank"}{:.c} y\n', "[x](http://a.b) y\n"),
        ("`x`{:.ruby} **y**{: .b} <b>z</b>{: .c}\n", "`x` **y** <b>z</b>\n"),
        ("- {:.a} One\n- Two\n", "- One\n- Two\n"),
        ("* TOC\n{:toc}\n\nText.\n", "\nText.\n"),
        ("1. Contents\n{:toc .x}\n\nText.\n", "\nText.\n"),
        ("a {::comment}b{:/comment}c\n", "a c\n"),
        ("a {::nomarkdown}<b>*x*</b>{:/} c\n", "a <b>*x*</b> c\n"),
        ('{::options toc_levels="2" /}\nText.\n', "\nText.\n"),
        ("A map {:key value} stays.\n", "A map {:key value} stays.\n"),
        ("*[HTML]: Hyper Text\n", "*[HTML]: Hyper Text\n"),
        ("Term\n: Meaning\n", "Term\n: Meaning\n"),
        ("```\n{: .x}\n```\n{: .y}\n", "```\n{: .x}\n```\n"),
    ],
)
def test_attribute_lists_go(tmp_path, written, plain):
    assert packed(a_book(tmp_path / "book", "Begin.\n\n" + written)) == "Begin.\n\n" + plain


@pytest.mark.parametrize(
    "heading",
    [
        "## Title {#own}",
        "## Title\n{: #own}",
        "## Title ##\n{: .x #own .y}",
        "{: #own}\n## Title",
        "## Title {: #own}",
        "Title\n-----\n{: #own }",
        "Title {#own}\n-----",
    ],
)
def test_ids_of_headings_are_their_anchors(tmp_path, heading):
    book = a_book(tmp_path / "book", f"See [it](#own).\n\n{heading}\n\nText.\n")
    assert findings(book) == []
    text = packed(book)
    assert f"See [it]({BASE}/docs/a/#own)." in text
    assert f"url: {BASE}/docs/a/#own\n" in text


@pytest.mark.parametrize(
    "element",
    ["Text.\n{: #own}", "*Text*{: #own}", "- a\n- b\n{: #own}", "| a |\n| - |\n| b |\n{: #own}"],
)
def test_ids_of_anything_else_are_anchors_too(tmp_path, element):
    book = a_book(tmp_path / "book", f"See [it](#own).\n\n{element}\n\nText.\n")
    assert findings(book) == []
    text = packed(book)
    assert f"[it]({BASE}/docs/a/#own)" in text
    assert "{:" not in text
    assert "<span" not in text


def test_classes_at_a_heading_go(tmp_path):
    text = "## Contents {: .no_toc }\n\n## Two\n{: .no_toc .delta }\n\nText.\n"
    assert packed(a_book(tmp_path / "book", text)) == (
        f"## Contents\nurl: {BASE}/docs/a/#contents\n\n## Two\nurl: {BASE}/docs/a/#two\n\nText.\n"
    )


def test_callouts_of_just_the_docs(tmp_path):
    config = CONFIG + "callouts:\n  warning: {title: Careful}\n  new: {}\n"
    text = (
        "{: .warning }\nRead [b](b.md)\nand *c*.\n\n{: .new }\n> One.\n>\n> Two.\n\n"
        "{: .warning-title }\n> Own title\n>\n> Three.\n\n{: .other }\nPlain.\n"
    )
    assert packed(a_book(tmp_path / "book", text, config)) == (
        f"> [!WARNING]\n> **Careful**\n>\n> Read [b]({BASE}/docs/b/)\n> and *c*.\n\n"
        "> [!NOTE]\n> **New**\n>\n> One.\n>\n> Two.\n\n"
        "> [!WARNING]\n> **Own title**\n>\n> Three.\n\nPlain.\n"
    )


# Markdown in HTML


@pytest.mark.parametrize("value", ['"1"', "1", '"block"', "'block'"])
def test_markdown_in_html_is_markdown(tmp_path, value):
    text = (
        f'Before [it](#in).\n\n<aside markdown={value} class="x">\n## In\nText *a* [b](b.md).\n'
        "</aside>\n\nAfter.\n"
    )
    book = a_book(tmp_path / "book", text)
    assert findings(book) == []
    assert packed(book) == (
        f"Before [it]({BASE}/docs/a/#in).\n\n## In\nurl: {BASE}/docs/a/#in\n\n"
        f"Text *a* [b]({BASE}/docs/b/).\n\nAfter.\n"
    )


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        # A tag of a sentence begins a paragraph, though it has a line to itself.
        ('<aside markdown="1">\n  <b>\n  \\[*a*\\] b</b>\n</aside>\n', "  <b> \\[*a*\\] b</b>\n"),
        ("<b>\n*a* b</b>\n", "<b> *a* b</b>\n"),
        # Where no Markdown is read, or no text follows, nothing begins.
        ("<div>\n<b>\n*a* b</b>\n</div>\n", "<b>\n*a* b</b>\n"),
        ("<b>\n<i>x</i>\n</b>\n", "<b>\n<i>x</i>\n</b>\n"),
    ],
)
def test_a_line_of_one_tag_begins_a_paragraph(tmp_path, written, plain):
    book = a_book(tmp_path / "book", written)
    assert findings(book) == []
    assert packed(book).strip("\n") == plain.strip("\n")


def test_markdown_in_a_span_of_html(tmp_path):
    text = 'One <span markdown="span">*two*</span>.\n\n<p markdown="1">*Three*</p>\n'
    assert packed(a_book(tmp_path / "book", text)) == "One *two*.\n\n*Three*\n"


def test_findings_tell_the_place_in_the_authors_file(tmp_path):
    text = (
        "{% comment %}\nx\n{% endcomment %}\n{% highlight c %}\nx\n{% endhighlight %}\n\n[x](no/)\n"
    )
    assert findings(a_book(tmp_path / "book", text)) == [("broken-link", 13, 5)]


def test_windows_line_ends(tmp_path):
    text = "## A\r\n{: #b}\r\n\r\nText [x](#b).\r\n{: .y}\r\n"
    book = a_book(tmp_path / "book", text)
    assert findings(book) == []
    assert packed(book) == f"## A {{#b}}\nurl: {BASE}/docs/a/#b\n\nText [x]({BASE}/docs/a/#b).\n"
