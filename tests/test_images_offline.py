"""What is certain of a picture, and how that is said without a model."""

import io
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from PIL import Image, ImageDraw, ImageFilter

from bookpack.images.facts import Facts, facts_of
from bookpack.images.limits import Limits
from bookpack.images.load import load_picture
from bookpack.images.looks import looks_like
from bookpack.images.ocr import Reading
from bookpack.images.offline import describe_offline
from bookpack.images.reading_order import Box, Line, in_reading_order
from conftest import SHARED, needs_shared

LIMITS = Limits(max_pixels=200_000_000, max_bytes=50_000_000)
CHART = Facts(format="PNG", width=1200, height=800, frames=1, identity="ab", looks="chart")
NOWHERE = Box(0, 0, 1, 1)


def png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def facts(data: bytes, cache: Path | None = None, limits: Limits = LIMITS) -> Facts:
    return facts_of(data, sha256(data).hexdigest(), limits, cache)


def read(*lines: str, doubtful: tuple[str, ...] = ()) -> Reading:
    return Reading(tuple(Line(text, 1.0, NOWHERE, doubtful) for text in lines))


# What is said


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        (CHART, "A PNG picture of 1,200 × 800 pixels that looks like a chart."),
        (replace(CHART, looks=""), "A PNG picture of 1,200 × 800 pixels."),
        (replace(CHART, format="SVG", looks=""), "An SVG picture of 1,200 × 800 pixels."),
        (
            replace(CHART, format="GIF", frames=12),
            "A GIF picture of 1,200 × 800 pixels that looks like a chart, the first of 12 frames.",
        ),
        (
            replace(CHART, format="TIFF", frames=2, looks=""),
            "A TIFF picture of 1,200 × 800 pixels, the first of 2 pages.",
        ),
        (Facts(problem="is empty"), "The picture is empty."),
    ],
)
def test_kind_and_size(known: Facts, sentence: str) -> None:
    assert describe_offline(known, None).text == f"Not described by a model. {sentence}"


def test_words_of_the_file_itself() -> None:
    known = replace(CHART, format="SVG", own_words=("Start", "Load *it*", "a_b"))
    known = replace(known, own_title="A map", own_description="Two roads")
    said = describe_offline(known, None)
    assert said.words == ("Start", "Load *it*", "a_b")
    assert said.text.split("\n\n")[1:] == [
        "Its own title: A map",
        "Its own description: Two roads",
        r"Words in it, as the file spells them: Start · Load \*it\* · a\_b",
    ]


def test_words_found_by_ocr_with_doubtful_numbers_marked() -> None:
    reading = Reading((
        Line("Sales", 1.0, NOWHERE),
        Line("12 of 120, 12%", 0.8, NOWHERE, ("12", "12")),
        Line("2014", 1.0, NOWHERE),
    ))  # fmt: skip
    said = describe_offline(CHART, reading)
    assert said.kind == "chart"
    assert said.words == ("Sales", "12 of 120, 12%", "2014")
    assert said.text.split("\n\n")[1] == (
        "Words found in it by OCR (? = two readings differ): Sales · 12? of 120, 12?% · 2014"
    )


def test_a_picture_without_words_and_one_that_nobody_read() -> None:
    assert describe_offline(CHART, read()).text.endswith("\n\nNo words were found in it by OCR.")
    assert describe_offline(CHART, read()).words == ()
    assert describe_offline(CHART, None).words is None


def test_no_word_is_left_out_of_a_long_description() -> None:
    lines = [f"word{number}" for number in range(5000)]
    text = describe_offline(CHART, read(*lines)).text
    assert text.split("OCR: ")[1].split(" · ") == lines


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), max_size=5), st.text())
def test_nothing_in_a_picture_becomes_markup(lines: list[str], title: str) -> None:
    said = describe_offline(replace(CHART, own_title=title), read(*lines))
    tokens = MarkdownIt("commonmark").enable("table").parse(said.text)
    assert {token.type for token in tokens} == {"paragraph_open", "inline", "paragraph_close"}
    inside = [child for token in tokens for child in token.children or []]
    assert {child.type for child in inside} <= {"text", "text_special"}
    shown = "".join(child.content for child in inside)
    assert all("".join(line.split()) in "".join(shown.split()) for line in lines)


# What a build knows


def test_facts_are_the_same_with_and_without_a_cache(tmp_path: Path) -> None:
    pictures = [
        png(Image.new("RGB", (300, 200), "red")),
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="8"><text>One</text></svg>',
        b"rubbish",
    ]
    for data in pictures:
        alone = facts(data)
        assert facts(data, tmp_path) == alone
        assert facts(data, tmp_path) == alone
    assert len(list(tmp_path.rglob("*.json"))) == 2


def test_a_damaged_cache_only_costs_time(tmp_path: Path) -> None:
    data = png(Image.new("RGB", (300, 200), "red"))
    alone = facts(data, tmp_path)
    (record,) = tmp_path.rglob("*.json")
    for damage in ('{"method": 1}', "[1]", "", "\udcff", '{"method": 1, "width": "x"}',
                   record.read_text("utf-8").replace("300", '"300"')):  # fmt: skip
        record.write_bytes(damage.encode("utf-8", "surrogateescape"))
        assert facts(data, tmp_path) == alone
    record.unlink()
    record.mkdir()
    assert facts(data, tmp_path) == alone


def test_a_cache_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file", "utf-8")
    assert facts(png(Image.new("RGB", (3, 2))), tmp_path / "cache").width == 3


def test_limits_count_for_what_is_remembered_too(tmp_path: Path) -> None:
    data = png(Image.new("RGB", (300, 200), "red"))
    assert facts(data, tmp_path).problem == ""
    for cache in (tmp_path, None):
        small = facts(data, cache, Limits(50_000, 50_000_000))
        assert small == Facts(problem="has 60,000 pixels, more than max-pixels (50,000)")
    assert facts(data, tmp_path).width == 300


def test_an_svg_is_not_drawn_for_its_facts() -> None:
    """Neither resvg nor the fonts of the machine have a say in a build."""
    endless = '<feTurbulence baseFrequency="0.05" numOctaves="90000000"/>'
    data = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="80">'
        f'<filter id="f">{endless}</filter><text filter="url(#f)">One</text></svg>'
    ).encode()
    assert facts(data).own_words == ("One",)


# What it looks like


def chart() -> Image.Image:
    image = Image.new("RGB", (800, 500), "white")
    pen = ImageDraw.Draw(image)
    for y in range(60, 480, 70):
        pen.line((80, y, 780, y), "#cccccc")
    for x in range(8):
        pen.rectangle((100 + 80 * x, 480 - 45 * (x + 1), 150 + 80 * x, 480), "#1f77b4")
    pen.line((80, 40, 80, 480, 780, 480), "black", 2)
    return image


def boxes() -> Image.Image:
    image = Image.new("RGB", (800, 600), "white")
    pen = ImageDraw.Draw(image)
    for number in range(6):
        x, y = 40 + 110 * number, 30 + 70 * (number * 5 % 7)
        pen.rectangle((x, y, x + 90, y + 45), "#eeeeff", "black", 2)
        pen.line((x + 45, y + 45, x + 45, y + 68), "black", 2)
    return image


def terminal() -> Image.Image:
    image = Image.new("RGB", (800, 500), "#111111")
    pen = ImageDraw.Draw(image)
    for line in range(24):
        pen.text((10, 10 + 20 * line), f"$ build chapter {line} --out folder " * 3, "#dddddd")
    return image


def photo() -> Image.Image:
    grain = [Image.effect_noise((400, 300), 60 + n).resize((800, 600)) for n in range(3)]
    return Image.merge("RGB", grain).filter(ImageFilter.GaussianBlur(1))


def table() -> Image.Image:
    image = Image.new("RGB", (800, 400), "white")
    pen = ImageDraw.Draw(image)
    for number in range(6):
        pen.line((20, 20 + 60 * number, 770, 20 + 60 * number), "#999999")
        pen.line((20 + 150 * number, 20, 20 + 150 * number, 320), "#999999")
    return image


@pytest.mark.parametrize(
    ("image", "looks"),
    [
        (chart(), "chart"),
        (boxes(), "diagram"),
        (terminal(), "screenshot"),
        (photo(), "photo"),
        (table(), ""),
        (Image.new("RGB", (20, 20), "red"), ""),
    ],
    ids=["chart", "diagram", "screenshot", "photo", "table", "icon"],
)
def test_what_a_picture_looks_like(image: Image.Image, looks: str) -> None:
    for size in (1.0, 1.5):
        scaled = image.resize((round(image.width * size), round(image.height * size)))
        assert looks_like(load_picture(png(scaled), LIMITS)) == looks


# In which order it is read


def ordered(*boxes: tuple[int, int, int, int]) -> list[int]:
    return in_reading_order([Box(*map(float, box)) for box in boxes])


def test_rows_are_read_from_left_to_right_though_they_are_not_quite_level() -> None:
    assert ordered((200, 12, 290, 32), (0, 10, 90, 30), (0, 50, 90, 70), (100, 8, 190, 28)) == [
        1, 3, 0, 2,
    ]  # fmt: skip


def test_a_table_is_read_row_by_row() -> None:
    cells = [(x * 200, y * 40, x * 200 + 60, y * 40 + 20) for y in range(4) for x in range(3)]
    assert ordered(*cells) == list(range(12))


def test_columns_of_running_text_are_read_one_after_the_other() -> None:
    title, note = (0, 0, 820, 30), (0, 300, 820, 320)
    left = [(0, 50 + 25 * n, 400, 70 + 25 * n) for n in range(5)]
    right = [(430, 50 + 25 * n, 820, 70 + 25 * n) for n in range(5)]
    both = [box for pair in zip(left, right, strict=True) for box in pair]
    assert ordered(title, *both, note) == [0, 1, 3, 5, 7, 9, 2, 4, 6, 8, 10, 11]


@given(st.lists(st.tuples(*[st.integers(0, 300)] * 4), max_size=30))
def test_every_piece_is_read_once(boxes: list[tuple[int, int, int, int]]) -> None:
    pieces = [(x, y, x + width, y + height) for x, y, width, height in boxes]
    assert sorted(ordered(*pieces)) == list(range(len(pieces)))


@needs_shared
def test_pictures_of_real_books_are_described() -> None:
    """All of them but the largest, which take most of the time."""
    suffixes = {".png", ".jpg", ".jpeg", ".gif", ".svg"}
    files = [f for f in (SHARED / "books").rglob("*") if f.suffix.lower() in suffixes]
    pictures = {data for data in (file.read_bytes() for file in files) if len(data) < 300_000}
    assert len(pictures) > 80
    for data in pictures:
        known = facts(data)
        assert known.problem == ""
        assert describe_offline(known, None).text.startswith("Not described by a model. A")
