"""What people see of a run: its page, pages on which one steps through single episodes, and which of those to look at."""
