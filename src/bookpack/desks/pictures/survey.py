"""Which pictures a book has, how far the description of each is, and who may write it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bookpack.checks.pictures import Placed
from bookpack.images.facts import Facts
from bookpack.images.gallery import Gallery, Kept, Shown


class Status(StrEnum):
    """How far the description of a picture is."""

    NEW = "not described"
    OFFLINE = "described offline"
    """Only by what the file tells: a model may say more."""
    OUTDATED = "asked otherwise"
    """An engine described it with another prompt or model than today's."""
    CHANGED = "changed since"
    """The picture is not the one that was described."""
    CURRENT = "described"
    UNREADABLE = "unreadable"
    MISSING = "not there"


@dataclass(frozen=True, slots=True)
class Case:
    """One picture of the book, wherever it stands, with the description it has.

    `shown` are the files that have these pixels, `placed` where they stand, in reading order.
    """

    status: Status
    shown: tuple[Shown, ...]
    placed: tuple[Placed, ...]
    kept: Kept | None
    problem: str = ""

    @property
    def touched(self) -> bool:
        """Tell whether a person edited or approved the description."""
        return self.kept is not None and self.kept.description.touched

    @property
    def name(self) -> str:
        """What a person would call it: the first path or address."""
        return self.shown[0].key

    @property
    def files(self) -> dict[str, str]:
        """Paths and addresses that show it → SHA-256 (hex) of their bytes."""
        return {one.key: one.digest for one in self.shown}


def survey(placed: Sequence[Placed], current_engine: Mapping[str, tuple[str, str]]) -> list[Case]:
    """Return every picture once, in the order of its first appearance.

    `current_engine` gives for each engine the model and prompt version that it would use now.
    Pictures that their author marked as decoration are left out.
    """
    groups: dict[str, list[Placed]] = {}
    for one in placed:
        if not one.image.decorative and one.shown.key:
            groups.setdefault(_group_of(one.shown), []).append(one)
    return [_case(group, current_engine) for group in groups.values()]


def fetched(case: Case, facts: Facts, digest: str, gallery: Gallery) -> Case:
    """Return the case of a picture from elsewhere, now that its bytes are here."""
    kept = gallery.kept_for(facts.identity)
    shown = tuple(
        replace(one, digest=digest, facts=facts, kept=kept, current=kept is not None)
        for one in case.shown
    )
    return replace(case, shown=shown, kept=kept, status=Status.CURRENT if kept else Status.NEW)


def _group_of(shown: Shown) -> str:
    return shown.kept.name if shown.kept and shown.current else shown.identity or shown.key


def _case(placed: list[Placed], engines: Mapping[str, tuple[str, str]]) -> Case:
    shown = tuple({one.shown.key: one.shown for one in placed}.values())
    first = shown[0]
    kept, problem = first.kept, first.problem
    status = Status.CURRENT
    if problem:
        status = Status.UNREADABLE
    elif kept is None:
        is_here = first.facts is not None or first.elsewhere
        status = Status.NEW if is_here else Status.MISSING
    elif not first.current:
        status = Status.CHANGED
    elif kept.description.engine == "offline" and "model" in engines:
        status = Status.OFFLINE
    elif kept.description.engine in engines and not kept.description.touched:
        said = kept.description
        if (said.model, said.prompt) != engines[said.engine]:
            status = Status.OUTDATED
    return Case(status, shown, tuple(placed), kept, problem)


def select(cases: Iterable[Case], engine: str, *, refresh: bool) -> list[Case]:
    """Return the pictures that `engine` should describe now.

    Those without a description always, and those that only the offline describer spoke of when a
    model is asked; with `refresh` those, too, that changed or would be asked otherwise today.
    What a person touched is never asked again, and an offline text never replaces a model's.
    """
    wanted = []
    for case in cases:
        if case.touched:
            continue
        said = case.kept.description if case.kept is not None else None
        again = refresh and (said is None or said.engine in (engine, "offline"))
        if case.status in (Status.NEW, Status.OFFLINE) or (
            again and case.status in (Status.CHANGED, Status.OUTDATED)
        ):
            wanted.append(case)
    return wanted
