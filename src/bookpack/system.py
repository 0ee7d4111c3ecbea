"""What the operating system gives: locks, signals that wait, whole files, a cache folder."""

import contextlib
import os
import secrets
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_UNFINISHED = ".bookpack-unfinished"


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


@contextlib.contextmanager
def folder_lock(folder: Path, patience: float = 30.0) -> Iterator[None]:
    """Be alone with `folder` among the processes that ask for this lock.

    Waits `patience` seconds; the system frees the lock with its process. Raises `OSError`.
    """
    if os.name == "nt":  # where a folder cannot be opened
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    else:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        deadline = time.monotonic() + patience
        while not try_lock(descriptor):
            if time.monotonic() > deadline:
                raise TimeoutError(None, "another process is writing there")
            time.sleep(0.005)
        yield
    finally:
        os.close(descriptor)


def replace_file(place: Path, data: bytes) -> None:
    """Write a file whole or not at all; the folder exists. Raises `OSError`.

    A process that dies meanwhile leaves a hidden file beside it: see `unfinished_files`.
    """
    beside = place.with_name(f".{place.name}-{secrets.token_hex(4)}{_UNFINISHED}")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def unfinished_files(folder: Path) -> list[Path]:
    """Return what writers who died have left in `folder`; only those who hold its lock may ask."""
    return list(folder.glob(f".*{_UNFINISHED}"))


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
