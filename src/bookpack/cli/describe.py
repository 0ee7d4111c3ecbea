"""The command that gives pictures words."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bookpack.cli.options import EXIT_FINDINGS, book_options, settings_of
from bookpack.console import complain, progress, status_line
from bookpack.counting import counted
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
    from bookpack.desks.pictures.describe import MODEL, OFFLINE, TICKET, PictureDesk
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
        _say(f"Written: {sheet}", quiet)
    if approve:
        _approve(desk, cases, approve, dry_run, quiet)
    if prune:
        _prune(desk, dry_run, quiet)
    if approve or prune or (sheet is not None and not offline):
        return
    if asks and not batch and (desk.folder.folder / TICKET).exists():
        raise SettingsError(
            f"A batch is under way: collect it with --batch, or give it up by deleting "
            f"{desk.folder.folder / TICKET}."
        )
    meant = [case for case in cases if _is_meant(case, only)]
    for pattern in only:
        if not any(_is_meant(case, [pattern]) for case in meant):
            raise SettingsError(f"No picture of the book is called {pattern}.")
    meant = desk.bring_in(meant, again=refresh)
    chosen = select(meant, engine, refresh=refresh)
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
    except SettingsError:
        raise  # nothing was done that could be told
    except BaseException:
        _sum_up(desk, meant, chosen, book, quiet)
        raise
    desk.follow_moves(meant)
    _sum_up(desk, meant, chosen, book, quiet)
    if desk.report.failed:
        raise SystemExit(EXIT_FINDINGS)


def _say(text: str, quiet: bool) -> None:
    if not quiet:
        click.echo(text)


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
        submitted = counted(state.total, "picture")
        message = f"{submitted} submitted as a batch. Run the same command to collect."
    else:
        state = batches.collect(chosen)
        done = "has ended" if state.ended else "is under way"
        message = f"The batch {done}: {state.done:,} of {counted(state.total, 'picture')} answered."
    if batches.stopped:
        complain(batches.stopped)
    _say(message, quiet)


def _dry_run(
    desk: "PictureDesk", chosen: "Sequence[Case]", settings: "Settings", offline: bool
) -> None:
    for case in chosen:
        click.echo(f"{case.status}: {case.name}")
    if offline:
        click.echo(f"{counted(len(chosen), 'picture')} would be described offline.")
        return
    from bookpack.ask.accounts import estimate

    found = estimate(desk.questions(chosen, {}), settings.model)
    money = "no prices are set"
    if settings.model.price_in or settings.model.price_out:
        money = f"at most {_money(found.money)} {found.currency}"
    click.echo(
        f"{counted(found.questions, 'picture')} would be asked for: about "
        f"{found.tokens_in:,} tokens in, at most {found.tokens_out_at_most:,} out; {money}."
    )


def _approve(
    desk: "PictureDesk",
    cases: "Sequence[Case]",
    patterns: Sequence[str],
    dry_run: bool,
    quiet: bool,
) -> None:
    from bookpack.desks.pictures.describe import is_approved

    meant = [
        case
        for case in cases
        if case.kept is not None and ("all" in patterns or _is_meant(case, patterns))
    ]
    for pattern in patterns:
        if pattern != "all" and not any(_is_meant(case, [pattern]) for case in meant):
            raise SettingsError(f"No picture of the book has a description called {pattern}.")
    if dry_run:
        names = [case.kept.name for case in meant if case.kept and not is_approved(case)]
    else:
        names = desk.approve(meant)
    for name in names:
        _say(f"{'Would approve' if dry_run else 'Approved'}: {name}", quiet)
    _say(f"{counted(len(names), 'description')} {_done('approved', dry_run)}.", quiet)


def _prune(desk: "PictureDesk", dry_run: bool, quiet: bool) -> None:
    removed, left = desk.prune(dry_run=dry_run)
    for name in removed:
        _say(f"{'Would remove' if dry_run else 'Removed'}: {name}", quiet)
    for name in left:
        reason = "a person edited it, and its picture is still in the folder"
        _say(f"Left: {name} ({reason})", quiet)
    _say(f"{counted(len(removed), 'description')} {_done('removed', dry_run)}.", quiet)


def _done(what: str, dry_run: bool) -> str:
    return f"would be {what}" if dry_run else what


def _money(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:.4f}"


def _sum_up(
    desk: "PictureDesk",
    cases: "Sequence[Case]",
    chosen: "Sequence[Case]",
    book: Path,
    quiet: bool,
) -> None:
    report = desk.report
    by_message: dict[str, list[str]] = {}
    for name, message in [*report.failed, *_unreadable(cases)]:
        by_message.setdefault(message, []).append(name)
    for message, names in list(by_message.items())[:_SHOWN_FAILURES]:
        more = f" and {counted(len(names) - 1, 'more', 'more')}" if len(names) > 1 else ""
        complain(f"{names[0]}{more}: not described. {message}")
    if len(by_message) > _SHOWN_FAILURES:
        complain(f"… and {len(by_message) - _SHOWN_FAILURES:,} more.")
    if quiet:
        return
    rows: list[tuple[str, str]] = [
        ("pictures", f"{len(cases):,}"),
        ("described", f"{len(report.described):,}"),
        ("not yet", f"{sum(case.name not in report.described for case in chosen):,}"),
        ("by hand", f"{sum(case.touched for case in cases):,}"),
    ]
    rows += [(status, f"{count:,}") for status, count in _leftovers(cases, chosen) if count]
    if report.moved:
        rows.append(("moved", f"{len(report.moved):,}"))
    if report.usage.calls:
        usage = report.usage
        about = "about " if usage.estimated else ""
        rows.append(("tokens", f"{about}{usage.tokens_in:,} in, {usage.tokens_out:,} out"))
    if desk.money:
        rows.append(("cost", f"{_money(desk.money)} {desk.settings.model.currency}"))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}} {value}")
    if report.described:
        click.echo(f"Written to {desk.folder.folder}.")
        click.echo(f"Next: read and edit them, then bookpack describe {book} --approve all")


def _unreadable(cases: "Sequence[Case]") -> Iterator[tuple[str, str]]:
    """Yield the pictures that could not be decoded; `check` has their places."""
    from bookpack.desks.pictures.survey import Status

    for case in cases:
        if case.status is Status.UNREADABLE:
            yield case.name, f"It {case.problem}."


def _leftovers(cases: "Sequence[Case]", chosen: "Sequence[Case]") -> Iterator[tuple[str, int]]:
    """Count what was left as it is, and needs a person or --refresh."""
    from bookpack.desks.pictures.survey import Status

    asked = {case.name for case in chosen}
    for status in (Status.CHANGED, Status.OUTDATED, Status.UNREADABLE, Status.MISSING):
        yield status.value, sum(c.status is status and c.name not in asked for c in cases)
