"""Worlds an agent acts in: Gymnasium environments that can be saved, each with its planner and its fixed instances."""
