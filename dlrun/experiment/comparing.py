"""Is one finished run really better than another? Paired by fold or by row where both were scored on the same rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from dlrun.errors import UsageError
from dlrun.evaluation import LOSS, Metric, metrics_for
from dlrun.evaluation.better import Tested, iterations_words, rows_words
from dlrun.evaluation.exact import Accuracy
from dlrun.evaluation.intervals import middle, resampled_scores
from dlrun.evaluation.paired import (
    Difference,
    bootstrap_p,
    corrected_t_test,
    holm,
    iterations_needed,
    mcnemar,
    posterior,
    unpaired_t_test,
)
from dlrun.experiment.held_out import HeldOut, read_held_out
from dlrun.runs import read_record
from dlrun.seeds import child_seed
from dlrun.spec import load_spec

Record = Mapping[str, Any]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Side:
    """One of the runs that are compared.

    Args:
        letter: what the words call it.
        folder: of the run.
        record: what it says of itself.
        values: its scores by fold, all iterations together, as measured.
    """

    letter: str
    folder: Path
    record: Record
    values: tuple[float, ...]

    @property
    def folds(self) -> list[Record]:
        """Of each fit, how many rows its parts have."""
        return list(self.record["splits"]["folds"])

    @property
    def shares(self) -> list[float]:
        """Of each fit, validation rows over training rows, those that early stopping watched among them."""
        return [fold["validation"] / (fold["train"] + fold["monitor"]) for fold in self.folds]

    @property
    def overlapping(self) -> int:
        """How many neighbouring rows share steps of a series, so that a bootstrap has to draw them together."""
        gap = self.record["protocol"].get("gap") or 0
        return gap + 1 if self.record["task"] == "forecasting" else 1

    @cached_property
    def held_out(self) -> HeldOut | None:
        """Its predictions; see `read_held_out`."""
        return read_held_out(self.folder, self.record["task"], list(self.record["data"]["classes"] or {}))


def compare_runs(
    folders: Sequence[Path], *, metric: str | None = None, rope: float | None = None, unpaired: bool = False
) -> dict[str, Any]:
    """Compare runs with the first one.

    Several folds: the corrected resampled t-test on differences paired by fold. One hold-out split: McNemar's test for
    accuracy, else a paired bootstrap over rows. Several comparisons are corrected by Holm's procedure. With ``rope``
    also the Bayesian correlated t-test.

    Args:
        folders: of at least two finished runs.
        metric: which score; by default the first run's primary one.
        rope: differences up to this size count as practically none.
        unpaired: compare runs that were scored on different rows as well.

    Returns:
        Plain values, ready for JSON: ``metric``, ``higher_is_better``, ``rope``, ``runs``, ``comparisons``, ``notes``.

    Raises:
        UsageError: the runs cannot be compared, and why.
        RunFolderError: a run cannot be read.
    """
    if len(folders) > len(LETTERS):
        raise UsageError(f"{len(folders)} runs; at most {len(LETTERS)} can be compared at once")
    records = [read_record(folder) for folder in folders]
    for folder, record in zip(folders, records, strict=True):
        _refuse_unfinished(folder, record)
    chosen = metric or str(records[0]["primary"])
    sides = [
        Side(letter, folder, record, _values(folder, record, chosen))
        for letter, folder, record in zip(LETTERS, folders, records, strict=False)
    ]
    reference, *others = sides
    reasons = {other.letter: _why_not_paired(reference, other) for other in others}
    for other in others:
        if (reason := reasons[other.letter]) and not unpaired:
            raise UsageError(
                f"{other.folder.name} cannot be paired with {reference.folder.name}: {reason}",
                hint="--unpaired compares them all the same, and shows less: what is hard about the rows stays in",
            )
    measured = _metric(reference, chosen)
    higher = measured is not None and measured.higher_is_better
    found = [_test(reference, other, measured, higher, rope, paired=not reasons[other.letter]) for other in others]
    return {
        "metric": chosen,
        "higher_is_better": higher,
        "rope": rope,
        "runs": [_run_record(side, chosen) for side in sides],
        "comparisons": [
            _comparison_record(reference, other, each, chosen)
            for other, each in zip(others, _corrected(found), strict=True)
        ],
        "notes": [
            f"{other.letter} is not paired with {reference.letter}: {reason}"
            for other in others
            if (reason := reasons[other.letter])
        ],
    }


def _refuse_unfinished(folder: Path, record: Record) -> None:
    status = str(record["status"])
    if status == "done":
        return
    why = "some of its folds failed, so it has no mean" if status == "partial" else f"it is {status}"
    raise UsageError(f"{folder.name} cannot be compared: {why}", hint="'dlrun show' says more about it")


def _values(folder: Path, record: Record, metric: str) -> tuple[float, ...]:
    scores = record["scores"]["validation"]
    if metric not in scores:
        from dlrun.registry.nearest import nearest

        close = nearest(metric, scores)
        hint = f"did you mean '{close}'?" if close else f"it measured {', '.join(scores)}"
        raise UsageError(f"{folder.name} has no score '{metric}'", hint=hint)
    values = [value for iteration in scores[metric]["per_fold"] for value in iteration]
    if any(value is None for value in values):
        raise UsageError(f"'{metric}' of {folder.name} has no value on some fold", hint="compare by another --metric")
    return tuple(map(float, values))


def _why_not_paired(ours: Side, theirs: Side) -> str:
    """Say why two runs were not scored on the same rows; empty where they were."""
    one, other = ours.record, theirs.record
    if one["task"] != other["task"]:
        raise UsageError(
            f"{ours.folder.name} is a {one['task']} run and {theirs.folder.name} a {other['task']} run: their scores"
            " measure different things"
        )
    if _data_of(one) != _data_of(other):
        return f"the data differ ({one['data']['source']}, {other['data']['source']})"
    if one["splits"]["fingerprint"] == other["splits"]["fingerprint"]:
        return ""
    for key, what in (("protocol", "the protocols"), ("split_seed", "the split seeds")):
        pair = [_words(record, key) for record in (one, other)]
        if pair[0] != pair[1]:
            return f"{what} differ ({pair[0]}, {pair[1]})"
    return "their splits differ"


def _words(record: Record, key: str) -> str:
    if key != "protocol":
        return str(record[key])
    protocol = record["protocol"]
    return f"{protocol['name']} k {protocol['k']} x {protocol['iterations']}, {protocol['validation']} validation rows"


def _data_of(record: Record) -> Any:
    """Return what names a run's rows: the files that they were read from, else a digest of what was loaded."""
    files = [file["sha256"] for file in record["data"]["files"]]
    return files or record["data"]["fingerprint"]


def _metric(side: Side, name: str) -> Metric | None:
    """Make the metric of that name as the run's own spec has it; None for the loss."""
    if name == LOSS:
        return None
    spec = load_spec(side.folder / "spec.yaml").spec
    outputs = len(side.record["data"]["classes"] or ()) or 1
    made = metrics_for(spec.metrics or (), side.record["task"], outputs)
    return next(metric for metric in made if metric.name == name)


def _test(
    reference: Side, other: Side, metric: Metric | None, higher: bool, rope: float | None, *, paired: bool
) -> Tested:
    """Compare two runs by the test that fits their protocol."""
    sign = 1 if higher else -1
    several = len(other.values) > 1, len(reference.values) > 1
    who = f"{len(other.values)} folds" if several[0] else f"these {other.folds[0]['validation']:,} rows"
    if all(several):
        ours, theirs = ([sign * value for value in side.values] for side in (other, reference))
        if not paired:
            difference = unpaired_t_test(ours, theirs, other.shares, reference.shares)
            return Tested(difference, "Welch's t-test with corrected variances", who)
        return _over_folds([one - two for one, two in zip(ours, theirs, strict=True)], other, who, rope)
    if any(several) or metric is None:
        why = "the loss of single rows is not kept" if metric is None else "one of the two has a single split"
        return _untested(reference, other, sign, who, why)
    return _over_rows(reference, other, metric, sign, who, paired=paired)


def _over_folds(differences: Sequence[float], other: Side, who: str, rope: float | None) -> Tested:
    folds, iterations = other.record["protocol"]["k"], other.record["protocol"]["iterations"]
    needed = iterations_needed(differences, other.shares, folds)
    return Tested(
        corrected_t_test(differences, other.shares),
        "corrected resampled t-test",
        who,
        iterations_words(needed, iterations, folds),
        None if rope is None else posterior(differences, other.shares, rope),
    )


def _over_rows(reference: Side, other: Side, metric: Metric, sign: int, who: str, *, paired: bool) -> Tested:
    """Compare two hold-out runs by their predictions, row by row where the rows are the same."""
    ours, theirs = other.held_out, reference.held_out
    if ours is None or theirs is None:
        return _untested(reference, other, sign, who, "the predictions of single rows are not kept")
    seed = child_seed(int(reference.record["split_seed"]), "compare")
    seeds = (seed, seed if paired else child_seed(seed, "unpaired"))  # one seed draws the same rows for both
    scores = [
        resampled_scores(metric, side.targets, side.predictions, seed=drawn, block=other.overlapping)
        for side, drawn in zip((ours, theirs), seeds, strict=True)
    ]
    count = min(map(len, scores))
    differences = sign * (scores[0][:count] - scores[1][:count])
    low, high = middle(differences)
    if not math.isfinite(low):
        return _untested(reference, other, sign, who, "there is nothing to resample")
    p, test = bootstrap_p(differences), f"{'paired' if paired else 'unpaired'} bootstrap over rows"
    if paired and isinstance(metric, Accuracy):
        right = [np.asarray(metric.rows(side.targets, side.predictions)) > 0.5 for side in (ours, theirs)]
        p = mcnemar(int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum()))
        test = "McNemar's exact test; the interval by a paired bootstrap over rows"
    difference = Difference(sign * (other.values[0] - reference.values[0]), low, high, p)
    return Tested(difference, test, who, rows_words(difference, len(ours.rows)))


def _untested(reference: Side, other: Side, sign: int, who: str, why: str) -> Tested:
    mean = sign * (float(np.mean(other.values)) - float(np.mean(reference.values)))
    return Tested(Difference(mean, None, None, None), "", who, f"not tested: {why}")


def _corrected(found: Sequence[Tested]) -> list[Tested]:
    """Correct p by Holm's procedure where several comparisons have one."""
    tested = [place for place, each in enumerate(found) if each.difference.p is not None]
    if len(tested) < 2:
        return list(found)
    adjusted = holm([found[place].difference.p or 0.0 for place in tested])
    by_place = dict(zip(tested, adjusted, strict=True))
    return [replace(each, corrected=by_place.get(place)) for place, each in enumerate(found)]


def _comparison_record(reference: Side, other: Side, found: Tested, metric: str) -> dict[str, Any]:
    return {
        "run": str(other.folder),
        "letter": other.letter,
        "against": reference.letter,
        "difference": found.difference.mean,
        "low": found.difference.low,
        "high": found.difference.high,
        "p": found.difference.p,
        "p_holm": found.corrected,
        "test": found.test or None,
        "posterior": None if found.posterior is None else asdict(found.posterior),
        "verdict": found.verdict,
        "words": found.words(other.letter, reference.letter, metric),
    }


def _run_record(side: Side, metric: str) -> dict[str, Any]:
    score = side.record["scores"]["validation"][metric]
    return {
        "letter": side.letter,
        "run": str(side.folder),
        "name": side.record["name"],
        "seed": side.record.get("seed"),
        **{key: score[key] for key in ("mean", "std", "low", "high", "n")},
        "per_fold": list(side.values),
    }
