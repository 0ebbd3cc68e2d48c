"""Built-in tasks of operations research."""
