"""What all measurements share: one process and its cost, medians, and how they are printed."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
RUNS = 5


class Cost(NamedTuple):
    """What one process took: wall and CPU seconds, peak memory in MB (10^6 bytes)."""

    wall: float
    cpu: float
    memory: float


def run(command: list[str], folder: Path | None = None) -> Cost:
    """Run `command` and return what it took; its exit status does not matter here."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    wall = time.perf_counter() - started
    kilo = 1 if sys.platform == "darwin" else 1024
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * kilo / 1e6)


def median(costs: list[Cost]) -> Cost:
    """Return the median of each figure by itself."""
    return Cost(*(statistics.median(figures) for figures in zip(*costs, strict=True)))


def bookpack(*arguments: str) -> list[str]:
    """Return the command line that runs this checkout's bookpack."""
    return [sys.executable, "-m", "bookpack", *arguments]


def report(name: str, cost: Cost) -> None:
    """Print one row."""
    print(f"  {name:<20} {cost.wall:7.3f} s wall {cost.cpu:7.3f} s CPU {cost.memory:7.0f} MB")
