"""Jekyll sites: which documents are the book, in which order, at which addresses."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from bookpack.read.layouts.jekyll_anchors import anchor_rule
from bookpack.read.layouts.jekyll_permalinks import Permalinks, slugify
from bookpack.read.layouts.languages import find_language, is_language, translations
from conftest import PICTURE, write_files

URL = "https://example.com"
COLLECTION = "title: Docs\ncollections:\n  docs:\n    output: true\n"


def run(book: Path, *arguments: str) -> str:
    result = CliRunner().invoke(cli, [arguments[0], str(book), "--url", URL, *arguments[1:]])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 1), result.output
    return result.stdout


def chapters(book: Path, *arguments: str) -> list[dict]:
    run(book, "build", "--only", "pack", "--quiet", *arguments)
    return json.loads((book / "build/manifest.json").read_text("utf-8"))["chapters"]


def order(book: Path, *arguments: str) -> list[tuple[str, str]]:
    return [(chapter["part"], chapter["path"]) for chapter in chapters(book, *arguments)]


def addresses(book: Path, *arguments: str) -> dict[str, str]:
    found = chapters(book, *arguments)
    return {chapter["path"]: chapter["url"].removeprefix(URL) for chapter in found}


def packed(book: Path) -> dict[str, str]:
    run(book, "build", "--only", "pack", "--quiet", "--style", "json")
    return json.loads((book / "build/book-packed.json").read_text("utf-8"))["files"]


def findings(book: Path) -> list[tuple[str, str]]:
    found = json.loads(run(book, "check", "--format", "json"))
    return [
        (f["name"], f"{f['path'].rpartition(book.name + '/')[2]}:{f['line']}")
        for f in found
        if f["name"] != "book-without-title"
    ]


def page(title: str = "", text: str = "Text.", **fields: str) -> str:
    fields = {"title": title, **fields} if title else fields
    return "---\n" + "".join(f"{k}: {v}\n" for k, v in fields.items()) + f"---\n\n{text}\n"


def layout_of(book: Path) -> str:
    return run(book, "build").partition("layout")[2].split("\n")[0].strip()


# What is recognised


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"_config.yml": "collections: [docs]", "_docs/a.md": page("A")}, "with collections"),
        ({"_config.yml": "title: A", "_posts/2020-01-01-a.md": page("A")}, "and _posts"),
        ({"_config.yml": "theme: minima", "a.md": page("A")}, "with theme"),
        ({"_config.yaml": "title: A", "_layouts/x.html": "", "a.md": page("A")}, "and _layouts"),
        ({"_config.yml": "title: A", "Gemfile": "gem 'jekyll'", "a.md": page("A")}, "Gemfile"),
        ({"_config.yml": "title: A", "index.md": page("A")}, "index.md with front matter"),
        ({"docs/_config.yml": "theme: minima", "docs/a.md": page("A")}, "docs/_config.yml"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_site_is_known_by_its_settings_and_what_lies_beside_them(tmp_path, files, why):
    layout = layout_of(write_files(tmp_path / "site", files))
    assert layout.startswith("jekyll (")
    assert why in layout


@pytest.mark.parametrize(
    "files",
    [
        {"_config.yml": "title: A\nexecute:\n  execute_notebooks: off\n", "a.md": "# A\n"},
        {"_config.yml": "title: A\nplugins: [x]\n", "_toc.yml": "root: a\n", "a.md": "# A\n"},
        {"_config.yml": "title: A\n", "a.md": "# A\n"},
        {"_config.yml": "theme: x\nsource_dir: source\n", "a.md": "# A\n"},
    ],
    ids=["jupyter book", "with a _toc.yml", "nothing of Jekyll's", "hexo"],
)
def test_settings_of_the_same_name_are_those_of_other_tools(tmp_path, files):
    assert not layout_of(write_files(tmp_path / "site", files)).startswith("jekyll")


def test_the_settings_say_what_the_book_is(tmp_path):
    config = (
        "title: The Guide\nurl: https://guide.example.org\nbaseurl: /book/\nlang: de\n"
        "description: About all.\nauthor:\n  name: Baker\ntheme: minima\n"
    )
    book = write_files(tmp_path / "site", {"_config.yml": config, "a.md": page("A")})
    result = CliRunner().invoke(cli, ["build", str(book)])
    assert result.exit_code == 0, result.output
    text = (book / "build/book-packed.md").read_text("utf-8")
    assert text.startswith('This file is the LLM edition of "The Guide" by Baker: 1 chapter')
    assert "- Address: https://guide.example.org/book\n" in text
    assert "- Language: de\n- Summary: About all.\n" in text
    assert "url: https://guide.example.org/book/a.html\n" in text


def test_a_file_cname_names_the_address_where_the_settings_do_not(tmp_path):
    config = "theme: minima\nurl: http://localhost:4000\n"
    files = {"_config.yml": config, "CNAME": "guide.example.org\n", "a.md": page("A")}
    book = write_files(tmp_path / "site", files)
    assert CliRunner().invoke(cli, ["build", str(book)]).exit_code == 0
    assert "url: https://guide.example.org/a.html" in (book / "build/book-packed.md").read_text()


def test_settings_that_are_no_yaml_are_reported_and_the_book_is_built(tmp_path):
    files = {"_config.yml": "a: [\nb: }\n", "_posts/2020-01-01-a.md": page("A")}
    book = write_files(tmp_path / "site", files)
    assert ("invalid-convention-settings", "_config.yml:2") in findings(book)
    assert [path for _, path in order(book)] == ["_posts/2020-01-01-a.md"]


# Which documents are the book


def test_the_largest_published_collection_is_the_book_and_the_rest_are_pages(tmp_path):
    config = "collections:\n  docs: {output: true}\n  people: {output: true}\n  notes: {}\n"
    links = "[p](/about.html) [q](/people/x.html) [r](/2020/01/02/hello.html) [s](/notes/n.html)"
    book = write_files(
        tmp_path / "site",
        {
            "_config.yml": config,
            "_docs/a.md": page("A", links),
            "_docs/b.md": page("B"),
            "_people/x.md": page("X"),
            "_notes/n.md": page("N"),
            "_notes/m.md": page("M"),
            "_notes/o.md": page("O"),
            "_posts/2020-01-02-hello.md": page("Hello"),
            "about.md": page("About"),
        },
    )
    assert order(book) == [("", "a.md"), ("", "b.md")]
    # A collection without output has no pages.
    assert findings(book) == [("broken-link", "_docs/a.md:5")]


def test_without_a_collection_pages_come_first_and_posts_as_they_were_dated(tmp_path):
    book = write_files(
        tmp_path / "site",
        {
            "_config.yml": "theme: minima\n",
            "index.md": page("Home"),
            "about.md": page("About"),
            "404.md": page("Not found"),
            "empty.md": "---\nlayout: archive\n---\n",
            "moved.md": page("Moved", redirect_to="/about.html"),
            "_posts/2021-01-01-later.md": page("Later"),
            "_posts/2020-12-31-earlier.md": page("Earlier"),
            "_posts/2022-01-01-dated.md": page("Dated", date="2019-05-01 10:00"),
            "_drafts/idea.md": page("Idea"),
            "_includes/part.md": "Part.",
        },
    )
    assert order(book) == [
        ("", "index.md"),
        ("", "about.md"),
        ("Posts", "_posts/2022-01-01-dated.md"),
        ("Posts", "_posts/2020-12-31-earlier.md"),
        ("Posts", "_posts/2021-01-01-later.md"),
    ]
    assert findings(book) == [("draft-chapter", "_drafts/idea.md:1")]


def test_what_is_excluded_withheld_or_no_document_is_no_chapter(tmp_path):
    config = COLLECTION + "exclude: [_docs/old, '*.tmp.md', vendor]\n"
    book = write_files(
        tmp_path / "site",
        {
            "_config.yml": config,
            "_docs/a.md": page("A"),
            "_docs/old/b.md": page("B"),
            "_docs/c.tmp.md": page("C"),
            "_docs/d.md": page("D", published="false"),
            "_docs/e.md": "# No front matter\n",
            "vendor/f.md": page("F"),
        },
    )
    assert order(book) == [("", "a.md")]
    assert findings(book) == [
        ("draft-chapter", "_docs/d.md:1"),
        ("unlisted-chapter", "_docs/e.md:1"),
    ]


def test_where_collections_lie_and_what_defaults_say(tmp_path):
    config = (
        "collections_dir: content\ncollections: {docs: {output: true}}\n"
        "defaults:\n"
        "- {scope: {path: ''}, values: {order: 9}}\n"
        "- {scope: {path: '_docs/first', type: docs}, values: {order: 1, permalink: '/1/:name/'}}\n"
        "- {scope: {path: '', type: posts}, values: {order: 0}}\n"
    )
    book = write_files(
        tmp_path / "site",
        {
            "_config.yml": config,
            "content/_docs/a.md": page("A"),
            "content/_docs/first/Z z.md": page("Z"),
        },
    )
    assert addresses(book) == {"first/Z z.md": "/1/z-z/", "a.md": "/docs/a.html"}


# Order


def test_numbers_in_front_matter_order_and_ties_are_reported(tmp_path):
    book = write_files(
        tmp_path / "site",
        {
            "_config.yml": COLLECTION,
            "_docs/a.md": page("A", order="2"),
            "_docs/b.md": page("B", order="-1"),
            "_docs/c.md": page("C"),
            "_docs/d.md": page("D", order="1.5"),
            "_docs/e.md": page("E", order="2"),
            "_docs/index.md": page("Start"),
        },
    )
    assert [path for _, path in order(book)] == [
        "index.md",
        "b.md",
        "d.md",
        "a.md",
        "e.md",
        "c.md",
    ]
    assert findings(book) == [("duplicate-order-number", "_docs/e.md:3")]


def test_a_collection_is_sorted_by_the_field_that_it_names(tmp_path):
    config = "collections: {docs: {output: true, sort_by: rank}}\n"
    book = write_files(
        tmp_path / "site",
        {
            "_config.yml": config,
            "_docs/a.md": page("A", order="1", rank="2"),
            "_docs/b.md": page("B", order="2", rank="1"),
        },
    )
    assert [path for _, path in order(book)] == ["b.md", "a.md"]


def test_a_collection_is_ordered_by_the_list_that_it_gives(tmp_path):
    config = "collections:\n  docs:\n    output: true\n    order:\n    - z.md\n    - gone.md\n"
    files = {f"_docs/{name}.md": page(name) for name in "abz"}
    book = write_files(tmp_path / "site", {"_config.yml": config, **files})
    assert [path for _, path in order(book)] == ["z.md", "a.md", "b.md"]
    assert findings(book) == [("missing-chapter", "_config.yml:6")]


def test_folders_that_count_for_themselves_are_parts(tmp_path):
    book = write_files(
        tmp_path / "site",
        {
            "_config.yml": COLLECTION,
            "_docs/use/a.md": page("A", order="2"),
            "_docs/use/b.md": page("B", order="1"),
            "_docs/api/index.md": page("Interface"),
            "_docs/api/c.md": page("C", order="1"),
        },
    )
    assert order(book) == [
        ("Interface", "api/index.md"),
        ("Interface", "api/c.md"),
        ("Use", "use/b.md"),
        ("Use", "use/a.md"),
    ]
    assert findings(book) == []


def test_a_tree_of_parents_is_read_from_the_top_down(tmp_path):
    book = write_files(
        tmp_path / "site",
        {
            "_config.yml": "remote_theme: just-the-docs/just-the-docs\npermalink: pretty\n",
            "index.md": page("Home", nav_order="1"),
            "z.md": page("Install", nav_order="2"),
            "a.md": page("Windows", parent="Install", nav_order="2"),
            "b.md": page("Linux", parent="Install", nav_order="1"),
            "c.md": page("Debian", parent="Linux", grand_parent="Install"),
            "d.md": page("Use", nav_order="3"),
            "e.md": page("Lost", parent="Nobody"),
            "f.md": page("Also", parent="Install", nav_order="2"),
            "search.md": page("Search", nav_exclude="true"),
        },
    )
    assert order(book) == [
        ("", "index.md"),
        ("Install", "z.md"),
        ("Install", "b.md"),
        ("Install", "c.md"),
        ("Install", "a.md"),
        ("Install", "f.md"),
        ("", "d.md"),
        ("", "e.md"),
    ]
    assert findings(book) == [
        ("duplicate-order-number", "f.md:4"),
        ("undefined-label", "e.md:3"),
    ]


def test_collections_that_just_the_docs_shows_are_parts(tmp_path):
    config = (
        "collections: {guides: {output: true}, api: {output: true}, people: {output: true}}\n"
        "just_the_docs:\n  collections:\n    guides: {name: How to}\n    api: {}\n"
    )
    book = write_files(
        tmp_path / "site",
        {
            "_config.yml": config,
            "index.md": page("Home", nav_order="1"),
            "_api/a.md": page("A"),
            "_guides/g.md": page("G"),
            "_people/p.md": page("P"),
        },
    )
    assert order(book) == [("", "index.md"), ("How to", "_guides/g.md"), ("Api", "_api/a.md")]


# Addresses


@pytest.mark.parametrize(
    ("style", "page_address", "document", "post"),
    [
        ("", "/a/b.html", "/docs/g/x-y.html", "/2020/01/02/a-Post.html"),
        ("pretty", "/a/b/", "/docs/g/x-y/", "/2020/01/02/a-Post/"),
        ("none", "/a/b.html", "/docs/g/x-y.html", "/a-Post.html"),
        ("ordinal", "/a/b.html", "/docs/g/x-y.html", "/2020/002/a-Post.html"),
        ("weekdate", "/a/b.html", "/docs/g/x-y.html", "/2020/W01/Thu/a-Post.html"),
        ("/:path/", "/a/b/", "/docs/g/x-y/", "/2020-01-02-a-Post/"),
        ("/b/:year/:slug", "/a/b", "/docs/g/x-y", "/b/2020/a-post"),
        ("/:categories/:title:output_ext", "/a/b.html", "/docs/g/x-y.html", "/a-Post.html"),
    ],
)
def test_the_permalink_of_the_site_shapes_every_address(style, page_address, document, post):
    links = Permalinks(style, {"docs": {}, "posts": {}})
    assert links.of_page("a/b.md", {}) == page_address
    assert links.of_document("g/x-y.md", "docs", {}) == document
    assert links.of_document("2020-01-02-a-Post.md", "posts", {}) == post


@pytest.mark.parametrize(
    ("template", "data", "expected"),
    [
        ("/:collection/:name/", {}, "/docs/x-y-1/"),
        ("/:path/", {}, "/g/X y.1/"),
        ("/:title.html", {}, "/X-y.1.html"),
        ("/:title/", {"slug": "Own"}, "/Own/"),
        ("/:slug/", {"slug": "Own"}, "/own/"),
        ("pretty", {}, "/docs/g/X y.1/"),
        ("/:year_:month/:name", {"date": "2021-03-04"}, "/2021_03/x-y-1"),
        ("/x/", {"permalink": "/own/:name/"}, "/own/x-y-1/"),
        ("/x/", {"permalink": "own"}, "/own"),
        ("//a//:path", {}, "/a/g/X y.1"),
    ],
)
def test_templates_of_collections_and_documents(template, data, expected):
    links = Permalinks("date", {"docs": {"permalink": template}})
    assert links.of_document("g/X y.1.md", "docs", data) == expected


def test_categories_of_posts_are_folders_and_fields():
    links = Permalinks("/:categories/:title/", {"posts": {}})
    data = {"categories": "Two three"}
    assert links.of_document("One/_posts/2020-01-02-p.md", "posts", data) == "/one/two/three/p/"
    assert links.of_document("2020-01-02-p.md", "posts", {"category": "A b"}) == "/a b/p/"


def test_index_pages_stand_for_their_folder():
    links = Permalinks("pretty", {})
    assert links.of_page("index.md", {}) == "/"
    assert links.of_page("a/index.md", {}) == "/a/"
    assert links.of_page("a/README.md", {}, is_index=True) == "/a/"


def test_slugs_keep_letters_of_every_script():
    assert slugify("Über  die_Dinge (2)!") == "über-die-dinge-2"
    assert slugify("A.b_c d", pretty=True) == "A.b_c-d"


def test_links_find_chapters_pages_assets_and_old_addresses(tmp_path):
    config = COLLECTION + "plugins: [jekyll-feed]\n"
    text = (
        "[a](b.md) [b](/docs/b.html#part-two) [c](../about.md) [d](/about.html) [e](/old/)\n"
        "[f](/feed.xml) [g](/team/) [h](/assets/x.pdf) [i](/plain/) ![j](img/y.png)\n"
        "[k](/earlier-about/) [l](../README.md)\n"
    )
    book = write_files(
        tmp_path / "site",
        {
            "_config.yml": config,
            "_docs/a.md": page("A", text),
            "_docs/b.md": page("B", "## Part two", redirect_from="/old/"),
            "_docs/img/y.png": PICTURE,
            "about.md": page("About", redirect_from="[/earlier-about/]"),
            "plain/index.html": "<p>Plain</p>",
            "Gemfile": "gem 'jekyll'",
            "README.md": "# Of the repository\n",
            "team/index.html": "---\n---\n<p>Team</p>",
            "assets/x.pdf": "",
        },
    )
    assert findings(book) == []
    body = packed(book)["a.md"]
    for target in (
        "[a](https://example.com/docs/b.html)",
        "[b](https://example.com/docs/b.html#part-two)",
        "[c](https://example.com/about.html)",
        "[d](https://example.com/about.html)",
        "[e](https://example.com/docs/b.html)",
        "[f](https://example.com/feed.xml)",
        "[g](https://example.com/team/)",
        "[h](https://example.com/assets/x.pdf)",
        "[i](https://example.com/plain/)",
        "(https://example.com/docs/img/y.png)",
        "[l](https://example.com/README.md)",
    ):
        assert target in body


def test_the_base_of_the_settings_stands_before_every_address(tmp_path):
    config = "url: https://example.org\nbaseurl: /base\n" + COLLECTION
    text = "[a](/base/docs/b/) [b](/base/logo.png) [c]({{ site.baseurl }}/docs/b/)"
    files = {"_docs/a.md": page("A", text), "_docs/b.md": page("B"), "logo.png": ""}
    config += "permalink: pretty\n"
    book = write_files(tmp_path / "site", {"_config.yml": config, **files})
    assert (
        CliRunner().invoke(cli, ["build", str(book), "--only", "pack", "--style", "json"]).exit_code
        == 0
    )
    body = json.loads((book / "build/book-packed.json").read_text("utf-8"))["files"]["a.md"]
    base = "https://example.org/base"
    assert f"[a]({base}/docs/b/) [b]({base}/logo.png) [c]({base}/docs/b/)" in body


# Languages


def test_translations_are_books_of_their_own(tmp_path):
    config = "collections: {docs: {output: true, permalink: '/:path/'}}\n"
    book = write_files(
        tmp_path / "site",
        {
            "_config.yml": config,
            "_docs/a.md": page("A", "[b](../b/) [ja](/ja/a/) [zh](/zh-hans/a/)", lang="en"),
            "_docs/b.md": page("B", lang="en"),
            "_docs/js/c.md": page("C", lang="en"),
            "_docs/it/d.md": page("D", lang="en"),
            "_docs/ja/a.md": page("あ", "[b](../b/) [en](/a/)", lang="ja"),
            "_docs/ja/b.md": page("い", lang="ja"),
            "_docs/zh-hans/a.md": page("甲", lang="zh-Hans"),
        },
    )
    assert addresses(book) == {
        "a.md": "/a/",
        "b.md": "/b/",
        "it/d.md": "/it/d/",
        "js/c.md": "/js/c/",
    }
    assert findings(book) == []
    japanese = ("--set", "book.language=ja")
    assert addresses(book, *japanese) == {"a.md": "/ja/a/", "b.md": "/ja/b/"}
    assert addresses(book, "--set", "book.language=zh") == {"a.md": "/zh-hans/a/"}
    chapters(book, *japanese, "--style", "json")
    body = json.loads((book / "build/book-packed.json").read_text("utf-8"))["files"]["a.md"]
    assert f"[b]({URL}/ja/b/) [en]({URL}/a/)" in body


def test_without_a_field_lang_folders_that_mirror_each_other_are_translations():
    mirrored = dict.fromkeys(["a.md", "b.md", "de/a.md", "de/b.md", "it/setup.md"], "")
    assert translations(mirrored) == {"de": ["de/a.md", "de/b.md"]}


def test_the_language_of_the_documents_is_that_of_the_book(tmp_path):
    files = {"_docs/a.md": page("A", lang="fr"), "_docs/en/a.md": page("A", lang="en")}
    book = write_files(tmp_path / "site", {"_config.yml": COLLECTION, **files})
    assert addresses(book) == {"a.md": "/docs/a.html"}


@pytest.mark.parametrize("name", ["ja", "pt-br", "zh_Hans", "sr-Latn-RS", "es-419"])
def test_names_of_languages(name):
    assert is_language(name)


@pytest.mark.parametrize("name", ["js", "docs", "japanese", "x-ja", "eng", ""])
def test_names_that_are_no_languages(name):
    assert not is_language(name)


def test_a_language_without_a_folder_is_none():
    assert find_language("zh", ["zh-hans", "zh-hant"]) is None
    assert find_language("zh-HANT", ["zh-hans", "zh_hant"]) == "zh_hant"
    assert find_language("en-GB", ["en", "de"]) == "en"


# Anchors


@pytest.mark.parametrize(
    ("heading", "gfm", "kramdown"),
    [
        ("Don't tolerate it!", "dont-tolerate-it", "dont-tolerate-it"),
        ("1. First steps", "1-first-steps", "first-steps"),
        ("README を書く", "readme-を書く", "readme-"),
        ("日本語", "日本語", "section"),
        ("a_b c.d", "a_b-cd", "ab-cd"),
        ("Before -- after", "before--after", "before----after"),
    ],
)
def test_anchors_are_those_of_the_parser_that_the_settings_name(heading, gfm, kramdown):
    assert anchor_rule({}).slug(heading) == gfm
    own = {"kramdown": {"input": "Kramdown", "auto_id_prefix": "x-"}}
    assert anchor_rule(own).slug(heading) == f"x-{kramdown}"


def test_kramdown_makes_anchors_of_the_markup(tmp_path):
    config = COLLECTION + "kramdown: {input: Kramdown}\n"
    text = "## See [it](http://b.c)\n\n[x](#see-ithttpbc)\n"
    book = write_files(tmp_path / "site", {"_config.yml": config, "_docs/a.md": page("A", text)})
    assert findings(book) == []


def test_a_bomb_in_the_settings_does_no_harm(tmp_path):
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n"
    for one, other in ("ba", "cb", "dc", "ed", "fe", "gf"):
        bomb += f"{one}: &{one} [" + ",".join([f"*{other}"] * 9) + "]\n"
    files = {"_config.yml": bomb, "_posts/2020-01-01-a.md": page("A")}
    book = write_files(tmp_path / "site", files)
    assert ("invalid-convention-settings", "_config.yml:1") in findings(book)
