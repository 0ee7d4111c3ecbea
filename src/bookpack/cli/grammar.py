"""The command of the grammar desk."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bookpack import __version__
from bookpack.cli.deciding import complain_of, sum_up
from bookpack.cli.grammar_measure import measure
from bookpack.cli.grammar_models import ask_models, tell_cost
from bookpack.cli.options import (
    EXIT_FINDINGS,
    book_options,
    by_option,
    chapters_option,
    refuse_together,
    settings_of,
)
from bookpack.console import as_seen_from_here, colour, complain, progress
from bookpack.counting import counted
from bookpack.errors import SettingsError

if TYPE_CHECKING:
    from bookpack.desks.grammar.desk import GrammarDesk
    from bookpack.desks.grammar.queue import Entry
    from bookpack.desks.review.apply import Desk, Item
    from bookpack.model import Chapter

_FORMS = ["text", "json", "sarif", "github", "jsonl", "patch", "criticmarkup"]


@click.command(epilog="Example: bookpack grammar mybook --chapter '1-*' --profile quiet")
@book_options
@chapters_option
@click.option(
    "--profile",
    type=click.Choice(["careful", "quiet"]),
    help="How sure to be before something is said; overrides [grammar] profile.",
)
@click.option("--offline", is_flag=True, help="Ask no model; what models said before counts.")
@click.option("--dry-run", is_flag=True, help="Print what a model would be asked, and its cost.")
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMS),
    default="text",
    show_default=True,
    help="Form of the suggestions.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Write into this file; for criticmarkup, chapters into this folder.",
)
@click.option("--refused", is_flag=True, help="List what engines proposed in vain, with reasons.")
@click.option(
    "--check", is_flag=True, help="Ask no model, and exit 1 while any suggestion is open."
)
@click.option(
    "--accept",
    multiple=True,
    metavar="ID",
    help="Write these suggestions into the chapters; may be repeated.",
)
@click.option("--reject", multiple=True, metavar="ID", help="Never suggest these again.")
@click.option(
    "--accept-category",
    multiple=True,
    metavar="NAME",
    help="Write all suggestions of a category (such as spelling), but no rewrites.",
)
@by_option
@click.option("--why", default="", metavar="TEXT", help="Why; kept with --accept and --reject.")
@click.option(
    "--evaluate",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Measure the engines on real corrections, one JSON object a line.",
)
@click.option("--from-git", is_flag=True, help="Measure them on those in the book's git history.")
def grammar(
    book: Path,
    config: Path | None,
    url: str | None,
    overrides: tuple[str, ...],
    quiet: bool,
    chapters: tuple[str, ...],
    profile: str | None,
    offline: bool,
    dry_run: bool,
    form: str,
    out: Path | None,
    refused: bool,
    check: bool,
    accept: tuple[str, ...],
    reject: tuple[str, ...],
    accept_category: tuple[str, ...],
    by: str,
    why: str,
    evaluate: Path | None,
    from_git: bool,
) -> None:
    """Suggest corrections of the text, each of them small and for a person to decide on.

    Without a model the embedded checker and bookpack's own rules look for mistakes; a model at
    the endpoint in [model] is asked, too, where one is set. Nothing is written into a chapter
    before somebody accepts it: here by its id, or one by one with bookpack review.
    """
    given = {
        "--accept, --reject or --accept-category": bool(accept or reject or accept_category),
        "--check": check,
        "--dry-run": dry_run,
        "--evaluate": evaluate is not None,
        "--from-git": from_git,
    }
    for one, other in combinations(given, 2):
        if one != "--dry-run":  # which may be asked of a measurement, too
            refuse_together(given, one, other)
    if evaluate is not None or from_git:
        settings = settings_of(book, config, url, overrides)
        measure(settings, evaluate, offline=offline, dry_run=dry_run, quiet=quiet)
        return
    from bookpack.desks.grammar.desk import GrammarDesk

    settings = settings_of(book, config, url, overrides)
    if profile is not None:
        passes = tuple(replace(one, profile=profile) for one in settings.grammar.pass_)
        table = replace(settings.grammar, profile=profile, pass_=passes)
        settings = replace(settings, grammar=table)
    _check_categories(accept_category)
    decides = bool(accept or reject or accept_category)
    with progress(quiet) as tell:
        desk = GrammarDesk.open(settings, book / "build", tell)
    wanted = chosen_chapters(desk, chapters)
    if dry_run:
        tell_cost(desk.models, wanted)
        return
    if not (offline or check or decides):
        ask_models(desk.models, wanted, quiet)
    with progress(quiet, "paragraphs") as tell:
        desk.run(wanted, tell)
    review = desk.decide(by=by)
    complain_of(review)
    for complaint in desk.models.kept.complaints:
        complain(complaint)
    if decides:
        _decide(review, accept, reject, accept_category, why, quiet)
        return
    entries = {entry.suggestion.id: entry for entry in desk.queue.entries}
    found = [entries[item.suggestion.id] for item in review.open_items]
    if form == "criticmarkup":
        _write_critic_markup(review, out, quiet)
    else:
        _write(_as_text(form, desk, review, found, book), out, quiet, desk)
    if form == "text" and not quiet:
        _tell(desk, found, book)
    if refused:
        from bookpack.desks.grammar.report import refused_lines

        for line in refused_lines(desk.queue.refused):
            click.echo(line, err=form != "text")
    if desk.models.failed or (check and found):
        raise SystemExit(EXIT_FINDINGS)


def _check_categories(names: Sequence[str]) -> None:
    from bookpack.desks.grammar.fix import Category

    known = [str(one) for one in Category]
    for name in names:
        if name not in known:
            raise SettingsError(
                f"{name} is no category that can be accepted at once ({', '.join(known)})."
            )


def chosen_chapters(desk: "GrammarDesk", patterns: Sequence[str]) -> "Callable[[Chapter], bool]":
    """Return what tells whether a chapter is meant. Raises `SettingsError`."""

    def is_meant(chapter: "Chapter", ones: Sequence[str] = patterns) -> bool:
        path = chapter.source.path
        names = (path, chapter.path, path.rpartition("/")[2])
        return not ones or any(fnmatchcase(name, one) for name in names for one in ones)

    if not desk.chapters:
        folder = desk.planned.settings.folder
        raise SettingsError(f"No chapters were found in {folder}: it has no file in Markdown.")
    for pattern in patterns:
        if not any(is_meant(chapter, [pattern]) for chapter in desk.chapters):
            raise SettingsError(f"No chapter of the book is called {pattern}.")
    return is_meant


def _as_text(
    form: str, desk: "GrammarDesk", review: "Desk", found: "Sequence[Entry]", book: Path
) -> str:
    from bookpack import reports
    from bookpack.desks.grammar.report import as_jsonl, finding_of
    from bookpack.desks.review.batch import unified_diff

    if form == "patch":
        return "".join(unified_diff(review))
    if form == "jsonl":
        return as_jsonl({entry.suggestion.id: entry for entry in found}, review)
    chapters = {chapter.source.path: chapter for chapter in desk.chapters}
    findings = as_seen_from_here(
        [finding_of(entry, chapters[entry.suggestion.path]) for entry in found], book
    )
    if form == "json":
        text = reports.as_json(findings)
    elif form == "sarif":
        text = reports.as_sarif(findings, __version__)
    elif form == "github":
        text = reports.as_github(findings)
    else:
        text = reports.as_text(findings, colour=colour(sys.stdout))
    return f"{text}\n" if text else ""


def _write(text: str, out: Path | None, quiet: bool, desk: "GrammarDesk") -> None:
    if out is None:
        click.echo(text, nl=False)
        return
    folder = desk.planned.settings.folder
    chapters = {(folder / chapter.source.path).resolve() for chapter in desk.chapters}
    if out.resolve() in chapters or out.resolve() == (folder / "bookpack.toml").resolve():
        raise SettingsError(f"{out} belongs to the book; write into another file.")
    out.write_bytes(text.encode("utf-8", "replace"))
    if not quiet:
        click.echo(f"Written: {out}", err=True)


def _write_critic_markup(review: "Desk", out: Path | None, quiet: bool) -> None:
    """Write every chapter with suggestions as CriticMarkup: into a folder, or print the one."""
    from bookpack.desks.grammar.report import as_critic_markup

    by_path: dict[str, list[Item]] = {}
    for item in review.open_items:
        by_path.setdefault(item.suggestion.path, []).append(item)
    if out is None and len(by_path) > 1:
        raise SettingsError(
            f"{counted(len(by_path), 'chapter')} have suggestions: give a folder with --out, "
            "or one chapter with --chapter."
        )
    if out is not None and out.resolve() == review.folder.resolve():
        raise SettingsError(f"{out} is the book; write into another folder.")
    for path, items in by_path.items():
        source = review.source(items[0])
        text, left = as_critic_markup(items, source.text)
        for item in left:
            complain(f"{review.place(item)}: left out, its marks would be ambiguous.")
        if out is None:
            click.echo(text, nl=False)
            continue
        place = out / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(source.to_bytes(text))
        if not quiet:
            click.echo(f"Written: {place}", err=True)


def _tell(desk: "GrammarDesk", found: "Sequence[Entry]", book: Path) -> None:
    """Say how much was found, what was refused, and how to go on."""
    from bookpack.desks.grammar.report import summary

    for line in summary(found):
        click.echo(line)
    blocks = (block for found_in in desk.prose.blocks.values() for block in found_in)
    words = sum(len(block.text.split()) for block in blocks if block.path in desk.queue.texts)
    open_ones = counted(len(found), "suggestion")
    click.echo(f"{open_ones} open in {words:,} words of prose.")
    if desk.queue.refused:
        many = counted(len(desk.queue.refused), "fix was", "fixes were")
        click.echo(f"{many} refused; --refused lists them with reasons.")
    if found:
        click.echo(f"Next: bookpack review {book}")


def _decide(
    review: "Desk",
    accept: Sequence[str],
    reject: Sequence[str],
    categories: Sequence[str],
    why: str,
    quiet: bool,
) -> None:
    from bookpack.desks.review.batch import with_ids

    refused = []
    for names, decide in ((reject, review.reject), (accept, review.accept)):
        items, problem = with_ids(review.items, names)
        if problem:
            raise SettingsError(problem)
        refused += decide(items, why=why)
    same = [
        item
        for item in review.open_items
        if item.suggestion.category in categories and not item.suggestion.alone
    ]
    refused += review.accept(same, why=why)
    sum_up(review, refused, quiet)
