"""Cards: the pictures that stand for pages, and the text on them."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from bookpack.editions.web.cards import HEIGHT, WIDTH, Cards, typeface_of
from bookpack.errors import SettingsError
from bookpack.images.lettering import Backdrop, Canvas, Typeface, can_arrange, ink_on
from web_sites import BuiltSite

BOOK = '[book]\ntitle = "Bread"\nurl = "https://example.com"\nauthors = ["A Baker"]\n'
WIDE_FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
needs_wide_font = pytest.mark.skipif(
    not WIDE_FONT.is_file() or not can_arrange(),
    reason="DejaVu Sans or Pillow's library for Arabic letters is not here",
)


def cards_of(built: BuiltSite, **options) -> dict[str, bytes]:
    return dict(Cards(Typeface(), **options).files(built.site))


def card_path(built: BuiltSite, number: int | None) -> str:
    page = None if number is None else built.site.pages[number]
    head = Cards(Typeface()).head(built.site, page)
    return head.partition('content="https://example.com/')[2].partition('"')[0]


def picture(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data)) as image:
        return image.convert("RGB")


def written_box(image: Image.Image, top: int, bottom: int) -> tuple[int, int, int, int] | None:
    """Return where something stands between two heights, beside the band at the edge."""
    band = 30
    inner = image.crop((band, top, WIDTH - band, bottom))
    paper = Image.new("RGB", inner.size, inner.getpixel((0, 0)))
    box = ImageChops.difference(inner, paper).getbbox()
    return box and (box[0] + band, box[1] + top, box[2] + band, box[3] + top)


def test_every_chapter_has_a_card_and_so_has_the_book(make_book):
    built = BuiltSite(make_book({"1-a.md": "# Rye\n", "2-b.md": "# Wheat\n"}, BOOK))
    cards = cards_of(built)
    paths = [card_path(built, number) for number in (None, 0, 1)]
    assert len(set(paths)) == 3
    assert set(paths) == set(cards)
    for data in cards.values():
        image = picture(data)
        assert image.size == (WIDTH, HEIGHT)
        assert image.getpixel((WIDTH - 1, 0)) == (0x0B, 0x5C, 0xAD)
        assert len(data) < 20_000


def test_a_card_says_title_book_and_authors(make_book):
    built = BuiltSite(make_book({"a.md": "# Rye\n"}, BOOK))
    cards = cards_of(built)
    chapter, book = (picture(cards[card_path(built, number)]) for number in (0, None))
    assert written_box(chapter, 60, 160)  # the book
    assert written_box(chapter, 200, 420)  # the chapter
    assert written_box(chapter, 480, HEIGHT)  # the authors
    assert not written_box(book, 60, 160)
    assert written_box(book, 200, 420)


def test_a_card_is_described_in_words(make_book):
    built = BuiltSite(make_book({"a.md": '# Rye & "wheat"\n'}, BOOK))
    head = Cards(Typeface()).head(built.site, built.site.pages[0])
    assert '"og:image:alt" content="Rye &amp; &quot;wheat&quot; · Bread"' in head


def test_titles_that_cannot_be_written_share_the_books_card(make_book):
    built = BuiltSite(
        make_book({"1-a.md": "# 面包\n", "2-b.md": "# لحم\n", "3-c.md": "# Rye\n"}, BOOK)
    )
    paths = [card_path(built, number) for number in (None, 0, 1, 2)]
    assert paths[0] == paths[1] == paths[2] != paths[3]
    assert len(cards_of(built)) == 2


def test_a_card_of_the_last_build_is_taken_as_it_is(make_book):
    built = BuiltSite(make_book({"a.md": "# Rye\n"}, BOOK))
    path = card_path(built, 0)
    again = cards_of(built, lying={path})
    assert again[path] is None
    assert again[card_path(built, None)] == cards_of(built)[card_path(built, None)]


@pytest.mark.parametrize(
    "change",
    [
        ("Bread", "Cake"),
        ("A Baker", "A Miller"),
        ('["A Baker"]\n', '["A Baker"]\n[site]\ncolor = "#000000"\n'),
        ('["A Baker"]\n', '["A Baker"]\n[site]\ndirection = "rtl"\n'),
    ],
)
def test_a_card_that_looks_otherwise_has_another_name(make_book, change):
    one = BuiltSite(make_book({"a.md": "# Rye\n"}, BOOK))
    other = BuiltSite(make_book({"a.md": "# Rye\n"}, BOOK.replace(*change)))
    assert not set(cards_of(one)) & set(cards_of(other))


def test_from_right_to_left_the_text_stands_at_the_right(make_book):
    built = BuiltSite(make_book({"a.md": "# Rye\n"}, BOOK + '[site]\ndirection = "rtl"\n'))
    box = written_box(picture(cards_of(built)[card_path(built, 0)]), 200, 420)
    assert box is not None
    assert box[0] > WIDTH / 2
    assert box[2] <= WIDTH - 80


@pytest.mark.parametrize(("top", "bottom"), [(0, 90), (20, 70), (30, 100), (0, 100)])
def test_what_is_drawn_on_a_strip_of_a_backdrop_is_drawn_on_the_picture(top, bottom):
    def canvas() -> Canvas:
        made = Canvas(201, 100, "#0b5cad", "#ffffff")
        made.fill((0, 0, 24, 100), 0.3)
        return made

    typeface, whole = Typeface(), canvas()
    whole.write(typeface, 24, "Rye", (40, 60))
    backdrop = Backdrop(canvas())
    for _ in range(2):  # the second time, what lies around the strip is known
        strip = backdrop.strip(top, bottom)
        strip.write(typeface, 24, "Rye", (40, 60 - top))
        drawn = picture(backdrop.png(strip, top))
        assert drawn.size == (201, 100)
        assert ImageChops.difference(drawn, picture(whole.png())).getbbox() is None


@pytest.mark.parametrize("title", ["Rye", "ǺẾ jpq, y", "Ǻ" * 60, "A title of many words " * 9])
def test_no_letter_leaves_the_strip_that_a_title_is_drawn_on(title):
    typeface = Typeface()
    for size in (84, 52):
        above, below = typeface.reach(size)
        canvas = Canvas(1200, 400, "#000000", "#ffffff")
        canvas.write(typeface, size, title, (0, 200))
        box = picture(canvas.png()).getbbox()
        assert box is not None
        assert 200 - above <= box[1] < box[3] <= 200 + below


# What a font can write


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Rye and wheat", "Rye and wheat"),
        ("Größe, façade, Łódź, ế", "Größe, façade, Łódź, ế"),
        ("Всё о хлебе · ψωμί", "Всё о хлебе · ψωμί"),
        ("cafe\u0301", "café"),
        ("🚀 Start → here ✅", "Start here"),
        ("non\u2011breaking\u00a0space", "non-breaking space"),
        ("so\u00adft \u200bhyphen", "soft hyphen"),
        ("☀\ufe0f Sun", "Sun"),
        ("面包", ""),
        ("Bread 面包", ""),
        ("q\u0303", ""),
        ("\ue000", ""),
        ("", ""),
    ],
)
def test_text_is_written_whole_or_not_at_all_but_for_symbols(text, written):
    assert Typeface().writable(text) == written


def test_an_authors_font_writes_what_it_has_letters_for(make_book):
    folder = make_book({"a.md": "# Rye\n"}, BOOK + '[site]\ncard-font = "fonts/own.ttf"\n')
    with pytest.raises(SettingsError, match=r"There is no file fonts/own\.ttf, which"):
        BuiltSite(folder)
    (folder / "fonts").mkdir()
    (folder / "fonts" / "own.ttf").write_bytes(b"not a font")
    with pytest.raises(
        SettingsError, match=r"own\.ttf, which \[site\] card-font names, is no font"
    ):
        BuiltSite(folder)


@needs_wide_font
def test_letters_that_join_are_written_by_a_font_that_has_them(make_book):
    settings = BOOK + '[site]\ncard-font = "own.ttf"\n'
    folder = make_book({"a.md": "# تاریخچه\u200cی نان\n"}, settings)
    (folder / "own.ttf").write_bytes(WIDE_FONT.read_bytes())
    built = BuiltSite(folder)
    typeface = typeface_of(built.settings.site, built.checked.files)
    assert typeface.writable("تاریخچه\u200cی نان") == "تاریخچه\u200cی نان"
    assert Typeface().writable("تاریخچه") == ""
    # Joined letters are narrower than the same letters one by one.
    apart = sum(typeface.sized(60).getlength(letter) for letter in "تاریخ")
    assert typeface.sized(60).getlength("تاریخ") < apart


# Lines


def test_a_title_takes_the_largest_letters_at_which_it_fits():
    typeface = Typeface()
    assert typeface.fit("Rye", 1000, 3, (80, 60)) == (80, ["Rye"])
    size, lines = typeface.fit("Rye and wheat and oats and barley " * 2, 1000, 2, (80, 60, 40))
    assert size == 60 or size == 40
    assert " ".join(lines) == ("Rye and wheat and oats and barley " * 2).strip()
    assert all(typeface.sized(size).getlength(line) <= 1000 for line in lines)


def test_a_title_that_never_fits_is_cut():
    typeface = Typeface()
    size, lines = typeface.fit("word " * 100, 400, 2, (60, 40))
    assert size == 40
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert all(typeface.sized(40).getlength(line) <= 400 for line in lines)


def test_a_title_of_any_length_is_cut_in_no_time():
    size, lines = Typeface().fit("x" * 1_000_000, 400, 2, (60, 40))
    assert (size, len(lines)) == (40, 2)


def test_a_word_longer_than_a_line_is_broken():
    typeface = Typeface()
    _, lines = typeface.fit("Donaudampfschifffahrtsgesellschaft", 300, 9, (60,))
    assert len(lines) > 1
    assert "".join(lines) == "Donaudampfschifffahrtsgesellschaft"


@pytest.mark.parametrize(
    ("paper", "ink"),
    [
        ("#000000", "#ffffff"),
        ("#ffffff", "#111111"),
        ("#ffdd00", "#111111"),
        ("#0b5cad", "#ffffff"),
    ],
)
def test_the_ink_is_what_is_easier_to_read(paper, ink):
    assert ink_on(paper) == ink


def test_a_canvas_holds_two_colours_and_what_lies_between():
    canvas = Canvas(40, 20, "#ff0000", "#0000ff")
    canvas.fill((0, 0, 10, 20))
    canvas.fill((10, 0, 20, 20), 0.5)
    image = picture(canvas.png())
    assert image.getpixel((0, 0)) == (0, 0, 255)
    assert image.getpixel((15, 0)) == (119, 0, 136)
    assert image.getpixel((30, 0)) == (255, 0, 0)
    with Image.open(BytesIO(Canvas(32, 32, "#ff0000", "#ffffff").ico())) as icon:
        assert (icon.format, icon.size) == ("ICO", (32, 32))
