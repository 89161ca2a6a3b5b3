"""The text of a run: the agreed form, whatever is missing, on any terminal."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrun.report import render_headline, render_record, render_result

THIN = "\N{NARROW NO-BREAK SPACE}"
IMDB_TEXT = """\
imdb      25 000 rows × 10 000 columns, binary   123 duplicates, no missing values   seed 0
          Dense 16 → Dense 16 → Dense 1   160 305 parameters   rmsprop 0.001, binary_crossentropy
hold-out  20 epochs, batch 512   train 15 000, validation 10 000, test 25 000 rows   keras engine

  accuracy  0.872   (95 % 0.865–0.879)      baseline: majority 0.500
  roc_auc   0.940   (95 % 0.935–0.945)
  selected  accuracy 0.889 at epoch 4 (chosen on these validation rows, so it flatters)
  curve     lowest validation loss at epoch 4; overfitting after it (0.28 → 0.55)
  test      not touched (0 looks so far)

runs/imdb-20261122-173000-7f3a      next: dlrun test imdb-20261122-173000-7f3a
"""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)

PARTS = [
    "data",
    "model",
    "protocol",
    "training",
    "scores",
    "diagnosis",
    "run",
    "name",
    "task",
    "seed",
    "engine",
    "primary",
    "warnings",
    "failure",
    "failures",
    "splits",
    "comparisons",
    "looks",
    "test",
    "retrained",
    "status",
]
WHOLE: dict[str, Any] = {
    "primary": "accuracy",
    "protocol": {"name": "holdout", "train": 10},
    "scores": {"validation": {"accuracy": {"mean": 0.5}}, "selected": {}, "baselines": {}},
}


def line_of(text: str, label: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    return next(line for line in lines if line.startswith(f"{label} ")).removeprefix(label).strip()


def test_a_hold_out_run_reads_as_agreed(imdb: dict[str, Any]) -> None:
    text = f"{render_headline(imdb)}\n\n{render_result(imdb)}\n"

    assert text.replace(THIN, " ") == IMDB_TEXT


def test_a_whole_record_is_the_same_without_a_next_step(imdb: dict[str, Any]) -> None:
    text = render_record(imdb)

    assert text.replace(THIN, " ") == IMDB_TEXT.removesuffix("      next: dlrun test imdb-20261122-173000-7f3a\n")


def test_thousands_are_apart_by_a_space_that_does_not_break(imdb: dict[str, Any]) -> None:
    text = render_record(imdb)

    assert f"25{THIN}000 rows" in text
    assert f"160{THIN}305 parameters" in text
    assert not re.search(r"\d \d{3}\b", text)


def test_an_ascii_stream_gets_ascii(imdb: dict[str, Any]) -> None:
    imdb["name"] = "naïve"

    text = render_record(imdb, unicode=False)

    assert text.isascii()
    assert "25 000 rows x 10 000 columns" in text
    assert "Dense 16 -> Dense 16 -> Dense 1" in text
    assert "(95 % 0.865-0.879)" in text
    assert text.startswith(r"na\xefve")


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("width", [60, 72, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_broken(
    imdb: dict[str, Any], width: int, unicode: bool
) -> None:
    imdb["model"]["outline"] = " → ".join(["Dense 16"] * 30)

    text = render_headline(imdb, width, unicode) + "\n" + render_result(imdb, width, unicode)

    assert max(len(line) for line in text.splitlines()) <= width
    unbroken = [line.strip() for line in text.replace(THIN, " ").splitlines()]
    for number in ("25 000", "10 000", "160 305", "15 000"):
        assert any(number in line for line in unbroken)


def test_items_go_whole_to_the_next_line_under_the_first_one(imdb: dict[str, Any]) -> None:
    lines = render_record(imdb, 60).replace(THIN, " ").splitlines()

    assert lines[:2] == [
        "imdb      25 000 rows × 10 000 columns, binary",
        "          123 duplicates, no missing values   seed 0",
    ]


def test_the_primary_metric_comes_first_and_the_loss_only_where_it_is_primary(imdb: dict[str, Any]) -> None:
    text = render_record(imdb)
    imdb["primary"] = "loss"
    with_loss = render_record(imdb)

    assert text.index("\n  accuracy") < text.index("\n  roc_auc")
    assert "\n  loss" not in text
    assert with_loss.index("\n  loss ") < with_loss.index("\n  roc_auc")


@pytest.mark.parametrize(
    ("score", "words"),
    [
        ({"mean": 0.9996, "low": 0.9991, "high": 0.9999}, "0.9996   (95 % 0.9991–0.9999)"),
        ({"mean": 0.9643, "low": 0.8929, "high": 1.0}, "0.964   (95 % 0.893–1.000)"),
        ({"mean": 1.0}, "1.000"),
        ({"mean": 0.0, "low": 0.0, "high": 0.0}, "0.000   (95 % 0.000–0.000)"),
        ({"mean": 0.1, "low": -0.25, "high": 0.45}, "0.100   (95 % -0.250 to 0.450)"),
        ({"mean": 12345.6, "low": 9876.5, "high": 23456.7}, "12 346   (95 % 9 876–23 457)"),
        ({"mean": 0.01234}, "0.0123"),
        ({"mean": 3.2e-7}, "3.20e-07"),
        ({"mean": 3e12}, "3.00e+12"),
        ({"mean": None}, "n/a"),
        ({"mean": float("nan"), "low": float("nan"), "high": float("inf")}, "n/a   (95 % n/a–inf)"),
    ],
)
def test_numbers_have_the_digits_that_mean_something(score: dict[str, Any], words: str) -> None:
    text = render_record({"scores": {"validation": {"m": score}}}).replace(THIN, " ")

    assert line_of(text, "m") == words


@pytest.mark.parametrize(
    ("duplicates", "missing", "words"),
    [(0, 0, "no duplicates, no missing values"), (1, 1, "1 duplicate, 1 missing value"), (None, 5, "5 missing values")],
)
def test_flaws_of_the_data_are_counted(imdb: dict[str, Any], duplicates: int | None, missing: int, words: str) -> None:
    imdb["data"] |= {"duplicates": duplicates, "missing": missing}

    assert f"   {words}   seed" in render_record(imdb)


def test_counts_in_the_words_for_the_data_get_their_thousands_apart(imdb: dict[str, Any]) -> None:
    imdb["data"]["input_words"] = "1234567 rows × 28 × 28"

    assert line_of(render_record(imdb).replace(THIN, " "), "imdb").startswith("1 234 567 rows × 28 × 28, binary")


def test_a_run_that_stopped_early_says_after_how_many_epochs(imdb: dict[str, Any]) -> None:
    imdb["training"] |= {"epochs_trained": [7], "stopped_early": True}

    assert line_of(render_record(imdb), "hold-out").startswith("7 of 20 epochs, batch 512")


@pytest.mark.parametrize("power", ["beats majority by 0.300", "does not beat majority: it is worse by 0.100"])
def test_a_model_is_told_whether_it_has_statistical_power(imdb: dict[str, Any], power: str) -> None:
    imdb["diagnosis"]["power"] = power

    assert render_record(imdb).count(f"  power     {power}") == 1


def test_a_failed_run_says_why_and_a_warning_is_shown(imdb: dict[str, Any]) -> None:
    record = {**imdb, "status": "failed", "scores": {}, "failure": "the loss became NaN", "warnings": ["a bottleneck"]}
    record |= {"failures": [{"iteration": 1, "fold": 1, "reason": "the loss became NaN"}]}

    text = render_record(record)

    assert line_of(text, "failed") == "the loss became NaN"
    assert line_of(text, "warning") == "a bottleneck"
    assert "test" not in text.split("\n\n", 1)[1]
    assert text.endswith("\nruns/imdb-20261122-173000-7f3a")


def test_control_characters_of_any_string_are_escaped(imdb: dict[str, Any]) -> None:
    evil = "\x1b[2J\r\n\t\x00\u202e\u2028\x9b"

    def poison(value: Any) -> Any:
        if isinstance(value, dict):
            return {key if key in imdb or key in known else key + evil: poison(item) for key, item in value.items()}
        return value + evil if isinstance(value, str) and value not in ("accuracy", "holdout") else value

    known = {key for part in imdb.values() if isinstance(part, dict) for key in part} | {"mean", "low", "high", "epoch"}
    text = render_record({**poison(imdb), "warnings": [evil]}, width=500)

    assert all(character.isprintable() or character in f"\n{THIN}" for character in text)
    assert r"imdb\x1b[2J\r\n\t\x00\u202e\u2028\x9b" in text


def test_a_long_name_gets_a_line_of_its_own(imdb: dict[str, Any]) -> None:
    imdb["name"] = "a-name-of-" + "x" * 54

    lines = render_record(imdb).splitlines()

    assert lines[0] == imdb["name"]
    assert lines[1].startswith("          25")


@given(part=st.sampled_from(PARTS), value=JSON)
def test_a_record_edited_by_hand_never_breaks_the_reader(part: str, value: Any) -> None:
    record = copy.deepcopy(WHOLE)
    record[part] = value

    assert render_record(record, 60).splitlines()


@given(value=JSON, section=st.sampled_from(["validation", "selected", "baselines", "test"]))
def test_scores_edited_by_hand_never_break_the_reader(value: Any, section: str) -> None:
    record = copy.deepcopy(WHOLE)
    record["scores"][section] = {"accuracy": value, "mae": {"mean": value, "low": value, "per_fold": value}}

    assert render_record(record, 60, unicode=False).isascii()
