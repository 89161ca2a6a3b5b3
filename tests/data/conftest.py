"""A small table that the tests of this package share."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.data.assembly import assemble
from dlrun.data.dataset import Dataset


@pytest.fixture
def people() -> Dataset:
    """Five rows: age, sex (text), flat (7 in all but the last), rooms (whole numbers)."""
    rows = np.array([[20, 1, 7, 1], [30, 0, 7, 3], [40, 1, 7, 1], [50, 0, 7, 2], [99, 2, 8, 9]], float)
    categories = {1: ("female", "male", "other")}
    names = ("age", "sex", "flat", "rooms")
    return assemble("people", "regression", rows, np.arange(5.0), feature_names=names, categories=categories)
