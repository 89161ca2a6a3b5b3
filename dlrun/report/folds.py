"""The folds of a run as lines of a table: each one's scores, best epoch and rows; why one failed; a digest of many."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from dlrun.report.glyphs import columns, grouped, number
from dlrun.report.lines import Line, indent_of, pad
from dlrun.report.reading import Record, items, part, real, sections, whole
from dlrun.report.scores import failed_fits, places_of, validation_scores

Place = tuple[int, int]
"""Iteration and fold, both from 1."""
_MOST = 20
"""So many lines are read; of more fits than that, iterations or a digest are shown."""
_MOST_FAILURES = 5
_GAP = "   "
_NARROWEST = 20


@dataclass(frozen=True)
class _Column:
    """One column: values are even among themselves and stand left under the name, above the mean of them."""

    name: str
    cells: tuple[str, ...]

    @property
    def width(self) -> int:
        return max(columns(cell) for cell in (self.name, *self.cells))


def fold_lines(record: Record, width: int, labels: Sequence[str] = ()) -> list[Line]:
    """Write a line for each fold under a header; nothing for a run with a single split.

    Of more than 20 fits, iterations are shown by their means, or the scores by their range. Failed folds are always
    named.

    Args:
        record: a run's record.
        width: what the whole line may take.
        labels: of the lines that will stand in the same block: where the second column begins depends on them too.
    """
    places = _places(record)
    if len(places) < 2:
        return []
    iterations = {iteration for iteration, _ in places}
    if len(places) <= _MOST:
        return _each(record, places, width, labels)
    if 1 < len(iterations) <= _MOST:
        return _by_iteration(record, places, width, labels)
    return _digest(record, places)


def _places(record: Record) -> list[Place]:
    """Return the folds that ended, well or not."""
    scored = {place for score in validation_scores(record).values() for place in _by_fold(score)}
    return sorted(scored | set(failed_fits(record)))


def _by_fold(score: Record) -> dict[Place, float | None]:
    return {
        (iteration, fold): real(value)
        for iteration, folds in enumerate(items(score, "per_fold"), 1)
        for fold, value in enumerate(folds if isinstance(folds, list) else [], 1)
    }


def _each(record: Record, places: Sequence[Place], width: int, labels: Sequence[str]) -> list[Line]:
    failed = failed_fits(record)
    sound = [place for place in places if place not in failed]
    several = any(iteration > 1 for iteration, _ in places)
    header = "iteration  fold" if several else "fold"
    names = {(at, fold): f"{at:<9}  {fold}" if several else str(fold) for at, fold in places}
    rows = _table([*_score_columns(record, sound), *_fact_columns(record, sound)], width - indent_of([header, *labels]))
    texts = dict(zip(sound, rows[1:], strict=True)) | {place: f"failed: {reason}" for place, reason in failed.items()}
    return [Line(header, (rows[0],)), *(Line(names[place], (texts[place],)) for place in places)]


def _score_columns(record: Record, places: Sequence[Place]) -> list[_Column]:
    found = []
    for metric, score in validation_scores(record).items():
        values, decimals = _by_fold(score), places_of(score)
        found.append(_even(metric, [number(values.get(place), decimals) for place in places]))
    return found


def _fact_columns(record: Record, places: Sequence[Place]) -> list[_Column]:
    """Say of each fold what is known beside its scores; training rows only where folds differ in them."""
    folds = {(whole(fold.get("iteration")), whole(fold.get("fold"))): fold for fold in _folds_of(record)}
    best = dict(zip(folds, items(part(record, "training"), "best_epoch"), strict=False))
    rows = {name: [whole(folds.get(place, {}).get(name)) for place in places] for name in ("train", "validation")}
    sizes = [size for size in rows["train"] if size]
    uneven = bool(sizes) and max(sizes) > 1.1 * min(sizes)
    facts = [
        ("best epoch", [whole(best.get(place)) for place in places]),
        ("rows", rows["validation"]),
        ("trained on", rows["train"] if uneven else []),
    ]
    return [
        _even(name, ["" if value is None else grouped(value) for value in values])
        for name, values in facts
        if any(value is not None for value in values)
    ]


def _folds_of(record: Record) -> list[Record]:
    return sections(part(record, "splits"), "folds")


def _even(name: str, cells: Sequence[str]) -> _Column:
    widest = max(map(columns, cells), default=0)
    return _Column(name, tuple(pad(cell, widest, right=True) for cell in cells))


def _table(found: Sequence[_Column], room: int) -> list[str]:
    """Write columns side by side under their names, without those for which there is no room."""
    kept = list(found)
    facts = ("best epoch", "rows", "trained on")
    # The first column is the primary metric. Other metrics go first: their means stand below the table anyway.
    while len(kept) > 1 and _width(kept) > max(room, _NARROWEST):
        metrics = [column for column in kept[1:] if column.name not in facts]
        kept.remove(metrics[-1] if metrics else kept[-1])
    if not kept:
        return [""]
    lines = zip(*((column.name, *column.cells) for column in kept), strict=True)
    widths = [column.width for column in kept]
    return [_GAP.join(map(pad, cells, widths)).rstrip() for cells in lines]


def _width(found: Sequence[_Column]) -> int:
    return sum(column.width for column in found) + len(_GAP) * (len(found) - 1)


def _by_iteration(record: Record, places: Sequence[Place], width: int, labels: Sequence[str]) -> list[Line]:
    """Show the mean of each iteration's folds, with the lowest and the highest of them."""
    failed = failed_fits(record)
    iterations = sorted({iteration for iteration, _ in places})
    sound = [at for at in iterations if not any(place[0] == at for place in failed)]
    spread = []
    for at, (metric, score) in enumerate(validation_scores(record).items()):
        values, decimals = _by_fold(score), places_of(score)
        groups = [[value for place, value in values.items() if place[0] == each] for each in sound]
        spread.append(_even(metric, [number(_mean(group), decimals) for group in groups]))
        if not at:
            for name, end in (("lowest fold", min), ("highest fold", max)):
                known = [[value for value in group if value is not None] for group in groups]
                spread.append(_even(name, [number(end(group, default=None), decimals) for group in known]))
    rows = _table(spread, width - indent_of(["iteration", *labels]))
    texts = dict(zip(sound, rows[1:], strict=True))
    told = f"means over the folds of an iteration; record.json has all {grouped(len(places))} folds"
    return [
        Line("iteration", (rows[0],)),
        *(Line(str(at), (texts.get(at, "no mean: a fold failed"),)) for at in iterations),
        Line("", (told,)),
        *_failure_lines(failed),
    ]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known and len(known) == len(values) else None


def _digest(record: Record, places: Sequence[Place]) -> list[Line]:
    """Say how far the folds' scores reach, and where each is."""
    texts = []
    for metric, score in validation_scores(record).items():
        known = sorted(value for value in _by_fold(score).values() if value is not None and value == value)
        if len(known) > 1:
            low, middle, high = (
                number(value, places_of(score)) for value in (known[0], statistics.median(known), known[-1])
            )
            texts.append(f"{metric} {low} to {high}, median {middle}")
    listed = f"{'; '.join(texts)}; " if texts else ""
    lines = [Line("folds", (f"{grouped(len(places))}: {listed}record.json has each",))]
    return lines + _failure_lines(failed_fits(record))


def _failure_lines(failed: dict[Place, str]) -> list[Line]:
    several = any(iteration > 1 for iteration, _ in failed)
    named = [
        Line("failed", (f"{f'iteration {at} ' if several else ''}fold {fold}: {reason}",))
        for (at, fold), reason in list(failed.items())[:_MOST_FAILURES]
    ]
    rest = len(failed) - _MOST_FAILURES
    return named + ([Line("failed", (f"and {grouped(rest)} more: see record.json",))] if rest > 0 else [])
