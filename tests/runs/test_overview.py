"""The order of a list, which run is the best of which, and what differs between specs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrun.errors import UsageError
from dlrun.runs import RunRow
from dlrun.runs.best import best_runs
from dlrun.runs.differences import differing
from dlrun.runs.names import Names, short_forms
from dlrun.runs.overview import overview


def run(folder: str, **values: Any) -> RunRow:
    alike = {"dataset": "wine", "task": "multiclass", "protocol": "holdout", "rows": "d+s", "metric": "accuracy"}
    return RunRow(folder, "done", Path(folder), **{**alike, **values})


def scored(folder: str, accuracy: float, **values: Any) -> RunRow:
    return run(folder, score=accuracy, scores={"accuracy": accuracy, "loss": 1 - accuracy}, **values)


A, B, C = scored("a", 0.7, seed=2), scored("b", 0.9, seed=1), scored("c", 0.8)
BARE = run("bare", score=None)
RUNS = [A, BARE, B, C]


def shown(**asked: Any) -> list[str]:
    return [row["run"] for row in overview(RUNS, **asked).rows]


@pytest.mark.parametrize(
    ("asked", "order"),
    [
        ({}, ["a", "bare", "b", "c"]),
        ({"reverse": True}, ["c", "b", "bare", "a"]),
        ({"sort": "accuracy"}, ["b", "c", "a", "bare"]),
        ({"sort": "loss"}, ["b", "c", "a", "bare"]),
        ({"sort": "score"}, ["b", "c", "a", "bare"]),
        ({"sort": "-accuracy"}, ["a", "c", "b", "bare"]),
        ({"sort": "accuracy", "reverse": True}, ["a", "c", "b", "bare"]),
        ({"sort": "-accuracy", "reverse": True}, ["b", "c", "a", "bare"]),
        ({"sort": "seed"}, ["b", "a", "bare", "c"]),
        ({"sort": "-seed"}, ["a", "b", "bare", "c"]),
        ({"sort": "dataset"}, ["a", "bare", "b", "c"]),
        ({"sort": "-dataset"}, ["a", "bare", "b", "c"]),
        ({"sort": "accuracy", "limit": 2}, ["b", "c"]),
        ({"sort": "accuracy", "where": "accuracy<0.85"}, ["c", "a"]),
    ],
)
def test_metrics_put_the_best_first_and_what_is_missing_comes_last(asked: dict[str, Any], order: list[str]) -> None:
    assert shown(**asked) == order


def test_a_record_that_says_which_way_is_up_is_believed() -> None:
    rows = [scored(name, score, higher_is_better={"accuracy": False}) for name, score in (("a", 0.7), ("b", 0.2))]

    assert [row["run"] for row in overview(rows, sort="accuracy").rows] == ["b", "a"]
    assert best_runs(rows).runs == {"b"}


def test_numbers_and_texts_under_one_name_are_sorted_apart() -> None:
    rows = [run(str(value), spec={"x": value}) for value in ("b", 2, True, "a", 1.5)]

    assert [row["run"] for row in overview(rows, sort="x").rows] == ["True", "1.5", "2", "a", "b"]


def test_by_score_only_runs_of_one_metric_are_sorted() -> None:
    other = run("d", metric="mae", score=3.0, scores={"mae": 3.0})

    with pytest.raises(UsageError, match=r"different metrics \(accuracy, mae\)"):
        overview([*RUNS, other], sort="score")


def test_a_name_that_no_run_has_is_refused() -> None:
    with pytest.raises(UsageError, match="--sort: no run has 'acuracy'") as caught:
        overview(RUNS, sort="acuracy")

    assert caught.value.hint == "did you mean 'accuracy'?"


def test_sorted_by_another_metric_the_list_shows_that_one() -> None:
    first = overview(RUNS, sort="loss").rows[0]

    assert (first["metric"], first["score"], first["best"]) == ("loss", pytest.approx(0.1), True)


def test_a_name_is_what_it_is_among_the_runs_that_are_picked() -> None:
    one, two = (run(name, name="one", spec={"layers.0.Dense.units": units}) for name, units in (("a", 8), ("b", 4)))
    deeper = run("c", name="two", spec={"layers.0.Dense.units": 4, "layers.1.Dense.units": 4})
    found = overview([one, two, deeper], where="name=one", sort="units")

    assert [row["units"] for row in found.rows] == [4, 8]


def test_what_a_list_is_sorted_by_is_shown() -> None:
    found = overview([run("a", seconds=3.0), run("b", seconds=1.0)], sort="seconds")

    assert found.sorted_by == "seconds"
    assert [row["seconds"] for row in found.rows] == [1.0, 3.0]
    assert overview(RUNS, sort="seed").sorted_by is None


def test_the_best_is_the_best_of_those_that_can_be_compared() -> None:
    elsewhere = scored("other splits", 0.99, rows="d+t")
    longer = [scored("k", 0.5, protocol="kfold", k=4), scored("l", 0.6, protocol="kfold", k=4)]
    failed = run("failed", scores={"accuracy": 1.0})

    best = best_runs([*RUNS, elsewhere, *longer, RunRow(**{**vars(failed), "status": "partial"})])

    assert best.among == {"b": 3, "l": 2}


def test_runs_that_score_the_same_are_all_the_best() -> None:
    assert best_runs([A, scored("twin", 0.7)]).runs == {"a", "twin"}


def test_losses_of_another_kind_are_not_compared() -> None:
    rows = [scored("a", 0.7, loss="mse"), scored("b", 0.8, loss="mae")]

    assert not best_runs(rows, "loss").runs
    assert best_runs(rows).runs == {"b"}


def test_autoencoders_with_other_preprocessing_are_not_compared() -> None:
    rows = [
        scored("a", 0.7, task="autoencoder", spec={"preprocessing.0": "normalise"}),
        scored("b", 0.8, task="autoencoder", spec={"preprocessing.0": "scale"}),
    ]

    assert not best_runs(rows).runs


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_the_best_has_no_better_beside_it(scores: list[float]) -> None:
    rows = [scored(str(index), score) for index, score in enumerate(scores)]

    assert {float(scores[int(run)]) for run in best_runs(rows).runs} == {max(scores)}


def test_each_run_tells_its_values_where_specs_differ() -> None:
    specs: list[dict[str, Any]] = [
        {"name": "a", "layers.0.Dense.units": 16, "optimiser.learning_rate": 0.1, "training.epochs": 5},
        {"name": "b", "layers.0.Dense.units": 32, "optimiser.learning_rate": 0.1, "training.epochs": 5},
        {"name": "b", "layers.0.Dense.units": 32, "optimiser.learning_rate": 0.1, "training.epochs": 5, "codes": "x"},
    ]

    told = differing([run(str(index), spec=spec) for index, spec in enumerate(specs)])

    units = "layers.0.Dense.units"
    assert told == [{units: 16}, {units: 32}, {units: 32, "codes": "x"}]


def test_other_layers_are_told_as_a_whole() -> None:
    specs: list[dict[str, Any]] = [
        {"layers.0.Dense.units": 16, "x": 1},
        {"layers.0.Dense.units": 16, "layers.1.Dropout.rate": 0.5, "x": 2},
        {"layers.0": "Flatten", "x": 1},
    ]
    outlines = ["Dense 16", "Dense 16 → Dropout 0.5", "Flatten"]

    told = differing([run(name, spec=spec, layers=name) for name, spec in zip(outlines, specs, strict=True)])

    assert told == [{"layers": name, "x": spec["x"]} for name, spec in zip(outlines, specs, strict=True)]


def test_runs_on_other_data_or_without_a_spec_are_not_compared() -> None:
    spec = {"x": 1}

    assert differing([run("a", spec=spec), run("b", spec={"x": 2}, dataset="iris"), run("c")]) == [{}, {}, {}]
    assert differing([]) == []


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["a", "b", "layers.0", "layers.0.Dense.units"]), st.integers(0, 2) | st.none(), max_size=4
        ),
        max_size=6,
    )
)
def test_what_is_told_tells_specs_apart(specs: list[dict[str, Any]]) -> None:
    told = differing(
        [run(str(index), spec=spec, layers=str(sorted(spec.items(), key=str))) for index, spec in enumerate(specs)]
    )

    for spec, own in zip(specs, told, strict=True):
        assert all(spec.get(path) == value for path, value in own.items() if path != "layers")
        for other, others in zip(specs, told, strict=True):
            assert not (spec and other) or (own == others) == (spec == other)


def test_a_path_is_shortened_as_far_as_it_stays_the_only_one() -> None:
    every = [
        "layers.0.Dense.units",
        "layers.2.Dense.units",
        "layers.1.Dropout.rate",
        "preprocessing.0",
        "training.seed",
    ]

    short = short_forms(every, every)

    assert short == {
        "layers.0.Dense.units": "0.Dense.units",
        "layers.2.Dense.units": "2.Dense.units",
        "layers.1.Dropout.rate": "rate",
        "preprocessing.0": "preprocessing.0",
        "training.seed": "training.seed",
    }


@given(st.sets(st.lists(st.sampled_from("abc01"), min_size=1, max_size=4).map(".".join), min_size=1, max_size=8))
def test_a_short_form_means_the_path_that_it_stands_for(paths: set[str]) -> None:
    rows = [run("r", spec={path: number for number, path in enumerate(sorted(paths))})]

    for path, short in short_forms(paths, paths).items():
        assert Names(rows).getter(short)(rows[0]) == (rows[0].spec[path],)
