"""A finished run in an MLflow store: its complete spec as parameters, curves and scores as metrics, its files.

A run is logged from its folder alone, so it does not matter when: right after the training, or a year later. Logged
again, after `dlrun test` for instance, it is the same run of MLflow's.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.errors import RunFolderError, UsageError
from dlrun.experiment.tracked import curves, flattened, scores
from dlrun.runs import read_record
from dlrun.spec import written

if TYPE_CHECKING:
    from mlflow import MlflowClient

_METRICS_A_BATCH, _PARAMETERS_A_BATCH = 1000, 100  # what MLflow takes at most
_LONGEST_NAME, _LONGEST_VALUE = 250, 6000
_IDENTITY = "dlrun.id"


def check_store(uri: str) -> None:
    """Find out, before anything is trained, whether runs can be logged there at all.

    Raises:
        UsageError: mlflow is not installed, or there is no such store.
    """
    if not re.match(r"[A-Za-z][\w+.-]*://?", uri):
        raise UsageError(
            f"--mlflow takes the address of a store, not {uri!r}", hint=f"for an SQLite file: --mlflow sqlite:///{uri}"
        )
    with _client(uri):
        pass


def log_run(run: Path, uri: str) -> str:
    """Log a finished run, or log it again, and return the id that MLflow knows it by.

    The experiment is the run's name, or what ``MLFLOW_EXPERIMENT_NAME`` says.

    Raises:
        RunFolderError: the run is not finished, or its files cannot be read.
        UsageError: the store does not take it.
    """
    record = read_record(run)
    if record["status"] not in ("done", "partial"):
        raise RunFolderError(f"the run {run} is {record['status']}; only a finished run goes into an MLflow store")
    begun, ended = _milliseconds(run, record, "created"), _milliseconds(run, record, "finished")
    parameters = flattened(written(run / "spec.yaml", ()))
    points = [*curves(run), *((name, value, 0) for name, value in scores(record))]
    files = [path for path in sorted(run.iterdir()) if path.is_file() and not path.name.startswith(".")]
    with _client(uri) as client:
        found = _found_or_made(client, run.name, record, begun)
        _log_parameters(client, found, parameters)
        _log_metrics(client, found, points, ended)
        for path in files:
            client.log_artifact(found, str(path))
        client.set_terminated(found, "FINISHED", end_time=ended)
        return found


@contextmanager
def _client(uri: str) -> Iterator[MlflowClient]:
    """Give a client of MLflow's, whose errors are ours."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # a run tells nobody but the store that was named
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # by default it takes minutes to give up
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries that MLflow stands on
        try:
            import mlflow

            with _one_at_a_time(uri):  # the tables of a new database are made here
                client = mlflow.MlflowClient(tracking_uri=uri)
                client.search_experiments(max_results=1)
            yield client
        except ImportError as error:
            raise UsageError(
                f"--mlflow needs a package that is not installed: {error.name or error}",
                hint="pip install 'dlrun[mlflow]'",
            ) from error
        except _their_errors() as error:
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            words = f"the MLflow store {uri} does not answer as it should: {first}"
            raise UsageError(re.sub(r"//[^/@\s]*@", "//...@", words)) from error  # a password is nothing to show


@contextmanager
def _one_at_a_time(uri: str) -> Iterator[None]:
    """Let one process at a time make the tables of an SQLite file: several at once leave half of them."""
    if not uri.startswith("sqlite:///"):
        yield
        return
    import fcntl

    place = hashlib.sha256(os.path.abspath(uri.removeprefix("sqlite:///")).encode()).hexdigest()[:16]
    with (Path(tempfile.gettempdir()) / f"dlrun-mlflow-{os.getuid()}-{place}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _their_errors() -> tuple[type[Exception], ...]:
    """Name what MLflow and the database below it raise."""
    try:
        from mlflow.exceptions import MlflowException
    except ImportError:
        return (OSError,)
    try:
        from alembic.util.exc import CommandError
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError:  # a server over HTTP needs no database here
        return (OSError, MlflowException)
    return (OSError, MlflowException, SQLAlchemyError, CommandError)


def _found_or_made(client: MlflowClient, name: str, record: Mapping[str, Any], begun: int) -> str:
    """Return the id of this run in the store, which is made where it is not there."""
    experiment = _experiment(client, os.environ.get("MLFLOW_EXPERIMENT_NAME") or str(record.get("name") or name))
    identity = hashlib.sha256(json.dumps([name, record["created"]]).encode()).hexdigest()[:32]
    found = client.search_runs([experiment], f"tags.`{_IDENTITY}` = '{identity}'", max_results=1)
    if found:
        return str(found[0].info.run_id)
    tags = {
        _IDENTITY: identity,
        "dlrun.task": record.get("task"),
        "dlrun.data": (record.get("data") or {}).get("source"),
        "dlrun.protocol": (record.get("protocol") or {}).get("name"),
        "dlrun.status": record["status"],
        "dlrun.spec": (record.get("spec") or {}).get("fingerprint"),
        "mlflow.source.git.commit": ((record.get("environment") or {}).get("git") or {}).get("commit"),
    }
    made = client.create_run(
        experiment,
        start_time=begun,
        run_name=name,
        tags={key: str(value) for key, value in tags.items() if value is not None},
    )
    return str(made.info.run_id)


def _experiment(client: MlflowClient, name: str) -> str:
    from mlflow.exceptions import MlflowException

    for _ in range(2):
        if (found := client.get_experiment_by_name(name)) is not None:
            return str(found.experiment_id)
        try:
            return str(client.create_experiment(name))
        except MlflowException:  # another process was quicker, or it is deleted: looked up again
            continue
    raise UsageError(f"MLflow makes no experiment {name!r}", hint="MLFLOW_EXPERIMENT_NAME names another")


def _log_parameters(client: MlflowClient, run_id: str, values: Mapping[str, str]) -> None:
    from mlflow.entities import Param

    parameters = [Param(_name(key), value[:_LONGEST_VALUE]) for key, value in values.items()]
    for start in range(0, len(parameters), _PARAMETERS_A_BATCH):
        client.log_batch(run_id, params=parameters[start : start + _PARAMETERS_A_BATCH])


def _log_metrics(client: MlflowClient, run_id: str, points: Sequence[tuple[str, float, int]], when: int) -> None:
    """Log values with their epochs. All have one time: MLflow takes the same point twice for one."""
    from mlflow.entities import Metric

    metrics = [Metric(_name(name), value, when, step) for name, value, step in points]
    for start in range(0, len(metrics), _METRICS_A_BATCH):
        client.log_batch(run_id, metrics=metrics[start : start + _METRICS_A_BATCH])


def _name(name: str) -> str:
    """Write a name with the signs that MLflow takes."""
    return re.sub(r"[^\w\-./: ]", "_", name)[:_LONGEST_NAME]


def _milliseconds(run: Path, record: Mapping[str, Any], key: str) -> int:
    """Read a moment of a record as MLflow counts time. Raises RunFolderError."""
    try:
        return int(datetime.fromisoformat(record[key]).timestamp() * 1000)
    except (KeyError, TypeError, ValueError) as error:
        raise RunFolderError(f"the record of {run} is damaged: '{key}' is no moment: {record.get(key)!r}") from error
