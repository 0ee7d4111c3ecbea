"""Four real books in the conventions of four other tools, built as they are.

bookpack reads them by its own convention here; nothing of them may get lost, and no relative
target may be left in.
"""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from bookpack.cli import cli
from bookpack.read.front_matter import read_front_matter
from bookpack.read.markdown import parse_markdown
from conftest import SHARED, needs_shared

pytestmark = needs_shared

BOOKS = {
    "embedded-rust": (
        "embedded-rust/src",
        "https://docs.rust-embedded.org/book",
        'exclude = ["SUMMARY.md"]\nurl-style = "{base}/{path}.html"',
        44,
    ),
    "ospo-book": (
        "ospo-book/content/en",
        "https://ospobook.todogroup.org",
        'exclude = ["search.md", "toc.md", "_index.md"]',
        11,
    ),
    "opensource-guide": (
        "opensource-guide/_articles",
        "https://opensource.guide",
        'exclude = ["es/*", "fa/*", "ja/*"]',
        13,
    ),
    "codebook": (
        "codebook/docs",
        "https://goodresearch.dev",
        'exclude = ["front-print.md"]\nurl-style = "{base}/{path}.html"',
        14,
    ),
}
LAYOUT = re.compile(
    r"</?(?:address|article|aside|body|center|details|div|fieldset|figcaption|figure|footer|form"
    r"|header|main|nav|noscript|p|picture|section|summary|big|font|small|span)\b[^>]*>",
    re.I,
)
ABSOLUTE = re.compile(r"https?://|[a-z][a-z0-9+.-]*:|//", re.I)


def run(*arguments: object) -> int:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code


class Built:
    """A real book, copied, built, and taken apart."""

    def __init__(self, name: str, folder: Path) -> None:
        source, self.url, layout, self.number = BOOKS[name]
        self.book, self.out = folder / "book", folder / "out"
        shutil.copytree(SHARED / "books" / source, self.book, copy_function=shutil.copyfile)
        for place in (self.book, *self.book.rglob("*")):
            place.chmod(0o755)
        (self.book / "bookpack.toml").write_text(
            f'[book]\ntitle = "{name}"\nurl = "{self.url}"\n\n'
            f'[layout]\nconvention = "native"\nsource = "."\n{layout}\n',
            "utf-8",
        )
        self.status = run("build", self.book, "--out", self.out)
        self.manifest = json.loads((self.out / "manifest.json").read_text("utf-8"))
        lines = (self.out / "book-packed.md").read_text("utf-8").split("\n")
        self.chapters = {
            one["path"]: "\n".join(lines[one["first_line"] - 1 : one["last_line"]]) + "\n"
            for one in self.manifest["chapters"]
        }

    def source(self, path: str) -> str:
        return (self.book / path).read_text("utf-8-sig")


@pytest.fixture(scope="module", params=BOOKS)
def built(request, tmp_path_factory) -> Built:
    return Built(request.param, tmp_path_factory.mktemp(request.param))


def test_it_builds_and_every_chapter_is_in(built):
    assert built.status in (0, 1)
    assert len(built.chapters) == built.number


def test_no_relative_target_is_left_outside_code_and_math(built):
    for path, text in built.chapters.items():
        structure = parse_markdown(text)
        targets = [
            one.target
            for one in (*structure.links, *structure.images, *structure.definitions)
            if one.target
        ]
        assert [target for target in targets if not ABSOLUTE.match(target)] == [], path


def test_no_picture_and_no_layout_is_left_outside_code(built):
    for path, text in built.chapters.items():
        structure = parse_markdown(text)
        assert structure.images == (), path
        assert structure.comments == (), path
        tags = [tag for block in structure.html_blocks for tag in block.tags]
        tags += structure.inline_tags
        assert [tag for tag in tags if LAYOUT.fullmatch(tag.span.slice(text))] == [], path


def test_every_link_to_a_markdown_file_is_resolved_or_reported(built):
    result = CliRunner().invoke(cli, ["check", str(built.book), "--format", "json"])
    reported = {
        (Path(one["path"]).name, one["line"])
        for one in json.loads(result.stdout)
        if one["code"].startswith("BP3")
    }
    urls = {one["url"] for one in built.manifest["chapters"]}
    for path in built.chapters:
        text = built.source(path)
        packed = parse_markdown(built.chapters[path])
        written = {link.target.partition("#")[0] for link in packed.links}
        for link in parse_markdown(text, start=read_front_matter(text).end).links:
            target = link.target.partition("#")[0]
            if ABSOLUTE.match(target) or not target.endswith(".md"):
                continue
            line = text.count("\n", 0, link.span.start) + 1
            assert (Path(path).name, line) in reported or written & urls, (path, target)


def test_own_links_lead_to_chapters_of_the_book(built):
    """What `check` did not report leads to an address that a chapter, or a file, has."""
    result = CliRunner().invoke(cli, ["check", str(built.book), "--format", "json"])
    broken = sum(
        one["name"] in ("broken-link", "broken-anchor") for one in json.loads(result.stdout)
    )
    urls = {one["url"].rstrip("/") for one in built.manifest["chapters"]} | {built.url}
    lost = [
        link.target
        for text in built.chapters.values()
        for link in parse_markdown(text).links
        if link.target.startswith(f"{built.url}/")
        and link.target.partition("#")[0].partition("?")[0].rstrip("/") not in urls
        and not re.search(r"\.(?!html)\w+$", link.target.partition("#")[0])
    ]
    assert len(lost) <= broken


def words(text: str) -> str:
    """Return `text` with its blanks, escapes and quote marks evened out."""
    return re.sub(r"[\s\\>]+", " ", text).strip()


def test_no_paragraph_is_lost(built):
    """Every stretch of prose stands in the pack; links, pictures and layout are not prose."""
    for path, packed in built.chapters.items():
        text = built.source(path)
        structure = parse_markdown(text, start=read_front_matter(text).end)
        images = [image.span for image in structure.images]
        haystack = words(packed)
        lost = [
            words(span.slice(text))
            for span in structure.prose
            if not any(i.start <= span.start < i.end for i in images)
            and words(span.slice(text)) not in haystack
            and not re.match(r"https?://", span.slice(text))
        ]
        assert lost == [], path


def test_the_text_between_layout_tags_is_not_lost(built):
    for path, packed in built.chapters.items():
        text = built.source(path)
        structure = parse_markdown(text, start=read_front_matter(text).end)
        haystack = words(packed)
        for block in structure.html_blocks:
            inner = re.sub(
                r"<!--.*?-->|<(script|style).*?</\1>", "", block.span.slice(text), flags=re.S
            )
            for piece in re.split(r"<[^>]*>|!?\[|\]\([^)]*\)|\]", inner):
                assert words(piece) in haystack, (path, piece)


def test_code_comes_out_byte_for_byte(built):
    for path, packed in built.chapters.items():
        text = built.source(path)
        structure = parse_markdown(text, start=read_front_matter(text).end)
        for span in structure.code:
            assert span.slice(text).replace("\r\n", "\n").rstrip("\n") in packed, path


def test_it_is_a_fixed_point(built, tmp_path):
    for style in ("markdown", "json"):
        first, unpacked, second = (tmp_path / f"{style}-{name}" for name in "abc")
        run("build", built.book, "--only", "pack", "--out", first, "--style", style)
        (pack,) = first.glob("book-packed.*")
        assert run("unpack", pack, "--out", unpacked) == 0
        assert run("build", unpacked, "--only", "pack", "--out", second) in (0, 1)
        for name in (pack.name, "manifest.json"):
            assert (second / name).read_text("utf-8") == (first / name).read_text("utf-8")


# Facts of these books, checked by hand


def urls_in(text: str) -> set[str]:
    return set(re.findall(r"https?://[^\s)\"'<>]+", text))


def test_facts_of_a_book_with_pages(tmp_path):
    built = Built("embedded-rust", tmp_path)
    text = "".join(built.chapters.values())
    assert f"{built.url}/start/registers.html" in urls_in(text)
    assert f"{built.url}/assets/crates.png" in urls_in(text)
    assert not re.search(r"\]\((?!https?:|mailto:)[^)]*\.md", text)


def test_facts_of_a_book_with_restarting_footnotes(tmp_path):
    built = Built("ospo-book", tmp_path)
    labels = re.findall(r"^\[\^([^\]]+)\]:", "".join(built.chapters.values()), re.M)
    assert len(labels) > 20
    assert len(set(labels)) == len(labels)
    text = built.chapters["03-chapter.md"]
    assert f"{built.url}/pdfs/ospoflower-seconddraft-1.pdf" in urls_in(text)


def test_facts_of_a_book_with_titles_in_its_front_matter(tmp_path):
    built = Built("opensource-guide", tmp_path)
    text = built.chapters["building-community.md"]
    assert text.startswith(
        f"# Building Welcoming Communities\nurl: {built.url}/building-community/\n"
    )
    for url in (
        "starting-a-project/#writing-a-readme",
        "finding-users/",
        "code-of-conduct/#enforcing-your-code-of-conduct",
        "building-community/#dont-tolerate-bad-actors",
    ):
        assert f"{built.url}/{url}" in urls_in(text)
    text = built.chapters["legal.md"]
    assert f"{built.url}/notices/" in urls_in(text)
    text = built.chapters["security-best-practices-for-your-project.md"]
    assert f"{built.url}/legal/#which-open-source-license-is-appropriate-for-my-project" in urls_in(
        text
    )


def test_facts_of_a_book_with_directives(tmp_path):
    built = Built("codebook", tmp_path)
    assert f"{built.url}/testing.html" in urls_in(built.chapters["tidy.md"])
    assert f"{built.url}/_static/book.pdf" in urls_in(built.chapters["index.md"])
    assert "twitter.svg" not in built.chapters["index.md"]
    assert "$$CKA(" in built.chapters["cka.md"]
