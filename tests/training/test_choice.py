"""The rules of ``auto``: pure functions of the spec, shapes and device, without TensorFlow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlrun.errors import SpecError
from dlrun.training.choice import DENSE_LIKE, MEMORY_BUDGET, MOST_LANES, RULES, Asked, Work, choose_engine

BOSTON = Work(
    layers=frozenset({"InputLayer", "Dense"}),
    foreign=(),
    optimiser="RMSprop",
    parameters=5_121,
    optimiser_values=5_123,
    batch_size=16,
    fits=4,
    steps=4 * 100 * 19,
    data_bytes=404 * 13 * 4,
)


def test_folds_of_a_small_dense_net_are_lanes_of_one_program() -> None:
    choice = choose_engine(Asked(), BOSTON)

    assert (choice.name, choice.program, choice.lanes) == ("compiled", "vectorized", 4)
    assert "all fits" in choice.why


@pytest.mark.parametrize("layer", ["Conv2D", "LSTM", "Embedding", "MultiHeadAttention"])
def test_layers_that_lanes_do_not_help_train_one_fit_at_a_time(layer: str) -> None:
    choice = choose_engine(Asked(), replace(BOSTON, layers=frozenset({"InputLayer", "Dense", layer})))

    assert (choice.name, choice.program, choice.lanes) == ("compiled", "graph", 1)


def test_a_wide_net_trains_one_fit_at_a_time() -> None:
    choice = choose_engine(Asked(), replace(BOSTON, parameters=10_000_000, batch_size=512))

    assert (choice.program, choice.lanes) == ("unrolled", 1)


def test_a_wide_net_with_dropout_leaves_xla_out() -> None:
    layers = BOSTON.layers | {"Dropout"}

    choice = choose_engine(Asked(), replace(BOSTON, layers=layers, parameters=10_000_000, batch_size=512))

    assert (choice.program, choice.lanes) == ("graph", 1)


def test_multi_hot_rows_stay_in_the_graph_where_they_are_sparse() -> None:
    choice = choose_engine(Asked(), replace(BOSTON, multi_hot=True, steps=10**6))

    assert (choice.program, choice.lanes) == ("graph", 1)


def test_a_short_run_does_not_wait_for_a_compiler() -> None:
    choice = choose_engine(Asked(), replace(BOSTON, steps=400))

    assert (choice.program, choice.lanes) == ("graph", 1)
    assert "too few steps" in choice.why


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"foreign": ("the layer 'Wavelet'",)}, "the layer 'Wavelet'"),
        ({"optimiser": "ScheduleFreeAdamW"}, "ScheduleFreeAdamW"),
        ({"layers": frozenset({"Dense", "SpectralNormalization"})}, "SpectralNormalization"),
    ],
)
def test_what_a_program_cannot_represent_goes_to_keras_or_is_refused_with_the_reason(
    change: dict[str, object], named: str
) -> None:
    work = replace(BOSTON, **change)  # type: ignore[arg-type]

    choice = choose_engine(Asked(), work)

    assert (choice.name, choice.program, choice.lanes) == ("keras", None, None)
    assert named in choice.why
    with pytest.raises(SpecError, match=named) as refusal:
        choose_engine(Asked("compiled"), work)
    assert refusal.value.problems[0].path == ("training", "engine")


def test_layers_that_lanes_cannot_share_are_refused_where_the_spec_asks_for_it() -> None:
    work = replace(BOSTON, layers=BOSTON.layers | {"Embedding", "LSTM"})

    with pytest.raises(SpecError, match="takes no Embedding, LSTM") as refusal:
        choose_engine(Asked("compiled", "vectorized", 4), work)
    assert refusal.value.problems[0].path == ("training", "program")


def test_what_the_spec_names_is_taken() -> None:
    keras = choose_engine(Asked("keras"), BOSTON)
    unrolled = choose_engine(Asked("compiled", "unrolled", 3), BOSTON)

    assert (keras.name, keras.lanes) == ("keras", None)
    assert (unrolled.program, unrolled.lanes) == ("unrolled", 3)


def test_the_choice_that_a_run_has_written_down_is_chosen_again() -> None:
    first = choose_engine(Asked(), BOSTON)

    again = choose_engine(Asked("compiled", first.program, first.lanes), BOSTON)

    assert again == first


@pytest.mark.parametrize("fits", [1, 2, 5, MOST_LANES, MOST_LANES + 1, 200])
def test_groups_of_lanes_are_as_equal_as_can_be_and_never_too_wide(fits: int) -> None:
    lanes = choose_engine(Asked("compiled", "vectorized"), replace(BOSTON, fits=fits)).lanes

    assert lanes is not None
    assert 2 <= lanes <= MOST_LANES
    groups = -(-fits // lanes)
    assert lanes * groups - fits < max(groups, 2)


def test_lanes_stay_within_the_memory_that_is_stated() -> None:
    large = replace(BOSTON, data_bytes=MEMORY_BUDGET // 5, fits=20, steps=20 * 1900)

    lanes = choose_engine(Asked(), large).lanes

    assert lanes is not None
    assert lanes >= 2
    assert lanes * large.lane_bytes <= MEMORY_BUDGET


def test_the_last_rule_holds_always_and_every_rule_gives_a_reason() -> None:
    odd = replace(BOSTON, fits=1, steps=1)

    assert RULES[-1].holds(odd)
    assert all(rule.why for rule in RULES)


@pytest.mark.tensorflow
def test_the_layers_of_the_table_are_layers_of_keras() -> None:
    import keras

    assert all(issubclass(getattr(keras.layers, name), keras.layers.Layer) for name in DENSE_LIKE)
