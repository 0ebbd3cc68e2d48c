"""Does an agent use its world model, does it read it right, and does it pay? Measured, explained and governed."""
