"""Rollouts: responses that a model samples to prompts, by an own KV-cache decoder, by transformers, or by a server."""
