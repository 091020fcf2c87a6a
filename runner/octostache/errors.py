"""Every exception that the language raises; all of them are `OctostacheError`."""


class OctostacheError(Exception):
    """Base of all errors of the `#{...}` language."""


class TemplateSyntaxError(OctostacheError):
    """A text cannot be parsed.

    `position` is the 0-based offset of the first character that fits nothing, `line` and `column` are 1-based.
    """

    def __init__(self, text: str, position: int) -> None:
        self.position = position
        self.line = text.count("\n", 0, position) + 1
        self.column = position - (text.rfind("\n", 0, position) + 1) + 1
        excerpt = text[position : position + 24].split("\n", 1)[0]
        super().__init__(
            f"cannot parse the expression that begins with {excerpt!r} at line {self.line}, column {self.column}: "
            "check its closing '}' and end tags, or write '##{' for a literal '#{'"
        )


class RecursiveDefinitionError(OctostacheError):
    """A variable's value refers to itself, directly or through others; `chain` names the way round."""

    def __init__(self, symbol: str, chain: tuple[str, ...]) -> None:
        self.symbol = symbol
        self.chain = chain
        super().__init__(
            f'An attempt to parse the variable symbol "{symbol}" appears to have resulted in a self referencing '
            f"loop ({' -> '.join(chain)}). Ensure that recursive loops do not exist in the variable values."
        )


class FilterError(OctostacheError):
    """A filter was given an input that it cannot treat: bad base64, a broken pattern, no version ...

    `filter` is the filter's name as written, `input` what it was given (shortened in the message only),
    `position` the 0-based offset of the filter in the text that it was parsed from.
    """

    def __init__(self, filter_name: str, argument: str | None, position: int, reason: str) -> None:
        self.filter = filter_name
        self.input = argument
        self.position = position
        self.reason = reason
        shown = (
            "nothing"
            if argument is None
            else repr(argument if len(argument) <= 60 else argument[:57] + "...")
        )
        super().__init__(f"filter '{filter_name}' at position {position} cannot treat {shown}: {reason}")


class InvalidVariableError(OctostacheError):
    """A variable or loop variable that the language has no meaning for; `name` is the offending name."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        super().__init__(f"'{name}' {reason}")


class InvalidValueError(OctostacheError):
    """A JSON value that cannot be navigated as asked: a negative index, an integer beyond 64 bits."""


class MissingVariableError(OctostacheError):
    """`Variables.require` was asked for a variable that is absent or empty; `name` is its name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"the variable '{name}' is required but has no value")


class LimitExceededError(OctostacheError):
    """An evaluation or a text went beyond a limit: nesting, steps, output, time."""
