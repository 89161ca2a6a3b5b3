"""A run's record as the lines that a person reads at the end of `dlrun train` and from `dlrun show`.

A record is read as it comes: whatever is missing (a run that failed has no scores) is left out.
"""

from __future__ import annotations

from typing import Any

from dlrun.report.folds import fold_lines
from dlrun.report.glyphs import clean, columns, group_digits, grouped, settle
from dlrun.report.last_step import last_lines, next_command
from dlrun.report.lines import Line, layout
from dlrun.report.protocol import division_words, part_words, protocol_label
from dlrun.report.reading import Record, items, part, whole, words
from dlrun.report.scores import failed_fits, failed_words, score_lines, validation_scores

_INDENT = 2


def render_record(record: Record, width: int = 100, unicode: bool = True) -> str:
    """Write a run's whole record as text: what was run, what came of it, what was warned of.

    Args:
        record: see ``docs/run-folder.md``; ``run`` is the folder's path.
        width: of the terminal, in columns.
        unicode: whether the stream can show more than ASCII.
    """
    remarked = settle("\n".join(layout(_cleaned(remarks(record), unicode), width)), unicode)
    blocks = [render_headline(record, width, unicode), _scored(record, width, unicode), remarked]
    return "\n\n".join(block for block in (*blocks, clean(words(record, "run"), unicode)) if block)


def render_headline(record: Record, width: int = 100, unicode: bool = True) -> str:
    """Write the lines that introduce a run."""
    return settle("\n".join(layout(headline(record, unicode), width)), unicode)


def render_result(record: Record, width: int = 100, unicode: bool = True, next_step: str = "") -> str:
    """Write what came of a run, where it lies, and which command comes next; warnings were told while it ran.

    Args:
        record: as `render_record` takes it.
        width: of the terminal, in columns.
        unicode: whether the stream can show more than ASCII.
        next_step: the command to name; by default the one that follows from the record.
    """
    where = clean(words(record, "run"), unicode)
    then = clean(f"next: {next_step or next_command(record)}", unicode)
    beside = f"{where}      {then}"
    ending = beside if columns(beside) <= width else f"{where}\n{then}"
    status = settle("\n".join(layout(_cleaned(status_lines(record), unicode), width)), unicode)
    return "\n\n".join(block for block in (_scored(record, width, unicode), status, ending) if block)


def _scored(record: Record, width: int, unicode: bool) -> str:
    """Write folds and scores as one block, the folds' scores above the mean of them."""
    below = score_lines(record)
    if validation_scores(record) or part(record, "retrained"):
        below += last_lines(record)
    room = width - _INDENT
    folds = fold_lines(record, room, [line.label for line in below])
    written = layout(_cleaned([*folds, *below], unicode), room)
    return settle("\n".join(f"{'':{_INDENT}}{line}" for line in written), unicode)


def headline(record: Record, unicode: bool = True) -> list[Line]:
    """Say what was run, in three lines: the data, the model, the protocol."""
    data, model = part(record, "data"), part(record, "model")
    task = words(record, "task").replace("_", " ")
    shape = _listed(group_digits(words(data, "input_words")), task)
    seed = whole(record.get("seed"))
    settings = _listed(words(model, "optimiser"), words(model, "loss"))
    division = (_training_words(record), *division_words(record), part_words(record), _engine_words(record))
    lines = [
        Line(words(record, "name"), (shape, _flaws(data), "" if seed is None else f"seed {seed}")),
        Line("", (words(model, "outline"), _count(model.get("parameters"), "parameter"), settings)),
        Line(protocol_label(record), division),
    ]
    kept = [Line(line.label, tuple(item for item in line.items if item)) for line in lines]
    return _cleaned([line for line in kept if line.label or line.items], unicode)


def remarks(record: Record) -> list[Line]:
    """Say what is not as it should be with a run that is not done, and what was warned of."""
    texts = items(record, "warnings")
    return status_lines(record) + [Line("warning", (str(text),)) for text in texts]


def status_lines(record: Record) -> list[Line]:
    """Say what is not as it should be with a run that is not done; nothing of one that is."""
    status, failed = words(record, "status"), failed_fits(record)
    if status in ("done", ""):
        return []
    why = words(record, "failure") or (failed_words(record) if failed else "no result")
    if status.startswith("waiting"):
        status, _, folds = status.partition(" ")
        why = f"{folds.strip('()') or _folds_there(record)} done; the last one completes this run"
    elif status.startswith("running"):
        why = "no result yet"
    elif status == "partial":
        why = f"{failed_words(record) if failed else 'some folds failed'}; the other folds are done"
    elif (then := next_command(record)).startswith("dlrun resume"):
        why = f"{'killed before its end' if status == 'dead' else why}; {then} brings it to its end"
    return [Line(status, (why,))]


def _folds_there(record: Record) -> str:
    """Count the folds of a shared run that are there."""
    finished, every = (len(items(part(record, "shared"), key)) for key in ("finished", "folds"))
    return f"{grouped(finished)} of {grouped(every)} folds" if every else "some folds"


def _cleaned(lines: list[Line], unicode: bool) -> list[Line]:
    return [Line(clean(line.label, unicode), tuple(clean(item, unicode) for item in line.items)) for line in lines]


def _flaws(data: Record) -> str:
    found = [(whole(data.get(key)), what) for key, what in (("duplicates", "duplicate"), ("missing", "missing value"))]
    return _listed(*(_count(count, what) if count else f"no {what}s" for count, what in found if count is not None))


def _training_words(record: Record) -> str:
    training = part(record, "training")
    batch = whole(training.get("batch_size"))
    trained = training.get("epochs_trained")
    only = whole(trained[0]) if isinstance(trained, list) and len(trained) == 1 else None
    of = f"{only} of " if only is not None and training.get("stopped_early") is True else ""
    return _listed(of + _count(training.get("epochs"), "epoch"), "" if batch is None else f"batch {grouped(batch)}")


def _engine_words(record: Record) -> str:
    """Name the engine, and how many fits share a program: ``compiled engine: 4 folds in one program``."""
    engine = part(record, "engine")
    name, lanes, fits = words(engine, "name"), whole(engine.get("lanes")), _fits(record)
    if not name or lanes is None or lanes < 2 or fits < 2:
        return f"{name} engine" if name else ""
    together = f"{fits} folds" if lanes >= fits else f"{lanes} of {fits} folds at a time"
    return f"{name} engine: {together} in one program"


def _fits(record: Record) -> int:
    protocol = part(record, "protocol")
    return (whole(protocol.get("k")) or 1) * (whole(protocol.get("iterations")) or 1)


def _count(value: Any, what: str) -> str:
    count = whole(value)
    return "" if count is None else f"{grouped(count)} {what}{'' if count == 1 else 's'}"


def _listed(*texts: str) -> str:
    return ", ".join(text for text in texts if text)
