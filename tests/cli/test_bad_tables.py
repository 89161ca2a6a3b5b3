"""Tables that are not as one would wish, end to end: refused with a reason and a remedy, or taken and noted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Dlrun = Callable[..., Any]
ROWS = 40


def write(folder: Path, rows: list[str], more: str = "", header: str = "age,sex,y") -> str:
    (folder / "table.csv").write_text("\n".join([header, *rows]) + "\n")
    (folder / "spec.yaml").write_text(
        "dataset: {source: csv, path: table.csv, target: y}\n"
        + (more or "preprocessing: [one_hot, normalise]\n")
        + "layers: [Dense: 4]\ntraining: {epochs: 1}\n"
    )
    return "spec.yaml"


def rows_with(at: int | None = None, row: str = "", y: Callable[[int], object] = lambda row: row // 2 % 2) -> list[str]:
    """40 rows of age, sex and a target, one of them replaced."""
    rows = [f"{20 + number},{'fm'[number % 2]},{y(number)}" for number in range(ROWS)]
    return rows if at is None else [*rows[:at], row, *rows[at + 1 :]]


NUMBERS = "task: regression\npreprocessing: [one_hot, normalise]\n"
BY_FOLDS = "task: multiclass\npreprocessing: [one_hot, normalise]\nevaluation: {protocol: kfold, k: %s, test: none}\n"


PLAIN = "preprocessing: [normalise]\n"
CASES: dict[str, tuple[list[str], str, int, str, str]] = {
    "a gap": (rows_with(5, ",m,0"), "", 3, "values are missing after the last step: age (1), in 1 of", "add `impute`"),
    "no values": (
        [f",{'fm'[row % 2]},{row % 3 % 2}" for row in range(ROWS)],
        "",
        3,
        "column 'age' has no values at all",
        "`features`",
    ),
    "ragged rows": ([f"1,{row % 2}" for row in range(ROWS)], "", 3, "has 2 fields, not the 3", "double quotes"),
    "texts": (rows_with(), PLAIN, 2, "text columns cannot go into a model as they are: sex", "`one_hot`"),
    "a stray text": (rows_with(5, "?5,m,0"), PLAIN, 2, "no column holds numbers", "leave the step out"),
    "an infinite target": (
        rows_with(5, "25,m,inf", lambda row: row / 3),
        NUMBERS,
        3,
        "the target 'y' is missing or infinite in row 6",
        "drop those rows",
    ),
    "a missing target": (
        rows_with(5, "25,m,", lambda row: row / 3),
        NUMBERS,
        3,
        "the target 'y' is missing in row 6",
        "drop those rows",
    ),
    "an infinite input": (rows_with(5, "-inf,m,0"), "", 3, "column 'age' is infinite in row 6", "missing marker"),
    "one class": (rows_with(y=lambda row: 1), "task: binary\n", 3, "has one value only (1)", "nothing to learn"),
    "three of two classes": (
        rows_with(y=lambda row: "abc"[row % 3]),
        "task: binary\n",
        3,
        "a binary problem has two classes; the target 'y' has 3",
        "`task: multiclass`",
    ),
    "fewer rows than folds": (
        rows_with(y=lambda row: row % 3),
        BY_FOLDS % 60,
        2,
        "60 folds cannot be made of 40 rows",
        "use k: 40 or fewer",
    ),
}


@pytest.mark.parametrize(("rows", "more", "code", "words", "remedy"), CASES.values(), ids=CASES.keys())
def test_what_no_model_can_be_made_of_is_refused(
    dlrun: Dlrun, tmp_path: Path, rows: list[str], more: str, code: int, words: str, remedy: str
) -> None:
    done = dlrun("check", "--data", write(tmp_path, rows, more))

    assert done.code == code
    assert words in done.err
    assert remedy in done.err
    assert "Traceback" not in done.err


def planned(dlrun: Dlrun, spec: str) -> dict[str, Any]:
    done = dlrun("check", "--data", spec, "--json")
    assert done.code == 0, done.err
    described: dict[str, Any] = json.loads(done.out)
    return described


def test_a_constant_column_is_noted(dlrun: Dlrun, tmp_path: Path) -> None:
    spec = write(tmp_path, [f"7,{'fm'[row % 2]},{row // 2 % 2}" for row in range(ROWS)])

    assert "normalise: constant in the training rows, so 0 after it: age." in planned(dlrun, spec)["warnings"]


@pytest.mark.parametrize("labels", [["7", "3", "5"], ["-1", "0", "1"], ["cat", "dog", "eel"], ["1", "2", "3"]])
def test_labels_need_not_count_from_zero(dlrun: Dlrun, tmp_path: Path, labels: list[str]) -> None:
    rows = rows_with(y=lambda row: labels[row % 3])

    described = planned(dlrun, write(tmp_path, rows, "task: multiclass\npreprocessing: [one_hot, normalise]\n"))

    counts = described["data"]["summary"]["classes"]
    assert sorted(counts) == sorted(labels)
    assert sum(counts.values()) == 32


@pytest.mark.tensorflow
def test_a_class_that_a_fold_lacks_does_not_stop_the_run_and_has_no_chance_in_the_linear_model(
    dlrun: Dlrun, tmp_path: Path
) -> None:
    # Two rows of class c in 40: of four folds at least two validate without it.
    rows = rows_with(y=lambda row: "c" if row in (3, 4) else "ab"[row % 2])
    spec = write(tmp_path, rows, BY_FOLDS % 4)

    done = dlrun("train", spec, "--json")

    assert done.code == 0, done.err
    record = json.loads(done.out)
    assert any("fewer rows than there are folds" in warning for warning in record["warnings"])
    assert set(record["scores"]["baselines"]) == {"majority", "linear"}
    assert record["status"] == "done"


@pytest.mark.tensorflow
def test_cells_that_a_spreadsheet_would_carry_out_are_texts_here_and_harmless_there(
    dlrun: Dlrun, tmp_path: Path
) -> None:
    rows = [f'"=HYPERLINK(""x"")",{row},{"=1+1" if row % 2 else "@sum"}' for row in range(ROWS)]
    spec = write(tmp_path, rows, "task: binary\npreprocessing: [one_hot, normalise]\n", header='"who",age,y')

    done = dlrun("train", spec, "--json")

    assert done.code == 0, done.err
    lines = (Path(json.loads(done.out)["run"]) / "predictions.csv").read_text().splitlines()[1:]
    targets = {line.split(",")[3] for line in lines}
    assert targets == {"'=1+1", "'@sum"}
