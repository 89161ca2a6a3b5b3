"""Augmentation as layers of the model: where they stand, that they act in training alone, and what else stays equal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dlrun.models import build
from dlrun.spec.sections import Layer
from dlrun.spec.steps import AUGMENTING, Augment

FLIP, TURN = Layer(kind="RandomFlip", arguments={"mode": "horizontal"}), Layer(kind="RandomInvert")
NEEDED = {
    "RandomBrightness": {"factor": 0.3},
    "RandomColorDegeneration": {"factor": 0.5},
    "RandomColorJitter": {"brightness_factor": 0.3},
    "RandomContrast": {"factor": 0.3},
    "RandomCrop": {"height": 6, "width": 6},
    "RandomHue": {"factor": 0.3},
    "RandomPosterization": {"factor": 4},
    "RandomRotation": {"factor": 0.2},
    "RandomSaturation": {"factor": 0.3},
    "RandomSharpness": {"factor": 0.5},
    "RandomShear": {"x_factor": 0.2},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2},
    "RandomZoom": {"height_factor": 0.2},
}


def images(make: Any, shape: tuple[int, ...] = (8, 8, 3)) -> Any:
    return replace(make.facts["binary"], input_shape=shape)


def augmented(make: Any, *layers: Layer, shape: tuple[int, ...] = (8, 8, 3), **fields: Any) -> Any:
    return make.completed(images(make, shape), *layers, preprocessing=(Augment(layers=(FLIP, TURN)),), **fields)


def test_its_layers_come_in_front_and_the_step_is_gone(make: Any) -> None:
    done = augmented(make, make.layer("Flatten"), make.layer("Dense", units=4), regularisation={"dropout": 0.3})

    assert [layer.kind for layer in done.spec.layers] == ["RandomFlip", "RandomInvert", "Flatten", "Dense", "Dropout"]
    assert done.spec.preprocessing == ()
    assert done.origins == (
        ("preprocessing", 0, "augment", 0),
        ("preprocessing", 0, "augment", 1),
        ("layers", 0),
        ("layers", 1),
        ("layers", 1),
    )


def test_completing_again_changes_nothing(make: Any) -> None:
    from dlrun.models import complete

    done = augmented(make, make.layer("Flatten")).spec

    assert complete(done, images(make)).spec == done


def test_they_come_behind_the_layer_that_makes_images_of_rows(make: Any) -> None:
    layers = make.layer("Reshape", target_shape=[8, 8, 1]), make.layer("Flatten")

    done = augmented(make, *layers, shape=(8, 8))

    assert [layer.kind for layer in done.spec.layers] == ["Reshape", "RandomFlip", "RandomInvert", "Flatten"]
    assert [origin[0] for origin in done.origins] == ["layers", "preprocessing", "preprocessing", "layers"]


def test_whoever_takes_the_input_by_its_name_takes_the_augmented_one(make: Any) -> None:
    layers = (
        make.layer("Flatten", name="augmented"),
        make.layer("Flatten", name="b", inputs=("input",)),
        make.layer("Concatenate", inputs=("augmented", "b")),
    )

    done = augmented(make, *layers).spec

    assert done.layers[1].name == "augmented_2"
    assert done.layers[3].inputs == ("augmented_2",)


@pytest.mark.parametrize("shape", [(8,), (8, 8), (4, 8, 8, 3)])
def test_inputs_that_are_no_images_are_refused(make: Any, shape: tuple[int, ...]) -> None:
    preprocessing = (Augment(layers=(FLIP,)),)

    problems = make.problems(images(make, shape), make.layer("Flatten"), preprocessing=preprocessing)

    assert "augment works on images (height, width, channels)" in problems[("preprocessing", 0)]


@pytest.mark.tensorflow
def test_every_augmentation_acts_in_training_alone_and_anew_each_time(make: Any) -> None:
    x = np.random.default_rng(0).uniform(0, 255, (16, 8, 8, 3)).astype(np.float32)
    for kind in sorted(AUGMENTING):
        layer = make.layer(kind, **NEEDED.get(kind, {}))
        model = build(make.spec(layer, make.layer("Flatten"), last_activation="none"), (8, 8, 3), 1, seed=1)
        images = model.layers[1]

        untouched, once, twice = (np.asarray(images(x, training=training)) for training in (False, True, True))

        if kind != "RandomCrop":  # which brings all other images to the new size
            np.testing.assert_array_equal(untouched, x, err_msg=kind)
        assert not np.array_equal(once, untouched), kind
        assert not np.array_equal(once, twice), kind


@pytest.mark.tensorflow
def test_weights_begin_alike_with_and_without_it_and_its_draws_hang_on_the_seed(make: Any) -> None:
    layers = make.layer("Flatten"), make.layer("Dense", units=4)
    with_it = augmented(make, *layers).spec
    without = make.completed(images(make), *layers).spec

    def weights(spec: Any, seed: int) -> list[np.ndarray]:
        return [np.asarray(value) for value in build(spec, (8, 8, 3), 1, seed).trainable_variables]

    def draws(seed: int) -> list[Any]:
        states = build(with_it, (8, 8, 3), 1, seed).non_trainable_variables
        return [np.asarray(state).tolist() for state in states]

    for one, other in zip(weights(with_it, 5), weights(without, 5), strict=True):
        np.testing.assert_array_equal(one, other)
    assert draws(5) == draws(5) != draws(6)


@pytest.mark.tensorflow
def test_what_keras_refuses_of_it_points_at_the_step(make: Any) -> None:
    from dlrun.errors import SpecError

    crop = Augment(layers=(FLIP, Layer(kind="RandomHue", arguments={"factor": 7})))
    done = make.completed(images(make), make.layer("Flatten"), preprocessing=(crop,))

    with pytest.raises(SpecError) as caught:
        build(done.spec, (8, 8, 3), 1, 0, origins=done.origins)

    assert caught.value.problems[0].path[:4] == ("preprocessing", 0, "augment", 1)
