"""The built-in task `operations/stochastic_inventory`: (s, S) levels for random demand under a hard fill rate."""
