"""The page as a file: whole, safe, small, and without a word to anybody else."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from dlrun.report.page import render_page
from dlrun.report.page.values import Compared, Held, Pairs, RunView

Views = Callable[..., RunView]
VOID = {"meta", "link", "input", "img", "br"}
LOADING = {"src", "href", "xlink:href", "srcset", "action", "data", "poster"}


class Page(HTMLParser):
    """What a browser would make of a page, as far as these tests ask."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        (self.scripts if self._open and self._open[-1] == "script" else self.words).append(data)

    def attributes(self, name: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(name)) is not None]


@pytest.mark.parametrize("kind", ["regression", "binary", "multiclass", "many", "hostile"])
def test_every_element_is_closed_and_no_id_stands_twice(view: Views, kind: str) -> None:
    ids = Page(render_page([view(kind)])).attributes("id")

    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("kind", ["regression", "multiclass", "hostile"])
def test_nothing_is_loaded_from_elsewhere(view: Views, kind: str) -> None:
    page = Page(render_page([view(kind)]))

    addresses = [value for tag, attributes in page.tags for key, value in attributes.items() if key in LOADING]
    assert addresses
    assert all(address is not None and address.startswith(("#", "data:")) for address in addresses)
    assert "@import" not in "".join(page.words)


def test_only_the_script_of_ours_may_run(view: Views) -> None:
    text = render_page([view("hostile")])
    page = Page(text)

    policy = next(value for value in page.attributes("content") if value.startswith("default-src"))
    (script,) = [script for script in page.scripts if "use strict" in script]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}'" in policy
    kinds = [attributes.get("type") for tag, attributes in page.tags if tag == "script"]
    assert kinds.count(None) == 1
    assert set(kinds) <= {None, "application/json"}


def test_hostile_text_is_shown_as_text_everywhere(view: Views, hostile_text: str) -> None:
    text = render_page([view("hostile")])
    page = Page(text)

    assert "<script>alert" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    seen = "".join(page.words)
    assert seen.count("<script>alert(1)</script>") > 30
    assert "\\x1b[31m\\u202e${{x}}$" in seen


def test_hostile_text_in_several_runs_is_text_too(view: Views) -> None:
    compared = Compared(None, "<script>alert(1)</script>")
    text = render_page([view("hostile"), view("hostile")], compared)

    Page(text)
    assert "<script>alert" not in text


def test_what_a_slider_reads_out_is_what_history_says(view: Views) -> None:
    run = view("regression")
    readings = [json.loads(script) for script in Page(render_page([run])).scripts if script.startswith("{")]

    third = [row for row in run.history if row[2] == 3 and row[3] == "mae"]
    mean = sum(row[5] for row in third if row[5] is not None) / len(third)
    assert len(readings) == 2
    told = {line["name"]: line["words"] for line in readings[1]["lines"]}
    assert readings[1]["epochs"] == list(range(1, 11))
    assert told["validation"][2].startswith(f"{mean:.2f} ± ")


@pytest.mark.parametrize(
    ("kind", "anchors"),
    [
        ("regression", {"curves", "folds", "residuals", "examples", "honesty", "setup"}),
        ("multiclass", {"curves", "folds", "confusion", "ranking", "examples", "balance", "honesty", "setup"}),
    ],
)
def test_each_kind_of_run_has_its_sections_and_links_to_them(view: Views, kind: str, anchors: set[str]) -> None:
    page = Page(render_page([view(kind)]))

    sections = {attributes.get("id") for tag, attributes in page.tags if tag == "section"}
    links = {value.removeprefix("#") for value in page.attributes("href") if value.startswith("#")}
    assert sections == anchors | {"verdict"}
    assert links == sections


def test_drawings_of_a_convnet_are_part_of_the_page(view: Views) -> None:
    page = Page(render_page([replace(view("multiclass"), drawings=(("The kernels", b"\x89PNG..."),))]))

    assert "data:image/png;base64,iVBORy4uLg==" in page.attributes("src")
    assert "filters" in page.attributes("id")


def test_the_verdict_comes_first(view: Views) -> None:
    words = " ".join(" ".join(Page(render_page([view("regression")])).words).split())
    order = [
        words.index(each) for each in ("How well does Dense 8", "2.15", "95 % 1.90–2.40", "Learning curves", "Folds")
    ]

    assert order == sorted(order)


def test_the_honesty_notes_say_what_qualifies_the_score(view: Views) -> None:
    words = " ".join(" ".join(Page(render_page([view("regression")])).words).split())

    assert "2 rows repeat an earlier one" in words
    assert "1 row of the provided test set also stands among the others" in words
    assert "chosen on these validation rows, so it flatters" in words
    assert "not touched (0 looks so far)" in words
    assert "the inputs differ in size" in words


def test_a_page_of_twenty_folds_and_two_hundred_epochs_is_small(many_folds: RunView) -> None:
    assert len(render_page([many_folds]).encode()) < 2_000_000


def test_a_run_that_failed_shows_why_and_how_far_it_came(view: Views) -> None:
    run = view("regression", status="failed", failure="the loss is NaN at step 12", scores={}, comparisons={})
    page = Page(render_page([replace(run, held=Held())]))

    assert any("the loss is NaN at step 12" in word for word in page.words)
    assert "curve" in page.attributes("class")


def test_a_record_without_anything_is_a_page_too() -> None:
    page = Page(render_page([RunView({"status": "done", "run": "runs/x"}, (), "", notes=("nothing is here",))]))

    assert any("nothing is here" in word for word in page.words)


def test_several_runs_are_overlaid_and_their_specs_marked(view: Views) -> None:
    one, other = view("regression"), view("binary")
    comparison = {
        "metric": "mae",
        "comparisons": [
            {"letter": "B", "against": "A", "words": "B is better than A", "test": "a test", "verdict": "better"}
        ],
        "notes": ["a note"],
    }
    text = render_page([one, replace(one, spec="name: houses\nseed: 1\n"), other], Compared(comparison))
    page = Page(text)

    assert "B is better than A (a test)" in page.words
    assert re.findall(r"<mark>([^<]*)</mark>", text)[:3] == ["name: houses", "seed: 0", "name: houses"]
    assert [each for each in page.attributes("id") if each.startswith("run-")] == ["run-A-", "run-B-", "run-C-"]


def scores_strip(text: str) -> str:
    return text.split('<figure class="strip">')[1].split("</figure>")[0]


def test_baselines_are_drawn_where_all_runs_have_the_same_to_beat(view: Views) -> None:
    one = view("regression")
    other = replace(
        one, record={**one.record, "scores": {**one.record["scores"], "baselines": {"median": {"mae": 9.9}}}}
    )
    alone, together = (render_page(runs, Compared(None)) for runs in ([one], [one, other]))

    assert "median 6.50" in scores_strip(alone)
    assert "6.50" not in scores_strip(together)
    assert "9.90" not in scores_strip(together)


def test_runs_on_other_data_share_no_axis(view: Views) -> None:
    one = view("regression")
    other = replace(one, record={**one.record, "name": "another"})
    page = Page(render_page([one, other], Compared(None, "they differ", alike=False)))

    assert any("have no axis in common" in word for word in page.words)
    assert "curves" not in page.attributes("id")
    assert "#curves" not in page.attributes("href")


def test_a_failed_fold_is_in_no_mean_of_runs_beside_each_other(view: Views) -> None:
    one = view("regression")
    failed = {**one.record, "status": "partial", "failures": [{"iteration": 1, "fold": 2, "reason": "NaN"}]}
    wild = tuple((*row[:5], 1e6) if row[1] == 2 else row for row in one.history)
    text = render_page([one, replace(one, record=failed, history=wild)], Compared(None))

    reading = next(json.loads(script) for script in Page(text).scripts if '"B validation"' in script)
    (line,) = [line for line in reading["lines"] if line["name"] == "B validation"]
    sound = [row[5] for row in one.history if row[1:4] in ((1, 1, "loss"), (3, 1, "loss"), (4, 1, "loss"))]
    assert line["words"][0].startswith(f"{sum(value for value in sound if value) / 3:.2f} ± ")


def test_losses_of_different_kinds_are_not_drawn_over_each_other(view: Views) -> None:
    one = view("regression")
    other = replace(one, record={**one.record, "model": {**one.record["model"], "loss": "mae"}})
    readings = [
        script for script in Page(render_page([one, other], Compared(None))).scripts if '"A validation"' in script
    ]

    assert len(readings) == 1


ODD = [
    {"splits": {"folds": 5}},
    {"data": {"files": 5, "notes": 5, "classes": 5}},
    {"data": {"notes": "abc"}},
    {"scores": {"validation": {"mae": {"mean": float("nan"), "per_fold": [[float("nan"), 1e308, -1e308]]}}}},
    {"scores": {"validation": {"mae": {"mean": 1.0}}, "baselines": {"median": {"mae": float("inf")}}}},
    {"model": [], "training": 3, "environment": None, "protocol": "kfold", "primary": 7},
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_a_record_that_somebody_changed_is_shown_as_far_as_it_goes(view: Views, odd: dict[str, object]) -> None:
    run = view("regression")

    assert Page(render_page([replace(run, record={**run.record, **odd})])).tags


@pytest.mark.parametrize("predictions", [[1e18] * 3, [0.5] * 3, [1e-300] * 3])
def test_predictions_that_are_all_but_equal_are_drawn(view: Views, predictions: list[float]) -> None:
    held = Held(pairs=(Pairs("", [0.0, 20.0, 50.0], predictions, 3),), errors=[2.0, 2.0, 2.0])

    assert "residuals" in Page(render_page([replace(view("regression"), held=held)])).attributes("id")


def test_a_history_without_a_finite_value_has_no_empty_figures(view: Views) -> None:
    run = view("regression", status="failed", failure="NaN", scores={})
    page = Page(render_page([replace(run, history=((1, 1, 1, "loss", None, None),), held=Held())]))

    assert "curve" not in page.attributes("class")


def test_a_history_that_no_axis_can_hold_is_drawn_without_its_ends(view: Views) -> None:
    history = ((1, 1, 1, "loss", -1e308, 1e308), (1, 1, 2, "loss", 1.0, 2.0))

    assert "curve" in Page(render_page([replace(view("regression"), history=history)])).attributes("class")


def test_what_is_noted_of_the_only_curve_is_told(view: Views) -> None:
    run = view("binary")
    held = replace(run.held, rankings=run.held.rankings[:1], ranking_note="Only 1 of 2 folds has a curve.")
    words = " ".join(Page(render_page([replace(run, held=held)])).words)

    assert "The dotted lines are what guessing reaches. Only 1 of 2 folds has a curve." in words


@pytest.mark.parametrize(
    ("low", "high", "tone"), [(0.5, 1.5, "good"), (-0.5, 1.5, "warn"), (-1.5, -0.5, "bad"), (None, None, "warn")]
)
def test_the_strongest_baseline_sets_the_tone(view: Views, low: float | None, high: float | None, tone: str) -> None:
    strong = {"difference": -1.0 if high is None else (low or 0) / 2 + high / 2, "low": low, "high": high}
    weak = {"difference": 9.0, "low": 8.0, "high": 10.0}
    text = render_page([view("regression", comparisons={"mean": weak, "median": strong})])

    assert f'<div class="{tone}"><dt>against guessing</dt>' in text


def test_the_reason_for_no_examples_is_told(view: Views) -> None:
    held = Held(errors=[1.0, 2.0, 4.0], examples_note="too wide to be shown")

    assert "too wide to be shown" in Page(render_page([replace(view("regression"), held=held)])).words


def test_weights_that_early_stopping_went_back_to_are_told(view: Views) -> None:
    run = view("regression")
    training = {**run.record["training"], "final_epoch": [6, 6, 6, 6], "stop_watched": "inner"}
    words = " ".join(Page(render_page([replace(run, record={**run.record, "training": training})])).words)

    assert "Scores with the weights that early stopping went back to" in words
    assert "those of the final weights, of epoch 6" in words


def test_lines_that_all_specs_have_are_not_marked(view: Views) -> None:
    one = view("regression")
    text = render_page([one, replace(one, spec="name: houses\nseed: 1\n")], Compared(None, "they differ"))

    assert re.findall(r"<mark>([^<]*)</mark>", text) == ["seed: 0", "seed: 1"]
    assert "they differ" in Page(text).words
