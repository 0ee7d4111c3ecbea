"""How many of the words in pictures does an offline description hold, and how long does it take?

    python scripts/bench_pictures.py            pictures drawn by make_pictures.py
    python scripts/bench_pictures.py FOLDER     every picture below a folder: time, kind and words

Recall is the share of the known words (parted at white space, capitals count) that stand in the
description. Nothing is cached; the first picture also pays for starting the engine.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from bookpack.config.tables import ImagesTable
from bookpack.images.facts import facts_of
from bookpack.images.limits import Limits
from bookpack.images.load import load_picture
from bookpack.images.ocr import open_reader
from bookpack.images.offline import OfflineDescription, describe_offline

SUFFIXES = {".avif", ".bmp", ".gif", ".jpeg", ".jpg", ".png", ".svg", ".tif", ".tiff", ".webp"}
LIMITS = Limits(ImagesTable().max_pixels, ImagesTable().max_bytes)
READER = open_reader(None)


def described(file: Path) -> tuple[OfflineDescription, float, float, str]:
    """Return the description, milliseconds for facts and for reading, and doubtful numbers."""
    data = file.read_bytes()
    began = time.perf_counter()
    facts = facts_of(data, sha256(data).hexdigest(), LIMITS, None)
    found = time.perf_counter()
    reading = None
    if READER is not None and not facts.own_words and not facts.problem:
        reading = READER.read(load_picture(data, LIMITS))
    description = describe_offline(facts, reading)
    ended = time.perf_counter()
    doubtful = " ".join(sorted(reading.doubtful)) if reading else ""
    return description, (found - began) * 1000, (ended - found) * 1000, doubtful


def bench_known(folder: Path) -> None:
    """Print the recall of every drawn picture, and of all."""
    from make_pictures import make_pictures

    in_all = found_in_all = 0
    print(f"{'picture':30} {'recall':>7} {'words':>6} {'facts':>8} {'reading':>9}  looks, missed")
    for name, known in make_pictures(folder).items():
        description, facts, reading, doubtful = described(folder / name)
        found = set(description.text.replace("\\", "").replace("?", "").split())
        words = " ".join(map(str, json.loads(json.dumps(known["words"])))).split()
        missed = [word for word in words if word not in found]
        in_all, found_in_all = in_all + len(words), found_in_all + len(words) - len(missed)
        recall = 100 * (1 - len(missed) / len(words))
        notes = f"{description.kind or '–'} {missed or ''} {'? ' + doubtful if doubtful else ''}"
        print(f"{name:30} {recall:6.1f}% {len(words):6} {facts:5.0f} ms {reading:6.0f} ms  {notes}")
    print(f"{'all':30} {100 * found_in_all / in_all:6.1f}% {in_all:6}")


def bench_folder(folder: Path) -> None:
    """Print what is said of every picture below a folder."""
    for file in pictures(folder):
        description, facts, reading, doubtful = described(file)
        count = "–" if description.words is None else len(description.words)
        print(f"{facts:5.0f} {reading:6.0f} ms {count!s:>5} lines  {description.kind or '–':10} "
              f"{file.relative_to(folder)} {'? ' + doubtful if doubtful else ''}")  # fmt: skip


def pictures(folder: Path) -> Iterator[Path]:
    """Yield the pictures below a folder in order of their paths."""
    yield from sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        bench_folder(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as name:
            bench_known(Path(name))
