"""What NumPy is told of this processor, before it is imported.

NumPy sorts with AVX-512, else with AVX2, else one number at a time. Its AVX-512 sort is left out on AMD processors,
where it was slow, but its AVX2 sort is then not looked for: sorting takes five times longer than it could (NumPy
2.4). Told to do without AVX-512, it takes AVX2.
"""

import os
import sys
from pathlib import Path

_CPUS = Path("/proc/cpuinfo")
_OPENING = 4096


def choose_sort() -> None:
    """Have NumPy sort with AVX2 on an AMD processor; without effect once NumPy is imported."""
    if "numpy" not in sys.modules and is_amd(_CPUS):
        # NumPy is told; nothing that the hub needs is read.
        os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4")  # noqa: TID251


def is_amd(cpus: Path) -> bool:
    """Tell whether the first processor that the system describes in this file is AMD's."""
    try:
        with cpus.open("rb") as stream:
            return b"AuthenticAMD" in stream.read(_OPENING)
    except OSError:
        return False
