"""What `run.py` measures: each row is a command of dlrun's, what it is compared with, and what is hoped for."""

from __future__ import annotations

import sys

from sides import DLRUN, Goal, Row, Side, by_hand, by_sklearn, by_torch, faster, fits, whole

BOSTON, ONE = "configs/boston.yaml", "training.batch_size=1"
CLOSE = {
    "boston": 0.3,
    "breast_cancer": 0.06,
    "diabetes": 9.0,
    "digits": 0.03,
    "imdb": 0.02,
    "mnist": 0.006,
    "reuters": 0.04,
    "wine": 0.12,
}
"""How far the mean scores of a config may lie apart: weights and splits hang on other seeds on the two sides."""
SLOW_LOOP = by_hand("boston", "--batch", "1")
CONVNET = fits("{specs}/mnist_convnet.yaml")
SLOW = frozenset(
    side.command
    for side in (SLOW_LOOP, by_hand("boston"), by_sklearn("wrapper", 16), by_hand("mnist_convnet"), CONVNET)
)
"""Commands that take a minute or more."""


def rows(torch: str | None) -> list[Row]:
    """List all rows; those with PyTorch only where there is an interpreter that has it."""
    return [*_start_up(), *_boston_fits(), *_boston_processes(), *_small_nets(torch), *_lanes(), *_large(), *_configs()]


def _start_up() -> list[Row]:
    empty, none = Side((sys.executable, "-c", "pass"), "process"), "nothing is trained"
    commands = {"help": (("--help",), 0.15), "check": (("check", "configs/imdb.yaml"), 0.6)}
    return [
        Row(name, f"dlrun {' '.join(words)}", Side((*DLRUN, *words), "process"), "python -c pass", empty, goal, none)
        for name, (words, seconds) in commands.items()
        for goal in [Goal("seconds", seconds)]
    ]


def _boston_fits() -> list[Row]:
    loop, close, short = "Keras loop", CLOSE["boston"], "the loop was not run that long"
    long = fits(BOSTON, ONE, "training.epochs=500")
    long_loop = Side(SLOW_LOOP.command, times=5, note="100 epochs, times 5")
    iterated = fits(BOSTON, "evaluation.protocol=iterated_kfold", "evaluation.iterations=5")
    all_fits = by_hand("boston", times=5, note="4 fits, times 5")
    work = "Boston, 4 folds, 100 epochs, batch 1: fits"
    return [
        Row("boston-1", work, fits(BOSTON, ONE), loop, SLOW_LOOP, faster(120), close),
        Row("boston-1-500", "the same, 500 epochs: fits", long, loop, long_loop, faster(250), short),
        Row("boston-iterated", "5 x 4 folds, 100 epochs, batch 16: fits", iterated, loop, all_fits, faster(100), close),
    ]


def _boston_processes() -> list[Row]:
    script, close = "Keras script", CLOSE["boston"]
    work = "Boston, 4 folds, 100 epochs, batch {}: whole process"
    slow = Side(SLOW_LOOP.command, "process")
    wrapper = by_sklearn("wrapper", 16, taken="process")
    small, large = work.format(1), work.format(16)
    return [
        Row("boston-1-process", small, whole("boston", ONE), script, slow, faster(20), close),
        Row("boston-16-process", large, whole("boston"), script, by_hand("boston", taken="process"), faster(5), close),
        Row("boston-wrapper", large, whole("boston"), "keras.wrappers, cross_validate", wrapper, faster(4), close),
    ]


def _small_nets(torch: str | None) -> list[Row]:
    """Compare with libraries that are known for small nets, all of them with Adam."""
    found = []
    for batch in (1, 16):
        mine = fits(BOSTON, f"training.batch_size={batch}", "optimiser={name: adam, learning_rate: 0.001}")
        work = f"Boston, 4 folds, 100 epochs, batch {batch}, Adam: fits"
        others = [(f"mlp-{batch}", "MLPRegressor", by_sklearn("mlp", batch))]
        others += [(f"torch-{batch}", "PyTorch loop", by_torch(torch, batch))] if torch else []
        found += [Row(name, work, mine, other, side, faster(1), CLOSE["boston"]) for name, other, side in others]
    return found


def _lanes() -> list[Row]:
    def lanes(count: int) -> Side:
        protocol = ("evaluation.protocol=iterated_kfold", f"evaluation.iterations={count // 4}")
        program = ("training.engine=compiled", "training.program=vectorized", f"training.lanes={count}")
        return fits(BOSTON, *protocol, *program, "training.epochs=20", taken="epoch")

    few = "an epoch of 4 lanes"
    return [Row("lanes-100", "an epoch of 100 lanes, batch 16", lanes(100), few, lanes(4), Goal("share", 12), "")]


def _large() -> list[Row]:
    script, imdb, reuters = "Keras script", by_hand("imdb"), by_hand("reuters")
    own_memory, memory = whole("imdb", taken="memory"), Side(imdb.command, "memory")
    most, sizes = Goal("share", 0.4), "IMDB: peak memory of the whole process"
    lstm = fits("{specs}/lstm.yaml")
    images, texts = (
        "MNIST convnet, 1 epoch, 50,000 rows and 10,000 scored: fits",
        "LSTM, 2,000 padded reviews, 2 epochs: fits",
    )
    return [
        Row("imdb", "IMDB, 20 epochs: fits", fits("configs/imdb.yaml"), script, imdb, faster(3), CLOSE["imdb"]),
        Row("imdb-memory", sizes, own_memory, script, memory, most, CLOSE["imdb"]),
        Row("reuters", "20 epochs: fits", fits("configs/reuters.yaml"), script, reuters, faster(2), CLOSE["reuters"]),
        Row("mnist-convnet", images, CONVNET, script, by_hand("mnist_convnet"), faster(1.3), 0.02),
        Row("lstm", texts, lstm, script, by_hand("lstm"), faster(1), 0.12),
    ]


def _configs() -> list[Row]:
    def row(name: str, close: float) -> Row:
        script, work = by_hand(name, taken="process"), f"configs/{name}.yaml: whole process"
        return Row(f"config-{name}", work, whole(name), "the same by hand", script, faster(1), close)

    return [row(name, close) for name, close in CLOSE.items()]
