"""What every test may use: whole books in a temporary folder, and the real command line."""

import atexit
import io
import os
import signal
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from command_server import CommandServer, keep_the_vocabulary

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

# How busy the machine is must not decide what a command prints.
os.environ["BOOKPACK_PROGRESS_AFTER"] = "3600"
# Nor may what this user has built before decide anything, nor tests what is built later.
_cache = TemporaryDirectory(prefix="bookpack-tests-")
atexit.register(_cache.cleanup)
os.environ["BOOKPACK_CACHE"] = _cache.name
# A shell starts what runs in the background deaf to Ctrl-C, and with it all that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
keep_the_vocabulary()

needs_shared = pytest.mark.skipif(
    not (SHARED / "README.md").is_file(),
    reason="the folder ../shared with real books is not here",
)

Run = Callable[..., "subprocess.CompletedProcess[str]"]

BASE = "https://example.com"
SETTINGS = f'[book]\ntitle = "A Book"\nurl = "{BASE}"\n'
PICTURE = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAHLCMmQAAAABJRU5ErkJggg=="
)
"""A PNG picture of one pixel, where it does not matter what a picture shows."""
PICTURE_WORDS = "Not described by a model. A PNG picture of 1 × 1 pixels."
"""What a build says of `PICTURE`."""


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write `files` (path → content) below `folder`."""
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@pytest.fixture
def make_book(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a book and gives its folder."""

    def make(
        chapters: Mapping[str, str | bytes], settings: str = SETTINGS, name: str = "book"
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "bookpack.toml").write_text(settings, "utf-8")
        return write_files(folder, {f"chapters/{path}": text for path, text in chapters.items()})

    return make


@pytest.fixture(scope="session")
def command_server() -> Iterator[CommandServer | None]:
    """What runs commands quickly, if this system can fork and nobody wants only real starts."""
    if not hasattr(os, "fork") or os.environ.get("BOOKPACK_REAL_STARTS"):
        yield None
        return
    server = CommandServer()
    yield server
    server.close()


@pytest.fixture
def python(tmp_path: Path, command_server: CommandServer | None) -> Run:
    """Return a function that runs Python in a process of its own, where bookpack is imported.

    Its arguments are `-m`, `bookpack` and more, or `-c`, a program and more.
    """

    def run(
        *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        words = list(map(str, arguments))
        environment = {**os.environ, "NO_COLOR": "1", **(env or {})}
        if command_server and command_server.can_run_with(environment):
            done = command_server.run(words, cwd or tmp_path, environment, timeout=120)
        else:
            done = subprocess.run(
                [sys.executable, *words],
                capture_output=True,
                cwd=cwd or tmp_path,
                env=environment,
                timeout=120,
                check=False,
            )
        return subprocess.CompletedProcess(
            [sys.executable, *words], done.returncode, _text(done.stdout), _text(done.stderr)
        )

    return run


def _text(output: bytes) -> str:
    return io.TextIOWrapper(io.BytesIO(output), "utf-8").read()


@pytest.fixture
def bookpack(python: Run) -> Run:
    """Return a function that runs the real command line in a process of its own."""
    return partial(python, "-m", "bookpack")
