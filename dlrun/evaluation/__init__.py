"""Honest scores: which rows are held out, what is measured on them, how sure that is, and what has to be beaten."""

from dlrun.evaluation.baselines import LINEAR, Baseline, naive_baselines
from dlrun.evaluation.corrected import corrected_interval
from dlrun.evaluation.curve import CURVE_HEADER, Curve, mean_curve
from dlrun.evaluation.diagnosis import Diagnosis, diagnose
from dlrun.evaluation.intervals import bootstrap
from dlrun.evaluation.linear import LinearBaseline, linear_baseline
from dlrun.evaluation.metrics import LOSS, Metric, is_higher_better, metrics_for
from dlrun.evaluation.outcomes import FoldOutcome, Predictions, targets_of
from dlrun.evaluation.probabilities import as_probabilities
from dlrun.evaluation.results import Comparison, EvaluationResult, Failure, Score, SelectedScore
from dlrun.evaluation.splitting import Split, SplitPlan, make_splits
from dlrun.evaluation.summary import summarise
from dlrun.evaluation.verdicts import against_linear, power

__all__ = [
    "CURVE_HEADER",
    "LINEAR",
    "LOSS",
    "Baseline",
    "Comparison",
    "Curve",
    "Diagnosis",
    "EvaluationResult",
    "Failure",
    "FoldOutcome",
    "LinearBaseline",
    "Metric",
    "Predictions",
    "Score",
    "SelectedScore",
    "Split",
    "SplitPlan",
    "against_linear",
    "as_probabilities",
    "bootstrap",
    "corrected_interval",
    "diagnose",
    "is_higher_better",
    "linear_baseline",
    "make_splits",
    "mean_curve",
    "metrics_for",
    "naive_baselines",
    "power",
    "summarise",
    "targets_of",
]
