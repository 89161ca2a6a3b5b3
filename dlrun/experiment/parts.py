"""How many rows each part of each split holds, and how the classes are spread over them."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlrun.data.dataset import CLASSIFICATION, Array, Dataset
from dlrun.evaluation import Split
from dlrun.experiment.folds import inner_rows
from dlrun.experiment.planning import Experiment
from dlrun.experiment.tables import class_names

Record = dict[str, Any]


def part_sizes(experiment: Experiment) -> Record:
    """Count the rows of each part of the first split."""
    first = experiment.first
    sizes = {
        "train": len(first.train),
        "validation": len(first.split.validation),
        "test": len(experiment.splits.test),
    }
    return {**sizes, "monitor": len(first.monitor)} if len(first.monitor) else sizes


def protocol_record(experiment: Experiment) -> Record:
    """Say by which protocol the rows are held out, with the rows of the first split."""
    evaluation = experiment.splits.evaluation
    return {
        "name": evaluation.protocol,
        "k": max(split.fold for split in experiment.splits.splits),
        "iterations": max(split.iteration for split in experiment.splits.splits),
        **part_sizes(experiment),
        "stratified": experiment.splits.stratified,
        "group": evaluation.group,
        "time": evaluation.time,
        "gap": evaluation.gap,
        "duplicates": evaluation.duplicates,
    }


def splits_record(experiment: Experiment) -> Record:
    """Say of every split how many rows its parts have, and of which classes."""
    splits = experiment.splits
    return {
        "fingerprint": splits.fingerprint,
        "stratified": splits.stratified,
        "dropped": len(splits.dropped),
        "folds": [
            _split_record(experiment, split, repeated)
            for split, repeated in zip(splits.splits, splits.repeated, strict=True)
        ],
    }


def _split_record(experiment: Experiment, split: Split, repeated: int) -> Record:
    train, monitor = inner_rows(experiment.spec, experiment.splits, split)
    dataset = experiment.dataset
    return {
        "iteration": split.iteration,
        "fold": split.fold,
        "train": len(train),
        "validation": len(split.validation),
        "monitor": len(monitor),
        "repeated": repeated,
        "classes": _balance(dataset, split) if dataset.task in CLASSIFICATION else None,
        "groups": _groups(experiment, split),
    }


def _groups(experiment: Experiment, split: Split) -> dict[str, int] | None:
    """Count the groups on both sides of a split; None where the protocol knows none."""
    name = experiment.splits.evaluation.group
    if name is None:
        return None
    groups = experiment.dataset.columns[name]
    sides = {"train": split.train, "validation": split.validation}
    return {side: len(set(groups[rows].tolist())) for side, rows in sides.items()}


def _balance(dataset: Dataset, split: Split) -> dict[str, dict[str, int]]:
    """Count each class (multilabel: each label) in the training rows, those of early stopping included, and beyond."""
    train, validation = (_counts(dataset, dataset.targets[rows]) for rows in (split.train, split.validation))
    return {
        name: {"train": int(trained), "validation": int(scored)}
        for name, trained, scored in zip(class_names(dataset), train, validation, strict=True)
    }


def _counts(dataset: Dataset, targets: Array) -> Array:
    if dataset.task == "multilabel":
        return np.asarray(targets.sum(axis=0, dtype=np.int64))
    return np.bincount(targets, minlength=len(class_names(dataset)))
