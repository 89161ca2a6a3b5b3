"""The words of a comparison of two runs: better, worse, or what could not be shown and what would show it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dlrun.evaluation.paired import Difference, Posterior
from dlrun.evaluation.verdicts import figures

LEVEL = 0.05


@dataclass(frozen=True)
class Tested:
    """One run beside another.

    Args:
        difference: of their scores; above 0: better.
        test: by which test p came about, and the interval; empty where nothing could be tested.
        who: what was compared, in words: ``4 folds``, ``these 100 rows``.
        more: what would show a difference of this size, or why nothing was tested; may be empty.
        posterior: where a region of practical equivalence was given.
        corrected: p after the correction for several comparisons; None where there is one, or no test.
    """

    difference: Difference
    test: str
    who: str
    more: str = ""
    posterior: Posterior | None = None
    corrected: float | None = None

    @property
    def verdict(self) -> str:
        """``better`` or ``worse`` where p says so, ``unclear`` where it does not, ``untested`` without one."""
        p = self.difference.p if self.corrected is None else self.corrected
        if p is None:
            return "untested"
        if p >= LEVEL or self.difference.mean == 0:
            return "unclear"
        return "better" if self.difference.mean > 0 else "worse"

    def words(self, ours: str, theirs: str, metric: str) -> str:
        """Say it in a sentence: ``B is better than A by 0.31 mae (95 % 0.05 to 0.57, p 0.02)``."""
        verdict, mean = self.verdict, self.difference.mean
        if verdict in ("better", "worse"):
            return f"{ours} is {verdict} than {theirs} by {self._size(metric)}"
        if mean == 0:
            return f"{ours} and {theirs} score the same {metric}"
        amount = f"{self._size(metric, 'better' if mean > 0 else 'worse')}"
        more = f"; {self.more}" if self.more else ""
        if verdict == "untested":
            return f"{ours} scores {amount} than {theirs}{more}"
        return f"no difference between {ours} and {theirs} that {self.who} could show: {amount}{more}"

    def _size(self, metric: str, which: str = "") -> str:
        """Write the size of the difference, its interval in the same direction, and p."""
        difference, sign = self.difference, 1 if self.difference.mean >= 0 else -1
        known = [end for end in (difference.low, difference.high) if end is not None]
        size, *ends = figures(abs(difference.mean), *sorted(sign * end for end in known))
        head = " ".join(filter(None, (size, metric, which)))
        sure = [f"95 % {' to '.join(ends)}"] if ends else []
        sure += [_p_words(difference.p)] if difference.p is not None else []
        sure += [f"by Holm {_p_words(self.corrected)}"] if self.corrected is not None else []
        return f"{head} ({', '.join(sure)})" if sure else head


def iterations_words(needed: int | None, iterations: int, folds: int) -> str:
    """Say how many iterations of K-fold would show a difference; empty where there are as many already."""
    if needed is None:
        return "no number of iterations would, only more rows or a larger k"
    return f"about {needed} iterations of {folds}-fold would" if needed > iterations else ""


def rows_words(difference: Difference, rows: int) -> str:
    """Say how many rows would show a difference: an interval shrinks with the root of their number."""
    if not difference.mean or difference.low is None or difference.high is None:
        return ""
    needed = rows * ((difference.high - difference.low) / 2 / abs(difference.mean)) ** 2
    if needed <= rows:
        return ""
    unit = 10 ** max(0, int(math.log10(needed)) - 1)  # it is an estimate, and two digits say so
    return f"about {math.ceil(needed / unit) * unit:,} such rows would"


def _p_words(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p {p:.2g}"
