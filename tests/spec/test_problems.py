from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlrun.errors import Problem, SpecError
from dlrun.spec import load_spec

Complain = Callable[..., str]


def test_a_problem_shows_file_line_column_path_and_source_line(complain: Complain) -> None:
    message = complain("dataset: iris\nlayers:\n  - Dense: 64\n  - LSTM: 32\n    dropuot: 0.2\n")

    assert message.splitlines()[:2] == [
        "spec.yaml:5:5  layers[1]: unknown key 'dropuot'; did you mean 'dropout'?",
        "    dropuot: 0.2",
    ]


def test_every_problem_of_a_file_comes_at_once_in_the_order_of_its_lines(write: Callable[..., Path]) -> None:
    path = write(
        """\
        task: clustering
        dataset: {source: imbd}
        layers:
          - Dens: 64
          - Dense: {units: x}
        loss: mze
        training: {epochs: 0, batch_size: true}
        seed: -1
        bogus: 3
        """
    )

    with pytest.raises(SpecError) as caught:
        load_spec(path, ["seed.x=1", "nothing=2"])

    shown = [problem.path for problem in caught.value.problems]
    assert shown == [
        (),
        (),
        ("task",),
        ("dataset",),
        ("layers", 0),
        ("layers", 1, "Dense", "units"),
        ("loss",),
        ("training", "epochs"),
        ("training", "batch_size"),
        ("seed",),
        (),
    ]
    assert all(problem.place for problem in caught.value.problems)


@pytest.mark.parametrize(
    "task", ["clustering", "reinforcement learning", "ranking", "object_detection", "segmentation"]
)
def test_what_dlrun_is_not_for_is_said_in_one_message(complain: Complain, task: str) -> None:
    message = complain(f"task: {task}\n", minimal=True)

    assert f"dlrun is not made for {task.replace('_', ' ')}" in message
    assert message.count("spec.yaml:") == 1


@pytest.mark.parametrize("value", ["0", "-1", "true", "1.5", "'20'", "[20]", "{a: 1}", "", "1_000", "1e2"])
@pytest.mark.parametrize("key", ["epochs", "batch_size"])
def test_counts_are_whole_numbers_of_at_least_one(complain: Complain, key: str, value: str) -> None:
    message = complain(f"training: {{{key}: {value}}}\n", minimal=True)

    assert f"training.{key}: expected a whole number of at least 1, not " in message


@pytest.mark.parametrize("value", ["yes", "no", "on", "off", "1", "'true'"])
def test_a_switch_is_true_or_false_only(complain: Complain, value: str) -> None:
    assert "evaluation.shuffle: expected true or false" in complain(f"evaluation: {{shuffle: {value}}}\n", minimal=True)


@pytest.mark.parametrize(
    "name",
    ["../x", "a..b", ".hidden", "a/b", "a b", '"a\\nb"', '"\\e[31mred"', "<script>", "x" * 4096, "''", "3", "true"],
)
def test_a_name_that_could_harm_a_folder_a_terminal_or_a_page_is_refused(complain: Complain, name: str) -> None:
    message = complain(f"name: {name}\n", minimal=True)

    assert "spec.yaml:1:1  name: expected 1 to 64 letters" in message
    assert "\x1b" not in message
    assert len(message) < 1000


@pytest.mark.parametrize("name", ["boston", "a.b-c_D9", "x" * 64, "_x", "9-"])
def test_a_harmless_name_is_kept(load: Callable[..., Any], name: str) -> None:
    assert load(f"name: '{name}'\n", minimal=True).name == name


def test_a_layers_name_is_as_harmless(complain: Complain) -> None:
    message = complain("dataset: iris\nlayers:\n  - Dense: {units: 3, name: a/b}\n")

    assert "spec.yaml:3:23  layers[0].Dense.name: expected letters" in message


@pytest.mark.parametrize(
    "text",
    [
        'layers:\n  - "\\e[31m": 64\ndataset: iris\n',
        'dataset: "\\e[31m"\nlayers: []\n',
        'dataset: iris\nlayers:\n  - Dense: {"\\e[31m": 1}\n',
        '"\\e[31m": 1\ndataset: iris\nlayers: []\n',
        'loss: "\\e[31m"\ndataset: iris\nlayers: []\n',
        'preprocessing: ["\\e[31m"]\ndataset: iris\nlayers: []\n',
        'task: "\\e[31m"\ndataset: iris\nlayers: []\n',
        'extends: "\\e[31m"\n',
    ],
)
def test_control_characters_out_of_a_file_never_reach_the_terminal(complain: Complain, text: str) -> None:
    message = complain(text)

    assert "\x1b" not in message
    assert "\\x1b" in message


def test_endless_keys_make_no_endless_message(complain: Complain) -> None:
    key = "k" * 4096

    assert len(complain(f"{key}: 1\nloss: {key}\nlayers: [{{Dense: {{{key}: 1}}}}]\ndataset: {key}\n")) < 6000


def test_both_spellings_of_one_key_are_refused_at_the_second(complain: Complain) -> None:
    message = complain("optimizer: adam\noptimiser: adam\n", minimal=True)

    assert message.startswith("spec.yaml:2:1  'optimizer' and 'optimiser' are the same key")


def test_without_dataset_and_layers_both_are_asked_for(complain: Complain) -> None:
    message = complain("seed: 1\n")

    assert "'dataset' is missing" in message
    assert "'layers' is missing" in message


def test_problems_found_later_get_their_places(write: Callable[..., Path]) -> None:
    loaded = load_spec(write("dataset: iris\nlayers:\n  - Dense: 64\n"), ["last_activation=relu"])

    located = loaded.locate(SpecError([Problem("too small", ("layers", 0)), Problem("odd", ("last_activation",))]))

    assert str(located).splitlines() == [
        "spec.yaml:3:5  layers[0]: too small",
        "    - Dense: 64",
        "--set last_activation=relu  last_activation: odd",
    ]
    assert loaded.file == "spec.yaml"


@pytest.mark.parametrize(
    "text",
    [
        "training: {early_stopping: {patience: []}}",
        "training: {class_weight: [1]}",
        "evaluation: {validation: {a: 1}}",
        "regularisation: 3",
        "preprocessing: {pad: 3}",
        "metrics: [3]",
        "name: [a]",
        "hidden_activation: 3",
        "labels: both",
    ],
)
def test_no_word_of_pydantic_is_shown(complain: Complain, text: str) -> None:
    message = complain(f"{text}\n", minimal=True)

    assert "expected" in message
    for word in ("Input should", "validation error", "pydantic", "union", "errors.py"):
        assert word not in message


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        ("imbd", "did you mean 'imdb'?"),
        ("heart.csv", "a file is read with {source: csv, path: heart.csv, ...}"),
        ("{source: csv, path: a.csv}", "'target' is missing"),
        ("{source: csv, path: [a, b, c], target: y}", "dataset.path: expected"),
        ("{source: csv, path: a.csv, target: y, features: [x, y]}", "'y' stands in 'target' too"),
        ("{source: csv, path: a.csv, target: [y, y]}", "'y' is listed twice"),
        ("{source: csv, path: a.csv, target: y, header: false}", "'y' is no number"),
        ("{source: csv, path: '', target: y}", "not an empty one"),
        ('{source: csv, path: "a\\0b", target: y}', "not one with a NUL byte"),
        ("{source: csv, path: a.csv, target: y, sha256: abc}", "dataset.sha256: expected"),
        ("{source: csv, path: a.csv, target: 1.5}", "expected a text, not the number 1.5"),
        ("{source: npz, path: a.npz, inputs: y}", "inputs and targets are the same array"),
        ("{source: imdb, numwords: 3}", "did you mean 'num_words'?"),
        ("{source: make_moons, noice: 3}", "did you mean 'noise'?"),
        ("{num_words: 3}", "'source' is missing"),
        ("3", "expected a data set's name"),
        ("", "expected a data set's name"),
    ],
)
def test_what_is_wrong_with_a_dataset_is_said(complain: Complain, dataset: str, expected: str) -> None:
    assert expected in complain(f"dataset: {dataset}\nlayers: []\n")


def test_a_hash_too_many_is_noticed(complain: Complain) -> None:
    hashes = ", ".join(["'" + "0" * 64 + "'"] * 2)

    message = complain(f"dataset: {{source: csv, path: a, target: y, sha256: [{hashes}]}}\nlayers: []\n")

    assert "expected 1 of them, one a file, not 2" in message


def test_a_spec_names_no_module_and_no_callable(complain: Complain) -> None:
    message = complain("dataset: os.system\nlayers: [Lambda, 'os:system']\nloss: builtins.eval\n")

    assert message.count("unknown") == 3
    assert "'Lambda' cannot be used in a spec" in message


@pytest.mark.parametrize(
    "text",
    [
        "dataset: iris\nlayers:\n" + "  - Desne: 4\n" * 200,
        "dataset: iris\nlayers:\n  - Dense: {" + ", ".join(f"unit{row}: 4" for row in range(200)) + "}\n",
        "dataset: iris\nlayers:\n" + "  - Dense: {units: 4, from: nobody}\n" * 200,
        "dataset: iris\nlayers: [" + "!tagged Flatten, " * 200 + "]\n",
    ],
)
def test_after_fifty_problems_nothing_more_is_looked_for(write: Callable[..., Path], text: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_spec(write(text))

    *told, last = caught.value.problems
    assert len(told) == 50
    assert all(problem.place for problem in told)
    assert last.message == "there may be more: nothing else was checked after 50 problems"
