"""Steps in places where they cannot stand, and rows that no model takes when the last step has left them."""

from __future__ import annotations

from collections.abc import Sequence

from dlrun.data.dataset import TextRows, TokenRows
from dlrun.data.preprocessing.block import Block, misfit
from dlrun.errors import Problem, SpecError
from dlrun.spec.steps import Counts, MultiHot, Pad, StepSpec, Tokenise


def refuse_after_last(steps: Sequence[StepSpec], index: int) -> None:
    """Refuse a step after one that gives a model its final rows."""
    if index > 0 and isinstance(before := steps[index - 1], MultiHot | Counts | Pad):
        raise misfit(index, f"nothing can come after `{before.step}`", f"make `{before.step}` the last step")


def refuse_undeclared(steps: Sequence[StepSpec], index: int) -> None:
    """Refuse tokens of unknown number for an Embedding: other folds, and the final fit, have other vocabularies."""
    before = steps[index - 1] if index else None
    if isinstance(steps[index], Pad) and isinstance(before, Tokenise) and before.max_tokens is None:
        message = "an Embedding needs a row for each token, and every fold has a vocabulary of its own"
        raise misfit(index - 1, message, "say how many tokens there are at most, such as `tokenise: 10000`")


def refuse_unfinished(sample: Block) -> None:
    """Refuse rows that no model takes: texts, tokens of different number, columns of categories."""
    if isinstance(sample.values, TextRows):
        hint = "add `tokenise`, then `multi_hot` or `count` for dense layers, or `pad: 200` for an Embedding"
        raise SpecError([Problem("texts cannot go into a model as they are", ("preprocessing",), hint)])
    if isinstance(sample.values, TokenRows):
        hint = "add `multi_hot` for dense layers, or `pad: {length: 200}` for an Embedding"
        message = "texts of different length need a step that makes them equally wide"
        raise SpecError([Problem(message, ("preprocessing",), hint)])
    if texts := [column.name for column in sample.columns if column.kind == "text"]:
        message = f"text columns cannot go into a model as they are: {', '.join(texts[:10])}"
        hint = "add `one_hot`, leave the columns out with `features`, or make prose the input by `text` under dataset"
        raise SpecError([Problem(message, ("preprocessing",), hint)])
