"""Of the operator's commands, without an account."""
