"""The review in a browser, asked as a browser asks: who gets an answer, and what becomes of it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from bookpack.answers import State, parse_description
from bookpack.cli import web_review
from bookpack.desks.review.apply import Desk
from bookpack.desks.review.decisions import FILE, DecisionStore
from bookpack.desks.review.suggestion import Draft, make_suggestions
from bookpack.desks.review.web.faces import About
from bookpack.desks.review.web.guard import LARGEST_BODY
from bookpack.desks.review.web.queue import ReviewQueue
from bookpack.desks.review.web.server import ReviewServer
from bookpack.errors import SettingsError, WorldError
from bookpack.source import Source, Span
from conftest import PICTURE, SETTINGS, write_files
from model_server import ModelServer, says, status
from reviewing import REWRITE, Client, open_desk, open_queue, serving

ONE = "# One\n\nHere is teh oven adn its door.\r\nWe recieve teh guests.\n\n<b>teh</b> end\n"
TWO = f"# Two\n\nA teh here. {REWRITE[0]} An adn there.\n"
ALL = {"words": "", "state": "", "chapter": "", "category": "", "engine": ""}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return write_files(tmp_path / "book", {"chapters/1.md": ONE, "chapters/2.md": TWO})


@pytest.fixture
def client(book: Path) -> Iterator[Client]:
    with serving(open_queue(book)) as one:
        yield one.enter()


def text(book: Path, name: str = "1.md") -> str:
    return (book / "chapters" / name).read_bytes().decode()


def until(what: Callable[[], Any]) -> Any:
    """Wait until `what` gives something true, and return that."""
    deadline = time.monotonic() + 20
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


class TestWhoIsAnswered:
    def test_the_token_works_once(self, book: Path) -> None:
        with serving(open_queue(book)) as client:
            assert client.get("/").status == 403
            assert client.get("/?token=guessed").status == 403
            assert client.get("/?token=%ff%00").status == 403
            client.enter()
            page = client.get("/")
            assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
            other = Client(client.url)
            again = other.get(other.token_path)
            assert again.status == 403
            assert b"works once" in again.data
            # The window that is in is sent on, so that the terminal's link stays of use to it.
            assert client.get(client.token_path).headers["location"] == "/"

    def test_the_cookie_is_for_this_port_and_no_script(self, book: Path) -> None:
        with serving(open_queue(book)) as client:
            cookie = client.get(client.token_path).headers["set-cookie"]
        assert cookie.startswith(f"bookpack-review-{client.port}=")
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Path=/" in cookie

    @pytest.mark.parametrize("path", ["/", "/api/queue", "/api/entry?id=x", "/picture/x", "/none"])
    def test_nothing_is_told_without_the_cookie(self, client: Client, path: str) -> None:
        for cookie in ("", f"bookpack-review-{client.port}=", "x=y", client.cookie + "x"):
            assert client.get(path, Cookie=cookie).status == 403
        assert client.get("/api/queue", Cookie=f"a=b; {client.cookie}").status == 200

    @pytest.mark.parametrize(
        "host", ["example.com", "127.0.0.1", "127.0.0.1:1", "localhost.example.com", "[::1]", None]
    )
    def test_another_host_is_refused(self, client: Client, host: str | None) -> None:
        # A request without any is refused by the server itself.
        assert client.get("/api/queue", Host=host).status in (421, 400)
        assert client.get("/review.css", Host=host).status in (421, 400)

    def test_both_names_of_this_machine_are_answered(self, client: Client) -> None:
        assert client.get("/api/queue", Host=f"localhost:{client.port}").status == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": None},
            {"Origin": "null"},
            {"Origin": "https://example.com"},
            {"Origin": "http://127.0.0.1:1"},
            {"X_Bookpack_Review": None},
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site"},
            {"Cookie": ""},
        ],
    )
    def test_only_our_own_page_may_decide(
        self, client: Client, book: Path, headers: dict[str, str | None]
    ) -> None:
        body = b'{"id": "%s", "verdict": "accept", "revision": 9}' % client.ids()[0].encode()
        assert client.send("POST", "/api/decide", body, **headers).status == 403
        assert text(book) == ONE

    def test_a_form_is_refused(self, client: Client) -> None:
        for kind in ("text/plain", "application/x-www-form-urlencoded", None):
            assert client.send("POST", "/api/undo", b"{}", Content_Type=kind).status == 415

    def test_other_methods_do_nothing(self, client: Client) -> None:
        for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
            assert client.send(method, "/api/undo").status == 405
        assert client.get("/api/decide").status == 405
        assert client.post("/api/queue").status == 405

    def test_every_answer_has_a_policy(self, client: Client) -> None:
        paths = ["/", "/review.js", "/review.css", "/icon.svg", "/api/queue", "/none", "/picture/x"]
        for path in paths:
            headers = client.get(path).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cache-control"] == "no-store"
            assert "server" not in headers
        assert (
            "frame-ancestors 'none'"
            in client.get("/", Cookie="").headers["content-security-policy"]
        )

    def test_the_page_has_no_script_or_style_of_its_own(self, client: Client) -> None:
        page = client.get("/").data.decode()
        assert not re.search(r"<script(?![^>]* src=)|<style| style=| on\w+=|https?://", page)
        assert "in the terminal" in page.partition("<noscript>")[2].partition("</noscript>")[0]


class TestBadRequests:
    def test_a_body_that_is_too_large(self, client: Client) -> None:
        answer = client.send("POST", "/api/undo", b"{}", Content_Length=str(LARGEST_BODY + 1))
        assert answer.status == 413
        data = b"%x\r\n%s\r\n0\r\n\r\n" % (LARGEST_BODY + 1, b" " * (LARGEST_BODY + 1))
        chunked = {"Content_Length": None, "Transfer_Encoding": "chunked"}
        assert client.send("POST", "/api/undo", data, **chunked).status == 413

    @pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"1", b"[" * 100_000])
    def test_a_body_that_is_not_what_the_page_sends(self, client: Client, body: bytes) -> None:
        answer = client.send("POST", "/api/decide", body)
        assert answer.status == 400
        assert answer.json["error"].endswith(".")

    def test_parts_that_are_missing_or_of_another_kind(self, client: Client, book: Path) -> None:
        name = client.ids()[0]
        for body in (
            {},
            {"id": 1, "verdict": "accept"},
            {"id": name, "verdict": "accept", "revision": "many"},
            {"id": name, "verdict": "accept", "revision": True},
            {"id": name, "verdict": "burn"},
            {"id": name, "verdict": "edit"},
            {"id": name, "verdict": "accept", "text": "x"},
        ):
            assert client.post("/api/decide", **body).status == 400
        for body in (
            {"verdict": "accept", "ids": "all", "filter": ALL},
            {"verdict": "accept", "ids": [1], "filter": ALL},
            {"verdict": "accept", "ids": [name], "filter": [1]},
            {"verdict": "skip", "ids": [name], "filter": ALL},
        ):
            assert client.post("/api/bulk", **body).status == 400
        assert text(book) == ONE

    def test_unknown_names(self, client: Client) -> None:
        assert client.decide("unknown", "accept").status == 404
        assert client.get("/api/entry?id=unknown").status == 404
        assert client.get("/api/entry").status == 400
        asked = {"id": "unknown", "verdict": "approve", "seen": ""}
        assert client.post("/api/describe", **asked).status == 404
        for path in ("/picture/unknown", "/none", "/api/none", "/static/review.html"):
            assert client.get(path).status == 404

    @pytest.mark.parametrize(
        "path",
        [
            "/picture/..%2f..%2fbookpack.toml",
            "/picture/../../bookpack.toml",
            "/../bookpack.toml",
            "/%2e%2e/app.py",
            "//etc/passwd",
            "/picture/%00",
        ],
    )
    def test_no_path_leads_to_a_file(self, client: Client, path: str) -> None:
        assert client.get(path).status == 404


class TestDeciding:
    def test_the_queue_is_told_in_reading_order(self, client: Client) -> None:
        shown = [(one["path"], one["line"], one["before"]) for one in client.entries.values()]
        assert shown == [
            ("chapters/1.md", 3, "teh"),
            ("chapters/1.md", 3, "adn"),
            ("chapters/1.md", 4, "recieve"),
            ("chapters/1.md", 4, "teh"),
            ("chapters/1.md", 6, "teh"),
            ("chapters/2.md", 3, "teh"),
            ("chapters/2.md", 3, REWRITE[0]),
            ("chapters/2.md", 3, "adn"),
        ]
        details = client.get(f"/api/entry?id={client.ids()[1]}").json
        assert details["pieces"] == [
            ["=", "Here is teh oven "],
            ["-", "adn"],
            ["+", "and"],
            ["=", " its door.\nWe recieve teh guests."],
        ]
        assert (details["above"], details["below"]) == ("# One", "<b>teh</b> end")
        assert (details["why"], details["confidence"]) == ("because", 0.9)

    def test_accept_reject_skip_edit_and_open_again(self, client: Client, book: Path) -> None:
        first, second, third, fourth, *_ = client.ids()
        told = client.decide(first, "accept").json
        assert (told["said"], told["done"], told["refused"]) == ("Accepted.", 1, [])
        changed = {one["id"]: one["state"] for one in told["queue"]["entries"]}
        assert changed[first] == "accepted"
        assert client.decide(second, "reject").json["done"] == 1
        assert client.decide(third, "skip").json["done"] == 1
        assert client.decide(fourth, "edit", text="these\ndear").json["said"] == "Written."
        # Every line of the chapter but one ends with a line feed alone.
        wanted = ONE.replace("teh", "the", 1).replace("teh guests", "these\ndear guests")
        assert text(book) == wanted
        client.read()
        states = [one["state"] for one in client.entries.values()]
        assert states[:5] == ["accepted", "rejected", "skipped", "edited", "open"]
        assert client.decide(fourth, "accept").json["done"] == 1
        assert client.decide(first, "reopen").json["said"] == "Open again."
        assert client.decide(second, "reopen").json["done"] == 1
        assert text(book) == ONE.replace("teh guests", "the guests")
        assert [one["state"] for one in client.read().values()][:5] == [
            *("open", "open", "skipped", "accepted", "open")
        ]
        assert {one.decision for one in DecisionStore(book).read().latest.values()} == {
            *("undone", "skipped", "accepted")
        }

    def test_an_edit_that_changes_nothing_is_refused(self, client: Client, book: Path) -> None:
        told = client.decide(client.ids()[0], "edit", text="teh").json
        assert (told["done"], told["said"]) == (0, "Not done.")
        assert told["refused"] == [["chapters/1.md:3:9", "that is what stands there"]]
        assert text(book) == ONE

    def test_half_a_character_is_left_out(self, client: Client, book: Path) -> None:
        assert client.decide(client.ids()[0], "edit", text="th\ud800e <b>").json["done"] == 1
        assert "Here is the <b> oven" in text(book)

    def test_what_is_no_text_is_left_out(self, client: Client, book: Path) -> None:
        assert client.decide(client.ids()[0], "edit", text="t\x00h\x1b[31me\r\tx").json["done"] == 1
        assert "Here is the\n\tx oven" in text(book)

    def test_undo_takes_everything_back_one_after_the_other(
        self, client: Client, book: Path
    ) -> None:
        first, second, third, *_ = client.ids()
        client.decide(first, "accept")
        client.decide(first, "reject")
        client.decide(second, "edit", text="plus")
        client.decide(second, "accept")
        client.decide(third, "skip")
        seen = []
        while (told := client.post("/api/undo")).status == 200:
            seen.append((told.json["said"], text(book)))
        assert [said for said, _ in seen] == [
            "Undone: Skipped: recieve → receive.",
            "Undone: Accepted: adn → and.",
            "Undone: Written: adn → plus.",
            "Undone: Rejected: teh → the.",
            "Undone: Accepted: teh → the.",
        ]
        plus, accepted = ONE.replace("adn", "plus"), ONE.replace("teh", "the", 1)
        assert [now for _, now in seen[1:]] == [plus, ONE, accepted, ONE]
        assert told.json["error"] == "There is nothing to undo."
        assert {one["state"] for one in client.read().values()} == {"open"}

    def test_what_was_decided_on_something_older_is_refused(
        self, client: Client, book: Path
    ) -> None:
        other = Client(client.url, client.cookie)
        other.read()
        first, second, *_ = client.ids()
        assert client.decide(first, "reject").status == 200
        answer = other.decide(first, "accept")
        assert answer.status == 409
        assert "look at it again" in answer.json["error"]
        assert other.decide(second, "accept").status == 200  # which nobody has decided on
        assert text(book) == ONE.replace("adn", "and")
        other.read()
        assert other.decide(first, "accept").status == 200

    def test_many_at_once_get_in_nobodys_way(self, client: Client, book: Path) -> None:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda name: client.decide(name, "accept"), client.ids()))
        assert {one.status for one in answers} == {200}
        new = ONE.replace("teh", "the").replace("adn", "and").replace("recieve", "receive")
        assert text(book) == new
        assert REWRITE[1] in text(book, "2.md")


class TestAllOfAKind:
    def test_the_preview_shows_every_occurrence(self, client: Client, book: Path) -> None:
        asked = {"verdict": "accept", "ids": client.ids(before="teh"), "filter": ALL}
        told = client.post("/api/preview", **asked).json
        assert [one["place"] for one in told["occurrences"]] == [
            "chapters/1.md:3:9",
            "chapters/1.md:4:12",
            "chapters/1.md:6:4",
            "chapters/2.md:3:3",
        ]
        assert ["-", "teh"] in told["occurrences"][0]["pieces"]
        assert text(book) == ONE

    @pytest.mark.parametrize(
        ("wanted", "left"),
        [
            ({"category": "spelling", "chapter": "chapters/1.md"}, [2, 5, 6, 7]),
            ({"words": "RECIEVE"}, [0, 1, 3, 4, 5, 6, 7]),
            ({"engine": "model"}, [0, 1, 2, 3, 4, 5, 6, 7]),
            ({"state": "rejected"}, [0, 1, 2, 3, 4, 5, 6, 7]),
            ({"state": "open"}, [6]),
            ({}, [6]),
        ],
    )
    def test_only_what_matches_the_filter_and_never_a_rewrite(
        self, client: Client, wanted: dict[str, str], left: list[int]
    ) -> None:
        ids = client.ids()
        told = client.post("/api/bulk", verdict="accept", ids=ids, filter={**ALL, **wanted}).json
        assert told["done"] == len(ids) - len(left)
        client.read()
        assert client.ids(state="open") == [ids[place] for place in left]

    def test_only_what_was_shown_and_still_is_open(self, client: Client, book: Path) -> None:
        first, second, third, *_ = client.ids()
        before = client.revision
        client.decide(first, "skip")
        asked = {"verdict": "reject", "ids": [first, second, "unknown"], "filter": ALL}
        told = client.post("/api/bulk", **asked, revision=before).json
        assert (told["done"], told["said"]) == (1, "Rejected.")
        client.read()
        assert client.ids(state="rejected") == [second]
        assert client.entries[third]["state"] == "open"
        assert text(book) == ONE

    def test_undo_takes_all_of_them_back(self, client: Client, book: Path) -> None:
        told = client.post("/api/bulk", verdict="accept", ids=client.ids(), filter=ALL).json
        assert (told["done"], told["queue"]["undo"]) == (7, "Accepted: 7 suggestions")
        assert "teh" not in text(book)
        assert client.post("/api/undo").json["done"] == 1
        assert (text(book), text(book, "2.md")) == (ONE, TWO)
        assert {one["state"] for one in client.read().values()} == {"open"}


def test_of_a_group_one_can_win(book: Path) -> None:
    source = Source.from_bytes("chapters/1.md", (book / "chapters/1.md").read_bytes())
    span = Span(source.text.index("teh oven"), source.text.index(" adn"))
    rivals = [
        make_suggestions("grammar", source.path, source.text, [Draft("T1", "spelling", *rest)])[0]
        for rest in (
            (Span(span.start, span.start + 3), "the", "teh → the", "misspelt"),
            (span, "an oven", "teh oven → an oven", "not known yet"),
        )
    ]
    desk = Desk(book, rivals, {source.path: source.text})
    about = {one.id: About(("rules",), 0.8, "1") for one in rivals}
    with serving(ReviewQueue(desk, about)) as client:
        first, second = client.enter().ids()
        assert client.get(f"/api/entry?id={first}").json["rivals"] == [second]
        asked = {"verdict": "accept", "ids": [first, second], "filter": ALL}
        told = client.post("/api/preview", **asked).json
        assert ([one["id"] for one in told["occurrences"]], told["left"]) == ([first], 1)
        assert client.decide(second, "accept").json["done"] == 1
        assert client.read()[first]["state"] == "lost"
        assert client.decide(first, "accept").json["refused"]
        assert text(book) == ONE.replace("teh oven", "an oven")
        assert client.post("/api/undo").json["done"] == 1
        until(lambda: client.read()[first]["state"] == "open")
        assert text(book) == ONE


class TestOthers:
    def test_another_reviewers_decisions_are_seen(self, client: Client, book: Path) -> None:
        first, second, third, *_ = client.ids()
        other = open_desk(book, by="Miller")
        other.accept([other.items[0]])
        other.reject([other.items[1]])
        other.accept([other.items[2]], "get")

        def states() -> list[str]:
            return [client.read()[name]["state"] for name in (first, second, third)]

        until(lambda: states() == ["accepted", "rejected", "edited"])
        shown = client.get(f"/api/entry?id={third}").json
        assert ["+", "get"] in shown["pieces"]
        other.take_back(other.items[0])
        other.reopen([other.items[1]])
        until(lambda: states() == ["open", "open", "edited"])
        assert client.decide(third, "reopen").json["done"] == 1
        assert text(book) == ONE

    def test_a_window_hears_of_it_at_once(self, client: Client) -> None:
        connection = HTTPConnection("127.0.0.1", client.port, timeout=20)
        connection.request("GET", "/api/events", headers={"Cookie": client.cookie})
        stream = connection.getresponse()
        assert stream.getheader("content-type", "").startswith("text/event-stream")
        assert stream.readline() == f"data: {client.revision}\n".encode()
        stream.readline()
        client.decide(client.ids()[0], "skip")
        assert stream.readline() == f"data: {client.revision}\n".encode()
        connection.close()

    def test_a_chapter_that_is_written_meanwhile(self, client: Client, book: Path) -> None:
        first, second, third, *_ = client.ids()
        changed = "Added.\n\n" + ONE.replace("recieve", "get")
        (book / "chapters/1.md").write_bytes(changed.encode())
        assert client.decide(first, "accept").json["done"] == 1
        assert text(book) == changed.replace("teh", "the", 1)
        assert client.read()[third]["state"] == "lost"
        assert client.entries[second]["line"] == 5
        told = client.decide(third, "accept").json
        assert told["done"] == 0
        assert "place is no longer certain" in told["refused"][0][1]
        details = client.get(f"/api/entry?id={third}").json
        assert "its text has changed" in details["refused"]
        (book / "chapters/1.md").unlink()
        assert "chapter is gone" in client.decide(second, "accept").json["refused"][0][1]
        assert client.decide(second, "edit", text="x").json["done"] == 0
        assert client.get(f"/api/entry?id={second}").json["pieces"] == []
        (book / "chapters/1.md").write_bytes(ONE.encode())
        until(lambda: client.read()[third]["state"] == "open")
        assert client.decide(third, "accept").json["done"] == 1

    def test_undo_leaves_what_somebody_else_has_decided_on_since(
        self, client: Client, book: Path
    ) -> None:
        client.decide(client.ids()[0], "reject")
        other = open_desk(book)
        other.reopen([other.items[0]])
        other.accept([other.items[0]])
        told = client.post("/api/undo").json
        assert told["refused"][0][1] == "somebody has decided on it since"
        assert "Here is the oven" in text(book)

    def test_a_full_disk_loses_nothing(
        self, client: Client, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name = client.ids()[0]

        def fail(*arguments: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", fail)
            answer = client.decide(name, "accept")
            assert answer.status == 500
            assert "No space left on device" in answer.json["error"]
            asked = {"verdict": "accept", "ids": client.ids(), "filter": ALL}
            assert client.post("/api/bulk", **asked).status == 500
        assert text(book) == ONE
        assert client.read()[name]["state"] == "open"
        assert client.decide(name, "accept").json["done"] == 1
        assert text(book) == ONE.replace("teh", "the", 1)

    def test_a_reviewer_who_died_before_the_write_has_decided_nothing(
        self, client: Client, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def die(*arguments: object) -> None:
            raise KeyboardInterrupt

        other = open_desk(book)
        with monkeypatch.context() as patched:
            patched.setattr("bookpack.desks.review.apply.write_source", die)
            with pytest.raises(KeyboardInterrupt):
                other.accept([other.items[0]])
        assert len(DecisionStore(book).read().applied) == 1
        name = client.ids()[0]
        assert client.decide(name, "skip").json["done"] == 1
        client.read()
        assert client.decide(name, "accept").json["done"] == 1
        assert text(book) == ONE.replace("teh", "the", 1)

    def test_a_torn_line_and_a_conflict_in_the_store(self, client: Client, book: Path) -> None:
        first, second, *_ = client.ids()
        client.decide(first, "accept")
        store = book / FILE
        store.write_bytes(b"<<<<<<< ours\n" + store.read_bytes() + b'=======\n{"decision": "rej')
        assert client.decide(second, "accept").json["done"] == 1
        assert client.read()[first]["state"] == "accepted"
        assert client.decide(first, "reopen").json["done"] == 1
        assert text(book) == ONE.replace("adn", "and")

    def test_a_store_that_cannot_be_read_is_told(self, client: Client, book: Path) -> None:
        (book / "review").mkdir(exist_ok=True)
        (book / FILE).mkdir()
        until(lambda: client.get("/api/queue").json["trouble"])
        assert "Cannot read review/decisions.jsonl" in client.get("/api/queue").json["trouble"]
        (book / FILE).rmdir()
        until(lambda: not client.get("/api/queue").json["trouble"])


PHOTO = {"kind": "photo", "title": "A loaf", "alt": "A loaf.", "summary": "A loaf on a board."}
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60"><script>alert(1)</script>'
    '<rect width="90" height="60" fill="red"/></svg>'
)


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book with two pictures that are described offline."""
    folder = tmp_path_factory.mktemp("described")
    files = {"1.md": "# One\n\n![Loaf](loaf.svg)\n\nteh\n\n![](dot.png)\n", "loaf.svg": SVG}
    write_files(folder / "chapters", {**files, "dot.png": PICTURE})
    (folder / "bookpack.toml").write_text(SETTINGS, "utf-8")
    command = [sys.executable, "-m", "bookpack", "describe", str(folder), "--offline"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    # And one of another site, which nobody has fetched.
    with (folder / "chapters/1.md").open("a") as chapter:
        chapter.write("\n![](https://example.org/gone.png)\n")
    return folder


@pytest.fixture
def pictures(described: Path, tmp_path: Path) -> Path:
    """Return a copy of that book."""
    return Path(shutil.copytree(described, tmp_path / "book"))


def kept(book: Path, name: str) -> Any:
    (place,) = (book / "descriptions").glob(f"{name}-*.md")
    return parse_description(place.read_bytes())


class TestDescriptions:
    @staticmethod
    def act(client: Client, name: str, verdict: str, **words: str) -> Any:
        client.read()
        seen = client.entries[name]["seen"]
        return client.post("/api/describe", id=name, verdict=verdict, seen=seen, **words)

    def test_approve_save_skip_and_undo(self, pictures: Path) -> None:
        queue = open_queue(pictures, pictures=True)
        with serving(queue) as client:
            client.enter()
            loaf, dot, gone = client.ids(kind="description")
            before = kept(pictures, "loaf")
            assert client.get(f"/api/entry?id={loaf}").json["text"] == before.text
            words = {"title": "A  loaf\n", "alt": "Bread", "text": "One.\r\n\r\nTwo \ud800.\n"}
            assert self.act(client, loaf, "save", **words).json["said"] == "Saved."
            saved = kept(pictures, "loaf")
            assert (saved.title, saved.alt, saved.text) == ("A loaf", "Bread", "One.\n\nTwo .")
            assert (saved.edited, saved.state) == (True, State.OPEN)
            assert self.act(client, loaf, "approve").json["said"] == "Approved."
            assert kept(pictures, "loaf").state is State.REVIEWED
            assert client.read()[loaf]["state"] == "accepted"
            assert queue.sum_up() == (1, 2)
            assert self.act(client, dot, "approve", text="A dot.").status == 200
            assert (
                self.act(client, dot, "skip").json["queue"]["undo"] == "Skipped: chapters/dot.png"
            )
            for _ in range(4):
                assert client.post("/api/undo").json["done"] == 1
            assert kept(pictures, "loaf") == before
            assert not kept(pictures, "dot").touched
            assert queue.sum_up() == (0, 3)
            assert "never read" in self.act(client, gone, "save", text="Nothing.").json["error"]

    def test_what_says_nothing_is_not_approved(self, pictures: Path) -> None:
        with serving(open_queue(pictures, pictures=True)) as client:
            loaf, *_ = client.enter().ids(kind="description")
            before = kept(pictures, "loaf")
            nothing = {"title": "", "alt": " ", "text": "\n"}
            answer = self.act(client, loaf, "approve", **nothing)
            assert answer.status == 409
            assert answer.json["error"].startswith("Write something first, or mark it as decor")
            assert kept(pictures, "loaf") == before
            assert self.act(client, loaf, "save", **nothing).json["said"] == "Saved."
            assert "Write something first" in self.act(client, loaf, "approve").json["error"]
            (place,) = (pictures / "descriptions").glob("loaf-*.md")
            words = re.sub("(?m)^kind = .*\n", "", place.read_text("utf-8"))
            place.write_text(words.replace("+++\n", '+++\nkind = "decorative"\n', 1), "utf-8")
            # As soon as the review has seen what stands there now.
            said = until(lambda: self.act(client, loaf, "approve").json.get("said"))
            assert said == "Approved."

    def test_a_person_may_describe_what_nobody_has(self, pictures: Path) -> None:
        for place in (pictures / "descriptions").glob("*"):
            place.unlink()
        with serving(open_queue(pictures, pictures=True)) as client:
            loaf, *_ = client.enter().ids(kind="description")
            assert "write one first" in self.act(client, loaf, "approve").json["error"]
            assert self.act(client, loaf, "approve", text="A loaf.").status == 200
            assert (kept(pictures, "loaf").engine, kept(pictures, "loaf").text) == (
                "person",
                "A loaf.",
            )
            assert client.post("/api/undo").json["done"] == 1
            assert not list((pictures / "descriptions").glob("*.md"))

    def test_what_somebody_wrote_meanwhile_is_not_written_over(self, pictures: Path) -> None:
        with serving(open_queue(pictures, pictures=True)) as client:
            loaf, *_ = client.enter().ids(kind="description")
            (place,) = (pictures / "descriptions").glob("loaf-*.md")
            theirs = place.read_text("utf-8") + "\nTheirs.\n"
            place.write_text(theirs, "utf-8")
            asked = {"id": loaf, "verdict": "approve", "seen": client.entries[loaf]["seen"]}
            answer = client.post("/api/describe", **asked, text="Mine.")
            assert answer.status == 409
            assert "meanwhile" in answer.json["error"]
            assert place.read_text("utf-8") == theirs
            assert self.act(client, loaf, "approve", text="Both.").status == 200
            place.write_text(theirs, "utf-8")
            assert client.post("/api/undo").json["refused"][0][1].startswith("somebody has written")
            assert place.read_text("utf-8") == theirs

    def test_a_full_disk_leaves_a_description_that_can_be_had_back(
        self, pictures: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*arguments: object) -> None:
            raise WorldError("No space left on device.")

        with serving(open_queue(pictures, pictures=True)) as client:
            loaf, *_ = client.enter().ids(kind="description")
            before = kept(pictures, "loaf")
            with monkeypatch.context() as patched:
                patched.setattr("bookpack.desks.pictures.tend.approve", fail)
                answer = self.act(client, loaf, "approve", text="Mine.")
            assert (answer.status, answer.json["error"]) == (500, "No space left on device.")
            assert kept(pictures, "loaf").text == "Mine."
            assert client.post("/api/undo").json["done"] == 1
            assert kept(pictures, "loaf") == before

    def test_a_picture_is_drawn_anew_and_can_do_nothing(self, pictures: Path) -> None:
        with serving(open_queue(pictures, pictures=True)) as client:
            loaf, dot, gone = client.enter().ids(kind="description")
            for name in (loaf, dot):
                answer = client.get(f"/picture/{name}")
                assert answer.headers["content-type"] == "image/png"
                assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
                assert answer.data.startswith(b"\x89PNG")
                assert b"script" not in answer.data
            assert client.get(f"/picture/{gone}").status == 404
            assert client.get(f"/picture/{loaf}", Cookie="").status == 403

    def test_a_model_looks_again(self, pictures: Path) -> None:
        with ModelServer([says(PHOTO)]) as model:
            options = {"model.base-url": model.base_url, "model.name": "seeing-1"}
            queue = open_queue(pictures, pictures=True, **options)
            with serving(queue) as client:
                loaf, dot, _ = client.enter().ids(kind="description")
                before = kept(pictures, "loaf")
                assert self.act(client, loaf, "ask").json["said"].startswith("Asked.")
                until(lambda: client.read()[loaf]["after"] == "A loaf")
                assert kept(pictures, "loaf").engine == "model"
                assert client.get("/api/queue").json["undo"] == "Written: chapters/loaf.svg"
                assert client.post("/api/undo").json["done"] == 1
                assert kept(pictures, "loaf") == before
                self.act(client, dot, "approve")
                assert "A person has" in self.act(client, dot, "ask").json["error"]
                assert self.act(client, loaf, "burn").status == 400

    def test_why_a_model_gave_no_answer_is_one_sentence(self, pictures: Path) -> None:
        with ModelServer([status(401)]) as model:
            options = {"model.base-url": model.base_url, "model.name": "seeing-1"}
            with serving(open_queue(pictures, pictures=True, **options)) as client:
                loaf, *_ = client.enter().ids(kind="description")
                before = kept(pictures, "loaf")
                self.act(client, loaf, "ask")
                trouble = until(lambda: client.get(f"/api/entry?id={loaf}").json["trouble"])
                assert "401" in trouble or "key" in trouble
                assert not client.read()[loaf]["asking"]
                assert kept(pictures, "loaf") == before

    def test_without_a_model_nobody_is_asked(self, pictures: Path) -> None:
        with serving(open_queue(pictures, pictures=True)) as client:
            loaf, *_ = client.enter().ids(kind="description")
            assert "No model is set" in self.act(client, loaf, "ask").json["error"]
            client.read()
            asked = {"verdict": "accept", "ids": client.ids(), "filter": ALL}
            assert client.post("/api/bulk", **asked).json["done"] == 1  # the word, no picture


class TestCommand:
    @staticmethod
    def start(book: Path, *arguments: str) -> "tuple[subprocess.Popen[str], Client]":
        command = [sys.executable, "-m", "bookpack", "review", str(book), "--web", *arguments]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "it works in the first one that opens it" in line, process.communicate()
        return process, Client(process.stdout.readline().strip()).enter()

    def test_ctrl_c_ends_it_with_what_was_done(self, pictures: Path) -> None:
        process, client = self.start(pictures)
        (word,) = client.ids(before="teh")
        assert client.decide(word, "accept").json["done"] == 1
        loaf = client.ids(kind="description")[0]
        TestDescriptions.act(client, loaf, "approve")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")
        assert "1 description approved now, 2 open." in out
        assert out.endswith("1 accepted now, 0 rejected, 0 open.\n")
        assert "the" in text(pictures)

    def test_ctrl_c_ends_it_while_a_window_listens(self, pictures: Path) -> None:
        process, client = self.start(pictures, "--only", "grammar")
        listening = HTTPConnection("127.0.0.1", client.port, timeout=20)
        listening.request("GET", "/api/events", headers={"Cookie": client.cookie})
        stream = listening.getresponse()
        assert stream.readline().startswith(b"data:")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")
        # The book has no pictures on this desk, so that nothing is said of descriptions.
        assert out == "0 accepted now, 0 rejected, 1 open.\n"
        listening.close()

    @pytest.mark.parametrize(
        ("only", "kinds"),
        [("grammar", {"grammar"}), ("links", set()), ("descriptions", {"description"})],
    )
    def test_only_one_desk(self, pictures: Path, only: str, kinds: set[str]) -> None:
        process, client = self.start(pictures, "--only", only, "--quiet")
        assert {one["kind"] for one in client.entries.values()} == kinds
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 0

    def test_descriptions_are_not_for_the_terminal(self, pictures: Path, bookpack: Any) -> None:
        result = bookpack("review", pictures, "--only", "descriptions")
        assert (result.returncode, result.stdout) == (2, "")
        assert "add --web" in result.stderr

    def test_a_port_that_is_taken(self, book: Path) -> None:
        queue = open_queue(book)
        with serving(queue) as client, pytest.raises(WorldError, match="--port, or 0"):
            ReviewServer(queue, client.port)

    def test_a_missing_extra_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def find(name: str) -> ModuleSpec | None:
            return None if name == "uvicorn" else ModuleSpec(name, None)

        monkeypatch.setattr(web_review, "find_spec", find)
        with pytest.raises(SettingsError, match=re.escape('pip install ".[review]"')):
            web_review.check_extra()


def test_link_fixes_are_in_the_same_queue(make_book: Callable[..., Path]) -> None:
    book = make_book({
        "one.md": "# One\n\nSee [two](http://example.com/two/) adn teh oven.\n",
        "two.md": "# Two\n\nText.\n",
    }, SETTINGS)  # fmt: skip
    process, client = TestCommand.start(book)
    (link,) = client.ids(kind="link")
    assert client.entries[link]["engines"] == ["links"]
    assert client.decide(link, "accept").json["done"] == 1
    assert "(https://example.com/two/)" in text(book, "one.md")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert os.WIFEXITED(process.returncode)
