"""Checking documents: every problem at once, as data, with its place and the next step."""

from registry.validation.gateway import Document, in_order, problem_at, validate

__all__ = ["Document", "in_order", "problem_at", "validate"]
