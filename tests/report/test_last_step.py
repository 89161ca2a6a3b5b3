"""The test rows in words, and the command that comes next."""

from __future__ import annotations

from typing import Any

import pytest

from dlrun.report import render_result

TESTED = {
    "scores": {"mae": {"mean": 2.51, "std": None, "low": 2.02, "high": 3.14}},
    "test": {"epochs": 61, "rule": "the best epoch of the mean curve", "rows": 102, "trained_on": 404},
}


def with_test(record: dict[str, Any], **scores: Any) -> dict[str, Any]:
    record["scores"]["test"] = {**TESTED["scores"], **scores}
    return record | {"test": TESTED["test"], "looks": {"count": 1, "shared": 102, "runs": [record["run"][5:]]}}


def said(record: dict[str, Any]) -> list[str]:
    """What is said from the line of the test on."""
    lines = [line.strip() for line in render_result(record, 200).split("\n\n")[0].splitlines()]
    at = next(at for at, line in enumerate(lines) if line.startswith("test "))
    return [lines[at].removeprefix("test").strip(), *lines[at + 1 :]]


@pytest.mark.parametrize(
    ("looks", "words"),
    [
        ({"count": 0, "shared": 0, "runs": []}, "not touched (0 looks so far)"),
        (None, "not touched"),
        ({"count": 1, "shared": 102, "runs": ["a"]}, "not touched by this run; these rows were looked at once (a)"),
        (
            {"count": 2, "shared": 40, "runs": ["a", "b"]},
            "not touched by this run; 40 of these 102 rows were looked at 2 times (a, b)",
        ),
        (
            {"count": 6, "shared": 1, "runs": ["a", "b", "c", "d", "e", "a"]},
            "not touched by this run; 1 of these 102 rows was looked at 6 times (a, b, c and 2 more)",
        ),
    ],
)
def test_rows_that_were_not_touched_say_how_often_others_looked(boston: dict[str, Any], looks: Any, words: str) -> None:
    boston["looks"] = looks

    assert said(boston) == [words]


def test_a_run_without_test_rows_says_so(imdb: dict[str, Any]) -> None:
    imdb["protocol"]["test"] = 0

    assert said(imdb) == ["no rows were set aside"]
    assert "validation 10" in render_result(imdb) or render_result(imdb).endswith(
        "dlrun show imdb-20261122-173000-7f3a"
    )


def test_a_test_is_told_with_its_interval_and_how_the_model_came_about(boston: dict[str, Any]) -> None:
    assert said(with_test(boston)) == [
        "mae 2.51   (95 % 2.02–3.14)",
        "trained on 404 rows for 61 epochs (the best epoch of the mean curve)",
    ]


def test_the_baselines_stand_beside_the_test_score_too(boston: dict[str, Any]) -> None:
    tested = with_test(boston)
    tested["test"] = {
        **tested["test"],
        "baselines": {"mean": {"mae": 6.7}, "median": {"mae": 6.53}, "linear": {"mae": 3.38}},
        "comparisons": {"mean": {"difference": 4.2}, "median": {"difference": 4.0}},
    }

    assert said(tested)[0] == "mae 2.51   (95 % 2.02–3.14)   baselines: median 6.53, linear 3.38"


def test_several_metrics_have_a_line_each_and_the_loss_none(boston: dict[str, Any]) -> None:
    record = with_test(boston, loss={"mean": 12.0}, r2={"mean": 0.81, "low": 0.7, "high": 0.9})

    assert said(record) == [
        "mae 2.51   (95 % 2.02–3.14)",
        "r2 0.810   (95 % 0.700–0.900)",
        "trained on 404 rows for 61 epochs (the best epoch of the mean curve)",
    ]


def test_a_test_on_rows_that_others_looked_at_says_so(boston: dict[str, Any]) -> None:
    record = with_test(boston)
    record["looks"] |= {"count": 3, "runs": ["other-1", "other-2", "boston-20261122-173000-7f3a"]}

    assert said(record)[-1] == "these rows were looked at 3 times in all (other-1, other-2)"


def test_a_model_of_all_rows_is_told_beside_the_test(boston: dict[str, Any]) -> None:
    boston["retrained"] = {"epochs": 1, "rule": "as asked", "trained_on": 1506}

    assert (
        said(boston)[-1]
        == "retrained  trained on 1\N{NARROW NO-BREAK SPACE}506 rows for 1 epoch (as asked); nothing is scored"
    )


@pytest.mark.parametrize(
    ("run", "command"),
    [
        ("runs/boston-1", "dlrun test boston-1"),
        ("elsewhere/boston-1", "dlrun test elsewhere/boston-1"),
        ("/tmp/my runs/boston-1", "dlrun test '/tmp/my runs/boston-1'"),
        ("boston-1", "dlrun test boston-1"),
    ],
)
def test_the_next_command_can_be_typed_as_it_is(boston: dict[str, Any], run: str, command: str) -> None:
    assert render_result(boston | {"run": run}).endswith(f"next: {command}")


def test_what_was_tested_or_is_not_whole_is_shown_next(boston: dict[str, Any]) -> None:
    for record in (boston | {"status": "partial"}, boston | {"protocol": {"test": 0}}, with_test(boston)):
        assert render_result(record).endswith("next: dlrun show boston-20261122-173000-7f3a")


def test_a_caller_may_name_another_next_step(boston: dict[str, Any]) -> None:
    assert render_result(boston, next_step="dlrun runs").endswith("      next: dlrun runs")
