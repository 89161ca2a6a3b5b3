"""What a run writes into its folder, file by file, and what its record says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dlrun.data import DataSummary
from dlrun.data.dataset import Dataset
from dlrun.evaluation import EvaluationResult, diagnose, power
from dlrun.experiment.folds import inner_rows, probabilities
from dlrun.experiment.planning import Experiment
from dlrun.experiment.tables import HistoryRow, prediction_header, prediction_rows
from dlrun.models import outline
from dlrun.runs import RunFolder, environment
from dlrun.spec import dump_spec
from dlrun.spec.sections import ExperimentSpec, Named
from dlrun.training.contract import FitResult

Record = dict[str, Any]


def opening(experiment: Experiment, parameters: int, spec_file: Path, command: Sequence[str]) -> Record:
    """Say what is about to be run. ``parameters`` counts the model's weights."""
    spec = experiment.spec
    return {
        "task": experiment.dataset.task,
        "seed": spec.seed,
        "split_seed": spec.evaluation.split_seed,
        "engine": asdict(experiment.engine),
        "data": data_record(experiment),
        "model": {
            "outline": outline(spec, experiment.facts.outputs),
            "parameters": parameters,
            "optimiser": _optimiser_words(spec.optimiser),
            "loss": spec.loss.name if spec.loss else None,
        },
        "protocol": {"name": spec.evaluation.protocol, **part_sizes(experiment)},
        "training": {"epochs": spec.training.epochs, "batch_size": spec.training.batch_size},
        "splits": {"fingerprint": experiment.splits.fingerprint, "stratified": experiment.splits.stratified},
        "warnings": list(experiment.warnings),
        "environment": environment(spec_file.parent, command),
    }


def data_record(experiment: Experiment) -> Record:
    """Say what the data are: those that may be looked at, without the test rows."""
    dataset, summary = experiment.dataset, experiment.summary
    return {
        "source": dataset.name,
        "rows": summary.rows,
        "shape": list(experiment.first.inputs.shape[1:]),
        "input_words": _input_words(dataset, summary, experiment.first.inputs.shape[1:]),
        "duplicates": summary.duplicates,
        "missing": sum(summary.missing.values()),
        "fingerprint": dataset.fingerprint,
        "files": [asdict(file) for file in dataset.files],
        "classes": dict(summary.classes) or None,
        "notes": list(dataset.notes),
    }


def part_sizes(experiment: Experiment) -> Record:
    """Count the rows of each part of the first split."""
    first = experiment.first
    sizes = {
        "train": len(first.train),
        "validation": len(first.split.validation),
        "test": len(experiment.splits.test),
    }
    return {**sizes, "monitor": len(first.monitor)} if len(first.monitor) else sizes


def write_plan(folder: RunFolder, experiment: Experiment, asked: ExperimentSpec) -> None:
    """Write what is known before training: the complete spec, the row indices of every split, the fitted steps."""
    folder.write_text("spec.yaml", dump_spec(experiment.spec, comments=_spec_comments(asked)))
    arrays = {"test": experiment.splits.test}
    for split in experiment.splits.splits:
        name = f"i{split.iteration}-f{split.fold}"
        train, monitor = inner_rows(experiment.spec, experiment.dataset, split)
        arrays |= {f"{name}_train": train, f"{name}_validation": split.validation}
        arrays |= {f"{name}_monitor": monitor} if len(monitor) else {}
    folder.write_arrays("splits.npz", **arrays)
    folder.write_json("preprocessing.json", experiment.first.fitted.state())


def write_results(
    folder: RunFolder, experiment: Experiment, results: Sequence[FitResult], history: Sequence[HistoryRow]
) -> None:
    """Write what came of the fits: predictions, curves, and the model of a hold-out run."""
    rows = (
        row
        for result, split in zip(results, experiment.splits.splits, strict=True)
        for row in prediction_rows(
            experiment.dataset,
            split.iteration,
            split.fold,
            split.validation,
            probabilities(experiment.spec, experiment.dataset.task, result.predictions),
        )
    )
    folder.write_rows("predictions.csv", prediction_header(experiment.dataset), rows)
    _draw(folder, experiment, results, history)
    if len(results) == 1:
        with folder.stage("model.keras") as path:
            results[0].model.save(path)


def _draw(
    folder: RunFolder, experiment: Experiment, results: Sequence[FitResult], history: Sequence[HistoryRow]
) -> None:
    from dlrun.report.curves import draw_curves

    best = results[0].best_epoch if len(results) == 1 else None
    primary = experiment.metrics[0].name if experiment.metrics else "loss"
    with folder.stage("curves.png") as path:
        draw_curves(history, path, primary=primary, best_epoch=best, title=experiment.spec.name)


def closing(experiment: Experiment, results: Sequence[FitResult], summary: EvaluationResult) -> Record:
    """Say what came of it."""
    history, stopped = results[0].history, results[0].stopped_early
    diagnosis = diagnose(
        history.train, history.validation, summary.primary, summary.higher_is_better, stopped_early=stopped
    )
    return {
        "scores": summary.as_json(),
        "primary": summary.primary,
        "diagnosis": {**asdict(diagnosis), "power": power(summary)},
        "training": {
            "epochs": experiment.spec.training.epochs,
            "batch_size": experiment.spec.training.batch_size,
            "epochs_trained": [result.history.epochs for result in results],
            "final_epoch": [result.final_epoch for result in results],
            "stopped_early": any(result.stopped_early for result in results),
            "stop_watched": experiment.spec.training.early_stopping and experiment.spec.training.early_stopping.on,
        },
        "warnings": [*experiment.warnings, *summary.notes],
    }


def _input_words(dataset: Dataset, summary: DataSummary, encoded: tuple[int, ...]) -> str:
    """Say the size of the inputs as people do: ``404 rows × 13 features``, ``25 000 rows × 10 000 columns``."""
    rows = f"{summary.rows} rows"
    raw = summary.shape[1:]
    if len(raw) == 1 and raw[0] is not None:
        return f"{rows} × {raw[0]} feature{'s' if raw[0] != 1 else ''}"
    if len(raw) > 1 and None not in raw:
        return " × ".join([rows, *map(str, raw)])
    return f"{rows} × {encoded[0]} {'columns' if len(encoded) == 1 and not dataset.feature_names else 'features'}"


def _optimiser_words(optimiser: Named) -> str:
    rate = optimiser.arguments.get("learning_rate")
    return optimiser.name if rate is None else f"{optimiser.name} {rate:g}"


def _spec_comments(asked: ExperimentSpec) -> tuple[str, ...]:
    """Keep in words what completion spreads over the layers."""
    spread: Mapping[str, float] = {name: value for name, value in asked.regularisation if value}
    comments = ["The complete spec of this run: every default filled in. Running it again gives this run."]
    if spread:
        words = ", ".join(f"{name} {value:g}" for name, value in spread.items())
        comments.append(f"regularisation ({words}) is spread over the layers below")
    return tuple(comments)
