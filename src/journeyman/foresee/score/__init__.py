"""Scores of episodes: what foresight was worth, with intervals; from logs alone, whoever made them.

    scores = score(episodes)                # every metric of every cell; one that has no value says why
    scores.cells[0].metrics["access/delta"] # Measured(value=0.12, low=0.08, high=0.16, n=400, ...)
"""

from __future__ import annotations
