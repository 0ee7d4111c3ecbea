"""The Embedded Rust Book, a real mdBook: the facts that hold of it after a build.

Nothing is set but its address.
"""

import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from conftest import SHARED, needs_shared

pytestmark = needs_shared

BOOK = SHARED / "books/embedded-rust"
URL = "https://docs.rust-embedded.org/book"
_TARGET = re.compile(r"\]\(<?([^()<>\s]+)|<img[^>]* src=\"([^\"]+)|^\[[^\]]+\]: *(\S+)", re.M)
_FENCE = re.compile(r"^([ >]*)(`{3,}|~{3,})[^\n]*\n.*?^[ >]*\2 *$", re.M | re.S)


class Built:
    """What a build of the book left in its output folder."""

    def __init__(self, out: Path) -> None:
        command = ["build", str(BOOK), "--url", f"{URL}/", "--out", str(out), "--style", "json"]
        result = CliRunner().invoke(cli, command)
        assert result.exit_code == 0, result.output
        self.output = result.stdout
        self.chapters = json.loads((out / "manifest.json").read_text("utf-8"))["chapters"]
        self.files = json.loads((out / "book-packed.json").read_text("utf-8"))["files"]

    def urls(self) -> dict[str, str]:
        return {chapter["path"]: chapter["url"] for chapter in self.chapters}


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Built:
    return Built(tmp_path_factory.mktemp("embedded-rust"))


def findings(*arguments: str) -> list[dict]:
    command = ["check", str(BOOK), "--url", f"{URL}/", "--format", "json", *arguments]
    return json.loads(CliRunner().invoke(cli, command).stdout)


def targets(text: str) -> Iterator[str]:
    """Find the targets of links and images outside code, with nothing but regular expressions."""
    text = re.sub(r"`[^`\n]*`", "", _FENCE.sub("", text))
    for match in _TARGET.finditer(text):
        yield match[1] or match[2] or match[3]


def test_the_convention_is_recognised(built):
    assert "mdbook (book.toml with a table [book])" in built.output


def test_the_book_says_who_wrote_it(tmp_path):
    command = ["build", str(BOOK), "--url", URL, "--out", str(tmp_path / "out"), "--quiet"]
    assert CliRunner().invoke(cli, command).exit_code == 0
    first = (tmp_path / "out/book-packed.md").read_text("utf-8").partition("\n")[0]
    assert '"The Embedded Rust Book" by James Munns: 44 chapters' in first


def test_the_chapters_of_the_summary_are_the_book_in_its_order(built):
    summary = (BOOK / "src/SUMMARY.md").read_text("utf-8")
    listed = re.findall(r"\]\(\./([^)]+)\)", summary)
    assert [chapter["path"] for chapter in built.chapters] == listed
    assert len(listed) == 44
    assert listed[0] == "intro/index.md"
    assert listed[-1] == "appendix/glossary.md"


def test_the_summary_has_no_part_headings(built):
    assert {chapter["part"] for chapter in built.chapters} == {""}


def test_each_page_has_the_address_that_mdbook_gives_it(built):
    urls = built.urls()
    assert urls["start/registers.md"] == f"{URL}/start/registers.html"
    assert urls["start/index.md"] == f"{URL}/start/index.html"
    assert urls["design-patterns/hal/index.md"] == f"{URL}/design-patterns/hal/index.html"
    for path, url in urls.items():
        assert url == f"{URL}/{path.removesuffix('.md')}.html"


def test_titles_are_those_of_the_chapters(built):
    titles = {chapter["path"]: chapter["title"] for chapter in built.chapters}
    assert titles["intro/no-std.md"] == "A no_std Rust Environment"
    assert titles["appendix/glossary.md"] == "Appendix A: Glossary"


@pytest.mark.parametrize(
    ("path", "written", "packed"),
    [
        ("appendix/glossary.md", "](../start/registers.md)", f"]({URL}/start/registers.html)"),
        (
            "start/hardware.md",
            "]: ../intro/install/verify.md",
            f"]: {URL}/intro/install/verify.html",
        ),
        ("start/hardware.md", "]: qemu.md", f"]: {URL}/start/qemu.html"),
        ("start/qemu.md", "](panicking.md)", f"]({URL}/start/panicking.html)"),
    ],
)
def test_links_to_files_become_links_to_pages(built, path, written, packed):
    assert written in (BOOK / "src" / path).read_text("utf-8")
    assert packed in built.files[path]
    assert written not in built.files[path]


def test_every_link_to_a_file_of_the_book_leads_where_the_file_is_published(built):
    """Resolve every relative target by hand and look for the result in the pack."""
    urls, seen = built.urls(), 0
    for path in urls:
        for target in targets((BOOK / "src" / path).read_text("utf-8")):
            name, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:", target) or not name:
                continue
            file = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            file = re.sub(r"\.html$", ".md", file)
            expected = urls.get(file) or f"{URL}/{file}"
            if file not in urls:
                assert (BOOK / "src" / file).is_file(), f"{path}: {target}"
            expected += f"#{anchor}" if anchor else ""
            assert expected in built.files[path], f"{path}: {target} should be {expected}"
            seen += 1
    assert seen == 40


def test_no_relative_link_is_left(built):
    for path, text in built.files.items():
        for target in targets(text):
            assert re.match(r"(?:[a-z]+:|#)", target), f"{path}: {target}"


def test_images_are_those_of_the_source_folder(built):
    everything = "\n".join(built.files.values())
    for name in ("assets/rust_layers.svg", "assets/nrf52-memory-map.png", "assets/verify.jpeg"):
        assert f"{URL}/{name}" in everything
    assert "<img" not in re.sub(_FENCE, "", everything)
    assert "<p align" not in everything


def test_anchors_are_mdbook_s(built):
    """Every fragment of the book's own addresses names a heading by mdBook's rule, or an id."""
    anchors: dict[str, set[str]] = {}
    for path, url in built.urls().items():
        text = _FENCE.sub("", (BOOK / "src" / path).read_text("utf-8"))
        known: set[str] = set(re.findall(r'id="([^"]+)"', text))
        for heading in re.findall(r"^ {0,3}#{1,6} +(.+?) *#* *$", text, re.M):
            plain = re.sub(r"\[([^\]]+)\](?:\([^)]*\)|\[[^\]]*\])?|[`*]", r"\1", heading)
            kept = "".join(
                "-" if c.isspace() else c.lower()
                for c in plain.strip()
                if c.isspace() or c.isalnum() or c in "_-"
            )
            number = 1
            numbered = kept
            while numbered in known:
                numbered, number = f"{kept}-{number}", number + 1
            known.add(numbered)
        anchors[url] = known
    seen = 0
    for path, text in built.files.items():
        for target in targets(text):
            url, _, anchor = target.partition("#")
            if url in anchors and anchor:
                assert anchor in anchors[url], f"{path}: {target}"
                seen += 1
    assert seen > 10


def test_nothing_in_the_book_is_called_broken(built):
    names = {finding["name"] for finding in findings()}
    assert names == {"image-without-words", "duplicate-title"}


def test_a_link_that_is_broken_is_found(tmp_path):
    """The same book with three faults in it: each is found, at its place, and nothing else is."""
    for file in sorted(BOOK.rglob("*")):
        if file.is_file() and file.suffix in (".md", ".toml", ".png", ".svg", ".jpg", ".jpeg"):
            place = tmp_path / "book" / file.relative_to(BOOK)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())
    book = tmp_path / "book"
    chapter = book / "src/start/panicking.md"
    faults = "\n[a](registers.mdx) [b](registers.md#nowhere) [c](new.md) ![d](../assets/no.png)\n"
    text = chapter.read_text("utf-8")
    chapter.write_text(text + faults, "utf-8")
    (book / "src/start/new.md").write_text("# New\n\nNot listed.\n", "utf-8")
    (book / "src/start/interrupts.md").unlink()
    command = ["check", str(book), "--url", URL, "--format", "json"]
    found = json.loads(CliRunner().invoke(cli, command).stdout)
    line = text.count("\n") + 2
    summary = (book / "src/SUMMARY.md").read_text("utf-8").splitlines()
    listed = next(n for n, entry in enumerate(summary, 1) if "interrupts.md" in entry)
    errors = sorted(
        (finding["name"], finding["path"].rpartition("/")[2], finding["line"])
        for finding in found
        if finding["name"] not in ("image-without-words", "duplicate-title")
    )
    assert errors == sorted(
        [
            ("missing-asset", "panicking.md", line),
            ("broken-anchor", "panicking.md", line),
            ("link-to-draft", "panicking.md", line),
            ("missing-asset", "panicking.md", line),
            ("unlisted-chapter", "new.md", 1),
            ("missing-chapter", "SUMMARY.md", listed),
        ]
    )


def test_building_twice_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        command = ["build", str(BOOK), "--url", URL, "--out", str(tmp_path / name), "--quiet"]
        assert CliRunner().invoke(cli, command).exit_code == 0
    one, two = (tmp_path / name / "book-packed.md" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
