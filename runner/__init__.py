"""The runner: processes made of step templates, compiled to plans and executed in containers."""

__version__ = "0.1.0"
