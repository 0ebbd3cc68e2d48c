"""Well-known problems on which a newcomer can compare with what he has read."""
