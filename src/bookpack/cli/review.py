"""The command in which people decide on suggestions."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bookpack.cli.deciding import at_terminal, complain_of, sum_up, take_back
from bookpack.cli.grammar import chosen_chapters
from bookpack.cli.options import (
    book_options,
    by_option,
    chapters_option,
    given_here,
    refuse_together,
    settings_of,
)
from bookpack.console import complain, progress
from bookpack.errors import SettingsError

if TYPE_CHECKING:
    from bookpack.desks.review.suggestion import Suggestion
    from bookpack.pipeline import CheckedBook


@click.command(epilog="Example: bookpack review mybook --web --open --by Baker")
@book_options
@chapters_option
@click.option(
    "--only",
    type=click.Choice(["grammar", "links", "descriptions"]),
    help="Only what comes from this desk; descriptions need --web.  [default: all]",
)
@click.option("--web", is_flag=True, help="Review in a browser, descriptions of pictures, too.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="With --web: port on this machine.  [default: any that is free]",
)
@click.option(
    "--open/--no-open", "open_browser", default=False, help="With --web: open it in a browser."
)
@click.option(
    "--undo",
    is_flag=False,
    flag_value="all",
    metavar="[ID]",
    help="Undo one decision, or every change that was accepted.",
)
@by_option
def review(
    book: Path,
    config: Path | None,
    url: str | None,
    overrides: tuple[str, ...],
    quiet: bool,
    chapters: tuple[str, ...],
    only: str | None,
    web: bool,
    port: int,
    open_browser: bool,
    undo: str | None,
    by: str,
) -> None:
    """Go through all suggestions for the book one by one, and accept or reject them with a key.

    Shown are corrections of the text, those of models as far as they have answered, and changes
    to links. Decisions are kept in BOOK/review/decisions.jsonl. No model is asked, unless you
    have one look at a picture again in the browser.
    """
    given = {
        "--undo": undo is not None,
        "--web": web,
        "--only descriptions": only == "descriptions",
        "--chapter": bool(chapters),
        "--port": given_here("port"),
        "--open": open_browser,
    }
    for other in ("--web", "--only descriptions", "--chapter", "--port", "--open"):
        refuse_together(given, "--undo", other)
    for option in ("--port", "--open"):
        if given[option] and not web:
            raise SettingsError(f"{option} is about the review in a browser; add --web.")
    if only == "descriptions" and not web:
        raise SettingsError("Descriptions are reviewed beside their pictures; add --web.")
    if undo is not None:
        if undo != "all" and book == Path() and Path(undo).is_dir():
            book, undo = Path(undo), "all"  # `review --undo mybook` names a book, not an id
        take_back(book, only or "", undo, by, quiet)
        return
    if web:
        from bookpack.cli.web_review import check_extra

        check_extra()
        from bookpack.desks.review.web.server import check_port

        check_port(port)
    from bookpack import pipeline
    from bookpack.desks.grammar.desk import GrammarDesk

    settings = settings_of(book, config, url, overrides)
    others: list[Suggestion] = []
    texts: dict[str, str] = {}
    checked: CheckedBook | None = None
    with progress(quiet) as tell:
        if only == "grammar":
            desk = GrammarDesk.open(settings, book / "build", tell)
            wanted = chosen_chapters(desk, chapters)
        else:
            checked = pipeline.check(settings, book / "build", tell, needs_address=False)
            desk = GrammarDesk(checked.planned, checked.book)
            wanted = chosen_chapters(desk, chapters)
        if checked is not None and only != "descriptions":
            meant = {one.source.path for one in desk.book.chapters if wanted(one)}
            others, texts = _link_fixes(checked)
            others = [one for one in others if one.path in meant]
    if only in (None, "grammar"):
        try:
            with progress(quiet, "paragraphs") as tell:
                desk.run(wanted, tell)
        except SettingsError as error:
            if only == "grammar" or not (others or web):
                raise
            complain(f"{error} The text is not looked at, only what else there is.")
    sitting = desk.decide(others, texts, by=by)
    complain_of(sitting)
    for complaint in desk.models.kept.complaints:
        complain(complaint)
    if web:
        from bookpack.cli.web_review import in_browser

        pictured = checked if only in (None, "descriptions") else None
        in_browser(sitting, desk, pictured, wanted, port, open_browser=open_browser, quiet=quiet)
    else:
        at_terminal(sitting, quiet)
    sum_up(sitting, [], quiet)


def _link_fixes(checked: Any) -> "tuple[list[Suggestion], dict[str, str]]":
    from bookpack.desks.links.fixes import propose_fixes

    found = propose_fixes(
        checked.resolved, checked.resolver, checked.diagnostics, checked.planned.settings
    )
    return found.suggestions, found.texts
