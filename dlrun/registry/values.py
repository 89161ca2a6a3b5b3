"""Whether a value can be meant for an argument, as far as that shows without Keras: by the default and the name.

Lenient where Keras takes several forms (a number or a list of numbers), strict where a wrong value would only surface
as a puzzle deep inside Keras, and always strict about mappings: Keras would deserialise one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from dlrun.registry.entry import Parameter

_COUNTS = frozenset(
    {
        *("units", "filters", "input_dim", "output_dim", "depth_multiplier", "lora_rank", "power_iterations", "n"),
        *("num_heads", "key_dim", "value_dim", "head_dim", "num_query_heads", "num_key_value_heads"),
        *("num_tokens", "num_bins", "num_classes", "num_thresholds", "k", "height", "width", "max_number"),
        *("decay_steps", "first_decay_steps", "gradient_accumulation_steps", "ema_overwrite_frequency"),
    }
)
_SIZES = frozenset({"kernel_size", "pool_size", "strides", "dilation_rate"})
_NUMBERS = frozenset(
    {
        *("stddev", "gain", "momentum", "initial_learning_rate", "decay_rate", "weight_decay", "loss_scale_factor"),
        *("clipnorm", "clipvalue", "global_clipnorm", "recall", "precision", "sensitivity", "specificity"),
        *("min_value", "max_value"),
    }
)
_SHARES = frozenset({"rate", "dropout", "recurrent_dropout"})
_LISTS = frozenset({"vocabulary", "idf_weights", "bin_boundaries"})
_TEXTS = frozenset({"dtype", "reverse_dtype", "data_format", "equation"})
_LARGEST = 2**63
_DEEPEST = 8


def complaint(parameter: Parameter, value: Any, *, by_name: bool = True) -> str | None:
    """Say what was expected and what came when a value cannot be meant for a parameter; None when it can.

    Args:
        parameter: what the value is given for.
        value: as written.
        by_name: whether the parameter's name means what it means in Keras: not so in a plugin.
    """
    if found := _foreign(value):
        return found
    expected = _expected(parameter, value, by_name)
    return f"expected {expected}, not {show(value)}" if expected else None


def quote(name: str) -> str:
    """Quote a name that a stranger wrote: shortened, control characters escaped."""
    return repr(name if len(name) <= 60 else f"{name[:60]}...")


def show(value: Any) -> str:
    """Name a value for a message, shortened: ``the text 'abc'``, ``the number 3``, ``a list``."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"the text {quote(value)}"
    if isinstance(value, int) and abs(value) >= _LARGEST:
        return "a number that large"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    return "a mapping" if isinstance(value, Mapping) else "a list" if _is_list(value) else f"a {type(value).__name__}"


def _foreign(value: Any, depth: int = 0) -> str | None:
    """Complain about what no argument may hold, at any depth."""
    if _is_list(value):
        if depth == _DEEPEST:
            return f"lists nested more than {_DEEPEST} deep"
        return next(filter(None, (_foreign(item, depth + 1) for item in value)), None)
    if value is None or isinstance(value, (bool, str)):
        return None
    if isinstance(value, (int, float)):
        finite = abs(value) < _LARGEST if isinstance(value, int) else math.isfinite(value)
        return None if finite else f"expected a finite number, not {show(value)}"
    return f"expected a plain value, not {show(value)}"


def _expected(parameter: Parameter, value: Any, by_name: bool) -> str | None:
    """Describe what a parameter takes when the value is not that."""
    if value is None and not parameter.required and parameter.default is None:
        return None
    named = _expected_by_name(parameter.name, value) if by_name else None
    if named is not None:
        return named or None
    return _expected_by_default(parameter, value)


def _expected_by_name(name: str, value: Any) -> str | None:
    """Judge by the names that Keras uses with one meaning: a description, "" when all is well, None when unknown."""
    rules = (
        (_COUNTS, "a whole number of at least 1", _is_whole(value) and value >= 1),
        (_SIZES, "a whole number of at least 1, or a list of them", _are_sizes(value)),
        (_SHARES, "a number from 0 to 1", _is_number(value) and 0 <= value <= 1),
        ({"learning_rate"}, "a number above 0", _is_number(value) and value > 0),
        (_NUMBERS, "a number", _is_number(value)),
        (_LISTS, "a list of values (a spec cannot name a file here)", _is_list(value)),
        (_TEXTS, "a text", isinstance(value, str)),
        ({"seed"}, "a whole number of at least 0", _is_whole(value) and value >= 0),
    )
    for names, description, fits in rules:
        if name in names:
            return "" if fits else description
    return None


def _expected_by_default(parameter: Parameter, value: Any) -> str | None:
    default = parameter.default
    if parameter.required:
        return "a value" if value is None else None
    if isinstance(default, bool):
        return None if isinstance(value, bool) else "true or false"
    if value is None:
        return None  # here and there Keras gives null a meaning of its own
    if isinstance(default, (int, float)):
        return None if _is_numeric(value) else "a number"
    if isinstance(default, str):
        # "auto" stands beside true and false.
        return None if isinstance(value, str) or (default == "auto" and isinstance(value, bool)) else "a text"
    if isinstance(default, list):
        return None if _is_numeric(value) else "a list of numbers"
    return None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _are_sizes(value: Any) -> bool:
    return all(_is_whole(size) and size >= 1 for size in (value if _is_list(value) else [value])) and value != []


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _is_numeric(value: Any) -> bool:
    return all(_is_numeric(item) for item in value) if _is_list(value) else _is_number(value)
