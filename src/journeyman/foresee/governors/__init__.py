"""Governors: whether, what and how deep to simulate, and when to stop; on top of any agent."""
