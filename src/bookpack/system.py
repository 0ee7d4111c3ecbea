"""What the operating system gives: locks between processes, signals that wait, a cache folder."""

import contextlib
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until the block has ended: a few milliseconds of moving files."""
    received: list[int] = []
    previous: dict[int, Any] = {}
    try:
        for wanted in (signal.SIGINT, signal.SIGTERM):
            previous[wanted] = signal.signal(wanted, lambda number, _: received.append(number))
    except ValueError:  # not in the main thread, where no signal arrives anyway
        pass
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    for number in received:
        signal.raise_signal(number)


def try_lock(descriptor: int) -> bool:
    """Take the lock of an open file, if nobody has it; the system frees it with the process."""
    try:
        import fcntl
    except ImportError:  # Windows, where a lock covers bytes: one far behind the text
        import msvcrt

        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(descriptor: int) -> None:
    """Give the lock back before the file is closed."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined]
        return
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for what can be found out again, which may not exist yet.

    It is BOOKPACK_CACHE, else `bookpack` in the user's cache folder (XDG Base Directory
    Specification: a relative XDG_CACHE_HOME is ignored).
    """
    own = environment.get("BOOKPACK_CACHE", "")
    if own:
        return Path(own)
    named = environment.get("XDG_CACHE_HOME", "")
    windows = environment.get("LOCALAPPDATA", "") if os.name == "nt" else ""
    if named and Path(named).is_absolute():
        base = Path(named)
    elif windows:
        base = Path(windows)
    else:
        base = Path(os.path.expanduser("~")) / ".cache"  # noqa: PTH111 - never raises
    return base / "bookpack"
