"""``curves.png``: the loss and the metrics by epoch, training beside validation, one panel each."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from dlrun.report.panel import FEW, GREY, KINDS, SHADE, STYLE, Marks, draw_panel, drawable
from dlrun.report.series import HistoryRow, Panel, Place, panels_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_PANELS = 4


def draw_curves(
    history: Iterable[HistoryRow],
    target: Path | BinaryIO,
    *,
    primary: str,
    best_epoch: int | None = None,
    title: str = "",
    failed: Collection[Place] = (),
) -> None:
    """Draw the history of a run as a PNG: the loss first, then the primary metric, then others, four panels at most.

    Several folds are thin lines under their thick mean, in a band of one standard deviation over folds. The mean is
    drawn in full where every fold has a value, and dotted where some have stopped. Values that are missing or not
    finite leave a gap.

    Args:
        history: rows as in history.csv, in any order.
        target: a path that ends in ``.png``, or a stream that bytes can be written to.
        primary: the metric that stands beside the loss.
        best_epoch: of the mean curve, marked in every panel, counted from 1; None or 0 for no mark.
        title: any text; nothing in it is taken for mathematics.
        failed: iteration and fold of fits that failed: drawn up to a cross, and in no mean.
    """
    import matplotlib
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    panels = panels_of(history, primary, _MOST_PANELS)
    # A reader's own matplotlibrc (dark styles, LaTeX) does not reach the figure of a run.
    with matplotlib.style.context("default"), matplotlib.rc_context(STYLE):
        figure = _figure(panels, Marks(best_epoch or None, frozenset(failed)), title)
        FigureCanvasAgg(figure)
        figure.savefig(target, format="png", dpi=150, metadata={"Software": None})


def _figure(panels: Mapping[str, Panel], marks: Marks, title: str) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    rows, columns = (2, 2) if len(panels) == _MOST_PANELS else (1, max(len(panels), 1))
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08)  # inches
    figure = Figure(figsize=(1.2 + 4.4 * columns, 0.9 + 3.2 * rows), layout=layout, facecolor="white")
    if title:
        fitting = textwrap.fill(drawable(title), round(5.9 * figure.get_figwidth()))  # characters to an inch
        figure.suptitle(fitting, parse_math=False, x=0.01, ha="left", fontsize=11, fontweight="bold")
    for place, (metric, panel) in enumerate(panels.items()):
        draw_panel(figure.add_subplot(rows, columns, place + 1), metric, panel, marks)
    if not panels:
        figure.text(0.5, 0.5, "no epoch was finished", ha="center", va="center", color=GREY)
        return figure
    handles = _legend(panels, marks)
    figure.legend(
        [handle for handle, _ in handles],
        [words for _, words in handles],
        loc="outside lower center",
        ncols=_legend_columns(columns, len(handles)),
    )
    return figure


def _legend_columns(panels: int, handles: int) -> int:
    """Return how many handles stand side by side: as many as there is room for, in even rows."""
    if handles <= {1: 3, 2: 5}.get(panels, handles):
        return handles
    return 2 if panels == 1 else 3


def _legend(panels: Mapping[str, Panel], marks: Marks) -> list[tuple[Any, str]]:
    """Return what stands in the legend: a handle and its words each."""
    from matplotlib.lines import Line2D

    folds = [fold for panel in panels.values() for fold in panel.values()]
    marked = all(len(epochs) <= FEW for fold in folds for epochs in fold.values())
    handles: list[tuple[Any, str]] = []
    for kind in KINDS:
        style: Any = {"color": kind.colour, "linestyle": kind.dashes, "marker": kind.marker if marked else ""}
        handles.append((Line2D([], [], linewidth=1.8, markersize=3.5, **style), kind.name))
    several = _fold_handles(panels, marks)
    if marks.best_epoch is not None:
        line = Line2D([], [], color=GREY, linestyle=":", linewidth=1)
        several.append((line, "best epoch of the mean" if several else "best epoch"))
    return handles + several


def _fold_handles(panels: Mapping[str, Panel], marks: Marks) -> list[tuple[Any, str]]:
    """Explain what is drawn of several folds."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    folds = [fold for panel in panels.values() for fold in panel.values()]
    places = {place for fold in folds for place in fold}
    if len(places) < 2:
        return []
    failed = places & set(marks.failed)
    sound = places - failed or places
    handles: list[tuple[Any, str]] = []
    if len(sound) > 1:
        band, line = Patch(facecolor=GREY, alpha=2 * SHADE, linewidth=0), Line2D([], [], color=GREY, linewidth=1.8)
        handles.append(((band, line), f"mean of {len(sound)} folds, ± 1 std"))
    if len({len(fold[place]) for fold in folds for place in sound if place in fold}) > 1:
        handles.append((Line2D([], [], color=GREY, linestyle=":", linewidth=1.3), "fewer folds"))
    if failed:
        handles.append((Line2D([], [], color=GREY, linewidth=0.9, marker="x"), f"{len(failed)} failed"))
    return handles
