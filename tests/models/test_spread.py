"""What is said once for all hidden layers, written out layer by layer."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dlrun.models import complete
from dlrun.spec.sections import ExperimentSpec, Layer
from dlrun.spec.wiring import sources_of


def kinds(spec: ExperimentSpec) -> list[str]:
    return [layer.kind for layer in spec.layers]


def test_dense_and_conv_layers_get_the_hidden_activation(make: Any) -> None:
    layers = [make.layer("Conv2D", filters=4, kernel_size=3), make.layer("Flatten"), make.layer("Dense", units=4)]

    done = make.completed("binary", *layers, hidden_activation="elu").spec

    assert [layer.arguments.get("activation") for layer in done.layers] == ["elu", None, "elu"]


def test_a_hidden_activation_with_arguments_is_written_out(make: Any) -> None:
    done = make.completed("binary", hidden_activation={"leaky_relu": {"negative_slope": 0.1}}).spec

    assert done.layers[0].arguments["activation"] == {"leaky_relu": {"negative_slope": 0.1}}


def test_a_layer_keeps_the_activation_that_it_names_also_when_it_names_none(make: Any) -> None:
    layers = [make.layer("Dense", units=4, activation="tanh"), make.layer("Dense", units=4, activation=None)]

    done = make.completed("binary", *layers).spec

    assert [layer.arguments["activation"] for layer in done.layers] == ["tanh", None]


def test_recurrent_layers_never_get_the_hidden_activation(make: Any) -> None:
    inner = {"LSTM": {"units": 4}}

    done = make.completed("binary", make.layer("GRU", units=4), make.layer("Bidirectional", layer=inner)).spec

    assert "activation" not in done.layers[0].arguments
    assert done.layers[1].arguments["layer"] == inner


def test_the_dense_layer_inside_a_wrapper_gets_activation_and_penalty(make: Any) -> None:
    wrapper = make.layer("TimeDistributed", layer={"Dense": 4})

    done = make.completed("binary", wrapper, make.layer("Flatten"), regularisation={"l1": 0.1}).spec

    inner = {"units": 4, "activation": "relu", "kernel_regularizer": {"L1": {"l1": 0.1}}}
    assert done.layers[0].arguments == {"layer": {"Dense": inner}}


def test_l1_and_l2_become_one_penalty_on_every_hidden_kernel(make: Any) -> None:
    layers = [make.layer("LSTM", units=4), make.layer("BatchNormalization"), make.layer("Dense", units=4)]

    done = make.completed("binary", *layers, regularisation={"l1": 0.1, "l2": 0.2}).spec

    penalty = {"L1L2": {"l1": 0.1, "l2": 0.2}}
    assert [layer.arguments.get("kernel_regularizer") for layer in done.layers] == [penalty, None, penalty]


def test_both_kernels_of_a_separable_convolution_are_penalised(make: Any) -> None:
    layers = [make.layer("SeparableConv2D", filters=4, kernel_size=3), make.layer("Flatten")]

    arguments = make.completed("binary", *layers, regularisation={"l2": 0.2}).spec.layers[0].arguments

    assert arguments["depthwise_regularizer"] == arguments["pointwise_regularizer"] == {"L2": {"l2": 0.2}}


def test_a_layer_that_names_its_own_penalty_keeps_it_and_a_warning_says_so(make: Any) -> None:
    layers = [make.layer("Dense", units=4, kernel_regularizer="l1"), make.layer("Dense", units=4)]

    done = make.completed("binary", *layers, regularisation={"l2": 0.2})

    assert done.spec.layers[0].arguments["kernel_regularizer"] == "l1"
    assert any("layers[0] (Dense) keeps its own" in warning for warning in done.warnings)


def test_a_penalty_that_no_layer_can_take_is_an_error(make: Any) -> None:
    assert (
        "no hidden layer with a kernel"
        in make.problems("binary", make.layer("Flatten"), regularisation={"l2": 0.1})[("regularisation",)]
    )


def test_dropout_follows_every_hidden_dense_layer_and_no_other(make: Any) -> None:
    layers = [make.layer("Conv1D", filters=4, kernel_size=3), make.layer("Flatten"), make.layer("Dense", units=4)]

    done = make.completed("binary", *layers, regularisation={"dropout": 0.3})

    assert kinds(done.spec) == ["Conv1D", "Flatten", "Dense", "Dropout"]
    assert done.spec.layers[-1].arguments == {"rate": 0.3}
    assert done.origins == (("layers", 0), ("layers", 1), ("layers", 2), ("layers", 2))


def test_a_dense_layer_with_dropout_of_its_own_is_left_and_a_warning_says_so(make: Any) -> None:
    own = [make.layer("Dense", units=4), make.layer("BatchNormalization"), make.layer("Dropout", rate=0.2)]

    done = make.completed("binary", *own, make.layer("Dense", units=4), regularisation={"dropout": 0.5})

    assert kinds(done.spec) == ["Dense", "BatchNormalization", "Dropout", "Dense", "Dropout"]
    assert any("layers[0] (Dense) already has a dropout layer" in warning for warning in done.warnings)


def test_whoever_takes_a_dense_layer_by_name_takes_it_after_dropout(make: Any) -> None:
    layers = [
        make.layer("Dense", "a", units=4),
        make.layer("Dense", "b", ("input",), units=4),
        make.layer("Concatenate", None, ("a", "b")),
    ]

    done = make.completed("binary", *layers, regularisation={"dropout": 0.5}).spec

    merge = kinds(done).index("Concatenate")
    assert [kinds(done)[source] for source in sources_of(done.layers)[merge]] == ["Dropout", "Dropout"]


def test_the_name_of_an_inserted_layer_is_free(make: Any) -> None:
    layers = [
        make.layer("Dense", "a", units=4),
        make.layer("Dense", "a_dropout", units=4),
        make.layer("Add", None, ("a", "a_dropout")),
    ]

    done = make.completed("binary", *layers, regularisation={"dropout": 0.5}).spec

    names = [layer.name for layer in done.layers if layer.name]
    assert len(names) == len(set(names)) == 4


def test_a_layer_with_the_longest_name_can_get_dropout(make: Any) -> None:
    done = make.completed("binary", make.layer("Dense", "x" * 200, units=4), regularisation={"dropout": 0.5}).spec

    assert done.layers[1].name.endswith("_dropout")


def test_dropout_without_a_dense_layer_is_an_error(make: Any) -> None:
    assert ("regularisation",) in make.problems("binary", make.layer("Flatten"), regularisation={"dropout": 0.5})


def test_the_last_layer_of_a_model_without_output_layer_is_not_hidden(make: Any) -> None:
    layers = [make.layer("Dense", units=4), make.layer("Dense", units=1), make.layer("Reshape", target_shape=[1])]

    done = make.completed("regression", *layers, output=False, regularisation={"l2": 0.1, "dropout": 0.5}).spec

    assert kinds(done) == ["Dense", "Dropout", "Dense", "Reshape"]
    assert done.layers[2].arguments == {"units": 1}


def test_nothing_is_left_to_spread_in_the_completed_spec(make: Any) -> None:
    done = make.completed("binary", regularisation={"l1": 0.1, "l2": 0.1, "dropout": 0.5}).spec

    assert set(done.regularisation.model_dump().values()) == {0.0}


LAYERS = st.lists(
    st.sampled_from(
        [
            Layer(kind="Dense", arguments={"units": 8}),
            Layer(kind="Dense", arguments={"units": 8, "activation": "tanh", "kernel_regularizer": "l2"}),
            Layer(kind="Dropout", arguments={"rate": 0.4}),
            Layer(kind="BatchNormalization"),
            Layer(kind="Activation", arguments={"activation": "elu"}),
        ]
    ),
    max_size=6,
)
WEIGHTS = st.sampled_from([0.0, 0.01, 0.3])


@given(
    layers=LAYERS, l1=WEIGHTS, l2=WEIGHTS, dropout=WEIGHTS, task=st.sampled_from(["binary", "multiclass", "regression"])
)
def test_completing_a_completed_spec_changes_nothing(
    make: Any, layers: list[Layer], l1: float, l2: float, dropout: float, task: str
) -> None:
    first = Layer(kind="Dense", arguments={"units": 8})
    regularisation = {"l1": l1, "l2": l2, "dropout": dropout}

    once = make.completed(task, first, *layers, regularisation=regularisation).spec

    assert complete(once, make.facts[task]).spec == once
