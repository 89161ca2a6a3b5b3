"""Windows over a series: parts stand in the order of time, and no two windows of different parts share a step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlrun.data.dataset import Dataset, Indices
from dlrun.evaluation.splitting.rules import refuse
from dlrun.spec.sections import Evaluation


def in_order_of_time(dataset: Dataset, evaluation: Evaluation) -> Evaluation:
    """Say ``time`` and the least ``gap`` for windows; leave the evaluation of other data as it is.

    The sources of dlrun's own have these rules in the spec already, with their places; a plugin's meet them here.

    Raises:
        SpecError: the section says something else.
    """
    if dataset.gap is None:
        return evaluation
    if evaluation.protocol == "iterated_kfold":
        message = "windows over a series keep the order of time, so every iteration would be the same"
        refuse(("evaluation", "protocol"), message, "write protocol: kfold (forward chaining)")
    for key in ("shuffle", "group", "fold"):
        if getattr(evaluation, key):
            refuse(("evaluation", key), "windows over a series are split in the order of time", "leave it out")
    if evaluation.gap is not None and evaluation.gap < dataset.gap:
        message = (
            f"{evaluation.gap:,} is too small: windows share steps unless {dataset.gap:,} are left out between them"
        )
        refuse(("evaluation", "gap"), message, "leave it out, or use a larger one")
    gap = evaluation.gap if evaluation.splits is not None else evaluation.gap or dataset.gap
    return evaluation.model_copy(update={"time": evaluation.time or True, "gap": gap})


def check_no_shared_step(dataset: Dataset, pairs: Sequence[tuple[Indices, Indices]], test: Indices) -> None:
    """Check that enough windows lie between the parts: drawn ones keep that, those of a file may not.

    Args:
        dataset: windows, or anything else, which is not looked at.
        pairs: training and validation rows of each split.
        test: test rows, may be empty.

    Raises:
        SpecError: a window of one part holds a step of a later part's window.
    """
    if dataset.gap is None:
        return
    for early, late in pairs:
        _check(dataset.gap, early, late, "validation")
        if len(test):
            _check(dataset.gap, np.concatenate([early, late]), test, "test")


def _check(gap: int, early: Indices, late: Indices, part: str) -> None:
    last, first = int(early.max()), int(late.min())
    if first - last <= gap:
        message = (
            f"windows {last} and {first} (counted from 0) share steps of the series: {gap:,} windows must lie between "
            f"the {part} rows and those before them"
        )
        refuse(("evaluation", "splits"), message, "leave such windows out of the file, or let dlrun draw the splits")
