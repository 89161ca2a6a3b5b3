"""Made-up film reviews: texts to learn on without any download. No review here was ever written by anybody."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np

from dlrun.data.assembly import assemble
from dlrun.data.dataset import Dataset, TextRows
from dlrun.spec.sources import ReviewsSource

OPINIONS = 3
"""Opinions in a review: an odd number, so that most of them agree with its class."""
_THINGS = (
    *("film", "plot", "story", "acting", "cast", "script", "music", "ending", "camera", "dialogue", "pace", "lead"),
    *("director", "villain", "set", "scenery"),
)
_POSITIVE = (
    *("good", "great", "brilliant", "funny", "moving", "clever", "gripping", "charming", "superb", "honest", "fresh"),
    "elegant",
)
_NEGATIVE = (
    *("bad", "awful", "dull", "boring", "clumsy", "tedious", "weak", "lifeless", "silly", "predictable", "shallow"),
    "noisy",
)
_HOW = ("", "", "very ", "quite ", "really ", "rather ")
_OPENINGS = ("I thought the", "The", "To me the", "Everybody says the", "In the end the", "Honestly, the")
_ASIDES = (
    "I saw it on a rainy evening.",
    "My brother chose the film.",
    "It runs for two hours.",
    "The cinema was half full.",
    "We went there by bus.",
    "It is based on a novel.",
    "Part of it was shot in Lisbon.",
    "The credits are long.",
)


def load(source: ReviewsSource) -> Dataset:
    """Make reviews up, the same for the same options on every machine.

    A review has three opinions and up to two asides. At least two opinions agree with its class. An opinion is negated
    ("was not good") with probability ``negation``; then its word says the opposite of what the sentence means.
    """
    random = Random(source.random_state)
    labels = np.array([row % 2 for row in range(source.samples)], np.int64)
    texts = [_review(random, bool(label), source.negation) for label in labels]
    return assemble(
        source.source,
        "binary",
        TextRows.of(texts),
        labels,
        class_names=("negative", "positive"),
        notes=("These reviews are made up by dlrun: good for learning how texts are treated, and for nothing else.",),
    )


def _review(random: Random, positive: bool, negation: float) -> str:
    against = _below(random, 2 * OPINIONS)  # which opinion differs; every other review has none that does
    sentences = [_opinion(random, positive ^ (place == against), negation) for place in range(OPINIONS)]
    for _ in range(_below(random, 3)):
        sentences.insert(_below(random, len(sentences) + 1), _pick(random, _ASIDES))
    return " ".join(sentences)


def _opinion(random: Random, positive: bool, negation: float) -> str:
    negated = random.random() < negation
    word = _pick(random, _POSITIVE if positive ^ negated else _NEGATIVE)
    verb = "was not" if negated else "was"
    return f"{_pick(random, _OPENINGS)} {_pick(random, _THINGS)} {verb} {_pick(random, _HOW)}{word}."


def _below(random: Random, end: int) -> int:
    # Of all that `Random` offers, only `random()` is promised to give the same numbers in every version of Python.
    return int(random.random() * end)


def _pick(random: Random, choices: Sequence[str]) -> str:
    return choices[_below(random, len(choices))]
