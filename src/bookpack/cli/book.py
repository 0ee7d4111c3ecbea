"""The commands that make a book: build, check, init, unpack."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from bookpack import __version__
from bookpack.cli.options import EXIT_FINDINGS, book_options, new_book_options, settings_of
from bookpack.console import (
    as_seen_from_here,
    colour,
    complain,
    print_build_table,
    print_findings,
    progress,
)

_SHOWN_CHAPTERS = 10


@click.command(epilog="Example: bookpack build mybook --out build --url https://example.com")
@book_options
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Output folder. [default: BOOK/build]",
)
@click.option("--only", type=click.Choice(["pack", "site"]), help="Build this edition alone.")
@click.option(
    "--style",
    type=click.Choice(["markdown", "xml", "plain", "json"]),
    help="Style of the packed file; overrides [pack] style.",
)
@click.option("--locked", is_flag=True, help="Fail on any picture without an approved description.")
def build(
    book: Path,
    config: Path | None,
    url: str | None,
    overrides: tuple[str, ...],
    quiet: bool,
    out: Path | None,
    only: str | None,
    style: str | None,
    locked: bool,
) -> None:
    """Build the editions of the book in the folder BOOK (default: here)."""
    from bookpack import recall
    from bookpack.diagnostics import fails

    if style is not None:
        overrides = (*overrides, f"pack.style={style}")
    settings = settings_of(book, config, url, overrides)
    destination = out if out is not None else book / "build"
    report = recall.last_build(settings, destination, locked=locked, only=only)
    if report is None:
        from bookpack import pipeline

        with progress(quiet) as tell:
            report = pipeline.build_anew(
                settings, destination, locked=locked, only=only, progress=tell
            )
    failed = fails(report.diagnostics, settings.lint.fail_on)
    shown = [d for d in report.diagnostics if d.severity.rank > 0]
    print_findings(as_seen_from_here(shown, book), book)
    if not quiet:
        print_build_table(report)
    if failed:
        raise SystemExit(EXIT_FINDINGS)


@click.command(epilog="Example: bookpack check mybook --format sarif > findings.sarif")
@book_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
    help="Form of the findings.",
)
@click.option(
    "--external", is_flag=True, help="Ask other sites, too, whether links to them still work."
)
def check(
    book: Path,
    config: Path | None,
    url: str | None,
    overrides: tuple[str, ...],
    quiet: bool,
    form: str,
    external: bool,
) -> None:
    """Report everything that is wrong with the book; write nothing."""
    from bookpack import pipeline, reports
    from bookpack.diagnostics import fails

    settings = settings_of(book, config, url, overrides)
    with progress(quiet) as tell:
        checked = pipeline.check(settings, book / "build", tell)
        checked = replace(checked, diagnostics=pipeline.check_editions(checked))
    diagnostics = checked.diagnostics
    if external:
        diagnostics = _with_external_findings(checked, quiet)
    failed = fails(diagnostics, settings.lint.fail_on)
    diagnostics = as_seen_from_here(diagnostics, book)
    if form == "json":
        click.echo(reports.as_json(diagnostics))
    elif form == "sarif":
        click.echo(reports.as_sarif(diagnostics, __version__))
    elif form == "github":
        if diagnostics:
            click.echo(reports.as_github(diagnostics))
    else:
        if diagnostics:
            click.echo(reports.as_text(diagnostics, colour=colour(sys.stdout)))
        if not quiet:
            click.echo(f"Findings: {reports.count_by_severity(diagnostics)}.")
    if failed:
        raise SystemExit(EXIT_FINDINGS)


@click.command(epilog="Example: bookpack unpack book-packed.md --out mybook")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    required=True,
    help="Folder for the chapters; it must be new or empty.",
)
@click.option(
    "--verify",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="MANIFEST",
    help="Check the chapters against this manifest.json. [default: the one beside FILE]",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but problems.")
def unpack(file: Path, out: Path, verify: Path | None, quiet: bool) -> None:
    """Turn a packed file, bookpack's or repomix's, into a folder of chapters again."""
    from bookpack import unpacking

    result = unpacking.unpack(file, out, verify)
    for complaint in result.complaints:
        click.echo(complaint, err=True)
    if not quiet:
        files = f"{result.files:,} file{'' if result.files == 1 else 's'}"
        click.echo(f"{files} unpacked into {out}, settings in {out / 'bookpack.toml'}.")
        if result.verified_against is not None and not result.complaints:
            click.echo(f"Every chapter is as {result.verified_against} says.")
    if result.complaints:
        raise SystemExit(EXIT_FINDINGS)


@click.command(epilog="Example: bookpack init mybook --url https://example.com")
@new_book_options
def init(book: Path, url: str | None, overrides: tuple[str, ...], quiet: bool) -> None:
    """Write a bookpack.toml for the book in the folder BOOK, and show what was understood."""
    from bookpack import starting

    written, chapters = starting.start_book(book, url, overrides)
    if quiet:
        return
    for file in written:
        click.echo(f"Written: {file}")
    shown = chapters[:_SHOWN_CHAPTERS] if len(chapters) > _SHOWN_CHAPTERS + 1 else chapters
    width = max((len(path) for path, _ in shown), default=0)
    click.echo(f"{len(chapters):,} chapter{'' if len(chapters) == 1 else 's'}, in reading order:")
    for path, address in shown:
        click.echo(f"  {path:<{width}}  {address}")
    if len(shown) < len(chapters):
        click.echo(f"  … and {len(chapters) - len(shown):,} more")
    click.echo(f"Next: bookpack build {book}")


def _with_external_findings(checked: Any, quiet: bool) -> list[Any]:
    """Ask other sites and return the book's findings with those about links to them."""
    from bookpack import pipeline
    from bookpack.desks.external.cache import Cache, cache_file
    from bookpack.desks.external.check import check_external_links

    settings = checked.planned.settings
    cache = Cache(cache_file(), settings.links.external_cache_days)
    with progress(quiet, "addresses") as tell:
        found = check_external_links(checked.resolved, settings.links, cache, progress=tell)
    if cache.complaint:
        complain(cache.complaint)
    return pipeline.with_findings(checked, found)
