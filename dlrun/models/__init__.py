"""From a spec and facts about its data to a complete spec, and from there to a Keras model.

The names are loaded on use: judging a spec needs neither NumPy nor TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.lazily import lazily

if TYPE_CHECKING:
    from dlrun.models.building import build
    from dlrun.models.check import check_without_data
    from dlrun.models.compiling import compile_arguments, gives_logits, output_activation, train_metric_names
    from dlrun.models.completing import Completed, complete
    from dlrun.models.facts import DataFacts, InputFacts, input_facts
    from dlrun.models.receptive import ReceptiveField, receptive_field
    from dlrun.models.shapes import FirstDense, ShapeChange, first_dense, shape_changes
    from dlrun.models.summary import LayerRow, layer_table, outline
    from dlrun.models.tasks import TASKS, Targets, TaskRow

_HOMES = {
    "TASKS": "tasks",
    "Completed": "completing",
    "DataFacts": "facts",
    "FirstDense": "shapes",
    "InputFacts": "facts",
    "LayerRow": "summary",
    "ReceptiveField": "receptive",
    "ShapeChange": "shapes",
    "Targets": "tasks",
    "TaskRow": "tasks",
    "build": "building",
    "check_without_data": "check",
    "compile_arguments": "compiling",
    "complete": "completing",
    "first_dense": "shapes",
    "gives_logits": "compiling",
    "input_facts": "facts",
    "layer_table": "summary",
    "outline": "summary",
    "output_activation": "compiling",
    "receptive_field": "receptive",
    "shape_changes": "shapes",
    "train_metric_names": "compiling",
}

__all__ = [
    "TASKS",
    "Completed",
    "DataFacts",
    "FirstDense",
    "InputFacts",
    "LayerRow",
    "ReceptiveField",
    "ShapeChange",
    "Targets",
    "TaskRow",
    "build",
    "check_without_data",
    "compile_arguments",
    "complete",
    "first_dense",
    "gives_logits",
    "input_facts",
    "layer_table",
    "outline",
    "output_activation",
    "receptive_field",
    "shape_changes",
    "train_metric_names",
]

__getattr__ = lazily(__name__, _HOMES)
