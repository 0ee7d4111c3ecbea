"""What commands show on the terminal: findings, tables, progress, complaints."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from bookpack.editions.web.indexer import find_indexer, lacks_words

_SHOWN_FINDINGS = 20
_PLAIN_LINES = 30.0
"""Seconds between two lines of progress where they cannot be written over."""
_PATIENCE = "1"
"""Seconds before a command begins to tell how far it is, unless BOOKPACK_PROGRESS_AFTER says."""


def as_seen_from_here(diagnostics: list[Any], book: Path) -> list[Any]:
    """Give findings paths that an editor can open from the current folder."""
    prefix = os.path.relpath(book)
    if prefix == ".":
        return list(diagnostics)
    return [
        replace(finding, path=(Path(prefix) / finding.path).as_posix()) for finding in diagnostics
    ]


def print_findings(diagnostics: list[Any], book: Path) -> None:
    """Print the gravest findings on stderr, and how to see the rest."""
    from bookpack import reports

    # The gravest first: what is cut off below is then the least of it.
    ordered = sorted(diagnostics, key=lambda finding: -finding.severity.rank)
    if ordered:
        text = reports.as_text(ordered[:_SHOWN_FINDINGS], colour=colour(sys.stderr))
        click.echo(text, err=True)
    if len(ordered) > _SHOWN_FINDINGS:
        more = len(ordered) - _SHOWN_FINDINGS
        click.echo(f"… and {more:,} more: bookpack check {book}", err=True)


def print_build_table(report: Any) -> None:
    """Print what a build made: layout, chapters, words, tokens, findings, files."""
    from bookpack import reports

    size = {path: _readable_size(report.sizes[path]) for path in report.outputs}
    rows = [
        ("layout", report.layout),
        ("chapters", f"{report.chapters:,}"),
        ("words", f"{report.words:,}"),
        ("tokens", f"{report.tokens:,} ({report.token_label})"),
        ("findings", reports.count_by_severity(report.diagnostics)),
    ]
    changed = set(report.changed)
    pages: dict[str, list[str]] = {}
    for path in report.outputs:
        state = "written" if path in changed else "unchanged"
        if "/" in path:
            pages.setdefault(state, []).append(path)
        else:
            rows.append((state, f"{report.out / path} ({size[path]})"))
    for state, paths in sorted(pages.items(), reverse=True):
        total = _readable_size(sum(report.sizes[path] for path in paths))
        files = f"{len(paths):,} file{'' if len(paths) == 1 else 's'}"
        rows.append((state, f"{report.out / paths[0].partition('/')[0]} ({files}, {total})"))
    if pages and find_indexer() is None:
        rows.append(("search", "none, for want of a program: pip install pagefind-bin"))
    elif lacks_words(report.outputs):
        rows.append(("search", "of first words alone: pip install pagefind-bin-extended"))
    for name, value in rows:
        click.echo(f"{name:<10} {value}")


def _readable_size(size: int) -> str:
    if size < 10_000:
        return f"{size:,} bytes"
    return f"{size / 1000:,.0f} KB" if size < 10_000_000 else f"{size / 1_000_000:,.1f} MB"


def colour(stream: Any) -> bool:
    """Tell whether colour is wanted: on a terminal alone, and not against NO_COLOR."""
    return _obeys(stream) and not os.environ.get("NO_COLOR")


def _obeys(stream: Any) -> bool:
    """Tell whether what is written goes to a terminal that can be steered."""
    return bool(stream.isatty()) and os.environ.get("TERM") != "dumb"


def complain(message: str) -> None:
    """Print one clear sentence on stderr; what it quotes cannot steer the terminal."""
    shown = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in message)
    click.echo(f"bookpack: {shown}", err=True)


@contextmanager
def status_line(quiet: bool) -> Iterator[Callable[[str], None]]:
    """Give a function that shows how far a long run is, on stderr.

    On a terminal one line is written over and over; elsewhere a line stands every half minute.
    """
    terminal = _obeys(sys.stderr)
    last = -1.0 if terminal else time.monotonic()
    shown = False

    def tell(text: str) -> None:
        nonlocal last, shown
        now = time.monotonic()
        if quiet or now - last < (0.1 if terminal else _PLAIN_LINES):
            return
        last = now
        if terminal:
            width = shutil.get_terminal_size().columns - 1
            click.echo(f"\r\x1b[K{text[:width]}", nl=False, err=True)
            shown = True
        else:
            click.echo(text, err=True)

    try:
        yield tell
    finally:
        if shown:
            click.echo("\r\x1b[K", nl=False, err=True)


@contextmanager
def progress(
    quiet: bool, what: str = "chapters"
) -> Iterator[Callable[[str, int, int], None] | None]:
    """Tell on stderr how far a command is, once it has taken over a second.

    On a terminal one line is written over and over; elsewhere each step gets a plain line.
    """
    if quiet:
        yield None
        return
    started = last = time.monotonic()
    terminal = _obeys(sys.stderr)
    try:
        patience = float(os.environ.get("BOOKPACK_PROGRESS_AFTER", _PATIENCE))
    except ValueError:
        patience = float(_PATIENCE)
    told: set[str] = set()

    def tell(step: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - started < patience:
            return
        if terminal and (now - last > 0.1 or done == total):
            last = now
            click.echo(f"\r\x1b[K{step} {done:,} of {total:,} {what}", nl=False, err=True)
            told.add(step)
        elif not terminal and step not in told:
            told.add(step)
            click.echo(f"{step} {total:,} {what} …", err=True)

    try:
        yield tell
    finally:
        if terminal and told:
            click.echo("\r\x1b[K", nl=False, err=True)
