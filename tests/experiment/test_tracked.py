"""What trackers are told of a finished run: flat parameters, curves and scores."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlrun.errors import RunFolderError
from dlrun.experiment.history import curve_points, history_points
from dlrun.experiment.tracked import curves, flattened, scores

HISTORY = "iteration,fold,epoch,metric,train,validation\n"


def test_a_spec_is_laid_flat_as_set_names_its_fields() -> None:
    spec = {
        "layers": [{"Dense": {"units": 4, "use_bias": False}}, "Flatten"],
        "metrics": ["accuracy", "roc_auc"],
        "codes": None,
        "regularisation": {},
        "name": "no",
    }

    assert flattened(spec) == {
        "layers.0.Dense.units": "4",
        "layers.0.Dense.use_bias": "false",
        "layers.1": "Flatten",
        "metrics": '["accuracy", "roc_auc"]',
        "codes": "null",
        "regularisation": "{}",
        "name": "no",
    }


def test_of_one_fold_the_curves_are_its_own_and_missing_values_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text(HISTORY + "1,1,1,loss,0.5,0.75\n1,1,1,roc_auc,,0.8\n1,1,2,loss,0.25,\n")

    assert list(curves(tmp_path)) == [
        ("train/loss", 0.5, 1),
        ("validation/loss", 0.75, 1),
        ("validation/roc_auc", 0.8, 1),
        ("train/loss", 0.25, 2),
    ]


def test_of_several_folds_the_plain_names_are_the_mean_curve(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text(HISTORY + "1,1,1,loss,0.5,0.75\n1,2,1,loss,0.7,0.85\n")
    (tmp_path / "curve.csv").write_text(
        "epoch,metric,folds,train_mean,train_std,validation_mean,validation_std\n1,loss,2,0.6,0.1,0.8,0.1\n"
    )

    found = list(curves(tmp_path))

    assert ("i1-f2/validation/loss", 0.85, 1) in found
    assert [point for point in found if point[0] in ("train/loss", "validation/loss")] == [
        ("train/loss", 0.6, 1),
        ("validation/loss", 0.8, 1),
    ]


def test_scores_are_named_by_what_they_are_and_those_without_a_value_are_left_out() -> None:
    score = {"mean": 0.9, "std": None, "low": 0.8, "high": 1.0, "n": 1, "per_fold": [[0.9]]}
    record = {
        "scores": {
            "validation": {"accuracy": score},
            "selected": {"accuracy": {**score, "mean": None, "epoch": 2}},
            "baselines": {"majority": {"accuracy": 0.6}, "linear": {"accuracy": None}},
            "test": {"accuracy": {"mean": 0.7}},
        }
    }

    assert dict(scores(record)) == {
        "score.accuracy": 0.9,
        "score.accuracy.low": 0.8,
        "score.accuracy.high": 1.0,
        "selected.accuracy.low": 0.8,
        "selected.accuracy.high": 1.0,
        "test.accuracy": 0.7,
        "baseline.majority.accuracy": 0.6,
    }
    assert list(scores({})) == []


@pytest.mark.parametrize(
    "text", ["", "iteration,fold\n1,1\n", HISTORY + "1,1,one,loss,1,1\n", HISTORY + "1,1,1,loss,much,1\n",
             HISTORY + "1,1,1\n", HISTORY + '1,1,1,"loss', HISTORY + f"1,1,{10**20},loss,1,1\n"],
)  # fmt: skip
def test_a_damaged_history_is_an_error_of_ours(tmp_path: Path, text: str) -> None:
    (tmp_path / "history.csv").write_text(text)

    with pytest.raises(RunFolderError, match=r"history\.csv is damaged"):
        history_points(tmp_path)


def test_a_table_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"curve\.csv is missing"):
        curve_points(tmp_path)
