"""Every metric of dlrun's own, under the names that the registry points to."""

from __future__ import annotations

from dlrun.evaluation.exact_classification import F1, Accuracy, Precision, Recall, TopKAccuracy
from dlrun.evaluation.exact_ranking import MeanAveragePrecision, PrAuc, RocAuc
from dlrun.evaluation.exact_regression import R2, MeanAbsoluteError, MeanSquaredError, RootMeanSquaredError

OWN = (
    Accuracy,
    TopKAccuracy,
    RocAuc,
    PrAuc,
    MeanAveragePrecision,
    Precision,
    Recall,
    F1,
    MeanAbsoluteError,
    MeanSquaredError,
    RootMeanSquaredError,
    R2,
)

__all__ = [
    "F1",
    "OWN",
    "R2",
    "Accuracy",
    "MeanAbsoluteError",
    "MeanAveragePrecision",
    "MeanSquaredError",
    "PrAuc",
    "Precision",
    "Recall",
    "RocAuc",
    "RootMeanSquaredError",
    "TopKAccuracy",
]
