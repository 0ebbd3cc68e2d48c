# EVOLVE-BLOCK-START
"""A program that never ends."""

def solve(instance):
    while instance:
        pass


# EVOLVE-BLOCK-END
