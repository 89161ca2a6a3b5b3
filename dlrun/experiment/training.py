"""From a planned experiment to what an engine is asked to do."""

from __future__ import annotations

from dlrun.experiment.planning import Experiment
from dlrun.models import build, compile_arguments, train_metric_names
from dlrun.training.contract import EarlyStop, TrainingPlan


def training_plan(experiment: Experiment) -> TrainingPlan:
    """Say how every fold is fitted."""
    spec, facts = experiment.spec, experiment.facts
    better = {metric.name: metric.higher_is_better for metric in experiment.metrics}
    primary = next(iter(better), "loss")
    return TrainingPlan(
        build=lambda seed: build(
            spec, facts.input_shape, facts.outputs, seed, facts.integer_inputs, experiment.origins
        ),
        compile_arguments=lambda: compile_arguments(spec, facts),
        train_metrics=train_metric_names(spec, facts),
        primary=(primary, better.get(primary, False)),
        epochs=spec.training.epochs,
        batch_size=spec.training.batch_size,
        early_stop=_early_stop(experiment, better),
    )


def _early_stop(experiment: Experiment, better: dict[str, bool]) -> EarlyStop | None:
    stopping = experiment.spec.training.early_stopping
    if stopping is None:
        return None
    return EarlyStop(
        monitor=stopping.monitor,
        patience=stopping.patience,
        min_delta=stopping.min_delta,
        higher_is_better=better.get(stopping.monitor, False),
        restore_best=stopping.on == "inner",
    )
