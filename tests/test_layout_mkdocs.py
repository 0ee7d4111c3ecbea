"""MkDocs, Material and Zensical: order, parts, addresses and anchors, from small sites."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from bookpack.errors import SettingsError
from bookpack.read.anchors import AnchorNumbers
from bookpack.read.layouts.mkdocs import anchor_rule
from bookpack.read.layouts.mkdocs_nav import file_order
from bookpack.read.layouts.mkdocs_settings import PathPatterns
from conftest import PICTURE, write_files

SITE = "site_name: My Site\nsite_url: https://example.com/docs/\n"


def run(book: Path, *arguments: str) -> str:
    """Run the command line on `book` and return what it printed."""
    result = CliRunner().invoke(cli, [arguments[0], str(book), *arguments[1:]])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 1), result.output
    return result.stdout


def manifest(book: Path, *arguments: str) -> dict:
    run(book, "build", "--only", "pack", "--quiet", *arguments)
    return json.loads((book / "build/manifest.json").read_text("utf-8"))


def order(book: Path) -> list[tuple[str, str]]:
    """Return part and path of the chapters in their order."""
    return [(chapter["part"], chapter["path"]) for chapter in manifest(book)["chapters"]]


def paths(book: Path) -> list[str]:
    return [path for _, path in order(book)]


def addresses(book: Path) -> dict[str, str]:
    return {chapter["path"]: chapter["url"] for chapter in manifest(book)["chapters"]}


def packed(book: Path) -> dict[str, str]:
    run(book, "build", "--only", "pack", "--quiet", "--style", "json")
    return json.loads((book / "build/book-packed.json").read_text("utf-8"))["files"]


def findings(book: Path) -> list[tuple[str, str]]:
    """Return place and name of what `check` says."""
    found = json.loads(run(book, "check", "--format", "json"))
    return [
        (f"{f['path'].rpartition(f'{book.name}/')[2]}:{f['line']}:{f['column']}", f["name"])
        for f in found
    ]


def titled(*paths: str, root: str = "docs") -> dict[str, str]:
    """Return pages of a title and a line of text."""
    return {f"{root}/{path}": f"# Title of {path}\n\nText of {path}.\n" for path in paths}


def a_site(folder: Path, nav: str = "", *paths: str, more: dict[str, str] | None = None) -> Path:
    site = SITE + (f"nav:\n{nav}" if nav else "")
    return write_files(folder, {"mkdocs.yml": site, **titled(*paths), **(more or {})})


# What the settings say of the site


def test_name_address_author_and_language_come_from_the_settings(tmp_path):
    site = SITE + "site_author: Baker B\nsite_description: On x.\ntheme: {language: de}\n"
    book = write_files(tmp_path, {"mkdocs.yml": site, **titled("index.md")})
    meta = manifest(book)
    assert (meta["title"], meta["url"]) == ("My Site", "https://example.com/docs")
    assert (meta["authors"], meta["language"]) == (["Baker B"], "de")


def test_bookpacks_own_settings_win(tmp_path):
    book = a_site(tmp_path, "", "index.md", more={"bookpack.toml": '[book]\ntitle = "Mine"\n'})
    assert manifest(book)["title"] == "Mine"
    assert manifest(book, "--url", "https://other.example")["url"] == "https://other.example"


@pytest.mark.parametrize("name", ["mkdocs.yml", "mkdocs.yaml"])
def test_both_names_of_the_settings_file_are_known(tmp_path, name):
    book = write_files(tmp_path, {name: SITE, **titled("index.md")})
    assert f"mkdocs ({name})" in run(book, "build")


def test_tags_of_python_and_the_environment_are_read_and_nothing_is_executed(tmp_path, monkeypatch):
    monkeypatch.setenv("SITE_NAME", "From the environment")
    site = (
        "site_name: !ENV [SITE_NAME, Default]\nsite_url: https://example.com/docs\n"
        "hooks: !!python/object/apply:os.system ['touch executed']\n"
        "markdown_extensions:\n"
        "  - pymdownx.superfences:\n"
        "      custom_fences:\n"
        "        - name: mermaid\n"
        "          format: !!python/name:pymdownx.superfences.fence_code_format\n"
        "  - pymdownx.emoji:\n"
        "      emoji_generator: !!python/name:material.extensions.emoji.to_svg\n"
        "plugins: !unknown [search]\n"
    )
    book = write_files(tmp_path, {"mkdocs.yml": site, **titled("index.md")})
    assert manifest(book)["title"] == "Default"
    assert not (tmp_path / "executed").exists()
    assert not Path("executed").exists()
    assert findings(book) == []


def test_settings_are_inherited(tmp_path):
    site = "INHERIT: base/common.yml\nsite_name: Child\n"
    common = "site_name: Parent\nsite_url: https://example.com/docs\ndocs_dir: text\n"
    files = {"mkdocs.yml": site, "base/common.yml": common, **titled("a.md", root="text")}
    book = write_files(tmp_path, files)
    assert manifest(book)["title"] == "Child"
    assert addresses(book) == {"a.md": "https://example.com/docs/a/"}


@pytest.mark.parametrize(
    ("site", "place"),
    [
        (SITE + "nav: [a: b: c\n", "mkdocs.yml:3:11"),
        (SITE + "INHERIT: gone.yml\n", "mkdocs.yml:3:10"),
        (SITE + "nav:\n  - [1, 2]\n  - index.md\n", "mkdocs.yml:4:6"),
        (SITE + "nav:\n  - Empty:\n  - index.md\n", "mkdocs.yml:4:5"),
        ("- a\n- b\n", "mkdocs.yml:1:1"),
        ("a: &a [x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(3)), ""),
        (f"nav: {'[' * 500}{']' * 500}\n", "mkdocs.yml:1:1"),
        (
            "x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n"
            + "".join(f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 10)}]\n" for i in range(1, 9)),
            "mkdocs.yml:1:1",
        ),
    ],
)
def test_settings_that_cannot_be_understood_are_a_finding(tmp_path, site, place):
    more = {"bookpack.toml": '[book]\nurl = "https://example.com"\ntitle = "B"\n'}
    book = write_files(tmp_path, {"mkdocs.yml": site, **more, **titled("index.md")})
    wrong = [at for at, name in findings(book) if name == "invalid-convention-settings"]
    assert wrong == ([place] if place else [])
    assert manifest(book)["chapters"]


def test_a_missing_folder_of_documentation_is_an_error_of_the_settings(tmp_path):
    write_files(tmp_path, {"mkdocs.yml": SITE + "docs_dir: text\n"})
    with pytest.raises(SettingsError, match="docs_dir"):
        run(tmp_path, "build")


# Order without nav


def test_without_nav_files_come_before_folders_and_the_index_first(tmp_path):
    names = ["z.md", "about.md", "index.md", "guide/b.md", "guide/README.md", "guide/a.md"]
    book = a_site(tmp_path, "", *names, "10-x.md", "2-x.md", "api-ref/y/deep.md")
    assert order(book) == [
        ("", "index.md"),
        ("", "10-x.md"),
        ("", "2-x.md"),
        ("", "about.md"),
        ("", "z.md"),
        ("Api ref", "api-ref/y/deep.md"),
        ("Guide", "guide/README.md"),
        ("Guide", "guide/a.md"),
        ("Guide", "guide/b.md"),
    ]
    assert findings(book) == []


def test_the_order_of_files_is_one_for_every_depth():
    listed = ["index.md", "b.md", "a/index.md", "a/z.md", "a/c/x.md", "b/a.md"]
    mixed = [*listed[3:], *listed[:3]]
    assert sorted(mixed, key=file_order) == listed


def test_a_readme_beside_an_index_is_not_published(tmp_path):
    book = a_site(tmp_path, "", "index.md", "README.md")
    assert paths(book) == ["index.md"]
    assert findings(book) == [("docs/README.md:1:1", "unlisted-chapter")]


# Order by nav


def test_nav_gives_order_parts_and_titles(tmp_path):
    nav = (
        "  - Home: index.md\n"
        "  - Guide:\n"
        "      - guide/index.md\n"
        "      - Setting up: guide/setup.md\n"
        "      - Deeper:\n"
        "          - ./guide/deep.md\n"
        "  - about.md\n"
        "  - Elsewhere: https://example.org/x.md\n"
        "  - A paper: paper.pdf\n"
    )
    names = ["index.md", "guide/index.md", "guide/deep.md", "about.md"]
    more = {"docs/guide/setup.md": "Text without any heading.\n", "docs/paper.pdf": "x"}
    book = a_site(tmp_path, nav, *names, more=more)
    assert order(book) == [
        ("", "index.md"),
        ("Guide", "guide/index.md"),
        ("Guide", "guide/setup.md"),
        ("Guide", "guide/deep.md"),
        ("", "about.md"),
    ]
    titles = {c["path"]: c["title"] for c in manifest(book)["chapters"]}
    assert titles["index.md"] == "Title of index.md"
    assert titles["guide/setup.md"] == "Setting up"
    assert findings(book) == []


def test_a_missing_page_and_a_repeated_one_are_found_where_nav_names_them(tmp_path):
    nav = "  - index.md\n  - Part:\n      - Gone: gone.md\n      - index.md\n  - Index.md\n"
    book = a_site(tmp_path, nav, "index.md")
    assert paths(book) == ["index.md"]
    assert findings(book) == [
        ("mkdocs.yml:6:15", "missing-chapter"),
        ("mkdocs.yml:7:9", "repeated-chapter"),
        ("mkdocs.yml:8:5", "missing-chapter"),
    ]


def test_a_page_outside_of_nav_is_published_and_reported(tmp_path):
    text = "# A\n\nSee [other](sub/other.md#x) and [root](/docs/sub/other/).\n"
    book = a_site(tmp_path, "  - a.md\n", "sub/other.md", more={"docs/a.md": text})
    assert paths(book) == ["a.md"]
    assert findings(book) == [("docs/sub/other.md:1:1", "unlisted-chapter")]
    assert "[other](https://example.com/docs/sub/other/#x)" in packed(book)["a.md"]
    assert "[root](https://example.com/docs/sub/other/)" in packed(book)["a.md"]


def test_patterns_tell_what_is_not_published_a_draft_or_meant_to_be_outside_of_nav(tmp_path):
    site = (
        SITE + "nav: [index.md]\n"
        "exclude_docs: |\n  /private/\n  *.tmpl.md\n  !keep.tmpl.md\n"
        "draft_docs: |\n  wip*.md\n"
        "not_in_nav: |\n  /tags/\n  keep.tmpl.md\n"
    )
    pages = titled("private/x.md", "a.tmpl.md", "keep.tmpl.md", "wip-y.md", "tags/t.md")
    index = "# Index\n\n[x](private/x.md) [y](wip-y.md) [t](tags/t.md)\n"
    book = write_files(tmp_path, {"mkdocs.yml": site, "docs/index.md": index, **pages})
    assert paths(book) == ["index.md"]
    assert findings(book) == [
        ("docs/index.md:3:5", "link-to-draft"),
        ("docs/index.md:3:23", "link-to-draft"),
        ("docs/wip-y.md:1:1", "draft-chapter"),
    ]


@pytest.mark.parametrize(
    ("pattern", "path", "meant"),
    [
        ("a.md", "x/a.md", True),
        ("/a.md", "x/a.md", False),
        ("x/", "x/y/a.md", True),
        ("x", "x/a.md", True),
        ("*.md", "x/a.md", True),
        ("x/*.md", "x/y/a.md", False),
        ("x/**/a.md", "x/y/z/a.md", True),
        ("x/**", "x/y/a.md", True),
        ("[ab].md", "b.md", True),
        ("[!ab].md", "b.md", False),
        ("?.md", "ab.md", False),
        ("# a.md", "a.md", False),
    ],
)
def test_patterns_mean_what_they_mean_in_gitignore(pattern, path, meant):
    assert PathPatterns([pattern]).matches(path) is meant


# Addresses


def test_addresses_are_folders(tmp_path):
    book = a_site(tmp_path, "", "index.md", "a/b.md", "a/README.md", "c d.md")
    assert addresses(book) == {
        "index.md": "https://example.com/docs/",
        "c d.md": "https://example.com/docs/c%20d/",
        "a/README.md": "https://example.com/docs/a/",
        "a/b.md": "https://example.com/docs/a/b/",
    }


def test_addresses_are_files_where_the_site_says_so(tmp_path):
    site = SITE + "use_directory_urls: false\n"
    text = "# A\n\n[home](../index.md) [b](b.md#b) [html](b.html)\n"
    pages = {"docs/a/a.md": text, "docs/a/b.md": "# B\n", **titled("index.md")}
    book = write_files(tmp_path, {"mkdocs.yml": site, **pages})
    assert addresses(book) == {
        "index.md": "https://example.com/docs/index.html",
        "a/a.md": "https://example.com/docs/a/a.html",
        "a/b.md": "https://example.com/docs/a/b.html",
    }
    assert (
        "[home](https://example.com/docs/index.html) [b](https://example.com/docs/a/b.html#b)"
        " [html](https://example.com/docs/a/b.html)"
    ) in packed(book)["a/a.md"]


def test_links_and_assets_are_found_as_the_site_finds_them(tmp_path):
    text = (
        "# Page\n\n[up](../index.md), [folder](../), [root](/docs/x/), [docs root](/x/),\n"
        '[asset](../data.zip), ![a picture](img/p.png) and <img src="../img/q.png" alt="Q">.\n'
    )
    more = {"docs/sub/page.md": text, "docs/data.zip": "z", "docs/sub/img/p.png": PICTURE}
    book = a_site(tmp_path, "", "index.md", "x.md", more={**more, "docs/sub/img/q.png": PICTURE})
    body = packed(book)["sub/page.md"]
    base = "https://example.com/docs"
    assert f"[up]({base}/), [folder]({base}/)" in body
    assert f"[root]({base}/x/), [docs root]({base}/x/)" in body
    assert f"[asset]({base}/data.zip)" in body
    assert f"{base}/sub/img/p.png" in body
    assert f"{base}/sub/img/q.png" in body
    assert findings(book) == []


def test_redirected_pages_are_right_targets(tmp_path):
    site = SITE + "plugins:\n  - redirects:\n      redirect_maps:\n        old.md: new.md\n"
    pages = {"docs/index.md": "# I\n\n[o](old.md)\n", **titled("new.md")}
    book = write_files(tmp_path, {"mkdocs.yml": site, **pages})
    assert "[o](https://example.com/docs/new/)" in packed(book)["index.md"]
    assert findings(book) == []


# Anchors


def anchors(texts: list[str], extensions: dict) -> list[str]:
    rule = anchor_rule(extensions)
    numbers = AnchorNumbers(rule)
    return [numbers.claim(rule.slug(text)) for text in texts]


def test_anchors_by_python_markdown():
    texts = [
        "Hello, World!",
        "Hello World",
        "Über café",
        "日本語",
        "中文",
        "a_b - c",
        "A_1",
        "A",
        "a",
    ]
    assert anchors(texts, {}) == [
        "hello-world",
        "hello-world_1",
        "uber-cafe",
        "_1",
        "_2",
        "a_b-c",
        "a_1",
        "a",
        "a_2",
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"separator": "_"}, "uber_uns_x1"),
        (
            {"slugify": {"object": "pymdownx.slugs.slugify", "kwds": {"case": "lower"}}},
            "über-uns-x1",
        ),
        ({"slugify": {"object": "pymdownx.slugs.slugify"}}, "Über-Uns-X1"),
        ({"slugify": {"object": "pymdownx.slugs.uslugify"}}, "über-uns-x1"),
        ({"slugify": {"object": "pymdownx.slugs.gfm"}}, "Über-uns-x1"),
        ({"slugify": {"object": "pymdownx.slugs.uslugify_encoded"}}, "%C3%BCber-uns-x1"),
        ({"slugify": {"object": "markdown.extensions.toc.slugify_unicode"}}, "über-uns-x1"),
    ],
)
def test_the_site_may_choose_another_rule(options, expected):
    assert anchors(["Über Uns: X1"], {"toc": options}) == [expected]


def test_icons_are_no_part_of_an_anchor_where_the_site_draws_them():
    assert anchors([":rocket: Launch"], {}) == ["rocket-launch"]
    assert anchors([":rocket: Launch"], {"pymdownx.emoji": {}}) == ["launch"]


def test_links_to_sections_are_checked_by_the_sites_rule(tmp_path):
    site = SITE + (
        "markdown_extensions:\n  - toc:\n"
        "      slugify: !!python/object/apply:pymdownx.slugs.slugify {kwds: {case: lower}}\n"
    )
    text = "# T\n\n## Über\n\n## Set {: #own .x }\n\n[a](#über) [b](#own) [c](#uber)\n"
    book = write_files(tmp_path, {"mkdocs.yml": site, "docs/index.md": text})
    assert findings(book) == [("docs/index.md:7:26", "broken-anchor")]


# Zensical


def test_zensical_has_the_same_settings_in_toml(tmp_path):
    site = (
        '[project]\nsite_name = "Z"\nsite_url = "https://example.com/z/"\n'
        'nav = [{ "Home" = "index.md" }, { "Part" = ["p/a.md", "p/gone.md"] }]\n'
        '[project.theme]\nlanguage = "fr"\n'
        '[project.markdown_extensions.toc]\nseparator = "_"\n'
        "[project.markdown_extensions.pymdownx.keys]\n"
    )
    more = {"docs/p/a.md": "# A b\n\n[x](#a_b) ++ctrl+x++\n"}
    book = write_files(tmp_path, {"zensical.toml": site, **titled("index.md"), **more})
    assert order(book) == [("", "index.md"), ("Part", "p/a.md")]
    assert manifest(book)["language"] == "fr"
    assert "Ctrl+X" in packed(book)["p/a.md"]
    assert findings(book) == [("zensical.toml:4:55", "missing-chapter")]


# awesome-pages

AWESOME = SITE + "plugins:\n  - search\n  - awesome-pages\n"


def awesome(folder: Path, names: list[str], **pages: str) -> Path:
    """Write a site with the plugin; `pages` are `.pages` files by folder (`_` is the root)."""
    files = {"mkdocs.yml": AWESOME, **titled(*names)}
    for place, text in pages.items():
        files[f"docs/{'' if place == '_' else place + '/'}.pages"] = text
    return write_files(folder, files)


def test_pages_files_order_and_name_folder_by_folder(tmp_path):
    book = awesome(
        tmp_path,
        ["index.md", "a.md", "z.md", "sub/one.md", "sub/two.md", "other/x.md"],
        _="nav:\n  - index.md\n  - sub\n  - ...\n  - Last: a.md\n  - Link: https://x.example\n",
        sub="title: The Sub\nnav: [two.md, one.md]\n",
    )
    assert order(book) == [
        ("", "index.md"),
        ("The Sub", "sub/two.md"),
        ("The Sub", "sub/one.md"),
        ("", "z.md"),
        ("Other", "other/x.md"),
        ("", "a.md"),
    ]
    assert findings(book) == []


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ("order: desc\n", ["s/z.md", "i9.md", "i10.md", "b.md"]),
        ("sort_type: natural\n", ["b.md", "i9.md", "i10.md", "s/z.md"]),
        ("sort_type: natural\norder: desc\n", ["s/z.md", "i10.md", "i9.md", "b.md"]),
        ("arrange: [i9.md]\n", ["i9.md", "b.md", "i10.md", "s/z.md"]),
        ("arrange: [i9.md, ..., b.md]\n", ["i9.md", "i10.md", "s/z.md", "b.md"]),
        ("nav: ['... | i*.md', ...]\n", ["i10.md", "i9.md", "b.md", "s/z.md"]),
        ("nav: [..., '... | regex=^i9', s]\n", ["b.md", "i10.md", "i9.md", "s/z.md"]),
        ("nav: ['... | flat']\n", ["b.md", "i10.md", "i9.md", "s/z.md"]),
        ("nav:\n  - Group:\n      - s\n      - b.md\n  - ...\n",
         ["s/z.md", "b.md", "i10.md", "i9.md"]),
    ],
)  # fmt: skip
def test_what_pages_files_can_say(tmp_path, pages, expected):
    book = awesome(tmp_path, ["b.md", "i10.md", "i9.md", "s/z.md"], _=pages)
    assert paths(book) == expected
    assert findings(book) == []


def test_hidden_folders_are_published_and_not_chapters(tmp_path):
    book = awesome(tmp_path, ["index.md", "h/x.md"], h="hide: true\n")
    assert paths(book) == ["index.md"]
    assert findings(book) == []


def test_pages_that_a_pages_file_does_not_name_are_reported(tmp_path):
    book = awesome(tmp_path, ["a.md", "b.md"], _="nav:\n  - a.md\n  - gone.md\n")
    assert paths(book) == ["a.md"]
    assert findings(book) == [
        ("docs/.pages:3:5", "missing-chapter"),
        ("docs/b.md:1:1", "unlisted-chapter"),
    ]


def test_nav_may_leave_the_rest_to_the_plugin(tmp_path):
    site = AWESOME + "nav:\n  - Start: [b.md]\n  - ... | s/*.md\n  - Rest:\n      - ...\n"
    files = {"mkdocs.yml": site, **titled("a.md", "b.md", "s/y.md", "t/u.md")}
    book = write_files(tmp_path, files)
    assert order(book) == [
        ("Start", "b.md"),
        ("S", "s/y.md"),
        ("Rest", "a.md"),
        ("Rest", "t/u.md"),
    ]


def test_without_the_plugin_pages_files_mean_nothing(tmp_path):
    book = a_site(tmp_path, "", "a.md", "b.md", more={"docs/.pages": "nav: [b.md, a.md]\n"})
    assert paths(book) == ["a.md", "b.md"]


def test_a_changed_pages_file_is_noticed(tmp_path):
    book = awesome(tmp_path, ["a.md", "b.md"], _="nav: [b.md, a.md]\n")
    assert paths(book) == ["b.md", "a.md"]
    (book / "docs/.pages").write_text("nav: [a.md, b.md]\n", "utf-8")
    assert paths(book) == ["a.md", "b.md"]


# literate-nav

LITERATE = SITE + "plugins:\n  - literate-nav\n"


def test_a_list_of_links_may_be_the_navigation(tmp_path):
    summary = (
        "# Contents\n\n* [Home](index.md)\n* [Guide](guide/index.md)\n"
        "    * [Setup](guide/setup.md)\n* Reference\n    * [Api](api/)\n    * ref/*.md\n"
        "* [Out](https://x.example)\n* [Gone](gone.md)\n"
    )
    names = ["index.md", "guide/index.md", "guide/setup.md", "api/b.md", "api/a.md", "ref/r.md"]
    more = {"docs/SUMMARY.md": summary, "docs/api/SUMMARY.md": "- [B](b.md)\n- [A](a.md)\n"}
    book = write_files(tmp_path, {"mkdocs.yml": LITERATE, **titled(*names), **more})
    assert order(book) == [
        ("", "index.md"),
        ("Guide", "guide/index.md"),
        ("Guide", "guide/setup.md"),
        ("Reference", "api/b.md"),
        ("Reference", "api/a.md"),
        ("Reference", "ref/r.md"),
    ]
    assert findings(book) == [("docs/SUMMARY.md:10:10", "missing-chapter")]


def test_nav_may_leave_a_folder_to_a_list_or_to_its_files(tmp_path):
    site = LITERATE + "nav:\n  - index.md\n  - Api: api/\n  - Rest: rest/\n  - '*.md'\n"
    names = ["index.md", "z.md", "api/a.md", "api/b.md", "rest/x.md"]
    more = {"docs/api/SUMMARY.md": "- [B](b.md)\n- [A](a.md)\n"}
    book = write_files(tmp_path, {"mkdocs.yml": site, **titled(*names), **more})
    assert order(book) == [
        ("", "index.md"),
        ("Api", "api/b.md"),
        ("Api", "api/a.md"),
        ("Rest", "rest/x.md"),
        ("", "z.md"),
    ]
