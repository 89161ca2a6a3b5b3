"""The history of a run, read back as it was written, or refused."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from dlrun.errors import RunFolderError
from dlrun.runs.formats import save_csv
from dlrun.runs.history import HEADER, NAME, read_history


def test_what_was_written_comes_back_whatever_the_order_of_the_columns(tmp_path: Path) -> None:
    rows = [(1, 2, 3, "loss", 0.1 + 0.2, None), (1, 2, 3, "=mae", math.inf, 1e-300)]
    save_csv(tmp_path / NAME, HEADER[::-1], [row[::-1] for row in rows])

    assert read_history(tmp_path) == [rows[0], (1, 2, 3, "'=mae", *rows[1][4:])]


@pytest.mark.parametrize(
    "cells", ["1,1", "x,1,1,loss,1,1", "1,1,1.5,loss,1,1", "1,1,1,loss,much,1", f"1,1,{10**18},l,1,1"]
)
def test_a_row_that_is_none_is_damage(tmp_path: Path, cells: str) -> None:
    (tmp_path / NAME).write_text(f"{','.join(HEADER)}\n{cells}\n")

    with pytest.raises(RunFolderError, match=r"history\.csv is damaged"):
        read_history(tmp_path)


def test_a_run_without_one_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"history\.csv is missing"):
        read_history(tmp_path)
