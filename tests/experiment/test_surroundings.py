"""What differs around two runs: environment, data by content, the spec; and what an older record does not say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlrun import load_spec
from dlrun.experiment.recording import fingerprint_of
from dlrun.experiment.surroundings import (
    Changed,
    DataFileChange,
    DataVerdict,
    compare_data,
    compare_spec,
    environment_changes,
    same_splits,
)
from dlrun.spec import ExperimentSpec, flat_values

MACHINE = {
    "python": "3.11.4",
    "tensorflow": "2.20.0",
    "cpu": "A",
    "cpu_features": ["avx", "fma"],
    "variables": {"OMP_NUM_THREADS": "1"},
    "command": ["dlrun", "train"],
    "git": {"commit": "abc", "dirty": False},
}


def record(**environment: Any) -> dict[str, Any]:
    return {"environment": {**MACHINE, **environment}}


def with_data(*files: tuple[str, str], values: str | None = "v") -> dict[str, Any]:
    listed = [{"path": path, "bytes": 1, "sha256": digest} for path, digest in files]
    return {"data": {"files": listed, "fingerprint": values}}


def test_versions_machine_variables_and_git_are_compared_and_the_command_is_not() -> None:
    now = record(
        tensorflow="2.21.0", cpu_features=["avx"], variables={"XLA_FLAGS": "x"}, git={"commit": "def", "dirty": False},
        command=["dlrun", "rerun"],
    )  # fmt: skip

    changed, unknown = environment_changes(record(), now)

    assert unknown == ()
    assert changed == {
        "tensorflow": Changed("2.20.0", "2.21.0"),
        "cpu_features": Changed(["avx", "fma"], ["avx"]),
        "variables.OMP_NUM_THREADS": Changed("1", None),
        "variables.XLA_FLAGS": Changed(None, "x"),
        "git.commit": Changed("abc", "def"),
    }


def test_a_folder_outside_of_a_repository_has_no_git_state_to_compare() -> None:
    assert environment_changes(record(), record(git=None)) == ({}, ())
    assert environment_changes(record(git=None), record()) == ({}, ())


def test_what_an_older_record_does_not_say_is_unknown_and_no_difference() -> None:
    older = {"environment": {name: MACHINE[name] for name in ("python", "tensorflow", "command", "git")}}

    assert environment_changes(older, record()) == ({}, ("cpu", "cpu_features", "variables"))
    assert environment_changes({}, {}) == ({}, ())


def test_data_are_the_same_by_content_wherever_they_lie() -> None:
    assert compare_data(with_data(("a", "1")), with_data(("a", "1"))) == DataVerdict(True, True)
    assert compare_data(with_data(("a", "1")), with_data(("b", "1"))) == DataVerdict(
        True, True, (DataFileChange("moved", "a", "1", "1", "b"),)
    )


def test_files_with_other_content_files_that_are_gone_and_new_ones() -> None:
    assert compare_data(with_data(("a", "1")), with_data(("a", "2"), values="w")) == DataVerdict(
        False, False, (DataFileChange("changed", "a", "1", "2"),)
    )
    assert compare_data(with_data(("a", "1"), ("b", "2")), with_data(("c", "3"))) == DataVerdict(
        False, True, (DataFileChange("changed", "a", "1", "3", "c"), DataFileChange("gone", "b", "2"))
    )
    assert compare_data(with_data(), with_data(("c", "3"))).files == (DataFileChange("new", "c", None, "3"),)


def test_without_files_the_loaded_values_decide() -> None:
    assert compare_data(with_data(values="v"), with_data(values="v")).same is True
    assert compare_data(with_data(values="v"), with_data(values="w")).same is False
    assert compare_data(with_data(values=None), with_data(values="w")).same is None
    assert compare_data({}, with_data()) == DataVerdict(None, None)


def test_splits_are_the_same_by_their_fingerprint() -> None:
    one, other = ({"splits": {"fingerprint": name}} for name in "ab")

    assert (same_splits(one, one), same_splits(one, other), same_splits({}, one)) == (True, False, None)


def spec_of(folder: Path, rate: float = 0.001, path: str = "a.csv", seed: int = 0) -> ExperimentSpec:
    (folder / "spec.yaml").write_text(
        f"task: binary\ndataset: {{source: csv, path: {path}, target: y, sha256: {'0' * 64}}}\n"
        f"layers: [Dense: 4]\noptimiser: {{name: rmsprop, learning_rate: {rate}}}\nseed: {seed}\n"
    )
    return load_spec(folder / "spec.yaml").spec


def told(spec: ExperimentSpec) -> dict[str, Any]:
    return {"spec": {"fingerprint": fingerprint_of(spec), "values": flat_values(spec)}}


def test_a_spec_that_nobody_touched_is_the_same(tmp_path: Path) -> None:
    spec = spec_of(tmp_path)

    verdict = compare_spec(told(spec), spec, told(spec))

    assert (verdict.same, verdict.edited, verdict.edits, verdict.completed) == (True, False, (), ())


def test_an_edit_is_named_by_its_path(tmp_path: Path) -> None:
    before, now = spec_of(tmp_path), spec_of(tmp_path, rate=0.01)

    verdict = compare_spec(told(before), now, told(now))

    path = "optimiser.learning_rate"
    assert (verdict.same, verdict.edited) == (False, True)
    assert verdict.edits == ({"a_path": path, "b_path": path, "a": 0.001, "b": 0.01},)


def test_another_path_to_the_data_is_an_edit_and_no_other_experiment(tmp_path: Path) -> None:
    before, now = spec_of(tmp_path), spec_of(tmp_path, path="b.csv")

    verdict = compare_spec(told(before), now, told(now))

    assert (verdict.same, verdict.edited) == (True, True)
    assert [edit["a_path"] for edit in verdict.edits] == ["dataset.path.0"]


def test_what_this_version_fills_in_otherwise_is_no_edit(tmp_path: Path) -> None:
    spec = spec_of(tmp_path)

    verdict = compare_spec(told(spec), spec, told(spec_of(tmp_path, seed=1)))

    assert (verdict.same, verdict.edited, verdict.edits) == (False, False, ())
    assert [each["b_path"] for each in verdict.completed] == ["seed"]


def test_a_record_without_values_tells_an_edit_by_the_fingerprint_alone(tmp_path: Path) -> None:
    spec = spec_of(tmp_path)
    fingerprint = {"spec": {"fingerprint": fingerprint_of(spec)}}

    assert compare_spec(fingerprint, spec, told(spec)).same is True
    assert compare_spec({"spec": {"fingerprint": "0"}}, spec, told(spec)).edited
    unknown = compare_spec({}, spec, told(spec))
    assert (unknown.same, unknown.edited) == (None, False)
