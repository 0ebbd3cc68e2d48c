# EVOLVE-BLOCK-START
"""A program that fails while it runs."""


def solve(instance):
    return {"initial_layout": instance["no such key"]}

# EVOLVE-BLOCK-END
