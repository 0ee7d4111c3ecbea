"""SVG: read without drawing, and drawn without reading anything but itself."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from bookpack.images import svg
from bookpack.images.limits import Limits, UnreadablePictureError
from bookpack.images.load import load_picture
from bookpack.images.svg import Drawing, draw, read_svg

LIMITS = Limits(max_pixels=200_000_000, max_bytes=50_000_000)
NAMESPACES = (
    'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:html="http://www.w3.org/1999/xhtml"'
)


def svg_of(body: str, head: str = 'width="100" height="50"', before: str = "") -> bytes:
    return f"{before}<svg {NAMESPACES} {head}>{body}</svg>".encode()


def words(body: str) -> tuple[str, ...]:
    return read_svg(svg_of(body)).words


def colours(drawing: Drawing) -> set[tuple[int, ...]]:
    image = Image.open(io.BytesIO(draw(drawing))).convert("RGBA")
    return {colour for _, colour in image.getcolors(1 << 24) or [] if colour[3] == 255}  # type: ignore[misc]


RED_BOX = '<rect width="60" height="50" fill="#ff0000"/>'
RED = (255, 0, 0, 255)


# Its own words


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<text>Start</text><text>  Load \n it </text>", ("Start", "Load it")),
        ("<text>Tom &amp; Co &lt;3</text>", ("Tom & Co <3",)),
        ("<text><![CDATA[a < b]]></text>", ("a < b",)),
        ("<text><tspan x='1' y='1'>First</tspan><tspan x='1' y='9'>line</tspan></text>",
         ("First line",)),
        ("<text><tspan x='0'>N</tspan><tspan x='5'>o</tspan><tspan x='9'>w</tspan></text>",
         ("Now",)),
        ("<text>100<tspan font-size='6'>%</tspan></text>", ("100%",)),
        ("<text><tspan x='1'>Name</tspan><tspan x='90'>Value</tspan></text>", ("Name Value",)),
        ("<g display='none'><text>hidden</text></g><text>seen</text>", ("seen",)),
        ("<text style='fill:red; visibility: hidden'>hidden</text>", ()),
        ("<g><title>tooltip</title><text>seen<title>tip</title></text></g>", ("seen",)),
        ("<script>text()</script><style>text{}</style><metadata><text>m</text></metadata>", ()),
        ("<defs><g id='a'><text>used</text></g><text id='b'>unused</text></defs>"
         "<use xlink:href='#a'/>", ("used",)),
        ("<symbol id='s'><text>icon</text></symbol><use href='#s'/>", ("icon",)),
        ("<foreignObject><html:div><html:p>One</html:p><html:p>two<html:br/>three</html:p>"
         "</html:div></foreignObject>", ("One two three",)),
        ("<switch><foreignObject><html:div>A long label</html:div></foreignObject>"
         "<text>A long...</text></switch><text>B</text>", ("A long label", "B")),
        ("<switch><foreignObject><html:div/></foreignObject><text>Text</text></switch>", ("Text",)),
    ],
)  # fmt: skip
def test_words_in_document_order(body: str, expected: tuple[str, ...]) -> None:
    assert words(body) == expected


def test_title_and_description() -> None:
    drawing = read_svg(svg_of("<title>A map</title><desc>Two\nroads</desc><g><title>x</title></g>"))
    assert (drawing.title, drawing.description) == ("A map", "Two roads")
    assert read_svg(svg_of("", 'width="1" height="1" aria-label="A map"')).title == "A map"


def test_a_tool_that_speaks_of_itself_says_nothing_of_the_picture() -> None:
    assert read_svg(svg_of("<desc>Created with Vector Studio 4.</desc>")).description == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_encodings(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>{svg_of("<text>Größe</text>").decode()}'
    assert load_picture(text.encode(encoding), LIMITS).own_words == ("Größe",)


# Its size


@pytest.mark.parametrize(
    ("head", "size"),
    [
        ('width="100" height="50"', (100, 50)),
        ('width="72pt" height="1in"', (96, 96)),
        ('width="2.54cm" height="25.4mm"', (96, 96)),
        ('viewBox="0 0 640 480"', (640, 480)),
        ('width="100%" height="100%" viewBox="0,0,640,480"', (640, 480)),
        ('width="320" viewBox="0 0 640 480"', (320, 240)),
        ('height="240" viewBox="0 0 640 480"', (320, 240)),
        ('width="50"', (50, 25)),
        ("", (300, 150)),
        ('viewBox="0 0 0 0"', (300, 150)),
        ('viewBox="a b c d" width="nonsense"', (300, 150)),
    ],
)
def test_sizes_in_css_pixels(head: str, size: tuple[int, int]) -> None:
    drawing = read_svg(svg_of("", head))
    assert (drawing.width, drawing.height) == size


def test_what_is_drawn_has_the_shape_and_is_large_enough_to_read() -> None:
    picture = load_picture(svg_of(RED_BOX, 'width="100pt" height="50pt"'), LIMITS)
    assert (picture.width, picture.height) == (133, 67)
    assert picture.pixels.size == (532, 268)
    assert picture.pixels.getpixel((5, 5)) == RED[:3]
    assert picture.pixels.getpixel((500, 5)) == (255, 255, 255)


@pytest.mark.parametrize("head", ['width="9e8" height="9e8"', 'width="900000" height="1"'])
def test_a_gigantic_drawing_is_made_smaller(head: str) -> None:
    picture = load_picture(svg_of(RED_BOX, head), LIMITS)
    assert picture.pixels.width * picture.pixels.height <= svg.DRAWN_PIXELS
    assert max(picture.pixels.size) <= svg.DRAWN_SIDE


# Its identity


def test_identity_is_that_of_what_is_drawn() -> None:
    plain = read_svg(svg_of(RED_BOX)).identity
    same = [
        svg_of(f"<!-- draft 3 -->{RED_BOX}<metadata><date>2024</date></metadata>"),
        svg_of('<rect fill="#ff0000" height="50" width="60"></rect>'),
        svg_of(RED_BOX, "height='50' width='100'", '<?xml version="1.0"?>\n<!DOCTYPE svg>\n'),
        svg_of(RED_BOX, 'width="100px" height="50"'),
    ]
    assert {read_svg(data).identity for data in same} == {plain}
    other = [svg_of(RED_BOX * 2), svg_of(RED_BOX, 'width="101" height="50"'), svg_of("")]
    assert plain not in {read_svg(data).identity for data in other}


def test_identity_does_not_depend_on_fonts() -> None:
    """It is known without drawing; the pixels of text differ between machines."""
    data = svg_of("<text y='20'>Hello</text>")
    assert load_picture(data, LIMITS).identity == read_svg(data).identity


# What would be dangerous


def test_entities_are_never_expanded() -> None:
    declared = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = svg_of("<text>&e11;</text>", before=f'<!DOCTYPE svg [<!ENTITY e0 "ha">{declared}]>')
    with pytest.raises(UnreadablePictureError, match=r"^declares XML entities"):
        read_svg(bomb)


def test_external_entities_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    before = f'<!DOCTYPE svg [<!ENTITY x SYSTEM "{(tmp_path / "secret.txt").as_uri()}">]>'
    with pytest.raises(UnreadablePictureError, match=r"^declares XML entities"):
        read_svg(svg_of("<text>&x;</text>", before=before))


@pytest.mark.parametrize("body", [
    '<image {}="{}" width="60" height="50"/>',
    '<filter id="f"><feImage {}="{}"/></filter><rect width="60" height="50" filter="url(#f)"/>',
])  # fmt: skip
@pytest.mark.parametrize("attribute", ["href", "xlink:href"])
def test_no_other_file_is_opened(tmp_path: Path, body: str, attribute: str) -> None:
    file = tmp_path / "red.png"
    Image.new("RGB", (8, 8), RED[:3]).save(file)
    for target in (file.as_uri(), f" {file}", f"data:{file}", str(file)):
        drawing = read_svg(svg_of(body.format(attribute, target)))
        assert str(file) not in drawing.copy
    assert colours(drawing) == set()


def test_an_embedded_svg_opens_no_file_either(tmp_path: Path) -> None:
    file = tmp_path / "red.png"
    Image.new("RGB", (8, 8), RED[:3]).save(file)

    def embedded(body: str) -> Drawing:
        inner = base64.b64encode(svg_of(body)).decode()
        outer = f'<image href="data:image/svg+xml;base64,{inner}" width="100" height="50"/>'
        return read_svg(svg_of(outer))

    assert colours(embedded(f'<image href="{file}" width="60" height="50"/>')) == set()
    assert RED in colours(embedded(RED_BOX))


def test_an_embedded_picture_is_shown() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), RED[:3]).save(stream, "PNG")
    target = f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
    assert RED in colours(read_svg(svg_of(f'<image href="{target}" width="50" height="50"/>')))


def test_deep_nesting_is_refused() -> None:
    deep = svg.MAX_DEPTH - 2
    assert colours(read_svg(svg_of("<g>" * deep + RED_BOX + "</g>" * deep))) == {RED}
    with pytest.raises(UnreadablePictureError, match=r"^nests its elements deeper than 256 levels"):
        read_svg(svg_of("<g>" * 100_000 + "</g>" * 100_000))


def test_uses_of_uses_end() -> None:
    levels = "".join(
        f'<g id="l{n}">' + f'<use href="#l{n - 1}"/>' * 10 + "</g>" for n in range(1, 12)
    )
    bomb = svg_of(f'<defs><g id="l0">{RED_BOX}</g>{levels}</defs><use href="#l11"/>')
    with pytest.raises(UnreadablePictureError, match=r"^is SVG that cannot be drawn"):
        load_picture(bomb, LIMITS)


def test_what_takes_too_long_is_given_up() -> None:
    slow = '<feTurbulence baseFrequency="0.05" numOctaves="90000000"/>'
    bomb = svg_of(f'<filter id="f">{slow}</filter><g filter="url(#f)">{RED_BOX}</g>')
    with pytest.raises(UnreadablePictureError, match=r"^takes more than 1 seconds to draw"):
        draw(read_svg(bomb), seconds=1)


# What it looks like


def test_looks() -> None:
    boxes = RED_BOX * 4
    assert read_svg(svg_of(f"{boxes}<text>a</text><text>b</text><text>c</text>")).looks == "diagram"
    assert read_svg(svg_of(f"{boxes}<g class='x axis'><text>10</text></g>")).looks == "chart"
    assert read_svg(svg_of(boxes)).looks == "drawing"
    assert read_svg(svg_of("<text>Only words</text>")).looks == ""
