"""Time the fits of a spec in this process, which is fresh: building, tracing and compiling count, imports do not.

python benchmarks/fits.py SPEC [--set PATH=VALUE]... [--engine NAME]

Prints one line of JSON: ``seconds`` of all fits together, ``epoch`` (the median seconds of an epoch of all fits that
train together, the first epoch left out), ``scores`` of each fit at its last epoch, and what trained them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

from direct import preparation, tasks_of

from dlrun.events import ignore
from dlrun.experiment.engines import with_engine
from dlrun.experiment.planning import Experiment, plan
from dlrun.experiment.training import training_plan, trial_model
from dlrun.spec import load_spec


def timed(experiment: Experiment) -> dict[str, Any]:
    """Carry out every fit. Raises RuntimeError when one fails."""
    splits = experiment.splits.splits
    tasks, planned = tasks_of(experiment, splits), training_plan(experiment)
    assert experiment.engine is not None
    engine = experiment.engine.load()
    began = time.perf_counter()
    results = list(engine.fit(tasks, preparation(experiment, splits), planned, ignore))
    seconds = time.perf_counter() - began
    if failures := [result.failure for result in results if result.failure]:
        raise RuntimeError(failures[0])
    primary, _ = planned.primary
    later = results[0].history.seconds[1:]
    return {
        "seconds": seconds,
        "epoch": statistics.median(later) if later else None,
        "scores": [result.history.validation[primary][-1] for result in results],
        "primary": primary,
        "engine": experiment.engine.name,
        "program": experiment.engine.program,
        "lanes": experiment.engine.lanes,
        "device": device(),
    }


def device() -> str:
    """Name what TensorFlow computes on."""
    import tensorflow as tf

    cards = tf.config.list_physical_devices("GPU")
    return str(tf.config.experimental.get_device_details(cards[0]).get("device_name", "GPU")) if cards else "CPU"


def main() -> None:
    """Plan, train, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE")
    parser.add_argument("--engine", choices=("auto", "keras", "compiled"), help="default: as the spec says")
    asked = parser.parse_args()
    engine = [f"training.engine={asked.engine}"] if asked.engine else []
    loaded = load_spec(asked.spec, [*asked.set, *engine])
    experiment = plan(loaded)
    print(json.dumps(timed(with_engine(experiment, trial_model(experiment, loaded), loaded))))


if __name__ == "__main__":
    main()
