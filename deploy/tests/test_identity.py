"""The user pool is the one that the API's promises need."""

import pytest

from deploy.tests.templates import template


@pytest.mark.parametrize("stage", ["dev", "prod", "other"])
def test_the_pool_has_the_shape_that_the_local_one_has(stage: str) -> None:
    """shop/local/cognito.py makes the same for `make run` and the tests."""
    pool = template(stage, "identity").the("Cognito::UserPool")
    assert pool["UsernameAttributes"] == ["email"]
    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}
    assert pool["AutoVerifiedAttributes"] == ["email"]
    assert pool["UserAttributeUpdateSettings"] == {"AttributesRequireVerificationBeforeUpdate": ["email"]}
    assert pool["AccountRecoverySetting"] == {
        "RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]
    }
    assert pool["Policies"]["PasswordPolicy"] == {
        "MinimumLength": 8,
        "RequireUppercase": True,
        "RequireLowercase": True,
        "RequireNumbers": True,
        "RequireSymbols": True,
    }


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_client_has_a_secret_short_tokens_and_tells_nobody_who_has_an_account(stage: str) -> None:
    client = template(stage, "identity").the("Cognito::UserPoolClient")
    assert client["GenerateSecret"] is True
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["EnableTokenRevocation"] is True
    assert client["ExplicitAuthFlows"] == ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    assert (client["AccessTokenValidity"], client["IdTokenValidity"], client["RefreshTokenValidity"]) == (
        15,
        15,
        30,
    )
    assert client["TokenValidityUnits"] == {
        "AccessToken": "minutes",
        "IdToken": "minutes",
        "RefreshToken": "days",
    }


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_there_are_groups_for_administrators_and_for_support(stage: str) -> None:
    groups = template(stage, "identity").properties("Cognito::UserPoolGroup")
    assert sorted(each["GroupName"] for each in groups) == ["admin", "support"]


def test_customers_accounts_are_not_deleted_with_a_stack_in_production() -> None:
    for stage, protection, policy in (("dev", "INACTIVE", "Delete"), ("prod", "ACTIVE", "Retain")):
        (pool,) = template(stage, "identity").of("Cognito::UserPool").values()
        assert (pool["Properties"]["DeletionProtection"], pool["DeletionPolicy"]) == (protection, policy)


def test_mail_comes_from_the_shops_own_address_where_ses_knows_it() -> None:
    assert template("dev", "identity").the("Cognito::UserPool")["EmailConfiguration"] == {
        "EmailSendingAccount": "COGNITO_DEFAULT"
    }
    mail = template("other", "identity").the("Cognito::UserPool")["EmailConfiguration"]
    assert (mail["EmailSendingAccount"], mail["From"]) == ("DEVELOPER", "Shop <no-reply@example.com>")
    assert str(mail["SourceArn"]).count("identity/example.com") == 1


@pytest.mark.parametrize(("stage", "names"), [("dev", 2), ("prod", 3)])
def test_secrets_hold_no_value_that_could_be_read_in_the_template(stage: str, names: int) -> None:
    identity = template(stage, "identity")
    secrets = {each["Name"].split("/")[1]: each for each in identity.properties("SecretsManager::Secret")}
    assert len(secrets) == names
    assert secrets["django"]["GenerateSecretString"] == {"ExcludePunctuation": True, "PasswordLength": 64}
    assert secrets["cognito-client"]["SecretString"] == {"Fn::GetAtt": ["Client", "ClientSecret"]}
    if stage == "prod":
        assert secrets["payments"]["SecretString"] == (
            '{"STRIPE_SECRET_KEY":"unset","STRIPE_WEBHOOK_SECRET":"unset"}'
        )
