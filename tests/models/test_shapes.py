"""Explanations of shapes, against the shapes that Keras gives and against what reaches what by gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dlrun.models import first_dense, receptive_field, shape_changes

pytestmark = pytest.mark.tensorflow

small = st.integers(1, 4)


def model_of(shape: tuple[int | None, ...], *layers: Any) -> Any:
    import keras

    tensor = inputs = keras.Input(shape)
    for layer in layers:
        tensor = layer(tensor)
    return keras.Model(inputs, tensor)


@st.composite
def sliding_layers(draw: st.DrawFn) -> tuple[str, int, dict[str, Any]]:
    """A convolution or a pooling with its arguments, and of how many axes."""
    axes = draw(st.sampled_from([1, 2, 3]))
    kinds = {1: ["Conv", "SeparableConv", "DepthwiseConv"], 2: ["Conv", "SeparableConv", "DepthwiseConv"], 3: ["Conv"]}
    kind = draw(st.sampled_from([*kinds[axes], "MaxPooling", "AveragePooling"]))
    each = st.tuples(*[small] * axes)
    if kind.endswith("Pooling"):
        padding = draw(st.sampled_from(["valid", "same"]))
        strides = draw(st.none() | each)
        return f"{kind}{axes}D", axes, {"pool_size": draw(each), "strides": strides, "padding": padding}
    causal = ["causal"] if (kind, axes) == ("Conv", 1) else []
    arguments: dict[str, Any] = {
        "kernel_size": draw(each),
        "padding": draw(st.sampled_from(["valid", "same", *causal])),
        **({} if kind == "DepthwiseConv" else {"filters": 2}),
    }
    # Keras takes a stride or a dilation; separable kernels move alike along all axes.
    alike = st.integers(1, 3).map(lambda value: (value,) * axes)
    key = draw(st.sampled_from(["strides", "dilation_rate"]))
    arguments[key] = draw(alike if kind != "Conv" else st.tuples(*[st.integers(1, 3)] * axes))
    return f"{kind}{axes}D", axes, arguments


@settings(max_examples=150)
@given(layer=sliding_layers(), data=st.data())
def test_every_axis_of_a_convolution_or_pooling_is_explained(
    layer: tuple[str, int, dict[str, Any]], data: st.DataObject
) -> None:
    import keras

    kind, axes, arguments = layer
    sizes = data.draw(st.tuples(*[st.integers(1, 16)] * axes))
    made = getattr(keras.layers, kind)(**arguments)
    try:
        model = model_of((*sizes, 2), made)
    except ValueError:  # the window is larger than the map
        assume(False)

    changes = shape_changes(model)

    real = tuple(model.output.shape)[1:-1]
    assert [tuple(axis.after for axis in change.axes) for change in changes] == [real] * len(changes)
    assert changes or real == sizes


@settings(max_examples=60)
@given(
    axes=st.sampled_from([1, 2, 3]),
    size=st.integers(1, 6),
    kernel=small,
    stride=st.integers(1, 3),
    padding=st.sampled_from(["valid", "same"]),
    extra=st.none() | st.integers(0, 2),
)
def test_a_transposed_convolution_grows_as_keras_says(
    axes: int, size: int, kernel: int, stride: int, padding: str, extra: int | None
) -> None:
    import keras

    assume(extra is None or extra < stride)
    made = getattr(keras.layers, f"Conv{axes}DTranspose")(
        2, kernel, strides=stride, padding=padding, output_padding=extra
    )
    model = model_of((*[size] * axes, 3), made)

    changes = shape_changes(model)

    real = tuple(model.output.shape)[1:-1]
    assert [tuple(axis.after for axis in change.axes) for change in changes] == [real] * len(changes)
    assert changes or real == (size,) * axes


@pytest.mark.parametrize(
    ("kind", "arguments", "before", "cause"),
    [
        ("Cropping1D", {"cropping": (1, 2)}, (9, 3), "cropping"),
        ("Cropping2D", {"cropping": ((1, 2), (0, 3))}, (9, 8, 3), "cropping"),
        ("Cropping3D", {"cropping": 1}, (9, 8, 7, 3), "cropping"),
        ("ZeroPadding1D", {"padding": 2}, (9, 3), "zero_padding"),
        ("ZeroPadding2D", {"padding": ((1, 0), (0, 1))}, (9, 8, 3), "zero_padding"),
        ("ZeroPadding2D", {"padding": 1, "data_format": "channels_first"}, (3, 9, 8), "zero_padding"),
        ("ZeroPadding3D", {"padding": (1, 2, 3)}, (9, 8, 7, 3), "zero_padding"),
        ("UpSampling1D", {"size": 3}, (9, 3), "upsampling"),
        ("UpSampling2D", {"size": (2, 3)}, (9, 8, 3), "upsampling"),
        ("UpSampling3D", {"size": 2}, (4, 3, 2, 3), "upsampling"),
        ("Conv2D", {"filters": 4, "kernel_size": 3, "data_format": "channels_first"}, (3, 9, 8), "convolution"),
        ("Conv1D", {"filters": 4, "kernel_size": 3}, (None, 2), "convolution"),
    ],
)
def test_the_axes_of_a_map_become_what_keras_makes_of_them(
    kind: str, arguments: dict[str, Any], before: tuple[int | None, ...], cause: str
) -> None:
    import keras

    model = model_of(before, getattr(keras.layers, kind)(**arguments))

    (change,) = shape_changes(model)
    real = tuple(model.output.shape)[1:]
    first = arguments.get("data_format") == "channels_first"
    assert (change.cause, change.before, change.after) == (cause, before, real)
    assert tuple(axis.after for axis in change.axes) == (real[1:] if first else real[:-1])


@pytest.mark.parametrize(
    ("kind", "arguments", "before", "after", "cause"),
    [
        ("Flatten", {}, (3, 3, 64), (576,), "flatten"),
        ("Reshape", {"target_shape": (4, 7)}, (28,), (4, 7), "reshape"),
        ("RepeatVector", {"n": 5}, (7,), (5, 7), "repeat"),
        ("GlobalAveragePooling2D", {}, (3, 3, 64), (64,), "global_pooling"),
        ("GlobalMaxPooling1D", {"keepdims": True}, (12, 4), (1, 4), "global_pooling"),
        ("AdaptiveAveragePooling2D", {"output_size": 2}, (5, 7, 4), (2, 2, 4), "adaptive_pooling"),
        ("Embedding", {"input_dim": 100, "output_dim": 8}, (20,), (20, 8), "embedding"),
        ("LSTM", {"units": 32}, (120, 7), (32,), "last_state"),
        ("GRU", {"units": 32, "return_sequences": True}, (120, 7), (120, 32), "every_state"),
    ],
)
def test_layers_that_are_no_windows_have_their_cause(
    kind: str, arguments: dict[str, Any], before: tuple[int, ...], after: tuple[int, ...], cause: str
) -> None:
    import keras

    (change,) = shape_changes(model_of(before, getattr(keras.layers, kind)(**arguments)))

    assert (change.kind, change.cause, change.before, change.after) == (kind, cause, before, after)


def test_layers_inside_of_layers_are_explained_for_what_they_do() -> None:
    import keras

    layers = keras.layers
    frames = model_of(
        (10, 16, 16, 1),
        layers.TimeDistributed(layers.Conv2D(4, 3)),
        layers.TimeDistributed(layers.GlobalMaxPooling2D()),
        layers.Bidirectional(layers.LSTM(8)),
    )
    film = model_of((10, 16, 16, 1), layers.ConvLSTM2D(4, 5, return_sequences=True), layers.ConvLSTM2D(4, 3))

    convolved, pooled, state = shape_changes(frames)
    every, last = shape_changes(film)

    assert (convolved.kind, convolved.per_step, pooled.after) == ("TimeDistributed Conv2D", True, (10, 4))
    assert [axis.after for axis in convolved.axes] == [14, 14]
    assert (state.kind, state.cause, state.after) == ("Bidirectional LSTM", "last_state", (16,))
    assert (every.cause, [axis.after for axis in every.axes]) == ("every_state", [12, 12])
    assert (last.cause, last.after) == ("last_state", (10, 10, 4))


def test_layers_that_keep_the_shape_need_no_explanation() -> None:
    import keras

    layers = keras.layers
    model = model_of((8, 8, 2), layers.Conv2D(4, 1), layers.BatchNormalization(), layers.ReLU(), layers.Dense(3))

    assert shape_changes(model) == ()


def test_the_first_dense_layer_is_weighed_against_the_whole_model() -> None:
    import keras

    layers = keras.layers
    model = model_of((28, 28, 1), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(10), layers.Dense(10))

    dense = first_dense(model)

    assert dense is not None
    assert (dense.coefficients, dense.parameters) == (26 * 26 * 4, (26 * 26 * 4 + 1) * 10)
    assert (dense.total, dense.share) == (40 + 27050 + 110, 27050 / 27200)
    assert first_dense(model_of((8, 2), layers.LSTM(3))) is None


@st.composite
def chains(draw: st.DrawFn) -> list[tuple[str, dict[str, Any]]]:
    """Convolutions and poolings, of which the last is a convolution; all weights positive."""
    dilated = st.builds(lambda size, rate: {"kernel_size": size, "dilation_rate": rate}, st.integers(2, 3), small)
    strided = st.builds(lambda size, by: {"kernel_size": size, "strides": by}, st.integers(2, 5), st.integers(1, 2))
    pooled = st.builds(lambda size: ("AveragePooling1D", {"pool_size": size}), st.integers(2, 3))
    convolved = (dilated | strided).map(lambda arguments: ("Conv1D", {"filters": 1, **arguments}))
    return [*draw(st.lists(pooled | convolved, max_size=3)), draw(convolved)]


@settings(max_examples=40)
@given(chain=chains(), padding=st.sampled_from(["valid", "same"]))
def test_a_value_of_the_last_convolution_hangs_on_as_many_steps_as_its_field_has(
    chain: list[tuple[str, dict[str, Any]]], padding: str
) -> None:
    import keras
    import tensorflow as tf

    steps = 600
    layers = [getattr(keras.layers, kind)(**arguments, padding=padding) for kind, arguments in chain]
    model = model_of((steps, 1), *layers)
    model.set_weights([np.ones(weight.shape) for weight in model.get_weights()])
    inputs = tf.Variable(np.ones((1, steps, 1), np.float32))
    with tf.GradientTape() as tape:
        outputs = model(inputs)
        middle = outputs[0, outputs.shape[1] // 2, 0]
    reached = np.flatnonzero(tape.gradient(middle, inputs)[0, :, 0])

    field = receptive_field(model)

    assert field is not None
    assert (field.layer, field.of) == (model.layers[-1].name, (steps,))
    assert field.sizes == (reached[-1] - reached[0] + 1,)


def test_branches_see_what_the_widest_of_them_sees() -> None:
    import keras

    layers = keras.layers
    inputs = keras.Input((32, 32, 2))
    wide = layers.Conv2D(2, 5, padding="same")(layers.Conv2D(2, 5, padding="same")(inputs))
    meeting = layers.Add()([inputs, wide])
    model = keras.Model(inputs, layers.Conv2D(2, 1, name="end")(meeting))
    halved = layers.MaxPooling2D(2)(inputs)
    apart = keras.Model(
        inputs, layers.Conv2D(2, 3, name="end")(layers.Concatenate()([layers.Cropping2D(8)(inputs), halved]))
    )

    field, none = receptive_field(model), receptive_field(apart)

    assert field is not None
    assert (field.layer, field.sizes) == ("end", (9, 9))
    assert none is None  # their values lie 1 and 2 pixels apart


def test_zeros_around_the_input_are_no_part_of_it() -> None:
    import keras

    layers = keras.layers
    field = receptive_field(model_of((16, 16, 1), layers.ZeroPadding2D(2), layers.Conv2D(1, 5)))

    assert field is not None
    assert (field.sizes, field.of) == ((5, 5), (16, 16))


def test_what_has_seen_everything_has_no_field() -> None:
    import keras

    layers = keras.layers
    decoder = model_of((8,), layers.Dense(36), layers.Reshape((6, 6, 1)), layers.Conv2D(1, 3))

    assert receptive_field(decoder) is None
    assert receptive_field(model_of((8,), layers.Dense(3))) is None
