"""Did a run come out the same again? Its results bit by bit, and what lies around them that could be the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dlrun.experiment.differences import Pair
from dlrun.experiment.same_files import FileVerdict, compare_files
from dlrun.experiment.same_scores import ScoreVerdict, compare_scores, differing_results
from dlrun.experiment.surroundings import (
    Changed,
    DataVerdict,
    SpecVerdict,
    compare_data,
    compare_spec,
    environment_changes,
    same_splits,
)
from dlrun.runs.record import plain
from dlrun.spec.sections import ExperimentSpec

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Verification:
    """How a run compares with the one that it repeats.

    Args:
        first: the name of the run that was there.
        identical: whether scores, failures and every file that could be compared came out with the same bits.
        status: of the first run and of the second.
        scores: by kind and metric: ``validation.mae``.
        files: by name.
        results: other parts of the record that differ: ``failures``, ``training``, ...
        environment: what differs in versions, machine and variables, by name.
        data: whether the data are the same.
        splits: whether the rows were split alike; None where a record does not say it.
        spec: whether the spec is the same.
        unknown: facts of the environment that the first record does not say.
        notes: what was not compared, and why.
    """

    first: str
    identical: bool
    status: Changed
    scores: Mapping[str, ScoreVerdict] = field(repr=False)
    files: Mapping[str, FileVerdict] = field(repr=False)
    results: tuple[str, ...]
    environment: Mapping[str, Changed]
    data: DataVerdict
    splits: bool | None
    spec: SpecVerdict
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Write it as plain values, ready for JSON."""
        files = {name: _file(each) for name, each in self.files.items()}
        written: dict[str, Any] = plain({**asdict(self), "files": files})
        return written


def verify(first: Path, before: Record, spec: ExperimentSpec, second: Path, after: Record) -> Verification:
    """Compare a run with the one that it repeats.

    Args:
        first: folder of the run that was there.
        before: its record.
        spec: its ``spec.yaml`` as it was read for the second run, checksums and all.
        second: folder of the run that repeats it.
        after: its record.
    """
    tested = bool(before.get("test") or before.get("retrained"))
    scores = compare_scores(before, after)
    files = compare_files(first, second, model_replaced=tested)
    results = differing_results(before, after)
    environment, unknown = environment_changes(before, after)
    told = [each.same for each in scores.values()] + [each.same for each in files.values()]
    return Verification(
        first=first.name,
        # A record without scores, or of another end, says nothing that could be the same.
        identical=_any_score(scores) and False not in told and not results and before["status"] == after["status"],
        status=Changed(before["status"], after["status"]),
        scores=scores,
        files=files,
        results=results,
        environment=environment,
        data=compare_data(before, after),
        splits=same_splits(before, after),
        spec=compare_spec(before, spec, after),
        unknown=unknown,
        notes=_notes(before, scores),
    )


def _any_score(scores: Mapping[str, ScoreVerdict]) -> bool:
    """Tell whether there was any score to compare."""
    return any(each.same is not None for each in scores.values())


def _file(verdict: FileVerdict) -> dict[str, Any]:
    """Write what was found in a file; how much the second run lacks is a count."""
    found = verdict.found
    if verdict.same is not False:
        return {"same": verdict.same, **({"why": verdict.why} if verdict.why else {})}
    return {
        "same": False,
        "why": verdict.why or None,
        "values": found.values,
        "differing": found.differing,
        "missing": len(found.only_before),
        "first": found.first and _pair(found.first),
        "largest": found.largest and _pair(found.largest),
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {**asdict(pair), "difference": pair.difference}


def _notes(before: Record, scores: Mapping[str, ScoreVerdict]) -> tuple[str, ...]:
    """Say what of the first run is not in the comparison."""
    notes = []
    if before.get("test"):
        notes.append("its test is not repeated, so that the test rows are not looked at again")
    if before.get("test") or before.get("retrained"):
        command = "test" if before.get("test") else "test --retrain"
        notes.append(f"the model in its folder is that of `dlrun {command}`, and is not compared")
    if not _any_score(scores):
        notes.append("its record has no scores to compare with")
    return tuple(notes)
