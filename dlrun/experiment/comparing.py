"""Is one finished run really better than another? Paired by fold or by row where both were scored on the same rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from string import ascii_uppercase
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
from dlrun.experiment.comparable import Side, read_side, why_not_paired
from dlrun.seeds import child_seed


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
    if len(folders) > len(ascii_uppercase):
        raise UsageError(f"{len(folders)} runs; at most {len(ascii_uppercase)} can be compared at once")
    reference = read_side(ascii_uppercase[0], folders[0], metric)
    chosen = reference.score.metric
    others = [
        read_side(letter, folder, chosen) for letter, folder in zip(ascii_uppercase[1:], folders[1:], strict=False)
    ]
    reasons = {other.letter: why_not_paired(reference, other) for other in others}
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
        "runs": [_run_record(side) for side in (reference, *others)],
        "comparisons": [
            _comparison_record(reference, other, each, chosen)
            for other, each in zip(others, _corrected(found), strict=True)
        ],
        "notes": [
            *(
                f"{other.letter} is not paired with {reference.letter}: {reason}"
                for other in others
                if (reason := reasons[other.letter])
            ),
            *(
                f"--rope says nothing of {other.letter}: it takes folds that are paired"
                for other, each in zip(others, found, strict=True)
                if rope is not None and each.posterior is None
            ),
        ],
    }


def _metric(side: Side, name: str) -> Metric | None:
    """Make the metric of that name as the run's own spec has it; None for the loss."""
    if name == LOSS:
        return None
    made = metrics_for(side.spec.metrics or (), side.task, len(side.classes) or 1)
    return next(metric for metric in made if metric.name == name)


def _test(
    reference: Side, other: Side, metric: Metric | None, higher: bool, rope: float | None, *, paired: bool
) -> Tested:
    """Compare two runs by the test that fits their protocol."""
    sign = 1 if higher else -1
    several = len(other.score.values) > 1, len(reference.score.values) > 1
    who = f"{len(other.score.values)} folds" if several[0] else f"these {other.rows.scored:,} rows"
    if all(several):
        ours, theirs = ([sign * value for value in side.score.values] for side in (other, reference))
        if not paired:
            difference = unpaired_t_test(ours, theirs, other.rows.shares, reference.rows.shares)
            return Tested(difference, "Welch's t-test with corrected variances", who)
        return _over_folds([one - two for one, two in zip(ours, theirs, strict=True)], other, who, rope)
    if any(several) or metric is None:
        why = "the loss of single rows is not kept" if metric is None else "one of the two has a single split"
        return _untested(reference, other, sign, who, why)
    return _over_rows(reference, other, metric, sign, who, paired=paired)


def _over_folds(differences: Sequence[float], other: Side, who: str, rope: float | None) -> Tested:
    rows = other.rows
    needed = iterations_needed(differences, rows.shares, rows.k)
    return Tested(
        corrected_t_test(differences, rows.shares),
        "corrected resampled t-test",
        who,
        iterations_words(needed, rows.iterations, rows.k),
        None if rope is None else posterior(differences, rows.shares, rope),
    )


def _over_rows(reference: Side, other: Side, metric: Metric, sign: int, who: str, *, paired: bool) -> Tested:
    """Compare two hold-out runs by their predictions, row by row where the rows are the same."""
    ours, theirs = other.held_out, reference.held_out
    seed = child_seed(reference.rows.split_seed, "compare")
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
    difference = Difference(sign * (other.score.mean - reference.score.mean), low, high, p)
    return Tested(difference, test, who, rows_words(difference, len(ours.rows)))


def _untested(reference: Side, other: Side, sign: int, who: str, why: str) -> Tested:
    mean = sign * (other.score.mean - reference.score.mean)
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


def _run_record(side: Side) -> dict[str, Any]:
    score = asdict(side.score)
    return {
        "letter": side.letter,
        "run": str(side.folder),
        "name": side.name,
        "seed": side.seed,
        **{key: score[key] for key in ("mean", "std", "low", "high", "n")},
        "per_fold": list(side.score.values),
    }
