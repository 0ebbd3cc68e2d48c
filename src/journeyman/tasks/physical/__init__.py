"""Built-in tasks of the physical sciences and of engineering design."""
