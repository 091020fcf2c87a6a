"""Compile a process for an environment into a plan.

`compile_plan` resolves templates, binds parameters, works out which value wins and why, and finds every problem at
once. It touches neither engine nor files: what it needs from outside comes in as functions.
"""

from runner.planner.choices import Inputs
from runner.planner.compiler import DefaultImage, compile_plan
from runner.planner.extras import extras
from runner.planner.names import Resolve, ambiguity_problems, name_problems, scope_problems
from runner.planner.rules import value_problems, violation
from runner.planner.values import ReadSource

__all__ = [
    "DefaultImage",
    "Inputs",
    "ReadSource",
    "Resolve",
    "ambiguity_problems",
    "compile_plan",
    "extras",
    "name_problems",
    "scope_problems",
    "value_problems",
    "violation",
]
