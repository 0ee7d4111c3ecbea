"""What of the last pack stands in the next one: cut out of it where nothing has changed."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bookpack import pipeline
from bookpack.config import load_settings
from bookpack.editions.chapter import packed_text
from bookpack.editions.packed_again import packed_bodies
from conftest import SETTINGS, write_files

MakeBook = Callable[..., Path]

CHAPTERS = {
    "1.md": "# One\n\nThe first, with a [link](2.md).\n",
    "2.md": "# Two\n\nThe second.\n",
    "3.md": "# Three\n\n![A loaf](https://images.example.org/loaf.png)\n",
}


def build(book: Path) -> dict[str, bytes]:
    """Return what a build of the pack leaves."""
    pipeline.build(load_settings(book), book / "build", only="pack")
    return {path.name: path.read_bytes() for path in (book / "build").iterdir()}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of chapters whose text is written from now on."""
    paths: list[str] = []

    def write(resolved: Any, *rest: Any, **how: Any) -> str:
        paths.append(resolved.chapter.path)
        return packed_text(resolved, *rest, **how)

    monkeypatch.setattr(pipeline, "packed_text", write)
    return paths


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ({"2.md": "# Two\n\nThe second, and more.\n"}, ["2.md"]),
        ({"2.md": "# Two\nurl: https://example.com/other\n\nThe second.\n"}, ["1.md", "2.md"]),
        ({"4.md": "# Four\n"}, ["4.md"]),
        ({"1.md": "---\ntitle: First\n---\nThe first.\n"}, ["1.md"]),
        ({"3.md": "# Three\n\n![Bread](https://images.example.org/loaf.png)\n"}, ["3.md"]),
    ],
)
def test_a_change_has_those_texts_written_that_it_reaches(
    change: dict[str, str], again: list[str], make_book: MakeBook, written: list[str]
) -> None:
    book = make_book(CHAPTERS)
    build(book)
    assert written == ["1.md", "2.md", "3.md"]
    written.clear()
    write_files(book, {f"chapters/{path}": text for path, text in change.items()})
    left = build(book)
    assert written == again
    shutil.rmtree(book / "build")
    assert build(book) == left


@pytest.mark.parametrize(
    "text",
    [
        '<div align="center">[Two](2.md)</div>\n',
        "![see https://example.com/2](https://images.example.org/loaf.png)\n",
        '<img src="https://images.example.org/loaf.png" alt="">\n',
    ],
)
def test_a_text_that_is_read_again_is_written_each_time(
    text: str, make_book: MakeBook, written: list[str]
) -> None:
    book = make_book({**CHAPTERS, "1.md": f"# One\n\n{text}"})
    build(book)
    written.clear()
    write_files(book, {"chapters/2.md": "# Two\n\nChanged.\n"})
    left = build(book)
    assert written == ["1.md", "2.md"]
    shutil.rmtree(book / "build")
    assert build(book) == left


def test_a_label_that_has_to_be_renamed_is(make_book: MakeBook, written: list[str]) -> None:
    book = make_book({"1.md": "# One\n\nNote[^a].\n\n[^a]: One.\n", "2.md": "# Two\n"})
    build(book)
    written.clear()
    write_files(book, {"chapters/2.md": "# Two\n\nNote[^a].\n\n[^a]: Two.\n"})
    left = build(book)
    assert written == ["1.md", "2.md"]
    assert b"[^1-a]" in left["book-packed.md"]


@pytest.mark.parametrize("style", ["markdown", "xml", "plain", "json"])
def test_every_style_gives_the_same_after_a_change(style: str, make_book: MakeBook) -> None:
    book = make_book(CHAPTERS)
    (book / "bookpack.toml").write_text(f'{SETTINGS}[pack]\nstyle = "{style}"\n', "utf-8")
    build(book)
    write_files(book, {"chapters/2.md": "# Two\n\nChanged.\n"})
    left = build(book)
    shutil.rmtree(book / "build")
    assert build(book) == left


def test_a_pack_that_somebody_changed_is_not_believed(
    make_book: MakeBook, written: list[str]
) -> None:
    book = make_book(CHAPTERS)
    left = build(book)
    written.clear()
    (book / "build" / "book-packed.md").write_bytes(left["book-packed.md"] + b"\n")
    assert build(book) == left
    assert written == ["1.md", "2.md", "3.md"]


@pytest.mark.parametrize(
    "manifest",
    [
        None,
        b"",
        b"[]",
        b'{"chapters": 1}',
        b'{"chapters": [{"first_line": 9, "last_line": 9, "bytes": 1}]}',
        b'{"chapters": [{"first_line": "1"}]}',
    ],
)
def test_a_manifest_that_tells_something_else_gives_nothing(manifest: bytes | None) -> None:
    assert packed_bodies(b"one\ntwo\n", manifest) == {}
