"""Words found in pictures by OCR: what was drawn is read, once, without a network."""

import importlib.util
import socket
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from bookpack.images import ocr_engine
from bookpack.images.load import Picture
from bookpack.images.ocr import Reader, has_reader, open_reader

pytestmark = pytest.mark.skipif(not has_reader(), reason="the extra ocr is not installed")


def picture(image: Image.Image, identity: str = "") -> Picture:
    name = identity or f"{image.size}{hash(image.tobytes())}"
    return Picture("PNG", *image.size, 1, name, (), "", "", image)


def sheet(
    texts: Sequence[tuple[int, int, str]], width: int = 600, height: int = 200, size: int = 24
) -> Image.Image:
    image = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(image)
    for x, y, text in texts:
        pen.text((x, y), text, "black", ImageFont.load_default(size))
    return image


@pytest.fixture(scope="module")
def reader() -> Reader:
    found = open_reader(None)
    assert found is not None
    return found


def test_lines_are_read_in_order_with_their_places(reader: Reader) -> None:
    image = sheet([(320, 20, "Right 1,250"), (30, 20, "Left side"), (30, 120, "Below 98.6%")])
    reading = reader.read(picture(image))
    assert reading.words == ("Left side", "Right 1,250", "Below 98.6%")
    assert reading.doubtful == frozenset()
    box = reading.lines[2].box
    assert 20 < box.left < 40 < 120 < box.right < 250
    assert 110 < box.top < 130 < 135 < box.bottom < 165


def test_a_turned_label_is_read(reader: Reader) -> None:
    label = sheet([(10, 8, "Milliseconds")], 190, 44)
    page = Image.new("RGB", (400, 300), "white")
    page.paste(label.transpose(Image.Transpose.ROTATE_90), (20, 40))
    assert reader.read(picture(page)).words == ("Milliseconds",)


def test_light_on_dark_is_read(reader: Reader) -> None:
    image = sheet([(30, 30, "Settings of the book")]).point(lambda value: 255 - value)
    assert reader.read(picture(image)).words == ("Settings of the book",)


def test_numbers_too_small_to_be_sure_of_are_doubtful(reader: Reader) -> None:
    places = [(20 + 150 * (n % 4), 20 + 40 * (n // 4)) for n in range(16)]
    numbers = [f"{n * 6.37 + 3.68:.2f}" for n in range(16)]
    image = sheet([(*at, text) for at, text in zip(places, numbers, strict=True)], 620, 180)
    small = image.resize((155, 45), Image.Resampling.LANCZOS)
    reading = reader.read(picture(small))
    wrong = {word for word in reading.words if word not in numbers}
    assert wrong
    assert reading.doubtful


@pytest.mark.parametrize("colour", ["white", "black", "#3060c0"])
@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (300, 300)])
def test_a_picture_without_words(reader: Reader, colour: str, size: tuple[int, int]) -> None:
    assert reader.read(picture(Image.new("RGB", size, colour))).lines == ()


def test_a_wide_strip_is_read_in_parts(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that goes across a border of two parts is one line."""
    monkeypatch.setattr(ocr_engine, "_PART", 500)
    words = [f"Station {chr(65 + n)}{n + 10}" for n in range(8)]
    image = sheet([(60 + 230 * n, 30, word) for n, word in enumerate(words)], 2000, 90)
    assert reader.read(picture(image)).words == tuple(words)


def test_a_large_page_with_small_print_is_read_from_near(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is looked at with 0.06 million pixels, as one of 60 million is with 4."""
    monkeypatch.setattr(ocr_engine, "_WHOLE", 60_000)
    monkeypatch.setattr(ocr_engine, "_ENLARGED_TO", 60_000)
    page = Image.new("RGB", (1200, 800), "white")
    page.paste(sheet([(0, 0, "TITLE")], 500, 130, 100), (60, 50))
    page.paste(sheet([(0, 0, "printed in 1987 by the harbour press")], 400, 30, 16), (700, 700))
    assert reader.read(picture(page)).words == ("TITLE", "printed in 1987 by the harbour press")


def test_a_picture_is_read_once(reader: Reader, tmp_path: Path) -> None:
    first = open_reader(tmp_path)
    assert first is not None
    image = sheet([(30, 30, "Edition 12")])
    reading = first.read(picture(image, "one"))
    assert reading.words == ("Edition 12",)
    again = open_reader(tmp_path)
    assert again is not None
    # The pixels are not looked at: they have the same identity.
    assert again.read(picture(Image.new("RGB", (9, 9)), "one")) == reading
    (record,) = tmp_path.rglob("*.json")
    record.write_text('{"lines": [["x"]]}', "utf-8")
    assert again.read(picture(Image.new("RGB", (9, 9)), "one")).lines == ()


def test_several_threads_read_what_one_reads(reader: Reader) -> None:
    pictures = [picture(sheet([(30, 30, f"Chapter {n}")], 300, 90)) for n in range(10, 14)]
    with ThreadPoolExecutor(4) as threads:
        found = [reading.words for reading in threads.map(reader.read, pictures)]
    assert found == [(f"Chapter {n}",) for n in range(10, 14)]


def test_no_socket_is_opened_and_nothing_is_printed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.chdir(tmp_path)
    fresh = open_reader(None)
    assert fresh is not None
    assert fresh.read(picture(sheet([(30, 30, "Alone")], 300, 90))).words == ("Alone",)
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["rapidocr", "onnxruntime"])
def test_without_the_extra_there_is_no_reader(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == missing else found(name)
    )
    assert open_reader(None) is None
    assert not has_reader()


def test_asking_whether_there_is_a_reader_loads_nothing() -> None:
    code = (
        "import sys; from bookpack.images.ocr import open_reader; assert open_reader(None);"
        "print({'PIL', 'numpy', 'rapidocr', 'onnxruntime'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
