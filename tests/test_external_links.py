"""`check --external` against a real server that misbehaves; no outside network is used.

Time-outs are short by setting, waits happen in a clock of their own, and where requests must
meet they wait for each other: no test depends on how fast anything is.
"""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from bookpack import __version__, pipeline
from bookpack.config import load_settings
from bookpack.config.tables import LinksTable
from bookpack.desks.external import anchors
from bookpack.desks.external.cache import Cache, cache_file
from bookpack.desks.external.check import check_external_links
from bookpack.desks.external.schedule import Clock, Queue
from bookpack.desks.external.visit import Outcome, Patience, State, Visit, seconds_to_wait
from bookpack.diagnostics import Diagnostic
from bookpack.errors import SettingsError
from bookpack.network import addresses
from bookpack.network.fetch import Answer, Ask, Failure, Fetcher, Trouble
from bookpack.source import apply_edits
from conftest import SETTINGS
from misbehaving_server import Server

MakeBook = Callable[..., Path]
Run = Callable[..., Any]
DAY = 86_400.0
SHORT = 0.3
"""Seconds that a server is given where it will not answer anyway."""


class StillClock(Clock):
    """A clock in which waiting takes no time and moves the hands."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.waited: list[float] = []

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


class Checker:
    """Checks small books against the server."""

    def __init__(self, make_book: MakeBook) -> None:
        self.make_book = make_book
        self.clock = StillClock()
        self.book = Path()

    def __call__(
        self,
        *lines: str,
        fetch: Callable[[Ask], Answer | Failure] | None = None,
        cache: Cache | None = None,
        progress: Callable[[str, int, int], None] | None = None,
        chapters: dict[str, str] | None = None,
        **links: Any,
    ) -> list[Diagnostic]:
        text = "# A\n\n" + "".join(f"{line}\n\n" for line in lines)
        self.book = self.make_book(chapters or {"a.md": text})
        checked = pipeline.check(load_settings(self.book), self.book / "build")
        options = {"external_allow_private": True, "external_timeout": 60.0, **links}
        return check_external_links(
            checked.resolved,
            LinksTable(**options),
            cache or Cache(None, 0),
            fetch=fetch,
            clock=self.clock,
            progress=progress,
        )

    def fixed(self, found: list[Diagnostic]) -> str:
        """Return the first chapter with the fixes of all findings."""
        text = (self.book / "chapters" / "a.md").read_text("utf-8")
        return apply_edits(text, [finding.fix for finding in found if finding.fix])


@pytest.fixture
def check(make_book: MakeBook) -> Checker:
    return Checker(make_book)


def named(found: list[Diagnostic]) -> list[str]:
    return [finding.rule.name for finding in found]


def one(found: list[Diagnostic], name: str) -> Diagnostic:
    assert named(found) == [name]
    return found[0]


class TestAnswers:
    @pytest.mark.parametrize(
        "path", ["/ok", "/status/204", "/status/401", "/status/403", "/status/405", "/status/999"]
    )
    def test_a_page_that_is_there(self, path: str, check: Checker, server: Server) -> None:
        assert check(f"[x]({server.url(path)})") == []

    @pytest.mark.parametrize("status", [404, 410])
    def test_a_page_that_is_gone(self, status: int, check: Checker, server: Server) -> None:
        url = server.url(f"/status/{status}")
        finding = one(check(f"[x]({url})"), "dead-external-link")
        assert finding.message.startswith(f"{url} answers {status} ")
        text = (check.book / "chapters" / "a.md").read_text("utf-8")
        assert finding.span is not None
        assert finding.span.slice(text) == url

    def test_every_place_gets_its_finding_and_every_address_one_request(
        self, check: Checker, server: Server
    ) -> None:
        url = server.url("/status/404")
        found = check(
            f"[x]({url}) and [y]({url}#part) and <{url}>",
            f"![picture]({url}) <a href='{url}'>z</a> [r][r] [again][r]",
            f"[r]: {url}",
        )
        assert named(found) == ["dead-external-link"] * 6
        assert len({finding.position for finding in found}) == 6
        assert server.asked("/status/404") == ["GET"]

    def test_what_is_not_asked(self, check: Checker, server: Server) -> None:
        found = check(
            "[a](mailto:a@example.org) [b](ftp://127.0.0.1/x) [c](#a) [d](https://example.com/)",
            f"[e]({server.url('/status/404')})",
            f"`{server.url('/status/410')}`",
            f"[f]({server.url('/status/410')}#part)",
            external_ignore=("*/status/40?", server.url("/status/410")),
        )
        assert found == []
        assert server.connections == 0

    def test_an_address_that_is_none(self, check: Checker) -> None:
        found = check("[a](http://[::x]/) [b](http://a..b.%20/) [c](https://:80/)")
        assert named(found) == ["dead-external-link"] * 3
        assert "is no address that could be asked" in found[0].message

    def test_what_is_sent(self, check: Checker, server: Server) -> None:
        address = f"http://user:secret@127.0.0.1:{server.port}/cookie"
        assert check(f"[x]({address})") == []
        first, second = server.requests
        assert first.method == "HEAD"
        assert first.headers["user-agent"] == f"bookpack/{__version__} (link check)"
        assert first.headers["accept-encoding"] == "identity"
        assert first.headers["host"] == f"127.0.0.1:{server.port}"
        assert second.target == "/ok/after-cookie"
        for request in (first, second):
            assert not {"authorization", "cookie", "referer", "range"} & set(request.headers)

    def test_no_proxy_of_the_environment(
        self, check: Checker, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        assert check(f"[x]({server.url('/ok')})") == []
        assert server.asked("/ok") == ["HEAD"]

    @pytest.mark.parametrize(
        ("written", "sent"),
        [
            ("/ok/%C3%A9t%C3%A9?q=%20x", "/ok/%C3%A9t%C3%A9?q=%20x"),
            ("/ok/été?q=ü", "/ok/%C3%A9t%C3%A9?q=%C3%BC"),
            ("/ok/a_(b)", "/ok/a_(b)"),
            ("/ok/<a b>".replace("<", "").replace(">", ""), "/ok/a%20b"),
            ("/ok?a=1&amp;b=2", "/ok?a=1&b=2"),
            ("", "/"),
        ],
    )
    def test_addresses_in_other_letters(
        self, written: str, sent: str, check: Checker, server: Server
    ) -> None:
        assert check(f"[x](<{server.url(written)}>)") == []
        assert [request.target for request in server.requests] == [sent]

    def test_names_in_other_letters(self) -> None:
        assert addresses.split_fragment("HTTP://Bücher.Example:80") == (
            "http://xn--bcher-kva.example/",
            "",
        )
        assert addresses.split_fragment("//[::1]:8080/a#b") == ("https://[::1]:8080/a", "b")


class TestHead:
    @pytest.mark.parametrize("status", [400, 403, 404, 405, 500, 501])
    def test_refused_or_lying(self, status: int, check: Checker, server: Server) -> None:
        path = f"/no-head/{status}"
        assert check(f"[x]({server.url(path)})") == []
        assert server.asked(path) == ["HEAD", "GET"]

    def test_without_an_answer(self, check: Checker, server: Server) -> None:
        fetchers = {
            method: Fetcher(seconds, allow_private=True)
            for method, seconds in (("HEAD", SHORT), ("GET", 60.0))
        }
        found = check(
            f"[x]({server.url('/head-hangs')})", fetch=lambda ask: fetchers[ask.method].fetch(ask)
        )
        assert found == []
        assert server.asked("/head-hangs") == ["HEAD", "GET"]


class TestRedirects:
    @pytest.mark.parametrize("status", [302, 303, 307])
    def test_for_now(self, status: int, check: Checker, server: Server) -> None:
        assert check(f"[x]({server.url(f'/redirect/{status}?to=/ok')})") == []
        assert server.asked("/ok") == ["HEAD"]

    @pytest.mark.parametrize("status", [301, 308])
    def test_for_good(self, status: int, check: Checker, server: Server) -> None:
        old, new = server.url(f"/redirect/{status}?to=/ok"), server.url("/ok")
        found = check(f"[x]({old}) <{old}>", f'<a href="{old}">z</a> [r]', f"[r]: {old}")
        assert named(found) == ["moved-external-link"] * 4
        assert found[0].severity == "info"
        assert found[0].message == f"{old} has moved to {new} for good."
        text = check.fixed(found)
        assert text == (f'# A\n\n[x]({new}) <{new}>\n\n<a href="{new}">z</a> [r]\n\n[r]: {new}\n\n')

    def test_the_anchor_goes_along(self, check: Checker, server: Server) -> None:
        old = server.url("/redirect/301?to=/page")
        found = check(f"[x]({old}#intro) [y]({old}#gone)")
        assert named(found) == [
            "moved-external-link",
            "moved-external-link",
            "broken-external-anchor",
        ]
        assert f"[x]({server.url('/page')}#intro)" in check.fixed(found)

    def test_an_anchor_of_its_own(self, check: Checker, server: Server) -> None:
        old = server.url("/redirect/301?to=/page%23intro")
        found = check(f"[x]({old}#gone)")
        assert (
            f"moved to {server.url('/page')}#intro for" in one(found, "moved-external-link").message
        )

    def test_an_anchor_that_would_do_harm(self, check: Checker, server: Server) -> None:
        old = server.url("/redirect/301?to=/page%23a%1B[31m)%20%60%3C")
        finding = one(check(f"[x](<{old}>)"), "moved-external-link")
        assert f"{server.url('/page')}#a%1B[31m)%20%60%3C for good" in finding.message

    def test_signs_that_mean_something_in_markdown(self, check: Checker, server: Server) -> None:
        for to in ("/ok/a_(b)%3Fx%3D1%26copy%3B|", "/ok/a)(b%26amp%3B%3C%22%27*_`"):
            old = server.url(f"/redirect/301?to={to}").replace("(", "%28").replace(")", "%29")
            for line in (f"[x]({old})", f"[x]\n\n[x]: {old}", f"<a href='{old}'>x</a>"):
                found = check(line)
                one(found, "moved-external-link")
                arrived = server.requests[-1].target
                assert check(check.fixed(found)) == []
                assert unquote(server.requests[-1].target) == unquote(arrived)

    def test_only_the_permanent_part_counts(self, check: Checker, server: Server) -> None:
        middle = "/redirect/302?to=/ok"
        old = server.url("/redirect/301?to=/redirect/302%3Fto%3D/ok")
        finding = one(check(f"[x]({old})"), "moved-external-link")
        assert f"moved to {server.url(middle)} for good" in finding.message
        assert check(f"[x]({server.url('/redirect/302?to=/redirect/301%3Fto%3D/ok')})") == []

    def test_to_the_front_page(self, check: Checker, server: Server) -> None:
        old = server.url("/redirect/301?to=/")
        finding = one(check(f"[x]({old})"), "moved-external-link")
        assert finding.fix is None
        assert "front page" in finding.help

    def test_to_a_page_that_is_gone(self, check: Checker, server: Server) -> None:
        old = server.url("/redirect/301?to=/status/404")
        finding = one(check(f"[x]({old})"), "dead-external-link")
        assert f"leads to {server.url('/status/404')}, which answers 404" in finding.message

    def test_in_a_circle(self, check: Checker, server: Server) -> None:
        finding = one(check(f"[x]({server.url('/circle/a')})"), "unreachable-external-link")
        assert "circle" in finding.message
        assert finding.fix is None

    def test_too_often(self, check: Checker, server: Server) -> None:
        assert check(f"[x]({server.url('/hops/10')})") == []
        finding = one(check(f"[x]({server.url('/hops/11')})"), "unreachable-external-link")
        assert "more than 10 times" in finding.message

    @pytest.mark.parametrize("to", ["mailto:a@example.org", "http://[x", "file:///etc/passwd"])
    def test_to_no_page(self, to: str, check: Checker, server: Server) -> None:
        found = check(f"[x]({server.url(f'/redirect/302?to={to}')})")
        assert "no web address" in one(found, "unreachable-external-link").message

    def test_without_a_place(self, check: Checker, server: Server) -> None:
        assert check(f"[x]({server.url('/nowhere')})") == []

    def test_to_another_host(self, check: Checker, server: Server) -> None:
        with Server() as other:
            there = other.url("/ok")
            assert check(f"[x]({server.url(f'/redirect/307?to={there}')})") == []
            assert other.asked("/ok") == ["HEAD"]


class TestBusyServers:
    @pytest.mark.parametrize("status", [429, 503])
    @pytest.mark.parametrize("retry", ["7", "Sat, 01 Jan 2000 00:00:00 GMT"])
    def test_come_back_later(self, status: int, retry: str, check: Checker, server: Server) -> None:
        path = f"/status/{status}?retry={retry}&then=200".replace(" ", "%20")
        assert check(f"[x]({server.url(path)})") == []
        assert server.asked(path) == ["HEAD", "HEAD"]
        assert sum(check.clock.waited) == (7 if retry == "7" else 0)

    def test_a_date_to_come(self) -> None:
        assert seconds_to_wait("Fri, 15 Jan 2027 08:00:30 GMT", 1_800_000_000.0) == 30
        assert seconds_to_wait("soon", 0.0) is None
        assert seconds_to_wait("Fri, 99 Jan 2027", 0.0) is None

    def test_not_longer_than_a_minute(self, check: Checker, server: Server) -> None:
        path = "/status/429?retry=25"
        finding = one(check(f"[x]({server.url(path)})"), "unreachable-external-link")
        assert "429 Too Many Requests" in finding.message
        assert sum(check.clock.waited) == 50
        assert len(server.asked(path)) == 3

    def test_the_minute_is_the_hosts_not_the_addresses(
        self, check: Checker, server: Server
    ) -> None:
        lines = [f"[x]({server.url(f'/status/429?retry=40&n={n}')})" for n in range(10)]
        assert named(check(*lines)) == ["unreachable-external-link"] * 10
        assert sum(check.clock.waited) <= 60

    def test_at_once_for_ever(self, check: Checker, server: Server) -> None:
        finding = check(f"[x]({server.url('/status/503?retry=0')})")
        one(finding, "unreachable-external-link")
        assert len(server.requests) == 6

    def test_failed_once(self, check: Checker, server: Server) -> None:
        path = "/status/503?then=200"
        assert check(f"[x]({server.url(path)})") == []

    @pytest.mark.parametrize("status", [429, 500, 502])
    def test_failed_for_ever(self, status: int, check: Checker, server: Server) -> None:
        path = f"/status/{status}"
        finding = one(check(f"[x]({server.url(path)})"), "unreachable-external-link")
        assert finding.message.endswith(
            f"could not be reached: it answers {finding_words(status)}."
        )
        assert server.asked(path).count("GET" if status != 429 else "HEAD") == 3
        assert sum(check.clock.waited) == 4

    def test_an_answer_that_is_none_of_these(self, check: Checker, server: Server) -> None:
        finding = one(check(f"[x]({server.url('/status/418')})"), "unreachable-external-link")
        assert "418" in finding.message


def finding_words(status: int) -> str:
    return {
        429: "429 Too Many Requests",
        500: "500 Internal Server Error",
        502: "502 Bad Gateway",
    }[status]


class TestNoAnswer:
    @pytest.mark.parametrize(
        ("path", "reason"),
        [
            ("/hang", "no answer within 0.3 seconds"),
            ("/drip", "no answer within 0.3 seconds"),
            ("/reset", "connection reset by peer"),
            ("/nothing", "closes the connection without an answer"),
            ("/garbage", "what it answers is not HTTP"),
            ("/endless-headers/1", "not HTTP"),
            ("/endless-headers/many", "not HTTP"),
            ("/continue", "its header fields do not end"),
        ],
    )
    def test_is_said(self, path: str, reason: str, check: Checker, server: Server) -> None:
        slow = path in ("/hang", "/drip")
        found = check(f"[x]({server.url(path)})", external_timeout=SHORT if slow else 60.0)
        finding = one(found, "unreachable-external-link")
        assert finding.severity == "warning"
        assert reason in finding.message

    def test_connection_refused(self, check: Checker) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
            found = check(f"[x](http://127.0.0.1:{taken.getsockname()[1]}/)")
        assert "connection refused" in one(found, "unreachable-external-link").message

    def test_no_such_host(self, check: Checker) -> None:
        def resolve(host: str, port: int) -> list[str]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        fetch = Fetcher(5.0, resolve=resolve).fetch
        found = check("[x](https://no-such-host.example/)", fetch=fetch)
        message = one(found, "unreachable-external-link").message
        assert "there is no host no-such-host.example (name or service not known)" in message

    def test_no_tls(self, check: Checker, server: Server) -> None:
        found = check(f"[x](https://127.0.0.1:{server.port}/)")
        assert "no secure connection" in one(found, "unreachable-external-link").message

    def test_no_greeting(self, check: Checker) -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            address = f"https://127.0.0.1:{silent.getsockname()[1]}/"
            found = check(f"[x]({address})", external_timeout=SHORT)
        message = one(found, "unreachable-external-link").message
        assert "no answer within 0.3 seconds" in message

    def test_no_address_at_all(self) -> None:
        failure = Fetcher(5.0, resolve=lambda host, port: []).fetch(Ask("http://one.example/"))
        assert isinstance(failure, Failure)
        assert "it has no address" in failure.reason

    def test_the_next_address_is_tried(self, check: Checker, server: Server) -> None:
        # Nothing listens at ::1, and a machine without IPv6 fails just as well.
        fetch = Fetcher(
            60.0, allow_private=True, resolve=lambda host, port: ["::1", "127.0.0.1"]
        ).fetch
        assert check(f"[x]({server.url('/ok', 'two.example')})", fetch=fetch) == []

    def test_a_silent_site_is_left_alone(self, check: Checker, server: Server) -> None:
        lines = [f"[x]({server.url(f'/garbage/{n}')})" for n in range(20)]
        found = check(*lines, external_concurrency=1)
        assert named(found) == ["unreachable-external-link"] * 20
        assert len({request.target for request in server.requests}) == 5
        assert "no answer 5 times in a row" in found[-1].message


class TestCertificates:
    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Path:
        program = shutil.which("openssl")
        if program is None:
            pytest.skip("openssl, which makes the certificate, is not here")
        place = tmp_path / "both.pem"
        subprocess.run(
            [program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
            cwd=tmp_path, check=True, capture_output=True,
        )  # fmt: skip
        both = (tmp_path / "key.pem").read_text() + (tmp_path / "cert.pem").read_text()
        place.write_text(both)
        return place

    def serve(self, certificate: Path) -> Server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        return Server(context)

    def test_that_nobody_vouches_for(self, certificate: Path, check: Checker) -> None:
        with self.serve(certificate) as server:
            found = check(f"[x]({server.url('/ok', 'localhost')})")
            assert server.requests == []
        message = one(found, "unreachable-external-link").message
        assert "its certificate is not valid" in message

    def test_that_is_trusted(
        self, certificate: Path, check: Checker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

        def resolve(host: str, port: int) -> list[str]:
            return ["127.0.0.1"]

        fetch = Fetcher(60.0, allow_private=True, resolve=resolve).fetch
        with self.serve(certificate) as server:
            assert check(f"[x]({server.url('/page', 'localhost')}#intro)", fetch=fetch) == []
            found = check(f"[x]({server.url('/ok', 'other.example')})", fetch=fetch)
        assert "certificate" in one(found, "unreachable-external-link").message


class TestAnchors:
    @pytest.mark.parametrize(
        "fragment",
        ["intro", "old", "read-me", "Read-Me", "%C3%BCber-uns", "über-uns", "a&amp;b", "",
         "top", ":~:text=words", "intro:~:text=words", "!/route", "/route", "L10", "L10-L20",
         "L10C3-L12C5", "lines-4", "issuecomment-123", "page=2"],
    )  # fmt: skip
    def test_that_work(self, fragment: str, check: Checker, server: Server) -> None:
        assert check(f"[x]({server.url('/page')}#{fragment})") == []

    @pytest.mark.parametrize("fragment", ["gone", "Intro", "gone:~:text=words", "%C3%BCber"])
    def test_that_do_not(self, fragment: str, check: Checker, server: Server) -> None:
        found = check(f"[x]({server.url('/page')}#{fragment})")
        assert one(found, "broken-external-anchor").severity == "warning"

    def test_ask_for_a_range_once(self, check: Checker, server: Server) -> None:
        url = server.url("/page")
        found = check(f"[x]({url}#intro) [y]({url}#gone) [z]({url})")
        assert "has no anchor #gone" in one(found, "broken-external-anchor").message
        assert server.asked("/page") == ["GET"]
        assert server.requests[0].headers["range"] == "bytes=0-1048575"

    @pytest.mark.parametrize("variant", ["json", "gzip", "leads-on", "part", "short", "empty"])
    def test_that_cannot_be_told(self, variant: str, check: Checker, server: Server) -> None:
        assert check(f"[x]({server.url(f'/page/{variant}')}#gone)") == []

    def test_in_a_range_that_is_all_there_is(self, check: Checker, server: Server) -> None:
        url = server.url("/page/whole")
        one(check(f"[x]({url}#gone) [y]({url}#intro)"), "broken-external-anchor")

    def test_in_a_huge_page(self, check: Checker, server: Server) -> None:
        url = server.url("/huge")
        assert check(f"[x]({url}#early) [y]({url}#late)") == []
        assert server.bytes_sent < 60_000_000

    def test_of_hostile_pages_are_found_in_linear_time(self) -> None:
        for piece in (
            "<a ",
            " id='",
            ' id="',
            "id=",
            " id" + " " * 50,
            "<!--",
            "<a name",
            "<meta ",
        ):
            text = piece * (1_000_000 // len(piece))
            anchors.page_anchors(text)

    def test_page_text_never_fails(self) -> None:
        assert anchors.page_text("ü".encode("latin-1"), "text/html; charset=latin-1") == "ü"
        assert anchors.page_text("ü".encode(), "text/html; charset=nonsense") == "ü"
        assert anchors.page_text(b"<meta charset=latin-1>\xfc", "text/html")[-1] == "ü"
        assert anchors.page_text(b"x", "text/html; charset=base64") == "x"


class TestLimits:
    def test_per_host(self, check: Checker) -> None:
        with Server(meeting=2) as server:
            lines = [f"[x]({server.url(f'/meet/{n}')})" for n in range(40)]
            assert check(*lines, external_per_host=2) == []
            assert len(server.requests) == 40
            assert server.most_at_once == 2

    def test_in_total(self, check: Checker) -> None:
        with Server(meeting=3) as server:
            lines = [f"[x]({server.url(f'/meet/{n}')})" for n in range(30)]
            assert check(*lines, external_per_host=9, external_concurrency=3) == []
            assert server.most_at_once == 3

    def test_the_queue_keeps_its_distance(self) -> None:
        queue: Queue[str] = Queue(per_host=2, interval=0.1)
        for job in ("a1", "a2", "a3"):
            queue.add("a", job)
        queue.add("b", "b1")
        assert queue.take(0.0) == ("a", "a1")
        assert queue.take(0.0) == ("b", "b1")
        assert queue.take(0.0) == 0.1
        assert queue.take(0.1) == ("a", "a2")
        assert queue.take(0.2) is None
        queue.release("a")
        queue.hold("a", 5.0)
        assert queue.take(0.3) == 5.0
        assert queue.take(5.0) == ("a", "a3")

    def test_public_hosts_are_asked_slowly(self, check: Checker) -> None:
        starts: list[float] = []

        def fetch(ask: Ask) -> Answer:
            starts.append(check.clock.now)
            return Answer(200)

        lines = [f"[x](https://one.example/{n})" for n in range(10)]
        check(*lines, fetch=fetch, external_allow_private=False, external_concurrency=1)
        gaps = [after - before for before, after in pairwise(starts)]
        assert min(gaps) > 0.0999

    def test_patience_counts_waits_at_one_time_once(self) -> None:
        patience = Patience(60.0)
        assert patience.allows("a", 40, 0)
        assert patience.allows("a", 40, 1)
        assert not patience.allows("a", 70, 2)
        assert patience.allows("b", 40, 2)

    def test_a_fault_of_our_own_is_not_swallowed(self, check: Checker) -> None:
        def fetch(ask: Ask) -> Answer:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            check("[x](https://one.example/)", fetch=fetch)


class TestPrivateAddresses:
    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001"]
    )
    def test_are_not_asked(self, host: str, check: Checker, server: Server) -> None:
        found = check(f"[x]({server.url('/ok', host)})", external_allow_private=False)
        finding = one(found, "private-address")
        assert finding.severity == "warning"
        assert "it was not asked" in finding.message
        assert server.connections == 0

    def test_not_after_a_redirect(self, check: Checker, server: Server) -> None:
        inside = Fetcher(5.0)

        def fetch(ask: Ask) -> Answer | Failure:
            if addresses.host_of(ask.address) == "public.example":
                return Answer(301, {"location": server.url("/ok")})
            return inside.fetch(ask)

        found = check("[x](http://public.example/)", fetch=fetch, external_allow_private=False)
        finding = one(found, "private-address")
        assert f"leads to {server.url('/ok')}" in finding.message
        assert finding.fix is None
        assert server.connections == 0

    def test_not_by_another_name(self, check: Checker, server: Server) -> None:
        def resolve(host: str, port: int) -> list[str]:
            return ["93.184.215.14", "127.0.0.1"]

        fetch = Fetcher(5.0, resolve=resolve).fetch
        found = check(f"[x]({server.url('/ok', 'rebound.example')})", fetch=fetch)
        one(found, "private-address")
        assert server.connections == 0

    def test_the_name_is_looked_up_once(self, check: Checker, server: Server) -> None:
        asked: list[str] = []

        def resolve(host: str, port: int) -> list[str]:
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["203.0.113.1"]

        fetch = Fetcher(5.0, allow_private=True, resolve=resolve).fetch
        assert check(f"[x]({server.url('/ok', 'twice.example')})", fetch=fetch) == []
        assert asked == ["twice.example"]
        assert server.requests[0].headers["host"] == f"twice.example:{server.port}"

    @pytest.mark.parametrize(
        "address",
        ["10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "0.0.0.0",
         "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
         "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1",
         "::ffff:8.8.8.8", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "nonsense"],
    )  # fmt: skip
    def test_which_are_private(self, address: str) -> None:
        assert not addresses.is_public(address)

    @pytest.mark.parametrize(
        "address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "64:ff9b::808:808"]
    )
    def test_which_are_public(self, address: str) -> None:
        assert addresses.is_public(address)


class TestCache:
    def test_nothing_is_asked_twice(self, check: Checker, server: Server, tmp_path: Path) -> None:
        lines = [
            f"[a]({server.url('/ok')}) [b]({server.url('/page')}#gone)",
            f"[c]({server.url('/status/404')}) [d]({server.url('/redirect/301?to=/ok/new')})",
        ]
        file = tmp_path / "cache" / "external.json"
        first = check(*lines, cache=Cache(file, 7))
        asked = len(server.requests)
        assert check(*lines, cache=Cache(file, 7)) == first
        assert len(server.requests) == asked
        check.clock.now += 2 * DAY
        assert check(*lines, cache=Cache(file, 7)) == first
        assert {r.target for r in server.requests[asked:]} == {"/status/404"}
        asked = len(server.requests)
        check.clock.now += 6 * DAY
        assert check(*lines, cache=Cache(file, 7)) == first
        assert {r.target for r in server.requests[asked:]} >= {"/ok", "/page"}

    def test_is_readable(self, check: Checker, server: Server, tmp_path: Path) -> None:
        file = tmp_path / "external.json"
        url = server.url("/page")
        check(f"[b]({url}#gone)", cache=Cache(file, 7))
        assert json.loads(file.read_text("utf-8"))["answers"] == {
            url: {
                "time": 1_800_000_000,
                "state": "good",
                "final": url,
                "status": 200,
                "moved_to": "",
                "reason": "",
                "anchors": {"gone": False},
                "private": True,
            }
        }
        assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["external.json"]

    def test_another_anchor_is_asked_for(
        self, check: Checker, server: Server, tmp_path: Path
    ) -> None:
        url, file = server.url("/page"), tmp_path / "external.json"
        check(f"[b]({url}#intro)", cache=Cache(file, 7))
        one(check(f"[b]({url}#gone)", cache=Cache(file, 7)), "broken-external-anchor")
        assert server.asked("/page") == ["GET", "GET"]

    def test_what_could_not_be_reached_is_not_kept(
        self, check: Checker, server: Server, tmp_path: Path
    ) -> None:
        file = tmp_path / "external.json"
        check(f"[b]({server.url('/garbage')})", cache=Cache(file, 7))
        assert not file.exists()

    def test_a_private_answer_counts_only_while_they_are_allowed(
        self, check: Checker, server: Server, tmp_path: Path
    ) -> None:
        file = tmp_path / "external.json"
        line = f"[b]({server.url('/ok')})"
        assert check(line, cache=Cache(file, 7)) == []
        found = check(line, cache=Cache(file, 7), external_allow_private=False)
        one(found, "private-address")

    def test_no_days_keep_nothing(self, check: Checker, server: Server, tmp_path: Path) -> None:
        file = tmp_path / "external.json"
        check(f"[b]({server.url('/ok')})", cache=Cache(file, 0))
        assert not file.exists()

    @pytest.mark.parametrize(
        "content",
        ["", "[]", "{", '{"version": 9}', '{"version": 1, "answers": 3}', "\udcff",
         '{"version": 1, "answers": {"u": {"state": "good"}, "v": 7}}',
         '{"version": 1, "answers": {"u": {"state": "good", "time": "x", "status": 1}}}'],
    )  # fmt: skip
    def test_a_broken_file_counts_as_empty(self, content: str, tmp_path: Path) -> None:
        file = tmp_path / "external.json"
        file.write_bytes(content.encode("utf-8", "surrogateescape"))
        cache = Cache(file, 7)
        assert cache.get("u", (), 0.0, allow_private=True) is None
        cache.put("w", Outcome(State.GOOD, "w", 200), 5.0)
        cache.save(5.0)
        assert Cache(file, 7).get("w", (), 6.0, allow_private=False) is not None

    def test_two_checks_at_once_lose_nothing(self, tmp_path: Path) -> None:
        file = tmp_path / "external.json"
        one_cache, other = Cache(file, 7), Cache(file, 7)
        for cache, address in ((one_cache, "u"), (other, "v")):
            cache.put(address, Outcome(State.GOOD, address, 200), 5.0)
            cache.save(5.0)
        both = Cache(file, 7)
        assert both.get("u", (), 6.0, allow_private=True)
        assert both.get("v", (), 6.0, allow_private=True)

    def test_an_answer_from_the_future_does_not_count(self, tmp_path: Path) -> None:
        cache = Cache(tmp_path / "external.json", 7)
        cache.put("u", Outcome(State.GOOD, "u", 200), 1000.0)
        assert cache.get("u", (), 5.0, allow_private=True) is None

    def test_where_it_lies(self, tmp_path: Path) -> None:
        own = {"BOOKPACK_CACHE": str(tmp_path), "XDG_CACHE_HOME": "/other"}
        assert cache_file(own) == tmp_path / "external.json"
        assert cache_file({"XDG_CACHE_HOME": "/c"}) == Path("/c/bookpack/external.json")
        usual = Path.home() / ".cache" / "bookpack" / "external.json"
        assert cache_file({"XDG_CACHE_HOME": "relative"}) == usual

    def test_a_folder_that_cannot_be_written(
        self, check: Checker, server: Server, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("x", "utf-8")
        cache = Cache(tmp_path / "file" / "external.json", 7)
        found = check(f"[b]({server.url('/status/404')})", cache=cache)
        one(found, "dead-external-link")
        assert "Cannot keep the answers" in cache.complaint

    def test_a_failed_write_leaves_the_old_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "external.json"
        cache = Cache(file, 7)
        cache.put("u", Outcome(State.GOOD, "u", 200), 5.0)
        cache.save(5.0)
        before = file.read_bytes()

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        cache.put("v", Outcome(State.GOOD, "v", 200), 5.0)
        cache.save(5.0)
        assert "No space left" in cache.complaint
        assert file.read_bytes() == before
        assert list(tmp_path.iterdir()) == [file]


class TestInterrupted:
    def test_stops_at_once_and_keeps_what_was_answered(
        self, check: Checker, server: Server, tmp_path: Path
    ) -> None:
        file = tmp_path / "external.json"

        def interrupt(step: str, done: int, total: int) -> None:
            raise KeyboardInterrupt

        lines = [f"[a]({server.url('/ok')})", f"[b]({server.url('/hang')})"]
        with pytest.raises(KeyboardInterrupt):
            check(*lines, cache=Cache(file, 7), progress=interrupt, external_timeout=600.0)
        assert list(json.loads(file.read_text("utf-8"))["answers"]) == [server.url("/ok")]

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
    def test_the_process_ends(self, make_book: MakeBook, server: Server, tmp_path: Path) -> None:
        book = make_book({"a.md": f"# A\n\n[b]({server.url('/hang')})\n"})
        options = ["--set", "links.external-allow-private=true"]
        options += ["--set", "links.external-timeout=600"]
        process = subprocess.Popen(
            [sys.executable, "-m", "bookpack", "check", str(book), "--external", *options],
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "BOOKPACK_CACHE": str(tmp_path / "cache")},
        )
        assert server.arrived.wait(60)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 130
        assert b"Interrupted" in errors


class TestCommandLine:
    def test_asks_only_when_told(
        self, make_book: MakeBook, bookpack: Run, server: Server, tmp_path: Path
    ) -> None:
        gone = server.url("/status/404")
        settings = f"{SETTINGS}\n[links]\nexternal-allow-private = true\n"
        book = make_book(
            {
                "a.md": f"# A\n\n[b]({gone})\n",
                "b.md": f"# B\n\n<!-- bookpack-ignore BP601 -->\n[b]({gone})\n",
                "c.md": f"# C\n\n[c](c2.md) and [d]({server.url('/redirect/301?to=/ok')})\n",
            },
            settings=settings,
        )
        env = {"BOOKPACK_CACHE": str(tmp_path / "cache")}
        assert "BP6" not in bookpack("check", book, env=env).stdout
        assert server.connections == 0
        run = bookpack("check", book, "--external", "--format", "json", env=env)
        assert (run.returncode, run.stderr) == (1, "")
        found = json.loads(run.stdout)
        assert [(f["code"], Path(f["path"]).name) for f in found] == [
            ("BP601", "a.md"),
            ("BP301", "c.md"),
            ("BP602", "c.md"),
        ]
        asked = len(server.requests)
        again = bookpack("check", book, "--external", "--format", "json", env=env)
        assert again.stdout == run.stdout
        assert len(server.requests) == asked
        left = bookpack("check", book, "--external", "--set", 'lint.ignore=["BP6"]', env=env)
        assert "BP6" not in left.stdout

    def test_tells_how_far_it_is(
        self, make_book: MakeBook, bookpack: Run, server: Server, tmp_path: Path
    ) -> None:
        book = make_book({"a.md": f"# A\n\n[b]({server.url('/ok')})\n"})
        run = bookpack(
            "check", book, "--external", "--set", "links.external-allow-private=true",
            env={"BOOKPACK_CACHE": str(tmp_path / "cache"), "BOOKPACK_PROGRESS_AFTER": "0"},
        )  # fmt: skip
        assert "asking 1 addresses …" in run.stderr
        assert run.returncode == 0

    def test_complains_where_nothing_can_be_kept(
        self, make_book: MakeBook, bookpack: Run, server: Server, tmp_path: Path
    ) -> None:
        book = make_book({"a.md": f"# A\n\n[b]({server.url('/ok')})\n"})
        (tmp_path / "file").write_text("x", "utf-8")
        run = bookpack(
            "check", book, "--external", "--set", "links.external-allow-private=true",
            env={"BOOKPACK_CACHE": str(tmp_path / "file")},
        )  # fmt: skip
        assert run.returncode == 0
        assert "Cannot keep the answers of other sites" in run.stderr

    @pytest.mark.parametrize(
        ("setting", "complaint"),
        [
            ("external-timeout=0", "must lie between 0.01 and 600"),
            ("external-timeout=true", "must be a number"),
            ("external-concurrency=1.5", "must be a whole number"),
            ("external-per-host=0", "must lie between 1 and 64"),
            ("external-cache-days=-1", "must lie between 0 and 3650"),
            ("external-ignore=3", "must be a list of strings"),
            ("external-allow-private='yes'", "must be true or false"),
            ("external-time-out=3", "Did you mean external-timeout?"),
        ],
    )
    def test_settings(self, setting: str, complaint: str, make_book: MakeBook) -> None:
        book = make_book({"a.md": "# A\n"})
        with pytest.raises(SettingsError, match="links") as caught:
            load_settings(book, overrides=(f"links.{setting}",))
        assert complaint in str(caught.value)

    def test_every_setting(self, make_book: MakeBook) -> None:
        table = (
            "[links]\nexternal-timeout = 3\nexternal-concurrency = 4\nexternal-per-host = 5\n"
            'external-cache-days = 0.5\nexternal-ignore = "https://one.example/*"\n'
            "external-allow-private = true\n"
        )
        links = load_settings(make_book({"a.md": "# A\n"}, settings=SETTINGS + table)).links
        assert (links.external_timeout, links.external_concurrency) == (3.0, 4)
        assert (links.external_per_host, links.external_cache_days) == (5, 0.5)
        assert links.external_ignore == ("https://one.example/*",)
        assert links.external_allow_private


class TestVisit:
    def test_needs_no_network(self) -> None:
        visit = Visit("https://one.example/", (), Patience())
        assert visit.ask == Ask("https://one.example/", "HEAD", 0)
        assert visit.take(Failure(Trouble.NO_ANSWER, "it hung up"), 0, 0) is not None
        assert visit.ask.method == "GET"
        assert visit.take(Failure(Trouble.NO_ANSWER, "it hung up"), 0, 0) is None
        assert visit.outcome is not None
        assert visit.outcome.state is State.UNREACHABLE
