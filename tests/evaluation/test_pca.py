import numpy as np
import pytest

from dlrun.evaluation import pca
from dlrun.evaluation.pca import pca_baseline


def by_hand(width: int, train: np.ndarray, validation: np.ndarray) -> np.ndarray:
    """Project on the first right singular vectors of the centred training rows, and back."""
    mean = train.mean(axis=0)
    _, _, axes = np.linalg.svd(train - mean, full_matrices=False)
    kept = axes[:width]
    return (validation - mean) @ kept.T @ kept + mean


@pytest.mark.parametrize("exact_up_to", [1500, 5])
@pytest.mark.parametrize("width", [1, 3])
def test_rows_are_given_back_from_the_first_components(
    width: int, exact_up_to: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    rows = (random.normal(size=(90, 4)) * [9, 5, 2, 1] @ random.normal(size=(4, 12)) + 7).astype(np.float32)
    monkeypatch.setattr(pca, "MOST_COLUMNS_SQUARED", exact_up_to)

    found = pca_baseline(width, rows[:60], rows[60:], seed=0)

    np.testing.assert_allclose(found.predictions, by_hand(width, rows[:60], rows[60:]), rtol=1e-3, atol=1e-3)
    assert found.note == f"linear: PCA with {width} component{'s' if width > 1 else ''}"


def test_there_are_no_more_components_than_rows_or_columns() -> None:
    rows = np.random.default_rng(1).normal(size=(20, 4)).astype(np.float32)

    found = pca_baseline(10, rows, rows, seed=0)

    np.testing.assert_allclose(found.predictions, rows, atol=1e-5)
    assert "4 components" in found.note


def test_too_many_rows_are_sampled_and_the_note_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pca, "MOST_CELLS", 4 * 50)
    rows = np.random.default_rng(2).normal(size=(200, 4)).astype(np.float32)

    assert pca_baseline(2, rows, rows[:5], seed=0).note.endswith("fitted on 50 of 200 training rows")
