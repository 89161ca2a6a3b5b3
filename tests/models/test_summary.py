"""A spec's layers as one line."""

from __future__ import annotations

from typing import Any

from dlrun.models import outline


def test_a_chain_is_written_with_arrows_and_sizes(make: Any) -> None:
    layers = [
        make.layer("Conv2D", filters=32, kernel_size=3),
        make.layer("Flatten"),
        make.layer("Bidirectional", layer={"LSTM": {"units": 8}}),
        make.layer("Dropout", rate=0.5),
    ]

    assert outline(make.spec(*layers), 10) == "Conv2D 32 → Flatten → Bidirectional LSTM 8 → Dropout 0.5 → Dense 10"


def test_a_branch_begins_a_new_part(make: Any) -> None:
    layers = [
        make.layer("Dense", "a", units=8),
        make.layer("Dense", "b", ("input",), units=4),
        make.layer("Concatenate", None, ("a", "b")),
    ]

    assert outline(make.spec(*layers), 1) == "Dense 8 (a); input → Dense 4 (b); a, b → Concatenate → Dense 1"


def test_an_output_layer_of_unknown_size_is_called_output(make: Any) -> None:
    assert outline(make.spec(make.layer("Dense", units=8))) == "Dense 8 → output"


def test_a_model_without_output_layer_ends_in_its_own(make: Any) -> None:
    assert outline(make.spec(make.layer("Dense", units=8), output=False), 8) == "Dense 8"
