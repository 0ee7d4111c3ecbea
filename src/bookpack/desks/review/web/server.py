"""The server of the browser review: uvicorn on the loopback address, for one browser."""

import gc
import os
import socket

import uvicorn

from bookpack.desks.review.web.app import OPEN_PATHS, make_app
from bookpack.desks.review.web.guard import Guard
from bookpack.desks.review.web.queue import ReviewQueue
from bookpack.errors import WorldError

ADDRESS = "127.0.0.1"
_PATIENCE = 2
"""Seconds that requests under way have to end when the review does."""


class ReviewServer:
    """Serves `queue` at `port` (0: any that is free). Raises `WorldError` where it cannot be had.

    `url` is the address to open, with the token that works once.
    """

    def __init__(self, queue: ReviewQueue, port: int = 0) -> None:
        self._socket = _bound(port)
        self.port: int = self._socket.getsockname()[1]
        guard = Guard(make_app(queue, lambda: self._server.should_exit), self.port, OPEN_PATHS)
        self.url = f"http://{ADDRESS}:{self.port}/?token={guard.token}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                guard,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="on",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                limit_concurrency=100,
                timeout_graceful_shutdown=_PATIENCE,
            )
        )

    def run(self) -> None:
        """Answer until `close` is called or somebody interrupts it (`KeyboardInterrupt`)."""
        gc.freeze()  # the book stays; what answers leave behind does not
        gc.enable()
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()

    def close(self) -> None:
        """End `run`, from whatever thread."""
        self._server.should_exit = True


def check_port(port: int) -> None:
    """Raise `WorldError` where a port cannot be had, before anybody waits for a review at it."""
    _bound(port).close()


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # Elsewhere this lets a server come back at once; on Windows, two would share a port.
        if os.name != "nt":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((ADDRESS, port))
        bound.listen(64)
    except (OSError, OverflowError) as error:
        bound.close()
        reason = getattr(error, "strerror", None) or error
        raise WorldError(
            f"Port {port} cannot be used: {reason}. Give another one with --port, or 0 for "
            "any that is free."
        ) from None
    return bound
