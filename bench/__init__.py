"""Benchmarks: `python -m bench.NAME` each. Ratios of one run hold, absolute figures drift with the machine."""
