"""Where a reviewer's answers come from: single keys of a terminal, or lines of a pipe."""

import contextlib
import os
import select
from collections.abc import Iterator
from typing import IO, Protocol

END = ""
"""What is read when nobody answers any more."""


class Keys(Protocol):
    """Answers of a reviewer."""

    def key(self) -> str:
        """Return one key, `END` when there are no more."""

    def line(self) -> str | None:
        """Return one line without its ending, None when there are no more."""


class LineKeys:
    """Answers from a pipe or a file: of each line the first letter counts."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def key(self) -> str:
        """Return the first letter of the next line that has one."""
        for line in iter(self._stream.readline, ""):
            if line.strip():
                return line.strip()[0]
        return END

    def line(self) -> str | None:
        """Return the next line."""
        line = self._stream.readline()
        return line.rstrip("\r\n") if line else None


class TerminalKeys:
    """Answers from a terminal that hands over every key as it is pressed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def key(self) -> str:
        """Wait for a key. Arrows and other keys that send several bytes count as a space."""
        data = os.read(self._descriptor, 1)
        if data in (b"", b"\x04"):
            return END
        if data == b"\x1b":
            self._skip_sequence()
            return " "
        for _ in range(_following_bytes(data[0])):
            data += os.read(self._descriptor, 1)
        return data.decode("utf-8", "replace")

    def _skip_sequence(self) -> None:
        """Read what an arrow or function key sends after the escape, and nothing beyond."""
        waiting = select.select([self._descriptor], [], [], 0.02)[0]
        if waiting and os.read(self._descriptor, 1) in (b"[", b"O"):
            while (data := os.read(self._descriptor, 1)) and not 0x40 <= data[0] <= 0x7E:
                pass

    def line(self) -> str | None:
        """Let the terminal itself edit a line."""
        with _mode(self._descriptor, single=False):
            data = b""
            while not data.endswith(b"\n"):
                piece = os.read(self._descriptor, 4096)
                if not piece:
                    return None
                data += piece
        return data.decode("utf-8", "replace").rstrip("\r\n")


@contextlib.contextmanager
def open_keys(stream: IO[str]) -> Iterator[Keys]:
    """Give the answers that come from `stream`; a terminal is put back as it was at the end."""
    try:
        import termios  # noqa: F401
    except ImportError:  # Windows: whole lines
        yield LineKeys(stream)
        return
    if not stream.isatty():
        yield LineKeys(stream)
        return
    with _mode(stream.fileno(), single=True):
        yield TerminalKeys(stream.fileno())


@contextlib.contextmanager
def _mode(descriptor: int, *, single: bool) -> Iterator[None]:
    import termios

    before = termios.tcgetattr(descriptor)
    wanted = termios.tcgetattr(descriptor)
    flags = termios.ICANON | termios.ECHO
    # Ctrl-C stays a signal: it ends the review in the way in which it ends every command.
    wanted[3] = wanted[3] & ~flags if single else wanted[3] | flags
    if single:
        wanted[6][termios.VMIN], wanted[6][termios.VTIME] = 1, 0
    termios.tcsetattr(descriptor, termios.TCSADRAIN, wanted)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _following_bytes(first: int) -> int:
    if first >= 0xF0:
        return 3
    if first >= 0xE0:
        return 2
    return 1 if first >= 0xC0 else 0
