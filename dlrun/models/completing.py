"""From a spec and facts about its data to a complete spec: every default filled in, every contradiction reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlrun.errors import Path, Problem, SpecError
from dlrun.models.advice import (
    activation_warnings,
    bottleneck_warnings,
    dropout_warnings,
    input_warnings,
    lagging_warnings,
    second_output_warnings,
)
from dlrun.models.augmenting import augment_problems, with_augmentation, without_augmentation
from dlrun.models.heads import Head, head_of, head_problem, head_warning
from dlrun.models.imbalance import default_metrics, imbalance_warnings
from dlrun.models.kinds import own_activation
from dlrun.models.losses import loss_problem, loss_warning, rule_of, takes_logits
from dlrun.models.metrics import metric_problems, not_a_loss
from dlrun.models.names import class_name
from dlrun.models.rates import rate_warning, with_rate
from dlrun.models.spread import spread
from dlrun.models.tasks import NO_ACTIVATION, Targets
from dlrun.spec.sections import ExperimentSpec, Layer, Named, Regularisation
from dlrun.spec.wiring import MODEL_INPUT, sources_of, wiring_problems

if TYPE_CHECKING:
    from dlrun.models.facts import DataFacts


@dataclass(frozen=True)
class Completed:
    """A spec with every default filled in.

    Args:
        spec: complete: completing it again changes nothing.
        warnings: what is unusual, and why, one sentence each.
        origins: for each layer of ``spec``, where the layer that it is or belongs to stands in the spec as written.
    """

    spec: ExperimentSpec
    warnings: tuple[str, ...]
    origins: tuple[Path, ...]


@dataclass(frozen=True)
class _Draft:
    """A spec on its way, and what was found."""

    spec: ExperimentSpec
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


def complete(spec: ExperimentSpec, facts: DataFacts) -> Completed:
    """Fill in whatever follows from the task, the data and Keras, and spread what is said once for all hidden layers.

    Raises:
        SpecError: with everything that cannot work.
    """
    spec = _canonical(spec)
    problems = [*_task_problems(spec, facts), *wiring_problems(spec.layers, spec.output)]
    if problems:
        raise SpecError(problems)
    draft = _with_learning_rate(_judged(with_task(spec, facts.targets), facts.targets))
    written = spread(draft.spec)
    problems = [*draft.problems, *written.problems, *_embedding_problems(spec.layers, facts)]
    problems += augment_problems(spec, facts.input_shape)
    if problems:
        raise SpecError(problems)
    layers, origins = with_augmentation(spec, written.layers, written.origins)
    warnings = (*draft.warnings, *_layer_warnings(spec, facts.targets), *written.warnings)
    steps = spec.training.epochs * -(-facts.rows // spec.training.batch_size)
    uneven = imbalance_warnings(spec.metrics, facts.targets, spec.training.class_weight)
    of_data = (*uneven, *input_warnings(spec.layers, facts), *lagging_warnings(spec.layers, steps))
    return Completed(_written_out(draft.spec, layers), (*warnings, *of_data), origins)


def check_targets(spec: ExperimentSpec, targets: Targets) -> tuple[str, ...]:
    """Judge what is certain from the targets alone; returns warnings.

    Raises:
        SpecError: with everything that cannot work, whatever the data hold.
    """
    spec = _canonical(spec)
    problems = wiring_problems(spec.layers, spec.output)
    if problems:
        raise SpecError(problems)
    draft = _with_learning_rate(_judged(with_task(spec, targets), targets))
    written = spread(draft.spec)
    if draft.problems or written.problems:
        raise SpecError((*draft.problems, *written.problems))
    return (*draft.warnings, *_layer_warnings(spec, targets), *written.warnings)


def check_layers(spec: ExperimentSpec) -> tuple[str, ...]:
    """Judge what is certain without knowing the task; returns warnings.

    Raises:
        SpecError: with everything that cannot work, whatever the data are.
    """
    spec = _canonical(spec)
    draft = _with_learning_rate(_Draft(spec))
    metric = not_a_loss(spec.loss, None) if spec.loss else None
    problems = [*wiring_problems(spec.layers, spec.output), *([metric] if metric else []), *draft.problems]
    if problems:
        raise SpecError(problems)
    written = spread(spec)
    if written.problems:
        raise SpecError(written.problems)
    found = (
        *activation_warnings(spec.layers, spec.hidden_activation),
        *dropout_warnings(spec.layers, spec.regularisation),
    )
    return (*draft.warnings, *found, *written.warnings)


def with_task(spec: ExperimentSpec, targets: Targets) -> ExperimentSpec:
    """Fill in task, last activation, loss, labels and metrics from the task table."""
    row = targets.row
    labels = spec.labels
    if targets.task == "multiclass" and labels is None:
        rule = rule_of(spec.loss) if spec.loss else None
        labels = rule.labels if rule else "one_hot"
    sparse = targets.task == "multiclass" and labels == "integer"
    loss = spec.loss or Named(name=row.losses[1 if sparse else 0])
    head = NO_ACTIVATION if takes_logits(loss) else targets.usual_activation
    update = {
        "task": targets.task,
        "labels": labels,
        "loss": loss,
        "last_activation": spec.last_activation or (Named(name=head) if spec.output else None),
        "metrics": spec.metrics if spec.metrics is not None else default_metrics(targets),
    }
    return spec.model_copy(update=update)


def head_in(spec: ExperimentSpec) -> Head | None:
    """Give the head of a complete spec: of its output layer, or of the layer that its list ends in; None if unknown."""
    activation = spec.last_activation if spec.output else own_activation(spec.layers)
    return head_of(activation, takes_logits(spec.loss)) if activation else None


def _judged(spec: ExperimentSpec, targets: Targets) -> _Draft:
    """Judge head, loss, labels and metrics of a spec in which they are filled in."""
    assert spec.loss is not None
    head = head_in(spec)
    metric = not_a_loss(spec.loss, targets)
    first = metric or (head_problem(head, targets) if head else None) or loss_problem(spec.loss, head, targets)
    problems = [*([first] if first else []), *_label_problems(spec, targets), *_own_head_problems(spec)]
    problems += metric_problems(spec.metrics or (), targets)
    found = (head_warning(head, targets) if head else None, loss_warning(spec.loss, targets))
    return _Draft(spec, tuple(problems), tuple(warning for warning in found if warning))


def _with_learning_rate(draft: _Draft) -> _Draft:
    """Write the learning rate out, and judge it."""
    spec = draft.spec
    optimiser, schedule, problems = with_rate(spec.optimiser, spec.training.schedule)
    training = spec.training.model_copy(update={"schedule": schedule})
    warning = rate_warning(optimiser)
    return _Draft(
        spec.model_copy(update={"optimiser": optimiser, "training": training}),
        (*draft.problems, *problems),
        (*draft.warnings, *([warning] if warning else [])),
    )


def _canonical(spec: ExperimentSpec) -> ExperimentSpec:
    """Call every layer by its Keras class name."""
    layers = tuple(layer.model_copy(update={"kind": class_name("layers", layer.kind)}) for layer in spec.layers)
    return spec.model_copy(update={"layers": layers})


def _written_out(spec: ExperimentSpec, layers: Sequence[Layer]) -> ExperimentSpec:
    """Take the layers that everything was spread over, augmentation too; nothing is left to spread."""
    update = {"layers": tuple(layers), "regularisation": Regularisation()}
    return without_augmentation(spec).model_copy(update=update)


def _layer_warnings(spec: ExperimentSpec, targets: Targets) -> list[str]:
    own_head = second_output_warnings(spec.layers, targets) if spec.output else []
    narrow = [] if own_head else bottleneck_warnings(spec.layers, targets)
    twice = activation_warnings(spec.layers, spec.hidden_activation)
    return [*own_head, *narrow, *twice, *dropout_warnings(spec.layers, spec.regularisation)]


def _task_problems(spec: ExperimentSpec, facts: DataFacts) -> list[Problem]:
    """Compare the spec's task with the data's, and with what its outputs can be."""
    if spec.task is not None and spec.task != facts.task:
        return [Problem(f"the data make a {facts.task} task, not {spec.task}", ("task",), hint=f"use {facts.task}")]
    if facts.task == "multiclass" and facts.outputs < 2:
        hint = "the targets need rows of at least two classes"
        return [Problem("a multiclass task with a single class has nothing to tell apart", ("task",), hint=hint)]
    return []


def _label_problems(spec: ExperimentSpec, targets: Targets) -> list[Problem]:
    """Compare how classes are written with what the loss takes."""
    assert spec.loss is not None
    if targets.task != "multiclass":
        message = f"labels says how several classes are written, and a {targets.task} task has none to write so"
        return [Problem(message, ("labels",), hint="leave it out")] if spec.labels else []
    rule = rule_of(spec.loss)
    if rule is None or spec.labels == rule.labels or targets.task not in rule.tasks:
        return []
    message = f"the loss '{spec.loss.name}' takes {rule.labels} labels, and the spec says labels: {spec.labels}"
    usual = targets.row.losses[spec.labels == "integer"]
    return [Problem(message, ("loss",), hint=f"use {usual}, or labels: {rule.labels}")]


def _own_head_problems(spec: ExperimentSpec) -> list[Problem]:
    """With ``output: false`` a last activation would not be used."""
    if spec.output or spec.last_activation is None:
        return []
    hint = "give the activation to the last layer of the list"
    return [Problem("last_activation has no effect with output: false", ("last_activation",), hint=hint)]


def _embedding_problems(layers: Sequence[Layer], facts: DataFacts) -> list[Problem]:
    """An Embedding looks rows up by number: it takes no measured values, and needs a row for each number."""
    if facts.integer_inputs:
        return _short_embeddings(layers, facts.tokens)
    return [
        Problem(
            "Embedding takes whole token numbers, but the inputs are measured values",
            ("layers", index),
            hint="give it token numbers of equal length (the pad step alone), or begin with another layer",
        )
        for index, (layer, sources) in enumerate(zip(layers, sources_of(layers), strict=True))
        if layer.kind == "Embedding" and MODEL_INPUT in sources
    ]


def _short_embeddings(layers: Sequence[Layer], tokens: int | None) -> list[Problem]:
    """Find Embeddings that have no row for some token; TensorFlow would find out in the middle of an epoch."""
    return [
        Problem(
            f"the tokens go up to {tokens - 1}, but this Embedding has {layer.arguments['input_dim']} rows, from 0 on",
            ("layers", index, "Embedding", "input_dim"),
            hint=f"write input_dim: {tokens}, or have fewer: num_words of the dataset, or max_tokens of tokenise",
        )
        for index, (layer, sources) in enumerate(zip(layers, sources_of(layers), strict=True))
        if layer.kind == "Embedding" and MODEL_INPUT in sources
        if tokens is not None and isinstance(layer.arguments.get("input_dim"), int)
        if layer.arguments["input_dim"] < tokens
    ]
