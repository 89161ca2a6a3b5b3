"""How the evaluation section is written, and what of it goes together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlrun.errors import SpecError
from dlrun.spec import load_spec
from dlrun.spec.sections import Evaluation, SplitsFile

Load = Callable[..., Any]
Complain = Callable[..., str]
Write = Callable[..., Path]

HASH = "0123456789abcdef" * 4
TAIL = "dataset: iris\nlayers: []\n"


def evaluation(load: Load, text: str, *overrides: str) -> Evaluation:
    found = load(f"evaluation: {text}\n", *overrides, minimal=True).evaluation
    assert isinstance(found, Evaluation)
    return found


def problem_paths(write: Write, text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load_spec(write(f"evaluation: {text}\n{TAIL}"))
    return [str(problem.path[-1]) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("{group: town}", Evaluation(group="town")),
        ("{group: 3, fold: null}", Evaluation(group="3")),
        ("{time: date}", Evaluation(time="date")),
        ("{time: 0}", Evaluation(time="0")),
        ("{time: true}", Evaluation(time=True)),
        ("{time: 'true'}", Evaluation(time="true")),
        ("{time: false}", Evaluation()),
        ("{time: null}", Evaluation()),
        ("{fold: 3}", Evaluation(fold="3")),
        ("{validation: null, k: null, shuffle: null, splits: null}", Evaluation()),
        ("{protocol: kfold, k: 5}", Evaluation(protocol="kfold", k=5)),
        ("{protocol: iterated_kfold, iterations: 1}", Evaluation(protocol="iterated_kfold", iterations=1)),
        ("{duplicates: drop}", Evaluation(duplicates="drop")),
    ],
)
def test_every_way_to_write_a_key(load: Load, text: str, meant: Evaluation) -> None:
    found = evaluation(load, text)

    assert found == meant
    assert type(found.time) is type(meant.time)


@pytest.mark.parametrize("text", ["folds.json", "{path: folds.json}", f"{{path: folds.json, sha256: {HASH}}}"])
def test_a_splits_file_is_a_name_or_a_mapping_and_its_path_starts_from_the_specs_folder(
    load: Load, text: str, tmp_path: Path
) -> None:
    splits = evaluation(load, f"{{splits: {text}}}").splits

    assert splits == SplitsFile(path=str(tmp_path / "folds.json"), sha256=HASH if HASH in text else None)


def test_a_splits_file_is_found_from_the_home_folder_and_under_the_data_root(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    at_home = load_spec(write("evaluation: {splits: ~/a.npz}\n" + TAIL)).spec.evaluation.splits
    elsewhere = load_spec(write("evaluation: {splits: a.npz}\n" + TAIL), data_root=tmp_path / "data").spec.evaluation

    assert at_home == SplitsFile(path=str(tmp_path / "home" / "a.npz"))
    assert elsewhere.splits == SplitsFile(path=str(tmp_path / "data" / "a.npz"))


def test_an_inherited_splits_file_starts_from_the_folder_of_the_file_that_names_it(
    write: Write, tmp_path: Path
) -> None:
    write("evaluation: {splits: a.npz}\n" + TAIL, "sub/base.yaml")

    child = load_spec(write("extends: sub/base.yaml\nevaluation: {group: town}\n", "child.yaml")).spec.evaluation

    assert child == Evaluation(splits=SplitsFile(path=str(tmp_path / "sub" / "a.npz")), group="town")


@pytest.mark.parametrize("near", ["b.npz", "{path: b.npz}"])
def test_another_splits_file_does_not_inherit_the_checksum(write: Write, tmp_path: Path, near: str) -> None:
    write(f"evaluation: {{splits: {{path: a.npz, sha256: {HASH}}}}}\n" + TAIL, "base.yaml")

    child = load_spec(write(f"extends: base.yaml\nevaluation: {{splits: {near}}}\n", "child.yaml")).spec.evaluation

    assert child.splits == SplitsFile(path=str(tmp_path / "b.npz"))


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("evaluation.k=5", Evaluation(protocol="kfold", k=5)),
        ("evaluation.k=null", Evaluation(protocol="kfold")),
        ("evaluation.time=true", Evaluation(protocol="kfold", k=3, time=True)),
        ("evaluation.group=town", Evaluation(protocol="kfold", k=3, group="town")),
        ("evaluation={time: date}", Evaluation(time="date")),
    ],
)
def test_a_key_is_set_on_the_command_line(load: Load, override: str, meant: Evaluation) -> None:
    assert evaluation(load, "{protocol: kfold, k: 3}", override) == meant


@pytest.mark.parametrize(
    ("text", "override"),
    [
        ("{group: town}", "evaluation.splits=b.npz"),
        ("{group: town}", "evaluation.splits.path=b.npz"),
        ("{group: town, splits: a.npz}", "evaluation.splits.path=b.npz"),
        (f"{{group: town, splits: {{path: a.npz, sha256: {HASH}}}}}", "evaluation.splits=b.npz"),
    ],
)
def test_a_splits_file_is_set_on_the_command_line(load: Load, text: str, override: str, tmp_path: Path) -> None:
    found = evaluation(load, text, override)

    assert found == Evaluation(group="town", splits=SplitsFile(path=str(tmp_path / "b.npz")))


@pytest.mark.parametrize(
    ("text", "override", "expected"),
    [
        ("{}", "evaluation.folds=5", "there is no key 'folds' in 'evaluation'; did you mean 'k'?"),
        ("{}", "k=5", "'k' belongs under 'evaluation'"),
        ("{splits: 3}", "evaluation.splits.path=b.npz", "'evaluation.splits' is the number 3"),
        (
            "{protocol: kfold}",
            "evaluation.validation=0.2",
            "--set evaluation.validation=0.2  evaluation.validation: it",
        ),
    ],
)
def test_what_cannot_be_set_is_explained(complain: Complain, text: str, override: str, expected: str) -> None:
    assert expected in complain(f"evaluation: {text}\n", override, minimal=True)


@pytest.mark.parametrize(
    ("key", "meant"), [("folds", "k"), ("n_splits", "k"), ("n_repeats", "iterations"), ("test_size", "test")]
)
def test_scikit_learns_names_lead_to_ours(complain: Complain, key: str, meant: str) -> None:
    assert f"unknown key '{key}'; did you mean '{meant}'?" in complain(f"evaluation: {{{key}: 5}}\n", minimal=True)


@pytest.mark.parametrize("key", ["k", "iterations", "group", "time", "gap", "duplicates", "fold", "splits"])
@pytest.mark.parametrize("section", ["", "training"])
def test_a_key_in_the_wrong_place_is_sent_home(complain: Complain, key: str, section: str) -> None:
    text = f"{section}: {{{key}: 4}}\n" if section else f"{key}: 4\n"

    assert f"'{key}' belongs under 'evaluation'" in complain(text, minimal=True)


@pytest.mark.parametrize(
    "text",
    [
        "{protocol: holdout, validation: 0.2, test: 0.2, shuffle: true, stratify: true, duplicates: together}",
        "{protocol: holdout, validation: provided, test: provided, shuffle: false, stratify: false, gap: 0}",
        "{protocol: kfold, k: 4, test: none, shuffle: true, stratify: true, group: town, duplicates: drop}",
        "{protocol: kfold, k: 4, shuffle: false, stratify: false, duplicates: allow}",
        "{protocol: iterated_kfold, k: 4, iterations: 3, test: 0.2, shuffle: true, stratify: true}",
        "{protocol: kfold, k: 4, time: date, gap: 7, shuffle: false, stratify: false, duplicates: allow}",
        "{validation: provided, test: provided, time: true, group: town}",
        "{protocol: kfold, fold: part, test: none, duplicates: allow, group: town, time: date}",
        f"{{protocol: iterated_kfold, splits: {{path: /a.npz, sha256: {HASH}}}, test: provided, duplicates: allow}}",
    ],
)
def test_a_spec_with_every_default_filled_in_is_read(load: Load, text: str) -> None:
    evaluation(load, text)


@pytest.mark.parametrize(
    ("text", "wrong", "remedy"),
    [
        ("{k: 4}", "k", "write protocol: kfold"),
        ("{protocol: holdout, k: 4}", "k", "write protocol: kfold"),
        ("{iterations: 2}", "iterations", "write protocol: iterated_kfold"),
        ("{protocol: kfold, iterations: 2}", "iterations", "write protocol: iterated_kfold"),
        ("{protocol: kfold, validation: 0.2}", "validation", "'k' sets the size"),
        ("{protocol: iterated_kfold, validation: provided}", "validation", "'k' sets the size"),
        ("{protocol: iterated_kfold, shuffle: false}", "shuffle", "write protocol: kfold"),
        ("{protocol: iterated_kfold, time: true}", "protocol", "write protocol: kfold"),
        ("{time: date, stratify: true}", "stratify", "drawing them by class would mix past and future"),
        ("{time: date, shuffle: true}", "shuffle", "never shuffled"),
        ("{shuffle: false, stratify: true}", "stratify", "leave 'shuffle: false' out"),
        ("{time: true, duplicates: together}", "duplicates", "write duplicates: allow"),
        ("{fold: part, duplicates: drop}", "duplicates", "write duplicates: allow"),
        ("{splits: a.npz, duplicates: drop}", "duplicates", "write duplicates: allow"),
        ("{gap: 1}", "gap", "time: COLUMN"),
        ("{splits: a.npz, fold: part}", "fold", "leave one of the two out"),
        ("{fold: part, protocol: holdout}", "protocol", "write protocol: kfold"),
        ("{fold: part, protocol: iterated_kfold}", "protocol", "write protocol: kfold"),
        ("{splits: a.npz, test: 0.2}", "test", "name the test rows in that file"),
        ("{splits: a.npz, test: 100}", "test", "name the test rows in that file"),
    ],
)
def test_what_contradicts_itself_or_has_no_effect_is_refused_with_a_remedy(
    write: Write, complain: Complain, text: str, wrong: str, remedy: str
) -> None:
    assert problem_paths(write, text) == [wrong]
    assert remedy in complain(f"evaluation: {text}\n", minimal=True)


@pytest.mark.parametrize("source", ["fold: part", "splits: a.npz"])
@pytest.mark.parametrize(
    "given", ["k: 4", "iterations: 2", "validation: 0.2", "shuffle: false", "stratify: false", "gap: 1"]
)
def test_splits_made_elsewhere_leave_nothing_to_make(write: Write, source: str, given: str) -> None:
    assert problem_paths(write, f"{{{source}, {given}}}") == [given.split(":")[0]]


def test_every_contradiction_of_a_section_comes_at_once(write: Write) -> None:
    text = "{protocol: iterated_kfold, validation: 0.2, time: date, stratify: true, shuffle: true, duplicates: drop}"

    assert problem_paths(write, text) == ["protocol", "validation", "stratify", "shuffle", "duplicates"]


@pytest.mark.parametrize("dataset", ["target: y, features: [a, part]", "target: part"])
@pytest.mark.parametrize("source", ["csv", "parquet"])
def test_a_column_of_folds_is_neither_input_nor_target(complain: Complain, dataset: str, source: str) -> None:
    message = complain(f"dataset: {{source: {source}, path: a, {dataset}}}\nlayers: []\nevaluation: {{fold: part}}\n")

    assert message.startswith("spec.yaml:3:14  evaluation.fold: 'part' stands in the dataset's")


@pytest.mark.parametrize("key", ["group", "time", "fold"])
def test_columns_of_a_table_without_a_header_are_numbers(load: Load, complain: Complain, key: str) -> None:
    spec = "dataset: {source: csv, path: a.csv, target: 8, header: false}\nlayers: []\nevaluation: {%s: %s}\n"

    assert getattr(load(spec % (key, 3)).evaluation, key) == "3"
    assert f"evaluation.{key}: without a header, columns are counted from 0" in complain(spec % (key, "date"))


def test_the_order_of_the_rows_needs_no_header(load: Load) -> None:
    spec = "dataset: {source: csv, path: a.csv, target: 8, header: false}\nlayers: []\nevaluation: {time: true}\n"

    assert load(spec).evaluation.time is True
