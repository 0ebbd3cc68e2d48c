# EVOLVE-BLOCK-START
"""A plate of truth values, which numpy would count as 0 and 1."""

import numpy as np


def solve(instance):
    n = instance["pixels"]
    return {"levels": np.eye(n) > 0}


# EVOLVE-BLOCK-END
