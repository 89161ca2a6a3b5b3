"""The last step in words: what the test rows said, how often they were looked at, and which command comes next."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from dlrun.report.glyphs import grouped
from dlrun.report.lines import Line
from dlrun.report.reading import Record, items, part, parts, whole, words
from dlrun.report.scores import baseline_words, interval_words, value_words

_MOST_NAMED = 3


def last_lines(record: Record) -> list[Line]:
    """Say that the test rows were not touched, or what they said; then that a model was trained on all rows."""
    scores = parts(record, "scores", "test")
    lines = _scored(record, scores) if scores else [Line("test", (_untouched(record),))]
    retrained = part(record, "retrained")
    if retrained:
        whose = "the test score is that of the model before it" if scores else "nothing is scored"
        lines.append(Line("retrained", (f"{_trained(retrained, 'trained_on')}; {whose}",)))
    return lines


def next_command(record: Record) -> str:
    """Return the command that comes next: to go on; the test, once, where there is one to make; else another look."""
    name, status = reference(words(record, "run")), words(record, "status")
    if status in ("dead", "interrupted") or (status == "failed" and not record.get("failures")):
        return f"dlrun resume {name}"
    ready = status in ("done", "")
    testable = bool(whole(part(record, "protocol").get("test"))) and not parts(record, "scores", "test")
    return f"dlrun test {name}" if ready and testable else f"dlrun show {name}"


def reference(run: str) -> str:
    """Name a run as a command takes it: its name where it lies in ``runs/``, else its path."""
    import shlex

    path = PurePath(run)
    return shlex.quote(path.name if path.parent == PurePath("runs") else run) if run else "latest"


def _scored(record: Record, scores: dict[str, Record]) -> list[Line]:
    kept = [metric for metric in scores if metric != "loss" or len(scores) == 1 or record.get("primary") == "loss"]
    kept.sort(key=lambda metric: metric != record.get("primary"))
    said: list[tuple[str, ...]] = [
        (
            f"{metric} {value_words(scores[metric])}",
            interval_words(scores[metric]),
            baseline_words(part(record, "test"), metric),
        )
        for metric in kept
    ]
    said.append((_trained(part(record, "test"), "trained_on"),))
    lines = [Line("" if at else "test", each) for at, each in enumerate(said)]
    count = whole(part(record, "looks").get("count")) or 0
    own = PurePath(words(record, "run")).name
    others = [run for run in _runs(record) if run != own]
    if count > 1 or others:
        lines.append(Line("", (f"{_shared(record)} looked at {_times(count)} in all{_named(others)}",)))
    kept_items = [Line(line.label, tuple(item for item in line.items if item)) for line in lines]
    return [line for line in kept_items if line.items]


def _untouched(record: Record) -> str:
    rows = whole(part(record, "protocol").get("test"))
    if rows == 0:
        return "no rows were set aside"
    count = whole(part(record, "looks").get("count"))
    if count:
        return f"not touched by this run; {_shared(record)} looked at {_times(count)}{_named(_runs(record))}"
    return "not touched" if count is None else "not touched (0 looks so far)"


def _trained(facts: Record, rows_key: str) -> str:
    rows, epochs, rule = whole(facts.get(rows_key)), whole(facts.get("epochs")), words(facts, "rule")
    on = "" if rows is None else f" on {grouped(rows)} rows"
    long = "" if epochs is None else f" for {grouped(epochs)} epoch{'' if epochs == 1 else 's'}"
    return f"trained{on}{long}" + (f" ({rule})" if rule else "") if on or long else ""


def _shared(record: Record) -> str:
    """Say which of the test rows are meant, where it is not all of them."""
    shared, rows = whole(part(record, "looks").get("shared")), whole(part(record, "protocol").get("test"))
    if not shared or not rows or shared >= rows:
        return "these rows were"
    return f"{grouped(shared)} of these {grouped(rows)} rows {'was' if shared == 1 else 'were'}"


def _runs(record: Record) -> list[str]:
    return list(dict.fromkeys(run for run in items(part(record, "looks"), "runs") if isinstance(run, str)))


def _named(runs: list[Any]) -> str:
    rest = len(runs) - _MOST_NAMED
    named = ", ".join(runs[:_MOST_NAMED]) + (f" and {grouped(rest)} more" if rest > 0 else "")
    return f" ({named})" if named else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{grouped(count)} times"
