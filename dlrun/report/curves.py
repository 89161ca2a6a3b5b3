"""``curves.png``: the loss and the metrics by epoch, training beside validation, one panel each."""

from __future__ import annotations

import math
import statistics
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from dlrun.report.glyphs import clean, number
from dlrun.report.series import TRAINING, VALIDATION, Folds, HistoryRow, Panel, lonely, mean_of, panels_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_PANELS = 4
_TOWERING = 30
"""A curve so many times higher than its median squeezes all else into a flat line: its axis becomes logarithmic."""
_FEW = 12
"""Up to so many epochs, each has a marker."""
_INK, _GREY, _GRID = "#222222", "#666666", "#e6e6e6"
_STYLE: Any = {
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _GREY,
    "axes.labelcolor": _INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _GRID,
    "grid.linewidth": 0.8,
    "xtick.color": _GREY,
    "ytick.color": _GREY,
    "legend.frameon": False,
}
_Dashes = Literal["-", "--"]


@dataclass(frozen=True)
class _Curve:
    """How one of the two curves of a panel is drawn. Colours: Okabe and Ito's, told apart by every kind of eye."""

    name: str
    colour: str
    dashes: _Dashes
    marker: str


_CURVES = (_Curve(TRAINING, "#D55E00", "--", "s"), _Curve(VALIDATION, "#0072B2", "-", "o"))


def draw_curves(
    history: Iterable[HistoryRow],
    target: Path | BinaryIO,
    *,
    primary: str,
    best_epoch: int | None = None,
    title: str = "",
) -> None:
    """Draw the history of a run as a PNG: the loss first, then the primary metric, then others, four panels at most.

    Several folds are thin lines under their thick mean. Values that are missing or not finite leave a gap.

    Args:
        history: rows as in history.csv, in any order.
        target: a path that ends in ``.png``, or a stream that bytes can be written to.
        primary: the metric that stands beside the loss.
        best_epoch: marked in every panel, counted from 1.
        title: any text; nothing in it is taken for mathematics.
    """
    import matplotlib
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    panels = panels_of(history, primary, _MOST_PANELS)
    # A reader's own matplotlibrc (dark styles, LaTeX) does not reach the figure of a run.
    with matplotlib.style.context("default"), matplotlib.rc_context(_STYLE):
        figure = _figure(panels, best_epoch, title)
        FigureCanvasAgg(figure)
        figure.savefig(target, format="png", dpi=150, metadata={"Software": None})


def _figure(panels: Mapping[str, Panel], best_epoch: int | None, title: str) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    rows, columns = (2, 2) if len(panels) == _MOST_PANELS else (1, max(len(panels), 1))
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08)  # inches
    figure = Figure(figsize=(1.2 + 4.4 * columns, 0.9 + 3.2 * rows), layout=layout, facecolor="white")
    if title:
        fitting = textwrap.fill(_drawable(title), round(5.9 * figure.get_figwidth()))  # characters to an inch
        figure.suptitle(fitting, parse_math=False, x=0.01, ha="left", fontsize=11, fontweight="bold")
    for place, (metric, panel) in enumerate(panels.items()):
        axes = figure.add_subplot(rows, columns, place + 1)
        _draw_panel(axes, metric, panel, best_epoch)
    if not panels:
        figure.text(0.5, 0.5, "no epoch was finished", ha="center", va="center", color=_GREY)
    else:
        figure.legend(handles=_legend(panels, best_epoch), loc="outside lower center", ncols=len(_CURVES) + 1)
    return figure


def _draw_panel(axes: Axes, metric: str, panel: Panel, best_epoch: int | None) -> None:
    from matplotlib.ticker import MaxNLocator

    values = [value for folds in panel.values() for fold in folds.values() for value in fold.values()]
    finite = [value for value in values if not math.isnan(value)]
    axes.set_xlabel("epoch")
    axes.set_ylabel(_drawable(metric), parse_math=False)
    for curve in _CURVES:
        _draw_curve(axes, curve, panel[curve.name])
    if not finite:
        axes.text(0.5, 0.5, "no finite values", transform=axes.transAxes, ha="center", va="center", color=_GREY)
        axes.set_yticks([])
    elif min(finite) > 0 and max(finite) > _TOWERING * statistics.median(finite):
        axes.set_yscale("log")
    epochs = sorted({epoch for folds in panel.values() for fold in folds.values() for epoch in fold})
    axes.set_xlim(epochs[0] - 0.5, epochs[-1] + max(0.5, 0.02 * len(epochs)))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    if best_epoch is not None:
        _mark_best(axes, panel[VALIDATION], best_epoch)


def _draw_curve(axes: Axes, curve: _Curve, folds: Folds) -> None:
    epochs, mean = mean_of(folds)
    if all(math.isnan(value) for value in mean):
        return
    if len(folds) > 1:
        for fold in folds.values():
            axes.plot(list(fold), list(fold.values()), curve.dashes, color=curve.colour, linewidth=0.7, alpha=0.35)
    markers = curve.marker if len(epochs) <= _FEW else ""
    axes.plot(epochs, mean, curve.dashes, color=curve.colour, linewidth=1.8, marker=markers, markersize=3.5)
    # A point between two gaps is no line: without a marker it would not be seen.
    places = lonely(mean)
    axes.plot(
        [epochs[place] for place in places],
        [mean[place] for place in places],
        linestyle="",
        color=curve.colour,
        marker=curve.marker,
        markersize=3.5,
    )


def _mark_best(axes: Axes, folds: Folds, best_epoch: int) -> None:
    axes.axvline(best_epoch, color=_GREY, linewidth=1, linestyle=":")
    epochs, mean = mean_of(folds)
    value = mean[epochs.index(best_epoch)] if best_epoch in epochs else math.nan
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
        color=_GREY,
    )
    if not math.isnan(value):
        axes.plot([best_epoch], [value], "o", color=_CURVES[1].colour, markersize=6, markeredgecolor="white")


def _legend(panels: Mapping[str, Panel], best_epoch: int | None) -> list[Any]:
    from matplotlib.lines import Line2D

    folds = [fold for panel in panels.values() for fold in panel.values()]
    suffix = " (mean of the folds)" if any(len(fold) > 1 for fold in folds) else ""
    marked = all(len(epochs) <= _FEW for fold in folds for epochs in fold.values())
    handles = [
        Line2D(
            [],
            [],
            color=curve.colour,
            linestyle=curve.dashes,
            linewidth=1.8,
            marker=curve.marker if marked else "",
            markersize=3.5,
            label=curve.name + suffix,
        )
        for curve in _CURVES
    ]
    if best_epoch is not None:
        handles.append(Line2D([], [], color=_GREY, linestyle=":", linewidth=1, label="best epoch"))
    return handles


def _drawable(text: str) -> str:
    """Replace what the figure's font has no glyph for: matplotlib would warn, and draw a box anyway."""
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    known = FT2Font(findfont("DejaVu Sans")).get_charmap()
    return "".join(character if ord(character) in known else "\N{WHITE SQUARE}" for character in clean(text))
