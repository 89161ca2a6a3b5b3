"""Reading a run for its page: record, history, spec, and what its held-out predictions show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from dlrun.data.dataset import Array, Indices
from dlrun.errors import DlrunError, RunFolderError, UsageError
from dlrun.evaluation.rank_curves import (
    RankCurve,
    mean_precision_recall,
    mean_roc,
    precision_recall_curve,
    roc_curve,
)
from dlrun.experiment.comparing import LETTERS, compare_runs
from dlrun.experiment.examples import worst_rows
from dlrun.experiment.held_out import NAME, HeldOut, read_held_out
from dlrun.experiment.tables import COLUMNS_HEADER
from dlrun.report.page import render_page
from dlrun.report.page.values import Compared, Confusion, Held, Pairs, Points, Ranking, RunView
from dlrun.report.series import HistoryRow
from dlrun.runs import read_record
from dlrun.runs.formats import load_csv
from dlrun.seeds import generator

Record = Mapping[str, Any]
T = TypeVar("T")
_MOST_RANKINGS = 6
_MOST_DRAWN_FOLDS = 20
_MOST_PAIRS = 4
_MOST_POINTS = 3000
_DIGITS = 4
_LARGEST_DRAWING = 600_000
"""Bytes."""
_DRAWINGS = {
    "filters.png": "The kernels of the first convolution",
    "responses.png": "What each layer answers to one row",
}


def page_of(runs: Sequence[Path], *, examples: int) -> str:
    """Write the HTML page of a run, or of several beside each other.

    Args:
        runs: folders, of runs in whatever state.
        examples: how many rows with large errors are shown of each; 0 for none, and no data are loaded.

    Raises:
        RunFolderError: a run has no record, or it cannot be read.
        UsageError: more runs than there are letters to call them by.
    """
    if len(runs) > len(LETTERS):
        raise UsageError(f"{len(runs)} runs; a page has room for {len(LETTERS)}")
    views = [view_of(run, examples=examples) for run in runs]
    return render_page(views, _compared(runs) if len(runs) > 1 else None)


def _compared(runs: Sequence[Path]) -> Compared:
    """Compare runs where they can be compared; else keep the reason."""
    try:
        return Compared(compare_runs(runs))
    except DlrunError as error:
        return Compared(None, error.message)


def view_of(run: Path, *, examples: int) -> RunView:
    """Read what a page shows of a run; what cannot be read is noted and left out.

    Args:
        run: the folder, of a run in whatever state.
        examples: how many rows with large errors are shown; their inputs are loaded for that. 0 for none.

    Raises:
        RunFolderError: there is no record, or it cannot be read.
    """
    record = read_record(run)
    notes: list[str] = []
    history = _table(run, "history.csv", _history_row, "learning curves are", notes)
    columns = _table(run, "columns.csv", _column_row, "figures of columns are", notes)
    spec = _spec(run, notes)
    held = Held()
    if (run / NAME).exists():
        try:
            held = _held(run, record, examples)
        except RunFolderError as error:
            notes.append(f"predictions are not shown: {error.message}")
    return RunView(record, history, spec, columns, held, _drawings(run), tuple(notes))


def _drawings(run: Path) -> tuple[tuple[str, bytes], ...]:
    """Read what `dlrun show RUN --filters` has drawn; nothing that is none, or too large for a page."""
    found = []
    for name, caption in _DRAWINGS.items():
        with suppress(OSError):
            drawn = (run / name).read_bytes()
            if drawn.startswith(b"\x89PNG") and len(drawn) <= _LARGEST_DRAWING:
                found.append((caption, drawn))
    return tuple(found)


def _table(run: Path, name: str, read: Callable[[Sequence[str]], T], what: str, notes: list[str]) -> tuple[T, ...]:
    """Read a table of the run row by row; one that is not there is empty, and one that is damaged is noted."""
    if not (run / name).exists():
        return ()
    try:
        return tuple(map(read, load_csv(run / name)[1]))
    except (RunFolderError, ValueError) as error:
        notes.append(f"{what} not shown: {getattr(error, 'message', error)}")
        return ()


def _history_row(cells: Sequence[str]) -> HistoryRow:
    iteration, fold, epoch, metric, train, validation = cells
    return int(iteration), int(fold), int(epoch), metric, _number(train), _number(validation)


def _column_row(cells: Sequence[str]) -> Sequence[str]:
    if len(cells) != len(COLUMNS_HEADER):
        raise ValueError(f"{len(cells)} cells in a row; expected {len(COLUMNS_HEADER)}")
    for figure in cells[4:]:
        _number(figure)
    return cells


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


def _spec(run: Path, notes: list[str]) -> str:
    try:
        return (run / "spec.yaml").read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        notes.append(f"the spec is not shown: {error.strerror or error}")
        return ""


def _held(run: Path, record: Record, examples: int) -> Held:
    """Say what the predictions of a run show."""
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
