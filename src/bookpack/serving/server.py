"""The server of the preview: files from memory, for browsers on this machine alone.

It listens on the loopback address, and answers only if the browser knows it by a name of this
machine: a page on the web that has its own name point here (DNS rebinding) reads nothing.
"""

import os
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import MimeTypes
from urllib.parse import quote, unquote, urlsplit

from bookpack.editions.web.site import NOT_FOUND_PATH
from bookpack.errors import BookpackError, WorldError
from bookpack.serving.page import EVENTS_PATH, own_files, waiting_page, with_panel
from bookpack.serving.preview import Preview, Shown

ADDRESS = "127.0.0.1"
_HEARTBEAT = 15.0
"""Seconds after which a browser is written to, to learn whether it is still there."""
_TYPES = MimeTypes()
_TYPES.types_map[1].update(
    {
        ".avif": "image/avif",
        ".js": "text/javascript",
        ".md": "text/markdown",
        ".webmanifest": "application/manifest+json",
        ".webp": "image/webp",
        ".woff2": "font/woff2",
        ".xml": "application/xml",
    }
)
_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/manifest+json")


class PreviewServer(ThreadingHTTPServer):
    """Serves what `preview` shows. Raises `WorldError` where the port cannot be had."""

    daemon_threads = True
    block_on_close = False
    # Elsewhere this lets a server come back at once; on Windows, two of them share a port.
    allow_reuse_address = os.name != "nt"

    def __init__(self, preview: Preview, port: int) -> None:
        self.preview = preview
        self.changed = threading.Condition()
        self.started = time.time_ns()
        self.closing = False
        try:
            super().__init__((ADDRESS, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise WorldError(
                f"Port {port} cannot be used: {reason}. Give another one with --port, or 0 for "
                "any that is free."
            ) from None

    @property
    def url(self) -> str:
        """The address of the book's cover."""
        return f"http://{ADDRESS}:{self.server_port}{self.preview.shown.base_path}"

    def state(self, shown: Shown) -> str:
        """Return a name for what is shown, which no other run of the server uses."""
        return f"{self.started}-{shown.number}"

    def announce(self) -> None:
        """Tell all browsers that there is something else to show."""
        with self.changed:
            self.changed.notify_all()

    def wait_for_another_state(self, told: str) -> None:
        """Return when something else than `told` is shown, or after some seconds without."""
        with self.changed:
            self.changed.wait_for(
                lambda: self.closing or self.state(self.preview.shown) != told, _HEARTBEAT
            )

    def server_close(self) -> None:
        """Close the server; browsers that wait are sent away."""
        self.closing = True
        self.announce()
        super().server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing about browsers that went away in the middle of an answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: PreviewServer

    def do_GET(self) -> None:
        """Answer with a file, a page, or the stream of events."""
        if not _is_own_name(self.headers.get("Host", "")):
            self._send(HTTPStatus.FORBIDDEN, b"This preview is for this machine alone.\n")
            return
        shown = self.server.preview.shown
        base = unquote(shown.base_path)
        address = unquote(urlsplit(self.path).path)
        if shown.number and not address.startswith(base):
            self._redirect(base if (address + "/") == base or address == "/" else "", shown)
            return
        path = address.removeprefix(base)
        if path == EVENTS_PATH:
            self._stream_events()
            return
        if (own := own_files().get(path)) is not None:
            self._send(HTTPStatus.OK, own, _type_of(path))
            return
        if not shown.number:
            self._wait(path, shown)
            return
        if not path or path.endswith("/"):
            path += "index.html"
        try:
            data = self.server.preview.file(shown, path)
        except BookpackError as error:
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, f"{error}\n".encode())
            return
        if data is None and f"{path}/index.html" in shown.files:
            self._redirect(f"{address}/", shown)
        elif data is None:
            self._not_found(shown)
        elif path.endswith((".html", ".htm")):
            self._send_page(HTTPStatus.OK, data, path, shown)
        else:
            self._send(HTTPStatus.OK, data, _type_of(path))

    do_HEAD = do_GET  # noqa: N815 - the name that the library looks for

    def _wait(self, path: str, shown: Shown) -> None:
        """Ask a browser to come again: nothing has been made yet."""
        wanted = self.headers.get("Accept", "*/*")
        page = waiting_page(shown, self.server.state(shown)) if "text/html" in wanted else b""
        kind = _type_of("page.html" if page else "page.txt")
        self._send(HTTPStatus.SERVICE_UNAVAILABLE, page, kind, {"Retry-After": "1"})

    def _send_page(self, status: HTTPStatus, data: bytes, path: str, shown: Shown) -> None:
        page = with_panel(data, path, shown, self.server.state(shown))
        self._send(status, page, _type_of("page.html"))

    def _not_found(self, shown: Shown) -> None:
        data = shown.files.get(NOT_FOUND_PATH, b"")
        self._send_page(HTTPStatus.NOT_FOUND, data, NOT_FOUND_PATH, shown)

    def _redirect(self, address: str, shown: Shown) -> None:
        if not address:
            self._not_found(shown)
            return
        self.send_response(HTTPStatus.FOUND)
        self.send_header("Location", quote(address))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(
        self,
        status: HTTPStatus,
        data: bytes,
        content_type: str = "text/plain; charset=utf-8",
        more: Mapping[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _stream_events(self) -> None:
        """Tell the state that is shown now, and each one that follows (server-sent events).

        https://html.spec.whatwg.org/multipage/server-sent-events.html
        """
        server = self.server
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        told = ""
        while self.command != "HEAD" and not server.closing:
            state = server.state(server.preview.shown)
            line = f"data: {state}\n\n" if state != told else ": still here\n\n"
            self.wfile.write(line.encode())
            self.wfile.flush()
            told = state
            server.wait_for_another_state(told)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the terminal is for findings."""


def _type_of(path: str) -> str:
    guessed = _TYPES.guess_type(path)[0] or "application/octet-stream"
    return f"{guessed}; charset=utf-8" if guessed.startswith(_TEXT_TYPES) else guessed


def _is_own_name(host: str) -> bool:
    try:
        return urlsplit(f"//{host}").hostname in (ADDRESS, "localhost")
    except ValueError:
        return False
