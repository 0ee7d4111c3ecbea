"""The grammar desk of one book: what its passes find, and the desk at which that is decided."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from bookpack.checks.suppress import without_suppressed
from bookpack.config import Settings
from bookpack.desks.grammar.descriptions import read_description, read_descriptions
from bookpack.desks.grammar.kept import KeptAnswers
from bookpack.desks.grammar.model import ModelDesk
from bookpack.desks.grammar.passes import Progress, Prose, run_passes
from bookpack.desks.grammar.proof import Proof
from bookpack.desks.grammar.queue import Entry, Queue
from bookpack.desks.grammar.report import finding_of
from bookpack.desks.review.apply import Desk
from bookpack.desks.review.suggestion import Suggestion
from bookpack.model import Book, Chapter
from bookpack.read.book import PlannedBook, plan_book, read_again, read_book
from bookpack.read.files import BookFiles
from bookpack.source import Source


@dataclass
class GrammarDesk:
    """A book with everything that the grammar desk knows of it. `queue` is empty until `run`."""

    planned: PlannedBook
    book: Book
    queue: Queue = field(default_factory=Queue)

    @classmethod
    def open(cls, settings: Settings, out: Path, progress: Progress | None = None) -> "GrammarDesk":
        """Read the book; `out` is left out of the reading. Raises `SettingsError`."""
        step = progress or (lambda name, done, total: None)
        files = BookFiles(settings.folder, out, settings.images.descriptions)
        planned = plan_book(settings, files, needs_address=False)
        book, _ = read_book(planned, files, lambda done, of: step("reading", done, of))
        return cls(planned, book)

    @cached_property
    def chapters(self) -> tuple[Chapter, ...]:
        """The book's chapters in order, and behind them the descriptions of its pictures."""
        settings = self.planned.settings
        files = BookFiles(settings.folder, None, settings.images.descriptions)
        return (*self.book.chapters, *read_descriptions(files, math=settings.layout.math))

    @cached_property
    def prose(self) -> Prose:
        """The chapters and descriptions as a pass sees them."""
        return Prose.of(self.chapters, self.planned.settings)

    @cached_property
    def models(self) -> ModelDesk:
        """What models were asked, and what they have answered."""
        return ModelDesk(self.prose, KeptAnswers(self.planned.settings.folder))

    def run(
        self, wanted: Callable[[Chapter], bool] | None = None, progress: Progress | None = None
    ) -> Queue:
        """Run the passes over the chapters that are `wanted` and keep what they find.

        What `[lint]` or a comment in the text takes back is left out. No model is asked.
        """
        paths = [one.source.path for one in self.chapters if wanted is None or wanted(one)]
        if paths:
            engines = {"model": self.models.engine}
            found = run_passes(self.prose, paths, engines=engines, progress=progress)
            self.queue = replace(found, entries=tuple(self._kept(found.entries)))
        return self.queue

    def _kept(self, entries: Iterable[Entry]) -> list[Entry]:
        chapters = {chapter.source.path: chapter for chapter in self.chapters}
        found = [(entry, finding_of(entry, chapters[entry.suggestion.path])) for entry in entries]
        selection = self.planned.settings.selection
        left = without_suppressed(
            [finding for _, finding in found], replace(self.book, chapters=self.chapters)
        )
        kept = {id(finding) for finding in left}
        return [
            entry for entry, finding in found if id(finding) in kept and selection.keeps(finding)
        ]

    def decide(
        self,
        others: Iterable[Suggestion] = (),
        texts: Mapping[str, str] | None = None,
        *,
        by: str = "",
    ) -> Desk:
        """Return the desk with the queue on it, and with `others`, in reading order.

        `texts` are the texts in which those have their places. Raises `WorldError`.
        """
        settings = self.planned.settings
        order = {chapter.source.path: place for place, chapter in enumerate(self.chapters)}
        suggestions = [*self.queue.suggestions, *others]
        suggestions.sort(key=lambda one: (order.get(one.path, len(order)), one.span))
        proof = Proof(self.queue, self._read_again, math=settings.layout.math)
        known = {**(texts or {}), **self.queue.texts}
        return Desk(settings.folder, suggestions, known, by=by, proof=proof)

    def _read_again(self, source: Source) -> Chapter | None:
        chapter = read_again(self.planned, source)
        if chapter is None and source.path in self.queue.texts:
            chapter = read_description(source, math=self.planned.settings.layout.math)
        return chapter
