"""The convention of Hugo: which files are chapters, their order, parts, addresses, anchors."""

import json

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from conftest import PICTURE, write_files

BASE = 'baseURL = "https://example.com/"\ntitle = "A Book"\n'


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


def addresses(book, *arguments) -> dict[str, str]:
    chapters = manifest(book, *arguments)
    return {c["path"]: c["url"].removeprefix("https://example.com") for c in chapters}


def parts(book) -> list[tuple[str, str]]:
    return [(chapter["part"], chapter["path"]) for chapter in manifest(book)]


def packed(book, *arguments) -> str:
    manifest(book, *arguments)
    return (book / "build/book-packed.md").read_text("utf-8")


def findings(book, *arguments) -> list[tuple[str, str]]:
    """Return what `check` says, as name and message."""
    found = json.loads(run(book, "check", "--format", "json", *arguments).stdout)
    return [(finding["name"], finding["message"]) for finding in found]


def page(title: str, **fields: object) -> str:
    """Return a page with front matter and a line of text of its own."""
    lines = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return f"---\ntitle: {title}\n{lines}---\n\nThe text of {title}.\n"


@pytest.fixture
def site(tmp_path):
    """Return a function that writes a site: files of `content`, settings, other files."""

    def make(content, settings: str = "", more=None):
        files = {f"content/{path}": text for path, text in content.items()}
        return write_files(
            tmp_path / "site", {"hugo.toml": BASE + settings, **files, **(more or {})}
        )

    return make


# Which folders are Hugo's


@pytest.mark.parametrize(
    "files",
    [
        {"hugo.toml": BASE},
        {"hugo.yaml": "baseURL: https://example.com/\ntitle: A Book\n"},
        {"hugo.json": '{"baseURL": "https://example.com/", "title": "A Book"}'},
        {"config.toml": BASE},
        {"config.yaml": "baseURL: https://example.com/\ntitle: A Book\n"},
        {"config/_default/hugo.toml": BASE},
        {"config/_default/config.yaml": "baseurl: https://example.com/\ntitle: A Book\n"},
        {
            "config/_default/hugo.toml": 'title = "Other"\nbaseURL = "http://localhost:1313/"\n',
            "config/production/hugo.toml": BASE,
        },
        {"config.toml": 'theme = "x"\nbaseurl = "https://example.com"\n',
         "config/_default/languages.toml": '[en]\ntitle = "A Book"\n'},
    ],
    ids=lambda files: " ".join(files),
)  # fmt: skip
def test_a_settings_file_of_hugo_s_is_recognised(tmp_path, files):
    book = write_files(tmp_path, {**files, "content/a.md": page("A")})
    assert addresses(book) == {"a.md": "/a/"}
    assert 'edition of "A Book"' in packed(book)
    assert "layout     hugo" in run(book, "build").output


def test_a_config_toml_of_another_tool_is_not_hugo_s(tmp_path):
    write_files(
        tmp_path, {"config.toml": 'base_url = "https://z.example/"\n', "content/a.md": "# A\n"}
    )
    result = run(tmp_path, "build", "--url", "https://example.com")
    assert "layout     native" in result.output


def test_settings_that_nobody_can_read_are_said_with_their_line(tmp_path, bookpack):
    book = write_files(tmp_path, {"hugo.toml": "baseURL = \n", "content/a.md": page("A")})
    result = bookpack("build", book)
    assert result.returncode == 2
    assert "hugo.toml is not valid TOML" in result.stderr
    found = json.loads(run(book, "check", "--url", "https://e.org", "--format", "json").stdout)
    assert {(f["name"], f["path"].rpartition("/")[2], f["line"]) for f in found} == {
        ("book-without-title", tmp_path.name, 1),
        ("invalid-convention-settings", "hugo.toml", 1),
    }


def test_what_bookpack_s_settings_say_wins(site):
    book = site({"a.md": page("A")}, more={"bookpack.toml": '[book]\ntitle = "Mine"\n'})
    assert 'edition of "Mine"' in packed(book)
    assert manifest(book, "--url", "https://other.example/x")[0]["url"] == (
        "https://other.example/x/a/"
    )


def test_a_site_without_content_is_a_settings_error(tmp_path, bookpack):
    book = write_files(tmp_path, {"hugo.toml": BASE})
    result = bookpack("build", book)
    assert result.returncode == 2
    assert "There is no folder" in result.stderr
    assert "which hugo.toml names as the folder of content" in result.stderr


# Order


def test_weights_come_first_and_zero_is_last(site):
    book = site(
        {
            "none.md": page("A none"),
            "zero.md": page("B zero", weight=0),
            "ten.md": page("Ten", weight=10),
            "two.md": page("Two", weight=2),
            "minus.md": page("Minus", weight=-1),
        }
    )
    assert order(book) == ["minus.md", "two.md", "ten.md", "none.md", "zero.md"]


def test_then_newest_first_then_titles_then_paths(site):
    book = site(
        {
            "old.md": page("Old", date="2020-01-01"),
            "new.md": page("New", date="2024-05-01T10:00:00+02:00"),
            "undated-b.md": page("éclair"),
            "undated-a.md": page("Zebra"),
            "undated-c.md": page("apple"),
            "linked.md": page("Zzz", linkTitle="Banana"),
            "same-2.md": page("zebra"),
            "lastmod.md": page("Changed", lastmod="2022-01-01"),
        }
    )
    assert order(book) == [
        "new.md",
        "lastmod.md",
        "old.md",
        "undated-c.md",
        "linked.md",
        "undated-b.md",
        "undated-a.md",
        "same-2.md",
    ]


def test_dates_in_toml_and_yaml_are_one(site):
    book = site(
        {
            "b.md": '+++\ntitle = "B"\ndate = 2021-01-01T00:00:00Z\n+++\nText.\n',
            "a.md": page("A", date="2020-01-01"),
            "c.md": '+++\ntitle = "C"\ndate = 2022-01-01\n+++\nText.\n',
            "d.md": page("D", date="2023-01-01 10:00:00 +0200"),
        }
    )
    assert order(book) == ["d.md", "c.md", "b.md", "a.md"]


def test_a_section_stands_among_the_pages_beside_it_and_is_read_depth_first(site):
    book = site(
        {
            "docs/_index.md": page("Docs"),
            "docs/end.md": page("End", weight=9),
            "docs/start.md": page("Start", weight=1),
            "docs/middle/_index.md": page("Middle", weight=5),
            "docs/middle/b.md": page("B", weight=2),
            "docs/middle/a.md": page("A", weight=3),
            "docs/middle/deep/_index.md": page("Deep", weight=1),
            "docs/middle/deep/x.md": page("X"),
        }
    )
    assert order(book) == [
        "docs/_index.md",
        "docs/start.md",
        "docs/middle/_index.md",
        "docs/middle/deep/_index.md",
        "docs/middle/deep/x.md",
        "docs/middle/b.md",
        "docs/middle/a.md",
        "docs/end.md",
    ]


def test_a_deeper_folder_without_an_index_is_no_section(site):
    book = site(
        {
            "docs/x/a.md": page("A", weight=3),
            "docs/b.md": page("B", weight=2),
            "docs/y/c.md": page("C", weight=1),
            "blog/d.md": page("D"),
        }
    )
    assert parts(book) == [
        ("Blog", "blog/d.md"),
        ("Docs", "docs/y/c.md"),
        ("Docs", "docs/b.md"),
        ("Docs", "docs/x/a.md"),
    ]


# Parts


def test_sections_are_parts_by_the_title_of_their_index(site):
    book = site(
        {
            "one/_index.md": "---\ntitle: The first part\nweight: 1\n---\n",
            "one/a.md": page("A"),
            "two/_index.md": page("The second part", weight=2),
            "two/b.md": page("B"),
            "two/inner/_index.md": page("Inner"),
            "two/inner/c.md": page("C"),
            "front.md": page("Front", weight=-1),
        }
    )
    assert parts(book) == [
        ("", "front.md"),
        ("The first part", "one/a.md"),
        ("The second part", "two/_index.md"),
        ("The second part", "two/b.md"),
        ("The second part", "two/inner/_index.md"),
        ("The second part", "two/inner/c.md"),
    ]


def test_what_all_chapters_share_is_no_part(site):
    book = site(
        {
            "docs/_index.md": "---\ntitle: Documentation\n---\n",
            "docs/a/_index.md": "---\ntitle: Basics\nweight: 1\n---\n",
            "docs/a/x.md": page("X"),
            "docs/b/_index.md": "---\ntitle: More\nweight: 2\n---\n",
            "docs/b/y.md": page("Y"),
        }
    )
    assert parts(book) == [("Basics", "docs/a/x.md"), ("More", "docs/b/y.md")]


# What is no chapter


def test_pages_of_the_site_are_no_chapters(site):
    book = site(
        {
            "_index.md": page("Welcome"),
            "search.md": "---\ntitle: Search\nlayout: search\n---\n",
            "found.md": page("Found", type="search"),
            "filled.md": "---\ntitle: Filled\nlayout: gallery\n---\n",
            "toc.md": page("Overview"),
            "inhalt.md": page("Table of Contents"),
            "part/_index.md": "---\ntitle: Part\n---\n\n# Part\n\n{{< children >}}\n<!-- x -->\n",
            "part/a.md": page("A") + "[s](/search/) [h](/) [p](/part/) [t](/toc/) [i](../)\n",
            "said/_index.md": page("Said"),
            "docs.md": page("Docs", layout="docs", type="book"),
        }
    )
    assert order(book) == ["docs.md", "part/a.md", "said/_index.md"]
    assert findings(book) == []


def test_an_empty_page_without_a_layout_is_an_empty_chapter(site):
    book = site({"a.md": "---\ntitle: A\n---\n", "b.md": page("B")})
    assert order(book) == ["a.md", "b.md"]
    assert findings(book) == [("empty-chapter", "a.md has no text.")]


def test_drafts_and_pages_that_are_not_rendered_are_left_out(site):
    book = site(
        {
            "a.md": page("A") + "[d](/d/) [h](../headless/)\n",
            "d.md": page("D", draft="true"),
            "headless/index.md": page("H", headless="true"),
            "never.md": "---\ntitle: N\nbuild:\n  render: never\n---\nText.\n",
            "never2.md": "---\ntitle: N2\n_build:\n  render: false\n---\nText.\n",
            "unlisted.md": "---\ntitle: U\nbuild:\n  list: never\n---\nText.\n",
        }
    )
    assert order(book) == ["a.md", "unlisted.md"]
    assert findings(book) == [
        ("link-to-draft", "/d/ leads to d.md, which is left out (draft)."),
        (
            "link-to-draft",
            "../headless/ leads to headless/index.md, which is left out (not rendered).",
        ),
        ("draft-chapter", "d.md is a draft and is left out."),
    ]
    assert order(book, "--set", "layout.drafts=true") == ["a.md", "d.md", "unlisted.md"]


def test_dates_of_publishing_and_expiring_are_not_looked_at(site):
    book = site(
        {
            "a.md": page("A", publishDate="2999-01-01"),
            "b.md": page("B", expiryDate="2001-01-01"),
            "c.md": page("C", date="2999-01-01"),
        }
    )
    assert order(book) == ["a.md", "c.md", "b.md"]


def test_pages_inside_a_bundle_are_part_of_it(site):
    book = site({"a/index.md": page("A"), "a/notes.md": page("N"), "a/deep/more.md": page("M")})
    assert addresses(book) == {"a/index.md": "/a/"}


def test_generated_lists_are_right_to_link_to(site):
    links = "[t](/tags/) [x](/tags/big-one/) [c](/categories/) [s](/docs/) [f](/index.xml)\n"
    book = site({"docs/a.md": page("A", tags="[Big One]") + links})
    assert findings(book) == []
    assert "[x](https://example.com/tags/big-one/)" in packed(book)


def test_a_chosen_folder_is_the_book_and_the_rest_is_the_site(site):
    book = site(
        {"docs/a.md": page("A") + "[b](/blog/b/)\n", "blog/b.md": page("B")},
        more={"bookpack.toml": '[layout]\nconvention = "hugo"\nsource = "content/docs"\n'},
    )
    assert addresses(book) == {"docs/a.md": "/docs/a/"}
    assert findings(book) == []


# Addresses


def test_addresses_are_pretty_and_in_lower_case(site):
    book = site(
        {
            "02-chapter.md": page("A"),
            "Some Folder/My Page (1).md": page("B"),
            "Über uns.md": page("C"),
            "v1.2/What's new?.md": page("D"),
            "bundle/index.md": page("E"),
            "docs/_index.md": page("F"),
            "C# & C++.md": page("G"),
        }
    )
    assert addresses(book) == {
        "02-chapter.md": "/02-chapter/",
        "bundle/index.md": "/bundle/",
        "Über uns.md": "/über-uns/",
        "docs/_index.md": "/docs/",
        "C# & C++.md": "/c%23-c++/",
        "Some Folder/My Page (1).md": "/some-folder/my-page-1/",
        "v1.2/What's new?.md": "/v1.2/whats-new/",
    }


@pytest.mark.parametrize(
    ("setting", "address"),
    [
        ("", "/sub/page-é/"),
        ("uglyURLs = true", "/sub/page-é.html"),
        ("disablePathToLower = true", "/Sub/Page-É/"),
        ("removePathAccents = true", "/sub/page-e/"),
        ('[permalinks]\nsub = "/:section/x-:filename/"', "/sub/x-page-é/"),
        ('[permalinks.page]\nsub = "/:year/:month/:day/:slug/"', "/2024/03/09/the-title/"),
        ('[permalinks]\nsub = "/:sections/:title"', "/sub/the-title/"),
        ('[permalinks]\nsub = "/:slugorcontentbasename/"', "/page-é/"),
        ('[permalinks]\nother = "/:title/"', "/sub/page-é/"),
    ],
)
def test_settings_change_addresses(site, setting, address):
    book = site({"Sub/Page É.md": page("The Title", date="2024-03-09")}, setting)
    assert list(addresses(book).values()) == [address]


def test_a_permalink_nobody_knows_is_reported_and_not_guessed(site):
    book = site({"sub/a.md": page("A")}, '[permalinks]\nsub = "/:moonphase/:slug/"\n')
    assert addresses(book) == {"sub/a.md": "/sub/a/"}
    assert findings(book) == [
        (
            "invalid-convention-settings",
            "The permalink /:moonphase/:slug/ holds :moonphase, which bookpack does not know.",
        )
    ]


def test_front_matter_states_address_slug_and_aliases(site):
    book = site(
        {
            "s/a.md": page("A", url="/deep/place/"),
            "s/b.md": page("B", url="deep/file.html"),
            "s/c.md": page("C", slug="Sea Side"),
            "s/d/index.md": page("D", slug="dee"),
            "s/e.md": page("E", aliases="[old-e, /older/e/]")
            + "[1](/s/old-e/) [2](/older/e) [3](/deep/place)\n",
        }
    )
    assert addresses(book) == {
        "s/a.md": "/deep/place/",
        "s/b.md": "/deep/file.html",
        "s/c.md": "/s/sea-side/",
        "s/d/index.md": "/s/dee/",
        "s/e.md": "/s/e/",
    }
    assert findings(book) == []


def test_front_matter_in_json_is_read(site):
    book = site(
        {"a.md": '{\n\t"title": "A: b",\n\t"weight": 2,\n\t"slug": "x"\n}\n\nText.\n',
         "b.md": '{"title": "B", "weight": 1, "draft": null}\nText.\n'}
    )  # fmt: skip
    assert addresses(book) == {"b.md": "/b/", "a.md": "/x/"}
    assert "# A: b\nurl: https://example.com/x/\n\nText.\n" in packed(book)


def test_a_base_with_a_path_stays_before_everything(tmp_path):
    book = write_files(
        tmp_path,
        {
            "hugo.toml": 'baseURL = "https://example.com/book/"\ntitle = "A"\n',
            "content/p/a.md": page("A") + "![x](/book/img/x.png) ![y](/img/x.png)\n",
            "static/img/x.png": PICTURE,
        },
    )
    assert addresses(book) == {"p/a.md": "/book/p/a/"}
    assert findings(book) == []
    assert packed(book).count("(https://example.com/book/img/x.png)") == 2


# Links and assets


def test_links_mean_what_they_mean_on_the_published_site(site):
    links = [
        ("b.md", "/docs/b/"),
        ("../b/", "/docs/b/"),
        ("/docs/b", "/docs/b/"),
        ("../../other/c/#top-of-c", "/other/c/#top-of-c"),
        ("/other/c.md", "/other/c/"),
    ]
    text = "".join(f"[{target}]({target})\n" for target, _ in links)
    book = site(
        {
            "docs/a.md": page("A") + text,
            "docs/b.md": page("B"),
            "other/c.md": page("C") + "\n## Top of C\n",
        }
    )
    out = packed(book)
    for target, url in links:
        assert f"[{target}](https://example.com{url})" in out
    assert findings(book) == []


def test_assets_lie_under_static_or_beside_the_page(site):
    text = "![1](/img/s.png)\n![2](near.png)\n![3](../../img/s.png)\n![4](/img/none.png)\n"
    book = site(
        {"posts/My Post/index.md": page("A", slug="first") + text},
        more={"static/img/s.png": PICTURE, "content/posts/My Post/near.png": PICTURE},
    )
    out = packed(book)
    assert out.count("(https://example.com/img/s.png)") == 2
    assert "(https://example.com/posts/first/near.png)" in out
    assert findings(book) == [("missing-asset", "There is no file static/img/none.png.")]


# Languages

LANGUAGES = """
defaultContentLanguage = "en"
[languages.en]
weight = 1
[languages.ja]
title = "本"
weight = 2
"""


def test_translations_by_name_are_other_editions(site):
    content = {
        "a.md": page("A") + "[ja](/ja/a/)\n",
        "a.ja.md": page("い"),
        "b.en.md": page("B"),
        "v1.2.md": page("C"),
        "_index.ja.md": page("H"),
    }
    book = site(content, LANGUAGES)
    assert addresses(book) == {"a.md": "/a/", "b.en.md": "/b/", "v1.2.md": "/v1.2/"}
    assert findings(book) == []
    assert addresses(book, "--set", "book.language=ja") == {"a.ja.md": "/ja/a/"}
    assert 'edition of "本"' in packed(book, "--set", "book.language=ja")


def test_translations_by_folder_are_other_editions(tmp_path):
    book = write_files(
        tmp_path,
        {
            "hugo.toml": BASE
            + 'contentDir = "content/en"\n[languages.en]\n'
            + '[languages.ja]\ncontentDir = "content/ja"\n',
            "content/en/a.md": page("A") + "[ja](/ja/a/) [own](https://example.com/ja/b/)\n",
            "content/ja/a.md": page("い") + "[en](/a/) ![p](pic.png)\n",
            "content/ja/b.md": page("ろ"),
            "content/ja/pic.png": PICTURE,
        },
    )
    assert addresses(book) == {"a.md": "/a/"}
    assert findings(book) == []
    japanese = ("--set", "book.language=ja")
    assert addresses(book, *japanese) == {"a.md": "/ja/a/", "b.md": "/ja/b/"}
    assert findings(book, *japanese) == []
    assert "(https://example.com/ja/pic.png)" in packed(book, *japanese)


def test_the_default_language_can_have_a_folder_of_its_own(site):
    book = site({"a.md": page("A", url="/x/"), "b.md": page("B", url="y/"), "c.md": page("C")},
                "defaultContentLanguageInSubdir = true\n" + LANGUAGES)  # fmt: skip
    assert addresses(book) == {"a.md": "/x/", "b.md": "/en/y/", "c.md": "/en/c/"}


def test_a_language_that_the_site_has_not_is_said(site):
    book = site({"a.md": page("A")}, LANGUAGES)
    found = findings(book, "--set", "book.language=fr")
    assert found == [
        (
            "invalid-convention-settings",
            "The site has no language fr, so en is built; it has en, ja.",
        )
    ]


# Anchors


@pytest.mark.parametrize(
    ("kind", "heading", "anchor"),
    [
        ("github", "Hello, World", "hello-world"),
        ("github", "A - B", "a---b"),
        ("github", "Crème brûlée 2.0", "crème-brûlée-20"),
        ("github", "日本 の 本", "日本-の-本"),
        ("github", "snake_case & more", "snake_case--more"),
        ("github", "हिन्दी", "हनद"),
        ("github", "🎉 Party", "-party"),
        ("github", "Use `code` here", "use-code-here"),
        ("github", "See [docs](https://x.y/z)", "see-docshttpsxyz"),
        ("github", "_Emphasis_ counts", "_emphasis_-counts"),
        ("github", "A &amp; B", "a-amp-b"),
        ("github", "Own {#mine}", "mine"),
        ("github", "Class {.big}", "class"),
        ("github", "Closed ##", "closed"),
        ("github", "???", "heading"),
        ("github-ascii", "Crème brûlée 日本", "creme-brulee-"),
        ("blackfriday", "Crème -- brûlée, 2.0!", "crème-brûlée-2-0"),
    ],
)
def test_anchors_are_goldmark_s(site, kind, heading, anchor):
    settings = f'[markup.goldmark.parser]\nautoHeadingIDType = "{kind}"\n'
    book = site({"a.md": f"---\ntitle: A\n---\n\n## {heading}\n\nText.\n"}, settings)
    assert f"\nurl: https://example.com/a/#{anchor}\n" in packed(book)


def test_repeated_anchors_are_numbered_from_one(site):
    book = site({"a.md": page("A") + "\n## X\n\n## X\n\n## !\n\n## X\n\n## ?\n"})
    out = packed(book)
    for anchor in ("x", "x-1", "x-2", "heading", "heading-1"):
        assert f"\nurl: https://example.com/a/#{anchor}\n" in out


def test_building_twice_changes_nothing(site):
    book = site({"b/_index.md": page("B"), "b/a.md": page("A"), "x/index.md": page("X")})
    first = packed(book)
    assert "unchanged" in run(book, "build").output
    assert packed(book) == first


def test_front_matter_in_broken_json_is_said_with_its_place(tmp_path, bookpack):
    write_files(
        tmp_path,
        {
            "hugo.toml": 'baseURL = "https://bread.example"\n',
            "content/a.md": '{"title": "A",}\n\nText.\n',
            "content/b.md": "{braces} are no front matter.\n",
        },
    )
    result = bookpack("build", tmp_path)
    assert "content/a.md:1:1: error BP104 invalid-front-matter" in result.stderr
    assert "b.md:1:1: error" not in result.stderr
