"""What the held-out predictions of a run show: confusion, curves of ranking, predicted against true, the worst rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from dlrun.data.dataset import Array, Indices
from dlrun.errors import RunFolderError
from dlrun.evaluation.rank_curves import (
    RankCurve,
    mean_precision_recall,
    mean_roc,
    precision_recall_curve,
    roc_curve,
)
from dlrun.experiment.examples import worst_rows
from dlrun.experiment.held_out import NAME, HeldOut, read_held_out
from dlrun.report.page.values import Confusion, Held, Pairs, Points, Ranking
from dlrun.runs.formats import load_csv
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
    try:
        held = read_held_out(run, task, classes)
    except RunFolderError:
        # Too wide for a table, and of several folds: the arrays are in each fold's own file.
        if not (errors := _errors(run)):
            raise
        return Held(errors=errors, examples_note="Predictions of several folds are too wide to be shown row by row.")
    wide = _errors(run)
    shown, note = worst_rows(run, task, classes, held, examples) if examples else ((), "")
    rest: dict[str, Any] = {"examples": shown, "examples_note": note}
    if wide:
        return Held(errors=wide, **rest)
    if task in ("binary", "multiclass", "multilabel"):
        confusion = None if task == "multilabel" else _confusion(held, task, classes)
        rankings, ranking_note = _rankings(held, task, classes or held.names)
        return Held(confusion=confusion, rankings=rankings, ranking_note=ranking_note, **rest)
    pairs, pairs_note = _pairs(held)
    return Held(pairs=pairs, pairs_note=pairs_note, **rest)


def _classes(record: Record) -> tuple[str, ...]:
    data = record.get("data")
    classes = data.get("classes") if isinstance(data, Mapping) else None
    return tuple(map(str, classes)) if isinstance(classes, Mapping) else ()


def _errors(run: Path) -> tuple[float, ...]:
    """Return each row's error where predictions are too wide for a table; nothing elsewhere."""
    header, rows = load_csv(run / NAME)
    if header[-1] != "error":
        return ()
    with suppress(ValueError):
        return tuple(float(row[-1]) for row in rows)
    return ()


def _confusion(held: HeldOut, task: str, classes: Sequence[str]) -> Confusion:
    said = (held.predictions[:, 0] > 0.5).astype(int) if task == "binary" else held.predictions.argmax(axis=1)
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (held.targets, said), 1)
    return Confusion(tuple(classes), tuple(tuple(map(int, row)) for row in counts))


def _rankings(held: HeldOut, task: str, names: Sequence[str]) -> tuple[tuple[Ranking, ...], str]:
    """Draw up the curves of each class against the rest; of many classes those of the worst."""
    if task == "binary":
        one = _ranking(held, "", held.targets, held.predictions[:, 0])
        return ((one,) if one else ()), ""
    columns = held.targets.T if task == "multilabel" else [held.targets == place for place in range(len(names))]
    every = [
        _ranking(held, str(name), np.asarray(labels, int), held.predictions[:, place])
        for place, (name, labels) in enumerate(zip(names, columns, strict=True))
    ]
    known = sorted((each for each in every if each), key=lambda each: each.average_precision)
    what = "labels" if task == "multilabel" else "classes"
    rest = f"The {_MOST_RANKINGS} of {len(known)} {what} with the lowest average precision."
    return tuple(known[:_MOST_RANKINGS]), rest if len(known) > _MOST_RANKINGS else ""


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
        folds=tuple((_points(one), _points(other)) for one, other in drawn),
        roc=_points(roc),
        precision_recall=_points(precision_recall),
        auc=roc.area,
        average_precision=precision_recall.area,
        share=float(np.mean(labels)),
    )


def _points(curve: RankCurve) -> Points:
    return curve.x.round(_DIGITS).tolist(), curve.y.round(_DIGITS).tolist()


def _pairs(held: HeldOut) -> tuple[tuple[Pairs, ...], str]:
    """Set predictions beside targets, for some targets where there are many, and some rows of very many."""
    targets, predictions = held.targets.reshape(len(held.rows), -1), held.predictions
    count = targets.shape[1]
    chosen = np.unique(np.linspace(0, count - 1, min(count, _MOST_PAIRS)).round().astype(int))
    rows = _sample(len(held.rows))
    names = held.names if count > 1 else ("",)
    pairs = tuple(
        Pairs(names[place], targets[rows, place].tolist(), predictions[rows, place].tolist(), len(held.rows))
        for place in chosen
    )
    notes = [f"{len(chosen)} of {count} targets"] if len(chosen) < count else []
    notes += [f"a random {len(rows)} of {len(held.rows)} predictions"] if len(rows) < len(held.rows) else []
    return pairs, f"Drawn are {' and '.join(notes)}." if notes else ""


def _sample(rows: int) -> Indices:
    if rows <= _MOST_POINTS:
        return np.arange(rows)
    return np.sort(generator(0, "points of a report").choice(rows, _MOST_POINTS, replace=False))
