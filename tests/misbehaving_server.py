"""A real HTTP server on loopback that does what servers do on bad days; it records every request.

The path says how it behaves: see `_Handler`. It speaks HTTP by hand, because a library would
never let it misbehave. Nothing here sleeps longer than until the server is closed.
"""

import re
import socket
import socketserver
import ssl
import struct
import threading
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

MEETING = 60.0
"""Seconds after which a request that waits for company gives up, and the test with it."""


@dataclass
class Request:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)


class Server:
    """Listens while the `with` block lasts."""

    def __init__(self, tls: ssl.SSLContext | None = None, meeting: int = 2) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.most_at_once = 0
        self.bytes_sent = 0
        self.closing = threading.Event()
        self.arrived = threading.Event()
        self.lock = threading.Lock()
        self.seen: Counter[str] = Counter()
        self.barrier = threading.Barrier(meeting)
        self.scheme = "https" if tls else "http"
        self._running = 0
        self._tcp = _Tcp(("127.0.0.1", 0), _Handler)
        self._tcp.owner = self
        self._tcp.tls = tls
        self._thread = threading.Thread(target=self._tcp.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._tcp.server_address[1])

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def asked(self, path: str) -> list[str]:
        """Return the methods with which `path` was asked for, in order."""
        return [request.method for request in self.requests if request.target == path]

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self.barrier.abort()
        self._tcp.shutdown()
        self._tcp.server_close()

    def begin(self, request: Request) -> int:
        with self.lock:
            self.requests.append(request)
            self.seen[request.target] += 1
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
            self.arrived.set()
            return self.seen[request.target]

    def end(self) -> None:
        with self.lock:
            self._running -= 1


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    owner: Server
    tls: ssl.SSLContext | None

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients hang up on such a server, and rightly


class _Handler(socketserver.BaseRequestHandler):
    request: socket.socket
    server: _Tcp

    def handle(self) -> None:
        owner = self.server.owner
        with owner.lock:
            owner.connections += 1
        if self.server.tls is not None:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        try:
            self.answer(owner)
        finally:
            if self.server.tls is not None:
                self.request.close()

    def answer(self, owner: Server) -> None:
        request = self.read()
        if request is None:
            return
        number = owner.begin(request)
        self.here = True
        try:
            parts = urlsplit(request.target)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            name, _, rest = parts.path.strip("/").partition("/")
            behave = getattr(self, f"do_{name.replace('-', '_')}", self.do_ok)
            behave(request, rest, query, number)
        except (OSError, threading.BrokenBarrierError):
            pass
        finally:
            self.leave()

    def leave(self) -> None:
        """Count the request as answered, before the client can know and send another."""
        if self.here:
            self.here = False
            self.server.owner.end()

    def read(self) -> Request | None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.request.recv(4096)
            if not piece:
                return None
            data += piece
            if data[0] == 22:  # the first byte of a TLS greeting, which is nothing for us
                self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                return None
        head, *lines = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        found = re.fullmatch(r"(\S+) (\S+) HTTP/1\.1", head)
        if found is None:
            return None
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        return Request(found[1], found[2], headers)

    def send(
        self,
        request: Request,
        status: int,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> None:
        fields = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body))}
        fields.update(headers or {})
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.leave()
        data = f"HTTP/1.1 {status} Something\r\n{head}\r\n".encode("latin-1")
        self.request.sendall(data + (b"" if request.method == "HEAD" else body))

    # Each behaviour gets the request, the rest of the path, the query, and how often it came.

    def do_ok(self, request: Request, rest: str, query: dict[str, str], number: int) -> None:
        self.send(request, 200, b"<h1>Here</h1>")

    def do_status(self, request: Request, rest: str, query: dict[str, str], number: int) -> None:
        """/status/404?retry=5&then=200: statuses, the second from the second request on."""
        status = int(query["then"]) if "then" in query and number > 1 else int(rest)
        headers = {"Retry-After": query["retry"]} if "retry" in query else {}
        self.send(request, status, b"Sorry", headers)

    def do_redirect(self, request: Request, rest: str, query: dict[str, str], number: int) -> None:
        """/redirect/301?to=/ok"""
        self.send(request, int(rest), b"", {"Location": query["to"]})

    def do_nowhere(self, request: Request, rest: str, query: dict[str, str], number: int) -> None:
        self.send(request, 302)

    def do_circle(self, request: Request, rest: str, query: dict[str, str], number: int) -> None:
        self.send(request, 301, b"", {"Location": "/circle/b" if rest == "a" else "/circle/a"})

    def do_hops(self, request: Request, rest: str, query: dict[str, str], number: int) -> None:
        """/hops/11: that many redirects, then an answer."""
        left = int(rest)
        if left:
            self.send(request, 302, b"", {"Location": f"/hops/{left - 1}"})
        else:
            self.send(request, 200)

    def do_no_head(self, request: Request, rest: str, query: dict[str, str], number: int) -> None:
        """/no-head/405: HEAD gets this status, GET an answer."""
        self.send(request, int(rest) if request.method == "HEAD" else 200)

    def do_head_hangs(
        self, request: Request, rest: str, query: dict[str, str], number: int
    ) -> None:
        if request.method == "HEAD":
            self.server.owner.closing.wait()
        self.send(request, 200)

    def do_hang(self, request: Request, rest: str, query: dict[str, str], number: int) -> None:
        self.server.owner.closing.wait()

    def do_drip(self, request: Request, rest: str, query: dict[str, str], number: int) -> None:
        """A byte every moment, so that no single read takes too long."""
        self.request.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        while not self.server.owner.closing.wait(0.02):
            self.request.sendall(b".")

    def do_reset(self, request: Request, rest: str, query: dict[str, str], number: int) -> None:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()

    def do_nothing(self, request: Request, rest: str, query: dict[str, str], number: int) -> None:
        """Hangs up without a word."""

    def do_garbage(self, request: Request, rest: str, query: dict[str, str], number: int) -> None:
        self.request.sendall(b"\x00\xff\x13\x37 this is not HTTP\r\n\r\n")

    def do_endless_headers(
        self, request: Request, rest: str, query: dict[str, str], number: int
    ) -> None:
        """/endless-headers/1: one field without end; /endless-headers/many: fields without end."""
        self.request.sendall(b"HTTP/1.1 200 OK\r\nX-0: ")
        line = b"\r\nX-More: " + b"x" * 1000 if rest == "many" else b"x" * 1000
        while not self.server.owner.closing.is_set():
            self.request.sendall(line)

    def do_continue(self, request: Request, rest: str, query: dict[str, str], number: int) -> None:
        while not self.server.owner.closing.is_set():
            self.request.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    def do_huge(self, request: Request, rest: str, query: dict[str, str], number: int) -> None:
        """A page whose anchor `late` comes after far too many bytes, whatever range was asked."""
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p id='early'>")
        if request.method == "HEAD":
            return
        for _ in range(1000):
            self.request.sendall(b"<p>Text.</p>" * 6000)
            with self.server.owner.lock:
                self.server.owner.bytes_sent += 72_000

    def do_page(self, request: Request, rest: str, query: dict[str, str], number: int) -> None:
        """A page with anchors; the rest of the path varies how it is sent."""
        body = (
            '<h2 id="intro">Intro</h2><a class=x name=old>Old</a>'
            "<h2 id='user-content-read-me'>Read me</h2>"
            "<h2 id=\"über-uns\">Über uns</h2><h2 id='a&amp;b'>A &amp; B</h2>"
        ).encode()
        if rest == "json":
            self.send(request, 200, b"{}", {"Content-Type": "application/json"})
        elif rest == "gzip":
            self.send(request, 200, b"\x1f\x8b bomb", {"Content-Encoding": "gzip"})
        elif rest == "leads-on":
            self.send(request, 200, b'<meta http-equiv="refresh" content="0;url=/page">')
        elif rest == "part":
            headers = {"Content-Range": f"bytes 0-{len(body) - 1}/9999999"}
            self.send(request, 206, body, headers)
        elif rest == "whole":
            headers = {"Content-Range": f"bytes 0-{len(body) - 1}/{len(body)}"}
            self.send(request, 206, body, headers)
        elif rest == "short":
            self.send(request, 200, body, {"Content-Length": str(len(body) + 500)})
        elif rest == "empty":
            self.send(request, 416 if "range" in request.headers else 200)
        else:
            self.send(request, 200, body)

    def do_cookie(self, request: Request, rest: str, query: dict[str, str], number: int) -> None:
        headers = {"Location": "/ok/after-cookie", "Set-Cookie": "session=1"}
        self.send(request, 302, b"", headers)

    def do_meet(self, request: Request, rest: str, query: dict[str, str], number: int) -> None:
        """Answers only when as many requests are here at once as the server was told."""
        self.server.owner.barrier.wait(MEETING)
        self.send(request, 200)
