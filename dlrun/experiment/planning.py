"""From a spec to an experiment that is ready to train: data loaded, rows split, every default filled in."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dlrun.data import DataSummary, inspect, load_dataset, overlap, resolved_source
from dlrun.data.dataset import CLASSIFICATION, Dataset
from dlrun.data.labels import class_weights
from dlrun.errors import SpecError
from dlrun.evaluation import Metric, SplitPlan, make_splits, metrics_for
from dlrun.experiment.folds import FoldInputs, encode_fold
from dlrun.models import Completed, DataFacts, complete, input_facts
from dlrun.spec import LoadedSpec
from dlrun.spec.sections import ExperimentSpec
from dlrun.training.choice import Choice, choose_engine

MANY_REPEATED = 0.01
"""From this share of the validation rows on, rows that were also trained on are worth a warning."""


@dataclass(frozen=True)
class Experiment:
    """Everything that is known before training.

    Args:
        spec: complete: every default filled in, by the task and the data.
        first: the first split's encoded inputs, kept so that they are not encoded twice.
        origins: for each layer of ``spec``, its index in the spec as written: completing adds layers.
        warnings: what is unusual, one sentence each.
    """

    spec: ExperimentSpec
    dataset: Dataset
    summary: DataSummary
    splits: SplitPlan
    metrics: tuple[Metric, ...]
    facts: DataFacts
    engine: Choice
    first: FoldInputs = field(repr=False)
    origins: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()


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
    dataset = load_dataset(spec.dataset, task=spec.task)
    splits = make_splits(dataset, spec.evaluation)
    first = encode_fold(spec, dataset, splits.splits[0])
    # Used when a fit begins; asked for here too, so that a class that is none is told before a run has a folder.
    class_weights(spec.training.class_weight, dataset, dataset.targets[first.train])
    facts = _facts(spec, dataset, first)
    completed = complete(spec, facts)
    engine = choose_engine(spec.training.engine)
    whole = _fill_in(completed, dataset, splits, engine)
    seen = np.concatenate([splits.splits[0].train, splits.splits[0].validation])
    return Experiment(
        spec=whole,
        dataset=dataset,
        summary=inspect(dataset, np.sort(seen)),
        splits=splits,
        metrics=metrics_for(whole.metrics or (), dataset.task, dataset.outputs),
        facts=facts,
        engine=engine,
        first=first,
        origins=completed.origins,
        warnings=(*splits.notes, *first.fitted.notes, *_repeated_rows(dataset, first), *completed.warnings),
    )


def _repeated_rows(dataset: Dataset, first: FoldInputs) -> tuple[str, ...]:
    """Warn when validation rows also stand among the training rows: a net that learns by heart knows them."""
    validation = first.split.validation
    known = overlap(dataset, first.train, validation)
    if known < MANY_REPEATED * len(validation):
        return ()
    return (
        f"{known} of {len(validation)} validation rows also stand in the training rows, exactly: the score is too good "
        "to be true. Take repeated rows out of the file",
    )


def _facts(spec: ExperimentSpec, dataset: Dataset, first: FoldInputs) -> DataFacts:
    targets = dataset.targets[first.train]
    numeric = dataset.task not in CLASSIFICATION
    positions = np.arange(len(first.train), dtype=np.int64)
    return DataFacts(
        task=dataset.task,
        outputs=dataset.outputs,
        input_shape=first.fitted.output_shape,
        rows=len(first.train),
        target_low=float(targets.min()) if numeric else None,
        target_high=float(targets.max()) if numeric else None,
        inputs=input_facts(first.inputs, positions),
        normalised=any(step.step in ("normalise", "scale") for step in spec.preprocessing),
        integer_inputs=first.fitted.integer_inputs,
        tokens=_token_count(dataset, first),
    )


def _token_count(dataset: Dataset, first: FoldInputs) -> int | None:
    """Count the token numbers that an Embedding must have a row for."""
    if not first.fitted.integer_inputs:
        return None
    return dataset.vocabulary or int(np.asarray(first.inputs).max()) + 1


def _fill_in(completed: Completed, dataset: Dataset, splits: SplitPlan, engine: Choice) -> ExperimentSpec:
    """Fill in what follows from data and machine, so that the spec written down is this run and no other."""
    spec = completed.spec
    test = spec.evaluation.test
    if test is None:
        test = "provided" if len(dataset.test_rows) else 0.2
    evaluation = spec.evaluation.model_copy(update={"test": test, "stratify": splits.stratified})
    training = spec.training.model_copy(update={"engine": engine.name})
    source = resolved_source(spec.dataset, dataset)
    return spec.model_copy(update={"evaluation": evaluation, "training": training, "dataset": source})
