"""The engine port: the little that the runner asks of a container engine."""
