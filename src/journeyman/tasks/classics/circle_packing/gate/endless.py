# EVOLVE-BLOCK-START
"""A program that never ends."""


def solve(instance):
    while True:
        pass


# EVOLVE-BLOCK-END
