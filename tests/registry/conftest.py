"""Installs small plugin packages for a test: real distributions, with the metadata that pip would write."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from dlrun.registry.lookup import registry
from dlrun.registry.plugins import _read, plugin_datasets

Install = Callable[[str, Mapping[str, str], str], None]


def _forget() -> None:
    for cached in (registry, plugin_datasets, _read):
        cached.cache_clear()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package: its name, its entry points as {"group: name": "module:attribute"}, the code of its module."""
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    loaded = set(sys.modules)

    def put(package: str, points: Mapping[str, str], code: str) -> None:
        (site / f"{package}_code.py").write_text(code, encoding="utf-8")
        metadata = site / f"{package}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
        groups: dict[str, list[str]] = {}
        for place, reference in points.items():
            group, name = place.split(": ")
            groups.setdefault(group, []).append(f"{name} = {reference}")
        sections = (f"[{group}]\n" + "\n".join(lines) for group, lines in groups.items())
        (metadata / "entry_points.txt").write_text("\n".join(sections) + "\n", encoding="utf-8")
        _forget()

    yield put
    _forget()
    for module in set(sys.modules) - loaded:
        if module.endswith("_code"):
            del sys.modules[module]
