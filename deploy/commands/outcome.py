"""How a command ends, other than well. Both carry one text for the operator: what is so, and the cure."""


class Refused(Exception):
    """Nothing was done: something is missing, or must not be. Exit code 2."""

    code = 2


class Failed(Exception):
    """Something was done, and then went wrong: the text says what state things are in. Exit code 1."""

    code = 1
