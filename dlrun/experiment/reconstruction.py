"""What an autoencoder adds to an experiment: targets that are its encoded inputs, and the width of its code."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dlrun.data.encoded import Encoded, MultiHotRows, as_array
from dlrun.errors import DataError, Problem, SpecError
from dlrun.models.kinds import core
from dlrun.spec.sections import ExperimentSpec

MOST_BYTES = 4 << 30
"""Targets are held in memory beside the inputs; unpacked multi-hot rows may take 32 times the room."""


def own_targets(inputs: Encoded) -> npt.NDArray[np.float32]:
    """Make the targets of encoded inputs: the same numbers, one vector a row, (rows, outputs).

    Raises:
        SpecError: the inputs are token numbers.
        DataError: rows that would not fit into memory as targets.
    """
    if not isinstance(inputs, np.ndarray) and (needed := 4 * math.prod(inputs.shape)) > MOST_BYTES:
        fewer = "columns, such as num_words: 1000" if isinstance(inputs, MultiHotRows) else "rows, or smaller ones"
        raise DataError(
            f"as an autoencoder's targets, {len(inputs):,} rows of {math.prod(inputs.shape[1:]):,} columns would take"
            f" {needed / 2**30:.1f} GiB",
            hint=f"at most {MOST_BYTES >> 30} GiB are taken; keep fewer {fewer}",
        )
    if not isinstance(inputs, MultiHotRows) and inputs.dtype.kind in "iu":
        hint = "give it numbers, for example by the multi_hot step"
        message = "an autoencoder cannot give back token numbers: they are names, and no amounts"
        raise SpecError([Problem(message, ("task",), hint)])
    return np.asarray(as_array(inputs), np.float32).reshape(len(inputs), -1)


def code_width(spec: ExperimentSpec) -> int | None:
    """Tell how many numbers an autoencoder squeezes a row into: its codes' layer, else its narrowest Dense layer.

    None where that cannot be told from the spec alone, as of a map of a convolution.
    """
    found = [(layer.name, *core(layer)) for layer in spec.layers]
    named = [arguments for name, kind, arguments in found if name == spec.codes and spec.codes and kind == "Dense"]
    dense = named or ([] if spec.codes else [arguments for _, kind, arguments in found if kind == "Dense"])
    widths = [arguments["units"] for arguments in dense if isinstance(arguments.get("units"), int)]
    return min(widths, default=None)
