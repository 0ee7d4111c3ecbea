"""What other sites answered, kept for some days in one readable JSON file of the user's own.

The file is written whole or not at all. Only answers are kept: a page that is there, for as
long as the settings say, and a page that is gone, for a day. What could not be reached is asked
again the next time. A file that cannot be read counts as empty: it only saves time.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bookpack.desks.external.visit import Outcome, State
from bookpack.system import cache_folder

FILE_NAME = "external.json"
_VERSION = 1
_DAY = 86_400.0
_DEAD_DAYS = 1.0


def cache_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the answers lie in the user's cache."""
    return cache_folder(environment) / FILE_NAME


class Cache:
    """Answers by address. `file` None keeps nothing.

    `complaint` says after `save` why nothing could be kept, if so: that is no reason to lose the
    findings of a check.
    """

    def __init__(self, file: Path | None, days: float) -> None:
        self.file = file if days > 0 else None
        self.days = days
        self.complaint = ""
        self._changed: dict[str, dict[str, Any]] = {}
        self._known = self._read()

    def get(
        self, address: str, anchors: Iterable[str], now: float, *, allow_private: bool
    ) -> Outcome | None:
        """Return the outcome for `address` if it still counts and tells of all `anchors`."""
        record = self._known.get(address)
        if record is None or not self._counts(record, now):
            return None
        outcome = _outcome(record)
        if outcome is None or (outcome.private and not allow_private):
            return None
        if outcome.state is State.GOOD and not set(anchors) <= set(outcome.anchors):
            return None
        return outcome

    def put(self, address: str, outcome: Outcome, now: float) -> None:
        """Remember an outcome if it is one to keep."""
        if self.file is None or outcome.state not in (State.GOOD, State.DEAD):
            return
        record = {"time": int(now), **asdict(outcome)}
        self._known[address] = self._changed[address] = record

    def save(self, now: float) -> None:
        """Write what was learnt, if anything; what no longer counts is left out.

        Another check that ran at the same time loses nothing.
        """
        if self.file is None or not self._changed:
            return
        records = {**self._read(), **self._changed}
        kept = {
            address: records[address]
            for address in sorted(records)
            if self._counts(records[address], now)
        }
        text = json.dumps({"version": _VERSION, "answers": kept}, ensure_ascii=False, indent=1)
        try:
            _write_whole(self.file, text + "\n")
        except OSError as error:
            self.complaint = (
                f"Cannot keep the answers of other sites in {self.file}: "
                f"{error.strerror or error}. They will be asked again the next time."
            )

    def _read(self) -> dict[str, dict[str, Any]]:
        if self.file is None:
            return {}
        try:
            content = json.loads(self.file.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(content, dict) or content.get("version") != _VERSION:
            return {}
        answers = content.get("answers")
        if not isinstance(answers, dict):
            return {}
        return {
            address: record
            for address, record in answers.items()
            if isinstance(record, dict) and _outcome(record) is not None
        }

    def _counts(self, record: Mapping[str, Any], now: float) -> bool:
        days = min(self.days, _DEAD_DAYS) if record.get("state") == State.DEAD else self.days
        # An answer from the future was given under another clock.
        return bool(-1 <= now - record["time"] <= days * _DAY)


def _outcome(record: Mapping[str, Any]) -> Outcome | None:
    """Return the outcome that a record describes, None where it describes none."""
    anchors = record.get("anchors")
    good = (
        record.get("state") in (State.GOOD, State.DEAD)
        and _is_number(record.get("time"))
        and _is_number(record.get("status"))
        and all(isinstance(record.get(key), str) for key in ("final", "moved_to", "reason"))
        and isinstance(record.get("private"), bool)
        and isinstance(anchors, dict)
        and all(found in (True, False, None) for found in anchors.values())
    )
    if not good:
        return None
    return Outcome(
        State(record["state"]),
        record["final"],
        record["status"],
        record["moved_to"],
        record["reason"],
        record["anchors"],
        record["private"],
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _write_whole(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{FILE_NAME}-")
    staged = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        staged.replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            staged.unlink()
        raise
