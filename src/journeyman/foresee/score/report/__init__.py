"""Scores as tables, figures and a page."""

from __future__ import annotations
