"""The convention of Docusaurus: what is read of its programs, order, parts, addresses."""

import json

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from conftest import PICTURE, write_files

CONFIG = """
// @ts-check
/** @type {import('@docusaurus/types').Config} */
const config = {
  title: 'A Book', // url: 'https://wrong.example'
  tagline: "It's short",
  url: 'https://example.com',
  baseUrl: '/',
  i18n: { defaultLocale: 'en', locales: ['en'] },
  presets: [
    ['classic', ({ docs: { sidebarPath: './sidebars.js', editUrl: 'https://x.example/' } })],
  ],
  themeConfig: { navbar: { title: 'Not the title', items: [{ url: 'https://no.example' }] } },
};
module.exports = config;
"""
SIMPLE = "export default { title: 'A Book', url: 'https://example.com', baseUrl: '/' };\n"


def run(book, *arguments):
    result = CliRunner().invoke(cli, [arguments[0], str(book), *arguments[1:]])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def manifest(book, *arguments) -> list[dict]:
    """Build `book` and return the chapters of its manifest."""
    result = run(book, "build", "--only", "pack", "--quiet", *arguments)
    assert result.exit_code in (0, 1), result.output
    return json.loads((book / "build/manifest.json").read_text("utf-8"))["chapters"]


def order(book, *arguments) -> list[str]:
    return [chapter["path"] for chapter in manifest(book, *arguments)]


def addresses(book) -> dict[str, str]:
    return {c["path"]: c["url"].removeprefix("https://example.com") for c in manifest(book)}


def parts(book) -> list[tuple[str, str]]:
    return [(chapter["part"], chapter["path"]) for chapter in manifest(book)]


def packed(book) -> str:
    manifest(book)
    return (book / "build/book-packed.md").read_text("utf-8")


def findings(book) -> list[tuple[str, str]]:
    found = json.loads(run(book, "check", "--format", "json").stdout)
    return [(finding["name"], finding["message"]) for finding in found]


def doc(title: str, text: str = "", **fields: object) -> str:
    lines = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return f"---\ntitle: {title}\n{lines}---\n\nThe text of {title}.\n{text}"


@pytest.fixture
def site(tmp_path):
    """Return a function that writes a site: documents, settings, other files."""

    def make(docs, config: str = SIMPLE, more=None):
        files = {f"docs/{path}": text for path, text in docs.items()}
        return write_files(tmp_path, {"docusaurus.config.js": config, **files, **(more or {})})

    return make


# Settings that are programs


def test_literals_are_read_from_the_settings(site):
    book = site({"a.md": doc("A")}, CONFIG, {"sidebars.js": "module.exports = {s: ['a']};"})
    assert addresses(book) == {"a.md": "/docs/a"}
    text = packed(book)
    assert 'edition of "A Book"' in text
    assert "- Summary: It's short\n" in text
    assert "layout     docusaurus" in run(book, "build").output


@pytest.mark.parametrize(
    ("config", "address"),
    [
        ("module.exports = {url: 'https://e.org', baseUrl: '/x/'};", "https://e.org/x/docs/a"),
        ('export default {"url": "https://e.org", "baseUrl": "/",};', "https://e.org/docs/a"),
        (
            "const u = 'https://e.org';\n"
            "const c: Config = { url: u, baseUrl: `/` };\nexport default c;",
            "https://e.org/docs/a",
        ),
        (
            "export default async function make() { return {url: 'https://e.org', baseUrl: '/'} }",
            "https://e.org/docs/a",
        ),
        (
            "export default { url: process.env.URL ?? 'https://e.org', baseUrl: '/' }"
            " satisfies Config;",
            "https://e.org/docs/a",
        ),
        (
            "const url = 'https://e.org'\nmodule.exports = { url, baseUrl: '/', "
            "presets: [['x', { docs: { routeBasePath: '/' }, blog: { routeBasePath: 'b' } }]] }",
            "https://e.org/a",
        ),
        (
            "module.exports = { url: 'https://e.org', baseUrl: '/', plugins: ['x', "
            "['@docusaurus/plugin-content-docs', { routeBasePath: 'guide' }]] }",
            "https://e.org/guide/a",
        ),
        (
            "module.exports = { url: 'https://e.org', baseUrl: '/', trailingSlash: true }",
            "https://e.org/docs/a/",
        ),
    ],
)
def test_settings_can_be_written_in_many_ways(site, config, address):
    book = site({"a.md": doc("A")}, config)
    assert [chapter["url"] for chapter in manifest(book)] == [address]


@pytest.mark.parametrize(
    "config",
    [
        "module.exports = { url: getUrl(), baseUrl: '/' };",
        "module.exports = { url: 'https://e.org', baseUrl: process.env.BASE };",
        "module.exports = { url: `https://${host}`, baseUrl: '/' };",
        "module.exports = require('./other');",
        "",
    ],
)
def test_what_would_have_to_be_computed_is_asked_for(site, bookpack, config):
    book = site({"a.md": doc("A")}, config)
    result = bookpack("build", book)
    assert result.returncode == 2
    assert "docusaurus.config.js does not write url and baseUrl as plain strings" in result.stderr
    assert "--url" in result.stderr
    result = bookpack("build", book, "--url", "https://given.example/x")
    assert result.returncode == 0
    chapters = json.loads((book / "build/manifest.json").read_text("utf-8"))["chapters"]
    assert chapters[0]["url"] == "https://given.example/x/docs/a"


@pytest.mark.parametrize("name", ["js", "ts", "mjs", "cjs"])
def test_every_kind_of_settings_file_is_recognised(tmp_path, name):
    book = write_files(tmp_path, {f"docusaurus.config.{name}": SIMPLE, "docs/a.md": doc("A")})
    assert addresses(book) == {"a.md": "/docs/a"}


# Addresses


def test_addresses_come_from_paths_without_numbers(site):
    book = site(
        {
            "01-intro.md": doc("1"),
            "2-Basics/03_first-steps.mdx": doc("2"),
            "2-Basics/index.md": doc("3"),
            "guide/README.md": doc("4"),
            "api/api.md": doc("5"),
            "2021-11-20-release.md": doc("6"),
            "7.0-notes.md": doc("7"),
            "two words.md": doc("8"),
            "deep/er/x.md": doc("9"),
        }
    )
    assert addresses(book) == {
        "01-intro.md": "/docs/intro",
        "2-Basics/index.md": "/docs/Basics/",
        "2-Basics/03_first-steps.mdx": "/docs/Basics/first-steps",
        "2021-11-20-release.md": "/docs/2021-11-20-release",
        "7.0-notes.md": "/docs/7.0-notes",
        "api/api.md": "/docs/api/",
        "deep/er/x.md": "/docs/deep/er/x",
        "guide/README.md": "/docs/guide/",
        "two words.md": "/docs/two%20words",
    }


def test_front_matter_states_id_and_slug(site):
    book = site(
        {
            "p/a.md": doc("A", slug="/abs/olute"),
            "p/b.md": doc("B", slug="relative"),
            "p/c.md": doc("C", id="other"),
            "p/d.md": doc("D", slug="../up"),
            "e.md": doc("E", slug="/"),
            "p/index.md": doc("F", slug="front"),
            "01-g.md": doc("G", parse_number_prefixes="false"),
        }
    )
    assert addresses(book) == {
        "01-g.md": "/docs/01-g",
        "e.md": "/docs/",
        "p/index.md": "/docs/p/front",
        "p/a.md": "/docs/abs/olute",
        "p/b.md": "/docs/p/relative",
        "p/c.md": "/docs/p/other",
        "p/d.md": "/docs/up",
    }


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("true", ["/docs/", "/docs/a/", "/docs/p/"]), ("false", ["/docs", "/docs/a", "/docs/p"])],
)
def test_slashes_at_the_end_are_the_site_s_choice(site, setting, expected):
    config = SIMPLE.replace("baseUrl", f"trailingSlash: {setting}, baseUrl")
    book = site({"a.md": doc("A"), "p/index.md": doc("P"), "index.md": doc("I")}, config)
    assert sorted(addresses(book).values()) == expected


def test_the_newest_version_is_the_book(site):
    book = site(
        {"next.md": doc("Next")},
        more={
            "versions.json": '["2.0", "1.0"]',
            "versioned_docs/version-2.0/b.md": doc("B"),
            "versioned_docs/version-2.0/a.md": doc("A"),
            "versioned_docs/version-1.0/old.md": doc("Old"),
            "versioned_sidebars/version-2.0-sidebars.json": '{"s": ["version-2.0/b", "a"]}',
        },
    )
    assert list(addresses(book).items()) == [("b.md", "/docs/b"), ("a.md", "/docs/a")]


# Order and parts, made from folders


def test_positions_and_numbers_order_what_lies_in_a_folder(site):
    book = site(
        {
            "z.md": doc("Z", sidebar_position=1.5),
            "02-b.md": doc("B"),
            "1-a.md": doc("A"),
            "none.md": doc("None"),
            "also-none.md": doc("Also"),
            "3-part/2-y.md": doc("Y"),
            "3-part/1-x.md": doc("X"),
            "placed/p.md": doc("P"),
            "placed/_category_.json": '{"label": "The placed", "position": 1.7}',
            "indexed/index.md": doc("The indexed", sidebar_position=2.5),
            "indexed/q.md": doc("Q"),
            "yaml/_category_.yml": "label: From YAML\nposition: 9\n",
            "yaml/deep/r.md": doc("R"),
        }
    )
    assert parts(book) == [
        ("", "1-a.md"),
        ("", "z.md"),
        ("The placed", "placed/p.md"),
        ("", "02-b.md"),
        ("The indexed", "indexed/index.md"),
        ("The indexed", "indexed/q.md"),
        ("part", "3-part/1-x.md"),
        ("part", "3-part/2-y.md"),
        ("From YAML", "yaml/deep/r.md"),
        ("", "also-none.md"),
        ("", "none.md"),
    ]


def test_what_is_no_chapter(site):
    book = site(
        {
            "a.md": doc("A", "[d](d.md) [u](./u.md) [c](/docs/category/part) [s](/search)\n"),
            "d.md": doc("D", draft="true"),
            "u.md": doc("U", unlisted="true"),
            "_partial.md": "Part.\n",
            "_parts/x.md": "Part.\n",
            "part/_category_.json": '{"label": "Part", "link": {"type": "generated-index"}}',
            "part/b.md": doc("B"),
        }
    )
    assert order(book) == ["a.md", "part/b.md"]
    assert findings(book) == [
        ("link-to-draft", "d.md leads to d.md, which is left out (draft)."),
        ("draft-chapter", "d.md is a draft and is left out."),
    ]
    assert order(book, "--set", "layout.drafts=true") == ["a.md", "d.md", "part/b.md"]


# Sidebars that are written

SIDEBARS = """
// @ts-check
/** @type {import('@docusaurus/plugin-content-docs').SidebarsConfig} */
const sidebars = {
  main: [
    'z',
    {type: 'doc', id: 'a', label: "The A"},
    {
      type: 'category',
      label: 'First part',
      link: {type: 'doc', id: 'part/front'},
      collapsed: false,
      items: ['part/two', {type: 'category', label: 'Inner', items: ['part/one']}],
    },
    {'In short': ['short']},
    {type: 'category', label: 'By folder', items: [{type: 'autogenerated', dirName: 'auto'}]},
    {type: 'link', label: 'Elsewhere', href: 'https://x.example'},
    {type: 'ref', id: 'a'}, /* only a link */
  ],
};
module.exports = sidebars;
"""


def test_a_written_sidebar_is_the_order(site):
    docs = {
        "a.md": doc("A"),
        "z.md": doc("Z"),
        "part/front.md": doc("Front"),
        "part/01-one.md": doc("One"),
        "part/two.md": doc("Two"),
        "short.md": doc("Short"),
        "auto/2-b.md": doc("B"),
        "auto/1-a.md": doc("A2"),
        "lost.md": doc("Lost"),
    }
    book = site(docs, CONFIG, {"sidebars.js": SIDEBARS})
    assert parts(book) == [
        ("", "z.md"),
        ("", "a.md"),
        ("First part", "part/front.md"),
        ("First part", "part/two.md"),
        ("First part", "part/01-one.md"),
        ("In short", "short.md"),
        ("By folder", "auto/1-a.md"),
        ("By folder", "auto/2-b.md"),
    ]
    assert findings(book) == [("unlisted-chapter", "lost.md is in no sidebar, so it is left out.")]


def test_a_document_that_a_sidebar_lists_and_nobody_wrote_is_reported(site):
    book = site({"a.md": doc("A")}, more={"sidebars.js": "module.exports = {s: ['gone', 'a']}"})
    assert order(book) == ["a.md"]
    assert findings(book) == [
        ("missing-chapter", "sidebars.js lists gone, and there is no such document.")
    ]


def test_a_computed_sidebar_falls_back_to_folders_and_says_so(site):
    computed = "module.exports = {s: [...require('./more'), 'a']};"
    book = site({"2-b.md": doc("B"), "1-a.md": doc("A")}, more={"sidebars.js": computed})
    assert order(book) == ["1-a.md", "2-b.md"]
    [(name, message)] = findings(book)
    assert name == "invalid-convention-settings"
    assert message == (
        "sidebars.js is computed (...require('./more')), so the documents are ordered by folders "
        "and positions."
    )


def test_the_template_s_sidebar_is_made_of_folders(site):
    template = "export default {tutorialSidebar: [{type: 'autogenerated', dirName: '.'}]};"
    book = site({"2-b.md": doc("B"), "1-a.md": doc("A")}, more={"sidebars.ts": template})
    assert order(book) == ["1-a.md", "2-b.md"]
    assert findings(book) == []


# Links and anchors


def test_links_by_file_and_by_address_are_understood(site):
    links = [
        ("./2-part/02-b.md", "/docs/part/b"),
        ("2-part/c.mdx#here", "/docs/part/c#here"),
        ("/2-part/02-b.md", "/docs/part/b"),
        ("part/b", "/docs/part/b"),
        ("/docs/part/c", "/docs/part/c"),
        ("@site/docs/2-part/02-b.md", "/docs/part/b"),
        ("@site/static/files/x.pdf", "/files/x.pdf"),
        ("/files/x.pdf", "/files/x.pdf"),
        ("pathname:///files/x.pdf", "/files/x.pdf"),
    ]
    book = site(
        {
            "a.md": doc("A", "".join(f"\n[L]({target})\n" for target, _ in links)),
            "2-part/02-b.md": doc("B", "[c](./c.mdx) ![i](./img/i.png)\n"),
            "2-part/c.mdx": doc("C", "\n## Here we go {#here}\n"),
            "2-part/img/i.png": PICTURE,
        },
        more={"static/files/x.pdf": "x"},
    )
    text = packed(book)
    for target, url in links:
        assert f"\n[L](https://example.com{url})\n" in text, target
    assert findings(book) == []


def test_broken_links_are_found(site):
    book = site({"a.md": doc("A", "[1](./gone.md) [2](/docs/gone) [3](#gone) ![4](/img/no.png)\n")})
    assert [name for name, _ in findings(book)] == [
        "broken-link",
        "broken-link",
        "broken-anchor",
        "missing-asset",
    ]


def test_a_link_to_its_own_folder_ends_no_search(site, tmp_path):
    book = site({"a.md": doc("A")})
    try:
        (tmp_path / "docs/loop").symlink_to(tmp_path / "docs")
    except OSError:
        pytest.skip("this file system has no symbolic links")
    assert order(book) == ["a.md"]


def test_a_new_document_in_mdx_is_noticed(site, tmp_path):
    book = site({"a.md": doc("A")})
    assert order(book) == ["a.md"]
    write_files(tmp_path, {"docs/b.mdx": doc("B")})
    assert order(book) == ["a.md", "b.mdx"]
