"""From a planned experiment and its model to the engine that trains it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from dlrun.backend import prepare_backend
from dlrun.data.encoded import MultiHotRows, StreamedRows, bytes_of
from dlrun.errors import SpecError
from dlrun.experiment.planning import Experiment
from dlrun.experiment.training import fresh_model
from dlrun.spec import LoadedSpec
from dlrun.training.choice import Asked, Choice, Work, choose_engine


def with_engine(experiment: Experiment, model: Any, loaded: LoadedSpec) -> Experiment:
    """Choose the engine, and write the choice into the spec, so that running it again is the same run.

    Args:
        experiment: planned.
        model: its model, built and compiled.
        loaded: knows the place of every key.

    Raises:
        SpecError: the spec asks for an engine that cannot take the model.
    """
    training = experiment.spec.training
    asked = Asked(training.engine, training.program, training.lanes)
    try:
        choice = choose_engine(asked, work_of(experiment, model, len(experiment.splits.splits)))
    except SpecError as error:
        raise loaded.locate(error) from error
    return _decided(experiment, choice)


def for_one_fit(experiment: Experiment) -> Experiment:
    """Choose the engine of a single fit under a run's spec: the run's lanes are of no use to it. Builds the model."""
    prepare_backend()
    choice = choose_engine(Asked(experiment.spec.training.engine), work_of(experiment, fresh_model(experiment), 1))
    return _decided(experiment, choice)


def _decided(experiment: Experiment, choice: Choice) -> Experiment:
    update = {"engine": choice.name, "program": choice.program, "lanes": choice.lanes}
    training = experiment.spec.training.model_copy(update=update)
    return replace(experiment, spec=experiment.spec.model_copy(update={"training": training}), engine=choice)


def work_of(experiment: Experiment, model: Any, fits: int) -> Work:
    """Say what there is to train, for the rules."""
    kinds = list(_layer_types(model))
    rest = [("optimiser", type(model.optimizer)), ("loss", type(model.loss))]
    rest += [("metric", type(metric)) for metric in model.get_compile_config()["metrics"] or ()]
    foreign = [(what, kind) for what, kind in [*(("layer", kind) for kind in kinds), *rest] if not _is_keras(kind)]
    model.optimizer.build(model.trainable_variables)
    inputs, training = experiment.first.inputs, experiment.spec.training
    return Work(
        layers=frozenset(kind.__name__ for kind in kinds),
        foreign=tuple(dict.fromkeys(f"the {what} '{kind.__name__}'" for what, kind in foreign)),
        optimiser=type(model.optimizer).__name__,
        parameters=int(model.count_params()),
        optimiser_values=sum(int(np.prod(variable.shape)) for variable in model.optimizer.variables),
        batch_size=training.batch_size,
        fits=fits,
        steps=fits * training.epochs * -(-len(experiment.first.train) // training.batch_size),
        data_bytes=bytes_of(inputs),
        multi_hot=isinstance(inputs, MultiHotRows),
        streamed=isinstance(inputs, StreamedRows),
    )


def _layer_types(model: Any) -> Iterator[type]:
    return (type(layer) for layer in model._flatten_layers(include_self=False))


def _is_keras(kind: type) -> bool:
    return kind.__module__.split(".")[0] in {"keras", "builtins"}
