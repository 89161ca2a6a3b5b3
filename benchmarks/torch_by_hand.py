"""Boston as a plain PyTorch loop: four folds, two hidden layers of 64, Adam, held-out rows scored after each epoch.

python benchmarks/torch_by_hand.py [--epochs N] [--batch N] [--seed N]

Needs PyTorch and NumPy. One thread: nets of this size are slower with more. Prints one line of JSON: ``seconds`` of the
fits, ``scores`` (MAE of each fold), and ``version``.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import torch
from boston_rows import Rows, boston
from torch import nn

FOLDS = 4


def fit(train: tuple[Rows, Rows], held_out: tuple[Rows, Rows], epochs: int, batch: int) -> float:
    """Train one net; returns the MAE of the held-out rows."""
    mean, std = train[0].mean(axis=0), train[0].std(axis=0)
    inputs, unseen = (torch.tensor((rows - mean) / std, dtype=torch.float32) for rows in (train[0], held_out[0]))
    targets, of_unseen = (torch.tensor(each[1][:, None], dtype=torch.float32) for each in (train, held_out))
    net = nn.Sequential(nn.Linear(inputs.shape[1], 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
    optimiser, loss = torch.optim.Adam(net.parameters(), 0.001), nn.MSELoss()
    score = float("nan")
    for _ in range(epochs):
        for rows in torch.randperm(len(inputs)).split(batch):
            optimiser.zero_grad()
            loss(net(inputs[rows]), targets[rows]).backward()
            optimiser.step()
        with torch.no_grad():
            score = float((net(unseen) - of_unseen).abs().mean())
    return score


def main() -> None:
    """Read the command line, train fold after fold, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(asked.seed)
    inputs, targets = boston()
    parts = np.array_split(np.random.default_rng(asked.seed).permutation(len(inputs)), FOLDS)
    began, scores = time.perf_counter(), []
    for fold, held_out in enumerate(parts):
        train = np.concatenate([part for index, part in enumerate(parts) if index != fold])
        pair = (inputs[train], targets[train]), (inputs[held_out], targets[held_out])
        scores.append(fit(*pair, asked.epochs, asked.batch))
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "scores": scores, "version": torch.__version__}))


if __name__ == "__main__":
    main()
