"""``filters.png`` and ``responses.png``: small images in a grid, as few axes as possible and no pixel invented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from dlrun.report.panel import GREY, INK, drawable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE: Any = {"font.size": 10, "text.color": INK}
_WIDTH, _MARGIN, _HEADING, _TITLE, _NOTE = 10.0, 0.25, 0.34, 0.45, 0.3
"""Inches: of the figure, around it, above each grid, of its title, and of a note at its end."""
_IMAGE = 1.6
"""Inches: the longer side of the sample."""
_MOST_COLUMNS, _FEWEST_COLUMNS = 16, 8
_SHARP_BELOW = 40
_GAP = 0.08
"""Between two maps, as a share of a map's width."""


@dataclass(frozen=True)
class Grid:
    """Small images that belong together.

    Args:
        heading: what stands above them.
        maps: (height, width, images), or in colour (height, width, images, 3) in 0..1.
        low: the value that is darkest; of coloured images not used.
        high: the value that is brightest.
        colours: matplotlib's name of the colour map.
        note: in grey behind the heading.
    """

    heading: str
    maps: Any
    low: float = 0.0
    high: float = 1.0
    colours: str = "viridis"
    note: str = ""


def draw_filters(layer: str, kernels: Any, target: Path | BinaryIO, *, title: str = "") -> None:
    """Draw the kernels of a convolution as a PNG: in colour where they take three channels, else by sign.

    Args:
        layer: the convolution's name.
        kernels: (filters, height, width, channels). Of other than one or three channels, the mean over them is drawn.
        target: a path that ends in ``.png``, or a stream that bytes can be written to.
        title: any text.
    """
    import numpy as np

    count, height, width, channels = kernels.shape
    most = float(np.abs(kernels).max()) or 1.0
    heading = f"{layer}: {count} kernel{'' if count == 1 else 's'} of {height} × {width} × {channels}"
    if channels == 3:
        coloured = (0.5 + kernels / (2 * most)).transpose(1, 2, 0, 3)
        grid = Grid(heading, coloured, note=f"grey 0, full colour ±{most:.2g}")
    else:
        mean = kernels.mean(axis=3)
        most = float(np.abs(mean).max()) or 1.0
        over = "" if channels == 1 else f", mean over {channels} channels"
        grid = Grid(
            heading, mean.transpose(1, 2, 0), -most, most, "RdBu_r", f"blue −{most:.2g}, white 0, red {most:.2g}{over}"
        )
    _save(_figure([grid], title, None), target)


def draw_responses(
    image: Any,
    layers: Sequence[tuple[str, Any]],
    target: Path | BinaryIO,
    *,
    title: str = "",
    most_maps: int = 32,
    most_layers: int = 12,
) -> None:
    """Draw a sample and what each layer answers to it as a PNG.

    All maps of a layer share one scale, from the lowest response to the highest, so that a map that stays dark is a
    filter that finds nothing here.

    Args:
        image: (height, width, channels): in grey, or in colour where it has three channels.
        layers: name and maps (height, width, channels) of each layer, in their order.
        target: a path that ends in ``.png``, or a stream that bytes can be written to.
        title: any text.
        most_maps: how many maps of a layer are drawn: the first ones.
        most_layers: how many layers are drawn, evenly chosen, the first and the last among them.
    """
    shown = [layers[index] for index in _evenly(len(layers), most_layers)]
    grids = [_grid(name, maps, most_maps) for name, maps in shown]
    left_out = len(layers) - len(shown)
    note = f"{left_out} layers in between are not drawn" if left_out else ""
    _save(_figure(grids, title, image, note), target)


def _grid(name: str, maps: Any, most: int) -> Grid:
    height, width, count = maps.shape
    low, high = float(maps.min()), float(maps.max())
    some = f", the first {most}" if count > most else ""
    heading = f"{name}: {count} map{'' if count == 1 else 's'} of {height} × {width}{some}"
    return Grid(
        heading,
        maps[:, :, :most],
        low,
        max(high, low + 1e-12),
        note=f"dark {low:.2g}, bright {high:.2g}".replace("-", "−"),
    )


def _evenly(count: int, most: int) -> list[int]:
    """Choose at most so many of a count, evenly, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(place * (count - 1) / (most - 1)) for place in range(most)})


def _save(figure: Figure, target: Path | BinaryIO) -> None:
    import matplotlib
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    # A reader's own matplotlibrc (dark styles, LaTeX) does not reach the figure of a run.
    with matplotlib.style.context("default"), matplotlib.rc_context(_STYLE):
        FigureCanvasAgg(figure)
        figure.savefig(target, format="png", dpi=150, metadata={"Software": None})


def _figure(grids: Sequence[Grid], title: str, image: Any, note: str = "") -> Figure:
    """Lay out title, sample and grids from the top to the bottom, in inches."""
    from matplotlib.figure import Figure

    heights = [_HEADING + _drawn_height(grid) + _MARGIN for grid in grids]
    pictured = 0.0 if image is None else _IMAGE * image.shape[0] / max(image.shape[:2]) + _MARGIN
    total = _MARGIN + (_TITLE if title else 0) + pictured + sum(heights) + (_NOTE if note else 0)
    figure = Figure(figsize=(_WIDTH, total), facecolor="white")
    top = total - _MARGIN
    if title:
        _write(figure, drawable(title), top - 0.15, fontsize=12, fontweight="bold")
        top -= _TITLE
    if image is not None:
        _show_image(figure, image, top)
    top -= pictured
    for grid, height in zip(grids, heights, strict=True):
        _show_grid(figure, grid, top)
        top -= height
    if note:
        _write(figure, note, _NOTE, color=GREY)
    return figure


def _write(figure: Figure, text: str, height: float, left: float = _MARGIN, **style: Any) -> None:
    """Write a line that is ``height`` inches above the bottom; ``left`` is where it is anchored."""
    place = left / figure.get_figwidth(), height / figure.get_figheight()
    figure.text(*place, text, va="center", parse_math=False, **style)


def _axes(figure: Figure, top: float, width: float, height: float) -> Any:
    """Make empty axes of a size in inches, at the left margin."""
    wide, high = figure.get_size_inches()
    axes = figure.add_axes((_MARGIN / wide, (top - height) / high, width / wide, height / high))
    axes.set_axis_off()
    return axes


def _show_image(figure: Figure, image: Any, top: float) -> None:
    height, width, channels = image.shape
    scale = _IMAGE / max(height, width)
    axes = _axes(figure, top, width * scale, height * scale)
    low, high = float(image.min()), float(image.max())
    if channels == 3:
        axes.imshow((image - low) / ((high - low) or 1.0), interpolation="nearest")
    else:
        axes.imshow(image.mean(axis=2), cmap="gray", interpolation="nearest")


@dataclass(frozen=True)
class _Lattice:
    """Where the maps of a grid lie, in pixels of the maps.

    Args:
        size: of one map, height and width.
        gap: between two maps.
        count: of maps.
        columns: of maps side by side, which are as few as the full rows allow.
    """

    size: tuple[int, int]
    gap: float
    count: int
    columns: int

    @property
    def whole(self) -> tuple[float, float]:
        """Height and width of all maps together, the last column empty or not."""
        rows = -(-self.count // self.columns)
        return rows * (self.size[0] + self.gap) - self.gap, self.columns * (self.size[1] + self.gap) - self.gap

    def extent(self, index: int) -> tuple[float, float, float, float]:
        """Left, right, lower and upper edge of a map, as ``imshow`` takes them."""
        row, column = divmod(index, self.columns)
        left, upper = column * (self.size[1] + self.gap), row * (self.size[0] + self.gap)
        return left, left + self.size[1], upper + self.size[0], upper


def _lattice(grid: Grid) -> _Lattice:
    height, width, count = grid.maps.shape[:3]
    rows = -(-count // _MOST_COLUMNS)
    return _Lattice((height, width), _GAP * max(height, width), count, max(-(-count // rows), _FEWEST_COLUMNS))


def _drawn_height(grid: Grid) -> float:
    high, wide = _lattice(grid).whole
    return (_WIDTH - 2 * _MARGIN) * high / wide


def _show_grid(figure: Figure, grid: Grid, top: float) -> None:
    """Draw all maps of a grid into one pair of axes, each where it belongs."""
    _write(figure, drawable(grid.heading), top - _HEADING / 2)
    note: Any = {"left": _WIDTH - _MARGIN, "ha": "right", "color": GREY, "fontsize": 9}
    _write(figure, drawable(grid.note), top - _HEADING / 2, **note)
    axes = _axes(figure, top - _HEADING, _WIDTH - 2 * _MARGIN, _drawn_height(grid))
    lattice = _lattice(grid)
    for index in range(lattice.count):
        shown = grid.maps[:, :, index]
        scale = {"cmap": grid.colours, "vmin": grid.low, "vmax": grid.high} if shown.ndim == 2 else {}
        # Few pixels stay sharp squares; many are averaged where the figure has fewer.
        sharp = "nearest" if lattice.size[1] < _SHARP_BELOW else "antialiased"
        axes.imshow(shown, extent=lattice.extent(index), interpolation=sharp, **scale)
    high, wide = lattice.whole
    axes.set_xlim(0, wide)
    axes.set_ylim(high, 0)
