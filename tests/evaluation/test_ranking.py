from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from dlrun.evaluation.ranking import average_precision_of_counts, roc_auc_of_counts

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 3)), min_size=2, max_size=30)


@settings(max_examples=200, deadline=None)
@given(rows=ROWS)
def test_counted_rows_score_as_written_out_rows_do_with_any_ties(rows: list[tuple[bool, int, int]]) -> None:
    positive, scores, counts = (np.array(column) for column in zip(*rows, strict=True))
    written, ranked = np.repeat(positive, counts), np.repeat(scores, counts)

    area = roc_auc_of_counts(positive, scores, counts[None, :])[0]
    precision = average_precision_of_counts(positive, scores, counts[None, :])[0]

    both = len(written) > 0 and 0 < written.sum() < len(written)
    assert area == pytest.approx(roc_auc_score(written, ranked) if both else np.nan, nan_ok=True)
    some = written.any()
    assert precision == pytest.approx(average_precision_score(written, ranked) if some else np.nan, nan_ok=True)
