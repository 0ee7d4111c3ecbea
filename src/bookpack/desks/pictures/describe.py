"""Describing pictures: what is asked, and what becomes of each answer the moment it is there.

An answer is kept before the next one is looked at, so that whatever ends a run costs at most
the answers that were on their way.
"""

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from bookpack.answers import Description, DescriptionFolder, State, file_name
from bookpack.ask.question import Answer, Attachment, NoAnswer, Question, Usage
from bookpack.config import Settings
from bookpack.desks.pictures.survey import Case, Status, fetched
from bookpack.errors import WorldError
from bookpack.images.facts import Facts, facts_of
from bookpack.images.gallery import Gallery, Kept
from bookpack.images.load import UnreadablePictureError, for_model, load_picture, rows_for_model
from bookpack.images.ocr import Reader, Reading, open_reader
from bookpack.images.offline import describe_offline
from bookpack.images.remote import RemotePictureError, fetch_picture
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
    moved: list[str] = field(default_factory=list)
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
    """The desk of one book: descriptions are made here, approved and thrown away."""

    def __init__(self, meta: BookMeta, gallery: Gallery, settings: Settings, cache: Path) -> None:
        self.meta = meta
        self.gallery = gallery
        self.settings = settings
        self.cache = cache
        self.folder = DescriptionFolder(settings.folder / settings.images.descriptions)
        self.report = Report()

    @property
    def money(self) -> float:
        """What this run's answers cost, in the settings' currency; 0 where no prices are set."""
        usage, model = self.report.usage, self.settings.model
        return (usage.tokens_in * model.price_in + usage.tokens_out * model.price_out) / 1e6

    @cached_property
    def reader(self) -> Reader | None:
        """What reads words in pictures, None where the extra `ocr` is not installed."""
        return open_reader(self.cache)

    def engines(self, *names: str) -> dict[str, tuple[str, str]]:
        """Return for each engine the model and prompt version that it would use now."""
        known = {}
        if OFFLINE in names:
            known[OFFLINE] = ("", OFFLINE_VERSION + ("+ocr" if self.reader is not None else ""))
        if MODEL in names:
            known[MODEL] = (self.settings.model.name, prompt_version())
        return known

    def bring_in(self, cases: Sequence[Case], *, again: bool) -> list[Case]:
        """Fetch the pictures that lie on other sites; `again` also those fetched before."""
        return [
            self._brought_in(case, again) if case.shown[0].elsewhere else case for case in cases
        ]

    def _brought_in(self, case: Case, again: bool) -> Case:
        if case.kept is not None and not again:
            return case
        try:
            data = self._fetch(case.name, again)
        except RemotePictureError as error:
            self._fail(case, error)
            return replace(case, status=Status.MISSING, problem=str(error))
        digest = sha256(data).hexdigest()
        facts = facts_of(data, digest, self.gallery.limits, self.cache)
        if facts.problem:
            return replace(case, status=Status.UNREADABLE, problem=facts.problem)
        found = fetched(case, facts, digest, self.gallery)
        if found.kept is None and case.kept is not None:
            return replace(found, status=Status.CHANGED, kept=case.kept)
        return found

    def _fetch(self, url: str, again: bool) -> bytes:
        images = self.settings.images
        return fetch_picture(
            url,
            self.cache / "remote",
            max_bytes=images.max_bytes,
            allow_private=images.allow_private,
            refresh=again,
        )

    def describe_offline(self, cases: Sequence[Case]) -> Iterator[str]:
        """Describe by what each file tells; yields the names of pictures as they are done."""
        prompt = self.engines(OFFLINE)[OFFLINE][1]
        for case in cases:
            if self._answered_meanwhile(case):
                continue
            try:
                _, facts, reading = self._looked_at(case)
            except (UnreadablePictureError, RemotePictureError) as error:
                self._fail(case, error)
            else:
                said = describe_offline(facts, reading)
                self._keep(
                    case,
                    Description(
                        identity=facts.identity,
                        files=case.files,
                        kind=said.kind,
                        title=facts.own_title,
                        text=said.text,
                        engine=OFFLINE,
                        prompt=prompt,
                        words=said.words,
                    ),
                )
            yield case.name

    def ask(self, cases: Sequence[Case], outcomes: Outcomes) -> Iterator[str]:
        """Ask a model; yields the names of pictures as they are answered, or are not."""
        waiting: dict[str, tuple[Case, Facts, tuple[str, ...] | None]] = {}
        with contextlib.closing(outcomes(self.questions(cases, waiting))) as found:
            for outcome in found:
                case, facts, words = waiting.pop(outcome.question.key)
                self.report.usage += outcome.usage
                if isinstance(outcome, NoAnswer):
                    self.report.failed.append((case.name, outcome.message))
                else:
                    self._keep(case, self._description(case, facts, words, outcome))
                yield case.name

    def questions(
        self,
        cases: Sequence[Case],
        waiting: dict[str, tuple[Case, Facts, tuple[str, ...] | None]],
    ) -> Iterator[Question["Structure"]]:
        """Yield a question for each picture, decoded only when its turn has come."""
        from bookpack.images.describe import context_of, question

        for case in cases:
            if self._answered_meanwhile(case):
                continue
            try:
                data, facts, reading = self._looked_at(case)
                attachment, rows = self._attachment(data)
            except (UnreadablePictureError, RemotePictureError) as error:
                self._fail(case, error)
                continue
            if not self._is_open(case, facts.identity):
                continue
            words = describe_offline(facts, reading).words
            contexts = [
                context_of(self.meta.title, one.chapter, one.image, one.caption, words)
                for one in case.placed[:_PLACES]
            ]
            waiting[facts.identity] = (case, facts, words)
            yield question(facts.identity, attachment, contexts, self.meta.language, rows)

    def _is_open(self, case: Case, identity: str) -> bool:
        """Tell whether there is a place for an answer; one that is paid for must not be lost."""
        name = self._name_for(case, identity)
        if not self.folder.is_damaged(name):
            return True
        message = f"Its description {name} cannot be read; mend or delete that file first."
        self.report.failed.append((case.name, message))
        return False

    def _name_for(self, case: Case, identity: str) -> str:
        old = case.kept
        if old is not None and old.description.identity == identity:
            return old.name
        return file_name(case.name, identity)

    def _fail(self, case: Case, error: ValueError) -> None:
        remote = isinstance(error, RemotePictureError)
        self.report.failed.append((case.name, str(error) if remote else f"It {error}."))

    def _attachment(self, data: bytes) -> tuple[Attachment, int]:
        picture = load_picture(data, self.gallery.limits)
        size = self.settings.images.model_size
        return for_model(picture, size), rows_for_model(picture, size)

    def _looked_at(self, case: Case) -> tuple[bytes, Facts, Reading | None]:
        first = case.shown[0]
        if first.elsewhere:
            data: bytes | None = self._fetch(first.key, False)
        else:
            data = self.gallery.bytes_of(first, case.placed[0].image)
        if data is None:
            raise UnreadablePictureError("is not there any more")
        digest = sha256(data).hexdigest()
        facts = first.facts or facts_of(data, digest, self.gallery.limits, self.cache)
        if facts.problem:
            raise UnreadablePictureError(facts.problem)
        reading = None
        if self.reader is not None and not facts.own_words:
            reading = self.reader.read(load_picture(data, self.gallery.limits))
        return data, facts, reading

    def _description(
        self, case: Case, facts: Facts, words: tuple[str, ...] | None, answer: Answer["Structure"]
    ) -> Description:
        from bookpack.images.wording import write

        written = write(answer.value, self.meta.language)
        model, prompt = self.engines(MODEL)[MODEL]
        return Description(
            identity=facts.identity,
            files=case.files,
            kind=written.kind,
            title=written.title,
            alt=written.alt,
            text=written.text,
            engine=MODEL,
            model=model,
            prompt=prompt,
            words=words,
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

    def _answered_meanwhile(self, case: Case) -> bool:
        """Tell whether another run has described the picture since this one began."""
        identity = case.shown[0].identity
        if not identity or case.status not in (Status.NEW, Status.CHANGED):
            return False
        return self.folder.read(file_name(case.name, identity)) is not None

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
        now = self.folder.read(old.name)
        if now is not None and not now.touched:
            self.folder.remove(old.name)

    def follow_moves(self, cases: Sequence[Case]) -> None:
        """Write down the present paths of pictures that were renamed, moved or copied."""
        for case in cases:
            kept = case.kept
            if kept is None or case.status in (Status.CHANGED, Status.UNREADABLE, Status.MISSING):
                continue
            if dict(kept.description.files) == case.files:
                continue

            def with_paths(
                now: Description | None, files: dict[str, str] = case.files
            ) -> Description | None:
                return replace(now, files=files) if now is not None else None

            self.folder.put(kept.name, with_paths)
            self.report.moved.append(kept.name)

    def approve(self, cases: Sequence[Case]) -> list[str]:
        """Mark the descriptions of pictures as right for the pictures as they are now.

        Returns the names of the files that were not yet. Raises `WorldError` for one that cannot
        be read.
        """
        done = []
        for case in cases:
            kept = case.kept
            if kept is None or is_approved(case):
                continue
            identity = case.shown[0].identity or kept.description.identity
            now = self.folder.read(kept.name)
            if now is None:
                raise WorldError(f"The description {kept.path} cannot be read; mend it first.")
            right = replace(now, identity=identity, files=case.files, state=State.REVIEWED)
            name = self._name_for(case, identity)
            self.folder.put(name, lambda _, right=right: right)  # type: ignore[misc]
            if name != kept.name:
                self.folder.remove(kept.name)
            done.append(name)
        return done

    def prune(self, *, dry_run: bool = False) -> tuple[list[str], list[str]]:
        """Remove the descriptions that no picture has; return those removed and those left.

        What a person touched is left as long as one of its pictures is in the book's folder:
        a chapter that is still a draft may show it.
        """
        removed, left = [], []
        for kept in self.gallery.unused():
            said = kept.description
            is_here = any(self.gallery.files.is_file(path) for path in said.files)
            if said.touched and is_here:
                left.append(kept.name)
                continue
            if not dry_run:
                self.folder.remove(kept.name)
            removed.append(kept.name)
        return removed, left


def is_approved(case: Case) -> bool:
    """Tell whether a person has approved the description for the picture as it is now."""
    kept = case.kept
    return (
        kept is not None
        and case.status is not Status.CHANGED
        and kept.description.state is State.REVIEWED
    )
