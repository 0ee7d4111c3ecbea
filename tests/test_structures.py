"""What a parser found is kept from build to build: as it was, or not at all."""

import marshal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookpack.model import Structure
from bookpack.read import structures
from bookpack.read.anchors import GITHUB
from bookpack.read.markdown import parse_markdown
from bookpack.read.structures import StructureMemory

EVERYTHING = """\
# Title
url: https://example.com/title

A [link](a.md "t"), <https://example.com>, [one][ref], [ref][], [ref], a note[^1] and $x^2$.

> ## Quoted *é*

![alt](p.png "title")

| a | b |
| - | - |
| `c` | [![in](q.png)](d.md) |

```python
code
```

[ref]: e.md
[^1]: The note * ends.
"""


@pytest.fixture(autouse=True)
def every_book_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structures, "_WORTH_KEEPING", 0)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are parsed from now on."""
    texts: list[str] = []

    def parse(text: str, **how: Any) -> Structure:
        texts.append(text)
        return parse_markdown(text, **how)

    monkeypatch.setattr(structures, "parse_markdown", parse)
    return texts


def read(folder: Path, *texts: str, out: str = "out", **how: Any) -> list[Structure]:
    """Return what a build into `out` reads in `texts`."""
    memory = StructureMemory(folder, folder / out)
    found = [memory.parse(text, **how) for text in texts]
    memory.save()
    return found


def kept_file(folder: Path) -> Path:
    (place,) = (folder / "structures").iterdir()
    return place


def test_what_was_found_is_read_back_as_it_was(tmp_path: Path, parsed: list[str]) -> None:
    first = read(tmp_path, EVERYTHING)
    again = read(tmp_path, EVERYTHING)
    assert parsed == [EVERYTHING]
    assert first == again == [parse_markdown(EVERYTHING)]
    assert repr(first) == repr(again)  # the same types, too


@given(st.text(st.sampled_from("ab é#[]()!`*_|\n-:$^>1.&"), max_size=80))
def test_any_text_reads_the_same_after_it_was_kept(text: str) -> None:
    structure = parse_markdown(text)
    if structures._is_simple(structure):
        plain = marshal.loads(marshal.dumps(structures._plain(structure)))
        assert repr(structures._structure(plain)) == repr(structure)


def test_a_change_has_one_text_parsed(tmp_path: Path, parsed: list[str]) -> None:
    read(tmp_path, "# One\n", "# Two\n", "# Three\n")
    read(tmp_path, "# One\n", "# Two, changed\n")
    parsed.clear()
    read(tmp_path, "# One\n", "# Two, changed\n", "# Three\n")
    assert parsed == ["# Three\n"]  # it had been forgotten


def test_another_way_to_read_a_text_is_another_text(tmp_path: Path, parsed: list[str]) -> None:
    text = "---\n\n# A $x$\n"
    read(tmp_path, text)
    memory = StructureMemory(tmp_path, tmp_path / "out")
    ways: list[dict[str, Any]] = [{"anchors": GITHUB}, {"start": 4}, {"math": False}]
    for way in ways:
        assert memory.parse(text, **way) == parse_markdown(text, **way)
    assert len(parsed) == 3  # the first way, which GitHub's anchors are a part of, and two others


@pytest.mark.parametrize("text", ["<p>Text</p>\n", "A <b>word</b>.\n", "A note[^x].\n"])
def test_html_and_problems_are_looked_for_each_time(
    text: str, tmp_path: Path, parsed: list[str]
) -> None:
    assert read(tmp_path, text) == read(tmp_path, text) == [parse_markdown(text)]
    assert parsed == [text, text]


@pytest.mark.parametrize("damage", [b"", b"torn", None])
def test_a_file_that_is_damaged_is_as_good_as_none(
    damage: bytes | None, tmp_path: Path, parsed: list[str]
) -> None:
    read(tmp_path, EVERYTHING)
    place = kept_file(tmp_path)
    place.write_bytes(place.read_bytes()[:-1] + b"\0" if damage is None else damage)
    assert read(tmp_path, EVERYTHING) == [parse_markdown(EVERYTHING)]
    assert parsed == [EVERYTHING, EVERYTHING]


def test_another_parser_parses_anew(
    tmp_path: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read(tmp_path, EVERYTHING)
    monkeypatch.setattr("sys.version", "another")
    read(tmp_path, EVERYTHING)
    assert parsed == [EVERYTHING, EVERYTHING]


def test_a_folder_that_cannot_be_written_costs_time_alone(tmp_path: Path) -> None:
    (tmp_path / "structures").write_text("no folder")
    assert read(tmp_path, EVERYTHING) == [parse_markdown(EVERYTHING)]


def test_few_books_are_kept(tmp_path: Path) -> None:
    for number in range(structures._MOST_BOOKS + 2):
        read(tmp_path, EVERYTHING, out=str(number))
    assert len(list((tmp_path / "structures").iterdir())) == structures._MOST_BOOKS


def test_a_short_book_is_not_worth_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structures, "_WORTH_KEEPING", 10_000)
    read(tmp_path, EVERYTHING)
    assert not (tmp_path / "structures").exists()
