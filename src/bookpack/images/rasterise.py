"""A process of its own that draws one SVG: standard input to standard output, as PNG.

    python -m bookpack.images.rasterise width|height PIXELS SECONDS

It reads nothing but its input and the fonts of the machine, and it may take so much memory
and time of a processor, where the system can limit that.
"""

import contextlib
import sys
import threading
from typing import Any

MEMORY = 3_000_000_000
"""Bytes of address space."""
STACK = 256 * 1024 * 1024
"""Bytes of stack, for thousands of elements inside each other."""


def main(side: str, pixels: int, seconds: int) -> int:
    """Draw what stands on standard input; return the exit status."""
    import resvg_py

    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    text = sys.stdin.buffer.read().decode()
    size: dict[str, Any] = {side: pixels}
    problems = []

    def draw() -> None:
        try:
            sys.stdout.buffer.write(resvg_py.svg_to_bytes(svg_string=text, dpi=96.0, **size))
        except ValueError as error:
            problems.append(" ".join(str(error).split()))

    # Elements inside each other take stack, more than a first thread has.
    threading.stack_size(STACK)
    drawing = threading.Thread(target=draw)
    drawing.start()
    drawing.join()
    print(*problems, sep="", end="", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
