"""One picture: from the bytes of a JPEG, PNG, GIF or BMP file to an array of pixels."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = npt.NDArray[np.uint8]
FORMATS = ("JPEG", "PNG", "GIF", "BMP")
"""As Pillow calls them. The content says which one a file is, never its name."""
MOST_PIXELS = 89_478_485
"""A picture with more is refused unopened: it would take 256 MB. The limit is Pillow's."""
_DEEP = ("I;16", "I;16B", "I;16L", "I;16N", "I")
"""Pillow's modes of grey values with 16 bits."""


class BadPicture(Exception):
    """A file's bytes are no picture that can be read; says why."""


@dataclass(frozen=True)
class Form:
    """What a picture is brought to.

    Args:
        size: height and width; None to leave them as they are.
        colour: three channels, or one.
    """

    size: tuple[int, int] | None
    colour: Literal["rgb", "grey"]

    @property
    def channels(self) -> int:
        """How many values a pixel has."""
        return 3 if self.colour == "rgb" else 1


def decode(content: bytes, form: Form) -> Pixels:
    """Decode a picture, (height, width, channels): the first frame of a GIF, upright as its EXIF orientation says.

    What is transparent is laid on white; of values with 16 bits the upper 8 count; grey is luminance (ITU-R 601). A
    picture of another size is stretched to it by linear interpolation over as many pixels as one of the new size covers
    (Pillow's BILINEAR, which does not alias).

    Raises:
        BadPicture: the bytes are damaged or of another format, or hold too many pixels.
    """
    from PIL import Image, UnidentifiedImageError

    if not content:
        raise BadPicture("it is empty")
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise BadPicture(f"{width:,} × {height:,} pixels are more than {MOST_PIXELS:,}")
            image.load()
            plain = _plain(_upright(image), form)
            if form.size is not None and form.size != (plain.height, plain.width):
                plain = plain.resize((form.size[1], form.size[0]), Image.Resampling.BILINEAR)
            return np.asarray(plain, np.uint8).reshape(plain.height, plain.width, form.channels)
    except (BadPicture, MemoryError):
        raise
    except UnidentifiedImageError:
        raise BadPicture(f"it is no {', '.join(FORMATS[:-1])} or {FORMATS[-1]}") from None
    except Exception as error:  # what damaged files make Pillow raise has no end: OSError, SyntaxError, struct.error...
        raise BadPicture(_reason(error)) from error


@contextmanager
def strictly() -> Iterator[None]:
    """Surround decoding: Pillow's warning of too many pixels is an error, and no other one reaches the terminal."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _upright(image: Image) -> Image:
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # the notes of a camera can be damaged in as many ways as a file, and the picture is there
        return image


def _plain(image: Image, form: Form) -> Image:
    """Bring a picture of any mode to three channels or one, of 8 bits each."""
    from PIL import Image

    mode = "RGB" if form.colour == "rgb" else "L"
    if image.mode in _DEEP:
        grey = Image.fromarray((np.clip(np.asarray(image), 0, 65535).astype(np.uint32) >> 8).astype(np.uint8))
        return grey.convert(mode)
    if image.has_transparency_data:
        picture = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB").convert(mode)
    return image.convert("RGB").convert(mode) if image.mode in ("CMYK", "P", "LAB", "HSV") else image.convert(mode)


def _reason(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text[:120]
