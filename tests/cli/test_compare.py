"""``dlrun compare``: what it prints, in every form, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Dlrun = Callable[..., Any]


HOSTILE = "<script>|`x`\x1b[31m"


def finished(folder: Path, per_fold: list[float], note: str = "d") -> None:
    folder.mkdir(parents=True)
    mean = sum(per_fold) / len(per_fold)
    score = {"mean": mean, "std": 0.1, "low": mean - 0.2, "high": mean + 0.2, "n": len(per_fold)}
    record = {
        "schema_version": 1,
        "status": "done",
        "name": "boston",
        "task": "regression",
        "seed": 0,
        "split_seed": 0,
        "primary": "mae",
        "protocol": {"name": "kfold", "k": len(per_fold), "iterations": 1, "validation": 25},
        "splits": {
            "fingerprint": "s",
            "folds": [{"train": 75, "validation": 25, "monitor": 0}] * len(per_fold),
        },
        "data": {"source": note, "fingerprint": note, "files": [], "classes": None},
        "scores": {"validation": {"mae": {**score, "per_fold": [per_fold]}}},
    }
    (folder / "record.json").write_text(json.dumps(record))
    (folder / "spec.yaml").write_text("dataset: diabetes\nlayers: [Dense: 1]\nmetrics: [mae]\n")


@pytest.fixture
def two(tmp_path: Path, dlrun: Dlrun) -> Dlrun:
    finished(tmp_path / "runs" / "one", [2.5, 2.6, 2.5, 2.7])
    finished(tmp_path / "runs" / "two", [2.0, 2.2, 1.9, 2.1])
    return dlrun


def test_the_answer_is_a_sentence(two: Dlrun) -> None:
    done = two("compare", "one", "two")

    assert done.code == 0
    assert "B is better than A by 0.525 mae" in " ".join(done.out.split())
    assert done.err == ""


def test_a_run_is_not_compared_with_itself(two: Dlrun) -> None:
    done = two("compare", "one", "runs/one")

    assert (done.code, done.out) == (2, "")
    assert "a run is named twice" in done.err


def test_json_is_one_object_with_the_figures(two: Dlrun) -> None:
    found = json.loads(two("compare", "one", "two", "--json", "--rope", "0.1").out)

    (comparison,) = found["comparisons"]
    assert comparison["verdict"] == "better"
    assert comparison["difference"] == pytest.approx(0.525)
    assert set(comparison["posterior"]) == {"worse", "equivalent", "better"}


def test_csv_has_a_line_a_run(two: Dlrun) -> None:
    rows = list(csv.DictReader(io.StringIO(two("compare", "one", "two", "--csv").out)))

    assert [row["letter"] for row in rows] == ["A", "B"]
    assert float(rows[1]["difference"]) == pytest.approx(0.525)


def test_no_cell_of_the_csv_is_a_formula(two: Dlrun, tmp_path: Path) -> None:
    finished(tmp_path / "=1+1", [2.0, 2.1, 2.0, 2.2])

    rows = list(csv.DictReader(io.StringIO(two("compare", "one", "=1+1", "--csv").out)))
    assert rows[1]["run"] == "'=1+1"


def test_markdown_is_a_table_in_which_nothing_is_markup(two: Dlrun, tmp_path: Path) -> None:
    finished(tmp_path / "runs" / "<b>|x", [2.0, 2.1, 2.0, 2.2])

    lines = two("compare", "one", "<b>|x", "--md").out.splitlines()
    assert lines[1] == "| --- | --- | --- | --- | --- |"
    assert "&lt;b>\\|x" in lines[3]
    assert all(line.replace("\\|", "").count("|") == 6 for line in lines)


def test_what_a_record_says_cannot_write_to_the_terminal(two: Dlrun, tmp_path: Path) -> None:
    finished(tmp_path / "runs" / "odd", [2.0, 2.1, 2.0, 2.2], HOSTILE)

    done = two("compare", "one", "odd", "--unpaired")
    assert "\x1b" not in done.out + done.err
    assert "\\x1b[31m" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["one"], 2, "nothing to be compared with"),
        (["one", "two", "--json", "--csv"], 2, "exclude each other"),
        (["one", "two", "--rope", "-1"], 2, "at least 0"),
        (["one", "two", "--metric", "mea"], 2, "did you mean 'mae'"),
        (["one", "three"], 6, "no run 'three'"),
    ],
)
def test_what_cannot_be_answered_is_refused(two: Dlrun, arguments: list[str], code: int, message: str) -> None:
    done = two("compare", *arguments)

    assert done.code == code
    assert message in done.out + done.err
