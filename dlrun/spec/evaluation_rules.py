"""Rules inside ``evaluation`` that need no data: which keys contradict each other, and which would have no effect."""

from __future__ import annotations

from typing import Any

from dlrun.spec.document import Findings
from dlrun.spec.files import printable
from dlrun.spec.sections import Evaluation
from dlrun.spec.sources import ParquetSource, TableSource

_SECTION = "evaluation"
_OF_OUR_SPLITS = ("k", "iterations", "validation", "shuffle", "stratify", "gap")
_NO_ORDER = "leave 'time' out if the order of the rows means nothing"


def check_evaluation(evaluation: Evaluation, findings: Findings) -> None:
    """Note what does not go together in the section.

    Values that only say what holds anyway are no problem (``shuffle: false`` under ``time``), so that a spec with every
    default filled in can be read again.
    """
    if evaluation.splits is not None or evaluation.fold is not None:
        _check_made_elsewhere(evaluation, findings)
        return
    check_protocol(evaluation, findings)
    if evaluation.time is not None:
        _check_time(evaluation, findings)
    else:
        _check_order(evaluation, findings)


def check_columns(evaluation: Evaluation, dataset: Any, findings: Findings) -> None:
    """Note columns that a table cannot have, and a fold that the model would see.

    Args:
        evaluation: names the columns.
        dataset: what the spec's dataset was read as, if it could be.
        findings: gets the problems.
    """
    if not isinstance(dataset, (TableSource, ParquetSource)):
        return
    named = {"group": evaluation.group, "time": evaluation.time, "fold": evaluation.fold}
    if isinstance(dataset, TableSource) and not dataset.header:
        for key, column in named.items():
            if isinstance(column, str) and not column.isdecimal():
                message = f"without a header, columns are counted from 0; '{printable(column)}' is no number"
                findings.add(message, (_SECTION, key))
    for role, columns in (("target", dataset.target), ("features", dataset.features or ())):
        if evaluation.fold is not None and evaluation.fold in columns:
            message = f"'{printable(evaluation.fold)}' stands in the dataset's '{role}' too: a column has one role"
            findings.add(message, (_SECTION, "fold"))


def _check_made_elsewhere(evaluation: Evaluation, findings: Findings) -> None:
    """Note keys that say how to make splits, where they are made already."""
    source = "splits" if evaluation.splits is not None else "fold"
    if evaluation.splits is not None and evaluation.fold is not None:
        hint = "leave one of the two out"
        findings.add("the splits come from 'splits' or from 'fold', not from both", (_SECTION, "fold"), hint=hint)
    elif source == "fold" and evaluation.protocol not in (None, "kfold"):
        hint = "write protocol: kfold, or leave it out"
        message = f"a column of folds makes a K-fold, not '{evaluation.protocol}'"
        findings.add(message, (_SECTION, "protocol"), hint=hint)
    for key in _OF_OUR_SPLITS:
        if getattr(evaluation, key) is not None:
            hint = f"leave it out, or leave '{source}' out"
            message = f"it would have no effect: '{source}' says which rows each split has"
            findings.add(message, (_SECTION, key), hint=hint)
    if source == "splits" and isinstance(evaluation.test, (int, float)):
        message = "no test rows can be drawn: 'splits' says which rows each split has"
        hint = "name the test rows in that file, or write test: none or test: provided"
        findings.add(message, (_SECTION, "test"), hint=hint)
    check_duplicates(evaluation, f"'{source}' says which rows each split has", findings)


def check_duplicates(evaluation: Evaluation, reason: str, findings: Findings) -> None:
    """Note that repeated rows are to be moved where none can be."""
    if evaluation.duplicates in ("together", "drop"):
        message = f"repeated rows are only reported here, since {reason}"
        findings.add(message, (_SECTION, "duplicates"), hint="write duplicates: allow, or leave it out")


def check_protocol(evaluation: Evaluation, findings: Findings) -> None:
    """Note keys of another protocol than the one that is written."""
    if evaluation.protocol in (None, "holdout"):
        wanted = "kfold" if evaluation.iterations is None else "iterated_kfold"
        for key in ("k", "iterations"):
            if getattr(evaluation, key) is not None:
                message = "it would have no effect: a hold-out makes one split"
                findings.add(message, (_SECTION, key), hint=f"write protocol: {wanted}")
        return
    if evaluation.protocol == "kfold" and evaluation.iterations is not None:
        message = "it would have no effect: K-fold cuts the rows into folds once"
        findings.add(message, (_SECTION, "iterations"), hint="write protocol: iterated_kfold to cut them several times")
    if evaluation.validation is not None:
        message = f"it would have no effect under {evaluation.protocol}: every fold is the validation part once"
        hint = "leave it out, 'k' sets the size (k: 5 is a fifth); or write protocol: holdout"
        findings.add(message, (_SECTION, "validation"), hint=hint)


def _check_time(evaluation: Evaluation, findings: Findings) -> None:
    """Note whatever would mix the past with the future."""
    if evaluation.protocol == "iterated_kfold":
        message = "rows in the order of time cannot be reshuffled, so every iteration would be the same"
        findings.add(message, (_SECTION, "protocol"), hint=f"write protocol: kfold (forward chaining), or {_NO_ORDER}")
    if evaluation.stratify:
        message = "rows in the order of time cannot be stratified: drawing them by class would mix past and future"
        findings.add(message, (_SECTION, "stratify"), hint=f"leave it out, or {_NO_ORDER}")
    if evaluation.shuffle:
        message = "rows in the order of time are never shuffled: the model would be trained on the future"
        findings.add(message, (_SECTION, "shuffle"), hint=f"leave it out, or {_NO_ORDER}")
    check_duplicates(evaluation, "time says which rows each split has", findings)


def _check_order(evaluation: Evaluation, findings: Findings) -> None:
    """Note what needs time, or rows that are shuffled."""
    if evaluation.gap:  # 0 leaves nothing out, which is so without time as well
        hint = "name the column that holds the time (time: COLUMN), or write time: true if the rows stand in its order"
        findings.add("it would have no effect without 'time'", (_SECTION, "gap"), hint=hint)
    if evaluation.shuffle is not False:
        return
    if evaluation.protocol == "iterated_kfold":
        message = "the iterations of iterated_kfold differ by how the rows are shuffled, and by nothing else"
        findings.add(message, (_SECTION, "shuffle"), hint="leave it out, or write protocol: kfold")
    if evaluation.stratify:
        message = "rows that keep their order cannot be drawn by class"
        findings.add(message, (_SECTION, "stratify"), hint="leave it out, or leave 'shuffle: false' out")
