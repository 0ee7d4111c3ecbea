"""Is the last build still true? Decided by content hashes, without reading the book.

The stamp of an output folder records everything a build asked (which files there are, what
they hold, which assets exist) with the answers. While all answers, the settings and the
outputs are the same, a build would give the same bytes, and its report can be repeated.
Imported before the rest of the pipeline, so that an unchanged book costs next to nothing.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from bookpack import __version__, output
from bookpack.config import Settings
from bookpack.diagnostics import Diagnostic
from bookpack.editions.web.indexer import has_indexer
from bookpack.read.files import same_answers
from bookpack.reports import from_record
from bookpack.tokens import has_exact_tokens


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. Paths are relative to the output folder; `changed` were written."""

    layout: str
    chapters: int
    words: int
    tokens: int
    token_label: str
    diagnostics: list[Diagnostic]
    out: Path
    changed: tuple[str, ...]
    outputs: tuple[str, ...]
    sizes: dict[str, int]


def inputs_of(settings: Settings, *, locked: bool, only: str | None = None) -> str:
    """Return one hash of everything but the book's files that decides what a build gives."""
    toml = settings.file.read_bytes() if settings.file else b""
    parts = [
        __version__,
        settings.digest_material(),
        sha256(toml).hexdigest(),
        f"locked={locked} tokens={has_exact_tokens()} only={only} search={has_indexer()}",
    ]
    return sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def last_build(
    settings: Settings, out: Path, *, locked: bool = False, only: str | None = None
) -> BuildReport | None:
    """Return the report of the last build if it would come out the same again."""
    stamp = output.read_stamp(out)
    if stamp is None or stamp.get("bookpack") != __version__:
        return None
    if stamp.get("inputs") != inputs_of(settings, locked=locked, only=only):
        return None
    if not output.outputs_match(out, stamp["outputs"]):
        return None
    try:
        return _recall(settings, out, stamp)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None  # a stamp that nobody here wrote


def _recall(settings: Settings, out: Path, stamp: dict[str, Any]) -> BuildReport | None:
    descriptions = settings.images.descriptions
    if not same_answers(settings.folder, out, descriptions, stamp["answers"]):
        return None
    report = stamp["report"]
    diagnostics = [from_record(record) for record in report["diagnostics"]]
    sizes = {path: (out / path).stat().st_size for path in stamp["outputs"]}
    return make_report(report, diagnostics, out, (), sizes)


def make_report(
    report: dict[str, Any],
    diagnostics: list[Diagnostic],
    out: Path,
    changed: tuple[str, ...],
    sizes: dict[str, int],
) -> BuildReport:
    """Return the report of a build from what its stamp holds of it."""
    return BuildReport(
        report["layout"],
        report["chapters"],
        report["words"],
        report["tokens"],
        report["token_label"],
        diagnostics,
        out,
        changed,
        tuple(sizes),
        sizes,
    )
