"""Pictures made ready to be described: fetched, decoded, read, several at a time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from os import cpu_count
from pathlib import Path
from typing import TypeVar

from bookpack.ask.question import Attachment
from bookpack.config.tables import ImagesTable
from bookpack.desks.pictures.survey import Case, Status, fetched, merged
from bookpack.images.facts import Facts, facts_of
from bookpack.images.gallery import Gallery
from bookpack.images.limits import UnreadablePictureError
from bookpack.images.load import for_model, load_picture, rows_for_model
from bookpack.images.ocr import Reader, open_reader
from bookpack.images.offline import OfflineDescription, describe_offline
from bookpack.images.remote import RemotePictureError, fetch_picture, kept_picture

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture ready to be described: its facts, and what can be said of it without a model.

    `attachment` is what a model is sent, folded into `rows`; None where no model is asked.
    """

    facts: Facts
    offline: OfflineDescription
    attachment: Attachment | None = None
    rows: int = 1


class NotPreparedError(ValueError):
    """Why a picture cannot be described: one sentence."""


class Preparer:
    """Gets at the pictures of one book; safe to use from many threads."""

    def __init__(self, gallery: Gallery, images: ImagesTable, cache: Path) -> None:
        self.gallery = gallery
        self.images = images
        self.cache = cache

    @property
    def _remote(self) -> Path:
        return self.cache / "remote"

    @cached_property
    def reader(self) -> Reader | None:
        """What reads words in pictures, None where the extra `ocr` is not installed."""
        return open_reader(self.cache)

    def prepare(self, case: Case, *, for_a_model: bool, read: bool = True) -> Prepared:
        """Decode a picture; with `read` also read its words, which can take seconds.

        Raises `NotPreparedError`.
        """
        try:
            data = self._bytes_of(case)
            digest = sha256(data).hexdigest()
            facts = case.shown[0].facts or facts_of(data, digest, self.gallery.limits, self.cache)
            if facts.problem:
                raise UnreadablePictureError(facts.problem)
            read = read and self.reader is not None and not facts.own_words
            picture = load_picture(data, self.gallery.limits) if read or for_a_model else None
            reading = None
            if read and picture is not None and self.reader is not None:
                reading = self.reader.read(picture)
            offline = describe_offline(facts, reading)
            if not for_a_model or picture is None:
                return Prepared(facts, offline)
            size = self.images.model_size
            return Prepared(facts, offline, for_model(picture, size), rows_for_model(picture, size))
        except UnreadablePictureError as error:
            raise NotPreparedError(f"It {error}.") from error
        except RemotePictureError as error:
            raise NotPreparedError(str(error)) from error

    def bring_in(
        self, cases: Sequence[Case], fail: Callable[[Case, str], None], *, again: bool
    ) -> list[Case]:
        """Fetch the pictures that lie on other sites; `again` also those fetched before.

        `fail` is told of each that could not be had.
        """

        def brought_in(case: Case) -> Case:
            if not case.shown[0].elsewhere or (case.kept is not None and not again):
                return case
            return self._brought_in(case, again)

        found = []
        for case, now in ahead(brought_in, cases, 8):
            if isinstance(now, RemotePictureError):
                fail(case, str(now))
                found.append(replace(case, status=Status.MISSING, problem=str(now)))
            elif isinstance(now, Exception):
                raise now
            else:
                found.append(now)
        return merged(found)

    def fetched_before(self, cases: Sequence[Case]) -> list[tuple[str, bytes]]:
        """Return addresses and bytes of the pictures of other sites that the cache has."""
        names = [case.name for case in cases if case.shown[0].elsewhere]
        kept = ((name, kept_picture(name, self._remote)) for name in names)
        return [(name, data) for name, data in kept if data is not None]

    def _brought_in(self, case: Case, again: bool) -> Case:
        data = self._fetch(case.name, again)
        digest = sha256(data).hexdigest()
        facts = facts_of(data, digest, self.gallery.limits, self.cache)
        if facts.problem:
            return replace(case, status=Status.UNREADABLE, problem=facts.problem)
        found = fetched(case, facts, digest, self.gallery)
        if found.kept is None and case.kept is not None:
            return replace(found, status=Status.CHANGED, kept=case.kept)
        return found

    def _bytes_of(self, case: Case) -> bytes:
        first = case.shown[0]
        if first.elsewhere:
            return self._fetch(first.key, False)
        data = self.gallery.bytes_of(first, case.placed[0].image)
        if data is None:
            raise UnreadablePictureError("is not there any more")
        return data

    def _fetch(self, url: str, again: bool) -> bytes:
        return fetch_picture(
            url,
            self._remote,
            max_bytes=self.images.max_bytes,
            allow_private=self.images.allow_private,
            refresh=again,
        )


def ahead(
    function: Callable[[_Item], _Result], items: Iterable[_Item], window: int
) -> Iterator[tuple[_Item, _Result | Exception]]:
    """Yield each item with what `function` gives for it, or with the exception that it raises.

    Results come in the order of the items; at most `window` are made ahead, in threads.
    """
    pool = ThreadPoolExecutor(min(4, cpu_count() or 1), "bookpack-prepare")
    waiting: deque[tuple[_Item, Future[_Result]]] = deque()

    def taken() -> tuple[_Item, _Result | Exception]:
        item, future = waiting.popleft()
        try:
            return item, future.result()
        except Exception as error:
            return item, error

    try:
        for item in items:
            waiting.append((item, pool.submit(function, item)))
            if len(waiting) >= window:
                yield taken()
        while waiting:
            yield taken()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
