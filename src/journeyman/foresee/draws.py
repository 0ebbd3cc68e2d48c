"""Random numbers that are keyed by what they are for, so that changing one stage of an episode leaves all others' alone.

    draws = Draws(seed=0)
    draws.uniform("reading", instance, state, call)          # always the same number for the same words

Every random event of an episode (a tile misread, a prediction corrupted, a coin of a governor, a slip of the world) is a
function of (seed, stage, key); nothing is drawn in sequence. A replay with one stage repaired therefore meets the same
luck everywhere else, which is what makes attribution an experiment.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np

Stage = Literal["perception", "gate", "query", "simulator", "reading", "action", "world", "policy"]
"""perception: of the first observation. gate: whether to call. query: what to ask. simulator: the world model's errors.
reading: what the agent makes of a prediction. action: what it does with it. world: slips. policy: ties and temperature."""

Key = str | int | bytes


@dataclass(frozen=True)
class Draws:
    """Keyed random numbers. `seed`: of the run; two seeds share nothing."""

    seed: int

    def uniform(self, stage: Stage, *key: Key) -> float:
        """A number in [0, 1), the same for the same stage and key."""
        return self._bits(stage, key) / 2.0**64

    def below(self, n: int, stage: Stage, *key: Key) -> int:
        """An integer in 0 .. n - 1, uniform to within 2^-40 for n below 2^24."""
        return self._bits(stage, key) * n >> 64

    def generator(self, stage: Stage, *key: Key) -> np.random.Generator:
        """A generator of its own, for what needs many numbers; 20 times the cost of `uniform`."""
        import numpy as np

        return np.random.default_rng(self._bits(stage, key))

    def _bits(self, stage: str, key: tuple[Key, ...]) -> int:
        digest = hashlib.blake2b(f"{self.seed}\x1f{stage}".encode(), digest_size=8)
        for part in key:
            digest.update(b"\x1e" + part if isinstance(part, bytes) else f"\x1f{part}".encode())
        return int.from_bytes(digest.digest(), "little")
