"""Folders of pictures: rows, parts and classes, what is left out, and what is refused before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dlrun.data import load_dataset, record_hashes, resolved_source, scratch
from dlrun.data.dataset import Dataset
from dlrun.errors import DataError
from dlrun.evaluation import make_splits
from dlrun.spec.sections import Evaluation
from dlrun.spec.sources import ImageFolderSource

SHADES = {"cats": 60, "dogs": 180}


def save(path: Path, shade: int = 0, size: tuple[int, int] = (6, 4), mode: str = "RGB", **options: Any) -> Path:
    """Write a picture of one grey shade; ``size`` is width and height, as Pillow has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, shade).convert(mode).save(path, **options)
    return path


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Two classes of three pictures, of shades 60, 61, 62 and 180, 181, 182."""
    for name, shade in SHADES.items():
        for number in range(3):
            save(tmp_path / "pets" / name / f"{number}.png", shade + number)
    return tmp_path / "pets"


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """The same with two pictures a class for training and one each for validation and test."""
    for name, shade in SHADES.items():
        for number, part in enumerate(("train", "train", "validation", "test")):
            save(tmp_path / "parts" / part / name / f"{number}.png", shade + number)
    return tmp_path / "parts"


def load(path: Path, **options: Any) -> Dataset:
    return load_dataset(ImageFolderSource(source="image_folder", path=str(path), **options))


def test_each_class_folder_is_a_class_and_each_file_a_row(pets: Path) -> None:
    dataset = load(pets)

    assert (dataset.task, dataset.class_names) == ("binary", ("cats", "dogs"))
    assert (dataset.inputs.shape, dataset.inputs.dtype) == ((6, 4, 6, 3), np.uint8)  # type: ignore[union-attr]
    assert np.asarray(dataset.inputs)[:, 0, 0, 0].tolist() == [60, 61, 62, 180, 181, 182]
    assert dataset.targets.tolist() == [0, 0, 0, 1, 1, 1]
    assert dataset.ids["file"].tolist()[2:4] == ["cats/2.png", "dogs/0.png"]


def test_parts_are_the_provided_sets(parts: Path) -> None:
    dataset = load(parts)

    assert dataset.train_rows.tolist() == [0, 1, 2, 3]
    assert dataset.ids["file"][dataset.validation_rows].tolist() == ["validation/cats/2.png", "validation/dogs/2.png"]
    assert dataset.targets[dataset.test_rows].tolist() == [0, 1]


def test_a_provided_validation_set_is_used_unless_the_spec_says_otherwise(parts: Path) -> None:
    dataset = load(parts)

    usual = make_splits(dataset, Evaluation())
    drawn = make_splits(dataset, Evaluation(validation=2, stratify=False))

    assert usual.evaluation.validation == "provided"
    assert usual.splits[0].validation.tolist() == dataset.validation_rows.tolist()
    assert usual.test.tolist() == dataset.test_rows.tolist()
    assert set(drawn.splits[0].validation.tolist()) < {0, 1, 2, 3}


def test_pictures_of_many_sizes_formats_and_modes_are_brought_to_one_form(tmp_path: Path) -> None:
    home = tmp_path / "mixed"
    save(home / "a" / "1.jpg", 100, (30, 20), quality=95)
    save(home / "a" / "2.PNG", 100, (9, 9), "RGBA")
    save(home / "a" / "3.gif", 100, (5, 50))
    save(home / "b" / "4.bmp", 100, (8, 8))
    save(home / "b" / "5.jpeg", 100, (40, 40), "CMYK", quality=95)
    save(home / "b" / "6.jpg", 100, (12, 12), format="GIF")  # the content decides, whatever the name says

    dataset = load(home, size=(10, 20), colour="grey")

    assert np.shape(dataset.inputs) == (6, 10, 20, 1)
    np.testing.assert_allclose(dataset.inputs, 100, atol=2)


def test_without_a_size_all_pictures_must_have_one(pets: Path) -> None:
    save(pets / "dogs" / "9.png", size=(7, 4))

    with pytest.raises(DataError, match=r"4 × 6 pixels.*'dogs/9.png' is 4 × 7(?s:.)*size: \[4, 6\]"):
        load(pets)


def spoil(pets: Path) -> None:
    """Add a file without a byte, a truncated one, one that is none, and one that nobody may read."""
    (pets / "cats" / "empty.jpg").touch()
    whole = (pets / "cats" / "0.png").read_bytes()
    (pets / "cats" / "half.png").write_bytes(whole[: len(whole) // 2])
    (pets / "dogs" / "page.jpg").write_text("<html>not found</html>")


def test_files_that_are_no_pictures_are_all_named_before_anything_is_trained(pets: Path) -> None:
    spoil(pets)

    with pytest.raises(DataError) as caught:
        load(pets)

    assert caught.value.message.startswith(f"3 of the 9 pictures in '{pets}' cannot be read: cats/empty.jpg (it is")
    assert "cats/half.png (" in caught.value.message
    assert "dogs/page.jpg (it is no JPEG, PNG, GIF or BMP)" in caught.value.message
    assert caught.value.hint is not None
    assert "on_bad: skip" in caught.value.hint


def test_they_can_be_left_out_with_a_warning(pets: Path) -> None:
    spoil(pets)

    dataset = load(pets, on_bad="skip")

    assert np.asarray(dataset.inputs)[:, 0, 0, 0].tolist() == [60, 61, 62, 180, 181, 182]
    assert dataset.ids["file"].tolist() == [*(f"cats/{n}.png" for n in range(3)), *(f"dogs/{n}.png" for n in range(3))]
    (warning,) = dataset.warnings
    assert warning.startswith("3 of the 9 pictures")
    assert warning.endswith("left out")


def test_leaving_files_out_keeps_the_parts_apart(parts: Path) -> None:
    (parts / "train" / "cats" / "0.png").write_bytes(b"")
    (parts / "validation" / "dogs" / "2.png").write_bytes(b"")

    dataset = load(parts, on_bad="skip")

    names = dataset.ids["file"]
    assert names[dataset.train_rows].tolist() == ["train/cats/1.png", "train/dogs/0.png", "train/dogs/1.png"]
    assert names[dataset.validation_rows].tolist() == ["validation/cats/2.png"]
    assert names[dataset.test_rows].tolist() == ["test/cats/3.png", "test/dogs/3.png"]


def test_a_class_without_a_sound_picture_is_refused(pets: Path) -> None:
    for path in (pets / "dogs").iterdir():
        path.write_bytes(b"")

    with pytest.raises(DataError, match="no training picture of the class 'dogs' that can be read"):
        load(pets, on_bad="skip")


def test_a_long_list_of_damaged_files_is_cut(pets: Path) -> None:
    for number in range(20):
        (pets / "cats" / f"bad{number:02}.jpg").touch()

    with pytest.raises(DataError, match=r"20 of the 26 pictures.*bad04.jpg \(it is empty\) and 15 more"):
        load(pets)


def test_what_finder_and_windows_leave_in_folders_is_passed_over(pets: Path) -> None:
    (pets / "cats" / "._0.png").write_bytes(b"\0\5\x16\7")
    (pets / ".DS_Store").write_bytes(b"\0")
    (pets / "dogs" / "Thumbs.db").write_bytes(b"\0")

    dataset = load(pets)

    assert dataset.rows == 6
    assert dataset.notes == (
        "1 file does not end in .bmp, .gif, .jpe, .jpeg, .jpg, .png and is left out: dogs/Thumbs.db",
    )


def test_an_empty_class_folder_is_refused(pets: Path) -> None:
    (pets / "emus").mkdir()

    with pytest.raises(DataError, match=r"'.*emus' has no files that end in"):
        load(pets)


def test_classes_can_be_chosen(pets: Path) -> None:
    (pets / "emus").mkdir()

    assert load(pets, classes=("dogs", "cats")).class_names == ("dogs", "cats")


def test_a_link_that_leads_back_is_refused(pets: Path) -> None:
    (pets / "cats" / "more").symlink_to(pets / "cats")

    with pytest.raises(DataError, match="is a link to"):
        load(pets)


def test_the_run_knows_the_folder_by_its_content(pets: Path) -> None:
    source = ImageFolderSource(source="image_folder", path=str(pets))
    known = resolved_source(source, load_dataset(source))
    assert load_dataset(known).rows == 6

    save(pets / "cats" / "0.png", 61)

    with pytest.raises(DataError, match=r"the folder .* has changed"):
        load_dataset(known)


def test_a_record_is_a_file_whatever_size_it_is_brought_to(pets: Path) -> None:
    small, large = load(pets, size=(2, 2)), load(pets, size=(9, 9), colour="grey")

    np.testing.assert_array_equal(record_hashes(small, np.arange(6)), record_hashes(large, np.arange(6)))
    assert len(set(record_hashes(small, np.arange(6)).tolist())) == 6
    assert small.fingerprint != large.fingerprint


def test_a_folder_that_is_large_when_unpacked_is_mapped_from_a_file_that_nobody_sees(
    pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = load(pets, size=(20, 30))
    monkeypatch.setattr(scratch, "IN_MEMORY", plain.inputs.nbytes - 1)  # type: ignore[union-attr]
    monkeypatch.setenv("DLRUN_CACHE", str(tmp_path / "cache"))

    mapped = load(pets, size=(20, 30))

    array: Any = mapped.inputs
    while not isinstance(array, np.memmap):
        array = array.base
    np.testing.assert_array_equal(mapped.inputs, plain.inputs)
    assert mapped.fingerprint == plain.fingerprint
    assert list((tmp_path / "cache").iterdir()) == []  # a kill leaves nothing behind


def test_a_disk_without_room_is_noticed_before_anything_is_decoded(
    pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(scratch, "IN_MEMORY", 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(0, 0, scratch.SPARE + 99))
    monkeypatch.setenv("DLRUN_CACHE", str(tmp_path))

    with pytest.raises(DataError, match=r"take 432 bytes when unpacked, and the disk of '.*' has 99 to spare"):
        load(pets)


def test_a_cache_that_cannot_be_made_is_one_clear_message(
    pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(scratch, "IN_MEMORY", 0)
    monkeypatch.setenv("DLRUN_CACHE", str(tmp_path / "file" / "below"))

    with pytest.raises(DataError, match="Not a directory"):
        load(pets)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"DLRUN_CACHE": "/a"}, "/a"),
        ({"XDG_CACHE_HOME": "/b"}, "/b/dlrun"),
        ({"HOME": "/c"}, "/c/.cache/dlrun"),
    ],
)
def test_the_cache_folder_follows_the_environment(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DLRUN_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert str(scratch.cache_folder()) == expected


def test_real_pictures_are_read_in_their_parts(real_data: Callable[[str], Path], tmp_path: Path) -> None:
    root = real_data("cats_vs_dogs")
    for part in ("train", "validation", "test"):
        for name in ("cats", "dogs"):
            home = tmp_path / "few" / part / name
            home.mkdir(parents=True)
            for path in sorted((root / part / name).iterdir())[:5]:
                (home / path.name).symlink_to(path)

    dataset = load(tmp_path / "few", size=(100, 100))

    assert (len(dataset.train_rows), len(dataset.validation_rows), len(dataset.test_rows)) == (10, 10, 10)
    assert np.shape(dataset.inputs) == (30, 100, 100, 3)
    assert 60 < np.mean(dataset.inputs) < 180
