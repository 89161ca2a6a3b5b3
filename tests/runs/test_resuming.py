"""Taking over a run that did not come to its end: which may be, what is kept, and for one process alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dlrun.errors import RunFolderError
from dlrun.runs import check_unfinished, create_run, missing_folds, read_record, resume_run

DIES = """
import os, sys
from pathlib import Path
from dlrun.runs import create_run
run = create_run(Path(sys.argv[1]), "x")
run.update({"warnings": []})
run.write_text("spec.yaml", "a spec")
run.log_line("an epoch")
(run.path / ".tmp-0000-record.json").write_text("half")
(run.path / "folds" / "i1-f1").mkdir(parents=True)
(run.path / "folds" / "i1-f1" / ".tmp-0000-outcome.npz").write_text("half")
print(run.path, flush=True)
os.kill(os.getpid(), 9)
"""
RESUMES = """
import sys
from pathlib import Path
from dlrun.errors import RunFolderError
from dlrun.runs import resume_run
try:
    with resume_run(Path(sys.argv[1]), {}) as run:
        print("won", flush=True)
        sys.stdin.readline()
        run.finish({})
except RunFolderError as error:
    print("lost", error.exit_code, error, flush=True)
"""


HOW = {"command": ["dlrun", "resume"]}


def killed(runs: Path) -> Path:
    done = subprocess.run([sys.executable, "-c", DIES, str(runs)], capture_output=True, text=True, check=False)
    return Path(done.stdout.strip())


def test_a_killed_run_is_running_again_and_clean(tmp_path: Path) -> None:
    path = killed(tmp_path)
    before = read_record(path)

    with resume_run(path, HOW) as run:
        assert read_record(path)["status"] == "running"
        run.finish({"scores": 1})

    after = read_record(path)
    assert before["status"] == "dead"
    assert after["status"] == "done"
    assert after["created"] == before["created"]
    assert [(entry["was"], entry["command"]) for entry in after["resumed"]] == [("dead", HOW["command"])]
    assert not list(path.rglob(".tmp-*"))


def test_seconds_count_the_work_and_not_the_time_between(tmp_path: Path) -> None:
    path = killed(tmp_path)
    record = json.loads((path / "record.json").read_bytes())
    record |= {"status": "interrupted", "seconds": 500.0, "failure": "by Ctrl-C", "created": "2020-01-01T00:00:00Z"}
    (path / "record.json").write_text(json.dumps(record))

    with resume_run(path, HOW) as run:
        run.finish({})

    assert 500 <= read_record(path)["seconds"] < 600
    assert read_record(path)["failure"] is None


def test_of_two_that_resume_one_run_one_wins(tmp_path: Path) -> None:
    path = killed(tmp_path)
    command = [sys.executable, "-c", RESUMES, str(path)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as one:
        assert one.stdout
        assert one.stdout.readline() == "won\n"
        other = subprocess.run(command, input="\n", capture_output=True, text=True, check=False)
        with pytest.raises(RunFolderError, match=f"is busy: .* pid {one.pid} is at work in it"):
            check_unfinished(path)
        one.communicate("\n")

    assert other.stdout.startswith("lost 6")
    assert f"pid {one.pid} is at work in it" in other.stdout
    assert read_record(path)["status"] == "done"


@pytest.mark.parametrize(
    ("end", "values", "words"),
    [
        ("finish", {}, "is done: there is nothing to resume"),
        ("finish", {"test": {}}, "was tested: there is nothing to resume"),
        ("partial", {"failures": [{}, {}]}, "2 of its folds failed"),
        ("fail", {"failures": [{}], "failure": "the loss"}, "failed: the loss"),
        ("fail", {"failure": "no room"}, "has no spec.yaml"),
        ("interrupt", {}, "has no spec.yaml"),
    ],
)
def test_what_cannot_be_resumed_is_refused_and_left_as_it_is(
    end: str, values: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with create_run(tmp_path, "x") as run:
        getattr(run, end)(values)
    before = (run.path / "record.json").read_bytes()

    for refuse in (check_unfinished, lambda path: resume_run(path, HOW)):
        with pytest.raises(RunFolderError, match=words) as caught:
            refuse(run.path)
        assert caught.value.exit_code == 6
        assert caught.value.hint
    assert (run.path / "record.json").read_bytes() == before


@pytest.mark.parametrize("end", ["partial", "fail"])
def test_failed_folds_may_be_tried_again_and_old_results_go(end: str, tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        run.write_text("spec.yaml", "a spec")
        getattr(run, end)({"failures": [{}], "scores": {"mae": 1}, "data": {"rows": 3}})

    with resume_run(run.path, HOW, again=True) as again:
        facts = again.facts
        again.finish({})

    assert "scores" not in facts
    assert "failures" not in facts
    assert facts["data"] == {"rows": 3}


def test_a_folder_that_is_no_run_gets_no_lock(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="is not a run folder"):
        check_unfinished(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_missing_folds_are_numbered_in_the_order_of_all(tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        run.finish({"shared": {"folds": ["i1-f1", "i1-f2", "i2-f1"], "finished": ["i1-f2"], "identity": {}}})

    assert missing_folds(run.path) == [1, 3]
