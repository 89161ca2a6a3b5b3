"""The whole story: spec → data → splits → folds → engine → scores → run folder.

`plan` goes as far as one can without TensorFlow; `run` goes to the end. It coordinates the packages below, which don't
know each other.
"""

from dlrun.experiment.describing import describe, describe_data
from dlrun.experiment.final import final_test, retrain
from dlrun.experiment.fitting import baseline_names
from dlrun.experiment.planning import Experiment, plan
from dlrun.experiment.rerunning import Rerun, rerun
from dlrun.experiment.resuming import resume
from dlrun.experiment.run_record import RunRecord, load_run
from dlrun.experiment.running import run
from dlrun.experiment.sharing import run_fold

__all__ = [
    "Experiment",
    "Rerun",
    "RunRecord",
    "baseline_names",
    "describe",
    "describe_data",
    "final_test",
    "load_run",
    "plan",
    "rerun",
    "resume",
    "retrain",
    "run",
    "run_fold",
]
