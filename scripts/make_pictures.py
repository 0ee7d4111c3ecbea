"""Draw pictures whose words are known: `python scripts/make_pictures.py FOLDER`.

Every picture is drawn with Pillow and its built-in font alone, from fixed numbers, so that the
same version of Pillow draws the same pictures everywhere. Beside them `pictures.json` lists each
file with its kind and the words that are in it, as they were written.
"""

import json
import math
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFilter, ImageFont

INK = "#222222"
PALE = "#d9d9d9"
BLUE, ORANGE, GREEN, RED = "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728"
_FINE = 2  # everything is drawn this much larger and made smaller, for smooth edges


class Drawn(NamedTuple):
    """A picture, what kind it is, and the texts in it."""

    image: Image.Image
    kind: str
    words: list[str]


class Canvas:
    """A white sheet in pixels that remembers what is written on it."""

    def __init__(self, width: int, height: int, colour: str = "white") -> None:
        self.image = Image.new("RGB", (width * _FINE, height * _FINE), colour)
        self.pen = ImageDraw.Draw(self.image)
        self.words: list[str] = []

    def text(
        self, x: float, y: float, text: str, size: int = 14, colour: str = INK, anchor: str = "mm"
    ) -> None:
        """Write one line; `anchor` is Pillow's: `lm` begins at x, `rm` ends there."""
        font = ImageFont.load_default(size * _FINE)
        self.pen.text((x * _FINE, y * _FINE), text, colour, font, anchor)
        self.words.append(text)

    def upwards(self, x: float, y: float, text: str, size: int = 14) -> None:
        """Write one line turned by 90°, as labels of an axis are."""
        font = ImageFont.load_default(size * _FINE)
        width, height = int(font.getlength(text)) + 4, size * _FINE * 2
        strip = Image.new("L", (width, height))
        ImageDraw.Draw(strip).text((width / 2, height / 2), text, 255, font, "mm")
        strip = strip.transpose(Image.Transpose.ROTATE_90)
        place = (int(x * _FINE - strip.width / 2), int(y * _FINE - strip.height / 2))
        self.image.paste(INK, place, strip)
        self.words.append(text)

    def line(
        self, points: Sequence[tuple[float, float]], colour: str = INK, width: int = 1
    ) -> None:
        """Draw a line through `points`."""
        scaled = [(x * _FINE, y * _FINE) for x, y in points]
        self.pen.line(scaled, colour, width * _FINE, "curve")

    def box(
        self, x: float, y: float, width: float, height: float, fill: str, edge: str | None = None
    ) -> None:
        """Draw a rectangle from its upper left corner."""
        area = [v * _FINE for v in (x, y, x + width, y + height)]
        self.pen.rectangle(area, fill, edge, _FINE if edge else 0)

    def dot(self, x: float, y: float, radius: float, fill: str, edge: str = INK) -> None:
        """Draw a filled circle around a point."""
        area = [v * _FINE for v in (x - radius, y - radius, x + radius, y + radius)]
        self.pen.ellipse(area, fill, edge, _FINE)

    def arrow(self, points: Sequence[tuple[float, float]]) -> None:
        """Draw a line with a head at its end."""
        self.line(points, width=1)
        (x0, y0), (x1, y1) = points[-2:]
        angle = math.atan2(y1 - y0, x1 - x0)
        sides = [
            (x1 - 9 * math.cos(angle + turn), y1 - 9 * math.sin(angle + turn))
            for turn in (0.4, -0.4)
        ]
        self.pen.polygon([(x * _FINE, y * _FINE) for x, y in [(x1, y1), *sides]], INK)

    def done(self, kind: str) -> Drawn:
        """Return the picture at its own size."""
        return Drawn(self.image.reduce(_FINE), kind, self.words)


def _axes(canvas: Canvas, area: tuple[int, int, int, int], ticks: Sequence[str]) -> None:
    """Draw both axes around `area` (left, top, right, bottom) with `ticks` from 0 upwards."""
    left, top, right, bottom = area
    for step, tick in enumerate(ticks):
        y = bottom - (bottom - top) * step / (len(ticks) - 1)
        canvas.line([(left, y), (right, y)], PALE)
        canvas.text(left - 8, y, tick, 12, anchor="rm")
    canvas.line([(left, top), (left, bottom), (right, bottom)])


def line_chart() -> Drawn:
    """Draw three series over eleven years, with a legend inside."""
    canvas = Canvas(900, 560)
    canvas.text(450, 28, "Downloads of the three package formats, 2014 to 2024", 18)
    area = (90, 60, 860, 480)
    _axes(canvas, area, ["0", "250", "500", "750", "1,000", "1,250", "1,500"])
    for year in range(11):
        canvas.text(90 + 77 * year, 498, str(2014 + year), 12)
    canvas.text(475, 530, "Year of publication", 14)
    canvas.upwards(24, 270, "Downloads in thousands")
    series = {
        "Archive": (BLUE, [1210, 1180, 1090, 960, 900, 720, 610, 540, 430, 390, 310]),
        "Wheel": (ORANGE, [60, 110, 190, 330, 410, 560, 700, 890, 1040, 1220, 1390]),
        "Container": (GREEN, [0, 20, 35, 90, 160, 280, 300, 420, 480, 515, 640]),
    }
    for number, (name, (colour, values)) in enumerate(series.items()):
        points = [(90 + 77 * at, 480 - value * 420 / 1500) for at, value in enumerate(values)]
        canvas.line(points, colour, 2)
        for x, y in points:
            canvas.dot(x, y, 3, colour, colour)
        canvas.line([(120, 80 + 22 * number), (150, 80 + 22 * number)], colour, 2)
        canvas.text(158, 80 + 22 * number, name, 13, anchor="lm")
    return canvas.done("chart")


def bar_chart() -> Drawn:
    """Draw seven bars with their values on top."""
    canvas = Canvas(800, 500)
    canvas.text(400, 26, "Average build time by number of chapters", 18)
    _axes(canvas, (80, 60, 770, 420), ["0", "20", "40", "60", "80", "100"])
    bars = {"10": 3.2, "25": 7.9, "50": 14.6, "100": 27.3, "200": 51.8, "300": 76.4, "400": 98.1}
    for number, (name, value) in enumerate(bars.items()):
        x, height = 105 + 95 * number, value * 3.6
        canvas.box(x, 420 - height, 60, height, BLUE)
        canvas.text(x + 30, 408 - height, str(value), 12)
        canvas.text(x + 30, 438, name, 13)
    canvas.text(425, 470, "Chapters", 14)
    canvas.upwards(22, 240, "Milliseconds")
    return canvas.done("chart")


def flowchart() -> Drawn:
    """Draw steps and decisions from top to bottom."""
    canvas = Canvas(760, 720)
    steps = [
        "Manuscript arrives",
        "Read every chapter",
        "Resolve links",
        "Write editions",
        "Publish",
    ]
    for number, step in enumerate(steps):
        y = 20 + 140 * number
        canvas.box(250, y, 240, 60, "#eaf2fb", INK)
        canvas.text(370, y + 30, step, 16)
        if number < len(steps) - 1:
            canvas.arrow([(370, y + 60), (370, y + 140)])
    canvas.box(570, 300, 160, 60, "#fdeeee", INK)
    canvas.text(650, 330, "Report finding", 15)
    canvas.arrow([(490, 330), (570, 330)])
    canvas.text(528, 316, "broken", 13)
    canvas.arrow([(650, 300), (650, 190), (490, 190)])
    canvas.text(572, 176, "author mends", 13)
    canvas.box(20, 440, 160, 60, "#eefaf0", INK)
    canvas.text(100, 470, "Manifest", 15)
    canvas.arrow([(250, 470), (180, 470)])
    return canvas.done("diagram")


def table() -> Drawn:
    """Draw a ruled table of numbers."""
    rows = [
        ["Edition", "Chapters", "Words", "Tokens", "Size"],
        ["Packed", "37", "96,412", "130,058", "617 KB"],
        ["Web", "37", "96,412", "148,920", "2.4 MB"],
        ["Print", "35", "91,003", "121,774", "8.1 MB"],
        ["Reader", "12", "28,640", "38,215", "190 KB"],
    ]
    canvas = Canvas(820, 300)
    for number, row in enumerate(rows):
        y = 20 + 52 * number
        canvas.box(20, y, 780, 52, "#f0f0f0" if number == 0 else "white", "#999999")
        for column, cell in enumerate(row):
            x = 20 + 156 * column
            canvas.line([(x, y), (x, y + 52)], "#999999")
            canvas.text(x + 14, y + 26, cell, 16, anchor="lm")
    return canvas.done("")


def screenshot(*, dark: bool = False) -> Drawn:
    """Draw a window with a menu, a list at its side and text."""
    back, bar, ink = ("#1e1e1e", "#333333", "#d4d4d4") if dark else ("white", "#e4e4e8", INK)
    side = "#252526" if dark else "#f5f5f7"
    canvas = Canvas(1000, 640, back)
    canvas.box(0, 0, 1000, 36, bar)
    for number, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        canvas.dot(20 + 22 * number, 18, 7, colour, colour)
    canvas.text(500, 18, "Settings of the book", 14, ink)
    canvas.box(0, 36, 220, 604, side)
    names = ["General", "Chapters", "Links", "Pictures", "Language", "Publishing", "Advanced"]
    for number, name in enumerate(names):
        if number == 3:
            canvas.box(8, 50 + 36 * number, 204, 30, "#0a64d8")
        colour = "white" if number == 3 else ink
        canvas.text(28, 65 + 36 * number, name, 14, colour, "lm")
    canvas.text(250, 70, "Pictures", 22, ink, "lm")
    fields = {
        "Largest picture": "200,000,000 pixels",
        "Folder of descriptions": "descriptions",
        "Longest side for a model": "1568",
        "Private addresses": "refused",
    }
    for number, (name, value) in enumerate(fields.items()):
        y = 120 + 60 * number
        canvas.text(250, y, name, 14, ink, "lm")
        canvas.box(480, y - 16, 300, 32, "#3c3c3c" if dark else "white", "#888888")
        canvas.text(492, y, value, 14, ink, "lm")
    for number, line in enumerate(
        [
            "Every picture is read when the book is built. A description is kept",
            "beside the chapters and is never replaced once a person has edited it.",
            "Run the command again after a picture has changed.",
        ]
    ):
        canvas.text(250, 380 + 24 * number, line, 13, ink, "lm")
    canvas.box(780, 580, 90, 34, bar, "#888888")
    canvas.text(825, 597, "Cancel", 14, ink)
    canvas.box(885, 580, 90, 34, "#0a64d8")
    canvas.text(930, 597, "Save", 14, "white")
    return canvas.done("screenshot")


def photo() -> Drawn:
    """Draw hills under a sky with the grain of a camera, and a sign with two words."""
    chance = random.Random(7)
    image = Image.linear_gradient("L").resize((1200, 800))
    sky = Image.merge("RGB", [image.point(lambda v, c=c: c + v // 4) for c in (90, 140, 185)])
    pen = ImageDraw.Draw(sky)
    for depth, colour in enumerate(("#7d93a3", "#5d7a6a", "#3f5f3c", "#2b4426")):
        heights = [420 + depth * 90]
        for _ in range(120):
            heights.append(heights[-1] + chance.randint(-14, 14))
        pen.polygon(
            [(0, 800), *((at * 10, y) for at, y in enumerate(heights)), (1200, 800)], colour
        )
    sky = sky.filter(ImageFilter.GaussianBlur(3))
    pen = ImageDraw.Draw(sky)
    pen.rectangle((520, 470, 880, 590), "#f4f1e6")
    pen.rectangle((690, 590, 710, 780), "#776655")
    pen.text((700, 530), "HARBOUR 14", "#303030", ImageFont.load_default(48), "mm")
    sky = sky.filter(ImageFilter.GaussianBlur(0.8))
    grain = bytes(max(0, min(255, int(chance.gauss(128, 40)))) for _ in range(600 * 400))
    noise = Image.frombytes("L", (600, 400), grain).resize((1200, 800), Image.Resampling.BICUBIC)
    grey = Image.merge("RGB", [noise] * 3)
    return Drawn(Image.blend(sky, grey, 0.3), "photo", ["HARBOUR 14"])


def wardley_map() -> Drawn:
    """Draw a Wardley-style map: components by visibility and evolution."""
    canvas = Canvas(1100, 720)
    canvas.text(550, 26, "Publishing a handbook", 20)
    canvas.line([(80, 60), (80, 640), (1060, 640)])
    canvas.upwards(30, 110, "Visible")
    canvas.upwards(30, 590, "Invisible")
    canvas.upwards(56, 350, "Value Chain")
    for x, stage in zip(
        (80, 300, 545, 800), ("Genesis", "Custom Built", "Product", "Commodity"), strict=True
    ):
        canvas.text(x + 8, 660, stage, 14, anchor="lm")
        if x > 80:
            canvas.line([(x, 60), (x, 640)], "#bbbbbb")
    canvas.text(1000, 690, "Evolution", 14)
    parts = {
        "Reader": (620, 90),
        "Edition": (560, 190),
        "Search": (760, 230),
        "Picture descriptions": (250, 290),
        "Compiler": (340, 380),
        "Language model": (640, 400),
        "Markdown": (850, 470),
        "Hosting": (930, 560),
        "Electricity": (1000, 620),
    }
    joined = [
        ("Reader", "Edition"), ("Reader", "Search"), ("Edition", "Picture descriptions"),
        ("Edition", "Compiler"), ("Picture descriptions", "Language model"),
        ("Compiler", "Markdown"), ("Edition", "Hosting"), ("Search", "Hosting"),
        ("Hosting", "Electricity"), ("Language model", "Electricity"),
    ]  # fmt: skip
    for one, other in joined:
        canvas.line([parts[one], parts[other]], "#666666")
    for name, (x, y) in parts.items():
        canvas.dot(x, y, 7, "white")
        canvas.text(x + 12, y - 14, name, 14, anchor="lm")
    canvas.arrow([(262, 290), (420, 290)])
    return canvas.done("diagram")


def timeline() -> Drawn:
    """Draw a strip of 20,000 by 300 pixels with an event every 400."""
    canvas = Canvas(20_000, 300)
    canvas.line([(100, 180), (19_900, 180)], width=3)
    names = ("Founded", "First edition", "New press", "Translation", "Second edition")
    for number in range(50):
        x = 200 + 400 * number
        canvas.dot(x, 180, 8, ORANGE)
        canvas.text(x, 130, f"{names[number % 5]} {chr(65 + number % 26)}", 26)
        canvas.text(x, 225, str(1770 + 5 * number), 24)
    return canvas.done("diagram")


def small_chart() -> Drawn:
    """Draw the bar chart at the size of a thumbnail whose words can just be read."""
    drawn = bar_chart()
    return drawn._replace(image=drawn.image.resize((480, 300), Image.Resampling.LANCZOS))


def flowchart_svg() -> tuple[str, list[str]]:
    """Return an SVG with boxes and text, a title and a description."""
    steps = ["Collect answers", "Check each answer", "Ask a person", "Keep the decision"]
    body = ""
    for number, step in enumerate(steps):
        y = 20 + 90 * number
        body += (
            f'<rect x="60" y="{y}" width="240" height="50" fill="#eaf2fb" stroke="#222"/>'
            f'<text x="180" y="{y + 31}" text-anchor="middle">{escape(step)}</text>'
        )
        if number:
            body += f'<path d="M180 {y - 40} V{y}" stroke="#222"/>'
    title, told = "How an answer is kept", "Four boxes from top to bottom"
    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="360" height="380" font-size="16" '
        f'font-family="sans-serif"><title>{title}</title><desc>{told}</desc>{body}</svg>\n'
    )
    return text, [*steps, title, told]


def make_pictures(folder: Path) -> dict[str, dict[str, object]]:
    """Write all pictures and `pictures.json` into `folder`; return what the latter says."""
    folder.mkdir(parents=True, exist_ok=True)
    listing: dict[str, dict[str, object]] = {}

    def save(name: str, drawn: Drawn, change: Callable[[Image.Image], Image.Image] | None = None,
             **options: object) -> None:  # fmt: skip
        image = change(drawn.image) if change else drawn.image
        image.save(folder / name, **options)  # type: ignore[arg-type]
        listing[name] = {"kind": drawn.kind, "words": drawn.words}

    chart, bars = line_chart(), bar_chart()
    save("line-chart.png", chart)
    save("line-chart-cmyk.jpg", chart, lambda image: image.convert("CMYK"), quality=88)
    save("line-chart-low-quality.jpg", chart, quality=35)
    save("bar-chart.png", bars)
    save("bar-chart-16-colours.png", bars, lambda image: image.quantize(16))
    save("bar-chart-small.png", small_chart())
    save("flowchart.png", flowchart())
    save("flowchart.webp", flowchart(), quality=80)
    save("table.png", table())
    save("table.tiff", table(), compression="tiff_lzw")
    save("screenshot.png", screenshot())
    save("screenshot-dark.png", screenshot(dark=True))
    save("photo.jpg", photo(), quality=85)
    save("wardley-map.png", wardley_map())
    save("timeline-20000-wide.png", timeline())
    frames = [frame.image.quantize(64) for frame in (flowchart(), table(), bars)]
    save("animated.gif", flowchart(), lambda _: frames[0], save_all=True,
         append_images=frames[1:], duration=500)  # fmt: skip
    turned = Image.Exif()
    turned[0x0112] = 6
    save("bar-chart-turned.jpg", bars, lambda image: image.transpose(Image.Transpose.ROTATE_90),
         exif=turned, quality=90)  # fmt: skip
    text, words = flowchart_svg()
    (folder / "flowchart.svg").write_text(text, "utf-8")
    listing["flowchart.svg"] = {"kind": "diagram", "words": words}
    content = json.dumps(listing, indent=1, ensure_ascii=False) + "\n"
    (folder / "pictures.json").write_text(content, "utf-8")
    return listing


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: make_pictures.py FOLDER")
    print(f"{len(make_pictures(Path(sys.argv[1])))} pictures in {sys.argv[1]}")
