"""`from: {env: NAME}`: a variable of the environment that treadle runs in."""

from __future__ import annotations

from registry.errors import Invalid, NotFound
from runner.project import VariableSource
from runner.variables.sources.kind import Reading, SourceKind


def _label(source: VariableSource) -> str:
    return f"environment variable {source.setting}"


def _read(source: VariableSource, reading: Reading) -> str:
    name = str(source.setting)
    value = reading.environ.get(name)
    if value is None:
        message = f'the environment variable "{name}" is not set'
        raise NotFound("environment-variable", message, hint=f"Set it with `export {name}=...`.")
    try:
        value.encode()
    except UnicodeEncodeError:  # Python keeps bytes that are not UTF-8 as lone surrogates
        raise Invalid(
            "variable-encoding",
            f'the environment variable "{name}" is not UTF-8 text',
            hint="Set it to text in UTF-8, or to the base64 of its bytes.",
        ) from None
    return value


ENVIRONMENT = SourceKind("env", _label, _read)
