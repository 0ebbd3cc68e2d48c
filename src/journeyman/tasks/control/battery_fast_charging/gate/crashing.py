# EVOLVE-BLOCK-START
"""A program that fails while it runs."""


def solve(instance):
    return {"current_c": instance["no such key"]}


# EVOLVE-BLOCK-END
