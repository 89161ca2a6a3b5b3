"""What came of a run, in words: scores with their intervals, baselines beside them, and what was selected."""

from __future__ import annotations

from typing import Any

from dlrun.report.glyphs import clean, columns, decimals, number
from dlrun.report.lines import Line, pad
from dlrun.report.reading import Record, part, parts, real, whole, words
from dlrun.report.tables import table

_FLATTERY = "(chosen on these validation rows, so it flatters)"


def result_lines(record: Record, unicode: bool = True) -> list[Line]:
    """Say each score with its interval and the naive baselines, then what was selected, the curve, and the test."""
    scores = _validation(record)
    values = {metric: _value_words(score) for metric, score in scores.items()}
    widest = max((columns(value) for value in values.values()), default=0)
    lines = [
        Line(metric, _score_items(pad(values[metric], widest), _interval_words(score), _baseline_words(record, metric)))
        for metric, score in scores.items()
    ]
    diagnosis = part(record, "diagnosis")
    lines += [
        Line("stopped", (_stop_words(part(record, "training")),)),
        Line("power", (_power_words(diagnosis),)),
        Line("selected", (_selected_words(record),)),
        Line("curve", (words(diagnosis, "words"),)),
    ]
    if scores:
        lines.append(Line("test", (_test_words(record),)))
    return [
        Line(clean(line.label, unicode), tuple(clean(item, unicode) for item in line.items))
        for line in lines
        if any(line.items)
    ]


def fold_table(record: Record, width: int = 100, unicode: bool = True) -> str:
    """Write the score of every fold, one fold a line; empty for a run with a single split."""
    scores = {metric: _folds(score) for metric, score in _validation(record).items()}
    places = sorted({place for folds in scores.values() for place in folds})
    if len(places) < 2:
        return ""
    skip = 0 if any(iteration > 1 for iteration, _ in places) else 1
    header = [*("iteration", "fold")[skip:], *scores]
    rows = [[*place[skip:], *(folds.get(place) for folds in scores.values())] for place in places]
    return table(header, rows, width, unicode)


def _folds(score: Record) -> dict[tuple[int, int], float | None]:
    """Return scores by iteration and fold, both from 1."""
    iterations = score.get("per_fold")
    return {
        (iteration, fold): real(value)
        for iteration, folds in enumerate(iterations if isinstance(iterations, list) else [], 1)
        for fold, value in enumerate(folds if isinstance(folds, list) else [], 1)
    }


def _validation(record: Record) -> dict[str, Record]:
    """Return the validation scores, the primary one first; the loss only where it is the primary one or alone."""
    found = parts(record, "scores", "validation")
    primary = record.get("primary")
    kept = [metric for metric in found if metric != "loss" or primary == "loss" or len(found) == 1]
    return {metric: found[metric] for metric in sorted(kept, key=lambda metric: metric != primary)}


def _score_items(value: str, interval: str, baselines: str) -> tuple[str, ...]:
    known = f"{value}   {interval}".rstrip()
    # Three more spaces set the baselines apart from what was measured.
    return (f"{known}   ", baselines) if baselines else (known,)


def _value_words(score: Record) -> str:
    places, std = _places(score), real(score.get("std"))
    return number(real(score.get("mean")), places) + ("" if std is None else f" ± {number(std, places)}")


def _interval_words(score: Record) -> str:
    low, high = real(score.get("low")), real(score.get("high"))
    if low is None or high is None:
        return ""
    places = _places(score)
    between = " to " if low < 0 or high < 0 else "–"
    return f"(95 % {number(low, places)}{between}{number(high, places)})"


def _places(score: Record) -> int:
    return decimals(*(real(score.get(key)) for key in ("mean", "low", "high")))


def _baseline_words(record: Record, metric: str) -> str:
    known = {name: real(scores.get(metric)) for name, scores in parts(record, "scores", "baselines").items()}
    found = [f"{name} {number(value)}" for name, value in known.items() if value is not None]
    return f"baseline{'s' if len(found) > 1 else ''}: {', '.join(found)}" if found else ""


def _selected_words(record: Record) -> str:
    selected = parts(record, "scores", "selected")
    primary: Any = record.get("primary")
    metric = primary if primary in list(selected) else next(iter(selected), None)
    if metric is None:
        return ""
    score = selected[metric]
    epoch = whole(score.get("epoch"))
    at = "" if epoch is None else f" at epoch {epoch}"
    return f"{metric} {number(real(score.get('mean')), _places(score))}{at} {_FLATTERY}"


def _stop_words(training: Record) -> str:
    """Say when early stopping ended a single fit, and which weights count."""
    trained, final = training.get("epochs_trained"), training.get("final_epoch")
    if training.get("stopped_early") is not True or not isinstance(trained, list) or len(trained) != 1:
        return ""
    kept = whole(final[0]) if isinstance(final, list) and len(final) == 1 else None
    weights = "" if kept is None else f"; these are the weights of epoch {kept}"
    chosen = " (chosen on the rows that are scored)" if training.get("stop_watched") == "validation" else ""
    return f"early, after epoch {whole(trained[0])} of {whole(training.get('epochs'))}{chosen}{weights}"


def _power_words(diagnosis: Record) -> str:
    """Say that a model may be no better than a naive one; that it is better is seen from its score."""
    power = words(diagnosis, "power")
    return "" if power.startswith("beats ") else power


def _test_words(record: Record) -> str:
    return "no rows were set aside" if whole(part(record, "protocol").get("test")) == 0 else "not touched"
