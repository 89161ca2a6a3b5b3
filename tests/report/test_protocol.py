"""The protocol in words: its name, and by what rule rows went to one side or the other."""

from __future__ import annotations

from typing import Any

import pytest

from dlrun.report import render_headline
from dlrun.report.protocol import protocol_label, protocol_name


def headline(record: dict[str, Any]) -> list[str]:
    """The items of the last line."""
    return render_headline(record, 300).splitlines()[-1].split("   ")


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("holdout", 1, 1), "hold-out"),
        (("kfold", 4, 1), "4-fold"),
        (("kfold",), "K-fold"),
        (("iterated_kfold", 4, 3), "3 × 4-fold"),
        (("iterated_kfold", None, 3), "iterated K-fold"),
        (("bootstrap", 4), "bootstrap"),
        ((None,), ""),
        ((["kfold"], "4"), ""),
    ],
)
def test_a_protocol_is_named_with_its_counts(arguments: tuple[Any, ...], name: str) -> None:
    assert protocol_name(*arguments) == name


def test_folds_that_nobody_counted_are_counted() -> None:
    folds = [{"iteration": 1, "fold": fold} for fold in (1, 2, 3)]

    assert protocol_label({"protocol": {"name": "kfold"}, "splits": {"folds": folds}}) == "3-fold"


def test_nothing_is_said_of_rules_that_do_not_hold(boston: dict[str, Any]) -> None:
    boston["protocol"] |= {"stratified": False, "group": None, "time": None, "gap": None, "duplicates": "together"}

    assert headline(boston) == ["4-fold  100 epochs, batch 1", "test 102 rows", "keras engine"]


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        ({"stratified": True}, "stratified"),
        ({"group": "patient"}, "groups by patient"),
        ({"time": "date", "gap": 3}, "forward chaining by date, gap 3"),
        ({"time": True, "gap": 0}, "forward chaining"),
        ({"time": True, "name": "holdout"}, "in the order of time"),
    ],
)
def test_each_rule_is_an_item(boston: dict[str, Any], protocol: dict[str, Any], words: str) -> None:
    boston["protocol"] |= protocol

    assert words in headline(boston)


@pytest.mark.parametrize(
    ("rule", "duplicates", "dropped", "repeated", "words"),
    [
        ("together", 7, 0, 0, "duplicates kept together"),
        ("drop", 7, 7, 0, "7 duplicates dropped"),
        ("drop", 1, 1, 0, "1 duplicate dropped"),
        ("allow", 7, 0, 3, "12 validation rows also stood in training"),
    ],
)
def test_repeated_rows_are_told_with_what_was_done(
    boston: dict[str, Any], rule: str, duplicates: int, dropped: int, repeated: int, words: str
) -> None:
    boston["protocol"]["duplicates"] = rule
    boston["data"]["duplicates"] = duplicates
    boston["splits"]["dropped"] = dropped
    for fold in boston["splits"]["folds"]:
        fold["repeated"] = repeated

    assert words in headline(boston)


def test_a_hold_out_run_counts_all_of_its_parts_and_a_k_fold_run_the_test_rows(
    imdb: dict[str, Any], boston: dict[str, Any]
) -> None:
    imdb["protocol"] |= {"train": 900, "monitor": 50, "validation": 50, "test": 0}

    assert "train 900, early stopping 50, validation 50 rows" in headline(imdb)
    assert "test 102 rows" in headline(boston)


@pytest.mark.parametrize(
    ("lanes", "iterations", "words"),
    [
        (None, 1, "compiled engine"),
        (1, 1, "compiled engine"),
        (4, 1, "compiled engine: 4 folds in one program"),
        (8, 1, "compiled engine: 4 folds in one program"),
        (10, 5, "compiled engine: 10 of 20 folds at a time in one program"),
    ],
)
def test_the_engine_is_named_with_the_folds_that_share_a_program(
    boston: dict[str, Any], lanes: int | None, iterations: int, words: str
) -> None:
    boston["protocol"] |= {"iterations": iterations}
    boston["engine"] = {"name": "compiled", "why": "small", "program": "vectorized", "lanes": lanes}

    assert headline(boston)[-1] == words
