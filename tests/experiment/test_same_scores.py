"""The scores of two records: what differs of which, by how much, and what cannot be compared."""

from __future__ import annotations

import copy
from typing import Any

from dlrun.experiment.same_scores import ScoreVerdict, compare_scores, differing_results

RECORD: dict[str, Any] = {
    "primary": "mae",
    "training": {"epochs": 3, "best_epoch": [2, 3]},
    "failures": [],
    "scores": {
        "validation": {"mae": {"mean": 2.5, "low": 2.0, "high": 3.0, "per_fold": [[2.25, 2.75]]}},
        "selected": {"mae": {"mean": 2.25, "epoch": 2}},
        "baselines": {"median": {"mae": 6.5}, "linear": {"mae": 3.5}},
    },
}


def changed(*keys: Any, to: Any) -> dict[str, Any]:
    record = copy.deepcopy(RECORD)
    inner: Any = record
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = to
    return record


def test_equal_records_have_equal_scores() -> None:
    found = compare_scores(RECORD, copy.deepcopy(RECORD))

    assert list(found) == ["validation.mae", "selected.mae", "baselines.median.mae", "baselines.linear.mae"]
    assert {verdict.same for verdict in found.values()} == {True}
    assert found["validation.mae"] == ScoreVerdict(True, 2.5, 2.5, 0.0)
    assert differing_results(RECORD, copy.deepcopy(RECORD)) == ()


def test_a_mean_that_differs_has_a_difference_and_a_fold_alone_is_named() -> None:
    mean = compare_scores(RECORD, changed("scores", "validation", "mae", "mean", to=2.75))["validation.mae"]
    fold = compare_scores(RECORD, changed("scores", "validation", "mae", "per_fold", to=[[2.25, 2.5]]))[
        "validation.mae"
    ]
    baseline = compare_scores(RECORD, changed("scores", "baselines", "linear", "mae", to=3.25))

    assert mean == ScoreVerdict(False, 2.5, 2.75, 0.25, ("mean",))
    assert fold == ScoreVerdict(False, 2.5, 2.5, 0.0, ("per_fold",))
    assert baseline["baselines.linear.mae"] == ScoreVerdict(False, 3.5, 3.25, -0.25, ("mean",))


def test_a_mean_that_does_not_exist_has_no_difference() -> None:
    gone = changed("scores", "validation", "mae", "mean", to=None)

    assert compare_scores(RECORD, gone)["validation.mae"] == ScoreVerdict(False, 2.5, None, None, ("mean",))
    assert compare_scores(gone, gone)["validation.mae"].same


def test_what_the_first_record_lacks_is_not_compared_and_what_the_second_lacks_differs() -> None:
    less = changed("scores", "baselines", to={"median": {"mae": 6.5}})

    assert compare_scores(less, RECORD)["baselines.linear.mae"].same is None
    assert compare_scores(RECORD, less)["baselines.linear.mae"].same is False
    assert compare_scores({}, RECORD)["validation.mae"].same is None


def test_scores_of_test_rows_are_left_out() -> None:
    assert list(compare_scores(changed("scores", "test", to={"mae": {"mean": 2.0}}), RECORD)) == list(
        compare_scores(RECORD, RECORD)
    )


def test_other_parts_that_differ_are_named() -> None:
    failed = changed("failures", to=[{"iteration": 1, "fold": 2, "reason": "the loss became NaN"}])
    sooner = changed("training", "best_epoch", to=[2, 2])

    assert differing_results(failed, RECORD) == ("failures",)
    assert differing_results(RECORD, failed) == ("failures",)
    assert differing_results(RECORD, sooner) == ("training",)


def test_a_part_that_the_first_record_lacks_or_has_less_of_is_not_compared() -> None:
    older = {key: value for key, value in RECORD.items() if key != "training"}

    assert differing_results(older, RECORD) == ()
    assert differing_results(changed("training", to={"epochs": 3}), RECORD) == ()
