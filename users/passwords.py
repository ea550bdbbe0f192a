"""The password rules, checked before Cognito is asked, so that every unmet rule is named at once.

They are those of the user pool's policy; Cognito has the last word.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from shop.errors import FieldError
from users.errors import WeakPassword

MIN_PASSWORD_CHARACTERS = 8
MAX_PASSWORD_CHARACTERS = 256

# Cognito counts exactly these as special (a space too, but not at either end), and only A-Z, a-z as letters.
_SPECIAL = re.compile(r"""[\^$*.\[\]{}()?"!@#%&/\\,><':;|_~`=+\- ]""")

RULES: Mapping[str, str] = MappingProxyType(
    {
        "min_length": f"At least {MIN_PASSWORD_CHARACTERS} characters.",
        "upper": "At least one upper-case letter (A-Z).",
        "lower": "At least one lower-case letter (a-z).",
        "digit": "At least one digit (0-9).",
        "special": "At least one special character, such as ! ? # $ % - _ .",
        "outer_space": "No space at the beginning or the end.",
        "reused": "Not one of the passwords used before.",
        "policy": "It must meet the password policy of this shop.",
    }
)

# Words of Cognito's refusals -> our rule.
_RULE_BY_WORD = {
    "long": "min_length",
    "length": "min_length",
    "uppercase": "upper",
    "lowercase": "lower",
    "numeric": "digit",
    "symbol": "special",
}


def check_password(password: str, *, field: str = "/password") -> None:
    """Refuse a password that breaks a rule.

    Args:
        password: as the client sent it.
        field: where it stood, as a JSON Pointer.

    Raises:
        WeakPassword: with one entry per unmet rule, in the order of ``RULES``.
    """
    met = {
        "min_length": len(password) >= MIN_PASSWORD_CHARACTERS,
        "upper": re.search("[A-Z]", password),
        "lower": re.search("[a-z]", password),
        "digit": re.search("[0-9]", password),
        "special": _SPECIAL.search(password.strip(" ")),
        "outer_space": password == password.strip(),
    }
    unmet = [rule for rule, is_met in met.items() if not is_met]
    if unmet:
        raise weak_password(unmet, field=field)


def weak_password(rules: list[str], *, field: str = "/password") -> WeakPassword:
    """Build the refusal that names these rules."""
    errors = [FieldError(field=field, code=rule, message=RULES[rule]) for rule in rules]
    return WeakPassword(
        "The password is too weak: " + " ".join(error.message for error in errors), errors=errors
    )


def weak_password_from(cognito_message: str, *, field: str = "/password") -> WeakPassword:
    """Build the refusal from Cognito's, whose own words stay inside."""
    words = re.findall("[a-z]+", cognito_message.lower())
    named = [_RULE_BY_WORD[word] for word in words if word in _RULE_BY_WORD]
    return weak_password(list(dict.fromkeys(named)) or ["policy"], field=field)
