"""Built-in tasks of computing systems."""
