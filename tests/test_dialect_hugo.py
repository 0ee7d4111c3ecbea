"""The dialect of Hugo: shortcodes become Markdown, or stay as they are and are reported."""

import json
import re

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from conftest import write_files

SETTINGS = """
baseURL = "https://example.com/"
title = "A Book"
[params]
version = "2.1"
[params.team]
name = "Us_and_them"
"""
OTHERS = {
    "content/docs/_index.md": "---\ntitle: Docs\n---\n",
    "content/docs/two.md": "---\ntitle: Two\nweight: 2\n---\n\n## Part X\n\nText.\n",
    "content/docs/deep/three/index.md": "---\ntitle: Three\nweight: 3\n---\n\nText.\n",
    "content/blog/same.md": "---\ntitle: Same 1\n---\n\nText.\n",
    "content/news/same.md": "---\ntitle: Same 2\n---\n\nText.\n",
    "content/docs/later.md": "---\ntitle: Later\ndraft: true\n---\n\nText.\n",
}


def run(book, *arguments):
    result = CliRunner().invoke(cli, [arguments[0], str(book), *arguments[1:]])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def becomes(tmp_path):
    """Return a function that gives what a pack says of a chapter, and the findings about it."""

    def translate(text: str) -> tuple[str, list[tuple[str, str]]]:
        one = f"---\ntitle: One\nweight: 1\nflavour: sour\n---\n\n{text}"
        book = write_files(tmp_path, {"hugo.toml": SETTINGS, "content/docs/one.md": one, **OTHERS})
        run(book, "build", "--only", "pack", "--quiet", "--set", "pack.section-urls=false")
        packed = (book / "build/book-packed.md").read_text("utf-8")
        body = re.search(
            r"## File: docs/one\.md\n(`{3,})markdown\n# One\nurl: \S+\n\n(.*?)\n\1\n", packed, re.S
        )
        assert body is not None
        found = json.loads(run(book, "check", "--format", "json").stdout)
        return body[2], [(f["name"], f["message"]) for f in found if f["name"] != "draft-chapter"]

    return translate


# What becomes Markdown: as written, as packed


@pytest.mark.parametrize(
    ("written", "packed"),
    [
        # references
        ('[x]({{< ref "two.md" >}})', "[x](https://example.com/docs/two/)"),
        ('[x]({{< relref "two#part-x" >}})', "[x](https://example.com/docs/two/#part-x)"),
        ('[x]({{% ref "/docs/two" %}})', "[x](https://example.com/docs/two/)"),
        ('[x]({{< ref "/docs" >}})', "[x](https://example.com/docs/)"),
        ('[x]({{< ref "/docs/_index.md" >}})', "[x](https://example.com/docs/)"),
        ('[x]({{<ref "./deep/three">}})', "[x](https://example.com/docs/deep/three/)"),
        ("[x]({{< ref three >}})", "[x](https://example.com/docs/deep/three/)"),
        ('[x]({{< ref path="two.md" >}})', "[x](https://example.com/docs/two/)"),
        ("[x]({{< ref `two.md` >}} \"title\")", '[x](https://example.com/docs/two/ "title")'),
        ('[x][y]\n\n[y]: {{< ref "two" >}}', "[x][y]\n\n[y]: https://example.com/docs/two/"),
        ('<a href="{{< ref "two" >}}">x</a>', '<a href="https://example.com/docs/two/">x</a>'),
        ('See {{< ref "two" >}}.', "See https://example.com/docs/two/."),
        # pictures
        (
            '{{< figure src="https://p.example/a.png" alt="An A" >}}',
            "> **Figure** (https://p.example/a.png)\n> **Image description:** An A",
        ),
        (
            '{{< figure src="https://p.example/a.png" title="T" caption="C \\"c\\"" >}}',
            '> **Figure: T: C "c"** (https://p.example/a.png)',
        ),
        (
            '{{< figure src="https://p.example/a.png" caption="By [me](/docs/two/)" alt="A" >}}',
            "> **Figure** (https://p.example/a.png)\n> **Image description:** A\n\n"
            "By [me](https://example.com/docs/two/)",
        ),
        # code
        ("{{< highlight go >}}\nx := 1\n{{< /highlight >}}", "```go\nx := 1\n```"),
        (
            '{{< highlight md "linenos=table" >}}\n```\n{{< ref "x" >}}\n\n    y\n'
            "{{< /highlight >}}",
            '````md\n```\n{{< ref "x" >}}\n\n    y\n````',
        ),
        ('Say {{< highlight go "hl_inline=true" >}}a{{< /highlight >}}.', "Say `a`."),
        ("{{< mermaid >}}\ngraph LR\n  A-->B\n{{< /mermaid >}}",
         "```mermaid\ngraph LR\n  A-->B\n```"),
        # videos and posts
        (
            "{{< youtube w7Ft2ymGmfc >}}",
            "[YouTube video](https://www.youtube.com/watch?v=w7Ft2ymGmfc)",
        ),
        ('{{< youtube id="x" title="A talk" >}}', "[YouTube video: A talk](https://www.youtube.com/watch?v=x)"),
        ("{{< vimeo 146022717 >}}", "[Vimeo video](https://vimeo.com/146022717)"),
        ("{{< gist jmooring 50a7 >}}", "[GitHub gist](https://gist.github.com/jmooring/50a7)"),
        ('{{< x user="SanDiegoZoo" id="145" >}}', "[Post on X](https://x.com/SanDiegoZoo/status/145)"),
        # parameters
        ("Version {{< param version >}}, {{% param flavour %}}.", "Version 2.1, sour."),
        ('{{< param "team.name" >}}', "Us_and_them"),
        # what only shows a shortcode
        ('Write {{</* ref "two" */>}}.', 'Write {{< ref "two" >}}.'),
        ("Write {{%/* note */%}}.", "Write {{% note %}}."),
        ("Write {{</*b*/>}}.", r"Write {{\<b>}}."),
        # boxes
        ("{{% alert %}}\nText.\n{{% /alert %}}", "> [!NOTE]\n> Text."),
        (
            '{{% alert title="Mind" color="warning" %}}\nText.\n\n- a\n{{% /alert %}}',
            "> [!WARNING]\n> **Mind**\n>\n> Text.\n>\n> - a",
        ),
        ('{{% pageinfo color="primary" %}}Text.{{% /pageinfo %}}', "> [!NOTE]\n> Text."),
        ("{{< hint danger >}}\nText.\n{{< /hint >}}", "> [!CAUTION]\n> Text."),
        ('{{% notice style="tip" title="Try" %}}\nText.\n{{% /notice %}}',
         "> [!TIP]\n> **Try**\n>\n> Text."),
        ("{{< callout type=\"error\" >}}Text.{{< /callout >}}", "> [!CAUTION]\n> Text."),
        ("{{< note >}}\nText.\n{{< /note >}}", "> [!NOTE]\n> Text."),
        # what can be folded and switched
        ('{{< details summary="More" >}}\nText.\n{{< /details >}}', "**More**\n\nText."),
        ('{{% expand "More" %}}\nText.\n{{% /expand %}}', "**More**\n\nText."),
        (
            '{{< tabs "id" >}}\n{{< tab "Mac" >}}\nOne.\n{{< /tab >}}\n{{< tab "Linux" >}}\nTwo.\n'
            "{{< /tab >}}\n{{< /tabs >}}",
            "**Mac**\n\nOne.\n\n\n**Linux**\n\nTwo.",
        ),
        (
            '{{< tabs items="A,B" >}}\n{{< tab >}}One.{{< /tab >}}\n'
            "{{< tab >}}Two.{{< /tab >}}\n{{< /tabs >}}",
            "**A**\n\nOne. \n\n**B**\n\nTwo.",
        ),
        (
            '{{< tabpane lang="sh" >}}\n{{< tab header="Go" lang="go" >}}\nx := 1\n{{< /tab >}}\n'
            "{{< tab >}}\nls\n{{< /tab >}}\n{{< /tabpane >}}",
            "**Go**\n\n```go\nx := 1\n```\n\n\n```sh\nls\n```",
        ),
        ("{{< columns >}}\nleft\n\n<--->\n\nright\n{{< /columns >}}", "left\n\n\n\nright"),
        ('{{< button href="https://x.example/" >}}Go on{{< /button >}}', "[Go on](https://x.example/)"),
        ('{{% button relref="two" %}}Go{{% /button %}}', "[Go](https://example.com/docs/two/)"),
        ('{{< card link="/docs/two/" title="Two" >}}', "- [Two](https://example.com/docs/two/)"),
        ("{{< comment >}}\nhidden {{< x >}}\n{{< /comment >}}\nText.", "Text."),
        ("A {{< katex >}}x^2{{< /katex >}}.", "A $x^2$."),
    ],
)  # fmt: skip
def test_what_is_certain_becomes_markdown(becomes, written, packed):
    text, findings = becomes(f"Before.\n\n{written}\n\nAfter.\n")
    middle = text.removeprefix("Before.").removesuffix("After.").strip()
    assert middle == packed
    assert [f for f in findings if f[0] != "image-without-words"] == []


def test_a_box_keeps_what_is_in_it(becomes):
    text, findings = becomes(
        '{{% alert title="Note" %}}\nSee [two]({{< ref "two" >}}).\n\n'
        '```md\n{{< ref "no" >}}\n```\n\n'
        "{{< details >}}\nInner {{</* x */>}}.\n{{< /details >}}\n{{% /alert %}}\nAfter.\n"
    )
    assert text == (
        "> [!NOTE]\n> See [two](https://example.com/docs/two/).\n>\n"
        '> ```md\n> {{< ref "no" >}}\n> ```\n>\n> Inner {{< x >}}.\n\nAfter.'
    )
    assert findings == []


def test_a_box_in_a_list_stays_in_it(becomes):
    text, _ = becomes(
        "1. One\n\n   {{% alert %}}\n   Text.\n\n   More.\n   {{% /alert %}}\n\n2. Two\n"
    )
    assert text == "1. One\n\n   > [!NOTE]\n   > Text.\n   >\n   > More.\n\n2. Two"


def test_highlighted_code_in_a_list_stays_in_it(becomes):
    text, _ = becomes("- One\n\n  {{< highlight sh >}}\n  ls\n  {{< /highlight >}}\n\n- Two\n")
    assert text == "- One\n\n  ```sh\n  ls\n  ```\n\n- Two"


def test_a_box_between_lines_of_text_stands_alone(becomes):
    text, _ = becomes("Before.\n{{% note %}}Text.{{% /note %}}\nAfter.\n")
    assert text == "Before.\n\n> [!NOTE]\n> Text.\n\nAfter."


# What stays as it is


@pytest.mark.parametrize(
    "written",
    [
        "`{{< ref \"two\" >}}`",
        "```\n{{< ref \"two\" >}}\n{{</* x */>}}\n```",
        "~~~md\n{{% alert %}}\n{{% /alert %}}\n~~~",
        "    {{< youtube x >}}",
        "Braces {{ .Title }} and {{< and {{ >}}.",
        "{{<>}}",
    ],
)  # fmt: skip
def test_code_and_other_braces_are_not_touched(becomes, written):
    text, findings = becomes(f"Before.\n\n{written}\n\nAfter.\n")
    assert text == f"Before.\n\n{written}\n\nAfter."
    assert findings == []


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("{{< own a=1 >}}", "own"),
        ("{{< own/deep.html >}}", "own/deep.html"),
        ("{{% children depth=\"2\" %}}", "children"),
        ("{{< param missing >}}", "param"),
        ("{{< tab \"x\" >}}", "tab"),
        ("{{% note %}} never closed", "note"),
        ("{{< youtube >}}", "youtube"),
    ],
)  # fmt: skip
def test_what_nobody_knows_stays_byte_for_byte_and_is_reported(becomes, written, name):
    text, findings = becomes(f"Before.\n\n{written}\n\nAfter.\n")
    assert text == f"Before.\n\n{written}\n\nAfter."
    assert findings == [
        (
            "untranslated-markup",
            f"The shortcode {name} stays as it is: what it shows is not known.",
        )
    ]


def test_inside_of_what_nobody_knows_is_translated(becomes):
    text, findings = becomes('{{< own >}}\n[x]({{< ref "two" >}})\n{{< /own >}}\n')
    assert text == "{{< own >}}\n[x](https://example.com/docs/two/)\n{{< /own >}}"
    assert [name for name, _ in findings] == ["untranslated-markup"]


def test_a_closing_tag_alone_is_reported(becomes):
    text, findings = becomes("Text {{< /note >}}.\n")
    assert text == "Text {{< /note >}}."
    assert findings == [("untranslated-markup", "{{< /note >}} closes nothing that is open.")]


@pytest.mark.parametrize(
    ("written", "finding"),
    [
        ('[x]({{< ref "gone.md" >}})', ("undefined-label", "There is no page gone.md.")),
        (
            '[x]({{< ref "same.md" >}})',
            ("undefined-label", "same.md can mean blog/same and news/same."),
        ),
        ('[x]({{< ref "/two" >}})', ("undefined-label", "There is no page /two.")),
        (
            '[x]({{< ref "two.md#gone" >}})',
            ("broken-anchor", "docs/two.md has no anchor #gone."),
        ),
        (
            '[x]({{< ref "later.md" >}})',
            ("link-to-draft", "https://example.com/docs/later/ leads to docs/later.md, "
             "which is left out (draft)."),
        ),
        (
            '[x]({{< ref path="two" lang="ja" >}})',
            ("untranslated-markup",
             '{{< ref path="two" lang="ja" >}} names a page of another language.'),
        ),
    ],
)  # fmt: skip
def test_references_that_lead_nowhere_are_reported(becomes, written, finding):
    _, findings = becomes(f"{written}\n")
    assert findings == [finding]


def test_findings_stand_at_the_author_s_line(tmp_path):
    box = "{{% note %}}\nText.\n{{% /note %}}"
    text = f"---\ntitle: A\n---\n\n{box}\n\nHere {{{{< own >}}}}.\n\n[x](/no/)\n"
    book = write_files(tmp_path, {"hugo.toml": SETTINGS, "content/a.md": text})
    found = json.loads(run(book, "check", "--format", "json").stdout)
    places = [(f["name"], f["line"], f["column"]) for f in found]
    assert sorted(places) == [("broken-link", 11, 5), ("untranslated-markup", 9, 6)]


@pytest.mark.parametrize("piece", ["{{<", '{{< a "', "{{</*", "{{% x ", "{{< /a >}}", "{{< a >}}"])
def test_ten_thousand_halves_are_read_in_no_time(becomes, piece):
    text, _ = becomes(f"Text {piece * 10_000}\n")
    assert text.startswith("Text {{")
