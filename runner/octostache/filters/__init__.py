"""The built-in filters, by name in lower case."""

from runner.octostache.filters.base import Filter, FilterFailure

__all__ = ["FILTERS", "Filter", "FilterFailure"]

FILTERS: dict[str, Filter] = {}
