"""Which engine carries out a run, and why. Choosing loads no TensorFlow; using the engine does."""

from __future__ import annotations

from dataclasses import dataclass

from dlrun.training.backend import prepare_backend
from dlrun.training.contract import Engine


@dataclass(frozen=True)
class Choice:
    """An engine's name, and the reason for it in words."""

    name: str
    why: str

    def load(self) -> Engine:
        """Import the engine, and TensorFlow with it."""
        prepare_backend()
        from dlrun.training.keras_engine import KerasEngine

        return KerasEngine()


def choose_engine(asked: str) -> Choice:
    """Choose by what the spec asks for: ``auto`` or an engine's name. A pure function; no stop-watch is involved."""
    return Choice("keras", "the spec asks for it" if asked == "keras" else "model.fit carries out every spec")
