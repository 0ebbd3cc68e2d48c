"""Optics: wavefronts, mirrors and light."""
