"""Who is answered: one browser on this machine, which was given a token that works once.

Every page that a browser shows, on any site, can send requests to this machine. So a request must
know our name (against DNS rebinding), have our cookie, and, where it changes something, come from
our own page: a foreign one can neither name our origin nor set our header.
"""

import hmac
import secrets
import threading
from collections.abc import Sequence
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OWN_HEADER = "x-bookpack-review"
"""What our script sends along: a form or a link of another page cannot."""
LARGEST_BODY = 4_000_000
"""Bytes of a request: ten thousand ids are 150 KB, a description is far less."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_TOO_MUCH = "That is too much at once."
_NO_TOKEN = """\
This review is open in the browser that was given its address.

The address that the command printed works once, so that nobody else on this machine can use it.
Go on in the window that it opened. Where that is lost, end the command with Ctrl-C and start it
again: everything decided so far stays decided.
"""


class Guard:
    """Lets through to `app` what our own page asks at `port`; a pure ASGI middleware.

    `token` opens the review once and is spent then; the browser has a cookie in its place.
    `open_paths` are the files that anybody on this machine may have.
    """

    def __init__(self, app: ASGIApp, port: int, open_paths: Sequence[str] = ()) -> None:
        self.token = secrets.token_urlsafe(32)
        self._app = app
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        if port == 80:  # which browsers leave out
            self._hosts |= {"127.0.0.1", "localhost"}
        # Cookies know no ports: two reviews on one machine must not share a name.
        self._cookie = f"bookpack-review-{port}"
        self._session = secrets.token_urlsafe(32)
        self._open_paths = frozenset(open_paths)
        self._is_spent = False
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no WebSocket is spoken here: the server refuses it
        headers = Headers(scope=scope)
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > LARGEST_BODY:
                raise HTTPException(413, _TOO_MUCH)
            return message

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    told.setdefault(name, value)
            await send(message)

        answer = self._refusal(scope, headers) or self._entrance(scope, headers)
        if answer is not None:
            await answer(scope, receive, guarded)
            return
        await self._app(scope, limited, guarded)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Return why a request is not answered whoever sends it, None where it is."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return _plain(421, "This review is for this machine alone.")
        if scope["method"] in ("GET", "HEAD"):
            return None
        if scope["method"] != "POST":
            return _plain(405, "Nothing here is asked for in that way.")
        if headers.getlist("origin") != [f"http://{hosts[0]}"]:
            return _plain(403, "Only the review's own page may decide.")
        comes_from = headers.get("sec-fetch-site", "same-origin")
        if OWN_HEADER not in headers or comes_from != "same-origin":
            return _plain(403, "Only the review's own page may decide.")
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return _plain(415, "Decisions are sent as JSON.")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > LARGEST_BODY:
            return _plain(413, _TOO_MUCH)
        return None

    def _entrance(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the answer to somebody who is not in yet, None to somebody who is."""
        path, is_known = scope["path"], self._is_known(headers)
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        if path == "/" and given and scope["method"] == "GET":
            if is_known:
                return RedirectResponse("/", 303)
            if self._spend(given[0]):
                answer = RedirectResponse("/", 303)
                answer.set_cookie(
                    self._cookie, self._session, path="/", httponly=True, samesite="strict"
                )
                return answer
            return _plain(403, _NO_TOKEN)
        if is_known or path in self._open_paths:
            return None
        return _plain(403, _NO_TOKEN)

    def _is_known(self, headers: Headers) -> bool:
        found = False
        for line in headers.getlist("cookie"):
            for pair in line.split(";"):
                name, _, value = pair.strip().partition("=")
                found |= name == self._cookie and _same(value, self._session)
        return found

    def _spend(self, given: str) -> bool:
        with self._lock:
            is_right = _same(given, self.token) and not self._is_spent
            self._is_spent |= is_right
            return is_right


def _same(given: str, wanted: str) -> bool:
    """Compare in a time that does not tell how much of it is right."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _plain(status: int, text: str) -> Response:
    return PlainTextResponse(text if text.endswith("\n") else f"{text}\n", status)
