"""The last step: train once more on all that is not test, score the test rows once, and say so in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from dlrun.data import record_hashes
from dlrun.data.dataset import Indices
from dlrun.errors import TrainingError, UsageError
from dlrun.evaluation import EvaluationResult, FoldOutcome, Split, summarise, targets_of
from dlrun.events import OnEvent, RunStarted, ignore
from dlrun.experiment import recording
from dlrun.experiment.again import every_row, plan_again
from dlrun.experiment.codes import write_codes
from dlrun.experiment.engines import for_one_fit
from dlrun.experiment.fitting import fit_folds
from dlrun.experiment.folds import FoldInputs
from dlrun.experiment.looks import looks_record
from dlrun.experiment.planning import Experiment
from dlrun.experiment.run_record import RunRecord
from dlrun.experiment.tables import is_wide, prediction_arrays, prediction_header, prediction_rows
from dlrun.runs import Look, RunFolder, append_look, check_ledger, read_record, reopen_run
from dlrun.training.contract import FitResult

Record = Mapping[str, Any]
Epochs = int | Literal["best"] | None
FINAL = 0
"""Iteration and fold of the final fit, which belongs to no split: its draws are its own."""
PLACE = 2
"""Columns of a prediction that say its iteration and fold: test rows have neither."""


@dataclass(frozen=True)
class Length:
    """For how many epochs the final model is trained, and by which rule."""

    epochs: int
    rule: str


def final_test(
    run: Path, *, epochs: Epochs = None, on_event: OnEvent = ignore, command: Sequence[str] = ()
) -> RunRecord:
    """Train on training and validation rows, score the test rows once, and leave model, scores and a ledger line.

    A run that has been tested keeps its score: it comes back as it is, and nothing is trained or looked at.

    Args:
        run: the run's folder.
        epochs: how long to train; None for what follows from the run (see `final_length`).
        on_event: is told what happens.
        command: how it was asked for, kept in the record.

    Raises:
        UsageError: there are no test rows, or the run was tested with another number of epochs.
        DataError: the data are no longer those of the run.
        RunFolderError: the run is not finished, or another process is at work on it.
        TrainingError: the final fit failed; the test rows were not looked at.
    """
    if "test" in (record := read_record(run)):  # no lock: a run that only says again what it said may be read-only
        return _same_test(run, record, epochs)
    with reopen_run(run) as folder:
        if "test" in (record := read_record(run)):  # by another process, while this one waited for the lock
            return _same_test(run, record, epochs)
        length = final_length(record, epochs)
        experiment = plan_again(run, record)
        test = experiment.splits.test
        if not len(test):
            raise UsageError(
                f"the run {run.name} set no test rows aside",
                hint=f"'dlrun test {run.name} --retrain' trains on all rows and scores nothing",
            )
        check_ledger(run.parent)  # before hours of training
        final = _fit(experiment, experiment.splits.pool, test, length, folder, on_event, record)
        summary = _score(experiment, final.outcome)
        before = looks_record(experiment, run.parent, apart_from=run.name)
        append_look(run.parent, _look(experiment, run))  # before anybody sees the score: a look is a look
        final.write(folder, experiment)
        folder.write_rows(
            "test_predictions.csv", prediction_header(experiment.dataset)[PLACE:], _predictions(experiment, final)
        )
        if is_wide(experiment.dataset):
            folder.write_arrays("test_predictions.npz", **prediction_arrays(final.outcome, experiment.dataset.targets))
        return RunRecord(run, folder.update_done(_tested(run.name, record, final, summary, before, command)))


def retrain(run: Path, *, epochs: Epochs = None, on_event: OnEvent = ignore, command: Sequence[str] = ()) -> RunRecord:
    """Train on all rows, test rows too, and score nothing: a model to predict with.

    Arguments and errors are those of `final_test`; a run without test rows is no error here.
    """
    with reopen_run(run) as folder:
        record = read_record(run)
        length = final_length(record, epochs)
        experiment = plan_again(run, record)
        final = _fit(experiment, every_row(experiment), np.empty(0, np.int64), length, folder, on_event, record)
        final.write(folder, experiment)
        facts = final.facts(command)
        return RunRecord(
            run, folder.update_done({"retrained": facts, "model": {**record["model"], **_of_model(final)}})
        )


def final_length(record: Record, asked: Epochs = None) -> Length:
    """Decide for how many epochs the final model is trained, from what the run's validation rows have taught.

    Asked for a number: that. Early stopping on inner rows: the median of the folds' best epochs. Early stopping on the
    scored rows, or asked for ``best``: the best epoch of the mean curve. Else: what the spec says.

    Raises:
        UsageError: some folds of the run failed, so that its curves say nothing about all of them.
    """
    training = record["training"]
    watched = training.get("stop_watched")
    if isinstance(asked, int):
        return Length(asked, "as asked")
    if asked is None and watched is None:
        return Length(training["epochs"], "as the spec says")
    if record["status"] == "partial":
        raise UsageError(
            "some folds of this run failed, so its curves name no number of epochs", hint="give --epochs N"
        )
    if asked is None and watched == "inner":
        best = training["final_epoch"]
        rule = f"the median best epoch of {len(best)} early stops" if len(best) > 1 else "the early stop's best epoch"
        return Length(int(np.median(best) + 0.5), rule)
    curve = "mean curve" if len(training["best_epoch"]) > 1 else "curve"
    return Length(record["diagnosis"]["best_epoch"], f"the best epoch of the {curve}")


@dataclass(frozen=True)
class _Final:
    """The final fit: what it was trained on, and what came of it."""

    rows: Indices
    length: Length
    result: FitResult
    inputs: FoldInputs
    outcome: FoldOutcome

    def write(self, folder: RunFolder, experiment: Experiment) -> None:
        """Write the model, in the place of a hold-out run's, and its preprocessing."""
        recording.write_steps(folder, self.inputs)
        recording.write_model(folder, self.result)
        write_codes(folder, experiment, self.result.model, self.inputs, "test")

    def facts(self, command: Sequence[str]) -> dict[str, Any]:
        """Say how the model came about."""
        return {
            "epochs": self.length.epochs,
            "rule": self.length.rule,
            "trained_on": len(self.rows),
            "when": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "command": list(command),
        }


def _fit(
    experiment: Experiment,
    rows: Indices,
    scored: Indices,
    length: Length,
    folder: RunFolder,
    on_event: OnEvent,
    record: Record,
) -> _Final:
    """Fit the steps and the model on ``rows``; ``scored`` rows are predicted once, when training is over."""
    training = experiment.spec.training.model_copy(update={"epochs": length.epochs, "early_stopping": None})
    alone = for_one_fit(replace(experiment, spec=experiment.spec.model_copy(update={"training": training})))
    kept: list[_Final] = []

    def keep(result: FitResult, inputs: FoldInputs | None, outcome: FoldOutcome) -> None:
        if outcome.failure is not None or inputs is None:
            raise TrainingError(f"the final fit failed: {outcome.failure}; the run is as it was", hint=outcome.hint)
        kept.append(_Final(rows, length, result, inputs, outcome))

    on_event(RunStarted(str(folder.path), {**record, "run": str(folder.path)}, 1, length.epochs))
    fit_folds(alone, [Split(FINAL, FINAL, rows, scored)], on_event, keep, follow=False)
    return kept[0]


def _score(experiment: Experiment, outcome: FoldOutcome) -> EvaluationResult:
    """Score the test rows as those of a hold-out run are scored: a bootstrap interval, baselines beside it."""
    targets = experiment.dataset.targets
    now = {
        metric.name: (metric.score(targets_of(outcome, targets), outcome.predictions),) for metric in experiment.metrics
    }
    whole = replace(
        outcome,
        best_predictions=outcome.predictions,
        train={"loss": (np.nan,)},
        validation={"loss": (np.nan,), **now},
        final_epoch=1,
        best_epoch=1,
    )
    seed, block = experiment.spec.evaluation.split_seed, experiment.dataset.overlapping
    return summarise([whole], targets, experiment.metrics, seed=seed, block=block)


def _look(experiment: Experiment, run: Path) -> Look:
    return Look.now(
        run=run.name,
        name=experiment.spec.name,
        spec=recording.fingerprint_of(experiment.spec),
        records=record_hashes(experiment.dataset, experiment.splits.test),
    )


def _tested(
    run: str, record: Record, final: _Final, summary: EvaluationResult, before: Record, command: Sequence[str]
) -> dict[str, Any]:
    """Say what the test came to, beside what the record says already."""
    scores = summary.as_json()
    test = {name: score for name, score in scores["validation"].items() if name != "loss"}
    return {
        "scores": {**record["scores"], "test": test},
        "test": {
            **final.facts(command),
            "rows": len(final.outcome.validation_rows),
            "baselines": scores["baselines"],
            "comparisons": summary.comparisons_as_json(),
            "looks_before": before,
        },
        "looks": {
            **before,
            "count": before["count"] + 1,
            "shared": len(final.outcome.validation_rows),
            "runs": [*before["runs"], run],
        },
        "model": {**record["model"], **_of_model(final)},
        # The model of a --retrain before this test has been replaced.
        **({"retrained": None} if "retrained" in record else {}),
    }


def _of_model(final: _Final) -> dict[str, Any]:
    return {"trained_on": len(final.rows), "epochs": final.length.epochs}


def _predictions(experiment: Experiment, final: _Final) -> Any:
    return (row[PLACE:] for row in prediction_rows(experiment.dataset, final.outcome))


def _same_test(run: Path, record: Record, asked: Epochs) -> RunRecord:
    """Return the test that was made: a test of more numbers of epochs would choose one by the test score.

    Raises:
        UsageError: another number of epochs is asked for.
    """
    made = record["test"]["epochs"]
    if asked is not None and (other := final_length(record, asked).epochs) != made:
        raise UsageError(
            f"this run has been tested, with {made} epochs; a second test with {other} would choose by the test score",
            hint="leave --epochs out to see the score again",
        )
    return RunRecord(run, record)
