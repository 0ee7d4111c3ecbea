"""What the commands of all desks do alike: ask at the terminal, say what was done, undo."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bookpack.cli.options import EXIT_FINDINGS
from bookpack.console import colour, complain
from bookpack.errors import SettingsError

if TYPE_CHECKING:
    from bookpack.desks.review.apply import Desk
    from bookpack.desks.review.undoing import Refusal

_WIDEST = 100


def complain_of(desk: "Desk") -> None:
    """Say which lines of the store cannot be read, and what two people decided differently."""
    for complaint in desk.complaints:
        complain(complaint)


def at_terminal(desk: "Desk") -> None:
    """Go through what is open, one by one."""
    from bookpack.desks.review import terminal
    from bookpack.desks.review.keys import open_keys

    width = min(shutil.get_terminal_size().columns, _WIDEST)
    screen = terminal.Screen(click.echo, colour(sys.stdout), width)
    with open_keys(sys.stdin) as keys:
        terminal.review(desk, keys, screen)


def sum_up(desk: "Desk", refused: "Sequence[Refusal]", quiet: bool) -> None:
    """Say what was decided and what is left; what was not done makes the command fail."""
    for place, reason in refused:
        complain(f"{place}: not done: {reason}.")
    if not quiet:
        states = [item.state for item in desk.items]
        done = sum(item.is_applied for item in desk.items)
        new = states.count("rejected")
        click.echo(f"{done} accepted now, {new} rejected, {len(desk.open_items)} open.")
    if refused:
        raise SystemExit(EXIT_FINDINGS)


def take_back(book: Path, engine: str, name: str, by: str, quiet: bool) -> None:
    """Undo the decision with this id, or (`all`) every accepted change of an engine or of all."""
    from bookpack.desks.review.display import brief
    from bookpack.desks.review.undoing import undo

    if not book.is_dir():
        raise SettingsError(f"The book's folder {book} does not exist.")
    done, refused = undo(book, engine, "" if name == "all" else name, by)
    for place, reason in refused:
        complain(f"{place}: not undone: {reason}.")
    if not quiet:
        for one in done:
            change = f"“{brief(one.before)}” → “{brief(one.after)}”"
            click.echo(f"Undone: {one.path}: {change} ({one.id})")
        click.echo(f"{len(done)} undone.")
    if refused:
        raise SystemExit(EXIT_FINDINGS)
