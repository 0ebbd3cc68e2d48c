"""Many episodes: what is played, by whom, in which order, paid from which budget, and how far it has come."""
