"""Pictures from other sites: asked for once, checked, and kept in the user's cache.

Only `describe` comes here; a build talks to no network.
"""

import contextlib
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from bookpack.network.addresses import join, split_fragment
from bookpack.network.fetch import Answer, Ask, Failure, Fetcher, Trouble, status_words
from bookpack.system import replace_file

MOST_REDIRECTS = 5
TIMEOUT = 30.0
"""Seconds for one answer, its whole body included."""
_REDIRECTS = (301, 302, 303, 307, 308)
# Formats that everything decodes come first: some servers choose by this field.
_ACCEPT = "image/png,image/jpeg,image/webp,image/gif,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
_SIGNATURES = re.compile(
    rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP|BM|II\*\0|MM\0\*|....ftyp(?:avi[fs]|mif1)",
    re.S,
)
"""First bytes of PNG, JPEG, GIF, WebP, BMP, TIFF in both byte orders, and AVIF."""
_SVG = re.compile(rb"<(?:[a-z]+:)?svg[\s>]", re.I)
_PAGE = re.compile(rb"\s*<(?:!doctype html|html|head|body)[\s>]", re.I)
_HEAD = 4096
"""Bytes in which an SVG's root stands behind declarations and comments."""


class RemotePictureError(ValueError):
    """Why there is no picture: one sentence that names its address."""


def fetch_picture(
    url: str,
    cache: Path | None,
    *,
    max_bytes: int,
    allow_private: bool = False,
    timeout: float = TIMEOUT,
    refresh: bool = False,
    fetch: Callable[[Ask], Answer | Failure] | None = None,
) -> bytes:
    """Return the bytes of the picture at `url`, of any format that looks like one.

    It is asked for once and kept as a file in the folder `cache` (None keeps nothing) until
    `refresh`. At most `MOST_REDIRECTS` redirects are followed; each host must be one of the
    public internet unless `allow_private`. `fetch` sends one request. Safe to use from many
    threads. Raises `RemotePictureError`.
    """
    try:
        address, _ = split_fragment(url)
    except ValueError as error:
        raise RemotePictureError(f"{url} is no web address: {error}.") from None
    place = cache / f"{sha256(address.encode()).hexdigest()}.picture" if cache else None
    if place is not None and not refresh:
        kept = _kept(place, max_bytes)
        if kept is not None:
            return kept
    send = fetch or Fetcher(timeout, allow_private=allow_private).fetch
    data = _picture(address, _answer(address, send, max_bytes), max_bytes)
    if place is not None:
        # Without a cache the picture is asked for again the next time, and that is all.
        with contextlib.suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            replace_file(place, data)
    return data


def _kept(place: Path, max_bytes: int) -> bytes | None:
    try:
        if not 0 < place.stat().st_size <= max_bytes:
            return None
        data = place.read_bytes()
    except OSError:
        return None
    return data if _looks_like_picture(data, "image/") else None


def _answer(address: str, send: Callable[[Ask], Answer | Failure], max_bytes: int) -> Answer:
    """Ask for `address` and follow where it leads; every step is checked like the first."""
    there = address
    for _ in range(MOST_REDIRECTS + 1):
        ask = Ask(there, "GET", max_bytes, whole=True, accept=_ACCEPT, purpose="picture")
        answer = send(ask)
        through = "" if there == address else f", which leads to {there},"
        if isinstance(answer, Failure):
            if answer.trouble is Trouble.PRIVATE:
                raise RemotePictureError(
                    f"{address}{through} is not on the public internet ({answer.reason}): set "
                    "allow-private = true in [images] to fetch it all the same."
                )
            raise RemotePictureError(f"{address}{through} could not be reached: {answer.reason}.")
        if answer.status not in _REDIRECTS:
            if not 200 <= answer.status < 300:
                raise RemotePictureError(
                    f"{address}{through} answers {status_words(answer.status)}."
                )
            return answer
        try:
            there, _fragment = join(there, answer.headers["location"])
        except (KeyError, ValueError):
            raise RemotePictureError(
                f"{address}{through} redirects to what is no web address."
            ) from None
    raise RemotePictureError(f"{address} redirects more than {MOST_REDIRECTS} times.")


def _picture(address: str, answer: Answer, max_bytes: int) -> bytes:
    body, kind = answer.body, answer.headers.get("content-type", "").partition(";")[0].strip()
    announced = answer.headers.get("content-length", "")
    if answer.cut:
        if len(body) < max_bytes and not (announced.isdecimal() and int(announced) > max_bytes):
            raise RemotePictureError(f"{address} breaks off after {len(body):,} bytes.")
        raise RemotePictureError(
            f"{address} has more than {max_bytes:,} bytes: raise max-bytes in [images], or save a "
            "smaller copy in the book."
        )
    if not body:
        raise RemotePictureError(f"{address} is empty.")
    if answer.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise RemotePictureError(f"{address} is sent compressed, although it was not asked to be.")
    if not _looks_like_picture(body, kind.lower()):
        what = f"is {kind} and no picture" if kind else "is no picture"
        raise RemotePictureError(f"{address} {what}.")
    return body


def _looks_like_picture(data: bytes, kind: str) -> bool:
    """Believe the bytes; believe the media type only where the bytes say nothing else.

    Many servers call pictures octet-stream, and pages that say “not found” pictures.
    """
    if _SIGNATURES.match(data):
        return True
    head = data[:_HEAD]
    if _PAGE.match(head):
        return False
    return kind.startswith("image/") or _SVG.search(head) is not None
