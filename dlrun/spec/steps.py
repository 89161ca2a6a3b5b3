"""The preprocessing steps a spec may list, with their options. What they do lives in `dlrun.data.preprocessing`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from dlrun.spec.layer import Layer

Count = Annotated[int, Field(strict=True, ge=1)]


Derived = Annotated[str, Field(min_length=1, max_length=200)]
"""The name of a derived column."""


class Step(BaseModel):
    """What every step has: frozen, no unknown options."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)


class Normalise(Step):
    """Subtract the mean and divide by the standard deviation of the training rows, feature by feature."""

    step: Literal["normalise"] = "normalise"
    columns: tuple[str, ...] | None = None


class Scale(Step):
    """Map each feature's range over the training rows to 0..1."""

    step: Literal["scale"] = "scale"
    columns: tuple[str, ...] | None = None


class Rescale(Step):
    """Multiply by a given factor: ``rescale: 1/255`` for pixels. Nothing is fitted."""

    step: Literal["rescale"] = "rescale"
    factor: Annotated[float, Field(strict=True, gt=0)]


class OneHot(Step):
    """Turn each category of a column into a column of its own, by the categories of the training rows.

    ``columns`` left out means every text column. A category that the training rows lack becomes all zeros. Missing
    cells get a column of their own where training rows have some, and become all zeros otherwise.
    """

    step: Literal["one_hot"] = "one_hot"
    columns: tuple[str, ...] | None = None


class DropColumns(Step):
    """Leave columns out, after others were derived from them."""

    step: Literal["drop_columns"] = "drop_columns"
    columns: Annotated[tuple[str, ...], Field(min_length=1, description="the names of one column or several")]


class Impute(Step):
    """Put a value where one is missing: the training rows' mean, median or most frequent value of that column, or 0.

    ``columns`` left out means every column of numbers, with ``most_frequent`` the text columns too. ``missing`` is a
    number that stands for a missing value, besides empty cells. ``indicator`` adds a column for each column that misses
    values in the training rows: 1 where the value was missing, else 0.
    """

    step: Literal["impute"] = "impute"
    strategy: Annotated[Literal["mean", "median", "most_frequent", "zero"], Field(alias="with")] = "median"
    columns: tuple[str, ...] | None = None
    missing: Annotated[float, Field(strict=True)] | None = None
    indicator: Annotated[bool, Field(strict=True)] = False


class DropMissing(Step):
    """Take a share of the training rows' values away at random, so that the net meets missing values in training.

    Only training rows: rows that are watched, scored or tested keep what they have. ``columns`` left out means every
    column, those that `one_hot` made left out. An `impute` has to follow.
    """

    step: Literal["drop_missing"] = "drop_missing"
    share: Annotated[float, Field(strict=True, gt=0.0, lt=1.0)]
    columns: tuple[str, ...] | None = None


class Derive(Step):
    """Add columns that are computed from others, each from an expression: ``rooms_per_person: rooms / persons``.

    Arithmetic, comparisons (1 or 0), ``and``, ``or``, ``not`` and some functions; later expressions may use earlier
    ones. Nothing is fitted. What has no value, such as a division by 0, is missing.
    """

    step: Literal["derive"] = "derive"
    expressions: Annotated[Mapping[Derived, str], Field(min_length=1)]


class Tokenise(Step):
    """Turn texts into token rows by Keras's ``TextVectorization``, with the vocabulary of the training rows.

    Token 0 is kept for padding, 1 stands for every word that the vocabulary lacks, the commonest word is 2.
    ``max_tokens`` counts all of them; left out, every word of the training rows is in the vocabulary.
    """

    step: Literal["tokenise"] = "tokenise"
    max_tokens: Annotated[int, Field(strict=True, ge=3)] | None = None
    standardise: Literal["lower_and_strip_punctuation", "lower", "strip_punctuation", "none"] = (
        "lower_and_strip_punctuation"
    )
    split: Literal["whitespace", "character"] = "whitespace"
    ngrams: Count | None = None


class MultiHot(Step):
    """Turn token rows into one column a token: 1 where the row has it. Order and counts are lost.

    ``size`` left out means the number of different tokens that the source can give.
    """

    step: Literal["multi_hot"] = "multi_hot"
    size: Count | None = None


class Counts(Step):
    """Turn token rows into one column a token: how often the row has it (a bag of words). Order is lost.

    ``size`` left out means the number of different tokens that the source can give.
    """

    step: Literal["count"] = "count"
    size: Count | None = None


class Pad(Step):
    """Make token rows equally long, with 0 for what is missing. Cuts and fills at the start, as Keras does."""

    step: Literal["pad"] = "pad"
    length: Count
    padding: Literal["pre", "post"] = "pre"
    truncating: Literal["pre", "post"] = "pre"


class Augment(Step):
    """Change each training image at random, anew in every epoch, by Keras's layers for that; the last step.

    Validation and test images stay as they are. The layers come to stand in front of the model's.
    """

    step: Literal["augment"] = "augment"
    layers: Annotated[tuple[Layer, ...], Field(min_length=1)]


AUGMENTING = frozenset(
    {
        "RandAugment",
        "RandomBrightness",
        "RandomColorDegeneration",
        "RandomColorJitter",
        "RandomContrast",
        "RandomCrop",
        "RandomElasticTransform",
        "RandomErasing",
        "RandomFlip",
        "RandomGaussianBlur",
        "RandomGrayscale",
        "RandomHue",
        "RandomInvert",
        "RandomPerspective",
        "RandomPosterization",
        "RandomRotation",
        "RandomSaturation",
        "RandomSharpness",
        "RandomShear",
        "RandomTranslation",
        "RandomZoom",
    }
)
"""Keras's layers that change an image at random while training and leave it as it is otherwise. AugMix is none of them:
it draws with Python's generator when it is traced, once. MixUp and CutMix change labels too."""

StepSpec = Annotated[
    Normalise
    | Scale
    | Rescale
    | OneHot
    | Derive
    | DropColumns
    | Impute
    | DropMissing
    | Tokenise
    | MultiHot
    | Counts
    | Pad
    | Augment,
    Field(discriminator="step"),
]

STEPS: Mapping[str, tuple[type[Step], str]] = MappingProxyType(
    {
        "normalise": (Normalise, "columns"),
        "scale": (Scale, "columns"),
        "rescale": (Rescale, "factor"),
        "one_hot": (OneHot, "columns"),
        "derive": (Derive, "expressions"),
        "drop_columns": (DropColumns, "columns"),
        "impute": (Impute, "with"),
        "drop_missing": (DropMissing, "share"),
        "tokenise": (Tokenise, "max_tokens"),
        "multi_hot": (MultiHot, "size"),
        "count": (Counts, "size"),
        "pad": (Pad, "length"),
        "augment": (Augment, "layers"),
    }
)
"""Every step by its name, with the option that ``pad: 200`` means."""
