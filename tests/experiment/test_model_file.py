"""Models of strangers, refused before TensorFlow sees them. Sound ones are loaded in ``test_inside.py``."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from dlrun.experiment.model_file import check_model_file, read_weights
from dlrun.untrusted import zips
from dlrun.untrusted.files import RefusedError

DENSE = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}, "registered_name": None}


def weights(**items: Any) -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file["layers/dense/vars/0"] = np.ones((3, 1), np.float32)
        for name, item in items.items():
            file[f"layers/{name}"] = item
    return stream.getvalue()


def model(path: Path, config: Any = DENSE, stored: bytes | None = None, **members: bytes) -> Path:
    layers = {"module": "keras", "class_name": "Sequential", "config": {"layers": [config]}}
    text = config if isinstance(config, bytes) else json.dumps(layers).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", text)
        archive.writestr("model.weights.h5", weights() if stored is None else stored)
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def refusal(path: Path, plugins: dict[str, Any] | None = None) -> str:
    with pytest.raises(RefusedError) as refused:
        check_model_file(path, plugins or {})
    return refused.value.message


class Tripled:
    """Stands for a layer of an installed package."""


def test_layers_of_keras_and_of_the_plugins_are_taken(tmp_path: Path) -> None:
    ours = {"module": __name__, "class_name": "Tripled", "config": {}, "registered_name": "Custom>Tripled"}

    check_model_file(model(tmp_path / "m.keras"), {})
    check_model_file(model(tmp_path / "m.keras", ours), {"Tripled": Tripled})

    assert "neither Keras's nor of a plugin" in refusal(model(tmp_path / "m.keras", ours))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({**DENSE, "class_name": "Lambda"}, "it holds Lambda, which carries code"),
        ({**DENSE, "config": {"activation": {"class_name": "__lambda__", "config": {"value": "x"}}}}, "carries code"),
        ({**DENSE, "class_name": "TFSMLayer"}, "it holds TFSMLayer"),
        ({**DENSE, "class_name": "TorchModuleWrapper"}, "it holds TorchModuleWrapper"),
        ({**DENSE, "module": "os", "class_name": "system"}, "names the module 'os'"),
        ({**DENSE, "module": "keras_evil.layers"}, "names the module 'keras_evil.layers'"),
        ({**DENSE, "module": ["keras"]}, "names the module"),
        ({**DENSE, "registered_name": "evil>Layer"}, "'evil>Layer', which no plugin"),
        ({**DENSE, "config": {"vocabulary": "/etc/passwd"}}, "names a file as a vocabulary"),
    ],
)
def test_what_is_code_or_comes_from_elsewhere_is_refused(tmp_path: Path, config: Any, words: str) -> None:
    assert words in refusal(model(tmp_path / "m.keras", config))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"{", "is damaged"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "nested"),
        (b"\xff", "damaged"),
    ],
)
def test_a_config_that_cannot_be_read_is_refused(tmp_path: Path, text: bytes, words: str) -> None:
    assert words in refusal(model(tmp_path / "m.keras", text))


@pytest.mark.parametrize("link", [h5py.ExternalLink("/etc/passwd", "/x"), h5py.SoftLink("/layers/dense")])
def test_links_out_of_the_weights_are_refused(tmp_path: Path, link: Any) -> None:
    assert "hold a link at '/layers/away'" in refusal(model(tmp_path / "m.keras", stored=weights(away=link)))


def test_weights_that_lie_in_another_file_are_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.create_dataset("x", (3,), "f4", external=[("/etc/passwd", 0, 12)])
    virtual = io.BytesIO()
    with h5py.File(virtual, "w") as file:
        layout = h5py.VirtualLayout((3,), "f4")
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", (3,))
        file.create_virtual_dataset("x", layout)

    for stored in (stream.getvalue(), virtual.getvalue()):
        assert "lie in another file" in refusal(model(tmp_path / "m.keras", stored=stored))


def test_weights_that_are_larger_than_their_file_are_refused(tmp_path: Path) -> None:
    unwritten, packed = io.BytesIO(), io.BytesIO()
    with h5py.File(unwritten, "w") as file:
        file.create_dataset("x", (1 << 40,), "f4", chunks=(1024,))
    with h5py.File(packed, "w") as file:
        file.create_dataset("x", data=np.zeros(1 << 20), compression="gzip")

    for stored in (unwritten.getvalue(), packed.getvalue()):
        assert "its weights would take" in refusal(model(tmp_path / "m.keras", stored=stored))


def test_weights_in_a_circle_end(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file["a/b"] = np.ones(3)
        file["a/again"] = file["/"]

    check_model_file(model(tmp_path / "m.keras", stored=stream.getvalue()), {})


def test_texts_in_the_place_of_weights_are_refused(tmp_path: Path) -> None:
    assert "are no numbers" in refusal(model(tmp_path / "m.keras", stored=weights(away="text")))


@pytest.mark.parametrize("name", ["../evil.py", "/tmp/evil.py", "evil.pkl"])
def test_other_members_are_refused(tmp_path: Path, name: str) -> None:
    assert "evil" in refusal(model(tmp_path / "m.keras", **{name: b"x"}))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "SMALL_BYTES", 1 << 16)

    assert "would unpack from" in refusal(model(tmp_path / "m.keras", stored=weights() + bytes(10_000_000)))


@pytest.mark.parametrize("stored", [b"", b"\x89HDF\r\n\x1a\n" + bytes(500), b"hello"])
def test_weights_that_are_no_hdf5_are_refused(tmp_path: Path, stored: bytes) -> None:
    assert "is damaged" in refusal(model(tmp_path / "m.keras", stored=stored))


def test_weights_are_read_by_their_places(tmp_path: Path) -> None:
    kernel = np.arange(6, dtype=np.float32).reshape(2, 3)

    found = read_weights(model(tmp_path / "m.keras", stored=weights(bias=np.float32(2), kernel=kernel)))

    assert list(found) == ["layers/bias", "layers/dense/vars/0", "layers/kernel"]
    np.testing.assert_array_equal(found["layers/kernel"], kernel)
    assert found["layers/bias"] == 2


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(18)])
def test_weights_of_a_file_that_is_no_model_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.keras").write_bytes(content)

    with pytest.raises(RefusedError, match="is damaged"):
        read_weights(tmp_path / "m.keras")


def test_weights_that_are_links_or_no_hdf5_are_not_read(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="hold a link"):
        read_weights(model(tmp_path / "m.keras", stored=weights(a=h5py.ExternalLink("other.h5", "/values"))))
    with pytest.raises(RefusedError, match="is damaged"):
        read_weights(model(tmp_path / "m.keras", stored=b"no hdf5"))
