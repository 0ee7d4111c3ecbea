"""A real server on loopback that speaks OpenAI's protocol and misbehaves as a test tells it.

    with ModelServer([status(503), ok]) as server:     # the second request is answered
        settings = ModelTable(base_url=server.base_url, name="some-model")

A behaviour is a function that gets the `Exchange`, a request and the means to answer it. A script
is a list of behaviours by the number of the request, whose last one stays, or a function from a
request to a behaviour. It speaks HTTP by hand, because a library would never let it misbehave.
"""

import asyncio
import json
import os
import re
import socket
import socketserver
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from bookpack.ask.asker import Asker
from bookpack.ask.question import Answer, Attachment, InvalidAnswerError, NoAnswer, Question, Shape
from bookpack.ask.session import Clock
from bookpack.config.tables import ModelTable

BASE_URL_PATH = "/v1"
ANSWER = {"title": "A mill", "words": 2}
"""What `ok` answers: it has the shape `SHAPE`."""


def parse_title(value: Any) -> str:
    if not isinstance(value, dict) or not isinstance(value.get("title"), str):
        raise InvalidAnswerError("title is missing.")
    if value.get("words") != len(value["title"].split()):
        raise InvalidAnswerError("words must be the number of words of the title.")
    return str(value["title"])


SHAPE = Shape(
    "title",
    {
        "type": "object",
        "properties": {"title": {"type": "string"}, "words": {"type": "integer"}},
        "required": ["title", "words"],
        "additionalProperties": False,
    },
    parse_title,
)


def question(key: str = "q", material: str = "", **options: Any) -> Question[str]:
    """Return a question that `ANSWER` answers."""
    return Question(key, "Give it a title.", material or f"Text {key}.", SHAPE, **options)


def questions(count: int) -> list[Question[str]]:
    return [question(f"q{number}") for number in range(1, count + 1)]


@dataclass
class Request:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    data: bytes
    number: int = 0
    """Counted from 1."""
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(self.body.get("messages", ()))

    @property
    def form(self) -> str:
        """How structure is asked for: json_schema, json_object or text."""
        return str(self.body.get("response_format", {}).get("type", "text"))

    @property
    def text(self) -> str:
        """Everything that the messages say in words."""
        found = []
        for message in self.messages:
            content = message["content"]
            parts = [{"text": content}] if isinstance(content, str) else content
            found += [part["text"] for part in parts if "text" in part]
        return "\n".join(found)

    @property
    def limit(self) -> int | None:
        return self.body.get("max_tokens", self.body.get("max_completion_tokens"))


class Exchange:
    """One request and the connection to answer it on."""

    def __init__(self, server: "ModelServer", connection: socket.socket, request: Request) -> None:
        self.server = server
        self.connection = connection
        self.request = request

    def send(
        self,
        data: bytes,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        length: int | None = None,
    ) -> None:
        fields = {
            "Content-Type": "application/json",
            "Content-Length": str(len(data) if length is None else length),
            **(headers or {}),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.server.leave(self)
        self.connection.sendall(f"HTTP/1.1 {status} Something\r\n{head}\r\n".encode() + data)

    def send_json(
        self, value: object, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send(json.dumps(value).encode(), status, headers)


Behaviour = Callable[[Exchange], None]
Script = Sequence[Behaviour] | Callable[[Request], Behaviour]


def completion(
    content: Any,
    *,
    finish: str = "stop",
    usage: Mapping[str, Any] | None = None,
    **message: Any,
) -> dict[str, Any]:
    """Return a chat completion whose message has this content."""
    if not isinstance(content, str | list | None):
        content = json.dumps(content)
    if usage is None:
        usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    return {
        "id": "chatcmpl-1",  # the same every time, as some servers do
        "object": "chat.completion",
        "created": 1,
        "model": "model-of-the-server",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": content, **message},
            }
        ],
        "usage": usage,
    }


class Waits:
    """A clock on which waiting takes no time; `seconds` are the waits asked for, in order."""

    def __init__(self, chance: float = 1.0) -> None:
        self.seconds: list[float] = []
        self.now = 1000.0
        self.clock = Clock(self.monotonic, self.time, self.sleep, lambda: chance)

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_800_000_000.0 + self.now

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@dataclass
class Run:
    """What came of some questions."""

    asker: Asker
    outcomes: list[Answer[str] | NoAnswer[str]]
    waits: list[float]

    @property
    def answered(self) -> list[str]:
        """Keys of the questions that have an answer, in order of their keys."""
        return sorted(one.question.key for one in self.outcomes if isinstance(one, Answer))

    @property
    def open(self) -> dict[str, str]:
        """Why the others have none, by key."""
        return {
            one.question.key: str(one.reason) for one in self.outcomes if isinstance(one, NoAnswer)
        }

    @property
    def message(self) -> str:
        """The one message of a question without an answer."""
        (message,) = {one.message for one in self.outcomes if isinstance(one, NoAnswer)}
        return message


def settings_for(server: "ModelServer", **options: Any) -> ModelTable:
    """Return settings that name a server; requests time out soon."""
    return ModelTable(
        **{"base_url": server.base_url, "name": "some-model", "timeout": 5, **options}
    )


def ask(
    server: "ModelServer",
    cache: Path,
    count: int = 1,
    *,
    chance: float = 1.0,
    environment: Mapping[str, str] | None = None,
    **options: Any,
) -> Run:
    """Ask `count` questions, one at a time unless `options` (settings) say otherwise."""
    waits = Waits(chance)
    settings = settings_for(server, **{"concurrency": 1, **options})
    named = {"BOOKPACK_CACHE": str(cache), **(environment or {})}
    asker = Asker(settings, environment=named, clock=waits.clock)
    return Run(asker, list(asker.run(questions(count))), waits.seconds)


def measure_run(
    count: int = 500, concurrency: int = 16, latency: float = 0.2, size: int = 300_000
) -> float:
    """Ask about `count` pictures of `size` bytes; return the time as a multiple of the ideal one.

    The server, which has the given latency, runs in the same process and takes its time from it.
    """
    data = os.urandom(size)
    asked = (
        question(f"q{number}", attachments=(Attachment(bytes(data), "image/png", 1000, 1000),))
        for number in range(count)
    )
    with (
        tempfile.TemporaryDirectory() as cache,
        ModelServer(latency=latency, record=False) as server,
    ):
        settings = settings_for(server, concurrency=concurrency)
        asker = Asker(settings, environment={"BOOKPACK_CACHE": cache})
        began = time.perf_counter()
        answered = sum(isinstance(outcome, Answer) for outcome in asker.run(asked))
        took = time.perf_counter() - began
    assert answered == count
    return took / (count / concurrency * latency)


# Behaviours


def says(content: Any, **options: Any) -> Behaviour:
    """Answer with this content: a text, or a value as JSON."""
    return lambda exchange: exchange.send_json(completion(content, **options))


def ok(exchange: Exchange) -> None:
    """Answer as wanted."""
    exchange.send_json(completion(ANSWER))


def cut_below(limit: int) -> Behaviour:
    """Cut every answer whose limit is less than `limit` tokens."""

    def behave(exchange: Exchange) -> None:
        room = exchange.request.limit or 0
        if room < limit:
            used = {"prompt_tokens": 100, "completion_tokens": room}
            exchange.send_json(completion('{"title": "A mi', finish="length", usage=used))
        else:
            ok(exchange)

    return behave


def status(
    number: int,
    message: str = "Something is wrong",
    headers: Mapping[str, str] | None = None,
    **error: Any,
) -> Behaviour:
    """Answer with an error in OpenAI's form."""
    value = {"error": {"message": message, "type": "some_error", **error}}
    return lambda exchange: exchange.send_json(value, number, headers)


def raw(
    data: bytes, number: int = 200, content_type: str = "text/html", length: int | None = None
) -> Behaviour:
    """Answer with these bytes; `length` lies about how many."""
    return lambda exchange: exchange.send(data, number, {"Content-Type": content_type}, length)


def truncated(exchange: Exchange) -> None:
    """Promise a whole answer, send half of it and hang up."""
    data = json.dumps(completion(ANSWER)).encode()
    exchange.send(data[: len(data) // 2], length=len(data))
    exchange.connection.close()


def reset(exchange: Exchange) -> None:
    """Break the connection."""
    linger = struct.pack("ii", 1, 0)
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    exchange.connection.close()


def hang(exchange: Exchange) -> None:
    """Say nothing until the server is closed."""
    exchange.server.closing.wait()


def drip(exchange: Exchange) -> None:
    """Send headers and then a space every moment, which is valid before JSON, without end."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n"
    exchange.connection.sendall(head)
    while not exchange.server.closing.wait(0.02):
        exchange.connection.sendall(b" ")


def drip_headers(exchange: Exchange) -> None:
    """Send a header without end."""
    exchange.connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    while not exchange.server.closing.wait(0.02):
        exchange.connection.sendall(b".")


def after(seconds: float, behaviour: Behaviour = ok) -> Behaviour:
    """Behave like that, later."""

    def behave(exchange: Exchange) -> None:
        exchange.server.closing.wait(seconds)
        behaviour(exchange)

    return behave


def meet(count: int, behaviour: Behaviour = ok) -> Behaviour:
    """Answer only when so many requests are here at once."""

    def behave(exchange: Exchange) -> None:
        exchange.server.wait_for_peak(count)
        behaviour(exchange)

    return behave


def without(*names: str, behaviour: Behaviour = ok) -> Behaviour:
    """Refuse requests that have one of these parameters, as OpenAI does; else behave."""

    def behave(exchange: Exchange) -> None:
        for name in names:
            if name in exchange.request.body:
                message = f"Unsupported parameter: '{name}' is not supported with this model."
                return status(400, message, param=name)(exchange)
        return behaviour(exchange)

    return behave


class ModelServer:
    """Listens while the `with` block lasts; `requests` are chat completions, in order.

    `latency` is in seconds. Without `record` no request is kept, for measuring memory.
    """

    def __init__(
        self, script: Script = (ok,), latency: float = 0.0, *, record: bool = True
    ) -> None:
        self.script = script
        self.latency = latency
        self.record = record
        self.arrived = 0
        self.requests: list[Request] = []
        self.others: list[Request] = []
        """Requests for files and batches, in order."""
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.create_batch: Behaviour | None = None
        """What happens after a batch has been made, instead of saying so; once."""
        self.peak = 0
        self.closing = threading.Event()
        self._changed = threading.Condition()
        self._here: set[int] = set()
        self._tcp = _Tcp(("127.0.0.1", 0), _Handler)
        self._tcp.owner = self
        self._thread = threading.Thread(target=self._tcp.serve_forever, args=(0.02,), daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._tcp.server_address[1]}{BASE_URL_PATH}"

    def __enter__(self) -> "ModelServer":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        with self._changed:
            self._changed.notify_all()
        self._tcp.shutdown()
        self._tcp.server_close()

    def wait_for(self, count: int, seconds: float = 10.0) -> None:
        """Wait until so many requests have arrived."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= count, seconds)

    def wait_for_peak(self, count: int, seconds: float = 10.0) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self.peak >= count or self.closing.is_set(), seconds)

    def leave(self, exchange: Exchange) -> None:
        """Count a request as answered, before the client can know and send another."""
        with self._changed:
            self._here.discard(id(exchange))

    def behave(self, connection: socket.socket, request: Request) -> None:
        exchange = Exchange(self, connection, request)
        if request.path != f"{BASE_URL_PATH}/chat/completions":
            with self._changed:
                self.others.append(request)
            self._serve_other(exchange)
            return
        request.body = json.loads(request.data)
        with self._changed:
            self.arrived += 1
            request.number = self.arrived
            if self.record:
                self.requests.append(request)
            self._here.add(id(exchange))
            self.peak = max(self.peak, len(self._here))
            self._changed.notify_all()
        try:
            if self.latency:
                time.sleep(self.latency)
            self.behaviour_for(request)(exchange)
        finally:
            self.leave(exchange)

    def behaviour_for(self, request: Request) -> Behaviour:
        if callable(self.script):
            return self.script(request)
        return self.script[min(request.number, len(self.script)) - 1]

    # Files and batches, as the Batch API has them. A test ends a batch with `finish_batch`.

    def _serve_other(self, exchange: Exchange) -> None:
        method = exchange.request.method
        path = exchange.request.path.removeprefix(BASE_URL_PATH).partition("?")[0]
        if (method, path) == ("POST", "/files"):
            found = re.search(
                rb'name="file".*?\r\n\r\n(.*?)\r\n--', exchange.request.data, re.DOTALL
            )
            assert found is not None
            name = f"file-{len(self.files) + 1}"
            self.files[name] = found[1]
            exchange.send_json({"id": name, "object": "file", "purpose": "batch"})
        elif (method, path) == ("POST", "/batches"):
            name = f"batch_{len(self.batches) + 1}"
            asked = json.loads(exchange.request.data)
            self.batches[name] = {
                "id": name,
                "object": "batch",
                "status": "in_progress",
                "created_at": 1,
                **asked,
            }
            instead, self.create_batch = self.create_batch, None
            if instead is not None:
                instead(exchange)
            else:
                exchange.send_json(self.batches[name])
        elif (method, path) == ("GET", "/batches"):
            listed = list(reversed(self.batches.values()))
            exchange.send_json({"object": "list", "data": listed, "has_more": False})
        elif found_batch := re.fullmatch(r"/batches/(\w+)", path):
            exchange.send_json(self.batches[found_batch[1]])
        elif found_file := re.fullmatch(r"/files/([\w-]+)/content", path):
            exchange.send(self.files[found_file[1]])
        else:
            status(404, "Nothing is here")(exchange)

    def asked_in(self, batch: str) -> list[dict[str, Any]]:
        """Return the lines of a batch's input file."""
        data = self.files[self.batches[batch]["input_file_id"]]
        return [json.loads(line) for line in data.splitlines()]

    def finish_batch(
        self,
        batch: str,
        lines: Sequence[Mapping[str, Any]],
        errors: Sequence[Mapping[str, Any]] = (),
        state: str = "completed",
    ) -> None:
        """End a batch with these lines of its output file and its file of errors."""
        entry = self.batches[batch]
        entry["status"] = state
        for name, values in (("output_file_id", lines), ("error_file_id", errors)):
            if values:
                file = f"file-{batch}-{name}"
                text = "".join(json.dumps(value) + "\n" for value in values)
                self.files[file] = text.encode()
                entry[name] = file


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512
    owner: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients hang up on such a server, and rightly


class _Handler(socketserver.BaseRequestHandler):
    request: socket.socket
    server: _Tcp

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""
        try:
            while (request := self.read()) is not None:
                self.server.owner.behave(self.request, request)
        except OSError:
            pass

    def read(self) -> Request | None:
        data = self.rest
        while b"\r\n\r\n" not in data:
            piece = self.request.recv(65_536)
            if not piece:
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        chunked = "chunked" in headers.get("transfer-encoding", "")
        length = int(headers.get("content-length", "0"))
        pieces = [body]
        have = len(body)
        while (not b"".join(pieces[-2:]).endswith(b"0\r\n\r\n")) if chunked else have < length:
            piece = self.request.recv(1 << 20)
            if not piece:
                return None
            pieces.append(piece)
            have += len(piece)
        body = b"".join(pieces)
        if chunked:
            body, self.rest = _unchunked(body), b""
        else:
            body, self.rest = body[:length], body[length:]
        return Request(method, path, headers, body)


def _unchunked(data: bytes) -> bytes:
    pieces: list[bytes] = []
    place = 0
    while True:
        size, _, _ = data[place:].partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if not length:
            return b"".join(pieces)
        place += len(size) + 2
        pieces.append(data[place : place + length])
        place += length + 2
