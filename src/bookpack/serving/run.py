"""The life of a preview: listen, make the site, show it, wait until the book changes, again."""

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
    address and what is shown: before anything has been made, and then each time. Raises
    `WorldError` where the port cannot be had.
    """
    preview.find_address()
    server = PreviewServer(preview, port)
    try:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        tell(server.url, preview.shown)
        # Looked at before the book is read: what changes meanwhile is seen as a change.
        look = look_at(folder, others)
        while True:
            preview.refresh()
            server.announce()
            tell(server.url, preview.shown)
            gc.collect()  # now, when nobody waits for a page
            look = wait_for_change(folder, others, look)
    finally:
        server.shutdown()
        server.server_close()
