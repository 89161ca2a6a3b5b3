"""A finished run in an MLflow store, read back by MLflow itself."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dlrun.errors import RunFolderError, UsageError
from dlrun.experiment.mlflow_store import check_store, log_run
from dlrun.runs import create_run, reopen_run

needs_mlflow = pytest.mark.skipif(
    importlib.util.find_spec("mlflow") is None or importlib.util.find_spec("sqlalchemy") is None,
    reason="MLflow is not installed; pip install 'dlrun[mlflow]'",
)
SPEC = "name: moons\ndataset: {source: make_moons}\nlayers:\n- Dense: {units: 4}\ntraining: {epochs: 2}\n"
HISTORY = "iteration,fold,epoch,metric,train,validation\n1,1,1,loss,0.5,0.75\n1,1,2,loss,0.25,0.5\n"
SCORES = {
    "validation": {"accuracy": {"mean": 0.9, "std": None, "low": 0.8, "high": 1.0}},
    "baselines": {"majority": {"accuracy": 0.5}},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An empty store in SQLite; making one takes MLflow seconds, and it keeps artifacts in the folder it is made in."""
    folder = tmp_path_factory.mktemp("store")
    uri = f"sqlite:///{folder}/mlflow.db"
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        check_store(uri)
    return uri


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    with create_run(tmp_path / "runs", "moons") as folder:
        folder.write_text("spec.yaml", SPEC)
        folder.write_text("history.csv", HISTORY)
        folder.finish({"task": "binary", "scores": SCORES, "data": {"source": "make_moons"}})
    return folder.path


@pytest.fixture
def read(store: str) -> Iterator[Callable[[str], Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow

        yield mlflow.MlflowClient(store).get_run


@needs_mlflow
def test_parameters_metrics_tags_and_files_come_back(finished: Path, store: str, read: Callable[[str], Any]) -> None:
    found = read(log_run(finished, store))

    assert found.info.run_name == finished.name
    assert found.info.status == "FINISHED"
    assert found.data.params["layers.0.Dense.units"] == "4"
    assert found.data.params["training.epochs"] == "2"
    assert found.data.metrics == {
        "train/loss": 0.25,
        "validation/loss": 0.5,
        "score.accuracy": 0.9,
        "score.accuracy.low": 0.8,
        "score.accuracy.high": 1.0,
        "baseline.majority.accuracy": 0.5,
    }
    assert found.data.tags["dlrun.data"] == "make_moons"
    artifacts = Path(found.info.artifact_uri.removeprefix("file://"))
    assert artifacts.is_relative_to(Path(store.removeprefix("sqlite:///")).parent)
    assert {path.name for path in artifacts.iterdir()} == {"history.csv", "record.json", "spec.yaml"}
    assert (artifacts / "spec.yaml").read_text() == SPEC


@needs_mlflow
def test_logged_again_it_is_the_same_run_with_what_came_after(
    finished: Path, store: str, read: Callable[[str], Any]
) -> None:
    import mlflow

    first = log_run(finished, store)
    with reopen_run(finished) as folder:
        folder.update_done({"scores": {**SCORES, "test": {"accuracy": {"mean": 0.85}}}})

    second = log_run(finished, store)

    assert second == first
    assert read(second).data.metrics["test.accuracy"] == 0.85
    points = mlflow.MlflowClient(store).get_metric_history(second, "validation/loss")
    assert [(point.step, point.value) for point in points] == [(1, 0.75), (2, 0.5)]


@needs_mlflow
def test_two_runs_of_one_name_are_two_runs_of_one_experiment(
    finished: Path, store: str, read: Callable[[str], Any]
) -> None:
    with create_run(finished.parent, "moons") as folder:
        folder.write_text("spec.yaml", SPEC)
        folder.write_text("history.csv", HISTORY)
        folder.finish({})

    one, other = read(log_run(finished, store)), read(log_run(folder.path, store))

    assert one.info.run_id != other.info.run_id
    assert one.info.experiment_id == other.info.experiment_id


@needs_mlflow
def test_names_that_mlflow_does_not_take_are_made_into_some_that_it_does(
    finished: Path, store: str, read: Callable[[str], Any]
) -> None:
    hostile = finished.with_name('it\'s "quoted" <b>\x1b[31m')
    shutil.copytree(finished, hostile)
    (hostile / "spec.yaml").write_text(SPEC + "'odd key; <script>': 1\nlong: " + 9000 * "x" + "\n")
    (hostile / "history.csv").write_text(HISTORY.replace("loss", "p@k%"))

    found = read(log_run(hostile, store))

    assert found.data.params["odd key_ _script_"] == "1"
    assert found.data.params["long"] == 6000 * "x"
    assert found.data.metrics["validation/p_k_"] == 0.5


@needs_mlflow
def test_a_run_that_is_not_finished_is_refused(finished: Path, store: str) -> None:
    with pytest.raises(RuntimeError), create_run(finished.parent, "moons") as folder:
        raise RuntimeError

    with pytest.raises(RunFolderError, match="is failed; only a finished run goes into an MLflow store"):
        log_run(folder.path, store)


@pytest.mark.slow
@needs_mlflow
def test_processes_that_begin_together_make_one_store() -> None:
    program = "from dlrun.experiment.mlflow_store import check_store; check_store('sqlite:///new.db')"

    processes = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]

    assert [process.wait(timeout=300) for process in processes] == [0, 0]


def test_a_record_without_its_times_is_damaged(finished: Path) -> None:
    path = finished / "record.json"
    path.write_text(path.read_text().replace('"created": "', '"created": "once '))

    with pytest.raises(RunFolderError, match="'created' is no moment: 'once "):
        log_run(finished, "sqlite:///mlflow.db")


@needs_mlflow
@pytest.mark.parametrize("uri", ["http://me:secret@127.0.0.1:9", "nothing://me:secret@here"])
def test_a_store_that_does_not_answer_is_refused_and_no_password_is_told(
    monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    with pytest.raises(UsageError, match="does not answer as it should") as refused:
        check_store(uri)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("uri", ["mlflow.db", "", "./x", "C"])
def test_what_is_no_address_is_refused_with_the_one_that_was_meant(uri: str) -> None:
    with pytest.raises(UsageError, match="takes the address of a store") as refused:
        check_store(uri)

    assert f"sqlite:///{uri}" in str(refused.value)


def test_without_mlflow_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)

    with pytest.raises(UsageError, match="a package that is not installed") as refused:
        check_store("sqlite:///mlflow.db")

    assert "pip install 'dlrun[mlflow]'" in str(refused.value)
