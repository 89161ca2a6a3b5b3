"""The verdict on a rerun in words: the same in two lines, or what differs, where, and what could be the reason."""

from __future__ import annotations

from typing import Any

import pytest

from dlrun.report.verification import render_verification

SAME_SCORE = {"same": True, "before": 2.5, "after": 2.5, "difference": 0.0, "parts": []}
IDENTICAL: dict[str, Any] = {
    "first": "boston-1",
    "identical": True,
    "status": {"before": "done", "after": "done"},
    "scores": {"validation.mae": SAME_SCORE},
    "files": {
        "history.csv": {"same": True},
        "folds/i1-f1/weights.npz": {"same": True},
        "folds/i1-f2/weights.npz": {"same": True},
    },
    "results": [],
    "environment": {},
    "data": {"same": True, "values": True, "files": []},
    "splits": True,
    "spec": {"same": True, "edited": False, "edits": [], "completed": []},
    "unknown": [],
    "notes": [],
}


def pair(place: str, before: Any, after: Any, difference: float | None = None) -> dict[str, Any]:
    return {"place": place, "before": before, "after": after, "difference": difference}


def differs(first: dict[str, Any], largest: dict[str, Any], differing: int = 3, values: int = 1234) -> dict[str, Any]:
    return {
        "same": False,
        "why": None,
        "values": values,
        "differing": differing,
        "missing": 0,
        "first": first,
        "largest": largest,
    }


def written(width: int = 100, unicode: bool = True, **changes: Any) -> str:
    return render_verification({**IDENTICAL, **changes}, width=width, unicode=unicode)


def line(text: str, label: str) -> str:
    """The words behind a label, with their breaks undone."""
    _, _, rest = f"\n{text}\n".partition(f"\n{label}  ")
    body = rest.split("\n")
    kept = [body[0], *(row for row in _until_label(body[1:]))]
    return " ".join(" ".join(kept).split())


def _until_label(rows: list[str]) -> list[str]:
    found = []
    for row in rows:
        if not row.startswith(" "):
            break
        found.append(row)
    return found


def test_a_run_that_came_out_the_same_is_two_lines() -> None:
    assert written() == "rerun  bit-identical with boston-1\nsame   scores, history.csv, weights.npz of 2 folds"


def test_scores_that_differ_are_told_with_the_difference() -> None:
    scores = {
        "validation.mae": {"same": False, "before": 2.5, "after": 2.75, "difference": 0.25, "parts": ["mean", "low"]},
        "validation.loss": {"same": False, "before": 9.0, "after": 9.0, "difference": 0.0, "parts": ["low"]},
        "baselines.linear.mae": {"same": False, "before": 3.5, "after": None, "difference": None, "parts": ["mean"]},
    }

    text = written(identical=False, scores=scores)

    assert text.startswith("rerun   not bit-identical with boston-1\n")
    assert line(text, "scores") == (
        "validation mae 2.50 → 2.75 (+0.250) mae of linear 3.5 → nothing"
        " the same mean, but other bits around it: validation loss"
    )


def test_of_many_scores_some_are_named() -> None:
    moved = {"same": False, "before": 1.0, "after": 2.0, "difference": 1.0, "parts": ["mean"]}

    text = written(identical=False, scores={f"validation.m{number}": moved for number in range(11)})

    assert "validation m7 " in text
    assert "validation m8 " not in text
    assert "and 3 more scores" in text


def test_scores_that_look_alike_in_three_digits_are_written_in_full() -> None:
    scores = {
        "validation.mae": {**SAME_SCORE, "same": False, "after": 2.5000001, "difference": 1e-7, "parts": ["mean"]}
    }

    assert line(written(identical=False, scores=scores), "scores") == "validation mae 2.5 → 2.5000001 (+1.00e-07)"


def test_files_tell_how_many_values_differ_and_where() -> None:
    files = {
        "history.csv": differs(pair("fold 1, epoch 2, loss, train", 0.5, 0.625, 0.125), pair("fold 2", 0.5, 1.5, 1.0)),
        "folds/i1-f1/weights.npz": differs(pair("kernel[0]", 1.0, 1.5, 0.5), pair("kernel[0]", 1.0, 1.5, 0.5), 1, 10),
        "folds/i1-f2/weights.npz": differs(pair("bias[1]", 1.0, 1.25, 0.25), pair("bias[2]", 1.0, -1.0, -2.0), 2, 10),
        "folds/i1-f3/weights.npz": {"same": True},
        "splits.npz": differs(pair("test[3]", 17, 4), pair("test[3]", 17, 4), 1),
        "columns.csv": {**differs({}, {}), "why": "it was not written this time", "first": None, "largest": None},
    }

    text = written(identical=False, files=files)

    assert line(text, "history.csv") == (
        "3 of 1 234 values differ; the first: fold 1, epoch 2, loss, train; the largest: fold 2 0.50 → 1.50 (+1.000)"
    )
    assert line(text, "weights.npz") == (
        "in 2 folds: 3 of 20 values differ; the first: i1-f1 kernel[0]; the largest: i1-f2 bias[2] 1.000 → -1.000"
        " (-2.00)"
    )
    assert line(text, "splits.npz") == "1 of 1 234 values differ; test[3] 17 → 4"
    assert line(text, "columns.csv") == "it was not written this time"
    assert line(text, "same") == "scores, weights.npz of 1 fold"


def test_data_spec_and_splits_that_are_others_are_told() -> None:
    files = [
        {"kind": "changed", "path": "/d/a.csv", "before": "0" * 64, "after": "1" * 64, "moved_to": None},
        {"kind": "moved", "path": "/d/b.csv", "before": "2", "after": "2", "moved_to": "/e/b.csv"},
        {"kind": "gone", "path": "/d/c.csv"},
        {"kind": "new", "path": "/d/d.csv"},
    ]
    edits = [
        {"a_path": "optimiser.learning_rate", "b_path": "optimiser.learning_rate", "a": 0.001, "b": 0.01},
        {"a_path": None, "b_path": "layers.1.Dropout", "a": None, "b": 0.5},
    ]

    text = written(
        identical=False,
        splits=False,
        data={"same": False, "values": True, "files": files},
        spec={"same": False, "edited": True, "edits": edits, "completed": []},
    )

    assert line(text, "data") == (
        "/d/a.csv has another content (sha256 000000000000… then, 111111111111… now)"
        " /d/b.csv lies at /e/b.csv now, with the same content /d/c.csv is no longer read /d/d.csv was not read then"
        " the values that were loaded are the same all the same"
    )
    assert line(text, "spec") == (
        "spec.yaml was edited since: optimiser.learning_rate 0.001 → 0.01, layers.1.Dropout 0.5 is new"
    )
    assert line(text, "splits") == "other rows are held out than then"
    assert "reason" not in text


def test_versions_machine_variables_and_git_are_told_apart() -> None:
    environment = {
        "tensorflow": {"before": "2.20.0", "after": "2.21.0"},
        "pillow": {"before": None, "after": "12"},
        "cpu": {"before": "A", "after": "B"},
        "cpu_features": {"before": ["avx", "avx512f"], "after": ["avx", "fma"]},
        "variables.OMP_NUM_THREADS": {"before": "1", "after": None},
        "git.commit": {"before": "a" * 40, "after": "b" * 40},
    }

    text = written(environment=environment)

    assert line(text, "versions") == "tensorflow 2.20.0 → 2.21.0, pillow none → 12"
    assert line(text, "machine") == "CPU A → B, CPU features only then: avx512f, only now: fma"
    assert line(text, "variables") == "OMP_NUM_THREADS 1 → none"
    assert line(text, "git") == "commit aaaaaaaaaaaa → bbbbbbbbbbbb"


def test_where_nothing_on_record_explains_a_difference_that_is_said() -> None:
    text = written(identical=False, results=["failures", "training"], status={"before": "partial", "after": "done"})

    assert line(text, "reason").startswith(
        "none is on record: what is told of spec, data, splits, versions and machine is the same."
    )
    assert line(text, "record") == "what it says of failures, training differs"
    assert line(text, "status") == "partial → done"


def test_what_was_not_compared_is_said_with_the_reason() -> None:
    text = written(
        unknown=["cpu_features", "variables"],
        notes=["its test is not repeated"],
        files={"columns.csv": {"same": None, "why": "the first run has none"}},
        scores={"validation.mae": SAME_SCORE, "selected.mae": {**SAME_SCORE, "same": None}},
    )

    assert line(text, "unknown") == "the first run's record does not say: CPU features, variables"
    assert line(text, "not compared") == "its test is not repeated; the first run has no selected.mae, columns.csv"


@pytest.mark.parametrize("width", [20, 40, 100])
def test_hostile_names_stay_text_and_ascii_terminals_get_ascii(width: int) -> None:
    scores = {
        "validation.m\x1b[2J": {**SAME_SCORE, "same": False, "after": 2.75, "difference": 0.25, "parts": ["mean"]}
    }

    text = written(width, unicode=False, identical=False, first="a\x1b[31m\u202e", scores=scores)

    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert "2.50 -> 2.75" in " ".join(text.split())


def test_a_verdict_that_lacks_everything_is_written_too() -> None:
    assert render_verification({}).startswith("rerun   not bit-identical with")
