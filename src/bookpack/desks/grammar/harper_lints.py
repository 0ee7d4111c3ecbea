"""What harper itself says of texts, remembered in the user's cache.

To look takes about a third of a second for a thousand words, and most of a book is as it was when
it was looked at last. What is remembered is known by the text, harper's version, the English and
the rules, so that it is what harper would say again; it may be deleted at any time.
"""

import contextlib
import json
import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bookpack.errors import missing_extra
from bookpack.source import Span

if TYPE_CHECKING:
    from harper import Lint, Linter

FILE = "harper.sqlite"
_FORM = 1
"""Of what is kept; another one is not understood."""
_BETWEEN = "\n\n"
_MOST = 200_000
"""Texts that are remembered; of more, the oldest are forgotten."""
_PATIENCE = 1.0
"""Seconds to wait for another run that writes into the cache."""


class Finding(NamedTuple):
    """What a rule of harper found at `start` to `end`, code points of the text.

    `quote` stands there. `instead` are the texts that harper names, the best first, and `after` is
    what the best comes to; None where it only complains.
    """

    rule: str
    start: int
    end: int
    kind: str
    quote: str
    message: str
    instead: tuple[str, ...]
    after: str | None

    @property
    def span(self) -> Span:
        """The place in the text."""
        return Span(self.start, self.end)


class LintMemory:
    """What was found in texts, by keys, in one file of `folder`. A cache that fails is empty."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    def get(self, keys: Iterable[str]) -> dict[str, list[Finding]]:
        """Return what is remembered for `keys`; those for which nothing is are left out."""
        known: dict[str, list[Finding]] = {}
        with contextlib.suppress(OSError, sqlite3.Error), self._open() as base:
            for key in keys:
                for (said,) in base.execute("SELECT said FROM found WHERE key = ?", (key,)):
                    with contextlib.suppress(ValueError, TypeError):
                        known[key] = [_finding(record) for record in json.loads(said)]
        return known

    def put(self, found: Mapping[str, Sequence[Finding]]) -> None:
        """Remember what was found, by keys."""
        rows = [(key, json.dumps(said)) for key, said in found.items()]
        with contextlib.suppress(OSError, sqlite3.Error), self._open() as base, base:
            base.executemany("INSERT OR REPLACE INTO found VALUES (?, ?)", rows)
            base.execute(
                "DELETE FROM found WHERE rowid <= (SELECT max(rowid) FROM found) - ?", (_MOST,)
            )

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(self._file, timeout=_PATIENCE)) as base:
            base.execute("CREATE TABLE IF NOT EXISTS found (key TEXT PRIMARY KEY, said TEXT)")
            yield base


@dataclass(frozen=True)
class Rules:
    """What is looked for: the English, and names of rules that are off and kinds of findings.

    Of the kinds that are left out, those of the rules in `kept` count all the same.
    """

    dialect: str
    never: frozenset[str]
    left_out: frozenset[str]
    kept: frozenset[str]


class Lints:
    """harper with one set of rules. It is loaded when something has to be looked at anew."""

    def __init__(self, rules: Rules, memory: LintMemory | None = None) -> None:
        """Raise `SettingsError` when harper is not installed."""
        if find_spec("harper") is None:
            raise missing_extra("The engine harper", "grammar")
        self._rules = rules
        self._memory = memory
        parts = (rules.dialect, *(sorted(names) for names in (rules.never, rules.left_out)))
        self._what = f"{_FORM} {_version()} {parts} {sorted(rules.kept)}\n"

    def of(self, texts: Sequence[str]) -> list[list[Finding]]:
        """Return what is found in each of `texts`, in order of place."""
        keys = [self._key(text) for text in texts]
        found = self._memory.get(keys) if self._memory else {}
        unknown = {k: text for k, text in zip(keys, texts, strict=True) if k not in found}
        if unknown:
            new = dict(zip(unknown, self._look(list(unknown.values())), strict=True))
            found |= new
            if self._memory:
                self._memory.put(new)
        return [found[key] for key in keys]

    def _key(self, text: str) -> str:
        return sha256((self._what + text).encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def _look(self, texts: Sequence[str]) -> list[list[Finding]]:
        """Look at `texts` together, each a paragraph: a call costs as much as fifty words."""
        starts = [0]
        for text in texts:
            starts.append(starts[-1] + len(text) + len(_BETWEEN))
        found: list[list[Finding]] = [[] for _ in texts]
        linter = _linter(self._rules.dialect, self._rules.never)
        joined = _BETWEEN.join(texts).replace("’", "'")
        lints = linter.organized_lints(joined, language="plaintext", dedup=False)
        for rule, named in lints.items():
            for lint in named:
                if lint.lint_kind in self._rules.left_out and rule not in self._rules.kept:
                    continue
                index = bisect_right(starts, lint.span.start) - 1
                span = Span(lint.span.start, lint.span.end).shifted(-starts[index])
                if span.end <= len(texts[index]):
                    found[index].append(_finding_of(rule, span, lint))
        return [sorted(ones, key=lambda one: (one.span, one.rule)) for ones in found]


def _finding_of(rule: str, span: Span, lint: "Lint") -> Finding:
    best = lint.suggestions[0] if lint.suggestions else None
    after = None
    if best is not None:
        after = {1: "", 2: lint.problem_text + best.replacement_text}.get(
            best.kind, best.replacement_text
        )
    instead = tuple(one.replacement_text for one in lint.suggestions)
    return Finding(rule, *span, lint.lint_kind, lint.problem_text, lint.message, instead, after)


def _finding(record: list[object]) -> Finding:
    """Return a finding that was kept. Raises `ValueError` or `TypeError` for what is none."""
    rule, start, end, kind, quote, message, instead, after = record
    if not (isinstance(start, int) and isinstance(end, int) and isinstance(instead, list)):
        raise TypeError
    words = [rule, kind, quote, message, *instead, "" if after is None else after]
    if not all(isinstance(word, str) for word in words):
        raise TypeError
    texts = tuple(map(str, instead))
    best = None if after is None else str(after)
    return Finding(str(rule), start, end, str(kind), str(quote), str(message), texts, best)


@lru_cache(maxsize=1)
def _version() -> str:
    try:
        return version("harper-py")
    except PackageNotFoundError:
        return ""


@lru_cache(maxsize=6)
def _linter(dialect: str, never: frozenset[str]) -> "Linter":
    """Return harper for an English; to build one takes about 0.4 s."""
    from harper import Dialect, Linter

    linter = Linter(Dialect[dialect.upper()])
    default = linter.get_default_lint_config()
    linter.set_lint_config({rule: on and rule not in never for rule, on in default.items()})
    return linter
