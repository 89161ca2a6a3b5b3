"""Which rows train, which are scored, and which nobody looks at.

Every draw hangs on ``split_seed`` and a name of its own, and the test rows are drawn first: they stay the same whatever
protocol comes after. What cuts have to keep is in `rules`; this module is the order of events.
"""

from __future__ import annotations

import numpy as np

from dlrun.data.dataset import Dataset, Indices
from dlrun.errors import DataError
from dlrun.evaluation.splitting.cutting import Cut, cut
from dlrun.evaluation.splitting.defaults import with_defaults
from dlrun.evaluation.splitting.files import GivenSplits, read_splits
from dlrun.evaluation.splitting.findings import Drawn, finish
from dlrun.evaluation.splitting.fold_column import called_test, read_folds
from dlrun.evaluation.splitting.folding import fold
from dlrun.evaluation.splitting.plan import Split, SplitPlan
from dlrun.evaluation.splitting.provided import beside_provided, provided_rows
from dlrun.evaluation.splitting.rules import Rules, Size, column_of, refuse, rules_for
from dlrun.evaluation.splitting.units import twins
from dlrun.seeds import child_seed
from dlrun.spec.sections import Evaluation

__all__ = ["Split", "SplitPlan", "make_splits"]


def make_splits(dataset: Dataset, evaluation: Evaluation) -> SplitPlan:
    """Draw the test rows, then split what remains as the protocol says; or take splits that were made elsewhere.

    Raises:
        DataError: a provided part is asked for and the data have none, a column or a file of splits is not what it has
            to be, or there are no rows to split.
        SpecError: a part would be empty, there are too few rows, groups or times for what is asked, stratifying is
            asked for and cannot be done, or a provided part shares groups with the training rows or is not later.
    """
    if evaluation.splits is not None:
        given = read_splits(evaluation.splits, dataset.rows)
        return _plan_of_given(dataset, with_defaults(dataset, evaluation, given), given)
    if not len(dataset.train_rows):
        raise DataError(f"'{dataset.name}' has no training rows", hint="check the file, or the options that drop rows")
    complete = with_defaults(dataset, evaluation)
    rows, dropped = _without_repeats(dataset, complete)
    beside = provided_rows(dataset, complete)
    rules = rules_for(dataset, complete, np.setdiff1d(rows, beside), beside)
    drawn = _draw(dataset, complete, np.setdiff1d(rows, beside), np.intersect1d(rows, beside), rules)
    return finish(dataset, complete, rules, drawn, dropped)


def _plan_of_given(dataset: Dataset, evaluation: Evaluation, given: GivenSplits) -> SplitPlan:
    """Make a plan of splits that were read."""
    test = given.test
    if evaluation.test == "provided":
        test = provided_rows(dataset, evaluation)
        named = np.concatenate([np.union1d(split.train, split.validation) for split in given.splits])
        if (shared := np.intersect1d(named, test)).size:
            raise DataError(
                f"'{evaluation.splits and evaluation.splits.path}' puts row {shared[0]} into a split, which is a row "
                f"of the test set that came with the data ({shared.size:,} such rows)",
                hint="write 'test: none' to use these rows like all others",
            )
    pool = np.unique(np.concatenate([np.union1d(split.train, split.validation) for split in given.splits]))
    rules = rules_for(dataset, evaluation, pool, test)
    return finish(dataset, evaluation, rules, Drawn(test, pool, given.splits), pool[:0])


def _without_repeats(dataset: Dataset, evaluation: Evaluation) -> tuple[Indices, Indices]:
    """Return the rows that are split, and those that are dropped."""
    rows = np.sort(dataset.train_rows)
    if evaluation.validation == "provided":
        rows = np.union1d(rows, dataset.validation_rows)
    if evaluation.fold is not None and evaluation.test is None:  # the column says which rows are test rows
        called = called_test(column_of(dataset, evaluation.fold, "fold"))
        rows = np.union1d(rows, dataset.test_rows[called[dataset.test_rows]])
    if evaluation.duplicates != "drop":
        return rows, rows[:0]
    is_first = twins(dataset.hashes, rows) == rows
    return rows[is_first], rows[~is_first]


def _draw(dataset: Dataset, evaluation: Evaluation, rows: Indices, validation: Indices, rules: Rules) -> Drawn:
    """Draw the test rows, then what the protocol asks for."""
    seed = evaluation.split_seed
    if evaluation.fold is not None:
        return _by_column(dataset, evaluation, rows, rules)
    held = _cut_test(dataset, evaluation, rows, rules)
    if evaluation.protocol == "holdout":
        parts = _cut_validation(evaluation, held.kept, validation, rules)
        split = Split(1, 1, parts.kept, parts.held)
        cuts = ("test", held), ("validation", parts)
        return Drawn(held.held, np.union1d(held.kept, validation), (split,), (held.reason, parts.reason), cuts)
    splits, reasons = [], [held.reason]
    for iteration in range(1, (evaluation.iterations or 1) + 1):
        folding = fold(rules, held.kept, evaluation.k or 0, child_seed(seed, "folds", iteration))
        splits += [Split(iteration, at, *pair) for at, pair in enumerate(folding.pairs, start=1)]
        reasons.append(folding.reason)
    return Drawn(held.held, held.kept, tuple(splits), tuple(reasons), (("test", held),))


def _cut_test(dataset: Dataset, evaluation: Evaluation, rows: Indices, rules: Rules) -> Cut:
    if evaluation.test == "none" or evaluation.test is None:
        return Cut(rows, rows[:0])
    if evaluation.test == "provided":
        return Cut(beside_provided(rules, rows, np.sort(dataset.test_rows), "test"), np.sort(dataset.test_rows))
    size = Size(evaluation.test, ("evaluation", "test"), "rows that may be split", spare=True)
    return cut(rules, rows, size, child_seed(evaluation.split_seed, "test rows"))


def _cut_validation(evaluation: Evaluation, pool: Indices, provided: Indices, rules: Rules) -> Cut:
    if evaluation.validation == "provided":
        if not len(provided):
            message = "every row of the validation set that came with the data repeats an earlier row, and is dropped"
            refuse(("evaluation", "duplicates"), message, "write 'duplicates: allow', or 'validation: 0.2'")
        return Cut(beside_provided(rules, pool, provided, "validation"), provided)
    assert evaluation.validation is not None
    size = Size(evaluation.validation, ("evaluation", "validation"), "rows that are not test rows")
    return cut(rules, pool, size, child_seed(evaluation.split_seed, "validation rows", 1))


def _by_column(dataset: Dataset, evaluation: Evaluation, rows: Indices, rules: Rules) -> Drawn:
    """Take folds, and maybe test rows, from a column."""
    assert evaluation.fold is not None
    fold_of, sizes = read_folds(column_of(dataset, evaluation.fold, "fold"), rows, evaluation.fold)
    named = rows[fold_of < 0]
    if len(named) and evaluation.test is not None:
        message = (
            f"column '{evaluation.fold}' names {len(named):,} test rows, but the spec says test: {evaluation.test}"
        )
        refuse(("evaluation", "fold"), message, "leave 'test' out, or give these rows a fold")
    held = Cut(rows[fold_of >= 0], named) if len(named) else _cut_test(dataset, evaluation, rows, rules)
    kept_folds = fold_of[np.searchsorted(rows, held.kept)]
    if len(empty := np.setdiff1d(np.arange(len(sizes)), kept_folds)):
        message = f"the test rows take all rows of fold {empty[0] + 1}"
        refuse(("evaluation", "test"), message, "hold out fewer, or name the test rows in the fold column")
    splits = tuple(
        Split(1, at + 1, held.kept[kept_folds != at], held.kept[kept_folds == at]) for at in range(len(sizes))
    )
    return Drawn(held.held, held.kept, splits, (held.reason,), (("test", held),))
