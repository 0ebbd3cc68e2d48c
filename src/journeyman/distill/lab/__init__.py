"""A small language with real next-token uncertainty, and models of it small enough to train in minutes."""
