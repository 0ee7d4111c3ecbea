"""Measuring the engines of the grammar desk on real corrections."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bookpack.cli.grammar_models import ask_models, tell_cost
from bookpack.console import complain
from bookpack.errors import SettingsError

if TYPE_CHECKING:
    from bookpack.config import Settings
    from bookpack.desks.grammar.evaluate import Record, Score
    from bookpack.desks.grammar.model import ModelDesk

ANSWERS = "review/measured.jsonl"
"""What models have answered about the corrections, in the book's folder."""


def measure(
    settings: "Settings", file: Path | None, *, offline: bool, dry_run: bool, quiet: bool
) -> None:
    """Print how much each engine finds of the corrections in `file`, or in the git history.

    A model is asked about every line by itself, wrong and corrected, where an endpoint is set;
    what it has answered before is kept.
    """
    from bookpack.desks.grammar.evaluate import as_table, mine_records, read_records

    records = mine_records(settings.folder) if file is None else read_records(file)
    if not records:
        raise SettingsError("There are no corrections to measure with.")
    models = _models(settings, records)
    if models is not None:
        for complaint in models.kept.complaints:
            complain(complaint)
        if dry_run:
            tell_cost(models, lambda line: True)
            return
        if not offline:
            ask_models(models, lambda line: True, quiet)
    elif dry_run:
        click.echo("No model would be asked anything.")
        return
    scores = _scores(settings, records)
    if models is not None:
        scores += _scores_of_models(models, records)
    click.echo(as_table(scores))


def _models(settings: "Settings", records: "Sequence[Record]") -> "ModelDesk | None":
    """Return what is asked about the lines of `records`, None where no pass asks a model."""
    from bookpack.desks.grammar.evaluate import lines_of
    from bookpack.desks.grammar.kept import KeptAnswers
    from bookpack.desks.grammar.model import ModelDesk
    from bookpack.desks.grammar.passes import Prose, passes_of

    prose = Prose.of(lines_of(records), settings)
    if not any(one.engine == "model" for one in passes_of(prose)):
        return None
    return ModelDesk(prose, KeptAnswers(settings.folder, ANSWERS))


def _scores(settings: "Settings", records: "Sequence[Record]") -> "list[Score]":
    """Return the scores of the engines that are built in, in both profiles."""
    from bookpack.desks.grammar.evaluate import book_words, evaluate
    from bookpack.desks.grammar.harper import HarperEngine
    from bookpack.desks.grammar.own_rules import RulesEngine
    from bookpack.desks.grammar.passes import Engine

    words, dialect = book_words(records), settings.grammar.dialect
    engines: dict[str, list[Engine]] = {}
    for profile in ("careful", "quiet"):
        harper = HarperEngine(words, profile=profile, dialect=dialect)
        rules = RulesEngine(profile=profile)
        engines |= {
            f"harper and rules, {profile}": [harper, rules],
            f"rules alone, {profile}": [rules],
        }
    return evaluate(records, engines, _is_dialect)


def _scores_of_models(models: "ModelDesk", records: "Sequence[Record]") -> "list[Score]":
    """Return a score for each pass with a model, on the lines about which it has answered."""
    from bookpack.desks.grammar.evaluate import as_chapter, evaluate
    from bookpack.desks.grammar.passes import passes_of
    from bookpack.desks.grammar.prose import blocks_of

    scores: list[Score] = []
    for table in passes_of(models.prose):
        if table.engine != "model":
            continue
        engine = models.engine(table, models.prose)
        known = models.kept.known(engine.one.asked)

        def is_left_out(record: "Record", known: set[str] = known) -> bool:
            lines = (as_chapter(record.before), as_chapter(record.after))
            hashes = {block.hash for line in lines for block in blocks_of(line)}
            return not hashes <= known or _is_dialect(record)

        scores += evaluate(records, {engine.name: [engine]}, is_left_out)
    return scores


def _is_dialect(record: "Record") -> bool:
    from bookpack.desks.grammar.harper import differs_by_dialect

    return differs_by_dialect(record.span.slice(record.before), record.replacement)
