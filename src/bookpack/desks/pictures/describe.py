"""Describing pictures: what is asked, and what becomes of each answer the moment it is there.

An answer is kept before the next one is looked at, so that whatever ends a run costs at most
the answers that were on their way.
"""

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bookpack.answers import Description, DescriptionFolder, file_name
from bookpack.ask.question import Answer, NoAnswer, Question, Usage
from bookpack.config import Settings
from bookpack.desks.pictures.prepare import NotPreparedError, Prepared, Preparer, ahead
from bookpack.desks.pictures.survey import Case
from bookpack.images.gallery import Gallery, Kept
from bookpack.model import BookMeta

if TYPE_CHECKING:
    from bookpack.images.structure import Structure

MODEL, OFFLINE = "model", "offline"
OFFLINE_VERSION = "1"
TICKET = "batch.json"
"""The ticket of a batch that is under way, in the folder of descriptions."""
Outcomes = Callable[
    [Iterator[Question["Structure"]]],
    Generator["Answer[Structure] | NoAnswer[Structure]", None, None],
]
"""Sends questions through the door and gives what comes back, in any order."""
_PLACES = 3
"""Contexts that a model is shown of a picture which stands in many places."""


@dataclass
class Report:
    """What a run did: names of pictures by what became of them, and what it cost."""

    described: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)


def prompt_version() -> str:
    """Return the version of what a model is asked; empty where the extra `model` is missing."""
    try:
        from bookpack.images.describe import PROMPT_VERSION
    except ModuleNotFoundError:
        return ""
    return PROMPT_VERSION


class PictureDesk:
    """The desk of one book, where descriptions are made."""

    def __init__(self, meta: BookMeta, gallery: Gallery, settings: Settings, cache: Path) -> None:
        self.meta = meta
        self.gallery = gallery
        self.settings = settings
        self.preparer = Preparer(gallery, settings.images, cache)
        self.folder = DescriptionFolder(settings.folder / settings.images.descriptions)
        self.report = Report()

    @property
    def money(self) -> float:
        """What this run's answers cost, in the settings' currency; 0 where no prices are set."""
        usage, model = self.report.usage, self.settings.model
        return (usage.tokens_in * model.price_in + usage.tokens_out * model.price_out) / 1e6

    def engines(self, *names: str) -> dict[str, tuple[str, str]]:
        """Return for each engine the model and prompt version that it would use now."""
        known = {}
        if OFFLINE in names:
            reads = "+ocr" if self.preparer.reader is not None else ""
            known[OFFLINE] = ("", OFFLINE_VERSION + reads)
        if MODEL in names:
            known[MODEL] = (self.settings.model.name, prompt_version())
        return known

    def describe_offline(self, cases: Sequence[Case]) -> Iterator[str]:
        """Describe by what each file tells; yields the names of pictures as they are done."""
        prompt = self.engines(OFFLINE)[OFFLINE][1]
        for case, prepared in self._prepared(cases, for_a_model=False):
            said = prepared.offline
            self._keep(
                case,
                Description(
                    identity=prepared.facts.identity,
                    files=case.files,
                    kind=said.kind,
                    title=prepared.facts.own_title,
                    text=said.text,
                    engine=OFFLINE,
                    prompt=prompt,
                    words=said.words,
                ),
            )
            yield case.name

    def ask(self, cases: Sequence[Case], outcomes: Outcomes) -> Iterator[str]:
        """Ask a model; yields the names of pictures as they are answered, or are not."""
        waiting: dict[str, tuple[Case, Prepared]] = {}
        with contextlib.closing(outcomes(self.questions(cases, waiting))) as found:
            for outcome in found:
                case, prepared = waiting.pop(outcome.question.key)
                self.report.usage += outcome.usage
                if isinstance(outcome, NoAnswer):
                    self.fail(case, outcome.message)
                else:
                    self._keep(case, self._description(case, prepared, outcome))
                yield case.name

    def questions(
        self,
        cases: Sequence[Case],
        waiting: dict[str, tuple[Case, Prepared]] | None = None,
        *,
        read: bool = True,
    ) -> Iterator[Question["Structure"]]:
        """Yield a question for each picture, decoded shortly before its turn comes.

        `waiting` is filled with what belongs to each key. Without `read` the words in pictures
        are left out: for estimates.
        """
        from bookpack.images.describe import context_of, question

        for case, prepared in self._prepared(cases, for_a_model=True, read=read):
            identity = prepared.facts.identity
            if prepared.attachment is None or not self._is_open(case, identity):
                continue
            contexts = [
                context_of(
                    self.meta.title, one.chapter, one.image, one.caption, prepared.offline.words
                )
                for one in case.placed[:_PLACES]
            ]
            if waiting is not None:
                waiting[identity] = (case, replace(prepared, attachment=None))
            language = self.meta.language
            yield question(identity, prepared.attachment, contexts, language, prepared.rows)

    def _prepared(
        self, cases: Sequence[Case], *, for_a_model: bool, read: bool = True
    ) -> Iterator[tuple[Case, Prepared]]:
        window = self.settings.model.concurrency if for_a_model else 8
        make = partial(self.preparer.prepare, for_a_model=for_a_model, read=read)
        for case, prepared in ahead(make, cases, window):
            if isinstance(prepared, NotPreparedError):
                self.fail(case, str(prepared))
            elif isinstance(prepared, Exception):
                raise prepared
            else:
                yield case, prepared

    def fail(self, case: Case, message: str) -> None:
        """Note why a picture is not described."""
        self.report.failed.append((case.name, message))

    def _is_open(self, case: Case, identity: str) -> bool:
        """Tell whether there is a place for an answer; one that is paid for must not be lost."""
        name = self._name_for(case, identity)
        if not self.folder.is_damaged(name):
            return True
        self.fail(case, f"Its description {name} cannot be read; mend or delete that file first.")
        return False

    def _name_for(self, case: Case, identity: str) -> str:
        old = case.kept
        if old is not None and old.description.identity == identity:
            return old.name
        return file_name(case.name, identity)

    def _description(
        self, case: Case, prepared: Prepared, answer: Answer["Structure"]
    ) -> Description:
        from bookpack.images.wording import write

        written = write(answer.value, self.meta.language)
        model, prompt = self.engines(MODEL)[MODEL]
        return Description(
            identity=prepared.facts.identity,
            files=case.files,
            kind=written.kind,
            title=written.title,
            alt=written.alt,
            text=written.text,
            engine=MODEL,
            model=model,
            prompt=prompt,
            words=prepared.offline.words,
            usage=self._bill(answer),
        )

    def _bill(self, answer: Answer["Structure"]) -> dict[str, int | float | str]:
        usage, model = answer.usage, self.settings.model
        bill: dict[str, int | float | str] = {
            "tokens-in": usage.tokens_in,
            "tokens-out": usage.tokens_out,
            "calls": usage.calls,
        }
        if usage.estimated:
            bill["estimated"] = "the endpoint counted no tokens"
        if answer.model and answer.model != model.name:
            bill["answered-by"] = answer.model
        if model.price_in or model.price_out:
            money = usage.tokens_in * model.price_in + usage.tokens_out * model.price_out
            bill["cost"] = round(money / 1e6, 6)
            bill["currency"] = model.currency
        return bill

    def _keep(self, case: Case, new: Description) -> None:
        new = new.as_written()
        old = case.kept
        name = self._name_for(case, new.identity)

        def unless_touched(now: Description | None) -> Description | None:
            return None if now is not None and now.touched else new

        if self.folder.put(name, unless_touched) is None:
            self._is_open(case, new.identity)  # which says why it is not
            return
        if old is not None and old.name != name:
            self._drop(old)
        self.report.described.append(case.name)

    def _drop(self, old: Kept) -> None:
        """Remove the description of a former version, unless a person has touched it."""
        if not old.description.touched:
            self.folder.remove(old.name, old.description)
