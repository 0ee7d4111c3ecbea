"""The descriptions of a book's pictures as texts that passes go through.

What the offline describer wrote is left out: it says what it read in a picture, mistakes and all.
What a person has edited or approved counts. A fix that is accepted makes the text another one than
the engine wrote, and so a person's own (see `answers`).
"""

from collections.abc import Iterator

from bookpack.answers import (
    FILE_NAME,
    Description,
    UnreadableDescriptionError,
    body_start,
    parse_description,
)
from bookpack.desks.grammar.in_markup import DescriptionChapter
from bookpack.model import Chapter
from bookpack.read.files import BookFiles
from bookpack.read.markdown import parse_markdown
from bookpack.source import Source


def read_descriptions(files: BookFiles, *, math: bool = True) -> tuple[Chapter, ...]:
    """Return the descriptions in the folder that `files` know of; unreadable ones are left out."""
    return tuple(_read_all(files, math))


def read_description(source: Source, *, math: bool = True) -> Chapter | None:
    """Return a description's file as a chapter, None where it has nothing to be corrected."""
    try:
        description = parse_description(source.to_bytes())
    except (UnreadableDescriptionError, ValueError):
        return None
    if description.engine == "offline" and not description.touched:
        return None
    structure = parse_markdown(source.text, start=body_start(source.text), math=math)
    return DescriptionChapter(
        path=source.path,
        title=_title(description, source.path),
        url="",
        source=source,
        structure=structure,
        description=description,
    )


def _read_all(files: BookFiles, math: bool) -> Iterator[Chapter]:
    for name in files.list_folder(files.descriptions):
        path = f"{files.descriptions}/{name}"
        data = files.read(path) if FILE_NAME.fullmatch(name) else None
        if data is not None:
            chapter = read_description(Source.from_bytes(path, data), math=math)
            if chapter is not None:
                yield chapter


def _title(description: Description, path: str) -> str:
    return description.title or path.rpartition("/")[2]
