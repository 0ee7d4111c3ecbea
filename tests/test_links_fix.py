"""`bookpack links --fix`: what is proposed, where it is written, and how it comes back."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bookpack.config import load_settings
from bookpack.config.tables import LinksTable
from bookpack.desks.links.fixes import FIXES, Proposals, propose_fixes
from bookpack.desks.review.decisions import FILE
from bookpack.pipeline import check
from bookpack.read.markdown import parse_markdown
from bookpack.source import Edit, apply_edits
from conftest import SETTINGS, SHARED, needs_shared

Run = Callable[..., "subprocess.CompletedProcess[str]"]
MakeBook = Callable[..., Path]

TWO = "# Second Things\n\n## Part\n\nText.\n"
MIRROR = SETTINGS + '[links]\nmirrors = {"https://blog.example.org" = "*"}\n'


def propose(folder: Path, **links: object) -> Proposals:
    settings = load_settings(folder)
    checked = check(settings, folder / "build")
    wanted = replace(checked.planned.settings, **links)  # type: ignore[arg-type]
    return propose_fixes(checked.resolved, checked.resolver, checked.diagnostics, wanted)


def changes(proposals: Proposals) -> list[tuple[str, str, str]]:
    return [(one.rule, one.before, one.after) for one in proposals.suggestions]


@pytest.mark.parametrize(
    ("written", "code", "after"),
    [
        ("[a](http://example.com/two/)", "LF2", "https://example.com/two/"),
        ("[a](https://example.com/two)", "LF2", "https://example.com/two/"),
        ("[a](https://example.com/two/index.html#part)", "LF2", "https://example.com/two/#part"),
        ("[a](https://EXAMPLE.com/two/?x=1)", "LF2", "https://example.com/two/?x=1"),
        ("<https://example.com/two>", "LF2", "https://example.com/two/"),
        ("[a][r]\n\n[r]: <http://example.com/two/> 'x'", "LF2", "https://example.com/two/"),
        ('<a href="http://example.com/two/">a</a>', "LF2", "https://example.com/two/"),
        ("[a](https://example.com/old/#part)", "LF3", "https://example.com/two/#part"),
        ("[a](https://blog.example.org/2019/two/#gone)", "LF4", "https://example.com/two/"),
        ("[a](https://blog.example.org/2019/two/#part)", "LF4", "https://example.com/two/#part"),
        ("[a](TWO.md)", "LF7", "two.md"),
        ("[a](./Two.md#PART)", "LF7", "./two.md#part"),
        ("[a](two.md#Part)", "LF7", "two.md#part"),
    ],
)
def test_a_target_is_mended_in_the_kind_that_its_author_chose(
    make_book: MakeBook, written: str, code: str, after: str
) -> None:
    two = f"---\naliases: [/old/]\n---\n{TWO}"
    folder = make_book({"one.md": f"# One\n\nSee {written}\n", "two.md": two}, MIRROR)
    found = propose(folder)
    assert [(rule, new) for rule, _, new in changes(found)] == [(code, after)]
    (one,) = found.suggestions
    text = found.texts[one.path]
    mended = apply_edits(text, [Edit(one.span, one.after)])
    assert mended == text.replace(one.before, one.after)
    (link,) = parse_markdown(mended).links
    assert link.target == after


@pytest.mark.parametrize(
    "written",
    [
        "[a](two.md)",
        "[a](https://example.com/two/)",
        "[a](two.md#part)",
        "[a](/two/)",
        "[a](gone.md)",
        "[a](https://elsewhere.org/two/)",
        "`[a](http://example.com/two/)`",
        "[a](https://blog.example.org/other/)",
    ],
)
def test_what_is_right_or_unknown_is_left_alone(make_book: MakeBook, written: str) -> None:
    folder = make_book({"one.md": f"# One\n\nSee {written}\n", "two.md": TWO}, MIRROR)
    assert changes(propose(folder)) == []


def test_a_relative_link_in_a_book_of_full_addresses(make_book: MakeBook) -> None:
    full = " ".join("[x](https://example.com/two/)" for _ in range(12))
    folder = make_book({"one.md": f"# One\n\n{full} [y](two.md).\n", "two.md": TWO})
    assert changes(propose(folder)) == [("LF5", "two.md", "https://example.com/two/")]


def test_the_first_mention_of_a_title_becomes_a_link(make_book: MakeBook) -> None:
    folder = make_book(
        {
            "a/one.md": "# One\n\n## Second Things\n\n`Second Things` <b>and</b> second things, "
            "then Second\nThings. And Second Things.\n\n[Second Things][x]\n",
            "b/two.md": TWO,
            "three.md": "# Three\n\nSecond Things, but [linked](b/two.md).\n",
        }
    )
    assert changes(propose(folder)) == [("LF6", "Second\nThings", "[Second\nThings](../b/two.md)")]


def test_titles_that_are_shared_or_one_word_are_not_linked(make_book: MakeBook) -> None:
    folder = make_book(
        {
            "one.md": "# One\n\nSecond Things and Word.\n",
            "two.md": TWO,
            "three.md": TWO,
            "four.md": "# Word\n\nText.\n",
        }
    )
    assert changes(propose(folder)) == []


def test_standard_wording_is_proposed_only_when_it_is_set(make_book: MakeBook) -> None:
    @dataclass(frozen=True)
    class Wording(LinksTable):
        wording: str = "{title}"

    chapters = {
        "one.md": "# One\n\n[here](two.md), [*there*][r], [Second Things](two.md), "
        "[part](two.md#part), [![i](i.png)](two.md)\n\n[r]: two.md\n",
        "two.md": TWO.replace("Second Things", "Second \\[Things]"),
    }
    folder = make_book(chapters)
    assert changes(propose(folder)) == []
    assert changes(propose(folder, links=Wording())) == [
        ("LF1", "here", "Second \\[Things\\]"),
        ("LF1", "*there*", "Second \\[Things\\]"),
        ("LF1", "Second Things", "Second \\[Things\\]"),
    ]


BOOK = {
    "one.md": "\ufeff# One\r\n\r\n[a](http://example.com/two/) and [b](TWO.md)\r\n",
    "two.md": TWO,
}


def read_one(book: Path) -> bytes:
    return (book / "chapters/one.md").read_bytes()


def test_diff_writes_nothing_and_is_a_patch(make_book: MakeBook, bookpack: Run) -> None:
    book = make_book(BOOK)
    result = bookpack("links", book, "--diff")
    assert result.returncode == 0
    assert "--- a/chapters/one.md\n+++ b/chapters/one.md\n" in result.stdout
    assert "+[a](https://example.com/two/) and [b](two.md)" in result.stdout
    assert read_one(book) == BOOK["one.md"].encode()
    assert not (book / "review").exists()


def test_accept_a_code_then_undo_all(make_book: MakeBook, bookpack: Run) -> None:
    book = make_book(BOOK)
    original = read_one(book)
    result = bookpack("links", book, "--accept", "LF2", "--by", "Grower", "--why", "moved")
    assert (result.returncode, result.stdout) == (0, "1 accepted now, 0 rejected, 1 open.\n")
    assert read_one(book) == original.replace(b"http:", b"https:")
    record = json.loads((book / FILE).read_text("utf-8"))
    assert (record["by"], record["why"], record["decision"]) == ("Grower", "moved", "accepted")
    result = bookpack("links", book, "--accept", "wrong-case")
    assert b"[b](two.md)" in read_one(book)
    result = bookpack("links", "--undo", book)
    assert result.stdout.endswith("2 undone.\n")
    assert read_one(book) == original
    result = bookpack("links", book, "--undo", record["id"])
    assert (result.returncode, result.stderr) == (
        1,
        f"bookpack: {record['id']}: not undone: it has been undone already.\n",
    )


def test_undo_one_by_the_beginning_of_its_id(make_book: MakeBook, bookpack: Run) -> None:
    book = make_book(BOOK)
    bookpack("links", book, "--accept", "LF2", "--accept", "LF7")
    first = json.loads((book / FILE).read_text("utf-8").splitlines()[0])
    change = f"“{first['before']}” → “{first['after']}”"
    result = bookpack("links", "--undo", first["id"][:6], cwd=book)
    assert result.stdout == f"Undone: chapters/one.md: {change} ({first['id']})\n1 undone.\n"
    assert read_one(book) == BOOK["one.md"].replace("TWO.md", "two.md").encode()
    assert "no decision has this id" in bookpack("links", book, "--undo", "beef").stderr


def test_reject_holds_in_the_next_run(make_book: MakeBook, bookpack: Run) -> None:
    book = make_book(BOOK)
    assert "1 rejected, 1 open" in bookpack("links", book, "--reject", "LF2").stdout
    (book / "chapters/one.md").write_bytes(b"# New\r\n\r\n" + read_one(book)[3:])
    assert "https://" not in bookpack("links", book, "--diff").stdout
    result = bookpack("links", book, "--accept", "LF2")
    assert result.stdout == "0 accepted now, 1 rejected, 1 open.\n"


def test_an_unknown_code_is_refused_with_the_known_ones(make_book: MakeBook, bookpack: Run) -> None:
    result = bookpack("links", make_book(BOOK), "--accept", "LF99")
    assert result.returncode == 2
    assert "LF1, LF2" in result.stderr


def test_without_a_terminal_lines_are_read(make_book: MakeBook, bookpack: Run) -> None:
    book = make_book(BOOK)
    result = bookpack("links", book, "--fix")
    assert result.returncode == 0
    assert "0 accepted now, 0 rejected, 2 open." in result.stdout


def test_a_store_with_a_conflict_is_told_with_its_line(make_book: MakeBook, bookpack: Run) -> None:
    book = make_book(BOOK)
    bookpack("links", book, "--reject", "LF2")
    with (book / FILE).open("a", encoding="utf-8") as file:
        file.write(">>>>>>> theirs\n")
    result = bookpack("links", book, "--diff")
    assert "review/decisions.jsonl:2: a marker of a merge conflict" in result.stderr


@needs_shared
@pytest.mark.parametrize("name", ["embedded-rust", "ospo-book", "codebook", "opensource-guide"])
def test_every_proposal_on_a_real_book_mends_what_it_says(name: str) -> None:
    folder = SHARED / "books" / name
    settings = load_settings(folder, url="https://example.com/book")
    checked = check(settings, folder / "build")
    found = propose_fixes(
        checked.resolved, checked.resolver, checked.diagnostics, checked.planned.settings
    )
    for path in {one.path for one in found.suggestions}:
        text = (folder / path).read_bytes().decode("utf-8-sig")
        mine = [one for one in found.suggestions if one.path == path]
        assert all(one.rule in FIXES and one.before == one.span.slice(text) for one in mine)
        before, new = parse_markdown(text), sum(one.rule == "LF6" for one in mine)
        after = parse_markdown(apply_edits(text, [Edit(one.span, one.after) for one in mine]))
        assert len(after.links) == len(before.links) + new
        assert [heading.text for heading in after.headings] == [
            heading.text for heading in before.headings
        ]
