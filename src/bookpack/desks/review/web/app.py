"""The addresses of the browser review: JSON for the page, pictures of the book, a few files."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from bookpack.desks.review.web.errors import RefusedError
from bookpack.desks.review.web.queue import ReviewQueue
from bookpack.errors import BookpackError

_STATIC = Path(__file__).parent / "static"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_PAGE = "review.html"
OPEN_PATHS = tuple(f"/{place.name}" for place in sorted(_STATIC.iterdir()) if place.name != _PAGE)
"""Style, scripts and icon of the page, which tell nothing of the book."""
_LOOK_EVERY = 0.7
"""Seconds between two looks at what others have done on the disk."""
_TELL_EVERY = 0.1
"""Seconds in which a page learns that there is something new."""
_HEARTBEAT = 15.0
_PICTURE_POLICY = "default-src 'none'; sandbox"


def make_app(queue: ReviewQueue, is_closing: Callable[[], bool]) -> Starlette:
    """Return the application for `queue`; streams end when `is_closing` says so."""
    get = partial(_answer_get, queue)
    post = partial(_answer_post, queue)
    files = {f"/{place.name}": place for place in _STATIC.iterdir() if place.name != _PAGE}
    return Starlette(
        routes=[
            Route("/", partial(_file, _STATIC / _PAGE)),
            *(Route(path, partial(_file, place)) for path, place in files.items()),
            Route("/picture/{id}", partial(_picture, queue)),
            Route("/api/events", partial(_events, queue, is_closing)),
            Route("/api/queue", partial(get, lambda q, asked: q.told(_number(asked, "since", -1)))),
            Route("/api/entry", partial(get, lambda q, asked: q.details(_string(asked, "id")))),
            Route("/api/decide", partial(post, _decide), methods=["POST"]),
            Route("/api/describe", partial(post, _describe), methods=["POST"]),
            Route("/api/preview", partial(post, _preview), methods=["POST"]),
            Route("/api/bulk", partial(post, _bulk), methods=["POST"]),
            Route("/api/undo", partial(post, _undo), methods=["POST"]),
        ],
        exception_handlers={HTTPException: _refused, Exception: _failed},
        lifespan=partial(_watch, queue),
    )


@contextlib.asynccontextmanager
async def _watch(queue: ReviewQueue, app: Starlette) -> AsyncIterator[None]:
    """Look at the disk again and again as long as the application lives."""

    async def look() -> None:
        while True:
            await run_in_threadpool(queue.look)
            await asyncio.sleep(_LOOK_EVERY)

    task = asyncio.create_task(look())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _file(place: Path, request: Request) -> Response:
    return Response(place.read_bytes(), media_type=_TYPES[place.suffix])


async def _picture(queue: ReviewQueue, request: Request) -> Response:
    """Answer with a picture of the book, decoded and drawn anew: nothing in it can act."""
    found = await run_in_threadpool(queue.picture, request.path_params["id"])
    if found is None:
        raise HTTPException(404, "There is no such picture.")
    headers = {"Content-Security-Policy": _PICTURE_POLICY}
    return Response(found.data, media_type=found.media_type, headers=headers)


async def _events(
    queue: ReviewQueue, is_closing: Callable[[], bool], request: Request
) -> StreamingResponse:
    """Tell the revision, and each one that follows (server-sent events).

    https://html.spec.whatwg.org/multipage/server-sent-events.html
    """

    async def stream() -> AsyncIterator[str]:
        told, silent = -1, 0.0
        while not is_closing():
            if queue.revision != told:
                told, silent = queue.revision, 0.0
                yield f"data: {told}\n\n"
            elif silent > _HEARTBEAT:
                silent = 0.0
                yield ": still here\n\n"
            silent += _TELL_EVERY
            await asyncio.sleep(_TELL_EVERY)

    return StreamingResponse(stream(), media_type="text/event-stream")


async def _answer_get(
    queue: ReviewQueue, handle: Callable[[ReviewQueue, Mapping[str, Any]], Any], request: Request
) -> Response:
    return await _answer(partial(handle, queue, dict(request.query_params)))


async def _answer_post(
    queue: ReviewQueue, handle: Callable[[ReviewQueue, Mapping[str, Any]], Any], request: Request
) -> Response:
    try:
        asked = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise HTTPException(400, "That is not JSON.") from None
    if not isinstance(asked, dict):
        raise HTTPException(400, "That is not what the page sends.")
    return await _answer(partial(handle, queue, asked))


async def _answer(handle: Callable[[], Any]) -> Response:
    try:
        return _json(await run_in_threadpool(handle))
    except RefusedError as error:
        return _json({"error": str(error)}, error.status)
    except BookpackError as error:
        return _json({"error": str(error)}, 500)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if request.url.path.startswith("/api/"):
        return _json({"error": error.detail}, error.status_code)
    return PlainTextResponse(f"{error.detail}\n", error.status_code)


async def _failed(request: Request, error: Exception) -> Response:
    what = f"This is a fault of bookpack, not of the book: {type(error).__name__}: {error}."
    return _json({"error": what}, 500)


def _json(value: Any, status: int = 200) -> Response:
    # Escaped throughout: half a character of a book or a request must not end the answer.
    return Response(json.dumps(value), status, media_type="application/json")


def _decide(queue: ReviewQueue, asked: Mapping[str, Any]) -> Any:
    text = _string(asked, "text") if "text" in asked else None
    return queue.decide(
        _string(asked, "id"), _string(asked, "verdict"), text, _number(asked, "revision")
    )


def _describe(queue: ReviewQueue, asked: Mapping[str, Any]) -> Any:
    words = {name: _string(asked, name) for name in ("title", "alt", "text") if name in asked}
    return queue.describe(
        _string(asked, "id"),
        _string(asked, "verdict"),
        words,
        _string(asked, "seen"),
        _number(asked, "revision"),
    )


def _preview(queue: ReviewQueue, asked: Mapping[str, Any]) -> Any:
    return queue.preview(_string(asked, "verdict"), _ids(asked), _filter(asked))


def _bulk(queue: ReviewQueue, asked: Mapping[str, Any]) -> Any:
    revision = _number(asked, "revision")
    return queue.decide_all(_string(asked, "verdict"), _ids(asked), _filter(asked), revision)


def _undo(queue: ReviewQueue, asked: Mapping[str, Any]) -> Any:
    return queue.undo(_number(asked, "revision"))


def _string(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise RefusedError(f"{name} is missing.", 400)
    return value


def _number(asked: Mapping[str, Any], name: str, default: int | None = None) -> int:
    value = asked.get(name, default)
    try:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise ValueError
        return int(value)
    except ValueError:
        raise RefusedError(f"{name} must be a number.", 400) from None


def _ids(asked: Mapping[str, Any]) -> list[str]:
    ids = asked.get("ids")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise RefusedError("ids must be a list.", 400)
    return list(dict.fromkeys(ids))


def _filter(asked: Mapping[str, Any]) -> dict[str, str]:
    wanted = asked.get("filter")
    if not isinstance(wanted, dict) or not all(isinstance(one, str) for one in wanted.values()):
        raise RefusedError("filter must be given.", 400)
    return wanted
