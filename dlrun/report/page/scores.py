"""Scores on one axis: each fold a dot, the mean with its interval, and what has to be beaten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlrun.report.glyphs import number
from dlrun.report.page.figures import PAPER, SERIES, as_svg, drawing
from dlrun.report.panel import GREY, INK, KINDS, drawable
from dlrun.report.reading import Record, items, parts, real, words
from dlrun.report.scores import validation_scores
from dlrun.report.series import BEYOND_AXES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH = 5.6
"""Inches."""
_MOST_BASELINES = 6
_CHARACTER = 0.0142
"""How wide a character of a label is, as a share of the axis."""


@dataclass(frozen=True)
class Strip:
    """One run's line in the figure."""

    label: str
    colour: str
    folds: tuple[float, ...]
    mean: float
    low: float | None
    high: float | None


def draw_scores(records: Sequence[Record], letters: Sequence[str], metric: str, name: str) -> str:
    """Draw the scores of runs by one metric; empty where none of them has such a score.

    Args:
        records: of the runs.
        letters: what they are called; one empty text for a single run.
        metric: whose scores are drawn.
        name: makes ids unique on the page.
    """
    strips = [
        strip
        for place, (record, letter) in enumerate(zip(records, letters, strict=True))
        if (strip := _strip(record, letter, metric, place)) is not None
    ]
    if not strips:
        return ""
    baselines = _baselines(records, metric)
    levels = _levels(strips, baselines)
    lines = 1 + max(levels.values(), default=-1)
    with drawing(_WIDTH, 0.75 + 0.36 * len(strips) + 0.2 * lines) as figure:
        axes = figure.add_subplot()
        for height, strip in enumerate(reversed(strips)):
            _draw(axes, strip, float(height))
        _draw_baselines(axes, baselines, levels)
        axes.set_ylim(-0.6, len(strips) - 0.4)
        axes.set_xlim(*_limits(strips, baselines))
        axes.set_yticks(range(len(strips)), [strip.label for strip in reversed(strips)])
        axes.tick_params(axis="y", length=0)
        axes.grid(False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(drawable(metric), parse_math=False)
        return as_svg(figure, name, f"{drawable(metric)} by fold, the mean with its 95 % interval, and baselines")


def _strip(record: Record, letter: str, metric: str, place: int) -> Strip | None:
    score = validation_scores(record).get(metric, {})
    mean = _finite(score.get("mean"))
    if mean is None:
        return None
    folds = [_finite(value) for one in items(score, "per_fold") if isinstance(one, list) for value in one]
    colour = SERIES[place % len(SERIES)] if letter else KINDS[1].colour
    known = tuple(value for value in folds if value is not None)
    return Strip(
        letter, colour, known if len(known) > 1 else (), mean, *map(_finite, (score.get("low"), score.get("high")))
    )


def _baselines(records: Sequence[Record], metric: str) -> dict[str, float]:
    """Collect what baselines score, where all records agree on it: runs on other rows have others to beat."""
    every = [
        {name: _finite(scores.get(metric)) for name, scores in parts(record, "scores", "baselines").items()}
        for record in records
    ]
    agreed = {
        name: value
        for name, value in every[0].items()
        if value is not None and all(other.get(name) == value for other in every[1:])
    }
    return dict(list(agreed.items())[:_MOST_BASELINES])


def _finite(value: Any) -> float | None:
    """Return a number that an axis can show; None for anything else."""
    known = real(value)
    return known if known is not None and abs(known) < BEYOND_AXES else None


def _limits(strips: Sequence[Strip], baselines: Mapping[str, float]) -> tuple[float, float]:
    values = [*baselines.values()]
    for strip in strips:
        values += [strip.mean, *strip.folds, *(end for end in (strip.low, strip.high) if end is not None)]
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 0.05 * abs(high) or 0.05
    return low - room, high + room


def _levels(strips: Sequence[Strip], baselines: Mapping[str, float]) -> dict[str, int]:
    """Choose for each baseline's label the lowest line on which it covers no other."""
    low, high = _limits(strips, baselines)
    taken: list[list[tuple[float, float]]] = []
    levels: dict[str, int] = {}
    for name, value in sorted(baselines.items(), key=lambda each: each[1]):
        half = _CHARACTER * (len(_label(name, value)) + 2) / 2
        at = (value - low) / (high - low)
        span = at - half, at + half
        level = next(
            (
                level
                for level, spans in enumerate(taken)
                if all(span[0] > end or span[1] < start for start, end in spans)
            ),
            len(taken),
        )
        if level == len(taken):
            taken.append([])
        taken[level].append(span)
        levels[name] = level
    return levels


def _label(name: str, value: float) -> str:
    return f"{name} {number(value)}"


def _draw(axes: Axes, strip: Strip, height: float) -> None:
    if strip.low is not None and strip.high is not None:
        axes.plot(
            [strip.low, strip.high], [height, height], color=strip.colour, lw=9, alpha=0.25, solid_capstyle="round"
        )
    axes.plot(strip.folds, [height] * len(strip.folds), "o", color=strip.colour, alpha=0.65, ms=5, mew=0, zorder=3)
    axes.plot([strip.mean], [height], "D", color=strip.colour, ms=8, mec=PAPER, mew=1.2, zorder=4)


def _draw_baselines(axes: Axes, baselines: Mapping[str, float], levels: Mapping[str, int]) -> None:
    for name, value in baselines.items():
        axes.axvline(value, color=GREY, lw=1.2, ls=(0, (3, 2)), zorder=1)
        axes.annotate(
            drawable(_label(name, value)),
            (value, 1),
            xycoords=axes.get_xaxis_transform(),
            xytext=(0, 3 + 13 * levels[name]),
            textcoords="offset points",
            ha="center",
            va="bottom",
            color=INK,
            fontsize=9,
            parse_math=False,
        )


def primary_of(record: Record) -> str:
    """Name the metric by which a run is judged; the first that it has where the primary one is missing."""
    scores = validation_scores(record)
    primary = words(record, "primary")
    return primary if primary in scores else next(iter(scores), primary)
