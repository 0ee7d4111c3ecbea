"""Asking models for the grammar desk: what it would cost, how far it is, what came of it."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from bookpack.cli.asking import how_far
from bookpack.console import complain, status_line
from bookpack.counting import counted

if TYPE_CHECKING:
    from bookpack.ask.asker import Asker, Progress
    from bookpack.config.tables import ModelTable
    from bookpack.desks.grammar.model import ModelDesk
    from bookpack.model import Chapter

_SHOWN_FAILURES = 20


def tell_cost(models: "ModelDesk", wanted: "Callable[[Chapter], bool]") -> None:
    """Say what asking would cost; nothing is sent."""
    from bookpack.ask.accounts import estimate

    pieces = models.pieces(wanted)
    for settings, group in groupby(pieces, key=lambda piece: piece.one.settings):
        found = estimate(models.questions(list(group)), settings)
        money = "no prices are set"
        if settings.price_in or settings.price_out:
            money = f"at most {found.money:,.4f} {found.currency}"
        click.echo(
            f"{settings.name or 'A model'} would be asked about "
            f"{counted(found.questions, 'piece')}: about {found.tokens_in:,} tokens in, at most "
            f"{found.tokens_out_at_most:,} out; {money}."
        )
    if not pieces:
        click.echo("No model would be asked anything.")


def ask_models(models: "ModelDesk", wanted: "Callable[[Chapter], bool]", quiet: bool) -> None:
    """Ask models about the pieces of text about which they were not asked yet."""
    from bookpack.desks.grammar.model import unanswerable

    unanswerable(models.prose)
    pieces = models.pieces(wanted)
    if not pieces:
        return
    from bookpack.ask.asker import Asker

    askers: list[Asker] = []
    with status_line(quiet) as tell:

        def door(settings: "ModelTable") -> Any:
            asker = Asker(settings)
            askers.append(asker)
            total = sum(piece.one.settings == settings for piece in pieces)

            def show(now: "Progress") -> None:
                tell(how_far(now, settings, "pieces"))

            return lambda questions: asker.run(questions, total=total, progress=show)

        try:
            models.ask(pieces, door)
        finally:
            _tell_of_answers(models, askers, quiet)


def _tell_of_answers(models: "ModelDesk", askers: "Sequence[Asker]", quiet: bool) -> None:
    for asker in askers:
        if asker.stopped:
            complain(asker.stopped)
    for place, message in models.failed[:_SHOWN_FAILURES]:
        complain(f"{place}: no answer. {message}")
    if len(models.failed) > _SHOWN_FAILURES:
        complain(f"… and {len(models.failed) - _SHOWN_FAILURES:,} more without an answer.")
    usage = models.usage
    if usage.calls and not quiet:
        about = "about " if usage.estimated else ""
        tokens = f"{about}{usage.tokens_in:,} tokens in, {usage.tokens_out:,} out"
        click.echo(f"{counted(models.answered, 'piece')} answered, {tokens}.", err=True)
