"""From a planned experiment to what an engine is asked to do."""

from __future__ import annotations

import math
from typing import Any

from dlrun.backend import prepare_backend
from dlrun.errors import SpecError
from dlrun.evaluation import LOSS
from dlrun.experiment.planning import Experiment
from dlrun.models import build, compile_arguments, train_metric_names
from dlrun.spec import LoadedSpec
from dlrun.training.contract import EarlyStop, TrainingPlan


def training_plan(experiment: Experiment, *, follow: bool = True) -> TrainingPlan:
    """Say how every fold is fitted; ``follow``: validation rows are scored after every epoch, not only at the end."""
    spec, facts = experiment.spec, experiment.facts
    better = {metric.name: metric.higher_is_better for metric in experiment.metrics}
    primary = next(iter(better), "loss")
    return TrainingPlan(
        build=lambda shape, seed: build(
            spec, shape, _outputs(experiment, shape), seed, facts.integer_inputs, experiment.origins
        ),
        compile_arguments=lambda: compile_arguments(spec, facts),
        train_metrics=train_metric_names(spec, facts),
        primary=(primary, better.get(primary, False)),
        epochs=spec.training.epochs,
        batch_size=spec.training.batch_size,
        early_stop=_early_stop(experiment, better),
        follow=follow,
    )


def _outputs(experiment: Experiment, shape: tuple[int | None, ...]) -> int:
    """Tell how many columns predictions have: an autoencoder has as many as a row of this fold has numbers."""
    if experiment.facts.task != "autoencoder":
        return experiment.facts.outputs
    return math.prod(size or 1 for size in shape)


def trial_model(experiment: Experiment, loaded: LoadedSpec) -> Any:
    """Build and compile the model once before a run has a folder: what Keras refuses is the spec's fault.

    Raises:
        SpecError: with the places of what does not fit.
    """
    prepare_backend()
    try:
        return fresh_model(experiment)
    except SpecError as error:
        raise loaded.locate(error) from error


def fresh_model(experiment: Experiment) -> Any:
    """Build and compile the model for inputs of the first split's shape."""
    planned = training_plan(experiment)
    model = planned.build(experiment.facts.input_shape, experiment.spec.seed)
    model.compile(**planned.compile_arguments())
    return model


def _early_stop(experiment: Experiment, better: dict[str, bool]) -> EarlyStop | None:
    stopping = experiment.spec.training.early_stopping
    if stopping is None:
        return None
    return EarlyStop(
        monitor=stopping.monitor,
        patience=stopping.patience,
        min_delta=stopping.min_delta,
        higher_is_better=stopping.monitor != LOSS and better[stopping.monitor],
        restore_best=stopping.on == "inner",
    )
