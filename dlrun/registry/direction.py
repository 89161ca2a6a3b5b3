"""Which way is up for a metric, told by its name alone: what Keras does not say, and what a record may leave open."""

from __future__ import annotations

import re

from dlrun.registry.spelling import fold

LOWER_IS_BETTER = re.compile("Error$|Crossentropy$|Divergence$|Hinge$|^Poisson$|^FalsePositives$|^FalseNegatives$")
"""Keras's classes of metrics that measure what is wrong."""
_FOLDED = re.compile(
    "error$|crossentropy$|divergence$|hinge$|poisson$|falsepositives$|falsenegatives$|loss$|^mae$|^mse$|^rmse$"
)


def is_higher_better_by_name(name: str) -> bool:
    """Tell which way is up for a score of this name (``mae``, ``keras_log_cosh_error``); ``loss`` is lower."""
    return not _FOLDED.search(fold(name))
