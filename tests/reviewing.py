"""What tests of the review in a browser share: a book on its desk, a server, and who asks it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bookpack.config import load_settings
from bookpack.desks.pictures.describe import PictureDesk
from bookpack.desks.pictures.survey import survey
from bookpack.desks.review.apply import Desk
from bookpack.desks.review.suggestion import Draft, make_suggestions
from bookpack.desks.review.web.faces import About
from bookpack.desks.review.web.pictures import open_pictures
from bookpack.desks.review.web.queue import ReviewQueue
from bookpack.desks.review.web.server import ReviewServer
from bookpack.pipeline import check
from bookpack.source import Source, Span
from bookpack.system import cache_folder

CHANGES = {"teh": "the", "adn": "and", "recieve": "receive"}
REWRITE = ("A long sentence that nobody reads.", "Nobody reads this.")


def open_desk(folder: Path, by: str = "") -> Desk:
    """Return a desk with a suggestion for each wrong word in the chapters of `folder`."""
    suggestions, texts = [], {}
    for place in sorted((folder / "chapters").glob("*.md")):
        path = f"chapters/{place.name}"
        source = Source.from_bytes(path, place.read_bytes())
        drafts = []
        for before, after in [*CHANGES.items(), REWRITE]:
            start = source.text.find(before)
            while start >= 0:
                span = Span(start, start + len(before))
                alone = before == REWRITE[0]
                category = "rewrite" if alone else "spelling" if len(before) == 3 else "grammar"
                pattern = f"{before} → {after}"
                drafts.append(Draft("T1", category, span, after, pattern, "because", alone))
                start = source.text.find(before, start + 1)
        suggestions += make_suggestions("grammar", path, source.text, drafts)
        texts[path] = source.text
    return Desk(folder, suggestions, texts, by=by)


def open_queue(folder: Path, *, pictures: bool = False, **options: str) -> ReviewQueue:
    """Return the queue of the book in `folder`, with its descriptions where asked for."""
    desk = open_desk(folder)
    about = {one.suggestion.id: About(("harper",), 0.9) for one in desk.items}
    shown = None
    if pictures:
        settings = load_settings(folder, None, url=None, overrides=[f"{k}={v}" for k, v in
                                                                    options.items()])  # fmt: skip
        checked = check(settings, folder / "build")
        at = PictureDesk(checked.book.meta, checked.gallery, settings, cache_folder())
        shown = open_pictures(at, survey(checked.placed, {}))
    return ReviewQueue(desk, about, title="A Book", pictures=shown)


@dataclass
class Answer:
    """What the server said."""

    status: int
    headers: dict[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)


@dataclass
class Client:
    """The part of a browser: it knows the address and, once it has entered, a cookie."""

    url: str
    cookie: str = ""
    revision: int = 0
    entries: dict[str, Any] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @property
    def token_path(self) -> str:
        return "/?" + urlsplit(self.url).query

    def send(
        self, method: str, path: str, body: bytes | None = None, **headers: str | None
    ) -> Answer:
        """Send a request; a header that is given replaces ours, one that is None leaves it out."""
        sent: dict[str, str | None] = {"Host": f"127.0.0.1:{self.port}", "Cookie": self.cookie}
        if method == "POST":
            sent |= {
                "Origin": f"http://127.0.0.1:{self.port}",
                "Content-Type": "application/json",
                "X-Bookpack-Review": "1",
                "Content-Length": str(len(body or b"")),
            }
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders(body)
            answer: HTTPResponse = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str | None) -> Answer:
        return self.send("GET", path, **headers)

    def post(self, path: str, **body: Any) -> Answer:
        return self.send("POST", path, json.dumps({"revision": self.revision, **body}).encode())

    def enter(self) -> "Client":
        """Hand the token in, keep the cookie, and read the queue."""
        answer = self.get(self.token_path)
        assert (answer.status, answer.headers["location"]) == (303, "/"), answer
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        self.read()
        return self

    def read(self) -> dict[str, Any]:
        """Read the whole queue; return its entries by id."""
        told = self.get("/api/queue").json
        self.revision = told["revision"]
        self.entries = {one["id"]: one for one in told["entries"]}
        return self.entries

    def ids(self, **wanted: object) -> list[str]:
        """Return the ids of the entries with these values, in order."""
        return [
            name
            for name, one in self.entries.items()
            if all(one[key] == value for key, value in wanted.items())
        ]

    def decide(self, name: str, verdict: str, **more: Any) -> Answer:
        """Decide on one entry, knowing of everything up to now."""
        answer = self.post("/api/decide", id=name, verdict=verdict, **more)
        if answer.status == 200:
            self.revision = answer.json["queue"]["revision"]
        return answer


@contextmanager
def serving(queue: ReviewQueue) -> Iterator[Client]:
    """Serve a queue, and give somebody who has not entered yet."""
    server = ReviewServer(queue)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield Client(server.url)
    finally:
        server.close()
        thread.join(20)
        assert not thread.is_alive()
