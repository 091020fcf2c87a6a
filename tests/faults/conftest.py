"""What the faults happen to: a project of its own, and now and then an engine of its own."""

from tests.e2e.conftest import engine_is_there, journey, remote_endpoint

__all__ = ["engine_is_there", "journey", "remote_endpoint"]
