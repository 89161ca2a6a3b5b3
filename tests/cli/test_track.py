"""``--tensorboard``, ``--mlflow`` and ``dlrun track`` as they are called."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlrun.errors import UsageError

Dlrun = Callable[..., Any]
STORE = "sqlite:///mlflow.db"
needs_mlflow = pytest.mark.skipif(
    importlib.util.find_spec("mlflow") is None or importlib.util.find_spec("sqlalchemy") is None,
    reason="MLflow is not installed; pip install 'dlrun[mlflow]'",
)


@pytest.mark.tensorflow
@needs_mlflow
def test_a_run_is_told_to_both_and_tracked_again_it_is_the_same_one(dlrun: Dlrun, tiny: Path) -> None:
    trained = dlrun("train", str(tiny), "--tensorboard", "--mlflow", STORE, "--json", "-q")
    tracked = dlrun("track", "latest", "--tensorboard", "--mlflow", STORE, "--json")
    told = dlrun("track", "latest", "--mlflow", STORE)

    run = Path(json.loads(trained.out)["run"])
    assert (trained.code, trained.err) == (0, "")
    assert len(list(run.glob("tensorboard/i1-f1/*/events.out.tfevents.*"))) == 2
    (known,) = json.loads(tracked.out)["runs"]
    assert known["run"] == str(run)
    assert known["tensorboard"] == str(run / "tensorboard")
    assert told.out == f"{run}: in MLflow as {known['mlflow']}\n"
    artifacts = {path.name for path in Path("mlruns").glob(f"*/{known['mlflow']}/artifacts/*")}
    assert {"record.json", "spec.yaml", "curves.png", "predictions.csv", "model.keras"} <= artifacts


@pytest.mark.tensorflow
def test_a_store_that_fails_after_the_training_loses_no_run(
    dlrun: Dlrun, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(run: Path, uri: str) -> str:
        raise UsageError("the store is gone")

    monkeypatch.setattr("dlrun.experiment.mlflow_store.check_store", lambda uri: None)
    monkeypatch.setattr("dlrun.experiment.mlflow_store.log_run", refuse)

    done = dlrun("train", str(tiny), "--mlflow", STORE, "-q")

    assert done.code == 0
    assert "warning: the run is done, but not in MLflow: the store is gone" in done.err
    assert "later: dlrun track runs/tiny-" in done.err
    assert "accuracy" in done.out


@pytest.mark.parametrize("command", [("train", "tiny.yaml"), ("kfold", "tiny.yaml", "--k", "2"), ("track", "latest")])
def test_what_is_no_store_is_refused_before_anything_is_trained(
    dlrun: Dlrun, tiny: Path, command: tuple[str, ...]
) -> None:
    if command[0] == "track":
        run = Path("runs/tiny-20260102-030405-abcd")
        run.mkdir(parents=True)
        (run / "record.json").write_text('{"schema_version": 1, "status": "done"}')

    done = dlrun(*command, "--mlflow", "mlflow.db")

    assert done.code == 2
    assert "for an SQLite file: --mlflow sqlite:///mlflow.db" in done.err
    assert not list(Path().glob("runs/*/history.csv"))


def test_track_asks_for_which_tool_and_which_run(dlrun: Dlrun) -> None:
    no_tool, no_run = dlrun("track", "latest"), dlrun("track", "nothing", "--tensorboard", "--json")

    assert (no_tool.code, no_run.code) == (2, 6)
    assert "--mlflow sqlite:///mlflow.db" in no_tool.err
    assert json.loads(no_run.out)["exit_code"] == 6


@pytest.mark.tensorflow
def test_a_run_that_cannot_be_tracked_does_not_keep_the_others_from_it(dlrun: Dlrun) -> None:
    for name, status in (("failed", "failed"), ("good", "done")):
        run = Path(f"runs/{name}-20260102-030405-abcd")
        run.mkdir(parents=True)
        (run / "record.json").write_text(json.dumps({"schema_version": 1, "status": status}))
        (run / "history.csv").write_text("iteration,fold,epoch,metric,train,validation\n1,1,1,loss,0.5,0.75\n")

    both = dlrun("track", "failed", "good", "--tensorboard", "--json")
    alone = dlrun("track", "failed", "--tensorboard")

    first, second = json.loads(both.out)["runs"]
    assert (both.code, alone.code) == (4, 6)
    assert first["status"] == "failed"
    assert len(list(Path(second["tensorboard"]).glob("i1-f1/*/events.out.tfevents.*"))) == 2
    assert "only a finished run" in both.err
