"""MyST, the Markdown of Jupyter Book, mystmd and Sphinx, made plain.

`fences` finds directives, `labels` knows what references can mean, `translate` goes through a
page level by level, `directives`, `code`, `tables` and `roles` know the plain forms.
"""

from collections.abc import Iterable, Iterator, Mapping

from bookpack.model import Structure
from bookpack.read.dialects.myst.directives import HANDLERS
from bookpack.read.dialects.myst.ids import DOCUTILS, MYSTMD, docutils_id, label_key, mystmd_id
from bookpack.read.dialects.myst.labels import label_book
from bookpack.read.dialects.myst.translate import MystOptions, Translator
from bookpack.read.files import BookFiles
from bookpack.read.layouts.base import Page, Translation

_MARKS = ("{", ")=", "](", "](#", "+++", "%", ":::", "<project:", "$$")


class MystDialect:
    """The dialect of one book. All its pages are looked through before the first is translated.

    `root` is the chapter folder. A file that a page includes is read through `files`.
    """

    def __init__(
        self, pages: Iterable[Page], files: BookFiles, root: str, options: MystOptions
    ) -> None:
        self.book = label_book(pages, mystmd=options.mystmd)
        self.files = files
        self.root = root
        self.options = options

    def translate(self, page: Page, structure: Structure) -> Translation:
        """Return the edits that make `page` plain Markdown, and what could not be made so."""
        text = page.source.text
        labels = tuple(self.book.problems.get(page.path, ()))
        if not any(mark in text for mark in _MARKS):
            return Translation(problems=labels)
        translator = Translator(page, self.book, self.files, self.root, self.options, HANDLERS)
        edits = translator.translate(structure)
        return Translation(tuple(edits), (*labels, *translator.problems))

    def labels(self) -> Mapping[str, str]:
        """Return every label → `path#anchor`; a label is found whatever its capitals."""
        return _Labels(self.book.as_links())


class _Labels(Mapping[str, str]):
    """Labels without regard to capitals and runs of blanks."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels

    def __getitem__(self, label: str) -> str:
        return self._labels[label_key(label)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._labels)

    def __len__(self) -> int:
        return len(self._labels)


__all__ = ["DOCUTILS", "MYSTMD", "MystDialect", "MystOptions", "docutils_id", "mystmd_id"]
