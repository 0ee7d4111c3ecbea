"""The dialect of Docusaurus: admonitions, tabs, and the traces of MDX."""

import json
import re

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from conftest import PICTURE, PICTURE_WORDS, write_files

CONFIG = "export default { title: 'A Book', url: 'https://example.com', baseUrl: '/' };\n"
FIGURE = (
    "> **Figure** (https://example.com/img/x.png)\n"
    f"> **Image description:** An x\n>\n> {PICTURE_WORDS}"
)


@pytest.fixture
def becomes(tmp_path):
    """Return a function that gives what a pack says of a chapter, and the findings about it."""

    def translate(text: str, name: str = "a.mdx", config: str = CONFIG):
        book = write_files(
            tmp_path,
            {
                "docusaurus.config.js": config,
                f"docs/{name}": f"---\ntitle: A\n---\n\n{text}",
                "docs/two.md": "---\ntitle: Two\n---\n\nText.\n",
                "static/img/x.png": PICTURE,
            },
        )
        run = CliRunner()
        arguments = ["--quiet", "--set", "pack.section-urls=false"]
        result = run.invoke(
            cli, ["build", str(book), "--only", "pack", *arguments], catch_exceptions=False
        )
        assert result.exit_code in (0, 1), result.output
        packed = (book / "build/book-packed.md").read_text("utf-8")
        pattern = rf"## File: {re.escape(name)}\n(`{{3,}})markdown\n# A\nurl: \S+\n\n(.*?)\n\1\n"
        body = re.search(pattern, packed, re.S)
        assert body is not None, packed
        found = run.invoke(cli, ["check", str(book), "--format", "json"], catch_exceptions=False)
        return body[2], [(f["name"], f["message"]) for f in json.loads(found.stdout)]

    return translate


@pytest.mark.parametrize(
    ("written", "packed"),
    [
        # admonitions
        (":::note\n\nText.\n\n:::", "> [!NOTE]\n> Text."),
        (":::tip[My *tip*]\n\nText.\n\n:::", "> [!TIP]\n> **My *tip***\n>\n> Text."),
        (":::warning My title\nText.\n:::", "> [!WARNING]\n> **My title**\n>\n> Text."),
        (":::danger{.big}\nText.\n:::", "> [!CAUTION]\n> Text."),
        (":::info[With [a link](two.md)]\nText.\n:::",
         "> [!NOTE]\n> **With [a link](https://example.com/docs/two)**\n>\n> Text."),
        (
            "::::info[Outer]\n\nText.\n\n:::note\n\nInner.\n\n:::\n\nMore.\n\n::::",
            "> [!NOTE]\n> **Outer**\n>\n> Text.\n>\n> > [!NOTE]\n> > Inner.\n>\n> More.",
        ),
        (
            "- item\n\n  :::tip\n\n  Text.\n\n      code\n\n  :::\n\n- more",
            "- item\n\n  > [!TIP]\n  > Text.\n  >\n  >     code\n\n- more",
        ),
        (":::note\n\n```md\n:::tip\n<Tabs>\n```\n\n:::",
         "> [!NOTE]\n> ```md\n> :::tip\n> <Tabs>\n> ```"),
        # tabs
        (
            '<Tabs groupId="os">\n<TabItem value="mac" label="macOS" default>\n\nOne.\n\n'
            "</TabItem>\n"
            '<TabItem value="linux">\n\nTwo.\n\n</TabItem>\n</Tabs>',
            "**macOS**\n\nOne.\n\n\n**linux**\n\nTwo.",
        ),
        (
            '<Tabs>\n  <TabItem value="mac" label="macOS">\n    One.\n\n'
            "    ```sh\n    ls\n    ```\n"
            '  </TabItem>\n  <TabItem value="x" label="X">Two.</TabItem>\n</Tabs>',
            "**macOS**\n\nOne.\n\n```sh\nls\n```\n\n\n**X**\n\nTwo.",
        ),
        # modules, comments
        ("import Tabs from '@theme/Tabs';\nimport {a, b} from \"./x\";\n\nText.", "Text."),
        ("export const toc = [\n  1,\n\n  2,\n];\n\nText.", "Text."),
        ("import './style.css'\n\nText.", "Text."),
        ("One {/* hidden\nlines */}two.", "One two."),
        ("{/* hidden */}\n\nText.", "Text."),
        # links and pictures
        ('See <Link to="/docs/two">two</Link>.', 'See <a href="https://example.com/docs/two">two</a>.'),
        ("![An x](@site/static/img/x.png)", FIGURE),
        ("<img src={useBaseUrl('/img/x.png')} alt=\"An x\" />", FIGURE),
        ("<img src={require('@site/static/img/x.png').default} alt=\"An x\" />", FIGURE),
    ],
)  # fmt: skip
def test_what_is_certain_becomes_markdown(becomes, written, packed):
    text, findings = becomes(f"Before.\n\n{written}\n\nAfter.\n")
    assert text.removeprefix("Before.").removesuffix("After.").strip() == packed
    assert findings == []


def test_imports_go_from_markdown_that_is_read_as_mdx(becomes):
    text = "import Tabs from '@theme/Tabs';\n\nText. import is a word.\nexport too.\n"
    assert becomes(text, "a.md")[0] == "Text. import is a word.\nexport too."
    plain = CONFIG.replace("baseUrl", "markdown: { format: 'detect' }, baseUrl")
    assert becomes(text, "a.md", plain)[0].startswith("import Tabs from")


@pytest.mark.parametrize(
    "written",
    [
        "`:::note` and `<Tabs>` and `{/* x */}`",
        "```jsx\nimport Tabs from '@theme/Tabs';\n<Tabs>\n{/* x */}\n:::note\n:::\n```",
        "~~~\n:::note\n~~~",
        "A ::: in a line, a < B and C > d.",
        "Smaller <b>html</b> and {#no-heading}.",
    ],
)
def test_code_and_common_text_are_not_touched(becomes, written):
    text, findings = becomes(f"Before.\n\n{written}\n\nAfter.\n")
    assert text == f"Before.\n\n{written}\n\nAfter."
    assert findings == []


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('<Own name="x" />', "The component Own stays as it is: what it shows is not known."),
        ("<Own a={{b: 1}}>\n\nText.\n\n</Own>",
         "The component Own stays as it is: what it shows is not known."),
        ("<Tabs>\n\nText.", "The component Tabs is never closed."),
        (":::own\n\nText.\n\n:::",
         "The admonition own stays as it is: Docusaurus has none of that name."),
        (":::note\n\nText.", "The admonition note is never closed."),
        ("Version {frontMatter.version}.",
         "{frontMatter.version} is computed by the site and stays as it is."),
        ("Text.\n\n</Tabs>", "</Tabs> closes nothing that is open."),
    ],
)  # fmt: skip
def test_what_nobody_knows_stays_byte_for_byte_and_is_reported(becomes, written, message):
    text, findings = becomes(f"Before.\n\n{written}\n\nAfter.\n")
    assert text == f"Before.\n\n{written}\n\nAfter."
    assert findings == [("untranslated-markup", message)]


def test_inside_of_what_nobody_knows_is_translated(becomes):
    text, findings = becomes("<Own>\n\n:::note\n\n[x](two.md)\n\n:::\n\n</Own>\n")
    assert text == "<Own>\n\n> [!NOTE]\n> [x](https://example.com/docs/two)\n\n</Own>"
    assert [name for name, _ in findings] == ["untranslated-markup"]


def test_stated_anchors_of_headings_are_kept(becomes):
    _, findings = becomes("## Long title {#short}\n\n[x](#short) [y](#long-title)\n")
    assert findings == [("broken-anchor", "a.mdx has no anchor #long-title.")]


@pytest.mark.parametrize("piece", ["<Tabs>", "</Tabs>", "<Tabs ", ":::note\n\n", "{/* ", "<A b={"])
def test_ten_thousand_halves_are_read_in_no_time(becomes, piece):
    text, _ = becomes(f"Text\n\n{piece * 10_000}\n")
    assert text.startswith("Text")


def test_ten_thousand_nested_tags_are_no_crash(becomes):
    text, _ = becomes("<Tabs>" * 10_000 + "x" + "</Tabs>" * 10_000)
    assert "x" in text
