"""Pictures as they come: every kind is made equal, and what is none is said in one sentence."""

import base64
import contextlib
import io
import struct
import urllib.parse
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter, features

from bookpack.images.load import (
    Limits,
    UnreadablePictureError,
    data_uri,
    for_model,
    load_picture,
    rows_for_model,
)

LIMITS = Limits(max_pixels=200_000_000, max_bytes=50_000_000)
WHITE, BLACK, RED, BLUE = (255, 255, 255), (0, 0, 0), (255, 0, 0), (0, 0, 255)


def saved(image: Image.Image, format_: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format_, **options)  # type: ignore[arg-type]
    return stream.getvalue()


def red_and_blue(width: int = 40, height: int = 20) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


def near(one: object, other: tuple[int, int, int], by: int = 12) -> bool:
    assert isinstance(one, tuple)
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", ["PNG", "BMP", "TIFF", "GIF", "WEBP", "JPEG", "AVIF"])
def test_every_format_gives_the_picture(name: str) -> None:
    if name == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow cannot write AVIF")
    options = {"lossless": True} if name == "WEBP" else {}
    picture = load_picture(saved(red_and_blue(), name, **options), LIMITS)
    assert picture.format == {"WEBP": "WebP"}.get(name, name)
    assert (picture.width, picture.height, picture.frames) == (40, 20, 1)
    assert picture.pixels.mode == "RGB"
    assert near(picture.pixels.getpixel((3, 10)), RED)
    assert near(picture.pixels.getpixel((36, 10)), BLUE)


def test_one_picture_in_four_formats_has_one_identity() -> None:
    image = red_and_blue()
    data = [saved(image, name) for name in ("PNG", "BMP", "TIFF", "GIF")]
    data.append(saved(image, "WEBP", lossless=True))
    data.append(saved(image.quantize(8), "PNG"))
    data.append(saved(image.convert("RGBA"), "PNG", compress_level=0))
    assert len({load_picture(one, LIMITS).identity for one in data}) == 1


def test_other_pixels_or_another_shape_have_another_identity() -> None:
    wide, tall = Image.new("RGB", (4, 2), RED), Image.new("RGB", (2, 4), RED)
    changed = wide.copy()
    changed.putpixel((0, 0), (255, 0, 1))
    assert len({load_picture(saved(i, "PNG"), LIMITS).identity for i in (wide, tall, changed)}) == 3


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(mode: str) -> None:
    image = Image.new("RGBA", (4, 1), (0, 0, 0, 0))
    image.putpixel((3, 0), (0, 0, 0, 255))
    data = saved(image.quantize(4) if mode == "P" else image.convert(mode), "PNG")
    pixels = load_picture(data, LIMITS).pixels
    assert pixels.getpixel((0, 0)) == WHITE
    assert pixels.getpixel((3, 0)) == BLACK


@pytest.mark.parametrize("mode", ["L", "P", "1", "RGB"])
def test_a_transparent_colour_is_white(mode: str) -> None:
    grey = Image.new("L", (2, 1), 255)
    grey.putpixel((0, 0), 0)
    image = grey.convert(mode)
    value = (0, 0, 0) if mode == "RGB" else image.getpixel((0, 0))
    pixels = load_picture(saved(image, "PNG", transparency=value), LIMITS).pixels
    assert pixels.getpixel((0, 0)) == WHITE


def test_sixteen_bits_are_made_eight_without_clipping() -> None:
    values = [0, 257, 128 * 257, 254 * 257, 65_535]
    data = b"".join(struct.pack("<H", value) for value in values)
    deep = Image.frombytes("I;16", (5, 1), data)
    plain = Image.frombytes("L", (5, 1), bytes(value // 257 for value in values))
    for name in ("PNG", "TIFF"):
        picture = load_picture(saved(deep, name), LIMITS)
        assert picture.identity == load_picture(saved(plain, "PNG"), LIMITS).identity


def test_floating_point_grey_is_stretched() -> None:
    image = Image.new("F", (2, 1))
    image.putpixel((1, 0), 0.5)
    pixels = load_picture(saved(image, "TIFF"), LIMITS).pixels
    assert [pixels.getpixel((0, 0)), pixels.getpixel((1, 0))] == [BLACK, WHITE]


def test_cmyk_as_photoshop_writes_it_is_not_inverted() -> None:
    data = saved(red_and_blue().convert("CMYK"), "JPEG", quality=95)
    assert b"Adobe" in data[:200]
    pixels = load_picture(data, LIMITS).pixels
    assert near(pixels.getpixel((3, 10)), RED)
    assert near(pixels.getpixel((36, 10)), BLUE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_picture_upright(orientation: int) -> None:
    upright = Image.new("RGB", (48, 32), WHITE)
    upright.paste(RED, (0, 0, 16, 16))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = load_picture(saved(stored, "PNG", exif=exif), LIMITS)
    assert (picture.width, picture.height) == (48, 32)
    assert picture.identity == load_picture(saved(upright, "PNG"), LIMITS).identity


def test_damaged_exif_is_no_reason_to_lose_the_picture() -> None:
    data = saved(red_and_blue(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff broken")
    assert load_picture(data, LIMITS).width == 40


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_counts(name: str) -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in (RED, BLUE, WHITE)]
    data = saved(frames[0], name, save_all=True, append_images=frames[1:], duration=100)
    picture = load_picture(data, LIMITS)
    assert picture.frames == 3
    assert near(picture.pixels.getpixel((5, 5)), RED)


def test_pages_of_a_tiff_are_counted() -> None:
    pages = [Image.new("RGB", (4, 4), colour) for colour in (RED, BLUE)]
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert load_picture(data, LIMITS).frames == 2


def test_one_pixel_is_a_picture() -> None:
    picture = load_picture(saved(Image.new("RGB", (1, 1), RED), "PNG"), LIMITS)
    sent = for_model(picture, 1568)
    assert (sent.width, sent.height) == (32, 32)


# What cannot be read


def png_of_size(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0"))


def truncated(name: str) -> bytes:
    noise = Image.effect_noise((200, 200), 80).convert("RGB")
    data = saved(noise, name)
    return data[: len(data) // 2]


HALF_JPEG = truncated("JPEG")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is empty"),
        (b"# A chapter\n", "is no picture that can be read"),
        (b"%PDF-1.7\n", "is no picture that can be read"),
        (b"<!DOCTYPE html><p>gone, <svg></p>", "is no picture that can be read"),
        (b"\x89PNG\r\n\x1a\nrubbish", "is a damaged PNG file"),
        (b"GIF89a", "is a damaged GIF file"),
        (HALF_JPEG, f"is cut off after {len(HALF_JPEG):,} bytes"),
        (
            png_of_size(30_000, 30_000),
            "has 900,000,000 pixels, more than max-pixels (200,000,000)",
        ),
        (png_of_size(10, 10), "is cut off after "),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><g>", "is cut off after 43 bytes"),
        (b"<svg width='9' height='9'/>", "lacks SVG's namespace, so that browsers show nothing"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_said_in_one_sentence(data: bytes, problem: str) -> None:
    with pytest.raises(UnreadablePictureError) as caught:
        load_picture(data, LIMITS)
    assert str(caught.value).startswith(problem)
    assert "\n" not in str(caught.value)


def test_a_large_file_is_not_even_opened() -> None:
    with pytest.raises(
        UnreadablePictureError, match=r"^has 101 bytes, more than max-bytes \(100\)"
    ):
        load_picture(b"x" * 101, Limits(1000, 100))


def test_a_raised_limit_lets_in_what_pillow_alone_would_refuse() -> None:
    """A strip of 180 million pixels: more than twice Pillow's own limit is an error there."""
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(UnreadablePictureError, match="cut off"):
        load_picture(png_of_size(20_000, 9_100), LIMITS)
    assert before == Image.MAX_IMAGE_PIXELS


def test_pillow_warns_nobody(recwarn: pytest.WarningsRecorder) -> None:
    warnings.simplefilter("always")
    with pytest.raises(UnreadablePictureError):
        load_picture(png_of_size(9_500, 9_500), LIMITS)  # it warns above 89 million pixels
    assert [str(warning.message) for warning in recwarn] == []


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM",
       b"\xff\xd8\xff\xe0", b"II*\0", b"RIFF\x10\0\0\0WEBP", b"<svg "]))  # fmt: skip
def test_any_bytes_are_a_picture_or_a_sentence(data: bytes, head: bytes) -> None:
    with contextlib.suppress(UnreadablePictureError):
        load_picture(head + data, LIMITS)


@given(st.integers(0, 3000), st.binary(min_size=1, max_size=4), st.sampled_from(["PNG", "GIF",
       "JPEG", "WEBP", "TIFF", "BMP"]))  # fmt: skip
def test_damaged_pictures_never_crash(place: int, damage: bytes, name: str) -> None:
    data = bytearray(saved(red_and_blue(90, 60), name))
    place %= len(data)
    data[place : place + len(damage)] = damage
    with contextlib.suppress(UnreadablePictureError):
        load_picture(bytes(data), Limits(1_000_000, 1_000_000))


def test_threads_find_what_one_finds() -> None:
    data = [saved(Image.effect_noise((300, 200), n).convert("RGB"), "PNG") for n in range(1, 9)]
    alone = [load_picture(one, LIMITS).identity for one in data]
    with ThreadPoolExecutor(4) as threads:
        assert [
            p.identity for p in threads.map(lambda one: load_picture(one, LIMITS), data)
        ] == alone


# What a model is sent


def sent_size(width: int, height: int, longest: int = 1568) -> tuple[int, int]:
    picture = load_picture(saved(Image.new("RGB", (width, height), RED), "PNG"), LIMITS)
    sent = for_model(picture, longest)
    assert Image.open(io.BytesIO(sent.data)).size == (sent.width, sent.height)
    return sent.width, sent.height


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1000, 500, (1000, 500)),
        (3136, 1568, (1568, 784)),
        (1000, 3000, (523, 1568)),
        (64, 32, (256, 128)),
        (200, 100, (256, 128)),
        (300, 10, (300, 32)),
    ],
)
def test_the_size_a_model_is_sent(width: int, height: int, expected: tuple[int, int]) -> None:
    assert sent_size(width, height) == expected


def test_a_wide_strip_is_folded_into_rows() -> None:
    strip = Image.new("RGB", (20_000, 300), WHITE)
    strip.paste(RED, (19_990, 0, 20_000, 300))
    strip.paste(BLUE, (0, 0, 10, 300))
    picture = load_picture(saved(strip, "PNG"), LIMITS)
    assert rows_for_model(picture, 1568) == 8
    sent = for_model(picture, 1568)
    image = Image.open(io.BytesIO(sent.data)).convert("RGB")
    # A letter of 24 pixels is 14 high; scaled as a whole it would be 2.
    assert sent.height > 8 * 300 * 0.58
    assert near(image.getpixel((2, 20)), BLUE, 60)
    assert near(image.getpixel((image.width - 3, image.height - 20)), RED, 60)


def test_photographs_go_as_jpeg_and_drawings_as_png() -> None:
    grain = [Image.effect_noise((400, 300), 60) for _ in range(3)]
    soft = Image.merge("RGB", grain).filter(ImageFilter.GaussianBlur(2))
    photo = load_picture(saved(soft, "PNG"), LIMITS)
    drawing = load_picture(saved(red_and_blue(400, 300), "PNG"), LIMITS)
    assert for_model(photo, 1568).media_type == "image/jpeg"
    assert for_model(drawing, 1568).media_type == "image/png"


# Data addresses

DATA = saved(Image.new("RGB", (2, 2), RED), "PNG")
ENCODED = base64.b64encode(DATA).decode()


@pytest.mark.parametrize(
    "target",
    [
        f"data:image/png;base64,{ENCODED}",
        f"DATA:image/png;charset=utf-8;BASE64,{ENCODED}",
        f"data:image/png;base64,{ENCODED.rstrip('=')}",
        f"data:image/png;base64,{ENCODED[:20]}\n  {ENCODED[20:]}",
        f"data:image/png;base64,{urllib.parse.quote(ENCODED, safe='')}",
        f"data:image/png,{urllib.parse.quote_from_bytes(DATA)}",
    ],
)
def test_data_addresses_hold_pictures(target: str) -> None:
    assert data_uri(target) == DATA


@pytest.mark.parametrize("target", ["picture.png", "https://example.com/data:x,y", "", "dat"])
def test_other_addresses_are_not_data(target: str) -> None:
    assert data_uri(target) is None


@pytest.mark.parametrize("target", ["data:image/png;base64", "data:;base64,A", "data:;base64,a*b="])
def test_a_broken_data_address_is_said(target: str) -> None:
    with pytest.raises(UnreadablePictureError):
        data_uri(target)


@given(st.binary())
def test_data_addresses_give_their_bytes_back(data: bytes) -> None:
    assert data_uri(f"data:;base64,{base64.b64encode(data).decode()}") == data
    assert data_uri(f"data:,{urllib.parse.quote_from_bytes(data)}") == data
