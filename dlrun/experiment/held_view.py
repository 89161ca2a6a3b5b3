"""What the held-out predictions of a run show: confusion, curves of ranking, predicted against true, the worst rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlrun.data.dataset import Array, Indices
from dlrun.evaluation.rank_curves import (
    RankCurve,
    mean_precision_recall,
    mean_roc,
    precision_recall_curve,
    roc_curve,
    thin_precision_recall,
    thin_roc,
)
from dlrun.experiment.examples import worst_rows
from dlrun.experiment.held_out import WIDE, HeldOut, read_errors, read_held_out
from dlrun.report.page.values import Confusion, Held, Pairs, Points, Ranking
from dlrun.seeds import generator

Record = Mapping[str, Any]
_MOST_RANKINGS = 6
_MOST_DRAWN_FOLDS = 20
_MOST_PAIRS = 4
_MOST_POINTS = 3000
_DIGITS = 4


def held_view(run: Path, record: Record, examples: int) -> Held:
    """Say what the predictions of a run show.

    Args:
        run: its folder.
        record: what its record says.
        examples: how many rows with large errors are shown.

    Raises:
        RunFolderError: a file of predictions is missing or damaged.
    """
    task, classes = str(record.get("task")), _classes(record)
    if errors := read_errors(run):
        return _wide(run, task, classes, errors, examples)
    held = read_held_out(run, task, classes)
    if not len(held.rows):
        return Held()
    shown, note = worst_rows(run, task, classes, held, examples) if examples else ((), "")
    rest: dict[str, Any] = {"examples": shown, "examples_note": note}
    if task in ("binary", "multiclass", "multilabel"):
        confusion = None if task == "multilabel" else _confusion(held, task, classes)
        rankings, ranking_note = _rankings(held, task, classes or held.names)
        return Held(confusion=confusion, rankings=rankings, ranking_note=ranking_note, **rest)
    pairs, pairs_note = _pairs(held)
    return Held(pairs=pairs, pairs_note=pairs_note, **rest)


def _wide(run: Path, task: str, classes: Sequence[str], errors: Sequence[float], examples: int) -> Held:
    """Say what there is of predictions too wide for a table; only a hold-out run has their values in one place."""
    finite = [error for error in errors if math.isfinite(error)]
    left_out = len(errors) - len(finite)
    note = f"{left_out} of {len(errors)} rows have an error that is no finite number." if left_out else ""
    if not examples:
        return Held(errors=finite, pairs_note=note)
    if not (run / WIDE).exists():
        why = "Predictions of several folds are too wide to be shown row by row."
        return Held(errors=finite, pairs_note=note, examples_note=why)
    shown, how = worst_rows(run, task, classes, read_held_out(run, task, classes), examples)
    return Held(errors=finite, pairs_note=note, examples=shown, examples_note=how)


def _classes(record: Record) -> tuple[str, ...]:
    data = record.get("data")
    classes = data.get("classes") if isinstance(data, Mapping) else None
    return tuple(map(str, classes)) if isinstance(classes, Mapping) else ()


def _confusion(held: HeldOut, task: str, classes: Sequence[str]) -> Confusion:
    said = (held.predictions[:, 0] > 0.5).astype(int) if task == "binary" else held.predictions.argmax(axis=1)
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (held.targets, said), 1)
    return Confusion(tuple(classes), tuple(tuple(map(int, row)) for row in counts))


def _rankings(held: HeldOut, task: str, names: Sequence[str]) -> tuple[tuple[Ranking, ...], str]:
    """Draw up the curves of each class against the rest; of many classes those of the worst."""
    if task == "binary":
        one = _ranking(held, "", held.targets, held.predictions[:, 0])
        return ((one,), _folds_note([one])) if one else ((), "")
    columns = held.targets.T if task == "multilabel" else [held.targets == place for place in range(len(names))]
    every = [
        _ranking(held, str(name), np.asarray(labels, int), held.predictions[:, place])
        for place, (name, labels) in enumerate(zip(names, columns, strict=True))
    ]
    known = sorted((each for each in every if each), key=lambda each: each.average_precision)
    what = "labels" if task == "multilabel" else "classes"
    some = f"The {_MOST_RANKINGS} of {len(known)} {what} with the lowest average precision."
    shown = known[:_MOST_RANKINGS]
    return tuple(shown), " ".join([*([some] if len(known) > len(shown) else []), _folds_note(shown)]).strip()


def _folds_note(rankings: Sequence[Ranking]) -> str:
    """Say where folds have no curve, since all their rows are of one kind: the mean is over the others."""
    lacking = [f"{each.name} {each.fits} of {each.of}".strip() for each in rankings if each.fits < each.of]
    return (
        f"Folds whose rows are all of one kind have no curve; there is one of: {', '.join(lacking)}." if lacking else ""
    )


def _ranking(held: HeldOut, name: str, labels: Array, scores: Array) -> Ranking | None:
    """Draw up the curves of one class, fold by fold; None where no fold has rows of both kinds."""
    places, fits = np.unique(held.places, axis=0, return_inverse=True)
    curves = []
    for fit in range(len(places)):
        of = fits.ravel() == fit
        roc = roc_curve(labels[of], scores[of])
        precision_recall = precision_recall_curve(labels[of], scores[of])
        if roc and precision_recall:
            curves.append((roc, precision_recall))
    if not curves:
        return None
    several = len(curves) > 1
    roc = mean_roc([one for one, _ in curves]) if several else curves[0][0]
    precision_recall = mean_precision_recall([other for _, other in curves]) if several else curves[0][1]
    drawn = curves if several and len(curves) <= _MOST_DRAWN_FOLDS else []
    return Ranking(
        name=name,
        folds=tuple((_roc_points(one), _precision_recall_points(other)) for one, other in drawn),
        roc=_roc_points(roc),
        precision_recall=_precision_recall_points(precision_recall),
        auc=roc.area,
        average_precision=precision_recall.area,
        share=float(np.mean(labels)),
        fits=len(curves),
        of=len(places),
    )


def _roc_points(curve: RankCurve) -> Points:
    return _points(thin_roc(curve))


def _precision_recall_points(curve: RankCurve) -> Points:
    return _points(thin_precision_recall(curve))


def _points(curve: RankCurve) -> Points:
    return curve.x.round(_DIGITS).tolist(), curve.y.round(_DIGITS).tolist()


def _pairs(held: HeldOut) -> tuple[tuple[Pairs, ...], str]:
    """Set predictions beside targets, for some targets where there are many, and some rows of very many."""
    targets, predictions = held.targets.reshape(len(held.rows), -1), held.predictions
    count = targets.shape[1]
    chosen = np.unique(np.linspace(0, count - 1, min(count, _MOST_PAIRS)).round().astype(int))
    known = np.flatnonzero(np.isfinite(targets).all(axis=1) & np.isfinite(predictions).all(axis=1))
    rows = known[_sample(len(known))]
    names = held.names if count > 1 else ("",)
    pairs = tuple(
        Pairs(names[place], targets[rows, place].tolist(), predictions[rows, place].tolist(), len(held.rows))
        for place in chosen
        if len(rows)
    )
    notes = [f"{len(chosen)} of {count} targets"] if len(chosen) < count else []
    notes += [f"a random {len(rows)} of {len(known)} predictions"] if len(rows) < len(known) else []
    odd = len(held.rows) - len(known)
    left_out = f" {odd} predictions that are no finite numbers are left out." if odd else ""
    return pairs, (f"Drawn are {' and '.join(notes)}." if notes else "") + left_out


def _sample(rows: int) -> Indices:
    if rows <= _MOST_POINTS:
        return np.arange(rows)
    return np.sort(generator(0, "points of a report").choice(rows, _MOST_POINTS, replace=False))
