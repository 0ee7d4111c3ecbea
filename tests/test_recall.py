"""What a build takes over from the last one, and that this is a matter of time alone."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bookpack import output, pipeline
from bookpack.checks.prose import check_prose
from bookpack.config import load_settings
from bookpack.output import intact_outputs, outputs_match, read_stamp, write_folder
from bookpack.tokens import TokenCounter, token_counter
from conftest import SETTINGS, write_files

MakeBook = Callable[..., Path]

CHAPTERS = {
    "1.md": "# One\n\nThe first, with a [link](2.md).\n",
    "2.md": "# Two\n\nTODO: the second.\n",
    "3.md": "# Three\n\nThe third.\n",
}


def build(book: Path) -> pipeline.BuildReport:
    return pipeline.build(load_settings(book), book / "build", only="pack")


def everything(folder: Path) -> dict[str, bytes]:
    """Return every file of an output folder, the stamp among them."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def said(report: pipeline.BuildReport) -> list[tuple[str, str]]:
    return [(one.code, one.path) for one in report.diagnostics]


class TestABuildAfterAChange:
    def test_counts_tokens_of_changed_chapters_alone(
        self, make_book: MakeBook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        counted: list[str] = []

        def load() -> TokenCounter:
            counter = token_counter()

            def count_all(texts: Sequence[str]) -> list[int]:
                counted.extend(text.partition("\n")[0] for text in texts)
                return counter.count_all(texts)

            return replace(counter, count_all=count_all)

        monkeypatch.setattr("bookpack.pipeline.load_in_background", lambda: load)
        book = make_book(CHAPTERS)
        build(book)
        assert counted == ["# One", "# Two", "# Three"]
        counted.clear()
        write_files(book, {"chapters/3.md": "# Three\n\nThe third, and more.\n"})
        build(book)
        assert counted == ["# Three"]

    def test_looks_for_faults_in_changed_chapters_and_where_it_found_some(
        self, make_book: MakeBook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        checked: list[str] = []

        def check(chapter: Any, phrases: tuple[str, ...]) -> Any:
            checked.append(chapter.path)
            return check_prose(chapter, phrases)

        monkeypatch.setattr("bookpack.pipeline.check_prose", check)
        book = make_book(CHAPTERS)
        first = build(book)
        assert checked == ["1.md", "2.md", "3.md"]
        checked.clear()
        write_files(book, {"chapters/3.md": "# Three\n\nThe third, and more.\n"})
        assert said(build(book)) == said(first) != []
        assert checked == ["2.md", "3.md"]

    def test_finds_what_new_settings_look_for(self, make_book: MakeBook) -> None:
        book = make_book(CHAPTERS)
        assert said(build(book)) == [("BP401", "chapters/2.md")]
        (book / "bookpack.toml").write_text(
            SETTINGS + '[lint]\ndraft-phrases = ["the third"]\n', "utf-8"
        )
        assert said(build(book)) == [("BP401", "chapters/3.md")]

    def test_gives_what_a_first_build_gives_and_says_the_same(self, make_book: MakeBook) -> None:
        after = {**CHAPTERS, "1.md": "# One\n\nTODO: again.\n", "4.md": CHAPTERS["3.md"]}
        book = make_book(CHAPTERS)
        build(book)
        write_files(book, {f"chapters/{path}": text for path, text in after.items()})
        found = said(build(book))
        left = everything(book / "build")
        shutil.rmtree(book / "build")
        assert said(build(book)) == found
        assert everything(book / "build") == left

    @pytest.mark.parametrize(
        "texts",
        [
            None,
            [],
            {},
            {"packed": [1], "sound": 2},
            {"packed": {"": 1}, "sound": [None, {}, ""]},
            "packed otherwise",
            "packed elsewhere",
        ],
    )
    def test_can_do_without_what_was_found_out(self, texts: Any, make_book: MakeBook) -> None:
        book = make_book(CHAPTERS)
        report = build(book)
        before = everything(book / "build")
        stamp = json.loads(before[output.STAMP_NAME])
        if texts == "packed otherwise":
            texts = {**stamp["texts"], "packed": dict.fromkeys(stamp["texts"]["packed"], "many")}
        elif texts == "packed elsewhere":
            packed = {key: ["0" * 64, 1, 1] for key in stamp["texts"]["packed"]}
            texts = {**stamp["texts"], "packed": packed}
        stamp |= {"texts": texts, "inputs": "others"}
        (book / "build" / output.STAMP_NAME).write_text(json.dumps(stamp), "utf-8")
        assert said(build(book)) == said(report)
        assert everything(book / "build") == before

    def test_believes_no_other_version(self, make_book: MakeBook) -> None:
        book = make_book(CHAPTERS)
        before = build(book).tokens
        place = book / "build" / output.STAMP_NAME
        stamp = json.loads(place.read_bytes())
        stamp["bookpack"] = "0"
        for known in stamp["texts"]["packed"].values():
            known[2] = 1000
        place.write_text(json.dumps(stamp), "utf-8")
        assert build(book).tokens == before


class TestAFileThatLiesThere:
    @pytest.fixture
    def hashed(self, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
        """What is hashed from now on."""
        found: list[bytes] = []
        sha256 = output.sha256

        def note(data: bytes) -> Any:
            found.append(data)
            return sha256(data)

        monkeypatch.setattr(output, "sha256", note)
        monkeypatch.setattr(output, "_digests", {})
        return found

    def test_is_read_once_for_as_long_as_it_stays(
        self, hashed: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_folder(tmp_path, {"x.md": b"old"}, {})
        stamp = read_stamp(tmp_path)
        assert stamp is not None
        hashed.clear()
        monkeypatch.setattr(output, "_UNSURE", -60.0)  # as if the file had been there for long
        assert outputs_match(tmp_path, stamp["outputs"])
        assert intact_outputs(tmp_path, stamp) == stamp["outputs"]
        assert hashed == [b"old"]
        (tmp_path / "x.md").write_bytes(b"newer")
        assert intact_outputs(tmp_path, stamp) == {}
        assert hashed == [b"old", b"newer"]

    def test_is_read_each_time_while_its_times_say_little(
        self, hashed: list[bytes], tmp_path: Path
    ) -> None:
        write_folder(tmp_path, {"x.md": b"old"}, {})
        stamp = read_stamp(tmp_path)
        assert stamp is not None
        hashed.clear()
        assert outputs_match(tmp_path, stamp["outputs"])
        (tmp_path / "x.md").write_bytes(b"new")  # as long as before, and at the same moment
        assert not outputs_match(tmp_path, stamp["outputs"])
        assert hashed == [b"old", b"new"]
