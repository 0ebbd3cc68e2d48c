"""Divergences of student and teacher: pure functions of tensors, per token, the gradient formed in the forward pass."""
