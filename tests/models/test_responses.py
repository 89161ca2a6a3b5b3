"""Filters and response maps, against kernels that were set by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlrun.models.responses import first_filters, has_convolution, responses

pytestmark = pytest.mark.tensorflow


def model_of(shape: tuple[int, ...], *layers: Any) -> Any:
    import keras

    tensor = inputs = keras.Input(shape)
    for layer in layers:
        tensor = layer(tensor)
    return keras.Model(inputs, tensor)


def test_a_kernel_that_picks_the_right_neighbour_shifts_the_image() -> None:
    import keras

    layers = keras.layers
    convolution = layers.Conv2D(2, 3, name="shift")
    model = model_of(
        (36,), layers.Reshape((6, 6, 1)), convolution, layers.MaxPooling2D(2, name="pool"), layers.Flatten()
    )
    kernel = np.zeros((3, 3, 1, 2), np.float32)
    kernel[1, 2, 0, 0] = 1.0  # the pixel to the right
    kernel[1, 1, 0, 1] = -1.0
    convolution.set_weights([kernel, np.zeros(2)])
    image = np.arange(36, dtype=np.float32).reshape(6, 6)

    seen = responses(model, image.reshape(1, 36))

    shifted, pooled = seen.layers
    assert [shifted.layer, pooled.layer] == ["shift", "pool"]
    np.testing.assert_array_equal(seen.image[:, :, 0], image)
    np.testing.assert_array_equal(shifted.maps[:, :, 0], image[1:5, 2:6])
    np.testing.assert_array_equal(shifted.maps[:, :, 1], -image[1:5, 1:5])
    np.testing.assert_array_equal(pooled.maps[:, :, 0], image[1:5, 2:6].reshape(2, 2, 2, 2).max(axis=(1, 3)))
    np.testing.assert_array_equal(seen.prediction, pooled.maps.ravel())


def test_filters_come_first_and_keep_their_channels() -> None:
    import keras

    layers = keras.layers
    convolution = layers.Conv2D(5, (2, 3))
    model = model_of((8, 8, 3), convolution, layers.Conv2D(7, 3))

    filters = first_filters(model)

    kernel = convolution.get_weights()[0]  # (2, 3, 3, 5)
    assert (filters.layer, filters.kernels.shape) == (convolution.name, (5, 2, 3, 3))
    np.testing.assert_array_equal(filters.kernels[4], kernel[..., 4])


@pytest.mark.parametrize("kind", ["DepthwiseConv2D", "SeparableConv2D"])
def test_a_depthwise_kernel_has_a_filter_for_each_channel(kind: str) -> None:
    import keras

    arguments = {"filters": 4} if kind == "SeparableConv2D" else {}
    layer = getattr(keras.layers, kind)(kernel_size=3, depth_multiplier=2, **arguments)

    filters = first_filters(model_of((8, 8, 3), layer))

    kernel = layer.get_weights()[0]  # (3, 3, 3 channels, 2)
    assert filters.kernels.shape == (6, 3, 3, 1)
    np.testing.assert_array_equal(filters.kernels[3, :, :, 0], kernel[:, :, 1, 1])


def test_convolutions_of_one_axis_are_no_images() -> None:
    import keras

    layers = keras.layers

    assert not has_convolution(model_of((9, 2), layers.Conv1D(3, 3)))
    assert not has_convolution(model_of((9,), layers.Dense(3)))
