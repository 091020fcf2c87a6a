"""The variable language `#{...}` of deployment processes: complete; of Treadle it needs the limits for patterns only.

>>> from runner.octostache import Variables
>>> Variables({"Host": "web-1", "Url": "http://#{Host | ToUpper}/"}).evaluate("see #{Url}").text
'see http://WEB-1/'
"""

from runner.octostache.analysis import argument_names, parse_template, variable_names
from runner.octostache.errors import (
    FilterError,
    InvalidValueError,
    InvalidVariableError,
    LimitExceededError,
    MissingVariableError,
    OctostacheError,
    RecursiveDefinitionError,
    TemplateSyntaxError,
)
from runner.octostache.flaws import Flaw, find_flaws
from runner.octostache.limits import EvaluationLimits
from runner.octostache.unparse import escape
from runner.octostache.variables import Evaluation, Variables

__all__ = [
    "Evaluation",
    "EvaluationLimits",
    "FilterError",
    "Flaw",
    "InvalidValueError",
    "InvalidVariableError",
    "LimitExceededError",
    "MissingVariableError",
    "OctostacheError",
    "RecursiveDefinitionError",
    "TemplateSyntaxError",
    "Variables",
    "argument_names",
    "escape",
    "find_flaws",
    "parse_template",
    "variable_names",
]
