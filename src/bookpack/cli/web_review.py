"""The review in a browser: what is put on its desk, its address, and its end."""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from bookpack.counting import counted
from bookpack.errors import SettingsError, missing_extra

if TYPE_CHECKING:
    from bookpack.desks.grammar.desk import GrammarDesk
    from bookpack.desks.review.apply import Desk
    from bookpack.desks.review.web.pictures import Pictures
    from bookpack.model import Chapter
    from bookpack.pipeline import CheckedBook


def check_extra() -> None:
    """Raise `SettingsError` where the packages that this needs are not installed."""
    if any(find_spec(name) is None for name in ("starlette", "uvicorn")):
        needed = missing_extra("The review in a browser", "review")
        raise SettingsError(
            f"{needed} bookpack review without --web does the same in the terminal."
        )


def in_browser(
    sitting: "Desk",
    desk: "GrammarDesk",
    checked: "CheckedBook | None",
    wanted: "Callable[[Chapter], bool]",
    port: int,
    *,
    open_browser: bool,
    quiet: bool,
) -> None:
    """Serve the review until Ctrl-C; with `checked`, the descriptions of its pictures, too.

    Raises `SettingsError`, and `WorldError` where the port cannot be had.
    """
    from bookpack.desks.review.web.faces import About
    from bookpack.desks.review.web.queue import ReviewQueue
    from bookpack.desks.review.web.server import ReviewServer

    about = {
        one.suggestion.id: About(
            one.engines,
            one.confidence,
            f"{one.suggestion.path} {one.group}" if one.group else "",
        )
        for one in desk.queue.entries
    }
    queue = ReviewQueue(
        sitting,
        about,
        title=desk.book.meta.title,
        chapters=[chapter.source.path for chapter in desk.book.chapters],
        pictures=_pictures(checked, wanted) if checked is not None else None,
    )
    server = ReviewServer(queue, port)
    click.echo("Open this in a browser; it works in the first one that opens it (Ctrl-C ends it):")
    click.echo(server.url)
    if open_browser:
        click.launch(server.url)
    try:
        server.run()
    except KeyboardInterrupt:
        if not quiet and sys.stdout.isatty():
            click.echo()  # behind the ^C of the terminal
    approved, left = queue.sum_up()
    if (approved or left) and not quiet:
        click.echo(f"{counted(approved, 'description')} approved now, {left:,} open.")


def _pictures(checked: "CheckedBook", wanted: "Callable[[Chapter], bool]") -> "Pictures":
    from bookpack.desks.pictures.describe import MODEL, PictureDesk
    from bookpack.desks.pictures.survey import survey
    from bookpack.desks.review.web.pictures import open_pictures
    from bookpack.system import cache_folder

    settings = checked.planned.settings
    desk = PictureDesk(checked.book.meta, checked.gallery, settings, cache_folder())
    placed = [one for one in checked.placed if wanted(one.chapter)]
    engines = desk.engines(MODEL) if settings.model.name else {}
    return open_pictures(desk, survey(placed, engines))
