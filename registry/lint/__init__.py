"""Linting: whether a valid template is also a good one.

The rules are those of the community library's contribution checklist, and more; docs/lint.md lists them.
"""

from registry.lint.linting import LintReport, lint
from registry.lint.rule import RULES, Rule

__all__ = ["RULES", "LintReport", "Rule", "lint"]
