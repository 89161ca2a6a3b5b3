"""The `evaluation` section with every default filled in that follows from the protocol and the data."""

from __future__ import annotations

from typing import Any

from dlrun.data.dataset import Dataset
from dlrun.evaluation.splitting.files import GivenSplits
from dlrun.evaluation.splitting.fold_column import called_test
from dlrun.evaluation.splitting.rules import column_of, made_elsewhere, refuse
from dlrun.evaluation.splitting.windows import in_order_of_time
from dlrun.spec.sections import Evaluation

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.2
K = 4
ITERATIONS = 3


def with_defaults(dataset: Dataset, evaluation: Evaluation, given: GivenSplits | None = None) -> Evaluation:
    """Fill in defaults; ``stratify`` stays as it is, because only drawing shows whether it can be done.

    Args:
        dataset: says whether there is a provided validation or test set.
        evaluation: as written.
        given: what ``evaluation.splits`` holds.

    Raises:
        SpecError: the splits that were read are not those of the protocol, or name test rows against the spec.
    """
    evaluation = in_order_of_time(dataset, evaluation)
    elsewhere = made_elsewhere(evaluation)
    values: dict[str, Any] = {"protocol": "kfold" if evaluation.fold is not None else evaluation.protocol or "holdout"}
    if given is not None:
        values |= _from_file(evaluation, given)
    elif not elsewhere:
        values |= _of_protocol(dataset, evaluation, values["protocol"])
        values["shuffle"] = evaluation.time is None if evaluation.shuffle is None else evaluation.shuffle
        if evaluation.time is not None:
            values["gap"] = evaluation.gap or 0
    if evaluation.duplicates is None:
        values["duplicates"] = "allow" if elsewhere or evaluation.time is not None else "together"
    if evaluation.test is None and not _names_test_rows(dataset, evaluation, given):
        drawn = "none" if elsewhere else TEST_SHARE
        values["test"] = "provided" if len(dataset.test_rows) else drawn
    return evaluation.model_copy(update=values)


def _of_protocol(dataset: Dataset, evaluation: Evaluation, protocol: str) -> dict[str, Any]:
    """Fill in what the protocol has."""
    if protocol == "holdout":
        default = "provided" if len(dataset.validation_rows) else VALIDATION_SHARE
        return {"validation": default if evaluation.validation is None else evaluation.validation}
    k = {"k": evaluation.k or K}
    return k if protocol == "kfold" else {**k, "iterations": evaluation.iterations or ITERATIONS}


def _from_file(evaluation: Evaluation, given: GivenSplits) -> dict[str, Any]:
    """Fill in what the file decides: the protocol, and the sha256 of what was read."""
    assert evaluation.splits is not None
    file = evaluation.splits.model_copy(update={"sha256": given.sha256})
    iterations, folds = given.splits[-1].iteration, given.splits[-1].fold
    protocol = "iterated_kfold" if iterations > 1 else "kfold" if folds > 1 else "holdout"
    if evaluation.protocol not in (None, protocol):
        found = f"'{file.path}' holds {iterations} iterations of {folds} folds, which is '{protocol}'"
        refuse(("evaluation", "protocol"), f"'{evaluation.protocol}', but {found}", "leave it out")
    if len(given.test) and evaluation.test is not None:
        message = f"'{evaluation.test}', but '{file.path}' names {len(given.test):,} test rows"
        refuse(("evaluation", "test"), message, "leave it out")
    return {"protocol": protocol, "splits": file}


def _names_test_rows(dataset: Dataset, evaluation: Evaluation, given: GivenSplits | None) -> bool:
    """Whether splits made elsewhere say themselves which rows are test rows; then ``test`` stays empty."""
    if given is not None:
        return len(given.test) > 0
    if evaluation.fold is None:
        return False
    return bool(called_test(column_of(dataset, evaluation.fold, "fold")[dataset.train_rows]).any())
