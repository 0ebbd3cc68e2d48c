"""A model that answers at once, for OpenEvolve's worker: importable by name, since it is sent to another process."""

import itertools
import os
import random
import time

_COUNT = itertools.count()


class Canned:
    """Rewrites the program with a new number; notes when it was asked."""

    def __init__(self, config):
        self.model = config.name
        self.weight = 1.0
        self._random = random.Random(os.getpid())
        self._log = open(os.environ["CANNED_LOG"], "a", buffering=1)

    async def generate(self, prompt, **_):
        return self._answer()

    async def generate_with_context(self, system_message, messages, **_):
        return self._answer()

    def _answer(self):
        self._log.write(f"{time.monotonic()}\n")
        filler = "\n".join(f"# line {i} {self._random.random():.12f}" for i in range(75))
        return f"```python\nVALUE = {self._random.random()}\n{filler}\n```"


def make(config):
    """What `init_client` is to be."""
    return Canned(config)
