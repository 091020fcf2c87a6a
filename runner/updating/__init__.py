"""Keeping a project up to date: where each use of a template stands, what an update would do, and doing it.

`steps` finds out, `decisions` asks what only a person can answer, `applying` writes, `service` is what the command
line calls.
"""
