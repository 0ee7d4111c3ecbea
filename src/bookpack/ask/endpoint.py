"""The endpoint itself: the SDK's client without its retries and without the environment's say."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from bookpack.ask.trouble import Follows, Trouble, judge
from bookpack.config.tables import ModelTable
from bookpack.errors import SettingsError, missing_extra

_LARGEST_REPLY = 20_000_000
"""Bytes; a chat completion has some thousand."""
_NO_KEY = "none"
"""What an endpoint without a key gets, because the SDK sends one in any case."""
_HEADERS = {
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
    "user-agent",
    "x-stainless-raw-response",  # how the SDK tells itself what to do with the response
}
Result = TypeVar("Result")


class Endpoint:
    """One endpoint, as the settings name it; nothing in the environment changes it but the key.

    Raises `SettingsError` where settings, the key or the SDK are missing. `connect` gives clients;
    a client belongs to one event loop.
    """

    def __init__(self, settings: ModelTable, environment: Mapping[str, str]) -> None:
        self.settings = settings
        self.base_url = _checked_address(settings.base_url)
        if not settings.name:
            raise SettingsError('No model is named. Set [model] name = "…" in bookpack.toml.')
        self._key = _key(settings, self.base_url, environment)
        try:
            import openai  # noqa: F401 - asked for here, so that its absence is told at once
        except ImportError:
            raise missing_extra("Asking a model", "model") from None

    def connect(self, now: Callable[[], float]) -> "Connection":
        """Return a connection for the running event loop; `now` gives seconds since 1970."""
        return Connection(self.settings, self.base_url, self._key, now)


class Connection:
    """The SDK's client, as an asynchronous context."""

    def __init__(
        self, settings: ModelTable, base_url: str, key: str, now: Callable[[], float]
    ) -> None:
        import openai

        self._openai = openai
        self._settings = settings
        self._secret = b"" if key == _NO_KEY else key.encode()
        self._now = now

        async def keep_ours(request: Any) -> None:
            # The SDK adds organization, project and headers of the environment's choice.
            for name in [name for name in request.headers if name.lower() not in _HEADERS]:
                del request.headers[name]
            request.headers["authorization"] = f"Bearer {key}"
            request.headers["user-agent"] = "bookpack"

        http = openai.DefaultAsyncHttpxClient(
            trust_env=False,  # no proxies and no .netrc
            follow_redirects=False,  # a redirected POST loses its body, and may leak the key
            event_hooks={"request": [keep_ours]},
            timeout=settings.timeout,
            # Loading certificates takes longer than a request, and without TLS none is looked at.
            verify=base_url.startswith("https:"),
        )
        self.client = openai.AsyncOpenAI(
            api_key=key,
            base_url=base_url,
            max_retries=0,
            timeout=settings.timeout,
            http_client=http,
        )

    async def __aenter__(self) -> "Connection":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()

    async def chat(self, body: dict[str, Any]) -> bytes:
        """Ask for a chat completion; return the bytes of the reply. Raises `Trouble`.

        The whole exchange has to end within the settings' timeout, however steadily bytes drip.
        """
        create: Any = self.client.chat.completions.with_streaming_response.create

        # What is in extra_body is sent as it is; the SDK would walk through everything else.
        start = {"model": body["model"], "messages": [], "extra_body": body}

        async def exchange() -> bytes:
            async with create(**start) as response:
                data = bytearray()
                async for piece in response.iter_bytes():
                    data += piece
                    if len(data) > _LARGEST_REPLY:
                        raise Trouble(Follows.AGAIN, "the answer does not end", charged=True)
                # A server that echoes the key must not get it into a message or a book.
                return bytes(data).replace(self._secret, b"...") if self._secret else bytes(data)

        return await self.exchange(exchange, self._settings.timeout)

    async def exchange(self, function: Callable[[], Awaitable[Result]], timeout: float) -> Result:
        """Run `function`, at most `timeout` seconds, with every failure as `Trouble`."""
        openai = self._openai
        late = f"no complete answer within {timeout:g} seconds"
        try:
            async with asyncio.timeout(timeout):
                return await function()
        except (TimeoutError, openai.APITimeoutError):
            raise Trouble(Follows.AGAIN, late, charged=True) from None
        except openai.APIStatusError as error:
            response = error.response
            headers = {name: self._mask(value) for name, value in response.headers.items()}
            body = self._mask(response.text)
            raise judge(response.status_code, body, headers, self._now()) from None
        except openai.APIConnectionError as error:
            raise _broken(error) from None
        except Exception as error:
            # While a body is read, the SDK lets its HTTP library's exceptions through; which
            # library that is depends on the SDK's version.
            if not type(error).__module__.startswith("httpx"):
                raise
            raise _broken(error) from None

    def _mask(self, text: str) -> str:
        """Return what a server said without the key, and without what looks like one."""
        if self._secret:
            text = text.replace(self._secret.decode(), "…")
        return re.sub(r"\b(sk|key|Bearer)[-_ ][\w*.-]{12,}", "…", text)


def _broken(error: Exception) -> Trouble:
    """Say why a connection failed, by the system's own words where there are some."""
    reason, cause = "", error.__cause__ or error.__context__ or error
    connected = not type(cause).__name__.startswith(("Connect", "Pool", "UnsupportedProtocol"))
    seen: list[BaseException] = []
    step: BaseException | None = cause
    while step is not None and step not in seen:
        seen.append(step)
        if isinstance(step, OSError) and step.strerror:
            reason = step.strerror
        step = step.__cause__ or step.__context__
    reason = reason or str(cause) or type(cause).__name__
    what = "the connection broke" if connected else "no connection"
    return Trouble(Follows.AGAIN, f"{what} ({reason})", charged=connected)


def _checked_address(address: str) -> str:
    address = address.strip().rstrip("/")
    if not address:
        raise SettingsError(
            'No model is set. Set [model] base-url = "https://…/v1" and name in bookpack.toml.'
        )
    try:
        parts = urlsplit(address)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known or re.search(r"[\s\x00-\x1f]", address):
        raise SettingsError(
            f"[model] base-url must be an address like https://example.com/v1, not {address!r}."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SettingsError(
            "[model] base-url must hold no key, user, query or fragment: a key belongs into the "
            "environment variable that api-key-env names."
        )
    if parts.path.endswith("/chat/completions"):
        raise SettingsError("[model] base-url must end before /chat/completions, usually in /v1.")
    return address


def _key(settings: ModelTable, base_url: str, environment: Mapping[str, str]) -> str:
    name = settings.api_key_env
    key = environment.get(name, "").strip() if name else ""
    if not key:
        host = urlsplit(base_url).hostname or ""
        if name and not is_loopback(host):
            raise SettingsError(
                f"{host} needs a key: put it into the environment variable {name}, or set [model] "
                'api-key-env to the name of another one, or to "" where no key is needed.'
            )
        return _NO_KEY
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise SettingsError(f"The environment variable {name} holds no key: it has odd characters.")
    return key


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    return host in ("localhost", "::1") or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host))
