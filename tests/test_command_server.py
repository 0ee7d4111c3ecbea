"""What runs commands quickly runs them as a real start of Python would."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_server import CommandServer
from conftest import SETTINGS, Run, write_files

BOOK = {"bookpack.toml": SETTINGS, "chapters/a.md": "# Ä\n\n[x](nö.md)\n"}
THE_WORLD = """
import os, sys, threading
from pathlib import Path

print(sys.argv, os.getcwd(), dict(os.environ), sorted(os.listdir("/dev/fd")))
print(sys.stdin.read(), sys.stdin.encoding, sys.stdout.encoding, sys.stdout.errors)
print(sys.stdout.isatty(), sys.stdout.line_buffering, sys.stderr.errors, threading.active_count())
os.close(os.open("made", os.O_CREAT))
print(oct(Path("made").stat().st_mode), __name__)
print("ä", file=sys.stderr)
"""


@pytest.fixture(scope="module")
def server(command_server: CommandServer | None) -> CommandServer:
    if command_server is None:
        pytest.skip("there is no server here")
    return command_server


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def really(*arguments: str, cwd: Path, **environment: str) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        cwd=cwd,
        env={**os.environ, **environment},
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def quickly(
    server: CommandServer, *arguments: str, cwd: Path, **environment: str
) -> tuple[int, bytes, bytes]:
    done = server.run(arguments, cwd, {**os.environ, **environment}, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["-m", "bookpack", "--help"],
        ["-m", "bookpack", "check", "book"],
        ["-m", "bookpack", "build", "book"],
        ["-m", "bookpack", "build", "book", "--out", "/dev/null/x"],
        ["-m", "bookpack", "build", "--nonsense"],
        ["-c", "raise SystemExit('no')"],
        ["-c", "import sys; sys.exit()"],
        ["-c", "import atexit; atexit.register(print, 'late'); print('early')"],
        ["-c", "import threading, time; threading.Thread(target=lambda: print('x')).start()"],
        ["-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"],
        ["-c", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"],
        ["-c", "import os; os.write(1, b'x' * 1_000_000); os.write(2, b'y' * 1_000_000)"],
    ],
    ids=lambda arguments: " ".join(arguments)[:40],
)
def test_status_and_output_are_the_same(
    arguments: list[str], server: CommandServer, tmp_path: Path
) -> None:
    folders = [write_files(tmp_path / name / "book", BOOK).parent for name in ("real", "quick")]
    real = really(*arguments, cwd=folders[0], NO_COLOR="1")
    assert quickly(server, *arguments, cwd=folders[1], NO_COLOR="1") == real
    assert arguments == ["-c", "import sys; sys.exit()"] or any(real)
    written = [
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.md")}
        for folder in folders
    ]
    assert written[0] == written[1]


@pytest.mark.usefixtures("umask")
def test_the_world_around_it_is_the_same(server: CommandServer, tmp_path: Path) -> None:
    place = tmp_path / "ä b"
    place.mkdir()
    arguments = ("-c", THE_WORLD, "one", "ö")
    real = really(*arguments, cwd=place, ODD="ü")
    (place / "made").unlink()
    assert quickly(server, *arguments, cwd=place, ODD="ü") == real
    assert b"0o100750 __main__" in real[1]


def test_ctrl_c_is_heard(server: CommandServer, tmp_path: Path) -> None:
    program = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    status, _, complaint = quickly(server, "-c", program, cwd=tmp_path)
    assert (status, b"KeyboardInterrupt" in complaint) == (-signal.SIGINT, True)


def test_one_command_leaves_nothing_to_the_next(server: CommandServer, tmp_path: Path) -> None:
    program = "import bookpack, os; print(hasattr(bookpack, 'left'), os.environ.get('LEFT'))"
    left = f"{program}; bookpack.left = os.environ['LEFT'] = 'x'"
    for _ in range(2):
        assert quickly(server, "-c", left, cwd=tmp_path)[1] == b"False None\n"


def test_what_takes_too_long_is_ended(server: CommandServer, tmp_path: Path) -> None:
    program = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with pytest.raises(subprocess.TimeoutExpired):
        server.run(["-c", program], tmp_path, os.environ, timeout=0.2)


@pytest.mark.parametrize("name", ["PYTHONHASHSEED", "LC_ALL", "LANG", "TZ", "PYTHONUTF8"])
def test_what_python_reads_at_its_start_takes_a_start(
    name: str, server: CommandServer, python: Run
) -> None:
    assert server.can_run_with({**os.environ, "NO_COLOR": "1"})
    assert not server.can_run_with({**os.environ, name: "0"})
    parent = "import os; print(os.getppid())"
    assert int(python("-c", parent, env={name: "0"}).stdout) == os.getpid()
    assert int(python("-c", parent).stdout) != os.getpid()
