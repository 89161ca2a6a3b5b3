"""Random numbers for all lanes in one operation: what dropout draws, each lane by its own seed.

``tf.vectorized_map`` has no rule for the two operations that Keras's dropout draws with, and falls back to a loop over
lanes inside every step. Here are rules for them: the generator that TensorFlow itself uses, Philox 4x32-10, written
with the lanes as an axis, so that each lane gets the very numbers that TensorFlow's kernels would give it.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), section 4; the seeding and
the conversion to floats are those of TensorFlow's kernels, bit by bit.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
SEEDING_KEY = (0x3EC8F720, 0x02461E29)
"""The key with which TensorFlow scrambles a seed into the key and counter of a stream."""


@cache
def register() -> None:
    """Teach ``tf.vectorized_map`` the two operations; once in a process."""
    from tensorflow.python.ops.parallel_for.pfor import RegisterPFor, wrap

    @RegisterPFor("StatelessRandomGetKeyCounter")  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def convert_seeding(call: Any) -> list[Any]:
        key, counter = key_and_counter(call.stacked_input(0))
        return [wrap(key, True), wrap(counter, True)]

    @RegisterPFor("StatelessRandomUniformV2")  # type: ignore[untyped-decorator]
    def convert_uniform(call: Any) -> list[Any]:
        key, counter = call.stacked_input(1), call.stacked_input(2)
        return [wrap(uniform(call.unstacked_input(0), key, counter, call.get_attr("dtype")), True)]


def key_and_counter(seeds: Any) -> tuple[Any, Any]:
    """Scramble seeds (lanes, 2), integers, into keys (lanes, 1) and counters (lanes, 2), uint64."""
    whole = tf.cast(seeds, tf.uint64)
    counter = (_low(whole[:, 0]), _high(whole[:, 0]), _low(whole[:, 1]), _high(whole[:, 1]))
    key = tuple(tf.fill(tf.shape(counter[0]), tf.constant(part, tf.uint32)) for part in SEEDING_KEY)
    mixed = philox(counter, key)
    second = _joined(mixed[2], mixed[3])
    return _joined(mixed[0], mixed[1])[:, None], tf.stack([tf.zeros_like(second), second], axis=1)


def uniform(shape: Any, keys: Any, counters: Any, dtype: tf.DType) -> Any:
    """Draw floats in [0, 1) for each lane.

    Args:
        shape: of one lane's numbers.
        keys: (lanes, 1), uint64.
        counters: (lanes, 2), uint64; the first word of a stream that begins is 0.
        dtype: float32 or float64.

    Returns:
        (lanes, *shape).
    """
    count = tf.reduce_prod(shape)
    words = 1 if dtype == tf.float32 else 2  # 32-bit words in one float
    blocks = (count * words + 3) // 4
    first = counters[:, :1] + tf.cast(tf.range(blocks), tf.uint64)[None]  # (lanes, blocks)
    second = tf.broadcast_to(counters[:, 1:], tf.shape(first))
    key = (tf.broadcast_to(_low(keys), tf.shape(first)), tf.broadcast_to(_high(keys), tf.shape(first)))
    bits = tf.stack(philox((_low(first), _high(first), _low(second), _high(second)), key), axis=2)
    numbers = _floats(bits) if dtype == tf.float32 else _doubles(bits)  # (lanes, at least count)
    return tf.reshape(numbers[:, :count], tf.concat([tf.shape(keys)[:1], shape], 0))


def philox(counter: Any, key: Any) -> tuple[Any, Any, Any, Any]:
    """Return four random words for each counter of four words and key of two; all uint32, of one shape.

    The rounds are a loop in the graph: written out, they take XLA seconds to compile.
    """
    state = (tf.constant(0), *counter, *key)
    after = tf.while_loop(lambda number, *_: number < ROUNDS, _round, state, maximum_iterations=ROUNDS)
    return after[1], after[2], after[3], after[4]


def _round(number: Any, c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> tuple[Any, ...]:
    first, second = (
        tf.cast(word, tf.uint64) * tf.constant(multiplier, tf.uint64)
        for word, multiplier in zip((c0, c2), MULTIPLIERS, strict=True)
    )
    mixed = (_xor(_high(second), c1, k0), _low(second), _xor(_high(first), c3, k1), _low(first))
    return number + 1, *mixed, k0 + tf.constant(WEYL[0], tf.uint32), k1 + tf.constant(WEYL[1], tf.uint32)


def _floats(bits: Any) -> Any:
    """Turn words (lanes, blocks, 4) into floats (lanes, 4 * blocks): 23 bits of mantissa below an exponent of 0."""
    one = np.float32(1).view(np.uint32)
    mantissa = tf.bitwise.bitwise_and(bits, tf.constant(0x7FFFFF, tf.uint32))
    whole = tf.bitwise.bitwise_or(mantissa, tf.constant(one, tf.uint32))
    return tf.reshape(tf.bitcast(whole, tf.float32) - 1.0, [tf.shape(bits)[0], -1])


def _doubles(bits: Any) -> Any:
    """Turn pairs of words into doubles, (lanes, 2 * blocks): 52 bits of mantissa, the first word's on top."""
    one = np.float64(1).view(np.uint64)
    top = tf.bitwise.bitwise_and(bits[:, :, ::2], tf.constant(0xFFFFF, tf.uint32))
    whole = tf.bitwise.bitwise_or(_joined(bits[:, :, 1::2], top), tf.constant(one, tf.uint64))
    return tf.reshape(tf.bitcast(whole, tf.float64) - 1.0, [tf.shape(bits)[0], -1])


def _low(word: Any) -> Any:
    return tf.cast(tf.bitwise.bitwise_and(word, tf.constant(0xFFFFFFFF, tf.uint64)), tf.uint32)


def _high(word: Any) -> Any:
    return tf.cast(tf.bitwise.right_shift(word, tf.constant(32, tf.uint64)), tf.uint32)


def _joined(low: Any, high: Any) -> Any:
    shifted = tf.bitwise.left_shift(tf.cast(high, tf.uint64), tf.constant(32, tf.uint64))
    return tf.bitwise.bitwise_or(tf.cast(low, tf.uint64), shifted)


def _xor(first: Any, second: Any, third: Any) -> Any:
    return tf.bitwise.bitwise_xor(tf.bitwise.bitwise_xor(first, second), third)
