"""Figures of held-out predictions: ROC and precision-recall, predicted against true, residuals, errors, confusion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlrun.report.glyphs import grouped, number
from dlrun.report.page.figures import SERIES, as_svg, drawing
from dlrun.report.page.values import Confusion, Pairs, Points, Ranking
from dlrun.report.panel import GREY, KINDS, drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SQUARE = 4.6, 4.0
_WIDE = 4.6, 3.2
"""Inches."""
_ROC, _PRECISION_RECALL = 0, 1
_DOT = 3.2


def draw_roc(rankings: Sequence[Ranking], name: str) -> str:
    """Draw the ROC curve of each class; folds are thin below their mean."""
    with drawing(*_SQUARE) as figure:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=GREY, lw=1, ls=":")
        for place, ranking in enumerate(rankings):
            _draw_ranking(axes, ranking, _ROC, ranking.roc, f"AUC {number(ranking.auc, 3)}", _colour(rankings, place))
        _finish_unit(axes, "false positive rate", "true positive rate (recall)", "lower right")
        return as_svg(figure, name, "ROC curves")


def draw_precision_recall(rankings: Sequence[Ranking], name: str) -> str:
    """Draw the precision-recall curve of each class, and of a single one what guessing reaches."""
    with drawing(*_SQUARE) as figure:
        axes = figure.add_subplot()
        if len(rankings) == 1:
            axes.axhline(rankings[0].share, color=GREY, lw=1, ls=":")
        for place, ranking in enumerate(rankings):
            told = f"AP {number(ranking.average_precision, 3)}"
            curve = ranking.precision_recall
            _draw_ranking(axes, ranking, _PRECISION_RECALL, curve, told, _colour(rankings, place))
        _finish_unit(axes, "recall", "precision", "lower left")
        return as_svg(figure, name, "precision-recall curves")


def draw_pairs(pairs: Pairs, name: str) -> str:
    """Draw predicted against true values; on the line they agree."""
    with drawing(*_SQUARE) as figure:
        axes = figure.add_subplot()
        ends = min(*pairs.targets, *pairs.predictions), max(*pairs.targets, *pairs.predictions)
        axes.plot(ends, ends, color=GREY, lw=1)
        _dots(axes, pairs.targets, pairs.predictions)
        axes.set_xlabel(drawable(f"true {pairs.name}".strip()), parse_math=False)
        axes.set_ylabel("predicted")
        return as_svg(figure, name, f"predicted against true values{_of(pairs)}")


def draw_residuals(pairs: Pairs, name: str) -> str:
    """Draw what is left, true less predicted, against the prediction, and how it is distributed beside that."""
    residuals = [target - predicted for target, predicted in zip(pairs.targets, pairs.predictions, strict=True)]
    with drawing(*_SQUARE) as figure:
        grid = figure.add_gridspec(1, 2, width_ratios=(4, 1))
        axes = figure.add_subplot(grid[0])
        axes.axhline(0, color=GREY, lw=1)
        _dots(axes, pairs.predictions, residuals)
        axes.set_xlabel("predicted")
        axes.set_ylabel("residual: true less predicted")
        beside = figure.add_subplot(grid[1], sharey=axes)
        _histogram(beside, residuals, 30, orientation="horizontal")
        beside.set_xlabel("rows")
        beside.tick_params(axis="y", labelleft=False)
        return as_svg(figure, name, f"residuals against predictions{_of(pairs)}")


def draw_errors(errors: Sequence[float], name: str) -> str:
    """Draw how the errors of rows are distributed."""
    with drawing(*_WIDE) as figure:
        axes = figure.add_subplot()
        _histogram(axes, errors, 40)
        axes.set_xlabel("mean squared error of a row")
        axes.set_ylabel("rows")
        return as_svg(figure, name, f"errors of {grouped(len(errors))} rows")


def draw_confusion(confusion: Confusion, name: str) -> str:
    """Draw the shares of each true class as a picture: for more classes than a table can show."""
    import numpy as np
    from matplotlib.colors import to_rgb

    counts = np.array(confusion.counts, float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shaded = np.zeros((*shares.shape, 4))
    shaded[..., :3] = to_rgb(KINDS[1].colour)
    shaded[..., 3] = shares**0.5  # small shares are what one looks for
    with drawing(6.2, 6.0) as figure:
        axes = figure.add_subplot()
        axes.imshow(shaded, interpolation="nearest")
        axes.grid(False)
        step = max(1, len(counts) // 24)
        named = list(range(0, len(counts), step))
        labels = [drawable(confusion.classes[place])[:16] for place in named]
        axes.set_xticks(named, labels, rotation=90, fontsize=7, parse_math=False)
        axes.set_yticks(named, labels, fontsize=7, parse_math=False)
        axes.set_xlabel("predicted class")
        axes.set_ylabel("true class")
        return as_svg(figure, name, "share of each true class that was taken for each class")


def _draw_ranking(axes: Axes, ranking: Ranking, kind: int, mean: Points, told: str, colour: str) -> None:
    style: Any = {"drawstyle": "steps-pre"} if kind == _PRECISION_RECALL else {}
    for fold in ranking.folds:
        axes.plot(*fold[kind], color=colour, lw=0.7, alpha=0.35, **style)
    label = f"{drawable(ranking.name)}  {told}" if ranking.name else told
    axes.plot(*mean, color=colour, lw=1.8, label=label.lstrip("_"), **style)


def _finish_unit(axes: Axes, x: str, y: str, corner: Any) -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    legend = axes.legend(loc=corner, fontsize=8, handlelength=1.2)
    for text in legend.get_texts():
        text.set_parse_math(False)


def _colour(rankings: Sequence[Ranking], place: int) -> str:
    return KINDS[1].colour if len(rankings) == 1 else SERIES[place % len(SERIES)]


def _dots(axes: Axes, x: Sequence[float], y: Sequence[float]) -> None:
    """Draw points as one path of strokes without length: a tenth of the bytes that markers take in SVG."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    places = [(left, high) for left, high in zip(x, y, strict=True) for _ in range(2)]
    path = Path(places, [Path.MOVETO, Path.LINETO] * len(x))
    path.should_simplify = False  # which would leave out strokes without length
    alpha = max(0.25, min(0.8, 12 / len(x) ** 0.5)) if len(x) else 1.0
    axes.add_patch(
        PathPatch(path, fill=False, color=KINDS[1].colour, lw=_DOT, alpha=alpha, capstyle="round", snap=False)
    )
    axes.autoscale_view()


def _histogram(axes: Axes, values: Sequence[float], bins: int, **style: Any) -> None:
    """Count values in bins; those that are all but equal fill one."""
    low, high = min(values), max(values)
    wide = high - low > 1e-9 * max(abs(low), abs(high))
    ends = (low, high) if wide else (low - abs(low) / 2 - 0.5, high + abs(high) / 2 + 0.5)
    axes.hist(values, bins=bins, range=ends, color=KINDS[1].colour, alpha=0.6, **style)


def _of(pairs: Pairs) -> str:
    return f" of {drawable(pairs.name)}" if pairs.name else ""
