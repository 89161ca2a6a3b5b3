"""The processor's model and features, as Linux tells them on x86 and ARM, and where nobody tells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlrun.runs.processor import FEATURES, cpu_features, cpu_model

X86 = """\
processor	: 0
model name	: Some CPU @ 2.00GHz
flags		: fpu sse sse4_2 avx fma avx2 avx512f hypervisor amx_tile

processor	: 1
model name	: Another CPU
flags		: fpu sse
"""
ARM = "processor\t: 0\nFeatures\t: fp asimd evtstrm aes sve bf16\nCPU implementer\t: 0x41\n"


@pytest.fixture
def cpuinfo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cpuinfo"
    monkeypatch.setattr("dlrun.runs.processor._CPUINFO", str(path))
    return path


def test_features_are_those_that_change_numbers_and_the_first_processor_speaks(cpuinfo: Path) -> None:
    cpuinfo.write_text(X86)

    assert cpu_model() == "Some CPU @ 2.00GHz"
    assert cpu_features() == ["amx_tile", "avx", "avx2", "avx512f", "fma", "sse4_2"]


def test_arm_calls_them_features(cpuinfo: Path) -> None:
    cpuinfo.write_text(ARM)

    assert cpu_features() == ["asimd", "bf16", "sve"]


def test_where_nobody_tells_they_are_unknown_and_not_none_at_all(cpuinfo: Path) -> None:
    assert cpu_features() is None
    assert cpu_model()

    cpuinfo.write_text("processor: 0\nflags: fpu\n")
    assert cpu_features() == []


def test_names_are_as_linux_writes_them() -> None:
    assert FEATURES
    assert all(name == name.lower() and " " not in name for name in FEATURES)
