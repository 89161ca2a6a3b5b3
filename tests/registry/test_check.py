from __future__ import annotations

from typing import Any

import pytest

from dlrun.errors import Path, SpecError
from dlrun.registry import KINDS, check_call, positional, registry

HERE: Path = ("layers", 1, "X")
Arguments = dict[str, Any]

GOOD: list[tuple[str, str, Arguments]] = [
    ("layers", "Dense", {"units": 64, "activation": "relu", "kernel_regulariser": "l2"}),
    ("layers", "Dense", {"units": 64, "activation": None, "kernel_regularizer": {"L1L2": {"l1": 0.1, "l2": 0.1}}}),
    ("layers", "Dense", {"units": 64, "kernel_regularizer": {"name": "L2", "l2": 1}, "bias_constraint": "none"}),
    ("layers", "LSTM", {"units": 8, "activation": "none", "dropout": 0, "use_cudnn": False}),
    ("layers", "Conv2D", {"filters": 32, "kernel_size": [3, 3], "strides": 2, "padding": "same"}),
    ("layers", "Bidirectional", {"layer": "Flatten"}),
    ("layers", "Bidirectional", {"layer": {"LSTM": 32}}),
    ("layers", "Bidirectional", {"layer": {"LSTM": {"units": 32}}, "backward_layer": {"GRU": 32}}),
    ("layers", "RNN", {"cell": [{"LSTMCell": 8}, {"GRUCell": 8}]}),
    ("layers", "Dropout", {"rate": 0.5, "trainable": False, "dtype": "float32", "noise_shape": [1, None]}),
    ("layers", "GroupNormalization", {"groups": -1, "centre": False}),
    ("layers", "StringLookup", {"vocabulary": ["a", "b"]}),
    ("optimisers", "rmsprop", {"learning_rate": 0.001, "weight_decay": None}),
    ("schedules", "PiecewiseConstantDecay", {"boundaries": [100, 200], "values": [0.1, 0.01, 0.001]}),
    ("activations", "leaky_relu", {"negative_slope": 0.1}),
    ("metrics", "top_k_accuracy", {"k": 3}),
]


@pytest.mark.parametrize(("kind", "name", "arguments"), GOOD)
def test_what_keras_takes_has_no_problems(kind: str, name: str, arguments: Arguments) -> None:
    assert check_call(kind, name, arguments, HERE) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_default_of_keras_passes_for_its_own_argument(kind: str) -> None:
    problems = []
    for entry in registry(kind).values():
        defaults = {item.name: item.default for item in entry.parameters if not item.required}
        found = check_call(kind, entry.name, defaults, HERE)
        problems += [problem for problem in found if "needs the argument" not in problem.message]

    assert not problems


BAD: list[tuple[str, Arguments, Path, str]] = [
    ("Dense", {"unit": 3}, ("unit",), "'Dense' has no argument 'unit'; did you mean 'units'?"),
    ("Dense", {}, (), "'Dense' needs the argument 'units'"),
    ("Dense", {"units": "abc"}, ("units",), "expected a whole number of at least 1, not the text 'abc'"),
    ("Dense", {"units": 0}, ("units",), "expected a whole number of at least 1, not the number 0"),
    ("Dense", {"units": True}, ("units",), "expected a whole number of at least 1, not true"),
    ("Dense", {"units": 2.5}, ("units",), "expected a whole number of at least 1, not the number 2.5"),
    ("Dense", {"units": None}, ("units",), "expected a whole number of at least 1, not nothing (null)"),
    ("Dense", {"units": 10**5000}, ("units",), "expected a finite number, not a number that large"),
    ("Dense", {"units": 3, "use_bias": "yes"}, ("use_bias",), "expected true or false, not the text 'yes'"),
    ("Dense", {"units": 3, "use_bias": None}, ("use_bias",), "expected true or false, not nothing (null)"),
    ("Dense", {"units": 3, "activation": "rleu"}, ("activation",), "unknown activation 'rleu'; did you mean 'relu'?"),
    ("Dense", {"units": 3, "activation": 3}, ("activation",), "expected an activation by name, not the number 3"),
    (
        "Dense",
        {"units": 3, "kernel_initialiser": None},
        ("kernel_initialiser",),
        "expected an initialiser by name, not nothing (null)",
    ),
    (
        "Dense",
        {"units": 3, "kernel_regulariser": {"L2": {"l3": 0.1}}},
        ("kernel_regulariser", "L2", "l3"),
        "'L2' has no argument 'l3'; did you mean 'l2'?",
    ),
    (
        "Dense",
        {"units": 3, "kernel_regulariser": {"L2": "much"}},
        ("kernel_regulariser", "L2", "l2"),
        "expected a number, not the text 'much'",
    ),
    (
        "Dense",
        {"units": 3, "kernel_regulariser": {"name": "L3", "l2": 0.1}},
        ("kernel_regulariser", "name"),
        "unknown regulariser 'L3'; did you mean 'L1'?",
    ),
    (
        "Dense",
        {"units": 3, "kernel_regulariser": {"l1": 0.1, "l2": 0.1}},
        ("kernel_regulariser",),
        "expected a name, with or without arguments, not a mapping",
    ),
    (
        "Dense",
        {"units": 3, "kernel_regulariser": "l2", "kernel_regularizer": "l1"},
        ("kernel_regularizer",),
        "'kernel_regulariser' and 'kernel_regularizer' are the same argument; give it once",
    ),
    ("Dropout", {"rate": "half"}, ("rate",), "expected a number from 0 to 1, not the text 'half'"),
    ("Dropout", {"rate": 1.5}, ("rate",), "expected a number from 0 to 1, not the number 1.5"),
    ("Dropout", {"rate": float("nan")}, ("rate",), "expected a finite number, not the number nan"),
    ("Dropout", {"rate": 0.5, "noise_shape": [1, {}]}, ("noise_shape",), "expected a plain value, not a mapping"),
    ("Dropout", {"rate": 0.5, "seed": -1}, ("seed",), "expected a whole number of at least 0, not the number -1"),
    ("Dropout", {"rate": 0.5, "dtype": 32}, ("dtype",), "expected a text, not the number 32"),
    ("Conv2D", {"filters": 3, "kernel_size": 3, "padding": 1}, ("padding",), "expected a text, not the number 1"),
    *(
        (
            name,
            {**needed, argument: value},
            (argument,),
            f"expected a whole number of at least 1, or a list of them, {came}",
        )
        for name, needed, argument, value, came in (
            ("Conv2D", {"filters": 3}, "kernel_size", -3, "not the number -3"),
            ("Conv2D", {"filters": 3}, "kernel_size", "yes", "not the text 'yes'"),
            ("Conv2D", {"filters": 3}, "kernel_size", [3, 0], "not a list"),
            ("Conv2D", {"filters": 3}, "kernel_size", [], "not a list"),
            ("Conv2D", {"filters": 3, "kernel_size": 3}, "strides", 0, "not the number 0"),
            ("Conv2D", {"filters": 3, "kernel_size": 3}, "dilation_rate", 1.5, "not the number 1.5"),
            ("MaxPooling2D", {}, "pool_size", "2", "not the text '2'"),
        )
    ),
    ("BatchNormalization", {"epsilon": "small"}, ("epsilon",), "expected a number, not the text 'small'"),
    (
        "Bidirectional",
        {"layer": {"LTSM": 32}},
        ("layer", "LTSM"),
        "unknown layer 'LTSM'; did you mean 'LSTM'?",
    ),
    ("Bidirectional", {"layer": {"LSTM": {}}}, ("layer", "LSTM"), "'LSTM' needs the argument 'units'"),
    ("Bidirectional", {"layer": {"Add": 3}}, ("layer", "Add"), "'Add' takes no arguments, but got the number 3"),
    ("Bidirectional", {"layer": None}, ("layer",), "expected a layer by name, not nothing (null)"),
    (
        "RNN",
        {"cell": ["LSTMCell", {"GRUCell": 3}]},
        ("cell", 0),
        "'LSTMCell' needs the argument 'units'",
    ),
]


@pytest.mark.parametrize(("name", "arguments", "place", "message"), BAD)
def test_a_bad_argument_is_named_with_its_place(name: str, arguments: Arguments, place: Path, message: str) -> None:
    problems = check_call("layers", name, arguments, HERE)

    assert [(problem.path, problem.message) for problem in problems] == [((*HERE, *place), message)]


def test_every_problem_is_reported_at_once() -> None:
    arguments = {"units": "many", "activation": "rleu", "dropuot": 1}

    problems = check_call("layers", "Dense", arguments, HERE)

    assert [problem.path[-1] for problem in problems] == ["units", "activation", "dropuot"]


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("layers", "Desne", "unknown layer 'Desne'; did you mean 'Dense'?"),
        ("losses", "msee", "unknown loss 'msee'; did you mean 'mse'?"),
        ("optimisers", "rmsporp", "unknown optimiser 'rmsporp'; did you mean 'RMSprop'?"),
        ("metrics", "acuracy", "unknown metric 'acuracy'; did you mean 'accuracy'?"),
        ("layers", "Lambda", "layer 'Lambda' cannot be used in a spec: it runs code, and a spec is data"),
        (
            "optimisers",
            "optimiser",
            "optimiser 'optimiser' cannot be used in a spec: a base class, to be subclassed in",
        ),
        ("layers", "os.system", "unknown layer 'os.system'"),
        ("layers", "\x1b[31mDense", r"unknown layer '\x1b[31mDense'"),
        ("layers", "a\nb" * 2000, r"unknown layer 'a\nba\nb"),
    ],
)
def test_an_unknown_name_is_answered_with_the_one_that_was_meant(kind: str, name: str, message: str) -> None:
    (problem,) = check_call(kind, name, {}, HERE)

    assert problem.message.startswith(message)
    assert problem.path == HERE
    assert len(problem.message) < 200


def test_an_argument_near_to_none_gets_the_list_of_all() -> None:
    (problem,) = check_call("regularisers", "L2", {"strength": 0.1}, HERE)

    assert problem.hint == "it takes: l2"


@pytest.mark.parametrize("value", ["/etc/passwd", "words.txt", 3])
@pytest.mark.parametrize("layer", ["StringLookup", "IntegerLookup", "TextVectorization"])
def test_a_vocabulary_is_a_list_and_never_a_file(layer: str, value: Any) -> None:
    (problem,) = check_call("layers", layer, {"vocabulary": value}, HERE)

    assert problem.path == (*HERE, "vocabulary")
    assert problem.message.startswith("expected a list of values (a spec cannot name a file here)")


@pytest.mark.parametrize("kind", KINDS)
def test_a_mapping_reaches_no_argument_that_takes_a_plain_value(kind: str) -> None:
    config = {"class_name": "Lambda", "config": {"function": "evil"}}
    let_through = [
        (entry.name, parameter.name)
        for entry in registry(kind).values()
        for parameter in entry.parameters
        if not any(
            problem.path[:4] == (*HERE, parameter.name)
            for problem in check_call(kind, entry.name, {parameter.name: config}, HERE)
        )
    ]

    assert not let_through


def test_a_list_that_contains_itself_is_a_problem_and_not_a_crash() -> None:
    endless: list[Any] = []
    endless.append(endless)

    (problem,) = check_call("layers", "Reshape", {"target_shape": endless}, HERE)

    assert problem.message == "lists nested more than 8 deep"


def test_layers_within_layers_without_end_are_a_problem_and_not_a_crash() -> None:
    endless: dict[str, Any] = {}
    endless["TimeDistributed"] = {"layer": endless}

    (problem,) = check_call("layers", "TimeDistributed", {"layer": endless}, HERE)

    assert problem.message == "values are nested more than 60 deep"


@pytest.mark.parametrize(
    ("name", "value", "arguments"),
    [
        ("Dense", 64, {"units": 64}),
        ("Dropout", 0.5, {"rate": 0.5}),
        ("Reshape", [28, 28], {"target_shape": [28, 28]}),
        ("Dense", {"units": 64}, {"units": 64}),
        ("Flatten", None, {}),
    ],
)
def test_a_lone_value_is_the_first_argument(name: str, value: Any, arguments: Arguments) -> None:
    assert positional(registry("layers")[name], value) == arguments


def test_a_lone_value_for_a_layer_without_arguments_is_refused() -> None:
    with pytest.raises(SpecError, match="'Add' takes no arguments, but got the number 3"):
        positional(registry("layers")["Add"], 3, HERE)
