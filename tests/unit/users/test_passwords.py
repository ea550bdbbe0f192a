"""Every unmet rule is named at once, in our words."""

import pytest

from users.errors import WeakPassword
from users.passwords import check_password, weak_password_from


def unmet(password):
    with pytest.raises(WeakPassword) as refused:
        check_password(password)
    assert {error.field for error in refused.value.errors} == {"/password"}
    return [error.code for error in refused.value.errors]


@pytest.mark.parametrize(
    "password", ["Str0ng!pass", "Aa1!aaaa", "Aa1 aaaa", "Pass-word1", "A1b2c3d4=", "Ünicod3~E"]
)
def test_a_password_that_meets_every_rule_passes(password):
    check_password(password)


@pytest.mark.parametrize(
    ("password", "rules"),
    [
        ("", ["min_length", "upper", "lower", "digit", "special"]),
        ("abc", ["min_length", "upper", "digit", "special"]),
        ("Aa1!aaa", ["min_length"]),
        ("aaaaaa1!", ["upper"]),
        ("AAAAAA1!", ["lower"]),
        ("Aaaaaaa!", ["digit"]),
        ("Aaaaaaa1", ["special"]),
        ("Äaaaaa1!", ["upper"]),
        ("Aaaaaa\u0661!", ["digit"]),
        ("Aaaaaaa1€", ["special"]),
        (" Aaaaaa1!", ["outer_space"]),
        ("Aaaaaa1 ", ["special", "outer_space"]),
        ("Aaaaaa1!\n", ["outer_space"]),
    ],
)
def test_each_unmet_rule_is_named(password, rules):
    assert unmet(password) == rules


def test_the_refusal_reads_well_and_does_not_repeat_the_password():
    with pytest.raises(WeakPassword) as refused:
        check_password("Aaaaaaaa", field="/newPassword")

    assert refused.value.message == (
        "The password is too weak: At least one digit (0-9)."
        " At least one special character, such as ! ? # $ % - _ ."
    )
    assert [error.field for error in refused.value.errors] == ["/newPassword"] * 2


@pytest.mark.parametrize(
    ("message", "rules"),
    [
        ("Password did not conform with policy: Password not long enough", ["min_length"]),
        ("Password did not conform with policy: Password must have uppercase characters", ["upper"]),
        ("Password did not conform with policy: Password must have lowercase characters", ["lower"]),
        ("Password did not conform with policy: Password must have numeric characters", ["digit"]),
        ("Password did not conform with policy: Password must have symbol characters", ["special"]),
        (
            "Password did not conform with policy: Password must have length greater than or equal to 8;"
            " Password must have symbol characters",
            ["min_length", "special"],
        ),
        ("Something new", ["policy"]),
    ],
)
def test_what_cognito_refuses_is_named_by_the_same_rules(message, rules):
    refusal = weak_password_from(message)

    assert [error.code for error in refusal.errors] == rules
    assert "conform" not in refusal.message
