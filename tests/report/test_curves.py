"""The figure of a run: what it shows is read off matplotlib's own objects, and the file is a real PNG."""

from __future__ import annotations

import io
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.image import imread

from dlrun.report import HistoryRow, draw_curves

Draw = Callable[..., Figure]
METRICS = ("roc_auc", "accuracy", "loss", "precision", "recall")


def history(epochs: int, metrics: tuple[str, ...] = ("loss", "accuracy"), folds: int = 1) -> Iterator[HistoryRow]:
    for fold in range(1, folds + 1):
        for epoch in range(1, epochs + 1):
            for metric in metrics:
                yield 1, fold, epoch, metric, 1 / epoch, 1 / epoch + fold


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Draw:
    """Draws into memory and returns the figure that was saved."""
    saved: list[Figure] = []
    save = Figure.savefig

    def keep(figure: Figure, *arguments: Any, **options: Any) -> None:
        save(figure, *arguments, **options)
        saved.append(figure)

    monkeypatch.setattr(Figure, "savefig", keep)

    def drawn(rows: Any, **options: Any) -> Figure:
        draw_curves(rows, io.BytesIO(), **{"primary": "accuracy", **options})
        return saved[-1]

    return drawn


def curves(axes: Axes) -> list[Any]:
    """What is drawn in a panel, without lines that have no points."""
    every: list[Any] = list(axes.lines)
    return [line for line in every if len(line.get_xdata())]


def thick(axes: Axes) -> dict[str, Any]:
    """The thick lines of a panel by their style."""
    return {
        line.get_linestyle(): line
        for line in curves(axes)
        if line.get_linewidth() > 1.5 and line.get_linestyle() != "None"
    }


def test_the_file_is_a_png_of_150_dots_an_inch(tmp_path: Path) -> None:
    draw_curves(history(20), tmp_path / "curves.png", primary="accuracy", best_epoch=4, title="imdb")

    image = imread(tmp_path / "curves.png")
    assert image.shape[0] > 500
    assert image.shape[1] > 2 * image.shape[0]
    assert image.std() > 0.02


def test_the_same_history_makes_the_same_bytes() -> None:
    streams = io.BytesIO(), io.BytesIO()
    for stream, rows in zip(streams, (list(history(3)), list(history(3))[::-1]), strict=True):
        draw_curves(rows, stream, primary="accuracy")

    assert streams[0].getvalue() == streams[1].getvalue()


def test_the_loss_comes_first_then_the_primary_metric_and_four_panels_are_enough(draw: Draw) -> None:
    figure = draw(history(5, METRICS))

    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy", "roc_auc", "precision"]
    assert {axes.get_xlabel() for axes in figure.axes} == {"epoch"}


def test_training_and_validation_differ_in_line_and_colour_and_hold_the_values(draw: Draw) -> None:
    figure = draw(history(20))

    panel = thick(figure.axes[0])
    assert list(panel["--"].get_ydata()) == [1 / epoch for epoch in range(1, 21)]
    assert list(panel["-"].get_ydata()) == [1 / epoch + 1 for epoch in range(1, 21)]
    assert (panel["--"].get_color(), panel["-"].get_color()) == ("#D55E00", "#0072B2")  # Okabe and Ito, 2008
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["training", "validation"]


def test_the_best_epoch_is_marked_and_named_in_every_panel(draw: Draw) -> None:
    figure = draw(history(20), best_epoch=4)

    for axes in figure.axes:
        assert any(list(line.get_xdata()) == [4, 4] for line in curves(axes))
        assert [text.get_text() for text in axes.texts] == ["epoch 4: 1.25"]
    assert figure.legends[0].get_texts()[-1].get_text() == "best epoch"


@pytest.mark.parametrize("epochs", [1, 2, 3, 10, 200])
def test_ticks_are_whole_epochs(draw: Draw, epochs: int) -> None:
    axes = draw(history(epochs)).axes[0]

    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    assert ticks
    assert all(tick == round(tick) and 1 <= tick <= epochs for tick in ticks)


@pytest.mark.parametrize("epochs", [1, 12])
def test_few_epochs_have_markers_so_that_one_is_seen(draw: Draw, epochs: int) -> None:
    panel = thick(draw(history(epochs)).axes[0])

    assert {line.get_marker() for line in panel.values()} == {"s", "o"}


def test_values_that_are_not_finite_leave_gaps_and_lone_points_are_seen(draw: Draw) -> None:
    values = [1.0, math.nan, 0.5, math.inf, 0.25, 0.2, *[None] * 10]

    axes = draw([(1, 1, epoch, "loss", value, None) for epoch, value in enumerate(values, 1)]).axes[0]

    (line,) = thick(axes).values()
    np.testing.assert_array_equal(line.get_ydata()[:6], [1, np.nan, 0.5, np.nan, 0.25, 0.2])
    lone = [
        list(line.get_xdata()) for line in curves(axes) if line.get_linestyle() == "None" and line.get_marker() == "s"
    ]
    assert lone == [[1, 3]]


def test_a_metric_without_any_value_says_so(draw: Draw) -> None:
    axes = draw([(1, 1, epoch, "loss", math.nan, None) for epoch in (1, 2)], best_epoch=1).axes[0]

    assert {text.get_text() for text in axes.texts} == {"no finite values", "epoch 1"}


def test_a_run_without_an_epoch_has_a_figure_that_says_so(draw: Draw) -> None:
    figure = draw([], title="imdb")

    assert "no epoch was finished" in [text.get_text() for text in figure.texts]


def folds_of(axes: Axes) -> list[LineCollection]:
    """The thin lines of the folds: those of training, those of validation."""
    return [drawn for drawn in axes.collections if isinstance(drawn, LineCollection)]


def bands(axes: Axes) -> list[tuple[float, float, float]]:
    """Each band's lowest and highest value at its first epoch, and where it ends."""
    found = [drawn.get_paths()[0].vertices for drawn in axes.collections if isinstance(drawn, PolyCollection)]
    return [
        (*sorted(edge[edge[:, 0] == 1][:, 1])[:: len(edge[edge[:, 0] == 1]) - 1], edge[:, 0].max()) for edge in found
    ]


def test_folds_are_thin_under_their_thick_mean_in_a_band_of_one_standard_deviation(draw: Draw) -> None:
    figure = draw(history(20, ("loss",), folds=3), best_epoch=20)

    axes = figure.axes[0]
    assert [len(lines.get_segments()) for lines in folds_of(axes)] == [3, 3]
    assert list(thick(axes)["-"].get_ydata()) == pytest.approx([2 + 1 / epoch for epoch in range(1, 21)])
    # Validation at epoch 1 is 2, 3 and 4: mean 3, standard deviation 1. Training is 1 on each.
    assert bands(axes) == [(1, 1, 20), (2, 4, 20)]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "training",
        "validation",
        "mean of 3 folds, ± 1 std",
        "best epoch of the mean",
    ]


def test_the_mean_is_drawn_in_full_only_where_every_fold_is(draw: Draw) -> None:
    rows = [row for row in history(30, ("loss",), folds=2) if row[1:3] != (2, 30)]

    figure = draw(rows)

    axes = figure.axes[0]
    np.testing.assert_allclose(thick(axes)["-"].get_ydata()[-2:], [1.5 + 1 / 29, np.nan])
    dotted = [line for line in curves(axes) if line.get_linestyle() == ":"]
    assert [line.get_ydata()[-1] for line in dotted] == pytest.approx([1 / 30, 1 / 30 + 1])
    assert "fewer folds" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_failed_fold_is_drawn_up_to_a_cross_and_is_in_no_mean(draw: Draw) -> None:
    broken = [(1, 3, 1, "loss", 9.0, 9.0), (1, 3, 2, "loss", 8.0, 7.0), (1, 3, 3, "loss", math.nan, None)]

    figure = draw([*history(20, ("loss",), folds=2), *broken], failed=[(1, 3)])

    axes = figure.axes[0]
    crosses = [line for line in curves(axes) if line.get_marker() == "x"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in crosses] == [(2, 8), (2, 7)]
    assert thick(axes)["-"].get_ydata()[0] == 2.5
    assert [text.get_text() for text in figure.legends[0].get_texts()][2:] == ["mean of 2 folds, ± 1 std", "1 failed"]


def test_a_figure_of_failed_folds_alone_has_no_mean_to_speak_of(draw: Draw) -> None:
    figure = draw(history(5, ("loss",), folds=2), failed=[(1, 1), (1, 2)], best_epoch=0)

    assert figure.legends[0].get_texts()[-1].get_text() == "2 failed"


def test_the_more_folds_the_fainter_each_is(draw: Draw) -> None:
    alphas = [folds_of(draw(history(2, ("loss",), folds)).axes[0])[0].get_alpha() for folds in (2, 12, 200)]

    assert alphas == sorted(alphas, reverse=True)
    assert 0.02 < alphas[-1] < 0.1 < alphas[0]


def test_only_a_curve_that_towers_over_all_else_gets_a_logarithmic_axis(draw: Draw) -> None:
    training_to_nothing = [(1, 1, epoch, "loss", 10.0**-epoch, 0.3 + 0.02 * epoch) for epoch in range(1, 8)]
    wide = draw([(1, 1, epoch, "loss", 10.0**-epoch, None) for epoch in range(1, 6)]).axes[0]
    near = [draw(rows).axes[0].get_yscale() for rows in (history(5), training_to_nothing)]

    assert wide.get_yscale() == "log"
    assert wide.get_ylabel() == "loss (log scale)"
    assert near == ["linear", "linear"]


def test_titles_are_taken_as_they_are(draw: Draw) -> None:
    title = r"a_b $x$ \frac{1 100% &"

    figure = draw(history(2, ("loss", "a_$b")), title=title)

    assert figure.get_suptitle() == title
    assert figure.axes[1].get_ylabel() == "a_$b"


def test_characters_without_a_glyph_or_a_shape_are_replaced_without_a_warning(draw: Draw) -> None:
    figure = draw(history(2), title="数\x1b[31m")  # a warning about a glyph would be an error here

    assert figure.get_suptitle() == r"□\x1b[31m"


@pytest.mark.parametrize("metrics", [("loss",), ("loss", "mean_average_precision"), METRICS])
@pytest.mark.parametrize("best_epoch", [1, 10, 20])
def test_no_text_is_clipped_by_the_edge_of_the_figure(draw: Draw, metrics: tuple[str, ...], best_epoch: int) -> None:
    figure = draw(history(20, metrics), title="M" * 64 + "-20261122-173000-7f3a", best_epoch=best_epoch)

    box = figure.get_tightbbox()  # inches, of all that is drawn
    assert min(box.x0, box.y0) >= 0
    assert box.x1 <= figure.get_figwidth()
    assert box.y1 <= figure.get_figheight()


@pytest.mark.parametrize("metrics", [("loss",), ("loss", "mean_average_precision")])
@pytest.mark.parametrize("broken", [[], [(1, 200)]])
def test_the_legend_of_many_folds_fits(draw: Draw, metrics: tuple[str, ...], broken: list[tuple[int, int]]) -> None:
    rows = [row for row in history(20, metrics, folds=200) if row[1:3] != (3, 20)]

    figure = draw(rows, best_epoch=19, failed=broken)

    box = figure.get_tightbbox()
    assert box.x0 >= 0
    assert box.x1 <= figure.get_figwidth()


def test_a_readers_own_style_does_not_reach_the_figure(draw: Draw) -> None:
    import matplotlib

    with matplotlib.rc_context({"axes.facecolor": "black", "text.usetex": True, "lines.linewidth": 20}):
        figure = draw(history(2))

    assert figure.axes[0].get_facecolor() == (1, 1, 1, 1)


def test_drawing_leaves_no_global_figure_and_needs_no_display(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\nfrom dlrun.report import draw_curves\n"
        "assert 'matplotlib' not in sys.modules\n"
        "draw_curves([(1, 1, 1, 'loss', 1.0, 1.0)], pathlib.Path(sys.argv[1]), primary='loss')\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    environment = {**os.environ, "MPLBACKEND": "TkAgg", "DISPLAY": ""}
    process = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "curves.png")],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert process.stdout.strip() == "False"
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
