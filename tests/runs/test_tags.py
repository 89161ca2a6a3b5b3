"""Tags on a run: what is one, how they are changed, and that nobody's are lost."""

from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path

import pytest

from dlrun.errors import RunFolderError, UsageError
from dlrun.runs.tags import NAME, change_tags, read_tags


def test_tags_are_put_on_and_taken_off(tmp_path: Path) -> None:
    assert change_tags(tmp_path, add=["paper", "good"]) == ("good", "paper")
    assert change_tags(tmp_path, add=["good", "v1.0_b-2"], remove=["paper", "never"]) == ("good", "v1.0_b-2")

    assert read_tags(tmp_path) == ("good", "v1.0_b-2")
    assert json.loads((tmp_path / NAME).read_text()) == {"tags": ["good", "v1.0_b-2"]}


@pytest.mark.parametrize(
    "tag", ["", " ", "a b", "-a", ".a", "_a", "a/b", "../x", "a\n", "a\x1b", "x" * 51, "a,b", "a=b"]
)
def test_what_is_no_tag_is_refused_and_nothing_written(tmp_path: Path, tag: str) -> None:
    with pytest.raises(UsageError, match="is no tag"):
        change_tags(tmp_path, add=["good", tag])

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"tags": 3}', '{"tags": {"a": 1}}', '{"tags": [3, null, "a b", "\\u001b"]}', "[" * 9999]
)
def test_a_file_that_is_no_list_of_tags_has_none_or_its_good_ones(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content)

    assert read_tags(tmp_path) in ((), ("a",))


@pytest.mark.parametrize("place", ["folder", "pipe"])
def test_what_is_no_file_has_no_tags(tmp_path: Path, place: str) -> None:
    os.mkfifo(tmp_path / NAME) if place == "pipe" else (tmp_path / NAME).mkdir()

    assert read_tags(tmp_path) == ()


def test_a_run_that_is_not_there_cannot_be_tagged(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="cannot write"):
        change_tags(tmp_path / "none", add=["good"])


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".tags.lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(RunFolderError, match="cannot write"):
        change_tags(tmp_path / "run", add=["good"])

    assert not (tmp_path / "elsewhere").exists()


def _tag(folder: Path, start: int) -> None:
    for number in range(start, start + 10):
        change_tags(folder, add=[f"t{number}"])


def test_processes_that_tag_at_once_lose_none(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_tag, args=(tmp_path, 10 * number)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert set(read_tags(tmp_path)) == {f"t{number}" for number in range(40)}
