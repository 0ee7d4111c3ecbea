"""The command of the link desk."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from bookpack.cli.deciding import at_terminal, complain_of, sum_up, take_back
from bookpack.cli.options import book_options, by_option, settings_of
from bookpack.console import progress
from bookpack.errors import SettingsError


@click.command(epilog="Example: bookpack links mybook --format html --out links.html")
@book_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="Form of the report.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the report into this file instead of printing it.",
)
@click.option("--fix", is_flag=True, help="Go through what can be mended, one by one.")
@click.option(
    "--accept",
    multiple=True,
    metavar="CODE",
    help="Write all open fixes with this code (such as LF2) or id into the chapters.",
)
@click.option(
    "--reject", multiple=True, metavar="CODE", help="Never propose these again: code or id."
)
@click.option("--diff", is_flag=True, help="Print every open fix as a diff; write nothing.")
@click.option(
    "--undo",
    is_flag=False,
    flag_value="all",
    metavar="[ID]",
    help="Undo one accepted fix, or all of them.",
)
@by_option
@click.option("--why", default="", metavar="TEXT", help="Why; kept with --accept and --reject.")
def links(
    book: Path,
    config: Path | None,
    url: str | None,
    overrides: tuple[str, ...],
    quiet: bool,
    form: str,
    out: Path | None,
    fix: bool,
    accept: tuple[str, ...],
    reject: tuple[str, ...],
    diff: bool,
    undo: str | None,
    by: str,
    why: str,
) -> None:
    """Report who refers to whom in the book, what is out of balance, and what is missing.

    With --fix, propose changes to links and write those that are accepted into the chapters;
    decisions are kept in BOOK/review/decisions.jsonl.
    """
    if undo is not None:
        if undo != "all" and book == Path() and Path(undo).is_dir():
            book, undo = Path(undo), "all"  # `links --undo mybook` names a book, not an id
        from bookpack.desks.links.fixes import ENGINE

        take_back(book, ENGINE, undo, by, quiet)
        return
    if fix or accept or reject or diff:
        settings = settings_of(book, config, url, overrides)
        _fix_links(settings, book, accept, reject, diff, by, why, quiet)
        return
    from bookpack import pipeline
    from bookpack.desks.links import page, report, report_text

    settings = settings_of(book, config, url, overrides)
    with progress(quiet) as tell:
        checked = pipeline.check(settings, book / "build", tell)
    said = report.make_report(checked.book.meta.title, checked.resolved, settings.links)
    forms = {"text": report_text.as_text, "json": report_text.as_json, "html": page.as_page}
    text = forms[form](said)
    if out is None:
        click.echo(text)
        return
    chapters = {(book / one.chapter.source.path).resolve() for one in checked.resolved}
    if out.resolve() in chapters or out.resolve() == (book / "bookpack.toml").resolve():
        raise SettingsError(f"{out} belongs to the book; write the report into another file.")
    out.write_bytes(f"{text.rstrip()}\n".encode("utf-8", "replace"))
    if not quiet:
        click.echo(f"Written: {out}")


def _fix_links(
    settings: Any,
    book: Path,
    accept: Sequence[str],
    reject: Sequence[str],
    diff: bool,
    by: str,
    why: str,
    quiet: bool,
) -> None:
    """Propose changes to links, and carry out what is decided on them."""
    from bookpack import pipeline
    from bookpack.desks.links.fixes import FIXES, propose_fixes
    from bookpack.desks.review import batch
    from bookpack.desks.review.apply import Desk

    with progress(quiet) as tell:
        checked = pipeline.check(settings, book / "build", tell)
    found = propose_fixes(
        checked.resolved, checked.resolver, checked.diagnostics, checked.planned.settings
    )
    desk = Desk(book, found.suggestions, found.texts, by=by)
    complain_of(desk)
    if diff:
        click.echo("".join(batch.unified_diff(desk)), nl=False)
        return
    refused = []
    if accept or reject:
        for names, decide in ((reject, desk.reject), (accept, desk.accept)):
            chosen, unknown = batch.named(desk.open_items, names)
            for name in unknown:
                if name.upper() not in FIXES and name not in FIXES.values():
                    raise SettingsError(f"{name} is no code of a fix ({', '.join(FIXES)}) or id.")
            refused += decide(chosen, why=why)
    else:
        at_terminal(desk, quiet)
    sum_up(desk, refused, quiet)
