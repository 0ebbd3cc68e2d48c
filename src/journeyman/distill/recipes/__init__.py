"""Remedies as functions: cold start, prompts, length, evaluation."""
