"""Pictures inside a page: arrays as PNG in a ``data:`` address, small enough that a page of them stays small."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any

_LONGEST = 128
"""Pixels: a larger picture is made smaller."""
_SHARP_BELOW = 64


def picture(image: Any) -> str:
    """Return the ``data:`` address of an image.

    Args:
        image: (height, width), (height, width, 1), (…, 3) or (…, 4): bytes as they are; other numbers are spread from
            the lowest (black) to the highest (white).
    """
    import numpy as np
    from PIL import Image

    array = np.asarray(image)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.dtype != np.uint8:
        array = array.astype(np.float64)
        known = array[np.isfinite(array)]
        low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
        array = np.nan_to_num((array - low) * (255 / (high - low or 1)), nan=0.0, posinf=255, neginf=0)
        array = array.round().astype(np.uint8)
    drawn = Image.fromarray(np.ascontiguousarray(array))
    drawn.thumbnail((_LONGEST, _LONGEST))
    drawn.save(stream := BytesIO(), format="PNG", optimize=True)
    return png_address(stream.getvalue())


def png_address(png: bytes) -> str:
    """Return the ``data:`` address of the bytes of a PNG file."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def is_coarse(image: Any) -> bool:
    """Whether an image has so few pixels that they should stay sharp squares when it is enlarged."""
    return bool(max(image.shape[:2]) < _SHARP_BELOW)
