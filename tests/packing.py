"""Chapters as the pack holds them, made without a command line: quick, and with words of figures.

Quick enough for thousands of documents; `test_chapter_text.packed` is the same by the whole way.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from bookpack.config import load_settings
from bookpack.editions.chapter import packed_text, plan_labels
from bookpack.images.words import PictureWords
from bookpack.links.book import resolve_chapter
from bookpack.links.resolve import LinkResolver
from bookpack.model import Image
from bookpack.read.book import plan_book, read_book
from bookpack.read.files import BookFiles
from conftest import SETTINGS, write_files

Words = Callable[[Image], PictureWords | None]


def pack_folder(book: Path, words: Words | None = None) -> dict[str, str]:
    """Return the texts of the chapters of `book` by their paths."""
    files = BookFiles(book)
    read, _ = read_book(plan_book(load_settings(book), files), files)
    resolver = LinkResolver(read, files)
    resolved = [resolve_chapter(chapter, resolver) for chapter in read.chapters]
    labels = plan_labels(resolved)
    told = {} if words is None else {"words": lambda chapter, image, resolution: words(image)}
    return {
        one.chapter.path: packed_text(one, labels, resolver, section_urls=True, **told)
        for one in resolved
    }


def pack_texts(
    folder: Path, chapters: Mapping[str, str], words: Words | None = None
) -> dict[str, str]:
    """Write a book into `folder` and return the texts of its chapters in the pack."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bookpack.toml").write_text(SETTINGS, "utf-8")
    write_files(folder, {f"chapters/{path}": text for path, text in chapters.items()})
    return pack_folder(folder, words)
