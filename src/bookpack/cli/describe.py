"""The command that gives pictures words."""

from pathlib import Path

import click

from bookpack.cli.options import book_options, settings_of
from bookpack.errors import SettingsError


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
    from bookpack.cli.describing import DescribeRun
    from bookpack.desks.pictures.describe import MODEL, OFFLINE, TICKET
    from bookpack.system import folder_lock

    settings = settings_of(book, config, url, overrides)
    if prune and only:
        raise SettingsError("--prune is about descriptions without a picture; give it no --only.")
    run = DescribeRun(book, settings, only, refresh=refresh, dry_run=dry_run, quiet=quiet)
    if approve or prune or sheet is not None:
        run.check()
        if sheet is not None:
            run.write_sheet(sheet)
        if approve:
            run.approve(approve)
        if prune:
            run.prune()
        return
    if not offline and not (settings.model.base_url and settings.model.name):
        raise SettingsError(
            "No model is set: give base-url and name under [model] in bookpack.toml, "
            "or describe without one: bookpack describe --offline."
        )
    ticket = settings.folder / settings.images.descriptions / TICKET
    if not (offline or batch) and ticket.exists():
        raise SettingsError(
            f"A batch is under way: collect it with --batch, or give it up by deleting {ticket}."
        )
    # Two runs at once would both pay for the same pictures: the second waits for the first.
    with folder_lock(settings.folder, patience=float("inf")):
        run.check()
        run.describe(OFFLINE if offline else MODEL, batch=batch)
