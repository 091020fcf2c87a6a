"""Runs: starting them, their records, and what dead ones left behind."""
