"""Which engine carries out a run, as which program, and why. Choosing loads no TensorFlow; using the engine does.

The rules are a table that was found by measuring (``python benchmarks/rules.py`` shows where it is wrong). They see
the spec, shapes and the device, never a stop-watch: the same spec gets the same program on every machine of a kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dlrun.backend import prepare_backend
from dlrun.errors import Problem, SpecError
from dlrun.training.contract import Engine

Program = Literal["vectorized", "unrolled", "graph"]

MEMORY_BUDGET = 2 * 2**30
"""Bytes that the lanes of one program may take: data, weights, and what a step needs of them besides."""
MOST_LANES = 64
"""Most fits trained together. More gain little, and a run that dies loses what was not finished."""
SMALL_STEP = 60e6
"""Multiplications of one fit's step up to which lanes gain; above it the arithmetic outweighs what they save."""
SMALL_NET = 200_000
"""Parameters up to which lanes gain; the weights of more do not stay in the processor's cache."""
LANES_COMPILE, STEP_BESIDE = 1.3, 3e-4
"""Seconds that compiling lanes costs beyond a graph, and those that a step of a fit saves beside others."""
XLA_COMPILES, STEP_ALONE, STEP_A_PARAMETER = 0.8, 1e-4, 3e-9
"""The same for XLA and one fit; a step saves more of a net with more parameters, whose update becomes one pass."""

DENSE_LIKE = frozenset(
    {
        "InputLayer",
        "Dense",
        "EinsumDense",
        "Activation",
        "ReLU",
        "LeakyReLU",
        "PReLU",
        "ELU",
        "Softmax",
        "Dropout",
        "AlphaDropout",
        "GaussianDropout",
        "GaussianNoise",
        "SpatialDropout1D",
        "BatchNormalization",
        "LayerNormalization",
        "RMSNormalization",
        "UnitNormalization",
        "ActivityRegularization",
        "Flatten",
        "Reshape",
        "Permute",
        "RepeatVector",
        "Identity",
        "Rescaling",
        "GlobalAveragePooling1D",
        "GlobalMaxPooling1D",
        "Add",
        "Subtract",
        "Multiply",
        "Average",
        "Maximum",
        "Minimum",
        "Concatenate",
        "Dot",
    }
)
"""Keras layers whose operations take another axis in front, so that one operation serves all lanes, and that XLA does
well on a CPU. An Embedding is none of them: XLA adds its gradient up row by row."""
RANDOM = frozenset({"Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise", "SpatialDropout1D"})
"""Layers that draw random numbers, which XLA is slow at on a CPU but for lanes (`compiled.noise`)."""


REFUSED = {
    "ScheduleFreeAdamW": (
        "Keras's ScheduleFreeAdamW reads its momentum after changing it on TensorFlow, and a program of values cannot"
    ),
    "SpectralNormalization": (
        "SpectralNormalization sets a kernel in the middle of a step, and a program of values cannot"
    ),
}
"""Optimisers and layers that a compiled program would not follow to Keras's numbers, and why."""


@dataclass(frozen=True)
class Work:
    """What there is to train, as far as the rules look at it.

    Args:
        layers: class names of all layers of the model, those inside of others too.
        foreign: what is not Keras's own, in words: ``the layer 'Wavelet'``.
        optimiser: its class name.
        parameters: that a step reads: all weights of the model.
        optimiser_values: values that the optimiser keeps.
        batch_size: rows in a step.
        fits: how many fits the run has.
        steps: of all fits and epochs together.
        data_bytes: that one fit's rows take.
        multi_hot: whether the inputs are multi-hot rows, mostly zeros.
        streamed: whether the inputs are too large for memory and come batch by batch.
    """

    layers: frozenset[str]
    foreign: tuple[str, ...]
    optimiser: str
    parameters: int
    optimiser_values: int
    batch_size: int
    fits: int
    steps: int
    data_bytes: int
    multi_hot: bool = False
    streamed: bool = False

    @property
    def refusal(self) -> str | None:
        """Say why a compiled program cannot represent the fits; None where it can."""
        if self.streamed:
            size = f"{self.data_bytes / 2**30:.1f} GiB"
            return f"the inputs take {size} and are made batch by batch; a compiled program has all of them in memory"
        if self.foreign:
            return f"a plugin may do what a compiled program cannot see: {', '.join(self.foreign)}"
        return next((REFUSED[name] for name in (self.optimiser, *sorted(self.layers)) if name in REFUSED), None)

    @property
    def step_work(self) -> float:
        """Estimate the multiplications of a step: forward, and twice as many backward."""
        return 3.0 * self.batch_size * self.parameters

    @property
    def lane_bytes(self) -> int:
        """Estimate what a lane takes: its rows, and weights, gradients and optimiser, old and new."""
        return self.data_bytes + 8 * (2 * self.parameters + self.optimiser_values)


@dataclass(frozen=True)
class Choice:
    """An engine, and the reason for it in words.

    Args:
        name: what the spec calls it.
        why: the reason.
        program: how the compiled engine lays lanes out; None for the Keras engine.
        lanes: how many fits train together in one program; None for the Keras engine.
    """

    name: str
    why: str
    program: Program | None = None
    lanes: int | None = None

    def load(self) -> Engine:
        """Import the engine, and TensorFlow with it."""
        prepare_backend()
        if self.name == "keras":
            from dlrun.training.keras_engine import KerasEngine

            return KerasEngine()
        from dlrun.training.compiled.engine import CompiledEngine

        assert self.lanes is not None
        return CompiledEngine(self.lanes, vectorized=self.program == "vectorized", xla=self.program != "graph")


@dataclass(frozen=True)
class Rule:
    """One row of the table.

    Args:
        holds: of which work it speaks.
        program: how lanes are laid out.
        together: whether several fits train in one program.
        why: the reason, in words.
    """

    holds: Callable[[Work], bool]
    program: Program
    together: bool
    why: str


def _lanes_pay(work: Work) -> bool:
    small = work.step_work <= SMALL_STEP and work.parameters <= SMALL_NET
    return work.fits > 1 and small and work.steps * STEP_BESIDE > LANES_COMPILE


def _xla_pays(work: Work) -> bool:
    saved = work.steps * (STEP_ALONE + STEP_A_PARAMETER * work.parameters)
    return not work.layers & RANDOM and saved > XLA_COMPILES


RULES: tuple[Rule, ...] = (
    Rule(
        lambda work: not work.layers <= DENSE_LIKE,
        "graph",
        False,
        "convolutions, recurrent and embedding layers gain nothing from lanes or XLA on a CPU; epochs run in the graph",
    ),
    Rule(
        lambda work: work.multi_hot,
        "graph",
        False,
        "multi-hot rows are multiplied as sparse ones, which XLA has no part in; epochs run in the graph",
    ),
    Rule(_lanes_pay, "vectorized", True, "small dense-like net: the same operations serve all fits, compiled by XLA"),
    Rule(_xla_pays, "unrolled", False, "dense-like net: steps compiled by XLA, one fit at a time"),
    Rule(
        lambda work: bool(work.layers & RANDOM),
        "graph",
        False,
        "XLA on a CPU is slow at the random numbers of dropout and noise; epochs run in the graph",
    ),
    Rule(
        lambda work: True,
        "graph",
        False,
        "too few steps for XLA to save the time that it compiles; epochs run in the graph",
    ),
)
"""The first row that holds decides."""


@dataclass(frozen=True)
class Asked:
    """What the spec asks for; None leaves it to the rules."""

    engine: Literal["auto", "keras", "compiled"] = "auto"
    program: Program | None = None
    lanes: int | None = None


def choose_engine(asked: Asked, work: Work) -> Choice:
    """Choose the engine for a run: a pure function of what is asked for and what there is to do.

    Raises:
        SpecError: the spec asks for the compiled engine or one of its programs, which cannot represent the model.
    """
    if asked.engine == "keras":
        return Choice("keras", "the spec asks for it")
    if asked.engine == "auto" and work.refusal:
        return Choice("keras", work.refusal)
    if work.refusal:
        message = f"the compiled engine cannot train this: {work.refusal}"
        raise SpecError([Problem(message, ("training", "engine"), hint="write engine: auto, or keras")])
    rule = next(rule for rule in RULES if rule.holds(work))
    program = asked.program or rule.program
    if program == "vectorized" and (others := work.layers - DENSE_LIKE):
        message = f"the program 'vectorized' takes no {', '.join(sorted(others))}"
        hint = "write program: graph, or leave program and lanes out"
        raise SpecError([Problem(message, ("training", "program"), hint=hint)])
    why = rule.why if asked.program in (None, rule.program) else "the spec asks for it"
    lanes = asked.lanes or (_width(work) if program != "graph" and (rule.together or asked.program) else 1)
    if program == "vectorized":
        lanes = max(2, lanes)  # XLA fails to compile a map over exactly one
    return Choice("compiled", why, program, lanes)


def _width(work: Work) -> int:
    """Return how many lanes a program has: groups as equal as can be, none above the budget."""
    most = max(1, min(MOST_LANES, MEMORY_BUDGET // max(1, work.lane_bytes)))
    groups = -(-work.fits // most)
    return -(-work.fits // groups)
