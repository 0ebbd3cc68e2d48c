# EVOLVE-BLOCK-START
"""A program that fails while it runs."""


def solve(instance):
    return {"section": instance["no such key"]}


# EVOLVE-BLOCK-END
