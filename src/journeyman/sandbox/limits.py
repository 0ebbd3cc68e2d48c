"""What one candidate process and everything it starts may use, and how its run ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from journeyman.errors import UsageError

if TYPE_CHECKING:
    from numpy import ndarray

Plain = None | bool | int | float | str | list[Any] | dict[str, Any]

MEGABYTE = 1_000_000


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of the whole tree of one candidate process.

    - `wall_s`, `cpu_s`: seconds from the moment the candidate's own process exists, import of its module included; > 0.
    - `memory_mb`: megabytes on top of the interpreter and the declared packages that every candidate starts with.
      Files in the scratch folder are counted by `scratch_mb`, not here.
    - `processes`: with 1 no further process can be started (threads can, at most 64) and memory is bounded exactly; with
      more, each process and each thread counts as one and memory is sampled.
    - `open_files`: file descriptors in each process.
    - `output_mb`: the returned value, and separately what is printed to stdout and stderr together.
    - `scratch_mb`: all files in the private folder, which is also /tmp and the working directory.
    - `step_cpu_s`: CPU seconds of one call into a `Worker`.
    """

    wall_s: float = 10.0
    cpu_s: float = 10.0
    memory_mb: int = 1024
    processes: int = 1
    open_files: int = 64
    output_mb: float = 8.0
    scratch_mb: int = 64
    step_cpu_s: float = 1.0

    def __post_init__(self) -> None:
        for name in ("wall_s", "cpu_s", "memory_mb", "output_mb", "scratch_mb", "step_cpu_s"):
            value = getattr(self, name)
            if not 0 < value < 1e9:
                raise UsageError(f"the limit {name} is {value!r}; it must be a positive number")
        if not 1 <= self.processes <= 4096:
            raise UsageError(f"the limit processes is {self.processes!r}; it must be between 1 and 4096")
        if not 16 <= self.open_files <= 65536:
            raise UsageError(f"the limit open_files is {self.open_files!r}; it must be between 16 and 65536")

    @property
    def output_bytes(self) -> int:
        return int(self.output_mb * MEGABYTE)


class Ended(Struct, frozen=True):
    """How one run ended. By the time anyone holds this, every process of the run is dead.

    `end` is one of `ENDS`; `value` is there only for `returned`. `message` is one sentence for a person. `stdout` and
    `stderr` are tails of at most 8 kB with control characters made visible; after an exception `stderr` closes with the
    candidate's own frames. `memory_mb` is the largest resident size of one process, interpreter included.
    """

    end: str
    value: Plain | dict[str, ndarray[Any, Any]]
    message: str
    stdout: str
    stderr: str
    wall_s: float
    cpu_s: float
    memory_mb: float


ENDS = (
    "returned", "raised", "timeout", "cpu", "memory", "processes", "output", "exited", "killed", "malformed",
)  # fmt: skip
