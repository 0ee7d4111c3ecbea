"""The command line: alone in printing, exiting, and turning errors into exit statuses."""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from bookpack import __version__
from bookpack.console import (
    as_seen_from_here,
    colour,
    complain,
    print_build_table,
    print_findings,
    progress,
)
from bookpack.errors import BookpackError, SettingsError, WorldError

_Command = TypeVar("_Command", bound=Callable[..., Any])
EXIT_FINDINGS = 1
EXIT_INTERRUPTED = 130


class _Group(click.Group):
    """Lists commands in the order in which an author meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: bookpack init mybook && bookpack build mybook",
)
@click.version_option(__version__, prog_name="bookpack")
def cli() -> None:
    """Turn a folder of Markdown chapters into one file for language models.

    Links become absolute, pictures become words, and nothing is lost in silence: what is
    wrong with the book is reported with its place.

    Exit status: 0 clean, 1 findings at or above fail-on, 2 usage or settings, 3 a problem of
    the machine (a full disk, a missing right).
    """


def _book_options(command: _Command) -> _Command:
    """Give a command the options by which it finds a book and its settings."""
    config = click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Settings file to use instead of BOOK/bookpack.toml.",
    )
    return config(_new_book_options(command))


def _new_book_options(command: _Command) -> _Command:
    """Give a command the options by which it finds a book that may have no settings yet."""
    for decorate in (
        click.option("-q", "--quiet", is_flag=True, help="Print nothing but problems."),
        click.option(
            "--set",
            "overrides",
            multiple=True,
            metavar="TABLE.KEY=VALUE",
            help="Override one setting; may be given several times.",
        ),
        click.option("--url", metavar="URL", help="The book's address; overrides [book] url."),
        click.argument("book", type=click.Path(path_type=Path), default=Path()),
    ):
        command = decorate(command)
    return command


@cli.command(epilog="Example: bookpack build mybook --out build --url https://example.com")
@_book_options
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Output folder. [default: BOOK/build]",
)
@click.option("--only", type=click.Choice(["pack"]), help="Build this edition alone.")
@click.option(
    "--style",
    type=click.Choice(["markdown", "xml", "plain", "json"]),
    help="Style of the packed file; overrides [pack] style.",
)
@click.option("--locked", is_flag=True, help="Fail on any picture without words.")
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
    settings = _settings(book, config, url, overrides)
    destination = out if out is not None else book / "build"
    report = recall.last_build(settings, destination, locked=locked)
    if report is None:
        from bookpack import pipeline

        with progress(quiet) as tell:
            report = pipeline.build_anew(settings, destination, locked=locked, progress=tell)
    failed = fails(report.diagnostics, settings.lint.fail_on)
    shown = [d for d in report.diagnostics if d.severity.rank > 0]
    print_findings(as_seen_from_here(shown, book), book)
    if not quiet:
        print_build_table(report)
    if failed:
        raise SystemExit(EXIT_FINDINGS)


@cli.command(epilog="Example: bookpack check mybook --format sarif > findings.sarif")
@_book_options
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

    settings = _settings(book, config, url, overrides)
    with progress(quiet) as tell:
        checked = pipeline.check(settings, book / "build", tell)
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


@cli.command(epilog="Example: bookpack links mybook --format html --out links.html")
@_book_options
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
@click.option("--by", default="", metavar="NAME", help="Who decides; kept with each decision.")
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
        _undo_fixes(book, undo, by, quiet)
        return
    if fix or accept or reject or diff:
        settings = _settings(book, config, url, overrides)
        _fix_links(settings, book, accept, reject, diff, by, why, quiet)
        return
    from bookpack import pipeline
    from bookpack.desks.links import page, report, report_text

    settings = _settings(book, config, url, overrides)
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
    from bookpack.desks.review import batch, terminal
    from bookpack.desks.review.apply import Desk
    from bookpack.desks.review.keys import open_keys

    with progress(quiet) as tell:
        checked = pipeline.check(settings, book / "build", tell)
    found = propose_fixes(
        checked.resolved, checked.resolver, checked.diagnostics, checked.planned.settings
    )
    desk = Desk(book, found.suggestions, found.texts, by=by)
    for complaint in desk.complaints:
        complain(complaint)
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
        width = min(shutil.get_terminal_size().columns, 100)
        screen = terminal.Screen(click.echo, colour(sys.stdout), width)
        with open_keys(sys.stdin) as keys:
            terminal.review(desk, keys, screen)
    for place, reason in refused:
        complain(f"{place}: not done: {reason}.")
    if not quiet:
        states = [item.state for item in desk.items]
        done = sum(item.is_applied for item in desk.items)
        new = states.count("rejected")
        click.echo(f"{done} accepted now, {new} rejected, {len(desk.open_items)} open.")
    if refused:
        raise SystemExit(EXIT_FINDINGS)


def _undo_fixes(book: Path, name: str, by: str, quiet: bool) -> None:
    """Take accepted changes to links back."""
    from bookpack.desks.links.fixes import ENGINE
    from bookpack.desks.review.undoing import undo

    if not book.is_dir():
        raise SettingsError(f"The book's folder {book} does not exist.")
    done, refused = undo(book, ENGINE, "" if name == "all" else name, by)
    for place, reason in refused:
        complain(f"{place}: not undone: {reason}.")
    if not quiet:
        for one in done:
            click.echo(f"Undone: {one.path} {one.rule} {one.id}")
        click.echo(f"{len(done)} undone.")
    if refused:
        raise SystemExit(EXIT_FINDINGS)


@cli.command(epilog="Example: bookpack unpack book-packed.md --out mybook")
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


@cli.command(epilog="Example: bookpack init mybook --url https://example.com")
@_new_book_options
def init(book: Path, url: str | None, overrides: tuple[str, ...], quiet: bool) -> None:
    """Write a bookpack.toml for the book in the folder BOOK, and show what was understood."""
    from bookpack import starting

    written, chapters = starting.start_book(book, url, overrides)
    if quiet:
        return
    for file in written:
        click.echo(f"Written: {file}")
    width = max((len(path) for path, _ in chapters), default=0)
    click.echo(f"{len(chapters)} chapter{'' if len(chapters) == 1 else 's'}, in reading order:")
    for path, address in chapters:
        click.echo(f"  {path:<{width}}  {address}")
    click.echo(f"Next: bookpack build {book}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    _insist_on_utf8()
    # Everything lives until the process ends; collecting garbage would only cost time.
    import gc

    gc.disable()
    try:
        cli.main(args=arguments, prog_name="bookpack", standalone_mode=False)
    except click.exceptions.Exit as error:
        raise SystemExit(error.exit_code) from None
    except click.UsageError as error:
        error.show()
        raise SystemExit(2) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except BookpackError as error:
        complain(str(error))
        raise SystemExit(error.exit_status) from None
    except (KeyboardInterrupt, click.Abort):
        complain("Interrupted. Nothing was left half written.")
        raise SystemExit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read our output has gone, as with `| head`: that is no problem of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        what = f"use {error.filename}" if error.filename else "write the output"
        complain(f"Cannot {what}: {error.strerror or error}.")
        raise SystemExit(WorldError.exit_status) from None
    except RecursionError:
        complain("Something in the book is nested too deeply to be read.")
        raise SystemExit(WorldError.exit_status) from None
    except MemoryError:
        complain("The machine has not enough memory for this book.")
        raise SystemExit(WorldError.exit_status) from None
    except Exception as error:
        if os.environ.get("BOOKPACK_TRACEBACK"):
            raise
        complain(
            f"This is a fault of bookpack, not of the book: {type(error).__name__}: {error}. "
            "Please report it with what BOOKPACK_TRACEBACK=1 prints."
        )
        raise SystemExit(WorldError.exit_status) from None


def _insist_on_utf8() -> None:
    """Start again in UTF-8 mode where the locale would make names and output something else.

    A book's files and its findings are the same under every locale.
    """
    output = getattr(sys.stdout, "encoding", None) or "utf-8"  # there may be no output at all
    if sys.getfilesystemencoding() == "utf-8" and output.lower() == "utf-8":
        return
    if sys.flags.utf8_mode or sys.argv[0] == "-c":
        return
    os.environ["PYTHONUTF8"] = "1"
    os.execv(sys.executable, [sys.executable, "-m", "bookpack", *sys.argv[1:]])


def _settings(book: Path, config: Path | None, url: str | None, overrides: tuple[str, ...]) -> Any:
    from bookpack.config import load_settings

    if not book.is_dir():
        what = "is a file, not a folder" if book.exists() else "does not exist"
        raise SettingsError(f"The book's folder {book} {what}.")
    return load_settings(book, config, url=url, overrides=overrides)


def _with_external_findings(checked: Any, quiet: bool) -> list[Any]:
    """Ask other sites and return the book's findings with those about links to them."""
    from bookpack.checks.suppress import without_suppressed
    from bookpack.desks.external.cache import Cache, cache_file
    from bookpack.desks.external.check import check_external_links
    from bookpack.diagnostics import sort_diagnostics

    settings = checked.planned.settings
    cache = Cache(cache_file(), settings.links.external_cache_days)
    with progress(quiet, "addresses") as tell:
        found = check_external_links(checked.resolved, settings.links, cache, progress=tell)
    if cache.complaint:
        complain(cache.complaint)
    found = without_suppressed(found, checked.book)
    kept = [finding for finding in found if settings.selection.keeps(finding)]
    order = {chapter.source.path: place for place, chapter in enumerate(checked.book.chapters)}
    return sort_diagnostics([*checked.diagnostics, *kept], order)
