"""K-fold runs as text: the agreed form, failed folds, many folds, narrow terminals."""

from __future__ import annotations

from typing import Any

import pytest

from dlrun.report import render_headline, render_record, render_result
from dlrun.report.glyphs import columns

THIN = "\N{NARROW NO-BREAK SPACE}"
BOSTON_TEXT = """\
boston  404 rows × 13 features, regression   no duplicates, no missing values   seed 0
        Dense 64 → Dense 64 → Dense 1   5 121 parameters   rmsprop 0.001, mse
4-fold  100 epochs, batch 1   test 102 rows   keras engine

  fold      mae    r2      best epoch   rows
  1         2.07   0.900   62           101
  2         2.31   0.880   48           101
  3         2.45   0.860   71           101
  4         2.69   0.840   55           101
  mae       2.38 ± 0.25     (95 % 1.77–2.99)      baselines: median 6.53, linear 3.38
  r2        0.870 ± 0.020   (95 % 0.830–0.910)
  power     beats always predicting the training median by 4.15 mae
  linear    better than a linear model by 1.00 mae
  selected  mae 2.31 ± 0.21 at epoch 61 (chosen on these validation rows, so it flatters)
  curve     lowest average at epoch 61; overfitting after it (2.31 → 2.38)
  advice    set training.epochs to 61
  test      not touched (0 looks so far)

runs/boston-20261122-173000-7f3a      next: dlrun test boston-20261122-173000-7f3a
"""


def rows_of(text: str) -> list[str]:
    """The lines of the block that is set in."""
    return [line.strip() for line in text.replace(THIN, " ").splitlines() if line.startswith("  ") and line.strip()]


def iterated(record: dict[str, Any], iterations: int, k: int) -> dict[str, Any]:
    """Turn a record into one of iterated K-fold; fold f of iteration i scores 1 + i / 10 + f / 100."""
    places = [(at, fold) for at in range(1, iterations + 1) for fold in range(1, k + 1)]
    name = "iterated_kfold" if iterations > 1 else "kfold"
    record["protocol"] |= {"name": name, "k": k, "iterations": iterations}
    record["splits"]["folds"] = [
        {"iteration": at, "fold": fold, "train": 303, "validation": 101} for at, fold in places
    ]
    record["training"]["best_epoch"] = [10 * at + fold for at, fold in places]
    per_fold = [[1 + at / 10 + fold / 100 for fold in range(1, k + 1)] for at in range(1, iterations + 1)]
    record["scores"]["validation"] = {"mae": {"mean": 2.0, "std": 0.8, "low": 1.2, "high": 2.8, "per_fold": per_fold}}
    return record


def fail(record: dict[str, Any], *places: tuple[int, int]) -> dict[str, Any]:
    record |= {"status": "partial"}
    record["failures"] = [{"iteration": at, "fold": fold, "reason": "the loss became NaN"} for at, fold in places]
    for score in record["scores"]["validation"].values():
        score |= {"mean": None, "std": None, "low": None, "high": None}
        for at, fold in places:
            score["per_fold"][at - 1][fold - 1] = None
    return record


def test_a_k_fold_run_reads_as_agreed(boston: dict[str, Any]) -> None:
    text = f"{render_headline(boston)}\n\n{render_result(boston)}\n"

    assert text.replace(THIN, " ") == BOSTON_TEXT


def test_the_whole_record_is_the_same_without_the_next_step(boston: dict[str, Any]) -> None:
    assert render_record(boston).replace(THIN, " ") == BOSTON_TEXT.partition("      next:")[0]


def test_a_record_without_the_facts_of_its_folds_still_has_their_scores(boston: dict[str, Any]) -> None:
    for key in ("splits", "training", "comparisons", "looks", "failures", "protocol", "status"):
        del boston[key]

    rows = rows_of(render_result(boston))

    assert [row.split()[:2] for row in rows[:3]] == [["fold", "mae"], ["1", "2.07"], ["2", "2.31"]]


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(boston: dict[str, Any], width: int, unicode: bool) -> None:
    boston["run"] = "runs/b-1"
    records = [boston, fail(iterated(dict(boston) | {"scores": {}}, 1, 1), (1, 1))]

    for record in records:
        text = render_headline(record, width, unicode) + "\n" + render_result(record, width, unicode)

        assert max(columns(line) for line in text.splitlines()) <= width
        assert text.isascii() or unicode


def test_a_narrow_table_gives_up_other_metrics_first_and_keeps_scores_and_best_epochs(boston: dict[str, Any]) -> None:
    header = {width: rows_of(render_result(boston, width))[0].split() for width in (30, 40, 60)}

    assert header[60] == ["fold", "mae", "r2", "best", "epoch", "rows"]
    assert header[40] == ["fold", "mae", "best", "epoch", "rows"]
    assert header[30] == ["fold", "mae", "best", "epoch"]


def test_values_of_different_length_stand_with_their_last_digits_under_each_other(boston: dict[str, Any]) -> None:
    boston["scores"]["validation"] = {"mae": {"mean": 10.05, "std": 0.9, "per_fold": [[9.5, 10.4, 9.9, 10.4]]}}

    rows = render_result(boston).splitlines()[1:5]

    assert [row[12:16] for row in rows] == [" 9.5", "10.4", " 9.9", "10.4"]


def test_rows_that_grow_from_fold_to_fold_are_shown_with_what_was_trained_on(boston: dict[str, Any]) -> None:
    for fold, split in enumerate(boston["splits"]["folds"], 1):
        split |= {"train": 80 * fold, "validation": 80}

    rows = rows_of(render_result(boston))

    assert rows[0].endswith("rows   trained on")
    assert [row.split()[-2:] for row in rows[1:5]] == [["80", "80"], ["80", "160"], ["80", "240"], ["80", "320"]]


def test_a_failed_fold_is_a_row_and_no_mean_is_printed(boston: dict[str, Any]) -> None:
    text = render_result(fail(boston, (1, 3)))

    rows = rows_of(text)
    assert rows[3] == "3       failed: the loss became NaN"
    assert rows[4].split() == ["4", "2.69", "0.840", "55", "101"]
    assert "mae     no mean: fold 3 of 4 failed" in rows
    assert "±" not in text
    assert "baseline" not in text
    assert "selected" not in text
    assert "\npartial  fold 3 of 4 failed; the other folds are done\n" in text
    assert text.endswith("next: dlrun show boston-20261122-173000-7f3a")


@pytest.mark.parametrize(
    ("iterations", "k", "failed", "words"),
    [
        (1, 4, [(1, 1), (1, 3)], "folds 1 and 3 of 4 failed"),
        (3, 4, [(2, 3)], "fold 3 of iteration 2 failed"),
        (1, 200, [(1, fold) for fold in range(1, 11)], "10 of 200 folds failed"),
    ],
)
def test_what_failed_is_counted_or_named(
    boston: dict[str, Any], iterations: int, k: int, failed: list[tuple[int, int]], words: str
) -> None:
    record = fail(iterated(boston, iterations, k), *failed)

    assert any(row.endswith(f"no mean: {words}") for row in rows_of(render_result(record, 200)))


def test_iterations_are_told_apart(boston: dict[str, Any]) -> None:
    record = iterated(boston, 3, 4)

    rows = [row.split() for row in rows_of(render_result(record))]

    assert rows[0] == ["iteration", "fold", "mae", "best", "epoch", "rows"]
    assert rows[1] == ["1", "1", "1.11", "11", "101"]
    assert rows[12] == ["3", "4", "1.34", "34", "101"]
    assert render_headline(record).splitlines()[-1].startswith("3 × 4-fold  100 epochs")


def test_of_many_fits_the_iterations_are_shown_by_their_means(boston: dict[str, Any]) -> None:
    record = fail(iterated(boston, 10, 9), (2, 3))

    rows = rows_of(render_result(record, 120))

    assert rows[0].split() == ["iteration", "mae", "lowest", "fold", "highest", "fold"]
    assert rows[1].split() == ["1", "1.15", "1.11", "1.19"]
    assert rows[2] == "2          no mean: a fold failed"
    assert rows[11] == "means over the folds of an iteration; record.json has all 90 folds"
    assert rows[12].split(maxsplit=1) == ["failed", "iteration 2 fold 3: the loss became NaN"]


def test_hundreds_of_folds_are_told_by_their_range(boston: dict[str, Any]) -> None:
    rows = rows_of(render_result(iterated(boston, 1, 201)))

    assert rows[0].split(maxsplit=1) == ["folds", "201: mae 1.11 to 3.11, median 2.11; record.json has each"]
    assert rows[1].startswith("mae")


def test_only_some_of_many_failed_folds_are_named(boston: dict[str, Any]) -> None:
    record = fail(iterated(boston, 1, 200), *((1, fold) for fold in range(1, 13)))

    rows = [row for row in rows_of(render_result(record)) if row.startswith("failed")]

    assert len(rows) == 6
    assert rows[-1].split(maxsplit=1)[1] == "and 7 more: see record.json"


def test_a_run_of_which_all_folds_failed_says_why_of_each(boston: dict[str, Any]) -> None:
    record = fail(boston, (1, 1), (1, 2), (1, 3), (1, 4)) | {"status": "failed", "scores": {}, "failure": "NaN"}

    rows = rows_of(render_result(record))

    assert [row.split(maxsplit=1)[1] for row in rows if row[0].isdigit()] == ["failed: the loss became NaN"] * 4


def test_early_stops_are_counted_without_the_folds_that_failed(boston: dict[str, Any]) -> None:
    boston["training"] |= {"stopped_early": True, "epochs_trained": [34, 100, 7, 61], "final_epoch": [31, 90, 7, 58]}

    whole = rows_of(render_result(boston, 200))
    partial = rows_of(render_result(fail(boston, (1, 3)), 200))

    assert (
        "stopped   early in 3 of 4 folds, after epoch 7 to 100 of 100; these are the weights of epochs 7 to 90" in whole
    )
    assert any("early in 2 of 3 folds, after epoch 34 to 100 of 100" in row for row in partial)


def test_where_several_naive_baselines_are_compared_the_strongest_is_shown(boston: dict[str, Any]) -> None:
    boston["comparisons"]["mean"]["difference"] = 4.0

    assert "baselines: mean 6.63, linear 3.38" in render_result(boston)


def test_without_comparisons_every_baseline_is_shown(boston: dict[str, Any]) -> None:
    del boston["comparisons"]

    assert "baselines: mean 6.63, median 6.53, linear 3.38" in render_result(boston)


def test_a_run_that_waits_for_other_folds_says_how_many_are_done(boston: dict[str, Any]) -> None:
    del boston["scores"]
    boston["status"] = "waiting (3 of 4 folds)"

    text = render_result(boston)

    assert "\nwaiting  3 of 4 folds done; the last one completes this run\n" in f"\n{text}"
