"""Who may sign in: the user pool and its client, exactly as the shop needs them, or one that is there already."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from deploy.options import Stage
from deploy.stacks.base import ShopStack, explain, may_go

PASSWORDS: dict[str, Any] = {
    "minimum_length": 8,
    "require_uppercase": True,
    "require_lowercase": True,
    "require_numbers": True,
    "require_symbols": True,
}
"""What the shop checks as well, before it asks Cognito."""
UNITS = {"access_token": "minutes", "id_token": "minutes", "refresh_token": "days"}


class IdentityStack(ShopStack):
    """User pool, client, groups, and the secrets that are not the database's.

    Attributes:
        pool_id, client_id: what the shop's settings name.
        client_secret: the app client's.
        django_key: signs sessions and cursors.
        payments: the provider's keys; None where the payments are play money.
    """

    def __init__(self, scope: Construct, *, stage: Stage) -> None:
        super().__init__(
            scope, "identity", stage=stage, description="User pool, app client, the service's secrets"
        )
        if existing := stage.identity.existing:
            self.pool_id, self.client_id = existing.user_pool_id, existing.client_id
            # A word, because a secret cannot be empty: make update-config CLIENT_SECRET puts the real one in its place.
            content = cdk.SecretValue.unsafe_plain_text("unset")
        else:
            pool = self._pool()
            client = self._client(pool)
            may_go(pool, client)
            self.pool_id, self.client_id = pool.ref, client.ref
            content = cdk.SecretValue.resource_attribute(client.attr_client_secret)
        self.client_secret = self._secret(
            "ClientSecret",
            name="cognito-client",
            description="The app client's secret",
            value=content,
            why="Cognito makes it; make update-config CLIENT_SECRET changes it together with the client.",
        )
        self.django_key = self._secret(
            "DjangoKey",
            name="django",
            description="DJANGO_SECRET_KEY",
            why="Changing it ends staff sessions and list cursors at once: done by hand, when staff can bear it (docs/runbook.md).",
        )
        self.payments = None
        if stage.service.payments == "stripe":
            self.payments = self._payments()
        self._outputs()

    def _pool(self) -> cognito.CfnUserPool:
        """Make the pool. Written out, because every line of it is a promise of the API's (docs/api.md)."""
        pool = cognito.CfnUserPool(
            self,
            "Pool",
            user_pool_name=self.stage.prefix,
            user_pool_tier=self.stage.identity.tier,
            username_attributes=["email"],
            username_configuration=cognito.CfnUserPool.UsernameConfigurationProperty(case_sensitive=False),
            auto_verified_attributes=["email"],
            user_attribute_update_settings=cognito.CfnUserPool.UserAttributeUpdateSettingsProperty(
                attributes_require_verification_before_update=["email"]
            ),
            account_recovery_setting=cognito.CfnUserPool.AccountRecoverySettingProperty(
                recovery_mechanisms=[
                    cognito.CfnUserPool.RecoveryOptionProperty(name="verified_email", priority=1)
                ]
            ),
            policies=cognito.CfnUserPool.PoliciesProperty(
                password_policy=cognito.CfnUserPool.PasswordPolicyProperty(**PASSWORDS)
            ),
            email_configuration=self._mail(),
            deletion_protection="ACTIVE"
            if self.stage.identity.deletion_protection and self.stage.protect
            else "INACTIVE",
        )
        pool.apply_removal_policy(self.removal)
        explain(
            pool,
            "AwsSolutions-COG2",
            reason="Sign-in is by password alone (docs/api.md); the API has no second step.",
        )
        explain(
            pool,
            "AwsSolutions-COG8",
            reason="Threat protection is a paid tier, per user; the shop's own rate limits and WAF slow guessing.",
        )
        self._groups(pool)
        return pool

    def _mail(self) -> cognito.CfnUserPool.EmailConfigurationProperty:
        options = self.stage.identity
        if not options.ses_identity:
            return cognito.CfnUserPool.EmailConfigurationProperty(email_sending_account="COGNITO_DEFAULT")
        return cognito.CfnUserPool.EmailConfigurationProperty(
            email_sending_account="DEVELOPER",
            from_=options.ses_from,
            source_arn=self.format_arn(
                service="ses", resource="identity", resource_name=options.ses_identity
            ),
        )

    def _groups(self, pool: cognito.CfnUserPool) -> None:
        options = self.stage.identity
        for name, description in (
            (options.admin_group, "May change the catalogue and see every order"),
            (options.support_group, "May see orders and help customers"),
        ):
            cognito.CfnUserPoolGroup(
                self,
                f"{name.title()}Group",
                user_pool_id=pool.ref,
                group_name=name,
                description=description,
            )

    def _client(self, pool: cognito.CfnUserPool) -> cognito.CfnUserPoolClient:
        options = self.stage.identity
        return cognito.CfnUserPoolClient(
            self,
            "Client",
            user_pool_id=pool.ref,
            client_name="shop",
            generate_secret=True,
            explicit_auth_flows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            prevent_user_existence_errors="ENABLED",
            enable_token_revocation=True,
            access_token_validity=options.access_token_minutes,
            id_token_validity=options.access_token_minutes,
            refresh_token_validity=options.refresh_days,
            token_validity_units=cognito.CfnUserPoolClient.TokenValidityUnitsProperty(**UNITS),
            supported_identity_providers=["COGNITO"],
        )

    def _secret(
        self, construct: str, *, name: str, description: str, why: str, value: cdk.SecretValue | None = None
    ) -> secretsmanager.Secret:
        secret = secretsmanager.Secret(
            self,
            construct,
            secret_name=f"{self.stage.prefix}/{name}",
            description=description,
            secret_string_value=value,
            generate_secret_string=None
            if value
            else secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
            removal_policy=self.removal,
        )
        explain(secret, "AwsSolutions-SMG4", reason=why)
        return secret

    def _payments(self) -> secretsmanager.Secret:
        """Make the secret of the provider's keys, with words in it that no key is: its owner fills it in."""
        empty = cdk.SecretValue.unsafe_plain_text("unset")
        secret = secretsmanager.Secret(
            self,
            "Payments",
            secret_name=f"{self.stage.prefix}/payments",
            description="Stripe: STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET",
            secret_object_value={"STRIPE_SECRET_KEY": empty, "STRIPE_WEBHOOK_SECRET": empty},
            removal_policy=self.removal,
        )
        may_go(secret)
        explain(
            secret,
            "AwsSolutions-SMG4",
            reason="The provider makes these keys; docs/runbook.md says how to change them.",
        )
        return secret

    def _outputs(self) -> None:
        self.output("UserPoolId", self.pool_id, description="The user pool")
        self.output("UserPoolClientId", self.client_id, description="Its app client")
        self.output("ClientSecretName", self.client_secret.secret_name, description="The app client's secret")
        self.output("DjangoKeySecret", self.django_key.secret_name, description="DJANGO_SECRET_KEY")
        if self.payments:
            self.output(
                "PaymentsSecret", self.payments.secret_name, description="Stripe's keys, to be filled in"
            )
