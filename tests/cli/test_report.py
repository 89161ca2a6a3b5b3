"""``dlrun report``: where the page goes, what is printed, and what is refused."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Dlrun = Callable[..., Any]


def finished(folder: Path, status: str = "done") -> None:
    folder.mkdir(parents=True)
    record = {"schema_version": 1, "status": status, "name": "<b>houses</b>", "task": "regression"}
    (folder / "record.json").write_text(json.dumps(record))


@pytest.fixture
def two(tmp_path: Path, dlrun: Dlrun) -> Dlrun:
    finished(tmp_path / "runs" / "one")
    finished(tmp_path / "runs" / "two", "failed")
    return dlrun


def test_the_page_lies_in_the_run_and_its_path_is_printed(two: Dlrun, tmp_path: Path) -> None:
    done = two("report", "one")

    assert (done.code, done.out, done.err) == (0, "runs/one/report.html\n", "")
    page = (tmp_path / "runs" / "one" / "report.html").read_text()
    assert "&lt;b&gt;houses&lt;/b&gt;" in page
    assert "<b>houses" not in page


def test_a_run_that_failed_has_a_page_too(two: Dlrun) -> None:
    assert two("report", "two").out == "runs/two/report.html\n"


def test_several_runs_go_into_one_page_beside_them(two: Dlrun, tmp_path: Path) -> None:
    found = json.loads(two("report", "one", "two", "--json").out)

    path = tmp_path / "runs" / "report.html"
    assert found == {"report": "runs/report.html", "runs": ["runs/one", "runs/two"], "bytes": path.stat().st_size}


def test_the_page_may_go_elsewhere(two: Dlrun, tmp_path: Path) -> None:
    assert two("report", "one", "--out", "page.html").out == "page.html\n"
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")
    assert not (tmp_path / "runs" / "one" / "report.html").exists()


def test_a_page_is_written_again_from_what_is_there_now(two: Dlrun, tmp_path: Path) -> None:
    two("report", "one")
    (tmp_path / "runs" / "one" / "spec.yaml").write_text("name: changed\n")
    two("report", "one")

    assert "name: changed" in (tmp_path / "runs" / "one" / "report.html").read_text()


@pytest.mark.parametrize(
    ("out", "said"), [("nowhere/page.html", "there is no folder nowhere"), ("runs", "runs is a folder")]
)
def test_a_place_that_is_none_is_refused(two: Dlrun, out: str, said: str) -> None:
    done = two("report", "one", "--out", out)

    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_the_page_may_go_to_stdout(two: Dlrun) -> None:
    assert two("report", "one", "--out", "-").out.startswith("<!DOCTYPE html>")


def test_a_run_named_twice_is_shown_once(two: Dlrun) -> None:
    assert json.loads(two("report", "one", "runs/one", "--json").out)["runs"] == ["runs/one"]


def test_no_file_but_a_page_is_written_over(two: Dlrun, tmp_path: Path) -> None:
    record = tmp_path / "runs" / "one" / "record.json"
    before = record.read_bytes()
    done = two("report", "one", "--out", "runs/one/record.json")

    assert (done.code, record.read_bytes()) == (2, before)
    assert "is there already, and is no page" in done.err


def test_a_page_in_a_run_at_work_is_refused_wherever_its_name_comes_from(two: Dlrun, tmp_path: Path) -> None:
    with (tmp_path / "runs" / "two" / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = two("report", "one", "--out", "runs/two/page.html")

    assert done.code == 6


def test_a_run_at_work_is_left_alone(two: Dlrun, tmp_path: Path) -> None:
    with (tmp_path / "runs" / "one" / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = two("report", "one")
        elsewhere = two("report", "one", "--out", "page.html")

    assert done.code == 6
    assert "busy" in done.err
    assert elsewhere.code == 0


def test_an_unknown_run_is_named(two: Dlrun) -> None:
    done = two("report", "three")

    assert done.code == 6
    assert "no run 'three'" in done.err


def test_a_machine_without_a_browser_is_told_so(two: Dlrun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webbrowser.open", lambda address: False)
    done = two("report", "one", "--open")

    assert done.code == 0
    assert "no browser" in done.err
