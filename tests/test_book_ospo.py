"""The OSPO Book (Hugo): what must hold of a build of the real book, without any settings."""

import json
import re

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from conftest import SHARED, needs_shared

pytestmark = needs_shared
BOOK = SHARED / "books/ospo-book"
URL = "https://ospobook.todogroup.org"


def build(out, *arguments):
    result = CliRunner().invoke(
        cli, ["build", str(BOOK), "--out", str(out), "--quiet", *arguments], catch_exceptions=False
    )
    assert result.exit_code == 1, result.output  # the missing PDF
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    return manifest["chapters"], (out / "book-packed.md").read_text("utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the chapters of the manifest, and the pack."""
    return build(tmp_path_factory.mktemp("ospo"))


def check(*arguments) -> list[dict]:
    result = CliRunner().invoke(cli, ["check", str(BOOK), "--format", "json", *arguments])
    return json.loads(result.stdout)


def test_the_folder_is_recognised_and_knows_its_title_and_address(built):
    chapters, pack = built
    assert pack.startswith('This file is the LLM edition of "OSPO Book": 11 chapters, ')
    assert all(chapter["url"].startswith(f"{URL}/") for chapter in chapters)


def test_weights_are_the_order_and_addresses_are_pretty(built):
    chapters, _ = built
    assert [(c["path"], c["url"].removeprefix(URL)) for c in chapters] == [
        ("00-chapter.md", "/00-chapter/"),
        ("01-chapter.md", "/01-chapter/"),
        ("02-chapter.md", "/02-chapter/"),
        ("03-chapter.md", "/03-chapter/"),
        ("04-chapter.md", "/04-chapter/"),
        ("05-chapter.md", "/05-chapter/"),
        ("06-chapter.md", "/06-chapter/"),
        ("07-chapter.md", "/07-chapter/"),
        ("use-cases.md", "/use-cases/"),
        ("references.md", "/references/"),
        ("taxonomy.md", "/taxonomy/"),
    ]


def test_pages_of_the_site_and_translations_are_no_chapters(built):
    chapters, pack = built
    paths = {chapter["path"] for chapter in chapters}
    assert not paths & {"search.md", "toc.md", "_index.md"}
    assert "オープンソース" not in pack
    assert not [f for f in check() if "duplicate" in f["name"]]


def test_footnotes_of_different_chapters_do_not_collide(built):
    _, pack = built
    defined = re.findall(r"^\[\^([^\]]+)\]:", pack, re.M)
    assert len(defined) == len(set(defined))
    used = set(re.findall(r"(?<!^)\[\^([^\]]+)\]", pack, re.M))
    assert used == set(defined)


def test_the_missing_pdf_is_reported_and_keeps_its_address(built):
    _, pack = built
    [finding] = [f for f in check() if f["name"] == "missing-asset"]
    assert finding["path"].endswith("content/en/03-chapter.md")
    assert finding["line"] == 71
    assert "static/pdfs/ospoflower-seconddraft-1.pdf" in finding["message"]
    assert f"[ospoflower.pdf]({URL}/pdfs/ospoflower-seconddraft-1.pdf)" in pack


@pytest.mark.parametrize("language", ["en", "ja", "es"])
def test_no_other_link_of_any_edition_is_broken(language):
    found = check("--set", f"book.language={language}")
    links = [(f["name"], f["path"].rpartition("/")[2]) for f in found if f["code"][:3] == "BP3"]
    real = [("missing-asset", "03-chapter.md")]
    if language == "ja":
        # [OSPO の価値の例](#OSPO-の価値の例) has capitals that the anchor has not.
        real.insert(0, ("wrong-case-in-link", "02-chapter.md"))
    assert sorted(links) == sorted(real)


def test_pictures_under_static_have_addresses_at_the_root(built):
    _, pack = built
    assert f"({URL}/images/organization-architecture.png)" in pack
    assert "(/images/" not in pack
    assert "](#" not in pack


def test_a_translation_is_an_edition_of_its_own(tmp_path):
    chapters, pack = build(tmp_path / "ja", "--set", "book.language=ja")
    assert pack.startswith('This file is the LLM edition of "OSPO ブック": 11 chapters, ')
    assert [c["url"].removeprefix(URL) for c in chapters][:2] == [
        "/ja/00-chapter/",
        "/ja/01-chapter/",
    ]


def test_a_language_without_a_folder_is_said_in_one_sentence(tmp_path, bookpack):
    result = bookpack("build", BOOK, "--out", tmp_path / "zh", "--set", "book.language=zh")
    assert result.returncode == 2
    assert "content/zh, which hugo.toml names as the folder of content" in result.stderr
