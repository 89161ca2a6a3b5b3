"""The cache and its downloads, against a server of the test's own."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dlrun.data import cache, catalogue, download, load_dataset
from dlrun.errors import DataError
from dlrun.spec.sources import ArraySource, TokenSource

CONTENT = b"forty housing prices" * 1000


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.strip("/")
        if name == "missing":
            self.send_error(404)
            return
        if name == "slow":
            time.sleep(0.4)
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write({"truncated": CONTENT[:5000], "wrong": CONTENT[::-1]}.get(name, CONTENT))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}/"
        running.shutdown()
        thread.join()


def serve(url: str, monkeypatch: pytest.MonkeyPatch, content: bytes = CONTENT) -> None:
    """Let Boston housing come from an address."""
    source = catalogue.SOURCES["boston_housing"]
    digest = hashlib.sha256(content).hexdigest()
    file = catalogue.RemoteFile("boston_housing.npz", url, len(content), digest)
    monkeypatch.setitem(catalogue.SOURCES, "boston_housing", replace(source, files=(file,)))


def contents(home: Path) -> list[str]:
    return sorted(os.listdir(home / "datasets"))


def refused_address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/boston_housing.npz"


@pytest.mark.parametrize("path", ["good", "slow"])
def test_fetch_puts_the_file_into_the_cache(
    keras_home: Path, server: str, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    serve(server + path, monkeypatch)
    progress: list[tuple[int, int | None]] = []

    fetched = cache.fetch("boston_housing", lambda done, total: progress.append((done, total)))

    assert (fetched.state, contents(keras_home)) == ("present", ["boston_housing.npz"])
    assert (keras_home / "datasets" / "boston_housing.npz").read_bytes() == CONTENT
    assert progress[-1] == (len(CONTENT), len(CONTENT))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing", "answered 404"),
        ("truncated", r"5,000 bytes, not the 20,000|cannot be read"),
        ("wrong", "has the sha256"),
    ],
)
def test_a_failed_download_leaves_nothing(
    keras_home: Path, server: str, monkeypatch: pytest.MonkeyPatch, path: str, message: str
) -> None:
    serve(server + path, monkeypatch)

    with pytest.raises(DataError, match=message):
        cache.fetch("boston_housing")

    assert contents(keras_home) == []


def test_without_network_the_message_says_all_that_is_needed(keras_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = refused_address()
    serve(address, monkeypatch)

    with pytest.raises(DataError) as caught:
        load_dataset(ArraySource(source="boston_housing"))

    text = str(caught.value)
    assert address in text
    assert str(keras_home / "datasets" / "boston_housing.npz") in text
    assert "dlrun data add boston_housing.npz" in text
    assert "breast_cancer" in text
    assert caught.value.exit_code == 3
    assert contents(keras_home) == []


def test_a_host_that_does_not_answer_is_given_up_soon(keras_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve("http://127.0.0.1:9/boston_housing.npz", monkeypatch)
    monkeypatch.setattr(download, "CONNECT_SECONDS", 0.05)
    monkeypatch.setattr(download, "_connect", lambda *_: None)

    with pytest.raises(DataError, match=r"did not answer within 0.05 s"):
        cache.fetch("boston_housing")


def test_an_interrupted_download_leaves_nothing(keras_home: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(server, monkeypatch)

    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.fetch("boston_housing", interrupt)

    assert contents(keras_home) == []


def test_two_downloads_at_once_do_not_disturb_each_other(
    keras_home: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(server + "slow", monkeypatch)
    threads = [threading.Thread(target=cache.fetch, args=("boston_housing",)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert contents(keras_home) == ["boston_housing.npz"]
    assert (keras_home / "datasets" / "boston_housing.npz").read_bytes() == CONTENT


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    serve(server, monkeypatch)

    with pytest.raises(DataError, match="cannot be written"):
        cache.fetch("boston_housing")


def test_fetch_of_an_unknown_name_suggests_one() -> None:
    with pytest.raises(DataError, match="did you mean 'boston_housing'"):
        cache.fetch("boston_housng")


def test_status_tells_present_missing_and_damaged_apart(
    keras_home: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(server, monkeypatch)
    cache.fetch("boston_housing")
    (keras_home / "datasets" / "mnist.npz").write_bytes(b"half of it")

    states = {entry.name: entry.state for entry in cache.status()}

    assert (states["boston_housing"], states["mnist"], states["imdb"]) == ("present", "damaged", "missing")
    assert (states["iris"], states["make_moons"]) == ("present", "present")
    assert len(states) == len(catalogue.SOURCES)


def test_fetch_replaces_a_damaged_file(keras_home: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(server, monkeypatch)
    (keras_home / "datasets" / "boston_housing.npz").write_bytes(CONTENT[::-1])

    assert cache.fetch("boston_housing").state == "present"


def test_add_knows_a_file_by_its_content_whatever_its_name(
    keras_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve("http://example.invalid/boston_housing.npz", monkeypatch)
    path = tmp_path / "download (1)"
    path.write_bytes(CONTENT)

    added = cache.add(path)

    assert (added.name, added.state) == ("boston_housing", "present")
    assert (keras_home / "datasets" / "boston_housing.npz").read_bytes() == CONTENT
    assert cache.add(keras_home / "datasets" / "boston_housing.npz") == added


def test_add_refuses_a_damaged_file_an_unknown_one_and_none(keras_home: Path, tmp_path: Path) -> None:
    (tmp_path / "mnist.npz").write_bytes(b"half of it")
    (tmp_path / "thesis.pdf").write_bytes(b"words")

    with pytest.raises(DataError, match="name of a file of 'mnist', but not its content"):
        cache.add(tmp_path / "mnist.npz")
    with pytest.raises(DataError, match="not a file that dlrun knows"):
        cache.add(tmp_path / "thesis.pdf")
    with pytest.raises(DataError, match="there is no file"):
        cache.add(tmp_path / "nothing")
    with pytest.raises(DataError, match="is not a file"):
        cache.add(tmp_path)
    assert contents(keras_home) == []


def test_real_files_are_recognised(real_keras_home: Path) -> None:
    states = {entry.name: entry.state for entry in cache.status()}

    assert {states[name] for name in ("imdb", "reuters", "mnist", "boston_housing", "california_housing")} == {
        "present"
    }


def test_the_cache_follows_keras_home_and_else_lies_in_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "k"))
    named = cache.datasets_folder()
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))

    assert named == tmp_path / "k" / "datasets"
    assert cache.datasets_folder() == tmp_path / ".keras" / "datasets"

    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    assert cache.datasets_folder().parent.name == ".keras"
    assert tmp_path not in cache.datasets_folder().parents


def test_a_missing_file_of_imdb_is_looked_for_before_anything_else(
    keras_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = catalogue.SOURCES["imdb"]
    file = replace(source.files[0], url=refused_address())
    monkeypatch.setitem(catalogue.SOURCES, "imdb", replace(source, files=(file,)))

    with pytest.raises(DataError, match="'imdb' needs the file"):
        load_dataset(TokenSource(source="imdb"))


@pytest.mark.parametrize(
    "url", ["ftp://example.invalid/boston_housing.npz", "file:///etc/hostname", "boston_housing.npz"]
)
def test_only_web_addresses_are_fetched(keras_home: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    serve(url, monkeypatch)

    with pytest.raises(DataError, match="is not an http address"):
        cache.fetch("boston_housing")


def test_what_is_here_and_sound_is_not_fetched_again(keras_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(refused_address(), monkeypatch)
    (keras_home / "datasets" / "boston_housing.npz").write_bytes(CONTENT)

    assert cache.fetch("boston_housing").state == "present"


def test_behind_a_proxy_the_host_itself_is_not_asked(
    keras_home: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", server)
    monkeypatch.setattr("urllib.request._opener", None)  # which remembers the proxies of its first use
    serve("http://example.invalid/good", monkeypatch)

    # The proxy answers for a host that does not exist.
    assert cache.fetch("boston_housing").state == "present"


def test_a_download_that_does_not_end_is_cut_off(tmp_path: Path) -> None:
    chunks = iter([b"x" * 6] * 1000)

    class Endless:
        def read(self, size: int) -> bytes:
            return next(chunks)

    with pytest.raises(DataError, match="has 12 bytes, not the 10 expected"):
        download.write_verified(
            download._chunks(Endless(), 10, download.no_progress), tmp_path / "a", 10, None, "the download"
        )


def test_a_part_that_is_damaged_makes_the_whole_damaged(keras_home: Path) -> None:
    folder = keras_home / "datasets" / "fashion-mnist"
    folder.mkdir()
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(b"half")

    states = {entry.name: entry.state for entry in cache.status()}

    assert states["fashion_mnist"] == "damaged"


def test_files_without_a_checksum_are_known_by_name_and_size(keras_home: Path, tmp_path: Path) -> None:
    path = tmp_path / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(b"x" * 5148)

    added = cache.add(path)

    assert (added.name, added.state) == ("fashion_mnist", "missing")  # three more files are needed
    assert contents(keras_home) == ["fashion-mnist"]
    path.write_bytes(b"x" * 5147)
    with pytest.raises(DataError, match=r"not its content: 5,147 bytes(?s:.)*expected 5,148 bytes"):
        cache.add(path)


def test_a_tilde_in_keras_home_is_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", "~/models")

    assert cache.datasets_folder() == tmp_path / "models" / "datasets"
