"""One run of `bookpack describe`: what is done in which order, and what is printed of it."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bookpack import pipeline
from bookpack.cli.asking import how_far
from bookpack.cli.options import EXIT_FINDINGS
from bookpack.config import Settings
from bookpack.console import complain, progress, status_line
from bookpack.counting import counted
from bookpack.desks.pictures import tend
from bookpack.desks.pictures.describe import MODEL, OFFLINE, PictureDesk
from bookpack.desks.pictures.survey import Case, Status, select, survey
from bookpack.errors import SettingsError
from bookpack.system import cache_folder, replace_file

if TYPE_CHECKING:
    from bookpack.ask.asker import Progress

_SHOWN_FAILURES = 20


class DescribeRun:
    """What the command does; `check` comes first."""

    def __init__(
        self,
        book: Path,
        settings: Settings,
        only: Sequence[str],
        *,
        refresh: bool,
        dry_run: bool,
        quiet: bool,
    ) -> None:
        self.book = book
        self.settings = settings
        self.only = only
        self.refresh = refresh
        self.dry_run = dry_run
        self.quiet = quiet

    def check(self) -> None:
        """Read the book and find out how far each of its pictures is.

        Raises `SettingsError`, also for an unknown picture and a folder that leads elsewhere.
        """
        settings = self.settings
        with progress(self.quiet) as tell:
            self.checked = checked = pipeline.check(settings, self.book / "build", tell)
        self.desk = PictureDesk(checked.book.meta, checked.gallery, settings, cache_folder())
        folder = self.desk.folder.folder
        if not folder.resolve().is_relative_to(settings.folder.resolve()):
            raise SettingsError(f"{folder} is a link out of the book; put a folder there.")
        engines = (MODEL, OFFLINE) if settings.model.name else (OFFLINE,)
        self.all_cases = survey(checked.placed, self.desk.engines(*engines))
        for pattern in self.only:
            if not any(_is_meant(case, [pattern]) for case in self.all_cases):
                raise SettingsError(f"No picture of the book is called {pattern}.")
        self.cases = [case for case in self.all_cases if _is_meant(case, self.only)]

    def write_sheet(self, place: Path) -> None:
        """Write the contact sheet; only an earlier one may be written over."""
        from bookpack.desks.pictures.entries import sheet_of
        from bookpack.desks.pictures.sheet import is_sheet

        if place.exists() and not is_sheet(place.read_bytes()):
            raise SettingsError(f"{place} is there and no contact sheet; choose another name.")
        if self.dry_run:
            self._say(f"Would write: {place}")
            return
        checked = self.checked
        remote = self.desk.preparer.fetched_before(self.cases)
        page = sheet_of(checked.book.meta, self.cases, checked.diagnostics, checked.gallery, remote)
        replace_file(place, page.encode("utf-8", "replace"))
        self._say(f"Written: {place}")

    def approve(self, patterns: Sequence[str]) -> None:
        """Approve the descriptions of the pictures that `patterns` name."""
        meant = [
            case
            for case in self.cases
            if case.kept is not None and ("all" in patterns or _is_meant(case, patterns))
        ]
        for pattern in patterns:
            if pattern != "all" and not any(_is_meant(case, [pattern]) for case in meant):
                raise SettingsError(f"No picture of the book has a description called {pattern}.")
        empty = [c.kept.path for c in meant if c.kept and tend.says_nothing(c.kept.description)]
        for path in empty:
            complain(
                f"{path} says nothing and is not approved. Write something first, or mark the "
                'picture as decoration (kind = "decorative").'
            )
        meant = [case for case in meant if case.kept and case.kept.path not in empty]
        if self.dry_run:
            names = [case.kept.name for case in meant if case.kept and not tend.is_approved(case)]
        else:
            names = tend.approve(self.desk.folder, meant)
        for name in names:
            self._say(f"{'Would approve' if self.dry_run else 'Approved'}: {name}")
        self._say(f"{counted(len(names), 'description')} {self._done('approved')}.")
        if empty:
            raise SystemExit(EXIT_FINDINGS)

    def prune(self) -> None:
        """Remove descriptions that no picture has any more."""
        gallery = self.checked.gallery
        removed, left = tend.prune(self.desk.folder, gallery, dry_run=self.dry_run)
        for name in removed:
            self._say(f"{'Would remove' if self.dry_run else 'Removed'}: {name}")
        for name in left:
            self._say(f"Left: {name} (its picture is still there, or nobody can know)")
        self._say(f"{counted(len(removed), 'description')} {self._done('removed')}.")

    def describe(self, engine: str, *, batch: bool) -> None:
        """Describe what is not described yet. Exits with findings where something failed."""
        desk = self.desk
        self.cases = desk.preparer.bring_in(self.cases, desk.fail, again=self.refresh)
        chosen = select(self.cases, engine, refresh=self.refresh)
        if self.dry_run:
            _dry_run(desk, chosen, self.settings, engine == OFFLINE)
            return
        if chosen:
            desk.folder.prepare()
        try:
            if engine == OFFLINE:
                _run(desk.describe_offline(chosen), len(chosen), self.quiet)
            elif batch:
                # Whatever was submitted is collected, whatever is chosen now.
                everything = select(self.all_cases, engine, refresh=True)
                self._say(_batch(desk, chosen, everything, self.settings))
            elif chosen:
                _ask(desk, chosen, self.settings, self.quiet)
        except SettingsError:
            raise  # nothing was done that could be told
        except BaseException:
            self._sum_up(chosen, [])
            raise
        self._sum_up(chosen, tend.follow_moves(desk.folder, self.checked.gallery, self.cases))
        if desk.report.failed:
            raise SystemExit(EXIT_FINDINGS)

    def _say(self, text: str) -> None:
        if not self.quiet:
            click.echo(text)

    def _done(self, what: str) -> str:
        return f"would be {what}" if self.dry_run else what

    def _sum_up(self, chosen: Sequence[Case], moved: Sequence[str]) -> None:
        report = self.desk.report
        by_message: dict[str, list[str]] = {}
        for name, message in [*report.failed, *_unreadable(self.cases)]:
            by_message.setdefault(message, []).append(name)
        for message, names in list(by_message.items())[:_SHOWN_FAILURES]:
            more = f" and {counted(len(names) - 1, 'more', 'more')}" if len(names) > 1 else ""
            complain(f"{names[0]}{more}: not described. {message}")
        if len(by_message) > _SHOWN_FAILURES:
            complain(f"… and {len(by_message) - _SHOWN_FAILURES:,} more.")
        if self.quiet:
            return
        rows = [
            ("pictures", f"{len(self.cases):,}"),
            ("described", f"{len(report.described):,}"),
            ("not yet", f"{sum(case.name not in report.described for case in chosen):,}"),
            ("by hand", f"{sum(case.touched for case in self.cases):,}"),
        ]
        rows += [(status, f"{n:,}") for status, n in _leftovers(self.cases, chosen) if n]
        if moved:
            rows.append(("moved", f"{len(moved):,}"))
        usage = report.usage
        if usage.calls:
            about = "about " if usage.estimated else ""
            rows.append(("tokens", f"{about}{usage.tokens_in:,} in, {usage.tokens_out:,} out"))
        if self.desk.money:
            rows.append(("cost", f"{_money(self.desk.money)} {self.settings.model.currency}"))
        width = max(len(name) for name, _ in rows)
        for name, value in rows:
            click.echo(f"{name:<{width}} {value}")
        if report.described:
            click.echo(f"Written to {self.desk.folder.folder}.")
            click.echo(
                f"Next: read and edit them, then bookpack describe {self.book} --approve all"
            )


def _is_meant(case: Case, patterns: Sequence[str]) -> bool:
    names = [one.key for one in case.shown]
    names += [Path(name).name for name in names]
    if case.kept is not None:
        names += [case.kept.name, case.kept.path]
    return not patterns or any(
        name == one or fnmatchcase(name, one) for name in names for one in patterns
    )


def _ask(desk: PictureDesk, chosen: Sequence[Case], settings: Settings, quiet: bool) -> None:
    from bookpack.ask.asker import Asker

    asker = Asker(settings.model)
    with status_line(quiet) as tell:

        def show(progress: "Progress") -> None:
            tell(how_far(progress, settings.model, "pictures"))

        _exhaust(desk.ask(chosen, lambda q: asker.run(q, total=len(chosen), progress=show)))
    if asker.stopped:
        complain(asker.stopped)


def _run(steps: Iterator[str], total: int, quiet: bool) -> None:
    with status_line(quiet) as tell:
        for done, name in enumerate(steps, 1):
            tell(f"{done:,} of {total:,} pictures: {name}")


def _exhaust(steps: Iterator[str]) -> None:
    for _ in steps:
        pass


def _batch(
    desk: PictureDesk, chosen: Sequence[Case], everything: Sequence[Case], settings: Settings
) -> str:
    """Collect the batch that was submitted, or submit one; return what to say of it."""
    from bookpack.ask.batch import BatchAsker
    from bookpack.desks.pictures.batch import BatchDesk

    batches = BatchDesk(desk, BatchAsker(settings.model))
    if batches.ticket is None:
        if not chosen:
            return "Nothing is to be described, and no batch is under way."
        state = batches.submit(chosen)
        submitted = counted(state.total, "picture")
        message = f"{submitted} submitted as a batch. Run the same command to collect."
    else:
        state = batches.collect(everything)
        total = counted(state.total, "picture")
        message = f"The batch is under way: {state.done:,} of {total} done."
        if state.ended:
            message = f"The batch of {total} has ended."
        if state.ended and batches.homeless:
            lost = counted(batches.homeless, "answer")
            complain(f"{lost} of the batch came for pictures that do not wait for one any more.")
    if batches.stopped:
        complain(batches.stopped)
    return message


def _dry_run(desk: PictureDesk, chosen: Sequence[Case], settings: Settings, offline: bool) -> None:
    for case in chosen:
        click.echo(f"{case.status}: {case.name}")
    if offline:
        click.echo(f"{counted(len(chosen), 'picture')} would be described offline.")
        return
    from bookpack.ask.accounts import estimate

    found = estimate(desk.questions(chosen, read=False), settings.model)
    money = "no prices are set"
    if settings.model.price_in or settings.model.price_out:
        money = f"at most {_money(found.money)} {found.currency}"
    click.echo(
        f"{counted(found.questions, 'picture')} would be asked for: about "
        f"{found.tokens_in:,} tokens in, at most {found.tokens_out_at_most:,} out; {money}."
    )


def _money(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:.4f}"


def _unreadable(cases: Sequence[Case]) -> Iterator[tuple[str, str]]:
    """Yield the pictures that could not be decoded; `check` has their places."""
    for case in cases:
        if case.status is Status.UNREADABLE:
            yield case.name, f"It {case.problem}."


def _leftovers(cases: Sequence[Case], chosen: Sequence[Case]) -> Iterator[tuple[str, int]]:
    """Count what was left as it is, and needs a person or --refresh."""
    asked = {case.name for case in chosen}
    for status in (Status.CHANGED, Status.OUTDATED, Status.UNREADABLE, Status.MISSING):
        yield status.value, sum(c.status is status and c.name not in asked for c in cases)
