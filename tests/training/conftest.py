"""What tests of engines share: every engine, and double precision."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dlrun.training.contract import Engine


@pytest.fixture(params=["keras", "vectorized", "unrolled", "graph"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine; ``vectorized`` trains three fits at a time, the others one."""
    return make_engine(request.param)


def make_engine(name: str) -> Engine:
    """Import an engine by its name, and TensorFlow with it."""
    if name == "keras":
        from dlrun.training.keras_engine import KerasEngine

        return KerasEngine()
    from dlrun.training.compiled.engine import CompiledEngine

    if name == "vectorized":
        return CompiledEngine(lanes=3, vectorized=True, xla=True)
    return CompiledEngine(lanes=1, xla=name == "unrolled")


@pytest.fixture
def float64() -> Iterator[None]:
    """Let Keras compute in double precision, so that what is left of a difference is no rounding."""
    import keras

    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
