"""The command that gives pictures words."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bookpack.cli.options import EXIT_FINDINGS, book_options, settings_of
from bookpack.console import complain, progress, status_line
from bookpack.errors import SettingsError

if TYPE_CHECKING:
    from bookpack.ask.asker import Progress
    from bookpack.config import Settings
    from bookpack.desks.pictures.describe import PictureDesk
    from bookpack.desks.pictures.survey import Case

_SHOWN_FAILURES = 20


@click.command(epilog="Example: bookpack describe mybook --dry-run")
@book_options
@click.option("--offline", is_flag=True, help="Ask no model: say what the files themselves tell.")
@click.option(
    "--refresh",
    is_flag=True,
    help="Ask again where picture, prompt or model changed and nobody edited the text.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="PATTERN",
    help="Only pictures with such a path, or descriptions with such a name; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be asked, and its cost at most.")
@click.option("--batch", is_flag=True, help="Use the endpoint's batch API: submit, later collect.")
@click.option(
    "--approve",
    multiple=True,
    metavar="PATTERN",
    help="Mark descriptions as compared with their pictures: path, file name or “all”.",
)
@click.option("--prune", is_flag=True, help="Remove descriptions that no picture has any more.")
@click.option(
    "--sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write one HTML page with every picture beside its description; ask nothing.",
)
def describe(
    book: Path,
    config: Path | None,
    url: str | None,
    overrides: tuple[str, ...],
    quiet: bool,
    offline: bool,
    refresh: bool,
    only: tuple[str, ...],
    dry_run: bool,
    batch: bool,
    approve: tuple[str, ...],
    prune: bool,
    sheet: Path | None,
) -> None:
    """Describe every picture of the book once, in files that you can read, edit and commit.

    A model at the endpoint in [model] is asked, or with --offline nobody. The descriptions lie
    in BOOK/descriptions; what a person has edited or approved is never asked again.
    """
    from bookpack import pipeline
    from bookpack.desks.pictures.describe import MODEL, OFFLINE, PictureDesk
    from bookpack.desks.pictures.survey import select, survey
    from bookpack.system import cache_folder

    settings = settings_of(book, config, url, overrides)
    asks = not (offline or approve or prune or sheet is not None)
    if asks and not (settings.model.base_url and settings.model.name):
        raise SettingsError(
            "No model is set: give base-url and name under [model] in bookpack.toml, "
            "or describe without one: bookpack describe --offline."
        )
    with progress(quiet) as tell:
        checked = pipeline.check(settings, book / "build", tell)
    desk = PictureDesk(checked.book.meta, checked.gallery, settings, cache_folder())
    engine = OFFLINE if offline else MODEL
    cases = survey(checked.placed, desk.engines(*((OFFLINE,) if not asks else (MODEL, OFFLINE))))
    if sheet is not None:
        from bookpack.desks.pictures.entries import sheet_of

        page = sheet_of(checked.book.meta, cases, checked.diagnostics, checked.gallery)
        sheet.write_bytes(page.encode("utf-8", "replace"))
        if not quiet:
            click.echo(f"Written: {sheet}")
        if not (approve or prune or offline):
            return
    if approve:
        _approve(desk, cases, approve, quiet)
        return
    if prune:
        _prune(desk, quiet)
        return
    cases = desk.bring_in(cases, again=refresh)
    chosen = select(cases, engine, refresh=refresh, chosen=lambda case: _is_meant(case, only))
    if dry_run:
        _dry_run(desk, chosen, settings, offline)
        return
    try:
        if offline:
            _run(desk.describe_offline(chosen), len(chosen), quiet)
        elif batch:
            _batch(desk, chosen, settings, quiet)
        elif chosen:
            _ask(desk, chosen, settings, quiet)
    finally:
        desk.follow_moves(cases)
        _sum_up(desk, cases, chosen, quiet)
    if desk.report.failed:
        raise SystemExit(EXIT_FINDINGS)


def _is_meant(case: "Case", patterns: Sequence[str]) -> bool:
    names = [one.key for one in case.shown]
    names += [Path(name).name for name in names]
    if case.kept is not None:
        names += [case.kept.name, case.kept.path]
    return not patterns or any(fnmatchcase(name, one) for name in names for one in patterns)


def _ask(desk: "PictureDesk", chosen: "Sequence[Case]", settings: "Settings", quiet: bool) -> None:
    from bookpack.ask.asker import Asker

    asker = Asker(settings.model)
    with status_line(quiet) as tell:

        def show(progress: "Progress") -> None:
            tell(_how_far(progress, settings))

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


def _how_far(progress: "Progress", settings: "Settings") -> str:
    parts = [f"{progress.done:,} of {progress.total or 0:,} pictures", f"{progress.rate:.0f}/min"]
    if settings.model.price_in or settings.model.price_out:
        parts.append(f"{progress.money:.2f} {settings.model.currency}")
    else:
        parts.append(f"{progress.usage.tokens_in + progress.usage.tokens_out:,} tokens")
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    if progress.pause > 1:
        parts.append(f"the endpoint wants a pause of {progress.pause:.0f} s")
    elif progress.seconds_left is not None:
        minutes, seconds = divmod(round(progress.seconds_left), 60)
        parts.append(f"{minutes} min {seconds:02} s left")
    return " · ".join(parts)


def _batch(
    desk: "PictureDesk", chosen: "Sequence[Case]", settings: "Settings", quiet: bool
) -> None:
    """Collect the batch that was submitted, or submit one."""
    from bookpack.ask.batch import BatchAsker
    from bookpack.desks.pictures.batch import BatchDesk

    batches = BatchDesk(desk, BatchAsker(settings.model))
    if batches.ticket is None:
        if not chosen:
            return
        state = batches.submit(chosen)
        message = f"{state.total:,} pictures submitted as a batch. Run the same command to collect."
    else:
        state = batches.collect(chosen)
        done = "has ended" if state.ended else "is under way"
        message = f"The batch {done}: {state.done:,} of {state.total:,} pictures answered."
    if batches.stopped:
        complain(batches.stopped)
    if not quiet:
        click.echo(message)


def _dry_run(
    desk: "PictureDesk", chosen: "Sequence[Case]", settings: "Settings", offline: bool
) -> None:
    for case in chosen:
        click.echo(f"{case.status}: {case.name}")
    if offline:
        click.echo(f"{len(chosen):,} pictures would be described offline.")
        return
    from bookpack.ask.accounts import estimate

    found = estimate(desk.questions(chosen, {}), settings.model)
    money = "no prices are set"
    if settings.model.price_in or settings.model.price_out:
        money = f"at most {found.money:,.2f} {found.currency}"
    click.echo(
        f"{found.questions:,} pictures would be asked for: about {found.tokens_in:,} tokens in, "
        f"at most {found.tokens_out_at_most:,} out; {money}."
    )


def _approve(
    desk: "PictureDesk", cases: "Sequence[Case]", patterns: Sequence[str], quiet: bool
) -> None:
    meant = [
        case
        for case in cases
        if case.kept is not None and ("all" in patterns or _is_meant(case, patterns))
    ]
    for pattern in patterns:
        if pattern != "all" and not any(_is_meant(case, [pattern]) for case in meant):
            raise SettingsError(f"No picture of the book has a description called {pattern}.")
    done = desk.approve(meant)
    if not quiet:
        click.echo(f"{len(done):,} approved.")


def _prune(desk: "PictureDesk", quiet: bool) -> None:
    removed, left = desk.prune()
    if quiet:
        return
    for name in removed:
        click.echo(f"Removed: {name}")
    for name in left:
        click.echo(f"Left: {name} (a person edited it, and its picture is still in the folder)")
    click.echo(f"{len(removed):,} removed.")


def _sum_up(
    desk: "PictureDesk", cases: "Sequence[Case]", chosen: "Sequence[Case]", quiet: bool
) -> None:
    report = desk.report
    for name, message in report.failed[:_SHOWN_FAILURES]:
        complain(f"{name}: not described. {message}")
    if len(report.failed) > _SHOWN_FAILURES:
        complain(f"… and {len(report.failed) - _SHOWN_FAILURES:,} more.")
    if quiet:
        return
    open_ones = [case for case in chosen if case.name not in report.described]
    touched = sum(case.touched for case in cases)
    rows: list[tuple[str, Any]] = [
        ("pictures", len(cases)),
        ("described", len(report.described)),
        ("not yet", len(open_ones)),
        ("by hand", touched),
    ]
    rows += [(status, count) for status, count in _leftovers(cases, chosen) if count]
    if report.moved:
        rows.append(("moved", len(report.moved)))
    for name, value in rows:
        click.echo(f"{name:<14} {value:,}")
    if report.usage.calls:
        usage = report.usage
        about = "about " if usage.estimated else ""
        click.echo(f"{'tokens':<14} {about}{usage.tokens_in:,} in, {usage.tokens_out:,} out")
    money = desk.money
    if money:
        click.echo(f"{'cost':<14} {money:.4f} {desk.settings.model.currency}")
    if report.described:
        click.echo(
            f"Written to {desk.folder.folder}. Read, edit, then: bookpack describe --approve"
        )


def _leftovers(cases: "Sequence[Case]", chosen: "Sequence[Case]") -> Iterator[tuple[str, int]]:
    """Count what was left as it is, and needs a person or --refresh."""
    from bookpack.desks.pictures.survey import Status

    asked = {case.name for case in chosen}
    for status in (Status.CHANGED, Status.OUTDATED, Status.UNREADABLE, Status.MISSING):
        yield status.value, sum(c.status is status and c.name not in asked for c in cases)
