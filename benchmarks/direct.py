"""dlrun's pieces put together without a run folder: the fits of a planned experiment, for `fits.py` and `rules.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dlrun.evaluation import Split
from dlrun.experiment.folds import encode_fold, fold_data
from dlrun.experiment.planning import Experiment
from dlrun.training.contract import FoldData, FoldTask


def tasks_of(experiment: Experiment, splits: Sequence[Split]) -> list[FoldTask]:
    """List the fits of some splits, numbered as in a run."""
    return [FoldTask(split.iteration, split.fold, experiment.spec.seed, number) for number, split in enumerate(splits)]


def preparation(experiment: Experiment, splits: Sequence[Split]) -> Callable[[FoldTask], FoldData]:
    """Return what encodes a fit's rows; the first split was encoded when the experiment was planned."""

    def prepare(task: FoldTask) -> FoldData:
        split = splits[task.number]
        first = split is experiment.first.split
        inputs = (
            experiment.first if first else encode_fold(experiment.spec, experiment.dataset, experiment.splits, split)
        )
        return fold_data(experiment.spec, experiment.dataset, inputs, experiment.metrics)

    return prepare
