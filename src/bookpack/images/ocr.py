"""Words found in a picture by OCR, kept in the cache: the same pixels are read once.

Reading needs the extra `ocr` (RapidOCR with its models); how it is done, `ocr_engine` says.
"""

import hashlib
import importlib.util
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bookpack.images.cache import read_record, write_record
from bookpack.images.reading_order import Box, Line

if TYPE_CHECKING:
    from bookpack.images.load import Picture
    from bookpack.images.ocr_engine import Engine

METHOD = 1
"""Part of a reading's key in the cache: another method is another reading."""

"""What two readings are compared by: digits with what may part them."""

_ROOM = "readings"
_TASKS = ("cls", "det", "rec")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read in a picture, in reading order."""

    lines: tuple[Line, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The texts of the lines."""
        return tuple(line.text for line in self.lines)

    @property
    def doubtful(self) -> frozenset[str]:
        """Numbers that two readings disagree on."""
        return frozenset(number for line in self.lines for number in line.doubtful)


def has_reader() -> bool:
    """Tell whether the extra `ocr` is installed, without loading it."""
    return _models() is not None


def open_reader(cache: Path | None) -> "Reader | None":
    """Return what reads pictures, None where the extra `ocr` is not installed.

    `cache` is the folder in which readings are kept, None for nowhere.
    """
    models = _models()
    return None if models is None else Reader(models, cache)


class Reader:
    """Reads pictures, one at a time whatever the number of threads.

    The engine starts with the first picture that is not in the cache. `models` are the files of
    its models by task: `det` finds lines, `cls` tells which way up, `rec` recognises.
    """

    def __init__(self, models: Mapping[str, Path], cache: Path | None) -> None:
        self._models = models
        self._cache = cache
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._version = ",".join([str(METHOD), *(models[task].name for task in _TASKS)])

    def read(self, picture: "Picture") -> Reading:
        """Return the words in a picture, from the cache if it was read before."""
        key = hashlib.sha256(f"{picture.identity} {self._version}".encode()).hexdigest()
        kept = _from_record(read_record(self._cache, _ROOM, key))
        if kept is not None:
            return kept
        with self._lock:
            if self._engine is None:
                from bookpack.images.ocr_engine import Engine

                self._engine = Engine(self._models)
            reading = Reading(tuple(self._engine.lines(picture.pixels)))
        write_record(self._cache, _ROOM, key, _to_record(reading))
        return reading


def _models() -> Mapping[str, Path] | None:
    """Return the models in RapidOCR's package, None where one is not there.

    Without a file the engine would fetch it from a network.
    """
    engine = importlib.util.find_spec("rapidocr")
    if engine is None or not engine.origin or importlib.util.find_spec("onnxruntime") is None:
        return None
    folder = Path(engine.origin).parent / "models"
    found = {task: sorted(folder.glob(f"*_{task}_*.onnx")) for task in _TASKS}
    return {task: files[0] for task, files in found.items()} if all(found.values()) else None


def _to_record(reading: Reading) -> dict[str, Any]:
    lines = [[line.text, line.confidence, line.box, line.doubtful] for line in reading.lines]
    return {"lines": lines}


def _from_record(record: Mapping[str, Any]) -> Reading | None:
    try:
        lines = [
            Line(str(text), float(sure), Box(*map(float, box)), tuple(map(str, doubtful)))
            for text, sure, box, doubtful in record["lines"]
        ]
    except (KeyError, TypeError, ValueError):
        return None
    return Reading(tuple(lines))
