# EVOLVE-BLOCK-START
"""Levels that change with every look: a flat plate at first, something else later."""

import numpy as np


class TwoFaced:
    looks = 0

    def __init__(self, size):
        self.size = size

    def __array__(self, dtype=None, copy=None):
        self.looks += 1
        level = 0 if self.looks == 1 else 300
        return np.full((self.size, self.size), level, dtype=np.int64)


def solve(instance):
    return {"levels": TwoFaced(instance["pixels"])}


# EVOLVE-BLOCK-END
