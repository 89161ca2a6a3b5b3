"""Run folders that were moved, renamed, partly deleted or damaged: read as far as they go, or refused in words."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.runs import Look, append_look, create_run
from tests.report.page.conftest import record_of

Dlrun = Callable[..., Any]
HISTORY = [[1, fold, epoch, "mae", 3 - epoch / 10, 3.0] for fold in range(1, 5) for epoch in range(1, 11)]
PREDICTIONS = [[1, 1 + row % 4, row, float(row), row + 0.5] for row in range(80)]


@pytest.fixture
def whole(dlrun: Dlrun, tmp_path: Path) -> Path:
    """A finished run, and a second one, in ``runs``."""
    for name in ("houses", "flats"):
        with create_run(Path("runs"), name) as run:
            run.write_text("spec.yaml", f"name: {name}\ndataset: diabetes\nlayers: [Dense: 8]\n")
            run.write_text("log.txt", "said on the way\n")
            run.write_arrays("splits.npz", test=np.arange(20))
            run.write_rows("history.csv", ["iteration", "fold", "epoch", "metric", "train", "validation"], HISTORY)
            run.write_rows("predictions.csv", ["iteration", "fold", "row", "target", "prediction"], PREDICTIONS)
            record = record_of()
            run.finish({key: value for key, value in record.items() if key not in ("run", "name", "status", "created")})
    append_look(Path("runs"), Look.now(run=run.name, name="flats", spec="s", records=range(20)))
    (run.path / "tags.json").write_text('{"tags": ["good"]}')
    return run.path.resolve()


def gone(path: Path) -> None:
    path.unlink()


def torn(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - 3])


def garbage(path: Path) -> None:
    path.write_bytes(b"\0\xff\x1b[31mgarbage,\n{")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


FILES = ("record.json", "spec.yaml", "log.txt", "splits.npz", "history.csv", "predictions.csv", "tags.json", ".lock")


@pytest.mark.parametrize("damage", [gone, torn, garbage, a_folder])
@pytest.mark.parametrize("file", FILES)
def test_a_damaged_run_is_read_as_far_as_it_goes_or_refused_in_words(
    dlrun: Dlrun, whole: Path, file: str, damage: Callable[[Path], None]
) -> None:
    damage(whole / file)
    ends = {}

    commands = ["runs", "show flats", "diff flats houses"]
    for command in [*commands, "report flats"] if damage is torn else commands:
        done = dlrun(*command.split())
        ends[command] = done.code
        assert done.code in (0, 6), done.err
        assert "Traceback" not in done.err
        assert "\x1b" not in done.out + done.err
        assert done.code == 0 or "flats" in done.err
    done = dlrun("runs", "export", "--csv", "tables", "--force")

    assert done.code == 0
    assert ends["runs"] == 0
    assert (ends["show flats"] == 6) == (file == "record.json")
    rows = {row["name"]: row["status"] for row in json.loads(dlrun("runs", "--json").out)["runs"]}
    assert sorted(rows.values()) == (["damaged", "done"] if file == "record.json" else ["done", "done"])


@pytest.mark.parametrize("file", ["history.csv", "predictions.csv", "ledger.jsonl"])
def test_a_last_line_that_is_torn_takes_no_other_line_with_it(dlrun: Dlrun, whole: Path, file: str) -> None:
    path = whole.parent / file if file == "ledger.jsonl" else whole / file
    append_look(whole.parent, Look.now(run="later", name="x", spec="s", records=range(20)))
    torn(path)

    done = dlrun("runs", "--json")

    assert done.code == 0
    assert len(json.loads(done.out)["runs"]) == 2
    if file == "ledger.jsonl":
        append_look(whole.parent, Look.now(run="last", name="x", spec="s", records=range(20)))
        kept = [line for line in path.read_text().splitlines() if line.endswith("}")]
        assert [json.loads(line)["run"] for line in kept] == [whole.name, "last"]


def test_a_run_that_was_renamed_and_moved_is_read_where_it_lies(dlrun: Dlrun, whole: Path, tmp_path: Path) -> None:
    before = dlrun("show", "flats", "--json")
    (tmp_path / "elsewhere").mkdir()
    shutil.move(whole, tmp_path / "elsewhere" / "best-so-far")

    by_path = dlrun("show", "elsewhere/best-so-far", "--json")
    by_name = dlrun("show", "best-so-far", "--runs", "elsewhere", "--json")
    left = dlrun("runs", "--json")
    latest = dlrun("show", "latest", "--json")

    scores = json.loads(before.out)["scores"]
    assert [json.loads(done.out)["scores"] for done in (by_path, by_name)] == [scores, scores]
    assert [row["name"] for row in json.loads(left.out)["runs"]] == ["houses"]
    assert latest.code == 0  # the link leads nowhere now, and the newest run that is left stands in for it
    assert json.loads(latest.out)["name"] == "houses"


def test_a_folder_of_runs_that_is_gone_is_an_empty_one(dlrun: Dlrun, whole: Path) -> None:
    shutil.rmtree(whole.parent)

    assert dlrun("runs").code == 0
    assert dlrun("show", "flats").code == 6
