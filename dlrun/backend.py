"""Getting TensorFlow ready: the right Keras backend, and as little noise as it allows.

Call `prepare_backend` before anything imports Keras; importing this module imports nothing heavy.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

from dlrun.errors import UsageError


def prepare_backend() -> None:
    """Make Keras run on TensorFlow with its own defaults, whatever ``keras.json`` and ``KERAS_*`` variables say.

    A run that depended on a file in somebody's home or on their shell would not be the same run elsewhere.

    Raises:
        UsageError: Keras is already loaded in this process with another backend.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    first = "keras" not in sys.modules
    with warnings.catch_warnings():
        # TensorFlow and Keras use deprecated names of NumPy's and of their own while they load.
        warnings.simplefilter("ignore")
        import keras
    if keras.backend.backend() != "tensorflow":
        raise UsageError(
            f"Keras is already loaded with the backend '{keras.backend.backend()}'; dlrun runs on TensorFlow",
            hint="set KERAS_BACKEND=tensorflow before Keras is imported",
        )
    if first:
        keras.config.set_floatx("float32")
        keras.config.set_image_data_format("channels_last")
        keras.config.set_epsilon(1e-7)
        keras.config.set_max_epochs(None)  # else KERAS_MAX_EPOCHS cuts a run short, and its spec says otherwise
        keras.config.set_max_steps_per_epoch(None)


def devices() -> list[str] | None:
    """Name the processors that TensorFlow sees: ``CPU``, a GPU by its model; None while TensorFlow is not loaded."""
    tf = sys.modules.get("tensorflow")
    return None if tf is None else [_device_name(tf, device) for device in tf.config.list_physical_devices()]


def _device_name(tf: Any, device: Any) -> str:
    details = {} if device.device_type == "CPU" else tf.config.experimental.get_device_details(device)
    return str(details.get("device_name") or device.device_type)
