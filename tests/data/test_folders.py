"""Class folders: which file is which row, one digest, and every way in which folders are not what they should be."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dlrun.data.sources.folders import ClassFiles, examine_folder, find_class_files, folder_digest, folder_file
from dlrun.errors import DataError

TEXTS = {".txt"}


def fill(root: Path, *names: str) -> Path:
    """Write a small file of each name; its content is its name."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def found(root: Path, *, classes: tuple[str, ...] | None = None) -> ClassFiles:
    return find_class_files(str(root), TEXTS, classes)


def test_class_folders_alone_are_training_rows_sorted_by_class_and_name(tmp_path: Path) -> None:
    files = found(fill(tmp_path, "b/2.txt", "b/10.TXT", "a/z.txt", "README", "b/deeper/1.txt"))

    assert files.classes == ("a", "b")
    assert files.names == ("a/z.txt", "b/10.TXT", "b/2.txt", "b/deeper/1.txt")
    assert files.labels.tolist() == [0, 1, 1, 1]
    assert (files.validation_from, files.test_from, len(files)) == (4, 4, 4)
    assert files.read(2) == b"b/2.txt"


def test_parts_follow_each_other_training_validation_test(tmp_path: Path) -> None:
    names = [f"{part}/{name}/1.txt" for part in ("test", "train", "validation") for name in ("pos", "neg")]

    files = found(fill(tmp_path, *names, "train/urls.txt"))

    assert files.names == tuple(
        f"{part}/{name}/1.txt" for part in ("train", "validation", "test") for name in ("neg", "pos")
    )
    assert files.labels.tolist() == [0, 1] * 3
    assert (files.validation_from, files.test_from) == (2, 4)


def test_a_test_set_without_a_validation_set_leaves_none(tmp_path: Path) -> None:
    files = found(fill(tmp_path, "train/a/1.txt", "train/b/1.txt", "test/a/1.txt", "test/b/1.txt"))

    assert (files.validation_from, files.test_from, len(files)) == (2, 2, 4)


def test_hidden_files_are_passed_over_and_others_are_named(tmp_path: Path) -> None:
    files = found(
        fill(tmp_path, "a/1.txt", "a/._1.txt", "a/.DS_Store", "a/.git/2.txt", ".cache/1.txt", "b/1.txt", "b/x.md")
    )

    assert files.names == ("a/1.txt", "b/1.txt")
    assert files.others == ("b/x.md",)


def test_classes_can_be_named_and_then_keep_their_order(tmp_path: Path) -> None:
    root = fill(tmp_path, *(f"{part}/{name}/1.txt" for part in ("train", "test") for name in ("neg", "pos")))
    fill(root, "train/unsup/1.txt")

    files = found(root, classes=("pos", "neg"))

    assert files.classes == ("pos", "neg")
    assert files.names[:2] == ("train/pos/1.txt", "train/neg/1.txt")


def test_a_class_may_be_called_test_where_the_spec_says_so(tmp_path: Path) -> None:
    files = found(fill(tmp_path, "test/1.txt", "other/1.txt"), classes=("other", "test"))

    assert files.names == ("other/1.txt", "test/1.txt")


def test_files_behind_links_are_read(tmp_path: Path) -> None:
    elsewhere = fill(tmp_path / "elsewhere", "deep/1.txt")
    root = fill(tmp_path / "root", "a/1.txt", "b/1.txt")
    (root / "a" / "more").symlink_to(elsewhere)

    assert found(root).names == ("a/1.txt", "a/more/deep/1.txt", "b/1.txt")


def make_nothing(root: Path) -> None:
    fill(root)


def make_file(root: Path) -> None:
    root.rmdir()
    root.write_text("no folder")


def make_loop(root: Path) -> None:
    fill(root, "a/1.txt", "b/1.txt")
    (root / "a" / "again").symlink_to(root)


def make_loop_in_class(root: Path) -> None:
    fill(root, "a/x/1.txt", "b/1.txt")
    (root / "a" / "x" / "up").symlink_to(root / "a")


def make_link_to_itself(root: Path) -> None:
    fill(root, "a/1.txt", "b/1.txt")
    (root / "a" / "me.txt").symlink_to(root / "a" / "me.txt")


def make_dangling(root: Path) -> None:
    fill(root, "a/1.txt", "b/1.txt")
    (root / "a" / "2.txt").symlink_to(root / "gone.txt")


def make_pipe(root: Path) -> None:
    fill(root, "a/1.txt", "b/1.txt")
    os.mkfifo(root / "a" / "2.txt")


def make_empty_class(root: Path) -> None:
    fill(root, "a/1.txt")
    (root / "b").mkdir()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (make_nothing, "has no class folders; expected a folder for each class, two at least"),
        (make_file, "is a file; expected a folder"),
        (lambda root: root.rmdir(), "there is no folder"),
        (lambda root: fill(root, "only/1.txt"), "has one class folder only: 'only'"),
        (lambda root: fill(root, "a/1.txt", "b/1.md"), r"b' has no files that end in .txt: 1 of another kind"),
        (make_empty_class, r"b' has no files that end in .txt: none at all"),
        (lambda root: fill(root, "test/a/1.txt", "test/b/1.txt"), "has a folder 'test' and no folder 'train'"),
        (lambda root: fill(root, "train/a/1.txt", "val/a/1.txt"), "a folder 'val' beside 'train'"),
        (
            lambda root: fill(root, "train/neg/1.txt", "train/unsup/1.txt", "test/neg/1.txt"),
            "the class folder 'unsup' in 'train', but not in 'test'",
        ),
        (make_loop, "again' is a link to '.*', which is read already"),
        (make_loop_in_class, "up' is a link to '.*a', which is read already"),
        (make_link_to_itself, "cannot be read: Too many levels of symbolic links"),
        (make_dangling, "2.txt' is a link that leads nowhere"),
        (make_pipe, "2.txt' is neither a file nor a folder"),
    ],
)
def test_a_folder_that_is_not_as_it_should_be_gets_one_clear_message(
    tmp_path: Path, make: Callable[[Path], object], message: str
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    make(root)

    with pytest.raises(DataError, match=message):
        found(root)


def test_a_class_that_is_not_there_is_named_with_what_is(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no folder 'positive'") as error:
        found(fill(tmp_path, "pos/1.txt", "neg/1.txt"), classes=("neg", "positive"))

    assert "neg, pos" in str(error.value.hint)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    root = fill(tmp_path, "a/1.txt", "b/1.txt")
    (root / "a").chmod(0)

    with pytest.raises(DataError, match="a' cannot be read: Permission denied"):
        found(root)


def test_a_file_that_vanishes_is_named(tmp_path: Path) -> None:
    files = found(fill(tmp_path, "a/1.txt", "b/1.txt"))
    (tmp_path / "a" / "1.txt").unlink()

    with pytest.raises(DataError, match=r"a/1.txt' cannot be read"):
        examine_folder(files)
    with pytest.raises(DataError, match=r"a/1.txt' cannot be read"):
        files.read(0)


def test_the_digest_is_that_of_the_sorted_lines_of_names_and_hashes(tmp_path: Path) -> None:
    files = found(fill(tmp_path, "b/1.txt", "a/1.txt"))

    folder = examine_folder(files)

    lines = "".join(f"{name}\0{hashlib.sha256(name.encode()).hexdigest()}\n" for name in ("a/1.txt", "b/1.txt"))
    assert folder.sha256 == hashlib.sha256(lines.encode()).hexdigest()
    assert (folder.path, folder.bytes) == (str(tmp_path), 14)


@pytest.mark.parametrize("change", ["content", "name", "one more"])
def test_a_folder_that_has_changed_is_noticed(tmp_path: Path, change: str) -> None:
    before = examine_folder(found(fill(tmp_path, "b/1.txt", "a/1.txt"))).sha256
    if change == "content":
        (tmp_path / "a" / "1.txt").write_text("other")
    elif change == "name":
        (tmp_path / "a" / "1.txt").rename(tmp_path / "a" / "2.txt")
    else:
        fill(tmp_path, "a/2.txt")

    with pytest.raises(DataError, match="has changed: the sha256 of its") as error:
        examine_folder(found(tmp_path), [before])

    assert "take `sha256` out of the spec" in str(error.value.hint)


def test_a_digest_does_not_hang_on_the_order_of_what_it_is_given() -> None:
    contents = [("b", "1" * 64), ("a", "2" * 64)]

    assert folder_digest(contents) == folder_digest(reversed(contents)) != folder_digest(contents[:1])


def test_a_loader_that_reads_the_files_anyway_makes_the_same_entry(tmp_path: Path) -> None:
    files = found(fill(tmp_path, "b/1.txt", "a/1.txt"))
    digests = [hashlib.sha256(files.read(row)).hexdigest() for row in range(len(files))]

    assert folder_file(files, 14, digests, None) == examine_folder(files)


def test_the_digest_of_the_cats_and_dogs_is_the_one_in_their_readme(real_data: Callable[[str], Path]) -> None:
    files = find_class_files(str(real_data("cats_vs_dogs")), {".jpg"})

    assert (files.classes, files.validation_from, files.test_from, len(files)) == (("cats", "dogs"), 2000, 3000, 4000)
    assert examine_folder(files).sha256 == "84acef921b8fef175875b0662a0a0ca1f386dad865323124613d541eb5048498"
