"""From a spec to an experiment that is ready to train: data loaded, rows split, every default filled in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dlrun.data import DataSummary, inspect, load_dataset, resolved_source, shared_rows
from dlrun.data.dataset import CLASSIFICATION, Array, Dataset, Indices
from dlrun.data.encoded import MultiHotRows, encoded_parts
from dlrun.data.labels import class_weights
from dlrun.data.target_steps import check_target_steps
from dlrun.errors import Path, Problem, SpecError
from dlrun.evaluation import LOSS, Metric, SplitPlan, make_splits, metrics_for
from dlrun.experiment.folds import FoldInputs, encode_fold, watching_plan
from dlrun.experiment.missing import examine_gaps
from dlrun.models import Completed, DataFacts, complete, input_facts
from dlrun.registry import registry
from dlrun.spec import LoadedSpec
from dlrun.spec.sections import EarlyStopping, Evaluation, ExperimentSpec
from dlrun.spec.steps import Counts, Normalise, Scale, StepSpec
from dlrun.training.choice import Choice

_NO_ROWS: Indices = np.empty(0, np.int64)


@dataclass(frozen=True)
class Experiment:
    """Everything that is known before training.

    Args:
        spec: complete: every default filled in, by the task and the data.
        first: the first split's encoded inputs, kept so that they are not encoded twice.
        repeated_test: each row of a provided test set that also stands among the rows that may train, and the first
            such row, (rows, 2).
        origins: for each layer of ``spec``, its place in the spec as written: completing adds layers.
        warnings: what is unusual, one sentence each.
        engine: what trains it; None until there is a model to judge by (`dlrun.experiment.engines`).
        rerun_of: the name of the run that this one repeats.
    """

    spec: ExperimentSpec
    dataset: Dataset
    summary: DataSummary
    splits: SplitPlan
    metrics: tuple[Metric, ...]
    facts: DataFacts
    first: FoldInputs = field(repr=False)
    repeated_test: Indices = field(default_factory=lambda: np.empty((0, 2), np.int64), repr=False)
    origins: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()
    engine: Choice | None = None
    rerun_of: str | None = None


def plan(loaded: LoadedSpec) -> Experiment:
    """Load the data, split the rows, fit the first split's preprocessing, and complete the spec. No TensorFlow.

    Raises:
        DataError: the data are missing, damaged or not what the spec says.
        SpecError: the spec does not fit the data; problems carry their places in the file.
    """
    try:
        return _plan(loaded.spec)
    except SpecError as error:
        raise loaded.locate(error) from error


def _plan(spec: ExperimentSpec) -> Experiment:
    dataset = load_dataset(spec.dataset, task=spec.task, columns=role_columns(spec.evaluation))
    check_target_steps(spec.targets, dataset)
    splits = watching_plan(spec, make_splits(dataset, spec.evaluation))
    first = encode_fold(spec, dataset, splits, splits.splits[0])
    gaps = examine_gaps(spec, dataset, splits, first.fitted)
    # Used when a fit begins; asked for here too, so that a class that is none is told before a run has a folder.
    class_weights(spec.training.class_weight, dataset, dataset.targets[first.train])
    facts = _facts(spec, dataset, first)
    completed = complete(spec, facts)
    metrics = metrics_for(completed.spec.metrics or (), dataset.task, facts.outputs)
    whole = _fill_in(completed, dataset, splits, metrics)
    repeated = shared_rows(dataset.hashes, splits.pool, dataset.test_rows if _tests_on_provided(splits) else _NO_ROWS)
    return Experiment(
        spec=whole,
        dataset=dataset,
        summary=inspect(dataset, splits.pool),
        splits=splits,
        metrics=metrics,
        facts=facts,
        first=first,
        repeated_test=repeated,
        origins=completed.origins,
        warnings=(
            *dataset.warnings,
            *splits.notes,
            *first.fitted.notes,
            *gaps,
            *completed.warnings,
            *_codes_warnings(spec, splits),
        ),
    )


def role_columns(evaluation: Evaluation) -> tuple[str, ...]:
    """List the columns that say something of a row's place in the splits, and nothing to the model."""
    roles = (evaluation.group, evaluation.time, evaluation.fold)
    return tuple(dict.fromkeys(column for column in roles if isinstance(column, str)))


def _tests_on_provided(splits: SplitPlan) -> bool:
    return splits.evaluation.test == "provided"


def _facts(spec: ExperimentSpec, dataset: Dataset, first: FoldInputs) -> DataFacts:
    targets = first.target_steps.transform(first.targets_in(dataset)[: len(first.train)])
    numeric = dataset.task not in CLASSIFICATION
    positions = np.arange(len(first.train), dtype=np.int64)
    return DataFacts(
        task=dataset.task,
        outputs=first.outputs_in(dataset),
        input_shape=first.fitted.output_shape,
        rows=len(first.train),
        target_low=float(targets.min()) if numeric else None,
        target_high=float(targets.max()) if numeric else None,
        balance=_balance(dataset, targets),
        inputs=input_facts(first.inputs, positions),
        normalised=any(_brings_to_one_range(step) for step in spec.preprocessing),
        integer_inputs=first.fitted.integer_inputs,
        tokens=_token_count(first),
    )


def _balance(dataset: Dataset, targets: Array) -> tuple[float, ...]:
    """Return the share of each class, where each row has one."""
    if dataset.task not in ("binary", "multiclass"):
        return ()
    counts = np.bincount(targets, minlength=2 if dataset.task == "binary" else dataset.outputs)
    return tuple((counts / len(targets)).tolist())


def _token_count(first: FoldInputs) -> int | None:
    """Count the token numbers that an Embedding must have a row for."""
    if not first.fitted.integer_inputs:
        return None
    assert not isinstance(first.inputs, MultiHotRows)
    return first.fitted.vocabulary or max(int(part.max()) for part in encoded_parts(first.inputs)) + 1


def _brings_to_one_range(step: StepSpec) -> bool:
    """Whether a step puts every feature on one scale; on chosen columns it says nothing of the others."""
    if isinstance(step, Counts):  # the unit of every column is the word, and no step could come after it
        return True
    return isinstance(step, Normalise | Scale) and step.columns is None


def _codes_warnings(spec: ExperimentSpec, splits: SplitPlan) -> tuple[str, ...]:
    if spec.codes is None or len(splits.splits) == 1:
        return ()
    return (
        f"codes of '{spec.codes}' are written by `dlrun test` and by a hold-out run, not for folds: each fold's net"
        " has axes of its own",
    )


def _with_monitor(stopping: EarlyStopping | None, metrics: Sequence[Metric]) -> EarlyStopping | None:
    """Name what early stopping watches as the history does. Raises SpecError when it is not measured."""
    if stopping is None or stopping.monitor == LOSS:
        return stopping
    table = registry("metrics")
    meant = table.find(stopping.monitor)
    names = [metric.name for metric in metrics]
    same = [name for name in names if name == stopping.monitor or (meant and table.find(name) is meant)]
    if not same:
        known = ", ".join([LOSS, *names])
        path = ("training", "early_stopping", "monitor")
        raise SpecError([Problem(f"'{stopping.monitor}' is not measured", path, f"measured are: {known}")])
    return stopping.model_copy(update={"monitor": same[0]})


def _fill_in(completed: Completed, dataset: Dataset, splits: SplitPlan, metrics: Sequence[Metric]) -> ExperimentSpec:
    """Fill in what follows from the data, so that the spec written down is this run and no other."""
    spec = completed.spec
    stopping = _with_monitor(spec.training.early_stopping, metrics)
    training = spec.training.model_copy(update={"early_stopping": stopping})
    source = resolved_source(spec.dataset, dataset)
    return spec.model_copy(update={"evaluation": splits.evaluation, "training": training, "dataset": source})
