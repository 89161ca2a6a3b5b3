"""Single pictures: every format and mode, checked against pixels that are known; and what is no picture."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dlrun.data.sources import pictures
from dlrun.data.sources.pictures import BadPicture, Form, decode, strictly

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
RGB = Form(None, "rgb")
GREY = Form(None, "grey")


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def stripes(mode: str = "RGB") -> Image.Image:
    """4 high and 8 wide, the left half red and the right half blue."""
    image = Image.new("RGB", (8, 4), RED)
    image.paste(BLUE, (4, 0, 8, 4))
    return image.convert(mode)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF"])
def test_formats_without_loss_give_the_pixels_that_were_saved(kind: str) -> None:
    pixels = decode(encoded(stripes(), kind), RGB)

    assert (pixels.shape, pixels.dtype) == ((4, 8, 3), np.uint8)
    assert (pixels[:, :4] == RED).all()
    assert (pixels[:, 4:] == BLUE).all()


def test_a_jpeg_gives_its_pixels_to_within_what_jpeg_loses() -> None:
    pixels = decode(encoded(Image.new("RGB", (16, 16), (200, 100, 50)), "JPEG", quality=95), RGB)

    np.testing.assert_allclose(pixels, np.full((16, 16, 3), (200, 100, 50)), atol=3)


@pytest.mark.parametrize("mode", ["P", "RGBA", "RGB", "1"])
def test_modes_become_three_channels(mode: str) -> None:
    image = stripes() if mode != "1" else Image.fromarray(np.eye(4, dtype=bool))
    expected = np.asarray(image.convert("RGB"))

    np.testing.assert_array_equal(decode(encoded(image.convert(mode), "PNG"), RGB), expected)


def test_grey_is_the_luminance_of_colours() -> None:
    pixels = decode(encoded(stripes(), "PNG"), GREY)

    assert pixels.shape == (4, 8, 1)
    assert pixels[0, 0, 0] == round(255 * 0.299)
    assert pixels[0, 7, 0] == round(255 * 0.114)


def test_a_grey_picture_has_three_equal_channels_as_rgb() -> None:
    values = np.arange(32, dtype=np.uint8).reshape(4, 8)

    pixels = decode(encoded(Image.fromarray(values), "PNG"), RGB)

    np.testing.assert_array_equal(pixels, np.repeat(values[..., None], 3, axis=2))


@pytest.mark.parametrize("form", [RGB, GREY])
def test_of_sixteen_bits_the_upper_eight_count(form: Form) -> None:
    values = np.array([[0, 255, 256, 0x1234], [0x7FFF, 0x8000, 0xFF00, 0xFFFF]], np.uint16)

    pixels = decode(encoded(Image.fromarray(values), "PNG"), form)

    np.testing.assert_array_equal(pixels[..., 0], [[0, 0, 1, 0x12], [0x7F, 0x80, 0xFF, 0xFF]])


def test_cmyk_is_turned_into_the_colours_that_are_seen() -> None:
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # no cyan, all magenta and yellow: red

    pixels = decode(encoded(cmyk, "JPEG", quality=100), RGB)

    np.testing.assert_allclose(pixels, np.full((16, 16, 3), RED), atol=4)


def test_what_is_transparent_is_laid_on_white() -> None:
    clear = Image.new("RGBA", (2, 1), (255, 0, 0, 0))
    clear.putpixel((1, 0), (0, 0, 255, 255))
    palette = Image.new("P", (2, 1))
    palette.putpalette([*RED, *GREEN])
    palette.putpixel((1, 0), 1)

    assert decode(encoded(clear, "PNG"), RGB).tolist() == [[[*WHITE], [*BLUE]]]
    assert decode(encoded(palette, "GIF", transparency=0), RGB).tolist() == [[[*WHITE], [*GREEN]]]
    assert decode(encoded(clear, "PNG"), GREY).tolist() == [[[255], [29]]]


def test_of_an_animation_the_first_frame_counts() -> None:
    first, second = Image.new("RGB", (4, 4), RED), Image.new("RGB", (4, 4), BLUE)

    pixels = decode(encoded(first, "GIF", save_all=True, append_images=[second]), RGB)

    assert (pixels == RED).all()


def test_a_picture_stands_upright_as_the_camera_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise

    pixels = decode(encoded(stripes(), "PNG", exif=exif.tobytes()), RGB)

    assert pixels.shape == (8, 4, 3)
    assert (pixels[:4] == RED).all()
    assert (pixels[4:] == BLUE).all()


def test_notes_of_a_camera_that_are_damaged_do_not_matter() -> None:
    exif = b"Exif\x00\x00" + bytes(range(60))

    with strictly():
        assert (decode(encoded(Image.new("RGB", (8, 8), RED), "PNG", exif=exif), RGB) == RED).all()


def test_resizing_averages_over_all_pixels_that_a_new_one_covers() -> None:
    chess = np.indices((64, 64)).sum(axis=0) % 2 * 255

    # Without a filter against aliasing, every second pixel would be picked: all black, or all white.
    pixels = decode(encoded(Image.fromarray(chess.astype(np.uint8)), "PNG"), Form((16, 8), "grey"))

    assert pixels.shape == (16, 8, 1)
    np.testing.assert_allclose(pixels, 127.5, atol=2)


def test_resizing_stretches_height_and_width_each_to_its_own() -> None:
    pixels = decode(encoded(stripes(), "PNG"), Form((2, 16), "rgb"))

    assert pixels.shape == (2, 16, 3)
    assert (pixels[:, :6] == RED).all()
    assert (pixels[:, 10:] == BLUE).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP"])
def test_every_truncation_is_noticed(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)
    content = encoded(Image.fromarray(noise), kind)

    for length in (0, 1, 10, len(content) // 2, len(content) * 3 // 4):
        with strictly(), pytest.raises(BadPicture):
            decode(content[:length], RGB)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"<html>not found</html>", "it is no JPEG, PNG, GIF or BMP"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "."),
        (encoded(Image.new("RGB", (4, 4)), "TIFF"), "it is no JPEG, PNG, GIF or BMP"),
        (encoded(Image.new("RGB", (4, 4)), "PPM"), "it is no JPEG, PNG, GIF or BMP"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_reason(content: bytes, reason: str) -> None:
    with strictly(), pytest.raises(BadPicture, match=reason):
        decode(content, RGB)


def test_a_flipped_bit_in_a_png_is_noticed() -> None:
    content = bytearray(encoded(stripes(), "PNG"))
    content[content.index(b"IDAT") + 8] ^= 1

    with pytest.raises(BadPicture):
        decode(bytes(content), RGB)


@pytest.mark.parametrize("side", [9_500, 15_000, 60_000])
def test_a_decompression_bomb_is_refused_before_it_is_unpacked(side: int) -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")

    with strictly(), pytest.raises(BadPicture, match=r"pixels|decompression bomb"):
        decode(bomb, RGB)


def test_the_limit_on_pixels_is_ours_where_pillow_has_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_PIXELS", 31)

    with pytest.raises(BadPicture, match=r"8 × 4 pixels are more than 31"):
        decode(encoded(stripes(), "PNG"), RGB)
