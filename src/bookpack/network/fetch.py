"""One polite HTTP request: asked once, answered or failed within its time, never more than asked.

The name is looked up first and the connection goes to the very IP address that was checked, so
that a name cannot mean another machine a moment later. No proxy, cookie, password or
compression is involved, and redirects are not followed here: see `visit`. This module alone
talks to a network.
"""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from bookpack import __version__
from bookpack.network.addresses import host_of, is_public, port_of

USER_AGENT = f"bookpack/{__version__}"
_PAGES = "text/html,application/xhtml+xml,*/*;q=0.8"
_HEAD_LIMIT = 256 * 1024
"""Bytes of status line and header fields beyond which nobody means well."""
_PIECE = 64 * 1024
_TRIED_ADDRESSES = 4

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port → IP addresses, as text. Raises `OSError` or `UnicodeError`."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: an address in the form that `addresses` gives; a body only up to a limit.

    `whole` says that a part of the body is of no use: none is asked for, and a body that is
    announced as longer than `body_limit` is not read. `accept` are media types as in HTTP,
    `purpose` is told to the server.
    """

    address: str
    method: str = "HEAD"
    body_limit: int = 0
    whole: bool = False
    accept: str = _PAGES
    purpose: str = "link check"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. Header names are in lower case.

    `cut` tells that the body goes on. `private` that the server is none of the public internet.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False
    private: bool = False


class Trouble(StrEnum):
    """Why there is no answer."""

    PRIVATE = "private"
    NO_CONNECTION = "no connection"
    NO_ANSWER = "no answer"
    TIME_OUT = "time-out"


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer; `reason` completes the sentence "could not be reached: …"."""

    trouble: Trouble
    reason: str


class _NotPublicError(Exception):
    """The host is a machine that must not be asked."""


class _TooMuchError(Exception):
    """The server sends more than was asked for."""


def status_words(status: int) -> str:
    """Return a status with its name, such as `404 Not Found`."""
    return f"{status} {http.client.responses.get(status, '')}".strip()


def look_up(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host. Raises `OSError` or `UnicodeError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Fetcher:
    """Sends requests; safe to use from many threads."""

    def __init__(
        self, timeout: float, *, allow_private: bool = False, resolve: Resolve = look_up
    ) -> None:
        self.timeout = timeout
        self.allow_private = allow_private
        self.resolve = resolve
        self._lock = Lock()
        self._tls: ssl.SSLContext | None = None

    def fetch(self, ask: Ask) -> Answer | Failure:
        """Send one request; everything that goes wrong out there is a `Failure`."""
        deadline = time.monotonic() + self.timeout
        host, port = host_of(ask.address), port_of(ask.address)
        late = Failure(Trouble.TIME_OUT, f"no answer within {self.timeout:g} seconds")
        try:
            addresses = self._checked_addresses(host, port)
        except _NotPublicError as error:
            return Failure(Trouble.PRIVATE, str(error))
        except (OSError, UnicodeError) as error:
            return Failure(Trouble.NO_CONNECTION, f"there is no host {host} ({_words(error)})")
        private = not all(map(is_public, addresses))
        try:
            connection = _connect(addresses, port, deadline)
        except TimeoutError:
            return Failure(Trouble.NO_CONNECTION, f"no connection within {self.timeout:g} seconds")
        except OSError as error:
            return Failure(Trouble.NO_CONNECTION, f"no connection ({_words(error)})")
        try:
            if ask.address.startswith("https:"):
                connection = self._secured(connection, host, deadline)
        except TimeoutError:
            connection.close()
            return Failure(Trouble.NO_CONNECTION, late.reason)
        except (OSError, ValueError) as error:
            connection.close()
            return Failure(Trouble.NO_CONNECTION, f"no secure connection ({_words(error)})")
        with connection:
            try:
                return _exchange(connection, ask, deadline, private)
            except TimeoutError:
                return late
            except _TooMuchError:
                return Failure(Trouble.NO_ANSWER, "its header fields do not end")
            except (OSError, http.client.HTTPException, ValueError) as error:
                return Failure(Trouble.NO_ANSWER, _words(error))

    def _checked_addresses(self, host: str, port: int) -> list[str]:
        addresses = list(self.resolve(host, port))[:_TRIED_ADDRESSES]
        if not addresses:
            raise OSError("it has no address")
        if not self.allow_private:
            for address in addresses:
                # One address that is not public condemns the host: no honest site mixes them.
                if not is_public(address):
                    raise _NotPublicError(address)
        return addresses

    def _secured(self, connection: socket.socket, host: str, deadline: float) -> ssl.SSLSocket:
        with self._lock:
            if self._tls is None:
                self._tls = ssl.create_default_context()
        connection.settimeout(_left(deadline))
        return self._tls.wrap_socket(connection, server_hostname=host)


def _connect(addresses: Sequence[str], port: int, deadline: float) -> socket.socket:
    """Connect to the first of these addresses that lets us."""
    problem = OSError("it has no address")
    for number, address in enumerate(addresses):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            # A first address that swallows packets leaves time for the others.
            connection.settimeout(_left(deadline) / (len(addresses) - number))
            connection.connect((address, port))
        except OSError as error:
            connection.close()
            problem = error
        else:
            return connection
    raise problem


def _exchange(
    connection: socket.socket, ask: Ask, deadline: float, private: bool
) -> Answer | Failure:
    wire = _Wire(connection, deadline, _HEAD_LIMIT + 2 * ask.body_limit)
    connection.settimeout(_left(deadline))
    connection.sendall(_request(ask))
    response = http.client.HTTPResponse(wire, method=ask.method)  # type: ignore[arg-type]
    with response:
        response.begin()
        headers: dict[str, str] = {}
        for name, value in response.getheaders():
            headers.setdefault(name.lower(), value)
        body, cut = b"", False
        if ask.whole and (response.length or 0) > ask.body_limit:
            cut = True
        elif ask.body_limit and 200 <= response.status < 300:
            body, cut = _read_body(response, ask.body_limit)
            cut = cut or _is_part(headers.get("content-range", ""), len(body))
        return Answer(response.status, headers, body, cut, private)


def _request(ask: Ask) -> bytes:
    parts = urlsplit(ask.address)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [
        f"{ask.method} {target} HTTP/1.1",
        f"Host: {parts.netloc}",
        f"User-Agent: {USER_AGENT} ({ask.purpose})",
        f"Accept: {ask.accept}",
        "Accept-Encoding: identity",
        "Connection: close",
    ]
    if ask.body_limit and not ask.whole:
        lines.append(f"Range: bytes=0-{ask.body_limit - 1}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _read_body(response: http.client.HTTPResponse, limit: int) -> tuple[bytes, bool]:
    """Return at most `limit` bytes, and whether there is more: what breaks off has more, too."""
    pieces: list[bytes] = []
    size = 0
    while size <= limit:
        try:
            piece = response.read(min(_PIECE, limit + 1 - size))
        except (OSError, http.client.HTTPException, ValueError, _TooMuchError):
            return b"".join(pieces)[:limit], True
        if not piece:
            # http.client says nothing when a body is shorter than announced and read in pieces.
            return b"".join(pieces), bool(response.length)
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)[:limit], True


def _is_part(content_range: str, size: int) -> bool:
    """Tell whether `Content-Range: bytes 0-9/200` says that more than `size` bytes exist."""
    if not content_range:
        return False
    total = content_range.rpartition("/")[2].strip()
    return not total.isdecimal() or int(total[:18]) > size


class _Wire:
    """What http.client needs of a socket, with one deadline and one budget for everything read.

    A socket's own time-out starts again with every byte; a slow drip would last for ever.
    """

    def __init__(self, connection: socket.socket, deadline: float, budget: int) -> None:
        self.reader = _Reader(connection, deadline, budget)

    def makefile(self, mode: str, *_: Any) -> io.BufferedReader:
        """Return the stream of what the server sends."""
        return io.BufferedReader(self.reader)


class _Reader(io.RawIOBase):
    def __init__(self, connection: socket.socket, deadline: float, budget: int) -> None:
        self.connection = connection
        self.deadline = deadline
        self.budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.budget <= 0:
            raise _TooMuchError
        self.connection.settimeout(_left(self.deadline))
        received = self.connection.recv_into(buffer)
        self.budget -= received
        return received


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _words(error: Exception) -> str:
    """Say what an exception means, in words that stand inside a sentence."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {(error.reason or str(error)).replace('_', ' ').lower()}"
    if isinstance(error, http.client.RemoteDisconnected):
        return "the server closes the connection without an answer"
    if isinstance(error, http.client.HTTPException):
        return "what it answers is not HTTP"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return str(error) or type(error).__name__
