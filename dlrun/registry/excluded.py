"""Names of Keras that no spec may use, each with the reason: the registry has everything else."""

from __future__ import annotations

_BASE = "a base class, to be subclassed in Python"
_FOREIGN = "wraps a model of another framework"

EXCLUDED = {
    "layers": {
        "Input": "the input follows from the data",
        "InputLayer": "the input follows from the data",
        "InputSpec": "not a layer",
        "Layer": _BASE,
        "Wrapper": _BASE,
        "Lambda": "it runs code, and a spec is data",
        "TFSMLayer": "it loads and runs a saved program from a file",
        "TorchModuleWrapper": _FOREIGN,
        "JaxLayer": _FOREIGN,
        "FlaxLayer": _FOREIGN,
    },
    "losses": {"Loss": _BASE},
    "optimisers": {
        "Optimizer": _BASE,
        "LossScaleOptimizer": "it wraps another optimiser; give 'loss_scale_factor' to the optimiser instead",
        "MultiOptimizer": "it maps variables to optimisers, which only code can name",
        "OptimizerMap": "it maps variables to optimisers, which only code can name",
    },
    "metrics": {
        "Metric": _BASE,
        "Mean": "it averages values, not predictions against targets",
        "MeanMetricWrapper": "it wraps a function, and a spec is data",
        "Sum": "it adds up values, not predictions against targets",
    },
    "initialisers": {"Initializer": _BASE},
    "regularisers": {"Regularizer": _BASE},
    "constraints": {"Constraint": _BASE},
    "activations": {},
    "schedules": {"LearningRateSchedule": _BASE},
}
"""By kind, the names that are left out, and why."""
