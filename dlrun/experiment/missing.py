"""What missing values do to a run, found out before anything is trained: in later folds, and in the test rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from dlrun.data.dataset import Dataset
from dlrun.data.gaps import Gaps, columns_without, gaps_of, misses_any, new_gaps
from dlrun.data.preprocessing.fitting import FittedSteps
from dlrun.errors import DataError
from dlrun.evaluation import SplitPlan
from dlrun.experiment.folds import inner_rows
from dlrun.spec.sections import ExperimentSpec
from dlrun.spec.steps import Derive


def examine_gaps(spec: ExperimentSpec, dataset: Dataset, splits: SplitPlan, fitted: FittedSteps) -> tuple[str, ...]:
    """Refuse gaps that would end the run later, and tell of those that the net never meets while it trains.

    Args:
        spec: names the steps.
        dataset: may miss values.
        splits: which rows train, validate and test.
        fitted: the steps, fitted on the first split.

    Returns:
        Warnings, one sentence each.

    Raises:
        DataError: a column has no value in a fold's training rows, or test rows would still miss values.
    """
    gaps = gaps_of(dataset, spec.preprocessing)
    _refuse_empty_columns(spec, splits, gaps)
    derives = any(isinstance(step, Derive) for step in spec.preprocessing)
    if gaps or derives or misses_any(dataset):  # what is derived may have no value, such as after a division by 0
        _check_test_rows(splits, fitted)
    return (*_in_validation(spec, splits, gaps), *_in_test(splits, gaps))


def _check_test_rows(splits: SplitPlan, fitted: FittedSteps) -> None:
    """Refuse test rows that could not be scored when their time comes, hours of training later."""
    try:
        fitted.check(splits.test)
    except DataError as error:
        raise DataError(f"in the test rows, {error.message}", hint=error.hint) from error


def _refuse_empty_columns(spec: ExperimentSpec, splits: SplitPlan, gaps: Gaps) -> None:
    for split in splits.splits:
        train, _ = inner_rows(spec, splits, split)
        if empty := columns_without(gaps, train):
            where = f" of fold {split.fold}" if len(splits.splits) > 1 else ""
            raise DataError(
                f"column '{empty[0]}' has no value in the {len(train):,} training rows{where}",
                hint="leave the column out with `features`, or give its values",
            )


def _in_validation(spec: ExperimentSpec, splits: SplitPlan, gaps: Gaps) -> tuple[str, ...]:
    counts: Counter[str] = Counter()
    folds = 0
    for split in splits.splits:
        train, _ = inner_rows(spec, splits, split)
        found = new_gaps(gaps, train, split.validation)
        counts.update(found)
        folds += bool(found)
    if not counts:
        return ()
    where = f"in {folds} of {len(splits.splits)} folds, " if len(splits.splits) > 1 else ""
    return (f"{where}validation rows miss values in columns where no training row does: {_listed(counts.items())}",)


def _in_test(splits: SplitPlan, gaps: Gaps) -> tuple[str, ...]:
    counts = new_gaps(gaps, splits.pool, splits.test)
    if not counts:
        return ()
    remedy = "the net never meets a gap there (`drop_missing` makes some in training)"
    return (f"test rows miss values in columns where no other row does: {_listed(counts.items())}: {remedy}",)


def _listed(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} ({count:,})" for name, count in counts)
