"""Honest scores: which rows are held out, what is measured on them, how sure that is, and what has to be beaten."""

from dlrun.evaluation.baselines import Baseline, naive_baselines
from dlrun.evaluation.diagnosis import Diagnosis, diagnose, power
from dlrun.evaluation.intervals import bootstrap
from dlrun.evaluation.metrics import LOSS, Metric, is_higher_better, metrics_for
from dlrun.evaluation.probabilities import as_probabilities
from dlrun.evaluation.results import EvaluationResult, Score, SelectedScore
from dlrun.evaluation.split_notes import STRATIFIED_TASKS
from dlrun.evaluation.splits import Split, SplitPlan, inner_split, make_splits
from dlrun.evaluation.summary import FoldOutcome, summarise

__all__ = [
    "LOSS",
    "STRATIFIED_TASKS",
    "Baseline",
    "Diagnosis",
    "EvaluationResult",
    "FoldOutcome",
    "Metric",
    "Score",
    "SelectedScore",
    "Split",
    "SplitPlan",
    "as_probabilities",
    "bootstrap",
    "diagnose",
    "inner_split",
    "is_higher_better",
    "make_splits",
    "metrics_for",
    "naive_baselines",
    "power",
    "summarise",
]
