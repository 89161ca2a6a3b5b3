"""Built models against the same models written by hand with Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dlrun.errors import SpecError, TrainingError
from dlrun.models import build, layer_table

pytestmark = pytest.mark.tensorflow


def test_weights_that_fit_into_no_memory_are_a_failed_training_and_no_wrong_spec(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras
    import tensorflow as tf

    def allocate(*_: Any) -> None:  # for real, TensorFlow tries again for ten seconds
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    monkeypatch.setattr(keras.layers.EinsumDense, "build", allocate)
    wide = make.layer("EinsumDense", equation="ab,bc->ac", output_shape=10**15)
    spec = make.completed("regression", make.layer("Dense", units=8), wide).spec

    with pytest.raises(TrainingError, match=r"layers\[1\] \(EinsumDense\) do not fit into memory"):
        build(spec, (13,), 1, seed=0)


def by_hand(make_model: Callable[[], Any], seed: int) -> Any:
    import keras

    keras.utils.set_random_seed(seed)
    return make_model()


def refusal(*arguments: Any, **more: Any) -> tuple[Any, str]:
    with pytest.raises(SpecError) as caught:
        build(*arguments, **more)
    (problem,) = caught.value.problems
    return problem.path, f"{problem.message} | {problem.hint}"


def same(model: Any, reference: Any) -> None:
    """Both have the same weights, and give the same for the same inputs, with dropout off and on."""
    inputs = np.random.default_rng(0).normal(size=(6, *model.input_shape[1:])).astype(np.float32)

    for ours, theirs in zip(model.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for training in (False, True):
        ours, theirs = model(inputs, training=training), reference(inputs, training=training)
        np.testing.assert_array_equal(ours, theirs)


def test_a_chain_is_the_sequential_model_with_the_same_seed(make: Any) -> None:
    from keras import Input, Sequential, layers

    hidden = [make.layer("Dense", units=8), make.layer("Dense", units=4)]
    spec = make.completed("multiclass", *hidden, regularisation={"dropout": 0.4}).spec

    model = build(spec, (5,), 3, seed=7)

    same(
        model,
        by_hand(
            lambda: Sequential(
                [
                    Input((5,)),
                    layers.Dense(8, activation="relu"),
                    layers.Dropout(0.4),
                    layers.Dense(4, activation="relu"),
                    layers.Dropout(0.4),
                    layers.Dense(3, activation="softmax"),
                ]
            ),
            7,
        ),
    )


def test_a_convnet_is_the_sequential_model_with_the_same_seed(make: Any) -> None:
    from keras import Input, Sequential, layers

    hidden = [make.layer("Conv2D", filters=2, kernel_size=3), make.layer("MaxPooling2D"), make.layer("Flatten")]
    spec = make.completed("binary", *hidden, hidden_activation={"leaky_relu": {"negative_slope": 0.1}}).spec

    model = build(spec, (8, 8, 1), 1, seed=3)

    conv = lambda: layers.Conv2D(2, 3, activation=layers.LeakyReLU(0.1))  # noqa: E731
    head = lambda: layers.Dense(1, activation="sigmoid")  # noqa: E731
    reference = by_hand(
        lambda: Sequential([Input((8, 8, 1)), conv(), layers.MaxPooling2D(), layers.Flatten(), head()]), 3
    )
    same(model, reference)


def test_branches_are_the_functional_model_with_the_same_seed(make: Any) -> None:
    import keras
    from keras import layers

    hidden = [
        make.layer("Dense", "a", units=4),
        make.layer("Dense", "b", ("input",), units=4),
        make.layer("Concatenate", None, ("a", "b")),
    ]
    spec = make.completed("regression", *hidden).spec

    def reference() -> Any:
        inputs = keras.Input((5,))
        a, b = layers.Dense(4, activation="relu")(inputs), layers.Dense(4, activation="relu")(inputs)
        return keras.Model(inputs, layers.Dense(1)(layers.Concatenate()([a, b])))

    same(build(spec, (5,), 1, seed=1), by_hand(reference, 1))


def test_attention_takes_its_tensors_by_place_and_one_alone_attends_to_itself(make: Any) -> None:
    import keras
    from keras import layers

    hidden = [
        make.layer("MultiHeadAttention", "self", num_heads=1, key_dim=2),
        make.layer("MultiHeadAttention", None, ("self", "input"), num_heads=1, key_dim=2),
        make.layer("GlobalAveragePooling1D"),
    ]
    spec = make.completed("regression", *hidden).spec

    def reference() -> Any:
        inputs = keras.Input((4, 3))
        first = layers.MultiHeadAttention(1, 2)(inputs, inputs)
        second = layers.MultiHeadAttention(1, 2)(first, inputs)
        return keras.Model(inputs, layers.Dense(1)(layers.GlobalAveragePooling1D()(second)))

    same(build(spec, (4, 3), 1, seed=1), by_hand(reference, 1))


def test_token_numbers_go_through_an_embedding_as_integers(make: Any) -> None:
    layers = [make.layer("Embedding", input_dim=9, output_dim=2), make.layer("Bidirectional", layer={"LSTM": 3})]
    spec = make.spec(*layers, last_activation="sigmoid")

    model = build(spec, (None,), 1, seed=0, integer_inputs=True)

    assert model.inputs[0].dtype == "int32"
    assert model(np.array([[1, 2, 8]], np.int32)).shape == (1, 1)


def test_the_seed_alone_decides_weights_dropout_and_names_however_often_one_builds(make: Any) -> None:
    spec = make.completed("binary", regularisation={"dropout": 0.5}).spec
    inputs = np.ones((20, 5), np.float32)

    first, again, other = (build(spec, (5,), 1, seed=seed) for seed in (4, 4, 5))

    assert [layer.name for layer in first.layers] == ["input", "dense", "dropout", "output"]
    assert [layer.name for layer in again.layers] == [layer.name for layer in first.layers]
    for _ in range(2):
        np.testing.assert_array_equal(first(inputs, training=True), again(inputs, training=True))
    assert not np.array_equal(first.get_weights()[0], other.get_weights()[0])


def test_a_name_that_keras_would_give_goes_to_the_layer_that_asks_for_it(make: Any) -> None:
    spec = make.completed("regression", make.layer("Dense", units=4), make.layer("Dense", "dense", units=4)).spec

    assert [row.name for row in layer_table(build(spec, (5,), 1, seed=0))] == ["dense_1", "dense", "output"]


@pytest.mark.parametrize(
    ("regularisation", "penalty"),
    [
        ({"l1": 0.1}, lambda kernel: 0.1 * np.abs(kernel).sum()),
        ({"l2": 0.2}, lambda kernel: 0.2 * np.square(kernel).sum()),
        ({"l1": 0.1, "l2": 0.2}, lambda kernel: 0.1 * np.abs(kernel).sum() + 0.2 * np.square(kernel).sum()),
    ],
)
def test_l1_and_l2_penalise_the_kernels_of_hidden_layers_only(
    make: Any, regularisation: dict[str, float], penalty: Callable[[Any], float]
) -> None:
    layers = [make.layer("Dense", units=4), make.layer("Dense", units=3)]

    model = build(make.completed("regression", *layers, regularisation=regularisation).spec, (5,), 1, seed=2)

    first, _, second, *_ = model.get_weights()
    assert float(sum(model.losses)) == pytest.approx(penalty(first) + penalty(second), rel=1e-5)


@pytest.mark.parametrize("activation", ["none", "sigmoid", "softmax", "tanh", "softplus", {"relu": {"max_value": 1.0}}])
def test_the_output_layer_applies_the_last_activation(make: Any, activation: Any) -> None:
    import keras

    inputs = np.random.default_rng(1).normal(size=(4, 5)).astype(np.float32)
    model = build(make.spec(last_activation=activation, hidden_activation="relu"), (5,), 3, seed=0)
    linear = keras.Model(model.inputs[0], model.layers[-1].input)

    output = model.layers[-1]
    raw = keras.ops.matmul(linear(inputs), output.kernel) + output.bias
    functions = {"none": lambda x: x, "sigmoid": keras.ops.sigmoid, "softmax": keras.ops.softmax}
    functions |= {"tanh": keras.ops.tanh, "softplus": keras.ops.softplus}
    expected = functions[activation] if isinstance(activation, str) else lambda x: keras.ops.clip(x, 0, 1)
    np.testing.assert_allclose(model(inputs), expected(raw), rtol=1e-5, atol=1e-6)
    assert output.name == "output"


@pytest.mark.parametrize(
    ("layers", "shape", "says"),
    [
        ([("Dense", {"units": 4})], (28, 28), "begin with Flatten"),
        ([("Conv2D", {"filters": 2, "kernel_size": 3})], (28, 28), "begin with Reshape: [28, 28, 1]"),
        ([("Conv2D", {"filters": 2, "kernel_size": 3})], (28, 28, 1), "add Flatten or GlobalAveragePooling2D"),
        ([("Conv2D", {"filters": 2, "kernel_size": 9})], (4, 4, 1), "input of shape (rows, 4, 4, 1)"),
        ([("LSTM", {"units": 2})], (9,), "(rows, steps, features)"),
        ([("LSTM", {"units": 2, "return_sequences": True})], (9, 3), "leave return_sequences out"),
        ([("LSTM", {"units": 2, "return_state": True})], (9, 3), "several outputs"),
        ([("Reshape", {"target_shape": [2, 2]})], (9,), "total size"),
        ([("Reshape", {"target_shape": []})], (1,), "keep one axis"),
        ([("Flatten", {})], (None, 3), "fixed size"),
        ([("Dot", {"axes": 1})], (9,), "list of 2 inputs"),
    ],
)
def test_shapes_that_do_not_fit_are_a_problem_of_their_layer(
    make: Any, layers: list[tuple[str, dict[str, Any]]], shape: tuple[int | None, ...], says: str
) -> None:
    spec = make.spec(*[make.layer(kind, **arguments) for kind, arguments in layers], last_activation="none")

    path, text = refusal(spec, shape, 1, 0)

    assert path == ("layers", 0)
    assert says in text
    assert "Arguments received" not in text
    assert len(text) < 500


def test_a_recurrent_layer_on_token_numbers_is_told_about_embeddings(make: Any) -> None:
    spec = make.spec(make.layer("LSTM", units=2), last_activation="sigmoid")

    _, text = refusal(spec, (9,), 1, 0, integer_inputs=True)

    assert "begin with an Embedding layer" in text


def test_a_problem_is_placed_by_the_layers_of_the_spec_as_written(make: Any) -> None:
    hidden = [
        make.layer("Dense", units=4),
        make.layer("Dense", units=4),
        make.layer("Conv1D", filters=1, kernel_size=2),
    ]
    done = make.completed("binary", *hidden, regularisation={"dropout": 0.5})

    path, _ = refusal(done.spec, (5,), 1, 0, origins=done.origins)

    assert path == ("layers", 2)


def test_an_argument_that_keras_refuses_is_a_problem_of_the_spec(make: Any) -> None:
    path, text = refusal(make.spec(make.layer("Conv1D", filters=3, kernel_size=2, groups=2)), (8, 2), 1, 0)

    assert path[:2] == ("layers", 0)
    assert "groups" in text


def test_a_model_that_ends_in_a_layer_of_its_own_has_to_give_the_targets_shape(make: Any) -> None:
    spec = make.completed("regression", make.layer("Dense", units=2), output=False).spec

    assert build(spec, (5,), 2, seed=0).output_shape == (None, 2)
    assert "the targets need (rows, 1)" in refusal(spec, (5,), 1, 0)[1]


def test_the_layer_table_counts_what_training_changes(make: Any) -> None:
    layers = [make.layer("Dense", units=4), make.layer("BatchNormalization")]

    rows = layer_table(build(make.completed("regression", *layers).spec, (5,), 1, seed=0))

    assert [(row.name, row.kind, row.output_shape) for row in rows] == [
        ("dense", "Dense", (None, 4)),
        ("batch_normalization", "BatchNormalization", (None, 4)),
        ("output", "Dense", (None, 1)),
    ]
    assert [(row.parameters, row.trainable) for row in rows] == [(24, 24), (16, 8), (5, 5)]
