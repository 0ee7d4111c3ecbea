"""What the commands of all desks do alike: ask at the terminal, say what was done, undo."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bookpack.cli.options import EXIT_FINDINGS
from bookpack.console import colour, complain
from bookpack.counting import counted
from bookpack.errors import SettingsError

if TYPE_CHECKING:
    from bookpack.desks.review.apply import Desk
    from bookpack.desks.review.undoing import Refusal

_WIDEST = 100


def complain_of(desk: "Desk") -> None:
    """Say which lines of the store cannot be read, and what two people decided differently."""
    for complaint in desk.complaints:
        complain(complaint)


def at_terminal(desk: "Desk", quiet: bool) -> None:
    """Go through what is open, one by one; who interrupts it is told what was decided."""
    from bookpack.desks.review import terminal
    from bookpack.desks.review.keys import open_keys

    width = min(shutil.get_terminal_size().columns, _WIDEST)
    screen = terminal.Screen(click.echo, colour(sys.stdout), width)
    try:
        with open_keys(sys.stdin) as keys:
            terminal.review(desk, keys, screen)
    except KeyboardInterrupt:
        if not quiet:
            click.echo(f"\n{_counts(desk)}")
        raise


def sum_up(desk: "Desk", refused: "Sequence[Refusal]", quiet: bool) -> None:
    """Say what was decided and what is left; what was not done makes the command fail."""
    for place, reason in refused:
        complain(f"{place}: not done: {reason}.")
    if not quiet:
        click.echo(_counts(desk))
    if refused:
        raise SystemExit(EXIT_FINDINGS)


def _counts(desk: "Desk") -> str:
    done = sum(item.is_applied for item in desk.items)
    rejected = sum(item.state == "rejected" for item in desk.items)
    return f"{done} accepted now, {rejected} rejected, {len(desk.open_items)} open."


def take_back(book: Path, engine: str, name: str, by: str, quiet: bool) -> None:
    """Undo the decision with this id, or (`all`) every accepted change of an engine or of all."""
    from bookpack.desks.review.display import brief, visible
    from bookpack.desks.review.undoing import undo

    if not book.is_dir():
        raise SettingsError(f"The book's folder {book} does not exist.")
    if name == "all" and sys.stdin.isatty() and not _is_sure(book, engine):
        click.echo("Nothing was undone.")
        return
    done, refused = undo(book, engine, "" if name == "all" else name, by)
    for place, reason in refused:
        complain(f"{place}: not undone: {reason}.")
    if not quiet:
        from bookpack.desks.review.display import brief

        for one in done:
            change = f"“{brief(one.before)}” → “{brief(one.after)}”"
            click.echo(f"Undone: {visible(one.path)}: {change} ({visible(one.id)})")
        click.echo(f"{len(done)} undone.")
    if refused:
        raise SystemExit(EXIT_FINDINGS)


def _is_sure(book: Path, engine: str) -> bool:
    """Ask at the terminal before everything that was accepted is undone."""
    from bookpack.desks.review.decisions import DecisionStore
    from bookpack.desks.review.display import brief

    log = DecisionStore(book).read()
    changes = [one for one in log.applied.values() if engine in ("", one.engine)]
    people = sorted({brief(one.by) for one in changes if one.by})
    whose = f" of {', '.join(people[:-1])} and {people[-1]}" if people[1:] else ""
    whose = whose or (f" of {people[0]}" if people else "")
    many = counted(len(changes), "accepted change")
    return not changes or click.confirm(f"Undo {many}{whose}?", default=False)
