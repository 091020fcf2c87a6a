"""Executing a plan: containers ahead of time, actions, their output, the walk through the steps."""
