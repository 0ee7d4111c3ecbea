"""What kind of picture it probably is, by its pixels alone; '' where that is not clear.

Nothing here was learnt: a handful of measures with fixed bounds, chosen so that a wrong word is
rarer than none. Measured at about 700,000 pixels, so that they depend little on size:

- flat: the share of pixels that equal their right neighbour but for 3 of 255;
- colours: how many of 4,096 colours cover nine tenths of the picture;
- paper: the commonest of these colours, its share and its lightness;
- edges: the share of pixels that differ by more than 24 of 255 from the one beside or below;
- straight: the share of edges that lie in straight runs of 32 pixels, across or down;
- stems: in how many columns, and in how many rows, such runs stand;
- grid: how many long thin lines follow each other from top to bottom at equal distances, as
  behind the bars of a chart; rules: how many go from top to bottom, as in a table.
"""

import itertools
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageChops, ImageStat

if TYPE_CHECKING:
    from bookpack.images.load import Picture

_AREA = 700_000
_RUN = 32
_GRID_LINES = 4
_RULES = 3
_STEMS = 9
_LONG = 0.45


class Measures(NamedTuple):
    """What the module's docstring says, as shares from 0 to 1 and counts."""

    flat: float
    colours: int
    paper: float
    light: float
    edges: float
    straight: float
    columns: int
    rows: int
    grid: int
    rules: int


def looks_like(picture: "Picture") -> str:
    """Return `photo`, `screenshot`, `chart`, `diagram`, `drawing`, or '' where it is unclear."""
    if min(picture.pixels.size) < 48:
        return ""
    seen = measure(picture.pixels)
    if seen.flat < 0.75 and seen.colours >= 12:
        return "photo"
    if seen.flat < 0.8 or seen.colours > 12 or seen.paper < 0.3:
        return ""
    if seen.light < 0.3:
        # Dark paper is that of a terminal or an editor, when it holds much that is small.
        return "screenshot" if seen.edges > 0.03 and seen.paper > 0.5 else ""
    if seen.light < 0.8 or seen.flat < 0.85:
        return ""
    if seen.grid >= _GRID_LINES and seen.rules < _RULES and seen.columns and seen.edges < 0.12:
        return "chart"
    if seen.straight > 0.2 and min(seen.columns, seen.rows) >= _STEMS:
        return "diagram"
    curved = seen.straight < 0.035 and not max(seen.grid, seen.rules) > 2
    return "drawing" if curved and seen.edges < 0.055 else ""


def measure(image: Image.Image) -> Measures:
    """Return the measures of an RGB picture."""
    factor = max(1, round((image.width * image.height / _AREA) ** 0.5))
    if factor > 1:
        image = image.reduce(factor)
    across = ImageChops.difference(image, ImageChops.offset(image, 1, 0)).convert("L")
    few = image.resize((200, 200), Image.Resampling.NEAREST).point(lambda value: value & 0xF0)
    # Of 4 bits a channel there are at most so many; of equally frequent ones the darker is first.
    counted: list[tuple[int, tuple[int, ...]]] = few.getcolors(4096)  # type: ignore[assignment]
    colours = sorted(counted, key=lambda colour: (-colour[0], colour[1]))
    grey = image.convert("L")
    beside, below = _edges(grey, 1, 0), _edges(grey, 0, 1)
    down, level = _runs(beside, 0, 1), _runs(below, 1, 0)
    edges = _share(beside) + _share(below)
    return Measures(
        flat=_share(across.point(lambda value: 255 if value <= 3 else 0)),
        colours=_covering([count for count, _ in colours], 0.9 * 40_000),
        paper=colours[0][0] / 40_000,
        light=sum(colours[0][1]) / (3 * 240),
        edges=edges,
        straight=(_share(down) + _share(level)) / edges if edges else 0.0,
        columns=len(_groups(down.resize((down.width, 1), Image.Resampling.BOX), 3)),
        rows=len(_groups(level.resize((1, level.height), Image.Resampling.BOX), 3)),
        grid=_grid(_lines(grey, 0, 3)),
        rules=len(_lines(grey, 3, 0)),
    )


def _share(mask: Image.Image) -> float:
    return ImageStat.Stat(mask).mean[0] / 255


def _covering(counts: list[int], wanted: float) -> int:
    """Return how many of the largest counts make up `wanted`."""
    covered = 0
    for number, count in enumerate(counts, start=1):
        covered += count
        if covered >= wanted:
            return number
    return len(counts)


def _edges(grey: Image.Image, right: int, down: int) -> Image.Image:
    moved = ImageChops.difference(grey, ImageChops.offset(grey, right, down))
    return moved.point(lambda value: 255 if value > 24 else 0)


def _runs(mask: Image.Image, right: int, down: int) -> Image.Image:
    """Return where `_RUN` pixels in a row are set, by erosion in steps of powers of two."""
    step = 1
    while step < _RUN:
        mask = ImageChops.darker(mask, ImageChops.offset(mask, right * step, down * step))
        step *= 2
    return mask


def _groups(profile: Image.Image, least: int) -> list[int]:
    """Return where groups of neighbours of at least so much begin."""
    values = profile.tobytes()
    return [at for at, value in enumerate(values)
            if value >= least and (at == 0 or values[at - 1] < least)]  # fmt: skip


def _lines(grey: Image.Image, right: int, down: int) -> list[int]:
    """Return where thin lines are that cross nearly half of the picture."""
    one, other = (ImageChops.offset(grey, by * right, by * down) for by in (1, -1))
    differs = ImageChops.darker(*(ImageChops.difference(grey, side) for side in (one, other)))
    # The edge of a bar differs from both sides too, but these differ from each other.
    thin = ImageChops.subtract(differs, ImageChops.difference(one, other))
    thin = thin.point(lambda value: 255 if value > 8 else 0)
    size = (1, grey.height) if down else (grey.width, 1)
    return _groups(thin.resize(size, Image.Resampling.BOX), round(_LONG * 255))


def _grid(rows: list[int]) -> int:
    """Return the number of the most rows that follow each other at equal distances."""
    best = 0
    for first, second in itertools.pairwise(rows):
        gap, last, count = second - first, second, 2
        while gap >= 12 and (after := [row for row in rows if abs(row - last - gap) <= 2]):
            last, count = after[0], count + 1
        best = max(best, count)
    return best
