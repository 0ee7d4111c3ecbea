"""A real Jekyll book, GitHub's Open Source Guides: what its readers know to be true of it."""

import json
import re

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from conftest import SHARED, needs_shared

pytestmark = needs_shared
BOOK = SHARED / "books/opensource-guide"
SITE = "https://opensource.guide"


class Built:
    """A build of the book from its root, with nothing set but its address (and language)."""

    def __init__(self, folder, *arguments: str) -> None:
        common = [str(BOOK), "--url", SITE, *arguments]
        result = CliRunner().invoke(
            cli, ["build", *common, "--quiet", "--style", "json", "--out", str(folder)]
        )
        assert result.exit_code == 0, result.output
        self.chapters = json.loads((folder / "manifest.json").read_text("utf-8"))["chapters"]
        packed = json.loads((folder / "book-packed.json").read_text("utf-8"))
        self.texts = packed["files"]
        checked = CliRunner().invoke(cli, ["check", *common, "--format", "json"])
        self.findings = json.loads(checked.stdout)


@pytest.fixture(scope="module")
def english(tmp_path_factory) -> Built:
    return Built(tmp_path_factory.mktemp("english") / "out")


@pytest.fixture(scope="module")
def japanese(tmp_path_factory) -> Built:
    folder = tmp_path_factory.mktemp("japanese") / "out"
    return Built(folder, "--set", "book.language=ja")


def test_the_order_is_that_of_the_front_matter_and_ties_go_by_path(english):
    assert [chapter["path"].removesuffix(".md") for chapter in english.chapters] == [
        "accessibility-best-practices-for-your-project",  # -1
        "security-best-practices-for-your-project",  # -1
        "maintaining-balance-for-open-source-maintainers",  # 0
        "how-to-contribute",
        "starting-a-project",
        "finding-users",
        "building-community",
        "best-practices",
        "leadership-and-governance",
        "getting-paid",
        "code-of-conduct",
        "metrics",
        "legal",
    ]


def test_the_tie_is_reported_at_the_number_and_nothing_else_is(english):
    assert [(f["name"], f["path"].rpartition("/")[2], f["line"]) for f in english.findings] == [
        ("duplicate-order-number", "security-best-practices-for-your-project.md", 7),
    ]


def test_titles_stand_in_the_front_matter_alone(english):
    titles = {chapter["path"]: chapter["title"] for chapter in english.chapters}
    assert titles["building-community.md"] == "Building Welcoming Communities"
    assert english.texts["building-community.md"].startswith(
        f"# Building Welcoming Communities\nurl: {SITE}/building-community/\n"
    )


@pytest.mark.parametrize(
    ("path", "line", "target"),
    [
        ("building-community.md", 29, "/starting-a-project/#writing-a-readme"),
        ("building-community.md", 78, "/finding-users/"),
        ("building-community.md", 126, "/code-of-conduct/#enforcing-your-code-of-conduct"),
        ("building-community.md", 196, "/building-community/#dont-tolerate-bad-actors"),
        ("legal.md", 15, "/notices/"),
        (
            "security-best-practices-for-your-project.md",
            57,
            "/legal/#which-open-source-license-is-appropriate-for-my-project",
        ),
        ("how-to-contribute.md", 502, "/how-to-contribute/#a-checklist-before-you-contribute"),
    ],
)
def test_links_of_the_note(english, path, line, target):
    written = (BOOK / "_articles" / path).read_text("utf-8").splitlines()[line - 1]
    # The line as its readers get it is the one that begins with the same words.
    begin = re.split(r"[\[(<]", written)[0]
    lines = [one for one in english.texts[path].splitlines() if one.startswith(begin)]
    assert any(f"]({SITE}{target})" in one for one in lines), lines


def test_no_link_is_relative_and_no_address_is_doubled(english, japanese):
    for text in (*english.texts.values(), *japanese.texts.values()):
        # One link of the translation says hhttps, as its author wrote it.
        assert not re.search(r"\]\((?!h?https?:|mailto:)[^)\s]*\)", text)
        assert f"{SITE}/{SITE}" not in text
        assert f"{SITE}//" not in text


def test_every_link_within_the_book_leads_to_a_heading_that_is_there(english):
    anchors = {
        match[1]
        for text in english.texts.values()
        for match in re.finditer(rf"^url: ({SITE}/\S+)$", text, re.M)
    }
    pages = {anchor.partition("#")[0] for anchor in anchors}
    for text in english.texts.values():
        for target in re.findall(rf"\]\(({SITE}/[a-z-]+/)[)#]", text):
            assert target in pages or target == f"{SITE}/notices/"


def test_a_fragment_that_selects_text_stays_as_it_is(english):
    path = "maintaining-balance-for-open-source-maintainers.md"
    written = (BOOK / "_articles" / path).read_text("utf-8").splitlines()[14]
    link = re.search(r'<a href="[^"]*#:~:text=[^"]*">', written)
    assert link is not None
    assert link[0] in english.texts[path]


def test_a_long_alternative_text_is_whole(english):
    source = (BOOK / "_articles/building-community.md").read_text("utf-8")
    image = re.search(r"!\[(@tdreyno commented .*)\]\((/assets/\S+)\)", source)
    assert image is not None
    assert len(image[1]) > 600
    text = english.texts["building-community.md"]
    assert f"({SITE}{image[2]})\n> **Image description:** {image[1]}\n" in text


def test_pictures_in_html_lie_at_the_root_of_the_repository(english):
    address = f"{SITE}/assets/images/how-to-contribute/johnfkennedy.jpg"
    assert f"({address})\n> **Image description:** avatar" in english.texts["how-to-contribute.md"]


def test_no_layout_is_left_of_the_quotes_in_asides(english, japanese):
    for text in (*english.texts.values(), *japanese.texts.values()):
        assert "markdown=" not in text
        assert "<aside" not in text
        assert "pquote" not in text


def test_markdown_in_html_is_markdown(english):
    quote = "— [_John F. Kennedy Library_](https://www.jfklibrary.org/"
    assert quote in english.texts["how-to-contribute.md"]


def test_a_translation_is_a_book_of_its_own(japanese):
    assert len(japanese.chapters) == 12
    assert {chapter["url"].startswith(f"{SITE}/ja/") for chapter in japanese.chapters} == {True}
    titles = {chapter["path"]: chapter["title"] for chapter in japanese.chapters}
    assert titles["building-community.md"] == "居心地の良いコミュニティを築こう"


def test_links_of_a_translation_stay_in_it(japanese):
    text = japanese.texts["building-community.md"]
    assert f"]({SITE}/ja/starting-a-project/#readme-を書く)" in text
    names = {finding["name"] for finding in japanese.findings}
    assert not names & {"broken-link", "broken-anchor", "missing-asset"}


@pytest.mark.parametrize("language", ["es", "fa"])
def test_the_other_translations_have_no_broken_links_either(tmp_path, language):
    built = Built(tmp_path / "out", "--set", f"book.language={language}")
    names = {finding["name"] for finding in built.findings}
    assert not names & {"broken-link", "broken-anchor", "missing-asset"}


def test_links_that_are_broken_are_found(tmp_path):
    folder = tmp_path / "book"
    for path in ("_config.yml", "notices.md", *BOOK.glob("_articles/*.md")):
        source = BOOK / path
        target = folder / source.relative_to(BOOK)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    legal = folder / "_articles/legal.md"
    written = legal.read_text("utf-8")
    links = (
        "[a](../no-guide/) [b](../metrics/#none) [c](/notice/) [d](#nowhere) [e](/assets/x.png)\n"
    )
    legal.write_text(written + "\n" + links, "utf-8")
    result = CliRunner().invoke(cli, ["check", str(folder), "--url", SITE, "--format", "json"])
    last = len(written.splitlines()) + 2
    found = [(f["name"], f["message"]) for f in json.loads(result.stdout) if f["line"] == last]
    assert [name for name, _ in found] == [
        "broken-link",
        "broken-anchor",
        "broken-link",
        "broken-anchor",
        "missing-asset",
    ]


def test_a_second_build_writes_nothing(tmp_path):
    command = ["build", str(BOOK), "--url", SITE, "--out", str(tmp_path / "out")]
    CliRunner().invoke(cli, command)
    assert "unchanged" in CliRunner().invoke(cli, command).output
