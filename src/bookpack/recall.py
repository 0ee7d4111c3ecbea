"""Is the last build still true, and if not, what of it is? Decided by content hashes.

The stamp of an output folder records everything a build asked (which files there are, what
they hold, which assets exist) with the answers. While all answers, the settings and the
outputs are the same, a build would give the same bytes, and its report can be repeated.
Imported before the rest of the pipeline, so that an unchanged book costs next to nothing.

A build that has to be made asks the stamp what the last one found out about single texts. That
is a matter of time alone: without a stamp, everything is found out again, and is the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from bookpack import __version__, output
from bookpack.config import Settings
from bookpack.diagnostics import Diagnostic
from bookpack.editions.web.indexer import has_indexer
from bookpack.read.files import same_answers
from bookpack.reports import from_record
from bookpack.tokens import has_exact_tokens


class Packed(NamedTuple):
    """A chapter's packed text: the SHA-256 of its UTF-8, its words and its tokens."""

    digest: str
    words: int
    tokens: int


class TextMemory:
    """What builds find out about a text alone, by the hash of everything that decides it.

    `sound` are texts in which nothing was found to be wrong; `packed` tells what came of others in
    the packed edition. What nobody asked for again is forgotten.
    """

    def __init__(self, stamp: Mapping[str, Any] | None = None) -> None:
        """Take over what the `stamp` of the last build holds, if the same version wrote it."""
        known = stamp.get("texts") if stamp and stamp.get("bookpack") == __version__ else None
        known = known if isinstance(known, dict) else {}
        packed, sound = known.get("packed"), known.get("sound")
        self._last_packed = packed if isinstance(packed, dict) else {}
        self._last_sound = frozenset(map(str, sound)) if isinstance(sound, list) else frozenset()
        self._packed: dict[str, Packed] = {}
        self._sound: set[str] = set()

    def packed(self, key: str) -> Packed | None:
        """Return what the text with this `key` (see `packing_keys`) became in the last pack."""
        match self._last_packed.get(key):
            case [str(digest), int(words), int(tokens)]:
                return Packed(digest, words, tokens)
        return None

    def note_packed(self, key: str, packed: Packed) -> None:
        """Remember what a text became."""
        self._packed[key] = packed

    def is_sound(self, text: str, *context: object) -> bool:
        """Tell whether `text` is known to be sound, read with this `context` (by its `repr`)."""
        key = _hash(repr(context), text)
        if key in self._last_sound:
            self._sound.add(key)
        return key in self._last_sound

    def note_sound(self, text: str, *context: object) -> None:
        """Remember that nothing was found in `text`."""
        self._sound.add(_hash(repr(context), text))

    def record(self) -> dict[str, Any]:
        """Return what the next build shall know, as plain data for the stamp."""
        return {"packed": dict(sorted(self._packed.items())), "sound": sorted(self._sound)}


def _hash(context: str, text: str) -> str:
    material = f"{len(context)} {context}{text}".encode("utf-8", "surrogatepass")
    return sha256(material).hexdigest()[:32]


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
    try:
        return _recall(settings, out, stamp)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None  # a stamp that nobody here wrote


def _recall(settings: Settings, out: Path, stamp: dict[str, Any]) -> BuildReport | None:
    descriptions = settings.images.descriptions
    if not same_answers(settings.folder, out, descriptions, stamp["answers"]):
        return None
    if not output.outputs_match(out, stamp["outputs"]):
        return None  # asked last: there is far more of it than the author writes
    report = stamp["report"]
    diagnostics = [from_record(record) for record in report["diagnostics"]]
    sizes = output.sizes_of(out, stamp["outputs"])
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
