"""One panel of ``curves.png``: a metric by epoch, training beside validation, folds thin under their thick mean."""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from dlrun.report.glyphs import clean, number
from dlrun.report.series import TRAINING, VALIDATION, Average, Folds, Panel, Place, average, lonely, without

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, GREY, GRID = "#222222", "#666666", "#e6e6e6"
STYLE: Any = {
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "legend.frameon": False,
}
"""Of every figure with axes; a reader's own matplotlibrc does not reach them."""
FOLDS, SPREAD = "folds", "spread"
"""With the kind, the id of what is drawn: a page can hide it."""
FEW = 12
"""Up to so many epochs, each has a marker."""
SHADE = 0.16
"""How opaque the spread is."""
_TOWERING = 10
"""A curve so many times higher than its median squeezes all else into a flat line: its axis becomes logarithmic."""
_FEW_DECADES = 10**3.5
_FAINTEST, _CLEAREST, _INK_OF_ALL = 0.025, 0.4, 2.4
_OVER = {"shade": 1.5, "folds": 2.0, "failed": 2.1, "part": 2.5, "mean": 3.0, "mark": 4.0}
_Dashes = Literal["-", "--"]


@dataclass(frozen=True)
class Kind:
    """How one of the two kinds of curve is drawn. Colours: Okabe and Ito's, told apart by every kind of eye."""

    name: str
    colour: str
    dashes: _Dashes
    marker: str


KINDS = (Kind(TRAINING, "#D55E00", "--", "s"), Kind(VALIDATION, "#0072B2", "-", "o"))


@dataclass(frozen=True)
class Marks:
    """What is marked in every panel of a figure.

    Args:
        best_epoch: where a line stands, counted from 1; None for no line.
        failed: folds that are drawn but are in no mean.
    """

    best_epoch: int | None = None
    failed: Collection[Place] = field(default=frozenset())


def draw_panel(axes: Axes, metric: str, panel: Panel, marks: Marks) -> None:
    """Draw one metric into empty axes."""
    values = [value for folds in panel.values() for fold in folds.values() for value in fold.values()]
    finite = [value for value in values if not math.isnan(value)]
    axes.set_xlabel("epoch")
    axes.set_ylabel(drawable(metric), parse_math=False)
    set_scale(axes, finite)
    averages = {kind.name: _draw_kind(axes, kind, panel[kind.name], marks.failed) for kind in KINDS}
    if not finite:
        axes.text(0.5, 0.5, "no finite values", transform=axes.transAxes, ha="center", va="center", color=GREY)
        axes.set_yticks([])
    epochs = sorted({epoch for folds in panel.values() for fold in folds.values() for epoch in fold})
    set_epochs(axes, epochs)
    if marks.best_epoch in epochs:
        _mark_best(axes, averages[VALIDATION], marks.best_epoch)


def set_epochs(axes: Axes, epochs: Sequence[int]) -> None:
    """Fit the axis to some epochs, ascending, with whole numbers on it."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(epochs[0] - 0.5, epochs[-1] + max(0.5, 0.02 * len(epochs)))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))


def drawable(text: str) -> str:
    """Replace what the figure's font has no glyph for: matplotlib would warn, and draw a box anyway."""
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    known = FT2Font(findfont("DejaVu Sans")).get_charmap()
    return "".join(character if ord(character) in known else "\N{WHITE SQUARE}" for character in clean(text))


def set_scale(axes: Axes, finite: list[float]) -> None:
    """Fit the axis to what was measured: a spread that reaches beyond it does not stretch it."""
    if not finite:
        return
    low, high = min(finite), max(finite)
    if low > 0 and high > _TOWERING * statistics.median(finite):
        axes.set_yscale("log")
        axes.set_ylim(low / 1.2, high * 1.2)
        axes.set_ylabel(f"{axes.get_ylabel()} (log scale)", parse_math=False)
        _set_log_ticks(axes, high / low)
        return
    room = 0.05 * (high - low) or 0.05 * abs(high) or 0.05
    axes.set_ylim(low - room, high + room)


def _set_log_ticks(axes: Axes, ratio: float) -> None:
    """Write plain numbers, 1, 2 and 5 of each decade where there are few decades."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    if ratio < _FEW_DECADES:
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _draw_kind(axes: Axes, kind: Kind, folds: Folds, failed: Collection[Place]) -> Average:
    sound = without(folds, failed) or folds
    mean = average(sound)
    if len(folds) > 1:
        _draw_folds(axes, kind, sound, folds)
    if all(math.isnan(value) for value in mean.mean):
        return mean
    if len(sound) > 1:
        _draw_spread(axes, kind, mean)
    whole = [value if all_there else math.nan for value, all_there in zip(mean.mean, mean.whole, strict=True)]
    style: Any = {"color": kind.colour, "markersize": 3.5}
    if not all(mean.whole):
        # Where some folds have stopped, the mean of the others is drawn, but not as if it were the same thing.
        axes.plot(mean.epochs, mean.mean, ":", linewidth=1.3, alpha=0.8, zorder=_OVER["part"], gid=kind.name, **style)
    markers = kind.marker if len(mean.epochs) <= FEW else ""
    solid: Any = {"linewidth": 1.8, "marker": markers, "zorder": _OVER["mean"], "gid": kind.name, **style}
    if len(folds) > 1:
        solid["path_effects"] = _halo()
    axes.plot(mean.epochs, whole, kind.dashes, **solid)
    # A point between two gaps is no line: without a marker it would not be seen.
    lone = lonely(mean.mean)
    places = [[series[place] for place in lone] for series in (mean.epochs, mean.mean)]
    axes.plot(*places, linestyle="", marker=kind.marker, zorder=_OVER["mean"], gid=kind.name, **style)
    return mean


def _halo() -> list[Any]:
    """Set a line apart from the cloud of folds below it."""
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=3.4, foreground="white", alpha=0.75), Normal()]


def _draw_folds(axes: Axes, kind: Kind, sound: Folds, folds: Folds) -> None:
    """Draw all folds as one thing, so that 200 of them are drawn as fast as one; the more, the fainter."""
    from matplotlib.collections import LineCollection

    failed = [list(fold.items()) for place, fold in folds.items() if place not in sound]
    faint = min(_CLEAREST, max(_FAINTEST, _INK_OF_ALL / len(folds)))
    some: Any
    for some, over, alpha in (
        ([list(fold.items()) for fold in sound.values()], _OVER["folds"], faint),
        (failed, _OVER["failed"], 0.8),
    ):
        if some:
            lines = LineCollection(some, colors=kind.colour, linewidths=0.8, alpha=alpha, zorder=over)
            lines.set_gid(f"{kind.name} {FOLDS}")
            axes.add_collection(lines, autolim=False)
    ends = [end for end in map(_last, failed) if end is not None]
    if ends:
        axes.plot(*zip(*ends, strict=True), "x", color=kind.colour, zorder=_OVER["mark"], gid=f"{kind.name} {FOLDS}")


def _last(fold: list[tuple[int, float]]) -> tuple[int, float] | None:
    return next(((epoch, value) for epoch, value in reversed(fold) if not math.isnan(value)), None)


def _draw_spread(axes: Axes, kind: Kind, mean: Average) -> None:
    """Shade one standard deviation on both sides of the mean."""
    low, high = ([value + side * std for value, std in zip(mean.mean, mean.std, strict=True)] for side in (-1, 1))
    style: Any = {"color": kind.colour, "alpha": SHADE, "linewidth": 0, "gid": f"{kind.name} {SPREAD}"}
    axes.fill_between(mean.epochs, low, high, zorder=_OVER["shade"], **style)


def _mark_best(axes: Axes, mean: Average, best_epoch: int) -> None:
    axes.axvline(best_epoch, color=GREY, linewidth=1, linestyle=":")
    value = mean.at(best_epoch)
    words = f"epoch {best_epoch}" if math.isnan(value) else f"epoch {best_epoch}: {number(value)}"
    low, high = axes.get_xlim()
    late = best_epoch > (low + high) / 2
    axes.annotate(
        words,
        (best_epoch, 1),
        xycoords=axes.get_xaxis_transform(),
        xytext=(-4 if late else 4, 0),
        textcoords="offset points",
        ha="right" if late else "left",
        va="bottom",
        fontsize=9,
        color=GREY,
    )
    if not math.isnan(value):
        style: Any = {"color": KINDS[1].colour, "markersize": 6, "markeredgecolor": "white", "zorder": _OVER["mark"]}
        axes.plot([best_epoch], [value], "o", **style)
