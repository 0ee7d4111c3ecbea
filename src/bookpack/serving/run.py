"""The life of a preview: make the site, show it, wait until the book changes, make it again."""

import gc
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from bookpack.serving.preview import Preview, Shown
from bookpack.serving.server import PreviewServer
from bookpack.serving.watch import look_at, wait_for_change


def run(
    preview: Preview,
    folder: Path,
    others: Sequence[Path],
    port: int,
    tell: Callable[[str, Shown], None],
) -> None:
    """Serve `preview` at `port` until somebody interrupts it (`KeyboardInterrupt`).

    It is made anew when a file below `folder`, or one of `others`, changes. `tell` is given the
    address and what is shown, each time. Raises `WorldError` where the port cannot be had.
    """
    # Looked at before the book is read: what changes meanwhile is seen as a change.
    look = look_at(folder, others)
    preview.refresh()
    server = PreviewServer(preview, port)
    try:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        while True:
            tell(server.url, preview.shown)
            gc.collect()  # now, when nobody waits for a page
            look = wait_for_change(folder, others, look)
            preview.refresh()
            server.announce()
    finally:
        server.shutdown()
        server.server_close()
