"""What a page shows of one run: plain values, gathered from its folder and its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.report.reading import Record
from dlrun.report.series import HistoryRow

Points = tuple[Sequence[float], Sequence[float]]
"""The x and the y of a line."""


@dataclass(frozen=True)
class Ranking:
    """How well a model tells one class (or label) from the rest.

    Args:
        name: of the class; empty where there are two, and only the one that is asked for.
        folds: ROC and precision-recall by fold; empty where there is one fold.
        roc: the curve, or the mean of the folds' curves.
        precision_recall: likewise.
        auc: area under the ROC curve, the mean over folds.
        average_precision: likewise.
        share: of rows that are of the class: the precision of guessing.
        fits: how many folds have a curve: rows of the class and others.
        of: how many folds there are.
    """

    name: str
    folds: tuple[tuple[Points, Points], ...]
    roc: Points
    precision_recall: Points
    auc: float
    average_precision: float
    share: float
    fits: int = 1
    of: int = 1


@dataclass(frozen=True)
class Confusion:
    """How often which class was taken for which: ``counts[true][predicted]``."""

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Pairs:
    """Predicted values of one target against the true ones; of very many a sample."""

    name: str
    targets: Sequence[float]
    predictions: Sequence[float]
    rows: int


@dataclass(frozen=True)
class Example:
    """A row that the model got badly wrong.

    Args:
        row: its number in the data set.
        facts: what was to be predicted, what was, how wrong it is: label and words.
        image: (height, width) or (height, width, channels), any numbers; None where a row is no picture.
        text: the row in words; empty where it is none.
        features: of a table's row, name and value.
    """

    row: int
    facts: tuple[tuple[str, str], ...]
    image: Any = None
    text: str = ""
    features: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Held:
    """What there is to see in the held-out predictions.

    Args:
        confusion: of classes.
        rankings: of classes or labels.
        ranking_note: which of them are shown, where not all are.
        pairs: of numeric targets.
        pairs_note: likewise.
        errors: of each row, where predictions are too wide for a table.
        examples: the rows with the largest errors, the worst first.
        examples_note: how they were chosen, or why there are none.
    """

    confusion: Confusion | None = None
    rankings: tuple[Ranking, ...] = ()
    ranking_note: str = ""
    pairs: tuple[Pairs, ...] = ()
    pairs_note: str = ""
    errors: Sequence[float] = ()
    examples: tuple[Example, ...] = ()
    examples_note: str = ""


@dataclass(frozen=True)
class RunView:
    """One run as a page shows it.

    Args:
        record: see ``docs/run-folder.md``; ``run`` is the folder.
        history: the rows of history.csv.
        spec: the text of spec.yaml.
        columns: the rows of columns.csv: name, role, kind, missing, lowest, highest, mean; an empty text has no value.
        held: of its predictions.
        drawings: PNG files that were drawn into the run's folder: a caption and the bytes each.
        notes: what could not be read, a sentence each.
    """

    record: Record
    history: tuple[HistoryRow, ...]
    spec: str
    columns: tuple[Sequence[str], ...] = ()
    held: Held = Held()
    drawings: tuple[tuple[str, bytes], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Compared:
    """Several runs beside each other.

    Args:
        comparison: what `dlrun.experiment.compare_runs` says of them; None where they cannot be compared.
        why_not: the reason then.
        alike: whether all are of one task on the same data, so that their scores have an axis in common.
    """

    comparison: Mapping[str, Any] | None
    why_not: str = ""
    alike: bool = True
