"""What operators are told when something cannot be done."""

from shared.kernel.errors import PermanentError


class OperatorError(PermanentError):
    """The operator asked for something that cannot be done; says what could."""

    code = "operator"
