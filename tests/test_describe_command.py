"""`bookpack describe`: what is asked, what is kept, and what stays a person's own.

The command runs in a process of its own against a real server on loopback.
"""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from bookpack.answers import parse_description
from conftest import SETTINGS
from model_server import (
    ModelServer,
    Request,
    after,
    completion,
    cut_below,
    ok,
    says,
    status,
)
from picture_site import Reply, Site

Run = subprocess.CompletedProcess[str]
MakeBook = Callable[..., Path]
Bookpack = Callable[..., Run]

CHART = {
    "kind": "chart",
    "text": ["minute", "180"],
    "series": [{"name": "heat", "points": [{"x": "1", "y": "180", "exact": True}]}],
    "title": "Heat of the oven",
    "alt": "A line that rises to 180.",
    "summary": "The oven reaches 180 degrees after one minute and stays there.",
}
PHOTO = {
    "kind": "photo",
    "title": "A loaf",
    "alt": "A round loaf.",
    "summary": "A round loaf of bread lies on a wooden board beside a knife.",
}


def picture(number: int, format: str = "PNG", size: tuple[int, int] = (60, 40)) -> bytes:
    """Return a picture that differs from those of all other numbers."""
    image = Image.new("RGB", size, (number % 256, 120, 200))
    ImageDraw.Draw(image).line((0, 0, number % 60, 30), fill="black")
    data = io.BytesIO()
    image.save(data, format, lossless=True)
    return data.getvalue()


def descriptions(book: Path) -> dict[str, str]:
    """Return the files in the folder of descriptions, names without their hashes."""
    places = sorted((book / "descriptions").glob("*"))
    return {re.sub(r"-[0-9a-f]{12}", "", one.name): one.read_text("utf-8") for one in places}


def asked_for(request: Request) -> str:
    """Return the alternative text that the author gave the picture asked for."""
    return str(
        json.loads(request.messages[1]["content"][0]["text"])["places"][0].get(
            "alternative_text", ""
        )
    )


@pytest.fixture(scope="session")
def readings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where OCR keeps what it has read, by the hash of the pixels: once for all of these tests."""
    return tmp_path_factory.mktemp("readings")


@pytest.fixture
def cache(tmp_path: Path, readings: Path) -> Path:
    """A user's cache that holds nothing but readings."""
    return make_cache(tmp_path / "cache", readings)


def make_cache(place: Path, readings: Path) -> Path:
    place.mkdir()
    (place / "readings").symlink_to(readings)
    return place


@pytest.fixture
def describe(bookpack: Bookpack, cache: Path) -> Bookpack:
    """Return a function that runs the command with a server's address."""

    def run(book: Path, *arguments: str, server: ModelServer | None = None, **env: str) -> Run:
        address = [f"model.base-url={server.base_url}", "model.name=seeing-1"] if server else []
        given = [part for setting in address for part in ("--set", setting)]
        return bookpack(
            "describe", book, *given, *arguments, env={"BOOKPACK_CACHE": str(cache), **env}
        )

    return run


@pytest.fixture
def book(make_book: MakeBook) -> Path:
    return make_book(
        {
            "1-oven.md": "# The oven\n\nIt heats up.\n\n![Heat](img/heat.png)\n\nThen bake.\n",
            "2-loaf.md": "# The loaf\n\nSee ![](img/loaf.png) here.\n",
            "img/heat.png": picture(1),
            "img/loaf.png": picture(2),
        }
    )


def by_picture(request: Request) -> Any:
    return says(CHART if asked_for(request) == "Heat" else PHOTO)


class TestDescribing:
    def test_each_picture_is_asked_for_once_and_kept(self, book: Path, describe: Bookpack) -> None:
        with ModelServer(by_picture) as server:
            result = describe(book, server=server)
            assert (result.returncode, len(server.requests)) == (0, 2), result.stderr
            again = describe(book, server=server)
            assert (again.returncode, len(server.requests)) == (0, 2)
        kept = descriptions(book)
        assert list(kept) == ["heat.md", "loaf.md"]
        said = parse_description(kept["heat.md"].encode())
        assert (said.kind, said.title, said.engine, said.model) == (
            "chart", "Heat of the oven", "model", "seeing-1",
        )  # fmt: skip
        assert list(said.files) == ["chapters/img/heat.png"]
        assert said.usage == {
            "tokens-in": 100,
            "tokens-out": 20,
            "calls": 1,
            "answered-by": "model-of-the-server",
        }

    def test_the_model_learns_where_the_picture_stands(
        self, book: Path, describe: Bookpack
    ) -> None:
        with ModelServer(by_picture) as server:
            describe(book, server=server)
            told = next(r for r in server.requests if asked_for(r) == "Heat")
        place = json.loads(told.messages[1]["content"][0]["text"])["places"][0]
        assert place["headings"] == ["The oven"]
        assert (place["text_before"], place["text_after"]) == ("It heats up.", "Then bake.")

    def test_the_pack_says_what_the_model_said(
        self, book: Path, describe: Bookpack, bookpack: Bookpack
    ) -> None:
        with ModelServer(by_picture) as server:
            describe(book, server=server)
        assert bookpack("build", book).returncode == 0
        pack = (book / "build" / "book-packed.md").read_text("utf-8")
        assert (
            """
> **Figure: Heat of the oven** (https://example.com/img/heat.png)
> **Image description:** Chart: Heat of the oven. The oven reaches 180 degrees after one \
minute and stays there.
>
> Text in the picture, in reading order:
>
> - minute
> - 180
>
> | x | heat |
> | --- | --- |
> | 1 | 180 |

Then bake.
"""
            in pack
        )
        assert "See [Image: A round loaf.] here." in pack
        assert "Figures: 2 described by a model." in pack

    def test_one_picture_in_two_places_and_formats_is_one(
        self, make_book: MakeBook, describe: Bookpack
    ) -> None:
        book = make_book(
            {
                "1.md": "# A\n\n![one](a.png)\n\n![two](copy/b.png)\n\n![three](c.webp)\n",
                "a.png": picture(1),
                "copy/b.png": picture(1),
                "c.webp": picture(1, "WEBP"),
            }
        )
        with ModelServer([says(PHOTO)]) as server:
            describe(book, server=server)
            assert len(server.requests) == 1
        (kept,) = descriptions(book).values()
        assert sorted(parse_description(kept.encode()).files) == [
            "chapters/a.png", "chapters/c.webp", "chapters/copy/b.png",
        ]  # fmt: skip

    def test_decoration_is_not_asked_for(self, make_book: MakeBook, describe: Bookpack) -> None:
        book = make_book({"1.md": '# A\n\n<img src="a.png" alt="">\n', "a.png": picture(1)})
        with ModelServer([says(PHOTO)]) as server:
            assert describe(book, server=server).returncode == 0
            assert not server.requests

    def test_a_picture_that_moved_keeps_its_words(self, book: Path, describe: Bookpack) -> None:
        with ModelServer(by_picture) as server:
            describe(book, server=server)
            (book / "chapters/img/heat.png").rename(book / "chapters/warm.png")
            chapter = book / "chapters/1-oven.md"
            chapter.write_text(chapter.read_text().replace("img/heat.png", "warm.png"))
            assert describe(book, server=server).returncode == 0
            assert len(server.requests) == 2
        said = parse_description(descriptions(book)["heat.md"].encode())
        assert list(said.files) == ["chapters/warm.png"]

    def test_nothing_is_asked_without_a_model(self, book: Path, describe: Bookpack) -> None:
        result = describe(book)
        assert result.returncode == 2
        assert "No model is set" in result.stderr
        assert "--offline" in result.stderr

    def test_only_some(self, book: Path, describe: Bookpack) -> None:
        with ModelServer(by_picture) as server:
            describe(book, "--only", "loaf.*", server=server)
        assert list(descriptions(book)) == ["loaf.md"]

    def test_a_name_may_hold_brackets(self, make_book: MakeBook, describe: Bookpack) -> None:
        book = make_book({"1.md": "# A\n\n![x](<a [1].png>)\n", "a [1].png": picture(1)})
        with ModelServer([says(PHOTO)]) as server:
            assert describe(book, "--only", "a [1].png", server=server).returncode == 0
            assert len(server.requests) == 1

    def test_a_dry_run_asks_nothing(self, book: Path, describe: Bookpack) -> None:
        with ModelServer(by_picture) as server:
            result = describe(
                book, "--dry-run", "--set", "model.price-in=2", "--set", "model.price-out=10",
                server=server,
            )  # fmt: skip
            assert not server.requests
        assert "not described: chapters/img/heat.png" in result.stdout
        cost = re.search(
            r"2 pictures would be asked for: .*; at most (0\.\d{4}) USD", result.stdout
        )
        assert cost is not None
        assert float(cost[1]) > 0
        assert descriptions(book) == {}


class TestPersons:
    """What a person has touched stays."""

    def edit(self, book: Path, name: str, old: str, new: str) -> Path:
        (place,) = (book / "descriptions").glob(f"{name}-*.md")
        text = place.read_text("utf-8")
        assert old in text
        place.write_text(text.replace(old, new), "utf-8")
        return place

    def test_an_edited_text_is_never_asked_for_again(self, book: Path, describe: Bookpack) -> None:
        with ModelServer(by_picture) as server:
            describe(book, server=server)
            place = self.edit(book, "heat", "stays there", "falls again")
            edited = place.read_bytes()
            describe(book, "--refresh", "--set", "model.name=seeing-2", server=server)
            assert len(server.requests) == 3  # the loaf, untouched, by another model
        assert place.read_bytes() == edited

    def test_an_edited_text_survives_a_change_of_the_picture(
        self, book: Path, describe: Bookpack, bookpack: Bookpack
    ) -> None:
        with ModelServer(by_picture) as server:
            describe(book, server=server)
            place = self.edit(book, "heat", "stays there", "falls again")
            edited = place.read_bytes()
            (book / "chapters/img/heat.png").write_bytes(picture(3))
            describe(book, "--refresh", server=server)
            assert len(server.requests) == 2
            assert place.read_bytes() == edited
            check = bookpack("check", book)
            assert "BP708 description-of-another-version" in check.stdout
            # The person looks, and approves it for the picture as it is now.
            assert describe(book, "--approve", "heat.png").returncode == 0
        assert "BP708" not in bookpack("check", book).stdout
        (now,) = (book / "descriptions").glob("heat-*.md")
        assert now.name != place.name
        assert "falls again" in now.read_text("utf-8")

    def test_a_changed_picture_is_asked_for_again_only_with_refresh(
        self, book: Path, describe: Bookpack
    ) -> None:
        with ModelServer(by_picture) as server:
            describe(book, server=server)
            (book / "chapters/img/heat.png").write_bytes(picture(3))
            left = describe(book, server=server)
            assert len(server.requests) == 2
            assert re.search(r"changed since +1\n", left.stdout)
            describe(book, "--refresh", server=server)
            assert len(server.requests) == 3
        assert list(descriptions(book)) == ["heat.md", "loaf.md"]

    def test_locked_wants_every_description_approved(
        self, book: Path, describe: Bookpack, bookpack: Bookpack
    ) -> None:
        assert bookpack("build", book, "--locked").returncode == 1
        with ModelServer(by_picture) as server:
            describe(book, server=server)
        locked = bookpack("build", book, "--locked")
        assert locked.returncode == 1
        assert locked.stderr.count("error BP711") == 2
        tried = describe(book, "--approve", "all", "--dry-run")
        assert tried.stdout.endswith("2 descriptions would be approved.\n")
        approved = describe(book, "--approve", "all")
        assert approved.stdout.endswith("2 descriptions approved.\n")
        assert describe(book, "--approve", "all").stdout == "0 descriptions approved.\n"
        assert bookpack("build", book, "--locked").returncode == 0

    def test_what_says_nothing_is_not_approved(self, book: Path, describe: Bookpack) -> None:
        with ModelServer(by_picture) as server:
            describe(book, server=server)
        (place,) = (book / "descriptions").glob("loaf-*.md")
        head, _, _ = place.read_text("utf-8").rpartition("+++")
        head = re.sub(r"(?m)^(title|alt) = .*\n", "", head)
        place.write_text(f"{head}+++\n", "utf-8")
        result = describe(book, "--approve", "all")
        assert (result.returncode, result.stdout.splitlines()[-1]) == (1, "1 description approved.")
        assert f"descriptions/{place.name} says nothing and is not approved." in result.stderr
        assert "mark the picture as decoration" in result.stderr

    def test_unused_descriptions_are_reported_and_pruned(
        self, book: Path, describe: Bookpack, bookpack: Bookpack
    ) -> None:
        with ModelServer(by_picture) as server:
            describe(book, server=server)
        (book / "chapters/2-loaf.md").write_text("# The loaf\n")
        # A draft may show it: it goes only when the picture has gone.
        assert "0 descriptions removed." in describe(book, "--prune").stdout
        (book / "chapters/img/loaf.png").unlink()
        assert "BP709 unused-description" in bookpack("check", book).stdout
        tried = describe(book, "--prune", "--dry-run")
        assert tried.stdout.endswith("1 description would be removed.\n")
        assert list(descriptions(book)) == ["heat.md", "loaf.md"]
        result = describe(book, "--prune")
        assert result.stdout.endswith("1 description removed.\n")
        assert list(descriptions(book)) == ["heat.md"]

    def test_pruning_leaves_what_a_person_wrote_for_a_draft(
        self, book: Path, describe: Bookpack
    ) -> None:
        with ModelServer(by_picture) as server:
            describe(book, server=server)
        self.edit(book, "loaf", "wooden board", "board of beech")
        (book / "chapters/2-loaf.md").write_text("---\ndraft: true\n---\n# The loaf\n")
        assert "0 descriptions removed." in describe(book, "--prune").stdout
        assert list(descriptions(book)) == ["heat.md", "loaf.md"]

    def test_an_approval_that_has_no_place_loses_nothing(
        self, book: Path, describe: Bookpack
    ) -> None:
        with ModelServer(by_picture) as server:
            describe(book, server=server)
            place = self.edit(book, "heat", "stays there", "falls again")
            (book / "chapters/img/heat.png").write_bytes(picture(3))
            describe(book, "--only", "heat.png", "--approve", "all")
            (approved,) = (book / "descriptions").glob("heat-*.md")
            assert approved.name != place.name
            # Back to the former picture, whose place a merge has spoiled.
            (book / "chapters/img/heat.png").write_bytes(picture(1))
            place.write_text("<<<<<<< ours\n")
            result = describe(book, "--approve", "all")
        assert result.returncode == 3
        assert "cannot be read; mend or delete it first" in result.stderr
        assert "falls again" in approved.read_text("utf-8")

    def test_two_pictures_that_were_one_are_both_approved(
        self, make_book: MakeBook, describe: Bookpack, bookpack: Bookpack
    ) -> None:
        book = make_book(
            {"1.md": "# A\n\n![a](a.png)\n\n![b](b.png)\n"}
            | {"a.png": picture(1), "b.png": picture(1)}
        )
        with ModelServer([says(PHOTO)]) as server:
            describe(book, server=server)
            self.edit(book, "a", "wooden board", "board of beech")
            (book / "chapters/a.png").write_bytes(picture(2))
            (book / "chapters/b.png").write_bytes(picture(3))
            result = describe(book, "--approve", "all")
        assert result.stdout.endswith("2 descriptions approved.\n"), result.stderr
        assert len(descriptions(book)) == 2
        assert bookpack("build", book, "--locked").returncode == 0

    def test_a_text_for_another_version_says_so_in_the_pack(
        self, book: Path, describe: Bookpack, bookpack: Bookpack
    ) -> None:
        with ModelServer(by_picture) as server:
            describe(book, server=server)
        self.edit(book, "heat", "stays there", "falls again")
        (book / "chapters/img/heat.png").write_bytes(picture(3))
        bookpack("build", book)
        pack = (book / "build/book-packed.md").read_text("utf-8")
        assert "This was written for another version of the picture." in pack

    def test_an_empty_description_is_none(
        self, book: Path, describe: Bookpack, bookpack: Bookpack
    ) -> None:
        with ModelServer(by_picture) as server:
            describe(book, server=server)
        for place in (book / "descriptions").iterdir():
            head = place.read_text("utf-8").rpartition("+++\n")[0]
            place.write_text(f"{head}+++\n", "utf-8")
        describe(book, "--approve", "all")
        locked = bookpack("build", book, "--locked")
        assert locked.returncode == 1
        assert "says nothing about img/heat.png" in locked.stderr

    def test_films_need_no_description(self, make_book: MakeBook, bookpack: Bookpack) -> None:
        book = make_book({"1.md": "# A\n\n![A film](a.mp4)\n", "a.mp4": "film"})
        assert bookpack("build", book, "--locked").returncode == 0

    def test_of_two_files_for_one_picture_the_persons_counts(
        self, book: Path, describe: Bookpack, bookpack: Bookpack
    ) -> None:
        with ModelServer(by_picture) as server:
            describe(book, server=server)
        (place,) = (book / "descriptions").glob("heat-*.md")
        own = place.read_text("utf-8").replace("stays there", "stays there all day")
        (book / "descriptions/zz-000000000000.md").write_text(own, "utf-8")
        bookpack("build", book)
        assert "stays there all day" in (book / "build/book-packed.md").read_text("utf-8")
        assert "BP712 rival-descriptions" in bookpack("check", book).stdout


class TestFaults:
    def test_a_cut_answer_is_never_kept(self, book: Path, describe: Bookpack) -> None:
        with ModelServer([cut_below(10**9)]) as server:
            result = describe(book, server=server)
        assert result.returncode == 1
        assert descriptions(book) == {}
        assert "chapters/img/heat.png and 1 more: not described." in result.stderr

    def test_one_that_fails_costs_the_others_nothing(self, book: Path, describe: Bookpack) -> None:
        def script(request: Request) -> Any:
            return status(400) if asked_for(request) == "Heat" else says(PHOTO)

        with ModelServer(script) as server:
            result = describe(book, server=server)
        assert result.returncode == 1
        assert list(descriptions(book)) == ["loaf.md"]
        assert "chapters/img/heat.png: not described." in result.stderr

    def test_a_wrong_key_stops_with_one_sentence(self, book: Path, describe: Bookpack) -> None:
        with ModelServer([status(401)]) as server:
            result = describe(book, server=server, OPENAI_API_KEY="secret-key-123")
        assert result.returncode == 1
        assert "Traceback" not in result.stderr
        assert "secret-key-123" not in result.stdout + result.stderr

    def test_no_server_at_all(self, book: Path, describe: Bookpack) -> None:
        with ModelServer([ok]) as server:
            address = server.base_url
        result = describe(
            book, "--set", f"model.base-url={address}", "--set", "model.name=x",
            "--set", "model.attempts=1",
        )  # fmt: skip
        assert result.returncode == 1
        assert "Traceback" not in result.stderr
        assert descriptions(book) == {}

    def test_unreadable_pictures_are_reported_and_not_sent(
        self, make_book: MakeBook, describe: Bookpack, bookpack: Bookpack
    ) -> None:
        book = make_book(
            {"1.md": "# A\n\n![no](a.png) ![yes](b.png)\n", "a.png": "text", "b.png": picture(1)}
        )
        with ModelServer([says(PHOTO)]) as server:
            describe(book, server=server)
            assert len(server.requests) == 1
        check = bookpack("check", book)
        assert "chapters/1.md:3:1: error BP701 unreadable-image: The picture a.png" in check.stdout

    def test_a_folder_that_leads_out_of_the_book_is_refused(
        self, book: Path, describe: Bookpack, tmp_path: Path
    ) -> None:
        (tmp_path / "elsewhere").mkdir()
        (book / "descriptions").symlink_to(tmp_path / "elsewhere")
        with ModelServer(by_picture) as server:
            result = describe(book, server=server)
            assert not server.requests
        assert result.returncode == 2
        assert "is a link out of the book" in result.stderr

    def test_nothing_is_asked_where_nothing_can_be_kept(
        self, book: Path, describe: Bookpack
    ) -> None:
        (book / "descriptions").write_text("a file")
        with ModelServer(by_picture) as server:
            result = describe(book, server=server)
            assert not server.requests
        assert result.returncode == 3
        assert "Cannot write to" in result.stderr

    def test_a_budget_stops_before_it_is_broken(self, book: Path, describe: Bookpack) -> None:
        with ModelServer(by_picture) as server:
            result = describe(book, "--set", "model.budget-tokens=100", server=server)
            assert not server.requests
        assert result.returncode == 1
        assert "budget" in result.stderr

    def test_a_description_that_cannot_be_read_is_left_alone(
        self, book: Path, describe: Bookpack, bookpack: Bookpack
    ) -> None:
        with ModelServer(by_picture) as server:
            describe(book, server=server)
            (place,) = (book / "descriptions").glob("heat-*.md")
            place.write_text("<<<<<<< ours\n" + place.read_text())
            damaged = place.read_bytes()
            result = describe(book, server=server)
            # An answer that could not be kept would have been paid for.
            assert len(server.requests) == 2
        assert result.returncode == 1
        assert f"Its description {place.name} cannot be read; mend or delete" in result.stderr
        assert place.read_bytes() == damaged
        assert "BP710 unreadable-description" in bookpack("check", book).stdout

    def test_one_that_somebody_renamed_is_named(
        self, book: Path, describe: Bookpack, bookpack: Bookpack
    ) -> None:
        describe(book, "--offline")
        (place,) = (book / "descriptions").glob("heat-*.md")
        place.rename(place.with_name("heat.md"))
        (book / "descriptions" / "README.md").write_text("Words for the pictures.\n")
        found = bookpack("check", book).stdout
        assert "descriptions/heat.md:1:1: error BP710 unreadable-description" in found
        assert f"only read under a name with its hash: {place.name}." in found
        assert "README" not in found


def start(book: Path, server: ModelServer, cache: Path, *settings: str) -> "subprocess.Popen[str]":
    given = [f"model.base-url={server.base_url}", "model.name=seeing-1", *settings]
    return subprocess.Popen(
        [sys.executable, "-m", "bookpack", "describe", str(book)]
        + [part for setting in given for part in ("--set", setting)],
        env={**os.environ, "BOOKPACK_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def many(make_book: MakeBook, count: int) -> Path:
    names = [f"p{number:03}.png" for number in range(count)]
    text = "".join(f"\n![{name}]({name})\n" for name in names)
    files: Mapping[str, str | bytes] = {
        "1.md": f"# A\n{text}", **{name: picture(n) for n, name in enumerate(names)}
    }  # fmt: skip
    return make_book(files)


class TestElsewhere:
    """Pictures on other sites are fetched, by this command alone."""

    def test_one_is_fetched_once_and_described(
        self, make_book: MakeBook, describe: Bookpack
    ) -> None:
        with Site({"/loaf.png": Reply(picture(4))}) as site:
            address = site.url("/loaf.png")
            book = make_book({"1.md": f"# A\n\n![A loaf]({address})\n"})
            allowed = ("--set", "images.allow-private=true")
            with ModelServer([says(PHOTO)]) as server:
                assert describe(book, *allowed, server=server).returncode == 0
                assert describe(book, *allowed, server=server).returncode == 0
                assert (len(server.requests), len(site.requests)) == (1, 1)
            (kept,) = descriptions(book).values()
            assert list(parse_description(kept.encode()).files) == [address]

    def test_its_bytes_are_remembered(self, make_book: MakeBook, describe: Bookpack) -> None:
        with Site({"/loaf.png": Reply(picture(4))}) as site:
            book = make_book({"1.md": f"# A\n\n![A loaf]({site.url('/loaf.png')})\n"})
            allowed = ("--set", "images.allow-private=true")
            with ModelServer([says(PHOTO)]) as server:
                describe(book, *allowed, server=server)
                before = descriptions(book)
                describe(book, *allowed, server=server)
        assert descriptions(book) == before

    def test_one_that_becomes_another_gets_its_words(
        self, make_book: MakeBook, describe: Bookpack, bookpack: Bookpack
    ) -> None:
        replies = {"/loaf.png": Reply(picture(4))}
        with Site(replies) as site, ModelServer(by_picture) as server:
            text = f"# A\n\n![Heat](heat.png)\n\n![A loaf]({site.url('/loaf.png')})\n"
            book = make_book({"1.md": text, "heat.png": picture(1)})
            allowed = ("--set", "images.allow-private=true")
            describe(book, *allowed, server=server)
            replies["/loaf.png"] = Reply(picture(1))
            describe(book, *allowed, "--refresh", server=server)
            assert len(server.requests) == 2
            bookpack("build", book)
        pack = (book / "build/book-packed.md").read_text("utf-8")
        assert pack.count("> **Figure: Heat of the oven**") == 2
        assert "A round loaf of bread" not in pack

    def test_private_addresses_are_refused_and_said(
        self, make_book: MakeBook, describe: Bookpack
    ) -> None:
        book = make_book({"1.md": "# A\n\n![A loaf](http://127.0.0.1:9/loaf.png)\n"})
        with ModelServer([says(PHOTO)]) as server:
            result = describe(book, server=server)
            assert not server.requests
        assert result.returncode == 1
        assert "http://127.0.0.1:9/loaf.png: not described." in result.stderr
        assert "allow-private" in result.stderr


def answered(server: ModelServer, batch: str, value: Any) -> None:
    """Let a batch end with the same answer to everything that it asks."""
    lines = [
        {
            "custom_id": asked["custom_id"],
            "response": {"status_code": 200, "body": completion(value)},
            "error": None,
        }
        for asked in server.asked_in(batch)
    ]
    server.finish_batch(batch, lines)


class TestBatch:
    def test_it_is_submitted_in_one_run_and_collected_in_another(
        self, book: Path, describe: Bookpack
    ) -> None:
        with ModelServer() as server:
            submitted = describe(book, "--batch", server=server)
            assert "2 pictures submitted as a batch." in submitted.stdout, submitted.stderr
            assert "batch.json" in descriptions(book)
            waiting = describe(book, "--batch", server=server)
            assert "The batch is under way: 0 of 2 pictures done." in waiting.stdout
            answered(server, "batch_1", PHOTO)
            # Whatever was submitted is collected, whatever this run is about.
            ended = describe(book, "--batch", "--only", "heat.png", server=server)
            assert "The batch of 2 pictures has ended." in ended.stdout, ended.stderr
            assert len(server.batches) == 1
        assert list(descriptions(book)) == ["heat.md", "loaf.md"]

    def test_nothing_is_asked_twice_while_a_batch_is_under_way(
        self, book: Path, describe: Bookpack
    ) -> None:
        (book / "descriptions").mkdir()
        (book / "descriptions" / "batch.json").write_text("{}")
        with ModelServer(by_picture) as server:
            result = describe(book, server=server)
            assert not server.requests
        assert result.returncode == 2
        assert "A batch is under way" in result.stderr


class TestEndings:
    @pytest.mark.parametrize("answers", [1, 7, 30, 60])
    def test_a_killed_run_loses_at_most_what_was_on_its_way(
        self, make_book: MakeBook, cache: Path, answers: int
    ) -> None:
        book = many(make_book, 80)
        concurrency = 8
        with ModelServer([after(0.005, says(PHOTO))]) as server:
            process = start(book, server, cache, f"model.concurrency={concurrency}")
            deadline = time.monotonic() + 60
            while len(server.requests) < answers and process.poll() is None:
                assert time.monotonic() < deadline
                time.sleep(0.001)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            sent = len(server.requests)
            kept = sorted((book / "descriptions").glob("p*.md"))
            for place in kept:
                assert parse_description(place.read_bytes()).title == "A loaf"
            # Answered ones that were not written yet are among those on their way.
            # Four more than run at once are taken up at a time.
            assert sent - len(kept) <= concurrency + 4
            server.requests.clear()
            rest = start(book, server, cache)
            _, error = rest.communicate()
            assert rest.returncode == 0, error
            assert len(server.requests) == 80 - len(kept)
        assert len(list((book / "descriptions").iterdir())) == 80

    def test_an_interrupted_run_keeps_every_answer(self, make_book: MakeBook, cache: Path) -> None:
        book = many(make_book, 40)
        with ModelServer([after(0.05, says(PHOTO))]) as server:
            process = start(book, server, cache, "model.concurrency=2")
            deadline = time.monotonic() + 60
            while len(server.requests) < 6:
                assert time.monotonic() < deadline
                time.sleep(0.005)
            process.send_signal(signal.SIGINT)
            _, error = process.communicate()
        assert process.returncode == 130
        assert "Interrupted." in error
        assert "Traceback" not in error
        # Six requests came in, two at a time, so four were answered; the fourth may be on its way.
        assert 3 <= len(list((book / "descriptions").glob("p*.md"))) < 40

    def test_two_runs_at_once_do_not_hurt_each_other(
        self, make_book: MakeBook, tmp_path: Path, readings: Path
    ) -> None:
        book = many(make_book, 30)
        with ModelServer([after(0.01, says(PHOTO))]) as server:
            caches = [make_cache(tmp_path / f"cache{n}", readings) for n in range(2)]
            runs = [start(book, server, one) for one in caches]
            for run in runs:
                _, error = run.communicate()
                assert run.returncode == 0, error
            asked = len(server.requests)
        places = list((book / "descriptions").iterdir())
        assert len(places) == 30
        assert asked == 30
        assert all(parse_description(place.read_bytes()).title == "A loaf" for place in places)


class TestOffline:
    def test_what_the_file_tells_is_kept_and_gives_way_to_a_model(
        self, book: Path, describe: Bookpack
    ) -> None:
        result = describe(book, "--offline")
        assert result.returncode == 0, result.stderr
        said = parse_description(descriptions(book)["heat.md"].encode())
        assert said.engine == "offline"
        assert "Not described by a model." in said.text
        with ModelServer(by_picture) as server:
            describe(book, server=server)
            assert len(server.requests) == 2
        assert parse_description(descriptions(book)["heat.md"].encode()).engine == "model"

    def test_it_never_replaces_what_a_model_said(self, book: Path, describe: Bookpack) -> None:
        with ModelServer(by_picture) as server:
            describe(book, server=server)
        before = descriptions(book)
        describe(book, "--offline", "--refresh")
        assert descriptions(book) == before

    def test_a_build_needs_neither_it_nor_a_network(self, book: Path, bookpack: Bookpack) -> None:
        assert bookpack("build", book).returncode == 0
        pack = (book / "build" / "book-packed.md").read_text("utf-8")
        assert "Not described by a model. A PNG picture of 60 × 40 pixels" in pack
        assert not (book / "descriptions").exists()


class TestSheet:
    def test_it_shows_every_picture_beside_its_words(self, book: Path, describe: Bookpack) -> None:
        with ModelServer(by_picture) as server:
            describe(book, server=server)
        result = describe(book, "--sheet", str(book.parent / "sheet.html"))
        assert result.returncode == 0, result.stderr
        page = (book.parent / "sheet.html").read_text("utf-8")
        assert "Heat of the oven" in page
        assert page.count("data:image/") == 2
        assert "BP711" in page

    def test_it_never_writes_over_anything_else(self, book: Path, describe: Bookpack) -> None:
        chapter = book / "chapters/1-oven.md"
        text = chapter.read_bytes()
        result = describe(book, "--sheet", str(chapter))
        assert result.returncode == 2
        assert "is there and no contact sheet" in result.stderr
        assert chapter.read_bytes() == text
        new = book.parent / "sheet.html"
        assert describe(book, "--sheet", str(new), "--dry-run").stdout == f"Would write: {new}\n"
        assert not new.exists()
        for _ in range(2):
            assert describe(book, "--sheet", str(new)).returncode == 0


class TestSettings:
    @pytest.mark.parametrize(
        ("setting", "complaint"),
        [
            ("model.base-url=ftp://x", "must be an http or https address"),
            ("model.api-key-env=sk-123", "must be the name of an environment variable"),
            ("model.budget-tokens=-1", "must lie between 0 and"),
            ("model.concurrency=0", "must lie between 1 and 256"),
            ("images.descriptions=../out", "must name a folder inside the book's"),
            ("images.max-pixels=0", "must lie between 1 and"),
        ],
    )
    def test_what_makes_no_sense_is_said(
        self, make_book: MakeBook, bookpack: Bookpack, setting: str, complaint: str
    ) -> None:
        book = make_book({"1.md": "# A\n"}, SETTINGS)
        result = bookpack("describe", book, "--set", setting)
        assert result.returncode == 2
        assert complaint in result.stderr

    def test_a_server_may_need_no_key(self, book: Path, describe: Bookpack) -> None:
        with ModelServer(by_picture) as server:
            result = describe(book, "--set", 'model.api-key-env=""', server=server)
        assert result.returncode == 0, result.stderr

    def test_a_picture_that_is_not_there(self, book: Path, describe: Bookpack) -> None:
        with ModelServer(by_picture) as server:
            result = describe(book, "--only", "bun.png", server=server)
        assert result.returncode == 2
        assert result.stderr == "bookpack: No picture of the book is called bun.png.\n"
