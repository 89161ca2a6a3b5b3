"""The linear baseline of an autoencoder: principal components, as many as its code is wide.

No linear autoencoder of that width loses less of the training rows' variance (P. Baldi and K. Hornik, "Neural networks
and principal component analysis", *Neural Networks* 2 (1989), 53-58), so this is what a net's bends have to be worth.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlrun.evaluation.baselines import LINEAR
from dlrun.evaluation.linear import LinearBaseline
from dlrun.evaluation.linear_budget import MOST_CELLS, sample_rows

Rows = npt.NDArray[np.float32]

MOST_COLUMNS_SQUARED = 1500
"""Up to so many columns the covariance matrix is small, and its eigenvectors are exact and quick."""


def pca_baseline(width: int, train: Rows, validation: Rows, *, seed: int) -> LinearBaseline:
    """Fit principal components on training rows, and give validation rows back from them.

    Args:
        width: components, at most as many as there are columns, or rows.
        train: training rows of one fold, (rows, columns).
        validation: rows to give back, (validation rows, columns).
        seed: names the draw of a sample, where the rows are too many, and of a randomised solver.
    """
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    rows, columns = train.shape
    most = max(1, int(MOST_CELLS) // columns)
    if most < rows:
        train = train[sample_rows(rows, most, None, seed=seed)]
    components = min(width, *train.shape)
    solver = "covariance_eigh" if columns <= MOST_COLUMNS_SQUARED else "randomized"
    with threadpool_limits(1):  # the bits don't depend on the number of cores
        model = PCA(components, svd_solver=solver, random_state=seed).fit(train.astype(np.float64))
        given_back = model.inverse_transform(model.transform(validation.astype(np.float64)))
    sampled = f", fitted on {len(train):,} of {rows:,} training rows" if len(train) < rows else ""
    words = f"{LINEAR}: PCA with {components} component{'s' if components != 1 else ''}{sampled}"
    return LinearBaseline(given_back.astype(np.float32), words)
