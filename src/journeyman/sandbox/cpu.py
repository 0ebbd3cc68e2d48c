"""Which class of processor this is. Speed ratios hold for one class and are not compared across classes."""

from __future__ import annotations

import hashlib
import platform
import re
from pathlib import Path

from msgspec import Struct

# The flags that decide which instructions a compiled candidate can use; the rest of /proc/cpuinfo differs between kernels.
_FLAGS = frozenset(
    (
        "sse4_1", "sse4_2", "ssse3", "popcnt", "movbe", "aes", "pclmulqdq", "sha_ni", "avx", "avx2", "fma", "f16c",
        "bmi1", "bmi2", "adx", "vaes", "vpclmulqdq", "gfni", "avx_vnni", "avx512f", "avx512bw", "avx512dq", "avx512vl",
        "avx512ifma", "avx512vbmi", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile",
        "asimd", "pmull", "sha1", "sha2", "sha3", "sha512", "sve", "sve2", "asimddp", "crc32", "atomics",
    )
)  # fmt: skip

# What the x86-64 psABI levels ask for, in the kernel's words.
_LEVELS = {
    "x86-64": frozenset[str](),
    "x86-64-v2": frozenset({"sse4_1", "sse4_2", "ssse3", "popcnt"}),
    "x86-64-v3": frozenset({"sse4_1", "sse4_2", "ssse3", "popcnt", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"}),
}


class CpuClass(Struct, frozen=True):
    """Architecture, vendor, family, model number and the instruction set flags that matter for speed, sorted."""

    machine: str
    vendor: str
    family: str
    model: str
    flags: tuple[str, ...]

    @property
    def name(self) -> str:
        """For people: `x86_64 AuthenticAMD family 25 model 1 (sha_ni avx2; class 0f3a…)`."""
        notable = [f for f in ("sha_ni", "sha2", "vaes", "avx2", "avx512f", "sve") if f in self.flags]
        return (
            f"{self.machine} {self.vendor} family {self.family} model {self.model} "
            f"({' '.join(notable) or 'no notable extensions'}; class {self.digest})"
        )

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits that are equal for equal classes."""
        text = "|".join((self.machine, self.vendor, self.family, self.model, *self.flags))
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def lacks(self, march: str) -> tuple[str, ...]:
        """Flags that code compiled for `march` needs and this processor does not have. Unknown names are not judged."""
        return tuple(sorted(_LEVELS.get(march, frozenset()) - set(self.flags)))


def cpu_class(cpuinfo: str | None = None) -> CpuClass:
    """The class of this host's first processor (or of the text of a /proc/cpuinfo)."""
    if cpuinfo is None:
        try:
            cpuinfo = Path("/proc/cpuinfo").read_text("utf-8", errors="replace")
        except OSError:
            cpuinfo = ""
    first = cpuinfo.split("\n\n", 1)[0]
    fields = {k.strip(): v.strip() for k, _, v in (line.partition(":") for line in first.splitlines())}

    def field(*names: str) -> str:
        return next((re.sub(r"\s+", " ", fields[n]) for n in names if fields.get(n)), "unknown")

    flags = set(field("flags", "Features").split())
    return CpuClass(
        machine=platform.machine(),
        vendor=field("vendor_id", "CPU implementer"),
        family=field("cpu family", "CPU architecture"),
        model=field("model", "CPU part"),
        flags=tuple(sorted(flags & _FLAGS)),
    )
