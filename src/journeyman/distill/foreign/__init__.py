"""Rollouts that other trainers wrote: read as they are, and laid out for our models."""
