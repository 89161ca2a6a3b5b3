"""Missing values when an experiment is planned: what is refused before training, and what is warned of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from dlrun import load_spec
from dlrun.data import shared_rows
from dlrun.errors import DataError
from dlrun.experiment import Experiment, plan

Plan = Callable[..., Experiment]


@pytest.fixture
def planned(tmp_path: Path) -> Plan:
    """Plans 40 rows of age, size and y in the order they stand in; ages of some rows are left out."""

    def make(
        gaps: Sequence[int], steps: str = "[impute: mean]", evaluation: str = "{time: true, test: 8, validation: 8}"
    ) -> Experiment:
        rows = [f"{'' if row in gaps else row % 7},{row * row % 11},{row % 3 * 1.5}" for row in range(40)]
        (tmp_path / "t.csv").write_text("age,size,y\n" + "\n".join(rows) + "\n")
        (tmp_path / "spec.yaml").write_text(
            "dataset: {source: csv, path: t.csv, target: y}\ntask: regression\nlayers: [Dense: 2]\n"
            f"preprocessing: {steps}\nevaluation: {evaluation}\n"
        )
        return plan(load_spec(tmp_path / "spec.yaml"))

    return make


def test_gaps_that_only_held_out_rows_have_are_warned_of(planned: Plan) -> None:
    warnings = planned([25, 26, 39]).warnings

    assert "validation rows miss values in columns where no training row does: age (2)" in warnings
    assert not any(warning.startswith("test rows miss values") for warning in warnings)  # the final fit has seen gaps
    assert any("test rows miss values in columns where no other row does: age (1)" in w for w in planned([39]).warnings)


def test_gaps_of_training_rows_are_no_warning(planned: Plan) -> None:
    assert not any("miss values" in warning for warning in planned([3, 25, 39]).warnings)


def test_under_k_fold_the_warning_counts_folds(planned: Plan) -> None:
    warnings = planned([17], evaluation="{protocol: kfold, k: 4, test: none}").warnings

    assert "in 1 of 4 folds, validation rows miss values in columns where no training row does: age (1)" in warnings


def test_a_gap_that_no_step_fills_is_refused_before_training_also_in_test_rows(planned: Plan) -> None:
    with pytest.raises(DataError, match=r"^values are missing after the last step: age \(1\), in 1 of 32 rows"):
        planned([3], "[normalise]")
    with pytest.raises(DataError, match=r"in the test rows, values are missing after the last step: age \(1\)"):
        planned([39], "[normalise]")


def test_a_column_without_values_in_a_later_fold_is_refused_before_training(planned: Plan) -> None:
    # Only rows 30 to 39 have an age, and these are the last fold: it would have none to train on.
    evaluation = "{protocol: kfold, k: 4, test: none, shuffle: false, duplicates: allow}"

    with pytest.raises(DataError, match=r"'age' has no value in the 30 training rows of fold 4(?s:.)*leave the column"):
        planned(range(30), evaluation=evaluation)


def test_a_number_for_missing_values_counts_as_a_gap(planned: Plan) -> None:
    steps = "[impute: {with: mean, columns: [age], missing: 6}]"

    (warning,) = [w for w in planned([], steps, "{time: true, test: none, validation: 34}").warnings if "miss" in w]

    assert warning == "validation rows miss values in columns where no training row does: age (5)"


def test_rows_with_the_same_gap_are_the_same_row(tmp_path: Path) -> None:
    lines = [f"{'' if row in (1, 11) else row % 10},1,{row % 10}" for row in range(20)]
    (tmp_path / "t.csv").write_text("a,b,y\n" + "\n".join(lines) + "\n")
    (tmp_path / "spec.yaml").write_text(
        "dataset: {source: csv, path: t.csv, target: y}\ntask: regression\nlayers: []\npreprocessing: [impute]\n"
    )

    experiment = plan(load_spec(tmp_path / "spec.yaml"))

    assert experiment.summary.duplicates == len(experiment.splits.pool) // 2
    validation = experiment.splits.splits[0].validation
    assert not len(shared_rows(experiment.dataset.hashes, experiment.splits.splits[0].train, validation))
