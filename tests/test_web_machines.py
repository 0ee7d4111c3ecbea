"""What other programs look for: sitemap, robots, feed, metadata, icons and manifest."""

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookpack.editions.web.icons import initial, svg_icon
from bookpack.editions.web.machines import FEED_ENTRIES, feed
from bookpack.editions.web.metadata import DESCRIPTION_LENGTH, Metadata, description_of
from bookpack.read.front_matter import read_front_matter
from web_sites import BuiltSite, retitled

ATOM = "{http://www.w3.org/2005/Atom}"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
BOOK = """[book]
title = "Bread"
url = "https://example.com"
authors = ["A Baker", "A Miller"]
summary = "How bread is made."
language = "en-GB"
"""
DATED = "---\ntitle: {title}\ndate: {date}\n---\n\nText.\n"


class Head(HTMLParser):
    """Collects what a piece of a page's head says."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.meta: dict[str, str] = {}
        self.links: list[dict[str, str]] = []
        self.data: list[dict[str, object]] = []
        self._in_data = False
        self.other: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "meta":
            self.meta[values.get("property") or values["name"]] = values["content"]
        elif tag == "link":
            self.links.append(values)
        elif values == {"type": "application/ld+json"}:
            self._in_data = True
        else:
            self.other.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._in_data = False

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data.append(json.loads(data))
        elif data.strip():
            self.other.append(data)


def head_of(built: BuiltSite, page) -> Head:
    return Head("".join(one.head(built.site, page) for one in built.contributions))


def locations(built: BuiltSite) -> list[tuple[str, str | None]]:
    tree = ElementTree.fromstring(built.text("sitemap.xml"))
    return [(url.findtext(f"{MAP}loc") or "", url.findtext(f"{MAP}lastmod")) for url in tree]


# The map and the robots


def test_the_map_lists_cover_chapters_and_contents_with_the_dates_that_the_book_states(make_book):
    built = BuiltSite(
        make_book({"a.md": DATED.format(title="A", date="2024-03-01"), "b.md": "# B\n"}, BOOK)
    )
    assert locations(built) == [
        ("https://example.com/", None),
        ("https://example.com/a/", "2024-03-01"),
        ("https://example.com/b/", None),
        ("https://example.com/contents.html", None),
    ]


def test_a_chapter_at_the_books_own_address_stands_there_once(make_book):
    built = BuiltSite(make_book({"a.md": "# A\nurl: https://example.com/\n\nText.\n"}, BOOK))
    assert [url for url, _ in locations(built)] == [
        "https://example.com/",
        "https://example.com/contents.html",
    ]


def test_addresses_in_the_map_are_ascii_and_escaped(make_book):
    built = BuiltSite(
        make_book({"a.md": "# A\nurl: https://example.com/brød&smør/\n\nText.\n"}, BOOK)
    )
    assert "<loc>https://example.com/br%C3%B8d&amp;sm%C3%B8r/</loc>" in built.text("sitemap.xml")


def test_robots_are_welcome_and_learn_of_the_map(make_book):
    built = BuiltSite(make_book({"a.md": "# A\n"}, BOOK))
    assert built.text("robots.txt") == (
        "User-agent: *\nAllow: /\n\nSitemap: https://example.com/sitemap.xml\n"
    )


def test_a_licence_for_machines_is_named_to_robots_and_on_every_page(make_book):
    settings = (
        BOOK
        + '[site]\nrsl = "https://example.com/terms.xml"\nlicense = "https://example.org/by/4.0/"\n'
    )
    built = BuiltSite(make_book({"a.md": "# A\n"}, settings))
    assert built.text("robots.txt").startswith(
        "License: https://example.com/terms.xml\n\nUser-agent: *\n"
    )
    for page in (None, built.site.pages[0]):
        head = head_of(built, page)
        licences = [link for link in head.links if link["rel"] == "license"]
        assert licences == [
            {"rel": "license", "href": "https://example.org/by/4.0/"},
            {
                "rel": "license",
                "type": "application/rsl+xml",
                "href": "https://example.com/terms.xml",
            },
        ]
        assert head.data[0]["license"] == "https://example.org/by/4.0/"


def test_without_a_licence_none_is_named(make_book):
    built = BuiltSite(make_book({"a.md": "# A\n"}, BOOK))
    assert "License" not in built.text("robots.txt")
    assert "license" not in Metadata().head(built.site, built.site.pages[0])


def test_a_book_below_the_root_of_its_host_names_its_own_place(make_book):
    settings = BOOK.replace("example.com", "example.com/books/bread")
    built = BuiltSite(make_book({"a.md": DATED.format(title="A", date="2024-03-01")}, settings))
    assert built.text("robots.txt") == (
        "User-agent: *\nAllow: /books/bread/\n\n"
        "Sitemap: https://example.com/books/bread/sitemap.xml\n"
    )
    assert locations(built)[1] == ("https://example.com/books/bread/a/", "2024-03-01")
    tree = ElementTree.fromstring(built.text("feed.xml"))
    assert tree.findtext(f"{ATOM}id") == "https://example.com/books/bread/feed.xml"
    head = head_of(built, built.site.pages[0])
    assert {link["href"] for link in head.links} == {
        "index.md",
        "../feed.xml",
        "../_bookpack/favicon.ico",
        "../_bookpack/favicon.svg",
        "../_bookpack/apple-touch-icon.png",
        "../manifest.webmanifest",
    }
    assert head.meta["og:image"].startswith("https://example.com/books/bread/_bookpack/cards/")


# The feed


def test_a_feed_lists_dated_chapters_newest_first(make_book):
    built = BuiltSite(
        make_book(
            {
                "a-old.md": DATED.format(title="Old", date="2023-05-01"),
                "b-undated.md": "# Undated\n",
                "c-new.md": DATED.format(title="New", date="2024-03-01T23:30:00-02:00"),
                "d-between.md": DATED.format(title="Between", date="2024-03-02"),
            },
            BOOK,
        )
    )
    tree = ElementTree.fromstring(built.text("feed.xml"))
    assert tree.findtext(f"{ATOM}updated") == "2024-03-01T23:30:00-02:00"
    assert [author.findtext(f"{ATOM}name") for author in tree.findall(f"{ATOM}author")] == [
        "A Baker",
        "A Miller",
    ]
    assert [
        (
            entry.findtext(f"{ATOM}id"),
            entry.findtext(f"{ATOM}title"),
            entry.findtext(f"{ATOM}updated"),
        )
        for entry in tree.findall(f"{ATOM}entry")
    ] == [
        ("https://example.com/c-new/", "New", "2024-03-01T23:30:00-02:00"),
        ("https://example.com/d-between/", "Between", "2024-03-02T00:00:00Z"),
        ("https://example.com/a-old/", "Old", "2023-05-01T00:00:00Z"),
    ]


def test_a_book_without_dates_has_no_feed_and_no_link_to_one(make_book):
    built = BuiltSite(make_book({"a.md": "# A\n"}, BOOK))
    assert "feed.xml" not in built.paths()
    assert "feed.xml" not in "".join(one.head(built.site, None) for one in built.contributions)
    with pytest.raises(ValueError, match="no chapter states a date"):
        feed(built.site)


def test_a_feed_is_no_longer_than_a_reader_wants(make_book):
    chapters = {
        f"{n}-c.md": DATED.format(title=f"C{n}", date=f"{1900 + n}-01-01")
        for n in range(1, FEED_ENTRIES + 3)
    }
    tree = ElementTree.fromstring(BuiltSite(make_book(chapters, BOOK)).text("feed.xml"))
    entries = tree.findall(f"{ATOM}entry")
    assert len(entries) == FEED_ENTRIES
    assert entries[0].findtext(f"{ATOM}title") == f"C{FEED_ENTRIES + 2}"


def test_a_feed_needs_an_author_so_the_title_serves(make_book):
    settings = '[book]\ntitle = "Bread"\nurl = "https://example.com"\n'
    built = BuiltSite(make_book({"a.md": DATED.format(title="A", date="2024-03-01")}, settings))
    tree = ElementTree.fromstring(built.text("feed.xml"))
    assert tree.findtext(f"{ATOM}author/{ATOM}name") == "Bread"


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("---\ndate: 2024-03-01\n---\n", "2024-03-01"),
        ("---\ndate: 2024-03-01\nlastmod: 2024-05-02\n---\n", "2024-05-02"),
        ("---\ndate: 2024-03-01\nupdated: 2024-05-02 08:30\n---\n", "2024-05-02T08:30:00+00:00"),
        ("---\ndate: 2024-03-01 08:30:15 +0100\n---\n", "2024-03-01T08:30:15+01:00"),
        ("---\ndate: 2024-03-01T08:30:15Z\n---\n", "2024-03-01T08:30:15+00:00"),
        ("+++\ndate = 2024-03-01\n+++\n", "2024-03-01"),
        ("+++\ndate = 2024-03-01T08:30:15+01:00\n+++\n", "2024-03-01T08:30:15+01:00"),
        ("---\nlastmod: soon\ndate: 2024-03-01\n---\n", "2024-03-01"),
        ("---\ndate: March 2024\n---\n", ""),
        ("---\ndate: 2024-13-01\n---\n", ""),
        ("---\ndate: [2024-03-01]\n---\n", ""),
        ("---\ntitle: A\n---\n", ""),
    ],
)
def test_the_date_of_a_chapter_is_the_last_that_its_front_matter_states(written, date):
    assert read_front_matter(written).date == date


# What a page says of itself


def test_a_chapter_says_what_it_is_and_of_which_book(make_book):
    built = BuiltSite(
        make_book(
            {"rye.md": "---\ntitle: Rye\ndate: 2024-03-01\nsummary: About rye.\n---\n\nText.\n"},
            BOOK,
        )
    )
    head = head_of(built, built.site.pages[0])
    assert {name: value for name, value in head.meta.items() if "image" not in name} == {
        "og:type": "article",
        "og:title": "Rye",
        "og:url": "https://example.com/rye/",
        "og:site_name": "Bread",
        "og:description": "About rye.",
        "og:locale": "en_GB",
        "article:modified_time": "2024-03-01",
        "twitter:card": "summary_large_image",
    }
    assert head.data == [
        {
            "@context": "https://schema.org",
            "@type": "Chapter",
            "@id": "https://example.com/rye/",
            "url": "https://example.com/rye/",
            "name": "Rye",
            "position": 1,
            "inLanguage": "en-GB",
            "description": "About rye.",
            "dateModified": "2024-03-01",
            "isPartOf": {
                "@type": "Book",
                "@id": "https://example.com/#book",
                "url": "https://example.com/",
                "name": "Bread",
                "author": [
                    {"@type": "Person", "name": "A Baker"},
                    {"@type": "Person", "name": "A Miller"},
                ],
            },
        }
    ]


def test_hosts_that_leave_folders_out_are_told_not_to(make_book):
    built = BuiltSite(make_book({"a.md": "# A\n"}, BOOK))
    assert built.files[".nojekyll"] == b""


def test_the_cover_says_what_the_book_is(make_book):
    settings = BOOK + 'edition = "2nd"\ndate = "2024-03"\n'
    built = BuiltSite(make_book({"a.md": "# A\n"}, settings))
    head = head_of(built, None)
    assert head.meta["og:type"] == "book"
    (book,) = head.data
    assert (book["@type"], book["@id"]) == ("Book", "https://example.com/#book")
    assert (book["bookEdition"], book["datePublished"]) == ("2nd", "2024-03")
    assert book["description"] == "How bread is made."


def test_a_chapter_at_the_books_own_address_speaks_for_both(make_book):
    built = BuiltSite(make_book({"a.md": "# A\nurl: https://example.com/\n\nText.\n"}, BOOK))
    assert [thing["@type"] for thing in head_of(built, built.site.pages[0]).data] == [
        "Book",
        "Chapter",
    ]


SAYS = "This is a paragraph, and it says something."


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("# A\n\nShort.\n", "Short."),
        (f"# A\n\n## Not this\n\n{SAYS}\n", SAYS),
        (f"# A\n\nOops.\n\n{SAYS}\n", SAYS),
        (f"# A\n\n- No, an item of a list is not what is wanted here.\n\n{SAYS}\n", SAYS),
        (f"# A\n\n1. No, an item of a list is not what is wanted here.\n\n{SAYS}\n", SAYS),
        (f"# A\n\n> No, it would be somebody else who is quoted here.\n\n{SAYS}\n", SAYS),
        (f"# A\n\n| No, | a table |\n| --- | --- |\n| needs | its columns |\n\n{SAYS}\n", SAYS),
        (f"# A\n\n```\nNo, this is code and no paragraph of the text.\n```\n\n{SAYS}\n", SAYS),
        (
            "# A\n\nA *short* [link](/x) and `code`\nin two lines.\n",
            "A short link and code in two lines.",
        ),
        (f"---\nsummary: The author's own.\n---\n# A\n\n{SAYS}\n", "The author's own."),
        ("# A\n", ""),
    ],
)
def test_a_description_is_the_summary_or_the_first_telling_paragraph(make_book, text, description):
    built = BuiltSite(make_book({"a.md": text}, BOOK))
    assert description_of(built.site.pages[0].chapter) == description


def test_a_long_description_is_cut_between_words(make_book):
    built = BuiltSite(make_book({"a.md": f"# A\n\n{'word ' * 100}\n"}, BOOK))
    description = description_of(built.site.pages[0].chapter)
    assert description.endswith("word…")
    assert DESCRIPTION_LENGTH - 5 <= len(description) <= DESCRIPTION_LENGTH + 1


HOSTILE = ("", "</script><b>", "]]>", "&amp;", '"><i>', "<!--", "'", "\x0b", "\x00")


@given(
    title=st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
    .map(lambda text: " ".join(text.split()))
    .filter(bool),
    hostile=st.sampled_from(HOSTILE),
)
def test_no_title_breaks_out_of_what_it_is_written_into(hostile, title, hostile_site):
    title = f"{title}{hostile}x"
    built, site = hostile_site, retitled(hostile_site.site, title)
    head = Head("".join(one.head(site, site.pages[0]) for one in built.contributions[1:4]))
    assert head.other == []
    assert head.data[0]["isPartOf"]["name"] == title
    for contribution in built.contributions:
        for path, data in contribution.files(site):
            if path.endswith((".xml", ".svg")):
                ElementTree.fromstring(data)
            if path.endswith(".webmanifest"):
                assert json.loads(data)["name"] == title
            if path == "llms.txt":
                assert data.decode().startswith("# ")


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    (folder / "chapters").mkdir()
    (folder / "bookpack.toml").write_text(BOOK, "utf-8")
    (folder / "chapters" / "a.md").write_text(DATED.format(title="A", date="2024-03-01"), "utf-8")
    return BuiltSite(folder)


def test_a_hostile_chapter_stays_text_on_the_whole_page(make_book):
    title = '</script><script>alert(1)</script> & ]]> "quoted"'
    written = f"---\ntitle: '{title}'\nsummary: '{title}'\ndate: 2024-03-01\n---\n\nText.\n"
    built = BuiltSite(make_book({"a.md": written}, BOOK))
    page = built.files["a/index.html"].decode()
    scripts = re.findall(r"<script[^>]*>.*?</script>", page, re.S)
    assert not any("alert" in script for script in scripts if "ld+json" not in script)
    data = next(script for script in scripts if "ld+json" in script)
    assert json.loads(data.partition(">")[2].removesuffix("</script>"))["name"] == title
    entry = ElementTree.fromstring(built.text("feed.xml")).find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}title") == title


# Icons and manifest


@pytest.mark.parametrize(
    ("title", "letter"),
    [
        ("bread", "B"),
        ("“Über” alles", "Ü"),
        ("42 ways", "4"),
        ("ßharp", "ß"),
        ("کتاب نان", "ک"),
        ("面包", "面"),
        ("किताब", "कि"),
        ("…!", ""),
        ("", ""),
    ],
)
def test_the_icon_shows_the_first_letter_of_the_title(title, letter):
    assert initial(title) == letter
    shape = ElementTree.fromstring(svg_icon(letter, "#0b5cad"))[1]
    assert (shape.text or "") == letter


def test_the_icon_has_the_colour_of_the_settings(make_book):
    built = BuiltSite(make_book({"a.md": "# A\n"}, BOOK + '[site]\ncolor = "#ffdd00"\n'))
    svg = built.text("_bookpack/favicon.svg")
    assert 'fill="#ffdd00"' in svg
    assert 'fill="#111111"' in svg  # white would be hard to read on yellow
    assert json.loads(built.text("manifest.webmanifest"))["theme_color"] == "#ffdd00"


def test_the_manifest_names_icons_that_are_there(make_book):
    built = BuiltSite(make_book({"a.md": "# A\n"}, BOOK))
    manifest = json.loads(built.text("manifest.webmanifest"))
    assert manifest["name"] == "Bread"
    assert (manifest["lang"], manifest["dir"], manifest["start_url"]) == ("en-GB", "ltr", "./")
    assert {icon["src"] for icon in manifest["icons"]} <= built.paths()


def test_the_same_book_gives_the_same_files(make_book):
    folder = make_book({"a.md": DATED.format(title="A", date="2024-03-01"), "b.md": "# B\n"}, BOOK)
    assert BuiltSite(folder).files == BuiltSite(folder).files
