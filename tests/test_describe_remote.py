"""Pictures from other sites, fetched from real servers on loopback that do as they please."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bookpack import __version__
from bookpack.images.remote import RemotePictureError, fetch_picture
from bookpack.network.addresses import host_of
from bookpack.network.fetch import Answer, Ask, Failure, Fetcher
from misbehaving_server import Server
from picture_site import PNG, Reply, Site

SVG = b"<?xml version='1.0'?>\n<!-- made by hand -->\n<svg xmlns='http://www.w3.org/2000/svg'/>"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def fetched(url: str, cache: Path | None = None, **options: Any) -> bytes:
    return fetch_picture(
        url, cache, **{"max_bytes": 10_000, "allow_private": True, "timeout": 10.0, **options}
    )


def refused(url: str, **options: Any) -> str:
    """Return the sentence with which a picture is refused, without its address."""
    with pytest.raises(RemotePictureError) as caught:
        fetched(url, **options)
    sentence = str(caught.value)
    assert sentence.startswith(url)
    assert sentence.endswith(".")
    return sentence.removeprefix(url).strip()


def test_a_picture_is_asked_for_once_and_politely() -> None:
    with Site({"/a.png?w=2": Reply()}) as site:
        assert fetched(site.url("/a.png?w=2#top")) == PNG
        ((method, _, headers),) = site.requests
    assert method == "GET"
    assert headers["user-agent"] == f"bookpack/{__version__} (picture)"
    assert headers["accept"].startswith("image/png,")
    assert "range" not in headers


class TestWhatIsAPicture:
    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (PNG, "application/octet-stream"),
            (PNG, ""),
            (b"\xff\xd8\xff\xe0 JPEG", "text/plain"),
            (b"GIF89a rest", "binary/octet-stream"),
            (b"RIFF\0\0\0\0WEBPVP8 ", ""),
            (b"\0\0\0\x1cftypavif", ""),
            (SVG, "text/plain"),
            (SVG, "text/xml"),
            (b"P6 1 1 255 abc", "Image/X-Portable-Pixmap; charset=binary"),
        ],
    )
    def test_by_its_bytes_or_its_type(self, body: bytes, kind: str) -> None:
        with Site({"/a.png": Reply(body, kind)}) as site:
            assert fetched(site.url()) == body

    @pytest.mark.parametrize(
        ("body", "kind", "sentence"),
        [
            (b"<!DOCTYPE html><svg></svg>", "image/png", "is image/png and no picture."),
            (b"\n<html>Sign in</html>", "text/html; charset=utf-8", "is text/html and no picture."),
            (b"%PDF-1.7", "application/pdf", "is application/pdf and no picture."),
            (b"words", "", "is no picture."),
            (b"", "image/png", "is empty."),
        ],
    )
    def test_what_is_none(self, body: bytes, kind: str, sentence: str) -> None:
        with Site({"/a.png": Reply(body, kind)}) as site:
            assert refused(site.url()) == sentence

    def test_compressed_bytes_are_none(self) -> None:
        reply = Reply(b"\x1f\x8b svg", "image/svg+xml", headers={"Content-Encoding": "gzip"})
        with Site({"/a.png": reply}) as site:
            assert refused(site.url()) == "is sent compressed, although it was not asked to be."


class TestSize:
    @pytest.mark.parametrize("length", [None, 0])
    def test_as_much_as_is_allowed(self, length: int | None) -> None:
        with Site({"/a.png": Reply(length=length)}) as site:
            assert fetched(site.url(), max_bytes=len(PNG)) == PNG

    @pytest.mark.parametrize("length", [None, 0, 1_000_000_000])
    def test_and_no_byte_more(self, length: int | None) -> None:
        with Site({"/a.png": Reply(length=length)}) as site:
            assert refused(site.url(), max_bytes=len(PNG) - 1) == (
                "has more than 1,031 bytes: raise max-bytes in [images], or save a smaller copy "
                "in the book."
            )

    def test_a_body_without_end(self, server: Server) -> None:
        assert "has more than 10,000 bytes" in refused(server.url("/huge"))
        assert server.bytes_sent < 30_000_000

    def test_a_picture_that_breaks_off(self) -> None:
        with Site({"/a.png": Reply(length=5000)}) as site:
            assert refused(site.url()) == "breaks off after 1,032 bytes."


class TestServers:
    @pytest.mark.parametrize(
        ("status", "sentence"),
        [
            (404, "answers 404 Not Found."),
            (403, "answers 403 Forbidden."),
            (304, "answers 304 Not Modified."),
        ],
    )
    def test_that_have_no_picture(self, status: int, sentence: str, server: Server) -> None:
        assert refused(server.url(f"/status/{status}")) == sentence

    @pytest.mark.parametrize("path", ["/hang", "/drip"])
    def test_that_take_too_long(self, path: str, server: Server) -> None:
        sentence = refused(server.url(path), timeout=0.2)
        assert sentence == "could not be reached: no answer within 0.2 seconds."

    @pytest.mark.parametrize("path", ["/reset", "/nothing", "/garbage", "/endless-headers/1"])
    def test_that_talk_nonsense(self, path: str, server: Server) -> None:
        assert refused(server.url(path)).startswith("could not be reached: ")

    @pytest.mark.parametrize(
        "url", ["ftp://e.example/a.png", "images/a.png", "http://", "http://[x/"]
    )
    def test_what_is_no_address(self, url: str) -> None:
        assert "is no web address: " in refused(url)


class TestRedirects:
    def test_are_followed(self) -> None:
        there = Reply(b"", status=302, headers={"Location": "/b/c.png"})
        with Site({"/a.png": there, "/b/c.png": Reply()}) as site:
            assert fetched(site.url()) == PNG

    def test_are_followed_five_times(self, server: Server) -> None:
        assert refused(server.url("/hops/5")) == "is empty."
        assert refused(server.url("/hops/6")) == "redirects more than 5 times."
        assert refused(server.url("/circle/a")) == "redirects more than 5 times."

    def test_to_nowhere(self, server: Server) -> None:
        for path in ("/nowhere", "/redirect/301?to=mailto:x"):
            assert refused(server.url(path)) == "redirects to what is no web address."

    def test_say_where_they_led(self, server: Server) -> None:
        sentence = refused(server.url("/redirect/301?to=/status/410"))
        assert sentence == f", which leads to {server.url('/status/410')}, answers 410 Gone."


class TestPrivateAddresses:
    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433"])
    def test_are_not_asked(self, host: str, server: Server) -> None:
        url = server.url("/ok", host)
        sentence = refused(url, allow_private=False)
        assert sentence.startswith("is not on the public internet (127.0.0.1): set allow-private")
        assert server.connections == 0

    def test_not_after_a_redirect(self, server: Server) -> None:
        inside = Fetcher(5.0)

        def fetch(ask: Ask) -> Answer | Failure:
            if host_of(ask.address) == "public.example":
                return Answer(301, {"location": server.url("/ok")})
            return inside.fetch(ask)

        sentence = refused("http://public.example/a.png", allow_private=False, fetch=fetch)
        assert sentence.startswith(f", which leads to {server.url('/ok')}, is not on the public")
        assert server.connections == 0


class TestCache:
    def test_a_picture_is_fetched_once(self, tmp_path: Path) -> None:
        replies = {"/a.png": Reply(), "/b.png": Reply(SVG, "image/svg+xml")}
        cache = tmp_path / "cache" / "remote"
        with Site(replies) as site:
            for _ in range(2):
                assert fetched(site.url(), cache) == PNG
                assert fetched(site.url("/b.png"), cache) == SVG
            assert [path for _, path, _ in site.requests] == ["/a.png", "/b.png"]
            replies["/a.png"] = Reply(PNG + b"new")
            assert fetched(site.url(), cache, refresh=True) == PNG + b"new"
            assert fetched(site.url(), cache) == PNG + b"new"
        assert len(list(cache.iterdir())) == 2

    def test_it_is_there_without_the_server(self, tmp_path: Path) -> None:
        with Site({"/a.png": Reply()}) as site:
            url = site.url()
            fetched(url, tmp_path)
        assert fetched(url, tmp_path) == PNG

    @pytest.mark.parametrize("damage", [b"", b"<html>", PNG * 20])
    def test_what_is_damaged_counts_for_nothing(self, damage: bytes, tmp_path: Path) -> None:
        with Site({"/a.png": Reply()}) as site:
            fetched(site.url(), tmp_path)
            (kept,) = tmp_path.iterdir()
            kept.write_bytes(damage)
            assert fetched(site.url(), tmp_path) == PNG
            assert kept.read_bytes() == PNG

    def test_a_failure_is_not_kept(self, tmp_path: Path) -> None:
        replies = {"/a.png": Reply(b"", status=503)}
        with Site(replies) as site:
            assert refused(site.url(), cache=tmp_path) == "answers 503 Service Unavailable."
            replies["/a.png"] = Reply()
            assert fetched(site.url(), tmp_path) == PNG

    def test_where_nothing_can_be_kept(self, tmp_path: Path) -> None:
        (tmp_path / "cache").write_text("a file")
        with Site({"/a.png": Reply()}) as site:
            assert fetched(site.url(), tmp_path / "cache") == PNG

    def test_many_at_once(self, tmp_path: Path) -> None:
        results: list[bytes] = []
        with Site({"/a.png": Reply()}) as site:
            threads = [
                threading.Thread(target=lambda: results.append(fetched(site.url(), tmp_path)))
                for _ in range(8)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert results == [PNG] * 8
        assert len(list(tmp_path.iterdir())) == 1
