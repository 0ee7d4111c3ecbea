"""Runs the passes of `[[grammar.pass]]` over the chapters of a book and makes one queue of them.

An engine is whoever proposes fixes for blocks of prose; this module gives each the blocks of its
chapters, has every fix proven, and knows nothing of how an engine comes to it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from bookpack.config import Settings
from bookpack.config.tables import PassTable
from bookpack.desks.grammar.harper import HarperEngine
from bookpack.desks.grammar.harper_lints import LintMemory
from bookpack.desks.grammar.own_rules import RulesEngine
from bookpack.desks.grammar.prose import Block, Proposal, author_source, blocks_of
from bookpack.desks.grammar.queue import Queue, make_entries
from bookpack.desks.grammar.validate import Refused, Resolved, Validator
from bookpack.desks.grammar.vocabulary import Vocabulary
from bookpack.errors import SettingsError
from bookpack.model import Chapter
from bookpack.system import cache_folder

DEFAULT = PassTable("harper")
MODEL = PassTable(engine="model")
Progress = Callable[[str, int, int], None]


class Engine(Protocol):
    """Whoever proposes fixes. A proposal names the blocks in which its pattern counts."""

    @property
    def name(self) -> str:
        """What a reviewer is told."""

    def propose(self, blocks: Sequence[Block]) -> Iterable[Proposal | Refused]:
        """Yield fixes for the blocks of one chapter, and those it knows to be refused."""


@dataclass(frozen=True)
class Prose:
    """The chapters of a book as a pass sees them, and the words that the book calls its own."""

    chapters: Sequence[Chapter]
    settings: Settings
    blocks: Mapping[str, list[Block]] = field(default_factory=dict)
    vocabulary: Vocabulary = field(default_factory=Vocabulary)

    @classmethod
    def of(cls, chapters: Sequence[Chapter], settings: Settings) -> "Prose":
        """Read every chapter once. Raises `SettingsError` for a `words.txt` that is no text."""
        vocabulary = Vocabulary()
        vocabulary.read(settings.folder)
        blocks = {}
        for chapter in chapters:
            blocks[chapter.path] = blocks_of(chapter, math=settings.layout.math)
            vocabulary.learn(chapter, blocks[chapter.path])
        return cls(chapters, settings, blocks, vocabulary)

    @property
    def is_english(self) -> bool:
        """Tell whether the book says that it is written in English."""
        return self.settings.book.language.lower().partition("-")[0] in ("", "en", "eng")


MakeEngine = Callable[[PassTable, Prose], Engine]


def run_passes(
    prose: Prose,
    wanted: Sequence[str] = (),
    *,
    engines: Mapping[str, MakeEngine] | None = None,
    progress: Progress | None = None,
) -> Queue:
    """Run every pass over its chapters (of those, the `wanted` paths) and return the queue.

    `engines` are makers of engines that are not built in, such as `model`. Without a pass in the
    settings, those of `passes_of` go through the whole book. Nothing is applied.
    Raises `SettingsError` for an engine that is not there, or for a book that is not in English
    and has only engines that know no other language.
    """
    step = progress or (lambda name, done, total: None)
    passes = passes_of(prose)
    made = [(one, engine) for one in passes for engine in _engines(one, prose, engines or {})]
    chapters = [c for c in prose.chapters if not wanted or c.path in wanted or _path(c) in wanted]
    entries, refused = [], []
    texts = {_path(chapter): author_source(chapter).text for chapter in chapters}
    done, total = 0, sum(len(prose.blocks[chapter.path]) for chapter in chapters)
    for chapter in chapters:
        proposals = _proposals(chapter, prose, made)
        resolved, failed = prove(chapter, proposals, math=prose.settings.layout.math)
        ignored = prose.settings.grammar.ignore
        entries += make_entries(chapter, (one for one in resolved if one.fix.rule not in ignored))
        refused += failed
        done += len(prose.blocks[chapter.path])
        step("grammar", done, total)
    return Queue(tuple(entries), tuple(refused), texts)


def passes_of(prose: Prose) -> tuple[PassTable, ...]:
    """Return the passes of the settings; without any, harper, and a model where one is set."""
    if prose.settings.grammar.pass_:
        return prose.settings.grammar.pass_
    if not (prose.settings.model.base_url and prose.settings.model.name):
        return (DEFAULT,)
    return (DEFAULT, MODEL) if prose.is_english else (MODEL,)


def covers(one: PassTable, chapter: Chapter) -> bool:
    """Tell whether a pass goes through `chapter`."""
    return not one.chapters or any(fnmatchcase(chapter.path, pattern) for pattern in one.chapters)


def prove(
    chapter: Chapter, proposals: Iterable[Proposal | Refused], *, math: bool = True
) -> tuple[list[Resolved], list[Refused]]:
    """Return what every proposal comes to in `chapter`, and what was refused with its reason."""
    validator = Validator(chapter, math)
    resolved: list[Resolved] = []
    refused: list[Refused] = []
    for proposal in proposals:
        if isinstance(proposal, Refused):
            refused.append(proposal)
            continue
        fix, blocks = proposal
        found = validator.resolve(fix, blocks)
        if isinstance(found, Refused):
            refused.append(found)
        else:
            resolved += found
    return resolved, refused


def _engines(one: PassTable, prose: Prose, others: Mapping[str, MakeEngine]) -> list[Engine]:
    if one.engine in others:
        return [others[one.engine](one, prose)]
    profile = one.profile or prose.settings.grammar.profile
    if one.engine == "model":
        raise SettingsError("A pass of the engine model needs [model] base-url and name.")
    if not prose.is_english:
        raise SettingsError(
            f"The engine {one.engine} knows English alone, and the book's language is "
            f'{prose.settings.book.language}. Set a pass with engine = "model".'
        )
    rules = RulesEngine(profile=profile)
    if one.engine == "rules":
        return [rules]
    dialect = prose.settings.grammar.dialect
    memory = LintMemory(cache_folder())
    return [
        HarperEngine(prose.vocabulary, profile=profile, dialect=dialect, memory=memory),
        rules,
    ]


def _proposals(
    chapter: Chapter, prose: Prose, made: Sequence[tuple[PassTable, Engine]]
) -> Iterator[Proposal | Refused]:
    for one, engine in made:
        if covers(one, chapter):
            yield from engine.propose(prose.blocks[chapter.path])


def _path(chapter: Chapter) -> str:
    return chapter.source.path


def read_prompt(folder: Path, one: PassTable) -> str:
    """Return what the prompt file of a pass says, if it has one. Raises `SettingsError`."""
    if not one.prompt:
        return ""
    path = folder / one.prompt
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"Cannot read the prompt {one.prompt}: {error}.") from None
