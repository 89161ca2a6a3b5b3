"""Which runs a condition picks, beside the same condition in Python; and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrun.errors import UsageError
from dlrun.runs import RunRow
from dlrun.runs.matching import select_runs

SPEC = {
    "optimiser.name": "rmsprop",
    "optimiser.learning_rate": 0.01,
    "layers.0.Dense.units": 32,
    "layers.1": "Flatten",
    "loss": "mse",
    "training.epochs": 20,
    "training.early_stopping": None,
    "evaluation.shuffle": True,
}


def run(folder: str, **values: object) -> RunRow:
    return RunRow(folder, "done", Path(folder), **values)  # type: ignore[arg-type]


BOSTON = run(
    "boston-1",
    name="boston",
    dataset="boston_housing",
    created="2026-11-22T10:00:00Z",
    k=4,
    seed=3,
    seconds=12.5,
    metric="mae",
    score=2.4,
    scores={"mae": 2.4, "loss": 9.0},
    selected={"mae": 2.1},
    baselines={"linear": {"mae": 3.4}},
    layers="Dense 32 → Dense 1",
    tags=("good", "paper"),
    spec=SPEC,
)
WINE = run("wine-1", name="wine", dataset="wine", seed=4, metric="accuracy", scores={"accuracy": 0.9}, tested=True)
WAITING = RunRow("shared", "waiting (3 of 4 folds)", Path("shared"))
RUNS = [BOSTON, WINE, WAITING]


def names(where: str) -> list[str]:
    return [row.run for row in select_runs(RUNS, where)]


@pytest.mark.parametrize(
    "where",
    [
        "mae<2.5",
        "mae<2.5 and dataset=boston_housing",
        "loss=9",
        "spec.loss=mse",
        "selected.mae<2.2",
        "baseline.linear.mae>3",
        "optimiser.learning_rate=1e-2",
        "optimizer.learning_rate=0.01",
        "learning_rate=0.01",
        "optimiser=rmsprop",
        "loss.name=mse or k=4",
        "layers.0.Dense.units=32",
        "units>=32",
        "layers.1=Flatten",
        "layers~'dense 32'",
        "training.early_stopping=null",
        "evaluation.shuffle=true",
        "created<2026-11-23",
        "created>2026-11",
        "not training.epochs=null and mae<3",
        "tag=good",
        "tags=paper",
        "tag~pap",
        "k=4.0",
        "seconds~12",
        "MAE<2.5",
        "score<3",
        "not tag=bad and mae<3",
    ],
)
def test_a_condition_picks_the_run_it_describes(where: str) -> None:
    assert names(where) == ["boston-1"]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("status=waiting", ["shared"]),
        ("tested=true", ["wine-1"]),
        ("tested=false", ["boston-1", "shared"]),
        ("tag!=good", ["wine-1", "shared"]),
        ("not tag=good", ["wine-1", "shared"]),
        ("dataset!=wine", ["boston-1"]),
        ("dataset=Wine", []),
        ("seed=3 or seed=4", ["boston-1", "wine-1"]),
    ],
)
def test_what_runs_lack_and_what_they_have_are_told_apart(where: str, found: list[str]) -> None:
    assert names(where) == found


@pytest.mark.parametrize("where", ["mae<2", "mae>=0", "mae!=7", "mae~9", "not mae<2", "not mae!=7"])
def test_a_run_without_the_value_is_never_picked(where: str) -> None:
    assert "wine-1" not in names(where)


@pytest.mark.parametrize("where", ["mae<2 or seed=4", "not (mae<2 and seed=3)"])
def test_a_value_that_is_missing_decides_nothing_that_another_one_does(where: str) -> None:
    assert "wine-1" in names(where)


@pytest.mark.parametrize(
    ("where", "message", "hint"),
    [
        ("maee<2", "no run has 'maee'", "did you mean 'mae'?"),
        ("k=1 and epoch=3", "no run has 'epoch'", "'training.epochs'"),
        ("optimiser.lr=1", "no run has 'optimiser.lr'", "'optimiser.learning_rate'"),
        ("zzzzzzzzzz=1", "no run has 'zzzzzzzzzz'", "the metrics accuracy, loss, mae, and paths"),
        ("mae<low", "'mae' is a number, and 'low' is none", "2.4"),
        ("units=many", "'units' is a number", "32"),
        ("created<yesterday", "'created' is a date, and 'yesterday' is none", "2026-11-24"),
        ("created>2026-1-1", "'created' is a date, and '2026-1-1' is none", "2026-11-24"),
        ("status=finished", "'status' is never 'finished'", "done, partial"),
        ("tested=no", "'tested' is never 'no'", "true, false"),
        ("protocol=hold-out", "'protocol' is never 'hold-out'", "holdout, kfold"),
    ],
)
def test_what_no_run_can_have_is_refused_at_its_place(where: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        select_runs(RUNS, where)

    assert message in caught.value.message
    assert hint in str(caught.value.hint)
    name = message.split("'")[1]
    assert caught.value.message.splitlines()[-1] == f"    {' ' * where.index(name)}^"


def test_of_no_runs_anything_may_be_asked() -> None:
    assert select_runs([], "whatever.it.is<3") == []


NUMBERS = st.none() | st.integers(-3, 3) | st.floats(-3, 3).map(lambda value: round(value, 1))
ROWS = st.lists(
    st.builds(
        lambda seed, mae, tags: (seed, mae, tags),
        st.none() | st.integers(-3, 3),
        NUMBERS,
        st.sets(st.sampled_from(["a", "b", "ab"])),
    ),
    max_size=8,
)
Python = Callable[[tuple[int | None, float | None, set[str]]], bool | None]
SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
}


def opposite(value: bool | None) -> bool | None:
    return None if value is None else not value


def both(one: bool | None, other: bool | None) -> bool | None:
    return False if False in (one, other) else None if None in (one, other) else True


@st.composite
def conditions(draw: st.DrawFn, depth: int = 3) -> tuple[str, Python]:
    """A condition as text, and the same in Python."""
    kind = draw(st.sampled_from(["number", "tag", "not", "and", "or"] if depth else ["number", "tag"]))
    if kind == "number":
        at, sign, bound = draw(st.sampled_from([0, 1])), draw(st.sampled_from(sorted(SIGNS))), draw(st.integers(-3, 3))
        return (
            f"{('seed', 'mae')[at]} {sign} {bound}",
            lambda row: None if (value := row[at]) is None else SIGNS[sign](value, bound),  # type: ignore[arg-type]
        )
    if kind == "tag":
        tag = draw(st.sampled_from(["a", "b", "c"]))
        return f"tag='{tag}'", lambda row: tag in row[2]
    text, left = draw(conditions(depth - 1))
    if kind == "not":
        return f"not ({text})", lambda row: opposite(left(row))
    other, right = draw(conditions(depth - 1))
    if kind == "and":
        return f"({text}) and ({other})", lambda row: both(left(row), right(row))
    return f"({text}) or ({other})", lambda row: opposite(both(opposite(left(row)), opposite(right(row))))


@given(ROWS, conditions())
def test_a_condition_picks_what_python_picks(
    rows: list[tuple[int | None, float | None, set[str]]], condition: tuple[str, Python]
) -> None:
    where, python = condition
    made = [
        run(
            str(index),
            seed=seed,
            scores={} if mae is None else {"mae": float(mae)},
            tags=tuple(sorted(tags)),
        )
        for index, (seed, mae, tags) in enumerate(rows)
    ]
    made.append(run("has", scores={"mae": 100.0}))  # so that there is such a metric

    found = {row.run for row in select_runs(made, where)} - {"has"}

    assert found == {str(index) for index, row in enumerate(rows) if python(row) is True}
