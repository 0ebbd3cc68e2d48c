"""The built-in task `computing/sha256`: a fast SHA-256 in C."""
