"""Prompts: read from published files as they are, put into templates; answers graded; texts filtered."""
