"""What came of a run, in words: scores with their intervals, baselines beside them, and what was selected."""

from __future__ import annotations

from typing import Any

from dlrun.report.glyphs import columns, decimals, grouped, number
from dlrun.report.lines import Line, pad
from dlrun.report.reading import Record, items, part, parts, real, sections, whole, words

_FLATTERY = "(chosen on these validation rows, so it flatters)"
_LINEAR = "linear"
_CONSTANT = frozenset({"majority", "frequencies", "mean", "median"})
_MOST_NAMED = 4


def score_lines(record: Record) -> list[Line]:
    """Say each score with its interval and the baselines, then what was selected, the curve, and what to try next."""
    scores, failed = validation_scores(record), failed_fits(record)
    diagnosis = part(record, "diagnosis")
    beside = {"baselines": part(record, "scores", "baselines"), "comparisons": part(record, "comparisons")}
    values = {metric: value_words(score) for metric, score in scores.items()}
    widest = max((columns(value) for value in values.values()), default=0)
    lines = [
        Line(metric, _score_items(pad(values[metric], widest), interval_words(score), baseline_words(beside, metric)))
        for metric, score in scores.items()
    ]
    if failed and scores:
        lines = [Line(next(iter(scores)), (f"no mean: {failed_words(record)}",))]
    lines += [
        Line("stopped", (_stop_words(record),)),
        Line("power", (words(diagnosis, "power"),)),
        Line(_LINEAR, (words(diagnosis, _LINEAR),)),
        Line("selected", ("" if failed else _selected_words(record),)),
        Line("curve", (words(diagnosis, "words"),)),
        Line("advice", (words(diagnosis, "next"),)),
    ]
    return [line for line in lines if any(line.items)]


def validation_scores(record: Record) -> dict[str, Record]:
    """Return the validation scores, the primary one first; the loss only where it is the primary one or alone."""
    found = parts(record, "scores", "validation")
    primary = record.get("primary")
    kept = [metric for metric in found if metric != "loss" or primary == "loss" or len(found) == 1]
    return {metric: found[metric] for metric in sorted(kept, key=lambda metric: metric != primary)}


def failed_fits(record: Record) -> dict[tuple[int, int], str]:
    """Return why fits failed by iteration and fold, in their order."""
    known = [(whole(one.get("iteration")), whole(one.get("fold")), one) for one in sections(record, "failures")]
    found = {(at, fold): words(one, "reason") or "no reason is known" for at, fold, one in known if at and fold}
    return dict(sorted(found.items()))


def failed_words(record: Record) -> str:
    """Say which folds failed: ``fold 3 of 4 failed``; of many only how many."""
    failed = list(failed_fits(record))
    protocol = part(record, "protocol")
    k, iterations = whole(protocol.get("k")) or 0, whole(protocol.get("iterations")) or 1
    fits = len(sections(part(record, "splits"), "folds")) or k * iterations
    of = f" of {grouped(fits)}" if fits else ""
    if len(failed) > _MOST_NAMED:
        return f"{grouped(len(failed))}{of} folds failed"
    if iterations > 1 or any(iteration > 1 for iteration, _ in failed):
        named = [f"fold {fold} of iteration {iteration}" for iteration, fold in failed]
        return f"{_listed(named)} failed"
    return f"fold{'s' if len(failed) > 1 else ''} {_listed([str(fold) for _, fold in failed])}{of} failed"


def value_words(score: Record) -> str:
    """Write a score and its spread over folds: ``2.38 ± 0.25``."""
    places, std = places_of(score), real(score.get("std"))
    return number(real(score.get("mean")), places) + ("" if std is None else f" ± {number(std, places)}")


def interval_words(score: Record) -> str:
    """Write a score's interval: ``(95 % 1.77–2.99)``; empty where there is none."""
    low, high = real(score.get("low")), real(score.get("high"))
    if low is None or high is None:
        return ""
    places = places_of(score)
    between = " to " if low < 0 or high < 0 else "–"
    return f"(95 % {number(low, places)}{between}{number(high, places)})"


def places_of(score: Record) -> int:
    """Return the decimals that a score, its interval and its folds are written with."""
    known = [real(score.get(key)) for key in ("mean", "low", "high")]
    if not any(known):
        known = [real(value) for folds in items(score, "per_fold") if isinstance(folds, list) for value in folds]
    return decimals(*known)


def _score_items(value: str, interval: str, baselines: str) -> tuple[str, ...]:
    known = (value, interval) if interval else (value.rstrip(),)
    # Three more spaces set the baselines apart from what was measured.
    return (*known[:-1], f"{known[-1]}   ", baselines) if baselines else known


def baseline_words(beside: Record, metric: str) -> str:
    """Write what the baselines score by a metric; of several naive ones the strongest.

    Args:
        beside: has ``baselines``, and ``comparisons`` by the primary metric.
        metric: whose scores are meant.
    """
    easier = _easier(beside)
    known = {name: real(scores.get(metric)) for name, scores in parts(beside, "baselines").items()}
    found = [f"{name} {number(value)}" for name, value in known.items() if value is not None and name not in easier]
    return f"baseline{'s' if len(found) > 1 else ''}: {', '.join(found)}" if found else ""


def _easier(beside: Record) -> set[str]:
    """Name the constant baselines that are beaten by more than another is: the strongest one says enough.

    Forecasts of a series (the last value, the same hour yesterday) are always of interest.
    """
    margins = {name: real(one.get("difference")) for name, one in parts(beside, "comparisons").items()}
    naive = {name: margin for name, margin in margins.items() if name != _LINEAR and margin is not None}
    strongest = min(naive, key=lambda name: naive[name], default=None)
    return {name for name in naive if name != strongest and name in _CONSTANT}


def _selected_words(record: Record) -> str:
    selected = parts(record, "scores", "selected")
    primary: Any = record.get("primary")
    metric = primary if primary in list(selected) else next(iter(selected), None)
    if metric is None:
        return ""
    epoch = whole(selected[metric].get("epoch"))
    at = "" if epoch is None else f" at epoch {epoch}"
    return f"{metric} {value_words(selected[metric])}{at} {_FLATTERY}"


def _stop_words(record: Record) -> str:
    """Say when early stopping ended the training, and which weights count."""
    training = part(record, "training")
    if training.get("stopped_early") is not True:
        return ""
    epochs, failed = whole(training.get("epochs")), failed_fits(record)
    places = [
        (whole(fold.get("iteration")), whole(fold.get("fold"))) for fold in sections(part(record, "splits"), "folds")
    ]
    sound = [place not in failed for place in places]
    trained, kept = (_known(training, key, sound) for key in ("epochs_trained", "final_epoch"))
    if not trained or epochs is None:
        return ""
    early = sum(count < epochs for count in trained)
    of = "all" if early == len(trained) else f"{grouped(early)} of"
    folds = f" in {of} {grouped(len(trained))} folds" if len(trained) > 1 else ""
    chosen = " (chosen on the rows that are scored)" if training.get("stop_watched") == "validation" else ""
    weights = f"; these are the weights of epoch{'' if min(kept) == max(kept) else 's'} {_range(kept)}" if kept else ""
    return f"early{folds}, after epoch {_range(trained)} of {grouped(epochs)}{chosen}{weights}"


def _known(training: Record, key: str, sound: list[bool]) -> list[int]:
    """Return a count for each fit that did not fail."""
    counts = list(map(whole, items(training, key)))
    kept = [count for count, good in zip(counts, sound, strict=True) if good] if len(counts) == len(sound) else counts
    return [count for count in kept if count is not None]


def _range(counts: list[int]) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
