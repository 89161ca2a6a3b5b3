"""Rules of ``evaluation`` for windows over a series, which keep the order of time whatever the section says."""

from __future__ import annotations

from dlrun.spec.document import Findings
from dlrun.spec.evaluation_rules import check_duplicates, check_evaluation, check_protocol
from dlrun.spec.files import printable
from dlrun.spec.sections import Evaluation
from dlrun.spec.sources import Windows

_SECTION = "evaluation"


def check_windows(evaluation: Evaluation, windows: Windows, findings: Findings) -> None:
    """Note whatever would let a window of one part share a step with a window of another, or with what comes after.

    Values that only say what holds anyway are no problem, so that a complete spec can be read again.
    """
    if evaluation.splits is not None:  # which rows they name is looked at with the data
        check_evaluation(evaluation, findings)
        return
    check_protocol(evaluation, findings)
    _check_order(evaluation, findings)
    _check_columns(evaluation, windows, findings)
    _check_gap(evaluation, windows, findings)
    check_duplicates(evaluation, "windows over a series are split in the order of time", findings)


def _check_order(evaluation: Evaluation, findings: Findings) -> None:
    if evaluation.protocol == "iterated_kfold":
        message = "windows over a series keep the order of time, so every iteration would be the same"
        findings.add(message, (_SECTION, "protocol"), hint="write protocol: kfold (forward chaining)")
    if evaluation.shuffle:
        message = "windows over a series are never shuffled: neighbours share most of their steps"
        findings.add(message, (_SECTION, "shuffle"), hint="leave it out: the last windows are held out")
    if evaluation.stratify:
        message = "windows over a series cannot be stratified: there are no classes to keep in proportion"
        findings.add(message, (_SECTION, "stratify"), hint="leave it out")


def _check_columns(evaluation: Evaluation, windows: Windows, findings: Findings) -> None:
    for key in ("group", "fold"):
        if getattr(evaluation, key) is not None:
            message = "windows over a series are split in the order of time, not by a column"
            findings.add(message, (_SECTION, key), hint="leave it out")
    own = getattr(windows, "time", None)
    if isinstance(evaluation.time, str) and evaluation.time != own:
        there = f" ('{printable(own)}')" if own else ""
        message = f"the order of windows is that of the dataset's 'time'{there}, not that of another column"
        findings.add(message, (_SECTION, "time"), hint="leave it out")


def _check_gap(evaluation: Evaluation, windows: Windows, findings: Findings) -> None:
    if evaluation.gap is not None and evaluation.gap < windows.gap:
        apart = f"{windows.stride} step{'s' if windows.stride > 1 else ''} apart"
        message = (
            f"{evaluation.gap:,} is too small: windows of {windows.lookback} + {windows.horizon} steps, {apart}, share "
            f"steps unless {windows.gap:,} are left out between them"
        )
        findings.add(message, (_SECTION, "gap"), hint="leave it out, or use a larger one")
