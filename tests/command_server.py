"""A process that has imported bookpack, and becomes its command line whenever a test asks for it.

Most of the time that a short command takes is spent on imports, and on having them measured. The
server does both once. Each command is a fork of it: a process of its own, with its own folder,
environment, output and rights, that takes signals and ends as every Python process does. Only what
Python reads while it starts cannot be different in a fork; such commands have a real start.

    python tests/command_server.py ADDRESS

listens at that address of a socket until its standard input ends. A request is the length of a
text in four bytes, together with descriptors for the command's standard streams, and the text:
arguments, folder, environment and umask as JSON. The answers are the number of the process and, as
soon as it has ended, its status as `subprocess` counts it, four bytes each.
"""

import contextlib
import functools
import importlib
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

NUMBER = struct.Struct("!i")
READ_AT_START = ("PYTHON", "LC_", "LANG", "TZ", "COV", "LD_")
"""How the names of variables begin that Python, its libraries or coverage read at their start."""
LIBRARIES = (
    "harper",
    "jinja2.sandbox",
    "latex2mathml.converter",
    "openai",
    "PIL.ImageFont",
    "PIL.ImageSequence",
    "pygments.lexer",
    "pygments.unistring",
    "re2",
    "resvg_py",
    "splintr",
    "tomli_w",
    "ttf_opensans",
)
"""What commands import when they need it; extras may be missing."""
NOT_BEFORE_A_FORK = ("__main__", "ocr_engine")  # a program, and one that starts threads


class CommandServer:
    """Runs commands in forks of one process, which ends with this one."""

    def __init__(self) -> None:
        self._environment = dict(os.environ)
        self._folder = TemporaryDirectory(prefix="bookpack-commands-")
        self._address = str(Path(self._folder.name, "socket"))
        self._process = subprocess.Popen(
            [sys.executable, __file__, self._address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout
        with self._process.stdout as ready:
            assert ready.read(1), "The server of commands could not start."

    def close(self) -> None:
        """End the server. Commands that still run go on."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()
        self._folder.cleanup()

    @property
    def program(self) -> list[str]:
        """What starts a command from a shell, with its arguments behind."""
        client = str(Path(__file__).with_name("command_client.py"))
        return [sys.executable, "-I", "-S", client, self._address]

    def can_run_with(self, environment: Mapping[str, str]) -> bool:
        """Tell whether Python would start with `environment` as the server has started."""
        different = environment.items() ^ self._environment.items()
        return not any(name.startswith(READ_AT_START) for name, _ in different)

    def run(
        self,
        arguments: Sequence[str],
        cwd: Path,
        environment: Mapping[str, str],
        timeout: float,
    ) -> "subprocess.CompletedProcess[bytes]":
        """Run what `python` would run with these arguments, to its end, as `subprocess.run` does.

        They begin with `-m bookpack` or with `-c` and a program. `timeout` is in seconds.
        """
        os.umask(umask := os.umask(0))
        text = json.dumps([arguments, str(cwd), dict(environment), umask]).encode()
        with contextlib.ExitStack() as opened:
            link = opened.enter_context(socket.socket(socket.AF_UNIX))
            link.connect(self._address)
            pipes = [os.pipe(), os.pipe()]
            readers = [opened.enter_context(os.fdopen(reader, "rb", 0)) for reader, _ in pipes]
            with Path(os.devnull).open("rb") as nothing:
                streams = [nothing.fileno(), *(writer for _, writer in pipes)]
                socket.send_fds(link, [NUMBER.pack(len(text))], streams)
            for _, writer in pipes:
                os.close(writer)
            link.sendall(text)
            number = receive_number(link)
            try:
                output, errors = read_to_the_end(readers, time.monotonic() + timeout)
            except TimeoutError:
                os.kill(number, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(arguments), timeout) from None
            status = receive_number(link)
        return subprocess.CompletedProcess(list(arguments), status, output, errors)


def read_to_the_end(readers: Sequence[Any], deadline: float) -> list[bytes]:
    found = dict.fromkeys(readers, b"")
    with selectors.DefaultSelector() as waiting:
        for reader in readers:
            waiting.register(reader, selectors.EVENT_READ)
        while waiting.get_map():
            ready = waiting.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                found[key.fileobj] += data
                if not data:
                    waiting.unregister(key.fileobj)
    return list(found.values())


def receive(link: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = link.recv(count - len(data))
        if not more:
            raise EOFError("The other side has gone.")
        data += more
    return data


def receive_number(link: socket.socket) -> int:
    number: int
    (number,) = NUMBER.unpack(receive(link, NUMBER.size))
    return number


def import_everything() -> None:
    """Import all that commands may need."""
    import pkgutil

    import bookpack

    for module in pkgutil.walk_packages(bookpack.__path__, "bookpack."):
        if not module.name.endswith(NOT_BEFORE_A_FORK):
            importlib.import_module(module.name)
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    from PIL import Image

    # All formats, in the order in which they would be loaded one by one.
    Image.preinit()
    Image.init()
    keep_the_vocabulary()
    from bookpack.tokens import token_counter

    token_counter().count_all(["One text."])
    threads = Path("/proc/self/task")
    assert not threads.exists() or len(list(threads.iterdir())) == 1, "A fork would lose threads."


def keep_the_vocabulary() -> None:
    """Let this process load the vocabulary of tokens once and not with each of its builds.

    To load it, and to encode a first text, takes more time than to build a small book.
    """
    with contextlib.suppress(ImportError):
        import splintr

        tokenizer = splintr.Tokenizer
        if isinstance(tokenizer, type):
            kept = functools.cache(tokenizer.from_pretrained)
            splintr.Tokenizer = SimpleNamespace(from_pretrained=kept)


def write_down_what_was_measured() -> None:
    """Let coverage forget the imports, so that no fork writes them down again."""
    if "coverage" in sys.modules:
        measured = sys.modules["coverage"].Coverage.current()
        if measured:
            measured.save()
            measured.get_data().close()


def serve(listener: socket.socket) -> list[str] | None:
    """Return in every command with its arguments, and in the server at its end with None."""
    woken, waker = socket.socketpair()
    for end in (woken, waker):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(waker.fileno())
    running: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as waiting:
        for source in (sys.stdin, woken, listener):
            waiting.register(source, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in waiting.select()]
            if woken in ready:
                woken.recv(1 << 12)
                report_ended(running)
            if listener in ready:
                link, _ = listener.accept()
                head, streams, _, _ = socket.recv_fds(link, NUMBER.size, 3)
                arguments, cwd, environment, umask = json.loads(receive(link, *NUMBER.unpack(head)))
                number = os.fork()
                if not number:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for end in (waiting, woken, waker, link, *running.values()):
                        end.close()
                    for place, stream in enumerate(streams):
                        os.dup2(stream, place)
                        os.close(stream)
                    os.environ.clear()
                    os.environ.update(environment)
                    os.umask(umask)
                    os.chdir(cwd)
                    sys.path[0] = cwd
                    return [str(argument) for argument in arguments]
                for stream in streams:
                    os.close(stream)
                running[number] = link
                link.sendall(NUMBER.pack(number))
            elif sys.stdin in ready:
                return None


def report_ended(running: dict[int, socket.socket]) -> None:
    while running:
        number, status = os.waitpid(-1, os.WNOHANG)
        if not number:
            return
        # Whoever did not want to wait any longer has gone.
        with running.pop(number) as link, contextlib.suppress(BrokenPipeError):
            link.sendall(NUMBER.pack(os.waitstatus_to_exitcode(status)))


if __name__ == "__main__":
    import gc

    import_everything()
    write_down_what_was_measured()
    # What is there now is looked at by no garbage collection, so it can stay shared.
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen()
        os.write(1, b"+")
        arguments = serve(listener)
    if arguments is not None:
        how, what, *rest = arguments
        if how == "-c":
            sys.argv = [how, *rest]
            exec(what, {"__name__": "__main__"})
        else:
            assert (how, what) == ("-m", "bookpack")
            from bookpack import cli

            sys.argv = [str(Path(cli.__file__).parent.with_name("__main__.py")), *rest]
            cli.main()
