"""Is one run really better than another? Tests of paired differences, and what more folds could show.

A difference is signed so that above 0 means better. Differences over the folds of (iterated) K-fold are not
independent, since their fits share training rows: as Nadeau and Bengio do, every formula here takes validation rows
over all rows of a split for their correlation.

Sources: C. Nadeau and Y. Bengio, "Inference for the Generalization Error", *Machine Learning* 52 (2003), 239-281. R.
Bouckaert and E. Frank, "Evaluating the Replicability of Significance Tests for Comparing Learning Algorithms", *PAKDD*
(2004). G. Corani and A. Benavoli, "A Bayesian approach for comparing cross-validated algorithms on multiple data
sets", *Machine Learning* 100 (2015), 285-304. A. Benavoli, G. Corani, J. Demšar and M. Zaffalon, "Time for a Change",
*JMLR* 18 (2017). Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
percentages", *Psychometrika* 12 (1947). S. Holm, "A simple sequentially rejective multiple test procedure",
*Scandinavian Journal of Statistics* 6 (1979).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_ITERATIONS = 1000
"""Iterations beyond which "more of them" is no advice any more."""


@dataclass(frozen=True)
class Difference:
    """A mean difference, how sure it is, and how surprising where there is none.

    Args:
        mean: above 0: better.
        low: of the 95 % interval; None where there is no interval.
        high: likewise.
        p: two-sided, where the difference is 0; None where there is no test.
    """

    mean: float
    low: float | None
    high: float | None
    p: float | None


@dataclass(frozen=True)
class Posterior:
    """Probabilities of the three things that a difference can be; they sum to 1."""

    worse: float
    equivalent: float
    better: float


def corrected_t_test(differences: Sequence[float], shares: Sequence[float], level: float = 0.95) -> Difference:
    """Test paired differences over folds: t = mean / sqrt((1/n + share) · s²), with n - 1 degrees of freedom.

    Args:
        differences: one a fold, all iterations together; at least two, finite.
        shares: validation rows over training rows of each fold; their mean counts.
        level: of the interval.

    Returns:
        Equal differences have no variance, so their interval is a point, and p is 0 (1 where they are all 0).
    """
    from scipy.special import stdtr, stdtrit

    values = np.asarray(differences, np.float64)
    folds, mean = len(values), float(values.mean())
    error = _standard_error(values, float(np.mean(shares)))
    if error == 0:
        return Difference(mean, mean, mean, 1.0 if mean == 0 else 0.0)
    reach = float(stdtrit(folds - 1, (1 + level) / 2)) * error
    return Difference(mean, mean - reach, mean + reach, float(2 * stdtr(folds - 1, -abs(mean) / error)))


def unpaired_t_test(
    ours: Sequence[float],
    theirs: Sequence[float],
    our_shares: Sequence[float],
    their_shares: Sequence[float],
    level: float = 0.95,
) -> Difference:
    """Test the difference of two means over folds that are not the same folds.

    Welch's test with the corrected variance of each mean, and the degrees of freedom of Welch and Satterthwaite. What
    is hard about a fold is not taken out, so it shows less than a paired test does.

    Args:
        ours: scores of the run in question, one a fold, signed so that more is better; at least two.
        theirs: those of the run that it is compared with; at least two.
        our_shares: validation rows over training rows of each fold.
        their_shares: likewise.
        level: of the interval.
    """
    from scipy.special import stdtr, stdtrit

    mean = float(np.mean(ours) - np.mean(theirs))
    pairs = ((ours, our_shares), (theirs, their_shares))
    squares = [_standard_error(np.asarray(values, np.float64), float(np.mean(shares))) ** 2 for values, shares in pairs]
    if (total := sum(squares)) == 0:
        return Difference(mean, mean, mean, 1.0 if mean == 0 else 0.0)
    below = sum(square**2 / (len(values) - 1) for square, (values, _) in zip(squares, pairs, strict=True))
    freedom, error = total**2 / below, math.sqrt(total)
    reach = float(stdtrit(freedom, (1 + level) / 2)) * error
    return Difference(mean, mean - reach, mean + reach, float(2 * stdtr(freedom, -abs(mean) / error)))


def mcnemar(only_ours: int, only_theirs: int) -> float:
    """Test whether two classifiers are right equally often on the same rows; returns the exact two-sided p.

    Rows that both get right, or both wrong, say nothing. Of the others each is a fair coin where there is no
    difference, so p is that of the binomial test with 1/2.

    Args:
        only_ours: rows that the one in question alone gets right.
        only_theirs: rows that the other alone gets right.
    """
    from scipy.special import bdtr

    decided = only_ours + only_theirs
    if decided == 0:
        return 1.0
    return min(1.0, 2 * float(bdtr(min(only_ours, only_theirs), decided, 0.5)))


def bootstrap_p(differences: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float | None:
    """Return a two-sided p from resampled differences, (resamples,): twice the smaller share beyond 0.

    One more is counted on either side, so that p is never 0 (Davison and Hinkley, *Bootstrap Methods and their
    Application*, 1997, chapter 4). None where no resample has a value.
    """
    known = differences[np.isfinite(differences)]
    if not len(known):
        return None
    beyond = min(int((known <= 0).sum()), int((known >= 0).sum()))
    return min(1.0, 2 * (beyond + 1) / (len(known) + 1))


def holm(values: Sequence[float]) -> list[float]:
    """Adjust the p values of several comparisons, so that the chance of any false alarm stays below the level.

    The smallest is multiplied by their number, the next by one less, and so on; none falls below an earlier one.
    """
    count, adjusted, highest = len(values), [0.0] * len(values), 0.0
    for rank, place in enumerate(sorted(range(count), key=lambda index: values[index])):
        highest = max(highest, min(1.0, (count - rank) * values[place]))
        adjusted[place] = highest
    return adjusted


def posterior(differences: Sequence[float], shares: Sequence[float], rope: float) -> Posterior:
    """Say how probable it is that one is worse, practically equivalent, or better (the Bayesian correlated t-test).

    With the usual flat prior the mean difference follows Student's t with n - 1 degrees of freedom around the mean of
    the differences, scaled by sqrt((1/n + rho / (1 - rho)) · s²), where rho is the share of validation rows among all
    rows of a split: rho / (1 - rho) is validation rows over training rows.

    Args:
        differences: one a fold; at least two, finite.
        shares: validation rows over training rows of each fold.
        rope: the region of practical equivalence reaches from -rope to rope.
    """
    from scipy.special import stdtr

    values = np.asarray(differences, np.float64)
    mean, error = float(values.mean()), _standard_error(values, float(np.mean(shares)))
    if error == 0:
        return Posterior(float(mean < -rope), float(-rope <= mean <= rope), float(mean > rope))
    worse = float(stdtr(len(values) - 1, (-rope - mean) / error))
    better = float(stdtr(len(values) - 1, (mean - rope) / error))
    return Posterior(worse, max(0.0, 1 - worse - better), better)


def iterations_needed(
    differences: Sequence[float], shares: Sequence[float], folds: int, level: float = 0.95
) -> int | None:
    """Say how many iterations of K-fold would show a difference of this size, with folds that vary as these do.

    The corrected variance does not fall below share · s², however many iterations there are: only more rows, or a
    larger k, lower that. It is an estimate from few folds, and it asks for an even chance only.

    Args:
        differences: one a fold; at least two, finite.
        shares: validation rows over training rows of each fold.
        folds: k.
        level: of the test.

    Returns:
        Iterations; None where no number of them up to 1000 would.
    """
    from scipy.special import stdtrit

    values = np.asarray(differences, np.float64)
    size, variance, share = abs(float(values.mean())), float(values.var(ddof=1)), float(np.mean(shares))
    for iterations in range(1, MOST_ITERATIONS + 1):
        count = folds * iterations
        if count > 1 and size > float(stdtrit(count - 1, (1 + level) / 2)) * math.sqrt((1 / count + share) * variance):
            return iterations
    return None


def _standard_error(values: np.ndarray[tuple[int], np.dtype[np.float64]], share: float) -> float:
    """Return the corrected standard error of a mean over folds; 0 where all values are equal."""
    if np.ptp(values) == 0:  # the variance of equal numbers may come out as 1e-34
        return 0.0
    return math.sqrt((1 / len(values) + share) * float(values.var(ddof=1)))
