"""What a reader has to know before believing a score: repeated rows, what was selected, looks at the test rows."""

from __future__ import annotations

from collections.abc import Sequence

from dlrun.report.glyphs import grouped
from dlrun.report.last_step import last_lines
from dlrun.report.protocol import repeat_words
from dlrun.report.reading import Record, items, part, parts, whole, words
from dlrun.report.scores import score_lines

_INTERVALS = {
    "holdout": "Bootstrap over validation rows: how much the score hangs on which rows these are. It says nothing of"
    " another training set, or another seed.",
    "folds": "Of the corrected resampled t-test (Nadeau and Bengio 2003): folds share training rows, so they vary less"
    " than independent ones would, and the interval is widened for that.",
}


def honesty_notes(record: Record, notes: Sequence[str]) -> list[tuple[str, str]]:
    """List what qualifies the scores, label and sentence.

    Args:
        record: of the run.
        notes: what could not be read for this page.
    """
    told = [
        ("repeated rows", _duplicates(record)),
        ("test rows seen in training", _overlap(record)),
        ("selected", _selected(record)),
        ("interval", _interval(record)),
        ("early stopping", _stopping(record)),
        ("test set", _test(record)),
        *(("warning", str(text)) for text in items(record, "warnings")),
        *(("this page", note) for note in notes),
    ]
    return [(label, said) for label, said in told if said]


def _duplicates(record: Record) -> str:
    count = whole(part(record, "data").get("duplicates"))
    if count is None:
        return ""
    if not count:
        return "None: no row stands in the data twice."
    rule = words(part(record, "protocol"), "duplicates")
    done = repeat_words(record)
    how = f"; {done}" if done else f"; evaluation.duplicates: {rule}" if rule else ""
    return f"{grouped(count)} row{'s repeat' if count > 1 else ' repeats'} an earlier one{how}."


def _overlap(record: Record) -> str:
    count = whole(part(record, "data", "overlap").get("count"))
    if not count:
        return ""
    rows = "row of the provided test set also stands" if count == 1 else "rows of the provided test set also stand"
    return f"{grouped(count)} {rows} among the others."


def _selected(record: Record) -> str:
    found = next((line.items[0] for line in score_lines(record) if line.label == "selected" and line.items), "")
    return f"{found}. The scores above are those of the final weights{_epochs_of(record)}." if found else ""


def _epochs_of(record: Record) -> str:
    """Say of which epoch the final weights are, where all folds have the same."""
    epochs = {whole(epoch) for epoch in items(part(record, "training"), "final_epoch")} - {None}
    return f", of epoch {epochs.pop()}" if len(epochs) == 1 else ""


def _interval(record: Record) -> str:
    scores = parts(record, "scores", "validation")
    if not any(score.get("low") is not None for score in scores.values()):
        return ""
    return _INTERVALS["holdout" if part(record, "protocol").get("name") == "holdout" else "folds"]


def _stopping(record: Record) -> str:
    watched = part(record, "training").get("stop_watched")
    if watched == "validation":
        return "It watched the validation rows, so when to stop was chosen on the rows that are scored."
    return "It watched rows cut off the training rows, not those that are scored." if watched == "inner" else ""


def _test(record: Record) -> str:
    return "; ".join("   ".join(line.items) for line in last_lines(record) if line.label in ("test", ""))
