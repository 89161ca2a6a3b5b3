"""What a spec says, as frozen values: one class for each section, with every default that does not depend on data.

Defaults that follow from the task or the data (last activation, loss, metrics, labels) are None here and are filled in
once the data are known. Keys are British; the loader has turned American twins into them before these classes see them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from dlrun.spec.layer import Layer as Layer
from dlrun.spec.layer import LayerName as LayerName
from dlrun.spec.layer import Section as Section
from dlrun.spec.sources import DatasetSpec, Hash
from dlrun.spec.steps import StepSpec

Count = Annotated[int, Field(strict=True, ge=1)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**32)]
Rate = Annotated[float, Field(strict=True, ge=0.0, lt=1.0)]
Weight = Annotated[float, Field(strict=True, ge=0.0)]
Share = Annotated[float, Field(strict=True, gt=0.0, lt=1.0)] | Count
"""A share of the rows (0.2) or a number of rows (10000)."""


def _without_dots(name: str) -> str:
    """Refuse what a path would read as the folder above."""
    if ".." in name:
        raise ValueError("two dots in a row")
    return name


Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$",
        description="1 to 64 letters a-z, digits, '_', '-' and single dots, not starting with a dot or '-'",
    ),
    AfterValidator(_without_dots),
]
"""Names a run's folder, so nothing that a file system, a shell or a web page could take for something else."""

ClassWeights = Annotated[
    Mapping[str, Weight], Field(description="a mapping of classes to their weights (numbers of at least 0)")
]

TaskName = Literal[
    "binary",
    "multiclass",
    "multilabel",
    "regression",
    "vector_regression",
    "unit_regression",
    "forecasting",
    "autoencoder",
]


TargetStep = Literal["log", "log1p", "normalise", "scale"]

Folds = Annotated[int, Field(strict=True, ge=2)]
Column = Annotated[str, Field(min_length=1, max_length=200, description="the name of a column")]
"""A column of a table that is no input unless ``features`` names it; of other data, a feature or an id."""


class Named(Section):
    """Something from a registry with its arguments: ``relu``, ``{Huber: {delta: 2}}``, ``{name: Huber, delta: 2}``."""

    name: str
    arguments: Mapping[str, Any] = {}


class Regularisation(Section):
    """Spread over the hidden layers: l1 and l2 on their kernels, dropout after each hidden Dense layer."""

    l1: Weight = 0.0
    l2: Weight = 0.0
    dropout: Rate = 0.0


class SplitsFile(Section):
    """Splits made elsewhere: an npz as a run writes it, or JSON. The run's own spec has the sha256 of what it read."""

    path: str
    sha256: Hash | None = None


class Evaluation(Section):
    """How the score comes about: which rows are held out. Depends on ``split_seed``, never on ``seed``.

    None means that the default follows from the other keys or from the data: ``protocol`` is hold-out, or what ``fold``
    or ``splits`` say; ``validation`` is 0.2 under hold-out, ``k`` 4 and ``iterations`` 3 under the protocols that have
    them; ``shuffle`` is false under ``time``; ``duplicates`` is ``together``, or ``allow`` (reported, not moved) where
    time or splits made elsewhere leave no choice.
    """

    protocol: Literal["holdout", "kfold", "iterated_kfold"] | None = None
    validation: Share | Literal["provided"] | None = None
    k: Folds | None = None
    iterations: Count | None = None
    test: Share | Literal["provided", "none"] | None = None
    shuffle: Annotated[bool, Field(strict=True)] | None = None
    stratify: Annotated[bool, Field(strict=True)] | None = None
    group: Column | None = None
    time: Column | Literal[True] | None = None
    gap: Annotated[int, Field(strict=True, ge=0)] | None = None
    duplicates: Literal["together", "drop", "allow"] | None = None
    fold: Column | None = None
    splits: SplitsFile | None = None
    split_seed: Seed = 0


class EarlyStopping(Section):
    """Stop when the monitored score has not become better for ``patience`` epochs.

    ``on: inner`` watches ``inner`` of the training rows, cut off for this alone, and goes back to the best epoch's
    weights: the validation score stays clean. ``on: validation`` watches the rows that are scored, so the stop is
    chosen on them, and the result says so; the final weights are those of the last epoch.
    """

    patience: Count = 3
    monitor: str = "loss"
    min_delta: Weight = 0.0
    on: Literal["inner", "validation"] = "inner"
    inner: Share = 0.2


class Training(Section):
    """How long, in which batches, and with what help.

    ``program`` and ``lanes`` belong to the compiled engine; None leaves them to its rules.
    """

    epochs: Count = 20
    batch_size: Count = 32
    early_stopping: EarlyStopping | None = None
    schedule: Named | None = None
    class_weight: Literal["balanced"] | ClassWeights | None = None
    engine: Literal["auto", "keras", "compiled"] = "auto"
    program: Literal["vectorized", "unrolled", "graph"] | None = None
    lanes: Count | None = None


class ExperimentSpec(Section):
    """One experiment, whole."""

    name: Name
    task: TaskName | None = None
    dataset: DatasetSpec
    preprocessing: tuple[StepSpec, ...] = ()
    targets: tuple[TargetStep, ...] = ()
    labels: Literal["one_hot", "integer"] | None = None
    layers: tuple[Layer, ...]
    output: Annotated[bool, Field(strict=True)] = True
    hidden_activation: Named = Named(name="relu")
    last_activation: Named | None = None
    loss: Named | None = None
    optimiser: Named = Named(name="rmsprop")
    regularisation: Regularisation = Regularisation()
    codes: LayerName | None = None
    metrics: tuple[Named, ...] | None = None
    evaluation: Evaluation = Evaluation()
    training: Training = Training()
    seed: Seed = 0
