# EVOLVE-BLOCK-START
"""An array far larger than what may be returned."""

import numpy as np


def solve(instance):
    return {"levels": np.zeros((4096, 4096), dtype=np.uint8)}


# EVOLVE-BLOCK-END
