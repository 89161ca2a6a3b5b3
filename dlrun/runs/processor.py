"""The processor that a run is made on: its model, and those of its features that change how numbers come out."""

from __future__ import annotations

from collections.abc import Iterator

FEATURES = frozenset(
    {
        *("sse4_2", "avx", "avx2", "fma", "f16c", "avx_vnni"),
        *("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16"),
        *("amx_tile", "amx_int8", "amx_bf16", "amx_fp16"),
        *("asimd", "asimddp", "asimdhp", "asimdfhm", "sve", "sve2", "svebf16", "bf16", "i8mm", "sme"),
    }
)
"""Linux's names of them. Libraries choose their kernels by these, and kernels add up in different orders."""
_CPUINFO = "/proc/cpuinfo"
_FLAGS = ("flags", "Features")
"""What the line is called on x86 and on ARM."""


def cpu_model() -> str:
    """Name the processor, as far as the system does."""
    import platform

    return next(_cpu_lines(("model name",)), "") or platform.processor() or platform.machine()


def cpu_features() -> list[str] | None:
    """List the processor's features among `FEATURES`, by name; None where the system does not say (it is not Linux)."""
    line = next(_cpu_lines(_FLAGS), None)
    return None if line is None else sorted(FEATURES & set(line.split()))


def _cpu_lines(names: tuple[str, ...]) -> Iterator[str]:
    """Yield what Linux says of its processors under some names; nothing where there is no such file."""
    try:
        with open(_CPUINFO, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                name, _, value = line.partition(":")
                if name.strip() in names:
                    yield value.strip()
    except OSError:
        return
