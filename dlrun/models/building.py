"""From a complete spec to a Keras model with the initial weights of a seed."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from dlrun.errors import Path, Problem, SpecError, TrainingError, show_path
from dlrun.models.kinds import RECURRENT, as_value, core, is_dense_or_conv
from dlrun.models.names import activation_name, snake_case
from dlrun.models.tasks import NO_ACTIVATION
from dlrun.registry import instantiate, read_entry, registry
from dlrun.seeds import child_seed
from dlrun.spec.sections import ExperimentSpec, Layer
from dlrun.spec.steps import AUGMENTING
from dlrun.spec.wiring import INPUT, OUTPUT, sources_of, wiring_problems

Shape = tuple[int | None, ...]

FLAT = "flat_output"
"""The layer that lays an output map into a vector, so that every model gives (rows, outputs)."""


def build(
    spec: ExperimentSpec,
    input_shape: Shape,
    outputs: int,
    seed: int,
    integer_inputs: bool = False,
    origins: Sequence[Path] = (),
) -> Any:
    """Build an uncompiled functional ``keras.Model``.

    Weights and the streams of dropout and noise hang on ``seed`` alone. Keras's global seed is set on the way.

    Args:
        spec: complete.
        input_shape: of one row after preprocessing; None for an axis that varies.
        outputs: columns of the predictions: the model gives (rows, outputs).
        seed: of the initial weights.
        integer_inputs: whether the inputs are token numbers.
        origins: for each layer, its place in the spec as written (`Completed.origins`), for problems.

    Raises:
        SpecError: Keras refuses a layer, or the model's output has the wrong shape.
        TrainingError: the weights do not fit into memory.
    """
    import keras

    problems = wiring_problems(spec.layers, spec.output)
    if problems:
        raise SpecError(problems)
    keras.utils.set_random_seed(seed)
    inputs = keras.Input(input_shape, dtype="int32" if integer_inputs else "float32", name=INPUT)
    places = tuple(origins) or tuple(("layers", index) for index in range(len(spec.layers)))
    tensors = _stack(spec.layers, inputs, integer_inputs, places, seed)
    place: Path = places[-1] if places else ("layers",)
    last = tensors[-1] if spec.output else _as_vector(tensors[-1], outputs)
    _check_output(last, spec, outputs, place)
    final = _output_layer(spec, outputs)(last) if spec.output else last
    return keras.Model(inputs, final, name="model")


def _stack(layers: Sequence[Layer], inputs: Any, integer_inputs: bool, places: Sequence[Path], seed: int) -> list[Any]:
    """Call every layer on what it takes; returns all outputs, the model's input first."""
    tensors = [inputs]
    names = _layer_names(layers)
    for index, (layer, sources) in enumerate(zip(layers, sources_of(layers), strict=True)):
        path = places[index]
        made = instantiate("layers", layer.kind, _arguments(layer, index, seed), (*path, layer.kind))
        made.name = names[index]
        taken = [tensors[source + 1] for source in sources]  # the input is -1 among the sources and first here
        tensors.append(_called(made, layer, taken, path, integer_inputs))
    return tensors


def _arguments(layer: Layer, index: int, seed: int) -> Mapping[str, Any]:
    """Give augmentation a seed of its own: the weights of the layers after it are the same with and without it."""
    if layer.kind not in AUGMENTING or layer.arguments.get("seed") is not None:
        return layer.arguments
    return {**layer.arguments, "seed": child_seed(seed, "augmentation", index)}


def _layer_names(layers: Sequence[Layer]) -> list[str]:
    """Name layers as Keras would in a fresh process (``dense``, ``dense_1``), whatever was built before in this one."""
    taken = {layer.name for layer in layers} | {INPUT, OUTPUT, FLAT}
    counts: Counter[str] = Counter()
    names: list[str] = []
    for layer in layers:
        name = layer.name
        while name is None or (layer.name is None and name in taken):
            base = snake_case(layer.kind)
            name = f"{base}_{counts[base]}" if counts[base] else base
            counts[base] += 1
        names.append(name)
    return names


def _called(made: Any, layer: Layer, taken: list[Any], path: Path, integer_inputs: bool) -> Any:
    """Call a layer on its inputs, and put Keras's refusal in our words."""
    entry = registry("layers").find(layer.kind)
    required = read_entry(entry).inputs if entry else ()
    try:
        if len(required) > 1:  # such as query and value; one tensor alone attends to itself
            result = made(*(taken * len(required) if len(taken) == 1 else taken))
        else:
            result = made(taken if len(taken) > 1 else taken[0])
    except Exception as error:  # Keras refuses shapes in many ways: ValueError, TypeError, TensorFlow's own errors
        if _is_out_of_memory(error):
            message = f"the weights of {show_path(path)} ({layer.kind}) do not fit into memory"
            raise TrainingError(message, hint="a smaller layer needs less") from error
        shapes = " and ".join(show_shape(tensor.shape) for tensor in taken)
        message = f"{layer.kind} cannot take an input of shape {shapes}: {reason_of(error)}"
        hint = _shape_hint(layer, taken[0].shape, integer_inputs)
        raise SpecError([Problem(message, path, hint=hint)]) from error
    if isinstance(result, list | tuple | Mapping):
        message = f"{layer.kind} gives several outputs, and a layer may give one"
        raise SpecError([Problem(message, path, hint="leave return_state out")])
    return result


def _is_out_of_memory(error: Exception) -> bool:
    import tensorflow as tf

    return isinstance(error, tf.errors.ResourceExhaustedError | MemoryError)


def reason_of(error: Exception) -> str:
    """Reduce Keras's long text to the sentence that says what is wrong."""
    text = str(error)
    emphasised = re.search(r"\x1b\[1m(.*?)\x1b\[0m", text, re.DOTALL)
    text = emphasised[1] if emphasised else text
    text = re.sub(r"\{\{.*?\}\}", "", text.split("Arguments received by")[0]).strip()
    text = " ".join(text.split("\n\n")[0].split())
    text = re.sub(r" \[Op:\w+\].*$", "", text)
    text = re.sub(r"^Input \d+ with name '.*?' of layer '.*?' is incompatible with the layer: ", "", text)
    return text[:300] or type(error).__name__


def show_shape(shape: Sequence[int | None]) -> str:
    """Write a shape as (rows, 28, 28); an axis that varies is shown as ``any``."""
    sizes = ("any" if size is None else str(size) for size in tuple(shape)[1:])
    return f"({', '.join(['rows', *sizes])})"


def _shape_hint(layer: Layer, shape: Shape, integer_inputs: bool) -> str | None:
    """Say what usually helps when a layer refuses an input of some rank."""
    kind, _ = core(layer)
    sequence = kind in RECURRENT or kind.endswith("1D")
    if sequence and len(shape) == 2 and integer_inputs:
        return "begin with an Embedding layer: it turns each token number into a vector"
    if kind.endswith("2D") and len(shape) == 3:
        return f"the input has no channel axis; begin with Reshape: [{shape[1]}, {shape[2]}, 1]"
    if sequence and len(shape) == 2:
        return f"{kind} reads sequences (rows, steps, features); add a Reshape, or a layer before it that gives one"
    if kind in RECURRENT and len(shape) == 4:
        return "put a Reshape before it that gives (steps, features)"
    return None


def _as_vector(tensor: Any, outputs: int) -> Any:
    """Lay a map that holds all the outputs of a row, as a decoder's, into one vector: (rows, outputs)."""
    import keras

    shape = tuple(tensor.shape)[1:]
    if len(shape) < 2 or None in shape or math.prod(shape) != outputs:
        return tensor
    return keras.layers.Flatten(name=FLAT)(tensor)


def _check_output(tensor: Any, spec: ExperimentSpec, outputs: int, path: Path) -> None:
    """A model gives one vector a row, of the size of the targets."""
    shape = tuple(tensor.shape)
    if len(shape) != 2:
        given = "the last hidden layer gives" if spec.output else "the last layer gives"
        message = f"{given} {show_shape(shape)}, and the output has to be one vector a row: (rows, {outputs})"
        raise SpecError([Problem(message, path, hint=_rank_hint(shape, spec))])
    if shape[1] is None:
        message = f"the last hidden layer gives {show_shape(shape)}, and the output layer needs a fixed size"
        raise SpecError(
            [Problem(message, path, hint="pool over the axis that varies, for example GlobalAveragePooling1D")]
        )
    if not spec.output and shape[1] != outputs:
        message = f"the last layer gives {show_shape(shape)}, but the targets need (rows, {outputs})"
        raise SpecError([Problem(message, path, hint=f"give it {outputs} units, or leave output: false out")])


def _rank_hint(shape: Shape, spec: ExperimentSpec) -> str:
    """Say which layer makes one vector a row of something with more axes."""
    if len(shape) == 1:
        return "keep one axis after the rows, for example with Reshape: [1]"
    if spec.layers and core(spec.layers[-1])[0] in RECURRENT:
        return "leave return_sequences out of the last recurrent layer, so that it gives its last state alone"
    pooling = f"GlobalAveragePooling{min(len(shape) - 2, 3)}D"
    if spec.layers and is_dense_or_conv(core(spec.layers[0])[0]) and core(spec.layers[0])[0] == "Dense":
        return "begin with Flatten: Dense works on the last axis alone"
    return f"add Flatten or {pooling} at the end"


def _output_layer(spec: ExperimentSpec, outputs: int) -> Any:
    """Make the Dense layer that a spec ends in unless it says ``output: false``."""
    activation = spec.last_activation
    linear = activation is None or activation_name(activation) == NO_ACTIVATION
    arguments: dict[str, Any] = {"units": outputs}
    if activation is not None and not linear:
        arguments["activation"] = as_value(activation)
    made = instantiate("layers", "Dense", arguments, ("last_activation",))
    made.name = OUTPUT
    return made
