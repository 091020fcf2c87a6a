"""Kinds of action: what becomes of a template's properties, by `ActionType`."""
