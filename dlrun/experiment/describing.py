"""What a spec comes to before anything is trained: data as tensors, layers, capacity, rows of each part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from dlrun.data.encoded import Encoded, MultiHotRows, StreamedRows
from dlrun.experiment.parts import part_sizes, protocol_record, splits_record
from dlrun.experiment.planning import Experiment, plan
from dlrun.experiment.training import trial_model
from dlrun.models import first_dense, layer_table, receptive_field, shape_changes
from dlrun.report.shapes import change_words, dense_words, field_words
from dlrun.spec import LoadedSpec


def describe(loaded: LoadedSpec) -> dict[str, Any]:
    """Describe an experiment: plain values, ready for JSON. Builds the model, so it loads TensorFlow.

    Raises:
        DlrunError: whatever would keep the experiment from running.
    """
    experiment = plan(loaded)
    model = trial_model(experiment, loaded)
    layers = [asdict(row) for row in layer_table(model)]
    rows = len(experiment.first.train)
    return {
        "name": experiment.spec.name,
        **describe_data(experiment),
        "layers": layers,
        "shapes": explain_shapes(model),
        "capacity": {
            "parameters": sum(layer["parameters"] for layer in layers),
            "trainable": sum(layer["trainable"] for layer in layers),
            "training_rows": rows,
            "parameters_per_row": sum(layer["trainable"] for layer in layers) / rows,
        },
    }


def explain_shapes(model: Any) -> dict[str, Any]:
    """Say why a built model's layers change the shape of what they are given: plain values, and each in words."""
    dense, field = first_dense(model), receptive_field(model)
    return {
        "changes": [_worded(asdict(change), change_words) for change in shape_changes(model)],
        "first_dense": _worded({**asdict(dense), "share": dense.share}, dense_words) if dense else None,
        "receptive_field": _worded(asdict(field), field_words) if field else None,
    }


def _worded(facts: dict[str, Any], words: Callable[[dict[str, Any]], str]) -> dict[str, Any]:
    return {**facts, "words": words(facts)}


def describe_data(experiment: Experiment) -> dict[str, Any]:
    """Describe the data alone; no TensorFlow. No value of a test row is in it."""
    dataset, encoded = experiment.dataset, experiment.first.inputs
    targets = dataset.targets
    return {
        "task": dataset.task,
        "data": {
            "source": dataset.name,
            "notes": list(dataset.notes),
            "targets": {
                "shape": [experiment.summary.rows, *targets.shape[1:]],
                "dtype": str(targets.dtype),
                "names": list(dataset.target_names),
            },
            "summary": asdict(experiment.summary),
            "fingerprint": dataset.fingerprint,
        },
        "encoded": {
            "shape": [len(encoded), *encoded.shape[1:]],
            "dtype": _dtype(encoded),
            "steps": [step.step for step in experiment.spec.preprocessing],
        },
        "parts": part_sizes(experiment),
        "protocol": protocol_record(experiment),
        "splits": splits_record(experiment),
        "warnings": list(experiment.warnings),
    }


def _dtype(encoded: Encoded) -> str:
    """Name the type of encoded inputs, and how they are held where that is not as an array."""
    if isinstance(encoded, MultiHotRows):
        return "bits, float32 in each batch"
    return f"{encoded.dtype}, made batch by batch" if isinstance(encoded, StreamedRows) else str(encoded.dtype)
