"""Agents: scripted ones with faults of known size, recorded ones, language and vision models, and the user's own."""
