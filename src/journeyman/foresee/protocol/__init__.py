"""One episode, its modes, caps and records; many of them, logged; and how they are read back."""
