"""The runs of a comparison, as read from their folders: what each scored, and whether two were scored on the same rows.

A record may have been edited or cut short by hand: what is missing in it is told, and no error of Python's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dlrun.errors import RunFolderError, UsageError
from dlrun.evaluation import LOSS
from dlrun.experiment.held_out import HeldOut, read_held_out
from dlrun.runs import read_record
from dlrun.spec import load_spec
from dlrun.spec.sections import ExperimentSpec

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Score:
    """What a run scored.

    Args:
        metric: its name.
        values: by fold, all iterations together.
        mean: over them; ``std``, ``low``, ``high`` and ``n`` as in the record.
    """

    metric: str
    values: tuple[float, ...]
    mean: float
    std: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Rows:
    """Which rows a run was scored on, and how.

    Args:
        data: names the rows: the files that they were read from, else a digest of what was loaded.
        source: of the data, for people.
        splits: fingerprint of the splits.
        protocol: in words.
        split_seed: of the splits.
        k: folds of an iteration.
        iterations: reshuffles.
        gap: rows left out between parts in the order of time.
        shares: of each fit, validation rows over training rows, those that early stopping watched among them.
        scored: validation rows of the first fit.
    """

    data: tuple[str, ...]
    source: str
    splits: str
    protocol: str
    split_seed: int
    k: int
    iterations: int
    gap: int
    shares: tuple[float, ...]
    scored: int


@dataclass(frozen=True)
class Side:
    """One of the runs that are compared.

    Args:
        letter: what the words call it.
        folder: of the run.
        name: of the experiment.
        task: what kind of problem it is.
        seed: of weights and batches.
        loss: by which it was trained.
        classes: names of the classes, by index; empty where there are none.
        score: by the metric in question.
        rows: that it was scored on.
    """

    letter: str
    folder: Path
    name: str
    task: str
    seed: Any
    loss: str
    classes: tuple[str, ...]
    score: Score = field(repr=False)
    rows: Rows = field(repr=False)

    @property
    def overlapping(self) -> int:
        """How many neighbouring rows share steps of a series, so that a bootstrap has to draw them together."""
        return self.rows.gap + 1 if self.task == "forecasting" else 1

    @cached_property
    def spec(self) -> ExperimentSpec:
        """The run's own spec."""
        return load_spec(self.folder / "spec.yaml").spec

    @cached_property
    def held_out(self) -> HeldOut:
        """Its predictions; see `read_held_out`."""
        return read_held_out(self.folder, self.task, self.classes)


def read_side(letter: str, folder: Path, metric: str | None) -> Side:
    """Read one run; ``metric`` None means its primary one.

    Raises:
        UsageError: it is not finished, or has no score of that name on every fold.
        RunFolderError: its record cannot be read, or lacks something.
    """
    record = read_record(folder)
    status = str(record["status"])
    if status != "done":
        why = "some of its folds failed, so it has no mean" if status == "partial" else f"it is {status}"
        raise UsageError(f"{folder.name} cannot be compared: {why}", hint="'dlrun show' says more about it")
    with _whole(folder):
        return Side(
            letter=letter,
            folder=folder,
            name=record["name"],
            task=record["task"],
            seed=record.get("seed"),
            loss=str(record.get("model", {}).get("loss")),
            classes=tuple(record["data"]["classes"] or ()),
            score=_score(folder, record["scores"]["validation"], metric or record["primary"]),
            rows=_rows(record),
        )


def why_not_paired(ours: Side, theirs: Side) -> str:
    """Say why two runs were not scored on the same rows; empty where they were.

    Raises:
        UsageError: their scores measure different things, so that no test could compare them.
    """
    if differing := _unlike(ours, theirs):
        raise UsageError(f"{ours.folder.name} and {theirs.folder.name} cannot be compared: {differing}")
    one, other = ours.rows, theirs.rows
    if one.data != other.data:
        return f"the data differ ({one.source}, {other.source})"
    if one.splits == other.splits:
        return ""
    if one.protocol != other.protocol:
        return f"the protocols differ ({one.protocol}; {other.protocol})"
    if one.split_seed != other.split_seed:
        return f"the split seeds differ ({one.split_seed}, {other.split_seed})"
    return "their splits differ"


def _unlike(ours: Side, theirs: Side) -> str:
    """Say what makes the same metric measure different things; empty where nothing does."""
    if ours.task != theirs.task:
        return f"one is a {ours.task} run and one a {theirs.task} run, whose scores measure different things"
    if ours.score.metric == LOSS and ours.loss != theirs.loss:
        return f"their losses are different measures ({ours.loss}, {theirs.loss})"
    if ours.task == "autoencoder" and ours.spec.preprocessing != theirs.spec.preprocessing:
        return "an autoencoder is scored in the units of its encoded inputs, and their preprocessing differs"
    return ""


def _score(folder: Path, scores: Record, metric: str) -> Score:
    if metric not in scores:
        from dlrun.registry.nearest import nearest

        close = nearest(metric, scores)
        hint = f"did you mean '{close}'?" if close else f"it measured {', '.join(scores)}"
        raise UsageError(f"{folder.name} has no score '{metric}'", hint=hint)
    found = scores[metric]
    values = [value for iteration in found["per_fold"] for value in iteration]
    if any(value is None for value in values):
        raise UsageError(f"'{metric}' of {folder.name} has no value on some fold", hint="compare by another --metric")
    rest = {key: found[key] for key in ("std", "low", "high", "n")}
    return Score(metric, tuple(map(float, values)), float(found["mean"]), **rest)


def _rows(record: Record) -> Rows:
    data, protocol, splits = record["data"], record["protocol"], record["splits"]
    folds = splits["folds"]
    words = f"{protocol['name']}, k {protocol['k']}, {protocol['validation']} validation rows"
    return Rows(
        data=tuple(file["sha256"] for file in data["files"]) or (data["fingerprint"],),
        source=data["source"],
        splits=splits["fingerprint"],
        protocol=words if protocol["iterations"] == 1 else f"{words}, {protocol['iterations']} iterations",
        split_seed=int(record["split_seed"]),
        k=protocol["k"],
        iterations=protocol["iterations"],
        gap=protocol.get("gap") or 0,
        shares=tuple(fold["validation"] / (fold["train"] + fold["monitor"]) for fold in folds),
        scored=folds[0]["validation"],
    )


@contextmanager
def _whole(folder: Path) -> Iterator[None]:
    """Turn what a record without something makes Python raise into our words."""
    try:
        yield
    except (KeyError, TypeError, IndexError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise RunFolderError(
            f"{folder / 'record.json'} is damaged: something is missing in it, or is of another kind ({error})",
            hint="repeat the run from its spec.yaml",
        ) from error
