"""The built-in task `classics/circle_packing`: 26 circles in the unit square, largest sum of radii."""
