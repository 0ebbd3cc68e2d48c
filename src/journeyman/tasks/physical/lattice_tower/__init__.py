"""The built-in task `physical/lattice_tower`: tube sections of a self-supporting lattice tower for least steel mass."""
