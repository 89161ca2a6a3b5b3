"""Learning curves of a page: a figure for each metric, and the numbers behind it for whoever reads epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlrun.report.glyphs import number
from dlrun.report.page.figures import SERIES, as_svg, drawing
from dlrun.report.page.values import RunView
from dlrun.report.panel import KINDS, Marks, draw_panel, drawable, set_epochs, set_scale
from dlrun.report.reading import Record, part, parts, whole, words
from dlrun.report.scores import failed_fits
from dlrun.report.series import VALIDATION, Average, Panel, average, panels_of, without

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PANELS = 6
_SIZE = 5.2, 3.1
"""Inches."""


@dataclass(frozen=True)
class Curve:
    """A figure and what a slider below it reads out.

    Args:
        metric: that is drawn.
        svg: the figure.
        reading: ``epochs``; ``lines`` with a name, and for each epoch its value and deviation as text; ``left`` and
            ``right``, where the first and the last epoch stand in the figure, ``top`` and ``bottom`` of its axes.
        epochs: how many there are.
        start: the epoch that is read out first: the best one, or the last.
    """

    metric: str
    svg: str
    reading: Mapping[str, Any]
    epochs: int
    start: int


def draw_run_curves(view: RunView, name: str) -> list[Curve]:
    """Draw the loss, the primary metric and others of one run; ``name`` makes ids unique on the page."""
    primary = words(view.record, "primary")
    panels = panels_of(view.history, primary, MOST_PANELS)
    best = best_epoch(view.record)
    failed = frozenset(failed_fits(view.record))
    return [
        _curve(f"{name}-{place}", metric, panel, Marks(best, failed))
        for place, (metric, panel) in enumerate(panels.items())
        if _has_values(panel)
    ]


def _has_values(panel: Panel) -> bool:
    return any(not math.isnan(value) for folds in panel.values() for fold in folds.values() for value in fold.values())


def draw_overlaid(views: Sequence[RunView], letters: Sequence[str]) -> list[Curve]:
    """Draw several runs into one figure for each metric that two of them have: means over folds, training dashed.

    The loss is drawn where all runs have the same one. Failed folds are in no mean, and a mean is dotted where not all
    of its folds have come.
    """
    every = [
        (
            letter,
            panels_of(view.history, words(view.record, "primary"), MOST_PANELS),
            frozenset(failed_fits(view.record)),
        )
        for view, letter in zip(views, letters, strict=True)
    ]
    losses = {words(part(view.record, "model"), "loss") for view in views}
    metrics = dict.fromkeys(metric for _, panels, _ in every for metric in panels)
    if len(losses) > 1:
        metrics.pop("loss", None)
    shared = [metric for metric in metrics if sum(metric in panels for _, panels, _ in every) > 1]
    return [
        _overlaid(
            f"over-{place}",
            metric,
            {
                letter: {kind: average(without(folds, failed) or folds) for kind, folds in panels[metric].items()}
                if metric in panels
                else {}
                for letter, panels, failed in every
            },
        )
        for place, metric in enumerate(shared)
    ]


def best_epoch(record: Record) -> int | None:
    """Return the best epoch of the mean curve; None where none is known."""
    selected = parts(record, "scores", "selected")
    first = selected.get(words(record, "primary")) or next(iter(selected.values()), {})
    return whole(first.get("epoch")) or whole(part(record, "diagnosis").get("best_epoch"))


def _curve(name: str, metric: str, panel: Panel, marks: Marks) -> Curve:
    with drawing(*_SIZE) as figure:
        axes = figure.add_subplot()
        draw_panel(axes, metric, panel, marks)
        svg = as_svg(figure, name, f"{drawable(metric)} by epoch, training and validation")
        means = {kind.name: average(without(panel[kind.name], marks.failed) or panel[kind.name]) for kind in KINDS}
        return _read(metric, svg, axes, means, marks.best_epoch)


def _overlaid(name: str, metric: str, means: Mapping[str, Mapping[str, Average]]) -> Curve:
    with drawing(*_SIZE) as figure:
        axes = figure.add_subplot()
        lines: dict[str, Average] = {}
        for place, (letter, kinds) in enumerate(means.items()):
            for kind, mean in kinds.items():
                lines[f"{letter} {kind}"] = mean
                _draw_mean(axes, mean, kind, SERIES[place % len(SERIES)], letter)
        axes.set_xlabel("epoch")
        axes.set_ylabel(drawable(metric), parse_math=False)
        set_scale(axes, [value for mean in lines.values() for value in mean.mean if not math.isnan(value)])
        set_epochs(axes, sorted({epoch for mean in lines.values() for epoch in mean.epochs}))
        svg = as_svg(figure, name, f"{drawable(metric)} by epoch of {len(means)} runs")
        return _read(metric, svg, axes, lines, None)


def _draw_mean(axes: Axes, mean: Average, kind: str, colour: str, letter: str) -> None:
    style: Any = {"color": colour, "gid": kind, "lw": 1.8 if kind == VALIDATION else 1.0}
    whole_there = [value if every else math.nan for value, every in zip(mean.mean, mean.whole, strict=True)]
    if not all(mean.whole):
        axes.plot(mean.epochs, mean.mean, ":", **style)
    axes.plot(mean.epochs, whole_there, "-" if kind == VALIDATION else "--", **style)
    known = [(epoch, value) for epoch, value in zip(mean.epochs, mean.mean, strict=True) if not math.isnan(value)]
    if kind == VALIDATION and known:
        place: Any = {"xytext": (4, 0), "textcoords": "offset points", "va": "center", "fontsize": 9}
        axes.annotate(letter, known[-1], color=colour, annotation_clip=False, **place)


def _read(metric: str, svg: str, axes: Axes, means: Mapping[str, Average], best: int | None) -> Curve:
    """Note where epochs stand in a figure that was drawn, and what each line says there."""
    epochs = sorted({epoch for mean in means.values() for epoch in mean.epochs})
    height = axes.figure.bbox.height
    (left, top), (right, bottom) = (
        axes.transData.transform((epoch, axes.get_ylim()[end])) for epoch, end in ((epochs[0], 1), (epochs[-1], 0))
    )
    reading = {
        "epochs": epochs,
        "lines": [{"name": name, "words": _words(mean, epochs)} for name, mean in means.items()],
        "left": round(float(left), 2),
        "right": round(float(right), 2),
        "top": round(float(height - top), 2),
        "bottom": round(float(height - bottom), 2),
    }
    start = best if best in epochs else epochs[-1]
    return Curve(metric, svg, reading, len(epochs), epochs.index(start))


def _words(mean: Average, epochs: Sequence[int]) -> list[str]:
    """Say the mean and its deviation at each epoch; nothing where there is no value."""
    told = dict(zip(mean.epochs, zip(mean.mean, mean.std, strict=True), strict=True))
    texts = []
    for epoch in epochs:
        value, std = told.get(epoch, (math.nan, math.nan))
        spread = "" if math.isnan(std) else f" ± {number(std)}"
        texts.append("" if math.isnan(value) else f"{number(value)}{spread}")
    return texts
