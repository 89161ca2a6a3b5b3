"""What a run writes into its folder, file by file, and what its record says."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dlrun.backend import devices
from dlrun.data.dataset import Indices
from dlrun.evaluation import (
    CURVE_HEADER,
    EvaluationResult,
    FoldOutcome,
    Split,
    against_linear,
    diagnose,
    is_higher_better,
    power,
)
from dlrun.experiment.folds import FoldInputs, inner_rows
from dlrun.experiment.looks import looks_record
from dlrun.experiment.model_file import MODEL
from dlrun.experiment.outcomes import fold_name, to_arrays
from dlrun.experiment.parts import protocol_record, splits_record
from dlrun.experiment.planning import Experiment
from dlrun.experiment.tables import (
    COLUMNS_HEADER,
    column_rows,
    is_wide,
    outcome_history,
    prediction_arrays,
    prediction_header,
    prediction_rows,
)
from dlrun.models import layer_table, outline
from dlrun.report import draw_curves
from dlrun.runs import RunFiles, RunFolder, environment
from dlrun.runs import history as history_file
from dlrun.spec import dump_spec, flat_values
from dlrun.spec.sections import ExperimentSpec, Named
from dlrun.training.choice import Choice
from dlrun.training.contract import FitResult
from dlrun.training.weights import named_weights

Record = dict[str, Any]
SPLITS, COLUMNS = "splits.npz", "columns.csv"
BITS_HANG_ON = ("dlrun", "tensorflow", "keras", "numpy", "scikit-learn")
"""Packages of which another version may give other bits: in a net, in metrics, in the linear baseline."""


def opening(experiment: Experiment, model: Any, spec_file: Path, runs_dir: Path, command: Sequence[str]) -> Record:
    """Say what is about to be run. ``model`` is the built one, whose layers are listed; ``runs_dir`` has the ledger."""
    spec = experiment.spec
    return {
        "task": experiment.dataset.task,
        "seed": spec.seed,
        "split_seed": spec.evaluation.split_seed,
        "spec": {"fingerprint": fingerprint_of(spec), "values": flat_values(spec)},
        "engine": asdict(experiment.engine) if experiment.engine else None,
        "data": data_record(experiment),
        "model": {
            "outline": outline(spec, experiment.facts.outputs),
            "parameters": int(model.count_params()),
            "layers": [asdict(row) for row in layer_table(model)],
            "optimiser": _optimiser_words(spec.optimiser),
            "loss": spec.loss.name if spec.loss else None,
        },
        "protocol": protocol_record(experiment),
        "training": {"epochs": spec.training.epochs, "batch_size": spec.training.batch_size},
        "splits": splits_record(experiment),
        "looks": looks_record(experiment, runs_dir),
        "warnings": list(experiment.warnings),
        "environment": {**environment(spec_file.parent, command), "devices": devices()},
        **({"rerun_of": experiment.rerun_of} if experiment.rerun_of else {}),
    }


def fingerprint_of(spec: ExperimentSpec) -> str:
    """Digest a complete spec: two with the same one say the same."""
    return hashlib.sha256(dump_spec(spec).encode("utf-8", "surrogatepass")).hexdigest()


def identity(opening: Mapping[str, Any]) -> dict[str, str]:
    """Return what must be the same in every process that runs a fold of one run."""
    return {
        "spec": opening["spec"]["fingerprint"],
        "data": opening["data"]["fingerprint"],
        "splits": opening["splits"]["fingerprint"],
    }


def begun_with(record: Mapping[str, Any]) -> dict[str, str]:
    """Return what the state of a half-trained fold hangs on."""
    made_with = record.get("environment", {})
    return {**identity(record), **{package: str(made_with.get(package)) for package in BITS_HANG_ON}}


def data_record(experiment: Experiment) -> Record:
    """Say what the data are: those that may be looked at, without the test rows."""
    dataset, summary = experiment.dataset, experiment.summary
    return {
        "source": dataset.name,
        "rows": summary.rows,
        "shape": list(experiment.first.inputs.shape[1:]),
        "input_words": _input_words(experiment),
        "duplicates": summary.duplicates,
        "missing": sum(summary.missing.values()),
        "overlap": {"count": len(experiment.repeated_test), "rows": experiment.repeated_test.tolist()},
        "fingerprint": dataset.fingerprint,
        "files": [asdict(file) for file in dataset.files],
        "classes": dict(summary.classes) or None,
        "notes": list(dataset.notes),
    }


def write_spec(folder: RunFolder, experiment: Experiment, asked: ExperimentSpec) -> None:
    """Write the complete spec. A run that has got this far can be resumed."""
    folder.write_text("spec.yaml", dump_spec(experiment.spec, comments=_spec_comments(asked, experiment.engine)))


def write_plan(folder: RunFolder, experiment: Experiment, *, keep: bool = False) -> None:
    """Write what is known before training: the row indices of every split, the columns; ``keep``: what is missing."""
    if not (keep and folder.has(SPLITS)):
        arrays = {"test": experiment.splits.test}
        for split in experiment.splits.splits:
            arrays |= {f"{fold_name(split)}_{part}": rows for part, rows in _row_arrays(experiment, split).items()}
        folder.write_arrays(SPLITS, **arrays)
    if (experiment.summary.features or experiment.summary.targets) and not (keep and folder.has(COLUMNS)):
        folder.write_rows(COLUMNS, COLUMNS_HEADER, column_rows(experiment.summary))
    if len(experiment.splits.splits) == 1:
        write_steps(folder, experiment.first)


def _row_arrays(experiment: Experiment, split: Split) -> dict[str, Indices]:
    """Name the rows of a split's parts.

    Training rows are all of the split's, so that the file gives the same splits back; those that early stopping watched
    are among them, and where gap or groups left out others too, so are those that were fitted.
    """
    fitted, monitor = inner_rows(experiment.spec, experiment.splits, split)
    arrays = {"train": split.train, "validation": split.validation}
    if len(monitor):
        arrays["monitor"] = monitor
    if len(fitted) + len(monitor) < len(split.train):
        arrays["fitted"] = fitted
    return arrays


def outcome_file(split: Split | FoldOutcome) -> str:
    """Name the file that holds a fold's outcome."""
    return f"folds/{fold_name(split)}/outcome.npz"


def weights_file(split: Split | FoldOutcome) -> str:
    """Name the file that holds a fold's weights."""
    return f"folds/{fold_name(split)}/weights.npz"


def write_fold(folder: RunFiles, result: FitResult, inputs: FoldInputs | None, outcome: FoldOutcome) -> None:
    """Write one fold of several: its weights, its fitted steps, and last of all its outcome."""
    home = f"folds/{fold_name(outcome)}"
    if inputs is not None:
        write_steps(folder, inputs, f"{home}/")
    if outcome.failure is None:
        folder.write_arrays(weights_file(outcome), **(result.weights or named_weights(result.model)))
    write_outcome(folder, outcome)


def write_outcome(folder: RunFiles, outcome: FoldOutcome) -> None:
    """Write what came of a fold: the mark that it need not be trained again."""
    folder.write_arrays(outcome_file(outcome), **to_arrays(outcome))


def write_steps(folder: RunFiles, inputs: FoldInputs, home: str = "") -> None:
    """Write what the steps learnt, and what undoes the steps for targets where there are some."""
    folder.write_json(f"{home}preprocessing.json", inputs.fitted.state())
    if inputs.target_steps.steps:
        folder.write_json(f"{home}targets.json", inputs.target_steps.state())


def write_model(folder: RunFiles, result: FitResult) -> None:
    """Write the one model of a run."""
    with folder.stage(MODEL) as path:
        result.model.save(path)


def write_results(
    folder: RunFolder, experiment: Experiment, outcomes: Sequence[FoldOutcome], summary: EvaluationResult
) -> None:
    """Write what came of the fits: history, mean curve, predictions, and the drawing of the curves."""
    history = [row for outcome in outcomes for row in outcome_history(outcome)]
    folder.write_rows(history_file.NAME, history_file.HEADER, history)
    if len(outcomes) > 1:
        folder.write_rows("curve.csv", CURVE_HEADER, summary.curve.rows())
    rows = (
        row for outcome in outcomes if outcome.failure is None for row in prediction_rows(experiment.dataset, outcome)
    )
    folder.write_rows("predictions.csv", prediction_header(experiment.dataset), rows)
    if len(outcomes) == 1 and is_wide(experiment.dataset):  # those of several folds are in their outcome.npz
        folder.write_arrays("predictions.npz", **prediction_arrays(outcomes[0], experiment.dataset.targets))
    with folder.stage("curves.png") as path:
        draw_curves(
            history,
            path,
            primary=summary.primary,
            best_epoch=summary.curve.best_epoch(summary.primary, summary.higher_is_better),
            title=experiment.spec.name,
            failed=[(failure.iteration, failure.fold) for failure in summary.failures],
        )


def closing(
    experiment: Experiment, outcomes: Sequence[FoldOutcome], summary: EvaluationResult, runs_dir: Path
) -> Record:
    """Say what came of it; the ledger in ``runs_dir`` may have new lines by now."""
    stopping = experiment.spec.training.early_stopping
    notes = dict.fromkeys(note for outcome in outcomes for note in outcome.notes)
    return {
        "scores": summary.as_json(),
        "primary": summary.primary,
        "higher_is_better": {name: is_higher_better(experiment.metrics, name) for name in (*summary.validation,)},
        "looks": looks_record(experiment, runs_dir),
        "comparisons": summary.comparisons_as_json(),
        "diagnosis": {
            **asdict(diagnose(summary, regularised=_is_regularised(experiment.spec))),
            "power": power(summary),
            "linear": against_linear(summary),
        },
        "training": {
            "epochs": experiment.spec.training.epochs,
            "batch_size": experiment.spec.training.batch_size,
            "epochs_trained": [len(outcome.train.get("loss", ())) for outcome in outcomes],
            "final_epoch": [outcome.final_epoch for outcome in outcomes],
            "best_epoch": [outcome.best_epoch for outcome in outcomes],
            "stopped_early": any(outcome.stopped_early for outcome in outcomes),
            "stop_watched": stopping and stopping.on,
        },
        "failures": summary.failures_as_json(),
        "warnings": [*experiment.warnings, *notes, *summary.notes],
    }


def _input_words(experiment: Experiment) -> str:
    """Say the size of the inputs as people do: ``404 rows × 13 features``, ``25 000 rows × 10 000 columns``."""
    summary, encoded = experiment.summary, experiment.first.inputs.shape[1:]
    rows = f"{summary.rows} rows"
    raw = summary.shape[1:]
    if len(raw) == 1 and raw[0] is not None:
        return f"{rows} × {raw[0]} feature{'s' if raw[0] != 1 else ''}"
    if len(raw) > 1 and None not in raw:
        return " × ".join([rows, *map(str, raw)])
    if experiment.first.fitted.integer_inputs:
        return f"{rows} × {encoded[0]} tokens"
    named = len(encoded) != 1 or experiment.dataset.feature_names
    return f"{rows} × {encoded[0]} {'features' if named else 'columns'}"


def _is_regularised(spec: ExperimentSpec) -> bool:
    """Whether layers of a complete spec drop or penalise anything."""
    return any(
        "Dropout" in layer.kind
        or any(name.endswith("_regularizer") and value for name, value in layer.arguments.items())
        for layer in spec.layers
    )


def _optimiser_words(optimiser: Named) -> str:
    rate = optimiser.arguments.get("learning_rate")
    return optimiser.name if rate is None else f"{optimiser.name} {rate:g}"


def _spec_comments(asked: ExperimentSpec, engine: Choice | None) -> tuple[str, ...]:
    """Keep in words what completion spreads over the layers, and why which engine was chosen."""
    spread: Mapping[str, float] = {name: value for name, value in asked.regularisation if value}
    comments = ["The complete spec of this run: every default filled in. Running it again gives this run."]
    if spread:
        words = ", ".join(f"{name} {value:g}" for name, value in spread.items())
        comments.append(f"regularisation ({words}) is spread over the layers below")
    if engine is not None:
        comments.append(f"engine: {engine.name} ({engine.why})")
    return tuple(comments)
