# EVOLVE-BLOCK-START
"""A flat plate: all light goes straight on. Its stray light outshines every spot, so it is refused."""

import numpy as np


def solve(instance):
    n = instance["pixels"]
    return {"levels": np.zeros((n, n), dtype=np.uint8)}


# EVOLVE-BLOCK-END
